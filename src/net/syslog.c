#include "net/syslog.h"
#include "net/dial.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_DEADLINE (10 * SECOND)
#define SENT_DEADLINE (30 * SECOND) /* for a batch */
#define ASK_EVERY 10                /* ms: are the bytes acknowledged? */
#define DATAGRAM_LEAST 2048         /* every receiver should take so much (RFC 5424, section 6.1) */

enum kind { KIND_UNIX, KIND_UDP, KIND_TCP };

struct syslog {
	uv_loop_t *loop;
	enum kind kind;
	struct str host, port; /* or the path in host; owned, end in NUL */
	void (*on_sent)(void *context, const char *why);
	void *context;
	uv_getaddrinfo_t resolving;
	uv_timer_t timer;
	struct dial *dial; /* of TCP; NULL: there is none */
	uv_poll_t *poll;   /* of datagrams; NULL: there is no socket */
	int fd;
	bool connected, is_resolving, closing, timer_gone;
	mono_ms deadline;
	/* the batch under way; count 0: none */
	struct buf data;
	size_t *ends, count, next;
	bool given; /* to the dial */
};

/* ---- addresses ---- */

static bool address_parse(struct str address, enum kind *kind, struct str *host, struct str *port)
{
	struct str scheme, rest = str_cut(address, ':', &scheme);
	size_t colon = rest.n;
	int64_t number;

	*kind = str_is(scheme, "udp") ? KIND_UDP : str_is(scheme, "tcp") ? KIND_TCP : KIND_UNIX;
	*host = rest;
	*port = S("");
	if (str_is(scheme, "unix"))
		return rest.n > 1 && rest.p[0] == '/' && rest.n < sizeof(((struct sockaddr_un *)0)->sun_path);
	while (colon && rest.p[colon - 1] != ':')
		colon--;
	if (*kind == KIND_UNIX || colon < 2)
		return false;
	*port = str_n(rest.p + colon, rest.n - colon);
	*host = str_n(rest.p, colon - 1);
	if (host->p[0] == '[' && host->n > 2 && host->p[host->n - 1] == ']')
		*host = str_n(host->p + 1, host->n - 2);
	return str_to_int(*port, &number) && number > 0 && number < 65536;
}

bool syslog_address_ok(struct str address, struct err *err)
{
	enum kind kind;
	struct str host, port;

	if (address_parse(address, &kind, &host, &port))
		return true;
	err_set(err, ERR_INVALID, "'" STR_FMT "' is no syslog receiver such as unix:/dev/log, udp:HOST:514 or tcp:HOST:601", STR_ARG(str_clip(address, 100)));
	return false;
}

/* ---- messages ---- */

static void put_name(struct buf *to, struct str name, size_t max)
{
	size_t before = to->n;

	for (size_t i = 0; i < name.n && i < max; i++)
		buf_char(to, name.p[i] > ' ' && name.p[i] < 127 ? name.p[i] : '_');
	if (to->n == before)
		buf_char(to, '-');
}

void syslog_message(struct buf *to, bool is_notice, wall_ms at, struct str msg_id, struct str text)
{
	char time[WALL_TEXT_SIZE], host[256] = "";

	gethostname(host, sizeof host - 1);
	buf_printf(to, "<%d>1 " STR_FMT " ", 13 * 8 + (is_notice ? 5 : 6), STR_ARG(wall_write(time, at)));
	put_name(to, str_of(host), 255);
	buf_printf(to, " opsroomd %ld ", (long)getpid());
	put_name(to, msg_id, 32);
	buf_add(to, S(" - "));
	buf_add(to, text);
}

/* ---- the socket ---- */

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_timer(uv_timer_t *timer);

static void poll_closed(uv_handle_t *h)
{
	mem_free(h);
}

static void drop_socket(struct syslog *s)
{
	if (s->poll) {
		uv_poll_stop(s->poll);
		uv_close((uv_handle_t *)s->poll, poll_closed);
		s->poll = NULL;
		close(s->fd);
	}
	dial_close(s->dial);
	s->dial = NULL;
	s->fd = -1;
	s->connected = s->given = false;
}

static void batch_over(struct syslog *s, const char *why)
{
	uv_timer_stop(&s->timer);
	buf_done(&s->data);
	mem_free(s->ends);
	s->ends = NULL;
	s->count = 0;
	s->given = false;
	if (why)
		drop_socket(s);
	s->on_sent(s->context, why);
}

static bool is_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

/* false: it waits, or the batch is over. */
static bool send_datagram(struct syslog *s)
{
	size_t from = s->next ? s->ends[s->next - 1] : 0, n = s->ends[s->next] - from;
	ssize_t sent = send(s->fd, s->data.p + from, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && errno == EMSGSIZE)
		sent = send(s->fd, s->data.p + from, str_clip(str_n(s->data.p + from, n), DATAGRAM_LEAST).n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0) {
		s->next++;
		return true;
	}
	if (is_wait(errno))
		uv_poll_start(s->poll, UV_WRITABLE, on_poll);
	else
		batch_over(s, strerror(errno));
	return false;
}

/* The timer asks again whether it was acknowledged. */
static void go_on_stream(struct syslog *s)
{
	if (!s->given)
		dial_send(s->dial, buf_str(&s->data));
	s->given = true;
	if (dial_unacknowledged(s->dial) == 0)
		batch_over(s, NULL);
}

static void go_on(struct syslog *s)
{
	if (s->kind == KIND_TCP) {
		go_on_stream(s);
		return;
	}
	while (s->next < s->count)
		if (!send_datagram(s))
			return;
	uv_poll_stop(s->poll);
	batch_over(s, NULL);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct syslog *s = poll->data;
	int error = 0;
	socklen_t size = sizeof error;

	(void)events;
	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (s->count && (status < 0 || error))
		batch_over(s, error ? strerror(error) : uv_strerror(status));
	else if (status < 0 || error)
		drop_socket(s);
	else if (s->count)
		go_on(s);
}

static void on_dial_open(void *context)
{
	struct syslog *s = context;

	s->connected = true;
	go_on(s);
}

static void on_dial_bytes(void *context, struct str bytes)
{
	(void)context; /* syslog answers nothing */
	(void)bytes;
}

static void on_dial_close(void *context, const char *why)
{
	struct syslog *s = context;

	if (s->count)
		batch_over(s, why);
	else
		drop_socket(s);
}

/* false: the batch is over. */
static bool open_socket(struct syslog *s, int family, const struct sockaddr *to, socklen_t size)
{
	s->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, to, size) != 0) {
		int error = errno;

		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
		batch_over(s, strerror(error));
		return false;
	}
	s->poll = mem_new(sizeof *s->poll);
	uv_poll_init(s->loop, s->poll, s->fd);
	s->poll->data = s;
	s->connected = true;
	return true;
}

static void on_resolved(uv_getaddrinfo_t *r, int status, struct addrinfo *found)
{
	struct syslog *s = r->data;

	s->is_resolving = false;
	if (s->closing) {
		uv_freeaddrinfo(found);
		if (s->timer_gone)
			mem_free(s);
		return;
	}
	if (s->count && status < 0)
		batch_over(s, uv_strerror(status));
	else if (s->count && open_socket(s, found->ai_family, found->ai_addr, found->ai_addrlen))
		go_on(s);
	uv_freeaddrinfo(found);
}

static void connect_to(struct syslog *s)
{
	static const size_t no_ceiling = SIZE_MAX / 2; /* one batch at a time, which the caller bounds */
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	int64_t port = 0;
	int status;

	if (s->kind == KIND_TCP) {
		(void)str_to_int(s->port, &port);
		s->dial = dial_open(s->loop, &(struct dial_options){.host = s->host, .port = (int)port, .deadline = CONNECT_DEADLINE, .unsent_max_bytes = no_ceiling},
				    &(struct dial_events){s, on_dial_open, on_dial_bytes, on_dial_close});
		return;
	}
	if (s->kind == KIND_UNIX) {
		memcpy(local.sun_path, s->host.p, s->host.n);
		if (open_socket(s, AF_UNIX, (const struct sockaddr *)&local, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + s->host.n + 1)))
			go_on(s);
		return;
	}
	s->resolving.data = s;
	status = uv_getaddrinfo(s->loop, &s->resolving, on_resolved, s->host.p, s->port.p, &hints);
	s->is_resolving = status == 0;
	if (status < 0)
		batch_over(s, uv_strerror(status));
}

static void on_timer(uv_timer_t *timer)
{
	struct syslog *s = timer->data;

	if (!s->count)
		return;
	if (mono_now() >= s->deadline)
		batch_over(s, s->connected ? "the receiver takes nothing" : "no connection in time");
	else if (s->given)
		go_on_stream(s);
}

void syslog_send(struct syslog *s, struct buf *messages, const size_t *ends, size_t count)
{
	char head[32];

	buf_init(&s->data, messages->n + count * sizeof head + 1);
	s->ends = mem_new(count * sizeof *s->ends);
	for (size_t i = 0; i < count; i++) {
		size_t from = i ? ends[i - 1] : 0;

		if (s->kind == KIND_TCP)
			buf_printf(&s->data, "%zu ", ends[i] - from);
		buf_add(&s->data, str_n(messages->p + from, ends[i] - from));
		s->ends[i] = s->data.n;
	}
	buf_done(messages);
	s->count = count;
	s->next = 0;
	s->deadline = mono_now() + (s->connected ? SENT_DEADLINE : CONNECT_DEADLINE + SENT_DEADLINE);
	uv_timer_start(&s->timer, on_timer, ASK_EVERY, ASK_EVERY);
	if (s->connected)
		go_on(s);
	else if (!s->is_resolving)
		connect_to(s);
}

struct syslog *syslog_new(uv_loop_t *loop, struct str address, void (*on_sent)(void *context, const char *why), void *context)
{
	struct syslog *s = mem_new(sizeof *s);
	struct str host, port;

	(void)address_parse(address, &s->kind, &host, &port);
	s->host = str_n(mem_dup(host), host.n);
	s->port = str_n(mem_dup(port), port.n);
	s->loop = loop;
	s->on_sent = on_sent;
	s->context = context;
	s->fd = -1;
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	return s;
}

static void timer_closed(uv_handle_t *h)
{
	struct syslog *s = h->data;

	s->timer_gone = true;
	if (!s->is_resolving)
		mem_free(s);
}

void syslog_free(struct syslog *s)
{
	if (!s)
		return;
	drop_socket(s);
	buf_done(&s->data);
	mem_free(s->ends);
	s->count = 0;
	s->closing = true;
	mem_free((char *)s->host.p);
	mem_free((char *)s->port.p);
	if (s->is_resolving)
		uv_cancel((uv_req_t *)&s->resolving);
	uv_close((uv_handle_t *)&s->timer, timer_closed);
}
