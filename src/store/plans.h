/* store/plans.h -- rows of planned calls; to and from struct plan (ops/plan.h). */
#pragma once
#include "ops/plan.h"
#include "store/db.h"

MUST_USE bool store_plan_add(struct db *db, const struct plan *p, struct err *err);
MUST_USE bool store_plan_turn(struct db *db, const struct plan *p, struct err *err); /* next and runs */
MUST_USE bool store_plan_drop(struct db *db, int64_t id, struct err *err);
/* false with ERR_NONE: there is none */
bool store_plan_find(struct db *db, struct arena *a, int64_t id, struct plan *out, struct err *err);
bool store_plan_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct plan *out, struct err *err);
MUST_USE bool store_plan_list(struct db *db, struct arena *a, int64_t workspace_id, struct plan **out, size_t *count, struct err *err); /* the next first */
MUST_USE bool store_plan_count(struct db *db, int64_t workspace_id, int64_t user_id, int64_t *all, int64_t *of_user, struct err *err);
