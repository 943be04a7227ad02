/* ops/lock.h -- who has a target for themselves (a deploy lock), who waits for it, and what may be done about it.
 *
 * Rules only: what happens to a lock is one table of state, event and effects; engine/locks.c carries them out. A target is a name
 * that people and pipelines agree on: an application, an environment, a host.
 */
#pragma once
#include "ops/command_spec.h"

#define LOCK_TARGET_MAX 80
#define LOCK_REASON_MAX 300
#define LOCK_FOR (2 * HOUR)          /* if nobody says how long */
#define LOCK_SHORTEST MINUTE
#define LOCK_LONGEST (30 * DAY)
#define LOCK_REMIND_BEFORE (10 * MINUTE)
#define LOCK_LONG (30 * MINUTE)      /* shorter ones end without a reminder */
#define LOCKS_MAX 1000
#define LOCK_QUEUE_MAX 50

/* Letters, digits and . _ - / : only, at most 80 bytes, in lower case: Web-Prod is web-prod. ERR_INVALID. */
MUST_USE bool lock_target_read(struct arena *a, struct str text, struct str *out, struct err *err);
/* The targets of a call, as lock_target_read() has them: of the parameter that spec->lock names, or that text itself; of a plugin's command
 * that names none, of its parameter `target`. What is no target's name can have no lock. */
size_t lock_targets_of(struct arena *a, const struct typed_call *call, struct str **out);

struct lock {
	int64_t id, workspace_id;       /* id: its home, from when the target is taken until it is free */
	struct str target;
	int64_t user_id;
	int64_t channel_id, thread_ts;  /* where it was asked for, and what becomes of it is told; 0: nowhere */
	struct str reason;
	wall_ms taken, until;
	bool reminded;
};

struct lock_wait {
	int64_t id, user_id, channel_id, thread_ts;
	struct str reason;
	wall_ms asked;
	span_ms span;
};

/* As who asks sees it. */
enum lock_state { LOCK_FREE, LOCK_MINE, LOCK_OTHERS, LOCK_AWAITED /* another's, and I wait for it */ };
enum lock_event { LOCK_ON_TAKE, LOCK_ON_QUEUE, LOCK_ON_STEAL, LOCK_ON_UNLOCK, LOCK_ON_EXPIRE /* by time: whose it is does not matter */ };
enum lock_effect {
	LOCK_FX_TAKE = 1,   /* it is the asker's from now on; who waited for it waits no more */
	LOCK_FX_EXTEND = 2, /* the asker keeps it for another time, for another reason if there is one */
	LOCK_FX_WAIT = 4,   /* the asker stands at the end of the queue; who stands there keeps their place */
	LOCK_FX_LEAVE = 8,  /* the asker waits no more */
	LOCK_FX_NEXT = 16,  /* the first of the queue has it; without one it is free */
	LOCK_FX_TELL = 32,  /* who had it is told */
};
/* false: it may not be; lock_refuse() says so. operator_asks: the asker is an operator. */
bool lock_rule(enum lock_state state, enum lock_event event, bool operator_asks, unsigned *effects);
/* ERR_CONFLICT, ERR_FORBIDDEN or ERR_NOT_FOUND with a sentence. holder: a name; NULL lock: it is free. */
void lock_refuse(struct arena *a, const struct lock *lock, struct str target, struct str holder, enum lock_event event, wall_ms now, struct err *err);
/* "web-prod is locked by ann until 15:00 UTC: release under way". mrkdwn, what others wrote is escaped. */
struct str lock_sentence(struct arena *a, const struct lock *lock, struct str holder, wall_ms now);
/* When its timer is due next: at the reminder, else at the end. */
wall_ms lock_due(const struct lock *lock);
