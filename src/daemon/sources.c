/* The folder of a team's own sources, read again while the daemon runs. Compiling takes tens of milliseconds a file, so a thread of
 * libuv's pool does it; the work thread, whose kinds they are, gets the new table as a whole and gives the old one back. */
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "ops/source.h"

struct sources_read {
	uv_work_t uv;
	struct daemon *daemon;
	struct str dir;
	struct source_folder *made; /* NULL: one of them is wrong */
	struct err err;
};

struct sources_swap {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	struct daemon *daemon;
	struct source_folder *folder; /* the new one; after the swap the old one */
};

static void read_is_over(struct daemon *d)
{
	d->reading_sources = false;
	if (!d->draining)
		notify("READY=1");
	if (d->read_sources_again)
		daemon_read_sources(d);
}

/* Work thread. Memory only: a commit that fails does not undo it. */
static void swap_run(struct work *w)
{
	struct sources_swap *s = (struct sources_swap *)w;
	struct source_folder *old = w->engine->sources;

	w->engine->sources = s->folder;
	s->folder = old;
}

static void swap_done(struct work *w)
{
	struct sources_swap *s = (struct sources_swap *)w;
	struct daemon *d = s->daemon;

	source_folder_free(s->folder);
	arena_done(&s->arena);
	mem_free(s);
	read_is_over(d);
}

static void swap_start(struct daemon *d, struct source_folder *made)
{
	struct sources_swap *s = mem_new(sizeof *s);

	arena_init(&s->arena);
	s->daemon = d;
	s->folder = made;
	s->work.arena = &s->arena;
	s->work.run = swap_run;
	s->work.done = swap_done;
	s->work.background = true; /* so it is never refused */
	(void)!engine_submit(d->engine, &s->work);
}

static void read_run(uv_work_t *uv)
{
	struct sources_read *r = uv->data;

	r->made = source_folder_read(r->dir, &r->err);
}

static void read_done(uv_work_t *uv, int status)
{
	struct sources_read *r = uv->data;
	struct daemon *d = r->daemon;

	(void)status;
	if (r->made) {
		d->has_sources = r->dir.n > 0;
		log_info(EV_SOURCES, F_STR("dir", r->dir), F_INT("sources", (int64_t)source_folder_count(r->made)));
		swap_start(d, r->made);
	} else {
		log_error(EV_SOURCES, F_STR("dir", r->dir), F_TXT("error", r->err.text));
		read_is_over(d);
	}
	engine_busy(d->engine, -1);
	mem_free(r);
}

void daemon_read_sources(struct daemon *d)
{
	struct sources_read *r;

	d->read_sources_again = d->reading_sources;
	if (d->reading_sources)
		return;
	if (!d->settings.sources_dir.n && !d->has_sources) {
		notify("READY=1");
		return;
	}
	r = mem_new(sizeof *r);
	r->uv.data = r;
	r->daemon = d;
	r->dir = d->settings.sources_dir; /* in the daemon's arena: a reload leaves it there */
	d->reading_sources = true;
	engine_busy(d->engine, 1);
	uv_queue_work(&d->loop, &r->uv, read_run, read_done);
}
