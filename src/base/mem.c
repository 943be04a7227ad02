#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_BYTES (16 * KIB)

/* Under ASan the unused part of an arena is poisoned and a gap stands behind each piece, so that it sees an overflow there too. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP_BYTES 16u
#else
#define GAP_BYTES 0u
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct arena_block {
	struct arena_block *next;
	size_t size_bytes;
	_Alignas(16) char data[];
};

static void *need(void *p)
{
	static const char text[] = "out of memory\n";

	if (!p) {
		if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
			abort();
		abort();
	}
	return p;
}

void *mem_new(size_t size_bytes)
{
	return need(calloc(1, size_bytes ? size_bytes : 1));
}

void *mem_grow(void *p, size_t size_bytes)
{
	return need(realloc(p, size_bytes ? size_bytes : 1));
}

char *mem_dup(struct str s)
{
	char *p = need(malloc(s.n + 1));

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

void mem_free(void *p)
{
	free(p);
}

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

static struct arena_block *block_free(struct arena_block *b)
{
	struct arena_block *next = b->next;

	ASAN_UNPOISON_MEMORY_REGION(b->data, b->size_bytes);
	free(b);
	return next;
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->blocks;

	if (!b)
		return;
	while (b->next)
		b = block_free(b);
	a->blocks = b;
	a->at = b->data;
	a->end = b->data + b->size_bytes;
	a->total_bytes = b->size_bytes;
	ASAN_POISON_MEMORY_REGION(b->data, b->size_bytes);
}

void arena_done(struct arena *a)
{
	struct arena_block *b = a->blocks;

	while (b)
		b = block_free(b);
	arena_init(a);
}

static void arena_more(struct arena *a, size_t size_bytes)
{
	size_t want = size_bytes > BLOCK_BYTES ? size_bytes : BLOCK_BYTES;
	struct arena_block *b = need(malloc(sizeof *b + want));

	b->next = a->blocks;
	b->size_bytes = want;
	a->blocks = b;
	a->at = b->data;
	a->end = b->data + want;
	a->total_bytes += want;
	ASAN_POISON_MEMORY_REGION(b->data, want);
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	size_t taken = (size_bytes + GAP_BYTES + 15) & ~(size_t)15;
	void *p;

	if (!a->at || (size_t)(a->end - a->at) < taken)
		arena_more(a, taken);
	p = a->at;
	a->at += taken;
	ASAN_UNPOISON_MEMORY_REGION(p, size_bytes);
	return p;
}

void *arena_zero(struct arena *a, size_t size_bytes)
{
	return memset(arena_alloc(a, size_bytes), 0, size_bytes);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	char *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}

struct str arena_lower(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	p[s.n] = '\0';
	return (struct str){p, s.n};
}

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->p)
		b->p[0] = '\0';
}

struct str buf_keep(struct arena *a, struct buf *b)
{
	struct str s = arena_dup(a, buf_str(b));

	buf_done(b);
	return s;
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->failed || n > b->max - b->n) {
		b->failed = true;
		return NULL;
	}
	if (b->n + n + 1 > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;

		while (cap < b->n + n + 1)
			cap *= 2;
		b->p = need(realloc(b->p, cap));
		b->cap = cap;
	}
	return b->p + b->n;
}

bool buf_add(struct buf *b, struct str s)
{
	char *p = buf_room(b, s.n);

	if (!p)
		return false;
	if (s.n)
		memcpy(p, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
	return true;
}

bool buf_char(struct buf *b, char c)
{
	return buf_add(b, (struct str){&c, 1});
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	char *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = buf_room(b, (size_t)n);
	if (p) {
		vsnprintf(p, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	return p != NULL;
}

void *vec_push(struct arena *a, struct vec *v, size_t item_bytes)
{
	if (v->count == v->room) {
		size_t room = v->room ? v->room * 2 : 8;
		void *items = arena_alloc(a, room * item_bytes);

		if (v->count)
			memcpy(items, v->items, v->count * item_bytes);
		v->items = items;
		v->room = room;
	}
	return memset((char *)v->items + v->count++ * item_bytes, 0, item_bytes);
}
