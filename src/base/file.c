#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 1000

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

bool file_read(struct arena *a, const char *path, struct str *out, struct err *err)
{
	struct buf b;
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!f) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
		return false;
	}
	buf_init(&b, 1 * MIB);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, str_n(part, n));
	if (ferror(f))
		err_set(err, ERR_INVALID, "%s cannot be read: %s", path, strerror(errno));
	else if (b.failed)
		err_set(err, ERR_TOO_BIG, "%s is larger than 1 MiB", path);
	fclose(f);
	*out = arena_dup(a, buf_str(&b));
	buf_done(&b);
	return err->code == ERR_NONE;
}

/* A folder, socket or pipe is no file. What cannot be looked at is left in: reading it says why. */
static bool is_file(const char *dir, const char *name)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

static int by_name(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

bool file_names(struct arena *a, const char *dir, const char *suffix, struct str **names, size_t *count, struct err *err)
{
	struct vec v = {0};
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", dir, strerror(errno));
		return false;
	}
	while ((e = readdir(d)) && v.count <= NAMES_MAX)
		if (e->d_name[0] != '.' && str_ends(str_of(e->d_name), str_of(suffix)) && is_file(dir, e->d_name))
			*(struct str *)vec_push(a, &v, sizeof(struct str)) = arena_dup(a, str_of(e->d_name));
	closedir(d);
	if (v.count > NAMES_MAX) {
		err_set(err, ERR_TOO_MANY, "%s has more than %d files ending in %s", dir, NAMES_MAX, suffix);
		return false;
	}
	*names = v.items;
	*count = v.count;
	if (v.count)
		qsort(*names, v.count, sizeof **names, by_name);
	return true;
}
