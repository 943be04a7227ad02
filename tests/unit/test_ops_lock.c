/* Deploy locks: every pair of state and event, names of targets, what a call's targets are, when the timer is due. */
#include "ops/lock.h"
#include "unit.h"

static struct arena a;
static struct err err;

static void open_arena(void)
{
	arena_init(&a);
	err = (struct err){0};
}

static void close_arena(void)
{
	arena_done(&a);
}

/* What each may: "" it may not; an operator's where it differs. In the order of the states. */
static const struct {
	enum lock_event event;
	int effects[4], operators[4];
} pairs[] = {
	{LOCK_ON_TAKE, {LOCK_FX_TAKE, LOCK_FX_EXTEND, 0, 0}, {LOCK_FX_TAKE, LOCK_FX_EXTEND, 0, 0}},
	{LOCK_ON_QUEUE, {LOCK_FX_TAKE, LOCK_FX_EXTEND, LOCK_FX_WAIT, LOCK_FX_WAIT}, {LOCK_FX_TAKE, LOCK_FX_EXTEND, LOCK_FX_WAIT, LOCK_FX_WAIT}},
	{LOCK_ON_STEAL,
	 {LOCK_FX_TAKE, LOCK_FX_EXTEND, LOCK_FX_TAKE | LOCK_FX_TELL, LOCK_FX_TAKE | LOCK_FX_TELL},
	 {LOCK_FX_TAKE, LOCK_FX_EXTEND, LOCK_FX_TAKE | LOCK_FX_TELL, LOCK_FX_TAKE | LOCK_FX_TELL}},
	{LOCK_ON_UNLOCK, {0, LOCK_FX_NEXT, 0, LOCK_FX_LEAVE}, {0, LOCK_FX_NEXT, LOCK_FX_NEXT | LOCK_FX_TELL, LOCK_FX_LEAVE}},
	{LOCK_ON_EXPIRE, {0, LOCK_FX_NEXT | LOCK_FX_TELL, 0, 0}, {0, LOCK_FX_NEXT | LOCK_FX_TELL, 0, 0}},
};

START_TEST(every_pair)
{
	for (int state = LOCK_FREE; state <= LOCK_AWAITED; state++)
		for (int operator_asks = 0; operator_asks < 2; operator_asks++) {
			unsigned effects = 0;
			bool may = lock_rule((enum lock_state)state, pairs[_i].event, operator_asks, &effects);
			int wanted = operator_asks ? pairs[_i].operators[state] : pairs[_i].effects[state];

			ck_assert_msg(may == (wanted != 0) && (int)effects == wanted, "state %d event %d operator %d: %u", state, pairs[_i].event, operator_asks, effects);
		}
}
END_TEST

static const struct {
	const char *text, *target; /* NULL: it is none */
} names[] = {
	{"web-prod", "web-prod"}, {"Web-PROD", "web-prod"}, {"eu/k8s:web_1.2", "eu/k8s:web_1.2"}, {"", NULL}, {"web prod", NULL}, {"w\xc3\xa4", NULL}, {"*", NULL}, {"<@U1>", NULL},
	{"0123456789012345678901234567890123456789012345678901234567890123456789012345678z", "0123456789012345678901234567890123456789012345678901234567890123456789012345678z"},
	{"0123456789012345678901234567890123456789012345678901234567890123456789012345678zz", NULL},
};

START_TEST(names_of_targets)
{
	struct str out;

	ck_assert_int_eq(lock_target_read(&a, str_of(names[_i].text), &out, &err), names[_i].target != NULL);
	if (names[_i].target)
		ck_str(out, names[_i].target);
	else
		ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

static size_t targets(const char *plugin, const char *usage, const char *lock, const char *first, const char *second, struct str **out)
{
	static struct command_spec spec;
	static struct value values[2];
	static struct bound_param bound[PARAMS_MAX];
	struct typed_call call = {.spec = &spec, .params = bound};

	spec = (struct command_spec){.plugin = str_of(plugin), .lock = str_of(lock)};
	ck_assert(spec_read_usage(&a, str_of(usage), &spec, &err));
	memset(bound, 0, sizeof bound);
	values[0].text = str_of(first);
	values[1].text = str_of(second);
	bound[0] = (struct bound_param){values, second ? 2 : 1, false};
	return lock_targets_of(&a, &call, out);
}

START_TEST(targets_of_a_call)
{
	struct str *t;

	ck_assert_uint_eq(targets("deploy", "<target>", "", "Web-Prod", NULL, &t), 1); /* its parameter target */
	ck_str(t[0], "web-prod");
	ck_assert_uint_eq(targets("deploy", "<target*>", "", "web", "db", &t), 2);
	ck_str(t[1], "db");
	ck_assert_uint_eq(targets("deploy", "<app>", "app", "web", NULL, &t), 1);      /* the one that the manifest names */
	ck_str(t[0], "web");
	ck_assert_uint_eq(targets("deploy", "<app>", "Cluster-1", "web", NULL, &t), 1); /* no parameter: a target itself */
	ck_str(t[0], "cluster-1");
	ck_assert_uint_eq(targets("deploy", "<app>", "", "web", NULL, &t), 0);
	ck_assert_uint_eq(targets("deploy", "<target>", "", "two words", NULL, &t), 0); /* nobody can have locked that */
	ck_assert_uint_eq(targets("core", "<target>", "", "web", NULL, &t), 0);        /* lock and unlock themselves */
}
END_TEST

START_TEST(the_timer)
{
	struct lock l = {.taken = HOUR, .until = 3 * HOUR};

	ck_assert_int_eq(lock_due(&l), 3 * HOUR - 10 * MINUTE);
	l.reminded = true;
	ck_assert_int_eq(lock_due(&l), 3 * HOUR);
}
END_TEST

START_TEST(sentences)
{
	struct lock l = {.target = S("web-prod"), .reason = S("release <4>")};
	wall_ms now;

	ck_assert(wall_parse(S("2026-03-02T14:00:00Z"), &now) && wall_parse(S("2026-03-02T15:00:00Z"), &l.until));
	ck_str(lock_sentence(&a, &l, S("ann"), now), "web-prod is locked by ann until 15:00 UTC: release &lt;4&gt;");
	ck_str(lock_sentence(&a, &l, S("ann"), now - DAY), "web-prod is locked by ann until 2026-03-02 15:00 UTC: release &lt;4&gt;");
	lock_refuse(&a, &l, l.target, S("ann"), LOCK_ON_TAKE, now, &err);
	ck_assert_str_eq(err.text, "web-prod is locked by ann until 15:00 UTC: release &lt;4&gt;. `lock web-prod --queue`");
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err = (struct err){0};
	lock_refuse(&a, NULL, l.target, S(""), LOCK_ON_UNLOCK, now, &err);
	ck_assert_str_eq(err.text, "web-prod is not locked");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"rules", every_pair, .times = COUNT_OF(pairs)}, {"targets", names_of_targets, .times = COUNT_OF(names)},
		{"targets", targets_of_a_call},                  {"time", the_timer},
		{"sentences", sentences},
	};

	return unit_run_in("ops_lock", tests, COUNT_OF(tests), open_arena, close_arena);
}
