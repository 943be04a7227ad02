#include "commands/mention.h"

#include "engine/links.h"
#include "engine/messages.h"
#include "store/chat.h"

bool mention_run(struct work *w, struct str payload, struct err *err)
{
	struct engine *e = w->engine;
	struct json *p = json_parse(w->arena, payload, JSON_STRICT, err);
	struct message m = {.user_id = e->bot_user_id, .bot_id = e->bot_id};
	struct command_result r;
	struct caller caller = {.via = "mention", .kind = LINE_CHAT};
	struct asked asked;
	struct channel c;
	struct user u;

	if (!p)
		return false;
	caller.channel_id = json_get_int(p, "channel", 0);
	caller.mfa_at = json_get_int(p, "mfa", 0);
	caller.scope = (enum scope)json_get_int(p, "scope", SCOPE_READ);
	caller.thread_ts = m.thread_ts = json_get_int(p, "thread_ts", 0);
	asked = (struct asked){json_get_int(p, "link", 0), json_get_str(p, "chat"), json_get_str(p, "there"), json_get_str(p, "person"), json_get_str(p, "reply")};
	w->asked = asked.chat.n ? &asked : NULL;
	caller.remote = asked.chat;
	if (!store_user_find(e->db, w->arena, e->workspace_id, json_get_int(p, "user", 0), &u, err) ||
	    !store_channel_find(e->db, w->arena, caller.channel_id, &c, err))
		return err->code == ERR_NONE; /* who asked, or where, is gone */
	caller.user = &u;
	if (!command_run(w, &caller, json_get_str(p, "line"), &r))
		return false;
	if (r.told)
		return true;
	if (r.privately) {
		int64_t ts;

		m.text = r.text;
		chat_ephemeral(w, &c, u.id, &m, &ts);
		return true;
	}
	m.text = r.text;
	/* It has run and is in the audit. A thread or channel that went meanwhile takes no answer; asking again would not help. */
	return chat_post_message(w, &c, &m, err) || err->code == ERR_NOT_FOUND || err->code == ERR_CONFLICT;
}
