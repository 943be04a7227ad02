/* ops/plot.h -- lines over time as a picture: a PNG of 800 x 300, drawn by Cairo in memory.
 *
 * Pure: no clock, no files of ours (the fonts are the system's, by fontconfig). It may be called on any thread, on several at
 * once. No text or number from outside can break it: what is no UTF-8 or a control character is replaced, what is too long is
 * cut, and a value that is not finite is a gap.
 */
#pragma once
#include "base/mem.h"
#include "base/time.h"

#define PLOT_WIDTH 800
#define PLOT_HEIGHT 300
#define PLOT_SERIES_MAX 20 /* lines that are drawn; more cannot be told apart */
#define PLOT_NAMED_MAX 8   /* lines that the legend names */
#define PLOT_BYTES_MAX (2 * MIB)

/* What the numbers are: it decides how the axis is written. */
enum plot_unit { PLOT_PLAIN, PLOT_SECONDS, PLOT_BYTES, PLOT_BYTES_PER_SECOND, PLOT_PERCENT, PLOT_RATIO };

struct plot_point {
	wall_ms at; /* rising; others are left out */
	double value;
};

struct plot_series {
	struct str name;
	const struct plot_point *points;
	size_t count;
};

struct plot {
	struct str title, note; /* above: at the left, at the right */
	wall_ms from, to;       /* to > from */
	span_ms step;           /* points that lie further apart than one and a half of it have a gap between them */
	enum plot_unit unit;
	bool has_limit; /* a dashed line across, such as an alert's threshold */
	double limit;
	const struct plot_series *series; /* the first PLOT_SERIES_MAX are drawn */
	size_t count;
	size_t total; /* how many there are in truth; at least count */
};

/* Adds the PNG to *png, whose ceiling should be PLOT_BYTES_MAX. ERR_INTERNAL: Cairo does not want to. */
MUST_USE bool plot_draw(const struct plot *p, struct buf *png, struct err *err);

/* ---- the axes; here so that they can be tested without looking at pixels ---- */

/* How the axis of values is divided: marks at first, first + step ... last, by 1, 2 or 5 of some power of ten in the unit shown. */
struct plot_scale {
	double first, last, step;
	double shown_as; /* a value is divided by this before it is written */
	int decimals;
	const char *suffix; /* "k", " MiB", " ms", "%" */
};
struct plot_scale plot_scale(double least, double most, enum plot_unit unit);
struct str plot_value(struct arena *a, const struct plot_scale *s, double value);

/* The distance of the marks of time: a whole number of minutes, hours or days. */
span_ms plot_time_step(span_ms range);
/* "14:30", or "Mar 2" at midnight and where the marks are days apart. UTC. */
struct str plot_time(struct arena *a, wall_ms at, span_ms step);
