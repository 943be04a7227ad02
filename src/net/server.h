/* net/server.h -- HTTP/1.1 and WebSocket server on one libuv loop, with TLS where asked.
 *
 * Knows framing, limits and deadlines; not what a path means. All calls are for the loop's thread. Requests of one
 * connection are handed up one at a time and answered in order (pipelining waits), so a request is named by its
 * connection's id; an answer to a connection that went away is dropped.
 * Sources: RFC 9110, RFC 9112 (HTTP/1.1), RFC 6455 (WebSocket). Framing by llhttp and wslay.
 */
#pragma once
#include "base/mem.h"
#include "base/time.h"

#include <uv.h>

struct server;
typedef uint64_t conn_id; /* slot and generation: never 0, never used twice */

struct server_limits {
	size_t head_bytes;             /* request line and headers; 431 past it */
	size_t body_bytes;             /* 413 past it */
	const char *large_path;        /* bodies of requests to paths that begin so may have large_bytes; NULL: none. A constant */
	size_t large_bytes;
	unsigned connections;          /* 503 past it, then the listener pauses */
	unsigned connections_per_address; /* loopback is exempt */
	span_ms head_deadline;         /* from the first byte to the end of the head: 408 */
	span_ms body_deadline;         /* the whole body: 408 */
	span_ms idle_deadline;         /* keep-alive without a request: closed */
	size_t ws_frame_bytes;         /* a message from a client; close 1009 past it */
	size_t ws_unsent_bytes;        /* waiting for a client that does not read; close 1013 past it */
	span_ms ws_ping_every;         /* a client silent for twice that long is dropped */
};
extern const struct server_limits server_default_limits;

struct http_header {
	struct str name; /* as it came */
	struct str value;
};

/* One request, whole. Owned by whoever on_request() gave it to: http_request_free() it, from any thread.
 * All views point into memory that belongs to the request. */
struct http_request {
	conn_id conn;
	struct arena arena; /* the request's memory; its holder may use it for the answer too */
	struct str method;  /* "POST" */
	struct str target;  /* as it came */
	struct str path;    /* decoded, "/" first, without query; a path with a NUL or bad escapes is refused with 400 */
	struct str query;   /* raw, without '?' */
	struct str body;
	struct http_header *headers;
	size_t header_count;
	struct str remote; /* "127.0.0.1" */
	mono_ms came;
	int64_t came_us;
	bool secure;       /* came by TLS */
	bool keep_alive;
	bool wants_websocket; /* a well-formed RFC 6455 upgrade */
	bool on_loopback;  /* the peer's address is 127/8 or ::1 */
};
struct http_request *http_request_new(void); /* an empty one, in its own arena: for what came another way */
void http_request_free(struct http_request *r);
struct str http_header_get(const struct http_request *r, const char *name); /* "" if absent; first of several */

/* One answer. `body` and `headers` are copied or written before http_answer() returns.
 * content_type NULL: no body type. Length, Date, Connection and the security headers are written by the server. */
struct http_answer {
	int status;
	const char *content_type;
	struct str headers; /* further ones, each with CRLF at its end */
	struct str body;
	bool close;
};

struct server_events {
	void *context;
	/* A whole request; ownership passes. Answer with http_answer() or ws_accept(), now or later, exactly once. */
	void (*on_request)(void *context, struct http_request *request);
	/* A text message of an accepted WebSocket, valid during the call. */
	void (*on_ws_message)(void *context, conn_id conn, void *user, struct str text);
	/* An accepted WebSocket is gone, whatever the reason. `user` is what ws_accept() was given. */
	void (*on_ws_closed)(void *context, conn_id conn, void *user);
	/* A request is refused by the server itself, though its head was sound: too large, too slow, a broken body. It is answered
	 * already; ownership of what there is of it passes, without a body. detail is a constant. May be NULL. */
	void (*on_refused)(void *context, struct http_request *request, int status, const char *detail);
	/* A request was answered or refused, for metrics and the log. path is "" when the head was never whole. */
	void (*on_answered)(void *context, struct str method, struct str path, int status, int64_t us);
};

struct server *server_new(uv_loop_t *loop, const struct server_limits *limits, const struct server_events *events);
/* Other limits from now on; what is open and over them stays. */
void server_set_limits(struct server *s, const struct server_limits *limits);
/* Opens an address: "127.0.0.1", "0.0.0.0", "::", a name is not taken. port 0: the system picks; the answer is in *port.
 * tls NULL: plain. ERR_CONFLICT: the address is in use. */
struct tls_context;
MUST_USE bool server_listen(struct server *s, struct str address, int *port, struct tls_context *tls, struct err *err);
void http_answer(struct server *s, conn_id conn, const struct http_answer *answer);
/* Stops taking connections, lets requests under way finish, closes WebSockets with 1001; on_drained once, when all are
 * gone or after `limit`. */
void server_drain(struct server *s, span_ms limit, void (*on_drained)(void *context), void *context);
void server_free(struct server *s); /* after the drain, or at once: closes all */

struct server_counts {
	unsigned connections, websockets;
	uint64_t requests, refused, bytes_in, bytes_out, slow_clients;
};
struct server_counts server_count(const struct server *s);

/* ---- WebSocket ---- */

/* Built once and shared by all who get it: one text message, or several that leave in one piece. */
struct ws_frame;
struct ws_frame *ws_frame_new(struct str text);
void ws_message_write(struct buf *to, struct str text); /* one more, behind those that are there */
struct ws_frame *ws_frame_of(const struct buf *messages);
void ws_frame_release(struct ws_frame *f);      /* the maker's hold; sends in flight keep theirs */

/* Answers an upgrade request with 101. After it on_ws_message() and, once, on_ws_closed() come with `user`. false: the client
 * is gone, and none of them comes. */
bool ws_accept(struct server *s, conn_id conn, const char *extra_headers, void *user);
/* Queues the frame. A client with more than ws_unsent_bytes waiting is cut off (close 1013, "slow: resume"). */
void ws_send(struct server *s, conn_id conn, struct ws_frame *f);
/* An empty ping, now. */
void ws_ping(struct server *s, conn_id conn);
void ws_close(struct server *s, conn_id conn, int code, struct str reason);
