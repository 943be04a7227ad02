#include "engine/apps.h"

#include "base/mask.h"
#include "store/journal.h"

#include <inttypes.h>

static struct str derived(struct work *w, const char *kind, int64_t id, size_t hex_chars)
{
	uint8_t mac[32];
	struct str secret;

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "%s:%" PRId64, kind, id), mac);
	secret = crypt_hex(w->arena, mac, hex_chars / 2);
	(void)mask_add(secret);
	return secret;
}

struct str app_signing_secret(struct work *w, int64_t app_id)
{
	return derived(w, "app-signing", app_id, 32);
}

struct str app_client_secret(struct work *w, int64_t app_id)
{
	return derived(w, "app-client", app_id, 32);
}

struct str app_verification_token(struct work *w, int64_t app_id)
{
	return derived(w, "app-verification", app_id, 24);
}

struct str app_client_id(struct arena *a, const struct app *app)
{
	return arena_printf(a, "%" PRId64 ".%" PRId64, app->workspace_id, app->id);
}

bool app_word_use(struct work *w, struct str word, span_ms life, struct err *err)
{
	struct engine *e = w->engine;
	struct str hash = crypt_sha256_hex(w->arena, word), kept;
	bool same;

	return !store_idempotency_find(e->db, w->arena, e->workspace_id, hash, S("app"), w->now, &same, &kept, err) && !err->code &&
	       store_idempotency_add(e->db, e->workspace_id, hash, S("app"), S(""), w->now + life, err);
}

struct app_manifest app_manifest_of(struct arena *a, const struct app *app)
{
	struct app_manifest m;
	struct err err = {0};

	if (!app_manifest_read(a, json_parse(a, app->manifest, JSON_LAST_KEY_WINS, &err), &m, &err))
		m = (struct app_manifest){0};
	return m;
}
