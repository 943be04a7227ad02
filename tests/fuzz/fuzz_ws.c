/* Frames from a WebSocket client, or from a server (the first byte's highest bit): however they are cut, the same messages and answers must
 * come out; a message is UTF-8 and within its limit. The first byte's low bits say how to cut. */
#include "base/crypt.h"
#include "net/server_internal.h"

#include <stdlib.h>

#define MESSAGE_BYTES 2000

static void need(bool ok)
{
	if (!ok)
		abort();
}

static bool is_text(struct str s)
{
	while (s.n && memchr(s.p, '\0', s.n)) { /* U+0000 is allowed here */
		struct str part;

		s = str_cut(s, '\0', &part);
		if (!str_is_utf8(part))
			return false;
	}
	return str_is_utf8(s);
}

static void on_message(void *owner, struct str text)
{
	uint64_t *h = owner;

	need(text.n <= MESSAGE_BYTES && is_text(text));
	*h = fnv_byte(fnv_add(*h, text), 'M');
}

static void on_put(void *owner, struct str bytes)
{
	uint64_t *h = owner;

	need(bytes.n > 0);
	*h = fnv_add(*h, bytes);
}

/* A client's masks are random: only how much it says is the same. */
static void on_masked_put(void *owner, struct str bytes)
{
	uint64_t *h = owner;

	need(bytes.n > 0);
	*h += bytes.n;
}

static void on_ended(void *owner, int code, struct str reason)
{
	uint64_t *h = owner;

	need(code >= 1000 && code < 5000 && is_text(reason));
	*h = fnv_byte(fnv_add(*h, reason), (uint8_t)code);
}

static uint64_t run(struct str all, bool client, size_t step)
{
	const struct ws_sink sink = {on_message, client ? on_masked_put : on_put, on_ended};
	uint64_t h = FNV_START;
	enum ws_step s = WS_GO_ON;
	struct ws_rx *spare = NULL;
	struct ws_in w = {.client = client};

	while (all.n && s == WS_GO_ON) {
		size_t n = all.n < step ? all.n : step;
		char *piece = memcpy(malloc(n), all.p, n);

		s = ws_in_feed(&w, &spare, MESSAGE_BYTES, &sink, &h, str_n(piece, n));
		free(piece);
		all = str_n(all.p + n, all.n - n);
	}
	need(s == WS_GO_ON || !w.rx);
	ws_in_done(&w);
	ws_rx_free(spare);
	return fnv_byte(h, (uint8_t)s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all;

	if (size < 1)
		return 0;
	all = str_n((const char *)data + 1, size - 1);
	need(run(all, data[0] & 0x80, SIZE_MAX) == run(all, data[0] & 0x80, (size_t)(data[0] & 0x3f) + 1));
	return 0;
}
