#include "base/crypt.h"
#include "base/json.h"
#include "net/server_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#define BACKLOG 1024
#define SPARE_INS_MAX 64u
#define OVER_LIMIT_MAX 64u /* so many may be told "503" at a time; then the listeners pause */
#define BATCH_BYTES (32 * KIB)
#define ADDRESS_BUCKETS 1024u
#define FLY_MAX 32u
#define LINGER_MS (2 * SECOND)

const struct server_limits server_default_limits = {
	.head_bytes = 16 * KIB,
	.body_bytes = 4 * MIB,
	.connections = 16000,
	.connections_per_address = 512,
	.head_deadline = 10 * SECOND,
	.body_deadline = 30 * SECOND,
	.idle_deadline = 75 * SECOND,
	.ws_frame_bytes = 64 * KIB,
	.ws_unsent_bytes = 1 * MIB,
	.ws_ping_every = 30 * SECOND,
};

struct listener {
	uv_tcp_t tcp;
	struct server *server;
	struct listener *next;
	struct tls_context *tls;
	bool waiting; /* a connection is there that was not accepted yet */
};

struct slot {
	struct conn *conn;
	uint32_t next_free; /* index + 1; 0: none */
};

/* How many connections an address has. */
struct address {
	struct address *next;
	struct in6_addr ip;
	unsigned count;
};

struct server {
	uv_loop_t *loop;
	struct server_limits limits;
	struct server_events events;
	struct server_counts counts;
	struct listener *listeners;
	struct slot *slots;
	uint32_t slot_count, free_slot;
	uint64_t generation;
	struct address *addresses[ADDRESS_BUCKETS];
	struct http_in *spare_ins;
	unsigned spare_in_count;
	struct ws_rx *spare_rx;
	struct conn *feeding; /* whose bytes are being taken: its answers are gathered in `batch` */
	struct conn *resume;
	struct buf batch, scratch, plain, cipher;
	uv_timer_t sweep, drain;
	uv_idle_t resumer;
	span_ms sweep_every;
	unsigned handles; /* libuv's, ours; the server ends with the last one */
	bool draining, drained, freed;
	void (*on_drained)(void *context);
	void *drain_context;
	time_t date_at;
	char common[160]; /* Date and the fixed headers */
	size_t common_n;
	char read_bytes[READ_BYTES];
};

/* ---- small things ---- */

const struct server_limits *conn_limits(const struct conn *c)
{
	return &c->server->limits;
}

struct server_counts *conn_counts(struct conn *c)
{
	return &c->server->counts;
}

const struct server_events *conn_events(const struct conn *c)
{
	return &c->server->events;
}

struct ws_rx **conn_ws_spare(struct conn *c)
{
	return &c->server->spare_rx;
}

bool conn_is_draining(const struct conn *c)
{
	return c->server->draining;
}

struct server_counts server_count(const struct server *s)
{
	return s->counts;
}

void conn_set_state(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->since = (mono_ms)uv_now(c->server->loop);
}

/* An id is the slot's index + 1 in the low 24 bits, and a generation that only grows. */
struct conn *conn_find(struct server *s, conn_id id)
{
	uint64_t index = (id & 0xffffff) - 1;
	struct conn *c = index < s->slot_count ? s->slots[index].conn : NULL;

	return c && c->id == id ? c : NULL;
}

static void slot_take(struct server *s, struct conn *c)
{
	uint32_t index;

	if (!s->free_slot) {
		uint32_t n = s->slot_count ? s->slot_count * 2 : 64;

		s->slots = mem_grow(s->slots, n * sizeof *s->slots);
		for (uint32_t i = n; i-- > s->slot_count;) {
			s->slots[i] = (struct slot){NULL, s->free_slot};
			s->free_slot = i + 1;
		}
		s->slot_count = n;
	}
	index = s->free_slot - 1;
	s->free_slot = s->slots[index].next_free;
	s->slots[index].conn = c;
	c->id = ++s->generation << 24 | (index + 1);
}

static void slot_give(struct server *s, struct conn *c)
{
	uint32_t index = (uint32_t)(c->id & 0xffffff) - 1;

	s->slots[index] = (struct slot){NULL, s->free_slot};
	s->free_slot = index + 1;
}

static struct address **address_at(struct server *s, const struct in6_addr *ip)
{
	uint64_t h = hash_mix(fnv_add(FNV_START, str_n((const char *)ip, sizeof *ip)));
	struct address **at = &s->addresses[h % ADDRESS_BUCKETS];

	while (*at && memcmp(&(*at)->ip, ip, sizeof *ip) != 0)
		at = &(*at)->next;
	return at;
}

/* false: this address has enough. An IPv6 site counts as one: its /64. */
static bool address_enter(struct server *s, const struct in6_addr *ip)
{
	struct address **at = address_at(s, ip);

	if (!*at) {
		*at = mem_new(sizeof **at);
		(*at)->ip = *ip;
	}
	if ((*at)->count >= s->limits.connections_per_address)
		return false;
	(*at)->count++;
	return true;
}

static void address_leave(struct server *s, const struct in6_addr *ip)
{
	struct address **at = address_at(s, ip), *gone = *at;

	if (gone && --gone->count == 0) {
		*at = gone->next;
		mem_free(gone);
	}
}

static struct in6_addr address_key(const struct in6_addr *ip)
{
	struct in6_addr key = *ip;

	if (!IN6_IS_ADDR_V4MAPPED(ip))
		memset(key.s6_addr + 8, 0, 8);
	return key;
}

static struct http_in *in_new(struct server *s)
{
	struct http_in *in = s->spare_ins;

	if (in) {
		s->spare_ins = in->next;
		s->spare_in_count--;
	} else {
		in = mem_grow(NULL, sizeof *in);
	}
	http_in_init(in, &s->limits);
	return in;
}

static void in_free(struct server *s, struct http_in *in)
{
	if (!in)
		return;
	http_in_done(in);
	if (s->spare_in_count >= SPARE_INS_MAX) {
		mem_free(in);
		return;
	}
	in->next = s->spare_ins;
	s->spare_ins = in;
	s->spare_in_count++;
}

/* ---- sending ---- */

static void nodes_free(struct out_node *n)
{
	while (n) {
		struct out_node *next = n->next;

		ws_frame_release(n->frame);
		mem_free(n);
		n = next;
	}
}

size_t conn_unsent(const struct conn *c)
{
	return c->out ? c->out->bytes : 0;
}

void conn_drop_queued(struct conn *c)
{
	struct out_queue *q = c->out;

	if (!q || c->tls) /* TLS has numbered what is queued: none of it may be missing */
		return;
	for (struct out_node *n = q->first; n; n = n->next)
		q->bytes -= n->frame->n - n->at + sizeof *n;
	nodes_free(q->first);
	q->first = NULL;
	q->last = &q->first;
}

static void out_free(struct conn *c)
{
	if (!c->out)
		return;
	nodes_free(c->out->flying);
	nodes_free(c->out->first);
	mem_free(c->out);
	c->out = NULL;
}

static void end_now(struct conn *c);
static void out_fly(struct conn *c);

static void on_written(uv_write_t *w, int status)
{
	struct conn *c = w->handle->data;
	struct out_queue *q = c->out;

	for (struct out_node *n = q->flying; n; n = n->next)
		q->bytes -= n->frame->n - n->at + sizeof *n;
	nodes_free(q->flying);
	q->flying = NULL;
	if (c->state == CONN_CLOSED)
		return;
	if (status < 0) {
		conn_close(c);
		return;
	}
	if (q->first) {
		out_fly(c);
		return;
	}
	out_free(c);
	if (c->ending)
		end_now(c);
	else
		conn_resume_later(c);
}

/* Hands what is queued to libuv, which copies the list of buffers but not what they point to. */
static void out_fly(struct conn *c)
{
	struct out_queue *q = c->out;
	struct out_node **end = &q->first;
	uv_buf_t bufs[FLY_MAX];
	unsigned n = 0;

	while (*end && n < FLY_MAX) {
		bufs[n++] = uv_buf_init((*end)->frame->bytes + (*end)->at, (*end)->frame->n - (*end)->at);
		end = &(*end)->next;
	}
	q->flying = q->first;
	q->first = *end;
	*end = NULL;
	if (!q->first)
		q->last = &q->first;
	q->progress = (mono_ms)uv_now(c->server->loop);
	if (uv_write(&q->write, (uv_stream_t *)&c->tcp, bufs, n, on_written))
		conn_close(c);
}

static void out_add(struct conn *c, struct ws_frame *f, size_t at)
{
	struct out_node *n = mem_new(sizeof *n);

	n->frame = f;
	n->at = (uint32_t)at;
	if (!c->out) {
		c->out = mem_new(sizeof *c->out);
		c->out->last = &c->out->first;
	}
	*c->out->last = n;
	c->out->last = &n->next;
	c->out->bytes += f->n - at + sizeof *n;
	if (!c->out->flying)
		out_fly(c);
}

static void put_raw(struct conn *c, struct str bytes, struct ws_frame *shared)
{
	size_t at = 0;

	c->server->counts.bytes_out += bytes.n;
	if (!c->out) {
		uv_buf_t b = uv_buf_init((char *)bytes.p, (unsigned)bytes.n);
		int k = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);

		if (k < 0 && k != UV_EAGAIN) {
			conn_close(c);
			return;
		}
		at = k > 0 ? (size_t)k : 0;
	}
	if (at == bytes.n)
		return;
	if (shared)
		out_add(c, frame_hold(shared), at);
	else
		out_add(c, frame_new(str_n(bytes.p + at, bytes.n - at)), 0);
}

static void put_now(struct conn *c, struct str bytes, struct ws_frame *shared)
{
	struct server *s = c->server;

	if (c->state == CONN_CLOSED || !bytes.n)
		return;
	if (!c->tls) {
		put_raw(c, bytes, shared);
		return;
	}
	buf_reset(&s->cipher);
	if (!tls_conn_write(c->tls, bytes, &s->cipher))
		conn_close(c);
	else if (s->cipher.n)
		put_raw(c, buf_str(&s->cipher), NULL);
}

static void batch_flush(struct conn *c)
{
	struct server *s = c->server;
	struct str bytes;

	if (s->feeding != c || !s->batch.n)
		return;
	bytes = buf_str(&s->batch);
	s->batch.n = 0; /* nobody adds to it before it is sent or copied */
	put_now(c, bytes, NULL);
}

void conn_put(struct conn *c, struct str bytes, struct ws_frame *shared)
{
	batch_flush(c);
	put_now(c, bytes, shared);
}

/* ---- the end of a connection ---- */

static void sweep_stop_if_idle(struct server *s)
{
	if (!s->counts.connections)
		uv_timer_stop(&s->sweep);
}

static void accept_waiting(struct server *s);
static void drain_check(struct server *s);
static void server_end_if_done(struct server *s);

static void unlink_resume(struct conn *c)
{
	struct conn **at = &c->server->resume;

	if (!c->resuming)
		return;
	while (*at != c)
		at = &(*at)->resume_next;
	*at = c->resume_next;
}

static void rest_free(struct conn *c)
{
	if (!c->rest)
		return;
	buf_done(c->rest);
	mem_free(c->rest);
	c->rest = NULL;
}

static void tell_ws_closed(struct conn *c)
{
	struct server *s = c->server;

	if (!c->is_ws)
		return;
	c->is_ws = false;
	s->counts.websockets--;
	if (s->events.on_ws_closed)
		s->events.on_ws_closed(s->events.context, c->id, c->user);
}

static void on_conn_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct server *s = c->server;
	struct in6_addr key = address_key(&c->peer);

	tell_ws_closed(c);
	slot_give(s, c);
	if (c->counted)
		address_leave(s, &key);
	unlink_resume(c);
	in_free(s, c->in);
	ws_in_done(&c->ws);
	tls_conn_free(c->tls);
	out_free(c);
	rest_free(c);
	mem_free(c);
	s->counts.connections--;
	s->handles--;
	sweep_stop_if_idle(s);
	accept_waiting(s);
	drain_check(s);
	server_end_if_done(s);
}

void conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	if (c->server->feeding == c)
		c->server->batch.n = 0;
	conn_set_state(c, CONN_CLOSED);
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void alloc_read(uv_handle_t *h, size_t hint, uv_buf_t *out);
static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b);

static void reading_start(struct conn *c)
{
	if (!c->stopped || c->eof)
		return;
	c->stopped = false;
	uv_read_start((uv_stream_t *)&c->tcp, alloc_read, on_read);
}

/* All is sent. A peer that may still be sending must get the chance to read it: closing a socket with unread bytes
 * resets the connection, and the answer is lost (RFC 9112 section 9.6). */
static void end_now(struct conn *c)
{
	uv_os_fd_t fd;

	if (!c->unread || c->eof || uv_fileno((uv_handle_t *)&c->tcp, &fd)) {
		conn_close(c);
		return;
	}
	shutdown(fd, SHUT_WR);
	c->ending = false;
	conn_set_state(c, CONN_LINGER);
	reading_start(c);
}

void conn_end(struct conn *c)
{
	struct server *s = c->server;

	batch_flush(c);
	if (c->state == CONN_CLOSED || c->ending)
		return;
	conn_set_state(c, CONN_LINGER);
	if (c->rest)
		c->unread = true;
	rest_free(c);
	if (c->tls) {
		buf_reset(&s->cipher);
		tls_conn_shutdown(c->tls, &s->cipher);
		if (s->cipher.n)
			put_raw(c, buf_str(&s->cipher), NULL);
	}
	if (c->state == CONN_CLOSED)
		return;
	if (c->out)
		c->ending = true;
	else
		end_now(c);
}

/* ---- answers ---- */

static void common_renew(struct server *s)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm t;

	if (now == s->date_at)
		return;
	s->date_at = now;
	gmtime_r(&now, &t);
	s->common_n = (size_t)snprintf(s->common, sizeof s->common,
				       "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n"
				       "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
				       days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900,
				       t.tm_hour, t.tm_min, t.tm_sec);
}

static void add_number(struct buf *to, size_t n)
{
	char digits[24];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(to, str_n(digits + at, sizeof digits - at));
}

static void write_head(struct conn *c, struct buf *to, const struct http_answer *a, bool close)
{
	struct server *s = c->server;

	common_renew(s);
	buf_add(to, S("HTTP/1.1 "));
	add_number(to, (size_t)a->status);
	buf_char(to, ' ');
	buf_add(to, str_of(http_reason(a->status)));
	buf_add(to, S("\r\n"));
	if (a->content_type) {
		buf_add(to, S("Content-Type: "));
		buf_add(to, str_of(a->content_type));
		buf_add(to, S("\r\n"));
	}
	if (a->status != 204 && a->status != 304) { /* RFC 9110 section 8.6 */
		buf_add(to, S("Content-Length: "));
		add_number(to, a->body.n);
		buf_add(to, S("\r\n"));
	}
	buf_add(to, str_n(s->common, s->common_n));
	if (close)
		buf_add(to, S("Connection: close\r\n"));
	else if (c->in && c->in->is_1_0)
		buf_add(to, S("Connection: keep-alive\r\n"));
	buf_add(to, a->headers);
	buf_add(to, S("\r\n"));
}

/* Answers to requests that came in one piece are gathered and leave in one piece. */
static void write_answer(struct conn *c, const struct http_answer *a, bool close)
{
	struct server *s = c->server;
	struct buf *to = s->feeding == c ? &s->batch : &s->scratch;
	bool body = a->body.n && !(c->in && c->in->is_head) && a->status != 204 && a->status != 304;

	if (to == &s->scratch)
		buf_reset(to);
	write_head(c, to, a, close);
	if (body && a->body.n <= BATCH_BYTES)
		buf_add(to, a->body);
	if (to == &s->scratch)
		put_now(c, buf_str(to), NULL);
	else if (to->n > BATCH_BYTES || a->body.n > BATCH_BYTES)
		batch_flush(c);
	if (body && a->body.n > BATCH_BYTES)
		put_now(c, a->body, NULL);
}

void conn_answered(struct conn *c, int status)
{
	struct server *s = c->server;
	struct http_in *in = c->in;

	if (s->events.on_answered)
		s->events.on_answered(s->events.context, in ? str_of(in->method) : S(""),
				      in ? str_n(in->path, in->path_n) : S(""), status,
				      in && in->began_us ? mono_us() - in->began_us : 0);
	c->in = NULL;
	in_free(s, in);
}

void http_answer(struct server *s, conn_id id, const struct http_answer *a)
{
	struct conn *c = conn_find(s, id);
	bool close;

	if (!c || c->state != CONN_PENDING)
		return;
	assert(a->status >= 200 && a->status <= 999);
	close = a->close || !c->in->keep_alive || s->draining || (c->eof && !c->rest);
	write_answer(c, a, close);
	conn_answered(c, a->status);
	if (c->state == CONN_CLOSED)
		return;
	if (close) {
		conn_end(c);
		return;
	}
	conn_set_state(c, CONN_IDLE);
	conn_resume_later(c);
}

static struct str remote_text(struct arena *a, const struct in6_addr *ip)
{
	char text[INET6_ADDRSTRLEN] = "";
	size_t n = 0;

	if (IN6_IS_ADDR_V4MAPPED(ip)) {
		for (int i = 12; i < 16; i++) {
			unsigned b = ip->s6_addr[i];

			if (i > 12)
				text[n++] = '.';
			if (b >= 100)
				text[n++] = (char)('0' + b / 100);
			if (b >= 10)
				text[n++] = (char)('0' + b / 10 % 10);
			text[n++] = (char)('0' + b % 10);
		}
		return arena_dup(a, str_n(text, n));
	}
	return arena_dup(a, str_of(inet_ntop(AF_INET6, ip, text, sizeof text)));
}

static void tell_refused(struct conn *c, const struct http_refusal *why)
{
	const struct server_events *events = &c->server->events;
	struct http_request *r = c->in ? c->in->request : NULL;

	if (!events->on_refused || !r || !r->path.n)
		return;
	c->in->request = NULL;
	r->remote = remote_text(&r->arena, &c->peer);
	r->body = S("");
	events->on_refused(events->context, r, why->status, why->detail);
}

/* The server's own answer: the request was not, or cannot be, handed up. */
static void conn_refuse(struct conn *c, const struct http_refusal *why)
{
	struct http_answer a = {.status = why->status, .content_type = "application/problem+json", .close = true};
	struct json_out o;
	struct buf body;

	buf_init(&body, 4 * KIB);
	o = json_out(&body);
	json_open(&o, '{');
	json_add_str(&o, "type", S("about:blank"));
	json_add_str(&o, "title", str_of(http_reason(why->status)));
	json_add_int(&o, "status", why->status);
	json_add_str(&o, "detail", str_of(why->detail));
	json_add_str(&o, "code", str_of(why->code));
	json_close(&o, '}');
	a.body = buf_str(&body);
	if (why->status == 405)
		a.headers = S("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
	else if (why->status == 503)
		a.headers = S("Retry-After: 2\r\n");
	c->server->counts.refused++;
	write_answer(c, &a, true);
	buf_done(&body);
	tell_refused(c, why);
	conn_answered(c, why->status);
	c->unread = true;
	conn_end(c);
}

/* ---- taking bytes ---- */

static void hand_up(struct conn *c)
{
	struct server *s = c->server;
	struct http_request *r = http_in_take(c->in);

	r->conn = c->id;
	r->came_us = c->in->began_us;
	r->came = r->came_us / 1000;
	r->secure = c->tls != NULL;
	r->on_loopback = c->on_loopback;
	r->remote = remote_text(&r->arena, &c->peer);
	s->counts.requests++;
	conn_set_state(c, CONN_PENDING);
	s->events.on_request(s->events.context, r);
}

static struct str take_http(struct conn *c, struct str bytes)
{
	if (c->state == CONN_IDLE) {
		c->in = in_new(c->server);
		c->in->began_us = mono_us();
		conn_set_state(c, CONN_HEAD);
	}
	switch (http_in_feed(c->in, &bytes)) {
	case HTTP_MORE:
		if (c->in->in_body && c->state == CONN_HEAD)
			conn_set_state(c, CONN_BODY);
		if (c->in->wants_continue)
			conn_put(c, S("HTTP/1.1 100 Continue\r\n\r\n"), NULL);
		c->in->wants_continue = false;
		break;
	case HTTP_WHOLE:
		hand_up(c);
		break;
	case HTTP_REFUSED:
		conn_refuse(c, &c->in->refusal);
		break;
	}
	return bytes;
}

/* What came while it cannot be taken waits; nothing more is read meanwhile, so this is one read at most. */
static void keep_rest(struct conn *c, struct str bytes)
{
	if (!c->rest) {
		c->rest = mem_new(sizeof *c->rest);
		buf_init(c->rest, 4 * READ_BYTES);
	}
	buf_add(c->rest, bytes);
	c->stopped = true;
	uv_read_stop((uv_stream_t *)&c->tcp);
}

static void take(struct conn *c, struct str bytes)
{
	while (bytes.n) {
		switch (c->state) {
		case CONN_IDLE:
			if (c->out) { /* who does not read answers gets no more of them */
				keep_rest(c, bytes);
				return;
			}
			/* fall through */
		case CONN_HEAD:
		case CONN_BODY:
			bytes = take_http(c, bytes);
			break;
		case CONN_PENDING:
			keep_rest(c, bytes);
			return;
		case CONN_WS:
		case CONN_WS_CLOSING:
			ws_take(c, bytes);
			return;
		default:
			return;
		}
	}
}

static void feed(struct conn *c, struct str bytes)
{
	struct server *s = c->server;

	s->feeding = c;
	take(c, bytes);
	batch_flush(c);
	s->feeding = NULL;
}

static void feed_tls(struct conn *c, struct str bytes)
{
	struct server *s = c->server;
	bool ok;

	buf_reset(&s->plain);
	buf_reset(&s->cipher);
	ok = tls_conn_feed(c->tls, bytes, &s->plain, &s->cipher);
	if (s->cipher.n && conn_unsent(c) > s->limits.ws_unsent_bytes)
		conn_close(c); /* it makes TLS answer (new keys, alerts) and does not read */
	else if (s->cipher.n)
		put_raw(c, buf_str(&s->cipher), NULL);
	if (s->plain.n && c->state != CONN_CLOSED)
		feed(c, buf_str(&s->plain));
	if (!ok && c->state != CONN_CLOSED && c->state != CONN_LINGER)
		conn_end(c);
}

/* ---- going on with what waited ---- */

static void resume(struct conn *c)
{
	struct buf *rest = c->rest;

	if (c->state == CONN_CLOSED || c->out)
		return;
	c->rest = NULL;
	if (rest) {
		feed(c, buf_str(rest));
		buf_done(rest);
		mem_free(rest);
	}
	if (c->state == CONN_CLOSED || c->rest)
		return;
	if (c->eof && c->state != CONN_PENDING && c->state != CONN_LINGER)
		conn_end(c);
	else
		reading_start(c);
}

static void on_resume(uv_idle_t *h)
{
	struct server *s = h->data;
	struct conn *c = s->resume;

	s->resume = NULL;
	uv_idle_stop(h);
	while (c) {
		struct conn *next = c->resume_next;

		c->resuming = false;
		resume(c);
		c = next;
	}
}

/* Never at once: the caller may be in the middle of its own work, and answers would call requests would call answers. */
void conn_resume_later(struct conn *c)
{
	struct server *s = c->server;

	if (c->resuming || s->feeding == c || c->state == CONN_CLOSED || !(c->rest || c->stopped || c->eof))
		return;
	c->resuming = true;
	c->resume_next = s->resume;
	s->resume = c;
	uv_idle_start(&s->resumer, on_resume);
}

/* ---- reading ---- */

static void alloc_read(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
	struct conn *c = h->data;

	(void)hint;
	*out = uv_buf_init(c->server->read_bytes, READ_BYTES);
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = h->data;

	if (n == 0)
		return;
	if (n == UV_EOF && (c->state == CONN_PENDING || c->rest || (c->out && !c->is_ws))) {
		/* half closed: it still wants its answer */
		c->eof = c->stopped = true;
		conn_resume_later(c);
		return;
	}
	if (n < 0) {
		conn_close(c);
		return;
	}
	c->server->counts.bytes_in += (uint64_t)n;
	c->heard = (mono_ms)uv_now(c->server->loop);
	if (c->state == CONN_LINGER)
		return;
	if (c->tls)
		feed_tls(c, str_n(b->base, (size_t)n));
	else
		feed(c, str_n(b->base, (size_t)n));
}

/* ---- accepting ---- */

static void conn_learn_peer(struct conn *c)
{
	struct sockaddr_storage from = {0};
	int n = sizeof from;

	uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&from, &n);
	if (from.ss_family == AF_INET6) {
		c->peer = ((struct sockaddr_in6 *)&from)->sin6_addr;
	} else {
		c->peer.s6_addr[10] = c->peer.s6_addr[11] = 0xff;
		memcpy(c->peer.s6_addr + 12, &((struct sockaddr_in *)&from)->sin_addr, 4);
	}
	c->on_loopback =
		IN6_IS_ADDR_LOOPBACK(&c->peer) || (IN6_IS_ADDR_V4MAPPED(&c->peer) && c->peer.s6_addr[12] == 127);
}

static const struct http_refusal *why_not(struct conn *c)
{
	static const struct http_refusal full = {503, "unavailable", "the server has as many connections as it takes"},
					 many = {503, "too_many",
						 "your address has as many connections as one may have"};
	struct server *s = c->server;
	struct in6_addr key = address_key(&c->peer);

	if (s->counts.connections > s->limits.connections)
		return &full;
	if (c->on_loopback)
		return NULL;
	if (!address_enter(s, &key))
		return &many;
	c->counted = true;
	return NULL;
}

static void on_sweep(uv_timer_t *t);

static void accept_one(struct listener *l)
{
	struct server *s = l->server;
	struct conn *c = mem_new(sizeof *c);
	const struct http_refusal *refusal;

	c->server = s;
	c->tcp.data = c;
	uv_tcp_init(s->loop, &c->tcp);
	c->stopped = true;
	slot_take(s, c);
	s->handles++;
	if (s->counts.connections++ == 0)
		uv_timer_start(&s->sweep, on_sweep, (uint64_t)s->sweep_every, (uint64_t)s->sweep_every);
	conn_set_state(c, CONN_IDLE);
	if (uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)&c->tcp)) {
		conn_close(c);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	conn_learn_peer(c);
	if (l->tls)
		c->tls = tls_conn_new(l->tls);
	reading_start(c);
	refusal = why_not(c);
	if (refusal && c->tls) {
		s->counts.refused++;
		conn_close(c); /* an answer would cost a handshake */
	} else if (refusal) {
		conn_refuse(c, refusal);
	}
}

static bool is_full(const struct server *s)
{
	return s->counts.connections >= s->limits.connections + OVER_LIMIT_MAX;
}

static void on_connection(uv_stream_t *h, int status)
{
	struct listener *l = h->data;

	if (status < 0)
		return;
	if (is_full(l->server))
		l->waiting = true; /* libuv pauses a listener whose connection is not accepted */
	else
		accept_one(l);
}

static void accept_waiting(struct server *s)
{
	for (struct listener *l = s->listeners; l && !is_full(s); l = l->next)
		if (l->waiting && !s->draining) {
			l->waiting = false;
			accept_one(l);
		}
}

static void on_listener_closed(uv_handle_t *h)
{
	struct listener *l = h->data;
	struct server *s = l->server;

	mem_free(l);
	s->handles--;
	server_end_if_done(s);
}

static void listeners_close(struct server *s)
{
	struct listener *l = s->listeners;

	s->listeners = NULL;
	while (l) {
		struct listener *next = l->next;

		uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
		l = next;
	}
}

static bool parse_address(struct str address, int port, struct sockaddr_storage *out)
{
	char text[INET6_ADDRSTRLEN + 20];

	if (address.n >= sizeof text || port < 0 || port > 65535)
		return false;
	memcpy(text, address.p, address.n);
	text[address.n] = '\0';
	return uv_ip4_addr(text, port, (struct sockaddr_in *)out) == 0 ||
	       uv_ip6_addr(text, port, (struct sockaddr_in6 *)out) == 0;
}

bool server_listen(struct server *s, struct str address, int *port, struct tls_context *tls, struct err *err)
{
	struct sockaddr_storage at = {0};
	struct listener *l;
	int n = sizeof at, why;

	if (!parse_address(address, *port, &at)) {
		err_set(err, ERR_INVALID, STR_FMT " port %d is not an address to listen on", STR_ARG(address), *port);
		return false;
	}
	l = mem_new(sizeof *l);
	l->server = s;
	l->tls = tls;
	uv_tcp_init(s->loop, &l->tcp);
	l->tcp.data = l;
	s->handles++;
	why = uv_tcp_bind(&l->tcp, (struct sockaddr *)&at, 0);
	if (!why)
		why = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (!why)
		why = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&at, &n);
	if (why) {
		err_set(err,
			why == UV_EADDRINUSE ? ERR_CONFLICT
			: why == UV_EACCES   ? ERR_FORBIDDEN
					     : ERR_UNAVAILABLE,
			"cannot listen on " STR_FMT " port %d: %s", STR_ARG(address), *port, uv_strerror(why));
		uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
		return false;
	}
	*port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					       : ((struct sockaddr_in *)&at)->sin_port);
	l->next = s->listeners;
	s->listeners = l;
	return true;
}

/* ---- deadlines ---- */

static bool is_stuck(struct conn *c, mono_ms now)
{
	struct out_queue *q = c->out;
	size_t socket_bytes;

	if (!q)
		return false;
	socket_bytes = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
	if (socket_bytes != q->socket_bytes) {
		q->socket_bytes = socket_bytes;
		q->progress = now;
	}
	return now - q->progress > c->server->limits.body_deadline;
}

static void sweep_one(struct conn *c, mono_ms now)
{
	static const struct http_refusal slow_head = {408, "timeout", "the head of the request did not come in time"},
					 slow_body = {408, "timeout", "the body of the request did not come in time"};
	const struct server_limits *l = &c->server->limits;
	span_ms age = now - c->since;

	switch (c->state) {
	case CONN_IDLE:
		if (c->out ? is_stuck(c, now) : age > l->idle_deadline && !c->rest)
			conn_close(c);
		break;
	case CONN_HEAD:
		if (age > l->head_deadline)
			conn_refuse(c, &slow_head);
		break;
	case CONN_BODY:
		if (age > l->body_deadline)
			conn_refuse(c, &slow_body);
		break;
	case CONN_WS:
		ws_sweep(c, now);
		break;
	case CONN_WS_CLOSING:
		if (age > l->head_deadline)
			conn_close(c);
		break;
	case CONN_LINGER:
		if (c->out ? is_stuck(c, now) : age > LINGER_MS || age > l->head_deadline)
			conn_close(c);
		break;
	default:
		break;
	}
}

static void on_sweep(uv_timer_t *t)
{
	struct server *s = t->data;
	mono_ms now = (mono_ms)uv_now(s->loop);

	for (uint32_t i = 0; i < s->slot_count; i++)
		if (s->slots[i].conn)
			sweep_one(s->slots[i].conn, now);
}

/* A quarter of the shortest deadline, so that tests with tiny ones need not wait; in life 250 ms. */
static span_ms sweep_period(const struct server_limits *l)
{
	const span_ms all[] = {l->head_deadline, l->body_deadline, l->idle_deadline, l->ws_ping_every};
	span_ms least = SECOND;

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i] < least)
			least = all[i];
	return least / 4 > 0 ? least / 4 : 1;
}

/* ---- start and end ---- */

struct server *server_new(uv_loop_t *loop, const struct server_limits *limits, const struct server_events *events)
{
	struct server *s = mem_new(sizeof *s);

	signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
	s->loop = loop;
	s->limits = *limits;
	s->events = *events;
	s->sweep_every = sweep_period(limits);
	buf_init(&s->batch, SIZE_MAX / 2);
	buf_init(&s->scratch, SIZE_MAX / 2);
	buf_init(&s->plain, SIZE_MAX / 2);
	buf_init(&s->cipher, SIZE_MAX / 2);
	uv_timer_init(loop, &s->sweep);
	uv_timer_init(loop, &s->drain);
	uv_idle_init(loop, &s->resumer);
	s->sweep.data = s->drain.data = s->resumer.data = s;
	uv_unref((uv_handle_t *)&s->sweep); /* the connections keep the loop alive */
	s->handles = 3;
	return s;
}

void server_set_limits(struct server *s, const struct server_limits *limits)
{
	s->limits = *limits;
	s->sweep_every = sweep_period(limits);
	if (s->counts.connections)
		uv_timer_start(&s->sweep, on_sweep, (uint64_t)s->sweep_every, (uint64_t)s->sweep_every);
	accept_waiting(s);
}

static void close_all(struct server *s)
{
	for (uint32_t i = 0; i < s->slot_count; i++)
		if (s->slots[i].conn)
			conn_close(s->slots[i].conn);
}

static void drain_check(struct server *s)
{
	if (!s->draining || s->drained || s->freed || s->counts.connections)
		return;
	s->drained = true;
	uv_timer_stop(&s->drain);
	s->on_drained(s->drain_context);
}

static void on_drain_over(uv_timer_t *t)
{
	struct server *s = t->data;

	close_all(s);
	drain_check(s);
}

void server_drain(struct server *s, span_ms limit, void (*on_drained)(void *context), void *context)
{
	s->draining = true;
	s->on_drained = on_drained;
	s->drain_context = context;
	listeners_close(s);
	for (uint32_t i = 0; i < s->slot_count; i++) {
		struct conn *c = s->slots[i].conn;

		if (c && c->state == CONN_IDLE && !c->rest)
			conn_end(c);
		else if (c && c->state == CONN_WS)
			ws_close(s, c->id, 1001, S("restart"));
	}
	uv_timer_start(&s->drain, on_drain_over, s->counts.connections ? (uint64_t)limit : 0, 0);
}

static void server_end_if_done(struct server *s)
{
	struct http_in *in = s->spare_ins;

	if (!s->freed || s->handles)
		return;
	while (in) {
		struct http_in *next = in->next;

		mem_free(in);
		in = next;
	}
	for (unsigned i = 0; i < ADDRESS_BUCKETS; i++)
		while (s->addresses[i]) {
			struct address *next = s->addresses[i]->next;

			mem_free(s->addresses[i]);
			s->addresses[i] = next;
		}
	ws_rx_free(s->spare_rx);
	buf_done(&s->batch);
	buf_done(&s->scratch);
	buf_done(&s->plain);
	buf_done(&s->cipher);
	mem_free(s->slots);
	mem_free(s);
}

static void on_own_closed(uv_handle_t *h)
{
	struct server *s = h->data;

	s->handles--;
	server_end_if_done(s);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	s->freed = true;
	listeners_close(s);
	for (uint32_t i = 0; i < s->slot_count; i++)
		if (s->slots[i].conn)
			tell_ws_closed(s->slots[i].conn);
	memset(&s->events, 0, sizeof s->events);
	close_all(s);
	uv_close((uv_handle_t *)&s->sweep, on_own_closed);
	uv_close((uv_handle_t *)&s->drain, on_own_closed);
	uv_close((uv_handle_t *)&s->resumer, on_own_closed);
}
