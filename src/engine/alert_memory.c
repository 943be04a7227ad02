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
			if (to && both[k].n)
				memcpy(to + n, both[k].p, both[k].n);
			n += both[k].n;
			if (to)
				to[n] = '\0';
			n++;
		}
	}
	return n;
}

void alert_pack(struct alert *al, const struct labels *labels, const struct labels *annotations, struct str url, struct str sender_key)
{
	struct label rest = {url, sender_key};
	size_t nl = pack_pairs(NULL, labels), na = pack_pairs(NULL, annotations);
	char *texts = mem_grow(NULL, nl + na + url.n + sender_key.n + 2);

	pack_pairs(texts, labels);
	pack_pairs(texts + nl, annotations);
	pack_pairs(texts + nl + na, &(struct labels){&rest, 1});
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
	out->url = unpack(&p);
	out->sender_key = str_of(p);
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

uint64_t group_hash(struct str receiver, struct str group_key)
{
	return hash_text(hash_text(5, receiver), group_key) | 1;
}

uint64_t alert_identity(int64_t source_id, struct str sender_key, uint64_t fingerprint)
{
	return hash_mix(hash_text(hash_mix((uint64_t)source_id + 1), sender_key) ^ hash_mix(fingerprint)) | 1;
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
	g->row.receiver = (struct str){mem_dup(row->receiver), row->receiver.n};
	g->row.rule = S(""); /* only its row needs it */
	g->key_hash = group_hash(row->receiver, row->group_key);
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

/* ---- alerts: twins, flaps, what they are told of ---- */

struct alert *alert_in(struct alert *first, const struct group *g)
{
	struct alert *a = first;

	while (a && a->group != g) {
		a = a->twin;
		if (a == first)
			return NULL;
	}
	return a;
}

struct alert *alert_firing(struct alert *first)
{
	struct alert *a = first;

	do
		if (a->firing)
			return a;
	while ((a = a->twin) != first);
	return NULL;
}

static void leave_twins(struct alerts *al, struct alert *a)
{
	struct alert *before = a;

	while (before->twin != a)
		before = before->twin;
	before->twin = a->twin;
	if (map_get(&al->by_alert, a->identity) != a)
		return;
	if (before == a)
		map_take(&al->by_alert, a->identity);
	else
		map_put(&al->by_alert, a->identity, a->twin);
}

#define FLAPS_KEPT 50000

/* Flaps outlive the alert: count in the low byte, seconds above. When there are very many, the older half is forgotten. */
static void remember_flaps(struct alerts *al, const struct alert *a)
{
	if (!a->flaps || al->clearing)
		return;
	if (al->flapped[0].count >= FLAPS_KEPT) {
		map_done(&al->flapped[1]);
		al->flapped[1] = al->flapped[0];
		al->flapped[0] = (struct map){0};
	}
	map_put(&al->flapped[0], a->identity, (void *)(uintptr_t)((uint64_t)a->flaps_since << 8 | a->flaps));
}

static uint64_t flaps_of_gone(const struct alerts *al, uint64_t identity)
{
	void *young = map_get(&al->flapped[0], identity);

	return (uint64_t)(uintptr_t)(young ? young : map_get(&al->flapped[1], identity));
}

static void recall_flaps(struct alerts *al, struct alert *a)
{
	uint64_t packed = flaps_of_gone(al, a->identity);

	a->flaps = (uint8_t)packed;
	a->flaps_since = (uint32_t)(packed >> 8);
}

static uint32_t flap_clock(wall_ms now)
{
	return (uint32_t)((now - 1704067200000) / SECOND); /* since 2024 */
}

unsigned alert_flaps(const struct alerts *al, const struct routing *r, const struct alert *a, uint64_t identity, wall_ms now, uint32_t *since)
{
	uint64_t packed = a ? (uint64_t)a->flaps_since << 8 | a->flaps : flaps_of_gone(al, identity);
	unsigned flaps = (uint8_t)packed;

	*since = (uint32_t)(packed >> 8);
	if (!flaps || (span_ms)(flap_clock(now) - *since) * SECOND > r->flap_within) {
		flaps = 0;
		*since = flap_clock(now);
	}
	return flaps < UINT8_MAX ? flaps + 1 : flaps;
}

static void alert_free(struct alerts *al, struct alert *a)
{
	remember_flaps(al, a);
	inhibit_untie(al, a);
	leave_twins(al, a);
	if (a->raw_labels)
		map_take_if(&al->by_raw, a->raw_labels, a);
	mem_free(a->texts);
	mem_free(a);
}

struct str alert_label(const struct alert *a, const char *name)
{
	const char *p = a->texts;

	for (unsigned i = 0; i < a->label_count; i++) {
		const char *value = p + strlen(p) + 1;
		int order = strcmp(p, name);

		if (order >= 0)
			return order == 0 ? str_of(value) : S("");
		p = value + strlen(value) + 1;
	}
	return S("");
}

bool alert_fits(const struct matchers *m, const struct alert *a)
{
	for (size_t i = 0; i < m->count; i++)
		if (!matcher_fits(&m->items[i], alert_label(a, m->items[i].name.p)))
			return false;
	return true;
}

void group_touch(struct alerts *al, struct group *g)
{
	if (g->touched || al->clearing)
		return;
	g->touched = true;
	g->next_touched = al->touched;
	al->touched = g;
}

static void untouch(struct alerts *al, struct group *g)
{
	for (struct group **at = &al->touched; g->touched && *at; at = &(*at)->next_touched)
		if (*at == g) {
			*at = g->next_touched;
			break;
		}
	g->touched = false;
}

static void group_free(struct alerts *al, struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		alert_free(al, g->alerts[i]);
	untouch(al, g);
	digest_forget(al, g);
	map_take_if(&al->by_id, (uint64_t)g->row.id, g);
	map_take_if(&al->by_short, short_hash(g->row.short_id), g);
	map_take_if(&al->by_key, g->key_hash, g);
	mem_free((void *)g->row.group_key.p);
	mem_free((void *)g->row.short_id.p);
	mem_free((void *)g->row.title.p);
	mem_free((void *)g->row.external_url.p);
	mem_free((void *)g->row.receiver.p);
	mem_free(g->sum.common.items);
	mem_free(g->alerts);
	mem_free(g);
}

void group_let_go(struct alerts *al, struct group *g)
{
	if (g->row.state == GROUP_RESOLVED && !g->row.held && !g->outbox_id && !g->details)
		group_free(al, g);
}

struct alert *alert_add(struct alerts *al, struct group *g, uint64_t identity, uint64_t fingerprint)
{
	struct alert *a = mem_new(sizeof *a), *twin = map_get(&al->by_alert, identity);

	a->fingerprint = fingerprint;
	a->identity = identity;
	a->group = g;
	a->twin = a;
	if (twin) { /* behind the last: they stand in the order of their routes */
		struct alert *last = twin;

		while (last->twin != twin)
			last = last->twin;
		last->twin = a;
		a->twin = twin;
	} else {
		map_put(&al->by_alert, identity, a);
	}
	if (g->count == g->room) {
		g->room = g->room ? g->room * 2 : 4;
		g->alerts = mem_grow(g->alerts, g->room * sizeof *g->alerts);
	}
	a->index = (uint32_t)g->count;
	g->alerts[g->count++] = a;
	recall_flaps(al, a);
	return a;
}

void alert_requiet(struct alerts *al, struct alert *a)
{
	uint8_t quiet = (uint8_t)((silences_hush(al, a) ? QUIET_SILENCED : 0) | (inhibit_holds(a) ? QUIET_INHIBITED : 0));

	if (a->firing && quiet != a->quiet) {
		alert_set(al, a, true, quiet);
		group_touch(al, a->group);
	}
}

void alert_set(struct alerts *al, struct alert *a, bool firing, uint8_t quiet)
{
	bool was_loud = alert_is_loud(a);

	if (a->firing != firing) {
		a->firing = firing;
		a->group->firing += firing ? 1 : -1;
		al->active += firing ? 1 : -1;
	}
	a->quiet = quiet;
	a->group->loud += alert_is_loud(a) - was_loud;
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

	al->clearing = true;
	for (size_t i = 0; map_next(&al->by_id, &i, &g); i--) /* taking one may move another into its place */
		group_free(al, g);
	map_done(&al->by_key);
	map_done(&al->by_id);
	map_done(&al->by_short);
	map_done(&al->by_alert);
	map_done(&al->by_raw);
	for (size_t i = 0; i < COUNT_OF(al->flapped); i++)
		map_done(&al->flapped[i]);
	map_done(&al->buckets);
	silences_clear(al);
	digests_clear(al);
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

/* ---- changes: written as JSON, read again at the start ----
 *
 * {"n": the group's n-th, or "f","o","k": fingerprint, source and sender's key of a new one; "s": false if it does not fire; "g": begins to; "b","e": from,
 * to; "l","a","u": labels, annotations, url, where they are new} */

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
		if (changes[i].alert) {
			json_add_int(&o, "n", changes[i].alert->index);
		} else {
			snprintf(hex, sizeof hex, "%016" PRIx64, ev->fingerprint);
			json_add_str(&o, "f", str_n(hex, 16));
			if (changes[i].source_id)
				json_add_int(&o, "o", changes[i].source_id);
			if (changes[i].sender_key.n)
				json_add_str(&o, "k", changes[i].sender_key);
		}
		if (!ev->firing)
			json_add_bool(&o, "s", false);
		if (ev->firing && (!changes[i].alert || !changes[i].alert->firing))
			json_add_bool(&o, "g", true);
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

bool hex64(struct str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++)
		*out = *out << 4 | (uint64_t)(s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 32) - 'a' + 10);
	return s.n == 16;
}

/* The alert that a change is of: the n-th of the group, or a new one. NULL: neither. */
static struct alert *replay_alert(struct alerts *al, struct group *g, const struct json *c)
{
	int64_t n = json_get_int(c, "n", -1);
	uint64_t fingerprint;

	if (n >= 0)
		return (size_t)n < g->count ? g->alerts[n] : NULL;
	if (!json_get(c, "l") || !hex64(json_get_str(c, "f"), &fingerprint))
		return NULL;
	return alert_add(al, g, alert_identity(json_get_int(c, "o", 0), json_get_str(c, "k"), fingerprint), fingerprint);
}

static bool change_replay(struct arena *a, struct alerts *al, struct group *g, const struct json *c, wall_ms now, struct err *err)
{
	const struct json *labels = json_get(c, "l");
	struct alert *alert = replay_alert(al, g, c);

	if (!alert)
		return true;
	if (labels) {
		struct alert_texts old = {0};
		struct labels l, an;

		if (alert->texts)
			alert_view(a, alert, &old);
		if (!labels_parse(a, labels, 0, &l, err) || !labels_parse(a, json_get(c, "a"), 0, &an, err))
			return false;
		alert_pack(alert, &l, &an, json_get_str(c, "u"), alert->texts ? old.sender_key : json_get_str(c, "k"));
	}
	alert->starts_at = json_get_int(c, "b", 0);
	alert->ends_at = json_get_int(c, "e", 0);
	alert_set(al, alert, json_get_bool(c, "s", true), 0);
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

/* What waits to be told of groups: their messages, and what their threads hear. */
struct waiting {
	struct outbox_key *messages, *details;
	size_t message_count, detail_count;
};

static bool add_untold(struct engine *e, struct arena *a, const struct outbox_key *keys, size_t key_count, struct vec *out, size_t open, struct err *err)
{
	struct group_row row;

	for (size_t i = 0; i < key_count; i++) {
		row.id = keys[i].home_id;
		if (open && bsearch(&row, out->items, open, sizeof row, by_row_id))
			continue;
		if (store_group_find(e->db, a, keys[i].home_id, &row, err))
			*(struct group_row *)vec_push(a, out, sizeof row) = row;
		else if (err->code)
			return false;
	}
	return true;
}

/* Those that are open, and those whose end is not told yet. In the order of their ids: of two groups with one key the younger
 * comes last, and its key stands. */
static bool groups_to_load(struct engine *e, struct arena *a, const struct waiting *w, struct vec *out, struct err *err)
{
	struct group_row *open;
	size_t count;

	if (!store_group_open(e->db, a, e->workspace_id, &open, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		*(struct group_row *)vec_push(a, out, sizeof *open) = open[i];
	if (!add_untold(e, a, w->messages, w->message_count, out, count, err) || !add_untold(e, a, w->details, w->detail_count, out, count, err))
		return false;
	if (out->count)
		qsort(out->items, out->count, sizeof *open, by_row_id);
	return true;
}

/* What is hushed: once all are there, because one alert can inhibit another. */
static void hush_all(struct engine *e)
{
	struct alerts *al = e->alerts;
	void *value;

	for (size_t i = 0; map_next(&al->by_id, &i, &value);) {
		struct group *g = value;

		g->route = routing_find(e->routing, g->row.group_key, g->row.receiver);
		for (size_t k = 0; k < g->count; k++)
			if (g->alerts[k]->firing) {
				inhibit_untie(al, g->alerts[k]);
				inhibit_tie(al, e->routing, g->alerts[k]);
			}
	}
	for (size_t i = 0; map_next(&al->by_id, &i, &value);) {
		struct group *g = value;

		for (size_t k = 0; k < g->count; k++)
			alert_requiet(al, g->alerts[k]);
	}
}

bool alerts_use_routing(struct work *w)
{
	struct engine *e = w->engine;
	struct alerts *al = e->alerts;
	void *value;

	for (size_t i = 0; map_next(&al->by_id, &i, &value);)
		for (size_t k = 0; k < ((struct group *)value)->count; k++)
			inhibit_untie(al, ((struct group *)value)->alerts[k]);
	inhibit_clear(al);
	hush_all(e);
	for (size_t i = 0; map_next(&al->by_id, &i, &value);)
		if (!((struct group *)value)->row.message_ts)
			group_touch(al, value); /* its route may have been mute, and is not any more */
	return alerts_tell_touched(w) && alerts_mind_reminders(w);
}

static void group_outbox_is(struct group *g, const struct outbox_key *key)
{
	g->outbox_id = key->id;
	g->outbox_fence = key->fence;
	g->outbox_due = key->due;
}

static void group_detail_is(struct group *g, const struct outbox_key *key)
{
	g->details++;
	g->detail_id = key->id > g->detail_id ? key->id : g->detail_id;
}

static bool reload_groups(struct engine *e, struct arena *a, wall_ms now, struct err *err)
{
	struct waiting w;
	struct vec rows = {0};
	struct group *g;

	if (!store_outbox_of_kind(e->db, a, KIND_GROUP, &w.messages, &w.message_count, err) ||
	    !store_outbox_of_kind(e->db, a, KIND_DETAIL, &w.details, &w.detail_count, err) || !groups_to_load(e, a, &w, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		const struct group_row *row = (const struct group_row *)rows.items + i;
		struct arena each;
		bool ok;

		if (map_get(&e->alerts->by_id, (uint64_t)row->id)) /* several rows of the outbox for one group */
			continue;
		arena_init(&each);
		ok = group_replay(e, &each, row, now, &g, err);
		arena_done(&each);
		if (!ok)
			return false;
	}
	for (size_t i = 0; i < w.message_count; i++)
		if ((g = map_get(&e->alerts->by_id, (uint64_t)w.messages[i].home_id)))
			group_outbox_is(g, &w.messages[i]);
	for (size_t i = 0; i < w.detail_count; i++)
		if ((g = map_get(&e->alerts->by_id, (uint64_t)w.details[i].home_id)))
			group_detail_is(g, &w.details[i]);
	return true;
}

/* ---- what no row knows outlives a reload ---- */

static void alert_carry_over(struct alert *a, const struct alert *old)
{
	if (a->identity != old->identity)
		return;
	a->flaps = old->flaps;
	a->flaps_since = old->flaps_since;
	if (a->firing && old->firing)
		a->ends_at = old->ends_at;
}

static void group_carry_over(struct group *g, const struct group *old)
{
	g->told_at = old->told_at;
	g->detail_at = old->detail_at;
	g->hold_until = old->hold_until;
	g->counted = old->counted;
	if (g->outbox_id && g->outbox_id == old->outbox_id) {
		g->has_turn = old->has_turn;
		g->sending = old->sending;
		g->dirty = old->dirty; /* by what was undone, maybe: its message is then changed into the same */
		g->dirty_due = old->dirty_due;
	}
	for (size_t i = 0; i < g->count && i < old->count; i++)
		alert_carry_over(g->alerts[i], old->alerts[i]);
}

static void carry_over(struct alerts *al, struct alerts *old)
{
	void *value;

	for (size_t i = 0; map_next(&old->by_id, &i, &value);) {
		struct group *g = map_get(&al->by_id, (uint64_t)((struct group *)value)->row.id);

		if (g)
			group_carry_over(g, value);
	}
	for (size_t i = 0; i < COUNT_OF(al->flapped); i++) {
		al->flapped[i] = old->flapped[i];
		old->flapped[i] = (struct map){0};
	}
	silences_carry_over(al, old);
	storms_carry_over(al, old);
}

bool alerts_reload(struct engine *e, struct err *err)
{
	struct alerts *old = e->alerts;
	struct err why = {0};
	struct arena a;
	bool ok;

	if (!e->routing && !(e->routing = routing_read(S(""), err)))
		return false;
	e->alerts = mem_new(sizeof *e->alerts);
	e->alerts->clearing = true; /* nobody is told: it was so before */
	arena_init(&a);
	ok = reload_groups(e, &a, wall_now(), &why) && silences_load(e, &a, wall_now(), &why) && digests_load(e, &a, &why);
	arena_done(&a);
	if (ok)
		hush_all(e);
	if (ok && old)
		carry_over(e->alerts, old);
	e->alerts->clearing = false;
	if (old) {
		alerts_clear(old);
		mem_free(old);
	}
	if (!ok)
		err_set(err, why.code ? why.code : ERR_INTERNAL, "the alerts cannot be read: %s", why.text);
	return ok;
}
