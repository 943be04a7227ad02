/* ops/run.h -- a run: one execution of a plugin's command, from its order to its end. Kept with every line that it said. */
#pragma once
#include "base/time.h"

/* waiting: it could not be done now, and is tried again by itself; nothing is under way. */
enum run_state { RUN_QUEUED = 1, RUN_RUNNING, RUN_WAITING, RUN_DONE, RUN_FAILED, RUN_TIMED_OUT, RUN_CANCELLED, RUN_UNKNOWN };
const char *run_state_name(enum run_state s);
bool run_state_parse(struct str text, enum run_state *out);
static inline bool run_is_over(enum run_state s)
{
	return s >= RUN_DONE;
}

struct run {
	int64_t id, workspace_id; /* id: its home */
	struct str code;          /* "R-12" */
	enum run_state state;
	int64_t user_id, channel_id, thread_ts;
	struct str via;
	int scope;
	struct str plugin, version, digest; /* what ran: SHA-256 over the plugin's files */
	struct str words;         /* "deploy start" */
	struct str call;          /* canonical */
	struct str line;          /* as it was typed */
	struct str reason;        /* why it was asked for */
	struct str then;          /* what stands behind it in the pipe */
	int64_t held_id;          /* the request that was approved, or whose preview this makes; 0: none */
	bool dry_run;
	wall_ms created, started, ended;
	int exit_code;
	struct str why;           /* of an end that needs words */
	struct str shown;         /* what its message says, mrkdwn */
	struct str progress;      /* "40 % copying" while it runs */
	struct str buttons;       /* JSON list of {label, command} */
	struct str output_hash;   /* SHA-256 over its lines, each with a line feed */
	int64_t lines, bytes;
	int64_t message_ts;       /* 0: not told yet */
	int tries;                /* how often it was tried again, with the one that it waits for */
	wall_ms again_at;         /* waiting: when */
};

#define RUN_TRIES_MAX 3
/* How long one that said "not now" waits before it is tried again, after so many tries; 0: no more. */
span_ms run_again_after(int tries);

struct run_line {
	int64_t seq;              /* from 1 */
	wall_ms at;
	int stream;               /* 1 out, 2 err, 3 ours */
	struct str text;
};
