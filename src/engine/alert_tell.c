/* When and how people hear of a group: its message, what its thread is told, reminders, and what came of it. */
#include "engine/alerts_internal.h"

#include "engine/graph.h"
#include "store/journal.h"

#include <inttypes.h>

#define TELL_EVERY SECOND /* a group whose numbers change is told at most this often */

/* ---- the message and its thread ---- */

bool group_is_quiet(const struct group *g, wall_ms now, wall_ms *until)
{
	struct str name;
	wall_ms turns;
	bool muted = g->loud > 0 && g->route && route_is_muted(g->route, now, &turns, &name);

	*until = muted ? turns : 0;
	return g->loud == 0 || muted;
}

/* When a group's message is to show its present state. */
static wall_ms tell_due(struct group *g, unsigned effects, wall_ms now)
{
	wall_ms begins = g->row.opened + (g->route ? g->route->group_wait : 0);

	if (!g->row.message_ts && g->hold_until > now)
		return g->hold_until;
	if (!g->row.message_ts && begins > now) { /* unless it has been firing for longer than that */
		group_sum_up(g);
		return g->sum.since + g->route->group_wait > now ? begins : now;
	}
	if (!g->row.message_ts)
		return now;
	if (!(effects & GROUP_FX_TELL_NOW) && g->told_at + TELL_EVERY > now)
		return g->told_at + TELL_EVERY;
	return now;
}

/* Nobody was told of it and nobody is to be: all of it is hushed, or it came and went while it was. */
static bool group_says_nothing(const struct group *g)
{
	return !g->row.message_ts && !g->outbox_id && !g->row.digest_id && (g->loud == 0 || g->row.state == GROUP_RESOLVED);
}

/* Sees to it that the group's message will show its present state. */
bool group_tell(struct work *w, struct group *g, unsigned effects, struct err *err)
{
	struct due_row row = {.home_id = g->row.id, .id = g->outbox_id, .fence = g->outbox_fence};
	wall_ms due;

	if (!(effects & (GROUP_FX_TELL_NOW | GROUP_FX_TELL_SOON)) || group_says_nothing(g))
		return true;
	if (g->row.digest_id)
		return digest_tell(w, g->row.digest_id, (effects & GROUP_FX_TELL_NOW) && !g->loud);
	due = tell_due(g, effects, w->now);
	if (g->sending) {
		g->dirty_due = g->dirty && g->dirty_due < due ? g->dirty_due : due;
		g->dirty = true;
		return true;
	}
	if (g->outbox_id && (g->has_turn || g->outbox_due <= due))
		return true;
	effect_wake(w);
	if (g->outbox_id) {
		if (!store_due_later(w->engine->db, DUE_OUTBOX, &row, due, err))
			return false;
	} else {
		g->outbox_id = engine_id(w);
		g->outbox_fence = 0;
		if (!store_due_add(w->engine->db, DUE_OUTBOX, g->row.id, g->outbox_id, due, KIND_GROUP, S(""), err))
			return false;
	}
	g->outbox_due = due;
	return true;
}

bool alerts_tell_touched(struct work *w)
{
	struct alerts *al = w->engine->alerts;
	bool ok = true;

	while (al->touched) {
		struct group *g = al->touched;

		al->touched = g->next_touched;
		g->touched = false;
		if (!g->row.message_ts && g->route) /* it may be about to end too: no faster than a new one */
			g->hold_until = w->now + g->route->group_wait;
		if (ok && g->row.state != GROUP_RESOLVED)
			ok = group_tell(w, g, GROUP_FX_TELL_NOW, &w->err);
	}
	return ok;
}

/* What changed is told in the thread of a message that is there: at once, and then at most every group_interval. The row's
 * payload is the first change that it tells of; the rest is read when it leaves. */
bool group_detail(struct work *w, struct group *g, int64_t change_id)
{
	span_ms every = g->route ? g->route->group_interval : 0;
	wall_ms due = g->told_at + TELL_EVERY > w->now ? g->told_at + TELL_EVERY : w->now;

	if (!g->row.message_ts || g->detail_id)
		return true;
	if (g->detail_at && g->detail_at + every > due)
		due = g->detail_at + every;
	effect_wake(w);
	g->detail_id = engine_id(w);
	g->details++;
	return store_due_add(w->engine->db, DUE_OUTBOX, g->row.id, g->detail_id, due, KIND_DETAIL, arena_printf(w->arena, "%" PRId64, change_id), &w->err);
}

/* ---- reminders ---- */

static bool wants_reminder(const struct group *g, wall_ms now, wall_ms *due)
{
	wall_ms until;

	if (g->row.state != GROUP_FIRING || !g->row.message_ts || !g->route)
		return false;
	*due = (g->row.noticed ? g->row.noticed : g->row.opened) + g->route->repeat_interval;
	if (*due > now || !group_is_quiet(g, now, &until))
		return true;
	*due = until ? until : now + g->route->repeat_interval;
	return true;
}

bool alerts_remind_at(struct work *w, wall_ms due)
{
	struct alerts *al = w->engine->alerts;

	if (al->round_due && al->round_due <= due)
		return true;
	al->round_due = due;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, w->engine->workspace_id, engine_id(w), due, KIND_ROUND, S(""), &w->err);
}

/* How long somebody may have to wait may have changed. */
bool alerts_mind_reminders(struct work *w)
{
	struct alerts *al = w->engine->alerts;
	wall_ms due, soonest = 0;
	void *value;

	for (size_t i = 0; map_next(&al->by_id, &i, &value);)
		if (wants_reminder(value, w->now, &due))
			soonest = !soonest || due < soonest ? due : soonest;
	return !soonest || alerts_remind_at(w, soonest > w->now ? soonest : w->now);
}

static bool remind(struct work *w, struct group *g)
{
	work_touched_memory(w);
	g->row.noticed = w->now;
	effect_wake(w);
	return store_group_told(w->engine->db, g->row.id, g->row.message_ts, w->now, &w->err) &&
	       store_due_add(w->engine->db, DUE_OUTBOX, g->row.id, engine_id(w), w->now, KIND_REMINDER, S(""), &w->err);
}

bool alerts_round(struct work *w, wall_ms *again_at)
{
	struct alerts *al = w->engine->alerts;
	wall_ms due, next = 0;
	void *value;

	*again_at = 0;
	if (al->round_due && al->round_due > w->now) /* another timer has taken over */
		return true;
	for (size_t i = 0; map_next(&al->by_id, &i, &value);) {
		struct group *g = value;

		if (!wants_reminder(g, w->now, &due))
			continue;
		if (due <= w->now) {
			if (!remind(w, g))
				return false;
			due = w->now + g->route->repeat_interval;
		}
		next = !next || due < next ? due : next;
	}
	if (!storms_remind(w, &next))
		return false;
	work_touched_memory(w);
	al->round_due = *again_at = next;
	return true;
}

/* ---- the outbox ---- */

/* The group's first message is out: from now on it can be reminded of. */
static bool first_told(struct work *w, struct group *g)
{
	g->row.noticed = w->now;
	return !g->route || alerts_remind_at(w, w->now + g->route->repeat_interval);
}

/* It changed while its message was on the way: the next row, which has a turn of its own. */
static bool tell_next(struct work *w, struct group *g)
{
	wall_ms due = g->dirty_due > w->now ? g->dirty_due : w->now;

	g->dirty = false;
	g->outbox_id = engine_id(w);
	g->outbox_fence = 0;
	g->outbox_due = due;
	return store_due_add(w->engine->db, DUE_OUTBOX, g->row.id, g->outbox_id, due, KIND_GROUP, S(""), &w->err);
}

#define ASKED_FOR_EXPRESSION 20 /* members; those of one rule all have the same */

/* The thread of a new message gets a graph of what the alert looks at, if a member says what that is. */
static bool show_graph(struct work *w, const struct group *g)
{
	bool asked = !w->engine->config.prometheus_url.n;

	for (size_t i = 0; i < g->count && i < ASKED_FOR_EXPRESSION && !asked; i++) {
		struct alert_texts t;

		alert_view(w->arena, g->alerts[i], &t);
		if (!graph_ask_of_alert(w, g->row.id, g->row.channel_id, g->row.message_ts, t.url, &asked, &w->err))
			return false;
	}
	return true;
}

bool alerts_told(struct work *w, int64_t group_id, int64_t message_ts)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);
	bool first = g && !g->row.message_ts;

	if (!g)
		return store_group_told(w->engine->db, group_id, message_ts, w->now, &w->err);
	work_touched_memory(w);
	if (g->row.message_ts != message_ts &&
	    (!first_told(w, g) || !store_group_told(w->engine->db, group_id, message_ts, g->row.noticed, &w->err)))
		return false;
	g->row.message_ts = message_ts;
	if (first && !show_graph(w, g))
		return false;
	g->told_at = w->now;
	g->sending = false;
	if (g->dirty)
		return tell_next(w, g);
	g->outbox_id = 0;
	group_let_go(w->engine->alerts, g);
	return true;
}

void alerts_put_off(struct work *w, const struct due_row *row, wall_ms due)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)row->home_id);

	if (g && g->outbox_id == row->id) {
		work_touched_memory(w);
		g->outbox_fence = row->fence;
		g->outbox_due = due;
	}
	digest_put_off(w, row, due);
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

void detail_told(struct work *w, int64_t group_id, int64_t outbox_id)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);

	if (!g)
		return;
	work_touched_memory(w);
	if (g->detail_id == outbox_id)
		g->detail_id = 0;
	g->details--;
	g->detail_at = w->now;
	group_let_go(w->engine->alerts, g);
}
