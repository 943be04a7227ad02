/* ops/irc_text.h -- what is said on IRC: our messages as lines, and people's lines as messages. Pure.
 *
 * IRC has neither threads, buttons nor messages of several lines. A message that wants an answer has a number, "[42] High load on web1 - 42.1
 * Acknowledge, 42.2 Resolve"; a reply to it begins with "[42]" and an arrow; people answer with "42.1" and "42: text".
 */
#pragma once
#include "ops/choices.h"
#include "ops/irc_line.h"

#define IRC_LINES_MAX 8 /* of one message */

/* mrkdwn (ops/text.h) as IRC shows it: bold and italics as its control characters, links written out, no other control character but the line
 * feed. nick: what <@id> is called there now, "" if nobody is; NULL: ids stay. */
struct str irc_of_mrkdwn(struct arena *a, struct str text, struct str (*nick)(void *context, struct str id), void *context);
/* What somebody wrote there, as plain text without IRC's colours; still to be escaped. */
struct str irc_plain(struct arena *a, struct str text);

struct irc_saying {
	int64_t number;          /* what people call it by; 0: nothing */
	struct str author;       /* ""; @srebot */
	bool in_thread;
	int64_t thread_number;   /* of the root; 0: it has none ... */
	struct str thread_text;  /* ... then this says which it is; plain */
	struct str text;         /* irc_of_mrkdwn() */
	const struct choice *choices;
	size_t choice_count;
	struct str *files;       /* "graph.png https://..." */
	size_t file_count;
	struct str more;         /* where all of it can be read; "": nowhere */
	bool again;              /* it may have been said before */
};
/* Its lines, each of at most room_bytes (at least 100), at most IRC_LINES_MAX. */
size_t irc_say(struct arena *a, const struct irc_saying *s, size_t room_bytes, struct str lines[IRC_LINES_MAX]);

struct irc_said {
	struct str text; /* without what names us; a view */
	bool to_us;      /* "srebot: ack 12", "@srebot ack 12" */
	int64_t number;  /* 42.1 or 42: text; 0: neither */
	int choice;      /* 42.1; 0: none */
};
/* text: irc_plain(). nick: ours, in any case. */
void irc_said_read(const struct irc_support *support, struct str text, struct str nick, struct irc_said *out);
