#include "engine/engine_internal.h"

#include "base/file.h"
#include "base/log.h"
#include "engine/alerts.h"
#include "store/chat.h"
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_MAX 1024
#define SICK_FOR (SECOND / 2)
#define SEARCH_SLICE 50
#define GATHER_FROM_US 400 /* a commit that takes longer is worth waiting for company */
#define GATHER_SHARE 4     /* a quarter of it at most */

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

static void queue_append(struct queue *to, struct queue *from)
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

/* ---- the work thread ---- */

static void work_prepare(struct engine *e, struct work *w)
{
	w->engine = e;
	w->effects = NULL;
	w->effects_tail = &w->effects;
	w->failed = false;
	w->now = wall_now();
	err_clear(&w->err);
}

/* Runs one item in its savepoint. false: the whole batch is lost. */
static bool run_item(struct engine *e, struct work *w, struct err *lost)
{
	struct loop_state *l = e->loop;

	work_prepare(e, w);
	l->memory_touched = false;
	db_item_begin(e->db);
	w->run(w);
	if (w->failed)
		w->effects = NULL;
	if (!db_item_end(e->db, !w->failed, lost))
		return false;
	if (w->failed && l->memory_touched && !alerts_reload(e, lost))
		return false;
	return true;
}

static bool store_is_sick(const struct engine *e)
{
	return e->loop->live.unwritable.code != ERR_NONE;
}

static void store_is_now_sick(struct engine *e, const struct err *why)
{
	struct loop_state *l = e->loop;

	l->live.unwritable = *why;
	l->sick_until = mono_now() + SICK_FOR;
	db_refuse_writes(e->db, &l->live.unwritable);
}

static void lose_batch(struct engine *e, struct queue *batch, const struct err *lost)
{
	struct err why = {0}, ignored = {0};

	db_rollback(e->db);
	log_error(EV_STORE_FAILED, F_TXT("error", lost->text));
	err_set(&why, lost->code == ERR_FULL ? ERR_FULL : ERR_UNAVAILABLE, "%s", lost->text);
	store_is_now_sick(e, &why);
	e->loop->live.failed_batches++;
	for (struct work *w = batch->head; w; w = w->next) {
		w->failed = true;
		w->effects = NULL;
		w->err = why;
	}
	if (!alerts_reload(e, &ignored))
		log_error(EV_BUG, F_TXT("where", "reload"), F_TXT("what", ignored.text));
}

static bool try_to_write(struct engine *e, struct err *err)
{
	char text[WALL_TEXT_SIZE];
	bool ok;

	db_refuse_writes(e->db, NULL);
	db_item_begin(e->db);
	ok = store_setting_put(e->db, 0, "disk_tried", wall_write(text, wall_now()), err);
	ok = db_item_end(e->db, ok, err) && ok && db_commit(e->db, err);
	if (!ok)
		db_rollback(e->db);
	return ok;
}

/* A disk that takes nothing is tried every half second, apart from the work, so that reads are not lost with it. Until it is
 * well, writes fail without touching it. */
static void mind_the_disk(struct engine *e)
{
	struct loop_state *l = e->loop;
	struct err why = {0};

	if (!store_is_sick(e) || mono_now() < l->sick_until)
		return;
	if (!try_to_write(e, &why)) {
		store_is_now_sick(e, &why);
		return;
	}
	err_clear(&l->live.unwritable);
	l->search_behind = UINT32_MAX;
	log_info(EV_STORE_WELL, F_INT("failed_batches", (int64_t)l->live.failed_batches));
}

static void run_batch(struct engine *e, struct queue *batch)
{
	struct loop_state *l = e->loop;
	struct err lost = {0};
	int64_t began;
	bool ok, wrote;

	mind_the_disk(e);
	ok = db_batch_begin(e->db, &lost);
	for (struct work *w = batch->head; w && ok; w = w->next)
		ok = run_item(e, w, &lost);
	wrote = db_batch_wrote(e->db);
	began = mono_us();
	ok = ok && db_commit(e->db, &lost);
	if (!ok)
		lose_batch(e, batch, &lost);
	l->committed = wrote ? batch->count : 0;
	if (wrote)
		l->commit_us += (mono_us() - began - l->commit_us) / 8;
	l->live.batches++;
	l->live.items += batch->count;
}

/* Under the lock: what the net thread may see of the work thread's state. */
static void report(struct engine *e)
{
	struct loop_state *l = e->loop;

	if (l->look_again) {
		wall_ms a = store_due_next(e->db, DUE_OUTBOX), b = store_due_next(e->db, DUE_TIMER);

		l->next_due = !a || (b && b < a) ? b : a;
		l->look_again = false;
	}
	alerts_count(e, &l->live);
	l->live.store = db_count(e->db);
	l->live.refused = l->counts.refused; /* the net thread counts it, under the lock */
	l->counts = l->live;
}

/* When nobody waits: the search index follows what was written. */
static bool index_some(struct engine *e)
{
	struct loop_state *l = e->loop;
	struct err err = {0};
	unsigned indexed = 0;
	bool ok;

	arena_reset(&l->scratch);
	db_item_begin(e->db);
	ok = !store_is_sick(e) && store_search_index(e->db, &l->scratch, SEARCH_SLICE, &indexed, &err);
	ok = db_item_end(e->db, ok, &err) && ok && db_commit(e->db, &err);
	if (!ok)
		db_rollback(e->db);
	return ok && indexed > 0;
}

/* Under the lock. Those whose items were just committed often come again at once. Where a commit is slow it pays to let them
 * into the next: else two halves of the clients take turns, and each waits for both halves' commits.
 * waited: items that had come when the last commit ended. */
static void gather(struct loop_state *l, unsigned waited)
{
	struct timespec until;
	int64_t wait_us = l->commit_us / GATHER_SHARE;

	if (l->commit_us < GATHER_FROM_US || !l->committed || l->stopping)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_us * 1000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	l->gather_until = waited + l->committed;
	while (l->inbox.count < l->gather_until && !l->stopping)
		if (pthread_cond_timedwait(&l->ready, &l->lock, &until) != 0)
			break;
	l->gather_until = 0;
}

/* Waits for work; false: it is time to stop and nothing is left. */
static bool take_batch(struct engine *e, struct queue *batch)
{
	struct loop_state *l = e->loop;
	bool index = true;
	unsigned waited;

	queue_init(batch);
	pthread_mutex_lock(&l->lock);
	waited = l->inbox.count;
	while (!l->inbox.head && !l->follow.head && !l->stopping) {
		if (index && l->search_behind != (unsigned)l->live.messages) {
			pthread_mutex_unlock(&l->lock);
			index = index_some(e);
			if (!index)
				l->search_behind = (unsigned)l->live.messages;
			pthread_mutex_lock(&l->lock);
			continue;
		}
		pthread_cond_wait(&l->ready, &l->lock);
	}
	gather(l, waited);
	queue_append(batch, &l->follow);
	if (batch->count + l->inbox.count <= BATCH_MAX)
		queue_append(batch, &l->inbox);
	else
		while (batch->count < BATCH_MAX)
			queue_push(batch, queue_take(&l->inbox));
	pthread_mutex_unlock(&l->lock);
	return batch->head != NULL;
}

static void *work_thread(void *context)
{
	struct engine *e = context;
	struct loop_state *l = e->loop;
	struct queue batch;

	while (take_batch(e, &batch)) {
		run_batch(e, &batch);
		pthread_mutex_lock(&l->lock);
		report(e);
		l->counts.queued = l->inbox.count;
		queue_append(&l->finished, &batch);
		pthread_mutex_unlock(&l->lock);
		uv_async_send(&l->wake);
	}
	return NULL;
}

bool engine_run_once(struct engine *e, void (*run)(struct work *w, void *context), void *context, struct err *err)
{
	struct arena arena;
	struct work w = {.arena = &arena};
	bool ok;

	arena_init(&arena);
	work_prepare(e, &w);
	db_item_begin(e->db);
	run(&w, context);
	ok = db_item_end(e->db, !w.failed, err) && db_commit(e->db, err) && !w.failed;
	if (!ok) {
		db_rollback(e->db);
		err_set(err, w.err.code ? w.err.code : ERR_INTERNAL, "%s", w.err.text);
	}
	arena_done(&arena);
	return ok;
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

/* DIR/secret.key, made at the first start: from it come the keys in the URLs of sources and webhooks. */
static bool load_key(struct engine *e, struct err *err)
{
	char path[4096];
	int fd;
	bool ok;

	snprintf(path, sizeof path, "%s/secret.key", e->config.data_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		crypt_random(e->key.bytes, sizeof e->key.bytes);
		return file_put(&e->loop->scratch, path, str_n((const char *)e->key.bytes, sizeof e->key.bytes), 0600, err);
	}
	ok = fd >= 0 && read(fd, e->key.bytes, sizeof e->key.bytes) == sizeof e->key.bytes;
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
	if (!load_key(e, err) || !(e->db = db_open(path, wall_now(), &migrated, err)) || !number_start(e, err)) {
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
	if (!alerts_reload(e, err))
		return false;
	l->search_behind = UINT32_MAX; /* what was written before a crash may not be indexed yet */
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
	db_close(e->db); /* folds the WAL in: the file is whole by itself */
	e->db = NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	alerts_free(e);
	hub_free(e);
	db_close(e->db);
	arena_done(&e->loop->scratch);
	mem_free((void *)e->workspace_name.p);
	mem_free(e->loop);
	mem_free(e);
}
