/* net/smtp.h -- one SMTP session on the receiving side: bytes in, replies and whole messages out. Knows no sockets, and not what a
 * recipient is.
 *
 * Sources: RFC 5321; SIZE (1870), 8BITMIME (6152), PIPELINING (2920), ENHANCEDSTATUSCODES (2034), STARTTLS (3207), SMTPUTF8 (6531).
 *
 * Lines of commands end in CRLF; a bare LF ends the session. In a message a bare LF or CR is taken as a line end, since small
 * devices send them, but only <CRLF>.<CRLF> ends it: a dot alone in a line between other line ends is what SMTP smuggling is made of (two
 * servers that disagree where a message ends), and ends the session with 521.
 */
#pragma once
#include "base/mem.h"

#define SMTP_LINE_MAX 1024 /* RFC 5321 asks for 512, and more for extensions */
#define SMTP_RECIPIENTS_MAX 20

struct smtp_limits {
	size_t message_bytes; /* announced; 552 past it */
	size_t kept_bytes;    /* of a message; the rest is taken and dropped: attachments come last */
	unsigned mistakes;    /* refused commands and recipients; 421 past it */
};

enum smtp_step {
	SMTP_MORE,      /* all bytes were taken */
	SMTP_RECIPIENT, /* is in->asked a recipient? smtp_in_recipient() answers; no bytes are taken before */
	SMTP_MESSAGE,   /* in->message is whole; smtp_in_message() answers; no bytes are taken before */
	SMTP_TLS,       /* after the replies: TLS begins. Then smtp_in_secured() */
	SMTP_END,       /* after the replies: close */
};

enum smtp_verdict { SMTP_TAKEN, SMTP_REFUSED, SMTP_LATER };

struct smtp_in {
	const struct smtp_limits *limits;
	struct str host; /* borrowed: what we are called */
	enum { SMTP_COMMANDS, SMTP_DATA, SMTP_WAITS, SMTP_ENDED } state;
	bool greeted, can_tls, secure;
	unsigned mistakes;
	char line[SMTP_LINE_MAX];
	size_t line_n;
	bool line_too_long;
	/* the transaction */
	bool has_sender;
	struct str to[SMTP_RECIPIENTS_MAX]; /* owned */
	unsigned to_count;
	struct str asked; /* owned */
	struct buf message;
	size_t message_n; /* as it came, more than was kept perhaps */
	uint8_t at;       /* in the message: enum place */
};

/* host must live as long; it is one word. */
void smtp_in_init(struct smtp_in *in, const struct smtp_limits *limits, struct str host, bool can_tls);
void smtp_in_done(struct smtp_in *in);
void smtp_in_greet(struct smtp_in *in, struct buf *out);
/* Takes bytes off the front of *bytes; appends replies. */
enum smtp_step smtp_in_feed(struct smtp_in *in, struct str *bytes, struct buf *out);
/* The answers. SMTP_MORE, or SMTP_END: it was one mistake too many. why, if the message is refused: a sentence. */
enum smtp_step smtp_in_recipient(struct smtp_in *in, enum smtp_verdict v, struct buf *out);
enum smtp_step smtp_in_message(struct smtp_in *in, enum smtp_verdict v, struct str why, struct buf *out);
/* TLS is there: what was said before it counts for nothing (RFC 3207 section 4.2). */
void smtp_in_secured(struct smtp_in *in);
