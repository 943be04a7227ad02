#include "base/json.h"

#include "base/crypt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes that end a run of plain text inside a string. */
static const uint8_t stops[256] = {[0 ... 31] = 1, ['"'] = 1, ['\\'] = 1, [128 ... 255] = 1};

/* Up to this many keys of an object are looked through one by one; from then on they have an index. Without it an input of
 * 4 MiB keeps a thread busy for two seconds. */
#define KEYS_WITHOUT_INDEX 32

/* An array or object that has not ended yet. */
struct group {
	struct json *node;
	struct json **tail;  /* where the next member is hung */
	struct json **index; /* of its keys, open addressing; NULL while there are few */
	uint32_t slots;      /* a power of two, at least twice the keys */
};

struct reader {
	struct arena *arena;
	const uint8_t *start, *at, *end;
	enum json_flags flags;
	enum err_code code;
	const char *wrong; /* what is wrong at `at`; NULL while all is well */
	uint32_t seed;     /* of the keys' hashes: whoever sends must not be able to choose colliding keys */
	unsigned depth;
	struct group open[JSON_MAX_DEPTH];
};

static bool fail(struct reader *r, const uint8_t *at, const char *wrong)
{
	r->at = at;
	r->wrong = wrong;
	r->code = ERR_INVALID;
	return false;
}

static bool fail_big(struct reader *r, const uint8_t *at, const char *wrong)
{
	fail(r, at, wrong);
	r->code = ERR_TOO_BIG;
	return false;
}

static void skip_space(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
}

/* Length of the UTF-8 sequence at p, 0 if it is malformed (RFC 3629 section 4). */
static size_t utf8_sequence(const uint8_t *p, const uint8_t *end)
{
	size_t left = (size_t)(end - p);
	uint8_t c = *p;

	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return left > 1 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (left < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (c < 0xf0)
		return (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ? 0 : 3;
	if (left < 4 || (p[3] & 0xc0) != 0x80)
		return 0;
	return (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

static size_t utf8_put(char *to, unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 63));
		to[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 63));
	to[2] = (char)(0x80 | (c >> 6 & 63));
	to[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Four hex digits at p; -1 if they are not. */
static int hex4(const uint8_t *p, const uint8_t *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i], low = c | 32;

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (low - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* At the `u` of an escape: decodes it, with its second half if it is a surrogate. */
static bool read_unicode(struct reader *r, char **to)
{
	const uint8_t *p = r->at + 1;
	int high = hex4(p, r->end), low;

	if (high < 0)
		return fail(r, r->at, "bad \\u escape");
	if (high == 0)
		return fail(r, r->at, "U+0000 in a text");
	p += 4;
	if (high < 0xd800 || high > 0xdfff) {
		*to += utf8_put(*to, (unsigned)high);
		r->at = p;
		return true;
	}
	if (high > 0xdbff || r->end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return fail(r, r->at, "half a surrogate pair");
	low = hex4(p + 2, r->end);
	if (low < 0xdc00 || low > 0xdfff)
		return fail(r, r->at, "half a surrogate pair");
	*to += utf8_put(*to, 0x10000u + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00));
	r->at = p + 6;
	return true;
}

/* Behind a backslash. */
static bool read_escape(struct reader *r, char **to)
{
	static const char plain[256] = {['n'] = '\n', ['t'] = '\t', ['r'] = '\r',  ['b'] = '\b',
					['f'] = '\f', ['"'] = '"',  ['\\'] = '\\', ['/'] = '/'};

	if (r->at >= r->end)
		return fail(r, r->at, "text without an end");
	if (*r->at == 'u')
		return read_unicode(r, to);
	if (!plain[*r->at])
		return fail(r, r->at, "unknown escape");
	*(*to)++ = plain[*r->at++];
	return true;
}

/* The rest of a string from its first escape on: decoded into the arena. `from` is just behind the opening quote. */
static bool read_decoded(struct reader *r, const uint8_t *from, struct str *out)
{
	const uint8_t *quote = r->at;
	char *start, *to;

	while (quote < r->end && *quote != '"')
		quote += *quote == '\\' ? 2 : 1;
	if (quote >= r->end)
		return fail(r, r->end, "text without an end");
	start = to = arena_alloc(r->arena, (size_t)(quote - from) + 1);
	memcpy(to, from, (size_t)(r->at - from));
	to += r->at - from;
	while (*r->at != '"') {
		if (*r->at == '\\') {
			r->at++;
			if (!read_escape(r, &to))
				return false;
		} else if (*r->at < 32) {
			return fail(r, r->at, "control character in a text");
		} else if (*r->at >= 128) {
			size_t n = utf8_sequence(r->at, r->end);

			if (!n)
				return fail(r, r->at, "bytes that are not UTF-8");
			memcpy(to, r->at, n);
			to += n;
			r->at += n;
		} else {
			*to++ = (char)*r->at++;
		}
	}
	*to = '\0';
	r->at++;
	*out = (struct str){start, (size_t)(to - start)};
	return true;
}

/* At the opening quote. */
static bool read_string(struct reader *r, struct str *out)
{
	const uint8_t *from = ++r->at, *p = from;

	for (;;) {
		while (p < r->end && !stops[*p])
			p++;
		if (p >= r->end)
			return fail(r, r->end, "text without an end");
		if (*p == '"') {
			*out = (struct str){(const char *)from, (size_t)(p - from)};
			r->at = p + 1;
			return true;
		}
		if (*p < 32)
			return fail(r, p, "control character in a text");
		if (*p == '\\') {
			r->at = p;
			return read_decoded(r, from, out);
		}
		size_t n = utf8_sequence(p, r->end);
		if (!n)
			return fail(r, p, "bytes that are not UTF-8");
		p += n;
	}
}

static const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static bool read_real(struct reader *r, struct json *v, const uint8_t *from)
{
	char copy[128];
	size_t n = (size_t)(r->at - from);

	if (n >= sizeof copy)
		return fail(r, from, "number too long");
	memcpy(copy, from, n);
	copy[n] = '\0';
	errno = 0;
	v->type = JSON_REAL;
	v->d = strtod(copy, NULL);
	if (errno == ERANGE && fabs(v->d) > 1)
		return fail(r, from, "number out of range");
	return true;
}

static bool read_number(struct reader *r, struct json *v)
{
	const uint8_t *from = r->at, *p = from, *digits;
	bool negative = *p == '-', real = false;

	p += negative;
	digits = p;
	p = skip_digits(p, r->end);
	if (p == digits)
		return fail(r, from, "not a value");
	if (*digits == '0' && p - digits > 1)
		return fail(r, from, "number with a leading zero");
	if (p < r->end && *p == '.') {
		const uint8_t *fraction = ++p;

		real = true;
		p = skip_digits(p, r->end);
		if (p == fraction)
			return fail(r, from, "number without digits behind the point");
	}
	if (p < r->end && (*p | 32) == 'e') {
		const uint8_t *exponent;

		real = true;
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		exponent = p;
		p = skip_digits(p, r->end);
		if (p == exponent)
			return fail(r, from, "number without an exponent");
	}
	r->at = p;
	if (real)
		return read_real(r, v, from);
	v->type = JSON_INT;
	if (!str_to_int((struct str){(const char *)from, (size_t)(p - from)}, &v->i))
		return fail(r, from, "whole number out of range");
	return true;
}

static bool read_word(struct reader *r, struct json *v, const char *word, enum json_type type)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return fail(r, r->at, "not a value");
	r->at += n;
	v->type = type;
	return true;
}

static bool read_scalar(struct reader *r, struct json *v)
{
	switch (*r->at) {
	case '"':
		v->type = JSON_STR;
		return read_string(r, &v->text);
	case 't':
		return read_word(r, v, "true", JSON_TRUE);
	case 'f':
		return read_word(r, v, "false", JSON_FALSE);
	case 'n':
		return read_word(r, v, "null", JSON_NULL);
	default:
		return read_number(r, v);
	}
}

/* The slot of a key in the index: its member, or the free slot where it belongs. */
static struct json **index_slot(const struct group *g, struct str key, uint32_t hash)
{
	uint32_t i = hash & (g->slots - 1);

	while (g->index[i] && (g->index[i]->key_hash != hash || !str_eq(g->index[i]->key, key)))
		i = (i + 1) & (g->slots - 1);
	return &g->index[i];
}

/* Makes the index, or makes it larger, when the next key asks for it. */
static void index_grow(struct reader *r, struct group *g)
{
	if (g->node->count < KEYS_WITHOUT_INDEX || g->node->count * 2 < g->slots)
		return;
	g->slots = g->slots ? g->slots * 2 : KEYS_WITHOUT_INDEX * 4;
	g->index = arena_zero(r->arena, g->slots * sizeof *g->index);
	for (struct json *v = g->node->child; v; v = v->next)
		*index_slot(g, v->key, v->key_hash) = v;
}

/* The member of the innermost object that has this key; NULL: none. */
static struct json *find_key(struct reader *r, struct str key, uint32_t hash)
{
	struct group *g = &r->open[r->depth - 1];

	if (g->index)
		return *index_slot(g, key, hash);
	for (struct json *v = g->node->child; v; v = v->next)
		if (v->key_hash == hash && str_eq(v->key, key))
			return v;
	return NULL;
}

/* At a key: reads it and its colon. *again: the member that has the same key, whose value the next one replaces. */
static bool read_key(struct reader *r, struct str *key, uint32_t *hash, struct json **again)
{
	const uint8_t *at;

	skip_space(r);
	at = r->at;
	if (r->at >= r->end || *r->at != '"')
		return fail(r, at, "expected a key");
	if (!read_string(r, key))
		return false;
	*hash = r->seed;
	for (size_t i = 0; i < key->n; i++)
		*hash = (*hash ^ (uint8_t)key->p[i]) * 16777619u;
	*hash ^= *hash >> 15;
	*again = find_key(r, *key, *hash);
	if (*again && !(r->flags & JSON_LAST_KEY_WINS))
		return fail(r, at, "the same key twice");
	if (!*again && r->open[r->depth - 1].node->count >= JSON_MAX_KEYS)
		return fail_big(r, at, "too many keys in one object");
	skip_space(r);
	if (r->at >= r->end || *r->at != ':')
		return fail(r, r->at, "expected ':'");
	r->at++;
	return true;
}

static struct json *hang(struct reader *r, struct str key, uint32_t key_hash)
{
	struct json *v = arena_zero(r->arena, sizeof *v);
	struct group *g = r->depth ? &r->open[r->depth - 1] : NULL;

	v->key = key;
	v->key_hash = key_hash;
	if (!g)
		return v;
	if (g->node->type == JSON_OBJECT) {
		index_grow(r, g);
		if (g->index)
			*index_slot(g, key, key_hash) = v;
	}
	*g->tail = v;
	g->tail = &v->next;
	g->node->count++;
	return v;
}

/* The node for the value that comes next, behind its key if it has one. */
static struct json *next_node(struct reader *r)
{
	struct str key = {"", 0};
	struct json *again = NULL;
	uint32_t hash = 0;

	if (r->depth && r->open[r->depth - 1].node->type == JSON_OBJECT && !read_key(r, &key, &hash, &again))
		return NULL;
	if (!again)
		return hang(r, key, hash);
	*again = (struct json){.key = again->key, .key_hash = hash, .next = again->next};
	return again;
}

/* Behind a value: closes what ends here. true with *more: another member follows. */
static bool close_all(struct reader *r, bool *more)
{
	*more = false;
	while (r->depth) {
		struct json *in = r->open[r->depth - 1].node;

		skip_space(r);
		if (r->at >= r->end)
			return fail(r, r->at, "the end is missing");
		if (*r->at == ',') {
			r->at++;
			*more = true;
			return true;
		}
		if (*r->at != (in->type == JSON_OBJECT ? '}' : ']'))
			return fail(r, r->at, "expected ',' or an end");
		in->text.n = (size_t)((const char *)++r->at - in->text.p);
		r->depth--;
	}
	return true;
}

/* Opens an array or object at r->at. *empty: it closed at once. */
static bool open_group(struct reader *r, struct json *v, bool *empty)
{
	if (r->depth == JSON_MAX_DEPTH)
		return fail_big(r, r->at, "nested too deep");
	v->type = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
	v->text.p = (const char *)r->at++;
	r->open[r->depth++] = (struct group){.node = v, .tail = &v->child};
	skip_space(r);
	*empty = r->at < r->end && *r->at == (v->type == JSON_OBJECT ? '}' : ']');
	return true;
}

static bool read_value(struct reader *r, struct json *v, bool *group)
{
	const uint8_t *from;
	bool empty;

	skip_space(r);
	from = r->at;
	*group = false;
	if (r->at >= r->end)
		return fail(r, r->at, "the end is missing");
	if (*r->at == '{' || *r->at == '[') {
		if (!open_group(r, v, &empty))
			return false;
		*group = !empty; /* an empty one is closed by close_all() */
		return true;
	}
	if (!read_scalar(r, v))
		return false;
	if (v->type != JSON_STR)
		v->text = (struct str){(const char *)from, (size_t)(r->at - from)};
	return true;
}

static struct json *read_document(struct reader *r)
{
	struct json *root = NULL;
	bool more = true, group;

	while (more) {
		struct json *v = next_node(r);

		if (!v || !read_value(r, v, &group))
			return NULL;
		root = root ? root : v;
		if (!group && !close_all(r, &more))
			return NULL;
	}
	skip_space(r);
	if (r->at < r->end) {
		fail(r, r->at, "text behind the value");
		return NULL;
	}
	return root;
}

struct json *json_parse(struct arena *a, struct str source, enum json_flags flags, struct err *err)
{
	struct reader r;
	struct json *root;
	size_t line = 1, column = 1;

	memset(&r, 0, offsetof(struct reader, open)); /* open[] is filled as it is used */
	r.arena = a;
	r.flags = flags;
	r.seed = (uint32_t)hash_mix((uintptr_t)a ^ (uintptr_t)stops); /* unknown outside: address space layout randomisation */
	r.start = r.at = (const uint8_t *)source.p;
	r.end = r.start + source.n;
	root = read_document(&r);
	if (root)
		return root;
	for (const uint8_t *p = r.start; p < r.at && p < r.end; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	err_set(err, r.code, "JSON, line %zu, column %zu: %s", line, column, r.wrong);
	return NULL;
}

/* ---- mending ---- */

struct mending {
	const uint8_t *p, *end;
	char *to;
	size_t n;
};

static void mend_put(struct mending *m, const void *bytes, size_t n)
{
	memcpy(m->to + m->n, bytes, n);
	m->n += n;
	m->p += n;
}

static void mend_replace(struct mending *m, size_t skip)
{
	memcpy(m->to + m->n, "\xef\xbf\xbd", 3);
	m->n += 3;
	m->p += skip;
}

/* At a backslash. */
static void mend_escape(struct mending *m)
{
	int unit = m->end - m->p >= 6 && m->p[1] == 'u' ? hex4(m->p + 2, m->end) : -1, low;

	if (unit < 0 || (unit > 0 && (unit < 0xd800 || unit > 0xdfff))) {
		mend_put(m, m->p, unit < 0 ? (m->end - m->p > 1 && m->p[1] < 0x80 ? 2 : 1) : 6);
		return;
	}
	low = m->end - m->p >= 12 && m->p[6] == '\\' && m->p[7] == 'u' ? hex4(m->p + 8, m->end) : -1;
	if (unit == 0)
		m->p += 6;
	else if (unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff)
		mend_put(m, m->p, 12);
	else
		mend_replace(m, 6);
}

struct str json_mend(struct arena *a, struct str source)
{
	struct mending m = {(const uint8_t *)source.p, (const uint8_t *)source.p + source.n, NULL, 0};
	size_t escape;

	if (str_is_utf8(source) && !str_find(source, S("\\u0000"), &escape) && !str_find(source, S("\\ud"), &escape) &&
	    !str_find(source, S("\\uD"), &escape))
		return source;
	m.to = arena_alloc(a, source.n * 3 + 1); /* one bad byte becomes three */
	while (m.p < m.end) {
		size_t n = *m.p < 0x80 ? 1 : utf8_sequence(m.p, m.end);

		if (*m.p == '\\')
			mend_escape(&m);
		else if (*m.p == '\0')
			m.p++;
		else if (n)
			mend_put(&m, m.p, n);
		else
			mend_replace(&m, 1);
	}
	m.to[m.n] = '\0';
	return str_n(m.to, m.n);
}

/* ---- looking into the tree ---- */

struct json *json_get(const struct json *object, const char *key)
{
	size_t n = strlen(key);

	if (!json_is(object, JSON_OBJECT))
		return NULL;
	for (struct json *v = object->child; v; v = v->next)
		if (v->key.n == n && memcmp(v->key.p, key, n) == 0)
			return v;
	return NULL;
}

struct str json_str(const struct json *v)
{
	return json_is(v, JSON_STR) ? v->text : S("");
}

struct str json_get_str(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise)
{
	const struct json *v = json_get(object, key);
	int64_t i;

	if (json_is(v, JSON_INT))
		return v->i;
	if (json_is(v, JSON_REAL) && fabs(v->d) < 9e15)
		return (int64_t)v->d;
	return json_is(v, JSON_STR) && str_to_int(v->text, &i) ? i : otherwise;
}

bool json_get_bool(const struct json *object, const char *key, bool otherwise)
{
	const struct json *v = json_get(object, key);

	if (!v)
		return otherwise;
	if (v->type == JSON_TRUE || v->type == JSON_FALSE)
		return v->type == JSON_TRUE;
	if (v->type == JSON_INT || v->type == JSON_STR) {
		if (str_is(v->text, "1") || str_is(v->text, "true"))
			return true;
		if (str_is(v->text, "0") || str_is(v->text, "false"))
			return false;
	}
	return otherwise;
}

static void comma(struct json_out *o)
{
	if (o->comma)
		buf_char(o->to, ',');
	o->comma = true;
}

void json_open(struct json_out *o, char bracket)
{
	comma(o);
	buf_char(o->to, bracket);
	o->comma = false;
}

void json_close(struct json_out *o, char bracket)
{
	buf_char(o->to, bracket);
	o->comma = true;
}

static void put_escaped(struct buf *b, struct str s)
{
	const uint8_t *p = (const uint8_t *)(s.n ? s.p : ""), *end = p + s.n, *from = p;

	buf_char(b, '"');
	while (p < end) {
		size_t n = stops[*p] ? (*p >= 128 ? utf8_sequence(p, end) : 0) : 1;

		if (n) {
			p += n;
			continue;
		}
		buf_add(b, str_n((const char *)from, (size_t)(p - from)));
		if (*p == '"' || *p == '\\')
			buf_add(b, str_n((const char[]){'\\', (char)*p}, 2));
		else if (*p == '\n')
			buf_add(b, S("\\n"));
		else if (*p >= 128 || !*p)
			buf_add(b, S("\xef\xbf\xbd"));
		else
			buf_printf(b, "\\u%04x", *p);
		from = ++p;
	}
	buf_add(b, str_n((const char *)from, (size_t)(p - from)));
	buf_char(b, '"');
}

void json_key_str(struct json_out *o, struct str key)
{
	comma(o);
	put_escaped(o->to, key);
	buf_char(o->to, ':');
	o->comma = false;
}

void json_key(struct json_out *o, const char *key)
{
	comma(o);
	buf_char(o->to, '"');
	buf_add(o->to, str_of(key));
	buf_add(o->to, S("\":"));
	o->comma = false;
}

void json_put_str(struct json_out *o, struct str s)
{
	comma(o);
	put_escaped(o->to, s);
}

void json_put_int(struct json_out *o, int64_t v)
{
	char digits[24], *p = digits + sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	comma(o);
	buf_add(o->to, str_n(p, (size_t)(digits + sizeof digits - p)));
}

void json_put_real(struct json_out *o, double v)
{
	char text[32];

	if (!isfinite(v)) { /* JSON has no word for it */
		json_put_null(o);
		return;
	}
	snprintf(text, sizeof text, "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof text, "%.17g", v);
	comma(o);
	buf_add(o->to, str_of(text));
	if (!strpbrk(text, ".e"))
		buf_add(o->to, S(".0"));
}

void json_put_bool(struct json_out *o, bool v)
{
	json_put_raw(o, v ? S("true") : S("false"));
}

void json_put_null(struct json_out *o)
{
	json_put_raw(o, S("null"));
}

void json_put_raw(struct json_out *o, struct str json)
{
	comma(o);
	buf_add(o->to, json);
}

static void put_scalar(struct json_out *o, const struct json *v)
{
	if (v->type == JSON_STR)
		json_put_str(o, v->text);
	else
		json_put_raw(o, v->text);
}

void json_put(struct json_out *o, const struct json *v)
{
	if (v->type < JSON_ARRAY) {
		put_scalar(o, v);
		return;
	}
	/* Recursion is bounded: no tree is deeper than JSON_MAX_DEPTH. */
	json_open(o, v->type == JSON_ARRAY ? '[' : '{');
	for (const struct json *c = v->child; c; c = c->next) {
		if (v->type == JSON_OBJECT)
			json_key_str(o, c->key);
		json_put(o, c);
	}
	json_close(o, v->type == JSON_ARRAY ? ']' : '}');
}

void json_add_str(struct json_out *o, const char *key, struct str v)
{
	json_key(o, key);
	json_put_str(o, v);
}

void json_add_int(struct json_out *o, const char *key, int64_t v)
{
	json_key(o, key);
	json_put_int(o, v);
}

void json_add_bool(struct json_out *o, const char *key, bool v)
{
	json_key(o, key);
	json_put_bool(o, v);
}

void json_add_raw(struct json_out *o, const char *key, struct str json)
{
	json_key(o, key);
	json_put_raw(o, json);
}

void json_add_wall(struct json_out *o, const char *key, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	json_add_str(o, key, wall_write(text, at));
}
