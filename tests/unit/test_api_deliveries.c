#include "api/deliveries.h"
#include "unit.h"

#include <inttypes.h>

static struct deliveries *d;
static struct arena a;
static int64_t last_id;

static void begin(void)
{
	d = deliveries_new(1 * MIB);
	arena_init(&a);
}

static void end(void)
{
	deliveries_free(d);
	arena_done(&a);
}

static struct seen_delivery a_delivery(int64_t source_id, struct str body)
{
	return (struct seen_delivery){.id = ++last_id,
				      .source_id = source_id,
				      .at = last_id * 1000,
				      .status = 200,
				      .alerts = 1,
				      .changed = 1,
				      .why = S(""),
				      .from = S("192.0.2.1"),
				      .method = S("POST"),
				      .path = S("/hooks/github/KEY"),
				      .same = delivery_same(S("/hooks/github/the-key"), S(""), body),
				      .body_bytes = body.n,
				      .body = body};
}

static int64_t came(int64_t source_id, struct str body)
{
	struct seen_delivery s = a_delivery(source_id, body);

	deliveries_add(d, &s);
	return s.id;
}

START_TEST(the_last_fifty_of_each_source_are_kept)
{
	const struct seen_delivery *all[DELIVERIES_PER_SOURCE];
	int64_t first = came(7, S("first")), other = came(8, S("other's"));

	for (int i = 0; i < DELIVERIES_PER_SOURCE - 1; i++)
		came(7, arena_printf(&a, "%d", i));
	ck_assert_uint_eq(deliveries_list(d, 7, all), DELIVERIES_PER_SOURCE);
	ck_assert_ptr_nonnull(deliveries_find(d, first));
	came(7, S("last"));
	ck_assert_uint_eq(deliveries_list(d, 7, all), DELIVERIES_PER_SOURCE);
	ck_str(all[0]->body, "last");
	ck_str(all[1]->body, "48");
	ck_str(all[49]->body, "0");
	ck_assert_ptr_null(deliveries_find(d, first));
	ck_str(deliveries_find(d, other)->body, "other's");
	ck_assert_uint_eq(deliveries_counts(d, 7)->received, 51);
	ck_assert_uint_eq(deliveries_counts(d, 8)->received, 1);
	ck_assert_uint_eq(deliveries_counts(d, 9)->received, 0);
	ck_assert_uint_eq(deliveries_list(d, 9, all), 0);
}
END_TEST

START_TEST(the_same_again_is_counted)
{
	struct seen_delivery again = a_delivery(7, S("body"));
	const struct seen_delivery *all[DELIVERIES_PER_SOURCE];
	int64_t id;

	again.changed = 0;
	ck_assert_int_eq(deliveries_again(d, &again), 0); /* nothing is kept */
	id = came(7, S("body"));
	came(7, S("another"));
	again.at = 1000000;
	ck_assert_int_eq(deliveries_again(d, &again), id);
	ck_assert_uint_eq(deliveries_find(d, id)->times, 2);
	ck_assert_int_eq(deliveries_find(d, id)->last_at, 1000000);
	ck_assert_uint_eq(deliveries_find(d, id)->changed, 1); /* what the first did */
	ck_assert_uint_eq(deliveries_list(d, 7, all), 2);
	ck_assert_int_eq(all[0]->id, id); /* it came last */
	ck_assert_uint_eq(deliveries_counts(d, 7)->received, 3);

	again.changed = 1; /* this time it did something: an entry of its own */
	ck_assert_int_eq(deliveries_again(d, &again), 0);
	again.changed = 0;
	again.from = S("192.0.2.2");
	ck_assert_int_eq(deliveries_again(d, &again), 0);
	again.from = S("192.0.2.1");
	again.status = 503;
	ck_assert_int_eq(deliveries_again(d, &again), 0);
	again.status = 200;
	again.body = S("Body"); /* should two bodies have one hash */
	ck_assert_int_eq(deliveries_again(d, &again), 0);
	again.body = S("body");
	again.source_id = 8;
	ck_assert_int_eq(deliveries_again(d, &again), 0);
}
END_TEST

START_TEST(a_hash_tells_requests_apart)
{
	uint64_t same = delivery_same(S("/p"), S("q"), S("0123456789abcdef"));

	ck_assert(same == delivery_same(S("/p"), S("q"), S("0123456789abcdef")));
	ck_assert(same != delivery_same(S("/p"), S("q"), S("0123456789abcdeg")));
	ck_assert(same != delivery_same(S("/p"), S("q"), S("0123456789abcde")));
	ck_assert(same != delivery_same(S("/p"), S("r"), S("0123456789abcdef")));
	ck_assert(same != delivery_same(S("/o"), S("q"), S("0123456789abcdef")));
	ck_assert(delivery_same(S(""), S("ab"), S("")) != delivery_same(S(""), S("a"), S("b")));
}
END_TEST

static struct str filled(size_t n)
{
	char *p = arena_alloc(&a, n);

	memset(p, 'x', n);
	return str_n(p, n);
}

START_TEST(a_huge_body_is_cut)
{
	struct str huge = filled(DELIVERY_BODY_MAX + 1);
	struct seen_delivery again = a_delivery(7, huge);
	int64_t id = came(7, huge), whole = came(7, filled(DELIVERY_BODY_MAX));

	ck_assert_uint_eq(deliveries_find(d, id)->body.n, DELIVERY_BODY_MAX);
	ck_assert_uint_eq(deliveries_find(d, id)->body_bytes, DELIVERY_BODY_MAX + 1);
	ck_assert(delivery_is_cut(deliveries_find(d, id)));
	ck_assert(!delivery_is_cut(deliveries_find(d, whole)));
	again.changed = 0; /* what is not kept cannot be compared */
	ck_assert_int_eq(deliveries_again(d, &again), 0);
}
END_TEST

START_TEST(over_the_ceiling_the_oldest_bodies_go_first)
{
	struct str body = filled(200 * KIB);
	int64_t ids[20];

	for (int i = 0; i < 20; i++) {
		ids[i] = came(i % 4, body);
		ck_assert_uint_le(deliveries_bytes(d), 1 * MIB);
	}
	for (int i = 0; i < 20; i++) {
		const struct seen_delivery *s = deliveries_find(d, ids[i]);

		ck_assert_ptr_nonnull(s); /* its line stays */
		ck_assert_int_eq(s->gone, i < 15);
		ck_assert_uint_eq(s->body.n, i < 15 ? 0 : body.n);
		ck_str(s->path, "/hooks/github/KEY");
	}
}
END_TEST

START_TEST(over_the_ceiling_without_bodies_the_oldest_go)
{
	struct str why = filled(300);
	int64_t first = 0;

	for (int i = 0; i < 20000; i++) {
		struct seen_delivery s = a_delivery(i % 400, S("b"));

		s.why = why;
		s.status = 400;
		deliveries_add(d, &s);
		first = first ? first : s.id;
		ck_assert_uint_le(deliveries_bytes(d), 1 * MIB);
	}
	ck_assert_ptr_null(deliveries_find(d, first));
	ck_assert_ptr_nonnull(deliveries_find(d, last_id));
	ck_assert_uint_eq(deliveries_counts(d, 399)->refused, 50);
}
END_TEST

/* Whatever comes in whatever order: what is told of the memory is so, and nothing is read that is gone (the sanitizers look). */
START_TEST(random_deliveries)
{
	uint64_t seed = 3;

	for (int i = 0; i < 20000; i++) {
		struct seen_delivery s;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		s = a_delivery((int64_t)(seed >> 60), filled((seed >> 33) % (i % 100 ? 300 : 60000)));
		s.changed = seed >> 59 & 1;
		if (!deliveries_again(d, &s))
			deliveries_add(d, &s);
		if (i % 7 == 0)
			deliveries_correct(d, s.id - (int64_t)(seed >> 40) % 60, 503, S("the disk is full"));
		ck_assert_uint_le(deliveries_bytes(d), 1 * MIB);
		if (i % 1000 == 0)
			arena_reset(&a);
	}
}
END_TEST

START_TEST(a_failed_commit_takes_it_back)
{
	int64_t id = came(7, S("body"));
	const struct seen_delivery *s = deliveries_find(d, id);

	deliveries_correct(d, id, 503, S("the disk is full"));
	ck_assert_int_eq(s->status, 503);
	ck_assert_uint_eq(s->changed, 0);
	ck_str(s->why, "the disk is full");
	ck_str(s->body, "body");
	ck_str(s->from, "192.0.2.1");
	ck_assert_uint_eq(deliveries_counts(d, 7)->received, 1);
	ck_assert_uint_eq(deliveries_counts(d, 7)->refused, 1);
	ck_assert_str_eq(deliveries_counts(d, 7)->last_error, "the disk is full");
	deliveries_correct(d, 12345, 503, S("unknown"));
}
END_TEST

START_TEST(keys_in_paths_are_masked)
{
	static const struct {
		const char *path, *route, *arguments, *key, *shown;
	} cases[] = {
		{"/hooks/github/abc", "/hooks/", "TOOL/KEY", "abc", "/hooks/github/KEY"},
		{"/hooks/github/abc/", "/hooks/", "TOOL/KEY", "abc", "/hooks/github/KEY/"},
		{"/hooks/abcdefghijklmnopqrstuvwxyz234567", "/hooks/", "TOOL/KEY", "", "/hooks/KEY"},
		{"/hooks/github", "/hooks/", "TOOL/KEY", "", "/hooks/github"},
		{"/am/abc/api/v2/alerts", "/am/", "KEY/api/v2/...", "abc", "/am/KEY/api/v2/alerts"},
		{"/integrations/generic/20131114/alert/k/team", "/integrations/generic/20131114/alert/", "KEY/ROUTING",
		 "k", "/integrations/generic/20131114/alert/KEY/team"},
		{"/v2/alerts/7b5cbe7f-1a6c-4c6f-8f5c-0123456789ab/close", "/v2/alerts", "[/ID/close]",
		 "kkkkkkkkkkkkkkkk", "/v2/alerts/7b5cbe7f-1a6c-4c6f-8f5c-0123456789ab/close"},
		{"/v2/alerts/kkkkkkkkkkkkkkkk/close", "/v2/alerts", "[/ID/close]", "kkkkkkkkkkkkkkkk",
		 "/v2/alerts/KEY/close"},
		{"/elsewhere", "/hooks/", "TOOL/KEY", "", "/elsewhere"},
		{"/hooks/a/b/a/b/a/b/a/b", "/hooks/", "TOOL/KEY", "", "/hooks/a/KEY/a/b/a/b/a/b"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str got = delivery_path(&a, str_of(cases[i].path), str_of(cases[i].route),
					       str_of(cases[i].arguments), str_of(cases[i].key));

		ck_str(got, cases[i].shown);
	}
}
END_TEST

START_TEST(secrets_in_queries_and_headers_are_masked)
{
	struct http_header headers[] = {{S("Host"), S("ops.example.com")},
					{S("content-length"), S("12")},
					{S("Content-Type"), S("application/json")},
					{S("X-GitHub-Event"), S("push")},
					{S("AUTHORIZATION"), S("Bearer x")},
					{S("X-Hub-Signature-256"), S("sha256=00")},
					{S("X-Proof"), S("it is me")},
					{S("cookie"), S("a=b")}};
	struct http_request r = {.headers = headers, .header_count = COUNT_OF(headers)};
	struct seen_delivery s = {.key = S("abcdefghijklmnop"),
				  .body = S("{\"k\":\"abcdefghijklmnop\",\"l\":\"abcdefghijklmnop!\"}")};
	struct buf b;
	struct json_out o;

	ck_str(delivery_query(&a, S("token=abc&summary=x&Api_Key=1&flag&secret="), S("")),
	       "token=***&summary=x&Api_Key=***&flag&secret=***");
	ck_str(delivery_query(&a, S("t=abcdefghijklmnop"), S("abcdefghijklmnop")), "t=***");
	ck_str(delivery_query(&a, S(""), S("k")), "");
	ck_str(delivery_headers(&a, &r, S("{\"header\":\"x-proof\",\"mac\":\"00\"}")),
	       "Content-Type: application/json\nX-GitHub-Event: push\nAUTHORIZATION: ***\nX-Hub-Signature-256: "
	       "***\nX-Proof: ***\ncookie: ***\n");
	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	delivery_body_write(&o, &a, &s);
	ck_str(buf_str(&b), "\"{\\\"k\\\":\\\"***\\\",\\\"l\\\":\\\"***!\\\"}\"");
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"kept", the_last_fifty_of_each_source_are_kept, 0},
		{"kept", the_same_again_is_counted, 0},
		{"kept", a_hash_tells_requests_apart, 0},
		{"kept", a_failed_commit_takes_it_back, 0},
		{"ceiling", a_huge_body_is_cut, 0},
		{"ceiling", over_the_ceiling_the_oldest_bodies_go_first, 0},
		{"ceiling", over_the_ceiling_without_bodies_the_oldest_go, 0},
		{"ceiling", random_deliveries, 0},
		{"masked", keys_in_paths_are_masked, 0},
		{"masked", secrets_in_queries_and_headers_are_masked, 0},
	};

	return unit_run_in("api_deliveries", tests, COUNT_OF(tests), begin, end);
}
