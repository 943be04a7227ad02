/* How the other chat systems stand. */
#include "commands/cmd.h"

#include "engine/links.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>

static void put_state(struct call *call, const struct chat_standing *c)
{
	struct arena *a = call->work->arena;

	if (c->up)
		buf_printf(&call->text, "\n:large_green_circle: *" STR_FMT "* (" STR_FMT ") is connected.", STR_ARG(c->config->name), STR_ARG(c->config->system));
	else
		buf_printf(&call->text, "\n%s *" STR_FMT "* (" STR_FMT ") is not connected since " STR_FMT "%s" STR_FMT ".", c->told ? ":red_circle:" : ":large_yellow_circle:",
			   STR_ARG(c->config->name), STR_ARG(c->config->system), STR_ARG(mrkdwn_date(a, c->since, true)), *c->why ? ": " : "", STR_ARG(mrkdwn_escape(a, str_of(c->why))));
}

/* Links whose channel the asker may read. */
static void put_links(struct call *call, struct json_out *o, const struct chat_standing *c)
{
	struct work *w = call->work;

	json_key(o, "channels");
	json_open(o, '[');
	for (size_t i = 0; i < links_count(w); i++) {
		const struct chat_link *l = links_at(w, i);
		struct err ignored = {0};
		struct channel ch;
		int64_t waits;

		if (!str_eq(l->chat, c->config->name) || l->direct || !chat_may_read(w, l->channel_id, call->caller->user->id) ||
		    !store_channel_find(w->engine->db, w->arena, l->channel_id, &ch, &ignored))
			continue;
		waits = link_waiting(w, l);
		buf_printf(&call->text, "\n    #" STR_FMT " is #" STR_FMT " there", STR_ARG(ch.name), STR_ARG(mrkdwn_escape(w->arena, l->remote_name)));
		if (waits)
			buf_printf(&call->text, "; %" PRId64 " to be told", waits);
		json_open(o, '{');
		json_add_str(o, "channel", ch.name);
		json_add_str(o, "there", l->remote_name);
		json_add_str(o, "there_id", l->remote);
		json_add_int(o, "waiting", waits);
		json_close(o, '}');
	}
	json_close(o, ']');
}

bool cmd_chats(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct chat_standing c;
	size_t count = 0;

	json_open(&o, '{');
	json_key(&o, "chats");
	json_open(&o, '[');
	for (; links_chat(call->work, count, &c); count++) {
		put_state(call, &c);
		json_open(&o, '{');
		json_add_str(&o, "chat", c.config->name);
		json_add_str(&o, "system", c.config->system);
		json_add_str(&o, "state", c.up ? S("connected") : c.told ? S("away") : S("down"));
		if (!c.up) {
			json_add_wall(&o, "since", c.since);
			json_add_str(&o, "why", str_of(c.why));
		}
		put_links(call, &o, &c);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	if (!count)
		buf_add(&call->text, S("There are no other chats: opsroom's own is the only one. The setting `chats` names a file of them."));
	return true;
}
