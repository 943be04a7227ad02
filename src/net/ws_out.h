/* net/ws_out.h -- a WebSocket client on the loop: text messages over net/dial.h, by ws:// or wss://.
 *
 * RFC 6455, without extensions and without a proxy. Answers pings, sends its own, and ends a connection on which nothing comes any
 * more. It does not connect again: whoever holds it knows when, and needs a fresh URL for some systems. Binary messages are ignored.
 * Time here is real time, also when the daemon's clock is virtual.
 *
 * All calls are for the loop's thread, the net thread, and so are all callbacks; none comes from inside a call of ws_out_*().
 */
#pragma once
#include "base/time.h"

#include <uv.h>

struct ws_out;

struct ws_out_options {
	const struct str *headers; /* "Name: value" each, for the handshake */
	size_t header_count;
	const char *ca_file; /* for wss, PEM; NULL: the system's */
	span_ms handshake_deadline; /* from ws_out_open() to on_open; 0: 10 s */
	span_ms ping_every;         /* 0: 10 s */
	span_ms silence_max;        /* the connection ends when no byte came for so long; 0: three times ping_every */
	size_t message_max_bytes;   /* of a message that comes; the connection ends past it (code 1009). 0: 16 MiB */
	size_t unsent_max_bytes;    /* what may wait because the other side does not read; 0: 4 MiB */
};

struct ws_out_events {
	void *context;
	/* The handshake is done. Once at most. */
	void (*on_open)(void *context);
	/* A text message, UTF-8 (a NUL is possible); valid during the call. */
	void (*on_text)(void *context, struct str text);
	/* It failed, or is over; nothing comes after it. Exactly once, unless ws_out_close() is called before. why: a sentence without a
	 * final dot, for people, valid during the call.
	 * code  1000 to 4999: of the close frame that the other side sent (1005: it named none), or that we sent since it broke
	 *                     the protocol or a limit (1002, 1007, 1009); RFC 6455 section 7.4
	 *       1006          no connection, or it was lost without a close frame
	 *       100 to 599    the HTTP status of a handshake that was refused; redirects are not followed */
	void (*on_close)(void *context, int code, const char *why);
};

/* Never fails at once: what is wrong comes with on_close, also a bad URL. All is copied. The caller owns the answer and ends it with
 * ws_out_close(). options NULL: the defaults. */
struct ws_out *ws_out_open(uv_loop_t *loop, struct str url, const struct ws_out_options *options, const struct ws_out_events *events);
/* From on_open on; later than on_close it does nothing. Past unsent_max_bytes the connection ends, as with dial_send(). text: UTF-8. */
void ws_out_send_text(struct ws_out *w, struct str text);
/* An empty ping, now; those of ping_every come by themselves. */
void ws_out_ping(struct ws_out *w);
/* Ends and frees it; no callback comes any more. Needed after on_close too, and allowed in every callback. An open connection sends what
 * waits, then a close frame with this code (1000: done; 1001: going away), and gives the other side up to 2 s to answer; the loop
 * must run for that. NULL is fine. */
void ws_out_close(struct ws_out *w, int code);
