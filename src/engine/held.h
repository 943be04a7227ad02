/* engine/held.h -- calls that wait for a yes: kept, told in channels with buttons, reminded of, and expired when nobody answers.
 *
 * What is decided is ops/approval.h's; who may and what runs then is commands/held.c's. Each change edits every message that was
 * posted of it and says in their threads what came of it.
 */
#pragma once
#include "engine/chat.h"
#include "ops/approval.h"

#define TIMER_HELD "held"        /* of timers: it is reminded of, or expires */
#define KIND_HELD "held"         /* of outbox rows: a message is behind */
#define KIND_HELD_RUN "held.run" /* the yes is there: commands/ runs it */

/* Keeps it and asks: in `channels` (0: nowhere there). Fills id, code, state, created. h->expires is set. */
MUST_USE bool held_add(struct work *w, struct held *h, const int64_t *channels, size_t channel_count, struct err *err);
/* By "A-17", "k7qx" or its number. ERR_NOT_FOUND. */
MUST_USE bool held_find(struct work *w, struct str ref, struct held *out, struct err *err);
/* Carries an event out. by: who, 0: time. why: a sentence, "" for none. ERR_CONFLICT: somebody was first. */
MUST_USE bool held_turn(struct work *w, struct held *h, enum held_event event, int64_t by, struct str why, struct err *err);
/* The messages say something else now: a vote came, a preview. */
MUST_USE bool held_tell(struct work *w, const struct held *h, struct err *err);
void held_write(struct work *w, struct json_out *o, const struct held *h); /* as GET /v1/approvals has it */

/* For the outbox and the timers. */
struct due_row;
bool held_render(struct work *w, const struct due_row *row, struct chat_post *post);
MUST_USE bool held_told(struct work *w, const struct chat_post *post, int64_t message_ts);
MUST_USE bool held_due(struct work *w, int64_t id, wall_ms *again_at);
