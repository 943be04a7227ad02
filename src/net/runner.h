/* net/runner.h -- runs programs of plugins, each in a sandbox, in a process of its own (`opsroomd --runner`).
 *
 * That process has no database, no token, no environment and no file of ours: it gets an order (program, arguments, input, limits) over a
 * socket and answers with lines and an end. It is started with the first order, and anew when it dies. It ends with its parent, and all
 * that it started ends with it. Here, on the net thread, are the queue (in order of arrival; a plugin at its limit holds up no other), and
 * what is under way. Nothing is run twice: what was under way when the process died ends as `unknown`.
 *
 * What a program finds (net/sandbox.h): its folder at /plugin, where it starts, unless it has none (then /tmp); argv[0] is looked up in
 * /usr/local/bin, /usr/bin and /bin unless it has a slash ("./deploy"). Its input on stdin, then the end of file. An environment of PATH,
 * HOME=/tmp, LANG=C.UTF-8, OPSROOM_SECRETS (the folder of its secrets) and what the order gives.
 *
 * Its output is cut into lines as they come. Nothing is lost: who does not take them (runner_hold) makes the programs wait in write().
 * Over limits.line_bytes the rest of a line is left out; over limits.output_bytes all further output is, and a last line says so.
 *
 * Callback (order.callback): a unix socket, whose path is in OPSROOM_SOCKET. A line in is one call, a line back its answer; the next
 * line of the same connection is read when the call is answered. Eight connections at once, others wait. 64 KiB a line.
 *
 * Serve (order.serve): one long-lived program for all orders with the same key, say the digest of a plugin's version; argv, folder, env,
 * secrets and limits are those of the order that starts it. An order's input is then one line, a JSON document that names the run by its
 * id, and the program answers on stdout, a line each, in any order:
 *     {"id":"17","line":"text"}   {"id":"17","err":"text"}   {"id":"17","event":{...}}   {"id":"17","exit":0}
 * A run that is cancelled is told as {"cancel":"17"}. One that overruns its time ends the program, and so does a cancelled one after 5 s;
 * it is started again by the next order. What else was under way then ends with code 70. On stderr it speaks for the one run under way;
 * while there are more or none, that goes to on_log. A call of the callback names its run: {"run":"17", ...}, needed only when there are
 * more than one. Ten minutes without an order end the program.
 *
 * Container (order.image): the same by `podman run --pull=never`, for programs that need a file system of their own; by a second process,
 * because podman needs what the other one has given up. Should that process be killed, containers run on to their time limit and 10 s.
 *
 * All of this is for the loop's thread.
 */
#pragma once
#include "base/time.h"

#include <uv.h>

#define RUNNER_ARGUMENT "--runner"
int runner_main(void); /* of the process; what main() returns */

#define RUNNER_SECRETS 32 /* of one order */

struct runner;

/* Exit codes that are ours; others are the program's, 128 + n for signal n. */
enum runner_code {
	RUNNER_CRASHED = 70,       /* serve: the program ended before it answered */
	RUNNER_TIMED_OUT = 124,
	RUNNER_NO_START = 125,     /* no sandbox; `reason` says why and what to do */
	RUNNER_NOT_RUNNABLE = 126, /* as in sh: found, but cannot be run */
	RUNNER_NOT_FOUND = 127,
};

struct runner_limits {
	span_ms time;           /* then TERM, 5 s later KILL, to all that it started */
	size_t memory_bytes;    /* of data in each process (RLIMIT_DATA), and about twice of all together, looked at once a second */
	unsigned processes, files;
	size_t line_bytes, output_bytes;
	unsigned at_once;       /* runs of the same plugin */
};
/* 60 s, 256 MiB, 64 processes, 256 files, lines of 64 KiB, output of 8 MiB, 4 at once. No value may be 0. */
extern const struct runner_limits runner_default_limits;

struct runner_secret {
	struct str name, content; /* a file of this name, mode 0400, in memory alone: never in an argument or on disk */
};

struct runner_order {
	int64_t id;               /* not 0, never used twice */
	struct str plugin;        /* whose limit at_once counts; up to 200 bytes */
	const struct str *argv;   /* at least one */
	size_t argc;
	const char *folder;       /* of the plugin, absolute; NULL: none. Seen read-only */
	const struct str *env;    /* "NAME=value" */
	size_t env_count;
	struct str input;
	const struct runner_secret *secrets;
	size_t secret_count;
	struct str serve, image;  /* "": not so */
	bool network;             /* the host's; otherwise none at all */
	bool callback;
	struct runner_limits limits;
};

struct runner_line {
	struct str text;  /* without its line feed; any bytes; valid during the call */
	bool err;         /* of stderr */
	bool event;       /* serve: the JSON text of an event */
	bool cut;         /* its rest is left out */
	bool ours;        /* says that further output is left out */
};

struct runner_end {
	int code;
	bool timed_out, cancelled;
	bool unknown;            /* the runner died: nobody knows how far it came; code is RUNNER_NO_START */
	struct str reason;       /* "" or one sentence for people; valid during the call */
	uint64_t left_out_bytes; /* of output */
	span_ms wall, cpu;       /* from start to end; 0 if it did not start. cpu and memory are 0 for serve and containers */
	uint64_t max_rss_bytes;  /* of its largest process */
};

/* For each order that was taken: on_queued at most once, on_started at most once, then lines and calls, and on_end exactly once, the last.
 * None comes from within a call to the runner. In each of them all calls but runner_free() are allowed. Each may be NULL. */
struct runner_events {
	void (*on_queued)(void *context, int64_t id, size_t ahead);
	void (*on_started)(void *context, int64_t id, int pid); /* as the runner sees it: a name in logs, not one to kill by */
	void (*on_line)(void *context, int64_t id, const struct runner_line *line);
	void (*on_call)(void *context, int64_t id, int64_t call, struct str text);
	void (*on_end)(void *context, int64_t id, const struct runner_end *end);
	void (*on_log)(void *context, struct str plugin, struct str text); /* what belongs to no run; for the daemon's log */
};

struct runner_options {
	unsigned at_once;    /* 0: 16 */
	unsigned queued_max; /* 0: 1000 */
	bool sandbox_off;    /* a system without namespaces: limits, no_new_privs and, started by root, the user nobody are all there is */
	const char *path;    /* where bwrap and podman are looked for; NULL: /usr/bin:/bin:/usr/local/bin */
	const char *folders; /* absolute; the folder under which those of all plugins lie; NULL: anywhere. A daemon started by root must name
			      * it unless the user nobody can reach them: it is what it shows to its runner, which has given up root */
};

struct runner *runner_new(uv_loop_t *loop, const struct runner_options *options, const struct runner_events *events, void *context);
/* Ends all that is under way, without a word about it. */
void runner_free(struct runner *r);

/* Copies what it needs. ERR_INVALID, ERR_TOO_BIG (8 MiB of input, 1 MiB of secrets, 1 MiB of all else), ERR_TOO_MANY (the queue
 * is full), ERR_CONFLICT (an order of this id is under way). */
MUST_USE bool runner_start(struct runner *r, const struct runner_order *order, struct err *err);
/* Waiting: it ends at once with code 143, as one that was told to end. Running: TERM, 5 s later KILL. false: there is none. */
bool runner_cancel(struct runner *r, int64_t id);
/* `call` as in on_call; text without a line feed. What is answered to a run that has ended is dropped. */
void runner_answer(struct runner *r, int64_t id, int64_t call, struct str text);
/* true: take no more lines until false, so that programs wait. For a net thread whose work thread is behind. */
void runner_hold(struct runner *r, bool hold);
void runner_counts(const struct runner *r, size_t *running, size_t *queued);
pid_t runner_pid(const struct runner *r); /* of the process; 0: there is none now */
