/* Taking alerts in: what a repeat costs, what is a change, what is refused, how large all may be. */
#include "base/crypt.h"
#include "engine/alerts_internal.h"
#include "engine_fixture.h"
#include "store/journal.h"
#include "unit.h"

static struct room room;
static struct err err;

static void open_room(void)
{
	room_open(&room);
	log_set_level(LOG_ERROR + 1);
}

static void close_room(void)
{
	room_close(&room);
}

static char bad_text[300]; /* what was said of members left out: the delivery's lies in the item's memory */

static bool deliver(struct work *w, void *context)
{
	struct delivery *d = context;
	bool ok;

	d->source_name = S("test");
	d->channel_id = room.channel_id;
	ok = d->body.p[0] == '[' ? alerts_receive_v2(w, d) : alerts_receive_webhook(w, d);
	snprintf(bad_text, sizeof bad_text, STR_FMT, STR_ARG(d->bad));
	return ok;
}

static struct delivery take(const char *body)
{
	struct delivery d = {.body = str_of(body)};

	room_run(&room, deliver, &d);
	return d;
}

static uint64_t writes(void)
{
	return db_count(room.e->db).writes;
}

/* ---- repeats ---- */

static const char *const repeats[][2] = {
	/* the same bytes; only endsAt moves, as Prometheus sends it; labels in another order */
	{"[{\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},\"annotations\":{\"s\":\"t\"},\"startsAt\":\"2026-03-02T02:14:"
	 "00Z\",\"endsAt\":\"2026-03-02T02:19:00Z\"}]",
	 "[{\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},\"annotations\":{\"s\":\"t\"},\"startsAt\":\"2026-03-02T02:14:"
	 "00Z\",\"endsAt\":\"2026-03-02T02:20:00Z\"}]"},
	{"[{\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},\"startsAt\":\"2026-03-02T02:14:00Z\"}]",
	 "[ {\"startsAt\":\"2026-03-02T02:14:00.000Z\", \"labels\":{\"x\":\"y\", \"alertname\":\"A\", \"z\":\"\"}} ]"},
	/* a later start of an alert that fires already is no news */
	{"[{\"labels\":{\"alertname\":\"A\"},\"startsAt\":\"2026-03-02T02:13:00Z\"}]",
	 "[{\"labels\":{\"alertname\":\"A\"},\"startsAt\":\"2026-03-02T02:14:00Z\"}]"},
	{"{\"groupKey\":\"k\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"A\"}}]}",
	 "{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"},\"status\":\"firing\"}]}"},
	{"{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"}},{\"labels\":{\"alertname\":\"B\"}}]}",
	 "{\"alerts\":[{\"labels\":{\"alertname\":\"B\"}}],\"groupKey\":\"k\"}"},
};

START_TEST(a_repeat_writes_nothing)
{
	uint64_t before;

	ck_assert_uint_gt(take(repeats[_i][0]).changed, 0);
	before = writes();
	ck_assert_uint_eq(take(repeats[_i][0]).changed, 0);
	ck_assert_uint_eq(take(repeats[_i][1]).changed, 0);
	ck_assert_uint_eq(take(repeats[_i][0]).changed, 0);
	ck_assert_uint_eq(writes(), before);
	ck_assert(alerts_reload(room.e, &err));
	ck_assert_uint_eq(take(repeats[_i][1]).changed, 0); /* after a restart too */
	ck_assert_uint_eq(writes(), before);
}
END_TEST

START_TEST(many_alerts_of_one_group_are_few_rows)
{
	struct buf b;
	uint64_t before = writes();

	buf_init(&b, 1 * MIB);
	for (int i = 0; i < 200; i++)
		buf_printf(&b, "%c{\"labels\":{\"alertname\":\"A\",\"instance\":\"i%d\"}}", i ? ',' : '[', i);
	buf_char(&b, ']');
	ck_assert_uint_eq(take(b.p).changed, 200);
	ck_assert_uint_eq(room.e->alerts->by_id.count, 1);
	ck_assert_uint_le(writes() - before, 4); /* group, change, outbox, timer */
	buf_done(&b);
}
END_TEST

static const char *const nothing_new[] = {"[]", "{\"alerts\":[]}", "{\"alerts\":[1,null,\"x\"]}",
					  /* the end of what was never seen says nothing */
					  "{\"alerts\":[{\"status\":\"resolved\",\"labels\":{\"a\":\"b\"}}]}",
					  "[{\"labels\":{\"a\":\"b\"},\"endsAt\":\"2026-03-02T02:14:00Z\"}]"};

START_TEST(what_says_nothing)
{
	uint64_t before = writes();

	ck_assert_uint_eq(take(nothing_new[_i]).changed, 0);
	ck_assert_uint_eq(writes(), before);
	ck_assert_uint_eq(room.e->alerts->by_id.count, 0);
}
END_TEST

/* ---- changes ---- */

START_TEST(what_is_no_repeat)
{
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"}}]").changed, 1);
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"},\"annotations\":{\"summary\":\"new\"}}]").changed,
			  1);
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"},\"annotations\":{\"summary\":\"new\"},"
			       "\"generatorURL\":\"http://g\"}]")
				  .changed,
			  1);
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"},\"annotations\":{\"summary\":\"new\"},"
			       "\"generatorURL\":\"http://g\","
			       "\"startsAt\":\"2026-03-02T02:00:00Z\"}]")
				  .changed,
			  1); /* it began earlier than we knew */
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"},\"endsAt\":\"2026-03-02T02:15:00Z\"}]").changed, 1);
	ck_assert_int_eq(room.e->alerts->groups_firing, 0);
}
END_TEST

/* A member without a status of its own goes by the body's: the same bytes then mean something else. */
START_TEST(the_bodys_status_counts)
{
	ck_assert_uint_eq(
		take("{\"status\":\"firing\",\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"}}]}")
			.changed,
		1);
	ck_assert_uint_eq(
		take("{\"status\":\"resolved\",\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"}}]}")
			.changed,
		1);
	ck_assert_int_eq(room.e->alerts->groups_firing, 0);
}
END_TEST

START_TEST(an_alert_named_twice_counts_once)
{
	ck_assert_uint_eq(take("[{\"labels\":{\"alertname\":\"A\"}},{\"labels\":{\"alertname\":\"A\"}}]").changed, 1);
	ck_assert_int_eq(room.e->alerts->active, 1);
}
END_TEST

START_TEST(groups_of_two_sources_are_two)
{
	struct delivery a = {.source_id = 1,
			     .body = S("{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"A\"}}]}")},
			b = a;

	b.source_id = 2;
	room_run(&room, deliver, &a);
	room_run(&room, deliver, &b);
	ck_assert_uint_eq(a.changed + b.changed, 2);
	ck_assert_int_eq(room.e->alerts->groups_firing, 2);
}
END_TEST

/* ---- refusals ---- */

static const struct {
	const char *body;
	int status;
	const char *why;
} refused[] = {
	{"{", 400, "JSON, line 1, column 2"},
	{"{\"alerts\":{}}", 400, "the body has no list `alerts`: is it an Alertmanager webhook?"},
	{"[{\"labels\":{\"a\":\"b\"}},{}]", 422, "1.labels in body is required"},
	{"[7]", 400, "member 0 of the list is not an object"},
};

START_TEST(deliveries_that_are_refused)
{
	struct delivery d = {.body = str_of(refused[_i].body)};

	err_clear(&err);
	ck_assert(!room_try(&room, deliver, &d, &err));
	ck_assert_int_eq(d.http_status, refused[_i].status);
	ck_assert_msg(str_starts(str_of(err.text), str_of(refused[_i].why)), "%s", err.text);
	ck_assert_uint_eq(room.e->alerts->by_id.count, 0);
}
END_TEST

START_TEST(too_many_alerts_in_one_delivery)
{
	struct delivery d = {0};
	struct buf b;

	buf_init(&b, 1 * MIB);
	buf_char(&b, '[');
	for (int i = 0; i <= ALERTS_PER_DELIVERY; i++)
		buf_add(&b, i ? S(",{}") : S("{}"));
	buf_char(&b, ']');
	d.body = buf_str(&b);
	ck_assert(!room_try(&room, deliver, &d, &err));
	ck_assert_int_eq(d.http_status, 413);
	buf_done(&b);
}
END_TEST

/* The good ones are taken, and the sender is told of the others. */
START_TEST(bad_members_are_left_out)
{
	struct delivery d = take("[{\"labels\":{\"bad-name\":\"x\"}},{\"labels\":{\"alertname\":\"A\"}}]");
	struct buf b;

	ck_assert_str_eq(bad_text, "invalid label set: invalid name \"bad-name\"");
	ck_assert_uint_eq(d.changed, 1);
	buf_init(&b, 100000);
	buf_add(&b, S("{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"B\"}},{\"labels\":{"));
	for (int i = 0; i < 65; i++)
		buf_printf(&b, "%s\"l%d\":\"v\"", i ? "," : "", i);
	buf_add(&b, S("}}]}"));
	d = take(b.p);
	ck_assert_uint_eq(d.changed, 1);
	ck_assert_str_eq(bad_text, "more than 64 labels or annotations on one alert");
	buf_reset(&b);
	buf_add(&b, S("[{\"labels\":{\"alertname\":\"C\"}},{\"labels\":{"));
	for (int i = 0; i < 65; i++)
		buf_printf(&b, "%s\"l%d\":\"v\"", i ? "," : "", i);
	buf_add(&b, S("}}]"));
	ck_assert_uint_eq(take(b.p).changed, 1);
	ck_assert_str_eq(bad_text, "more than 64 labels or annotations on one alert");
	buf_done(&b);
}
END_TEST

/* The largest body that is taken (4 MiB), all of it new. */
START_TEST(a_delivery_as_large_as_can_be)
{
	struct buf b;

	buf_init(&b, 5 * MIB);
	buf_add(&b, S("{\"groupKey\":\"k\",\"alerts\":["));
	for (int i = 0; b.n < 4 * MIB - 2000; i++)
		buf_printf(&b, "%s{\"labels\":{\"alertname\":\"A\",\"i\":\"%d\"},\"annotations\":{\"d\":\"%0500d\"}}",
			   i ? "," : "", i, i);
	buf_add(&b, S("]}"));
	ck_assert_uint_gt(take(b.p).changed, 5000);
	buf_done(&b);
}
END_TEST

static bool event_of_many_labels(struct work *w, void *context)
{
	struct event e = {.source = S("t"), .status = EVENT_FIRING, .severity = SEVERITY_ERROR, .title = S("x"), .dedup_key = S("t:1")};
	struct delivery d = {.source_id = 7, .source_name = S("t"), .tool = S("t"), .channel_id = room.channel_id};

	(void)context;
	e.labels.items = arena_alloc(w->arena, 300 * sizeof *e.labels.items);
	for (; e.labels.count < 300; e.labels.count++)
		e.labels.items[e.labels.count] = (struct label){arena_printf(w->arena, "l%03zu", e.labels.count), S("v")};
	return alerts_receive_events(w, &d, &e, 1);
}

static bool group_by_all(struct work *w, void *context)
{
	(void)context;
	routing_free(w->engine->routing);
	w->engine->routing = routing_parse(S("route: {receiver: source, group_by: ['...']}"), "test.yaml", &w->err);
	return w->engine->routing && alerts_use_routing(w);
}

/* They make a key that a column of any database takes; what differs only behind its end are two groups still. */
START_TEST(labels_as_long_as_a_delivery)
{
	struct buf b;
	void *g;

	room_run(&room, group_by_all, NULL);
	buf_init(&b, MIB);
	buf_printf(&b, "[{\"labels\":{\"a\":\"%0100000d\"}},{\"labels\":{\"a\":\"%0100000d\"}}]", 1, 2);
	ck_assert_uint_eq(take(b.p).changed, 2);
	ck_assert_uint_eq(room.e->alerts->by_id.count, 2);
	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);)
		ck_assert_uint_le(((struct group *)g)->row.group_key.n, 16000);
	ck_assert_uint_eq(take(b.p).changed, 0);
	ck_assert(alerts_reload(room.e, &err));
	ck_assert_uint_eq(take(b.p).changed, 0);
	buf_done(&b);
}
END_TEST

/* A tool can make a label of every field that it has. What was taken can be read again. */
START_TEST(an_event_with_very_many_labels)
{
	room_run(&room, event_of_many_labels, NULL);
	ck_assert_int_eq(room.e->alerts->active, 1);
	ck_assert_msg(alerts_reload(room.e, &err), "%s", err.text);
	ck_assert_int_eq(room.e->alerts->active, 1);
}
END_TEST

/* ---- a message of anything ---- */

struct rendered {
	bool ok;
	size_t body_n;
	char text[400];
};

static bool render(struct work *w, void *context)
{
	struct rendered *r = context;
	struct chat_post post = {0};
	void *g;

	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);) {
		arena_init(&post.arena);
		ck_assert(alerts_render(w, ((struct group *)g)->row.id, &post));
		r->ok = json_parse(w->arena, post.body, JSON_STRICT, &w->err) != NULL;
		r->body_n = post.body.n;
		snprintf(r->text, sizeof r->text, STR_FMT, STR_ARG(post.text));
		arena_done(&post.arena);
	}
	return true;
}

START_TEST(huge_texts_still_make_a_message)
{
	struct rendered r = {0};
	struct buf b;

	buf_init(&b, 4 * MIB);
	buf_printf(&b, "[{\"labels\":{\"alertname\":\"%0100000d\",\"x\":\"%0100000d\"},\"annotations\":{\"summary\":\"",
		   1, 2);
	for (int i = 0; i < 50000; i++)
		buf_add(&b, S("<\\u0001\\\"&\xe2\x82\xac"));
	buf_printf(&b,
		   "\",\"description\":\"%0100000d\",\"runbook_url\":\"http://%0100000d\"},\"generatorURL\":\"http://x/"
		   "%0100000d\"}]",
		   1, 2, 3);
	take(b.p);
	room_run(&room, render, &r);
	ck_assert(r.ok);
	ck_assert_uint_lt(r.body_n, 64 * KIB);
	buf_done(&b);
}
END_TEST

static bool silence_button(struct work *w, void *context)
{
	struct chat_post post = {0};
	struct str *out = context;
	size_t at;
	void *g;

	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);) {
		arena_init(&post.arena);
		ck_assert(alerts_render(w, ((struct group *)g)->row.id, &post));
		ck_assert(str_find(post.body, S("/silences/new?filter="), &at));
		*out = str_n(mem_dup(str_n(post.body.p + at, post.body.n - at)), post.body.n - at);
		arena_done(&post.arena);
	}
	return true;
}

/* Whatever the labels hold, the link to a silence is one link. */
START_TEST(a_silence_link_of_odd_labels)
{
	struct str url;

	take("{\"externalURL\":\"http://am.example.com\",\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"a\":\"x|y>{z} "
	     "\\u00fc&1\"}}]}");
	room_run(&room, silence_button, &url);
	ck_assert(str_starts(url, S("/silences/new?filter=%7Ba%3D%22x%7Cy%3E%7Bz%7D%20%C3%BC%261%22%7D\"")));
	mem_free((void *)url.p);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"repeat", a_repeat_writes_nothing, .times = COUNT_OF(repeats)},
		{"repeat", many_alerts_of_one_group_are_few_rows},
		{"repeat", what_says_nothing, .times = COUNT_OF(nothing_new)},
		{"change", what_is_no_repeat},
		{"change", the_bodys_status_counts},
		{"change", an_alert_named_twice_counts_once},
		{"change", groups_of_two_sources_are_two},
		{"refused", deliveries_that_are_refused, .times = COUNT_OF(refused)},
		{"refused", too_many_alerts_in_one_delivery},
		{"refused", bad_members_are_left_out},
		{"large", a_delivery_as_large_as_can_be},
		{"large", labels_as_long_as_a_delivery},
		{"large", an_event_with_very_many_labels},
		{"large", huge_texts_still_make_a_message},
		{"large", a_silence_link_of_odd_labels},
	};

	return unit_run_in("engine/alerts", tests, COUNT_OF(tests), open_room, close_room);
}
