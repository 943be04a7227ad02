#include "commands/plans.h"

#include "commands/held.h"
#include "commands/rulebook.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/plans.h"

#include <inttypes.h>

#define ANSWER_MAX 20000 /* of a run's answer, in bytes */

bool plan_wanted(const struct call *call)
{
	return call->typed.flags.at || call->typed.flags.every;
}

/* ---- planning ---- */

/* A rule that asks for a second factor looks at how old it was when the call was planned, or confirmed. */
static span_ms mfa_age(const struct call *call)
{
	if (call->caller->mfa_at)
		return call->work->now - call->caller->mfa_at;
	for (size_t i = 0; i < call->verdict.need_count; i++)
		if (call->verdict.needs[i].kind == NEED_MFA)
			return 0; /* it was asked for before the confirmation */
	return -1;
}

void plan_write(struct work *w, struct json_out *o, const struct plan *p)
{
	json_open(o, '{');
	json_add_str(o, "code", p->code);
	json_add_str(o, "user", id_write(w->arena, 'U', p->user_id));
	if (p->channel_id)
		json_add_str(o, "channel", id_write(w->arena, 'C', p->channel_id));
	json_add_str(o, "line", p->line);
	if (p->next)
		json_add_wall(o, "next", p->next);
	json_add_int(o, "every_ms", p->every);
	json_add_int(o, "runs", p->runs);
	json_add_wall(o, "created", p->created);
	json_close(o, '}');
}

static void answer(struct call *call, const struct plan *p)
{
	struct arena *a = call->work->arena;
	struct json_out o = json_out(&call->data);

	buf_printf(&call->text, ":alarm_clock: *" STR_FMT "* of " STR_FMT ": `" STR_FMT "` runs " STR_FMT, STR_ARG(p->code), STR_ARG(call_who(call)),
		   STR_ARG(mrkdwn_escape(a, str_clip(p->line, 1000))), STR_ARG(mrkdwn_date(a, p->next, true)));
	if (p->every)
		buf_printf(&call->text, ", then every " STR_FMT, STR_ARG(span_write(a, p->every)));
	buf_printf(&call->text, ". `unplan " STR_FMT "` ends it.", STR_ARG(p->code));
	json_open(&o, '{');
	json_key(&o, "plan");
	plan_write(call->work, &o, p);
	json_close(&o, '}');
	call->in_channel = true;
	call->planned = p->code;
	call->home_id = p->id;
}

void plan_call(struct call *call)
{
	const struct call_flags *f = &call->typed.flags;
	const struct caller *who = call->caller;
	struct plan p = {.user_id = who->user->id, .channel_id = who->channel_id, .thread_ts = who->thread_ts, .scope = who->scope, .every = f->every, .confirmed = call->held != NULL};

	if (f->break_glass)
		err_set(&call->err, ERR_INVALID, "the glass is broken now or not at all: without --at and --every");
	else if (who->scope < SCOPE_WRITE)
		err_set(&call->err, ERR_FORBIDDEN, "to plan a call needs a token with the scope write; this one may only read");
	if (call->err.code || !plan_first(f->at, f->every, call->work->now, call->held != NULL, &p.next, &call->err) || !held_ready_to_plan(call, call_line(call, LINE_WITH_REASON | LINE_WITH_TIMES)))
		return;
	p.line = call_line(call, LINE_WITH_REASON);
	p.mfa_age = mfa_age(call);
	if (plan_add(call->work, &p, &call->err))
		answer(call, &p);
}

/* ---- its time has come ---- */

static bool end(struct work *w, const struct plan *p, struct str why, struct err *err)
{
	struct arena *a = w->arena;
	struct str detail = arena_printf(a, "{\"plan\":\"" STR_FMT "\"}", STR_ARG(p->code));

	return plan_end(w, p, err) && audit_note(w, p->id, p->user_id, "plan.end", "schedule", detail, "ok", err) &&
	       plan_tell(w, p, arena_printf(a, ":no_entry: *" STR_FMT "* of <@" STR_FMT "> has ended: " STR_FMT ". `" STR_FMT "`", STR_ARG(p->code), STR_ARG(id_write(a, 'U', p->user_id)),
					    STR_ARG(why), STR_ARG(mrkdwn_escape(a, str_clip(p->line, 300)))), err);
}

/* Who can no longer see the channel does not act in it. */
static bool is_there(struct work *w, const struct plan *p, struct err *err)
{
	struct channel c;

	return !p->channel_id || (store_channel_find(w->engine->db, w->arena, p->channel_id, &c, err) && (c.kind == CHANNEL_PUBLIC || chat_is_member(w, c.id, p->user_id)));
}

static bool tell_run(struct work *w, const struct plan *p, const struct command_result *r, struct str late, struct err *err)
{
	struct arena *a = w->arena;

	if (r->told) /* it waits for an approval, and a message with buttons says so */
		return true;
	return plan_tell(w, p, arena_printf(a, ":alarm_clock: *" STR_FMT "* of <@" STR_FMT ">: `" STR_FMT "`" STR_FMT "\n" STR_FMT, STR_ARG(p->code), STR_ARG(id_write(a, 'U', p->user_id)),
					    STR_ARG(mrkdwn_escape(a, str_clip(p->line, 1000))), STR_ARG(late), STR_ARG(str_clip(r->text, ANSWER_MAX))), err);
}

bool plan_run(struct work *w, int64_t plan_id, struct str late, struct err *err)
{
	struct caller caller = {.via = "schedule", .kind = LINE_CANONICAL};
	struct command_result r;
	struct user u;
	struct plan p;

	if (!store_plan_find(w->engine->db, w->arena, plan_id, &p, err))
		return err->code == ERR_NONE; /* it was ended meanwhile */
	if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, p.user_id, &u, err) || u.deleted)
		return !err->code && end(w, &p, S("its owner is gone"), err);
	if (!is_there(w, &p, err))
		return !err->code && end(w, &p, S("its owner can no longer see the channel"), err);
	caller.user = &u;
	caller.scope = (enum scope)p.scope;
	caller.channel_id = p.channel_id;
	caller.thread_ts = p.thread_ts;
	caller.plan = p.code;
	caller.confirmed = p.confirmed;
	caller.mfa_at = p.mfa_age < 0 ? 0 : w->now - p.mfa_age;
	if (!command_run(w, &caller, p.line, &r)) {
		*err = w->err;
		return false;
	}
	if (r.err.code == ERR_FORBIDDEN)
		return end(w, &p, str_of(r.err.text), err);
	return (p.next || store_plan_drop(w->engine->db, p.id, err)) && tell_run(w, &p, &r, late, err);
}
