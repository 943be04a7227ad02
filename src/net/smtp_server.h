/* net/smtp_server.h -- takes mail by SMTP on one libuv loop, with STARTTLS where there is a certificate. The sessions are net/smtp.h's; here
 * are sockets, deadlines and the number of connections. All calls are for the loop's thread.
 */
#pragma once
#include "base/time.h"
#include "net/smtp.h"
#include "net/tls.h"

#include <uv.h>

struct smtp_server;
typedef uint64_t
	smtp_id; /* of a connection: never 0, never used twice. What is answered to one that went away is dropped. */

/* A whole message; valid during the call. */
struct smtp_mail {
	struct str bytes;
	const struct str *to;
	unsigned to_count;
	struct str remote;
	bool secure;
};

struct smtp_events {
	void *context;
	/* Is it one of ours? smtp_answer_recipient() exactly once, now or later. */
	void (*on_recipient)(void *context, smtp_id conn, struct str key, struct str remote);
	/* smtp_answer_message() exactly once. SMTP_TAKEN means that it is on disk. */
	void (*on_message)(void *context, smtp_id conn, const struct smtp_mail *mail);
};

struct smtp_server_limits {
	struct smtp_limits session;
	unsigned connections;     /* 421 past it; an address may have a quarter of them, loopback all */
	span_ms idle_deadline;    /* without a byte: 421 */
	span_ms session_deadline; /* however busy it is */
};
extern const struct smtp_server_limits smtp_default_limits;

/* tls NULL: no STARTTLS. host: what it calls itself; copied. */
struct smtp_server *smtp_server_new(uv_loop_t *loop, const struct smtp_server_limits *limits,
				    const struct smtp_events *events, struct tls_context *tls, struct str host);
/* As server_listen(). */
MUST_USE bool smtp_server_listen(struct smtp_server *s, struct str address, int *port, struct err *err);
void smtp_answer_recipient(struct smtp_server *s, smtp_id conn, enum smtp_verdict v);
void smtp_answer_message(struct smtp_server *s, smtp_id conn, enum smtp_verdict v, struct str why);
/* No more connections; those that wait for an answer get it, the others 421. on_drained once, when all are gone or after `limit`. */
void smtp_server_drain(struct smtp_server *s, span_ms limit, void (*on_drained)(void *context), void *context);
void smtp_server_free(struct smtp_server *s);
