#include "ops/promql.h"
#include "unit.h"

#include <math.h>

static struct arena arena;

/* ---- expressions ---- */

static const struct {
	const char *expr, *left; /* left NULL: it is not split */
	double limit;
} splits[] = {
	{"up == 0", "up", 0},
	{"node_load1>5", "node_load1", 5},
	{"node_load1 > -1.5e3", "node_load1", -1500},
	{"sum by (job) (rate(errors_total{code=~\"5..\", path!=\"/x > 1\"}[5m])) >= 0.1",
	 "sum by (job) (rate(errors_total{code=~\"5..\", path!=\"/x > 1\"}[5m]))", 0.1},
	{"a / b * 100 > 90", "a / b * 100", 90},
	{"(up == 0)", "up", 0},
	{" ( ( up < 1 ) ) ", "up", 1},
	{"(a) > (1)", NULL, 0},
	{"a > b", NULL, 0},
	{"a > 1 and b", NULL, 0},
	{"a > 1 AND on() b > 2", NULL, 0},
	{"absent(up) unless x == 1", NULL, 0},
	{"1 < up", NULL, 0},
	{"1 < 2", NULL, 0},
	{"up == bool 0", NULL, 0},
	{"up == 0 == 0", NULL, 0},
	{"up > 2 * 5", NULL, 0},
	{"up > Inf", NULL, 0},
	{"up > NaN", NULL, 0},
	{"(a > 1) or (b > 1)", NULL, 0},
	{"up # > 1", NULL, 0},
	{"up{a=\"x > 1", NULL, 0},
	{"> 1", NULL, 0},
	{"up >", NULL, 0},
	{"up) > 1", NULL, 0},
	{"(up > 1", NULL, 0},
	{"", NULL, 0},
	{"()", NULL, 0},
};

START_TEST(a_comparison_with_a_number_is_split)
{
	struct str left, expr = str_of(splits[_i].expr);
	double limit = 77;
	bool split = promql_split(expr, &left, &limit);

	ck_assert_msg(split == (splits[_i].left != NULL), "%s", splits[_i].expr);
	ck_str(left, split ? splits[_i].left : splits[_i].expr);
	if (split)
		ck_assert_double_eq(limit, splits[_i].limit);
}
END_TEST

static const struct {
	const char *expr;
	enum plot_unit unit;
} units[] = {
	{"up", PLOT_PLAIN},
	{"go_memstats_heap_inuse_bytes", PLOT_BYTES},
	{"sum by (job) (process_resident_memory_bytes{job=\"x\"})", PLOT_BYTES},
	{"rate(node_network_receive_bytes_total[5m])", PLOT_BYTES_PER_SECOND},
	{"increase(node_network_receive_bytes_total[1h])", PLOT_BYTES},
	{"rate(node_network_receive_bytes_total[5m]) * 8", PLOT_PLAIN},
	{"a_bytes / b_bytes", PLOT_PLAIN},
	{"count(process_resident_memory_bytes)", PLOT_PLAIN},
	{"histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", PLOT_SECONDS},
	{"histogram_quantile(0.9, rate(http_response_size_bytes_bucket[5m]))", PLOT_BYTES},
	{"rate(http_request_duration_seconds_bucket[5m])", PLOT_PLAIN},
	{"rate(http_request_duration_seconds_count[5m])", PLOT_PLAIN},
	{"rate(process_cpu_seconds_total[1m])", PLOT_PLAIN},
	{"process_start_time_seconds", PLOT_PLAIN},
	{"scrape_duration_seconds > 3", PLOT_SECONDS},
	{"node_filesystem_avail_ratio", PLOT_RATIO},
	{"battery_percent", PLOT_PERCENT},
	{"x{unit=\"a_bytes\"}", PLOT_PLAIN},
	{"x_bytes{unit=\"a / b\"} @ 1609746000", PLOT_BYTES},
	{"", PLOT_PLAIN},
};

START_TEST(a_name_tells_its_unit)
{
	ck_assert_msg(promql_unit(str_of(units[_i].expr)) == units[_i].unit, "%s: %d", units[_i].expr,
		      promql_unit(str_of(units[_i].expr)));
}
END_TEST

/* ---- answers ---- */

#define HEAD "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
#define TAIL "]}}"

static struct promql_answer answer_of(const char *json)
{
	struct promql_answer out;
	struct err err = {0};

	ck_assert_msg(promql_answer_read(&arena, str_of(json), &out, &err), "%s", err.text);
	return out;
}

START_TEST(one_series)
{
	struct promql_answer a = answer_of(HEAD "{\"metric\":{\"__name__\":\"up\",\"instance\":\"a:1\",\"job\":\"x\"},"
						"\"values\":[[1772417700.781,\"1\"],[1772417715,\"-2.5e3\"],"
						"[1772417730,\"NaN\"],[1772417745,\"+Inf\"]]}" TAIL);

	ck_assert_uint_eq(a.count, 1);
	ck_assert_uint_eq(a.total, 1);
	ck_str(a.series[0].name, "up{instance=\"a:1\", job=\"x\"}");
	ck_assert_uint_eq(a.series[0].count, 4);
	ck_assert_int_eq(a.series[0].points[0].at, 1772417700781);
	ck_assert_double_eq(a.series[0].points[1].value, -2500);
	ck_assert(isnan(a.series[0].points[2].value));
	ck_assert(isinf(a.series[0].points[3].value));
}
END_TEST

START_TEST(names_have_what_differs)
{
	struct promql_answer a = answer_of(
		" {\"warnings\":[\"}]\\\"\"], \"status\" : \"success\" "
		",\"data\":{\"resultType\":\"matrix\",\"result\": [ "
		"{\"metric\":{\"__name__\":\"up\",\"instance\":\"a\",\"job\":\"x\"},\"values\":[[1,\"1\"]]} , "
		"{\"metric\":{\"__name__\":\"up\",\"instance\":\"b\",\"job\":\"x\",\"zone\":\"]}\"},\"values\":[[1,"
		"\"1\"]]}" TAIL "\n");

	ck_assert_uint_eq(a.count, 2);
	ck_str(a.series[0].name, "{instance=\"a\"}");
	ck_str(a.series[1].name, "{instance=\"b\", zone=\"]}\"}");
}
END_TEST

START_TEST(nothing_and_nameless)
{
	struct promql_answer a = answer_of(HEAD TAIL);

	ck_assert_uint_eq(a.count, 0);
	a = answer_of(HEAD "{\"metric\":{},\"values\":[[1,\"1\"]]}" TAIL);
	ck_str(a.series[0].name, "");
	a = answer_of(HEAD "{\"metric\":{\"a\":\"b\"},\"histograms\":[[1,{\"count\":\"3\"}]]}" TAIL);
	ck_assert_uint_eq(a.series[0].count, 0);
}
END_TEST

START_TEST(many_series_are_counted)
{
	struct promql_answer a;
	struct buf b;

	buf_init(&b, MIB);
	buf_add(&b, S(HEAD));
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%s{\"metric\":{\"i\":\"%d\"},\"values\":[[1,\"%d\"]]}", i ? "," : "", i, i);
	buf_add(&b, S(TAIL));
	a = answer_of(b.p);
	ck_assert_uint_eq(a.count, PLOT_SERIES_MAX);
	ck_assert_uint_eq(a.total, 1000);
	ck_str(a.series[19].name, "{i=\"19\"}");
	buf_done(&b);
}
END_TEST

START_TEST(prometheus_says_no)
{
	static const char no[] = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
				 "\\\"query\\\": 1:4: parse error\"}";
	struct promql_answer a;
	struct err err = {0};

	ck_assert(!promql_answer_read(&arena, str_of(no), &a, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_str_eq(err.text, "invalid parameter \"query\": 1:4: parse error");
}
END_TEST

static const char *const strange[] = {
	"",
	"OK",
	"[]",
	"{}",
	"<html>{\"status\":\"success\"}",
	"{\"status\":\"success\"}",
	"{\"status\":\"success\",\"data\":[]}",
	"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":{}}}",
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[",
	HEAD "1" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":[[1,\"1\"" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":[[1,1]]}" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":[[\"1\",\"1\"]]}" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":[[1e300,\"1\"]]}" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":[[1,\"one\"]]}" TAIL,
	HEAD "{\"metric\":{\"a\":\"b\"},\"values\":{}}" TAIL,
	HEAD "{\"metric\":[],\"values\":[]}" TAIL,
	HEAD "{\"metric\":{},\"values\":[]} {\"metric\":{},\"values\":[]]}" TAIL,
};

START_TEST(what_is_not_prometheus)
{
	struct promql_answer a;
	struct err err = {0};

	ck_assert_msg(!promql_answer_read(&arena, str_of(strange[_i]), &a, &err), "%s", strange[_i]);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, "that is no answer of Prometheus");
}
END_TEST

static void begin(void)
{
	arena_init(&arena);
}

static void end(void)
{
	arena_done(&arena);
}

int main(void)
{
	const struct unit_test tests[] = {
		{"expressions", a_comparison_with_a_number_is_split, COUNT_OF(splits)},
		{"expressions", a_name_tells_its_unit, COUNT_OF(units)},
		{"answers", one_series},
		{"answers", names_have_what_differs},
		{"answers", nothing_and_nameless},
		{"answers", many_series_are_counted},
		{"answers", prometheus_says_no},
		{"answers", what_is_not_prometheus, COUNT_OF(strange)},
	};

	return unit_run_in("ops/promql", tests, COUNT_OF(tests), begin, end);
}
