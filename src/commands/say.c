#include "commands/say.h"

#include "engine/links.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/journal.h"

/* What is said to @srebot: behind its name, in a direct message with it, or behind a ! where a command of that name is. false: it is no command. */
static bool said_to_bot(struct work *w, const struct caller *caller, const struct channel *c, const struct message *m, struct str *line)
{
	struct engine *e = w->engine;
	struct str bot = mrkdwn_user(w->arena, e->bot_user_id);

	if (caller->user->bot_id || m->body.n)
		return false;
	if (str_starts(m->text, bot)) {
		*line = str_trim(str_n(m->text.p + bot.n, m->text.n - bot.n));
		return true;
	}
	*line = m->text.n && m->text.p[0] == '!' ? str_n(m->text.p + 1, m->text.n - 1) : m->text;
	return (c->kind == CHANNEL_DM && (c->peer_id == e->bot_user_id || c->creator_id == e->bot_user_id)) || (line->n < m->text.n && command_is_there(w, *line));
}

bool say_posted(struct work *w, const struct caller *caller, const struct channel *c, const struct message *m, struct err *err)
{
	struct json_out o;
	struct str line;
	struct buf b;
	bool ok;

	if (!said_to_bot(w, caller, c, m, &line))
		return true;
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "user", caller->user->id);
	json_add_int(&o, "channel", c->id);
	json_add_int(&o, "ts", m->ts);
	json_add_int(&o, "thread_ts", m->thread_ts);
	json_add_int(&o, "scope", caller->scope);
	json_add_int(&o, "mfa", caller->mfa_at);
	/* Cut where it is refused as too long in any case, so that the row is whole JSON however much of it must be escaped. */
	if (w->asked) {
		const struct asked *a = w->asked;

		json_add_int(&o, "link", a->link_id);
		json_add_str(&o, "chat", a->chat);
		json_add_str(&o, "there", a->channel);
		json_add_str(&o, "person", a->person);
		json_add_str(&o, "reply", a->reply);
	}
	json_add_str(&o, "line", str_clip(line, LINE_MAX_BYTES + 4));
	json_close(&o, '}');
	effect_wake(w);
	ok = store_due_add(w->engine->db, DUE_OUTBOX, c->id, engine_id(w), w->now, "command", buf_str(&b), err);
	buf_done(&b);
	return ok;
}

void say_to(struct work *w, const struct channel *c, int64_t user_id, struct str text, int64_t thread_ts)
{
	struct message m = {.user_id = w->engine->bot_user_id, .bot_id = w->engine->bot_id, .text = text, .thread_ts = thread_ts};
	int64_t ts;

	chat_ephemeral(w, c, user_id, &m, &ts);
}

bool say_slash(struct work *w, const struct caller *caller, struct channel *c, struct str line, struct command_result *r, struct err *err)
{
	struct message m = {.user_id = w->engine->bot_user_id, .bot_id = w->engine->bot_id, .thread_ts = caller->thread_ts};

	if (!command_run(w, caller, line, r)) {
		*err = w->err;
		return false;
	}
	m.text = r->text;
	if (r->ok && r->in_channel)
		return chat_post_message(w, c, &m, err);
	say_to(w, c, caller->user->id, r->text, caller->thread_ts);
	return true;
}
