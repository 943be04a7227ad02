/* api/provision.h -- makes what a YAML file names: people, channels, sources, webhooks, tokens. Doing it twice changes
 * nothing and makes no second secret. Errors name file and line. */
#pragma once
#include "base/json.h"
#include "engine/engine.h"

/* Writes what was made as JSON: {"users":{"ann":{"id":"U..."}},"channels":...}. false: nothing was made; *err. */
MUST_USE bool provision_run(struct work *w, const struct json *tree, const char *file, struct json_out *o, struct err *err);
/* Which file that was, for the audit trail; from "": this machine. */
struct str provision_detail(struct arena *a, struct str file, struct str yaml, struct str from);
/* At the first start: workspace, @srebot, #general, #sre-alerts. */
MUST_USE bool provision_first(struct work *w, struct err *err);
/* Makes a person; joins them to #general and #sre-alerts. */
MUST_USE bool provision_user(struct work *w, struct user *u, struct err *err);
