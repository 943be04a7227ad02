#include "base/json.h"
#include "unit.h"

static struct arena a;
static struct err err;

static struct json *parse(struct str source, enum json_flags flags)
{
	/* A copy without a NUL behind, so that a reader that looks too far is seen by ASan. */
	char *copy = arena_alloc(&a, source.n);

	memcpy(copy, source.p, source.n);
	err_clear(&err);
	return json_parse(&a, str_n(copy, source.n), flags, &err);
}

static struct str written(const struct json *v)
{
	struct buf b;
	struct json_out o = json_out(&b);
	struct str s;

	buf_init(&b, 64 * MIB);
	json_put(&o, v);
	s = arena_dup(&a, buf_str(&b));
	buf_done(&b);
	return s;
}

#define ROUND(z)                                                                                                       \
	{                                                                                                              \
		S(z), z                                                                                                \
	}
#define TO(z, then)                                                                                                    \
	{                                                                                                              \
		S(z), then                                                                                             \
	}

START_TEST(takes)
{
	static const struct {
		struct str source;
		const char *written;
	} cases[] = {
		ROUND("null"),
		ROUND("true"),
		ROUND("false"),
		TO(" \t\r\n0 \n", "0"),
		ROUND("-0"),
		ROUND("9007199254740993"), /* 2^53 + 1 */
		ROUND("9223372036854775807"),
		ROUND("-9223372036854775808"),
		ROUND("1.50"),
		ROUND("-0.0"),
		ROUND("1E+2"),
		ROUND("1e308"),
		ROUND("1e-400"), /* too small is 0 */
		ROUND("\"\""),
		ROUND("\"\x7f\""),
		TO("\"a\\\"b\\\\c\\/d\"", "\"a\\\"b\\\\c/d\""),
		TO("\"\\b\\f\\n\\r\\t\"", "\"\\u0008\\u000c\\n\\u000d\\u0009\""),
		TO("\"\\u0041\\u00e4\\u20AC\\ud83d\\udd25\\uffff\"",
		   "\"A\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa5\xef\xbf\xbf\""),
		ROUND("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa5\""),
		TO("\"\xc3\xa4\\n\xc3\xa4\"", "\"\xc3\xa4\\n\xc3\xa4\""),
		ROUND("[]"),
		ROUND("{}"),
		TO("[ ]", "[]"),
		TO("{ }", "{}"),
		TO(" [ 1 , [ ] , { } , \"x\" ] ", "[1,[],{},\"x\"]"),
		TO("{ \"a\" : { \"b\" : [ { } ] } , \"c\" : null }", "{\"a\":{\"b\":[{}]},\"c\":null}"),
		TO("{\"a\\u0062\":1}", "{\"ab\":1}"),
		ROUND("{\"\":1}"),
		ROUND("[[[[[[[[]]]]]]]]"),
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct json *v = parse(cases[i].source, JSON_STRICT);

		ck_assert_msg(v != NULL, STR_FMT ": %s", STR_ARG(cases[i].source), err.text);
		ck_str(written(v), cases[i].written);
	}
	arena_done(&a);
}
END_TEST

START_TEST(refuses)
{
	static const struct {
		struct str source;
		const char *text;
	} cases[] = {
		{S(""), "JSON, line 1, column 1: the end is missing"},
		{S("  "), "JSON, line 1, column 3: the end is missing"},
		{S("\xef\xbb\xbf{}"), "JSON, line 1, column 1: not a value"}, /* a byte order mark */
		{S("{\"a\":1,\n\"b\":x}"), "JSON, line 2, column 5: not a value"},
		{S("1 2"), "JSON, line 1, column 3: text behind the value"},
		{S("{}}"), "JSON, line 1, column 3: text behind the value"},
		{S("1\0"), "JSON, line 1, column 2: text behind the value"},
		{S("{\"a\":1,\"a\":2}"), "JSON, line 1, column 8: the same key twice"},
		{S("{\"a\":1,\"\\u0061\":2}"), "JSON, line 1, column 8: the same key twice"},
		{S("\"\xff\""), "JSON, line 1, column 2: bytes that are not UTF-8"},
		{S("\"\xc0\xaf\""), "JSON, line 1, column 2: bytes that are not UTF-8"},
		{S("\"\\n\xed\xa0\x80\""), "JSON, line 1, column 4: bytes that are not UTF-8"},
		{S("\"\xe2\x82\""), "JSON, line 1, column 2: bytes that are not UTF-8"},
		{S("\"\xe2\x82"), "JSON, line 1, column 2: bytes that are not UTF-8"},
		{S("\"\\ud800\""), "JSON, line 1, column 3: half a surrogate pair"},
		{S("\"\\udc00\""), "JSON, line 1, column 3: half a surrogate pair"},
		{S("\"\\ud800\\ud800\""), "JSON, line 1, column 3: half a surrogate pair"},
		{S("\"\\ud800x\""), "JSON, line 1, column 3: half a surrogate pair"},
		{S("\"\\ud83d\\u\""), "JSON, line 1, column 3: half a surrogate pair"},
		{S("\"\\u0000\""), "JSON, line 1, column 3: U+0000 in a text"},
		{S("\"\\u12\""), "JSON, line 1, column 3: bad \\u escape"},
		{S("\"\\u12g4\""), "JSON, line 1, column 3: bad \\u escape"},
		{S("\"\\u"), "JSON, line 1, column 4: text without an end"},
		{S("\"\\x41\""), "JSON, line 1, column 3: unknown escape"},
		{S("\"a\nb\""), "JSON, line 1, column 3: control character in a text"},
		{S("\"\\t\x01\""), "JSON, line 1, column 4: control character in a text"},
		{S("\"a\0b\""), "JSON, line 1, column 3: control character in a text"},
		{S("\"abc"), "JSON, line 1, column 5: text without an end"},
		{S("\"abc\\"), "JSON, line 1, column 6: text without an end"},
		{S("\"abc\\\""), "JSON, line 1, column 7: text without an end"},
		{S("1e400"), "JSON, line 1, column 1: number out of range"},
		{S("-1e400"), "JSON, line 1, column 1: number out of range"},
		{S("9223372036854775808"), "JSON, line 1, column 1: whole number out of range"},
		{S("-9223372036854775809"), "JSON, line 1, column 1: whole number out of range"},
		{S("111111111111111111111111111111111111111111111111111111111111"),
		 "JSON, line 1, column 1: whole number out of range"},
		{S("012"), "JSON, line 1, column 1: number with a leading zero"},
		{S("-012"), "JSON, line 1, column 1: number with a leading zero"},
		{S("1."), "JSON, line 1, column 1: number without digits behind the point"},
		{S(".5"), "JSON, line 1, column 1: not a value"},
		{S("+5"), "JSON, line 1, column 1: not a value"},
		{S("-"), "JSON, line 1, column 1: not a value"},
		{S("1e"), "JSON, line 1, column 1: number without an exponent"},
		{S("1e+"), "JSON, line 1, column 1: number without an exponent"},
		{S("0x10"), "JSON, line 1, column 2: text behind the value"},
		{S("NaN"), "JSON, line 1, column 1: not a value"},
		{S("Infinity"), "JSON, line 1, column 1: not a value"},
		{S("nul"), "JSON, line 1, column 1: not a value"},
		{S("True"), "JSON, line 1, column 1: not a value"},
		{S("'x'"), "JSON, line 1, column 1: not a value"},
		{S("[1,]"), "JSON, line 1, column 4: not a value"},
		{S("[,1]"), "JSON, line 1, column 2: not a value"},
		{S("[1 2]"), "JSON, line 1, column 4: expected ',' or an end"},
		{S("[1}"), "JSON, line 1, column 3: expected ',' or an end"},
		{S("{]"), "JSON, line 1, column 2: expected a key"},
		{S("["), "JSON, line 1, column 2: the end is missing"},
		{S("[1,"), "JSON, line 1, column 4: the end is missing"},
		{S("{\"a\":1,}"), "JSON, line 1, column 8: expected a key"},
		{S("{a:1}"), "JSON, line 1, column 2: expected a key"},
		{S("{\"a\" 1}"), "JSON, line 1, column 6: expected ':'"},
		{S("{\"a\":}"), "JSON, line 1, column 6: not a value"},
		{S("{\"a\""), "JSON, line 1, column 5: expected ':'"},
		{S("{\"a\":"), "JSON, line 1, column 6: the end is missing"},
		{S("/* a comment */ 1"), "JSON, line 1, column 1: not a value"},
		{S("1 // a comment"), "JSON, line 1, column 3: text behind the value"},
		{S("\f1"), "JSON, line 1, column 1: not a value"},
		{S("\xc2\xa0"
		   "1"),
		 "JSON, line 1, column 1: not a value"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_msg(!parse(cases[i].source, JSON_STRICT), "took " STR_FMT, STR_ARG(cases[i].source));
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_str_eq(err.text, cases[i].text);
	}
	arena_done(&a);
}
END_TEST

static struct str nested(size_t depth, char open, char close)
{
	char *p = arena_alloc(&a, depth * 2);

	memset(p, open, depth);
	memset(p + depth, close, depth);
	return str_n(p, depth * 2);
}

START_TEST(depth_has_a_limit)
{
	struct str s;

	ck_assert(parse(nested(JSON_MAX_DEPTH, '[', ']'), JSON_STRICT));
	ck_assert(!parse(nested(JSON_MAX_DEPTH + 1, '[', ']'), JSON_STRICT));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	s = nested(1000000, '[', ']');
	ck_assert(!parse(s, JSON_STRICT));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_str_eq(err.text, "JSON, line 1, column 65: nested too deep");
	arena_done(&a);
}
END_TEST

/* {"k0":0,"k1":1,...} and behind them `more`. */
static struct str many_keys(size_t count, const char *more)
{
	struct buf b;
	struct str s;

	buf_init(&b, 64 * MIB);
	buf_char(&b, '{');
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s\"k%zu\":%zu", i ? "," : "", i, i);
	buf_printf(&b, "%s}", more);
	s = arena_dup(&a, buf_str(&b));
	buf_done(&b);
	return s;
}

START_TEST(keys_of_large_objects)
{
	/* On both sides of where objects get an index of their keys, and where that grows. */
	static const size_t counts[] = {1, 31, 32, 33, 63, 64, 65, 66, 127, 128, 129, 255, 257, 1000, JSON_MAX_KEYS};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct str s = many_keys(counts[i], "");
		const struct json *v = parse(s, JSON_STRICT);
		char key[32];

		ck_assert_msg(v, "%zu keys: %s", counts[i], err.text);
		ck_assert_uint_eq(v->count, counts[i]);
		ck_assert(str_eq(written(v), s));
		for (size_t k = 0; k < counts[i]; k += 7) {
			snprintf(key, sizeof key, "k%zu", k);
			ck_assert_int_eq(json_get_int(v, key, -1), (int64_t)k);
		}
		ck_assert_msg(!parse(many_keys(counts[i], ",\"k0\":1"), JSON_STRICT), "%zu keys, the first twice",
			      counts[i]);
		snprintf(key, sizeof key, ",\"k%zu\":1", counts[i] - 1);
		ck_assert_msg(!parse(many_keys(counts[i], key), JSON_STRICT), "%zu keys, the last twice", counts[i]);
		ck_assert(str_ends(str_of(err.text), S("the same key twice")));
	}
	ck_assert(!parse(many_keys(JSON_MAX_KEYS + 1, ""), JSON_STRICT));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_msg(parse(many_keys(JSON_MAX_KEYS, ",\"k9\":1"), JSON_LAST_KEY_WINS), "%s", err.text);
	arena_done(&a);
}
END_TEST

START_TEST(the_last_key_wins_if_asked)
{
	static const struct {
		struct str source;
		const char *written;
	} cases[] = {
		TO("{\"a\":1,\"a\":2}", "{\"a\":2}"),
		TO("{\"a\":1,\"b\":2,\"a\":3,\"c\":4}", "{\"a\":3,\"b\":2,\"c\":4}"),
		TO("{\"a\":1,\"b\":2,\"b\":3,\"c\":4}", "{\"a\":1,\"b\":3,\"c\":4}"),
		TO("{\"a\":{\"x\":[1,2]},\"b\":2,\"a\":\"t\"}", "{\"a\":\"t\",\"b\":2}"),
		TO("{\"a\":1,\"a\":{\"x\":[1,2]},\"b\":3}", "{\"a\":{\"x\":[1,2]},\"b\":3}"),
		TO("{\"a\":1,\"a\":[],\"a\":{},\"a\":null}", "{\"a\":null}"),
		TO("[{\"a\":1,\"a\":[2,3]},4]", "[{\"a\":[2,3]},4]"),
	};
	struct buf b;
	struct json *v;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		v = parse(cases[i].source, JSON_LAST_KEY_WINS);
		ck_assert_msg(v, "%s", err.text);
		ck_str(written(v), cases[i].written);
	}
	/* With an index too. */
	buf_init(&b, MIB);
	buf_char(&b, '{');
	for (int i = 0; i < 500; i++)
		buf_printf(&b, "%s\"k%d\":%d", i ? "," : "", i % 100, i);
	buf_char(&b, '}');
	v = parse(buf_str(&b), JSON_LAST_KEY_WINS);
	buf_done(&b);
	ck_assert_msg(v, "%s", err.text);
	ck_assert_uint_eq(v->count, 100);
	ck_assert_int_eq(json_get_int(v, "k0", -1), 400);
	ck_assert_int_eq(json_get_int(v, "k99", -1), 499);
	arena_done(&a);
}
END_TEST

START_TEST(large_documents)
{
	struct buf b;
	const struct json *v;
	size_t n = 0;

	buf_init(&b, 64 * MIB);
	buf_char(&b, '[');
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%s{\"n\":%d,\"t\":\"line\\n%0*d\xc3\xa4\",\"e\":[true,null,-1.5]}", i ? "," : "", i,
			   i % 700 + 1, i);
	buf_char(&b, ']');
	v = parse(buf_str(&b), JSON_STRICT);
	ck_assert_msg(v, "%s", err.text);
	ck_assert(str_eq(written(v), buf_str(&b)));
	for (const struct json *c = v->child; c; c = c->next)
		ck_assert_int_eq(json_get_int(c, "n", -1), (int64_t)n++);
	ck_assert_uint_eq(n, v->count);
	buf_done(&b);
	arena_done(&a);
}
END_TEST

START_TEST(getters_take_anything)
{
	const struct json *v =
		parse(S("{\"i\":12,\"r\":12.0,\"f\":1.9,\"s\":\"12\",\"x\":\"x\",\"big\":1e300,\"t\":true,\"f0\":false,"
			"\"one\":1,\"zero\":\"0\",\"yes\":\"true\",\"n\":null,\"a\":[{\"k\":1}]}"),
		      JSON_STRICT);

	ck_assert_msg(v, "%s", err.text);
	ck_assert_int_eq(json_get_int(v, "i", -1), 12);
	ck_assert_int_eq(json_get_int(v, "r", -1), 12);
	ck_assert_int_eq(json_get_int(v, "s", -1), 12);
	ck_assert_int_eq(json_get_int(v, "x", -1), -1);
	ck_assert_int_eq(json_get_int(v, "big", -1), -1);
	ck_assert_int_eq(json_get_int(v, "not there", -1), -1);
	ck_assert_int_eq(json_get_int(NULL, "i", -1), -1);
	ck_assert(json_get_bool(v, "t", false));
	ck_assert(!json_get_bool(v, "f0", true));
	ck_assert(json_get_bool(v, "one", false));
	ck_assert(!json_get_bool(v, "zero", true));
	ck_assert(json_get_bool(v, "yes", false));
	ck_assert(json_get_bool(v, "x", true));
	ck_assert(!json_get_bool(v, "not there", false));
	ck_str(json_get_str(v, "s"), "12");
	ck_str(json_get_str(v, "i"), "");
	ck_str(json_str(NULL), "");
	ck_assert(!json_get(json_get(v, "a"), "k"));
	ck_assert(json_is(json_get(v, "n"), JSON_NULL));
	ck_assert(!json_is(NULL, JSON_NULL));
	ck_str(json_get(v, "a")->text, "[{\"k\":1}]"); /* as it stood in the source */
	arena_done(&a);
}
END_TEST

START_TEST(writer)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, MIB);
	json_open(&o, '{');
	json_add_str(&o, "text", S("a\"\\\n\x1f\x7f\xff\xe2\x82|\xc3\xa4"));
	json_add_int(&o, "int", INT64_MIN);
	json_add_bool(&o, "yes", true);
	json_add_raw(&o, "raw", S("{\"x\":1}"));
	json_key_str(&o, S("ke\"y"));
	json_open(&o, '[');
	json_put_null(&o);
	json_open(&o, '[');
	json_close(&o, ']');
	json_put_int(&o, 0);
	json_put_bool(&o, false);
	json_close(&o, ']');
	json_close(&o, '}');
	ck_str(buf_str(&b), "{\"text\":\"a\\\"\\\\\\n\\u001f\x7f\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xc3\xa4\","
			    "\"int\":-9223372036854775808,"
			    "\"yes\":true,\"raw\":{\"x\":1},\"ke\\\"y\":[null,[],0,false]}");
	ck_assert(parse(buf_str(&b), JSON_STRICT));
	buf_done(&b);
	arena_done(&a);
}
END_TEST

/* The reader refuses U+0000, so the writer must not make one. */
START_TEST(writer_of_nul)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, MIB);
	json_open(&o, '[');
	json_put_str(&o, str_n("a\0b", 3));
	json_put_str(&o, (struct str){NULL, 0});
	json_close(&o, ']');
	ck_str(buf_str(&b), "[\"a\xef\xbf\xbd"
			    "b\",\"\"]");
	ck_assert(parse(buf_str(&b), JSON_STRICT));
	buf_done(&b);
	arena_done(&a);
}
END_TEST

START_TEST(writer_of_reals)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{0, "0.0"},
		{-0.0, "-0.0"},
		{1, "1.0"},
		{0.1, "0.1"},
		{1e21, "1e+21"},
		{1.0 / 3, "0.33333333333333331"},
		{5e-324, "4.94065645841247e-324"},
		{__builtin_inf(), "null"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf b;
		struct json_out o = json_out(&b);
		const struct json *v;

		buf_init(&b, MIB);
		json_put_real(&o, cases[i].v);
		ck_str(buf_str(&b), cases[i].text);
		v = parse(buf_str(&b), JSON_STRICT);
		ck_assert(v);
		ck_assert(json_is(v, JSON_NULL) || (json_is(v, JSON_REAL) && v->d == cases[i].v));
		buf_done(&b);
	}
	arena_done(&a);
}
END_TEST

/* ---- mending ---- */

static const struct {
	struct str source, mended;
} mends[] = {
#define MEND(from, to) {{from, sizeof from - 1}, {to, sizeof to - 1}}
	MEND("", ""),
	MEND("\"\xc3\xa4 \xf0\x9f\x98\x80\"", "\"\xc3\xa4 \xf0\x9f\x98\x80\""),
	/* no UTF-8: a byte alone, a sequence cut short, a surrogate's, an overlong one, past U+10FFFF */
	MEND("\"a\xff\"", "\"a\xef\xbf\xbd\""),
	MEND("\"\xc3\"", "\"\xef\xbf\xbd\""),
	MEND("\"\xe2\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""),
	MEND("\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
	MEND("\"\xc0\xaf\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""),
	MEND("\"\xf4\x90\x80\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
	MEND("\xff", "\xef\xbf\xbd"),
	/* U+0000, raw and escaped */
	MEND("\"a\0b\"", "\"ab\""),
	MEND("\0{}\0", "{}"),
	MEND("\"a\\u0000b\\u0000\"", "\"ab\""),
	/* an escaped backslash, and then u0000 or ud800 */
	MEND("\"C:\\\\u0000\"", "\"C:\\\\u0000\""),
	MEND("\"C:\\\\\\u0000\"", "\"C:\\\\\""),
	MEND("\"C:\\\\ud800\"", "\"C:\\\\ud800\""),
	/* surrogates: a pair stays; alone, the wrong way round or before something else they do not */
	MEND("\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""),
	MEND("\"\\uD83D\\uDE00\"", "\"\\uD83D\\uDE00\""),
	MEND("\"\\ud83d\"", "\"\xef\xbf\xbd\""),
	MEND("\"\\ude00\"", "\"\xef\xbf\xbd\""),
	MEND("\"\\ude00\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\""),
	MEND("\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd\\u0041\""),
	MEND("\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\\ud83d\\ude00\""),
	MEND("\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\""),
	/* escapes that are none are left to the reader */
	MEND("\"\\u00\xff\"", "\"\\u00\xef\xbf\xbd\""),
	MEND("\"\\ud8", "\"\\ud8"),
	MEND("\xff\\", "\xef\xbf\xbd\\"),
};

START_TEST(mending)
{
	struct str got = json_mend(&a, mends[_i].source);

	ck_assert_msg(str_eq(got, mends[_i].mended), "case %d: '" STR_FMT "'", _i, STR_ARG(got));
	ck_assert(str_eq(json_mend(&a, got), got));
	arena_done(&a);
}
END_TEST

START_TEST(what_is_sound_is_not_copied)
{
	struct str source = S("{\"a\":\"\\n \xc3\xa4\"}");

	ck_assert_ptr_eq(json_mend(&a, source).p, source.p);
	arena_done(&a);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"reader", takes},
		{"reader", refuses},
		{"reader", depth_has_a_limit},
		{"reader", keys_of_large_objects},
		{"reader", the_last_key_wins_if_asked},
		{"reader", large_documents},
		{"getters", getters_take_anything},
		{"writer", writer},
		{"writer", writer_of_nul},
		{"writer", writer_of_reals},
		{"mending", mending, COUNT_OF(mends)},
		{"mending", what_is_sound_is_not_copied},
	};

	return unit_run("base/json", tests, COUNT_OF(tests));
}
