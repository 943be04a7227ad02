#include "base/str.h"

static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s.p++, s.n--;
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_find(struct str s, struct str what, size_t *at)
{
	const char *hit = s.n && what.n ? memmem(s.p, s.n, what.p, what.n) : NULL;

	if (!hit && what.n)
		return false;
	if (at)
		*at = hit ? (size_t)(hit - s.p) : 0;
	return true;
}

struct str str_cut(struct str s, char sep, struct str *head)
{
	const char *hit = s.n ? memchr(s.p, sep, s.n) : NULL;

	if (!hit) {
		*head = s;
		return (struct str){"", 0};
	}
	*head = (struct str){s.p, (size_t)(hit - s.p)};
	return (struct str){hit + 1, s.n - head->n - 1};
}

bool str_word(struct str *rest, struct str *word)
{
	struct str s = str_trim(*rest);
	size_t n = 0;

	while (n < s.n && !is_space(s.p[n]))
		n++;
	*word = (struct str){s.p, n};
	*rest = (struct str){s.p + n, s.n - n};
	return n > 0;
}

bool str_to_int(struct str s, int64_t *out)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t v = 0;
	size_t i = neg;

	if (i >= s.n || s.n - i > 19)
		return false;
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (v > (uint64_t)INT64_MAX + neg)
		return false;
	*out = neg ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

struct str str_clip(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return (struct str){s.p, max};
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), 0 if there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	unsigned char c = p[0];

	if (c < 0x80)
		return c ? 1 : 0;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return n > 1 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (c < 0xf0)
		return (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ? 0 : 3;
	if (n < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	return (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

bool str_is_utf8(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t k = utf8_length((const unsigned char *)s.p + i, s.n - i);

		if (!k)
			return false;
		i += k;
	}
	return true;
}

bool str_eq_secret(struct str a, struct str b)
{
	unsigned char differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	return differ == 0;
}

unsigned str_distance(struct str a, struct str b)
{
	unsigned rows[3][34];

	if (a.n > 32 || b.n > 32)
		return 99;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *before = rows[(i - 1) % 3], *row = rows[i % 3], *before_that = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			unsigned best = before[j - 1] + (x != y);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && y == lower(a.p[i - 2]) && before_that[j - 2] + 1 < best)
				best = before_that[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a.n % 3][b.n];
}
