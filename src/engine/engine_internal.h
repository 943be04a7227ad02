/* engine/engine_internal.h -- what the files of this room share; no other room includes it. */
#pragma once
#include "base/map.h"
#include "engine/engine.h"

#include <pthread.h>

struct effect {
	struct effect *next;
	enum { FX_PUBLISH_CHANNEL, FX_PUBLISH_USER, FX_PUBLISH_ALL, FX_JOIN, FX_LEAVE, FX_CALL } kind;
	int64_t a, b;
	struct str json;
	void (*call)(void *context);
	void *context;
};

struct queue {
	struct work *head, **tail;
	unsigned count;
};
void queue_init(struct queue *q);
void queue_push(struct queue *q, struct work *w);
struct work *queue_take(struct queue *q);
void queue_append(struct queue *to, struct queue *from); /* all of it; from is empty then */

struct advance {
	wall_ms to;
	void (*on_done)(void *context);
	void *context;
	bool wanted, saving;
};

struct loop_state {
	/* shared, under lock */
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct queue inbox, finished;
	bool stopping;
	unsigned gather_until; /* the work thread wants to be told of so many items; 0: of the first */
	wall_ms next_due; /* 0: nothing waits */
	struct map present; /* user id -> how many streams, as a pointer-sized number */
	struct engine_counts counts;

	/* the work thread's */
	pthread_t thread;
	struct queue follow;
	struct engine_counts live;
	bool look_again; /* outbox or timers changed */
	bool count_again; /* what waits in the outbox is not counted anew yet */
	mono_ms counted_at;
	wall_ms due_found; /* next_due, before it is told */
	bool memory_touched;
	bool checkpoint_waits; /* its timer is in the store */
	mono_ms sick_until; /* while the store takes nothing (live.unwritable): when it is tried again */
	int64_t indexed; /* so many of live.messages are in the search index, or were tried; a hint */
	mono_ms indexed_at;
	struct map app_rooms; /* app id -> struct app_room, app_events.c's own */
	struct map turns; /* channel id -> when it may be told next, as a pointer-sized number */
	struct arena scratch;
	unsigned committed;  /* items of the last batch that wrote */
	int64_t commit_us;   /* what a commit takes; an average that forgets */

	/* the net thread's */
	uv_async_t wake;
	uv_timer_t due_timer, sick_timer;
	uv_loop_t *uv;
	struct server *server;
	_Atomic unsigned under_way; /* items queued and not yet done; raised by both threads */
	int busy;
	bool tick_queued, running;
	struct advance advance;
	struct map by_channel, by_user, by_watched; /* id -> struct stream_list */
	struct stream_list *gathered; /* channels with messages that are to leave */
	unsigned streams;
};

/* Net thread. What is published to channels is gathered until hub_flush(). */
void hub_apply(struct engine *e, const struct effect *fx);
void hub_flush(struct engine *e);
void hub_free(struct engine *e);

/* work_thread.c */
#define SICK_FOR (SECOND / 2) /* so often a store that takes nothing is tried again */
void *work_thread(void *engine);
bool store_is_sick(const struct engine *e); /* the work thread asks */

/* due.c */
void due_tick(struct work *w); /* lists what is due and queues an item for each */
