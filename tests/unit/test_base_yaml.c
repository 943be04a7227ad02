#include "base/yaml.h"
#include "unit.h"

static struct arena a;
static struct err err;

static struct json *parse(struct str source)
{
	err_clear(&err);
	return yaml_parse(&a, source, "x.yaml", &err);
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

START_TEST(reads_as_json_would)
{
	static const struct {
		const char *source, *json;
	} cases[] = {
		{"", "{}"},
		{"# nothing\n", "{}"},
		{"---\n...\n", "null"},
		{"a: 1\nb: [x, 'y', \"z\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"]}"},
		{"{\"a\": {\"b\": [true, false, null]}}", "{\"a\":{\"b\":[true,false,null]}}"},
		{"a:\nb: ~\nc: ''\nd: 'null'\ne: \"true\"\n",
		 "{\"a\":null,\"b\":null,\"c\":\"\",\"d\":\"null\",\"e\":\"true\"}"},
		{"[-5, 007, 1.5, 0x10, '12', 0, -0, 99999999999999999999]",
		 "[-5,\"007\",\"1.5\",\"0x10\",\"12\",0,-0,\"99999999999999999999\"]"},
		{"[yes, no, on, off, True, NULL]",
		 "[\"yes\",\"no\",\"on\",\"off\",\"True\",\"NULL\"]"}, /* Norway is a text */
		{"- |\n  two\n  lines\n- >\n  one\n  line\n", "[\"two\\nlines\\n\",\"one line\\n\"]"},
		{"a: &x {n: 1}\nb: *x\n", "{\"a\":{\"n\":1},\"b\":{\"n\":1}}"},
		{"title: b\xc3\xa9n \xf0\x9f\x94\xa5\n", "{\"title\":\"b\xc3\xa9n \xf0\x9f\x94\xa5\"}"},
		{"\xef\xbb\xbf"
		 "a: 1\r\nb: 2\r\n",
		 "{\"a\":1,\"b\":2}"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct json *v = parse(str_of(cases[i].source));

		ck_assert_msg(v, "%s: %s", cases[i].source, err.text);
		ck_str(written(v), cases[i].json);
	}
	arena_done(&a);
}
END_TEST

START_TEST(refuses_with_the_line)
{
	static const struct {
		struct str source;
		const char *text;
	} cases[] = {
		{S("a: 1\nb: 2\na: 3\n"), "x.yaml: line 3: the same key twice"},
		{S("a: 1\n\"a\": 3\n"), "x.yaml: line 2: the same key twice"},
		{S("a: [1,\n  2\nb: 3\n"),
		 "x.yaml: line 3: did not find expected ',' or ']', while parsing a flow sequence"},
		{S("a: b: c\n"), "x.yaml: line 1: mapping values are not allowed in this context"},
		{S("\ta: 1\n"),
		 "x.yaml: line 1: found character that cannot start any token, while scanning for the next token"},
		{S("? [a]\n: 1\n"), "x.yaml: line 1: a key must be a plain word"},
		{S("x:\n  - &a [*a]\n"), "x.yaml: line 2: too deep or too large"},
		{S("a: *nobody\n"), "x.yaml: line 1: found undefined alias"},
		{S("a: 1\n---\nb: 2\n"), "x.yaml: line 3: a second document; only one is read"},
		{S("a: 1\n...\nb: [\n"), "x.yaml: line 3: did not find expected <document start>"},
		{S("a: \"x\\0y\"\n"), "x.yaml: line 1: U+0000 in a text"},
		{S("\"x\\0\": 1\n"), "x.yaml: line 1: U+0000 in a text"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_msg(!parse(cases[i].source), "took " STR_FMT, STR_ARG(cases[i].source));
		ck_assert_str_eq(err.text, cases[i].text);
	}
	ck_assert(!parse(S("a: \xff\n")));
	ck_assert(!parse(S("a: \x01\n")));
	arena_done(&a);
}
END_TEST

START_TEST(large_and_deep_ones_are_refused)
{
	struct buf b;

	/* Nine lines that stand for a billion values. */
	buf_init(&b, 64 * MIB);
	buf_add(&b, S("a: &a [x,x,x,x,x,x,x,x,x,x]\n"));
	for (char c = 'b'; c <= 'i'; c++)
		buf_printf(&b, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1, c - 1, c - 1,
			   c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	ck_assert(!parse(buf_str(&b)));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);

	buf_reset(&b);
	for (int i = 0; i < 200; i++)
		buf_char(&b, '[');
	for (int i = 0; i < 200; i++)
		buf_char(&b, ']');
	ck_assert(!parse(buf_str(&b)));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);

	buf_reset(&b);
	for (int i = 0; i <= JSON_MAX_KEYS; i++)
		buf_printf(&b, "k%d: 1\n", i);
	ck_assert(!parse(buf_str(&b)));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	buf_done(&b);
	arena_done(&a);
}
END_TEST

START_TEST(values_know_their_line)
{
	const struct json *v = parse(S("a: 1\n\nb:\n  - x\n  - {c: y}\n"));
	const struct json *list = json_get(v, "b");

	ck_assert_msg(v, "%s", err.text);
	ck_assert_uint_eq(json_get(v, "a")->line, 1);
	ck_assert_uint_eq(list->child->line, 4);
	ck_assert_uint_eq(json_get(list->child->next, "c")->line, 5);
	arena_done(&a);
}
END_TEST

static const struct {
	const char *text, *written;
} texts[] = {
	{"ops", "ops"},
	{"a-b_c.d/e9", "a-b_c.d/e9"},
	{"", "''"},
	{"yes", "'yes'"},
	{"No", "'No'"},
	{"null", "'null'"},
	{"12", "'12'"},
	{"1e3", "'1e3'"},
	{"-x", "'-x'"},
	{"#ops", "'#ops'"},
	{"a: b", "'a: b'"},
	{" x ", "' x '"},
	{"it's", "'it''s'"},
	{"severity=\"page\"", "'severity=\"page\"'"},
	{"b\\s", "'b\\s'"},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "'\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80'"},
	{"two\nlines\"\\", "\"two\\nlines\\\"\\\\\""},
	{"\t\x7f", "\"\\u0009\\u007F\""},
	{"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf", "\"\\u0085\\u2028\\uFEFF\""},
};

START_TEST(texts_are_written)
{
	struct buf b;
	const struct json *v;

	buf_init(&b, 1 * MIB);
	yaml_put_str(&b, str_of(texts[_i].text));
	ck_str(buf_str(&b), texts[_i].written);
	buf_reset(&b);
	buf_add(&b, S("a: "));
	yaml_put_str(&b, str_of(texts[_i].text));
	v = parse(buf_str(&b));
	ck_assert_msg(v, "%s", err.text);
	ck_assert_int_eq(json_get(v, "a")->type, JSON_STR);
	ck_str(json_get_str(v, "a"), texts[_i].text);
	buf_done(&b);
	arena_done(&a);
}
END_TEST

START_TEST(what_is_no_utf8_is_replaced)
{
	struct buf b;

	buf_init(&b, 1 * MIB);
	yaml_put_str(&b, S("a\xff\0b\xc3"));
	ck_str(buf_str(&b), "\"a\\uFFFD\\uFFFDb\\uFFFD\"");
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"yaml", reads_as_json_would},
		{"yaml", refuses_with_the_line},
		{"yaml", large_and_deep_ones_are_refused},
		{"yaml", values_know_their_line},
		{"writing", texts_are_written, COUNT_OF(texts)},
		{"writing", what_is_no_utf8_is_replaced},
	};

	return unit_run("base/yaml", tests, COUNT_OF(tests));
}
