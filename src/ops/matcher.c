#include "ops/matcher.h"

static const char *const op_texts[] = {
	[MATCHER_EQUAL] = "=",
	[MATCHER_NOT_EQUAL] = "!=",
	[MATCHER_REGEX] = "=~",
	[MATCHER_NOT_REGEX] = "!~",
};

const char *matcher_op_text(enum matcher_op op)
{
	return op_texts[op];
}

/* Go's \s and strings.TrimSpace() differ in \v alone, which stands in no label that anybody has. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static struct str trim(struct str s)
{
	for (; s.n && is_space(s.p[0]); s.p++)
		s.n--;
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (!first && c >= '0' && c <= '9');
}

/* Cuts NAME and OP off; *rest is the value as it stands, with its quotes. =~ comes before = : else ~ would be the value's. */
static bool split(struct str text, struct str *name, enum matcher_op *op, struct str *rest)
{
	static const enum matcher_op order[] = {MATCHER_REGEX, MATCHER_EQUAL, MATCHER_NOT_EQUAL, MATCHER_NOT_REGEX};
	struct str s = trim(text);
	size_t n = 0;

	while (n < s.n && is_name_char(s.p[n], n == 0))
		n++;
	*name = str_n(s.p, n);
	s = trim(str_n(s.p + n, s.n - n));
	for (size_t i = 0; n && i < COUNT_OF(order); i++)
		if (str_starts(s, str_of(op_texts[order[i]]))) {
			size_t len = strlen(op_texts[order[i]]);

			*op = order[i];
			*rest = trim(str_n(s.p + len, s.n - len));
			return true;
		}
	return false;
}

/* Without quotes and escapes. false: a quote stands where none may. */
static bool unquote(struct arena *a, struct str raw, struct str *out)
{
	bool quoted = raw.n && raw.p[0] == '"', open = quoted;
	char *to = arena_alloc(a, raw.n + 1);
	size_t n = 0;

	for (size_t i = quoted; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '"') {
			if (!quoted || i + 1 < raw.n)
				return false;
			open = false;
		} else if (c == '\\' && i + 1 < raw.n) {
			c = raw.p[++i];
			if (c != 'n' && c != '"' && c != '\\')
				to[n++] = '\\';
			to[n++] = (char)(c == 'n' ? '\n' : c);
		} else {
			to[n++] = c;
		}
	}
	to[n] = '\0';
	*out = str_n(to, n);
	return !open;
}

static struct matcher *room_for_one(struct arena *a, struct matchers *m)
{
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 4;
		struct matcher *items = arena_alloc(a, room * sizeof *items);

		if (m->count)
			memcpy(items, m->items, m->count * sizeof *items);
		m->items = items;
		m->room = room;
	}
	return &m->items[m->count];
}

bool matchers_add(struct arena *a, struct matchers *m, struct str text, struct err *err)
{
	struct matcher one = {0};
	struct str raw, shown;

	if (m->count >= MATCHERS_MAX) {
		err_set(err, ERR_TOO_MANY, "more than %d matchers", MATCHERS_MAX);
		return false;
	}
	if (!split(text, &one.name, &one.op, &raw)) {
		text = str_clip(text, 300);
		err_set(err, ERR_INVALID, "bad matcher format: " STR_FMT, STR_ARG(text));
		return false;
	}
	shown = str_clip(raw, 300);
	if (!str_is_utf8(raw)) {
		err_set(err, ERR_INVALID, "matcher value not valid UTF-8: " STR_FMT, STR_ARG(shown));
		return false;
	}
	if (!unquote(a, raw, &one.value)) {
		err_set(err, ERR_INVALID, "matcher value contains unescaped double quote: " STR_FMT, STR_ARG(shown));
		return false;
	}
	if (one.op == MATCHER_REGEX || one.op == MATCHER_NOT_REGEX) {
		one.regex = regex_new(one.value, err);
		if (!one.regex)
			return false;
	}
	one.name = arena_dup(a, one.name);
	*room_for_one(a, m) = one;
	m->count++;
	return true;
}

/* Cuts at the next comma that stands in no quotes. */
static struct str next_of_list(struct str *rest)
{
	bool quoted = false, escaped = false;
	struct str head = *rest;

	for (size_t i = 0; i < rest->n; i++) {
		char c = rest->p[i];

		if (c == ',' && !quoted) {
			head.n = i;
			*rest = str_n(rest->p + i + 1, rest->n - i - 1);
			return head;
		}
		if (c == '"' && !escaped)
			quoted = !quoted;
		if (c != ',')
			escaped = c == '\\' && !escaped;
	}
	*rest = str_n(rest->p + rest->n, 0);
	return head;
}

bool matchers_parse(struct arena *a, struct matchers *m, struct str text, struct err *err)
{
	if (text.n && text.p[0] == '{')
		text = str_n(text.p + 1, text.n - 1);
	if (text.n && text.p[text.n - 1] == '}')
		text.n--;
	while (text.n) {
		struct str one = next_of_list(&text);

		if (one.p + one.n ==
		    text.p) { /* no comma behind it: it is the last, and only here there may be nothing */
			one = trim(one);
			if (!one.n)
				break;
		}
		if (!matchers_add(a, m, one, err))
			return false;
	}
	return true;
}

void matchers_done(struct matchers *m)
{
	for (size_t i = 0; i < m->count; i++)
		regex_free(m->items[i].regex);
	*m = (struct matchers){0};
}

bool matcher_fits(const struct matcher *m, struct str value)
{
	switch (m->op) {
	case MATCHER_EQUAL:
		return str_eq(m->value, value);
	case MATCHER_NOT_EQUAL:
		return !str_eq(m->value, value);
	case MATCHER_REGEX:
		return regex_matches(m->regex, value);
	default:
		return !regex_matches(m->regex, value);
	}
}

bool matchers_fit(const struct matchers *m, const struct labels *l)
{
	for (size_t i = 0; i < m->count; i++)
		if (!matcher_fits(&m->items[i], labels_get(l, m->items[i].name.p)))
			return false;
	return true;
}

struct str matcher_text(struct arena *a, const struct matcher *m)
{
	struct label one = {m->name, m->value};
	struct str pair = labels_text(a, &(struct labels){&one, 1}); /* {name="value"} */

	return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(m->name), op_texts[m->op],
			    STR_ARG(str_n(pair.p + m->name.n + 2, pair.n - m->name.n - 3)));
}
