/* store/chat.h -- rows of workspaces, people, channels, messages; to and from the structs of ops/model.h.
 *
 * Functions named x_find answer false with err->code ERR_NONE when there is none. Texts are copied into the arena.
 */
#pragma once
#include "ops/model.h"
#include "store/db.h"

/* settings: small values by name; "" is "not set" */
MUST_USE bool store_setting_get(struct db *db, struct arena *a, int64_t workspace_id, const char *name, struct str *out, struct err *err);
MUST_USE bool store_setting_put(struct db *db, int64_t workspace_id, const char *name, struct str value, struct err *err);
bool store_workspace_find(struct db *db, struct arena *a, int64_t *id, struct str *name, struct err *err);
MUST_USE bool store_workspace_add(struct db *db, int64_t id, struct str name, wall_ms now, struct err *err);

/* Takes a name for good. ERR_CONFLICT: it is taken. */
MUST_USE bool store_name_take(struct db *db, int64_t workspace_id, const char *kind, struct str name, int64_t target_id, struct err *err);
MUST_USE bool store_name_drop(struct db *db, int64_t workspace_id, const char *kind, struct str name, struct err *err);
bool store_name_find(struct db *db, int64_t workspace_id, const char *kind, struct str name, int64_t *target_id, struct err *err);

MUST_USE bool store_user_add(struct db *db, const struct user *u, struct err *err); /* takes its name and e-mail */
MUST_USE bool store_user_set(struct db *db, const struct user *u, wall_ms now, struct err *err);
bool store_user_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct user *out, struct err *err);
MUST_USE bool store_user_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct user **out, size_t *count, struct err *err);
bool store_has_admin(struct db *db, int64_t workspace_id);

MUST_USE bool store_session_add(struct db *db, int64_t workspace_id, struct str hash, int64_t user_id, wall_ms now, wall_ms expires, struct err *err);
bool store_session_find(struct db *db, int64_t workspace_id, struct str hash, wall_ms now, int64_t *user_id, wall_ms *mfa_at, struct err *err);
MUST_USE bool store_session_drop(struct db *db, int64_t workspace_id, struct str hash, struct err *err);

MUST_USE bool store_token_add(struct db *db, const struct token *t, struct str hash, struct err *err);
bool store_token_find(struct db *db, struct arena *a, int64_t workspace_id, struct str hash, struct token *out, struct err *err);
MUST_USE bool store_token_list(struct db *db, struct arena *a, int64_t workspace_id, struct token **out, size_t *count, struct err *err);
MUST_USE bool store_token_used(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms at, struct str from, int needed, struct err *err);
MUST_USE bool store_token_revoke(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms now, struct err *err); /* ERR_NOT_FOUND */

MUST_USE bool store_source_add(struct db *db, const struct source *s, struct str key_hash, wall_ms now, struct err *err);
MUST_USE bool store_source_set(struct db *db, const struct source *s, struct err *err);
bool store_source_by_key(struct db *db, struct arena *a, int64_t workspace_id, struct str key_hash, struct source *out, struct err *err);
bool store_source_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t source_id, struct source *out, struct err *err);
MUST_USE bool store_source_list(struct db *db, struct arena *a, int64_t workspace_id, struct source **out, size_t *count, struct err *err);
MUST_USE bool store_webhook_add(struct db *db, const struct webhook *w, wall_ms now, struct err *err);
MUST_USE bool store_webhook_set(struct db *db, const struct webhook *w, struct err *err);
bool store_webhook_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t webhook_id, struct webhook *out, struct err *err);

MUST_USE bool store_channel_add(struct db *db, const struct channel *c, struct err *err);
bool store_channel_find(struct db *db, struct arena *a, int64_t channel_id, struct channel *out, struct err *err);
MUST_USE bool store_channel_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct channel **out, size_t *count, struct err *err);
MUST_USE bool store_channel_advance(struct db *db, const struct channel *c, struct err *err); /* last_seq and last_ts */
MUST_USE bool store_channel_topic(struct db *db, const struct channel *c, struct err *err);
MUST_USE bool store_channel_purpose(struct db *db, const struct channel *c, struct err *err);
MUST_USE bool store_channel_name(struct db *db, const struct channel *c, struct err *err);
MUST_USE bool store_channel_archive(struct db *db, const struct channel *c, struct err *err);
/* Names that it had before; they lead to it still. */
MUST_USE bool store_channel_names(struct db *db, struct arena *a, const struct channel *c, struct str **out, size_t *count, struct err *err);
/* Ids of the channels that a person is in. */
MUST_USE bool store_channels_of(struct db *db, struct arena *a, int64_t user_id, int64_t after_id, unsigned limit, int64_t **out, size_t *count, struct err *err);

MUST_USE bool store_member_add(struct db *db, int64_t channel_id, int64_t user_id, wall_ms now, int64_t last_read_ts, struct err *err);
MUST_USE bool store_member_drop(struct db *db, int64_t channel_id, int64_t user_id, struct err *err);
bool store_member_find(struct db *db, int64_t channel_id, int64_t user_id, int64_t *last_read_ts, struct err *err);
MUST_USE bool store_member_list(struct db *db, struct arena *a, int64_t channel_id, int64_t after_id, unsigned limit, int64_t **out, size_t *count, struct err *err);
int64_t store_member_count(struct db *db, int64_t channel_id);
struct membership {
	int64_t channel_id, last_read_ts;
};
MUST_USE bool store_memberships(struct db *db, struct arena *a, int64_t user_id, struct membership **out, size_t *count, struct err *err);
MUST_USE bool store_member_read(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err);
/* What others said since, without the notices of who came and went. Replies are not unread messages of the channel, but mentions in them
 * are mentions. At most 100 unread. */
int64_t store_unread(struct db *db, int64_t channel_id, int64_t user_id, int64_t last_read_ts);
int64_t store_mentions(struct db *db, int64_t channel_id, int64_t user_id, int64_t last_read_ts);
MUST_USE bool store_mention_add(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err);

MUST_USE bool store_message_add(struct db *db, const struct message *m, struct err *err);
bool store_message_find(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct message *out, struct err *err); /* deleted ones too */
MUST_USE bool store_message_change(struct db *db, const struct message *m, struct err *err);
MUST_USE bool store_message_delete(struct db *db, int64_t channel_id, int64_t ts, struct err *err);
MUST_USE bool store_message_replies(struct db *db, const struct message *root, struct err *err);
MUST_USE bool store_history(struct db *db, struct arena *a, int64_t channel_id, int64_t oldest, int64_t latest, unsigned limit, struct message **out, size_t *count, struct err *err);
MUST_USE bool store_thread(struct db *db, struct arena *a, int64_t channel_id, int64_t thread_ts, int64_t oldest, int64_t latest, unsigned limit, struct message **out, size_t *count, struct err *err);
int64_t store_thread_last(struct db *db, int64_t channel_id, int64_t thread_ts); /* 0: no reply is left */
size_t store_thread_users(struct db *db, int64_t channel_id, int64_t thread_ts, int64_t users[5]);
MUST_USE bool store_messages_since(struct db *db, struct arena *a, int64_t channel_id, int64_t seq, unsigned limit, struct message **out, size_t *count, struct err *err);
MUST_USE bool store_event_add(struct db *db, const struct channel_event *e, struct err *err);
MUST_USE bool store_events_since(struct db *db, struct arena *a, int64_t channel_id, int64_t seq, unsigned limit, struct channel_event **out, size_t *count, struct err *err);

struct reaction {
	struct str name;
	int64_t user_id;
};
MUST_USE bool store_reaction_add(struct db *db, int64_t channel_id, int64_t ts, struct str name, int64_t user_id, wall_ms now, struct err *err); /* ERR_CONFLICT */
MUST_USE bool store_reaction_drop(struct db *db, int64_t channel_id, int64_t ts, struct str name, int64_t user_id, struct err *err); /* ERR_NOT_FOUND */
MUST_USE bool store_reaction_list(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct reaction **out, size_t *count, struct err *err);

/* Search (SQLite: FTS5), written behind the acknowledgement. */
MUST_USE bool store_search_index(struct db *db, struct arena *a, unsigned limit, unsigned *indexed, struct err *err); /* a slice; 0: all is indexed */
struct search_hit {
	int64_t channel_id, ts;
	struct str snippet;
};
MUST_USE bool store_search(struct db *db, struct arena *a, struct str query, int64_t channel_id, int64_t user_id, unsigned limit, struct search_hit **out, size_t *count, struct err *err);

enum search_order { SEARCH_BEST, SEARCH_WORST, SEARCH_NEWEST, SEARCH_OLDEST };
struct search_filter {
	int64_t reader_id;
	struct str match;            /* FTS5's (ops/search.h); "": all of the channel, which must be named then */
	int64_t channel_id, user_id; /* 0: any */
	wall_ms since, until;        /* until 0: now */
	bool has_link;
	enum search_order order;
};
/* snippet: the whole text, with U+E000 before and U+E001 behind what was looked for; "" without words. *total: of all pages. */
MUST_USE bool store_search_messages(struct db *db, struct arena *a, const struct search_filter *f, unsigned limit, unsigned skip, struct search_hit **out, size_t *count,
				    int64_t *total, struct err *err);
