#include "ops/event.h"

#include "base/crypt.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TITLE_MAX 250    /* characters */
#define SUMMARY_MAX 4000
#define KEY_MAX_BYTES 200
#define YEAR_1971 ((wall_ms)365 * DAY)
#define YEAR_10000 ((wall_ms)253402300800 * SECOND)

const char *event_status_name(enum event_status s)
{
	static const char *const names[] = {[EVENT_FIRING] = "firing", [EVENT_RESOLVED] = "resolved", [EVENT_INFO] = "info"};

	return names[s];
}

/* ---- white space ---- */

/* The bytes of the white space at the beginning of [p, end), 0 if there is none. */
static size_t space_length(const char *p, const char *end)
{
	static const char *const wide[] = {"\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
					   "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

	if (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
		return 1;
	for (size_t i = 0; p < end && (*p & 0x80) && i < COUNT_OF(wide); i++)
		if ((size_t)(end - p) >= strlen(wide[i]) && memcmp(p, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

/* As str_trim(), but of what Unicode calls white space. */
static struct str trim(struct str s)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t n;

	while ((n = space_length(p, end)))
		p += n;
	for (const char *last; end > p; end = last) {
		for (last = end - 1; last > p && (*last & 0xc0) == 0x80; last--)
			;
		if (space_length(last, end) != (size_t)(end - last))
			break;
	}
	return str_n(p, (size_t)(end - p));
}

/* ---- what counts as absent ---- */

static bool all_of(struct str s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_upper(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_macro(char c)
{
	return is_upper(c) || c == '.';
}

static struct str inner(struct str s, size_t left, size_t right)
{
	return s.n > left + right ? str_n(s.p + left, s.n - left - right) : S("");
}

static bool is_placeholder(struct str s)
{
	if (s.n < 2)
		return false;
	if (s.p[0] == '$')
		return isupper((unsigned char)s.p[1]) && all_of(inner(s, 1, 0), is_upper);
	if (str_starts(s, S("{{")) && str_ends(s, S("}}")))
		return !str_find(inner(s, 2, 2), S("}}"), NULL);
	return (s.p[0] == '{' && s.p[s.n - 1] == '}' && isupper((unsigned char)s.p[1]) && all_of(inner(s, 1, 1), is_macro)) || str_is(s, "*UNKNOWN*");
}

void event_clean(struct json *tree)
{
	if (tree->type == JSON_STR) {
		tree->text = trim(tree->text);
		if (!tree->text.n || is_placeholder(tree->text)) {
			tree->type = JSON_NULL;
			tree->text = S("null");
		}
	}
	for (struct json *m = tree->child; m; m = m->next)
		event_clean(m);
}

/* The shortest decimal that is the same number. */
static struct str number_text(struct arena *a, const struct json *v)
{
	char text[40];

	if (v->type == JSON_INT)
		return v->text;
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v->d);
		if (strtod(text, NULL) == v->d)
			break;
	}
	return arena_dup(a, str_of(text));
}

struct str event_text(struct arena *a, const struct json *v)
{
	struct str s;

	switch (v ? v->type : JSON_NULL) {
	case JSON_TRUE:
		return S("true");
	case JSON_FALSE:
		return S("false");
	case JSON_INT:
	case JSON_REAL:
		return number_text(a, v);
	case JSON_STR:
		s = trim(v->text);
		return is_placeholder(s) ? S("") : s;
	}
	return S("");
}

/* ---- candidates ---- */

static struct str first_text(struct arena *a, const struct json *v)
{
	struct str s = event_text(a, v);

	if (json_is(v, JSON_ARRAY))
		for (const struct json *m = v->child; m && !s.n; m = m->next)
			s = event_text(a, m);
	return s;
}

static bool is_web(struct str s)
{
	return str_eq_nocase(str_n(s.p, s.n < 7 ? s.n : 7), S("http://")) || str_eq_nocase(str_n(s.p, s.n < 8 ? s.n : 8), S("https://"));
}

static struct str first_url(struct arena *a, const struct json *v)
{
	struct str s = event_text(a, v);

	if (json_is(v, JSON_ARRAY))
		for (const struct json *m = v->child; m && !is_web(s); m = m->next)
			s = event_text(a, m);
	return is_web(s) ? s : S("");
}

static wall_ms first_time(struct arena *a, const struct json *v)
{
	wall_ms at = event_time(a, v);

	if (json_is(v, JSON_ARRAY))
		for (const struct json *m = v->child; m && !at; m = m->next)
			at = event_time(a, m);
	return at;
}

/* ---- texts ---- */

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* More than `most` characters: one fewer, and an ellipsis. */
static struct str cut_to(struct arena *a, struct str s, size_t most)
{
	size_t at = 0, n = 0;

	if (s.n <= most || characters(s) <= most)
		return s;
	for (; at < s.n; at++)
		if ((s.p[at] & 0xc0) != 0x80 && n++ == most - 1)
			break;
	return arena_printf(a, STR_FMT "…", (int)at, s.p);
}

static struct str one_line(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	const char *p = s.p, *end = s.p + s.n;
	bool gap = false;
	size_t n = 0, space;

	while (p < end) {
		if ((space = space_length(p, end))) {
			gap = n > 0;
			p += space;
			continue;
		}
		if (gap)
			to[n++] = ' ';
		gap = false;
		to[n++] = *p++;
	}
	to[n] = '\0';
	return str_n(to, n);
}

static struct str unix_lines(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		to[n++] = s.p[i] == '\r' ? '\n' : s.p[i];
	}
	to[n] = '\0';
	return str_n(to, n);
}

/* ---- times ---- */

/* Digits, perhaps with a fraction: seconds, milliseconds, microseconds or nanoseconds since 1970, by their size. Cut, not rounded. */
static wall_ms time_of_number(struct str s)
{
	uint64_t whole = 0;
	unsigned thousandths = 0, scale = 100;
	size_t at = 0;

	for (; at < s.n && s.p[at] != '.'; at++) {
		if (whole >= UINT64_MAX / 10)
			return 0;
		whole = whole * 10 + (unsigned)(s.p[at] - '0');
	}
	for (at++; at < s.n && isdigit((unsigned char)s.p[at]); at++, scale /= 10)
		thousandths += (unsigned)(s.p[at] - '0') * scale;
	if (whole < 100000000000)
		return (wall_ms)(whole * 1000 + thousandths);
	if (whole < 100000000000000)
		return (wall_ms)whole;
	return (wall_ms)(whole < 100000000000000000 ? whole / 1000 : whole / 1000000);
}

/* "2026-03-02 02:00:00 +0000", "... UTC", no zone at all: as RFC 3339 has it. */
static struct str with_zone(struct arena *a, struct str s)
{
	struct str clock = s.n > 11 ? str_n(s.p + 11, s.n - 11) : S("");
	size_t at;

	for (at = 0; at < clock.n && (isdigit((unsigned char)clock.p[at]) || clock.p[at] == ':' || clock.p[at] == '.' || clock.p[at] == ','); at++)
		;
	struct str zone = str_trim(str_n(clock.p + at, clock.n - at));
	s.n = s.n > 11 ? 11 + at : s.n;
	if (!zone.n || str_eq_nocase(zone, S("UTC")) || str_eq_nocase(zone, S("GMT")) || str_eq_nocase(zone, S("Z")))
		return arena_printf(a, STR_FMT "Z", STR_ARG(s));
	if (zone.n == 5 && (zone.p[0] == '+' || zone.p[0] == '-'))
		return arena_printf(a, STR_FMT "%.3s:%.2s", STR_ARG(s), zone.p, zone.p + 3);
	return arena_printf(a, STR_FMT STR_FMT, STR_ARG(s), STR_ARG(zone));
}

wall_ms event_time(struct arena *a, const struct json *v)
{
	struct str s = arena_dup(a, json_is(v, JSON_REAL) ? v->text : event_text(a, v));
	wall_ms at = 0;

	if (s.n && strspn(s.p, "0123456789.") == s.n)
		at = time_of_number(s);
	else if (!s.n || !wall_parse(with_zone(a, s), &at))
		return 0;
	return at >= YEAR_1971 && at < YEAR_10000 ? at : 0;
}

/* ---- key and labels ---- */

static struct str join(struct arena *a, const struct json *list, const char *sep)
{
	struct buf b;

	buf_init(&b, 64 * KIB);
	for (const struct json *m = list->child; m; m = m->next) {
		struct str s = event_text(a, m);

		if (s.n)
			buf_printf(&b, "%s" STR_FMT, b.n ? sep : "", STR_ARG(s));
	}
	return buf_keep(a, &b);
}

static struct str key_of(struct arena *a, struct str source, const struct json *key, struct str body, size_t index)
{
	struct str parts = json_is(key, JSON_ARRAY) ? join(a, key, "/") : event_text(a, key), whole;

	if (!parts.n)
		return arena_printf(a, STR_FMT ":body:" STR_FMT ":%zu", STR_ARG(source), STR_ARG(crypt_sha256_hex(a, body)), index);
	whole = arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(source), STR_ARG(parts));
	if (whole.n <= KEY_MAX_BYTES)
		return whole;
	return arena_printf(a, STR_FMT ":sha256:" STR_FMT, STR_ARG(source), STR_ARG(crypt_sha256_hex(a, whole)));
}

/* A label and the object that it stands in: of two of one name the earlier object's counts. */
struct candidate {
	struct label label;
	size_t rank;
};

static int by_name_and_rank(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int order = str_cmp(a->label.name, b->label.name);

	return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

/* "name:value", or a name alone. */
static struct label tag_of(struct str tag)
{
	struct str name, value = str_cut(tag, ':', &name);

	return (struct label){trim(name), name.n < tag.n ? trim(value) : S("true")};
}

/* A list of texts, or one with commas between. The members of a list may have commas in them. */
static size_t tags_most(struct str text, const struct json *v)
{
	size_t n = json_is(v, JSON_ARRAY) ? v->count : 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ',';
	return n;
}

static size_t add_tags(const struct json *v, size_t rank, struct candidate *to)
{
	struct str text = json_str(v), tag;
	const struct json *m = json_is(v, JSON_ARRAY) ? v->child : NULL;
	size_t n = 0;

	while (m || text.n) {
		if (m) {
			tag = json_str(m);
			m = m->next;
		} else {
			text = str_cut(text, ',', &tag);
		}
		to[n] = (struct candidate){tag_of(tag), rank + n};
		n += to[n].label.name.n && to[n].label.value.n;
	}
	return n;
}

static size_t members(const struct json *v)
{
	size_t n = 0;

	if (json_is(v, JSON_OBJECT))
		return v->count;
	for (const struct json *m = json_is(v, JSON_ARRAY) ? v->child : NULL; m; m = m->next)
		n += m->type == JSON_OBJECT ? m->count : 0;
	return n;
}

static size_t add_labels(struct arena *a, const struct json *object, size_t rank, struct candidate *to)
{
	size_t n = 0;

	for (const struct json *m = json_is(object, JSON_OBJECT) ? object->child : NULL; m; m = m->next) {
		struct str value = json_is(m, JSON_ARRAY) ? join(a, m, ",") : event_text(a, m);

		if (value.n && m->key.n)
			to[n++] = (struct candidate){{m->key, value}, rank};
	}
	return n;
}

static struct labels labels_of(struct arena *a, const struct json *v, const struct json *tags)
{
	size_t most = members(v) + tags_most(json_str(tags), tags);
	struct candidate *all = arena_alloc(a, most * sizeof *all);
	struct labels l = {.items = arena_alloc(a, most * sizeof *l.items)};
	size_t n = add_labels(a, v, 0, all), rank = 0;

	for (const struct json *m = json_is(v, JSON_ARRAY) ? v->child : NULL; m; m = m->next)
		n += add_labels(a, m, ++rank, all + n);
	n += add_tags(tags, rank + 1, all + n);
	qsort(all, n, sizeof *all, by_name_and_rank);
	for (size_t i = 0; i < n; i++)
		if (!l.count || !str_eq(l.items[l.count - 1].name, all[i].label.name))
			l.items[l.count++] = all[i].label;
	return l;
}

/* ---- the whole ---- */

/* What tools without a form of their own say. */
static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_eq_nocase(word, str_of(*words)))
			return true;
	return false;
}

static enum event_status usual_status(struct str word)
{
	static const char *const firing[] = {"firing", "alerting", "triggered", "trigger", "open",  "problem", "down",
					     "active", "failed",   "critical",  "warning", "error", NULL};
	static const char *const resolved[] = {"resolved", "resolve", "ok",      "recovered",
					       "closed",   "up",      "success", NULL};

	if (!word.n || is_one_of(word, firing))
		return EVENT_FIRING;
	return is_one_of(word, resolved) ? EVENT_RESOLVED : EVENT_INFO;
}

static enum event_status status_of(struct arena *a, const struct json *v)
{
	struct str word = event_text(a, v);

	if (str_is(word, "firing") || !word.n)
		return EVENT_FIRING;
	return str_is(word, "resolved") ? EVENT_RESOLVED : EVENT_INFO;
}

bool event_of(struct arena *a, struct str source, const struct json *draft, struct str body, size_t index, struct event *out, struct err *err)
{
	const struct json *usual = json_get(draft, "usual_status");
	enum severity otherwise;
	wall_ms at;

	if (!json_is(draft, JSON_OBJECT)) {
		err_set(err, ERR_INVALID, "the program answered something that is no event: an object is wanted");
		return false;
	}
	*out = (struct event){.source = source};
	out->status = usual ? usual_status(first_text(a, usual)) : status_of(a, json_get(draft, "status"));
	otherwise = usual && out->status == EVENT_INFO ? SEVERITY_INFO
						       : severity_of(first_text(a, json_get(draft, "severity_else")));
	out->acknowledged = out->status == EVENT_FIRING && json_get_bool(draft, "acknowledged", false);
	out->severity = severity_or(first_text(a, json_get(draft, "severity")), otherwise);
	out->title = cut_to(a, one_line(a, first_text(a, json_get(draft, "title"))), TITLE_MAX);
	if (!out->title.n)
		out->title = arena_printf(a, "(untitled " STR_FMT " event)", STR_ARG(source));
	out->summary = cut_to(a, trim(unix_lines(a, first_text(a, json_get(draft, "summary")))), SUMMARY_MAX);
	out->url = first_url(a, json_get(draft, "url"));
	out->dedup_key = key_of(a, source, json_get(draft, "key"), body, index);
	out->labels = labels_of(a, json_get(draft, "labels"), json_get(draft, "tags"));
	at = first_time(a, json_get(draft, "at"));
	out->starts_at = out->status == EVENT_RESOLVED ? 0 : at;
	out->ends_at = at;
	if (!at) {
		out->starts_at = first_time(a, json_get(draft, "starts_at"));
		out->ends_at = first_time(a, json_get(draft, "ends_at"));
	}
	if (out->status != EVENT_RESOLVED)
		out->ends_at = 0;
	return true;
}

static void put_time(struct json_out *o, const char *key, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	if (at)
		json_add_str(o, key, wall_write(text, at));
	else
		json_add_raw(o, key, S("null"));
}

void event_write(struct json_out *o, const struct event *e)
{
	json_open(o, '{');
	json_add_str(o, "source", e->source);
	json_add_str(o, "status", str_of(event_status_name(e->status)));
	json_add_str(o, "severity", str_of(severity_name(e->severity)));
	json_add_str(o, "title", e->title);
	json_add_str(o, "summary", e->summary);
	json_add_str(o, "url", e->url);
	json_add_str(o, "dedup_key", e->dedup_key);
	json_key(o, "labels");
	labels_write(o, &e->labels);
	put_time(o, "starts_at", e->starts_at);
	put_time(o, "ends_at", e->ends_at);
	json_close(o, '}');
}

struct labels event_labels(struct arena *a, const struct event *e)
{
	struct labels l = {arena_alloc(a, LABELS_MAX * sizeof *l.items), 0};
	struct str name = labels_get(&e->labels, "alertname"), severity = labels_get(&e->labels, "severity");

	l.items[l.count++] = (struct label){S("alertname"), name.n ? name : e->title};
	l.items[l.count++] = (struct label){S("severity"), severity.n ? severity : str_of(severity_name(e->severity))};
	for (size_t i = 0; i < e->labels.count && l.count < LABELS_MAX; i++)
		if (!str_is(e->labels.items[i].name, "alertname") && !str_is(e->labels.items[i].name, "severity"))
			l.items[l.count++] = e->labels.items[i];
	labels_sort(&l);
	return l;
}
