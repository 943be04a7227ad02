/* net/x509.h -- is this text signed with the key of that certificate? By OpenSSL. Who may have the certificate is for the caller to know. */
#pragma once
#include "base/mem.h"
#include "base/time.h"

/* One PEM certificate with an RSA key of 2048 bits or more. */
bool x509_is_certificate(struct str pem);
/* PKCS #1 v1.5 with SHA-1 or SHA-256, at a time when the certificate holds. ERR_FORBIDDEN says what is wrong. */
MUST_USE bool x509_signature_ok(struct str pem, bool sha256, struct str text, struct str signature, wall_ms now,
				struct err *err);
