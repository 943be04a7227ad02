/* store/db.h -- the one way to the database: prepared queries, binds, rows, and the transaction of a batch.
 *
 * A batch is what the work thread commits at once. Each work item in it is one item: its first write opens the batch's
 * transaction if needed and a savepoint; db_item_end() keeps or undoes just that item. Reads cost no transaction.
 * All of it belongs to one thread. SQL stands in queries.def and nowhere else.
 */
#pragma once
#include "base/mem.h"
#include "base/time.h"

enum query {
#define QUERY(id, sql) Q_##id,
#include "store/queries.def"
#undef QUERY
	QUERIES
};

struct db;

struct bind {
	enum { BIND_INT, BIND_STR } kind;
	int64_t i;
	struct str s;
};
#define B_INT(v) ((struct bind){BIND_INT, (int64_t)(v), {NULL, 0}})
#define B_STR(v) ((struct bind){BIND_STR, 0, (v)})
#define BINDS(...) ((const struct bind[]){__VA_ARGS__}), (sizeof((const struct bind[]){__VA_ARGS__}) / sizeof(struct bind))

/* Opens or makes the database file, runs missing migrations, prepares every query. *migrated: how many ran.
 * ERR_CONFLICT: made by a newer opsroom. ERR_FULL: cannot be written. */
MUST_USE struct db *db_open(const char *path, wall_ms now, int *migrated, struct err *err);
/* The same file once more, to read along on another thread while the first works: what takes long must not hold up the work.
 * Sees what is committed. ERR_UNAVAILABLE. */
MUST_USE struct db *db_open_reader(const char *path, struct err *err);
void db_close(struct db *db); /* checkpoints; NULL is fine */

/* A statement that writes. ERR_CONFLICT for a key that is there already, ERR_FULL for a disk that is full or read-only. */
MUST_USE bool db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *err);
#define db_run(db, q, err, ...) db_write(db, q, BINDS(__VA_ARGS__), err)
int64_t db_changed(const struct db *db); /* rows changed by the last db_write */

/* Rows of a query. Texts are valid until the next rows_next(). One set of rows of a query at a time.
 *
 *     struct rows rows = db_rows(db, Q_CHANNEL_LIST, B_INT(workspace_id));
 *     while (rows_next(&rows))
 *             use(rows_int(&rows, 0));
 *     if (!rows_end(&rows, err)) ...
 */
struct rows {
	struct db *db;
	void *statement;
	int result;
};
struct rows db_select(struct db *db, enum query q, const struct bind *binds, size_t count);
#define db_rows(db, q, ...) db_select(db, q, BINDS(__VA_ARGS__))
bool rows_next(struct rows *rows);
int64_t rows_int(struct rows *rows, int column);
struct str rows_str(struct rows *rows, int column);
MUST_USE bool rows_end(struct rows *rows, struct err *err); /* false: the reading failed */
/* Of a query for one row: `found`, or false and *err when the reading failed. */
bool rows_end_one(struct rows *rows, bool found, struct err *err);

/* The batch: one transaction, begun here or by the first write. What it only reads is read at one moment and locks once. */
MUST_USE bool db_batch_begin(struct db *db, struct err *err);
void db_item_begin(struct db *db);
/* keep false: undoes what the item wrote. false: the whole batch is lost (the disk), nothing of it may be answered with yes. */
MUST_USE bool db_item_end(struct db *db, bool keep, struct err *err);
/* Makes the batch durable. On false nothing of it is stored. */
MUST_USE bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);
bool db_batch_wrote(const struct db *db);
/* Until NULL is given, every write fails at once for this reason: the disk was found unwritable a moment ago. Reads go on. */
void db_refuse_writes(struct db *db, const struct err *why);

struct db_counts {
	uint64_t commits, writes, failures, audits, checkpoints; /* the last two: of the audit trail, also such as were undone */
	int schema;
};
struct db_counts db_count(const struct db *db);
