#include "base/jq.h"
#include "unit.h"

/* Its parser forgets the texts of a program that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct jq_program *made(const char *text)
{
	struct err err = {0};
	struct jq_program *p = jq_program_new(S("def twice: . * 2;"), str_of(text), &err);

	ck_assert_msg(p, "%s: %s", text, err.text);
	return p;
}

static const struct json *tree(const char *text)
{
	struct err err = {0};
	const struct json *v = json_parse(&a, str_of(text), JSON_STRICT, &err);

	ck_assert_msg(v, "%s: %s", text, err.text);
	return v;
}

/* What the program answers, each value on a line; or "! " and why it failed. */
static struct str answer(const char *program, const char *input, size_t most)
{
	struct jq_program *p = made(program);
	struct err err = {0};
	struct json *out;
	struct buf b;
	struct str text;

	if (!jq_run(p, &a, tree(input), most, &out, &err)) {
		jq_program_free(p);
		return arena_printf(&a, "! %s", err.text);
	}
	buf_init(&b, MIB);
	for (; out; out = out->next) {
		struct json_out o = json_out(&b);

		json_put(&o, out);
		buf_char(&b, '\n');
	}
	text = arena_dup(&a, buf_str(&b));
	buf_done(&b);
	jq_program_free(p);
	return text;
}

START_TEST(runs)
{
	ck_str(answer(".a", "{\"a\":[1,2.5,\"x\",null,true,{\"b\":[]}]}", 1), "[1,2.5,\"x\",null,true,{\"b\":[]}]\n");
	ck_str(answer(".[]", "[1,2,3]", 3), "1\n2\n3\n");
	ck_str(answer("empty", "null", 0), "");
	ck_str(answer("twice", "21", 1), "42\n");
	ck_str(answer(". # the end has no newline", "1", 1), "1\n");
	ck_str(answer("{(@base64d): @base64d}", "\"YQBi\"", 1), "{\"ab\":\"ab\"}\n"); /* without U+0000 */
	ck_str(answer(".", "\"\\u00e4 \\ud83d\\ude00 \\\"\"", 1), "\"\xc3\xa4 \xf0\x9f\x98\x80 \\\"\"\n");
}
END_TEST

START_TEST(runs_again)
{
	struct jq_program *p = made("if . == 2 then error(\"no\") else .,. end");
	struct err err = {0};
	struct json *out;

	ck_assert(jq_run(p, &a, tree("1"), 2, &out, &err) && out->next && !out->next->next);
	ck_assert(!jq_run(p, &a, tree("2"), 2, &out, &err));
	err_clear(&err);
	ck_assert(!jq_run(p, &a, tree("3"), 1, &out, &err)); /* left in the middle */
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	err_clear(&err);
	ck_assert(jq_run(p, &a, tree("4"), 2, &out, &err) && out->i == 4 && out->next->i == 4 && !out->next->next);
	jq_program_free(p);
	jq_program_free(NULL);
}
END_TEST

START_TEST(failures)
{
	ck_str(answer("error(\"no \\(.n) here\")", "{\"n\":5}", 1), "! no 5 here");
	ck_str(answer("1, error(\"late\")", "null", 9), "! late");
	ck_str(answer("error({a: 1})", "null", 1), "! the program failed");
	ck_assert(str_starts(answer(".a", "[]", 1), S("! Cannot index array")));
}
END_TEST

START_TEST(whole_numbers_stay_exact)
{
	ck_str(answer(".[]", "[9007199254740992,-9007199254740992]", 9), "9007199254740992\n-9007199254740992\n");
	ck_str(answer(".[]", "[9007199254740993,-9007199254740993,1768900000123456789]", 9),
	       "\"9007199254740993\"\n\"-9007199254740993\"\n\"1768900000123456789\"\n");
	ck_str(answer(".[] | type", "[5,5.0,5.5,10000000000000000]", 9), "\"number\"\n\"number\"\n\"number\"\n\"string\"\n");
	ck_str(answer(".", "5.0", 1), "5\n");
	ck_str(answer(".", "-0.25", 1), "-0.25\n");
}
END_TEST

START_TEST(values_have_a_limit)
{
	ck_str(answer("range(3)", "null", 3), "0\n1\n2\n");
	ck_str(answer("range(4)", "null", 3), "! the program makes too many values of one body");
	ck_str(answer("range(1e18)", "null", 3), "! the program makes too many values of one body");
	ck_str(answer("1", "null", 0), "! the program makes too many values of one body");
}
END_TEST

START_TEST(deep_values_are_cut)
{
	struct str text = answer("reduce range(200) as $i (0; [.])", "null", 1);

	ck_assert_uint_le(text.n, 2 * JSON_MAX_DEPTH + 10);
	ck_assert(str_find(text, S("[null]"), NULL));
}
END_TEST

static const char *const refused[] = {
	"env", ".a | env", "env.PATH", "$ENV", "$ENV.PATH", "$__prog_args", "input", "[inputs]", "first(inputs)", "debug", "stderr", "halt",
	"halt_error", "halt_error(1)", "now", "localtime", "strflocaltime(\"%H\")", "input_filename", "input_line_number", "modulemeta",
	"get_search_list", "import \"a\" as a; .", "include \"a\"; .",
	/* in a text, and in a text in a text */
	"\"\\(env)\"", "\"a \\(\"b \\(env.HOME) c\") d\"", "\"\\((1) + (env|length))\"", "@json \"\\(input)\"", "\"\\({a: (env)})\"", "\"\\\\\\(env)\"",
	/* what only looks like a key or a field */
	"$ ENV", "$\nENV.HOME", "[$ # \n ENV]", "$", ".$ENV", ". as {$ENV: $x} | $x", ".[env:]", ".[1, halt:2]", "[1,2][now:]", "{a: env}", "{env}", "{(env): 1}", ". env", "def env: 1; .", "\"x\" # \"\n| env",
};

START_TEST(refuses)
{
	struct err err = {0};

	ck_assert_msg(!jq_program_new(S(""), str_of(refused[_i]), &err), "%s was taken", refused[_i]);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(strstr(err.text, "a program may not use "), "%s: %s", refused[_i], err.text);
}
END_TEST

START_TEST(the_names_are_free_elsewhere)
{
	ck_str(answer(".env, .a.input, .now?", "{\"env\":1,\"a\":{\"input\":2},\"now\":3}", 9), "1\n2\n3\n");
	ck_str(answer("{env: 1, input : .x, \"now\": 2} | [.env, .now]", "{}", 1), "[1,2]\n");
	ck_str(answer(". as {env: $x} | $x", "{\"env\":7}", 1), "7\n");
	ck_str(answer("\"env $ENV input import \\\"now\\\" \\\\(env)\"", "null", 1), "\"env $ENV input import \\\"now\\\" \\\\(env)\"\n");
	ck_str(answer("\"\\({env: 1}.env) \\(.a + \")\") env\"", "{\"a\":\"(\"}", 1), "\"1 () env\"\n");
	ck_str(answer("1 # env and input are not used\n", "null", 1), "1\n");
	ck_str(answer(". as $environment | $environment | {inputs_of: .}", "1", 1), "{\"inputs_of\":1}\n");
}
END_TEST

START_TEST(mistakes_name_their_line)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"nosuch", "line 1: nosuch/0 is not defined"},
		{".a\n| .b\n| nosuch(1)", "line 3: nosuch/1 is not defined"},
		{".\n| env", "line 2: a program may not use env"},
		{"\"a\nb\n\" # c\n| \"x\ny \\(now)\"", "line 5: a program may not use now"},
		{"\n\n.a |", "syntax error"},
		{"$x", "line 1: $x is not defined"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err err = {0};

		ck_assert(!jq_program_new(S("def a: 1;\ndef b: 2;\n"), str_of(cases[i].text), &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_msg(strstr(err.text, cases[i].why), "'%s': %s", cases[i].text, err.text);
	}
}
END_TEST

START_TEST(limits_of_programs)
{
	struct err err = {0};
	char *text = mem_new(JQ_PROGRAM_MAX + 2);
	struct jq_program *p;

	memset(text, ' ', JQ_PROGRAM_MAX + 1);
	text[0] = '.';
	p = jq_program_new(S(""), str_n(text, JQ_PROGRAM_MAX), &err);
	ck_assert(p);
	jq_program_free(p);
	ck_assert(!jq_program_new(S(""), str_n(text, JQ_PROGRAM_MAX + 1), &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	err_clear(&err);
	memset(text, '[', 1000);
	ck_assert(!jq_program_new(S(""), str_n(text, 1000), &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert(strstr(err.text, "nested too deep"));
	mem_free(text);
}
END_TEST

START_TEST(unbalanced)
{
	static const char *const bad[] = {")", "\"\\(", "\"\\(\"", "]})", "\"", "\"\\", "{", "\"\\(1)", "\\"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = {0};

		ck_assert_msg(!jq_program_new(S(""), str_of(bad[i]), &err), "%s was taken", bad[i]);
		ck_assert_int_eq(err.code, ERR_INVALID);
	}
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"run", runs},
		{"run", runs_again},
		{"run", failures},
		{"run", whole_numbers_stay_exact},
		{"run", values_have_a_limit},
		{"run", deep_values_are_cut},
		{"names", refuses, COUNT_OF(refused)},
		{"names", the_names_are_free_elsewhere},
		{"mistakes", mistakes_name_their_line},
		{"mistakes", limits_of_programs},
		{"mistakes", unbalanced},
	};

	return unit_run_in("base/jq", tests, COUNT_OF(tests), open_arena, close_arena);
}
