#include "store/held.h"

bool store_held_add(struct db *db, const struct held *h, struct err *err)
{
	return db_run(db, Q_HELD_ADD, err, B_INT(h->id), B_INT(h->workspace_id), B_STR(h->code), B_INT(h->kind), B_INT(h->state), B_INT(h->user_id), B_INT(h->channel_id),
		      B_INT(h->thread_ts), B_STR(h->via), B_INT(h->scope), B_STR(h->line), B_STR(h->calls), B_STR(h->hash), B_STR(h->reason), B_STR(h->rule), B_STR(h->preview),
		      B_STR(h->approvers), B_STR(h->needs), B_INT(h->created), B_INT(h->expires), B_INT(h->decided), B_INT(h->decided_by), B_INT(h->valid_until), B_STR(h->why), B_STR(h->outcome));
}

bool store_held_turn(struct db *db, const struct held *h, enum held_state was, struct err *err)
{
	if (!db_run(db, Q_HELD_TURN, err, B_INT(h->state), B_INT(h->decided), B_INT(h->decided_by), B_INT(h->valid_until), B_STR(h->why), B_STR(h->outcome), B_INT(h->id), B_INT(was)))
		return false;
	if (db_changed(db))
		return true;
	err_set(err, ERR_CONFLICT, STR_FMT " was decided meanwhile", STR_ARG(h->code));
	return false;
}

bool store_held_preview(struct db *db, int64_t id, struct str preview, struct err *err)
{
	return db_run(db, Q_HELD_PREVIEW, err, B_STR(preview), B_INT(id));
}

static struct held held_read(struct rows *r, struct arena *a)
{
	return (struct held){.id = rows_int(r, 0),
			     .workspace_id = rows_int(r, 1),
			     .code = arena_dup(a, rows_str(r, 2)),
			     .kind = (enum held_kind)rows_int(r, 3),
			     .state = (enum held_state)rows_int(r, 4),
			     .user_id = rows_int(r, 5),
			     .channel_id = rows_int(r, 6),
			     .thread_ts = rows_int(r, 7),
			     .via = arena_dup(a, rows_str(r, 8)),
			     .scope = (int)rows_int(r, 9),
			     .line = arena_dup(a, rows_str(r, 10)),
			     .calls = arena_dup(a, rows_str(r, 11)),
			     .hash = arena_dup(a, rows_str(r, 12)),
			     .reason = arena_dup(a, rows_str(r, 13)),
			     .rule = arena_dup(a, rows_str(r, 14)),
			     .preview = arena_dup(a, rows_str(r, 15)),
			     .approvers = arena_dup(a, rows_str(r, 16)),
			     .needs = arena_dup(a, rows_str(r, 17)),
			     .created = rows_int(r, 18),
			     .expires = rows_int(r, 19),
			     .decided = rows_int(r, 20),
			     .decided_by = rows_int(r, 21),
			     .valid_until = rows_int(r, 22),
			     .why = arena_dup(a, rows_str(r, 23)),
			     .outcome = arena_dup(a, rows_str(r, 24))};
}

static bool one(struct rows *rows, struct arena *a, struct held *out, struct err *err)
{
	bool found = rows_next(rows);

	if (found)
		*out = held_read(rows, a);
	return rows_end(rows, err) && found;
}

bool store_held_find(struct db *db, struct arena *a, int64_t id, struct held *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_GET, B_INT(id));

	return one(&rows, a, out, err);
}

bool store_held_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct held *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_BY_CODE, B_INT(workspace_id), B_STR(code));

	return one(&rows, a, out, err);
}

bool store_held_same(struct db *db, struct arena *a, int64_t workspace_id, struct str hash, int64_t user_id, wall_ms now, struct held *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_SAME, B_INT(workspace_id), B_STR(hash), B_INT(user_id), B_INT(now));

	return one(&rows, a, out, err);
}

bool store_held_list(struct db *db, struct arena *a, int64_t workspace_id, int state, int64_t before_id, unsigned limit, struct held **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_LIST, B_INT(workspace_id), B_INT(state), B_INT(state), B_INT(before_id ? before_id : INT64_MAX), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct held *)vec_push(a, &v, sizeof(struct held)) = held_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_held_vote(struct db *db, int64_t id, const struct held_vote *v, struct err *err)
{
	return db_run(db, Q_HELD_VOTE_ADD, err, B_INT(id), B_INT(v->user_id), B_INT(v->at), B_INT(v->needs), B_STR(v->note));
}

bool store_held_votes(struct db *db, struct arena *a, int64_t id, struct held_vote **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_VOTES, B_INT(id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct held_vote *)vec_push(a, &v, sizeof(struct held_vote)) =
			(struct held_vote){rows_int(&rows, 0), rows_int(&rows, 1), rows_int(&rows, 2), arena_dup(a, rows_str(&rows, 3))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_held_copy_add(struct db *db, int64_t id, const struct held_copy *c, struct err *err)
{
	return db_run(db, Q_HELD_COPY_ADD, err, B_INT(id), B_INT(c->channel_id), B_INT(c->thread_ts), B_INT(c->message_ts));
}

bool store_held_copy_told(struct db *db, int64_t id, int64_t channel_id, int64_t message_ts, struct err *err)
{
	return db_run(db, Q_HELD_COPY_TOLD, err, B_INT(message_ts), B_INT(id), B_INT(channel_id));
}

bool store_held_copies(struct db *db, struct arena *a, int64_t id, struct held_copy **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_HELD_COPIES, B_INT(id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct held_copy *)vec_push(a, &v, sizeof(struct held_copy)) = (struct held_copy){rows_int(&rows, 0), rows_int(&rows, 1), rows_int(&rows, 2)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}
