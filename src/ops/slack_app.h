/* ops/slack_app.h -- opsroom as an app of Slack: what it may there and why, and the manifest that says so (docs.slack.dev: App manifest reference).
 *
 * Pure. The same scopes are asked for by `opsroom slack manifest`, checked by `opsroom slack check`, and named when one is missing.
 */
#pragma once
#include "base/json.h"

struct slack_scope {
	const char *name; /* "chat:write" */
	bool must;        /* without it nothing works; else what `why` says is left out */
	const char *why;
};
extern const struct slack_scope slack_scopes[];
extern const size_t slack_scope_count;

#define SLACK_APP_NAME_MAX 35 /* characters, Slack's for an app */

/* The manifest, JSON with line ends. command: with its slash. events_url "": Socket Mode; else where events, commands and presses are sent: https://ops.example.com/chats/slack/events */
struct str slack_manifest(struct arena *a, struct str name, struct str command, struct str events_url);
