/* Manifests: what of them is read, what is refused and where; which scope has which. */
#include "base/yaml.h"
#include "ops/app.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static const char whole[] = "display_information: {name: Deploy Bot, description: deploys}\n"
			    "features:\n"
			    "  bot_user: {display_name: deploybot, always_online: true}\n"
			    "  slash_commands:\n"
			    "  - {command: /deploy, url: 'https://x.example/slack', description: d, usage_hint: '[app]', should_escape: false}\n"
			    "  shortcuts: [{name: Make it so, type: message, callback_id: so, description: d}]\n"
			    "oauth_config: {redirect_urls: ['https://x.example/back'], scopes: {bot: ['chat:write', 'channels:history'], user: [search:read]}}\n"
			    "settings:\n"
			    "  event_subscriptions: {request_url: 'http://127.0.0.1:3000/slack/events', bot_events: [message.channels, app_mention]}\n"
			    "  interactivity: {is_enabled: true, request_url: 'http://127.0.0.1:3000/slack/events'}\n"
			    "  org_deploy_enabled: false\n";

static bool read_yaml(const char *yaml, struct app_manifest *m, struct err *err)
{
	struct json *tree = yaml_parse(&a, str_of(yaml), "m", err);

	return tree && app_manifest_read(&a, tree, m, err);
}

START_TEST(a_manifest_as_slack_writes_it)
{
	struct app_manifest m;
	struct err err = {0};

	ck_assert_msg(read_yaml(whole, &m, &err), "%s", err.text);
	ck_str(m.name, "Deploy Bot");
	ck_str(m.bot_name, "deploybot");
	ck_str(m.bot_scopes, "chat:write,channels:history");
	ck_str(m.user_scopes, "search:read");
	ck_assert(!m.socket_mode && m.interactive);
	ck_assert_uint_eq(m.event_count, 2);
	ck_str(m.events[1], "app_mention");
	ck_assert_ptr_nonnull(app_command_find(&m, S("/deploy")));
	ck_assert_ptr_null(app_command_find(&m, S("deploy")));
	ck_assert(app_shortcut_find(&m, S("so"))->of_message);
	ck_str(m.redirects[0], "https://x.example/back");
}
END_TEST

START_TEST(an_empty_one_is_an_app_too)
{
	struct app_manifest m;
	struct err err = {0};

	ck_assert_msg(read_yaml("{}", &m, &err), "%s", err.text);
	ck_assert(!m.event_count && !m.bot_scopes.n && !m.socket_mode);
}
END_TEST

static const struct {
	const char *yaml, *place;
} wrong[] = {
	{"[]", "/: "},
	{"settings: x", "/settings: must be an object"},
	{"settings: {event_subscriptions: {request_url: 'ftp://x'}}", "/settings/event_subscriptions/request_url: "},
	{"settings: {event_subscriptions: {request_url: \"http://x/\\ny\"}}", "/settings/event_subscriptions/request_url: "},
	{"settings: {event_subscriptions: {bot_events: [a, 'B c']}}", "/settings/event_subscriptions/bot_events/1: "},
	{"settings: {event_subscriptions: {bot_events: {}}}", "/settings/event_subscriptions/bot_events: must be a list"},
	{"oauth_config: {scopes: {bot: ['chat:write', 'x y']}}", "/oauth_config/scopes/bot/1: "},
	{"features: {slash_commands: [{command: deploy, url: 'http://x'}]}", "/features/slash_commands/0/command: "},
	{"features: {slash_commands: [{command: /deploy}]}", "/features/slash_commands/0/url: "},
	{"features: {slash_commands: [{command: /a, url: 'http://x'}, {command: /a, url: 'http://x'}]}", "/features/slash_commands/1/command: is there twice"},
	{"features: {shortcuts: [{name: x, callback_id: y, type: other}]}", "/features/shortcuts/0/type: "},
	{"features: {bot_user: {display_name: [x]}}", "/features/bot_user/display_name: must be a text"},
};

START_TEST(what_is_wrong_is_named)
{
	struct app_manifest m;
	struct err err = {0};

	ck_assert(!read_yaml(wrong[_i].yaml, &m, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(str_starts(str_of(err.text), str_of(wrong[_i].place)), "%s", err.text);
}
END_TEST

START_TEST(in_socket_mode_a_command_needs_no_address)
{
	struct app_manifest m;
	struct err err = {0};

	ck_assert_msg(read_yaml("{settings: {socket_mode_enabled: true}, features: {slash_commands: [{command: /deploy}]}}", &m, &err), "%s", err.text);
}
END_TEST

static const struct {
	const char *scopes, *needed;
	bool has;
} scopes[] = {
	{"chat:write", "chat:write", true},
	{"chat:write.customize", "chat:write", false},
	{"", "", true},
	{"", "chat:write", false},
	{"groups:history", "channels:history", true},
	{"channels:read", "channels:history", false},
	{"groups:write", "channels:manage", true},
	{"channels:join", "channels:manage", false},
	{"users:read", "users:read.email", false},
};

START_TEST(a_scope_is_had)
{
	ck_assert_msg(app_scope_has(str_of(scopes[_i].scopes), str_of(scopes[_i].needed)) == scopes[_i].has, "%s in %s", scopes[_i].needed, scopes[_i].scopes);
}
END_TEST

START_TEST(lists_of_scopes)
{
	ck_str(app_scopes_read(&a, S("chat:write users:read,,chat:write")), "chat:write,users:read");
	ck_str(app_scopes_read(&a, S("")), "");
	ck_str(app_scopes_both(&a, S("a:b,c:d,e:f"), S("e:f,a:b")), "a:b,e:f");
	ck_str(app_scopes_without(&a, S("a:b,c:d,e:f"), S("e:f,a:b")), "c:d");
	ck_str(app_scopes_without(&a, S("a:b"), S("a:b.more")), "a:b");
}
END_TEST

START_TEST(a_name_for_the_bot)
{
	ck_str(app_user_name(&a, S(" Deploy  Bot! ")), "deploy-bot");
	ck_str(app_user_name(&a, S("hubot")), "hubot");
	ck_str(app_user_name(&a, S("!?")), "");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"manifest", a_manifest_as_slack_writes_it}, {"manifest", an_empty_one_is_an_app_too}, {"manifest", what_is_wrong_is_named, .times = COUNT_OF(wrong)},
		{"manifest", in_socket_mode_a_command_needs_no_address}, {"scopes", a_scope_is_had, .times = COUNT_OF(scopes)}, {"scopes", lists_of_scopes}, {"names", a_name_for_the_bot},
	};

	return unit_run_in("ops_app", tests, COUNT_OF(tests), open_arena, close_arena);
}
