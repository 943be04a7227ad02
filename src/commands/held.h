/* commands/held.h -- what must happen before a call may run: a reason, a second factor, a confirmation, an approval. */
#pragma once
#include "commands/path.h"
#include "ops/approval.h"

/* Are the verdict's needs met? true: run it. false: call->err says what is missing, or call->text that it waits for a yes. */
bool held_ready(struct call *call);
/* The same for a call that is planned: what must be confirmed is confirmed as `line`, with its times; an approval is asked for when they come. */
bool held_ready_to_plan(struct call *call, struct str line);
/* The same for several calls of one line, which are confirmed as one list: none may ask for an approval. canonical: one a line. */
bool held_ready_list(struct call *answer, struct call *calls, size_t count);
/* A broken glass is told and written down, with what came of it. */
void held_after(struct call *call);
/* Bit i: the person may say yes to need i of what the requester asked for. */
int64_t held_may_approve(struct work *w, const struct user *u, int64_t requester_id, const struct access_need *needs, size_t count);
/* Who asked, who may say yes, operators, and who may read the channel where it was said. */
bool held_visible(struct work *w, const struct held *h, const struct user *u);
bool held_waits_for(struct work *w, const struct held *h, const struct user *u);
/* As GET /v1/approvals lists it, for a person. */
void held_write_for(struct work *w, struct json_out *o, const struct held *h, const struct user *u);
/* Of the outbox: an approved call runs now, at most once. */
MUST_USE bool held_run(struct work *w, int64_t held_id, struct err *err);
