#include "base/map.h"

#include "base/crypt.h"

static size_t place(const struct map *m, uint64_t key)
{
	return (size_t)hash_mix(key) & (m->room - 1);
}

void map_done(struct map *m)
{
	mem_free(m->slots);
	*m = (struct map){0};
}

void *map_get(const struct map *m, uint64_t key)
{
	if (!m->room)
		return NULL;
	for (size_t i = place(m, key); m->slots[i].value; i = (i + 1) & (m->room - 1))
		if (m->slots[i].key == key)
			return m->slots[i].value;
	return NULL;
}

static void grow(struct map *m)
{
	struct map bigger = {.room = m->room ? m->room * 2 : 16};

	bigger.slots = mem_new(bigger.room * sizeof *bigger.slots);
	for (size_t i = 0; i < m->room; i++)
		if (m->slots[i].value)
			map_put(&bigger, m->slots[i].key, m->slots[i].value);
	mem_free(m->slots);
	*m = bigger;
}

void map_put(struct map *m, uint64_t key, void *value)
{
	size_t i;

	if ((m->count + 1) * 4 > m->room * 3)
		grow(m);
	for (i = place(m, key); m->slots[i].value; i = (i + 1) & (m->room - 1))
		if (m->slots[i].key == key) {
			m->slots[i].value = value;
			return;
		}
	m->slots[i] = (struct map_slot){key, value};
	m->count++;
}

void *map_take(struct map *m, uint64_t key)
{
	size_t i, j;
	void *value;

	if (!m->room)
		return NULL;
	for (i = place(m, key); m->slots[i].value && m->slots[i].key != key; i = (i + 1) & (m->room - 1))
		;
	value = m->slots[i].value;
	if (!value)
		return NULL;
	/* Closes the hole, so that no search stops too early (Knuth 6.4, algorithm R). */
	for (j = (i + 1) & (m->room - 1); m->slots[j].value; j = (j + 1) & (m->room - 1)) {
		size_t home = place(m, m->slots[j].key);

		if (((j - home) & (m->room - 1)) >= ((j - i) & (m->room - 1))) {
			m->slots[i] = m->slots[j];
			i = j;
		}
	}
	m->slots[i].value = NULL;
	m->count--;
	return value;
}

bool map_next(const struct map *m, size_t *at, void **value)
{
	for (; *at < m->room; ++*at)
		if (m->slots[*at].value) {
			*value = m->slots[(*at)++].value;
			return true;
		}
	return false;
}
