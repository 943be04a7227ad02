/* engine/graph.h -- graphs of Prometheus' expressions, posted into channels and threads.
 *
 * Who wants one puts a row into the outbox. From there it goes like any message, but has to be made first: the answer is fetched
 * from the Prometheus of the settings and from nowhere else, read and drawn on a thread of libuv's pool, and its bytes are on
 * disk before the message is posted. While Prometheus does not answer it is asked again for two minutes; then, or when it says
 * no, the message says why there is no graph.
 */
#pragma once
#include "engine/chat.h"

#define GRAPH_SPAN_LEAST (5 * MINUTE)
#define GRAPH_SPAN_MOST (30 * DAY)
#define GRAPH_SPAN_USUAL (6 * HOUR)
#define KIND_GRAPH "graph" /* of outbox rows */

struct due_row;

/* Work thread. A person wants a graph of what they typed. */
struct graph_ask {
	int64_t channel_id, thread_ts; /* thread_ts 0: not in a thread */
	int64_t user_id;
	struct str expr;
	span_ms span;
};
MUST_USE bool graph_ask(struct work *w, const struct graph_ask *ask, struct err *err);

/* The same for an alert, into its thread, if the settings want it and the alert's generatorURL carries an expression: *asked.
 * Of the URL only the expression is taken. */
MUST_USE bool graph_ask_of_alert(struct work *w, int64_t home_id, int64_t channel_id, int64_t thread_ts, struct str generator_url, bool *asked, struct err *err);

/* For the outbox (due.c). */
bool graph_render(struct work *w, const struct due_row *row, struct chat_post *post);
void graph_send(struct chat_post *post);
/* Net thread, at the end: what is under way goes back into the outbox. */
void graphs_stop(struct engine *e);
