/* alias, unalias, aliases. */
#include "commands/aliases.h"
#include "commands/cmd.h"
#include "ops/text.h"

/* Whose it is to be, if they may. */
static bool read_owner(struct call *call, struct alias *a)
{
	bool channel = call_number(call, "channel", 0), site = call_number(call, "site", 0);
	const struct caller *who = call->caller;

	a->workspace_id = call->work->engine->workspace_id;
	a->scope = site ? ALIAS_SITE : channel ? ALIAS_CHANNEL : ALIAS_USER;
	a->owner_id = site ? a->workspace_id : channel ? who->channel_id : who->user->id;
	if (channel && site)
		err_set(&call->err, ERR_INVALID, "either --channel or --site");
	else if (channel && !who->channel_id)
		err_set(&call->err, ERR_INVALID, "say it in the channel whose alias it is");
	else if (channel && !caller_has_role(call->work, who, S("operator")))
		err_set(&call->err, ERR_FORBIDDEN, "an alias of a channel needs the role operator");
	else if (site && !caller_has_role(call->work, who, S("admin")))
		err_set(&call->err, ERR_FORBIDDEN, "an alias for everybody needs the role admin");
	return !call->err.code;
}

static bool is_room(struct call *call, const struct alias *a)
{
	struct alias *all;
	size_t count, of_owner = 0;

	if (!store_alias_list(call->work->engine->db, call->work->arena, a->workspace_id, call->caller->user->id, call->caller->channel_id, &all, &count, &call->err))
		return false;
	for (size_t i = 0; i < count; i++)
		of_owner += all[i].owner_id == a->owner_id && !str_eq(all[i].name, a->name);
	if (of_owner >= ALIASES_OF_ONE_MAX)
		err_set(&call->err, ERR_TOO_MANY, "that would be more than %d aliases; `unalias` takes one away", ALIASES_OF_ONE_MAX);
	return !call->err.code;
}

static void put(struct json_out *o, const struct alias *a)
{
	static const char *const scopes[] = {[ALIAS_USER] = "user", [ALIAS_CHANNEL] = "channel", [ALIAS_SITE] = "site"};

	json_open(o, '{');
	json_add_str(o, "name", a->name);
	json_add_str(o, "line", a->line);
	json_add_str(o, "scope", str_of(scopes[a->scope]));
	json_close(o, '}');
}

bool cmd_alias(struct call *call)
{
	struct alias a = {.name = call_text(call, "name"), .line = str_trim(call_text(call, "line")), .created_by = call->caller->user->id, .created = call->work->now};
	struct json_out o = json_out(&call->data);

	if (!read_owner(call, &a) || !alias_check(call->work, &a.name, a.line, &call->err) || !is_room(call, &a) || !store_alias_put(call->work->engine->db, &a, &call->err))
		return false;
	buf_printf(&call->text, "`" STR_FMT "` stands for `" STR_FMT "` (%s).", STR_ARG(a.name), STR_ARG(mrkdwn_escape(call->work->arena, a.line)), alias_whose(a.scope));
	put(&o, &a);
	return true;
}

bool cmd_unalias(struct call *call)
{
	struct alias a = {.name = arena_lower(call->work->arena, call_text(call, "name"))};

	if (!read_owner(call, &a) || !store_alias_drop(call->work->engine->db, &a, &call->err))
		return false;
	buf_printf(&call->text, "`" STR_FMT "` stands for nothing any more (%s).", STR_ARG(a.name), alias_whose(a.scope));
	return true;
}

bool cmd_aliases(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct alias *all;
	size_t count;

	alias_list(call->work, call->caller, &all, &count);
	buf_add(&call->text, count ? S("*Aliases:*") : S("There are no aliases. `alias crit \"alerts | where severity == critical\"` makes one."));
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		buf_printf(&call->text, "\n`" STR_FMT "`  `" STR_FMT "` (%s)", STR_ARG(all[i].name), STR_ARG(mrkdwn_escape(call->work->arena, all[i].line)), alias_whose(all[i].scope));
		put(&o, &all[i]);
	}
	json_close(&o, ']');
	call->privately = count > 20;
	return true;
}
