/* engine/scheduled.h -- messages that are to be said later (Slack, chat.scheduleMessage): a row and a timer each. The work thread's. */
#pragma once
#include "engine/engine.h"
#include "store/marks.h"

#define TIMER_SCHEDULED "scheduled" /* of timers */
#define SCHEDULED_MAX 500           /* in a channel */

/* Fills id and created. "restricted_too_many". */
MUST_USE bool scheduled_add(struct work *w, struct scheduled *s, struct err *err);
MUST_USE bool scheduled_drop(struct work *w, const struct scheduled *s, struct err *err);
/* Its time has come: it is said, or its author is told why not. */
MUST_USE bool scheduled_due(struct work *w, int64_t id, wall_ms *again_at);
