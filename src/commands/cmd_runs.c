/* Programs under way and before: the list, the log, the end. */
#include "commands/cmd.h"
#include "commands/plugin_go.h"
#include "engine/runs.h"
#include "ops/text.h"
#include "store/runs.h"

#define LISTED 20
#define LOG_LINES 40

bool cmd_jobs(struct call *call)
{
	struct run_filter f = {.state = str_is(call_text(call, "which"), "all") ? 0 : -1, .plugin = S(""), .limit = rows_wanted(call, LISTED)};
	struct json_out o = json_out(&call->data);
	struct work *w = call->work;
	struct run *list;
	size_t count, seen = 0;

	if (!store_run_list(w->engine->db, w->arena, w->engine->workspace_id, &f, &list, &count, &call->err))
		return false;
	json_open(&o, '{');
	json_key(&o, "runs");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		if (!run_visible(w, &list[i], call->caller->user))
			continue;
		buf_printf(&call->text, "%s*" STR_FMT "* `" STR_FMT "` of <@" STR_FMT ">: %s, " STR_FMT " ago", seen++ ? "\n" : "", STR_ARG(list[i].code), STR_ARG(mrkdwn_escape(w->arena, list[i].words)),
			   STR_ARG(id_write(w->arena, 'U', list[i].user_id)), run_state_name(list[i].state), STR_ARG(span_write(w->arena, w->now - list[i].created)));
		json_open(&o, '{');
		runs_write(w, &o, &list[i]);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	if (!seen)
		buf_add(&call->text, S("No program is running. `jobs all` lists those that ran."));
	return true;
}

static bool named(struct call *call, struct run *r)
{
	if (!runs_find(call->work, call_text(call, "run"), r, &call->err))
		return false;
	call->home_id = r->id;
	call->run = r->code;
	if (run_visible(call->work, r, call->caller->user))
		return true;
	err_set(&call->err, ERR_FORBIDDEN, STR_FMT " ran where you may not read", STR_ARG(r->code));
	return false;
}

bool cmd_job_log(struct call *call)
{
	struct work *w = call->work;
	struct run_line *lines;
	struct run r;
	size_t count;

	if (!named(call, &r) || !store_run_lines(w->engine->db, w->arena, r.id, r.lines > LOG_LINES ? r.lines - LOG_LINES : 0, LOG_LINES, &lines, &count, &call->err))
		return false;
	buf_printf(&call->text, "*" STR_FMT "* `" STR_FMT "`: %s%s\n```\n", STR_ARG(r.code), STR_ARG(mrkdwn_code(w->arena, r.words)), run_state_name(r.state),
		   count ? "" : ", it said nothing");
	for (size_t i = 0; i < count; i++)
		buf_printf(&call->text, "%s" STR_FMT "\n", lines[i].stream == 2 ? "! " : "", STR_ARG(mrkdwn_code(w->arena, str_clip(lines[i].text, 300))));
	buf_add(&call->text, S("```"));
	call->privately = count > LISTED;
	return true;
}

bool cmd_job_cancel(struct call *call)
{
	struct run r;

	if (!named(call, &r))
		return false;
	if (r.user_id != call->caller->user->id && !caller_has_role(call->work, call->caller, S("operator"))) {
		err_set(&call->err, ERR_FORBIDDEN, "only who started it, or an operator, can cancel it");
		return false;
	}
	if (!runs_cancel(call->work, &r, &call->err))
		return false;
	buf_printf(&call->text, STR_FMT " cancelled *" STR_FMT "*: it is told to end, and is ended 5 s later", STR_ARG(call_who(call)), STR_ARG(r.code));
	return true;
}
