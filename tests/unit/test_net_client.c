#include "base/crypt.h"
#include "net/client.h"
#include "net_fixture.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* ---- a server of few words, for what ours never answers ---- */

struct canned {
	pthread_t thread;
	int listener, port, held; /* held: a connection that is never answered */
	struct str answer;        /* n == 0: none at all */
	char asked[8192];
	size_t asked_n;
};

static void *canned_thread(void *context)
{
	struct canned *c = context;
	int fd = accept(c->listener, NULL, NULL);
	char *end;

	do {
		ssize_t n = recv(fd, c->asked + c->asked_n, sizeof c->asked - 1 - c->asked_n, 0);

		if (n <= 0)
			break;
		c->asked_n += (size_t)n;
		c->asked[c->asked_n] = '\0';
		end = strstr(c->asked, "\r\n\r\n");
	} while (!end);
	if (!c->answer.n) {
		c->held = fd;
		return NULL;
	}
	say_bytes(fd, c->answer);
	shutdown(fd, SHUT_WR);
	while (recv(fd, &(char){0}, 1, 0) > 0)
		;
	close(fd);
	return NULL;
}

static void canned_start_with(struct canned *c, const char *answer, void *(*run)(void *context))
{
	*c = (struct canned){.answer = str_of(answer), .held = -1};
	c->listener = listen_here(&c->port);
	pthread_create(&c->thread, NULL, run, c);
}

static void canned_start(struct canned *c, const char *answer)
{
	canned_start_with(c, answer, canned_thread);
}

static void canned_end(struct canned *c)
{
	pthread_join(c->thread, NULL);
	if (c->held >= 0)
		close(c->held);
	close(c->listener);
}

/* ---- blocking ---- */

struct called {
	struct client_answer answer;
	struct buf body;
	struct err err;
	bool ok;
};

static struct called call_port(int port, const char *method, const char *path, struct str body, size_t max,
			       span_ms deadline, struct str *headers, size_t header_count)
{
	struct called c = {0};
	char url[128];
	struct client_request r = {.method = method,
				   .headers = headers,
				   .header_count = header_count,
				   .body = body,
				   .deadline = deadline,
				   .answer_max_bytes = max};

	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
	r.url = str_of(url);
	buf_init(&c.body, max);
	c.ok = http_call(&r, &c.answer, &c.body, &c.err);
	return c;
}

START_TEST(blocking_calls)
{
	struct world *w = world_new(NULL, NULL);
	struct str header = S("X-Test: one");
	struct called c;

	c = call_port(w->port, "GET", "/about?q=1", S(""), MIB, WAIT_MS, &header, 1);
	ck_assert_msg(c.ok, "%s", c.err.text);
	ck_assert_int_eq(c.answer.status, 200);
	ck_str(c.answer.body, "GET|q=1|127.0.0.1|one|01");
	ck_str(c.answer.content_type, "text/plain");
	ck_str(client_header(&c.answer, "CONTENT-Type"), "text/plain");
	ck_assert_uint_eq(client_header(&c.answer, "content-typ").n, 0);
	ck_assert_int_eq(c.answer.retry_after, -1);
	buf_done(&c.body);
	c = call_port(w->port, "POST", "/echo", S("the \0 body"), MIB, WAIT_MS, NULL, 0);
	ck_assert(str_eq(c.answer.body, S("the \0 body")));
	buf_done(&c.body);
	for (size_t i = 0; i < 5; i++) {
		static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
		char want[64];

		c = call_port(w->port, methods[i], "/about", S(""), MIB, WAIT_MS, NULL, 0);
		snprintf(want, sizeof want, "%s||127.0.0.1||01", methods[i]);
		ck_str(c.answer.body, want);
		buf_done(&c.body);
	}
	c = call_port(w->port, "HEAD", "/hello", S(""), MIB, WAIT_MS, NULL, 0);
	ck_assert(c.ok);
	ck_assert_uint_eq(c.answer.body.n, 0);
	buf_done(&c.body);
	c = call_port(w->port, "GET", "/nothing", S(""), MIB, WAIT_MS, NULL, 0);
	ck_assert(c.ok); /* an answer is an answer */
	ck_assert_int_eq(c.answer.status, 404);
	buf_done(&c.body);
	world_free(w);
}
END_TEST

START_TEST(blocking_failures)
{
	struct world *w = world_new(NULL, NULL);
	struct str bad = S("X: 1\r\nY: 2");
	struct client_request r = {
		.method = "GET", .url = S("ftp://127.0.0.1/"), .deadline = SECOND, .answer_max_bytes = 100};
	struct canned silent;
	struct called c;
	int port;

	c = call_port(w->port, "GET", "/big", S(""), 1000, WAIT_MS, NULL, 0);
	ck_assert(!c.ok);
	ck_assert_int_eq(c.err.code, ERR_TOO_BIG);
	buf_done(&c.body);
	c = call_port(w->port, "GET", "/hello", S(""), 1000, WAIT_MS, &bad, 1);
	ck_assert(!c.ok);
	ck_assert_int_eq(c.err.code, ERR_INVALID);
	buf_done(&c.body);
	c = (struct called){0};
	buf_init(&c.body, 100);
	ck_assert(!http_call(&r, &c.answer, &c.body, &c.err));
	ck_assert_int_eq(c.err.code, ERR_INVALID);
	buf_done(&c.body);
	canned_start(&silent, "");
	port = silent.port;
	c = call_port(port, "GET", "/", S(""), 1000, 50, NULL, 0);
	ck_assert(!c.ok);
	ck_assert_int_eq(c.err.code, ERR_UNAVAILABLE);
	ck_assert_str_eq(c.err.text, "no answer within 50 ms");
	buf_done(&c.body);
	canned_end(&silent);
	c = call_port(port, "GET", "/", S(""), 1000, WAIT_MS, NULL, 0); /* nobody listens there any more */
	ck_assert(!c.ok);
	ck_assert_int_eq(c.err.code, ERR_UNAVAILABLE);
	buf_done(&c.body);
	world_free(w);
}
END_TEST

START_TEST(retry_after_and_redirects)
{
	static const struct {
		const char *answer;
		int status;
		int64_t least, most;
	} rows[] = {
		{"HTTP/1.1 429 Slow\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n", 429, 7, 7},
		{"HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 503, 0, 0},
		{"HTTP/1.1 503 No\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n", 503, 0,
		 0},
		{"HTTP/1.1 503 No\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n", 503,
		 86400, INT64_MAX},
		{"HTTP/1.1 503 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 503, -1, -1},
		{"HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, -1, -1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct canned canned;
		struct called c;

		canned_start(&canned, rows[i].answer);
		c = call_port(canned.port, "GET", "/", S(""), 1000, WAIT_MS, NULL, 0);
		ck_assert_msg(c.ok, "%s", c.err.text);
		ck_assert_int_eq(c.answer.status, rows[i].status);
		ck_assert_msg(c.answer.retry_after >= rows[i].least && c.answer.retry_after <= rows[i].most,
			      "row %zu: %lld", i, (long long)c.answer.retry_after);
		ck_assert_ptr_nonnull(strstr(canned.asked, "User-Agent: opsroom/"));
		ck_assert_ptr_null(strstr(canned.asked, "Content-Type"));
		buf_done(&c.body);
		canned_end(&canned);
	}
}
END_TEST

/* ---- on the loop ---- */

struct many {
	uv_loop_t loop;
	struct http_client *client;
	const struct world *world;
	unsigned answered, good, bad, most_busy, more;
	bool free_in_answer;
	struct err last;
};

static void many_send(struct many *m, const char *path);

static void on_answer(void *context, const struct client_answer *a)
{
	struct many *m = context;

	m->answered++;
	if (a->reached && a->status == 200)
		m->good++;
	else
		m->bad++;
	m->last = a->err;
	if (http_client_busy(m->client) > m->most_busy)
		m->most_busy = http_client_busy(m->client);
	if (m->more) {
		m->more--;
		many_send(m, "/hello");
	}
	if (m->free_in_answer) {
		m->free_in_answer = false;
		http_client_free(m->client);
	}
}

static void many_send(struct many *m, const char *path)
{
	char url[64];
	struct client_request r = {.method = "POST", .body = S("x"), .deadline = WAIT_MS, .answer_max_bytes = 1000};

	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", m->world->port, path);
	r.url = str_of(url);
	http_client_send(m->client, &r, on_answer, m);
	memset(url, 'z', sizeof url); /* it was copied */
}

static void many_start(struct many *m, const struct world *w, unsigned at_once)
{
	memset(m, 0, sizeof *m);
	uv_loop_init(&m->loop);
	m->world = w;
	m->client = http_client_new(&m->loop, at_once);
}

START_TEST(many_calls_some_at_once)
{
	struct world *w = world_new(NULL, NULL);
	struct many m;

	many_start(&m, w, 4);
	m.more = 200;
	for (int i = 0; i < 50; i++)
		many_send(&m, "/hello");
	ck_assert_uint_eq(http_client_busy(m.client), 50);
	ck_assert_uint_eq(m.answered, 0); /* never from within the call */
	while (m.answered < 250)
		uv_run(&m.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(m.good, 250);
	ck_assert_uint_eq(http_client_busy(m.client), 0);
	ck_assert_uint_le(world_counts(w).connections, 4);
	http_client_free(m.client);
	uv_run(&m.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&m.loop), 0);
	world_free(w);
}
END_TEST

START_TEST(calls_end_with_the_client)
{
	struct world *w = world_new(NULL, NULL);

	for (int in_answer = 0; in_answer < 2; in_answer++) {
		struct many m;

		many_start(&m, w, 2);
		m.free_in_answer = in_answer;
		if (in_answer)
			many_send(&m, "/hello");
		for (int i = 0; i < 5; i++)
			many_send(&m, "/later");
		while (in_answer && m.answered == 0)
			uv_run(&m.loop, UV_RUN_ONCE);
		if (!in_answer) {
			uv_run(&m.loop, UV_RUN_ONCE);
			http_client_free(m.client);
		}
		ck_assert_uint_eq(m.bad, 5);
		ck_assert_int_eq(m.last.code, ERR_UNAVAILABLE);
		uv_run(&m.loop, UV_RUN_DEFAULT);
		ck_assert_int_eq(uv_loop_close(&m.loop), 0);
	}
	world_free(w);
}
END_TEST

START_TEST(a_cancelled_call_is_not_answered)
{
	struct world *w = world_new(NULL, NULL);
	struct many m, other;

	many_start(&m, w, 2);
	other = m;
	for (int i = 0; i < 3; i++) /* the third waits for its place */
		many_send(&m, "/later");
	many_send(&other, "/hello");
	ck_assert(!http_client_cancel(m.client, w));
	uv_run(&m.loop, UV_RUN_ONCE);
	ck_assert(http_client_cancel(m.client, &m));
	ck_assert(!http_client_cancel(m.client, &m));
	while (!other.answered)
		uv_run(&m.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(other.good, 1);
	ck_assert_uint_eq(m.answered, 0);
	ck_assert_uint_eq(http_client_busy(m.client), 0);
	http_client_free(m.client);
	uv_run(&m.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&m.loop), 0);
	world_free(w);
}
END_TEST

START_TEST(bad_calls_are_answered_later)
{
	struct world *w = world_new(NULL, NULL);
	struct client_request r = {
		.method = "GET", .url = S("http://127.0.0.1/\r\nX: 1"), .deadline = WAIT_MS, .answer_max_bytes = 10};
	struct many m;

	many_start(&m, w, 2);
	http_client_send(m.client, &r, on_answer, &m);
	r.url = S("http://127.0.0.1:1/"); /* nobody is there */
	http_client_send(m.client, &r, on_answer, &m);
	r.url = S("gopher://x/");
	http_client_send(m.client, &r, on_answer, &m);
	ck_assert_uint_eq(m.answered, 0);
	while (m.answered < 3)
		uv_run(&m.loop, UV_RUN_ONCE);
	ck_assert_uint_eq(m.bad, 3);
	many_send(&m, "/big");
	while (m.answered < 4)
		uv_run(&m.loop, UV_RUN_ONCE);
	ck_assert_int_eq(m.last.code, ERR_TOO_BIG);
	http_client_free(m.client);
	uv_run(&m.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&m.loop), 0);
	world_free(w);
}
END_TEST

/* ---- WebSocket client ---- */

static struct ws_client *ws_open(const struct world *w, const char *path, struct err *err)
{
	char url[64];

	snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", w->port, path);
	return ws_client_open(str_of(url), NULL, 0, err);
}

START_TEST(ws_client_talks)
{
	struct world *w = world_new(NULL, NULL);
	struct err err = {0};
	struct ws_client *c;
	struct buf big;
	struct str text;

	ck_assert(crypt_start(&err));
	c = ws_open(w, "/ws", &err);
	ck_assert_msg(c, "%s", err.text);
	ck_assert(ws_client_next(c, 0, &text, &err)); /* nothing comes */
	ck_assert_ptr_null(text.p);
	buf_init(&big, MIB);
	buf_printf(&big, "%060000d", 5);
	for (int i = 0; i < 20; i++) {
		ck_assert(ws_client_send(c, S("hello"), &err));
		ck_assert(ws_client_send(c, buf_str(&big), &err));
	}
	for (int i = 0; i < 20; i++) {
		ck_assert_msg(ws_client_next(c, WAIT_MS, &text, &err), "%s", err.text);
		ck_str(text, "hello");
		ck_assert_msg(ws_client_next(c, WAIT_MS, &text, &err), "%s", err.text);
		ck_assert(str_eq(text, buf_str(&big)));
	}
	ck_assert(ws_client_send(c, S("bye"), &err));
	ck_assert(!ws_client_next(c, WAIT_MS, &text, &err));
	ck_assert_int_eq(err.code, ERR_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(err.text, "4000"));
	err_clear(&err);
	ck_assert(!ws_client_send(c, S("too late"), &err));
	ws_client_free(c);
	err_clear(&err);
	ck_assert_ptr_nonnull(c = ws_open(w, "/ws", &err));
	ws_client_free(c); /* closes politely */
	world_await(w, w->closed == 2);
	buf_done(&big);
	world_free(w);
}
END_TEST

/* A server that shakes hands, pings, says one word, and keeps what it hears until the client is gone. */
static void *pinging_thread(void *context)
{
	static const char after[] = "\x89\x03"
				    "abc\x81\x02hi";
	struct canned *c = context;
	int fd = accept(c->listener, NULL, NULL);
	unsigned char hash[20], accept_key[32];
	char text[128], head[256];
	char *key;
	ssize_t n;

	while (!strstr(c->asked, "\r\n\r\n")) {
		n = recv(fd, c->asked + c->asked_n, sizeof c->asked - 1 - c->asked_n, 0);
		ck_assert_int_gt(n, 0);
		c->asked_n += (size_t)n;
	}
	key = strstr(c->asked, "Sec-WebSocket-Key: ");
	ck_assert_ptr_nonnull(key);
	n = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19); /* RFC 6455 section 1.3 */
	SHA1((unsigned char *)text, (size_t)n, hash);
	EVP_EncodeBlock(accept_key, hash, sizeof hash);
	snprintf(head, sizeof head,
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Accept: %s\r\n\r\n",
		 accept_key);
	say_bytes(fd, str_of(head));
	say_bytes(fd, str_n(after, sizeof after - 1));
	c->asked_n = 0;
	while ((n = recv(fd, c->asked + c->asked_n, sizeof c->asked - c->asked_n, 0)) > 0)
		c->asked_n += (size_t)n;
	close(fd);
	return NULL;
}

START_TEST(ws_client_answers_pings)
{
	struct canned server;
	struct err err = {0};
	struct ws_client *c;
	struct str text;
	char url[64];

	ck_assert(crypt_start(&err));
	canned_start_with(&server, "", pinging_thread);
	snprintf(url, sizeof url, "ws://127.0.0.1:%d", server.port);
	c = ws_client_open(str_of(url), NULL, 0, &err);
	ck_assert_msg(c, "%s", err.text);
	do
		ck_assert_msg(ws_client_next(c, WAIT_MS, &text, &err), "%s", err.text);
	while (!text.p);
	ck_str(text, "hi");
	ws_client_free(c);
	canned_end(&server);
	ck_assert_uint_ge(server.asked_n, 9);
	ck_assert_uint_eq((unsigned char)server.asked[0], 0x8a); /* a pong, */
	ck_assert_uint_eq((unsigned char)server.asked[1], 0x83); /* masked, with what the ping carried */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(server.asked[6 + i] ^ server.asked[2 + i], "abc"[i]);
}
END_TEST

START_TEST(ws_client_is_refused)
{
	static const char *const answers[] = {
		"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
		"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101",
		"rubbish\r\n\r\n",
	};
	struct world *w = world_new(NULL, NULL);
	struct err err = {0};

	ck_assert(crypt_start(&err));
	ck_assert_ptr_null(ws_open(w, "/nothing", &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	err_clear(&err);
	ck_assert_ptr_null(ws_client_open(S("gopher://x"), NULL, 0, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct canned canned;
		char url[64];

		err_clear(&err);
		canned_start(&canned, answers[i]);
		snprintf(url, sizeof url, "ws://127.0.0.1:%d", canned.port);
		ck_assert_msg(!ws_client_open(str_of(url), NULL, 0, &err), "answer %zu is taken", i);
		ck_assert_int_ne(err.code, ERR_NONE);
		canned_end(&canned);
	}
	world_free(w);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"blocking", blocking_calls},
		{"blocking", blocking_failures},
		{"blocking", retry_after_and_redirects},
		{"loop", many_calls_some_at_once},
		{"loop", calls_end_with_the_client},
		{"loop", a_cancelled_call_is_not_answered},
		{"loop", bad_calls_are_answered_later},
		{"ws", ws_client_talks},
		{"ws", ws_client_answers_pings},
		{"ws", ws_client_is_refused},
	};

	return unit_run("net/client", tests, COUNT_OF(tests));
}
