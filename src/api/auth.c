/* Who asks: tokens, sessions, and the keys in URLs. Secrets are stored as SHA-256 only: they are random, so no salt is needed. */
#include "api/exchange.h"
#include "base/mask.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/mfa.h"

#include <inttypes.h>

#define COOKIE "opsroom_session"

struct str auth_hash(struct arena *a, struct str secret)
{
	return crypt_sha256_hex(a, secret);
}

static struct str derived_key(struct work *w, const char *kind, int64_t id)
{
	uint8_t mac[32];

	struct str key;

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "%s:%" PRId64, kind, id), mac);
	key = crypt_base32(w->arena, mac, 32);
	(void)mask_add(key); /* whoever pastes it into a command has it hidden */
	return key;
}

struct str auth_source_key(struct work *w, int64_t source_id)
{
	return derived_key(w, "source", source_id);
}

struct str auth_source_secret(struct work *w, int64_t source_id)
{
	return derived_key(w, "source-secret", source_id);
}

struct str auth_webhook_key(struct work *w, int64_t webhook_id)
{
	return derived_key(w, "webhook", webhook_id);
}

struct str auth_grant_token(struct work *w, bool bots, int64_t token_id)
{
	struct str secret = arena_printf(w->arena, "%s-" STR_FMT, bots ? "xoxb" : "xoxp", STR_ARG(derived_key(w, "grant", token_id)));

	(void)mask_add(secret);
	return secret;
}

bool auth_know_keys(struct work *w)
{
	struct source *all;
	size_t count;

	if (!store_source_list(w->engine->db, w->arena, w->engine->workspace_id, &all, &count, &w->err))
		return false;
	for (size_t i = 0; i < count; i++) {
		(void)auth_source_key(w, all[i].id);
		(void)auth_source_secret(w, all[i].id);
	}
	return true;
}

/* ---- identifying ---- */

enum scope scope_of(struct str scopes)
{
	if (str_starts(scopes, S("app:")))
		return str_starts(scopes, S("app:link:")) ? SCOPE_READ : SCOPE_WRITE;
	if (str_find(scopes, S("admin"), NULL))
		return SCOPE_ADMIN;
	return str_find(scopes, S("write"), NULL) ? SCOPE_WRITE : SCOPE_READ;
}

static void became(struct exchange *x, const char *via, enum scope scope)
{
	x->caller.user = &x->user;
	x->caller.scope = scope;
	x->caller.via = via;
	x->caller.remote = x->request->remote;
}

static bool load_user(struct exchange *x, int64_t user_id)
{
	struct err ignored = {0};
	struct engine *e = x->work.engine;

	if (store_user_find(e->db, x_arena(x), e->workspace_id, user_id, &x->user, &ignored) && !x->user.deleted)
		return true;
	x->user = (struct user){0};
	return false;
}

/* What the token of an app may, in Slack's words. app:bot:ID, app:user:ID and app:link:ID may what the app may, app:grant:ID that of it which its
 * person said yes to. */
static bool app_rights(struct work *w, const struct token *t, int64_t *app_id, bool *app_level, struct str *scopes)
{
	struct str bot, user, kind, rest = str_cut(str_n(t->scopes.p + 4, t->scopes.n - 4), ':', &kind);
	struct engine *e = w->engine;
	struct err ignored = {0};
	struct app_grant g;
	int64_t bot_user;

	if (!str_to_int(rest, app_id) || !store_app_scopes(e->db, w->arena, e->workspace_id, *app_id, &bot_user, &bot, &user))
		return false;
	*app_level = str_is(kind, "link");
	*scopes = *app_level ? S(APP_LEVEL_SCOPES) : str_is(kind, "bot") ? bot : user;
	if (!str_is(kind, "grant"))
		return true;
	if (!store_grant_find(e->db, w->arena, e->workspace_id, t->id, &g, &ignored))
		return false;
	*scopes = app_scopes_both(w->arena, g.scopes, g.user_id == bot_user ? bot : user);
	return true;
}

static bool of_app(struct exchange *x)
{
	if (!str_starts(x->token.scopes, S("app:")))
		return true;
	return app_rights(&x->work, &x->token, &x->app_id, &x->app_level, &x->app_scopes) && (!x->app_level || x->route->dialect == DIALECT_SLACK);
}

bool auth_token_may(struct work *w, struct str hash, enum scope needs, const char *scope_name, struct user *u, struct caller *caller)
{
	struct engine *e = w->engine;
	struct err ignored = {0};
	bool app_level = false, may;
	struct str scopes;
	struct token t;
	int64_t app_id;

	if (!store_token_find(e->db, w->arena, e->workspace_id, hash, &t, &ignored) || t.revoked || !store_user_find(e->db, w->arena, e->workspace_id, t.user_id, u, &ignored) || u->deleted)
		return false;
	may = str_starts(t.scopes, S("app:")) ? app_rights(w, &t, &app_id, &app_level, &scopes) && !app_level && app_scope_has(scopes, str_of(scope_name)) : needs <= scope_of(t.scopes);
	*caller = (struct caller){.user = u, .scope = scope_of(t.scopes), .via = "api", .mfa_at = t.mfa_at};
	return may;
}

static void by_token(struct exchange *x, struct str secret)
{
	struct engine *e = x->work.engine;
	struct token *t = &x->token;
	struct err ignored = {0};

	x->auth_problem = "invalid_auth";
	x->token_hash = auth_hash(x_arena(x), secret);
	if (!store_token_find(e->db, x_arena(x), e->workspace_id, x->token_hash, t, &ignored)) {
		*t = (struct token){0};
		return;
	}
	if (t->revoked) {
		x->auth_problem = "token_revoked";
		return;
	}
	if (!of_app(x))
		return;
	if (!load_user(x, t->user_id)) {
		x->auth_problem = "account_inactive";
		return;
	}
	x->auth_problem = NULL;
	became(x, "api", scope_of(t->scopes));
	x->caller.mfa_at = t->mfa_at;
}

static bool same_origin(const struct http_request *r)
{
	struct str origin = http_header_get(r, "Origin"), host = http_header_get(r, "Host");
	size_t at;

	if (!origin.n)
		return !r->wants_websocket;
	return str_find(origin, S("://"), &at) && str_eq(str_n(origin.p + at + 3, origin.n - at - 3), host);
}

/* A picture changes nothing, and Cross-Origin-Resource-Policy keeps it from other sites' pages. Browsers that say who loads it are
 * believed (Fetch Metadata; plain http beyond loopback has none). */
static bool is_loaded_by_us(const struct exchange *x)
{
	struct str site = http_header_get(x->request, "Sec-Fetch-Site");

	return (x->route->flags & ROUTE_LOADED) && (!site.n || str_is(site, "same-origin") || str_is(site, "none"));
}

static void by_cookie(struct exchange *x)
{
	const struct http_request *r = x->request;
	struct str cookie = cookie_get(http_header_get(r, "Cookie"), COOKIE);
	struct engine *e = x->work.engine;
	struct err ignored = {0};
	int64_t user_id;
	wall_ms mfa_at;

	if (!cookie.n)
		return;
	/* Another site can make a browser send the cookie, but neither this header nor our Origin. */
	if (!same_origin(r) || (!r->wants_websocket && !str_is(http_header_get(r, "X-Opsroom"), "console") && !is_loaded_by_us(x)))
		return;
	if (store_session_find(e->db, e->workspace_id, auth_hash(x_arena(x), cookie), x->work.now, &user_id, &mfa_at, &ignored) && load_user(x, user_id)) {
		x->by_cookie = true;
		x->auth_problem = NULL;
		became(x, "console", SCOPE_ADMIN);
		x->caller.mfa_at = mfa_at;
	}
}

void auth_identify(struct exchange *x, struct str token_argument)
{
	struct str secret;

	x->auth_problem = "not_authed";
	if (bearer_parse(http_header_get(x->request, "Authorization"), &secret) && secret.n)
		by_token(x, secret);
	else if (token_argument.n)
		by_token(x, token_argument);
	else
		by_cookie(x);
}

/* ---- sessions ---- */

bool auth_log_in(struct exchange *x, const struct user *u)
{
	struct engine *e = x->work.engine;
	struct str secret = crypt_word(x_arena(x), 40);
	span_ms life = x->api->limits.session_life;

	if (!store_session_add(e->db, e->workspace_id, auth_hash(x_arena(x), secret), u->id, x->work.now, x->work.now + life, &x->err))
		return false;
	buf_printf(&x->headers, "Set-Cookie: " COOKIE "=" STR_FMT "; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s\r\n", STR_ARG(secret),
		   (long long)(life / SECOND), x->request->secure ? "; Secure" : "");
	return true;
}

void auth_log_out(struct exchange *x)
{
	struct str cookie = cookie_get(http_header_get(x->request, "Cookie"), COOKIE);
	struct engine *e = x->work.engine;

	if (cookie.n && !store_session_drop(e->db, e->workspace_id, auth_hash(x_arena(x), cookie), &x->err))
		return;
	buf_add(&x->headers, S("Set-Cookie: " COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0\r\n"));
}

bool auth_step_up(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str cookie = cookie_get(http_header_get(x->request, "Cookie"), COOKIE);

	x->caller.mfa_at = x->work.now;
	return x->by_cookie ? store_session_mfa(e->db, e->workspace_id, auth_hash(x_arena(x), cookie), x->work.now, &x->err)
			    : store_token_mfa(e->db, e->workspace_id, x->token.id, x->work.now, &x->err);
}

/* ---- tokens ---- */

bool auth_make_token(struct work *w, const struct user *u, struct str name, struct str scopes, struct token *out, struct str *secret, struct err *err)
{
	*secret = arena_printf(w->arena, "%s-" STR_FMT, u->bot_id ? "xoxb" : "xoxp", STR_ARG(crypt_word(w->arena, 44)));
	*out = (struct token){.id = engine_id(w), .workspace_id = w->engine->workspace_id, .user_id = u->id, .name = name, .scopes = scopes, .created = w->now};
	return store_token_add(w->engine->db, out, auth_hash(w->arena, *secret), err);
}
