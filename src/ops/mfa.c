#include "ops/mfa.h"

#include "base/crypt.h"

#define CODE_DIGITS 6
#define CODES 1000000

uint32_t totp_number(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step)
{
	uint8_t counter[8], mac[20];
	unsigned at;

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	crypt_hmac_sha1(secret, TOTP_SECRET_BYTES, str_n((const char *)counter, sizeof counter), mac);
	at = mac[19] & 15;
	return (uint32_t)(mac[at] & 127) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 | mac[at + 3];
}

bool totp_check(const uint8_t secret[TOTP_SECRET_BYTES], uint32_t code, wall_ms now, int64_t after, int64_t *step)
{
	int64_t here = now / TOTP_STEP;
	bool found = false;

	for (int64_t s = here - 1; s <= here + 1; s++) /* all three, whichever it is */
		if (totp_number(secret, s) % CODES == code && s > after && !found) {
			*step = s;
			found = true;
		}
	return found;
}

bool totp_read(struct str text, uint32_t *code)
{
	size_t digits = 0;

	*code = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == ' ')
			continue;
		if (text.p[i] < '0' || text.p[i] > '9' || ++digits > CODE_DIGITS)
			return false;
		*code = *code * 10 + (uint32_t)(text.p[i] - '0');
	}
	return digits == CODE_DIGITS;
}

struct str mfa_recovery_read(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, MFA_RECOVERY_CHARS + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i];

		if (c == '-' || c == ' ')
			continue;
		if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')) || n == MFA_RECOVERY_CHARS)
			return S("");
		out[n++] = c;
	}
	out[n] = '\0';
	return n == MFA_RECOVERY_CHARS ? str_n(out, n) : S("");
}

struct str mfa_recovery_write(struct arena *a, struct str code)
{
	return arena_printf(a, "%.4s-%.4s-%.4s", code.p, code.p + 4, code.p + 8);
}

struct str totp_uri(struct arena *a, struct str issuer, struct str name, struct str secret)
{
	return arena_printf(a, "otpauth://totp/" STR_FMT ":" STR_FMT "?secret=" STR_FMT "&issuer=" STR_FMT "&algorithm=SHA1&digits=6&period=30", STR_ARG(issuer), STR_ARG(name),
			    STR_ARG(secret), STR_ARG(issuer));
}

bool mfa_may_try(const struct mfa *m, wall_ms now)
{
	return m->wrong < MFA_WRONG_MAX || now - m->wrong_since >= MFA_WRONG_SPAN;
}

void mfa_was_wrong(struct mfa *m, wall_ms now)
{
	if (!m->wrong || now - m->wrong_since >= MFA_WRONG_SPAN) {
		m->wrong = 0;
		m->wrong_since = now;
	}
	m->wrong++;
}
