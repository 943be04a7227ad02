/* The HTTP server's parser: however the bytes are cut into pieces, the same requests must come out, and what comes out must
 * keep the promises of net/server.h. The first byte says how to cut. */
#include "base/crypt.h"
#include "net/server_internal.h"

#include <stdlib.h>

static const struct server_limits limits = {.head_bytes = 1024, .body_bytes = 4096};

static void need(bool ok)
{
	if (!ok)
		abort();
}

static uint64_t add(uint64_t h, struct str s)
{
	return fnv_byte(fnv_add(h, s), 0);
}

static bool has_char(struct str s, char c)
{
	return s.n && memchr(s.p, c, s.n);
}

static uint64_t check_request(uint64_t h, const struct http_request *r)
{
	need(r->method.n > 0 && r->target.n > 0 && r->path.n > 0);
	need(r->path.p[0] == '/' || str_is(r->path, "*"));
	need(str_is_utf8(r->path) && r->body.n <= limits.body_bytes && r->header_count <= HEADERS_MAX);
	h = add(add(add(add(h, r->method), r->path), r->query), r->body);
	for (size_t i = 0; i < r->header_count; i++) {
		struct str name = r->headers[i].name, value = r->headers[i].value;

		need(name.n > 0 && !has_char(name, ' ') && !has_char(name, ':'));
		need(!has_char(value, '\r') && !has_char(value, '\n') && !has_char(value, '\0'));
		h = add(add(h, name), value);
	}
	return fnv_byte(h, (uint8_t)(r->wants_websocket << 1 | r->keep_alive));
}

/* Feeds it all, `step` bytes at a time; the answer sums up what came out. */
static uint64_t run(struct str all, size_t step)
{
	uint64_t h = FNV_START;
	struct http_in in;

	http_in_init(&in, &limits);
	while (all.n) {
		/* a copy of the piece alone, so that reading past it is seen */
		size_t n = all.n < step ? all.n : step;
		char *piece = memcpy(malloc(n), all.p, n);
		struct str bytes = str_n(piece, n);

		all = str_n(all.p + n, all.n - n);
		while (bytes.n) {
			enum http_step s = http_in_feed(&in, &bytes);

			if (s == HTTP_REFUSED) {
				need(in.refusal.status >= 400 && in.refusal.status < 600);
				free(piece);
				http_in_done(&in);
				return fnv_byte(h, 'R');
			}
			if (s == HTTP_WHOLE) {
				struct http_request *r = http_in_take(&in);

				h = check_request(h, r);
				http_request_free(r);
				http_in_done(&in);
				http_in_init(&in, &limits);
			} else {
				need(bytes.n == 0);
			}
		}
		free(piece);
	}
	http_in_done(&in);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all;

	if (size < 1)
		return 0;
	all = str_n((const char *)data + 1, size - 1);
	need(run(all, SIZE_MAX) == run(all, (size_t)(data[0] & 0x7f) + 1));
	return 0;
}
