#include "base/crypt.h"

#include <sodium.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

bool crypt_start(struct err *err)
{
	if (sodium_init() >= 0)
		return true;
	err_set(err, ERR_INTERNAL, "libsodium cannot start");
	return false;
}

void crypt_random(void *out, size_t n)
{
	randombytes_buf(out, n);
}

void crypt_sha256(struct str s, uint8_t out[32])
{
	crypto_hash_sha256(out, (const unsigned char *)s.p, s.n);
}

void crypt_hmac_sha256(const struct secret *key, struct str s, uint8_t out[32])
{
	crypto_auth_hmacsha256(out, (const unsigned char *)s.p, s.n, key->bytes);
}

struct str crypt_hex(struct arena *a, const uint8_t *bytes, size_t n)
{
	char *p = arena_alloc(a, n * 2 + 1);

	sodium_bin2hex(p, n * 2 + 1, bytes, n);
	return str_n(p, n * 2);
}

struct str crypt_sha256_hex(struct arena *a, struct str s)
{
	uint8_t hash[32];

	crypt_sha256(s, hash);
	return crypt_hex(a, hash, sizeof hash);
}

struct str crypt_base32(struct arena *a, const uint8_t *bytes, size_t chars)
{
	char *p = arena_alloc(a, chars + 1);

	for (size_t i = 0; i < chars; i++) {
		size_t bit = i * 5, at = bit / 8, shift = bit % 8;
		unsigned two = (unsigned)bytes[at] << 8 | (shift > 3 ? bytes[at + 1] : 0);

		p[i] = letters[two >> (11 - shift) & 31];
	}
	p[chars] = '\0';
	return str_n(p, chars);
}

struct str crypt_word(struct arena *a, size_t chars)
{
	uint8_t bytes[64];

	chars = chars > 96 ? 96 : chars;
	crypt_random(bytes, sizeof bytes);
	return crypt_base32(a, bytes, chars);
}

bool crypt_password_hash(struct arena *a, struct str password, struct str *out, struct err *err)
{
	char *hash = arena_alloc(a, crypto_pwhash_STRBYTES);

	if (crypto_pwhash_str_alg(hash, password.p, password.n, crypto_pwhash_OPSLIMIT_INTERACTIVE,
				  crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		err_set(err, ERR_INTERNAL, "no memory to hash a password");
		return false;
	}
	*out = str_of(hash);
	return true;
}

bool crypt_password_ok(struct str hash, struct str password)
{
	char z[crypto_pwhash_STRBYTES];

	if (hash.n == 0 || hash.n >= sizeof z)
		return false;
	memcpy(z, hash.p, hash.n);
	memset(z + hash.n, 0, sizeof z - hash.n);
	return crypto_pwhash_str_verify(z, password.p, password.n) == 0;
}
