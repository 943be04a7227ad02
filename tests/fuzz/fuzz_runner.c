/* net/runner_lines.h and runner_wire.h: what programs write, cut anywhere, gives the same lines; nothing is longer than it may be or lost;
 * a serving program's lines and frames of any bytes are read or refused. */
#include "fuzz.h"
#include "net/runner_lines.h"
#include "net/runner_wire.h"

#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES 48

struct taken {
	struct buf text;
	size_t bytes, lines;
};

static void take(void *context, struct str line, bool cut)
{
	struct taken *t = context;

	need(line.n <= LINE_MAX_BYTES && !memchr(line.p, '\n', line.n));
	touch(line);
	t->bytes += line.n;
	t->lines++;
	buf_add(&t->text, line);
	buf_char(&t->text, cut ? '+' : '.');
}

static void cut_lines(struct str in, size_t step, struct taken *t)
{
	struct lines l;
	size_t feeds = 0;

	for (size_t i = 0; i < in.n; i++)
		feeds += in.p[i] == '\n';
	*t = (struct taken){0};
	buf_init(&t->text, 64 * MIB);
	lines_init(&l, LINE_MAX_BYTES);
	for (size_t at = 0; at < in.n; at += step)
		lines_feed(&l, str_n(in.p + at, in.n - at < step ? in.n - at : step), take, t);
	lines_end(&l, take, t);
	need(t->bytes + l.skipped_bytes + feeds == in.n);
	need(t->lines <= feeds + 1);
	lines_done(&l);
}

static void check_lines(struct str in)
{
	static const size_t steps[] = {1, 7, 4096};
	struct taken whole, pieces;

	cut_lines(in, in.n + 1, &whole);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		cut_lines(in, steps[i], &pieces);
		need(str_eq(buf_str(&whole.text), buf_str(&pieces.text)));
		buf_done(&pieces.text);
	}
	buf_done(&whole.text);
}

static void check_served(struct str in)
{
	struct served s;
	struct arena a;

	arena_init(&a);
	if (served_parse(&a, in, &s)) {
		need(s.id > 0 && s.code >= 0 && s.code <= 255);
		touch(s.text);
	}
	need(call_run(&a, in) >= 0);
	arena_done(&a);
}

static void check_payloads(struct str in)
{
	struct runner_order o;
	struct runner_end e;
	struct arena a;
	struct buf b;

	arena_init(&a);
	if (wire_unpack_order(&a, in, &o)) {
		for (size_t i = 0; i < o.argc; i++)
			touch(o.argv[i]);
		for (size_t i = 0; i < o.secret_count; i++)
			touch(o.secrets[i].content);
		buf_init(&b, WIRE_FRAME_MAX);
		wire_pack_order(&b, &o);
		need(b.n <= in.n);
		buf_done(&b);
	}
	if (wire_unpack_end(in, 0, &e))
		touch(e.reason);
	arena_done(&a);
}

/* Bytes from a runner that has gone mad. */
static void check_frames(struct str in)
{
	struct wire_head head;
	struct str payload;
	struct wire w;
	bool broken = false;
	int pair[2];

	if (in.n > 64 * KIB || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	need(send(pair[1], in.p, in.n, 0) == (ssize_t)in.n);
	close(pair[1]);
	wire_init(&w, pair[0]);
	while (wire_receive(&w))
		while (wire_next(&w, &head, &payload, &broken))
			touch(payload);
	wire_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);

	check_lines(in);
	check_served(in);
	check_payloads(in);
	check_frames(in);
	free((char *)in.p);
	return 0;
}
