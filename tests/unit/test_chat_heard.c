/* What is heard in another chat system: by whom it was said here, and where. The system is a config and nothing behind it. */
#include "chat/chats.h"
#include "engine/links.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "unit.h"

static struct room room;
static const struct chat_kind ours = {.name = "opsroom"};
static const struct chat_kind *const kinds[] = {&ours, NULL};
static const struct chat_kind paper = {.name = "paper", .can = CHAT_CAN_THREADS};
static struct chat_same ann_is[] = {{{"acct", 4}, {"ann", 3}}};
static const struct chat_config nobody_named = {.name = {"paper", 5}, .system = {"paper", 5}, .role = ROLE_VIEWER};
static const struct chat_config ann_named = {.name = {"paper", 5}, .system = {"paper", 5}, .role = ROLE_VIEWER, .people = ann_is, .people_count = 1};

static bool run_row(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *err)
{
	(void)w, (void)kind, (void)home_id, (void)payload, (void)err;
	return true;
}

static bool use(struct work *w, void *context)
{
	return links_use(w, &(struct chat_known){context, &paper}, 1, &w->err);
}

static void must(room_job *job, void *context)
{
	struct err err = {0};

	ck_assert_msg(room_do(&room, job, context, &err), "%s", err.text);
}

static void open_world(void)
{
	room_open(&room);
	room_threads(&room, kinds, run_row);
}

static void close_world(void)
{
	room_close(&room);
}

static void on_done(void *context, bool kept)
{
	ck_assert(kept);
	*(bool *)context = true;
}

static void hear(const struct chat_config *config, const struct heard *h)
{
	struct chat c = {.engine = room.e, .config = config, .kind = &paper, .loop = &room.loop};
	bool done = false;

	chat_heard(&c, h, on_done, &done);
	room_await(&room, &done);
}

/* Where the direct message with acct is told, and who said the last thing in it. */
struct looked {
	int64_t channel_id, user_id;
	bool is_anns;
};

static bool look(struct work *w, void *context)
{
	const struct chat_link *l = link_by_remote(w, S("paper"), S("@acct"));
	struct looked *out = context;
	struct message *all;
	struct channel c;
	size_t count;

	if (!l || !store_channel_find(w->engine->db, w->arena, l->channel_id, &c, &w->err) ||
	    !store_history(w->engine->db, w->arena, c.id, 0, INT64_MAX, 10, &all, &count, &w->err))
		return false;
	out->channel_id = c.id;
	out->user_id = count ? all[0].user_id : 0;
	out->is_anns = c.creator_id == room.user_id || c.peer_id == room.user_id;
	return true;
}

static void say_directly(const struct chat_config *config, const char *id, const char *text)
{
	hear(config, &(struct heard){.what = HEARD_MESSAGE, .channel = {.id = S("D1"), .direct = true, .is_private = true}, .person = {.id = S("acct"), .name = S("somebody")},
				     .message = str_of(id), .text = str_of(text)});
}

START_TEST(who_is_somebody_else_from_now_on_has_another_direct_message)
{
	struct looked before = {0}, after = {0};

	must(use, (void *)&nobody_named);
	say_directly(&nobody_named, "m1", "who am I?");
	must(look, &before);
	ck_assert(!before.is_anns && before.user_id && before.user_id != room.user_id);
	must(use, (void *)&ann_named);
	say_directly(&ann_named, "m2", "and now?");
	must(look, &after);
	ck_assert(after.is_anns);
	ck_assert_int_eq(after.user_id, room.user_id);
	ck_assert_int_ne(after.channel_id, before.channel_id);
	must(use, (void *)&nobody_named); /* nobody asks the file any more: who it was is kept */
	say_directly(&nobody_named, "m3", "still");
	must(look, &before);
	ck_assert_int_eq(before.channel_id, after.channel_id);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"heard", who_is_somebody_else_from_now_on_has_another_direct_message, 0},
	};

	return unit_run_in("chat_heard", tests, COUNT_OF(tests), open_world, close_world);
}
