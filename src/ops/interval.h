/* ops/interval.h -- times of the week, month and year by the clock of a place, as Alertmanager's `time_intervals` tell them.
 *
 * One `struct interval` is what stands under one name: a list of members, of which one has to hold. A member holds when all of
 * its lists do; a list holds when one of its ranges does.
 *
 *     times:         [{start_time: '09:00', end_time: '17:00'}]   the start is in it, the end is not; 24:00 may be an end
 *     weekdays:      ['monday:friday', sunday]                    a week begins on Sunday
 *     days_of_month: ['1:5', '-3:-1']                             -1 is the last day of the month
 *     months:        ['january:march', 12]
 *     years:         ['2026:2028']
 *     location:      'Europe/Berlin'                              else UTC
 *
 * What amtool 0.25 takes is taken, what it refuses is refused with its sentence, except that `Local` and empty entries are
 * refused and numbers are limited. A list that is not there restricts nothing; one that is there and empty never holds. Days
 * count from the end of the month as the calendar has it: Alertmanager divides the month's hours by 24, so it takes a March
 * in which an hour is left out for 30 days.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"

struct interval; /* opaque; interval_free() ends it. It can be asked from any thread */

#define INTERVAL_MEMBERS_MAX 256
#define INTERVAL_RANGES_MAX 2048 /* in all lists of all members */
#define INTERVAL_LOOK_AHEAD (366 * DAY)

/* Reads the value of `time_intervals` of one entry, which is not kept. NULL and ERR_INVALID or ERR_TOO_MANY:
 * "line 7: fri is not a valid weekday". NULL, null and an empty list make an interval that never holds. Reads the files of
 * its locations (base/zone.h). */
MUST_USE struct interval *interval_new(const struct json *list, struct err *err);
void interval_free(struct interval *i);

bool interval_holds(const struct interval *i, wall_ms at);

/* The first instant after `after` at which the answer of interval_holds() is another one than at `after`. 0: it stays for
 * INTERVAL_LOOK_AHEAD; ask again by then. */
wall_ms interval_turns(const struct interval *i, wall_ms after);

/* The list as JSON, in Alertmanager's words. Read again it is the same. */
void interval_write(struct json_out *o, const struct interval *i);
