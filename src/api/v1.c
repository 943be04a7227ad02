/* Our own API: accounts, commands, alerts, tokens, audit, search. docs/api.md is its manual. */
#include "api/handlers.h"
#include "api/pages.h"
#include "api/provision.h"
#include "base/log.h"
#include "base/yaml.h"
#include "engine/alerts.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- logins ---- */

/* Failures by address and by name, so that passwords cannot be tried out. */
#define GUARD_SLOTS 1024

struct login_guard {
	uint64_t salt; /* nobody outside knows which names share a slot */
	struct {
		uint64_t key;
		unsigned failures;
		wall_ms first;
	} slots[GUARD_SLOTS];
};

static unsigned *guard_slot(struct exchange *x, struct str who)
{
	struct login_guard *g = x->api->logins;
	uint64_t key;
	size_t i;

	if (!g) {
		g = x->api->logins = mem_new(sizeof *g);
		crypt_random(&g->salt, sizeof g->salt);
	}
	key = hash_mix(fnv_add(FNV_START, who) ^ g->salt);
	i = key % GUARD_SLOTS;
	if (g->slots[i].key != key || x->work.now - g->slots[i].first > x->api->limits.login_failures_span) {
		g->slots[i].key = key;
		g->slots[i].failures = 0;
		g->slots[i].first = x->work.now;
	}
	return &g->slots[i].failures;
}

static bool is_guarded(struct exchange *x, struct str who)
{
	return *guard_slot(x, who) >= x->api->limits.login_failures_max;
}

struct login {
	struct user user;
	struct str name, password;
	bool known, ok;
	struct str hash; /* setup: the new one */
	struct err err;
};

static struct json_out begin_object(struct exchange *x, int status)
{
	struct json_out o = x_json(x, status);

	json_open(&o, '{');
	return o;
}

static void write_me(struct exchange *x, const struct user *u)
{
	struct engine *e = x->work.engine;
	struct json_out o = begin_object(x, 200);

	json_add_str(&o, "user_id", id_write(x_arena(x), 'U', u->id));
	json_add_str(&o, "name", u->name);
	json_add_str(&o, "real_name", u->real_name);
	json_add_str(&o, "email", u->email);
	json_add_str(&o, "role", str_of(role_name(u->role)));
	json_add_str(&o, "team_id", id_write(x_arena(x), 'T', e->workspace_id));
	json_add_str(&o, "team", e->workspace_name);
	json_add_str(&o, "url", arena_printf(x_arena(x), STR_FMT "/", STR_ARG(e->config.public_url)));
	json_close(&o, '}');
}

static bool note(struct exchange *x, int64_t actor, const char *action, struct str detail, const char *result)
{
	return audit_note(&x->work, x->work.engine->workspace_id, actor, action, x->by_cookie ? "console" : "api", detail, result, &x->err);
}

static struct str from_detail(struct exchange *x)
{
	return arena_printf(x_arena(x), "{\"from\":\"" STR_FMT "\"}", STR_ARG(x->request->remote));
}

/* Second pass: the sums are done. */
static void login_decide(struct exchange *x)
{
	struct login *l = x->context;

	if (!l->ok) {
		++*guard_slot(x, x->request->remote);
		++*guard_slot(x, l->name);
		log_warn(EV_LOGIN_FAILED, F_STR("user", str_clip(l->name, 100)), F_STR("from", x->request->remote));
		if (note(x, l->known ? l->user.id : 0, "login", from_detail(x), "refused"))
			x_fail(x, ERR_UNAUTHENTICATED, "that name and password do not belong together");
		return;
	}
	*guard_slot(x, l->name) = 0;
	if (!auth_log_in(x, &l->user) || !note(x, l->user.id, "login", from_detail(x), "ok"))
		return;
	log_info(EV_LOGIN, F_STR("user", l->user.name), F_STR("from", x->request->remote));
	write_me(x, &l->user);
}

static void check_password(struct exchange *x)
{
	/* Somebody who is not there takes as long as somebody who is. */
	static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b+dWRWJTmaaJObG4QyQpTYqDkY";
	struct login *l = x->context;

	l->ok = crypt_password_ok(l->known && l->user.password_hash.n ? l->user.password_hash : str_of(nobody), l->password) && l->known;
}

static void login_think(struct exchange *x)
{
	x_think(x, check_password, login_decide);
}

void v1_login(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json *body = x_body(x);
	struct login *l;
	int64_t id;

	if (!body)
		return;
	l = x->context = arena_zero(x_arena(x), sizeof *l);
	l->name = arena_lower(x_arena(x), str_clip(json_get_str(body, "user"), 190));
	l->password = str_clip(json_get_str(body, "password"), 200);
	if (is_guarded(x, x->request->remote) || is_guarded(x, l->name)) {
		x->retry_after = x->api->limits.login_failures_span;
		x_fail(x, ERR_TOO_MANY, "too many wrong passwords; try again in " STR_FMT,
		       STR_ARG(span_write(x_arena(x), x->api->limits.login_failures_span)));
		return;
	}
	l->known = (store_name_find(e->db, e->workspace_id, "user", l->name, &id, &x->err) || store_name_find(e->db, e->workspace_id, "email", l->name, &id, &x->err)) &&
		   store_user_find(e->db, x_arena(x), e->workspace_id, id, &l->user, &x->err) && !l->user.deleted && !l->user.bot_id;
	if (!x->err.code)
		x->finish = login_think;
}

void v1_logout(struct exchange *x)
{
	struct json_out o;

	auth_log_out(x);
	if (x->err.code || !note(x, x->user.id, "logout", from_detail(x), "ok"))
		return;
	o = begin_object(x, 200);
	json_close(&o, '}');
}

/* ---- the first admin ---- */

static bool setup_token_ok(struct exchange *x, struct str token)
{
	struct engine *e = x->work.engine;
	struct str hash;

	if (store_has_admin(e->db, e->workspace_id))
		x_fail(x, ERR_NOT_FOUND, "an admin exists already: log in");
	else if (store_setting_get(e->db, x_arena(x), e->workspace_id, "setup_token", &hash, &x->err) &&
		 !(hash.n && str_eq_secret(hash, auth_hash(x_arena(x), token))))
		x_fail(x, ERR_NOT_FOUND, "this link is not the one that was printed, or it was used");
	return x->err.code == ERR_NONE;
}

void v1_setup_get(struct exchange *x)
{
	struct json_out o;

	if (!setup_token_ok(x, x_query(x, "token")))
		return;
	o = begin_object(x, 200);
	json_add_bool(&o, "needed", true);
	json_close(&o, '}');
}

static void setup_decide(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct login *l = x->context;
	struct json *body = x_body(x);

	if (!l->ok) {
		x->err = l->err;
		return;
	}
	l->user.password_hash = l->hash;
	if (!body || !setup_token_ok(x, json_get_str(body, "token")) || !provision_user(&x->work, &l->user, &x->err)) {
		x->work.failed = true;
		return;
	}
	if (!store_setting_put(e->db, e->workspace_id, "setup_token", S(""), &x->err) || !auth_log_in(x, &l->user) ||
	    !note(x, l->user.id, "setup", from_detail(x), "ok"))
		return;
	log_info(EV_SETUP, F_STR("user", l->user.name));
	write_me(x, &l->user);
}

static void hash_password(struct exchange *x)
{
	struct login *l = x->context;

	l->ok = crypt_password_hash(x_arena(x), l->password, &l->hash, &l->err);
}

static void setup_think(struct exchange *x)
{
	x_think(x, hash_password, setup_decide);
}

void v1_setup(struct exchange *x)
{
	struct json *body = x_body(x);
	struct login *l;

	if (!body || !setup_token_ok(x, json_get_str(body, "token")))
		return;
	l = x->context = arena_zero(x_arena(x), sizeof *l);
	l->password = json_get_str(body, "password");
	l->user = (struct user){.name = arena_lower(x_arena(x), str_trim(json_get_str(body, "name"))), .email = str_trim(json_get_str(body, "email")), .role = ROLE_ADMIN};
	l->user.real_name = str_trim(json_get_str(body, "name"));
	if (!user_name_ok(l->user.name))
		x_fail(x, ERR_INVALID, "a name has letters, digits, dot, dash and underscore, at most 60");
	else if (l->password.n < 8 || l->password.n > 200)
		x_fail(x, ERR_INVALID, "a password has 8 to 200 characters");
	else if (l->user.email.n > 190)
		x_fail(x, ERR_INVALID, "the e-mail address is too long");
	else
		x->finish = setup_think;
}

void v1_me(struct exchange *x)
{
	write_me(x, &x->user);
}

/* ---- boot ---- */

static bool boot_channels(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct channel *all;
	size_t count;

	if (!store_channel_list(e->db, x_arena(x), e->workspace_id, 0, 5000, &all, &count, &x->err))
		return false;
	json_key(o, "channels");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		int64_t last_read = 0;
		bool member = store_member_find(e->db, all[i].id, x->user.id, &last_read, &x->err);

		if (member || all[i].kind == CHANNEL_PUBLIC)
			chat_write_boot_channel(&x->work, o, &all[i], x->user.id, member, last_read);
	}
	json_close(o, ']');
	return x->err.code == ERR_NONE;
}

static bool boot_users(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct user *all;
	size_t count;

	if (!store_user_list(e->db, x_arena(x), e->workspace_id, 0, 5000, &all, &count, &x->err))
		return false;
	json_key(o, "users");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		chat_write_boot_user(&x->work, o, &all[i]);
	json_close(o, ']');
	return true;
}

static void boot_commands(const struct user *u, struct json_out *o)
{
	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < command_count; i++) {
		if (u->role < commands[i].needs)
			continue;
		json_open(o, '{');
		json_add_str(o, "name", str_of(commands[i].name));
		json_add_str(o, "args", str_of(commands[i].args));
		json_add_str(o, "help", str_of(commands[i].help));
		json_close(o, '}');
	}
	json_close(o, ']');
	json_key(o, "command_prefixes");
	json_open(o, '[');
	for (size_t i = 0; i < command_prefix_count; i++)
		json_put_str(o, str_of(command_prefixes[i]));
	json_close(o, ']');
}

void v1_boot(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json_out o = begin_object(x, 200);

	json_key(&o, "self");
	json_open(&o, '{');
	json_add_str(&o, "user_id", id_write(x_arena(x), 'U', x->user.id));
	json_add_str(&o, "name", x->user.name);
	json_add_str(&o, "real_name", x->user.real_name);
	json_add_str(&o, "role", str_of(role_name(x->user.role)));
	json_close(&o, '}');
	json_key(&o, "team");
	json_open(&o, '{');
	json_add_str(&o, "id", id_write(x_arena(x), 'T', e->workspace_id));
	json_add_str(&o, "name", e->workspace_name);
	json_add_str(&o, "url", arena_printf(x_arena(x), STR_FMT "/", STR_ARG(e->config.public_url)));
	json_close(&o, '}');
	if (!boot_channels(x, &o) || !boot_users(x, &o))
		return;
	boot_commands(&x->user, &o);
	json_close(&o, '}');
}

/* ---- commands and alerts ---- */

void v1_commands(struct exchange *x)
{
	struct json *body = x_body(x);
	struct command_result r;
	struct caller caller = x->caller;
	struct channel ch;
	struct json_out o;

	if (!body)
		return;
	if (json_get_str(body, "channel").n) {
		if (!chat_channel(&x->work, x->user.id, json_get_str(body, "channel"), &ch, &x->err))
			return;
		caller.channel_id = ch.id;
	}
	if (str_find(http_header_get(x->request, "User-Agent"), S("opsroom-cli"), NULL))
		caller.via = "cli";
	if (!command_run(&x->work, &caller, json_get_str(body, "line"), &r)) {
		x->work.failed = true;
		return;
	}
	if (!r.ok) {
		x->err = r.err;
		return;
	}
	o = begin_object(x, 200);
	json_add_bool(&o, "ok", true);
	json_add_str(&o, "text", r.text);
	if (r.data.n)
		json_add_raw(&o, "data", r.data);
	json_close(&o, '}');
}

static unsigned limit_of(struct exchange *x, unsigned usual, unsigned most)
{
	int64_t wanted;

	if (!str_to_int(x_query(x, "limit"), &wanted) || wanted < 1)
		return usual;
	return wanted > most ? most : (unsigned)wanted;
}

void v1_alerts(struct exchange *x)
{
	enum alerts_wanted wanted;
	struct json_out o;

	if (!alerts_wanted_parse(x_query(x, "state"), &wanted)) {
		x_fail(x, ERR_INVALID, "state is one of open, firing, acknowledged, resolved, all");
		return;
	}
	o = begin_object(x, 200);
	json_key(&o, "alerts");
	if (!alerts_write_groups(&x->work, &o, wanted, limit_of(x, 100, 1000), &x->err))
		return;
	json_close(&o, '}');
}

void v1_alert(struct exchange *x)
{
	struct err none = {0};
	struct group *g = alerts_find(&x->work, x->rest, &none);
	struct json_out o = x_json(x, 200);

	if (!g) {
		if (!alerts_write_past(&x->work, &o, x->rest))
			x->err = none;
		return;
	}
	alerts_write_group(&x->work, &o, g, true);
}

void v1_status(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct engine_counts *c = engine_counters(e);
	struct db_counts db = db_count(e->db);
	struct json_out o = begin_object(x, 200);
	char now[WALL_TEXT_SIZE];
	int64_t waiting, oldest;

	alerts_count(e, c);
	store_outbox_waiting(e->db, &waiting, &oldest);
	json_add_str(&o, "version", S(OPSROOM_VERSION));
	json_add_int(&o, "uptime_ms", x->work.now - e->started);
	json_add_str(&o, "now", wall_write(now, x->work.now));
	json_key(&o, "alerts");
	json_open(&o, '{');
	json_add_int(&o, "firing", c->groups_firing);
	json_add_int(&o, "acknowledged", c->groups_acknowledged);
	json_add_int(&o, "active", c->alerts_active);
	json_close(&o, '}');
	json_key(&o, "outbox");
	json_open(&o, '{');
	json_add_int(&o, "waiting", waiting);
	json_add_int(&o, "oldest_ms", oldest ? x->work.now - id_time(oldest) : 0);
	json_close(&o, '}');
	json_key(&o, "store");
	json_open(&o, '{');
	json_add_int(&o, "schema", db.schema);
	json_add_int(&o, "commits", (int64_t)db.commits);
	json_add_int(&o, "writes", (int64_t)db.writes);
	json_close(&o, '}');
	json_close(&o, '}');
}

/* ---- tokens ---- */

static void put_token(struct exchange *x, struct json_out *o, const struct token *t)
{
	struct err ignored = {0};
	char text[WALL_TEXT_SIZE];
	struct user u = {.name = S("?")};

	(void)!store_user_find(x->work.engine->db, x_arena(x), t->workspace_id, t->user_id, &u, &ignored);
	json_open(o, '{');
	json_add_str(o, "id", arena_printf(x_arena(x), "%" PRId64, t->id));
	json_add_str(o, "name", t->name);
	json_add_str(o, "user", u.name);
	json_key(o, "scopes");
	json_open(o, '[');
	json_put_str(o, t->scopes);
	json_close(o, ']');
	json_add_str(o, "created", wall_write(text, t->created));
	json_key(o, "last_used");
	if (t->last_used)
		json_put_str(o, wall_write(text, t->last_used));
	else
		json_put_null(o);
	json_add_str(o, "last_from", t->last_from);
	json_close(o, '}');
}

static bool is_admin(const struct exchange *x)
{
	return x->user.role == ROLE_ADMIN && x->caller.scope == SCOPE_ADMIN;
}

void v1_tokens(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct token *all;
	struct json_out o;
	size_t count;

	if (!store_token_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return;
	o = begin_object(x, 200);
	json_key(&o, "tokens");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		if (!all[i].revoked && (all[i].user_id == x->user.id || is_admin(x)))
			put_token(x, &o, &all[i]);
	json_close(&o, ']');
	json_close(&o, '}');
}

/* {"scopes":["write"]} or {"scopes":"write"}; no more than the asker has. */
static bool wanted_scopes(struct exchange *x, const struct json *body, struct str *out)
{
	const struct json *v = json_get(body, "scopes");

	if (json_is(v, JSON_ARRAY))
		v = v->child;
	*out = v ? json_str(v) : x->caller.scope >= SCOPE_WRITE ? S("write") : S("read");
	if (!str_is(*out, "read") && !str_is(*out, "write") && !str_is(*out, "admin"))
		x_fail(x, ERR_INVALID, "a scope is read, write or admin");
	else if (str_is(*out, "admin") && x->caller.scope < SCOPE_ADMIN)
		x_fail(x, ERR_FORBIDDEN, "only a token with the scope admin, or the console, makes one with the scope admin");
	return x->err.code == ERR_NONE;
}

static bool token_owner(struct exchange *x, const struct json *body, struct user *out)
{
	struct engine *e = x->work.engine;
	struct str name = json_get_str(body, "user");
	int64_t id;

	*out = x->user;
	if (!name.n || str_eq(name, x->user.name))
		return true;
	if (!is_admin(x))
		x_fail(x, ERR_FORBIDDEN, "only an admin makes tokens for others");
	else if (!store_name_find(e->db, e->workspace_id, "user", name, &id, &x->err) || !store_user_find(e->db, x_arena(x), e->workspace_id, id, out, &x->err))
		x_fail(x, ERR_NOT_FOUND, "there is no user " STR_FMT, STR_ARG(str_clip(name, 60)));
	return x->err.code == ERR_NONE;
}

static struct str token_detail(struct exchange *x, int64_t id, struct str name)
{
	struct buf b;
	struct json_out o;
	struct str out;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "token", arena_printf(x_arena(x), "%" PRId64, id));
	json_add_str(&o, "name", name);
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	out = arena_dup(x_arena(x), buf_str(&b));
	buf_done(&b);
	return out;
}

void v1_token_new(struct exchange *x)
{
	struct json *body = x_body(x);
	struct str scopes, secret, name;
	struct user owner;
	struct token t;
	struct json_out o;

	if (!body || !wanted_scopes(x, body, &scopes) || !token_owner(x, body, &owner))
		return;
	name = str_trim(json_get_str(body, "name"));
	if (!name.n || name.n > 80) {
		x_fail(x, ERR_INVALID, "a token needs a name of at most 80 characters: what is it for?");
		return;
	}
	if (!auth_make_token(&x->work, &owner, name, scopes, &t, &secret, &x->err) || !note(x, x->user.id, "token.create", token_detail(x, t.id, name), "ok"))
		return;
	o = begin_object(x, 200);
	json_add_str(&o, "id", arena_printf(x_arena(x), "%" PRId64, t.id));
	json_add_str(&o, "name", name);
	json_add_str(&o, "user", owner.name);
	json_add_str(&o, "token", secret);
	json_close(&o, '}');
}

void v1_token_revoke(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct token *all;
	struct json_out o;
	size_t count;
	int64_t id;

	if (!str_to_int(x->rest, &id) || !store_token_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err)) {
		x_fail(x, ERR_NOT_FOUND, "there is no such token");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (all[i].id != id || (all[i].user_id != x->user.id && !is_admin(x)))
			continue;
		if (!store_token_revoke(e->db, e->workspace_id, id, x->work.now, &x->err) ||
		    !note(x, x->user.id, "token.revoke", token_detail(x, id, all[i].name), "ok"))
			return;
		o = begin_object(x, 200);
		json_close(&o, '}');
		return;
	}
	x_fail(x, ERR_NOT_FOUND, "there is no such token");
}

/* ---- audit ---- */

static bool time_query(struct exchange *x, const char *name, wall_ms *out)
{
	struct str text = x_query(x, name);

	if (!text.n || wall_parse(text, out))
		return true;
	x_fail(x, ERR_INVALID, "%s is not a time such as 2026-03-02T02:15:00Z", name);
	return false;
}

static bool actor_query(struct exchange *x, int64_t *out)
{
	struct engine *e = x->work.engine;
	struct str text = x_query(x, "actor");

	if (!text.n || id_parse(text, "U", out) || store_name_find(e->db, e->workspace_id, "user", text, out, &x->err))
		return true;
	x_fail(x, ERR_NOT_FOUND, "there is no user " STR_FMT, STR_ARG(str_clip(text, 60)));
	return false;
}

static void put_audit(struct exchange *x, struct json_out *o, const struct audit_record *r)
{
	struct err ignored = {0};
	char at[WALL_TEXT_SIZE];
	struct user u;

	json_open(o, '{');
	json_add_str(o, "id", arena_printf(x_arena(x), "%" PRId64, r->id));
	json_add_str(o, "home", arena_printf(x_arena(x), "%" PRId64, r->home_id));
	json_add_int(o, "seq", r->seq);
	json_add_str(o, "at", wall_write(at, r->at));
	if (r->actor_id) {
		json_add_str(o, "actor", id_write(x_arena(x), 'U', r->actor_id));
		if (store_user_find(x->work.engine->db, x_arena(x), r->workspace_id, r->actor_id, &u, &ignored))
			json_add_str(o, "actor_name", u.name);
	}
	json_add_str(o, "action", r->action);
	json_add_str(o, "via", r->via);
	json_key(o, "detail");
	if (!r->detail.n || json_is(json_parse(x_arena(x), r->detail, JSON_STRICT, &ignored), JSON_OBJECT))
		json_put_raw(o, r->detail.n ? r->detail : S("{}"));
	else /* somebody changed it in the database: shown as it is, and the answer stays JSON */
		json_put_str(o, r->detail);
	json_add_str(o, "result", r->result);
	json_add_str(o, "hash", r->hash);
	json_close(o, '}');
}

void v1_audit(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct audit_filter f = {.text = x_query(x, "q"), .action = x_query(x, "action"), .limit = limit_of(x, 100, 500)};
	struct audit_record *all;
	struct str before = x_query(x, "before");
	struct json_out o;
	size_t count;

	if (!time_query(x, "since", &f.since) || !time_query(x, "until", &f.until) || !actor_query(x, &f.actor_id))
		return;
	if (before.n && !str_to_int(before, &f.before_id)) {
		x_fail(x, ERR_INVALID, "before is the id of a record");
		return;
	}
	if (!store_audit_search(e->db, x_arena(x), e->workspace_id, &f, &all, &count, &x->err))
		return;
	o = begin_object(x, 200);
	json_key(&o, "records");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		put_audit(x, &o, &all[i]);
	json_close(&o, ']');
	if (count == f.limit)
		json_add_str(&o, "next", arena_printf(x_arena(x), "%" PRId64, all[count - 1].id));
	json_close(&o, '}');
}

void v1_audit_verify(struct exchange *x)
{
	struct audit_fault *faults;
	int64_t records, chains;
	struct json_out o;
	size_t count;

	if (!store_audit_verify(x->work.engine->db, x_arena(x), &records, &chains, &faults, &count, &x->err))
		return;
	o = begin_object(x, 200);
	json_add_bool(&o, "ok", count == 0);
	json_add_int(&o, "records", records);
	json_add_int(&o, "chains", chains);
	json_key(&o, "bad");
	json_open(&o, '[');
	for (size_t i = 0; i < count && i < 100; i++) {
		json_open(&o, '{');
		json_add_str(&o, "home", arena_printf(x_arena(x), "%" PRId64, faults[i].home_id));
		json_add_int(&o, "seq", faults[i].seq);
		json_add_str(&o, "why", faults[i].why);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

/* ---- provisioning, search, the virtual clock ---- */

void v1_provision(struct exchange *x)
{
	struct str file = str_clip(x_query(x, "file"), 200);
	const char *name = file.n ? arena_dup(x_arena(x), file).p : "provision";
	struct json *tree = yaml_parse(x_arena(x), x->request->body, name, &x->err);
	struct json_out o;

	if (!tree)
		return;
	o = x_json(x, 200);
	if (!provision_run(&x->work, tree, name, &o, &x->err)) {
		x->work.failed = true;
		return;
	}
	if (!note(x, x->user.id, "provision", from_detail(x), "ok"))
		x->work.failed = true;
}

void v1_search(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str q = x_query(x, "q"), channel = x_query(x, "channel");
	struct channel ch = {0};
	struct search_hit *hits;
	unsigned indexed = 1;
	struct json_out o;
	size_t count;

	if (channel.n && !chat_channel(&x->work, x->user.id, channel, &ch, &x->err))
		return;
	/* The index runs behind; whoever searches sees all the same. */
	for (int i = 0; i < 20 && indexed; i++)
		if (!store_search_index(e->db, x_arena(x), 200, &indexed, &x->err))
			break;
	err_clear(&x->err);
	if (!store_search(e->db, x_arena(x), q, ch.id, x->user.id, limit_of(x, 30, 100), &hits, &count, &x->err))
		return;
	o = begin_object(x, 200);
	json_key(&o, "matches");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		struct message m;

		if (!store_message_find(e->db, x_arena(x), hits[i].channel_id, hits[i].ts, &m, &x->err) || m.deleted)
			continue;
		json_open(&o, '{');
		json_add_str(&o, "channel", id_write(x_arena(x), 'C', m.channel_id));
		json_add_str(&o, "ts", ts_text(x_arena(x), m.ts));
		json_add_str(&o, "user", m.user_id ? id_write(x_arena(x), 'U', m.user_id) : S(""));
		json_add_str(&o, "text", m.text);
		json_add_str(&o, "snippet", hits[i].snippet);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

static void advanced(void *context)
{
	struct exchange *x = context;
	struct json_out o = begin_object(x, 200);
	char now[WALL_TEXT_SIZE];

	json_add_str(&o, "now", wall_write(now, wall_now()));
	json_close(&o, '}');
	http_answer(x->api->server, x->request->conn,
		    &(struct http_answer){.status = 200, .content_type = x->content_type, .headers = buf_str(&x->headers), .body = buf_str(&x->body)});
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request);
}

static void advance_start(struct exchange *x)
{
	if (engine_advance(x->api->engine, *(wall_ms *)x->context, advanced, x))
		return;
	buf_done(&x->body);
	buf_done(&x->headers);
	api_refuse(x->api, x->request, ERR_CONFLICT, "the clock is being moved already; wait for that answer");
}

void v1_advance(struct exchange *x)
{
	struct json *body = x_body(x);
	wall_ms *to = arena_alloc(x_arena(x), sizeof *to);
	span_ms by;

	if (!body)
		return;
	if (!clock_is_virtual())
		x_fail(x, ERR_FORBIDDEN, "the clock is the real one; start the daemon with --clock to have one that can be moved");
	else if (span_parse(json_get_str(body, "by"), &by))
		*to = x->work.now + by;
	else if (!wall_parse(json_get_str(body, "to"), to))
		x_fail(x, ERR_INVALID, "say {\"by\":\"15m\"} or {\"to\":\"2026-03-02T02:15:00Z\"}");
	if (x->err.code)
		return;
	x->context = to;
	x->finish = advance_start;
}
