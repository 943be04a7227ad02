/* store/audit.h -- who did what: one hash chain for each home, and the signed checkpoints over all of them.
 *
 * What is hashed and how it is checked says ops/audit_chain.h.
 */
#pragma once
#include "ops/audit_chain.h"
#include "store/db.h"

/* Appends to the home's chain; fills seq, prev_hash and hash, and masks what is secret in the detail (base/mask.h). */
MUST_USE bool store_audit_add(struct db *db, struct arena *a, struct audit_record *r, struct err *err);

struct audit_filter {
	int64_t before_id; /* 0: from the newest */
	int64_t id;        /* this one alone; 0: any */
	wall_ms since, until;
	int64_t actor_id;
	struct str action, result, via; /* the whole word */
	struct str channel; /* as it is called in the detail: C0C8QJ4V2G00 */
	struct str from;    /* an address */
	struct str rule;    /* the beginning of the detail's `rule` */
	struct str text;    /* anywhere in the detail or the action; ASCII letters in either case */
	unsigned limit;
};
/* Newest first. */
MUST_USE bool store_audit_search(struct db *db, struct arena *a, int64_t workspace_id, const struct audit_filter *f, struct audit_record **out, size_t *count,
				 struct err *err);
/* In the order of their ids. */
MUST_USE bool store_audit_from(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct audit_record **out, size_t *count,
			       struct err *err);
/* How far somebody has read: the last record, and the last checkpoint. */
struct audit_cursor {
	int64_t id, checkpoint;
};
/* Goes on from the cursor: at most `limit` records up to until_id, each checkpoint behind the last record that it covers, those of the
 * cursor's record itself first. on() gets the one or the other, and says whether to go on; the cursor follows. */
MUST_USE bool store_audit_walk(struct db *db, struct arena *a, int64_t workspace_id, struct audit_cursor *cursor, int64_t until_id, unsigned limit,
			       bool (*on)(void *context, const struct audit_record *r, const struct audit_checkpoint *c), void *context, struct err *err);
int64_t store_audit_last(struct db *db, int64_t workspace_id); /* its id; 0: there is none */

/* Makes the next checkpoint if there is something new: over at most AUDIT_CHECKPOINT_MOST records more. *out.no 0: nothing was new. */
#define AUDIT_CHECKPOINT_MOST 100000
MUST_USE bool store_audit_checkpoint(struct db *db, struct arena *a, int64_t workspace_id, wall_ms now, const struct secret *seed, struct audit_checkpoint *out,
				     struct err *err);
bool store_audit_checkpoint_last(struct db *db, struct arena *a, int64_t workspace_id, struct audit_checkpoint *out, struct err *err);

/* Hands every record, checkpoint and head to the verifier. */
MUST_USE bool store_audit_verify(struct db *db, int64_t workspace_id, struct audit_verifier *v, struct err *err);
