/* store/journal.h -- what must happen later (outbox, timers), and what was answered (idempotency).
 *
 * A due row is claimed by a guarded UPDATE that pushes its due time forward as a lease and raises its fence; only who
 * knows the fence completes it. So a row runs again after a crash, and never twice at once.
 */
#pragma once
#include "base/crypt.h"
#include "store/audit.h"
#include "store/db.h"

struct due_row {
	int64_t home_id, id, fence;
	int attempts;
	struct str kind, payload;
};
enum due_table { DUE_OUTBOX, DUE_TIMER };

MUST_USE bool store_due_add(struct db *db, enum due_table t, int64_t home_id, int64_t id, wall_ms due, const char *kind, struct str payload, struct err *err);
MUST_USE bool store_due_list(struct db *db, struct arena *a, enum due_table t, wall_ms now, unsigned limit, struct due_row **out, size_t *count, struct err *err);
/* The next due time; 0: nothing waits. */
wall_ms store_due_next(struct db *db, enum due_table t);
/* Claims until lease_until; on success row->fence is ours. false with ERR_NONE: somebody else has it. */
MUST_USE bool store_due_claim(struct db *db, enum due_table t, struct due_row *row, wall_ms lease_until, int64_t claim_id, struct err *err);
/* Completes. ERR_CONFLICT: fenced off, somebody else has it by now; undo. */
MUST_USE bool store_due_done(struct db *db, enum due_table t, const struct due_row *row, struct err *err);
MUST_USE bool store_due_later(struct db *db, enum due_table t, const struct due_row *row, wall_ms due, struct err *err);
MUST_USE bool store_outbox_refused(struct db *db, const struct due_row *row, struct err *err);
/* At the start of the only node: what was claimed before it ended is due now. */
MUST_USE bool store_due_release(struct db *db, wall_ms now, struct err *err);
/* The waiting outbox rows of one kind. */
struct outbox_key {
	int64_t home_id, id, fence;
	wall_ms due;
};
MUST_USE bool store_outbox_of_kind(struct db *db, struct arena *a, const char *kind, struct outbox_key **out, size_t *count, struct err *err);
/* Its payload from now on. */
MUST_USE bool store_outbox_keep(struct db *db, const struct due_row *row, struct str payload, struct err *err);
/* How many rows of this kind wait, counted up to `most`. */
int64_t store_outbox_count(struct db *db, int64_t home_id, const char *kind, int64_t most);
/* Those that wait for long are due now; not those that are under way. */
MUST_USE bool store_outbox_hurry(struct db *db, int64_t home_id, const char *kind, wall_ms now, struct err *err);
/* Waits a row of this kind and payload for its first turn? */
bool store_outbox_waits(struct db *db, int64_t home_id, const char *kind, struct str payload);
/* Is one like it under way that is older? Then it waits, until store_outbox_forward() says that its turn has come. */
bool store_outbox_before(struct db *db, const struct due_row *row);
MUST_USE bool store_outbox_forward(struct db *db, const struct due_row *row, wall_ms now, struct err *err);
MUST_USE bool store_timer_drop(struct db *db, int64_t home_id, const char *kind, struct err *err);
bool store_timer_waits(struct db *db, int64_t home_id, const char *kind);
void store_outbox_waiting(struct db *db, int64_t *count, int64_t *oldest_id);

/* One answer to one key. find: false with ERR_NONE if the key is new; *same says whether the request is the same. */
bool store_idempotency_find(struct db *db, struct arena *a, int64_t home_id, struct str key, struct str request_hash, wall_ms now, bool *same,
			    struct str *result, struct err *err);
MUST_USE bool store_idempotency_add(struct db *db, int64_t home_id, struct str key, struct str request_hash, struct str result, wall_ms expires, struct err *err);
MUST_USE bool store_idempotency_purge(struct db *db, struct arena *a, wall_ms now, unsigned *purged, struct err *err);
