/* plans, unplan: what runs later. */
#include "commands/cmd.h"
#include "commands/plans.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/plans.h"

#define LISTED 20

static void put_line(struct call *call, const struct plan *p)
{
	struct arena *a = call->work->arena;

	buf_printf(&call->text, "\n• *" STR_FMT "* <@" STR_FMT ">: `" STR_FMT "`", STR_ARG(p->code), STR_ARG(id_write(a, 'U', p->user_id)),
		   STR_ARG(mrkdwn_escape(a, str_clip(p->line, 200))));
	if (p->next)
		buf_printf(&call->text, " " STR_FMT, STR_ARG(mrkdwn_date(a, p->next, false)));
	if (p->every)
		buf_printf(&call->text, ", every " STR_FMT, STR_ARG(span_write(a, p->every)));
}

static bool plan_visible(struct work *w, const struct plan *p, const struct user *u)
{
	return p->user_id == u->id || u->role >= ROLE_OPERATOR || chat_may_read(w, p->channel_id, u->id);
}

bool cmd_plans(struct call *call)
{
	bool mine = str_is(call_text(call, "which"), "mine");
	const struct user *me = call->caller->user;
	struct json_out o = json_out(&call->data);
	size_t count, shown = 0;
	struct plan *all;

	if (!store_plan_list(call->work->engine->db, call->work->arena, call->work->engine->workspace_id, &all, &count, &call->err))
		return false;
	buf_add(&call->text, S("*Planned:*"));
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		if (mine ? all[i].user_id != me->id : !plan_visible(call->work, &all[i], me))
			continue;
		if (shown++ < LISTED)
			put_line(call, &all[i]);
		plan_write(call->work, &o, &all[i]);
	}
	json_close(&o, ']');
	if (shown > LISTED)
		buf_printf(&call->text, "\nand %zu more.", shown - LISTED);
	if (!shown) {
		buf_reset(&call->text);
		buf_add(&call->text, S("Nothing is planned."));
	}
	return true;
}

bool cmd_unplan(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct plan p;

	if (!plan_named(call->work, call_text(call, "plan"), &p, &call->err))
		return false;
	call->home_id = p.id;
	if (p.user_id != call->caller->user->id && !caller_has_role(call->work, call->caller, S("operator"))) {
		err_set(&call->err, ERR_FORBIDDEN, "only who planned it, or an operator, can end it");
		return false;
	}
	if (!plan_end(call->work, &p, &call->err))
		return false;
	buf_printf(&call->text, ":wastebasket: " STR_FMT " has ended *" STR_FMT "*: `" STR_FMT "`", STR_ARG(call_who(call)), STR_ARG(p.code),
		   STR_ARG(mrkdwn_escape(call->work->arena, str_clip(p.line, 300))));
	call->in_channel = true;
	plan_write(call->work, &o, &p);
	return true;
}
