/* ops/irc_line.h -- one line of IRC, read and written.
 *
 * RFC 1459 section 2.3, RFC 2812 section 2.3, IRCv3 message tags (ircv3.net/specs/extensions/message-tags), RPL_ISUPPORT
 * (draft-brocklesby-irc-isupport-03). Pure: what a line means is chat/irc.c's.
 */
#pragma once
#include "base/mem.h"

#define IRC_LINE_MAX 512       /* of a line without its tags, CR LF counted; more is cut or refused by servers */
#define IRC_READ_MAX (16 * KIB) /* of a line that comes, tags and all (8191 bytes of them); some servers send more than 512 behind them */
#define IRC_PARAMS_MAX 15

struct irc_line {
	struct str tags;             /* as they came, without @; "" */
	struct str nick, user, host; /* who it is from; a server: its name is the nick, the others are "". "": the other end of the connection */
	struct str command;          /* "PRIVMSG", "001" */
	int numeric;                 /* 0: a word */
	struct str params[IRC_PARAMS_MAX];
	size_t count;
};

/* s: without CR LF. All in *out are views of it. false: this is no line. */
bool irc_line_parse(struct str s, struct irc_line *out);
struct str irc_param(const struct irc_line *l, size_t i); /* "" for one that is not there */
/* A tag's value with its escapes undone; "" for one without a value, p NULL for one that is not there. */
struct str irc_tag(struct arena *a, const struct irc_line *l, const char *key);
/* A tag's value, escaped. */
struct str irc_tag_write(struct arena *a, struct str value);

/* What the server said of itself with 005. */
struct irc_support {
	bool ascii;    /* CASEMAPPING=ascii; else {}|~ are the small letters of []\^ */
	bool whox;
	char bot_mode; /* with which a bot marks itself; 0: none */
	unsigned nick_max, channels_max; /* 0: not said */
	char channel_marks[16];          /* "#&" */
};
void irc_support_init(struct irc_support *s);
void irc_support_read(struct irc_support *s, const struct irc_line *l);
/* A nick, channel or account in the one form in which it is compared. */
struct str irc_fold(struct arena *a, const struct irc_support *s, struct str name);
bool irc_same(const struct irc_support *s, struct str a, struct str b);
bool irc_is_channel(const struct irc_support *s, struct str name);

/* Text as UTF-8: bytes that are none are read as Latin-1, which is what they are in old clients. Without NUL. */
struct str irc_utf8(struct arena *a, struct str s);
/* It can be a middle parameter: not empty, no space, no control character, no colon at its beginning. */
bool irc_word_ok(struct str s);
/* SASL PLAIN (RFC 4616), as base64. AUTHENTICATE takes it in pieces of 400, and "+" behind one that is full. */
struct str irc_sasl_plain(struct arena *a, struct str account, struct str password);
