/* engine/links_internal.h -- what the two files of links share. */
#pragma once
#include "base/map.h"
#include "engine/links.h"

/* A chat of the chats file. */
struct linked_chat {
	struct chat_known known;
	bool up;
	char why[200];                  /* it is not */
	wall_ms down_since;             /* it is not up since then */
	wall_ms away_since, away_until; /* the last time it was away, so that people were told; until 0: it is. Both 0: it never was */
};

struct link_slot {
	struct chat_link row;
	struct linked_chat *chat; /* NULL: it is not configured any more */
	struct link_slot *next;   /* of the same channel */
	bool queued;              /* an outbox row is there for it */
	bool gathering;           /* so much was said while its chat was away that it becomes few messages */
	wall_ms refused_at;       /* when its channel was last told that something was refused */
};

struct links {
	struct arena arena; /* of what follows: read anew as a whole */
	struct link_slot *slots;
	size_t count;
	struct map by_channel; /* id -> the first struct link_slot */
	struct map by_id;
	struct linked_chat *chats;
	size_t chat_count;
};

struct linked_chat *linked_chat_of(struct work *w, struct str name); /* NULL: it is not configured */
struct link_slot *link_slot_of(struct work *w, int64_t link_id);
/* Something is to be told there: a row of the outbox that brings it, if there is none. */
MUST_USE bool link_queue(struct work *w, struct link_slot *s, struct err *err);
/* @srebot says something in the channel here, of which its counterpart there need not know. */
MUST_USE bool link_note(struct work *w, const struct link_slot *s, struct str text);
bool message_is_by_bot(const struct work *w, const struct message *m); /* @srebot's */
/* It went down: people are told if it stays so. It is up again: they are told if they were. */
MUST_USE bool link_away_arm(struct work *w, const struct linked_chat *c, struct err *err);
MUST_USE bool link_came_back(struct work *w, struct linked_chat *c, struct err *err);
/* The order for a whisper or a dialog leaves after the commit. */
struct chat_order *link_order_new(struct work *w, struct str chat, enum chat_verb verb);
void link_order_leaves(struct work *w, struct chat_order *o);
