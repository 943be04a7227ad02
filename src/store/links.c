#include "store/links.h"

bool store_link_add(struct db *db, const struct chat_link *l, struct err *err)
{
	return db_run(db, Q_LINK_ADD, err, B_INT(l->id), B_INT(l->workspace_id), B_STR(l->chat), B_STR(l->remote), B_STR(l->remote_name), B_INT(l->channel_id), B_INT(l->direct),
		      B_INT(l->number), B_INT(l->next));
}

bool store_link_list(struct db *db, struct arena *a, int64_t workspace_id, struct chat_link **out, size_t *count, struct err *err)
{
	struct rows r = db_rows(db, Q_LINK_LIST, B_INT(workspace_id));
	struct vec v = {0};

	while (rows_next(&r))
		*(struct chat_link *)vec_push(a, &v, sizeof(struct chat_link)) = (struct chat_link){.id = rows_int(&r, 0),
												    .workspace_id = rows_int(&r, 1),
												    .chat = arena_dup(a, rows_str(&r, 2)),
												    .remote = arena_dup(a, rows_str(&r, 3)),
												    .remote_name = arena_dup(a, rows_str(&r, 4)),
												    .channel_id = rows_int(&r, 5),
												    .direct = rows_int(&r, 6) != 0,
												    .number = rows_int(&r, 7),
												    .next = rows_int(&r, 8)};
	*out = v.items;
	*count = v.count;
	return rows_end(&r, err);
}

bool store_link_name(struct db *db, const struct chat_link *l, struct err *err)
{
	return db_run(db, Q_LINK_NAME, err, B_STR(l->remote_name), B_INT(l->workspace_id), B_INT(l->id));
}

bool store_link_turn(struct db *db, const struct chat_link *l, struct err *err)
{
	return db_run(db, Q_LINK_TURN, err, B_INT(l->number), B_INT(l->next), B_INT(l->workspace_id), B_INT(l->id));
}

bool store_link_drop(struct db *db, const struct chat_link *l, struct err *err)
{
	return db_run(db, Q_LINK_FORGET, err, B_INT(l->id)) && db_run(db, Q_LINK_DROP, err, B_INT(l->workspace_id), B_INT(l->id));
}

/* ---- messages ---- */

static struct chat_copy copy_read(struct rows *r, struct arena *a)
{
	return (struct chat_copy){.link_id = rows_int(r, 0),
				  .ts = rows_int(r, 1),
				  .part = (int)rows_int(r, 2),
				  .remote = arena_dup(a, rows_str(r, 3)),
				  .number = rows_int(r, 4),
				  .gathered = rows_int(r, 5) != 0,
				  .head = rows_int(r, 6)};
}

bool store_copy_add(struct db *db, const struct chat_copy *c, struct err *err)
{
	return db_run(db, Q_COPY_ADD, err, B_INT(c->link_id), B_INT(c->ts), B_INT(c->part), B_STR(c->remote), B_INT(c->number), B_INT(c->gathered), B_INT(c->head));
}

bool store_copy_head(struct db *db, const struct chat_copy *c, struct err *err)
{
	return db_run(db, Q_COPY_HEAD, err, B_INT(c->head), B_INT(c->link_id), B_INT(c->ts), B_INT(c->part));
}

bool store_copy_list(struct db *db, struct arena *a, int64_t link_id, int64_t ts, struct chat_copy **out, size_t *count, struct err *err)
{
	struct rows r = db_rows(db, Q_COPY_OF, B_INT(link_id), B_INT(ts));
	struct vec v = {0};

	while (rows_next(&r))
		*(struct chat_copy *)vec_push(a, &v, sizeof(struct chat_copy)) = copy_read(&r, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&r, err);
}

static bool one_copy(struct rows r, struct arena *a, struct chat_copy *out, struct err *err)
{
	bool found = rows_next(&r);

	if (found)
		*out = copy_read(&r, a);
	return rows_end_one(&r, found, err);
}

bool store_copy_by_remote(struct db *db, struct arena *a, int64_t link_id, struct str remote, struct chat_copy *out, struct err *err)
{
	return one_copy(db_rows(db, Q_COPY_THERE, B_INT(link_id), B_STR(remote)), a, out, err);
}

bool store_copy_by_number(struct db *db, struct arena *a, int64_t link_id, int64_t number, struct chat_copy *out, struct err *err)
{
	return one_copy(db_rows(db, Q_COPY_NUMBERED, B_INT(link_id), B_INT(number)), a, out, err);
}

bool store_copy_drop(struct db *db, int64_t link_id, int64_t ts, struct err *err)
{
	return db_run(db, Q_COPY_DROP, err, B_INT(link_id), B_INT(ts));
}

/* ---- what is still to be told ---- */

bool store_todo_add(struct db *db, const struct chat_todo *t, struct err *err)
{
	return db_run(db, Q_TOLD_ADD, err, B_INT(t->link_id), B_INT(t->id), B_INT(t->ts), B_INT(t->part), B_INT(t->verb), B_STR(t->detail), B_INT(t->said));
}

static bool todo_rows(struct rows r, struct arena *a, struct chat_todo **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&r))
		*(struct chat_todo *)vec_push(a, &v, sizeof(struct chat_todo)) = (struct chat_todo){.link_id = rows_int(&r, 0),
												    .id = rows_int(&r, 1),
												    .ts = rows_int(&r, 2),
												    .part = (int)rows_int(&r, 3),
												    .verb = (int)rows_int(&r, 4),
												    .detail = arena_dup(a, rows_str(&r, 5)),
												    .said = rows_int(&r, 6),
												    .tried = rows_int(&r, 7)};
	*out = v.items;
	*count = v.count;
	return rows_end(&r, err);
}

bool store_todo_head(struct db *db, struct arena *a, int64_t link_id, unsigned limit, struct chat_todo **out, size_t *count, struct err *err)
{
	return todo_rows(db_rows(db, Q_TOLD_HEAD, B_INT(link_id), B_INT(limit)), a, out, count, err);
}

bool store_todo_of(struct db *db, struct arena *a, int64_t link_id, int64_t ts, int verb, struct chat_todo **out, size_t *count, struct err *err)
{
	return todo_rows(db_rows(db, Q_TOLD_OF, B_INT(link_id), B_INT(ts), B_INT(verb)), a, out, count, err);
}

bool store_todo_tried(struct db *db, const struct chat_todo *t, struct err *err)
{
	return db_run(db, Q_TOLD_TRIED, err, B_INT(t->tried), B_INT(t->link_id), B_INT(t->id));
}

bool store_todo_done(struct db *db, const struct chat_todo *t, struct err *err)
{
	return db_run(db, Q_TOLD_DONE, err, B_INT(t->link_id), B_INT(t->id));
}

int64_t store_todo_count(struct db *db, int64_t link_id, wall_ms from, wall_ms to, int64_t most)
{
	struct rows r = db_rows(db, Q_TOLD_COUNT, B_INT(link_id), B_INT(from), B_INT(to), B_INT(most));
	int64_t n = rows_next(&r) ? rows_int(&r, 0) : 0;
	struct err ignored = {0};

	return rows_end(&r, &ignored) ? n : 0;
}

/* ---- people ---- */

static bool one_person(struct rows r, struct arena *a, struct chat_person *out, struct err *err)
{
	bool found = rows_next(&r);

	if (found)
		*out = (struct chat_person){arena_dup(a, rows_str(&r, 0)), arena_dup(a, rows_str(&r, 1)), rows_int(&r, 2), arena_dup(a, rows_str(&r, 3))};
	return rows_end_one(&r, found, err);
}

bool store_person_put(struct db *db, int64_t workspace_id, const struct chat_person *p, struct err *err)
{
	return db_run(db, Q_PERSON_SET, err, B_INT(p->user_id), B_STR(p->name), B_INT(workspace_id), B_STR(p->chat), B_STR(p->remote)) &&
	       (db_changed(db) || db_run(db, Q_PERSON_ADD, err, B_INT(workspace_id), B_STR(p->chat), B_STR(p->remote), B_INT(p->user_id), B_STR(p->name)));
}

bool store_person_find(struct db *db, struct arena *a, int64_t workspace_id, struct str chat, struct str remote, struct chat_person *out, struct err *err)
{
	return one_person(db_rows(db, Q_PERSON_GET, B_INT(workspace_id), B_STR(chat), B_STR(remote)), a, out, err);
}

bool store_person_of(struct db *db, struct arena *a, int64_t workspace_id, struct str chat, int64_t user_id, struct chat_person *out, struct err *err)
{
	return one_person(db_rows(db, Q_PERSON_OF, B_INT(workspace_id), B_INT(user_id), B_STR(chat)), a, out, err);
}
