#include "engine/alerts_internal.h"

#include "base/crypt.h"
#include "base/log.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>

#define RESOLVE_AFTER (5 * MINUTE)  /* Alertmanager's resolve_timeout: for alerts without endsAt, and after a restart */
#define TELL_EVERY SECOND           /* a group whose numbers change is told at most this often */
#define CHANGE_BODY_MAX (4 * MIB)
#define KIND_GROUP "alert_group"    /* of outbox rows */
#define KIND_ENDS "group_ends"      /* of timers */

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

static void alert_pack(struct alert *al, const struct labels *labels, const struct labels *annotations, struct str url)
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

static uint64_t hash_text(uint64_t h, struct str s)
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

static uint64_t group_hash(int64_t source_id, struct str group_key)
{
	return hash_text(hash_mix((uint64_t)source_id + 1), group_key) | 1;
}

static uint64_t alert_hash(uint64_t group_key_hash, uint64_t fingerprint)
{
	return hash_mix(group_key_hash ^ hash_mix(fingerprint));
}

static uint64_t short_hash(struct str short_id)
{
	return hash_text(7, short_id) | 1;
}

/* ---- groups in memory ---- */

static struct group *group_new(struct alerts *al, const struct group_row *row)
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

static void map_take_if(struct map *m, uint64_t key, const void *value)
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

/* A group leaves memory when it is resolved, told, and its source has ended. Its rows stay. */
static void group_let_go(struct alerts *al, struct group *g)
{
	if (g->row.state == GROUP_RESOLVED && !g->row.held && !g->outbox_id)
		group_free(al, g);
}

static struct alert *alert_add(struct alerts *al, struct group *g, uint64_t fingerprint)
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

static void alert_set_firing(struct alerts *al, struct alert *a, bool firing)
{
	if (a->firing == firing)
		return;
	a->firing = firing;
	if (a->group->firing == (firing ? 0 : 1))
		a->group->sum.upto = 0; /* from now on others count */
	a->group->firing += firing ? 1 : -1;
	al->active += firing ? 1 : -1;
}

static void group_set_state(struct alerts *al, struct group *g, enum group_state to)
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

struct change {
	const struct alert_event *event;
	struct alert *alert; /* NULL: new */
	bool whole;          /* texts changed too */
};

static struct str changes_write(struct arena *a, const struct change *changes, size_t count)
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
	}
	g->timer_due = store_timer_waits(e->db, row->id, KIND_ENDS) ? now : 0;
	return true;
}

static bool reload_groups(struct engine *e, struct arena *a, wall_ms now, struct err *err)
{
	struct group_row *rows, row;
	struct outbox_key *keys;
	struct group *g;
	size_t count;

	if (!store_group_open(e->db, a, e->workspace_id, &rows, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct arena each;
		bool ok;

		arena_init(&each);
		ok = group_replay(e, &each, &rows[i], now, &g, err);
		arena_done(&each);
		if (!ok)
			return false;
	}
	if (!store_outbox_of_kind(e->db, a, KIND_GROUP, &keys, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		g = map_get(&e->alerts->by_id, (uint64_t)keys[i].home_id);
		if (!g && store_group_find(e->db, a, keys[i].home_id, &row, err) && !group_replay(e, a, &row, now, &g, err))
			return false;
		if (g)
			g->outbox_id = keys[i].id;
	}
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

/* ---- telling ---- */

/* Sees to it that the group's message will show its present state. */
static bool group_tell(struct work *w, struct group *g, unsigned effects, struct err *err)
{
	bool at_once = (effects & GROUP_FX_TELL_NOW) || !g->told_at;
	wall_ms due = at_once || g->told_at + TELL_EVERY < w->now ? w->now : g->told_at + TELL_EVERY;
	struct due_row row = {.home_id = g->row.id, .id = g->outbox_id};

	if (!(effects & (GROUP_FX_TELL_NOW | GROUP_FX_TELL_SOON)))
		return true;
	if (g->sending) {
		g->dirty_due = g->dirty && g->dirty_due < due ? g->dirty_due : due;
		g->dirty = true;
		return true;
	}
	if (g->outbox_id && g->outbox_due <= due)
		return true;
	effect_wake(w);
	if (g->outbox_id) {
		if (!store_due_later(w->engine->db, DUE_OUTBOX, &row, due, err))
			return false;
	} else {
		g->outbox_id = engine_id(w);
		if (!store_due_add(w->engine->db, DUE_OUTBOX, g->row.id, g->outbox_id, due, KIND_GROUP, S(""), err))
			return false;
	}
	g->outbox_due = due;
	return true;
}

/* ---- taking a delivery in ---- */

/* The alerts of one delivery that belong to one group. */
struct part {
	struct part *next;
	uint64_t key_hash;
	struct str group_key;
	struct group *group; /* NULL: to be opened */
	struct vec changes;  /* struct change */
	int64_t fires, ends; /* how many begin and end to fire */
	wall_ms soonest_end;
};

struct intake {
	struct work *w;
	struct delivery *d;
	struct part *parts, *last;
	struct str external_url;
	struct map seen; /* alerts that this delivery has changed already: named twice, the first counts */
};

static struct part *part_of(struct intake *in, struct group *g, uint64_t key_hash, struct str group_key)
{
	struct part *p;

	if (in->last && in->last->group == g && in->last->key_hash == key_hash)
		return in->last;
	for (p = in->parts; p; p = p->next)
		if (p->key_hash == key_hash && p->group == g)
			return in->last = p;
	p = arena_zero(in->w->arena, sizeof *p);
	p->key_hash = key_hash;
	p->group_key = group_key;
	p->group = g;
	p->next = in->parts;
	in->parts = p;
	return in->last = p;
}

static void part_add(struct intake *in, struct part *p, const struct alert_event *ev, struct alert *alert, bool whole)
{
	uint64_t seen = hash_mix(alert_hash(p->key_hash, ev->fingerprint) + (p->group ? (uint64_t)p->group->row.id : 0));

	if (map_get(&in->seen, seen))
		return;
	map_put(&in->seen, seen, p);
	*(struct change *)vec_push(in->w->arena, &p->changes, sizeof(struct change)) = (struct change){ev, alert, whole};
	in->d->changed++;
	if (ev->firing && (!alert || !alert->firing))
		p->fires++;
	if (!ev->firing && alert && alert->firing)
		p->ends++;
	if (ev->firing && ev->ends_at && (!p->soonest_end || ev->ends_at < p->soonest_end))
		p->soonest_end = ev->ends_at;
}

static bool same_texts(struct arena *a, const struct alert *alert, const struct alert_event *ev)
{
	struct alert_texts have;

	alert_view(a, alert, &have);
	return labels_same(&have.annotations, &ev->annotations) && str_eq(have.url, ev->url) && labels_same(&have.labels, &ev->labels);
}

/* The alert was resolved by hand; now it fires for the next time: its old firing ends, the new one opens a group. */
static void intake_fires_anew(struct intake *in, struct alert *alert, struct alert_event *ev, wall_ms starts_at, uint64_t key_hash, struct str group_key)
{
	struct alert_event *ended = arena_zero(in->w->arena, sizeof *ended);

	*ended = (struct alert_event){.fingerprint = alert->fingerprint, .starts_at = alert->starts_at, .ends_at = starts_at};
	part_add(in, part_of(in, alert->group, key_hash, group_key), ended, alert, false);
	ev->starts_at = starts_at;
	part_add(in, part_of(in, map_get(&in->w->engine->alerts->by_key, key_hash), key_hash, group_key), ev, NULL, true);
}

/* What an event means for an alert that is known: nothing new, or a change. */
static void intake_known(struct intake *in, struct alert *alert, struct alert_event *ev, uint64_t key_hash, struct str group_key)
{
	struct group *g = alert->group;
	bool held = g->row.state == GROUP_RESOLVED;
	wall_ms starts_at = ev->starts_at;

	if (alert->firing && ev->firing) {
		/* The earliest start wins, as Alertmanager merges. A held group stays quiet while its firing goes on. */
		if (ev->starts_at > alert->starts_at)
			ev->starts_at = alert->starts_at;
		alert->ends_at = ev->ends_at;
		if (held && starts_at > g->row.resolved) {
			intake_fires_anew(in, alert, ev, starts_at, key_hash, group_key);
			return;
		}
		if (held || (ev->starts_at == alert->starts_at && same_texts(in->w->arena, alert, ev)))
			return;
		part_add(in, part_of(in, g, key_hash, group_key), ev, alert, true);
	} else if (alert->firing) {
		part_add(in, part_of(in, g, key_hash, group_key), ev, alert, false);
	} else if (ev->firing && !held) {
		part_add(in, part_of(in, g, key_hash, group_key), ev, alert, true);
	} else if (ev->firing) {
		part_add(in, part_of(in, map_get(&in->w->engine->alerts->by_key, key_hash), key_hash, group_key), ev, NULL, true);
	}
}

static void intake_event(struct intake *in, struct alert_event *ev, struct str group_key, struct alert **known)
{
	struct alerts *al = in->w->engine->alerts;
	uint64_t key_hash = group_hash(in->d->source_id, group_key);
	struct alert *alert = map_get(&al->by_alert, alert_hash(key_hash, ev->fingerprint));

	*known = alert;
	if (alert) {
		intake_known(in, alert, ev, key_hash, group_key);
		return;
	}
	if (ev->firing) /* the end of an alert that we never saw says nothing */
		part_add(in, part_of(in, map_get(&al->by_key, key_hash), key_hash, group_key), ev, NULL, true);
}

/* ---- writing one group's part, then carrying it into memory ---- */

static struct str short_id_new(struct work *w, int64_t id)
{
	uint64_t hash = hash_mix((uint64_t)id);
	size_t n = 4;
	struct str s;

	do
		s = crypt_base32(w->arena, (const uint8_t *)&hash, n++);
	while (n < 12 && map_get(&w->engine->alerts->by_short, short_hash(s)));
	return s;
}

static const struct change *changes_of(const struct part *p)
{
	return p->changes.items;
}

static bool part_open_group(struct intake *in, struct part *p, struct group_row *row)
{
	const struct change *first = changes_of(p);
	struct work *w = in->w;

	*row = (struct group_row){.id = engine_id(w),
				  .workspace_id = w->engine->workspace_id,
				  .source_id = in->d->source_id,
				  .channel_id = in->d->channel_id,
				  .group_key = p->group_key,
				  .external_url = str_clip(in->external_url, 1000),
				  .state = GROUP_FIRING,
				  .severity = alert_severity(&first->event->labels),
				  .opened = w->now,
				  .changed = w->now};
	row->short_id = short_id_new(w, row->id);
	row->title = labels_get(&first->event->labels, "alertname");
	if (p->changes.count == 1 || !row->title.n)
		row->title = alert_title(w->arena, &first->event->labels, &first->event->annotations);
	row->title = str_clip(row->title, 250);
	for (size_t i = 0; i < p->changes.count; i++) {
		enum severity s = alert_severity(&changes_of(p)[i].event->labels);

		row->severity = s > row->severity ? s : row->severity;
	}
	return store_group_add(w->engine->db, row, &w->err);
}

static void change_apply(struct alerts *al, struct group *g, const struct change *c)
{
	struct alert *alert = c->alert ? c->alert : alert_add(al, g, c->event->fingerprint);

	if (c->alert)
		g->sum.upto = 0;
	if (c->whole)
		alert_pack(alert, &c->event->labels, &c->event->annotations, c->event->url);
	alert->starts_at = c->event->starts_at;
	alert->ends_at = c->event->ends_at;
	alert_set_firing(al, alert, c->event->firing);
}

/* Writes what changed and the group's next state, then applies it. */
static bool group_change(struct work *w, struct group *g, const struct change *changes, size_t count, int64_t firing_after, bool fires)
{
	enum group_event event = firing_after == 0 ? GROUP_EV_ALL_RESOLVED : fires ? GROUP_EV_FIRES : GROUP_EV_CHANGES;
	const struct group_rule *rule = group_rule_find(g->row.state, event);
	struct str body = changes_write(w->arena, changes, count);
	struct group_row after = g->row;
	struct alerts *al = w->engine->alerts;

	if (!rule || !body.p) {
		err_set(&w->err, body.p ? ERR_CONFLICT : ERR_TOO_BIG, body.p ? "the group is not open" : "one delivery changes too much of one group");
		return false;
	}
	after.state = rule->to;
	after.changed = w->now;
	if (rule->effects & GROUP_FX_SET_RESOLVED) {
		after.resolved = w->now;
		after.resolved_by = 0;
	}
	if (firing_after == 0)
		after.held = false;
	for (size_t i = 0; i < count; i++)
		if (changes[i].event->firing && changes[i].whole && alert_severity(&changes[i].event->labels) > after.severity)
			after.severity = alert_severity(&changes[i].event->labels);
	if (!store_change_add(w->engine->db, g->row.id, engine_id(w), w->now, body, &w->err))
		return false;
	if ((after.state != g->row.state || after.severity != g->row.severity || after.held != g->row.held) && !store_group_set(w->engine->db, &after, &w->err))
		return false;
	work_touched_memory(w);
	for (size_t i = 0; i < count; i++)
		change_apply(al, g, &changes[i]);
	g->row.changed = after.changed;
	g->row.severity = after.severity;
	g->row.resolved = after.resolved;
	g->row.resolved_by = after.resolved_by;
	g->row.held = after.held;
	group_set_state(al, g, after.state);
	return group_tell(w, g, rule->effects, &w->err);
}

/* A group whose alerts end by themselves has a timer; an earlier end brings it forward with a second one. */
static bool group_mind_ends(struct work *w, struct group *g, wall_ms ends_at)
{
	if (!ends_at || (g->timer_due && g->timer_due <= ends_at))
		return true;
	g->timer_due = ends_at;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, g->row.id, engine_id(w), ends_at, KIND_ENDS, S(""), &w->err);
}

static bool part_write(struct intake *in, struct part *p)
{
	struct alerts *al = in->w->engine->alerts;
	struct group_row row;
	struct group *g = p->group;
	bool is_new = !g;

	if (is_new) {
		if (!part_open_group(in, p, &row))
			return false;
		work_touched_memory(in->w);
		g = group_new(al, &row);
		al->groups_firing++;
	}
	if (!group_change(in->w, g, changes_of(p), p->changes.count, g->firing + p->fires - p->ends, p->fires > 0) ||
	    !group_mind_ends(in->w, g, p->soonest_end))
		return false;
	if (is_new)
		log_info(EV_ALERT_OPENED, F_STR("alert", g->row.short_id), F_STR("source", in->d->source_name), F_STR("title", g->row.title));
	else if (g->row.state == GROUP_RESOLVED)
		log_info(EV_ALERT_RESOLVED, F_STR("alert", g->row.short_id), F_TXT("by", "source"));
	group_let_go(al, g);
	return true;
}

static bool intake_write(struct intake *in)
{
	struct part *p = in->parts, *turned = NULL;
	bool ok = true;

	while (p) { /* in the order in which the delivery named them */
		struct part *next = p->next;

		p->next = turned;
		turned = p;
		p = next;
	}
	for (p = turned; p && ok; p = p->next)
		ok = part_write(in, p);
	map_done(&in->seen);
	engine_counters(in->w->engine)->alerts_received += in->d->alerts;
	engine_counters(in->w->engine)->alerts_changed += in->d->changed;
	return ok;
}

/* ---- the fast way: the same bytes as last time ---- */

static uint64_t raw_labels_hash(const struct delivery *d, struct str group_key, const struct json *member)
{
	const struct json *labels = json_get(member, "labels");

	return labels ? hash_text(group_hash(d->source_id, group_key), labels->text) | 1 : 0;
}

/* Everything but labels and the moving endsAt of a firing alert. */
static uint64_t raw_content_hash(const struct json *member, bool with_end)
{
	static const char *const names[] = {"annotations", "startsAt", "generatorURL", "status", "endsAt"};
	uint64_t h = 11;

	for (size_t i = 0; i < COUNT_OF(names) - !with_end; i++) {
		const struct json *v = json_get(member, names[i]);

		if (v)
			h = hash_text(h + i, v->text);
	}
	return h | 1;
}

static void remember_raw(struct alerts *al, struct alert *a, uint64_t labels, uint64_t content)
{
	if (a->raw_labels != labels) {
		if (a->raw_labels)
			map_take_if(&al->by_raw, a->raw_labels, a);
		a->raw_labels = labels;
		map_put(&al->by_raw, labels, a);
	}
	a->raw_content = content;
}

/* true: it is a repeat of a firing alert; only its end moves. */
static bool is_repeat_v2(struct alerts *al, const struct json *member, uint64_t labels, uint64_t content, wall_ms now)
{
	struct alert *a = labels ? map_get(&al->by_raw, labels) : NULL;
	wall_ms ends = 0;
	struct str text;

	if (!a || !a->firing || a->raw_content != content || a->raw_labels != labels)
		return false;
	text = json_get_str(member, "endsAt");
	if (text.n && (!wall_parse(text, &ends) || (ends > 0 && ends <= now)))
		return false;
	a->ends_at = ends > 0 ? ends : now + RESOLVE_AFTER;
	return true;
}

struct raw {
	const struct alert_event *event;
	struct str group_key;
	uint64_t labels, content;
};

/* After the writing: the next time the same bytes are known at once. */
static void remember_all(struct intake *in, const struct vec *raws)
{
	struct alerts *al = in->w->engine->alerts;

	for (size_t i = 0; i < raws->count; i++) {
		const struct raw *r = (const struct raw *)raws->items + i;
		struct alert *a = map_get(&al->by_alert, alert_hash(group_hash(in->d->source_id, r->group_key), r->event->fingerprint));

		if (a && r->labels)
			remember_raw(al, a, r->labels, r->content);
	}
}

static struct alert_event *event_take(struct intake *in, struct vec *raws, const struct alert_event *ev, struct str group_key, uint64_t labels, uint64_t content)
{
	struct alert_event *kept = arena_alloc(in->w->arena, sizeof *kept);
	struct alert *known;

	*kept = *ev;
	intake_event(in, kept, group_key, &known);
	*(struct raw *)vec_push(in->w->arena, raws, sizeof(struct raw)) = (struct raw){kept, group_key, labels, content};
	return kept;
}

static struct json *parse_body(struct work *w, struct delivery *d)
{
	struct json *body = json_parse(w->arena, d->body, JSON_LAST_KEY_WINS, &w->err);

	if (!body)
		d->http_status = w->err.code == ERR_TOO_BIG ? 413 : 400;
	return body;
}

static bool too_many(struct work *w, struct delivery *d, const struct json *list)
{
	if (list->count <= ALERTS_PER_DELIVERY)
		return false;
	d->http_status = 413;
	err_set(&w->err, ERR_TOO_BIG, "more than %d alerts in one delivery", ALERTS_PER_DELIVERY);
	return true;
}

/* Alerts that come without a group are grouped by their name. */
static struct str v2_group_key(struct arena *a, const struct labels *labels)
{
	return arena_printf(a, "{}:{alertname=\"" STR_FMT "\"}", STR_ARG(labels_get(labels, "alertname")));
}

bool alerts_receive_v2(struct work *w, struct delivery *d)
{
	struct alerts *al = w->engine->alerts;
	struct intake in = {.w = w, .d = d};
	struct json *list = parse_body(w, d);
	struct vec raws = {0};
	size_t index = 0;

	d->http_status = list ? 400 : d->http_status;
	if (!list || too_many(w, d, list))
		return false;
	if (list->type != JSON_ARRAY) {
		err_set(&w->err, ERR_INVALID, "the body is not a list of alerts");
		return false;
	}
	d->alerts = list->count;
	for (const struct json *m = list->child; m; m = m->next, index++) {
		uint64_t labels = raw_labels_hash(d, S(""), m), content = raw_content_hash(m, false);
		struct alert_event ev;
		struct err bad = {0};
		enum alert_read got;

		if (is_repeat_v2(al, m, labels, content, w->now))
			continue;
		got = alert_read_v2(w->arena, m, index, w->now, RESOLVE_AFTER, &ev, &d->http_status, &bad);
		if (got == ALERT_REFUSED) {
			err_set(&w->err, bad.code, "%s", bad.text);
			map_done(&in.seen);
			return false;
		}
		if (got == ALERT_BAD)
			d->bad = d->bad.n ? d->bad : arena_printf(w->arena, "%s", bad.text);
		else
			event_take(&in, &raws, &ev, v2_group_key(w->arena, &ev.labels), labels, content);
	}
	if (!intake_write(&in))
		return false;
	remember_all(&in, &raws);
	return true;
}

/* The webhook's own group: its groupKey (a text; version 3 sends a number), else its group labels, else one for all. */
static struct str webhook_group_key(struct arena *a, const struct json *body)
{
	const struct json *key = json_get(body, "groupKey");

	if (key && key->type < JSON_ARRAY && key->type != JSON_NULL && key->text.n)
		return arena_dup(a, str_clip(key->text, 1000));
	key = json_get(body, "groupLabels");
	return key ? arena_dup(a, str_clip(key->text, 1000)) : S("{}");
}

static bool is_repeat_webhook(struct alerts *al, uint64_t labels, uint64_t content)
{
	struct alert *a = labels ? map_get(&al->by_raw, labels) : NULL;

	return a && a->raw_labels == labels && a->raw_content == content;
}

bool alerts_receive_webhook(struct work *w, struct delivery *d)
{
	struct alerts *al = w->engine->alerts;
	struct intake in = {.w = w, .d = d};
	struct json *body = parse_body(w, d), *list;
	struct vec raws = {0};
	struct str group_key;

	if (!body)
		return false;
	list = json_get(body, "alerts");
	d->http_status = 400;
	if (!json_is(list, JSON_ARRAY)) {
		err_set(&w->err, ERR_INVALID, "the body has no list `alerts`: is it an Alertmanager webhook?");
		return false;
	}
	if (too_many(w, d, list))
		return false;
	in.external_url = json_get_str(body, "externalURL");
	group_key = webhook_group_key(w->arena, body);
	d->alerts = list->count;
	for (const struct json *m = list->child; m; m = m->next) {
		uint64_t labels = raw_labels_hash(d, group_key, m), content = raw_content_hash(m, true);
		struct alert_event ev;
		struct err bad = {0};

		if (is_repeat_webhook(al, labels, content))
			continue;
		if (alert_read_webhook(w->arena, m, json_get_str(body, "status"), w->now, &ev, &bad) == ALERT_TAKEN)
			event_take(&in, &raws, &ev, group_key, labels, content);
	}
	if (!intake_write(&in))
		return false;
	remember_all(&in, &raws);
	return true;
}

/* ---- ends ---- */

bool alerts_expire(struct work *w, int64_t group_id, wall_ms *again_at)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);
	struct vec changes = {0};
	wall_ms next = 0;
	int64_t ends = 0;

	*again_at = 0;
	if (!g || g->timer_due > w->now) /* gone, or another timer has taken over */
		return true;
	for (size_t i = 0; i < g->count; i++) {
		struct alert *a = g->alerts[i];

		if (!a->firing || !a->ends_at)
			continue;
		if (a->ends_at > w->now) {
			next = !next || a->ends_at < next ? a->ends_at : next;
			continue;
		}
		struct alert_event *ev = arena_zero(w->arena, sizeof *ev);
		*ev = (struct alert_event){.fingerprint = a->fingerprint, .starts_at = a->starts_at, .ends_at = a->ends_at};
		*(struct change *)vec_push(w->arena, &changes, sizeof(struct change)) = (struct change){ev, a, false};
		ends++;
	}
	g->timer_due = *again_at = next;
	if (!changes.count)
		return true;
	if (!group_change(w, g, changes.items, changes.count, g->firing - ends, false))
		return false;
	if (g->row.state == GROUP_RESOLVED)
		log_info(EV_ALERT_RESOLVED, F_STR("alert", g->row.short_id), F_TXT("by", "end"));
	group_let_go(w->engine->alerts, g);
	return true;
}

/* ---- people ---- */

const struct group_row *group_row(const struct group *g)
{
	return &g->row;
}

int64_t group_firing(const struct group *g)
{
	return g->firing;
}

static struct group *find_by_name(struct work *w, struct str ref, struct err *err)
{
	struct alerts *al = w->engine->alerts;
	struct group *found = NULL;
	void *value;

	for (size_t i = 0; map_next(&al->by_id, &i, &value);) {
		struct group *g = value;
		struct alert_texts t = {0};

		if (g->row.state == GROUP_RESOLVED)
			continue;
		if (g->count)
			alert_view(w->arena, g->alerts[0], &t);
		if (!str_eq_nocase(g->row.title, ref) && !str_eq_nocase(labels_get(&t.labels, "alertname"), ref))
			continue;
		if (found) {
			err_set(err, ERR_CONFLICT, "several open alerts are called " STR_FMT "; say which by its id, e.g. " STR_FMT " or " STR_FMT, STR_ARG(ref),
				STR_ARG(found->row.short_id), STR_ARG(g->row.short_id));
			return NULL;
		}
		found = g;
	}
	if (!found)
		err_set(err, ERR_NOT_FOUND, "there is no open alert " STR_FMT "; `alerts` lists them", STR_ARG(str_clip(ref, 100)));
	return found;
}

struct group *alerts_find(struct work *w, struct str ref, struct err *err)
{
	struct alerts *al = w->engine->alerts;
	struct str low = arena_lower(w->arena, str_trim(ref));
	struct group *g = map_get(&al->by_short, short_hash(low));
	int64_t id;

	if (g && str_eq(g->row.short_id, low))
		return g;
	if (str_to_int(low, &id) && id > 0 && (g = map_get(&al->by_id, (uint64_t)id)))
		return g;
	return find_by_name(w, str_trim(ref), err);
}

static bool group_act(struct work *w, struct group *g, enum group_event event, int64_t user_id, struct err *err)
{
	const struct group_rule *rule = group_rule_find(g->row.state, event);
	struct group_row after = g->row;
	struct alerts *al = w->engine->alerts;

	if (!rule) {
		err_set(err, ERR_CONFLICT, "alert " STR_FMT " is %s already", STR_ARG(g->row.short_id), group_state_name(g->row.state));
		return false;
	}
	after.state = rule->to;
	after.changed = w->now;
	if (rule->effects & GROUP_FX_SET_ACK) {
		after.acked_by = user_id;
		after.acked = w->now;
	}
	if (rule->effects & GROUP_FX_SET_RESOLVED) {
		after.resolved_by = user_id;
		after.resolved = w->now;
	}
	if (rule->effects & GROUP_FX_HOLD)
		after.held = g->firing > 0;
	if (!store_group_set(w->engine->db, &after, err))
		return false;
	work_touched_memory(w);
	group_set_state(al, g, after.state);
	g->row = after;
	return group_tell(w, g, rule->effects, err);
}

bool alerts_ack(struct work *w, struct group *g, int64_t user_id, struct err *err)
{
	struct user who;

	if (g->row.state == GROUP_ACKNOWLEDGED) {
		struct str name = S("somebody");

		if (g->row.acked_by == user_id)
			name = S("you");
		else if (store_user_find(w->engine->db, w->arena, w->engine->workspace_id, g->row.acked_by, &who, err))
			name = who.name;
		err_set(err, ERR_CONFLICT, STR_FMT " acknowledged alert " STR_FMT " already, %s ago", STR_ARG(name), STR_ARG(g->row.short_id),
			span_write(w->arena, w->now - g->row.acked).p);
		return false;
	}
	if (!group_act(w, g, GROUP_EV_ACK, user_id, err))
		return false;
	log_info(EV_ALERT_ACKED, F_STR("alert", g->row.short_id), F_INT("by", user_id));
	return true;
}

bool alerts_resolve(struct work *w, struct group *g, int64_t user_id, struct err *err)
{
	if (!group_act(w, g, GROUP_EV_RESOLVE, user_id, err))
		return false;
	log_info(EV_ALERT_RESOLVED, F_STR("alert", g->row.short_id), F_INT("by", user_id));
	return true;
}

/* ---- the outbox ---- */

bool alerts_told(struct work *w, int64_t group_id, int64_t message_ts, wall_ms *again_at)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);

	*again_at = 0;
	if (!g)
		return store_group_told(w->engine->db, group_id, message_ts, &w->err);
	work_touched_memory(w);
	if (g->row.message_ts != message_ts && !store_group_told(w->engine->db, group_id, message_ts, &w->err))
		return false;
	g->row.message_ts = message_ts;
	g->told_at = w->now;
	g->sending = false;
	if (g->dirty) {
		g->dirty = false;
		g->outbox_due = *again_at = g->dirty_due > w->now ? g->dirty_due : w->now;
		return true;
	}
	g->outbox_id = 0;
	group_let_go(w->engine->alerts, g);
	return true;
}

void alerts_not_told(struct work *w, int64_t group_id)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);

	if (!g)
		return;
	work_touched_memory(w);
	g->sending = g->dirty = false;
	g->outbox_id = 0;
	group_let_go(w->engine->alerts, g);
}
