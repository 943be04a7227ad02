/* Taking a delivery in: what of it is new, sorted into its groups, written, then carried into memory. */
#include "engine/alerts_internal.h"

#include "base/crypt.h"
#include "base/log.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- taking a delivery in ---- */

/* Where an alert goes: a group by its key. */
struct target {
	struct str group_key;
	struct str receiver;
	const struct route *route;
	const struct service *service; /* whose channel the receiver `service` is */
	int64_t channel_id;            /* 0: to be found when the group is opened */
	uint64_t key_hash;
};

/* The alerts of one delivery that belong to one group. */
struct part {
	struct part *next;
	struct target to;
	struct group *group; /* NULL: to be opened */
	struct vec changes;  /* struct change */
	int64_t fires, ends; /* how many begin and end to fire */
	wall_ms soonest_end;
};

struct intake {
	struct work *w;
	struct delivery *d;
	struct part *parts, *last;
	struct map by_group; /* the parts by their keys and groups */
	struct str external_url;
	struct map seen; /* alerts that this delivery has changed already, by group: named twice, or for two twins, the first counts */
};

/* What a source says an alert is, beside the event. */
struct said {
	struct alert_event *event;
	struct str sender_key;  /* alert_identity() */
	struct str group_hint;  /* as the source groups; {NULL}: by alertname */
};

static void intake_done(struct intake *in)
{
	map_done(&in->seen);
	map_done(&in->by_group);
}

static struct part *part_of(struct intake *in, struct group *g, const struct target *to)
{
	uint64_t key = (g ? hash_mix((uint64_t)g->row.id) : to->key_hash) | 1;
	struct part *p;

	if (in->last && in->last->group == g && in->last->to.key_hash == to->key_hash)
		return in->last;
	if ((p = map_get(&in->by_group, key)))
		return in->last = p;
	p = arena_zero(in->w->arena, sizeof *p);
	p->to = *to;
	if (!g) { /* they may be another group's, which is gone when this one is opened */
		p->to.group_key = arena_dup(in->w->arena, to->group_key);
		p->to.receiver = arena_dup(in->w->arena, to->receiver);
	}
	p->group = g;
	p->next = in->parts;
	in->parts = p;
	map_put(&in->by_group, key, p);
	return in->last = p;
}

static void part_add(struct intake *in, struct part *p, const struct said *said, const struct alert_event *ev, struct alert *alert, bool whole)
{
	uint64_t seen = (alert_identity(in->d->source_id, said->sender_key, ev->fingerprint) ^ hash_mix(p->to.key_hash + (p->group ? (uint64_t)p->group->row.id : 0))) | 1;

	if (map_get(&in->seen, seen))
		return;
	map_put(&in->seen, seen, p);
	*(struct change *)vec_push(in->w->arena, &p->changes, sizeof(struct change)) = (struct change){ev, alert, whole, in->d->source_id, said->sender_key};
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

/* ---- routing ---- */

static struct group *open_group(const struct intake *in, const struct target *to)
{
	return map_get(&in->w->engine->alerts->by_key, to->key_hash);
}

static struct target target_of_group(const struct group *g)
{
	return (struct target){.group_key = g->row.group_key, .receiver = g->row.receiver, .route = g->route, .channel_id = g->row.channel_id, .key_hash = g->key_hash};
}

/* What goes to one channel is no group with what goes to another: where the receiver leaves the channel to the service or the
 * source, that is part of the key. */
static struct str whose_channel(struct intake *in, const struct route *route, const struct service *service)
{
	if (route->receiver->channel.n)
		return S("");
	if (service && service->channel.n)
		return arena_printf(in->w->arena, STR_FMT "/", STR_ARG(service->name));
	return arena_printf(in->w->arena, "%" PRId64 "/", in->d->channel_id);
}

/* ROUTE:[SERVICE or CHANNEL/]{LABELS}, as Alertmanager writes it, or ROUTE:SOURCE/HINT where the source groups. */
static struct str group_key_of(struct intake *in, const struct route *route, const struct service *service, const struct said *said)
{
	struct arena *a = in->w->arena;
	const struct labels *labels = &said->event->labels;
	struct labels by;
	struct str to;

	if (!route->by_source) {
		by = route_group_labels(a, route, labels);
		to = whose_channel(in, route, service);
		return arena_printf(a, STR_FMT ":" STR_FMT STR_FMT, STR_ARG(route->key), STR_ARG(to), STR_ARG(labels_text(a, &by)));
	}
	to = service ? arena_printf(a, STR_FMT "/", STR_ARG(service->name)) : S("");
	if (said->group_hint.p)
		return arena_printf(a, STR_FMT ":" STR_FMT "%" PRId64 "/" STR_FMT, STR_ARG(route->key), STR_ARG(to), in->d->source_id, STR_ARG(said->group_hint));
	return arena_printf(a, STR_FMT ":" STR_FMT "%" PRId64 "/{alertname=\"" STR_FMT "\"}", STR_ARG(route->key), STR_ARG(to), in->d->source_id,
			    STR_ARG(labels_get(labels, "alertname")));
}

#define GROUP_KEY_MAX 16000 /* bytes; its route has half of them at most */

/* Labels can be as long as a delivery. */
static struct str key_that_fits(struct arena *a, struct str key)
{
	return key.n <= GROUP_KEY_MAX ? key : arena_printf(a, STR_FMT "…sha256:" STR_FMT, STR_ARG(str_clip(key, GROUP_KEY_MAX - 100)), STR_ARG(crypt_sha256_hex(a, key)));
}

static struct target target_of_route(struct intake *in, const struct route *route, const struct labels *labels, const struct said *said)
{
	const struct routing *r = in->w->engine->routing;
	struct target to = {.route = route, .receiver = route->receiver->name};

	if (r->services && str_is(to.receiver, "service"))
		to.service = routing_service(r, labels);
	to.group_key = key_that_fits(in->w->arena, group_key_of(in, route, to.service, said));
	to.key_hash = group_hash(to.receiver, to.group_key);
	return to;
}

/* It begins to fire: into the group of each route that it takes, or back into it. */
static void intake_begins(struct intake *in, const struct said *said, struct alert *first)
{
	const struct routing *r = in->w->engine->routing;
	const struct route **routes, *root = r->root;
	struct labels labels = said->event->labels;
	size_t count = 1;

	routes = &root;
	if (root->child || r->services) {
		labels = routing_labels(in->w->arena, &labels, in->d->source_name, in->d->tool);
		count = routing_match(r, in->w->arena, &labels, &routes);
	}
	for (size_t i = 0; i < count; i++) {
		struct target to = target_of_route(in, routes[i], &labels, said);
		struct group *g = open_group(in, &to);

		part_add(in, part_of(in, g, &to), said, said->event, g ? alert_in(first, g) : NULL, true);
	}
}

/* ---- what an event means for an alert that is known ---- */

static struct alert_event *event_copy(struct intake *in, const struct alert_event *ev)
{
	struct alert_event *copy = arena_alloc(in->w->arena, sizeof *copy);

	*copy = *ev;
	return copy;
}

/* The alert was resolved by hand; now it fires for the next time: its old firing ends, the new one opens a group. */
static void intake_fires_anew(struct intake *in, struct alert *alert, const struct said *said, struct alert_event *ev, wall_ms starts_at)
{
	struct alert_event *ended = arena_zero(in->w->arena, sizeof *ended);
	struct target to = target_of_group(alert->group);
	struct group *open = open_group(in, &to);

	*ended = (struct alert_event){.fingerprint = alert->fingerprint, .starts_at = alert->starts_at, .ends_at = starts_at};
	part_add(in, part_of(in, alert->group, &to), said, ended, alert, false);
	ev->starts_at = starts_at;
	if (!open || !alert_in(alert, open)) /* the one that is there hears of it as the twin that it is */
		part_add(in, part_of(in, open, &to), said, ev, NULL, true);
}

/* Nothing new, or a change. */
static void intake_known(struct intake *in, struct alert *alert, const struct said *said, struct alert_event *ev)
{
	struct group *g = alert->group;
	bool held = g->row.state == GROUP_RESOLVED;
	struct target to = target_of_group(g);
	wall_ms starts_at = ev->starts_at;

	if (alert->firing && ev->firing) {
		/* The earliest start wins, as Alertmanager merges. A held group stays quiet while its firing goes on. */
		if (ev->starts_at > alert->starts_at)
			ev->starts_at = alert->starts_at;
		alert->ends_at = ev->ends_at;
		if (held && starts_at > g->row.resolved) {
			intake_fires_anew(in, alert, said, ev, starts_at);
			return;
		}
		if (held || (ev->starts_at == alert->starts_at && same_texts(in->w->arena, alert, ev)))
			return;
		part_add(in, part_of(in, g, &to), said, ev, alert, true);
	} else if (alert->firing) {
		if (ev->starts_at > alert->starts_at) /* an end that does not say its beginning */
			ev->starts_at = alert->starts_at;
		part_add(in, part_of(in, g, &to), said, ev, alert, false);
	} else if (ev->firing && !held) {
		part_add(in, part_of(in, g, &to), said, ev, alert, true);
	} else if (ev->firing) {
		struct group *open = open_group(in, &to);

		if (!open || !alert_in(alert, open)) /* as above */
			part_add(in, part_of(in, open, &to), said, ev, NULL, true);
	}
}

static void intake_event(struct intake *in, const struct said *said)
{
	struct alert *first = map_get(&in->w->engine->alerts->by_alert, alert_identity(in->d->source_id, said->sender_key, said->event->fingerprint)), *a = first;

	if (!first || (said->event->firing && !alert_firing(first))) {
		if (said->event->firing) /* the end of an alert that we never saw says nothing */
			intake_begins(in, said, first);
		return;
	}
	do
		intake_known(in, a, said, a->twin == a ? said->event : event_copy(in, said->event));
	while ((a = a->twin) != first);
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

/* The channel of a receiver. One that is not there must lose no alert: it goes where its source says, and the log tells. */
static bool target_channel(struct intake *in, const struct target *to, int64_t *channel_id)
{
	struct engine *e = in->w->engine;
	struct str name = to->route ? to->route->receiver->channel : S("");

	if (to->service && to->service->channel.n)
		name = to->service->channel;
	*channel_id = to->channel_id;
	if (*channel_id || (name.n && store_name_find(e->db, e->workspace_id, "channel", name, channel_id, &in->w->err)))
		return true;
	if (in->w->err.code)
		return false;
	if (name.n)
		log_error(EV_ROUTE_LOST, F_STR("receiver", to->receiver), F_STR("channel", name), F_TXT("why", "there is no such channel"));
	if (!find_channel(in->w, in->d))
		return false;
	*channel_id = in->d->channel_id;
	return true;
}

static bool part_open_group(struct intake *in, struct part *p, struct group_row *row)
{
	const struct change *first = changes_of(p);
	struct work *w = in->w;
	int64_t channel_id;

	if (!target_channel(in, &p->to, &channel_id))
		return false;
	*row = (struct group_row){.id = engine_id(w),
				  .workspace_id = w->engine->workspace_id,
				  .source_id = in->d->source_id,
				  .channel_id = channel_id,
				  .group_key = p->to.group_key,
				  .receiver = p->to.receiver,
				  .external_url = str_clip(in->external_url, 1000),
				  .state = GROUP_FIRING,
				  .severity = alert_event_severity(first->event),
				  .opened = w->now,
				  .changed = w->now};
	row->short_id = short_id_new(w, row->id);
	row->title = labels_get(&first->event->labels, "alertname");
	row->rule = str_clip(row->title.n ? row->title : alert_title(w->arena, &first->event->labels, &first->event->annotations), 250);
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
		g->route = p->to.route;
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
	intake_done(in);
	ok = ok && alerts_tell_touched(in->w);
	engine_counters(in->w->engine)->alerts_received += in->d->alerts;
	engine_counters(in->w->engine)->alerts_changed += in->d->changed;
	return ok;
}

/* ---- the fast way: the same bytes as last time ---- */

static uint64_t raw_labels_hash(const struct delivery *d, struct str sender_key, const struct json *member)
{
	const struct json *labels = json_get(member, "labels");

	return labels ? hash_text(hash_text(hash_mix((uint64_t)d->source_id + 3), sender_key), labels->text) | 1 : 0;
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
	for (struct alert *twin = a->twin; twin != a; twin = twin->twin)
		if (twin->firing)
			twin->ends_at = ends > 0 ? ends : now + RESOLVE_AFTER;
	a->ends_at = ends > 0 ? ends : now + RESOLVE_AFTER;
	return true;
}

struct raw {
	uint64_t identity;
	uint64_t labels, content;
};

/* After the writing: the next time the same bytes are known at once. */
static void remember_all(struct intake *in, const struct vec *raws)
{
	struct alerts *al = in->w->engine->alerts;

	for (size_t i = raws->count; i-- > 0;) { /* named twice, the first counts: it stands in the end */
		const struct raw *r = (const struct raw *)raws->items + i;
		struct alert *a = map_get(&al->by_alert, r->identity);

		if (a && r->labels)
			remember_raw(al, a, r->labels, r->content);
	}
}

static void event_take(struct intake *in, struct vec *raws, const struct alert_event *ev, struct str sender_key, struct str group_hint, uint64_t labels, uint64_t content)
{
	struct said said = {event_copy(in, ev), sender_key, group_hint};

	intake_event(in, &said);
	*(struct raw *)vec_push(in->w->arena, raws, sizeof(struct raw)) = (struct raw){alert_identity(in->d->source_id, sender_key, ev->fingerprint), labels, content};
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
			intake_done(&in);
			return false;
		}
		if (got == ALERT_BAD)
			d->bad = d->bad.n ? d->bad : arena_printf(w->arena, "%s", bad.text);
		else
			event_take(&in, &raws, &ev, S(""), (struct str){NULL, 0}, labels, content);
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
			event_take(&in, &raws, &ev, group_key, group_key, labels, content);
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
	ev->labels = event_labels(w->arena, e);
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
	struct alert *first = map_get(&w->engine->alerts->by_alert, alert_identity(source_id, dedup_key, fnv_add(FNV_START, dedup_key))), *a = first;

	do
		if (a && a->group->row.state != GROUP_RESOLVED)
			return a->group;
	while (a && (a = a->twin) != first);
	return NULL;
}

bool alerts_fires(struct work *w, int64_t source_id, struct str dedup_key)
{
	struct alert *first = map_get(&w->engine->alerts->by_alert, alert_identity(source_id, dedup_key, fnv_add(FNV_START, dedup_key)));

	return first && alert_firing(first);
}

struct str alerts_dedup_key(struct work *w, const struct group *g)
{
	struct alert_texts t = {0};

	for (size_t i = 0; i < g->count && !t.sender_key.n; i++)
		if (g->alerts[i]->firing)
			alert_view(w->arena, g->alerts[i], &t);
	return t.sender_key.n ? t.sender_key : S("");
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
	bool ok = true;

	d->alerts = (unsigned)count;
	d->events = events;
	d->event_count = count;
	for (size_t i = 0; i < count && ok; i++) {
		if (events[i].status == EVENT_INFO)
			ok = note_tell(w, d, &events[i]);
		else if (events[i].acknowledged)
			ok = intake_acknowledged(w, d, &events[i]);
		else
			intake_event(&in, &(struct said){alert_of_event(w, &events[i]), events[i].dedup_key, events[i].dedup_key});
	}
	if (ok)
		return intake_write(&in);
	intake_done(&in);
	return false;
}
