/* chat.unfurl: an app shows what stands behind a link of a message. Off unless `unfurls` says otherwise: it changes what others said. */
#include "api/slack.h"
#include "engine/slack_json.h"
#include "store/chat.h"

#define UNFURLS_MAX 20

/* Those that were there, without earlier ones of the same links. */
static void put_kept(struct json_out *o, const struct json *old, const struct json *unfurls)
{
	for (const struct json *at = old ? old->child : NULL; at; at = at->next) {
		struct str from = json_get_str(at, "from_url");
		bool again = false;

		for (const struct json *u = unfurls->child; u && from.n; u = u->next)
			again = again || str_eq(u->key, from);
		if (!again)
			json_put(o, at);
	}
}

static void put_unfurl(struct json_out *o, const struct json *u, int64_t id)
{
	json_open(o, '{');
	json_add_int(o, "id", id);
	json_add_str(o, "from_url", u->key);
	json_add_str(o, "original_url", u->key);
	json_add_bool(o, "is_app_unfurl", true);
	json_add_str(o, "app_unfurl_url", u->key);
	for (const struct json *m = u->child; m; m = m->next)
		if (!str_is(m->key, "id") && !str_is(m->key, "from_url") && !str_is(m->key, "original_url") && !str_is(m->key, "is_app_unfurl") && !str_is(m->key, "app_unfurl_url")) {
			json_key_str(o, m->key);
			json_put(o, m);
		}
	json_close(o, '}');
}

/* The body with the attachments that the message has then. */
static struct str body_with(struct slack_call *c, const struct message *m, const struct json *unfurls)
{
	struct err ignored = {0};
	const struct json *body = m->body.n ? json_parse(c->w->arena, m->body, JSON_LAST_KEY_WINS, &ignored) : NULL, *old = json_get(body, "attachments");
	int64_t id = old ? (int64_t)old->count : 0;
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	for (const struct json *v = body ? body->child : NULL; v; v = v->next)
		if (!str_is(v->key, "attachments")) {
			json_key_str(&o, v->key);
			json_put(&o, v);
		}
	json_key(&o, "attachments");
	json_open(&o, '[');
	put_kept(&o, old, unfurls);
	for (const struct json *u = unfurls->child; u; u = u->next)
		put_unfurl(&o, u, ++id);
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(c->w->arena, &b);
}

/* A link that stands in the message; & is &amp; there. */
static bool stands_there(struct slack_call *c, const struct message *m, const struct json *u)
{
	struct buf b;

	buf_init(&b, 16 * KIB);
	for (size_t i = 0; i < u->key.n; i++)
		if (u->key.p[i] == '&')
			buf_add(&b, S("&amp;"));
		else
			buf_char(&b, u->key.p[i]);
	return u->type == JSON_OBJECT && u->key.n && (str_find(m->text, u->key, NULL) || str_find(m->text, buf_keep(c->w->arena, &b), NULL));
}

void slack_chat_unfurl(struct slack_call *c)
{
	const struct json *unfurls = arg_json(c, "unfurls");
	struct err err = {0};
	struct channel ch;
	struct message m;
	struct str given;

	if (!arg_channel(c, "channel", true, &ch) || !arg_message(c, &ch, "ts", "cannot_find_message", &m) || !arg_need(c, "unfurls", &given))
		return;
	if (!json_is(unfurls, JSON_OBJECT) || !unfurls->count || unfurls->count > UNFURLS_MAX) {
		slack_error(c, unfurls ? "invalid_unfurls_format" : "missing_unfurls");
		return;
	}
	if (!c->x->api->limits.unfurls) {
		slack_error(c, "cannot_unfurl_message");
		return;
	}
	for (const struct json *u = unfurls->child; u; u = u->next)
		if (!stands_there(c, &m, u)) {
			slack_error(c, "cannot_unfurl_url");
			return;
		}
	m.body = body_with(c, &m, unfurls);
	if (!chat_change_message(c->w, &ch, &m, 0, &err))
		slack_failed(c, &err);
}
