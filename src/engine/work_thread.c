/* The work thread: takes what waits as one batch, runs it in one transaction, and minds the disk. */
#include "engine/engine_internal.h"

#include "base/log.h"
#include "engine/alerts.h"
#include "engine/audit_checkpoints.h"
#include "engine/heartbeats.h"
#include "engine/links.h"
#include "store/chat.h"
#include "store/journal.h"

#define BATCH_MAX 1024
#define SEARCH_SLICE 250
#define SEARCH_EVERY 100 /* ms */
#define SEARCH_LATE 5000 /* messages: so far behind, the index does not wait */
#define BUSY_FROM 8 /* items in a batch */
#define GATHER_FROM_US 400 /* a commit that takes longer is worth waiting for company */
#define GATHER_SHARE 4     /* a quarter of it at most */

static void work_prepare(struct engine *e, struct work *w)
{
	w->engine = e;
	w->effects = NULL;
	w->effects_tail = &w->effects;
	w->failed = false;
	w->now = wall_now();
	err_clear(&w->err);
}

/* What is in memory follows its rows again. */
static bool undo_memory(struct engine *e, struct err *err)
{
	return links_reload(e, err) && alerts_reload(e, err) && (!e->heartbeats || heartbeats_load(e, err));
}

/* Runs one item in its savepoint. false: the whole batch is lost. */
static bool run_item(struct engine *e, struct work *w, struct err *lost)
{
	struct loop_state *l = e->loop;
	uint64_t audits = db_count(e->db).audits;

	work_prepare(e, w);
	l->memory_touched = false;
	db_item_begin(e->db);
	w->run(w);
	if (!w->failed)
		w->failed = !checkpoint_arm(w, audits);
	if (w->failed)
		w->effects = NULL;
	if (!db_item_end(e->db, !w->failed, lost))
		return false;
	return !w->failed || !l->memory_touched || undo_memory(e, lost);
}

bool store_is_sick(const struct engine *e)
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
	e->loop->checkpoint_waits = false; /* perhaps; one timer too many does no harm */
	for (struct work *w = batch->head; w; w = w->next) {
		w->failed = true;
		w->effects = NULL;
		w->err = why;
	}
	if (!undo_memory(e, &ignored))
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
	l->indexed = (int64_t)l->live.messages - 1;
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

/* When the outbox or the timers changed: what is due next, and how much waits to leave. That is counted once a second at
 * most while there is work: it may be much when the other side is down. */
static void look_at_due(struct engine *e, bool busy)
{
	struct loop_state *l = e->loop;
	wall_ms a, b;
	int64_t oldest;

	if (l->look_again) {
		a = store_due_next(e->db, DUE_OUTBOX);
		b = store_due_next(e->db, DUE_TIMER);
		l->due_found = !a || (b && b < a) ? b : a;
		l->look_again = false;
		l->count_again = true;
	}
	if (!l->count_again || (busy && mono_now() - l->counted_at < SECOND))
		return;
	store_outbox_waiting(e->db, &l->live.outbox_waiting, &oldest);
	l->live.outbox_oldest = oldest ? id_time(oldest) : 0;
	l->count_again = false;
	l->counted_at = mono_now();
}

/* Under the lock: what the net thread may see of the work thread's state. */
static void report(struct engine *e)
{
	struct loop_state *l = e->loop;

	l->next_due = l->due_found;
	alerts_count(e, &l->live);
	l->live.store = db_count(e->db);
	l->live.refused = l->counts.refused; /* the net thread counts it, under the lock */
	l->counts = l->live;
}

/* How long the index may still be left as it is; -1: it is whole. */
static span_ms index_waits(const struct loop_state *l)
{
	int64_t behind = (int64_t)l->live.messages - l->indexed;
	span_ms since = mono_now() - l->indexed_at;

	if (!behind)
		return -1;
	return behind >= SEARCH_LATE || since >= SEARCH_EVERY ? 0 : SEARCH_EVERY - since;
}

/* The search index follows what was written. Each slice is a commit of its own, for which all wait who write: so there are ten a second
 * and not one between any two batches. Who searches has the rest indexed first. */
static void index_some(struct engine *e)
{
	struct loop_state *l = e->loop;
	int64_t all = (int64_t)l->live.messages;
	struct err err = {0};
	unsigned indexed = 0;
	bool ok;

	arena_reset(&l->scratch);
	db_item_begin(e->db);
	ok = !store_is_sick(e) && store_search_index(e->db, &l->scratch, SEARCH_SLICE, &indexed, &err);
	ok = db_item_end(e->db, ok, &err) && ok && db_commit(e->db, &err);
	if (!ok)
		db_rollback(e->db);
	if (!ok || !indexed)
		l->indexed = all;
	else
		l->indexed = l->indexed + indexed < all ? l->indexed + indexed : all - 1; /* what is whole says so itself */
	l->indexed_at = mono_now();
}

static struct timespec from_now(int64_t us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += us * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Under the lock. Those whose items were just committed often come again at once. Where a commit is slow it pays to let them
 * into the next: else two halves of the clients take turns, and each waits for both halves' commits.
 * waited: items that had come when the last commit ended. */
static void gather(struct loop_state *l, unsigned waited)
{
	struct timespec until;

	if (l->commit_us < GATHER_FROM_US || !l->committed || l->stopping)
		return;
	until = from_now(l->commit_us / GATHER_SHARE);
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
	struct timespec until;
	unsigned waited;
	span_ms wait;

	queue_init(batch);
	if (index_waits(l) == 0)
		index_some(e);
	pthread_mutex_lock(&l->lock);
	waited = l->inbox.count;
	while (!l->inbox.head && !l->follow.head && !l->stopping) {
		if (l->count_again) {
			pthread_mutex_unlock(&l->lock);
			look_at_due(e, false);
			pthread_mutex_lock(&l->lock);
			report(e);
			continue;
		}
		wait = index_waits(l);
		until = from_now(wait * 1000);
		if (wait < 0) {
			pthread_cond_wait(&l->ready, &l->lock);
		} else if (pthread_cond_timedwait(&l->ready, &l->lock, &until) != 0) {
			pthread_mutex_unlock(&l->lock);
			index_some(e);
			pthread_mutex_lock(&l->lock);
		}
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

void *work_thread(void *context)
{
	struct engine *e = context;
	struct loop_state *l = e->loop;
	struct queue batch;

	while (take_batch(e, &batch)) {
		run_batch(e, &batch);
		look_at_due(e, batch.count > BUSY_FROM);
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
	uint64_t audits = db_count(e->db).audits;
	bool ok;

	arena_init(&arena);
	work_prepare(e, &w);
	db_item_begin(e->db);
	run(&w, context);
	if (!w.failed)
		w.failed = !checkpoint_arm(&w, audits);
	ok = db_item_end(e->db, !w.failed, err) && db_commit(e->db, err) && !w.failed;
	if (!ok) {
		db_rollback(e->db);
		err_set(err, w.err.code ? w.err.code : ERR_INTERNAL, "%s", w.err.text);
	}
	arena_done(&arena);
	return ok;
}
