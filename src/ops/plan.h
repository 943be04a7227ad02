/* ops/plan.h -- a call that runs later, once or again and again.
 *
 * Rules only. A planned call is frozen: its canonical text, with what every command takes. Its times keep their beat: one that runs late
 * moves no later one.
 */
#pragma once
#include "base/time.h"

#define PLAN_EVERY_LEAST MINUTE
#define PLAN_AHEAD_MOST (366 * DAY)  /* of its first time, and of the span between two */
#define PLAN_LATE_MOST HOUR          /* what is later than that does not run any more */
#define PLANS_MAX 1000
#define PLANS_OF_ONE_MAX 100

struct plan {
	int64_t id, workspace_id;      /* id: its home */
	struct str code;               /* "P-3" */
	int64_t user_id;               /* whose it is: it runs as theirs */
	int64_t channel_id, thread_ts; /* where it was planned, and its answers go; 0: nowhere */
	int scope;                     /* enum scope */
	struct str line;               /* canonical, with --reason and such */
	bool confirmed;                /* its owner said yes to it when it was planned */
	span_ms mfa_age;               /* how old the owner's second factor was then; -1: there was none */
	span_ms every;                 /* 0: once */
	wall_ms next;                  /* 0: its last time has come, it runs or has run */
	wall_ms created;
	int64_t runs;
};

/* The first time, of what was said with --at and --every (0: not said). ERR_INVALID. late_ok: it waited for a confirmation meanwhile, so a
 * time that has passed is now. */
MUST_USE bool plan_first(wall_ms at, span_ms every, wall_ms now, bool late_ok, wall_ms *first, struct err *err);

struct plan_turn {
	bool run;       /* now, once, however many times have passed */
	span_ms late;   /* how long ago the time was for which it runs */
	int64_t missed; /* times that have passed and do not run */
	wall_ms next;   /* 0: that was the last */
};
/* What is to be done when next is due: now >= next. */
void plan_turn_at(wall_ms next, span_ms every, wall_ms now, struct plan_turn *out);
