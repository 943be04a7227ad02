/* tests/bench/fan.c -- how long until the last of many WebSocket clients has a message.
 *
 *     fan serve PORT                               the peer: bare epoll that parses nothing. GET /stream is a WebSocket, the
 *                                                  body of a POST goes to all of them, any other request is answered `ok`
 *     fan clients PORT PATH N ROUNDS PID REQUEST   N clients on PATH; REQUEST is a file with a whole HTTP request whose
 *                                                  body holds MARKMARK: sent once a round, timed until all have its mark
 *     fan listen PORT PATH N                       N clients on PATH that read until standard input ends, and then until nothing comes
 *                                                  any more; prints OPEN when all are there, and in the end how many messages came
 *
 * `clients` prints `FAN ms=MEDIAN kib=MEMORY-PER-CLIENT` (of process PID). Loopback only; ends by itself after 60 s.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARK_SIZE 8
#define OPENING_AT_ONCE 128

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void many_descriptors(void)
{
	struct rlimit most;

	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

static void no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void watch(int ep, int fd, uint32_t events, int tag)
{
	struct epoll_event e = {.events = events, .data.fd = tag};

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) && (errno != EEXIST || epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e)))
		die("epoll_ctl");
}

/* ---- the bare server ---- */

static int sockets[20000], socket_count;

static void fan_out(const char *body, size_t size)
{
	char frame[4 + 65536] = {(char)0x81, 126, (char)(size >> 8), (char)size};

	memcpy(frame + 4, body, size);
	for (int i = 0; i < socket_count; i++)
		if (send(sockets[i], frame, size + 4, MSG_NOSIGNAL) < 0)
			die("send");
}

static void serve_one(int fd)
{
	static const char up[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
	static char in[65536];
	ssize_t n = recv(fd, in, sizeof in, 0);
	char *body = n > 0 ? memmem(in, (size_t)n, "\r\n\r\n", 4) : NULL;

	if (n <= 0) {
		close(fd);
	} else if (n > 11 && !memcmp(in, "GET /stream", 11)) {
		sockets[socket_count++] = fd;
		(void)!send(fd, up, sizeof up - 1, MSG_NOSIGNAL);
	} else {
		if (!memcmp(in, "POST", 4) && body)
			fan_out(body + 4, (size_t)(in + n - body - 4));
		(void)!send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL);
	}
}

_Noreturn static void serve(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0), one = 1, fd;
	struct epoll_event events[256];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1024))
		die("listen");
	watch(ep, listener, EPOLLIN, listener);
	for (;;) {
		int n = epoll_wait(ep, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != listener) {
				serve_one(events[i].data.fd);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				no_delay(fd);
				watch(ep, fd, EPOLLIN, fd);
			}
		}
	}
}

/* ---- the clients ---- */

struct client {
	int fd;
	bool upgraded, has_mark;
	/* of a listener: */
	unsigned long messages;
	uint64_t left;       /* of the frame's payload */
	unsigned char head[10];
	unsigned head_n;
};

static struct client *clients;
static int ep, count, open_count;
static const char *path;
static char mark[MARK_SIZE + 1];
static int marked;

static int dial(int port, int index, bool wait)
{
	int fd = socket(AF_INET, SOCK_STREAM | (wait ? 0 : SOCK_NONBLOCK), 0), one = 1;
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (unsigned)index / 100)};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	no_delay(fd);
	if (index >= 0 && bind(fd, (void *)&from, sizeof from))
		die("bind");
	if (connect(fd, (void *)&to, sizeof to) && errno != EINPROGRESS)
		die("connect");
	return fd;
}

static void ask_upgrade(const struct client *c)
{
	char text[1024];
	int n = snprintf(text, sizeof text,
			 "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			 path);

	watch(ep, c->fd, EPOLLIN, (int)(c - clients));
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		die("send");
}

/* Masked with zeros: "events from now on" to opsroom, nothing to the bare server. */
static void say_hello(const struct client *c)
{
	static const char frame[] = "\x81\x91\0\0\0\0{\"type\":\"resume\"}";

	(void)!send(c->fd, frame, sizeof frame - 1, MSG_NOSIGNAL);
}

static void take(struct client *c)
{
	static char in[65536];
	ssize_t n = recv(c->fd, in, sizeof in - 1, 0);

	if (n <= 0) {
		fprintf(stderr, "a client was cut off\n");
		exit(1);
	}
	if (!c->upgraded) {
		in[n] = '\0';
		if (strncmp(in, "HTTP/1.1 101", 12)) {
			fprintf(stderr, "no WebSocket: %s\n", in);
			exit(1);
		}
		c->upgraded = true;
		open_count++;
		say_hello(c);
	} else if (mark[0] && !c->has_mark && memmem(in, (size_t)n, mark, MARK_SIZE)) {
		c->has_mark = true;
		marked++;
	}
}

/* A server's frames have no mask (RFC 6455 section 5.2). false: a close frame. */
static bool count_frames(struct client *c, const unsigned char *in, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint64_t step = n - i < c->left ? n - i : c->left;
		unsigned kind;

		c->left -= step;
		i += step;
		if (i == n)
			break;
		c->head[c->head_n++] = in[i++];
		kind = c->head_n > 1 ? c->head[1] : 0;
		if (c->head_n < (kind == 127 ? 10 : kind == 126 ? 4 : 2))
			continue;
		c->left = kind;
		if (kind >= 126)
			c->left = 0;
		for (unsigned k = 2; k < c->head_n; k++)
			c->left = c->left << 8 | c->head[k];
		c->messages += (c->head[0] & 15) == 1;
		c->head_n = 0;
		if ((c->head[0] & 15) == 8)
			return false;
	}
	return true;
}

static int cut;

/* Who is cut off stays away: the figure is to say so. */
static void listen_to(struct client *c)
{
	static unsigned char in[256 * 1024];
	ssize_t n = recv(c->fd, in, sizeof in, 0);

	if (n > 0 && count_frames(c, in, (size_t)n))
		return;
	cut++;
	close(c->fd);
}

#define STDIN_TAG (1 << 30)
static bool counting, input_ended;

/* Serves what is ready; false after `wait_ms` of silence. */
static bool turn(int wait_ms)
{
	struct epoll_event events[512];
	int n = epoll_wait(ep, events, 512, wait_ms);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.fd == STDIN_TAG ? NULL : &clients[events[i].data.fd];

		if (events[i].data.fd == STDIN_TAG)
			input_ended = true;
		else if (events[i].events & EPOLLOUT)
			ask_upgrade(c);
		else
			(counting ? listen_to : take)(c);
	}
	return n > 0;
}

static void open_all(int port)
{
	for (int i = 0; i < count; i++) {
		while (i - open_count >= OPENING_AT_ONCE)
			turn(-1);
		clients[i].fd = dial(port, i, false);
		watch(ep, clients[i].fd, EPOLLOUT, i);
	}
	while (open_count < count)
		turn(-1);
	while (turn(500))
		;
}

static long memory_kib(const char *pid)
{
	char name[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(name, sizeof name, "/proc/%s/status", pid);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "VmRSS: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static double round_ms(int fd, char *request, size_t size, char *place, int number)
{
	char answer[4096];
	double began;

	snprintf(mark, sizeof mark, "m%06d.", number);
	memcpy(place, mark, MARK_SIZE);
	for (int i = 0; i < count; i++)
		clients[i].has_mark = false;
	marked = 0;
	began = now_ms();
	if (send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
		die("send");
	while (marked < count)
		turn(-1);
	began = now_ms() - began;
	if (recv(fd, answer, sizeof answer, 0) <= 0)
		die("answer");
	while (turn(50))
		;
	return began;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int run_clients(int port, int rounds, const char *pid, const char *file)
{
	static char request[65536];
	FILE *f = fopen(file, "r");
	size_t size = f ? fread(request, 1, sizeof request, f) : 0;
	char *place = memmem(request, size, "MARKMARK", MARK_SIZE);
	double times[100];
	long before = memory_kib(pid), after;
	int fd;

	if (!place || rounds > 100)
		die("the request, or its MARKMARK");
	fclose(f);
	open_all(port);
	after = memory_kib(pid);
	fd = dial(port, -1, true);
	for (int i = 0; i < rounds; i++)
		times[i] = round_ms(fd, request, size, place, i);
	qsort(times, (size_t)rounds, sizeof *times, by_size);
	printf("FAN ms=%.2f kib=%.2f\n", times[rounds / 2], (double)(after - before) / count);
	return 0;
}

static int run_listeners(int port)
{
	unsigned long total = 0, least = (unsigned long)-1;

	open_all(port);
	counting = true;
	watch(ep, 0, EPOLLIN | EPOLLHUP, STDIN_TAG);
	puts("OPEN");
	fflush(stdout);
	while (!input_ended)
		turn(-1);
	epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL);
	while (turn(500))
		;
	for (int i = 0; i < count; i++) {
		total += clients[i].messages;
		least = clients[i].messages < least ? clients[i].messages : least;
	}
	printf("LISTEN messages=%lu least=%lu cut=%d\n", total, least, cut);
	return 0;
}

int main(int argc, char **argv)
{
	many_descriptors();
	alarm(60);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(atoi(argv[2]));
	if (!(argc == 8 && !strcmp(argv[1], "clients")) && !(argc == 5 && !strcmp(argv[1], "listen")))
		return 2;
	path = argv[3];
	count = atoi(argv[4]);
	clients = calloc((size_t)count, sizeof *clients);
	ep = epoll_create1(0);
	if (argc == 5)
		return run_listeners(atoi(argv[2]));
	return run_clients(atoi(argv[2]), atoi(argv[5]), argv[6], argv[7]);
}
