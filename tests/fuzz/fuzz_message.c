/* A message as the Web API and incoming webhooks take it (text, blocks, attachments, metadata): what is stored is JSON, what
 * streams and history show of it is JSON, and a change of it keeps it so. Every input is undone. */
#include "../unit/engine_fixture.h"
#include "api/assets.h"
#include "api/slack.h"
#include "engine/slack_json.h"
#include "fuzz.h"

/* The routes come along with api/slack.c; the console's files do not. */
const struct asset assets[] = {{0}};
const size_t asset_count = 0;

static struct room room;

static void close_room(void)
{
	room_close(&room);
}

static void need_json(struct arena *a, struct str s)
{
	struct err err = {0};

	need(json_parse(a, s, JSON_STRICT, &err) != NULL);
}

static void check_shown(struct work *w, const struct channel *c, const struct message *m)
{
	struct json_out o;
	struct buf b;

	need(str_is_utf8(m->text) || !m->text.n);
	if (m->body.n)
		need_json(w->arena, m->body);
	need_json(w->arena, message_frame(w, c, m));
	buf_init(&b, 4 * MIB);
	o = json_out(&b);
	write_message_object(w, &o, m);
	need_json(w->arena, buf_str(&b));
	buf_done(&b);
}

static bool post(struct work *w, void *context)
{
	struct err err = {0};
	const struct json *args = json_parse(w->arena, *(struct str *)context, JSON_LAST_KEY_WINS, &err);
	struct message m = {.user_id = room.user_id}, stored;
	const char *error;
	struct str details;
	struct channel c;

	if (!json_is(args, JSON_OBJECT))
		return false;
	if (!slack_read_message(w, args, NULL, true, &m, &error, &details)) {
		need(error && *error && str_is_utf8(details));
		return false;
	}
	need(store_channel_find(w->engine->db, w->arena, room.channel_id, &c, &err));
	if (!chat_post_message(w, &c, &m, &err)) {
		need(err.code == ERR_INVALID || err.code == ERR_TOO_BIG);
		return false;
	}
	check_shown(w, &c, &m);
	need(store_message_find(w->engine->db, w->arena, c.id, m.ts, &stored, &err));
	need(str_eq(stored.text, m.text) && str_eq(stored.body, m.body));
	m.text = S("changed");
	need(slack_read_message(w, args, &stored, false, &m, &error, &details));
	need(chat_change_message(w, &c, &m, room.user_id, &err) || err.code == ERR_INVALID);
	check_shown(w, &c, &m);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err undone = {0};

	if (!room.e) {
		room_open(&room);
		atexit(close_room);
	}
	(void)room_try(&room, post, &in, &undone);
	free((char *)in.p);
	return 0;
}
