/* tests/bench/runner.c -- what the runner adds to a program: `runner N [off]` prints `RUNNER plain=MS exec=MS serve=MS pipe=MS each=MS`, medians of N:
 *
 *     plain   posix_spawn of sh, which reads a line and writes one; until it has ended
 *     exec    the same as an order, in the sandbox; until on_end
 *     serve   an order to a program that runs already; until on_end
 *     pipe    a line to the same program by hand, and its answer
 *     each    exec with 16 under way: time for all by their number
 *
 * off: without the sandbox.
 */
#include "base/mem.h"
#include "net/runner.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE_LINE "read line; echo ok"

static uv_loop_t loop;
static struct runner *runner;
static unsigned ends;
static int bad;

static void on_end(void *context, int64_t id, const struct runner_end *end)
{
	(void)context, (void)id;
	ends++;
	if (end->code) {
		fprintf(stderr, "code %d: " STR_FMT "\n", end->code, STR_ARG(end->reason));
		bad = 1;
	}
}

/* The program that serves: it answers each document with its exit. */
static int serve(void)
{
	char line[4096];

	setvbuf(stdout, NULL, _IOLBF, sizeof line);
	while (fgets(line, sizeof line, stdin)) {
		long long id = 0;

		if (sscanf(line, "{\"id\":\"%lld", &id) == 1)
			printf("{\"id\":\"%lld\",\"exit\":0}\n", id);
	}
	return 0;
}

static void spawn_with_pipes(char *const argv[], pid_t *pid, int ours[2])
{
	char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	posix_spawn_file_actions_t files;
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		exit(1);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in[0], 0);
	posix_spawn_file_actions_adddup2(&files, out[1], 1);
	if (posix_spawnp(pid, argv[0], &files, NULL, argv, env) != 0)
		exit(1);
	posix_spawn_file_actions_destroy(&files);
	close(in[0]);
	close(out[1]);
	ours[0] = in[1];
	ours[1] = out[0];
}

static void plain(void)
{
	char *const argv[] = {"sh", "-c", ONE_LINE, NULL};
	char bytes[64];
	int ours[2];
	pid_t pid;

	spawn_with_pipes(argv, &pid, ours);
	if (write(ours[0], "{}\n", 3) != 3)
		exit(1);
	close(ours[0]);
	while (read(ours[1], bytes, sizeof bytes) > 0)
		;
	close(ours[1]);
	waitpid(pid, NULL, 0);
}

static void give(const struct runner_order *o)
{
	struct err err = {0};

	if (!runner_start(runner, o, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

static void wait_for(unsigned count)
{
	while (ends < count)
		uv_run(&loop, UV_RUN_ONCE);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_ms(int64_t *us, size_t n)
{
	qsort(us, n, sizeof *us, by_size);
	return (double)us[n / 2] / 1000;
}

enum { PLAIN, EXEC, SERVE, PIPE, KINDS };

struct bench {
	size_t n;
	int64_t *us[KINDS], id;
	struct runner_order exec, served;
	int by_hand[2]; /* the serving program, without a runner */
};

static void run_order(struct bench *b, struct runner_order *o)
{
	o->id = ++b->id;
	give(o);
	wait_for((unsigned)b->id);
}

static void one_of_kind(struct bench *b, int kind)
{
	char line[64];

	if (kind == PLAIN)
		plain();
	else if (kind == EXEC)
		run_order(b, &b->exec);
	else if (kind == SERVE) {
		b->served.input = str_n(line, (size_t)snprintf(line, sizeof line, "{\"id\":\"%lld\"}\n", (long long)b->id + 1));
		run_order(b, &b->served);
	} else if (write(b->by_hand[0], "{\"id\":\"1\"}\n", 11) != 11 || read(b->by_hand[1], line, sizeof line) <= 0)
		exit(1);
}

static void measure(struct bench *b)
{
	for (int kind = 0; kind < KINDS; kind++)
		b->us[kind] = mem_new(b->n * sizeof *b->us[kind]);
	for (size_t i = 0; i < b->n && !bad; i++) { /* in turn, so that all have the same weather */
		for (int kind = 0; kind < KINDS; kind++) {
			int64_t began = mono_us();

			one_of_kind(b, kind);
			b->us[kind][i] = mono_us() - began;
		}
	}
}

static double measure_many(struct bench *b)
{
	int64_t began = mono_us();

	b->exec.limits.at_once = 16;
	for (size_t i = 0; i < b->n && !bad; i++) {
		b->exec.id = ++b->id;
		give(&b->exec);
		wait_for(b->id > 200 ? (unsigned)b->id - 200 : 0); /* the queue is bounded */
	}
	wait_for((unsigned)b->id);
	return (double)(mono_us() - began) / 1000 / (double)b->n;
}

int main(int argc, char **argv)
{
	static char self[PATH_MAX];
	const struct str words[] = {S("sh"), S("-c"), S(ONE_LINE)}, serving[] = {S("./runner"), S("--serve")};
	const struct runner_events events = {.on_end = on_end};
	struct runner_options options = {.sandbox_off = argc == 3 && strcmp(argv[2], "off") == 0};
	struct bench b = {.exec = {.plugin = S("p"), .argv = words, .argc = 3, .input = S("{}\n"), .limits = runner_default_limits}};
	char *const by_hand[] = {self, "--serve", NULL};
	double each;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main();
	if (argc == 2 && strcmp(argv[1], "--serve") == 0)
		return serve();
	b.n = argc > 1 ? (size_t)atoi(argv[1]) : 0;
	if (!b.n || readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 2;
	spawn_with_pipes(by_hand, &pid, b.by_hand);
	b.served = b.exec;
	b.served.argv = serving;
	b.served.argc = 2;
	b.served.folder = dirname(strdup(self));
	b.served.serve = S("bench");
	options.folders = dirname(strdup(b.served.folder));
	uv_loop_init(&loop);
	runner = runner_new(&loop, &options, &events, NULL);
	measure(&b);
	each = measure_many(&b);
	printf("RUNNER plain=%.2f exec=%.2f serve=%.3f pipe=%.3f each=%.2f\n", median_ms(b.us[PLAIN], b.n), median_ms(b.us[EXEC], b.n),
	       median_ms(b.us[SERVE], b.n), median_ms(b.us[PIPE], b.n), each);
	close(b.by_hand[0]);
	waitpid(pid, NULL, 0);
	runner_free(runner);
	uv_run(&loop, UV_RUN_DEFAULT);
	return bad;
}
