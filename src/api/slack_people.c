#include "api/slack.h"
#include "engine/slack_json.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/profiles.h"

void slack_api_test(struct slack_call *c)
{
	struct str error = arg(c, "error");

	if (error.n)
		slack_error(c, error.n < 200 ? arena_dup(c->w->arena, error).p : "error");
	json_key(&c->out, "args");
	json_put(&c->out, c->args);
}

void slack_auth_test(struct slack_call *c)
{
	struct exchange *x = c->x;
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;

	json_add_str(&c->out, "url", arena_printf(a, STR_FMT "/", STR_ARG(e->config.public_url)));
	json_add_str(&c->out, "team", e->workspace_name);
	json_add_str(&c->out, "user", x->user.name);
	json_add_str(&c->out, "team_id", id_write(a, 'T', e->workspace_id));
	json_add_str(&c->out, "user_id", id_write(a, 'U', x->user.id));
	if (x->user.bot_id)
		json_add_str(&c->out, "bot_id", id_write(a, 'B', x->user.bot_id));
	if (x->app_id)
		json_add_str(&c->out, "app_id", id_write(a, 'A', x->app_id));
	json_add_bool(&c->out, "is_enterprise_install", false);
}

void slack_users_list(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	struct user *users;
	unsigned limit;
	int64_t after;
	size_t count;

	if (!arg_page(c, 1000, &limit, &after))
		return;
	if (!arg_given(c, "limit"))
		limit = 1000;
	if (!store_user_list(e->db, c->w->arena, e->workspace_id, after, limit, &users, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "members");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		write_user_object(c->w, &c->out, &users[i], true);
	json_close(&c->out, ']');
	json_add_int(&c->out, "cache_ts", c->w->now / 1000);
	put_cursor(c, count == limit ? users[count - 1].id : 0);
}

static void put_one_user(struct slack_call *c, const struct user *u)
{
	json_key(&c->out, "user");
	write_user_object(c->w, &c->out, u, true);
}

void slack_users_info(struct slack_call *c)
{
	struct user u;

	if (arg_user(c, "user", &u))
		put_one_user(c, &u);
}

void slack_users_by_email(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	struct str email;
	struct user u;
	int64_t id;

	if (!arg_need(c, "email", &email))
		return;
	if (store_name_find(e->db, e->workspace_id, "email", arena_lower(c->w->arena, email), &id, &err) &&
	    store_user_find(e->db, c->w->arena, e->workspace_id, id, &u, &err))
		put_one_user(c, &u);
	else
		slack_error(c, "users_not_found");
}

void slack_users_presence(struct slack_call *c)
{
	struct user u = c->x->user;
	struct err err = {0};
	struct profile p;
	bool here, online;

	if (arg_given(c, "user") && !arg_user(c, "user", &u))
		return;
	if (!store_profile_get(c->w->engine->db, c->w->arena, c->w->engine->workspace_id, u.id, &p, &err)) {
		slack_failed(c, &err);
		return;
	}
	online = u.bot_id || engine_present(c->w->engine, u.id);
	here = online && !p.away;
	json_add_str(&c->out, "presence", here ? S("active") : S("away"));
	if (u.id == c->me) {
		json_add_bool(&c->out, "online", online);
		json_add_bool(&c->out, "auto_away", !online);
		json_add_bool(&c->out, "manual_away", p.away);
	}
}

void slack_bots_info(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;
	struct webhook hook;
	struct err err = {0};
	struct app app = {.name = S("srebot"), .user_id = e->bot_user_id};
	struct str bot;
	int64_t id;
	bool ours;

	if (!arg_need(c, "bot", &bot))
		return;
	ours = id_parse(bot, "B", &id) && (id == e->bot_id || store_app_find(e->db, a, e->workspace_id, id, &app, &err));
	if (!ours && !(id_parse(bot, "B", &id) && store_webhook_find(e->db, a, e->workspace_id, id, &hook, &err))) {
		slack_error(c, "bot_not_found");
		return;
	}
	json_key(&c->out, "bot");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", id_write(a, 'B', id));
	json_add_bool(&c->out, "deleted", false);
	json_add_str(&c->out, "name", ours ? app.name : hook.name);
	json_add_int(&c->out, "updated", ours ? app.changed / 1000 : 0);
	if (ours) {
		json_add_str(&c->out, "app_id", id_write(a, 'A', id));
		json_add_str(&c->out, "user_id", id_write(a, 'U', app.user_id));
	}
	json_add_raw(&c->out, "icons", S("{}"));
	json_close(&c->out, '}');
}

void slack_team_info(struct slack_call *c)
{
	struct engine *e = c->w->engine;

	json_key(&c->out, "team");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", id_write(c->w->arena, 'T', e->workspace_id));
	json_add_str(&c->out, "name", e->workspace_name);
	json_add_str(&c->out, "domain", e->workspace_name);
	json_add_str(&c->out, "url", arena_printf(c->w->arena, STR_FMT "/", STR_ARG(e->config.public_url)));
	json_add_str(&c->out, "email_domain", S(""));
	json_add_raw(&c->out, "icon", S("{\"image_default\":true}"));
	json_close(&c->out, '}');
}

/* Emoji of a workspace's own: there are none here yet, and Unicode's are not listed. */
void slack_emoji_list(struct slack_call *c)
{
	json_add_raw(&c->out, "emoji", S("{}"));
	json_add_str(&c->out, "cache_ts", ts_text(c->w->arena, c->w->engine->started * 1000));
}

void slack_auth_revoke(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct exchange *x = c->x;
	struct err err = {0};
	bool only_test = arg_bool(c, "test", false);
	struct str detail = arena_printf(c->w->arena, "{\"token\":\"%lld\"}", (long long)x->token.id);

	if (!x->token.id) {
		slack_error(c, "not_allowed_token_type");
		return;
	}
	if (!only_test && (!store_token_revoke(e->db, e->workspace_id, x->token.id, c->w->now, &err) || !x_audit(x, c->me, "token.revoke", detail, "ok"))) {
		slack_failed(c, err.code ? &err : &x->err);
		return;
	}
	json_add_bool(&c->out, "revoked", !only_test);
}
