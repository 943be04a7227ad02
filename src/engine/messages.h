/* engine/messages.h -- the built-in chat: what people and bots may do in channels, and what it makes known.
 *
 * Errors of this module are named as Slack names them: err->text is "channel_not_found", "not_in_channel" ... Everything is
 * the work thread's; what is published leaves after the commit.
 */
#pragma once
#include "base/json.h"
#include "engine/engine.h"

#define CHAT_TEXT_MAX 40000 /* bytes; longer texts are cut (docs.slack.dev, chat.postMessage) */

/* Finds a channel that the person may see: by id (C…, D…), by #name or name; a user's id opens the DM with them.
 * "channel_not_found" also for a private channel that they are not in. */
MUST_USE bool chat_channel(struct work *w, int64_t user_id, struct str ref, struct channel *out, struct err *err);
bool chat_is_member(struct work *w, int64_t channel_id, int64_t user_id);
/* A public channel, or one that they are in. */
bool chat_may_read(struct work *w, int64_t channel_id, int64_t user_id);

/* Posts, with m->files, whose bytes must be on disk. Fills seq, id and ts of *m. thread_ts must name a message: "thread_not_found". Checks size: "msg_too_long", "no_text". */
MUST_USE bool chat_post_message(struct work *w, struct channel *c, struct message *m, struct err *err);
/* The same once only: a key used before answers with that message's ts. */
MUST_USE bool chat_post_once(struct work *w, struct channel *c, struct message *m, struct str key, struct err *err);
/* m: the message with its new text and body. A change that changes nothing is published to nobody. */
MUST_USE bool chat_change_message(struct work *w, struct channel *c, struct message *m, int64_t editor_id, struct err *err);
/* Tells all that it is another now, for a reason that is not in its row. */
MUST_USE bool chat_tell_changed(struct work *w, struct channel *c, const struct message *m, struct err *err);
MUST_USE bool chat_delete_message(struct work *w, struct channel *c, struct message *m, struct err *err);
MUST_USE bool chat_react(struct work *w, struct channel *c, struct message *m, int64_t user_id, struct str name, bool add, struct err *err);
/* Seen by one person, kept nowhere. *ts is what it is called; m->ts: it takes the place of that one. */
void chat_ephemeral(struct work *w, const struct channel *c, int64_t to_user_id, const struct message *m, int64_t *ts);
/* The same by an app: what can be pressed in it is kept for a day. Fills m->ts. */
MUST_USE bool chat_ephemeral_of_app(struct work *w, const struct channel *c, int64_t to_user_id, struct message *m, struct err *err);
MUST_USE bool chat_ephemeral_change(struct work *w, const struct channel *c, int64_t to_user_id, const struct message *m, struct err *err);
MUST_USE bool chat_ephemeral_delete(struct work *w, const struct channel *c, int64_t to_user_id, int64_t ts, struct err *err);

MUST_USE bool chat_create_channel(struct work *w, int64_t creator_id, struct str name, enum channel_kind kind, struct channel *out, struct err *err);
MUST_USE bool chat_open_dm(struct work *w, int64_t user_id, int64_t peer_id, struct channel *out, bool *existed, struct err *err);
MUST_USE bool chat_join(struct work *w, struct channel *c, int64_t user_id, int64_t inviter_id, bool *was_member, struct err *err);
/* The same without a word: they are in it elsewhere. */
MUST_USE bool chat_take_in(struct work *w, struct channel *c, int64_t user_id, struct err *err);
MUST_USE bool chat_leave(struct work *w, struct channel *c, int64_t user_id, struct err *err);
MUST_USE bool chat_set_topic(struct work *w, struct channel *c, int64_t user_id, struct str topic, struct err *err);
MUST_USE bool chat_set_purpose(struct work *w, struct channel *c, int64_t user_id, struct str purpose, struct err *err);
MUST_USE bool chat_rename(struct work *w, struct channel *c, int64_t user_id, struct str name, struct err *err);
/* "restricted_action": a source tells its alerts there. */
MUST_USE bool chat_archive(struct work *w, struct channel *c, int64_t user_id, struct err *err);
MUST_USE bool chat_unarchive(struct work *w, struct channel *c, int64_t user_id, struct err *err);
MUST_USE bool chat_kick(struct work *w, struct channel *c, int64_t user_id, int64_t by, struct err *err);
/* people: all of them, without doubles; they are sorted. The same people have one channel. */
MUST_USE bool chat_open_group(struct work *w, int64_t user_id, int64_t *people, size_t count, struct channel *out, bool *existed, struct err *err);
MUST_USE bool chat_pin(struct work *w, struct channel *c, const struct message *m, int64_t user_id, struct err *err);
MUST_USE bool chat_unpin(struct work *w, struct channel *c, const struct message *m, int64_t user_id, struct err *err);
MUST_USE bool chat_mark(struct work *w, struct channel *c, int64_t user_id, int64_t ts, struct err *err);

/* A channel as the console's boot has it. */
void chat_write_boot_channel(struct work *w, struct json_out *o, const struct channel *c, int64_t user_id, bool is_member, int64_t last_read_ts);
void chat_write_boot_user(struct work *w, struct json_out *o, const struct user *u);
