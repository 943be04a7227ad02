#include "ops/irc_line.h"

#include "base/crypt.h"

static struct str skip_spaces(struct str s)
{
	while (s.n && *s.p == ' ')
		s = str_n(s.p + 1, s.n - 1);
	return s;
}

static void read_prefix(struct str prefix, struct irc_line *out)
{
	struct str front, host = str_cut(prefix, '@', &front);

	out->user = str_cut(front, '!', &out->nick);
	out->host = host;
}

static int numeric_of(struct str command)
{
	int n = 0;

	if (command.n != 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (command.p[i] < '0' || command.p[i] > '9')
			return 0;
		n = 10 * n + command.p[i] - '0';
	}
	return n;
}

bool irc_line_parse(struct str s, struct irc_line *out)
{
	struct str word;

	*out = (struct irc_line){.tags = S(""), .nick = S(""), .user = S(""), .host = S("")};
	if (memchr(s.p, '\0', s.n) || memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n))
		return false; /* also so that nothing of it, said again, becomes two lines */
	if (s.n && *s.p == '@') {
		s = skip_spaces(str_cut(s, ' ', &word));
		out->tags = str_n(word.p + 1, word.n - 1);
	}
	if (s.n && *s.p == ':') {
		s = skip_spaces(str_cut(s, ' ', &word));
		read_prefix(str_n(word.p + 1, word.n - 1), out);
	}
	s = skip_spaces(str_cut(s, ' ', &out->command));
	out->numeric = numeric_of(out->command);
	while (s.n && out->count < IRC_PARAMS_MAX) {
		if (*s.p == ':' || out->count == IRC_PARAMS_MAX - 1) { /* the last takes what is left */
			size_t mark = *s.p == ':';

			out->params[out->count++] = str_n(s.p + mark, s.n - mark);
			break;
		}
		s = skip_spaces(str_cut(s, ' ', &out->params[out->count++]));
	}
	return out->command.n > 0;
}

struct str irc_param(const struct irc_line *l, size_t i)
{
	return i < l->count ? l->params[i] : S("");
}

/* ---- tags ---- */

static const char tag_escapes[][2] = {{':', ';'}, {'s', ' '}, {'\\', '\\'}, {'r', '\r'}, {'n', '\n'}};

static struct str tag_value(struct arena *a, struct str s)
{
	struct buf b;

	if (!s.n || !memchr(s.p, '\\', s.n))
		return s;
	buf_init(&b, s.n);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\') {
			if (++i == s.n)
				break; /* a lone one at the end is dropped */
			c = s.p[i];
			for (size_t e = 0; e < COUNT_OF(tag_escapes); e++)
				if (s.p[i] == tag_escapes[e][0])
					c = tag_escapes[e][1];
		}
		buf_char(&b, c);
	}
	return buf_keep(a, &b);
}

struct str irc_tag(struct arena *a, const struct irc_line *l, const char *key)
{
	struct str rest = l->tags, found = {0};

	while (rest.n) {
		struct str tag, name, value;

		rest = str_cut(rest, ';', &tag);
		value = str_cut(tag, '=', &name);
		if (str_is(name, key))
			found = value.n ? value : S(""); /* the last one counts */
	}
	return found.p ? tag_value(a, found) : found;
}

struct str irc_tag_write(struct arena *a, struct str value)
{
	struct buf b;

	buf_init(&b, 2 * value.n);
	for (size_t i = 0; i < value.n; i++) {
		size_t e = 0;

		while (e < COUNT_OF(tag_escapes) && value.p[i] != tag_escapes[e][1])
			e++;
		if (e < COUNT_OF(tag_escapes)) {
			buf_char(&b, '\\');
			buf_char(&b, tag_escapes[e][0]);
		} else {
			buf_char(&b, value.p[i]);
		}
	}
	return buf_keep(a, &b);
}

/* ---- 005 ---- */

void irc_support_init(struct irc_support *s)
{
	*s = (struct irc_support){.channel_marks = "#&"};
}

static unsigned small_number(struct str s)
{
	int64_t n;

	return str_to_int(s, &n) && n > 0 && n < 100000 ? (unsigned)n : 0;
}

static void support_token(struct irc_support *s, struct str token)
{
	struct str key, value = str_cut(token, '=', &key);

	if (str_is(key, "CASEMAPPING")) {
		s->ascii = str_is(value, "ascii");
	} else if (str_is(key, "WHOX")) {
		s->whox = true;
	} else if (str_is(key, "BOT") && value.n == 1) {
		s->bot_mode = *value.p;
	} else if (str_is(key, "NICKLEN")) {
		s->nick_max = small_number(value);
	} else if (str_is(key, "CHANTYPES") && value.n && value.n < sizeof s->channel_marks) {
		memcpy(s->channel_marks, value.p, value.n);
		s->channel_marks[value.n] = '\0';
	}
}

void irc_support_read(struct irc_support *s, const struct irc_line *l)
{
	for (size_t i = 1; i + 1 < l->count; i++)
		support_token(s, l->params[i]);
}

static char fold_char(const struct irc_support *s, char c)
{
	static const char big[] = "[]\\^", small[] = "{}|~";
	const char *at;

	if (c >= 'A' && c <= 'Z')
		return (char)(c + 'a' - 'A');
	at = s->ascii || !c ? NULL : strchr(big, c);
	return at ? small[at - big] : c;
}

struct str irc_fold(struct arena *a, const struct irc_support *s, struct str name)
{
	char *p = arena_alloc(a, name.n + 1);

	for (size_t i = 0; i < name.n; i++)
		p[i] = fold_char(s, name.p[i]);
	p[name.n] = '\0';
	return str_n(p, name.n);
}

bool irc_same(const struct irc_support *s, struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (fold_char(s, a.p[i]) != fold_char(s, b.p[i]))
			return false;
	return a.n == b.n;
}

bool irc_is_channel(const struct irc_support *s, struct str name)
{
	return name.n && *name.p && strchr(s->channel_marks, *name.p);
}

/* ---- bytes ---- */

struct str irc_utf8(struct arena *a, struct str s)
{
	struct buf b;

	if (str_is_utf8(s))
		return s;
	buf_init(&b, 2 * s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x80)
			buf_char(&b, (char)(0xc0 | c >> 6));
		if (c)
			buf_char(&b, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
	}
	return buf_keep(a, &b);
}

bool irc_word_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n && *s.p != ':';
}

struct str irc_sasl_plain(struct arena *a, struct str account, struct str password)
{
	size_t n = 2 * account.n + password.n + 2;
	char *plain = arena_zero(a, n);

	memcpy(plain, account.p, account.n);
	memcpy(plain + account.n + 1, account.p, account.n);
	memcpy(plain + 2 * account.n + 2, password.p, password.n);
	return crypt_base64(a, str_n(plain, n));
}
