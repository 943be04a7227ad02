/* Matchers, single and in lists. What is taken and written again reads as the same; a matcher and its opposite never agree. */
#include "fuzz.h"
#include "ops/matcher.h"

static void again(struct arena *a, const struct matcher *one)
{
	struct matchers back = {0};
	struct str text = matcher_text(a, one);
	struct err err = {0};

	touch(text);
	need(matchers_add(a, &back, text, &err) && back.count == 1);
	need(back.items[0].op == one->op && str_eq(back.items[0].name, one->name) &&
	     str_eq(back.items[0].value, one->value));
	matchers_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), value = str_is_utf8(in) ? str_clip(in, 100) : S("value");
	struct label labels[] = {{S("alertname"), S("DiskFull")}, {S("team"), value}};
	struct matchers m = {0};
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (matchers_add(&a, &m, in, &err))
		again(&a, &m.items[0]);
	else
		need(err.code == ERR_INVALID && err.text[0]);
	err_clear(&err);
	if (!matchers_parse(&a, &m, in, &err))
		need(err.code && err.text[0]);
	need(m.count <= MATCHERS_MAX);
	for (size_t i = 0; i < m.count; i++) {
		struct matcher not = m.items[i];

		not .op ^= 1; /* = and !=, =~ and !~ are neighbours */
		need(matcher_fits(&not, value) != matcher_fits(&m.items[i], value));
		touch(m.items[i].name);
	}
	touch(matchers_fit(&m, &(struct labels){labels, COUNT_OF(labels)}) ? S("y") : S("n"));
	matchers_done(&m);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
