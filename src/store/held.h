/* store/held.h -- rows of calls that wait for a yes; to and from struct held (ops/approval.h). */
#pragma once
#include "ops/approval.h"
#include "store/db.h"

MUST_USE bool store_held_add(struct db *db, const struct held *h, struct err *err);
/* state, decided, decided_by, valid_until, why, outcome; only while the row is in `was`: ERR_CONFLICT else. */
MUST_USE bool store_held_turn(struct db *db, const struct held *h, enum held_state was, struct err *err);
MUST_USE bool store_held_preview(struct db *db, int64_t id, struct str preview, struct err *err);
/* false with ERR_NONE: there is none */
bool store_held_find(struct db *db, struct arena *a, int64_t id, struct held *out, struct err *err);
bool store_held_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct held *out, struct err *err); /* the newest of it */
/* The same calls of the same person: those that wait, and those whose approval still holds. */
bool store_held_same(struct db *db, struct arena *a, int64_t workspace_id, struct str hash, int64_t user_id, wall_ms now, struct held *out, struct err *err);
/* Newest first. state 0: all. */
MUST_USE bool store_held_list(struct db *db, struct arena *a, int64_t workspace_id, int state, int64_t before_id, unsigned limit, struct held **out, size_t *count, struct err *err);

MUST_USE bool store_held_vote(struct db *db, int64_t id, const struct held_vote *v, struct err *err); /* ERR_CONFLICT: they have voted */
MUST_USE bool store_held_votes(struct db *db, struct arena *a, int64_t id, struct held_vote **out, size_t *count, struct err *err);

struct held_copy {
	int64_t channel_id, thread_ts, message_ts;
};
MUST_USE bool store_held_copy_add(struct db *db, int64_t id, const struct held_copy *c, struct err *err);
MUST_USE bool store_held_copy_told(struct db *db, int64_t id, int64_t channel_id, int64_t message_ts, struct err *err);
MUST_USE bool store_held_copies(struct db *db, struct arena *a, int64_t id, struct held_copy **out, size_t *count, struct err *err);
