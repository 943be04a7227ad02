#include "net_fixture.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

/* ---- HTTP ---- */

START_TEST(keep_alive_and_headers)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;
	struct reply r;

	buf_init(&heard, MIB);
	for (int i = 0; i < 3; i++) {
		say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
		r = hear_reply(fd, &heard);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(r.body, "hello");
		ck_str(reply_header(&r, "content-type"), "text/plain");
		ck_str(reply_header(&r, "x-content-type-options"), "nosniff");
		ck_str(reply_header(&r, "referrer-policy"), "no-referrer");
		ck_assert(str_ends(reply_header(&r, "date"), S(" GMT")));
		ck_assert_uint_eq(reply_header(&r, "connection").n, 0);
	}
	say(fd, "GET /about?a=%20b HTTP/1.1\r\nHost: x\r\nX-Test:   two words \t\r\nX-TEST: second\r\n\r\n");
	r = hear_reply(fd, &heard);
	ck_assert_str_eq(r.body, "GET|a=%20b|127.0.0.1|two words|01");
	say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	r = hear_reply(fd, &heard);
	ck_str(reply_header(&r, "connection"), "close");
	hear_end(fd, &heard);
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(http_1_0)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;
	struct reply r;

	buf_init(&heard, MIB);
	say(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	r = hear_reply(fd, &heard);
	ck_str(reply_header(&r, "connection"), "keep-alive");
	say(fd, "GET /hello HTTP/1.0\r\n\r\n");
	r = hear_reply(fd, &heard);
	ck_str(reply_header(&r, "connection"), "close");
	hear_end(fd, &heard);
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(answers_without_a_body)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;
	struct reply r;

	buf_init(&heard, MIB);
	say(fd, "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\nGET /same "
		"HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	r = hear_reply_to(fd, &heard, true);
	ck_str(reply_header(&r, "content-length"), "5");
	r = hear_reply(fd, &heard);
	ck_assert_int_eq(r.status, 204);
	ck_assert_uint_eq(reply_header(&r, "content-length").n, 0);
	r = hear_reply(fd, &heard);
	ck_assert_int_eq(r.status, 304);
	ck_assert_uint_eq(reply_header(&r, "content-length").n, 0);
	ck_str(reply_header(&r, "etag"), "\"1\"");
	r = hear_reply(fd, &heard);
	ck_assert_str_eq(r.body, "hello");
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct world *w = world_new(NULL, NULL);
	struct buf ask, heard;
	struct reply r;
	char want[16];
	int fd;

	buf_init(&ask, 4 * MIB);
	buf_init(&heard, 4 * MIB);
	for (int i = 0; i < 5000; i++) { /* much more than one read, and more than the socket's buffers take */
		snprintf(want, sizeof want, "%d", i);
		buf_printf(&ask, "POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
			   i == 100 ? "later" : "echo", strlen(want), want);
	}
	fd = dial(w);
	/* from another socket of ours: the server must not need it all at once, nor all its answers read at once */
	say_bytes(fd, str_n(ask.p, 100000));
	world_await(w, w->later_seen == 1);
	for (int i = 0; i < 100; i++) {
		r = hear_reply(fd, &heard);
		ck_assert_int_eq(atoi(r.body), i);
	}
	ck_assert_uint_eq(heard.n, 0); /* the 101st is pending, so nothing behind it is answered */
	world_do(w, world_job_release);
	r = hear_reply(fd, &heard);
	ck_assert_str_eq(r.body, "later");
	for (int i = 101, sent = 100000; i < 5000; i++) {
		if (heard.n < 100 && sent < (int)ask.n) {
			int n = (int)ask.n - sent < 50000 ? (int)ask.n - sent : 50000;

			say_bytes(fd, str_n(ask.p + sent, (size_t)n));
			sent += n;
		}
		r = hear_reply(fd, &heard);
		ck_assert_int_eq(r.status, 200);
		ck_assert_int_eq(atoi(r.body), i);
	}
	ck_assert_uint_eq(world_counts(w).requests, 5000);
	close(fd);
	buf_done(&ask);
	buf_done(&heard);
	world_free(w);
}
END_TEST

/* Requests wait while their answers are not read; then all come. */
START_TEST(a_reader_that_is_late_gets_all)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;

	buf_init(&heard, 64 * MIB);
	for (int i = 0; i < 20; i++)
		say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	world_await(w, w->answered_count > 0);
	ck_assert_uint_lt(world_counts(w).requests, 20);
	for (int i = 0; i < 20; i++) {
		struct reply r = hear_reply(fd, &heard);

		ck_assert_int_eq(r.status, 200);
		ck_assert_uint_eq(r.body_n, BIG_BYTES);
		ck_assert_int_eq(r.body[BIG_BYTES - 1], 'b');
	}
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(half_closed_clients_get_their_answer)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;
	struct reply r;

	buf_init(&heard, 16 * MIB);
	say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	world_await(w, w->later_seen == 1);
	world_do(w, world_job_release);
	r = hear_reply(fd, &heard);
	ck_assert_str_eq(r.body, "later");
	r = hear_reply(fd, &heard);
	ck_assert_uint_eq(r.body_n, BIG_BYTES);
	hear_end(fd, &heard);
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

/* However the bytes are cut, the answer is the same. */
START_TEST(requests_in_pieces)
{
	static const char request[] =
		"\r\nPOST /echo?x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Test: 1\r\n\r\n"
		"5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
	size_t n = sizeof request - 1;

	for (size_t step = 1; step < n; step = step < 8 ? step + 1 : step * 2) {
		struct world *w = world_new(NULL, NULL);
		int fd = dial(w);
		struct buf heard;
		struct reply reply;

		buf_init(&heard, MIB);
		for (size_t at = 0; at < n; at += step)
			say_bytes(fd, str_n(request + at, n - at < step ? n - at : step));
		reply = hear_reply(fd, &heard);
		ck_assert_int_eq(reply.status, 200);
		ck_assert_str_eq(reply.body, "hello, world");
		reply = hear_reply(fd, &heard);
		ck_assert_str_eq(reply.body, "hello");
		close(fd);
		buf_done(&heard);
		world_free(w);
	}
}
END_TEST

START_TEST(expect_100_continue)
{
	struct world *w = world_new(NULL, NULL);
	int fd = dial(w);
	struct buf heard;
	struct reply r;

	buf_init(&heard, MIB);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
	while (!str_is(buf_str(&heard), "HTTP/1.1 100 Continue\r\n\r\n"))
		ck_assert(hear_some(fd, &heard));
	buf_reset(&heard);
	say(fd, "ok");
	r = hear_reply(fd, &heard);
	ck_assert_str_eq(r.body, "ok");
	/* the body is there already: nobody waits for leave */
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok");
	r = hear_reply(fd, &heard);
	ck_assert_int_eq(r.status, 200);
	close(fd);
	ck_assert_int_eq(
		ask(w, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: a-miracle\r\n\r\nok")).status,
		417);
	/* one that is too big is told so before it is sent */
	ck_assert_int_eq(
		ask(w, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n"))
			.status,
		413);
	buf_done(&heard);
	world_free(w);
}
END_TEST

#define REQUEST(z)                                                                                                     \
	{                                                                                                              \
		z, sizeof(z) - 1                                                                                       \
	}
static const struct refusal {
	int status;
	struct str request;
} refusals[] = {
	/* what two servers could understand differently */
	{400,
	 REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{400,
	 REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\nHost: x\nContent-Length: 5\n\nabcde")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x\r\n\n")},
	{400, REQUEST("\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("\rGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\nContent-Length: 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nX:\r\n b\r\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\n Host: x\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")},
	{400,
	 REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nabcde\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdef\r\n0\r\n\r\n")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n")},
	{400,
	 REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nabcde")},
	{400, REQUEST("POST /echo HTTP/1.1\r\nHost: x\r\nX: a\rb\r\nContent-Length: 5\r\n\r\nabcde")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n")},
	/* who is meant */
	{400, REQUEST("GET /hello HTTP/1.1\r\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x/y\r\n\r\n")},
	{400, REQUEST("GET /hello HTTP/1.1\r\nHost: x y\r\n\r\n")},
	{400, REQUEST("GET http://other/hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET ftp://x/hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET * HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	/* paths */
	{400, REQUEST("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /%2 HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n")},
	/* methods and versions */
	{405, REQUEST("TRACE /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{405, REQUEST("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n")},
	{501, REQUEST("PROPFIND /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{501, REQUEST("FLY /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{501, REQUEST("get /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
	{400, REQUEST("\x16\x03\x01\x02\r\n\r\n")},
	{400, REQUEST("nonsense\r\n\r\n")},
	{505, REQUEST("GET /hello HTTP/2.0\r\nHost: x\r\n\r\n")},
	{505, REQUEST("GET /hello HTTP/1.2\r\nHost: x\r\n\r\n")},
	{505, REQUEST("GET /hello HTTP/0.9\r\nHost: x\r\n\r\n")},
	{505, REQUEST("GET /hello\r\n\r\n")},
	{505, REQUEST("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
};

START_TEST(what_is_refused)
{
	struct world *w = world_new(NULL, NULL);

	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *f = &refusals[i];
		int fd = dial(w);
		struct buf heard;
		struct reply r;

		buf_init(&heard, MIB);
		say_bytes(fd, f->request);
		r = hear_reply(fd, &heard);
		ck_assert_msg(r.status == f->status, "%d instead of %d for: " STR_FMT, r.status, f->status,
			      STR_ARG(f->request));
		ck_str(reply_header(&r, "content-type"), "application/problem+json");
		ck_str(reply_header(&r, "connection"), "close");
		ck_assert_ptr_nonnull(strstr(r.body, "\"type\":\"about:blank\""));
		ck_assert_ptr_nonnull(strstr(r.body, "\"detail\":\""));
		hear_end(fd, &heard);
		close(fd);
		/* and the same byte by byte */
		fd = dial(w);
		for (size_t k = 0; k < f->request.n; k++)
			if (send(fd, f->request.p + k, 1, MSG_NOSIGNAL) != 1)
				break;
		r = hear_reply(fd, &heard);
		ck_assert_msg(r.status == f->status, "%d instead of %d, byte by byte, for: " STR_FMT, r.status,
			      f->status, STR_ARG(f->request));
		close(fd);
		buf_done(&heard);
	}
	ck_assert_uint_eq(world_counts(w).requests, 0);
	ck_assert_uint_eq(world_counts(w).refused, 2 * COUNT_OF(refusals));
	ck_assert_uint_eq(w->answered_count, 2 * COUNT_OF(refusals));
	world_free(w);
}
END_TEST

START_TEST(what_is_taken)
{
	static const char *const taken[] = {
		"GET http://x:80/hello HTTP/1.1\r\nHost: X:80\r\n\r\n",
		"GET /hello?a=%zz&\"|{} HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%68ello HTTP/1.1\r\nHost: [::1]:8065\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		("POST /hello HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: "
		 "1\r\n\r\nx"),
		"GET /hello HTTP/1.1\r\nHost: x\r\nX:\r\nY: \xc3\xa4\r\n\r\n",
	};
	struct world *w = world_new(NULL, NULL);

	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct reply r = ask(w, str_of(taken[i]));

		ck_assert_msg(r.status == 200, "%d for: %s", r.status, taken[i]);
		ck_assert_str_eq(r.body, "hello");
	}
	ck_assert_int_eq(ask(w, S("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")).status, 404); /* the handler's answer */
	world_free(w);
}
END_TEST

/* ---- limits and deadlines ---- */

START_TEST(limits_of_head_and_body)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf b;

	l.head_bytes = 1024;
	l.body_bytes = 10000;
	l.large_path = "/big/";
	l.large_bytes = 12000;
	w = world_new(&l, NULL);
	buf_init(&b, MIB);
	buf_printf(&b, "GET /hello HTTP/1.1\r\nHost: x\r\nX: %0900d\r\n\r\n", 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 200);
	buf_reset(&b);
	buf_printf(&b, "GET /hello HTTP/1.1\r\nHost: x\r\nX: %01000d\r\n\r\n", 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 431);
	buf_reset(&b);
	buf_printf(&b, "GET /%02000d", 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 431);
	buf_reset(&b);
	buf_add(&b, S("GET /hello HTTP/1.1\r\nHost: x\r\n"));
	for (int i = 0; i < 101; i++)
		buf_add(&b, S("X:\r\n"));
	buf_add(&b, S("\r\n"));
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 431);
	ck_assert_int_eq(ask(w, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n")).status, 413);
	buf_reset(&b);
	buf_printf(&b, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n%010000d", 1);
	ck_assert_uint_eq(ask(w, buf_str(&b)).body_n, 10000);
	ck_assert_int_eq(ask(w, S("POST /big/ HTTP/1.1\r\nHost: x\r\nContent-Length: 12001\r\n\r\n")).status, 413);
	buf_reset(&b);
	buf_printf(&b, "POST /big/x HTTP/1.1\r\nHost: x\r\nContent-Length: 12000\r\n\r\n%012000d", 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 404); /* the handler's answer */
	buf_reset(&b);
	buf_printf(&b,
		   "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
		   "chunked\r\n\r\n2000\r\n%08192d\r\n2000\r\n%08192d\r\n0\r\n\r\n",
		   1, 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 413);
	buf_reset(&b);
	buf_printf(&b, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0;%02000d=1\r\n\r\n", 1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 431);
	buf_reset(&b);
	buf_printf(&b, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: %02000d\r\n\r\n",
		   1);
	ck_assert_int_eq(ask(w, buf_str(&b)).status, 431);
	buf_done(&b);
	world_free(w);
}
END_TEST

/* A refused body is still on its way: the answer must come all the same. */
START_TEST(a_refusal_is_read_by_who_still_sends)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	char *body = mem_new(2 * MIB);
	int fd;
	struct buf heard;

	l.body_bytes = 1000;
	w = world_new(&l, NULL);
	fd = dial(w);
	buf_init(&heard, MIB);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nX-Test: 1\r\nContent-Length: 2097152\r\n\r\n");
	say_bytes(fd, str_n(body, 2 * MIB));
	ck_assert_int_eq(hear_reply(fd, &heard).status, 413);
	hear_end(fd, &heard);
	close(fd);
	ck_assert_str_eq(w->refused, "413 POST /echo 1");
	mem_free(body);
	buf_done(&heard);
	world_free(w);
}
END_TEST

/* Who keeps a list of what was sent hears of it too, if it is known where it was to go. */
START_TEST(what_is_refused_is_told)
{
	static const struct {
		const char *request, *told;
	} cases[] = {
		{"POST /echo?a=b HTTP/1.1\r\nHost: x\r\nX-Test: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nrubbish\r\n", "400 POST /echo 2"},
		{"POST /a%20b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Test: 3\r\n\r\n7ff\r\n", "413 POST /a b 3"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nX-Test: 4\r\nContent-Length: 5\r\nExpect: a miracle\r\n\r\n", "417 POST /echo 4"},
		{"POST /echo HTTP/1.1\r\nX-Test: 5\r\n\r\n", ""}, /* no Host: it is not known whose path that is */
		{"rubbish\r\n\r\n", ""},
	};
	struct server_limits l = server_default_limits;
	char *body = mem_new(4 * KIB);

	l.body_bytes = 1000;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = world_new(&l, NULL);
		int fd = dial(w);
		struct buf heard;

		buf_init(&heard, MIB);
		say(fd, cases[i].request);
		if (strstr(cases[i].request, "7ff"))
			say_bytes(fd, str_n(memset(body, 'x', 4 * KIB), 2000));
		ck_assert_int_ge(hear_reply(fd, &heard).status, 400);
		hear_end(fd, &heard);
		close(fd);
		ck_assert_str_eq(w->refused, cases[i].told);
		ck_assert_uint_eq(w->refused_count, cases[i].told[0] != '\0');
		buf_done(&heard);
		world_free(w);
	}
	mem_free(body);
}
END_TEST

START_TEST(deadlines)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf heard;
	int slow_head, slow_body, idle, used, silent;

	l.head_deadline = l.body_deadline = l.idle_deadline = 60;
	w = world_new(&l, NULL);
	buf_init(&heard, MIB);
	silent = dial(w);
	slow_head = dial(w);
	slow_body = dial(w);
	used = dial(w);
	idle = dial(w);
	say(slow_head, "GET /hello HT");
	say(slow_body, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
	say(used, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(hear_reply(used, &heard).status, 200);
	hear_end(used, &heard);
	ck_assert_int_eq(hear_reply(slow_head, &heard).status, 408);
	hear_end(slow_head, &heard);
	ck_assert_int_eq(hear_reply(slow_body, &heard).status, 408);
	hear_end(slow_body, &heard);
	hear_end(idle, &heard);
	hear_end(silent, &heard);
	world_await(w, w->answered_count == 3);
	close(silent);
	close(slow_head);
	close(slow_body);
	close(used);
	close(idle);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(limit_of_connections)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf heard;
	struct reply r;
	int first, second, third;

	l.connections = 2;
	w = world_new(&l, NULL);
	buf_init(&heard, MIB);
	first = dial(w);
	second = dial(w);
	say(first, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(hear_reply(first, &heard).status, 200);
	say(second, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(hear_reply(second, &heard).status, 200);
	third = dial(w);
	r = hear_reply(third, &heard);
	ck_assert_int_eq(r.status, 503);
	ck_assert_uint_gt(reply_header(&r, "retry-after").n, 0);
	hear_end(third, &heard);
	close(third);
	close(first);
	close(second);
	while (world_counts(w).connections)
		;
	ck_assert_int_eq(ask(w, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")).status, 200);
	buf_done(&heard);
	world_free(w);
}
END_TEST

/* An address of this machine that is not loopback's, which is exempt; false: it has none. */
static bool own_address(char out[INET_ADDRSTRLEN])
{
	struct ifaddrs *all, *i;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (i = all; i && !found; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && !(i->ifa_flags & IFF_LOOPBACK) &&
		    (i->ifa_flags & IFF_UP))
			found = inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, out,
					  INET_ADDRSTRLEN) != NULL;
	freeifaddrs(all);
	return found;
}

static char outer_address[INET_ADDRSTRLEN];
static int outer_port;

static void job_listen_outside(struct world *w)
{
	struct err err = {0};

	ck_assert_msg(server_listen(w->server, str_of(outer_address), &outer_port, NULL, &err), "%s", err.text);
}

static int dial_outside(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)outer_port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, outer_address, &to.sin_addr);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

START_TEST(limit_of_connections_of_one_address)
{
	static const char get[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf heard;
	struct reply r;
	int fds[3], more, inside;

	if (!own_address(outer_address)) {
		printf("not run: this machine has no address beside loopback's\n");
		return;
	}
	l.connections_per_address = COUNT_OF(fds);
	w = world_new(&l, NULL);
	world_do(w, job_listen_outside);
	buf_init(&heard, MIB);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = dial_outside();
		say(fds[i], get);
		ck_assert_int_eq(hear_reply(fds[i], &heard).status, 200);
	}
	more = dial_outside();
	r = hear_reply(more, &heard);
	ck_assert_int_eq(r.status, 503);
	hear_end(more, &heard);
	close(more);
	inside = dial(w); /* loopback is exempt */
	say(inside, get);
	ck_assert_int_eq(hear_reply(inside, &heard).status, 200);
	close(fds[0]);
	while (world_counts(w).connections > COUNT_OF(fds))
		;
	more = dial_outside();
	say(more, get);
	ck_assert_int_eq(hear_reply(more, &heard).status, 200);
	close(more);
	close(inside);
	for (size_t i = 1; i < COUNT_OF(fds); i++)
		close(fds[i]);
	while (world_counts(w).connections)
		;
	buf_done(&heard);
	world_free(w);
}
END_TEST

/* Far over the limit the listener pauses; who waited is served when others have gone. */
START_TEST(listener_pauses_and_goes_on)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf heard;
	int fds[120], n503 = 0, n200 = 0;

	l.connections = 1;
	w = world_new(&l, NULL);
	buf_init(&heard, MIB);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = dial(w);
		if (i == 0) {
			say(fds[0], "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
			ck_assert_int_eq(hear_reply(fds[0], &heard).status, 200);
		}
	}
	ck_assert_uint_le(world_counts(w).connections, 1 + 64);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (i)
			send(fds[i], "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL);
	close(fds[0]);
	for (size_t i = 1; i < COUNT_OF(fds); i++) {
		struct reply r = hear_reply(fds[i], &heard);

		n503 += r.status == 503;
		n200 += r.status == 200;
		buf_reset(&heard);
		close(fds[i]);
	}
	ck_assert_int_eq(n503 + n200, COUNT_OF(fds) - 1);
	ck_assert_int_ge(n503, 1);
	buf_done(&heard);
	world_free(w);
}
END_TEST

static struct str answered_path(const struct answered *a)
{
	return str_of(a->path);
}

START_TEST(every_answer_is_told)
{
	struct world *w = world_new(NULL, NULL);

	ask(w, S("GET /hello?x HTTP/1.1\r\nHost: x\r\n\r\n"));
	ask(w, S("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"));
	ask(w, S("rubbish\r\n\r\n"));
	world_await(w, w->answered_count == 3);
	ck_assert_str_eq(w->answered[0].method, "GET");
	ck_str(answered_path(&w->answered[0]), "/hello");
	ck_assert_int_eq(w->answered[0].status, 200);
	ck_assert_str_eq(w->answered[1].method, "POST");
	ck_str(answered_path(&w->answered[1]), "/echo");
	ck_assert_int_eq(w->answered[1].status, 413);
	ck_str(answered_path(&w->answered[2]), "");
	ck_assert_int_eq(w->answered[2].status, 400);
	world_free(w);
}
END_TEST

/* A client that went away before its answer: the answer is dropped, and the next client has another id. */
START_TEST(answers_to_the_gone_are_dropped)
{
	struct world *w = world_new(NULL, NULL);
	struct linger hard = {1, 0};
	int fd = dial(w);

	say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	world_await(w, w->later_seen == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard); /* a reset, as of a process that was killed */
	close(fd);
	while (world_counts(w).connections)
		;
	fd = dial(w);
	say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	world_await(w, w->later_seen == 2);
	ck_assert(w->later[0] != w->later[1]);
	world_do(w, world_job_release);
	ck_assert_uint_eq(w->answered_count, 1);
	close(fd);
	world_free(w);
}
END_TEST

/* ---- WebSocket ---- */

START_TEST(ws_echo_fragments_and_pings)
{
	struct world *w = world_new(NULL, NULL);
	struct ws_heard h;
	struct buf heard;
	char *big = mem_new(60001);
	int fd = ws_dial(w, &heard);

	ws_say(fd, "hi");
	h = ws_hear(fd, &heard);
	ck_assert_uint_eq(h.first, 0x81);
	ck_assert_str_eq(h.text, "hi");
	ws_say(fd, "");
	h = ws_hear(fd, &heard);
	ck_assert_uint_eq(h.first, 0x81);
	ck_assert_uint_eq(h.n, 0);
	/* fragments with a ping between; a sequence of UTF-8 cut in two */
	ws_say_frame(fd, 0x01, true, S("one \xc3"));
	ws_say_frame(fd, 0x89, true, S("are you there"));
	h = ws_hear(fd, &heard);
	ck_assert_uint_eq(h.first, 0x8a);
	ck_assert_str_eq(h.text, "are you there");
	ws_say_frame(fd, 0x00, true, S("\xa4 two "));
	ws_say_frame(fd, 0x8a, true, S("a pong nobody asked for"));
	ws_say_frame(fd, 0x80, true, S("three"));
	h = ws_hear(fd, &heard);
	ck_assert_str_eq(h.text, "one \xc3\xa4 two three");
	/* 16-bit length, much in one write, and byte by byte */
	memset(big, 'z', 60000);
	ws_say(fd, big);
	h = ws_hear(fd, &heard);
	ck_assert_uint_eq(h.n, 60000);
	for (int i = 0; i < 100; i++)
		ws_say(fd, "many");
	for (int i = 0; i < 100; i++) {
		h = ws_hear(fd, &heard);
		ck_assert_str_eq(h.text, "many");
	}
	for (const char *p = "\x81\x83mask\x0c\x03\x10"; *p; p++) /* "abc" */
		say_bytes(fd, str_n(p, 1));
	h = ws_hear(fd, &heard);
	ck_assert_str_eq(h.text, "abc");
	ws_say_frame(fd, 0x88, true, S("\x03\xe8"));
	h = ws_hear(fd, &heard);
	ck_assert_int_eq(ws_close_code(&h), 1000);
	hear_end(fd, &heard);
	world_await(w, w->closed == 1);
	close(fd);
	mem_free(big);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(ws_what_is_refused)
{
	static const struct {
		int code;
		unsigned first;
		bool masked;
		struct str payload;
	} bad[] = {
		{1002, 0x81, false, {"not masked", 10}},
		{1002, 0x80, true, {"no beginning", 12}},
		{1002, 0xc1, true, {"reserved bit", 12}},
		{1002, 0x83, true, {"reserved opcode", 15}},
		{1002, 0x09, true, {"a ping in fragments", 19}},
		{1003, 0x82, true, {"binary", 6}},
		{1007, 0x81, true, {"\xff", 1}},
		{1007, 0x81, true, {"\xc3", 1}},
		{1007, 0x81, true, {"\xed\xa0\x80", 3}},
		{1002, 0x88, true, {"\x03", 1}},
		{1002, 0x88, true, {"\x03\xed", 2}},
		{1007, 0x88, true, {"\x03\xe8\xff", 3}},
		{1009, 0x81, true, {NULL, 70000}},
	};
	struct world *w = world_new(NULL, NULL);
	char *big = mem_new(70000);

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ws_heard h;
		struct buf heard;
		int fd = ws_dial(w, &heard);

		ws_say_frame(fd, bad[i].first, bad[i].masked, bad[i].payload.p ? bad[i].payload : str_n(big, 70000));
		h = ws_hear(fd, &heard);
		ck_assert_msg(ws_close_code(&h) == bad[i].code, "row %zu: %d", i, ws_close_code(&h));
		hear_end(fd, &heard);
		close(fd);
		buf_done(&heard);
	}
	/* a second message inside a fragmented one */
	for (int i = 0; i < 1; i++) {
		struct ws_heard h;
		struct buf heard;
		int fd = ws_dial(w, &heard);

		ws_say_frame(fd, 0x01, true, S("one"));
		ws_say_frame(fd, 0x81, true, S("two"));
		h = ws_hear(fd, &heard);
		ck_assert_int_eq(ws_close_code(&h), 1002);
		close(fd);
		buf_done(&heard);
	}
	world_await(w, w->closed == w->opened);
	mem_free(big);
	world_free(w);
}
END_TEST

START_TEST(ws_close_by_the_server)
{
	struct world *w = world_new(NULL, NULL);
	struct ws_heard h;
	struct buf heard;
	int fd = ws_dial(w, &heard);

	ws_say(fd, "bye");
	ws_say(fd, "too late");
	h = ws_hear(fd, &heard);
	ck_assert_int_eq(ws_close_code(&h), 4000);
	ck_assert_str_eq(h.text + 2, "as you wish");
	ws_say_frame(fd, 0x88, true, S("\x0f\xa0"));
	hear_end(fd, &heard);
	world_await(w, w->closed == 1);
	close(fd);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(ws_pings_and_drops_the_dead)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct ws_heard h;
	struct buf dead_heard, heard;
	int dead, fd;

	l.ws_ping_every = 400; /* who answers at once is heard in time, on a busy machine too */
	w = world_new(&l, NULL);
	dead = ws_dial(w, &dead_heard);
	fd = ws_dial(w, &heard);
	do { /* this one answers, the other does not */
		h = ws_hear(fd, &heard);
		ck_assert_uint_eq(h.first, 0x89);
		ws_say_frame(fd, 0x8a, true, S(""));
	} while (world_closed(w) == 0);
	while (ws_hear(dead, &dead_heard).first == 0x89)
		;
	ck_assert_uint_eq(world_closed(w), 1);
	ws_say(fd, "still here");
	while ((h = ws_hear(fd, &heard)).first == 0x89)
		;
	ck_assert_str_eq(h.text, "still here");
	close(fd);
	close(dead);
	buf_done(&heard);
	buf_done(&dead_heard);
	world_await(w, w->closed == 2);
	world_free(w);
}
END_TEST

/* One client does not read. It is cut off; the others get every message and nobody waits. */
START_TEST(ws_slow_client_is_cut_off)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct ws_heard h;
	struct buf slow_heard, heard, text;
	int slow, fd, got = 0;

	l.ws_unsent_bytes = 64 * KIB;
	w = world_new(&l, NULL);
	slow = ws_dial(w, &slow_heard);
	fd = ws_dial(w, &heard);
	buf_init(&text, MIB);
	buf_printf(&text, "all %060000d", 7);
	while (world_counts(w).slow_clients == 0) {
		ws_say(fd, text.p);
		h = ws_hear(fd, &heard);
		ck_assert_uint_eq(h.n, 60000);
		got++;
	}
	for (int i = 0; i < 20; i++) {
		ws_say(fd, text.p);
		h = ws_hear(fd, &heard);
		ck_assert_uint_eq(h.n, 60000);
	}
	ck_assert_int_gt(got, 0);
	ck_assert_uint_eq(world_counts(w).slow_clients, 1);
	do { /* what it had not read before is whole frames, and then the reason */
		h = ws_hear(slow, &slow_heard);
		ck_assert(h.first == 0x81 || h.first == 0x88);
	} while (h.first == 0x81);
	ck_assert_int_eq(ws_close_code(&h), 1013);
	ck_assert_str_eq(h.text + 2, "slow: resume");
	close(slow);
	world_await(w, w->closed == 1);
	close(fd);
	buf_done(&text);
	buf_done(&heard);
	buf_done(&slow_heard);
	world_free(w);
}
END_TEST

/* One that never reads again costs a connection only until the good-bye is over. */
START_TEST(ws_slow_client_that_stays_away)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf slow_heard, heard, text;
	int slow, fd;

	l.ws_unsent_bytes = 64 * KIB;
	l.head_deadline = 50;
	w = world_new(&l, NULL);
	slow = ws_dial(w, &slow_heard);
	fd = ws_dial(w, &heard);
	buf_init(&text, MIB);
	buf_printf(&text, "all %060000d", 7);
	while (world_closed(w) == 0) {
		ws_say(fd, text.p);
		ck_assert_uint_eq(ws_hear(fd, &heard).n, 60000);
	}
	ck_assert_uint_eq(world_counts(w).websockets, 1);
	close(slow);
	close(fd);
	buf_done(&text);
	buf_done(&heard);
	buf_done(&slow_heard);
	world_free(w);
}
END_TEST

/* Pings that are never read must not pile up either. */
START_TEST(ws_flood_of_pings_is_cut_off)
{
	struct server_limits l = server_default_limits;
	struct world *w;
	struct buf heard, pings;
	int fd;

	l.ws_unsent_bytes = 16 * KIB;
	w = world_new(&l, NULL);
	fd = ws_dial(w, &heard);
	buf_init(&pings, MIB);
	for (int i = 0; i < 1000; i++)
		buf_printf(&pings, "\x89\xfdmask%0125d", 1);
	while (world_counts(w).slow_clients == 0)
		say_bytes(fd, buf_str(&pings));
	close(fd);
	world_await(w, w->closed == 1);
	buf_done(&heard);
	buf_done(&pings);
	world_free(w);
}
END_TEST

/* ---- drain ---- */

static void on_drained(void *context)
{
	struct world *w = context;

	pthread_mutex_lock(&w->lock);
	w->drained++;
	world_note(w);
	pthread_mutex_unlock(&w->lock);
}

static void job_drain(struct world *w)
{
	server_drain(w->server, 20 * SECOND, on_drained, w);
}

static void job_drain_at_once(struct world *w)
{
	server_drain(w->server, 10, on_drained, w);
}

START_TEST(drain_lets_requests_finish)
{
	struct world *w = world_new(NULL, NULL);
	int idle = dial(w), pending = dial(w), ws, sending = dial(w);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->port)};
	struct ws_heard h;
	struct buf heard, ws_heard_bytes;
	struct reply r;
	int late;

	buf_init(&heard, MIB);
	say(idle, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_int_eq(hear_reply(idle, &heard).status, 200);
	say(sending, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
	say(pending, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	ws = ws_dial(w, &ws_heard_bytes);
	world_await(w, w->later_seen == 1);
	while (world_counts(w).bytes_in < 250)
		;
	world_do(w, job_drain);
	hear_end(idle, &heard);
	h = ws_hear(ws, &ws_heard_bytes);
	ck_assert_int_eq(ws_close_code(&h), 1001);
	ws_say_frame(ws, 0x88, true, S("\x03\xe9"));
	hear_end(ws, &ws_heard_bytes);
	late = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(late, (struct sockaddr *)&to, sizeof to), -1);
	ck_assert_uint_eq(w->drained, 0);
	world_do(w, world_job_release);
	r = hear_reply(pending, &heard);
	ck_assert_str_eq(r.body, "later");
	ck_str(reply_header(&r, "connection"), "close");
	hear_end(pending, &heard);
	say(sending, "cd");
	r = hear_reply(sending, &heard);
	ck_assert_str_eq(r.body, "abcd");
	hear_end(sending, &heard);
	world_await(w, w->drained == 1);
	ck_assert_uint_eq(world_counts(w).connections, 0);
	close(idle);
	close(pending);
	close(sending);
	close(ws);
	close(late);
	buf_done(&heard);
	buf_done(&ws_heard_bytes);
	world_free(w);
}
END_TEST

/* A WebSocket that is asked for in the last moment is opened and told to come back. */
START_TEST(drain_closes_late_websockets)
{
	struct world *w = world_new(NULL, NULL);
	struct ws_heard h;
	struct buf heard;
	int fd = dial(w);

	buf_init(&heard, MIB);
	say_bytes(fd, str_n(WS_ASK, 20));
	while (world_counts(w).bytes_in < 20)
		;
	world_do(w, job_drain);
	say(fd, &WS_ASK[20]);
	ck_assert_int_eq(hear_reply(fd, &heard).status, 101);
	h = ws_hear(fd, &heard);
	ck_assert_int_eq(ws_close_code(&h), 1001);
	close(fd);
	world_await(w, w->drained == 1 && w->closed == 1);
	buf_done(&heard);
	world_free(w);
}
END_TEST

START_TEST(drain_ends_at_its_limit)
{
	struct world *w = world_new(NULL, NULL);
	struct buf heard;
	int pending = dial(w), ws = ws_dial(w, &heard);

	say(pending, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	world_await(w, w->later_seen == 1);
	world_do(w, job_drain_at_once);
	world_await(w, w->drained == 1 && w->closed == 1);
	close(pending);
	close(ws);
	buf_done(&heard);
	world_free(w);
	w = world_new(NULL, NULL);
	world_do(w, job_drain); /* nobody there: at once */
	world_await(w, w->drained == 1);
	world_free(w);
}
END_TEST

START_TEST(free_without_a_drain)
{
	struct world *w = world_new(NULL, NULL);
	struct buf heard;
	int pending = dial(w), ws = ws_dial(w, &heard), half = dial(w);

	say(pending, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\n");
	say(half, "GET /hello HT");
	ws_say_frame(ws, 0x01, true, S("half a message"));
	world_await(w, w->later_seen == 1);
	world_free(w);
	close(pending);
	close(ws);
	close(half);
	buf_done(&heard);
}
END_TEST

static void job_listen_twice(struct world *w)
{
	struct err err = {0};
	int port = w->port;

	ck_assert(!server_listen(w->server, S("127.0.0.1"), &port, NULL, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	port = 0;
	ck_assert(!server_listen(w->server, S("localhost"), &port, NULL, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}

START_TEST(listening_fails_clearly)
{
	struct world *w = world_new(NULL, NULL);

	world_do(w, job_listen_twice);
	world_free(w);
}
END_TEST

/* ---- TLS ---- */

struct tls_client {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

static struct tls_client tls_dial(const struct world *w, int most)
{
	struct tls_client c = {.fd = dial(w), .ctx = SSL_CTX_new(TLS_client_method())};

	SSL_CTX_set_max_proto_version(c.ctx, most);
	c.ssl = SSL_new(c.ctx);
	SSL_set_alpn_protos(c.ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12);
	SSL_set_fd(c.ssl, c.fd);
	return c;
}

static void tls_hang_up(struct tls_client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
}

static void tls_say(struct tls_client *c, struct str s)
{
	ck_assert_int_eq(SSL_write(c->ssl, s.p, (int)s.n), (int)s.n);
}

static size_t tls_hear(struct tls_client *c, char *to, size_t n, const char *until)
{
	size_t have = 0;

	to[0] = '\0';
	while (!strstr(to, until)) {
		int got = SSL_read(c->ssl, to + have, (int)(n - have - 1));

		if (got <= 0)
			break;
		have += (size_t)got;
		to[have] = '\0';
	}
	return have;
}

static void certificate_name(struct tls_client *c, char out[64])
{
	X509 *cert = SSL_get1_peer_certificate(c->ssl);

	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out, 64);
	X509_free(cert);
}

static void job_reload(struct world *w)
{
	struct err err = {0};

	ck_assert_msg(tls_context_reload(w->tls, &err), "%s", err.text);
}

static void job_reload_bad(struct world *w)
{
	struct err err = {0};

	ck_assert(!tls_context_reload(w->tls, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "key.pem"));
}

START_TEST(tls_http_websocket_and_reload)
{
	char folder[] = "/tmp/opsroom-tls-XXXXXX", cert[64], key[64], name[64], text[8192];
	static char big[BIG_BYTES + 4096];
	const unsigned char *alpn;
	struct tls_client c, old;
	struct err err = {0};
	struct world *w;
	unsigned alpn_n;
	struct tls_context *tls;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert, sizeof cert, "%s/cert.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	ck_assert_ptr_null(tls_context_new(cert, key, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "cert.pem"));
	make_certificate(folder, "first", NULL);
	err_clear(&err);
	ck_assert_ptr_nonnull(tls = tls_context_new(cert, key, &err));
	w = world_new(NULL, tls);
	/* 1.2 and 1.3 */
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		c = tls_dial(w, v);
		ck_assert_int_eq(SSL_connect(c.ssl), 1);
		ck_assert_int_eq(SSL_version(c.ssl), v);
		SSL_get0_alpn_selected(c.ssl, &alpn, &alpn_n);
		ck_assert(str_is(str_n((const char *)alpn, alpn_n), "http/1.1"));
		tls_say(&c, S("GET /about HTTP/1.1\r\nHost: x\r\n\r\n"));
		tls_hear(&c, text, sizeof text, "|11");
		ck_assert_ptr_nonnull(strstr(text, "GET||127.0.0.1||11"));
		tls_say(&c, S("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
		ck_assert_uint_gt(tls_hear(&c, big, sizeof big, "never"), BIG_BYTES);
		ck_assert_int_eq(SSL_get_shutdown(c.ssl), SSL_RECEIVED_SHUTDOWN); /* close_notify, not just an end */
		tls_hang_up(&c);
	}
	/* older ones are refused */
	c = tls_dial(w, TLS1_1_VERSION);
	SSL_set_security_level(c.ssl, 0);
	ck_assert_int_ne(SSL_connect(c.ssl), 1);
	tls_hang_up(&c);
	/* so is who speaks no TLS */
	ck_assert_int_eq(ask(w, S("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")).whole, false);
	/* WebSocket; this connection lives through the reload */
	old = tls_dial(w, TLS1_3_VERSION);
	ck_assert_int_eq(SSL_connect(old.ssl), 1);
	tls_say(&old, S(WS_ASK));
	tls_hear(&old, text, sizeof text, "\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 101"));
	make_certificate(folder, "second", NULL);
	world_do(w, job_reload);
	tls_say(&old, S("\x81\x83mask\x0c\x03\x10"));
	tls_hear(&old, text, sizeof text, "abc");
	ck_assert_str_eq(text, "\x81\x03"
			       "abc");
	certificate_name(&old, name);
	ck_assert_str_eq(name, "first");
	c = tls_dial(w, TLS1_3_VERSION);
	ck_assert_int_eq(SSL_connect(c.ssl), 1);
	certificate_name(&c, name);
	ck_assert_str_eq(name, "second");
	tls_hang_up(&c);
	/* a bad key changes nothing */
	ck_assert_ptr_nonnull(f = fopen(key, "w"));
	fclose(f);
	world_do(w, job_reload_bad);
	c = tls_dial(w, TLS1_3_VERSION);
	ck_assert_int_eq(SSL_connect(c.ssl), 1);
	tls_hang_up(&c);
	tls_hang_up(&old);
	world_await(w, w->closed == 1);
	world_free(w);
	unlink(cert);
	unlink(key);
	rmdir(folder);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"http", keep_alive_and_headers},
		{"http", http_1_0},
		{"http", answers_without_a_body},
		{"http", pipelined_requests_are_answered_in_order},
		{"http", a_reader_that_is_late_gets_all},
		{"http", half_closed_clients_get_their_answer},
		{"http", requests_in_pieces},
		{"http", expect_100_continue},
		{"strict", what_is_refused},
		{"strict", what_is_taken},
		{"limits", limits_of_head_and_body},
		{"limits", a_refusal_is_read_by_who_still_sends},
		{"limits", what_is_refused_is_told},
		{"limits", deadlines},
		{"limits", limit_of_connections},
		{"limits", limit_of_connections_of_one_address},
		{"limits", listener_pauses_and_goes_on},
		{"answers", every_answer_is_told},
		{"answers", answers_to_the_gone_are_dropped},
		{"ws", ws_echo_fragments_and_pings},
		{"ws", ws_what_is_refused},
		{"ws", ws_close_by_the_server},
		{"ws", ws_pings_and_drops_the_dead},
		{"ws", ws_slow_client_is_cut_off},
		{"ws", ws_slow_client_that_stays_away},
		{"ws", ws_flood_of_pings_is_cut_off},
		{"end", drain_lets_requests_finish},
		{"end", drain_closes_late_websockets},
		{"end", drain_ends_at_its_limit},
		{"end", free_without_a_drain},
		{"end", listening_fails_clearly},
		{"tls", tls_http_websocket_and_reload},
	};

	return unit_run("net/server", tests, COUNT_OF(tests));
}
