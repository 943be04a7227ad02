/* Slack's Web API: views.*, what apps show to somebody. */
#include "api/slack_act.h"
#include "api/slack_blocks.h"

#include "store/chat.h"

#include <inttypes.h>

#define VIEW_MAX (250 * KIB)
#define VIEW_BLOCKS_MAX 100
#define STACK_MAX 3
#define TITLE_MAX 24
#define METADATA_MAX 3000

/* ---- one view ---- */

static bool wrong(struct slack_call *c, struct str what)
{
	slack_error(c, "invalid_arguments");
	json_key(&c->out, "response_metadata");
	json_open(&c->out, '{');
	json_key(&c->out, "messages");
	json_open(&c->out, '[');
	json_put_str(&c->out, arena_printf(c->w->arena, "[ERROR] " STR_FMT, STR_ARG(what)));
	json_close(&c->out, ']');
	json_close(&c->out, '}');
	return false;
}

static bool title_ok(const struct json *text, bool needed)
{
	size_t n = slack_characters(json_get_str(text, "text"));

	return (n > 0 || !needed) && n <= TITLE_MAX;
}

static bool check_view(struct slack_call *c, const struct json *view, const struct app_view *v)
{
	const struct json *blocks = json_get(view, "blocks");
	struct str detail;

	if (!json_is(view, JSON_OBJECT))
		return wrong(c, S("missing required field: view"));
	if (!str_is(json_get_str(view, "type"), v->kind == APP_VIEW_HOME ? "home" : "modal"))
		return wrong(c, v->kind == APP_VIEW_HOME ? S("must be home [json-pointer:/view/type]") : S("must be modal [json-pointer:/view/type]"));
	if (!json_is(blocks, JSON_ARRAY))
		return wrong(c, S("missing required field: blocks [json-pointer:/view]"));
	if (!slack_blocks_check(c->w->arena, blocks, VIEW_BLOCKS_MAX, S("/view/blocks"), &detail))
		return wrong(c, detail);
	if (v->kind == APP_VIEW_MODAL && !title_ok(json_get(view, "title"), true))
		return wrong(c, S("must be 1 to 24 characters [json-pointer:/view/title]"));
	if (!title_ok(json_get(view, "submit"), false))
		return wrong(c, S("must be less than 25 characters [json-pointer:/view/submit]"));
	if (!title_ok(json_get(view, "close"), false))
		return wrong(c, S("must be less than 25 characters [json-pointer:/view/close]"));
	if (json_get_str(view, "private_metadata").n > METADATA_MAX)
		return wrong(c, S("must be less than 3001 characters [json-pointer:/view/private_metadata]"));
	return (json_get_str(view, "callback_id").n <= 255 && json_get_str(view, "external_id").n <= 255) || wrong(c, S("must be less than 256 characters [json-pointer:/view/callback_id]"));
}

bool view_read(struct slack_call *c, const struct json *view, struct app_view *v)
{
	static const char *const kept[] = {"type", "title", "submit", "close", "private_metadata", "callback_id", "clear_on_close", "notify_on_close", "submit_disabled"};
	struct err ignored = {0};
	struct app_view other;
	struct json_out o;
	struct buf b;

	if (!check_view(c, view, v))
		return false;
	v->external_id = json_get_str(view, "external_id");
	if (v->external_id.n && store_view_by_external(c->w->engine->db, c->w->arena, v->workspace_id, v->app_id, v->external_id, &other, &ignored) && other.id != v->id) {
		slack_error(c, "duplicate_external_id");
		return false;
	}
	buf_init(&b, VIEW_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	for (size_t i = 0; i < COUNT_OF(kept); i++)
		if (json_get(view, kept[i])) {
			json_key(&o, kept[i]);
			json_put(&o, json_get(view, kept[i]));
		}
	slack_put_blocks(c->w->arena, &o, json_get(view, "blocks"));
	json_close(&o, '}');
	if (b.failed) {
		buf_done(&b);
		slack_error(c, "view_too_large");
		return false;
	}
	v->body = buf_keep(c->w->arena, &b);
	v->hash = arena_printf(c->w->arena, "%" PRId64 "." STR_FMT, c->w->now / 1000, STR_ARG(crypt_word(c->w->arena, 8)));
	v->changed = c->w->now;
	return true;
}

static void put_id(struct work *w, struct json_out *o, const char *key, int64_t id)
{
	json_key(o, key);
	if (id)
		json_put_str(o, id_write(w->arena, 'V', id));
	else
		json_put_null(o);
}

void view_write(struct work *w, struct json_out *o, const struct app_view *v, const struct json *state)
{
	static const char *const texts[] = {"private_metadata", "callback_id"}, *const objects[] = {"title", "submit", "close"}, *const flags[] = {"clear_on_close", "notify_on_close"};
	struct str team = id_write(w->arena, 'T', v->workspace_id);
	struct err ignored = {0};
	const struct json *body = json_parse(w->arena, v->body, JSON_LAST_KEY_WINS, &ignored), *values = json_get(state, "values");

	json_open(o, '{');
	json_add_str(o, "id", id_write(w->arena, 'V', v->id));
	json_add_str(o, "team_id", team);
	json_add_str(o, "type", json_get_str(body, "type"));
	json_key(o, "blocks");
	if (json_get(body, "blocks"))
		json_put(o, json_get(body, "blocks"));
	else
		json_put_raw(o, S("[]"));
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		json_add_str(o, texts[i], json_get_str(body, texts[i]));
	json_key(o, "state");
	json_open(o, '{');
	json_key(o, "values");
	if (json_is(values, JSON_OBJECT))
		json_put(o, values);
	else
		json_put_raw(o, S("{}"));
	json_close(o, '}');
	json_add_str(o, "hash", v->hash);
	for (size_t i = 0; i < COUNT_OF(objects); i++) {
		json_key(o, objects[i]);
		if (json_get(body, objects[i]))
			json_put(o, json_get(body, objects[i]));
		else
			json_put_null(o);
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		json_add_bool(o, flags[i], json_get_bool(body, flags[i], false));
	put_id(w, o, "previous_view_id", v->previous_id);
	put_id(w, o, "root_view_id", v->root_id);
	json_add_str(o, "app_id", id_write(w->arena, 'A', v->app_id));
	json_add_str(o, "external_id", v->external_id);
	json_add_str(o, "app_installed_team_id", team);
	json_add_str(o, "bot_id", id_write(w->arena, 'B', v->app_id));
	json_close(o, '}');
}

void view_publish(struct work *w, const struct app_view *v, const char *type)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", str_of(type));
	json_key(&o, "view");
	view_write(w, &o, v, NULL);
	json_close(&o, '}');
	effect_publish_user(w, v->user_id, buf_keep(w->arena, &b));
}

/* ---- the methods of apps ---- */

static void put_view(struct slack_call *c, const struct app_view *v)
{
	json_key(&c->out, "view");
	view_write(c->w, &c->out, v, NULL);
}

static bool is_app(struct slack_call *c)
{
	if (c->x->app_id)
		return true;
	slack_error(c, "not_allowed_token_type");
	return false;
}

static bool keep(struct slack_call *c, const struct app_view *v, bool is_new, const char *type)
{
	struct err err = {0};

	if (!(is_new ? store_view_add(c->w->engine->db, v, &err) : store_view_set(c->w->engine->db, v, &err))) {
		slack_failed(c, &err);
		return false;
	}
	view_publish(c->w, v, type);
	put_view(c, v);
	return true;
}

static void show(struct slack_call *c, bool on_top)
{
	struct app_view v = {.id = engine_id(c->w), .workspace_id = c->w->engine->workspace_id, .app_id = c->x->app_id, .kind = APP_VIEW_MODAL}, below;
	struct err err = {0};
	struct trigger t;
	const char *error;
	struct str text;

	if (!is_app(c) || !arg_need(c, "trigger_id", &text) || !view_read(c, arg_json(c, "view"), &v))
		return;
	if (!trigger_take(c->w, c->x->app_id, text, &t, &error, &err)) {
		if (err.code)
			slack_failed(c, &err);
		else
			slack_error(c, error);
		return;
	}
	v.user_id = t.user_id;
	v.root_id = v.id;
	if (on_top) {
		if (!t.view_id || !store_view_find(c->w->engine->db, c->w->arena, v.workspace_id, t.view_id, &below, &err)) {
			slack_error(c, "not_found");
			return;
		}
		if (store_view_stack(c->w->engine->db, &below) >= STACK_MAX) {
			slack_error(c, "push_limit_reached");
			return;
		}
		v.previous_id = below.id;
		v.root_id = below.root_id;
	}
	(void)keep(c, &v, true, "view_opened");
}

void slack_views_open(struct slack_call *c)
{
	show(c, false);
}

void slack_views_push(struct slack_call *c)
{
	show(c, true);
}

static bool find_view(struct slack_call *c, struct app_view *v)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	int64_t id;

	if (arg(c, "external_id").n ? store_view_by_external(e->db, c->w->arena, e->workspace_id, c->x->app_id, arg(c, "external_id"), v, &err)
				    : id_parse(arg(c, "view_id"), "V", &id) && store_view_find(e->db, c->w->arena, e->workspace_id, id, v, &err) && v->app_id == c->x->app_id)
		return true;
	slack_error(c, "not_found");
	return false;
}

void slack_views_update(struct slack_call *c)
{
	struct app_view v;

	if (!is_app(c) || !find_view(c, &v))
		return;
	if (arg(c, "hash").n && !str_eq(arg(c, "hash"), v.hash)) {
		slack_error(c, "hash_conflict");
		return;
	}
	if (view_read(c, arg_json(c, "view"), &v))
		(void)keep(c, &v, false, "view_changed");
}

void slack_views_publish(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct app_view v = {0};
	struct err err = {0};
	struct user u;
	bool there;

	if (!is_app(c) || !arg_user(c, "user_id", &u))
		return;
	there = store_view_home(e->db, c->w->arena, e->workspace_id, c->x->app_id, u.id, &v, &err);
	if (!there)
		v = (struct app_view){.id = engine_id(c->w), .workspace_id = e->workspace_id, .app_id = c->x->app_id, .user_id = u.id, .kind = APP_VIEW_HOME};
	if (!there)
		v.root_id = v.id;
	if (there && arg(c, "hash").n && !str_eq(arg(c, "hash"), v.hash)) {
		slack_error(c, "hash_conflict");
		return;
	}
	if (view_read(c, arg_json(c, "view"), &v))
		(void)keep(c, &v, !there, "view_changed");
}
