#include "base/time.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t virtual_now; /* 0: the real clock */

mono_ms mono_now(void)
{
	return mono_us() / 1000;
}

int64_t mono_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void clock_make_virtual(wall_ms start)
{
	atomic_store(&virtual_now, start);
}

bool clock_is_virtual(void)
{
	return atomic_load(&virtual_now) != 0;
}

void clock_set(wall_ms now)
{
	if (now > atomic_load(&virtual_now))
		atomic_store(&virtual_now, now);
}

wall_ms wall_now(void)
{
	int64_t v = atomic_load(&virtual_now);
	struct timespec t;

	if (v)
		return v;
	clock_gettime(CLOCK_REALTIME, &t);
	return (wall_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Howard Hinnant, chrono-Compatible Low-Level Date Algorithms. */
int64_t date_days(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

void date_of_days(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

struct str wall_write(char out[WALL_TEXT_SIZE], wall_ms at)
{
	int64_t days = at / DAY - (at % DAY < 0), y;
	unsigned rest = (unsigned)(at % DAY < 0 ? at % DAY + DAY : at % DAY), m, d;
	int n;

	date_of_days(days, &y, &m, &d);
	n = snprintf(out, WALL_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)y, m, d, rest / 3600000,
		     rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
	return str_n(out, (size_t)n);
}

static bool digits(struct str *s, size_t n, unsigned *out)
{
	*out = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	return true;
}

static bool one_of(struct str *s, const char *set)
{
	if (!s->n || !strchr(set, s->p[0]) || !s->p[0])
		return false;
	s->p++;
	s->n--;
	return true;
}

/* Z, +02:00, -0530 */
static bool parse_zone(struct str s, int64_t *offset_ms)
{
	unsigned h, m;
	bool negative = s.n && s.p[0] == '-';

	*offset_ms = 0;
	if (str_is(s, "Z") || str_is(s, "z"))
		return true;
	if (!one_of(&s, "+-") || !digits(&s, 2, &h))
		return false;
	one_of(&s, ":");
	if (!digits(&s, 2, &m) || s.n || h > 23 || m > 59)
		return false;
	*offset_ms = (int64_t)(h * 60 + m) * MINUTE * (negative ? -1 : 1);
	return true;
}

bool wall_parse(struct str s, wall_ms *out)
{
	static const unsigned char month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned y, mo, d, h, mi, sec, ms = 0, scale = 100;
	int64_t offset;

	if (!digits(&s, 4, &y) || !one_of(&s, "-") || !digits(&s, 2, &mo) || !one_of(&s, "-") || !digits(&s, 2, &d) ||
	    !one_of(&s, "Tt ") || !digits(&s, 2, &h) || !one_of(&s, ":") || !digits(&s, 2, &mi) || !one_of(&s, ":") ||
	    !digits(&s, 2, &sec))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > month_days[mo - 1] || h > 23 || mi > 59 || sec > 60)
		return false;
	if (mo == 2 && d == 29 && (y % 4 || (y % 100 == 0 && y % 400)))
		return false;
	if (one_of(&s, ".,")) {
		unsigned digit;

		if (!s.n || s.p[0] < '0' || s.p[0] > '9')
			return false;
		while (digits(&s, 1, &digit)) {
			ms += digit * scale;
			scale /= 10;
		}
	}
	if (!parse_zone(s, &offset))
		return false;
	*out = date_days(y, mo, d) * DAY + (wall_ms)(h * 60 + mi) * MINUTE + (wall_ms)sec * SECOND + ms - offset;
	return true;
}

bool span_parse(struct str s, span_ms *out)
{
	span_ms total = 0;

	if (!s.n)
		return false;
	while (s.n) {
		int64_t v = 0;
		size_t i = 0;
		span_ms unit;

		while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && v < 1000000000)
			v = v * 10 + (s.p[i++] - '0');
		if (i == 0 || i >= s.n)
			return false;
		s = str_n(s.p + i, s.n - i);
		if (str_starts(s, S("ms"))) {
			unit = 1;
			s = str_n(s.p + 1, s.n - 1);
		} else {
			unit = s.p[0] == 's' ? SECOND : s.p[0] == 'm' ? MINUTE : s.p[0] == 'h' ? HOUR : s.p[0] == 'd' ? DAY : s.p[0] == 'w' ? 7 * DAY : s.p[0] == 'y' ? 365 * DAY : 0;
		}
		if (!unit)
			return false;
		s = str_n(s.p + 1, s.n - 1);
		if (v > SPAN_MOST / unit || (total += v * unit) > SPAN_MOST)
			return false;
	}
	*out = total;
	return true;
}

struct str span_write(struct arena *a, span_ms span)
{
	long long seconds = span < 0 ? 0 : span / SECOND;

	if (seconds < 60)
		return arena_printf(a, "%lld s", seconds);
	if (seconds < 3600)
		return arena_printf(a, "%lld min", seconds / 60);
	if (seconds < 86400)
		return seconds % 3600 < 60 ? arena_printf(a, "%lld h", seconds / 3600)
					   : arena_printf(a, "%lld h %lld min", seconds / 3600, seconds / 60 % 60);
	return seconds % 86400 < 3600 ? arena_printf(a, "%lld d", seconds / 86400)
				      : arena_printf(a, "%lld d %lld h", seconds / 86400, seconds / 3600 % 24);
}
