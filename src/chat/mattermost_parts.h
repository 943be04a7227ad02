/* chat/mattermost_parts.h -- the adapter to Mattermost in its parts; only for chat/mattermost*.c. All of it is the net thread's.
 *
 * mattermost.c        the row; connecting, step by step, and staying connected
 * mattermost_known.c  people and channels
 * mattermost_hear.c   what comes by the WebSocket, and what was missed
 * mattermost_calls.c  what is called at /chats/NAME/: buttons, dialogs, the slash command
 * mattermost_send.c   what is sent there: one job an order
 */
#pragma once
#include "base/map.h"
#include "chat/chats.h"
#include "net/client.h"
#include "net/ws_out.h"
#include "ops/mattermost.h"

#define MM_CALL_WITHIN (10 * SECOND)
#define MM_ANSWER_MAX (16 * MIB)
#define MM_PEOPLE_MAX 10000

struct mattermost;

/* ---- what is known of it ---- */

struct mm_known_user {
	struct mm_user user; /* owned texts */
	char *texts;
};
struct mm_known_channel {
	struct mm_channel channel; /* owned texts */
	char *texts;
};

/* One thing that came by the WebSocket, until it is its turn. */
struct mm_in {
	struct mm_in *next;
	struct arena arena;
	struct mm_event event;
};

/* What was missed in the channels: read one after the other. */
struct mm_missed {
	bool going;
	wall_ms from;          /* by the server's clock */
	struct str *channels;  /* ids, in the arena */
	size_t channel_count, channel_at;
	struct arena arena;    /* of the pass */
	struct arena list_arena;
	struct mm_post *posts;
	size_t post_count, post_at;
};

struct mattermost {
	struct chat *chat;
	struct http_client *http;
	uv_timer_t timer;
	unsigned holds;            /* the timer, and work on the pool: then it is freed */
	bool closing, refused, up;
	struct str api;            /* "https://mm.example.org/api/v4/"; owned */
	struct str bearer;         /* "Authorization: Bearer ..."; owned */
	struct str calls;          /* of struct mm_place; owned */
	struct mm_names names;
	struct secret key;
	/* connecting */
	void (*step)(struct mattermost *m, const struct client_answer *a); /* what waits for the one call of the connection; NULL: none */
	struct arena arena;        /* of this connection */
	char me[27], team[27];
	unsigned failures;
	mono_ms connect_at;        /* 0: it is connected, or connects */
	size_t config_at, page;    /* how far channels and people are */
	bool people_known;
	unsigned people_pending;   /* our side has not kept them yet: the next page waits for that */
	bool people_wait;
	bool emails_proven;        /* nobody can enter with an address that is not theirs */
	/* the WebSocket */
	struct ws_out *ws;
	int64_t seq;               /* of what we say ... */
	int64_t next_event;        /* ... and of what comes next: the server numbers it */
	unsigned unanswered;       /* pings */
	mono_ms ping_at;
	/* what is known */
	struct map users, user_names, channels; /* by the hash of id, name, id */
	/* heard */
	struct mm_in *in, **in_last;
	unsigned in_count;
	bool asking;               /* a person or a channel is looked up: what came waits */
	char asked[27];
	struct mm_missed missed;
	wall_ms newest, heard_to;  /* newest: of what is kept; heard_to: all before it is kept, as the file says */
	wall_ms newest_in_file;
	bool behind;               /* something was not kept: what was missed is read again */
	mono_ms behind_at, keep_at;
	bool keeping;
	struct mm_said *said;      /* what chat_heard() has not answered */
	struct mm_held *held;      /* calls that wait */
	char pinned_by_us[16][27]; /* a ring: what we pinned or unpinned ourselves */
	unsigned pinned_at;
	/* sent */
	struct mm_job *jobs;
	bool no_whisper;           /* the server does not let this bot */
};

/* ---- mattermost.c ---- */

/* The connection is of no use any more: it is made again, after a while. */
void mm_fail(struct mattermost *m, const char *why);
/* Asks, `done` with this context comes once, but not after http_client_cancel(). body "": it is a GET. */
void mm_ask(struct mattermost *m, const char *method, struct str path, struct str body, span_ms within, void (*done)(void *context, const struct client_answer *a), void *context);
/* The one call of the connection; it is forgotten with it. */
void mm_step(struct mattermost *m, struct str path, struct str body, void (*step)(struct mattermost *m, const struct client_answer *a));
const struct json *mm_body(struct arena *a, const struct client_answer *answer); /* NULL: it is no success, or no JSON */
void mm_why(struct arena *a, const struct client_answer *answer, const char *what, struct err *why);
void mm_release(struct mattermost *m);
void mm_is_up(struct mattermost *m);
void mm_people_kept(struct mattermost *m);

/* ---- mattermost_known.c ---- */

const struct mm_known_user *mm_user_of(const struct mattermost *m, struct str id);
const struct mm_known_channel *mm_channel_of(const struct mattermost *m, struct str id);
/* Both are told to our side too. */
void mm_learn_user(struct mattermost *m, const struct mm_user *u);
void mm_learn_channel(struct mattermost *m, const struct mm_channel *c, bool joined);
void mm_unlearn_channel(struct mattermost *m, struct str id);
void mm_forget_channels(struct mattermost *m, const struct json *but); /* those that are not in this list */
void mm_forget_all(struct mattermost *m);
struct mm_names mm_names_of(struct mattermost *m);
struct heard_person mm_person_of(const struct mattermost *m, const struct mm_user *u);
struct heard_channel mm_heard_channel(const struct mm_channel *c);

/* ---- mattermost_hear.c ---- */

void mm_hear_start(struct mattermost *m);
void mm_on_text(struct mattermost *m, struct str text); /* beyond the handshake */
void mm_read_missed(struct mattermost *m);
void mm_hear_tick(struct mattermost *m, mono_ms now);
void mm_hear_drop(struct mattermost *m); /* the connection is gone: so is what came by it */
void mm_hear_end(struct mattermost *m);
void mm_pinned_by_us(struct mattermost *m, struct str post_id);

/* ---- mattermost_calls.c ---- */

void mm_call(void *self, struct chat_call *c);
void mm_calls_end(struct mattermost *m);

/* ---- mattermost_send.c ---- */

void mm_send(void *self, struct chat_order *o);
void mm_send_end(struct mattermost *m);
