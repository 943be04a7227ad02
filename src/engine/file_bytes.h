/* engine/file_bytes.h -- the bytes of the files that messages bring: DATA/files/2026-03-02/F0C8QJ4V2G00, a folder a day.
 *
 * The bytes are on disk before the row that names them is committed; so a row always has its bytes, and a crash in between
 * leaves bytes without a row, which housekeeping finds and removes. They never change. Any thread may put and get them.
 */
#pragma once
#include "engine/engine.h"
#include "ops/model.h"

#define FILE_MAX_BYTES (64 * MIB) /* the most that upload_max may be */

/* ERR_TOO_BIG; ERR_FULL with path and reason. */
MUST_USE bool file_bytes_put(struct arena *a, const char *data_dir, int64_t file_id, struct str bytes, struct err *err);
/* Adds them to *out. ERR_NOT_FOUND: somebody took them away; ERR_UNAVAILABLE: they cannot be read. */
MUST_USE bool file_bytes_get(struct arena *a, const char *data_dir, int64_t file_id, struct buf *out, struct err *err);
/* Work thread, once an hour: bytes of deleted messages, uploads that never ended, and bytes that are an hour old and have no row. *more: not all yet. */
MUST_USE bool file_bytes_sweep(struct work *w, bool *more, struct err *err);
