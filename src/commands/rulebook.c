#include "commands/rulebook.h"

#include "base/file.h"
#include "base/yaml.h"
#include "commands/command.h"

static bool add_row(struct command_set *set, const struct command *c, struct err *err)
{
	struct arena *a = command_set_arena(set);
	struct command_spec *spec = arena_zero(a, sizeof *spec);

	*spec = (struct command_spec){.plugin = S("core"), .summary = str_of(c->help), .risk = c->risk, .runs = c, .example_count = 1};
	spec->examples = arena_alloc(a, sizeof *spec->examples);
	spec->examples[0] = str_of(c->example);
	spec_set_words(a, spec, str_of(c->name));
	return spec_read_usage(a, str_of(c->usage), spec, err) && spec_check(spec, err) && command_set_add(set, spec, err);
}

static bool add_rows(struct command_set *set, struct err *err)
{
	for (size_t i = 0; i < command_count; i++)
		if (!add_row(set, &commands[i], err)) {
			err_prefix(err, "commands.def: %s: ", commands[i].name);
			return false;
		}
	return true;
}

/* The role of each row, as a rule like any other. */
static struct access_default *row_rules(struct arena *a)
{
	struct access_default *all = arena_alloc(a, command_count * sizeof *all);

	for (size_t i = 0; i < command_count; i++)
		all[i] = (struct access_default){arena_printf(a, "allow core:%s need role %s", commands[i].name, role_name(commands[i].needs)), S("built in")};
	return all;
}

static struct access *read_access(struct arena *a, struct str path, struct err *err)
{
	const char *file = arena_dup(a, path).p;
	struct json *tree = NULL;
	struct str text;

	if (path.n && (!file_read(a, file, &text, err) || !(tree = yaml_parse(a, text, file, err))))
		return NULL;
	return access_new(tree, file, row_rules(a), command_count, err);
}

struct rulebook *rulebook_read(struct str path, struct err *err)
{
	struct rulebook *r = mem_new(sizeof *r);
	struct arena a;

	arena_init(&a);
	r->commands = command_set_new();
	if (add_rows(r->commands, err))
		r->access = read_access(&a, path, err);
	arena_done(&a);
	if (r->access)
		return r;
	rulebook_free(r);
	return NULL;
}

void rulebook_free(struct rulebook *r)
{
	if (!r)
		return;
	access_free(r->access);
	command_set_free(r->commands);
	mem_free(r);
}
