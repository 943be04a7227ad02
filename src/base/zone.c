#include "base/zone.h"

#include "base/file.h"

#include <unistd.h>

#define TZIF_MAX (64 * KIB)         /* the largest of tzdata has 4 */
#define NAME_MAX_BYTES 64           /* the longest of tzdata has 32 */
#define OFFSET_MAX (26 * 3600)      /* RFC 8536 section 3.2: more than -25 h, less than 26 h */
#define TIME_MAX ((int64_t)1 << 59) /* RFC 8536 section 3.2: not before -2^59; so sums of times have room */
#define DAY_SECONDS 86400

/* A day of the year in a TZ text: "M3.2.0" is the second (5: the last) Sunday of March, "J60" the 1st of March in all years,
 * "59" the day after 59 others. */
enum rule_form { RULE_MONTH, RULE_JULIAN, RULE_COUNT };
struct rule_day {
	enum rule_form form;
	int month, week, day;
	int32_t seconds; /* from that day's midnight; may lie outside of that day */
};

/* The last line of a TZif file (POSIX TZ with the extensions of RFC 8536 section 3.3.1). */
struct rule {
	int32_t standard, summer; /* offsets */
	bool changes;             /* there is a summer time */
	struct rule_day start, end;
};

struct zone {
	size_t count;
	int64_t *at;     /* seconds; ascending */
	int32_t *offset; /* from at[i] on */
	int32_t before;  /* at[0] */
	bool has_rule;   /* from the last of `at` on; without any, always */
	struct rule rule;
};

static const char *zone_dir = "/usr/share/zoneinfo";

void zone_set_dir(const char *dir)
{
	zone_dir = dir;
}

/* Division towards the past, also before 1970. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The rule: when its two changes come in a year, and what they mean for an instant. */

static int64_t rule_day_of(const struct rule_day *d, int64_t year)
{
	int64_t first, day;
	int weekday;

	if (d->form != RULE_MONTH) {
		int64_t january = date_days(year, 1, 1);
		bool leap = date_days(year, 3, 1) - january == 60;

		return january + d->day - (d->form == RULE_JULIAN && !(leap && d->day >= 60));
	}
	first = date_days(year, (unsigned)d->month, 1);
	weekday = (int)(first + 4 - 7 * floor_div(first + 4, 7)); /* 1970-01-01 was a Thursday */
	day = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
	if (d->week == 5 &&
	    day >= (d->month == 12 ? date_days(year + 1, 1, 1) : date_days(year, (unsigned)d->month + 1, 1)))
		day -= 7;
	return day;
}

static int64_t rule_start(const struct rule *r, int64_t year)
{
	return rule_day_of(&r->start, year) * DAY_SECONDS + r->start.seconds - r->standard;
}

static int64_t rule_end(const struct rule *r, int64_t year)
{
	return rule_day_of(&r->end, year) * DAY_SECONDS + r->end.seconds - r->summer;
}

static int64_t year_of(int64_t second)
{
	unsigned month, day;
	int64_t year;

	date_of_days(floor_div(second, DAY_SECONDS), &year, &month, &day);
	return year;
}

/* The later of the last start and the last end decides. A rule may put a change of one year a week into the next one, so that
 * the last that came is one of two years ago; or into the year before. An end at the instant of a start is none: so summer
 * time all the year is written. */
static int32_t rule_offset(const struct rule *r, int64_t second)
{
	int64_t started = INT64_MIN, ended = INT64_MIN, year = year_of(second);

	if (!r->changes)
		return r->standard;
	for (int64_t y = year - 2; y <= year + 1; y++) {
		int64_t start = rule_start(r, y), end = rule_end(r, y);

		if (start <= second && start > started)
			started = start;
		if (end <= second && end > ended)
			ended = end;
	}
	return started >= ended ? r->summer : r->standard;
}

static bool rule_next(const struct rule *r, int64_t after, int64_t *next)
{
	int64_t year = year_of(after);
	int32_t now = rule_offset(r, after);
	bool found = false;

	if (!r->changes)
		return false;
	for (int64_t y = year - 1; y <= year + 2; y++) {
		int64_t both[] = {rule_start(r, y), rule_end(r, y)};

		for (size_t i = 0; i < COUNT_OF(both); i++)
			if (both[i] > after && (!found || both[i] < *next) && rule_offset(r, both[i]) != now) {
				*next = both[i];
				found = true;
			}
	}
	return found;
}

/* The zone: the table, then the rule. */

/* How many changes of the table have come by then. */
static size_t passed(const struct zone *z, int64_t second)
{
	size_t low = 0, high = z->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (z->at[middle] <= second)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int32_t offset_at(const struct zone *z, int64_t second)
{
	size_t n;

	if (!z)
		return 0;
	n = passed(z, second);
	if (n == z->count && z->has_rule)
		return rule_offset(&z->rule, second);
	return n ? z->offset[n - 1] : z->before;
}

static bool next_change(const struct zone *z, int64_t after, int64_t *next)
{
	int32_t now = offset_at(z, after);

	if (!z)
		return false;
	for (size_t i = passed(z, after); i < z->count; i++)
		if (offset_at(z, z->at[i]) != now) {
			*next = z->at[i];
			return true;
		}
	if (!z->has_rule)
		return false;
	if (z->count && after < z->at[z->count - 1])
		after = z->at[z->count - 1];
	return rule_next(&z->rule, after, next);
}

int32_t zone_offset(const struct zone *z, wall_ms at)
{
	return offset_at(z, floor_div(at, SECOND));
}

struct civil zone_civil(const struct zone *z, wall_ms at)
{
	int64_t second = floor_div(at, SECOND), days, year;
	unsigned month, day;
	int rest;

	second += offset_at(z, second);
	days = floor_div(second, DAY_SECONDS);
	rest = (int)(second - days * DAY_SECONDS);
	date_of_days(days, &year, &month, &day);
	return (struct civil){(int)year,
			      (int)month,
			      (int)day,
			      rest / 3600,
			      rest / 60 % 60,
			      rest % 60,
			      (int)(days + 4 - 7 * floor_div(days + 4, 7))};
}

static wall_ms ms_of(int64_t second)
{
	wall_ms at;

	if (__builtin_mul_overflow(second, SECOND, &at))
		return second < 0 ? INT64_MIN : INT64_MAX;
	return at;
}

wall_ms zone_next_change(const struct zone *z, wall_ms after)
{
	int64_t next;

	return next_change(z, floor_div(after, SECOND), &next) && next <= INT64_MAX / SECOND ? next * SECOND : 0;
}

/* Walks the changes around the reading. Between two of them the clock runs with one offset, so it reads `local` there once or
 * not at all; it skips it at a change before which it has not come so far, and after which it is further. */
wall_ms zone_wall(const struct zone *z, struct civil c, enum zone_pass pass)
{
	int64_t year = c.year + floor_div((int64_t)c.month - 1, 12);
	unsigned month = (unsigned)(c.month - 1 - 12 * floor_div((int64_t)c.month - 1, 12)) + 1;
	int64_t local = (date_days(year, month, 1) + c.day - 1) * DAY_SECONDS + (int64_t)c.hour * 3600 +
			(int64_t)c.minute * 60 + c.second;
	int64_t from = local - OFFSET_MAX, next, skipped = from, last = 0;
	bool found = false, more = true;

	for (; more && from <= local + OFFSET_MAX; from = next) {
		int64_t t = local - offset_at(z, from);

		more = next_change(z, from, &next);
		if (t >= from && (!more || t < next)) {
			last = t;
			found = true;
			if (pass == ZONE_FIRST)
				break;
		} else if (!found && more && t >= next && next + offset_at(z, next) > local) {
			skipped = next;
		}
	}
	return ms_of(found ? last : skipped);
}

/* Reading the rule: "CET-1CEST,M3.5.0,M10.5.0/3" */

static bool eat(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_n(s->p + 1, s->n - 1);
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool eat_number(struct str *s, int min, int max, int *out)
{
	size_t n = 0;

	for (*out = 0; n < s->n && n < 3 && is_digit(s->p[n]); n++)
		*out = *out * 10 + s->p[n] - '0';
	*s = str_n(s->p + n, s->n - n);
	return n && *out >= min && *out <= max;
}

/* "CEST" or "<+0330>": nobody needs it, but it must be one */
static bool eat_name(struct str *s)
{
	bool quoted = eat(s, '<');
	size_t n = 0;

	while (n < s->n && (is_letter(s->p[n]) || (quoted && (is_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-'))))
		n++;
	*s = str_n(s->p + n, s->n - n);
	return n >= 3 && (!quoted || eat(s, '>'));
}

/* [+-]h[hh][:mm[:ss]] as seconds */
static bool eat_time(struct str *s, int max_hours, int32_t *out)
{
	bool negative = eat(s, '-');
	int h, m = 0, sec = 0;

	if (!negative)
		eat(s, '+');
	if (!eat_number(s, 0, max_hours, &h))
		return false;
	if (eat(s, ':') && (!eat_number(s, 0, 59, &m) || (eat(s, ':') && !eat_number(s, 0, 59, &sec))))
		return false;
	*out = (h * 3600 + m * 60 + sec) * (negative ? -1 : 1);
	return true;
}

static bool eat_day(struct str *s, struct rule_day *d)
{
	*d = (struct rule_day){.form = RULE_COUNT, .seconds = 2 * 3600};
	if (!eat(s, ','))
		return false;
	if (eat(s, 'M')) {
		d->form = RULE_MONTH;
		if (!eat_number(s, 1, 12, &d->month) || !eat(s, '.') || !eat_number(s, 1, 5, &d->week) ||
		    !eat(s, '.') || !eat_number(s, 0, 6, &d->day))
			return false;
	} else if (eat(s, 'J')) {
		d->form = RULE_JULIAN;
		if (!eat_number(s, 1, 365, &d->day))
			return false;
	} else if (!eat_number(s, 0, 365, &d->day)) {
		return false;
	}
	return !eat(s, '/') || eat_time(s, 167, &d->seconds);
}

/* POSIX counts offsets to the west. Without rules of its own a summer time would follow rules of the machine: refused. */
static bool rule_parse(struct str s, struct rule *r)
{
	int32_t west;

	*r = (struct rule){0};
	if (!eat_name(&s) || !eat_time(&s, 24, &west))
		return false;
	r->standard = -west;
	if (!s.n)
		return true;
	if (!eat_name(&s))
		return false;
	r->changes = true;
	r->summer = r->standard + 3600;
	if (s.n && s.p[0] != ',') {
		if (!eat_time(&s, 24, &west))
			return false;
		r->summer = -west;
	}
	return eat_day(&s, &r->start) && eat_day(&s, &r->end) && !s.n;
}

/* Reading the file. */

struct header {
	unsigned char version;
	uint32_t ut_count, standard_count, leap_count, time_count, type_count, char_count;
};
#define HEADER_BYTES 44

static uint64_t big_endian(const char *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static int64_t read_time(const char *p, size_t bytes)
{
	return bytes == 4 ? (int32_t)big_endian(p, 4) : (int64_t)big_endian(p, 8);
}

static bool eat_header(struct str *s, struct header *h)
{
	const char *p = s->p;

	if (s->n < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return false;
	*h = (struct header){.version = (unsigned char)p[4],
			     .ut_count = (uint32_t)big_endian(p + 20, 4),
			     .standard_count = (uint32_t)big_endian(p + 24, 4),
			     .leap_count = (uint32_t)big_endian(p + 28, 4),
			     .time_count = (uint32_t)big_endian(p + 32, 4),
			     .type_count = (uint32_t)big_endian(p + 36, 4),
			     .char_count = (uint32_t)big_endian(p + 40, 4)};
	*s = str_n(p + HEADER_BYTES, s->n - HEADER_BYTES);
	return true;
}

/* Cuts the data behind a header off. */
static bool eat_data(struct str *s, const struct header *h, size_t time_bytes, const char **data)
{
	uint64_t n = (uint64_t)h->time_count * (time_bytes + 1) + (uint64_t)h->type_count * 6 + h->char_count +
		     (uint64_t)h->leap_count * (time_bytes + 4) + h->standard_count + h->ut_count;

	if (n > s->n)
		return false;
	*data = s->p;
	*s = str_n(s->p + n, s->n - n);
	return true;
}

/* Times, the index of a type for each, then the types: offset (4 bytes), summer time or not, index of the name. */
static bool take_data(struct zone *z, const struct header *h, const char *times, size_t time_bytes)
{
	const char *indexes = times + h->time_count * time_bytes, *types = indexes + h->time_count;

	if (!h->type_count)
		return false;
	for (uint32_t i = 0; i < h->type_count; i++) {
		int32_t offset = (int32_t)big_endian(types + i * 6, 4);

		if (offset <= -OFFSET_MAX || offset >= OFFSET_MAX)
			return false;
	}
	z->count = h->time_count;
	z->at = mem_new((z->count + 1) * sizeof *z->at);
	z->offset = mem_new((z->count + 1) * sizeof *z->offset);
	z->before = (int32_t)big_endian(types, 4);
	for (size_t i = 0; i < z->count; i++) {
		unsigned char type = (unsigned char)indexes[i];

		z->at[i] = read_time(times + i * time_bytes, time_bytes);
		if (type >= h->type_count || (i && z->at[i] <= z->at[i - 1]) || z->at[i] < -TIME_MAX ||
		    z->at[i] > TIME_MAX)
			return false;
		z->offset[i] = (int32_t)big_endian(types + type * 6, 4);
	}
	return true;
}

/* The last line; an empty one says that nothing changes any more. */
static bool take_rule(struct zone *z, struct str s)
{
	struct str line;

	if (!eat(&s, '\n'))
		return false;
	str_cut(s, '\n', &line);
	if (line.n == s.n)
		return false;
	z->has_rule = line.n > 0;
	return !z->has_rule || rule_parse(line, &z->rule);
}

/* Version 1 has times of 32 bits and no rule. Later ones begin with such a part, for old readers, and say all of it again. */
static bool take_file(struct zone *z, struct str s, struct err *err)
{
	size_t time_bytes = 4;
	const char *data;
	struct header h;

	if (!eat_header(&s, &h) || !eat_data(&s, &h, time_bytes, &data))
		goto bad;
	if (h.version) {
		time_bytes = 8;
		if (h.version < '2' || !eat_header(&s, &h) || !eat_data(&s, &h, time_bytes, &data))
			goto bad;
	}
	if (h.leap_count) {
		err_set(err, ERR_INVALID, "time zone information that counts leap seconds");
		return false;
	}
	if (take_data(z, &h, data, time_bytes) && (!h.version || take_rule(z, s)))
		return true;
bad:
	err_set(err, ERR_INVALID, "malformed time zone information");
	return false;
}

struct zone *zone_parse(struct str tzif, struct err *err)
{
	struct zone *z;

	if (tzif.n > TZIF_MAX) {
		err_set(err, ERR_INVALID, "time zone information of more than %u bytes", TZIF_MAX);
		return NULL;
	}
	z = mem_new(sizeof *z);
	if (take_file(z, tzif, err))
		return z;
	zone_free(z);
	return NULL;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	mem_free(z->at);
	mem_free(z->offset);
	mem_free(z);
}

/* No dot is among the letters, so there is no way out of the folder but a / in front. */
static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_letter(name.p[i]) && !is_digit(name.p[i]) && (!name.p[i] || !strchr("_+-/", name.p[i])))
			return false;
	return name.n && name.n <= NAME_MAX_BYTES && name.p[0] != '/';
}

static struct zone *read_zone(struct arena *a, struct str name, struct err *err)
{
	const char *path = arena_printf(a, "%s/" STR_FMT, zone_dir, STR_ARG(name)).p;
	struct err why = {0};
	struct zone *z;
	struct str tzif;

	if (!file_read(a, path, &tzif, &why)) {
		err_set(err, ERR_INVALID, "there is no time zone `" STR_FMT "`", STR_ARG(name));
		if (access(zone_dir, X_OK) != 0)
			err_prefix(err, "%s is missing (package tzdata): ", zone_dir);
		return NULL;
	}
	z = zone_parse(tzif, err);
	if (!z)
		err_prefix(err, "time zone `" STR_FMT "`: ", STR_ARG(name));
	return z;
}

struct zone *zone_load(struct str name, struct err *err)
{
	struct zone *z;
	struct arena a;

	if (str_is(name, "UTC"))
		return mem_new(sizeof *z);
	if (str_is(name, "Local")) {
		err_set(err, ERR_INVALID, "the time zone `Local` is not supported: name a place, like Europe/Berlin");
		return NULL;
	}
	if (!is_name(name)) {
		name = str_clip(name, NAME_MAX_BYTES);
		err_set(err, ERR_INVALID, "there is no time zone `" STR_FMT "`", STR_ARG(name));
		return NULL;
	}
	arena_init(&a);
	z = read_zone(&a, name, err);
	arena_done(&a);
	return z;
}
