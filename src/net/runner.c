#include "net/runner.h"

#include "base/apart.h"
#include "base/crypt.h"
#include "base/map.h"
#include "net/runner_wire.h"
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 16
#define QUEUED_MAX 1000
#define INPUT_MAX (8 * MIB)
#define SECRETS_MAX (1 * MIB)
#define WORDS_MAX_BYTES (1 * MIB)
#define WORDS_MAX 1000
#define STAYS_UP (10 * SECOND) /* one that dies sooner did not do well */
#define FAILURES_MAX 5         /* of those in a row; then what waits is refused */
#define WAIT_FIRST (SECOND / 10)
#define WAIT_MOST (30 * SECOND)

const struct runner_limits runner_default_limits = {
	.time = MINUTE,
	.memory_bytes = 256 * MIB,
	.processes = 64,
	.files = 256,
	.line_bytes = 64 * KIB,
	.output_bytes = 8 * MIB,
	.at_once = 4,
};

/* How many of one plugin run. Gone with its last order. */
struct plugin {
	uint64_t key;
	unsigned running, orders;
};

struct order {
	struct house *house;
	struct order *next; /* in the queue, or in the list of those to end */
	int64_t id;
	struct plugin *plugin;
	unsigned at_once;
	struct buf packed;
	bool sent, told;  /* told: that it waits */
	struct err failed; /* to be ended with this */
	int code;
	bool cancelled;
};

/* A process. There are two, each started when there is something for it: podman does not work in the namespaces of the other one. */
struct house {
	struct runner *runner;
	enum sandbox_kind kind;
	uv_poll_t *poll; /* NULL: no process */
	uv_timer_t again; /* the next start */
	struct wire wire;
	pid_t pid;
	char scratch[32];
	mono_ms began;
	unsigned failures;
	bool waits;
};

struct runner {
	uv_loop_t *loop;
	struct runner_options options;
	char *path, *folders; /* owned */
	struct runner_events events;
	void *context;
	struct house main, containers;
	uv_timer_t soon; /* for events, which may not come from within a call */
	struct map orders, plugins;
	struct order *first, **last; /* the queue */
	struct order *ending;
	size_t running, queued, untold;
	bool held, freed;
	unsigned handles;
};

/* ---- orders ---- */

static struct plugin *plugin_get(struct runner *r, struct str name)
{
	uint64_t key = fnv_add(FNV_START, name);
	struct plugin *p = map_get(&r->plugins, key);

	if (!p) {
		p = mem_new(sizeof *p);
		p->key = key;
		map_put(&r->plugins, key, p);
	}
	p->orders++;
	return p;
}

static void order_free(struct runner *r, struct order *o)
{
	map_take(&r->orders, (uint64_t)o->id);
	if (o->sent) {
		o->plugin->running--;
		r->running--;
	}
	if (--o->plugin->orders == 0) {
		map_take(&r->plugins, o->plugin->key);
		mem_free(o->plugin);
	}
	buf_done(&o->packed);
	mem_free(o);
}

static void queue_remove(struct runner *r, struct order *o)
{
	struct order **at = &r->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	if (!*at)
		r->last = at;
	r->queued--;
	r->untold -= !o->told;
}

static void on_soon(uv_timer_t *t);

static void soon(struct runner *r)
{
	uv_timer_start(&r->soon, on_soon, 0, 0);
}

/* Its end is told when the loop comes by. */
static void end_soon(struct runner *r, struct order *o, int code)
{
	struct order **at = &r->ending;

	while (*at)
		at = &(*at)->next;
	o->code = code;
	o->next = NULL;
	*at = o;
	soon(r);
}

static void order_end(struct runner *r, struct order *o, const struct runner_end *e)
{
	int64_t id = o->id;

	order_free(r, o); /* before the event, which may give another order */
	if (r->events.on_end)
		r->events.on_end(r->context, id, e);
}

/* ---- the process ---- */

static void dispatch(struct runner *r);
static void take_frames(struct house *h);

static void on_poll_closed(uv_handle_t *h)
{
	mem_free(h);
}

static void forget_process(struct house *h)
{
	if (!h->pid)
		return;
	uv_poll_stop(h->poll);
	uv_close((uv_handle_t *)h->poll, on_poll_closed);
	h->poll = NULL;
	wire_done(&h->wire);
	kill(h->pid, SIGKILL);
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	folder_remove(h->scratch);
}

static void on_again(uv_timer_t *t)
{
	struct house *h = t->data;

	h->waits = false;
	dispatch(h->runner);
}

static void refuse_queue(struct house *h, const struct err *why)
{
	for (struct order *o = h->runner->first, *next; o; o = next) {
		next = o->next;
		if (o->house != h)
			continue;
		queue_remove(h->runner, o);
		o->failed = *why;
		end_soon(h->runner, o, RUNNER_NO_START);
	}
}

/* It is started again by what waits, after a while if it did not do well. */
static void process_failed(struct house *h, const struct err *why)
{
	span_ms wait = 0;

	h->failures = mono_now() - h->began < STAYS_UP ? h->failures + 1 : 1;
	if (h->failures > 1)
		wait = WAIT_FIRST << (h->failures - 2 < 16 ? h->failures - 2 : 16);
	if (h->failures >= FAILURES_MAX)
		refuse_queue(h, why);
	h->waits = true;
	uv_timer_start(&h->again, on_again, (uint64_t)(wait < WAIT_MOST ? wait : WAIT_MOST), 0);
}

static void process_lost(struct house *h)
{
	struct runner_end e = {.code = RUNNER_NO_START, .unknown = true,
			       .reason = S("the process that runs plugins ended meanwhile; nobody knows how far it came")};
	struct runner *r = h->runner;
	struct err why = {0};
	struct order **lost = mem_new((r->running + 1) * sizeof *lost);
	size_t count = 0;
	void *o;

	forget_process(h);
	err_set(&why, ERR_UNAVAILABLE, "the process that runs plugins does not stay up");
	process_failed(h, &why);
	for (size_t i = 0; map_next(&r->orders, &i, &o);)
		if (((struct order *)o)->sent && ((struct order *)o)->house == h)
			lost[count++] = o;
	for (size_t i = 0; i < count; i++)
		order_end(r, lost[i], &e);
	mem_free(lost);
}

static void update_poll(struct house *h);

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct house *h = poll->data;

	if (!h->runner->held && (events & UV_READABLE || status < 0)) {
		if (!wire_receive(&h->wire)) {
			process_lost(h);
			return;
		}
		take_frames(h);
	}
	update_poll(h);
}

static void update_poll(struct house *h)
{
	int events = h->runner->held ? 0 : UV_READABLE;

	if (!h->pid)
		return;
	if (wire_send(&h->wire) && wire_unsent(&h->wire))
		events |= UV_WRITABLE; /* if it is gone, that is read, behind what it still said */
	if (events)
		uv_poll_start(h->poll, events, on_poll);
	else
		uv_poll_stop(h->poll);
}

static bool make_scratch(struct house *h)
{
	snprintf(h->scratch, sizeof h->scratch, "/tmp/opsroom-XXXXXX");
	return mkdtemp(h->scratch) && (getuid() != 0 || chown(h->scratch, SANDBOX_USER, SANDBOX_USER) == 0);
}

static void say_hello(struct house *h)
{
	struct buf b;

	buf_init(&b, 64 * KIB);
	pack_int(&b, h->kind);
	pack_str(&b, str_of(h->scratch));
	pack_str(&b, str_of(h->runner->path));
	pack_str(&b, str_of(h->runner->folders));
	wire_add(&h->wire, WIRE_HELLO, 0, 0, buf_str(&b));
	buf_done(&b);
}

static void process_start(struct house *h)
{
	struct err why = {0};
	int pair[2] = {-1, -1};

	h->began = mono_now();
	if (!make_scratch(h) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0 || !apart_spawn(RUNNER_ARGUMENT, pair[1], &h->pid)) {
		err_set(&why, ERR_UNAVAILABLE, "the process that runs plugins cannot be started: %s", strerror(errno));
		if (pair[0] >= 0)
			close(pair[0]);
		h->pid = 0;
		folder_remove(h->scratch);
		process_failed(h, &why);
	} else {
		wire_init(&h->wire, pair[0]);
		h->poll = mem_new(sizeof *h->poll);
		uv_poll_init(h->runner->loop, h->poll, pair[0]);
		h->poll->data = h;
		say_hello(h);
	}
	if (pair[1] >= 0)
		close(pair[1]);
}

/* ---- the queue ---- */

static void send_order(struct runner *r, struct order *o)
{
	queue_remove(r, o);
	o->sent = true;
	o->plugin->running++;
	r->running++;
	wire_add(&o->house->wire, WIRE_ORDER, 0, o->id, buf_str(&o->packed));
	buf_done(&o->packed);
}

/* Sends what may run now, in order of arrival; who is over its plugin's limit lets others pass. */
static void dispatch(struct runner *r)
{
	if (r->freed)
		return;
	for (struct order *o = r->first, *next; o && r->running < r->options.at_once; o = next) {
		struct house *h = o->house;

		next = o->next;
		if (h->waits || o->plugin->running >= o->at_once)
			continue;
		if (!h->pid)
			process_start(h);
		if (!h->pid)
			break; /* the queue is another now */
		send_order(r, o);
	}
	update_poll(&r->main);
	update_poll(&r->containers);
	if (r->untold)
		soon(r);
}

static void tell_queue(struct runner *r)
{
	size_t ahead = 0;

	for (struct order *o = r->first; o; o = o->next, ahead++) {
		if (o->told)
			continue;
		o->told = true;
		r->untold--;
		if (r->events.on_queued) {
			r->events.on_queued(r->context, o->id, ahead);
			if (r->untold)
				soon(r); /* the queue may be another by now */
			return;
		}
	}
}

static void on_soon(uv_timer_t *t)
{
	struct runner *r = t->data;

	while (r->ending) {
		struct order *o = r->ending;
		char reason[sizeof o->failed.text];

		r->ending = o->next;
		memcpy(reason, o->failed.text, sizeof reason);
		order_end(r, o, &(struct runner_end){.code = o->code, .cancelled = o->cancelled, .reason = str_of(reason)});
	}
	tell_queue(r);
	take_frames(&r->main);
	take_frames(&r->containers);
	dispatch(r);
}

/* ---- what the process says ---- */

static void take_frame(struct runner *r, const struct wire_head *head, struct str payload)
{
	struct unpack u = {payload, false};
	struct order *o = map_get(&r->orders, (uint64_t)head->id);
	struct runner_end end;
	int64_t number;
	struct str text;

	if (head->kind == WIRE_LOG) {
		text = unpack_str(&u);
		if (r->events.on_log)
			r->events.on_log(r->context, text, unpack_str(&u));
		return;
	}
	if (!o || !o->sent)
		return;
	if (head->kind == WIRE_LINE && r->events.on_line) {
		r->events.on_line(r->context, o->id, &(struct runner_line){payload, head->flags & WIRE_ERR, head->flags & WIRE_EVENT,
									  head->flags & WIRE_CUT, head->flags & WIRE_OURS});
	} else if (head->kind == WIRE_STARTED && r->events.on_started) {
		number = unpack_int(&u);
		r->events.on_started(r->context, o->id, (int)number);
	} else if (head->kind == WIRE_CALL && r->events.on_call) {
		number = unpack_int(&u);
		text = unpack_str(&u);
		r->events.on_call(r->context, o->id, number, text);
	} else if (head->kind == WIRE_END && wire_unpack_end(payload, head->flags, &end))
		order_end(r, o, &end);
}

static void take_frames(struct house *h)
{
	struct runner *r = h->runner;
	struct wire_head head;
	struct str payload;
	bool broken = false;

	while (!r->held && h->pid && wire_next(&h->wire, &head, &payload, &broken))
		take_frame(r, &head, payload);
	if (broken)
		process_lost(h);
	else
		dispatch(r);
}

/* ---- what the daemon asks ---- */

static bool plain_words(const struct str *list, size_t count, size_t *total)
{
	for (size_t i = 0; i < count; i++) {
		*total += list[i].n + 1;
		if (memchr(list[i].p ? list[i].p : "", '\0', list[i].n))
			return false;
	}
	return true;
}

static bool is_name(struct str s, const char *others, bool digit_first)
{
	if (!s.n || s.n > 200 || (!digit_first && s.p[0] >= '0' && s.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(others, c))))
			return false;
	}
	return true;
}

static bool check_environment(const struct runner_order *o, size_t *total, struct err *err)
{
	struct str name;

	if (!plain_words(o->env, o->env_count, total)) {
		err_set(err, ERR_INVALID, "an environment has no NUL");
		return false;
	}
	for (size_t i = 0; i < o->env_count; i++) {
		str_cut(o->env[i], '=', &name);
		if (name.n == o->env[i].n || !is_name(name, "_", false)) {
			err_set(err, ERR_INVALID, "'%.*s' is no name in an environment", (int)(name.n < 100 ? name.n : 100), name.p);
			return false;
		}
	}
	return true;
}

static bool check_secrets(const struct runner_order *o, struct err *err)
{
	size_t total = 0;

	for (size_t i = 0; i < o->secret_count; i++) {
		struct str name = o->secrets[i].name;

		total += o->secrets[i].content.n;
		if (!is_name(name, "_-.", true) || name.p[0] == '.') {
			err_set(err, ERR_INVALID, "'%.*s' is no name for a secret's file", (int)(name.n < 100 ? name.n : 100), name.p);
			return false;
		}
	}
	if (o->secret_count <= RUNNER_SECRETS && total <= SECRETS_MAX)
		return true;
	err_set(err, ERR_TOO_BIG, "a program gets %d secrets and %u KiB of them at most", RUNNER_SECRETS, SECRETS_MAX / KIB);
	return false;
}

static bool check_limits(const struct runner_limits *l, struct err *err)
{
	if (l->time > 0 && l->memory_bytes && l->processes && l->files && l->line_bytes && l->output_bytes && l->at_once)
		return true;
	err_set(err, ERR_INVALID, "a limit of a program is 0");
	return false;
}

static bool check_kind(const struct runner_order *o, struct err *err)
{
	struct str input = o->input;

	if (o->serve.n && input.n && input.p[input.n - 1] == '\n')
		input.n--;
	if (o->serve.n && memchr(input.p ? input.p : "", '\n', input.n))
		err_set(err, ERR_INVALID, "what a serving program is asked is one line");
	else if (o->serve.n > 200 || !plain_words(&o->serve, 1, &(size_t){0}))
		err_set(err, ERR_INVALID, "the key of a serving program has 200 bytes at most");
	else if (o->image.n && (!is_name(o->image, "_-./:@", true) || o->image.p[0] == '-'))
		err_set(err, ERR_INVALID, "'%.*s' is no name of an image", (int)(o->image.n < 100 ? o->image.n : 100), o->image.p);
	else if (o->folder && (o->folder[0] != '/' || strlen(o->folder) > 1000 || (o->image.n && strpbrk(o->folder, ":,"))))
		err_set(err, ERR_INVALID, "a plugin's folder is an absolute path");
	return !err->code;
}

static bool check(const struct runner_order *o, struct err *err)
{
	size_t total = 0;

	if (o->id <= 0 || !o->plugin.n || o->plugin.n > 200 || !o->argc || !o->argv[0].n || o->argc > WORDS_MAX || o->env_count > WORDS_MAX ||
	    !plain_words(o->argv, o->argc, &total) || !plain_words(&o->plugin, 1, &total)) {
		err_set(err, ERR_INVALID, "an order names its id, a plugin and up to %d arguments without NUL", WORDS_MAX);
		return false;
	}
	if (!check_environment(o, &total, err) || !check_secrets(o, err) || !check_kind(o, err) || !check_limits(&o->limits, err))
		return false;
	if (total <= WORDS_MAX_BYTES && o->input.n <= INPUT_MAX)
		return true;
	err_set(err, ERR_TOO_BIG, "a program gets %u MiB of input and %u KiB of arguments and environment at most", INPUT_MAX / MIB,
		WORDS_MAX_BYTES / KIB);
	return false;
}

bool runner_start(struct runner *r, const struct runner_order *order, struct err *err)
{
	struct order *o;

	if (!check(order, err))
		return false;
	if (map_get(&r->orders, (uint64_t)order->id)) {
		err_set(err, ERR_CONFLICT, "run %lld is under way", (long long)order->id);
		return false;
	}
	if (r->queued >= r->options.queued_max) {
		err_set(err, ERR_TOO_MANY, "%zu programs wait to be run; try later", r->queued);
		return false;
	}
	o = mem_new(sizeof *o);
	o->id = order->id;
	o->at_once = order->limits.at_once;
	o->plugin = plugin_get(r, order->plugin);
	o->house = order->image.n ? &r->containers : &r->main;
	buf_init(&o->packed, WIRE_FRAME_MAX);
	wire_pack_order(&o->packed, order);
	map_put(&r->orders, (uint64_t)o->id, o);
	*r->last = o;
	r->last = &o->next;
	r->queued++;
	r->untold++;
	dispatch(r);
	return true;
}

bool runner_cancel(struct runner *r, int64_t id)
{
	struct order *o = map_get(&r->orders, (uint64_t)id);

	if (!o)
		return false;
	if (o->sent) {
		wire_add(&o->house->wire, WIRE_CANCEL, 0, id, S(""));
		update_poll(o->house);
	} else if (!o->code) {
		queue_remove(r, o);
		o->cancelled = true;
		end_soon(r, o, 128 + SIGTERM);
	}
	return true;
}

void runner_answer(struct runner *r, int64_t id, int64_t call, struct str text)
{
	struct order *o = map_get(&r->orders, (uint64_t)id);
	struct buf b;

	if (!o || !o->sent)
		return;
	buf_init(&b, WIRE_FRAME_MAX);
	pack_int(&b, call);
	pack_str(&b, text);
	wire_add(&o->house->wire, WIRE_ANSWER, 0, id, buf_str(&b));
	buf_done(&b);
	update_poll(o->house);
}

void runner_hold(struct runner *r, bool hold)
{
	if (r->held == hold)
		return;
	r->held = hold;
	update_poll(&r->main);
	update_poll(&r->containers);
	if (!hold)
		soon(r); /* frames that are here already */
}

void runner_counts(const struct runner *r, size_t *running, size_t *queued)
{
	*running = r->running;
	*queued = r->queued;
}

pid_t runner_pid(const struct runner *r)
{
	return r->main.pid;
}

static void house_init(struct house *h, struct runner *r, enum sandbox_kind kind)
{
	h->runner = r;
	h->kind = kind;
	h->wire.fd = -1;
	uv_timer_init(r->loop, &h->again);
	h->again.data = h;
}

struct runner *runner_new(uv_loop_t *loop, const struct runner_options *options, const struct runner_events *events, void *context)
{
	struct runner *r = mem_new(sizeof *r);

	r->loop = loop;
	r->options = *options;
	r->path = mem_dup(str_of(options->path ? options->path : "/usr/bin:/bin:/usr/local/bin"));
	r->folders = mem_dup(str_of(options->folders));
	r->events = *events;
	r->context = context;
	r->last = &r->first;
	if (!r->options.at_once)
		r->options.at_once = AT_ONCE;
	if (!r->options.queued_max)
		r->options.queued_max = QUEUED_MAX;
	uv_timer_init(loop, &r->soon);
	r->soon.data = r;
	house_init(&r->main, r, options->sandbox_off ? SANDBOX_OFF : SANDBOX_BWRAP);
	house_init(&r->containers, r, SANDBOX_PODMAN);
	r->handles = 3;
	return r;
}

static void on_timer_closed(struct runner *r)
{
	if (--r->handles)
		return;
	map_done(&r->orders);
	map_done(&r->plugins);
	mem_free(r->path);
	mem_free(r->folders);
	mem_free(r);
}

static void on_soon_closed(uv_handle_t *h)
{
	on_timer_closed(h->data);
}

static void on_again_closed(uv_handle_t *h)
{
	on_timer_closed(((struct house *)h->data)->runner);
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	r->freed = true;
	forget_process(&r->main);
	forget_process(&r->containers);
	while (r->orders.count) {
		size_t i = 0;
		void *o;

		if (map_next(&r->orders, &i, &o))
			order_free(r, o);
	}
	uv_close((uv_handle_t *)&r->soon, on_soon_closed);
	uv_close((uv_handle_t *)&r->main.again, on_again_closed);
	uv_close((uv_handle_t *)&r->containers.again, on_again_closed);
}
