#include "store/chat.h"

static int64_t one_number(struct rows rows)
{
	struct err ignored = {0};
	int64_t v = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	(void)rows_end_one(&rows, true, &ignored);
	return v;
}

static bool collected(struct rows *rows, const struct vec *v, void **out, size_t *count, struct err *err)
{
	*out = v->items;
	*count = v->count;
	return rows_end(rows, err);
}

/* ---- settings, workspaces, names ---- */

bool store_setting_get(struct db *db, struct arena *a, int64_t workspace_id, const char *name, struct str *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_SETTING_GET, B_INT(workspace_id), B_STR(str_of(name)));

	*out = rows_next(&rows) ? arena_dup(a, rows_str(&rows, 0)) : S("");
	return rows_end(&rows, err);
}

bool store_setting_put(struct db *db, int64_t workspace_id, const char *name, struct str value, struct err *err)
{
	if (!value.n)
		return db_run(db, Q_SETTING_DROP, err, B_INT(workspace_id), B_STR(str_of(name)));
	if (!db_run(db, Q_SETTING_SET, err, B_STR(value), B_INT(workspace_id), B_STR(str_of(name))))
		return false;
	return db_changed(db) || db_run(db, Q_SETTING_ADD, err, B_INT(workspace_id), B_STR(str_of(name)), B_STR(value));
}

bool store_workspace_find(struct db *db, struct arena *a, int64_t *id, struct str *name, struct err *err)
{
	struct rows rows = db_select(db, Q_WORKSPACE_FIRST, NULL, 0);
	bool found = rows_next(&rows);

	if (found) {
		*id = rows_int(&rows, 0);
		*name = arena_dup(a, rows_str(&rows, 1));
	}
	return rows_end_one(&rows, found, err);
}

bool store_workspace_add(struct db *db, int64_t id, struct str name, wall_ms now, struct err *err)
{
	return db_run(db, Q_WORKSPACE_ADD, err, B_INT(id), B_STR(name), B_INT(now));
}

bool store_name_take(struct db *db, int64_t workspace_id, const char *kind, struct str name, int64_t target_id, struct err *err)
{
	struct err why = {0};

	if (db_run(db, Q_DIRECTORY_ADD, &why, B_INT(workspace_id), B_STR(str_of(kind)), B_STR(name), B_INT(target_id)))
		return true;
	if (why.code == ERR_CONFLICT)
		err_set(err, ERR_CONFLICT, "the %s " STR_FMT " exists already", kind, STR_ARG(name));
	else
		err_set(err, why.code, "%s", why.text);
	return false;
}

bool store_name_drop(struct db *db, int64_t workspace_id, const char *kind, struct str name, struct err *err)
{
	return db_run(db, Q_DIRECTORY_DROP, err, B_INT(workspace_id), B_STR(str_of(kind)), B_STR(name));
}

bool store_name_find(struct db *db, int64_t workspace_id, const char *kind, struct str name, int64_t *target_id, struct err *err)
{
	struct rows rows = db_rows(db, Q_DIRECTORY_GET, B_INT(workspace_id), B_STR(str_of(kind)), B_STR(name));
	bool found = rows_next(&rows);

	if (found)
		*target_id = rows_int(&rows, 0);
	return rows_end_one(&rows, found, err);
}

/* ---- people ---- */

static struct user user_read(struct rows *r, struct arena *a)
{
	return (struct user){.id = rows_int(r, 0),
			     .workspace_id = rows_int(r, 1),
			     .name = arena_dup(a, rows_str(r, 2)),
			     .real_name = arena_dup(a, rows_str(r, 3)),
			     .email = arena_dup(a, rows_str(r, 4)),
			     .role = (enum role)rows_int(r, 5),
			     .bot_id = rows_int(r, 6),
			     .deleted = rows_int(r, 7) != 0,
			     .password_hash = arena_dup(a, rows_str(r, 8)),
			     .created = rows_int(r, 9),
			     .updated = rows_int(r, 10)};
}

bool store_user_add(struct db *db, const struct user *u, struct err *err)
{
	return store_name_take(db, u->workspace_id, "user", u->name, u->id, err) &&
	       (!u->email.n || store_name_take(db, u->workspace_id, "email", u->email, u->id, err)) &&
	       db_run(db, Q_USER_ADD, err, B_INT(u->workspace_id), B_INT(u->id), B_STR(u->name), B_STR(u->real_name), B_STR(u->email), B_INT(u->role),
		      B_INT(u->bot_id), B_STR(u->password_hash), B_INT(u->created), B_INT(u->created));
}

bool store_user_set(struct db *db, const struct user *u, wall_ms now, struct err *err)
{
	return db_run(db, Q_USER_SET, err, B_STR(u->real_name), B_STR(u->email), B_INT(u->role), B_STR(u->password_hash), B_INT(now),
		      B_INT(u->workspace_id), B_INT(u->id));
}

bool store_user_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct user *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_USER_GET, B_INT(workspace_id), B_INT(user_id));
	bool found = rows_next(&rows);

	if (found)
		*out = user_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_user_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct user **out, size_t *count,
		     struct err *err)
{
	struct rows rows = db_rows(db, Q_USER_LIST, B_INT(workspace_id), B_INT(after_id), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct user *)vec_push(a, &v, sizeof(struct user)) = user_read(&rows, a);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_has_admin(struct db *db, int64_t workspace_id)
{
	return one_number(db_rows(db, Q_USER_ADMINS, B_INT(workspace_id))) > 0;
}

bool store_session_add(struct db *db, int64_t workspace_id, struct str hash, int64_t user_id, wall_ms now, wall_ms expires, struct err *err)
{
	return db_run(db, Q_SESSION_ADD, err, B_INT(workspace_id), B_STR(hash), B_INT(user_id), B_INT(now), B_INT(expires));
}

bool store_session_find(struct db *db, int64_t workspace_id, struct str hash, wall_ms now, int64_t *user_id, wall_ms *mfa_at, struct err *err)
{
	struct rows rows = db_rows(db, Q_SESSION_GET, B_INT(workspace_id), B_STR(hash));
	bool found = rows_next(&rows) && rows_int(&rows, 1) > now;

	if (found) {
		*user_id = rows_int(&rows, 0);
		*mfa_at = rows_int(&rows, 2);
	}
	return rows_end_one(&rows, found, err);
}

bool store_session_drop(struct db *db, int64_t workspace_id, struct str hash, struct err *err)
{
	return db_run(db, Q_SESSION_DROP, err, B_INT(workspace_id), B_STR(hash));
}

static struct token token_read(struct rows *r, struct arena *a)
{
	return (struct token){.id = rows_int(r, 0),
			      .workspace_id = rows_int(r, 1),
			      .user_id = rows_int(r, 2),
			      .name = arena_dup(a, rows_str(r, 3)),
			      .scopes = arena_dup(a, rows_str(r, 4)),
			      .last_from = arena_dup(a, rows_str(r, 5)),
			      .created = rows_int(r, 6),
			      .last_used = rows_int(r, 7),
			      .revoked = rows_int(r, 8),
			      .needed = (int)rows_int(r, 9),
			      .mfa_at = rows_int(r, 10)};
}

bool store_token_add(struct db *db, const struct token *t, struct str hash, struct err *err)
{
	return db_run(db, Q_TOKEN_ADD, err, B_INT(t->workspace_id), B_STR(hash), B_INT(t->id), B_INT(t->user_id), B_STR(t->name), B_STR(t->scopes),
		      B_INT(t->created));
}

bool store_token_find(struct db *db, struct arena *a, int64_t workspace_id, struct str hash, struct token *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_TOKEN_GET, B_INT(workspace_id), B_STR(hash));
	bool found = rows_next(&rows);

	if (found)
		*out = token_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_token_list(struct db *db, struct arena *a, int64_t workspace_id, struct token **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_TOKEN_LIST, B_INT(workspace_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct token *)vec_push(a, &v, sizeof(struct token)) = token_read(&rows, a);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_token_used(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms at, struct str from, int needed, struct err *err)
{
	return db_run(db, Q_TOKEN_USED, err, B_INT(at), B_STR(from), B_INT(needed), B_INT(workspace_id), B_INT(token_id));
}

bool store_token_revoke(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms now, struct err *err)
{
	if (!db_run(db, Q_TOKEN_REVOKE, err, B_INT(now), B_INT(workspace_id), B_INT(token_id)))
		return false;
	if (db_changed(db))
		return db_run(db, Q_GRANT_DROP, err, B_INT(workspace_id), B_INT(token_id)); /* of an app's token */
	err_set(err, ERR_NOT_FOUND, "there is no such token, or it is revoked already");
	return false;
}

/* ---- sources and webhooks ---- */

static struct source source_read(struct rows *r, struct arena *a)
{
	return (struct source){.id = rows_int(r, 0),
			       .workspace_id = rows_int(r, 1),
			       .tool = arena_dup(a, rows_str(r, 2)),
			       .name = arena_dup(a, rows_str(r, 3)),
			       .channel_id = rows_int(r, 4),
			       .auth = arena_dup(a, rows_str(r, 5)),
			       .heartbeat = rows_int(r, 6)};
}

bool store_source_add(struct db *db, const struct source *s, struct str key_hash, wall_ms now, struct err *err)
{
	return store_name_take(db, s->workspace_id, "source", s->name, s->id, err) &&
	       db_run(db, Q_SOURCE_ADD, err, B_INT(s->workspace_id), B_INT(s->id), B_STR(s->tool), B_STR(s->name), B_STR(key_hash), B_INT(s->channel_id),
		      B_STR(s->auth), B_INT(s->heartbeat), B_INT(now));
}

bool store_source_set(struct db *db, const struct source *s, struct err *err)
{
	return db_run(db, Q_SOURCE_SET, err, B_STR(s->tool), B_INT(s->channel_id), B_STR(s->auth), B_INT(s->heartbeat), B_INT(s->workspace_id), B_INT(s->id));
}

static bool source_one(struct rows rows, struct arena *a, struct source *out, struct err *err)
{
	bool found = rows_next(&rows);

	if (found)
		*out = source_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_source_by_key(struct db *db, struct arena *a, int64_t workspace_id, struct str key_hash, struct source *out, struct err *err)
{
	return source_one(db_rows(db, Q_SOURCE_BY_KEY, B_INT(workspace_id), B_STR(key_hash)), a, out, err);
}

bool store_source_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t source_id, struct source *out, struct err *err)
{
	return source_one(db_rows(db, Q_SOURCE_GET, B_INT(workspace_id), B_INT(source_id)), a, out, err);
}

bool store_source_list(struct db *db, struct arena *a, int64_t workspace_id, struct source **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_SOURCE_LIST, B_INT(workspace_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct source *)vec_push(a, &v, sizeof(struct source)) = source_read(&rows, a);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_webhook_add(struct db *db, const struct webhook *w, wall_ms now, struct err *err)
{
	return store_name_take(db, w->workspace_id, "webhook", w->name, w->id, err) &&
	       db_run(db, Q_WEBHOOK_ADD, err, B_INT(w->workspace_id), B_INT(w->id), B_STR(w->name), B_STR(w->key_hash), B_INT(w->channel_id), B_INT(now));
}

bool store_webhook_set(struct db *db, const struct webhook *w, struct err *err)
{
	return db_run(db, Q_WEBHOOK_SET, err, B_INT(w->channel_id), B_INT(w->workspace_id), B_INT(w->id));
}

bool store_webhook_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t webhook_id, struct webhook *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_WEBHOOK_GET, B_INT(workspace_id), B_INT(webhook_id));
	bool found = rows_next(&rows);

	if (found)
		*out = (struct webhook){.id = rows_int(&rows, 0),
					.workspace_id = rows_int(&rows, 1),
					.name = arena_dup(a, rows_str(&rows, 2)),
					.key_hash = arena_dup(a, rows_str(&rows, 3)),
					.channel_id = rows_int(&rows, 4),
					.app_id = rows_int(&rows, 5)};
	return rows_end_one(&rows, found, err);
}

/* ---- channels and members ---- */

static struct channel channel_read(struct rows *r, struct arena *a)
{
	return (struct channel){.id = rows_int(r, 0),
				.workspace_id = rows_int(r, 1),
				.name = arena_dup(a, rows_str(r, 2)),
				.kind = (enum channel_kind)rows_int(r, 3),
				.creator_id = rows_int(r, 4),
				.peer_id = rows_int(r, 5),
				.topic = arena_dup(a, rows_str(r, 6)),
				.topic_by = rows_int(r, 7),
				.topic_at = rows_int(r, 8),
				.created = rows_int(r, 9),
				.archived = rows_int(r, 10) != 0,
				.last_seq = rows_int(r, 11),
				.last_ts = rows_int(r, 12),
				.purpose = arena_dup(a, rows_str(r, 13)),
				.purpose_by = rows_int(r, 14),
				.purpose_at = rows_int(r, 15)};
}

bool store_channel_add(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_ADD, err, B_INT(c->id), B_INT(c->workspace_id), B_STR(c->name), B_INT(c->kind), B_INT(c->creator_id), B_INT(c->peer_id),
		      B_INT(c->created));
}

bool store_channel_find(struct db *db, struct arena *a, int64_t channel_id, struct channel *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_CHANNEL_GET, B_INT(channel_id));
	bool found = rows_next(&rows);

	if (found)
		*out = channel_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_channel_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct channel **out, size_t *count,
			struct err *err)
{
	struct rows rows = db_rows(db, Q_CHANNEL_LIST, B_INT(workspace_id), B_INT(after_id), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct channel *)vec_push(a, &v, sizeof(struct channel)) = channel_read(&rows, a);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_channel_advance(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_ADVANCE, err, B_INT(c->last_seq), B_INT(c->last_ts), B_INT(c->id));
}

bool store_channel_topic(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_TOPIC, err, B_STR(c->topic), B_INT(c->topic_by), B_INT(c->topic_at), B_INT(c->id));
}

bool store_channel_purpose(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_PURPOSE, err, B_STR(c->purpose), B_INT(c->purpose_by), B_INT(c->purpose_at), B_INT(c->id));
}

bool store_channel_name(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_NAME, err, B_STR(c->name), B_INT(c->id));
}

bool store_channel_archive(struct db *db, const struct channel *c, struct err *err)
{
	return db_run(db, Q_CHANNEL_ARCHIVE, err, B_INT(c->archived), B_INT(c->id));
}

bool store_channel_names(struct db *db, struct arena *a, const struct channel *c, struct str **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_CHANNEL_NAMES, B_INT(c->workspace_id), B_INT(c->id), B_STR(c->name));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct str *)vec_push(a, &v, sizeof(struct str)) = arena_dup(a, rows_str(&rows, 0));
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_channels_of(struct db *db, struct arena *a, int64_t user_id, int64_t after_id, unsigned limit, int64_t **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_CHANNEL_OF, B_INT(user_id), B_INT(after_id), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(int64_t *)vec_push(a, &v, sizeof(int64_t)) = rows_int(&rows, 0);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_member_add(struct db *db, int64_t channel_id, int64_t user_id, wall_ms now, int64_t last_read_ts, struct err *err)
{
	return db_run(db, Q_MEMBER_ADD, err, B_INT(channel_id), B_INT(user_id), B_INT(now), B_INT(last_read_ts));
}

bool store_member_drop(struct db *db, int64_t channel_id, int64_t user_id, struct err *err)
{
	return db_run(db, Q_MEMBER_DROP, err, B_INT(channel_id), B_INT(user_id));
}

bool store_member_find(struct db *db, int64_t channel_id, int64_t user_id, int64_t *last_read_ts, struct err *err)
{
	struct rows rows = db_rows(db, Q_MEMBER_GET, B_INT(channel_id), B_INT(user_id));
	bool found = rows_next(&rows);

	if (found && last_read_ts)
		*last_read_ts = rows_int(&rows, 0);
	return rows_end_one(&rows, found, err);
}

bool store_member_list(struct db *db, struct arena *a, int64_t channel_id, int64_t after_id, unsigned limit, int64_t **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_MEMBER_LIST, B_INT(channel_id), B_INT(after_id), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(int64_t *)vec_push(a, &v, sizeof(int64_t)) = rows_int(&rows, 0);
	return collected(&rows, &v, (void **)out, count, err);
}

int64_t store_member_count(struct db *db, int64_t channel_id)
{
	return one_number(db_rows(db, Q_MEMBER_COUNT, B_INT(channel_id)));
}

bool store_memberships(struct db *db, struct arena *a, int64_t user_id, struct membership **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_MEMBER_CHANNELS, B_INT(user_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct membership *)vec_push(a, &v, sizeof(struct membership)) = (struct membership){rows_int(&rows, 0), rows_int(&rows, 1)};
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_member_read(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_MEMBER_READ, err, B_INT(ts), B_INT(channel_id), B_INT(user_id));
}

int64_t store_unread(struct db *db, int64_t channel_id, int64_t user_id, int64_t last_read_ts)
{
	return one_number(db_rows(db, Q_UNREAD_COUNT, B_INT(channel_id), B_INT(last_read_ts), B_INT(user_id)));
}

int64_t store_mentions(struct db *db, int64_t channel_id, int64_t user_id, int64_t last_read_ts)
{
	return one_number(db_rows(db, Q_MENTION_COUNT, B_INT(channel_id), B_INT(user_id), B_INT(last_read_ts), B_INT(user_id)));
}

bool store_mention_add(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_MENTION_ADD, err, B_INT(channel_id), B_INT(user_id), B_INT(ts));
}

/* ---- messages ---- */

static struct message message_read(struct rows *r, struct arena *a)
{
	return (struct message){.channel_id = rows_int(r, 0),
				.seq = rows_int(r, 1),
				.id = rows_int(r, 2),
				.ts = rows_int(r, 3),
				.thread_ts = rows_int(r, 4),
				.user_id = rows_int(r, 5),
				.bot_id = rows_int(r, 6),
				.kind = (enum message_kind)rows_int(r, 7),
				.text = arena_dup(a, rows_str(r, 8)),
				.body = arena_dup(a, rows_str(r, 9)),
				.edited_by = rows_int(r, 10),
				.edited_ts = rows_int(r, 11),
				.reply_count = rows_int(r, 12),
				.latest_reply = rows_int(r, 13),
				.has_reactions = rows_int(r, 14) != 0,
				.deleted = rows_int(r, 15) != 0,
				.has_files = rows_int(r, 16) != 0,
				.pinned = rows_int(r, 17) != 0};
}

static bool messages_read(struct rows rows, struct arena *a, struct message **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct message *)vec_push(a, &v, sizeof(struct message)) = message_read(&rows, a);
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_message_add(struct db *db, const struct message *m, struct err *err)
{
	return db_run(db, Q_MESSAGE_ADD, err, B_INT(m->channel_id), B_INT(m->seq), B_INT(m->id), B_INT(m->ts), B_INT(m->thread_ts), B_INT(m->user_id),
		      B_INT(m->bot_id), B_INT(m->kind), B_STR(m->text), B_STR(m->body), B_INT(m->file_count > 0));
}

bool store_message_find(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct message *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_MESSAGE_GET, B_INT(channel_id), B_INT(ts));
	bool found = rows_next(&rows);

	if (found)
		*out = message_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_message_change(struct db *db, const struct message *m, struct err *err)
{
	return db_run(db, Q_MESSAGE_CHANGE, err, B_STR(m->text), B_STR(m->body), B_INT(m->edited_by), B_INT(m->edited_ts), B_INT(m->channel_id),
		      B_INT(m->ts));
}

bool store_message_delete(struct db *db, int64_t channel_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_MESSAGE_DELETE, err, B_INT(channel_id), B_INT(ts)) && db_run(db, Q_MENTION_DROP, err, B_INT(channel_id), B_INT(ts));
}

bool store_message_replies(struct db *db, const struct message *root, struct err *err)
{
	return db_run(db, Q_MESSAGE_REPLIES, err, B_INT(root->reply_count), B_INT(root->latest_reply), B_INT(root->channel_id), B_INT(root->ts));
}

bool store_history(struct db *db, struct arena *a, int64_t channel_id, int64_t oldest, int64_t latest, unsigned limit, struct message **out, size_t *count,
		   struct err *err)
{
	return messages_read(db_rows(db, Q_MESSAGE_HISTORY, B_INT(channel_id), B_INT(oldest), B_INT(latest), B_INT(limit)), a, out, count, err);
}

bool store_thread(struct db *db, struct arena *a, int64_t channel_id, int64_t thread_ts, int64_t oldest, int64_t latest, unsigned limit,
		  struct message **out, size_t *count, struct err *err)
{
	return messages_read(db_rows(db, Q_MESSAGE_THREAD, B_INT(channel_id), B_INT(thread_ts), B_INT(oldest), B_INT(latest), B_INT(limit)), a, out, count,
			     err);
}

int64_t store_thread_last(struct db *db, int64_t channel_id, int64_t thread_ts)
{
	return one_number(db_rows(db, Q_MESSAGE_THREAD_LAST, B_INT(channel_id), B_INT(thread_ts)));
}

size_t store_thread_users(struct db *db, int64_t channel_id, int64_t thread_ts, int64_t users[5])
{
	struct rows rows = db_rows(db, Q_MESSAGE_THREAD_USERS, B_INT(channel_id), B_INT(thread_ts));
	struct err ignored = {0};
	size_t n = 0;

	while (n < 5 && rows_next(&rows))
		users[n++] = rows_int(&rows, 0);
	(void)rows_end_one(&rows, true, &ignored);
	return n;
}

bool store_messages_since(struct db *db, struct arena *a, int64_t channel_id, int64_t seq, unsigned limit, struct message **out, size_t *count,
			  struct err *err)
{
	return messages_read(db_rows(db, Q_MESSAGE_SINCE, B_INT(channel_id), B_INT(seq), B_INT(limit)), a, out, count, err);
}

bool store_event_add(struct db *db, const struct channel_event *e, struct err *err)
{
	return db_run(db, Q_EVENT_ADD, err, B_INT(e->channel_id), B_INT(e->seq), B_INT(e->kind), B_INT(e->ref_ts), B_INT(e->user_id), B_STR(e->detail));
}

bool store_events_since(struct db *db, struct arena *a, int64_t channel_id, int64_t seq, unsigned limit, struct channel_event **out, size_t *count,
			struct err *err)
{
	struct rows rows = db_rows(db, Q_EVENT_SINCE, B_INT(channel_id), B_INT(seq), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct channel_event *)vec_push(a, &v, sizeof(struct channel_event)) =
			(struct channel_event){.channel_id = rows_int(&rows, 0),
					       .seq = rows_int(&rows, 1),
					       .kind = (enum channel_event_kind)rows_int(&rows, 2),
					       .ref_ts = rows_int(&rows, 3),
					       .user_id = rows_int(&rows, 4),
					       .detail = arena_dup(a, rows_str(&rows, 5))};
	return collected(&rows, &v, (void **)out, count, err);
}

bool store_reaction_add(struct db *db, int64_t channel_id, int64_t ts, struct str name, int64_t user_id, wall_ms now, struct err *err)
{
	return db_run(db, Q_REACTION_ADD, err, B_INT(channel_id), B_INT(ts), B_STR(name), B_INT(user_id), B_INT(now)) &&
	       db_run(db, Q_MESSAGE_REACTED, err, B_INT(1), B_INT(channel_id), B_INT(ts));
}

bool store_reaction_drop(struct db *db, int64_t channel_id, int64_t ts, struct str name, int64_t user_id, struct err *err)
{
	if (!db_run(db, Q_REACTION_DROP, err, B_INT(channel_id), B_INT(ts), B_STR(name), B_INT(user_id)))
		return false;
	if (db_changed(db) == 0) {
		err_set(err, ERR_NOT_FOUND, "there is no such reaction");
		return false;
	}
	return one_number(db_rows(db, Q_REACTION_COUNT, B_INT(channel_id), B_INT(ts))) > 0 ||
	       db_run(db, Q_MESSAGE_REACTED, err, B_INT(0), B_INT(channel_id), B_INT(ts));
}

bool store_reaction_list(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct reaction **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_REACTION_LIST, B_INT(channel_id), B_INT(ts));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct reaction *)vec_push(a, &v, sizeof(struct reaction)) = (struct reaction){arena_dup(a, rows_str(&rows, 0)), rows_int(&rows, 1)};
	return collected(&rows, &v, (void **)out, count, err);
}

/* ---- search ---- */

static bool index_message(struct db *db, const struct message *m, struct err *err)
{
	if (!db_run(db, Q_SEARCH_DROP, err, B_INT(m->id)))
		return false;
	if (m->deleted || !m->text.n)
		return true;
	return db_run(db, Q_SEARCH_ADD, err, B_INT(m->id), B_STR(m->text), B_INT(m->channel_id), B_INT(m->ts));
}

/* Indexes what one channel has behind `seq`: new messages, and old ones that an event changed. Moves *seq on. */
static bool index_channel(struct db *db, struct arena *a, int64_t channel_id, int64_t *seq, unsigned limit, unsigned *indexed, struct err *err)
{
	struct message *messages, changed;
	struct channel_event *events;
	size_t nm, ne, i = 0, j = 0;

	if (!store_messages_since(db, a, channel_id, *seq, limit, &messages, &nm, err) ||
	    !store_events_since(db, a, channel_id, *seq, limit, &events, &ne, err))
		return false;
	for (; *indexed < limit && (i < nm || j < ne); ++*indexed) {
		bool is_message = i < nm && (j >= ne || messages[i].seq < events[j].seq);

		*seq = is_message ? messages[i].seq : events[j].seq;
		if (is_message) {
			if (!index_message(db, &messages[i++], err))
				return false;
		} else if (events[j].kind == EVENT_CHANGED || events[j].kind == EVENT_DELETED) {
			if (store_message_find(db, a, channel_id, events[j++].ref_ts, &changed, err) && !index_message(db, &changed, err))
				return false;
		} else {
			j++;
		}
	}
	return true;
}

bool store_search_index(struct db *db, struct arena *a, unsigned limit, unsigned *indexed, struct err *err)
{
	struct rows rows = db_select(db, Q_SEARCH_BEHIND, NULL, 0);
	int64_t channels[20], seqs[20];
	size_t n = 0;

	*indexed = 0;
	while (n < 20 && rows_next(&rows)) {
		channels[n] = rows_int(&rows, 0);
		seqs[n++] = rows_int(&rows, 1);
	}
	if (!rows_end(&rows, err))
		return false;
	for (size_t i = 0; i < n && *indexed < limit; i++)
		if (!index_channel(db, a, channels[i], &seqs[i], limit, indexed, err) ||
		    !db_run(db, Q_SEARCH_MARK_ADD, err, B_INT(channels[i]), B_INT(seqs[i])))
			return false;
	return true;
}

/* What a person types becomes FTS5 phrases, so that no word of theirs is FTS5 syntax; the last word may be unfinished. */
static struct str match_text(struct arena *a, struct str query)
{
	struct buf b;
	struct str word;

	buf_init(&b, 4 * KIB);
	while (str_word(&query, &word)) {
		buf_add(&b, S(" \""));
		for (size_t i = 0; i < word.n; i++)
			if (word.p[i] != '"')
				buf_char(&b, word.p[i]);
		buf_add(&b, S("\""));
	}
	if (b.n)
		buf_char(&b, '*');
	return buf_keep(a, &b);
}

bool store_search(struct db *db, struct arena *a, struct str query, int64_t channel_id, int64_t user_id, unsigned limit, struct search_hit **out,
		  size_t *count, struct err *err)
{
	struct str match = match_text(a, query);
	struct vec v = {0};
	struct rows rows;

	*count = 0;
	if (!match.n)
		return true;
	rows = db_rows(db, Q_SEARCH_FIND, B_STR(match), B_INT(channel_id), B_INT(channel_id), B_INT(user_id), B_INT(limit));
	while (rows_next(&rows))
		*(struct search_hit *)vec_push(a, &v, sizeof(struct search_hit)) =
			(struct search_hit){rows_int(&rows, 0), rows_int(&rows, 1), arena_dup(a, rows_str(&rows, 2))};
	return collected(&rows, &v, (void **)out, count, err);
}

#define SEARCH_BINDS                                                                                                                                            \
	f->match.n ? B_STR(f->match) : B_INT(f->channel_id), B_INT(f->channel_id), B_INT(f->channel_id), B_INT(f->user_id), B_INT(f->user_id), B_INT(f->since * 1000), \
		B_INT(until), B_INT(f->has_link), B_INT(f->reader_id)

bool store_search_messages(struct db *db, struct arena *a, const struct search_filter *f, unsigned limit, unsigned skip, struct search_hit **out, size_t *count,
			   int64_t *total, struct err *err)
{
	int64_t until = f->until ? f->until * 1000 : INT64_MAX;
	struct rows rows = db_rows(db, f->match.n ? Q_SEARCH_WORDS_COUNT : Q_SEARCH_PLACE_COUNT, SEARCH_BINDS);
	struct vec v = {0};

	*total = rows_next(&rows) ? rows_int(&rows, 0) : 0;
	if (!rows_end(&rows, err))
		return false;
	rows = db_rows(db, f->match.n ? Q_SEARCH_WORDS_FIND : Q_SEARCH_PLACE_FIND, SEARCH_BINDS, B_INT(f->order), B_INT(limit), B_INT(skip));
	while (rows_next(&rows))
		*(struct search_hit *)vec_push(a, &v, sizeof(struct search_hit)) =
			(struct search_hit){rows_int(&rows, 0), rows_int(&rows, 1), arena_dup(a, rows_str(&rows, 2))};
	return collected(&rows, &v, (void **)out, count, err);
}
