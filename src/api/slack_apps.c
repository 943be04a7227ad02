/* Slack's Web API: apps.* */
#include "api/apps.h"
#include "api/slack_act.h"
#include "api/socket.h"
#include "engine/app_events.h"
#include "store/apps.h"

void slack_apps_open(struct slack_call *c)
{
	json_add_str(&c->out, "url", link_url(c->w, c->x->app_id));
}

void slack_event_authorizations(struct slack_call *c)
{
	struct app_hearer *all;
	struct str context;
	struct err err = {0};
	unsigned limit;
	int64_t after;
	size_t count;

	if (!arg_need(c, "event_context", &context) || !arg_page(c, 1000, &limit, &after))
		return;
	if (!apps_event_of(c->w, c->x->app_id, context, &all, &count, &err)) {
		slack_failed(c, err.code ? &err : &(struct err){ERR_INVALID, "invalid_event_context"});
		return;
	}
	json_key(&c->out, "authorizations");
	json_open(&c->out, '[');
	for (size_t i = (size_t)after; i < count && i < (size_t)after + limit; i++)
		app_put_authorization(c->w, &c->out, &all[i]);
	json_close(&c->out, ']');
	put_cursor(c, (size_t)after + limit < count ? after + limit : 0);
}

/* The app's home for who asks (views.publish), and the event that tells the app that somebody looks. */
void slack_home_open(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	bool home = str_is(arg(c, "tab"), "home"), existed, there;
	struct err err = {0}, ignored = {0};
	struct str view = S("");
	struct channel dm;
	struct app_view v;
	struct json_out o;
	struct buf b;
	struct app app;

	if (c->x->app_id || c->x->user.bot_id || !app_by_ref(c->w, arg(c, "app"), &app, &ignored)) {
		slack_error(c, "app_not_found");
		return;
	}
	there = store_view_home(e->db, c->w->arena, e->workspace_id, app.id, c->me, &v, &ignored);
	if (there) {
		buf_init(&b, 1 * MIB);
		o = json_out(&b);
		view_write(c->w, &o, &v, NULL);
		view = buf_keep(c->w->arena, &b);
		json_add_raw(&c->out, "view", view);
	}
	if (!chat_open_dm(c->w, c->me, app.user_id, &dm, &existed, &err) || !apps_hear_home(c->w, app.id, &dm, c->me, home, home ? view : S(""), &err))
		slack_failed(c, &err);
}

/* ---- apps.manifest.*: for admins, with a token of their own. docs.slack.dev, apps.manifest.create ---- */

static bool is_admin(struct slack_call *c)
{
	if (!c->x->app_id && c->x->user.role == ROLE_ADMIN && c->x->caller.scope >= SCOPE_ADMIN)
		return true;
	slack_error(c, "no_permission");
	return false;
}

/* invalid_manifest with the place of what is wrong. */
static void refuse_manifest(struct slack_call *c, const struct err *err)
{
	struct str place, what = str_trim(str_cut(str_of(err->text), ':', &place));

	if (err_is_outage(err->code)) {
		slack_failed(c, err);
		return;
	}
	slack_error(c, "invalid_manifest");
	c->w->failed = true;
	json_key(&c->out, "errors");
	json_open(&c->out, '[');
	json_open(&c->out, '{');
	json_add_str(&c->out, "message", place.n && place.p[0] == '/' ? what : str_of(err->text));
	json_add_str(&c->out, "pointer", place.n && place.p[0] == '/' ? place : S("/"));
	json_close(&c->out, '}');
	json_close(&c->out, ']');
}

static bool read_manifest(struct slack_call *c, const struct json **out)
{
	struct app_manifest m;
	struct err err = {0};
	struct str text;

	if (!is_admin(c) || (!arg_json(c, "manifest") && !arg_need(c, "manifest", &text)))
		return false;
	*out = arg_json(c, "manifest");
	if (app_manifest_read(c->w->arena, *out, &m, &err))
		return true;
	refuse_manifest(c, &err);
	return false;
}

static bool find_app(struct slack_call *c, struct app *app)
{
	struct err err = {0};
	struct str ref;

	if (!is_admin(c) || !arg_need(c, "app_id", &ref))
		return false;
	if (app_by_ref(c->w, ref, app, &err))
		return true;
	slack_error(c, "invalid_app_id");
	return false;
}

static bool note(struct slack_call *c, const char *action, const struct app *app)
{
	struct str detail = arena_printf(c->w->arena, "{\"app\":\"" STR_FMT "\"}", STR_ARG(id_write(c->w->arena, 'A', app->id)));

	if (x_audit(c->x, c->me, action, detail, "ok"))
		return true;
	c->w->failed = true;
	return false;
}

void slack_manifest_validate(struct slack_call *c)
{
	const struct json *manifest;

	(void)read_manifest(c, &manifest);
}

void slack_manifest_create(struct slack_call *c)
{
	struct app_wish wish = {.owner = c->x->user};
	struct app_tokens tokens;
	struct app_manifest m;
	struct err err = {0};
	struct app app;

	if (!read_manifest(c, &wish.manifest) || !app_manifest_read(c->w->arena, wish.manifest, &m, &err))
		return;
	wish.name = m.name.n ? str_clip(m.name, 80) : S("app");
	if (!app_make(c->w, &wish, &app, &tokens, &err)) {
		refuse_manifest(c, &err);
		return;
	}
	if (!note(c, "app.create", &app))
		return;
	json_add_str(&c->out, "app_id", id_write(c->w->arena, 'A', app.id));
	json_key(&c->out, "credentials");
	json_open(&c->out, '{');
	app_write_secrets(c->w, &c->out, &app, &tokens);
	json_close(&c->out, '}');
}

void slack_manifest_update(struct slack_call *c)
{
	const struct json *manifest;
	struct err err = {0};
	struct app app;

	if (!read_manifest(c, &manifest) || !find_app(c, &app))
		return;
	if (!app_change(c->w, &app, manifest, &err)) {
		refuse_manifest(c, &err);
		return;
	}
	if (!note(c, "app.change", &app))
		return;
	json_add_str(&c->out, "app_id", id_write(c->w->arena, 'A', app.id));
	json_add_bool(&c->out, "permissions_updated", false);
}

void slack_manifest_export(struct slack_call *c)
{
	struct app app;

	if (find_app(c, &app))
		json_add_raw(&c->out, "manifest", app.manifest);
}

void slack_manifest_delete(struct slack_call *c)
{
	struct err err = {0};
	struct app app;

	if (!find_app(c, &app))
		return;
	if (!app_end(c->w, &app, &err))
		slack_failed(c, &err);
	else
		(void)note(c, "app.delete", &app);
}
