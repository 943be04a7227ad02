/* The files of a plugin: what they are, whether they changed, and which version of several is enabled. */
#include "base/crypt.h"
#include "base/file.h"
#include "ops/plugin_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16
#define ENABLED_FILE "enabled.json"
#define LISTING_FILE "listing.json"

/* ---- walking ---- */

struct entry {
	struct str path; /* below the folder */
	struct stat st;
};

struct walk {
	struct arena *a;
	const char *root;
	struct vec entries; /* struct entry */
	uint64_t bytes;
	struct err *err;
};

static bool walk_error(struct walk *w, enum err_code code, struct str path, const char *why)
{
	err_set(w->err, code, "%s/" STR_FMT ": %s", w->root, STR_ARG(str_clip(path, 150)), why);
	return false;
}

static bool walk_folder(struct walk *w, struct str below, unsigned depth);

static bool take_entry(struct walk *w, struct str path, unsigned depth)
{
	struct entry *e;
	struct stat st;

	if (lstat(arena_printf(w->a, "%s/" STR_FMT, w->root, STR_ARG(path)).p, &st) != 0)
		return walk_error(w, ERR_NOT_FOUND, path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return depth == DEPTH_MAX ? walk_error(w, ERR_TOO_BIG, path, "folders lie deeper than 16") : walk_folder(w, path, depth + 1);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return walk_error(w, ERR_INVALID, path, "it is neither a file nor a folder");
	w->bytes += (uint64_t)st.st_size;
	if (w->entries.count == PLUGIN_FILES_MAX || w->bytes > PLUGIN_BYTES_MAX)
		return walk_error(w, ERR_TOO_BIG, path, "a plugin has at most 20,000 files and 256 MiB");
	e = vec_push(w->a, &w->entries, sizeof *e);
	*e = (struct entry){path, st};
	return true;
}

static bool walk_folder(struct walk *w, struct str below, unsigned depth)
{
	DIR *d = opendir(arena_printf(w->a, "%s/" STR_FMT, w->root, STR_ARG(below)).p);
	struct dirent *e;
	bool ok = true;

	if (!d)
		return walk_error(w, ERR_NOT_FOUND, below, strerror(errno));
	while (ok && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ok = take_entry(w, arena_printf(w->a, STR_FMT "%s%s", STR_ARG(below), below.n ? "/" : "", e->d_name), depth);
	closedir(d);
	return ok;
}

static int by_path(const void *x, const void *y)
{
	return str_cmp(((const struct entry *)x)->path, ((const struct entry *)y)->path);
}

static bool walk(struct arena *a, const char *root, struct walk *out, struct err *err)
{
	*out = (struct walk){.a = a, .root = root, .err = err};
	if (!walk_folder(out, S(""), 0))
		return false;
	if (out->entries.count)
		qsort(out->entries.items, out->entries.count, sizeof(struct entry), by_path);
	return true;
}

/* What changes when somebody writes: a file's times can be set back, but not the time of that (ctime). */
static uint64_t print_of(const struct walk *w)
{
	const struct entry *e = w->entries.items;
	uint64_t h = FNV_START;

	for (size_t i = 0; i < w->entries.count; i++) {
		const struct stat *st = &e[i].st;
		int64_t numbers[] = {(int64_t)st->st_dev,          (int64_t)st->st_ino,  (int64_t)st->st_size,         (int64_t)st->st_mode,
				     (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (int64_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec};

		h = fnv_byte(fnv_add(h, e[i].path), 0);
		h = fnv_add(h, str_n((const char *)numbers, sizeof numbers));
	}
	return h;
}

/* ---- the digest ---- */

static bool put_file(struct walk *w, const struct entry *e, const char *path, struct buf *list)
{
	uint8_t sum[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool ok = fd >= 0 && crypt_sha256_fd(fd, PLUGIN_BYTES_MAX, sum);

	if (fd >= 0)
		close(fd);
	if (!ok)
		return walk_error(w, ERR_INVALID, e->path, "it cannot be read");
	buf_printf(list, "%s " STR_FMT "  " STR_FMT "\n", e->st.st_mode & 0100 ? "x" : "-", STR_ARG(crypt_hex(w->a, sum, sizeof sum)), STR_ARG(e->path));
	return true;
}

static bool put_link(struct walk *w, const struct entry *e, const char *path, struct buf *list)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target);

	if (n < 0)
		return walk_error(w, ERR_INVALID, e->path, strerror(errno));
	buf_printf(list, "l %.*s  " STR_FMT "\n", (int)n, target, STR_ARG(e->path));
	return true;
}

/* SHA-256 over a list of the files by name, a line each: x or -, the file's own SHA-256, its path; of a link its target. */
static bool digest_of(struct walk *w, struct str *out)
{
	const struct entry *e = w->entries.items;
	struct buf list;
	bool ok = true;

	buf_init(&list, 64 * MIB);
	for (size_t i = 0; i < w->entries.count && ok; i++) {
		const char *path = arena_printf(w->a, "%s/" STR_FMT, w->root, STR_ARG(e[i].path)).p;

		ok = S_ISLNK(e[i].st.st_mode) ? put_link(w, &e[i], path, &list) : put_file(w, &e[i], path, &list);
	}
	*out = crypt_sha256_hex(w->a, buf_str(&list));
	buf_done(&list);
	return ok;
}

/* ---- one plugin ---- */

static bool program_is_there(const struct plugin *p, struct arena *a, struct err *err)
{
	const char *path;

	if (!p->program_count || !str_starts(p->program[0], S("./")) || p->carrier == PLUGIN_CONTAINER)
		return true;
	path = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(p->folder), STR_ARG(str_n(p->program[0].p + 2, p->program[0].n - 2))).p;
	if (access(path, R_OK | X_OK) == 0)
		return true;
	err_set(err, ERR_INVALID, "%s: %s", path, errno == EACCES ? "it cannot be run: chmod +x" : strerror(errno));
	return false;
}

static bool read_files(struct plugin *p, struct arena *a, struct err *err)
{
	struct walk w;
	struct str digest;

	if (!program_is_there(p, a, err) || !walk(a, p->folder.p, &w, err) || !digest_of(&w, &digest))
		return false;
	p->digest = arena_dup(&p->arena, digest);
	p->print = print_of(&w);
	return true;
}

struct plugin *plugin_read(const char *folder, struct str listing, struct err *err)
{
	struct plugin *p = NULL;
	struct arena a;
	const char *file;
	struct str text;

	arena_init(&a);
	file = arena_printf(&a, "%s/" PLUGIN_FILE, folder).p;
	if (file_read(&a, file, &text, err) && (p = plugin_parse(text, listing, file, err))) {
		char *whole = realpath(folder, NULL); /* the sandbox asks for it */

		p->folder = arena_dup(&p->arena, str_of(whole ? whole : folder));
		free(whole);
		if (!read_files(p, &a, err)) {
			plugin_free(p);
			p = NULL;
		}
	}
	arena_done(&a);
	return p;
}

bool plugin_unchanged(const struct plugin *p, struct err *err)
{
	struct err why = {0};
	struct arena a;
	struct walk w;
	bool ok;

	arena_init(&a);
	ok = walk(&a, p->folder.p, &w, &why) && print_of(&w) == p->print;
	arena_done(&a);
	if (!ok)
		err_set(err, ERR_CONFLICT, "the files of the plugin " STR_FMT " " STR_FMT " changed after it was enabled; an admin looks at them and enables it again", STR_ARG(p->name),
			STR_ARG(p->version));
	return ok;
}

/* ---- which is enabled ---- */

static struct str inside_of(struct arena *a, struct str dir, struct str name, const char *what)
{
	return arena_printf(a, STR_FMT "/" STR_FMT "%s%s", STR_ARG(dir), STR_ARG(name), *what ? "/" : "", what);
}

static bool digest_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n == 64;
}

static bool pinned_ok(struct str version, struct str digest)
{
	return (!version.n && !digest.n) || (plugin_version_ok(version) && digest_ok(digest));
}

bool plugin_enabled_read(struct arena *a, struct str dir, struct str name, struct plugin_enabled *out, struct err *err)
{
	const char *file = inside_of(a, dir, name, ENABLED_FILE).p;
	const struct json *tree, *before;
	struct err why = {0};
	struct str text;

	*out = (struct plugin_enabled){S(""), S(""), S(""), S("")};
	if (!file_read(a, file, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return true;
		*err = why;
		return false;
	}
	tree = json_parse(a, text, JSON_STRICT, err);
	if (!tree) {
		err_prefix(err, "%s: ", file);
		return false;
	}
	before = json_get(tree, "before");
	*out = (struct plugin_enabled){json_get_str(tree, "version"), json_get_str(tree, "digest"), json_get_str(before, "version"), json_get_str(before, "digest")};
	if (pinned_ok(out->version, out->digest) && pinned_ok(out->before, out->before_digest))
		return true;
	err_set(err, ERR_INVALID, "%s: {\"version\", \"digest\", \"before\"} is wanted, as `opsroom plugin enable` writes it", file);
	return false;
}

static void put_pinned(struct json_out *o, struct str version, struct str digest)
{
	if (!version.n)
		return;
	json_add_str(o, "version", version);
	json_add_str(o, "digest", digest);
}

bool plugin_enabled_write(struct arena *a, struct str dir, struct str name, const struct plugin_enabled *e, struct err *err)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	put_pinned(&o, e->version, e->digest);
	json_key(&o, "before");
	json_open(&o, '{');
	put_pinned(&o, e->before, e->before_digest);
	json_close(&o, '}');
	json_close(&o, '}');
	buf_char(&b, '\n');
	return file_put(a, inside_of(a, dir, name, ENABLED_FILE).p, buf_keep(a, &b), 0644, err);
}

bool plugin_listing_write(struct arena *a, struct str dir, struct str name, struct str listing, struct err *err)
{
	return file_put(a, inside_of(a, dir, name, LISTING_FILE).p, listing, 0644, err);
}

/* ---- what is there ---- */

static bool folders(struct arena *a, struct str dir, bool (*fits)(struct str name), size_t most, struct vec *out, struct err *err)
{
	const char *path = arena_dup(a, dir).p;
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(path);

	*out = (struct vec){0};
	if (!d) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
		return false;
	}
	while ((e = readdir(d)) && out->count <= most)
		if (fits(str_of(e->d_name)) && stat(arena_printf(a, "%s/%s", path, e->d_name).p, &st) == 0 && S_ISDIR(st.st_mode))
			*(struct str *)vec_push(a, out, sizeof(struct str)) = arena_dup(a, str_of(e->d_name));
	closedir(d);
	if (out->count > most)
		err_set(err, ERR_TOO_MANY, "%s has more than %zu folders", path, most);
	return out->count <= most;
}

static int by_name(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

bool plugin_names(struct arena *a, struct str dir, struct str **names, size_t *count, struct err *err)
{
	struct vec v;

	if (!folders(a, dir, plugin_name_ok, PLUGINS_MAX, &v, err))
		return false;
	if (v.count)
		qsort(v.items, v.count, sizeof(struct str), by_name);
	*names = v.items;
	*count = v.count;
	return true;
}

/* ---- semver's order (semver.org 2.0.0, item 11) ---- */

static int compare_part(struct str x, struct str y)
{
	int64_t a, b;
	bool n = str_to_int(x, &a), m = str_to_int(y, &b);

	if (n && m)
		return (a > b) - (a < b);
	return n != m ? (n ? -1 : 1) : str_cmp(x, y);
}

static int compare_parts(struct str x, struct str y)
{
	struct str a, b;
	int d = 0;

	while (!d && x.n && y.n) {
		x = str_cut(x, '.', &a);
		y = str_cut(y, '.', &b);
		d = compare_part(a, b);
	}
	return d ? d : (x.n > 0) - (y.n > 0);
}

static int by_version(const void *x, const void *y)
{
	struct str a, b, a_pre, b_pre;
	int d;

	str_cut(*(const struct str *)x, '+', &a);
	str_cut(*(const struct str *)y, '+', &b);
	a_pre = str_cut(a, '-', &a);
	b_pre = str_cut(b, '-', &b);
	d = compare_parts(a, b);
	if (!d)
		d = a_pre.n && b_pre.n ? compare_parts(a_pre, b_pre) : (b_pre.n > 0) - (a_pre.n > 0);
	return d ? d : by_name(x, y);
}

bool plugin_versions(struct arena *a, struct str dir, struct str name, struct str **versions, size_t *count, struct err *err)
{
	struct vec v;

	if (!folders(a, inside_of(a, dir, name, ""), plugin_version_ok, 1000, &v, err))
		return false;
	if (v.count)
		qsort(v.items, v.count, sizeof(struct str), by_version);
	*versions = v.items;
	*count = v.count;
	return true;
}

/* ---- one version ---- */

struct plugin *plugin_at(struct str dir, struct str name, struct str version, struct err *err)
{
	struct err none = {0};
	struct plugin *p;
	struct arena a;
	struct str listing;

	arena_init(&a);
	if (!file_read(&a, inside_of(&a, dir, name, LISTING_FILE).p, &listing, &none))
		listing = S("");
	p = plugin_read(inside_of(&a, dir, name, arena_dup(&a, version).p).p, listing, err);
	if (p && (!str_eq(p->name, name) || !str_eq(p->version, version))) {
		err_set(err, ERR_INVALID, STR_FMT ": this is " STR_FMT " " STR_FMT ", and its folder is called " STR_FMT "/" STR_FMT, STR_ARG(p->file), STR_ARG(p->name), STR_ARG(p->version),
			STR_ARG(name), STR_ARG(version));
		plugin_free(p);
		p = NULL;
	}
	arena_done(&a);
	return p;
}

/* ---- changing ---- */

static bool newest(struct arena *a, struct str dir, struct str name, struct str *version, struct err *err)
{
	struct str *all;
	size_t count;

	if (!plugin_versions(a, dir, name, &all, &count, err))
		return false;
	if (!count) {
		err_set(err, ERR_NOT_FOUND, "there is no version of " STR_FMT " in " STR_FMT, STR_ARG(name), STR_ARG(dir));
		return false;
	}
	*version = all[count - 1];
	return true;
}

static bool plan_to(struct arena *a, struct str dir, struct str name, struct str version, struct plugin_enabled *was, struct plugin_enabled *next, struct plugin **to, struct err *err)
{
	*to = plugin_at(dir, name, version, err);
	if (!*to)
		return false;
	next->version = arena_dup(a, (*to)->version);
	next->digest = arena_dup(a, (*to)->digest);
	if (was->version.n && !str_eq(was->version, next->version)) {
		next->before = was->version;
		next->before_digest = was->digest;
	}
	return true;
}

static bool plan_back(struct arena *a, struct str dir, struct str name, struct plugin_enabled *was, struct plugin_enabled *next, struct plugin **to, struct err *err)
{
	if (!was->before.n) {
		err_set(err, ERR_CONFLICT, "there is no version of " STR_FMT " to go back to", STR_ARG(name));
		return false;
	}
	if (!plan_to(a, dir, name, was->before, was, next, to, err))
		return false;
	if (str_eq((*to)->digest, was->before_digest))
		return true;
	err_set(err, ERR_CONFLICT, "the files of " STR_FMT " " STR_FMT " are not those that ran before; look at them, then enable that version", STR_ARG(name), STR_ARG(was->before));
	plugin_free(*to);
	*to = NULL;
	return false;
}

bool plugin_plan(struct arena *a, struct str dir, struct str name, enum plugin_change change, struct str version, struct plugin_enabled *was, struct plugin_enabled *next,
		 struct plugin **to, struct err *err)
{
	*to = NULL;
	if (!plugin_name_ok(name) || (version.n && !plugin_version_ok(version))) {
		err_set(err, ERR_INVALID, "`" STR_FMT "` is no %s of a plugin", STR_ARG(str_clip(plugin_name_ok(name) ? version : name, 60)), plugin_name_ok(name) ? "version" : "name");
		return false;
	}
	if (!plugin_enabled_read(a, dir, name, was, err))
		return false;
	*next = *was;
	if (change == PLUGIN_ROLLBACK)
		return plan_back(a, dir, name, was, next, to, err);
	if (change == PLUGIN_ENABLE)
		return (version.n || newest(a, dir, name, &version, err)) && plan_to(a, dir, name, version, was, next, to, err);
	if (!was->version.n) {
		err_set(err, ERR_CONFLICT, STR_FMT " is not enabled", STR_ARG(name));
		return false;
	}
	*next = (struct plugin_enabled){S(""), S(""), was->version, was->digest};
	return true;
}

/* ---- putting one into the folder ---- */

static bool copy_error(struct err *err, const char *path)
{
	err_set(err, ERR_FULL, "%s: %s", path, strerror(errno));
	return false;
}

/* The folders of a/b/c below root. */
static bool make_folders(struct arena *a, const char *root, struct str path, struct err *err)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '/') {
			const char *folder = arena_printf(a, "%s/%.*s", root, (int)i, path.p).p;

			if (mkdir(folder, 0755) != 0 && errno != EEXIST)
				return copy_error(err, folder);
		}
	return true;
}

static bool copy_bytes(int from, int to)
{
	char part[64 * KIB];
	ssize_t n;

	while ((n = read(from, part, sizeof part)) > 0)
		for (ssize_t at = 0, put; at < n; at += put)
			if ((put = write(to, part + at, (size_t)(n - at))) < 0)
				return false;
	return n == 0;
}

static bool copy_file(const char *from, const char *to, mode_t mode, struct err *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0100 ? 0755 : 0644);
	bool ok = out >= 0 && copy_bytes(in, out);

	if (!ok)
		copy_error(err, in < 0 ? from : to);
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) != 0 && ok)
		ok = copy_error(err, to);
	return ok;
}

static bool copy_link(const char *from, const char *to, struct err *err)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlink(from, target, PATH_MAX);

	if (n < 0)
		return copy_error(err, from);
	target[n] = '\0';
	return symlink(target, to) == 0 || copy_error(err, to);
}

static bool copy_all(struct arena *a, const char *from, const char *to, struct err *err)
{
	struct walk w;
	const struct entry *e;

	if (!walk(a, from, &w, err))
		return false;
	e = w.entries.items;
	for (size_t i = 0; i < w.entries.count; i++) {
		const char *source = arena_printf(a, "%s/" STR_FMT, from, STR_ARG(e[i].path)).p, *target = arena_printf(a, "%s/" STR_FMT, to, STR_ARG(e[i].path)).p;

		if (str_starts(e[i].path, S(".git/")))
			continue;
		if (!make_folders(a, to, e[i].path, err) || !(S_ISLNK(e[i].st.st_mode) ? copy_link(source, target, err) : copy_file(source, target, e[i].st.st_mode, err)))
			return false;
	}
	return true;
}

bool plugin_install(struct arena *a, const struct plugin *p, struct str dir, struct err *err)
{
	const char *whole = arena_printf(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(p->name), STR_ARG(p->version)).p;
	const char *part = arena_printf(a, STR_FMT "/" STR_FMT "/.new-" STR_FMT "-%d", STR_ARG(dir), STR_ARG(p->name), STR_ARG(p->version), (int)getpid()).p;

	if (access(whole, F_OK) == 0) {
		err_set(err, ERR_CONFLICT, "%s is there already; what is installed does not change: raise the version in plugin.json", whole);
		return false;
	}
	if (!make_folders(a, arena_dup(a, dir).p, str_n(part + dir.n + 1, strlen(part) - dir.n - 1), err) || (mkdir(part, 0755) != 0 && !copy_error(err, part)) || !copy_all(a, p->folder.p, part, err))
		return false;
	return rename(part, whole) == 0 || copy_error(err, whole);
}
