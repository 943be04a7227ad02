/* tests/unit/net_fixture.h -- a real server on a loop of its own thread, and plain blocking sockets to talk to it.
 *
 * Nothing here sleeps: a test reads until it has what it waits for. WAIT_MS only ends a test that would hang.
 *
 * What the server does: /hello answers "hello", /echo its body, /later waits for world_release(), /big answers 3 MiB, /empty
 * 204, /same 304, /ws is a WebSocket that echoes; the message "all X" goes to every WebSocket, "bye" closes with 4000.
 */
#pragma once
#include "net/server.h"
#include "net/tls.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000
#define BIG_BYTES (3 * MIB)

struct answered {
	char method[16], path[64];
	int status;
};

struct world {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uv_loop_t loop;
	uv_async_t wake;
	struct server *server;
	struct server_limits limits;
	struct tls_context *tls;
	int port;
	/* what the other thread asks for; run on the loop */
	void (*job)(struct world *w);
	bool job_done, stop;
	/* on the loop */
	conn_id later[64], sockets[64];
	size_t later_count, socket_count;
	struct http_request *last; /* a copy is not needed: freed with the next */
	/* under the lock */
	struct answered answered[256];
	size_t answered_count;
	char refused[200]; /* the last that the server refused itself: "413 POST /path x-test" */
	unsigned refused_count;
	unsigned later_seen, opened, closed, drained;
	struct server_counts counts;
};

static inline void world_note(struct world *w)
{
	pthread_cond_broadcast(&w->changed);
}

static inline void world_answer(struct world *w, conn_id id, int status, struct str body)
{
	http_answer(w->server, id, &(struct http_answer){.status = status, .content_type = "text/plain", .body = body});
}

static inline void world_send_all(struct world *w, struct str text)
{
	struct ws_frame *f = ws_frame_new(text);

	for (size_t i = 0; i < w->socket_count; i++)
		ws_send(w->server, w->sockets[i], f);
	ws_frame_release(f);
}

static inline void world_on_request(void *context, struct http_request *r)
{
	struct world *w = context;

	if (str_is(r->path, "/ws") && r->wants_websocket) {
		w->sockets[w->socket_count++] = r->conn;
		ck_assert(ws_accept(w->server, r->conn, "X-Test: ws\r\n", w));
		pthread_mutex_lock(&w->lock);
		w->opened++;
		world_note(w);
		pthread_mutex_unlock(&w->lock);
	} else if (str_is(r->path, "/later")) {
		w->later[w->later_count++] = r->conn;
		pthread_mutex_lock(&w->lock);
		w->later_seen++;
		world_note(w);
		pthread_mutex_unlock(&w->lock);
	} else if (str_is(r->path, "/hello")) {
		world_answer(w, r->conn, 200, S("hello"));
	} else if (str_is(r->path, "/echo")) {
		world_answer(w, r->conn, 200, r->body);
	} else if (str_is(r->path, "/big")) {
		char *big = mem_new(BIG_BYTES);

		memset(big, 'b', BIG_BYTES);
		world_answer(w, r->conn, 200, str_n(big, BIG_BYTES));
		mem_free(big);
	} else if (str_is(r->path, "/about")) {
		struct str text = arena_printf(&r->arena, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|%d%d",
					       STR_ARG(r->method), STR_ARG(r->query), STR_ARG(r->remote),
					       STR_ARG(http_header_get(r, "x-test")), r->secure, r->on_loopback);
		world_answer(w, r->conn, 200, text);
	} else if (str_is(r->path, "/empty")) {
		http_answer(w->server, r->conn, &(struct http_answer){.status = 204});
	} else if (str_is(r->path, "/same")) {
		http_answer(w->server, r->conn, &(struct http_answer){.status = 304, .headers = S("ETag: \"1\"\r\n")});
	} else {
		world_answer(w, r->conn, 404, r->path);
	}
	http_request_free(r);
}

static inline void world_on_message(void *context, conn_id conn, void *user, struct str text)
{
	struct world *w = context;
	struct ws_frame *f;

	ck_assert_ptr_eq(user, w);
	if (str_starts(text, S("all "))) {
		world_send_all(w, str_n(text.p + 4, text.n - 4));
		return;
	}
	if (str_is(text, "bye")) {
		ws_close(w->server, conn, 4000, S("as you wish"));
		return;
	}
	f = ws_frame_new(text);
	ws_send(w->server, conn, f);
	ws_frame_release(f);
}

static inline void world_on_closed(void *context, conn_id conn, void *user)
{
	struct world *w = context;

	ck_assert_ptr_eq(user, w);
	for (size_t i = 0; i < w->socket_count; i++)
		if (w->sockets[i] == conn)
			w->sockets[i] = w->sockets[--w->socket_count];
	pthread_mutex_lock(&w->lock);
	w->closed++;
	world_note(w);
	pthread_mutex_unlock(&w->lock);
}

/* What there is of it can be looked at, and outlives the connection. */
static inline void world_on_refused(void *context, struct http_request *r, int status, const char *detail)
{
	struct world *w = context;

	ck_assert(r->method.n && r->path.n && r->remote.n && !r->body.n && detail[0]);
	for (size_t i = 0; i < r->header_count; i++)
		ck_assert(r->headers[i].name.n > 0);
	pthread_mutex_lock(&w->lock);
	snprintf(w->refused, sizeof w->refused, "%d " STR_FMT " " STR_FMT " " STR_FMT, status, STR_ARG(r->method), STR_ARG(r->path),
		 STR_ARG(http_header_get(r, "x-test")));
	w->refused_count++;
	world_note(w);
	pthread_mutex_unlock(&w->lock);
	http_request_free(r);
}

static inline void world_on_answered(void *context, struct str method, struct str path, int status, int64_t us)
{
	struct world *w = context;
	struct answered *a;

	ck_assert_int_ge(us, 0);
	pthread_mutex_lock(&w->lock);
	a = &w->answered[w->answered_count++ % COUNT_OF(w->answered)];
	snprintf(a->method, sizeof a->method, STR_FMT, STR_ARG(method));
	snprintf(a->path, sizeof a->path, STR_FMT, STR_ARG(path));
	a->status = status;
	world_note(w);
	pthread_mutex_unlock(&w->lock);
}

static inline void world_on_wake(uv_async_t *h)
{
	struct world *w = h->data;
	bool stop;

	pthread_mutex_lock(&w->lock);
	if (w->job) {
		void (*job)(struct world * w) = w->job;

		w->job = NULL;
		pthread_mutex_unlock(&w->lock);
		job(w);
		pthread_mutex_lock(&w->lock);
		w->job_done = true;
		world_note(w);
	}
	stop = w->stop;
	w->stop = false;
	pthread_mutex_unlock(&w->lock);
	if (stop) {
		server_free(w->server);
		uv_close((uv_handle_t *)&w->wake, NULL);
	}
}

static inline void *world_thread(void *context)
{
	struct world *w = context;

	uv_run(&w->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* Runs job on the loop and waits for its end. */
static inline void world_do(struct world *w, void (*job)(struct world *w))
{
	pthread_mutex_lock(&w->lock);
	w->job = job;
	w->job_done = false;
	uv_async_send(&w->wake);
	while (!w->job_done)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static inline struct world *world_new(const struct server_limits *limits, struct tls_context *tls)
{
	struct server_events events = {.on_request = world_on_request,
				       .on_ws_message = world_on_message,
				       .on_ws_closed = world_on_closed,
				       .on_refused = world_on_refused,
				       .on_answered = world_on_answered};
	struct world *w = mem_new(sizeof *w);
	struct err err = {0};

	w->limits = limits ? *limits : server_default_limits;
	w->tls = tls;
	events.context = w;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	uv_loop_init(&w->loop);
	uv_async_init(&w->loop, &w->wake, world_on_wake);
	w->wake.data = w;
	w->server = server_new(&w->loop, &w->limits, &events);
	ck_assert_msg(server_listen(w->server, S("127.0.0.1"), &w->port, tls, &err), "%s", err.text);
	pthread_create(&w->thread, NULL, world_thread, w);
	return w;
}

static inline void world_free(struct world *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	uv_async_send(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	ck_assert_int_eq(uv_loop_close(&w->loop), 0);
	ck_assert_uint_eq(w->opened, w->closed);
	tls_context_free(w->tls);
	mem_free(w);
}

/* Waits until a number that the loop counts has grown. */
#define world_await(w, condition)                                                                                      \
	do {                                                                                                           \
		pthread_mutex_lock(&(w)->lock);                                                                        \
		while (!(condition))                                                                                   \
			pthread_cond_wait(&(w)->changed, &(w)->lock);                                                  \
		pthread_mutex_unlock(&(w)->lock);                                                                      \
	} while (0)

static inline void world_job_count(struct world *w)
{
	w->counts = server_count(w->server);
}

static inline struct server_counts world_counts(struct world *w)
{
	world_do(w, world_job_count);
	return w->counts;
}

static inline unsigned world_closed(struct world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->closed;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static inline void world_job_release(struct world *w)
{
	while (w->later_count)
		world_answer(w, w->later[--w->later_count], 200, S("later"));
}

/* ---- the other side: plain sockets ---- */

static inline int dial_port(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static inline int dial(const struct world *w)
{
	return dial_port(w->port);
}

static inline void say_bytes(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		s = str_n(s.p + n, s.n - (size_t)n);
	}
}

static inline void say(int fd, const char *z)
{
	say_bytes(fd, str_of(z));
}

/* Waits for bytes. false: the other side closed. */
static inline bool hear_some(int fd, struct buf *heard)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char *to = buf_room(heard, 64 * KIB);
	ssize_t n;

	ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "nothing more comes after '%.200s'", heard->p ? heard->p : "");
	n = recv(fd, to, 64 * KIB, 0);
	if (n <= 0)
		return false;
	heard->n += (size_t)n;
	heard->p[heard->n] = '\0';
	return true;
}

/* Reads one answer (by its Content-Length) and cuts it off the front of *heard. */
struct reply {
	int status;
	bool whole;
	char head[2048];
	char *body;
	size_t body_n;
};

static inline struct str reply_header(const struct reply *r, const char *name)
{
	struct str rest = str_of(r->head), line, key, value;

	while (rest.n) {
		rest = str_cut(rest, '\n', &line);
		value = str_cut(line, ':', &key);
		if (str_eq_nocase(key, str_of(name)))
			return str_trim(value);
	}
	return S("");
}

static inline struct reply hear_reply_to(int fd, struct buf *heard, bool is_head)
{
	static char body[4 * MIB];
	struct reply r = {.body = body};
	struct str line, status;
	int64_t number = 0;
	size_t end;

	while (!str_find(buf_str(heard), S("\r\n\r\n"), &end))
		if (!hear_some(fd, heard))
			return r;
	ck_assert_uint_lt(end, sizeof r.head - 2);
	snprintf(r.head, sizeof r.head, "%.*s\r\n", (int)end, heard->p);
	status = str_cut(str_of(r.head), ' ', &line);
	str_cut(status, ' ', &status);
	ck_assert(str_to_int(status, &number));
	r.status = (int)number;
	end += 4;
	number = 0;
	if (reply_header(&r, "content-length").n && !is_head)
		ck_assert(str_to_int(reply_header(&r, "content-length"), &number));
	ck_assert_uint_lt((size_t)number, sizeof body);
	while (heard->n < end + (size_t)number)
		if (!hear_some(fd, heard))
			return r;
	r.body_n = (size_t)number;
	memcpy(body, heard->p + end, r.body_n);
	body[r.body_n] = '\0';
	memmove(heard->p, heard->p + end + number, heard->n - end - (size_t)number + 1);
	heard->n -= end + (size_t)number;
	r.whole = true;
	return r;
}

static inline struct reply hear_reply(int fd, struct buf *heard)
{
	return hear_reply_to(fd, heard, false);
}

/* The other side closes, and says nothing more before. */
static inline void hear_end(int fd, struct buf *heard)
{
	while (hear_some(fd, heard))
		;
	ck_assert_msg(heard->n == 0, "there is more: '%.200s'", heard->p ? heard->p : "");
}

/* Sends, reads one answer, closes. */
static inline struct reply ask(const struct world *w, struct str request)
{
	struct reply r;
	struct buf heard;
	int fd = dial(w);

	buf_init(&heard, 16 * MIB);
	say_bytes(fd, request);
	r = hear_reply(fd, &heard);
	buf_done(&heard);
	close(fd);
	return r;
}

/* ---- WebSocket by hand ---- */

static inline void ws_say_frame(int fd, unsigned first, bool masked, struct str payload)
{
	char *frame = mem_new(payload.n + 14);
	size_t n = 2;

	frame[0] = (char)first;
	frame[1] = (char)(masked ? 0x80 : 0);
	if (payload.n < 126) {
		frame[1] |= (char)payload.n;
	} else if (payload.n < 65536) {
		frame[1] |= 126;
		frame[n++] = (char)(payload.n >> 8);
		frame[n++] = (char)payload.n;
	} else {
		frame[1] |= 127;
		for (int i = 56; i >= 0; i -= 8)
			frame[n++] = (char)((uint64_t)payload.n >> i);
	}
	if (masked) {
		memcpy(frame + n, "mask", 4);
		n += 4;
	}
	for (size_t i = 0; i < payload.n; i++)
		frame[n + i] = masked ? (char)(payload.p[i] ^ "mask"[i % 4]) : payload.p[i];
	say_bytes(fd, str_n(frame, n + payload.n));
	mem_free(frame);
}

static inline void ws_say(int fd, const char *text)
{
	ws_say_frame(fd, 0x81, true, str_of(text));
}

struct ws_heard {
	unsigned first; /* FIN, RSV and opcode; 0: the connection ended */
	char text[4096];
	size_t n;
};

static inline struct ws_heard ws_hear(int fd, struct buf *heard)
{
	struct ws_heard h = {0};
	size_t head = 2, n;

	while (heard->n < 2)
		if (!hear_some(fd, heard))
			return h;
	ck_assert_msg(!(heard->p[1] & 0x80), "a server must not mask");
	n = (size_t)heard->p[1] & 0x7f;
	if (n == 126) {
		head = 4;
		while (heard->n < 4)
			if (!hear_some(fd, heard))
				return h;
		n = (size_t)(uint8_t)heard->p[2] << 8 | (uint8_t)heard->p[3];
	} else if (n == 127) {
		head = 10;
		while (heard->n < 10)
			if (!hear_some(fd, heard))
				return h;
		n = 0;
		for (int i = 2; i < 10; i++)
			n = n << 8 | (uint8_t)heard->p[i];
	}
	while (heard->n < head + n)
		if (!hear_some(fd, heard))
			return h;
	h.first = (uint8_t)heard->p[0];
	h.n = n;
	memcpy(h.text, heard->p + head, n < sizeof h.text - 1 ? n : sizeof h.text - 1);
	memmove(heard->p, heard->p + head + n, heard->n - head - n + 1);
	heard->n -= head + n;
	return h;
}

static inline int ws_close_code(const struct ws_heard *h)
{
	return h->first == 0x88 && h->n >= 2 ? (uint8_t)h->text[0] << 8 | (uint8_t)h->text[1] : 0;
}

#define WS_ASK                                                                                                         \
	"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                     \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

static inline int ws_dial(const struct world *w, struct buf *heard)
{
	int fd = dial(w);
	struct reply r;

	buf_init(heard, 16 * MIB);
	say(fd, WS_ASK);
	r = hear_reply(fd, heard);
	ck_assert_int_eq(r.status, 101);
	ck_str(reply_header(&r, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 section 1.3 */
	return fd;
}

/* ---- a server of one connection, whose part a function plays on a thread of its own ---- */

/* The system picks the port. */
static inline int listen_here(int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof at;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&at, &n);
	*port = ntohs(at.sin_port);
	return fd;
}

struct peer {
	pthread_t thread;
	int listener, port;
	void (*play)(struct peer *p, int fd);
	const void *part; /* for play */
	struct buf heard;
};

static inline void *peer_thread(void *context)
{
	struct peer *p = context;
	int fd = accept(p->listener, NULL, NULL), one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	p->play(p, fd);
	close(fd);
	return NULL;
}

static inline void peer_start(struct peer *p, void (*play)(struct peer *p, int fd), const void *part)
{
	*p = (struct peer){.play = play, .part = part};
	buf_init(&p->heard, 64 * MIB);
	p->listener = listen_here(&p->port);
	pthread_create(&p->thread, NULL, peer_thread, p);
}

static inline void peer_end(struct peer *p)
{
	pthread_join(p->thread, NULL);
	close(p->listener);
	buf_done(&p->heard);
}

/* Until the other side closes. */
static inline void peer_hear_all(struct peer *p, int fd)
{
	while (hear_some(fd, &p->heard))
		;
}

/* ---- certificates ---- */

/* Writes a new key and a certificate signed with it, cert.pem and key.pem in the folder. alt: "DNS:localhost,IP:127.0.0.1", or NULL. */
static inline void make_certificate(const char *folder, const char *name, const char *alt)
{
	char path[256];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	FILE *f;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	if (alt) {
		X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);

		ck_assert_int_eq(X509_add_ext(cert, names, -1), 1);
		X509_EXTENSION_free(names);
	}
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	snprintf(path, sizeof path, "%s/cert.pem", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	PEM_write_X509(f, cert);
	fclose(f);
	snprintf(path, sizeof path, "%s/key.pem", folder);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}
