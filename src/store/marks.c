#include "store/marks.h"

static int64_t one_number(struct rows rows)
{
	struct err ignored = {0};
	int64_t v = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	return rows_end(&rows, &ignored) ? v : 0;
}

static bool was_there(struct db *db, struct err *err)
{
	if (!db_changed(db))
		err_set(err, ERR_NOT_FOUND, "it is not there");
	return err->code == ERR_NONE;
}

/* ---- pins ---- */

static struct pin pin_read(struct rows *r)
{
	return (struct pin){rows_int(r, 0), rows_int(r, 1), rows_int(r, 2), rows_int(r, 3)};
}

bool store_pin_add(struct db *db, const struct pin *p, struct err *err)
{
	return db_run(db, Q_PIN_ADD, err, B_INT(p->channel_id), B_INT(p->ts), B_INT(p->user_id), B_INT(p->at)) &&
	       db_run(db, Q_MESSAGE_PINNED, err, B_INT(1), B_INT(p->channel_id), B_INT(p->ts));
}

bool store_pin_drop(struct db *db, int64_t channel_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_PIN_DROP, err, B_INT(channel_id), B_INT(ts)) && was_there(db, err) &&
	       db_run(db, Q_MESSAGE_PINNED, err, B_INT(0), B_INT(channel_id), B_INT(ts));
}

bool store_pin_find(struct db *db, int64_t channel_id, int64_t ts, struct pin *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_PIN_GET, B_INT(channel_id), B_INT(ts));
	bool found = rows_next(&rows);

	if (found)
		*out = pin_read(&rows);
	return rows_end(&rows, err) && found;
}

bool store_pin_list(struct db *db, struct arena *a, int64_t channel_id, struct pin **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_PIN_LIST, B_INT(channel_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct pin *)vec_push(a, &v, sizeof(struct pin)) = pin_read(&rows);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

int64_t store_pin_count(struct db *db, int64_t channel_id)
{
	return one_number(db_rows(db, Q_PIN_COUNT, B_INT(channel_id)));
}

/* ---- bookmarks ---- */

static struct bookmark bookmark_read(struct rows *r, struct arena *a)
{
	return (struct bookmark){.channel_id = rows_int(r, 0),
				 .id = rows_int(r, 1),
				 .title = arena_dup(a, rows_str(r, 2)),
				 .link = arena_dup(a, rows_str(r, 3)),
				 .emoji = arena_dup(a, rows_str(r, 4)),
				 .created = rows_int(r, 5),
				 .changed = rows_int(r, 6),
				 .changed_by = rows_int(r, 7)};
}

bool store_bookmark_add(struct db *db, const struct bookmark *b, struct err *err)
{
	return db_run(db, Q_BOOKMARK_ADD, err, B_INT(b->channel_id), B_INT(b->id), B_STR(b->title), B_STR(b->link), B_STR(b->emoji), B_INT(b->created), B_INT(b->changed),
		      B_INT(b->changed_by));
}

bool store_bookmark_set(struct db *db, const struct bookmark *b, struct err *err)
{
	return db_run(db, Q_BOOKMARK_SET, err, B_STR(b->title), B_STR(b->link), B_STR(b->emoji), B_INT(b->changed), B_INT(b->changed_by), B_INT(b->channel_id), B_INT(b->id));
}

bool store_bookmark_drop(struct db *db, int64_t channel_id, int64_t id, struct err *err)
{
	return db_run(db, Q_BOOKMARK_DROP, err, B_INT(channel_id), B_INT(id));
}

bool store_bookmark_find(struct db *db, struct arena *a, int64_t channel_id, int64_t id, struct bookmark *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_BOOKMARK_GET, B_INT(channel_id), B_INT(id));
	bool found = rows_next(&rows);

	if (found)
		*out = bookmark_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_bookmark_list(struct db *db, struct arena *a, int64_t channel_id, struct bookmark **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_BOOKMARK_LIST, B_INT(channel_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct bookmark *)vec_push(a, &v, sizeof(struct bookmark)) = bookmark_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

/* ---- stars and one's reactions ---- */

bool store_star_add(struct db *db, int64_t user_id, const struct marked *m, struct err *err)
{
	return db_run(db, Q_STAR_ADD, err, B_INT(user_id), B_INT(m->channel_id), B_INT(m->ts), B_INT(m->at));
}

bool store_star_drop(struct db *db, int64_t user_id, int64_t channel_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_STAR_DROP, err, B_INT(user_id), B_INT(channel_id), B_INT(ts)) && was_there(db, err);
}

bool store_star_there(struct db *db, int64_t user_id, int64_t channel_id, int64_t ts)
{
	return one_number(db_rows(db, Q_STAR_THERE, B_INT(user_id), B_INT(channel_id), B_INT(ts))) > 0;
}

static bool marked_read(struct rows rows, struct arena *a, struct marked **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct marked *)vec_push(a, &v, sizeof(struct marked)) = (struct marked){rows_int(&rows, 0), rows_int(&rows, 1), rows_int(&rows, 2)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_star_list(struct db *db, struct arena *a, int64_t user_id, unsigned limit, unsigned skip, struct marked **out, size_t *count, int64_t *total, struct err *err)
{
	*total = one_number(db_rows(db, Q_STAR_COUNT, B_INT(user_id)));
	return marked_read(db_rows(db, Q_STAR_LIST, B_INT(user_id), B_INT(limit), B_INT(skip)), a, out, count, err);
}

bool store_reacted_list(struct db *db, struct arena *a, int64_t user_id, unsigned limit, unsigned skip, struct marked **out, size_t *count, int64_t *total, struct err *err)
{
	*total = one_number(db_rows(db, Q_REACTED_COUNT, B_INT(user_id)));
	return marked_read(db_rows(db, Q_REACTED_LIST, B_INT(user_id), B_INT(limit), B_INT(skip)), a, out, count, err);
}

/* ---- messages for later ---- */

static struct scheduled scheduled_read(struct rows *r, struct arena *a)
{
	return (struct scheduled){.channel_id = rows_int(r, 0),
				  .id = rows_int(r, 1),
				  .user_id = rows_int(r, 2),
				  .bot_id = rows_int(r, 3),
				  .post_at = rows_int(r, 4),
				  .created = rows_int(r, 5),
				  .thread_ts = rows_int(r, 6),
				  .broadcast = rows_int(r, 7) != 0,
				  .text = arena_dup(a, rows_str(r, 8)),
				  .body = arena_dup(a, rows_str(r, 9))};
}

bool store_scheduled_add(struct db *db, const struct scheduled *s, struct err *err)
{
	return db_run(db, Q_SCHEDULED_ADD, err, B_INT(s->channel_id), B_INT(s->id), B_INT(s->user_id), B_INT(s->bot_id), B_INT(s->post_at), B_INT(s->created), B_INT(s->thread_ts),
		      B_INT(s->broadcast), B_STR(s->text), B_STR(s->body));
}

bool store_scheduled_find(struct db *db, struct arena *a, int64_t id, struct scheduled *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_SCHEDULED_GET, B_INT(id));
	bool found = rows_next(&rows);

	if (found)
		*out = scheduled_read(&rows, a);
	return rows_end(&rows, err) && found;
}

bool store_scheduled_drop(struct db *db, const struct scheduled *s, struct err *err)
{
	return db_run(db, Q_SCHEDULED_DROP, err, B_INT(s->channel_id), B_INT(s->id));
}

bool store_scheduled_list(struct db *db, struct arena *a, const struct scheduled_filter *f, unsigned limit, struct scheduled **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_SCHEDULED_LIST, B_INT(f->user_id), B_INT(f->channel_id), B_INT(f->channel_id), B_INT(f->after), B_INT(f->oldest), B_INT(f->latest), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct scheduled *)vec_push(a, &v, sizeof(struct scheduled)) = scheduled_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

int64_t store_scheduled_count(struct db *db, int64_t channel_id)
{
	return one_number(db_rows(db, Q_SCHEDULED_COUNT, B_INT(channel_id)));
}
