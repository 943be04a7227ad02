/* base/mem.h -- memory that cannot fail, the work's arena, and the owned, bounded buffer.
 *
 * Out of memory ends the process (design: what matters is in the store, the daemon starts again where it was).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

void *mem_new(size_t size_bytes);                     /* zeroed */
void *mem_grow(void *p, size_t size_bytes);           /* as realloc */
char *mem_dup(struct str s);                          /* with a NUL behind */
void mem_free(void *p);

/* The memory of one work item: freed at once, never piece by piece. */
struct arena {
	char *at, *end;
	struct arena_block *blocks;
	size_t total_bytes;
};

void arena_init(struct arena *a);
void arena_reset(struct arena *a); /* keeps one block for the next use */
void arena_done(struct arena *a);
void *arena_alloc(struct arena *a, size_t size_bytes); /* not zeroed, aligned for any type */
void *arena_zero(struct arena *a, size_t size_bytes);
struct str arena_dup(struct arena *a, struct str s);   /* has a NUL behind */
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3); /* has a NUL behind */
struct str arena_lower(struct arena *a, struct str s); /* ASCII */

/* Owned text that grows up to a ceiling; past it `failed` is set and nothing more is added. Ends in NUL. */
struct buf {
	char *p;
	size_t n, cap, max;
	bool failed;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);
void buf_reset(struct buf *b); /* empty, memory kept */
struct str buf_keep(struct arena *a, struct buf *b); /* its text, in the arena with a NUL behind; the buffer is done */
bool buf_add(struct buf *b, struct str s);
bool buf_char(struct buf *b, char c);
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *buf_room(struct buf *b, size_t n); /* n bytes to write at b->p + b->n; NULL past the ceiling. Add to b->n yourself. */
static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->n};
}

/* A growing array in an arena: vec_push() answers the place of a new, zeroed element. Earlier places may move. */
struct vec {
	void *items;
	size_t count, room;
};
void *vec_push(struct arena *a, struct vec *v, size_t item_bytes);
