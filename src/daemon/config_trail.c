#include "daemon/config_trail.h"

#include "base/file.h"
#include "store/chat.h"

#include <stdio.h>
#include <sys/stat.h>

void config_files(const struct daemon *d, struct config_file out[CONFIG_FILES])
{
	const struct settings *s = &d->settings;

	out[0] = (struct config_file){"settings", str_of(d->config_file)};
	out[1] = (struct config_file){"certificate", s->tls_certificate};
	out[2] = (struct config_file){"key", s->tls_key};
	out[3] = (struct config_file){"sources", s->sources_dir};
	out[4] = (struct config_file){"alerting", s->alerting};
	out[5] = (struct config_file){"access", s->access};
	out[6] = (struct config_file){"chats", s->chats};
}

static struct str file_hash(struct arena *a, const char *path)
{
	struct err ignored = {0};
	struct str text;

	return file_read(a, path, &text, &ignored) ? crypt_sha256_hex(a, text) : S("unreadable");
}

/* Of a folder: over the names and hashes of its files, as sha256sum prints them. */
static struct str folder_hash(struct arena *a, const char *path)
{
	struct err ignored = {0};
	struct str *names;
	struct buf b;
	size_t count;

	if (!file_names(a, path, ".yaml", &names, &count, &ignored))
		return S("unreadable");
	buf_init(&b, 1 * MIB);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, STR_FMT "  " STR_FMT "\n", STR_ARG(file_hash(a, arena_printf(a, "%s/" STR_FMT, path, STR_ARG(names[i])).p)), STR_ARG(names[i]));
	return crypt_sha256_hex(a, buf_keep(a, &b));
}

static struct str config_hash(struct arena *a, struct str path)
{
	const char *z = arena_dup(a, path).p;
	struct stat st;

	if (!path.n)
		return S("");
	return stat(z, &st) == 0 && S_ISDIR(st.st_mode) ? folder_hash(a, z) : file_hash(a, z);
}

struct config_change {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	const char *what, *via;
	struct str path, hash, why, changed, waits;
};

static struct str detail(struct arena *a, const struct config_change *c, struct str before)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 32 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "what", str_of(c->what));
	json_add_str(&o, "file", c->path);
	json_add_str(&o, "before", before);
	json_add_str(&o, "after", c->hash);
	if (c->changed.n)
		json_add_str(&o, "changed", c->changed);
	if (c->waits.n)
		json_add_str(&o, "restart", c->waits);
	if (c->why.n)
		json_add_str(&o, "why", c->why);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* What was in force stands in the store; what was refused does not get there. */
static bool note(struct work *w, const struct config_change *c)
{
	struct engine *e = w->engine;
	struct str before;
	char name[40];

	snprintf(name, sizeof name, "config_%s", c->what);
	if (!store_setting_get(e->db, w->arena, e->workspace_id, name, &before, &w->err))
		return false;
	if (str_eq(before, c->hash) && !c->why.n)
		return true;
	return audit_note(w, e->workspace_id, 0, "config", c->via, detail(w->arena, c, before), c->why.n ? "invalid" : "ok", &w->err) &&
	       (c->why.n || store_setting_put(e->db, e->workspace_id, name, c->hash, &w->err));
}

static void start_run(struct work *w, void *context)
{
	struct config_file files[CONFIG_FILES];

	config_files(context, files);
	for (size_t i = 0; i < CONFIG_FILES && !w->failed; i++) {
		struct config_change c = {.what = files[i].what, .via = "start", .path = files[i].path, .hash = config_hash(w->arena, files[i].path)};

		w->failed = !note(w, &c);
	}
}

bool config_note_start(struct daemon *d, struct err *err)
{
	return engine_run_once(d->engine, start_run, d, err);
}

static void change_run(struct work *w)
{
	w->failed = !note(w, (struct config_change *)w);
}

static void change_done(struct work *w)
{
	struct config_change *c = (struct config_change *)w;

	arena_done(&c->arena);
	mem_free(c);
}

void config_note(struct daemon *d, const char *what, const char *why, struct str changed, struct str waits)
{
	struct config_change *c = mem_new(sizeof *c);
	struct config_file files[CONFIG_FILES];

	arena_init(&c->arena);
	config_files(d, files);
	for (size_t i = 0; i < CONFIG_FILES; i++)
		if (strcmp(files[i].what, what) == 0)
			c->path = files[i].path; /* in the daemon's arena: a reload leaves it there */
	c->what = what;
	c->via = "signal";
	c->hash = config_hash(&c->arena, c->path);
	c->why = arena_dup(&c->arena, str_of(why));
	c->changed = arena_dup(&c->arena, changed);
	c->waits = arena_dup(&c->arena, waits);
	c->work.arena = &c->arena;
	c->work.run = change_run;
	c->work.done = change_done;
	c->work.background = true; /* so it is never refused */
	(void)!engine_submit(d->engine, &c->work);
}
