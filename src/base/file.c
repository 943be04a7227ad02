#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text = str_n(text.p + n, text.n - (size_t)n);
	}
	return true;
}

bool file_put(struct arena *a, const char *path, struct str text, mode_t mode, struct err *err)
{
	const char *fresh = arena_printf(a, "%s.%d", path, (int)getpid()).p;
	int fd;
	bool ok;

	unlink(fresh); /* of a crash */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, text) && fsync(fd) == 0;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(fresh, path) == 0)
		return true;
	err_set(err, ERR_FULL, "%s cannot be written: %s", path, strerror(errno));
	unlink(fresh);
	return false;
}
