/* Matchers: our own cases, and the filters in ../shared/payloads/_recordings where they are. */
#include "net/form.h"
#include "ops/matcher.h"
#include "unit.h"

static struct arena a;
static struct matchers m;
static struct err err;

static void open_arena(void)
{
	arena_init(&a);
	m = (struct matchers){0};
	err = (struct err){0};
}

static void close_arena(void)
{
	matchers_done(&m);
	arena_done(&a);
}

/* Tried against Alertmanager 0.25: what a matcher is, or why it is none. */
static const struct {
	const char *text, *name, *op, *value; /* name NULL: refused, value is the sentence */
} single[] = {
	{"foo=bar", "foo", "=", "bar"},
	{"foo==bar", "foo", "=", "=bar"},
	{"foo=\"bar\"", "foo", "=", "bar"},
	{" foo = bar ", "foo", "=", "bar"},
	{"foo\t=\tbar", "foo", "=", "bar"},
	{"foo\n=bar", "foo", "=", "bar"},
	{"foo=b\nar", "foo", "=", "b\nar"},
	{"foo=~\"b.*\"", "foo", "=~", "b.*"},
	{"foo=~b", "foo", "=~", "b"},
	{"foo=~~x", "foo", "=~", "~x"},
	{"foo!~\"b.*\"", "foo", "!~", "b.*"},
	{"foo!=bar", "foo", "!=", "bar"},
	{"foo=", "foo", "=", ""},
	{"foo= ", "foo", "=", ""},
	{"foo=\"\"", "foo", "=", ""},
	{"foo=~", "foo", "=~", ""},
	{"f:o=bar", "f:o", "=", "bar"},
	{"_f0:=bar", "_f0:", "=", "bar"},
	{"foo=é", "foo", "=", "é"},
	{"foo='bar'", "foo", "=", "'bar'"},
	{"foo=\" bar\"", "foo", "=", " bar"},
	{"foo=bar,severity=critical", "foo", "=", "bar,severity=critical"}, /* one matcher, no list */
	{"foo=\"a\\\"b\\\\c\\nd\"", "foo", "=", "a\"b\\c\nd"},
	{"foo=\"\\d\"", "foo", "=", "\\d"},
	{"foo=\\d", "foo", "=", "\\d"},
	{"foo=bar\\", "foo", "=", "bar\\"},
	{"foo=\\\"", "foo", "=", "\""},
	{"foo=\"\\é\"", "foo", "=", "\\é"},
	{"foo=~\"\\\\d\"", "foo", "=~", "\\d"},
	{"", NULL, NULL, "bad matcher format: "},
	{"foo", NULL, NULL, "bad matcher format: foo"},
	{"=bar", NULL, NULL, "bad matcher format: =bar"},
	{"1foo=bar", NULL, NULL, "bad matcher format: 1foo=bar"},
	{"fo-o=bar", NULL, NULL, "bad matcher format: fo-o=bar"},
	{"fo.o=bar", NULL, NULL, "bad matcher format: fo.o=bar"},
	{"é=bar", NULL, NULL, "bad matcher format: é=bar"},
	{"foo!bar", NULL, NULL, "bad matcher format: foo!bar"},
	{"foo ! = bar", NULL, NULL, "bad matcher format: foo ! = bar"},
	{"{foo=\"bar\"}", NULL, NULL, "bad matcher format: {foo=\"bar\"}"},
	{"{alertname", NULL, NULL, "bad matcher format: {alertname"},
	{"foo=\"bar", NULL, NULL, "matcher value contains unescaped double quote: \"bar"},
	{"foo=bar\"", NULL, NULL, "matcher value contains unescaped double quote: bar\""},
	{"foo=b\"ar", NULL, NULL, "matcher value contains unescaped double quote: b\"ar"},
	{"foo=\"b\"ar\"", NULL, NULL, "matcher value contains unescaped double quote: \"b\"ar\""},
	{"foo=\"bar\"x", NULL, NULL, "matcher value contains unescaped double quote: \"bar\"x"},
	{"foo=\"bar\"}", NULL, NULL, "matcher value contains unescaped double quote: \"bar\"}"},
	{"foo=\"bar\",", NULL, NULL, "matcher value contains unescaped double quote: \"bar\","},
	{"foo=\"bar\\", NULL, NULL, "matcher value contains unescaped double quote: \"bar\\"},
	{"foo=\"bar\\\"", NULL, NULL, "matcher value contains unescaped double quote: \"bar\\\""},
	{"foo=\"", NULL, NULL, "matcher value contains unescaped double quote: \""},
	{"foo=\xff", NULL, NULL, "matcher value not valid UTF-8: \xff"},
	{"foo=~\"\xff\"", NULL, NULL, "matcher value not valid UTF-8: \"\xff\""},
	{"foo=~\"(\"", NULL, NULL, "error parsing regexp: missing closing ): `^(?:()$`"},
	{"foo!~[", NULL, NULL, "error parsing regexp: missing closing ]: `[)$`"},
};

START_TEST(one)
{
	if (!single[_i].name) {
		ck_assert(!matchers_add(&a, &m, str_of(single[_i].text), &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_str_eq(err.text, single[_i].value);
		ck_assert_int_eq(m.count, 0);
		return;
	}
	ck_assert_msg(matchers_add(&a, &m, str_of(single[_i].text), &err), "%s: %s", single[_i].text, err.text);
	ck_assert_int_eq(m.count, 1);
	ck_str(m.items[0].name, single[_i].name);
	ck_assert_str_eq(matcher_op_text(m.items[0].op), single[_i].op);
	ck_str(m.items[0].value, single[_i].value);
}
END_TEST

/* Alertmanager 0.25's ParseMatchers(): as the configuration and `amtool silence add` read lists. */
static const struct {
	const char *text, *out; /* NULL: refused */
} lists[] = {
	{"", ""},
	{"{}", ""},
	{" ", ""},
	{"foo=bar", "foo=\"bar\""},
	{"{foo=bar}", "foo=\"bar\""},
	{"{foo=\"bar\"", "foo=\"bar\""},
	{"foo=\"bar\"}", "foo=\"bar\""},
	{"foo=\"bar\",", "foo=\"bar\""},
	{"{foo=\"bar\", }", "foo=\"bar\""},
	{"{foo=\"bar\",severity!=\"info\", team=~\"a|b\" ,x!~y}",
	 "foo=\"bar\" severity!=\"info\" team=~\"a|b\" x!~\"y\""},
	{"foo=\"a,b\",c=d", "foo=\"a,b\" c=\"d\""},
	{"foo=\"a\\\",b\",c=d", "foo=\"a\\\",b\" c=\"d\""},
	{"foo=\"\\\\\",c=d", "foo=\"\\\\\" c=\"d\""},
	{"foo=\"a\nb\"", "foo=\"a\\nb\""},
	{"foo=a,foo=b", "foo=\"a\" foo=\"b\""},
	{",", NULL},
	{"foo=bar,,", NULL},
	{",foo=bar", NULL},
	{"foo=bar, ,c=d", NULL},
	{"{foo=\"bar\"} ", NULL},
	{"{{foo=\"bar\"}}", NULL},
	{"foo=\"a,b", NULL},
	{"{", ""},
	{"}", ""},
	{"foo=~\"(,\"", NULL},
};

START_TEST(list)
{
	struct buf b;

	if (!lists[_i].out) {
		ck_assert_msg(!matchers_parse(&a, &m, str_of(lists[_i].text), &err), "%s is taken", lists[_i].text);
		ck_assert_int_eq(err.code, ERR_INVALID);
		return;
	}
	ck_assert_msg(matchers_parse(&a, &m, str_of(lists[_i].text), &err), "%s: %s", lists[_i].text, err.text);
	buf_init(&b, KIB);
	for (size_t i = 0; i < m.count; i++)
		buf_printf(&b, "%s" STR_FMT, i ? " " : "", STR_ARG(matcher_text(&a, &m.items[i])));
	ck_str(buf_str(&b), lists[_i].out);
	buf_done(&b);
}
END_TEST

START_TEST(too_many)
{
	for (int i = 0; i < MATCHERS_MAX; i++)
		ck_assert(matchers_add(&a, &m, S("a=~b"), &err));
	ck_assert(!matchers_add(&a, &m, S("a=~b"), &err));
	ck_assert_int_eq(err.code, ERR_TOO_MANY);
	ck_assert_int_eq(m.count, MATCHERS_MAX);
}
END_TEST

START_TEST(what_is_shown_is_cut)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	for (int i = 0; i < 2000; i++)
		buf_char(&b, 'x');
	ck_assert(!matchers_add(&a, &m, buf_str(&b), &err));
	ck_assert_int_lt(strlen(err.text), 384);
	buf_done(&b);
}
END_TEST

static const struct {
	const char *matchers;
	bool fits;
} asked[] = {
	{"", true},
	{"alertname=DiskFull", true},
	{"alertname=Disk", false},
	{"alertname!=DiskFull", false},
	{"alertname!=Disk", true},
	{"alertname=~Disk", false},
	{"alertname=~Disk.*", true},
	{"alertname=~\"Disk.*|Mem.*\"", true},
	{"alertname!~Disk", true},
	{"alertname!~Disk.*", false},
	/* a label that is not there is "" */
	{"absent=", true},
	{"absent=\"\"", true},
	{"absent!=\"\"", false},
	{"absent!=x", true},
	{"absent=~\"\"", true},
	{"absent=~\".*\"", true},
	{"absent=~\".+\"", false},
	{"absent!~\".+\"", true},
	{"team=\"\"", false},
	/* all of them */
	{"alertname=DiskFull,team=db", true},
	{"alertname=DiskFull,team=web", false},
	{"team=~db|web,team!=web", true},
};

START_TEST(fits)
{
	struct label items[] = {{S("alertname"), S("DiskFull")}, {S("team"), S("db")}};
	struct labels labels = {items, COUNT_OF(items)};

	ck_assert(matchers_parse(&a, &m, str_of(asked[_i].matchers), &err));
	ck_assert_msg(matchers_fit(&m, &labels) == asked[_i].fits, "%s", asked[_i].matchers);
}
END_TEST

#define RECORDED OPSROOM_SOURCE "/../shared/payloads/_recordings/"

static const struct json *read_recorded(const char *path)
{
	FILE *f = fopen(path, "rb");
	const struct json *v;
	struct buf b;
	size_t got;
	char *p;

	if (!f)
		return NULL;
	buf_init(&b, 16 * MIB);
	while ((p = buf_room(&b, 65536)) && (got = fread(p, 1, 65536, f)) > 0)
		b.n += got;
	fclose(f);
	v = json_parse(&a, arena_dup(&a, buf_str(&b)), JSON_LAST_KEY_WINS, &err);
	buf_done(&b);
	ck_assert_msg(v, "%s: %s", path, err.text);
	return v;
}

/* What was answered 200 is a matcher, what was answered 400 is refused with the same sentence. */
static int try_filters(struct str path, const struct json *response)
{
	bool taken = json_get_int(response, "status", 0) == 200;
	struct str query, ignored;
	struct form form;
	int tried = 0;

	query = str_cut(path, '?', &ignored);
	ck_assert(form_parse(&a, query, &form, &err));
	for (size_t i = 0; i < form.count; i++) {
		struct str text = form.fields[i].value;

		if (!str_is(form.fields[i].name, "filter"))
			continue;
		tried++;
		err_clear(&err);
		ck_assert_msg(matchers_add(&a, &m, text, &err) == taken, STR_FMT ": %s", STR_ARG(text), err.text);
		if (!taken)
			ck_str(json_get_str(response, "body"), err.text);
	}
	return tried;
}

START_TEST(recorded)
{
	static const char *const files[] = {RECORDED "alertmanager_api_v2_exchanges.json", RECORDED "amtool_http.json"};
	const struct json *all = read_recorded(files[_i]);
	int tried = 0;

	for (const struct json *e = all ? all->child : NULL; e; e = e->next) {
		const struct json *request = json_get(e, "request") ? json_get(e, "request") : e;

		tried += try_filters(json_get_str(request, "path"), json_get(e, "response"));
	}
	ck_assert(!all || tried >= 3);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"read", one, .times = COUNT_OF(single)},
		{"read", list, .times = COUNT_OF(lists)},
		{"read", too_many},
		{"read", what_is_shown_is_cut},
		{"read", recorded, .times = 2},
		{"fit", fits, .times = COUNT_OF(asked)},
	};

	return unit_run_in("ops/matcher", tests, COUNT_OF(tests), open_arena, close_arena);
}
