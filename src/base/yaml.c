#include "base/yaml.h"

#include <yaml.h>

#define VALUES_MAX 100000

struct maker {
	struct arena *arena;
	yaml_document_t *document;
	const char *name;
	size_t made;
	struct err *err;
};

static struct json *wrong(struct maker *m, const yaml_node_t *node, enum err_code code, const char *what)
{
	err_set(m->err, code, "%s: line %zu: %s", m->name, node->start_mark.line + 1, what);
	return NULL;
}

/* 007 is a text: as a number it would lose its zeros, and it is octal to some. */
static bool has_leading_zero(struct str s)
{
	if (str_starts(s, S("-")))
		s = str_n(s.p + 1, s.n - 1);
	return s.n > 1 && s.p[0] == '0';
}

/* What json_put() writes for a value is its text, so that is made JSON's own. */
static void type_scalar(struct json *v, const yaml_node_t *node)
{
	struct str s = v->text;

	v->type = JSON_STR;
	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return;
	if (str_is(s, "true") || str_is(s, "false")) {
		v->type = str_is(s, "true") ? JSON_TRUE : JSON_FALSE;
	} else if (str_is(s, "null") || str_is(s, "~") || s.n == 0) {
		v->type = JSON_NULL;
		v->text = S("null");
	} else if (!has_leading_zero(s) && str_to_int(s, &v->i)) {
		v->type = JSON_INT;
	}
}

/* A text of a node. JSON has no U+0000 here, so YAML has none either. */
static bool take_text(struct maker *m, const yaml_node_t *node, struct str *out)
{
	struct str s = str_n((const char *)node->data.scalar.value, node->data.scalar.length);

	if (s.n && memchr(s.p, '\0', s.n))
		return wrong(m, node, ERR_INVALID, "U+0000 in a text") != NULL;
	*out = arena_dup(m->arena, s);
	return true;
}

static struct json *make(struct maker *m, int index, unsigned depth);

static bool make_member(struct maker *m, struct json *in, struct json ***tail, struct str key, int index, unsigned depth)
{
	struct json *v = make(m, index, depth + 1);

	if (!v)
		return false;
	v->key = key;
	**tail = v;
	*tail = &v->next;
	in->count++;
	return true;
}

static bool make_pairs(struct maker *m, struct json *v, const yaml_node_t *node, unsigned depth)
{
	struct json **tail = &v->child;

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(m->document, p->key);
		struct str name;

		if (key->type != YAML_SCALAR_NODE)
			return wrong(m, key, ERR_INVALID, "a key must be a plain word") != NULL;
		if (!take_text(m, key, &name))
			return false;
		if (v->count >= JSON_MAX_KEYS)
			return wrong(m, key, ERR_TOO_BIG, "too many keys in one mapping") != NULL;
		if (json_get(v, name.p))
			return wrong(m, key, ERR_INVALID, "the same key twice") != NULL;
		if (!make_member(m, v, &tail, name, p->value, depth))
			return false;
	}
	return true;
}

static bool make_items(struct maker *m, struct json *v, const yaml_node_t *node, unsigned depth)
{
	struct json **tail = &v->child;

	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
		if (!make_member(m, v, &tail, S(""), *i, depth))
			return false;
	return true;
}

static struct json *make(struct maker *m, int index, unsigned depth)
{
	const yaml_node_t *node = yaml_document_get_node(m->document, index);
	struct json *v = arena_zero(m->arena, sizeof *v);

	v->line = (uint32_t)node->start_mark.line + 1;
	if (depth >= JSON_MAX_DEPTH || ++m->made > VALUES_MAX)
		return wrong(m, node, ERR_TOO_BIG, "too deep or too large");
	switch (node->type) {
	case YAML_SCALAR_NODE:
		if (!take_text(m, node, &v->text))
			return NULL;
		type_scalar(v, node);
		return v;
	case YAML_SEQUENCE_NODE:
		v->type = JSON_ARRAY;
		return make_items(m, v, node, depth) ? v : NULL;
	case YAML_MAPPING_NODE:
		v->type = JSON_OBJECT;
		return make_pairs(m, v, node, depth) ? v : NULL;
	default:
		return wrong(m, node, ERR_INVALID, "not understood");
	}
}

static struct json *read_error(const yaml_parser_t *parser, const char *name, struct err *err)
{
	err_set(err, ERR_INVALID, "%s: line %zu: %s%s%s", name, parser->problem_mark.line + 1, parser->problem ? parser->problem : "not YAML",
		parser->context ? ", " : "", parser->context ? parser->context : "");
	return NULL;
}

/* The first document; nothing at all is an empty mapping. */
static struct json *read_first(struct maker *m, yaml_parser_t *parser)
{
	yaml_document_t document;
	struct json *root;

	if (!yaml_parser_load(parser, &document))
		return read_error(parser, m->name, m->err);
	m->document = &document;
	if (yaml_document_get_root_node(&document)) {
		root = make(m, 1, 0);
	} else {
		root = arena_zero(m->arena, sizeof *root);
		root->type = JSON_OBJECT;
	}
	yaml_document_delete(&document);
	return root;
}

/* What stands behind a second "---" would be lost without a word. */
static bool has_no_more(struct maker *m, yaml_parser_t *parser)
{
	yaml_document_t document;
	const yaml_node_t *root;

	if (!yaml_parser_load(parser, &document))
		return read_error(parser, m->name, m->err) != NULL;
	root = yaml_document_get_root_node(&document);
	if (root)
		wrong(m, root, ERR_INVALID, "a second document; only one is read");
	yaml_document_delete(&document);
	return !root;
}

struct json *yaml_parse(struct arena *a, struct str source, const char *name, struct err *err)
{
	struct maker m = {.arena = a, .name = name, .err = err};
	yaml_parser_t parser;
	struct json *root;

	if (!yaml_parser_initialize(&parser)) {
		err_set(err, ERR_INTERNAL, "libyaml cannot start");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)source.p, source.n);
	root = read_first(&m, &parser);
	if (root && !has_no_more(&m, &parser))
		root = NULL;
	yaml_parser_delete(&parser);
	return root;
}

/* ---- writing ---- */

/* What YAML 1.1 takes for something else than a text, in any case of its letters. */
static bool is_word_of_yaml(struct str s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq_nocase(s, str_of(words[i])))
			return true;
	return false;
}

static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/')))
			return false;
	}
	return s.n > 0 && s.n < 100 && !is_word_of_yaml(s);
}

/* Printable ASCII, or a sequence of UTF-8 that every reader takes as it stands: not C1, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. */
static bool is_plain_char(const char *p, size_t n)
{
	if (n == 1)
		return *p >= ' ' && *p < 127;
	return memcmp(p, "\xc2\xa0", 2) >= 0 && memcmp(p, "\xe2\x80\xa8", n < 3 ? n : 3) != 0 && memcmp(p, "\xe2\x80\xa9", n < 3 ? n : 3) != 0 &&
	       memcmp(p, "\xef\xbb\xbf", n < 3 ? n : 3) != 0 && memcmp(p, "\xef\xbf\xbe", n < 3 ? n : 3) != 0 && memcmp(p, "\xef\xbf\xbf", n < 3 ? n : 3) != 0;
}

/* How many bytes the next character has; 0: they are no UTF-8. */
static size_t char_bytes(struct str s)
{
	for (size_t n = 1; n <= 4 && n <= s.n; n++)
		if (s.p[0] && str_is_utf8(str_n(s.p, n)))
			return n;
	return 0;
}

static unsigned code_of(const char *p, size_t n)
{
	unsigned c = (unsigned char)p[0] & (n == 1 ? 0x7f : 0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

static bool is_single_quotable(struct str s)
{
	for (size_t n; s.n; s = str_n(s.p + n, s.n - n))
		if (!(n = char_bytes(s)) || !is_plain_char(s.p, n))
			return false;
	return true;
}

static void put_double_quoted(struct buf *to, struct str s)
{
	buf_char(to, '"');
	for (size_t n; s.n; s = str_n(s.p + n, s.n - n)) {
		n = char_bytes(s);
		if (!n)
			buf_add(to, S("\\uFFFD"));
		else if (*s.p == '"' || *s.p == '\\')
			buf_printf(to, "\\%c", *s.p);
		else if (is_plain_char(s.p, n))
			buf_add(to, str_n(s.p, n));
		else if (*s.p == '\n')
			buf_add(to, S("\\n"));
		else
			buf_printf(to, n < 4 ? "\\u%04X" : "\\U%08X", code_of(s.p, n));
		n += !n;
	}
	buf_char(to, '"');
}

void yaml_put_str(struct buf *to, struct str s)
{
	if (is_bare(s)) {
		buf_add(to, s);
	} else if (is_single_quotable(s)) {
		buf_char(to, '\'');
		for (size_t i = 0; i < s.n; i++)
			buf_add(to, s.p[i] == '\'' ? S("''") : str_n(s.p + i, 1));
		buf_char(to, '\'');
	} else {
		put_double_quoted(to, s);
	}
}
