/* Our own API: the audit trail. It is long, and whoever reads all of it must not hold up the others: that is done apart. */
#include "api/handlers.h"
#include "store/audit.h"
#include "store/chat.h"

#include <inttypes.h>

#define EXPORT_BYTES (4 * MIB) /* a page ends behind the line that reaches this */

static bool time_query(struct exchange *x, const char *name, wall_ms *out)
{
	struct str text = x_query(x, name);

	if (!text.n || wall_parse(text, out))
		return true;
	x_fail(x, ERR_INVALID, "%s is not a time such as 2026-03-02T02:15:00Z", name);
	return false;
}

static bool number_query(struct exchange *x, const char *name, const char *what, int64_t *out)
{
	struct str text = x_query(x, name);

	if (!text.n || (str_to_int(text, out) && *out >= 0))
		return true;
	x_fail(x, ERR_INVALID, "%s is %s", name, what);
	return false;
}

/* By id or by name. */
static bool named_query(struct exchange *x, const char *name, const char *kind, const char *letters, int64_t *out)
{
	struct engine *e = x->work.engine;
	struct str text = x_query(x, name);

	if (text.n > 1 && (text.p[0] == '@' || text.p[0] == '#'))
		text = str_n(text.p + 1, text.n - 1);
	if (!text.n || id_parse(text, letters, out) || store_name_find(e->db, e->workspace_id, kind, text, out, &x->err))
		return true;
	x_fail(x, ERR_NOT_FOUND, "there is no %s " STR_FMT, kind, STR_ARG(str_clip(text, 60)));
	return false;
}

static void put_names(struct exchange *x, struct json_out *o, const struct audit_record *r, const struct json *detail)
{
	struct err ignored = {0};
	struct channel c;
	struct user u;
	int64_t id;

	if (r->actor_id && store_user_find(x->reader, x_arena(x), r->workspace_id, r->actor_id, &u, &ignored))
		json_add_str(o, "actor_name", u.name);
	if (id_parse(json_get_str(detail, "channel"), "CD", &id) && store_channel_find(x->reader, x_arena(x), id, &c, &ignored) && c.name.n)
		json_add_str(o, "channel_name", c.name);
}

static void put_audit(struct exchange *x, struct json_out *o, const struct audit_record *r)
{
	struct err ignored = {0};
	char at[WALL_TEXT_SIZE];
	const struct json *detail = r->detail.n ? json_parse(x_arena(x), r->detail, JSON_STRICT, &ignored) : NULL;

	json_open(o, '{');
	json_add_str(o, "id", arena_printf(x_arena(x), "%" PRId64, r->id));
	json_add_str(o, "home", arena_printf(x_arena(x), "%" PRId64, r->home_id));
	json_add_int(o, "seq", r->seq);
	json_add_str(o, "at", wall_write(at, r->at));
	if (r->actor_id)
		json_add_str(o, "actor", id_write(x_arena(x), 'U', r->actor_id));
	put_names(x, o, r, detail);
	json_add_str(o, "action", r->action);
	json_add_str(o, "via", r->via);
	json_key(o, "detail");
	if (!r->detail.n || json_is(detail, JSON_OBJECT))
		json_put_raw(o, r->detail.n ? r->detail : S("{}"));
	else /* somebody changed it in the database: shown as it is, and the answer stays JSON */
		json_put_str(o, r->detail);
	json_add_str(o, "result", r->result);
	json_add_str(o, "hash", r->hash);
	json_close(o, '}');
}

static void search_apart(struct exchange *x)
{
	const struct audit_filter *f = x->context;
	struct audit_record *all;
	struct json_out o;
	size_t count;

	if (!store_audit_search(x->reader, x_arena(x), x->work.engine->workspace_id, f, &all, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "records");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		put_audit(x, &o, &all[i]);
	json_close(&o, ']');
	if (count == f->limit)
		json_add_str(&o, "next", arena_printf(x_arena(x), "%" PRId64, all[count - 1].id));
	json_close(&o, '}');
}

void v1_audit(struct exchange *x)
{
	struct audit_filter *f = x->context = arena_zero(x_arena(x), sizeof *f);
	int64_t channel_id = 0;

	f->text = str_clip(x_query(x, "q"), 1000);
	f->action = x_query(x, "action");
	f->result = x_query(x, "result");
	f->via = x_query(x, "via");
	f->from = x_query(x, "from");
	f->rule = str_clip(x_query(x, "rule"), 1000);
	f->limit = x_limit(x, 100, 500);
	if (!time_query(x, "since", &f->since) || !time_query(x, "until", &f->until) || !named_query(x, "actor", "user", "U", &f->actor_id) ||
	    !named_query(x, "channel", "channel", "CD", &channel_id) || !number_query(x, "before", "the id of a record", &f->before_id) ||
	    !number_query(x, "id", "the id of a record", &f->id))
		return;
	if (channel_id) {
		f->channel = x_query(x, "channel");
		if (!id_parse(f->channel, "CD", &channel_id))
			f->channel = id_write(x_arena(x), 'C', channel_id);
	}
	x_read_apart(x, search_apart);
}

/* ---- is it whole? ---- */

static void put_checkpoint(struct json_out *o, int64_t no, wall_ms at, struct str hash)
{
	json_key(o, "checkpoint");
	json_open(o, '{');
	json_add_int(o, "no", no);
	json_add_wall(o, "at", at);
	json_add_str(o, "hash", hash);
	json_close(o, '}');
}

static void put_verdict(struct exchange *x, const struct audit_verdict *v)
{
	struct json_out o = x_object(x, 200);

	json_add_bool(&o, "ok", v->faults == 0);
	json_add_int(&o, "records", v->records);
	json_add_int(&o, "chains", v->chains);
	json_add_int(&o, "checkpoints", v->checkpoints);
	json_add_int(&o, "signed", v->covered);
	if (v->last_no)
		put_checkpoint(&o, v->last_no, v->last_at, v->last_hash);
	json_add_int(&o, "faults", v->faults);
	json_key(&o, "bad");
	json_open(&o, '[');
	for (int64_t i = 0; i < v->faults && i < 100; i++) {
		json_open(&o, '{');
		if (v->list[i].home_id)
			json_add_str(&o, "home", arena_printf(x_arena(x), "%" PRId64, v->list[i].home_id));
		json_add_int(&o, v->list[i].home_id ? "seq" : "checkpoint", v->list[i].seq);
		json_add_str(&o, "why", v->list[i].why);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

static void verify_apart(struct exchange *x)
{
	const struct engine *e = x->work.engine;
	uint8_t public_key[CRYPT_PUBLIC_KEY];
	struct audit_verifier *v;
	struct audit_verdict verdict;

	crypt_public_key(&e->audit_seed, public_key);
	v = audit_verifier_new(public_key, false);
	if (store_audit_verify(x->reader, e->workspace_id, v, &x->err)) {
		audit_verify_end(v, true, &verdict);
		put_verdict(x, &verdict);
	}
	audit_verifier_free(v);
}

void v1_audit_verify(struct exchange *x)
{
	x_read_apart(x, verify_apart);
}

void v1_audit_key(struct exchange *x)
{
	struct engine *e = x->work.engine;
	uint8_t public_key[CRYPT_PUBLIC_KEY];
	struct audit_checkpoint last;
	struct json_out o;

	crypt_public_key(&e->audit_seed, public_key);
	o = x_object(x, 200);
	json_add_str(&o, "key", crypt_hex(x_arena(x), public_key, sizeof public_key));
	if (store_audit_checkpoint_last(e->db, x_arena(x), e->workspace_id, &last, &x->err))
		put_checkpoint(&o, last.no, last.at, last.hash);
	json_close(&o, '}');
}

/* ---- to keep it elsewhere ---- */

struct export {
	struct audit_cursor cursor;
	int64_t until_id;
	unsigned limit;
};

static bool put_line(void *context, const struct audit_record *r, const struct audit_checkpoint *c)
{
	struct exchange *x = context;

	if (r)
		audit_record_line(&x->body, r);
	else
		audit_checkpoint_line(&x->body, c);
	return x->body.n < EXPORT_BYTES;
}

static void export_apart(struct exchange *x)
{
	struct export *e = x->context;

	if (!store_audit_walk(x->reader, x_arena(x), x->work.engine->workspace_id, &e->cursor, e->until_id, e->limit, put_line, x, &x->err))
		return;
	x->status = 200;
	x->content_type = "application/x-ndjson; charset=utf-8";
}

void v1_audit_export(struct exchange *x)
{
	struct export *e = x->context = arena_zero(x_arena(x), sizeof *e);
	wall_ms since = 0, until = 0;

	e->limit = x_limit(x, 1000, 5000);
	if (!time_query(x, "since", &since) || !time_query(x, "until", &until) || !number_query(x, "after", "the id of a record", &e->cursor.id) ||
	    !number_query(x, "checkpoint", "the number of a checkpoint", &e->cursor.checkpoint))
		return;
	e->until_id = until ? id_first(until + 1) - 1 : INT64_MAX;
	if (since && e->cursor.id < id_first(since) - 1)
		e->cursor.id = id_first(since) - 1;
	x_read_apart(x, export_apart);
}
