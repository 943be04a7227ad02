/* What a tool tells without asking anybody to do something: a deployment began, a comment was written. One message, once. */
#include "engine/alerts_internal.h"

#include "base/crypt.h"
#include "engine/blocks.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define NOTE_MAX (64 * KIB)
#define NOTE_ONCE_IN DAY /* tools send a delivery again when an answer is lost */

static void put_url(struct json_out *o, struct str url)
{
	if (!url_is_web(url))
		return;
	block_actions_open(o, NULL);
	block_link(o, "Source", "alert.source", url);
	block_actions_close(o);
}

static void put_attachment(struct arena *a, struct json_out *o, const struct delivery *d, const struct event *e)
{
	struct str title = mrkdwn_escape(a, e->title), more = mrkdwn_escape(a, str_clip(e->summary, 1500));

	block_attachment_open(o, str_of(severity_color(e->severity) + 1), e->title);
	block_section(o, str_clip(arena_printf(a, "*" STR_FMT "*%s" STR_FMT, STR_ARG(title), more.n ? "\n" : "", STR_ARG(more)), 3000));
	put_url(o, e->url);
	block_context(o, arena_printf(a, STR_FMT "  ·  %s", STR_ARG(mrkdwn_escape(a, d->source_name)), severity_name(e->severity)));
	block_attachment_close(o);
}

/* The message as the outbox keeps it: {"text","body":{"attachments"}}. */
static struct str note_write(struct work *w, const struct delivery *d, const struct event *e)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, NOTE_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "text", mrkdwn_escape(w->arena, e->title));
	json_key(&o, "body");
	json_open(&o, '{');
	put_attachment(w->arena, &o, d, e);
	json_close(&o, '}');
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

bool note_reply(struct work *w, int64_t channel_id, int64_t thread_ts, struct str text, struct err *err)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, NOTE_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "text", text);
	if (thread_ts)
		json_add_int(&o, "thread_ts", thread_ts);
	json_add_raw(&o, "body", S("{}"));
	json_close(&o, '}');
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, channel_id, engine_id(w), w->now, KIND_NOTE, buf_keep(w->arena, &b), err);
}

bool note_add(struct work *w, int64_t channel_id, struct str text, struct err *err)
{
	return note_reply(w, channel_id, 0, text, err);
}

bool note_person(struct work *w, int64_t user_id, int64_t channel_id, int64_t thread_ts, struct str text, struct err *err)
{
	struct channel c;
	struct user u;
	bool existed;

	if (channel_id && store_channel_find(w->engine->db, w->arena, channel_id, &c, err) && !c.archived && chat_is_member(w, channel_id, user_id))
		return note_reply(w, channel_id, thread_ts, text, err);
	if (err->code || !store_user_find(w->engine->db, w->arena, w->engine->workspace_id, user_id, &u, err) || u.deleted || u.bot_id)
		return err->code == ERR_NONE;
	return chat_open_dm(w, w->engine->bot_user_id, user_id, &c, &existed, err) && note_add(w, c.id, text, err);
}

/* What happens to a service is what people look for when its alerts fire. */
static bool note_change(struct work *w, const struct delivery *d, const struct event *e)
{
	struct labels labels = routing_labels(w->arena, &e->labels, d->source_name, d->tool);
	const struct service *s = routing_service(w->engine->routing, &labels);
	struct service_change c = {e->starts_at ? e->starts_at : w->now, e->title, e->url, d->source_name};

	return !s || store_service_change_add(w->engine->db, w->engine->workspace_id, engine_id(w), s->name, &c, &w->err);
}

bool note_tell(struct work *w, struct delivery *d, const struct event *e)
{
	struct db *db = w->engine->db;
	struct str once = arena_printf(w->arena, "note %" PRId64 " " STR_FMT " %" PRId64 " " STR_FMT " " STR_FMT, d->source_id, STR_ARG(e->dedup_key), e->starts_at,
				       STR_ARG(e->title), STR_ARG(e->summary));
	struct str key = crypt_sha256_hex(w->arena, once), before;
	bool same;

	if (store_idempotency_find(db, w->arena, d->channel_id, key, S(""), w->now, &same, &before, &w->err))
		return true;
	if (w->err.code || !store_idempotency_add(db, d->channel_id, key, S(""), S(""), w->now + NOTE_ONCE_IN, &w->err))
		return false;
	d->changed++;
	effect_wake(w);
	if (!note_change(w, d, e))
		return false;
	return store_due_add(db, DUE_OUTBOX, d->channel_id, engine_id(w), w->now, KIND_NOTE, note_write(w, d, e), &w->err);
}

bool note_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	const struct json *note = json_parse(&post->arena, arena_dup(&post->arena, row->payload), JSON_STRICT, &w->err);

	if (!note || !post_has_turn(w, post, row->home_id))
		return false;
	post->channel_id = row->home_id;
	post->thread_ts = json_get_int(note, "thread_ts", 0);
	post->text = json_get_str(note, "text");
	post->body = json_get(note, "body")->text;
	return true;
}
