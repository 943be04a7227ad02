/* Time intervals: what amtool 0.25 takes and refuses, and the answers of a year, minute by minute. */
#include "base/crypt.h"
#include "base/yaml.h"
#include "base/zone.h"
#include "ops/interval.h"
#include "unit.h"

#include <time.h>

#define ZONES OPSROOM_SOURCE "/tests/unit/zones"

static struct arena a;
static struct err err;

static void open_arena(void)
{
	arena_init(&a);
	err_clear(&err);
	zone_set_dir(ZONES);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct interval *read_yaml(const char *text)
{
	struct json *tree = yaml_parse(&a, arena_printf(&a, "x: %s", text), "t", &err);

	ck_assert_msg(tree, "%s: %s", text, err.text);
	return interval_new(json_get(tree, "x"), &err);
}

static struct str written(const struct interval *i)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, MIB);
	interval_write(&o, i);
	ck_assert(!b.failed);
	return buf_keep(&a, &b);
}

static wall_ms wall(const char *text)
{
	wall_ms at;

	ck_assert_msg(wall_parse(str_of(text), &at), "%s", text);
	return at;
}

/* Tried with amtool 0.25: how it is written again, or why it is refused. */
static const struct {
	const char *text, *out, *why;
} lists[] = {
	{"null", "[]"},
	{"[]", "[]"},
	{"[{}]", "[{}]"},
	{"[{times: [{start_time: '09:00', end_time: '17:00'}]}]",
	 "[{\"times\":[{\"start_time\":\"09:00\",\"end_time\":\"17:00\"}]}]"},
	{"[{times: [{start_time: 09:00, end_time: 24:00}]}]",
	 "[{\"times\":[{\"start_time\":\"09:00\",\"end_time\":\"24:00\"}]}]"},
	{"[{times: []}]", "[{\"times\":[]}]"},
	{"[{times: null}]", "[{}]"},
	{"[{weekdays: [Friday, 'sunday:saturday', 'monday:MONDAY']}]",
	 "[{\"weekdays\":[\"friday\",\"sunday:saturday\",\"monday\"]}]"},
	{"[{days_of_month: [1:5]}]", "[{\"days_of_month\":[\"1:5\"]}]"},
	{"[{days_of_month: [1, +5, 05, '-3:-1', '1:-1', '27:-1', '-31:-1']}]",
	 "[{\"days_of_month\":[\"1\",\"5\",\"5\",\"-3:-1\",\"1:-1\",\"27:-1\",\"-31:-1\"]}]"},
	{"[{months: ['january:march', '1:3', 12, 13, '0', '-5', DECEMBER]}]",
	 "[{\"months\":[\"1:3\",\"1:3\",\"12\",\"13\",\"0\",\"-5\",\"12\"]}]"},
	{"[{years: ['2020:2022', 2024, '-5', '0', 020]}]",
	 "[{\"years\":[\"2020:2022\",\"2024\",\"-5\",\"0\",\"20\"]}]"},
	{"[{location: 'Europe/Berlin'}, {location: Europe/Berlin}]",
	 "[{\"location\":\"Europe/Berlin\"},{\"location\":\"Europe/Berlin\"}]"},
	{"[{location: ''}]", "[{\"location\":\"UTC\"}]"},
	{"[{location: null}]", "[{}]"},
	{"[{location: UTC}]", "[{\"location\":\"UTC\"}]"},
	{"foo", .why = "time_intervals must be a list"},
	{"{a: b}", .why = "time_intervals must be a list"},
	{"[foo]", .why = "cannot read foo as a mapping"},
	{"[[]]", .why = "cannot read a list as a mapping"},
	{"[{foo: 1}]", .why = "field foo not found in a time interval"},
	{"[{time_zone: UTC}]", .why = "field time_zone not found in a time interval"},
	{"[{times: [{start_time: '17:00', end_time: '09:00'}]}]",
	 .why = "start time cannot be equal or greater than end time"},
	{"[{times: [{start_time: '24:00', end_time: '24:00'}]}]",
	 .why = "start time cannot be equal or greater than end time"},
	{"[{times: [{start_time: '9:00', end_time: '17:00'}]}]",
	 .why = "couldn't parse timestamp 9:00, invalid format"},
	{"[{times: [{start_time: '09:00', end_time: '24:01'}]}]",
	 .why = "couldn't parse timestamp 24:01, invalid format"},
	{"[{times: [{start_time: '09:60', end_time: '17:00'}]}]",
	 .why = "couldn't parse timestamp 09:60, invalid format"},
	{"[{times: [{start_time: '09-00', end_time: '17:00'}]}]",
	 .why = "couldn't parse timestamp 09-00, invalid format"},
	{"[{times: [{start_time: '09:00'}]}]", .why = "both start and end times must be provided"},
	{"[{times: [{start_time: '09:00', end_time: ''}]}]", .why = "both start and end times must be provided"},
	{"[{times: [{start_time: '09:00', end_time: null}]}]", .why = "both start and end times must be provided"},
	{"[{times: [{start_time: [a], end_time: '12:00'}]}]", .why = "cannot unmarshal !!seq into string"},
	{"[{times: [{start_time: '09:00', end_time: '17:00', foo: 1}]}]",
	 .why = "field foo not found in a range of times"},
	{"[{times: [[]]}]", .why = "cannot read a list as a mapping"},
	{"[{times: [foo]}]", .why = "cannot read foo as a mapping"},
	{"[{weekdays: friday}]", .why = "weekdays must be a list"},
	{"[{weekdays: {a: b}}]", .why = "weekdays must be a list"},
	{"[{weekdays: ['friday:monday']}]", .why = "start day cannot be before end day"},
	{"[{weekdays: ['monday : friday']}]", .why = "monday  is not a valid weekday"},
	{"[{weekdays: [' monday']}]", .why = " monday is not a valid weekday"},
	{"[{weekdays: [fri]}]", .why = "fri is not a valid weekday"},
	{"[{weekdays: [1]}]", .why = "1 is not a valid weekday"},
	{"[{weekdays: [true]}]", .why = "true is not a valid weekday"},
	{"[{weekdays: [on]}]", .why = "on is not a valid weekday"},
	{"[{weekdays: ['monday:']}]", .why = " is not a valid weekday"},
	{"[{weekdays: ['']}]", .why = " is not a valid weekday"},
	{"[{weekdays: [':']}]", .why = " is not a valid weekday"},
	{"[{weekdays: ['monday:tuesday:friday']}]",
	 .why = "couldn't parse range monday:tuesday:friday, invalid format"},
	{"[{weekdays: [[]]}]", .why = "cannot unmarshal !!seq into string"},
	{"[{weekdays: [{a: b}]}]", .why = "cannot unmarshal !!map into string"},
	{"[{days_of_month: ['5:1']}]", .why = "end day 1 is always before start day 5"},
	{"[{days_of_month: ['-1:-3']}]", .why = "end day -3 is always before start day -1"},
	{"[{days_of_month: ['-1:5']}]", .why = "end day must be negative if start day is negative"},
	{"[{days_of_month: ['28:-1']}]", .why = "end day -1 is always before start day 28"},
	{"[{days_of_month: ['31:-31']}]", .why = "end day -31 is always before start day 31"},
	{"[{days_of_month: ['0']}]", .why = "0 is not a valid day of the month: out of range"},
	{"[{days_of_month: ['32']}]", .why = "32 is not a valid day of the month: out of range"},
	{"[{days_of_month: ['-32']}]", .why = "-32 is not a valid day of the month: out of range"},
	{"[{days_of_month: [5.0]}]", .why = "strconv.Atoi: parsing \"5.0\": invalid syntax"},
	{"[{days_of_month: ['a']}]", .why = "strconv.Atoi: parsing \"a\": invalid syntax"},
	{"[{days_of_month: ['99999999999999999999']}]",
	 .why = "strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
	{"[{months: ['March:January']}]", .why = "end month january is before start month march"},
	{"[{months: ['13:12']}]", .why = "end month december is before start month "},
	{"[{months: [janu]}]", .why = "janu is not a valid month"},
	{"[{months: ['1:foo']}]", .why = "foo is not a valid month"},
	{"[{months: ['']}]", .why = " is not a valid month"},
	{"[{years: ['2022:2020']}]", .why = "end year 2020 is before start year 2022"},
	{"[{years: [abc]}]", .why = "strconv.Atoi: parsing \"abc\": invalid syntax"},
	{"[{years: [0x7e4]}]", .why = "strconv.Atoi: parsing \"0x7e4\": invalid syntax"},
	{"[{location: 'Nowhere/X'}]", .why = "there is no time zone `Nowhere/X`"},
	{"[{location: '../x'}]", .why = "there is no time zone `../x`"},
	{"[{location: 5}]", .why = "there is no time zone `5`"},
	{"[{location: [a]}]", .why = "cannot unmarshal !!seq into string"},
	/* amtool takes these: Local would mean another thing on another machine; what is empty is a slip, which means Sunday there */
	{"[null]", .why = "an entry of time_intervals is empty"},
	{"[{times: [null]}]", .why = "an entry of times is empty"},
	{"[{weekdays: [monday, ]}, null]", .why = "an entry of time_intervals is empty"},
	{"[{weekdays: [null]}]", .why = "an entry of weekdays is empty"},
	{"[{location: Local}]", .why = "the time zone `Local` is not supported: name a place, like Europe/Berlin"},
};

START_TEST(is_read)
{
	struct interval *i = read_yaml(lists[_i].text);
	struct json *again;
	struct str out;

	if (lists[_i].why) {
		ck_assert_msg(!i, "%s is taken", lists[_i].text);
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_str(str_of(err.text), arena_printf(&a, "line 1: %s", lists[_i].why).p);
		return;
	}
	ck_assert_msg(i, "%s: %s", lists[_i].text, err.text);
	out = written(i);
	ck_str(out, lists[_i].out);
	interval_free(i);
	again = json_parse(&a, out, JSON_STRICT, &err);
	i = interval_new(again, &err);
	ck_assert_msg(i, "%s", err.text);
	ck_str(written(i), lists[_i].out);
	interval_free(i);
}
END_TEST

START_TEST(the_line_is_told)
{
	ck_assert(!read_yaml("\n  - weekdays: [monday]\n  - times:\n    - start_time: 09:00\n      end_time: 08:00\n"));
	ck_assert_str_eq(err.text, "line 4: start time cannot be equal or greater than end time");
	err_clear(&err);
	ck_assert(!interval_new(json_parse(&a, S("[{\"years\":[\"x\"]}]"), JSON_STRICT, &err), &err));
	ck_assert_str_eq(err.text, "strconv.Atoi: parsing \"x\": invalid syntax"); /* JSON has no lines */
}
END_TEST

/* count times `one`, in a list with this beginning and end */
static struct interval *read_many(const char *head, const char *one, int count, const char *tail)
{
	struct buf b;

	buf_init(&b, MIB);
	buf_printf(&b, "%s", head);
	for (int n = 0; n < count; n++)
		buf_printf(&b, "%s%s", n ? "," : "", one);
	buf_printf(&b, "%s", tail);
	return read_yaml(buf_keep(&a, &b).p);
}

START_TEST(numbers_are_limited)
{
	struct interval *i = read_many("[", "{location: Europe/Berlin}", INTERVAL_MEMBERS_MAX, "]");

	ck_assert(i && interval_holds(i, 0));
	interval_free(i);
	ck_assert(!read_many("[", "{}", INTERVAL_MEMBERS_MAX + 1, "]"));
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	ck_assert_str_eq(err.text, "line 1: more than 256 members in one time interval");
	err_clear(&err);
	i = read_many("[{months: [", "12", INTERVAL_RANGES_MAX, "]}]");
	ck_assert(i);
	interval_free(i);
	ck_assert(!read_many("[{months: [", "12", INTERVAL_RANGES_MAX, "], years: [1]}]"));
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	ck_assert_str_eq(err.text, "line 1: more than 2048 ranges in one time interval");
	interval_free(NULL);
}
END_TEST

/* The oracle: the C library's clock, and the meaning of each case written out. In the loops there is no ck_assert(), which
 * writes to a pipe each time. */

static bool office(const struct tm *t)
{
	return t->tm_wday >= 1 && t->tm_wday <= 5 && t->tm_hour >= 9 && t->tm_hour < 17;
}

static bool night(const struct tm *t)
{
	return t->tm_hour < 6 || t->tm_hour >= 22;
}

static bool half_past_one_to_half_past_two(const struct tm *t)
{
	int minute = t->tm_hour * 60 + t->tm_min;

	return minute >= 90 && minute < 150;
}

static bool first_hour(const struct tm *t)
{
	return t->tm_hour == 0;
}

static bool friday(const struct tm *t)
{
	return t->tm_wday == 5;
}

static bool ends_of_months(const struct tm *t)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}; /* 2026 */
	int length = t->tm_year == 126 ? lengths[t->tm_mon] : 31;

	return t->tm_mday == 1 || t->tm_mday > length - 3;
}

static bool days_that_short_months_lack(const struct tm *t)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int length = t->tm_year == 126 ? lengths[t->tm_mon] : 31;

	return t->tm_mday >= 30 || t->tm_mday <= length - 30;
}

static bool freeze(const struct tm *t)
{
	return t->tm_year == 126 && (t->tm_mon == 2 || t->tm_mon >= 9) && t->tm_mday >= 20 && t->tm_mday <= 30 &&
	       (t->tm_wday == 0 || t->tm_wday == 6) && t->tm_hour >= 1 && t->tm_hour < 3;
}

static bool late_or_weekend(const struct tm *t)
{
	return t->tm_wday == 0 || t->tm_wday == 6 || t->tm_hour >= 18;
}

static bool always(const struct tm *t)
{
	(void)t;
	return true;
}

static bool never(const struct tm *t)
{
	(void)t;
	return false;
}

static const struct {
	const char *zone, *text;
	bool (*holds)(const struct tm *t);
} years[] = {
#define IN(zone, rest) zone, "[{location: " zone ", " rest "}]"
	{IN("Europe/Berlin", "weekdays: ['monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}]"), office},
	{IN("America/New_York", "weekdays: ['monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}]"),
	 office},
	{IN("America/New_York",
	    "times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:00'}]"),
	 night},
	{IN("America/New_York", "times: [{start_time: '01:30', end_time: '02:30'}]"), half_past_one_to_half_past_two},
	{IN("Australia/Lord_Howe", "times: [{start_time: '01:30', end_time: '02:30'}]"),
	 half_past_one_to_half_past_two},
	{IN("Europe/Dublin", "times: [{start_time: '01:30', end_time: '02:30'}]"), half_past_one_to_half_past_two},
	{IN("America/Havana", "times: [{start_time: '00:00', end_time: '01:00'}]"), first_hour},
	{IN("Africa/Cairo", "times: [{start_time: '00:00', end_time: '01:00'}]"), first_hour},
	{IN("Africa/Cairo", "weekdays: [friday]"), friday},
	{IN("Asia/Kolkata", "weekdays: [friday]"), friday},
	{IN("Europe/Berlin", "days_of_month: [1, '-3:-1']"), ends_of_months},
	{IN("Australia/Lord_Howe", "days_of_month: [1, '-3:-1']"), ends_of_months},
	{IN("Europe/Berlin", "days_of_month: ['30:31', '-31']"), days_that_short_months_lack},
	{IN("Europe/Berlin", "years: [2026], months: [march, '10:december'], days_of_month: ['20:30'], "
			     "weekdays: [sunday, saturday], times: [{start_time: '01:00', end_time: '03:00'}]"),
	 freeze},
	{"Europe/Berlin",
	 "[{location: Europe/Berlin, weekdays: [sunday, saturday]}, "
	 "{location: Europe/Berlin, times: [{start_time: '18:00', end_time: '24:00'}]}]",
	 late_or_weekend},
	{IN("Europe/Berlin", "times: [{start_time: '00:00', end_time: '24:00'}]"), always},
	{IN("Europe/Berlin", "weekdays: ['sunday:wednesday', 'thursday:saturday']"), always},
	{"Europe/Berlin", "[{}]", always},
	{"Europe/Berlin", "[]", never},
	{"Europe/Berlin", "[{weekdays: []}]", never},
	{"Europe/Berlin", "[{times: []}]", never},
	{"Europe/Berlin", "[{months: [13]}]", never},
#undef IN
};

START_TEST(a_year_minute_by_minute)
{
	struct interval *i = read_yaml(years[_i].text);
	wall_ms start = wall("2025-12-31T00:00:00Z"), end = wall("2027-01-02T00:00:00Z");
	wall_ms turn = 0, asked = start;
	bool before = false;

	ck_assert_msg(i, "%s", err.text);
	setenv("TZ", arena_printf(&a, ":" ZONES "/%s", years[_i].zone).p, 1);
	tzset();
	for (wall_ms at = start; at < end; at += MINUTE) {
		time_t t = at / SECOND;
		struct tm tm;
		bool holds;

		localtime_r(&t, &tm);
		holds = years[_i].holds(&tm);
		if (interval_holds(i, at) != holds || interval_holds(i, at + MINUTE - 1) != holds)
			ck_abort_msg("%s at %lld", years[_i].text, (long long)at);
		if (at == start) {
			turn = interval_turns(i, at);
		} else if (holds != before) {
			ck_assert_msg(turn == at, "%s: from %lld on %lld, not %lld", years[_i].text, (long long)asked,
				      (long long)turn, (long long)at);
			ck_assert_int_eq(interval_turns(i, at - 1), at);
			ck_assert_int_eq(interval_turns(i, at - 12345), at);
			turn = interval_turns(i, at);
			asked = at;
		}
		if (turn && turn <= at)
			ck_abort_msg("%s: %lld is no turn", years[_i].text, (long long)turn);
		before = holds;
	}
	interval_free(i);
}
END_TEST

/* Random intervals: the turns of a year against a scan of its minutes. */
static const char *random_text(uint64_t *seed, const char *const *texts, size_t count)
{
	*seed = hash_mix(*seed + 0x9e3779b97f4a7c15ull);
	return texts[*seed % count];
}

START_TEST(any_mixture_turns_where_it_turns)
{
	static const char *const places[] = {"Europe/Berlin", "America/New_York",    "America/Havana", "Africa/Cairo",
					     "Asia/Kolkata",  "Australia/Lord_Howe", "Pacific/Apia",   "UTC"};
	static const char *const times[] = {
		"",
		"",
		"times: [{start_time: '00:00', end_time: '00:01'}],",
		"times: [{start_time: '01:59', end_time: '02:01'}],",
		"times: [{start_time: '23:00', end_time: '24:00'}, {start_time: '02:30', end_time: '03:30'}],",
		"times: [{start_time: '08:00', end_time: '12:00'}, {start_time: '11:00', end_time: '20:00'}],"};
	static const char *const days[] = {"",
					   "weekdays: [sunday],",
					   "weekdays: ['monday:friday'],",
					   "days_of_month: ['-1'],",
					   "days_of_month: ['26:-2', 1],",
					   "weekdays: [saturday], days_of_month: ['1:7'],"};
	static const char *const rest[] = {"", "", "months: [march, 10, 11],", "years: ['2020:2026'],",
					   "months: ['4:4'], years: [2026],"};
	uint64_t seed = (uint64_t)_i * 1000;
	struct buf b;
	struct interval *i;
	wall_ms start = wall("2026-01-01T00:00:00Z"), end = wall("2027-01-01T00:00:00Z"), turn;
	bool held;

	buf_init(&b, 4 * KIB);
	buf_printf(&b, "[");
	for (int n = 0; n <= _i % 3; n++) {
		buf_printf(&b, "{%s", random_text(&seed, times, COUNT_OF(times)));
		buf_printf(&b, "%s", random_text(&seed, days, COUNT_OF(days)));
		buf_printf(&b, "%s", random_text(&seed, rest, COUNT_OF(rest)));
		buf_printf(&b, "location: %s},", random_text(&seed, places, COUNT_OF(places)));
	}
	buf_printf(&b, "]");
	i = read_yaml(buf_keep(&a, &b).p);
	ck_assert_msg(i, "%s", err.text);
	turn = interval_turns(i, start);
	held = interval_holds(i, start);
	for (wall_ms at = start; at < end; at += MINUTE) {
		bool holds = interval_holds(i, at);

		if ((turn == at) != (holds != held))
			ck_abort_msg("at %lld, turn %lld", (long long)at, (long long)turn);
		if (holds != held)
			turn = interval_turns(i, at);
		held = holds;
	}
	interval_free(i);
}
END_TEST

/* The clock of a place before it had hours of its own ran off by minutes and seconds; ranges begin by it too. */
START_TEST(turns_at_a_second)
{
	struct interval *i =
		read_yaml("[{times: [{start_time: '09:00', end_time: '17:00'}], location: Europe/Berlin}]");
	wall_ms at = wall("1890-01-01T08:06:31.999Z");

	ck_assert(!interval_holds(i, at)); /* Berlin was 53 min 28 s ahead */
	ck_assert(interval_holds(i, at + 1));
	ck_assert_int_eq(interval_turns(i, at), at + 1);
	ck_assert_int_eq(interval_turns(i, at - 700), at + 1);
	interval_free(i);
}
END_TEST

START_TEST(looks_a_year_ahead)
{
	struct interval *i = read_yaml("[{years: [2030]}]");

	ck_assert_int_eq(interval_turns(i, wall("2026-01-01T00:00:00Z")), 0);
	ck_assert_int_eq(interval_turns(i, wall("2028-12-30T00:00:00Z")), 0);
	ck_assert_int_eq(interval_turns(i, wall("2028-12-31T00:00:00Z")), wall("2030-01-01T00:00:00Z"));
	ck_assert_int_eq(interval_turns(i, wall("2030-01-01T00:00:00Z")), wall("2031-01-01T00:00:00Z"));
	ck_assert_int_eq(interval_turns(i, wall("2031-01-01T00:00:00Z")), 0);
	ck_assert_int_eq(interval_turns(i, INT64_MAX), 0);
	ck_assert_int_eq(interval_turns(i, INT64_MIN), 0);
	interval_holds(i, INT64_MAX);
	interval_holds(i, INT64_MIN);
	interval_free(i);
	i = read_yaml("[{months: [2], days_of_month: [29]}]");
	ck_assert_int_eq(interval_turns(i, wall("2027-03-01T00:00:00Z")), wall("2028-02-29T00:00:00Z"));
	ck_assert_int_eq(interval_turns(i, wall("2026-03-01T00:00:00Z")), 0);
	interval_free(i);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"read", is_read, .times = COUNT_OF(lists)},
		{"read", the_line_is_told},
		{"read", numbers_are_limited},
		{"turn", a_year_minute_by_minute, .times = COUNT_OF(years)},
		{"turn", any_mixture_turns_where_it_turns, .times = 60},
		{"turn", turns_at_a_second},
		{"turn", looks_a_year_ahead},
	};

	return unit_run_in("ops/interval", tests, COUNT_OF(tests), open_arena, close_arena);
}
