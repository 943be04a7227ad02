/* ops/id.h -- ids: 64-bit, time-ordered numbers, and the texts that Slack's clients see.
 *
 * 41 bits of milliseconds since 2024-01-01, 10 bits of node, 12 bits of counter. As text: a letter that tells the kind and
 * base32hex in upper case ("C0C8QJ4V2G00"). A message is named by its channel and its ts, microseconds shown as
 * "1700000000.000100".
 */
#pragma once
#include "base/time.h"

#define ID_NODE_MAX 1023
struct id_maker {
	int64_t last; /* the last id given */
	unsigned node;
};
int64_t id_new(struct id_maker *m, wall_ms now);
/* From now on no id is smaller than this one, which was made in another life: the clock may have been set back since. */
void id_after(struct id_maker *m, int64_t id, wall_ms now);
wall_ms id_time(int64_t id);
int64_t id_first(wall_ms at); /* no id made at that time is smaller; 0 before 2024 */

/* kind: 'U' user, 'C' channel, 'D' direct message, 'B' bot, 'T' workspace, 'A' app ... */
struct str id_write(struct arena *a, char kind, int64_t id);
bool id_parse(struct str s, const char *kinds, int64_t *id); /* any letter of `kinds` */

#define TS_TEXT_SIZE 24
struct str ts_write(char out[TS_TEXT_SIZE], int64_t ts_us);
struct str ts_text(struct arena *a, int64_t ts_us);
bool ts_parse(struct str s, int64_t *ts_us);
