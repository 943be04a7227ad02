/* The socket by which a program calls back: a line in, a line out. See net/runner.h. */
#include "net/runner_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One connection. */
struct talk {
	struct talk *next;
	struct child *child;
	struct watch watch;
	struct buf in, out;
	size_t sent;
	int64_t run, call; /* that is waited for; 0: none */
	bool last;         /* close when all is sent */
};

static void talk_end(struct talk *t)
{
	struct child *c = t->child;
	struct talk **at = &c->talks;

	if (t->watch.fd < 0)
		return;
	watch_close(c->process, &t->watch);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	buf_done(&t->in);
	buf_done(&t->out);
	free_later(c->process, t);
	if (c->talk_count-- == CALLS_AT_ONCE && c->door.fd >= 0)
		watch_set(c->process, &c->door, EPOLLIN);
}

static void talk_send(struct talk *t)
{
	while (t->sent < t->out.n) {
		ssize_t n = send(t->watch.fd, t->out.p + t->sent, t->out.n - t->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			talk_end(t);
			return;
		}
		t->sent += (size_t)n;
	}
	if (t->sent == t->out.n) {
		buf_reset(&t->out);
		t->sent = 0;
	}
	if (t->last && !t->out.n)
		talk_end(t);
	else
		watch_set(t->child->process, &t->watch, t->out.n ? EPOLLOUT : t->call ? 0 : EPOLLIN);
}

static void talk_say(struct talk *t, struct str line)
{
	buf_add(&t->out, line);
	buf_char(&t->out, '\n');
	talk_send(t);
}

static struct run *run_of_call(struct child *c, struct str line)
{
	struct run *run = c->runs;
	struct arena a;
	int64_t id;

	if (!c->key)
		return run;
	arena_init(&a);
	id = call_run(&a, line);
	arena_done(&a);
	if (!id)
		return c->run_count == 1 ? run : NULL;
	while (run && run->id != id)
		run = run->next;
	return run;
}

static void pass_call(struct talk *t, struct str line)
{
	struct process *p = t->child->process;
	struct run *run = run_of_call(t->child, line);
	struct buf b;

	if (!run) {
		talk_say(t, S("{\"error\":\"which run is this for? Name one that is under way: \\\"run\\\":\\\"ID\\\"\"}"));
		return;
	}
	t->run = run->id;
	t->call = ++p->last_call;
	buf_init(&b, CALL_MAX + 64);
	pack_int(&b, t->call);
	pack_str(&b, line);
	wire_add(&p->wire, WIRE_CALL, 0, run->id, buf_str(&b));
	buf_done(&b);
	watch_set(p, &t->watch, 0);
}

/* false: there is no whole line, or it must wait. */
static bool take_call(struct talk *t)
{
	struct str in = buf_str(&t->in);
	const char *feed = memchr(in.p, '\n', in.n);
	char line[CALL_MAX];
	size_t n;

	if (t->watch.fd < 0 || t->call || t->out.n)
		return false;
	if (!feed && in.n == CALL_MAX) {
		t->last = true;
		talk_say(t, S("{\"error\":\"a line has 64 KiB at most\"}"));
	}
	if (!feed)
		return false;
	n = (size_t)(feed - in.p);
	memcpy(line, in.p, n);
	memmove(t->in.p, feed + 1, in.n - n - 1);
	t->in.n -= n + 1;
	pass_call(t, str_n(line, n));
	return true;
}

static void on_talk(struct watch *w)
{
	struct talk *t = w->owner;
	size_t room = CALL_MAX - t->in.n;
	char *to;
	ssize_t n;

	if (t->out.n) {
		talk_send(t);
	} else if (!t->call && room) {
		to = buf_room(&t->in, room);
		n = recv(w->fd, to, room, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			talk_end(t);
			return;
		}
		t->in.n += (size_t)n;
	}
	while (take_call(t))
		;
}

static void on_door(struct watch *w)
{
	struct child *c = w->owner;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct talk *t;

	if (fd < 0)
		return;
	t = mem_new(sizeof *t);
	t->child = c;
	t->next = c->talks;
	c->talks = t;
	buf_init(&t->in, CALL_MAX + 1);
	buf_init(&t->out, 2 * CALL_MAX);
	watch_open(c->process, &t->watch, fd, EPOLLIN, on_talk, t);
	if (++c->talk_count == CALLS_AT_ONCE)
		watch_set(c->process, w, 0);
}

bool door_open(struct child *c, int64_t id)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(c->door_path, sizeof c->door_path, "%s/call-%lld", c->process->sandbox.scratch, (long long)id);
	memcpy(at.sun_path, c->door_path, strlen(c->door_path) + 1);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, CALLS_AT_ONCE) == 0) {
		watch_open(c->process, &c->door, fd, EPOLLIN, on_door, c);
		return true;
	}
	c->door_path[0] = '\0';
	if (fd >= 0)
		close(fd);
	return false;
}

void door_close(struct child *c)
{
	while (c->talks)
		talk_end(c->talks);
	watch_close(c->process, &c->door);
	if (c->door_path[0])
		unlink(c->door_path);
	c->door_path[0] = '\0';
}

void door_answer(struct child *c, int64_t run, int64_t call, struct str text)
{
	struct talk *t = c->talks;

	while (t && (t->call != call || t->run != run))
		t = t->next;
	if (!t)
		return;
	t->call = t->run = 0;
	talk_say(t, text.n > CALL_MAX ? S("{\"error\":\"the answer is over 64 KiB\"}") : text);
	while (take_call(t))
		;
}

/* Nobody will answer what it asked. */
void door_run_ended(struct child *c, int64_t run)
{
	for (struct talk *t = c->talks, *next; t; t = next) {
		next = t->next;
		if (t->run == run)
			talk_end(t);
	}
}
