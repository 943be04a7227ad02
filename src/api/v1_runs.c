/* Runs of plugins with their logs. To cancel one is a command: POST /v1/commands with `job cancel`. */
#include "api/handlers.h"
#include "commands/plugin_go.h"
#include "engine/runs.h"
#include "store/runs.h"

static void put_run(struct exchange *x, struct json_out *o, const struct run *r)
{
	json_open(o, '{');
	runs_write(&x->work, o, r);
	json_add_bool(o, "mine", r->user_id == x->user.id);
	json_close(o, '}');
}

void v1_runs(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct run_filter f = {.plugin = x_query(x, "plugin"), .limit = x_limit(x, 50, 500)};
	struct str state = x_query(x, "state");
	enum run_state wanted;
	struct run *list;
	struct json_out o;
	size_t count;

	if (str_is(state, "open"))
		f.state = -1;
	else if (state.n && !str_is(state, "all")) {
		if (!run_state_parse(state, &wanted)) {
			x_fail(x, ERR_INVALID, "state is open, all, queued, running, waiting, done, failed, timed_out, cancelled or unknown");
			return;
		}
		f.state = (int)wanted;
	}
	(void)str_to_int(x_query(x, "before"), &f.before_id);
	if (!store_run_list(e->db, x_arena(x), e->workspace_id, &f, &list, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "runs");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		if (run_visible(&x->work, &list[i], &x->user))
			put_run(x, &o, &list[i]);
	json_close(&o, ']');
	json_close(&o, '}');
}

static void put_log(struct exchange *x, const struct run *r)
{
	static const char *const streams[] = {"", "out", "err", "opsroom"};
	struct run_line *lines;
	struct json_out o;
	int64_t after = 0;
	size_t count;

	(void)str_to_int(x_query(x, "after"), &after);
	if (!store_run_lines(x->work.engine->db, x_arena(x), r->id, after, x_limit(x, 500, 5000), &lines, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_add_str(&o, "state", str_of(run_state_name(r->state)));
	if (r->ended)
		json_add_int(&o, "exit_code", r->exit_code);
	json_key(&o, "lines");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&o, '{');
		json_add_int(&o, "n", lines[i].seq);
		json_add_wall(&o, "at", lines[i].at);
		json_add_str(&o, "stream", str_of(streams[lines[i].stream & 3]));
		json_add_str(&o, "text", lines[i].text);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

void v1_run(struct exchange *x)
{
	struct str ref, what = str_cut(x->rest, '/', &ref);
	struct json_out o;
	struct run r;

	if (!runs_find(&x->work, ref, &r, &x->err))
		return;
	if (!run_visible(&x->work, &r, &x->user)) {
		x_fail(x, ERR_FORBIDDEN, "this ran where you may not read");
		return;
	}
	if (str_is(what, "log")) {
		put_log(x, &r);
		return;
	}
	if (what.n) {
		x_fail(x, ERR_NOT_FOUND, "a run has a log, and nothing else below it");
		return;
	}
	o = x_json(x, 200);
	put_run(x, &o, &r);
}
