/* Silences: which are refused and with which sentence, what may become what, their order, how filters find them. */
#include "ops/silence.h"
#include "unit.h"

static struct arena a;
static struct silence s, t;
static struct err err;

#define NOW (1000 * HOUR)

static void open_arena(void)
{
	arena_init(&a);
	s = t = (struct silence){.starts = NOW, .ends = NOW + HOUR};
	err = (struct err){0};
}

static void close_arena(void)
{
	matchers_done(&s.matchers);
	matchers_done(&t.matchers);
	arena_done(&a);
}

static bool read_list(const char *text, struct matchers *out)
{
	struct json *list = json_parse(&a, str_of(text), JSON_STRICT, &err);

	ck_assert_msg(list, "%s", err.text);
	matchers_done(out);
	return silence_read_matchers(&a, list, out, &err);
}

static void with(struct silence *one, const char *matchers)
{
	matchers_done(&one->matchers);
	ck_assert_msg(matchers_parse(&a, &one->matchers, str_of(matchers), &err), "%s", err.text);
}

/* The sentences of Alertmanager 0.25; tests/sdk/silences.test.mjs asks it. */
static const struct {
	const char *list, *why; /* NULL: taken */
} lists[] = {
	{"[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}]", NULL},
	{"[{\"name\":\"a\",\"value\":\"b|c\",\"isRegex\":true,\"isEqual\":false}]", NULL},
	{"[{\"name\":\"a\",\"value\":\"q\\\"\\\\\\n é\",\"isRegex\":false}]", NULL},
	{"[{\"name\":\"a-b\",\"value\":\"b\",\"isRegex\":false}]",
	 "silence invalid: invalid label matcher 0: invalid label name \"a-b\""},
	{"[{\"name\":\"a:b\",\"value\":\"b\",\"isRegex\":false}]",
	 "silence invalid: invalid label matcher 0: invalid label name \"a:b\""},
	{"[{\"name\":\"x\",\"value\":\"y\",\"isRegex\":false},{\"name\":\"\",\"value\":\"b\",\"isRegex\":false}]",
	 "silence invalid: invalid label matcher 1: invalid label name \"\""},
	{"[{\"name\":\"a\",\"value\":\"(\",\"isRegex\":true}]",
	 "silence invalid: invalid label matcher 0: invalid regular expression \"(\": error parsing regexp: missing "
	 "closing ): `(`"},
	{"[{\"name\":\"a\",\"value\":\")(\",\"isRegex\":true}]",
	 "silence invalid: invalid label matcher 0: invalid regular expression \")(\": error parsing regexp: "
	 "unexpected ): `)(`"},
};

START_TEST(matchers_are_read)
{
	bool ok = read_list(lists[_i].list, &s.matchers);
	struct json_out o;
	struct buf b;

	ck_assert_msg(ok == !lists[_i].why, "%s: %s", lists[_i].list, err.text);
	if (!ok) {
		ck_assert_str_eq(err.text, lists[_i].why);
		return;
	}
	buf_init(&b, 1 * MIB); /* written and read again they are the same */
	o = json_out(&b);
	silence_write_matchers(&o, &s.matchers);
	ck_assert(read_list(buf_keep(&a, &b).p, &t.matchers));
	ck_assert(matchers_same(&s.matchers, &t.matchers));
}
END_TEST

static const struct {
	const char *matchers;
	wall_ms starts, ends;
	const char *why;
} checked[] = {
	{"a=b", NOW, NOW + 1, NULL},
	{"a=b", NOW - HOUR, NOW, NULL},
	{"a!=b", NOW, NOW + 1, NULL}, /* it fits what is not there, and is a silence all the same */
	{"a!~b", NOW, NOW + 1, NULL},
	{"a=\"\",c=d", NOW, NOW + 1, NULL},
	{"a=\"\"", NOW, NOW + 1, "silence invalid: at least one matcher must not match the empty string"},
	{"a=~\"x*\"", NOW, NOW + 1, "silence invalid: at least one matcher must not match the empty string"},
	{"", NOW, NOW + 1, "silence invalid: at least one matcher must not match the empty string"},
	{"a=b", NOW, NOW, "Failed to create silence: start time must be before end time"},
	{"a=\"\"", NOW, NOW - 1, "Failed to create silence: start time must be before end time"},
	{"a=b", NOW - 10, NOW - 1, "Failed to create silence: end time can't be in the past"},
};

START_TEST(is_checked)
{
	with(&s, checked[_i].matchers);
	s.starts = checked[_i].starts;
	s.ends = checked[_i].ends;
	ck_assert_int_eq(silence_check(&s, NOW, &err), !checked[_i].why);
	ck_assert_str_eq(err.text, checked[_i].why ? checked[_i].why : "");
}
END_TEST

/* from NOW */
static const struct {
	wall_ms old_starts, old_ends, starts, ends;
	const char *matchers;
	bool may;
} updates[] = {
	{-HOUR, HOUR, -HOUR, 2 * HOUR, "a=b,c=~d", true},
	{-HOUR, HOUR, -HOUR + 999, HOUR, "a=b,c=~d", true}, /* to the second */
	{-HOUR, HOUR, -HOUR, 1, "c=~d,a=b", true},
	{-HOUR, HOUR, -HOUR, -1, "a=b,c=~d", false},
	{-HOUR, HOUR, -HOUR + SECOND, HOUR, "a=b,c=~d", false},
	{-HOUR, HOUR, -HOUR, HOUR, "a=b", false},
	{-HOUR, HOUR, -HOUR, HOUR, "a=b,c=d", false},
	{-HOUR, HOUR, -HOUR, HOUR, "a=b,c=~d,e=f", false},
	{HOUR, 2 * HOUR, 1, 2 * HOUR, "a=b,c=~d", true},
	{HOUR, 2 * HOUR, -1, 2 * HOUR, "a=b,c=~d", false},
	{-2 * HOUR, -HOUR, -2 * HOUR, HOUR, "a=b,c=~d", false}, /* it is over */
};

START_TEST(may_become)
{
	with(&s, "a=b,c=~d");
	with(&t, updates[_i].matchers);
	s.starts = NOW + updates[_i].old_starts;
	s.ends = NOW + updates[_i].old_ends;
	t.starts = NOW + updates[_i].starts;
	t.ends = NOW + updates[_i].ends;
	ck_assert_int_eq(silence_can_become(&s, &t, NOW), updates[_i].may);
}
END_TEST

START_TEST(has_a_state)
{
	ck_assert_str_eq(silence_state_name(silence_state_at(&s, NOW - 1)), "pending");
	ck_assert_str_eq(silence_state_name(silence_state_at(&s, NOW)), "active");
	ck_assert_str_eq(silence_state_name(silence_state_at(&s, NOW + HOUR - 1)), "active");
	ck_assert_str_eq(silence_state_name(silence_state_at(&s, NOW + HOUR)), "expired");
}
END_TEST

START_TEST(come_in_order)
{
	static const wall_ms times[][2] = {{-5, 10}, {-5, 20}, {5, 30}, {6, 7}, {-9, -1}, {-9, -2}}; /* as they come */

	for (size_t i = 0; i + 1 < COUNT_OF(times); i++) {
		s.starts = NOW + times[i][0];
		s.ends = NOW + times[i][1];
		t.starts = NOW + times[i + 1][0];
		t.ends = NOW + times[i + 1][1];
		ck_assert_int_lt(silence_order(&s, &t, NOW), 0);
		ck_assert_int_gt(silence_order(&t, &s, NOW), 0);
	}
}
END_TEST

START_TEST(is_found_by_its_own_matchers)
{
	with(&s, "a=b,c=~\"d.*\"");
	with(&t, "a=b");
	ck_assert(silence_has_matchers(&s, &t.matchers));
	with(&t, "c=~\"d.*\",a=b");
	ck_assert(silence_has_matchers(&s, &t.matchers));
	with(&t, "c=dx"); /* it would fit, and is not the same */
	ck_assert(!silence_has_matchers(&s, &t.matchers));
	with(&t, "a=~b");
	ck_assert(!silence_has_matchers(&s, &t.matchers));
	ck_str(matchers_text(&a, &s.matchers), "{a=\"b\",c=~\"d.*\"}");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"matchers", matchers_are_read, COUNT_OF(lists)},
		{"matchers", is_found_by_its_own_matchers, 0},
		{"rules", is_checked, COUNT_OF(checked)},
		{"rules", may_become, COUNT_OF(updates)},
		{"rules", has_a_state, 0},
		{"rules", come_in_order, 0},
	};

	return unit_run_in("ops_silence", tests, COUNT_OF(tests), open_arena, close_arena);
}
