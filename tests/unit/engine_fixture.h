/* tests/unit/engine_fixture.h -- a real engine on a store in a folder of its own, with the virtual clock at ROOM_START.
 *
 * room_run() runs one work item on the calling thread and commits it; no thread, no socket. Needs no Check: the fuzz
 * targets use it too.
 */
#pragma once
#include "api/provision.h"
#include "base/log.h"
#include "commands/rulebook.h"
#include "engine/alerts.h"
#include "store/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM_START ((wall_ms)1772417700000) /* 2026-03-02T02:15:00Z */

struct room {
	char dir[64];
	uv_loop_t loop;
	struct engine *e;
	int64_t channel_id; /* #sre-alerts */
	int64_t user_id;    /* ann, a responder */
};

static inline void room_must(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "engine fixture: %s\n", err->text);
	abort();
}

/* Work items as plain functions; false undoes them, w->err says why. */
typedef bool room_job(struct work *w, void *context);

struct room_call {
	room_job *job;
	void *context;
};

static inline void room_call_run(struct work *w, void *context)
{
	struct room_call *call = context;

	w->failed = !call->job(w, call->context);
}

static inline bool room_try(struct room *r, room_job *job, void *context, struct err *err)
{
	struct room_call call = {job, context};

	return engine_run_once(r->e, room_call_run, &call, err);
}

static inline void room_run(struct room *r, room_job *job, void *context)
{
	struct err err = {0};

	room_must(room_try(r, job, context, &err), &err);
}

static inline bool room_first(struct work *w, void *context)
{
	struct room *r = context;
	struct user ann = {.name = S("ann"), .email = S("ann@example.com"), .role = ROLE_RESPONDER};
	bool ok = provision_first(w, &w->err) && alerts_reload(w->engine, &w->err);

	if (ok && !store_name_find(w->engine->db, w->engine->workspace_id, "user", S("ann"), &r->user_id, &w->err)) {
		ok = !w->err.code && provision_user(w, &ann, &w->err);
		r->user_id = ann.id;
	}
	return ok && store_name_find(w->engine->db, w->engine->workspace_id, "channel", S("sre-alerts"), &r->channel_id,
				     &w->err);
}

/* Opens the store that is in r->dir: again after room_shut(), as after a restart. */
static inline void room_start(struct room *r)
{
	struct engine_config config = {
		.data_dir = r->dir, .public_url = S("http://ops.example.com"), .queue_max = 1000, .node = 1, .runs_keep = 30 * DAY};
	struct err err = {0};

	room_must(uv_loop_init(&r->loop) == 0, &err);
	r->e = engine_new(&config, &r->loop, NULL, &err);
	room_must(r->e != NULL, &err);
	r->e->rulebook = rulebook_read(&(struct rulebook_from){.access = S(""), .plugins_dir = S("")}, &err);
	room_must(r->e->rulebook != NULL, &err);
	room_run(r, room_first, r);
}

static inline void room_open(struct room *r)
{
	struct err err = {0};

	room_must(crypt_start(&err), &err);
	log_set_level(LOG_ERROR);
	clock_make_virtual(ROOM_START);
	snprintf(r->dir, sizeof r->dir, "%s", "/tmp/opsroom-unit-XXXXXX");
	room_must(mkdtemp(r->dir) != NULL, &err);
	room_start(r);
}

static inline void room_shut(struct room *r)
{
	engine_stop(r->e);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	rulebook_free(r->e->rulebook);
	engine_free(r->e);
	r->e = NULL;
	uv_loop_close(&r->loop);
}

static inline void room_close(struct room *r)
{
	static const char *const files[] = {"opsroom.db", "opsroom.db-wal", "opsroom.db-shm", "secret.key", "audit.key"};
	char path[128];

	if (r->e)
		room_shut(r);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof path, "%s/%s", r->dir, files[i]);
		unlink(path);
	}
	rmdir(r->dir);
}

static inline void room_later(span_ms by)
{
	clock_set(wall_now() + by);
}

/* ---- with the work thread: items are queued and the loop runs until they are done ---- */

struct room_item {
	struct work work;
	struct arena arena;
	room_job *job;
	void *context;
	bool done, failed;
	struct err err;
};

static inline void room_item_run(struct work *w)
{
	struct room_item *item = (struct room_item *)w;

	w->failed = !item->job(w, item->context);
}

static inline void room_item_done(struct work *w)
{
	struct room_item *item = (struct room_item *)w;

	item->done = true;
	item->failed = w->failed;
	item->err = w->err;
	arena_done(&item->arena);
}

static inline void room_submit(struct room *r, struct room_item *item, room_job *job, void *context)
{
	struct err err = {0};

	*item = (struct room_item){.job = job, .context = context};
	item->work.arena = &item->arena;
	item->work.run = room_item_run;
	item->work.done = room_item_done;
	room_must(engine_submit(r->e, &item->work), &err);
}

static inline void room_await(struct room *r, const bool *done)
{
	while (!*done)
		uv_run(&r->loop, UV_RUN_ONCE);
}

/* Runs one item on the work thread; false: it failed, *err says why. */
static inline bool room_do(struct room *r, room_job *job, void *context, struct err *err)
{
	struct room_item item;

	room_submit(r, &item, job, context);
	room_await(r, &item.done);
	*err = item.err;
	return !item.failed;
}

static inline void room_advanced(void *context)
{
	*(bool *)context = true;
}

/* Moves the clock on; back when everything due has happened. */
static inline void room_advance(struct room *r, span_ms by)
{
	bool done = false;

	engine_advance(r->e, wall_now() + by, room_advanced, &done);
	room_await(r, &done);
}

static inline void room_threads(struct room *r, const struct chat_kind *const *chats,
				bool (*run_row)(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *err))
{
	struct err err = {0};

	r->e->chats = chats;
	r->e->run_row = run_row;
	room_must(engine_start(r->e, &err), &err);
}
