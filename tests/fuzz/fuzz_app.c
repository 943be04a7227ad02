/* Manifests of apps, as JSON: whatever is sent, it is read or refused with a place; what was read has its parts. */
#include "fuzz.h"
#include "ops/app.h"

static void check(const struct app_manifest *m)
{
	need(m->command_count <= APP_COMMANDS_MAX && m->event_count <= APP_EVENTS_MAX && m->shortcut_count <= APP_SHORTCUTS_MAX);
	need(!m->events_url.n || app_url_ok(m->events_url));
	touch(m->bot_scopes);
	for (size_t i = 0; i < m->command_count; i++)
		need(app_command_ok(m->commands[i].command) && app_command_find(m, m->commands[i].command) == &m->commands[i]);
	for (size_t i = 0; i < m->event_count; i++)
		need(m->events[i].n && m->events[i].n <= 60);
	for (size_t i = 0; i < m->shortcut_count; i++)
		need(app_shortcut_find(m, m->shortcuts[i].callback_id) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct app_manifest m;
	struct err err = {0};
	struct arena a;
	const struct json *tree;

	arena_init(&a);
	need(app_user_name(&a, in).n <= 60);
	tree = json_parse(&a, in, JSON_LAST_KEY_WINS, &err);
	err_clear(&err);
	if (tree && app_manifest_read(&a, tree, &m, &err))
		check(&m);
	else
		need(!tree || (err.code == ERR_INVALID && err.text[0] == '/'));
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
