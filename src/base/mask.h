/* base/mask.h -- takes secrets out of texts that are kept or shown: "***" stands in their place.
 *
 * Two kinds: values that somebody said are secret (mask_add), and what looks like a secret: Slack's tokens (xoxb-...), Bearer
 * ..., access keys of AWS (AKIA...), password=..., "token": "...", --secret ..., the password in a URL, private keys (PEM).
 * It would rather take out too much. One pass over the text, in time linear in it, whatever the text and the secrets are.
 *
 * Any thread may call all of these.
 */
#pragma once
#include "base/mem.h"

#define MASK_LEAST 8               /* bytes of a known secret; what is shorter stands in many a word */
#define MASK_MOST_BYTES (64 * KIB) /* of all known secrets together */

/* This value is secret until the process ends. false: it is too short, or there are too many. */
bool mask_add(struct str secret);
/* The text itself if there is nothing secret in it. */
struct str mask_text(struct arena *a, struct str text);
/* The same for each text of a JSON value, and for the members whose names sound secret; what is no JSON is a text. */
struct str mask_json(struct arena *a, struct str json);

/* Does a value that is called so have to be hidden? The first is for what stands in any text: "db_password", "Api-Key". The
 * second hides more, and is for headers and queries. */
bool mask_name(struct str name);
bool mask_name_broad(struct str name);
