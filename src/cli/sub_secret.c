/* `opsroom secret`: what plugins need to know and nobody else. Values are read from standard input, never from the command line. */
#include "cli/cli.h"

#define VALUE_MAX (16 * KIB)

static struct str body_of(struct cli *c, struct str value)
{
	const char *channel = option(c, "--channel");
	struct str plugin = str_of(c->args[0]);
	const struct pair pairs[] = {{"plugin", str_is(plugin, "-") ? S("") : plugin},
				     {"name", str_of(c->args[1])},
				     {"layer", str_of(option(c, "--mine") ? "user" : channel ? "channel" : str_is(plugin, "-") ? "site" : "plugin")},
				     {"channel", channel ? str_of(channel) : str_n(NULL, 0)},
				     {"value", value}};

	return json_of(c, pairs, COUNT_OF(pairs));
}

bool sub_secret_set(struct cli *c, struct err *err)
{
	struct json *answer;
	struct str value;

	if (!read_input(c, "-", VALUE_MAX, &value, err))
		return false;
	if (value.n && value.p[value.n - 1] == '\n')
		value.n--;
	if (!value.n) {
		err_set(err, ERR_INVALID, "the value is read from standard input: opsroom secret set %s %s < FILE", c->args[0], c->args[1]);
		return false;
	}
	if (!call(c, "POST", S("/v1/secrets"), body_of(c, value), &answer, err))
		return false;
	say_line(c, arena_printf(&c->arena, "%s is set. The next run of the plugin gets it.", c->args[1]));
	return true;
}

bool sub_secret_drop(struct cli *c, struct err *err)
{
	struct json *answer;

	if (!call(c, "POST", S("/v1/secrets/drop"), body_of(c, str_n(NULL, 0)), &answer, err))
		return false;
	say_line(c, arena_printf(&c->arena, "%s is gone.", c->args[1]));
	return true;
}

bool sub_secret_list(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"PLUGIN", "NAME", "LAYER", "CHANGED"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", S("/v1/secrets"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	list = json_get(v, "secrets");
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *k = list ? list->child : NULL; k; k = k->next) {
		struct str plugin = json_get_str(k, "plugin");
		const struct str cells[] = {plugin.n ? plugin : S("-"), json_get_str(k, "name"), json_get_str(k, "layer"),
					    arena_printf(&c->arena, STR_FMT " ago", STR_ARG(age_of(c, json_get_str(k, "changed"))))};

		table_row(&t, cells, NULL);
	}
	table_print(&t, "No secrets.");
	return true;
}
