#include "net/smtp.h"

#include <ctype.h>
#include <stdio.h>

#define RECIPIENT_MAX 64 /* the local part, RFC 5321 section 4.5.3.1.1 */

/* Where in a message's text the next byte stands. BARE: the line before did not end in CRLF. */
enum place { AT_START, AT_START_BARE, AT_DOT, AT_DOT_BARE, AT_DOT_CR, AT_DOT_CR_BARE, AT_TEXT, AT_CR };

/* ---- the session ---- */

static void transaction_drop(struct smtp_in *in)
{
	for (unsigned i = 0; i < in->to_count; i++)
		mem_free((void *)in->to[i].p);
	mem_free((void *)in->asked.p);
	in->asked = (struct str){NULL, 0};
	in->to_count = 0;
	in->has_sender = false;
	in->message_n = 0;
	buf_done(&in->message);
	buf_init(&in->message, in->limits->kept_bytes);
}

void smtp_in_init(struct smtp_in *in, const struct smtp_limits *limits, struct str host, bool can_tls)
{
	*in = (struct smtp_in){.limits = limits, .host = host, .can_tls = can_tls};
	buf_init(&in->message, limits->kept_bytes);
}

void smtp_in_done(struct smtp_in *in)
{
	transaction_drop(in);
	buf_done(&in->message);
}

void smtp_in_greet(struct smtp_in *in, struct buf *out)
{
	buf_printf(out, "220 " STR_FMT " ESMTP opsroom\r\n", STR_ARG(in->host));
}

void smtp_in_secured(struct smtp_in *in)
{
	transaction_drop(in);
	in->secure = true;
	in->greeted = false;
	in->state = SMTP_COMMANDS;
}

static enum smtp_step reply(struct buf *out, const char *text)
{
	buf_add(out, str_of(text));
	buf_add(out, S("\r\n"));
	return SMTP_MORE;
}

static enum smtp_step end(struct smtp_in *in, struct buf *out, const char *text)
{
	reply(out, text);
	in->state = SMTP_ENDED;
	return SMTP_END;
}

/* Whoever guesses, or speaks something else, is not listened to for long. */
static enum smtp_step mistake(struct smtp_in *in, struct buf *out, const char *text)
{
	reply(out, text);
	return ++in->mistakes > in->limits->mistakes ? end(in, out, "421 4.7.0 too many mistakes, good bye")
						     : SMTP_MORE;
}

/* ---- commands ---- */

static enum smtp_step cmd_helo(struct smtp_in *in, struct str rest, struct buf *out)
{
	if (!rest.n)
		return mistake(in, out, "501 5.5.4 who are you?");
	transaction_drop(in);
	in->greeted = true;
	buf_printf(out, "250 " STR_FMT "\r\n", STR_ARG(in->host));
	return SMTP_MORE;
}

static enum smtp_step cmd_ehlo(struct smtp_in *in, struct str rest, struct buf *out)
{
	if (!rest.n)
		return mistake(in, out, "501 5.5.4 who are you?");
	transaction_drop(in);
	in->greeted = true;
	buf_printf(out, "250-" STR_FMT "\r\n250-SIZE %zu\r\n", STR_ARG(in->host), in->limits->message_bytes);
	buf_add(out, S("250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"));
	if (in->can_tls && !in->secure)
		reply(out, "250-STARTTLS");
	return reply(out, "250 SMTPUTF8");
}

/* "FROM:<a@b> SIZE=1": the path without its brackets, and what follows it. false: it is no such thing. */
static bool take_path(struct str rest, struct str word, struct str *path, struct str *params)
{
	if (rest.n < word.n || !str_eq_nocase(str_n(rest.p, word.n), word))
		return false;
	rest = str_trim(str_n(rest.p + word.n, rest.n - word.n));
	if (!str_starts(rest, S("<"))) {
		*params = str_cut(rest, ' ', path);
		return path->n > 0;
	}
	if (!memchr(rest.p, '>', rest.n))
		return false;
	*params = str_trim(str_cut(str_n(rest.p + 1, rest.n - 1), '>', path));
	return true;
}

/* NULL: all of them are known and fine. */
static const char *refuse_params(const struct smtp_in *in, struct str params)
{
	struct str word, name, value;
	int64_t size;

	while (str_word(&params, &word)) {
		value = str_cut(word, '=', &name);
		if (str_eq_nocase(name, S("SIZE"))) {
			if (!str_to_int(value, &size) || size < 0)
				return "501 5.5.4 SIZE is a number";
			if ((uint64_t)size > in->limits->message_bytes)
				return "552 5.3.4 the message is too large";
		} else if (!(str_eq_nocase(name, S("BODY")) &&
			     (str_eq_nocase(value, S("7BIT")) || str_eq_nocase(value, S("8BITMIME")))) &&
			   !(str_eq_nocase(name, S("SMTPUTF8")) && !value.n)) {
			return "555 5.5.4 this parameter is not known";
		}
	}
	return NULL;
}

static enum smtp_step cmd_mail(struct smtp_in *in, struct str rest, struct buf *out)
{
	struct str path, params;
	const char *why;

	if (!in->greeted)
		return mistake(in, out, "503 5.5.1 say EHLO first");
	if (in->has_sender)
		return mistake(in, out, "503 5.5.1 there is a sender already");
	if (!take_path(rest, S("FROM:"), &path, &params))
		return mistake(in, out, "501 5.5.4 MAIL FROM:<address> is wanted");
	if ((why = refuse_params(in, params)))
		return mistake(in, out, why);
	in->has_sender = true;
	return reply(out, "250 2.1.0 ok");
}

/* The key: NAME+KEY@any, KEY@any or KEY, in lower case since mailers change it. "": what cannot be one. */
static struct str key_of(struct str path, char to[RECIPIENT_MAX])
{
	size_t at = path.n, from = 0;

	if (str_starts(path, S("@"))) /* a route, which nobody uses any more: "@a,@b:user@c" */
		while (from < path.n && path.p[from++] != ':')
			;
	while (at > from && path.p[at - 1] != '@')
		at--;
	path = at > from ? str_n(path.p + from, at - 1 - from) : str_n(path.p + from, path.n - from);
	if (path.n >= 2 && path.p[0] == '"' && path.p[path.n - 1] == '"')
		path = str_n(path.p + 1, path.n - 2);
	while (memchr(path.p, '+', path.n))
		path = str_cut(path, '+', &(struct str){0});
	if (path.n > RECIPIENT_MAX)
		return S("");
	for (size_t i = 0; i < path.n; i++) {
		if (!isalnum((unsigned char)path.p[i]))
			return S("");
		to[i] = (char)tolower((unsigned char)path.p[i]);
	}
	return str_n(to, path.n);
}

#define NO_SUCH_RECIPIENT                                                                                              \
	"550 5.1.1 no such recipient here" /* the same for all reasons: nothing is to be learned from it */

static enum smtp_step cmd_rcpt(struct smtp_in *in, struct str rest, struct buf *out)
{
	char lower[RECIPIENT_MAX];
	struct str path, params, key;

	if (!in->has_sender)
		return mistake(in, out, "503 5.5.1 MAIL comes first");
	if (!take_path(rest, S("TO:"), &path, &params))
		return mistake(in, out, "501 5.5.4 RCPT TO:<address> is wanted");
	if (params.n)
		return mistake(in, out, "555 5.5.4 this parameter is not known");
	if (in->to_count == SMTP_RECIPIENTS_MAX)
		return mistake(in, out, "452 4.5.3 too many recipients, send to the others in a message of its own");
	key = key_of(path, lower);
	if (!key.n)
		return mistake(in, out, NO_SUCH_RECIPIENT);
	mem_free((void *)in->asked.p);
	in->asked = str_n(mem_dup(key), key.n);
	in->state = SMTP_WAITS;
	return SMTP_RECIPIENT;
}

enum smtp_step smtp_in_recipient(struct smtp_in *in, enum smtp_verdict v, struct buf *out)
{
	in->state = SMTP_COMMANDS;
	if (v == SMTP_LATER)
		return reply(out, "451 4.3.0 it cannot be looked up now, try again");
	if (v == SMTP_REFUSED)
		return mistake(in, out, NO_SUCH_RECIPIENT);
	for (unsigned i = 0; i < in->to_count; i++)
		if (str_eq(in->to[i], in->asked))
			return reply(out, "250 2.1.5 ok");
	in->to[in->to_count++] = in->asked;
	in->asked = (struct str){NULL, 0};
	return reply(out, "250 2.1.5 ok");
}

static enum smtp_step cmd_data(struct smtp_in *in, struct str rest, struct buf *out)
{
	if (rest.n)
		return mistake(in, out, "501 5.5.4 DATA stands alone");
	if (!in->to_count)
		return mistake(in, out,
			       in->has_sender ? "554 5.5.1 no valid recipients" : "503 5.5.1 MAIL comes first");
	in->state = SMTP_DATA;
	in->at = AT_START;
	return reply(out, "354 go on, the end is a line with a dot alone");
}

static enum smtp_step cmd_rset(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)rest;
	transaction_drop(in);
	return reply(out, "250 2.0.0 ok");
}

static enum smtp_step cmd_noop(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)in;
	(void)rest;
	return reply(out, "250 2.0.0 ok");
}

static enum smtp_step cmd_vrfy(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)rest;
	return mistake(in, out, "252 2.5.0 send it and see");
}

static enum smtp_step cmd_help(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)rest;
	return mistake(in, out, "214 2.0.0 mail for KEY@ becomes an alert, see docs/email.md");
}

static enum smtp_step cmd_quit(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)rest;
	return end(in, out, "221 2.0.0 good bye");
}

static enum smtp_step cmd_starttls(struct smtp_in *in, struct str rest, struct buf *out)
{
	if (rest.n)
		return mistake(in, out, "501 5.5.4 STARTTLS stands alone");
	if (!in->can_tls || in->secure)
		return mistake(in, out, "502 5.5.1 not now");
	in->state = SMTP_WAITS;
	reply(out, "220 2.0.0 go on in TLS");
	return SMTP_TLS;
}

static enum smtp_step cmd_never(struct smtp_in *in, struct str rest, struct buf *out)
{
	(void)rest;
	return mistake(in, out, "502 5.5.1 that is not done here");
}

static const struct {
	const char *verb;
	enum smtp_step (*run)(struct smtp_in *in, struct str rest, struct buf *out);
} commands[] = {
	{"EHLO", cmd_ehlo},  {"HELO", cmd_helo},  {"MAIL", cmd_mail},  {"RCPT", cmd_rcpt},
	{"DATA", cmd_data},  {"RSET", cmd_rset},  {"NOOP", cmd_noop},  {"QUIT", cmd_quit},
	{"VRFY", cmd_vrfy},  {"HELP", cmd_help},  {"EXPN", cmd_never}, {"STARTTLS", cmd_starttls},
	{"AUTH", cmd_never}, {"BDAT", cmd_never}, {"ETRN", cmd_never}, {"TURN", cmd_never},
};

static enum smtp_step run_line(struct smtp_in *in, struct str line, struct buf *out)
{
	struct str verb, rest = str_trim(str_cut(line, ' ', &verb));

	/* A page in somebody's browser may make it speak to this port; what it says must not become a mail. */
	if (str_ends(line, S(" HTTP/1.1")) || str_ends(line, S(" HTTP/1.0")))
		return end(in, out, "521 5.5.2 this is SMTP");
	if (memchr(line.p, '\0', line.n) || memchr(line.p, '\r', line.n))
		return mistake(in, out, "500 5.5.2 a line of text is wanted");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (str_eq_nocase(verb, str_of(commands[i].verb)))
			return commands[i].run(in, rest, out);
	return mistake(in, out, "500 5.5.2 this command is not known");
}

/* Takes one line, or what there is of it. */
static enum smtp_step take_line(struct smtp_in *in, struct str *bytes, struct buf *out)
{
	const char *lf = memchr(bytes->p, '\n', bytes->n);
	size_t n = lf ? (size_t)(lf - bytes->p) + 1 : bytes->n, fits = sizeof in->line - in->line_n;
	struct str line;

	memcpy(in->line + in->line_n, bytes->p, n < fits ? n : fits);
	in->line_too_long = in->line_too_long || n > fits;
	in->line_n += n < fits ? n : fits;
	*bytes = str_n(bytes->p + n, bytes->n - n);
	if (!lf)
		return SMTP_MORE;
	line = str_n(in->line, in->line_n);
	in->line_n = 0;
	if (in->line_too_long) {
		in->line_too_long = false;
		return mistake(in, out, "500 5.5.6 the line is too long");
	}
	if (!str_ends(line, S("\r\n")))
		return end(in, out, "521 5.5.2 lines end in CRLF (RFC 5321 section 2.3.8)");
	return run_line(in, str_n(line.p, line.n - 2), out);
}

/* ---- the message ---- */

static void keep(struct smtp_in *in, struct str s)
{
	size_t room = in->limits->kept_bytes - in->message.n;

	in->message_n += s.n;
	buf_add(&in->message, str_n(s.p, s.n < room ? s.n : room));
}

static enum smtp_step message_whole(struct smtp_in *in, struct buf *out)
{
	if (in->message_n > in->limits->message_bytes) {
		transaction_drop(in);
		in->state = SMTP_COMMANDS;
		return reply(out, "552 5.3.4 the message is too large");
	}
	in->state = SMTP_WAITS;
	return SMTP_MESSAGE;
}

/* One byte that is no plain text; the answer is the next place, or one of these. */
enum { PLACE_END = 100, PLACE_SMUGGLED };

static unsigned next_place(struct smtp_in *in, char c)
{
	bool bare = in->at == AT_START_BARE || in->at == AT_DOT_BARE || in->at == AT_DOT_CR_BARE;

	switch (in->at) {
	case AT_START:
	case AT_START_BARE:
		if (c == '.')
			return bare ? AT_DOT_BARE
				    : AT_DOT; /* it is dropped: the sender doubled it, or it ends the message */
		break;
	case AT_DOT:
	case AT_DOT_BARE:
		if (c == '\n')
			return PLACE_SMUGGLED;
		if (c == '\r')
			return bare ? AT_DOT_CR_BARE : AT_DOT_CR;
		break;
	case AT_DOT_CR:
		return c == '\n' ? PLACE_END : PLACE_SMUGGLED;
	case AT_DOT_CR_BARE:
		return PLACE_SMUGGLED;
	case AT_CR:
		if (c == '\n') {
			keep(in, S("\r\n"));
			return AT_START;
		}
		keep(in, S("\n")); /* a bare CR; this byte begins a line */
		in->at = AT_START_BARE;
		return next_place(in, c);
	}
	if (c == '\r')
		return AT_CR;
	keep(in, str_n(&c, 1));
	return c == '\n' ? AT_START_BARE : AT_TEXT;
}

/* The bytes up to the next line end. */
static struct str run_of_text(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
		n++;
	return str_n(s.p, n);
}

static enum smtp_step take_message(struct smtp_in *in, struct str *bytes, struct buf *out)
{
	while (bytes->n) {
		struct str run = in->at == AT_TEXT ? run_of_text(*bytes) : S("");
		unsigned place;

		keep(in, run);
		*bytes = str_n(bytes->p + run.n, bytes->n - run.n);
		if (!bytes->n)
			break;
		place = next_place(in, bytes->p[0]);
		*bytes = str_n(bytes->p + 1, bytes->n - 1);
		if (place == PLACE_END)
			return message_whole(in, out);
		if (place == PLACE_SMUGGLED)
			return end(in, out,
				   "521 5.5.2 a dot alone stands between CRLF and CRLF (RFC 5321 section 4.1.1.4)");
		in->at = (uint8_t)place;
	}
	return SMTP_MORE;
}

/* What is told of a refusal is one line of ASCII. */
static void put_sentence(struct buf *out, struct str why)
{
	why = str_clip(why, 300);
	for (size_t i = 0; i < why.n; i++)
		buf_char(out, why.p[i] >= ' ' && why.p[i] <= '~' ? why.p[i] : '?');
	buf_add(out, S("\r\n"));
}

enum smtp_step smtp_in_message(struct smtp_in *in, enum smtp_verdict v, struct str why, struct buf *out)
{
	in->state = SMTP_COMMANDS;
	transaction_drop(in);
	if (v == SMTP_TAKEN)
		return reply(out, "250 2.0.0 taken");
	if (v == SMTP_LATER)
		return reply(out, "451 4.3.0 it cannot be stored now, try again");
	buf_add(out, S("554 5.6.0 "));
	put_sentence(out, why);
	return SMTP_MORE;
}

enum smtp_step smtp_in_feed(struct smtp_in *in, struct str *bytes, struct buf *out)
{
	enum smtp_step step = SMTP_MORE;

	while (bytes->n && step == SMTP_MORE)
		step = in->state == SMTP_COMMANDS ? take_line(in, bytes, out)
		       : in->state == SMTP_DATA   ? take_message(in, bytes, out)
						  : SMTP_END;
	return step;
}
