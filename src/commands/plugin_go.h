/* commands/plugin_go.h -- a call of a plugin's command becomes a run (engine/runs.h). */
#pragma once
#include "commands/path.h"
#include "ops/plugin.h"

/* Starts it; call->err says why not. The answer says as which run. */
void plugin_go(struct call *call, const struct plugin_command *c);
/* A dry run whose output becomes the preview of a request. */
void plugin_preview(struct call *call, const struct plugin_command *c, int64_t held_id);
/* For engine->run_ended, engine->run_again and engine->run_nested. */
MUST_USE bool plugin_ended(struct work *w, const struct run *r, struct str rows, struct err *err);
MUST_USE bool plugin_try_again(struct work *w, struct run *r, struct str again, struct err *err);
MUST_USE bool plugin_nested(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text);
/* What secrets of plugins are sealed with. */
struct secret plugin_secret_key(const struct engine *e);
/* Of all layers the nearest to who asks: site, plugin, channel, user; 0: there is no channel, nobody asks. From then on it is masked
 * wherever it stands. ERR_CONFLICT: it is not set; says how to. */
MUST_USE bool plugin_secret(struct work *w, struct str plugin, struct str name, int64_t channel_id, int64_t user_id, struct str *out, struct err *err);
/* May the person read the run's log? */
bool run_visible(struct work *w, const struct run *r, const struct user *u);
