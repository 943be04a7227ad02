/* net/mail_out.h -- mail out: one message to one person by the mail server of the settings, with libcurl.
 *
 * libcurl waits for the answer to its QUIT wherever it is, so a message is sent on a thread of libuv's pool and never on the loop.
 * Sources: RFC 5321 (SMTP), RFC 5322 (the message), RFC 2045 and 2047 (what is not ASCII), RFC 3834 (Auto-Submitted).
 */
#pragma once
#include "base/mem.h"
#include "base/time.h"

#include <uv.h>

#define MAIL_SUBJECT_MOST 300         /* bytes; the rest is cut off */
#define MAIL_OUT_TEXT_MOST (64 * KIB)
#define MAIL_DEADLINE (20 * SECOND)   /* of sending one */
#define MAIL_WAIT_MOST (5 * SECOND)   /* until its turn comes; with MAIL_DEADLINE below an outbox row's lease */

struct mail_server {
	struct str url;   /* smtp://HOST[:PORT] or smtps://HOST[:PORT]; "": there is none */
	struct str from;  /* the address that mail comes from */
	struct str login; /* a file of two lines, user name and password, read for each message; "": no login */
	struct str ca;    /* a PEM file; "": the system's certificates */
	bool plain;       /* smtp:// without TLS. Otherwise STARTTLS is a must, but for a host that is this machine */
};
bool mail_server_ok(struct str url);
/* One address that can stand in SMTP and in a header as it is: no names, quotes, comments or line ends. UTF-8 may be. */
bool mail_address_ok(struct str address);

struct mail_message {
	struct str to, from_name, subject, text; /* UTF-8; lines of the text end in LF */
	struct str id;                           /* of Message-ID, before its @: the same for a repeat; ASCII without spaces */
	wall_ms date;
};
/* As it goes over the wire, but for the dots. What is in a field stays in it: a line end becomes a space, in the text it is one. */
struct str mail_write(struct arena *a, struct str from, const struct mail_message *m);

enum mail_verdict {
	MAIL_DONE,    /* the server has it */
	MAIL_RETRY,   /* no answer, a 4xx, no TLS, no login: nothing was said of this message for good */
	MAIL_REFUSED, /* a 5xx to its sender, recipient or text */
};
struct mail_answer {
	enum mail_verdict verdict;
	char words[sizeof(((struct err *)0)->text)]; /* the server's last reply, "250 2.0.0 queued as 4f2a", or why there is none */
};

/* Blocks; any thread. It ends soon after *stop is true (NULL: it is not asked). */
void mail_send(const struct mail_server *s, const struct mail_message *m, const _Atomic bool *stop, struct mail_answer *answer);

/* The same from the loop: two at once, the others wait in order. */
struct mail_out;
struct mail_out *mail_out_new(uv_loop_t *loop);
/* Who waits gets MAIL_RETRY; what is being sent ends within a second or two, and on_answer comes if the loop still runs then. */
void mail_out_free(struct mail_out *o);
/* Server and message must live until on_answer, which comes once, on the loop and not before this returns. */
void mail_out_send(struct mail_out *o, const struct mail_server *s, const struct mail_message *m,
		   void (*on_answer)(void *context, const struct mail_answer *answer), void *context);
