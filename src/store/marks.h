/* store/marks.h -- rows of what people mark: pins, bookmarks, stars; and of messages that are to be said later. */
#pragma once
#include "ops/model.h"
#include "store/db.h"

struct pin {
	int64_t channel_id, ts, user_id;
	wall_ms at;
};
MUST_USE bool store_pin_add(struct db *db, const struct pin *p, struct err *err); /* ERR_CONFLICT: it is pinned */
MUST_USE bool store_pin_drop(struct db *db, int64_t channel_id, int64_t ts, struct err *err); /* ERR_NOT_FOUND */
bool store_pin_find(struct db *db, int64_t channel_id, int64_t ts, struct pin *out, struct err *err);
MUST_USE bool store_pin_list(struct db *db, struct arena *a, int64_t channel_id, struct pin **out, size_t *count, struct err *err); /* the newest first */
int64_t store_pin_count(struct db *db, int64_t channel_id);

struct bookmark {
	int64_t id, channel_id, changed_by;
	struct str title, link, emoji;
	wall_ms created, changed;
};
MUST_USE bool store_bookmark_add(struct db *db, const struct bookmark *b, struct err *err);
MUST_USE bool store_bookmark_set(struct db *db, const struct bookmark *b, struct err *err);
MUST_USE bool store_bookmark_drop(struct db *db, int64_t channel_id, int64_t id, struct err *err);
bool store_bookmark_find(struct db *db, struct arena *a, int64_t channel_id, int64_t id, struct bookmark *out, struct err *err);
MUST_USE bool store_bookmark_list(struct db *db, struct arena *a, int64_t channel_id, struct bookmark **out, size_t *count, struct err *err);

/* A message that somebody marked, or (ts 0) a channel. */
struct marked {
	int64_t channel_id, ts;
	wall_ms at;
};
MUST_USE bool store_star_add(struct db *db, int64_t user_id, const struct marked *m, struct err *err); /* ERR_CONFLICT */
MUST_USE bool store_star_drop(struct db *db, int64_t user_id, int64_t channel_id, int64_t ts, struct err *err); /* ERR_NOT_FOUND */
bool store_star_there(struct db *db, int64_t user_id, int64_t channel_id, int64_t ts);
/* The newest first; *total: of all pages. */
MUST_USE bool store_star_list(struct db *db, struct arena *a, int64_t user_id, unsigned limit, unsigned skip, struct marked **out, size_t *count, int64_t *total, struct err *err);
/* Messages that a person reacted to, the same way. */
MUST_USE bool store_reacted_list(struct db *db, struct arena *a, int64_t user_id, unsigned limit, unsigned skip, struct marked **out, size_t *count, int64_t *total, struct err *err);

struct scheduled {
	int64_t id, channel_id, user_id, bot_id, thread_ts;
	wall_ms post_at, created;
	bool broadcast;
	struct str text, body;
};
struct scheduled_filter {
	int64_t user_id, channel_id; /* channel_id 0: any */
	int64_t after;               /* id of the last of the page before */
	wall_ms oldest, latest;
};
MUST_USE bool store_scheduled_add(struct db *db, const struct scheduled *s, struct err *err);
bool store_scheduled_find(struct db *db, struct arena *a, int64_t id, struct scheduled *out, struct err *err);
MUST_USE bool store_scheduled_drop(struct db *db, const struct scheduled *s, struct err *err);
MUST_USE bool store_scheduled_list(struct db *db, struct arena *a, const struct scheduled_filter *f, unsigned limit, struct scheduled **out, size_t *count, struct err *err);
int64_t store_scheduled_count(struct db *db, int64_t channel_id);
