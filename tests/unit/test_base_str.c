#include "unit.h"

START_TEST(compares)
{
	ck_assert(str_eq(S(""), str_n(NULL, 0)));
	ck_assert(str_eq(S("a\0b"), str_n("a\0b", 3)));
	ck_assert(!str_eq(S("ab"), S("abc")));
	ck_assert(str_is(str_of(NULL), ""));
	ck_assert(str_eq_nocase(S("Content-LENGTH"), S("content-length")));
	ck_assert(!str_eq_nocase(S("["), S("{"))); /* 32 apart, but no letters */
	ck_assert_int_lt(str_cmp(S("ab"), S("b")), 0);
	ck_assert_int_lt(str_cmp(S("ab"), S("abc")), 0);
	ck_assert_int_gt(str_cmp(S("\xff"), S("a")), 0);
	ck_assert_int_eq(str_cmp(S(""), str_n(NULL, 0)), 0);
	ck_assert(str_eq_secret(S("same"), S("same")));
	ck_assert(!str_eq_secret(S("same"), S("samE")));
	ck_assert(!str_eq_secret(S("same"), S("same ")));
}
END_TEST

START_TEST(starts_ends_finds)
{
	size_t at = 99;

	ck_assert(str_starts(S("/hooks/x"), S("/hooks/")));
	ck_assert(str_starts(S(""), S("")));
	ck_assert(!str_starts(S("/ho"), S("/hooks/")));
	ck_assert(str_ends(S("a.yaml"), S(".yaml")));
	ck_assert(!str_ends(S("yaml"), S(".yaml")));
	ck_assert(str_find(S("abcabc"), S("ca"), &at));
	ck_assert_uint_eq(at, 2);
	ck_assert(str_find(str_n(NULL, 0), S(""), &at));
	ck_assert_uint_eq(at, 0);
	ck_assert(!str_find(S("abc"), S("abcd"), &at));
	ck_assert(!str_find(str_n(NULL, 0), S("a"), NULL));
}
END_TEST

START_TEST(trims_and_cuts)
{
	struct str head, rest, word;

	ck_str(str_trim(S(" \t\r\n a b \v\f")), "a b");
	ck_str(str_trim(S("   ")), "");
	ck_str(str_trim(str_n(NULL, 0)), "");

	rest = str_cut(S("key: value: more"), ':', &head);
	ck_str(head, "key");
	ck_str(rest, " value: more");
	rest = str_cut(S("all"), ':', &head);
	ck_str(head, "all");
	ck_str(rest, "");
	rest = str_cut(S(":"), ':', &head);
	ck_str(head, "");
	ck_str(rest, "");
	rest = str_cut(str_n(NULL, 0), ':', &head);
	ck_str(head, "");
	ck_str(rest, "");

	rest = S("  ack\t k7f3  ");
	ck_assert(str_word(&rest, &word));
	ck_str(word, "ack");
	ck_assert(str_word(&rest, &word));
	ck_str(word, "k7f3");
	ck_assert(!str_word(&rest, &word));
	ck_str(word, "");
	ck_assert(!str_word(&rest, &word));
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"007", true, 7},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"18446744073709551617", false, 0},
		{"99999999999999999999", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"+5", false, 0},
		{" 5", false, 0},
		{"5 ", false, 0},
		{"--5", false, 0},
		{"0x10", false, 0},
		{"1e3", false, 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t v = 42;

		ck_assert_msg(str_to_int(str_of(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		ck_assert_msg(v == (cases[i].good ? cases[i].value : 42), "'%s' gave %lld", cases[i].text,
			      (long long)v);
	}
}
END_TEST

START_TEST(utf8)
{
	static const char *const good[] = {"",
					   "plain",
					   "\x7f",
					   "\xc2\x80",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xef\xbf\xbf",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80",
					  "\xc0\xaf",
					  "\xc1\xbf",
					  "\xc2",
					  ("\xc2"
					   "a"),
					  "\xe0\x9f\xbf",
					  "\xe0\xa0",
					  "\xed\xa0\x80",
					  "\xed\xbf\xbf",
					  "\xf0\x8f\xbf\xbf",
					  "\xf0\x90\x80",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xfe",
					  "\xff",
					  "ok\xe2\x82"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(str_is_utf8(str_of(good[i])), "good %zu", i);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!str_is_utf8(str_of(bad[i])), "bad %zu", i);
	ck_assert(!str_is_utf8(S("a\0b")));
	ck_assert(str_is_utf8(str_n(NULL, 0)));
}
END_TEST

START_TEST(clips_between_characters)
{
	ck_str(str_clip(S("abc"), 5), "abc");
	ck_str(str_clip(S("abc"), 2), "ab");
	ck_str(str_clip(S("abc"), 0), "");
	ck_str(str_clip(S("a\xe2\x82\xac"), 4), "a\xe2\x82\xac");
	ck_str(str_clip(S("a\xe2\x82\xac"), 3), "a");
	ck_str(str_clip(S("a\xe2\x82\xac"), 2), "a");
	ck_str(str_clip(S("\xf0\x9f\x94\xa5"), 3), "");
}
END_TEST

START_TEST(distance)
{
	ck_assert_uint_eq(str_distance(S("ack"), S("ack")), 0);
	ck_assert_uint_eq(str_distance(S("ACK"), S("ack")), 0);
	ck_assert_uint_eq(str_distance(S("akc"), S("ack")), 1);
	ck_assert_uint_eq(str_distance(S("resolv"), S("resolve")), 1);
	ck_assert_uint_eq(str_distance(S(""), S("status")), 6);
	ck_assert_uint_eq(str_distance(S("abcdefghijklmnopqrstuvwxyz0123456"), S("a")), 99);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"text", compares}, {"text", starts_ends_finds},        {"text", trims_and_cuts}, {"numbers", numbers},
		{"utf8", utf8},     {"utf8", clips_between_characters}, {"distance", distance},
	};

	return unit_run("base/str", tests, COUNT_OF(tests));
}
