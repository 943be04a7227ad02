/* ops/mfa.h -- the second factor: one-time codes by time (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds), and codes for when the device is lost.
 *
 * Rules only. A code counts in its own half minute and in the one before and after it, once; five wrong ones in ten minutes are the most.
 */
#pragma once
#include "base/time.h"

#define TOTP_SECRET_BYTES 20             /* RFC 4226 section 4, R6 */
#define TOTP_STEP (30 * SECOND)
#define MFA_WRONG_MAX 5
#define MFA_WRONG_SPAN (10 * MINUTE)
#define MFA_RECOVERY_CODES 10
#define MFA_RECOVERY_CHARS 12            /* 60 bits, shown as k7qx-4mwp-z2ha */

struct mfa {
	int64_t workspace_id, user_id;
	struct str sealed;       /* the secret, by crypt_seal() */
	wall_ms created, confirmed; /* confirmed 0: its first code is still to come */
	int64_t last_step;       /* of the last code that counted */
	unsigned wrong;          /* since wrong_since */
	wall_ms wrong_since;
};

/* What is left of the number before it is cut to digits (RFC 4226 section 5.3). step: how often 30 seconds have passed since 1970. */
uint32_t totp_number(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step);
/* Is it the code of a step that may count now, and is later than `after`? *step: which. */
bool totp_check(const uint8_t secret[TOTP_SECRET_BYTES], uint32_t code, wall_ms now, int64_t after, int64_t *step);
/* Six digits, with blanks in between or none. */
bool totp_read(struct str text, uint32_t *code);
/* "K7QX-4MWP Z2HA" to "k7qx4mwpz2ha"; "": it cannot be one. */
struct str mfa_recovery_read(struct arena *a, struct str text);
/* "k7qx4mwpz2ha" to "k7qx-4mwp-z2ha". */
struct str mfa_recovery_write(struct arena *a, struct str code);
/* otpauth://totp/ISSUER:NAME?..., as authenticators read it (Google Authenticator, Key URI Format). Both are percent-encoded already. */
struct str totp_uri(struct arena *a, struct str issuer, struct str name, struct str secret);

/* May another code be tried? */
bool mfa_may_try(const struct mfa *m, wall_ms now);
/* One was wrong. */
void mfa_was_wrong(struct mfa *m, wall_ms now);
