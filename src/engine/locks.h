/* engine/locks.h -- deploy locks: taken, kept, waited for, given up, and ended by time; whoever it concerns is told with a mention.
 *
 * What may be done is ops/lock.h's. A lock is its own home; its timer reminds of the end and ends it.
 */
#pragma once
#include "base/json.h"
#include "engine/engine.h"
#include "ops/lock.h"

#define TIMER_LOCK "lock" /* of timers */

struct lock_ask {
	struct str target;    /* as lock_target_read() has it */
	int64_t user_id;
	bool operator_asks;
	int64_t channel_id, thread_ts;
	struct str reason;    /* "": as it was */
	span_ms span;         /* 0: as it was, or LOCK_FOR */
};

struct lock_done {
	unsigned effects;     /* of enum lock_effect */
	struct lock lock;     /* as it is now; user_id 0: free */
	int64_t had;          /* who had it before; 0: nobody */
	size_t place;         /* in the queue, from 1; 0: not in it */
};

/* Carries an event out. ERR_CONFLICT, ERR_FORBIDDEN, ERR_NOT_FOUND: as lock_refuse(); ERR_INVALID: no reason; ERR_TOO_MANY. */
MUST_USE bool locks_do(struct work *w, const struct lock_ask *ask, enum lock_event event, struct lock_done *out, struct err *err);
/* May the person go ahead with the target? ERR_CONFLICT: somebody else has it. */
MUST_USE bool locks_let(struct work *w, struct str target, int64_t user_id, struct err *err);
/* An object, with the queue. */
MUST_USE bool lock_write(struct work *w, struct json_out *o, const struct lock *lock, struct err *err);
/* A list of those of one target, or of all ("" ). */
MUST_USE bool locks_write(struct work *w, struct json_out *o, struct str target, struct err *err);

/* For the timers. */
MUST_USE bool locks_due(struct work *w, int64_t id, wall_ms *again_at);
