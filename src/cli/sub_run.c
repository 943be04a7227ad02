/* `opsroom run`: any command of the chat. */
#include "cli/cli.h"
#include "ops/grammar.h"

#include <inttypes.h>
#include <unistd.h>

#define FOLLOW_EVERY_MS 100

struct str command_line(struct cli *c, const char *command)
{
	struct buf b;

	buf_init(&b, 64 * KIB);
	if (command)
		buf_add(&b, str_of(command));
	for (unsigned i = 0; i < c->arg_count; i++) {
		if (b.n)
			buf_char(&b, ' ');
		line_write_word(&b, str_of(c->args[i]));
	}
	return buf_keep(&c->arena, &b);
}

/* The lines of a program, as they come, until it is over. Its exit code becomes ours: 0, or 1. */
static bool follow(struct cli *c, struct str code, struct err *err)
{
	struct str state = S("queued");
	int64_t after = 0;
	struct json *v;

	while (str_is(state, "queued") || str_is(state, "running") || str_is(state, "waiting")) {
		const struct json *lines;
		bool any = false;

		if (!call(c, "GET", arena_printf(&c->arena, "/v1/runs/" STR_FMT "/log?after=%" PRId64, STR_ARG(code), after), S(""), &v, err))
			return false;
		lines = json_get(v, "lines");
		for (const struct json *l = lines ? lines->child : NULL; l; l = l->next) {
			bool out = str_is(json_get_str(l, "stream"), "out");
			struct str text = safe_line(&c->arena, json_get_str(l, "text"));

			fprintf(out ? stdout : stderr, STR_FMT "\n", STR_ARG(text));
			after = json_get_int(l, "n", after);
			any = true;
		}
		fflush(stdout);
		if (str_is(json_get_str(v, "state"), "waiting") && !str_is(state, "waiting"))
			fprintf(stderr, "opsroom: " STR_FMT " cannot be done now; it is tried again by itself\n", STR_ARG(code));
		state = json_get_str(v, "state");
		if (!any)
			usleep(FOLLOW_EVERY_MS * 1000);
	}
	fprintf(stderr, "opsroom: " STR_FMT " is " STR_FMT "\n", STR_ARG(code), STR_ARG(state));
	c->exit_code = str_is(state, "done") ? 0 : 1;
	return true;
}

/* One line as in the chat; its answer as plain text, or what the program says that it starts. */
bool run_line(struct cli *c, const char *how, struct str line, struct str channel, struct err *err)
{
	struct json *v;
	struct names names = {0};
	struct err ignored = {0};
	struct str text, body = json_of(c, (const struct pair[]){{how, line}, {"channel", channel}}, 2);

	if (!call(c, "POST", S("/v1/commands"), body, &v, err))
		return false;
	if (c->json)
		return say_json(v);
	if (str_is(json_get_str(v, "status"), "running"))
		return follow(c, json_get_str(json_get(json_get(v, "data"), "run"), "code"), err);
	text = json_get_str(v, "text");
	if (str_find(text, S("<@"), NULL) && !names_get(c, &names, &ignored))
		err_clear(&ignored); /* it is done: then it is told with ids */
	say_line(c, plain_of(c, names.boot ? &names : NULL, text.n ? text : S("Done.")));
	return true;
}

bool sub_run(struct cli *c, struct err *err)
{
	struct str channel = {NULL, 0};
	struct names names;
	const struct json *found;

	if (option(c, "--channel")) {
		if (!names_get(c, &names, err))
			return false;
		found = channel_find(&names, str_of(option(c, "--channel")), err);
		if (!found)
			return false;
		channel = json_get_str(found, "id");
	}
	/* One word is a whole line; several were cut by the shell. */
	return c->arg_count == 1 ? run_line(c, "line", joined_args(c, 0), channel, err) : run_line(c, "exact", command_line(c, NULL), channel, err);
}
