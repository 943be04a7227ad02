#include "net/smtp.h"
#include "unit.h"

static const struct smtp_limits limits = {.message_bytes = 2000, .kept_bytes = 1000, .mistakes = 5};

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

/* A session whose recipients are those that begin with "k"; "later" cannot be looked up. Messages are kept, parted by '|'. */
struct talk {
	struct smtp_in in;
	struct buf out, messages;
	enum smtp_step last;
	enum smtp_verdict verdict;
};

static void talk_open(struct talk *t)
{
	*t = (struct talk){.verdict = SMTP_TAKEN};
	smtp_in_init(&t->in, &limits, S("here"), true);
	buf_init(&t->out, MIB);
	buf_init(&t->messages, MIB);
}

static void talk_close(struct talk *t)
{
	smtp_in_done(&t->in);
	buf_done(&t->out);
	buf_done(&t->messages);
}

static enum smtp_step step_on(struct talk *t, enum smtp_step step)
{
	if (step == SMTP_RECIPIENT)
		return smtp_in_recipient(&t->in,
					 str_starts(t->in.asked, S("later")) ? SMTP_LATER
					 : str_starts(t->in.asked, S("k"))   ? SMTP_TAKEN
									     : SMTP_REFUSED,
					 &t->out);
	if (step == SMTP_MESSAGE) {
		for (unsigned i = 0; i < t->in.to_count; i++)
			buf_printf(&t->messages, STR_FMT ",", STR_ARG(t->in.to[i]));
		buf_printf(&t->messages, STR_FMT "|", STR_ARG(buf_str(&t->in.message)));
		return smtp_in_message(&t->in, t->verdict, S("not\r\n250 s\xc3\xb6"), &t->out);
	}
	return step;
}

/* Says it in pieces of so many bytes; what was answered stands in t->out. */
static void say_in(struct talk *t, struct str all, size_t piece)
{
	buf_reset(&t->out);
	t->last = SMTP_MORE;
	while (all.n && t->last == SMTP_MORE) {
		struct str part = str_n(all.p, all.n < piece ? all.n : piece);

		all = str_n(all.p + part.n, all.n - part.n);
		while (part.n && t->last == SMTP_MORE)
			t->last = step_on(t, smtp_in_feed(&t->in, &part, &t->out));
	}
}

static struct str say(struct talk *t, const char *z)
{
	say_in(t, str_of(z), SIZE_MAX);
	return buf_str(&t->out);
}

#define BEGIN "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<k1@h>\r\nDATA\r\n"
#define BEGUN                                                                                                          \
	"250-here\r\n250-SIZE "                                                                                        \
	"2000\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n250 "    \
	"2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on, the end is a line with a dot alone\r\n"

START_TEST(a_message_is_taken_however_its_bytes_come)
{
	static const char all[] = BEGIN "Subject: x\r\n\r\n..dot\r\n..\r\nend\r\n.\r\nQUIT\r\n";

	for (size_t piece = 1; piece <= sizeof all; piece++) {
		struct talk t;

		talk_open(&t);
		say_in(&t, str_of(all), piece);
		ck_str(buf_str(&t.out), BEGUN "250 2.0.0 taken\r\n221 2.0.0 good bye\r\n");
		ck_str(buf_str(&t.messages), "k1,Subject: x\r\n\r\n.dot\r\n.\r\nend\r\n|");
		ck_assert_int_eq(t.last, SMTP_END);
		talk_close(&t);
	}
}
END_TEST

static const struct {
	const char *said, *answered;
} answers[] = {
	{"MAIL FROM:<a@b>\r\n", "503 5.5.1 say EHLO first\r\n"},
	{"HELO x\r\nRCPT TO:<k@h>\r\n", "250 here\r\n503 5.5.1 MAIL comes first\r\n"},
	{"HELO\r\n", "501 5.5.4 who are you?\r\n"},
	{"helo x\r\nmail from:<>\r\nrcpt to:<K1@h>\r\nrset\r\ndata\r\n",
	 "250 here\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 ok\r\n503 5.5.1 MAIL comes first\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n",
	 "250 here\r\n250 2.1.0 ok\r\n503 5.5.1 there is a sender already\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b> SIZE=2001\r\n", "250 here\r\n552 5.3.4 the message is too large\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b> SIZE=x\r\n", "250 here\r\n501 5.5.4 SIZE is a number\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b> SIZE=2000 BODY=8BITMIME SMTPUTF8\r\n", "250 here\r\n250 2.1.0 ok\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b> RET=FULL\r\n", "250 here\r\n555 5.5.4 this parameter is not known\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b\r\n", "250 here\r\n501 5.5.4 MAIL FROM:<address> is wanted\r\n"},
	{"HELO x\r\nMAIL FROM: a@b\r\nRCPT TO: k1\r\n", "250 here\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@h>\r\nDATA\r\n",
	 "250 here\r\n250 2.1.0 ok\r\n550 5.1.1 no such recipient here\r\n554 5.5.1 no valid recipients\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<later@h>\r\n",
	 "250 here\r\n250 2.1.0 ok\r\n451 4.3.0 it cannot be looked up now, try again\r\n"},
	{"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<k.1@h>\r\nRCPT TO:<@h>\r\nRCPT TO:<>\r\n",
	 "250 here\r\n250 2.1.0 ok\r\n550 5.1.1 no such recipient here\r\n550 5.1.1 no such recipient here\r\n550 "
	 "5.1.1 no such recipient here\r\n"},
	{"NOOP\r\nVRFY x\r\nEXPN x\r\nAUTH PLAIN x\r\nFOO\r\n",
	 "250 2.0.0 ok\r\n252 2.5.0 send it and see\r\n502 5.5.1 that is not done here\r\n502 5.5.1 that is not done "
	 "here\r\n500 5.5.2 this command is not known\r\n"},
	{"\r\n", "500 5.5.2 this command is not known\r\n"},
	{"NOOP\rX\r\n", "500 5.5.2 a line of text is wanted\r\n"},
	{"STARTTLS x\r\n", "501 5.5.4 STARTTLS stands alone\r\n"},
	{"STARTTLS\r\n", "220 2.0.0 go on in TLS\r\n"},
	/* sessions that end */
	{"NOOP\n", "521 5.5.2 lines end in CRLF (RFC 5321 section 2.3.8)\r\n"},
	{"POST / HTTP/1.1\r\nNOOP\r\n", "521 5.5.2 this is SMTP\r\n"},
	{"A\r\nA\r\nA\r\nA\r\nA\r\nA\r\nNOOP\r\n",
	 "500 5.5.2 this command is not known\r\n500 5.5.2 this command is not known\r\n500 5.5.2 this command is not "
	 "known\r\n500 5.5.2 this command is not known\r\n"
	 "500 5.5.2 this command is not known\r\n500 5.5.2 this command is not known\r\n421 4.7.0 too many mistakes, "
	 "good bye\r\n"},
};

START_TEST(commands_are_answered)
{
	struct talk t;

	talk_open(&t);
	ck_str(say(&t, answers[_i].said), answers[_i].answered);
	talk_close(&t);
}
END_TEST

START_TEST(a_recipient_is_the_key_in_any_dress)
{
	static const char *const dresses[] = {"<k1@h>",      "<ops+k1@h.example>", "<a+b+K1@[192.0.2.1]>",
					      "<\"k1\"@h>",  "<\"a b+k1\"@h>",     "<k1>",
					      "<@a,@b:k1@c>"};
	struct talk t;

	talk_open(&t);
	say(&t, "EHLO x\r\nMAIL FROM:<a@b>\r\n");
	for (size_t i = 0; i < COUNT_OF(dresses); i++)
		ck_str(say(&t, arena_printf(&a, "RCPT TO:%s\r\n", dresses[i]).p), "250 2.1.5 ok\r\n");
	say(&t, "RCPT TO:<k2@h>\r\nDATA\r\nx\r\n.\r\n");
	ck_str(buf_str(&t.messages), "k1,k2,x\r\n|");
	talk_close(&t);
}
END_TEST

/* What two servers read differently. None of them may end the message, and none may hide a second one. */
static const char *const smuggled[] = {"a\n.\n",   "a\n.\r\n", "a\r\n.\n", "a\r.\r",      "a\r\n.\r.",
				       "a\r.\r\n", "a\n.\rx",  ".\n",      "a\r\n.\r\r\n"};

START_TEST(a_dot_alone_between_other_line_ends_ends_the_session)
{
	struct talk t;

	for (size_t piece = 1; piece < 4; piece++) {
		talk_open(&t);
		say(&t, BEGIN);
		say_in(&t,
		       arena_printf(&a, "%sMAIL FROM:<evil@x>\r\nRCPT TO:<k2@h>\r\nDATA\r\nb\r\n.\r\n", smuggled[_i]),
		       piece);
		ck_str(buf_str(&t.out),
		       "521 5.5.2 a dot alone stands between CRLF and CRLF (RFC 5321 section 4.1.1.4)\r\n");
		ck_assert_int_eq(t.last, SMTP_END);
		ck_str(buf_str(&t.messages), "");
		talk_close(&t);
	}
}
END_TEST

START_TEST(other_bare_line_ends_are_line_ends)
{
	struct talk t;

	talk_open(&t);
	say(&t, BEGIN);
	ck_str(say(&t, "a\nb\rc\r\r\nd\n..e\r\n.\r\n"), "250 2.0.0 taken\r\n");
	ck_str(buf_str(&t.messages), "k1,a\nb\nc\n\r\nd\n.e\r\n|");
	talk_close(&t);
}
END_TEST

START_TEST(sizes_and_numbers_have_their_limits)
{
	struct talk t;
	char big[3000];

	talk_open(&t);
	memset(big, 'x', sizeof big);
	say_in(&t, str_n(big, sizeof big), 100);
	ck_str(say(&t, "\r\n"), "500 5.5.6 the line is too long\r\n");
	say(&t, BEGIN);
	say_in(&t, str_n(big, 1500), 7);
	ck_str(say(&t, "\r\n.\r\n"), "250 2.0.0 taken\r\n"); /* its first 1000 bytes */
	ck_assert_uint_eq(t.messages.n, strlen("k1,") + 1000 + 1);
	say(&t, BEGIN);
	say_in(&t, str_n(big, 2500), 7);
	ck_str(say(&t, "\r\n.\r\nNOOP\r\n"), "552 5.3.4 the message is too large\r\n250 2.0.0 ok\r\n");
	say(&t, "MAIL FROM:<a@b>\r\n");
	for (int i = 0; i < SMTP_RECIPIENTS_MAX; i++)
		ck_str(say(&t, arena_printf(&a, "RCPT TO:<k%d@h>\r\n", i).p), "250 2.1.5 ok\r\n");
	ck_assert(str_starts(say(&t, "RCPT TO:<kk@h>\r\n"), S("452 4.5.3 ")));
	talk_close(&t);
}
END_TEST

START_TEST(what_the_store_says_is_what_the_sender_hears)
{
	struct talk t;

	talk_open(&t);
	t.verdict = SMTP_LATER;
	say(&t, BEGIN);
	ck_str(say(&t, "x\r\n.\r\n"), "451 4.3.0 it cannot be stored now, try again\r\n");
	t.verdict = SMTP_REFUSED;
	say(&t, BEGIN);
	ck_str(say(&t, "x\r\n.\r\n"),
	       "554 5.6.0 not??250 s??\r\n"); /* nothing in the reason makes a reply of its own */
	talk_close(&t);
}
END_TEST

START_TEST(tls_begins_a_new_session)
{
	struct talk t;

	talk_open(&t);
	say(&t, "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<k1@h>\r\nSTARTTLS\r\n");
	ck_assert_int_eq(t.last, SMTP_TLS);
	smtp_in_secured(&t.in);
	ck_str(say(&t, "DATA\r\n"), "503 5.5.1 MAIL comes first\r\n");
	ck_str(say(&t, "STARTTLS\r\n"), "502 5.5.1 not now\r\n");
	ck_assert(!str_find(say(&t, "EHLO x\r\n"), S("STARTTLS"), &(size_t){0}));
	talk_close(&t);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"session", a_message_is_taken_however_its_bytes_come},
		{"session", commands_are_answered, COUNT_OF(answers)},
		{"session", a_recipient_is_the_key_in_any_dress},
		{"session", what_the_store_says_is_what_the_sender_hears},
		{"session", tls_begins_a_new_session},
		{"line ends", a_dot_alone_between_other_line_ends_ends_the_session, COUNT_OF(smuggled)},
		{"line ends", other_bare_line_ends_are_line_ends},
		{"limits", sizes_and_numbers_have_their_limits},
	};

	return unit_run_in("net/smtp", tests, COUNT_OF(tests), open_arena, close_arena);
}
