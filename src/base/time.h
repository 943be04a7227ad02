/* base/time.h -- time as numbers with a meaning, their text forms, and the one clock that everything asks.
 *
 * Only daemon/, net/ and the engine's loop ask the clock; everything else is passed `now`.
 */
#pragma once
#include "base/mem.h"

typedef int64_t wall_ms; /* milliseconds since the Unix epoch, UTC */
typedef int64_t mono_ms; /* monotonic, for sockets and measuring; never virtual */
typedef int64_t span_ms;

#define SECOND ((span_ms)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

mono_ms mono_now(void);
int64_t mono_us(void);

/* The wall clock. A virtual one (tests) stands still until it is set; it can be read from any thread. */
void clock_make_virtual(wall_ms start);
bool clock_is_virtual(void);
void clock_set(wall_ms now); /* virtual only; never backwards */
wall_ms wall_now(void);

/* A date of the Gregorian calendar as days since 1970-01-01, and back; month and day count from 1. base/zone.h knows places. */
int64_t date_days(int64_t year, unsigned month, unsigned day);
void date_of_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

/* "2026-11-21T08:53:45.568Z" (RFC 3339, always three decimals). */
#define WALL_TEXT_SIZE 32
struct str wall_write(char out[WALL_TEXT_SIZE], wall_ms at);

/* RFC 3339 with Z or an offset, fraction of any length (cut to ms), 'T' or a space. */
bool wall_parse(struct str s, wall_ms *out);

/* "90s", "10m", "1h30m", "250ms", "2d", "1w", "1y" (365 days): whole numbers with units, largest first not required. Up to 292 years,
 * as Go's: so that a time and a span make a time. */
#define SPAN_MOST (292 * 365 * DAY)
bool span_parse(struct str s, span_ms *out);
/* "3 min", "2 h 5 min", "4 d 2 h": two units at most, for people. */
struct str span_write(struct arena *a, span_ms span);
