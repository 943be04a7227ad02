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

/* ---- plugins ---- */

/* "ack", and "ack all", which would take ann's "ack all" from ours. */
static bool hides(struct str words, struct str ours)
{
	return str_starts(words, ours) && (words.n == ours.n || words.p[ours.n] == ' ');
}

bool rulebook_fits(const struct rulebook *r, const struct plugin *p, struct err *err)
{
	for (size_t i = 0; i < p->command_count; i++) {
		struct str words = p->commands[i]->spec.words, first;

		str_cut(words, ' ', &first);
		for (size_t k = 0; k < command_count; k++)
			if (hides(words, str_of(commands[k].name))) {
				err_set(err, ERR_CONFLICT, "the plugin " STR_FMT " cannot have the command `" STR_FMT "`: `%s` is ours", STR_ARG(p->name), STR_ARG(words), commands[k].name);
				return false;
			}
		if (!str_eq(first, p->name) && rulebook_plugin(r, first)) {
			err_set(err, ERR_CONFLICT, "the plugin " STR_FMT " cannot have the command `" STR_FMT "`: its first word is the name of another plugin", STR_ARG(p->name), STR_ARG(words));
			return false;
		}
	}
	return true;
}

static void fault(struct rulebook *r, struct str name, const struct plugin *kept, const char *why)
{
	r->faults[r->fault_count++] = (struct plugin_fault){arena_dup(&r->arena, name), arena_dup(&r->arena, kept ? kept->version : S("")), arena_dup(&r->arena, str_of(why))};
}

/* The enabled version as it lies there; NULL and no error: none is enabled. */
static struct plugin *read_enabled(struct rulebook *r, struct str name, struct err *err)
{
	struct plugin_enabled e;
	struct plugin *p;

	if (!plugin_enabled_read(&r->arena, r->plugins_dir, name, &e, err) || !e.version.n || !(p = plugin_at(r->plugins_dir, name, e.version, err)))
		return NULL;
	if (str_eq(p->digest, e.digest))
		return p;
	err_set(err, ERR_CONFLICT, STR_FMT "/" STR_FMT ": the files are not those that were enabled; look at them, then `opsroom plugin enable " STR_FMT " " STR_FMT "`",
		STR_ARG(r->plugins_dir), STR_ARG(name), STR_ARG(name), STR_ARG(e.version));
	plugin_free(p);
	return NULL;
}

static void take_plugin(struct rulebook *r, struct str name, const struct rulebook *before)
{
	const struct plugin *was = before ? rulebook_plugin(before, name) : NULL;
	struct err err = {0};
	struct plugin *p = read_enabled(r, name, &err);

	if (err.code) {
		p = was ? plugin_again(was) : NULL;
		fault(r, name, p, err.text);
	}
	if (p)
		r->plugins[r->plugin_count++] = p;
}

/* Those of which a command would hide another go, the one with the hiding command. */
static void drop_unfit(struct rulebook *r)
{
	for (size_t i = 0; i < r->plugin_count;) {
		struct plugin *p = r->plugins[i];
		struct err err = {0};

		if (rulebook_fits(r, p, &err)) {
			i++;
			continue;
		}
		fault(r, p->name, NULL, err.text);
		plugin_free(p);
		r->plugin_count--;
		memmove(&r->plugins[i], &r->plugins[i + 1], (r->plugin_count - i) * sizeof(struct plugin *));
	}
}

static void add_plugins(struct rulebook *r, const struct rulebook *before)
{
	struct err err = {0};
	struct str *names = NULL;
	size_t count = 0, kept;
	bool there = !r->plugins_dir.n || plugin_names(&r->arena, r->plugins_dir, &names, &count, &err);

	kept = there || !before ? 0 : before->plugin_count;
	r->plugins = arena_alloc(&r->arena, (count + kept + 1) * sizeof(struct plugin *));
	r->faults = arena_alloc(&r->arena, (2 * (count + kept) + 1) * sizeof *r->faults);
	if (!there)
		fault(r, S("*"), NULL, err.text);
	for (size_t i = 0; i < kept; i++)
		r->plugins[r->plugin_count++] = plugin_again(before->plugins[i]);
	for (size_t i = 0; i < count; i++)
		take_plugin(r, names[i], before);
	drop_unfit(r);
	for (size_t i = 0; i < r->plugin_count; i++)
		for (size_t k = 0; k < r->plugins[i]->command_count; k++) {
			struct command_spec *spec = &r->plugins[i]->commands[k]->spec;

			(void)!command_set_add(r->commands, spec, &err); /* it fits, so it is taken */
		}
}

const struct plugin *rulebook_plugin(const struct rulebook *r, struct str name)
{
	for (size_t i = 0; i < r->plugin_count; i++)
		if (str_eq(r->plugins[i]->name, name))
			return r->plugins[i];
	return NULL;
}

/* ---- rules ---- */

/* The role of each row, as a rule like any other; then what the plugins bring along. */
static struct access_default *all_rules(const struct rulebook *r, struct arena *a, size_t *count)
{
	struct access_default *all;

	*count = command_count;
	for (size_t i = 0; i < r->plugin_count; i++)
		*count += r->plugins[i]->rule_count;
	all = arena_alloc(a, *count * sizeof *all);
	for (size_t i = 0; i < command_count; i++)
		all[i] = (struct access_default){arena_printf(a, "allow core:%s need role %s", commands[i].name, role_name(commands[i].needs)), S("built in")};
	for (size_t i = 0, n = command_count; i < r->plugin_count; n += r->plugins[i++]->rule_count)
		memcpy(all + n, r->plugins[i]->rules, r->plugins[i]->rule_count * sizeof *all);
	return all;
}

struct access *rulebook_access(const struct rulebook *r, struct str file, struct str text, struct err *err)
{
	const struct access_default *rules;
	struct access *access = NULL;
	struct json *tree = NULL;
	struct arena a;
	const char *name;
	size_t count;

	arena_init(&a);
	name = arena_dup(&a, file).p;
	if (!file.n || (tree = yaml_parse(&a, text, name, err))) {
		rules = all_rules(r, &a, &count);
		access = access_new(tree, name, rules, count, err);
	}
	arena_done(&a);
	return access;
}

static struct access *read_access(struct rulebook *r, struct str path, struct err *err)
{
	struct access *access = NULL;
	struct arena a;
	struct str text = S("");

	arena_init(&a);
	if (!path.n || file_read(&a, arena_dup(&a, path).p, &text, err))
		access = rulebook_access(r, path, text, err);
	arena_done(&a);
	return access;
}

/* ---- the whole ---- */

struct rulebook *rulebook_read(const struct rulebook_from *from, struct err *err)
{
	struct rulebook *r = mem_new(sizeof *r);

	arena_init(&r->arena);
	r->plugins_dir = arena_dup(&r->arena, from->plugins_dir);
	r->commands = command_set_new();
	if (add_rows(r->commands, err)) {
		add_plugins(r, from->before);
		r->access = read_access(r, from->access, err);
	}
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
	for (size_t i = 0; i < r->plugin_count; i++)
		plugin_free(r->plugins[i]);
	arena_done(&r->arena);
	mem_free(r);
}
