/* engine/plans.h -- planned calls when their time has come: what runs goes into the outbox, what was missed is told.
 *
 * What is due is ops/plan.h's; the run itself is commands/plans.c's, from a row of the outbox: at most once.
 */
#pragma once
#include "engine/engine.h"
#include "ops/plan.h"

#define TIMER_PLAN "plan"        /* of timers */
#define KIND_PLAN_RUN "plan.run" /* of outbox rows: its time has come. payload: what is to be said of its being late, "" if it is not */

/* Keeps it: fills id, workspace_id, code, created. p->next is set. ERR_TOO_MANY. */
MUST_USE bool plan_add(struct work *w, struct plan *p, struct err *err);
MUST_USE bool plan_end(struct work *w, const struct plan *p, struct err *err);
/* By "P-3" or "p-3". ERR_NOT_FOUND. */
MUST_USE bool plan_named(struct work *w, struct str code, struct plan *out, struct err *err);
/* Where it was planned, or to its owner alone. */
MUST_USE bool plan_tell(struct work *w, const struct plan *p, struct str text, struct err *err);

/* For the timers. */
MUST_USE bool plan_due(struct work *w, int64_t id, wall_ms *again_at);
