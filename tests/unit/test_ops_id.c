#include "base/crypt.h"
#include "ops/id.h"
#include "ops/model.h"
#include "unit.h"

#define NOW ((wall_ms)1772417700000)

START_TEST(ids_rise_whatever_the_clock_does)
{
	struct id_maker m = {.node = 7};
	int64_t last = 0;
	uint64_t seed = 3;

	for (int i = 0; i < 100000; i++) {
		int64_t id;

		seed = hash_mix(seed + 1);
		id = id_new(&m, NOW + (wall_ms)(seed % 7) - 5);
		ck_assert_int_gt(id, last);
		ck_assert_int_eq(id >> 12 & 1023, 7); /* a full counter borrows time, not the next node's numbers */
		last = id;
	}
}
END_TEST

START_TEST(ids_know_their_time)
{
	struct id_maker m = {.node = 1023};

	for (int i = 0; i < 4096; i++)
		ck_assert_int_eq(id_time(id_new(&m, NOW)), NOW);
	ck_assert_int_eq(id_time(id_new(&m, NOW)), NOW + 1); /* the 4097th of one millisecond */
	ck_assert_int_eq(id_time(id_new(&m, NOW + DAY)), NOW + DAY);
}
END_TEST

START_TEST(ids_of_two_nodes_differ)
{
	struct id_maker m = {.node = 1}, n = {.node = 2};

	for (int i = 0; i < 10000; i++)
		ck_assert_int_ne(id_new(&m, NOW + i / 5000), id_new(&n, NOW + i / 5000));
}
END_TEST

START_TEST(ids_go_round_and_keep_their_order)
{
	struct str before = S("");
	struct id_maker m = {0};
	struct arena a;

	arena_init(&a);
	for (int i = 0; i < 1000; i++) {
		int64_t id = id_new(&m, NOW + i * HOUR), back;
		struct str text = id_write(&a, 'C', id);

		ck_assert(id_parse(text, "UC", &back));
		ck_assert_int_eq(back, id);
		ck_assert(!id_parse(text, "UD", &back));
		ck_assert(before.n == 0 || (text.n == before.n && str_cmp(before, text) < 0));
		before = text;
	}
	ck_str(id_write(&a, 'U', 1), "U1");
	ck_str(id_write(&a, 'U', INT64_MAX), "U7VVVVVVVVVVVV");
	arena_done(&a);
}
END_TEST

/* The clock was set back between two lives, or the numbers of lives have gone round. */
START_TEST(ids_of_a_new_life_are_larger)
{
	struct id_maker before = {.node = 9}, now = {.node = 4};
	int64_t last = 0, other;

	for (int i = 0; i < 5; i++)
		last = id_new(&before, NOW);
	id_after(&now, last, NOW - HOUR);
	other = id_new(&before, NOW); /* the other life went on a little */
	for (int i = 0; i < 5; i++) {
		int64_t id = id_new(&now, NOW - HOUR);

		ck_assert_int_gt(id, last);
		ck_assert_int_ne(id, other);
		ck_assert_int_eq(id_time(id), NOW + 1);
	}
	now = (struct id_maker){.node = 4};
	id_after(&now, last, NOW + HOUR);
	ck_assert_int_eq(id_time(id_new(&now, NOW + HOUR)), NOW + HOUR);
}
END_TEST

START_TEST(ids_that_are_none)
{
	static const struct str bad[] = {S(""),
					 S("C"),
					 S("X1"),
					 S("c1"),
					 S("C1a"),
					 S("CW"),
					 S("C 1"),
					 S("C-1"),
					 S("C0"),
					 S("C00000"),
					 S("C1\0"),
					 S("\0001"),
					 S("C00000000000001"),
					 S("CG0000000000000")};
	int64_t id;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!id_parse(bad[i], "UCD", &id), "%s", bad[i].p);
	ck_assert(id_parse(S("U7VVVVVVVVVVVV"), "U", &id) && id == INT64_MAX);
	ck_assert(!id_parse(S("U8000000000000"), "U", &id)); /* does not fit */
}
END_TEST

START_TEST(ts_go_round)
{
	static const struct {
		const char *text;
		int64_t us;
	} all[] = {{"1700000000.000100", 1700000000000100},
		   {"0000000000.000000", 0},
		   {"99999999999.999999", 99999999999999999}};
	char out[TS_TEXT_SIZE];
	int64_t us;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		ck_str(ts_write(out, all[i].us), all[i].text);
		ck_assert(ts_parse(str_of(all[i].text), &us));
		ck_assert_int_eq(us, all[i].us);
	}
	ck_assert(ts_parse(S("12"), &us) && us == 12000000);
	ck_assert(ts_parse(S("12.5"), &us) && us == 12500000); /* a fraction, not a count */
	ck_assert(ts_parse(S("12.000005"), &us) && us == 12000005);
}
END_TEST

START_TEST(ts_that_are_none)
{
	static const char *const bad[] = {"",   ".",   ".5",   "-1.0",         "1.-5",  "1.+5", "1.0000001",
					  "1x", "1.x", "1 .0", "100000000000", "1.5.5", "now"};
	int64_t us;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!ts_parse(str_of(bad[i]), &us), "%s", bad[i]);
}
END_TEST

START_TEST(roles)
{
	enum role role;

	for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++) {
		ck_assert(role_parse(str_of(role_name(r)), &role));
		ck_assert_int_eq(role, r);
	}
	ck_assert(!role_parse(S("king"), &role) && !role_parse(S(""), &role));
	ck_assert_str_eq(role_name(0), "nobody");
	ck_assert_str_eq(role_name(99), "nobody");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"id", ids_rise_whatever_the_clock_does},
		{"id", ids_know_their_time},
		{"id", ids_of_two_nodes_differ},
		{"id", ids_go_round_and_keep_their_order},
		{"id", ids_of_a_new_life_are_larger},
		{"id", ids_that_are_none},
		{"ts", ts_go_round},
		{"ts", ts_that_are_none},
		{"model", roles},
	};

	return unit_run("ops/id", tests, COUNT_OF(tests));
}
