/* ops/cairo_late.h -- Cairo, loaded with the first picture. Only ops/plot.c includes it.
 *
 * Linked with it the daemon would hold Cairo and the fifteen libraries behind it from its start: 2 MB of memory that one that
 * draws nothing never needs. So the names below are pointers that cairo_load() fills.
 */
#pragma once
#include "base/err.h"

#include <cairo.h>
#include <dlfcn.h>
#include <pthread.h>

#define CAIRO_FUNCTIONS(F) \
	F(cairo_arc) F(cairo_clip) F(cairo_close_path) F(cairo_create) F(cairo_destroy) F(cairo_fill) F(cairo_image_surface_create) F(cairo_line_to) \
	F(cairo_move_to) F(cairo_paint) F(cairo_rectangle) F(cairo_restore) F(cairo_save) F(cairo_select_font_face) F(cairo_set_dash) \
	F(cairo_set_font_size) F(cairo_set_line_join) F(cairo_set_line_width) F(cairo_set_source_rgb) F(cairo_set_source_rgba) F(cairo_show_text) \
	F(cairo_status) F(cairo_status_to_string) F(cairo_stroke) F(cairo_stroke_preserve) F(cairo_surface_destroy) \
	F(cairo_surface_write_to_png_stream) F(cairo_text_extents)

#define CAIRO_POINTER(name) __typeof__(&name) name;
static struct {
	CAIRO_FUNCTIONS(CAIRO_POINTER)
	bool there;
} cairo_late;
#undef CAIRO_POINTER

static void cairo_load_once(void)
{
	void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);

	cairo_late.there = library != NULL;
#define CAIRO_FIND(name) \
	*(void **)&cairo_late.name = library ? dlsym(library, #name) : NULL; \
	cairo_late.there = cairo_late.there && cairo_late.name;
	CAIRO_FUNCTIONS(CAIRO_FIND)
#undef CAIRO_FIND
}

/* Any thread. ERR_UNAVAILABLE: it is not installed. */
static bool cairo_load(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, cairo_load_once);
	if (!cairo_late.there)
		err_set(err, ERR_UNAVAILABLE, "no graph can be drawn: libcairo.so.2 is not installed");
	return cairo_late.there;
}
