#include "store/locks.h"

bool store_lock_add(struct db *db, const struct lock *l, struct err *err)
{
	return db_run(db, Q_LOCK_ADD, err, B_INT(l->workspace_id), B_STR(l->target), B_INT(l->id), B_INT(l->user_id), B_INT(l->channel_id), B_INT(l->thread_ts), B_STR(l->reason),
		      B_INT(l->taken), B_INT(l->until), B_INT(l->reminded));
}

bool store_lock_set(struct db *db, const struct lock *l, struct err *err)
{
	return db_run(db, Q_LOCK_SET, err, B_INT(l->user_id), B_INT(l->channel_id), B_INT(l->thread_ts), B_STR(l->reason), B_INT(l->taken), B_INT(l->until), B_INT(l->reminded),
		      B_INT(l->workspace_id), B_STR(l->target));
}

bool store_lock_drop(struct db *db, const struct lock *l, struct err *err)
{
	return db_run(db, Q_LOCK_DROP, err, B_INT(l->workspace_id), B_STR(l->target));
}

static struct lock lock_read(struct rows *r, struct arena *a)
{
	return (struct lock){.workspace_id = rows_int(r, 0),
			     .target = arena_dup(a, rows_str(r, 1)),
			     .id = rows_int(r, 2),
			     .user_id = rows_int(r, 3),
			     .channel_id = rows_int(r, 4),
			     .thread_ts = rows_int(r, 5),
			     .reason = arena_dup(a, rows_str(r, 6)),
			     .taken = rows_int(r, 7),
			     .until = rows_int(r, 8),
			     .reminded = rows_int(r, 9) != 0};
}

static bool one(struct rows rows, struct arena *a, struct lock *out, struct err *err)
{
	bool found = rows_next(&rows);

	if (found)
		*out = lock_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_lock_find(struct db *db, struct arena *a, int64_t workspace_id, struct str target, struct lock *out, struct err *err)
{
	return one(db_rows(db, Q_LOCK_GET, B_INT(workspace_id), B_STR(target)), a, out, err);
}

bool store_lock_by_id(struct db *db, struct arena *a, int64_t id, struct lock *out, struct err *err)
{
	return one(db_rows(db, Q_LOCK_BY_HOME, B_INT(id)), a, out, err);
}

bool store_lock_list(struct db *db, struct arena *a, int64_t workspace_id, struct lock **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_LOCK_LIST, B_INT(workspace_id), B_INT(LOCKS_MAX));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct lock *)vec_push(a, &v, sizeof(struct lock)) = lock_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_lock_wait_add(struct db *db, int64_t lock_id, const struct lock_wait *w, struct err *err)
{
	return db_run(db, Q_LOCK_WAIT_ADD, err, B_INT(lock_id), B_INT(w->id), B_INT(w->user_id), B_INT(w->channel_id), B_INT(w->thread_ts), B_STR(w->reason), B_INT(w->asked),
		      B_INT(w->span));
}

bool store_lock_wait_set(struct db *db, int64_t lock_id, const struct lock_wait *w, struct err *err)
{
	return db_run(db, Q_LOCK_WAIT_SET, err, B_INT(w->channel_id), B_INT(w->thread_ts), B_STR(w->reason), B_INT(w->span), B_INT(lock_id), B_INT(w->id));
}

bool store_lock_wait_drop(struct db *db, int64_t lock_id, int64_t wait_id, struct err *err)
{
	return db_run(db, Q_LOCK_WAIT_DROP, err, B_INT(lock_id), B_INT(wait_id));
}

bool store_lock_waits(struct db *db, struct arena *a, int64_t lock_id, struct lock_wait **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_LOCK_WAITS, B_INT(lock_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct lock_wait *)vec_push(a, &v, sizeof(struct lock_wait)) = (struct lock_wait){.id = rows_int(&rows, 0),
												      .user_id = rows_int(&rows, 1),
												      .channel_id = rows_int(&rows, 2),
												      .thread_ts = rows_int(&rows, 3),
												      .reason = arena_dup(a, rows_str(&rows, 4)),
												      .asked = rows_int(&rows, 5),
												      .span = rows_int(&rows, 6)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}
