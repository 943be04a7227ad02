/* Hours of the week: what is read, what is refused, and when they hold, also in the nights in which the clock is changed. */
#include "ops/week.h"
#include "unit.h"

static struct arena a;
static struct err err;

static void open_arena(void)
{
	arena_init(&a);
	err = (struct err){0};
}

static void close_arena(void)
{
	arena_done(&a);
}

static const struct {
	const char *text, *at;
	bool holds;
} times[] = {
	/* 2026-03-02 is a Monday */
	{"Mon-Fri 09:00-17:00", "2026-03-02T08:59:59Z", false},
	{"Mon-Fri 09:00-17:00", "2026-03-02T09:00:00Z", true},
	{"Mon-Fri 09:00-17:00", "2026-03-06T16:59:59Z", true},
	{"Mon-Fri 09:00-17:00", "2026-03-06T17:00:00Z", false},
	{"Mon-Fri 09:00-17:00", "2026-03-07T12:00:00Z", false},
	{"monday - FRIDAY 9:00 - 17:00 UTC", "2026-03-03T12:00:00Z", true},
	{"Tue 09:00-17:00", "2026-03-03T12:00:00Z", true},
	{"Tue 09:00-17:00", "2026-03-02T12:00:00Z", false},
	/* whole days */
	{"Sat-Sun", "2026-03-06T23:59:59Z", false},
	{"Sat-Sun", "2026-03-07T00:00:00Z", true},
	{"Sat-Sun", "2026-03-08T23:59:59Z", true},
	{"Sat-Sun", "2026-03-09T00:00:00Z", false},
	{"Sat-Sun 00:00-24:00", "2026-03-08T23:59:59Z", true},
	{"Sat-Sun 00:00-24:00", "2026-03-09T00:00:00Z", false},
	{"Mon, Wed", "2026-03-04T10:00:00Z", true},
	{"Mon, Wed", "2026-03-03T10:00:00Z", false},
	/* days that go round the week */
	{"Fri-Mon 10:00-11:00", "2026-03-08T10:30:00Z", true},
	{"Fri-Mon 10:00-11:00", "2026-03-09T10:30:00Z", true},
	{"Fri-Mon 10:00-11:00", "2026-03-10T10:30:00Z", false},
	/* over midnight: of the day on which it begins */
	{"22:00-06:00", "2026-03-04T21:59:00Z", false},
	{"22:00-06:00", "2026-03-04T22:00:00Z", true},
	{"22:00-06:00", "2026-03-05T05:59:00Z", true},
	{"22:00-06:00", "2026-03-05T06:00:00Z", false},
	{"Mon 22:00-06:00", "2026-03-03T05:00:00Z", true},
	{"Mon 22:00-06:00", "2026-03-02T05:00:00Z", false},
	{"Sun 22:00-06:00", "2026-03-02T05:00:00Z", true},
	{"Sun 22:00-06:00", "2026-03-02T06:00:00Z", false},
	/* from one moment of the week to another */
	{"Fri 16:00-Mon 08:00", "2026-03-06T15:59:00Z", false},
	{"Fri 16:00-Mon 08:00", "2026-03-06T16:00:00Z", true},
	{"Fri 16:00-Mon 08:00", "2026-03-08T23:59:59Z", true},
	{"Fri 16:00-Mon 08:00", "2026-03-09T07:59:00Z", true},
	{"Fri 16:00-Mon 08:00", "2026-03-09T08:00:00Z", false},
	{"Mon 08:00-Fri 16:00", "2026-03-04T03:00:00Z", true},
	{"Mon 17:00-Mon 09:00", "2026-03-02T12:00:00Z", false},
	{"Mon 17:00-Mon 09:00", "2026-03-05T12:00:00Z", true},
	/* several */
	{"Mon 09:00-12:00, Thu 13:00-17:00", "2026-03-02T11:00:00Z", true},
	{"Mon 09:00-12:00, Thu 13:00-17:00", "2026-03-05T13:00:00Z", true},
	{"Mon 09:00-12:00, Thu 13:00-17:00", "2026-03-05T11:00:00Z", false},
	/* another place; before 1970 too */
	{"Mon-Fri 09:00-17:00 Europe/Paris", "2026-03-02T08:00:00Z", true},
	{"Mon-Fri 09:00-17:00 Europe/Paris", "2026-03-02T16:00:00Z", false},
	{"Mon-Fri 09:00-17:00 Europe/Paris", "2026-07-01T07:00:00Z", true},
	{"Mon 09:00-12:00, Thu 13:00-17:00 America/New_York", "2026-03-02T14:00:00Z", true},
	{"Mon 00:00-01:00 Pacific/Auckland", "2026-03-01T11:30:00Z", true},
	{"Wed 23:00-24:00", "1969-12-31T23:59:00Z", true},
	/* 2026-03-29 02:00 becomes 03:00 in Paris: 02:30 is not there, 03:30 is */
	{"Sun 02:00-03:00 Europe/Paris", "2026-03-29T00:59:59Z", false},
	{"Sun 02:00-03:00 Europe/Paris", "2026-03-29T01:00:00Z", false},
	{"Sun 03:00-04:00 Europe/Paris", "2026-03-29T01:00:00Z", true},
	/* 2026-10-25 03:00 becomes 02:00: 02:30 is there twice */
	{"Sun 02:00-03:00 Europe/Paris", "2026-10-25T00:30:00Z", true},
	{"Sun 02:00-03:00 Europe/Paris", "2026-10-25T01:30:00Z", true},
	{"Sun 02:00-03:00 Europe/Paris", "2026-10-25T02:00:00Z", false},
};

START_TEST(hold)
{
	struct zone *zone = NULL;
	struct week w;
	wall_ms at;

	ck_assert_msg(week_parse(&a, str_of(times[_i].text), &w, &err), "%s: %s", times[_i].text, err.text);
	if (w.zone_name.n)
		w.zone = zone = zone_load(w.zone_name, &err);
	ck_assert_msg(!w.zone_name.n || zone, "%s", err.text);
	ck_assert(wall_parse(str_of(times[_i].at), &at));
	ck_assert_msg(week_holds(&w, at) == times[_i].holds, "%s at %s", times[_i].text, times[_i].at);
	zone_free(zone);
}
END_TEST

static const struct {
	const char *text, *why;
} wrong[] = {
	{"", "`the end` where a day or an hour is wanted; hours are such as \"Mon-Fri 09:00-17:00 Europe/Paris\""},
	{"Mno 09:00-17:00", "`Mno` where a day or an hour is wanted"},
	{"Europe/Paris", "`Europe/Paris` where a day or an hour is wanted"},
	{"Mon-Fir 09:00-17:00", "`Fir` where a day is wanted"},
	{"09:00", "`the end` where `-` and an hour is wanted"},
	{"09:00-", "`the end` where an hour is wanted"},
	{"09:00-17", "`17` where an hour is wanted"},
	{"9-17", "`9-17` where a day or an hour is wanted"},
	{"09:60-17:00", "`09:60-17:00` where a day or an hour is wanted"},
	{"09:00-24:01", "`24:01` where an hour is wanted"},
	{"09:000-17:00", "`09:000-17:00` where a day or an hour is wanted"},
	{"09:00-09:00", "where an end that is not the beginning is wanted"},
	{"Mon 09:00-Mon 09:00", "where an end that is not the beginning is wanted"},
	{"Mon-Tue 16:00-Wed 08:00", "where hours of one day, as in \"Fri 16:00-Mon 08:00\", is wanted"},
	{"16:00-Wed 08:00", "where hours of one day, as in \"Fri 16:00-Mon 08:00\", is wanted"},
	{"Fri 16:00-Mon", "`the end` where an hour is wanted"},
	{"Mon,Wed,Fri 09:00-17:00", "either each part with commas has its hours or none has"},
	{"Mon Europe/Paris, Tue Europe/Paris", "`Europe/Paris,` where the end, or one time zone at the end, is wanted"},
	{"Mon Europe/Paris Europe/Rome", "`Europe/Paris` where the end, or one time zone at the end, is wanted"},
	{"Mon 09:00-17:00 18:00-19:00", "`18:00-19:00` where the end, or one time zone at the end, is wanted"},
	{"Mon,", "`the end` where a day or an hour is wanted"},
};

START_TEST(is_refused)
{
	struct week w;

	ck_assert_msg(!week_parse(&a, str_of(wrong[_i].text), &w, &err), "%s", wrong[_i].text);
	ck_assert_msg(strstr(err.text, wrong[_i].why), "%s: %s", wrong[_i].text, err.text);
}
END_TEST

START_TEST(has_a_limit)
{
	struct str text = S("Mon");
	struct week w;

	for (int i = 1; i < WEEK_PARTS_MAX; i++)
		text = arena_printf(&a, STR_FMT ",Mon", STR_ARG(text));
	ck_assert(week_parse(&a, text, &w, &err));
	ck_assert(!week_parse(&a, arena_printf(&a, STR_FMT ",Mon", STR_ARG(text)), &w, &err));
	ck_assert_str_eq(err.text, "more than 32 parts with commas in one time");
}
END_TEST

START_TEST(is_told)
{
	struct week w;

	ck_assert(week_parse(&a, S("Fri 16:00-Mon 08:00"), &w, &err));
	ck_str(week_reading(&w, &a, 1772809384000), "Fri 15:03 UTC"); /* 2026-03-06T15:03:04Z */
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"hours", hold, COUNT_OF(times)},
		{"hours", is_refused, COUNT_OF(wrong)},
		{"hours", has_a_limit, 0},
		{"hours", is_told, 0},
	};

	return unit_run_in("ops_week", tests, COUNT_OF(tests), open_arena, close_arena);
}
