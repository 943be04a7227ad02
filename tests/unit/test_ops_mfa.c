/* The second factor: RFC 6238's test vectors, which codes count when, how often one may be wrong, recovery codes as people type them. */
#include "base/crypt.h"
#include "ops/mfa.h"
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

static const uint8_t rfc_secret[] = "12345678901234567890";

/* RFC 6238 appendix B, the rows of SHA-1: eight digits. */
static const struct {
	int64_t seconds;
	uint32_t code;
} vectors[] = {
	{59, 94287082}, {1111111109, 7081804}, {1111111111, 14050471}, {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130},
};

START_TEST(rfc_6238)
{
	ck_assert_uint_eq(totp_number(rfc_secret, vectors[_i].seconds / 30) % 100000000, vectors[_i].code);
}
END_TEST

/* RFC 4226 appendix D: the numbers before they are cut. */
START_TEST(rfc_4226)
{
	static const uint32_t numbers[] = {1284755224, 1094287082, 137359152, 1726969429, 1640338314, 868254676, 1918287922, 82162583, 673399871, 645520489};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		ck_assert_uint_eq(totp_number(rfc_secret, (int64_t)i), numbers[i]);
}
END_TEST

START_TEST(a_code_counts_once_and_not_for_long)
{
	wall_ms now = 1772417700000; /* the beginning of a step */
	int64_t here = now / TOTP_STEP, step;
	uint32_t code = totp_number(rfc_secret, here) % 1000000;

	ck_assert(totp_check(rfc_secret, code, now, 0, &step) && step == here);
	ck_assert(!totp_check(rfc_secret, code, now, here, &step));             /* once */
	ck_assert(!totp_check(rfc_secret, code, now, here + 1, &step));         /* nor after a later one */
	ck_assert(totp_check(rfc_secret, code, now - 1, 0, &step));             /* clocks differ: one step early */
	ck_assert(totp_check(rfc_secret, code, now + 2 * TOTP_STEP - 1, 0, &step));
	ck_assert(!totp_check(rfc_secret, code, now - TOTP_STEP - 1, 0, &step));
	ck_assert(!totp_check(rfc_secret, code, now + 2 * TOTP_STEP, 0, &step));
	ck_assert(!totp_check(rfc_secret, (code + 1) % 1000000, now, 0, &step));
}
END_TEST

START_TEST(codes_as_people_type_them)
{
	static const char *const bad[] = {"", "12345", "1234567", "12345a", "-12345", "+12345", "1.2345", "123\n456"};
	uint32_t code;

	ck_assert(totp_read(S("012345"), &code) && code == 12345);
	ck_assert(totp_read(S(" 012 345 "), &code) && code == 12345);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!totp_read(str_of(bad[i]), &code), "%s", bad[i]);
	ck_str(mfa_recovery_read(&a, S("K7QX-4mwp z2ha")), "k7qx4mwpz2ha");
	ck_str(mfa_recovery_write(&a, S("k7qx4mwpz2ha")), "k7qx-4mwp-z2ha");
	ck_str(mfa_recovery_read(&a, S("k7qx-4mwp-z2h")), "");
	ck_str(mfa_recovery_read(&a, S("k7qx-4mwp-z2haa")), "");
	ck_str(mfa_recovery_read(&a, S("k7qx-4mwp-z2h1")), "");
}
END_TEST

START_TEST(five_wrong_ones_in_ten_minutes)
{
	struct mfa m = {.wrong = 0};

	for (int i = 0; i < 5; i++) {
		ck_assert(mfa_may_try(&m, i * MINUTE));
		mfa_was_wrong(&m, i * MINUTE);
	}
	ck_assert(!mfa_may_try(&m, 10 * MINUTE - 1)); /* ten minutes from the first */
	ck_assert(mfa_may_try(&m, 10 * MINUTE));
	mfa_was_wrong(&m, 10 * MINUTE);
	ck_assert_uint_eq(m.wrong, 1);
	ck_assert(mfa_may_try(&m, 10 * MINUTE));
}
END_TEST

START_TEST(the_address)
{
	ck_str(totp_uri(&a, S("my%20team"), S("ann"), S("JBSWY3DPEHPK3PXP")),
	       "otpauth://totp/my%20team:ann?secret=JBSWY3DPEHPK3PXP&issuer=my%20team&algorithm=SHA1&digits=6&period=30");
	ck_str(crypt_base32(&a, rfc_secret, 32), "gezdgnbvgy3tqojqgezdgnbvgy3tqojq"); /* RFC 4648's order of bits */
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"rfc", rfc_6238, .times = COUNT_OF(vectors)}, {"rfc", rfc_4226}, {"codes", a_code_counts_once_and_not_for_long}, {"codes", codes_as_people_type_them},
		{"wrong", five_wrong_ones_in_ten_minutes},     {"address", the_address},
	};

	return unit_run_in("ops_mfa", tests, COUNT_OF(tests), open_arena, close_arena);
}
