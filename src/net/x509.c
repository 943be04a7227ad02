#include "net/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static X509 *read_pem(struct str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

/* Borrowed from the certificate; NULL: it is no key to trust. */
static EVP_PKEY *key_of(const X509 *certificate)
{
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;

	return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048 ? key : NULL;
}

bool x509_is_certificate(struct str pem)
{
	X509 *certificate = pem.n <= INT32_MAX ? read_pem(pem) : NULL;
	bool ok = key_of(certificate) != NULL;

	X509_free(certificate);
	ERR_clear_error();
	return ok;
}

static bool holds_at(const X509 *certificate, wall_ms now)
{
	time_t at = (time_t)(now / SECOND);

	return X509_cmp_time(X509_get0_notBefore(certificate), &at) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0;
}

static bool verify(EVP_PKEY *key, bool sha256, struct str text, struct str signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, sha256 ? EVP_sha256() : EVP_sha1(), NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n, (const unsigned char *)text.p,
				   text.n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool x509_signature_ok(struct str pem, bool sha256, struct str text, struct str signature, wall_ms now, struct err *err)
{
	X509 *certificate = pem.n <= INT32_MAX ? read_pem(pem) : NULL;
	EVP_PKEY *key = key_of(certificate);

	if (!key)
		err_set(err, ERR_FORBIDDEN, "the certificate cannot be read, or has no RSA key of 2048 bits");
	else if (!holds_at(certificate, now))
		err_set(err, ERR_FORBIDDEN, "the certificate does not hold at this time");
	else if (!verify(key, sha256, text, signature))
		err_set(err, ERR_FORBIDDEN, "the signature is wrong");
	X509_free(certificate);
	ERR_clear_error();
	return err->code == ERR_NONE;
}
