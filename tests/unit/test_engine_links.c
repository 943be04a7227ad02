/* A channel and its counterpart in another chat system: what is told there, in which order, how fast, and what becomes of it when the
 * system is away. The system is a list of lines. */
#include "engine/links.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "store/journal.h"
#include "unit.h"

#include <inttypes.h>

#define LINES_MAX 400

static struct room room;
static char said[LINES_MAX][300];
static wall_ms said_at[LINES_MAX];
static char last_long[2000]; /* the last text of over 1,000 bytes, as a whole */
static size_t said_count;
static int fails;   /* so many orders fail ... */
static bool untaken; /* ... and were surely not taken */
static wall_ms tried[LINES_MAX];
static int64_t next_id;

static const char *verb_name(enum chat_verb v)
{
	static const char *const names[] = {"say", "change", "drop", "react", "unreact", "pin", "unpin", "topic", "whisper", "ask"};

	return names[v];
}

static void take(struct chat_order *o)
{
	char id[32];

	if (fails) {
		fails--;
		chat_told(o, POST_RETRY, S(""), untaken, 0, S("no answer"));
		return;
	}
	ck_assert_uint_lt(said_count, LINES_MAX);
	tried[said_count] = o->tried;
	if (o->text.n > 1000)
		snprintf(last_long, sizeof last_long, STR_FMT, STR_ARG(o->text));
	said_at[said_count] = wall_now();
	snprintf(said[said_count++], sizeof said[0], "%s" STR_FMT "%s" STR_FMT "%s" STR_FMT " " STR_FMT, verb_name(o->verb), STR_ARG(o->message.n ? S(" ") : S("")), "", STR_ARG(o->message),
		 o->thread.n ? " in " : "", STR_ARG(o->thread), STR_ARG(o->text));
	snprintf(id, sizeof id, "r%" PRId64, ++next_id);
	chat_told(o, POST_DONE, o->verb == CHAT_SAY ? str_of(id) : S(""), false, 0, S(""));
}

static void post(struct chat_post *p)
{
	chat_posted(p, POST_DONE, p->message_ts ? p->message_ts : 1000, 0, S(""));
}

static const struct chat_kind ours = {.name = "opsroom", .post = post};
static const struct chat_kind *const chats[] = {&ours, NULL};
static const struct chat_kind paper = {.name = "paper", .can = CHAT_CAN_THREADS | CHAT_CAN_BUTTONS | CHAT_CAN_EDIT | CHAT_CAN_DROP | CHAT_CAN_REACT | CHAT_CAN_TOPIC, .pace = SECOND, .text_max = 200};
static const struct chat_config config = {.name = {"paper", 5}, .system = {"paper", 5}, .joined = true};
static const struct chat_known known = {&config, &paper};

static bool use(struct work *w, void *context)
{
	(void)context;
	return links_use(w, &known, 1, &w->err);
}

static bool link_it(struct work *w, void *context)
{
	struct chat_link l = {.chat = config.name, .remote = S("P1"), .remote_name = S("p1"), .channel_id = room.channel_id};

	(void)context;
	return link_add(w, &l, &w->err);
}

static bool set_up(struct work *w, void *context)
{
	return links_up(w, config.name, *(bool *)context, "it is paper", &w->err);
}

static void must(room_job *job, void *context)
{
	struct err err = {0};

	ck_assert_msg(room_do(&room, job, context, &err), "%s", err.text);
}

static void up(bool is)
{
	must(set_up, &is);
}

static void start(void)
{
	room_threads(&room, chats, NULL);
	room.e->chat_order = take;
	must(use, NULL);
}

static void open_world(void)
{
	said_count = 0;
	fails = 0;
	next_id = 0;
	room_open(&room);
	start();
	must(link_it, NULL);
	up(true);
}

static void close_world(void)
{
	room_close(&room);
}

/* ---- what happens in the channel ---- */

struct doing {
	const char *text;
	int64_t ts, thread_ts, told_by;
	bool on;
};

static bool find_channel(struct work *w, struct channel *c)
{
	return store_channel_find(w->engine->db, w->arena, room.channel_id, c, &w->err);
}

static bool say_job(struct work *w, void *context)
{
	struct doing *d = context;
	struct message m = {.user_id = room.user_id, .text = str_of(d->text), .thread_ts = d->thread_ts};
	struct channel c;

	w->told_by = d->told_by;
	if (!find_channel(w, &c) || !chat_post_message(w, &c, &m, &w->err))
		return false;
	d->ts = m.ts;
	return true;
}

static bool hear_job(struct work *w, void *context)
{
	((struct doing *)context)->told_by = link_by_remote(w, config.name, S("P1"))->id;
	return say_job(w, context);
}

static int64_t say(const char *text)
{
	struct doing d = {.text = text};

	must(say_job, &d);
	return d.ts;
}

static bool find(struct work *w, const struct doing *d, struct channel *c, struct message *m)
{
	return find_channel(w, c) && store_message_find(w->engine->db, w->arena, c->id, d->ts, m, &w->err);
}

static bool change_job(struct work *w, void *context)
{
	struct doing *d = context;
	struct channel c;
	struct message m;

	if (!find(w, d, &c, &m))
		return false;
	m.text = str_of(d->text);
	return chat_change_message(w, &c, &m, room.user_id, &w->err);
}

static void change(int64_t ts, const char *text)
{
	must(change_job, &(struct doing){.text = text, .ts = ts});
}

static bool drop_job(struct work *w, void *context)
{
	struct channel c;
	struct message m;

	return find(w, context, &c, &m) && chat_delete_message(w, &c, &m, &w->err);
}

static bool react_job(struct work *w, void *context)
{
	struct doing *d = context;
	struct channel c;
	struct message m;

	return find(w, d, &c, &m) && chat_react(w, &c, &m, room.user_id, str_of(d->text), d->on, &w->err);
}

static bool topic_job(struct work *w, void *context)
{
	struct doing *d = context;
	struct channel c;

	return find_channel(w, &c) && chat_set_topic(w, &c, room.user_id, str_of(d->text), &w->err);
}

/* So much time that all that waits has had its turn. */
static void let_pass(span_ms by)
{
	room_advance(&room, by);
}

static void expect(size_t i, const char *line)
{
	ck_assert_msg(i < said_count, "line %zu of %zu is missing: %s", i, said_count, line);
	ck_assert_str_eq(said[i], line);
}

/* ---- the tests ---- */

START_TEST(one_after_the_other_at_the_pace)
{
	for (int i = 0; i < 5; i++)
		say((const char *[]){"a", "b", "c", "d", "e"}[i]);
	let_pass(0);
	ck_assert_uint_eq(said_count, 1);
	let_pass(10 * SECOND);
	ck_assert_uint_eq(said_count, 5);
	expect(0, "say a");
	expect(4, "say e");
	for (size_t i = 1; i < said_count; i++)
		ck_assert_int_eq(said_at[i] - said_at[i - 1], SECOND);
}
END_TEST

START_TEST(ten_edits_that_wait_are_one)
{
	int64_t ts = say("first");
	char text[20];

	let_pass(0);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "edit %d", i);
		change(ts, text);
	}
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 2);
	expect(0, "say first");
	expect(1, "change r1 edit 9");
}
END_TEST

START_TEST(what_waits_is_told_as_it_is_then)
{
	int64_t gone, ts;

	say("in front");
	ts = say("draft");
	gone = say("a mistake");
	change(ts, "final");
	must(drop_job, &(struct doing){.ts = gone});
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 2);
	expect(1, "say final");
	must(drop_job, &(struct doing){.ts = ts});
	let_pass(MINUTE);
	expect(2, "drop r2 ");
}
END_TEST

START_TEST(threads_marks_and_topics)
{
	int64_t ts = say("root");

	let_pass(MINUTE);
	must(say_job, &(struct doing){.text = "reply", .thread_ts = ts});
	must(react_job, &(struct doing){.text = "eyes", .ts = ts, .on = true});
	must(topic_job, &(struct doing){.text = "quiet today"});
	let_pass(MINUTE);
	expect(1, "say in r1 reply");
	expect(2, "react r1 eyes");
	expect(3, "topic quiet today");
	must(react_job, &(struct doing){.text = "eyes", .ts = ts});
	let_pass(MINUTE);
	expect(4, "unreact r1 eyes");
	say("so that what follows must wait");
	let_pass(0);
	must(react_job, &(struct doing){.text = "tada", .ts = ts, .on = true});
	must(react_job, &(struct doing){.text = "tada", .ts = ts});
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 6);
}
END_TEST

START_TEST(what_was_heard_there_is_not_told_there)
{
	must(hear_job, &(struct doing){.text = "from there"});
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 0);
}
END_TEST

START_TEST(a_long_text_comes_in_parts)
{
	char text[501], joined[600] = "";
	int64_t ts;

	for (size_t i = 0; i < 500; i++)
		text[i] = i % 10 == 9 ? ' ' : (char)('a' + i % 26);
	text[500] = '\0';
	ts = say(text);
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_le(strlen(said[i]), 4 + 200);
		strcat(joined, said[i] + 4);
	}
	ck_assert_str_eq(joined, text);
	change(ts, "short now");
	let_pass(MINUTE);
	expect(3, "change r1 short now");
	ck_assert_uint_eq(said_count, 6); /* the two others are emptied */
}
END_TEST

START_TEST(a_long_text_is_dropped_in_all_its_parts)
{
	char text[501];
	int64_t ts;

	memset(text, 'x', 500);
	text[500] = '\0';
	ts = say(text);
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 3);
	must(drop_job, &(struct doing){.ts = ts});
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 6);
	expect(3, "drop r3 ");
	expect(5, "drop r1 ");
}
END_TEST

START_TEST(what_was_not_taken_is_said_again_and_asked_for_if_nobody_knows)
{
	fails = 1;
	untaken = true;
	say("one");
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 1);
	ck_assert_int_eq(tried[0], 0);
	fails = 1;
	untaken = false;
	say("two");
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 2);
	ck_assert_int_ne(tried[1], 0);
}
END_TEST

static void said_while_away(int count)
{
	char text[20];

	up(false);
	let_pass(20 * SECOND);
	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof text, "m%d", i);
		say(text);
		let_pass(SECOND);
	}
	let_pass(10 * MINUTE);
	ck_assert_uint_eq(said_count, 0);
	up(true);
	let_pass(5 * MINUTE);
}

START_TEST(what_was_said_while_it_was_away_is_marked)
{
	said_while_away(3);
	ck_assert_uint_eq(said_count, 3);
	expect(0, "say m0\n_said at 02:15 UTC, while paper was away_");
	say("now");
	let_pass(MINUTE);
	expect(3, "say now");
}
END_TEST

START_TEST(much_that_was_said_while_it_was_away_is_gathered)
{
	size_t lines = 0;

	said_while_away(60);
	ck_assert_uint_lt(said_count, 12);
	ck_assert(strstr(said[0], "_said while paper was away (times are UTC):_") && strstr(said[0], "*ann*: m0"));
	for (size_t i = 0; i < said_count; i++)
		for (const char *p = said[i]; (p = strstr(p, "*ann*: ")); p++)
			lines++;
	ck_assert_uint_ge(lines, 59); /* a last one alone would come as itself */
	ck_assert(strstr(said[said_count - 1], "m59"));
}
END_TEST

/* Nobody knows whether the first of them arrived: it is asked for by its key as one. Ten left is too few to be gathered anew. */
START_TEST(what_was_gathered_is_tried_again_as_it_was)
{
	size_t lines = 0;

	fails = 3;
	untaken = false;
	said_while_away(22);
	ck_assert(tried[0] && strstr(said[0], "*ann*: m0") && strstr(said[0], "*ann*: m1"));
	for (size_t i = 0; i < said_count; i++)
		for (const char *p = said[i]; (p = strstr(p, "*ann*: ")); p++)
			lines++;
	ck_assert_uint_ge(lines, 21);
	for (size_t i = 1; i < said_count; i++)
		ck_assert_int_eq(tried[i], 0);
}
END_TEST

START_TEST(what_was_gathered_is_tried_again_over_a_restart)
{
	char text[20];

	up(false);
	let_pass(20 * SECOND);
	for (int i = 0; i < 22; i++) {
		snprintf(text, sizeof text, "m%d", i);
		say(text);
	}
	let_pass(10 * MINUTE);
	fails = 1000;
	untaken = false;
	up(true);
	let_pass(0);
	room_shut(&room);
	room_start(&room);
	start();
	fails = 0;
	up(true);
	let_pass(5 * MINUTE);
	ck_assert(tried[0] && strstr(said[0], "*ann*: m0") && strstr(said[0], "*ann*: m1"));
}
END_TEST

static bool use_roomy(struct work *w, void *context)
{
	static struct chat_kind roomy;
	static const struct chat_known it = {&config, &roomy};

	(void)context;
	roomy = paper;
	roomy.text_max = 4000;
	return links_use(w, &it, 1, &w->err);
}

START_TEST(a_long_text_is_not_cut_to_gather_it)
{
	static char text[1501];
	size_t whole = 0;

	must(use_roomy, NULL);
	memset(text, 'x', sizeof text - 1);
	let_pass(20 * SECOND);
	for (int i = 0; i < 15; i++)
		say("short");
	say(text);
	for (int i = 0; i < 15; i++)
		say("short");
	let_pass(10 * MINUTE);
	up(true);
	let_pass(10 * MINUTE);
	ck_assert_uint_eq(said_count, 3);
	for (const char *p = last_long; *p; p++)
		whole += *p == 'x';
	ck_assert_uint_eq(whole, 1500);
}
END_TEST

static bool use_on_a_full_disk(struct work *w, void *context)
{
	static const struct chat_config other = {.name = {"other", 5}, .system = {"paper", 5}};
	static const struct chat_known both[] = {{&other, &paper}, {&config, &paper}};
	struct err full = {0};
	bool ok;

	(void)context;
	err_set(&full, ERR_FULL, "the disk is full");
	db_refuse_writes(w->engine->db, &full);
	ok = links_use(w, both, 2, &w->err);
	db_refuse_writes(w->engine->db, NULL);
	return ok;
}

START_TEST(other_chats_are_there_though_the_store_takes_nothing)
{
	struct err err = {0};

	ck_assert(!room_do(&room, use_on_a_full_disk, NULL, &err));
	say("on");
	up(true);
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 1);
	expect(0, "say on");
}
END_TEST

static bool count_notes(struct work *w, void *context)
{
	struct message *all;
	size_t count;

	if (!store_history(w->engine->db, w->arena, room.channel_id, 0, INT64_MAX, 100, &all, &count, &w->err))
		return false;
	for (size_t i = 0; i < count; i++)
		*(int *)context += str_find(all[i].text, S("has not answered since"), NULL) || str_find(all[i].text, S("paper is back"), NULL);
	return true;
}

START_TEST(people_are_told_when_it_is_away_and_when_it_is_back)
{
	int notes = 0;

	up(false);
	let_pass(5 * SECOND);
	up(true);
	let_pass(MINUTE);
	must(count_notes, &notes);
	ck_assert_int_eq(notes, 0); /* it was short */
	up(false);
	let_pass(30 * SECOND);
	must(count_notes, &notes);
	ck_assert_int_eq(notes, 1);
	up(true);
	notes = 0;
	must(count_notes, &notes);
	ck_assert_int_eq(notes, 2);
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 0); /* they are not told there */
}
END_TEST

START_TEST(a_restart_keeps_what_waits_and_the_pace)
{
	for (int i = 0; i < 12; i++) {
		char text[20];

		snprintf(text, sizeof text, "m%d", i);
		say(text);
	}
	let_pass(2500);
	for (int i = 0; i < 3; i++) {
		room_shut(&room);
		room_start(&room);
		start();
		up(true);
		let_pass(1700);
	}
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 12);
	for (size_t i = 0; i < 12; i++) {
		char line[20];

		snprintf(line, sizeof line, "say m%zu", i);
		expect(i, line);
		ck_assert_msg(!i || said_at[i] - said_at[i - 1] >= SECOND, "%zu", i);
	}
}
END_TEST

static struct chat_channel named[] = {{{"sre-alerts", 10}, {"elsewhere", 9}, false}};
static const struct chat_config narrow = {.name = {"paper", 5}, .system = {"paper", 5}, .channels = named, .channel_count = 1};
static const struct chat_config other = {.name = {"paper", 5}, .system = {"paper", 5}};
static const struct chat_known narrow_known = {&narrow, &paper}, other_known = {&other, &paper};

static bool use_another(struct work *w, void *context)
{
	return links_use(w, context, 1, &w->err);
}

static bool count_links(struct work *w, void *context)
{
	*(size_t *)context = links_count(w);
	return true;
}

START_TEST(a_channel_that_the_file_does_not_name_any_more_is_not_linked)
{
	size_t count = 0;

	must(use_another, (void *)&narrow_known);
	must(count_links, &count);
	ck_assert_uint_eq(count, 1); /* by its name here */
	must(use_another, (void *)&other_known);
	must(count_links, &count);
	ck_assert_uint_eq(count, 0);
	say("for here alone");
	let_pass(MINUTE);
	ck_assert_uint_eq(said_count, 0);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"links", a_channel_that_the_file_does_not_name_any_more_is_not_linked, 0},
		{"links", one_after_the_other_at_the_pace, 0},
		{"links", ten_edits_that_wait_are_one, 0},
		{"links", what_waits_is_told_as_it_is_then, 0},
		{"links", threads_marks_and_topics, 0},
		{"links", what_was_heard_there_is_not_told_there, 0},
		{"links", a_long_text_comes_in_parts, 0},
		{"links", a_long_text_is_dropped_in_all_its_parts, 0},
		{"links", what_was_not_taken_is_said_again_and_asked_for_if_nobody_knows, 0},
		{"links", what_was_said_while_it_was_away_is_marked, 0},
		{"links", much_that_was_said_while_it_was_away_is_gathered, 0},
		{"links", what_was_gathered_is_tried_again_as_it_was, 0},
		{"links", what_was_gathered_is_tried_again_over_a_restart, 0},
		{"links", a_long_text_is_not_cut_to_gather_it, 0},
		{"links", other_chats_are_there_though_the_store_takes_nothing, 0},
		{"links", people_are_told_when_it_is_away_and_when_it_is_back, 0},
		{"links", a_restart_keeps_what_waits_and_the_pace, 0},
	};

	return unit_run_in("engine_links", tests, COUNT_OF(tests), open_world, close_world);
}
