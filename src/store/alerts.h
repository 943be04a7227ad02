/* store/alerts.h -- rows of alert groups and of what changed in them. */
#pragma once
#include "ops/alert.h"
#include "store/db.h"

struct group_row {
	int64_t id, workspace_id, source_id, channel_id;
	struct str group_key, short_id, title, external_url;
	enum group_state state;
	enum severity severity;
	wall_ms opened, changed;
	int64_t acked_by, resolved_by; /* users; 0: nobody, the source */
	wall_ms acked, resolved;
	bool held;          /* resolved by hand while the source still fires */
	int64_t message_ts; /* its message in the channel; 0: not told yet */
};

MUST_USE bool store_group_add(struct db *db, const struct group_row *g, struct err *err);
MUST_USE bool store_group_set(struct db *db, const struct group_row *g, struct err *err);
MUST_USE bool store_group_told(struct db *db, int64_t id, int64_t message_ts, struct err *err);
bool store_group_find(struct db *db, struct arena *a, int64_t id, struct group_row *out, struct err *err);
/* Those that live in memory: firing, acknowledged, held. */
MUST_USE bool store_group_open(struct db *db, struct arena *a, int64_t workspace_id, struct group_row **out, size_t *count, struct err *err);
MUST_USE bool store_group_recent(struct db *db, struct arena *a, int64_t workspace_id, unsigned limit, struct group_row **out, size_t *count, struct err *err);

/* What changed together, as JSON written and read by the engine. */
MUST_USE bool store_change_add(struct db *db, int64_t group_id, int64_t change_id, wall_ms at, struct str body, struct err *err);
struct change_row {
	wall_ms at;
	struct str body;
};
MUST_USE bool store_change_list(struct db *db, struct arena *a, int64_t group_id, struct change_row **out, size_t *count, struct err *err);
MUST_USE bool store_change_drop_before(struct db *db, int64_t group_id, int64_t change_id, struct err *err);
