/* Taking a delivery in: what of it is new, sorted into its groups, written, then carried into memory. */
#include "engine/alerts_internal.h"

#include "base/crypt.h"
#include "base/log.h"
#include "store/chat.h"

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

	if (in->d->alerts > 1) {
		if (map_get(&in->seen, seen))
			return;
		map_put(&in->seen, seen, p);
	}
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

bool alerts_default_channel(struct work *w, int64_t *channel_id, struct err *err)
{
	struct engine *e = w->engine;

	return store_name_find(e->db, e->workspace_id, "channel", S("sre-alerts"), channel_id, err) ||
	       (err->code == ERR_NONE && store_name_find(e->db, e->workspace_id, "channel", S("general"), channel_id, err));
}

static bool find_channel(struct work *w, struct delivery *d)
{
	if (d->channel_id || alerts_default_channel(w, &d->channel_id, &w->err))
		return true;
	if (!w->err.code)
		err_set(&w->err, ERR_CONFLICT, "there is no channel #sre-alerts to send alerts to");
	return false;
}

static bool part_open_group(struct intake *in, struct part *p, struct group_row *row)
{
	const struct change *first = changes_of(p);
	struct work *w = in->w;

	if (!find_channel(w, in->d))
		return false;
	*row = (struct group_row){.id = engine_id(w),
				  .workspace_id = w->engine->workspace_id,
				  .source_id = in->d->source_id,
				  .channel_id = in->d->channel_id,
				  .group_key = p->group_key,
				  .external_url = str_clip(in->external_url, 1000),
				  .state = GROUP_FIRING,
				  .severity = alert_event_severity(first->event),
				  .opened = w->now,
				  .changed = w->now};
	row->short_id = short_id_new(w, row->id);
	row->title = labels_get(&first->event->labels, "alertname");
	if (p->changes.count == 1 || !row->title.n)
		row->title = alert_title(w->arena, &first->event->labels, &first->event->annotations);
	row->title = str_clip(row->title, 250);
	for (size_t i = 0; i < p->changes.count; i++) {
		enum severity s = alert_event_severity(changes_of(p)[i].event);

		row->severity = s > row->severity ? s : row->severity;
	}
	return store_group_add(w->engine->db, row, &w->err);
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
	struct json *body = d->json ? d->json : json_parse(w->arena, d->body, JSON_LAST_KEY_WINS, &w->err);

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
	struct str group_key, status;
	struct vec raws = {0};

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
	status = json_get_str(body, "status");
	d->alerts = list->count;
	for (const struct json *m = list->child; m; m = m->next) {
		uint64_t labels = raw_labels_hash(d, group_key, m), content = raw_content_hash(m, true);
		enum alert_read got;
		struct alert_event ev;
		struct err bad = {0};

		if (!json_get(m, "status")) /* the body's is its own */
			content = hash_text(content, status) | 1;
		if (is_repeat_webhook(al, labels, content))
			continue;
		got = alert_read_webhook(w->arena, m, status, w->now, &ev, &bad);
		if (got != ALERT_TAKEN)
			d->bad = d->bad.n ? d->bad : arena_printf(w->arena, "%s", bad.text);
		else
			event_take(&in, &raws, &ev, group_key, labels, content);
	}
	if (!intake_write(&in))
		return false;
	remember_all(&in, &raws);
	return true;
}

/* ---- events of any other tool ---- */

/* An alert by its dedup key alone; it ends when its tool says so. */
static struct alert_event *alert_of_event(struct work *w, const struct event *e)
{
	struct alert_event *ev = arena_zero(w->arena, sizeof *ev);
	struct label *said = arena_alloc(w->arena, 2 * sizeof *said);

	ev->fingerprint = fnv_add(FNV_START, e->dedup_key);
	ev->firing = e->status == EVENT_FIRING;
	ev->starts_at = e->starts_at ? e->starts_at : w->now;
	if (!ev->firing)
		ev->ends_at = e->ends_at ? e->ends_at : w->now;
	ev->labels = e->labels;
	ev->annotations.items = said;
	if (e->summary.n)
		said[ev->annotations.count++] = (struct label){S("description"), e->summary};
	said[ev->annotations.count++] = (struct label){S("summary"), e->title};
	ev->url = e->url;
	ev->severity = e->severity;
	return ev;
}

struct group *alerts_open_of(struct work *w, int64_t source_id, struct str dedup_key)
{
	struct group *g = map_get(&w->engine->alerts->by_key, group_hash(source_id, dedup_key));

	return g && g->row.state != GROUP_RESOLVED ? g : NULL;
}

/* Somebody has it on the other side. What is not open cannot be had: a late acknowledgement says nothing. */
static bool intake_acknowledged(struct work *w, struct delivery *d, const struct event *e)
{
	struct group *g = alerts_open_of(w, d->source_id, e->dedup_key);

	if (!g || g->row.state != GROUP_FIRING)
		return true;
	d->changed++;
	return alerts_ack(w, g, 0, &w->err);
}

bool alerts_receive_events(struct work *w, struct delivery *d, const struct event *events, size_t count)
{
	struct intake in = {.w = w, .d = d};
	struct alert *known;
	bool ok = true;

	d->alerts = (unsigned)count;
	for (size_t i = 0; i < count && ok; i++) {
		if (events[i].status == EVENT_INFO)
			ok = note_tell(w, d, &events[i]);
		else if (events[i].acknowledged)
			ok = intake_acknowledged(w, d, &events[i]);
		else
			intake_event(&in, alert_of_event(w, &events[i]), events[i].dedup_key, &known);
	}
	if (ok)
		return intake_write(&in);
	map_done(&in.seen);
	return false;
}
