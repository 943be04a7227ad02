/* store/locks.h -- rows of deploy locks and of who waits for them; to and from the structs of ops/lock.h. */
#pragma once
#include "ops/lock.h"
#include "store/db.h"

MUST_USE bool store_lock_add(struct db *db, const struct lock *l, struct err *err); /* ERR_CONFLICT: somebody has it */
MUST_USE bool store_lock_set(struct db *db, const struct lock *l, struct err *err); /* all but id and target */
MUST_USE bool store_lock_drop(struct db *db, const struct lock *l, struct err *err);
/* false with ERR_NONE: it is free */
bool store_lock_find(struct db *db, struct arena *a, int64_t workspace_id, struct str target, struct lock *out, struct err *err);
bool store_lock_by_id(struct db *db, struct arena *a, int64_t id, struct lock *out, struct err *err);
MUST_USE bool store_lock_list(struct db *db, struct arena *a, int64_t workspace_id, struct lock **out, size_t *count, struct err *err); /* by target */

MUST_USE bool store_lock_wait_add(struct db *db, int64_t lock_id, const struct lock_wait *w, struct err *err);
MUST_USE bool store_lock_wait_set(struct db *db, int64_t lock_id, const struct lock_wait *w, struct err *err); /* all but who and when */
MUST_USE bool store_lock_wait_drop(struct db *db, int64_t lock_id, int64_t wait_id, struct err *err);
MUST_USE bool store_lock_waits(struct db *db, struct arena *a, int64_t lock_id, struct lock_wait **out, size_t *count, struct err *err); /* who is first comes first */
