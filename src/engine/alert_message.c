/* A group of alerts as a message with buttons. */
#include "engine/alerts_internal.h"
#include "engine/blocks.h"
#include "net/form.h"
#include "ops/text.h"

#include <inttypes.h>
#include <stdlib.h>

#define MEMBERS_SHOWN 6
#define LABELS_SHOWN 10

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

/* A message while it is made. */
struct telling {
	struct work *w;
	struct arena *a; /* the post's */
	struct group *g;
	const struct labels *common;
	const struct service *service; /* NULL: none */
	struct str title;
	struct str own_title, own_text, template_failed; /* a template's, mrkdwn */
};

static void put_buttons(const struct telling *m, struct json_out *o)
{
	const struct group *g = m->g;
	struct arena *a = m->a;
	struct alert_texts t;
	struct str id = arena_printf(a, "%" PRId64, g->row.id);
	bool open = g->row.state != GROUP_RESOLVED;
	struct str runbook, dashboard, silence = silence_url(a, g, m->common);

	group_lead(a, g, &t);
	runbook = labels_get(&t.annotations, "runbook_url");
	if (!runbook.n)
		runbook = labels_get(&t.annotations, "runbook");
	if (!runbook.n && m->service)
		runbook = m->service->runbook;
	dashboard = labels_get(&t.annotations, "dashboard_url");
	if (!open && !url_is_web(runbook) && !url_is_web(t.url) && !url_is_web(dashboard))
		return;
	block_actions_open(o, "alert");
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
	block_actions_close(o);
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

static struct str first_section(const struct telling *m)
{
	struct str head = m->own_title.n ? m->own_title : mrkdwn_escape(m->a, m->title), more = S("");
	const struct group *g = m->g;
	struct arena *a = m->a;
	struct alert_texts t;

	if (m->own_text.n)
		return arena_printf(a, "*" STR_FMT "*\n" STR_FMT, STR_ARG(head), STR_ARG(m->own_text));
	group_lead(a, g, &t);
	if (members_counting(g) > 1) {
		more = members_text(a, g, m->common);
	} else {
		more = labels_get(&t.annotations, "description");
		if (!more.n)
			more = labels_get(&t.annotations, "message");
		more = mrkdwn_escape(a, str_clip(more, 1500));
	}
	return arena_printf(a, "*" STR_FMT "*%s" STR_FMT, STR_ARG(head), more.n ? "\n" : "", STR_ARG(str_clip(more, 2600)));
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
		who = arena_printf(a, "  ·  :eyes: acknowledged by " STR_FMT " " STR_FMT, STR_ARG(group_acker(a, r)), STR_ARG(mrkdwn_date(a, r->acked, true)));
	if (r->state == GROUP_RESOLVED)
		return arena_printf(a, ":large_green_circle: *Resolved*%s" STR_FMT " " STR_FMT "  ·  lasted " STR_FMT STR_FMT, r->resolved_by ? " by " : "",
				    STR_ARG(r->resolved_by ? user_mention(a, r->resolved_by) : S("")), STR_ARG(mrkdwn_date(a, r->resolved, true)),
				    STR_ARG(span_write(a, r->resolved - g->sum.since)), STR_ARG(who));
	return arena_printf(a, "%s *%" PRId64 " firing*%s since " STR_FMT STR_FMT STR_FMT, group_emoji(g), g->firing,
			    gone ? arena_printf(a, ", %zu resolved,", gone).p : "", STR_ARG(mrkdwn_date(a, g->sum.since, true)), STR_ARG(who),
			    STR_ARG(quiet_text(a, g, now)));
}

static struct str link_text(struct arena *a, struct str title, struct str url)
{
	return url_is_web(url) ? arena_printf(a, "<" STR_FMT "|" STR_FMT ">", STR_ARG(url), STR_ARG(mrkdwn_escape(a, title))) : mrkdwn_escape(a, title);
}

static struct str service_text(struct arena *a, const struct service *s)
{
	struct buf b;

	buf_init(&b, 8 * KIB);
	buf_printf(&b, ":package: *" STR_FMT "*", STR_ARG(mrkdwn_escape(a, s->name)));
	if (s->team.n)
		buf_printf(&b, "  ·  team " STR_FMT, STR_ARG(mrkdwn_escape(a, s->team)));
	for (size_t i = 0; i < s->link_count; i++)
		buf_printf(&b, "  ·  " STR_FMT, STR_ARG(link_text(a, s->links[i].title, s->links[i].url)));
	return buf_keep(a, &b);
}

#define CHANGES_SHOWN 3
#define CHANGES_SINCE DAY

/* What was changed of the service shortly before: the first thing that people ask. */
static void put_changes(const struct telling *m, struct json_out *o)
{
	struct service_change *list;
	struct err ignored = {0};
	size_t count = 0;

	if (!store_service_change_last(m->w->engine->db, m->a, m->w->engine->workspace_id, m->service->name, m->g->row.opened - CHANGES_SINCE, CHANGES_SHOWN, &list,
				       &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++) {
		span_ms before = m->g->row.opened - list[i].at;

		block_context(o, arena_printf(m->a, ":rocket: " STR_FMT "  ·  " STR_FMT " %s  ·  " STR_FMT, STR_ARG(link_text(m->a, list[i].title, list[i].url)),
						 STR_ARG(span_write(m->a, before < 0 ? -before : before)), before < 0 ? "after it began" : "before",
						 STR_ARG(mrkdwn_escape(m->a, list[i].source))));
	}
}

static void put_service(const struct telling *m, struct json_out *o)
{
	if (!m->service)
		return;
	block_context(o, service_text(m->a, m->service));
	put_changes(m, o);
}

static void put_origin(const struct telling *m, struct json_out *o)
{
	struct str from = source_name(m->w, m->g->row.source_id);

	block_context(o, arena_printf(m->a, "alert `" STR_FMT "`  ·  %s%s" STR_FMT, STR_ARG(m->g->row.short_id), severity_name(m->g->row.severity),
					 from.n ? "  ·  from " : "", STR_ARG(mrkdwn_escape(m->a, from))));
	if (m->template_failed.n)
		block_context(o, arena_printf(m->a, ":warning: its template failed: " STR_FMT, STR_ARG(mrkdwn_escape(m->a, str_clip(m->template_failed, 300)))));
}

static void put_blocks(const struct telling *m, struct json_out *o)
{
	struct str where = labels_line(m->a, m->common, NULL);

	block_section(o, first_section(m));
	if (where.n && !m->own_text.n)
		block_section(o, where);
	block_section(o, state_text(m->a, m->g, m->w->now));
	put_buttons(m, o);
	put_service(m, o);
	put_origin(m, o);
}

static const char *message_color(const struct group *g)
{
	return g->row.state == GROUP_RESOLVED ? "2eb886" : severity_color(g->row.severity) + 1;
}

static struct str plain_line(struct arena *a, const struct group *g, struct str title)
{
	const char *word = g->row.state == GROUP_RESOLVED ? "RESOLVED" : "FIRING";
	struct str number = g->row.state == GROUP_RESOLVED ? S("") : arena_printf(a, ":%" PRId64, g->firing);

	return arena_printf(a, "[%s" STR_FMT "] " STR_FMT " (%s)%s", word, STR_ARG(number), STR_ARG(mrkdwn_escape(a, title)), severity_name(g->row.severity),
			    g->row.acked && g->row.state != GROUP_RESOLVED ? ", acknowledged" : "");
}

static struct str message_body(const struct telling *m, struct str fallback)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 100 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	block_attachment_open(&o, str_of(message_color(m->g)), fallback);
	put_blocks(m, &o);
	block_attachment_close(&o);
	json_close(&o, '}');
	return buf_keep(m->a, &b);
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
	struct telling m = {.w = w, .a = a, .g = g};

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
	g->has_turn = !post_has_turn(w, post, g->row.channel_id);
	if (g->has_turn) {
		g->outbox_due = post->later_at;
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
	m.common = group_sum_up(g);
	m.title = group_title(a, g, m.common);
	m.service = group_service(w, g);
	(void)!template_words(w, a, g, &m.own_title, &m.own_text, &m.template_failed);
	g->sending = true;
	g->dirty = false;
	post->channel_id = g->row.channel_id;
	post->message_ts = g->row.message_ts;
	post->text = plain_line(a, g, m.own_title.n ? mrkdwn_plain(a, m.own_title) : m.title);
	post->body = message_body(&m, post->text);
	return true;
}
