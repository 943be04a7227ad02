/* store/silences.h -- rows of silences and maintenance windows. */
#pragma once
#include "ops/silence.h"
#include "store/db.h"

MUST_USE bool store_silence_add(struct db *db, struct arena *a, int64_t workspace_id, const struct silence *s, struct err *err);
/* All but the matchers, which stay. */
MUST_USE bool store_silence_set(struct db *db, int64_t workspace_id, const struct silence *s, struct err *err);
/* Those that end after `since`. Their texts are in the arena; each one's matchers_done() is owed by the caller, also on failure. */
MUST_USE bool store_silence_list(struct db *db, struct arena *a, int64_t workspace_id, wall_ms since, unsigned limit, struct silence **out, size_t *count, struct err *err);
MUST_USE bool store_silence_drop(struct db *db, int64_t workspace_id, wall_ms ended_before, struct err *err);
