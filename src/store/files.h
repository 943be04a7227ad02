/* store/files.h -- rows of the files that messages bring. Their bytes are engine/file_bytes.h's. */
#pragma once
#include "ops/model.h"
#include "store/db.h"

/* The bytes must be on disk. */
MUST_USE bool store_file_add(struct db *db, const struct file *f, struct err *err);
/* Where it stands: a file has a row for each message that brings it. None: there is no such file, or its messages were deleted. At most 100. */
MUST_USE bool store_file_shares(struct db *db, struct arena *a, int64_t file_id, struct file **out, size_t *count, struct err *err);
MUST_USE bool store_file_list(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct file **out, size_t *count, struct err *err);
bool store_file_known(struct db *db, int64_t file_id); /* dropped ones and uploads too */

/* A message goes, and its files with it: they are dropped first, and forgotten when their bytes are gone. */
MUST_USE bool store_file_delete(struct db *db, int64_t file_id, struct err *err); /* from all messages */
MUST_USE bool store_file_drop(struct db *db, int64_t channel_id, int64_t ts, struct err *err);
MUST_USE bool store_file_dropped(struct db *db, struct arena *a, unsigned limit, struct file **out, size_t *count, struct err *err);
MUST_USE bool store_file_forget(struct db *db, const struct file *f, struct err *err);

struct file_filter {
	int64_t workspace_id, reader_id;
	int64_t channel_id, user_id; /* 0: any */
	wall_ms since, until;        /* until 0: now */
	struct str types[4];         /* patterns of LIKE for the mimetype; the first "": any */
};
/* Files that the reader may see, newest first, without doubles. *total: how many there are in all. */
MUST_USE bool store_file_seen(struct db *db, struct arena *a, const struct file_filter *f, unsigned limit, unsigned skip, int64_t **ids, size_t *count, int64_t *total,
			      struct err *err);

/* Files that are not in a message (yet). */
enum upload_state { UPLOAD_OPEN, UPLOAD_COMING, UPLOAD_THERE, UPLOAD_PRIVATE, UPLOAD_GONE };
MUST_USE bool store_upload_add(struct db *db, int64_t workspace_id, const struct file *f, struct err *err);
/* false with ERR_NONE: there is none. */
bool store_upload_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t file_id, struct file *out, enum upload_state *state, struct err *err);
MUST_USE bool store_upload_turn(struct db *db, int64_t workspace_id, int64_t file_id, enum upload_state from, enum upload_state to, struct err *err);
MUST_USE bool store_upload_came(struct db *db, int64_t workspace_id, const struct file *f, struct err *err);
MUST_USE bool store_upload_keep(struct db *db, int64_t workspace_id, const struct file *f, struct err *err);
MUST_USE bool store_upload_drop(struct db *db, int64_t file_id, struct err *err);
/* Those that are to go, and those that were begun before a time and never ended. */
MUST_USE bool store_upload_over(struct db *db, struct arena *a, wall_ms before, unsigned limit, struct file **out, size_t *count, struct err *err);
