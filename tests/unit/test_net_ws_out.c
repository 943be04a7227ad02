#include "base/crypt.h"
#include "net/ws_handshake.h"
#include "net/ws_out.h"
#include "net_fixture.h"

static uv_loop_t loop;

/* ---- one connection and what was heard of it ---- */

struct seen {
	struct ws_out *w;
	unsigned opened, closed, texts;
	int code;
	char why[700];
	struct buf got; /* the texts, a line each */
	enum { AT_NOTHING, AT_OPEN, AT_TEXT, AT_CLOSE } close_at;
};

static void leave_if(struct seen *s, int at)
{
	if ((int)s->close_at != at)
		return;
	ws_out_close(s->w, 1000);
	s->w = NULL;
}

static void on_open(void *context)
{
	struct seen *s = context;

	ck_assert(!s->opened && !s->closed);
	s->opened++;
	leave_if(s, AT_OPEN);
}

static void on_text(void *context, struct str text)
{
	struct seen *s = context;

	ck_assert(s->opened && !s->closed);
	ck_assert_ptr_nonnull(s->w);
	s->texts++;
	buf_add(&s->got, text);
	buf_char(&s->got, '\n');
	leave_if(s, AT_TEXT);
}

static void on_close(void *context, int code, const char *why)
{
	struct seen *s = context;

	ck_assert_ptr_nonnull(s->w);
	s->closed++;
	s->code = code;
	snprintf(s->why, sizeof s->why, "%s", why);
	leave_if(s, AT_CLOSE);
}

static void start_url(struct seen *s, struct str url, const struct ws_out_options *o)
{
	struct ws_out_events e = {s, on_open, on_text, on_close};

	buf_init(&s->got, 64 * MIB);
	s->w = ws_out_open(&loop, url, o, &e);
	ck_assert_uint_eq(s->opened + s->closed, 0); /* nothing comes inside a call */
}

static void start_path(struct seen *s, const char *scheme, int port, const char *path, const struct ws_out_options *o)
{
	char url[128];

	snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", scheme, port, path);
	start_url(s, str_of(url), o);
}

static void start(struct seen *s, int port, const struct ws_out_options *o)
{
	start_path(s, "ws", port, "/ws", o);
}

#define await(condition)                                                                                               \
	do                                                                                                             \
		ck_assert(uv_run(&loop, UV_RUN_ONCE) || (condition));                                                  \
	while (!(condition))

#define expect_end(s, want, part)                                                                                      \
	do {                                                                                                           \
		await((s)->closed);                                                                                    \
		ck_assert_msg((s)->code == (want) && strstr((s)->why, part), "it ended with %d: %s", (s)->code, (s)->why); \
	} while (0)

static void end(struct seen *s)
{
	ws_out_close(s->w, 1000);
	s->w = NULL;
	buf_done(&s->got);
}

static void loop_open(void)
{
	struct err err = {0};

	ck_assert(crypt_start(&err));
	uv_loop_init(&loop);
}

/* Nothing is left in the loop. */
static void loop_end(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* ---- the other side ---- */

/* The answer to the handshake, and behind it the part: "" or frames. */
static void say_101(struct peer *p, int fd, struct str behind)
{
	char accept[WS_ACCEPT_SIZE], *key;
	struct buf answer;

	while (!p->heard.n || !strstr(p->heard.p, "\r\n\r\n"))
		ck_assert(hear_some(fd, &p->heard));
	key = strstr(p->heard.p, "Sec-WebSocket-Key: ");
	ck_assert_ptr_nonnull(key);
	ws_accept_write(key + 19, accept);
	buf_init(&answer, MIB);
	buf_printf(&answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
	buf_add(&answer, behind);
	say_bytes(fd, buf_str(&answer));
	buf_done(&answer);
	buf_reset(&p->heard);
}

struct part {
	struct str frames;
	bool in_pieces;
};

/* Opens, says the part's frames, and keeps what it hears until the client is gone. */
static void play_part(struct peer *p, int fd)
{
	const struct part *part = p->part;

	say_101(p, fd, part->in_pieces ? S("") : part->frames);
	for (size_t i = 0; part->in_pieces && i < part->frames.n; i++)
		say_bytes(fd, str_n(part->frames.p + i, 1));
	peer_hear_all(p, fd);
}

/* The next frame of a client: its first byte and its payload without the mask. */
static unsigned next_frame(struct buf *heard, char payload[126])
{
	size_t n = heard->n >= 2 ? heard->p[1] & 0x7f : 0;
	unsigned first = (unsigned char)heard->p[0];

	if (heard->n < 6 + n || n > 125)
		return 0;
	ck_assert_msg(heard->p[1] & 0x80, "a client must mask");
	for (size_t i = 0; i < n; i++)
		payload[i] = (char)(heard->p[6 + i] ^ heard->p[2 + i % 4]);
	payload[n] = '\0';
	memmove(heard->p, heard->p + 6 + n, heard->n - 6 - n + 1);
	heard->n -= 6 + n;
	return first;
}

/* ---- talking ---- */

START_TEST(talks)
{
	struct world *w = world_new(NULL, NULL);
	struct seen s = {0};
	struct buf long_text;

	buf_init(&long_text, MIB);
	buf_printf(&long_text, "%060000d", 5);
	start(&s, w->port, NULL);
	await(s.opened);
	for (int i = 0; i < 20; i++) {
		ws_out_send_text(s.w, S("hello"));
		ws_out_send_text(s.w, buf_str(&long_text));
		ws_out_send_text(s.w, S(""));
		ws_out_ping(s.w);
	}
	await(s.texts == 60);
	ck_assert_uint_eq(s.got.n, 20 * (5 + 60000 + 3));
	ck_assert(str_starts(buf_str(&s.got), S("hello\n00000")));
	ws_out_send_text(s.w, S("bye"));
	expect_end(&s, 4000, "(4000: as you wish)");
	ws_out_send_text(s.w, S("too late"));
	ws_out_ping(s.w);
	end(&s);
	buf_done(&long_text);
	loop_end();
	world_await(w, w->closed == 1);
	world_free(w);
}
END_TEST

static void make_folder(char *folder, char cert[64], char key[64])
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert, 64, "%s/cert.pem", folder);
	snprintf(key, 64, "%s/key.pem", folder);
	make_certificate(folder, "none", "IP:127.0.0.1");
}

START_TEST(large_both_ways_with_tls_and_without)
{
	char folder[] = "/tmp/opsroom-ws-XXXXXX", cert[64], key[64];
	struct server_limits limits = server_default_limits;
	struct ws_out_options o = {.ca_file = cert, .unsent_max_bytes = 8 * MIB};
	struct err err = {0};
	struct buf big;

	make_folder(folder, cert, key);
	limits.ws_frame_bytes = limits.ws_unsent_bytes = 8 * MIB;
	buf_init(&big, 8 * MIB);
	for (int i = 0; i < 500000; i++)
		buf_printf(&big, "%010d", i);
	for (int tls = 0; tls < 2; tls++) {
		struct tls_context *t = tls ? tls_context_new(cert, key, &err) : NULL;
		struct world *w = world_new(&limits, t);
		struct seen s = {0};

		start_path(&s, tls ? "wss" : "ws", w->port, "/ws", &o);
		await(s.opened || s.closed);
		ck_assert_msg(s.opened, "%s", s.why);
		ws_out_send_text(s.w, buf_str(&big));
		await(s.texts || s.closed);
		ck_assert_msg(s.got.n == big.n + 1 && str_starts(buf_str(&s.got), buf_str(&big)), "%s", s.why);
		end(&s);
		uv_run(&loop, UV_RUN_DEFAULT);
		world_await(w, w->closed == 1);
		world_free(w);
	}
	buf_done(&big);
	unlink(cert);
	unlink(key);
	rmdir(folder);
	loop_end();
}
END_TEST

START_TEST(wss_only_with_whom_we_trust)
{
	char folder[] = "/tmp/opsroom-ws-XXXXXX", cert[64], key[64];
	struct seen s = {0};
	struct err err = {0};
	struct world *w;

	make_folder(folder, cert, key);
	w = world_new(NULL, tls_context_new(cert, key, &err));
	start_path(&s, "wss", w->port, "/ws", NULL);
	expect_end(&s, 1006, "self-signed certificate");
	end(&s);
	unlink(cert);
	unlink(key);
	rmdir(folder);
	loop_end();
	world_free(w);
}
END_TEST

/* Text in fragments with a ping in between, an empty one, a binary one: with the answer, or one byte at a time. */
START_TEST(frames_as_they_come)
{
	static const struct str frames = S("\x01\x03one\x89\x03" "abc\x80\x03two\x81\x00\x82\x02\xff\xff\x8a\x00\x81\x05three\x88\x09\x0f\xa1the end");
	struct part part = {frames, _i == 1};
	struct seen s = {0};
	struct peer p;
	char payload[126];

	peer_start(&p, play_part, &part);
	start(&s, p.port, NULL);
	expect_end(&s, 4001, "(4001: the end)");
	ck_str(buf_str(&s.got), "onetwo\n\nthree\n");
	end(&s);
	loop_end();
	pthread_join(p.thread, NULL);
	ck_assert_uint_eq(next_frame(&p.heard, payload), 0x8a); /* a pong with what the ping carried */
	ck_assert_str_eq(payload, "abc");
	ck_assert_uint_eq(next_frame(&p.heard, payload), 0x88); /* the close is answered */
	ck_assert_uint_eq(p.heard.n, 0);
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

static void play_listen(struct peer *p, int fd)
{
	while (!p->heard.n || !strstr(p->heard.p, "\r\n\r\n"))
		ck_assert(hear_some(fd, &p->heard));
}

START_TEST(headers_and_the_path)
{
	static const struct str headers[] = {{"Authorization: Bearer x", 23}, {"X-Test: one", 11}};
	struct ws_out_options o = {.headers = headers, .header_count = 2};
	struct seen s = {0}, bad = {0};
	struct peer p;
	char host[64];

	peer_start(&p, play_listen, NULL);
	start_path(&s, "ws", p.port, "?a=b", &o);
	expect_end(&s, 1006, "closed");
	end(&s);
	o.headers = &(struct str){"X: 1\r\nY: 2", 10};
	o.header_count = 1;
	start(&bad, p.port, &o);
	expect_end(&bad, 1006, "line end");
	end(&bad);
	loop_end();
	pthread_join(p.thread, NULL);
	snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", p.port);
	ck_assert_msg(str_starts(buf_str(&p.heard), S("GET /?a=b HTTP/1.1\r\n")) && strstr(p.heard.p, host) &&
			      strstr(p.heard.p, "\r\nAuthorization: Bearer x\r\nX-Test: one\r\n\r\n"),
		      "%s", p.heard.p);
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

/* ---- handshakes that fail ---- */

static void play_answer(struct peer *p, int fd)
{
	while (!p->heard.n || !strstr(p->heard.p, "\r\n\r\n"))
		ck_assert(hear_some(fd, &p->heard));
	say(fd, p->part);
	shutdown(fd, SHUT_WR);
	peer_hear_all(p, fd);
}

START_TEST(refused)
{
	static const struct {
		const char *answer;
		int code;
		const char *why;
	} cases[] = {
		{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 401, "HTTP/1.1 401 Unauthorized"},
		{"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n", 302, "does not open a WebSocket: HTTP/1.1 302 Found"},
		{"HTTP/1.1 200 OK\r\n\r\n", 200, "HTTP/1.1 200 OK"},
		{"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", 1006,
		 "is not that of a WebSocket"},
		{"HTTP/1.1 101 Yes\r\n\r\n", 1006, "is not that of a WebSocket"},
		{"HTTP/1.1 101", 1006, "127.0.0.1 closed the connection"},
		{"rub\x01" "bish\r\n\r\n", 1006, "speaks no HTTP/1.1"},
		{"", 1006, "127.0.0.1 closed the connection"},
	};
	struct seen s = {0};
	struct peer p;

	peer_start(&p, play_answer, cases[_i].answer);
	start(&s, p.port, NULL);
	expect_end(&s, cases[_i].code, cases[_i].why);
	ck_assert_uint_eq(s.opened, 0);
	end(&s);
	loop_end();
	peer_end(&p);
}
END_TEST

static void play_endless_head(struct peer *p, int fd)
{
	const char line[] = "X: 0123456789012345678901234567890123456789\r\n";

	(void)hear_some(fd, &p->heard);
	say(fd, "HTTP/1.1 101 Yes\r\n");
	while (send(fd, line, sizeof line - 1, MSG_NOSIGNAL) > 0 && poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 0) == 0)
		;
}

START_TEST(no_handshake)
{
	struct seen endless = {0}, silent = {0}, nobody = {0};
	struct ws_out_options o = {.handshake_deadline = 100};
	struct peer p;
	int port;

	peer_start(&p, play_endless_head, NULL);
	start(&endless, p.port, NULL);
	expect_end(&endless, 1006, "too long a head");
	end(&endless);
	uv_run(&loop, UV_RUN_DEFAULT);
	peer_end(&p);
	peer_start(&p, peer_hear_all, NULL);
	start(&silent, p.port, &o);
	expect_end(&silent, 1006, "in time");
	end(&silent);
	uv_run(&loop, UV_RUN_DEFAULT);
	peer_end(&p);
	close(listen_here(&port));
	start(&nobody, port, NULL);
	expect_end(&nobody, 1006, "connection refused");
	end(&nobody);
	loop_end();
}
END_TEST

START_TEST(bad_urls)
{
	static const char *const urls[] = {"",           "ws://",           "gopher://x",      "ws:///path",        "ws://a b/",     "ws://x/\r\nX: 1",
					   "ws://x:0/",  "ws://x:65536/",   "ws://x:y/",       "ws://ana:pw@x/",    "ws://[::1/",    "ws://[::1]x/",
					   "ws://x/#at", "ws://[]:1/",      "ws://:80/",       "ws://\xc3\xa4/",    "127.0.0.1:8065"};
	struct seen s = {0};

	start_url(&s, str_of(urls[_i]), NULL);
	expect_end(&s, 1006, "the URL ");
	end(&s);
	loop_end();
	ck_assert_uint_eq(COUNT_OF(urls), 17);
}
END_TEST

START_TEST(good_urls)
{
	static const struct {
		const char *url;
		bool tls;
		const char *authority, *host;
		int port;
		const char *path;
	} cases[] = {
		{"ws://x", false, "x", "x", 80, "/"},
		{"wss://x.example/link/?ticket=1&app=2", true, "x.example", "x.example", 443, "/link/?ticket=1&app=2"},
		{"WSS://x:1?a", true, "x:1", "x", 1, "/?a"},
		{"https://[::1]:8065/a", true, "[::1]:8065", "::1", 8065, "/a"},
		{"http://[::1]", false, "[::1]", "::1", 80, "/"},
	};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ws_target t;
		struct err err = {0};

		ck_assert_msg(ws_url_parse(&a, str_of(cases[i].url), &t, &err), "%s: %s", cases[i].url, err.text);
		ck_assert(t.tls == cases[i].tls && t.port == cases[i].port);
		ck_str(t.authority, cases[i].authority);
		ck_str(t.host, cases[i].host);
		ck_str(t.path, cases[i].path);
	}
	arena_done(&a);
	loop_end();
}
END_TEST

/* With the key of RFC 6455 section 1.3. */
START_TEST(answers)
{
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	static const struct {
		const char *head;
		bool ok;
	} cases[] = {
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT, true},
		{"HTTP/1.1 101\r\n" ACCEPT "X: y\r\nconnection: a, UPGRADE\r\nupgrade:WebSocket\r\n", true},
		{"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n" ACCEPT, false},
		{"HTTP/1.1 101 Yes\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT, false},
		{"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", false},
		{"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" ACCEPT, false},
		{"HTTP/1.0 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT, false},
		{"HTTP/1.1 1010 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT, false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = {0};
		int status;

		ck_assert_msg(ws_answer_ok(str_of(cases[i].head), "dGhlIHNhbXBsZSBub25jZQ==", &status, &err) == cases[i].ok, "case %zu", i);
		ck_assert(cases[i].ok == !err.code);
	}
	loop_end();
}
END_TEST

/* ---- connections that end ---- */

START_TEST(broken_frames)
{
	static const struct {
		struct str frames;
		int code;
		const char *why;
	} cases[] = {
		{{"\x81\x83" "maskabc", 9}, 1002, "broke the protocol"}, /* a server must not mask */
		{{"\x83\x00", 2}, 1002, "broke the protocol"},
		{{"\xc1\x02hi", 4}, 1002, "broke the protocol"}, /* compressed, which nobody asked for */
		{{"\x09\x00", 2}, 1002, "broke the protocol"},   /* a ping in fragments */
		{{"\x88\x01x", 3}, 1002, "broke the protocol"},
		{{"\x81\x02\xff\xff", 4}, 1007, "not UTF-8"},
		{{"\x81\x7e\x03\xe9x", 5}, 1009, "longer than 1000 bytes"},
		{{"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffx", 11}, 1009, "longer than 1000 bytes"},
		{{"\x88\x00", 2}, 1005, "(1005)"},
	};
	struct part part = {cases[_i].frames, false};
	struct ws_out_options o = {.message_max_bytes = 1000};
	struct seen s = {0};
	struct peer p;
	char payload[126];

	peer_start(&p, play_part, &part);
	start(&s, p.port, &o);
	expect_end(&s, cases[_i].code, cases[_i].why);
	ck_assert_uint_eq(s.opened, 1);
	ck_assert_uint_eq(s.texts, 0);
	end(&s);
	loop_end();
	pthread_join(p.thread, NULL);
	ck_assert_uint_eq(next_frame(&p.heard, payload), 0x88); /* told so, and nothing after it */
	if (cases[_i].code != 1005)
		ck_assert_int_eq((unsigned char)payload[0] << 8 | (unsigned char)payload[1], cases[_i].code);
	ck_assert_uint_eq(p.heard.n, 0);
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

static void play_drop(struct peer *p, int fd)
{
	say_101(p, fd, S("\x81\x05" "ha"));
}

START_TEST(lost_in_a_message)
{
	struct seen s = {0};
	struct peer p;

	peer_start(&p, play_drop, NULL);
	start(&s, p.port, NULL);
	expect_end(&s, 1006, "127.0.0.1 closed the connection");
	ck_assert_uint_eq(s.texts, 0);
	end(&s);
	loop_end();
	peer_end(&p);
}
END_TEST

/* It reads, so pings arrive; it says nothing. */
START_TEST(silence_ends_it)
{
	struct part part = {S(""), false};
	struct ws_out_options o = {.ping_every = 20, .silence_max = 200};
	struct seen s = {0};
	struct peer p;
	char payload[126];

	peer_start(&p, play_part, &part);
	start(&s, p.port, &o);
	expect_end(&s, 1006, "nothing came from the server for 0.");
	ck_assert_uint_eq(s.opened, 1);
	end(&s);
	loop_end();
	pthread_join(p.thread, NULL);
	ck_assert_uint_eq(next_frame(&p.heard, payload), 0x89);
	ck_assert_str_eq(payload, "");
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

/* Each ping has its pong; after ten of them a close. */
static void play_pong(struct peer *p, int fd)
{
	char payload[126];

	say_101(p, fd, S(""));
	for (int i = 0; i < 10; i++) {
		while (p->heard.n < 6)
			ck_assert(hear_some(fd, &p->heard));
		ck_assert_uint_eq(next_frame(&p->heard, payload), 0x89);
		say_bytes(fd, S("\x8a\x00"));
	}
	say_bytes(fd, S("\x88\x02\x03\xe8"));
	peer_hear_all(p, fd);
}

START_TEST(pings_by_itself)
{
	struct ws_out_options o = {.ping_every = 5, .silence_max = WAIT_MS};
	struct seen s = {0};
	struct peer p;

	peer_start(&p, play_pong, NULL);
	start(&s, p.port, &o);
	expect_end(&s, 1000, "closed");
	end(&s);
	loop_end();
	peer_end(&p);
}
END_TEST

/* Reads nothing more, until the test says that it is over. */
static void play_deaf(struct peer *p, int fd)
{
	const int *over = p->part;

	say_101(p, fd, S(""));
	ck_assert_int_eq(read(*over, &(char){0}, 1), 0);
}

START_TEST(what_waits_has_a_ceiling)
{
	struct ws_out_options o = {.unsent_max_bytes = 100000};
	struct seen s = {0};
	struct peer p;
	struct buf big;
	int over[2];

	ck_assert_int_eq(pipe(over), 0);
	buf_init(&big, MIB);
	buf_printf(&big, "%090000d", 1);
	peer_start(&p, play_deaf, &over[0]);
	start(&s, p.port, &o);
	await(s.opened);
	for (int i = 0; i < 1000; i++) /* more than any kernel takes */
		ws_out_send_text(s.w, buf_str(&big));
	ck_assert_uint_eq(s.closed, 0);
	expect_end(&s, 1006, "more than 100000 bytes would wait");
	end(&s);
	buf_done(&big);
	close(over[1]);
	loop_end();
	peer_end(&p);
	close(over[0]);
}
END_TEST

START_TEST(a_close_at_any_time)
{
	struct part part = {S("\x81\x03one\x81\x03two"), false};
	struct seen shaking = {0}, failed = {0}, at_open = {.close_at = AT_OPEN}, at_text = {.close_at = AT_TEXT},
		    at_close = {.close_at = AT_CLOSE};
	struct world *w = world_new(NULL, NULL);
	struct peer p;
	char payload[126];

	ws_out_close(NULL, 1000);
	start(&shaking, w->port, NULL);
	end(&shaking);
	start_url(&failed, S("ws://"), NULL);
	end(&failed);
	start(&at_open, w->port, NULL);
	await(at_open.opened);
	peer_start(&p, play_part, &part);
	start(&at_text, p.port, NULL);
	await(!at_text.w);
	start(&at_close, w->port, NULL);
	await(at_close.opened);
	ws_out_send_text(at_close.w, S("bye"));
	await(!at_close.w);
	loop_end();
	ck_assert_uint_eq(at_text.texts, 1); /* the second comes no more */
	ck_assert_uint_eq(shaking.opened + shaking.closed + failed.closed + at_open.closed + at_text.closed, 0);
	pthread_join(p.thread, NULL);
	ck_assert_uint_eq(next_frame(&p.heard, payload), 0x88); /* politely */
	ck_assert_str_eq(payload, "\x03\xe8");
	ck_assert_uint_eq(p.heard.n, 0);
	buf_done(&p.heard);
	close(p.listener);
	world_await(w, w->opened == w->closed && w->opened >= 2);
	world_free(w);
	buf_done(&at_open.got);
	buf_done(&at_text.got);
	buf_done(&at_close.got);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"talk", talks},
		{"talk", large_both_ways_with_tls_and_without},
		{"talk", wss_only_with_whom_we_trust},
		{"talk", frames_as_they_come, 2},
		{"talk", headers_and_the_path},
		{"handshake", refused, 8},
		{"handshake", no_handshake},
		{"handshake", bad_urls, 17},
		{"handshake", good_urls},
		{"handshake", answers},
		{"end", broken_frames, 9},
		{"end", lost_in_a_message},
		{"end", silence_ends_it},
		{"end", pings_by_itself},
		{"end", what_waits_has_a_ceiling},
		{"end", a_close_at_any_time},
	};

	return unit_run_in("net/ws_out", tests, COUNT_OF(tests), loop_open, NULL);
}
