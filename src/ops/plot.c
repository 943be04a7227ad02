#include "ops/plot.h"

#include "ops/cairo_late.h"

#include <math.h>
#include <time.h>

#define VALUE_MAX 1e100 /* past it: a gap. Sums of two such values are still numbers */
#define MARKS 5         /* of the axis of values, about */
#define TIME_MARKS 9    /* at most */
#define TEXT_MAX 400    /* bytes of one text; far more than fits into the picture */
#define FONT "sans-serif"

/* ---- axes ---- */

/* The largest unit that leaves numbers of one or more. From small to large. */
struct step_of_unit {
	double from, shown_as;
	const char *suffix;
};

static const struct step_of_unit plain_units[] = {{0, 1, ""},       {1e3, 1e3, "k"},   {1e6, 1e6, "M"},
						  {1e9, 1e9, "G"},  {1e12, 1e12, "T"}, {1e15, 1e15, "P"},
						  {1e18, 1e18, "E"}};
static const struct step_of_unit second_units[] = {
	{0, 1e-9, " ns"},  {1e-6, 1e-6, " µs"},    {1e-3, 1e-3, " ms"},     {1, 1, " s"},
	{300, 60, " min"}, {3 * 3600, 3600, " h"}, {3 * 86400, 86400, " d"}};
static const struct step_of_unit byte_units[] = {{0, 1, " B"},
						 {1024, 1024, " KiB"},
						 {0x1p20, 0x1p20, " MiB"},
						 {0x1p30, 0x1p30, " GiB"},
						 {0x1p40, 0x1p40, " TiB"},
						 {0x1p50, 0x1p50, " PiB"}};
static const struct step_of_unit rate_units[] = {{0, 1, " B/s"},
						 {1024, 1024, " KiB/s"},
						 {0x1p20, 0x1p20, " MiB/s"},
						 {0x1p30, 0x1p30, " GiB/s"},
						 {0x1p40, 0x1p40, " TiB/s"}};
static const struct step_of_unit percent_units[] = {{0, 1, "%"}};
static const struct step_of_unit ratio_units[] = {{0, 0.01, "%"}};

static struct step_of_unit unit_for(double largest, enum plot_unit unit)
{
	static const struct {
		const struct step_of_unit *list;
		size_t count;
	} units[] = {
		[PLOT_PLAIN] = {plain_units, COUNT_OF(plain_units)},
		[PLOT_SECONDS] = {second_units, COUNT_OF(second_units)},
		[PLOT_BYTES] = {byte_units, COUNT_OF(byte_units)},
		[PLOT_BYTES_PER_SECOND] = {rate_units, COUNT_OF(rate_units)},
		[PLOT_PERCENT] = {percent_units, COUNT_OF(percent_units)},
		[PLOT_RATIO] = {ratio_units, COUNT_OF(ratio_units)},
	};
	const struct step_of_unit *list = units[unit].list;
	size_t i = units[unit].count - 1;

	while (i && largest < list[i].from)
		i--;
	return list[i];
}

/* 1, 2 or 5 times a power of ten, not less than `rough`. */
static double round_step(double rough)
{
	double power = pow(10, floor(log10(rough))), times = rough / power;

	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

struct plot_scale plot_scale(double least, double most, enum plot_unit unit)
{
	struct step_of_unit u;
	double step;

	if (least >= 0 && least <= most / 2)
		least = 0;
	/* A line that does not move stands between nought and itself. */
	if (most - least <= 1e-9 * fmax(fabs(most), fabs(least))) {
		least = fmin(least, 0);
		most = fmax(most, 0);
	}
	if (most <= least)
		most = least + 1;
	u = unit_for(fmax(fabs(least), fabs(most)), unit);
	step = round_step((most - least) / u.shown_as / MARKS);
	return (struct plot_scale){.first = floor(least / u.shown_as / step + 1e-9) * step * u.shown_as,
				   .last = ceil(most / u.shown_as / step - 1e-9) * step * u.shown_as,
				   .step = step * u.shown_as,
				   .shown_as = u.shown_as,
				   .decimals = step < 1 ? (int)fmin(12, -floor(log10(step) + 1e-9)) : 0,
				   .suffix = u.suffix};
}

struct str plot_value(struct arena *a, const struct plot_scale *s, double value)
{
	double shown = value / s->shown_as;

	if (fabs(shown) < s->step / s->shown_as / 1e6)
		return S("0");
	if (fabs(shown) >= 1e6 || s->decimals > 6)
		return arena_printf(a, "%.3g%s", shown, s->suffix);
	return arena_printf(a, "%.*f%s", s->decimals, shown, s->suffix);
}

span_ms plot_time_step(span_ms range)
{
	static const span_ms steps[] = {MINUTE,      2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE,
					30 * MINUTE, HOUR,       2 * HOUR,   3 * HOUR,    6 * HOUR,
					12 * HOUR,   DAY,        2 * DAY,    7 * DAY,     30 * DAY};
	size_t i = 0;

	while (i + 1 < COUNT_OF(steps) && range / steps[i] > TIME_MARKS)
		i++;
	return range / steps[i] > TIME_MARKS ? range / TIME_MARKS : steps[i];
}

struct str plot_time(struct arena *a, wall_ms at, span_ms step)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(at / 1000);
	struct tm t;

	gmtime_r(&seconds, &t);
	if (step >= DAY || (t.tm_hour == 0 && t.tm_min == 0))
		return arena_printf(a, "%s %d", months[t.tm_mon], t.tm_mday);
	return arena_printf(a, "%02d:%02d", t.tm_hour, t.tm_min);
}

/* ---- text ---- */

struct box {
	double left, top, right, bottom;
};

struct picture {
	const struct plot *plot;
	struct plot_scale scale;
	struct box box; /* where the lines are */
	struct arena arena;
	cairo_t *cr;
};

static size_t utf8_length(struct str s)
{
	size_t n = 1;

	while (n < s.n && n < 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Cairo stops drawing for good at a text that is no UTF-8. */
static struct str drawable(struct arena *a, struct str s)
{
	struct buf b;

	buf_init(&b, TEXT_MAX * 3 + 4);
	s = str_n(s.p, s.n < TEXT_MAX ? s.n : TEXT_MAX);
	while (s.n) {
		size_t n = utf8_length(s);
		unsigned char c = (unsigned char)s.p[0];
		struct str one = str_n(s.p, n);

		if (c < 128)
			buf_char(&b, c < ' ' || c == 127 ? ' ' : (char)c), n = 1;
		else
			buf_add(&b, str_is_utf8(one) ? one : S("\xef\xbf\xbd"));
		s = str_n(s.p + n, s.n - n);
	}
	return buf_keep(a, &b);
}

static double text_width(cairo_t *cr, struct str s)
{
	cairo_text_extents_t e;

	cairo_late.cairo_text_extents(cr, s.p, &e);
	return e.x_advance;
}

static struct str dotted(struct arena *a, struct str s, size_t n)
{
	return arena_printf(a, STR_FMT "…", STR_ARG(str_clip(s, n)));
}

/* What of it fits into `width`, with dots where it was cut. */
static struct str fitting(struct picture *p, struct str s, double width)
{
	size_t least = 0, most;

	s = drawable(&p->arena, s);
	if (text_width(p->cr, s) <= width)
		return s;
	for (most = s.n; most - least > 1;) {
		size_t half = (least + most) / 2;

		if (text_width(p->cr, dotted(&p->arena, s, half)) <= width)
			least = half;
		else
			most = half;
	}
	return dotted(&p->arena, s, least);
}

static void set_grey(cairo_t *cr, double g)
{
	cairo_late.cairo_set_source_rgb(cr, g, g, g);
}

static void set_font(cairo_t *cr, double size, bool bold)
{
	cairo_late.cairo_select_font_face(cr, FONT, CAIRO_FONT_SLANT_NORMAL,
			       bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_late.cairo_set_font_size(cr, size);
}

/* align 0: begins at x; 0.5: has its middle there; 1: ends there. */
static void put_text(struct picture *p, double x, double y, double align, struct str s)
{
	cairo_late.cairo_move_to(p->cr, x - align * text_width(p->cr, s), y);
	cairo_late.cairo_show_text(p->cr, s.p);
}

/* ---- colours ---- */

/* Told apart by most who see colours otherwise too (after Tableau 10). The second ten are the same, dashed. */
static const unsigned colours[] = {0x2f6fb7, 0xe8791e, 0x2a9d54, 0xc8372d, 0x7d5ab5,
				   0x8a5a44, 0xd867b0, 0x6b7280, 0xa89f12, 0x17a2b8};

static void set_colour(cairo_t *cr, size_t i, double alpha)
{
	unsigned c = colours[i % COUNT_OF(colours)];

	cairo_late.cairo_set_source_rgba(cr, (c >> 16 & 255) / 255.0, (c >> 8 & 255) / 255.0, (c & 255) / 255.0, alpha);
}

static void set_dash(cairo_t *cr, size_t i)
{
	static const double dash[] = {5, 3};

	cairo_late.cairo_set_dash(cr, dash, i >= COUNT_OF(colours) ? 2 : 0, 0);
}

/* ---- the parts ---- */

static bool is_shown(double v)
{
	return isfinite(v) && fabs(v) <= VALUE_MAX;
}

static size_t drawn(const struct plot *p)
{
	return p->count < PLOT_SERIES_MAX ? p->count : PLOT_SERIES_MAX;
}

static size_t drawn_total(const struct plot *p)
{
	return p->total > p->count ? p->total : p->count;
}

static struct plot_scale scale_of(const struct plot *p)
{
	bool limit = p->has_limit && is_shown(p->limit), any = limit;
	double least = limit ? p->limit : 0, most = least;

	for (size_t i = 0; i < drawn(p); i++)
		for (size_t k = 0; k < p->series[i].count; k++) {
			double v = p->series[i].points[k].value;

			if (!is_shown(v))
				continue;
			least = any ? fmin(least, v) : v;
			most = any ? fmax(most, v) : v;
			any = true;
		}
	return plot_scale(least, most, p->unit);
}

static double x_of(const struct picture *p, wall_ms at)
{
	return p->box.left +
	       (double)(at - p->plot->from) / (double)(p->plot->to - p->plot->from) * (p->box.right - p->box.left);
}

static double y_of(const struct picture *p, double value)
{
	return p->box.bottom -
	       (value - p->scale.first) / (p->scale.last - p->scale.first) * (p->box.bottom - p->box.top);
}

static int value_marks(const struct plot_scale *s)
{
	return (int)fmin(12, round((s->last - s->first) / s->step));
}

/* Lines of one pixel are sharp where they run through the middle of pixels. */
static void line(cairo_t *cr, double x1, double y1, double x2, double y2)
{
	cairo_late.cairo_move_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
	cairo_late.cairo_line_to(cr, floor(x2) + 0.5, floor(y2) + 0.5);
	cairo_late.cairo_stroke(cr);
}

static void draw_head(struct picture *p)
{
	double right = 0;
	struct str note;

	set_font(p->cr, 11, false);
	set_grey(p->cr, 0.45);
	note = fitting(p, p->plot->note, PLOT_WIDTH / 2);
	right = text_width(p->cr, note);
	put_text(p, PLOT_WIDTH - 14, 20, 1, note);
	set_font(p->cr, 13, true);
	set_grey(p->cr, 0.13);
	put_text(p, 12, 20, 0, fitting(p, p->plot->title, PLOT_WIDTH - 12 - 14 - 16 - right));
}

static double widest_mark(struct picture *p)
{
	double most = 0;

	set_font(p->cr, 11, false);
	for (int i = 0; i <= value_marks(&p->scale); i++)
		most = fmax(most,
			    text_width(p->cr, plot_value(&p->arena, &p->scale, p->scale.first + i * p->scale.step)));
	return most;
}

static void draw_value_axis(struct picture *p)
{
	set_font(p->cr, 11, false);
	cairo_late.cairo_set_line_width(p->cr, 1);
	for (int i = 0; i <= value_marks(&p->scale); i++) {
		double v = p->scale.first + i * p->scale.step, y = y_of(p, v);

		set_grey(p->cr, fabs(v) < p->scale.step / 2 ? 0.7 : 0.9);
		line(p->cr, p->box.left, y, p->box.right, y);
		set_grey(p->cr, 0.35);
		put_text(p, p->box.left - 7, y + 4, 1, plot_value(&p->arena, &p->scale, v));
	}
}

static void draw_time_axis(struct picture *p)
{
	const struct plot *plot = p->plot;
	span_ms step = plot_time_step(plot->to - plot->from);

	for (wall_ms at = plot->from - plot->from % step + step; at < plot->to; at += step) {
		double x = x_of(p, at);
		struct str text = plot_time(&p->arena, at, step);

		set_grey(p->cr, 0.93);
		line(p->cr, x, p->box.top, x, p->box.bottom);
		set_grey(p->cr, 0.35);
		if (x - text_width(p->cr, text) / 2 > p->box.left - 20 &&
		    x + text_width(p->cr, text) / 2 < PLOT_WIDTH - 4)
			put_text(p, x, p->box.bottom + 16, 0.5, text);
	}
}

/* One stretch without a gap, [from, to) of the points. Alone in the picture, a line has its area tinted. */
static void draw_stretch(struct picture *p, size_t i, const struct plot_point *points, size_t count)
{
	cairo_t *cr = p->cr;

	if (count == 1) {
		set_colour(cr, i, 1);
		cairo_late.cairo_arc(cr, x_of(p, points->at), y_of(p, points->value), 2, 0, 2 * M_PI);
		cairo_late.cairo_fill(cr);
		return;
	}
	for (size_t k = 0; k < count; k++)
		cairo_late.cairo_line_to(cr, x_of(p, points[k].at), y_of(p, points[k].value));
	set_colour(cr, i, 1);
	if (p->plot->count > 1) {
		cairo_late.cairo_stroke(cr);
		return;
	}
	cairo_late.cairo_stroke_preserve(cr);
	cairo_late.cairo_line_to(cr, x_of(p, points[count - 1].at), p->box.bottom);
	cairo_late.cairo_line_to(cr, x_of(p, points[0].at), p->box.bottom);
	cairo_late.cairo_close_path(cr);
	set_colour(cr, i, 0.1);
	cairo_late.cairo_fill(cr);
}

static bool belongs(const struct plot *p, const struct plot_point *points, size_t first, size_t k)
{
	const struct plot_point *one = &points[k];

	if (!is_shown(one->value) || one->at < p->from || one->at > p->to)
		return false;
	return k == first || (one->at > points[k - 1].at && one->at - points[k - 1].at <= p->step + p->step / 2);
}

static void draw_series(struct picture *p, size_t i)
{
	const struct plot_series *s = &p->plot->series[i];

	set_dash(p->cr, i);
	for (size_t first = 0; first < s->count;) {
		size_t k = first;

		while (k < s->count && belongs(p->plot, s->points, first, k))
			k++;
		if (k > first)
			draw_stretch(p, i, s->points + first, k - first);
		first = k > first ? k : k + 1;
	}
	cairo_late.cairo_set_dash(p->cr, NULL, 0, 0);
}

static void draw_lines(struct picture *p)
{
	cairo_late.cairo_save(p->cr);
	cairo_late.cairo_rectangle(p->cr, p->box.left, p->box.top - 2, p->box.right - p->box.left, p->box.bottom - p->box.top + 4);
	cairo_late.cairo_clip(p->cr);
	cairo_late.cairo_set_line_width(p->cr, 1.6);
	cairo_late.cairo_set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
	/* The first name in the legend lies on top. */
	for (size_t i = drawn(p->plot); i-- > 0;)
		draw_series(p, i);
	cairo_late.cairo_restore(p->cr);
}

static void draw_limit(struct picture *p)
{
	static const double dash[] = {6, 4};
	double y;

	if (!p->plot->has_limit || !is_shown(p->plot->limit))
		return;
	y = y_of(p, p->plot->limit);
	cairo_late.cairo_set_source_rgb(p->cr, 0.8, 0.1, 0.1);
	cairo_late.cairo_set_line_width(p->cr, 1);
	cairo_late.cairo_set_dash(p->cr, dash, 2, 0);
	line(p->cr, p->box.left, y, p->box.right, y);
	cairo_late.cairo_set_dash(p->cr, NULL, 0, 0);
}

/* ---- the legend: two columns below ---- */

#define LEGEND_LINE 16

static size_t legend_entries(const struct plot *p)
{
	size_t named = p->count < PLOT_NAMED_MAX ? p->count : PLOT_NAMED_MAX;

	return named + (drawn_total(p) > named);
}

static size_t legend_columns(const struct plot *p)
{
	return legend_entries(p) > 1 ? 2 : 1;
}

static size_t legend_rows(const struct plot *p)
{
	return (legend_entries(p) + legend_columns(p) - 1) / legend_columns(p);
}

static void draw_entry(struct picture *p, size_t i, double x, double y, double width)
{
	size_t named = p->plot->count < PLOT_NAMED_MAX ? p->plot->count : PLOT_NAMED_MAX;

	if (i == named) {
		size_t total = drawn_total(p->plot), hidden = total - drawn(p->plot);

		set_grey(p->cr, 0.45);
		put_text(p, x + 22, y, 0,
			 hidden ? arena_printf(&p->arena, "and %zu more, %zu of them not drawn", total - named, hidden)
				: arena_printf(&p->arena, "and %zu more", total - named));
		return;
	}
	set_colour(p->cr, i, 1);
	cairo_late.cairo_rectangle(p->cr, x, y - 6, 14, 3);
	cairo_late.cairo_fill(p->cr);
	set_grey(p->cr, 0.25);
	put_text(p, x + 22, y, 0, fitting(p, p->plot->series[i].name, width - 34));
}

static void draw_legend(struct picture *p)
{
	size_t columns = legend_columns(p->plot), rows = legend_rows(p->plot);
	double width = (PLOT_WIDTH - 24.0) / (double)columns;

	set_font(p->cr, 11, false);
	for (size_t i = 0; i < legend_entries(p->plot); i++)
		draw_entry(p, i, 14 + (double)(i / rows) * width, p->box.bottom + 36 + (double)(i % rows) * LEGEND_LINE,
			   width);
}

/* ---- all of it ---- */

static void draw(struct picture *p)
{
	set_grey(p->cr, 1);
	cairo_late.cairo_paint(p->cr);
	p->scale = scale_of(p->plot);
	p->box = (struct box){.left = ceil(widest_mark(p)) + 18,
			      .top = 38,
			      .right = PLOT_WIDTH - 16,
			      .bottom = PLOT_HEIGHT - 28.0 - LEGEND_LINE * (double)legend_rows(p->plot)};
	draw_head(p);
	draw_value_axis(p);
	draw_time_axis(p);
	draw_lines(p);
	draw_limit(p);
	draw_legend(p);
}

static cairo_status_t on_bytes(void *context, const unsigned char *bytes, unsigned n)
{
	return buf_add(context, str_n((const char *)bytes, n)) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

bool plot_draw(const struct plot *plot, struct buf *png, struct err *err)
{
	/* No alpha: the picture is white below, and a third of the bytes are saved. */
	struct picture p = {.plot = plot};
	cairo_surface_t *surface;
	cairo_status_t status;

	if (!cairo_load(err))
		return false;
	surface = cairo_late.cairo_image_surface_create(CAIRO_FORMAT_RGB24, PLOT_WIDTH, PLOT_HEIGHT);
	p.cr = cairo_late.cairo_create(surface);
	arena_init(&p.arena);
	if (plot->to > plot->from)
		draw(&p);
	status = cairo_late.cairo_status(p.cr);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_late.cairo_surface_write_to_png_stream(surface, on_bytes, png);
	if (status != CAIRO_STATUS_SUCCESS)
		err_set(err, ERR_INTERNAL, "the graph cannot be drawn: %s", cairo_late.cairo_status_to_string(status));
	cairo_late.cairo_destroy(p.cr);
	cairo_late.cairo_surface_destroy(surface);
	arena_done(&p.arena);
	return status == CAIRO_STATUS_SUCCESS;
}
