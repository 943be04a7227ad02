#include "ops/slack_web.h"

#include "ops/text.h"

#define SECTION_MAX 3000 /* bytes; Slack counts characters (Block Kit reference: section) */

const struct slack_method_info slack_web_methods[SLACK_METHODS] = {
	[SLACK_AUTH_TEST] = {"auth.test", 300, false},
	[SLACK_CONNECTIONS_OPEN] = {"apps.connections.open", 50, false},
	/* One a second and channel, which is the engine's pace; "several hundred" in all */
	[SLACK_POST] = {"chat.postMessage", 300, true},
	[SLACK_POST_EPHEMERAL] = {"chat.postEphemeral", 100, true},
	[SLACK_UPDATE] = {"chat.update", 50, false},
	[SLACK_DELETE] = {"chat.delete", 50, false},
	[SLACK_LIST] = {"conversations.list", 20, false},
	[SLACK_INFO] = {"conversations.info", 50, false},
	[SLACK_HISTORY] = {"conversations.history", 50, false},
	[SLACK_REPLIES] = {"conversations.replies", 50, false},
	[SLACK_JOIN] = {"conversations.join", 50, false},
	[SLACK_CREATE] = {"conversations.create", 20, false},
	[SLACK_OPEN] = {"conversations.open", 50, false},
	[SLACK_SET_TOPIC] = {"conversations.setTopic", 20, false},
	[SLACK_FILE_URL] = {"files.getUploadURLExternal", 100, false},
	[SLACK_FILE_DONE] = {"files.completeUploadExternal", 100, true},
	[SLACK_FILE_INFO] = {"files.info", 100, false},
	[SLACK_PIN] = {"pins.add", 20, false},
	[SLACK_UNPIN] = {"pins.remove", 20, false},
	[SLACK_REACT] = {"reactions.add", 50, false},
	[SLACK_UNREACT] = {"reactions.remove", 20, false},
	[SLACK_USERS] = {"users.list", 20, false},
	[SLACK_USER] = {"users.info", 100, false},
	[SLACK_OURS] = {"users.conversations", 50, false},
	[SLACK_VIEW_OPEN] = {"views.open", 100, true},
};

/* ---- arguments ---- */

void slack_arg(struct slack_args *args, const char *key, struct str value)
{
	if (args->count < COUNT_OF(args->list))
		args->list[args->count++] = (struct slack_arg){key, value};
}

static struct str part_of(struct arena *a, struct str body, const char *key)
{
	struct err ignored = {0};
	const struct json *v = body.n ? json_get(json_parse(a, body, JSON_LAST_KEY_WINS, &ignored), key) : NULL;
	struct json_out o;
	struct buf b;

	if (!v || v->type != JSON_ARRAY || !v->count)
		return S("");
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_put(&o, v);
	return buf_keep(a, &b);
}

static struct str said_by(struct arena *a, const struct slack_say *s)
{
	if (!s->author.n || s->may_customize)
		return s->text;
	return arena_printf(a, "*" STR_FMT ":* " STR_FMT, STR_ARG(mrkdwn_escape(a, s->author)), STR_ARG(s->text));
}

static void content(struct arena *a, struct slack_args *args, const struct slack_say *s, bool empty_too)
{
	static const char *const parts[] = {"blocks", "attachments"};

	slack_arg(args, "text", said_by(a, s));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct str v = part_of(a, s->body, parts[i]);

		if (v.n || empty_too)
			slack_arg(args, parts[i], v.n ? v : S("[]"));
	}
}

static void silent_links(struct slack_args *args)
{
	slack_arg(args, "unfurl_links", S("false"));
	slack_arg(args, "unfurl_media", S("false"));
}

static void author(struct slack_args *args, const struct slack_say *s)
{
	if (s->author.n && s->may_customize)
		slack_arg(args, "username", str_clip(s->author, 80));
}

void slack_say_args(struct arena *a, struct slack_args *args, const struct slack_say *s)
{
	slack_arg(args, "channel", s->channel);
	content(a, args, s, false);
	if (s->thread.n)
		slack_arg(args, "thread_ts", s->thread);
	if (s->thread.n && s->broadcast)
		slack_arg(args, "reply_broadcast", S("true"));
	author(args, s);
	silent_links(args);
	if (s->key.n)
		slack_arg(args, "metadata", arena_printf(a, "{\"event_type\":\"opsroom_message\",\"event_payload\":{\"key\":\"" STR_FMT "\"}}", STR_ARG(s->key)));
}

void slack_change_args(struct arena *a, struct slack_args *args, const struct slack_say *s, struct str ts)
{
	slack_arg(args, "channel", s->channel);
	slack_arg(args, "ts", ts);
	content(a, args, s, true);
}

void slack_whisper_args(struct arena *a, struct slack_args *args, const struct slack_say *s, struct str person)
{
	slack_arg(args, "channel", s->channel);
	slack_arg(args, "user", person);
	content(a, args, s, false);
	if (s->thread.n)
		slack_arg(args, "thread_ts", s->thread);
}

/* Files have no metadata: the key is the id of the comment's first block. */
static struct str comment_blocks(struct arena *a, const struct slack_say *s, struct str instead)
{
	struct str text = said_by(a, s), first;
	struct json_out o;
	struct buf b;

	if (!text.n)
		text = mrkdwn_escape(a, instead);
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '[');
	for (int i = 0; i < 3 && text.n; i++) {
		first = str_clip(text, SECTION_MAX);
		text = str_n(text.p + first.n, text.n - first.n);
		json_open(&o, '{');
		json_add_str(&o, "type", S("section"));
		if (!i)
			json_add_str(&o, "block_id", s->key);
		json_key(&o, "text");
		json_open(&o, '{');
		json_add_str(&o, "type", S("mrkdwn"));
		json_add_str(&o, "text", first);
		json_close(&o, '}');
		json_close(&o, '}');
	}
	json_close(&o, ']');
	return buf_keep(a, &b);
}

void slack_files_args(struct arena *a, struct slack_args *args, const struct slack_say *s, const struct str *ids, const struct str *titles, size_t count)
{
	struct slack_say said = *s;
	struct json_out o;
	struct buf b;

	said.may_customize = false; /* no argument of this method names an author */
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&o, '{');
		json_add_str(&o, "id", ids[i]);
		json_add_str(&o, "title", titles[i]);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	slack_arg(args, "files", buf_keep(a, &b));
	slack_arg(args, "channel_id", s->channel);
	if (s->thread.n)
		slack_arg(args, "thread_ts", s->thread);
	slack_arg(args, "blocks", comment_blocks(a, &said, count ? titles[0] : S("file")));
}

struct str slack_respond_body(struct arena *a, const struct slack_say *s)
{
	static const char *const parts[] = {"blocks", "attachments"};
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "response_type", S("ephemeral"));
	json_add_bool(&o, "replace_original", false);
	json_add_str(&o, "text", s->text);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct str v = part_of(a, s->body, parts[i]);

		if (v.n)
			json_add_raw(&o, parts[i], v);
	}
	if (s->thread.n)
		json_add_str(&o, "thread_ts", s->thread);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* ---- what was said before ---- */

struct str slack_ts(struct arena *a, wall_ms at)
{
	at = at > 0 ? at : 0;
	return arena_printf(a, "%lld.%03d000", (long long)(at / 1000), (int)(at % 1000));
}

struct str slack_find_key(const struct json *messages, struct str key)
{
	for (const struct json *m = json_is(messages, JSON_ARRAY) ? messages->child : NULL; m; m = m->next) {
		const struct json *meta = json_get(m, "metadata"), *blocks = json_get(m, "blocks");
		bool found = str_is(json_get_str(meta, "event_type"), "opsroom_message") && str_eq(json_get_str(json_get(meta, "event_payload"), "key"), key);

		if (found || (json_is(blocks, JSON_ARRAY) && str_eq(json_get_str(blocks->child, "block_id"), key)))
			return json_get_str(m, "ts");
	}
	return S("");
}

struct str slack_file_shared(const struct json *file, struct str channel)
{
	static const char *const kinds[] = {"public", "private"};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct json *in = json_get(json_get(file, "shares"), kinds[i]);

		for (const struct json *c = json_is(in, JSON_OBJECT) ? in->child : NULL; c; c = c->next)
			if (str_eq(c->key, channel) && json_is(c, JSON_ARRAY) && c->child)
				return json_get_str(c->child, "ts");
	}
	return S("");
}

/* ---- answers ---- */

static const struct {
	const char *error;
	enum slack_outcome outcome;
	const char *why; /* NULL: the word alone */
} errors[] = {
	{"already_reacted", SLACK_OK, NULL},
	{"no_reaction", SLACK_OK, NULL},
	{"already_pinned", SLACK_OK, NULL},
	{"no_pin", SLACK_OK, NULL},
	{"not_pinned", SLACK_OK, NULL},
	{"ratelimited", SLACK_LATER, "Slack asks for a pause"},
	{"rate_limited", SLACK_LATER, "Slack asks for a pause"},
	{"message_limit_exceeded", SLACK_LATER, "the workspace posts more than Slack takes"},
	{"service_unavailable", SLACK_LATER, "Slack says that it is not available"},
	{"team_added_to_org", SLACK_LATER, "the workspace is being moved to an organisation"},
	/* Their pages say that some of it may have been done. */
	{"internal_error", SLACK_UNSURE, "Slack had a fault of its own"},
	{"fatal_error", SLACK_UNSURE, "Slack had a fault of its own"},
	{"request_timeout", SLACK_UNSURE, "Slack did not read the whole request"},
	{"not_in_channel", SLACK_OUTSIDE, "the bot is not in the channel: invite it there with /invite"},
	{"channel_not_found", SLACK_OUTSIDE, "the channel is not there, or it is private: invite the bot there with /invite"},
	{"user_not_in_channel", SLACK_OUTSIDE, "the person is not in the channel"},
	{"not_authed", SLACK_ENDED, "the token is missing"},
	{"invalid_auth", SLACK_ENDED, "Slack does not know the token: copy it anew from the app's page"},
	{"account_inactive", SLACK_ENDED, "the app or its bot was removed from the workspace: install it again and copy the new token"},
	{"token_revoked", SLACK_ENDED, "the token was revoked: install the app again and copy the new one"},
	{"token_expired", SLACK_ENDED, "the token is over: switch token rotation off in the app's settings and copy the token anew"},
	{"user_removed_from_team", SLACK_ENDED, "the bot was removed from the workspace: install the app again"},
	{"team_disabled", SLACK_ENDED, "the workspace is disabled"},
	{"org_login_required", SLACK_LATER, "the workspace is being moved to an organisation"},
	{"is_archived", SLACK_REFUSED, "the channel is archived"},
	{"restricted_action", SLACK_REFUSED, "the workspace's settings do not let the app post there"},
	{"message_not_found", SLACK_REFUSED, "somebody deleted the message"},
	{"cant_update_message", SLACK_REFUSED, "the message is another's"},
	{"expired_trigger_id", SLACK_REFUSED, "it took over 3 seconds to ask: press again"},
	{"exchanged_trigger_id", SLACK_REFUSED, "it was asked once already: press again"},
	{"not_allowed_token_type", SLACK_REFUSED, "a token of another kind is wanted: xoxb- in token_file, xapp- in app_token_file"},
};

enum slack_outcome slack_judge(enum slack_method m, struct str error)
{
	if (m == SLACK_DELETE && str_is(error, "message_not_found"))
		return SLACK_OK;
	if ((m == SLACK_UNREACT || m == SLACK_UNPIN) && str_is(error, "message_not_found"))
		return SLACK_OK;
	for (size_t i = 0; i < COUNT_OF(errors); i++)
		if (str_is(error, errors[i].error))
			return errors[i].outcome;
	return SLACK_REFUSED;
}

/* "[ERROR] missing required field: channel" */
static struct str first_message(const struct json *answer)
{
	const struct json *list = json_get(json_get(answer, "response_metadata"), "messages");

	return json_is(list, JSON_ARRAY) ? json_str(list->child) : S("");
}

struct str slack_why(struct arena *a, enum slack_method m, const struct json *answer)
{
	const char *method = slack_web_methods[m].name;
	struct str error = json_get_str(answer, "error"), needed = json_get_str(answer, "needed"), said = first_message(answer);

	if (str_is(error, "missing_scope"))
		return arena_printf(a, "%s: the app lacks " STR_FMT ": add it under OAuth & Permissions and install the app again", method,
				    STR_ARG(needed.n ? str_clip(needed, 100) : S("a scope")));
	for (size_t i = 0; i < COUNT_OF(errors); i++)
		if (str_is(error, errors[i].error) && errors[i].why)
			return arena_printf(a, "%s: %s (" STR_FMT ")", method, errors[i].why, STR_ARG(error));
	error = error.n ? str_clip(error, 100) : S("no error named");
	if (said.n)
		return arena_printf(a, "%s: " STR_FMT ": " STR_FMT, method, STR_ARG(error), STR_ARG(str_clip(said, 150)));
	return arena_printf(a, "%s: " STR_FMT, method, STR_ARG(error));
}
