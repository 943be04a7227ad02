/* engine/heartbeats.h -- sources that must call every so often: the silence of one is an alert (a dead man's switch).
 *
 * Any delivery that a source's key lets in is a call. When it was last heard lives in memory: after a restart it has its time
 * anew. The work thread's.
 */
#pragma once
#include "engine/engine.h"

#define HEARTBEAT_LEAST MINUTE
#define HEARTBEAT_MOST (30 * DAY)
#define KIND_HEARTBEAT "heartbeat" /* of timers; the home is the source */

/* From the sources. What was heard of one that is known stays. */
MUST_USE bool heartbeats_load(struct engine *e, struct err *err);
void heartbeats_free(struct engine *e);
/* A source was made or changed: from now on it must be heard from so often, or need not any more. */
MUST_USE bool heartbeat_set(struct work *w, const struct source *s, struct err *err);
/* It called. Ends the alert, if it was late. */
MUST_USE bool heartbeat_heard(struct work *w, int64_t source_id);
/* The timer. */
MUST_USE bool heartbeat_check(struct work *w, int64_t source_id, wall_ms *again_at);
