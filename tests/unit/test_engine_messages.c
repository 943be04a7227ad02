/* The built-in chat without its HTTP: numbers without a gap, threads, edits, what one may see, what one has read. */
#include "engine/housekeeping.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "store/journal.h"
#include "unit.h"

static struct room room;
static struct work *w; /* the item under way */
static struct channel c;
static int64_t ann, ben;

static bool first(struct work *item, void *context)
{
	struct user u = {.name = S("ben"), .role = ROLE_VIEWER};
	bool was;

	(void)context;
	w = item;
	ann = room.user_id;
	if (!provision_user(item, &u, &item->err) ||
	    !store_channel_find(item->engine->db, item->arena, room.channel_id, &c, &item->err))
		return false;
	ben = u.id;
	return chat_join(item, &c, ben, 0, &was, &item->err);
}

static void open_room(void)
{
	room_open(&room);
	room_run(&room, first, NULL);
}

static void close_room(void)
{
	room_close(&room);
}

/* A test's body runs as one item: BODY(name) { ... } END_BODY(name) */
typedef void body(void);

static bool run_body(struct work *item, void *context)
{
	w = item;
	ck_assert(store_channel_find(w->engine->db, w->arena, room.channel_id, &c, &w->err));
	(*(body **)context)();
	return true;
}

#define BODY(name)                                                                                                     \
	static void name##_body(void);                                                                                 \
	START_TEST(name)                                                                                               \
	{                                                                                                              \
		body *run = name##_body;                                                                               \
		room_run(&room, run_body, &run);                                                                       \
	}                                                                                                              \
	END_TEST                                                                                                       \
	static void name##_body(void)

static struct message post_in(int64_t thread_ts, const char *text)
{
	struct message m = {.user_id = ann, .text = str_of(text), .thread_ts = thread_ts};

	ck_assert_msg(chat_post_message(w, &c, &m, &w->err), "%s", w->err.text);
	return m;
}

/* The word that a refusal is. */
#define refused(call, word)                                                                                            \
	do {                                                                                                           \
		err_clear(&w->err);                                                                                    \
		ck_assert(!(call));                                                                                    \
		ck_assert_str_eq(w->err.text, word);                                                                   \
		err_clear(&w->err);                                                                                    \
	} while (0)

static void no_gap(void)
{
	struct message *m;
	struct channel_event *e;
	size_t nm, ne, i = 0, k = 0;

	ck_assert(store_messages_since(w->engine->db, w->arena, c.id, 0, 1000, &m, &nm, &w->err));
	ck_assert(store_events_since(w->engine->db, w->arena, c.id, 0, 1000, &e, &ne, &w->err));
	ck_assert_int_eq(nm + ne, c.last_seq);
	for (int64_t seq = 1; seq <= c.last_seq; seq++)
		if (i < nm && m[i].seq == seq)
			i++;
		else
			ck_assert(k < ne && e[k++].seq == seq);
}

BODY(all_that_happens_takes_a_number)
{
	struct message m = post_in(0, "one"), r = post_in(m.ts, "reply");
	int64_t ts = m.ts;

	ck_assert_int_gt(r.ts, m.ts); /* the clock stands, their ts do not */
	m.text = S("changed");
	ck_assert(chat_change_message(w, &c, &m, ann, &w->err));
	ck_assert(chat_react(w, &c, &m, ben, S("eyes"), true, &w->err));
	ck_assert(chat_react(w, &c, &m, ben, S("eyes"), false, &w->err));
	ck_assert(chat_set_topic(w, &c, ann, S("what goes on"), &w->err));
	ck_assert(chat_delete_message(w, &c, &r, &w->err));
	ck_assert(chat_leave(w, &c, ben, &w->err));
	no_gap();
	ck_assert_int_eq(m.ts, ts);
}

BODY(a_change_that_changes_nothing)
{
	struct message m = post_in(0, "same");
	int64_t seq = c.last_seq;

	ck_assert(chat_change_message(w, &c, &m, ann, &w->err));
	ck_assert_int_eq(c.last_seq, seq);
	m.text = S("other");
	ck_assert(chat_change_message(w, &c, &m, 0, &w->err)); /* a bot keeps its message up to date */
	ck_assert_int_eq(m.edited_by, 0);
	ck_assert_int_eq(c.last_seq, seq + 1);
	m.text = S(" ");
	refused(chat_change_message(w, &c, &m, ann, &w->err), "no_text");
	ck_assert(chat_delete_message(w, &c, &m, &w->err));
	m.text = S("too late");
	refused(chat_change_message(w, &c, &m, ann, &w->err), "message_not_found");
}

BODY(threads_count_their_replies)
{
	struct message root = post_in(0, "root"), a = post_in(root.ts, "a"),
		       b = post_in(a.ts, "to a reply: the same thread"), got;
	struct message lost = {.user_id = ann, .text = S("x"), .thread_ts = 12345};

	ck_assert_int_eq(b.thread_ts, root.ts);
	ck_assert(store_message_find(w->engine->db, w->arena, c.id, root.ts, &got, &w->err));
	ck_assert_int_eq(got.reply_count, 2);
	ck_assert_int_eq(got.latest_reply, b.ts);
	ck_assert(chat_delete_message(w, &c, &b, &w->err));
	ck_assert(store_message_find(w->engine->db, w->arena, c.id, root.ts, &got, &w->err));
	ck_assert_int_eq(got.reply_count, 1);
	ck_assert_int_eq(got.latest_reply, a.ts);
	refused(chat_post_message(w, &c, &lost, &w->err), "thread_not_found");
	ck_assert(chat_delete_message(w, &c, &root, &w->err));
	lost.thread_ts = root.ts;
	refused(chat_post_message(w, &c, &lost, &w->err), "thread_not_found");
	no_gap();
}

BODY(one_key_is_one_message)
{
	struct message m = {.user_id = ann, .text = S("once")}, again = m, other = m;
	int64_t seq = c.last_seq;

	ck_assert(chat_post_once(w, &c, &m, S("outbox:1"), &w->err));
	ck_assert(chat_post_once(w, &c, &again, S("outbox:1"), &w->err));
	ck_assert_int_eq(again.ts, m.ts);
	ck_assert_int_eq(c.last_seq, seq + 1);
	ck_assert(chat_post_once(w, &c, &other, S("outbox:2"), &w->err));
	ck_assert_int_ne(other.ts, m.ts);
}

BODY(texts_have_limits)
{
	struct message m = {.user_id = ann};
	struct buf b;

	refused(chat_post_message(w, &c, &m, &w->err), "no_text");
	buf_init(&b, 1 * MIB);
	buf_printf(&b, "%039999d\xc3\xbc", 1);
	m.text = buf_str(&b);
	ck_assert(chat_post_message(w, &c, &m, &w->err));
	ck_assert_uint_eq(m.text.n, 39999); /* cut, not through a character */
	buf_reset(&b);
	buf_printf(&b, "{\"x\":\"%0300000d\"}", 1);
	m.body = buf_str(&b);
	refused(chat_post_message(w, &c, &m, &w->err), "msg_too_long");
	buf_done(&b);
}

BODY(reactions)
{
	struct message m = post_in(0, "x");

	ck_assert(chat_react(w, &c, &m, ann, S("+1"), true, &w->err));
	refused(chat_react(w, &c, &m, ann, S("+1"), true, &w->err), "already_reacted");
	refused(chat_react(w, &c, &m, ben, S("+1"), false, &w->err), "no_reaction");
	refused(chat_react(w, &c, &m, ann, S("<b>"), true, &w->err), "invalid_name");
	refused(chat_react(w, &c, &m, ann, S(""), true, &w->err), "invalid_name");
}

BODY(who_is_mentioned_has_it_unread)
{
	struct db *db = w->engine->db;
	int64_t read = c.last_ts;

	post_in(0, arena_printf(w->arena, "<@" STR_FMT "> and <@" STR_FMT "> look",
				STR_ARG(id_write(w->arena, 'U', ben)), STR_ARG(id_write(w->arena, 'U', ben)))
			   .p);
	post_in(0, "<!here>");
	post_in(0, "nobody");
	ck_assert_int_eq(store_unread(db, c.id, ben, read), 3);
	ck_assert_int_eq(store_mentions(db, c.id, ben, read), 2);
	ck_assert_int_eq(store_unread(db, c.id, ann, read), 0); /* one's own */
	ck_assert(chat_mark(w, &c, ben, c.last_ts, &w->err));
	ck_assert(chat_mark(w, &c, ben, c.last_ts, &w->err));
	ck_assert(store_member_find(db, c.id, ben, &read, &w->err));
	ck_assert_int_eq(read, c.last_ts);
	refused(chat_mark(w, &c, 12345, c.last_ts, &w->err), "not_in_channel");
}

BODY(channels_are_found_by_what_one_may_see)
{
	struct channel got, secret, dm, same;
	bool existed;

	ck_assert(chat_channel(w, ben, S("#sre-alerts"), &got, &w->err) && got.id == c.id);
	ck_assert(chat_channel(w, ben, S("SRE-alerts"), &got, &w->err) && got.id == c.id);
	ck_assert(chat_channel(w, ben, id_write(w->arena, 'C', c.id), &got, &w->err) && got.id == c.id);
	refused(chat_channel(w, ben, S("C0000000001"), &got, &w->err), "channel_not_found");
	refused(chat_channel(w, ben, S(""), &got, &w->err), "channel_not_found");
	ck_assert(chat_create_channel(w, ann, S("secret"), CHANNEL_PRIVATE, &secret, &w->err));
	refused(chat_channel(w, ben, S("secret"), &got, &w->err), "channel_not_found");
	ck_assert(chat_channel(w, ann, S("secret"), &got, &w->err));
	refused(chat_create_channel(w, ben, S("secret"), CHANNEL_PUBLIC, &got, &w->err), "name_taken");
	refused(chat_create_channel(w, ben, S(""), CHANNEL_PUBLIC, &got, &w->err), "invalid_name_required");
	refused(chat_create_channel(w, ben, S("--"), CHANNEL_PUBLIC, &got, &w->err), "invalid_name_punctuation");
	refused(chat_create_channel(w, ben, S("A b"), CHANNEL_PUBLIC, &got, &w->err), "invalid_name_specials");
	ck_assert(chat_channel(w, ben, id_write(w->arena, 'U', ann), &dm, &w->err)); /* a person: the talk with them */
	ck_assert_int_eq(dm.kind, CHANNEL_DM);
	ck_assert(chat_open_dm(w, ann, ben, &same, &existed, &w->err) && existed && same.id == dm.id);
	ck_assert(chat_channel(w, ann, S("@ben"), &same, &w->err) && same.id == dm.id);
	refused(chat_open_dm(w, ann, 12345, &same, &existed, &w->err), "user_not_found");
	refused(chat_channel(w, w->engine->bot_user_id, id_write(w->arena, 'D', dm.id), &same, &w->err),
		"channel_not_found");
}

BODY(coming_and_going)
{
	struct channel general;
	bool was;

	ck_assert(chat_leave(w, &c, ben, &w->err));
	refused(chat_leave(w, &c, ben, &w->err), "not_in_channel");
	ck_assert(!chat_is_member(w, c.id, ben));
	ck_assert(chat_join(w, &c, ben, 0, &was, &w->err) && !was);
	ck_assert(chat_join(w, &c, ben, 0, &was, &w->err) && was);
	ck_assert(chat_channel(w, ben, S("general"), &general, &w->err));
	refused(chat_leave(w, &general, ben, &w->err), "cant_leave_general");
	c.archived = true;
	refused(chat_set_topic(w, &c, ann, S("x"), &w->err), "is_archived");
	ck_assert(chat_join(w, &c, ann, 0, &was, &w->err) && was);
	c.archived = false;
	no_gap();
}

/* ---- once an hour ---- */

BODY(housekeeping)
{
	wall_ms again;

	ck_assert(housekeeping_start(w));
	ck_assert(store_timer_waits(w->engine->db, w->engine->workspace_id, "housekeeping"));
	ck_assert(housekeeping_start(w)); /* one timer, however often it starts */
	ck_assert_int_eq(store_due_next(w->engine->db, DUE_TIMER), w->now + HOUR);
	ck_assert(store_idempotency_add(w->engine->db, 1, S("old"), S("h"), S("r"), w->now, &w->err));
	ck_assert(housekeeping_run(w, &again));
	ck_assert_int_eq(again, w->now + SECOND); /* there may be more */
	ck_assert(housekeeping_run(w, &again));
	ck_assert_int_eq(again, w->now + HOUR);
}

/* ---- alerts as JSON ---- */

BODY(alerts_as_json)
{
	struct delivery d = {.source_name = S("api"),
			     .channel_id = c.id,
			     .body = S("[{\"labels\":{\"alertname\":\"B\"},\"endsAt\":\"2026-03-02T03:00:00Z\"},"
				       "{\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},\"annotations\":{\"n\":\"\"},"
				       "\"generatorURL\":\"http://g\"}]")};
	const struct json *list, *one;
	struct json_out o;
	struct str short_id;
	struct group *g;
	struct buf b;

	ck_assert(alerts_receive_v2(w, &d));
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	ck_assert(alerts_write_v2(w, &o, &(struct alerts_filter){.active = true}, &w->err));
	list = json_parse(w->arena, arena_dup(w->arena, buf_str(&b)), JSON_STRICT, &w->err);
	ck_assert_uint_eq(list->count, 2);
	ck_assert(str_cmp(json_get_str(list->child, "fingerprint"), json_get_str(list->child->next, "fingerprint")) <
		  0);
	one = str_is(json_get_str(json_get(list->child, "labels"), "alertname"), "A") ? list->child : list->child->next;
	ck_str(json_get_str(one, "generatorURL"), "http://g");
	ck_str(json_get_str(one, "endsAt"), "2026-03-02T02:20:00.000Z");
	ck_str(json_get_str(json_get(one, "status"), "state"), "active");
	ck_assert(json_get(json_get(one, "annotations"), "n"));

	g = alerts_find(w, S("A"), &w->err);
	ck_assert_ptr_nonnull(g);
	short_id = arena_dup(w->arena, group_row(g)->short_id);
	ck_assert_int_eq(group_firing(g), 1);
	ck_assert(alerts_resolve(w, g, ann, &w->err));
	ck_assert(alerts_told(w, group_row(g)->id, 1));
	d.body = S("[{\"labels\":{\"alertname\":\"A\",\"x\":\"y\"},\"endsAt\":\"2026-03-02T02:15:00Z\"}]");
	ck_assert(alerts_receive_v2(w, &d)); /* its source ends it: it leaves memory */
	ck_assert_ptr_null(alerts_find(w, short_id, &w->err));
	err_clear(&w->err);
	buf_reset(&b);
	o = json_out(&b);
	ck_assert(alerts_write_past(w, &o, short_id));
	one = json_parse(w->arena, buf_str(&b), JSON_STRICT, &w->err);
	ck_str(json_get_str(one, "state"), "resolved");
	ck_str(json_get_str(one, "resolved_by_name"), "ann");
	ck_assert(!alerts_write_past(w, &o, S("zzzz")));
	buf_done(&b);
}

int main(void)
{
	const struct unit_test tests[] = {
		{"messages", all_that_happens_takes_a_number},
		{"messages", a_change_that_changes_nothing},
		{"messages", threads_count_their_replies},
		{"messages", one_key_is_one_message},
		{"messages", texts_have_limits},
		{"messages", reactions},
		{"messages", who_is_mentioned_has_it_unread},
		{"channels", channels_are_found_by_what_one_may_see},
		{"channels", coming_and_going},
		{"housekeeping", housekeeping},
		{"alerts", alerts_as_json},
	};

	return unit_run_in("engine/messages", tests, COUNT_OF(tests), open_room, close_room);
}
