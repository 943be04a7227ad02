/* net/form.h -- what HTTP carries in text: percent-encoding, form bodies, multipart, cookies, basic authentication.
 *
 * Parsers of outside bytes: bounded, no recursion, fuzzed. Sources: WHATWG URL (application/x-www-form-urlencoded),
 * RFC 7578 (multipart/form-data), RFC 6265 (cookies), RFC 7617 (basic).
 */
#pragma once
#include "base/mem.h"

struct form_field {
	struct str name, value;
	struct str file_name; /* multipart only; p == NULL: not a file */
	struct str content_type;
};
struct form {
	struct form_field *fields;
	size_t count;
};

/* "a=1&b=x%20y" with '+' as space. ERR_TOO_MANY over 1,000 fields, ERR_INVALID for a bad escape. */
MUST_USE bool form_parse(struct arena *a, struct str encoded, struct form *out, struct err *err);
/* content_type is the whole header value, with its boundary. */
MUST_USE bool form_parse_multipart(struct arena *a, struct str content_type, struct str body, struct form *out, struct err *err);
struct str form_get(const struct form *f, const char *name); /* the first; "" if absent */
const struct form_field *form_find(const struct form *f, const char *name);

/* %XX decoded; plus_is_space for forms. false: a bad escape or a NUL. */
bool percent_decode(struct arena *a, struct str s, bool plus_is_space, struct str *out);
struct str percent_encode(struct arena *a, struct str s);

struct str cookie_get(struct str cookie_header, const char *name);
/* "application/json; charset=utf-8" is "application/json" (any case). */
bool content_type_is(struct str header, const char *type);
/* The password of "Authorization: Basic ...", the token of "Bearer ...". */
bool basic_parse(struct arena *a, struct str authorization, struct str *user, struct str *password);
bool bearer_parse(struct str authorization, struct str *token);
bool base64_decode(struct arena *a, struct str s, struct str *out);
