/* ops/mattermost.h -- Mattermost's words and ours: what its API and its WebSocket say, and our messages as posts of it.
 *
 * Pure. Sources: api.mattermost.com (API v4), developers.mattermost.com (interactive messages, interactive dialogs, slash commands), and
 * the types of @mattermost/types. All texts that are read are views into the source or the arena. Ids are 26 letters and digits.
 */
#pragma once
#include "base/crypt.h"
#include "base/json.h"

#define MM_TEXT_MAX 16000 /* characters of a post: the server takes 16,383 (model.PostMessageMaxRunesV2) */
#define MM_TOPIC_MAX 1024 /* of a channel's header (model.ChannelHeaderMaxRunes) */

/* ---- what it says ---- */

struct mm_user {
	struct str id, username, real_name, email;
	bool is_bot;
	bool email_proven; /* by single sign-on, or it was verified */
};
struct mm_channel {
	struct str id, name, team_id, topic; /* name: as in its address; topic: its header */
	char type;                           /* 'O' open, 'P' private, 'D' direct, 'G' a few people; 0: not said */
	wall_ms last_post;
	bool gone;
};
struct mm_reaction {
	struct str user_id, post_id, name;
	wall_ms at;
};
struct mm_post {
	struct str id, channel_id, user_id, root_id, message, type; /* type "": a person's or bot's, else "system_..." */
	struct str key;                 /* ours (MM_KEY) */
	struct str webhook;             /* what who posts it by a webhook is called; "": no webhook did */
	struct str header;              /* of a post of type system_header_change: the new one */
	wall_ms created, updated, edited, deleted;
	bool pinned, by_webhook;
	const struct json *attachments; /* NULL: none */
	const struct json *metadata;    /* its files and reactions; NULL: none */
};
#define MM_KEY "opsroom_key"

enum mm_event_kind {
	MM_OTHER,   /* nothing that we act upon */
	MM_HELLO,   /* the connection is ours */
	MM_REPLY,   /* to what we sent: `seq`, `ok` */
	MM_POSTED, MM_EDITED, MM_DELETED,
	MM_REACTED, MM_UNREACTED,
	MM_CHANNEL, /* it is another now: `channel` */
	MM_CAME,    /* `user_id` is in the channel now; a direct channel was opened */
	MM_WENT,
	MM_CHANNEL_GONE,
	MM_USER,    /* `user` is another now */
};
struct mm_event {
	enum mm_event_kind kind;
	int64_t seq;
	bool ok;
	struct str error;
	struct str channel_id, user_id;
	char channel_type; /* of what was posted; 0: not said */
	struct mm_post post;
	struct mm_reaction reaction;
	struct mm_channel channel;
	struct mm_user user;
};
/* One message of the WebSocket. ERR_INVALID: it is none. */
MUST_USE bool mm_event_read(struct arena *a, struct str text, struct mm_event *out, struct err *err);

/* Objects of the API. false: it is not one (no id). */
bool mm_user_read(struct arena *a, const struct json *v, struct mm_user *out);
bool mm_channel_read(const struct json *v, struct mm_channel *out);
bool mm_post_read(const struct json *v, struct mm_post *out);
/* The posts of a list of posts, oldest first. */
struct mm_post *mm_posts_read(struct arena *a, const struct json *list, size_t *count);
bool mm_reaction_read(const struct json *v, struct mm_reaction *out);
/* What went wrong, for people: "message (id)", or the status. */
struct str mm_error(struct arena *a, int status, struct str body);
bool mm_id_ok(struct str id);

/* ---- texts ---- */

/* Who and what is called how there; each answers "" for what it does not know. */
struct mm_names {
	void *context;
	struct str (*user_name)(void *context, struct str id);
	struct str (*user_id)(void *context, struct str name);
	struct str (*channel_name)(void *context, struct str id);
	struct str (*channel_id)(void *context, struct str name);
};
/* mrkdwn as Mattermost's Markdown, at most MM_TEXT_MAX characters. <@ID> becomes @name; what others wrote rings nobody's bell: @all and @channel
 * in it are broken. */
struct str mm_markdown(struct arena *a, struct str mrkdwn, const struct mm_names *names);
/* The other way. @name and ~channel become <@ID> and <#ID>; all that is no markup is escaped. */
struct str mm_mrkdwn(struct arena *a, struct str markdown, const struct mm_names *names);
/* At most so many characters. */
struct str mm_clip(struct str s, size_t most);
/* What somebody is called, so that it shows as it is written. */
struct str mm_plain(struct arena *a, struct str s);
/* What a post says: its text, what its attachments say, and the names of its files with `link` to it; mrkdwn. */
struct str mm_post_text(struct arena *a, const struct mm_post *p, struct str link, const struct mm_names *names);

/* ---- our messages ---- */

/* For whom and where a message is made. Buttons carry a proof that they are ours, because whoever knows the address can call it. */
struct mm_place {
	const struct mm_names *names;
	struct secret key;   /* of this chat */
	struct str channel;  /* its id */
	struct str calls;    /* "https://ops.example.com/chats/NAME/": where buttons lead; "": nowhere, there are none */
};
struct mm_message {
	struct str text;
	struct str attachments; /* a JSON list; "": none */
};
/* body: JSON object with blocks and attachments, or "". author "": the bot itself. */
void mm_message_make(struct arena *a, const struct mm_place *at, struct str author, struct str text, struct str body, struct mm_message *out);

/* What a button sends. false: it is none of ours; *err says why. */
struct mm_press {
	struct str channel_id, user_id, user_name, post_id, trigger, action, value;
};
MUST_USE bool mm_press_read(struct arena *a, const struct secret *key, struct str body, struct mm_press *out, struct err *err);

/* A view as Slack's views.open takes it, as the body of actions/dialogs/open for this person. ERR_INVALID: it asks nothing that could be asked. */
MUST_USE bool mm_dialog_make(struct arena *a, const struct mm_place *at, struct str user_id, struct str trigger, struct str view, struct str *out, struct err *err);
/* What it sends: `view` is as the one in Slack's view_submission. */
struct mm_answer {
	struct str channel_id, user_id, view;
	bool cancelled;
};
MUST_USE bool mm_dialog_read(struct arena *a, const struct secret *key, struct str body, struct mm_answer *out, struct err *err);
