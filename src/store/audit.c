#include "store/audit.h"

#include "base/json.h"
#include "base/mask.h"
#include "ops/id.h"

static bool head_get(struct db *db, struct arena *a, struct audit_record *r, bool *first, struct err *err)
{
	struct rows rows = db_rows(db, Q_AUDIT_HEAD, B_INT(r->home_id));

	*first = !rows_next(&rows);
	r->seq = *first ? 1 : rows_int(&rows, 0) + 1;
	r->prev_hash = *first ? str_of(audit_chain_start) : arena_dup(a, rows_str(&rows, 1));
	return rows_end(&rows, err);
}

bool store_audit_add(struct db *db, struct arena *a, struct audit_record *r, struct err *err)
{
	char hash[AUDIT_HASH + 1];
	bool first;

	if (!head_get(db, a, r, &first, err))
		return false;
	r->detail = mask_json(a, r->detail);
	audit_record_hash(r, hash);
	r->hash = arena_dup(a, str_of(hash));
	if (!db_run(db, Q_AUDIT_ADD, err, B_INT(r->home_id), B_INT(r->seq), B_INT(r->id), B_INT(r->workspace_id), B_INT(r->at), B_INT(r->actor_id),
		    B_STR(r->action), B_STR(r->via), B_STR(r->detail), B_STR(r->result), B_STR(r->prev_hash), B_STR(r->hash)))
		return false;
	return first ? db_run(db, Q_AUDIT_HEAD_ADD, err, B_INT(r->home_id), B_INT(r->seq), B_STR(r->hash))
		     : db_run(db, Q_AUDIT_HEAD_SET, err, B_INT(r->seq), B_STR(r->hash), B_INT(r->home_id));
}

/* ---- reading ---- */

/* The texts are the row's: gone with the next. */
static struct audit_record record_view(struct rows *r)
{
	return (struct audit_record){.home_id = rows_int(r, 0),
				     .seq = rows_int(r, 1),
				     .id = rows_int(r, 2),
				     .workspace_id = rows_int(r, 3),
				     .at = rows_int(r, 4),
				     .actor_id = rows_int(r, 5),
				     .action = rows_str(r, 6),
				     .via = rows_str(r, 7),
				     .detail = rows_str(r, 8),
				     .result = rows_str(r, 9),
				     .prev_hash = rows_str(r, 10),
				     .hash = rows_str(r, 11)};
}

static bool records_end(struct rows *rows, struct arena *a, struct audit_record **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(rows)) {
		struct audit_record r = record_view(rows);

		r.action = arena_dup(a, r.action);
		r.via = arena_dup(a, r.via);
		r.detail = arena_dup(a, r.detail);
		r.result = arena_dup(a, r.result);
		r.prev_hash = arena_dup(a, r.prev_hash);
		r.hash = arena_dup(a, r.hash);
		*(struct audit_record *)vec_push(a, &v, sizeof r) = r;
	}
	*out = v.items;
	*count = v.count;
	return rows_end(rows, err);
}

/* The text as it stands inside a JSON text, with nothing in it that LIKE reads, between `before` and `behind`; "" for no text. */
static struct str like(struct arena *a, const char *before, struct str text, const char *behind)
{
	struct json_out o;
	struct buf json, b;

	if (!text.n)
		return text;
	buf_init(&json, 64 * KIB);
	buf_init(&b, 256 * KIB);
	o = json_out(&json);
	json_put_str(&o, text);
	buf_printf(&b, "%%%s", before);
	for (size_t i = 1; i + 1 < json.n; i++) {
		if (strchr("%_!", json.p[i]))
			buf_char(&b, '!');
		buf_char(&b, json.p[i]);
	}
	buf_printf(&b, "%s%%", behind);
	buf_done(&json);
	return buf_keep(a, &b);
}

bool store_audit_search(struct db *db, struct arena *a, int64_t workspace_id, const struct audit_filter *f, struct audit_record **out, size_t *count,
			struct err *err)
{
	struct str channel = like(a, "\"channel\":\"", f->channel, "\""), from = like(a, "\"from\":\"", f->from, "\"");
	struct str rule = like(a, "\"rule\":\"", f->rule, ""), text = like(a, "", f->text, "");
	/* Ids are made in the order of time, at most a little ahead of it: the range of ids spares reading what is outside. */
	int64_t first = id_first(f->since), last = f->until ? id_first(f->until + DAY) : INT64_MAX;
	enum query q = f->actor_id ? Q_AUDIT_SEARCH_ACTOR : f->action.n ? Q_AUDIT_SEARCH_ACTION : Q_AUDIT_SEARCH;
	struct bind binds[24];
	struct rows rows;
	size_t n = 0;

	if (f->before_id && f->before_id < last)
		last = f->before_id;
	if (f->id) {
		first = f->id;
		last = f->id + 1;
	}
	binds[n++] = B_INT(workspace_id);
	if (f->actor_id)
		binds[n++] = B_INT(f->actor_id), binds[n++] = B_STR(f->action), binds[n++] = B_STR(f->action);
	else if (f->action.n)
		binds[n++] = B_STR(f->action);
	binds[n++] = B_INT(last), binds[n++] = B_INT(first);
	binds[n++] = B_INT(f->since), binds[n++] = B_INT(f->until ? f->until : INT64_MAX);
	binds[n++] = B_STR(f->result), binds[n++] = B_STR(f->result);
	binds[n++] = B_STR(f->via), binds[n++] = B_STR(f->via);
	binds[n++] = B_STR(channel), binds[n++] = B_STR(channel);
	binds[n++] = B_STR(from), binds[n++] = B_STR(from);
	binds[n++] = B_STR(rule), binds[n++] = B_STR(rule);
	binds[n++] = B_STR(text), binds[n++] = B_STR(text), binds[n++] = B_STR(text);
	binds[n++] = B_INT(f->limit);
	rows = db_select(db, q, binds, n);
	return records_end(&rows, a, out, count, err);
}

bool store_audit_from(struct db *db, struct arena *a, int64_t workspace_id, int64_t after_id, unsigned limit, struct audit_record **out, size_t *count,
		      struct err *err)
{
	struct rows rows = db_rows(db, Q_AUDIT_FROM, B_INT(workspace_id), B_INT(after_id), B_INT(limit));

	return records_end(&rows, a, out, count, err);
}

int64_t store_audit_last(struct db *db, int64_t workspace_id)
{
	struct rows rows = db_rows(db, Q_AUDIT_LAST, B_INT(workspace_id));
	struct err ignored = {0};
	int64_t id = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	return rows_end(&rows, &ignored) ? id : 0;
}

/* ---- checkpoints ---- */

static struct audit_checkpoint checkpoint_view(struct rows *r)
{
	return (struct audit_checkpoint){.workspace_id = rows_int(r, 0),
					 .no = rows_int(r, 1),
					 .at = rows_int(r, 2),
					 .last_id = rows_int(r, 3),
					 .records = rows_int(r, 4),
					 .digest = rows_str(r, 5),
					 .prev_hash = rows_str(r, 6),
					 .hash = rows_str(r, 7),
					 .signature = rows_str(r, 8)};
}

static struct audit_checkpoint checkpoint_own(struct arena *a, struct audit_checkpoint c)
{
	c.digest = arena_dup(a, c.digest);
	c.prev_hash = arena_dup(a, c.prev_hash);
	c.hash = arena_dup(a, c.hash);
	c.signature = arena_dup(a, c.signature);
	return c;
}

bool store_audit_checkpoint_last(struct db *db, struct arena *a, int64_t workspace_id, struct audit_checkpoint *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_CHECKPOINT_LAST, B_INT(workspace_id));
	bool found = rows_next(&rows);

	if (found)
		*out = checkpoint_own(a, checkpoint_view(&rows));
	return rows_end(&rows, err) && found;
}

/* Those whose last record is from..to. *more: on() wants more. */
static bool walk_checkpoints(struct db *db, int64_t workspace_id, struct audit_cursor *cursor, int64_t from_id, int64_t to_id, bool (*on)(void *context, const struct audit_record *r, const struct audit_checkpoint *c), void *context, bool *more,
			     struct err *err)
{
	struct rows rows = db_rows(db, Q_CHECKPOINT_FROM, B_INT(workspace_id), B_INT(from_id), B_INT(to_id), B_INT(cursor->checkpoint));

	while (*more && rows_next(&rows)) {
		struct audit_checkpoint c = checkpoint_view(&rows);

		*more = on(context, NULL, &c);
		cursor->checkpoint = c.no;
	}
	return rows_end(&rows, err);
}

bool store_audit_walk(struct db *db, struct arena *a, int64_t workspace_id, struct audit_cursor *cursor, int64_t until_id, unsigned limit, bool (*on)(void *context, const struct audit_record *r, const struct audit_checkpoint *c), void *context,
		      struct err *err)
{
	struct audit_record *all;
	bool more = true;
	size_t count, n;

	if (!store_audit_from(db, a, workspace_id, cursor->id, limit, &all, &count, err))
		return false;
	for (n = 0; n < count && all[n].id <= until_id; n++)
		;
	for (size_t i = 0; i <= n && more; i++) {
		int64_t to = i < n ? all[i].id - 1 : count < limit || n < count ? until_id : cursor->id;

		if (!walk_checkpoints(db, workspace_id, cursor, cursor->id, to, on, context, &more, err))
			return false;
		if (i == n || !more)
			break;
		more = on(context, &all[i], NULL);
		cursor->id = all[i].id;
	}
	return true;
}

bool store_audit_checkpoint(struct db *db, struct arena *a, int64_t workspace_id, wall_ms now, const struct secret *seed, struct audit_checkpoint *out,
			    struct err *err)
{
	struct audit_checkpoint before = {.digest = str_of(audit_chain_start), .hash = str_of(audit_chain_start)}, next;
	char digest[AUDIT_HASH + 1] = "";
	struct rows rows;

	*out = (struct audit_checkpoint){0};
	if (!store_audit_checkpoint_last(db, a, workspace_id, &before, err) && err->code)
		return false;
	memcpy(digest, before.digest.p, before.digest.n < AUDIT_HASH ? before.digest.n : AUDIT_HASH);
	next = (struct audit_checkpoint){workspace_id, before.no + 1, now, before.last_id, before.records, str_of(digest), before.hash, {NULL, 0}, {NULL, 0}};
	rows = db_rows(db, Q_AUDIT_HASHES, B_INT(workspace_id), B_INT(before.last_id), B_INT(AUDIT_CHECKPOINT_MOST));
	while (rows_next(&rows)) {
		next.last_id = rows_int(&rows, 0);
		next.records++;
		audit_digest_add(digest, rows_str(&rows, 1));
	}
	if (!rows_end(&rows, err))
		return false;
	if (next.records == before.records)
		return true;
	next.digest = arena_dup(a, str_of(digest));
	audit_checkpoint_sign(a, &next, seed);
	*out = next;
	return db_run(db, Q_CHECKPOINT_ADD, err, B_INT(next.workspace_id), B_INT(next.no), B_INT(next.at), B_INT(next.last_id), B_INT(next.records), B_STR(next.digest),
		      B_STR(next.prev_hash), B_STR(next.hash), B_STR(next.signature));
}

/* ---- checking ---- */

bool store_audit_verify(struct db *db, int64_t workspace_id, struct audit_verifier *v, struct err *err)
{
	struct rows checkpoints = db_rows(db, Q_CHECKPOINT_ALL, B_INT(workspace_id));
	struct rows records = db_rows(db, Q_AUDIT_FROM, B_INT(workspace_id), B_INT(INT64_MIN), B_INT(INT64_MAX)), heads;
	bool left = rows_next(&checkpoints), ok;

	while (rows_next(&records)) {
		struct audit_record r = record_view(&records);

		for (; left && rows_int(&checkpoints, 3) < r.id; left = rows_next(&checkpoints)) {
			struct audit_checkpoint c = checkpoint_view(&checkpoints);

			audit_verify_checkpoint(v, &c);
		}
		audit_verify_record(v, &r);
	}
	for (; left; left = rows_next(&checkpoints)) {
		struct audit_checkpoint c = checkpoint_view(&checkpoints);

		audit_verify_checkpoint(v, &c);
	}
	ok = rows_end(&checkpoints, err);
	ok = rows_end(&records, err) && ok;
	heads = db_select(db, Q_AUDIT_HEADS, NULL, 0);
	while (ok && rows_next(&heads))
		audit_verify_head(v, rows_int(&heads, 0), rows_int(&heads, 1), rows_str(&heads, 2));
	return rows_end(&heads, err) && ok;
}
