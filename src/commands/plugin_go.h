/* commands/plugin_go.h -- a call of a plugin's command becomes a run (engine/runs.h). */
#pragma once
#include "commands/path.h"
#include "ops/plugin.h"

/* Starts it; call->err says why not. The answer says as which run. */
void plugin_go(struct call *call, const struct plugin_command *c);
/* A dry run whose output becomes the preview of a request. */
void plugin_preview(struct call *call, const struct plugin_command *c, int64_t held_id);
/* For engine->run_ended and engine->run_nested. */
MUST_USE bool plugin_ended(struct work *w, const struct run *r, struct str rows, struct err *err);
MUST_USE bool plugin_nested(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text);
/* What secrets of plugins are sealed with. */
struct secret plugin_secret_key(const struct engine *e);
/* May the person read the run's log? */
bool run_visible(struct work *w, const struct run *r, const struct user *u);
