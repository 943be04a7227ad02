/* base/map.h -- a hash table from a 64-bit number (an id, or a hash that is one) to a pointer. Owns nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot {
		uint64_t key;
		void *value; /* NULL: free */
	} *slots;
	size_t count, room;
};

void map_done(struct map *m);
void *map_get(const struct map *m, uint64_t key);
void map_put(struct map *m, uint64_t key, void *value); /* value not NULL; replaces */
void *map_take(struct map *m, uint64_t key);            /* removes; NULL: was not there */
/* for (size_t i = 0; map_next(&m, &i, &value);) -- nothing may be put or taken meanwhile */
bool map_next(const struct map *m, size_t *at, void **value);
