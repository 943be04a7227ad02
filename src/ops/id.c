#include "ops/id.h"

#include <stdio.h>

#define EPOCH_MS 1704067200000 /* 2024-01-01T00:00:00Z */
#define NODE_BITS 10
#define COUNTER_BITS 12

static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

int64_t id_new(struct id_maker *m, wall_ms now)
{
	int64_t base = (now - EPOCH_MS) << (NODE_BITS + COUNTER_BITS) | (int64_t)m->node << COUNTER_BITS;

	if (m->last < base) {
		m->last = base;
	} else {
		/* The same millisecond, or the clock went back: count on; a full counter borrows the next millisecond. */
		m->last++;
		if ((m->last & ((1 << COUNTER_BITS) - 1)) == 0)
			m->last += ((int64_t)1 << (NODE_BITS + COUNTER_BITS)) - (1 << COUNTER_BITS);
	}
	return m->last;
}

void id_after(struct id_maker *m, int64_t id, wall_ms now)
{
	/* In a millisecond of its own, under this life's number: the other life may have gone on after that id. */
	if (id_first(now) <= id && m->last <= id)
		m->last = id_first(id_time(id) + 1) | (int64_t)m->node << COUNTER_BITS;
}

wall_ms id_time(int64_t id)
{
	return (id >> (NODE_BITS + COUNTER_BITS)) + EPOCH_MS;
}

int64_t id_first(wall_ms at)
{
	return at > EPOCH_MS ? (at - EPOCH_MS) << (NODE_BITS + COUNTER_BITS) : 0;
}

struct str id_write(struct arena *a, char kind, int64_t id)
{
	char *p = arena_alloc(a, 16), digits[16];
	size_t n = 0;
	uint64_t v = (uint64_t)id;

	do
		digits[n++] = letters[v & 31];
	while (v >>= 5);
	p[0] = kind;
	for (size_t i = 0; i < n; i++)
		p[1 + i] = digits[n - 1 - i];
	p[n + 1] = '\0';
	return str_n(p, n + 1);
}

bool id_parse(struct str s, const char *kinds, int64_t *id)
{
	uint64_t v = 0;

	if (s.n < 2 || s.n > 14 || !s.p[0] || !strchr(kinds, s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;

		if (!at || v >> 58)
			return false;
		v = v << 5 | (uint64_t)(at - letters);
	}
	*id = (int64_t)v;
	return v > 0;
}

struct str ts_write(char out[TS_TEXT_SIZE], int64_t ts_us)
{
	return str_n(out, (size_t)snprintf(out, TS_TEXT_SIZE, "%010lld.%06lld", (long long)(ts_us / 1000000), (long long)(ts_us % 1000000)));
}

struct str ts_text(struct arena *a, int64_t ts_us)
{
	char text[TS_TEXT_SIZE];

	return arena_dup(a, ts_write(text, ts_us));
}

bool ts_parse(struct str s, int64_t *ts_us)
{
	struct str seconds, micros = str_cut(s, '.', &seconds);
	int64_t sec, us = 0;

	if (!str_to_int(seconds, &sec) || sec < 0 || sec > 99999999999)
		return false;
	if (micros.n && (micros.n > 6 || !str_to_int(micros, &us) || us < 0))
		return false;
	for (size_t i = micros.n; micros.n && i < 6; i++)
		us *= 10;
	*ts_us = sec * 1000000 + us;
	return true;
}
