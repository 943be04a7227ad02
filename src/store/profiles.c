#include "store/profiles.h"

#include "store/chat.h"

#define USERGROUPS_MAX 1000

bool store_profile_get(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct profile *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_PROFILE_GET, B_INT(workspace_id), B_INT(user_id));

	*out = (struct profile){.display_name = S(""), .title = S(""), .phone = S(""), .status_text = S(""), .status_emoji = S("")};
	if (rows_next(&rows))
		*out = (struct profile){.display_name = arena_dup(a, rows_str(&rows, 0)),
					.title = arena_dup(a, rows_str(&rows, 1)),
					.phone = arena_dup(a, rows_str(&rows, 2)),
					.status_text = arena_dup(a, rows_str(&rows, 3)),
					.status_emoji = arena_dup(a, rows_str(&rows, 4)),
					.status_until = rows_int(&rows, 5),
					.away = rows_int(&rows, 6) != 0,
					.snooze_until = rows_int(&rows, 7)};
	return rows_end(&rows, err);
}

bool store_profile_put(struct db *db, int64_t workspace_id, int64_t user_id, const struct profile *p, struct err *err)
{
	return db_run(db, Q_PROFILE_DROP, err, B_INT(workspace_id), B_INT(user_id)) &&
	       db_run(db, Q_PROFILE_ADD, err, B_INT(workspace_id), B_INT(user_id), B_STR(p->display_name), B_STR(p->title), B_STR(p->phone), B_STR(p->status_text),
		      B_STR(p->status_emoji), B_INT(p->status_until), B_INT(p->away), B_INT(p->snooze_until));
}

/* ---- groups ---- */

static struct usergroup usergroup_read(struct rows *r, struct arena *a)
{
	return (struct usergroup){.workspace_id = rows_int(r, 0),
				  .id = rows_int(r, 1),
				  .name = arena_dup(a, rows_str(r, 2)),
				  .handle = arena_dup(a, rows_str(r, 3)),
				  .about = arena_dup(a, rows_str(r, 4)),
				  .channels = arena_dup(a, rows_str(r, 5)),
				  .created_by = rows_int(r, 6),
				  .created = rows_int(r, 7),
				  .changed_by = rows_int(r, 8),
				  .changed = rows_int(r, 9),
				  .deleted = rows_int(r, 10)};
}

bool store_usergroup_add(struct db *db, const struct usergroup *g, struct err *err)
{
	return store_name_take(db, g->workspace_id, "usergroup", g->handle, g->id, err) &&
	       db_run(db, Q_USERGROUP_ADD, err, B_INT(g->workspace_id), B_INT(g->id), B_STR(g->name), B_STR(g->handle), B_STR(g->about), B_STR(g->channels), B_INT(g->created_by),
		      B_INT(g->created), B_INT(g->changed_by), B_INT(g->changed), B_INT(g->deleted));
}

bool store_usergroup_set(struct db *db, const struct usergroup *g, struct str old_handle, struct err *err)
{
	bool same = str_eq(old_handle, g->handle);

	return (same || (store_name_take(db, g->workspace_id, "usergroup", g->handle, g->id, err) && store_name_drop(db, g->workspace_id, "usergroup", old_handle, err))) &&
	       db_run(db, Q_USERGROUP_SET, err, B_STR(g->name), B_STR(g->handle), B_STR(g->about), B_STR(g->channels), B_INT(g->changed_by), B_INT(g->changed), B_INT(g->deleted),
		      B_INT(g->workspace_id), B_INT(g->id));
}

bool store_usergroup_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t id, struct usergroup *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_USERGROUP_GET, B_INT(workspace_id), B_INT(id));
	bool found = rows_next(&rows);

	if (found)
		*out = usergroup_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_usergroup_list(struct db *db, struct arena *a, int64_t workspace_id, struct usergroup **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_USERGROUP_LIST, B_INT(workspace_id), B_INT(USERGROUPS_MAX));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct usergroup *)vec_push(a, &v, sizeof(struct usergroup)) = usergroup_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_usergroup_members(struct db *db, struct arena *a, int64_t id, int64_t **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_USERGROUP_MEMBERS, B_INT(id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(int64_t *)vec_push(a, &v, sizeof(int64_t)) = rows_int(&rows, 0);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_usergroup_fill(struct db *db, int64_t id, const int64_t *users, size_t count, struct err *err)
{
	if (!db_run(db, Q_USERGROUP_EMPTY, err, B_INT(id)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!db_run(db, Q_USERGROUP_JOIN, err, B_INT(id), B_INT(users[i])))
			return false;
	return true;
}
