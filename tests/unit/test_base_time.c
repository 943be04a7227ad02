#include "base/crypt.h"
#include "base/time.h"
#include "unit.h"

static const struct {
	const char *text;
	wall_ms at;
} exact[] = {
	{"1970-01-01T00:00:00.000Z", 0},
	{"1969-12-31T23:59:59.999Z", -1},
	{"1969-12-31T00:00:00.000Z", -DAY},
	{"2000-02-29T12:00:00.000Z", 951825600000},
	{"2000-03-01T00:00:00.000Z", 951868800000},
	{"2024-02-29T23:59:59.999Z", 1709251199999},
	{"2026-03-02T02:15:00.000Z", 1772417700000},
	{"2038-01-19T03:14:08.000Z", 2147483648000},
	{"2100-03-01T00:00:00.000Z", 4107542400000},
	{"9999-12-31T23:59:59.999Z", 253402300799999},
	{"0001-01-01T00:00:00.000Z", -62135596800000},
};

START_TEST(writes_and_reads)
{
	for (size_t i = 0; i < COUNT_OF(exact); i++) {
		char out[WALL_TEXT_SIZE];
		wall_ms at;

		ck_str(wall_write(out, exact[i].at), exact[i].text);
		ck_assert_msg(wall_parse(str_of(exact[i].text), &at), "%s", exact[i].text);
		ck_assert_msg(at == exact[i].at, "%s gave %lld", exact[i].text, (long long)at);
	}
}
END_TEST

START_TEST(reads_back_what_it_writes)
{
	uint64_t seed = 1;

	for (int i = 0; i < 200000; i++) {
		char out[WALL_TEXT_SIZE];
		wall_ms at, back;

		seed = hash_mix(seed + 0x9e3779b97f4a7c15ull);
		at = (wall_ms)(seed % 315537897599999ull) - 62135596800000; /* years 1 to 9999 */
		ck_assert(wall_parse(wall_write(out, at), &back));
		ck_assert_int_eq(at, back);
	}
}
END_TEST

START_TEST(writes_any_number)
{
	static const wall_ms far[] = {INT64_MAX,       INT64_MIN,       INT64_MIN + 1,
				      253402300800000, -62135596800001, INT64_MIN / 2};

	for (size_t i = 0; i < COUNT_OF(far); i++) {
		char out[WALL_TEXT_SIZE];
		struct str s = wall_write(out, far[i]);

		ck_assert_uint_lt(s.n, WALL_TEXT_SIZE);
		ck_assert(str_ends(s, S("Z")));
	}
}
END_TEST

START_TEST(reads_other_forms)
{
	static const struct {
		const char *text, *same;
	} cases[] = {
		{"2026-03-02T02:15:00Z", "2026-03-02T02:15:00.000Z"},
		{"2026-03-02t02:15:00z", "2026-03-02T02:15:00.000Z"},
		{"2026-03-02 02:15:00+00:00", "2026-03-02T02:15:00.000Z"},
		{"2026-03-02T02:15:00-00:00", "2026-03-02T02:15:00.000Z"},
		{"2026-03-02T07:45:00+05:30", "2026-03-02T02:15:00.000Z"},
		{"2026-03-01T21:15:00-0500", "2026-03-02T02:15:00.000Z"},
		{"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"},
		{"2026-03-02T02:15:00.1Z", "2026-03-02T02:15:00.100Z"},
		{"2026-03-02T02:15:00.123456789+00:00", "2026-03-02T02:15:00.123Z"}, /* Go writes nine */
		{"2026-03-02T02:15:00.9999999999999999999999Z", "2026-03-02T02:15:00.999Z"},
		{"2026-03-02T02:15:00,5Z", "2026-03-02T02:15:00.500Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, /* a leap second */
		{"0001-01-01T00:00:00Z",
		 "0001-01-01T00:00:00.000Z"}, /* Go's zero: Alertmanager's endsAt of a firing alert */
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[WALL_TEXT_SIZE];
		wall_ms at;

		ck_assert_msg(wall_parse(str_of(cases[i].text), &at), "%s", cases[i].text);
		ck_str(wall_write(out, at), cases[i].same);
	}
}
END_TEST

START_TEST(refuses)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-03-02",
		"2026-03-02T02:15Z",
		"2026-03-02T02:15:00", /* which zone? */
		"2026-3-2T02:15:00Z",
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-00-10T00:00:00Z",
		"2026-13-10T00:00:00Z",
		"2026-03-00T00:00:00Z",
		"2026-03-02T24:00:00Z",
		"2026-03-02T02:60:00Z",
		"2026-03-02T02:15:61Z",
		"2026-03-02T02:15:00.Z",
		"2026-03-02T02:15:00.5",
		"2026-03-02T02:15:00+24:00",
		"2026-03-02T02:15:00+05:60",
		"2026-03-02T02:15:00+05",
		"2026-03-02T02:15:00+05:3",
		"2026-03-02T02:15:00Zx",
		" 2026-03-02T02:15:00Z",
		"2026-03-02T02:15:00Z ",
		"+026-03-02T02:15:00Z",
		"2026-03-02X02:15:00Z",
		"1772417700",
	};
	wall_ms at = 42;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!wall_parse(str_of(bad[i]), &at), "took '%s'", bad[i]);
	ck_assert(!wall_parse(S("2026-03-02T02:15:00Z\0"), &at));
	ck_assert(!wall_parse(S("2026-03-02\0"
				"02:15:00Z"),
			      &at));
	ck_assert_int_eq(at, 42);
}
END_TEST

START_TEST(spans_are_read)
{
	static const struct {
		const char *text;
		span_ms span; /* -1: refused */
	} cases[] = {
		{"90s", 90 * SECOND},
		{"10m", 10 * MINUTE},
		{"1h30m", 90 * MINUTE},
		{"250ms", 250},
		{"2d", 2 * DAY},
		{"1m1ms", MINUTE + 1},
		{"30m1h", 90 * MINUTE},
		{"0s", 0},
		{"", -1},
		{"5", -1},
		{"s", -1},
		{"-5s", -1},
		{"1.5h", -1},
		{"10 m", -1},
		{"5x", -1},
		{"5M", -1},
		{"1h30", -1},
		{" 1h", -1},
		{"1h ", -1},
		{"99999999999s", -1},
	};
	span_ms span;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool good = span_parse(str_of(cases[i].text), &span);

		ck_assert_msg(good == (cases[i].span >= 0), "'%s'", cases[i].text);
		ck_assert_msg(!good || span == cases[i].span, "'%s' gave %lld", cases[i].text, (long long)span);
	}
	ck_assert(!span_parse(S("999999999y"), &span));
	ck_assert(!span_parse(S("293y"), &span));
	ck_assert(!span_parse(S("200y200y"), &span));
	ck_assert(span_parse(S("292y"), &span));
	ck_assert(!span_parse(S("9999999999d9999999999d9999999999d9999999999d9999999999d9999999999d"
				"9999999999d9999999999d9999999999d9999999999d9999999999d9999999999d"),
			      &span));
}
END_TEST

START_TEST(spans_are_written_for_people)
{
	static const struct {
		span_ms span;
		const char *text;
	} cases[] = {
		{-5, "0 s"},
		{999, "0 s"},
		{59 * SECOND + 999, "59 s"},
		{MINUTE, "1 min"},
		{59 * MINUTE + 59 * SECOND, "59 min"},
		{HOUR, "1 h"},
		{2 * HOUR + 5 * MINUTE, "2 h 5 min"},
		{DAY, "1 d"},
		{4 * DAY + 2 * HOUR + 59 * MINUTE, "4 d 2 h"},
		{INT64_MAX, "106751991167 d 7 h"},
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_str(span_write(&a, cases[i].span), cases[i].text);
	arena_done(&a);
}
END_TEST

START_TEST(the_virtual_clock_stands_still)
{
	ck_assert(!clock_is_virtual());
	ck_assert_int_gt(wall_now(), exact[4].at);
	clock_make_virtual(1000);
	ck_assert(clock_is_virtual());
	ck_assert_int_eq(wall_now(), 1000);
	clock_set(2000);
	ck_assert_int_eq(wall_now(), 2000);
	clock_set(1500);
	ck_assert_int_eq(wall_now(), 2000);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"wall", writes_and_reads},
		{"wall", reads_back_what_it_writes},
		{"wall", writes_any_number},
		{"wall", reads_other_forms},
		{"wall", refuses},
		{"span", spans_are_read},
		{"span", spans_are_written_for_people},
		{"clock", the_virtual_clock_stands_still},
	};

	return unit_run("base/time", tests, COUNT_OF(tests));
}
