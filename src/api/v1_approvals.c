/* Calls that wait for a yes. To decide is a command like any other: POST /v1/commands with approve, deny, confirm, cancel, review. */
#include "api/handlers.h"
#include "commands/held.h"
#include "engine/held.h"
#include "store/held.h"

void v1_approvals(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str wanted = x_query(x, "state");
	enum held_state state = HELD_PENDING;
	bool all = str_is(wanted, "all");
	struct held *list;
	struct json_out o;
	size_t count;
	int64_t before = 0;

	if (wanted.n && !all && !held_state_parse(wanted, &state)) {
		x_fail(x, ERR_INVALID, "state is pending, approved, running, done, failed, denied, expired, cancelled, superseded, reviewed or all");
		return;
	}
	(void)str_to_int(x_query(x, "before"), &before);
	if (!store_held_list(e->db, x_arena(x), e->workspace_id, all ? 0 : (int)state, before, x_limit(x, 100, 1000), &list, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "approvals");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		if (held_visible(&x->work, &list[i], &x->user))
			held_write_for(&x->work, &o, &list[i], &x->user);
	json_close(&o, ']');
	json_close(&o, '}');
}

void v1_approval(struct exchange *x)
{
	struct json_out o;
	struct held h;

	if (!held_find(&x->work, x->rest, &h, &x->err))
		return;
	if (!held_visible(&x->work, &h, &x->user)) {
		x_fail(x, ERR_FORBIDDEN, "this was asked for where you may not read");
		return;
	}
	o = x_json(x, 200);
	held_write_for(&x->work, &o, &h, &x->user);
}
