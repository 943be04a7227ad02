#include "engine/engine_internal.h"

#include "base/file.h"
#include "base/log.h"
#include "engine/alerts.h"
#include "engine/app_send.h"
#include "engine/audit_checkpoints.h"
#include "engine/audit_syslog.h"
#include "engine/graph.h"
#include "engine/heartbeats.h"
#include "engine/mail.h"
#include "engine/links.h"
#include "ops/routing.h"
#include "ops/source.h"
#include "store/chat.h"
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- queues ---- */

void queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
}

void queue_push(struct queue *q, struct work *w)
{
	w->next = NULL;
	*q->tail = w;
	q->tail = &w->next;
	q->count++;
}

struct work *queue_take(struct queue *q)
{
	struct work *w = q->head;

	if (w) {
		q->head = w->next;
		if (!q->head)
			q->tail = &q->head;
		q->count--;
	}
	return w;
}

void queue_append(struct queue *to, struct queue *from)
{
	if (!from->head)
		return;
	*to->tail = from->head;
	to->tail = from->tail;
	to->count += from->count;
	queue_init(from);
}

/* ---- effects ---- */

static struct effect *effect_new(struct work *w)
{
	struct effect *fx = arena_zero(w->arena, sizeof *fx);

	*w->effects_tail = fx;
	w->effects_tail = &fx->next;
	return fx;
}

void effect_publish_channel(struct work *w, int64_t channel_id, struct str json)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_PUBLISH_CHANNEL;
	fx->a = channel_id;
	fx->json = json;
}

void effect_publish_user(struct work *w, int64_t user_id, struct str json)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_PUBLISH_USER;
	fx->a = user_id;
	fx->json = json;
}

void effect_publish_all(struct work *w, struct str json)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_PUBLISH_ALL;
	fx->json = json;
}

void effect_join(struct work *w, int64_t user_id, int64_t channel_id)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_JOIN;
	fx->a = user_id;
	fx->b = channel_id;
}

void effect_leave(struct work *w, int64_t user_id, int64_t channel_id)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_LEAVE;
	fx->a = user_id;
	fx->b = channel_id;
}

void effect_call(struct work *w, void (*call)(void *context), void *context)
{
	struct effect *fx = effect_new(w);

	fx->kind = FX_CALL;
	fx->call = call;
	fx->context = context;
}

void effect_wake(struct work *w)
{
	w->engine->loop->look_again = true;
}

void work_touched_memory(struct work *w)
{
	w->engine->loop->memory_touched = true;
}

int64_t engine_id(struct work *w)
{
	return id_new(&w->engine->ids, w->now);
}

void engine_follow(struct work *w, struct work *next)
{
	next->engine = w->engine;
	w->engine->loop->under_way++;
	queue_push(&w->engine->loop->follow, next);
}

struct engine_counts *engine_counters(struct engine *e)
{
	return &e->loop->live;
}

/* ---- the net thread's side ---- */

bool engine_submit(struct engine *e, struct work *w)
{
	struct loop_state *l = e->loop;
	bool full, idle;

	pthread_mutex_lock(&l->lock);
	full = !w->background && l->inbox.count >= e->config.queue_max;
	idle = !l->inbox.head || l->inbox.count + 1 == l->gather_until;
	if (!full) {
		w->engine = e;
		l->under_way++;
		queue_push(&l->inbox, w);
	} else {
		l->counts.refused++;
	}
	pthread_mutex_unlock(&l->lock);
	if (full)
		return false;
	if (idle)
		pthread_cond_signal(&l->ready);
	return true;
}

/* While the store takes nothing, what is due waits; the tick itself has the disk tried. */
static void tick(struct work *w)
{
	if (!store_is_sick(w->engine))
		due_tick(w);
	effect_wake(w);
}

static void tick_done(struct work *w)
{
	w->engine->loop->tick_queued = false;
	arena_done(w->arena);
	mem_free(w->arena);
	mem_free(w);
}

static void queue_tick(struct engine *e)
{
	struct work *w;

	if (e->loop->tick_queued || !e->loop->running)
		return;
	w = mem_new(sizeof *w);
	w->arena = mem_new(sizeof *w->arena);
	w->run = tick;
	w->done = tick_done;
	w->background = true;
	e->loop->tick_queued = engine_submit(e, w);
}

static void on_due(uv_timer_t *t)
{
	queue_tick(t->data);
}

static void arm_due_timer(struct engine *e, wall_ms next_due, bool sick)
{
	struct loop_state *l = e->loop;
	wall_ms now = wall_now();

	if (!l->running)
		return;
	if (sick) {
		uv_timer_stop(&l->due_timer);
		if (!uv_is_active((uv_handle_t *)&l->sick_timer))
			uv_timer_start(&l->sick_timer, on_due, SICK_FOR, 0);
		return;
	}
	if (!next_due || (clock_is_virtual() && next_due > now)) {
		uv_timer_stop(&l->due_timer);
		return;
	}
	if (next_due <= now)
		queue_tick(e);
	else
		uv_timer_start(&l->due_timer, on_due, (uint64_t)(next_due - now), 0);
}

static void clock_saved(struct work *w)
{
	struct advance *a = &w->engine->loop->advance;

	tick_done(w);
	*a = (struct advance){.on_done = a->on_done, .context = a->context};
	a->on_done(a->context);
}

/* Time never goes back for a data directory: a virtual clock goes on from here after a restart. */
static void save_clock(struct work *w)
{
	char text[WALL_TEXT_SIZE];

	w->failed = !store_setting_put(w->engine->db, 0, "virtual_clock", wall_write(text, w->now), &w->err);
}

/* One step of a virtual clock's way, whenever all is quiet. */
static void advance_on(struct engine *e, wall_ms next_due, bool sick)
{
	struct loop_state *l = e->loop;
	struct work *w;

	if (sick || !l->advance.wanted || l->advance.saving || l->under_way || l->busy || l->tick_queued)
		return;
	if (next_due && next_due <= l->advance.to) {
		clock_set(next_due);
		queue_tick(e);
		return;
	}
	clock_set(l->advance.to);
	l->advance.saving = true;
	w = mem_new(sizeof *w);
	w->arena = mem_new(sizeof *w->arena);
	w->run = save_clock;
	w->done = clock_saved;
	w->background = true;
	(void)!engine_submit(e, w);
}

static wall_ms current_due(struct engine *e, bool *sick)
{
	wall_ms due;

	pthread_mutex_lock(&e->loop->lock);
	due = e->loop->next_due;
	*sick = e->loop->counts.unwritable.code != ERR_NONE;
	pthread_mutex_unlock(&e->loop->lock);
	return due;
}

static void on_wake(uv_async_t *handle)
{
	struct engine *e = handle->data;
	struct loop_state *l = e->loop;
	struct queue finished;
	struct work *w;
	wall_ms next_due;
	bool sick;

	queue_init(&finished);
	pthread_mutex_lock(&l->lock);
	queue_append(&finished, &l->finished);
	pthread_mutex_unlock(&l->lock);
	while ((w = queue_take(&finished))) {
		for (struct effect *fx = w->effects; fx; fx = fx->next)
			hub_apply(e, fx);
		l->under_way--;
		w->done(w);
	}
	hub_flush(e);
	audit_syslog_look(e);
	next_due = current_due(e, &sick);
	arm_due_timer(e, next_due, sick);
	advance_on(e, next_due, sick);
}

void engine_busy(struct engine *e, int delta)
{
	e->loop->busy += delta;
	if (delta < 0 && e->loop->busy == 0 && e->loop->advance.wanted)
		uv_async_send(&e->loop->wake);
}

bool engine_advance(struct engine *e, wall_ms to, void (*on_done)(void *context), void *context)
{
	if (e->loop->advance.wanted)
		return false;
	e->loop->advance = (struct advance){.to = to, .on_done = on_done, .context = context, .wanted = true};
	uv_async_send(&e->loop->wake);
	return true;
}

void engine_count(struct engine *e, struct engine_counts *out)
{
	pthread_mutex_lock(&e->loop->lock);
	*out = e->loop->counts;
	out->queued = e->loop->inbox.count;
	pthread_mutex_unlock(&e->loop->lock);
	out->streams = e->loop->streams;
}

void engine_set_server(struct engine *e, struct server *s)
{
	e->loop->server = s;
}

/* ---- start and stop ---- */

/* DIR/NAME, made at the first start. */
static bool load_key(struct engine *e, const char *name, struct secret *key, struct err *err)
{
	char path[4096];
	int fd;
	bool ok;

	snprintf(path, sizeof path, "%s/%s", e->config.data_dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		crypt_random(key->bytes, sizeof key->bytes);
		return file_put(&e->loop->scratch, path, str_n((const char *)key->bytes, sizeof key->bytes), 0600, err);
	}
	ok = fd >= 0 && read(fd, key->bytes, sizeof key->bytes) == sizeof key->bytes;
	if (!ok)
		err_set(err, ERR_FULL, "%s cannot be read: %s", path, fd < 0 ? strerror(errno) : "it is too short");
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Each start makes its ids under a number of its own: none comes twice though the clock was set back, or a virtual one stands. */
static bool number_start(struct engine *e, struct err *err)
{
	struct str text;
	int64_t starts = 0;

	if (!store_setting_get(e->db, &e->loop->scratch, 0, "starts", &text, err))
		return false;
	(void)str_to_int(text, &starts);
	e->ids.node = (unsigned)(e->config.node + starts) & ID_NODE_MAX;
	db_item_begin(e->db);
	return store_setting_put(e->db, 0, "starts", arena_printf(&e->loop->scratch, "%lld", (long long)starts + 1), err) &&
	       db_item_end(e->db, true, err) && db_commit(e->db, err);
}

struct engine *engine_new(const struct engine_config *config, uv_loop_t *loop, struct server *server, struct err *err)
{
	struct engine *e = mem_new(sizeof *e);
	struct loop_state *l = e->loop = mem_new(sizeof *l);
	char path[4096];
	int migrated = 0;
	mono_ms began = mono_now();
	pthread_condattr_t monotonic;

	e->config = *config;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->ready, &monotonic);
	queue_init(&l->inbox);
	queue_init(&l->finished);
	queue_init(&l->follow);
	arena_init(&l->scratch);
	l->uv = loop;
	l->server = server;
	l->look_again = true;
	snprintf(path, sizeof path, "%s/opsroom.db", config->data_dir);
	if (!load_key(e, "secret.key", &e->key, err) || !load_key(e, "audit.key", &e->audit_seed, err) || !(e->db = db_open(path, wall_now(), &migrated, err)) || !number_start(e, err)) {
		engine_free(e);
		return NULL;
	}
	log_debug(EV_STORE_OPEN, F_TXT("path", path), F_INT("migrated", migrated), F_INT("ms", mono_now() - began));
	return e;
}

bool engine_start(struct engine *e, struct err *err)
{
	struct loop_state *l = e->loop;

	e->started = wall_now();
	if (!alerts_reload(e, err) || !heartbeats_load(e, err))
		return false;
	checkpoint_start(e);
	l->indexed = -1; /* what was written before a crash may not be indexed yet */
	uv_async_init(l->uv, &l->wake, on_wake);
	uv_timer_init(l->uv, &l->due_timer);
	uv_timer_init(l->uv, &l->sick_timer);
	l->wake.data = l->due_timer.data = l->sick_timer.data = e;
	l->running = true;
	if (pthread_create(&l->thread, NULL, work_thread, e) != 0) {
		err_set(err, ERR_INTERNAL, "the work thread cannot start");
		return false;
	}
	queue_tick(e);
	return true;
}

void engine_stop(struct engine *e)
{
	struct loop_state *l = e->loop;

	if (!l->running)
		return;
	l->running = false;
	graphs_stop(e);
	mails_stop(e);
	app_senders_stop(e);
	audit_syslog_stop(e);
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_mutex_unlock(&l->lock);
	pthread_cond_signal(&l->ready);
	pthread_join(l->thread, NULL);
	on_wake(&l->wake);
	uv_timer_stop(&l->due_timer);
	uv_timer_stop(&l->sick_timer);
	uv_close((uv_handle_t *)&l->due_timer, NULL);
	uv_close((uv_handle_t *)&l->sick_timer, NULL);
	uv_close((uv_handle_t *)&l->wake, NULL);
	audit_syslog_keep(e);
	checkpoint_at_stop(e);
	db_close(e->db); /* folds the WAL in: the file is whole by itself */
	e->db = NULL;
}

void engine_free(struct engine *e)
{
	void *room;

	if (!e)
		return;
	for (size_t i = 0; map_next(&e->loop->app_rooms, &i, &room);)
		mem_free(room);
	map_done(&e->loop->app_rooms);
	alerts_free(e);
	heartbeats_free(e);
	links_free(e->links);
	hub_free(e);
	app_senders_free(e);
	source_folder_free(e->sources);
	routing_free(e->routing);
	db_close(e->db);
	map_done(&e->loop->turns);
	arena_done(&e->loop->scratch);
	mem_free((void *)e->workspace_name.p);
	audit_syslog_free(e);
	mem_free(e->loop);
	mem_free(e);
}
