#include "ops/alert.h"

#include "base/crypt.h"

#include <stdlib.h>

/* ---- labels ---- */

struct str labels_get(const struct labels *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (str_is(l->items[i].name, name))
			return l->items[i].value;
	return S("");
}

bool labels_same(const struct labels *a, const struct labels *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!str_eq(a->items[i].name, b->items[i].name) || !str_eq(a->items[i].value, b->items[i].value))
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

void labels_sort(struct labels *l)
{
	if (l->count)
		qsort(l->items, l->count, sizeof *l->items, by_name);
}

bool labels_parse(struct arena *a, const struct json *object, unsigned flags, struct labels *out, struct err *err)
{
	bool sorted = true;

	*out = (struct labels){0};
	if (!object)
		return true;
	if (object->count > LABELS_MAX) {
		err_set(err, ERR_TOO_MANY, "more than %d labels or annotations on one alert", LABELS_MAX);
		return false;
	}
	out->items = arena_alloc(a, (object->count + 1) * sizeof *out->items);
	for (const struct json *m = object->child; m; m = m->next) {
		bool scalar = m->type == JSON_STR || ((flags & LABELS_ANY_SCALAR) && m->type < JSON_ARRAY && m->type != JSON_NULL);

		if (!scalar && !(flags & LABELS_ANY_SCALAR)) {
			err_set(err, ERR_INVALID, "%.*s in body must be of type string", (int)(m->key.n < 100 ? m->key.n : 100), m->key.p);
			return false;
		}
		if (!scalar || ((flags & LABELS_DROP_EMPTY) && m->text.n == 0))
			continue;
		if (out->count && str_cmp(out->items[out->count - 1].name, m->key) > 0)
			sorted = false;
		out->items[out->count++] = (struct label){m->key, m->text};
	}
	if (!sorted)
		qsort(out->items, out->count, sizeof *out->items, by_name);
	return true;
}

void labels_write(struct json_out *o, const struct labels *l)
{
	json_open(o, '{');
	for (size_t i = 0; i < l->count; i++) {
		json_key_str(o, l->items[i].name);
		json_put_str(o, l->items[i].value);
	}
	json_close(o, '}');
}

uint64_t labels_fingerprint(const struct labels *l)
{
	uint64_t h = FNV_START;

	for (size_t i = 0; i < l->count; i++) {
		h = fnv_byte(fnv_add(h, l->items[i].name), 0xff);
		h = fnv_byte(fnv_add(h, l->items[i].value), 0xff);
	}
	return h;
}

struct str labels_text(struct arena *a, const struct labels *l)
{
	struct buf b;

	buf_init(&b, 256 * KIB);
	buf_char(&b, '{');
	for (size_t i = 0; i < l->count; i++) {
		if (i)
			buf_add(&b, S(", "));
		buf_add(&b, l->items[i].name);
		buf_add(&b, S("=\""));
		for (size_t k = 0; k < l->items[i].value.n; k++) {
			char c = l->items[i].value.p[k];

			if (c == '"' || c == '\\')
				buf_char(&b, '\\');
			if (c == '\n')
				buf_add(&b, S("\\n"));
			else
				buf_char(&b, c);
		}
		buf_char(&b, '"');
	}
	buf_char(&b, '}');
	return buf_keep(a, &b);
}

/* ---- severity and title ---- */

static const struct {
	const char *name, *color;
} severities[] = {
	[SEVERITY_INFO] = {"info", "#2f7ebc"},
	[SEVERITY_WARNING] = {"warning", "#daa038"},
	[SEVERITY_ERROR] = {"error", "#d4602c"},
	[SEVERITY_CRITICAL] = {"critical", "#a30200"},
};

const char *severity_name(enum severity s)
{
	return severities[s >= SEVERITY_INFO && s <= SEVERITY_CRITICAL ? s : SEVERITY_WARNING].name;
}

const char *severity_color(enum severity s)
{
	return severities[s >= SEVERITY_INFO && s <= SEVERITY_CRITICAL ? s : SEVERITY_WARNING].color;
}

enum severity severity_or(struct str word, enum severity otherwise)
{
	static const struct {
		enum severity severity;
		const char *words;
	} table[] = {
		{SEVERITY_CRITICAL, " critical crit fatal emergency emerg page disaster blocker highest p0 p1 "},
		{SEVERITY_ERROR, " error err high major severe p2 "},
		{SEVERITY_WARNING, " warning warn medium moderate average minor p3 "},
		{SEVERITY_INFO, " info information informational notice low lowest debug ok none trivial p4 p5 "},
	};
	char padded[24] = " ";

	if (!word.n || word.n > 20 || memchr(word.p, ' ', word.n))
		return otherwise;
	for (size_t i = 0; i < word.n; i++)
		padded[1 + i] = word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 32) : word.p[i];
	padded[1 + word.n] = ' ';
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (str_find(str_of(table[i].words), str_n(padded, word.n + 2), NULL))
			return table[i].severity;
	return otherwise;
}

enum severity severity_of(struct str word)
{
	return severity_or(word, SEVERITY_WARNING);
}

enum severity alert_severity(const struct labels *labels)
{
	struct str word = labels_get(labels, "severity");

	return severity_of(word.n ? word : labels_get(labels, "priority"));
}

enum severity alert_event_severity(const struct alert_event *e)
{
	return e->severity ? e->severity : alert_severity(&e->labels);
}

struct str alert_title(struct arena *a, const struct labels *labels, const struct labels *annotations)
{
	struct str found = str_trim(labels_get(annotations, "summary"));

	if (!found.n)
		found = str_trim(labels_get(annotations, "title"));
	if (!found.n)
		found = str_trim(labels_get(labels, "alertname"));
	if (!found.n)
		found = labels->count ? labels_text(a, labels) : S("(untitled alert)");
	return found;
}

/* ---- the states of a group ---- */

const struct group_rule group_rules[] = {
	/* from               event                  to                   effects                                          */
	{GROUP_FIRING, GROUP_EV_FIRES, GROUP_FIRING, GROUP_FX_TELL_SOON},
	{GROUP_FIRING, GROUP_EV_CHANGES, GROUP_FIRING, GROUP_FX_TELL_SOON},
	{GROUP_FIRING, GROUP_EV_ALL_RESOLVED, GROUP_RESOLVED, GROUP_FX_TELL_NOW | GROUP_FX_SET_RESOLVED},
	{GROUP_FIRING, GROUP_EV_ACK, GROUP_ACKNOWLEDGED, GROUP_FX_TELL_NOW | GROUP_FX_SET_ACK},
	{GROUP_FIRING, GROUP_EV_RESOLVE, GROUP_RESOLVED, GROUP_FX_TELL_NOW | GROUP_FX_SET_RESOLVED | GROUP_FX_HOLD},
	{GROUP_ACKNOWLEDGED, GROUP_EV_FIRES, GROUP_ACKNOWLEDGED, GROUP_FX_TELL_SOON},
	{GROUP_ACKNOWLEDGED, GROUP_EV_CHANGES, GROUP_ACKNOWLEDGED, GROUP_FX_TELL_SOON},
	{GROUP_ACKNOWLEDGED, GROUP_EV_ALL_RESOLVED, GROUP_RESOLVED, GROUP_FX_TELL_NOW | GROUP_FX_SET_RESOLVED},
	{GROUP_ACKNOWLEDGED, GROUP_EV_RESOLVE, GROUP_RESOLVED, GROUP_FX_TELL_NOW | GROUP_FX_SET_RESOLVED | GROUP_FX_HOLD},
	/* A held group stays quiet while its source repeats; when the source ends, it is let go. */
	{GROUP_RESOLVED, GROUP_EV_CHANGES, GROUP_RESOLVED, 0},
	{GROUP_RESOLVED, GROUP_EV_ALL_RESOLVED, GROUP_RESOLVED, 0},
};
const size_t group_rule_count = COUNT_OF(group_rules);

const struct group_rule *group_rule_find(enum group_state from, enum group_event event)
{
	for (size_t i = 0; i < group_rule_count; i++)
		if (group_rules[i].from == from && group_rules[i].event == event)
			return &group_rules[i];
	return NULL;
}

const char *group_state_name(enum group_state s)
{
	return s == GROUP_FIRING ? "firing" : s == GROUP_ACKNOWLEDGED ? "acknowledged" : "resolved";
}

const char *group_event_name(enum group_event e)
{
	static const char *const names[GROUP_EVENTS] = {"an alert fires", "an alert changes", "all alerts resolved", "acknowledge", "resolve by hand"};

	return e < GROUP_EVENTS ? names[e] : "?";
}

/* ---- Alertmanager's dialects ---- */

bool label_name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

/* A time member: absent and the year 1 (Go's zero time, which amtool sends) are 0. */
static bool read_time(const struct json *member, const char *name, wall_ms *out)
{
	const struct json *v = json_get(member, name);

	*out = 0;
	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type != JSON_STR || !wall_parse(v->text, out))
		return false;
	if (*out < 0)
		*out = 0;
	return true;
}

static enum alert_read refuse(struct err *err, int *status, int code, const char *fmt, size_t index, const char *what)
{
	*status = code;
	err_set(err, ERR_INVALID, fmt, index, what);
	return ALERT_REFUSED;
}

/* The schema layer: what Alertmanager's generated code checks before it looks at any alert. */
static enum alert_read check_schema(const struct json *member, size_t index, int *status, struct err *err)
{
	static const char *const texts[] = {"startsAt", "endsAt", "generatorURL"};
	const struct json *labels = json_get(member, "labels"), *annotations = json_get(member, "annotations");

	if (member->type != JSON_OBJECT)
		return refuse(err, status, 400, "member %zu of the list is not an object%s", index, "");
	if (!labels || labels->type == JSON_NULL)
		return refuse(err, status, 422, "%zu.%s in body is required", index, "labels");
	if (labels->type != JSON_OBJECT)
		return refuse(err, status, 400, "%zu.%s is not an object of texts", index, "labels");
	if (annotations && annotations->type != JSON_OBJECT && annotations->type != JSON_NULL)
		return refuse(err, status, 400, "%zu.%s is not an object of texts", index, "annotations");
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct json *v = json_get(member, texts[i]);

		if (v && v->type != JSON_STR && v->type != JSON_NULL)
			return refuse(err, status, 400, "%zu.%s is not a text", index, texts[i]);
	}
	return ALERT_TAKEN;
}

enum alert_read alert_read_v2(struct arena *a, const struct json *member, size_t index, wall_ms now, span_ms resolve_after, struct alert_event *out, int *status,
			      struct err *err)
{
	const struct json *annotations = json_get(member, "annotations");
	wall_ms starts, ends;

	*out = (struct alert_event){0};
	if (check_schema(member, index, status, err) == ALERT_REFUSED)
		return ALERT_REFUSED;
	if (!read_time(member, "startsAt", &starts) || !read_time(member, "endsAt", &ends))
		return refuse(err, status, 400, "%zu.%s is not a time (RFC 3339)", index, "startsAt or endsAt");
	if (!labels_parse(a, json_get(member, "labels"), LABELS_DROP_EMPTY, &out->labels, err) ||
	    !labels_parse(a, json_is(annotations, JSON_OBJECT) ? annotations : NULL, 0, &out->annotations, err)) {
		if (err->code == ERR_TOO_MANY) /* our own limit; the others of the delivery are good */
			return ALERT_BAD;
		*status = 400;
		return ALERT_REFUSED;
	}
	out->url = json_get_str(member, "generatorURL");
	out->starts_at = starts ? starts : ends && ends < now ? ends : now;
	out->ends_at = ends ? ends : now + resolve_after;
	out->firing = out->ends_at > now;
	out->fingerprint = labels_fingerprint(&out->labels);
	if (!out->labels.count) {
		err_set(err, ERR_INVALID, "at least one label pair required");
		return ALERT_BAD;
	}
	for (size_t i = 0; i < out->labels.count; i++)
		if (!label_name_ok(out->labels.items[i].name)) {
			err_set(err, ERR_INVALID, "invalid label set: invalid name \"%.*s\"", (int)str_clip(out->labels.items[i].name, 200).n,
				out->labels.items[i].name.p);
			return ALERT_BAD;
		}
	if (ends && starts && ends < starts) {
		err_set(err, ERR_INVALID, "start time must be before end time");
		return ALERT_BAD;
	}
	return ALERT_TAKEN;
}

static bool read_fingerprint(struct str s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n != 16)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int c = s.p[i], low = c | 32;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (uint64_t)(low - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

enum alert_read alert_read_webhook(struct arena *a, const struct json *member, struct str body_status, wall_ms now, struct alert_event *out, struct err *err)
{
	const struct json *labels = json_get(member, "labels"), *annotations = json_get(member, "annotations");
	struct str status = json_get_str(member, "status");
	wall_ms starts = 0, ends = 0;

	*out = (struct alert_event){0};
	if (member->type != JSON_OBJECT) {
		err_set(err, ERR_INVALID, "a member of alerts is not an object");
		return ALERT_BAD;
	}
	if (!labels_parse(a, json_is(labels, JSON_OBJECT) ? labels : NULL, LABELS_DROP_EMPTY | LABELS_ANY_SCALAR, &out->labels, err) ||
	    !labels_parse(a, json_is(annotations, JSON_OBJECT) ? annotations : NULL, LABELS_ANY_SCALAR, &out->annotations, err))
		return ALERT_BAD;
	if (!read_time(member, "startsAt", &starts))
		starts = 0;
	if (!read_time(member, "endsAt", &ends))
		ends = 0;
	if (!status.n)
		status = body_status;
	out->firing = !str_eq_nocase(status, S("resolved"));
	out->starts_at = starts ? starts : now;
	out->ends_at = out->firing ? 0 : ends ? ends : now;
	out->url = json_get_str(member, "generatorURL");
	if (!read_fingerprint(json_get_str(member, "fingerprint"), &out->fingerprint))
		out->fingerprint = labels_fingerprint(&out->labels);
	return ALERT_TAKEN;
}
