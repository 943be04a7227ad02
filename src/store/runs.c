#include "store/runs.h"

bool store_run_add(struct db *db, const struct run *r, struct err *err)
{
	return db_run(db, Q_RUN_ADD, err, B_INT(r->id), B_INT(r->workspace_id), B_STR(r->code), B_INT(r->state), B_INT(r->user_id), B_INT(r->channel_id), B_INT(r->thread_ts),
		      B_STR(r->via), B_INT(r->scope), B_STR(r->plugin), B_STR(r->version), B_STR(r->digest), B_STR(r->words), B_STR(r->call), B_STR(r->line), B_STR(r->reason),
		      B_STR(r->then), B_INT(r->held_id), B_INT(r->dry_run), B_INT(r->created), B_INT(r->started), B_INT(r->ended), B_INT(r->exit_code), B_STR(r->why), B_STR(r->shown),
		      B_STR(r->progress), B_STR(r->buttons), B_STR(r->output_hash), B_INT(r->lines), B_INT(r->bytes), B_INT(r->message_ts), B_INT(r->tries), B_INT(r->again_at));
}

bool store_run_turn(struct db *db, const struct run *r, struct err *err)
{
	if (!db_run(db, Q_RUN_TURN, err, B_INT(r->state), B_INT(r->started), B_INT(r->ended), B_INT(r->exit_code), B_STR(r->why), B_STR(r->output_hash), B_INT(r->lines),
		    B_INT(r->bytes), B_INT(r->tries), B_INT(r->again_at), B_INT(r->id)))
		return false;
	if (db_changed(db))
		return true;
	err_set(err, ERR_CONFLICT, STR_FMT " is over already", STR_ARG(r->code));
	return false;
}

bool store_run_shown(struct db *db, const struct run *r, struct err *err)
{
	return db_run(db, Q_RUN_SHOWN, err, B_STR(r->shown), B_STR(r->progress), B_STR(r->buttons), B_INT(r->id));
}

bool store_run_told(struct db *db, int64_t id, int64_t message_ts, struct err *err)
{
	return db_run(db, Q_RUN_TOLD, err, B_INT(message_ts), B_INT(id));
}

static struct run run_read(struct rows *r, struct arena *a)
{
	return (struct run){.id = rows_int(r, 0),
			    .workspace_id = rows_int(r, 1),
			    .code = arena_dup(a, rows_str(r, 2)),
			    .state = (enum run_state)rows_int(r, 3),
			    .user_id = rows_int(r, 4),
			    .channel_id = rows_int(r, 5),
			    .thread_ts = rows_int(r, 6),
			    .via = arena_dup(a, rows_str(r, 7)),
			    .scope = (int)rows_int(r, 8),
			    .plugin = arena_dup(a, rows_str(r, 9)),
			    .version = arena_dup(a, rows_str(r, 10)),
			    .digest = arena_dup(a, rows_str(r, 11)),
			    .words = arena_dup(a, rows_str(r, 12)),
			    .call = arena_dup(a, rows_str(r, 13)),
			    .line = arena_dup(a, rows_str(r, 14)),
			    .reason = arena_dup(a, rows_str(r, 15)),
			    .then = arena_dup(a, rows_str(r, 16)),
			    .held_id = rows_int(r, 17),
			    .dry_run = rows_int(r, 18) != 0,
			    .created = rows_int(r, 19),
			    .started = rows_int(r, 20),
			    .ended = rows_int(r, 21),
			    .exit_code = (int)rows_int(r, 22),
			    .why = arena_dup(a, rows_str(r, 23)),
			    .shown = arena_dup(a, rows_str(r, 24)),
			    .progress = arena_dup(a, rows_str(r, 25)),
			    .buttons = arena_dup(a, rows_str(r, 26)),
			    .output_hash = arena_dup(a, rows_str(r, 27)),
			    .lines = rows_int(r, 28),
			    .bytes = rows_int(r, 29),
			    .message_ts = rows_int(r, 30),
			    .tries = (int)rows_int(r, 31),
			    .again_at = rows_int(r, 32)};
}

static bool one(struct rows *rows, struct arena *a, struct run *out, struct err *err)
{
	bool found = rows_next(rows);

	if (found)
		*out = run_read(rows, a);
	return rows_end(rows, err) && found;
}

bool store_run_find(struct db *db, struct arena *a, int64_t id, struct run *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_RUN_GET, B_INT(id));

	return one(&rows, a, out, err);
}

bool store_run_by_code(struct db *db, struct arena *a, int64_t workspace_id, struct str code, struct run *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_RUN_BY_CODE, B_INT(workspace_id), B_STR(code));

	return one(&rows, a, out, err);
}

bool store_run_list(struct db *db, struct arena *a, int64_t workspace_id, const struct run_filter *f, struct run **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_RUN_LIST, B_INT(workspace_id), B_INT(f->state), B_INT(f->state), B_INT(f->state), B_INT(f->user_id), B_INT(f->user_id), B_STR(f->plugin),
				   B_STR(f->plugin), B_INT(f->before_id ? f->before_id : INT64_MAX), B_INT(f->limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct run *)vec_push(a, &v, sizeof(struct run)) = run_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_run_line_add(struct db *db, int64_t id, const struct run_line *l, struct err *err)
{
	return db_run(db, Q_RUN_LINE_ADD, err, B_INT(id), B_INT(l->seq), B_INT(l->at), B_INT(l->stream), B_STR(l->text));
}

bool store_run_lines(struct db *db, struct arena *a, int64_t id, int64_t after, unsigned limit, struct run_line **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_RUN_LINES, B_INT(id), B_INT(after), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct run_line *)vec_push(a, &v, sizeof(struct run_line)) =
			(struct run_line){rows_int(&rows, 0), rows_int(&rows, 1), (int)rows_int(&rows, 2), arena_dup(a, rows_str(&rows, 3))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_run_lines_purge(struct db *db, struct arena *a, wall_ms ended_before, unsigned limit, unsigned *dropped, struct err *err)
{
	struct rows rows = db_rows(db, Q_RUN_OLD, B_INT(ended_before), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(int64_t *)vec_push(a, &v, sizeof(int64_t)) = rows_int(&rows, 0);
	*dropped = (unsigned)v.count;
	if (!rows_end(&rows, err))
		return false;
	for (size_t i = 0; i < v.count; i++) {
		int64_t id = ((const int64_t *)v.items)[i];

		if (!db_run(db, Q_RUN_LINES_DROP, err, B_INT(id)) || !db_run(db, Q_RUN_LINES_GONE, err, B_INT(id)))
			return false;
	}
	return true;
}

/* ---- a plugin's memory ---- */

static struct plugin_value value_read(struct rows *r, struct arena *a)
{
	return (struct plugin_value){arena_dup(a, rows_str(r, 0)), arena_dup(a, rows_str(r, 1)), rows_int(r, 2)};
}

bool store_value_find(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str name, struct plugin_value *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_VALUE_GET, B_INT(workspace_id), B_STR(plugin), B_STR(name));
	bool found = rows_next(&rows);

	if (found)
		*out = value_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_value_put(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str name, struct str value, int64_t was, wall_ms now, struct err *err)
{
	struct plugin_value v = {.version = 0};
	bool there = store_value_find(db, a, workspace_id, plugin, name, &v, err);

	if (err->code)
		return false;
	if (was >= 0 && v.version != was) {
		err_set(err, ERR_CONFLICT, "it was changed meanwhile");
		return false;
	}
	return there ? db_run(db, Q_VALUE_SET, err, B_STR(value), B_INT((int64_t)value.n), B_INT(now), B_INT(workspace_id), B_STR(plugin), B_STR(name))
		     : db_run(db, Q_VALUE_ADD, err, B_INT(workspace_id), B_STR(plugin), B_STR(name), B_STR(value), B_INT((int64_t)value.n), B_INT(now));
}

bool store_value_drop(struct db *db, int64_t workspace_id, struct str plugin, struct str name, struct err *err)
{
	return db_run(db, Q_VALUE_DROP, err, B_INT(workspace_id), B_STR(plugin), B_STR(name));
}

bool store_value_list(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct str after, unsigned limit, struct plugin_value **out, size_t *count,
		      struct err *err)
{
	struct rows rows = db_rows(db, Q_VALUE_LIST, B_INT(workspace_id), B_STR(plugin), B_STR(after), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct plugin_value *)vec_push(a, &v, sizeof(struct plugin_value)) = value_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_value_count(struct db *db, int64_t workspace_id, struct str plugin, int64_t *count, int64_t *bytes, struct err *err)
{
	struct rows rows = db_rows(db, Q_VALUE_COUNT, B_INT(workspace_id), B_STR(plugin));

	*count = *bytes = 0;
	if (rows_next(&rows)) {
		*count = rows_int(&rows, 0);
		*bytes = rows_int(&rows, 1);
	}
	return rows_end(&rows, err);
}

/* ---- secrets ---- */

bool store_secret_put(struct db *db, int64_t workspace_id, const struct plugin_secret *s, struct err *err)
{
	return db_run(db, Q_SECRET_DROP, err, B_INT(workspace_id), B_STR(s->plugin), B_STR(s->name), B_INT(s->layer), B_INT(s->layer_id)) &&
	       db_run(db, Q_SECRET_ADD, err, B_INT(workspace_id), B_STR(s->plugin), B_STR(s->name), B_INT(s->layer), B_INT(s->layer_id), B_STR(s->sealed), B_INT(s->changed_by),
		      B_INT(s->changed));
}

bool store_secret_drop(struct db *db, int64_t workspace_id, const struct plugin_secret *s, struct err *err)
{
	if (!db_run(db, Q_SECRET_DROP, err, B_INT(workspace_id), B_STR(s->plugin), B_STR(s->name), B_INT(s->layer), B_INT(s->layer_id)))
		return false;
	if (db_changed(db))
		return true;
	err_set(err, ERR_NOT_FOUND, "there is no secret `" STR_FMT "` there", STR_ARG(str_clip(s->name, 80)));
	return false;
}

bool store_secret_list(struct db *db, struct arena *a, int64_t workspace_id, struct str plugin, struct plugin_secret **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_SECRET_LIST, B_INT(workspace_id), B_STR(plugin), B_STR(plugin));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct plugin_secret *)vec_push(a, &v, sizeof(struct plugin_secret)) = (struct plugin_secret){.plugin = arena_dup(a, rows_str(&rows, 0)),
														.name = arena_dup(a, rows_str(&rows, 1)),
														.layer = (enum secret_layer)rows_int(&rows, 2),
														.layer_id = rows_int(&rows, 3),
														.sealed = arena_dup(a, rows_str(&rows, 4)),
														.changed_by = rows_int(&rows, 5),
														.changed = rows_int(&rows, 6)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}
