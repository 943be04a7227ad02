#include "commands/line.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static const struct {
	struct str text;
	size_t count;
	const char *words[4];
} good[] = {
	{S(""), 0, {0}},
	{S(" \t\r\n "), 0, {0}},
	{S("status"), 1, {"status"}},
	{S("  ack \t q2fx\n"), 2, {"ack", "q2fx"}},
	{S("ack 'two words'"), 2, {"ack", "two words"}},
	{S("ack \"two words\""), 2, {"ack", "two words"}},
	{S("ack \"it's\" 'say \"x\"'"), 3, {"ack", "it's", "say \"x\""}},
	{S("ack a'b c'd\"e f\"g"), 2, {"ack", "ab cde fg"}},
	{S("ack ''"), 2, {"ack", ""}},
	{S("ack two\\ words"), 2, {"ack", "two words"}},
	{S("ack \\'x\\\" \\\\"), 3, {"ack", "'x\"", "\\"}},
	{S("ack \"a\\\"b\""), 2, {"ack", "a\"b"}},
	{S("ack 'a\\b'"), 2, {"ack", "a\\b"}}, /* no escapes in '…', as in a shell */
	{S("ack x\\"), 2, {"ack", "x\\"}},
	/* what phones make of quotes, and the spaces that chat clients put in */
	{S("ack \xe2\x80\x9ctwo words\xe2\x80\x9d"), 2, {"ack", "two words"}},
	{S("ack \xe2\x80\x98two words\xe2\x80\x99"), 2, {"ack", "two words"}},
	{S("ack \xe2\x80\x9etwo words\xe2\x80\x9c"), 2, {"ack", "two words"}},
	{S("ack\xc2\xa0q2fx\xe2\x80\xafnow"), 3, {"ack", "q2fx", "now"}},
	{S("ack \\\xe2\x80\x9cx"), 2, {"ack", "\xe2\x80\x9cx"}},
	{S("ack Überlauf \xe2\x9a\xa0"), 3, {"ack", "Überlauf", "\xe2\x9a\xa0"}},
};

START_TEST(cuts_into_words)
{
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct err err = {0};
		struct line line;

		ck_assert_msg(line_parse(&a, good[i].text, &line, &err), "%s: %s", good[i].text.p, err.text);
		ck_assert_msg(line.count == good[i].count, "%s: %zu words", good[i].text.p, line.count);
		for (size_t k = 0; k < line.count; k++)
			ck_str(line.words[k], good[i].words[k]);
	}
	arena_done(&a);
}
END_TEST

static const struct {
	struct str text;
	enum err_code code;
	const char *why;
} bad[] = {
	{S("ack 'x"), ERR_INVALID, "a quote (') is open to the end of the line"},
	{S("ack \"x y"), ERR_INVALID, "a quote (\") is open to the end of the line"},
	{S("ack \xe2\x80\x9cx"), ERR_INVALID, "a quote (\") is open to the end of the line"},
	{S("ack \xff"), ERR_INVALID, "the command line is not UTF-8 text"},
	{S("ack \0x"), ERR_INVALID, "the command line is not UTF-8 text"},
	{S("ack \x01"), ERR_INVALID, "the command line has a control character in it"},
	{S("ack \x1b[31mred"), ERR_INVALID, "the command line has a control character in it"},
	{S("ack \x7f"), ERR_INVALID, "the command line has a control character in it"},
};

START_TEST(says_what_is_wrong)
{
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = {0};
		struct line line;

		ck_assert_msg(!line_parse(&a, bad[i].text, &line, &err), "%s", bad[i].text.p);
		ck_assert_int_eq(err.code, bad[i].code);
		ck_assert_str_eq(err.text, bad[i].why);
	}
	arena_done(&a);
}
END_TEST

START_TEST(has_limits)
{
	static char text[LINE_MAX_BYTES + 1];
	struct err err = {0};
	struct line line;

	memset(text, 'x', sizeof text);
	ck_assert(line_parse(&a, str_n(text, LINE_MAX_BYTES), &line, &err));
	ck_assert_uint_eq(line.words[0].n, LINE_MAX_BYTES);
	ck_assert(!line_parse(&a, str_n(text, LINE_MAX_BYTES + 1), &line, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	for (size_t i = 0; i < sizeof text; i += 2)
		text[i] = ' ';
	err_clear(&err);
	ck_assert(line_parse(&a, str_n(text, 2 * LINE_MAX_WORDS), &line, &err));
	ck_assert_uint_eq(line.count, LINE_MAX_WORDS);
	ck_assert(!line_parse(&a, str_n(text, 2 * LINE_MAX_WORDS + 2), &line, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *text, *rest;
} rests[] = {
	{"graph up 6h", "up 6h"},
	{"  graph\t rate(x{job=\"a\"}[5m])  ", "rate(x{job=\"a\"}[5m])"},
	{"graph up{job=\xe2\x80\x9c" "a\xe2\x80\x9d}\xc2\xa0" "6h", "up{job=\"a\"} 6h"},
	{"graph", ""},
	{"", ""},
};

START_TEST(the_rest_is_what_was_typed)
{
	ck_str(line_rest(&a, str_of(rests[_i].text)), rests[_i].rest);
	arena_done(&a);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"line", cuts_into_words}, {"line", says_what_is_wrong}, {"line", has_limits},
		{"line", the_rest_is_what_was_typed, COUNT_OF(rests)}};

	open_arena();
	return unit_run("commands/line", tests, COUNT_OF(tests));
}
