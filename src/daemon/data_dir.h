/* daemon/data_dir.h -- the files of the data directory that are not the store's, and the lock that makes it one daemon's. */
#pragma once
#include "base/file.h"

#include <sys/types.h>

/* Makes the directory if need be and locks it for as long as the process lives; from then on new files are the owner's alone.
 * ERR_CONFLICT: another daemon has it. */
MUST_USE bool data_lock(struct arena *a, struct str dir, struct err *err);
/* DIR/NAME, whole; the mode is set also if the file was there. */
MUST_USE bool data_write(struct arena *a, struct str dir, const char *name, struct str text, mode_t mode,
			 struct err *err);
MUST_USE bool data_read(struct arena *a, struct str dir, const char *name, struct str *out, struct err *err);
