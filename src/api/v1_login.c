/* Our own API: who one is. Logins with a guard against trying out passwords, the first admin, the session. */
#include "api/handlers.h"
#include "api/provision.h"
#include "engine/people.h"
#include "base/log.h"
#include "store/chat.h"

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

static void write_me(struct exchange *x, const struct user *u)
{
	struct engine *e = x->work.engine;
	struct json_out o = x_object(x, 200);

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

/* With the name as it was typed: whoever tries names is seen, also where there is no such user. */
static struct str login_detail(struct exchange *x)
{
	const struct login *l = x->context;
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "user", str_clip(l->name, 100));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return buf_keep(x_arena(x), &b);
}

/* Second pass: the sums are done. */
static void login_decide(struct exchange *x)
{
	struct login *l = x->context;

	if (!l->ok) {
		++*guard_slot(x, x->request->remote);
		++*guard_slot(x, l->name);
		log_warn(EV_LOGIN_FAILED, F_STR("user", str_clip(l->name, 100)), F_STR("from", x->request->remote));
		if (x_audit(x, l->known ? l->user.id : 0, "login", login_detail(x), "refused"))
			x_fail(x, ERR_UNAUTHENTICATED, "that name and password do not belong together");
		return;
	}
	*guard_slot(x, l->name) = 0;
	if (!auth_log_in(x, &l->user) || !x_audit(x, l->user.id, "login", login_detail(x), "ok"))
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
	if (x->err.code || !x_audit(x, x->user.id, "logout", x_from(x), "ok"))
		return;
	o = x_object(x, 200);
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
	o = x_object(x, 200);
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
	    !x_audit(x, l->user.id, "setup", x_from(x), "ok"))
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
	if (!person_name_ok(l->user.name))
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
