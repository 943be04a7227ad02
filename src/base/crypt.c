#include "base/crypt.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

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

static EVP_MD *_Atomic sha256; /* NULL: libsodium's */

static void sha256_find(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void crypt_sha256_much(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, sha256_find);
}

void crypt_sha256(struct str s, uint8_t out[32])
{
	const EVP_MD *fast = sha256;

	if (!fast || !EVP_Digest(s.n ? s.p : "", s.n, out, NULL, fast, NULL))
		crypto_hash_sha256(out, (const unsigned char *)s.p, s.n);
}

void crypt_hmac_sha256(const struct secret *key, struct str s, uint8_t out[32])
{
	crypto_auth_hmacsha256(out, (const unsigned char *)s.p, s.n, key->bytes);
}

void crypt_hmac_sha1(const uint8_t *key, size_t n, struct str s, uint8_t out[20])
{
	if (!HMAC(EVP_sha1(), key, (int)n, (const unsigned char *)s.p, s.n, out, NULL))
		abort(); /* out of memory, as everywhere */
}

void crypt_hmac_sha256_text(struct str key, struct str s, uint8_t out[32])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.p, key.n);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)s.p, s.n);
	crypto_auth_hmacsha256_final(&state, out);
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

bool crypt_sha256_fd(int fd, size_t max_bytes, uint8_t out[32])
{
	crypto_hash_sha256_state state;
	unsigned char part[64 * KIB];
	size_t total = 0;
	ssize_t n;

	crypto_hash_sha256_init(&state);
	while ((n = read(fd, part, sizeof part)) > 0 && (total += (size_t)n) <= max_bytes)
		crypto_hash_sha256_update(&state, part, (size_t)n);
	crypto_hash_sha256_final(&state, out);
	return n == 0;
}

void crypt_hex_write(char *out, const uint8_t *bytes, size_t n)
{
	sodium_bin2hex(out, n * 2 + 1, bytes, n);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool crypt_unhex(struct str hex, uint8_t *out, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void crypt_public_key(const struct secret *seed, uint8_t out[CRYPT_PUBLIC_KEY])
{
	unsigned char whole[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(out, whole, seed->bytes);
	sodium_memzero(whole, sizeof whole);
}

void crypt_sign(const struct secret *seed, struct str s, uint8_t out[CRYPT_SIGNATURE])
{
	unsigned char whole[crypto_sign_SECRETKEYBYTES], public_key[crypto_sign_PUBLICKEYBYTES];

	crypto_sign_seed_keypair(public_key, whole, seed->bytes);
	crypto_sign_detached(out, NULL, (const unsigned char *)s.p, s.n, whole);
	sodium_memzero(whole, sizeof whole);
}

bool crypt_signed_by(const uint8_t public_key[CRYPT_PUBLIC_KEY], struct str s, const uint8_t signature[CRYPT_SIGNATURE])
{
	return crypto_sign_verify_detached(signature, (const unsigned char *)s.p, s.n, public_key) == 0;
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

#define SEAL_NONCE crypto_secretbox_NONCEBYTES
#define SEAL_MORE (SEAL_NONCE + crypto_secretbox_MACBYTES)

/* The nonce is made from the text: two texts never share one, and nothing random is needed. Its key is another than the box's. */
struct str crypt_seal(struct arena *a, const struct secret *key, struct str plain)
{
	uint8_t *box = arena_alloc(a, SEAL_MORE + plain.n), mac[32];
	struct secret nonce_key;

	crypt_hmac_sha256(key, S("nonce"), nonce_key.bytes);
	crypt_hmac_sha256(&nonce_key, plain, mac);
	memcpy(box, mac, SEAL_NONCE);
	crypto_secretbox_easy(box + SEAL_NONCE, (const unsigned char *)plain.p, plain.n, box, key->bytes);
	return crypt_hex(a, box, SEAL_MORE + plain.n);
}

bool crypt_open(struct arena *a, const struct secret *key, struct str sealed, struct str *plain)
{
	uint8_t *box = arena_alloc(a, sealed.n / 2 + 1);
	unsigned char *text;
	size_t n;

	if (sodium_hex2bin(box, sealed.n / 2 + 1, sealed.p, sealed.n, NULL, &n, NULL) != 0 || n * 2 != sealed.n || n < SEAL_MORE)
		return false;
	text = arena_alloc(a, n - SEAL_MORE + 1);
	*plain = str_n((const char *)text, n - SEAL_MORE);
	return crypto_secretbox_open_easy(text, box + SEAL_NONCE, n - SEAL_NONCE, box, key->bytes) == 0;
}

/* ---- RSA ---- */

static int no_password(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1; /* the default would ask on the terminal */
}

static EVP_PKEY *read_private_key(struct str pem)
{
	BIO *bio = pem.n <= 64 * KIB ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	if (key && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

struct str crypt_base64(struct arena *a, struct str s)
{
	unsigned char *out = arena_alloc(a, 4 * (s.n / 3) + 5);

	return str_n((const char *)out, (size_t)EVP_EncodeBlock(out, (const unsigned char *)s.p, (int)s.n));
}

bool crypt_rsa_sign(struct arena *a, struct str pem, struct str text, struct str *base64, struct err *err)
{
	EVP_PKEY *key = read_private_key(pem);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *raw;
	size_t n = 0;
	bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, NULL, &n, (const unsigned char *)text.p, text.n) == 1;

	if (ok) {
		raw = arena_alloc(a, n);
		ok = EVP_DigestSign(ctx, raw, &n, (const unsigned char *)text.p, text.n) == 1;
		*base64 = crypt_base64(a, str_n((const char *)raw, ok ? n : 0));
	}
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (!ok)
		err_set(err, ERR_INVALID, "the key is no private RSA key of 2048 bits or more (PEM, without a password)");
	return ok;
}

/* ---- in pieces ---- */

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct crypt_sha256_stream *)0)->state), "the stream has room for libsodium's state");

static crypto_hash_sha256_state *state_of(struct crypt_sha256_stream *s)
{
	return (crypto_hash_sha256_state *)(void *)s->state;
}

void crypt_sha256_begin(struct crypt_sha256_stream *s)
{
	crypto_hash_sha256_init(state_of(s));
}

void crypt_sha256_add(struct crypt_sha256_stream *s, struct str piece)
{
	crypto_hash_sha256_update(state_of(s), (const unsigned char *)piece.p, piece.n);
}

struct str crypt_sha256_end(struct crypt_sha256_stream *s, struct arena *a)
{
	uint8_t hash[32];

	crypto_hash_sha256_final(state_of(s), hash);
	return crypt_hex(a, hash, sizeof hash);
}
