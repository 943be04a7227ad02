/* base/regex.h -- regular expressions from outside: RE2, whose time is linear in the text and whose memory has a ceiling.
 *
 * The syntax is that of Go and so of Prometheus and Alertmanager: what they take is taken here, with the same meaning and
 * the same sentence when it is wrong. No back references, no looking around.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct regex; /* opaque; regex_free() ends it. It may be asked from any thread */

/* An expression that must match the whole text: `^(?:pattern)$`. NULL and ERR_INVALID, worded as Go's regexp package
 * does: "error parsing regexp: missing closing ): `^(?:()$`". */
MUST_USE struct regex *regex_new(struct str pattern, struct err *err);
/* Is it one by itself, without what regex_new() puts around it? `a)(b` is not. The sentence shows it as it was written. */
MUST_USE bool regex_check(struct str pattern, struct err *err);
void regex_free(struct regex *r); /* NULL is fine */
bool regex_matches(const struct regex *r, struct str text); /* text is UTF-8 */

/* With named groups, (?P<name>...) or (?<name>...) as Ruby writes it; it too must match the whole text. */
MUST_USE struct regex *regex_new_named(struct str pattern, struct err *err);
/* Hands over each named group that took part. false: it does not match. Only for those of regex_new_named(). */
bool regex_groups(const struct regex *r, struct str text, void (*on_group)(void *context, struct str name, struct str value), void *context);
