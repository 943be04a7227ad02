/* engine/apps.h -- the apps of a workspace: their secrets. */
#pragma once
#include "engine/engine.h"
#include "ops/app.h"

/* Come from the daemon's own key, so that they can be shown again and nothing of them is stored. */
struct str app_signing_secret(struct work *w, int64_t app_id);
struct str app_client_secret(struct work *w, int64_t app_id);
struct str app_verification_token(struct work *w, int64_t app_id); /* the old way to know who sends: `token` in payloads */
struct str app_client_id(struct arena *a, const struct app *app);
/* true for the first who comes with this word, and kept for `life`. false with ERR_NONE: somebody was here. */
MUST_USE bool app_word_use(struct work *w, struct str word, span_ms life, struct err *err);
/* What its row holds; it was read when it was made. */
struct app_manifest app_manifest_of(struct arena *a, const struct app *app);
