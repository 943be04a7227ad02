/* The open alerts as Alertmanager's API v2 shows them. */
#include "engine/alerts_internal.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdlib.h>

#define FILTER_MAX_US 1000000

/* A receiver is one of the alerting file; the channel that an alert is told in where that leaves it to the source. */
struct shown_receiver {
	struct str name;
	bool wanted;
};

struct view {
	struct work *w;
	const struct alerts_filter *filter;
	struct map receivers; /* by name and the channel's id */
	unsigned asked;
	int64_t began_us;
	bool late;
};

static struct str receiver_name(struct work *w, const struct group_row *row)
{
	struct err ignored = {0};
	struct channel ch;

	if (row->receiver.n && !str_is(row->receiver, "source") && !str_is(row->receiver, "service"))
		return row->receiver;
	return store_channel_find(w->engine->db, w->arena, row->channel_id, &ch, &ignored) ? ch.name : S("");
}

static const struct shown_receiver *receiver_of(struct view *v, const struct group *g)
{
	uint64_t key = hash_text((uint64_t)g->row.channel_id, g->row.receiver) | 1;
	struct shown_receiver *r = map_get(&v->receivers, key);

	if (r)
		return r;
	r = arena_zero(v->w->arena, sizeof *r);
	r->name = receiver_name(v->w, &g->row);
	r->wanted = !v->filter->receiver || regex_matches(v->filter->receiver, r->name);
	map_put(&v->receivers, key, r);
	return r;
}

/* ---- which alerts ---- */

/* The work thread is everybody's: an expression made to be slow, `([a-z]?){300}...`, would keep it for a quarter of a
 * minute with a hundred thousand alerts. What people write takes a few hundredths. */
static bool is_late(struct view *v)
{
	if (!v->late && v->filter->matchers && ++v->asked % 64 == 0)
		v->late = mono_us() - v->began_us > FILTER_MAX_US;
	return v->late;
}

static struct view view_of(struct work *w, const struct alerts_filter *filter)
{
	return (struct view){.w = w, .filter = filter, .began_us = mono_us()};
}

static bool view_done(struct view *v, struct err *err)
{
	map_done(&v->receivers);
	if (v->late)
		err_set(err, ERR_INVALID, "the filter takes longer than a second; a simpler expression will not");
	return !v->late;
}

static bool receiver_wanted(struct view *v, const struct alert *first)
{
	const struct alert *a = first;

	do
		if (a->firing && receiver_of(v, a->group)->wanted)
			return true;
	while ((a = a->twin) != first);
	return false;
}

static bool state_wanted(const struct alerts_filter *f, const struct alert *a)
{
	return (f->active || a->quiet) && (f->silenced || !(a->quiet & QUIET_SILENCED)) && (f->inhibited || !(a->quiet & QUIET_INHIBITED));
}

static bool is_shown(struct view *v, const struct alert *a)
{
	return a->firing && state_wanted(v->filter, a) && !is_late(v) && (!v->filter->matchers || alert_fits(v->filter->matchers, a));
}

static int by_fingerprint(const void *a, const void *b)
{
	uint64_t x = (*(const struct alert *const *)a)->fingerprint, y = (*(const struct alert *const *)b)->fingerprint;

	return x < y ? -1 : x > y;
}

/* ---- how they look ---- */

static void put_name(struct json_out *o, struct str name)
{
	json_open(o, '{');
	json_add_str(o, "name", name);
	json_close(o, '}');
}

static void put_silences(struct view *v, struct json_out *o, const struct alert *a)
{
	const struct silence *s;
	size_t at = 0;

	json_open(o, '[');
	while ((a->quiet & QUIET_SILENCED) && (s = silences_next(v->w->engine->alerts, a, &at)))
		json_put_str(o, s->uuid);
	json_close(o, ']');
}

static void put_status(struct view *v, struct json_out *o, const struct alert *a)
{
	const struct alert *by = a->quiet & QUIET_INHIBITED ? inhibit_by(a) : NULL;

	json_open(o, '{');
	json_key(o, "inhibitedBy");
	json_open(o, '[');
	if (by)
		json_put_str(o, arena_printf(v->w->arena, "%016" PRIx64, by->fingerprint));
	json_close(o, ']');
	json_key(o, "silencedBy");
	put_silences(v, o, a);
	json_add_str(o, "state", a->quiet ? S("suppressed") : S("active"));
	json_close(o, '}');
}

static void put_receivers(struct view *v, struct json_out *o, const struct alert *first)
{
	const struct alert *a = first;

	json_open(o, '[');
	do
		if (a->firing)
			put_name(o, receiver_of(v, a->group)->name);
	while ((a = a->twin) != first);
	json_close(o, ']');
}

static void put_alert(struct view *v, struct json_out *o, const struct alert *a)
{
	struct arena *arena = v->w->arena;
	struct alert_texts t;

	alert_view(arena, a, &t);
	json_open(o, '{');
	json_key(o, "annotations");
	labels_write(o, &t.annotations);
	json_add_wall(o, "endsAt", a->ends_at ? a->ends_at : v->w->now + RESOLVE_AFTER);
	json_add_str(o, "fingerprint", arena_printf(arena, "%016" PRIx64, a->fingerprint));
	json_key(o, "receivers");
	put_receivers(v, o, a);
	json_add_wall(o, "startsAt", a->starts_at);
	json_key(o, "status");
	put_status(v, o, a);
	json_add_wall(o, "updatedAt", a->group->row.changed);
	if (t.url.n)
		json_add_str(o, "generatorURL", t.url);
	json_key(o, "labels");
	labels_write(o, &t.labels);
	json_close(o, '}');
}

static void put_alerts(struct view *v, struct json_out *o, const struct vec *list)
{
	struct alert **alerts = list->items;

	if (list->count)
		qsort(alerts, list->count, sizeof *alerts, by_fingerprint);
	json_open(o, '[');
	for (size_t i = 0; i < list->count; i++)
		put_alert(v, o, alerts[i]);
	json_close(o, ']');
}

bool alerts_write_v2(struct work *w, struct json_out *o, const struct alerts_filter *filter, struct err *err)
{
	struct view v = view_of(w, filter);
	struct vec list = {0};
	void *first;

	for (size_t i = 0; map_next(&w->engine->alerts->by_alert, &i, &first);) {
		struct alert *a = alert_firing(first);

		if (a && is_shown(&v, a) && receiver_wanted(&v, a))
			*(struct alert **)vec_push(w->arena, &list, sizeof a) = a;
	}
	put_alerts(&v, o, &list);
	return view_done(&v, err);
}

/* ---- by groups ---- */

struct shown_group {
	struct group *group;
	struct str receiver;
	struct labels labels;
	struct vec alerts;
};

/* `{...}` of equal signs alone, as labels. */
static bool labels_of_matchers(struct arena *a, struct str text, struct labels *out)
{
	struct matchers m = {0};
	struct err ignored = {0};
	bool ok = matchers_parse(a, &m, text, &ignored);

	*out = (struct labels){.items = arena_alloc(a, (m.count + 1) * sizeof *out->items)};
	for (size_t i = 0; i < m.count && ok; i++) {
		ok = m.items[i].op == MATCHER_EQUAL;
		if (m.items[i].value.n)
			out->items[out->count++] = (struct label){m.items[i].name, m.items[i].value};
	}
	matchers_done(&m);
	return ok;
}

/* What the group is made by: Alertmanager's key of a group ends in it, `{}/{team="db"}:{alertname="X"}`. Other keys say
 * nothing to a reader; there it is what the members have in common. */
void group_labels(struct arena *a, struct group *g, struct labels *out)
{
	struct str key = g->row.group_key;

	while (key.n && key.p[key.n - 1] == '}') {
		const char *next = memchr(key.p + 1, '{', key.n - 1);

		if (!next)
			break;
		key = str_n(next, key.n - (size_t)(next - key.p));
		if ((next[-1] == ':' || next[-1] == '/') && labels_of_matchers(a, key, out))
			return;
	}
	*out = *group_sum_up(g);
}

/* Prometheus' order of label sets: fewer labels first; of as many, the one that has the first name that not both have
 * comes last. */
static int labels_order(const struct labels *x, const struct labels *y)
{
	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	for (size_t i = 0; i < x->count; i++) {
		int names = str_cmp(x->items[i].name, y->items[i].name),
		    values = str_cmp(x->items[i].value, y->items[i].value);

		if (names || values)
			return names ? -names : values;
	}
	return 0;
}

static int by_labels(const void *a, const void *b)
{
	const struct shown_group *x = *(const struct shown_group *const *)a, *y = *(const struct shown_group *const *)b;
	int order = labels_order(&x->labels, &y->labels);

	if (!order)
		order = str_cmp(x->receiver, y->receiver);
	return order ? order : x->group->row.id < y->group->row.id ? -1 : 1;
}

static void keep_group_if_shown(struct view *v, struct vec *list, struct group *g)
{
	struct shown_group *s;
	struct vec alerts = {0};

	for (size_t i = 0; i < g->count && receiver_of(v, g)->wanted; i++)
		if (is_shown(v, g->alerts[i]))
			*(struct alert **)vec_push(v->w->arena, &alerts, sizeof(struct alert *)) = g->alerts[i];
	if (!alerts.count)
		return;
	s = arena_zero(v->w->arena, sizeof *s);
	*s = (struct shown_group){.group = g, .receiver = receiver_of(v, g)->name, .alerts = alerts};
	group_labels(v->w->arena, g, &s->labels);
	*(struct shown_group **)vec_push(v->w->arena, list, sizeof(struct shown_group *)) = s;
}

bool alerts_write_v2_groups(struct work *w, struct json_out *o, const struct alerts_filter *filter, struct err *err)
{
	struct view v = view_of(w, filter);
	struct shown_group **groups;
	struct vec list = {0};
	void *group;

	for (size_t i = 0; map_next(&w->engine->alerts->by_id, &i, &group);)
		keep_group_if_shown(&v, &list, group);
	groups = list.items;
	if (list.count)
		qsort(groups, list.count, sizeof *groups, by_labels);
	json_open(o, '[');
	for (size_t i = 0; i < list.count; i++) {
		json_open(o, '{');
		json_key(o, "alerts");
		put_alerts(&v, o, &groups[i]->alerts);
		json_key(o, "labels");
		labels_write(o, &groups[i]->labels);
		json_key(o, "receiver");
		put_name(o, groups[i]->receiver);
		json_close(o, '}');
	}
	json_close(o, ']');
	return view_done(&v, err);
}

/* ---- receivers ---- */

static bool add_receiver(struct work *w, struct vec *names, struct map *seen, int64_t channel_id, struct err *err)
{
	struct channel ch;

	if (!channel_id || map_get(seen, (uint64_t)channel_id))
		return true;
	if (!store_channel_find(w->engine->db, w->arena, channel_id, &ch, err))
		return err->code == ERR_NONE;
	map_put(seen, (uint64_t)channel_id, names);
	*(struct str *)vec_push(w->arena, names, sizeof(struct str)) = ch.name;
	return true;
}

bool alerts_receivers(struct work *w, int64_t first_channel_id, struct str **names, size_t *count, struct err *err)
{
	struct map seen = {0};
	struct vec list = {0};
	struct source *sources;
	size_t source_count = 0;
	int64_t channel_id = 0;
	bool ok = alerts_default_channel(w, &channel_id, err) || err->code == ERR_NONE;

	for (const struct receiver *r = w->engine->routing->receivers; r; r = r->next)
		if (r->channel.n)
			*(struct str *)vec_push(w->arena, &list, sizeof(struct str)) = r->name;
	ok = ok && add_receiver(w, &list, &seen, first_channel_id, err) &&
	     add_receiver(w, &list, &seen, channel_id, err) &&
	     store_source_list(w->engine->db, w->arena, w->engine->workspace_id, &sources, &source_count, err);
	for (size_t i = 0; i < source_count && ok; i++)
		ok = add_receiver(w, &list, &seen, sources[i].channel_id, err);
	map_done(&seen);
	*names = list.items;
	*count = list.count;
	return ok;
}
