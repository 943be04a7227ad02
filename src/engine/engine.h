/* engine/engine.h -- carries decisions out: the work thread with its group commit, the clock's ticks, the hub of streams.
 *
 * Two threads. The net thread owns sockets; it hands whole work items to the work thread, which runs them one after the
 * other on the store and commits everything that queued up meanwhile as one transaction. Only then do results go back, in
 * order: first what an item publishes, then its done(). So an answer means that it is on disk, and what a stream is told
 * is never ahead of the store. What is published to a channel is gathered, and leaves with all else that the batch says there.
 */
#pragma once
#include "base/crypt.h"
#include "net/mail_out.h"
#include "net/server.h"
#include "ops/id.h"
#include "ops/model.h"
#include "store/db.h"

#include <uv.h>

struct engine;
struct app_senders;
struct alerts; /* engine/alerts.h */
struct heartbeats;
struct listings; /* commands/listings.h */
struct http_client;
struct routing;
struct rulebook;
struct run;
struct runs;
struct source_folder;
struct chat_call;
struct asked;
struct chat_kind;
struct chat_order;
struct chat_post;
struct chats_running;
struct links;
struct work;

/* What an item tells the net thread to do after the commit; in order. */
struct effect;

struct work {
	struct work *next;
	struct engine *engine;
	void (*run)(struct work *w);  /* work thread, inside the item's savepoint. Sets failed to have its writes undone. */
	void (*done)(struct work *w); /* net thread, after the commit or its failure; frees the item. */
	struct arena *arena;          /* the item's memory; belongs to whoever made the item */
	wall_ms now;                  /* set before run */
	bool failed;                  /* run: undo my writes. After a failed commit: set for every item that wrote or read along */
	struct err err;               /* why */
	struct effect *effects, **effects_tail;
	int64_t told_by;              /* a link (engine/links.h): what is done now was heard there, and is not told there again. 0: none */
	const struct asked *asked;    /* in which other chat who asks did so; NULL: in ours */
	bool background;              /* not counted as a request: ticks, outbox */
};

struct engine_config {
	const char *data_dir;
	struct str public_url;    /* "" until the listener is open: then http://ADDRESS:PORT */
	bool open_alert_api;      /* POST /api/v2/alerts needs no key: loopback only and no public URL */
	unsigned queue_max;       /* work items waiting; over it: ERR_UNAVAILABLE */
	unsigned node;
	span_ms runs_keep;        /* the lines of runs that ended are kept so long */
	size_t upload_max;        /* bytes of a file that people bring; a reload changes it */
	/* The work thread's; a reload changes them by a work item. */
	struct str prometheus_url; /* "": no graphs */
	span_ms alert_graphs;      /* how far back those of alerts reach; 0: alerts get none */
	struct mail_server mail;   /* url "": nobody gets mail */
};

/* What the work thread knows; only for work items. */
struct engine {
	struct engine_config config;
	struct db *db;
	struct id_maker ids;
	struct secret key;        /* DIR/secret.key: derives the keys of sources and webhooks */
	struct secret audit_seed; /* DIR/audit.key: signs the checkpoints of the audit trail */
	int64_t workspace_id;
	struct str workspace_name; /* owned */
	int64_t bot_user_id, bot_id; /* @srebot */
	struct alerts *alerts;
	struct heartbeats *heartbeats; /* engine/heartbeats.h */
	struct routing *routing;  /* where alerts go (ops/routing.h); as sources. NULL: the built-in one is made at the start */
	struct source_folder *sources; /* a team's own kinds (ops/source.h); the daemon makes it, a reload swaps it as a whole. NULL: none */
	struct rulebook *rulebook; /* which commands there are and who may run them (commands/rulebook.h); the daemon makes it, as sources */
	struct loop_state *loop;  /* engine/engine.c's own */
	struct audit_syslog *audit_syslog; /* the net thread's (engine/audit_syslog.c); NULL: none was wanted yet */
	struct app_senders *apps; /* the net thread's (engine/app_send.c); NULL: none was needed yet */
	struct mail_out *mail;    /* the net thread's (engine/mail.c); NULL: none was sent yet */
	struct http_client *prometheus; /* the net thread's (engine/graph.c); NULL: no graph was asked for yet */
	wall_ms started;
	/* Filled by the room that knows the chat systems and by the daemon. */
	const struct chat_kind *const *chats;
	/* Net thread: hands what came at POST /chats/NAME/REST to the adapter of that chat. false: there is no such chat, or it takes no calls. */
	bool (*chat_call)(struct chat_call *c);
	struct links *links;      /* to other chat systems (engine/links.h); NULL: none were ever configured */
	/* Net thread: hands an order to the adapter of its chat, which answers with chat_told(). chat/ fills it. */
	void (*chat_order)(struct chat_order *o);
	struct chats_running *chats_running; /* the net thread's (chat/chats.h) */
	/* Runs what waits in the outbox to be run, at most once: a command that came as a message (kind "command"), a call that was approved
	 * (KIND_HELD_RUN), one that was planned (KIND_PLAN_RUN). commands/ fills it. */
	bool (*run_row)(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *err);
	struct runs *runs;        /* programs of plugins under way (engine/runs.h); NULL: none run here */
	/* A run ended: what stands behind it in the pipe goes on, who waits for it hears. rows: a JSON list. commands/ fills these four. */
	bool (*run_ended)(struct work *w, const struct run *r, struct str rows, struct err *err);
	/* A run that waited is tried again: makes its order and hands it to runs_start_again(). false: *err says why not. */
	bool (*run_again)(struct work *w, struct run *r, struct str again, struct err *err);
	/* The listings of plugins' servers are due (commands/listings.h). */
	bool (*listings_due)(struct work *w, wall_ms *again_at);
	struct listings *listings; /* NULL: nobody asks for any */
	/* A program asks for a command, as who started it. *text: its answer. false: only if the store failed. */
	bool (*run_nested)(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text);
	/* Net thread: calls the address that confirms a subscription (engine/confirm.h), and answers with chat_posted(); api/sns.c fills it. */
	void (*confirm)(struct chat_post *post);
	void *confirm_context;
};

MUST_USE struct engine *engine_new(const struct engine_config *config, uv_loop_t *loop, struct server *server, struct err *err);
/* Opens the store, loads what lives in memory, starts the work thread. */
MUST_USE bool engine_start(struct engine *e, struct err *err);
/* Runs what is queued, commits, stops the thread. */
void engine_stop(struct engine *e);
void engine_free(struct engine *e);
/* The net server may be made after the engine. */
void engine_set_server(struct engine *e, struct server *s);

/* Net thread: queues an item. false: the queue is full; the caller answers 503 itself. */
MUST_USE bool engine_submit(struct engine *e, struct work *w);
/* Work thread: an item that follows from this one; it runs after the commit of this batch at the earliest. */
void engine_follow(struct work *w, struct work *next);

/* Before the start, on the calling thread: runs one item and commits it (provisioning, tests). */
MUST_USE bool engine_run_once(struct engine *e, void (*run)(struct work *w, void *context), void *context, struct err *err);

int64_t engine_id(struct work *w); /* a new id at the item's time */

/* The item touched memory that its undo does not cover: on failure the alert memory is read anew. */
void work_touched_memory(struct work *w);

/* ---- effects: carried out on the net thread after the commit, in order ---- */
void effect_publish_channel(struct work *w, int64_t channel_id, struct str json); /* to every stream in the channel */
void effect_publish_user(struct work *w, int64_t user_id, struct str json);       /* to one person's streams */
void effect_publish_all(struct work *w, struct str json);
void effect_join(struct work *w, int64_t user_id, int64_t channel_id);            /* the person's streams now get the channel */
void effect_leave(struct work *w, int64_t user_id, int64_t channel_id);
/* Any other thing for the net thread. */
void effect_call(struct work *w, void (*call)(void *context), void *context);
/* There are new outbox rows or timers: look again. */
void effect_wake(struct work *w);

/* ---- virtual clock ---- */
/* Net thread. Moves the clock to `to` step by step; on_done when everything due has happened and nothing is under way.
 * false: it is being moved already. */
bool engine_advance(struct engine *e, wall_ms to, void (*on_done)(void *context), void *context);
/* Net thread: something under way outside (an outgoing request) keeps the daemon from being idle. */
void engine_busy(struct engine *e, int delta);

struct engine_counts {
	uint64_t items, batches, failed_batches, refused;
	unsigned queued, streams;
	int64_t outbox_waiting;
	wall_ms outbox_oldest; /* when the oldest was put in; 0: nothing waits */
	uint64_t outbox_sent, outbox_retries, outbox_refused, alerts_received, alerts_changed, deliveries_refused, commands, messages;
	int64_t groups_firing, groups_acknowledged, alerts_active;
	struct db_counts store;
	struct err unwritable; /* why the store takes nothing; ERR_NONE: it does */
};
/* Net thread: as of the last batch. */
void engine_count(struct engine *e, struct engine_counts *out);
/* Work thread: counters that items raise. */
struct engine_counts *engine_counters(struct engine *e);

/* ---- streams (GET /stream) ---- */
struct stream;
/* Net thread, when a stream's opening item is done: from here on it gets what is published to its channels. */
/* From now on events without our wrapping: of {"type":"event",...,"event":E} E alone. */
void stream_bare(struct stream *s);
struct stream *stream_open(struct engine *e, conn_id conn, int64_t user_id, const int64_t *channels, size_t count);
void stream_close(struct engine *e, struct stream *s);
int64_t stream_user(const struct stream *s);
unsigned streams_of_user(struct engine *e, int64_t user_id);
/* Sends to everybody in a channel but the sender (typing): no store involved. */
void stream_publish_channel(struct engine *e, int64_t channel_id, struct str json);
void stream_publish_all(struct engine *e, struct str json);
/* Any thread: has the person a stream open? */
bool engine_present(struct engine *e, int64_t user_id);
bool stream_has_channel(const struct stream *s, int64_t channel_id);
/* Net thread: these people's comings and goings are told from now on, no others'; how those stand who are new is told at once. Sorts `ids`.
 * At most STREAM_WATCH_MAX. The stream may be gone when it returns. */
#define STREAM_WATCH_MAX 500
void stream_watch(struct engine *e, struct stream *s, int64_t *ids, size_t count);
