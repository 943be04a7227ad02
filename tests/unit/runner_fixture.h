/* tests/unit/runner_fixture.h -- a runner on the loop of this thread, and what it told of each run. Nothing sleeps: run_until() turns the
 * loop until what is waited for has happened; unit_run's limit ends what hangs.
 */
#pragma once
#include "net/runner.h"
#include "unit.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN 400

struct seen {
	struct buf out, err, events;
	unsigned lines, queued, started, ended, ours, cut;
	size_t ahead;
	int pid;
	struct runner_end end;
	char reason[400];
};

static struct seen seen[SEEN];
static struct buf logged, calls;
static uv_loop_t loop;
static struct runner *runner;
static struct runner_options options;
static unsigned ends;
static int64_t last_ended;
static void (*on_call_do)(int64_t id, int64_t call, struct str text);
static void (*on_line_do)(int64_t id);

static void saw_queued(void *context, int64_t id, size_t ahead)
{
	(void)context;
	seen[id].queued++;
	seen[id].ahead = ahead;
	ck_assert(!seen[id].started && !seen[id].ended);
}

static void saw_started(void *context, int64_t id, int pid)
{
	(void)context;
	seen[id].started++;
	seen[id].pid = pid;
	ck_assert(!seen[id].ended);
}

static void saw_line(void *context, int64_t id, const struct runner_line *line)
{
	struct seen *s = &seen[id];
	struct buf *to = line->event ? &s->events : line->err ? &s->err : &s->out;

	(void)context;
	ck_assert(s->started == 1 && !s->ended);
	s->lines++;
	s->ours += line->ours;
	s->cut += line->cut;
	buf_add(to, line->text);
	buf_char(to, '\n');
	if (on_line_do)
		on_line_do(id);
}

static void saw_call(void *context, int64_t id, int64_t call, struct str text)
{
	(void)context;
	ck_assert(!seen[id].ended);
	if (on_call_do)
		on_call_do(id, call, text);
}

static void saw_end(void *context, int64_t id, const struct runner_end *end)
{
	struct seen *s = &seen[id];

	(void)context;
	ck_assert_uint_eq(s->ended, 0);
	s->ended++;
	s->end = *end;
	snprintf(s->reason, sizeof s->reason, STR_FMT, STR_ARG(end->reason));
	ends++;
	last_ended = id;
}

static void saw_log(void *context, struct str plugin, struct str text)
{
	(void)context;
	buf_printf(&logged, STR_FMT ": " STR_FMT "\n", STR_ARG(plugin), STR_ARG(text));
}

static void runner_up(void)
{
	const struct runner_events events = {saw_queued, saw_started, saw_line, saw_call, saw_end, saw_log};

	runner = runner_new(&loop, &options, &events, NULL);
}

static void open_world(void)
{
	for (size_t i = 0; i < SEEN; i++) {
		buf_init(&seen[i].out, 128 * MIB);
		buf_init(&seen[i].err, 64 * MIB);
		buf_init(&seen[i].events, MIB);
	}
	buf_init(&logged, MIB);
	buf_init(&calls, MIB);
	uv_loop_init(&loop);
	runner_up();
}

static void close_world(void)
{
	runner_free(runner);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	for (size_t i = 0; i < SEEN; i++) {
		buf_done(&seen[i].out);
		buf_done(&seen[i].err);
		buf_done(&seen[i].events);
	}
	buf_done(&logged);
	buf_done(&calls);
}

/* With other options. */
static void runner_anew(void)
{
	runner_free(runner);
	uv_run(&loop, UV_RUN_DEFAULT);
	runner_up();
}

#define run_until(condition)                                                                                           \
	do {                                                                                                           \
		while (!(condition))                                                                                   \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
	} while (0)

static struct runner_order order(int64_t id, size_t argc, const struct str *argv)
{
	return (struct runner_order){.id = id, .plugin = S("p"), .argv = argv, .argc = argc, .limits = runner_default_limits};
}

/* Its words live as long as the test. */
static struct runner_order sh(int64_t id, const char *script)
{
	static struct str words[SEEN][3];

	words[id][0] = S("sh");
	words[id][1] = S("-c");
	words[id][2] = str_of(script);
	return order(id, 3, words[id]);
}

static void start(const struct runner_order *o)
{
	struct err err = {0};

	ck_assert_msg(runner_start(runner, o, &err), "%s", err.text);
}

/* Starts it and waits for its end. */
static struct seen *ran(const struct runner_order *o)
{
	start(o);
	run_until(seen[o->id].ended);
	return &seen[o->id];
}

static struct seen *ran_sh(int64_t id, const char *script)
{
	struct runner_order o = sh(id, script);

	return ran(&o);
}

/* Whether a word stands in this file ("cmdline", "environ") of any other process, as far as we may look. */
static bool somebody_has(const char *word, const char *file)
{
	struct dirent *entry;
	DIR *d = opendir("/proc");
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		char path[300], text[8192];
		size_t n = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, file);
		f = atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid() ? fopen(path, "r") : NULL;
		if (f) {
			n = fread(text, 1, sizeof text, f);
			fclose(f);
		}
		found = n && memmem(text, n, word, strlen(word));
	}
	if (d)
		closedir(d);
	return found;
}

/* Whether this system lets us make sandboxes. Says so once if not. */
static bool sandbox_works(void)
{
	const struct seen *s = ran_sh(SEEN - 1, "exit 0");

	if (s->end.code == RUNNER_NO_START)
		fprintf(stderr, "skipped: no sandbox here: %s\n", s->reason);
	else
		ck_assert_msg(s->end.code == 0, "%d %s " STR_FMT, s->end.code, s->reason, STR_ARG(buf_str(&s->err)));
	return s->end.code == 0;
}

#define needs_sandbox()                                                                                                \
	do {                                                                                                           \
		if (!sandbox_works())                                                                                  \
			return;                                                                                        \
	} while (0)
