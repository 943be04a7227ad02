/* Our own API: tokens. */
#include "api/handlers.h"
#include "store/chat.h"

#include <inttypes.h>

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

/* The same for what nobody else may. */
static bool as_admin(struct exchange *x)
{
	if (is_admin(x))
		x->needed = SCOPE_ADMIN;
	return is_admin(x);
}

void v1_tokens(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct token *all;
	struct json_out o;
	size_t count;

	if (!store_token_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return;
	o = x_object(x, 200);
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
	else if (str_is(*out, "admin"))
		x->needed = SCOPE_ADMIN;
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
	if (!as_admin(x))
		x_fail(x, ERR_FORBIDDEN, "only an admin makes tokens for others");
	else if (!store_name_find(e->db, e->workspace_id, "user", name, &id, &x->err) || !store_user_find(e->db, x_arena(x), e->workspace_id, id, out, &x->err))
		x_fail(x, ERR_NOT_FOUND, "there is no user " STR_FMT, STR_ARG(str_clip(name, 60)));
	return x->err.code == ERR_NONE;
}

static struct str token_detail(struct exchange *x, int64_t id, struct str name, struct str scopes, int64_t owner_id)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "token", arena_printf(x_arena(x), "%" PRId64, id));
	json_add_str(&o, "name", name);
	json_add_str(&o, "scopes", scopes);
	json_add_str(&o, "owner", id_write(x_arena(x), 'U', owner_id));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return buf_keep(x_arena(x), &b);
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
	if (!auth_make_token(&x->work, &owner, name, scopes, &t, &secret, &x->err) || !x_audit(x, x->user.id, "token.create", token_detail(x, t.id, name, scopes, owner.id), "ok"))
		return;
	o = x_object(x, 200);
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
		if (all[i].id != id || (all[i].user_id != x->user.id && !as_admin(x)))
			continue;
		if (!store_token_revoke(e->db, e->workspace_id, id, x->work.now, &x->err) ||
		    !x_audit(x, x->user.id, "token.revoke", token_detail(x, id, all[i].name, all[i].scopes, all[i].user_id), "ok"))
			return;
		o = x_object(x, 200);
		json_close(&o, '}');
		return;
	}
	x_fail(x, ERR_NOT_FOUND, "there is no such token");
}
