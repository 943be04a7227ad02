/* api/source_auth.h -- how a request of a source shows where it comes from, beside the key in its path: a token in a header, an
 * HMAC-SHA256 over the body, or basic authentication.
 *
 * In the store it is a JSON text (source.auth) without anything secret in it: of tokens and passwords a MAC under
 * DIR/secret.key; a secret that nobody named is derived from that key; one that somebody named is sealed with it.
 */
#pragma once
#include "api/exchange.h"
#include "ops/source.h"

/* What is stored of `auth:` of a provision file: none, header, hmac (as the kind says they are done), {header: NAME, token: T},
 * {hmac: NAME, prefix: P, secret: S}, {basic: user:password}, sns or {sns: TOPIC}. Token and secret may be left out. ERR_INVALID, without the line. */
MUST_USE bool source_auth_read(struct work *w, const struct source_can *can, int64_t source_id,
			       const struct json *given, struct str *stored, struct err *err);
/* "auth":{...}: what to enter at the tool; the secret only if it is derived. Nothing if the key is all. */
void source_auth_write(struct work *w, const struct source *s, struct json_out *o);
/* Looks at the headers and the bytes of the body. ERR_UNAUTHENTICATED: what the source asks for is missing or wrong. */
MUST_USE bool source_auth_check(struct work *w, const struct http_request *r, const struct source *s, struct err *err);
/* Signed by Amazon SNS: api/sns.h checks it, since it may have to wait. topic: the only one that may send, or "*". */
bool source_auth_is_sns(const struct source *s);
struct str source_auth_topic(struct arena *a, const struct source *s);
bool source_auth_is_basic(
	const struct source *s); /* then a refusal says so to the client, which may log in only when it is asked */
