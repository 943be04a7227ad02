#include "commands/cmd.h"
#include "engine/alerts.h"
#include "ops/text.h"

#define LISTED 20

bool cmd_alerts(struct call *call)
{
	struct json_out o = json_out(&call->data);
	enum alerts_wanted wanted;

	if (!alerts_wanted_parse(call_text(call, "state"), &wanted) || !alerts_write_groups(call->work, &o, wanted, rows_wanted(call, LISTED), &call->err))
		return false;
	buf_add(&call->text, alerts_summary(call->work, wanted, LISTED));
	return true;
}

/* The group that a command names; its home is where the decision is kept. */
static struct group *named_group(struct call *call)
{
	struct group *g = alerts_find(call->work, call_text(call, "alert"), &call->err);

	if (g)
		call->home_id = group_row(g)->id;
	return g;
}

static bool answer(struct call *call, struct group *g, const char *done)
{
	struct json_out o = json_out(&call->data);
	const struct group_row *row = group_row(g);

	alerts_write_group(call->work, &o, g, false);
	buf_printf(&call->text, STR_FMT " %s `" STR_FMT "` *" STR_FMT "*", STR_ARG(call_who(call)), done,
		   STR_ARG(row->short_id), STR_ARG(mrkdwn_escape(call->work->arena, row->title)));
	return true;
}

bool cmd_ack(struct call *call)
{
	struct group *g = named_group(call);

	return g && alerts_ack(call->work, g, call->caller->user->id, &call->err) && answer(call, g, "acknowledged");
}

bool cmd_ackstorm(struct call *call)
{
	struct json_out o = json_out(&call->data);
	unsigned count;

	if (!digest_ack(call->work, call_number(call, "storm", 0), call->caller->user->id, &count, &call->err))
		return false;
	buf_printf(&call->text, STR_FMT " acknowledged %u alert group%s", STR_ARG(call_who(call)), count, count == 1 ? "" : "s");
	json_open(&o, '{');
	json_add_int(&o, "acknowledged", count);
	json_close(&o, '}');
	return true;
}

bool cmd_resolve(struct call *call)
{
	struct group *g = named_group(call);

	return g && alerts_resolve(call->work, g, call->caller->user->id, &call->err) && answer(call, g, "resolved");
}
