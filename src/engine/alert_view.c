/* How a group of alerts is shown: what its members have in common, as JSON, as a line. Its message is alert_message.c. */
#include "engine/alerts_internal.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what the members have in common ---- */

bool counts_for_common(const struct group *g, const struct alert *a)
{
	return a->firing || !g->firing;
}

/* Both are sorted by name. */
static void keep_shared(struct labels *common, const char *pairs, size_t count)
{
	size_t kept = 0, i = 0;

	for (size_t k = 0; k < count && i < common->count; k++) {
		const char *value = pairs + strlen(pairs) + 1;
		int order = strcmp(common->items[i].name.p, pairs);

		while (order < 0 && ++i < common->count)
			order = strcmp(common->items[i].name.p, pairs);
		if (i < common->count && order == 0) {
			if (!strcmp(common->items[i].value.p, value))
				common->items[kept++] = common->items[i];
			i++;
		}
		pairs = value + strlen(value) + 1;
	}
	common->count = kept;
}

static void sum_first(struct group_sum *sum, const struct alert *first)
{
	struct alert_texts t;
	struct arena a;

	arena_init(&a);
	alert_view(&a, first, &t);
	sum->first = first;
	sum->since = first->starts_at;
	sum->common.items = mem_grow(sum->common.items, (t.labels.count + 1) * sizeof *t.labels.items);
	memcpy(sum->common.items, t.labels.items, t.labels.count * sizeof *t.labels.items);
	sum->common.count = t.labels.count;
	arena_done(&a);
}

const struct labels *group_sum_up(struct group *g)
{
	struct group_sum *sum = &g->sum;

	if (!sum->upto) {
		sum->first = NULL;
		sum->since = g->row.opened;
		sum->common.count = 0;
	}
	for (; sum->upto < g->count; sum->upto++) {
		const struct alert *a = g->alerts[sum->upto];

		if (!counts_for_common(g, a))
			continue;
		if (!sum->first) {
			sum_first(sum, a);
			continue;
		}
		sum->since = a->starts_at < sum->since ? a->starts_at : sum->since;
		if (sum->common.count)
			keep_shared(&sum->common, a->texts, a->label_count);
	}
	return &sum->common;
}

/* The first member that counts: its links and annotations stand for the group. */
void group_lead(struct arena *a, const struct group *g, struct alert_texts *out)
{
	*out = (struct alert_texts){0};
	if (g->sum.first)
		alert_view(a, g->sum.first, out);
}

size_t members_counting(const struct group *g)
{
	return g->firing ? (size_t)g->firing : g->count;
}

/* One alert is called by its summary; several by their name. */
struct str group_title(struct arena *a, const struct group *g, const struct labels *common)
{
	struct alert_texts t;
	struct str name = labels_get(common, "alertname");

	group_lead(a, g, &t);
	if (members_counting(g) == 1 && g->count)
		return str_clip(alert_title(a, &t.labels, &t.annotations), 250);
	return name.n ? str_clip(name, 250) : g->row.title;
}

struct str group_title_now(struct arena *a, struct group *g)
{
	return group_title(a, g, group_sum_up(g));
}

static const char *const state_emoji[] = {[GROUP_FIRING] = ":red_circle:", [GROUP_ACKNOWLEDGED] = ":eyes:", [GROUP_RESOLVED] = ":large_green_circle:"};

const char *group_emoji(const struct group *g)
{
	return state_emoji[g->row.state];
}

struct str user_mention(struct arena *a, int64_t user_id)
{
	return mrkdwn_user(a, user_id);
}

struct str group_acker(struct arena *a, const struct group_row *r)
{
	return r->acked_by ? user_mention(a, r->acked_by) : S("the source");
}

/* "" for what came without a source. */
struct str source_name(struct work *w, int64_t source_id)
{
	struct source s;
	struct err ignored = {0};
	bool known = source_id && store_source_find(w->engine->db, w->arena, w->engine->workspace_id, source_id, &s, &ignored);

	return known ? s.name : S("");
}

/* ---- JSON ---- */

static struct str hex_text(struct arena *a, uint64_t v)
{
	return arena_printf(a, "%016" PRIx64, v);
}

static void put_user(struct work *w, struct json_out *o, const char *key, int64_t user_id)
{
	struct user u;
	struct err ignored = {0};
	char name_key[40];

	if (!user_id)
		return;
	json_add_str(o, key, id_write(w->arena, 'U', user_id));
	snprintf(name_key, sizeof name_key, "%s_name", key);
	if (store_user_find(w->engine->db, w->arena, w->engine->workspace_id, user_id, &u, &ignored))
		json_add_str(o, name_key, u.name);
}

static void put_row(struct work *w, struct json_out *o, const struct group_row *r)
{
	int64_t message_ts = r->digest_id ? digest_message(w->engine->alerts, r->digest_id) : r->message_ts;

	json_add_str(o, "id", r->short_id);
	json_add_str(o, "long_id", arena_printf(w->arena, "%" PRId64, r->id));
	json_add_str(o, "state", str_of(group_state_name(r->state)));
	json_add_str(o, "severity", str_of(severity_name(r->severity)));
	json_add_str(o, "channel", id_write(w->arena, 'C', r->channel_id));
	if (message_ts)
		json_add_str(o, "ts", ts_text(w->arena, message_ts));
	json_add_wall(o, "opened", r->opened);
	json_add_wall(o, "changed", r->changed);
	put_user(w, o, "acked_by", r->acked_by);
	if (r->acked)
		json_add_wall(o, "acked_at", r->acked);
	put_user(w, o, "resolved_by", r->resolved_by);
	if (r->state == GROUP_RESOLVED)
		json_add_wall(o, "resolved_at", r->resolved);
}

static void put_source(struct work *w, struct json_out *o, int64_t source_id)
{
	struct str name = source_name(w, source_id);

	json_add_str(o, "source", name.n ? name : S("api"));
}

static void put_member(struct work *w, struct json_out *o, const struct alert *a)
{
	struct alert_texts t;

	alert_view(w->arena, a, &t);
	json_open(o, '{');
	json_add_str(o, "fingerprint", hex_text(w->arena, a->fingerprint));
	json_add_str(o, "status", a->firing ? S("firing") : S("resolved"));
	json_key(o, "labels");
	labels_write(o, &t.labels);
	json_key(o, "annotations");
	labels_write(o, &t.annotations);
	json_add_wall(o, "starts_at", a->starts_at);
	if (a->ends_at)
		json_add_wall(o, "ends_at", a->ends_at);
	if (t.url.n)
		json_add_str(o, "generator_url", t.url);
	json_close(o, '}');
}

void alerts_write_group(struct work *w, struct json_out *o, struct group *g, bool members)
{
	const struct labels *common = group_sum_up(g);
	const struct service *service = group_service(w, g);
	struct alert_texts t;

	group_lead(w->arena, g, &t);
	json_open(o, '{');
	put_row(w, o, &g->row);
	json_add_str(o, "title", group_title(w->arena, g, common));
	put_source(w, o, g->row.source_id);
	if (service)
		json_add_str(o, "service", service->name);
	json_add_int(o, "firing", g->firing);
	json_add_int(o, "resolved", (int64_t)g->count - g->firing);
	json_add_wall(o, "since", g->sum.since);
	json_key(o, "labels");
	labels_write(o, common);
	if (t.url.n)
		json_add_str(o, "url", t.url);
	if (members) {
		json_key(o, "members");
		json_open(o, '[');
		for (size_t i = 0; i < g->count; i++)
			put_member(w, o, g->alerts[i]);
		json_close(o, ']');
	}
	json_close(o, '}');
}

static void write_past(struct work *w, struct json_out *o, const struct group_row *r)
{
	json_open(o, '{');
	put_row(w, o, r);
	json_add_str(o, "title", r->title);
	put_source(w, o, r->source_id);
	json_add_int(o, "firing", 0);
	json_add_wall(o, "since", r->opened);
	json_key(o, "labels");
	json_open(o, '{');
	json_close(o, '}');
	json_close(o, '}');
}

bool alerts_write_past(struct work *w, struct json_out *o, struct str ref)
{
	struct group_row *rows;
	struct err ignored = {0};
	int64_t id = 0;
	size_t count;

	(void)str_to_int(ref, &id);
	if (!store_group_recent(w->engine->db, w->arena, w->engine->workspace_id, 1000, &rows, &count, &ignored))
		return false;
	for (size_t i = 0; i < count; i++)
		if (rows[i].id == id || str_eq_nocase(rows[i].short_id, ref)) {
			write_past(w, o, &rows[i]);
			return true;
		}
	return false;
}

bool alerts_wanted_parse(struct str s, enum alerts_wanted *out)
{
	static const char *const names[] = {"open", "firing", "acknowledged", "resolved", "all"};

	*out = ALERTS_OPEN;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_is(s, names[i])) {
			*out = (enum alerts_wanted)i;
			return true;
		}
	return s.n == 0;
}

static bool is_wanted(const struct group *g, enum alerts_wanted wanted)
{
	switch (wanted) {
	case ALERTS_FIRING:
		return g->row.state == GROUP_FIRING;
	case ALERTS_ACKNOWLEDGED:
		return g->row.state == GROUP_ACKNOWLEDGED;
	case ALERTS_RESOLVED:
		return false;
	default:
		return g->row.state != GROUP_RESOLVED;
	}
}

static int by_newest(const void *a, const void *b)
{
	int64_t x = (*(const struct group *const *)a)->row.id, y = (*(const struct group *const *)b)->row.id;

	return x > y ? -1 : x < y;
}

static struct group **groups_sorted(struct work *w, enum alerts_wanted wanted, size_t *count)
{
	struct alerts *al = w->engine->alerts;
	struct vec v = {0};
	void *g;

	for (size_t i = 0; map_next(&al->by_id, &i, &g);)
		if (is_wanted(g, wanted))
			*(struct group **)vec_push(w->arena, &v, sizeof(struct group *)) = g;
	if (v.count)
		qsort(v.items, v.count, sizeof(struct group *), by_newest);
	*count = v.count;
	return v.items;
}

bool alerts_write_groups(struct work *w, struct json_out *o, enum alerts_wanted wanted, unsigned limit, struct err *err)
{
	size_t count, past = 0;
	struct group **groups = groups_sorted(w, wanted, &count);
	struct group_row *rows = NULL;

	if ((wanted == ALERTS_RESOLVED || wanted == ALERTS_ALL) &&
	    !store_group_recent(w->engine->db, w->arena, w->engine->workspace_id, limit, &rows, &past, err))
		return false;
	json_open(o, '[');
	for (size_t i = 0; i < count && i < limit; i++)
		alerts_write_group(w, o, groups[i], false);
	for (size_t i = 0; i < past && count + i < limit; i++)
		write_past(w, o, &rows[i]);
	json_close(o, ']');
	return true;
}

struct str alerts_in_thread(struct work *w, int64_t channel_id, int64_t thread_ts)
{
	size_t count;
	struct group **groups = groups_sorted(w, ALERTS_OPEN, &count);

	for (size_t i = 0; i < count; i++)
		if (groups[i]->row.message_ts == thread_ts && groups[i]->row.channel_id == channel_id)
			return groups[i]->row.short_id;
	return S("");
}

static void summary_line(struct work *w, struct buf *b, struct group *g)
{
	const struct labels *common = group_sum_up(g);

	buf_printf(b, "\n%s `" STR_FMT "` *" STR_FMT "*  %s, %" PRId64 " firing for %s", state_emoji[g->row.state], STR_ARG(g->row.short_id),
		   STR_ARG(mrkdwn_escape(w->arena, group_title(w->arena, g, common))), severity_name(g->row.severity), g->firing,
		   span_write(w->arena, w->now - g->sum.since).p);
	if (g->row.acked)
		buf_printf(b, ", acknowledged by " STR_FMT, STR_ARG(group_acker(w->arena, &g->row)));
}

static void summary_past(struct work *w, struct buf *b, const struct group_row *r)
{
	buf_printf(b, "\n%s `" STR_FMT "` *" STR_FMT "*  resolved %s ago", state_emoji[GROUP_RESOLVED], STR_ARG(r->short_id),
		   STR_ARG(mrkdwn_escape(w->arena, r->title)), span_write(w->arena, w->now - r->resolved).p);
}

struct str alerts_summary(struct work *w, enum alerts_wanted wanted, unsigned limit)
{
	size_t count, past = 0, i;
	struct group **groups = groups_sorted(w, wanted, &count);
	struct group_row *rows = NULL;
	struct err ignored = {0};
	struct buf b;
	struct str out;

	if ((wanted == ALERTS_RESOLVED || wanted == ALERTS_ALL) &&
	    !store_group_recent(w->engine->db, w->arena, w->engine->workspace_id, limit, &rows, &past, &ignored))
		past = 0;
	if (!count && !past)
		return wanted == ALERTS_OPEN ? S(":large_green_circle: No open alerts.") : S("None.");
	buf_init(&b, 30 * KIB);
	if (wanted != ALERTS_RESOLVED)
		buf_printf(&b, "*%zu open alert%s*", count, count == 1 ? "" : "s");
	for (i = 0; i < count && i < limit; i++)
		summary_line(w, &b, groups[i]);
	for (size_t k = 0; k < past && i + k < limit; k++)
		summary_past(w, &b, &rows[k]);
	if (count > limit)
		buf_printf(&b, "\n… and %zu more", count - limit);
	out = arena_dup(w->arena, str_trim(buf_str(&b)));
	buf_done(&b);
	return out;
}
