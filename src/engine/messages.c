#include "engine/messages_internal.h"

#include "engine/app_events.h"
#include "engine/links.h"
#include "engine/slack_json.h"
#include "ops/text.h"
#include "store/app_views.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/files.h"
#include "store/journal.h"
#include "store/marks.h"
#include "store/profiles.h"

#include <inttypes.h>

#define BODY_MAX (256 * KIB)
#define TOPIC_MAX 250
#define KEY_LIFE (24 * HOUR)

bool chat_refuse(struct err *err, enum err_code code, const char *name)
{
	err_set(err, code, "%s", name);
	return false;
}

/* ---- finding channels ---- */

bool chat_is_member(struct work *w, int64_t channel_id, int64_t user_id)
{
	struct err ignored = {0};

	return store_member_find(w->engine->db, channel_id, user_id, NULL, &ignored);
}

bool chat_may_read(struct work *w, int64_t channel_id, int64_t user_id)
{
	struct err ignored = {0};
	struct channel c;

	return channel_id && store_channel_find(w->engine->db, w->arena, channel_id, &c, &ignored) && (c.kind == CHANNEL_PUBLIC || chat_is_member(w, channel_id, user_id));
}

static bool find_ref(struct work *w, int64_t user_id, struct str ref, int64_t *id, bool *is_user, struct err *err)
{
	*is_user = false;
	if (id_parse(ref, "CDG", id))
		return true;
	if (id_parse(ref, "UW", id))
		return *is_user = true;
	if (ref.n && (ref.p[0] == '#' || ref.p[0] == '@')) {
		*is_user = ref.p[0] == '@';
		ref = str_n(ref.p + 1, ref.n - 1);
	}
	(void)user_id;
	return store_name_find(w->engine->db, w->engine->workspace_id, *is_user ? "user" : "channel", arena_lower(w->arena, ref), id, err);
}

bool chat_channel(struct work *w, int64_t user_id, struct str ref, struct channel *out, struct err *err)
{
	struct err why = {0};
	bool is_user, existed;
	int64_t id;

	if (!find_ref(w, user_id, str_trim(ref), &id, &is_user, &why))
		return chat_refuse(err, why.code ? why.code : ERR_NOT_FOUND, why.code ? why.text : "channel_not_found");
	if (is_user)
		return chat_open_dm(w, user_id, id, out, &existed, err);
	if (!store_channel_find(w->engine->db, w->arena, id, out, &why) || out->workspace_id != w->engine->workspace_id)
		return chat_refuse(err, why.code ? why.code : ERR_NOT_FOUND, why.code ? why.text : "channel_not_found");
	if (out->kind != CHANNEL_PUBLIC && user_id && !chat_is_member(w, id, user_id))
		return chat_refuse(err, ERR_NOT_FOUND, "channel_not_found");
	return true;
}

/* ---- the channel's sequence ---- */

bool channel_record(struct work *w, struct channel *c, enum channel_event_kind kind, int64_t ref_ts, int64_t user_id, struct str detail, struct err *err)
{
	struct channel_event e = {.channel_id = c->id, .seq = ++c->last_seq, .kind = kind, .ref_ts = ref_ts, .user_id = user_id, .detail = detail};

	if (!store_event_add(w->engine->db, &e, err) || !store_channel_advance(w->engine->db, c, err))
		return false;
	effect_publish_channel(w, c->id, event_frame(w, c, &e));
	engine_counters(w->engine)->messages++;
	return true;
}

/* ---- posting ---- */

#define MENTIONS_MAX 1000 /* people of a message; with its groups */

struct mention_collector {
	struct work *w;
	struct vec ids;
	struct err err;
};

static void mention_one(struct mention_collector *m, int64_t user_id)
{
	const int64_t *ids = m->ids.items;

	if (m->ids.count == MENTIONS_MAX)
		return;
	for (size_t i = 0; i < m->ids.count; i++)
		if (ids[i] == user_id)
			return;
	*(int64_t *)vec_push(m->w->arena, &m->ids, sizeof user_id) = user_id;
}

static void mention_group(struct mention_collector *m, int64_t group_id)
{
	struct engine *e = m->w->engine;
	struct usergroup g;
	int64_t *members;
	size_t count;

	if (!store_usergroup_find(e->db, m->w->arena, e->workspace_id, group_id, &g, &m->err) || g.deleted ||
	    !store_usergroup_members(e->db, m->w->arena, group_id, &members, &count, &m->err))
		return;
	for (size_t i = 0; i < count; i++)
		mention_one(m, members[i]);
}

static void on_mention(void *context, struct str id)
{
	struct mention_collector *m = context;
	int64_t n;

	if (id_parse(id, "UW", &n))
		mention_one(m, n);
	else if (id_parse(id, "S", &n))
		mention_group(m, n);
}

static bool record_mentions(struct work *w, const struct message *m, struct err *err)
{
	struct mention_collector found = {.w = w};
	const int64_t *ids;

	if (mrkdwn_mentions(m->text, on_mention, &found))
		mention_one(&found, 0);
	if (found.err.code) {
		*err = found.err;
		return false;
	}
	ids = found.ids.items;
	for (size_t i = 0; i < found.ids.count; i++)
		if (!store_mention_add(w->engine->db, m->channel_id, ids[i], m->ts, err))
			return false;
	return true;
}

/* A reply makes its root count it, which everybody sees. */
static bool reply_to(struct work *w, struct channel *c, struct message *root, int64_t reply_ts, struct err *err)
{
	root->reply_count++;
	root->latest_reply = reply_ts;
	return store_message_replies(w->engine->db, root, err) && channel_record(w, c, EVENT_REPLIED, root->ts, 0, S(""), err);
}

static bool find_root(struct work *w, const struct channel *c, struct message *m, struct message *root, struct err *err)
{
	if (!store_message_find(w->engine->db, w->arena, c->id, m->thread_ts, root, err) || root->deleted)
		return chat_refuse(err, ERR_NOT_FOUND, "thread_not_found");
	if (root->thread_ts) { /* a reply was named: its thread is meant */
		m->thread_ts = root->thread_ts;
		if (!store_message_find(w->engine->db, w->arena, c->id, m->thread_ts, root, err))
			return chat_refuse(err, ERR_NOT_FOUND, "thread_not_found");
	}
	return true;
}

static bool check_message(const struct channel *c, struct message *m, struct err *err)
{
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	if (m->body.n > BODY_MAX)
		return chat_refuse(err, ERR_TOO_BIG, "msg_too_long");
	if (!str_trim(m->text).n && m->body.n <= 2 && !m->file_count && !m->has_files)
		return chat_refuse(err, ERR_INVALID, "no_text");
	m->text = str_clip(m->text, CHAT_TEXT_MAX);
	return true;
}

static int64_t next_ts(const struct work *w, const struct channel *c)
{
	int64_t ts = w->now * 1000;

	return ts > c->last_ts ? ts : c->last_ts + 1;
}

static bool add_files(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	for (size_t i = 0; i < m->file_count; i++) {
		struct file *f = &m->files[i];

		f->channel_id = m->channel_id;
		f->ts = m->ts;
		f->user_id = m->user_id;
		f->created = w->now;
		if (!store_file_add(w->engine->db, f, err) || !apps_hear_file(w, c, f->id, f->user_id, "file_shared", err) ||
		    (c->kind == CHANNEL_PUBLIC && !apps_hear_file(w, c, f->id, f->user_id, "file_public", err)))
			return false;
	}
	return true;
}

bool chat_post_message(struct work *w, struct channel *c, struct message *m, struct err *err)
{
	struct message root = {0};

	if (!check_message(c, m, err) || (m->thread_ts && !find_root(w, c, m, &root, err)))
		return false;
	m->channel_id = c->id;
	m->id = engine_id(w);
	m->seq = ++c->last_seq;
	m->ts = c->last_ts = next_ts(w, c);
	m->has_files = m->file_count > 0;
	if (!store_message_add(w->engine->db, m, err) || !add_files(w, c, m, err) || !store_channel_advance(w->engine->db, c, err) || !record_mentions(w, m, err))
		return false;
	effect_publish_channel(w, c->id, message_frame(w, c, m));
	engine_counters(w->engine)->messages++;
	return (!m->thread_ts || reply_to(w, c, &root, m->ts, err)) && apps_hear_message(w, c, m, err) && links_said(w, c, m, err);
}

bool chat_post_once(struct work *w, struct channel *c, struct message *m, struct str key, struct err *err)
{
	struct str hashed = crypt_sha256_hex(w->arena, key), stored;
	bool same;

	if (store_idempotency_find(w->engine->db, w->arena, c->id, hashed, S("post"), w->now, &same, &stored, err))
		return str_to_int(stored, &m->ts);
	if (err->code || !chat_post_message(w, c, m, err))
		return false;
	return store_idempotency_add(w->engine->db, c->id, hashed, S("post"), arena_printf(w->arena, "%" PRId64, m->ts), w->now + KEY_LIFE, err);
}

/* ---- changing ---- */

bool chat_change_message(struct work *w, struct channel *c, struct message *m, int64_t editor_id, struct err *err)
{
	struct message before;

	if (!check_message(c, m, err))
		return false;
	if (!store_message_find(w->engine->db, w->arena, c->id, m->ts, &before, err) || before.deleted)
		return chat_refuse(err, ERR_NOT_FOUND, "message_not_found");
	if (str_eq(before.text, m->text) && str_eq(before.body, m->body))
		return true;
	/* Only a person's edit is marked as one; a bot that keeps its message up to date is not. */
	if (editor_id) {
		m->edited_by = editor_id;
		m->edited_ts = next_ts(w, c);
	}
	m->channel_id = c->id;
	return store_message_change(w->engine->db, m, err) && channel_record(w, c, EVENT_CHANGED, m->ts, editor_id, S(""), err) && apps_hear_changed(w, c, &before, m, err) &&
	       links_changed(w, c, m, err);
}

bool chat_tell_changed(struct work *w, struct channel *c, const struct message *m, struct err *err)
{
	return channel_record(w, c, EVENT_CHANGED, m->ts, 0, S(""), err);
}

bool chat_delete_message(struct work *w, struct channel *c, struct message *m, struct err *err)
{
	struct message root;

	if (!store_message_delete(w->engine->db, c->id, m->ts, err) || (m->has_files && !store_file_drop(w->engine->db, c->id, m->ts, err)) ||
	    (m->pinned && !store_pin_drop(w->engine->db, c->id, m->ts, err)) ||
	    !channel_record(w, c, EVENT_DELETED, m->ts, m->user_id, S(""), err) || !apps_hear_deleted(w, c, m, err) || !links_dropped(w, c, m, err))
		return false;
	if (!m->thread_ts || !store_message_find(w->engine->db, w->arena, c->id, m->thread_ts, &root, err))
		return err->code == ERR_NONE;
	root.reply_count -= root.reply_count > 0;
	root.latest_reply = store_thread_last(w->engine->db, c->id, root.ts);
	return store_message_replies(w->engine->db, &root, err) && channel_record(w, c, EVENT_REPLIED, root.ts, 0, S(""), err);
}

static bool reaction_name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("_-+':", c) && c < 128)
			return false;
	}
	return s.n > 0 && s.n <= 100;
}

bool chat_react(struct work *w, struct channel *c, struct message *m, int64_t user_id, struct str name, bool add, struct err *err)
{
	struct err why = {0};
	bool ok;

	if (!reaction_name_ok(name))
		return chat_refuse(err, ERR_INVALID, "invalid_name");
	if (add)
		ok = store_reaction_add(w->engine->db, c->id, m->ts, name, user_id, w->now, &why);
	else
		ok = store_reaction_drop(w->engine->db, c->id, m->ts, name, user_id, &why);
	if (!ok)
		return chat_refuse(err, why.code, why.code == ERR_CONFLICT ? "already_reacted" : why.code == ERR_NOT_FOUND ? "no_reaction" : why.text);
	return channel_record(w, c, add ? EVENT_REACTION_ADDED : EVENT_REACTION_REMOVED, m->ts, user_id, name, err) && apps_hear_reaction(w, c, m, user_id, name, add, err) &&
	       links_reacted(w, c, m, name, add, err);
}

void chat_ephemeral(struct work *w, const struct channel *c, int64_t to_user_id, const struct message *m, int64_t *ts)
{
	struct message shown = *m;
	struct buf b;
	struct json_out o;

	shown.ts = *ts = m->ts ? m->ts : next_ts(w, c);
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("ephemeral"));
	json_add_str(&o, "channel", channel_id_text(w->arena, c));
	json_key(&o, "message");
	json_open(&o, '{');
	json_add_bool(&o, "is_ephemeral", true);
	write_message_members(w, &o, &shown);
	json_close(&o, '}');
	json_close(&o, '}');
	effect_publish_user(w, to_user_id, arena_dup(w->arena, buf_str(&b)));
	buf_done(&b);
	links_whisper(w, c, to_user_id, &shown);
}

static bool can_be_pressed(struct work *w, const struct message *m)
{
	return m->bot_id && m->bot_id != w->engine->bot_id && (str_find(m->body, S("\"action_id\""), NULL) || str_find(m->body, S("\"callback_id\""), NULL));
}

bool chat_ephemeral_of_app(struct work *w, const struct channel *c, int64_t to_user_id, struct message *m, struct err *err)
{
	struct err why = {0};

	m->channel_id = c->id;
	m->ts = next_ts(w, c);
	if (can_be_pressed(w, m))
		while (!store_ephemeral_add(w->engine->db, to_user_id, m, w->now, &why)) {
			if (why.code != ERR_CONFLICT) {
				*err = why;
				return false;
			}
			m->ts++; /* another one of this moment */
			err_clear(&why);
		}
	chat_ephemeral(w, c, to_user_id, m, &m->ts);
	return true;
}

static void tell_gone(struct work *w, const struct channel *c, int64_t to_user_id, int64_t ts)
{
	effect_publish_user(w, to_user_id, arena_printf(w->arena, "{\"type\":\"ephemeral_deleted\",\"channel\":\"" STR_FMT "\",\"ts\":\"" STR_FMT "\"}",
							 STR_ARG(channel_id_text(w->arena, c)), STR_ARG(ts_text(w->arena, ts))));
}

bool chat_ephemeral_change(struct work *w, const struct channel *c, int64_t to_user_id, const struct message *m, struct err *err)
{
	int64_t ts;

	if (!store_ephemeral_set(w->engine->db, to_user_id, m, err))
		return false;
	tell_gone(w, c, to_user_id, m->ts);
	chat_ephemeral(w, c, to_user_id, m, &ts);
	return true;
}

bool chat_ephemeral_delete(struct work *w, const struct channel *c, int64_t to_user_id, int64_t ts, struct err *err)
{
	tell_gone(w, c, to_user_id, ts);
	return store_ephemeral_drop(w->engine->db, c->id, to_user_id, ts, err);
}

/* ---- channels ---- */

static bool name_char_ok(const unsigned char *p)
{
	return (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || *p >= 128;
}

bool channel_check_name(struct str name, struct err *err)
{
	bool word = false;

	if (!name.n)
		return chat_refuse(err, ERR_INVALID, "invalid_name_required");
	if (name.n > 80)
		return chat_refuse(err, ERR_INVALID, "invalid_name_maxlength");
	if (str_starts(name, S(GROUP_DM_PREFIX)))
		return chat_refuse(err, ERR_INVALID, "invalid_name");
	for (size_t i = 0; i < name.n; i++) {
		if (!name_char_ok((const unsigned char *)name.p + i))
			return chat_refuse(err, ERR_INVALID, "invalid_name_specials");
		word = word || (name.p[i] != '-' && name.p[i] != '_');
	}
	return word || chat_refuse(err, ERR_INVALID, "invalid_name_punctuation");
}

void channel_publish(struct work *w, const struct channel *c, int64_t user_id, const char *type)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", str_of(type));
	json_key(&o, "channel");
	chat_write_boot_channel(w, &o, c, user_id, user_id != 0, c->last_ts);
	json_close(&o, '}');
	if (user_id)
		effect_publish_user(w, user_id, arena_dup(w->arena, buf_str(&b)));
	else
		effect_publish_all(w, arena_dup(w->arena, buf_str(&b)));
	buf_done(&b);
}

bool channel_add_member(struct work *w, struct channel *c, int64_t user_id, struct err *err)
{
	if (!store_member_add(w->engine->db, c->id, user_id, w->now, c->last_ts, err))
		return false;
	effect_join(w, user_id, c->id);
	return true;
}

bool chat_create_channel(struct work *w, int64_t creator_id, struct str name, enum channel_kind kind, struct channel *out, struct err *err)
{
	struct err why = {0};

	if (name.n && name.p[0] == '#')
		name = str_n(name.p + 1, name.n - 1);
	if (!channel_check_name(name, err))
		return false;
	*out = (struct channel){.id = engine_id(w),
				.workspace_id = w->engine->workspace_id,
				.name = name,
				.kind = kind,
				.creator_id = creator_id,
				.created = w->now};
	if (!store_name_take(w->engine->db, out->workspace_id, "channel", name, out->id, &why))
		return chat_refuse(err, why.code, why.code == ERR_CONFLICT ? "name_taken" : why.text);
	if (!store_channel_add(w->engine->db, out, err))
		return false;
	if (kind == CHANNEL_PUBLIC)
		channel_publish(w, out, 0, "channel_created");
	if (kind == CHANNEL_PUBLIC && !apps_hear_channel(w, out, creator_id, "channel_created", err))
		return false;
	return !creator_id || (channel_add_member(w, out, creator_id, err) && (channel_publish(w, out, creator_id, "channel_joined"), true));
}

bool chat_open_dm(struct work *w, int64_t user_id, int64_t peer_id, struct channel *out, bool *existed, struct err *err)
{
	int64_t low = user_id < peer_id ? user_id : peer_id, high = user_id < peer_id ? peer_id : user_id, id;
	struct str pair = arena_printf(w->arena, "%" PRId64 ":%" PRId64, low, high);
	struct err why = {0};
	struct user peer;

	if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, peer_id, &peer, &why))
		return chat_refuse(err, why.code ? why.code : ERR_NOT_FOUND, why.code ? why.text : "user_not_found");
	*existed = store_name_find(w->engine->db, w->engine->workspace_id, "im", pair, &id, &why);
	if (*existed)
		return store_channel_find(w->engine->db, w->arena, id, out, err) || chat_refuse(err, ERR_NOT_FOUND, "channel_not_found");
	*out = (struct channel){.id = engine_id(w), .workspace_id = w->engine->workspace_id, .name = S(""), .kind = CHANNEL_DM, .creator_id = user_id, .peer_id = peer_id, .created = w->now};
	if (!store_name_take(w->engine->db, out->workspace_id, "im", pair, out->id, err) || !store_channel_add(w->engine->db, out, err) ||
	    !channel_add_member(w, out, user_id, err) || (peer_id != user_id && !channel_add_member(w, out, peer_id, err)))
		return false;
	channel_publish(w, out, user_id, "channel_joined");
	if (peer_id != user_id)
		channel_publish(w, out, peer_id, "channel_joined");
	return apps_hear_channel(w, out, user_id, "im_created", err);
}

bool channel_notice(struct work *w, struct channel *c, int64_t user_id, enum message_kind kind, struct str text, struct err *err)
{
	struct message m = {.user_id = user_id, .kind = kind, .text = text};

	return chat_post_message(w, c, &m, err);
}

bool chat_join(struct work *w, struct channel *c, int64_t user_id, int64_t inviter_id, bool *was_member, struct err *err)
{
	struct str who = id_write(w->arena, 'U', user_id);

	*was_member = chat_is_member(w, c->id, user_id);
	if (*was_member)
		return true;
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	if (!channel_add_member(w, c, user_id, err))
		return false;
	channel_publish(w, c, user_id, "channel_joined");
	return channel_record(w, c, EVENT_JOINED, 0, user_id, S(""), err) && apps_hear_member(w, c, user_id, inviter_id, true, err) &&
	       channel_notice(w, c, user_id, MESSAGE_JOIN, arena_printf(w->arena, "<@" STR_FMT "> has joined the channel", STR_ARG(who)), err);
}

bool chat_take_in(struct work *w, struct channel *c, int64_t user_id, struct err *err)
{
	if (!channel_add_member(w, c, user_id, err))
		return false;
	channel_publish(w, c, user_id, "channel_joined");
	return true;
}

bool chat_leave(struct work *w, struct channel *c, int64_t user_id, struct err *err)
{
	struct str who = id_write(w->arena, 'U', user_id);

	if (!chat_is_member(w, c->id, user_id))
		return chat_refuse(err, ERR_CONFLICT, "not_in_channel");
	if (str_is(c->name, "general"))
		return chat_refuse(err, ERR_FORBIDDEN, "cant_leave_general");
	if (!store_member_drop(w->engine->db, c->id, user_id, err) || !channel_record(w, c, EVENT_LEFT, 0, user_id, S(""), err) ||
	    !apps_hear_member(w, c, user_id, 0, false, err) || !apps_hear_left(w, c, user_id, user_id, err) || !channel_notice(w, c, user_id, MESSAGE_LEAVE, arena_printf(w->arena, "<@" STR_FMT "> has left the channel", STR_ARG(who)), err))
		return false;
	effect_leave(w, user_id, c->id);
	effect_publish_user(w, user_id,
			    arena_printf(w->arena, "{\"type\":\"channel_left\",\"channel\":\"" STR_FMT "\"}", STR_ARG(channel_id_text(w->arena, c))));
	return true;
}

bool chat_set_topic(struct work *w, struct channel *c, int64_t user_id, struct str topic, struct err *err)
{
	struct str who = id_write(w->arena, 'U', user_id);

	if (topic.n > TOPIC_MAX * 4)
		return chat_refuse(err, ERR_TOO_BIG, "too_long");
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	c->topic = topic;
	c->topic_by = user_id;
	c->topic_at = w->now;
	return store_channel_topic(w->engine->db, c, err) && channel_record(w, c, EVENT_TOPIC, 0, user_id, topic, err) && links_topic(w, c, err) &&
	       channel_notice(w, c, user_id, MESSAGE_TOPIC, arena_printf(w->arena, "<@" STR_FMT "> set the channel topic: " STR_FMT, STR_ARG(who), STR_ARG(topic)), err);
}

bool chat_mark(struct work *w, struct channel *c, int64_t user_id, int64_t ts, struct err *err)
{
	struct db *db = w->engine->db;
	int64_t last;

	if (!store_member_find(db, c->id, user_id, &last, err))
		return chat_refuse(err, ERR_CONFLICT, "not_in_channel");
	if (last == ts)
		return true;
	if (!store_member_read(db, c->id, user_id, ts, err))
		return false;
	effect_publish_user(w, user_id,
			    arena_printf(w->arena, "{\"type\":\"marked\",\"channel\":\"" STR_FMT "\",\"last_read\":\"" STR_FMT "\",\"unread\":%" PRId64 ",\"mentions\":%" PRId64 "}",
					 STR_ARG(channel_id_text(w->arena, c)), STR_ARG(ts_text(w->arena, ts)), store_unread(db, c->id, user_id, ts),
					 store_mentions(db, c->id, user_id, ts)));
	return true;
}

/* ---- for the console's start ---- */

void chat_write_boot_channel(struct work *w, struct json_out *o, const struct channel *c, int64_t user_id, bool is_member, int64_t last_read_ts)
{
	struct db *db = w->engine->db;

	json_open(o, '{');
	json_add_str(o, "id", channel_id_text(w->arena, c));
	json_add_str(o, "name", c->name);
	json_add_bool(o, "is_private", c->kind != CHANNEL_PUBLIC);
	json_add_bool(o, "is_im", c->kind == CHANNEL_DM);
	if (c->kind == CHANNEL_DM)
		json_add_str(o, "user", id_write(w->arena, 'U', c->creator_id == user_id ? c->peer_id : c->creator_id));
	json_add_bool(o, "is_archived", c->archived);
	json_add_bool(o, "is_member", is_member);
	json_add_str(o, "topic", c->topic);
	json_add_int(o, "num_members", store_member_count(db, c->id));
	json_add_int(o, "last_seq", c->last_seq);
	if (c->last_ts)
		json_add_str(o, "latest", ts_text(w->arena, c->last_ts));
	if (is_member) {
		json_add_str(o, "last_read", ts_text(w->arena, last_read_ts));
		json_add_int(o, "unread", store_unread(db, c->id, user_id, last_read_ts));
		json_add_int(o, "mentions", store_mentions(db, c->id, user_id, last_read_ts));
	}
	json_close(o, '}');
}

void chat_write_boot_user(struct work *w, struct json_out *o, const struct user *u)
{
	int64_t bot_user;
	struct str scopes;

	json_open(o, '{');
	json_add_str(o, "id", id_write(w->arena, 'U', u->id));
	json_add_str(o, "name", u->name);
	json_add_str(o, "real_name", u->real_name);
	json_add_bool(o, "is_bot", u->bot_id != 0);
	if (u->bot_id && store_app_scopes(w->engine->db, w->arena, u->workspace_id, u->bot_id, &bot_user, &scopes, &scopes))
		json_add_str(o, "app_id", id_write(w->arena, 'A', u->bot_id));
	json_add_bool(o, "deleted", u->deleted);
	json_add_str(o, "role", str_of(role_name(u->role)));
	json_add_str(o, "presence", u->bot_id || engine_present(w->engine, u->id) ? S("active") : S("away"));
	json_close(o, '}');
}
