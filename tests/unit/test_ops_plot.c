#include "ops/plot.h"
#include "unit.h"

#include <cairo.h>
#include <math.h>

#define FROM ((wall_ms)1772396100000) /* 2026-03-01T20:15:00Z */
#define TO (FROM + 6 * HOUR)
#define STEP (6 * HOUR / 240)
#define BLUE 0x2f6fb7u   /* of the first line */
#define ORANGE 0xe8791eu /* of the second */
#define RED 0xcc1919u    /* of the limit */

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

static struct plot_point points[240];
static struct plot_series series[30];
static struct arena arena;

static struct plot flat(size_t count, double value)
{
	struct plot p = {.title = S("up"),
			 .note = S("last 6 h, UTC"),
			 .from = FROM,
			 .to = TO,
			 .step = STEP,
			 .series = series,
			 .count = count};

	for (size_t k = 0; k < COUNT_OF(points); k++)
		points[k] = (struct plot_point){FROM + (wall_ms)k * STEP, value};
	for (size_t i = 0; i < COUNT_OF(series); i++)
		series[i] = (struct plot_series){S("up{instance=\"a\"}"), points, COUNT_OF(points)};
	return p;
}

/* ---- the picture, read again ---- */

static struct buf png;
static size_t png_at;

static cairo_status_t more(void *context, unsigned char *to, unsigned n)
{
	(void)context;
	if (png_at + n > png.n)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(to, png.p + png_at, n);
	png_at += n;
	return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *drawn(const struct plot *p)
{
	cairo_surface_t *s;
	struct err err = {0};

	buf_done(&png);
	buf_init(&png, PLOT_BYTES_MAX);
	png_at = 0;
	ck_assert_msg(plot_draw(p, &png, &err), "%s", err.text);
	ck_assert_mem_eq(png.p, "\x89PNG\r\n\x1a\n", 8);
	s = cairo_image_surface_create_from_png_stream(more, NULL);
	ck_assert_int_eq(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
	ck_assert_int_eq(cairo_image_surface_get_width(s), PLOT_WIDTH);
	ck_assert_int_eq(cairo_image_surface_get_height(s), PLOT_HEIGHT);
	return s;
}

static unsigned pixel(cairo_surface_t *s, int x, int y)
{
	const unsigned char *row =
		cairo_image_surface_get_data(s) + (size_t)y * (size_t)cairo_image_surface_get_stride(s);

	return ((const uint32_t *)(const void *)row)[x] & 0xffffff;
}

/* How many pixels have this colour, give or take what smoothing does to it. */
static int count_of(cairo_surface_t *s, unsigned colour)
{
	int n = 0;

	for (int y = 30; y < 250; y++)
		for (int x = 0; x < PLOT_WIDTH; x++) {
			unsigned c = pixel(s, x, y);
			int r = (int)(c >> 16 & 255) - (int)(colour >> 16 & 255),
			    g = (int)(c >> 8 & 255) - (int)(colour >> 8 & 255),
			    b = (int)(c & 255) - (int)(colour & 255);

			n += abs(r) < 48 && abs(g) < 48 && abs(b) < 48;
		}
	return n;
}

START_TEST(a_line_is_drawn)
{
	struct plot p = flat(1, 0.5);
	cairo_surface_t *s = drawn(&p);

	ck_assert_int_gt(count_of(s, BLUE), 600);
	ck_assert_int_eq(count_of(s, ORANGE), 0);
	ck_assert_int_eq(count_of(s, RED), 0);
	cairo_surface_destroy(s);
}
END_TEST

START_TEST(a_limit_is_drawn)
{
	struct plot p = flat(1, 0.5);
	cairo_surface_t *s;

	p.has_limit = true;
	p.limit = 2;
	s = drawn(&p);
	ck_assert_int_gt(count_of(s, BLUE), 600);
	ck_assert_int_gt(count_of(s, RED), 300);
	cairo_surface_destroy(s);
}
END_TEST

START_TEST(nothing_is_drawn_where_there_are_no_points)
{
	struct plot p = flat(1, 0.5);
	cairo_surface_t *s = drawn(&p);
	int whole = count_of(s, BLUE), half;

	cairo_surface_destroy(s);
	for (size_t k = 60; k < 180; k++)
		points[k].value = NAN;
	s = drawn(&p);
	half = count_of(s, BLUE);
	ck_assert_int_gt(half, whole * 2 / 5);
	ck_assert_int_lt(half, whole * 3 / 5);
	cairo_surface_destroy(s);
	/* The same, but the points are not there at all. */
	memmove(points + 60, points + 180, 60 * sizeof *points);
	series[0].count = 120;
	s = drawn(&p);
	ck_assert_int_eq(count_of(s, BLUE), half);
	cairo_surface_destroy(s);
}
END_TEST

START_TEST(a_point_alone_is_a_dot)
{
	struct plot p = flat(1, 0.5);
	cairo_surface_t *s;

	points[0].at = FROM + HOUR;
	series[0].count = 1;
	s = drawn(&p);
	ck_assert_int_ge(count_of(s, BLUE), 4);
	cairo_surface_destroy(s);
}
END_TEST

START_TEST(odd_numbers_are_gaps)
{
	static const double odd[] = {INFINITY, -INFINITY, NAN,   1e308,  -1e308, 1e101,
				     5e-324,   -5e-324,   1e100, -1e100, 0,      -0.0};

	for (size_t i = 0; i < COUNT_OF(odd); i++)
		for (int u = PLOT_PLAIN; u <= PLOT_RATIO; u++) {
			struct plot p = flat(1, 1);

			p.unit = (enum plot_unit)u;
			for (size_t k = 0; k < COUNT_OF(points); k += 2)
				points[k].value = odd[i];
			p.has_limit = true;
			p.limit = odd[COUNT_OF(odd) - 1 - i];
			cairo_surface_destroy(drawn(&p));
		}
}
END_TEST

START_TEST(odd_times_do_no_harm)
{
	struct plot p = flat(2, 1);
	struct err err = {0};

	points[3].at = INT64_MIN;
	points[5].at = INT64_MAX;
	points[7].at = points[6].at;
	points[9].at = points[2].at;
	cairo_surface_destroy(drawn(&p));
	p.to = p.from;
	buf_reset(&png);
	ck_assert(plot_draw(&p, &png, &err)); /* an empty picture */
}
END_TEST

START_TEST(odd_texts_do_no_harm)
{
	static char rubbish[3000];
	struct plot p = flat(3, 1);

	for (size_t i = 0; i < sizeof rubbish; i++)
		rubbish[i] = (char)(i * 7 + i / 256);
	p.title = str_n(rubbish, sizeof rubbish);
	p.note = str_n(rubbish + 100, 500);
	series[0].name = str_n(rubbish + 200, 2000);
	series[1].name = S("");
	series[2].name = S("\xf0\x9f\x94");
	cairo_surface_destroy(drawn(&p));
	memset(rubbish, 'W', sizeof rubbish);
	cairo_surface_destroy(drawn(&p));
}
END_TEST

START_TEST(more_lines_than_can_be_drawn)
{
	struct plot p = flat(30, 1);

	p.total = 1000;
	cairo_surface_destroy(drawn(&p));
	p = flat(0, 1);
	cairo_surface_destroy(drawn(&p));
}
END_TEST

START_TEST(a_picture_over_the_ceiling_is_an_error)
{
	struct plot p = flat(1, 1);
	struct err err = {0};

	buf_init(&png, 1000);
	ck_assert(!plot_draw(&p, &png, &err));
	ck_assert_int_eq(err.code, ERR_INTERNAL);
}
END_TEST

/* ---- axes ---- */

static const struct {
	double least, most;
	enum plot_unit unit;
	const char *first, *next, *last;
} scales[] = {
	{0, 1, PLOT_PLAIN, "0", "0.2", "1.0"},
	{1, 1, PLOT_PLAIN, "0", "0.2", "1.0"},
	{0, 0, PLOT_PLAIN, "0", "0.2", "1.0"},
	{0, 93, PLOT_PLAIN, "0", "20", "100"},
	{90, 93, PLOT_PLAIN, "90", "91", "93"},
	{40, 93, PLOT_PLAIN, "0", "20", "100"},
	{-3, 4, PLOT_PLAIN, "-4", "-2", "4"},
	{0, 1234567, PLOT_PLAIN, "0", "0.5M", "1.5M"},
	{0, 45000, PLOT_PLAIN, "0", "10k", "50k"},
	{0, 3e-5, PLOT_PLAIN, "0", "0.00001", "0.00003"},
	{0, 0.0042, PLOT_SECONDS, "0", "1 ms", "5 ms"},
	{0, 42, PLOT_SECONDS, "0", "10 s", "50 s"},
	{0, 1800, PLOT_SECONDS, "0", "10 min", "30 min"},
	{0, 4000000, PLOT_SECONDS, "0", "10 d", "50 d"},
	{0, 16.0 * 1024 * 1024 * 1024, PLOT_BYTES, "0", "5 GiB", "20 GiB"},
	{0, 3000, PLOT_BYTES_PER_SECOND, "0", "1 KiB/s", "3 KiB/s"},
	{0, 97, PLOT_PERCENT, "0", "20%", "100%"},
	{0, 0.97, PLOT_RATIO, "0", "20%", "100%"},
	{1e17, 1e17, PLOT_PLAIN, "0", "20P", "100P"},
};

START_TEST(values_are_divided_by_1_2_5)
{
	const struct plot_scale s = plot_scale(scales[_i].least, scales[_i].most, scales[_i].unit);

	ck_str(plot_value(&arena, &s, s.first), scales[_i].first);
	ck_str(plot_value(&arena, &s, s.first + s.step), scales[_i].next);
	ck_str(plot_value(&arena, &s, s.last), scales[_i].last);
	ck_assert_double_le((s.last - s.first) / s.step, 7.01);
}
END_TEST

static const struct {
	span_ms range, step;
} times[] = {
	{5 * MINUTE, MINUTE}, {HOUR, 10 * MINUTE}, {6 * HOUR, HOUR},    {12 * HOUR, 2 * HOUR},
	{DAY, 3 * HOUR},      {7 * DAY, DAY},      {30 * DAY, 7 * DAY}, {365 * DAY, 365 * DAY / 9},
};

START_TEST(times_are_divided_by_what_clocks_show)
{
	ck_assert_int_eq(plot_time_step(times[_i].range), times[_i].step);
}
END_TEST

START_TEST(times_are_written_in_utc)
{
	ck_str(plot_time(&arena, FROM, HOUR), "20:15");
	ck_str(plot_time(&arena, FROM + 3 * HOUR + 45 * MINUTE, HOUR), "Mar 2");
	ck_str(plot_time(&arena, FROM, DAY), "Mar 1");
}
END_TEST

static void begin(void)
{
	arena_init(&arena);
}

static void end(void)
{
	arena_done(&arena);
	buf_done(&png);
}

int main(void)
{
	const struct unit_test tests[] = {
		{"picture", a_line_is_drawn},
		{"picture", a_limit_is_drawn},
		{"picture", nothing_is_drawn_where_there_are_no_points},
		{"picture", a_point_alone_is_a_dot},
		{"picture", odd_numbers_are_gaps},
		{"picture", odd_times_do_no_harm},
		{"picture", odd_texts_do_no_harm},
		{"picture", more_lines_than_can_be_drawn},
		{"picture", a_picture_over_the_ceiling_is_an_error},
		{"axes", values_are_divided_by_1_2_5, COUNT_OF(scales)},
		{"axes", times_are_divided_by_what_clocks_show, COUNT_OF(times)},
		{"axes", times_are_written_in_utc},
	};

	return unit_run_in("ops/plot", tests, COUNT_OF(tests), begin, end);
}
