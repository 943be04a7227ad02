#include "net/ws_handshake.h"
#include "base/crypt.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* ---- the URL ---- */

static bool take_scheme(struct str *url, bool *tls)
{
	static const struct {
		struct str name;
		bool tls;
	} schemes[] = {{{"ws://", 5}, false}, {{"wss://", 6}, true}, {{"http://", 7}, false}, {{"https://", 8}, true}};

	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (url->n > schemes[i].name.n && str_eq_nocase(str_n(url->p, schemes[i].name.n), schemes[i].name)) {
			*url = str_n(url->p + schemes[i].name.n, url->n - schemes[i].name.n);
			*tls = schemes[i].tls;
			return true;
		}
	return false;
}

/* Printable ASCII alone; a space or a line end would begin something else in the request. */
static bool is_url_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || s.p[i] == '#')
			return false;
	return true;
}

/* "host", "host:port", "[::1]:port" */
static bool split_authority(struct str authority, struct ws_target *out)
{
	struct str rest = authority, port = S("");
	int64_t number = out->tls ? 443 : 80;

	if (memchr(authority.p, '@', authority.n))
		return false;
	if (authority.n && authority.p[0] == '[') {
		rest = str_cut(str_n(authority.p + 1, authority.n - 1), ']', &out->host);
		if (out->host.n + 2 > authority.n || (rest.n && rest.p[0] != ':'))
			return false;
		port = rest.n ? str_n(rest.p + 1, rest.n - 1) : port;
	} else {
		port = str_cut(authority, ':', &out->host);
	}
	if (port.n && !str_to_int(port, &number))
		return false;
	out->authority = authority;
	out->port = (int)number;
	return out->host.n && number > 0 && number < 65536;
}

bool ws_url_parse(struct arena *a, struct str url, struct ws_target *out, struct err *err)
{
	struct str rest = url, at;

	*out = (struct ws_target){0};
	if (!take_scheme(&rest, &out->tls)) {
		err_set(err, ERR_INVALID, "the URL is not ws:// or wss://");
		return false;
	}
	at = rest;
	while (at.n && *at.p != '/' && *at.p != '?')
		at.p++, at.n--;
	out->path = at.n && *at.p == '?' ? arena_printf(a, "/" STR_FMT, STR_ARG(at)) : at.n ? at : S("/");
	if (is_url_text(rest) && split_authority(str_n(rest.p, rest.n - at.n), out))
		return true;
	err_set(err, ERR_INVALID, "the URL of the WebSocket has no host, or what no URL may have");
	return false;
}

/* ---- the request ---- */

bool ws_ask_write(struct buf *to, const struct ws_target *t, const struct str *headers, size_t header_count, char key[WS_KEY_SIZE],
		  struct err *err)
{
	uint8_t nonce[16];

	crypt_random(nonce, sizeof nonce);
	EVP_EncodeBlock((uint8_t *)key, nonce, sizeof nonce);
	buf_printf(to,
		   "GET " STR_FMT " HTTP/1.1\r\nHost: " STR_FMT "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n",
		   STR_ARG(t->path), STR_ARG(t->authority), key);
	for (size_t i = 0; i < header_count; i++) {
		if (memchr(headers[i].p, '\n', headers[i].n) || memchr(headers[i].p, '\r', headers[i].n)) {
			err_set(err, ERR_INVALID, "a header of the request has a line end");
			return false;
		}
		buf_printf(to, STR_FMT "\r\n", STR_ARG(headers[i]));
	}
	if (buf_add(to, S("\r\n")))
		return true;
	err_set(err, ERR_TOO_BIG, "the request for the WebSocket is longer than %zu bytes", to->max);
	return false;
}

/* ---- the answer ---- */

static struct str header_find(struct str head, struct str name)
{
	struct str line, key, value;

	while (head.n) {
		head = str_cut(head, '\n', &line);
		value = str_cut(line, ':', &key);
		if (str_eq_nocase(key, name))
			return str_trim(value);
	}
	return S("");
}

static bool list_has(struct str list, struct str word)
{
	struct str item;

	while (list.n) {
		list = str_cut(list, ',', &item);
		if (str_eq_nocase(str_trim(item), word))
			return true;
	}
	return false;
}

static int take_status(struct str head, struct str *line)
{
	struct str version, status;
	int64_t code = 0;

	str_cut(head, '\n', line);
	*line = str_trim(*line);
	str_cut(str_cut(*line, ' ', &version), ' ', &status);
	return str_is(version, "HTTP/1.1") && status.n == 3 && str_to_int(status, &code) && code >= 100 && code < 600 ? (int)code : 0;
}

/* Where a wish for an extension was not sent, none may come: frames would mean something else. */
static bool is_upgrade(struct str head, const char *key)
{
	char want[WS_ACCEPT_SIZE];

	ws_accept_write(key, want);
	return str_is(header_find(head, S("sec-websocket-accept")), want) && str_eq_nocase(header_find(head, S("upgrade")), S("websocket")) &&
	       list_has(header_find(head, S("connection")), S("upgrade")) && !header_find(head, S("sec-websocket-extensions")).n;
}

/* The server's words may be any bytes; an error is text. */
static struct str shown(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] >= 127)
			return S("it speaks no HTTP/1.1");
	return str_clip(line, 100);
}

bool ws_answer_ok(struct str head, const char *key, int *status, struct err *err)
{
	struct str line;

	*status = take_status(head, &line);
	if (*status != 101) {
		err_set(err, *status >= 300 ? err_of_http_status(*status) : ERR_UNAVAILABLE, "the server does not open a WebSocket: " STR_FMT,
			STR_ARG(shown(line)));
		return false;
	}
	if (is_upgrade(head, key))
		return true;
	err_set(err, ERR_UNAVAILABLE, "the server's answer is not that of a WebSocket");
	return false;
}

/* RFC 6455 section 4.2.2: SHA-1 of the key and this, in base64. */
void ws_accept_write(const char *key, char out[WS_ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[24 + sizeof guid - 1];
	uint8_t hash[SHA_DIGEST_LENGTH];

	memcpy(text, key, 24);
	memcpy(text + 24, guid, sizeof guid - 1);
	SHA1((const uint8_t *)text, sizeof text, hash);
	EVP_EncodeBlock((uint8_t *)out, hash, sizeof hash);
}
