/* The runner's process: takes orders, starts programs, passes on what they say. See net/runner.h and net/runner_internal.h. */
#include "net/runner_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES (64 * KIB)
#define CHOKED_BYTES (1 * MIB)  /* unsent: children are not read */
#define RELIEVED_BYTES (256 * KIB)
#define GRACE (5 * SECOND)      /* between TERM and KILL */
#define LAST_WORDS SECOND       /* for output that something of it still holds open */
#define IDLE_MAX (10 * MINUTE)
#define SERVED_LINE_MAX (512 * KIB)
#define SERVED_UNSENT_MAX (16 * MIB)
#define LOOK_EVERY SECOND
#define DEPTH_MAX 100           /* of processes, one below the other */
#define CODE_OF_SIGNAL 128

/* ---- watches ---- */

struct garbage {
	struct garbage *next;
	void *memory;
};

void free_later(struct process *p, void *memory)
{
	struct garbage *g = mem_new(sizeof *g);

	*g = (struct garbage){p->garbage, memory};
	p->garbage = g;
}

static void free_garbage(struct process *p)
{
	while (p->garbage) {
		struct garbage *g = p->garbage;

		p->garbage = g->next;
		mem_free(g->memory);
		mem_free(g);
	}
}

void watch_set(struct process *p, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (w->fd < 0 || (!events && !w->on))
		return;
	/* A hang-up is told even to those who ask for nothing, so such a one leaves the set. */
	epoll_ctl(p->epoll, !events ? EPOLL_CTL_DEL : w->on ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &e);
	w->on = events != 0;
}

void watch_open(struct process *p, struct watch *w, int fd, uint32_t events, void (*on_ready)(struct watch *w), void *owner)
{
	*w = (struct watch){fd, false, on_ready, owner};
	watch_set(p, w, events);
}

void watch_close(struct process *p, struct watch *w)
{
	if (w->fd < 0)
		return;
	watch_set(p, w, 0);
	close(w->fd);
	w->fd = -1;
}

static void choke(struct process *p, bool on)
{
	p->choked = on;
	for (struct child *c = p->children; c; c = c->next) {
		watch_set(p, &c->out.watch, on ? 0 : EPOLLIN);
		watch_set(p, &c->err.watch, on ? 0 : EPOLLIN);
	}
}

static void flush(struct process *p)
{
	if (!wire_send(&p->wire))
		p->over = true;
	watch_set(p, &p->socket, wire_unsent(&p->wire) ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (p->choked ? wire_unsent(&p->wire) < RELIEVED_BYTES : wire_unsent(&p->wire) > CHOKED_BYTES)
		choke(p, !p->choked);
}

/* ---- what the daemon is told ---- */

static void tell_line(struct run *run, unsigned flags, struct str text)
{
	wire_add(&run->child->process->wire, WIRE_LINE, flags, run->id, text);
}

static void run_line(struct run *run, unsigned flags, struct str text, bool cut)
{
	if (text.n > run->limits.line_bytes) {
		run->left_out_bytes += text.n - run->limits.line_bytes;
		text = str_n(text.p, run->limits.line_bytes);
		cut = true;
	}
	if (run->full || text.n + 1 > run->limits.output_bytes - run->kept_bytes) {
		run->left_out_bytes += text.n + 1;
		if (!run->full)
			tell_line(run, (flags & WIRE_ERR) | WIRE_OURS, S("[what follows is over the limit of output and is left out]"));
		run->full = true;
		return;
	}
	run->kept_bytes += text.n + 1;
	tell_line(run, cut ? flags | WIRE_CUT : flags, text);
}

static void tell_log(struct process *p, const char *plugin, struct str text)
{
	struct buf b;

	buf_init(&b, 1 * MIB);
	pack_str(&b, str_of(plugin));
	pack_str(&b, text);
	wire_add(&p->wire, WIRE_LOG, 0, 0, buf_str(&b));
	buf_done(&b);
}

static void tell_end(struct process *p, int64_t id, const struct runner_end *e)
{
	unsigned flags = (e->timed_out ? WIRE_TIMED_OUT : 0) | (e->cancelled ? WIRE_CANCELLED : 0);
	struct buf b;

	buf_init(&b, 64 * KIB);
	wire_pack_end(&b, e);
	wire_add(&p->wire, WIRE_END, flags, id, buf_str(&b));
	buf_done(&b);
}

static void run_detach(struct run *run)
{
	struct child *c = run->child;
	struct run **at = &c->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	if (--c->run_count == 0 && c->key)
		c->idle_at = mono_now() + IDLE_MAX;
	map_take(&c->process->runs, (uint64_t)run->id);
}

static span_ms cpu_of(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * SECOND + (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

/* The end of an order; it frees the run. */
static void run_end(struct run *run, int code, struct str reason)
{
	struct child *c = run->child;
	struct runner_end e = {.code = run->timed_out ? RUNNER_TIMED_OUT : code, .timed_out = run->timed_out, .cancelled = run->cancelled,
			       .reason = reason, .left_out_bytes = run->left_out_bytes, .wall = mono_now() - run->began};

	if (!c->key) {
		e.left_out_bytes += c->out.lines.skipped_bytes + c->err.lines.skipped_bytes;
		if (!c->box.container[0]) {
			e.cpu = cpu_of(&c->used);
			e.max_rss_bytes = (uint64_t)c->used.ru_maxrss * KIB;
		}
	}
	door_run_ended(c, run->id);
	run_detach(run);
	tell_end(c->process, run->id, &e);
	mem_free(run);
}

/* ---- ending a program ---- */

static bool in_bwrap(const struct child *c)
{
	return c->process->sandbox.kind == SANDBOX_BWRAP;
}

static void child_kill(struct child *c)
{
	if (c->reaped)
		return;
	c->killed = true;
	c->kill_at = 0;
	if (c->inside)
		kill(c->inside, SIGKILL); /* all of the sandbox with it */
	else
		kill(-c->box.pid, SIGKILL);
	kill(c->box.pid, SIGKILL);
}

static void child_term(struct child *c)
{
	if (c->reaped || c->kill_at || c->killed)
		return;
	c->retired = true;
	/* The sandbox's first process leads the group and does not hear it: nobody sends TERM to the first of a namespace. */
	if (in_bwrap(c)) {
		if (!c->inside || kill(-c->inside, SIGTERM) != 0) {
			child_kill(c); /* it has not begun */
			return;
		}
	} else
		kill(-c->box.pid, SIGTERM);
	c->kill_at = mono_now() + GRACE;
}

/* An order's time is over, or it is cancelled. The end of an exec follows from its program's. */
static void run_stop(struct run *run, bool cancelled)
{
	struct child *c = run->child;
	char line[64];

	if (run->timed_out || (cancelled && run->cancelled))
		return;
	if (!c->key) {
		run->cancelled |= cancelled;
		run->timed_out |= !cancelled && !run->cancelled;
		run->deadline = 0;
		child_term(c);
		return;
	}
	if (cancelled) { /* it may end in peace; past the grace the program goes */
		run->cancelled = true;
		run->deadline = mono_now() + GRACE;
		snprintf(line, sizeof line, "{\"cancel\":\"%lld\"}\n", (long long)run->id);
		buf_add(&c->unsent, str_of(line));
		watch_set(c->process, &c->input, EPOLLOUT);
		return;
	}
	run->timed_out = !run->cancelled;
	child_term(c);
	run_end(run, CODE_OF_SIGNAL + SIGTERM, S("it took longer than it may, so its program was ended"));
}

static void stream_close(struct stream *s);

static void child_free(struct child *c)
{
	struct process *p = c->process;
	struct child **at = &p->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	door_close(c);
	stream_close(&c->out);
	stream_close(&c->err);
	watch_close(p, &c->report);
	watch_close(p, &c->input);
	buf_done(&c->reported);
	buf_done(&c->unsent);
	sandbox_clean(&p->sandbox, &c->box, c->killed);
	mem_free(c->held);
	mem_free(c->plugin);
	mem_free(c->program);
	mem_free(c->key);
	free_later(p, c);
}

static int code_of_status(int status)
{
	return WIFSIGNALED(status) ? CODE_OF_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static void let_held_go(struct child *c);
static void on_report(struct watch *w);

/* bwrap reports an exit only of a program that it could start. */
static bool began(const struct child *c)
{
	return !in_bwrap(c) || c->reported_exit || c->killed || c->kill_at || WIFSIGNALED(c->status);
}

static void child_end(struct child *c)
{
	struct err err = {0};
	int code = code_of_status(c->status);

	if (c->report.fd >= 0)
		on_report(&c->report); /* its end may have been seen before its last words */
	if (!began(c))
		code = sandbox_explain(str_of(c->held), c->program, &err);
	else if (c->no_memory)
		err_set(&err, ERR_TOO_BIG, "its processes took more than twice %zu MiB of memory together", c->limits.memory_bytes / MIB);
	else if (c->box.container[0] && code == RUNNER_NO_START)
		err_set(&err, ERR_UNAVAILABLE, "podman cannot run the container; it says why on stderr");
	if (began(c))
		let_held_go(c);
	if (c->key && began(c) && c->run_count) {
		if (!err.code)
			err_set(&err, ERR_UNAVAILABLE, "the plugin's program ended (code %d) before it answered", code);
		code = RUNNER_CRASHED;
	}
	while (c->runs)
		run_end(c->runs, code, str_of(err.text));
	child_free(c);
}

static bool waits_for_inside(const struct child *c)
{
	siginfo_t info = {0};

	/* bwrap did not always wait for it: then it is ours, and its children's time and memory come with it. */
	return c->inside && waitid(P_PID, (id_t)c->inside, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void child_end_if_over(struct child *c)
{
	if (!c->reaped || waits_for_inside(c))
		return;
	if (c->out.watch.fd < 0 && c->err.watch.fd < 0)
		child_end(c);
	else if (!c->give_up_at)
		c->give_up_at = mono_now() + LAST_WORDS;
}

static void add_usage(struct rusage *to, const struct rusage *one)
{
	timeradd(&to->ru_utime, &one->ru_utime, &to->ru_utime);
	timeradd(&to->ru_stime, &one->ru_stime, &to->ru_stime);
	if (one->ru_maxrss > to->ru_maxrss)
		to->ru_maxrss = one->ru_maxrss;
}

static void on_signal(struct watch *w)
{
	struct process *p = w->owner;
	struct signalfd_siginfo drop[8];
	struct rusage used;
	int status;
	pid_t pid;

	while (read(w->fd, drop, sizeof drop) > 0)
		;
	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
		for (struct child *c = p->children, *next; c; c = next) {
			next = c->next;
			if (c->box.pid != pid && c->inside != pid)
				continue;
			add_usage(&c->used, &used);
			if (c->box.pid == pid) {
				c->reaped = true;
				c->status = status;
				if (!in_bwrap(c))
					kill(-pid, SIGKILL); /* whatever it left behind */
			}
			if (c->inside == pid)
				c->inside = 0;
			break;
		}
	}
	for (struct child *c = p->children, *next; c; c = next) {
		next = c->next;
		child_end_if_over(c);
	}
}

/* ---- what a program says ---- */

static void log_line(struct child *c, struct str line)
{
	tell_log(c->process, c->plugin, str_clip(line, 1000));
}

static struct run *find_run(struct child *c, int64_t id)
{
	struct run *run = c->runs;

	while (run && run->id != id)
		run = run->next;
	return run;
}

/* One of stderr. */
static void err_line(struct child *c, struct str line, bool cut)
{
	if (c->key && c->run_count != 1)
		log_line(c, line);
	else if (c->runs)
		run_line(c->runs, WIRE_ERR, line, cut);
}

static void let_held_go(struct child *c)
{
	if (c->held)
		err_line(c, str_of(c->held), false);
	mem_free(c->held);
	c->held = NULL;
}

static void served_line(struct child *c, struct str line)
{
	struct served s;
	struct run *run;
	struct arena a;

	arena_init(&a);
	if (!served_parse(&a, line, &s))
		log_line(c, line);
	else if ((run = find_run(c, s.id))) { /* others have ended meanwhile */
		if (s.what == SERVED_EXIT)
			run_end(run, s.code, S(""));
		else
			run_line(run, s.what == SERVED_ERR ? WIRE_ERR : s.what == SERVED_EVENT ? WIRE_EVENT : 0, s.text, false);
	}
	arena_done(&a);
}

static void take_line(void *context, struct str line, bool cut)
{
	struct stream *s = context;
	struct child *c = s->child;

	if (s->err) {
		if (!c->spoke && !c->held && str_starts(line, S("bwrap: "))) {
			c->held = mem_dup(line); /* whether it is bwrap's own is known when it ends */
			return;
		}
		let_held_go(c);
		c->spoke = true;
		err_line(c, line, cut);
	} else if (!c->key) {
		if (c->runs)
			run_line(c->runs, 0, line, cut);
	} else if (cut) {
		log_line(c, S("a line on stdout is too long and is left out"));
	} else
		served_line(c, line);
}

static void stream_close(struct stream *s)
{
	if (s->watch.fd >= 0)
		watch_close(s->child->process, &s->watch);
	lines_done(&s->lines);
}

static void on_output(struct watch *w)
{
	static char bytes[READ_BYTES];
	struct stream *s = w->owner;
	struct process *p = s->child->process;
	ssize_t n = p->choked ? -1 : read(w->fd, bytes, sizeof bytes);

	if (n > 0) {
		lines_feed(&s->lines, str_n(bytes, (size_t)n), take_line, s);
		flush(p);
		return;
	}
	if (n < 0 && (p->choked || errno == EAGAIN || errno == EINTR))
		return;
	lines_end(&s->lines, take_line, s);
	watch_close(p, w);
	child_end_if_over(s->child);
}

/* Something that it left behind holds its output open: what is there is taken, and that is all. */
static void give_up(struct child *c)
{
	struct process *p = c->process;

	c->give_up_at = p->choked ? mono_now() + LAST_WORDS : 0;
	if (p->choked)
		return;
	lines_end(&c->out.lines, take_line, &c->out);
	lines_end(&c->err.lines, take_line, &c->err);
	child_end(c);
}

static void on_report(struct watch *w)
{
	struct child *c = w->owner;
	char bytes[1024];
	ssize_t n = read(w->fd, bytes, sizeof bytes);
	struct str text;
	size_t at;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->box.status = -1; /* the watch's file */
		watch_close(c->process, w);
		return;
	}
	buf_add(&c->reported, str_n(bytes, (size_t)n));
	text = buf_str(&c->reported);
	if (!c->inside && !c->reaped && c->box.gate >= 0 && str_find(text, S("\"child-pid\":"), &at)) {
		pid_t inside = (pid_t)strtol(text.p + at + 12, NULL, 10);

		if (inside > 0 && memchr(text.p + at, '\n', text.n - at)) {
			c->inside = inside;
			sandbox_let_go(&c->box, inside, &c->limits);
		}
	}
	c->reported_exit |= str_find(text, S("\"exit-code\":"), &at);
}

static void on_input(struct watch *w)
{
	struct child *c = w->owner;
	struct process *p = c->process;
	ssize_t n = write(w->fd, c->unsent.p + c->sent, c->unsent.n - c->sent);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) { /* it takes no more; that it ends is told by its end */
		watch_close(p, w);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->unsent.n)
		return;
	buf_reset(&c->unsent);
	c->sent = 0;
	watch_set(p, w, 0);
}

/* ---- orders ---- */

struct pipes {
	int child[3], ours[3]; /* -1: none */
};

static void close_all(const int *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (files[i] >= 0)
			close(files[i]);
}

static int input_file(struct str input)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	for (struct str left = input; left.n;) {
		ssize_t n = write(fd, left.p, left.n);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		left = str_n(left.p + n, left.n - (size_t)n);
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* stdin is a file in memory, or for serve a pipe; the others are pipes. */
static bool open_pipes(struct pipes *io, const struct runner_order *o)
{
	int pair[2];

	*io = (struct pipes){{-1, -1, -1}, {-1, -1, -1}};
	if (!o->serve.n)
		io->child[0] = input_file(o->input);
	for (int i = o->serve.n ? 0 : 1; i < 3; i++) {
		if (pipe2(pair, O_CLOEXEC) != 0)
			break;
		io->child[i] = pair[i != 0];
		io->ours[i] = pair[i == 0];
		fcntl(io->ours[i], F_SETFL, O_NONBLOCK);
	}
	if (io->child[0] >= 0 && io->child[1] >= 0 && io->child[2] >= 0)
		return true;
	close_all(io->child, 3);
	close_all(io->ours, 3);
	return false;
}

static void stream_open(struct child *c, struct stream *s, int fd, bool err)
{
	struct process *p = c->process;
	size_t line_max = c->key && !err ? SERVED_LINE_MAX : c->limits.line_bytes;

	*s = (struct stream){.child = c, .err = err};
	lines_init(&s->lines, line_max);
	watch_open(p, &s->watch, fd, p->choked ? 0 : EPOLLIN, on_output, s);
}

static struct child *child_new(struct process *p, const struct runner_order *o)
{
	struct child *c = mem_new(sizeof *c);

	c->process = p;
	c->limits = o->limits;
	c->plugin = mem_dup(o->plugin);
	c->program = mem_dup(o->argv[0]);
	c->key = o->serve.n ? mem_dup(o->serve) : NULL;
	c->began = mono_now();
	buf_init(&c->reported, 4 * KIB);
	buf_init(&c->unsent, SERVED_UNSENT_MAX);
	for (struct watch **w = (struct watch *[]){&c->out.watch, &c->err.watch, &c->report, &c->input, &c->door, NULL}; *w; w++)
		(*w)->fd = -1;
	c->box = (struct sandbox_child){.status = -1, .gate = -1};
	c->next = p->children;
	p->children = c;
	return c;
}

/* NULL: *code and *err say why not. */
static struct child *child_start(struct process *p, const struct runner_order *o, int *code, struct err *err)
{
	struct child *c = child_new(p, o);
	struct pipes io;

	*code = RUNNER_NO_START;
	if (!open_pipes(&io, o) || (o->callback && !door_open(c, o->id))) {
		err_set(err, ERR_UNAVAILABLE, "no program can be started: %s", strerror(errno));
		goto failed;
	}
	if (!sandbox_start(&p->sandbox, o, io.child, c->door_path[0] ? c->door_path : NULL, &c->box, code, err)) {
		close_all(io.ours, 3);
		close_all(io.child, 3);
		goto failed;
	}
	close_all(io.child, 3);
	stream_open(c, &c->out, io.ours[1], false);
	stream_open(c, &c->err, io.ours[2], true);
	if (io.ours[0] >= 0)
		watch_open(p, &c->input, io.ours[0], 0, on_input, c);
	if (c->box.status >= 0)
		watch_open(p, &c->report, c->box.status, EPOLLIN, on_report, c);
	return c;
failed:
	child_free(c);
	return NULL;
}

static struct child *find_serving(struct process *p, struct str key)
{
	struct child *c = p->children;

	while (c && !(c->key && !c->retired && !c->reaped && str_is(key, c->key)))
		c = c->next;
	return c;
}

static void run_begin(struct child *c, const struct runner_order *o)
{
	struct run *run = mem_new(sizeof *run);
	int64_t pid = c->box.pid;

	run->id = o->id;
	run->child = c;
	run->limits = o->limits;
	run->began = mono_now();
	run->deadline = run->began + o->limits.time;
	run->next = c->runs;
	c->runs = run;
	c->run_count++;
	c->idle_at = 0;
	map_put(&c->process->runs, (uint64_t)run->id, run);
	wire_add(&c->process->wire, WIRE_STARTED, 0, run->id, str_n((const char *)&pid, sizeof pid));
	if (!c->key)
		return;
	buf_add(&c->unsent, o->input);
	if (!o->input.n || o->input.p[o->input.n - 1] != '\n')
		buf_char(&c->unsent, '\n');
	if (c->unsent.failed) {
		child_kill(c); /* it has long stopped reading */
		c->retired = true;
	} else
		watch_set(c->process, &c->input, EPOLLOUT);
}

/* Where we see the plugin's folder. */
static const char *our_folder(const struct process *p, struct arena *a, const char *folder)
{
	size_t n = strlen(p->folders);

	if (!n || strncmp(folder, p->folders, n) != 0 || folder[n] != '/')
		return folder;
	return arena_printf(a, "%s%s", p->shown_at, folder + n).p;
}

static void take_order(struct process *p, struct str payload)
{
	struct runner_order o;
	struct err err = {0};
	struct child *c = NULL;
	struct arena a;
	int code = RUNNER_NO_START;

	arena_init(&a);
	if (!wire_unpack_order(&a, payload, &o))
		p->over = true; /* not our daemon */
	else {
		if (o.folder)
			o.folder = our_folder(p, &a, o.folder);
		c = o.serve.n ? find_serving(p, o.serve) : NULL;
		if (!c)
			c = child_start(p, &o, &code, &err);
		if (c)
			run_begin(c, &o);
		else
			tell_end(p, o.id, &(struct runner_end){.code = code, .reason = str_of(err.text)});
	}
	arena_done(&a);
}

static void take_answer(struct process *p, int64_t id, struct str payload)
{
	struct unpack u = {payload, false};
	int64_t call = unpack_int(&u);
	struct str text = unpack_str(&u);
	struct run *run = map_get(&p->runs, (uint64_t)id);

	if (run && !u.failed)
		door_answer(run->child, id, call, text);
}

static void take_frame(struct process *p, const struct wire_head *head, struct str payload)
{
	struct run *run = map_get(&p->runs, (uint64_t)head->id);

	if (head->kind == WIRE_ORDER)
		take_order(p, payload);
	else if (head->kind == WIRE_CANCEL && run)
		run_stop(run, true);
	else if (head->kind == WIRE_ANSWER)
		take_answer(p, head->id, payload);
}

static void take_frames(struct process *p)
{
	struct wire_head head;
	struct str payload;
	bool broken = false;

	while (!p->over && wire_next(&p->wire, &head, &payload, &broken))
		take_frame(p, &head, payload);
	p->over |= broken;
}

static void on_socket(struct watch *w)
{
	struct process *p = w->owner;

	if (!wire_receive(&p->wire))
		p->over = true;
	take_frames(p);
}

/* ---- time ---- */

/* What of /proc/PID/smaps_rollup is memory that nobody else pays for, shared parts in shares. */
static size_t memory_of(pid_t pid)
{
	char path[64], line[256];
	size_t total = 0, kib;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Pss_Anon: %zu", &kib) == 1 || sscanf(line, "Pss_Shmem: %zu", &kib) == 1 || sscanf(line, "SwapPss: %zu", &kib) == 1)
			total += kib * KIB;
	if (f)
		fclose(f);
	return total;
}

/* A process and all below it. */
static size_t memory_below(pid_t pid, unsigned depth)
{
	size_t total = memory_of(pid);
	char path[64];
	FILE *f;
	int child;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	while (f && depth < DEPTH_MAX && fscanf(f, "%d", &child) == 1)
		total += memory_below(child, depth + 1);
	if (f)
		fclose(f);
	return total;
}

static void look_at_memory(struct process *p, mono_ms now)
{
	for (struct child *c = p->children; c; c = c->next) {
		pid_t first = c->inside ? c->inside : c->box.pid;

		if (c->reaped || c->killed || now - c->began < LOOK_EVERY || c->box.container[0])
			continue;
		if (memory_below(first, 0) > 2 * c->limits.memory_bytes) {
			c->no_memory = c->retired = true;
			child_kill(c);
		}
	}
}

static bool due(mono_ms at, mono_ms now)
{
	return at && at <= now;
}

static void child_time(struct child *c, mono_ms now)
{
	for (struct run *run = c->runs, *next; run; run = next) {
		next = run->next;
		if (due(run->deadline, now))
			run_stop(run, false);
	}
	if (due(c->kill_at, now))
		child_kill(c);
	if (due(c->idle_at, now) && !c->runs) {
		c->idle_at = 0;
		child_term(c);
	}
	if (due(c->give_up_at, now))
		give_up(c);
}

static void sooner(mono_ms *soonest, mono_ms at)
{
	if (at && (!*soonest || at < *soonest))
		*soonest = at;
}

/* Milliseconds until something is due; -1: nothing is. */
static int time_passes(struct process *p)
{
	mono_ms now = mono_now(), soonest = 0;

	for (struct child *c = p->children, *next; c; c = next) {
		next = c->next;
		child_time(c, now);
	}
	if (p->sees_memory && due(p->look_at, now))
		look_at_memory(p, now);
	p->look_at = !p->children ? 0 : due(p->look_at, now) || !p->look_at ? now + LOOK_EVERY : p->look_at;
	sooner(&soonest, p->look_at);
	for (struct child *c = p->children; c; c = c->next) {
		sooner(&soonest, c->kill_at);
		sooner(&soonest, c->idle_at);
		sooner(&soonest, c->give_up_at);
		for (struct run *run = c->runs; run; run = run->next)
			sooner(&soonest, run->deadline);
	}
	return !soonest ? -1 : soonest <= now ? 0 : (int)(soonest - now);
}

/* ---- the process ---- */

static void take_all_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* When the system is short of memory: what is started here inherits it. */
static void be_first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "500", 3) == 3)
		close(fd);
}

static bool settle(struct process *p, struct str hello)
{
	struct unpack u = {hello, false};
	enum sandbox_kind kind = (enum sandbox_kind)unpack_int(&u);
	bool ok;
	struct err err = {0};
	struct arena a;
	const char *scratch, *path, *folders;

	arena_init(&a);
	scratch = arena_dup(&a, unpack_str(&u)).p;
	path = arena_dup(&a, unpack_str(&u)).p;
	folders = arena_dup(&a, unpack_str(&u)).p;
	ok = !u.failed && apart_settle(folders, kind, &p->shown_at, &p->sees_memory) && sandbox_init(&p->sandbox, scratch, path, kind, &err);
	if (ok && p->shown_at)
		snprintf(p->folders, sizeof p->folders, "%s", folders);
	arena_done(&a);
	return ok;
}

/* The first frame says how to live. */
static bool hear_hello(struct process *p)
{
	struct pollfd wait = {.fd = p->wire.fd, .events = POLLIN};
	struct wire_head head;
	struct str payload;
	bool broken = false;

	while (!wire_next(&p->wire, &head, &payload, &broken))
		if (broken || poll(&wait, 1, -1) < 0 || !wire_receive(&p->wire))
			return false;
	return head.kind == WIRE_HELLO && settle(p, payload);
}

static bool process_init(struct process *p)
{
	int signal_file;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	take_all_files();
	be_first_to_go();
	wire_init(&p->wire, fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
	dup2(STDOUT_FILENO, STDIN_FILENO); /* /dev/null */
	if (p->wire.fd < 0 || !hear_hello(p) || !sandbox_reserve_files())
		return false;
	prctl(PR_SET_DUMPABLE, 0); /* orders hold secrets, and without a sandbox programs are the same user */
	signal_file = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (signal_file < 0 || p->epoll < 0)
		return false;
	watch_open(p, &p->socket, p->wire.fd, EPOLLIN, on_socket, p);
	watch_open(p, &p->signals, signal_file, EPOLLIN, on_signal, p);
	take_frames(p); /* that came with the first */
	return true;
}

int runner_main(void)
{
	static struct process p;
	struct epoll_event events[64];

	if (!process_init(&p))
		return 1;
	while (!p.over) {
		int wait = time_passes(&p), n;

		flush(&p);
		n = epoll_wait(p.epoll, events, COUNT_OF(events), wait);

		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			if (w->fd >= 0 && w->on)
				w->on_ready(w);
		}
		free_garbage(&p);
	}
	while (p.children) {
		child_kill(p.children);
		child_free(p.children);
	}
	if (p.sandbox.scratch[0])
		sandbox_done(&p.sandbox);
	return 0;
}
