#include "api/slack_act.h"
#include "api/slack_blocks.h"
#include "api/slack_limits.h"
#include "commands/press.h"
#include "commands/say.h"
#include "engine/slack_json.h"
#include "ops/text.h"
#include "store/apps.h"
#include "store/chat.h"

#include <inttypes.h>

#define BLOCKS_MAX 50 /* Block Kit reference */
#define ATTACHMENTS_MAX 100
#define MARKDOWN_MAX 12000 /* chat.postMessage: markdown_text */

/* ---- writing a message's body ---- */

void slack_put_blocks(struct arena *a, struct json_out *o, const struct json *blocks)
{
	json_key(o, "blocks");
	json_open(o, '[');
	for (const struct json *b = blocks->child; b; b = b->next) {
		json_open(o, '{');
		for (const struct json *m = b->child; m; m = m->next) {
			json_key_str(o, m->key);
			json_put(o, m);
		}
		if (!json_get(b, "block_id"))
			json_add_str(o, "block_id", crypt_word(a, 5));
		json_close(o, '}');
	}
	json_close(o, ']');
}

static struct str stored_color(struct str color)
{
	if (str_is(color, "good"))
		return S("2eb886");
	if (str_is(color, "warning"))
		return S("daa038");
	if (str_is(color, "danger"))
		return S("a30200");
	return color.n && color.p[0] == '#' ? str_n(color.p + 1, color.n - 1) : color;
}

static void put_attachments(struct arena *arena, struct json_out *o, const struct json *list)
{
	int64_t id = 0;

	json_key(o, "attachments");
	json_open(o, '[');
	for (const struct json *at = list->child; at; at = at->next) {
		if (at->type != JSON_OBJECT)
			continue;
		json_open(o, '{');
		json_add_int(o, "id", ++id);
		for (const struct json *m = at->child; m; m = m->next) {
			if (str_is(m->key, "id"))
				continue;
			if (str_is(m->key, "blocks") && m->type == JSON_ARRAY) {
				slack_put_blocks(arena, o, m);
				continue;
			}
			json_key_str(o, m->key);
			if (str_is(m->key, "color"))
				json_put_str(o, stored_color(json_str(m)));
			else
				json_put(o, m);
		}
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void put_icons(struct json_out *o, const struct json *args)
{
	struct str emoji = json_get_str(args, "icon_emoji"), url = json_get_str(args, "icon_url");

	if (!emoji.n && !url.n)
		return;
	json_key(o, "icons");
	json_open(o, '{');
	if (emoji.n)
		json_add_str(o, "emoji", str_clip(emoji, 100));
	else
		json_add_str(o, "image_48", str_clip(url, 2000));
	json_close(o, '}');
}

/* A list argument: JSON, or JSON as text. *broken: it is there and is neither. */
static const struct json *list_arg(struct arena *a, const struct json *args, const char *name, bool *broken)
{
	const struct json *v = json_get(args, name);
	struct err ignored = {0};

	*broken = false;
	if (!v || v->type == JSON_NULL || (v->type == JSON_STR && !v->text.n))
		return NULL;
	if (v->type == JSON_STR)
		v = json_parse(a, v->text, JSON_LAST_KEY_WINS, &ignored);
	*broken = !json_is(v, JSON_ARRAY);
	return *broken ? NULL : v;
}

struct parts {
	const struct json *blocks, *attachments, *metadata;
	const struct json *old; /* the body before, for what is not given */
};

static bool check_attachments(struct arena *a, const struct json *list, struct str *details)
{
	size_t i = 0;

	for (const struct json *at = list ? list->child : NULL; at; at = at->next, i++) {
		const struct json *blocks = json_get(at, "blocks");

		if (json_is(blocks, JSON_ARRAY) && !slack_blocks_check(a, blocks, BLOCKS_MAX, arena_printf(a, "/attachments/%zu/blocks", i), details))
			return false;
	}
	return true;
}

static bool read_parts(struct work *w, const struct json *args, struct parts *p, const char **error, struct str *details)
{
	bool broken;

	p->blocks = list_arg(w->arena, args, "blocks", &broken);
	if (broken) {
		*error = "invalid_blocks_format";
		return false;
	}
	*error = "invalid_blocks";
	if (p->blocks && !slack_blocks_check(w->arena, p->blocks, BLOCKS_MAX, S("/blocks"), details))
		return false;
	p->attachments = list_arg(w->arena, args, "attachments", &broken);
	if (broken || (p->attachments && p->attachments->count > ATTACHMENTS_MAX)) {
		*error = broken ? "invalid_attachments" : "too_many_attachments";
		return false;
	}
	if (!check_attachments(w->arena, p->attachments, details))
		return false;
	*error = NULL;
	p->metadata = json_get(args, "metadata");
	if (json_is(p->metadata, JSON_STR)) {
		struct err ignored = {0};

		p->metadata = json_parse(w->arena, p->metadata->text, JSON_LAST_KEY_WINS, &ignored);
	}
	return true;
}

static void keep_old(struct json_out *o, const struct parts *p, const char *name)
{
	const struct json *v = json_get(p->old, name);

	if (!v)
		return;
	json_key(o, name);
	json_put(o, v);
}

static void write_body(struct work *w, struct json_out *o, const struct json *args, const struct parts *p, bool may_rename)
{
	struct str username = json_get_str(args, "username");

	json_open(o, '{');
	if (p->blocks && p->blocks->count)
		slack_put_blocks(w->arena, o, p->blocks);
	else if (!p->blocks)
		keep_old(o, p, "blocks");
	if (p->attachments && p->attachments->count)
		put_attachments(w->arena, o, p->attachments);
	else if (!p->attachments)
		keep_old(o, p, "attachments");
	if (may_rename && username.n)
		json_add_str(o, "username", str_clip(username, 80));
	else
		keep_old(o, p, "username");
	if (may_rename)
		put_icons(o, args);
	keep_old(o, p, "icons");
	if (json_is(p->metadata, JSON_OBJECT)) {
		json_key(o, "metadata");
		json_put(o, p->metadata);
	}
	json_close(o, '}');
}

static bool any_of(const struct parts *p, const struct json *given, const char *name)
{
	return given ? given->count > 0 : json_get(p->old, name) != NULL;
}

bool slack_read_message(struct work *w, const struct json *args, const struct message *before, bool may_rename, struct message *out, const char **error,
			struct str *details)
{
	struct str text = json_get_str(args, "text"), markdown = json_get_str(args, "markdown_text");
	struct parts p = {0};
	struct buf b;
	struct json_out o;
	struct err ignored = {0};

	*error = NULL;
	*details = S("");
	if (!read_parts(w, args, &p, error, details))
		return false;
	if (slack_characters(markdown) > MARKDOWN_MAX) {
		*error = "msg_too_long";
		return false;
	}
	if (before && before->body.n)
		p.old = json_parse(w->arena, before->body, JSON_LAST_KEY_WINS, &ignored);
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	write_body(w, &o, args, &p, may_rename);
	if (b.failed) {
		buf_done(&b);
		*error = "msg_too_long";
		return false;
	}
	out->body = b.n > 2 ? arena_dup(w->arena, buf_str(&b)) : S("");
	buf_done(&b);
	out->text = text.n || markdown.n || !before ? mrkdwn_tidy(w->arena, text.n ? text : markdown) : before->text;
	if (!str_trim(out->text).n && !any_of(&p, p.blocks, "blocks") && !any_of(&p, p.attachments, "attachments"))
		*error = "no_text"; /* a name and an icon are nothing to read */
	return !*error;
}

bool slack_arg_message(struct slack_call *c, const struct message *before, bool may_rename, struct message *out)
{
	const char *error;
	struct str details;

	if (slack_read_message(c->w, c->args, before, may_rename, out, &error, &details)) {
		if (out->text.n > CHAT_TEXT_MAX)
			slack_warn(c, "message_truncated");
		return true;
	}
	slack_error(c, error);
	if (details.n) {
		json_key(&c->out, "errors");
		json_open(&c->out, '[');
		json_put_str(&c->out, details);
		json_close(&c->out, ']');
		json_key(&c->out, "response_metadata");
		json_open(&c->out, '{');
		json_key(&c->out, "messages");
		json_open(&c->out, '[');
		json_put_str(&c->out, arena_printf(c->w->arena, "[ERROR] " STR_FMT, STR_ARG(details)));
		json_close(&c->out, ']');
		json_close(&c->out, '}');
	}
	return false;
}

/* ---- posting ---- */

static void put_posted(struct slack_call *c, const struct channel *ch, const struct message *m)
{
	json_add_str(&c->out, "channel", channel_id_text(c->w->arena, ch));
	json_add_str(&c->out, "ts", ts_text(c->w->arena, m->ts));
	json_key(&c->out, "message");
	write_message_object(c->w, &c->out, m);
}

bool arg_thread(struct slack_call *c, struct message *m)
{
	struct str thread = arg(c, "thread_ts");

	if (!thread.n || ts_parse(thread, &m->thread_ts))
		return true;
	slack_error(c, "invalid_thread_ts");
	return false;
}

void slack_chat_post(struct slack_call *c)
{
	struct message m = {.user_id = c->me, .bot_id = c->x->user.bot_id};
	struct str client_id = arg(c, "client_msg_id");
	struct err err = {0};
	struct channel ch;
	span_ms wait;
	bool ok;

	if (!arg_channel(c, "channel", true, &ch) || !slack_arg_message(c, NULL, true, &m) || !arg_thread(c, &m))
		return;
	if (!slack_rate_post(c, ch.id, &wait)) {
		slack_rate_refuse(c, wait);
		return;
	}
	if (m.thread_ts && arg_bool(c, "reply_broadcast", false))
		m.kind = MESSAGE_BROADCAST;
	if (client_id.n && client_id.n <= 200) /* Slack's own clients name their messages, so that a retry is not a second one */
		ok = chat_post_once(c->w, &ch, &m, arena_printf(c->w->arena, "%" PRId64 ":" STR_FMT, c->me, STR_ARG(client_id)), &err);
	else
		ok = chat_post_message(c->w, &ch, &m, &err);
	if (!ok) {
		slack_failed(c, &err);
		return;
	}
	if (m.seq && !say_posted(c->w, &c->x->caller, &ch, &m, &err)) {
		slack_failed(c, &err);
		return;
	}
	if (!m.seq && !store_message_find(c->w->engine->db, c->w->arena, ch.id, m.ts, &m, &err)) {
		slack_error(c, "message_not_found");
		return;
	}
	put_posted(c, &ch, &m);
}

/* One's own, or as an admin anyone's to delete. */
static bool is_mine(struct slack_call *c, const struct message *m)
{
	return m->user_id == c->me;
}

static bool says_something(const struct slack_call *c)
{
	return arg(c, "text").n || arg(c, "markdown_text").n || arg_given(c, "blocks") || arg_given(c, "attachments") || arg_given(c, "metadata");
}

void slack_chat_update(struct slack_call *c)
{
	struct message before, m;
	struct err err = {0};
	struct channel ch;

	if (!arg_channel(c, "channel", true, &ch) || !arg_message(c, &ch, "ts", "message_not_found", &before))
		return;
	if (!is_mine(c, &before) || message_is_notice(before.kind)) {
		slack_error(c, "cant_update_message");
		return;
	}
	m = before;
	if (!says_something(c)) {
		slack_error(c, "no_text");
		return;
	}
	if (!slack_arg_message(c, &before, false, &m))
		return;
	if (!chat_change_message(c->w, &ch, &m, c->x->user.bot_id ? 0 : c->me, &err)) {
		slack_failed(c, &err);
		return;
	}
	put_posted(c, &ch, &m);
	json_add_str(&c->out, "text", m.text);
}

void slack_chat_delete(struct slack_call *c)
{
	struct message m;
	struct err err = {0};
	struct channel ch;

	if (!arg_channel(c, "channel", true, &ch) || !arg_message(c, &ch, "ts", "message_not_found", &m))
		return;
	if (!is_mine(c, &m) && !(c->x->user.role == ROLE_ADMIN && c->x->caller.scope == SCOPE_ADMIN)) {
		slack_error(c, "cant_delete_message");
		return;
	}
	if (!chat_delete_message(c->w, &ch, &m, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "channel", channel_id_text(c->w->arena, &ch));
	json_add_str(&c->out, "ts", ts_text(c->w->arena, m.ts));
}

void slack_chat_ephemeral(struct slack_call *c)
{
	struct message m = {.user_id = c->me, .bot_id = c->x->user.bot_id};
	struct err err = {0};
	struct channel ch;
	struct user to;

	if (!arg_channel(c, "channel", true, &ch) || !arg_user(c, "user", &to) || !slack_arg_message(c, NULL, true, &m) || !arg_thread(c, &m))
		return;
	if (!str_trim(m.text).n && !m.body.n) {
		slack_error(c, "no_text");
		return;
	}
	if (!chat_is_member(c->w, ch.id, to.id)) {
		slack_error(c, "user_not_in_channel");
		return;
	}
	if (!chat_ephemeral_of_app(c->w, &ch, to.id, &m, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "message_ts", ts_text(c->w->arena, m.ts));
}

void slack_chat_permalink(struct slack_call *c)
{
	struct message m;
	struct channel ch;
	struct str id;

	if (!arg_channel(c, "channel", false, &ch) || !arg_message(c, &ch, "message_ts", "message_not_found", &m))
		return;
	id = channel_id_text(c->w->arena, &ch);
	json_add_str(&c->out, "channel", id);
	json_add_str(&c->out, "permalink", permalink(c->w, &ch, &m));
}

/* ---- what people click and type ---- */

void slack_chat_command(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct caller caller = c->x->caller;
	struct command_result r;
	struct message m = {0};
	struct err err = {0};
	struct channel ch;
	struct str command;
	struct app app;

	if (!arg_channel(c, "channel", false, &ch) || !arg_need(c, "command", &command) || !arg_thread(c, &m))
		return;
	if (!command_is_prefix(command)) {
		if (store_app_by_command(e->db, c->w->arena, e->workspace_id, command, &app, &err))
			act_command(c, &app, &ch, m.thread_ts, command, arg(c, "text"));
		else
			slack_error(c, "unknown_command");
		return;
	}
	caller.via = "slash";
	caller.kind = LINE_CHAT;
	caller.channel_id = ch.id;
	caller.thread_ts = m.thread_ts;
	if (!say_slash(c->w, &caller, &ch, arg(c, "text"), &r, &err)) {
		slack_failed(c, &err);
		return;
	}
	c->x->needed = r.changes ? SCOPE_WRITE : SCOPE_READ;
	json_key(&c->out, "response");
	json_open(&c->out, '{');
	json_add_str(&c->out, "response_type", r.ok && r.in_channel ? S("in_channel") : S("ephemeral"));
	json_add_str(&c->out, "text", r.text);
	json_close(&c->out, '}');
}

/* false: answered. */
static bool press(struct slack_call *c, const struct channel *ch, const struct message *m, struct str action_id, struct str value, struct str said)
{
	struct pressed done;

	if (!press_button(c->w, &c->x->caller, ch, m, action_id, value, said, &done)) {
		slack_failed(c, &c->w->err);
		return false;
	}
	if (done.view.n)
		json_add_raw(&c->out, "view", done.view);
	if (!done.error)
		return true;
	slack_error(c, done.error);
	if (done.detail.n)
		json_add_str(&c->out, "detail", done.detail);
	return false;
}

static bool find_message(struct slack_call *c, struct str channel, struct str ts_text, struct channel *ch, struct message *m)
{
	struct err err = {0};
	int64_t ts;

	if (!chat_channel(c->w, c->me, channel, ch, &err)) {
		slack_failed(c, &err);
		return false;
	}
	if (ts_parse(ts_text, &ts) && store_message_find(c->w->engine->db, c->w->arena, ch->id, ts, m, &err) && !m->deleted)
		return true;
	slack_error(c, "message_not_found");
	return false;
}

void slack_blocks_actions(struct slack_call *c)
{
	const struct json *container = arg_json(c, "container"), *actions = arg_json(c, "actions");
	struct message m;
	struct channel ch;

	if (!json_is(container, JSON_OBJECT) || !json_is(actions, JSON_ARRAY) || !actions->count || actions->count > 10) {
		slack_error(c, "invalid_arguments");
		return;
	}
	if (str_is(json_get_str(container, "type"), "view")) {
		act_on_view(c, json_get_str(container, "view_id"), actions);
		return;
	}
	if (json_get_bool(container, "is_ephemeral", false) && act_find_ephemeral(c, container, &ch, &m)) {
		act_on_message(c, &ch, &m, true, actions);
		return;
	}
	if (!find_message(c, json_get_str(container, "channel_id"), json_get_str(container, "message_ts"), &ch, &m))
		return;
	if (m.bot_id && m.bot_id != c->w->engine->bot_id) {
		act_on_message(c, &ch, &m, false, actions);
		return;
	}
	for (const struct json *a = actions->child; a; a = a->next)
		if (!press(c, &ch, &m, json_get_str(a, "action_id"), json_get_str(a, "value"), S("")))
			return;
}

/* A dialog of ours comes back: view is {callback_id, private_metadata, state: {values}}, as Slack sends it to an app. */
void slack_views_submit(struct slack_call *c)
{
	const struct json *view = arg_json(c, "view");
	struct press_dialog d;
	struct channel ch;
	struct message m;

	if (arg(c, "view_id").n || json_get_str(view, "id").n) {
		act_submit(c, arg(c, "view_id").n ? arg(c, "view_id") : json_get_str(view, "id"), json_get(view, "state") ? json_get(view, "state") : arg_json(c, "state"));
		return;
	}
	if (!press_dialog_read(view, &d)) {
		slack_error(c, "view_not_found");
		return;
	}
	if (!d.said.n) {
		slack_error(c, "invalid_arguments");
		json_add_str(&c->out, "detail", S("something must be said here"));
		return;
	}
	if (find_message(c, d.channel, d.ts, &ch, &m))
		(void)press(c, &ch, &m, d.action_id, d.value, d.said);
}

/* ---- reactions ---- */

static bool reacted_message(struct slack_call *c, struct channel *ch, bool member, struct message *m)
{
	int64_t ts;

	if (!arg_given(c, "channel") || !arg_given(c, "timestamp")) {
		slack_error(c, "no_item_specified");
		return false;
	}
	if (!arg_channel(c, "channel", member, ch))
		return false;
	if (!ts_parse(arg(c, "timestamp"), &ts)) {
		slack_error(c, "bad_timestamp");
		return false;
	}
	return arg_message(c, ch, "timestamp", "message_not_found", m);
}

static void react(struct slack_call *c, bool add)
{
	struct err err = {0};
	struct message m;
	struct channel ch;
	struct str name;

	if (!reacted_message(c, &ch, true, &m) || !arg_need(c, "name", &name))
		return;
	if (name.n > 2 && name.p[0] == ':' && name.p[name.n - 1] == ':')
		name = str_n(name.p + 1, name.n - 2);
	if (!chat_react(c->w, &ch, &m, c->me, name, add, &err))
		slack_failed(c, &err);
}

void slack_reactions_add(struct slack_call *c)
{
	react(c, true);
}

void slack_reactions_remove(struct slack_call *c)
{
	react(c, false);
}

void slack_reactions_get(struct slack_call *c)
{
	struct message m;
	struct channel ch;

	if (!reacted_message(c, &ch, false, &m))
		return;
	json_add_str(&c->out, "type", S("message"));
	json_add_str(&c->out, "channel", channel_id_text(c->w->arena, &ch));
	json_key(&c->out, "message");
	write_message_object(c->w, &c->out, &m);
}
