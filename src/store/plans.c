#include "store/plans.h"

bool store_plan_add(struct db *db, const struct plan *p, struct err *err)
{
	return db_run(db, Q_PLAN_ADD, err, B_INT(p->id), B_INT(p->workspace_id), B_STR(p->code), B_INT(p->user_id), B_INT(p->channel_id), B_INT(p->thread_ts), B_INT(p->scope),
		      B_STR(p->line), B_INT(p->confirmed), B_INT(p->mfa_age), B_INT(p->every), B_INT(p->next), B_INT(p->created), B_INT(p->runs));
}

bool store_plan_turn(struct db *db, const struct plan *p, struct err *err)
{
	return db_run(db, Q_PLAN_TURN, err, B_INT(p->next), B_INT(p->runs), B_INT(p->id));
}

bool store_plan_drop(struct db *db, int64_t id, struct err *err)
{
	return db_run(db, Q_PLAN_DROP, err, B_INT(id));
}

static struct plan plan_read(struct rows *r, struct arena *a)
{
	return (struct plan){.id = rows_int(r, 0),
			     .workspace_id = rows_int(r, 1),
			     .code = arena_dup(a, rows_str(r, 2)),
			     .user_id = rows_int(r, 3),
			     .channel_id = rows_int(r, 4),
			     .thread_ts = rows_int(r, 5),
			     .scope = (int)rows_int(r, 6),
			     .line = arena_dup(a, rows_str(r, 7)),
			     .confirmed = rows_int(r, 8) != 0,
			     .mfa_age = rows_int(r, 9),
			     .every = rows_int(r, 10),
			     .next = rows_int(r, 11),
			     .created = rows_int(r, 12),
			     .runs = rows_int(r, 13)};
}

static bool one(struct rows rows, struct arena *a, struct plan *out, struct err *err)
{
	bool found = rows_next(&rows);

	if (found)
		*out = plan_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_plan_find(struct db *db, struct arena *a, int64_t id, struct plan *out, struct err *err)
{
	return one(db_rows(db, Q_PLAN_GET, B_INT(id)), a, out, err);
}

bool store_plan_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct plan *out, struct err *err)
{
	return one(db_rows(db, Q_PLAN_BY_CODE, B_INT(workspace_id), B_STR(code)), a, out, err);
}

bool store_plan_list(struct db *db, struct arena *a, int64_t workspace_id, struct plan **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_PLAN_LIST, B_INT(workspace_id), B_INT(PLANS_MAX));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct plan *)vec_push(a, &v, sizeof(struct plan)) = plan_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_plan_count(struct db *db, int64_t workspace_id, int64_t user_id, int64_t *all, int64_t *of_user, struct err *err)
{
	struct rows rows = db_rows(db, Q_PLAN_COUNT, B_INT(user_id), B_INT(workspace_id));

	*all = *of_user = 0;
	if (rows_next(&rows)) {
		*all = rows_int(&rows, 0);
		*of_user = rows_int(&rows, 1);
	}
	return rows_end(&rows, err);
}
