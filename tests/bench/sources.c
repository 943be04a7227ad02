/* tests/bench/sources.c -- events a second that the programs of sources read, on one core.
 *
 *     sources TOOL HEADER FILE...     the bodies in turn for a second; prints `SOURCES events=PER-SECOND us=PER-BODY`
 *
 * HEADER: "name: value" for tools that say in a header what they send; "" for others.
 */
#include "base/crypt.h"
#include "net/body.h"
#include "ops/source.h"

#include <stdio.h>

#define FILES_MAX 64
#define BODY_MAX (1 * MIB)

static struct str bodies[FILES_MAX];

static struct str read_whole(const char *name)
{
	char *text = mem_new(BODY_MAX);
	FILE *f = fopen(name, "r");
	size_t n = f ? fread(text, 1, BODY_MAX, f) : 0;

	if (f)
		fclose(f);
	return str_n(text, n);
}

/* {"name": "value"}: one member, which the caller has. */
static struct json headers_of(const char *line, struct json *member)
{
	struct str name, value = str_cut(str_of(line), ':', &name);

	*member = (struct json){.type = JSON_STR, .key = name, .text = str_trim(value)};
	return (struct json){.type = JSON_OBJECT, .count = name.n > 0, .child = name.n ? member : NULL};
}

static size_t read_one(struct source_kind *kind, struct arena *a, const struct json *headers, struct str raw)
{
	struct source_reading r = {0};
	struct err err = {0};
	struct json *body;

	arena_reset(a);
	body = body_parse(a, S("application/json"), raw, &err);
	return body && source_read(kind, a, body, headers, raw, &r, &err) ? r.count : 0;
}

int main(int argc, char **argv)
{
	struct source_kind *kind = argc > 3 && argc - 3 <= FILES_MAX ? source_builtin(str_of(argv[1])) : NULL;
	struct json member, headers = headers_of(kind ? argv[2] : "", &member);
	struct err err = {0};
	struct arena a;
	int64_t began;
	size_t events = 0, n = 0;

	if (!kind || !crypt_start(&err) || !source_kind_compile(kind, &err)) {
		fprintf(stderr, "usage: sources TOOL HEADER FILE...  %s\n", err.text);
		return 2;
	}
	for (int i = 3; i < argc; i++)
		bodies[i - 3] = read_whole(argv[i]);
	arena_init(&a);
	began = mono_us();
	for (; mono_us() - began < 1000000; n++)
		events += read_one(kind, &a, &headers, bodies[n % (size_t)(argc - 3)]);
	printf("SOURCES events=%zu us=%.1f\n", (size_t)((double)events * 1e6 / (double)(mono_us() - began)), (double)(mono_us() - began) / (double)n);
	arena_done(&a);
	return 0;
}
