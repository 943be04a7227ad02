/* chat/chats.h -- the other chat systems while the daemon runs: one struct chat for each of the chats file, and what its adapter says.
 *
 * Everything here is the net thread's, but for what is marked. An adapter (struct chat_kind, engine/chat.h) is opened once; it connects by
 * itself, again and again, says chat_up() and chat_down(), hands in what it hears, and answers orders.
 */
#pragma once
#include "engine/chat.h"

/* The daemon's. Takes the chats over and opens each; other chats than now close before. Only with another content than what is open. NULL: none. */
void chats_open(struct engine *e, uv_loop_t *loop, struct chats *config);
/* All adapters close; nothing is said to them any more. Before engine_stop(). */
void chats_close(struct engine *e);
void chats_running_free(struct chats_running *r); /* after engine_stop(); NULL is fine */

struct chat {
	struct engine *engine;
	const struct chat_config *config; /* lives as long as this */
	const struct chat_kind *kind;
	uv_loop_t *loop;
	void *adapter;            /* what open() gave; NULL: it is not open */
	struct str here;          /* this opsroom's name, for what the adapter makes there */
	/* chat/chats.c's */
	bool up;
	char why[200];            /* why it is not; "": it is, or was not tried yet */
	struct heard_item *hearing; /* chat/heard.c's: what was heard and is not committed yet */
};

/* It can send now. Orders that waited come soon. */
void chat_up(struct chat *c);
/* It cannot; why: a sentence's part, "the server does not answer". Said at each failed try. */
void chat_down(struct chat *c, const char *why);
/* It will never work again as it is configured (a token that was revoked): said in the log as an error, and tried again at the next reload. */
void chat_refused(struct chat *c, const char *why);

/* ---- what is heard ---- */

enum heard_what {
	HEARD_MESSAGE,  /* text, files; or in a thread */
	HEARD_CHANGED,  /* text is the new one */
	HEARD_DROPPED,
	HEARD_REACTED, HEARD_UNREACTED, /* name */
	HEARD_PINNED, HEARD_UNPINNED,
	HEARD_TOPIC,    /* name: the topic */
	HEARD_PRESS,    /* action, value: what stands in the button */
	HEARD_DIALOG,   /* view: JSON as Slack's view_submission has it */
	HEARD_SLASH,    /* text: behind the command's name */
	HEARD_JOINED,   /* the bot is in the channel now, or was at the start */
	HEARD_LEFT,     /* ... not any more */
	HEARD_RENAMED,  /* the channel has another name: channel.name */
	HEARD_PERSON,   /* somebody is there, or is called otherwise now */
};

struct heard_person {
	struct str id;        /* never changes: Slack's U…, Mattermost's id, IRC's account */
	struct str name;      /* "alice" */
	struct str real_name; /* "" : as name */
	struct str email;     /* as the chat system vouches for it; "": none, or not known */
	bool is_self;         /* it is our own bot: told at the start, so that mentions of it are understood */
	bool is_bot;          /* another bot: what it says is shown, and is no command */
	bool unproven;        /* anybody can call themselves that (an IRC nick without services) */
};

struct heard_channel {
	struct str id;        /* never changes */
	struct str name;      /* without #; "" : not known now */
	struct str topic;
	bool is_private;
	bool direct;          /* a direct message with the bot */
};

struct heard {
	enum heard_what what;
	struct str event;     /* the event's own id, to recognise a repeat; "": channel and message do */
	struct heard_channel channel;
	struct heard_person person;
	struct str message;   /* its id there */
	struct str thread;    /* the root's; "": in none */
	struct str text;      /* mrkdwn, with that system's own ids in <@…> and <#…>; what is no mrkdwn there is escaped */
	struct str name, action, value, view;
	struct str reply;     /* the adapter's own: comes back in orders that whisper or ask because of it; "": nothing can be answered that way */
	/* Chats where nothing can be pressed: "42.1" was said, the first button of message 42. number 0: it was not. */
	int64_t number;
	int choice;
};

/* Copies what it needs. When it is committed, or it is clear that it never will be, done() is called once (net thread); then it may be
 * acknowledged there. kept false: the store takes nothing now; it should be sent again. done may be NULL. */
void chat_heard(struct chat *c, const struct heard *h, void (*done)(void *context, bool kept), void *context);
