/* Our own API: apps. */
#include "api/apps.h"

#include "engine/apps.h"
#include "engine/messages.h"
#include "store/apps.h"

static void write_app(struct work *w, struct json_out *o, const struct app *app)
{
	struct app_manifest m = app_manifest_of(w->arena, app);

	json_open(o, '{');
	json_add_str(o, "app_id", id_write(w->arena, 'A', app->id));
	json_add_str(o, "name", app->name);
	json_add_str(o, "description", m.description);
	json_add_str(o, "bot_user_id", id_write(w->arena, 'U', app->user_id));
	json_add_bool(o, "socket_mode", m.socket_mode);
	json_add_str(o, "request_url", m.events_url);
	json_add_int(o, "events", (int64_t)m.event_count);
	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < m.command_count; i++)
		json_put_str(o, m.commands[i].command);
	json_close(o, ']');
	json_add_str(o, "scopes", app->bot_scopes);
	json_add_wall(o, "created", app->created);
	json_add_bool(o, "events_stopped", app->stopped != 0);
	json_close(o, '}');
}

void v1_apps(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct app *all;
	struct json_out o;
	size_t count;

	if (!store_app_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "apps");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		write_app(&x->work, &o, &all[i]);
	json_close(&o, ']');
	json_close(&o, '}');
}

static struct str detail(struct exchange *x, const struct app *app)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "app", id_write(x_arena(x), 'A', app->id));
	json_add_str(&o, "name", app->name);
	json_add_str(&o, "scopes", str_clip(app->bot_scopes, 2000));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return buf_keep(x_arena(x), &b);
}

static bool wished_channel(struct exchange *x, const struct json *body, struct channel *out)
{
	struct str name = json_get_str(body, "channel");
	struct err why = {0};

	*out = (struct channel){0};
	if (!name.n || chat_channel(&x->work, x->user.id, name, out, &why))
		return true;
	x_fail(x, ERR_NOT_FOUND, "there is no channel " STR_FMT, STR_ARG(str_clip(name, 80)));
	return false;
}

void v1_app_new(struct exchange *x)
{
	struct json *body = x_body(x);
	struct app_wish wish = {.name = str_trim(json_get_str(body, "name")), .manifest = json_get(body, "manifest"), .owner = x->user};
	struct app_tokens tokens;
	struct json_out o;
	struct app app;

	if (!body || !wished_channel(x, body, &wish.channel))
		return;
	if (!app_make(&x->work, &wish, &app, &tokens, &x->err) || !x_audit(x, x->user.id, "app.create", detail(x, &app), "ok")) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	app_write_secrets(&x->work, &o, &app, &tokens);
	json_close(&o, '}');
}

void v1_app_change(struct exchange *x)
{
	struct json *body = x_body(x);
	struct json_out o;
	struct app app;

	if (!body || !app_by_ref(&x->work, x->rest, &app, &x->err))
		return;
	if (!app_change(&x->work, &app, json_get(body, "manifest"), &x->err) || !x_audit(x, x->user.id, "app.change", detail(x, &app), "ok")) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	app_write_secrets(&x->work, &o, &app, NULL);
	json_close(&o, '}');
}

void v1_app_delete(struct exchange *x)
{
	struct json_out o;
	struct app app;

	if (!app_by_ref(&x->work, x->rest, &app, &x->err))
		return;
	if (!app_end(&x->work, &app, &x->err) || !x_audit(x, x->user.id, "app.delete", detail(x, &app), "ok")) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_close(&o, '}');
}
