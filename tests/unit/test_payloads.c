/* What tools send, against the reading that stands beside it: our own cases (tests/payloads), and those of ../shared/payloads
 * where they are. Of those only what is promised so far is compared: Alertmanager's webhook and its API v2. */
#include "ops/alert.h"
#include "unit.h"

#include <dirent.h>

#define NOW ((wall_ms)1795251600000) /* 2026-11-21T09:00:00Z: about when the shared ones were recorded */
#define OURS OPSROOM_SOURCE "/tests/payloads/"
#define SHARED OPSROOM_SOURCE "/../shared/payloads/"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static bool read_text(const char *path, struct str *out)
{
	FILE *f = fopen(path, "rb");
	struct buf b;
	size_t got;
	char *p;

	if (!f)
		return false;
	buf_init(&b, 64 * MIB);
	while ((p = buf_room(&b, 65536)) && (got = fread(p, 1, 65536, f)) > 0)
		b.n += got;
	fclose(f);
	*out = arena_dup(&a, buf_str(&b));
	buf_done(&b);
	return true;
}

static const struct json *must_read(const char *path)
{
	struct err err = {0};
	struct str text;
	const struct json *v;

	ck_assert_msg(read_text(path, &text), "%s cannot be read", path);
	v = json_parse(&a, text, JSON_LAST_KEY_WINS, &err);
	ck_assert_msg(v, "%s: %s", path, err.text);
	return v;
}

/* ---- the webhook ---- */

#define same(got, wanted, what)                                                                                        \
	ck_assert_msg(str_eq(got, wanted), "%s, event %zu: " what " is '" STR_FMT "', not '" STR_FMT "'", name, index, \
		      STR_ARG(got), STR_ARG(wanted))

static void check_time(const char *name, size_t index, const char *what, wall_ms got, const struct json *wanted,
		       wall_ms otherwise)
{
	char text[WALL_TEXT_SIZE];
	struct str shown = wall_write(text, got);

	if (json_is(wanted, JSON_STR))
		ck_assert_msg(str_eq(shown, wanted->text), "%s, event %zu: %s is %s, not %s", name, index, what,
			      shown.p, wanted->text.p);
	else
		ck_assert_msg(got == otherwise, "%s, event %zu: %s is %s, and should not be known", name, index, what,
			      shown.p);
}

static void check_event(const char *name, size_t index, const struct alert_event *ev, const struct json *e)
{
	struct str key = json_get_str(e, "dedup_key"), summary = labels_get(&ev->annotations, "description"),
		   hex = S("alertmanager:");
	struct labels labels;
	struct err err = {0};

	same(ev->firing ? S("firing") : S("resolved"), json_get_str(e, "status"), "status");
	same(str_of(severity_name(alert_severity(&ev->labels))), json_get_str(e, "severity"), "severity");
	if (json_get(e, "title"))
		same(alert_title(&a, &ev->labels, &ev->annotations), json_get_str(e, "title"), "title");
	if (ev->url.n) /* else Alertmanager's own address, which is the group's */
		same(ev->url, json_get_str(e, "url"), "url");
	if (json_get(e, "summary")) {
		summary = str_trim(summary.n ? summary : labels_get(&ev->annotations, "message"));
		same(summary, json_get_str(e, "summary"), "summary");
	}
	ck_assert(labels_parse(&a, json_get(e, "labels"), 0, &labels, &err));
	same(labels_text(&a, &ev->labels), labels_text(&a, &labels), "labels");
	if (key.n == hex.n + 16)
		same(arena_printf(&a, "alertmanager:%016llx", (unsigned long long)ev->fingerprint), key, "key");
	else /* no fingerprint in the body: reckoned as Alertmanager does */
		ck_assert(ev->fingerprint == labels_fingerprint(&labels));
	check_time(name, index, "starts_at", ev->starts_at, json_get(e, "starts_at"), NOW);
	check_time(name, index, "ends_at", ev->ends_at, json_get(e, "ends_at"), ev->firing ? 0 : NOW);
}

static void check_webhook(const char *name, struct str body, const struct json *expected)
{
	struct err err = {0};
	const struct json *tree = json_parse(&a, body, JSON_LAST_KEY_WINS, &err), *list = json_get(tree, "alerts");
	const struct json *e = json_get(expected, "events")->child;
	size_t index = 0;

	ck_assert_msg(json_is(list, JSON_ARRAY) == json_get_bool(expected, "accept", true), "%s: accept", name);
	for (const struct json *m = json_is(list, JSON_ARRAY) ? list->child : NULL; m; m = m->next) {
		struct alert_event ev;

		err_clear(&err);
		if (alert_read_webhook(&a, m, json_get_str(tree, "status"), NOW, &ev, &err) != ALERT_TAKEN)
			continue;
		ck_assert_msg(e, "%s: more events than expected", name);
		check_event(name, index++, &ev, e);
		e = e->next;
	}
	ck_assert_msg(!e, "%s: only %zu events", name, index);
}

static unsigned check_folder(const char *folder)
{
	static const char expected_end[] = ".expected.json";
	DIR *d = opendir(folder);
	struct dirent *entry;
	unsigned cases = 0;

	while (d && (entry = readdir(d))) {
		struct str name = str_of(entry->d_name), stem = name, body;

		if (!str_ends(name, str_of(expected_end)))
			continue;
		stem.n -= sizeof expected_end - 1;
		ck_assert(read_text(arena_printf(&a, "%s/" STR_FMT ".json", folder, STR_ARG(stem)).p, &body));
		check_webhook(entry->d_name, body, must_read(arena_printf(&a, "%s/%s", folder, entry->d_name).p));
		cases++;
	}
	if (d)
		closedir(d);
	return cases;
}

START_TEST(our_own_webhooks)
{
	ck_assert_uint_ge(check_folder(OURS "alertmanager"), 20);
}
END_TEST

static void say_missing(const char *what)
{
	printf("not there, not run: %s\n", what);
}

START_TEST(shared_webhooks)
{
	if (!check_folder(SHARED "alertmanager"))
		say_missing(SHARED "alertmanager");
}
END_TEST

/* ---- API v2, as recorded ---- */

struct v2_answer {
	int status;
	struct str bad; /* Alertmanager's sentence, for what its handler refuses */
	unsigned taken;
};

static struct v2_answer post_v2(const struct json *body)
{
	struct v2_answer r = {.status = body && body->type == JSON_ARRAY ? 200 : 400};
	size_t index = 0;

	for (const struct json *m = r.status == 200 ? body->child : NULL; m; m = m->next) {
		struct alert_event ev;
		struct err err = {0};
		int status = 0;
		enum alert_read got = alert_read_v2(&a, m, index++, NOW, 5 * MINUTE, &ev, &status, &err);

		if (got == ALERT_REFUSED)
			return (struct v2_answer){.status = status};
		r.taken += got == ALERT_TAKEN;
		if (got == ALERT_BAD) {
			r.status = 400;
			r.bad = arena_dup(&a, str_of(err.text));
		}
	}
	return r;
}

START_TEST(shared_exchanges)
{
	static const char path[] = SHARED "_recordings/alertmanager_api_v2_exchanges.json";
	unsigned cases = 0;
	struct str text;

	if (!read_text(path, &text)) {
		say_missing(path);
		return;
	}
	for (const struct json *x = must_read(path)->child; x; x = x->next) {
		const struct json *request = json_get(x, "request"), *response = json_get(x, "response"),
				  *body = json_get(request, "body");
		struct str name = json_get_str(x, "name"), wanted = json_get_str(response, "body");
		struct v2_answer r;

		if (!str_is(json_get_str(request, "method"), "POST") ||
		    !str_is(json_get_str(request, "path"), "/api/v2/alerts") ||
		    !str_is(json_get_str(request, "content_type"), "application/json"))
			continue;
		r = post_v2(body); /* one that is kept as a text is broken JSON */
		ck_assert_msg(r.status == json_get_int(response, "status", 0), STR_FMT ": %d", STR_ARG(name), r.status);
		ck_assert_msg(!r.bad.n || str_eq(r.bad, wanted), STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(r.bad));
		cases++;
	}
	ck_assert_uint_ge(cases, 5);
}
END_TEST

START_TEST(shared_prometheus_posts)
{
	static const char path[] = SHARED "_recordings/prometheus_posts_alerts.json";
	unsigned taken = 0;
	struct str text;

	if (!read_text(path, &text)) {
		say_missing(path);
		return;
	}
	for (const struct json *x = must_read(path)->child; x; x = x->next) {
		const struct json *body = json_get(x, "body");
		struct v2_answer r = post_v2(body);

		ck_assert_int_eq(r.status, 200);
		ck_assert_uint_eq(r.taken, body->count);
		taken += r.taken;
	}
	ck_assert_uint_ge(taken, 1);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"webhook", our_own_webhooks},
		{"webhook", shared_webhooks},
		{"v2", shared_exchanges},
		{"v2", shared_prometheus_posts},
	};

	return unit_run_in("payloads", tests, COUNT_OF(tests), open_arena, close_arena);
}
