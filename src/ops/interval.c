#include "ops/interval.h"

#include "base/zone.h"

#include <stdio.h>

#define DAY_MINUTES 1440
#define LAST_INSTANT 253402300799999 /* of the year 9999 */

/* Both ends are in it, but for the end of a range of times. */
struct range {
	int64_t begin, end;
};
struct ranges {
	bool given; /* an empty list that stands there never holds */
	size_t count;
	struct range *items;
};

enum list { TIMES, WEEKDAYS, DAYS_OF_MONTH, MONTHS, YEARS, LISTS };

struct member {
	struct ranges lists[LISTS];
	struct str location;     /* "": none is given */
	const struct zone *zone; /* NULL: UTC */
};

/* Members mostly name the same place: its file is read once. */
struct place {
	struct str name;
	struct zone *zone;
};

struct interval {
	struct arena arena; /* of all below */
	struct member *members;
	size_t count, range_count;
	struct vec places;
};

static const char *const weekday_names[] = {"sunday",   "monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};
static const char *const month_names[] = {"",     "january", "february",  "march",   "april",    "may",     "june",
					  "july", "august",  "september", "october", "november", "december"};

/* Reading. */

struct reader {
	struct interval *i;
	struct err *err;
};

static bool failed_at(struct reader *r, const struct json *at)
{
	if (at->line)
		err_prefix(r->err, "line %u: ", at->line);
	return false;
}

/* fmt has one place for a text, STR_FMT. */
static bool wrong(struct reader *r, const struct json *at, const char *fmt, struct str what)
{
	what = str_clip(what, 100);
	err_set(r->err, ERR_INVALID, fmt, STR_ARG(what));
	return failed_at(r, at);
}

static bool is_null(const struct json *v)
{
	return !v || v->type == JSON_NULL;
}

/* Any scalar is a text for yaml.v2, as it stands there; null is "". */
static bool take_text(struct reader *r, const struct json *v, struct str *out)
{
	*out = S("");
	if (is_null(v))
		return true;
	if (v->type == JSON_ARRAY || v->type == JSON_OBJECT)
		return wrong(r, v, "cannot unmarshal !!" STR_FMT " into string",
			     v->type == JSON_ARRAY ? S("seq") : S("map"));
	*out = v->text;
	return true;
}

static bool is_list(struct reader *r, const struct json *v, const char *what)
{
	return v->type == JSON_ARRAY || wrong(r, v, STR_FMT " must be a list", str_of(what));
}

/* A mapping with these keys alone; fmt names one that is none of them. */
static bool known_keys(struct reader *r, const struct json *v, const char *fmt, const char *const *keys, size_t count)
{
	size_t k;

	if (v->type != JSON_OBJECT)
		return wrong(r, v, "cannot read " STR_FMT " as a mapping",
			     v->type == JSON_ARRAY ? S("a list") : v->text);
	for (const struct json *one = v->child; one; one = one->next) {
		for (k = 0; k < count && !str_is(one->key, keys[k]); k++)
			;
		if (k == count)
			return wrong(r, one, fmt, one->key);
	}
	return true;
}

/* strconv.Atoi() of Go */
static bool take_number(struct reader *r, const struct json *at, struct str s, int64_t *out)
{
	struct str digits = s.n && (s.p[0] == '+' || s.p[0] == '-') ? str_n(s.p + 1, s.n - 1) : s;

	for (size_t k = 0; k < digits.n; k++)
		if (digits.p[k] < '0' || digits.p[k] > '9')
			digits.n = 0;
	if (!digits.n)
		return wrong(r, at, "strconv.Atoi: parsing \"" STR_FMT "\": invalid syntax", s);
	if (!str_to_int(digits, out))
		return wrong(r, at, "strconv.Atoi: parsing \"" STR_FMT "\": value out of range", s);
	if (s.p[0] == '-')
		*out = -*out;
	return true;
}

static bool take_name(struct str s, const char *const *names, size_t count, int64_t *out)
{
	for (size_t k = 0; s.n && k < count; k++)
		if (str_is(s, names[k])) {
			*out = (int64_t)k;
			return true;
		}
	return false;
}

static bool take_month(struct reader *r, const struct json *at, struct str s, int64_t *out)
{
	struct reader quiet = {r->i, &(struct err){0}};

	if (take_name(s, month_names, COUNT_OF(month_names), out) || take_number(&quiet, at, s, out))
		return true;
	return wrong(r, at, STR_FMT " is not a valid month", s);
}

static bool take_end(struct reader *r, const struct json *at, enum list list, struct str s, int64_t *out)
{
	if (list == MONTHS)
		return take_month(r, at, s, out);
	if (list != WEEKDAYS)
		return take_number(r, at, s, out);
	return take_name(s, weekday_names, COUNT_OF(weekday_names), out) ||
	       wrong(r, at, STR_FMT " is not a valid weekday", s);
}

/* Months have 28 days at least: what is the wrong way round in those alone is taken, and holds on no day of a short one. */
static bool good_days(struct reader *r, const struct json *at, const struct range *d)
{
	const int64_t ends[] = {d->begin, d->end};

	for (size_t k = 0; k < COUNT_OF(ends); k++)
		if (ends[k] == 0 || ends[k] < -31 || ends[k] > 31)
			return wrong(r, at, STR_FMT " is not a valid day of the month: out of range",
				     arena_printf(&r->i->arena, "%lld", (long long)ends[k]));
	if (d->begin < 0 && d->end > 0)
		return wrong(r, at, STR_FMT, S("end day must be negative if start day is negative"));
	if ((d->begin < 0 ? 28 + d->begin : d->begin) > (d->end < 0 ? 28 + d->end : d->end))
		return wrong(r, at, "end day " STR_FMT,
			     arena_printf(&r->i->arena, "%lld is always before start day %lld", (long long)d->end,
					  (long long)d->begin));
	return true;
}

static const char *month_name(int64_t month)
{
	return month >= 1 && month <= 12 ? month_names[month] : "";
}

/* A month 13 is one that never comes, as it is for Alertmanager. */
static bool good_range(struct reader *r, const struct json *at, enum list list, const struct range *d)
{
	struct arena *a = &r->i->arena;

	if (list == DAYS_OF_MONTH)
		return good_days(r, at, d);
	if (d->begin <= d->end)
		return true;
	if (list == WEEKDAYS)
		return wrong(r, at, STR_FMT, S("start day cannot be before end day"));
	if (list == MONTHS)
		return wrong(r, at, "end month " STR_FMT,
			     arena_printf(a, "%s is before start month %s", month_name(d->end), month_name(d->begin)));
	return wrong(r, at, "end year " STR_FMT,
		     arena_printf(a, "%lld is before start year %lld", (long long)d->end, (long long)d->begin));
}

/* "monday:friday", "3", "-3:-1" */
static bool take_range(struct reader *r, const struct json *at, enum list list, struct range *out)
{
	struct str text, begin, end;
	size_t colon;

	if (!take_text(r, at, &text))
		return false;
	text = arena_lower(&r->i->arena, text);
	end = str_cut(text, ':', &begin);
	if (str_find(end, S(":"), &colon))
		return wrong(r, at, "couldn't parse range " STR_FMT ", invalid format", text);
	if (!take_end(r, at, list, begin, &out->begin))
		return false;
	out->end = out->begin;
	if (begin.n < text.n && !take_end(r, at, list, end, &out->end))
		return false;
	return good_range(r, at, list, out);
}

/* "09:30" as minutes; two digits each, up to 24:00 */
static bool take_clock(struct reader *r, const struct json *at, struct str s, int64_t *out)
{
	bool good = s.n == 5 && s.p[2] == ':';

	for (size_t k = 0; good && k < 5; k++)
		good = k == 2 || (s.p[k] >= '0' && s.p[k] <= '9');
	if (good) {
		*out = ((s.p[0] - '0') * 10 + s.p[1] - '0') * 60 + (s.p[3] - '0') * 10 + s.p[4] - '0';
		good = s.p[3] < '6' && *out <= DAY_MINUTES;
	}
	return good || wrong(r, at, "couldn't parse timestamp " STR_FMT ", invalid format", s);
}

static bool take_times(struct reader *r, const struct json *v, struct range *out)
{
	static const char *const keys[] = {"start_time", "end_time"};
	struct str start, end;

	if (!known_keys(r, v, "field " STR_FMT " not found in a range of times", keys, COUNT_OF(keys)) ||
	    !take_text(r, json_get(v, "start_time"), &start) || !take_text(r, json_get(v, "end_time"), &end))
		return false;
	if (!start.n || !end.n)
		return wrong(r, v, STR_FMT, S("both start and end times must be provided"));
	if (!take_clock(r, v, start, &out->begin) || !take_clock(r, v, end, &out->end))
		return false;
	if (out->begin >= out->end)
		return wrong(r, v, STR_FMT, S("start time cannot be equal or greater than end time"));
	return true;
}

/* A line "-" with nothing behind it is a slip. Alertmanager reads it as zero: among weekdays that is Sunday, among members one
 * that always holds. */
static bool is_there(struct reader *r, const struct json *v, const char *list)
{
	return v->type != JSON_NULL || wrong(r, v, "an entry of " STR_FMT " is empty", str_of(list));
}

static bool take_list(struct reader *r, const struct json *v, const char *key, enum list list, struct ranges *out)
{
	if (is_null(v))
		return true;
	if (!is_list(r, v, key))
		return false;
	r->i->range_count += v->count;
	if (r->i->range_count > INTERVAL_RANGES_MAX) {
		err_set(r->err, ERR_TOO_MANY, "more than %d ranges in one time interval", INTERVAL_RANGES_MAX);
		return failed_at(r, v);
	}
	out->given = true;
	out->items = arena_zero(&r->i->arena, (v->count + 1) * sizeof *out->items);
	for (const struct json *one = v->child; one; one = one->next) {
		struct range *to = &out->items[out->count];

		if (!is_there(r, one, key) || !(list == TIMES ? take_times(r, one, to) : take_range(r, one, list, to)))
			return false;
		out->count++;
	}
	return true;
}

static bool find_zone(struct reader *r, struct str name, const struct zone **out)
{
	struct place *p = r->i->places.items;
	struct zone *z;

	for (size_t k = 0; k < r->i->places.count; k++)
		if (str_eq(p[k].name, name)) {
			*out = p[k].zone;
			return true;
		}
	z = zone_load(name, r->err);
	if (!z)
		return false;
	p = vec_push(&r->i->arena, &r->i->places, sizeof *p);
	*p = (struct place){name, z};
	*out = z;
	return true;
}

static bool take_location(struct reader *r, const struct json *v, struct member *m)
{
	struct str name;

	if (is_null(v))
		return true;
	if (!take_text(r, v, &name))
		return false;
	m->location = name.n ? arena_dup(&r->i->arena, name) : S("UTC"); /* as Go takes "" */
	return find_zone(r, m->location, &m->zone) || failed_at(r, v);
}

static const char *const member_keys[] = {"times", "weekdays", "days_of_month", "months", "years", "location"};

static bool take_member(struct reader *r, const struct json *v, struct member *m)
{
	if (!known_keys(r, v, "field " STR_FMT " not found in a time interval", member_keys, COUNT_OF(member_keys)))
		return false;
	for (enum list k = 0; k < LISTS; k++)
		if (!take_list(r, json_get(v, member_keys[k]), member_keys[k], k, &m->lists[k]))
			return false;
	return take_location(r, json_get(v, "location"), m);
}

static bool take_members(struct reader *r, const struct json *list)
{
	struct interval *i = r->i;

	if (is_null(list))
		return true;
	if (!is_list(r, list, "time_intervals"))
		return false;
	if (list->count > INTERVAL_MEMBERS_MAX) {
		err_set(r->err, ERR_TOO_MANY, "more than %d members in one time interval", INTERVAL_MEMBERS_MAX);
		return failed_at(r, list);
	}
	i->members = arena_zero(&i->arena, (list->count + 1) * sizeof *i->members);
	for (const struct json *v = list->child; v; v = v->next) {
		if (!is_there(r, v, "time_intervals") || !take_member(r, v, &i->members[i->count]))
			return false;
		i->count++;
	}
	return true;
}

struct interval *interval_new(const struct json *list, struct err *err)
{
	struct interval *i = mem_new(sizeof *i);
	struct reader r = {i, err};

	arena_init(&i->arena);
	if (take_members(&r, list))
		return i;
	interval_free(i);
	return NULL;
}

void interval_free(struct interval *i)
{
	struct place *p;

	if (!i)
		return;
	p = i->places.items;
	for (size_t k = 0; k < i->places.count; k++)
		zone_free(p[k].zone);
	arena_done(&i->arena);
	mem_free(i);
}

/* Asking. */

static bool ranges_hold(const struct ranges *l, int64_t v)
{
	for (size_t k = 0; k < l->count; k++)
		if (v >= l->items[k].begin && v <= l->items[k].end)
			return true;
	return !l->given;
}

static bool times_hold(const struct ranges *l, int minute)
{
	for (size_t k = 0; k < l->count; k++)
		if (minute >= l->items[k].begin && minute < l->items[k].end)
			return true;
	return !l->given;
}

static bool days_hold(const struct ranges *l, const struct civil *c)
{
	int64_t first = date_days(c->year, (unsigned)c->month, 1);
	int64_t next = c->month == 12 ? date_days(c->year + 1, 1, 1) : date_days(c->year, (unsigned)c->month + 1, 1);
	int64_t length = next - first;

	for (size_t k = 0; k < l->count; k++) {
		const struct range *r = &l->items[k];

		if (c->day >= r->begin + (r->begin < 0 ? length + 1 : 0) &&
		    c->day <= r->end + (r->end < 0 ? length + 1 : 0))
			return true;
	}
	return !l->given;
}

static bool date_holds(const struct member *m, const struct civil *c)
{
	return ranges_hold(&m->lists[WEEKDAYS], c->weekday) && ranges_hold(&m->lists[MONTHS], c->month) &&
	       ranges_hold(&m->lists[YEARS], c->year) && days_hold(&m->lists[DAYS_OF_MONTH], c);
}

/* The minute up to which the times say for sure what they say of `minute`: where the next range begins or ends, or the day does. */
static int times_until(const struct ranges *l, int minute)
{
	int64_t until = DAY_MINUTES;

	for (size_t k = 0; k < l->count; k++) {
		const struct range *r = &l->items[k];

		if (r->begin > minute && r->begin < until)
			until = r->begin;
		if (r->end > minute && r->end < until)
			until = r->end;
	}
	return (int)until;
}

/* What a member says at an instant, and for how long that stands for sure: to where its clock comes to the next time in it,
 * to a new day, or is changed itself. */
struct answer {
	bool holds;
	wall_ms until;
};

static struct answer ask(const struct member *m, wall_ms at)
{
	struct civil c = zone_civil(m->zone, at);
	wall_ms second = at - (at % SECOND + SECOND) % SECOND, change = zone_next_change(m->zone, at);
	bool date = date_holds(m, &c);
	int minute = c.hour * 60 + c.minute;
	int until = date ? times_until(&m->lists[TIMES], minute) : DAY_MINUTES;
	struct answer a = {date && times_hold(&m->lists[TIMES], minute),
			   second + (until - minute) * MINUTE - c.second * SECOND};

	if (change && change < a.until)
		a.until = change;
	return a;
}

bool interval_holds(const struct interval *i, wall_ms at)
{
	for (size_t k = 0; k < i->count; k++) {
		struct civil c = zone_civil(i->members[k].zone, at);

		if (times_hold(&i->members[k].lists[TIMES], c.hour * 60 + c.minute) && date_holds(&i->members[k], &c))
			return true;
	}
	return false;
}

/* Asks those again whose answer has run out, until one of them makes a difference. */
wall_ms interval_turns(const struct interval *i, wall_ms after)
{
	bool held = interval_holds(i, after), holds;
	struct answer answers[INTERVAL_MEMBERS_MAX];
	wall_ms at = after, next;

	if (after > LAST_INSTANT || after < -LAST_INSTANT || !i->count)
		return 0;
	for (size_t k = 0; k < i->count; k++)
		answers[k].until = at;
	for (; at - after <= INTERVAL_LOOK_AHEAD; at = next) {
		holds = false;
		next = INT64_MAX;
		for (size_t k = 0; k < i->count; k++) {
			if (answers[k].until <= at)
				answers[k] = ask(&i->members[k], at);
			holds = holds || answers[k].holds;
			if (answers[k].until < next)
				next = answers[k].until;
		}
		if (holds != held)
			return at;
	}
	return 0;
}

/* Writing. */

static void write_clock(struct json_out *o, const char *key, int64_t minutes)
{
	char text[8];

	snprintf(text, sizeof text, "%02d:%02d", (int)(minutes / 60 % 100), (int)(minutes % 60));
	json_add_str(o, key, str_of(text));
}

static void write_range(struct json_out *o, enum list list, const struct range *r)
{
	char text[64];

	if (list == TIMES) {
		json_open(o, '{');
		write_clock(o, "start_time", r->begin);
		write_clock(o, "end_time", r->end);
		json_close(o, '}');
		return;
	}
	if (list == WEEKDAYS && r->begin == r->end)
		snprintf(text, sizeof text, "%s", weekday_names[r->begin]);
	else if (list == WEEKDAYS)
		snprintf(text, sizeof text, "%s:%s", weekday_names[r->begin], weekday_names[r->end]);
	else if (r->begin == r->end)
		snprintf(text, sizeof text, "%lld", (long long)r->begin);
	else
		snprintf(text, sizeof text, "%lld:%lld", (long long)r->begin, (long long)r->end);
	json_put_str(o, str_of(text));
}

static void write_member(struct json_out *o, const struct member *m)
{
	json_open(o, '{');
	for (enum list k = 0; k < LISTS; k++) {
		if (!m->lists[k].given)
			continue;
		json_key(o, member_keys[k]);
		json_open(o, '[');
		for (size_t n = 0; n < m->lists[k].count; n++)
			write_range(o, k, &m->lists[k].items[n]);
		json_close(o, ']');
	}
	if (m->location.n)
		json_add_str(o, "location", m->location);
	json_close(o, '}');
}

void interval_write(struct json_out *o, const struct interval *i)
{
	json_open(o, '[');
	for (size_t k = 0; k < i->count; k++)
		write_member(o, &i->members[k]);
	json_close(o, ']');
}
