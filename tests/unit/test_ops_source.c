#include "ops/source.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

/* jq's parser forgets the texts of a program that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static char dir[] = "/tmp/opsroom-sources-XXXXXX";

static void open_folder(void)
{
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static const char *path(const char *name)
{
	static char whole[200];

	snprintf(whole, sizeof whole, "%s/%s", dir, name);
	return whole;
}

static const char *const names[] = {"a.yaml", "b.yaml", ".hidden.yaml", "c.txt", "c.yaml.swp"};

static void close_folder(void)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		unlink(path(names[i]));
	rmdir(path("d.yaml"));
	rmdir(dir);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static struct source_folder *must_read(void)
{
	struct err err = {0};
	struct source_folder *f = source_folder_read(str_of(dir), &err);

	ck_assert_msg(f, "%s", err.text);
	return f;
}

START_TEST(the_folders_go_before_the_built_in_ones)
{
	struct source_folder *f;

	put("b.yaml", "tool: pingdom\ntitle: Ours\nprogram: empty\n");
	put("a.yaml", "tool: builds\nauth: {hmac: X-Sign, prefix: v1=, header: X-Token, basic: true, sns: true}\nprogram: .a.b\n");
	put(".hidden.yaml", "[");
	put("c.txt", "[");
	put("c.yaml.swp", "[");
	ck_assert_int_eq(mkdir(path("d.yaml"), 0700), 0);
	f = must_read();
	ck_assert_uint_eq(source_folder_count(f), 2);
	ck_str(source_kind_tool(source_folder_at(f, 0)), "builds");
	ck_str(source_kind_can(source_folder_at(f, 0))->hmac, "X-Sign");
	ck_str(source_kind_can(source_folder_at(f, 0))->prefix, "v1=");
	ck_str(source_kind_can(source_folder_at(f, 0))->header, "X-Token");
	ck_assert(source_kind_can(source_folder_at(f, 0))->basic);
	ck_str(source_kind_title(source_find(f, S("pingdom"))), "Ours");
	ck_str(source_kind_file(source_find(f, S("pingdom"))), path("b.yaml"));
	ck_str(source_kind_title(source_find(NULL, S("pingdom"))), "Pingdom");
	ck_assert_ptr_eq(source_find(f, S("gitlab")), source_builtin(S("gitlab")));
	ck_assert_ptr_null(source_find(f, S("nothing")));
	source_folder_free(f);
}
END_TEST

START_TEST(no_folder_and_an_empty_one)
{
	struct err err = {0};
	struct source_folder *f = must_read();

	ck_assert_uint_eq(source_folder_count(f), 0);
	source_folder_free(f);
	f = source_folder_read(S(""), &err);
	ck_assert_uint_eq(source_folder_count(f), 0);
	source_folder_free(f);
	ck_assert_ptr_null(source_folder_read(S("/nonexistent"), &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_str(str_of(err.text), "/nonexistent: No such file or directory");
}
END_TEST

static const struct {
	const char *text, *says;
} wrong[] = {
	{"", "line 1: a source needs `tool` (a-z, 0-9, _ and -) and `program`"},
	{"tool: a\n", "line 1: a source needs `tool` (a-z, 0-9, _ and -) and `program`"},
	{"# ours\ntool: A B\nprogram: .\n", "line 2: a source needs `tool` (a-z, 0-9, _ and -) and `program`"},
	{"tool: a\nprogramme: .\n", "line 2: a source has tool, title, setup, auth, content_types, keys, members, values and program"},
	{"tool: a\ncontent_types: json\nprogram: .\n", "line 2: `content_types` is a list such as [application/json]"},
	{"tool: a\nprogram: [1]\n", "line 2: a text is wanted here"},
	{"tool: a\nkeys: upper\nprogram: .\n",
	 "line 2: `keys` can be lower or plain, and without PREFIX, or is left out"},
	{"tool: a\nkeys: lower case\nprogram: .\n", "line 2: `keys` can be"},
	{"tool: a\nmembers: all\nprogram: .\n",
	 "line 2: `members` can be named, with more as PREFIX* and NAME.* behind it, or is left out"},
	{"tool: a\nmembers: named x\nprogram: .\n", "line 2: `members` can be"},
	{"tool: a\nvalues: xml\nprogram: .\n", "line 2: `values` can be otlp, or is left out"},
	{"tool: a\nauth: hmac\nprogram: .\n", "line 2: `auth` has header: NAME, hmac: NAME with a prefix: TEXT, basic: true, sns: true"},
	{"tool: a\nauth: {header: A B}\nprogram: .\n", "line 2: `auth` has"},
	{"tool: a\nauth: {prefix: x}\nprogram: .\n", "line 2: `auth` has"},
	{"tool: a\nauth: {basic: false}\nprogram: .\n", "line 2: `auth` has"},
	{"tool: a\nauth: {sns: yes please}\nprogram: .\n", "line 2: `auth` has"},
	{"tool: a\nprogram: [\n", "line 3: "},
	{"tool: a\nprogram: .a |\n", "line 2: syntax error"},
	{"tool: a\nprogram: |\n  object\n  | {\n    x: $ENV\n  }\n", "line 5: a program may not use $ENV"},
	{"tool: a\ntitle: x\nprogram: |\n  object\n  | nothing_like_it\n", "line 5: nothing_like_it/0 is not defined"},
	{"tool: b\nprogram: .\n", "line 1: `tool: b` is that of "},
};

START_TEST(a_wrong_file_is_named_with_its_line)
{
	struct err err = {0};
	char says[300];

	put("a.yaml", "tool: b\nprogram: .\n");
	put("b.yaml", wrong[_i].text);
	snprintf(says, sizeof says, "%s: %s", path("b.yaml"), wrong[_i].says);
	ck_assert_ptr_null(source_folder_read(str_of(dir), &err));
	ck_assert_msg(str_starts(str_of(err.text), str_of(says)), "'%s' does not begin with '%s'", err.text, says);
}
END_TEST

/* What reaches the program: it answers its input as a title. */
static const struct {
	const char *kind, *body, *arrives;
} arrivals[] = {
	{"", "{\"a\":\" x \",\"b\":\"{{none}}\"}", "{\"a\":\"x\",\"b\":null}"},
	{"keys: lower\n", "{\"A.B\":1}", "{\"a.b\":1}"},
	{"keys: plain\n", "{\"A.B\":1,\"c_d\":2}", "{\"a_b\":1,\"c_d\":2}"},
	{"keys: without N_\n", "{\"N_A\":{\"N_B\":1},\"C\":2}", "{\"A\":{\"N_B\":1},\"C\":2}"},
	{"keys: lower without n_\n", "{\"N_A\":1}", "{\"a\":1}"},
	{"members: named\n", "{\"wanted\":[{\"wanted\":1,\"other\":2}],\"other\":{\"wanted\":3},\"wante\":4,\"\":5}",
	 "{\"wanted\":[{\"wanted\":1}]}"},
	{"members: named\n", "{\"two-words\":1,\"other-words\":2}", "{\"two-words\":1}"},
	{"members: named la* lb.*\n", "{\"lax\":{\"x\":1},\"lb\":{\"x\":{\"y\":1}},\"lbx\":2}",
	 "{\"lax\":{},\"lb\":{\"x\":{\"y\":1}}}"},
	{"members: named\n", "[\"a text\",{\"other\":1}]", "[\"a text\",{}]"},
	{"members: named\n", "\"a text\"", "\"a text\""},
	{"values: otlp\n",
	 "{\"a\":[{\"key\":\"s\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"i\",\"value\":{\"intValue\":\"5\"}},{"
	 "\"key\":7},3,{\"key\":\"b\",\"value\":{\"boolValue\":false}}]}",
	 "{\"a\":{\"s\":\"x\",\"i\":\"5\",\"b\":false}}"},
	{"values: otlp\n",
	 "{\"a\":{\"arrayValue\":{\"values\":[{\"doubleValue\":1.5},{\"kvlistValue\":{}}]}},\"b\":[]}",
	 "{\"a\":[1.5,{\"kvlistValue\":{}}],\"b\":[]}"},
};

START_TEST(what_arrives)
{
	struct source_folder *f;
	struct source_reading r;
	struct err err = {0};
	struct arena a;
	char text[400];

	arena_init(&a);
	snprintf(text, sizeof text, "tool: a\n%sprogram: |\n  {title: tojson} # wanted, \"two-words\"\n",
		 arrivals[_i].kind);
	put("a.yaml", text);
	f = must_read();
	ck_assert_msg(source_read(source_folder_at(f, 0), &a,
				  json_parse(&a, str_of(arrivals[_i].body), JSON_STRICT, &err), NULL, S(""), &r, &err),
		      "%s", err.text);
	ck_str(r.events[0].title, arrivals[_i].arrives);
	source_folder_free(f);
	arena_done(&a);
}
END_TEST

START_TEST(a_source_says_what_it_takes)
{
	struct source_folder *f;
	struct source_kind *k;

	put("a.yaml", "tool: a\ncontent_types: [application/json, text/xml]\nprogram: empty\n");
	put("b.yaml", "tool: b\nprogram: empty\n");
	f = must_read();
	k = source_folder_find(f, S("a"));
	ck_assert(source_kind_takes(k, S("application/json; charset=utf-8")) && source_kind_takes(k, S("Text/XML")));
	ck_assert(!source_kind_takes(k, S("text/plain")) && !source_kind_takes(k, S("")));
	ck_assert(source_kind_takes(source_folder_find(f, S("b")), S("")));
	source_folder_free(f);
}
END_TEST

/* The first delivery compiles its kind: it must not be the first to find out that it does not. */
START_TEST(every_built_in_one_compiles)
{
	for (size_t i = 0; i < source_builtin_count(); i++) {
		struct source_kind *k = source_builtin(source_builtin_name(i));
		struct err err = {0};

		ck_assert_msg(k, STR_FMT " cannot be read", STR_ARG(source_builtin_name(i)));
		ck_assert_msg(source_kind_compile(k, &err), "%s", err.text);
	}
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"folder", the_folders_go_before_the_built_in_ones},
		{"folder", no_folder_and_an_empty_one},
		{"folder", a_wrong_file_is_named_with_its_line, COUNT_OF(wrong)},
		{"arrivals", what_arrives, COUNT_OF(arrivals)},
		{"folder", a_source_says_what_it_takes},
		{"built in", every_built_in_one_compiles},
	};

	return unit_run_in("ops/source", tests, COUNT_OF(tests), open_folder, close_folder);
}
