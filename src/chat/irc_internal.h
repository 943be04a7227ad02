/* chat/irc_internal.h -- what the files of the IRC adapter share: the connection (irc.c), its first words (irc_login.c), where the bot
 * is and with whom (irc_channels.c), what leaves (irc_send.c), what is heard (irc_hear.c). The net thread's.
 */
#pragma once
#include "chat/chats.h"
#include "net/dial.h"
#include "ops/irc_people.h"
#include "ops/irc_text.h"

enum irc_state {
	IRC_APART,    /* no connection; the next try is planned, or never */
	IRC_GREETING, /* connecting, capabilities, login, until the server has welcomed us */
	IRC_JOINING,  /* until each channel has answered */
	IRC_UP,
};

/* IRCv3 capabilities that we use (ircv3.net/irc). */
enum irc_cap {
	IRC_SASL = 1, IRC_TAGS = 2, IRC_ACCOUNT_TAG = 4, IRC_ACCOUNT_NOTIFY = 8, IRC_EXTENDED_JOIN = 16, IRC_SERVER_TIME = 32, IRC_ECHO = 64, IRC_MULTI_PREFIX = 128,
	IRC_CHGHOST = 256, IRC_BATCH = 512, IRC_HISTORY = 1024,
};

/* A channel that the bot is in, or is to be in. */
struct irc_channel {
	struct irc_channel *next;
	char *id, *name;       /* folded, and as it is written; with its mark */
	bool wanted;           /* the chats file says so */
	bool joined, asked;    /* asked: JOIN was sent and not answered */
	bool told;             /* ... and all about it was told: it is known here */
	bool is_private;
	char *topic;           /* while it is joined: as it was told then */
	mono_ms join_at;       /* of one that is wanted and not joined */
	span_ms pause;         /* ... after the next failure */
	struct str why;        /* it cannot be joined, as the log has it; owned */
};

struct irc_say;
struct irc_control;
struct irc_item;

struct irc {
	struct chat *chat;
	const struct chat_config *config;
	enum irc_state state;
	bool closing;
	unsigned timers;       /* not closed yet */
	uv_timer_t tick, pace, again;
	/* the connection */
	struct dial *dial;
	struct buf in;         /* a line that is not whole yet */
	bool skipping;         /* ... and too long: the rest of it is not read */
	mono_ms since;         /* of the state */
	mono_ms last_byte, pinged, nick_tried; /* pinged 0: no PING of ours is under way */
	unsigned tries;
	char why[300];         /* what the server said before it closed the connection */
	/* what the server told us */
	struct irc_support support;
	unsigned caps, offered; /* enum irc_cap */
	char mechanisms[100];  /* of SASL, "PLAIN,EXTERNAL"; "": not told */
	const char *mechanism; /* tried now; NULL: none */
	bool plain_tried;      /* after EXTERNAL */
	bool logged_in;
	char nick[80], user[40], host[80];
	unsigned nick_tries;
	char heard_at[40], missed_from[40]; /* server's time of the last line; of the last one of the connection before. "": it tells none */
	struct irc_people *people;
	struct irc_channel *channels;
	/* what leaves */
	mono_ms ahead;         /* RFC 1459 section 8.10: the message timer */
	struct irc_control *control, **control_tail;
	struct irc_say *says, **says_tail;
	unsigned pings;        /* numbers them */
	/* what was heard and is not kept yet */
	struct irc_item *items, **items_tail;
	size_t item_count, in_flight;
	mono_ms hear_at;       /* not before: the store took nothing */
	mono_ms hinted;        /* when somebody was last told that we do not know who they are */
};

/* ---- irc.c ---- */
bool irc_is_us(const struct irc *c, struct str nick);
bool irc_is_past(const struct irc_line *l); /* from the channel's history, not said just now */
void irc_copy(char *to, size_t size, struct str s); /* what fits */
void irc_lost(struct irc *c, const char *why);  /* the connection is over; another is tried. why: for people */
void irc_never(struct irc *c, const char *why); /* ... none is tried before the chats file is read again */

/* ---- irc_login.c ---- */
bool irc_login_line(struct irc *c, const struct irc_line *l); /* true: it was one for this file */
void irc_nick_freed(struct irc *c, struct str nick);          /* somebody gave it up: if it is ours, it is taken */
void irc_nick_tick(struct irc *c);

/* ---- irc_channels.c ---- */
bool irc_channels_line(struct irc *c, const struct irc_line *l); /* true: it was one for this file */
struct irc_channel *irc_channel_of(struct irc *c, struct str name); /* NULL: none */
void irc_channels_want(struct irc *c); /* those of the chats file */
void irc_join_due(struct irc *c);      /* asks for those that are wanted and due */
bool irc_joins_wait(const struct irc *c); /* one has not answered yet */
void irc_channels_lost(struct irc *c); /* with the connection */
void irc_channels_free(struct irc *c);

/* ---- irc_send.c ---- */
/* At once, counted against the flood limit; without CR LF. Not for what can wait. */
void irc_now(struct irc *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* When the flood limit allows, before all orders. */
void irc_soon(struct irc *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void irc_send_order(struct irc *c, struct chat_order *o);
void irc_send_tick(struct irc *c);
void irc_send_reset(struct irc *c, const char *why); /* the connection is over: every order is answered */
/* Lines that tell what became of ours. */
void irc_send_echo(struct irc *c, const struct irc_line *l);
void irc_send_numeric(struct irc *c, const struct irc_line *l);
void irc_send_pong(struct irc *c, struct str token);
void irc_on_pace(uv_timer_t *timer);

/* ---- irc_hear.c ---- */
void irc_hear_line(struct irc *c, const struct irc_line *l); /* PRIVMSG, NOTICE, TOPIC, of others */
void irc_hear_joined(struct irc *c, const struct irc_channel *ch, bool joined);
void irc_hear_self(struct irc *c);
void irc_hear_person(struct irc *c, struct str nick); /* if it is told who that is */
void irc_hear_tick(struct irc *c);
void irc_hear_end(struct irc *c);
/* What a person is called now; p NULL: they are not there. id: as heard.person.id. said: the nick under which they just spoke, or "". */
struct str irc_nick_of(struct irc *c, struct arena *a, struct str id, struct str said);
