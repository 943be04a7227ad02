/* base/str.h -- borrowed text: a pointer and a length. Never owns, need not end in NUL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define S(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p
#define KIB 1024u
#define MIB (1024u * 1024u)
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static inline struct str str_of(const char *z)
{
	return z ? (struct str){z, strlen(z)} : (struct str){"", 0};
}

static inline struct str str_n(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII */
int str_cmp(struct str a, struct str b);        /* by bytes, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s); /* ASCII white space at both ends */
bool str_find(struct str s, struct str what, size_t *at);

/* Cuts at the first `sep`: *head is what stands before it, the answer what follows. Without a sep: all is head, "" follows. */
struct str str_cut(struct str s, char sep, struct str *head);

/* Cuts the next word off *rest (ASCII white space between words). false: there is none. */
bool str_word(struct str *rest, struct str *word);

/* A whole decimal number, nothing around it, in range of int64. */
bool str_to_int(struct str s, int64_t *out);

/* The longest prefix of s of at most `max` bytes that does not cut a UTF-8 sequence. */
struct str str_clip(struct str s, size_t max);

/* Well-formed UTF-8 (RFC 3629), with no NUL in it. */
bool str_is_utf8(struct str s);

/* Same length and content, in time that does not depend on the content. */
bool str_eq_secret(struct str a, struct str b);

/* How many letters are wrong, missing, too much or swapped with their neighbour (Damerau and Levenshtein), in ASCII without case; for
 * did-you-mean. Texts over 32 bytes count as far apart (99). */
unsigned str_distance(struct str a, struct str b);
