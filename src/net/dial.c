#include "net/dial.h"
#include "net/tls.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define DEADLINE (10 * SECOND)
#define GOOD_BYE (2 * SECOND) /* for the other side to close as well */
#define UNSENT_MAX (1 * MIB)
#define READ_BYTES (32 * KIB)
#define HOST_MAX 253 /* RFC 1035 section 2.3.4 */

enum state {
	RESOLVING,
	CONNECTING,
	SECURING, /* the TLS handshake */
	OPEN,
	ENDED,   /* on_close is due or was called */
	LEAVING, /* the owner has gone; what waits is sent, and the other side may close */
	GONE,    /* freed as soon as libuv is done with it */
};

/* A socket. One that is given up has no dial, and only waits for libuv to close it. */
struct line {
	uv_tcp_t tcp; /* first: libuv's handle is the line */
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	struct dial *dial;
};

struct unsent {
	uv_write_t write;
	size_t n;
	char bytes[];
};

struct dial {
	uv_loop_t *loop;
	struct dial_events events;
	enum state state;
	char host[HOST_MAX + 1];
	int port;
	struct tls_context *tls; /* NULL: plain */
	struct tls_conn *conn;
	uv_getaddrinfo_t resolving;
	struct addrinfo *found, *next; /* next: not tried yet */
	struct line *line;
	uv_timer_t timer;
	bool is_resolving, timer_gone;
	mono_ms due, deadline; /* due: of the timer */
	int failure;           /* libuv's, of the last address */
	size_t waiting, unsent_max;
	char why[512];
	char in[READ_BYTES];
};

static void on_timer(uv_timer_t *timer);

/* ---- the end ---- */

static void wait_until(struct dial *d, mono_ms at)
{
	mono_ms left = at - mono_now();

	d->due = at;
	uv_timer_start(&d->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

static void on_line_closed(uv_handle_t *h)
{
	mem_free(h);
}

static void drop_line(struct dial *d)
{
	if (!d->line)
		return;
	d->line->dial = NULL;
	uv_close((uv_handle_t *)&d->line->tcp, on_line_closed);
	d->line = NULL;
	d->waiting = 0;
}

static void drop_found(struct dial *d)
{
	uv_freeaddrinfo(d->found);
	d->found = d->next = NULL;
}

/* on_close comes from the timer, so never inside a call. */
static void PRINTF_LIKE(2, 3) end(struct dial *d, const char *fmt, ...)
{
	va_list ap;

	if (d->state >= ENDED)
		return;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof d->why, fmt, ap);
	va_end(ap);
	d->state = ENDED;
	drop_line(d);
	drop_found(d);
	wait_until(d, mono_now());
}

static void free_if_gone(struct dial *d)
{
	if (d->is_resolving || !d->timer_gone)
		return;
	tls_conn_free(d->conn);
	tls_context_free(d->tls);
	mem_free(d);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct dial *d = h->data;

	d->timer_gone = true;
	free_if_gone(d);
}

static void leave(struct dial *d)
{
	d->state = GONE;
	drop_line(d);
	drop_found(d);
	if (d->is_resolving)
		uv_cancel((uv_req_t *)&d->resolving); /* one that runs cannot be stopped: then it is waited for */
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

/* ---- sending ---- */

static void on_written(uv_write_t *w, int status)
{
	struct dial *d = ((struct line *)w->handle)->dial;
	struct unsent *u = (struct unsent *)w;

	if (d) {
		d->waiting -= u->n;
		if (status < 0)
			end(d, "the connection to %s was lost: %s", d->host, uv_strerror(status));
	}
	mem_free(u);
}

/* What the socket does not take at once is kept. */
static void put(struct dial *d, struct str bytes)
{
	uv_stream_t *stream = (uv_stream_t *)&d->line->tcp;
	uv_buf_t b = uv_buf_init((char *)bytes.p, (unsigned)bytes.n);
	int sent = bytes.n && !d->waiting ? uv_try_write(stream, &b, 1) : 0, status;
	struct unsent *u;

	if (sent > 0)
		bytes = str_n(bytes.p + sent, bytes.n - (size_t)sent);
	if (!bytes.n)
		return;
	u = mem_grow(NULL, sizeof *u + bytes.n);
	memcpy(u->bytes, bytes.p, bytes.n);
	u->n = bytes.n;
	b = uv_buf_init(u->bytes, (unsigned)bytes.n);
	status = uv_write(&u->write, stream, &b, 1, on_written);
	if (status == 0) {
		d->waiting += bytes.n;
		return;
	}
	mem_free(u);
	end(d, "the connection to %s was lost: %s", d->host, uv_strerror(status));
}

void dial_send(struct dial *d, struct str bytes)
{
	struct buf cipher;

	if (d->state != OPEN)
		return;
	if (bytes.n > d->unsent_max || d->waiting > d->unsent_max - bytes.n) {
		end(d, "%s takes too little: more than %zu bytes would wait to be sent", d->host, d->unsent_max);
		return;
	}
	if (!d->conn) {
		put(d, bytes);
		return;
	}
	buf_init(&cipher, SIZE_MAX / 2);
	if (tls_conn_write(d->conn, bytes, &cipher))
		put(d, buf_str(&cipher));
	else
		end(d, "TLS with %s broke", d->host);
	buf_done(&cipher);
}

size_t dial_unacknowledged(const struct dial *d)
{
	int held = 0;
	uv_os_fd_t fd;

	if (d->line && uv_fileno((const uv_handle_t *)&d->line->tcp, &fd) == 0)
		ioctl(fd, SIOCOUTQ, &held);
	return d->waiting + (size_t)held;
}

/* ---- receiving ---- */

static void opened(struct dial *d)
{
	d->state = OPEN;
	uv_timer_stop(&d->timer);
	d->events.on_open(d->events.context);
}

/* Why TLS ended; the certificate's faults stand in why. */
static void tls_ended(struct dial *d)
{
	const char *why = tls_conn_why(d->conn);

	if (why)
		end(d, "no TLS with %s: %s", d->host, why);
	else
		end(d, "%s closed the connection", d->host);
}

static void take_cipher(struct dial *d, struct str bytes)
{
	struct buf plain, cipher;
	bool goes_on;

	buf_init(&plain, SIZE_MAX / 2);
	buf_init(&cipher, SIZE_MAX / 2);
	goes_on = tls_conn_feed(d->conn, bytes, &plain, &cipher);
	put(d, buf_str(&cipher)); /* also the alert that tells why we go */
	if (d->state == SECURING && tls_conn_is_open(d->conn))
		opened(d);
	if (d->state == OPEN && plain.n)
		d->events.on_bytes(d->events.context, buf_str(&plain));
	if (!goes_on && (d->state == SECURING || d->state == OPEN))
		tls_ended(d);
	buf_done(&plain);
	buf_done(&cipher);
}

static void on_room(uv_handle_t *h, size_t wanted, uv_buf_t *to)
{
	struct dial *d = ((struct line *)h)->dial;

	(void)wanted;
	*to = uv_buf_init(d->in, sizeof d->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *from)
{
	struct dial *d = ((struct line *)stream)->dial;

	if (n == 0 || !d)
		return;
	if (d->state == LEAVING) {
		if (n < 0)
			leave(d);
	} else if (n == UV_EOF) {
		end(d, d->state == SECURING ? "%s closed the connection during the TLS handshake" : "%s closed the connection", d->host);
	} else if (n < 0) {
		end(d, "the connection to %s was lost: %s", d->host, uv_strerror((int)n));
	} else if (d->conn) {
		take_cipher(d, str_n(from->base, (size_t)n));
	} else {
		d->events.on_bytes(d->events.context, str_n(from->base, (size_t)n));
	}
}

/* ---- connecting ---- */

static void connect_next(struct dial *d);

static void connected(struct dial *d)
{
	drop_found(d);
	uv_tcp_nodelay(&d->line->tcp, 1);
	uv_read_start((uv_stream_t *)&d->line->tcp, on_room, on_read);
	if (!d->conn) {
		opened(d);
		return;
	}
	d->state = SECURING;
	wait_until(d, d->deadline);
	take_cipher(d, S(""));
}

static void on_connected(uv_connect_t *c, int status)
{
	struct dial *d = ((struct line *)c->handle)->dial;

	if (!d)
		return;
	if (status == 0) {
		connected(d);
		return;
	}
	d->failure = status;
	connect_next(d);
}

static bool connect_to(struct dial *d, const struct sockaddr *to)
{
	struct line *l = mem_new(sizeof *l);

	uv_tcp_init(d->loop, &l->tcp);
	l->dial = d;
	d->line = l;
	d->failure = uv_tcp_connect(&l->connect, &l->tcp, to, on_connected);
	return d->failure == 0;
}

static void connect_next(struct dial *d)
{
	mono_ms now = mono_now();
	struct addrinfo *a;
	unsigned left = 0;

	drop_line(d);
	for (a = d->next; a; a = a->ai_next)
		left++;
	while ((a = d->next)) {
		d->next = a->ai_next;
		if (connect_to(d, a->ai_addr)) {
			wait_until(d, now + (d->deadline - now) / left);
			return;
		}
		drop_line(d);
		left--;
	}
	end(d, "no connection to %s port %d: %s", d->host, d->port, uv_strerror(d->failure));
}

static void resolved(struct dial *d, struct addrinfo *found)
{
	d->found = d->next = found;
	d->state = CONNECTING;
	connect_next(d);
}

static void on_resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *found)
{
	struct dial *d = r->data;

	d->is_resolving = false;
	if (d->state == RESOLVING && status == 0) {
		resolved(d, found);
		return;
	}
	uv_freeaddrinfo(found);
	if (d->state == GONE)
		free_if_gone(d);
	else
		end(d, "no address of %s is found: %s", d->host, uv_strerror(status)); /* unless it ended before */
}

/* An address needs no thread, of which there are few. */
static void resolve(struct dial *d)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
	char port[16];
	int status;

	snprintf(port, sizeof port, "%d", d->port);
	wait_until(d, d->deadline);
	d->resolving.data = d;
	if (uv_getaddrinfo(d->loop, &d->resolving, NULL, d->host, port, &hints) == 0) {
		resolved(d, d->resolving.addrinfo);
		return;
	}
	hints.ai_flags = AI_NUMERICSERV;
	status = uv_getaddrinfo(d->loop, &d->resolving, on_resolved, d->host, port, &hints);
	d->is_resolving = status == 0;
	if (status < 0)
		end(d, "no address of %s is found: %s", d->host, uv_strerror(status));
}

static void on_timer(uv_timer_t *timer)
{
	struct dial *d = timer->data;

	if (mono_now() < d->due) { /* the loop's clock was behind */
		wait_until(d, d->due);
	} else if (d->state == ENDED) {
		d->events.on_close(d->events.context, d->why);
	} else if (d->state == LEAVING) {
		leave(d);
	} else if (d->state == CONNECTING) {
		d->failure = UV_ETIMEDOUT;
		connect_next(d);
	} else if (d->state == RESOLVING) {
		end(d, "no address of %s is found in time", d->host);
	} else if (d->state == SECURING) {
		end(d, "%s does not end the TLS handshake in time", d->host);
	}
}

/* ---- opening and closing ---- */

static bool take_host(struct dial *d, struct str host)
{
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_n(host.p + 1, host.n - 2);
	if (!host.n || host.n > HOST_MAX || memchr(host.p, '\0', host.n) || d->port < 1 || d->port > 65535) {
		end(d, "'" STR_FMT "' port %d is no address", STR_ARG(str_clip(host, 100)), d->port);
		return false;
	}
	memcpy(d->host, host.p, host.n);
	return true;
}

/* A dot at the end is the resolver's business and stands in no certificate. */
static struct tls_conn *secure(struct dial *d)
{
	char name[HOST_MAX + 1];
	size_t n = strlen(d->host);

	memcpy(name, d->host, n + 1);
	if (name[n - 1] == '.')
		name[n - 1] = '\0';
	return tls_client_conn_new(d->tls, name);
}

static void begin(struct dial *d, const struct dial_options *o)
{
	struct err err = {0};

	if (!take_host(d, o->host))
		return;
	if (o->tls) {
		d->tls = tls_client_context_new(o->ca_file, o->certificate_file, o->key_file, &err);
		d->conn = d->tls ? secure(d) : NULL;
		if (!d->conn) {
			end(d, "%s", err.text[0] ? err.text : "the host is none that a certificate could be for");
			return;
		}
	}
	resolve(d);
}

struct dial *dial_open(uv_loop_t *loop, const struct dial_options *o, const struct dial_events *events)
{
	struct dial *d = mem_new(sizeof *d);

	d->loop = loop;
	d->events = *events;
	d->port = o->port;
	d->deadline = mono_now() + (o->deadline ? o->deadline : DEADLINE);
	d->unsent_max = o->unsent_max_bytes ? o->unsent_max_bytes : UNSENT_MAX;
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	begin(d, o);
	return d;
}

static void on_shut(uv_shutdown_t *s, int status)
{
	(void)s; /* on_read() and the timer see how it ends */
	(void)status;
}

void dial_close(struct dial *d)
{
	struct buf cipher;

	if (!d)
		return;
	if (d->state != OPEN) {
		leave(d);
		return;
	}
	d->state = LEAVING;
	if (d->conn) {
		buf_init(&cipher, 64 * KIB);
		tls_conn_shutdown(d->conn, &cipher);
		put(d, buf_str(&cipher));
		buf_done(&cipher);
	}
	if (uv_shutdown(&d->line->shutdown, (uv_stream_t *)&d->line->tcp, on_shut))
		leave(d);
	else
		wait_until(d, mono_now() + GOOD_BYE);
}
