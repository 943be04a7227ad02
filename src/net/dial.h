/* net/dial.h -- an outgoing stream connection on the loop: TCP, or TLS on it. Bytes, no protocol.
 *
 * A name is looked up off the loop; its addresses are tried one after the other, in the resolver's order, IPv6 and IPv4 alike. An address
 * that does not answer has its share of the time that is left. With TLS (1.2 and newer) the other side must show a certificate that
 * is good for exactly this host; there is no way to leave that out. Time here is real time, also when the daemon's clock is virtual.
 *
 * All calls are for the loop's thread, the net thread, and so are all callbacks; none comes from inside a call of dial_*().
 */
#pragma once
#include "base/time.h"

#include <uv.h>

struct dial;

struct dial_options {
	struct str host; /* a name or an address; an IPv6 address may stand in brackets */
	int port;        /* 1 to 65535 */
	bool tls;
	const char *ca_file; /* PEM, whom we trust; NULL: the system's */
	const char *certificate_file, *key_file; /* PEM, who we are, for a server that asks; both or none */
	span_ms deadline;        /* from dial_open() to on_open, all addresses and TLS; 0: 10 s */
	size_t unsent_max_bytes; /* what may wait because the other side does not read; 0: 1 MiB */
};

struct dial_events {
	void *context;
	/* It stands, TLS too. Once at most. */
	void (*on_open)(void *context);
	/* What came, after on_open; valid during the call. At most 64 KiB at once, cut anywhere. */
	void (*on_bytes)(void *context, struct str bytes);
	/* It failed, or is over; nothing comes after it. Exactly once, unless dial_close() is called before. why: a sentence without a
	 * final dot, for people, valid during the call. */
	void (*on_close)(void *context, const char *why);
};

/* Never fails at once: what is wrong comes with on_close, also a host that is none or a file that cannot be read. Both structs are copied,
 * with the texts in them. The caller owns the answer and ends it with dial_close(). */
struct dial *dial_open(uv_loop_t *loop, const struct dial_options *options, const struct dial_events *events);
/* From on_open on; later than on_close it does nothing. The bytes are copied. If more than unsent_max_bytes would wait, nothing of
 * these is sent and the connection ends: on_close comes, and says so. */
void dial_send(struct dial *d, struct str bytes);
/* How many bytes the other side's kernel has not acknowledged: what waits here, and what ours still holds. From on_open to on_close. */
size_t dial_unacknowledged(const struct dial *d);
/* Ends and frees it; no callback comes any more. Needed after on_close too, and allowed in every callback. What was given to
 * dial_send() still leaves, and the other side may take up to 2 s to close as well; the loop must run for that. NULL is fine. */
void dial_close(struct dial *d);
