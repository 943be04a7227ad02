/* api/sns.h -- Amazon SNS: is a message signed by it, and the call that confirms a subscription. What is signed says ops/sns.h.
 *
 * A delivery waits for the certificate that it names: the first pass of its exchange finds out which, the net thread gets it (or has it
 * for a day), and a second pass checks the signature. The certificate comes by TLS from a host that only Amazon can have; that is what
 * makes it theirs.
 */
#pragma once
#include "api/exchange.h"
#include "engine/alerts.h"

struct sns;

/* endpoint: "", or the only server that is believed instead of Amazon's. ca_file: NULL, or the certificates that its TLS is checked with.
 * Both are borrowed for good. Fills engine->confirm. */
struct sns *sns_new(struct engine *e, uv_loop_t *loop, struct str endpoint, const char *ca_file);
void sns_free(struct sns *s);

/* Work thread. topic: "*", or the one that the source takes. false: x->err says why (403, or 503 if the certificate cannot be had), or x->finish
 * is set: the exchange waits, and its handler runs once more. */
MUST_USE bool sns_check(struct exchange *x, struct str topic);
/* Work thread: puts the confirmation that a body asks for into the outbox; "" asks for none. false: x->work.err, d->http_status. */
MUST_USE bool sns_confirm(struct exchange *x, struct delivery *d, struct str url);
