#include "base/crypt.h"
#include "base/log.h"
#include "unit.h"

#include <unistd.h>

static struct arena a;

static void start(void)
{
	struct err err = {0};

	arena_init(&a);
	ck_assert_msg(crypt_start(&err), "%s", err.text);
}

START_TEST(hashes)
{
	struct secret key = {{'J', 'e', 'f', 'e'}}; /* zeros behind a key change nothing (RFC 2104) */
	uint8_t mac[32];

	start();
	ck_str(crypt_sha256_hex(&a, S("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	ck_str(crypt_sha256_hex(&a, S("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypt_hmac_sha256(&key, S("what do ya want for nothing?"), mac); /* RFC 4231, test case 2 */
	ck_str(crypt_hex(&a, mac, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	ck_assert_uint_eq(fnv_add(FNV_START, S("")), 0xcbf29ce484222325ull);
	ck_assert_uint_eq(fnv_add(FNV_START, S("foobar")), 0x85944171f73967e8ull);
	ck_assert_uint_eq(fnv_byte(FNV_START, 'a'), fnv_add(FNV_START, S("a")));
	ck_assert_uint_eq(fnv_add(FNV_START, S("a")), 0xaf63dc4c8601ec8cull);
	arena_done(&a);
}
END_TEST

/* RFC 8032, section 7.1, test 2 */
START_TEST(signatures)
{
	struct secret seed;
	uint8_t public_key[CRYPT_PUBLIC_KEY], signature[CRYPT_SIGNATURE], byte;

	start();
	ck_assert(crypt_unhex(S("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), seed.bytes, 32));
	crypt_public_key(&seed, public_key);
	ck_str(crypt_hex(&a, public_key, 32), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	crypt_sign(&seed, S("r"), signature);
	ck_str(crypt_hex(&a, signature, 64), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	ck_assert(crypt_signed_by(public_key, S("r"), signature));
	ck_assert(!crypt_signed_by(public_key, S("s"), signature));
	signature[40] ^= 1;
	ck_assert(!crypt_signed_by(public_key, S("r"), signature));
	ck_assert(!crypt_unhex(S("0"), &byte, 1) && !crypt_unhex(S("0G"), &byte, 1) && !crypt_unhex(S("AB"), &byte, 1) && !crypt_unhex(S("abc"), &byte, 1));
	crypt_sha256_much();
	ck_str(crypt_sha256_hex(&a, S("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	ck_str(crypt_sha256_hex(&a, S("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	arena_done(&a);
}
END_TEST

START_TEST(words)
{
	static const size_t sizes[] = {1, 4, 26, 96};

	start();
	ck_str(crypt_base32(&a, (const uint8_t *)"fooba", 8), "mzxw6ytb"); /* RFC 4648, section 10 */
	ck_str(crypt_base32(&a, (const uint8_t *)"f", 1), "m");
	ck_str(crypt_hex(&a, (const uint8_t *)"\x00\xff\x10", 3), "00ff10");
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct str w = crypt_word(&a, sizes[i]);

		ck_assert_uint_eq(w.n, sizes[i]);
		ck_assert_uint_eq(strspn(w.p, "abcdefghijklmnopqrstuvwxyz234567"), sizes[i]);
	}
	ck_assert(!str_eq(crypt_word(&a, 26), crypt_word(&a, 26)));
	arena_done(&a);
}
END_TEST

START_TEST(passwords)
{
	struct err err = {0};
	struct str one, two;
	char changed[200];

	start();
	ck_assert(crypt_password_hash(&a, S("correct horse"), &one, &err));
	ck_assert(crypt_password_hash(&a, S("correct horse"), &two, &err));
	ck_assert(str_starts(one, S("$argon2id$")));
	ck_assert_msg(!str_eq(one, two), "no salt");
	ck_assert(crypt_password_ok(one, S("correct horse")));
	ck_assert(crypt_password_ok(two, S("correct horse")));
	ck_assert(!crypt_password_ok(one, S("correct horse ")));
	ck_assert(!crypt_password_ok(one, S("")));
	ck_assert(!crypt_password_ok(S(""), S("correct horse")));
	ck_assert(!crypt_password_ok(S("no hash"), S("correct horse")));
	ck_assert(!crypt_password_ok(str_n(one.p, one.n - 1), S("correct horse")));
	memset(changed, 'x', sizeof changed);
	ck_assert(!crypt_password_ok(str_n(changed, sizeof changed), S("correct horse")));
	arena_done(&a);
}
END_TEST

/* What log_write() puts onto stderr. */
static struct str logged(void (*write_it)(void))
{
	static char text[64 * KIB];
	int ends[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	write_it();
	dup2(kept, STDERR_FILENO);
	close(ends[1]);
	n = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	close(kept);
	return str_n(text, n > 0 ? (size_t)n : 0);
}

static void log_hostile(void)
{
	log_info(EV_LOGIN_FAILED, F_STR("user", S("x\" from=10.0.0.1\n2026 info login.ok user=root")),
		 F_STR("from", S("")), F_TXT("plain", "a-b.c"), F_INT("n", INT64_MIN));
}

static void log_below_the_level(void)
{
	log_debug(EV_REQUEST, F_TXT("path", "/"));
}

START_TEST(log_lines_cannot_be_forged)
{
	clock_make_virtual(1772417700000);
	ck_str(logged(log_hostile),
	       "2026-03-02T02:15:00.000Z info login.failed user=\"x\\\" from=10.0.0.1\\x0a2026 info login.ok "
	       "user=root\" from=\"\" plain=a-b.c n=-9223372036854775808\n");
	ck_str(logged(log_below_the_level), "");
	log_set_level(LOG_DEBUG);
	ck_str(logged(log_below_the_level), "2026-03-02T02:15:00.000Z debug http.request path=/\n");
}
END_TEST

START_TEST(log_levels_and_events)
{
	enum log_level level = LOG_ERROR;

	ck_assert(log_level_parse(S("warn"), &level));
	ck_assert_int_eq(level, LOG_WARN);
	ck_assert(!log_level_parse(S("loud"), &level));
	for (int i = 0; i < LOG_EVENTS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(log_event_info((enum log_event)i)->name,
					 log_event_info((enum log_event)j)->name);
}
END_TEST

/* RFC 4231, test cases 2 and 6 */
START_TEST(keys_of_any_length)
{
	uint8_t mac[32];
	char key[131];

	crypt_hmac_sha256_text(S("Jefe"), S("what do ya want for nothing?"), mac);
	ck_str(crypt_hex(&a, mac, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	crypt_hmac_sha256_text(str_n(key, sizeof key), S("Test Using Larger Than Block-Size Key - Hash Key First"), mac);
	ck_str(crypt_hex(&a, mac, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(seals)
{
	struct secret key = {{1}}, other = {{2}};
	struct str sealed = crypt_seal(&a, &key, S("correct horse")), plain;
	char changed[200];

	ck_assert(crypt_open(&a, &key, sealed, &plain));
	ck_str(plain, "correct horse");
	ck_assert(str_eq(crypt_seal(&a, &key, S("correct horse")), sealed));
	ck_assert(!str_eq(crypt_seal(&a, &key, S("correct hoarse")), sealed));
	ck_assert(!crypt_open(&a, &other, sealed, &plain));
	for (size_t i = 0; i < sealed.n; i++) {
		memcpy(changed, sealed.p, sealed.n);
		changed[i] = changed[i] == '0' ? '1' : '0';
		ck_assert(!crypt_open(&a, &key, str_n(changed, sealed.n), &plain));
		ck_assert(!crypt_open(&a, &key, str_n(sealed.p, i), &plain));
	}
	ck_assert(crypt_open(&a, &key, crypt_seal(&a, &key, S("")), &plain) && plain.n == 0);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"crypt", hashes},
		{"crypt", signatures},
		{"crypt", words},
		{"crypt", passwords},
		{"crypt", keys_of_any_length},
		{"crypt", seals},
		{"log", log_lines_cannot_be_forged},
		{"log", log_levels_and_events},
	};

	return unit_run("base/crypt and base/log", tests, COUNT_OF(tests));
}
