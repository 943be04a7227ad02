/* The alerts in memory, and how their rows build them again. */
#include "engine/alerts_internal.h"

#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANGE_BODY_MAX (64 * MIB)   /* more than the largest delivery can make of itself */

/* ---- one alert in memory ---- */

static size_t pack_pairs(char *to, const struct labels *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct str both[2] = {l->items[i].name, l->items[i].value};

		for (int k = 0; k < 2; k++) {
			if (to)
				memcpy(to + n, both[k].p, both[k].n);
			n += both[k].n;
			if (to)
				to[n] = '\0';
			n++;
		}
	}
	return n;
}

void alert_pack(struct alert *al, const struct labels *labels, const struct labels *annotations, struct str url)
{
	size_t nl = pack_pairs(NULL, labels), na = pack_pairs(NULL, annotations);
	char *texts = mem_grow(NULL, nl + na + url.n + 1);

	pack_pairs(texts, labels);
	pack_pairs(texts + nl, annotations);
	if (url.n)
		memcpy(texts + nl + na, url.p, url.n);
	texts[nl + na + url.n] = '\0';
	mem_free(al->texts);
	al->texts = texts;
	al->label_count = (uint8_t)labels->count;
	al->annotation_count = (uint8_t)annotations->count;
}

/* Cuts the next packed text off *p. */
static struct str unpack(const char **p)
{
	struct str s = {*p, strlen(*p)};

	*p += s.n + 1;
	return s;
}

static const char *unpack_pairs(struct arena *a, const char *p, size_t count, struct labels *out)
{
	out->items = arena_alloc(a, (count + 1) * sizeof *out->items);
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		out->items[i].name = unpack(&p);
		out->items[i].value = unpack(&p);
	}
	return p;
}

void alert_view(struct arena *a, const struct alert *al, struct alert_texts *out)
{
	const char *p = unpack_pairs(a, al->texts, al->label_count, &out->labels);

	p = unpack_pairs(a, p, al->annotation_count, &out->annotations);
	out->url = str_of(p);
}

/* ---- keys ---- */

uint64_t hash_text(uint64_t h, struct str s)
{
	uint64_t word;

	while (s.n >= 8) {
		memcpy(&word, s.p, 8);
		h = (h ^ word) * 0x9fb21c651e98df25ull;
		h ^= h >> 32;
		s.p += 8;
		s.n -= 8;
	}
	word = s.n;
	for (size_t i = 0; i < s.n; i++)
		word = word << 8 | (uint8_t)s.p[i];
	h = (h ^ word) * 0x9fb21c651e98df25ull;
	return h ^ h >> 29;
}

uint64_t group_hash(int64_t source_id, struct str group_key)
{
	return hash_text(hash_mix((uint64_t)source_id + 1), group_key) | 1;
}

uint64_t alert_hash(uint64_t group_key_hash, uint64_t fingerprint)
{
	return hash_mix(group_key_hash ^ hash_mix(fingerprint));
}

uint64_t short_hash(struct str short_id)
{
	return hash_text(7, short_id) | 1;
}

/* ---- groups in memory ---- */

struct group *group_new(struct alerts *al, const struct group_row *row)
{
	struct group *g = mem_new(sizeof *g);

	g->row = *row;
	g->row.group_key = (struct str){mem_dup(row->group_key), row->group_key.n};
	g->row.short_id = (struct str){mem_dup(row->short_id), row->short_id.n};
	g->row.title = (struct str){mem_dup(row->title), row->title.n};
	g->row.external_url = (struct str){mem_dup(row->external_url), row->external_url.n};
	g->key_hash = group_hash(row->source_id, row->group_key);
	map_put(&al->by_id, (uint64_t)row->id, g);
	map_put(&al->by_short, short_hash(row->short_id), g);
	if (row->state != GROUP_RESOLVED)
		map_put(&al->by_key, g->key_hash, g);
	return g;
}

void map_take_if(struct map *m, uint64_t key, const void *value)
{
	if (map_get(m, key) == value)
		map_take(m, key);
}

static void alert_free(struct alerts *al, struct alert *a)
{
	map_take_if(&al->by_alert, alert_hash(a->group->key_hash, a->fingerprint), a);
	if (a->raw_labels)
		map_take_if(&al->by_raw, a->raw_labels, a);
	mem_free(a->texts);
	mem_free(a);
}

static void group_free(struct alerts *al, struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		alert_free(al, g->alerts[i]);
	map_take_if(&al->by_id, (uint64_t)g->row.id, g);
	map_take_if(&al->by_short, short_hash(g->row.short_id), g);
	map_take_if(&al->by_key, g->key_hash, g);
	mem_free((void *)g->row.group_key.p);
	mem_free((void *)g->row.short_id.p);
	mem_free((void *)g->row.title.p);
	mem_free((void *)g->row.external_url.p);
	mem_free(g->sum.common.items);
	mem_free(g->alerts);
	mem_free(g);
}

void group_let_go(struct alerts *al, struct group *g)
{
	if (g->row.state == GROUP_RESOLVED && !g->row.held && !g->outbox_id)
		group_free(al, g);
}

struct alert *alert_add(struct alerts *al, struct group *g, uint64_t fingerprint)
{
	struct alert *a = mem_new(sizeof *a);

	a->fingerprint = fingerprint;
	a->group = g;
	if (g->count == g->room) {
		g->room = g->room ? g->room * 2 : 4;
		g->alerts = mem_grow(g->alerts, g->room * sizeof *g->alerts);
	}
	g->alerts[g->count++] = a;
	map_put(&al->by_alert, alert_hash(g->key_hash, fingerprint), a);
	return a;
}

void alert_set_firing(struct alerts *al, struct alert *a, bool firing)
{
	if (a->firing == firing)
		return;
	a->firing = firing;
	a->group->firing += firing ? 1 : -1;
	al->active += firing ? 1 : -1;
}

void group_set_state(struct alerts *al, struct group *g, enum group_state to)
{
	if (g->row.state == to)
		return;
	al->groups_firing += (to == GROUP_FIRING) - (g->row.state == GROUP_FIRING);
	al->groups_acknowledged += (to == GROUP_ACKNOWLEDGED) - (g->row.state == GROUP_ACKNOWLEDGED);
	g->row.state = to;
	if (to == GROUP_RESOLVED)
		map_take_if(&al->by_key, g->key_hash, g);
}

static void alerts_clear(struct alerts *al)
{
	void *g;

	for (size_t i = 0; map_next(&al->by_id, &i, &g); i = 0)
		group_free(al, g);
	map_done(&al->by_key);
	map_done(&al->by_id);
	map_done(&al->by_short);
	map_done(&al->by_alert);
	map_done(&al->by_raw);
	*al = (struct alerts){0};
}

void alerts_free(struct engine *e)
{
	if (!e->alerts)
		return;
	alerts_clear(e->alerts);
	mem_free(e->alerts);
	e->alerts = NULL;
}

void alerts_count(struct engine *e, struct engine_counts *counts)
{
	if (!e->alerts)
		return;
	counts->alerts_active = e->alerts->active;
	counts->groups_firing = e->alerts->groups_firing;
	counts->groups_acknowledged = e->alerts->groups_acknowledged;
}

/* ---- changes: written as JSON, read again at the start ---- */

struct str changes_write(struct arena *a, const struct change *changes, size_t count)
{
	struct buf b;
	struct json_out o;
	struct str out;
	char hex[17];

	buf_init(&b, CHANGE_BODY_MAX);
	o = json_out(&b);
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		const struct alert_event *ev = changes[i].event;

		json_open(&o, '{');
		snprintf(hex, sizeof hex, "%016" PRIx64, ev->fingerprint);
		json_add_str(&o, "f", str_n(hex, 16));
		json_add_bool(&o, "s", ev->firing);
		json_add_int(&o, "b", ev->starts_at);
		json_add_int(&o, "e", ev->ends_at);
		if (changes[i].whole) {
			json_key(&o, "l");
			labels_write(&o, &ev->labels);
			json_key(&o, "a");
			labels_write(&o, &ev->annotations);
			json_add_str(&o, "u", ev->url);
		}
		json_close(&o, '}');
	}
	json_close(&o, ']');
	out = b.failed ? (struct str){NULL, 0} : arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static bool hex64(struct str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++)
		*out = *out << 4 | (uint64_t)(s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 32) - 'a' + 10);
	return s.n == 16;
}

static bool change_replay(struct arena *a, struct alerts *al, struct group *g, const struct json *c, wall_ms now, struct err *err)
{
	const struct json *labels = json_get(c, "l");
	struct alert *alert;
	uint64_t fingerprint;

	if (!hex64(json_get_str(c, "f"), &fingerprint))
		return true;
	alert = map_get(&al->by_alert, alert_hash(g->key_hash, fingerprint));
	if (!alert || alert->group != g) {
		if (!labels)
			return true;
		alert = alert_add(al, g, fingerprint);
	}
	if (labels) {
		struct labels l, an;

		if (!labels_parse(a, labels, 0, &l, err) || !labels_parse(a, json_get(c, "a"), 0, &an, err))
			return false;
		alert_pack(alert, &l, &an, json_get_str(c, "u"));
	}
	alert->starts_at = json_get_int(c, "b", 0);
	alert->ends_at = json_get_int(c, "e", 0);
	alert_set_firing(al, alert, json_get_bool(c, "s", true));
	/* Refreshes are not written: who still fires gets the time to say so again. */
	if (alert->firing && alert->ends_at && alert->ends_at < now + RESOLVE_AFTER)
		alert->ends_at = now + RESOLVE_AFTER;
	return true;
}

static bool group_replay(struct engine *e, struct arena *a, const struct group_row *row, wall_ms now, struct group **out, struct err *err)
{
	struct alerts *al = e->alerts;
	struct group *g = group_new(al, row);
	struct change_row *rows;
	size_t count;

	*out = g;
	al->groups_firing += row->state == GROUP_FIRING;
	al->groups_acknowledged += row->state == GROUP_ACKNOWLEDGED;
	if (!store_change_list(e->db, a, row->id, &rows, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct json *list = json_parse(a, rows[i].body, JSON_STRICT, err);

		if (!list)
			return false;
		for (const struct json *c = list->child; c; c = c->next)
			if (!change_replay(a, al, g, c, now, err))
				return false;
		if (rows[i].at > g->row.changed)
			g->row.changed = rows[i].at;
	}
	g->timer_due = store_timer_waits(e->db, row->id, KIND_ENDS) ? now : 0;
	return true;
}

static int by_row_id(const void *a, const void *b)
{
	int64_t x = ((const struct group_row *)a)->id, y = ((const struct group_row *)b)->id;

	return x < y ? -1 : x > y;
}

/* Those that are open, and those whose end is not told yet. In the order of their ids: of two groups with one key the younger
 * comes last, because an alert that both know is the younger's. */
static bool groups_to_load(struct engine *e, struct arena *a, const struct outbox_key *keys, size_t key_count, struct vec *out, struct err *err)
{
	struct group_row *open, row;
	size_t count;

	if (!store_group_open(e->db, a, e->workspace_id, &open, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		*(struct group_row *)vec_push(a, out, sizeof row) = open[i];
	for (size_t i = 0; i < key_count; i++) {
		row.id = keys[i].home_id;
		if (count && bsearch(&row, open, count, sizeof row, by_row_id))
			continue;
		if (store_group_find(e->db, a, keys[i].home_id, &row, err))
			*(struct group_row *)vec_push(a, out, sizeof row) = row;
		else if (err->code)
			return false;
	}
	if (out->count)
		qsort(out->items, out->count, sizeof row, by_row_id);
	return true;
}

static bool reload_groups(struct engine *e, struct arena *a, wall_ms now, struct err *err)
{
	struct vec rows = {0};
	struct outbox_key *keys;
	struct group *g;
	size_t count;

	if (!store_outbox_of_kind(e->db, a, KIND_GROUP, &keys, &count, err) || !groups_to_load(e, a, keys, count, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		const struct group_row *row = (const struct group_row *)rows.items + i;
		struct arena each;
		bool ok;

		if (map_get(&e->alerts->by_id, (uint64_t)row->id)) /* two rows of the outbox for one group */
			continue;
		arena_init(&each);
		ok = group_replay(e, &each, row, now, &g, err);
		arena_done(&each);
		if (!ok)
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if ((g = map_get(&e->alerts->by_id, (uint64_t)keys[i].home_id)))
			g->outbox_id = keys[i].id;
	return true;
}

bool alerts_reload(struct engine *e, struct err *err)
{
	struct err why = {0};
	struct arena a;
	bool ok;

	if (!e->alerts)
		e->alerts = mem_new(sizeof *e->alerts);
	alerts_clear(e->alerts);
	arena_init(&a);
	ok = reload_groups(e, &a, wall_now(), &why);
	arena_done(&a);
	if (!ok)
		err_set(err, why.code ? why.code : ERR_INTERNAL, "the alerts cannot be read: %s", why.text);
	return ok;
}
