/* The YAML reader: whatever it takes can be written as JSON and reads back as that. */
#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good, const char *what, const struct buf *b)
{
	if (good)
		return;
	fprintf(stderr, "%s: %.*s\n", what, (int)(b->n > 2000 ? 2000 : b->n), b->p ? b->p : "");
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct err err = {0};
	struct buf first, second;
	struct json_out out = json_out(&first);
	const struct json *v;

	arena_init(&a);
	buf_init(&first, SIZE_MAX);
	buf_init(&second, SIZE_MAX);
	v = yaml_parse(&a, str_n((const char *)data, size), "fuzz", &err);
	check(v ? err.code == ERR_NONE : err.code != ERR_NONE, "an answer without its reason", &first);
	if (v) {
		json_put(&out, v);
		v = json_parse(&a, buf_str(&first), JSON_STRICT, &err);
		check(v != NULL, err.text, &first);
		out = json_out(&second);
		json_put(&out, v);
		check(str_eq(buf_str(&first), buf_str(&second)), "it changed on the way", &first);
	}
	buf_done(&first);
	buf_done(&second);
	arena_done(&a);
	return 0;
}
