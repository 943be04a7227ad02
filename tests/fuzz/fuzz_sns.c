/* A body of Amazon SNS (ops/sns.h), and what may stand at the address of its certificate (net/x509.h): what is read has all its parts, an
 * address that may be called is https and SNS's, and no bytes are a certificate that checks a signature made of nothing. The first byte chooses. */
#include "net/x509.h"
#include "ops/sns.h"

#include "fuzz.h"

static void check_url(struct str url)
{
	for (int what = SNS_CERTIFICATE; what <= SNS_SUBSCRIBE; what++) {
		size_t at;

		if (!sns_url_ok(url, (enum sns_url)what, S("")))
			continue;
		need(str_starts(url, S("https://sns.")) && str_find(url, S(".amazonaws.com"), &at) && at <= 52);
		need(memchr(url.p + 8, '/', url.n - 8) == url.p + at + 14 ||
		     memchr(url.p + 8, '/', url.n - 8) == url.p + at + 17);
		need(!memchr(url.p, '\n', url.n) && !memchr(url.p, '@', url.n));
	}
}

static void check_message(struct arena *a, struct str in)
{
	struct err err = {0};
	struct sns_message m;
	const struct json *body = json_parse(a, in, JSON_LAST_KEY_WINS, &err);

	err_clear(&err);
	if (!sns_read(a, body, &m, &err)) {
		need(err.code == ERR_FORBIDDEN && err.text[0]);
		return;
	}
	need(m.signature.n && m.certificate_url.n && touch(m.text) && str_ends(m.text, S("\n")));
	check_url(m.certificate_url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct arena a;
	struct str in;

	if (size < 1)
		return 0;
	in = own_copy(data + 1, size - 1);
	arena_init(&a);
	if (data[0] % 3 == 0) {
		check_message(&a, in);
	} else if (data[0] % 3 == 1) {
		check_url(in);
		(void)sns_url_ok(in, SNS_CERTIFICATE, S("https://x:1"));
		(void)sns_topic_ok(in);
	} else {
		(void)x509_is_certificate(in);
		need(!x509_signature_ok(in, true, S("text"), S("signature"), 1772416800000, &err) &&
		     err.code == ERR_FORBIDDEN);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
