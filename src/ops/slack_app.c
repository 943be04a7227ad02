#include "ops/slack_app.h"

const struct slack_scope slack_scopes[] = {
	{"chat:write", true, "say, change and delete its own messages"},
	{"chat:write.customize", false, "show what people say here under their own name; without it their name begins the text"},
	{"chat:write.public", false, "post in a public channel before it has joined"},
	{"commands", true, "the slash command"},
	{"channels:read", true, "find public channels and hear of their names"},
	{"channels:history", true, "hear what is said in public channels, and find again what was sent when a connection broke"},
	{"channels:join", false, "join the public channels of the chats file by itself; without it somebody invites it"},
	{"channels:manage", false, "make channels that the chats file says to make, and set topics"},
	{"groups:read", false, "know the private channels that it was invited to"},
	{"groups:history", false, "hear what is said in private channels that it was invited to"},
	{"groups:write", false, "set the topics of private channels"},
	{"im:read", false, "know direct messages as such"},
	{"im:history", false, "hear direct messages: commands said to it alone"},
	{"im:write", false, "answer one person by a direct message"},
	{"mpim:history", false, "hear commands in direct messages of several people"},
	{"app_mentions:read", false, "hear its name in channels"},
	{"files:read", false, "link to the files that people bring"},
	{"files:write", false, "bring files and graphs"},
	{"reactions:read", false, "hear reactions"},
	{"reactions:write", false, "react to messages"},
	{"pins:read", false, "hear what is pinned"},
	{"pins:write", false, "pin messages"},
	{"users:read", true, "know people by name"},
	{"users:read.email", false, "find who a person is here by the e-mail address; without it everybody from Slack has the role of the chats file"},
	{"team:read", false, "know the workspace's name"},
};
const size_t slack_scope_count = COUNT_OF(slack_scopes);

static const char *const events[] = {
	"app_mention", "message.channels", "message.groups", "message.im", "message.mpim", "reaction_added", "reaction_removed", "pin_added", "pin_removed",
	"member_joined_channel", "member_left_channel", "channel_left", "group_left", "channel_rename", "group_rename", "team_join", "user_change",
};

static void put_features(struct json_out *o, struct str name, struct str command, struct str url)
{
	json_key(o, "features");
	json_open(o, '{');
	json_add_raw(o, "app_home", S("{\"home_tab_enabled\":false,\"messages_tab_enabled\":true,\"messages_tab_read_only_enabled\":false}"));
	json_key(o, "bot_user");
	json_open(o, '{');
	json_add_str(o, "display_name", name);
	json_add_bool(o, "always_online", true);
	json_close(o, '}');
	json_key(o, "slash_commands");
	json_open(o, '[');
	json_open(o, '{');
	json_add_str(o, "command", command);
	if (url.n)
		json_add_str(o, "url", url);
	json_add_str(o, "description", S("Alerts, commands and approvals of opsroom"));
	json_add_str(o, "usage_hint", S("help"));
	json_add_bool(o, "should_escape", true); /* people and channels come by their ids */
	json_close(o, '}');
	json_close(o, ']');
	json_close(o, '}');
}

static void put_scopes(struct json_out *o)
{
	json_key(o, "oauth_config");
	json_open(o, '{');
	json_key(o, "scopes");
	json_open(o, '{');
	json_key(o, "bot");
	json_open(o, '[');
	for (size_t i = 0; i < slack_scope_count; i++)
		json_put_str(o, str_of(slack_scopes[i].name));
	json_close(o, ']');
	json_close(o, '}');
	json_close(o, '}');
}

static void put_settings(struct json_out *o, struct str url)
{
	json_key(o, "settings");
	json_open(o, '{');
	json_key(o, "event_subscriptions");
	json_open(o, '{');
	if (url.n)
		json_add_str(o, "request_url", url);
	json_key(o, "bot_events");
	json_open(o, '[');
	for (size_t i = 0; i < COUNT_OF(events); i++)
		json_put_str(o, str_of(events[i]));
	json_close(o, ']');
	json_close(o, '}');
	json_key(o, "interactivity");
	json_open(o, '{');
	json_add_bool(o, "is_enabled", true);
	if (url.n)
		json_add_str(o, "request_url", url);
	json_close(o, '}');
	json_add_bool(o, "org_deploy_enabled", false);
	json_add_bool(o, "socket_mode_enabled", !url.n);
	json_add_bool(o, "token_rotation_enabled", false);
	json_close(o, '}');
}

/* Two spaces a level, an item a line; for people to read and paste. */
static struct str with_lines(struct arena *a, struct str json)
{
	struct buf b;
	unsigned depth = 0;
	bool quoted = false, escaped = false;

	buf_init(&b, 64 * KIB);
	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];

		quoted ^= c == '"' && !escaped;
		escaped = c == '\\' && !escaped;
		if (!quoted && (c == '}' || c == ']'))
			buf_printf(&b, "\n%*s", (int)(2 * --depth), "");
		buf_char(&b, c);
		if (!quoted && c == ':')
			buf_char(&b, ' ');
		if (!quoted && (c == '{' || c == '[' || c == ','))
			buf_printf(&b, "\n%*s", (int)(2 * (depth += c != ',')), "");
	}
	buf_char(&b, '\n');
	return buf_keep(a, &b);
}

struct str slack_manifest(struct arena *a, struct str name, struct str command, struct str events_url)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, "display_information");
	json_open(&o, '{');
	json_add_str(&o, "name", name);
	json_add_str(&o, "description", S("Alerts, commands and approvals of the SRE team's opsroom"));
	json_add_str(&o, "background_color", S("#1f2a37"));
	json_close(&o, '}');
	put_features(&o, name, command, events_url);
	put_scopes(&o);
	put_settings(&o, events_url);
	json_close(&o, '}');
	return with_lines(a, buf_keep(a, &b));
}
