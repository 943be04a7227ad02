#include "base/crypt.h"
#include "net/client.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <wslay/wslay.h>

/* libcurl of Debian 12 has no WebSocket; it makes the connection (DNS, proxy, TLS), and the rest is here. */

#define OPEN_DEADLINE (10 * SECOND)
#define CLOSE_DEADLINE (2 * SECOND)
#define ANSWER_MAX (16 * KIB)
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

static struct str header_find(struct str head, struct str name)
{
	struct str line, key, value;

	while (head.n) {
		head = str_cut(head, '\n', &line);
		value = str_cut(line, ':', &key);
		if (str_eq_nocase(key, name))
			return str_trim(value);
	}
	return S("");
}

/* RFC 6455 section 4.1, what a client checks. */
static bool answer_is_sound(struct str head, const char *key, struct err *err)
{
	char text[64 + 40], want[32];
	uint8_t hash[SHA_DIGEST_LENGTH];
	struct str line, status;
	int64_t code = 0;
	int n = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);

	str_cut(head, '\r', &line);
	status = str_cut(line, ' ', &(struct str){0});
	str_cut(status, ' ', &status);
	if (!str_starts(line, S("HTTP/1.1 ")) || !str_to_int(status, &code) || code != 101) {
		err_set(err, code >= 300 ? err_of_http_status((int)code) : ERR_UNAVAILABLE,
			"the server does not open a WebSocket: " STR_FMT, STR_ARG(str_clip(line, 100)));
		return false;
	}
	SHA1((const uint8_t *)text, (size_t)n, hash);
	EVP_EncodeBlock((uint8_t *)want, hash, sizeof hash);
	if (!str_is(header_find(head, S("sec-websocket-accept")), want) ||
	    !str_eq_nocase(header_find(head, S("upgrade")), S("websocket"))) {
		err_set(err, ERR_UNAVAILABLE, "the server's answer is not that of a WebSocket");
		return false;
	}
	return true;
}

struct target {
	char *http_url; /* for curl */
	struct str host, path;
};

/* ws:// and wss:// are http:// and https:// for curl. */
static bool split_url(struct arena *a, struct str url, struct target *out, struct err *err)
{
	static const struct {
		struct str from, to;
	} schemes[] = {{{"ws://", 5}, {"http://", 7}},
		       {{"wss://", 6}, {"https://", 8}},
		       {{"http://", 7}, {"http://", 7}},
		       {{"https://", 8}, {"https://", 8}}};

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		struct str rest, at;

		if (!str_starts(url, schemes[i].from) || memchr(url.p, '\r', url.n) || memchr(url.p, '\n', url.n))
			continue;
		rest = str_n(url.p + schemes[i].from.n, url.n - schemes[i].from.n);
		at = rest;
		while (at.n && *at.p != '/' && *at.p != '?')
			at.p++, at.n--;
		out->host = str_n(rest.p, rest.n - at.n);
		out->path = at.n && *at.p == '?' ? arena_printf(a, "/" STR_FMT, STR_ARG(at)) : at.n ? at : S("/");
		out->http_url =
			(char *)arena_printf(a, STR_FMT STR_FMT "/", STR_ARG(schemes[i].to), STR_ARG(out->host)).p;
		return out->host.n > 0;
	}
	err_set(err, ERR_INVALID, "the URL is not ws:// or wss://");
	return false;
}

static bool connect_to(struct ws_client *c, const char *url, struct err *err)
{
	CURLcode code;

	curl_global_init(CURL_GLOBAL_ALL);
	c->easy = curl_easy_init();
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
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

static bool upgrade(struct ws_client *c, const struct target *t, struct str *headers, size_t header_count,
		    struct err *err)
{
	mono_ms until = mono_now() + OPEN_DEADLINE;
	struct buf ask, answer;
	uint8_t nonce[16];
	size_t head_bytes;
	char key[32];
	bool ok;

	crypt_random(nonce, sizeof nonce);
	EVP_EncodeBlock((uint8_t *)key, nonce, sizeof nonce);
	buf_init(&ask, 64 * KIB);
	buf_init(&answer, ANSWER_MAX);
	buf_printf(&ask,
		   "GET " STR_FMT " HTTP/1.1\r\nHost: " STR_FMT "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
		   STR_ARG(t->path), STR_ARG(t->host), key);
	for (size_t i = 0; i < header_count; i++)
		if (!memchr(headers[i].p, '\n', headers[i].n))
			buf_printf(&ask, STR_FMT "\r\n", STR_ARG(headers[i]));
	buf_add(&ask, S("\r\n"));
	ok = send_all(c, buf_str(&ask), until, err) && read_head(c, &answer, &head_bytes, until, err) &&
	     answer_is_sound(str_n(answer.p, head_bytes), key, err);
	if (ok) {
		buf_init(&c->early, ANSWER_MAX);
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
	struct target t = {0};
	struct arena a;
	bool ok;

	arena_init(&a);
	c->last = &c->first;
	ok = split_url(&a, url, &t, err) && connect_to(c, t.http_url, err) &&
	     upgrade(c, &t, headers, header_count, err);
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
