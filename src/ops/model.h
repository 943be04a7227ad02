/* ops/model.h -- the things that the store keeps and the rules speak of, as plain structs. They own nothing. */
#pragma once
#include "base/time.h"

/* Roles, each with all rights of the ones before. Commands and routes name the least that is needed. */
enum role { ROLE_VIEWER = 1, ROLE_RESPONDER, ROLE_OPERATOR, ROLE_ADMIN };
const char *role_name(enum role role);
bool role_parse(struct str s, enum role *out);

/* What a token may do at most; its user's role limits it further. */
enum scope { SCOPE_READ = 1, SCOPE_WRITE, SCOPE_ADMIN };

struct user {
	int64_t id, workspace_id;
	struct str name, real_name, email, password_hash;
	enum role role;
	int64_t bot_id; /* not 0: a bot */
	bool deleted;
	wall_ms created, updated;
};

enum channel_kind { CHANNEL_PUBLIC, CHANNEL_PRIVATE, CHANNEL_DM };

struct channel {
	int64_t id, workspace_id;
	struct str name; /* "" for a DM */
	enum channel_kind kind;
	int64_t creator_id;
	int64_t peer_id; /* DM: the other person; equal to creator_id for a note to oneself */
	struct str topic;
	int64_t topic_by;
	wall_ms topic_at, created;
	struct str purpose;
	int64_t purpose_by;
	wall_ms purpose_at;
	bool archived;
	int64_t last_seq, last_ts;
};

/* Numbers of the store: 2 to 4 and 7 to 10 are notices of what happened to the channel (UNREAD_COUNT of queries.def). */
enum message_kind { MESSAGE_PLAIN, MESSAGE_BOT, MESSAGE_JOIN, MESSAGE_LEAVE, MESSAGE_TOPIC, MESSAGE_BROADCAST, MESSAGE_FILES,
	MESSAGE_PURPOSE, MESSAGE_NAME, MESSAGE_ARCHIVE, MESSAGE_UNARCHIVE, MESSAGE_ME };

struct message {
	int64_t channel_id, seq, id, ts, thread_ts; /* thread_ts 0: not in a thread */
	int64_t user_id, bot_id;
	enum message_kind kind;
	struct str text;
	struct str body; /* a JSON object of what else it has: blocks, attachments, username, icons, metadata; or "" */
	int64_t edited_by, edited_ts;
	int64_t reply_count, latest_reply;
	bool has_reactions, has_files, deleted, pinned;
	struct file *files; /* to post with it; reading a message does not fill it: store_file_list() */
	size_t file_count;
};

/* What a message brings beside its text. The bytes lie beside the store (engine/file_bytes.h). */
struct file {
	int64_t id, channel_id, ts; /* ts: the message's */
	int64_t user_id;
	struct str name;            /* "graph.png" */
	struct str title, mimetype, alt; /* alt: what a picture shows, in words */
	int64_t size_bytes;
	int width, height;          /* of a picture; 0: not known */
	wall_ms created;
};

/* A notice of what happened to the channel; nobody said it. */
bool message_is_notice(enum message_kind kind);

/* What takes a number of a channel's sequence beside a new message. */
enum channel_event_kind { EVENT_CHANGED = 1, EVENT_DELETED, EVENT_REACTION_ADDED, EVENT_REACTION_REMOVED, EVENT_JOINED, EVENT_LEFT, EVENT_TOPIC, EVENT_REPLIED,
	EVENT_PINNED, EVENT_UNPINNED, EVENT_PURPOSE, EVENT_RENAMED, EVENT_ARCHIVED, EVENT_UNARCHIVED };

struct channel_event {
	int64_t channel_id, seq;
	enum channel_event_kind kind;
	int64_t ref_ts, user_id;
	struct str detail;
};

struct source {
	int64_t id, workspace_id, channel_id;
	struct str tool, name;
	struct str auth; /* as api/source_auth.c writes it; "" for the key in the path alone */
	span_ms heartbeat; /* it must be heard from this often; 0: need not */
};

struct webhook {
	int64_t id, workspace_id, channel_id;
	int64_t app_id; /* whose it is; 0: nobody's */
	struct str name, key_hash;
};

struct token {
	int64_t id, workspace_id, user_id;
	struct str name, scopes, last_from;
	wall_ms created, last_used, revoked;
	int needed; /* enum scope: the highest that a use of it really needed; 0: not known */
	wall_ms mfa_at; /* when its person last gave a second factor with it; 0: never */
};
