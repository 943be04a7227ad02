/* net/ws_handshake.h -- the opening handshake of a WebSocket (RFC 6455 section 4) as bytes, for both clients and the server. Knows no sockets.
 */
#pragma once
#include "base/mem.h"

#define WS_KEY_SIZE 25    /* with its NUL */
#define WS_ACCEPT_SIZE 29
#define WS_ANSWER_MAX (16 * KIB) /* the head of a server's answer */

struct ws_target {
	bool tls;
	struct str authority; /* as it stands in the URL, for Host: "[::1]:8065" */
	struct str host;      /* without port and brackets */
	int port;
	struct str path;      /* with the query; "/" first */
};

/* ws:// and wss://, http:// and https:// as well. ERR_INVALID, also for a user, a fragment and what stands in no URL. The views point into
 * the URL or the arena. */
MUST_USE bool ws_url_parse(struct arena *a, struct str url, struct ws_target *out, struct err *err);

/* Makes a new key and appends the whole request. headers: "Name: value" each. ERR_INVALID: one of them has a line end. */
MUST_USE bool ws_ask_write(struct buf *to, const struct ws_target *t, const struct str *headers, size_t header_count, char key[WS_KEY_SIZE],
			   struct err *err);

/* What a client checks. head: the answer up to its empty line. *status: the HTTP status, 0 if there is none to read. The error's code is that
 * of the status where the server refuses (also for a redirect), else ERR_UNAVAILABLE. */
MUST_USE bool ws_answer_ok(struct str head, const char *key, int *status, struct err *err);

/* Sec-WebSocket-Accept for a key of 24 characters. */
void ws_accept_write(const char *key, char out[WS_ACCEPT_SIZE]);
