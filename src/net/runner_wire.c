#include "net/runner_wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (128 * KIB)
#define RECEIVE_AT_ONCE (1 * MIB)
#define COMPACT_BYTES (256 * KIB)
#define UNSENT_MAX ((size_t)1 << 30) /* our own bug: those who add look at wire_unsent() */

void wire_init(struct wire *w, int fd)
{
	*w = (struct wire){.fd = fd};
	buf_init(&w->in, WIRE_FRAME_MAX + sizeof(struct wire_head) + RECEIVE_BYTES);
	buf_init(&w->out, UNSENT_MAX);
}

void wire_done(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	buf_done(&w->in);
	buf_done(&w->out);
	w->fd = -1;
	w->taken = w->sent = 0;
}

void wire_add(struct wire *w, enum wire_kind kind, unsigned flags, int64_t id, struct str payload)
{
	struct wire_head head = {(uint32_t)payload.n, (uint16_t)kind, (uint16_t)flags, id};

	buf_add(&w->out, str_n((const char *)&head, sizeof head));
	buf_add(&w->out, payload);
}

size_t wire_unsent(const struct wire *w)
{
	return w->out.n - w->sent;
}

static void compact(struct wire *w)
{
	if (w->sent < w->out.n && w->sent < COMPACT_BYTES)
		return;
	memmove(w->out.p, w->out.p + w->sent, w->out.n - w->sent);
	w->out.n -= w->sent;
	w->sent = 0;
}

bool wire_send(struct wire *w)
{
	bool there = true;

	while (there && wire_unsent(w)) {
		ssize_t n = send(w->fd, w->out.p + w->sent, wire_unsent(w), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			w->sent += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else
			there = errno == EINTR;
	}
	if (w->sent)
		compact(w);
	return there;
}

static ssize_t receive_some(struct wire *w)
{
	char *to = buf_room(&w->in, RECEIVE_BYTES);
	ssize_t n = to ? recv(w->fd, to, RECEIVE_BYTES, MSG_DONTWAIT) : 0;

	if (n > 0)
		w->in.n += (size_t)n;
	return n;
}

bool wire_receive(struct wire *w)
{
	size_t total = 0;

	if (w->taken) {
		memmove(w->in.p, w->in.p + w->taken, w->in.n - w->taken);
		w->in.n -= w->taken;
		w->taken = 0;
	}
	while (total < RECEIVE_AT_ONCE && w->in.n < sizeof(struct wire_head) + WIRE_FRAME_MAX) {
		ssize_t n = receive_some(w);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return total > 0; /* what came before the end is worth reading; the end comes again */
		total += (size_t)n;
	}
	return true;
}

bool wire_next(struct wire *w, struct wire_head *head, struct str *payload, bool *broken)
{
	size_t left = w->in.n - w->taken;

	*broken = false;
	if (left < sizeof *head)
		return false;
	memcpy(head, w->in.p + w->taken, sizeof *head);
	if (head->size_bytes > WIRE_FRAME_MAX || !head->kind || head->kind >= WIRE_KINDS) {
		*broken = true;
		return false;
	}
	if (left - sizeof *head < head->size_bytes)
		return false;
	*payload = str_n(w->in.p + w->taken + sizeof *head, head->size_bytes);
	w->taken += sizeof *head + head->size_bytes;
	return true;
}

void pack_int(struct buf *b, int64_t v)
{
	buf_add(b, str_n((const char *)&v, sizeof v));
}

void pack_str(struct buf *b, struct str s)
{
	pack_int(b, (int64_t)s.n);
	buf_add(b, s);
}

int64_t unpack_int(struct unpack *u)
{
	int64_t v = 0;

	if (u->rest.n < sizeof v) {
		u->failed = true;
		u->rest.n = 0;
		return 0;
	}
	memcpy(&v, u->rest.p, sizeof v);
	u->rest = str_n(u->rest.p + sizeof v, u->rest.n - sizeof v);
	return v;
}

struct str unpack_str(struct unpack *u)
{
	size_t n = unpack_count(u, u->rest.n);
	struct str s;

	if (n > u->rest.n) {
		u->failed = true;
		n = 0;
	}
	s = str_n(u->rest.p, n);
	u->rest = str_n(u->rest.p + n, u->rest.n - n);
	return s;
}

size_t unpack_count(struct unpack *u, size_t most)
{
	int64_t n = unpack_int(u);

	if (n >= 0 && (uint64_t)n <= most)
		return (size_t)n;
	u->failed = true;
	return 0;
}

#define WORDS_MAX 4096

static void pack_words(struct buf *b, const struct str *list, size_t count)
{
	pack_int(b, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		pack_str(b, list[i]);
}

static const struct str *unpack_words(struct arena *a, struct unpack *u, size_t *count)
{
	struct str *list;

	*count = unpack_count(u, WORDS_MAX);
	list = arena_zero(a, (*count + 1) * sizeof *list);
	for (size_t i = 0; i < *count; i++)
		list[i] = unpack_str(u);
	return list;
}

static void pack_limits(struct buf *b, const struct runner_limits *l)
{
	pack_int(b, l->time);
	pack_int(b, (int64_t)l->memory_bytes);
	pack_int(b, l->processes);
	pack_int(b, l->files);
	pack_int(b, (int64_t)l->line_bytes);
	pack_int(b, (int64_t)l->output_bytes);
}

static void unpack_limits(struct unpack *u, struct runner_limits *l)
{
	l->time = unpack_int(u);
	l->memory_bytes = (size_t)unpack_int(u);
	l->processes = (unsigned)unpack_int(u);
	l->files = (unsigned)unpack_int(u);
	l->line_bytes = (size_t)unpack_int(u);
	l->output_bytes = (size_t)unpack_int(u);
}

void wire_pack_order(struct buf *b, const struct runner_order *o)
{
	pack_int(b, o->id);
	pack_str(b, o->plugin);
	pack_words(b, o->argv, o->argc);
	pack_str(b, str_of(o->folder));
	pack_words(b, o->env, o->env_count);
	pack_str(b, o->input);
	pack_int(b, (int64_t)o->secret_count);
	for (size_t i = 0; i < o->secret_count; i++) {
		pack_str(b, o->secrets[i].name);
		pack_str(b, o->secrets[i].content);
	}
	pack_str(b, o->serve);
	pack_str(b, o->image);
	pack_int(b, o->network);
	pack_int(b, o->callback);
	pack_limits(b, &o->limits);
}

static void unpack_secrets(struct arena *a, struct unpack *u, struct runner_order *o)
{
	struct runner_secret *list;

	o->secret_count = unpack_count(u, RUNNER_SECRETS);
	list = arena_zero(a, (o->secret_count + 1) * sizeof *list);
	for (size_t i = 0; i < o->secret_count; i++) {
		list[i].name = unpack_str(u);
		list[i].content = unpack_str(u);
	}
	o->secrets = list;
}

bool wire_unpack_order(struct arena *a, struct str payload, struct runner_order *out)
{
	struct unpack u = {payload, false};
	struct str folder;

	*out = (struct runner_order){0};
	out->id = unpack_int(&u);
	out->plugin = unpack_str(&u);
	out->argv = unpack_words(a, &u, &out->argc);
	folder = unpack_str(&u);
	out->folder = folder.n ? arena_dup(a, folder).p : NULL;
	out->env = unpack_words(a, &u, &out->env_count);
	out->input = unpack_str(&u);
	unpack_secrets(a, &u, out);
	out->serve = unpack_str(&u);
	out->image = unpack_str(&u);
	out->network = unpack_int(&u) != 0;
	out->callback = unpack_int(&u) != 0;
	unpack_limits(&u, &out->limits);
	return !u.failed && !u.rest.n && out->argc && out->id;
}

void wire_pack_end(struct buf *b, const struct runner_end *e)
{
	pack_int(b, e->code);
	pack_str(b, e->reason);
	pack_int(b, (int64_t)e->left_out_bytes);
	pack_int(b, e->wall);
	pack_int(b, e->cpu);
	pack_int(b, (int64_t)e->max_rss_bytes);
}

bool wire_unpack_end(struct str payload, unsigned flags, struct runner_end *out)
{
	struct unpack u = {payload, false};

	*out = (struct runner_end){.code = (int)unpack_int(&u), .timed_out = flags & WIRE_TIMED_OUT, .cancelled = flags & WIRE_CANCELLED};
	out->reason = unpack_str(&u);
	out->left_out_bytes = (uint64_t)unpack_int(&u);
	out->wall = unpack_int(&u);
	out->cpu = unpack_int(&u);
	out->max_rss_bytes = (uint64_t)unpack_int(&u);
	return !u.failed;
}
