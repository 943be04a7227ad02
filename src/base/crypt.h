/* base/crypt.h -- hashes, random bytes, hex and base32, secrets. On libsodium.
 *
 * crypt_start() must have run (main does it).
 */
#pragma once
#include "base/mem.h"

struct secret {
	uint8_t bytes[32]; /* has no printer on purpose, so that it cannot be logged */
};

MUST_USE bool crypt_start(struct err *err);
void crypt_random(void *out, size_t n);

void crypt_sha256(struct str s, uint8_t out[32]);
/* From now on by OpenSSL, which uses the processor's instructions for it: three times as fast, for 2 MB of memory. */
void crypt_sha256_much(void);
void crypt_hmac_sha256(const struct secret *key, struct str s, uint8_t out[32]);
/* The same of what comes in pieces; as hex. crypt_sha256_end() ends it. */
struct crypt_sha256_stream {
	_Alignas(16) unsigned char state[128];
};
void crypt_sha256_begin(struct crypt_sha256_stream *s);
void crypt_sha256_add(struct crypt_sha256_stream *s, struct str piece);
struct str crypt_sha256_end(struct crypt_sha256_stream *s, struct arena *a);
/* SHA-1 for what is made so elsewhere (TOTP): by OpenSSL. */
void crypt_hmac_sha1(const uint8_t *key, size_t n, struct str s, uint8_t out[20]);
/* With a key of any length. */
void crypt_hmac_sha256_text(struct str key, struct str s, uint8_t out[32]);
struct str crypt_hex(struct arena *a, const uint8_t *bytes, size_t n); /* lower case */
struct str crypt_sha256_hex(struct arena *a, struct str s);
/* Of what can be read from fd until its end. false: it cannot, or it is more than max_bytes. */
MUST_USE bool crypt_sha256_fd(int fd, size_t max_bytes, uint8_t out[32]);
void crypt_hex_write(char *out, const uint8_t *bytes, size_t n); /* 2 * n characters and a NUL */
struct str crypt_base64(struct arena *a, struct str s); /* with = at the end; form.h reads it */
MUST_USE bool crypt_unhex(struct str hex, uint8_t *out, size_t n); /* exactly 2 * n digits, lower case alone */

/* Signatures (Ed25519, RFC 8032). The seed is the whole private key. */
#define CRYPT_PUBLIC_KEY 32
#define CRYPT_SIGNATURE 64
void crypt_public_key(const struct secret *seed, uint8_t out[CRYPT_PUBLIC_KEY]);
void crypt_sign(const struct secret *seed, struct str s, uint8_t out[CRYPT_SIGNATURE]);
bool crypt_signed_by(const uint8_t public_key[CRYPT_PUBLIC_KEY], struct str s, const uint8_t signature[CRYPT_SIGNATURE]);

/* A new random word of `chars` characters of a-z2-7 (5 bits each). */
struct str crypt_word(struct arena *a, size_t chars);
/* The same from given bytes, for keys that must come out again. */
struct str crypt_base32(struct arena *a, const uint8_t *bytes, size_t chars);

/* Small secrets that must come out again: encrypted and authenticated (XSalsa20-Poly1305), as hex. The same text gives the same
 * result under one key, so use one key for one thing. crypt_open(): false if it was made under another key, or changed. */
struct str crypt_seal(struct arena *a, const struct secret *key, struct str plain);
MUST_USE bool crypt_open(struct arena *a, const struct secret *key, struct str sealed, struct str *plain);

/* Argon2id (RFC 9106) with libsodium's interactive limits: about 64 MiB and 50 ms. */
MUST_USE bool crypt_password_hash(struct arena *a, struct str password, struct str *out, struct err *err);
bool crypt_password_ok(struct str hash, struct str password);

/* Fast hashes that are no secrets. fnv: FNV-1a 64 (Alertmanager's fingerprint uses it). */
#define FNV_START 14695981039346656037ull
static inline uint64_t fnv_add(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 1099511628211ull;
	return h;
}
static inline uint64_t fnv_byte(uint64_t h, uint8_t c)
{
	return (h ^ c) * 1099511628211ull;
}
/* Spreads a number over all 64 bits (splitmix64). */
static inline uint64_t hash_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* RSA-SHA256 (RFC 8017, PKCS #1 v1.5) as base64, in one line. pem: a private key of 2048 bits or more, without a password. ERR_INVALID. */
MUST_USE bool crypt_rsa_sign(struct arena *a, struct str pem, struct str text, struct str *base64, struct err *err);
