#include "net/mail.h"
#include "net/mail_out.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct str written(const char *from_name, struct str subject, struct str text)
{
	struct mail_message m = {.to = S("ben@example.com"), .from_name = str_of(from_name), .subject = subject, .text = text, .id = S("opsroom.42"), .date = 1772416800000};

	return mail_write(&a, S("opsroom@example.org"), &m);
}

START_TEST(a_mail_as_it_is_sent)
{
	ck_str(written("Kinkd SRE", S("Slack is down: go on at #sre"), S("Go on here:\nhttps://ops.example.com/c/C1\n.\n")),
	       "From: Kinkd SRE\r\n <opsroom@example.org>\r\nTo: <ben@example.com>\r\nSubject: Slack is down: go on at #sre\r\n"
	       "Date: Mon, 02 Mar 2026 02:00:00 +0000\r\nMessage-ID: <opsroom.42@example.org>\r\nAuto-Submitted: auto-generated\r\n"
	       "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	       "Go on here:\r\nhttps://ops.example.com/c/C1\r\n.\r\n");
}
END_TEST

static const char *const texts[] = {
	"plain", "Größe über alles", "データベースが遅い: ディスクがいっぱいです。今すぐ確認してください。", "a = b", "=?utf-8?Q?not_a_word?=", " blanks  at both ends ", "a\ttab",
	"long, and longer than a line can be, but of plain words that could be folded, if anybody folded them; they are encoded",
	"😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", "",
};

/* RFC 2045 and 2047: lines of 76 at most, nothing but ASCII; our own reader finds what was written. */
START_TEST(what_is_written_is_read_again)
{
	struct str text = str_of(texts[_i]), mail = written(texts[_i], text, text), rest = mail, line;
	struct json *read = mail_parse(&a, mail);

	while (rest.n) {
		rest = str_cut(rest, '\n', &line);
		ck_assert_msg(line.n && line.p[line.n - 1] == '\r' && line.n <= 77, "%zu: " STR_FMT, line.n, STR_ARG(line));
		for (size_t i = 0; i + 1 < line.n; i++)
			ck_assert_msg((line.p[i] >= ' ' && line.p[i] < 127) || line.p[i] == '\t', STR_FMT, STR_ARG(line));
	}
	ck_str(str_trim(json_get_str(read, "subject")), arena_dup(&a, str_trim(text)).p);
	ck_str(json_get_str(read, "from"), "opsroom@example.org");
	ck_str(str_trim(json_get_str(read, "text")), arena_dup(&a, str_trim(text)).p);
}
END_TEST

/* Whatever is in a field, there is one head with nine fields, and one body. */
START_TEST(no_field_begins_another)
{
	static const char *const evil[] = {"a\r\nBcc: all@example.com", "a\nBcc: all@example.com", "a\rBcc: x", "a\r\n\r\nbody", "a\r\n.\r\nMAIL FROM:<x@y>", "a\r\n\tfolded", "\r\n"};

	for (size_t i = 0; i < COUNT_OF(evil); i++) {
		struct str mail = written(evil[i], str_of(evil[i]), S("only this")), line;
		size_t at, lines = 0, names = 0;

		ck_assert(str_find(mail, S("\r\n\r\n"), &at));
		ck_str(str_n(mail.p + at, mail.n - at), "\r\n\r\nonly this\r\n");
		for (struct str head = str_n(mail.p, at + 2); head.n; lines++) {
			head = str_cut(head, '\n', &line);
			names += line.p[0] != ' ';
			ck_assert_msg(!str_starts(line, S("Bcc")) && !memchr(line.p, '\r', line.n - 1) && line.p[line.n - 1] == '\r', STR_FMT, STR_ARG(line));
		}
		ck_assert_uint_eq(names, 9);
	}
}
END_TEST

START_TEST(a_subject_and_a_text_end_somewhere)
{
	struct str x = arena_printf(&a, "%0*d", 200000, 7), mail = written("x", x, x);
	struct json *read = mail_parse(&a, mail);

	ck_assert_uint_eq(json_get_str(read, "subject").n, MAIL_SUBJECT_MOST);
	ck_assert_uint_le(mail.n, MAIL_OUT_TEXT_MOST + 4 * KIB);
}
END_TEST

START_TEST(addresses_that_are_some)
{
	static const char *const good[] = {"ben@example.com", "b.e+n_1@localhost", "o'hara@example.com", "ünï@exämple.com"};
	static const char *const bad[] = {"", "ben", "@x", "ben@", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<c@d>", "<a@b>", "a@b>", "\"a\"@b", "a@b,c@d", "a@\x7f", "a@b\xff"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(mail_address_ok(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!mail_address_ok(str_of(bad[i])), "%s", bad[i]);
	ck_assert(!mail_address_ok(arena_printf(&a, "%0250d@b.cd", 1)));
}
END_TEST

START_TEST(servers_that_are_some)
{
	static const char *const good[] = {"smtp://mail", "smtp://mail.example.com:587", "smtps://10.0.0.1", "smtp://[::1]:25"};
	static const char *const bad[] = {"", "mail", "http://mail", "smtp://", "smtp://:25", "smtp://a@b", "smtp://a/b", "smtp://a b", "smtp://a\r\nb", "smtp://a?b"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(mail_server_ok(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!mail_server_ok(str_of(bad[i])), "%s", bad[i]);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"message", a_mail_as_it_is_sent},
		{"message", what_is_written_is_read_again, COUNT_OF(texts)},
		{"message", no_field_begins_another},
		{"message", a_subject_and_a_text_end_somewhere},
		{"settings", addresses_that_are_some},
		{"settings", servers_that_are_some},
	};

	return unit_run_in("net/mail_out", tests, COUNT_OF(tests), open_arena, close_arena);
}
