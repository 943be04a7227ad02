#include "cli/plugin_try.h"

#include "net/runner.h"
#include "ops/grammar.h"
#include "ops/plugin_output.h"
#include "ops/plugin_request.h"

#define STDERR_MAX (4 * KIB)

struct trying {
	struct cli *c;
	const struct plugin *p;
	struct command_set *set;
	uv_loop_t loop;
	struct runner *runner;
	int64_t id;
	/* of the example that runs */
	struct plugin_output out;
	struct buf errors;
	struct str reason;
	int code;
	bool over;
};

static void on_line(void *context, int64_t id, const struct runner_line *line)
{
	struct trying *t = context;
	struct output_event event;

	(void)id;
	if (line->err)
		buf_printf(&t->errors, STR_FMT "\n", STR_ARG(line->text));
	else if (line->event)
		plugin_output_event(&t->out, line->text, &event);
	else
		plugin_output_line(&t->out, line->text, &event);
}

static void on_end(void *context, int64_t id, const struct runner_end *end)
{
	struct trying *t = context;

	(void)id;
	t->code = end->code;
	t->reason = arena_dup(&t->c->arena, end->reason);
	t->over = true;
}

/* As somebody would call it, here and now. */
static bool request_of(struct trying *t, const struct plugin_command *p, struct str example, bool dry_run, struct plugin_input *in, struct err *err)
{
	struct typed_call call;
	struct plugin_request r = {.id = S("1"), .command = p, .call = &call, .raw = example, .user_id = S("U00000000000"), .user = S("check"), .email = S(""), .room_id = S(""),
				   .room = S(""), .thread = S(""), .incident = S(""), .dry_run = dry_run, .deadline = wall_now() + p->timeout};

	return plugin_bind_example(&t->c->arena, t->set, p, example, &call, err) && plugin_request_write(&t->c->arena, &r, in, err);
}

static bool run_one(struct trying *t, const struct plugin_command *p, const struct plugin_input *in, struct err *err)
{
	struct runner_order o = {.id = ++t->id, .plugin = t->p->name, .argv = in->argv, .argc = in->argc, .folder = t->p->folder.p, .env = in->env, .env_count = in->env_count,
				 .input = in->document, .serve = t->p->carrier == PLUGIN_SERVE ? t->p->digest : S(""), .image = t->p->image, .network = p->network,
				 .limits = runner_default_limits};

	o.limits.time = p->timeout;
	o.limits.output_bytes = p->output_bytes;
	t->over = false;
	if (!runner_start(t->runner, &o, err))
		return false;
	while (!t->over && uv_run(&t->loop, UV_RUN_ONCE))
		;
	return t->over;
}

static void say_end(struct trying *t, struct str example, bool dry_run, bool good)
{
	struct cli *c = t->c;
	struct str said = t->reason.n ? t->reason : t->out.failed ? t->out.error_hint : str_trim(buf_str(&t->errors));

	printf("%s `" STR_FMT "`%s: exit code %d, %s%s\n", good ? "ok " : "BAD", STR_ARG(safe_line(&c->arena, example)), dry_run ? " with --dry-run" : "", t->code, plugin_exit_find(t->code)->name,
	       t->out.cut ? "; more output than is shown" : "");
	if (!good && said.n)
		printf("    " STR_FMT "\n", STR_ARG(safe_line(&c->arena, str_clip(said, 1000))));
	if (t->out.events && t->out.odd_lines)
		printf("    note: %zu line%s behind opsroom/1 %s no event\n", t->out.odd_lines, t->out.odd_lines == 1 ? "" : "s", t->out.odd_lines == 1 ? "is" : "are");
	if (good && !t->out.shown.n && !t->out.row_count)
		printf("    note: it said nothing\n");
}

static bool try_one(struct trying *t, const struct plugin_command *p, struct str example, bool dry_run, bool *good, struct err *err)
{
	struct plugin_input in;
	bool ok;

	plugin_output_init(&t->out);
	buf_init(&t->errors, STDERR_MAX);
	ok = request_of(t, p, example, dry_run, &in, err) && run_one(t, p, &in, err);
	if (ok && t->code == RUNNER_NO_START) {
		err_set(err, ERR_UNAVAILABLE, "nothing can be run here: " STR_FMT, STR_ARG(t->reason));
		ok = false;
	}
	*good = ok && (t->code == 0 || t->code == 3);
	if (ok)
		say_end(t, example, dry_run, *good);
	buf_done(&t->errors);
	plugin_output_done(&t->out);
	return ok;
}

static bool try_command(struct trying *t, const struct plugin_command *p, unsigned *bad, struct err *err)
{
	bool dry_run = p->spec.risk != RISK_READ, good;

	if (p->secret_count || (dry_run && !p->spec.dry_run)) {
		printf("--  `" STR_FMT "` is not tried: it %s\n", STR_ARG(p->spec.words), p->secret_count ? "wants secrets" : "changes things, and has no dry_run");
		return true;
	}
	for (size_t i = 0; i < p->spec.example_count; i++) {
		if (!try_one(t, p, p->spec.examples[i], dry_run, &good, err))
			return false;
		*bad += !good;
	}
	return true;
}

bool plugin_try(struct cli *c, const struct plugin *p, unsigned *bad, struct err *err)
{
	struct runner_events events = {.on_line = on_line, .on_end = on_end};
	struct runner_options options = {0};
	struct trying t = {.c = c, .p = p, .set = command_set_new()};
	bool ok = true;

	uv_loop_init(&t.loop);
	t.runner = runner_new(&t.loop, &options, &events, &t);
	for (size_t i = 0; i < p->command_count; i++)
		(void)!command_set_add(t.set, &p->commands[i]->spec, err); /* they were in one before */
	for (size_t i = 0; i < p->command_count && ok; i++)
		ok = try_command(&t, p->commands[i], bad, err);
	runner_free(t.runner);
	uv_run(&t.loop, UV_RUN_DEFAULT); /* what it closed ends there */
	uv_loop_close(&t.loop);
	command_set_free(t.set);
	return ok;
}
