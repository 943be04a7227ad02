#include "store/journal.h"

struct due_queries {
	enum query add, due, next, claim, done, later;
};
static const struct due_queries queries[] = {
	[DUE_OUTBOX] = {Q_OUTBOX_ADD, Q_OUTBOX_DUE, Q_OUTBOX_NEXT, Q_OUTBOX_CLAIM, Q_OUTBOX_DONE, Q_OUTBOX_LATER},
	[DUE_TIMER] = {Q_TIMER_ADD, Q_TIMER_DUE, Q_TIMER_NEXT, Q_TIMER_CLAIM, Q_TIMER_DONE, Q_TIMER_LATER},
};

bool store_due_add(struct db *db, enum due_table t, int64_t home_id, int64_t id, wall_ms due, const char *kind, struct str payload, struct err *err)
{
	return db_run(db, queries[t].add, err, B_INT(home_id), B_INT(id), B_INT(hash_mix((uint64_t)home_id) & 255), B_INT(due), B_STR(str_of(kind)),
		      B_STR(payload));
}

bool store_due_list(struct db *db, struct arena *a, enum due_table t, wall_ms now, unsigned limit, struct due_row **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, queries[t].due, B_INT(now), B_INT(limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct due_row *)vec_push(a, &v, sizeof(struct due_row)) = (struct due_row){.home_id = rows_int(&rows, 0),
											     .id = rows_int(&rows, 1),
											     .fence = rows_int(&rows, 2),
											     .attempts = (int)rows_int(&rows, 3),
											     .kind = arena_dup(a, rows_str(&rows, 4)),
											     .payload = arena_dup(a, rows_str(&rows, 5))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

wall_ms store_due_next(struct db *db, enum due_table t)
{
	struct rows rows = db_select(db, queries[t].next, NULL, 0);
	struct err ignored = {0};
	wall_ms due = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	return rows_end(&rows, &ignored) ? due : 0;
}

bool store_due_claim(struct db *db, enum due_table t, struct due_row *row, wall_ms lease_until, int64_t claim_id, struct err *err)
{
	if (!db_run(db, queries[t].claim, err, B_INT(lease_until), B_INT(claim_id), B_INT(row->home_id), B_INT(row->id), B_INT(row->fence)))
		return false;
	if (db_changed(db) != 1)
		return false;
	row->fence++;
	row->attempts++;
	return true;
}

static bool guarded(struct db *db, const struct due_row *row, struct err *err)
{
	if (db_changed(db) == 1)
		return true;
	err_set(err, ERR_CONFLICT, "row %lld of home %lld was taken by somebody else", (long long)row->id, (long long)row->home_id);
	return false;
}

bool store_due_done(struct db *db, enum due_table t, const struct due_row *row, struct err *err)
{
	return db_run(db, queries[t].done, err, B_INT(row->home_id), B_INT(row->id), B_INT(row->fence)) && guarded(db, row, err);
}

bool store_due_later(struct db *db, enum due_table t, const struct due_row *row, wall_ms due, struct err *err)
{
	return db_run(db, queries[t].later, err, B_INT(due), B_INT(row->home_id), B_INT(row->id), B_INT(row->fence)) && guarded(db, row, err);
}

bool store_outbox_refused(struct db *db, const struct due_row *row, struct err *err)
{
	return db_run(db, Q_OUTBOX_REFUSED, err, B_INT(row->home_id), B_INT(row->id), B_INT(row->fence)) && guarded(db, row, err);
}

bool store_due_release(struct db *db, wall_ms now, struct err *err)
{
	return db_run(db, Q_OUTBOX_RELEASE, err, B_INT(now)) && db_run(db, Q_TIMER_RELEASE, err, B_INT(now));
}

bool store_outbox_of_kind(struct db *db, struct arena *a, const char *kind, struct outbox_key **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_OUTBOX_KIND, B_STR(str_of(kind)));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct outbox_key *)vec_push(a, &v, sizeof(struct outbox_key)) = (struct outbox_key){rows_int(&rows, 0), rows_int(&rows, 1), rows_int(&rows, 2), rows_int(&rows, 3)};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

/* 0 if the store fails */
static int64_t counted(struct rows rows)
{
	struct err ignored = {0};
	int64_t n = rows_next(&rows) ? rows_int(&rows, 0) : 0;

	return rows_end(&rows, &ignored) ? n : 0;
}

bool store_outbox_waits(struct db *db, int64_t home_id, const char *kind, struct str payload)
{
	return counted(db_rows(db, Q_OUTBOX_WAITS, B_INT(home_id), B_STR(str_of(kind)), B_STR(payload))) > 0;
}

bool store_outbox_before(struct db *db, const struct due_row *row)
{
	return counted(db_rows(db, Q_OUTBOX_BEFORE, B_INT(row->home_id), B_STR(row->kind), B_STR(row->payload), B_INT(row->id))) > 0;
}

bool store_outbox_forward(struct db *db, const struct due_row *row, wall_ms now, struct err *err)
{
	return db_run(db, Q_OUTBOX_FORWARD, err, B_INT(now), B_INT(row->home_id), B_STR(row->kind), B_STR(row->payload), B_INT(now));
}

bool store_outbox_keep(struct db *db, const struct due_row *row, struct str payload, struct err *err)
{
	return db_run(db, Q_OUTBOX_KEEP, err, B_STR(payload), B_INT(row->home_id), B_INT(row->id), B_INT(row->fence));
}

int64_t store_outbox_count(struct db *db, int64_t home_id, const char *kind, int64_t most)
{
	return counted(db_rows(db, Q_OUTBOX_COUNT, B_INT(home_id), B_STR(str_of(kind)), B_INT(most)));
}

bool store_outbox_hurry(struct db *db, int64_t home_id, const char *kind, wall_ms now, struct err *err)
{
	return db_run(db, Q_OUTBOX_HURRY, err, B_INT(now), B_INT(home_id), B_STR(str_of(kind)), B_INT(now + 30 * SECOND)); /* the lease of what is under way */
}

bool store_timer_drop(struct db *db, int64_t home_id, const char *kind, struct err *err)
{
	return db_run(db, Q_TIMER_DROP, err, B_INT(home_id), B_STR(str_of(kind)));
}

bool store_timer_waits(struct db *db, int64_t home_id, const char *kind)
{
	struct rows rows = db_rows(db, Q_TIMER_OF, B_INT(home_id), B_STR(str_of(kind)));
	struct err ignored = {0};
	bool waits = rows_next(&rows);

	return rows_end(&rows, &ignored) && waits;
}

void store_outbox_waiting(struct db *db, int64_t *count, int64_t *oldest_id)
{
	struct rows rows = db_select(db, Q_OUTBOX_WAITING, NULL, 0);
	struct err ignored = {0};

	*count = rows_next(&rows) ? rows_int(&rows, 0) : 0;
	*oldest_id = *count ? rows_int(&rows, 1) : 0;
	if (!rows_end(&rows, &ignored))
		*count = *oldest_id = 0;
}

/* ---- idempotency ---- */

bool store_idempotency_find(struct db *db, struct arena *a, int64_t home_id, struct str key, struct str request_hash, wall_ms now, bool *same,
			    struct str *result, struct err *err)
{
	struct rows rows = db_rows(db, Q_IDEMPOTENCY_GET, B_INT(home_id), B_STR(key), B_INT(now));
	bool found = rows_next(&rows);

	if (found) {
		*same = str_eq(rows_str(&rows, 0), request_hash);
		*result = arena_dup(a, rows_str(&rows, 1));
	}
	return rows_end(&rows, err) && found;
}

bool store_idempotency_add(struct db *db, int64_t home_id, struct str key, struct str request_hash, struct str result, wall_ms expires, struct err *err)
{
	/* An expired key that the purge has not reached yet makes room. */
	return db_run(db, Q_IDEMPOTENCY_DROP, err, B_INT(home_id), B_STR(key)) &&
	       db_run(db, Q_IDEMPOTENCY_ADD, err, B_INT(home_id), B_STR(key), B_STR(request_hash), B_STR(result), B_INT(expires));
}

bool store_idempotency_purge(struct db *db, struct arena *a, wall_ms now, unsigned *purged, struct err *err)
{
	struct rows rows = db_rows(db, Q_IDEMPOTENCY_EXPIRED, B_INT(now));
	struct vec v = {0};
	struct expired {
		int64_t home_id;
		struct str key;
	} *keys;

	while (rows_next(&rows))
		*(struct expired *)vec_push(a, &v, sizeof *keys) = (struct expired){rows_int(&rows, 0), arena_dup(a, rows_str(&rows, 1))};
	if (!rows_end(&rows, err))
		return false;
	keys = v.items;
	*purged = (unsigned)v.count;
	for (size_t i = 0; i < v.count; i++)
		if (!db_run(db, Q_IDEMPOTENCY_DROP, err, B_INT(keys[i].home_id), B_STR(keys[i].key)))
			return false;
	return true;
}
