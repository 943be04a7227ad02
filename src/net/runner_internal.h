/* net/runner_internal.h -- what the files of the runner's process share. It is one thread around epoll. */
#pragma once
#include "base/map.h"
#include "net/runner_lines.h"
#include "net/runner_wire.h"
#include "net/sandbox.h"

#include <sys/resource.h>

#define CALL_MAX (64 * KIB)
#define CALLS_AT_ONCE 8

/* A file that the loop looks at. on_ready may close any watch, also this one: nothing is freed before the round is over. */
struct watch {
	int fd; /* -1: closed */
	bool on; /* in the epoll set */
	void (*on_ready)(struct watch *w);
	void *owner;
};

struct process {
	int epoll;
	struct wire wire;
	struct watch socket, signals;
	struct sandbox sandbox;
	struct map runs; /* id: struct run */
	struct child *children;
	struct garbage *garbage; /* freed when the round is over */
	bool choked; /* the daemon is behind: children are not read */
	bool over;
	char folders[PATH_MAX]; /* what is under it is found under shown_at; "": nothing is */
	const char *shown_at;
	bool sees_memory; /* /proc is of the namespace that we are in */
	int64_t last_call;
	mono_ms look_at; /* next look at the memory */
};

/* A program's output. */
struct stream {
	struct watch watch;
	struct child *child;
	struct lines lines;
	bool err;
};

/* An order under way. */
struct run {
	struct run *next; /* of the same child */
	int64_t id;
	struct child *child;
	struct runner_limits limits;
	mono_ms began, deadline;
	size_t kept_bytes;
	uint64_t left_out_bytes;
	bool full, timed_out, cancelled;
};

/* A program. */
struct child {
	struct process *process;
	struct child *next;
	struct sandbox_child box;
	struct stream out, err;
	struct watch report;   /* of bwrap */
	struct buf reported;
	pid_t inside;          /* the sandbox's first process; 0: not known */
	bool reported_exit;
	bool reaped, killed, no_memory;
	int status;
	struct rusage used;    /* of all that has been reaped of it */
	char *held;            /* a first line on stderr that may be bwrap's; owned */
	bool spoke;            /* stderr is past that */
	struct runner_limits limits;
	char *plugin, *program; /* owned, for texts */
	struct run *runs;
	size_t run_count;
	mono_ms began, kill_at, give_up_at, idle_at; /* 0: not so */
	/* serve */
	char *key; /* NULL: exec */
	bool retired; /* takes no more orders */
	struct watch input;
	struct buf unsent;
	size_t sent;
	/* callbacks */
	struct watch door;
	char door_path[96];
	struct talk *talks;
	unsigned talk_count;
};

void watch_open(struct process *p, struct watch *w, int fd, uint32_t events, void (*on_ready)(struct watch *w), void *owner);
void watch_set(struct process *p, struct watch *w, uint32_t events); /* 0: not looked at for now */
void watch_close(struct process *p, struct watch *w);
void free_later(struct process *p, void *memory);

/* runner_apart.c: before anything is opened or started. With SANDBOX_OFF only root is given up, with SANDBOX_PODMAN
 * nothing is. *shown_at: where `folders` is seen now, or NULL. false: it must not go on. */
MUST_USE bool apart_settle(const char *folders, enum sandbox_kind kind, const char **shown_at, bool *own_processes);

/* runner_door.c: the callback socket */
MUST_USE bool door_open(struct child *c, int64_t id);
void door_close(struct child *c);
void door_answer(struct child *c, int64_t run, int64_t call, struct str text);
void door_run_ended(struct child *c, int64_t run);
