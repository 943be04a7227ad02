#include "api/apps.h"

#include "api/provision.h"
#include "commands/command.h"
#include "engine/app_events.h"
#include "engine/app_send.h"
#include "engine/apps.h"
#include "engine/people.h"
#include "store/apps.h"
#include "store/chat.h"

#include <inttypes.h>

/* ---- making ---- */

static bool read_manifest(struct work *w, const struct json *tree, struct app *app, struct app_manifest *m, struct err *err)
{
	static const struct json nothing = {.type = JSON_OBJECT};
	struct json_out o;
	struct buf b;

	if (!app_manifest_read(w->arena, tree ? tree : &nothing, m, err))
		return false;
	for (size_t i = 0; i < m->command_count; i++)
		if (command_is_prefix(m->commands[i].command)) {
			err_set(err, ERR_INVALID, "the command " STR_FMT " is opsroom's own", STR_ARG(m->commands[i].command));
			return false;
		}
	buf_init(&b, APP_MANIFEST_MAX);
	o = json_out(&b);
	json_put(&o, tree ? tree : &nothing);
	if (b.failed) {
		buf_done(&b);
		err_set(err, ERR_TOO_BIG, "a manifest has at most %u KiB", APP_MANIFEST_MAX / KIB);
		return false;
	}
	app->manifest = buf_keep(w->arena, &b);
	app->bot_scopes = m->bot_scopes.n ? m->bot_scopes : S(APP_SCOPES_USUAL);
	app->user_scopes = m->user_scopes.n ? m->user_scopes : S(APP_SCOPES_USUAL);
	return true;
}

/* The bot is called as the manifest says; if somebody else is called so, it is the bot of that name. */
static bool make_bot(struct work *w, struct app *app, const struct app_manifest *m, struct user *out, struct err *err)
{
	struct str shown = m->bot_name.n ? m->bot_name : app->name, name = app_user_name(w->arena, shown);
	struct user bot = {.real_name = str_clip(shown, 120), .role = ROLE_VIEWER, .bot_id = app->id};
	int64_t taken;

	if (!name.n)
		name = S("app");
	if (store_name_find(w->engine->db, app->workspace_id, "user", name, &taken, err))
		name = arena_printf(w->arena, STR_FMT "-bot", STR_ARG(str_clip(name, 56)));
	if (err->code)
		return false;
	bot.name = name;
	if (!provision_user(w, &bot, err))
		return false;
	app->user_id = bot.id;
	*out = bot;
	return true;
}

static bool make_webhook(struct work *w, struct app *app, const struct channel *channel, struct err *err)
{
	struct webhook hook = {.id = engine_id(w), .workspace_id = app->workspace_id, .name = app->name, .channel_id = channel->id};
	int64_t id;

	if (!hook.channel_id && store_name_find(w->engine->db, app->workspace_id, "channel", S("general"), &id, err))
		hook.channel_id = id;
	if (err->code)
		return false;
	hook.key_hash = auth_hash(w->arena, auth_webhook_key(w, hook.id));
	app->webhook_id = hook.id;
	return store_app_webhook(w->engine->db, app, &hook, w->now, err);
}

static bool make_token(struct work *w, const char *prefix, int64_t user_id, const struct app *app, const char *kind, struct str *secret, struct err *err)
{
	struct token t = {.id = engine_id(w), .workspace_id = app->workspace_id, .user_id = user_id, .created = w->now,
			  .name = arena_printf(w->arena, "app " STR_FMT, STR_ARG(app->name)), .scopes = arena_printf(w->arena, "app:%s:%" PRId64, kind, app->id)};

	struct app_grant g = {app->id, user_id, t.id, S("")};

	*secret = arena_printf(w->arena, "%s-" STR_FMT, prefix, STR_ARG(crypt_word(w->arena, 44)));
	return store_token_add(w->engine->db, &t, auth_hash(w->arena, *secret), err) && (strcmp(kind, "user") || store_grant_add(w->engine->db, app->workspace_id, &g, w->now, err));
}

bool app_make(struct work *w, const struct app_wish *wish, struct app *out, struct app_tokens *tokens, struct err *err)
{
	struct engine *e = w->engine;
	struct app app = {.id = engine_id(w), .workspace_id = e->workspace_id, .owner_id = wish->owner.id, .name = wish->name, .created = w->now, .changed = w->now};
	struct app_manifest m;
	struct app *all;
	struct user bot;
	size_t count;

	*tokens = (struct app_tokens){S(""), S(""), S("")};
	if (!wish->name.n || wish->name.n > 80 || !str_is_utf8(wish->name)) {
		err_set(err, ERR_INVALID, "an app needs a name of at most 80 characters");
		return false;
	}
	if (!read_manifest(w, wish->manifest, &app, &m, err) || !store_app_list(e->db, w->arena, e->workspace_id, &all, &count, err))
		return false;
	if (count >= APPS_MAX) {
		err_set(err, ERR_TOO_MANY, "there are %d apps, and no more than that can be", APPS_MAX);
		return false;
	}
	if (!make_bot(w, &app, &m, &bot, err) || !make_webhook(w, &app, &wish->channel, err) || !store_app_add(e->db, &app, err) || !store_app_offers(e->db, &app, NULL, &m, err) ||
	    !make_token(w, "xoxb", app.user_id, &app, "bot", &tokens->bot, err) || !make_token(w, "xapp", app.user_id, &app, "link", &tokens->link, err) ||
	    (app.owner_id && !make_token(w, "xoxp", app.owner_id, &app, "user", &tokens->user, err)))
		return false;
	person_tell(w, &bot); /* that it is an app */
	*out = app;
	return true;
}

bool app_change(struct work *w, struct app *app, const struct json *manifest, struct err *err)
{
	struct app_manifest before = app_manifest_of(w->arena, app), m;

	app->changed = w->now;
	app->failed = app->stopped = 0;
	return read_manifest(w, manifest, app, &m, err) && store_app_set(w->engine->db, app, err) && store_app_offers(w->engine->db, app, &before, &m, err);
}

struct ending {
	struct engine *engine;
	int64_t app_id;
};

static void end_links(void *context)
{
	const struct ending *ending = context;

	app_links_end(ending->engine, ending->app_id);
}

bool app_end(struct work *w, const struct app *app, struct err *err)
{
	struct app_manifest m = app_manifest_of(w->arena, app);
	static const struct app_manifest nothing;
	struct ending *links = arena_zero(w->arena, sizeof *links);
	struct user bot;

	*links = (struct ending){w->engine, app->id};
	effect_call(w, end_links, links);
	return store_user_find(w->engine->db, w->arena, app->workspace_id, app->user_id, &bot, err) && store_app_offers(w->engine->db, app, &m, &nothing, err) &&
	       store_app_drop(w->engine->db, app, bot.name, w->now, err) && apps_hurry(w, app->id, err); /* what waits for it finds that it is gone */
}

bool app_by_ref(struct work *w, struct str ref, struct app *out, struct err *err)
{
	struct engine *e = w->engine;
	int64_t id;

	if ((store_name_find(e->db, e->workspace_id, "app", ref, &id, err) || (!err->code && id_parse(ref, "A", &id))) && store_app_find(e->db, w->arena, e->workspace_id, id, out, err))
		return true;
	if (!err->code)
		err_set(err, ERR_NOT_FOUND, "there is no app " STR_FMT, STR_ARG(str_clip(ref, 60)));
	return false;
}

/* ---- showing ---- */

struct str webhook_url(struct work *w, int64_t webhook_id)
{
	struct engine *e = w->engine;
	struct arena *a = w->arena;

	return arena_printf(a, STR_FMT "/services/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(e->config.public_url), STR_ARG(id_write(a, 'T', e->workspace_id)),
			    STR_ARG(id_write(a, 'B', webhook_id)), STR_ARG(auth_webhook_key(w, webhook_id)));
}

void app_write_secrets(struct work *w, struct json_out *o, const struct app *app, const struct app_tokens *tokens)
{
	struct arena *a = w->arena;

	json_add_str(o, "app_id", id_write(a, 'A', app->id));
	json_add_str(o, "bot_id", id_write(a, 'B', app->id));
	json_add_str(o, "bot_user_id", id_write(a, 'U', app->user_id));
	if (tokens && tokens->bot.n) {
		json_add_str(o, "bot_token", tokens->bot);
		if (tokens->user.n)
			json_add_str(o, "user_token", tokens->user);
		json_add_str(o, "app_token", tokens->link);
	}
	json_add_str(o, "signing_secret", app_signing_secret(w, app->id));
	json_add_str(o, "verification_token", app_verification_token(w, app->id));
	json_add_str(o, "client_id", app_client_id(a, app));
	json_add_str(o, "client_secret", app_client_secret(w, app->id));
	json_add_str(o, "webhook_url", webhook_url(w, app->webhook_id));
}
