/* Slack's response_url: what an app says to a command or a press, up to five times within 30 minutes. docs.slack.dev, Handling user interaction. */
#include "api/slack_act.h"

#include "store/apps.h"
#include "store/chat.h"

#include <inttypes.h>

#define RESPONSE_LIFE (30 * MINUTE)
#define RESPONSE_USES 5

bool response_say(struct work *w, struct response *r, const struct json *said, bool for_all, const char **error, struct err *err)
{
	struct message m = {.user_id = r->app.user_id, .bot_id = r->app.id, .thread_ts = r->thread_ts};
	struct str details;

	if (!slack_read_message(w, said, NULL, true, &m, error, &details))
		return false;
	return for_all ? chat_post_message(w, &r->channel, &m, err) : chat_ephemeral_of_app(w, &r->channel, r->user_id, &m, err);
}

/* The message that was pressed, if it is still there and the app's. */
static bool original(struct work *w, const struct response *r, struct message *m)
{
	struct err ignored = {0};

	return r->message_ts && store_message_find(w->engine->db, w->arena, r->channel.id, r->message_ts, m, &ignored) && !m->deleted &&
	       (m->bot_id == r->app.id || m->bot_id == r->app.webhook_id);
}

static bool original_alone(struct work *w, const struct response *r, struct message *m)
{
	struct err ignored = {0};

	return r->message_ts && store_ephemeral_find(w->engine->db, w->arena, r->channel.id, r->user_id, r->message_ts, m, &ignored) && m->bot_id == r->app.id;
}

static bool take_back(struct work *w, struct response *r, const char **error, struct err *err)
{
	struct message m;

	if (original_alone(w, r, &m))
		return chat_ephemeral_delete(w, &r->channel, r->user_id, m.ts, err);
	if (original(w, r, &m))
		return chat_delete_message(w, &r->channel, &m, err);
	*error = "message_not_found";
	return false;
}

bool respond(struct work *w, struct response *r, const struct json *said, bool replaces, const char **error, struct err *err)
{
	struct str details, thread = json_get_str(said, "thread_ts");
	struct message m, before;
	bool alone;

	if (json_get_bool(said, "delete_original", false))
		return take_back(w, r, error, err);
	alone = original_alone(w, r, &m);
	if (json_get_bool(said, "replace_original", replaces) && (alone || original(w, r, &m))) {
		before = m;
		if (alone)
			m.user_id = r->app.user_id;
		return slack_read_message(w, said, &before, false, &m, error, &details) &&
		       (alone ? chat_ephemeral_change(w, &r->channel, r->user_id, &m, err) : chat_change_message(w, &r->channel, &m, 0, err));
	}
	if (thread.n)
		(void)ts_parse(thread, &r->thread_ts);
	return response_say(w, r, said, str_is(json_get_str(said, "response_type"), "in_channel"), error, err);
}

/* ---- the address ---- */

static void refuse(struct exchange *x, int status, const char *why)
{
	x->status = status;
	x_fail(x, ERR_NOT_FOUND, "%s", why);
}

static bool find_response(struct exchange *x, struct response *r)
{
	struct engine *e = x->work.engine;
	struct str team, text = str_cut(x->rest, '/', &team);
	struct err err = {0};
	int64_t n[6];

	if (!act_word_read(&x->work, "response", text, n, COUNT_OF(n)) || !store_app_find(e->db, x_arena(x), e->workspace_id, n[0], &r->app, &err) ||
	    !store_channel_find(e->db, x_arena(x), n[1], &r->channel, &err)) {
		refuse(x, 404, "invalid_url");
		return false;
	}
	r->user_id = n[2];
	r->message_ts = n[3];
	r->thread_ts = n[4];
	if (x->work.now - n[5] > RESPONSE_LIFE) {
		refuse(x, 404, "expired_url");
		return false;
	}
	for (int i = 1; i <= RESPONSE_USES; i++) {
		if (app_word_use(&x->work, arena_printf(x_arena(x), "%d:" STR_FMT, i, STR_ARG(text)), RESPONSE_LIFE, &x->err))
			return true;
		if (x->err.code)
			return false;
	}
	refuse(x, 404, "used_url");
	return false;
}

void response_url_post(struct exchange *x)
{
	struct err ignored = {0};
	const struct json *said = json_parse(x_arena(x), x->request->body, JSON_LAST_KEY_WINS, &ignored);
	const char *error = NULL;
	struct response r;

	if (!json_is(said, JSON_OBJECT)) {
		x->status = 400;
		x_fail(x, ERR_INVALID, "invalid_payload");
		return;
	}
	if (!find_response(x, &r))
		return;
	if (!respond(&x->work, &r, said, false, &error, &x->err)) {
		x->work.failed = true;
		if (!x->err.code) {
			x->status = 400;
			x_fail(x, ERR_INVALID, "%s", error ? error : "invalid_payload");
		}
		return;
	}
	x->status = 200;
	x->content_type = "text/html";
	buf_add(&x->body, S("ok"));
}
