#include "ops/alert.h"
#include "unit.h"

#define NOW ((wall_ms)1772417700000) /* 2026-03-02T02:15:00Z */

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static const struct json *json(const char *text)
{
	struct err err = {0};
	const struct json *v = json_parse(&a, str_of(text), JSON_LAST_KEY_WINS, &err);

	ck_assert_msg(v, "%s: %s", text, err.text);
	return v;
}

static struct labels labels_of(const char *text)
{
	struct labels l;
	struct err err = {0};

	ck_assert_msg(labels_parse(&a, json(text), LABELS_DROP_EMPTY, &l, &err), "%s: %s", text, err.text);
	return l;
}

/* ---- labels ---- */

START_TEST(labels_are_sorted_and_not_empty)
{
	struct labels l = labels_of("{\"b\":\"2\",\"a\":\"1\",\"c\":\"\",\"B\":\"3\",\"b\":\"4\"}");

	ck_str(labels_text(&a, &l), "{B=\"3\", a=\"1\", b=\"4\"}");
	ck_str(labels_get(&l, "b"), "4");
	ck_str(labels_get(&l, "c"), "");
	ck_assert_uint_eq(labels_of("{}").count, 0);
	ck_str(labels_text(&a, &(struct labels){0}), "{}");
	l = labels_of("{\"a\":\"say \\\"x\\\" \\\\ \\n\"}");
	ck_str(labels_text(&a, &l), "{a=\"say \\\"x\\\" \\\\ \\n\"}");
}
END_TEST

START_TEST(labels_of_other_types)
{
	const struct json *mixed =
		json("{\"i\":7,\"r\":1.5,\"t\":true,\"n\":null,\"o\":{\"x\":1},\"l\":[1],\"s\":\"text\",\"e\":\"\"}");
	struct err err = {0};
	struct labels l;

	ck_assert(!labels_parse(&a, mixed, LABELS_DROP_EMPTY, &l, &err));
	ck_assert_str_eq(err.text, "i in body must be of type string");
	err_clear(&err);
	ck_assert(labels_parse(&a, mixed, LABELS_DROP_EMPTY | LABELS_ANY_SCALAR, &l, &err));
	ck_str(labels_text(&a, &l), "{i=\"7\", r=\"1.5\", s=\"text\", t=\"true\"}");
	ck_assert(labels_parse(&a, mixed, LABELS_ANY_SCALAR, &l, &err)); /* annotations keep the empty one */
	ck_assert_uint_eq(l.count, 5);
	ck_assert(labels_parse(&a, NULL, 0, &l, &err));
	ck_assert_uint_eq(l.count, 0);
}
END_TEST

START_TEST(no_more_than_64_labels)
{
	struct err err = {0};
	struct labels l;
	struct buf b;

	buf_init(&b, 10000);
	for (int i = 0; i < 64; i++)
		buf_printf(&b, "%c\"l%d\":\"v\"", i ? ',' : '{', i);
	buf_char(&b, '}');
	ck_assert(labels_parse(&a, json(b.p), 0, &l, &err));
	ck_assert_uint_eq(l.count, 64);
	b.n--;
	buf_add(&b, S(",\"one\":\"more\"}"));
	ck_assert(!labels_parse(&a, json(b.p), 0, &l, &err));
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	buf_done(&b);
}
END_TEST

/* The first two are those of prometheus/common's own tests (model/signature_test.go). */
static const struct {
	const char *labels;
	uint64_t fingerprint;
} known[] = {
	{"{}", 14695981039346656037ull},
	{"{\"name\":\"garland, briggs\",\"fear\":\"love is not enough\"}", 5799056148416392346ull},
};

START_TEST(fingerprints_are_alertmanagers)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct labels l = labels_of(known[i].labels);

		ck_assert_msg(labels_fingerprint(&l) == known[i].fingerprint, "%s gave %llu", known[i].labels,
			      (unsigned long long)labels_fingerprint(&l));
	}
}
END_TEST

static struct labels shuffled(const char (*names)[8], const char (*values)[8], size_t count, unsigned *seed)
{
	size_t order[16];
	struct buf b;
	struct labels l;

	for (size_t i = 0; i < count; i++) {
		size_t k = (*seed = *seed * 1103515245 + 12345) >> 8;

		k %= i + 1;
		order[i] = order[k];
		order[k] = i;
	}
	buf_init(&b, 10000);
	buf_char(&b, '{');
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s\"%s\":\"%s\"", i ? "," : "", names[order[i]], values[order[i]]);
	buf_char(&b, '}');
	l = labels_of(arena_dup(&a, buf_str(&b)).p);
	buf_done(&b);
	return l;
}

START_TEST(any_order_gives_one_fingerprint)
{
	char names[16][8], values[16][8];
	unsigned seed = 1;

	for (int i = 0; i < 16; i++) {
		snprintf(names[i], sizeof *names, "n%d", i * 7 % 16);
		snprintf(values[i], sizeof *values, "v%d", i % 5);
	}
	for (int round = 0; round < 500; round++) {
		struct labels x = shuffled(names, values, 16, &seed), y = shuffled(names, values, 16, &seed);

		ck_assert(labels_same(&x, &y));
		ck_assert(labels_fingerprint(&x) == labels_fingerprint(&y));
		y.items[round % 16].value = S("other");
		ck_assert(!labels_same(&x, &y));
		ck_assert(labels_fingerprint(&x) != labels_fingerprint(&y));
	}
}
END_TEST

/* A name cannot run into a value. */
START_TEST(fingerprints_part_names_from_values)
{
	struct labels x = labels_of("{\"ab\":\"c\"}"), y = labels_of("{\"a\":\"bc\"}");

	ck_assert(labels_fingerprint(&x) != labels_fingerprint(&y));
}
END_TEST

/* ---- severity and title ---- */

static const struct {
	const char *words;
	enum severity severity;
} severities[] = {
	{"critical crit fatal emergency emerg page disaster blocker highest p0 p1 PAGE Critical", SEVERITY_CRITICAL},
	{"error err high major severe p2 P2", SEVERITY_ERROR},
	{"warning warn medium moderate average minor p3 nonsense p9 criticall rit", SEVERITY_WARNING},
	{"info information informational notice low lowest debug ok none trivial p4 p5 None", SEVERITY_INFO},
};

START_TEST(severity_words)
{
	for (size_t i = 0; i < COUNT_OF(severities); i++) {
		struct str rest = str_of(severities[i].words), word;

		while (str_word(&rest, &word))
			ck_assert_msg(severity_of(word) == severities[i].severity, STR_FMT, STR_ARG(word));
	}
	ck_assert_int_eq(severity_of(S("")), SEVERITY_WARNING);
	ck_assert_int_eq(severity_of(S("crit fatal")), SEVERITY_WARNING); /* that is no word */
	ck_assert_int_eq(severity_of(S(" ")), SEVERITY_WARNING);
	ck_assert_int_eq(severity_of(S("an endless word that nobody has ever used")), SEVERITY_WARNING);
	for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
		ck_assert_int_eq(severity_of(str_of(severity_name(s))), s);
		ck_assert_uint_eq(strlen(severity_color(s)), 7);
	}
	ck_assert_str_eq(severity_name(0), "warning");
	ck_assert_str_eq(severity_color(99), severity_color(SEVERITY_WARNING));
}
END_TEST

START_TEST(severity_of_labels)
{
	struct labels l = labels_of("{\"severity\":\"low\",\"priority\":\"p1\"}");

	ck_assert_int_eq(alert_severity(&l), SEVERITY_INFO);
	l = labels_of("{\"severity\":\"\",\"priority\":\"p1\"}");
	ck_assert_int_eq(alert_severity(&l), SEVERITY_CRITICAL);
	ck_assert_int_eq(alert_severity(&(struct labels){0}), SEVERITY_WARNING);
}
END_TEST

START_TEST(titles)
{
	struct labels l = labels_of("{\"alertname\":\"DiskFull\",\"x\":\"y\"}"), none = {0},
		      x = labels_of("{\"x\":\"y\"}");
	struct labels both = labels_of("{\"summary\":\" the summary \",\"title\":\"the title\"}");
	struct labels blank = labels_of("{\"summary\":\" \\t\",\"title\":\"the title\"}");

	ck_str(alert_title(&a, &l, &both), "the summary");
	ck_str(alert_title(&a, &l, &blank), "the title");
	ck_str(alert_title(&a, &l, &none), "DiskFull");
	ck_str(alert_title(&a, &x, &none), "{x=\"y\"}");
	ck_str(alert_title(&a, &none, &none), "(untitled alert)");
}
END_TEST

/* ---- the states of a group ---- */

/* What follows from each state and event; 0: refused. The table must say the same and no more. */
static const enum group_state expected[GROUP_RESOLVED + 1][GROUP_EVENTS] = {
	[GROUP_FIRING] = {[GROUP_EV_FIRES] = GROUP_FIRING,
			  [GROUP_EV_CHANGES] = GROUP_FIRING,
			  [GROUP_EV_ALL_RESOLVED] = GROUP_RESOLVED,
			  [GROUP_EV_ACK] = GROUP_ACKNOWLEDGED,
			  [GROUP_EV_RESOLVE] = GROUP_RESOLVED},
	[GROUP_ACKNOWLEDGED] = {[GROUP_EV_FIRES] = GROUP_ACKNOWLEDGED,
				[GROUP_EV_CHANGES] = GROUP_ACKNOWLEDGED,
				[GROUP_EV_ALL_RESOLVED] = GROUP_RESOLVED,
				[GROUP_EV_RESOLVE] = GROUP_RESOLVED},
	[GROUP_RESOLVED] = {[GROUP_EV_CHANGES] = GROUP_RESOLVED, [GROUP_EV_ALL_RESOLVED] = GROUP_RESOLVED},
};

START_TEST(every_state_and_event)
{
	size_t found = 0;

	for (int s = GROUP_FIRING; s <= GROUP_RESOLVED; s++)
		for (int e = 0; e < GROUP_EVENTS; e++) {
			const struct group_rule *r = group_rule_find(s, e);

			ck_assert_msg((r ? r->to : 0) == expected[s][e], "%s, %s", group_state_name(s),
				      group_event_name(e));
			if (!r)
				continue;
			found++;
			ck_assert(r->from == (enum group_state)s && r->event == (enum group_event)e);
		}
	ck_assert_uint_eq(found, group_rule_count); /* none stands twice, none has a state or event of its own */
}
END_TEST

/* What the columns of a row must agree on. */
START_TEST(effects_fit_their_rule)
{
	for (size_t i = 0; i < group_rule_count; i++) {
		const struct group_rule *r = &group_rules[i];
		bool turns = r->from != r->to;

		ck_assert(turns == !!(r->effects & GROUP_FX_TELL_NOW));
		ck_assert(!!(r->effects & GROUP_FX_SET_RESOLVED) == (turns && r->to == GROUP_RESOLVED));
		ck_assert(!!(r->effects & GROUP_FX_SET_ACK) == (r->event == GROUP_EV_ACK));
		ck_assert(!!(r->effects & GROUP_FX_HOLD) == (r->event == GROUP_EV_RESOLVE));
		ck_assert(r->from != GROUP_RESOLVED || r->effects == 0);
	}
}
END_TEST

START_TEST(states_and_events_have_names)
{
	ck_assert_str_eq(group_state_name(GROUP_FIRING), "firing");
	ck_assert_str_eq(group_state_name(GROUP_ACKNOWLEDGED), "acknowledged");
	ck_assert_str_eq(group_state_name(GROUP_RESOLVED), "resolved");
	for (int e = 0; e < GROUP_EVENTS; e++)
		ck_assert_str_ne(group_event_name(e), "?");
	ck_assert_str_eq(group_event_name(GROUP_EVENTS), "?");
}
END_TEST

/* ---- Alertmanager's API v2 ---- */

static enum alert_read v2(const char *text, struct alert_event *ev, int *status, struct err *err)
{
	*status = 0;
	err_clear(err);
	return alert_read_v2(&a, json(text), 3, NOW, 5 * MINUTE, ev, status, err);
}

static const struct {
	const char *member;
	bool firing;
	wall_ms starts_at, ends_at;
} v2_times[] = {
	{"{\"labels\":{\"a\":\"b\"}}", true, NOW, NOW + 5 * MINUTE},
	/* amtool sends zero times: they count as absent */
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":\"0001-01-01T00:00:00.000Z\",\"endsAt\":\"0001-01-01T00:00:00.000Z\"}",
	 true, NOW, NOW + 5 * MINUTE},
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":null,\"endsAt\":null}", true, NOW, NOW + 5 * MINUTE},
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-03-02T02:14:00Z\",\"endsAt\":\"2026-03-02T02:19:00+00:00\"}",
	 true, NOW - MINUTE, NOW + 4 * MINUTE},
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-03-02T02:13:00Z\",\"endsAt\":\"2026-03-02T02:14:00Z\"}", false,
	 NOW - 2 * MINUTE, NOW - MINUTE},
	{"{\"labels\":{\"a\":\"b\"},\"endsAt\":\"2026-03-02T02:14:00Z\"}", false, NOW - MINUTE, NOW - MINUTE},
	{"{\"labels\":{\"a\":\"b\"},\"endsAt\":\"2026-03-02T02:15:00Z\"}", false, NOW, NOW},
};

START_TEST(v2_reads_times)
{
	struct alert_event ev;
	struct err err;
	int status;

	ck_assert_int_eq(v2(v2_times[_i].member, &ev, &status, &err), ALERT_TAKEN);
	ck_assert_int_eq(ev.firing, v2_times[_i].firing);
	ck_assert_int_eq(ev.starts_at, v2_times[_i].starts_at);
	ck_assert_int_eq(ev.ends_at, v2_times[_i].ends_at);
}
END_TEST

static const struct {
	const char *member;
	enum alert_read got;
	int status;
	const char *why;
} v2_bad[] = {
	{"7", ALERT_REFUSED, 400, "member 3 of the list is not an object"},
	{"{}", ALERT_REFUSED, 422, "3.labels in body is required"},
	{"{\"labels\":null}", ALERT_REFUSED, 422, "3.labels in body is required"},
	{"{\"labels\":[]}", ALERT_REFUSED, 400, "3.labels is not an object of texts"},
	{"{\"labels\":{\"a\":1}}", ALERT_REFUSED, 400, "a in body must be of type string"},
	{"{\"labels\":{\"a\":\"b\"},\"annotations\":\"x\"}", ALERT_REFUSED, 400,
	 "3.annotations is not an object of texts"},
	{"{\"labels\":{\"a\":\"b\"},\"annotations\":{\"x\":null}}", ALERT_REFUSED, 400,
	 "x in body must be of type string"},
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":5}", ALERT_REFUSED, 400, "3.startsAt is not a text"},
	{"{\"labels\":{\"a\":\"b\"},\"endsAt\":\"tomorrow\"}", ALERT_REFUSED, 400,
	 "3.startsAt or endsAt is not a time (RFC 3339)"},
	{"{\"labels\":{}}", ALERT_BAD, 0, "at least one label pair required"},
	{"{\"labels\":{\"a\":\"\"}}", ALERT_BAD, 0, "at least one label pair required"},
	{"{\"labels\":{\"bad-name\":\"x\"}}", ALERT_BAD, 0, "invalid label set: invalid name \"bad-name\""},
	{"{\"labels\":{\"1a\":\"x\"}}", ALERT_BAD, 0, "invalid label set: invalid name \"1a\""},
	{"{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-03-02T02:14:00Z\",\"endsAt\":\"2026-03-02T02:13:00Z\"}",
	 ALERT_BAD, 0, "start time must be before end time"},
};

START_TEST(v2_refuses)
{
	struct alert_event ev;
	struct err err;
	int status;

	ck_assert_int_eq(v2(v2_bad[_i].member, &ev, &status, &err), v2_bad[_i].got);
	ck_assert_int_eq(status, v2_bad[_i].status);
	ck_assert_str_eq(err.text, v2_bad[_i].why);
}
END_TEST

START_TEST(v2_keeps_what_it_was_sent)
{
	struct alert_event ev;
	struct err err;
	int status;

	ck_assert_int_eq(v2("{\"labels\":{\"b\":\"2\",\"a\":\"1\",\"c\":\"\"},\"annotations\":{\"x\":\"\"},"
			    "\"generatorURL\":\"http://p\"}",
			    &ev, &status, &err),
			 ALERT_TAKEN);
	ck_str(labels_text(&a, &ev.labels), "{a=\"1\", b=\"2\"}");
	ck_assert_uint_eq(ev.annotations.count, 1);
	ck_str(ev.url, "http://p");
	ck_assert(ev.fingerprint == labels_fingerprint(&ev.labels));
}
END_TEST

/* ---- the webhook ---- */

static const struct {
	const char *member, *body_status;
	bool firing;
	wall_ms starts_at, ends_at;
} webhook_cases[] = {
	{"{\"status\":\"firing\",\"startsAt\":\"2026-03-02T02:14:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\"}", "firing",
	 true, NOW - MINUTE, 0},
	/* an end that is announced for a firing alert is Alertmanager's own bookkeeping: it will say when it ends */
	{"{\"status\":\"firing\",\"endsAt\":\"2026-03-02T02:19:00Z\"}", "firing", true, NOW, 0},
	{"{\"status\":\"resolved\",\"endsAt\":\"2026-03-02T02:14:00Z\"}", "firing", false, NOW, NOW - MINUTE},
	{"{\"status\":\"resolved\"}", "firing", false, NOW, NOW},
	{"{\"status\":\"firing\"}", "resolved", true, NOW, 0}, /* its own word counts */
	{"{}", "resolved", false, NOW, NOW},
	{"{}", "", true, NOW, 0},
	{"{\"startsAt\":\"yesterday\",\"endsAt\":7}", "", true, NOW, 0},
};

START_TEST(webhook_reads_times)
{
	struct alert_event ev;
	struct err err = {0};

	ck_assert_int_eq(alert_read_webhook(&a, json(webhook_cases[_i].member), str_of(webhook_cases[_i].body_status),
					    NOW, &ev, &err),
			 ALERT_TAKEN);
	ck_assert_int_eq(ev.firing, webhook_cases[_i].firing);
	ck_assert_int_eq(ev.starts_at, webhook_cases[_i].starts_at);
	ck_assert_int_eq(ev.ends_at, webhook_cases[_i].ends_at);
}
END_TEST

START_TEST(webhook_names_alerts)
{
	struct alert_event ev;
	struct err err = {0};

	ck_assert_int_eq(alert_read_webhook(&a, json("{\"labels\":{\"a\":\"b\"},\"fingerprint\":\"00Fe12d3c4b5a697\"}"),
					    S(""), NOW, &ev, &err),
			 ALERT_TAKEN);
	ck_assert_uint_eq(ev.fingerprint, 0x00fe12d3c4b5a697);
	ck_assert_int_eq(alert_read_webhook(&a, json("{\"labels\":{\"a\":\"b\"},\"fingerprint\":\"g0fe12d3c4b5a697\"}"),
					    S(""), NOW, &ev, &err),
			 ALERT_TAKEN);
	ck_assert(ev.fingerprint == labels_fingerprint(&ev.labels));
	ck_assert_int_eq(
		alert_read_webhook(&a, json("{\"labels\":{\"n\":7,\"b\":true,\"o\":{}}}"), S(""), NOW, &ev, &err),
		ALERT_TAKEN);
	ck_str(labels_text(&a, &ev.labels), "{b=\"true\", n=\"7\"}");
	ck_assert_int_eq(alert_read_webhook(&a, json("[]"), S(""), NOW, &ev, &err), ALERT_BAD);
	ck_assert_str_eq(err.text, "a member of alerts is not an object");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"labels", labels_are_sorted_and_not_empty},
		{"labels", labels_of_other_types},
		{"labels", no_more_than_64_labels},
		{"labels", fingerprints_are_alertmanagers},
		{"labels", any_order_gives_one_fingerprint},
		{"labels", fingerprints_part_names_from_values},
		{"severity", severity_words},
		{"severity", severity_of_labels},
		{"severity", titles},
		{"group", every_state_and_event},
		{"group", effects_fit_their_rule},
		{"group", states_and_events_have_names},
		{"v2", v2_reads_times, .times = COUNT_OF(v2_times)},
		{"v2", v2_refuses, .times = COUNT_OF(v2_bad)},
		{"v2", v2_keeps_what_it_was_sent},
		{"webhook", webhook_reads_times, .times = COUNT_OF(webhook_cases)},
		{"webhook", webhook_names_alerts},
	};

	return unit_run_in("ops/alert", tests, COUNT_OF(tests), open_arena, close_arena);
}
