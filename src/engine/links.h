/* engine/links.h -- links: a channel here and its counterpart in another chat system are kept in step.
 *
 * Our own chat has everything. What happens in a linked channel is put into the link's queue in the same transaction, and leaves by one outbox
 * row a link (kind KIND_LINK): one thing after the other, as it is then (ten edits that wait are one), no faster than the system allows. While a
 * system is away its queues grow, and nothing else changes. Everything is the work thread's, but for what is marked.
 */
#pragma once
#include "engine/chat.h"
#include "ops/chats.h"
#include "store/links.h"

#define KIND_LINK "link"
#define TIMER_CHAT_AWAY "chat_away"
#define LINK_GATHER 20 /* so many of one channel that were said while its chat was away become few messages */

/* What was heard where, while it is being done: what is said to that person alone goes there. Of struct work. */
struct asked {
	int64_t link_id;     /* 0: a channel that is not linked */
	struct str chat;     /* its name */
	struct str channel;  /* heard.channel.id */
	struct str person, reply; /* heard.person.id, heard.reply */
};

/* A configured chat as the work thread sees it. */
struct chat_known {
	const struct chat_config *config;
	const struct chat_kind *kind;
};
struct links;
/* known: in the order of the chats file; from now on. Links of chats that are not there any more rest; those of channels that their chat does not name any more end. NULL: none. The caller keeps it alive. */
MUST_USE bool links_use(struct work *w, const struct chat_known *known, size_t count, struct err *err);
void links_free(struct links *l);
/* After a failed commit: what is in memory is read anew. */
MUST_USE bool links_reload(struct engine *e, struct err *err);

const struct chat_link *link_by_remote(struct work *w, struct str chat, struct str remote); /* NULL: there is none */
const struct chat_link *link_by_id(struct work *w, int64_t link_id);
size_t links_count(struct work *w);
const struct chat_link *links_at(struct work *w, size_t i); /* in the order of their making */
/* How a configured chat stands. */
struct chat_standing {
	const struct chat_config *config;
	bool up, told; /* told: it has been away for so long that people were told */
	wall_ms since; /* not up: since when */
	const char *why; /* ... and why; "": it was not tried yet */
};
/* The i-th of the chats file; false: there are not so many. */
bool links_chat(struct work *w, size_t i, struct chat_standing *out);
int64_t link_waiting(struct work *w, const struct chat_link *l); /* what is still to be told there, counted up to 100,000 */
MUST_USE bool link_add(struct work *w, struct chat_link *l, struct err *err); /* fills its id */
MUST_USE bool link_end(struct work *w, const struct chat_link *l, struct err *err);
MUST_USE bool link_renamed(struct work *w, const struct chat_link *l, struct str name, struct err *err);

/* engine/messages.c tells what happened in a channel; w->told_by names the link that it was heard in, which is not told. */
MUST_USE bool links_said(struct work *w, const struct channel *c, const struct message *m, struct err *err);
MUST_USE bool links_changed(struct work *w, const struct channel *c, const struct message *m, struct err *err);
MUST_USE bool links_dropped(struct work *w, const struct channel *c, const struct message *m, struct err *err);
MUST_USE bool links_reacted(struct work *w, const struct channel *c, const struct message *m, struct str name, bool add, struct err *err);
MUST_USE bool links_pinned(struct work *w, const struct channel *c, const struct message *m, bool add, struct err *err);
MUST_USE bool links_topic(struct work *w, const struct channel *c, struct err *err);
/* To one person, wherever they can be reached; kept nowhere. */
void links_whisper(struct work *w, const struct channel *c, int64_t user_id, const struct message *m);
/* A dialog for who is asked (w->asked): view as Slack's views.open takes it. false: the chat cannot ask. */
bool links_ask(struct work *w, struct str view);

/* The chat was away from then until then (0: it is): what was said in between is marked when it is told, and gathered if it is much. */
MUST_USE bool links_away(struct work *w, struct str chat, wall_ms since, wall_ms until, struct err *err);
/* The chat takes orders from now on, or does not, and why. */
MUST_USE bool links_up(struct work *w, struct str chat, bool up, const char *why, struct err *err);

/* A hash of a message's first line and of what can be pressed in it: what a chat without buttons has seen of it. */
int64_t link_head(struct work *w, const struct message *m);

/* A message as it is told there: @mentions and #channels with that system's ids; people it does not know by their name. JSON too. */
struct str link_text_out(struct work *w, const struct chat_link *l, struct str text);
/* ... and the other way. */
struct str link_text_in(struct work *w, const struct chat_link *l, struct str text);

/* true for the first who comes with this event of a chat; kept for a day. false: it was heard before, or w->err. */
bool links_heard_first(struct work *w, struct str key);

/* For its timer: the payload names the chat. */
MUST_USE bool link_away_due(struct work *w, struct str chat);
/* For the outbox. */
struct due_row;
bool link_render(struct work *w, const struct due_row *row, struct chat_post *post);
void link_again(struct work *w, const struct chat_post *post);
MUST_USE bool link_told(struct work *w, const struct chat_post *post, int64_t message_ts);
void link_not_told(struct work *w, const struct chat_post *post);
void link_send(struct chat_post *post);
void link_post_free(struct chat_post *post);
