/* net/server_internal.h -- what server.c, http_parse.c and ws.c share. Nobody else includes it, but tests and fuzz targets.
 *
 * http_in takes bytes and knows no sockets; server.c owns the sockets and gives it the bytes.
 */
#pragma once
#include "net/server.h"
#include "net/tls.h"
#include "net/ws_frames.h"

#include <llhttp.h>
#include <netinet/in.h>

#define READ_BYTES (64 * KIB)
#define HEADERS_MAX 100

/* ---- http_parse.c: one request from bytes ---- */

enum http_step {
	HTTP_MORE,    /* all bytes were taken, the request goes on */
	HTTP_WHOLE,   /* take it with http_in_take() */
	HTTP_REFUSED, /* answer with `refusal` and close */
};

struct http_refusal {
	int status;
	const char *code, *detail;
};

/* A request that is coming in. Kept until its answer is written, so that an idle connection has none. */
struct http_in {
	llhttp_t parser;
	struct http_request *request; /* from the end of the head until it is taken */
	struct buf head;              /* a head that came in pieces */
	size_t scanned, line_at;      /* in the head: looked at so far; where the present line begins */
	unsigned lines;
	bool in_body, whole;
	uint8_t skipped;     /* of an empty line before the request line */
	bool wants_continue; /* Expect: 100-continue, and no byte of the body yet */
	size_t body_cap;
	size_t extra_bytes; /* chunk extensions and trailers, which nobody counts as the body */
	const struct server_limits *limits;
	struct http_refusal refusal;
	/* what remains known when the request is handed up, for the answer and the log */
	int64_t began_us;
	bool is_head, keep_alive, is_1_0;
	char ws_key[24];
	char method[12];
	uint8_t path_n;
	char path[200];
	struct http_in *next; /* in the pool */
};

void http_in_init(struct http_in *in, const struct server_limits *limits);
void http_in_done(struct http_in *in);
/* Takes bytes off the front of *bytes: at most one request's. */
enum http_step http_in_feed(struct http_in *in, struct str *bytes);
struct http_request *http_in_take(struct http_in *in);
const char *http_reason(int status);

/* ---- server.c: connections ---- */

enum conn_state {
	CONN_IDLE,       /* HTTP, no byte of a request yet */
	CONN_HEAD,       /* a head is coming */
	CONN_BODY,       /* a body is coming */
	CONN_PENDING,    /* the request was handed up */
	CONN_WS,         /* an open WebSocket */
	CONN_WS_CLOSING, /* our close frame is queued; waits for the peer's */
	CONN_LINGER,     /* all is said: what still comes is thrown away until the peer closes */
	CONN_CLOSED,     /* uv_close() was called */
};

struct out_node {
	struct out_node *next;
	struct ws_frame *frame;
	uint32_t at;
};

/* What the socket did not take at once. */
struct out_queue {
	uv_write_t write;
	struct out_node *flying, *first, **last; /* flying: handed to libuv */
	size_t bytes;                            /* all of it, with what the queue itself costs */
	size_t socket_bytes;                     /* as libuv told last time, to see progress */
	mono_ms progress;
};

struct conn {
	uv_tcp_t tcp;
	struct server *server;
	conn_id id;
	struct http_in *in;
	struct tls_conn *tls;
	struct out_queue *out;
	struct buf *rest; /* came while a request was pending */
	void *user;       /* of the WebSocket */
	struct ws_in ws;
	struct in6_addr peer;
	struct conn *resume_next;
	mono_ms since; /* the state began */
	mono_ms heard; /* the last bytes from the peer */
	mono_ms pinged;
	uint8_t state;
	bool on_loopback, counted, is_ws, eof;
	bool stopped;  /* not reading */
	bool ending;   /* close when the queue is empty */
	bool unread;   /* the peer may still be sending: linger, so that it can read the answer */
	bool resuming; /* in the server's list */
};

struct conn *conn_find(struct server *s, conn_id id);
/* Sends, or queues what the socket does not take. shared: bytes are those of this frame. */
void conn_put(struct conn *c, struct str bytes, struct ws_frame *shared);
void conn_end(struct conn *c);   /* close once all is sent */
void conn_close(struct conn *c); /* close now */
size_t conn_unsent(const struct conn *c);
void conn_drop_queued(struct conn *c);
void conn_set_state(struct conn *c, enum conn_state state);
/* The request's part is over: log it and give its memory back. */
void conn_answered(struct conn *c, int status);
void conn_resume_later(struct conn *c);
const struct server_limits *conn_limits(const struct conn *c);
struct server_counts *conn_counts(struct conn *c);
const struct server_events *conn_events(const struct conn *c);
struct ws_rx **conn_ws_spare(struct conn *c);
bool conn_is_draining(const struct conn *c);

void ws_take(struct conn *c, struct str bytes);
void ws_sweep(struct conn *c, mono_ms now);
void ws_cut_slow(struct conn *c);
