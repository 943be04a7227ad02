/* engine/chat.h -- what a chat system is to the engine: a row with a few functions. One file of chat/ implements one row.
 *
 * An adapter translates, nothing else: queue, back-off, fences and the crash are the engine's. Everything here is the net
 * thread's. Our own chat has all that is said; the others are told of it through links (engine/links.h), and what they hear
 * comes in by chat/heard.h.
 */
#pragma once
#include "engine/engine.h"
#include "ops/chats.h"

/* What a chat system can. What it cannot is said in another way, or left out: the engine asks before it makes an order. */
enum chat_can {
	CHAT_CAN_THREADS = 1,
	CHAT_CAN_BUTTONS = 2,  /* else buttons are numbered choices, "42.1" */
	CHAT_CAN_EDIT = 4,     /* else a change of one of our messages is said anew, in short */
	CHAT_CAN_WHISPER = 8,  /* a message that one person sees; else it is a direct message */
	CHAT_CAN_FILES = 16,   /* else their links are said */
	CHAT_CAN_REACT = 32,
	CHAT_CAN_DROP = 64,
	CHAT_CAN_PIN = 128,
	CHAT_CAN_TOPIC = 256,
	CHAT_CAN_ASK = 512,    /* a dialog; else the person is told the command */
};

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

/* ---- other chat systems ---- */

/* What leaves for another chat system: one thing for one channel. Lives until it is answered. Everything in it is the order's. */
enum chat_verb { CHAT_SAY, CHAT_CHANGE, CHAT_DROP, CHAT_REACT, CHAT_UNREACT, CHAT_PIN, CHAT_UNPIN, CHAT_SET_TOPIC, CHAT_WHISPER, CHAT_ASK };
struct chat_order {
	struct engine *engine;
	struct arena arena;
	struct str chat;       /* the chat's name in the chats file */
	enum chat_verb verb;
	struct str channel;    /* the channel's id there; "@ID": a direct message with that person */
	struct str message;    /* to change, drop, react to, pin: its id there */
	struct str thread;     /* to say: the id there of the message that is replied to; "": to the channel */
	bool broadcast;        /* ... and the channel is to see it too */
	struct str thread_text; /* what the root begins with, plain, for chats without threads ... */
	int64_t thread_number;  /* ... and what people there call it by; 0: nothing */
	struct str author;     /* who said it; "": @srebot. The chat shows it as well as it can */
	struct str text;       /* mrkdwn, with that system's own ids in <@…> and <#…>; to react: the name; to set a topic: the topic */
	struct str body;       /* JSON object with blocks and attachments, ids as in the text; "": none */
	int64_t number;        /* what people call the message by, where nothing can be pressed: unique in its channel; 0: it needs none */
	struct file *files;    /* bytes: engine/file_bytes.h */
	size_t file_count;
	struct str key;        /* ours, the same at each try: "opsroom:LINK:ROW" */
	struct str link;       /* where people see it here; "": nowhere */
	wall_ms said;          /* when it was said here */
	wall_ms tried;         /* not 0: it was sent then, and nobody knows whether it arrived: look before saying it again */
	int64_t user_id;       /* to whisper: to whom ... */
	struct str person;     /* ... as that system names them */
	struct str reply;      /* whisper, ask: what the person did, as the adapter named it in heard.reply; "": nothing */
	struct str told;       /* chat_told(): the id it got there */
	bool untaken;          /* chat_told(): it was surely not taken */
	struct chat_post *post; /* the engine's; NULL: nothing waits for what comes of it */
	struct link_doing *doing; /* the engine's */
	struct chat_order *next, **before; /* chat/chats.c's */
	void *adapter;         /* for the adapter's own use */
};

/* One chat system of the chats file while the daemon runs (chat/chats.h). */
struct chat;

/* What a chat system sends by itself: POST /chats/NAME/REST (api/chat_calls.c). Lives until it is answered, exactly once, by answer(); on the
 * net thread. Whether it is genuine only the adapter knows. */
struct chat_call {
	struct engine *engine;
	struct arena *arena;   /* the call's */
	struct str chat, rest; /* NAME; "events" */
	const struct http_request *request; /* headers and body, byte for byte */
	void (*answer)(struct chat_call *c, int status, const char *content_type, struct str body); /* the body is copied; it is gone then */
	void *adapter;         /* for the adapter's own use */
};

struct chat_kind {
	const char *name; /* as written in the chats file */
	unsigned can;     /* of enum chat_can */
	span_ms pace;     /* one message a channel in this time at most, as the chat system allows; 0: any number */
	size_t text_max;  /* bytes of one message's text; longer ones are split before they become orders */
	/* Our own alone. Answers exactly once, now or later, with chat_posted(). */
	void (*post)(struct chat_post *post);
	/* The others. Connects, and stays connected until close(): chat_up(), chat_down(), chat_heard(). NULL and *err: it can never work. */
	void *(*open)(struct chat *chat, struct err *err);
	void (*close)(void *self); /* no callback comes from it any more; orders that it has not answered are answered by chat_told() first */
	/* Answers exactly once, now or later, with chat_told(); at the latest 25 s later: then its claim is over. Only while it is up. */
	void (*send)(void *self, struct chat_order *o);
	/* Answers it, now or later, at the latest in close(). NULL: nothing calls. */
	void (*call)(void *self, struct chat_call *c);
};

/* id: what the chat system calls a message that was said; "" for what makes none. POST_RETRY: kept says that it was surely not taken,
 * so that nobody need look for it; else it may have been. why: for the log. */
void chat_told(struct chat_order *o, enum post_result result, struct str id, bool untaken, wall_ms retry_at, struct str why);

/* Work thread, of rendering: is it the channel's turn? false: post->later_at says when; each that waits has a turn of its own, in the
 * order of their coming. */
bool post_has_turn(struct work *w, struct chat_post *post, int64_t channel_id);

/* Net thread: what had to be made first is a message now, and leaves. */
void chat_post_now(struct chat_post *post);
/* message_ts: what the chat system calls the message (POST_DONE). retry_at: 0 lets the engine back off. why: for the log. */
void chat_posted(struct chat_post *post, enum post_result result, int64_t message_ts, wall_ms retry_at, struct str why);
