/* What happens to a group: it changes, is told, ends, and people answer it. */
#include "engine/alerts_internal.h"

#include "base/log.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define TELL_EVERY SECOND /* a group whose numbers change is told at most this often */

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

/* ---- a change, and the state that follows ---- */

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

bool group_change(struct work *w, struct group *g, const struct change *changes, size_t count, int64_t firing_after, bool fires)
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
		if (changes[i].event->firing && changes[i].whole && alert_event_severity(changes[i].event) > after.severity)
			after.severity = alert_event_severity(changes[i].event);
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

bool group_mind_ends(struct work *w, struct group *g, wall_ms ends_at)
{
	if (!ends_at || (g->timer_due && g->timer_due <= ends_at))
		return true;
	g->timer_due = ends_at;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, g->row.id, engine_id(w), ends_at, KIND_ENDS, S(""), &w->err);
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

		if (!g->row.acked_by)
			name = S("the source");
		else if (g->row.acked_by == user_id)
			name = S("you");
		else if (store_user_find(w->engine->db, w->arena, w->engine->workspace_id, g->row.acked_by, &who, err))
			name = who.name;
		err_set(err, ERR_CONFLICT, STR_FMT " acknowledged alert " STR_FMT " already, %s ago", STR_ARG(name), STR_ARG(g->row.short_id),
			span_write(w->arena, w->now - g->row.acked).p);
		return false;
	}
	if (!group_act(w, g, GROUP_EV_ACK, user_id, err))
		return false;
	if (user_id)
		log_info(EV_ALERT_ACKED, F_STR("alert", g->row.short_id), F_INT("by", user_id));
	else
		log_info(EV_ALERT_ACKED, F_STR("alert", g->row.short_id), F_TXT("by", "source"));
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
