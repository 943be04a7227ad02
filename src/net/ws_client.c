#include "base/crypt.h"
#include "net/client.h"
#include "net/ws_handshake.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <wslay/wslay.h>

/* libcurl of Debian 12 has no WebSocket; it makes the connection (DNS, proxy, TLS), and the rest is here. */

#define OPEN_DEADLINE (10 * SECOND)
#define CLOSE_DEADLINE (2 * SECOND)
#define MESSAGE_MAX (16 * MIB)

struct message {
	struct message *next;
	size_t n;
	char text[];
};

struct ws_client {
	CURL *easy;
	curl_socket_t socket;
	wslay_event_context_ptr ctx;
	struct buf early; /* bytes of frames that came with the answer */
	size_t early_at;
	struct message *given, *first, **last; /* given: what the caller looks at */
	bool broken;
	char why[CURL_ERROR_SIZE];
};

/* ---- bytes ---- */

/* Waits until the socket can be read or written. false: the time is over. */
static bool wait_for(struct ws_client *c, short events, mono_ms until)
{
	struct pollfd p = {.fd = c->socket, .events = events};
	mono_ms left = until - mono_now();

	return poll(&p, 1, left > 0 ? (int)left : 0) > 0;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t n, int flags, void *user)
{
	struct ws_client *c = user;
	size_t got = 0;
	CURLcode code;

	(void)flags;
	if (c->early_at < c->early.n) {
		got = c->early.n - c->early_at < n ? c->early.n - c->early_at : n;
		memcpy(to, c->early.p + c->early_at, got);
		c->early_at += got;
		return (ssize_t)got;
	}
	code = curl_easy_recv(c->easy, to, n, &got);
	if (code == CURLE_OK && got)
		return (ssize_t)got;
	c->broken = code != CURLE_AGAIN;
	wslay_event_set_error(ctx, c->broken ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *bytes, size_t n, int flags, void *user)
{
	struct ws_client *c = user;
	size_t sent = 0;
	CURLcode code = curl_easy_send(c->easy, bytes, n, &sent);

	(void)flags;
	if (code == CURLE_OK && sent)
		return (ssize_t)sent;
	c->broken |= code != CURLE_AGAIN;
	wslay_event_set_error(ctx, code == CURLE_AGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int on_mask(wslay_event_context_ptr ctx, uint8_t *to, size_t n, void *user)
{
	(void)ctx;
	(void)user;
	crypt_random(to, n);
	return 0;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *user)
{
	struct ws_client *c = user;
	struct message *kept;

	(void)ctx;
	if (m->opcode != WSLAY_TEXT_FRAME)
		return;
	kept = mem_grow(NULL, sizeof *kept + m->msg_length + 1);
	kept->next = NULL;
	kept->n = m->msg_length;
	if (m->msg_length)
		memcpy(kept->text, m->msg, m->msg_length);
	kept->text[m->msg_length] = '\0';
	*c->last = kept;
	c->last = &kept->next;
}

/* ---- the handshake ---- */

static bool send_all(struct ws_client *c, struct str bytes, mono_ms until, struct err *err)
{
	while (bytes.n) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(c->easy, bytes.p, bytes.n, &sent);

		if (code == CURLE_OK) {
			bytes = str_n(bytes.p + sent, bytes.n - sent);
		} else if (code != CURLE_AGAIN || !wait_for(c, POLLOUT, until)) {
			err_set(err, ERR_UNAVAILABLE, "the connection was lost while asking for a WebSocket");
			return false;
		}
	}
	return true;
}

/* Reads the head of the answer into *answer; what comes behind it are frames already. */
static bool read_head(struct ws_client *c, struct buf *answer, size_t *head_bytes, mono_ms until, struct err *err)
{
	while (!str_find(buf_str(answer), S("\r\n\r\n"), head_bytes)) {
		char *to = buf_room(answer, 1024);
		size_t got = 0;
		CURLcode code;

		if (!to) {
			err_set(err, ERR_TOO_BIG, "the server answers with too long a head");
			return false;
		}
		code = curl_easy_recv(c->easy, to, 1024, &got);
		if (code == CURLE_OK && got) {
			answer->n += got;
			answer->p[answer->n] = '\0';
		} else if (code != CURLE_AGAIN || !wait_for(c, POLLIN, until)) {
			err_set(err, ERR_UNAVAILABLE, "the server did not answer the request for a WebSocket");
			return false;
		}
	}
	*head_bytes += 2;
	return true;
}

/* ws:// and wss:// are http:// and https:// for curl. */
static bool connect_to(struct ws_client *c, struct arena *a, const struct ws_target *t, struct err *err)
{
	struct str url = arena_printf(a, "%s://" STR_FMT "/", t->tls ? "https" : "http", STR_ARG(t->authority));
	CURLcode code;

	curl_global_init(CURL_GLOBAL_ALL);
	c->easy = curl_easy_init();
	curl_easy_setopt(c->easy, CURLOPT_URL, url.p);
	curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)OPEN_DEADLINE);
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->why);
	if (getenv("CURL_CA_BUNDLE"))
		curl_easy_setopt(c->easy, CURLOPT_CAINFO, getenv("CURL_CA_BUNDLE"));
	code = curl_easy_perform(c->easy);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->socket);
	if (code == CURLE_OK && c->socket != CURL_SOCKET_BAD)
		return true;
	err_set(err, ERR_UNAVAILABLE, "%s", c->why[0] ? c->why : curl_easy_strerror(code));
	return false;
}

static bool upgrade(struct ws_client *c, const struct ws_target *t, struct str *headers, size_t header_count, struct err *err)
{
	mono_ms until = mono_now() + OPEN_DEADLINE;
	struct buf ask, answer;
	char key[WS_KEY_SIZE];
	size_t head_bytes;
	int status;
	bool ok;

	buf_init(&ask, 64 * KIB);
	buf_init(&answer, WS_ANSWER_MAX);
	ok = ws_ask_write(&ask, t, headers, header_count, key, err) && send_all(c, buf_str(&ask), until, err) &&
	     read_head(c, &answer, &head_bytes, until, err) && ws_answer_ok(str_n(answer.p, head_bytes), key, &status, err);
	if (ok) {
		buf_init(&c->early, WS_ANSWER_MAX);
		buf_add(&c->early, str_n(answer.p + head_bytes + 2, answer.n - head_bytes - 2));
	}
	buf_done(&ask);
	buf_done(&answer);
	return ok;
}

struct ws_client *ws_client_open(struct str url, struct str *headers, size_t header_count, struct err *err)
{
	static const struct wslay_event_callbacks callbacks = {.recv_callback = on_recv,
							       .send_callback = on_send,
							       .genmask_callback = on_mask,
							       .on_msg_recv_callback = on_message};
	struct ws_client *c = mem_new(sizeof *c);
	struct ws_target t;
	struct arena a;
	bool ok;

	arena_init(&a);
	c->last = &c->first;
	ok = ws_url_parse(&a, url, &t, err) && connect_to(c, &a, &t, err) && upgrade(c, &t, headers, header_count, err);
	arena_done(&a);
	if (ok && wslay_event_context_client_init(&c->ctx, &callbacks, c) == 0) {
		wslay_event_config_set_max_recv_msg_length(c->ctx, MESSAGE_MAX);
		return c;
	}
	ws_client_free(c);
	return NULL;
}

/* ---- messages ---- */

static bool is_over(const struct ws_client *c)
{
	return c->broken || !wslay_event_get_read_enabled(c->ctx) || wslay_event_get_close_received(c->ctx);
}

static bool tell_over(struct ws_client *c, struct err *err)
{
	unsigned code = wslay_event_get_status_code_received(c->ctx);

	if (wslay_event_get_close_received(c->ctx))
		err_set(err, ERR_UNAVAILABLE, "the server closed the connection (%u)", code);
	else
		err_set(err, ERR_UNAVAILABLE, "the connection was lost");
	return false;
}

static bool flush(struct ws_client *c, mono_ms until)
{
	while (wslay_event_want_write(c->ctx)) {
		if (wslay_event_send(c->ctx))
			return false;
		if (wslay_event_want_write(c->ctx) && !wait_for(c, POLLOUT, until))
			return false;
	}
	return true;
}

bool ws_client_send(struct ws_client *c, struct str text, struct err *err)
{
	struct wslay_event_msg m = {WSLAY_TEXT_FRAME, (const uint8_t *)text.p, text.n};

	if (is_over(c))
		return tell_over(c, err);
	if (wslay_event_queue_msg(c->ctx, &m) == 0 && flush(c, mono_now() + OPEN_DEADLINE))
		return true;
	c->broken = true;
	return tell_over(c, err);
}

static bool give_first(struct ws_client *c, struct str *text)
{
	struct message *m = c->first;

	if (!m)
		return false;
	c->first = m->next;
	if (!c->first)
		c->last = &c->first;
	c->given = m;
	*text = str_n(m->text, m->n);
	return true;
}

bool ws_client_next(struct ws_client *c, span_ms wait, struct str *text, struct err *err)
{
	mono_ms until = mono_now() + wait;

	mem_free(c->given);
	c->given = NULL;
	*text = (struct str){NULL, 0};
	for (;;) {
		/* TLS and wslay may hold bytes that the socket no longer tells of: read before waiting */
		if (!c->first && !is_over(c) && wslay_event_recv(c->ctx))
			c->broken = true;
		if (!c->broken)
			flush(c, until); /* pongs, and the answer to a close */
		if (give_first(c, text))
			return true;
		if (is_over(c))
			return tell_over(c, err);
		if (!wait_for(c, POLLIN, until) && mono_now() >= until)
			return true;
	}
}

/* Says good-bye, and waits a moment for the answer. */
static void close_politely(struct ws_client *c)
{
	mono_ms until = mono_now() + CLOSE_DEADLINE;

	if (c->broken || wslay_event_queue_close(c->ctx, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) || !flush(c, until))
		return;
	while (!is_over(c) && wait_for(c, POLLIN, until))
		if (wslay_event_recv(c->ctx))
			break;
}

void ws_client_free(struct ws_client *c)
{
	if (!c)
		return;
	if (c->ctx) {
		close_politely(c);
		wslay_event_context_free(c->ctx);
	}
	if (c->easy)
		curl_easy_cleanup(c->easy);
	buf_done(&c->early);
	mem_free(c->given);
	while (c->first) {
		struct message *next = c->first->next;

		mem_free(c->first);
		c->first = next;
	}
	mem_free(c);
}
