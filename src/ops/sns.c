#include "ops/sns.h"

#include <ctype.h>

/* ---- the text that is signed ---- */

/* Name and value of each, in this order; Subject only if it is there. */
static const char *const notification[] = {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", NULL};
static const char *const confirmation[] = {"Message", "MessageId", "SubscribeURL", "Timestamp",
					   "Token",   "TopicArn",  "Type",         NULL};

static bool write_text(struct arena *a, const struct json *body, const char *const *names, struct str *out)
{
	struct buf b;
	bool whole = true;

	buf_init(&b, 8 * MIB);
	for (; *names; names++) {
		const struct json *v = json_get(body, *names);

		if (!json_is(v, JSON_STR)) {
			whole = whole && strcmp(*names, "Subject") == 0;
			continue;
		}
		buf_printf(&b, "%s\n", *names);
		buf_add(&b, v->text);
		buf_char(&b, '\n');
	}
	*out = buf_keep(a, &b);
	return whole;
}

bool sns_read(struct arena *a, const struct json *body, struct sns_message *out, struct err *err)
{
	struct str type = json_get_str(body, "Type"), version = json_get_str(body, "SignatureVersion");
	bool told = str_is(type, "Notification");

	out->topic = json_get_str(body, "TopicArn");
	out->certificate_url = json_get_str(body, "SigningCertURL");
	out->signature = json_get_str(body, "Signature");
	out->sha256 = str_is(version, "2");
	if (!told && !str_is(type, "SubscriptionConfirmation") && !str_is(type, "UnsubscribeConfirmation"))
		err_set(err, ERR_FORBIDDEN,
			"this is no message of SNS, and its source takes only those that SNS has signed: is raw "
			"message delivery on?");
	else if (!out->sha256 && !str_is(version, "1"))
		err_set(err, ERR_FORBIDDEN, "SignatureVersion is 1 or 2");
	else if (!out->signature.n || !out->certificate_url.n ||
		 !write_text(a, body, told ? notification : confirmation, &out->text))
		err_set(err, ERR_FORBIDDEN, "the message is not signed, or not whole");
	return err->code == ERR_NONE;
}

/* ---- addresses ---- */

static bool take(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_n(s->p + prefix.n, s->n - prefix.n);
	return true;
}

static size_t run_of(struct str s, const char *also)
{
	size_t n = 0;

	while (n < s.n && (isalnum((unsigned char)s.p[n]) || (s.p[n] && strchr(also, s.p[n]))))
		n++;
	return n;
}

/* eu-central-1, us-gov-west-1 */
static bool take_region(struct str *s)
{
	size_t n = run_of(*s, "-");

	for (size_t i = 0; i < n; i++)
		if (isupper((unsigned char)s->p[i]))
			return false;
	if (!n || n > 40)
		return false;
	*s = str_n(s->p + n, s->n - n);
	return true;
}

/* What a URL may be made of, so that nobody reads it another way. */
static bool is_plain(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"'<>\\^`{|}#@", url.p[i]))
			return false;
	return url.n > 0 && url.n <= 2000;
}

bool sns_url_ok(struct str url, enum sns_url what, struct str endpoint)
{
	size_t n;

	if (!is_plain(url))
		return false;
	if (endpoint.n)
		return take(&url, endpoint) && take(&url, S("/")) &&
		       (what == SNS_SUBSCRIBE || str_ends(url, S(".pem")));
	if (!take(&url, S("https://sns.")) || !take_region(&url) || !take(&url, S(".amazonaws.com")))
		return false;
	(void)take(&url, S(".cn"));
	if (what == SNS_SUBSCRIBE)
		return take(&url, S("/?Action=ConfirmSubscription&"));
	if (!take(&url, S("/SimpleNotificationService-")))
		return false;
	n = run_of(url, "");
	return n > 0 && str_is(str_n(url.p + n, url.n - n), ".pem");
}

bool sns_topic_ok(struct str arn)
{
	return str_starts(arn, S("arn:")) && arn.n <= 300 && run_of(arn, ":-_.") == arn.n;
}
