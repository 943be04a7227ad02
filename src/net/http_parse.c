#include "net/form.h"
#include "net/server_internal.h"

#include <pthread.h>

/* ---- requests ---- */

/* A few emptied arenas, so that a request costs no malloc. Requests come back from any thread. */
static pthread_mutex_t spares_lock = PTHREAD_MUTEX_INITIALIZER;
static struct arena spares[64];
static unsigned spare_count;
#if defined(__SANITIZE_ADDRESS__)
static const unsigned spares_max = 0; /* let the sanitizer see what is used too late */
#else
static const unsigned spares_max = COUNT_OF(spares);
#endif

struct http_request *http_request_new(void)
{
	struct http_request *r;
	struct arena a;

	arena_init(&a);
	pthread_mutex_lock(&spares_lock);
	if (spare_count)
		a = spares[--spare_count];
	pthread_mutex_unlock(&spares_lock);
	r = arena_zero(&a, sizeof *r);
	r->arena = a;
	r->body = S("");
	return r;
}

void http_request_free(struct http_request *r)
{
	struct arena a;
	bool kept = false;

	if (!r)
		return;
	a = r->arena; /* the request lies in the first block of its own arena */
	arena_reset(&a);
	pthread_mutex_lock(&spares_lock);
	if (spare_count != spares_max) {
		spares[spare_count++] = a;
		kept = true;
	}
	pthread_mutex_unlock(&spares_lock);
	if (!kept)
		arena_done(&a);
}

struct str http_header_get(const struct http_request *r, const char *name)
{
	struct str want = str_of(name);

	for (size_t i = 0; i < r->header_count; i++)
		if (r->headers[i].name.n == want.n && str_eq_nocase(r->headers[i].name, want))
			return r->headers[i].value;
	return S("");
}

/* ---- refusals ---- */

static enum http_step refuse(struct http_in *in, int status, const char *code, const char *detail)
{
	if (!in->refusal.status)
		in->refusal = (struct http_refusal){status, code, detail};
	return HTTP_REFUSED;
}

static enum http_step refuse_400(struct http_in *in, const char *detail)
{
	return refuse(in, 400, "invalid", detail);
}

/* RFC 9110 section 5.6.2 */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       (c && strchr("!#$%&'*+.^_`|~", c));
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* llhttp says "invalid method" for a word that it does not know as well as for rubbish. */
static bool begins_with_method(struct str head)
{
	size_t n = 0;

	while (n < head.n && n < 32 && is_token_char(head.p[n]))
		n++;
	return n > 0 && n < head.n && head.p[n] == ' ';
}

static enum http_step refuse_parse(struct http_in *in, llhttp_errno_t why, struct str head)
{
	switch (why) {
	case HPE_INVALID_METHOD:
		if (begins_with_method(head))
			return refuse(in, 501, "unsupported", "this server does not know the method");
		return refuse_400(in, "the request does not begin with a method");
	case HPE_INVALID_VERSION:
	case HPE_PAUSED_H2_UPGRADE:
		return refuse(in, 505, "unsupported", "this server speaks HTTP/1.1 and HTTP/1.0");
	case HPE_INVALID_URL:
		return refuse_400(in, "the request target is not a valid path");
	case HPE_INVALID_HEADER_TOKEN:
	case HPE_UNEXPECTED_SPACE:
		return refuse_400(in, "a header field has a character that it may not have");
	case HPE_UNEXPECTED_CONTENT_LENGTH:
		return refuse_400(in,
				  "there is more than one length: two Content-Length, or one with Transfer-Encoding");
	case HPE_INVALID_CONTENT_LENGTH:
		return refuse_400(in, "Content-Length is not a number");
	case HPE_INVALID_TRANSFER_ENCODING:
		return refuse_400(in, "Transfer-Encoding can only be chunked");
	case HPE_INVALID_CHUNK_SIZE:
	case HPE_STRICT:
		return refuse_400(in, "the chunked body is malformed");
	default:
		return refuse_400(in, "the request is not well-formed HTTP/1.1");
	}
}

/* ---- what the head says ---- */

struct head_facts {
	unsigned hosts, transfer_encodings;
	struct str host, transfer_encoding, expect, upgrade, ws_key, ws_version;
	bool connection_upgrade;
};

static struct str trim_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Is the word in a list like "keep-alive, Upgrade"? */
static bool list_has(struct str list, struct str word)
{
	struct str item;

	while (list.n) {
		list = str_cut(list, ',', &item);
		if (str_eq_nocase(trim_blanks(item), word))
			return true;
	}
	return false;
}

static void note_header(struct head_facts *f, const struct http_header *h)
{
	switch (h->name.n) {
	case 4:
		if (str_eq_nocase(h->name, S("host"))) {
			f->hosts++;
			f->host = h->value;
		}
		break;
	case 6:
		if (str_eq_nocase(h->name, S("expect")))
			f->expect = h->value;
		break;
	case 7:
		if (str_eq_nocase(h->name, S("upgrade")))
			f->upgrade = h->value;
		break;
	case 10:
		if (str_eq_nocase(h->name, S("connection")))
			f->connection_upgrade |= list_has(h->value, S("upgrade"));
		break;
	case 17:
		if (str_eq_nocase(h->name, S("transfer-encoding"))) {
			f->transfer_encodings++;
			f->transfer_encoding = h->value;
		} else if (str_eq_nocase(h->name, S("sec-websocket-key"))) {
			f->ws_key = h->value;
		}
		break;
	case 21:
		if (str_eq_nocase(h->name, S("sec-websocket-version")))
			f->ws_version = h->value;
		break;
	}
}

static bool host_is_sound(struct str host)
{
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if (!is_token_char(c) && c != ':' && c != '[' && c != ']' && c != ',' && c != ';' && c != '=' &&
		    c != '(' && c != ')')
			return false;
	}
	return true;
}

/* 16 bytes in base64: 22 characters and "==" (RFC 6455 section 4.1). */
static bool ws_key_is_sound(struct str key)
{
	if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=')
		return false;
	for (size_t i = 0; i < 22; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
		      c == '/'))
			return false;
	}
	return true;
}

/* RFC 9112 section 3.2: origin-form, absolute-form (its authority must be the Host), and "*" for OPTIONS. */
static bool split_target(struct http_in *in, struct str host)
{
	struct http_request *r = in->request;
	struct str path = r->target, authority;

	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f || path.p[i] == '#')
			return refuse_400(in, "the request target has a character that must be escaped"), false;
	if (str_is(path, "*")) {
		if (!str_is(r->method, "OPTIONS"))
			return refuse_400(in, "the target * belongs to OPTIONS"), false;
		r->path = path;
		return true;
	}
	if (path.n && path.p[0] != '/') {
		size_t scheme = path.n > 7 && str_eq_nocase(str_n(path.p, 7), S("http://"))    ? 7
				: path.n > 8 && str_eq_nocase(str_n(path.p, 8), S("https://")) ? 8
											       : 0;
		size_t n = scheme;

		while (n < path.n && path.p[n] != '/' && path.p[n] != '?')
			n++;
		authority = str_n(path.p + scheme, n - scheme);
		if (!scheme || !str_eq_nocase(authority, host))
			return refuse_400(in, "the request target must be a path, or a URL of the Host"), false;
		path = str_n(path.p + n, path.n - n);
	}
	r->query = str_cut(path, '?', &r->path);
	if (!r->path.n)
		r->path = S("/");
	if (memchr(r->path.p, '%', r->path.n) &&
	    (!percent_decode(&r->arena, r->path, false, &r->path) || !str_is_utf8(r->path)))
		return refuse_400(in, "the path has a bad escape"), false;
	return true;
}

static void note_for_log(struct http_in *in)
{
	struct http_request *r = in->request;
	struct str path = str_clip(r->path, sizeof in->path);

	in->path_n = (uint8_t)path.n;
	memcpy(in->path, path.p, path.n);
	if (r->method.n < sizeof in->method)
		memcpy(in->method, r->method.p, r->method.n + 1); /* llhttp's name, which ends in NUL */
}

static bool method_is_taken(struct http_in *in)
{
	switch (in->parser.method) {
	case HTTP_GET:
	case HTTP_HEAD:
	case HTTP_POST:
	case HTTP_PUT:
	case HTTP_PATCH:
	case HTTP_DELETE:
	case HTTP_OPTIONS:
		return true;
	case HTTP_CONNECT:
	case HTTP_TRACE:
		refuse(in, 405, "unsupported", "CONNECT and TRACE are not served");
		return false;
	case HTTP_PRI:
		refuse(in, 505, "unsupported", "this server speaks HTTP/1.1 and HTTP/1.0");
		return false;
	default:
		refuse(in, 501, "unsupported", "this server does not know the method");
		return false;
	}
}

static size_t body_most(const struct http_in *in)
{
	const struct server_limits *l = in->limits;

	return l->large_path && str_starts(in->request->path, str_of(l->large_path)) ? l->large_bytes : l->body_bytes;
}

static bool framing_is_sound(struct http_in *in, const struct head_facts *f)
{
	llhttp_t *p = &in->parser;

	if (f->transfer_encodings && (p->flags & F_CONTENT_LENGTH))
		return refuse_400(in, "a request has Content-Length or Transfer-Encoding, not both"), false;
	if (f->transfer_encodings &&
	    (f->transfer_encodings > 1 || in->is_1_0 || !str_eq_nocase(f->transfer_encoding, S("chunked"))))
		return refuse_400(in, "Transfer-Encoding can only be chunked, once, with HTTP/1.1"), false;
	if ((p->flags & F_CONTENT_LENGTH) && p->content_length > body_most(in))
		return refuse(in, 413, "too_big", "the body is larger than this server takes"), false;
	return true;
}

static bool expectation_is_met(struct http_in *in, const struct head_facts *f)
{
	bool has_body = (in->parser.flags & F_CHUNKED) || in->parser.content_length > 0;

	if (!f->expect.n || in->is_1_0) /* RFC 9110 section 10.1.1: 1.0 is not asked */
		return true;
	if (!str_eq_nocase(f->expect, S("100-continue")))
		return refuse(in, 417, "unsupported", "the only expectation served is 100-continue"), false;
	in->wants_continue = has_body;
	return true;
}

static void note_websocket(struct http_in *in, const struct head_facts *f)
{
	bool has_body = (in->parser.flags & F_CHUNKED) || in->parser.content_length > 0;

	if (!f->upgrade.n || !f->connection_upgrade || in->is_1_0 || has_body || in->parser.method != HTTP_GET ||
	    !list_has(f->upgrade, S("websocket")) || !str_is(f->ws_version, "13") || !ws_key_is_sound(f->ws_key))
		return;
	in->request->wants_websocket = true;
	memcpy(in->ws_key, f->ws_key.p, sizeof in->ws_key);
}

static bool head_is_sound(struct http_in *in)
{
	struct http_request *r = in->request;
	struct head_facts f = {0};
	llhttp_t *p = &in->parser;

	r->method = str_of(llhttp_method_name((llhttp_method_t)p->method));
	if (p->http_major != 1 || p->http_minor > 1)
		return refuse(in, 505, "unsupported", "this server speaks HTTP/1.1 and HTTP/1.0"), false;
	in->is_1_0 = p->http_minor == 0;
	in->is_head = p->method == HTTP_HEAD;
	in->keep_alive = r->keep_alive = llhttp_should_keep_alive(p);
	if (!method_is_taken(in))
		return false;
	for (size_t i = 0; i < r->header_count; i++) {
		if (!is_token(r->headers[i].name))
			return refuse_400(in, "a header field has a name that it may not have"), false;
		r->headers[i].value = trim_blanks(r->headers[i].value);
		note_header(&f, &r->headers[i]);
	}
	if (f.hosts > 1 || (!f.hosts && !in->is_1_0) || !host_is_sound(f.host))
		return refuse_400(in, "a request needs one valid Host header"), false;
	if (!split_target(in, f.host))
		return false;
	note_for_log(in);
	if (!framing_is_sound(in, &f) || !expectation_is_met(in, &f))
		return false;
	note_websocket(in, &f);
	return true;
}

/* ---- llhttp's callbacks ---- */

static int on_url(llhttp_t *p, const char *at, size_t n)
{
	struct http_in *in = p->data;

	in->request->target = str_n(at, n); /* once: the whole head is parsed at once */
	return 0;
}

static int on_field(llhttp_t *p, const char *at, size_t n)
{
	struct http_in *in = p->data;
	struct http_request *r = in->request;

	if (in->in_body) { /* a trailer: RFC 9112 section 7.1.2 lets us throw it away */
		in->extra_bytes += n;
		return 0;
	}
	if (r->header_count >= in->lines)
		return -1;
	r->headers[r->header_count++] = (struct http_header){str_n(at, n), S("")};
	return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
	struct http_in *in = p->data;
	struct http_request *r = in->request;

	if (in->in_body)
		in->extra_bytes += n;
	else if (r->header_count)
		r->headers[r->header_count - 1].value = str_n(at, n);
	return 0;
}

static int on_extension(llhttp_t *p, const char *at, size_t n)
{
	struct http_in *in = p->data;

	(void)at;
	in->extra_bytes += n;
	return 0;
}

static int on_head_whole(llhttp_t *p)
{
	struct http_in *in = p->data;
	struct http_request *r = in->request;

	p->upgrade = 0; /* an upgrade is ours to do; llhttp goes on as with a plain request */
	if (!head_is_sound(in))
		return -1;
	in->in_body = true;
	if ((p->flags & F_CONTENT_LENGTH) && p->content_length) {
		in->body_cap = (size_t)p->content_length;
		r->body.p = arena_alloc(&r->arena, in->body_cap);
	}
	return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
	struct http_in *in = p->data;
	struct http_request *r = in->request;

	if (r->body.n > body_most(in) || n > body_most(in) - r->body.n) { /* a reload may have lowered it */
		refuse(in, 413, "too_big", "the body is larger than this server takes");
		return -1;
	}
	if (r->body.n + n > in->body_cap) { /* chunked */
		size_t cap = in->body_cap ? in->body_cap * 2 : 1024;
		char *grown;

		while (cap < r->body.n + n)
			cap *= 2;
		grown = arena_alloc(&r->arena, cap);
		if (r->body.n)
			memcpy(grown, r->body.p, r->body.n);
		r->body.p = grown;
		in->body_cap = cap;
	}
	memcpy((char *)r->body.p + r->body.n, at, n);
	r->body.n += n;
	return 0;
}

static int on_whole(llhttp_t *p)
{
	struct http_in *in = p->data;

	in->whole = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_chunk_extension_name = on_extension,
	.on_chunk_extension_value = on_extension,
	.on_headers_complete = on_head_whole,
	.on_body = on_body,
	.on_message_complete = on_whole,
};

/* ---- the head's bytes ---- */

/* Finds the end of a head: 0 not there yet, -1 refused. Stricter than llhttp: every line ends in CRLF and none begins
 * with a blank (obs-fold, RFC 9112 section 5.2), for others on the way may understand such a head differently. */
static ptrdiff_t head_end(struct http_in *in, struct str s)
{
	const char *lf;

	while (in->scanned < s.n && (lf = memchr(s.p + in->scanned, '\n', s.n - in->scanned))) {
		size_t at = (size_t)(lf - s.p);

		if (at == 0 || s.p[at - 1] != '\r')
			return refuse_400(in, "a line of the head does not end in CR LF"), -1;
		if (in->lines && (s.p[in->line_at] == ' ' || s.p[in->line_at] == '\t'))
			return refuse_400(in, "a header field is folded over two lines"), -1;
		in->scanned = at + 1;
		if (at - in->line_at == 1)
			return (ptrdiff_t)in->scanned;
		in->line_at = in->scanned;
		if (++in->lines > HEADERS_MAX + 1)
			return refuse(in, 431, "too_big", "the request has too many header fields"), -1;
	}
	in->scanned = s.n;
	return 0;
}

/* One empty line before the request line is skipped (RFC 9112 section 2.2), also when it comes in two pieces. */
static void skip_empty_line(struct http_in *in, struct str *bytes)
{
	static const char line[] = "\r\n";

	while (in->skipped < 2 && bytes->n && bytes->p[0] == line[in->skipped]) {
		in->skipped++;
		bytes->p++;
		bytes->n--;
	}
}

static enum http_step too_long(struct http_in *in)
{
	return refuse(in, 431, "too_big", "the head of the request is longer than this server takes");
}

/* HTTP_WHOLE: *head is the head, in the caller's bytes or in in->head. */
static enum http_step take_head(struct http_in *in, struct str *bytes, struct str *head)
{
	size_t limit = in->limits->head_bytes, took;
	ptrdiff_t end;

	if (!in->head.n) {
		skip_empty_line(in, bytes);
		if (in->skipped == 1 && bytes->n)
			return refuse_400(in, "a line of the head does not end in CR LF");
		if (!bytes->n)
			return HTTP_MORE;
		end = head_end(in, *bytes);
		if (end < 0)
			return HTTP_REFUSED;
		if (end) {
			*head = str_n(bytes->p, (size_t)end);
			bytes->p += end;
			bytes->n -= (size_t)end;
			return head->n > limit ? too_long(in) : HTTP_WHOLE;
		}
	}
	took = bytes->n < limit + 1 - in->head.n ? bytes->n : limit + 1 - in->head.n;
	buf_add(&in->head, str_n(bytes->p, took));
	end = head_end(in, buf_str(&in->head));
	if (end < 0)
		return HTTP_REFUSED;
	if (end ? (size_t)end > limit : in->head.n > limit)
		return too_long(in);
	if (end)
		took -= in->head.n - (size_t)end;
	bytes->p += took;
	bytes->n -= took;
	*head = str_n(in->head.p, (size_t)end);
	return end ? HTTP_WHOLE : HTTP_MORE;
}

static enum http_step parse_head(struct http_in *in, struct str head)
{
	struct http_request *r = in->request = http_request_new();
	struct str copy = {NULL, head.n};
	llhttp_errno_t why;

	copy.p = memcpy(arena_alloc(&r->arena, head.n), head.p, head.n);
	r->headers = arena_alloc(&r->arena, (in->lines + 1) * sizeof *r->headers);
	buf_done(&in->head);
	llhttp_init(&in->parser, HTTP_REQUEST, &settings);
	in->parser.data = in;
	why = llhttp_execute(&in->parser, copy.p, copy.n);
	if (in->refusal.status)
		return HTTP_REFUSED;
	if (in->whole)
		return HTTP_WHOLE;
	if (why != HPE_OK)
		return refuse_parse(in, why, copy);
	if (str_starts(copy, S("PRI * HTTP/2"))) /* llhttp waits for more of HTTP/2's preface */
		return refuse_parse(in, HPE_PAUSED_H2_UPGRADE, copy);
	return in->in_body ? HTTP_MORE : refuse_400(in, "the head of the request is not whole");
}

static enum http_step parse_body(struct http_in *in, struct str *bytes)
{
	llhttp_errno_t why;
	const char *end;

	if (!bytes->n)
		return HTTP_MORE;
	in->wants_continue = false; /* who sends the body does not wait for leave */
	why = llhttp_execute(&in->parser, bytes->p, bytes->n);
	if (in->refusal.status)
		return HTTP_REFUSED;
	if (in->extra_bytes > in->limits->head_bytes)
		return refuse(in, 431, "too_big", "the chunked body carries too much beside the body");
	if (in->whole) {
		end = llhttp_get_error_pos(&in->parser);
		bytes->n -= (size_t)(end - bytes->p);
		bytes->p = end;
		return HTTP_WHOLE;
	}
	if (why != HPE_OK)
		return refuse_parse(in, why, S(""));
	*bytes = S("");
	return HTTP_MORE;
}

void http_in_init(struct http_in *in, const struct server_limits *limits)
{
	memset(in, 0, sizeof *in);
	in->limits = limits;
	buf_init(&in->head, limits->head_bytes + 2);
}

void http_in_done(struct http_in *in)
{
	buf_done(&in->head);
	http_request_free(in->request);
	in->request = NULL;
}

enum http_step http_in_feed(struct http_in *in, struct str *bytes)
{
	struct str head = S("");
	enum http_step step;

	if (!in->in_body) {
		step = take_head(in, bytes, &head);
		if (step == HTTP_WHOLE)
			step = parse_head(in, head);
		if (step != HTTP_MORE || !in->in_body)
			return step;
	}
	return parse_body(in, bytes);
}

struct http_request *http_in_take(struct http_in *in)
{
	struct http_request *r = in->request;

	in->request = NULL;
	return r;
}

const char *http_reason(int status)
{
	switch (status) {
#define REASON(number, text)                                                                                           \
	case number:                                                                                                   \
		return text;
		REASON(101, "Switching Protocols")
		REASON(200, "OK")
		REASON(201, "Created")
		REASON(202, "Accepted")
		REASON(204, "No Content")
		REASON(206, "Partial Content")
		REASON(301, "Moved Permanently")
		REASON(302, "Found")
		REASON(303, "See Other")
		REASON(304, "Not Modified")
		REASON(307, "Temporary Redirect")
		REASON(308, "Permanent Redirect")
		REASON(400, "Bad Request")
		REASON(401, "Unauthorized")
		REASON(403, "Forbidden")
		REASON(404, "Not Found")
		REASON(405, "Method Not Allowed")
		REASON(406, "Not Acceptable")
		REASON(408, "Request Timeout")
		REASON(409, "Conflict")
		REASON(410, "Gone")
		REASON(412, "Precondition Failed")
		REASON(413, "Content Too Large")
		REASON(415, "Unsupported Media Type")
		REASON(416, "Range Not Satisfiable")
		REASON(417, "Expectation Failed")
		REASON(422, "Unprocessable Content")
		REASON(426, "Upgrade Required")
		REASON(429, "Too Many Requests")
		REASON(431, "Request Header Fields Too Large")
		REASON(500, "Internal Server Error")
		REASON(501, "Not Implemented")
		REASON(502, "Bad Gateway")
		REASON(503, "Service Unavailable")
		REASON(504, "Gateway Timeout")
		REASON(505, "HTTP Version Not Supported")
		REASON(507, "Insufficient Storage")
#undef REASON
	default:
		return "Status";
	}
}
