#include "commands/cmd.h"

static bool help_one(struct call *call, struct str name)
{
	const struct command *c = command_find(name);

	if (!c) {
		err_set(&call->err, ERR_NOT_FOUND, "there is no command `" STR_FMT "`. `help` lists what there is", STR_ARG(str_clip(name, 60)));
		return false;
	}
	buf_printf(&call->text, "`/srebot %s%s%s`\n%s\nNeeds the role %s.", c->name, *c->args ? " " : "", c->args, c->help, role_name(c->needs));
	return true;
}

bool cmd_help(struct call *call)
{
	if (call->line.count > 1)
		return help_one(call, call->line.words[1]);
	buf_add(&call->text, S("*What you may do here* (also as `@srebot …`, by the buttons, and with `opsroom run …`):"));
	for (size_t i = 0; i < command_count; i++)
		if (call->caller->user->role >= commands[i].needs)
			buf_printf(&call->text, "\n`/srebot %s%s%s`  %s", commands[i].name, *commands[i].args ? " " : "", commands[i].args, commands[i].help);
	return true;
}
