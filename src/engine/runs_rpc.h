/* engine/runs_rpc.h -- runs whose work is a call of a Chatops RPC server (ops/plugin_rpc.h): a queue, a signature, one POST, one answer.
 *
 * A call is sent once: not again over another connection, not after an error. It is signed when its turn comes, because the signature says
 * when it was made and the server looks at that; a thread of libuv's pool does it. All of this is for the loop's thread.
 */
#pragma once
#include "net/runner.h"
#include "ops/plugin_rpc.h"

struct rpc_runs;

struct rpc_order {
	int64_t id;                   /* of the run */
	struct str plugin;            /* whose limit at_once counts */
	struct str url, body;
	struct str key, key_id;       /* the private key (PEM), what the server calls it */
	struct str error_response;    /* what people are told when the server fails without a word */
	span_ms time;                 /* the whole exchange */
	unsigned at_once;
};

/* For each order that was taken: on_started at most once, then on_answer or on_end, once. on_end: there is no answer. */
struct rpc_events {
	void (*on_started)(void *context, int64_t id, int pid);
	void (*on_answer)(void *context, const struct rpc_order *order, int status, struct str body, span_ms wall);
	void (*on_end)(void *context, int64_t id, const struct runner_end *end);
};

struct rpc_runs *rpc_runs_new(uv_loop_t *loop, unsigned at_once, const struct rpc_events *events, void *context);
void rpc_runs_free(struct rpc_runs *r); /* NULL is fine; without a word about what is under way */
/* Copies what it needs. ERR_TOO_MANY: 1000 wait. */
MUST_USE bool rpc_runs_start(struct rpc_runs *r, const struct rpc_order *order, struct err *err);
/* Waiting: it ends. Sent: the connection is closed and it ends; the server is not told. false: there is none. */
bool rpc_runs_cancel(struct rpc_runs *r, int64_t id);
