#include "commands/command.h"

#include "commands/cmd.h"

const struct command commands[] = {
#define COMMAND(name, usage, needs, risk, run, example, help) {name, usage, needs, risk, run, example, help},
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
