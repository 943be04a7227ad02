#include "commands/command.h"

#include "commands/cmd.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

const struct command commands[] = {
#define COMMAND(name, args, needs, run, help) {name, args, needs, run, help},
#include "commands/commands.def"
#undef COMMAND
};
const size_t command_count = COUNT_OF(commands);

const char *const command_prefixes[] = {"/srebot", "/ops"};
const size_t command_prefix_count = COUNT_OF(command_prefixes);

bool command_is_prefix(struct str word)
{
	for (size_t i = 0; i < command_prefix_count; i++)
		if (str_is(word, command_prefixes[i]))
			return true;
	return false;
}

const struct command *command_find(struct str name)
{
	for (size_t i = 0; i < command_count; i++)
		if (str_eq_nocase(name, str_of(commands[i].name)))
			return &commands[i];
	return NULL;
}

/* ---- finding and checking ---- */

static void unknown_command(struct call *call)
{
	struct str name = str_clip(call->line.words[0], 60);
	const char *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < command_count; i++) {
		unsigned d = str_distance(name, str_of(commands[i].name));

		if (d < best) {
			best = d;
			near = commands[i].name;
		}
	}
	if (near)
		err_set(&call->err, ERR_NOT_FOUND, "there is no command `" STR_FMT "`. Did you mean `%s`?", STR_ARG(name), near);
	else
		err_set(&call->err, ERR_NOT_FOUND, "there is no command `" STR_FMT "`. `help` lists what there is", STR_ARG(name));
}

static void required_and_most(const struct command *c, size_t *least, size_t *most)
{
	*least = *most = 0;
	for (const char *p = c->args; *p; p++) {
		*least += *p == '<';
		*most += *p == '<' || *p == '[';
		if (str_starts(str_of(p), S("...")))
			*most = LINE_MAX_WORDS;
	}
}

static bool check(struct call *call, const struct command *c)
{
	const struct caller *who = call->caller;
	size_t given = call->line.count - 1, least, most;

	required_and_most(c, &least, &most);
	if (who->user->role < c->needs) {
		err_set(&call->err, ERR_FORBIDDEN, "`%s` needs the role %s; yours is %s. An admin can change that", c->name, role_name(c->needs),
			role_name(who->user->role));
		return false;
	}
	if (c->needs > ROLE_VIEWER && who->scope < SCOPE_WRITE) {
		err_set(&call->err, ERR_FORBIDDEN, "`%s` needs a token with the scope write; this one may only read", c->name);
		return false;
	}
	if (given < least || given > most) {
		err_set(&call->err, ERR_INVALID, "%s. Usage: `%s%s%s`", given < least ? "something is missing" : "that is too much", c->name, *c->args ? " " : "",
			c->args);
		return false;
	}
	return true;
}

/* ---- the audit ---- */

bool audit_note(struct work *w, int64_t home_id, int64_t actor_id, const char *action, const char *via, struct str detail, const char *result, struct err *err)
{
	struct audit_record r = {.home_id = home_id,
				 .id = engine_id(w),
				 .workspace_id = w->engine->workspace_id,
				 .actor_id = actor_id,
				 .at = w->now,
				 .action = str_of(action),
				 .via = str_of(via),
				 .detail = detail,
				 .result = str_of(result)};

	return store_audit_add(w->engine->db, w->arena, &r, err);
}

static bool audit_call(struct call *call, const struct command *c, struct str raw)
{
	struct work *w = call->work;
	struct buf b;
	struct json_out o;
	bool ok;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "line", str_clip(raw, 1000));
	json_key(&o, "words");
	json_open(&o, '[');
	for (size_t i = 0; i < call->line.count; i++)
		json_put_str(&o, call->line.words[i]);
	json_close(&o, ']');
	if (call->caller->channel_id)
		json_add_str(&o, "channel", id_write(w->arena, 'C', call->caller->channel_id));
	if (call->caller->remote.n)
		json_add_str(&o, "from", call->caller->remote);
	if (call->err.code)
		json_add_str(&o, "why", str_of(call->err.text));
	json_close(&o, '}');
	ok = audit_note(w, call->home_id, call->caller->user->id, c ? c->name : "unknown", call->caller->via, arena_dup(w->arena, buf_str(&b)),
			call->err.code ? err_info(call->err.code)->name : "ok", &w->err);
	buf_done(&b);
	return ok;
}

/* ---- running ---- */

static bool is_our_fault(enum err_code code)
{
	return code == ERR_INTERNAL || code == ERR_FULL || code == ERR_UNAVAILABLE;
}

static const struct command *run_line(struct call *call, struct str line)
{
	const struct command *c;

	if (!line_parse(call->work->arena, line, &call->line, &call->err))
		return NULL;
	if (!call->line.count) { /* nothing said: help is what is wanted */
		call->line.words[0] = S("help");
		call->line.count = 1;
	}
	call->rest = line_rest(call->work->arena, line);
	c = command_find(call->line.words[0]);
	if (!c)
		unknown_command(call);
	else if (check(call, c) && !c->run(call) && !call->err.code)
		err_set(&call->err, ERR_INTERNAL, "`%s` failed without saying why", c->name);
	return c;
}

bool command_run(struct work *w, const struct caller *caller, struct str line, struct command_result *out)
{
	struct call call = {.work = w, .caller = caller, .home_id = caller->channel_id ? caller->channel_id : w->engine->workspace_id};
	const struct command *c;
	bool ok;

	buf_init(&call.text, 64 * KIB);
	buf_init(&call.data, 1 * MIB);
	c = run_line(&call, line);
	ok = !is_our_fault(call.err.code) && audit_call(&call, c, line);
	if (!ok && !w->err.code)
		w->err = call.err;
	*out = (struct command_result){.ok = call.err.code == ERR_NONE, .in_channel = call.in_channel, .err = call.err};
	out->text = out->ok ? arena_dup(w->arena, buf_str(&call.text)) : arena_printf(w->arena, ":warning: %s%s", call.err.text, str_ends(str_of(call.err.text), S("?")) ? "" : ".");
	out->data = arena_dup(w->arena, buf_str(&call.data));
	buf_done(&call.text);
	buf_done(&call.data);
	engine_counters(w->engine)->commands++;
	return ok;
}
