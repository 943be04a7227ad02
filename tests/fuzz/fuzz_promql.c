/* Prometheus' answers and expressions. Whatever is sent, it is read or refused with words; what was read can be drawn. Drawing
 * is slow, so that only inputs of an odd length are drawn. */
#include "fuzz.h"
#include "ops/promql.h"

/* fontconfig keeps what it has read of the fonts until the process ends, and the leak sanitizer finds it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

static void draw(const struct promql_answer *answer, struct str title)
{
	struct plot p = {.title = title,
			 .note = title,
			 .from = 0,
			 .to = HOUR,
			 .step = MINUTE,
			 .series = answer->series,
			 .count = answer->count,
			 .total = answer->total};
	struct err err = {0};
	struct buf png;

	p.unit = promql_unit(title);
	buf_init(&png, PLOT_BYTES_MAX);
	need(plot_draw(&p, &png, &err) && png.n > 100);
	buf_done(&png);
}

static void expressions(struct str in)
{
	struct str left;
	double limit;

	if (promql_split(in, &left, &limit)) {
		need(left.n && left.n < in.n && left.p >= in.p && left.p + left.n < in.p + in.n);
		need(limit - limit == 0); /* finite */
	} else {
		need(str_eq(left, in));
	}
	need(promql_unit(in) <= PLOT_RATIO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct promql_answer answer;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	expressions(in);
	if (promql_answer_read(&a, in, &answer, &err)) {
		need(answer.count <= PLOT_SERIES_MAX && answer.count <= answer.total);
		for (size_t i = 0; i < answer.count; i++) {
			touch(answer.series[i].name);
			touch(str_n((const char *)answer.series[i].points,
				    answer.series[i].count * sizeof(struct plot_point)));
		}
		if (size % 2)
			draw(&answer, in);
	} else {
		need((err.code == ERR_INVALID || err.code == ERR_CONFLICT) && err.text[0]);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
