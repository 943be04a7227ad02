/* api/hooks.h -- a delivery of a tool: whose it is, what it says, and how it ends. hooks.c has it for the files that know
 * other addresses and answers than /hooks/TOOL/KEY.
 */
#pragma once
#include "api/exchange.h"
#include "engine/alerts.h"
#include "ops/source.h"
#include "store/chat.h"

/* Fills the delivery for the source of that key, which must be one of the tool. NULL: x->err, and it is logged. */
MUST_USE struct source_kind *hook_begin(struct exchange *x, struct str key, struct str tool, struct delivery *d);

/* What a body means, by the program of its kind. Changes the tree. false: as source_read, with d->http_status. */
MUST_USE bool hook_read(struct exchange *x, struct source_kind *kind, struct delivery *d, struct json *body, struct source_reading *out);

/* After it was taken in, or not: logs that, and makes the work's error the exchange's. Answers `ok`. */
bool hook_end(struct exchange *x, const struct delivery *d, bool ok);
