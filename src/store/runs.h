/* store/runs.h -- rows of runs and their lines, of plugins' memory and secrets. x_find: false with ERR_NONE if there is none. */
#pragma once
#include "ops/run.h"
#include "store/db.h"

MUST_USE bool store_run_add(struct db *db, const struct run *r, struct err *err);
/* state, started, ended, exit_code, why, output_hash, lines, bytes, tries, again_at. Only while it is not over: ERR_CONFLICT else. */
MUST_USE bool store_run_turn(struct db *db, const struct run *r, struct err *err);
MUST_USE bool store_run_shown(struct db *db, const struct run *r, struct err *err); /* shown, progress, buttons */
MUST_USE bool store_run_told(struct db *db, int64_t id, int64_t message_ts, struct err *err);
bool store_run_find(struct db *db, struct arena *a, int64_t id, struct run *out, struct err *err);
bool store_run_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct run *out, struct err *err);
struct run_filter {
	int state;                /* 0: all; -1: those that are not over */
	int64_t user_id, before_id;
	struct str plugin;
	unsigned limit;
};
MUST_USE bool store_run_list(struct db *db, struct arena *a, int64_t workspace_id, const struct run_filter *f, struct run **out, size_t *count, struct err *err);

MUST_USE bool store_run_line_add(struct db *db, int64_t id, const struct run_line *l, struct err *err);
MUST_USE bool store_run_lines(struct db *db, struct arena *a, int64_t id, int64_t after, unsigned limit, struct run_line **out, size_t *count, struct err *err);

/* Drops the lines of up to `limit` runs that ended before; the runs stay. *dropped: of how many. */
MUST_USE bool store_run_lines_purge(struct db *db, struct arena *a, wall_ms ended_before, unsigned limit, unsigned *dropped, struct err *err);

struct plugin_value {
	struct str name, value;
	int64_t version;
};
bool store_value_find(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str name, struct plugin_value *out, struct err *err);
/* was: the version that it must have now, 0: it must not be there; -1: whatever it is. ERR_CONFLICT. */
MUST_USE bool store_value_put(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str name, struct str value, int64_t was, wall_ms now, struct err *err);
MUST_USE bool store_value_drop(struct db *db, int64_t workspace_id, struct str plugin, struct str name, struct err *err);
MUST_USE bool store_value_list(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str after, unsigned limit, struct plugin_value **out, size_t *count,
			       struct err *err);
MUST_USE bool store_value_count(struct db *db, int64_t workspace_id, struct str plugin, int64_t *count, int64_t *bytes, struct err *err);

enum secret_layer { SECRET_SITE = 1, SECRET_PLUGIN, SECRET_CHANNEL, SECRET_USER };
struct plugin_secret {
	struct str plugin, name, sealed;
	enum secret_layer layer;
	int64_t layer_id, changed_by;
	wall_ms changed;
};
MUST_USE bool store_secret_put(struct db *db, int64_t workspace_id, const struct plugin_secret *s, struct err *err);
MUST_USE bool store_secret_drop(struct db *db, int64_t workspace_id, const struct plugin_secret *s, struct err *err); /* ERR_NOT_FOUND */
/* plugin "": all. In the order of their layers, the nearest last. */
MUST_USE bool store_secret_list(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct plugin_secret **out, size_t *count, struct err *err);
