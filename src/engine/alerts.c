/* What happens to a group: it changes, ends, and people answer it. How people hear of that is alert_tell.c. */
#include "engine/alerts_internal.h"

#include "base/log.h"
#include "store/chat.h"
#include "store/journal.h"

/* ---- flapping ---- */

static bool begins_to_fire(const struct change *c)
{
	return c->event->firing && (!c->alert || !c->alert->firing);
}

static bool will_flap(const struct engine *e, const struct group *g, const struct change *changes, size_t count, wall_ms now)
{
	const struct routing *r = e->routing;
	bool flaps = g->row.flapping;
	uint32_t since;

	for (size_t i = 0; r->flap_changes && !flaps && i < count; i++) {
		const struct change *c = &changes[i];

		flaps = begins_to_fire(c) && alert_flaps(e->alerts, r, c->alert, alert_identity(c->source_id, c->sender_key, c->event->fingerprint), now, &since) >= r->flap_changes;
	}
	return flaps;
}

/* So long must it keep still to count as ended. */
static span_ms settle_after(const struct routing *r)
{
	return r->flap_within / (r->flap_changes ? r->flap_changes : 1);
}

/* ---- a change, and the state that follows ---- */

static void change_apply(struct engine *e, struct group *g, const struct change *c, wall_ms now)
{
	struct alerts *al = e->alerts;
	const struct alert_event *ev = c->event;
	struct alert *a = c->alert ? c->alert : alert_add(al, g, alert_identity(c->source_id, c->sender_key, ev->fingerprint), ev->fingerprint);
	bool begins = ev->firing && !a->firing;
	unsigned flaps;

	if (c->alert)
		g->sum.upto = 0;
	if (a->ties && (c->whole || !ev->firing))
		inhibit_untie(al, a);
	if (c->whole)
		alert_pack(a, &ev->labels, &ev->annotations, ev->url, c->sender_key);
	a->starts_at = ev->starts_at;
	a->ends_at = ev->ends_at;
	alert_set(al, a, ev->firing, ev->firing ? a->quiet : 0);
	if (ev->firing && c->whole) {
		inhibit_tie(al, e->routing, a);
		if (al->silence_count || a->ties || a->quiet)
			alert_requiet(al, a);
	}
	if (begins) {
		flaps = alert_flaps(al, e->routing, a, 0, now, &a->flaps_since);
		a->flaps = (uint8_t)flaps;
	}
	if (begins && (a->quiet & QUIET_SILENCED))
		silences_count(al, a);
}

static enum group_event change_event(const struct group *g, int64_t firing_after, bool fires)
{
	if (firing_after == 0 && (!g->row.flapping || g->row.state == GROUP_RESOLVED))
		return GROUP_EV_ALL_RESOLVED;
	return fires ? GROUP_EV_FIRES : GROUP_EV_CHANGES;
}

static bool is_news(const struct change *c)
{
	return c->event->firing ? begins_to_fire(c) : c->alert && c->alert->firing && !c->alert->quiet;
}

/* What the thread hears of: that alerts joined or left; the end of all only where somebody follows it. A flapping group's coming
 * and going is not news. */
static bool wants_detail(const struct group *g, const struct change *changes, size_t count, enum group_state to)
{
	bool news = false;

	if (!g->row.message_ts || g->row.flapping || g->row.state == GROUP_RESOLVED)
		return false;
	for (size_t i = 0; i < count && !news; i++)
		news = is_news(&changes[i]);
	return news && (to != GROUP_RESOLVED || g->count > 1 || g->row.acked_by);
}

static void row_follows(const struct group_rule *rule, const struct change *changes, size_t count, int64_t firing_after, wall_ms now, struct group_row *after)
{
	after->state = rule->to;
	after->changed = now;
	if (rule->effects & GROUP_FX_SET_RESOLVED) {
		after->resolved = now;
		after->resolved_by = 0;
	}
	if (firing_after == 0)
		after->held = false;
	for (size_t i = 0; i < count; i++)
		if (changes[i].event->firing && changes[i].whole && alert_event_severity(changes[i].event) > after->severity)
			after->severity = alert_event_severity(changes[i].event);
}

static void row_take(struct alerts *al, struct group *g, const struct group_row *after)
{
	enum group_state state = after->state;

	g->row.changed = after->changed;
	g->row.severity = after->severity;
	g->row.resolved = after->resolved;
	g->row.resolved_by = after->resolved_by;
	g->row.held = after->held;
	g->row.flapping = after->flapping;
	group_set_state(al, g, state);
}

static bool row_write(struct work *w, const struct group *g, const struct group_row *after)
{
	return (after->state == g->row.state && after->severity == g->row.severity && after->held == g->row.held && after->flapping == g->row.flapping) ||
	       store_group_set(w->engine->db, after, &w->err);
}

/* A flapping group has fallen silent: if it stays so, that is its end. */
static bool settle_later(struct work *w, struct group *g)
{
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, g->row.id, engine_id(w), w->now + settle_after(w->engine->routing), KIND_SETTLE, S(""), &w->err);
}

bool group_change(struct work *w, struct group *g, const struct change *changes, size_t count, int64_t firing_after, bool fires)
{
	const struct group_rule *rule = group_rule_find(g->row.state, change_event(g, firing_after, fires));
	struct str body = changes_write(w->arena, changes, count);
	struct group_row after = g->row;
	int64_t change_id = engine_id(w);
	bool detail;

	if (!rule || !body.p) {
		err_set(&w->err, body.p ? ERR_CONFLICT : ERR_TOO_BIG, body.p ? "the group is not open" : "one delivery changes too much of one group");
		return false;
	}
	row_follows(rule, changes, count, firing_after, w->now, &after);
	after.flapping = will_flap(w->engine, g, changes, count, w->now);
	if (!store_change_add(w->engine->db, g->row.id, change_id, w->now, body, &w->err) || !row_write(w, g, &after))
		return false;
	work_touched_memory(w);
	detail = wants_detail(g, changes, count, after.state);
	for (size_t i = 0; i < count; i++)
		change_apply(w->engine, g, &changes[i], w->now);
	row_take(w->engine->alerts, g, &after);
	if (firing_after == 0 && after.state != GROUP_RESOLVED && !settle_later(w, g))
		return false;
	return group_tell(w, g, rule->effects, &w->err) && (!detail || group_detail(w, g, change_id));
}

/* It ends, if it has kept still for long enough. */
static bool group_settles(struct work *w, struct group *g, wall_ms *again_at)
{
	const struct group_rule *rule = group_rule_find(g->row.state, GROUP_EV_ALL_RESOLVED);
	wall_ms due = g->row.changed + settle_after(w->engine->routing);
	struct group_row after = g->row;

	if (due > w->now) {
		*again_at = due;
		return true;
	}
	row_follows(rule, NULL, 0, 0, w->now, &after);
	if (!row_write(w, g, &after))
		return false;
	work_touched_memory(w);
	row_take(w->engine->alerts, g, &after);
	log_info(EV_ALERT_RESOLVED, F_STR("alert", g->row.short_id), F_TXT("by", "settled"));
	return group_tell(w, g, rule->effects, &w->err);
}

bool alerts_settle(struct work *w, int64_t group_id, wall_ms *again_at)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);

	*again_at = 0;
	if (!g || g->firing > 0)
		return true;
	if (g->row.state != GROUP_RESOLVED && !group_settles(w, g, again_at))
		return false;
	work_touched_memory(w);
	group_let_go(w->engine->alerts, g); /* resolved by hand while it kept still it may have nothing to tell, and nobody else does it */
	return true;
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

static struct vec ended_alerts(struct work *w, struct group *g, wall_ms *next)
{
	struct vec changes = {0};

	*next = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct alert *a = g->alerts[i];
		struct alert_event *ev;

		if (!a->firing || !a->ends_at)
			continue;
		if (a->ends_at > w->now) {
			*next = !*next || a->ends_at < *next ? a->ends_at : *next;
			continue;
		}
		ev = arena_zero(w->arena, sizeof *ev);
		*ev = (struct alert_event){.fingerprint = a->fingerprint, .starts_at = a->starts_at, .ends_at = a->ends_at};
		*(struct change *)vec_push(w->arena, &changes, sizeof(struct change)) = (struct change){.event = ev, .alert = a};
	}
	return changes;
}

bool alerts_expire(struct work *w, int64_t group_id, wall_ms *again_at)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)group_id);
	struct vec changes;

	*again_at = 0;
	if (!g || g->timer_due > w->now) /* gone, or another timer has taken over */
		return true;
	changes = ended_alerts(w, g, again_at);
	work_touched_memory(w);
	g->timer_due = *again_at;
	if (!changes.count)
		return true;
	if (!group_change(w, g, changes.items, changes.count, g->firing - (int64_t)changes.count, false) || !alerts_tell_touched(w))
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
