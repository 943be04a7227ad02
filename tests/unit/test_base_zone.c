/* Time zones: the files of tests/unit/zones, against known instants and against the C library. */
#include "base/crypt.h"
#include "base/zone.h"
#include "unit.h"

#include <time.h>

#define ZONES OPSROOM_SOURCE "/tests/unit/zones"

static struct err err;

static void use_zones(void)
{
	zone_set_dir(ZONES);
	err_clear(&err);
}

static void end_zones(void)
{
}

static struct zone *load(const char *name)
{
	struct zone *z = zone_load(str_of(name), &err);

	ck_assert_msg(z, "%s: %s", name, err.text);
	return z;
}

static wall_ms wall(const char *text)
{
	wall_ms at;

	ck_assert_msg(wall_parse(str_of(text), &at), "%s", text);
	return at;
}

static struct civil civil(const char *text)
{
	struct civil c = {0};

	ck_assert_int_eq(sscanf(text, "%d-%d-%d %d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute), 5);
	return c;
}

/* A clock in the night in which it is changed, and in others. */
static const struct {
	const char *zone, *reads, *first, *last;
} readings[] = {
	{"America/New_York", "2026-03-08 02:30", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-03-08 02:00", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-03-08 03:00", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-03-08 01:59", "2026-03-08T06:59:00Z", "2026-03-08T06:59:00Z"},
	{"America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"},
	{"America/New_York", "2026-11-01 02:00", "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z"},
	{"America/New_York", "2026-11-01 01:00", "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"},
	{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:30:00Z", "2026-10-03T15:30:00Z"},
	{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
	{"Africa/Cairo", "2026-04-24 00:00", "2026-04-23T22:00:00Z", "2026-04-23T22:00:00Z"},
	{"America/Havana", "2026-11-01 00:30", "2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z"},
	{"America/New_York", "2026-03-07 02:30", "2026-03-07T07:30:00Z", "2026-03-07T07:30:00Z"},
	{"America/New_York", "2026-03-09 02:30", "2026-03-09T06:30:00Z", "2026-03-09T06:30:00Z"},
	{"Europe/Berlin", "2026-03-28 20:00", "2026-03-28T19:00:00Z", "2026-03-28T19:00:00Z"},
	{"Europe/Berlin", "2026-03-29 08:00", "2026-03-29T06:00:00Z", "2026-03-29T06:00:00Z"},
	{"Australia/Lord_Howe", "2026-04-12 01:45", "2026-04-11T15:15:00Z", "2026-04-11T15:15:00Z"},
	{"Asia/Kolkata", "2026-01-01 05:30", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
	{"Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"}, /* a day that was not */
	/* by the rule, after the last change of the table */
	{"America/New_York", "2126-03-10 02:30", "2126-03-10T07:00:00Z", "2126-03-10T07:00:00Z"},
	{"America/New_York", "2126-11-03 01:30", "2126-11-03T05:30:00Z", "2126-11-03T06:30:00Z"},
	{"Europe/Dublin", "2126-07-01 12:00", "2126-07-01T11:00:00Z", "2126-07-01T11:00:00Z"},
	{"Europe/Dublin", "2126-12-01 12:00", "2126-12-01T12:00:00Z", "2126-12-01T12:00:00Z"},
	/* past their range */
	{"Europe/Berlin", "2026-01-01 24:00", "2026-01-01T23:00:00Z", "2026-01-01T23:00:00Z"},
	{"Europe/Berlin", "2026-02-31 00:00", "2026-03-02T23:00:00Z", "2026-03-02T23:00:00Z"},
	{"Europe/Berlin", "2026-14-01 00:00", "2027-01-31T23:00:00Z", "2027-01-31T23:00:00Z"},
	{"Europe/Berlin", "2026-00-00 00:00", "2025-11-29T23:00:00Z", "2025-11-29T23:00:00Z"},
	{"UTC", "2026-03-08 02:30", "2026-03-08T02:30:00Z", "2026-03-08T02:30:00Z"},
};

START_TEST(reads_to_instants)
{
	struct zone *z = load(readings[_i].zone);
	struct civil c = civil(readings[_i].reads);
	char first[WALL_TEXT_SIZE], last[WALL_TEXT_SIZE];

	wall_write(first, zone_wall(z, c, ZONE_FIRST));
	wall_write(last, zone_wall(z, c, ZONE_LAST));
	ck_assert_msg(wall(first) == wall(readings[_i].first), "first %s", first);
	ck_assert_msg(wall(last) == wall(readings[_i].last), "last %s", last);
	zone_free(z);
}
END_TEST

static const char *const vendored[] = {"Africa/Cairo",        "America/Havana", "America/New_York", "Asia/Kolkata",
				       "Australia/Lord_Howe", "Europe/Berlin",  "Europe/Dublin",    "Pacific/Apia"};

/* glibc reads the same file; it shares no line with us. */
START_TEST(says_what_the_c_library_says)
{
	struct zone *z = load(vendored[_i]);
	uint64_t seed = 7;
	char tz[512];

	snprintf(tz, sizeof tz, ":" ZONES "/%s", vendored[_i]);
	setenv("TZ", tz, 1);
	tzset();
	for (int i = 0; i < 100000; i++) {
		struct civil c;
		time_t t;
		struct tm tm;

		seed = hash_mix(seed + 0x9e3779b97f4a7c15ull);
		t = (time_t)(seed % 7258118400ull) - 2208988800; /* 1900 to 2130 */
		localtime_r(&t, &tm);
		c = zone_civil(z, t * SECOND + 999);
		if (zone_offset(z, t * SECOND) != tm.tm_gmtoff)
			ck_abort_msg("%lld: %d, not %ld", (long long)t, zone_offset(z, t * SECOND), tm.tm_gmtoff);
		if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday ||
		    c.hour != tm.tm_hour || c.minute != tm.tm_min || c.second != tm.tm_sec || c.weekday != tm.tm_wday)
			ck_abort_msg("%lld: %d-%d-%d", (long long)t, c.year, c.month, c.day);
	}
	zone_free(z);
}
END_TEST

/* Between two changes the offset stands still; at a change it is another one a second before. */
START_TEST(changes_are_where_the_offset_changes)
{
	struct zone *z = load(vendored[_i]);
	wall_ms at = wall("1890-01-01T00:00:00Z"), end = wall("2101-01-01T00:00:00Z"), next;
	int changes = 0;

	for (; (next = zone_next_change(z, at)) && next < end; at = next) {
		ck_assert_int_gt(next, at);
		ck_assert_int_ne(zone_offset(z, next), zone_offset(z, next - 1));
		for (wall_ms t = at; t<next; t += next - at> 400 * DAY ? 5 * DAY : 3 * HOUR)
			if (zone_offset(z, t) != zone_offset(z, at))
				ck_abort_msg("it changes at %lld", (long long)t);
		ck_assert_int_eq(zone_next_change(z, next - 1), next);
		changes++;
	}
	ck_assert_int_gt(changes, 2);
	zone_free(z);
}
END_TEST

/* S1 of the schedules by brute force: all instants around a change, minute by minute. */
START_TEST(first_and_last_agree_with_a_scan)
{
	struct zone *z = load(vendored[_i]);
	wall_ms change = wall("2026-01-01T00:00:00Z");

	for (int n = 0; n < 4 && (change = zone_next_change(z, change)); n++)
		for (int minute = -180; minute <= 180; minute++) {
			struct civil c =
				zone_civil(NULL, change + zone_offset(z, change - 1) * SECOND + minute * MINUTE);
			wall_ms first = 0, last = 0;

			for (wall_ms t = change - 6 * HOUR; t <= change + 6 * HOUR; t += MINUTE) {
				struct civil there = zone_civil(z, t);

				if (there.day != c.day || there.hour != c.hour || there.minute != c.minute)
					continue;
				first = first ? first : t;
				last = t;
			}
			ck_assert_int_eq(zone_wall(z, c, ZONE_FIRST), first ? first : change);
			ck_assert_int_eq(zone_wall(z, c, ZONE_LAST), last ? last : change);
		}
	zone_free(z);
}
END_TEST

START_TEST(utc_needs_no_file)
{
	struct zone *z;

	zone_set_dir("/nowhere");
	z = load("UTC");
	ck_assert_int_eq(zone_offset(z, 0), 0);
	ck_assert_int_eq(zone_next_change(z, 0), 0);
	ck_assert_int_eq(zone_offset(NULL, 0), 0);
	ck_assert_int_eq(zone_next_change(NULL, 0), 0);
	ck_assert_int_eq(zone_civil(NULL, -1).year, 1969);
	ck_assert_int_eq(zone_civil(NULL, -1).second, 59);
	ck_assert_int_eq(zone_civil(NULL, 0).weekday, 4);
	zone_free(z);
	zone_free(NULL);
	ck_assert(!zone_load(S("Europe/Berlin"), &err));
	ck_assert_str_eq(err.text, "/nowhere is missing (package tzdata): there is no time zone `Europe/Berlin`");
}
END_TEST

static const struct {
	const char *name, *why;
} wrong_names[] = {
	{"Europe/Nowhere", "there is no time zone `Europe/Nowhere`"},
	{"", "there is no time zone ``"},
	{"/etc/passwd", "there is no time zone `/etc/passwd`"},
	{"../zones/Europe/Berlin", "there is no time zone `../zones/Europe/Berlin`"},
	{"Europe/../Europe/Berlin", "there is no time zone `Europe/../Europe/Berlin`"},
	{"README.md", "there is no time zone `README.md`"},
	{"Europe", "there is no time zone `Europe`"},
	{"Europe/Berlin ", "there is no time zone `Europe/Berlin `"},
	{"Local", "the time zone `Local` is not supported: name a place, like Europe/Berlin"},
	{"Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin",
	 "there is no time zone `Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/B`"},
};

START_TEST(refuses_names)
{
	ck_assert(!zone_load(str_of(wrong_names[_i].name), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, wrong_names[_i].why);
}
END_TEST

START_TEST(refuses_a_name_with_nul)
{
	ck_assert(!zone_load(S("Europe/Berlin\0x"), &err));
}
END_TEST

/* A file of version 2 with one type, UTC, no change, and this last line. */
static struct zone *of_rule(const char *rule)
{
	static const char header[] =
		"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
		"\0\0\0\0\0\0UTC";
	struct zone *z;
	struct buf b;

	buf_init(&b, KIB);
	buf_add(&b, str_n(header, sizeof header));
	buf_add(&b, str_n(header, sizeof header));
	buf_printf(&b, "\n%s\n", rule);
	z = zone_parse(buf_str(&b), &err);
	buf_done(&b);
	return z;
}

static const struct {
	const char *rule, *at;
	int offset; /* minutes; NO: refused */
	const char *next;
} rules[] = {
#define NO 9999
	{"", "2026-01-01T00:00:00Z", 0, NULL},
	{"UTC0", "2026-01-01T00:00:00Z", 0, NULL},
	{"<+0330>-3:30", "2026-01-01T00:00:00Z", 210, NULL},
	{"XXX+5:30", "2026-01-01T00:00:00Z", -330, NULL},
	{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-01T00:00:00Z", 60, "2026-03-29T01:00:00Z"},
	{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 60, "2026-03-29T01:00:00Z"},
	{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 120, "2026-10-25T01:00:00Z"},
	{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-31T23:59:59Z", 60, "2027-03-28T01:00:00Z"},
	{"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-28T00:00:00Z", 180, "2026-10-23T23:00:00Z"}, /* Gaza */
	{"EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-27T23:59:59Z", 120, "2026-03-28T00:00:00Z"},
	{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -120, "2026-03-29T01:00:00Z"}, /* Nuuk */
	{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0,
	 "2026-03-29T01:00:00Z"}, /* Dublin: winter is the exception */
	{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 60, "2026-10-25T01:00:00Z"},
	{"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 660, "2026-04-04T16:00:00Z"}, /* over the new year */
	{"EST5EDT,0/0,J365/25", "2026-01-01T05:00:00Z", -240, NULL}, /* summer all the year: RFC 8536 section 3.3.1 */
	{"EST5EDT,0/0,J365/25", "2026-07-01T00:00:00Z", -240, NULL},
	{"EST5EDT,0/0,J365/65", "2025-12-31T23:59:59Z", -300,
	 "2026-01-01T05:00:00Z"}, /* ends after the next one began */
	{"EST5EDT,0/0,J365/65", "2026-01-01T00:00:00Z", -300, "2026-01-01T05:00:00Z"},
	{"EST5EDT,0/0,J365/65", "2026-01-01T05:00:00Z", -240, "2026-01-02T21:00:00Z"},
	{"XXX0YYY,J60/0,J61/0", "2028-03-01T00:00:00Z", 60, "2028-03-01T23:00:00Z"}, /* J60 is the 1st of March, */
	{"XXX0YYY,J60/0,J61/0", "2027-03-01T00:00:00Z", 60, "2027-03-01T23:00:00Z"},
	{"XXX0YYY,59/0,60/0", "2028-02-29T00:00:00Z", 60, "2028-02-29T23:00:00Z"}, /* 59 in a leap year is not */
	{"XXX0YYY,59/0,60/0", "2027-03-01T00:00:00Z", 60, "2027-03-01T23:00:00Z"},
	{"XXX0YYY0,59/0,60/0", "2027-03-01T00:00:00Z", 0, NULL}, /* only the name changes */
	{"XXX", "", NO, NULL},
	{"XX0", "", NO, NULL},
	{"<XXX0", "", NO, NULL},
	{"XXX25", "", NO, NULL},
	{"XXX0:60", "", NO, NULL},
	{"XXX0YYY", "", NO, NULL},
	{"XXX0YYY,M3.5.0", "", NO, NULL},
	{"XXX0YYY,M13.5.0,M10.5.0", "", NO, NULL},
	{"XXX0YYY,M3.6.0,M10.5.0", "", NO, NULL},
	{"XXX0YYY,M3.5.7,M10.5.0", "", NO, NULL},
	{"XXX0YYY,J0,J1", "", NO, NULL},
	{"XXX0YYY,0,366", "", NO, NULL},
	{"XXX0YYY,0,1/168", "", NO, NULL},
	{"XXX0YYY,0,1x", "", NO, NULL},
	{"XXX99999999999", "", NO, NULL},
};

START_TEST(rules_are_read)
{
	struct zone *z = of_rule(rules[_i].rule);
	wall_ms at;

	if (rules[_i].offset == NO) {
		ck_assert(!z);
		ck_assert_str_eq(err.text, "malformed time zone information");
		return;
	}
	ck_assert_msg(z, "%s: %s", rules[_i].rule, err.text);
	at = wall(rules[_i].at);
	ck_assert_int_eq(zone_offset(z, at), rules[_i].offset * 60);
	ck_assert_int_eq(zone_next_change(z, at), rules[_i].next ? wall(rules[_i].next) : 0);
	zone_free(z);
}
END_TEST

static struct str read_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "rb");

	ck_assert_msg(f, "%s", path);
	buf_init(b, 64 * KIB);
	ck_assert(buf_room(b, 32 * KIB));
	b->n = fread(b->p, 1, 32 * KIB, f);
	fclose(f);
	return buf_str(b);
}

START_TEST(what_is_cut_off_is_refused)
{
	struct buf b;
	struct str all = read_file(&b, ZONES "/Europe/Berlin");

	for (size_t n = 0; n < all.n; n++) {
		char *part = malloc(n + 1);

		memcpy(part, all.p, n);
		ck_assert_msg(!zone_parse(str_n(part, n), &err), "%zu of %zu bytes", n, all.n);
		ck_assert_int_eq(err.code, ERR_INVALID);
		err_clear(&err);
		free(part);
	}
	buf_done(&b);
}
END_TEST

/* Until 2037 the first part of a file says the same, with 32 bits. */
START_TEST(version_one_is_read)
{
	struct buf b;
	struct str all = read_file(&b, ZONES "/Europe/Berlin");
	struct zone *now = zone_parse(all, &err), *old;

	b.p[4] = '\0';
	old = zone_parse(all, &err);
	ck_assert(now && old);
	for (wall_ms at = wall("1910-01-01T00:00:00Z"); at < wall("2037-01-01T00:00:00Z"); at += 7 * HOUR)
		ck_assert_int_eq(zone_offset(now, at), zone_offset(old, at));
	ck_assert_int_eq(zone_offset(now, wall("2040-07-01T00:00:00Z")), 7200);
	ck_assert_int_eq(zone_offset(old, wall("2040-07-01T00:00:00Z")), 3600);
	ck_assert_int_eq(zone_next_change(old, wall("2040-07-01T00:00:00Z")), 0);
	zone_free(now);
	zone_free(old);
	b.p[4] = '1';
	ck_assert(!zone_parse(all, &err));
	buf_done(&b);
}
END_TEST

START_TEST(bounds)
{
	static const wall_ms far[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, -1, 0, 1};
	static const int odd[] = {INT32_MAX, INT32_MIN, 0};
	struct zone *z = load("America/New_York");
	struct buf b;

	for (size_t i = 0; i < COUNT_OF(far); i++) {
		struct civil c = zone_civil(z, far[i]);

		ck_assert(c.month >= 1 && c.month <= 12 && c.weekday >= 0 && c.weekday <= 6);
		ck_assert(zone_next_change(z, far[i]) > far[i] || far[i] > INT64_MAX - 400 * DAY);
	}
	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		int o = odd[i];
		wall_ms at = zone_wall(z, (struct civil){o, o, o, o, o, o, o}, ZONE_LAST);

		ck_assert(o <= 0 ? at < 0 : at == INT64_MAX);
	}
	zone_free(z);
	buf_init(&b, MIB);
	memset(buf_room(&b, 65537), 0, 65537);
	b.n = 65537;
	ck_assert(!zone_parse(buf_str(&b), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, "time zone information of more than 65536 bytes");
	buf_done(&b);
}
END_TEST

START_TEST(leap_seconds_are_refused)
{
	struct buf b;
	struct str all = read_file(&b, ZONES "/Europe/Berlin");

	/* Of the first part: with its version taken away it is the only one, and the leap seconds are cut out of the names. */
	b.p[4] = '\0';
	b.p[31] = 1;
	b.p[43] -= 8;
	ck_assert(!zone_parse(all, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, "time zone information that counts leap seconds");
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"wall", reads_to_instants, .times = COUNT_OF(readings)},
		{"wall", first_and_last_agree_with_a_scan,
		 .times = COUNT_OF(vendored) - 2}, /* the last two: Dublin is as Berlin, Apia rests */
		{"offset", says_what_the_c_library_says, .times = COUNT_OF(vendored)},
		{"offset", changes_are_where_the_offset_changes, .times = COUNT_OF(vendored)},
		{"file", utc_needs_no_file},
		{"file", refuses_names, .times = COUNT_OF(wrong_names)},
		{"file", refuses_a_name_with_nul},
		{"file", rules_are_read, .times = COUNT_OF(rules)},
		{"file", what_is_cut_off_is_refused},
		{"file", version_one_is_read},
		{"file", leap_seconds_are_refused},
		{"bounds", bounds},
	};

	return unit_run_in("base/zone", tests, COUNT_OF(tests), use_zones, end_zones);
}
