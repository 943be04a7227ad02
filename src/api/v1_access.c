/* Our own API: who may run what. The rules, what they would decide, and what others would change. Nothing here runs a command. */
#include "api/handlers.h"
#include "commands/explain.h"
#include "commands/rulebook.h"
#include "engine/messages.h"
#include "store/audit.h"
#include "store/chat.h"

#include <inttypes.h>

#define LOOKED_BACK (30 * DAY)
#define RECORDS_A_PAGE 500
#define PEOPLE_MAX 5000

static bool is_admin(const struct exchange *x)
{
	return x->user.role == ROLE_ADMIN && x->caller.scope == SCOPE_ADMIN;
}

/* ---- the rules, and who is who ---- */

static bool put_people(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct user *all;
	size_t count;

	if (!store_user_list(e->db, x_arena(x), e->workspace_id, 0, PEOPLE_MAX, &all, &count, &x->err))
		return false;
	json_key(o, "people");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		struct access_facts facts = {.user_id = all[i].id, .user = all[i].name, .role = all[i].role, .now = x->work.now};

		if (all[i].bot_id || all[i].deleted || (all[i].id != x->user.id && !is_admin(x)))
			continue;
		json_open(o, '{');
		json_add_str(o, "id", id_write(x_arena(x), 'U', all[i].id));
		json_add_str(o, "name", all[i].name);
		json_add_str(o, "role", str_of(role_name(all[i].role)));
		access_write_person(e->rulebook->access, o, &facts);
		json_close(o, '}');
	}
	json_close(o, ']');
	return true;
}

void v1_access(struct exchange *x)
{
	struct json_out o = x_object(x, 200);

	access_write(x->work.engine->rulebook->access, &o);
	if (put_people(x, &o))
		json_close(&o, '}');
}

/* ---- what would be decided of a line ---- */

/* Whose rights are looked at: one's own, or for admins somebody's. */
static bool read_as(struct exchange *x, struct str as, struct caller *caller)
{
	struct engine *e = x->work.engine;
	struct user *u = arena_alloc(x_arena(x), sizeof *u);
	int64_t id;

	if (as.n && as.p[0] == '@')
		as = str_n(as.p + 1, as.n - 1);
	if (!as.n || str_eq(as, x->user.name))
		return true;
	if (!is_admin(x)) {
		x_fail(x, ERR_FORBIDDEN, "only admins look at what others may");
		return false;
	}
	if ((id_parse(as, "U", &id) || store_name_find(e->db, e->workspace_id, "user", as, &id, &x->err)) && !x->err.code &&
	    store_user_find(e->db, x_arena(x), e->workspace_id, id, u, &x->err)) {
		caller->user = u;
		caller->scope = SCOPE_ADMIN;
		caller->mfa_at = 0;
		return true;
	}
	if (!x->err.code)
		x_fail(x, ERR_NOT_FOUND, "there is nobody called " STR_FMT, STR_ARG(str_clip(as, 80)));
	return false;
}

void v1_access_test(struct exchange *x)
{
	struct json *body = x_body(x);
	struct caller caller = x->caller;
	struct channel ch;
	struct json_out o;
	struct str in = json_get_str(body, "in");

	if (!body || !read_as(x, json_get_str(body, "as"), &caller))
		return;
	if (in.n && !chat_channel(&x->work, x->user.id, in, &ch, &x->err))
		return;
	caller.kind = LINE_TYPED;
	caller.channel_id = in.n ? ch.id : 0;
	caller.thread_ts = 0;
	o = x_object(x, 200);
	if (explain_line(&x->work, &caller, json_get_str(body, "line"), &o, &x->err))
		json_close(&o, '}');
}

/* ---- what other rules would change ---- */

/* The call of a record, as it was made; false: it was none, or who made it is gone. */
static bool caller_of(struct exchange *x, const struct audit_record *r, struct caller *caller, struct user *u, struct str *call, struct str *channel)
{
	struct err ignored = {0};
	const struct json *detail = r->detail.n ? json_parse(x_arena(x), r->detail, JSON_STRICT, &ignored) : NULL;

	*call = json_get_str(detail, "call");
	*channel = json_get_str(detail, "channel");
	if (!call->n || !r->actor_id || !store_user_find(x->work.engine->db, x_arena(x), x->work.engine->workspace_id, r->actor_id, u, &ignored) || u->deleted)
		return false;
	*caller = (struct caller){.user = u, .scope = SCOPE_ADMIN, .via = "api", .kind = LINE_CANONICAL};
	if (channel->n && !id_parse(*channel, "CD", &caller->channel_id))
		caller->channel_id = 0;
	return true;
}

static void put_change(struct exchange *x, struct json_out *o, const struct audit_record *r, const struct caller *caller, struct str call, struct str channel,
		       const struct explained *e, struct str was, struct str becomes)
{
	struct access_facts facts;

	caller_facts(&x->work, caller, &facts);
	json_open(o, '{');
	json_add_str(o, "id", arena_printf(x_arena(x), "%" PRId64, r->id));
	json_add_wall(o, "at", r->at);
	json_add_str(o, "user", caller->user->name);
	if (channel.n)
		json_add_str(o, "channel", facts.channel);
	json_add_str(o, "call", call);
	json_add_str(o, "was", was);
	json_add_str(o, "becomes", becomes);
	json_add_str(o, "rule", e->then.rule);
	json_add_str(o, "why", e->then.why);
	json_close(o, '}');
}

static size_t put_changes(struct exchange *x, struct json_out *o, const struct access *then, const struct audit_record *all, size_t count)
{
	struct arena *a = x_arena(x);
	size_t calls = 0;

	json_key(o, "changes");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		struct str call, channel, was, becomes;
		struct explained e;
		struct caller caller;
		struct user u;

		if (!caller_of(x, &all[i], &caller, &u, &call, &channel) || !explain_change(&x->work, &caller, call, all[i].at, then, &e))
			continue;
		calls++;
		was = explain_outcome(a, e.spec, &e.now);
		becomes = explain_outcome(a, e.spec, &e.then);
		if (!str_eq(was, becomes))
			put_change(x, o, &all[i], &caller, call, channel, &e, was, becomes);
	}
	json_close(o, ']');
	return calls;
}

/* The calls of the last 30 days, by the rules that are in force and by those of another file: a page of records, newest first. */
void v1_access_check(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json *body = x_body(x);
	struct str file = json_get_str(body, "file");
	struct audit_filter filter = {.since = x->work.now > LOOKED_BACK ? x->work.now - LOOKED_BACK : 0, .limit = RECORDS_A_PAGE};
	struct audit_record *all;
	struct access *then;
	struct json_out o;
	size_t count;

	if (!body)
		return;
	filter.action = filter.result = filter.via = filter.channel = filter.from = filter.rule = filter.text = S("");
	filter.before_id = json_get_int(body, "before", 0);
	then = rulebook_access(e->rulebook, file.n ? file : S("access.yaml"), json_get_str(body, "text"), &x->err);
	if (!then)
		return;
	if (store_audit_search(e->db, x_arena(x), e->workspace_id, &filter, &all, &count, &x->err)) {
		o = x_object(x, 200);
		json_add_int(&o, "calls", (int64_t)put_changes(x, &o, then, all, count));
		if (count == RECORDS_A_PAGE)
			json_add_str(&o, "next", arena_printf(x_arena(x), "%" PRId64, all[count - 1].id));
		json_close(&o, '}');
	}
	access_free(then);
}
