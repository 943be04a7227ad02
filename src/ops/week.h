/* ops/week.h -- hours of the week as people write them: "Mon-Fri 09:00-17:00 Europe/Paris".
 *
 *     Mon-Fri 09:00-17:00            on each of these days; the start is in it, the end is not
 *     Sat-Sun                        whole days
 *     22:00-06:00                    every night; with days before it: in the night that begins on each of them
 *     Fri 16:00-Mon 08:00            from one moment of the week to another
 *     Mon 09:00-12:00, Thu 13:00-17:00 Europe/Paris
 *
 * Days are English, of three letters or whole. One time zone stands at the end and holds for all; without one it is UTC. What is
 * asked is what the clock on the wall there reads: an hour that it reads twice is in twice, one that it skips is not there.
 */
#pragma once
#include "base/zone.h"

#define WEEK_PARTS_MAX 32

struct week {
	struct week_span {
		uint16_t from, to; /* minutes since Monday 00:00; to <= from: it goes on in the next week */
	} *spans;
	size_t count;
	struct str zone_name;    /* "": UTC. week_parse() does not load it */
	const struct zone *zone; /* set by the caller, who owns it */
};

/* The spans are in the arena, zone_name is a part of text. ERR_INVALID: "`Mno` is neither a day, an hour such as 09:00 nor …". */
MUST_USE bool week_parse(struct arena *a, struct str text, struct week *out, struct err *err);
bool week_holds(const struct week *w, wall_ms at);
/* "Mon 14:03 Europe/Paris": what is compared, for people. */
struct str week_reading(const struct week *w, struct arena *a, wall_ms at);
