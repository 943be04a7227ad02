/* net/client.h -- outbound HTTP by libcurl: multi on the loop for the daemon, one blocking call for the CLI. */
#pragma once
#include "base/mem.h"
#include "base/time.h"

#include <uv.h>

struct http_client;

void curl_start(void); /* any thread, any number of times: before libcurl is used */

struct client_request {
	const char *method; /* "POST" */
	struct str url;
	struct str *headers; /* "Name: value" each */
	size_t header_count;
	struct str body;
	span_ms deadline;      /* the whole exchange */
	size_t answer_max_bytes;
	const char *ca_file;   /* NULL: the system's */
	bool once;             /* on a connection of its own: curl sends again what a kept one took and did not answer */
};

struct client_answer {
	bool reached;      /* false: no HTTP answer; `err` says why */
	bool sent;         /* some of the request left: the other side may have acted on it */
	bool timed_out;    /* the deadline passed */
	int status;
	struct str body;   /* valid during the call */
	struct str content_type;
	struct str headers;  /* as they came, up to 16 KiB; client_header() reads them. Valid as long as the body */
	int64_t retry_after; /* seconds; -1 without the header */
	bool no_retry;       /* X-Slack-No-Retry: 1 */
	char cookie[256];    /* "name=value" of the first Set-Cookie; "" without one, or if it is longer */
	struct err err;
};

/* The value of a header of the answer, any case; "" without one. */
struct str client_header(const struct client_answer *a, const char *name);
wall_ms client_date(const struct client_answer *a); /* what time it was there; 0: it does not say */

struct http_client *http_client_new(uv_loop_t *loop, unsigned at_once);
void http_client_free(struct http_client *c); /* open calls end with ERR_UNAVAILABLE */
/* Copies what it needs; on_answer comes exactly once, from the loop. Over `at_once` calls wait in order. No redirects. */
void http_client_send(struct http_client *c, const struct client_request *r,
		      void (*on_answer)(void *context, const struct client_answer *answer), void *context);
/* The calls with this context end now, and on_answer does not come. false: there is none. */
bool http_client_cancel(struct http_client *c, const void *context);
unsigned http_client_busy(const struct http_client *c);

/* Blocking, for the CLI. The body is put into *body. */
MUST_USE bool http_call(const struct client_request *r, struct client_answer *answer, struct buf *body, struct err *err);

/* A blocking WebSocket client for the CLI and tests: text messages only, answers pings. */
struct ws_client;
MUST_USE struct ws_client *ws_client_open(struct str url, struct str *headers, size_t header_count, struct err *err);
MUST_USE bool ws_client_send(struct ws_client *c, struct str text, struct err *err);
/* Waits for the next text message, at most `wait`. *text is valid until the next call; {NULL,0} when the time is over.
 * false: closed (ERR_UNAVAILABLE with the reason). */
MUST_USE bool ws_client_next(struct ws_client *c, span_ms wait, struct str *text, struct err *err);
void ws_client_free(struct ws_client *c);
