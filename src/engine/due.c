/* What is due: the outbox and the timers. A tick lists due rows and queues one item for each, so that each is a decision of
 * its own home. A row is claimed with a lease and a fence before anything leaves; who comes too late changes nothing. */
#include "engine/engine_internal.h"

#include "base/log.h"
#include "engine/alerts.h"
#include "engine/app_events.h"
#include "engine/audit_checkpoints.h"
#include "engine/chat.h"
#include "engine/confirm.h"
#include "engine/graph.h"
#include "engine/heartbeats.h"
#include "engine/held.h"
#include "engine/housekeeping.h"
#include "engine/links.h"
#include "engine/runs.h"
#include "engine/locks.h"
#include "engine/mail.h"
#include "engine/plans.h"
#include "engine/scheduled.h"
#include "engine/silences.h"
#include "store/journal.h"

#define LEASE (30 * SECOND)
#define ROWS_PER_TICK 64
#define BACKOFF_FIRST (SECOND)
#define BACKOFF_MOST (5 * MINUTE)

struct due_item {
	struct work work;
	struct arena arena;
	enum due_table table;
	struct due_row row, listed; /* listed: as it was before it was claimed */
	struct chat_post *post;
};

static span_ms backoff(int attempts)
{
	span_ms span = BACKOFF_FIRST;

	for (int i = 1; i < attempts && span < BACKOFF_MOST; i++)
		span *= 2;
	return span < BACKOFF_MOST ? span : BACKOFF_MOST;
}

/* ---- outbox: claim, send, complete ---- */

/* What is run, not told: at most once, claimed, run and completed in one transaction. */
static bool is_run_kind(struct str kind)
{
	return str_is(kind, "command") || str_is(kind, KIND_HELD_RUN) || str_is(kind, KIND_PLAN_RUN);
}

static void run_row(struct work *w, struct due_item *item)
{
	struct db *db = w->engine->db;
	const struct due_row *row = &item->row;

	effect_wake(w);
	w->failed = !w->engine->run_row(w, row->kind, row->home_id, row->payload, &w->err) || !store_due_done(db, DUE_OUTBOX, row, &w->err);
}

/* What waits in the outbox to become a message. */
struct post_kind {
	const char *name;
	bool (*render)(struct work *w, const struct due_row *row, struct chat_post *post); /* false: nothing to tell any more */
	bool (*told)(struct work *w, const struct chat_post *post, int64_t message_ts);
	void (*not_told)(struct work *w, const struct chat_post *post);
	/* NULL: it is a message, the chat system has it. Else it ends in chat_posted(), or in chat_post_now() when it has been made a message. */
	void (*send)(struct chat_post *post);
	/* It changes one message again and again: a row waits until the one before it is answered, so that the first has made the message. */
	bool in_order;
	bool quiet; /* to wait is usual: its retries are no warnings */
	void (*again)(struct work *w, const struct chat_post *post); /* NULL: to be tried again changes nothing */
	void (*drop)(struct chat_post *post);                        /* frees post->making; NULL: nothing is to be freed */
};

static bool group_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	return alerts_render(w, row->home_id, post);
}

static bool group_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	return alerts_told(w, post->home_id, message_ts);
}

static void group_not_told(struct work *w, const struct chat_post *post)
{
	alerts_not_told(w, post->home_id);
}

static bool note_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	(void)w;
	(void)post;
	(void)message_ts;
	return true;
}

static void note_not_told(struct work *w, const struct chat_post *post)
{
	(void)w;
	(void)post;
}

static bool detail_done(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	(void)message_ts;
	detail_told(w, post->home_id, post->outbox_id);
	return true;
}

static void detail_not_told(struct work *w, const struct chat_post *post)
{
	detail_told(w, post->home_id, post->outbox_id);
}

static bool digest_done(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	return digest_told(w, post->home_id, message_ts);
}

static void digest_undone(struct work *w, const struct chat_post *post)
{
	digest_not_told(w, post->home_id);
}

static const struct post_kind post_kinds[] = {
	{KIND_GROUP, group_render, group_told, group_not_told},
	{KIND_DETAIL, detail_render, detail_done, detail_not_told},
	{KIND_DIGEST, digest_render, digest_done, digest_undone},
	{KIND_REMINDER, reminder_render, note_told, note_not_told},
	{KIND_NOTE, note_render, note_told, note_not_told},
	{KIND_CONFIRM, confirm_render, confirm_told, confirm_not_told, confirm_send},
	{KIND_HELD, held_render, held_told, note_not_told, .in_order = true},
	{KIND_RUN, runs_render, runs_told, note_not_told, .in_order = true},
	{KIND_APP_EVENT, app_event_render, app_event_told, note_not_told, app_event_send, .quiet = true},
	{KIND_GRAPH, graph_render, note_told, note_not_told, graph_send},
	{KIND_MAIL, mail_render, note_told, mail_not_told, mail_leave},
	{KIND_LINK, link_render, link_told, link_not_told, link_send, .again = link_again, .drop = link_post_free},
};

static const struct post_kind *post_kind_of(struct str kind)
{
	for (size_t i = 0; i < COUNT_OF(post_kinds); i++)
		if (str_is(kind, post_kinds[i].name))
			return &post_kinds[i];
	return &post_kinds[0];
}

void chat_post_now(struct chat_post *post)
{
	post->engine->chats[0]->post(post);
}

/* After the commit: the adapter has the post from here on. */
static void send_post(void *context)
{
	struct due_item *item = context;
	struct chat_post *post = item->post;

	item->post = NULL;
	engine_busy(post->engine, 1);
	if (post->kind->send)
		post->kind->send(post);
	else
		chat_post_now(post);
}

/* Who was given a turn comes back when it is there: claimed for the second time. */
bool post_has_turn(struct work *w, struct chat_post *post, int64_t channel_id)
{
	span_ms pace = w->engine->chats ? w->engine->chats[0]->pace : 0;
	struct map *turns = &w->engine->loop->turns;
	wall_ms next = (wall_ms)(uintptr_t)map_get(turns, (uint64_t)channel_id);

	if (!pace)
		return true;
	post->later_at = post->attempts == 1 && next > w->now ? next : 0;
	if (post->later_at || next <= w->now)
		map_put(turns, (uint64_t)channel_id, (void *)(uintptr_t)((next > w->now ? next : w->now) + pace));
	return post->later_at == 0;
}

static void outbox_run(struct work *w)
{
	struct due_item *item = (struct due_item *)w;
	struct chat_post *post = item->post;
	struct db *db = w->engine->db;

	if (!store_due_claim(db, DUE_OUTBOX, &item->row, w->now + LEASE, engine_id(w), &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return;
	}
	if (is_run_kind(item->row.kind)) {
		run_row(w, item);
		return;
	}
	effect_wake(w);
	post->engine = w->engine;
	post->outbox_id = item->row.id;
	post->home_id = item->row.home_id;
	post->fence = item->row.fence;
	post->attempts = item->row.attempts;
	post->kind = post_kind_of(item->row.kind);
	post->payload = arena_dup(&post->arena, item->row.payload);
	if (post->kind->in_order && store_outbox_before(db, &item->row)) {
		w->failed = !store_due_later(db, DUE_OUTBOX, &item->row, w->now + LEASE, &w->err);
		return;
	}
	if (!post->kind->render(w, &item->row, post)) { /* nothing to tell any more, or not yet */
		if (!w->failed)
			w->failed = post->later_at ? !store_due_later(db, DUE_OUTBOX, &item->row, post->later_at, &w->err)
						   : !store_due_done(db, DUE_OUTBOX, &item->row, &w->err) ||
							     (post->kind->in_order && !store_outbox_forward(db, &item->row, w->now, &w->err));
		return;
	}
	effect_call(w, send_post, item);
}

static void post_free(struct chat_post *post)
{
	if (!post)
		return;
	if (post->kind && post->kind->drop)
		post->kind->drop(post);
	arena_done(&post->arena);
	mem_free(post);
}

/* What failed took its claim back with it and would be due again at once. A claim that nobody answers makes it wait. */
static void put_off(struct work *w)
{
	struct due_item *item = (struct due_item *)w;
	wall_ms until = w->now + backoff(item->listed.attempts + 1);

	effect_wake(w);
	w->failed = !store_due_claim(w->engine->db, item->table, &item->listed, until, engine_id(w), &w->err);
	if (!w->failed && item->table == DUE_OUTBOX)
		alerts_put_off(w, &item->listed, until);
}

static void due_done(struct work *w)
{
	struct due_item *item = (struct due_item *)w;
	bool again = w->failed && w->run != put_off;

	if (again && w->err.code != ERR_CONFLICT && w->err.code != ERR_FULL && w->err.code != ERR_UNAVAILABLE)
		log_error(EV_BUG, F_TXT("where", "due"), F_STR("kind", item->row.kind), F_TXT("what", w->err.text));
	if (again) {
		w->run = put_off;
		(void)!engine_submit(w->engine, w);
		return;
	}
	post_free(item->post);
	arena_done(&item->arena);
	mem_free(item);
}

/* ---- outbox: the answer ---- */

struct answer_item {
	struct work work;
	struct arena arena;
	struct chat_post *post;
	enum post_result result;
	int64_t message_ts;
	wall_ms retry_at;
	struct str why;
};

static bool answer_done(struct work *w, const struct answer_item *item, const struct due_row *row)
{
	struct db *db = w->engine->db;

	effect_wake(w);
	return item->post->kind->told(w, item->post, item->message_ts) && store_due_done(db, DUE_OUTBOX, row, &w->err);
}

static void answer_run(struct work *w)
{
	struct answer_item *item = (struct answer_item *)w;
	struct chat_post *post = item->post;
	struct due_row row = {.home_id = post->home_id, .id = post->outbox_id, .fence = post->fence, .attempts = post->attempts, .kind = str_of(post->kind->name), .payload = post->payload};
	struct engine_counts *counts = engine_counters(w->engine);

	effect_wake(w);
	if (item->result == POST_DONE) {
		counts->outbox_sent++;
		w->failed = !answer_done(w, item, &row);
	} else if (item->result == POST_RETRY) {
		counts->outbox_retries++;
		if (post->kind->again)
			post->kind->again(w, post);
		w->failed = w->failed || (post->kept.n && !store_outbox_keep(w->engine->db, &row, post->kept, &w->err)) ||
			    !store_due_later(w->engine->db, DUE_OUTBOX, &row, item->retry_at ? item->retry_at : w->now + backoff(post->attempts), &w->err);
	} else {
		counts->outbox_refused++;
		post->why = item->why;
		post->kind->not_told(w, post);
		w->failed = w->failed || !store_outbox_refused(w->engine->db, &row, &w->err);
	}
	if (!w->failed && post->kind->in_order && item->result != POST_RETRY)
		w->failed = !store_outbox_forward(w->engine->db, &row, w->now, &w->err);
}

static void answer_finished(struct work *w)
{
	struct answer_item *item = (struct answer_item *)w;
	struct engine *e = w->engine;

	if (item->result == POST_RETRY && !item->post->kind->quiet)
		log_warn(EV_OUTBOX_RETRY, F_INT("outbox", item->post->outbox_id), F_INT("attempts", item->post->attempts), F_STR("why", item->why));
	else if (item->result == POST_REFUSED)
		log_error(EV_OUTBOX_REFUSED, F_INT("outbox", item->post->outbox_id), F_STR("why", item->why));
	else
		log_debug(EV_OUTBOX_SENT, F_INT("outbox", item->post->outbox_id), F_INT("attempts", item->post->attempts));
	post_free(item->post);
	arena_done(&item->arena);
	mem_free(item);
	engine_busy(e, -1);
}

void chat_posted(struct chat_post *post, enum post_result result, int64_t message_ts, wall_ms retry_at, struct str why)
{
	struct answer_item *item = mem_new(sizeof *item);

	item->work.arena = &item->arena;
	item->work.run = answer_run;
	item->work.done = answer_finished;
	item->work.background = true;
	item->post = post;
	item->result = result;
	item->message_ts = message_ts;
	item->retry_at = retry_at;
	item->why = arena_dup(&item->arena, why);
	(void)!engine_submit(post->engine, &item->work);
}

/* ---- timers ---- */

struct timer_kind {
	const char *name;
	/* Does what is due, in the timer's transaction. *again_at: when to ask again, 0: never. */
	bool (*run)(struct work *w, const struct due_row *row, wall_ms *again_at);
};

static bool run_group_ends(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return alerts_expire(w, row->home_id, again_at);
}

static bool run_housekeeping(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)row;
	return housekeeping_run(w, again_at);
}

static bool run_group_settle(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return alerts_settle(w, row->home_id, again_at);
}

static bool run_round(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)row;
	return alerts_round(w, again_at);
}

static bool run_silence(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return silences_turn(w, row->home_id, again_at);
}

static bool run_heartbeat(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return heartbeat_check(w, row->home_id, again_at);
}

static bool run_checkpoint(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)row;
	return checkpoint_run(w, again_at);
}

static bool run_held(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return held_due(w, row->home_id, again_at);
}

static bool run_lock(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return locks_due(w, row->home_id, again_at);
}

static bool run_plan(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return plan_due(w, row->home_id, again_at);
}

static bool run_run(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)again_at;
	return runs_due(w, row->home_id, row->payload);
}

static bool run_listings(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)row;
	return !w->engine->listings_due || w->engine->listings_due(w, again_at);
}

static bool run_scheduled(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	return scheduled_due(w, row->home_id, again_at);
}

static bool run_chat_away(struct work *w, const struct due_row *row, wall_ms *again_at)
{
	(void)again_at;
	return link_away_due(w, row->payload);
}

static const struct timer_kind timer_kinds[] = {
	{TIMER_CHAT_AWAY, run_chat_away},
	{TIMER_SCHEDULED, run_scheduled},
	{TIMER_RUN, run_run},
	{TIMER_LISTINGS, run_listings},
	{TIMER_PLAN, run_plan},
	{TIMER_HELD, run_held},
	{TIMER_LOCK, run_lock},
	{"group_ends", run_group_ends},
	{"group_settle", run_group_settle},
	{"alert_round", run_round},
	{"silence", run_silence},
	{KIND_HEARTBEAT, run_heartbeat},
	{"housekeeping", run_housekeeping},
	{KIND_CHECKPOINT, run_checkpoint},
};

static void timer_run(struct work *w)
{
	struct due_item *item = (struct due_item *)w;
	struct db *db = w->engine->db;
	wall_ms again_at = 0;

	if (!store_due_claim(db, DUE_TIMER, &item->row, w->now + LEASE, engine_id(w), &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(timer_kinds); i++)
		if (str_is(item->row.kind, timer_kinds[i].name) && !timer_kinds[i].run(w, &item->row, &again_at)) {
			w->failed = true;
			return;
		}
	effect_wake(w);
	w->failed = again_at ? !store_due_later(db, DUE_TIMER, &item->row, again_at, &w->err) : !store_due_done(db, DUE_TIMER, &item->row, &w->err);
}

/* ---- the tick ---- */

static void follow_row(struct work *w, enum due_table t, const struct due_row *row)
{
	struct due_item *item = mem_new(sizeof *item);

	item->row = *row;
	item->row.kind = arena_dup(&item->arena, row->kind);
	item->row.payload = arena_dup(&item->arena, row->payload);
	item->listed = item->row;
	item->table = t;
	item->work.arena = &item->arena;
	item->work.background = true;
	item->work.run = t == DUE_OUTBOX ? outbox_run : timer_run;
	item->work.done = due_done;
	if (t == DUE_OUTBOX)
		item->post = mem_new(sizeof *item->post);
	engine_follow(w, &item->work);
}

static bool follow_due(struct work *w, enum due_table t, wall_ms until)
{
	struct due_row *rows;
	size_t count;

	if (!store_due_list(w->engine->db, w->arena, t, until, ROWS_PER_TICK, &rows, &count, &w->err))
		return false;
	for (size_t i = 0; i < count; i++)
		follow_row(w, t, &rows[i]);
	return true;
}

void due_tick(struct work *w)
{
	effect_wake(w);
	w->failed = !follow_due(w, DUE_OUTBOX, w->now) || !follow_due(w, DUE_TIMER, w->now);
}
