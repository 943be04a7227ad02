/* `opsroom plugin`: making plugins, looking at them, and which of them are in force. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/plugin_files.h"
#include "cli/plugin_try.h"
#include "ops/plugin.h"

#include <errno.h>
#include <sys/stat.h>

/* ---- new ---- */

/* Each of the words by its value. */
static struct str filled(struct cli *c, const char *text, const char *word, const char *value)
{
	struct str rest = str_of(text);
	struct buf b;
	size_t at;

	buf_init(&b, 64 * KIB);
	for (; str_find(rest, str_of(word), &at); rest = str_n(rest.p + at + strlen(word), rest.n - at - strlen(word))) {
		buf_add(&b, str_n(rest.p, at));
		buf_add(&b, str_of(value));
	}
	buf_add(&b, rest);
	return buf_keep(&c->arena, &b);
}

static const struct plugin_lang *lang_of(const char *name, struct err *err)
{
	for (size_t i = 0; i < plugin_lang_count; i++)
		if (strcmp(plugin_langs[i].name, name) == 0)
			return &plugin_langs[i];
	err_set(err, ERR_INVALID, "--lang is sh, python or node, not '%.40s'; any other language works too, see docs/plugins.md", name);
	return NULL;
}

static bool put_new(struct cli *c, const char *folder, const char *name, struct str text, mode_t mode, struct err *err)
{
	return file_put(&c->arena, arena_printf(&c->arena, "%s/%s", folder, name).p, text, mode, err);
}

bool sub_plugin_new(struct cli *c, struct err *err)
{
	const char *name = c->args[0], *dir = option(c, "--dir"), *folder, *file, *program, *run;
	const struct plugin_lang *lang = lang_of(option(c, "--lang") ? option(c, "--lang") : "sh", err);

	if (!lang)
		return false;
	if (!plugin_name_ok(str_of(name))) {
		err_set(err, ERR_INVALID, "'%.60s' is no name of a plugin: a letter, then up to 39 of a-z, 0-9, - and _; core is ours", name);
		return false;
	}
	folder = dir ? dir : name;
	if (mkdir(folder, 0755) != 0) {
		err_set(err, errno == EEXIST ? ERR_CONFLICT : ERR_FULL, "%.200s: %s", folder, errno == EEXIST ? "it is there already" : strerror(errno));
		return false;
	}
	file = filled(c, lang->file, "NAME", name).p;
	program = filled(c, lang->program, "NAME", name).p;
	run = lang->name[0] == 's' ? arena_printf(&c->arena, "./%s", file).p : arena_printf(&c->arena, "%s %s", lang->name[0] == 'p' ? "python3" : "node", file).p;
	if (!put_new(c, folder, "plugin.json", filled(c, filled(c, plugin_manifest_text, "PROGRAM", program).p, "NAME", name), 0644, err) ||
	    !put_new(c, folder, file, filled(c, lang->text, "NAME", name), 0755, err) ||
	    !put_new(c, folder, "test.sh", filled(c, filled(c, plugin_test_text, "COMMAND", run).p, "NAME", name), 0755, err))
		return false;
	printf("%s/ is made: plugin.json says what there is, %s does it, test.sh tries it.\n"
	       "Next: %s/test.sh; opsroom plugin check %s; opsroom plugin install %s; opsroom plugin enable %s\n",
	       folder, file, folder, folder, folder, name);
	return true;
}

/* ---- check ---- */

static void check_command(struct cli *c, const struct plugin_command *p)
{
	struct str usage = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(p->spec.words), p->spec.usage.n ? " " : "", STR_ARG(p->spec.usage));

	printf("  " STR_FMT "\n    " STR_FMT " (%s, %zu example%s)\n", STR_ARG(safe_line(&c->arena, usage)), STR_ARG(safe_line(&c->arena, p->spec.summary)), risk_name(p->spec.risk),
	       p->spec.example_count, p->spec.example_count == 1 ? "" : "s");
	if (p->spec.risk == RISK_DANGER && !p->spec.dry_run)
		printf("    note: it is dangerous and has no dry_run: who approves it cannot see what it would do\n");
	if (p->network)
		printf("    note: it has the network of the host\n");
}

static void print_check(struct cli *c, const struct plugin *p)
{
	printf(STR_FMT " " STR_FMT " (%s): " STR_FMT "\n", STR_ARG(p->name), STR_ARG(p->version), plugin_carrier_name(p->carrier), STR_ARG(safe_line(&c->arena, p->summary)));
	for (size_t i = 0; i < p->command_count; i++)
		check_command(c, p->commands[i]);
	printf("The manifest, %zu rule%s and all examples are good.\ndigest " STR_FMT "\n", p->rule_count, p->rule_count == 1 ? "" : "s", STR_ARG(p->digest));
}

static void check_json(const struct plugin *p)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "name", p->name);
	json_add_str(&o, "version", p->version);
	json_add_str(&o, "carrier", str_of(plugin_carrier_name(p->carrier)));
	json_add_str(&o, "digest", p->digest);
	json_add_str(&o, "manifest_digest", p->manifest_digest);
	json_key(&o, "commands");
	json_open(&o, '[');
	for (size_t i = 0; i < p->command_count; i++) {
		json_open(&o, '{');
		json_add_str(&o, "name", p->commands[i]->spec.words);
		json_add_str(&o, "usage", p->commands[i]->spec.usage);
		json_add_str(&o, "risk", str_of(risk_name(p->commands[i]->spec.risk)));
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
	buf_done(&b);
}

bool sub_plugin_check(struct cli *c, struct err *err)
{
	unsigned bad = 0;
	struct plugin *p;
	bool ok;

	if (c->json && option(c, "--run")) {
		err_set(err, ERR_INVALID, "--json and --run do not go together");
		return false;
	}
	if (!(p = plugin_read(c->args[0], S(""), err)))
		return false;
	if (c->json)
		check_json(p);
	else
		print_check(c, p);
	fflush(stdout);
	ok = !option(c, "--run") || p->carrier == PLUGIN_RPC || plugin_try(c, p, &bad, err);
	if (bad)
		c->exit_code = 1;
	plugin_free(p);
	return ok;
}

/* ---- the folder of plugins: the daemon's, or that of --plugins ---- */

static bool folder_of(struct cli *c, struct str *dir, struct err *err)
{
	const char *given = option(c, "--plugins");
	struct json *v;

	*dir = str_of(given);
	if (given)
		return true;
	if (!config_find(c, err) || !call(c, "GET", S("/v1/plugins"), S(""), &v, err))
		return false;
	*dir = json_get_str(v, "dir");
	return true;
}

static void say_offline(void)
{
	fprintf(stderr, "opsroom: written into the folder, past the daemon: no audit has it, and it is in force after the next reload (SIGHUP)\n");
}

bool sub_plugin_install(struct cli *c, struct err *err)
{
	struct plugin *p = plugin_read(c->args[0], S(""), err);
	struct str dir;
	bool ok = p && folder_of(c, &dir, err) && plugin_install(&c->arena, p, dir, err);

	if (ok)
		printf(STR_FMT " " STR_FMT " is in " STR_FMT ", and not enabled. Next: opsroom plugin enable " STR_FMT " " STR_FMT "\n", STR_ARG(p->name), STR_ARG(p->version),
		       STR_ARG(safe_line(&c->arena, dir)), STR_ARG(p->name), STR_ARG(p->version));
	plugin_free(p);
	return ok;
}

/* ---- list ---- */

static void list_row(struct cli *c, struct table *t, const struct json *p)
{
	struct buf versions;
	struct str cells[6];

	buf_init(&versions, 8 * KIB);
	for (const struct json *v = json_get(p, "versions") ? json_get(p, "versions")->child : NULL; v; v = v->next)
		buf_printf(&versions, "%s" STR_FMT, versions.n ? " " : "", STR_ARG(json_str(v)));
	cells[0] = json_get_str(p, "name");
	cells[1] = json_get_str(p, "enabled").n ? json_get_str(p, "enabled") : S("-");
	cells[2] = json_get_str(p, "in_force").n ? json_get_str(p, "in_force") : S("-");
	cells[3] = json_get_str(p, "before").n ? json_get_str(p, "before") : S("-");
	cells[4] = buf_keep(&c->arena, &versions);
	cells[5] = json_get_str(p, "fault");
	table_row(t, cells, NULL);
}

static bool list_daemon(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"NAME", "ENABLED", "IN FORCE", "BEFORE", "VERSIONS", "WRONG"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!config_find(c, err) || !call(c, "GET", S("/v1/plugins"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	table_init(&t, c, COUNT_OF(heads), heads);
	list = json_get(v, "plugins");
	for (const struct json *p = list ? list->child : NULL; p; p = p->next)
		list_row(c, &t, p);
	table_print(&t, "No plugins.");
	return true;
}

/* Of a folder: what would be in force, and what is wrong. */
static bool list_folder(struct cli *c, struct str dir, struct err *err)
{
	static const char *const heads[] = {"NAME", "VERSION", "ENABLED", "WRONG"};
	struct str *names, *versions;
	size_t count, version_count;
	struct plugin_enabled e;
	struct table t;

	if (!plugin_names(&c->arena, dir, &names, &count, err))
		return false;
	table_init(&t, c, COUNT_OF(heads), heads);
	for (size_t i = 0; i < count; i++) {
		if (!plugin_enabled_read(&c->arena, dir, names[i], &e, err) || !plugin_versions(&c->arena, dir, names[i], &versions, &version_count, err))
			return false;
		for (size_t k = 0; k < version_count; k++) {
			struct err why = {0};
			struct plugin *p = plugin_at(dir, names[i], versions[k], &why);
			bool enabled = str_eq(versions[k], e.version), changed = p && enabled && !str_eq(p->digest, e.digest);
			struct str cells[] = {names[i], versions[k], enabled ? S("yes") : S("-"),
					      changed ? S("the files changed after it was enabled") : arena_dup(&c->arena, str_of(why.text))};

			table_row(&t, cells, NULL);
			plugin_free(p);
		}
	}
	table_print(&t, "No plugins.");
	return true;
}

bool sub_plugin_list(struct cli *c, struct err *err)
{
	return option(c, "--plugins") ? list_folder(c, str_of(option(c, "--plugins")), err) : list_daemon(c, err);
}

/* ---- enable, disable, rollback ---- */

static void say_change(struct cli *c, struct str name, struct str version, struct str before)
{
	if (version.n)
		printf(STR_FMT " " STR_FMT " is enabled.", STR_ARG(safe_line(&c->arena, name)), STR_ARG(safe_line(&c->arena, version)));
	else
		printf(STR_FMT " is disabled.", STR_ARG(safe_line(&c->arena, name)));
	if (before.n)
		printf(" Back to " STR_FMT ": opsroom plugin rollback " STR_FMT, STR_ARG(safe_line(&c->arena, before)), STR_ARG(safe_line(&c->arena, name)));
	printf("\n");
}

static bool change_folder(struct cli *c, enum plugin_change change, struct err *err)
{
	struct str dir = str_of(option(c, "--plugins")), name = str_of(c->args[0]), version = c->arg_count > 1 ? str_of(c->args[1]) : S("");
	struct plugin_enabled was, next;
	struct plugin *to;

	if (!plugin_plan(&c->arena, dir, name, change, version, &was, &next, &to, err))
		return false;
	plugin_free(to);
	if (!plugin_enabled_write(&c->arena, dir, name, &next, err))
		return false;
	say_change(c, name, next.version, next.before);
	say_offline();
	return true;
}

static bool change_daemon(struct cli *c, const char *verb, struct err *err)
{
	struct pair version = {"version", c->arg_count > 1 ? str_of(c->args[1]) : (struct str){NULL, 0}};
	struct str path = arena_printf(&c->arena, STR_FMT "/%s", STR_ARG(path_to(c, "/v1/plugins/", c->args[0])), verb);
	struct json *v;

	if (!config_find(c, err) || !call(c, "POST", path, json_of(c, &version, 1), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_change(c, json_get_str(v, "name"), json_get_str(v, "enabled"), json_get_str(v, "before"));
	return true;
}

bool sub_plugin_enable(struct cli *c, struct err *err)
{
	return option(c, "--plugins") ? change_folder(c, PLUGIN_ENABLE, err) : change_daemon(c, "enable", err);
}

bool sub_plugin_disable(struct cli *c, struct err *err)
{
	return option(c, "--plugins") ? change_folder(c, PLUGIN_DISABLE, err) : change_daemon(c, "disable", err);
}

bool sub_plugin_rollback(struct cli *c, struct err *err)
{
	return option(c, "--plugins") ? change_folder(c, PLUGIN_ROLLBACK, err) : change_daemon(c, "rollback", err);
}
