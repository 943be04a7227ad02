/* A plugin's manifest, its listing and what its program says (ops/plugin*.h). The first byte chooses. What is taken can be read once more
 * and run; what is shown holds nothing that could drive a terminal, nor a link or mention that the program made. */
#include "ops/plugin_rpc.h"
#include "ops/text.h"

#include "fuzz.h"

static const char rpc_manifest[] = "{\"name\":\"cd\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"rpc\",\"url\":\"https://cd.example.com/_chatops\",\"key\":\"CD_KEY\","
				   "\"rules\":[\"allow cd:* need role operator\"]}";

static void check_plugin(struct plugin *p, const struct err *err)
{
	struct plugin *again;

	if (!p) {
		need(err->code && err->text[0] && str_is_utf8(str_of(err->text)));
		return;
	}
	need(plugin_name_ok(p->name) && plugin_version_ok(p->version) && p->rule_count);
	for (size_t i = 0; i < p->command_count; i++) {
		const struct plugin_command *c = p->commands[i];

		need(c->owner == p && c->spec.summary.n && c->spec.example_count && c->spec.words.n && !str_is(c->spec.plugin, "core"));
		need(c->timeout >= SECOND && c->timeout <= HOUR && c->concurrency && c->output_bytes);
		touch(c->spec.usage);
	}
	again = plugin_again(p);
	need(again && again->command_count == p->command_count);
	plugin_free(again);
}

static void check_clean(struct str s)
{
	need(str_is_utf8(s) || !s.n);
	for (size_t i = 0; i < s.n; i++)
		need((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t');
}

static void check_shown(struct str s)
{
	check_clean(s);
	need(!str_find(s, S("<!"), NULL) && !str_find(s, S("<@"), NULL) && !str_find(s, S("<#"), NULL));
}

static void check_output(struct arena *a, struct str in, bool events)
{
	struct plugin_output o;
	struct output_event e;
	struct err err = {0};
	struct str line;

	plugin_output_init(&o);
	if (events)
		plugin_output_line(&o, S("opsroom/1"), &e);
	while (in.n) {
		in = str_cut(in, '\n', &line);
		plugin_output_line(&o, line, &e);
		check_clean(e.line);
		touch(e.name);
		touch(e.text);
	}
	check_shown(plugin_output_text(&o, a));
	need(json_parse(a, plugin_output_rows(&o, a), JSON_LAST_KEY_WINS, &err) != NULL);
	need(o.button_count <= OUTPUT_BUTTONS_MAX && o.row_count <= OUTPUT_ROWS_MAX);
	plugin_output_done(&o);
}

static void check_rpc(struct arena *a, struct str in)
{
	struct err err = {0};
	struct plugin *p = plugin_parse(str_of(rpc_manifest), S(""), "plugin.json", &err);
	struct plugin_output o;
	struct str result;

	need(p);
	plugin_output_init(&o);
	rpc_answer_read(p->error_response, in, 200, &o, &result);
	touch(result);
	check_shown(plugin_output_text(&o, a));
	plugin_output_done(&o);
	plugin_free(p);
}

static void check_listing(struct arena *a, struct str in)
{
	struct err err = {0};
	struct plugin *p = plugin_parse(str_of(rpc_manifest), in, "plugin.json", &err);

	check_plugin(p, &err);
	for (size_t i = 0; p && i < p->command_count; i++)
		touch(rpc_call_url(a, p->commands[i]));
	if (p)
		touch(rpc_match(a, p, S("deploy web to prod")));
	plugin_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct plugin *p;
	struct arena a;
	struct str in;

	if (size < 1 || size > 200 * KIB)
		return 0;
	in = own_copy(data + 1, size - 1);
	arena_init(&a);
	switch (data[0] % 5) {
	case 0:
		p = plugin_parse(in, S(""), "plugin.json", &err);
		check_plugin(p, &err);
		plugin_free(p);
		break;
	case 1:
		check_listing(&a, in);
		break;
	case 2:
		check_rpc(&a, in);
		break;
	default:
		check_output(&a, in, data[0] % 5 == 3);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
