#include "engine/slack_json.h"

#include "base/json.h"
#include "net/form.h"
#include "ops/file_type.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/files.h"
#include "store/marks.h"
#include "store/profiles.h"

#include <stdio.h>

struct str channel_id_text(struct arena *a, const struct channel *c)
{
	return id_write(a, c->kind == CHANNEL_DM ? 'D' : 'C', c->id);
}

/* ---- people ---- */

/* A colour that stays with the person, as Slack gives one. */
static struct str user_color(struct arena *a, int64_t id)
{
	static const char *const colors[] = {"9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "e0a729", "684b6c", "5b89d5", "2b6836", "99a949", "df3dc0"};

	return arena_printf(a, "%s", colors[hash_mix((uint64_t)id) % COUNT_OF(colors)]);
}

void write_profile_object(struct work *w, struct json_out *o, const struct user *u, bool with_email)
{
	struct profile p;
	struct err ignored = {0};

	(void)!store_profile_get(w->engine->db, w->arena, u->workspace_id, u->id, &p, &ignored);
	if (p.status_until && p.status_until <= w->now)
		p.status_text = p.status_emoji = S("");
	json_open(o, '{');
	json_add_str(o, "real_name", u->real_name);
	json_add_str(o, "real_name_normalized", u->real_name);
	json_add_str(o, "display_name", p.display_name.n ? p.display_name : u->name);
	json_add_str(o, "display_name_normalized", p.display_name.n ? p.display_name : u->name);
	json_add_str(o, "title", p.title);
	json_add_str(o, "phone", p.phone);
	json_add_str(o, "status_text", p.status_text);
	json_add_str(o, "status_emoji", p.status_emoji);
	json_add_int(o, "status_expiration", p.status_text.n || p.status_emoji.n ? p.status_until / 1000 : 0);
	json_add_str(o, "avatar_hash", S(""));
	json_add_str(o, "team", id_write(w->arena, 'T', u->workspace_id));
	if (u->bot_id) {
		json_add_str(o, "bot_id", id_write(w->arena, 'B', u->bot_id));
		json_add_str(o, "api_app_id", id_write(w->arena, 'A', u->bot_id));
		json_add_bool(o, "always_active", true);
	} else if (with_email && u->email.n) {
		json_add_str(o, "email", u->email);
	}
	json_close(o, '}');
}

void write_user_object(struct work *w, struct json_out *o, const struct user *u, bool with_email)
{
	json_open(o, '{');
	json_add_str(o, "id", id_write(w->arena, 'U', u->id));
	json_add_str(o, "team_id", id_write(w->arena, 'T', u->workspace_id));
	json_add_str(o, "name", u->name);
	json_add_bool(o, "deleted", u->deleted);
	json_add_str(o, "color", user_color(w->arena, u->id));
	json_add_str(o, "real_name", u->real_name);
	json_add_str(o, "tz", S("Etc/UTC"));
	json_add_str(o, "tz_label", S("Coordinated Universal Time"));
	json_add_int(o, "tz_offset", 0);
	json_key(o, "profile");
	write_profile_object(w, o, u, with_email);
	json_add_bool(o, "is_admin", u->role == ROLE_ADMIN && !u->bot_id);
	json_add_bool(o, "is_owner", u->role == ROLE_ADMIN && !u->bot_id);
	json_add_bool(o, "is_primary_owner", false);
	json_add_bool(o, "is_restricted", false);
	json_add_bool(o, "is_ultra_restricted", false);
	json_add_bool(o, "is_bot", u->bot_id != 0);
	json_add_bool(o, "is_app_user", false);
	json_add_int(o, "updated", u->updated / 1000);
	json_close(o, '}');
}

/* ---- channels ---- */

static void write_said(struct work *w, struct json_out *o, const char *key, struct str value, int64_t by, wall_ms at)
{
	json_key(o, key);
	json_open(o, '{');
	json_add_str(o, "value", value);
	json_add_str(o, "creator", by ? id_write(w->arena, 'U', by) : S(""));
	json_add_int(o, "last_set", at / 1000);
	json_close(o, '}');
}

static void write_names(struct work *w, struct json_out *o, const struct channel *c)
{
	struct err ignored = {0};
	struct str *names;
	size_t count;

	json_key(o, "previous_names");
	json_open(o, '[');
	if (store_channel_names(w->engine->db, w->arena, c, &names, &count, &ignored))
		for (size_t i = 0; i < count; i++)
			json_put_str(o, names[i]);
	json_close(o, ']');
}

bool channel_is_group_dm(const struct channel *c)
{
	return str_starts(c->name, S(GROUP_DM_PREFIX));
}

static void write_dm(struct work *w, struct json_out *o, const struct channel *c)
{
	json_add_str(o, "id", channel_id_text(w->arena, c));
	json_add_int(o, "created", c->created / 1000);
	json_add_bool(o, "is_im", true);
	json_add_bool(o, "is_org_shared", false);
	json_add_str(o, "user", id_write(w->arena, 'U', c->peer_id));
	json_add_bool(o, "is_user_deleted", false);
	json_add_int(o, "priority", 0);
}

void write_channel_object(struct work *w, struct json_out *o, const struct channel *c, bool is_member, int64_t num_members)
{
	json_open(o, '{');
	if (c->kind == CHANNEL_DM) {
		write_dm(w, o, c);
		json_close(o, '}');
		return;
	}
	json_add_str(o, "id", channel_id_text(w->arena, c));
	json_add_str(o, "name", c->name);
	json_add_str(o, "name_normalized", c->name);
	json_add_bool(o, "is_channel", true);
	json_add_bool(o, "is_group", false);
	json_add_bool(o, "is_im", false);
	json_add_bool(o, "is_mpim", channel_is_group_dm(c));
	json_add_bool(o, "is_private", c->kind == CHANNEL_PRIVATE);
	json_add_int(o, "created", c->created / 1000);
	json_add_str(o, "creator", id_write(w->arena, 'U', c->creator_id));
	json_add_bool(o, "is_archived", c->archived);
	json_add_bool(o, "is_general", str_is(c->name, "general"));
	json_add_int(o, "unlinked", 0);
	json_add_bool(o, "is_shared", false);
	json_add_bool(o, "is_ext_shared", false);
	json_add_bool(o, "is_org_shared", false);
	json_add_raw(o, "pending_shared", S("[]"));
	json_add_bool(o, "is_member", is_member);
	json_add_str(o, "context_team_id", id_write(w->arena, 'T', c->workspace_id));
	write_said(w, o, "topic", c->topic, c->topic_by, c->topic_at);
	write_said(w, o, "purpose", c->purpose, c->purpose_by, c->purpose_at);
	write_names(w, o, c);
	if (num_members >= 0)
		json_add_int(o, "num_members", num_members);
	json_close(o, '}');
}

/* ---- messages ---- */

static void write_reactions(struct work *w, struct json_out *o, const struct message *m)
{
	struct reaction *all;
	size_t count, i = 0;
	struct err ignored = {0};

	if (!m->has_reactions || !store_reaction_list(w->engine->db, w->arena, m->channel_id, m->ts, &all, &count, &ignored) || !count)
		return;
	json_key(o, "reactions");
	json_open(o, '[');
	while (i < count) {
		size_t first = i;

		json_open(o, '{');
		json_add_str(o, "name", all[i].name);
		json_key(o, "users");
		json_open(o, '[');
		for (; i < count && str_eq(all[i].name, all[first].name); i++)
			json_put_str(o, id_write(w->arena, 'U', all[i].user_id));
		json_close(o, ']');
		json_add_int(o, "count", (int64_t)(i - first));
		json_close(o, '}');
	}
	json_close(o, ']');
}

/* Slack's file object (docs.slack.dev, File object); without thumbnails: ours are small enough as they are. */
static void write_file_members(struct work *w, struct json_out *o, const struct file *f)
{
	struct str id = id_write(w->arena, 'F', f->id), name = percent_encode(w->arena, f->name), base = w->engine->config.public_url;
	struct str url = arena_printf(w->arena, STR_FMT "/files/" STR_FMT "/" STR_FMT, STR_ARG(base), STR_ARG(id), STR_ARG(name));

	json_add_str(o, "id", id);
	json_add_int(o, "created", f->created / 1000);
	json_add_int(o, "timestamp", f->created / 1000);
	json_add_str(o, "name", f->name);
	json_add_str(o, "title", f->title);
	json_add_str(o, "mimetype", f->mimetype);
	json_add_str(o, "filetype", str_of(file_type_of(f->name)->word));
	json_add_str(o, "pretty_type", str_of(file_type_of(f->name)->word));
	json_add_str(o, "user", id_write(w->arena, 'U', f->user_id));
	json_add_int(o, "size", f->size_bytes);
	json_add_str(o, "mode", S("hosted"));
	json_add_bool(o, "is_external", false);
	json_add_bool(o, "editable", false);
	json_add_bool(o, "public_url_shared", false);
	json_add_str(o, "url_private", url);
	json_add_str(o, "url_private_download", arena_printf(w->arena, STR_FMT "/files/" STR_FMT "/download/" STR_FMT, STR_ARG(base), STR_ARG(id), STR_ARG(name)));
	json_add_str(o, "permalink", url);
	if (f->width) {
		json_add_int(o, "original_w", f->width);
		json_add_int(o, "original_h", f->height);
	}
	if (f->alt.n)
		json_add_str(o, "alt_txt", f->alt);
}

/* The channels of one kind that it is in; their ids, or where in each. */
static void write_shares(struct work *w, struct json_out *o, const char *key, const struct file *shares, const struct channel *channels, size_t count, bool is_public)
{
	json_key(o, key);
	json_open(o, '{');
	for (size_t i = 0; i < count; i++) {
		bool known = (channels[i].kind == CHANNEL_PUBLIC) != is_public;

		for (size_t k = 0; k < i; k++)
			known = known || channels[k].id == channels[i].id;
		if (known)
			continue;
		json_key_str(o, channel_id_text(w->arena, &channels[i]));
		json_open(o, '[');
		for (size_t k = i; k < count; k++)
			if (channels[k].id == channels[i].id) {
				json_open(o, '{');
				json_add_str(o, "ts", ts_text(w->arena, shares[k].ts));
				json_add_str(o, "channel_name", channels[k].name);
				json_add_str(o, "team_id", id_write(w->arena, 'T', channels[k].workspace_id));
				json_add_str(o, "share_user_id", id_write(w->arena, 'U', shares[k].user_id));
				json_close(o, '}');
			}
		json_close(o, ']');
	}
	json_close(o, '}');
}

static void write_places(struct work *w, struct json_out *o, const char *key, const struct channel *channels, size_t count, enum channel_kind kind)
{
	json_key(o, key);
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		bool known = channels[i].kind != kind;

		for (size_t k = 0; k < i; k++)
			known = known || channels[k].id == channels[i].id;
		if (!known)
			json_put_str(o, channel_id_text(w->arena, &channels[i]));
	}
	json_close(o, ']');
}

void write_file_shared(struct work *w, struct json_out *o, const struct file *shares, size_t count)
{
	struct channel *channels = arena_zero(w->arena, count * sizeof *channels);
	struct err ignored = {0};
	bool is_public = false;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (shares[i].channel_id && store_channel_find(w->engine->db, w->arena, shares[i].channel_id, &channels[n], &ignored))
			is_public = channels[n++].kind == CHANNEL_PUBLIC || is_public;
	json_open(o, '{');
	write_file_members(w, o, &shares[0]);
	json_add_bool(o, "is_public", is_public);
	write_places(w, o, "channels", channels, n, CHANNEL_PUBLIC);
	write_places(w, o, "groups", channels, n, CHANNEL_PRIVATE);
	write_places(w, o, "ims", channels, n, CHANNEL_DM);
	json_key(o, "shares");
	json_open(o, '{');
	write_shares(w, o, "public", shares, channels, n, true);
	write_shares(w, o, "private", shares, channels, n, false);
	json_close(o, '}');
	json_add_int(o, "comments_count", 0);
	json_close(o, '}');
}

static void write_files(struct work *w, struct json_out *o, const struct message *m)
{
	struct file *all;
	size_t count;
	struct err ignored = {0};

	if (!m->has_files || !store_file_list(w->engine->db, w->arena, m->channel_id, m->ts, &all, &count, &ignored) || !count)
		return;
	json_key(o, "files");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(o, '{');
		write_file_members(w, o, &all[i]);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void write_thread(struct work *w, struct json_out *o, const struct message *m)
{
	int64_t users[5];
	size_t n;

	if (!m->reply_count)
		return;
	n = store_thread_users(w->engine->db, m->channel_id, m->ts, users);
	json_add_int(o, "reply_count", m->reply_count);
	json_add_int(o, "reply_users_count", (int64_t)n);
	json_add_str(o, "latest_reply", ts_text(w->arena, m->latest_reply));
	json_key(o, "reply_users");
	json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		json_put_str(o, id_write(w->arena, 'U', users[i]));
	json_close(o, ']');
	json_add_bool(o, "is_locked", false);
	json_add_bool(o, "subscribed", false);
}

static void write_bot(struct work *w, struct json_out *o, const struct message *m)
{
	struct engine *e = w->engine;
	struct err ignored = {0};
	struct app app = {.name = S("srebot")};

	if (!m->bot_id)
		return;
	json_add_str(o, "bot_id", id_write(w->arena, 'B', m->bot_id));
	if (m->bot_id != e->bot_id && (!m->user_id || !store_app_find(e->db, w->arena, e->workspace_id, m->bot_id, &app, &ignored)))
		return; /* a webhook */
	json_add_str(o, "app_id", id_write(w->arena, 'A', m->bot_id));
	json_key(o, "bot_profile");
	json_open(o, '{');
	json_add_str(o, "id", id_write(w->arena, 'B', m->bot_id));
	json_add_str(o, "app_id", id_write(w->arena, 'A', m->bot_id));
	json_add_str(o, "name", app.name);
	json_add_bool(o, "deleted", false);
	json_add_int(o, "updated", app.changed / 1000);
	json_add_raw(o, "icons", S("{}"));
	json_add_str(o, "team_id", id_write(w->arena, 'T', e->workspace_id));
	json_close(o, '}');
}

void write_message_members(struct work *w, struct json_out *o, const struct message *m)
{
	static const char *const subtypes[] = {
		[MESSAGE_BOT] = "bot_message", [MESSAGE_JOIN] = "channel_join", [MESSAGE_LEAVE] = "channel_leave", [MESSAGE_TOPIC] = "channel_topic", [MESSAGE_BROADCAST] = "thread_broadcast", [MESSAGE_FILES] = "file_share",
		[MESSAGE_PURPOSE] = "channel_purpose", [MESSAGE_NAME] = "channel_name", [MESSAGE_ARCHIVE] = "channel_archive", [MESSAGE_UNARCHIVE] = "channel_unarchive",
		[MESSAGE_ME] = "me_message"};
	size_t at;

	json_add_str(o, "type", S("message"));
	if (m->kind != MESSAGE_PLAIN)
		json_add_str(o, "subtype", str_of(subtypes[m->kind]));
	if (m->user_id)
		json_add_str(o, "user", id_write(w->arena, 'U', m->user_id));
	write_bot(w, o, m);
	json_add_str(o, "ts", ts_text(w->arena, m->ts));
	json_add_str(o, "text", m->text);
	if (m->kind == MESSAGE_TOPIC && str_find(m->text, S("topic: "), &at))
		json_add_str(o, "topic", str_n(m->text.p + at + 7, m->text.n - at - 7));
	json_add_str(o, "team", id_write(w->arena, 'T', w->engine->workspace_id));
	if (m->body.n > 2) /* an object: its members, without the braces */
		json_put_raw(o, str_n(m->body.p + 1, m->body.n - 2));
	write_files(w, o, m);
	if (m->thread_ts || m->reply_count)
		json_add_str(o, "thread_ts", ts_text(w->arena, m->thread_ts ? m->thread_ts : m->ts));
	write_thread(w, o, m);
	write_reactions(w, o, m);
	if (m->pinned) {
		json_key(o, "pinned_to");
		json_open(o, '[');
		json_put_str(o, id_write(w->arena, 'C', m->channel_id));
		json_close(o, ']');
	}
	if (m->edited_ts) {
		json_key(o, "edited");
		json_open(o, '{');
		json_add_str(o, "user", id_write(w->arena, 'U', m->edited_by));
		json_add_str(o, "ts", ts_text(w->arena, m->edited_ts));
		json_close(o, '}');
	}
}

void write_message_object(struct work *w, struct json_out *o, const struct message *m)
{
	json_open(o, '{');
	write_message_members(w, o, m);
	json_close(o, '}');
}

struct str permalink(struct work *w, const struct channel *c, const struct message *m)
{
	struct str url = arena_printf(w->arena, STR_FMT "/archives/" STR_FMT "/p%lld", STR_ARG(w->engine->config.public_url), STR_ARG(channel_id_text(w->arena, c)), (long long)m->ts);

	if (!m->thread_ts)
		return url;
	return arena_printf(w->arena, STR_FMT "?thread_ts=" STR_FMT "&cid=" STR_FMT, STR_ARG(url), STR_ARG(ts_text(w->arena, m->thread_ts)), STR_ARG(channel_id_text(w->arena, c)));
}

/* ---- events ---- */

struct frame {
	struct buf buf;
	struct json_out o;
};

static void frame_begin(struct work *w, struct frame *f, const struct channel *c, int64_t seq)
{
	buf_init(&f->buf, 4 * MIB);
	f->o = json_out(&f->buf);
	json_open(&f->o, '{');
	json_add_str(&f->o, "type", S("event"));
	json_add_str(&f->o, "channel", channel_id_text(w->arena, c));
	json_add_int(&f->o, "seq", seq);
	json_key(&f->o, "event");
	json_open(&f->o, '{');
}

/* c NULL: the event names its channel by itself. */
static struct str frame_end(struct work *w, struct frame *f, const struct channel *c)
{
	struct str out;

	if (c)
		json_add_str(&f->o, "channel", channel_id_text(w->arena, c));
	json_close(&f->o, '}');
	json_close(&f->o, '}');
	out = arena_dup(w->arena, buf_str(&f->buf));
	buf_done(&f->buf);
	return out;
}

struct str message_frame(struct work *w, const struct channel *c, const struct message *m)
{
	struct frame f;

	frame_begin(w, &f, c, m->seq);
	write_message_members(w, &f.o, m);
	return frame_end(w, &f, c);
}

/* A message that changed: shown as it is now; who is behind sees the later changes too, once each. */
static void write_changed(struct work *w, struct json_out *o, const struct channel *c, const struct channel_event *e)
{
	struct message m;
	struct err ignored = {0};
	bool there = store_message_find(w->engine->db, w->arena, c->id, e->ref_ts, &m, &ignored) && !m.deleted;

	json_add_str(o, "type", S("message"));
	json_add_str(o, "subtype", there ? S("message_changed") : S("message_deleted"));
	json_add_bool(o, "hidden", true);
	if (!there) {
		json_add_str(o, "deleted_ts", ts_text(w->arena, e->ref_ts));
		return;
	}
	json_key(o, "message");
	write_message_object(w, o, &m);
	json_key(o, "previous_message");
	json_open(o, '{');
	json_add_str(o, "ts", ts_text(w->arena, e->ref_ts));
	json_close(o, '}');
}

static void write_reacted(struct work *w, struct json_out *o, const struct channel *c, const struct channel_event *e)
{
	json_add_str(o, "type", e->kind == EVENT_REACTION_ADDED ? S("reaction_added") : S("reaction_removed"));
	json_add_str(o, "user", id_write(w->arena, 'U', e->user_id));
	json_add_str(o, "reaction", e->detail);
	json_key(o, "item");
	json_open(o, '{');
	json_add_str(o, "type", S("message"));
	json_add_str(o, "channel", channel_id_text(w->arena, c));
	json_add_str(o, "ts", ts_text(w->arena, e->ref_ts));
	json_close(o, '}');
}

static void write_user(struct work *w, struct json_out *o, const char *type, int64_t user_id)
{
	json_add_str(o, "type", str_of(type));
	json_add_str(o, "user", id_write(w->arena, 'U', user_id));
}

void write_pin(struct work *w, struct json_out *o, const struct channel *c, const struct pin *p, const struct message *m)
{
	json_open(o, '{');
	json_add_str(o, "type", S("message"));
	json_add_str(o, "channel", channel_id_text(w->arena, c));
	json_add_int(o, "created", p->at / 1000);
	json_add_str(o, "created_by", id_write(w->arena, 'U', p->user_id));
	json_key(o, "message");
	json_open(o, '{');
	write_message_members(w, o, m);
	json_add_str(o, "permalink", permalink(w, c, m));
	json_close(o, '}');
	json_close(o, '}');
}

/* detail: when, in milliseconds; the pin itself may be gone by now. */
static void write_pinned(struct work *w, struct json_out *o, const struct channel *c, const struct channel_event *e)
{
	struct pin p = {.channel_id = c->id, .ts = e->ref_ts, .user_id = e->user_id};
	struct message m;
	struct err ignored = {0};

	(void)str_to_int(e->detail, &p.at);
	write_user(w, o, e->kind == EVENT_PINNED ? "pin_added" : "pin_removed", e->user_id);
	json_add_str(o, "channel_id", channel_id_text(w->arena, c));
	if (store_message_find(w->engine->db, w->arena, c->id, e->ref_ts, &m, &ignored) && !m.deleted) {
		json_key(o, "item");
		write_pin(w, o, c, &p, &m);
		if (m.user_id)
			json_add_str(o, "item_user", id_write(w->arena, 'U', m.user_id));
	}
	json_add_int(o, "pin_count", store_pin_count(w->engine->db, c->id));
	json_add_bool(o, "has_pins", store_pin_count(w->engine->db, c->id) > 0);
}

/* Its `channel` is an object; that of all others is the id. */
static void write_renamed(struct work *w, struct json_out *o, const struct channel *c, const struct channel_event *e)
{
	write_user(w, o, "channel_rename", e->user_id);
	json_key(o, "channel");
	json_open(o, '{');
	json_add_str(o, "id", channel_id_text(w->arena, c));
	json_add_str(o, "name", e->detail);
	json_add_int(o, "created", c->created / 1000);
	json_close(o, '}');
}

struct str event_frame(struct work *w, const struct channel *c, const struct channel_event *e)
{
	struct frame f;

	frame_begin(w, &f, c, e->seq);
	switch (e->kind) {
	case EVENT_CHANGED:
	case EVENT_REPLIED:
	case EVENT_DELETED:
		write_changed(w, &f.o, c, e);
		break;
	case EVENT_REACTION_ADDED:
	case EVENT_REACTION_REMOVED:
		write_reacted(w, &f.o, c, e);
		break;
	case EVENT_JOINED:
	case EVENT_LEFT:
		json_add_str(&f.o, "type", e->kind == EVENT_JOINED ? S("member_joined_channel") : S("member_left_channel"));
		json_add_str(&f.o, "user", id_write(w->arena, 'U', e->user_id));
		break;
	case EVENT_TOPIC:
		json_add_str(&f.o, "type", S("channel_topic"));
		json_add_str(&f.o, "user", id_write(w->arena, 'U', e->user_id));
		json_add_str(&f.o, "topic", e->detail);
		break;
	case EVENT_PURPOSE:
		write_user(w, &f.o, "channel_purpose", e->user_id);
		json_add_str(&f.o, "purpose", e->detail);
		break;
	case EVENT_PINNED:
	case EVENT_UNPINNED:
		write_pinned(w, &f.o, c, e);
		break;
	case EVENT_RENAMED:
		write_renamed(w, &f.o, c, e);
		return frame_end(w, &f, NULL);
	case EVENT_ARCHIVED:
	case EVENT_UNARCHIVED:
		write_user(w, &f.o, e->kind == EVENT_ARCHIVED ? "channel_archive" : "channel_unarchive", e->user_id);
		break;
	}
	return frame_end(w, &f, c);
}
