/* tests/bench/sources.c -- events a second that the programs of sources read, on one core, from the bytes of a body to its events.
 *
 *     sources TOOL [TYPE HEADER FILE]...     the bodies in turn for a second; prints `SOURCES events=PER-SECOND us=PER-BODY`
 *
 * HEADER: "name: value" for tools that say in a header what they send; "" for others. What counts is the fastest pass over all
 * bodies, by the time that the thread had a core: others have it too.
 */
#include "base/crypt.h"
#include "net/body.h"
#include "ops/source.h"

#include <stdio.h>
#include <time.h>

#define FILES_MAX 64
#define BODY_MAX (1 * MIB)

struct body {
	struct str type, raw;
	struct json headers, member;
};

static struct body bodies[FILES_MAX];

/* What this thread has had of a core: on a busy machine the clock on the wall measures the others. */
static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct str read_whole(const char *name)
{
	char *text = mem_new(BODY_MAX);
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(text, 1, BODY_MAX, f) : 0;

	if (f)
		fclose(f);
	return str_n(text, n);
}

/* {"name": "value"}, or {} */
static void set_header(struct body *b, const char *line)
{
	struct str name, value = str_cut(str_of(line), ':', &name);

	b->member = (struct json){.type = JSON_STR, .key = name, .text = str_trim(value)};
	b->headers = (struct json){.type = JSON_OBJECT, .count = name.n > 0, .child = name.n ? &b->member : NULL};
}

static size_t read_one(struct source_kind *kind, struct arena *a, const struct body *b)
{
	struct source_reading r = {0};
	struct err err = {0};
	struct json *body;

	arena_reset(a);
	body = body_parse(a, b->type, b->raw, &err);
	return body && source_read(kind, a, body, &b->headers, b->raw, &r, &err) ? r.count : 0;
}

int main(int argc, char **argv)
{
	size_t count = argc > 4 ? (size_t)(argc - 2) / 3 : 0, events = 0;
	struct source_kind *kind = count && count <= FILES_MAX ? source_builtin(str_of(argv[1])) : NULL;
	struct err err = {0};
	struct arena a;
	int64_t began, best = INT64_MAX;

	if (!kind || !crypt_start(&err) || !source_kind_compile(kind, &err)) {
		fprintf(stderr, "usage: sources TOOL [TYPE HEADER FILE]...  %s\n", err.text);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		bodies[i].type = str_of(argv[2 + 3 * i]);
		set_header(&bodies[i], argv[3 + 3 * i]);
		bodies[i].raw = read_whole(argv[4 + 3 * i]);
	}
	arena_init(&a);
	began = cpu_ns();
	for (int64_t pass = began; pass - began < 1000000000;) {
		int64_t end;

		events = 0;
		for (size_t i = 0; i < count; i++)
			events += read_one(kind, &a, &bodies[i]);
		end = cpu_ns();
		best = end - pass < best ? end - pass : best;
		pass = end;
	}
	printf("SOURCES events=%.0f us=%.1f\n", (double)events * 1e9 / (double)best,
	       (double)best / 1e3 / (double)count);
	arena_done(&a);
	return 0;
}
