/* lock, unlock, locks: a target for oneself, for a while. */
#include "commands/cmd.h"
#include "engine/locks.h"
#include "ops/text.h"
#include "store/locks.h"

static bool read_ask(struct call *call, struct lock_ask *ask)
{
	struct str why = str_trim(call_text(call, "why"));

	*ask = (struct lock_ask){.user_id = call->caller->user->id,
				 .operator_asks = caller_has_role(call->work, call->caller, S("operator")),
				 .channel_id = call->caller->channel_id,
				 .thread_ts = call->caller->thread_ts,
				 .reason = str_clip(why.n ? why : str_trim(call->typed.flags.reason), LOCK_REASON_MAX),
				 .span = call_number(call, "for", 0)};
	if (call_given(call, "for") && (ask->span < LOCK_SHORTEST || ask->span > LOCK_LONGEST))
		err_set(&call->err, ERR_INVALID, "a lock is for a minute to 30 days: --for 30m, 2h, 1d");
	return !call->err.code && lock_target_read(call->work->arena, call_text(call, "target"), &ask->target, &call->err);
}

static enum lock_event wanted(struct call *call)
{
	bool queue = call_number(call, "queue", 0), steal = call_number(call, "steal", 0);

	if (queue && steal)
		err_set(&call->err, ERR_INVALID, "either --queue, which waits, or --steal, which does not");
	return queue ? LOCK_ON_QUEUE : steal ? LOCK_ON_STEAL : LOCK_ON_TAKE;
}

static struct str until(struct call *call, const struct lock *l)
{
	return arena_printf(call->work->arena, "until " STR_FMT ": " STR_FMT, STR_ARG(mrkdwn_date(call->work->arena, l->until, false)),
			    STR_ARG(mrkdwn_escape(call->work->arena, l->reason)));
}

static void say(struct call *call, const struct lock_ask *ask, const struct lock_done *d)
{
	struct str who = call_who(call), when = until(call, &d->lock), t = ask->target;
	struct buf *b = &call->text;

	if (d->effects & LOCK_FX_EXTEND)
		buf_printf(b, ":lock: " STR_FMT " keeps *" STR_FMT "* " STR_FMT, STR_ARG(who), STR_ARG(t), STR_ARG(when));
	else if (d->effects & LOCK_FX_TAKE)
		buf_printf(b, ":lock: " STR_FMT " has locked *" STR_FMT "* " STR_FMT, STR_ARG(who), STR_ARG(t), STR_ARG(when));
	else if (d->effects & LOCK_FX_WAIT)
		buf_printf(b, ":hourglass_flowing_sand: " STR_FMT " waits for *" STR_FMT "*, as number %zu; " STR_FMT " has it " STR_FMT, STR_ARG(who), STR_ARG(t), d->place,
			   STR_ARG(mrkdwn_user(call->work->arena, d->lock.user_id)), STR_ARG(when));
	else if (d->effects & LOCK_FX_LEAVE)
		buf_printf(b, STR_FMT " waits no more for *" STR_FMT "*", STR_ARG(who), STR_ARG(t));
	else if (d->lock.user_id)
		buf_printf(b, ":unlock: " STR_FMT " has unlocked *" STR_FMT "*; it is " STR_FMT "'s now, " STR_FMT, STR_ARG(who), STR_ARG(t), STR_ARG(mrkdwn_user(call->work->arena, d->lock.user_id)),
			   STR_ARG(when));
	else
		buf_printf(b, ":unlock: " STR_FMT " has unlocked *" STR_FMT "*; it is free", STR_ARG(who), STR_ARG(t));
	if (d->effects & LOCK_FX_TELL)
		buf_printf(b, ". " STR_FMT ", who had it, is told", STR_ARG(mrkdwn_user(call->work->arena, d->had)));
	buf_char(b, '.');
}

static bool carry_out(struct call *call, const struct lock_ask *ask, enum lock_event event)
{
	struct json_out o = json_out(&call->data);
	struct lock_done done;

	if (!locks_do(call->work, ask, event, &done, &call->err))
		return false;
	call->home_id = done.lock.id;
	call->in_channel = true;
	say(call, ask, &done);
	if (done.lock.user_id)
		return lock_write(call->work, &o, &done.lock, &call->err);
	json_open(&o, '{');
	json_add_str(&o, "target", ask->target);
	json_close(&o, '}');
	return true;
}

bool cmd_lock(struct call *call)
{
	struct lock_ask ask;
	enum lock_event event = wanted(call);

	return !call->err.code && read_ask(call, &ask) && carry_out(call, &ask, event);
}

bool cmd_unlock(struct call *call)
{
	struct lock_ask ask;

	return read_ask(call, &ask) && carry_out(call, &ask, LOCK_ON_UNLOCK);
}

static bool put_line(struct call *call, const struct lock *l)
{
	struct lock_wait *waits;
	size_t count;

	if (!store_lock_waits(call->work->engine->db, call->work->arena, l->id, &waits, &count, &call->err))
		return false;
	buf_printf(&call->text, "\n:lock: *" STR_FMT "* " STR_FMT " " STR_FMT, STR_ARG(l->target), STR_ARG(mrkdwn_user(call->work->arena, l->user_id)), STR_ARG(until(call, l)));
	for (size_t i = 0; i < count; i++)
		buf_printf(&call->text, "%s" STR_FMT, i ? ", " : "; then ", STR_ARG(mrkdwn_user(call->work->arena, waits[i].user_id)));
	return true;
}

bool cmd_locks(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct str target = call_text(call, "target");
	struct lock *all;
	size_t count, shown = 0;

	if ((target.n && !lock_target_read(call->work->arena, target, &target, &call->err)) ||
	    !store_lock_list(call->work->engine->db, call->work->arena, call->work->engine->workspace_id, &all, &count, &call->err))
		return false;
	buf_add(&call->text, S("*Locked:*"));
	for (size_t i = 0; i < count; i++) {
		if (target.n && !str_eq(all[i].target, target))
			continue;
		if (!put_line(call, &all[i]))
			return false;
		shown++;
	}
	if (!shown)
		buf_reset(&call->text);
	if (!shown && target.n)
		buf_printf(&call->text, "*" STR_FMT "* is free.", STR_ARG(target));
	else if (!shown)
		buf_add(&call->text, S("Nothing is locked."));
	call->privately = shown > 20;
	return locks_write(call->work, &o, target, &call->err);
}
