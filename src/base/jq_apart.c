#include "base/jq_apart.h"

#include "base/apart.h"
#include "base/jq.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_MAX SECOND
#define START_MAX (10 * SECOND) /* of the process; compiling takes tens of milliseconds */
#define ASIDE MINUTE
#define MEMORY_MAX_BYTES (256 * MIB)
#define FRAME_MAX (64 * MIB)

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW true /* AddressSanitizer's shadow is larger than any limit */
#else
#define HAS_SHADOW false
#endif

struct jq_apart {
	struct str prelude, text; /* owned */
	pid_t pid;                /* 0: there is none */
	int fd;
	unsigned strikes;
	mono_ms first_strike, aside_until;
};

/* What goes over the socket, both ways: a length and that many bytes. An input is JSON; an answer begins with its enum err_code as a
 * byte, then comes the reason, or the values with a line feed behind each. */
struct frame_head {
	uint32_t size_bytes;
};

/* ---- the process ---- */

static bool read_full(void *to, size_t n)
{
	for (char *p = to; n;) {
		ssize_t got = read(STDIN_FILENO, p, n);

		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool read_frame(struct arena *a, struct str *out)
{
	struct frame_head head;
	char *p;

	if (!read_full(&head, sizeof head) || head.size_bytes > FRAME_MAX)
		return false;
	p = arena_alloc(a, head.size_bytes + 1);
	p[head.size_bytes] = '\0';
	*out = str_n(p, head.size_bytes);
	return read_full(p, head.size_bytes);
}

static bool write_full(const void *from, size_t n)
{
	for (const char *p = from; n;) {
		ssize_t put = write(STDIN_FILENO, p, n);

		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

static bool write_answer(struct buf *b, const struct err *err)
{
	struct frame_head head;

	if (err->code) {
		b->n = 0;
		buf_char(b, (char)err->code);
		buf_add(b, str_of(err->text));
	}
	head.size_bytes = (uint32_t)b->n;
	return write_full(&head, sizeof head) && write_full(b->p, b->n);
}

static void answer_input(struct jq_program *program, struct arena *a, struct str input, struct buf *b, struct err *err)
{
	size_t most = (size_t)atoi(input.p); /* "1000 {...}" */
	const struct json *tree;
	struct json *values;
	struct str number;

	input = str_cut(input, ' ', &number);
	buf_char(b, ERR_NONE);
	tree = json_parse(a, input, JSON_LAST_KEY_WINS, err);
	if (!tree || !jq_run(program, a, tree, most, &values, err))
		return;
	for (const struct json *v = values; v; v = v->next) {
		struct json_out o = json_out(b);

		json_put(&o, v);
		buf_char(b, '\n');
	}
	if (b->failed)
		err_set(err, ERR_INVALID, "the program answers more than %u MiB", FRAME_MAX / MIB);
}

static void set_limits(void)
{
	const struct rlimit none = {0, 0}, memory = {MEMORY_MAX_BYTES, MEMORY_MAX_BYTES};

	setrlimit(RLIMIT_CORE, &none);
	if (!HAS_SHADOW)
		setrlimit(RLIMIT_DATA, &memory);
}

int jq_apart_main(void)
{
	struct jq_program *program;
	struct str prelude, text;
	struct err err = {0};
	struct arena a;
	struct buf b;

	arena_init(&a);
	set_limits();
	if (!read_frame(&a, &prelude) || !read_frame(&a, &text))
		return 2;
	program = jq_program_new(prelude, text, &err);
	buf_init(&b, FRAME_MAX);
	buf_char(&b, ERR_NONE); /* ready */
	while (write_answer(&b, &err) && program) {
		buf_done(&b);
		buf_init(&b, FRAME_MAX);
		arena_reset(&a);
		err_clear(&err);
		if (!read_frame(&a, &text))
			break;
		alarm(2); /* for the case that whoever should end us has gone */
		answer_input(program, &a, text, &b, &err);
		alarm(0);
	}
	buf_done(&b);
	jq_program_free(program);
	arena_done(&a);
	return 0;
}

/* ---- ours ---- */

static struct str keep(struct str s)
{
	return (struct str){mem_dup(s), s.n};
}

struct jq_apart *jq_apart_new(struct str prelude, struct str text)
{
	struct jq_apart *p = mem_new(sizeof *p);

	p->prelude = keep(prelude);
	p->text = keep(text);
	return p;
}

/* Its wait status. */
static int end_process(struct jq_apart *p)
{
	int status = 0;

	if (!p->pid)
		return 0;
	close(p->fd);
	kill(p->pid, SIGKILL); /* no harm if it has ended: until it is waited for, the number is its own */
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

void jq_apart_free(struct jq_apart *p)
{
	if (!p)
		return;
	end_process(p);
	mem_free((void *)p->prelude.p);
	mem_free((void *)p->text.p);
	mem_free(p);
}

enum moved { MOVED, TOO_LATE, GONE };

static enum moved move_bytes(int fd, void *bytes, size_t n, bool out, mono_ms until)
{
	for (char *p = bytes; n;) {
		struct pollfd wait = {.fd = fd, .events = out ? POLLOUT : POLLIN};
		mono_ms left = until - mono_now();
		ssize_t moved;

		if (left <= 0)
			return TOO_LATE;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		moved = out ? send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) : recv(fd, p, n, MSG_DONTWAIT);
		if (moved < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (moved <= 0)
			return GONE;
		p += moved;
		n -= (size_t)moved;
	}
	return MOVED;
}

static enum moved send_frame(struct jq_apart *p, struct str s, mono_ms until)
{
	struct frame_head head = {(uint32_t)s.n};
	enum moved m = move_bytes(p->fd, &head, sizeof head, true, until);

	return m == MOVED ? move_bytes(p->fd, (void *)s.p, s.n, true, until) : m;
}

static enum moved receive_frame(struct jq_apart *p, struct arena *a, struct str *out, mono_ms until)
{
	struct frame_head head;
	enum moved m = move_bytes(p->fd, &head, sizeof head, false, until);
	char *bytes;

	if (m != MOVED || head.size_bytes == 0 || head.size_bytes > FRAME_MAX)
		return m == MOVED ? GONE : m;
	bytes = arena_alloc(a, head.size_bytes + 1);
	bytes[head.size_bytes] = '\0';
	*out = str_n(bytes, head.size_bytes);
	return move_bytes(p->fd, bytes, head.size_bytes, false, until);
}

static bool read_values(struct arena *a, struct str answer, struct json **out, struct err *err)
{
	enum err_code code = (enum err_code)answer.p[0];
	struct str rest = str_n(answer.p + 1, answer.n - 1), line;

	*out = NULL;
	if (code) {
		err_set(err, code < ERR_CODES ? code : ERR_INTERNAL, "%s", rest.p);
		return false;
	}
	while (rest.n) {
		rest = str_cut(rest, '\n', &line);
		*out = json_parse(a, line, JSON_LAST_KEY_WINS, err);
		if (!*out) {
			err_prefix(err, "the program's answer: ");
			return false;
		}
		out = &(*out)->next;
	}
	return true;
}

/* Until it has compiled the program. */
static bool make_ready(struct jq_apart *p, struct arena *a, struct err *err)
{
	mono_ms until = mono_now() + START_MAX;
	struct json *none;
	struct str answer;

	if (send_frame(p, p->prelude, until) != MOVED || send_frame(p, p->text, until) != MOVED || receive_frame(p, a, &answer, until) != MOVED) {
		err_set(err, ERR_UNAVAILABLE, "the process for the program did not start");
		return false;
	}
	return read_values(a, answer, &none, err);
}

static bool start_process(struct jq_apart *p, struct arena *a, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		err_set(err, ERR_UNAVAILABLE, "no process can be started for the program: %s", strerror(errno));
		return false;
	}
	p->fd = pair[0];
	if (!apart_spawn(JQ_APART_ARGUMENT, pair[1], &p->pid)) {
		err_set(err, ERR_UNAVAILABLE, "no process can be started for the program: %s", strerror(errno));
		close(pair[0]);
	}
	close(pair[1]);
	if (p->pid && make_ready(p, a, err))
		return true;
	end_process(p);
	return false;
}

/* Whatever was done to it while it had nothing to do is not the fault of the next input. */
static bool is_there(struct jq_apart *p)
{
	int status;

	if (p->pid && waitpid(p->pid, &status, WNOHANG) != 0) {
		close(p->fd);
		p->pid = 0;
	}
	return p->pid != 0;
}

static void strike(struct jq_apart *p)
{
	mono_ms now = mono_now();

	if (!p->strikes || now - p->first_strike > MINUTE) {
		p->strikes = 0;
		p->first_strike = now;
	}
	if (++p->strikes == JQ_APART_STRIKES) {
		p->strikes = 0;
		p->aside_until = now + ASIDE;
	}
}

static void explain(struct jq_apart *p, enum moved how, struct err *err)
{
	int status = end_process(p);

	strike(p);
	if (how == TOO_LATE)
		err_set(err, ERR_INTERNAL, "the program takes longer than a second");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		err_set(err, ERR_INTERNAL, "the program takes more than %u MiB of memory", MEMORY_MAX_BYTES / MIB);
	else
		err_set(err, ERR_INTERNAL, "the program's process ended before it answered");
}

static enum moved ask(struct jq_apart *p, struct arena *a, const struct json *input, size_t most, mono_ms until, struct str *answer)
{
	struct json_out o;
	enum moved m;
	struct buf b;

	buf_init(&b, FRAME_MAX);
	buf_printf(&b, "%zu ", most);
	o = json_out(&b);
	json_put(&o, input);
	m = send_frame(p, buf_str(&b), until);
	buf_done(&b);
	return m == MOVED ? receive_frame(p, a, answer, until) : m;
}

bool jq_apart_run(struct jq_apart *p, struct arena *a, const struct json *input, size_t most, struct json **out, struct err *err)
{
	struct str answer;
	enum moved m;

	*out = NULL;
	if (mono_now() < p->aside_until) {
		err_set(err, ERR_UNAVAILABLE, "the program did not get done %d times in a row and is put aside for a minute", JQ_APART_STRIKES);
		return false;
	}
	if (!is_there(p) && !start_process(p, a, err))
		return false;
	m = ask(p, a, input, most, mono_now() + RUN_MAX, &answer);
	if (m != MOVED) {
		explain(p, m, err);
		return false;
	}
	p->strikes = 0;
	return read_values(a, answer, out, err);
}
