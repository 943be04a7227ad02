/* store/mfa.h -- rows of second factors; to and from struct mfa (ops/mfa.h). When a code was given is kept with the session or the token. */
#pragma once
#include "ops/mfa.h"
#include "store/db.h"

bool store_mfa_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct mfa *out, struct err *err); /* false with ERR_NONE: none */
MUST_USE bool store_mfa_put(struct db *db, const struct mfa *m, struct err *err); /* anew, in the place of one that is there */
MUST_USE bool store_mfa_set(struct db *db, const struct mfa *m, struct err *err); /* confirmed, last_step, wrong, wrong_since */
/* The factor, its recovery codes, and what was ever given with it. */
MUST_USE bool store_mfa_drop(struct db *db, int64_t workspace_id, int64_t user_id, struct err *err);

MUST_USE bool store_recovery_add(struct db *db, int64_t workspace_id, int64_t user_id, struct str hash, struct err *err);
bool store_recovery_use(struct db *db, int64_t workspace_id, int64_t user_id, struct str hash, wall_ms now, struct err *err); /* false with ERR_NONE: none such is left */
int64_t store_recovery_left(struct db *db, int64_t workspace_id, int64_t user_id);

MUST_USE bool store_session_mfa(struct db *db, int64_t workspace_id, struct str hash, wall_ms at, struct err *err);
MUST_USE bool store_token_mfa(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms at, struct err *err);
