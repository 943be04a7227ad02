/* engine/files.h -- what people and bots do with files: an address to bring the bytes to, then sharing, then taking away.
 *
 * As Slack's upload (docs.slack.dev, files.getUploadURLExternal): first a name, then the bytes, then the message. Errors are named
 * as Slack names them. The work thread's.
 */
#pragma once
#include "base/json.h"
#include "engine/engine.h"
#include "store/files.h"

/* Where it may be read by them: each message that brings it, or, of the owner, the file alone (channel_id 0). count 0: there is none for them. */
MUST_USE bool files_seen(struct work *w, int64_t user_id, int64_t file_id, struct file **shares, size_t *count, struct err *err);

/* A file that is to come: name, title, alt, size_bytes, user_id are the caller's. Fills id. */
MUST_USE bool files_expect(struct work *w, struct file *f, struct err *err);
/* Its bytes lie on the disk: size, width and height are told. */
MUST_USE bool files_came(struct work *w, const struct file *f, struct err *err);
/* An upload of theirs whose bytes are there; "file_not_found". */
MUST_USE bool files_ready(struct work *w, int64_t user_id, int64_t file_id, struct file *out, struct err *err);
/* Takes it from all messages; those that say nothing else go with it. "file_not_found", "cant_delete_file". anyones: an admin's right. */
MUST_USE bool files_delete(struct work *w, int64_t user_id, int64_t file_id, bool anyones, struct err *err);
