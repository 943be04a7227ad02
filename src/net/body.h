/* net/body.h -- the body of a webhook as a tree, whatever it was sent as.
 *
 * JSON (also sent as text/plain, as SNS does, and with the small faults that json_mend() mends), or a form, which becomes
 * one flat object of texts; of a repeated key the last counts. What is sent as text/plain or as a form by hand
 * (`curl -d 'disk is full'`) and is neither becomes a JSON_STR, for the tools that take plain text; so does nothing at all. A mail (message/rfc822) becomes what
 * net/mail.h says.
 */
#pragma once
#include "base/json.h"

/* The tree points into the body and the arena. ERR_INVALID: it is none of these; ERR_TOO_BIG past JSON_MAX_*. */
MUST_USE struct json *body_parse(struct arena *a, struct str content_type, struct str body, struct err *err);
