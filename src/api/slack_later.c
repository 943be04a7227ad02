/* chat.scheduleMessage and its kin, chat.meMessage: what is said later, or said of oneself. */
#include "api/slack.h"
#include "engine/scheduled.h"
#include "engine/slack_json.h"
#include "store/chat.h"

#define LATEST (120 * DAY) /* chat.scheduleMessage: time_too_far */

static struct str scheduled_id(struct slack_call *c, const struct scheduled *s)
{
	return id_write(c->w->arena, 'Q', s->id);
}

static bool arg_post_at(struct slack_call *c, wall_ms *at)
{
	struct str given;
	int64_t seconds;

	if (!arg_need(c, "post_at", &given))
		return false;
	if (!str_to_int(given, &seconds) || seconds <= 0 || seconds > INT64_MAX / SECOND) {
		slack_error(c, "invalid_time");
		return false;
	}
	*at = seconds * SECOND;
	if (*at <= c->w->now || *at > c->w->now + LATEST) {
		slack_error(c, *at <= c->w->now ? "time_in_past" : "time_too_far");
		return false;
	}
	return true;
}

/* As it will be, but for its ts: it has none yet. */
static void put_delayed(struct slack_call *c, const struct message *m)
{
	json_key(&c->out, "message");
	json_open(&c->out, '{');
	json_add_str(&c->out, "type", S("delayed_message"));
	json_add_str(&c->out, "user", id_write(c->w->arena, 'U', m->user_id));
	if (m->bot_id)
		json_add_str(&c->out, "bot_id", id_write(c->w->arena, 'B', m->bot_id));
	json_add_str(&c->out, "team", id_write(c->w->arena, 'T', c->w->engine->workspace_id));
	json_add_str(&c->out, "text", m->text);
	if (m->body.n > 2)
		json_put_raw(&c->out, str_n(m->body.p + 1, m->body.n - 2));
	if (m->thread_ts)
		json_add_str(&c->out, "thread_ts", ts_text(c->w->arena, m->thread_ts));
	json_close(&c->out, '}');
}

void slack_chat_schedule(struct slack_call *c)
{
	struct message m = {.user_id = c->me, .bot_id = c->x->user.bot_id};
	struct scheduled s = {.user_id = c->me, .bot_id = c->x->user.bot_id, .broadcast = arg_bool(c, "reply_broadcast", false)};
	struct err err = {0};
	struct channel ch;

	if (!arg_channel(c, "channel", true, &ch) || !arg_post_at(c, &s.post_at) || !slack_arg_message(c, NULL, true, &m) || !arg_thread(c, &m))
		return;
	if (ch.archived) {
		slack_error(c, "is_archived");
		return;
	}
	s.channel_id = ch.id;
	s.thread_ts = m.thread_ts;
	s.text = m.text;
	s.body = m.body;
	if (!scheduled_add(c->w, &s, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "channel", channel_id_text(c->w->arena, &ch));
	json_add_str(&c->out, "scheduled_message_id", scheduled_id(c, &s));
	json_add_int(&c->out, "post_at", s.post_at / SECOND);
	put_delayed(c, &m);
}

void slack_chat_unschedule(struct slack_call *c)
{
	struct err err = {0};
	struct scheduled s;
	struct channel ch;
	struct str text;
	int64_t id;

	if (!arg_channel(c, "channel", false, &ch) || !arg_need(c, "scheduled_message_id", &text))
		return;
	if (!id_parse(text, "Q", &id) || !store_scheduled_find(c->w->engine->db, c->w->arena, id, &s, &err) || s.user_id != c->me || s.channel_id != ch.id)
		slack_failed(c, err.code ? &err : &(struct err){ERR_NOT_FOUND, "invalid_scheduled_message_id"});
	else if (!scheduled_drop(c->w, &s, &err))
		slack_failed(c, &err);
}

static wall_ms arg_seconds(struct slack_call *c, const char *name, wall_ms otherwise)
{
	struct str whole;
	int64_t seconds;

	str_cut(arg(c, name), '.', &whole); /* a ts will do */
	return str_to_int(whole, &seconds) && seconds >= 0 && seconds <= INT64_MAX / SECOND ? seconds * SECOND : otherwise;
}

/* One's own. */
void slack_chat_scheduled_list(struct slack_call *c)
{
	struct scheduled_filter f = {.user_id = c->me, .oldest = arg_seconds(c, "oldest", 0), .latest = arg_seconds(c, "latest", INT64_MAX)};
	struct scheduled *all;
	struct err err = {0};
	struct channel ch;
	unsigned limit;
	size_t count;

	if ((arg(c, "channel").n && !arg_channel(c, "channel", false, &ch)) || !arg_page(c, 1000, &limit, &f.after))
		return;
	f.channel_id = arg(c, "channel").n ? ch.id : 0;
	if (!store_scheduled_list(c->w->engine->db, c->w->arena, &f, limit, &all, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "scheduled_messages");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&c->out, '{');
		json_add_str(&c->out, "id", scheduled_id(c, &all[i]));
		json_add_str(&c->out, "channel_id", id_write(c->w->arena, 'C', all[i].channel_id));
		json_add_int(&c->out, "post_at", all[i].post_at / SECOND);
		json_add_int(&c->out, "date_created", all[i].created / SECOND);
		json_add_str(&c->out, "text", all[i].text);
		json_close(&c->out, '}');
	}
	json_close(&c->out, ']');
	put_cursor(c, count == limit ? all[count - 1].id : 0);
}

void slack_chat_me(struct slack_call *c)
{
	struct message m = {.user_id = c->me, .bot_id = c->x->user.bot_id, .kind = MESSAGE_ME};
	struct err err = {0};
	struct channel ch;

	if (!arg_channel(c, "channel", true, &ch) || !slack_arg_message(c, NULL, false, &m))
		return;
	if (!chat_post_message(c->w, &ch, &m, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "channel", channel_id_text(c->w->arena, &ch));
	json_add_str(&c->out, "ts", ts_text(c->w->arena, m.ts));
}
