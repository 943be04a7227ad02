/* Mail in and out. `opsroom source mail` is what a mail server pipes its mail into; it speaks sysexits.h, by which the mail server knows
 * whether to try again, so it prints its own errors. `opsroom mail test` tries the server that takes our mail. */
#include "cli/cli.h"

#include <sysexits.h>

#define MAIL_MAX (1 * MIB) /* attachments come last; nobody reads an alert past it */

/* All of it is read, so that who writes into the pipe does not fail. */
static struct str read_mail(struct cli *c)
{
	char part[16384];
	struct buf b;
	size_t n;

	buf_init(&b, MAIL_MAX);
	while ((n = fread(part, 1, sizeof part, stdin)) > 0)
		if (!buf_add(&b, str_n(part, n)))
			buf_add(&b, str_n(part, MAIL_MAX - b.n));
	return buf_keep(&c->arena, &b);
}

static struct str hook_url(struct cli *c, struct err *err)
{
	struct str key = str_of(c->args[0]);

	if (str_starts(key, S("http://")) || str_starts(key, S("https://")))
		return key;
	if (!c->url_flag && !config_find(c, err))
		return S("");
	return arena_printf(&c->arena, STR_FMT "/hooks/email/" STR_FMT,
			    STR_ARG(c->url_flag ? str_of(c->url_flag) : c->url), STR_ARG(key));
}

/* What a mail server does with a code: 75 tries again, the others send the mail back to its sender. */
static int sysexit_of(const struct err *err)
{
	switch (err->code) {
	case ERR_NONE:
		return EX_OK;
	case ERR_INVALID:
	case ERR_TOO_BIG:
	case ERR_UNSUPPORTED:
		return EX_DATAERR;
	case ERR_UNAUTHENTICATED:
	case ERR_NOT_FOUND:
		return EX_NOUSER;
	case ERR_FORBIDDEN:
		return EX_NOPERM;
	default:
		return EX_TEMPFAIL;
	}
}

bool sub_source_mail(struct cli *c, struct err *err)
{
	struct str mail = read_mail(c), url = hook_url(c, err);
	struct err why = {0};

	/* A machine that does not know its server yet is put right by somebody; the mail waits for that. */
	if (!url.n) {
		why = *err;
		why.code = ERR_UNAVAILABLE;
		err_clear(err);
	} else if (!mail.n) {
		err_set(&why, ERR_INVALID, "there is no mail on standard input");
	} else if (!call_hook_typed(c, url, "message/rfc822", mail, &why)) {
		err_prefix(&why, "the mail was not taken: ");
	}
	if (why.code)
		fprintf(stderr, "opsroom: " STR_FMT "\n", STR_ARG(safe_line(&c->arena, str_of(why.text))));
	c->exit_code = sysexit_of(&why);
	return true;
}

/* What became of it, between the server and the address. */
static const char *became(struct str result)
{
	if (str_is(result, "queued"))
		return "gets the mail from the outbox, to";
	return str_is(result, "done") ? "took the mail to" : str_is(result, "refused") ? "refused the mail to" : "did not take the mail to";
}

bool sub_mail_test(struct cli *c, struct err *err)
{
	const struct pair to = {"to", c->arg_count ? str_of(c->args[0]) : str_n(NULL, 0)};
	struct str result, answer;
	struct json *v;

	if (option(c, "--queue") && c->arg_count) {
		err_set(err, ERR_INVALID, "with --queue it goes to your own address");
		return false;
	}
	if (!call(c, "POST", S("/v1/mail/test"), option(c, "--queue") ? S("{\"queue\":true}") : json_of(c, &to, 1), &v, err))
		return false;
	result = json_get_str(v, "result");
	answer = json_get_str(v, "answer");
	c->exit_code = str_is(result, "retry") || str_is(result, "refused");
	if (c->json)
		return say_json(v);
	say_line(c, arena_printf(&c->arena, STR_FMT " %s " STR_FMT "%s" STR_FMT, STR_ARG(json_get_str(v, "server")), became(result), STR_ARG(json_get_str(v, "to")),
				 answer.n ? ": " : "", STR_ARG(answer)));
	return true;
}
