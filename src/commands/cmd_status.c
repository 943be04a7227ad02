#include "commands/cmd.h"
#include "commands/rulebook.h"
#include "engine/alerts.h"
#include "ops/text.h"
#include "store/journal.h"

#include <inttypes.h>

bool cmd_status(struct call *call)
{
	struct work *w = call->work;
	struct engine_counts *counts = engine_counters(w->engine);
	struct json_out o = json_out(&call->data);
	int64_t waiting, oldest;

	alerts_count(w->engine, counts);
	store_outbox_waiting(w->engine->db, &waiting, &oldest);
	json_open(&o, '{');
	json_add_int(&o, "firing", counts->groups_firing);
	json_add_int(&o, "acknowledged", counts->groups_acknowledged);
	json_add_int(&o, "alerts", counts->alerts_active);
	json_add_int(&o, "outbox", waiting);
	json_add_int(&o, "uptime_ms", w->now - w->engine->started);
	json_close(&o, '}');
	buf_add(&call->text, alerts_summary(w, ALERTS_OPEN, 5));
	buf_printf(&call->text, "\n%" PRId64 " message%s waiting to leave  ·  up for %s  ·  opsroom " OPSROOM_VERSION, waiting, waiting == 1 ? "" : "s",
		   span_write(w->arena, w->now - w->engine->started).p);
	return true;
}

bool cmd_whoami(struct call *call)
{
	const struct user *u = call->caller->user;
	struct str id = id_write(call->work->arena, 'U', u->id);
	const struct command_set *set = call->work->engine->rulebook->commands;
	struct json_out o = json_out(&call->data);

	json_open(&o, '{');
	json_add_str(&o, "user_id", id);
	json_add_str(&o, "name", u->name);
	json_add_str(&o, "role", str_of(role_name(u->role)));
	json_close(&o, '}');
	buf_printf(&call->text, "You are <@" STR_FMT "> (" STR_FMT "), role *%s*. You may:", STR_ARG(id), STR_ARG(mrkdwn_escape(call->work->arena, u->name)),
		   role_name(u->role));
	for (size_t i = 0; i < command_set_count(set); i++)
		if (caller_could(call->work, call->caller, command_set_at(set, i)))
			buf_printf(&call->text, " `" STR_FMT "`", STR_ARG(command_set_at(set, i)->words));
	return true;
}
