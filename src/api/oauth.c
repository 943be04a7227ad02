/* OAuth 2.0 as Slack has it (docs.slack.dev: Installing with OAuth; RFC 6749 section 4.1): an app sends a person to /oauth/v2/authorize, a page of
 * the console; their yes becomes a code in the address that they are sent back to, and the code two tokens (oauth.v2.access).
 *
 * A code is kept as its hash for ten minutes, and taken once. Tokens come from the daemon's key: who says yes again gives the same one,
 * which may what they said yes to in all.
 */
#include "api/apps.h"
#include "api/handlers.h"
#include "api/slack.h"
#include "engine/apps.h"
#include "engine/slack_json.h"
#include "net/form.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define CODE_LIFE (10 * MINUTE)
#define WEBHOOK_SCOPE "incoming-webhook"

static bool find_client(struct work *w, struct str client_id, struct app *out)
{
	struct engine *e = w->engine;
	struct str head, tail = str_cut(client_id, '.', &head);
	struct err ignored = {0};
	int64_t workspace_id, app_id;

	return str_to_int(head, &workspace_id) && workspace_id == e->workspace_id && str_to_int(tail, &app_id) && store_app_find(e->db, w->arena, workspace_id, app_id, out, &ignored);
}

/* ---- what is asked, and the answer ---- */

struct asked {
	struct app app;
	struct app_manifest manifest;
	struct str redirect, scopes, user_scopes;
	bool webhook;
};

static bool may_ask(struct exchange *x, struct str wanted, struct str may)
{
	struct str more = app_scopes_without(x_arena(x), wanted, may);

	if (more.n)
		x_fail(x, ERR_INVALID, "invalid_scope: the manifest of this app does not have " STR_FMT, STR_ARG(str_clip(more, 150)));
	return !more.n;
}

/* Who is wrong here is told so and not sent on: the address may be somebody else's (RFC 6749 section 4.1.2.1). */
static bool read_redirect(struct exchange *x, struct asked *q)
{
	struct str wanted = x_query(x, "redirect_uri");

	if (!q->manifest.redirect_count)
		x_fail(x, ERR_INVALID, "bad_redirect_uri: the manifest of this app has no oauth_config.redirect_urls");
	for (size_t i = 0; i < q->manifest.redirect_count; i++)
		if (!wanted.n || str_eq(wanted, q->manifest.redirects[i])) {
			q->redirect = q->manifest.redirects[i];
			return true;
		}
	if (!x->err.code)
		x_fail(x, ERR_INVALID, "bad_redirect_uri: " STR_FMT " is none of oauth_config.redirect_urls of this app", STR_ARG(str_clip(wanted, 100)));
	return false;
}

static bool read_asked(struct exchange *x, struct asked *q)
{
	struct arena *a = x_arena(x);

	if (x->app_id || x->user.bot_id) {
		x_fail(x, ERR_FORBIDDEN, "a person says yes to an app, not a program");
		return false;
	}
	if (!find_client(&x->work, x_query(x, "client_id"), &q->app)) {
		x_fail(x, ERR_NOT_FOUND, "invalid_client_id: no app has this client_id");
		return false;
	}
	q->manifest = app_manifest_of(a, &q->app);
	q->scopes = app_scopes_read(a, x_query(x, "scope"));
	q->user_scopes = app_scopes_read(a, x_query(x, "user_scope"));
	q->webhook = app_scopes_both(a, q->scopes, S(WEBHOOK_SCOPE)).n > 0;
	if (!q->scopes.n && !q->user_scopes.n)
		x_fail(x, ERR_INVALID, "invalid_scope: the app asks for nothing");
	return !x->err.code && may_ask(x, q->scopes, q->app.bot_scopes) && may_ask(x, q->user_scopes, q->app.user_scopes) && read_redirect(x, q);
}

static void put_scopes(struct json_out *o, const char *key, struct str scopes)
{
	struct str one;

	json_key(o, key);
	json_open(o, '[');
	while (scopes.n) {
		scopes = str_cut(scopes, ',', &one);
		json_put_str(o, one);
	}
	json_close(o, ']');
}

void v1_oauth(struct exchange *x)
{
	struct json_out o;
	struct asked q;

	if (!read_asked(x, &q))
		return;
	o = x_object(x, 200);
	json_add_str(&o, "app", q.app.name);
	json_add_str(&o, "description", q.manifest.description);
	put_scopes(&o, "scopes", q.scopes);
	put_scopes(&o, "user_scopes", q.user_scopes);
	json_add_str(&o, "redirect_uri", q.redirect);
	json_add_bool(&o, "incoming_webhook", q.webhook);
	json_close(&o, '}');
}

/* The code's row: what it is good for. */
static bool keep_code(struct exchange *x, const struct asked *q, int64_t channel_id, struct str code)
{
	struct engine *e = x->work.engine;
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "app", q->app.id);
	json_add_int(&o, "user", x->user.id);
	json_add_int(&o, "channel", channel_id);
	json_add_str(&o, "scope", q->scopes);
	json_add_str(&o, "user_scope", q->user_scopes);
	json_add_str(&o, "redirect_uri", q->redirect);
	json_add_bool(&o, "named", x_query(x, "redirect_uri").n > 0);
	json_close(&o, '}');
	return store_idempotency_add(e->db, e->workspace_id, crypt_sha256_hex(x_arena(x), code), S("oauth"), buf_keep(x_arena(x), &b), x->work.now + CODE_LIFE, &x->err);
}

static struct str back_to(struct exchange *x, const struct asked *q, const char *name, struct str value)
{
	struct str state = x_query(x, "state");
	struct buf b;

	buf_init(&b, 64 * KIB);
	buf_printf(&b, STR_FMT "%c%s=" STR_FMT, STR_ARG(q->redirect), str_find(q->redirect, S("?"), NULL) ? '&' : '?', name, STR_ARG(value));
	if (state.n)
		buf_printf(&b, "&state=" STR_FMT, STR_ARG(percent_encode(x_arena(x), state)));
	return buf_keep(x_arena(x), &b);
}

static bool webhook_channel(struct exchange *x, const struct json *body, const struct asked *q, int64_t *channel_id)
{
	struct err why = {0};
	struct channel ch;

	*channel_id = 0;
	if (!q->webhook)
		return true;
	if (!chat_channel(&x->work, x->user.id, json_get_str(body, "channel"), &ch, &why) || ch.kind == CHANNEL_DM || ch.archived) {
		x_fail(x, ERR_INVALID, "a webhook needs a channel: choose one");
		return false;
	}
	*channel_id = ch.id;
	return true;
}

static bool note_decision(struct exchange *x, const struct asked *q, bool allow)
{
	struct arena *a = x_arena(x);
	struct str detail = arena_printf(a, "{\"app\":\"" STR_FMT "\",\"scopes\":\"" STR_FMT "\",\"user_scopes\":\"" STR_FMT "\",\"from\":\"" STR_FMT "\"}",
					 STR_ARG(id_write(a, 'A', q->app.id)), STR_ARG(str_clip(q->scopes, 2000)), STR_ARG(str_clip(q->user_scopes, 2000)), STR_ARG(x->request->remote));

	return x_audit(x, x->user.id, "app.grant", detail, allow ? "ok" : "denied");
}

void v1_oauth_decide(struct exchange *x)
{
	struct json *body = x_body(x);
	bool allow = json_get_bool(body, "allow", false);
	int64_t channel_id;
	struct json_out o;
	struct str code;
	struct asked q;

	if (!body || !read_asked(x, &q) || (allow && !webhook_channel(x, body, &q, &channel_id)))
		return;
	code = crypt_word(x_arena(x), 40);
	if ((allow && !keep_code(x, &q, channel_id, code)) || !note_decision(x, &q, allow)) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_add_str(&o, "redirect", allow ? back_to(x, &q, "code", code) : back_to(x, &q, "error", S("access_denied")));
	json_close(&o, '}');
}

/* ---- oauth.v2.access ---- */

/* Client id and secret stand among the arguments or in HTTP's basic authentication. */
static bool the_client(struct slack_call *c, struct app *app)
{
	struct str id = arg(c, "client_id"), secret = arg(c, "client_secret");

	if (!id.n && !basic_parse(c->w->arena, http_header_get(c->x->request, "Authorization"), &id, &secret))
		id = S("");
	if (!find_client(c->w, id, app)) {
		slack_error(c, "invalid_client_id");
		return false;
	}
	if (str_eq_secret(secret, app_client_secret(c->w, app->id)))
		return true;
	slack_error(c, "bad_client_secret");
	return false;
}

/* What the code is good for; it is used up. */
static const struct json *take_code(struct slack_call *c, const struct app *app)
{
	struct engine *e = c->w->engine;
	struct str kept, code = arg(c, "code"), given = arg(c, "redirect_uri");
	const struct json *grant = NULL;
	struct err err = {0};
	bool same;

	if (code.n && store_idempotency_find(e->db, c->w->arena, e->workspace_id, crypt_sha256_hex(c->w->arena, code), S("oauth"), c->w->now, &same, &kept, &err) && same)
		grant = json_parse(c->w->arena, kept, JSON_LAST_KEY_WINS, &err);
	if (!grant || json_get_int(grant, "app", 0) != app->id)
		slack_error(c, "invalid_code");
	else if (given.n || json_get_bool(grant, "named", false) ? !str_eq(given, json_get_str(grant, "redirect_uri")) : false)
		slack_error(c, "bad_redirect_uri");
	else if (app_word_use(c->w, arena_printf(c->w->arena, "code:" STR_FMT, STR_ARG(code)), CODE_LIFE, &err))
		return grant;
	else if (err.code)
		slack_failed(c, &err);
	else
		slack_error(c, "code_already_used");
	return NULL;
}

/* The same token for the same app and user; *scopes grows by what was said yes to before. */
static bool grant_token(struct work *w, const struct app *app, int64_t user_id, struct str *scopes, struct str *secret, struct err *err)
{
	struct engine *e = w->engine;
	struct token t = {.id = engine_id(w), .workspace_id = e->workspace_id, .user_id = user_id, .created = w->now, .name = arena_printf(w->arena, "app " STR_FMT, STR_ARG(str_clip(app->name, 76))),
			  .scopes = arena_printf(w->arena, "app:grant:%" PRId64, app->id)};
	struct app_grant *all, mine = {app->id, user_id, t.id, *scopes};
	bool bots = user_id == app->user_id;
	size_t count;

	if (!store_grant_list(e->db, w->arena, e->workspace_id, app->id, &all, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].user_id == user_id && all[i].scopes.n) {
			all[i].scopes = *scopes = app_scopes_read(w->arena, arena_printf(w->arena, STR_FMT "," STR_FMT, STR_ARG(*scopes), STR_ARG(all[i].scopes)));
			*secret = auth_grant_token(w, bots, all[i].token_id);
			return store_grant_set(e->db, e->workspace_id, &all[i], err);
		}
	if (count >= GRANTS_MAX) {
		err_set(err, ERR_TOO_MANY, "too_many_grants");
		return false;
	}
	*secret = auth_grant_token(w, bots, t.id);
	return store_token_add(e->db, &t, auth_hash(w->arena, *secret), err) && store_grant_add(e->db, e->workspace_id, &mine, w->now, err);
}

static void put_person(struct slack_call *c, int64_t user_id, struct str scopes, struct str token)
{
	json_key(&c->out, "authed_user");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", id_write(c->w->arena, 'U', user_id));
	if (scopes.n) {
		json_add_str(&c->out, "scope", scopes);
		json_add_str(&c->out, "access_token", token);
		json_add_str(&c->out, "token_type", S("user"));
	}
	json_close(&c->out, '}');
}

static void put_team(struct slack_call *c)
{
	struct engine *e = c->w->engine;

	json_key(&c->out, "team");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", id_write(c->w->arena, 'T', e->workspace_id));
	json_add_str(&c->out, "name", e->workspace_name);
	json_close(&c->out, '}');
	json_key(&c->out, "enterprise");
	json_put_null(&c->out);
	json_add_bool(&c->out, "is_enterprise_install", false);
}

static bool put_webhook(struct slack_call *c, const struct app *app, int64_t channel_id, struct err *err)
{
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;
	struct webhook hook = {.id = engine_id(c->w), .workspace_id = e->workspace_id, .channel_id = channel_id};
	struct channel ch;

	hook.key_hash = auth_hash(a, auth_webhook_key(c->w, hook.id));
	if (!store_channel_find(e->db, a, channel_id, &ch, err) || !store_app_webhook(e->db, app, &hook, c->w->now, err))
		return false;
	json_key(&c->out, "incoming_webhook");
	json_open(&c->out, '{');
	json_add_str(&c->out, "channel", arena_printf(a, "#" STR_FMT, STR_ARG(ch.name)));
	json_add_str(&c->out, "channel_id", channel_id_text(a, &ch));
	json_add_str(&c->out, "configuration_url", arena_printf(a, STR_FMT "/", STR_ARG(e->config.public_url)));
	json_add_str(&c->out, "url", webhook_url(c->w, hook.id));
	json_close(&c->out, '}');
	return true;
}

static bool give(struct slack_call *c, const struct app *app, const struct json *grant, struct err *err)
{
	struct str scopes = json_get_str(grant, "scope"), user_scopes = json_get_str(grant, "user_scope"), bot_token = S(""), user_token = S("");
	int64_t user_id = json_get_int(grant, "user", 0), channel_id = json_get_int(grant, "channel", 0);
	struct user person;

	if (!store_user_find(c->w->engine->db, c->w->arena, app->workspace_id, user_id, &person, err) || person.deleted) {
		err_set(err, ERR_NOT_FOUND, "invalid_code");
		return false;
	}
	if ((scopes.n && !grant_token(c->w, app, app->user_id, &scopes, &bot_token, err)) || (user_scopes.n && !grant_token(c->w, app, user_id, &user_scopes, &user_token, err)))
		return false;
	json_add_str(&c->out, "app_id", id_write(c->w->arena, 'A', app->id));
	put_person(c, user_id, user_scopes, user_token);
	if (bot_token.n) {
		json_add_str(&c->out, "scope", scopes);
		json_add_str(&c->out, "token_type", S("bot"));
		json_add_str(&c->out, "access_token", bot_token);
		json_add_str(&c->out, "bot_user_id", id_write(c->w->arena, 'U', app->user_id));
	}
	put_team(c);
	return !channel_id || put_webhook(c, app, channel_id, err);
}

void slack_oauth_access(struct slack_call *c)
{
	struct str type = arg(c, "grant_type");
	const struct json *grant;
	struct err err = {0};
	struct app app;

	if (type.n && !str_is(type, "authorization_code")) {
		slack_error(c, "invalid_grant_type");
		return;
	}
	if (the_client(c, &app) && (grant = take_code(c, &app)) && !give(c, &app, grant, &err))
		slack_failed(c, &err);
}
