#include "store/app_views.h"

static bool one(struct rows rows, struct arena *a, struct app_view *out, struct err *err)
{
	bool found = rows_next(&rows);

	if (found)
		*out = (struct app_view){.id = rows_int(&rows, 0),
					 .workspace_id = rows_int(&rows, 1),
					 .app_id = rows_int(&rows, 2),
					 .user_id = rows_int(&rows, 3),
					 .kind = (enum app_view_kind)rows_int(&rows, 4),
					 .root_id = rows_int(&rows, 5),
					 .previous_id = rows_int(&rows, 6),
					 .external_id = arena_dup(a, rows_str(&rows, 7)),
					 .hash = arena_dup(a, rows_str(&rows, 8)),
					 .body = arena_dup(a, rows_str(&rows, 9)),
					 .changed = rows_int(&rows, 10)};
	return rows_end(&rows, err) && found;
}

bool store_view_add(struct db *db, const struct app_view *v, struct err *err)
{
	return db_run(db, Q_VIEW_ADD, err, B_INT(v->id), B_INT(v->workspace_id), B_INT(v->app_id), B_INT(v->user_id), B_INT(v->kind), B_INT(v->root_id), B_INT(v->previous_id),
		      B_STR(v->external_id), B_STR(v->hash), B_STR(v->body), B_INT(v->changed));
}

bool store_view_set(struct db *db, const struct app_view *v, struct err *err)
{
	return db_run(db, Q_VIEW_SET, err, B_STR(v->external_id), B_STR(v->hash), B_STR(v->body), B_INT(v->changed), B_INT(v->workspace_id), B_INT(v->id));
}

bool store_view_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t view_id, struct app_view *out, struct err *err)
{
	return one(db_rows(db, Q_VIEW_GET, B_INT(workspace_id), B_INT(view_id)), a, out, err);
}

bool store_view_by_external(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct str external_id, struct app_view *out, struct err *err)
{
	return one(db_rows(db, Q_VIEW_EXTERNAL, B_INT(workspace_id), B_INT(app_id), B_STR(external_id)), a, out, err);
}

bool store_view_home(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, int64_t user_id, struct app_view *out, struct err *err)
{
	return one(db_rows(db, Q_VIEW_HOME, B_INT(workspace_id), B_INT(app_id), B_INT(user_id), B_INT(APP_VIEW_HOME)), a, out, err);
}

int64_t store_view_stack(struct db *db, const struct app_view *v)
{
	struct rows rows = db_rows(db, Q_VIEW_STACK, B_INT(v->workspace_id), B_INT(v->app_id), B_INT(v->user_id), B_INT(v->root_id));
	struct err ignored = {0};
	int64_t n = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	return rows_end(&rows, &ignored) ? n : 0;
}

bool store_view_drop(struct db *db, const struct app_view *v, bool whole_stack, struct err *err)
{
	if (whole_stack)
		return db_run(db, Q_VIEW_STACK_DROP, err, B_INT(v->workspace_id), B_INT(v->app_id), B_INT(v->user_id), B_INT(v->root_id));
	return db_run(db, Q_VIEW_DROP, err, B_INT(v->workspace_id), B_INT(v->id));
}

bool store_views_purge(struct db *db, wall_ms before, struct err *err)
{
	return db_run(db, Q_VIEW_PURGE, err, B_INT(before), B_INT(APP_VIEW_MODAL)) && db_run(db, Q_EPHEMERAL_PURGE, err, B_INT(before));
}

/* ---- messages for one person alone ---- */

bool store_ephemeral_add(struct db *db, int64_t user_id, const struct message *m, wall_ms now, struct err *err)
{
	return db_run(db, Q_EPHEMERAL_ADD, err, B_INT(m->channel_id), B_INT(user_id), B_INT(m->ts), B_INT(m->bot_id), B_INT(m->thread_ts), B_STR(m->text), B_STR(m->body), B_INT(now));
}

bool store_ephemeral_set(struct db *db, int64_t user_id, const struct message *m, struct err *err)
{
	return db_run(db, Q_EPHEMERAL_SET, err, B_STR(m->text), B_STR(m->body), B_INT(m->channel_id), B_INT(user_id), B_INT(m->ts));
}

bool store_ephemeral_find(struct db *db, struct arena *a, int64_t channel_id, int64_t user_id, int64_t ts, struct message *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_EPHEMERAL_GET, B_INT(channel_id), B_INT(user_id), B_INT(ts));
	bool found = rows_next(&rows);

	if (found)
		*out = (struct message){.channel_id = channel_id, .ts = ts, .bot_id = rows_int(&rows, 0), .thread_ts = rows_int(&rows, 1), .text = arena_dup(a, rows_str(&rows, 2)),
					.body = arena_dup(a, rows_str(&rows, 3))};
	return rows_end(&rows, err) && found;
}

bool store_ephemeral_drop(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_EPHEMERAL_DROP, err, B_INT(channel_id), B_INT(user_id), B_INT(ts));
}
