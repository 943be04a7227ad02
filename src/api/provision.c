#include "api/provision.h"
#include "ops/source.h"

#include "api/apps.h"
#include "api/exchange.h"
#include "api/source_auth.h"
#include "engine/app_events.h"
#include "engine/heartbeats.h"
#include "engine/messages.h"
#include "engine/people.h"
#include "store/apps.h"
#include "store/chat.h"

#include <inttypes.h>

/* ---- people ---- */

bool provision_user(struct work *w, struct user *u, struct err *err)
{
	return person_make(w, u, err) && (u->bot_id || person_join_first(w, u->id, err));
}

/* ---- the first start ---- */

static bool make_bot(struct work *w, struct err *err)
{
	struct engine *e = w->engine;
	struct user bot = {.name = S("srebot"), .real_name = S("srebot"), .role = ROLE_VIEWER, .bot_id = engine_id(w)};

	if (!provision_user(w, &bot, err))
		return false;
	e->bot_user_id = bot.id;
	e->bot_id = bot.bot_id;
	return store_setting_put(e->db, e->workspace_id, "bot_user_id", arena_printf(w->arena, "%" PRId64, bot.id), err);
}

static bool load_workspace(struct work *w, struct err *err)
{
	struct engine *e = w->engine;
	struct str id;
	struct user bot;

	if (!store_setting_get(e->db, w->arena, e->workspace_id, "bot_user_id", &id, err) || !str_to_int(id, &e->bot_user_id) ||
	    !store_user_find(e->db, w->arena, e->workspace_id, e->bot_user_id, &bot, err)) {
		err_set(err, ERR_INTERNAL, "the store has no @srebot");
		return false;
	}
	e->bot_id = bot.bot_id;
	return true;
}

bool provision_first(struct work *w, struct err *err)
{
	struct engine *e = w->engine;
	struct channel c;
	struct str name;
	bool was;

	if (store_workspace_find(e->db, w->arena, &e->workspace_id, &name, err)) {
		mem_free((void *)e->workspace_name.p);
		e->workspace_name = str_n(mem_dup(name), name.n);
		return load_workspace(w, err);
	}
	if (err->code)
		return false;
	e->workspace_id = engine_id(w);
	e->workspace_name = str_n(mem_dup(S("opsroom")), 7);
	return store_workspace_add(e->db, e->workspace_id, e->workspace_name, w->now, err) && make_bot(w, err) &&
	       chat_create_channel(w, e->bot_user_id, S("general"), CHANNEL_PUBLIC, &c, err) &&
	       chat_create_channel(w, e->bot_user_id, S("sre-alerts"), CHANNEL_PUBLIC, &c, err) && (was = true);
}

/* ---- the file ---- */

struct provisioner {
	struct work *w;
	const char *file;
	struct json_out *o;
	struct err *err;
};

static bool wrong(struct provisioner *p, const struct json *at, const char *fmt, struct str what)
{
	err_set(p->err, ERR_INVALID, fmt, STR_ARG(str_clip(what, 100)));
	err_prefix(p->err, "%s: line %u: ", p->file, at->line);
	return false;
}

static bool failed_at(struct provisioner *p, const struct json *at)
{
	err_prefix(p->err, "%s: line %u: ", p->file, at->line);
	return false;
}

static bool known_keys(struct provisioner *p, const struct json *item, const char *keys)
{
	if (item->type != JSON_OBJECT)
		return wrong(p, item, "this must be a mapping such as {name: x}" STR_FMT, S(""));
	for (const struct json *v = item->child; v; v = v->next) {
		struct str padded = arena_printf(p->w->arena, " " STR_FMT " ", STR_ARG(v->key));

		if (memchr(v->key.p, ' ', v->key.n) || !str_find(str_of(keys), padded, NULL))
			return wrong(p, v, "unknown key `" STR_FMT "`", v->key);
	}
	return true;
}

/* A scalar of an item; numbers and booleans count as their text. */
static struct str scalar(const struct json *item, const char *key)
{
	const struct json *v = json_get(item, key);

	return v && v->type < JSON_ARRAY && v->type != JSON_NULL ? v->text : S("");
}

static bool need_name(struct provisioner *p, const struct json *item, struct str *name)
{
	*name = scalar(item, "name");
	return name->n > 0 || wrong(p, item, "`name` is missing" STR_FMT, S(""));
}

static struct str bare_channel(struct str name)
{
	while (name.n && name.p[0] == '#')
		name = str_n(name.p + 1, name.n - 1);
	return name;
}

static bool find_channel(struct provisioner *p, const struct json *item, const char *key, struct channel *out)
{
	struct engine *e = p->w->engine;
	struct str name = bare_channel(scalar(item, key));
	int64_t id;

	if (!name.n)
		return wrong(p, item, "`channel` is missing" STR_FMT, S(""));
	if (store_name_find(e->db, e->workspace_id, "channel", name, &id, p->err))
		return store_channel_find(e->db, p->w->arena, id, out, p->err) || failed_at(p, item);
	return p->err->code ? failed_at(p, item) : wrong(p, item, "there is no channel `" STR_FMT "`: name it under `channels`", name);
}

static bool find_user(struct provisioner *p, const struct json *at, struct str name, struct user *out)
{
	struct engine *e = p->w->engine;
	int64_t id;

	if (store_name_find(e->db, e->workspace_id, "user", name, &id, p->err) && store_user_find(e->db, p->w->arena, e->workspace_id, id, out, p->err))
		return true;
	return p->err->code ? failed_at(p, at) : wrong(p, at, "there is no user `" STR_FMT "`", name);
}

static void put_entry(struct provisioner *p, struct str name)
{
	json_key_str(p->o, name);
	json_open(p->o, '{');
}

static bool hash_password(struct provisioner *p, const struct json *item, struct user *u)
{
	struct str password = scalar(item, "password");

	if (!password.n || (u->password_hash.n && crypt_password_ok(u->password_hash, password)))
		return true;
	if (password.n < 8 || password.n > 200)
		return wrong(p, json_get(item, "password"), "a password has 8 to 200 characters" STR_FMT, S(""));
	return crypt_password_hash(p->w->arena, password, &u->password_hash, p->err);
}

static bool make_user(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct user u = {.role = ROLE_RESPONDER};
	struct str name, role = scalar(item, "role");
	int64_t id;
	bool exists;

	if (!known_keys(p, item, " name email password role real_name ") || !need_name(p, item, &name))
		return false;
	if (!person_name_ok(name))
		return wrong(p, item, "`" STR_FMT "` is no user name: lower case letters, digits, . _ - (at most 60)", name);
	exists = store_name_find(e->db, e->workspace_id, "user", name, &id, p->err) && store_user_find(e->db, p->w->arena, e->workspace_id, id, &u, p->err);
	if (p->err->code)
		return failed_at(p, item);
	if (role.n && !role_parse(role, &u.role))
		return wrong(p, json_get(item, "role"), "`" STR_FMT "` is no role: viewer, responder, operator or admin", role);
	u.name = name;
	if (scalar(item, "email").n)
		u.email = arena_lower(p->w->arena, scalar(item, "email"));
	if (scalar(item, "real_name").n)
		u.real_name = str_clip(scalar(item, "real_name"), 120);
	if (!hash_password(p, item, &u))
		return false;
	if (!(exists ? store_user_set(e->db, &u, p->w->now, p->err) && apps_hear_user(p->w, &u, "user_change", p->err) : provision_user(p->w, &u, p->err)))
		return failed_at(p, item);
	put_entry(p, name);
	json_add_str(p->o, "id", id_write(p->w->arena, 'U', u.id));
	json_close(p->o, '}');
	return true;
}

static bool add_members(struct provisioner *p, const struct json *item, struct channel *c)
{
	const struct json *members = json_get(item, "members");
	struct user u;
	bool was;

	if (members && members->type != JSON_ARRAY)
		return wrong(p, members, "`members` must be a list of user names" STR_FMT, S(""));
	for (const struct json *m = members ? members->child : NULL; m; m = m->next)
		if (!find_user(p, m, m->text, &u) || !chat_join(p->w, c, u.id, 0, &was, p->err))
			return false;
	return true;
}

static bool make_channel(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct channel c;
	struct str name;
	int64_t id;
	bool ok;

	if (!known_keys(p, item, " name members private topic ") || !need_name(p, item, &name))
		return false;
	name = bare_channel(name);
	if (store_name_find(e->db, e->workspace_id, "channel", name, &id, p->err))
		ok = store_channel_find(e->db, p->w->arena, id, &c, p->err);
	else
		ok = !p->err->code && chat_create_channel(p->w, e->bot_user_id, name, json_get_bool(item, "private", false) ? CHANNEL_PRIVATE : CHANNEL_PUBLIC, &c, p->err);
	if (!ok && str_starts(str_of(p->err->text), S("invalid_name"))) { /* Slack's word */
		err_clear(p->err);
		return wrong(p, item, "`" STR_FMT "` is no channel name: lower case letters, digits, - _ (at most 80)", name);
	}
	if (!ok)
		return failed_at(p, item);
	if (!add_members(p, item, &c))
		return false;
	if (scalar(item, "topic").n && !str_eq(c.topic, scalar(item, "topic")) && !chat_set_topic(p->w, &c, e->bot_user_id, scalar(item, "topic"), p->err))
		return failed_at(p, item);
	put_entry(p, name);
	json_add_str(p->o, "id", id_write(p->w->arena, 'C', c.id));
	json_close(p->o, '}');
	return true;
}

/* Where a sender of the tool sends to when only its base URL is changed; see api/pagers.h. */
static void put_pager_urls(struct provisioner *p, struct str tool, struct str key)
{
	static const struct {
		const char *tool, *name, *path, *after_key; /* NULL: the key is not in it */
	} urls[] = {
		{"pagerduty_events", "enqueue_url", "/v2/enqueue", NULL},
		{"pagerduty_events", "change_url", "/v2/change/enqueue", NULL},
		{"pagerduty_events", "create_event_url", "/generic/2010-04-15/create_event.json", NULL},
		{"goalert", "goalert_url", "/api/v2/generic/incoming?token=", ""},
		{"opsgenie_api", "opsgenie_url", "/", NULL},
		{"victorops", "victorops_url", "/integrations/generic/20131114/alert/", "/opsroom"},
	};

	for (size_t i = 0; i < COUNT_OF(urls); i++)
		if (str_is(tool, urls[i].tool))
			json_add_str(p->o, urls[i].name, arena_printf(p->w->arena, STR_FMT "%s" STR_FMT "%s", STR_ARG(p->w->engine->config.public_url), urls[i].path,
									    STR_ARG(urls[i].after_key ? key : S("")), urls[i].after_key ? urls[i].after_key : ""));
}

/* `auth` that is not there stays as it is. */
static bool read_auth(struct provisioner *p, const struct json *item, const struct source_kind *kind, struct source *s)
{
	const struct json *auth = json_get(item, "auth");

	return !auth || source_auth_read(p->w, source_kind_can(kind), s->id, auth, &s->auth, p->err) || failed_at(p, auth);
}

/* A `heartbeat` that is not there stays as it is; `none` ends it. */
static bool read_heartbeat(struct provisioner *p, const struct json *item, struct source *s)
{
	const struct json *v = json_get(item, "heartbeat");

	if (!v)
		return true;
	s->heartbeat = 0;
	if (str_is(v->text, "none") || v->type == JSON_NULL)
		return true;
	if (v->type < JSON_ARRAY && span_parse(v->text, &s->heartbeat) && s->heartbeat >= HEARTBEAT_LEAST && s->heartbeat <= HEARTBEAT_MOST)
		return true;
	return wrong(p, v, "`heartbeat: " STR_FMT "` is not 1m to 30d, or none", v->text);
}

static void put_source(struct provisioner *p, const struct source *s)
{
	struct str key = auth_source_key(p->w, s->id), base = p->w->engine->config.public_url;
	struct arena *a = p->w->arena;

	put_entry(p, s->name);
	json_add_str(p->o, "url", arena_printf(a, STR_FMT "/hooks/" STR_FMT "/" STR_FMT, STR_ARG(base), STR_ARG(s->tool), STR_ARG(key)));
	json_add_str(p->o, "key", key);
	json_add_str(p->o, "api_url", arena_printf(a, STR_FMT "/am/" STR_FMT, STR_ARG(base), STR_ARG(key)));
	put_pager_urls(p, s->tool, key);
	source_auth_write(p->w, s, p->o);
	json_close(p->o, '}');
}

static bool make_source(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct source s = {.workspace_id = e->workspace_id};
	struct str name, tool = scalar(item, "tool");
	const struct source_kind *kind;
	struct channel c;
	bool exists;

	if (!known_keys(p, item, " name tool channel auth heartbeat ") || !need_name(p, item, &name) || !find_channel(p, item, "channel", &c))
		return false;
	if (!(kind = source_find(e->sources, tool)))
		return wrong(p, item, "`tool: " STR_FMT "` is not known; `opsroom source list` names those that are", tool);
	exists = store_name_find(e->db, e->workspace_id, "source", name, &s.id, p->err) &&
		 store_source_find(e->db, p->w->arena, e->workspace_id, s.id, &s, p->err);
	if (p->err->code)
		return failed_at(p, item);
	if (!exists)
		s.id = engine_id(p->w);
	s.name = name;
	s.tool = tool;
	s.channel_id = c.id;
	if (!read_auth(p, item, kind, &s) || !read_heartbeat(p, item, &s))
		return false;
	if (!(exists ? store_source_set(e->db, &s, p->err)
		     : store_source_add(e->db, &s, auth_hash(p->w->arena, auth_source_key(p->w, s.id)), p->w->now, p->err)) ||
	    !heartbeat_set(p->w, &s, p->err))
		return failed_at(p, item);
	put_source(p, &s);
	return true;
}

static bool make_webhook(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct arena *a = p->w->arena;
	struct webhook hook = {.workspace_id = e->workspace_id};
	struct channel c;
	bool ok;

	if (!known_keys(p, item, " name channel ") || !need_name(p, item, &hook.name) || !find_channel(p, item, "channel", &c))
		return false;
	hook.channel_id = c.id;
	if (store_name_find(e->db, e->workspace_id, "webhook", hook.name, &hook.id, p->err)) {
		ok = store_webhook_set(e->db, &hook, p->err);
	} else {
		hook.id = engine_id(p->w);
		hook.key_hash = auth_hash(a, auth_webhook_key(p->w, hook.id));
		ok = !p->err->code && store_webhook_add(e->db, &hook, p->w->now, p->err);
	}
	if (!ok)
		return failed_at(p, item);
	put_entry(p, hook.name);
	json_add_str(p->o, "url", webhook_url(p->w, hook.id));
	json_close(p->o, '}');
	return true;
}

/* A token's secret is shown when it is made, and never again. */
static bool make_token(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct str name, scopes = scalar(item, "scopes"), secret = S("");
	struct user u;
	struct token t;
	int64_t id;

	if (!known_keys(p, item, " name user scopes ") || !need_name(p, item, &name))
		return false;
	if (!scalar(item, "user").n)
		return wrong(p, item, "`user` is missing" STR_FMT, S(""));
	if (!find_user(p, item, scalar(item, "user"), &u))
		return false;
	if (!scopes.n)
		scopes = u.role == ROLE_ADMIN ? S("admin") : S("write");
	if (!str_is(scopes, "read") && !str_is(scopes, "write") && !str_is(scopes, "admin"))
		return wrong(p, item, "`scopes: " STR_FMT "` is not known: read, write or admin", scopes);
	if (!store_name_find(e->db, e->workspace_id, "token", name, &id, p->err)) {
		if (p->err->code || !auth_make_token(p->w, &u, name, scopes, &t, &secret, p->err) ||
		    !store_name_take(e->db, e->workspace_id, "token", name, t.id, p->err))
			return failed_at(p, item);
		id = t.id;
	}
	put_entry(p, name);
	json_add_str(p->o, "id", arena_printf(p->w->arena, "%" PRId64, id));
	json_add_str(p->o, "user", u.name);
	if (secret.n)
		json_add_str(p->o, "token", secret);
	json_close(p->o, '}');
	return true;
}

/* Whose user_token an app gets, if the file does not say: the first admin's. */
static bool app_owner(struct provisioner *p, const struct json *item, struct user *out)
{
	struct engine *e = p->w->engine;
	struct user *all;
	size_t count;

	*out = (struct user){0};
	if (scalar(item, "user").n)
		return find_user(p, item, scalar(item, "user"), out);
	if (!store_user_list(e->db, p->w->arena, e->workspace_id, 0, 1000, &all, &count, p->err))
		return failed_at(p, item);
	for (size_t i = 0; i < count && !out->id; i++)
		if (all[i].role == ROLE_ADMIN && !all[i].bot_id && !all[i].deleted)
			*out = all[i];
	return true;
}

/* Of an app that is there already the manifest is taken over, if it is another one. */
static bool change_app(struct provisioner *p, const struct json *manifest, struct app *app)
{
	struct json_out o;
	struct buf b;
	bool same;

	if (!manifest)
		return true;
	buf_init(&b, APP_MANIFEST_MAX);
	o = json_out(&b);
	json_put(&o, manifest);
	same = str_eq(buf_str(&b), app->manifest);
	buf_done(&b);
	return same || app_change(p->w, app, manifest, p->err);
}

static bool make_app(struct provisioner *p, const struct json *item)
{
	struct engine *e = p->w->engine;
	struct app_wish wish = {.manifest = json_get(item, "manifest")};
	struct app_tokens tokens = {S(""), S(""), S("")};
	struct app app;
	int64_t id;
	bool there;

	if (!known_keys(p, item, " name manifest user channel ") || !need_name(p, item, &wish.name))
		return false;
	if (scalar(item, "channel").n && !find_channel(p, item, "channel", &wish.channel))
		return false;
	there = store_name_find(e->db, e->workspace_id, "app", wish.name, &id, p->err) && store_app_find(e->db, p->w->arena, e->workspace_id, id, &app, p->err);
	if (p->err->code || (!there && !app_owner(p, item, &wish.owner)))
		return p->err->code && failed_at(p, item);
	if (!(there ? change_app(p, wish.manifest, &app) : app_make(p->w, &wish, &app, &tokens, p->err)))
		return failed_at(p, item);
	put_entry(p, wish.name);
	app_write_secrets(p->w, p->o, &app, &tokens);
	json_close(p->o, '}');
	return true;
}

static const struct section {
	const char *name;
	bool (*make)(struct provisioner *p, const struct json *item);
} sections[] = {
	{"users", make_user}, {"channels", make_channel}, {"sources", make_source}, {"webhooks", make_webhook}, {"tokens", make_token}, {"apps", make_app},
};

static bool run_section(struct provisioner *p, const struct section *s, const struct json *list)
{
	json_key(p->o, s->name);
	json_open(p->o, '{');
	if (list && list->type != JSON_ARRAY && list->type != JSON_NULL)
		return wrong(p, list, "this must be a list" STR_FMT, S(""));
	for (const struct json *item = list ? list->child : NULL; item; item = item->next)
		if (!s->make(p, item))
			return false;
	json_close(p->o, '}');
	return true;
}

bool provision_run(struct work *w, const struct json *tree, const char *file, struct json_out *o, struct err *err)
{
	struct provisioner p = {.w = w, .file = file, .o = o, .err = err};

	if (!known_keys(&p, tree, " users channels sources webhooks tokens apps "))
		return false;
	json_open(o, '{');
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (!run_section(&p, &sections[i], json_get(tree, sections[i].name)))
			return false;
	json_close(o, '}');
	return true;
}

struct str provision_detail(struct arena *a, struct str file, struct str yaml, struct str from)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "file", str_clip(file, 1000));
	json_add_str(&o, "hash", crypt_sha256_hex(a, yaml));
	if (from.n)
		json_add_str(&o, "from", from);
	json_close(&o, '}');
	return buf_keep(a, &b);
}
