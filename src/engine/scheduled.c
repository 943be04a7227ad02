#include "engine/scheduled.h"

#include "engine/alerts.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

bool scheduled_add(struct work *w, struct scheduled *s, struct err *err)
{
	struct db *db = w->engine->db;

	if (store_scheduled_count(db, s->channel_id) >= SCHEDULED_MAX) {
		err_set(err, ERR_TOO_MANY, "restricted_too_many");
		return false;
	}
	s->id = engine_id(w);
	s->created = w->now;
	effect_wake(w);
	return store_scheduled_add(db, s, err) && store_due_add(db, DUE_TIMER, s->id, engine_id(w), s->post_at, TIMER_SCHEDULED, S(""), err);
}

bool scheduled_drop(struct work *w, const struct scheduled *s, struct err *err)
{
	return store_scheduled_drop(w->engine->db, s, err) && store_timer_drop(w->engine->db, s->id, TIMER_SCHEDULED, err);
}

/* The same as if it were said now: whoever may no longer post there does not. */
static bool say(struct work *w, const struct scheduled *s, struct err *err)
{
	struct message m = {.user_id = s->user_id, .bot_id = s->bot_id, .thread_ts = s->thread_ts, .text = s->text, .body = s->body,
			    .kind = s->thread_ts && s->broadcast ? MESSAGE_BROADCAST : MESSAGE_PLAIN};
	struct channel c;
	struct user u;

	if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, s->user_id, &u, err) || u.deleted) {
		if (!err->code)
			err_set(err, ERR_NOT_FOUND, "user_not_found");
		return false;
	}
	if (!chat_channel(w, s->user_id, id_write(w->arena, 'C', s->channel_id), &c, err))
		return false;
	if (!chat_is_member(w, c.id, s->user_id)) {
		err_set(err, ERR_FORBIDDEN, "not_in_channel");
		return false;
	}
	return chat_post_message(w, &c, &m, err);
}

bool scheduled_due(struct work *w, int64_t id, wall_ms *again_at)
{
	struct db *db = w->engine->db;
	struct err why = {0};
	struct scheduled s;

	if (!store_scheduled_find(db, w->arena, id, &s, &w->err))
		return w->err.code == ERR_NONE;
	if (w->now < s.post_at) { /* after a restart timers may come early */
		*again_at = s.post_at;
		return true;
	}
	if (!say(w, &s, &why) && err_is_outage(why.code)) {
		w->err = why;
		return false;
	}
	if (!store_scheduled_drop(db, &s, &w->err))
		return false;
	return !why.code || note_person(w, s.user_id, 0, 0,
					arena_printf(w->arena, ":hourglass: What you planned to say now could not be posted (`%s`): " STR_FMT, why.text,
						     STR_ARG(str_clip(s.text, 500))),
					&w->err);
}
