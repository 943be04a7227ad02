/* api/apps.h -- making, changing and ending apps; for /v1/apps, provisioning and apps.manifest. */
#pragma once
#include "api/exchange.h"
#include "ops/app.h"

struct app_wish {
	struct str name;
	const struct json *manifest;  /* NULL: an app without events, commands and buttons */
	struct user owner;            /* whose user_token it gets; id 0: nobody's */
	struct channel channel;       /* where its webhook posts; id 0: #general */
};
/* What is shown this once; of an app that was there before all three are empty. */
struct app_tokens {
	struct str bot, user, link;
};
/* Makes it with its bot and webhook. ERR_INVALID, ERR_CONFLICT (a name or a command is taken), ERR_TOO_MANY. */
MUST_USE bool app_make(struct work *w, const struct app_wish *wish, struct app *out, struct app_tokens *tokens, struct err *err);
MUST_USE bool app_change(struct work *w, struct app *app, const struct json *manifest, struct err *err);
MUST_USE bool app_end(struct work *w, const struct app *app, struct err *err);
/* By its name or its id (A...). ERR_NOT_FOUND. */
MUST_USE bool app_by_ref(struct work *w, struct str ref, struct app *out, struct err *err);
/* The members app_id, client_id ... webhook_url; with tokens also those. */
void app_write_secrets(struct work *w, struct json_out *o, const struct app *app, const struct app_tokens *tokens);

struct str webhook_url(struct work *w, int64_t webhook_id);

void v1_apps(struct exchange *x);
void v1_app_new(struct exchange *x);
void v1_app_change(struct exchange *x);
void v1_app_delete(struct exchange *x);
