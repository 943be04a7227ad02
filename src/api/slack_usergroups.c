/* usergroups.*: groups of people that can be mentioned at once (docs.slack.dev, usergroups). Operators make and change them. */
#include "api/slack.h"
#include "engine/app_events.h"
#include "store/chat.h"
#include "store/profiles.h"

#define USERS_MAX 1000

static void put_ids(struct slack_call *c, struct json_out *o, const int64_t *users, size_t count)
{
	json_key(o, "users");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(o, id_write(c->w->arena, 'U', users[i]));
	json_close(o, ']');
}

static void write_group(struct slack_call *c, struct json_out *o, const struct usergroup *g, const int64_t *users, size_t count, bool with_users, bool with_count)
{
	struct arena *a = c->w->arena;
	struct str rest = g->channels, one;

	json_open(o, '{');
	json_add_str(o, "id", id_write(a, 'S', g->id));
	json_add_str(o, "team_id", id_write(a, 'T', g->workspace_id));
	json_add_bool(o, "is_usergroup", true);
	json_add_bool(o, "is_subteam", true);
	json_add_str(o, "name", g->name);
	json_add_str(o, "description", g->about);
	json_add_str(o, "handle", g->handle);
	json_add_bool(o, "is_external", false);
	json_add_int(o, "date_create", g->created / 1000);
	json_add_int(o, "date_update", g->changed / 1000);
	json_add_int(o, "date_delete", g->deleted / 1000);
	json_add_raw(o, "auto_type", S("null"));
	json_add_bool(o, "auto_provision", false);
	json_add_str(o, "enterprise_subteam_id", S(""));
	json_add_str(o, "created_by", id_write(a, 'U', g->created_by));
	json_add_str(o, "updated_by", id_write(a, 'U', g->changed_by));
	if (g->deleted)
		json_add_str(o, "deleted_by", id_write(a, 'U', g->changed_by));
	else
		json_add_raw(o, "deleted_by", S("null"));
	json_key(o, "prefs");
	json_open(o, '{');
	json_key(o, "channels");
	json_open(o, '[');
	while (rest.n) {
		rest = str_cut(rest, ',', &one);
		json_put_str(o, one);
	}
	json_close(o, ']');
	json_add_raw(o, "groups", S("[]"));
	json_close(o, '}');
	if (with_users)
		put_ids(c, o, users, count);
	if (with_count)
		json_add_int(o, "user_count", (int64_t)count);
	json_close(o, '}');
}

static bool members_of(struct slack_call *c, const struct usergroup *g, int64_t **users, size_t *count)
{
	struct err err = {0};

	if (store_usergroup_members(c->w->engine->db, c->w->arena, g->id, users, count, &err))
		return true;
	slack_failed(c, &err);
	return false;
}

/* To all, as Slack's subteam_created and subteam_updated; and as the answer. */
static void tell_group(struct slack_call *c, const struct usergroup *g, const char *type)
{
	struct err err = {0};
	struct json_out o;
	struct str event;
	int64_t *users;
	struct buf b;
	size_t count;

	if (!members_of(c, g, &users, &count))
		return;
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", str_of(type));
	json_key(&o, "subteam");
	write_group(c, &o, g, users, count, true, true);
	json_add_str(&o, "event_ts", ts_text(c->w->arena, c->w->now * 1000));
	json_close(&o, '}');
	event = buf_keep(c->w->arena, &b);
	effect_publish_all(c->w, event);
	if (!apps_hear_written(c->w, type, event, 0, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "usergroup");
	write_group(c, &c->out, g, users, count, true, true);
}

static bool may_change(struct slack_call *c)
{
	if (c->x->user.role >= ROLE_OPERATOR)
		return true;
	slack_error(c, "permission_denied");
	return false;
}

static bool arg_group(struct slack_call *c, struct usergroup *g)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	struct str text;
	int64_t id;

	if (!arg_need(c, "usergroup", &text))
		return false;
	if (id_parse(text, "S", &id) && store_usergroup_find(e->db, c->w->arena, e->workspace_id, id, g, &err))
		return true;
	slack_failed(c, err.code ? &err : &(struct err){ERR_NOT_FOUND, "no_such_subteam"});
	return false;
}

/* ---- making and changing ---- */

static bool handle_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || memchr("-_.", s.p[i], 3)))
			return false;
	return s.n > 0 && s.n <= 80;
}

static const char *handle_problem(struct slack_call *c, const struct usergroup *g)
{
	struct engine *e = c->w->engine;
	struct err ignored = {0};
	int64_t id;

	if (!handle_ok(g->handle) || str_is(g->handle, "here") || str_is(g->handle, "channel") || str_is(g->handle, "everyone"))
		return "invalid_handle";
	if (store_name_find(e->db, e->workspace_id, "user", g->handle, &id, &ignored) ||
	    (store_name_find(e->db, e->workspace_id, "usergroup", g->handle, &id, &ignored) && id != g->id))
		return "handle_already_exists";
	return NULL;
}

static const char *name_problem(struct slack_call *c, const struct usergroup *g)
{
	struct engine *e = c->w->engine;
	struct usergroup *all;
	struct err err = {0};
	size_t count;

	if (!g->name.n || g->name.n > 250)
		return "invalid_name";
	if (!store_usergroup_list(e->db, c->w->arena, e->workspace_id, &all, &count, &err))
		return "internal_error";
	for (size_t i = 0; i < count; i++)
		if (all[i].id != g->id && str_eq_nocase(all[i].name, g->name))
			return "name_already_exists";
	return count >= 1000 && !g->created ? "too_many_subteams" : NULL;
}

/* "SRE On Call" -> "sre-on-call" */
static struct str handle_of(struct arena *a, struct str name)
{
	char *out = arena_alloc(a, name.n + 1);
	size_t n = 0;

	name = arena_lower(a, name);
	for (size_t i = 0; i < name.n; i++)
		if (handle_ok(str_n(name.p + i, 1)))
			out[n++] = name.p[i];
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	while (n && out[n - 1] == '-')
		n--;
	return str_n(out, n < 80 ? n : 80);
}

static bool read_channels(struct slack_call *c, struct usergroup *g)
{
	struct str rest = arg(c, "channels"), one;
	struct err err = {0};
	struct channel ch;
	struct buf b;
	bool ok = true;

	if (!arg_given(c, "channels"))
		return true;
	buf_init(&b, 2000);
	while (rest.n && ok) {
		rest = str_cut(rest, ',', &one);
		ok = chat_channel(c->w, c->me, one, &ch, &err);
		if (ok)
			buf_printf(&b, "%s" STR_FMT, b.n ? "," : "", STR_ARG(id_write(c->w->arena, 'C', ch.id)));
	}
	ok = ok && !b.failed;
	g->channels = buf_keep(c->w->arena, &b);
	if (!ok)
		slack_failed(c, err.code ? &err : &(struct err){ERR_TOO_MANY, "invalid_channel"});
	return ok;
}

static bool read_group(struct slack_call *c, struct usergroup *g)
{
	const char *problem;

	if (arg_given(c, "name"))
		g->name = str_trim(arg(c, "name"));
	if (arg_given(c, "description"))
		g->about = str_clip(arg(c, "description"), 1000);
	if (arg(c, "handle").n)
		g->handle = arena_lower(c->w->arena, str_trim(arg(c, "handle")));
	else if (!g->handle.n)
		g->handle = handle_of(c->w->arena, g->name);
	g->changed = c->w->now;
	g->changed_by = c->me;
	problem = name_problem(c, g);
	if (!problem)
		problem = handle_problem(c, g);
	if (problem)
		slack_error(c, problem);
	return !problem && read_channels(c, g);
}

void slack_usergroups_create(struct slack_call *c)
{
	struct usergroup g = {.workspace_id = c->w->engine->workspace_id, .name = S(""), .handle = S(""), .about = S(""), .channels = S(""), .created_by = c->me};
	struct err err = {0};
	struct str given;

	if (!arg_need(c, "name", &given) || !may_change(c) || !read_group(c, &g))
		return;
	g.id = engine_id(c->w);
	g.created = c->w->now;
	if (store_usergroup_add(c->w->engine->db, &g, &err))
		tell_group(c, &g, "subteam_created");
	else
		slack_failed(c, &err);
}

static void change(struct slack_call *c, struct usergroup *g, struct str old_handle)
{
	struct err err = {0};

	g->changed = c->w->now;
	g->changed_by = c->me;
	if (store_usergroup_set(c->w->engine->db, g, old_handle, &err))
		tell_group(c, g, "subteam_updated");
	else
		slack_failed(c, &err);
}

void slack_usergroups_update(struct slack_call *c)
{
	struct usergroup g;
	struct str old;

	if (!arg_group(c, &g) || !may_change(c))
		return;
	old = g.handle;
	if (read_group(c, &g))
		change(c, &g, old);
}

static void turn(struct slack_call *c, bool on)
{
	struct usergroup g;

	if (!arg_group(c, &g) || !may_change(c))
		return;
	g.deleted = on ? 0 : c->w->now;
	change(c, &g, g.handle);
}

void slack_usergroups_disable(struct slack_call *c)
{
	turn(c, false);
}

void slack_usergroups_enable(struct slack_call *c)
{
	turn(c, true);
}

/* ---- looking ---- */

void slack_usergroups_list(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct usergroup *all;
	struct err err = {0};
	int64_t *users;
	size_t count, n;

	if (!store_usergroup_list(e->db, c->w->arena, e->workspace_id, &all, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "usergroups");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (all[i].deleted && !arg_bool(c, "include_disabled", false))
			continue;
		if (!members_of(c, &all[i], &users, &n))
			return;
		write_group(c, &c->out, &all[i], users, n, arg_bool(c, "include_users", false), arg_bool(c, "include_count", false));
	}
	json_close(&c->out, ']');
}

void slack_usergroups_users_list(struct slack_call *c)
{
	struct usergroup g;
	int64_t *users;
	size_t count;

	if (!arg_group(c, &g) || !members_of(c, &g, &users, &count))
		return;
	if (g.deleted && !arg_bool(c, "include_disabled", false)) {
		slack_error(c, "no_such_subteam");
		return;
	}
	put_ids(c, &c->out, users, count);
}

static bool is_among(const int64_t *ids, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Those of `ids` who are not among `others` hear of it: it is about them. */
static bool tell_selves(struct slack_call *c, const struct usergroup *g, const char *type, const int64_t *ids, size_t n, const int64_t *others, size_t others_count, struct err *err)
{
	struct str event = arena_printf(c->w->arena, "{\"type\":\"%s\",\"subteam_id\":\"" STR_FMT "\",\"event_ts\":\"" STR_FMT "\"}", type,
					STR_ARG(id_write(c->w->arena, 'S', g->id)), STR_ARG(ts_text(c->w->arena, c->w->now * 1000)));

	for (size_t i = 0; i < n; i++)
		if (!is_among(others, others_count, ids[i]) && !apps_hear_written(c->w, type, event, ids[i], err))
			return false;
	return true;
}

static void put_changed_ids(struct slack_call *c, struct json_out *o, const char *key, const int64_t *ids, size_t n, const int64_t *others, size_t others_count)
{
	json_key(o, key);
	json_open(o, '[');
	for (size_t i = 0; i < n; i++)
		if (!is_among(others, others_count, ids[i]))
			json_put_str(o, id_write(c->w->arena, 'U', ids[i]));
	json_close(o, ']');
}

static bool tell_members(struct slack_call *c, const struct usergroup *g, const int64_t *was, size_t was_count, const int64_t *is, size_t is_count, struct err *err)
{
	static const char type[] = "subteam_members_changed";
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("subteam_members_changed"));
	json_add_str(&o, "subteam_id", id_write(c->w->arena, 'S', g->id));
	json_add_str(&o, "team_id", id_write(c->w->arena, 'T', g->workspace_id));
	json_add_int(&o, "date_update", c->w->now / 1000);
	put_changed_ids(c, &o, "added_users", is, is_count, was, was_count);
	put_changed_ids(c, &o, "removed_users", was, was_count, is, is_count);
	json_add_str(&o, "event_ts", ts_text(c->w->arena, c->w->now * 1000));
	json_close(&o, '}');
	return apps_hear_written(c->w, type, buf_keep(c->w->arena, &b), 0, err) && tell_selves(c, g, "subteam_self_added", is, is_count, was, was_count, err) &&
	       tell_selves(c, g, "subteam_self_removed", was, was_count, is, is_count, err);
}

void slack_usergroups_users_update(struct slack_call *c)
{
	int64_t *ids = arena_alloc(c->w->arena, USERS_MAX * sizeof *ids), *was;
	struct err err = {0};
	struct usergroup g;
	size_t n, was_count;

	if (!arg_group(c, &g) || !arg_people(c, "users", ids, USERS_MAX, &n) || !may_change(c))
		return;
	if (!n) {
		slack_error(c, "no_users_provided");
		return;
	}
	if (!members_of(c, &g, &was, &was_count))
		return;
	if (store_usergroup_fill(c->w->engine->db, g.id, ids, n, &err) && tell_members(c, &g, was, was_count, ids, n, &err))
		change(c, &g, g.handle);
	else
		slack_failed(c, &err);
}
