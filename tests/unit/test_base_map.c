#include "base/crypt.h"
#include "base/map.h"
#include "unit.h"

#define KEYS 500

/* Random puts, takes and gets against an array that cannot be wrong. */
START_TEST(behaves_as_an_array)
{
	static char *values[KEYS];
	static char things[KEYS * 2];
	struct map m = {0};
	uint64_t seed = 7;
	size_t count = 0;

	for (int step = 0; step < 200000; step++) {
		size_t k;
		char *thing;

		seed = hash_mix(seed + 0x9e3779b97f4a7c15ull);
		k = seed % KEYS;
		thing = &things[(seed >> 20) % COUNT_OF(things)];
		if (seed >> 62 == 0) {
			ck_assert_ptr_eq(map_take(&m, k), values[k]);
			count -= values[k] != NULL;
			values[k] = NULL;
		} else if (seed >> 62 == 1 || (seed >> 62 == 2 && step % 20000 < 10000)) {
			map_put(&m, k, thing);
			count += values[k] == NULL;
			values[k] = thing;
		} else {
			ck_assert_ptr_eq(map_get(&m, k), values[k]);
		}
		ck_assert_uint_eq(m.count, count);
	}
	for (size_t k = 0; k < KEYS; k++)
		ck_assert_ptr_eq(map_get(&m, k), values[k]);
	map_done(&m);
}
END_TEST

START_TEST(walks_over_each_once)
{
	static int seen[1000];
	struct map m = {0};
	void *value;
	size_t at = 0;

	ck_assert(!map_next(&m, &at, &value));
	for (uint64_t k = 0; k < COUNT_OF(seen); k++)
		map_put(&m, k << 48 | UINT64_MAX >> 20, &seen[k]);
	for (at = 0; map_next(&m, &at, &value);)
		++*(int *)value;
	for (size_t k = 0; k < COUNT_OF(seen); k++)
		ck_assert_int_eq(seen[k], 1);
	map_done(&m);
}
END_TEST

START_TEST(empty)
{
	struct map m = {0};
	int thing;

	ck_assert_ptr_null(map_get(&m, 1));
	ck_assert_ptr_null(map_take(&m, 1));
	map_put(&m, 0, &thing);
	map_put(&m, UINT64_MAX, &thing);
	ck_assert_ptr_eq(map_get(&m, 0), &thing);
	ck_assert_ptr_eq(map_take(&m, UINT64_MAX), &thing);
	ck_assert_uint_eq(m.count, 1);
	map_done(&m);
	ck_assert_ptr_null(map_get(&m, 0));
	map_done(&m);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {{"map", behaves_as_an_array}, {"map", walks_over_each_once}, {"map", empty}};

	return unit_run("base/map", tests, COUNT_OF(tests));
}
