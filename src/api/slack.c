#include "api/slack_act.h"
#include "api/slack_limits.h"

#include "ops/app.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdio.h>

const struct slack_method slack_methods[] = {
	{"api.test", 0, "", slack_api_test, "Answers, to see whether the server does."},
	{"apps.connections.open", SCOPE_READ, "connections:write", slack_apps_open, "The address of a WebSocket for Socket Mode, good for one connection within a minute."},
	{"apps.event.authorizations.list", SCOPE_READ, "authorizations:read", slack_event_authorizations, "For whom an event came, by its event_context."},
	{"apps.home.open", SCOPE_WRITE, "chat:write", slack_home_open, "A person looks at an app's home, or at what they say to each other."},
	{"apps.manifest.create", SCOPE_ADMIN, "admin", slack_manifest_create, "Makes an app; for admins. Its tokens stand among its credentials, this once."},
	{"apps.manifest.delete", SCOPE_ADMIN, "admin", slack_manifest_delete, "Ends an app; for admins."},
	{"apps.manifest.export", SCOPE_ADMIN, "admin", slack_manifest_export, "The manifest of an app; for admins."},
	{"apps.manifest.update", SCOPE_ADMIN, "admin", slack_manifest_update, "Gives an app another manifest; for admins."},
	{"apps.manifest.validate", SCOPE_ADMIN, "admin", slack_manifest_validate, "Is this a manifest? For admins."},
	{"auth.revoke", SCOPE_READ, "", slack_auth_revoke, "Revokes the token that asks; with test=true it does not."},
	{"auth.test", SCOPE_READ, "", slack_auth_test, "Who the token belongs to."},
	{"blocks.actions", SCOPE_WRITE, "chat:write", slack_blocks_actions, "A person's click on a button; the answer is seen in the message."},
	{"bookmarks.add", SCOPE_WRITE, "bookmarks:write", slack_bookmarks_add, "Adds a link to a channel."},
	{"bookmarks.edit", SCOPE_WRITE, "bookmarks:write", slack_bookmarks_edit, "Changes a link of a channel."},
	{"bookmarks.list", SCOPE_READ, "bookmarks:read", slack_bookmarks_list, "The links of a channel."},
	{"bookmarks.remove", SCOPE_WRITE, "bookmarks:write", slack_bookmarks_remove, "Takes a link from a channel."},
	{"blocks.suggestions", SCOPE_WRITE, "chat:write", slack_blocks_suggestions, "What a person types into a menu whose options an app knows."},
	{"bots.info", SCOPE_READ, "users:read", slack_bots_info, "A bot by its id."},
	{"chat.command", SCOPE_READ, "commands", slack_chat_command, "A slash command of a person."},
	{"chat.delete", SCOPE_WRITE, "chat:write", slack_chat_delete, "Deletes a message of one's own; admins delete any."},
	{"chat.deleteScheduledMessage", SCOPE_WRITE, "chat:write", slack_chat_unschedule, "Takes back a message that was to be said later."},
	{"chat.getPermalink", SCOPE_READ, "", slack_chat_permalink, "The address of a message in the console."},
	{"chat.meMessage", SCOPE_WRITE, "chat:write", slack_chat_me, "Says what one does (subtype me_message)."},
	{"chat.postEphemeral", SCOPE_WRITE, "chat:write", slack_chat_ephemeral, "Shows a message to one person, as long as they look."},
	{"chat.postMessage", SCOPE_WRITE, "chat:write", slack_chat_post, "Posts a message, also into a thread (thread_ts)."},
	{"chat.scheduleMessage", SCOPE_WRITE, "chat:write", slack_chat_schedule, "Says a message at post_at, at most 120 days on."},
	{"chat.scheduledMessages.list", SCOPE_READ, "", slack_chat_scheduled_list, "One's own messages that are to be said later."},
	{"chat.unfurl", SCOPE_WRITE, "links:write", slack_chat_unfurl, "Shows what stands behind links of a message, if unfurls is set."},
	{"chat.update", SCOPE_WRITE, "chat:write", slack_chat_update, "Changes a message of one's own."},
	{"conversations.archive", SCOPE_WRITE, "channels:manage", slack_conv_archive, "Archives a channel; not one that a source tells its alerts in."},
	{"conversations.close", SCOPE_WRITE, "im:write", slack_conv_close, "Direct messages stay open here: answers no_op."},
	{"conversations.create", SCOPE_WRITE, "channels:manage", slack_conv_create, "Makes a channel; is_private for a private one."},
	{"conversations.history", SCOPE_READ, "channels:history", slack_conv_history, "Messages of a channel, newest first."},
	{"conversations.info", SCOPE_READ, "channels:read", slack_conv_info, "One channel."},
	{"conversations.invite", SCOPE_WRITE, "channels:manage", slack_conv_invite, "Brings people into a channel."},
	{"conversations.join", SCOPE_WRITE, "channels:join", slack_conv_join, "Joins a public channel."},
	{"conversations.kick", SCOPE_WRITE, "channels:manage", slack_conv_kick, "Puts somebody out of a channel; for its maker and operators."},
	{"conversations.leave", SCOPE_WRITE, "channels:manage", slack_conv_leave, "Leaves a channel."},
	{"conversations.list", SCOPE_READ, "channels:read", slack_conv_list, "Channels that the caller may see."},
	{"conversations.mark", SCOPE_WRITE, "channels:manage", slack_conv_mark, "Sets how far the caller has read."},
	{"conversations.members", SCOPE_READ, "channels:read", slack_conv_members, "Who is in a channel."},
	{"conversations.open", SCOPE_WRITE, "im:write", slack_conv_open, "Opens a direct message with one person."},
	{"conversations.rename", SCOPE_WRITE, "channels:manage", slack_conv_rename, "Renames a channel; its old name leads to it still."},
	{"conversations.replies", SCOPE_READ, "channels:history", slack_conv_replies, "A thread."},
	{"conversations.setPurpose", SCOPE_WRITE, "channels:manage", slack_conv_purpose, "Sets the purpose of a channel."},
	{"conversations.setTopic", SCOPE_WRITE, "channels:manage", slack_conv_topic, "Sets the topic of a channel."},
	{"conversations.unarchive", SCOPE_WRITE, "channels:manage", slack_conv_unarchive, "Opens an archived channel again."},
	{"dnd.endDnd", SCOPE_WRITE, "dnd:write", slack_dnd_end, "Ends one's snoozing."},
	{"dnd.endSnooze", SCOPE_WRITE, "dnd:write", slack_dnd_end_snooze, "Ends one's snoozing, if there is any."},
	{"dnd.info", SCOPE_READ, "dnd:read", slack_dnd_info, "Does somebody snooze?"},
	{"dnd.setSnooze", SCOPE_WRITE, "dnd:write", slack_dnd_set_snooze, "Snoozes for num_minutes; others see it, alerts come all the same."},
	{"dnd.teamInfo", SCOPE_READ, "dnd:read", slack_dnd_team_info, "The same of several people."},
	{"emoji.list", SCOPE_READ, "emoji:read", slack_emoji_list, "Emoji of one's own: there are none in this version."},
	{"files.completeUploadExternal", SCOPE_WRITE, "files:write", slack_files_complete, "Shares uploaded files in a message, or keeps them to oneself."},
	{"files.delete", SCOPE_WRITE, "files:write", slack_files_delete, "Deletes a file of one's own from all messages; admins delete any."},
	{"files.getUploadURLExternal", SCOPE_WRITE, "files:write", slack_files_upload_url, "An address to send the bytes of a file to."},
	{"files.info", SCOPE_READ, "files:read", slack_files_info, "One file and where it is shared."},
	{"files.list", SCOPE_READ, "files:read", slack_files_list, "Files that the caller may see, newest first."},
	{"oauth.v2.access", 0, "", slack_oauth_access, "Tokens for the code that a person's yes at /oauth/v2/authorize gave."},
	{"pins.add", SCOPE_WRITE, "pins:write", slack_pins_add, "Pins a message to its channel."},
	{"pins.list", SCOPE_READ, "pins:read", slack_pins_list, "The pinned messages of a channel."},
	{"pins.remove", SCOPE_WRITE, "pins:write", slack_pins_remove, "Takes a pin away."},
	{"reactions.add", SCOPE_WRITE, "reactions:write", slack_reactions_add, "Adds a reaction to a message."},
	{"reactions.get", SCOPE_READ, "reactions:read", slack_reactions_get, "Reactions to a message."},
	{"reactions.list", SCOPE_READ, "reactions:read", slack_reactions_list, "Messages that somebody reacted to."},
	{"reactions.remove", SCOPE_WRITE, "reactions:write", slack_reactions_remove, "Takes a reaction of one's own back."},
	{"rtm.connect", SCOPE_READ, "rtm:stream", slack_rtm_connect, "The address of a WebSocket for older bots, good for one connection within a minute."},
	{"search.messages", SCOPE_READ, "search:read", slack_search_messages, "Finds messages by words and modifiers; not for bots."},
	{"stars.add", SCOPE_WRITE, "stars:write", slack_stars_add, "Keeps a message or a channel for oneself."},
	{"stars.list", SCOPE_READ, "stars:read", slack_stars_list, "What one keeps for oneself."},
	{"stars.remove", SCOPE_WRITE, "stars:write", slack_stars_remove, "Takes it away."},
	{"shortcuts.run", SCOPE_WRITE, "chat:write", slack_shortcuts_run, "A person's choice of an app's shortcut."},
	{"team.info", SCOPE_READ, "team:read", slack_team_info, "The workspace."},
	{"usergroups.create", SCOPE_WRITE, "usergroups:write", slack_usergroups_create, "Makes a group of people that can be mentioned (<!subteam^S...>); for operators."},
	{"usergroups.disable", SCOPE_WRITE, "usergroups:write", slack_usergroups_disable, "Puts a group out of use."},
	{"usergroups.enable", SCOPE_WRITE, "usergroups:write", slack_usergroups_enable, "Puts it into use again."},
	{"usergroups.list", SCOPE_READ, "usergroups:read", slack_usergroups_list, "The groups of people."},
	{"usergroups.update", SCOPE_WRITE, "usergroups:write", slack_usergroups_update, "Changes name, handle, description or channels of a group."},
	{"usergroups.users.list", SCOPE_READ, "usergroups:read", slack_usergroups_users_list, "Who is in a group."},
	{"usergroups.users.update", SCOPE_WRITE, "usergroups:write", slack_usergroups_users_update, "Says who is in a group: these and no others."},
	{"users.conversations", SCOPE_READ, "channels:read", slack_users_conversations, "The channels that somebody is in."},
	{"users.getPresence", SCOPE_READ, "users:read", slack_users_presence, "Is somebody there?"},
	{"users.info", SCOPE_READ, "users:read", slack_users_info, "One person or bot."},
	{"users.list", SCOPE_READ, "users:read", slack_users_list, "People and bots."},
	{"users.lookupByEmail", SCOPE_READ, "users:read.email", slack_users_by_email, "A person by email."},
	{"users.profile.get", SCOPE_READ, "users.profile:read", slack_users_profile_get, "What somebody tells of themselves: title, status."},
	{"users.profile.set", SCOPE_WRITE, "users.profile:write", slack_users_profile_set, "Changes one's own profile."},
	{"users.setPresence", SCOPE_WRITE, "users:write", slack_users_set_presence, "Says that one is away, or that one's streams decide."},
	{"views.close", SCOPE_WRITE, "", slack_views_close, "A person closes a dialog of an app."},
	{"views.open", SCOPE_WRITE, "", slack_views_open, "Shows a dialog to who pressed something, within 3 seconds."},
	{"views.publish", SCOPE_WRITE, "", slack_views_publish, "Keeps an app's home page for a person."},
	{"views.push", SCOPE_WRITE, "", slack_views_push, "Shows a dialog on top of another one."},
	{"views.submit", SCOPE_READ, "", slack_views_submit, "A dialog comes back, with what a person entered."},
	{"views.update", SCOPE_WRITE, "", slack_views_update, "Changes a dialog that is shown."},
};
const size_t slack_method_count = COUNT_OF(slack_methods);

/* ---- answers ---- */

struct json_out slack_answer(struct exchange *x, bool ok)
{
	struct json_out o = x_json(x, 200);

	json_open(&o, '{');
	json_add_bool(&o, "ok", ok);
	return o;
}

void slack_error(struct slack_call *c, const char *error)
{
	c->out = slack_answer(c->x, false);
	c->has_cursor = false;
	c->warning_count = 0;
	json_add_str(&c->out, "error", str_of(error));
}

void slack_warn(struct slack_call *c, const char *warning)
{
	if (c->warning_count < COUNT_OF(c->warnings))
		c->warnings[c->warning_count++] = warning;
}

/* JSON is to say its charset, a form is not (docs.slack.dev, Using the Web API). */
static void warn_of_charset(struct slack_call *c)
{
	struct str type = http_header_get(c->x->request, "Content-Type");
	bool said = str_find(arena_lower(c->w->arena, type), S("charset="), NULL);

	if (c->x->by_cookie || !c->x->request->body.n)
		return;
	if (content_type_is(type, "application/json") && !said)
		slack_warn(c, "missing_charset");
	if (content_type_is(type, "application/x-www-form-urlencoded") && said)
		slack_warn(c, "superfluous_charset");
}

static void put_warning(struct slack_call *c)
{
	struct buf b;

	if (!c->warning_count)
		return;
	buf_init(&b, 200);
	for (unsigned i = 0; i < c->warning_count; i++)
		buf_printf(&b, "%s%s", i ? "," : "", c->warnings[i]);
	json_add_str(&c->out, "warning", buf_keep(c->w->arena, &b));
}

static void put_metadata(struct slack_call *c)
{
	if (!c->has_cursor && !c->warning_count)
		return;
	put_warning(c);
	json_key(&c->out, "response_metadata");
	json_open(&c->out, '{');
	if (c->has_cursor)
		json_add_str(&c->out, "next_cursor", c->cursor);
	if (c->warning_count) {
		json_key(&c->out, "warnings");
		json_open(&c->out, '[');
		for (unsigned i = 0; i < c->warning_count; i++)
			json_put_str(&c->out, str_of(c->warnings[i]));
		json_close(&c->out, ']');
	}
	json_close(&c->out, '}');
}

void slack_failed(struct slack_call *c, const struct err *err)
{
	if (err->code == ERR_FULL || err->code == ERR_UNAVAILABLE || err->code == ERR_INTERNAL) {
		c->x->err = *err;
		c->w->failed = true;
		return;
	}
	slack_error(c, err->text);
	c->w->failed = true; /* whatever was written before the refusal is undone */
}

static void invalid_arguments(struct slack_call *c, struct str message)
{
	slack_error(c, "invalid_arguments");
	json_key(&c->out, "response_metadata");
	json_open(&c->out, '{');
	json_key(&c->out, "messages");
	json_open(&c->out, '[');
	json_put_str(&c->out, message);
	json_close(&c->out, ']');
	json_close(&c->out, '}');
}

/* ---- arguments ---- */

struct str arg(const struct slack_call *c, const char *name)
{
	const struct json *v = json_get(c->args, name);

	return v && v->type < JSON_ARRAY && v->type != JSON_NULL ? v->text : S("");
}

bool arg_given(const struct slack_call *c, const char *name)
{
	const struct json *v = json_get(c->args, name);

	return v && v->type != JSON_NULL;
}

bool arg_need(struct slack_call *c, const char *name, struct str *out)
{
	*out = arg(c, name);
	if (arg_given(c, name))
		return true;
	invalid_arguments(c, arena_printf(c->w->arena, "[ERROR] missing required field: %s", name));
	return false;
}

const struct json *arg_json(struct slack_call *c, const char *name)
{
	const struct json *v = json_get(c->args, name);
	struct err ignored = {0};

	if (v && v->type == JSON_STR)
		v = json_parse(c->w->arena, v->text, JSON_LAST_KEY_WINS, &ignored);
	return v && v->type >= JSON_ARRAY ? v : NULL;
}

int64_t arg_int(const struct slack_call *c, const char *name, int64_t otherwise)
{
	return json_get_int(c->args, name, otherwise);
}

bool arg_bool(const struct slack_call *c, const char *name, bool otherwise)
{
	return json_get_bool(c->args, name, otherwise);
}

bool arg_channel(struct slack_call *c, const char *name, bool member, struct channel *out)
{
	struct err err = {0};
	struct str ref;

	if (!arg_need(c, name, &ref))
		return false;
	if (!chat_channel(c->w, c->me, ref, out, &err)) {
		slack_failed(c, &err);
		return false;
	}
	if (member && !chat_is_member(c->w, out->id, c->me)) {
		slack_error(c, "not_in_channel");
		return false;
	}
	return true;
}

bool arg_message(struct slack_call *c, const struct channel *ch, const char *name, const char *error, struct message *out)
{
	struct err err = {0};
	struct str text;
	int64_t ts;

	if (!arg_need(c, name, &text))
		return false;
	if (ts_parse(text, &ts) && store_message_find(c->w->engine->db, c->w->arena, ch->id, ts, out, &err) && !out->deleted)
		return true;
	slack_error(c, error);
	return false;
}

bool arg_user(struct slack_call *c, const char *name, struct user *out)
{
	struct err err = {0};
	struct str text;
	int64_t id;

	if (!arg_need(c, name, &text))
		return false;
	if (id_parse(text, "UW", &id) && store_user_find(c->w->engine->db, c->w->arena, c->w->engine->workspace_id, id, out, &err))
		return true;
	slack_error(c, "user_not_found");
	return false;
}

static bool add_person(struct slack_call *c, struct str ref, int64_t *ids, size_t most, size_t *count)
{
	struct err err = {0};
	struct user u;
	int64_t id;

	if (!id_parse(str_trim(ref), "UW", &id) || !store_user_find(c->w->engine->db, c->w->arena, c->w->engine->workspace_id, id, &u, &err)) {
		slack_failed(c, err.code ? &err : &(struct err){ERR_NOT_FOUND, "user_not_found"});
		return false;
	}
	for (size_t i = 0; i < *count; i++)
		if (ids[i] == id)
			return true;
	if (*count == most) {
		slack_error(c, "too_many_users");
		return false;
	}
	ids[(*count)++] = id;
	return true;
}

bool arg_people(struct slack_call *c, const char *name, int64_t *ids, size_t most, size_t *count)
{
	const struct json *list = arg_json(c, name);
	struct str refs, one;

	*count = 0;
	if (!arg_need(c, name, &refs))
		return false;
	for (const struct json *v = list ? list->child : NULL; v; v = v->next)
		if (!add_person(c, json_str(v), ids, most, count))
			return false;
	while (!list && refs.n) {
		refs = str_cut(refs, ',', &one);
		if (str_trim(one).n && !add_person(c, one, ids, most, count))
			return false;
	}
	return true;
}

/* Cursors are opaque to clients: base64 of `next:ID`, as Slack's look. */
bool arg_page(struct slack_call *c, unsigned most, unsigned *limit, int64_t *after)
{
	int64_t wanted = arg_int(c, "limit", 100);
	struct str cursor = arg(c, "cursor"), plain;

	*limit = wanted < 1 ? 100 : wanted > most ? most : (unsigned)wanted;
	*after = 0;
	if (!cursor.n)
		return true;
	if (base64_decode(c->w->arena, cursor, &plain) && str_starts(plain, S("next:")) && str_to_int(str_n(plain.p + 5, plain.n - 5), after))
		return true;
	slack_error(c, "invalid_cursor");
	return false;
}

static struct str base64_text(struct arena *a, struct str s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, (s.n + 2) / 3 * 4 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i += 3) {
		unsigned v = (unsigned)(uint8_t)s.p[i] << 16 | (i + 1 < s.n ? (unsigned)(uint8_t)s.p[i + 1] << 8 : 0) | (i + 2 < s.n ? (uint8_t)s.p[i + 2] : 0);

		out[n++] = letters[v >> 18];
		out[n++] = letters[v >> 12 & 63];
		out[n++] = i + 1 < s.n ? letters[v >> 6 & 63] : '=';
		out[n++] = i + 2 < s.n ? letters[v & 63] : '=';
	}
	return str_n(out, n);
}

void put_cursor(struct slack_call *c, int64_t after)
{
	c->has_cursor = true;
	c->cursor = after ? base64_text(c->w->arena, arena_printf(c->w->arena, "next:%" PRId64, after)) : S("");
}

struct pages arg_pages(struct slack_call *c, unsigned usual, unsigned most)
{
	int64_t count = arg_int(c, "count", usual), page = arg_int(c, "page", 1);

	return (struct pages){.count = count < 1 ? usual : count > most ? most : (unsigned)count, .page = page < 1 ? 1 : page > 100000 ? 100000 : (unsigned)page};
}

void put_paging(struct slack_call *c, const struct pages *p)
{
	json_key(&c->out, "paging");
	json_open(&c->out, '{');
	json_add_int(&c->out, "count", p->count);
	json_add_int(&c->out, "total", p->total);
	json_add_int(&c->out, "page", p->page);
	json_add_int(&c->out, "pages", (p->total + p->count - 1) / p->count);
	json_close(&c->out, '}');
}

/* ---- reading the arguments, however they came ---- */

static bool form_into(struct json_out *o, const struct form *f)
{
	for (size_t i = 0; i < f->count; i++) {
		bool again = false;

		for (size_t k = i + 1; k < f->count && !again; k++) /* a name twice: the last counts */
			again = str_eq(f->fields[k].name, f->fields[i].name);
		if (again || !str_is_utf8(f->fields[i].value) || !str_is_utf8(f->fields[i].name))
			continue;
		json_key_str(o, f->fields[i].name);
		json_put_str(o, f->fields[i].value);
	}
	return true;
}

static const char *read_body(struct exchange *x, struct json_out *o, const struct json **json)
{
	const struct http_request *r = x->request;
	struct str type = http_header_get(r, "Content-Type");
	struct err err = {0};
	struct form form;

	*json = NULL;
	if (!r->body.n)
		return NULL;
	if (content_type_is(type, "application/json")) {
		*json = json_parse(x_arena(x), r->body, JSON_LAST_KEY_WINS, &err);
		if (!*json)
			return "invalid_json";
		return (*json)->type == JSON_OBJECT ? NULL : "json_not_object";
	}
	if (content_type_is(type, "multipart/form-data"))
		return form_parse_multipart(x_arena(x), type, r->body, &form, &err) && form_into(o, &form) ? NULL : "invalid_form_data";
	if (!type.n || content_type_is(type, "application/x-www-form-urlencoded"))
		return form_parse(x_arena(x), r->body, &form, &err) && form_into(o, &form) ? NULL : "invalid_form_data";
	return "invalid_post_type";
}

/* The query, then the body over it. */
static const char *read_args(struct exchange *x, const struct json **args)
{
	struct form query;
	struct err err = {0};
	struct buf b;
	struct json_out o;
	const struct json *body;
	const char *problem;

	buf_init(&b, 8 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (form_parse(x_arena(x), x->request->query, &query, &err))
		form_into(&o, &query);
	problem = read_body(x, &o, &body);
	for (const struct json *v = body ? body->child : NULL; v; v = v->next) {
		json_key_str(&o, v->key);
		json_put(&o, v);
	}
	json_close(&o, '}');
	err_clear(&err);
	*args = problem ? NULL : json_parse(x_arena(x), arena_dup(x_arena(x), buf_str(&b)), JSON_LAST_KEY_WINS, &err);
	buf_done(&b);
	return problem ? problem : *args ? NULL : "invalid_arguments";
}

/* ---- the call ---- */

static const struct slack_method *method_find(struct str name)
{
	for (size_t i = 0; i < slack_method_count; i++)
		if (str_is(name, slack_methods[i].name))
			return &slack_methods[i];
	return NULL;
}

static void missing_scope(struct slack_call *c, const struct slack_method *m)
{
	slack_error(c, "missing_scope");
	json_add_str(&c->out, "needed", str_of(m->scope_name));
	json_add_str(&c->out, "provided", c->x->app_id ? c->x->app_scopes : S("read"));
}

/* Tokens of apps may what the manifest's scopes say, all others what read, write and admin stand for. */
static bool has_scope(const struct exchange *x, const struct slack_method *m)
{
	return x->app_id ? app_scope_has(x->app_scopes, str_of(m->scope_name)) : m->needs <= x->caller.scope;
}

static bool is_app_level(const struct slack_method *m)
{
	return m->scope_name[0] && app_scope_has(S(APP_LEVEL_SCOPES), str_of(m->scope_name));
}

static bool named_before(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(slack_methods[k].scope_name, slack_methods[i].scope_name) == 0 && slack_methods[k].needs <= slack_methods[i].needs)
			return true;
	return false;
}

/* What a token that is no app's may, in Slack's words; made once. */
static struct str scopes_up_to(enum scope most)
{
	static struct buf all[SCOPE_ADMIN + 1];
	struct buf *b = &all[most];

	if (b->n)
		return buf_str(b);
	buf_init(b, 4 * KIB);
	for (size_t i = 0; i < slack_method_count; i++)
		if (slack_methods[i].scope_name[0] && slack_methods[i].needs <= most && !is_app_level(&slack_methods[i]) && !named_before(i))
			buf_printf(b, "%s%s", b->n ? "," : "", slack_methods[i].scope_name);
	return buf_str(b);
}

static void dispatch(struct slack_call *c, const struct slack_method *m)
{
	struct exchange *x = c->x;
	span_ms wait;

	c->me = x->user.id;
	if (m->needs && !x->user.id) {
		slack_error(c, x->auth_problem ? x->auth_problem : "not_authed");
		return;
	}
	if (m->needs && x->app_level != is_app_level(m)) {
		slack_error(c, "not_allowed_token_type");
		return;
	}
	if (m->needs && !has_scope(x, m)) {
		missing_scope(c, m);
		return;
	}
	if (x->app_id)
		buf_printf(&x->headers, "x-oauth-scopes: " STR_FMT "\r\nx-accepted-oauth-scopes: %s\r\n", STR_ARG(str_clip(x->app_scopes, 4000)), m->scope_name);
	else if (!x->by_cookie && x->user.id)
		buf_printf(&x->headers, "x-oauth-scopes: " STR_FMT "\r\nx-accepted-oauth-scopes: %s\r\n", STR_ARG(scopes_up_to(x->caller.scope)), m->scope_name);
	x->needed = m->needs;
	if (!slack_rate_method(c, m, &wait)) {
		slack_rate_refuse(c, wait);
		return;
	}
	c->out = slack_answer(x, true);
	warn_of_charset(c);
	m->run(c);
}

void slack_identify(struct exchange *x)
{
	x->slack_problem = read_args(x, &x->slack_args);
	auth_identify(x, x->slack_problem ? S("") : json_get_str(x->slack_args, "token"));
}

void slack_run(struct exchange *x)
{
	struct slack_call c = {.x = x, .w = &x->work, .args = x->slack_args};
	const struct slack_method *m = method_find(x->rest);

	if (!m) {
		slack_error(&c, "unknown_method");
		json_add_str(&c.out, "req_method", str_clip(x->rest, 100));
	} else if (x->slack_problem) {
		slack_error(&c, x->slack_problem);
	} else {
		dispatch(&c, m);
	}
	if (x->err.code)
		return;
	put_metadata(&c);
	json_close(&c.out, '}');
}
