/* api/handlers.h -- what the rows of routes.c run. */
#pragma once
#include "api/exchange.h"

/* hooks.c: the source whose key this is, if the request is signed as the source wants it; false with x->err set. */
MUST_USE bool hook_source(struct exchange *x, struct str key, struct source *out);
void hook_refused(struct exchange *x, struct str source); /* a line in the log, and counted */
bool hook_is_theirs(enum err_code code);                  /* is what was sent to blame? */

void hook_tool(struct exchange *x);
void hook_what_is_this(struct exchange *x);
void hook_v2(struct exchange *x);
void hook_incoming(struct exchange *x);

void v1_setup_get(struct exchange *x);
void v1_setup(struct exchange *x);
void v1_login(struct exchange *x);
void v1_logout(struct exchange *x);
void v1_me(struct exchange *x);
void v1_mfa(struct exchange *x);
void v1_mfa_enrol(struct exchange *x);
void v1_mfa_confirm(struct exchange *x);
void v1_mfa_step_up(struct exchange *x);
void v1_mfa_reset(struct exchange *x);
void v1_boot(struct exchange *x);
void v1_commands(struct exchange *x);
void v1_secrets(struct exchange *x);
void v1_secret_put(struct exchange *x);
void v1_secret_drop(struct exchange *x);
void v1_runs(struct exchange *x);
void v1_run(struct exchange *x);
void v1_access(struct exchange *x);
void v1_access_test(struct exchange *x);
void v1_access_check(struct exchange *x);
void v1_approvals(struct exchange *x);
void v1_approval(struct exchange *x);
void v1_locks(struct exchange *x);
void v1_mail_test(struct exchange *x);
void v1_alerts(struct exchange *x);
void v1_alerts_test(struct exchange *x);
void v1_alert(struct exchange *x);
void v1_sources(struct exchange *x);
void v1_deliveries(struct exchange *x);
void v1_delivery(struct exchange *x);
void v1_delivery_replay(struct exchange *x);
void v1_plugins(struct exchange *x);
void v1_plugin_change(struct exchange *x);
void v1_silences(struct exchange *x);
void v1_silence_preview(struct exchange *x);
void v1_silence_put(struct exchange *x);
void v1_silence_end(struct exchange *x);
void v1_status(struct exchange *x);
void v1_oauth(struct exchange *x);
void v1_oauth_decide(struct exchange *x);
void v1_tokens(struct exchange *x);
void v1_tokens_report(struct exchange *x);
void v1_token_new(struct exchange *x);
void v1_token_revoke(struct exchange *x);
void v1_audit(struct exchange *x);
void v1_audit_verify(struct exchange *x);
void v1_audit_key(struct exchange *x);
void v1_audit_export(struct exchange *x);
void v1_provision(struct exchange *x);
void v1_search(struct exchange *x);
void v1_advance(struct exchange *x);
void chat_calls_post(struct exchange *x); /* chat_calls.c */
void files_get(struct exchange *x);
#define UPLOAD_PATH "/upload/v1/" /* ID/KEY; bodies may be large here */
void upload_post(struct exchange *x);
struct str upload_key(struct work *w, int64_t file_id); /* upload.c */
void stream_route(struct exchange *x);
