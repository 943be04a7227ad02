/* store/links.h -- rows of links to other chat systems (engine/links.h): channels, messages, people, and what is still to be told there.
 *
 * Functions named x_find answer false with err->code ERR_NONE when there is none. Texts are copied into the arena.
 */
#pragma once
#include "base/mem.h"
#include "base/time.h"
#include "store/db.h"

struct chat_link {
	int64_t id, workspace_id;
	struct str chat;         /* its name in the chats file */
	struct str remote;       /* the channel's id there */
	struct str remote_name;  /* as people call it there */
	int64_t channel_id;
	bool direct;             /* a direct message between a person and @srebot */
	int64_t number;          /* of the last message there that people call by a number */
	wall_ms next;            /* nothing is said there before */
};
MUST_USE bool store_link_add(struct db *db, const struct chat_link *l, struct err *err); /* ERR_CONFLICT */
MUST_USE bool store_link_list(struct db *db, struct arena *a, int64_t workspace_id, struct chat_link **out, size_t *count, struct err *err);
MUST_USE bool store_link_name(struct db *db, const struct chat_link *l, struct err *err);
MUST_USE bool store_link_turn(struct db *db, const struct chat_link *l, struct err *err); /* number and next */
MUST_USE bool store_link_drop(struct db *db, const struct chat_link *l, struct err *err);  /* and what was still to be told */

struct chat_copy {
	int64_t link_id, ts;
	int part;
	struct str remote; /* the message's id there */
	int64_t number;
	bool gathered;
	int64_t head; /* a hash of its first line, as it was told */
};
MUST_USE bool store_copy_add(struct db *db, const struct chat_copy *c, struct err *err); /* ERR_CONFLICT */
MUST_USE bool store_copy_head(struct db *db, const struct chat_copy *c, struct err *err);
MUST_USE bool store_copy_list(struct db *db, struct arena *a, int64_t link_id, int64_t ts, struct chat_copy **out, size_t *count, struct err *err);
bool store_copy_by_remote(struct db *db, struct arena *a, int64_t link_id, struct str remote, struct chat_copy *out, struct err *err);
bool store_copy_by_number(struct db *db, struct arena *a, int64_t link_id, int64_t number, struct chat_copy *out, struct err *err);
MUST_USE bool store_copy_drop(struct db *db, int64_t link_id, int64_t ts, struct err *err);

struct chat_todo {
	int64_t link_id, id, ts;
	int part, verb; /* enum chat_verb */
	struct str detail;
	wall_ms said, tried;
};
MUST_USE bool store_todo_add(struct db *db, const struct chat_todo *t, struct err *err);
MUST_USE bool store_todo_head(struct db *db, struct arena *a, int64_t link_id, unsigned limit, struct chat_todo **out, size_t *count, struct err *err);
MUST_USE bool store_todo_of(struct db *db, struct arena *a, int64_t link_id, int64_t ts, int verb, struct chat_todo **out, size_t *count, struct err *err);
MUST_USE bool store_todo_tried(struct db *db, const struct chat_todo *t, struct err *err);
MUST_USE bool store_todo_done(struct db *db, const struct chat_todo *t, struct err *err);
int64_t store_todo_count(struct db *db, int64_t link_id, wall_ms from, wall_ms to, int64_t most); /* said in that time, counted up to `most` */

struct chat_person {
	struct str chat, remote;
	int64_t user_id;
	struct str name; /* there */
};
MUST_USE bool store_person_put(struct db *db, int64_t workspace_id, const struct chat_person *p, struct err *err);
bool store_person_find(struct db *db, struct arena *a, int64_t workspace_id, struct str chat, struct str remote, struct chat_person *out, struct err *err);
bool store_person_of(struct db *db, struct arena *a, int64_t workspace_id, struct str chat, int64_t user_id, struct chat_person *out, struct err *err);
