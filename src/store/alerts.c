#include "store/alerts.h"

static struct group_row group_read(struct rows *r, struct arena *a)
{
	return (struct group_row){.id = rows_int(r, 0),
				  .workspace_id = rows_int(r, 1),
				  .source_id = rows_int(r, 2),
				  .group_key = arena_dup(a, rows_str(r, 3)),
				  .short_id = arena_dup(a, rows_str(r, 4)),
				  .title = arena_dup(a, rows_str(r, 5)),
				  .channel_id = rows_int(r, 6),
				  .state = (enum group_state)rows_int(r, 7),
				  .severity = (enum severity)rows_int(r, 8),
				  .external_url = arena_dup(a, rows_str(r, 9)),
				  .opened = rows_int(r, 10),
				  .changed = rows_int(r, 11),
				  .acked_by = rows_int(r, 12),
				  .acked = rows_int(r, 13),
				  .resolved_by = rows_int(r, 14),
				  .resolved = rows_int(r, 15),
				  .held = rows_int(r, 16) != 0,
				  .message_ts = rows_int(r, 17),
				  .receiver = arena_dup(a, rows_str(r, 18)),
				  .noticed = rows_int(r, 19),
				  .rule = arena_dup(a, rows_str(r, 20)),
				  .flapping = rows_int(r, 21) != 0,
				  .digest_id = rows_int(r, 22)};
}

bool store_group_add(struct db *db, const struct group_row *g, struct err *err)
{
	return db_run(db, Q_GROUP_ADD, err, B_INT(g->id), B_INT(g->workspace_id), B_INT(g->source_id), B_STR(g->group_key), B_STR(g->short_id),
		      B_STR(g->title), B_INT(g->channel_id), B_INT(g->state), B_INT(g->severity), B_STR(g->external_url), B_INT(g->opened),
		      B_INT(g->changed), B_INT(g->acked_by), B_INT(g->acked), B_INT(g->resolved_by), B_INT(g->resolved), B_INT(g->held),
		      B_INT(g->message_ts), B_STR(g->receiver), B_INT(g->noticed), B_STR(g->rule), B_INT(g->flapping), B_INT(g->digest_id));
}

bool store_group_set(struct db *db, const struct group_row *g, struct err *err)
{
	return db_run(db, Q_GROUP_SET, err, B_STR(g->title), B_INT(g->state), B_INT(g->severity), B_INT(g->changed), B_INT(g->acked_by), B_INT(g->acked),
		      B_INT(g->resolved_by), B_INT(g->resolved), B_INT(g->held), B_INT(g->flapping), B_INT(g->id));
}

bool store_group_told(struct db *db, int64_t id, int64_t message_ts, wall_ms noticed, struct err *err)
{
	return db_run(db, Q_GROUP_TOLD, err, B_INT(message_ts), B_INT(noticed), B_INT(id));
}

bool store_group_find(struct db *db, struct arena *a, int64_t id, struct group_row *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_GROUP_GET, B_INT(id));
	bool found = rows_next(&rows);

	if (found)
		*out = group_read(&rows, a);
	return rows_end(&rows, err) && found;
}

static bool groups_read(struct rows rows, struct arena *a, struct group_row **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct group_row *)vec_push(a, &v, sizeof(struct group_row)) = group_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_group_open(struct db *db, struct arena *a, int64_t workspace_id, struct group_row **out, size_t *count, struct err *err)
{
	return groups_read(db_rows(db, Q_GROUP_OPEN, B_INT(workspace_id)), a, out, count, err);
}

bool store_group_recent(struct db *db, struct arena *a, int64_t workspace_id, unsigned limit, struct group_row **out, size_t *count, struct err *err)
{
	return groups_read(db_rows(db, Q_GROUP_RECENT, B_INT(workspace_id), B_INT(limit)), a, out, count, err);
}

bool store_change_add(struct db *db, int64_t group_id, int64_t change_id, wall_ms at, struct str body, struct err *err)
{
	return db_run(db, Q_CHANGE_ADD, err, B_INT(group_id), B_INT(change_id), B_INT(at), B_STR(body));
}

static bool changes_read(struct rows rows, struct arena *a, struct change_row **out, size_t *count, struct err *err)
{
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct change_row *)vec_push(a, &v, sizeof(struct change_row)) =
			(struct change_row){rows_int(&rows, 0), rows_int(&rows, 1), arena_dup(a, rows_str(&rows, 2))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_change_list(struct db *db, struct arena *a, int64_t group_id, struct change_row **out, size_t *count, struct err *err)
{
	return changes_read(db_rows(db, Q_CHANGE_LIST, B_INT(group_id)), a, out, count, err);
}

bool store_change_list_from(struct db *db, struct arena *a, int64_t group_id, int64_t change_id, unsigned limit, struct change_row **out, size_t *count, struct err *err)
{
	return changes_read(db_rows(db, Q_CHANGE_FROM, B_INT(group_id), B_INT(change_id), B_INT(limit)), a, out, count, err);
}

bool store_change_drop_before(struct db *db, int64_t group_id, int64_t change_id, struct err *err)
{
	return db_run(db, Q_CHANGE_DROP, err, B_INT(group_id), B_INT(change_id));
}

/* ---- digests ---- */

bool store_group_digest(struct db *db, int64_t group_id, int64_t digest_id, struct err *err)
{
	return db_run(db, Q_GROUP_DIGEST, err, B_INT(digest_id), B_INT(group_id));
}

bool store_digest_add(struct db *db, int64_t workspace_id, const struct digest_row *d, struct err *err)
{
	return db_run(db, Q_DIGEST_ADD, err, B_INT(d->id), B_INT(workspace_id), B_INT(d->channel_id), B_INT(d->opened), B_INT(d->total));
}

bool store_digest_set(struct db *db, const struct digest_row *d, bool open, struct err *err)
{
	return db_run(db, Q_DIGEST_SET, err, B_INT(d->message_ts), B_INT(d->total), B_INT(open), B_INT(d->id));
}

bool store_digest_list(struct db *db, struct arena *a, int64_t workspace_id, struct digest_row **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_DIGEST_OPEN, B_INT(workspace_id));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct digest_row *)vec_push(a, &v, sizeof(struct digest_row)) =
			(struct digest_row){rows_int(&rows, 0), rows_int(&rows, 1), rows_int(&rows, 2), rows_int(&rows, 4), rows_int(&rows, 3)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

/* ---- changes of services ---- */

bool store_service_change_add(struct db *db, int64_t workspace_id, int64_t id, struct str service, const struct service_change *c, struct err *err)
{
	return db_run(db, Q_SERVICE_CHANGE_ADD, err, B_INT(workspace_id), B_STR(service), B_INT(id), B_INT(c->at), B_STR(c->title), B_STR(c->url), B_STR(c->source));
}

bool store_service_change_last(struct db *db, struct arena *a, int64_t workspace_id, struct str service, wall_ms since, unsigned limit, struct service_change **out,
			       size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_SERVICE_CHANGE_LAST, B_INT(workspace_id), B_STR(service), B_INT(since), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct service_change *)vec_push(a, &v, sizeof(struct service_change)) =
			(struct service_change){rows_int(&rows, 0), arena_dup(a, rows_str(&rows, 1)), arena_dup(a, rows_str(&rows, 2)), arena_dup(a, rows_str(&rows, 3))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_service_change_purge(struct db *db, wall_ms before, struct err *err)
{
	return db_run(db, Q_SERVICE_CHANGE_PURGE, err, B_INT(before));
}

/* ---- noise ---- */

bool store_noise(struct db *db, struct arena *a, int64_t workspace_id, int64_t since_id, span_ms short_under, unsigned limit, struct noise_row **out, size_t *count,
		 struct err *err)
{
	struct rows rows = db_rows(db, Q_GROUP_NOISE, B_INT(short_under), B_INT(workspace_id), B_INT(since_id), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct noise_row *)vec_push(a, &v, sizeof(struct noise_row)) = (struct noise_row){arena_dup(a, rows_str(&rows, 0)), rows_int(&rows, 1),
			rows_int(&rows, 2), rows_int(&rows, 3), rows_int(&rows, 4), rows_int(&rows, 5), rows_int(&rows, 6)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}
