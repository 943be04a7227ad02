/* opsroom app: apps made for Slack's SDKs. */
#include "base/yaml.h"
#include "cli/cli.h"
#include "ops/app.h"

/* The manifest as JSON, checked here, so that the sentence about what is wrong needs no server. */
static bool read_manifest(struct cli *c, struct json **out, struct err *err)
{
	const char *file = option(c, "--manifest");
	struct app_manifest m;
	struct str text;

	*out = NULL;
	if (!file)
		return true;
	if (!read_input(c, file, APP_MANIFEST_MAX, &text, err) || !(*out = yaml_parse(&c->arena, text, file, err)))
		return false;
	if (app_manifest_read(&c->arena, *out, &m, err))
		return true;
	err_prefix(err, "%s: ", file);
	return false;
}

static struct str request(struct cli *c, struct str name, const struct json *manifest)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (name.n)
		json_add_str(&o, "name", name);
	if (option(c, "--channel"))
		json_add_str(&o, "channel", str_of(option(c, "--channel")));
	if (manifest) {
		json_key(&o, "manifest");
		json_put(&o, manifest);
	}
	json_close(&o, '}');
	return buf_keep(&c->arena, &b);
}

static bool print_secrets(struct cli *c, const struct json *v)
{
	static const char *const keys[] = {"app_id", "bot_token", "user_token", "app_token", "signing_secret", "client_id", "client_secret", "webhook_url"};

	if (c->json)
		return say_json(v);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (json_get_str(v, keys[i]).n)
			printf("%-15s" STR_FMT "\n", keys[i], STR_ARG(safe_line(&c->arena, json_get_str(v, keys[i]))));
	return true;
}

bool sub_app_create(struct cli *c, struct err *err)
{
	struct json *manifest, *v;

	return read_manifest(c, &manifest, err) && call(c, "POST", S("/v1/apps"), request(c, str_of(c->args[0]), manifest), &v, err) && print_secrets(c, v);
}

bool sub_app_update(struct cli *c, struct err *err)
{
	struct json *manifest, *v;

	if (!option(c, "--manifest")) {
		err_set(err, ERR_INVALID, "which manifest? --manifest FILE");
		return false;
	}
	return read_manifest(c, &manifest, err) && call(c, "POST", path_to(c, "/v1/apps/", c->args[0]), request(c, S(""), manifest), &v, err) && print_secrets(c, v);
}

bool sub_app_list(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"ID", "NAME", "EVENTS", "BY", "COMMANDS", "CREATED"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", S("/v1/apps"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	list = json_get(v, "apps");
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *k = list ? list->child : NULL; k; k = k->next) {
		struct str commands = S(""), made = age_of(c, json_get_str(k, "created"));
		const struct json *names = json_get(k, "commands");

		for (const struct json *n = names ? names->child : NULL; n; n = n->next)
			commands = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(commands), commands.n ? " " : "", STR_ARG(json_str(n)));
		const struct str cells[] = {json_get_str(k, "app_id"), json_get_str(k, "name"),
					    json_get_bool(k, "events_stopped", false) ? S("stopped") : arena_printf(&c->arena, "%lld", (long long)json_get_int(k, "events", 0)),
					    json_get_bool(k, "socket_mode", false) ? S("Socket Mode") : json_get_str(k, "request_url").n ? json_get_str(k, "request_url") : S("-"),
					    commands.n ? commands : S("-"), made.n ? arena_printf(&c->arena, STR_FMT " ago", STR_ARG(made)) : S("-")};

		table_row(&t, cells, NULL);
	}
	table_print(&t, "No apps.");
	return true;
}

bool sub_app_delete(struct cli *c, struct err *err)
{
	struct json *v;

	if (!call(c, "DELETE", path_to(c, "/v1/apps/", c->args[0]), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	printf("Ended.\n");
	return true;
}
