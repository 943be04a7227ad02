/* engine/runs.h -- calls of plugins under way: started, their lines kept, their message changed as they speak, their end.
 *
 * What carries a run out is a program (net/runner.h) or a request to a server (engine/runs_rpc.h). A run is written down before it starts
 * and once more when it ended; so it runs at most once. One that was under way when the daemon or the runner died is `unknown` and is not
 * run again. Every line is in the store before it is shown.
 *
 * Exit code 75 says "not now". If the order says how to do it again, the run is `waiting` then: it is tried again after 10 s, 1 min and
 * 5 min, by a timer that outlives a restart. It is one run all the time, with one log.
 */
#pragma once
#include "engine/chat.h"
#include "engine/runs_rpc.h"
#include "ops/run.h"

#define KIND_RUN "run"           /* of outbox rows: its message is behind */
#define TIMER_LISTINGS "listings" /* of timers: engine->listings_due */
#define TIMER_RUN "run.again" /* of timers: one that waits is tried again. payload: the order's `again` */

struct runs; /* the engine's; made by runs_new() */
struct runs_options {
	struct runner_options runner;
	span_ms tell_every; /* a message is changed at most so often while the program speaks; 0: a second */
};
/* Before the start. The programs' process is started with the first run. */
void runs_new(struct engine *e, const struct runs_options *options);
void runs_free(struct engine *e); /* ends what is under way */

struct run_order {
	struct runner_order program; /* argc 0: it is */
	struct rpc_order rpc;
	struct str again;            /* what engine->run_again needs to make this order once more; "": it is not tried again */
};
/* Keeps the run and starts it after the commit. r->id is an engine_id(); fills its code and state. The order, with all that it names, must be in the work's arena. */
MUST_USE bool runs_start(struct work *w, struct run *r, struct run_order *order, struct err *err);
/* For engine->run_again: one that waits. */
MUST_USE bool runs_start_again(struct work *w, struct run *r, struct run_order *order, struct err *err);
/* By "R-12" or its number. ERR_NOT_FOUND. */
MUST_USE bool runs_find(struct work *w, struct str ref, struct run *out, struct err *err);
/* Ends it: a program by TERM, then KILL; a request by closing the connection. ERR_CONFLICT: it is over. */
MUST_USE bool runs_cancel(struct work *w, const struct run *r, struct err *err);
/* At the start: what was under way is unknown now. */
MUST_USE bool runs_after_start(struct work *w, struct err *err);
void runs_write(struct work *w, struct json_out *o, const struct run *r); /* members of GET /v1/runs */
unsigned runs_under_way(struct engine *e); /* net thread */

/* For the timers. */
MUST_USE bool runs_due(struct work *w, int64_t id, struct str again);
/* For the outbox. */
struct due_row;
bool runs_render(struct work *w, const struct due_row *row, struct chat_post *post);
MUST_USE bool runs_told(struct work *w, const struct chat_post *post, int64_t message_ts);
/* What the button of a run's message says that it runs; "": there is none. */
struct str runs_button(struct work *w, int64_t id, unsigned index);
