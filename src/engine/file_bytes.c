#include "engine/file_bytes.h"

#include "base/file.h"
#include "store/chat.h"
#include "store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_LENGTH 10  /* of "2026-03-02" */
#define ORPHAN_AGE HOUR /* far longer than it takes from the bytes to the commit */
#define SWEPT "files_swept" /* setting: the days before this one have no orphans */
#define DROPPED_AT_ONCE 500

static struct str day_of(struct arena *a, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	return arena_dup(a, str_clip(wall_write(text, at), DAY_LENGTH));
}

static struct str folder_of(struct arena *a, const char *data_dir, int64_t file_id)
{
	return arena_printf(a, "%s/files/" STR_FMT, data_dir, STR_ARG(day_of(a, id_time(file_id))));
}

static struct str path_of(struct arena *a, const char *data_dir, int64_t file_id)
{
	return arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(folder_of(a, data_dir, file_id)), STR_ARG(id_write(a, 'F', file_id)));
}

/* ---- put and get ---- */

/* A name is only on disk when its folder is. */
static bool sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_set(err, ERR_FULL, "%s cannot be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Makes `path`, a folder in `above`, unless it is there. */
static bool make_folder(const char *path, const char *above, struct err *err)
{
	if (mkdir(path, 0700) == 0)
		return sync_folder(above, err);
	if (errno == EEXIST)
		return true;
	err_set(err, ERR_FULL, "%s cannot be made: %s", path, strerror(errno));
	return false;
}

bool file_bytes_put(struct arena *a, const char *data_dir, int64_t file_id, struct str bytes, struct err *err)
{
	const char *all = arena_printf(a, "%s/files", data_dir).p, *folder = folder_of(a, data_dir, file_id).p;

	if (bytes.n > FILE_MAX_BYTES) {
		err_set(err, ERR_TOO_BIG, "a file may have %u MiB", FILE_MAX_BYTES / MIB);
		return false;
	}
	return make_folder(all, data_dir, err) && make_folder(folder, all, err) &&
	       file_put(a, path_of(a, data_dir, file_id).p, bytes, 0600, err) && sync_folder(folder, err);
}

bool file_bytes_get(struct arena *a, const char *data_dir, int64_t file_id, struct buf *out, struct err *err)
{
	const char *path = path_of(a, data_dir, file_id).p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	char *room;

	if (fd < 0) {
		err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "%s: %s", path, strerror(errno));
		return false;
	}
	while ((room = buf_room(out, 64 * KIB)) && (n = read(fd, room, 64 * KIB)) > 0)
		out->n += (size_t)n;
	if (!room || n < 0)
		err_set(err, ERR_UNAVAILABLE, "%s cannot be read: %s", path, room ? strerror(errno) : "it is too long");
	close(fd);
	return room && n == 0;
}

/* ---- sweeping ---- */

static bool sweep_dropped(struct work *w, bool *more, struct err *err)
{
	const char *data_dir = w->engine->config.data_dir;
	size_t count, gone = 0;
	struct file *all;

	if (!store_file_dropped(w->engine->db, w->arena, DROPPED_AT_ONCE, &all, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct file *shares;
		size_t elsewhere;

		if (!store_file_shares(w->engine->db, w->arena, all[i].id, &shares, &elsewhere, err))
			return false;
		/* What cannot be removed now is found again in an hour. */
		if (!elsewhere && unlink(path_of(w->arena, data_dir, all[i].id).p) != 0 && errno != ENOENT)
			continue;
		if (!store_file_forget(w->engine->db, &all[i], err))
			return false;
		gone++;
	}
	*more = gone == DROPPED_AT_ONCE;
	return true;
}

/* Those that were never ended, and those that their owner deleted. */
static bool sweep_uploads(struct work *w, bool *more, struct err *err)
{
	struct file *all;
	size_t count;

	if (!store_upload_over(w->engine->db, w->arena, w->now - ORPHAN_AGE, DROPPED_AT_ONCE, &all, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((unlink(path_of(w->arena, w->engine->config.data_dir, all[i].id).p) == 0 || errno == ENOENT) && !store_upload_drop(w->engine->db, all[i].id, err))
			return false;
	*more = *more || count == DROPPED_AT_ONCE;
	return true;
}

/* "F0C8QJ4V2G00", or "F0C8QJ4V2G00.4711" of a daemon that died while it wrote. */
static bool is_orphan(struct work *w, const char *name)
{
	struct str id_text;
	int64_t id;
	bool whole = !str_cut(str_of(name), '.', &id_text).n;

	return id_parse(id_text, "F", &id) && id_time(id) < w->now - ORPHAN_AGE && (!whole || !store_file_known(w->engine->db, id));
}

static void sweep_day(struct work *w, const char *path)
{
	struct dirent *e;
	DIR *d = opendir(path);

	while (d && (e = readdir(d)))
		if (e->d_name[0] == 'F' && is_orphan(w, e->d_name))
			unlink(arena_printf(w->arena, "%s/%s", path, e->d_name).p);
	if (d)
		closedir(d);
}

/* Days that are over and empty go too. */
static bool sweep_orphans(struct work *w, struct err *err)
{
	const char *all = arena_printf(w->arena, "%s/files", w->engine->config.data_dir).p;
	struct str since, today = day_of(w->arena, w->now), done = day_of(w->arena, w->now - 2 * ORPHAN_AGE);
	struct dirent *e;
	DIR *d;

	if (!store_setting_get(w->engine->db, w->arena, 0, SWEPT, &since, err))
		return false;
	d = opendir(all);
	while (d && (e = readdir(d))) {
		struct str day = str_of(e->d_name);
		const char *path = arena_printf(w->arena, "%s/%s", all, e->d_name).p;

		if (day.n != DAY_LENGTH || day.p[0] == '.')
			continue;
		if (str_cmp(day, since) >= 0)
			sweep_day(w, path);
		if (str_cmp(day, done) < 0 && str_cmp(day, today) < 0)
			(void)!rmdir(path);
	}
	if (d)
		closedir(d);
	return str_eq(since, done) || store_setting_put(w->engine->db, 0, SWEPT, done, err);
}

bool file_bytes_sweep(struct work *w, bool *more, struct err *err)
{
	return sweep_dropped(w, more, err) && sweep_uploads(w, more, err) && sweep_orphans(w, err);
}
