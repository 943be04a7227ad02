/* When a planned call runs: its first time, its beat, and what becomes of times that were missed. */
#include "ops/plan.h"
#include "unit.h"

#define T ((wall_ms)1772417700000)

static const struct {
	span_ms next, every; /* next: from T; now is T */
	bool run;
	int64_t missed;
	span_ms then; /* from T; 0: never */
} turns[] = {
	{0, 0, true, 0, 0},                                     /* once, in time */
	{-HOUR + 1, 0, true, 0, 0},                             /* late, but not too late */
	{-HOUR, 0, false, 1, 0},                                /* too late */
	{0, HOUR, true, 0, HOUR},                               /* again and again, in time */
	{-10, HOUR, true, 0, HOUR - 10},                        /* what is late moves no later one */
	{-30 * MINUTE, MINUTE, true, 30, MINUTE},               /* thirty times passed: once */
	{-30 * HOUR, DAY, false, 2, 18 * HOUR},                 /* the last was six hours ago */
	{-25 * HOUR + 1, DAY, true, 1, 23 * HOUR + 1},          /* the last was not quite an hour ago */
	{-24 * HOUR, DAY, true, 1, DAY},
};

START_TEST(a_turn)
{
	struct plan_turn t;

	plan_turn_at(T + turns[_i].next, turns[_i].every, T, &t);
	ck_assert_int_eq(t.run, turns[_i].run);
	ck_assert_int_eq(t.missed, turns[_i].missed);
	ck_assert_int_eq(t.next, turns[_i].then ? T + turns[_i].then : 0);
}
END_TEST

static const struct {
	span_ms at, every; /* at: from T; 0: not said */
	bool late_ok;
	span_ms first;     /* from T; -1: refused */
	const char *why;
} firsts[] = {
	{HOUR, 0, false, HOUR, NULL},
	{0, HOUR, false, HOUR, NULL},
	{3 * HOUR, HOUR, false, 3 * HOUR, NULL},
	{-1, 0, false, -1, "the time of --at has passed already"},
	{-1, 0, true, 0, NULL},
	{0, MINUTE - 1, false, -1, "--every is a minute at least"},
	{0, MINUTE, false, MINUTE, NULL},
	{366 * DAY + 1, 0, false, -1, "that is more than a year ahead"},
	{HOUR, 367 * DAY, false, -1, "that is more than a year ahead"},
};

START_TEST(a_first_time)
{
	struct err err = {0};
	wall_ms first = 0;

	ck_assert_int_eq(plan_first(firsts[_i].at ? T + firsts[_i].at : 0, firsts[_i].every, T, firsts[_i].late_ok, &first, &err), !firsts[_i].why);
	if (firsts[_i].why)
		ck_assert_str_eq(err.text, firsts[_i].why);
	else
		ck_assert_int_eq(first, T + firsts[_i].first);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"turn", a_turn, .times = COUNT_OF(turns)},
		{"first", a_first_time, .times = COUNT_OF(firsts)},
	};

	return unit_run("ops_plan", tests, COUNT_OF(tests));
}
