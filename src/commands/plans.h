/* commands/plans.h -- calls that run later: --at and --every. */
#pragma once
#include "commands/path.h"
#include "engine/plans.h"

/* Was the call said with --at or --every? */
bool plan_wanted(const struct call *call);
/* Plans it instead of running it: the answer is in call->text, or call->err says why not. What asks for a confirmation is asked now. */
void plan_call(struct call *call);
/* Of the outbox: it runs as its owner, whose rights are looked at anew. */
MUST_USE bool plan_run(struct work *w, int64_t plan_id, struct str late, struct err *err);
/* An object. */
void plan_write(struct work *w, struct json_out *o, const struct plan *p);
