/* The handshake of a WebSocket as its client sees it: "URL\n" and the server's answer. A URL that is taken makes a request of whole lines;
 * an answer is taken only if it has the right key, and what is refused has a reason in text. */
#include "base/crypt.h"
#include "net/ws_handshake.h"

#include "fuzz.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 section 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void check_ask(const struct ws_target *t)
{
	static const struct str header = {"X-Test: one", 11};
	char key[WS_KEY_SIZE];
	struct err err = {0};
	struct buf ask;
	size_t end;

	buf_init(&ask, 1 * MIB);
	need(ws_ask_write(&ask, t, &header, 1, key, &err));
	need(str_find(buf_str(&ask), S("\r\n\r\n"), &end) && end + 4 == ask.n);
	need(strlen(key) == WS_KEY_SIZE - 1 && strstr(ask.p, key));
	for (size_t i = 0; i < ask.n; i++)
		need(ask.p[i] == '\r' || ask.p[i] == '\n' || (ask.p[i] >= ' ' && ask.p[i] < 127));
	buf_done(&ask);
}

static void check_url(struct str url)
{
	struct ws_target t;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (ws_url_parse(&a, url, &t, &err)) {
		need(t.host.n && t.authority.n >= t.host.n && t.port > 0 && t.port < 65536 && t.path.n && t.path.p[0] == '/');
		touch(t.host);
		check_ask(&t);
	} else {
		need(err.code == ERR_INVALID && err.text[0]);
	}
	arena_done(&a);
}

static void check_answer(struct str head)
{
	struct err err = {0};
	int status = -1;
	size_t at;

	if (ws_answer_ok(head, KEY, &status, &err)) {
		need(status == 101 && str_find(head, S(ACCEPT), &at));
		return;
	}
	need(err.code && err.text[0] && str_is_utf8(str_of(err.text)));
	need(status == 0 || (status >= 100 && status < 600));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = own_copy(data, size), url, answer = str_cut(all, '\n', &url);
	struct err err = {0};

	need(crypt_start(&err));
	check_url(url);
	check_answer(answer);
	free((char *)all.p);
	return 0;
}
