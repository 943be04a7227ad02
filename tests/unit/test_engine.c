/* The work thread by itself: group commit, outbox and timers against a chat system of the test's own, on the virtual clock. */
#include "engine/heartbeats.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "ops/routing.h"
#include "store/journal.h"
#include "unit.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>

static struct room room;
static struct err err;

/* ---- a chat system that answers as it is told ---- */

struct sent {
	int64_t outbox_id, message_ts;
	int attempts;
	wall_ms at;
	char text[300];
};

static struct {
	struct sent sent[64];
	size_t count;
	size_t replies; /* what threads were told; the rest is of messages */
	struct sent reply; /* the last */
	enum post_result answer;
	wall_ms retry_at;
	bool hold, hold_replies;
	struct chat_post *held, *held_reply;
} chat;

static void answer(struct chat_post *post)
{
	chat_posted(post, chat.answer, post->message_ts ? post->message_ts : 1000 + (int64_t)chat.count, chat.retry_at,
		    S("as told"));
}

static void post(struct chat_post *p)
{
	struct sent *s = p->thread_ts ? &chat.reply : &chat.sent[chat.count++ % COUNT_OF(chat.sent)];

	chat.replies += p->thread_ts != 0;

	*s = (struct sent){p->outbox_id, p->message_ts, p->attempts, wall_now(), {0}};
	snprintf(s->text, sizeof s->text, STR_FMT, STR_ARG(p->text));
	if (chat.hold_replies && p->thread_ts)
		chat.held_reply = p;
	else if (chat.hold)
		chat.held = p;
	else
		answer(p);
}

static struct chat_kind told = {.name = "told", .can = CHAT_CAN_BUTTONS | CHAT_CAN_EDIT, .post = post};
static const struct chat_kind *const chats[] = {&told, NULL};

static const struct sent *last_sent(void)
{
	ck_assert_uint_gt(chat.count, 0);
	return &chat.sent[(chat.count - 1) % COUNT_OF(chat.sent)];
}

/* ---- what happens ---- */

static int commands_run;
static bool command_fails;

static bool run_command(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *why)
{
	(void)w;
	(void)kind;
	(void)home_id;
	(void)payload;
	commands_run++;
	if (command_fails)
		err_set(why, ERR_INTERNAL, "this never works");
	return !command_fails;
}

static void open_room(void)
{
	room_open(&room);
	log_set_level(LOG_ERROR + 1);
	room_threads(&room, chats, run_command);
}

static void close_room(void)
{
	room_close(&room);
}

static bool deliver(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("api"), .channel_id = room.channel_id, .body = str_of(context)};

	return alerts_receive_v2(w, &d);
}

static void alert(const char *body)
{
	ck_assert_msg(room_do(&room, deliver, (void *)body, &err), "%s", err.text);
}

static bool act(struct work *w, void *context)
{
	struct group *g = alerts_find(w, S("Disk"), &w->err);

	return g && (strcmp(context, "ack") == 0 ? alerts_ack(w, g, room.user_id, &w->err)
						 : alerts_resolve(w, g, room.user_id, &w->err));
}

#define FOREVER "\"endsAt\":\"2027-01-01T00:00:00Z\""
#define DISK1 "{\"labels\":{\"alertname\":\"Disk\",\"instance\":\"db-1\"}," FOREVER "}"
#define DISK2 "{\"labels\":{\"alertname\":\"Disk\",\"instance\":\"db-2\"}," FOREVER "}"
#define DISK1_ENDS "{\"labels\":{\"alertname\":\"Disk\",\"instance\":\"db-1\"},\"endsAt\":\"2026-03-02T02:15:00Z\"}"

static struct engine_counts counts(void)
{
	struct engine_counts c;

	engine_count(room.e, &c);
	return c;
}

/* ---- alerts are told ---- */

START_TEST(one_alert_is_one_message)
{
	alert("[" DISK1 "]");
	room_advance(&room, 0);
	ck_assert_uint_eq(chat.count, 1);
	ck_assert_str_eq(last_sent()->text, "[FIRING:1] Disk (warning)");
	ck_assert_int_eq(last_sent()->message_ts, 0);
	ck_assert_int_eq(last_sent()->attempts, 1);
	ck_assert_int_eq(counts().groups_firing, 1);
	for (int i = 0; i < 5; i++) {
		alert("[" DISK1 "]");
		room_advance(&room, MINUTE);
	}
	ck_assert_uint_eq(chat.count, 1); /* repeats tell nothing */
	alert("[" DISK1_ENDS "]");
	room_advance(&room, 0);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_str_eq(last_sent()->text, "[RESOLVED] Disk (warning)");
	ck_assert_int_eq(last_sent()->message_ts, 1001); /* the same message */
	ck_assert_int_eq(counts().groups_firing, 0);
	ck_assert_int_eq(counts().alerts_active, 0);
}
END_TEST

START_TEST(people_are_told_at_once_numbers_once_a_second)
{
	alert("[" DISK1 "]");
	room_advance(&room, 10);
	alert("[" DISK2 "]");
	room_advance(&room, 10);
	ck_assert_uint_eq(chat.count, 1);
	ck_assert(room_do(&room, act, "ack", &err));
	room_advance(&room, 10);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_int_eq(counts().groups_acknowledged, 1);
	ck_assert(!room_do(&room, act, "ack", &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, "you acknowledged alert"));
	alert("[" DISK1_ENDS "]");
	room_advance(&room, 500);
	ck_assert_uint_eq(chat.count, 2);
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, 3);
	ck_assert_str_eq(last_sent()->text, "[FIRING:1] Disk (warning), acknowledged");
	ck_assert_uint_eq(chat.replies, 1); /* one alert joined, and ten milliseconds later one was gone */
}
END_TEST

/* The row has been claimed and put off once; what people do brings it forward all the same. */
START_TEST(what_was_put_off_can_be_brought_forward)
{
	struct chat_post *first;

	chat.hold = true;
	alert("[" DISK1 "]");
	while (!chat.held)
		uv_run(&room.loop, UV_RUN_ONCE);
	first = chat.held;
	chat.hold = false;
	alert("[" DISK2 "]");
	answer(first);
	ck_assert_msg(room_do(&room, act, "ack", &err), "%s", err.text);
	room_advance(&room, 10);
	ck_assert_uint_eq(chat.count, 2);
}
END_TEST

/* A chat that takes one message a second: everyone has a turn, in the order of their coming, and changes do not queue up. */
START_TEST(a_channel_is_told_at_its_pace)
{
	char body[200];

	told.pace = SECOND;
	for (int i = 0; i < 5; i++) {
		snprintf(body, sizeof body, "[{\"labels\":{\"alertname\":\"A%d\"}," FOREVER "}]", i);
		alert(body);
		room_advance(&room, 10);
	}
	ck_assert_uint_eq(chat.count, 1);
	alert("[{\"labels\":{\"alertname\":\"A4\",\"x\":\"1\"}," FOREVER "}]");
	room_advance(&room, 4 * SECOND);
	ck_assert_uint_eq(chat.count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(chat.sent[i].at, ROOM_START + (wall_ms)i * SECOND);
	ck_assert_str_eq(chat.sent[4].text, "[FIRING:2] A4 (warning)");
	told.pace = 0;
}
END_TEST

/* Who joins while the thread is being told is in the next reply. */
START_TEST(what_changes_while_a_reply_leaves_is_told)
{
	alert("[" DISK1 "]");
	room_advance(&room, 2 * SECOND);
	chat.hold_replies = true;
	alert("[" DISK2 "]");
	while (!chat.held_reply)
		uv_run(&room.loop, UV_RUN_ONCE);
	ck_assert_ptr_nonnull(strstr(chat.reply.text, "1 more firing"));
	alert("[{\"labels\":{\"alertname\":\"Disk\",\"instance\":\"db-3\"}," FOREVER "}]");
	chat.hold_replies = false;
	answer(chat.held_reply);
	room_advance(&room, MINUTE);
	ck_assert_uint_eq(chat.replies, 2);
	ck_assert_ptr_nonnull(strstr(chat.reply.text, "db-3"));
	ck_assert_ptr_null(strstr(chat.reply.text, "db-2"));
}
END_TEST

START_TEST(an_alert_ends_by_itself)
{
	alert("[{\"labels\":{\"alertname\":\"Disk\"},\"endsAt\":\"2026-03-02T02:19:00Z\"}]");
	room_advance(&room, 3 * MINUTE);
	ck_assert_uint_eq(chat.count, 1);
	alert("[{\"labels\":{\"alertname\":\"Disk\"},\"endsAt\":\"2026-03-02T02:22:00Z\"}]"); /* said again: later */
	room_advance(&room, 3 * MINUTE);
	ck_assert_uint_eq(chat.count, 1);
	room_advance(&room, 2 * MINUTE);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_str_eq(last_sent()->text, "[RESOLVED] Disk (warning)");
	ck_assert_int_eq(last_sent()->at, ROOM_START + 7 * MINUTE);
}
END_TEST

START_TEST(resolved_by_hand_stays_quiet_until_it_fires_anew)
{
	alert("[" DISK1 "]");
	ck_assert(room_do(&room, act, "resolve", &err));
	room_advance(&room, SECOND);
	ck_assert_str_eq(last_sent()->text, "[RESOLVED] Disk (warning)");
	size_t told_so_far = chat.count;
	alert("[" DISK1 "]");
	room_advance(&room, MINUTE);
	ck_assert_uint_eq(chat.count, told_so_far);
	ck_assert(!room_do(&room, act, "ack", &err)); /* it is not open */
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	alert("[{\"labels\":{\"alertname\":\"Disk\",\"instance\":\"db-1\"},\"startsAt\":\"2026-03-02T02:16:"
	      "00Z\"," FOREVER "}]");
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, told_so_far + 1);
	ck_assert_str_eq(last_sent()->text, "[FIRING:1] Disk (warning)");
	ck_assert_int_eq(last_sent()->message_ts, 0); /* a message of its own */
}
END_TEST

START_TEST(a_change_under_way_goes_after_it)
{
	chat.hold = true;
	alert("[" DISK1 "]");
	while (!chat.held)
		uv_run(&room.loop, UV_RUN_ONCE);
	alert("[" DISK2 "]");
	ck_assert_uint_eq(chat.count, 1);
	chat.hold = false;
	answer(chat.held);
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_str_eq(last_sent()->text, "[FIRING:2] Disk (warning)");
	ck_assert_int_eq(last_sent()->message_ts, 1001);
}
END_TEST

/* ---- the other side does not take it ---- */

START_TEST(retries_wait_twice_as_long_each_time)
{
	static const span_ms after[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	wall_ms at = ROOM_START;
	int64_t id;

	chat.answer = POST_RETRY;
	alert("[" DISK1 "]");
	room_advance(&room, 0);
	id = last_sent()->outbox_id;
	for (size_t i = 0; i < COUNT_OF(after); i++) {
		at += after[i] * SECOND;
		room_advance(&room, at - wall_now());
		ck_assert_uint_eq(chat.count, i + 1);
		ck_assert_int_eq(last_sent()->at, at);
		ck_assert_int_eq(last_sent()->attempts, (int)i + 1);
		ck_assert_int_eq(last_sent()->outbox_id, id); /* the other side knows a repeat by it */
	}
	chat.answer = POST_DONE;
	room_advance(&room, 5 * MINUTE);
	room_advance(&room, HOUR);
	ck_assert_uint_eq(chat.count, COUNT_OF(after) + 1);
}
END_TEST

START_TEST(a_retry_obeys_the_time_it_is_given)
{
	chat.answer = POST_RETRY;
	chat.retry_at = ROOM_START + 90 * SECOND;
	alert("[" DISK1 "]");
	room_advance(&room, 89 * SECOND);
	ck_assert_uint_eq(chat.count, 1);
	ck_assert_int_eq(counts().outbox_waiting, 1);
	ck_assert_int_eq(counts().outbox_oldest, ROOM_START);
	chat.answer = POST_DONE;
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_int_eq(counts().outbox_waiting, 0);
	ck_assert_int_eq(last_sent()->at, ROOM_START + 90 * SECOND);
}
END_TEST

START_TEST(what_is_refused_is_not_sent_again)
{
	chat.answer = POST_REFUSED;
	alert("[" DISK1 "]");
	room_advance(&room, DAY);
	ck_assert_uint_eq(chat.count, 1);
	ck_assert_uint_eq(counts().outbox_refused, 1);
	chat.answer = POST_DONE;
	alert("[" DISK2 "]"); /* the next change is a message of its own */
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, 2);
}
END_TEST

/* The answer never came: the lease ends and the row goes again, with the same key. A late answer then changes nothing. */
START_TEST(a_lease_ends)
{
	struct chat_post *late;

	chat.hold = true;
	alert("[" DISK1 "]");
	while (!chat.held)
		uv_run(&room.loop, UV_RUN_ONCE);
	late = chat.held;
	chat.hold = false;
	clock_set(wall_now() + 31 * SECOND);
	while (chat.count < 2)
		alert("[" DISK1 "]"); /* whatever is done, the loop looks what is due */
	ck_assert_int_eq(chat.sent[0].outbox_id, chat.sent[1].outbox_id);
	ck_assert_int_eq(chat.sent[1].attempts, 2);
	chat.answer = POST_REFUSED;
	answer(late);
	chat.answer = POST_DONE;
	room_advance(&room, HOUR);
	ck_assert_uint_eq(chat.count, 2);
	alert("[" DISK2 "]");
	room_advance(&room, SECOND);
	ck_assert_uint_eq(chat.count, 3);
	ck_assert_int_eq(last_sent()->message_ts, 1002); /* what the second sending was answered */
}
END_TEST

START_TEST(a_restart_takes_up_what_was_under_way)
{
	chat.hold = true;
	alert("[" DISK1 "]");
	while (!chat.held)
		uv_run(&room.loop, UV_RUN_ONCE);
	chat.hold = false;
	answer(chat.held); /* the answer is lost: the engine stops first */
	room_shut(&room);
	room_start(&room);
	room_threads(&room, chats, run_command);
	alert("[" DISK1 "," DISK2 "]");
	room_advance(&room, MINUTE);
	ck_assert_str_eq(last_sent()->text, "[FIRING:2] Disk (warning)");
	ck_assert_int_le(counts().groups_firing, 1);
}
END_TEST

/* ---- commands that came as messages ---- */

static bool queue_command(struct work *w, void *context)
{
	(void)context;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, room.channel_id, engine_id(w), w->now, "command", S("{}"),
			     &w->err);
}

START_TEST(a_command_runs_once)
{
	ck_assert(room_do(&room, queue_command, NULL, &err));
	room_advance(&room, HOUR);
	ck_assert_int_eq(commands_run, 1);
}
END_TEST

/* What fails for a reason of its own fails again: it must not keep the daemon busy, nor keep others waiting. */
START_TEST(a_command_that_cannot_run_does_not_spin)
{
	command_fails = true;
	ck_assert(room_do(&room, queue_command, NULL, &err));
	room_advance(&room, MINUTE);
	ck_assert_int_gt(commands_run, 2);
	ck_assert_int_lt(commands_run, 20);
	alert("[" DISK1 "]");
	room_advance(&room, 0);
	ck_assert_uint_eq(chat.count, 1);
	command_fails = false;
	room_advance(&room, HOUR);
	commands_run = 0;
	room_advance(&room, HOUR);
	ck_assert_int_eq(commands_run, 0); /* it went through in the end */
}
END_TEST

/* ---- batches ---- */

static bool set_x(struct work *w, void *context)
{
	return store_setting_put(w->engine->db, 1, "x", str_of(context), &w->err);
}

static bool set_x_and_fail(struct work *w, void *context)
{
	ck_assert(set_x(w, context));
	err_set(&w->err, ERR_INVALID, "no");
	return false;
}

static bool expect_x(struct work *w, void *context)
{
	struct str x;

	return store_setting_get(w->engine->db, w->arena, 1, "x", &x, &w->err) && str_is(x, context);
}

START_TEST(a_failed_item_undoes_only_itself)
{
	struct room_item items[4];

	room_submit(&room, &items[0], set_x, "kept");
	room_submit(&room, &items[1], set_x_and_fail, "undone");
	room_submit(&room, &items[2], expect_x, "kept");
	room_submit(&room, &items[3], set_x, "last");
	room_await(&room, &items[3].done);
	ck_assert(items[0].done && items[1].done && items[2].done);
	ck_assert(!items[0].failed && items[1].failed && !items[2].failed && !items[3].failed);
	ck_assert_str_eq(items[1].err.text, "no");
	ck_assert(room_do(&room, expect_x, "last", &err));
}
END_TEST

static bool alert_and_fail(struct work *w, void *context)
{
	ck_assert(deliver(w, context));
	err_set(&w->err, ERR_INVALID, "no");
	return false;
}

START_TEST(memory_is_undone_too)
{
	ck_assert(!room_do(&room, alert_and_fail, "[" DISK1 "]", &err));
	ck_assert_int_eq(counts().groups_firing, 0);
	alert("[" DISK1 "]");
	ck_assert_int_eq(counts().groups_firing, 1);
	ck_assert(!room_do(&room, alert_and_fail, "[" DISK1_ENDS "]", &err));
	ck_assert_int_eq(counts().groups_firing, 1);
	room_advance(&room, 0);
	ck_assert_uint_le(chat.count, 2); /* that it changed while its message was on the way is not undone: it is told twice the same */
	ck_assert_str_eq(last_sent()->text, "[FIRING:1] Disk (warning)");
	ck_assert_int_eq(last_sent()->message_ts, chat.count == 1 ? 0 : 1001);
}
END_TEST

/* ---- the alerting file is another ---- */

static bool use_file(struct work *w, void *context)
{
	struct routing *old = w->engine->routing;
	bool ok;

	w->engine->routing = routing_parse(str_of(context), "test.yaml", &w->err);
	ok = w->engine->routing && alerts_use_routing(w);
	routing_free(old);
	return ok;
}

#define MUTED                                                                                                          \
	"receivers: [{name: a, channel: sre-alerts}]\n"                                                                \
	"time_intervals: [{name: night, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}]\n"     \
	"route: {receiver: source, routes: [{receiver: a, matchers: ['alertname=Disk'], mute_time_intervals: [night]}]}"
#define NOT_MUTED                                                                                                      \
	"receivers: [{name: a, channel: sre-alerts}]\n"                                                                \
	"route: {receiver: source, routes: [{receiver: a, matchers: ['alertname=Disk']}]}"

START_TEST(what_is_not_mute_any_more_is_told)
{
	ck_assert_msg(room_do(&room, use_file, MUTED, &err), "%s", err.text);
	alert("[" DISK1 "]");
	room_advance(&room, MINUTE);
	ck_assert_uint_eq(chat.count, 0);
	ck_assert_msg(room_do(&room, use_file, NOT_MUTED, &err), "%s", err.text);
	room_advance(&room, 0);
	ck_assert_uint_eq(chat.count, 1);
}
END_TEST

/* One group that has to be tried again and again is no storm. */
START_TEST(tries_are_no_storm)
{
	ck_assert_msg(room_do(&room, use_file, "storm: {groups: 2, within: 10m}", &err), "%s", err.text);
	chat.answer = POST_RETRY;
	alert("[" DISK1 "]");
	room_advance(&room, 2 * MINUTE);
	chat.answer = POST_DONE;
	room_advance(&room, 5 * MINUTE);
	ck_assert_uint_gt(chat.count, 3);
	ck_assert_str_eq(last_sent()->text, "[FIRING:1] Disk (warning)");
}
END_TEST

/* ---- heartbeats ---- */

static int64_t cron_id;

static bool cron_calls_every(struct work *w, void *context)
{
	span_ms every = *(span_ms *)context;
	struct source s = {.id = cron_id ? cron_id : engine_id(w),
			   .workspace_id = w->engine->workspace_id,
			   .tool = S("cron"),
			   .name = S("cron"),
			   .channel_id = room.channel_id,
			   .heartbeat = every};
	bool ok = cron_id ? store_source_set(w->engine->db, &s, &w->err) : store_source_add(w->engine->db, &s, S("hash"), w->now, &w->err);

	cron_id = s.id;
	return ok && heartbeat_set(w, &s, &w->err);
}

static void cron_must_call_every(span_ms every)
{
	ck_assert_msg(room_do(&room, cron_calls_every, &every, &err), "%s", err.text);
}

static bool cron_calls(struct work *w, void *context)
{
	bool ok = heartbeat_heard(w, cron_id);

	if (ok && context)
		err_set(&w->err, ERR_INVALID, "what it said is not taken");
	return ok && !context;
}

static bool resolve_cron(struct work *w, void *context)
{
	struct group *g = alerts_find(w, S("Heartbeat"), &w->err);

	(void)context;
	return g && alerts_resolve(w, g, room.user_id, &w->err);
}

START_TEST(a_heartbeat_that_is_made_shorter_is_missed_sooner)
{
	cron_must_call_every(30 * DAY);
	cron_must_call_every(MINUTE);
	room_advance(&room, 90 * SECOND);
	ck_assert_uint_eq(chat.count, 1);
	cron_must_call_every(0);
	room_advance(&room, HOUR);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert_ptr_nonnull(strstr(last_sent()->text, "[RESOLVED]"));
}
END_TEST

/* The first call is undone with all that its delivery did; the second ends the alert nevertheless. */
START_TEST(a_call_in_a_delivery_that_fails_is_no_call)
{
	cron_must_call_every(MINUTE);
	room_advance(&room, 90 * SECOND);
	ck_assert(!room_do(&room, cron_calls, "fail", &err));
	ck_assert(room_do(&room, cron_calls, NULL, &err));
	room_advance(&room, 10 * SECOND);
	ck_assert_ptr_nonnull(strstr(last_sent()->text, "[RESOLVED]"));
}
END_TEST

START_TEST(a_missed_heartbeat_resolved_by_hand_stays_quiet)
{
	cron_must_call_every(MINUTE);
	room_advance(&room, 90 * SECOND);
	ck_assert_msg(room_do(&room, resolve_cron, NULL, &err), "%s", err.text);
	room_advance(&room, HOUR);
	ck_assert_uint_eq(chat.count, 2);
	ck_assert(room_do(&room, cron_calls, NULL, &err)); /* and the next silence is another alert */
	room_advance(&room, HOUR);
	ck_assert_uint_gt(chat.count, 2);
}
END_TEST

struct gate {
	sem_t reached, open;
};

static bool wait_at(struct work *w, void *context)
{
	struct gate *gate = context;

	(void)w;
	sem_post(&gate->reached);
	sem_wait(&gate->open);
	return true;
}

START_TEST(a_full_queue_refuses)
{
	static struct room_item items[1010];
	struct gate gate;
	unsigned refused = 0;

	sem_init(&gate.reached, 0, 0);
	sem_init(&gate.open, 0, 0);
	room_submit(&room, &items[0], wait_at, &gate);
	sem_wait(&gate.reached);
	for (size_t i = 1; i < COUNT_OF(items); i++) {
		items[i] = (struct room_item){.job = set_x, .context = "1"};
		items[i].work.arena = &items[i].arena;
		items[i].work.run = room_item_run;
		items[i].work.done = room_item_done;
		items[i].done = !engine_submit(room.e, &items[i].work);
		refused += items[i].done;
	}
	sem_post(&gate.open);
	for (size_t i = 0; i < COUNT_OF(items); i++)
		room_await(&room, &items[i].done);
	ck_assert_uint_ge(refused, 1);  /* 1000 may wait; the first may be under way already */
	ck_assert_uint_le(refused, 10); /* some places are the engine's own */
	ck_assert_uint_eq(counts().refused, refused);
}
END_TEST

/* ---- the disk ---- */

static bool disk_full(struct work *w, void *context)
{
	db_refuse_writes(w->engine->db, context);
	return true;
}

static bool outbox_rows(struct work *w, void *context)
{
	int64_t oldest;

	store_outbox_waiting(w->engine->db, context, &oldest);
	return true;
}

START_TEST(an_unwritable_store_fails_items_and_loses_nothing)
{
	int64_t waiting;
	struct err full = {ERR_FULL, "there is no room"};

	alert("[" DISK1 "]");
	room_advance(&room, 0);
	ck_assert(room_do(&room, disk_full, &full, &err));
	ck_assert(!room_do(&room, deliver, "[" DISK2 "]", &err));
	ck_assert_int_eq(err.code, ERR_FULL);
	ck_assert_int_eq(counts().alerts_active, 1);
	ck_assert(room_do(&room, disk_full, NULL, &err));
	alert("[" DISK2 "]");
	room_advance(&room, SECOND);
	ck_assert_str_eq(last_sent()->text, "[FIRING:2] Disk (warning)");
	ck_assert(room_do(&room, outbox_rows, &waiting, &err));
	ck_assert_int_eq(waiting, 0);
}
END_TEST

/* A disk that takes not one byte more: the batch is lost as a whole, is answered so, and nothing of it is in memory. Reads go
 * on. When the disk takes writes again, so does the daemon, by itself. */
START_TEST(a_disk_that_fails)
{
	struct rlimit was, none;
	struct room_item items[3];
	int64_t waiting;

	alert("[" DISK1 "]");
	room_advance(&room, 0);
	ck_assert(room_do(&room, set_x, "before", &err));
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = was;
	none.rlim_cur = 1;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	room_submit(&room, &items[0], set_x, "lost");
	room_submit(&room, &items[1], deliver, "[" DISK2 "]");
	room_submit(&room, &items[2], deliver, "[" DISK1_ENDS "]");
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		room_await(&room, &items[i].done);
		ck_assert(items[i].failed);
		ck_assert_int_eq(items[i].err.code, ERR_FULL);
	}
	ck_assert_uint_ge(counts().failed_batches, 1);
	ck_assert_int_eq(counts().alerts_active, 1);
	ck_assert(room_do(&room, expect_x, "before", &err));
	ck_assert(!room_do(&room, set_x, "still not", &err));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	while (!room_do(&room, set_x, "after", &err)) /* it is tried again twice a second */
		ck_assert_int_eq(err.code, ERR_FULL);
	alert("[" DISK2 "]");
	room_advance(&room, SECOND);
	ck_assert_str_eq(last_sent()->text, "[FIRING:2] Disk (warning)");
	ck_assert(room_do(&room, outbox_rows, &waiting, &err));
	ck_assert_int_eq(waiting, 0);
	ck_assert(room_do(&room, expect_x, "after", &err));
}
END_TEST

/* ---- search ---- */

static bool many_channels(struct work *w, void *context)
{
	for (int i = 0; i < 90; i++) {
		struct message m = {.user_id = room.user_id, .text = S("haystack")};
		struct channel c;

		if (!chat_create_channel(w, room.user_id, arena_printf(w->arena, "c%d", i), CHANNEL_PUBLIC, &c,
					 &w->err) ||
		    !chat_post_message(w, &c, &m, &w->err))
			return false;
	}
	(void)context;
	return true;
}

static bool count_hits(struct work *w, void *context)
{
	struct search_hit *hits;

	return store_search(w->engine->db, w->arena, S("haystack"), 0, room.user_id, 200, &hits, context, &w->err);
}

/* The index is written when nobody waits; after a restart it goes on, in however many channels it is behind. */
START_TEST(search_catches_up_in_all_channels)
{
	size_t hits = 0;

	room_shut(&room);
	room_start(&room);
	room_run(&room, many_channels, NULL); /* no thread runs: nothing is indexed */
	room_run(&room, count_hits, &hits);
	ck_assert_uint_eq(hits, 0);
	room_threads(&room, chats, run_command);
	for (int i = 0; i < 100000 && hits < 90; i++)
		ck_assert(room_do(&room, count_hits, &hits, &err));
	ck_assert_uint_eq(hits, 90);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"told", one_alert_is_one_message},
		{"told", people_are_told_at_once_numbers_once_a_second},
		{"told", what_was_put_off_can_be_brought_forward},
		{"told", a_channel_is_told_at_its_pace},
		{"told", what_changes_while_a_reply_leaves_is_told},
		{"told", an_alert_ends_by_itself},
		{"told", resolved_by_hand_stays_quiet_until_it_fires_anew},
		{"told", a_change_under_way_goes_after_it},
		{"outbox", retries_wait_twice_as_long_each_time},
		{"outbox", a_retry_obeys_the_time_it_is_given},
		{"outbox", what_is_refused_is_not_sent_again},
		{"outbox", a_lease_ends},
		{"outbox", a_restart_takes_up_what_was_under_way},
		{"command", a_command_runs_once},
		{"command", a_command_that_cannot_run_does_not_spin},
		{"batch", a_failed_item_undoes_only_itself},
		{"batch", memory_is_undone_too},
		{"batch", a_full_queue_refuses},
		{"file", what_is_not_mute_any_more_is_told},
		{"file", tries_are_no_storm},
		{"heartbeat", a_heartbeat_that_is_made_shorter_is_missed_sooner},
		{"heartbeat", a_call_in_a_delivery_that_fails_is_no_call},
		{"heartbeat", a_missed_heartbeat_resolved_by_hand_stays_quiet},
		{"disk", an_unwritable_store_fails_items_and_loses_nothing},
		{"disk", a_disk_that_fails},
		{"search", search_catches_up_in_all_channels},
	};

	return unit_run_in("engine", tests, COUNT_OF(tests), open_room, close_room);
}
