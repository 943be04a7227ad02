/* commands/listings.h -- which commands the servers of rpc plugins have: asked of them every 10 s, kept beside each plugin as listing.json.
 *
 * A server that does not answer is asked less often, x 1.5 each time up to an hour; that it does not is logged once, and so is that it
 * does again. What it names is looked at before it is kept: a listing that cannot be taken leaves in force what was.
 *
 * When it is asked is the work thread's (a timer in the store); the net thread carries the question, a thread of libuv's pool writes the file.
 */
#pragma once
#include "engine/engine.h"

struct listings;

/* reread: net thread; a listing was written, the rulebook is to be read again. */
struct listings *listings_new(struct engine *e, uv_loop_t *loop, void (*reread)(void *context), void *context);
void listings_free(struct listings *l); /* NULL is fine; the work thread has ended */
/* Work thread: all are asked at once, and as often as at first. After the rulebook was read, or a secret was set. */
MUST_USE bool listings_now(struct work *w, struct err *err);
/* Work thread: why the server's listing cannot be had or taken; "": it can. */
struct str listings_fault(const struct engine *e, struct str plugin);
/* For engine->listings_due. */
MUST_USE bool listings_ask(struct work *w, wall_ms *again_at);
