/* store/files.h -- rows of the files that messages bring. Their bytes are engine/file_bytes.h's. */
#pragma once
#include "ops/model.h"
#include "store/db.h"

/* The bytes must be on disk. */
MUST_USE bool store_file_add(struct db *db, const struct file *f, struct err *err);
/* false with ERR_NONE: there is none, or its message was deleted. */
bool store_file_find(struct db *db, struct arena *a, int64_t file_id, struct file *out, struct err *err);
MUST_USE bool store_file_list(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct file **out, size_t *count, struct err *err);
bool store_file_known(struct db *db, int64_t file_id); /* dropped ones too */

/* A message goes, and its files with it: they are dropped first, and forgotten when their bytes are gone. */
MUST_USE bool store_file_drop(struct db *db, int64_t channel_id, int64_t ts, struct err *err);
MUST_USE bool store_file_dropped(struct db *db, struct arena *a, unsigned limit, struct file **out, size_t *count, struct err *err);
MUST_USE bool store_file_forget(struct db *db, const struct file *f, struct err *err);
