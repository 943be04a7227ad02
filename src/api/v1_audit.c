/* Our own API: the audit trail. */
#include "api/handlers.h"
#include "store/audit.h"
#include "store/chat.h"

#include <inttypes.h>

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
	struct audit_filter f = {.text = x_query(x, "q"), .action = x_query(x, "action"), .limit = x_limit(x, 100, 500)};
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
	o = x_object(x, 200);
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
	o = x_object(x, 200);
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
