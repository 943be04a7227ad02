#include "net/syslog.h"
#include "net_fixture.h"

#include <sys/un.h>

static uv_loop_t loop;
static int answers;
static char why[200];

static void on_sent(void *context, const char *reason)
{
	(void)context;
	answers++;
	snprintf(why, sizeof why, "%s", reason ? reason : "");
}

static void send_two(struct syslog *s)
{
	struct buf b;
	size_t ends[2];

	buf_init(&b, 1 * MIB);
	syslog_message(&b, false, 1772417700123, S("token.use"), S("{\"a\":1}"));
	ends[0] = b.n;
	for (size_t i = 0; i < 1000; i++)
		buf_add(&b, S("long "));
	ends[1] = b.n;
	syslog_send(s, &b, ends, 2);
}

static void await(int count)
{
	while (answers < count)
		uv_run(&loop, UV_RUN_ONCE);
}

static void close_loop(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(addresses)
{
	static const char *const good[] = {"unix:/dev/log", "udp:127.0.0.1:514", "tcp:logs.example.com:601", "tcp:[::1]:601"};
	static const char *const bad[] = {"", "unix:", "unix:log", "udp:", "udp:host", "udp::514", "tcp:host:0", "tcp:host:65536", "tcp:host:x", "http:host:80", "host:514"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(syslog_address_ok(str_of(good[i]), &(struct err){0}), "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = {0};

		ck_assert_msg(!syslog_address_ok(str_of(bad[i]), &err) && err.code == ERR_INVALID, "%s", bad[i]);
	}
}
END_TEST

START_TEST(a_message)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	syslog_message(&b, true, 1772417700123, S("a b\n\xc3\xa4 and more than thirty-two bytes"), S("text"));
	ck_assert_ptr_nonnull(strstr(b.p, "<109>1 2026-03-02T02:15:00.123Z "));
	ck_assert_ptr_nonnull(strstr(b.p, " a_b____and_more_than_thirty-two_ - text"));
	buf_reset(&b);
	syslog_message(&b, false, 0, S(""), S("x"));
	ck_assert_ptr_nonnull(strstr(b.p, "<110>1 1970-01-01T00:00:00.000Z "));
	ck_assert_ptr_nonnull(strstr(b.p, " - - x"));
	buf_done(&b);
}
END_TEST

START_TEST(a_socket_of_this_machine)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/opsroom-unit-XXXXXX", address[100], got[8192];
	struct syslog *s;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(at.sun_path, sizeof at.sun_path, "%s/log", dir);
	snprintf(address, sizeof address, "unix:%s/log", dir);
	uv_loop_init(&loop);
	s = syslog_new(&loop, str_of(address), on_sent, NULL);
	send_two(s); /* nobody is there yet */
	await(1);
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	send_two(s);
	await(2);
	ck_assert_str_eq(why, "");
	ck_assert_int_gt(recv(fd, got, sizeof got, 0), 60);
	ck_assert_ptr_nonnull(strstr(got, " token.use - {\"a\":1}"));
	ck_assert_int_eq(recv(fd, got, sizeof got, 0), 5000);
	syslog_free(s);
	close_loop();
	close(fd);
	unlink(at.sun_path);
	rmdir(dir);
}
END_TEST

/* On 127.0.0.1 alone, though localhost may be ::1 first; two batches by one connection. */
START_TEST(a_receiver_by_tcp)
{
	struct syslog *s;
	struct peer p;
	char address[64];
	size_t at;

	peer_start(&p, peer_hear_all, NULL);
	snprintf(address, sizeof address, "tcp:localhost:%d", p.port);
	uv_loop_init(&loop);
	s = syslog_new(&loop, str_of(address), on_sent, NULL);
	for (int i = 1; i <= 2; i++) {
		send_two(s);
		await(i);
		ck_assert_str_eq(why, "");
	}
	syslog_free(s);
	close_loop();
	pthread_join(p.thread, NULL);
	ck_assert_ptr_nonnull(strstr(p.heard.p, " token.use - {\"a\":1}5000 long long "));
	for (int i = 0; i < 2; i++) {
		int64_t n;
		struct str count, rest = str_cut(buf_str(&p.heard), ' ', &count);

		ck_assert(str_to_int(count, &n) && str_starts(rest, S("<110>1 ")) && rest.n > (size_t)n);
		ck_assert(str_starts(str_n(rest.p + n, rest.n - (size_t)n), S("5000 long ")));
		at = (size_t)(rest.p - p.heard.p) + (size_t)n + 5005;
		memmove(p.heard.p, p.heard.p + at, p.heard.n - at + 1);
		p.heard.n -= at;
	}
	ck_assert_uint_eq(p.heard.n, 0);
	buf_done(&p.heard);
	close(p.listener);
}
END_TEST

static void play_leave(struct peer *p, int fd)
{
	(void)hear_some(fd, &p->heard);
}

/* What the receiver's kernel took is sent; the next batch has a connection of its own. */
START_TEST(a_receiver_that_leaves)
{
	struct syslog *s;
	struct peer p;
	char address[64];

	peer_start(&p, play_leave, NULL);
	snprintf(address, sizeof address, "tcp:127.0.0.1:%d", p.port);
	uv_loop_init(&loop);
	s = syslog_new(&loop, str_of(address), on_sent, NULL);
	send_two(s);
	await(1);
	peer_end(&p); /* and nobody listens any more */
	send_two(s);
	await(2);
	ck_assert_str_ne(why, "");
	syslog_free(s);
	close_loop();
}
END_TEST

START_TEST(nobody_is_there)
{
	struct syslog *s;

	uv_loop_init(&loop);
	s = syslog_new(&loop, S("tcp:127.0.0.1:1"), on_sent, NULL);
	send_two(s);
	await(1);
	ck_assert_str_ne(why, "");
	send_two(s); /* dropped while it is looked up */
	syslog_free(s);
	close_loop();
	ck_assert_int_eq(answers, 1);
	syslog_free(NULL);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"syslog", addresses},
		{"syslog", a_message},
		{"syslog", a_socket_of_this_machine},
		{"syslog", a_receiver_by_tcp},
		{"syslog", a_receiver_that_leaves},
		{"syslog", nobody_is_there},
	};

	return unit_run("net/syslog", tests, COUNT_OF(tests));
}
