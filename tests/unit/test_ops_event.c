#include "ops/event.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct json *tree(struct str text)
{
	struct err err = {0};
	struct json *v = json_parse(&a, text, JSON_STRICT, &err);

	ck_assert_msg(v, STR_FMT ": %s", STR_ARG(text), err.text);
	return v;
}

static struct event event(struct str draft)
{
	struct err err = {0};
	struct event e;

	ck_assert_msg(event_of(&a, S("tool"), tree(draft), S("body"), 3, &e, &err), STR_FMT ": %s", STR_ARG(draft), err.text);
	return e;
}

/* Another member of an otherwise empty draft. */
static struct event with(const char *name, const char *value)
{
	return event(arena_printf(&a, "{\"%s\":%s}", name, value));
}

static struct str time_text(wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	return at ? arena_dup(&a, wall_write(text, at)) : S("null");
}

/* n times the text, in quotes. */
static const char *repeated(const char *text, size_t n)
{
	struct str s = str_of(text);
	char *p = arena_alloc(&a, s.n * n + 3);

	p[0] = '"';
	for (size_t i = 0; i < n; i++)
		memcpy(p + 1 + i * s.n, s.p, s.n);
	strcpy(p + 1 + n * s.n, "\"");
	return p;
}

START_TEST(an_empty_draft)
{
	struct event e = event(S("{}"));
	struct json_out o;
	struct buf b;

	buf_init(&b, MIB);
	o = json_out(&b);
	event_write(&o, &e);
	ck_str(buf_str(&b), "{\"source\":\"tool\",\"status\":\"firing\",\"severity\":\"warning\",\"title\":\"(untitled tool event)\",\"summary\":\"\",\"url\":\"\","
			    "\"dedup_key\":\"tool:body:230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5:3\",\"labels\":{},"
			    "\"starts_at\":null,\"ends_at\":null}");
	buf_done(&b);
}
END_TEST

START_TEST(no_event)
{
	struct event e;
	struct err err = {0};

	ck_assert(!event_of(&a, S("tool"), tree(S("[]")), S(""), 0, &e, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

/* ---- absent values ---- */

START_TEST(absent_values)
{
	static const char *const absent[] = {"null", "\"\"", "\" \\t\\r\\n \"", "\"\\u00a0\\u2003\\u3000\"", "{}", "{\"a\":\"x\"}", "[]", "[\"x\"]",
					     "\"$TITLE\"", "\" $ALERT_TITLE_2 \"", "\"{{title}}\"", "\"{{ .CommonLabels.x }}\"", "\"{{}}\"",
					     "\"{HOST.NAME}\"", "\"{EVENT_NAME1}\"", "\"*UNKNOWN*\""};

	for (size_t i = 0; i < COUNT_OF(absent); i++) {
		struct event e = event(arena_printf(&a, "{\"title\":[%s,\"next\"],\"labels\":{\"l\":%s}}", absent[i], *absent[i] == '[' ? "null" : absent[i]));

		ck_assert_msg(str_is(e.title, "next"), "%s is a value: " STR_FMT, absent[i], STR_ARG(e.title));
		ck_assert_uint_eq(e.labels.count, 0);
	}
}
END_TEST

START_TEST(present_values)
{
	static const struct {
		const char *value, *text;
	} present[] = {
		{"0", "0"},
		{"false", "false"},
		{"true", "true"},
		{"3", "3"},
		{"1.5", "1.5"},
		{"-0.1", "-0.1"},
		{"1768900000123456789", "1768900000123456789"},
		{"\"0\"", "0"},
		{"\"$5\"", "$5"},
		{"\"$title\"", "$title"},
		{"\"$TITLE here\"", "$TITLE here"},
		{"\"$\"", "$"},
		{"\"{{a}} {{b}}\"", "{{a}} {{b}}"},
		{"\"x {{a}}\"", "x {{a}}"},
		{"\"{}\"", "{}"},
		{"\"{1}\"", "{1}"},
		{"\"{host}\"", "{host}"},
		{"\"{HOST NAME}\"", "{HOST NAME}"},
		{"\"UNKNOWN\"", "UNKNOWN"},
		{"\"  x  \"", "x"},
		{"\"\\u00a0x\\u2028\"", "x"},
	};

	for (size_t i = 0; i < COUNT_OF(present); i++) {
		ck_str(with("title", arena_printf(&a, "[%s,\"next\"]", present[i].value).p).title, present[i].text);
		ck_str(event_text(&a, tree(str_of(present[i].value))), present[i].text);
	}
	ck_str(event_text(&a, NULL), "");
}
END_TEST

START_TEST(cleaning)
{
	struct json *v = tree(S("{\"a\":\" x \",\"b\":\"$B\",\"c\":[\"\",{\"d\":\"{{d}}\"}],\"e\":0}"));
	struct json_out o;
	struct buf b;

	event_clean(v);
	buf_init(&b, MIB);
	o = json_out(&b);
	json_put(&o, v);
	ck_str(buf_str(&b), "{\"a\":\"x\",\"b\":null,\"c\":[null,{\"d\":null}],\"e\":0}");
	buf_done(&b);
}
END_TEST

/* ---- title, summary, url ---- */

START_TEST(titles)
{
	struct str s;

	ck_str(with("title", "\"  one\\r\\n\\t two\\u00a0 \\u2029three \"").title, "one two three");
	s = with("title", repeated("x", 250)).title;
	ck_assert_uint_eq(s.n, 250);
	s = with("title", repeated("x", 251)).title;
	ck_assert(s.n == 249 + 3 && str_ends(s, S("x\xe2\x80\xa6")));
	s = with("title", repeated("\xf0\x9f\x94\xa5", 250)).title; /* characters, not bytes */
	ck_assert(s.n == 1000 && str_ends(s, S("\xf0\x9f\x94\xa5")));
	s = with("title", repeated("\xf0\x9f\x94\xa5", 251)).title;
	ck_assert(s.n == 249 * 4 + 3 && str_ends(s, S("\xf0\x9f\x94\xa5\xe2\x80\xa6")) && str_is_utf8(s));
	ck_str(with("title", "[null,{},\"$X\"]").title, "(untitled tool event)");
}
END_TEST

START_TEST(summaries)
{
	struct str s;

	ck_str(with("summary", "\" \\r\\na\\r\\nb\\rc\\n\\n  d <b>\\r\\n\"").summary, "a\nb\nc\n\n  d <b>");
	s = with("summary", repeated("\xc3\xa4", 4000)).summary;
	ck_assert_uint_eq(s.n, 8000);
	s = with("summary", repeated("\xc3\xa4", 4001)).summary;
	ck_assert(s.n == 3999 * 2 + 3 && str_ends(s, S("\xc3\xa4\xe2\x80\xa6")));
	ck_str(with("summary", "[null,\"\",5]").summary, "5");
}
END_TEST

START_TEST(urls)
{
	ck_str(with("url", "\"https://x.example/\"").url, "https://x.example/");
	ck_str(with("url", "[\"/path\",null,\"ftp://x\",\"HTTP://x.example\",\"https://y\"]").url, "HTTP://x.example");
	ck_str(with("url", "\"javascript:alert(1)\"").url, "");
	ck_str(with("url", "[\"http\",\"https:/x\",5]").url, "");
}
END_TEST

/* ---- status and severity ---- */

START_TEST(statuses)
{
	ck_assert_int_eq(with("status", "\"firing\"").status, EVENT_FIRING);
	ck_assert_int_eq(with("status", "\"resolved\"").status, EVENT_RESOLVED);
	ck_assert_int_eq(with("status", "\"info\"").status, EVENT_INFO);
	ck_assert_int_eq(with("status", "\"pending\"").status, EVENT_INFO);
	ck_assert_int_eq(with("status", "null").status, EVENT_FIRING);
}
END_TEST

START_TEST(usual_statuses)
{
	ck_assert_int_eq(with("usual_status", "\"Problem\"").status, EVENT_FIRING);
	ck_assert_int_eq(with("usual_status", "[null,\"\",null]").status, EVENT_FIRING);
	ck_assert_int_eq(with("usual_status", "[null,\"UP\",\"down\"]").status, EVENT_RESOLVED);
	ck_assert_int_eq(with("usual_status", "\"deployed\"").status, EVENT_INFO);
	ck_assert_int_eq(with("usual_status", "\"deployed\"").severity, SEVERITY_INFO);
	ck_assert_int_eq(with("usual_status", "\"ok\"").severity, SEVERITY_WARNING);
	ck_assert_int_eq(event(S("{\"usual_status\":\"deployed\",\"severity\":\"high\"}")).severity, SEVERITY_ERROR);
	ck_assert_int_eq(with("status", "\"ok\"").status, EVENT_INFO); /* a program's own word is exact */
}
END_TEST

START_TEST(tags)
{
	struct event e = event(S("{\"labels\":{\"a\":\"1\"},\"tags\":\"a:2, b : 3:4,c,, :x,d:\"}"));

	ck_str(labels_text(&a, &e.labels), "{a=\"1\", b=\"3:4\", c=\"true\"}");
	e = event(S("{\"tags\":[\"a:x,y\",5,null,\"b\",\"a:z\"]}"));
	ck_str(labels_text(&a, &e.labels), "{a=\"x,y\", b=\"true\"}");
	ck_assert_uint_eq(with("tags", "{\"a\":1}").labels.count, 0);
}
END_TEST

START_TEST(severities)
{
	static const char *const words[] = {
		[SEVERITY_CRITICAL] = "critical crit fatal emergency emerg page disaster blocker highest p0 p1 CRITICAL Page",
		[SEVERITY_ERROR] = "error err high major severe p2 High P2",
		[SEVERITY_WARNING] = "warning warn medium moderate average minor p3 WARN nonsense p6 criti critical. 7",
		[SEVERITY_INFO] = "info information informational notice low lowest debug ok none trivial p4 p5 OK",
	};

	for (size_t i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++) {
		struct str rest = str_of(words[i]), word;

		while (str_word(&rest, &word)) {
			struct str quoted = arena_printf(&a, "\"" STR_FMT "\"", STR_ARG(word));

			ck_assert_msg(with("severity", quoted.p).severity == i, STR_FMT, STR_ARG(word));
		}
	}
	ck_assert_int_eq(with("severity", "\" Error \"").severity, SEVERITY_ERROR);
	ck_assert_int_eq(with("severity", "[null,\"$PRIORITY\",\"low\",\"high\"]").severity, SEVERITY_INFO);
	ck_assert_int_eq(with("severity", "[\"critical error\",\"high\"]").severity, SEVERITY_WARNING); /* the first that is there */
	ck_assert_int_eq(with("severity", "{}").severity, SEVERITY_WARNING);
	ck_assert_int_eq(event(S("{\"status\":\"resolved\",\"severity\":\"p1\"}")).severity, SEVERITY_CRITICAL);
}
END_TEST

/* ---- times ---- */

static const struct {
	const char *value, *time;
} times[] = {
	{"\"2026-11-21T08:53:45.568Z\"", "2026-11-21T08:53:45.568Z"},
	{"\"2026-11-21T08:53:45Z\"", "2026-11-21T08:53:45.000Z"},
	{"\"2026-11-21 08:53:45\"", "2026-11-21T08:53:45.000Z"},
	{"\"2026-11-21T08:53:45\"", "2026-11-21T08:53:45.000Z"},
	{"\"2026-11-21 08:53:45 UTC\"", "2026-11-21T08:53:45.000Z"},
	{"\"2026-11-21 08:53:45 +0000\"", "2026-11-21T08:53:45.000Z"},
	{"\"2026-11-21T08:53:45+01:00\"", "2026-11-21T07:53:45.000Z"},
	{"\"2026-11-21T08:53:45.5-0530\"", "2026-11-21T14:23:45.500Z"},
	{"\"2026-11-21 08:53:45.123 -05:00\"", "2026-11-21T13:53:45.123Z"},
	{"\"2026-11-21T08:53:45.999999999Z\"", "2026-11-21T08:53:45.999Z"}, /* cut, not rounded */
	{"\"2026-11-21T08:53:45.1Z\"", "2026-11-21T08:53:45.100Z"},
	{"\"2024-02-29T00:00:00Z\"", "2024-02-29T00:00:00.000Z"},
	/* numbers and digits: seconds, ms, us, ns */
	{"1768900000", "2026-01-20T09:06:40.000Z"},
	{"1768900000.5", "2026-01-20T09:06:40.500Z"},
	{"1566248317.391", "2019-08-19T20:58:37.391Z"},
	{"1697041043.914488", "2023-10-11T16:17:23.914Z"},
	{"\"1768900000\"", "2026-01-20T09:06:40.000Z"},
	{"\" 1768900000.1239 \"", "2026-01-20T09:06:40.123Z"},
	{"1768900000123", "2026-01-20T09:06:40.123Z"},
	{"1768900000123456", "2026-01-20T09:06:40.123Z"},
	{"1768900000123999999", "2026-01-20T09:06:40.123Z"},
	{"\"1768900000123999999\"", "2026-01-20T09:06:40.123Z"},
	{"\"9000000000000000000\"", "2255-03-14T16:00:00.000Z"},
	{"99999999999", "5138-11-16T09:46:39.000Z"},
	{"100000000000", "1973-03-03T09:46:40.000Z"},
	{"100000000000000", "1973-03-03T09:46:40.000Z"},
	{"100000000000000000", "1973-03-03T09:46:40.000Z"},
	{"31536000", "1971-01-01T00:00:00.000Z"},
	/* none */
	{"31535999", "null"},
	{"0", "null"},
	{"-1768900000", "null"},
	{"\"-1\"", "null"},
	{"\"0001-01-01T00:00:00Z\"", "null"},
	{"\"1970-12-31T23:59:59Z\"", "null"},
	{"\"9999-12-31T23:59:59-12:00\"", "null"},
	{"\"2023-02-29T00:00:00Z\"", "null"},
	{"\"2026-11-21\"", "null"},
	{"\"2026-11-21T25:00:00Z\"", "null"},
	{"\"2026-11-21T08:53:45 Mars\"", "null"},
	{"\"yesterday\"", "null"},
	{"\".\"", "null"},
	{"\"99999999999999999999999999\"", "null"},
	{"true", "null"},
	{"{}", "null"},
	{"null", "null"},
	{"\"\"", "null"},
};

START_TEST(reads_times)
{
	struct str got = time_text(event_time(&a, tree(str_of(times[_i].value))));

	ck_assert_msg(str_is(got, times[_i].time), "%s: " STR_FMT, times[_i].value, STR_ARG(got));
}
END_TEST

START_TEST(which_time)
{
	struct event e = event(S("{\"status\":\"firing\",\"starts_at\":[\"x\",1768900000,1768900009],\"ends_at\":1768900001}"));

	ck_str(time_text(e.starts_at), "2026-01-20T09:06:40.000Z");
	ck_str(time_text(e.ends_at), "null"); /* only what is resolved has an end */
	e = event(S("{\"status\":\"resolved\",\"starts_at\":1768900000,\"ends_at\":1768900001}"));
	ck_str(time_text(e.starts_at), "2026-01-20T09:06:40.000Z");
	ck_str(time_text(e.ends_at), "2026-01-20T09:06:41.000Z");
	e = event(S("{\"status\":\"resolved\",\"at\":[null,1768900001]}"));
	ck_str(time_text(e.starts_at), "null");
	ck_str(time_text(e.ends_at), "2026-01-20T09:06:41.000Z");
	e = event(S("{\"status\":\"info\",\"at\":1768900001}"));
	ck_str(time_text(e.starts_at), "2026-01-20T09:06:41.000Z");
	ck_str(time_text(e.ends_at), "null");
}
END_TEST

/* ---- keys ---- */

START_TEST(keys)
{
	ck_str(with("key", "\"x\"").dedup_key, "tool:x");
	ck_str(with("key", "[\"a\",7,false,\"b c\"]").dedup_key, "tool:a/7/false/b c");
	ck_str(with("key", "[null,\"a\",\" \",{},[\"x\"],\"$KEY\",\"b\"]").dedup_key, "tool:a/b");
	ck_assert(str_starts(with("key", "[null,\"\"]").dedup_key, S("tool:body:230d8358")));
	ck_assert(str_ends(with("key", "[]").dedup_key, S(":3")));
}
END_TEST

START_TEST(long_keys)
{
	struct str s = with("key", repeated("k", 195)).dedup_key;

	ck_assert(s.n == 200 && str_starts(s, S("tool:kkk")));
	/* sha256 of "tool:" and 196 k */
	ck_str(with("key", repeated("k", 196)).dedup_key, "tool:sha256:8f521f315032cd597c043c2640b4e38e5a8cec648f3b03bbdb918ae8911c6e3f");
	ck_assert(str_starts(with("key", repeated("\xc3\xa4", 98)).dedup_key, S("tool:sha256:"))); /* bytes, not characters */
}
END_TEST

/* ---- labels ---- */

START_TEST(labels)
{
	struct labels l = with("labels", "{\"b\":\" 2 \",\"a\":1.5,\"z\":false,\"none\":null,\"blank\":\"\",\"o\":{\"x\":1},\"list\":[\"x\",null,3,{},\"\",true],"
					 "\"empty\":[],\"nothing\":[null,\"$X\"],\"\":\"no name\",\"B\":\"3\"}").labels;

	ck_assert_uint_eq(l.count, 5);
	ck_str(l.items[0].name, "B"); /* by bytes */
	ck_str(l.items[1].name, "a");
	ck_str(l.items[1].value, "1.5");
	ck_str(l.items[2].value, "2");
	ck_str(l.items[3].name, "list");
	ck_str(l.items[3].value, "x,3,true");
	ck_str(l.items[4].value, "false");
	ck_assert_uint_eq(with("labels", "\"a=b\"").labels.count, 0);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"whole", an_empty_draft},
		{"whole", no_event},
		{"values", absent_values},
		{"values", present_values},
		{"values", cleaning},
		{"texts", titles},
		{"texts", summaries},
		{"texts", urls},
		{"words", statuses},
		{"words", usual_statuses},
		{"words", tags},
		{"words", severities},
		{"times", reads_times, COUNT_OF(times)},
		{"times", which_time},
		{"keys", keys},
		{"keys", long_keys},
		{"labels", labels},
	};

	return unit_run_in("ops/event", tests, COUNT_OF(tests), open_arena, close_arena);
}
