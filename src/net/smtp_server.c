#include "net/smtp_server.h"

#include <arpa/inet.h>
#include <stdio.h>

#define READ_BYTES (64 * KIB)
#define UNSENT_MAX (64 * KIB) /* who does not read replies gets no more of them */
#define LINGER (2 * SECOND)
#define SWEEP_EVERY (SECOND / 2)
#define OUT_MAX (64 * KIB)

const struct smtp_server_limits smtp_default_limits = {
	.session = {.message_bytes = 16 * MIB, .kept_bytes = 1 * MIB, .mistakes = 10},
	.connections = 100,
	.idle_deadline = 5 * MINUTE, /* RFC 5321 section 4.5.3.2.7 */
	.session_deadline = HOUR,
};

struct smtp_conn {
	uv_tcp_t tcp;
	struct smtp_server *server;
	struct smtp_conn *next, *prev;
	smtp_id id;
	struct smtp_in in;
	struct tls_conn *tls;
	struct buf rest; /* came while an answer was waited for */
	char remote[INET6_ADDRSTRLEN];
	mono_ms began, heard, ended;
	bool waits;   /* for an answer */
	bool feeding; /* its bytes are being taken */
	bool ending;  /* close when all is sent */
	bool lingers; /* all is sent: what still comes is thrown away */
	bool closed, on_loopback;
};

struct smtp_server {
	uv_loop_t *loop;
	struct smtp_server_limits limits;
	struct smtp_events events;
	struct tls_context *tls;
	char *host;
	uv_tcp_t listener;
	uv_timer_t sweep;
	struct smtp_conn *conns;
	unsigned count, handles;
	smtp_id last_id;
	bool listening, draining, freed;
	mono_ms drain_until;
	void (*on_drained)(void *context);
	void *drain_context;
	struct buf out, plain, cipher;
	char read_bytes[READ_BYTES];
};

static mono_ms now_of(const struct smtp_server *s)
{
	return (mono_ms)uv_now(s->loop);
}

/* ---- the end ---- */

static void server_end_if_done(struct smtp_server *s)
{
	if (!s->freed || s->handles)
		return;
	buf_done(&s->out);
	buf_done(&s->plain);
	buf_done(&s->cipher);
	mem_free(s->host);
	mem_free(s);
}

static void drained_if_done(struct smtp_server *s)
{
	void (*on_drained)(void *context) = s->on_drained;

	if (!s->draining || s->conns || !on_drained)
		return;
	s->on_drained = NULL;
	on_drained(s->drain_context);
}

static void on_conn_closed(uv_handle_t *h)
{
	struct smtp_conn *c = h->data;
	struct smtp_server *s = c->server;

	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	smtp_in_done(&c->in);
	tls_conn_free(c->tls);
	buf_done(&c->rest);
	mem_free(c);
	s->count--;
	s->handles--;
	if (!s->conns && !s->freed)
		uv_timer_stop(&s->sweep);
	drained_if_done(s);
	server_end_if_done(s);
}

static void conn_close(struct smtp_conn *c)
{
	if (c->closed)
		return;
	c->closed = true;
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void alloc_read(uv_handle_t *h, size_t hint, uv_buf_t *out);
static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b);

/* A socket that is closed with unread bytes resets the connection, and the last reply is lost. */
static void conn_linger(struct smtp_conn *c)
{
	uv_os_fd_t fd;

	if (c->closed || c->lingers || uv_fileno((uv_handle_t *)&c->tcp, &fd))
		return;
	shutdown(fd, SHUT_WR);
	c->lingers = true;
	c->ended = now_of(c->server);
	uv_read_start((uv_stream_t *)&c->tcp, alloc_read, on_read);
}

/* ---- sending ---- */

struct sending {
	uv_write_t write;
	char bytes[];
};

static void on_written(uv_write_t *w, int status)
{
	struct smtp_conn *c = w->handle->data;

	mem_free(w);
	if (c->closed)
		return;
	if (status < 0)
		conn_close(c);
	else if (c->ending && !uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp))
		conn_linger(c);
}

static void put_raw(struct smtp_conn *c, struct str bytes)
{
	struct sending *s;
	uv_buf_t b;

	if (c->closed || !bytes.n)
		return;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > UNSENT_MAX) {
		conn_close(c);
		return;
	}
	s = mem_new(sizeof *s + bytes.n);
	memcpy(s->bytes, bytes.p, bytes.n);
	b = uv_buf_init(s->bytes, (unsigned)bytes.n);
	if (uv_write(&s->write, (uv_stream_t *)&c->tcp, &b, 1, on_written)) {
		mem_free(s);
		conn_close(c);
	}
}

static void put(struct smtp_conn *c, struct str bytes)
{
	struct smtp_server *s = c->server;

	if (!c->tls) {
		put_raw(c, bytes);
		return;
	}
	buf_reset(&s->cipher);
	if (tls_conn_write(c->tls, bytes, &s->cipher))
		put_raw(c, buf_str(&s->cipher));
	else
		conn_close(c);
}

static void conn_end(struct smtp_conn *c)
{
	struct smtp_server *s = c->server;

	if (c->closed || c->ending)
		return;
	if (c->tls) {
		buf_reset(&s->cipher);
		tls_conn_shutdown(c->tls, &s->cipher);
		put_raw(c, buf_str(&s->cipher));
	}
	c->ending = true;
	if (!c->closed && !uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp))
		conn_linger(c);
}

static void conn_dismiss(struct smtp_conn *c, const char *why)
{
	put(c, str_of(why));
	conn_end(c);
}

/* ---- taking bytes ---- */

static void ask_recipient(struct smtp_conn *c)
{
	struct smtp_server *s = c->server;

	c->waits = true;
	s->events.on_recipient(s->events.context, c->id, c->in.asked, str_of(c->remote));
}

static void ask_message(struct smtp_conn *c)
{
	struct smtp_server *s = c->server;
	struct smtp_mail mail = {.bytes = buf_str(&c->in.message),
				 .to = c->in.to,
				 .to_count = c->in.to_count,
				 .remote = str_of(c->remote),
				 .secure = c->tls != NULL};

	c->waits = true;
	s->events.on_message(s->events.context, c->id, &mail);
}

/* What came in one piece with STARTTLS was not said in TLS: whoever put it there may be somebody else (CVE-2011-0411). */
static void begin_tls(struct smtp_conn *c, struct str left)
{
	if (left.n) {
		conn_close(c);
		return;
	}
	c->tls = tls_conn_new(c->server->tls);
	smtp_in_secured(&c->in);
}

static void flush_replies(struct smtp_conn *c)
{
	struct smtp_server *s = c->server;

	put(c, buf_str(&s->out));
	buf_reset(&s->out);
}

/* Feeds as long as nobody is asked. What comes behind a question waits in `rest`, and nothing more is read. */
static void feed(struct smtp_conn *c, struct str bytes)
{
	struct smtp_server *s = c->server;

	c->feeding = true;
	while (bytes.n && !c->waits && !c->ending && !c->closed) {
		enum smtp_step step = smtp_in_feed(&c->in, &bytes, &s->out);

		flush_replies(c);
		if (c->closed)
			break;
		if (step == SMTP_RECIPIENT)
			ask_recipient(c);
		else if (step == SMTP_MESSAGE)
			ask_message(c);
		else if (step == SMTP_END)
			conn_end(c);
		else if (step == SMTP_TLS) {
			begin_tls(c, bytes);
			break;
		}
	}
	c->feeding = false;
	if (!c->waits || c->closed)
		return;
	buf_add(&c->rest, bytes);
	uv_read_stop((uv_stream_t *)&c->tcp);
}

/* After an answer: goes on with what waited. */
static void go_on(struct smtp_conn *c, enum smtp_step step)
{
	struct buf rest = c->rest;

	c->waits = false;
	flush_replies(c);
	if (c->closed)
		return;
	if (step == SMTP_END) {
		conn_end(c);
		return;
	}
	if (c->server->draining) {
		conn_dismiss(c, "421 4.3.2 the service is stopping\r\n");
		return;
	}
	if (c->feeding) /* answered at once: feed() goes on by itself */
		return;
	c->heard = now_of(c->server);
	buf_init(&c->rest, 4 * READ_BYTES);
	feed(c, buf_str(&rest));
	buf_done(&rest);
	if (!c->waits && !c->closed)
		uv_read_start((uv_stream_t *)&c->tcp, alloc_read, on_read);
}

static struct smtp_conn *conn_find(struct smtp_server *s, smtp_id id)
{
	for (struct smtp_conn *c = s->conns; c; c = c->next)
		if (c->id == id)
			return c->waits && !c->closed ? c : NULL;
	return NULL;
}

void smtp_answer_recipient(struct smtp_server *s, smtp_id id, enum smtp_verdict v)
{
	struct smtp_conn *c = conn_find(s, id);

	if (c)
		go_on(c, smtp_in_recipient(&c->in, v, &s->out));
}

void smtp_answer_message(struct smtp_server *s, smtp_id id, enum smtp_verdict v, struct str why)
{
	struct smtp_conn *c = conn_find(s, id);

	if (c)
		go_on(c, smtp_in_message(&c->in, v, why, &s->out));
}

static void feed_tls(struct smtp_conn *c, struct str bytes)
{
	struct smtp_server *s = c->server;
	bool ok;

	buf_reset(&s->plain);
	buf_reset(&s->cipher);
	ok = tls_conn_feed(c->tls, bytes, &s->plain, &s->cipher);
	put_raw(c, buf_str(&s->cipher));
	feed(c, buf_str(&s->plain));
	if (!ok)
		conn_close(c);
}

static void alloc_read(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
	struct smtp_conn *c = h->data;

	(void)hint;
	*out = uv_buf_init(c->server->read_bytes, READ_BYTES);
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct smtp_conn *c = h->data;

	if (n == 0)
		return;
	if (n < 0) {
		conn_close(c);
		return;
	}
	c->heard = now_of(c->server);
	if (c->ending)
		return;
	if (c->tls)
		feed_tls(c, str_n(b->base, (size_t)n));
	else
		feed(c, str_n(b->base, (size_t)n));
}

/* ---- deadlines ---- */

static void sweep_one(struct smtp_conn *c, mono_ms now)
{
	const struct smtp_server_limits *l = &c->server->limits;

	if (c->closed)
		return;
	if (c->lingers ? now - c->ended > LINGER : c->server->draining && now > c->server->drain_until)
		conn_close(c);
	else if (c->ending ? now - c->heard > l->idle_deadline : false)
		conn_close(c); /* it does not read the last reply */
	else if (!c->waits && !c->ending && (now - c->heard > l->idle_deadline || now - c->began > l->session_deadline))
		conn_dismiss(c, "421 4.4.2 that took too long, good bye\r\n");
}

static void on_sweep(uv_timer_t *t)
{
	struct smtp_server *s = t->data;

	for (struct smtp_conn *c = s->conns; c; c = c->next)
		sweep_one(c, now_of(s));
}

/* ---- accepting ---- */

static void learn_peer(struct smtp_conn *c)
{
	struct sockaddr_storage from = {0};
	struct in6_addr *six = &((struct sockaddr_in6 *)&from)->sin6_addr;
	int n = sizeof from;

	uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&from, &n);
	if (from.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		inet_ntop(AF_INET, six->s6_addr + 12, c->remote, sizeof c->remote);
	else
		uv_ip_name((struct sockaddr *)&from, c->remote, sizeof c->remote);
	c->on_loopback = str_starts(str_of(c->remote), S("127.")) || str_is(str_of(c->remote), "::1");
}

static bool has_room(const struct smtp_server *s, const struct smtp_conn *c)
{
	unsigned same = 0;

	if (s->count > s->limits.connections)
		return false;
	for (const struct smtp_conn *other = s->conns; other; other = other->next)
		same += strcmp(other->remote, c->remote) == 0;
	return c->on_loopback || same <= (s->limits.connections + 3) / 4;
}

static void on_connection(uv_stream_t *h, int status)
{
	struct smtp_server *s = h->data;
	struct smtp_conn *c;

	if (status < 0)
		return;
	c = mem_new(sizeof *c);
	c->server = s;
	c->tcp.data = c;
	c->id = ++s->last_id;
	c->began = c->heard = now_of(s);
	smtp_in_init(&c->in, &s->limits.session, str_of(s->host), s->tls != NULL);
	buf_init(&c->rest, 4 * READ_BYTES);
	uv_tcp_init(s->loop, &c->tcp);
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->handles++;
	if (s->count++ == 0)
		uv_timer_start(&s->sweep, on_sweep, SWEEP_EVERY, SWEEP_EVERY);
	if (uv_accept(h, (uv_stream_t *)&c->tcp) || uv_read_start((uv_stream_t *)&c->tcp, alloc_read, on_read)) {
		conn_close(c);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	learn_peer(c);
	if (!has_room(s, c)) {
		conn_dismiss(c, "421 4.3.2 there are too many connections, try again later\r\n");
		return;
	}
	smtp_in_greet(&c->in, &s->out);
	flush_replies(c);
}

struct smtp_server *smtp_server_new(uv_loop_t *loop, const struct smtp_server_limits *limits,
				    const struct smtp_events *events, struct tls_context *tls, struct str host)
{
	struct smtp_server *s = mem_new(sizeof *s);

	s->loop = loop;
	s->limits = *limits;
	s->events = *events;
	s->tls = tls;
	s->host = mem_dup(host);
	buf_init(&s->out, OUT_MAX + UNSENT_MAX);
	buf_init(&s->plain, SIZE_MAX / 2);
	buf_init(&s->cipher, SIZE_MAX / 2);
	uv_timer_init(loop, &s->sweep);
	s->sweep.data = s;
	uv_unref((uv_handle_t *)&s->sweep);
	s->handles = 1;
	return s;
}

static void on_own_closed(uv_handle_t *h)
{
	struct smtp_server *s = h->data;

	s->handles--;
	server_end_if_done(s);
}

static bool parse_address(struct str address, int port, struct sockaddr_storage *out)
{
	char text[INET6_ADDRSTRLEN];

	if (address.n >= sizeof text)
		return false;
	snprintf(text, sizeof text, STR_FMT, STR_ARG(address));
	return uv_ip4_addr(text, port, (struct sockaddr_in *)out) == 0 ||
	       uv_ip6_addr(text, port, (struct sockaddr_in6 *)out) == 0;
}

bool smtp_server_listen(struct smtp_server *s, struct str address, int *port, struct err *err)
{
	struct sockaddr_storage at = {0};
	int n = sizeof at, why;

	if (!parse_address(address, *port, &at)) {
		err_set(err, ERR_INVALID, STR_FMT " port %d is not an address to listen on", STR_ARG(address), *port);
		return false;
	}
	uv_tcp_init(s->loop, &s->listener);
	s->listener.data = s;
	s->listening = true;
	s->handles++;
	why = uv_tcp_bind(&s->listener, (struct sockaddr *)&at, 0);
	if (!why)
		why = uv_listen((uv_stream_t *)&s->listener, 128, on_connection);
	if (!why)
		why = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&at, &n);
	if (why) {
		err_set(err,
			why == UV_EADDRINUSE ? ERR_CONFLICT
			: why == UV_EACCES   ? ERR_FORBIDDEN
					     : ERR_UNAVAILABLE,
			"cannot listen for mail on " STR_FMT " port %d: %s", STR_ARG(address), *port, uv_strerror(why));
		return false;
	}
	*port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					       : ((struct sockaddr_in *)&at)->sin_port);
	return true;
}

static void listener_close(struct smtp_server *s)
{
	if (s->listening)
		uv_close((uv_handle_t *)&s->listener, on_own_closed);
	s->listening = false;
}

void smtp_server_drain(struct smtp_server *s, span_ms limit, void (*on_drained)(void *context), void *context)
{
	s->draining = true;
	s->on_drained = on_drained;
	s->drain_context = context;
	s->drain_until = now_of(s) + limit;
	listener_close(s);
	for (struct smtp_conn *c = s->conns; c; c = c->next)
		if (!c->waits)
			conn_dismiss(c, "421 4.3.2 the service is stopping\r\n");
	drained_if_done(s);
}

void smtp_server_free(struct smtp_server *s)
{
	if (!s)
		return;
	s->freed = true;
	listener_close(s);
	for (struct smtp_conn *c = s->conns; c; c = c->next)
		conn_close(c);
	uv_close((uv_handle_t *)&s->sweep, on_own_closed);
}
