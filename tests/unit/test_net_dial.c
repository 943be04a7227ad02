#include "base/crypt.h"
#include "net/dial.h"
#include "net_fixture.h"

#include <dlfcn.h>
#include <netdb.h>
#include <openssl/ssl.h>

static uv_loop_t loop;

/* ---- one connection and what was heard of it ---- */

struct seen {
	struct dial *d;
	unsigned opened, closed;
	char why[512];
	struct buf got;
	struct str say_at_open;
	enum { AT_NOTHING, AT_OPEN, AT_BYTES, AT_CLOSE } close_at;
};

static void leave_if(struct seen *s, int at)
{
	if ((int)s->close_at != at)
		return;
	dial_close(s->d);
	s->d = NULL;
}

static void on_open(void *context)
{
	struct seen *s = context;

	ck_assert_uint_eq(s->closed, 0);
	s->opened++;
	if (s->say_at_open.n)
		dial_send(s->d, s->say_at_open);
	leave_if(s, AT_OPEN);
}

static void on_bytes(void *context, struct str bytes)
{
	struct seen *s = context;

	ck_assert(s->opened == 1 && s->closed == 0 && bytes.n > 0);
	ck_assert_ptr_nonnull(s->d);
	buf_add(&s->got, bytes);
	leave_if(s, AT_BYTES);
}

static void on_close(void *context, const char *why)
{
	struct seen *s = context;

	ck_assert_ptr_nonnull(s->d);
	s->closed++;
	snprintf(s->why, sizeof s->why, "%s", why);
	leave_if(s, AT_CLOSE);
}

static void start_with(struct seen *s, const struct dial_options *o)
{
	struct dial_events e = {s, on_open, on_bytes, on_close};

	buf_init(&s->got, 64 * MIB);
	s->d = dial_open(&loop, o, &e);
	ck_assert_uint_eq(s->opened + s->closed, 0); /* nothing comes inside a call */
}

static void start(struct seen *s, const char *host, int port)
{
	start_with(s, &(struct dial_options){.host = str_of(host), .port = port, .deadline = WAIT_MS});
}

#define await(condition)                                                                                               \
	do                                                                                                             \
		ck_assert(uv_run(&loop, UV_RUN_ONCE) || (condition));                                                  \
	while (!(condition))

#define expect_why(s, part) ck_assert_msg(strstr((s)->why, part), "'%s' has no '%s'", (s)->why, part)

/* It ends with these words, and was never open. */
static void expect_refusal(const struct dial_options *o, const char *part)
{
	struct seen s = {0};

	start_with(&s, o);
	await(s.closed);
	ck_assert_uint_eq(s.opened, 0);
	expect_why(&s, part);
	dial_close(s.d);
	buf_done(&s.got);
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

static void end(struct seen *s)
{
	dial_close(s->d);
	s->d = NULL;
	buf_done(&s->got);
}

/* ---- plain ---- */

START_TEST(talks)
{
	struct world *w = world_new(NULL, NULL);
	struct seen s = {.say_at_open = S("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")};

	start(&s, "127.0.0.1", w->port);
	await(s.closed);
	ck_assert_uint_eq(s.opened, 1);
	ck_assert(str_ends(buf_str(&s.got), S("\r\n\r\nhello")));
	expect_why(&s, "closed");
	dial_send(s.d, S("too late"));
	end(&s);
	loop_end();
	world_free(w);
}
END_TEST

START_TEST(large_both_ways)
{
	struct world *w = world_new(NULL, NULL);
	struct buf ask;
	struct seen s = {0};

	buf_init(&ask, 2 * MIB);
	buf_printf(&ask, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 1000000);
	for (int i = 0; i < 100000; i++)
		buf_printf(&ask, "%010d", i);
	s.say_at_open = buf_str(&ask);
	start_with(&s, &(struct dial_options){.host = S("127.0.0.1"), .port = w->port, .unsent_max_bytes = 2 * MIB});
	await(s.closed || str_ends(buf_str(&s.got), S("0000099999")));
	ck_assert_msg(!s.closed, "%s", s.why);
	ck_assert(str_ends(buf_str(&s.got), str_n(ask.p + ask.n - 1000000, 1000000)));
	buf_done(&ask);
	end(&s);
	loop_end();
	world_free(w);
}
END_TEST

/* The resolver that libuv finds: two.test is 127.0.0.2 and then 127.0.0.1. */
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!name || strcmp(name, "two.test") != 0 || (hints->ai_flags & AI_NUMERICHOST))
		return real(name, port, hints, found);
	ck_assert_int_eq(real("127.0.0.2", port, hints, found), 0);
	return real("127.0.0.1", port, hints, &(*found)->ai_next);
}

START_TEST(all_addresses_are_tried)
{
	struct world *w = world_new(NULL, NULL); /* on 127.0.0.1 alone */
	struct seen s = {0};

	start(&s, "two.test", w->port);
	await(s.closed || s.opened);
	ck_assert_msg(s.opened, "%s", s.why);
	end(&s);
	loop_end();
	world_free(w);
}
END_TEST

/* The first one's queue is full: the kernel does not answer. It has half of the time. */
START_TEST(an_address_that_does_not_answer)
{
	struct world *w = world_new(NULL, NULL);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), waiting[8];
	struct seen s = {0}, alone = {0};

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	for (size_t i = 0; i < COUNT_OF(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&at, sizeof at);
	}
	start_with(&s, &(struct dial_options){.host = S("two.test"), .port = w->port, .deadline = 600});
	await(s.closed || s.opened);
	ck_assert_msg(s.opened, "%s", s.why);
	end(&s);
	start_with(&alone, &(struct dial_options){.host = S("127.0.0.2"), .port = w->port, .deadline = 50});
	await(alone.closed);
	expect_why(&alone, "no connection to 127.0.0.2 port ");
	expect_why(&alone, "connection timed out");
	end(&alone);
	loop_end();
	for (size_t i = 0; i < COUNT_OF(waiting); i++)
		close(waiting[i]);
	close(listener);
	world_free(w);
}
END_TEST

START_TEST(ipv6_in_brackets)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof at;
	struct seen s = {0};

	if (bind(fd, (const struct sockaddr *)&at, n) == 0) { /* a machine may have no IPv6 */
		listen(fd, 8);
		getsockname(fd, (struct sockaddr *)&at, &n);
		start(&s, "[::1]", ntohs(at.sin6_port));
		await(s.closed || s.opened);
		ck_assert_msg(s.opened, "%s", s.why);
		end(&s);
	}
	close(fd);
	loop_end();
}
END_TEST

START_TEST(nobody_is_there)
{
	struct dial_options o = {.host = S("127.0.0.1")};
	char name[80];

	close(listen_here(&o.port));
	expect_refusal(&o, "no connection to 127.0.0.1 port");
	o.host = S("localhost");
	expect_refusal(&o, "refused");
	memset(name, 'x', sizeof name); /* longer than a label can be: no server is asked */
	o.host = str_n(name, sizeof name);
	expect_refusal(&o, "no address of xxx");
	o.host = S("");
	expect_refusal(&o, "is no address");
	o.host = S("a\0b");
	expect_refusal(&o, "is no address");
	o = (struct dial_options){.host = S("127.0.0.1"), .port = 65536};
	expect_refusal(&o, "is no address");
	o = (struct dial_options){.host = S("127.0.0.1"), .port = 1, .tls = true, .ca_file = "/nowhere/ca.pem"};
	expect_refusal(&o, "/nowhere/ca.pem");
	loop_end();
}
END_TEST

START_TEST(the_other_side_closes)
{
	int port, listener = listen_here(&port), fd;
	struct linger reset = {.l_onoff = 1};
	struct seen s = {0}, t = {0};

	start(&s, "127.0.0.1", port);
	await(s.opened);
	fd = accept(listener, NULL, NULL);
	say(fd, "bye");
	close(fd);
	await(s.closed);
	ck_str(buf_str(&s.got), "bye");
	expect_why(&s, "127.0.0.1 closed the connection");
	end(&s);
	start(&t, "127.0.0.1", port);
	await(t.opened);
	fd = accept(listener, NULL, NULL);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	await(t.closed);
	expect_why(&t, "was lost: connection reset by peer");
	end(&t);
	close(listener);
	loop_end();
}
END_TEST

START_TEST(what_waits_has_a_ceiling)
{
	int port, listener = listen_here(&port);
	struct seen s = {0}, t = {0};
	struct buf big;

	buf_init(&big, MIB);
	buf_printf(&big, "%0100000d", 1);
	start_with(&s, &(struct dial_options){.host = S("127.0.0.1"), .port = port, .unsent_max_bytes = 200000});
	await(s.opened);
	for (int i = 0; i < 1000; i++) /* more than any kernel takes */
		dial_send(s.d, buf_str(&big));
	ck_assert_uint_eq(s.closed, 0);
	await(s.closed);
	expect_why(&s, "takes too little: more than 200000 bytes");
	end(&s);
	start_with(&t, &(struct dial_options){.host = S("127.0.0.1"), .port = port, .unsent_max_bytes = 99999});
	await(t.opened);
	dial_send(t.d, buf_str(&big)); /* at once too much */
	await(t.closed);
	expect_why(&t, "more than 99999 bytes");
	end(&t);
	buf_done(&big);
	close(listener);
	loop_end();
}
END_TEST

START_TEST(a_close_lets_out_what_waits)
{
	struct seen s = {0};
	struct peer p;
	struct buf big;

	peer_start(&p, peer_hear_all, NULL);
	buf_init(&big, 16 * MIB);
	buf_printf(&big, "%010000000d", 1);
	start_with(&s, &(struct dial_options){.host = S("127.0.0.1"), .port = p.port, .unsent_max_bytes = 16 * MIB});
	await(s.opened);
	dial_send(s.d, buf_str(&big));
	end(&s);
	loop_end();
	pthread_join(p.thread, NULL);
	ck_assert(str_eq(buf_str(&p.heard), buf_str(&big)));
	ck_assert_uint_eq(s.closed, 0);
	buf_done(&big);
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

START_TEST(a_close_at_any_time)
{
	int other, waiting = listen_here(&other), port, listener = listen_here(&port), fd;
	struct seen s = {0}, at_open = {.close_at = AT_OPEN}, at_bytes = {.close_at = AT_BYTES}, at_close = {.close_at = AT_CLOSE};

	dial_close(NULL);
	start(&s, "localhost", other); /* looked up */
	end(&s);
	start(&s, "127.0.0.1", other); /* under way */
	end(&s);
	start(&s, "", other); /* failed, and not told yet */
	end(&s);
	start(&at_open, "127.0.0.1", port);
	await(at_open.opened);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_eq(recv(fd, &(char){0}, 1, 0), 0); /* it came, and left */
	close(fd);
	start(&at_bytes, "127.0.0.1", port);
	await(at_bytes.opened);
	fd = accept(listener, NULL, NULL);
	say(fd, "bytes");
	await(!at_bytes.d);
	close(fd);
	start(&at_close, "127.0.0.1", port);
	await(at_close.opened);
	close(accept(listener, NULL, NULL));
	await(!at_close.d);
	loop_end();
	ck_assert_uint_eq(s.opened + s.closed + at_open.closed + at_bytes.closed, 0);
	buf_done(&at_open.got);
	buf_done(&at_bytes.got);
	buf_done(&at_close.got);
	close(listener);
	close(waiting);
}
END_TEST

/* ---- TLS ---- */

static char folder[] = "/tmp/opsroom-dial-XXXXXX", cert[64], key[64];

static void certify(const char *name, const char *alt)
{
	if (!cert[0]) {
		ck_assert_ptr_nonnull(mkdtemp(folder));
		snprintf(cert, sizeof cert, "%s/cert.pem", folder);
		snprintf(key, sizeof key, "%s/key.pem", folder);
	}
	make_certificate(folder, name, alt);
}

static void certificates_end(void)
{
	unlink(cert);
	unlink(key);
	rmdir(folder);
}

static struct tls_context *certified(const char *name, const char *alt)
{
	struct err err = {0};
	struct tls_context *t;

	certify(name, alt);
	t = tls_context_new(cert, key, &err);
	ck_assert_msg(t, "%s", err.text);
	return t;
}

START_TEST(tls_large_both_ways)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	struct world *w = world_new(NULL, certified("none", "DNS:localhost,IP:127.0.0.1"));
	struct buf ask;

	buf_init(&ask, 2 * MIB);
	buf_printf(&ask, "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", 1000000);
	for (int i = 0; i < 100000; i++)
		buf_printf(&ask, "%010d", i);
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct seen s = {.say_at_open = buf_str(&ask)};

		start_with(&s, &(struct dial_options){.host = str_of(hosts[i]), .port = w->port, .tls = true, .ca_file = cert,
						      .unsent_max_bytes = 2 * MIB});
		await(s.closed);
		ck_assert_msg(str_ends(buf_str(&s.got), str_n(ask.p + ask.n - 1000000, 1000000)), "%s", s.why);
		expect_why(&s, " closed the connection");
		end(&s);
	}
	buf_done(&ask);
	loop_end();
	world_free(w);
	certificates_end();
}
END_TEST

START_TEST(tls_only_with_whom_we_trust)
{
	struct world *w = world_new(NULL, certified("127.0.0.1", "DNS:other.example,IP:127.0.0.2"));
	struct dial_options o = {.host = S("127.0.0.1"), .port = w->port, .tls = true, .ca_file = cert};

	expect_refusal(&o, "IP address mismatch"); /* though the subject's name is our address */
	o.host = S("localhost");
	expect_refusal(&o, "hostname mismatch");
	o.ca_file = NULL;
	expect_refusal(&o, "self-signed certificate");
	certify("127.0.0.1", "IP:127.0.0.1"); /* not that of the server */
	o = (struct dial_options){.host = S("127.0.0.1"), .port = w->port, .tls = true, .ca_file = cert};
	expect_refusal(&o, "no TLS with 127.0.0.1: ");
	o.certificate_file = cert;
	o.key_file = "/nowhere/key.pem";
	expect_refusal(&o, "/nowhere/key.pem");
	loop_end();
	world_free(w);
	certificates_end();
}
END_TEST

static void play_plain(struct peer *p, int fd)
{
	(void)hear_some(fd, &p->heard);
	say(fd, "220 welcome, in clear text\r\n");
	peer_hear_all(p, fd);
}

static void play_leave(struct peer *p, int fd)
{
	(void)hear_some(fd, &p->heard);
}

START_TEST(tls_that_does_not_come)
{
	struct dial_options o = {.host = S("127.0.0.1"), .tls = true};
	struct peer p;

	peer_start(&p, play_plain, NULL);
	o.port = p.port;
	expect_refusal(&o, "no TLS with 127.0.0.1: ");
	uv_run(&loop, UV_RUN_DEFAULT);
	peer_end(&p);
	peer_start(&p, play_leave, NULL);
	o.port = p.port;
	expect_refusal(&o, "closed the connection during the TLS handshake");
	peer_end(&p);
	peer_start(&p, peer_hear_all, NULL);
	o.port = p.port;
	o.deadline = 200;
	expect_refusal(&o, "does not end the TLS handshake in time");
	loop_end();
	peer_end(&p);
}
END_TEST

/* Our own TLS of the server's side; answers the first words with two records, the last cut in its middle. */
static void play_half(struct peer *p, int fd)
{
	struct tls_context *t = tls_context_new(cert, key, &(struct err){0});
	struct tls_conn *c = tls_conn_new(t);
	struct buf plain, cipher;

	buf_init(&plain, MIB);
	buf_init(&cipher, MIB);
	while (!plain.n) {
		buf_reset(&p->heard);
		ck_assert(hear_some(fd, &p->heard));
		ck_assert(tls_conn_feed(c, buf_str(&p->heard), &plain, &cipher));
		say_bytes(fd, buf_str(&cipher));
		buf_reset(&cipher);
	}
	ck_assert(tls_conn_write(c, S("whole"), &cipher));
	for (size_t i = 0; i < cipher.n; i++) /* in as many pieces as can be */
		say_bytes(fd, str_n(cipher.p + i, 1));
	buf_reset(&cipher);
	ck_assert(tls_conn_write(c, S("never to be seen"), &cipher));
	say_bytes(fd, str_n(cipher.p, cipher.n / 2));
	buf_done(&plain);
	buf_done(&cipher);
	tls_conn_free(c);
	tls_context_free(t);
}

START_TEST(tls_half_a_record)
{
	struct seen s = {.say_at_open = S("hello")};
	struct peer p;

	certify("none", "IP:127.0.0.1");
	peer_start(&p, play_half, NULL);
	start_with(&s, &(struct dial_options){.host = S("127.0.0.1"), .port = p.port, .tls = true, .ca_file = cert});
	await(s.closed);
	ck_str(buf_str(&s.got), "whole");
	expect_why(&s, "127.0.0.1 closed the connection");
	end(&s);
	loop_end();
	peer_end(&p);
	certificates_end();
}
END_TEST

/* Wants a certificate, and says whose it is. */
static void play_ask_who(struct peer *p, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl;
	char name[64] = "";

	(void)p;
	ck_assert_int_eq(SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), 1);
	ck_assert_int_eq(SSL_CTX_load_verify_file(ctx, cert), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		X509 *other = SSL_get1_peer_certificate(ssl);

		X509_NAME_get_text_by_NID(X509_get_subject_name(other), NID_commonName, name, sizeof name);
		ck_assert_int_gt(SSL_write(ssl, name, (int)strlen(name)), 0);
		SSL_shutdown(ssl);
		X509_free(other);
	}
	shutdown(fd, SHUT_WR);
	while (recv(fd, &(char){0}, 1, 0) > 0)
		;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

START_TEST(tls_says_who_we_are)
{
	struct dial_options o = {.host = S("127.0.0.1"), .tls = true, .ca_file = cert};
	struct seen s = {0}, t = {0};
	struct peer p;

	certify("ana", "IP:127.0.0.1");
	peer_start(&p, play_ask_who, NULL);
	o.port = p.port;
	start_with(&s, &o);
	await(s.closed);
	expect_why(&s, "certificate required");
	end(&s);
	uv_run(&loop, UV_RUN_DEFAULT);
	peer_end(&p);
	peer_start(&p, play_ask_who, NULL);
	o.port = p.port;
	o.certificate_file = cert;
	o.key_file = key;
	start_with(&t, &o);
	await(t.closed);
	ck_str(buf_str(&t.got), "ana");
	end(&t);
	loop_end();
	peer_end(&p);
	certificates_end();
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"plain", talks},
		{"plain", large_both_ways},
		{"plain", all_addresses_are_tried},
		{"plain", an_address_that_does_not_answer},
		{"plain", ipv6_in_brackets},
		{"plain", nobody_is_there},
		{"plain", the_other_side_closes},
		{"plain", what_waits_has_a_ceiling},
		{"plain", a_close_lets_out_what_waits},
		{"plain", a_close_at_any_time},
		{"tls", tls_large_both_ways},
		{"tls", tls_only_with_whom_we_trust},
		{"tls", tls_that_does_not_come},
		{"tls", tls_half_a_record},
		{"tls", tls_says_who_we_are},
	};

	return unit_run_in("net/dial", tests, COUNT_OF(tests), loop_open, NULL);
}
