/* GET /v1/tokens/report: what to do about the API tokens there are. */
#include "api/handlers.h"
#include "store/chat.h"

#include <inttypes.h>
#include <stdlib.h>

#define UNUSED_AFTER (90 * DAY)

struct judged {
	struct token token;
	struct str user;
	enum scope scope;
	bool owner_gone, never_used, unused, over_broad;
	int badness; /* 0: nothing to do */
};

static const char *scope_name(int scope)
{
	static const char *const names[] = {"", "read", "write", "admin"};

	return names[scope];
}

static void judge(struct exchange *x, const struct token *t, struct judged *j)
{
	struct err ignored = {0};
	struct user u = {.name = S("?"), .deleted = true};

	(void)!store_user_find(x->work.engine->db, x_arena(x), t->workspace_id, t->user_id, &u, &ignored);
	*j = (struct judged){.token = *t, .user = u.name, .scope = scope_of(t->scopes), .owner_gone = u.deleted, .never_used = !t->last_used};
	j->unused = x->work.now - (t->last_used ? t->last_used : t->created) >= UNUSED_AFTER;
	j->over_broad = t->needed && t->needed < (int)j->scope;
	j->badness = 8 * j->owner_gone + 4 * j->unused + (j->over_broad ? (int)j->scope - t->needed : 0) * (j->scope == SCOPE_ADMIN ? 3 : 1);
	if (j->badness && j->scope == SCOPE_ADMIN)
		j->badness += 2;
}

static struct str advice(struct exchange *x, const struct judged *j)
{
	struct arena *a = x_arena(x);
	const struct token *t = &j->token;

	if (j->owner_gone)
		return S("Its owner is gone: it opens nothing any more. Revoke it.");
	if (j->unused && j->never_used)
		return arena_printf(a, "Never used since it was made " STR_FMT " ago: revoke it.", STR_ARG(span_write(a, x->work.now - t->created)));
	if (j->unused)
		return arena_printf(a, "Not used for " STR_FMT ": revoke it, or say what it is kept for.", STR_ARG(span_write(a, x->work.now - t->last_used)));
	if (j->over_broad)
		return arena_printf(a, "It may do more than it ever did: make one with the scope %s in its place.", scope_name(t->needed));
	if (j->never_used)
		return S("Not used yet.");
	return t->needed ? S("Nothing to do.") : S("What it needs is not known yet: it was not used lately.");
}

static int worst_first(const void *p, const void *q)
{
	const struct judged *a = p, *b = q;

	if (a->badness != b->badness)
		return a->badness > b->badness ? -1 : 1;
	if (a->token.last_used != b->token.last_used)
		return a->token.last_used < b->token.last_used ? -1 : 1;
	return a->token.id < b->token.id ? -1 : a->token.id > b->token.id;
}

static void put_wall(struct json_out *o, const char *key, wall_ms at)
{
	json_key(o, key);
	if (!at)
		json_put_null(o);
	else
		json_put_str(o, wall_write((char[WALL_TEXT_SIZE]){0}, at));
}

static void put_judged(struct exchange *x, struct json_out *o, const struct judged *j)
{
	const struct token *t = &j->token;

	json_open(o, '{');
	json_add_str(o, "id", arena_printf(x_arena(x), "%" PRId64, t->id));
	json_add_str(o, "name", t->name);
	json_add_str(o, "user", j->user);
	json_add_str(o, "scope", str_of(scope_name((int)j->scope)));
	json_key(o, "needed");
	if (t->needed)
		json_put_str(o, str_of(scope_name(t->needed)));
	else
		json_put_null(o);
	put_wall(o, "created", t->created);
	put_wall(o, "last_used", t->last_used);
	json_add_str(o, "last_from", t->last_from);
	json_add_bool(o, "owner_gone", j->owner_gone);
	json_add_bool(o, "never_used", j->never_used);
	json_add_bool(o, "unused", j->unused);
	json_add_bool(o, "over_broad", j->over_broad);
	json_add_int(o, "badness", j->badness);
	json_add_str(o, "advice", advice(x, j));
	json_close(o, '}');
}

void v1_tokens_report(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct judged *judged;
	struct token *all;
	struct json_out o;
	size_t count, n = 0;

	if (!store_token_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return;
	judged = arena_alloc(x_arena(x), (count + 1) * sizeof *judged);
	for (size_t i = 0; i < count; i++)
		if (all[i].id == x->token.id) /* just now; its row says so when this is answered */
			all[i].last_used = x->work.now;
	for (size_t i = 0; i < count; i++)
		if (!all[i].revoked)
			judge(x, &all[i], &judged[n++]);
	qsort(judged, n, sizeof *judged, worst_first);
	o = x_object(x, 200);
	json_key(&o, "tokens");
	json_open(&o, '[');
	for (size_t i = 0; i < n; i++)
		put_judged(x, &o, &judged[i]);
	json_close(&o, ']');
	json_close(&o, '}');
}
