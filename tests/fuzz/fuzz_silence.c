/* The matchers of a silence: what is taken is written and read as the same, and is found by itself. */
#include "fuzz.h"
#include "ops/silence.h"

static void again(struct arena *a, const struct silence *s)
{
	struct silence back = {0};
	struct err err = {0};
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * MIB);
	o = json_out(&b);
	silence_write_matchers(&o, &s->matchers);
	need(silence_read_matchers(a, json_parse(a, buf_keep(a, &b), JSON_STRICT, &err), &back.matchers, &err));
	need(matchers_same(&s->matchers, &back.matchers) && silence_has_matchers(s, &back.matchers));
	matchers_done(&back.matchers);
	touch(matchers_text(a, &s->matchers));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct silence s = {.starts = 1, .ends = 2};
	struct err err = {0};
	struct arena a;
	struct json *body;

	arena_init(&a);
	body = json_parse(&a, in, JSON_LAST_KEY_WINS, &err);
	err_clear(&err);
	if (body && silence_read_matchers(&a, json_is(body, JSON_OBJECT) ? json_get(body, "matchers") : body,
					  &s.matchers, &err))
		again(&a, &s);
	else
		need(!body || (err.code && err.text[0]));
	err_clear(&err);
	need(silence_check(&s, 1, &err) || err.text[0]);
	matchers_done(&s.matchers);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
