/* ops/plugin_rpc.h -- Chatops RPC v3 (github/chatops-controller, docs/protocol-description.md): what we ask and what is answered.
 *
 * Pure: who carries it over HTTPS hands in nonce, time and key. The listing of a server, GET url, is kept beside the plugin as
 * listing.json and read with its manifest (plugin_parse()): each method is a command of the plugin's name and its own, its params are
 * options. Its regex is matched by RE2 against the whole of what was typed; that is all it decides.
 *
 * A request is signed, an answer is not: https is what it is believed by. The server trusts us in who asks.
 */
#pragma once
#include "ops/plugin_output.h"
#include "ops/plugin_request.h"

#define RPC_ANSWER_MAX (1 * MIB)

struct rpc_headers {
	struct str nonce, timestamp, signature; /* each a whole line: "Chatops-Nonce: ..." */
};
/* What is signed: url, nonce, timestamp and body with line feeds between. */
struct str rpc_signed_text(struct arena *a, struct str url, struct str nonce, struct str timestamp, struct str body);
/* pem: the private key, RSA of 2048 bits or more. body "": a GET. ERR_INVALID: it is no such key. */
MUST_USE bool rpc_sign(struct arena *a, struct str pem, struct str key_id, struct str url, struct str nonce, wall_ms now, struct str body, struct rpc_headers *out, struct err *err);

/* Where a call is posted, and its body. */
struct str rpc_call_url(struct arena *a, const struct plugin_command *c);
struct str rpc_call_body(struct arena *a, const struct plugin_request *r);
/* What came back. The output is complete then; output->failed says whether the server says that it failed. error_response: of the listing, may be "".
 * *result: the text as it came, for the log; in the output's arena. */
void rpc_answer_read(struct str error_response, struct str body, int http_status, struct plugin_output *out, struct str *result);

/* What was typed behind the plugin's name, as a canonical line, if a method's regex takes it: "can i deploy web" -> "deploy:can --app=web".
 * "": none does. */
struct str rpc_match(struct arena *a, const struct plugin *p, struct str text);
