/* What a person looks for, as FTS5 and filters. */
#include "ops/search.h"
#include "unit.h"

static const struct {
	const char *text, *match, *in, *from, *since, *until;
	bool has_link, nothing;
} cases[] = {
	{"", "", "", "", "", "", false, false},
	{"disk full", "\"disk\" \"full\"", "", "", "", "", false, false},
	{"\"disk of\" -db-1 -\"is fine\"", "\"disk of\" NOT \"db-1\" NOT \"is fine\"", "", "", "", "", false, false},
	{"-only", "", "", "", "", "", false, false},
	{"NOT a\" OR *", "\"NOT\" \"a\" \"OR\"", "", "", "", "", false, false},
	{"x in:#ops from:@ann", "\"x\"", "ops", "ann", "", "", false, false},
	{"in:<#C1|ops> from:<@U1>", "", "C1", "U1", "", "", false, false},
	{"after:2026-03-02 before:2026-03-05", "", "", "", "2026-03-03T00:00:00.000Z", "2026-03-05T00:00:00.000Z", false, false},
	{"on:2026-03-02", "", "", "", "2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z", false, false},
	{"on:yesterday", "", "", "", "", "", false, true},
	{"before:2026-02-30", "", "", "", "", "", false, true},
	{"has:link has:star", "", "", "", "", "", true, true},
	{"http: a:b in:", "\"http:\" \"a:b\" \"in:\"", "", "", "", "", false, false},
	{"\"open", "\"open\"", "", "", "", "", false, false},
	{"- -- \"\" :", "", "", "", "", "", false, false},
};

static void is_time(wall_ms at, const char *expected)
{
	char text[WALL_TEXT_SIZE];

	if (at)
		ck_str(wall_write(text, at), expected);
	else
		ck_assert_str_eq("", expected);
}

START_TEST(words_and_modifiers)
{
	struct search s;
	struct arena a;

	arena_init(&a);
	search_parse(&a, str_of(cases[_i].text), &s);
	ck_str(s.match, cases[_i].match);
	ck_str(s.in, cases[_i].in);
	ck_str(s.from, cases[_i].from);
	is_time(s.since, cases[_i].since);
	is_time(s.until, cases[_i].until);
	ck_assert_int_eq(s.has_link, cases[_i].has_link);
	ck_assert_int_eq(s.nothing, cases[_i].nothing);
	arena_done(&a);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {{"search", words_and_modifiers, .times = COUNT_OF(cases)}};

	return unit_run("ops_search", tests, COUNT_OF(tests));
}
