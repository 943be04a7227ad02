/* ops/app.h -- apps as Slack has them, and what an app's manifest says (docs.slack.dev: App manifest reference).
 *
 * Pure. What is read is a tree (JSON, or YAML by base/yaml.h); what this version does not know in it is left alone, because manifests are
 * shared with Slack itself.
 */
#pragma once
#include "base/json.h"

#define APP_MANIFEST_MAX (64 * KIB)
#define APP_EVENTS_MAX 100
#define APP_COMMANDS_MAX 50
#define APP_SHORTCUTS_MAX 25
#define APP_SCOPES_MAX 100

/* What a bot may if its manifest names no scope. */
#define APP_SCOPES_USUAL                                                                                                                                                      \
	"app_mentions:read,channels:history,channels:join,channels:manage,channels:read,chat:write,chat:write.customize,commands,files:read,files:write,groups:history,groups:read," \
	"im:history,im:read,im:write,pins:read,pins:write,reactions:read,reactions:write,team:read,usergroups:read,users:read,users:read.email"

/* What an app-level token (xapp-) may; no other token may these. */
#define APP_LEVEL_SCOPES "connections:write,authorizations:read"

struct app {
	int64_t id;       /* A...; also the id of its bot, B... */
	int64_t workspace_id, user_id; /* user_id: its bot's */
	int64_t owner_id; /* who made it; 0: provisioning */
	int64_t webhook_id;
	struct str name;
	struct str manifest; /* as JSON; app_manifest_read() has read it once */
	struct str bot_scopes, user_scopes;
	wall_ms created, changed;
	int64_t failed;  /* events given up one after the other */
	wall_ms stopped; /* since when it gets no events, because too many failed; 0: it does */
};

struct app_command {
	struct str command; /* "/deploy" */
	struct str url;     /* "" in Socket Mode */
	struct str description, usage_hint;
};

struct app_shortcut {
	struct str callback_id, name, description;
	bool of_message; /* else it is a global one */
};

struct app_manifest {
	struct str name, description; /* of display_information; "": not said */
	struct str bot_name;          /* what its bot is shown as */
	struct str bot_scopes, user_scopes; /* with commas; "": none is named */
	bool socket_mode;
	struct str events_url;
	struct str *events; /* bot_events */
	size_t event_count;
	struct str *user_events; /* on behalf of who said yes to it (OAuth) */
	size_t user_event_count;
	bool interactive;
	struct str actions_url, options_url;
	struct app_command *commands;
	size_t command_count;
	struct app_shortcut *shortcuts;
	size_t shortcut_count;
	struct str *unfurl_domains; /* of whose links it hears (link_shared) */
	size_t unfurl_domain_count;
	struct str *redirects; /* where OAuth may send people back to */
	size_t redirect_count;
};

/* ERR_INVALID: the sentence begins with the place, "/features/slash_commands/0/command: ...". Texts are the tree's. */
MUST_USE bool app_manifest_read(struct arena *a, const struct json *tree, struct app_manifest *out, struct err *err);
bool app_url_ok(struct str url);          /* http:// or https://, at most 3000 bytes */
bool app_command_ok(struct str command);  /* "/name": lower case, digits, - and _, at most 32 */
/* "chat:write" among "channels:read,chat:write". channels:x is also had by who has groups:x, im:x or mpim:x; :manage by :write. */
bool app_scope_has(struct str scopes, struct str needed);
/* Scopes as people and clients write them, with commas or spaces: with commas, without doubles. */
struct str app_scopes_read(struct arena *a, struct str text);
struct str app_scopes_both(struct arena *a, struct str one, struct str other);   /* those that are in both */
struct str app_scopes_without(struct arena *a, struct str all, struct str less); /* those that are not in less */
const struct app_command *app_command_find(const struct app_manifest *m, struct str command);
const struct app_shortcut *app_shortcut_find(const struct app_manifest *m, struct str callback_id);
/* What a person must have said yes to, so that an app hears of this on their behalf: "channels:history" of "message.channels". "": nothing hears of it so. */
struct str app_event_scope(struct str event);
/* A name for a user that is not there yet, from what people call the app: "Deploy Bot" is deploy-bot. "" if nothing is left. */
struct str app_user_name(struct arena *a, struct str name);
