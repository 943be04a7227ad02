/* engine/chat.h -- what a chat system is to the engine: a row with a few functions. One file of chat/ implements one row.
 *
 * An adapter translates, nothing else: queue, back-off, fences and the crash are the engine's. Everything here is the net
 * thread's.
 */
#pragma once
#include "engine/engine.h"

enum chat_can { CHAT_THREADS = 1, CHAT_BUTTONS = 2, CHAT_EDIT = 4, CHAT_EPHEMERAL = 8, CHAT_FILES = 16 };

/* One message to leave. Lives until it is answered. */
struct chat_post {
	struct engine *engine;
	struct arena arena;
	const struct post_kind *kind; /* the engine's */
	int64_t outbox_id;      /* the other side's key to recognise a repeat by */
	int64_t home_id, fence; /* the engine's */
	struct str payload;     /* the engine's: of its row */
	int attempts;
	struct str kept;        /* to try it again: what its row holds from now on; "": as it was */
	int64_t channel_id;     /* where to */
	int64_t message_ts;     /* not 0: change this message */
	int64_t thread_ts;      /* not 0: a reply to this message ... */
	bool broadcast;         /* ... that the channel sees too */
	struct str why;         /* of what was refused */
	wall_ms later_at;       /* of rendering: nothing is to be said before then */
	struct file *files;     /* it brings these; their bytes are engine/file_bytes.h's */
	size_t file_count;
	struct str text;        /* plain form, mrkdwn */
	struct str body;        /* JSON object with blocks and attachments */
	void *making;           /* the engine's: what it is being made from */
	void *adapter;          /* for the adapter's own use */
};

enum post_result { POST_DONE, POST_RETRY, POST_REFUSED };

struct chat_kind {
	const char *name; /* as written in opsroom.yaml */
	unsigned can;     /* of enum chat_can */
	span_ms pace;     /* one message a channel in this time at most, as the chat system allows; 0: any number */
	/* Answers exactly once, now or later, with chat_posted(). */
	void (*post)(struct chat_post *post);
};

/* Work thread, of rendering: is it the channel's turn? false: post->later_at says when; each that waits has a turn of its own, in the
 * order of their coming. */
bool post_has_turn(struct work *w, struct chat_post *post, int64_t channel_id);

/* Net thread: what had to be made first is a message now, and leaves. */
void chat_post_now(struct chat_post *post);
/* message_ts: what the chat system calls the message (POST_DONE). retry_at: 0 lets the engine back off. why: for the log. */
void chat_posted(struct chat_post *post, enum post_result result, int64_t message_ts, wall_ms retry_at, struct str why);
