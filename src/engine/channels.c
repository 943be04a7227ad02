/* What becomes of channels: names, purposes, archives, who is put out, messages to a few people; and what is pinned in them. */
#include "engine/app_events.h"
#include "engine/links.h"
#include "engine/messages_internal.h"
#include "engine/slack_json.h"
#include "store/chat.h"
#include "store/marks.h"

#include <inttypes.h>
#include <stdlib.h>

#define PURPOSE_MAX 250
#define PINS_MAX 100 /* pins.add: too_many_pins */
#define GROUP_DM_MOST 8

static struct str mention(struct work *w, int64_t user_id)
{
	return arena_printf(w->arena, "<@" STR_FMT ">", STR_ARG(id_write(w->arena, 'U', user_id)));
}

bool chat_set_purpose(struct work *w, struct channel *c, int64_t user_id, struct str purpose, struct err *err)
{
	if (purpose.n > PURPOSE_MAX * 4)
		return chat_refuse(err, ERR_TOO_BIG, "too_long");
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	c->purpose = purpose;
	c->purpose_by = user_id;
	c->purpose_at = w->now;
	return store_channel_purpose(w->engine->db, c, err) && channel_record(w, c, EVENT_PURPOSE, 0, user_id, purpose, err) &&
	       channel_notice(w, c, user_id, MESSAGE_PURPOSE,
			      arena_printf(w->arena, STR_FMT " set the channel purpose: " STR_FMT, STR_ARG(mention(w, user_id)), STR_ARG(purpose)), err);
}

/* ---- its name ---- */

/* The old name leads to it still: routes, sources and scripts name channels. */
static bool take_name(struct work *w, const struct channel *c, struct str name, struct err *err)
{
	struct engine *e = w->engine;
	struct err why = {0};
	int64_t owner;

	if (store_name_find(e->db, e->workspace_id, "channel", name, &owner, err))
		return owner == c->id || chat_refuse(err, ERR_CONFLICT, "name_taken");
	if (err->code || store_name_take(e->db, e->workspace_id, "channel", name, c->id, &why))
		return err->code == ERR_NONE;
	return chat_refuse(err, why.code, why.code == ERR_CONFLICT ? "name_taken" : why.text);
}

bool chat_rename(struct work *w, struct channel *c, int64_t user_id, struct str name, struct err *err)
{
	struct str old = c->name;

	if (name.n && name.p[0] == '#')
		name = str_n(name.p + 1, name.n - 1);
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	if (str_is(old, "general") || c->kind == CHANNEL_DM || channel_is_group_dm(c))
		return chat_refuse(err, ERR_FORBIDDEN, str_is(old, "general") ? "not_authorized" : "method_not_supported_for_channel_type");
	if (!channel_check_name(name, err) || !take_name(w, c, name, err))
		return false;
	c->name = name;
	if (!store_channel_name(w->engine->db, c, err) || !channel_record(w, c, EVENT_RENAMED, 0, user_id, name, err) || !apps_hear_channel(w, c, user_id, "channel_rename", err))
		return false;
	return channel_notice(w, c, user_id, MESSAGE_NAME,
			      arena_printf(w->arena, STR_FMT " has renamed the channel from \"" STR_FMT "\" to \"" STR_FMT "\"", STR_ARG(mention(w, user_id)), STR_ARG(old), STR_ARG(name)),
			      err);
}

/* ---- archives ---- */

/* What a source sends must have a place to be told in. */
static bool is_of_a_source(struct work *w, const struct channel *c, struct err *err)
{
	struct source *all;
	size_t count;

	if (!store_source_list(w->engine->db, w->arena, w->engine->workspace_id, &all, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].channel_id == c->id)
			return true;
	return false;
}

bool chat_archive(struct work *w, struct channel *c, int64_t user_id, struct err *err)
{
	if (c->kind == CHANNEL_DM)
		return chat_refuse(err, ERR_INVALID, "method_not_supported_for_channel_type");
	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "already_archived");
	if (str_is(c->name, "general"))
		return chat_refuse(err, ERR_FORBIDDEN, "cant_archive_general");
	if (is_of_a_source(w, c, err) || err->code)
		return err->code ? false : chat_refuse(err, ERR_FORBIDDEN, "restricted_action");
	if (!channel_notice(w, c, user_id, MESSAGE_ARCHIVE, arena_printf(w->arena, STR_FMT " archived the channel", STR_ARG(mention(w, user_id))), err))
		return false;
	c->archived = true;
	return store_channel_archive(w->engine->db, c, err) && channel_record(w, c, EVENT_ARCHIVED, 0, user_id, S(""), err) && apps_hear_channel(w, c, user_id, "channel_archive", err);
}

bool chat_unarchive(struct work *w, struct channel *c, int64_t user_id, struct err *err)
{
	if (!c->archived)
		return chat_refuse(err, ERR_CONFLICT, "not_archived");
	c->archived = false;
	return store_channel_archive(w->engine->db, c, err) && channel_record(w, c, EVENT_UNARCHIVED, 0, user_id, S(""), err) &&
	       apps_hear_channel(w, c, user_id, "channel_unarchive", err) && channel_notice(w, c, user_id, MESSAGE_UNARCHIVE, arena_printf(w->arena, STR_FMT " un-archived the channel", STR_ARG(mention(w, user_id))), err);
}

bool chat_kick(struct work *w, struct channel *c, int64_t user_id, int64_t by, struct err *err)
{
	if (user_id == by)
		return chat_refuse(err, ERR_INVALID, "cant_kick_self");
	if (c->kind == CHANNEL_DM || channel_is_group_dm(c))
		return chat_refuse(err, ERR_INVALID, "method_not_supported_for_channel_type");
	if (str_is(c->name, "general"))
		return chat_refuse(err, ERR_FORBIDDEN, "cant_kick_from_general");
	return chat_leave(w, c, user_id, err);
}

/* ---- a message to a few ---- */

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool group_texts(struct work *w, const int64_t *people, size_t count, struct str *key, struct str *name, struct err *err)
{
	struct buf k, n;
	struct user u;

	buf_init(&k, 200);
	buf_init(&n, 1 * KIB);
	buf_add(&n, S(GROUP_DM_PREFIX));
	for (size_t i = 0; i < count; i++) {
		if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, people[i], &u, err) || u.deleted)
			break;
		buf_printf(&k, "%s%" PRId64, i ? ":" : "", people[i]);
		buf_printf(&n, "%s" STR_FMT, i ? "--" : "", STR_ARG(u.name));
	}
	*key = crypt_sha256_hex(w->arena, buf_str(&k));
	*name = str_clip(buf_keep(w->arena, &n), 80);
	buf_done(&k);
	return err->code == ERR_NONE;
}

bool chat_open_group(struct work *w, int64_t user_id, int64_t *people, size_t count, struct channel *out, bool *existed, struct err *err)
{
	struct engine *e = w->engine;
	struct str key, name;
	struct user u;
	int64_t id;

	if (count > GROUP_DM_MOST + 1)
		return chat_refuse(err, ERR_TOO_MANY, "too_many_users");
	for (size_t i = 0; i < count; i++)
		if (!store_user_find(e->db, w->arena, e->workspace_id, people[i], &u, err) || u.deleted)
			return err->code ? false : chat_refuse(err, ERR_NOT_FOUND, "user_not_found");
	qsort(people, count, sizeof *people, by_number);
	if (!group_texts(w, people, count, &key, &name, err))
		return false;
	*existed = store_name_find(e->db, e->workspace_id, "mpim", key, &id, err);
	if (*existed)
		return store_channel_find(e->db, w->arena, id, out, err) || chat_refuse(err, ERR_NOT_FOUND, "channel_not_found");
	*out = (struct channel){.id = engine_id(w), .workspace_id = e->workspace_id, .name = name, .kind = CHANNEL_PRIVATE, .creator_id = user_id, .created = w->now, .purpose = S("")};
	if (err->code || !store_name_take(e->db, e->workspace_id, "mpim", key, out->id, err) || !store_channel_add(e->db, out, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!channel_add_member(w, out, people[i], err))
			return false;
		channel_publish(w, out, people[i], "channel_joined");
	}
	return true;
}

/* ---- pins ---- */

bool chat_pin(struct work *w, struct channel *c, const struct message *m, int64_t user_id, struct err *err)
{
	struct pin p = {.channel_id = c->id, .ts = m->ts, .user_id = user_id, .at = w->now};
	struct err why = {0};

	if (c->archived)
		return chat_refuse(err, ERR_CONFLICT, "is_archived");
	if (m->pinned || message_is_notice(m->kind))
		return chat_refuse(err, ERR_CONFLICT, m->pinned ? "already_pinned" : "not_pinnable");
	if (store_pin_count(w->engine->db, c->id) >= PINS_MAX)
		return chat_refuse(err, ERR_TOO_MANY, "too_many_pins");
	if (!store_pin_add(w->engine->db, &p, &why))
		return chat_refuse(err, why.code, why.code == ERR_CONFLICT ? "already_pinned" : why.text);
	return channel_record(w, c, EVENT_PINNED, m->ts, user_id, arena_printf(w->arena, "%" PRId64, w->now), err) && apps_hear_pin(w, c, m, user_id, true, err) &&
	       links_pinned(w, c, m, true, err);
}

bool chat_unpin(struct work *w, struct channel *c, const struct message *m, int64_t user_id, struct err *err)
{
	struct pin p;

	if (!store_pin_find(w->engine->db, c->id, m->ts, &p, err))
		return err->code ? false : chat_refuse(err, ERR_NOT_FOUND, "no_pin");
	return store_pin_drop(w->engine->db, c->id, m->ts, err) && channel_record(w, c, EVENT_UNPINNED, m->ts, user_id, arena_printf(w->arena, "%" PRId64, p.at), err) &&
	       apps_hear_pin(w, c, m, user_id, false, err) && links_pinned(w, c, m, false, err);
}
