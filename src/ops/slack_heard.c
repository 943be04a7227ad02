#include "ops/slack_heard.h"

#include "base/crypt.h"
#include "ops/text.h"

#define TEXT_MAX (64 * KIB)
#define FILES_MAX 20

/* ---- people and channels ---- */

void slack_read_person(const struct json *user, const struct slack_self *self, struct slack_person *out)
{
	const struct json *profile = json_get(user, "profile");
	struct str real = json_get_str(profile, "real_name"), team = json_get_str(user, "team_id");
	bool ours = !json_get_bool(user, "is_stranger", false) && (!team.n || str_eq(team, self->team_id));

	*out = (struct slack_person){.id = json_get_str(user, "id"), .name = json_get_str(user, "name"), .real_name = real.n ? real : json_get_str(user, "real_name"),
				     .email = ours ? json_get_str(profile, "email") : S(""), .is_bot = json_get_bool(user, "is_bot", false), .deleted = json_get_bool(user, "deleted", false)};
	out->is_bot |= str_is(out->id, "USLACKBOT");
}

void slack_read_channel(const struct json *channel, struct slack_channel *out)
{
	*out = (struct slack_channel){.id = json_get_str(channel, "id"), .name = json_get_str(channel, "name"), .topic = json_get_str(json_get(channel, "topic"), "value"),
				      .is_private = json_get_bool(channel, "is_private", false), .direct = json_get_bool(channel, "is_im", false),
				      .is_member = json_get_bool(channel, "is_member", false), .archived = json_get_bool(channel, "is_archived", false)};
	out->direct |= str_starts(out->id, S("D"));
}

static struct slack_channel channel_of(struct str id)
{
	return (struct slack_channel){.id = id, .direct = str_starts(id, S("D")), .is_private = str_starts(id, S("G"))};
}

static bool is_self(const struct slack_self *self, struct str user, struct str bot)
{
	return (user.n && str_eq(user, self->user_id)) || (bot.n && str_eq(bot, self->bot_id));
}

/* ---- what is said ---- */

/* An app's message may have no text but in its attachments. */
static struct str text_of(struct arena *a, const struct json *m)
{
	const struct json *list = json_get(m, "attachments");
	struct str text = json_get_str(m, "text"), one;
	unsigned count = 0;

	for (const struct json *v = !text.n && json_is(list, JSON_ARRAY) ? list->child : NULL; v && count < FILES_MAX; v = v->next, count++) {
		one = json_get_str(v, "fallback");
		one = one.n ? one : json_get_str(v, "text");
		if (one.n && text.n + one.n < TEXT_MAX)
			text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), text.n ? "\n" : "", STR_ARG(one));
	}
	if (str_is(json_get_str(m, "subtype"), "me_message"))
		text = arena_printf(a, "_" STR_FMT "_", STR_ARG(text));
	return str_clip(text, TEXT_MAX);
}

/* Files as links to where they lie there. */
static struct str with_files(struct arena *a, struct str text, const struct json *files)
{
	unsigned count = 0;

	for (const struct json *f = json_is(files, JSON_ARRAY) ? files->child : NULL; f && count < FILES_MAX; f = f->next, count++) {
		struct str link = json_get_str(f, "permalink"), title = json_get_str(f, "title");

		title = mrkdwn_escape(a, str_clip(title.n ? title : json_get_str(f, "name"), 200));
		if (!title.n)
			title = S("file");
		if (link.n && link.n < 2000 && !memchr(link.p, '>', link.n) && !memchr(link.p, '|', link.n) && !memchr(link.p, ' ', link.n))
			text = arena_printf(a, STR_FMT "%s<" STR_FMT "|" STR_FMT ">", STR_ARG(text), text.n ? "\n" : "", STR_ARG(link), STR_ARG(title));
		else
			text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), text.n ? "\n" : "", STR_ARG(title));
	}
	return text;
}

static struct slack_person person_of(const struct json *m)
{
	struct str user = json_get_str(m, "user"), bot = json_get_str(m, "bot_id"), name = json_get_str(m, "username");
	struct slack_person p = {.id = user.n ? user : bot, .is_bot = bot.n > 0};

	if (bot.n)
		p.name = name.n ? name : json_get_str(json_get(m, "bot_profile"), "name");
	return p;
}

static struct str thread_of(const struct json *m)
{
	struct str thread = json_get_str(m, "thread_ts");

	return str_eq(thread, json_get_str(m, "ts")) ? S("") : thread;
}

static bool read_said(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	if (json_get_bool(e, "hidden", false) || is_self(self, json_get_str(e, "user"), json_get_str(e, "bot_id")))
		return false;
	out->what = SLACK_HEARD_MESSAGE;
	out->person = person_of(e);
	out->message = json_get_str(e, "ts");
	out->thread = thread_of(e);
	out->text = with_files(a, text_of(a, e), json_get(e, "files"));
	return out->message.n && out->person.id.n && out->text.n;
}

static bool read_changed(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *now = json_get(e, "message"), *before = json_get(e, "previous_message");

	out->message = json_get_str(now, "ts");
	if (!out->message.n || is_self(self, json_get_str(now, "user"), json_get_str(now, "bot_id")))
		return false;
	out->person = person_of(now);
	out->thread = thread_of(now);
	/* A root that was deleted stays as a stone over its thread. */
	out->what = str_is(json_get_str(now, "subtype"), "tombstone") ? SLACK_HEARD_DROPPED : SLACK_HEARD_CHANGED;
	if (out->what == SLACK_HEARD_DROPPED)
		return true;
	/* Links that unfold, pins and replies come as changes too. */
	if (before && str_eq(text_of(a, now), text_of(a, before)))
		return false;
	out->text = with_files(a, text_of(a, now), json_get(now, "files"));
	return out->text.n > 0;
}

static bool read_dropped(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *before = json_get(e, "previous_message");

	(void)a;
	if (is_self(self, json_get_str(before, "user"), json_get_str(before, "bot_id")))
		return false;
	out->what = SLACK_HEARD_DROPPED;
	out->message = json_get_str(e, "deleted_ts");
	out->person = person_of(before);
	return out->message.n > 0;
}

static bool read_topic(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	(void)a;
	out->what = SLACK_HEARD_TOPIC;
	out->person.id = json_get_str(e, "user");
	out->name = json_get_str(e, "topic");
	return !is_self(self, out->person.id, S(""));
}

typedef bool read_fn(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out);

/* The other subtypes say what other events say too (a join, a new name), or nothing for us. */
static const struct {
	const char *subtype;
	read_fn *read;
} messages[] = {
	{"", read_said}, {"thread_broadcast", read_said}, {"file_share", read_said}, {"bot_message", read_said}, {"me_message", read_said},
	{"message_changed", read_changed}, {"message_deleted", read_dropped}, {"channel_topic", read_topic}, {"group_topic", read_topic},
};

static bool read_message(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	struct str subtype = json_get_str(e, "subtype"), type = json_get_str(e, "channel_type");

	out->channel = channel_of(json_get_str(e, "channel"));
	out->channel.direct |= str_is(type, "im");
	out->channel.is_private |= str_is(type, "group") || str_is(type, "mpim");
	for (size_t i = 0; out->channel.id.n && i < COUNT_OF(messages); i++)
		if (str_is(subtype, messages[i].subtype))
			return messages[i].read(a, e, self, out);
	return false;
}

/* ---- the other events ---- */

static bool read_reaction(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *item = json_get(e, "item");

	(void)a;
	out->what = str_is(json_get_str(e, "type"), "reaction_added") ? SLACK_HEARD_REACTED : SLACK_HEARD_UNREACTED;
	out->person.id = json_get_str(e, "user");
	out->channel = channel_of(json_get_str(item, "channel"));
	out->message = json_get_str(item, "ts");
	out->name = json_get_str(e, "reaction");
	return str_is(json_get_str(item, "type"), "message") && out->person.id.n && out->channel.id.n && out->message.n && out->name.n && !is_self(self, out->person.id, S(""));
}

static bool read_pin(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *item = json_get(e, "item");

	(void)a;
	out->what = str_is(json_get_str(e, "type"), "pin_added") ? SLACK_HEARD_PINNED : SLACK_HEARD_UNPINNED;
	out->person.id = json_get_str(e, "user");
	out->channel = channel_of(json_get_str(e, "channel_id"));
	out->message = json_get_str(json_get(item, "message"), "ts");
	return out->channel.id.n && out->message.n && !is_self(self, out->person.id, S(""));
}

/* Others come and go; only our own place counts. */
static bool read_member(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	(void)a;
	out->what = str_is(json_get_str(e, "type"), "member_joined_channel") ? SLACK_HEARD_JOINED : SLACK_HEARD_LEFT;
	out->channel = channel_of(json_get_str(e, "channel"));
	return out->channel.id.n && is_self(self, json_get_str(e, "user"), S(""));
}

static bool read_left(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	(void)a, (void)self;
	out->what = SLACK_HEARD_LEFT;
	out->channel = channel_of(json_get_str(e, "channel"));
	return out->channel.id.n > 0;
}

static bool read_renamed(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *c = json_get(e, "channel");

	(void)a, (void)self;
	out->what = SLACK_HEARD_RENAMED;
	out->channel = channel_of(json_get_str(c, "id"));
	out->channel.name = json_get_str(c, "name");
	return out->channel.id.n && out->channel.name.n;
}

static bool read_someone(struct arena *a, const struct json *e, const struct slack_self *self, struct slack_heard *out)
{
	(void)a;
	out->what = SLACK_HEARD_PERSON;
	slack_read_person(json_get(e, "user"), self, &out->person);
	return out->person.id.n && out->person.name.n && !out->person.deleted && !is_self(self, out->person.id, S(""));
}

/* app_mention is not among them: the message that mentions us comes by itself. */
static const struct {
	const char *type;
	read_fn *read;
} events[] = {
	{"message", read_message}, {"reaction_added", read_reaction}, {"reaction_removed", read_reaction}, {"pin_added", read_pin}, {"pin_removed", read_pin},
	{"member_joined_channel", read_member}, {"member_left_channel", read_member}, {"channel_left", read_left}, {"group_left", read_left},
	{"channel_rename", read_renamed}, {"group_rename", read_renamed}, {"team_join", read_someone}, {"user_change", read_someone},
};

bool slack_read_event(struct arena *a, const struct json *payload, const struct slack_self *self, struct slack_heard *out)
{
	const struct json *e = json_get(payload, "event");
	struct str type = json_get_str(e, "type");

	*out = (struct slack_heard){.event = str_clip(json_get_str(payload, "event_id"), 100)};
	for (size_t i = 0; i < COUNT_OF(events); i++)
		if (str_is(type, events[i].type))
			return events[i].read(a, e, self, out);
	return false;
}

/* ---- what people do ---- */

/* A trigger_id is used once and is a secret for three seconds: its hash names what was done. */
static struct str event_of(struct arena *a, const struct json *payload)
{
	struct str trigger = json_get_str(payload, "trigger_id");

	return trigger.n ? arena_printf(a, "do-%.24s", crypt_sha256_hex(a, trigger).p) : S("");
}

static struct str reply_of(struct arena *a, const struct json *payload, wall_ms now)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "url", str_clip(json_get_str(payload, "response_url"), 2000));
	json_add_str(&o, "trigger", str_clip(json_get_str(payload, "trigger_id"), 500));
	json_add_int(&o, "at", now);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

bool slack_reply_read(struct arena *a, struct str reply, struct slack_reply *out)
{
	struct err ignored = {0};
	const struct json *v = reply.n ? json_parse(a, reply, JSON_STRICT, &ignored) : NULL;

	*out = (struct slack_reply){json_get_str(v, "url"), json_get_str(v, "trigger"), json_get_int(v, "at", 0)};
	return v != NULL;
}

bool slack_read_slash(struct arena *a, const struct json *payload, wall_ms now, struct slack_heard *out)
{
	*out = (struct slack_heard){.what = SLACK_HEARD_SLASH, .event = event_of(a, payload), .channel = channel_of(json_get_str(payload, "channel_id")), .reply = reply_of(a, payload, now)};
	out->text = str_clip(json_get_str(payload, "text"), TEXT_MAX);
	out->person = (struct slack_person){.id = json_get_str(payload, "user_id"), .name = json_get_str(payload, "user_name")};
	out->thread = json_get_str(payload, "thread_ts");
	if (!out->channel.direct)
		out->channel.name = json_get_str(payload, "channel_name");
	return out->channel.id.n && out->person.id.n;
}

static struct slack_person who_did(const struct json *payload)
{
	const struct json *u = json_get(payload, "user");
	struct str name = json_get_str(u, "name");

	return (struct slack_person){.id = json_get_str(u, "id"), .name = name.n ? name : json_get_str(u, "username")};
}

/* What was chosen in a menu is its value. */
static struct str value_of(const struct json *action)
{
	static const char *const chosen[] = {"selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time"};
	struct str value = json_get_str(action, "value");

	if (!value.n)
		value = json_get_str(json_get(action, "selected_option"), "value");
	for (size_t i = 0; !value.n && i < COUNT_OF(chosen); i++)
		value = json_get_str(action, chosen[i]);
	return value;
}

static bool read_press(const struct json *payload, struct slack_heard *out)
{
	const struct json *list = json_get(payload, "actions"), *action = json_is(list, JSON_ARRAY) ? list->child : NULL, *at = json_get(payload, "container");
	struct str channel = json_get_str(at, "channel_id");

	out->what = SLACK_HEARD_PRESS;
	out->channel = channel_of(channel.n ? channel : json_get_str(json_get(payload, "channel"), "id"));
	out->message = json_get_str(at, "message_ts");
	out->thread = json_get_str(at, "thread_ts");
	if (str_eq(out->thread, out->message))
		out->thread = S("");
	out->action = json_get_str(action, "action_id");
	out->value = value_of(action);
	if (!out->channel.direct)
		out->channel.name = json_get_str(json_get(payload, "channel"), "name");
	return out->channel.id.n && out->message.n && out->action.n;
}

static bool read_dialog(struct arena *a, const struct json *payload, struct slack_heard *out)
{
	const struct json *view = json_get(payload, "view");
	struct json_out o;
	struct buf b;

	if (!json_is(view, JSON_OBJECT))
		return false;
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_put(&o, view);
	out->what = SLACK_HEARD_DIALOG;
	out->view = buf_keep(a, &b);
	return true;
}

bool slack_read_interactive(struct arena *a, const struct json *payload, wall_ms now, struct slack_heard *out)
{
	struct str type = json_get_str(payload, "type");

	*out = (struct slack_heard){.event = event_of(a, payload), .person = who_did(payload), .reply = reply_of(a, payload, now)};
	if (!out->person.id.n)
		return false;
	return str_is(type, "block_actions") ? read_press(payload, out) : str_is(type, "view_submission") && read_dialog(a, payload, out);
}

/* ---- Socket Mode ---- */

bool slack_read_frame(struct arena *a, struct str text, struct slack_frame *out)
{
	static const char *const types[] = {"hello", "disconnect", "events_api", "slash_commands", "interactive"};
	struct err ignored = {0};
	const struct json *v = json_parse(a, text, JSON_LAST_KEY_WINS, &ignored);
	struct str type = json_get_str(v, "type");

	if (!json_is(v, JSON_OBJECT))
		return false;
	*out = (struct slack_frame){.type = SLACK_FRAME_OTHER, .envelope = str_clip(json_get_str(v, "envelope_id"), 200), .reason = json_get_str(v, "reason"), .payload = json_get(v, "payload")};
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_is(type, types[i]))
			out->type = (enum slack_frame_type)i;
	return true;
}

/* ---- Events API ---- */

bool slack_signed(struct str secret, struct str stamp, struct str signature, struct str body, wall_ms now)
{
	char hex[2 * 32 + 1];
	uint8_t mac[32];
	int64_t second;
	struct buf b;

	if (!secret.n || !str_to_int(stamp, &second) || second < 0 || second > INT64_MAX / 1000 || !str_starts(signature, S("v0=")))
		return false;
	if (second * 1000 - now > SLACK_SIGNATURE_LIFE || now - second * 1000 > SLACK_SIGNATURE_LIFE)
		return false;
	buf_init(&b, body.n + 100);
	buf_printf(&b, "v0:" STR_FMT ":", STR_ARG(stamp));
	buf_add(&b, body);
	crypt_hmac_sha256_text(secret, buf_str(&b), mac);
	buf_done(&b);
	crypt_hex_write(hex, mac, sizeof mac);
	return str_eq_secret(str_n(signature.p + 3, signature.n - 3), str_of(hex));
}
