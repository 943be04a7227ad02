/* The JSON reader against jansson: both must take or refuse the same input, and read the same values from it. What was read
 * must come out of the writer so that it reads back as the same. */
#include "base/json.h"

/* Both call their types by the same names. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void differ(const char *why, struct str source)
{
	fprintf(stderr, "%s: %.*s\n", why, (int)(source.n > 2000 ? 2000 : source.n), source.p);
	abort();
}

static size_t count_of(struct str s, char one, char other)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == one || s.p[i] == other;
	return n;
}

static bool has_long_number(struct str s)
{
	size_t run = 0;

	for (size_t i = 0; i < s.n && run < 128; i++)
		run = s.p[i] && strchr("0123456789+-.eE", s.p[i]) ? run + 1 : 0;
	return run >= 128;
}

/* jansson 2.14 loses a NUL byte that ends a number or a word: it puts it back where NUL means "nothing there". */
static bool has_lost_nul(struct str s)
{
	for (size_t i = 1; i < s.n; i++)
		if (!s.p[i] && ((s.p[i - 1] >= '0' && s.p[i - 1] <= '9') || (s.p[i - 1] >= 'a' && s.p[i - 1] <= 'z')))
			return true;
	return false;
}

/* Limits that are ours alone. */
static bool is_past_our_limit(const struct err *err, struct str s)
{
	struct str text = str_of(err->text);

	if (str_ends(text, S("nested too deep")))
		return count_of(s, '[', '{') > JSON_MAX_DEPTH;
	if (str_ends(text, S("too many keys in one object")))
		return count_of(s, ':', ':') > JSON_MAX_KEYS;
	if (str_ends(text, S("number too long")))
		return has_long_number(s);
	return false;
}

static bool same_tree(const struct json *v, const json_t *o)
{
	size_t i = 0;

	switch (v->type) {
	case JSON_NULL:
		return json_typeof(o) == JANSSON_NULL;
	case JSON_FALSE:
		return json_typeof(o) == JANSSON_FALSE;
	case JSON_TRUE:
		return json_typeof(o) == JANSSON_TRUE;
	case JSON_INT:
		return json_typeof(o) == JANSSON_INTEGER && json_integer_value(o) == v->i;
	case JSON_REAL:
		return json_typeof(o) == JANSSON_REAL && json_real_value(o) == v->d;
	case JSON_STR:
		return json_typeof(o) == JANSSON_STRING &&
		       str_eq(v->text, str_n(json_string_value(o), json_string_length(o)));
	case JSON_ARRAY:
		if (json_typeof(o) != JANSSON_ARRAY || json_array_size(o) != v->count)
			return false;
		for (const struct json *c = v->child; c; c = c->next, i++)
			if (!same_tree(c, json_array_get(o, i)))
				return false;
		return i == v->count;
	default:
		if (json_typeof(o) != JANSSON_OBJECT || json_object_size(o) != v->count)
			return false;
		for (const struct json *c = v->child; c; c = c->next, i++) {
			char *key = mem_dup(c->key);
			const json_t *member = json_object_get(o, key);

			mem_free(key);
			if (!member || !same_tree(c, member))
				return false;
		}
		return i == v->count;
	}
}

/* Writes the tree, reads it back, and compares that with what jansson read. */
static void check_written(struct arena *a, const struct json *v, const json_t *o, struct str source)
{
	struct buf first, second;
	struct json_out out;
	struct err err = {0};
	const struct json *again;

	buf_init(&first, SIZE_MAX);
	buf_init(&second, SIZE_MAX);
	out = json_out(&first);
	json_put(&out, v);
	again = json_parse(a, buf_str(&first), JSON_STRICT, &err);
	if (!again || !same_tree(again, o))
		differ("the writer's text reads as something else", source);
	out = json_out(&second);
	json_put(&out, again);
	if (!str_eq(buf_str(&first), buf_str(&second)))
		differ("written twice, it differs", source);
	buf_done(&first);
	buf_done(&second);
}

static void check(struct str source, enum json_flags flags, size_t jansson_flags)
{
	struct arena a;
	struct err err = {0};
	struct json *v;
	json_t *o;

	arena_init(&a);
	v = json_parse(&a, source, flags, &err);
	o = json_loadb(source.p, source.n, JSON_DECODE_ANY | jansson_flags, NULL);
	if (v && !o)
		differ("we take what jansson refuses", source);
	if (!v && o && !is_past_our_limit(&err, source) && !has_lost_nul(source))
		differ(err.text, source);
	if (v && !same_tree(v, o))
		differ("read as something else than jansson reads", source);
	if (v)
		check_written(&a, v, o, source);
	if (!v && (err.code == ERR_NONE || !str_is_utf8(str_of(err.text))))
		differ("refused without a reason", source);
	json_decref(o);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of just this size, so that ASan sees a read past its end. */
	char *copy = malloc(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	check(str_n(copy, size), JSON_STRICT, JSON_REJECT_DUPLICATES);
	check(str_n(copy, size), JSON_LAST_KEY_WINS, 0);
	free(copy);
	return 0;
}
