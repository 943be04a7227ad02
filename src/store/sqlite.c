/* The SQLite driver: WAL, synchronous=FULL. */
#include "store/db.h"

#include "store/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/statvfs.h>

struct db {
	sqlite3 *sqlite;
	sqlite3_stmt *statements[QUERIES];
	sqlite3_stmt *begin, *commit, *rollback, *savepoint, *release, *undo;
	bool in_batch, wrote, item_open;
	struct err disk;     /* what it refused the last time */
	struct err refusing; /* db_refuse_writes() */
	struct db_counts counts;
};

static const char *const sql_of[QUERIES] = {
#define QUERY(id, sql) [Q_##id] = sql,
#include "store/queries.def"
#undef QUERY
};

/* A full disk is not always called so: the shared memory of the WAL fails with an I/O error. */
static bool disk_is_full(struct db *db, int rc)
{
	const char *path = db->sqlite ? sqlite3_db_filename(db->sqlite, "main") : NULL;
	struct statvfs v;

	return (rc & 0xff) == SQLITE_FULL || (path && statvfs(path, &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize < 64 * KIB);
}

/* People see nothing else of the disk: the sentence says what is to be done. */
static bool fail_on_disk(struct db *db, int rc, struct err *err)
{
	err_clear(&db->disk);
	if (disk_is_full(db, rc))
		err_set(&db->disk, ERR_FULL, "the database cannot be written, its disk is full: make room on it");
	else
		err_set(&db->disk, ERR_FULL, "the database cannot be written (%s): look after its disk", sqlite3_errstr(rc));
	err_set(err, ERR_FULL, "%s", db->disk.text);
	return false;
}

static bool fail(struct db *db, int rc, const char *doing, struct err *err)
{
	int kind = rc & 0xff;
	enum err_code code = ERR_INTERNAL;

	db->counts.failures += kind != SQLITE_CONSTRAINT;
	if (kind == SQLITE_FULL || kind == SQLITE_READONLY || kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN)
		return fail_on_disk(db, rc, err);
	if (kind == SQLITE_CONSTRAINT)
		code = ERR_CONFLICT;
	else if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED)
		code = ERR_UNAVAILABLE;
	err_set(err, code, "%s: %s", doing, db->sqlite ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(rc));
	return false;
}

static bool run_text(struct db *db, const char *sql, const char *doing, struct err *err)
{
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || fail(db, rc, doing, err);
}

static bool prepare(struct db *db, const char *sql, sqlite3_stmt **out, struct err *err)
{
	int rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

	return rc == SQLITE_OK || fail(db, rc, sql, err);
}

static bool step_once(struct db *db, sqlite3_stmt *s, const char *doing, struct err *err)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	return rc == SQLITE_DONE || rc == SQLITE_ROW || fail(db, rc, doing, err);
}

static bool schema_number(struct db *db, int *out, struct err *err)
{
	sqlite3_stmt *s = NULL;

	if (!prepare(db, "PRAGMA user_version", &s, err))
		return false;
	*out = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
	sqlite3_finalize(s);
	return true;
}

static bool migrate(struct db *db, int *migrated, struct err *err)
{
	int have;

	*migrated = 0;
	if (!schema_number(db, &have, err))
		return false;
	if (have > schema_count) {
		err_set(err, ERR_CONFLICT, "the database has schema %d, this opsroom knows %d: run a newer one", have, schema_count);
		return false;
	}
	for (; have < schema_count; have++, ++*migrated) {
		const struct migration *m = &schema_migrations[have];
		char *text = mem_dup(str_n(m->sql, (size_t)(m->sql_end - m->sql)));
		char done[64];
		bool ok;

		snprintf(done, sizeof done, "PRAGMA user_version=%d; COMMIT", have + 1);
		ok = run_text(db, "BEGIN IMMEDIATE", m->name, err) && run_text(db, text, m->name, err) && run_text(db, done, m->name, err);
		mem_free(text);
		if (!ok)
			return false;
	}
	db->counts.schema = have;
	return true;
}

static bool prepare_all(struct db *db, struct err *err)
{
	for (int q = 0; q < QUERIES; q++)
		if (!prepare(db, sql_of[q], &db->statements[q], err))
			return false;
	return prepare(db, "BEGIN", &db->begin, err) && prepare(db, "COMMIT", &db->commit, err) &&
	       prepare(db, "ROLLBACK", &db->rollback, err) && prepare(db, "SAVEPOINT item", &db->savepoint, err) &&
	       prepare(db, "RELEASE item", &db->release, err) && prepare(db, "ROLLBACK TO item", &db->undo, err);
}

struct db *db_open(const char *path, wall_ms now, int *migrated, struct err *err)
{
	struct db *db = mem_new(sizeof *db);
	int rc;

	(void)now;
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* counting memory costs a mutex at every allocation */
	rc = sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK) {
		fail(db, rc, "open", err);
		goto out;
	}
	sqlite3_busy_timeout(db->sqlite, 2000);
	/* A big page cache is not wanted: idle memory counts. The WAL is folded in every 4 MiB. */
	if (!run_text(db,
		      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA secure_delete=OFF;"
		      "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=1000",
		      "open", err) ||
	    !migrate(db, migrated, err) || !prepare_all(db, err))
		goto out;
	return db;
out:
	err_prefix(err, "%s: ", path);
	db_close(db);
	return NULL;
}

/* Queries are prepared when they are wanted: it lives for a few of them. */
struct db *db_open_reader(const char *path, struct err *err)
{
	struct db *db = mem_new(sizeof *db);
	int rc = sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db->sqlite, 2000);
		return db;
	}
	err_set(err, ERR_UNAVAILABLE, "%s: %s", path, sqlite3_errstr(rc));
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int q = 0; q < QUERIES; q++)
		sqlite3_finalize(db->statements[q]);
	sqlite3_finalize(db->begin);
	sqlite3_finalize(db->commit);
	sqlite3_finalize(db->rollback);
	sqlite3_finalize(db->savepoint);
	sqlite3_finalize(db->release);
	sqlite3_finalize(db->undo);
	sqlite3_close(db->sqlite);
	mem_free(db);
}

static void bind_all(sqlite3_stmt *s, const struct bind *binds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (binds[i].kind == BIND_INT)
			sqlite3_bind_int64(s, (int)i + 1, binds[i].i);
		else
			sqlite3_bind_text(s, (int)i + 1, binds[i].s.p ? binds[i].s.p : "", (int)binds[i].s.n, SQLITE_STATIC);
	}
}

bool db_batch_begin(struct db *db, struct err *err)
{
	db->in_batch = step_once(db, db->begin, "begin", err);
	db->wrote = false;
	return db->in_batch;
}

static bool open_item(struct db *db, struct err *err)
{
	if (db->refusing.code) {
		err_set(err, db->refusing.code, "%s", db->refusing.text);
		return false;
	}
	if (db->item_open)
		return true;
	if (!db->in_batch && !db_batch_begin(db, err))
		return false;
	db->item_open = step_once(db, db->savepoint, "savepoint", err);
	db->wrote = true;
	return db->item_open;
}

bool db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *err)
{
	sqlite3_stmt *s = db->statements[q];
	int rc;

	if (!open_item(db, err))
		return false;
	bind_all(s, binds, count);
	rc = sqlite3_step(s);
	sqlite3_reset(s);
	db->counts.writes++;
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return fail(db, rc, "write", err);
	db->counts.audits += q == Q_AUDIT_ADD;
	db->counts.checkpoints += q == Q_CHECKPOINT_ADD;
	return true;
}

int64_t db_changed(const struct db *db)
{
	return sqlite3_changes64(db->sqlite);
}

struct rows db_select(struct db *db, enum query q, const struct bind *binds, size_t count)
{
	struct rows rows = {db, db->statements[q], SQLITE_ROW};

	if (!rows.statement) { /* a reader */
		rows.result = sqlite3_prepare_v2(db->sqlite, sql_of[q], -1, &db->statements[q], NULL);
		rows.statement = db->statements[q];
		if (rows.result != SQLITE_OK)
			return rows;
		rows.result = SQLITE_ROW;
	}
	sqlite3_reset(rows.statement);
	bind_all(rows.statement, binds, count);
	return rows;
}

bool rows_next(struct rows *rows)
{
	if (rows->result == SQLITE_ROW)
		rows->result = sqlite3_step(rows->statement);
	return rows->result == SQLITE_ROW;
}

int64_t rows_int(struct rows *rows, int column)
{
	return sqlite3_column_int64(rows->statement, column);
}

struct str rows_str(struct rows *rows, int column)
{
	const unsigned char *p = sqlite3_column_text(rows->statement, column);

	return p ? str_n((const char *)p, (size_t)sqlite3_column_bytes(rows->statement, column)) : S("");
}

bool rows_end(struct rows *rows, struct err *err)
{
	int rc = rows->result;

	sqlite3_reset(rows->statement);
	return rc == SQLITE_DONE || rc == SQLITE_ROW || fail(rows->db, rc, "read", err);
}

void db_item_begin(struct db *db)
{
	db->item_open = false;
}

bool db_item_end(struct db *db, bool keep, struct err *err)
{
	bool open = db->item_open;

	db->item_open = false;
	if (db->in_batch && sqlite3_get_autocommit(db->sqlite)) {
		/* SQLite itself rolled everything back (disk full, I/O error). */
		db->in_batch = false;
		err_set(err, ERR_FULL, "%s", db->disk.code ? db->disk.text : "the database gave a transaction up");
		return false;
	}
	if (!open)
		return true;
	if (!keep && !step_once(db, db->undo, "rollback to", err))
		return false;
	return step_once(db, db->release, "release", err);
}

bool db_commit(struct db *db, struct err *err)
{
	if (!db->in_batch)
		return true;
	if (!step_once(db, db->commit, "commit", err)) {
		db_rollback(db);
		return false;
	}
	db->in_batch = false;
	db->counts.commits += db->wrote;
	return true;
}

void db_rollback(struct db *db)
{
	struct err ignored = {0};

	if (db->in_batch && !sqlite3_get_autocommit(db->sqlite))
		(void)step_once(db, db->rollback, "rollback", &ignored);
	db->in_batch = false;
	db->item_open = false;
}

void db_refuse_writes(struct db *db, const struct err *why)
{
	db->refusing = why ? *why : (struct err){0};
}

bool db_batch_wrote(const struct db *db)
{
	return db->in_batch && db->wrote;
}

struct db_counts db_count(const struct db *db)
{
	return db->counts;
}

bool rows_end_one(struct rows *rows, bool found, struct err *err)
{
	struct err failed = {0};

	if (rows_end(rows, &failed))
		return found;
	err_set(err, failed.code, "%s", failed.text);
	return false;
}
