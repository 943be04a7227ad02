#include "base/crypt.h"
#include "base/json.h"
#include "base/mask.h"
#include "unit.h"

static struct arena a;

static void start(void)
{
	arena_init(&a);
}

static void end(void)
{
	arena_done(&a);
}

static const struct {
	const char *text, *masked; /* NULL: as it was */
} cases[] = {
	{"", NULL},
	{"ack k7f3 because of the deploy", NULL},
	{"xoxb-12345678-abcdef", "***"},
	{"use xoxp-abcdefghij, please", "use ***, please"},
	{"token:xapp-1-A0-123-abc.", "token:***"},
	{"xox is not a token, xoxb- neither", NULL},
	{"foxxoxb-12345678", NULL},
	{"curl -H 'Authorization: Bearer abc.def-123' https://x", "curl -H 'Authorization: ***' https://x"},
	{"bearer abcdefgh rest", "bearer *** rest"},
	{"a bearer of news", NULL},
	{"key AKIAIOSFODNN7EXAMPLE is out", "key *** is out"},
	{"AKIAIOSFODNN7EXAMPL", NULL},
	{"password=hunter2 host=db", "password=*** host=db"},
	{"DB_PASSWORD='hun ter2' x", "DB_PASSWORD='***' x"},
	{"password = hunter2", NULL}, /* no assignment of a shell */
	{"password: hunter2", "password: ***"},
	{"{\"password\":\"a\\\"b\",\"n\":1}", "{\"password\":\"***\",\"n\":1}"},
	{"{\"api_key\": \"abc\"}", "{\"api_key\": \"***\"}"},
	{"?access_token=abc&x=1", "?access_token=***&x=1"},
	{"if token == x", NULL},
	{"token:list --all", NULL}, /* a plugin's word */
	{"deploy --password hunter2 prod", "deploy --password *** prod"},
	{"deploy --token=abc prod", "deploy --token=*** prod"},
	{"deploy --token --force", NULL},
	{"PWD=/root max_tokens=5", NULL},
	{"postgres://ops:s3cret@db/x", "postgres://ops:***@db/x"},
	{"https://ghtoken@github.com/x", "https://***@github.com/x"},
	{"https://example.com/a@b", NULL},
	{"see http://a://b://c", NULL},
	{"Cookie: a=b; c=d\nHost: x", "Cookie: ***\nHost: x"},
	{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nrest",
	 "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nrest"},
	{"-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***"},
	{"-----BEGIN CERTIFICATE-----\nMIIE", NULL},
	{"secret=", NULL},
	{"=", NULL},
	{"pa\xc3\xa4ssword=\xc3\xa4\xc3\xb6 x", "pa\xc3\xa4ssword=\xc3\xa4\xc3\xb6 x"},
	{"mein_password=\xc3\xa4\xc3\xb6 x", "mein_password=*** x"},
};

START_TEST(what_looks_like_a_secret)
{
	struct str in = str_of(cases[_i].text), out = mask_text(&a, in);

	ck_str(out, cases[_i].masked ? cases[_i].masked : cases[_i].text);
	ck_assert(cases[_i].masked || out.p == in.p);
	ck_str(mask_text(&a, out), out.p); /* twice is once */
}
END_TEST

START_TEST(what_is_known)
{
	struct str text = S("no: shortest, longsecret-one, one-and-two-together, aaaaaaaaaaaaaa");

	ck_assert(!mask_add(S("1234567")));
	ck_assert(mask_text(&a, text).p == text.p);
	ck_assert(mask_add(S("longsecret")));
	ck_str(mask_text(&a, text), "no: shortest, ***-one, one-and-two-together, aaaaaaaaaaaaaa");
	ck_assert(mask_add(S("secret-one, one-and")) && mask_add(S("and-two-to")) && mask_add(S("aaaaaaaa")) && mask_add(S("aaaaaaaa")));
	ck_str(mask_text(&a, text), "no: shortest, ***gether, ***");
	ck_str(mask_text(&a, S("longsecre longsecreT")), "longsecre longsecreT");
	ck_str(mask_text(&a, S("longsecreaaaaaaaa")), "longsecre***");
	ck_assert_uint_eq(mask_text(&a, S("x\0longsecret\0y")).n, 7);
}
END_TEST

START_TEST(there_is_a_ceiling)
{
	unsigned taken = 0;

	ck_assert(crypt_start(&(struct err){0}));
	for (int i = 0; i < 4000; i++)
		taken += mask_add(crypt_word(&a, 40));
	ck_assert(taken > 1600 && taken < 2000);
	ck_assert(!mask_add(crypt_word(&a, 40)));
}
END_TEST

/* What would take hours if it was looked for from each byte anew. */
START_TEST(long_texts)
{
	static const char *const parts[] = {"password=", "://", "-----BEGIN ", "bearer ", "xoxb-", "a", "\"", ":", "--token ", "AKIA", "aaaaaaab"};
	struct buf b;

	ck_assert(mask_add(S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		buf_init(&b, 4 * MIB);
		while (buf_add(&b, str_of(parts[i])) && b.n < 2 * MIB)
			;
		ck_assert_uint_le(mask_text(&a, buf_str(&b)).n, 2 * b.n);
		buf_done(&b);
	}
}
END_TEST

START_TEST(in_json)
{
	struct str same = S("{\"line\": \"ack x\", \"token\":\"1103806595072\"}");

	ck_assert(mask_json(&a, same).p == same.p);
	ck_str(mask_json(&a, S("{\"line\":\"deploy --password \\\"a b\\\" x\",\"n\":[1,2.50,null]}")), "{\"line\":\"deploy --password \\\"***\\\" x\",\"n\":[1,2.50,null]}");
	ck_str(mask_json(&a, S("{\"words\":[\"deploy\",\"--token\",\"abc\",\"prod\"]}")), "{\"words\":[\"deploy\",\"--token\",\"***\",\"prod\"]}");
	ck_str(mask_json(&a, S("{\"a\":{\"client_secret\":\"abc\"},\"token\":\"abc\"}")), "{\"a\":{\"client_secret\":\"***\"},\"token\":\"***\"}");
	ck_str(mask_json(&a, S("{\"line\":\"password=x")), "{\"line\":\"password=***");
}
END_TEST

START_TEST(names)
{
	ck_assert(mask_name(S("Password")) && mask_name(S("X-Api-Key")) && mask_name(S("clientSecret")));
	ck_assert(!mask_name(S("key")) && !mask_name(S("")) && !mask_name(S("tokens")) && !mask_name(S("PWD")));
	ck_assert(mask_name_broad(S("X-Hub-Signature")) && mask_name_broad(S("key")) && mask_name_broad(S("TOKENS")) && !mask_name_broad(S("Content-Type")));
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"mask", what_looks_like_a_secret, .times = COUNT_OF(cases)},
		{"mask", what_is_known},
		{"mask", there_is_a_ceiling},
		{"mask", long_texts},
		{"mask", in_json},
		{"mask", names},
	};

	return unit_run_in("base/mask", tests, COUNT_OF(tests), start, end);
}
