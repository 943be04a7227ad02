#include "base/mask.h"

#include "base/json.h"

#include <pthread.h>

#define MASK S("***")
#define NAME_MOST 40
#define USERINFO_MOST 256

/* ---- what is known: a trie with fail links (Aho and Corasick, 1975) ---- */

struct node {
	uint32_t child, sibling, fail;
	uint32_t found; /* length of the longest secret that ends here */
	uint8_t byte;
};

static struct {
	pthread_rwlock_t lock;
	struct node *nodes; /* [0] is the root */
	uint32_t count;
	bool linked; /* the fail links are right */
} known = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static uint32_t child_of(uint32_t at, uint8_t byte)
{
	uint32_t c = known.nodes[at].child;

	while (c && known.nodes[c].byte != byte)
		c = known.nodes[c].sibling;
	return c;
}

static void insert(struct str s)
{
	uint32_t at = 0, before = known.count;

	for (size_t i = 0; i < s.n; i++) {
		uint32_t next = child_of(at, (uint8_t)s.p[i]);

		if (!next) {
			next = known.count++;
			known.nodes[next] = (struct node){.sibling = known.nodes[at].child, .byte = (uint8_t)s.p[i]};
			known.nodes[at].child = next;
		}
		at = next;
	}
	if (known.count != before || known.nodes[at].found != s.n) /* else it was there */
		known.linked = false;
	known.nodes[at].found = (uint32_t)s.n;
}

bool mask_add(struct str secret)
{
	bool ok;

	if (secret.n < MASK_LEAST)
		return false;
	pthread_rwlock_wrlock(&known.lock);
	ok = known.count + secret.n < MASK_MOST_BYTES;
	if (ok) {
		known.nodes = mem_grow(known.nodes, (known.count + 1 + secret.n) * sizeof *known.nodes);
		if (!known.count)
			known.nodes[known.count++] = (struct node){0};
		insert(secret);
	}
	pthread_rwlock_unlock(&known.lock);
	return ok;
}

static uint32_t step(uint32_t at, uint8_t byte)
{
	uint32_t next;

	while (!(next = child_of(at, byte)) && at)
		at = known.nodes[at].fail;
	return next;
}

/* By levels, so that the shorter ones are right already. */
static void link_nodes(void)
{
	uint32_t *queue = mem_new(known.count * sizeof *queue);
	size_t head = 0, tail = 1; /* queue[0] is the root */

	for (; head < tail; head++) {
		uint32_t at = queue[head];

		for (uint32_t c = known.nodes[at].child; c; c = known.nodes[c].sibling) {
			struct node *n = &known.nodes[c];

			n->fail = at ? step(known.nodes[at].fail, n->byte) : 0;
			if (known.nodes[n->fail].found > n->found)
				n->found = known.nodes[n->fail].found;
			queue[tail++] = c;
		}
	}
	mem_free(queue);
	known.linked = true;
}

/* ---- marks: which bytes are secret ---- */

struct marks {
	struct arena *arena;
	struct str text;
	char *secret; /* one byte for each of the text; NULL: nothing is */
};

static void mark(struct marks *m, size_t from, size_t to)
{
	if (to <= from)
		return;
	if (!m->secret)
		m->secret = arena_zero(m->arena, m->text.n);
	memset(m->secret + from, 1, to - from);
}

static void mark_known(struct marks *m)
{
	uint32_t at = 0;
	size_t marked = 0; /* up to here it is done: secrets that overlap cost no more */

	pthread_rwlock_rdlock(&known.lock);
	if (known.count && !known.linked) {
		pthread_rwlock_unlock(&known.lock);
		pthread_rwlock_wrlock(&known.lock);
		if (!known.linked)
			link_nodes();
		pthread_rwlock_unlock(&known.lock);
		pthread_rwlock_rdlock(&known.lock);
	}
	for (size_t i = 0; known.count && i < m->text.n; i++) {
		size_t from;

		at = step(at, (uint8_t)m->text.p[i]);
		if (!known.nodes[at].found)
			continue;
		from = i + 1 - known.nodes[at].found;
		mark(m, from > marked ? from : marked, i + 1);
		marked = i + 1;
	}
	pthread_rwlock_unlock(&known.lock);
}

/* ---- what looks like a secret ---- */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_token(char c)
{
	return is_alnum(c) || (c && strchr("-._~+/=", c));
}

static struct str rest_of(const struct marks *m, size_t at)
{
	return str_n(m->text.p + at, m->text.n - at);
}

static bool starts_nocase(struct str s, struct str with)
{
	return s.n >= with.n && str_eq_nocase(str_n(s.p, with.n), with);
}

static size_t token_end(const struct marks *m, size_t at)
{
	while (at < m->text.n && is_token(m->text.p[at]))
		at++;
	return at;
}

static bool ends_with_any(struct str name, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(words[i]);

		if (name.n >= n && str_eq_nocase(str_n(name.p + name.n - n, n), str_of(words[i])))
			return true;
	}
	return false;
}

bool mask_name(struct str name)
{
	static const char *const words[] = {"password",   "passwd",     "passphrase",  "pwd",        "secret",      "token",      "apikey",     "api_key",       "api-key",
					    "access_key", "access-key", "private_key", "private-key", "secret_key", "secret-key", "credential", "credentials", "authorization", "cookie"};

	return ends_with_any(name, words, COUNT_OF(words)) && !str_is(name, "PWD") && !str_is(name, "OLDPWD");
}

bool mask_name_broad(struct str name)
{
	static const char *const words[] = {"auth", "token", "secret", "sign", "password", "cookie", "key", "hmac", "credential"};

	for (size_t at = 0; at < name.n; at++)
		for (size_t i = 0; i < COUNT_OF(words); i++)
			if (starts_nocase(str_n(name.p + at, name.n - at), str_of(words[i])))
				return true;
	return false;
}

/* The name that ends before `end`, a closing quote aside. */
static struct str name_before(const struct marks *m, size_t end)
{
	size_t from;

	if (end && (m->text.p[end - 1] == '"' || m->text.p[end - 1] == '\''))
		end--;
	from = end;
	while (from && end - from < NAME_MOST && (is_alnum(m->text.p[from - 1]) || strchr("_-.", m->text.p[from - 1])) && m->text.p[from - 1])
		from--;
	return str_n(m->text.p + from, end - from);
}

/* From `at` on: in quotes, or a word. */
static size_t mark_value(struct marks *m, size_t at, bool line)
{
	char quote = at < m->text.n && (m->text.p[at] == '"' || m->text.p[at] == '\'') ? m->text.p[at] : '\0';
	size_t end = quote ? ++at : at;

	for (; end < m->text.n; end++) {
		char c = m->text.p[end];

		if (quote && c == '\\' && end + 1 < m->text.n)
			end++;
		else if (quote ? c == quote : line ? c == '\n' || c == '\r' || c == '"' || c == '\'' : is_blank(c) || (c && strchr("\"',;&)}]|<>", c)))
			break;
	}
	mark(m, at, end);
	return end;
}

/* name=value, name: value, "name":"value" */
static size_t at_assignment(struct marks *m, size_t at)
{
	struct str name = name_before(m, at);
	size_t value = at + 1;
	bool line = starts_nocase(name, S("authorization")) || starts_nocase(name, S("cookie"));

	if (!mask_name(name) || value >= m->text.n)
		return value;
	if (m->text.p[at] == ':') {
		if (!is_blank(m->text.p[value]) && m->text.p[value] != '"') /* plugin:word */
			return value;
		while (value < m->text.n && (m->text.p[value] == ' ' || m->text.p[value] == '\t'))
			value++;
	} else if (m->text.p[value] == '=') {
		return value + 1;
	}
	return mark_value(m, value, line);
}

/* --name value */
static size_t at_blank(struct marks *m, size_t at)
{
	struct str name = name_before(m, at);
	size_t value = at + 1;

	if (!str_starts(name, S("--")) || !mask_name(name))
		return value;
	while (value < m->text.n && (m->text.p[value] == ' ' || m->text.p[value] == '\t'))
		value++;
	return value < m->text.n && m->text.p[value] != '-' ? mark_value(m, value, false) : value;
}

/* scheme://user:password@host; without a colon all of it may be a token */
static size_t at_scheme(struct marks *m, size_t at)
{
	size_t from = at + 3, secret = from, end = from;

	while (end < m->text.n && end - from < USERINFO_MOST && !is_blank(m->text.p[end]) && !strchr("/?#@\"'<>\\", m->text.p[end])) {
		if (m->text.p[end] == ':' && secret == from)
			secret = end + 1;
		end++;
	}
	if (end < m->text.n && m->text.p[end] == '@')
		mark(m, secret, end);
	return end;
}

static size_t at_private_key(struct marks *m, size_t at)
{
	struct str rest = rest_of(m, at);
	size_t from, end;

	if (!str_find(str_clip(rest, 80), S("PRIVATE KEY-----"), &from))
		return at + 5;
	from += at + 16;
	if (!str_find(rest_of(m, from), S("-----END "), &end))
		end = m->text.n - from;
	mark(m, from, from + end);
	return from + end;
}

/* A secret that begins here has a beginning of its own. Answers where to go on. */
static size_t at_word(struct marks *m, size_t at)
{
	struct str rest = rest_of(m, at);
	size_t end;

	if (rest.n > 10 && str_starts(rest, S("xox")) && rest.p[3] && strchr("abceprs", rest.p[3]) && rest.p[4] == '-') {
		end = token_end(m, at);
		mark(m, at, end - at >= 10 ? end : at);
		return end;
	}
	if (str_starts(rest, S("xapp-"))) {
		end = token_end(m, at);
		mark(m, at, end);
		return end;
	}
	if (starts_nocase(rest, S("bearer "))) {
		end = token_end(m, at + 7);
		mark(m, at + 7, end - at - 7 >= 8 ? end : at);
		return end;
	}
	if (rest.n >= 20 && (str_starts(rest, S("AKIA")) || str_starts(rest, S("ASIA")))) {
		for (end = at; end < m->text.n && ((m->text.p[end] >= 'A' && m->text.p[end] <= 'Z') || (m->text.p[end] >= '0' && m->text.p[end] <= '9'));)
			end++;
		mark(m, at, end - at >= 20 ? end : at);
		return end;
	}
	return at + 1;
}

static void mark_patterns(struct marks *m)
{
	size_t i = 0;

	while (i < m->text.n) {
		char c = m->text.p[i];

		if ((c == 'x' || c == 'b' || c == 'B' || c == 'A') && !(i && is_alnum(m->text.p[i - 1])))
			i = at_word(m, i);
		else if (c == ':' && str_starts(rest_of(m, i), S("://")))
			i = at_scheme(m, i);
		else if (c == '=' || c == ':')
			i = at_assignment(m, i);
		else if (c == ' ')
			i = at_blank(m, i);
		else if (c == '-' && str_starts(rest_of(m, i), S("-----BEGIN ")))
			i = at_private_key(m, i);
		else
			i++;
	}
}

struct str mask_text(struct arena *a, struct str text)
{
	struct marks m = {.arena = a, .text = text};
	struct buf b;

	mark_known(&m);
	mark_patterns(&m);
	if (!m.secret)
		return text;
	buf_init(&b, text.n * 3 + 16);
	for (size_t i = 0; i < text.n; i++)
		if (!m.secret[i])
			buf_char(&b, text.p[i]);
		else if (!i || !m.secret[i - 1])
			buf_add(&b, MASK);
	return buf_keep(a, &b);
}

/* ---- JSON ---- */

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Is the member secret by its name? A token's number is none. */
static bool is_called_secret(const struct json *v)
{
	return v->text.n && mask_name(v->key) && !(str_is(v->key, "token") && is_digits(v->text));
}

/* In place: the texts become masked ones. true: one of them was another. Recursion is bounded by JSON_MAX_DEPTH. */
static bool mask_tree(struct arena *a, struct json *v)
{
	bool changed = false, told = false;

	for (struct json *c = v->child; c; c = c->next) {
		struct str before = c->text;

		if (c->type >= JSON_ARRAY) {
			changed = mask_tree(a, c) || changed;
			told = false;
			continue;
		}
		if (c->type == JSON_STR)
			c->text = told || is_called_secret(c) ? MASK : mask_text(a, before);
		changed = changed || c->text.p != before.p;
		told = v->type == JSON_ARRAY && str_starts(before, S("--")) && mask_name(before);
	}
	return changed;
}

struct str mask_json(struct arena *a, struct str text)
{
	struct err ignored = {0};
	struct json *v = json_parse(a, text, JSON_LAST_KEY_WINS, &ignored);
	struct json_out o;
	struct buf b;

	if (!v || v->type < JSON_ARRAY)
		return mask_text(a, text);
	if (!mask_tree(a, v))
		return text;
	buf_init(&b, text.n * 6 + 64);
	o = json_out(&b);
	json_put(&o, v);
	return buf_keep(a, &b);
}
