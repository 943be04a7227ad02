/* store/audit.h -- who did what: one hash chain for each home, in which every record carries the hash of the one before. */
#pragma once
#include "base/crypt.h"
#include "store/db.h"

struct audit_record {
	int64_t home_id, seq, id, workspace_id, actor_id;
	wall_ms at;
	struct str action, via, result;
	struct str detail; /* a JSON object */
	struct str prev_hash, hash;
};
/* Appends to the home's chain; fills seq, prev_hash and hash. */
MUST_USE bool store_audit_add(struct db *db, struct arena *a, struct audit_record *r, struct err *err);
struct audit_filter {
	int64_t before_id; /* 0: from the newest */
	wall_ms since, until;
	int64_t actor_id;
	struct str action, text;
	unsigned limit;
};
MUST_USE bool store_audit_search(struct db *db, struct arena *a, int64_t workspace_id, const struct audit_filter *f, struct audit_record **out, size_t *count,
				 struct err *err);
struct audit_fault {
	int64_t home_id, seq;
	struct str why;
};
/* Reads every chain and reckons every hash anew. */
MUST_USE bool store_audit_verify(struct db *db, struct arena *a, int64_t *records, int64_t *chains, struct audit_fault **out, size_t *count, struct err *err);
