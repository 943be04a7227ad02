/* The alerting file: what is refused and where, the routes that labels take, their keys, what is explained, Alertmanager's YAML. */
#include "ops/routing.h"
#include "unit.h"

static struct arena a;
static struct routing *r;
static struct err err;

static void open_arena(void)
{
	arena_init(&a);
	r = NULL;
	err = (struct err){0};
}

static void close_arena(void)
{
	routing_free(r);
	arena_done(&a);
}

static void must_read(const char *yaml)
{
	routing_free(r);
	r = routing_parse(str_of(yaml), "alerting.yaml", &err);
	ck_assert_msg(r, "%s", err.text);
}

/* "a=b c=d", sorted. */
static struct labels labels(const char *words)
{
	struct str rest = str_of(words), list[16];
	struct labels out;
	size_t n = 0;

	while (str_word(&rest, &list[n]))
		n++;
	ck_assert_msg(routing_read_labels(&a, list, n, &out, &err), "%s", err.text);
	return out;
}

static struct str receivers(const char *words)
{
	struct labels l = labels(words);
	const struct route **taken;
	size_t count = routing_match(r, &a, &l, &taken);
	struct str s = S("");

	for (size_t i = 0; i < count; i++)
		s = arena_printf(&a, STR_FMT "%s" STR_FMT, STR_ARG(s), i ? "," : "", STR_ARG(taken[i]->receiver->name));
	return s;
}

/* ---- errors ---- */

/* tests/sdk/import.test.mjs tries Alertmanager's sentences against amtool 0.25. */
static const struct {
	const char *yaml, *why;
} wrong[] = {
	{"foo: 1", "alerting.yaml: line 1: unknown key `foo`"},
	{"[]", "alerting.yaml: line 1: a mapping is wanted here, such as {name: x}"},
	{"a: [", "alerting.yaml: line 2: did not find expected node content"},
	{"route:\n  receiver: x", "alerting.yaml: line 2: undefined receiver \"x\" used in route"},
	{"route: {matchers: [a=b]}", "alerting.yaml: line 1: root route must not have any matchers"},
	{"route: {match: {a: b}}", "alerting.yaml: line 1: root route must not have any matchers"},
	{"route: {match_re: {a: b}}", "alerting.yaml: line 1: root route must not have any matchers"},
	{"route: {continue: true}", "alerting.yaml: line 1: cannot have continue in root route"},
	{"route: {continue: on}", "alerting.yaml: line 1: cannot have continue in root route"},
	{"route: {mute_time_intervals: [x]}",
	 "alerting.yaml: line 1: root route must not have any mute time intervals"},
	{"route: {active_time_intervals: [x]}",
	 "alerting.yaml: line 1: root route must not have any active time intervals"},
	{"route:\n  routes:\n  - mute_time_intervals: [x]",
	 "alerting.yaml: line 3: undefined time interval \"x\" used in route"},
	{"route:\n  routes:\n  - matchers: ['a=~(']",
	 "alerting.yaml: line 3: error parsing regexp: missing closing ): `^(?:()$`"},
	{"route:\n  routes:\n  - matchers: [a]", "alerting.yaml: line 3: bad matcher format: a"},
	{"route: {routes: [{match: {a-b: c}}]}", "alerting.yaml: line 1: invalid label name \"a-b\""},
	{"route: {routes: [{match_re: {a: '['}}]}",
	 "alerting.yaml: line 1: error parsing regexp: missing closing ]: `[)$`"},
	{"route: {routes: [{continue: maybe}]}", "alerting.yaml: line 1: cannot unmarshal `maybe` into bool"},
	{"route: {routes: [{continue: [true]}]}", "alerting.yaml: line 1: cannot unmarshal `...` into bool"},
	{"route: {routes: [1]}", "alerting.yaml: line 1: a mapping is wanted here"},
	{"route: {routes: {a: b}}", "alerting.yaml: line 1: `routes` is a list"},
	{"route: {group_by: [a, a]}", "alerting.yaml: line 1: duplicated label \"a\" in group_by"},
	{"route: {group_by: [a-b]}", "alerting.yaml: line 1: invalid label name \"a-b\" in group_by list"},
	{"route: {group_by: [a, ...]}",
	 "alerting.yaml: line 1: cannot have wildcard group_by (`...`) and other labels at the same time"},
	{"route: {group_by: a}", "alerting.yaml: line 1: `group_by` is a list"},
	{"route: {group_wait: 30}", "alerting.yaml: line 1: not a valid duration string: \"30\""},
	{"route: {group_wait: 99999999999y}", "alerting.yaml: line 1: not a valid duration string: \"99999999999y\""},
	{"route: {group_wait: 101y}", "alerting.yaml: line 1: not a valid duration string: \"101y\""},
	{"route: {group_interval: 0}", "alerting.yaml: line 1: group_interval cannot be zero"},
	{"route: {repeat_interval: 0s}", "alerting.yaml: line 1: repeat_interval cannot be zero"},
	{"receivers: [{channel: x}]", "alerting.yaml: line 1: missing name in receiver"},
	{"receivers: [{name: x}]", "alerting.yaml: line 1: the receiver `x` has no `channel`"},
	{"receivers: [{name: source, channel: x}]",
	 "alerting.yaml: line 1: the receiver `source` is always there; choose another name"},
	{"receivers:\n- {name: x, channel: y}\n- {name: x, channel: z}",
	 "alerting.yaml: line 3: notification config name \"x\" is not unique"},
	{"time_intervals: [{time_intervals: []}]", "alerting.yaml: line 1: missing name in time interval"},
	{"time_intervals: [{name: x, time_intervals: []}]\nmute_time_intervals: [{name: x, time_intervals: []}]",
	 "alerting.yaml: line 2: time interval \"x\" is not unique"},
	{"time_intervals: [{name: x}]", "alerting.yaml: line 1: the time interval `x` has no `time_intervals`"},
	{"time_intervals:\n- name: x\n  time_intervals: [{weekdays: [fri]}]",
	 "alerting.yaml: line 3: fri is not a valid weekday"},
	{"inhibit_rules: [{equal: [a-b]}]", "alerting.yaml: line 1: \"a-b\" is not a valid label name"},
	{"inhibit_rules: [{source_matchers: ['a=~*']}]", "alerting.yaml: line 1: error parsing regexp: "},
	{"services: [{name: x}]", "alerting.yaml: line 1: the service `x` has no `matchers`: it would be everybody's"},
	{"services: [{name: x, matchers: [a=b]}, {name: x, matchers: [a=b]}]",
	 "alerting.yaml: line 1: the service `x` is there twice"},
	{"storm: {groups: -1}", "alerting.yaml: line 1: `groups` is a whole number up to 100000"},
};

START_TEST(is_refused)
{
	r = routing_parse(str_of(wrong[_i].yaml), "alerting.yaml", &err);
	ck_assert_msg(!r, "%s is taken", wrong[_i].yaml);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(str_starts(str_of(err.text), str_of(wrong[_i].why)), "%s: %s", wrong[_i].yaml, err.text);
}
END_TEST

/* A key that was cut would begin like that of another route. */
START_TEST(a_key_is_whole_or_refused)
{
	struct buf b;

	buf_init(&b, 1 * MIB);
	buf_add(&b, S("route: {routes: [{matchers: ["));
	for (int i = 0; i < 12; i++) {
		buf_printf(&b, "%s'l%d=\"", i ? "," : "", i);
		for (int k = 0; k < 1000; k++)
			buf_char(&b, 'x');
		buf_add(&b, S("\"'"));
	}
	buf_add(&b, S("]}]}"));
	r = routing_parse(buf_str(&b), "alerting.yaml", &err);
	buf_done(&b);
	ck_assert_ptr_null(r);
	ck_assert_str_eq(
		err.text,
		"alerting.yaml: line 1: the matchers of this route and of those above it are longer than 8 KiB");
}
END_TEST

/* ---- routes ---- */

static const char tree[] =
	"route:\n"
	"  receiver: all\n"
	"  group_by: [alertname]\n"
	"  routes:\n"
	"  - {match: {severity: page}, receiver: pages, continue: yes}\n"
	"  - matchers: ['team=~\"d.*\"', 'env!=\"test\"']\n"
	"    receiver: db\n"
	"    group_wait: 0\n"
	"    group_by: [cluster, alertname]\n"
	"    routes:\n"
	"    - {matchers: ['severity=\"info\"'], receiver: all, group_by: ['...']}\n"
	"    - {matchers: ['owner=\"\"'], receiver: source, group_by: []}\n"
	"  - {matchers: ['team=\"db\"'], receiver: service}\n"
	"receivers: [{name: all, channel: '#all'}, {name: pages, channel: pages}, {name: db, channel: db}]\n"
	"services: [{name: store, matchers: ['app=\"store\"'], channel: store}]\n";

static const struct {
	const char *labels, *receivers;
} taken[] = {
	{"", "all"},
	{"team=web", "all"},
	{"severity=page", "pages"},
	{"severity=page team=dba owner=x", "pages,db"},
	{"team=db owner=x", "db"},
	{"team=db", "source"},
	{"team=db severity=info", "all"},
	{"team=db env=test", "service"},
	{"team=xdb", "all"},
};

START_TEST(takes)
{
	must_read(tree);
	ck_str(receivers(taken[_i].labels), taken[_i].receivers);
}
END_TEST

START_TEST(keys_are_alertmanagers)
{
	struct labels l = labels("team=db alertname=X cluster=\"e\" instance=i"), by;
	const struct route *db;

	must_read(tree);
	db = r->root->child->next;
	ck_str(r->root->key, "{}");
	ck_str(r->root->child->key, "{}/{severity=\"page\"}");
	ck_str(db->key, "{}/{env!=\"test\",team=~\"d.*\"}");
	ck_str(db->child->key, "{}/{env!=\"test\",team=~\"d.*\"}/{severity=\"info\"}");
	by = route_group_labels(&a, db, &l);
	ck_str(labels_text(&a, &by), "{alertname=\"X\", cluster=\"e\"}");
	by = route_group_labels(&a, db->child, &l); /* ... is all of them */
	ck_assert_uint_eq(by.count, 4);
	by = route_group_labels(&a, db->child->next, &l);
	ck_str(labels_text(&a, &by), "{}");
	ck_assert(routing_find(r, S("{}/{env!=\"test\",team=~\"d.*\"}:{alertname=\"X\"}"), S("db")) == db);
	ck_assert_ptr_null(routing_find(r, S("{}/{env!=\"test\",team=~\"d.*\"}:{alertname=\"X\"}"), S("all")));
	ck_assert_ptr_null(routing_find(r, S("{}/{x=\"y\"}:{}"), S("all")));
	ck_assert(db->group_wait == 0 && db->group_interval == 10 * SECOND);
	ck_assert(db->goes_on == false && r->root->child->goes_on);
}
END_TEST

START_TEST(built_in_goes_where_the_source_says)
{
	r = routing_read(S(""), &err);
	ck_assert_ptr_nonnull(r);
	ck_str(receivers("a=b"), "source");
	ck_assert(r->root->by_source);
}
END_TEST

START_TEST(labels_are_read)
{
	const struct str two[] = {S("b=2,a=1"), S("c=\"x y\"")}, bad = S("a!=b"), worse = S("a");
	struct labels l;

	ck_assert(routing_read_labels(&a, two, 2, &l, &err));
	ck_str(labels_text(&a, &l), "{a=\"1\", b=\"2\", c=\"x y\"}");
	ck_assert(!routing_read_labels(&a, &bad, 1, &l, &err));
	ck_assert_str_eq(err.text, "a label has one value: a=value");
	err_clear(&err);
	ck_assert(!routing_read_labels(&a, &worse, 1, &l, &err));
	l = routing_labels(&a, &(struct labels){0}, S("prod"), S(""));
	ck_str(labels_text(&a, &l), "{__source__=\"prod\"}");
}
END_TEST

/* ---- explaining ---- */

static struct json *explained(const char *words, bool only_taken)
{
	struct labels l = labels(words);
	struct json_out o;
	struct json *v;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (only_taken)
		routing_write_taken(r, &a, &l, 0, &o);
	else
		routing_explain(r, &a, &l, &o);
	json_close(&o, '}');
	v = json_parse(&a, buf_keep(&a, &b), JSON_STRICT, &err);
	ck_assert_msg(v, "%s", err.text);
	return v;
}

static const struct json *nth(const struct json *list, size_t i)
{
	const struct json *v = list->child;

	while (i--)
		v = v->next;
	return v;
}

START_TEST(says_why)
{
	const struct json *routes;

	must_read(tree);
	routes = json_get(explained("team=dba owner=x app=store", false), "routes");
	ck_assert_uint_eq(routes->count, 6);
	ck_str(json_get_str(nth(routes, 0), "why"), "it matches; a route below it is taken");
	ck_str(json_get_str(nth(routes, 1), "why"), "severity=\"page\" does not fit: there is no label severity");
	ck_str(json_get_str(nth(routes, 2), "why"), "it matches, and none of its routes does");
	ck_str(json_get_str(nth(routes, 4), "why"), "owner=\"\" does not fit: it is \"x\"");
	ck_str(json_get_str(nth(routes, 5), "why"), "not asked: a route before it was taken and does not continue");
	ck_str(json_get_str(nth(routes, 2), "matchers"), "{env!=\"test\",team=~\"d.*\"}");
	ck_str(json_get_str(nth(routes, 2), "channel"), "db");
	ck_assert_int_eq(json_get_int(nth(routes, 2), "line", 0), 6);
	ck_assert_int_eq(json_get_int(nth(routes, 3), "depth", 0), 2);
	ck_str(json_get_str(explained("app=store", false), "service"), "store");
	routes = json_get(explained("team=web", false), "routes");
	ck_str(json_get_str(nth(routes, 3), "why"), "not asked: the route above it does not match");
	ck_str(json_get_str(nth(routes, 5), "why"), "team=\"db\" does not fit: it is \"web\"");
}
END_TEST

START_TEST(says_where)
{
	const struct json *one;

	must_read(tree);
	one = nth(json_get(explained("team=db env=test app=store alertname=X", true), "routes"), 0);
	ck_str(json_get_str(one, "receiver"), "service");
	ck_str(json_get_str(one, "channel"), "store");
	ck_str(json_get_str(one, "group_key"), "{}/{team=\"db\"}:store/{alertname=\"X\"}");
	ck_assert_ptr_null(json_get(one, "muted"));
	must_read("route: {routes: [{matchers: [a=b], mute_time_intervals: [m]}]}\ntime_intervals: [{name: m, "
		  "time_intervals: [{years: ['1970']}]}]");
	one = nth(json_get(explained("a=b", true), "routes"), 0);
	ck_str(json_get_str(json_get(one, "muted"), "by"), "m");
	ck_assert_ptr_null(json_get(one, "group_key"));
	ck_assert_ptr_null(json_get(one, "channel"));
}
END_TEST

/* ---- Alertmanager's YAML; tests/sdk/amtool.test.mjs lets amtool read it ---- */

START_TEST(is_written_for_alertmanager)
{
	struct buf b;

	must_read(tree);
	buf_init(&b, 1 * MIB);
	routing_write_alertmanager(r, &b);
	ck_str(buf_str(&b), "route:\n"
			    "  receiver: all\n"
			    "  group_by: [alertname]\n"
			    "  group_wait: 0s\n"
			    "  group_interval: 10s\n"
			    "  repeat_interval: 4h\n"
			    "  routes:\n"
			    "  - receiver: pages\n"
			    "    matchers: ['severity=\"page\"']\n"
			    "    continue: true\n"
			    "  - receiver: db\n"
			    "    group_by: [alertname, cluster]\n"
			    "    matchers: ['env!=\"test\"', 'team=~\"d.*\"']\n"
			    "    routes:\n"
			    "    - receiver: all\n"
			    "      group_by: ['...']\n"
			    "      matchers: ['severity=\"info\"']\n"
			    "    - receiver: source\n"
			    "      group_by: []\n"
			    "      matchers: ['owner=\"\"']\n"
			    "  - receiver: service\n"
			    "    matchers: ['team=\"db\"']\n"
			    "receivers:\n"
			    "- name: all\n"
			    "- name: pages\n"
			    "- name: db\n"
			    "- name: source\n"
			    "- name: service\n");
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"errors", is_refused, COUNT_OF(wrong)},
		{"errors", a_key_is_whole_or_refused, 0},
		{"routes", takes, COUNT_OF(taken)},
		{"routes", keys_are_alertmanagers, 0},
		{"routes", built_in_goes_where_the_source_says, 0},
		{"routes", labels_are_read, 0},
		{"explain", says_why, 0},
		{"explain", says_where, 0},
		{"alertmanager", is_written_for_alertmanager, 0},
	};

	return unit_run_in("ops_routing", tests, COUNT_OF(tests), open_arena, close_arena);
}
