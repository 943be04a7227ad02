#include "store/aliases.h"

bool store_alias_put(struct db *db, const struct alias *a, struct err *err)
{
	if (!db_run(db, Q_ALIAS_SET, err, B_STR(a->line), B_INT(a->created_by), B_INT(a->created), B_INT(a->workspace_id), B_STR(a->name), B_INT(a->owner_id)))
		return false;
	return db_changed(db) || db_run(db, Q_ALIAS_ADD, err, B_INT(a->workspace_id), B_STR(a->name), B_INT(a->owner_id), B_INT(a->scope), B_STR(a->line), B_INT(a->created_by),
					B_INT(a->created));
}

bool store_alias_drop(struct db *db, const struct alias *a, struct err *err)
{
	if (!db_run(db, Q_ALIAS_DROP, err, B_INT(a->workspace_id), B_STR(a->name), B_INT(a->owner_id)))
		return false;
	if (!db_changed(db))
		err_set(err, ERR_NOT_FOUND, "there is no alias `" STR_FMT "`", STR_ARG(str_clip(a->name, 60)));
	return !err->code;
}

static struct alias alias_read(struct rows *r, struct arena *a)
{
	return (struct alias){.workspace_id = rows_int(r, 0),
			      .name = arena_dup(a, rows_str(r, 1)),
			      .owner_id = rows_int(r, 2),
			      .scope = (enum alias_scope)rows_int(r, 3),
			      .line = arena_dup(a, rows_str(r, 4)),
			      .created_by = rows_int(r, 5),
			      .created = rows_int(r, 6)};
}

bool store_alias_find(struct db *db, struct arena *a, int64_t workspace_id, struct str name, int64_t user_id, int64_t channel_id, struct alias *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_ALIAS_FIND, B_INT(workspace_id), B_STR(name), B_INT(user_id), B_INT(channel_id), B_INT(workspace_id));
	bool found = rows_next(&rows);

	if (found)
		*out = alias_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_alias_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, int64_t channel_id, struct alias **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_ALIAS_LIST, B_INT(workspace_id), B_INT(user_id), B_INT(channel_id), B_INT(workspace_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct alias *)vec_push(a, &v, sizeof(struct alias)) = alias_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}
