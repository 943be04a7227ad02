#include "engine/plans.h"

#include "engine/alerts.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"
#include "store/plans.h"

#include <inttypes.h>

static bool is_room(struct work *w, const struct plan *p, struct err *err)
{
	struct engine *e = w->engine;
	int64_t all, mine;

	if (!store_plan_count(e->db, e->workspace_id, p->user_id, &all, &mine, err))
		return false;
	if (mine >= PLANS_OF_ONE_MAX)
		err_set(err, ERR_TOO_MANY, "you have %d planned calls; that is the most. `plans` lists them, `unplan` ends one", PLANS_OF_ONE_MAX);
	else if (all >= PLANS_MAX)
		err_set(err, ERR_TOO_MANY, "there are %d planned calls; that is the most", PLANS_MAX);
	return !err->code;
}

static bool next_code(struct work *w, struct plan *p, struct err *err)
{
	struct engine *e = w->engine;
	struct str last;
	int64_t n = 0;

	if (!store_setting_get(e->db, w->arena, e->workspace_id, "plan_number", &last, err))
		return false;
	(void)str_to_int(last, &n);
	p->code = arena_printf(w->arena, "P-%" PRId64, n + 1);
	return store_setting_put(e->db, e->workspace_id, "plan_number", arena_printf(w->arena, "%" PRId64, n + 1), err);
}

bool plan_add(struct work *w, struct plan *p, struct err *err)
{
	struct db *db = w->engine->db;

	p->id = engine_id(w);
	p->workspace_id = w->engine->workspace_id;
	p->created = w->now;
	effect_wake(w);
	return is_room(w, p, err) && next_code(w, p, err) && store_plan_add(db, p, err) && store_due_add(db, DUE_TIMER, p->id, engine_id(w), p->next, TIMER_PLAN, S(""), err);
}

bool plan_end(struct work *w, const struct plan *p, struct err *err)
{
	return store_plan_drop(w->engine->db, p->id, err) && store_timer_drop(w->engine->db, p->id, TIMER_PLAN, err);
}

bool plan_named(struct work *w, struct str code, struct plan *out, struct err *err)
{
	struct str upper = arena_dup(w->arena, str_clip(code, 16));

	if (upper.n && upper.p[0] == 'p')
		((char *)upper.p)[0] = 'P';
	if (store_plan_by_code(w->engine->db, w->arena, w->engine->workspace_id, upper, out, err))
		return true;
	if (!err->code)
		err_set(err, ERR_NOT_FOUND, "nothing is planned as `" STR_FMT "`; `plans` lists what is", STR_ARG(str_clip(code, 40)));
	return false;
}

bool plan_tell(struct work *w, const struct plan *p, struct str text, struct err *err)
{
	struct channel c;
	struct user u;

	if (store_user_find(w->engine->db, w->arena, w->engine->workspace_id, p->user_id, &u, err) && !u.deleted)
		return note_person(w, u.id, p->channel_id, p->thread_ts, text, err);
	if (err->code || !p->channel_id || !store_channel_find(w->engine->db, w->arena, p->channel_id, &c, err) || c.archived)
		return err->code == ERR_NONE;
	return note_reply(w, c.id, p->thread_ts, text, err);
}

static bool tell_missed(struct work *w, const struct plan *p, const struct plan_turn *turn)
{
	struct arena *a = w->arena;
	struct str times = turn->missed == 1 ? S("its time has") : arena_printf(a, "%" PRId64 " of its times have", turn->missed);

	return plan_tell(w, p, arena_printf(a, ":hourglass: *" STR_FMT "* of <@" STR_FMT ">: " STR_FMT " passed while nothing could run, by more than an hour: skipped. `" STR_FMT "`%s" STR_FMT,
					    STR_ARG(p->code), STR_ARG(id_write(a, 'U', p->user_id)), STR_ARG(times), STR_ARG(mrkdwn_escape(a, str_clip(p->line, 300))),
					    turn->next ? " runs next " : "", STR_ARG(turn->next ? mrkdwn_date(a, turn->next, false) : S(""))), &w->err);
}

static struct str late_text(struct work *w, const struct plan_turn *turn)
{
	struct str late = turn->late >= MINUTE ? arena_printf(w->arena, ", " STR_FMT " late", STR_ARG(span_write(w->arena, turn->late))) : S("");

	if (!turn->missed)
		return late;
	return arena_printf(w->arena, STR_FMT ", after %" PRId64 " time%s at which nothing could run", STR_ARG(late), turn->missed, turn->missed == 1 ? "" : "s");
}

bool plan_due(struct work *w, int64_t id, wall_ms *again_at)
{
	struct db *db = w->engine->db;
	struct plan_turn turn;
	struct plan p;

	if (!store_plan_find(db, w->arena, id, &p, &w->err) || !p.next)
		return w->err.code == ERR_NONE;
	if (w->now < p.next) { /* after a restart timers may come early */
		*again_at = p.next;
		return true;
	}
	plan_turn_at(p.next, p.every, w->now, &turn);
	*again_at = p.next = turn.next;
	if (!turn.run && !tell_missed(w, &p, &turn))
		return false;
	if (!turn.run && !p.next)
		return store_plan_drop(db, p.id, &w->err);
	p.runs += turn.run;
	return store_plan_turn(db, &p, &w->err) &&
	       (!turn.run || store_due_add(db, DUE_OUTBOX, p.id, engine_id(w), w->now, KIND_PLAN_RUN, late_text(w, &turn), &w->err));
}
