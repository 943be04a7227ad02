/* The built-in chat as a chat system like any other: what the outbox sends is posted by @srebot. */
#include "chat/table.h"

#include "engine/messages.h"

#include <inttypes.h>

struct post_item {
	struct work work;
	struct chat_post *post;
	int64_t ts;
};

static void run(struct work *w)
{
	struct post_item *item = (struct post_item *)w;
	struct chat_post *p = item->post;
	struct message m = {.ts = p->message_ts, .user_id = w->engine->bot_user_id, .bot_id = w->engine->bot_id, .text = p->text, .body = p->body,
			    .thread_ts = p->thread_ts, .kind = p->broadcast ? MESSAGE_BROADCAST : MESSAGE_PLAIN, .files = p->files, .file_count = p->file_count};
	struct channel c;
	struct str id = id_write(w->arena, 'C', p->channel_id);
	bool ok = chat_channel(w, 0, id, &c, &w->err);

	if (ok && p->message_ts) {
		ok = chat_change_message(w, &c, &m, 0, &w->err);
		item->ts = p->message_ts;
	} else if (ok) {
		ok = chat_post_once(w, &c, &m, arena_printf(w->arena, "outbox:%" PRId64, p->outbox_id), &w->err);
		item->ts = m.ts;
	}
	w->failed = !ok;
}

static void done(struct work *w)
{
	struct post_item *item = (struct post_item *)w;
	enum err_code code = w->failed ? w->err.code : ERR_NONE;
	bool again = code == ERR_FULL || code == ERR_UNAVAILABLE || code == ERR_INTERNAL;
	struct chat_post *post = item->post;
	int64_t ts = item->ts;
	struct err why = w->err;

	arena_done(w->arena);
	mem_free(w->arena);
	mem_free(item);
	/* A message that somebody deleted is not posted anew: they do not want it. */
	chat_posted(post, !code ? POST_DONE : again ? POST_RETRY : POST_REFUSED, ts, 0, str_of(why.text));
}

static void ours_post(struct chat_post *post)
{
	struct post_item *item = mem_new(sizeof *item);

	item->post = post;
	item->work.arena = mem_new(sizeof *item->work.arena);
	item->work.run = run;
	item->work.done = done;
	item->work.background = true;
	(void)!engine_submit(post->engine, &item->work);
}

const struct chat_kind chat_ours = {
	.name = "opsroom",
	.can = CHAT_CAN_THREADS | CHAT_CAN_BUTTONS | CHAT_CAN_EDIT | CHAT_CAN_WHISPER | CHAT_CAN_FILES | CHAT_CAN_REACT | CHAT_CAN_DROP | CHAT_CAN_PIN | CHAT_CAN_TOPIC | CHAT_CAN_ASK,
	.post = ours_post,
};
