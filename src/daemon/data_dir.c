#include "daemon/data_dir.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool data_read(struct arena *a, struct str dir, const char *name, struct str *out, struct err *err)
{
	return file_read(a, arena_printf(a, STR_FMT "/%s", STR_ARG(dir), name).p, out, err);
}

bool data_write(struct arena *a, struct str dir, const char *name, struct str text, mode_t mode, struct err *err)
{
	return file_put(a, arena_printf(a, STR_FMT "/%s", STR_ARG(dir), name).p, text, mode, err);
}

bool data_lock(struct arena *a, struct str dir, struct err *err)
{
	struct str path = arena_printf(a, STR_FMT "/lock", STR_ARG(dir));
	int fd;

	umask(0077); /* the store's files are made by SQLite, and a directory that was there may be open to all */
	if (mkdir(arena_dup(a, dir).p, 0700) != 0 && errno != EEXIST) {
		err_set(err, ERR_FULL, STR_FMT " cannot be made: %s", STR_ARG(dir), strerror(errno));
		return false;
	}
	fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_set(err, ERR_FULL, "%s: %s", path.p, strerror(errno));
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true; /* the end of the process gives it back */
	err_set(err, ERR_CONFLICT, STR_FMT " is in use by another opsroomd", STR_ARG(dir));
	close(fd);
	return false;
}
