/* base/zone.h -- what the clock on the wall of a place reads at an instant, and back: TZif files (RFC 8536), as tzdata has them.
 *
 * A zone is named as IANA does: "Europe/Berlin". What its file says holds up to the last change that it lists, from there on the
 * rule in its last line. A zone that is NULL is UTC. "Local", the place of the machine, is not supported: two machines of one
 * team would disagree. Nothing changes in a zone once it is made; it can be asked from any thread.
 */
#pragma once
#include "base/time.h"

struct zone; /* opaque; zone_free() ends it */

/* A reading of the clock, without milliseconds. */
struct civil {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int weekday; /* 0 is Sunday; zone_wall() does not look at it */
};

/* Where the files are: /usr/share/zoneinfo unless told. To be called before there are threads; dir is borrowed for good. */
void zone_set_dir(const char *dir);

/* ERR_INVALID: "there is no time zone `X`" (a name may hold letters, digits and _ + - /), or what is wrong with its file.
 * "UTC" needs no file. */
MUST_USE struct zone *zone_load(struct str name, struct err *err);

/* The bytes of a TZif file, up to 64 KiB; they are not kept. ERR_INVALID, also if they count leap seconds (those in "right/"),
 * which wall_ms does not. */
MUST_USE struct zone *zone_parse(struct str tzif, struct err *err);
void zone_free(struct zone *z);

int32_t zone_offset(const struct zone *z, wall_ms at); /* seconds east of UTC */
struct civil zone_civil(const struct zone *z, wall_ms at);

/* The instant at which the clock reads so: where it does so twice, the first or the last of them; where it never does, the
 * change that skips it, for both. So 02:30 in the night in which 02:00 becomes 03:00 is the instant of 03:00. Fields past
 * their range carry over: month 13, day 0, 24:00 are what they seem. */
enum zone_pass { ZONE_FIRST, ZONE_LAST };
wall_ms zone_wall(const struct zone *z, struct civil c, enum zone_pass pass);

/* The first instant after `after` from which the offset is another one. 0: there is none. */
wall_ms zone_next_change(const struct zone *z, wall_ms after);
