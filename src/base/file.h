/* base/file.h -- small files that are there as a whole or not at all. */
#pragma once
#include "base/mem.h"

#include <sys/types.h>

/* Puts text under path in the place of what is there: written beside it, on disk, then renamed. A full disk or a crash leaves the
 * old file, or none. ERR_FULL with path and reason. */
MUST_USE bool file_put(struct arena *a, const char *path, struct str text, mode_t mode, struct err *err);
/* Any file of up to 1 MiB, whole. ERR_NOT_FOUND, ERR_INVALID, ERR_TOO_BIG; each names the path. */
MUST_USE bool file_read(struct arena *a, const char *path, struct str *out, struct err *err);
/* The names of a folder's files that end in `suffix`, sorted; hidden ones are left out. ERR_NOT_FOUND, ERR_TOO_MANY past 1000. */
MUST_USE bool file_names(struct arena *a, const char *dir, const char *suffix, struct str **names, size_t *count, struct err *err);
