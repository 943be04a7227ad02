/* How a group of alerts is shown: as a message with buttons, as JSON, as a line. */
#include "engine/alerts_internal.h"
#include "engine/blocks.h"
#include "net/form.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMBERS_SHOWN 6
#define LABELS_SHOWN 10

/* ---- what the members have in common ---- */

static bool counts_for_common(const struct group *g, const struct alert *a)
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
static void leading_texts(struct arena *a, const struct group *g, struct alert_texts *out)
{
	*out = (struct alert_texts){0};
	if (g->sum.first)
		alert_view(a, g->sum.first, out);
}

static size_t members_counting(const struct group *g)
{
	return g->firing ? (size_t)g->firing : g->count;
}

/* One alert is called by its summary; several by their name. */
static struct str group_title(struct arena *a, const struct group *g, const struct labels *common)
{
	struct alert_texts t;
	struct str name = labels_get(common, "alertname");

	leading_texts(a, g, &t);
	if (members_counting(g) == 1 && g->count)
		return str_clip(alert_title(a, &t.labels, &t.annotations), 250);
	return name.n ? str_clip(name, 250) : g->row.title;
}

struct str group_title_now(struct arena *a, struct group *g)
{
	return group_title(a, g, group_sum_up(g));
}

/* ---- the message ---- */

static const char *const state_emoji[] = {[GROUP_FIRING] = ":red_circle:", [GROUP_ACKNOWLEDGED] = ":eyes:", [GROUP_RESOLVED] = ":large_green_circle:"};

const char *group_emoji(const struct group *g)
{
	return state_emoji[g->row.state];
}

/* Slack shows it in the reader's own time; others see UTC. */
static struct str date_text(struct arena *a, wall_ms at)
{
	char text[WALL_TEXT_SIZE];
	struct str iso = wall_write(text, at);

	return arena_printf(a, "<!date^%" PRId64 "^{date_short_pretty} {time_secs}|" STR_FMT " " STR_FMT " UTC>", at / 1000, 10, iso.p, 8, iso.p + 11);
}

static struct str silence_url(struct arena *a, const struct group *g, const struct labels *common)
{
	struct buf b;
	struct str out, base = g->row.external_url;

	if (!url_is_web(base))
		return S("");
	buf_init(&b, 3000);
	buf_printf(&b, STR_FMT "/#/silences/new?filter=", STR_ARG(base));
	for (size_t i = 0; i < common->count; i++) {
		struct labels one = {&common->items[i], 1};
		struct str text = labels_text(a, &one);

		buf_add(&b, i ? S("%2C%20") : S("%7B"));
		buf_add(&b, percent_encode(a, str_n(text.p + 1, text.n - 2)));
	}
	buf_add(&b, S("%7D"));
	out = b.failed ? S("") : arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static void put_buttons(struct arena *a, struct json_out *o, const struct group *g, const struct labels *common)
{
	struct alert_texts t;
	struct str id = arena_printf(a, "%" PRId64, g->row.id);
	bool open = g->row.state != GROUP_RESOLVED;
	struct str runbook, dashboard, silence = silence_url(a, g, common);

	leading_texts(a, g, &t);
	runbook = labels_get(&t.annotations, "runbook_url");
	if (!runbook.n)
		runbook = labels_get(&t.annotations, "runbook");
	dashboard = labels_get(&t.annotations, "dashboard_url");
	if (!open && !url_is_web(runbook) && !url_is_web(t.url) && !url_is_web(dashboard))
		return;
	json_open(o, '{');
	json_add_str(o, "type", S("actions"));
	json_add_str(o, "block_id", S("alert"));
	json_key(o, "elements");
	json_open(o, '[');
	if (g->row.state == GROUP_FIRING)
		block_button(o, "Acknowledge", "alert.ack", id, "primary");
	if (open)
		block_button(o, "Resolve", "alert.resolve", id, NULL);
	if (open && g->loud)
		block_button(o, "Silence 1h", "alert.quiet", id, NULL);
	block_link(o, "Runbook", "alert.runbook", runbook);
	block_link(o, "Dashboard", "alert.dashboard", dashboard);
	block_link(o, "Source", "alert.source", t.url);
	if (open)
		block_link(o, "Silence in Alertmanager", "alert.silence", silence);
	json_close(o, ']');
	json_close(o, '}');
}

/* Labels that say where; what the title and colour say already is left out. */
static struct str labels_line(struct arena *a, const struct labels *l, const struct labels *without)
{
	static const char *const said[] = {"alertname", "severity", "priority", "prometheus", "monitor", "replica"};
	struct buf b;
	size_t shown = 0;

	buf_init(&b, 2000);
	for (size_t i = 0; i < l->count && shown < LABELS_SHOWN; i++) {
		bool skip = without && labels_get(without, l->items[i].name.n < 100 ? arena_dup(a, l->items[i].name).p : "").n;

		for (size_t k = 0; k < COUNT_OF(said); k++)
			skip = skip || str_is(l->items[i].name, said[k]);
		if (skip)
			continue;
		buf_printf(&b, "%s*" STR_FMT ":* " STR_FMT, shown++ ? "  " : "", STR_ARG(mrkdwn_escape(a, str_clip(l->items[i].name, 60))),
			   STR_ARG(mrkdwn_escape(a, str_clip(l->items[i].value, 120))));
	}
	return buf_keep(a, &b);
}

static int newest_first(const void *x, const void *y)
{
	const struct alert *a = *(const struct alert *const *)x, *b = *(const struct alert *const *)y;

	if (a->firing != b->firing)
		return a->firing ? -1 : 1;
	if (a->starts_at != b->starts_at)
		return a->starts_at > b->starts_at ? -1 : 1;
	return a->fingerprint < b->fingerprint ? -1 : 1;
}

/* The members to show: the newest of those that fire. Looks at all, sorts only a few. */
static size_t pick_members(const struct group *g, const struct alert *out[MEMBERS_SHOWN + 1])
{
	size_t n = 0;

	for (size_t i = g->count; i-- > 0;) {
		const struct alert *a = g->alerts[i];

		if (!counts_for_common(g, a))
			continue;
		if (n < MEMBERS_SHOWN + 1) {
			out[n++] = a;
		} else if (newest_first(&a, &out[MEMBERS_SHOWN - 1]) < 0) {
			out[MEMBERS_SHOWN - 1] = a;
		}
		qsort(out, n < MEMBERS_SHOWN ? n : MEMBERS_SHOWN, sizeof *out, newest_first);
		if (n > MEMBERS_SHOWN && i + 64 < g->count)
			break; /* members stand in the order of their coming: the newest are at the end */
	}
	return n < MEMBERS_SHOWN ? n : MEMBERS_SHOWN;
}

struct str alert_line(struct arena *a, const struct alert *alert, const struct labels *common)
{
	struct alert_texts t;
	struct str say, where;

	alert_view(a, alert, &t);
	say = labels_get(&t.annotations, "summary");
	if (!say.n)
		say = labels_get(&t.annotations, "description");
	where = labels_line(a, &t.labels, common);
	return arena_printf(a, STR_FMT "%s" STR_FMT "%s", STR_ARG(mrkdwn_escape(a, str_clip(say.n ? say : labels_text(a, &t.labels), 160))), where.n ? "  " : "",
			    STR_ARG(str_clip(where, 200)), alert->quiet & QUIET_SILENCED ? "  :no_bell:" : alert->quiet ? "  :mute:" : "");
}

static struct str members_text(struct arena *a, const struct group *g, const struct labels *common)
{
	const struct alert *shown[MEMBERS_SHOWN + 1];
	size_t n = pick_members(g, shown), all = members_counting(g);
	struct buf b;

	buf_init(&b, 2900);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s• " STR_FMT, i ? "\n" : "", STR_ARG(alert_line(a, shown[i], common)));
	if (all > n)
		buf_printf(&b, "\n… and %zu more", all - n);
	return buf_keep(a, &b);
}

static struct str first_section(struct arena *a, const struct group *g, struct str title, const struct labels *common)
{
	struct alert_texts t;
	struct str head = mrkdwn_escape(a, title), more = S("");

	leading_texts(a, g, &t);
	if (members_counting(g) > 1) {
		more = members_text(a, g, common);
	} else {
		more = labels_get(&t.annotations, "description");
		if (!more.n)
			more = labels_get(&t.annotations, "message");
		more = mrkdwn_escape(a, str_clip(more, 1500));
	}
	return arena_printf(a, "*" STR_FMT "*%s" STR_FMT, STR_ARG(head), more.n ? "\n" : "", STR_ARG(str_clip(more, 2600)));
}

static struct str user_mention(struct arena *a, int64_t user_id)
{
	return arena_printf(a, "<@" STR_FMT ">", STR_ARG(id_write(a, 'U', user_id)));
}

static struct str acker(struct arena *a, const struct group_row *r)
{
	return r->acked_by ? user_mention(a, r->acked_by) : S("the source");
}

/* Why nobody is told of it, or only of a part. */
static struct str quiet_text(struct arena *a, const struct group *g, wall_ms now)
{
	unsigned silenced = 0, inhibited = 0;
	wall_ms until;
	struct str mute = S(""), out = S("");

	for (size_t i = 0; i < g->count && g->loud < g->firing; i++) {
		silenced += (g->alerts[i]->quiet & QUIET_SILENCED) != 0;
		inhibited += g->alerts[i]->quiet == QUIET_INHIBITED;
	}
	if (silenced)
		out = arena_printf(a, "  ·  :no_bell: %u silenced", silenced);
	if (inhibited)
		out = arena_printf(a, STR_FMT "  ·  :mute: %u inhibited", STR_ARG(out), inhibited);
	if (g->route && route_is_muted(g->route, now, &until, &mute))
		out = arena_printf(a, STR_FMT "  ·  :mute: muted by " STR_FMT, STR_ARG(out), STR_ARG(mrkdwn_escape(a, mute)));
	if (g->row.flapping)
		out = arena_printf(a, STR_FMT "  ·  :ocean: flapping%s", STR_ARG(out), g->firing ? "" : ", and still now");
	return out;
}

static struct str state_text(struct arena *a, const struct group *g, wall_ms now)
{
	const struct group_row *r = &g->row;
	size_t gone = g->count - (size_t)g->firing;
	struct str who = S("");

	if (r->acked)
		who = arena_printf(a, "  ·  :eyes: acknowledged by " STR_FMT " " STR_FMT, STR_ARG(acker(a, r)), STR_ARG(date_text(a, r->acked)));
	if (r->state == GROUP_RESOLVED)
		return arena_printf(a, ":large_green_circle: *Resolved*%s" STR_FMT " " STR_FMT "  ·  lasted " STR_FMT STR_FMT, r->resolved_by ? " by " : "",
				    STR_ARG(r->resolved_by ? user_mention(a, r->resolved_by) : S("")), STR_ARG(date_text(a, r->resolved)),
				    STR_ARG(span_write(a, r->resolved - g->sum.since)), STR_ARG(who));
	return arena_printf(a, "%s *%" PRId64 " firing*%s since " STR_FMT STR_FMT STR_FMT, state_emoji[r->state], g->firing,
			    gone ? arena_printf(a, ", %zu resolved,", gone).p : "", STR_ARG(date_text(a, g->sum.since)), STR_ARG(who),
			    STR_ARG(quiet_text(a, g, now)));
}

static void put_context(struct arena *a, struct json_out *o, const struct group *g, struct str from)
{
	json_open(o, '{');
	json_add_str(o, "type", S("context"));
	json_key(o, "elements");
	json_open(o, '[');
	block_text(o, "mrkdwn", arena_printf(a, "alert `" STR_FMT "`  ·  %s%s" STR_FMT, STR_ARG(g->row.short_id), severity_name(g->row.severity),
					     from.n ? "  ·  from " : "", STR_ARG(mrkdwn_escape(a, from))));
	json_close(o, ']');
	json_close(o, '}');
}

static void put_blocks(struct arena *a, struct json_out *o, const struct group *g, struct str title, const struct labels *common, struct str from, wall_ms now)
{
	struct str where = labels_line(a, common, NULL);

	json_open(o, '[');
	block_section(o, first_section(a, g, title, common));
	if (where.n)
		block_section(o, where);
	block_section(o, state_text(a, g, now));
	put_buttons(a, o, g, common);
	put_context(a, o, g, from);
	json_close(o, ']');
}

static const char *message_color(const struct group *g)
{
	return g->row.state == GROUP_RESOLVED ? "2eb886" : severity_color(g->row.severity) + 1;
}

static struct str plain_line(struct arena *a, const struct group *g, struct str title)
{
	const char *word = g->row.state == GROUP_RESOLVED ? "RESOLVED" : "FIRING";
	struct str number = g->row.state == GROUP_RESOLVED ? S("") : arena_printf(a, ":%" PRId64, g->firing);

	return arena_printf(a, "[%s" STR_FMT "] " STR_FMT " (%s)", word, STR_ARG(number), STR_ARG(mrkdwn_escape(a, title)), severity_name(g->row.severity));
}

static struct str message_body(struct arena *a, const struct group *g, struct str title, struct str fallback, struct str from, wall_ms now)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 100 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, "attachments");
	json_open(&o, '[');
	json_open(&o, '{');
	json_add_int(&o, "id", 1);
	json_add_str(&o, "color", str_of(message_color(g)));
	json_add_str(&o, "fallback", fallback);
	json_key(&o, "blocks");
	put_blocks(a, &o, g, title, &g->sum.common, from, now);
	json_close(&o, '}');
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* "" for what came without a source. */
static struct str source_name(struct work *w, int64_t source_id)
{
	struct source s;
	struct err ignored = {0};
	bool known = source_id && store_source_find(w->engine->db, w->arena, w->engine->workspace_id, source_id, &s, &ignored);

	return known ? s.name : S("");
}

/* A message that is there may change at any time: that rings no bell. The first one waits until somebody is to be told. */
static bool group_may_be_told(const struct group *g, wall_ms now, wall_ms *later_at)
{
	const struct route *t = g->route;

	*later_at = 0;
	if (g->row.message_ts)
		return true;
	if (g->row.state == GROUP_RESOLVED)
		return !t || (!t->group_wait && !t->mute_count && !t->active_count);
	return !group_is_quiet(g, now, later_at);
}

bool alerts_render(struct work *w, int64_t group_id, struct chat_post *post)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);
	struct arena *a = &post->arena;
	struct str title;

	if (!g)
		return false;
	work_touched_memory(w);
	g->outbox_fence = post->fence;
	if (!group_may_be_told(g, w->now, &post->later_at)) {
		g->outbox_due = post->later_at;
		if (!post->later_at)
			alerts_not_told(w, group_id);
		return false;
	}
	if (!g->row.message_ts && g->row.state != GROUP_RESOLVED) {
		bool taken;

		w->failed = !storm_takes(w, g, &taken);
		if (taken || w->failed) {
			g->outbox_id = 0;
			return false;
		}
	}
	title = group_title(a, g, group_sum_up(g));
	g->sending = true;
	g->dirty = false;
	post->channel_id = g->row.channel_id;
	post->message_ts = g->row.message_ts;
	post->text = plain_line(a, g, title);
	post->body = message_body(a, g, title, post->text, source_name(w, g->row.source_id), w->now);
	return true;
}

/* ---- JSON ---- */

static void put_wall(struct json_out *o, const char *key, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	json_add_str(o, key, wall_write(text, at));
}

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
	json_add_str(o, "id", r->short_id);
	json_add_str(o, "long_id", arena_printf(w->arena, "%" PRId64, r->id));
	json_add_str(o, "state", str_of(group_state_name(r->state)));
	json_add_str(o, "severity", str_of(severity_name(r->severity)));
	json_add_str(o, "channel", id_write(w->arena, 'C', r->channel_id));
	if (r->message_ts)
		json_add_str(o, "ts", ts_text(w->arena, r->message_ts));
	put_wall(o, "opened", r->opened);
	put_wall(o, "changed", r->changed);
	put_user(w, o, "acked_by", r->acked_by);
	if (r->acked)
		put_wall(o, "acked_at", r->acked);
	put_user(w, o, "resolved_by", r->resolved_by);
	if (r->state == GROUP_RESOLVED)
		put_wall(o, "resolved_at", r->resolved);
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
	put_wall(o, "starts_at", a->starts_at);
	if (a->ends_at)
		put_wall(o, "ends_at", a->ends_at);
	if (t.url.n)
		json_add_str(o, "generator_url", t.url);
	json_close(o, '}');
}

void alerts_write_group(struct work *w, struct json_out *o, struct group *g, bool members)
{
	const struct labels *common = group_sum_up(g);
	struct alert_texts t;

	leading_texts(w->arena, g, &t);
	json_open(o, '{');
	put_row(w, o, &g->row);
	json_add_str(o, "title", group_title(w->arena, g, common));
	put_source(w, o, g->row.source_id);
	json_add_int(o, "firing", g->firing);
	json_add_int(o, "resolved", (int64_t)g->count - g->firing);
	put_wall(o, "since", g->sum.since);
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
	put_wall(o, "since", r->opened);
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

static void summary_line(struct work *w, struct buf *b, struct group *g)
{
	const struct labels *common = group_sum_up(g);

	buf_printf(b, "\n%s `" STR_FMT "` *" STR_FMT "*  %s, %" PRId64 " firing for %s", state_emoji[g->row.state], STR_ARG(g->row.short_id),
		   STR_ARG(mrkdwn_escape(w->arena, group_title(w->arena, g, common))), severity_name(g->row.severity), g->firing,
		   span_write(w->arena, w->now - g->sum.since).p);
	if (g->row.acked)
		buf_printf(b, ", acknowledged by " STR_FMT, STR_ARG(acker(w->arena, &g->row)));
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
