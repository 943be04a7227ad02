#include "store/files.h"

static struct file file_read(struct rows *r, struct arena *a)
{
	return (struct file){.channel_id = rows_int(r, 0),
			     .ts = rows_int(r, 1),
			     .id = rows_int(r, 2),
			     .user_id = rows_int(r, 3),
			     .name = arena_dup(a, rows_str(r, 4)),
			     .title = arena_dup(a, rows_str(r, 5)),
			     .mimetype = arena_dup(a, rows_str(r, 6)),
			     .size_bytes = rows_int(r, 7),
			     .width = (int)rows_int(r, 8),
			     .height = (int)rows_int(r, 9),
			     .created = rows_int(r, 10),
			     .alt = arena_dup(a, rows_str(r, 11))};
}

static bool files_read(struct rows rows, struct arena *a, struct file **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct file *)vec_push(a, &v, sizeof(struct file)) = file_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_file_add(struct db *db, const struct file *f, struct err *err)
{
	return db_run(db, Q_FILE_ADD, err, B_INT(f->channel_id), B_INT(f->ts), B_INT(f->id), B_INT(f->user_id), B_STR(f->name), B_STR(f->title),
		      B_STR(f->mimetype), B_INT(f->size_bytes), B_INT(f->width), B_INT(f->height), B_INT(f->created), B_STR(f->alt));
}

bool store_file_shares(struct db *db, struct arena *a, int64_t file_id, struct file **out, size_t *count, struct err *err)
{
	return files_read(db_rows(db, Q_FILE_GET, B_INT(file_id)), a, out, count, err);
}

bool store_file_list(struct db *db, struct arena *a, int64_t channel_id, int64_t ts, struct file **out, size_t *count, struct err *err)
{
	return files_read(db_rows(db, Q_FILE_LIST, B_INT(channel_id), B_INT(ts)), a, out, count, err);
}

bool store_file_known(struct db *db, int64_t file_id)
{
	struct rows rows = db_rows(db, Q_FILE_KNOWN, B_INT(file_id), B_INT(file_id));
	bool known = rows_next(&rows) && rows_int(&rows, 0) > 0;
	struct err err = {0};

	return !rows_end(&rows, &err) || known; /* in doubt nothing is thrown away */
}

bool store_file_drop(struct db *db, int64_t channel_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_FILE_DROP, err, B_INT(channel_id), B_INT(ts));
}

bool store_file_dropped(struct db *db, struct arena *a, unsigned limit, struct file **out, size_t *count, struct err *err)
{
	return files_read(db_rows(db, Q_FILE_DROPPED, B_INT(limit)), a, out, count, err);
}

bool store_file_forget(struct db *db, const struct file *f, struct err *err)
{
	return db_run(db, Q_FILE_FORGET, err, B_INT(f->channel_id), B_INT(f->ts), B_INT(f->id));
}

bool store_file_delete(struct db *db, int64_t file_id, struct err *err)
{
	return db_run(db, Q_FILE_DELETE, err, B_INT(file_id));
}

/* ---- what a person may see ---- */

#define SEEN_BINDS                                                                                                                                    \
	B_INT(f->channel_id), B_INT(f->channel_id), B_INT(f->user_id), B_INT(f->user_id), B_INT(f->since), B_INT(until), B_STR(f->types[0]),             \
		B_STR(f->types[0]), B_STR(f->types[1]), B_STR(f->types[2]), B_STR(f->types[3]), B_INT(f->workspace_id), B_INT(f->reader_id),             \
		B_INT(f->workspace_id), B_INT(f->reader_id), B_INT(f->channel_id), B_INT(f->user_id), B_INT(f->user_id), B_INT(f->since), B_INT(until),   \
		B_STR(f->types[0]), B_STR(f->types[0]), B_STR(f->types[1]), B_STR(f->types[2]), B_STR(f->types[3])

bool store_file_seen(struct db *db, struct arena *a, const struct file_filter *f, unsigned limit, unsigned skip, int64_t **ids, size_t *count, int64_t *total,
		     struct err *err)
{
	wall_ms until = f->until ? f->until : INT64_MAX;
	struct rows rows = db_rows(db, Q_FILE_SEEN_COUNT, SEEN_BINDS);
	struct vec v = {0};

	*total = rows_next(&rows) ? rows_int(&rows, 0) : 0;
	if (!rows_end(&rows, err))
		return false;
	rows = db_rows(db, Q_FILE_SEEN, SEEN_BINDS, B_INT(limit), B_INT(skip));
	while (rows_next(&rows))
		*(int64_t *)vec_push(a, &v, sizeof(int64_t)) = rows_int(&rows, 0);
	*ids = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

/* ---- uploads ---- */

bool store_upload_add(struct db *db, int64_t workspace_id, const struct file *f, struct err *err)
{
	return db_run(db, Q_UPLOAD_ADD, err, B_INT(workspace_id), B_INT(f->id), B_INT(f->user_id), B_STR(f->name), B_STR(f->title), B_STR(f->mimetype), B_INT(f->size_bytes),
		      B_INT(f->created), B_STR(f->alt));
}

bool store_upload_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t file_id, struct file *out, enum upload_state *state, struct err *err)
{
	struct rows rows = db_rows(db, Q_UPLOAD_GET, B_INT(workspace_id), B_INT(file_id));
	bool found = rows_next(&rows);

	if (found) {
		*out = file_read(&rows, a);
		*state = (enum upload_state)rows_int(&rows, 12);
	}
	return rows_end(&rows, err) && found;
}

bool store_upload_turn(struct db *db, int64_t workspace_id, int64_t file_id, enum upload_state from, enum upload_state to, struct err *err)
{
	return db_run(db, Q_UPLOAD_TURN, err, B_INT(to), B_INT(workspace_id), B_INT(file_id), B_INT(from));
}

bool store_upload_came(struct db *db, int64_t workspace_id, const struct file *f, struct err *err)
{
	return db_run(db, Q_UPLOAD_CAME, err, B_INT(f->size_bytes), B_INT(f->width), B_INT(f->height), B_INT(workspace_id), B_INT(f->id));
}

bool store_upload_keep(struct db *db, int64_t workspace_id, const struct file *f, struct err *err)
{
	return db_run(db, Q_UPLOAD_KEEP, err, B_STR(f->title), B_INT(workspace_id), B_INT(f->id));
}

bool store_upload_drop(struct db *db, int64_t file_id, struct err *err)
{
	return db_run(db, Q_UPLOAD_DROP, err, B_INT(file_id));
}

bool store_upload_over(struct db *db, struct arena *a, wall_ms before, unsigned limit, struct file **out, size_t *count, struct err *err)
{
	return files_read(db_rows(db, Q_UPLOAD_OVER, B_INT(before), B_INT(limit)), a, out, count, err);
}
