#include "base/regex.h"
#include "unit.h"

static const struct {
	const char *pattern, *text;
	bool fits;
} asked[] = {
	{"", "", true},
	{"", "x", false},
	{"a|b", "a", true},
	{"a|b", "ab", false}, /* the whole text */
	{"a.*", "abc", true},
	{"b", "abc", false},
	{".", "é", true}, /* a character, not a byte */
	{"a.c", "a\nc", false},
	{"(?s)a.c", "a\nc", true},
	{"(?i)DISK", "disk", true},
	{"^db$", "db", true},
	{"$", "", true},
	{"a$", "a\n", false},
	{"a)(b", "ab", true}, /* as Go has it: a part of ^(?:...)$ */
	{"\\d{3}", "404", true},
	{"\\p{Greek}+", "αβγ", true},
	{"[[:alpha:]]+", "abc", true},
	{"(?P<x>a)", "a", true},
	{"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false}, /* ends */
	{"(.*){20}x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaay", false},
};

START_TEST(matches)
{
	struct err err = {0};
	struct regex *r = regex_new(str_of(asked[_i].pattern), &err);

	ck_assert_msg(r != NULL, "%s: %s", asked[_i].pattern, err.text);
	ck_assert_msg(regex_matches(r, str_of(asked[_i].text)) == asked[_i].fits, "'%s' and '%s'", asked[_i].pattern,
		      asked[_i].text);
	regex_free(r);
}
END_TEST

/* Go's words, as Alertmanager 0.25 answers them. */
static const struct {
	const char *pattern, *why;
} wrong[] = {
	{"(", "missing closing ): `^(?:()$`"},
	{"a)", "unexpected ): `^(?:a))$`"},
	{"[", "missing closing ]: `[)$`"},
	{"*", "missing argument to repetition operator: `*`"},
	{"a**", "invalid nested repetition operator: `**`"},
	{"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
	{"(?<n>a)", "invalid or unsupported Perl syntax: `(?<`"},
	{"(?P<n", "invalid named capture: `(?P<n)$`"},
	{"\\", "missing closing ): `^(?:\\)$`"},
	{"\\8", "invalid escape sequence: `\\8`"},
	{"a{1001}", "invalid repeat count: `{1001}`"},
	{"a{2,1}", "invalid repeat count: `{2,1}`"},
	{"[b-a]", "invalid character class range: `b-a`"},
	{"[[:nope:]]", "invalid character class range: `[:nope:]`"},
	{"\\pX", "invalid character class range: `\\pX`"},
	{"((a{100}){100}){100}", "invalid repeat count: `{100}`"},
	{"\\pL{1000}", "expression too large"},
};

START_TEST(refuses)
{
	struct err err = {0};

	ck_assert_ptr_null(regex_new(str_of(wrong[_i].pattern), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_eq(strstr(err.text, "error parsing regexp: "), err.text);
	ck_assert_str_eq(err.text + 22, wrong[_i].why);
}
END_TEST

START_TEST(nothing_is_freed)
{
	regex_free(NULL);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"regex", matches, .times = COUNT_OF(asked)},
		{"regex", refuses, .times = COUNT_OF(wrong)},
		{"regex", nothing_is_freed},
	};

	return unit_run("base/regex", tests, COUNT_OF(tests));
}
