#include "ops/week.h"

#define DAY_MINUTES (24 * 60)
#define WEEK_MINUTES (7 * DAY_MINUTES)

static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

struct reader {
	struct arena *arena;
	struct vec spans;
	struct str rest;
	struct err *err;
};

static void skip_blanks(struct reader *r)
{
	r->rest = str_trim(r->rest);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip(struct reader *r, size_t n)
{
	r->rest = str_n(r->rest.p + n, r->rest.n - n);
	skip_blanks(r);
}

/* A zone begins with a letter too, so nothing is taken unless it is a day: no zone is a day's name. */
static bool take_day(struct reader *r, unsigned *day)
{
	size_t n = 0;

	while (n < r->rest.n && (is_letter(r->rest.p[n]) || r->rest.p[n] == '/' || r->rest.p[n] == '_'))
		n++;
	for (*day = 0; *day < 7; ++*day) {
		struct str word = str_n(r->rest.p, n), name = str_of(days[*day]);

		if (str_eq_nocase(word, name) || str_eq_nocase(word, str_n(name.p, 3))) {
			skip(r, n);
			return true;
		}
	}
	return false;
}

static bool take_number(struct str *s, int *out)
{
	size_t n = 0;

	for (*out = 0; n < s->n && n < 2 && is_digit(s->p[n]); n++)
		*out = *out * 10 + (s->p[n] - '0');
	*s = str_n(s->p + n, s->n - n);
	return n > 0;
}

/* 9:00, 09:00, 24:00 */
static bool take_hour(struct reader *r, unsigned *minutes)
{
	struct str s = r->rest;
	int hour, minute;

	if (!take_number(&s, &hour) || !s.n || s.p[0] != ':')
		return false;
	s = str_n(s.p + 1, s.n - 1);
	if (s.n < 2 || !is_digit(s.p[1]) || !take_number(&s, &minute) || (s.n && is_digit(s.p[0])) || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return false;
	*minutes = (unsigned)(hour * 60 + minute);
	r->rest = s;
	skip_blanks(r);
	return true;
}

static bool take_dash(struct reader *r)
{
	if (!r->rest.n || r->rest.p[0] != '-')
		return false;
	skip(r, 1);
	return true;
}

static bool wrong(struct reader *r, const char *what)
{
	struct str word, rest = r->rest;

	if (!str_word(&rest, &word))
		word = S("the end");
	err_set(r->err, ERR_INVALID, "`" STR_FMT "` where %s is wanted; hours are such as \"Mon-Fri 09:00-17:00 Europe/Paris\"", STR_ARG(str_clip(word, 60)), what);
	return false;
}

static void add(struct reader *r, unsigned from, unsigned to)
{
	*(struct week_span *)vec_push(r->arena, &r->spans, sizeof(struct week_span)) =
		(struct week_span){(uint16_t)(from % WEEK_MINUTES), (uint16_t)(to % WEEK_MINUTES)};
}

/* On each day from first to last, the week going round. */
static void add_days(struct reader *r, unsigned first, unsigned last, unsigned from, unsigned to)
{
	for (unsigned day = first;; day = (day + 1) % 7) {
		add(r, day * DAY_MINUTES + from, day * DAY_MINUTES + to + (to <= from ? DAY_MINUTES : 0));
		if (day == last)
			return;
	}
}

/* What follows `Fri 16:00-` is a day, or an hour. */
static bool read_until(struct reader *r, bool has_days, unsigned first, unsigned last, unsigned from)
{
	unsigned day, to;

	if (take_day(r, &day)) {
		if (!has_days || first != last)
			return wrong(r, "hours of one day, as in \"Fri 16:00-Mon 08:00\",");
		if (!take_hour(r, &to))
			return wrong(r, "an hour");
		if (first * DAY_MINUTES + from == day * DAY_MINUTES + to)
			return wrong(r, "an end that is not the beginning");
		add(r, first * DAY_MINUTES + from, day * DAY_MINUTES + to);
		return true;
	}
	if (!take_hour(r, &to))
		return wrong(r, "an hour");
	if (to == from)
		return wrong(r, "an end that is not the beginning");
	add_days(r, first, last, from, to);
	return true;
}

static bool read_part(struct reader *r, bool *with_hours)
{
	unsigned first = 0, last = 6, from;
	bool has_days = take_day(r, &first);

	if (has_days) {
		last = first;
		if (take_dash(r) && !take_day(r, &last))
			return wrong(r, "a day");
	}
	*with_hours = take_hour(r, &from);
	if (*with_hours)
		return take_dash(r) ? read_until(r, has_days, first, last, from) : wrong(r, "`-` and an hour");
	if (!has_days)
		return wrong(r, "a day or an hour");
	add_days(r, first, last, 0, DAY_MINUTES);
	return true;
}

bool week_parse(struct arena *a, struct str text, struct week *out, struct err *err)
{
	struct reader r = {.arena = a, .rest = text, .err = err};
	bool some_hours = false, some_whole = false, with_hours;

	skip_blanks(&r);
	for (unsigned parts = 0;; parts++) {
		if (parts == WEEK_PARTS_MAX) {
			err_set(err, ERR_INVALID, "more than %d parts with commas in one time", WEEK_PARTS_MAX);
			return false;
		}
		if (!read_part(&r, &with_hours))
			return false;
		some_hours |= with_hours;
		some_whole |= !with_hours;
		if (!r.rest.n || r.rest.p[0] != ',')
			break;
		skip(&r, 1);
	}
	/* "Mon,Wed 09:00-17:00" would be the whole Monday to us, and is hardly meant. */
	if (some_hours && some_whole) {
		err_set(err, ERR_INVALID, "either each part with commas has its hours or none has: Sat-Sun 00:00-24:00 are whole days");
		return false;
	}
	*out = (struct week){.spans = r.spans.items, .count = r.spans.count};
	if (!str_word(&r.rest, &out->zone_name))
		return true;
	if (!is_letter(out->zone_name.p[0]) || r.rest.n || str_ends(out->zone_name, S(","))) {
		r.rest = str_n(out->zone_name.p, (size_t)(r.rest.p + r.rest.n - out->zone_name.p));
		return wrong(&r, "the end, or one time zone at the end,");
	}
	return true;
}

static unsigned minute_of_week(const struct week *w, wall_ms at)
{
	struct civil c = zone_civil(w->zone, at);

	return (unsigned)((c.weekday + 6) % 7 * DAY_MINUTES + c.hour * 60 + c.minute);
}

bool week_holds(const struct week *w, wall_ms at)
{
	unsigned now = minute_of_week(w, at);

	for (size_t i = 0; i < w->count; i++) {
		struct week_span s = w->spans[i];

		if (s.from < s.to ? now >= s.from && now < s.to : now >= s.from || now < s.to)
			return true;
	}
	return false;
}

struct str week_reading(const struct week *w, struct arena *a, wall_ms at)
{
	static const char *const short_days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	unsigned now = minute_of_week(w, at);

	return arena_printf(a, "%s %02u:%02u " STR_FMT, short_days[now / DAY_MINUTES], now % DAY_MINUTES / 60, now % 60,
			    STR_ARG(w->zone_name.n ? w->zone_name : S("UTC")));
}
