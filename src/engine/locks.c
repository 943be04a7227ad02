#include "engine/locks.h"

#include "engine/alerts.h"
#include "engine/audit.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"
#include "store/locks.h"

static struct str name_of(struct work *w, int64_t user_id)
{
	struct err ignored = {0};
	struct user u;

	return store_user_find(w->engine->db, w->arena, w->engine->workspace_id, user_id, &u, &ignored) ? u.name : S("somebody who is gone");
}

/* ---- telling ---- */

static bool tell_holder(struct work *w, const struct lock *l, struct str text, struct err *err)
{
	return note_person(w, l->user_id, l->channel_id, l->thread_ts, text, err);
}

static bool tell_lost(struct work *w, const struct lock *l, int64_t by, enum lock_event event, struct str reason, struct err *err)
{
	struct arena *a = w->arena;
	struct str whose = mrkdwn_user(a, l->user_id), text;

	if (event == LOCK_ON_STEAL)
		text = arena_printf(a, ":warning: " STR_FMT " *" STR_FMT "* was yours and was taken over by " STR_FMT ": " STR_FMT, STR_ARG(whose), STR_ARG(l->target),
				    STR_ARG(mrkdwn_user(a, by)), STR_ARG(mrkdwn_escape(a, reason)));
	else if (event == LOCK_ON_UNLOCK)
		text = arena_printf(a, ":unlock: " STR_FMT " your lock of *" STR_FMT "* was ended by " STR_FMT ".", STR_ARG(whose), STR_ARG(l->target), STR_ARG(mrkdwn_user(a, by)));
	else
		text = arena_printf(a, ":unlock: " STR_FMT " your lock of *" STR_FMT "* is over: its " STR_FMT " have passed.", STR_ARG(whose), STR_ARG(l->target),
				    STR_ARG(span_write(a, l->until - l->taken)));
	return tell_holder(w, l, text, err);
}

static bool tell_turn(struct work *w, const struct lock *l, struct err *err)
{
	struct arena *a = w->arena;

	return tell_holder(w, l, arena_printf(a, ":lock: " STR_FMT " *" STR_FMT "* is yours now, until " STR_FMT ": " STR_FMT ". `unlock " STR_FMT "` when you are done.",
					      STR_ARG(mrkdwn_user(a, l->user_id)), STR_ARG(l->target), STR_ARG(mrkdwn_date(a, l->until, false)), STR_ARG(mrkdwn_escape(a, l->reason)),
					      STR_ARG(l->target)), err);
}

/* ---- rows ---- */

/* The timer itself does not come here: it is told when to come again. */
static bool set_timer(struct work *w, const struct lock *l, struct err *err)
{
	effect_wake(w);
	return store_timer_drop(w->engine->db, l->id, TIMER_LOCK, err) &&
	       (!l->user_id || store_due_add(w->engine->db, DUE_TIMER, l->id, engine_id(w), lock_due(l), TIMER_LOCK, S(""), err));
}

static void begin(struct work *w, struct lock *l, span_ms span)
{
	l->until = w->now + span;
	l->reminded = span < LOCK_LONG;
}

/* How it stands, as who asks sees it. */
struct standing {
	bool held;
	struct lock lock;
	struct lock_wait *waits;
	size_t wait_count;
	struct lock_wait *mine; /* among waits; NULL: who asks does not wait */
};

static bool look(struct work *w, const struct lock_ask *ask, struct standing *s, struct err *err)
{
	struct db *db = w->engine->db;

	memset(s, 0, sizeof *s);
	s->held = store_lock_find(db, w->arena, w->engine->workspace_id, ask->target, &s->lock, err);
	if (err->code || (s->held && !store_lock_waits(db, w->arena, s->lock.id, &s->waits, &s->wait_count, err)))
		return false;
	for (size_t i = 0; i < s->wait_count; i++)
		if (s->waits[i].user_id == ask->user_id)
			s->mine = &s->waits[i];
	return true;
}

static enum lock_state state_of(const struct standing *s, const struct lock_ask *ask)
{
	if (!s->held)
		return LOCK_FREE;
	if (s->lock.user_id == ask->user_id)
		return LOCK_MINE;
	return s->mine ? LOCK_AWAITED : LOCK_OTHERS;
}

static bool too_many(struct work *w, struct err *err)
{
	struct lock *all;
	size_t count;

	if (!store_lock_list(w->engine->db, w->arena, w->engine->workspace_id, &all, &count, err))
		return true;
	if (count >= LOCKS_MAX)
		err_set(err, ERR_TOO_MANY, "%d targets are locked; that is the most", LOCKS_MAX);
	return err->code != ERR_NONE;
}

/* ---- effects ---- */

static bool take(struct work *w, const struct lock_ask *ask, const struct standing *s, struct lock *l, struct err *err)
{
	struct db *db = w->engine->db;

	*l = (struct lock){.id = s->held ? s->lock.id : engine_id(w),
			   .workspace_id = w->engine->workspace_id,
			   .target = ask->target,
			   .user_id = ask->user_id,
			   .channel_id = ask->channel_id,
			   .thread_ts = ask->thread_ts,
			   .reason = ask->reason,
			   .taken = w->now};
	begin(w, l, ask->span ? ask->span : LOCK_FOR);
	if (s->mine && !store_lock_wait_drop(db, l->id, s->mine->id, err))
		return false;
	if (!s->held && too_many(w, err))
		return false;
	return s->held ? store_lock_set(db, l, err) : store_lock_add(db, l, err);
}

static bool extend(struct work *w, const struct lock_ask *ask, struct lock *l, struct err *err)
{
	begin(w, l, ask->span ? ask->span : LOCK_FOR);
	if (ask->reason.n)
		l->reason = ask->reason;
	if (ask->channel_id) {
		l->channel_id = ask->channel_id;
		l->thread_ts = ask->thread_ts;
	}
	return store_lock_set(w->engine->db, l, err);
}

static bool wait_for(struct work *w, const struct lock_ask *ask, struct standing *s, size_t *place, struct err *err)
{
	struct lock_wait wait = s->mine ? *s->mine : (struct lock_wait){.id = engine_id(w), .user_id = ask->user_id, .asked = w->now, .span = LOCK_FOR};

	*place = s->mine ? (size_t)(s->mine - s->waits) + 1 : s->wait_count + 1;
	if (*place > LOCK_QUEUE_MAX) {
		err_set(err, ERR_TOO_MANY, "%d people wait for " STR_FMT " already", LOCK_QUEUE_MAX, STR_ARG(ask->target));
		return false;
	}
	wait.channel_id = ask->channel_id;
	wait.thread_ts = ask->thread_ts;
	if (ask->reason.n)
		wait.reason = ask->reason;
	if (ask->span)
		wait.span = ask->span;
	return s->mine ? store_lock_wait_set(w->engine->db, s->lock.id, &wait, err) : store_lock_wait_add(w->engine->db, s->lock.id, &wait, err);
}

static bool is_here(struct work *w, int64_t user_id, struct err *err)
{
	struct user u;

	return store_user_find(w->engine->db, w->arena, w->engine->workspace_id, user_id, &u, err) && !u.deleted;
}

/* The first of the queue who is still there has it; nobody: it is free. */
static bool pass_on(struct work *w, const struct standing *s, struct lock *l, struct err *err)
{
	struct db *db = w->engine->db;

	for (size_t i = 0; i < s->wait_count; i++) {
		const struct lock_wait *next = &s->waits[i];

		if (!store_lock_wait_drop(db, l->id, next->id, err))
			return false;
		if (!is_here(w, next->user_id, err)) {
			if (err->code)
				return false;
			continue;
		}
		l->user_id = next->user_id;
		l->channel_id = next->channel_id;
		l->thread_ts = next->thread_ts;
		l->reason = next->reason;
		l->taken = w->now;
		begin(w, l, next->span);
		return store_lock_set(db, l, err) && tell_turn(w, l, err);
	}
	l->user_id = 0;
	return store_lock_drop(db, l, err);
}

static bool carry_out(struct work *w, const struct lock_ask *ask, enum lock_event event, struct standing *s, struct lock_done *out, struct err *err)
{
	unsigned fx = out->effects;

	out->lock = s->lock;
	if ((fx & LOCK_FX_TELL) && !tell_lost(w, &s->lock, ask->user_id, event, ask->reason, err))
		return false;
	if ((fx & LOCK_FX_TAKE) && !take(w, ask, s, &out->lock, err))
		return false;
	if ((fx & LOCK_FX_EXTEND) && !extend(w, ask, &out->lock, err))
		return false;
	if ((fx & LOCK_FX_WAIT) && !wait_for(w, ask, s, &out->place, err))
		return false;
	if ((fx & LOCK_FX_LEAVE) && !store_lock_wait_drop(w->engine->db, s->lock.id, s->mine->id, err))
		return false;
	return !(fx & LOCK_FX_NEXT) || pass_on(w, s, &out->lock, err);
}

bool locks_do(struct work *w, const struct lock_ask *ask, enum lock_event event, struct lock_done *out, struct err *err)
{
	struct standing s;

	memset(out, 0, sizeof *out);
	if (!look(w, ask, &s, err))
		return false;
	if (!lock_rule(state_of(&s, ask), event, ask->operator_asks, &out->effects)) {
		lock_refuse(w->arena, s.held ? &s.lock : NULL, ask->target, s.held ? name_of(w, s.lock.user_id) : S(""), event, w->now, err);
		return false;
	}
	if ((out->effects & (LOCK_FX_TAKE | LOCK_FX_WAIT)) && !s.mine && !ask->reason.n) {
		err_set(err, ERR_INVALID, "say why, for those who would have liked it: `lock " STR_FMT " release 4.2 goes out`", STR_ARG(ask->target));
		return false;
	}
	out->had = s.held ? s.lock.user_id : 0;
	return carry_out(w, ask, event, &s, out, err) && set_timer(w, &out->lock, err);
}

bool locks_let(struct work *w, struct str target, int64_t user_id, struct err *err)
{
	struct lock l;

	if (!store_lock_find(w->engine->db, w->arena, w->engine->workspace_id, target, &l, err) || l.user_id == user_id)
		return err->code == ERR_NONE;
	lock_refuse(w->arena, &l, target, name_of(w, l.user_id), LOCK_ON_TAKE, w->now, err);
	return false;
}

/* ---- time ---- */

/* What time does is nobody's command: the trail has it all the same. */
static bool note_expiry(struct work *w, const struct lock *l)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "target", l->target);
	json_add_str(&o, "user", id_write(w->arena, 'U', l->user_id));
	json_close(&o, '}');
	return audit_note(w, l->id, 0, "lock.expire", "timer", buf_keep(w->arena, &b), "ok", &w->err);
}

static bool remind(struct work *w, const struct standing *s, struct lock *l)
{
	struct arena *a = w->arena;
	struct str next = s->wait_count ? arena_printf(a, " " STR_FMT " waits for it.", STR_ARG(name_of(w, s->waits[0].user_id))) : S("");

	l->reminded = true;
	return store_lock_set(w->engine->db, l, &w->err) &&
	       tell_holder(w, l, arena_printf(a, ":hourglass_flowing_sand: " STR_FMT " your lock of *" STR_FMT "* ends in " STR_FMT "; `lock " STR_FMT " --for 1h` keeps it." STR_FMT,
					      STR_ARG(mrkdwn_user(a, l->user_id)), STR_ARG(l->target), STR_ARG(span_write(a, l->until - w->now)), STR_ARG(l->target), STR_ARG(next)), &w->err);
}

bool locks_due(struct work *w, int64_t id, wall_ms *again_at)
{
	struct lock_ask nobody = {.target = S("")};
	struct lock_done done = {.effects = 0};
	struct standing s;
	struct lock l;

	if (!store_lock_by_id(w->engine->db, w->arena, id, &l, &w->err))
		return w->err.code == ERR_NONE;
	nobody.target = l.target;
	nobody.user_id = l.user_id;
	if (!look(w, &nobody, &s, &w->err))
		return false;
	if (w->now < l.until) {
		*again_at = l.until;
		return w->now < lock_due(&l) || remind(w, &s, &l);
	}
	if (!lock_rule(LOCK_MINE, LOCK_ON_EXPIRE, false, &done.effects) || !note_expiry(w, &l) || !carry_out(w, &nobody, LOCK_ON_EXPIRE, &s, &done, &w->err))
		return false;
	*again_at = done.lock.user_id ? lock_due(&done.lock) : 0;
	return true;
}

/* ---- as JSON ---- */

static void put_person(struct work *w, struct json_out *o, const char *key, const char *name_key, int64_t user_id)
{
	json_add_str(o, key, id_write(w->arena, 'U', user_id));
	json_add_str(o, name_key, name_of(w, user_id));
}

bool lock_write(struct work *w, struct json_out *o, const struct lock *l, struct err *err)
{
	struct lock_wait *waits;
	size_t count;

	if (!store_lock_waits(w->engine->db, w->arena, l->id, &waits, &count, err))
		return false;
	json_open(o, '{');
	json_add_str(o, "target", l->target);
	put_person(w, o, "holder", "holder_name", l->user_id);
	if (l->channel_id)
		json_add_str(o, "channel", id_write(w->arena, 'C', l->channel_id));
	json_add_str(o, "reason", l->reason);
	json_add_wall(o, "taken", l->taken);
	json_add_wall(o, "until", l->until);
	json_key(o, "queue");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(o, '{');
		put_person(w, o, "user", "name", waits[i].user_id);
		json_add_str(o, "reason", waits[i].reason);
		json_add_wall(o, "asked", waits[i].asked);
		json_add_int(o, "for_ms", waits[i].span);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
	return true;
}

bool locks_write(struct work *w, struct json_out *o, struct str target, struct err *err)
{
	struct lock *all;
	size_t count;

	if (!store_lock_list(w->engine->db, w->arena, w->engine->workspace_id, &all, &count, err))
		return false;
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		if ((!target.n || str_eq(all[i].target, target)) && !lock_write(w, o, &all[i], err))
			return false;
	json_close(o, ']');
	return true;
}
