/* The store by its contract: one function for each promise of store/ *.h. A second driver must pass the same. */
#include "base/crypt.h"
#include "ops/id.h"
#include "store/chat.h"
#include "store/journal.h"
#include "store/runs.h"
#include "unit.h"

#include <sqlite3.h>
#include <unistd.h>

#define NOW ((wall_ms)1772417700000)

static char dir[64], path[96];
static struct db *db;
static struct arena a;
static struct err err;

static void open_again(void)
{
	int migrated;

	db_close(db);
	db = db_open(path, NOW, &migrated, &err);
	ck_assert_msg(db, "%s", err.text);
}

static void open_store(void)
{
	int migrated;

	ck_assert(crypt_start(&err));
	arena_init(&a);
	snprintf(dir, sizeof dir, "/tmp/opsroom-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store.db", dir);
	db = db_open(path, NOW, &migrated, &err);
	ck_assert_msg(db, "%s", err.text);
	ck_assert_int_eq(migrated, db_count(db).schema);
	ck_assert_int_gt(migrated, 0);
}

static void close_store(void)
{
	char other[112];

	db_close(db);
	arena_done(&a);
	unlink(path);
	snprintf(other, sizeof other, "%s-wal", path);
	unlink(other);
	snprintf(other, sizeof other, "%s-shm", path);
	unlink(other);
	rmdir(dir);
}

/* Past the store's back, as a disk error or an intruder would. */
static void change_file(const char *sql)
{
	sqlite3 *raw;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(path, &raw), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(raw, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
	sqlite3_close(raw);
}

#define fine(call) ck_assert_msg(call, "%s: %s", #call, err.text)

static void item_keep(bool keep)
{
	fine(db_item_end(db, keep, &err));
}

static void commit(void)
{
	item_keep(true);
	fine(db_commit(db, &err));
	db_item_begin(db);
}

static struct str setting(const char *name)
{
	struct str out;

	fine(store_setting_get(db, &a, 1, name, &out, &err));
	return out;
}

/* ---- opening ---- */

/* db_open() prepares every row of queries.def; each must also run, with something for each of its places. */
START_TEST(every_query_runs)
{
	struct bind ones[40];

	for (size_t i = 0; i < COUNT_OF(ones); i++)
		ones[i] = B_INT(1);
	fine(db_batch_begin(db, &err));
	for (int q = 0; q < QUERIES; q++) {
		struct rows rows = db_select(db, q, ones, COUNT_OF(ones));

		while (rows_next(&rows))
			;
		ck_assert_msg(rows_end(&rows, &err), "query %d: %s", q, err.text);
	}
	db_rollback(db);
}
END_TEST

START_TEST(a_second_opening_migrates_nothing)
{
	int migrated = 7, schema = db_count(db).schema;

	fine(store_setting_put(db, 1, "kept", S("yes"), &err));
	commit();
	db_close(db);
	db = db_open(path, NOW, &migrated, &err);
	ck_assert_msg(db, "%s", err.text);
	ck_assert_int_eq(migrated, 0);
	ck_assert_int_eq(db_count(db).schema, schema);
	ck_str(setting("kept"), "yes");
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
	int migrated;

	db_close(db);
	change_file("PRAGMA user_version=999");
	db = db_open(path, NOW, &migrated, &err);
	ck_assert_ptr_null(db);
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, "schema 999"));
}
END_TEST

/* What is no database and what cannot be made is an error with its path or reason, not a crash. */
START_TEST(what_cannot_be_opened)
{
	FILE *f;
	int migrated;

	ck_assert_ptr_null(db_open("/nowhere/at/all.db", NOW, &migrated, &err));
	ck_assert_int_eq(err.code, ERR_FULL);
	db_close(db);
	db = NULL;
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database ", f);
	fclose(f);
	err_clear(&err);
	ck_assert_ptr_null(db_open(path, NOW, &migrated, &err));
	ck_assert_int_eq(err.code, ERR_INTERNAL);
}
END_TEST

/* ---- batches and items ---- */

START_TEST(an_undone_item_leaves_the_others)
{
	db_item_begin(db);
	fine(store_setting_put(db, 1, "first", S("1"), &err));
	item_keep(true);
	db_item_begin(db);
	fine(store_setting_put(db, 1, "second", S("2"), &err));
	fine(store_setting_put(db, 1, "first", S("changed"), &err));
	ck_assert(db_batch_wrote(db));
	item_keep(false);
	db_item_begin(db);
	ck_str(setting("first"), "1");
	item_keep(false);
	db_item_begin(db);
	fine(store_setting_put(db, 1, "third", S("3"), &err));
	commit();
	open_again();
	ck_str(setting("first"), "1");
	ck_str(setting("second"), "");
	ck_str(setting("third"), "3");
}
END_TEST

START_TEST(a_batch_is_there_as_a_whole_or_not)
{
	uint64_t commits = db_count(db).commits;

	db_item_begin(db);
	fine(store_setting_put(db, 1, "x", S("1"), &err));
	item_keep(true);
	ck_assert(db_batch_wrote(db));
	db_rollback(db);
	ck_assert(!db_batch_wrote(db));
	ck_str(setting("x"), "");
	db_item_begin(db);
	fine(db_batch_begin(db, &err));
	ck_str(setting("x"), "");
	ck_assert(!db_batch_wrote(db)); /* reading is not writing */
	fine(db_commit(db, &err));
	ck_assert_uint_eq(db_count(db).commits, commits);
	fine(store_setting_put(db, 1, "x", S("2"), &err));
	commit();
	ck_assert_uint_eq(db_count(db).commits, commits + 1);
	open_again();
	ck_str(setting("x"), "2");
}
END_TEST

START_TEST(a_failed_write_leaves_its_item_usable)
{
	db_item_begin(db);
	fine(store_name_take(db, 1, "user", S("ann"), 7, &err));
	ck_assert(!store_name_take(db, 1, "user", S("ann"), 8, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_str_eq(err.text, "the user ann exists already");
	err_clear(&err);
	fine(store_name_take(db, 1, "channel", S("ann"), 8, &err));
	fine(store_name_take(db, 2, "user", S("ann"), 9, &err));
	commit();
	int64_t id;
	ck_assert(store_name_find(db, 1, "user", S("ann"), &id, &err) && id == 7);
	ck_assert(store_name_find(db, 1, "channel", S("ann"), &id, &err) && id == 8);
	ck_assert(!store_name_find(db, 1, "user", S("ben"), &id, &err) && err.code == ERR_NONE);
}
END_TEST

START_TEST(writes_can_be_refused)
{
	struct err why = {ERR_FULL, "there is no room"};

	db_refuse_writes(db, &why);
	ck_assert(!store_setting_put(db, 1, "x", S("1"), &err));
	ck_assert_int_eq(err.code, ERR_FULL);
	ck_assert_str_eq(err.text, "there is no room");
	ck_str(setting("x"), "");
	db_refuse_writes(db, NULL);
	err_clear(&err);
	fine(store_setting_put(db, 1, "x", S("1"), &err));
	commit();
}
END_TEST

START_TEST(settings_come_and_go)
{
	static const char text[] = "a\0b"; /* bytes are kept as they are */

	fine(store_setting_put(db, 1, "s", S("one"), &err));
	fine(store_setting_put(db, 1, "s", str_n(text, 3), &err));
	fine(store_setting_put(db, 2, "s", S("other"), &err));
	ck_assert(str_eq(setting("s"), str_n(text, 3)));
	fine(store_setting_put(db, 1, "s", S(""), &err));
	ck_str(setting("s"), "");
	fine(store_setting_put(db, 1, "s", S(""), &err));
	commit();
}
END_TEST

/* ---- outbox and timers ---- */

static struct due_row *due(enum due_table t, wall_ms now, size_t *count)
{
	struct due_row *rows;

	fine(store_due_list(db, &a, t, now, 10, &rows, count, &err));
	return rows;
}

/* Both tables have the same contract; _i is which. */
START_TEST(two_claimers_and_a_stale_fence)
{
	struct due_row first, second, stale;
	size_t count;

	ck_assert_int_eq(store_due_next(db, _i), 0);
	fine(store_due_add(db, _i, 5, 50, NOW, "alert_group", S("p"), &err));
	fine(store_due_add(db, _i, 6, 60, NOW + 10, "alert_group", S(""), &err));
	commit();
	ck_assert_int_eq(store_due_next(db, _i), NOW);
	due(_i, NOW - 1, &count);
	ck_assert_uint_eq(count, 0);
	first = second = stale = due(_i, NOW, &count)[0];
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(first.home_id, 5);
	ck_assert_int_eq(first.id, 50);
	ck_assert_int_eq(first.attempts, 0);
	ck_str(first.kind, "alert_group");
	ck_str(first.payload, "p");

	fine(store_due_claim(db, _i, &first, NOW + 30, 900, &err));
	ck_assert_int_eq(first.attempts, 1);
	ck_assert(!store_due_claim(db, _i, &second, NOW + 30, 901, &err)); /* both had read it */
	ck_assert_int_eq(err.code, ERR_NONE);
	commit();
	ck_assert_int_eq(store_due_next(db, _i), NOW + 10); /* leased */
	ck_assert_int_eq(due(_i, NOW + 29, &count)[0].home_id, 6);
	ck_assert_uint_eq(count, 1);

	/* the lease is over, another takes it; the first one comes back late */
	due(_i, NOW + 30, &count);
	ck_assert_uint_eq(count, 2);
	second = due(_i, NOW + 30, &count)[1];
	fine(store_due_claim(db, _i, &second, NOW + 60, 902, &err));
	ck_assert_int_eq(second.attempts, 2);
	ck_assert(!store_due_done(db, _i, &first, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	ck_assert(!store_due_later(db, _i, &first, NOW, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	ck_assert(!store_due_done(db, _i, &stale, &err));
	err_clear(&err);
	fine(store_due_later(db, _i, &second, NOW + 500, &err));
	fine(store_due_done(db, _i, &second, &err));
	ck_assert(!store_due_done(db, _i, &second, &err)); /* once */
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	commit();
	ck_assert_int_eq(store_due_next(db, _i), NOW + 10);
}
END_TEST

START_TEST(a_claim_is_undone_with_its_item)
{
	struct due_row row;
	size_t count;

	fine(store_due_add(db, _i, 5, 50, NOW, "k", S(""), &err));
	commit();
	row = due(_i, NOW, &count)[0];
	fine(store_due_claim(db, _i, &row, NOW + 30, 900, &err));
	item_keep(false);
	db_item_begin(db);
	row = due(_i, NOW, &count)[0];
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(row.attempts, 0);
	fine(store_due_claim(db, _i, &row, NOW + 30, 901, &err));
	commit();
	/* a restart of the only node takes up what was claimed at once */
	fine(store_due_release(db, NOW + 1, &err));
	commit();
	row = due(_i, NOW + 1, &count)[0];
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(row.attempts, 1);
	fine(store_due_claim(db, _i, &row, NOW + 30, 902, &err));
	commit();
}
END_TEST

START_TEST(what_was_refused_waits_no_more)
{
	struct due_row row;
	struct outbox_key *keys;
	int64_t waiting, oldest;
	size_t count;

	fine(store_due_add(db, DUE_OUTBOX, 5, 50, NOW, "alert_group", S(""), &err));
	fine(store_due_add(db, DUE_OUTBOX, 6, 49, NOW, "command", S(""), &err));
	store_outbox_waiting(db, &waiting, &oldest);
	ck_assert_int_eq(waiting, 2);
	ck_assert_int_eq(oldest, 49);
	fine(store_outbox_of_kind(db, &a, "alert_group", &keys, &count, &err));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(keys[0].home_id, 5);
	ck_assert_int_eq(keys[0].id, 50);
	row = (struct due_row){.home_id = 5, .id = 50};
	fine(store_outbox_refused(db, &row, &err));
	ck_assert(!store_outbox_refused(db, &row, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	store_outbox_waiting(db, &waiting, &oldest);
	ck_assert_int_eq(waiting, 1);
	due(DUE_OUTBOX, NOW, &count);
	ck_assert_uint_eq(count, 1);
	fine(store_outbox_of_kind(db, &a, "alert_group", &keys, &count, &err));
	ck_assert_uint_eq(count, 0);
	ck_assert(!store_timer_waits(db, 5, "ends"));
	fine(store_due_add(db, DUE_TIMER, 5, 70, NOW, "ends", S(""), &err));
	ck_assert(store_timer_waits(db, 5, "ends") && !store_timer_waits(db, 5, "other") &&
		  !store_timer_waits(db, 6, "ends"));
	commit();
}
END_TEST

/* ---- audit ---- */

static void audit(int64_t home_id, int64_t id, const char *action)
{
	struct audit_record r = {.home_id = home_id,
				 .id = id_first(NOW + id),
				 .workspace_id = 1,
				 .actor_id = 7,
				 .at = NOW + id,
				 .action = str_of(action),
				 .via = S("slash"),
				 .result = S("ok"),
				 .detail = S("{\"line\":\"ack q2fx\"}")};

	fine(store_audit_add(db, &a, &r, &err));
	ck_assert_uint_eq(r.hash.n, 64);
}

static const struct secret seed = {"a seed for tests of the audit"};

static const struct audit_fault *faults(int64_t *records, int64_t *chains, size_t *count)
{
	static struct audit_verifier *v; /* its faults live as long as the test */
	uint8_t public_key[CRYPT_PUBLIC_KEY];
	struct audit_verdict verdict;

	audit_verifier_free(v);
	crypt_public_key(&seed, public_key);
	v = audit_verifier_new(public_key, false);
	fine(store_audit_verify(db, 1, v, &err));
	audit_verify_end(v, true, &verdict);
	*records = verdict.records;
	*chains = verdict.chains;
	*count = (size_t)verdict.faults;
	return verdict.list;
}

static int64_t checkpoint(wall_ms now)
{
	struct audit_checkpoint c;

	fine(store_audit_checkpoint(db, &a, 1, now, &seed, &c, &err));
	commit();
	return c.no;
}

static void three_chains(void)
{
	for (int i = 0; i < 4; i++)
		for (int home = 10; home < 40; home += 10)
			audit(home, home * 100 + i, i % 2 ? "ack" : "resolve");
	commit();
}

START_TEST(a_whole_audit_is_whole)
{
	int64_t records, chains;
	size_t count;

	faults(&records, &chains, &count);
	ck_assert(records == 0 && chains == 0 && count == 0);
	three_chains();
	faults(&records, &chains, &count);
	ck_assert(records == 12 && chains == 3 && count == 0);
}
END_TEST

/* Each column of one record in the middle of a chain, a head, and what is missing. `why` is the first fault. */
static const struct {
	const char *sql, *why;
	int64_t home_id, seq;
} tampered[] = {
	{"UPDATE audit SET home_id=25 WHERE home_id=20 AND audit_seq=2", "a record before it is missing", 25, 2},
	{"UPDATE audit SET audit_seq=9 WHERE home_id=20 AND audit_seq=2", "a record before it is missing", 20, 9},
	{"UPDATE audit SET audit_id=audit_id+1 WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another",
	 20, 2},
	{"UPDATE audit SET workspace_id=2 WHERE home_id=20 AND audit_seq=2", "a record before it is missing", 20, 3},
	{"UPDATE audit SET at_ms=at_ms-1 WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20,
	 2},
	{"UPDATE audit SET actor_id=8 WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20, 2},
	{"UPDATE audit SET action='acl' WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20,
	 2},
	{"UPDATE audit SET via='clash' WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20, 2},
	{"UPDATE audit SET detail=replace(detail,'q2fx','q2fy') WHERE home_id=20 AND audit_seq=2",
	 "it was changed: its hash is another", 20, 2},
	{"UPDATE audit SET detail=detail||' ' WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another",
	 20, 2},
	{"UPDATE audit SET result='OK' WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20, 2},
	{"UPDATE audit SET prev_hash=replace(prev_hash,substr(prev_hash,1,1),'x') WHERE home_id=20 AND audit_seq=2",
	 "it does not follow from the record before", 20, 2},
	{"UPDATE audit SET hash='x'||substr(hash,2) WHERE home_id=20 AND audit_seq=2",
	 "it was changed: its hash is another", 20, 2},
	{"UPDATE audit SET hash=hash||'0' WHERE home_id=20 AND audit_seq=2", "it was changed: its hash is another", 20,
	 2},
	/* columns moved into each other read differently */
	{"UPDATE audit SET action=action||via,via='' WHERE home_id=20 AND audit_seq=2",
	 "it was changed: its hash is another", 20, 2},
	{"DELETE FROM audit WHERE home_id=20 AND audit_seq=1", "a record before it is missing", 20, 2},
	{"DELETE FROM audit WHERE home_id=20 AND audit_seq=2", "a record before it is missing", 20, 3},
	{"DELETE FROM audit WHERE home_id=20 AND audit_seq=4", "the end of its chain is missing or was changed", 20, 4},
	{"DELETE FROM audit WHERE home_id=20", "all records of its chain are missing", 20, 4},
	{"DELETE FROM audit_head WHERE home_id=20", "its chain is not in the list of chains", 20, 4},
	{"DELETE FROM audit_head WHERE home_id=30", "its chain is not in the list of chains", 30, 4},
	{"UPDATE audit_head SET last_seq=3 WHERE home_id=20", "the end of its chain is missing or was changed", 20, 3},
	{"UPDATE audit_head SET last_hash='x'||substr(last_hash,2) WHERE home_id=20",
	 "the end of its chain is missing or was changed", 20, 4},
};

START_TEST(a_changed_byte_is_found)
{
	int64_t records, chains;
	const struct audit_fault *found;
	size_t count;

	three_chains();
	db_close(db);
	db = NULL;
	change_file(tampered[_i].sql);
	open_again();
	found = faults(&records, &chains, &count);
	ck_assert_uint_ge(count, 1);
	ck_str(found[0].why, tampered[_i].why);
	ck_assert_int_eq(found[0].home_id, tampered[_i].home_id);
	ck_assert_int_eq(found[0].seq, tampered[_i].seq);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_ne(found[i].home_id, 10); /* the others are in order */
}
END_TEST

/* A rewritten chain fits by itself; the checkpoints do not fit it. */
static const struct {
	const char *sql, *why;
	int64_t no;
} missigned[] = {
	{"UPDATE audit_checkpoint SET at_ms=at_ms+1 WHERE checkpoint_no=1", "it was changed: its hash is another", 1},
	{"UPDATE audit_checkpoint SET records=11 WHERE checkpoint_no=1", "it was changed: its hash is another", 1},
	{"UPDATE audit_checkpoint SET signature=replace(signature,substr(signature,1,1),'x') WHERE checkpoint_no=1", "its signature is not by this key", 1},
	{"UPDATE audit_checkpoint SET signature=upper(signature) WHERE checkpoint_no=2", "its signature is not by this key", 2},
	{"DELETE FROM audit_checkpoint WHERE checkpoint_no=1", "a checkpoint before it is missing", 2},
	{"DELETE FROM audit WHERE home_id=30 AND audit_seq>4; UPDATE audit_head SET last_seq=4,last_hash=(SELECT hash FROM audit WHERE home_id=30 AND audit_seq=4) WHERE home_id=30",
	 "records that it covers are missing", 2},
	{"DELETE FROM audit WHERE home_id=40; DELETE FROM audit_head WHERE home_id=40", "records that it covers are missing, or others were put between them", 2},
};

START_TEST(what_was_signed_is_held_to)
{
	const struct audit_fault *found;
	int64_t records, chains;
	size_t count;

	three_chains();
	ck_assert_int_eq(checkpoint(NOW + HOUR), 1);
	ck_assert_int_eq(checkpoint(NOW + HOUR), 0); /* nothing new */
	audit(40, 5000, "ack");
	audit(30, 5001, "ack");
	ck_assert_int_eq(checkpoint(NOW + 2 * HOUR), 2);
	audit(10, 5002, "ack"); /* not signed yet */
	commit();
	faults(&records, &chains, &count);
	ck_assert(records == 15 && chains == 4 && count == 0);
	db_close(db);
	db = NULL;
	change_file(missigned[_i].sql);
	open_again();
	found = faults(&records, &chains, &count);
	ck_assert_uint_ge(count, 1);
	ck_str(found[0].why, missigned[_i].why);
	ck_assert(found[0].home_id == 0 && found[0].seq == missigned[_i].no);
}
END_TEST

START_TEST(a_reader_reads_along)
{
	struct db *reader;
	struct audit_record *r;
	size_t count;

	three_chains();
	reader = db_open_reader(path, &err);
	ck_assert_ptr_nonnull(reader);
	audit(10, 9000, "ack"); /* not committed */
	fine(store_audit_from(reader, &a, 1, 0, 100, &r, &count, &err));
	ck_assert_uint_eq(count, 12);
	commit();
	fine(store_audit_from(reader, &a, 1, r[11].id, 100, &r, &count, &err));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(store_audit_last(reader, 1), r[0].id);
	db_close(reader);
}
END_TEST

START_TEST(audit_is_searched)
{
	struct audit_filter f = {.limit = 100};
	struct audit_record *r;
	size_t count;

	three_chains();
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 12);
	ck_assert_int_gt(r[0].id, r[1].id); /* newest first */
	f.before_id = r[0].id;
	f.limit = 2;
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 2);
	f = (struct audit_filter){.action = S("ack"), .limit = 100};
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 6);
	f = (struct audit_filter){
		.text = S("q2f"), .since = NOW + 1001, .until = NOW + 2001, .actor_id = 7, .limit = 100};
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 5);
	f.text = S("2F%");
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 0);
	f.text = S("Q2FX\"");
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err)); /* as it was said, not as JSON writes it */
	ck_assert_uint_eq(count, 0);
	f = (struct audit_filter){.action = S("ack"), .actor_id = 7, .result = S("ok"), .via = S("slash"), .limit = 3};
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 3);
	f.result = S("forbidden");
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 0);
	f = (struct audit_filter){.id = id_first(NOW + 1000), .limit = 3};
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 1);
	f.actor_id = 8;
	fine(store_audit_search(db, &a, 1, &f, &r, &count, &err));
	ck_assert_uint_eq(count, 0);
	fine(store_audit_search(db, &a, 2, &(struct audit_filter){.limit = 10}, &r, &count, &err));
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* ---- runs ---- */

static void add_run(int64_t id, wall_ms ended)
{
	struct run r = {.id = id, .workspace_id = 1, .code = S("R-1"), .state = ended ? RUN_DONE : RUN_RUNNING, .via = S(""), .plugin = S(""), .version = S(""), .digest = S(""),
			.words = S("x"), .call = S("x:x"), .line = S("x"), .reason = S(""), .then = S(""), .created = NOW, .ended = ended, .why = S(""), .shown = S(""), .progress = S(""),
			.buttons = S(""), .output_hash = S("")};

	fine(store_run_add(db, &r, &err));
	for (int i = 1; i <= 3; i++)
		fine(store_run_line_add(db, id, &(struct run_line){i, NOW, 1, S("said")}, &err));
}

static size_t lines_of(int64_t id)
{
	struct run_line *lines;
	size_t count;

	fine(store_run_lines(db, &a, id, 0, 100, &lines, &count, &err));
	return count;
}

START_TEST(lines_of_old_runs_go)
{
	unsigned dropped;
	struct run r;

	add_run(1, NOW - 2 * DAY);
	add_run(2, NOW - 2 * DAY);
	add_run(3, NOW);
	add_run(4, 0); /* it runs */
	fine(store_run_lines_purge(db, &a, NOW - DAY, 1, &dropped, &err));
	ck_assert_uint_eq(dropped, 1);
	ck_assert_uint_eq(lines_of(1) + lines_of(2), 3);
	fine(store_run_lines_purge(db, &a, NOW - DAY, 10, &dropped, &err));
	ck_assert_uint_eq(dropped, 1);
	ck_assert_uint_eq(lines_of(1) + lines_of(2), 0);
	ck_assert_uint_eq(lines_of(3) + lines_of(4), 6);
	fine(store_run_lines_purge(db, &a, NOW - DAY, 10, &dropped, &err));
	ck_assert_uint_eq(dropped, 0);
	ck_assert(store_run_find(db, &a, 1, &r, &err)); /* that it ran is kept */
	commit();
}
END_TEST

/* ---- idempotency ---- */

START_TEST(one_answer_to_one_key)
{
	struct str result;
	unsigned purged;
	bool same;

	ck_assert(!store_idempotency_find(db, &a, 1, S("key"), S("hash"), NOW, &same, &result, &err));
	ck_assert_int_eq(err.code, ERR_NONE);
	fine(store_idempotency_add(db, 1, S("key"), S("hash"), S("answer"), NOW + HOUR, &err));
	commit();
	ck_assert(store_idempotency_find(db, &a, 1, S("key"), S("hash"), NOW, &same, &result, &err) && same);
	ck_str(result, "answer");
	ck_assert(store_idempotency_find(db, &a, 1, S("key"), S("another body"), NOW, &same, &result, &err) && !same);
	ck_assert(
		!store_idempotency_find(db, &a, 2, S("key"), S("hash"), NOW, &same, &result, &err)); /* another home */
	ck_assert(!store_idempotency_find(db, &a, 1, S("key"), S("hash"), NOW + HOUR, &same, &result, &err)); /* over */
	fine(store_idempotency_add(db, 1, S("key"), S("new"), S("new answer"), NOW + 2 * HOUR, &err));
	ck_assert(store_idempotency_find(db, &a, 1, S("key"), S("new"), NOW + HOUR, &same, &result, &err) && same);
	ck_str(result, "new answer");
	fine(store_idempotency_purge(db, &a, NOW + HOUR, &purged, &err));
	ck_assert_uint_eq(purged, 0);
	fine(store_idempotency_purge(db, &a, NOW + 2 * HOUR, &purged, &err));
	ck_assert_uint_eq(purged, 1);
	commit();
}
END_TEST

START_TEST(a_purge_takes_slices)
{
	unsigned purged;

	for (int i = 0; i < 600; i++)
		fine(store_idempotency_add(db, i, S("key"), S("h"), S("r"), NOW, &err));
	commit();
	fine(store_idempotency_purge(db, &a, NOW, &purged, &err));
	ck_assert_uint_eq(purged, 500);
	fine(store_idempotency_purge(db, &a, NOW, &purged, &err));
	ck_assert_uint_eq(purged, 100);
	commit();
}
END_TEST

/* ---- people, sessions, tokens ---- */

START_TEST(people)
{
	struct user u = {.id = 7,
			 .workspace_id = 1,
			 .name = S("ann"),
			 .email = S("ann@example.com"),
			 .role = ROLE_RESPONDER,
			 .created = NOW},
		    got, *list;
	size_t count;

	fine(store_user_add(db, &u, &err));
	u.id = 8;
	ck_assert(!store_user_add(db, &u, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	u.name = S("ben");
	ck_assert(!store_user_add(db, &u, &err)); /* the e-mail address */
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	item_keep(false);
	db_item_begin(db);
	u.email = S("");
	fine(store_user_add(db, &u, &err));
	u.name = S("cat");
	u.id = 9;
	fine(store_user_add(db, &u, &err)); /* nobody's address is not taken */
	ck_assert(!store_has_admin(db, 1));
	u.role = ROLE_ADMIN;
	u.password_hash = S("$argon2id$x");
	fine(store_user_set(db, &u, NOW + 5, &err));
	ck_assert(store_has_admin(db, 1));
	ck_assert(store_user_find(db, &a, 1, 9, &got, &err));
	ck_assert_int_eq(got.role, ROLE_ADMIN);
	ck_assert_int_eq(got.updated, NOW + 5);
	ck_assert(!store_user_find(db, &a, 2, 9, &got, &err) && err.code == ERR_NONE);
	fine(store_user_list(db, &a, 1, 0, 10, &list, &count, &err));
	ck_assert_uint_eq(count, 2);
	fine(store_user_list(db, &a, 1, 8, 10, &list, &count, &err));
	ck_assert(count == 1 && list[0].id == 9);
	commit();
}
END_TEST

START_TEST(sessions_and_tokens)
{
	struct token t = {.id = 5,
			  .workspace_id = 1,
			  .user_id = 7,
			  .name = S("kit"),
			  .scopes = S("write"),
			  .created = NOW},
		     got, *list;
	int64_t user_id;
	wall_ms mfa_at;
	size_t count;

	fine(store_session_add(db, 1, S("hash"), 7, NOW, NOW + HOUR, &err));
	ck_assert(store_session_find(db, 1, S("hash"), NOW, &user_id, &mfa_at, &err) && user_id == 7);
	ck_assert(!store_session_find(db, 1, S("hash"), NOW + HOUR, &user_id, &mfa_at, &err) && !err.code);
	ck_assert(!store_session_find(db, 1, S("other"), NOW, &user_id, &mfa_at, &err) && !err.code);
	fine(store_session_drop(db, 1, S("hash"), &err));
	ck_assert(!store_session_find(db, 1, S("hash"), NOW, &user_id, &mfa_at, &err) && !err.code);

	fine(store_token_add(db, &t, S("thash"), &err));
	fine(store_token_used(db, 1, 5, NOW + 3, S("192.0.2.1"), SCOPE_WRITE, &err));
	ck_assert(store_token_find(db, &a, 1, S("thash"), &got, &err));
	ck_assert_int_eq(got.last_used, NOW + 3);
	ck_str(got.last_from, "192.0.2.1");
	fine(store_token_revoke(db, 1, 5, NOW + 4, &err));
	ck_assert(!store_token_revoke(db, 1, 5, NOW + 5, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	err_clear(&err);
	ck_assert(!store_token_find(db, &a, 1, S("thash"), &got, &err) || got.revoked == NOW + 4);
	fine(store_token_list(db, &a, 1, &list, &count, &err));
	ck_assert_uint_eq(count, 1);
	commit();
}
END_TEST

/* ---- channels, messages, search ---- */

static void add_channel(int64_t id, enum channel_kind kind)
{
	struct channel c = {.id = id, .workspace_id = 1, .name = S("ops"), .kind = kind, .created = NOW};

	fine(store_channel_add(db, &c, &err));
}

static void add_message(int64_t channel, int64_t seq, const char *text, int64_t thread_ts, int64_t user_id)
{
	struct message m = {.channel_id = channel,
			    .seq = seq,
			    .id = channel * 10000 + seq,
			    .ts = seq * 1000,
			    .thread_ts = thread_ts,
			    .user_id = user_id,
			    .text = str_of(text)};
	struct channel c = {.id = channel, .last_seq = seq, .last_ts = m.ts};

	fine(store_message_add(db, &m, &err));
	fine(store_channel_advance(db, &c, &err));
}

START_TEST(history_and_threads)
{
	struct message *m, one;
	int64_t users[5];
	size_t count;

	add_channel(100, CHANNEL_PUBLIC);
	add_message(100, 1, "root", 0, 7);
	add_message(100, 2, "reply", 1000, 8);
	add_message(100, 3, "reply again", 1000, 7);
	add_message(100, 4, "next", 0, 7);
	one = (struct message){.channel_id = 100, .seq = 4, .id = 9, .ts = 5000};
	ck_assert(!store_message_add(db, &one, &err)); /* a number is given once */
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	fine(store_history(db, &a, 100, 0, INT64_MAX, 10, &m, &count, &err));
	ck_assert(count == 2 && m[0].seq == 4 && m[1].seq == 1);
	fine(store_thread(db, &a, 100, 1000, 0, INT64_MAX, 10, &m, &count, &err));
	ck_assert(count == 2 && m[0].seq == 2);
	ck_assert_int_eq(store_thread_last(db, 100, 1000), 3000);
	ck_assert_uint_eq(store_thread_users(db, 100, 1000, users), 2);
	fine(store_message_delete(db, 100, 3000, &err));
	ck_assert_int_eq(store_thread_last(db, 100, 1000), 2000);
	ck_assert(store_message_find(db, &a, 100, 3000, &one, &err) && one.deleted && one.text.n == 0);
	fine(store_messages_since(db, &a, 100, 2, 10, &m, &count, &err));
	ck_assert(count == 2 && m[0].deleted && m[1].seq == 4);
	commit();
}
END_TEST

START_TEST(unread_and_mentions)
{
	add_channel(100, CHANNEL_PUBLIC);
	fine(store_member_add(db, 100, 7, NOW, 0, &err));
	add_message(100, 1, "mine", 0, 7);
	add_message(100, 2, "theirs", 0, 8);
	add_message(100, 3, "in a thread", 2000, 8);
	ck_assert_int_eq(store_unread(db, 100, 7, 0), 1);
	ck_assert_int_eq(store_unread(db, 100, 7, 2000), 0);
	fine(store_mention_add(db, 100, 7, 2000, &err));
	fine(store_mention_add(db, 100, 0, 3000, &err)); /* @channel */
	fine(store_mention_add(db, 100, 9, 3000, &err));
	ck_assert_int_eq(store_mentions(db, 100, 7, 0), 2);
	ck_assert_int_eq(store_mentions(db, 100, 7, 2000), 1);
	fine(store_message_delete(db, 100, 2000, &err));
	ck_assert_int_eq(store_mentions(db, 100, 7, 0), 1);
	ck_assert_int_eq(store_unread(db, 100, 7, 0), 0);
	for (int i = 4; i < 150; i++)
		add_message(100, i, "many", 0, 8);
	ck_assert_int_eq(store_unread(db, 100, 7, 0), 100); /* counts no further */
	commit();
}
END_TEST

START_TEST(reactions_once_each)
{
	struct reaction *r;
	struct message m;
	size_t count;

	add_channel(100, CHANNEL_PUBLIC);
	add_message(100, 1, "x", 0, 7);
	fine(store_reaction_add(db, 100, 1000, S("eyes"), 7, NOW, &err));
	ck_assert(!store_reaction_add(db, 100, 1000, S("eyes"), 7, NOW, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	err_clear(&err);
	fine(store_reaction_add(db, 100, 1000, S("eyes"), 8, NOW, &err));
	fine(store_reaction_list(db, &a, 100, 1000, &r, &count, &err));
	ck_assert_uint_eq(count, 2);
	ck_assert(store_message_find(db, &a, 100, 1000, &m, &err) && m.has_reactions);
	fine(store_reaction_drop(db, 100, 1000, S("eyes"), 7, &err));
	ck_assert(!store_reaction_drop(db, 100, 1000, S("eyes"), 7, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	err_clear(&err);
	fine(store_reaction_drop(db, 100, 1000, S("eyes"), 8, &err));
	ck_assert(store_message_find(db, &a, 100, 1000, &m, &err) && !m.has_reactions);
	commit();
}
END_TEST

static size_t hits(const char *query, int64_t user_id)
{
	struct search_hit *found;
	size_t count;

	fine(store_search(db, &a, str_of(query), 0, user_id, 100, &found, &count, &err));
	return count;
}

static unsigned index_all(unsigned limit)
{
	unsigned indexed, slices = 0;

	do {
		fine(store_search_index(db, &a, limit, &indexed, &err));
		ck_assert_uint_le(indexed, limit);
		commit();
		slices += indexed > 0;
	} while (indexed);
	return slices;
}

START_TEST(search_catches_up)
{
	struct channel_event changed = {.channel_id = 100, .seq = 4, .kind = EVENT_CHANGED, .ref_ts = 1000};
	struct message m = {.channel_id = 100, .ts = 1000, .text = S("the quick brown fox, corrected")};

	add_channel(100, CHANNEL_PUBLIC);
	add_message(100, 1, "the quick braun fox", 0, 7);
	add_message(100, 2, "disk \"db-1\" is full: 97%", 0, 7);
	add_message(100, 3, "Überlauf", 0, 7);
	commit();
	ck_assert_uint_eq(hits("fox", 7), 0); /* written behind */
	open_again();                         /* as after a crash */
	ck_assert_uint_gt(index_all(2), 1);
	ck_assert_uint_eq(hits("fox", 7), 1);
	ck_assert_uint_eq(hits("quick fox", 7), 1);
	ck_assert_uint_eq(hits("qui", 7), 1);
	ck_assert_uint_eq(hits("uberlauf", 7), 1);
	ck_assert_uint_eq(hits("", 7), 0);
	ck_assert_uint_eq(hits("\" * ( NEAR -x OR AND", 7), 0); /* FTS5's own syntax is text */
	ck_assert_uint_eq(hits("db-1", 7), 1);
	fine(store_message_change(db, &m, &err));
	fine(store_event_add(db, &changed, &err));
	fine(store_channel_advance(db, &(struct channel){.id = 100, .last_seq = 4, .last_ts = 3000}, &err));
	ck_assert_uint_eq(index_all(200), 1);
	ck_assert_uint_eq(hits("braun", 7), 0);
	ck_assert_uint_eq(hits("brown", 7), 1);
	ck_assert_uint_eq(index_all(200), 0);
}
END_TEST

START_TEST(search_catches_up_in_many_channels)
{
	for (int i = 1; i <= 90; i++) {
		add_channel(i, CHANNEL_PUBLIC);
		add_message(i, 1, "hello", 0, 7);
	}
	commit();
	index_all(200);
	ck_assert_uint_eq(hits("hello", 7), 90);
}
END_TEST

START_TEST(search_shows_what_one_may_see)
{
	add_channel(100, CHANNEL_PRIVATE);
	fine(store_member_add(db, 100, 7, NOW, 0, &err));
	add_message(100, 1, "secret plan", 0, 7);
	commit();
	index_all(200);
	ck_assert_uint_eq(hits("secret", 7), 1);
	ck_assert_uint_eq(hits("secret", 8), 0);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"open", every_query_runs},
		{"open", a_second_opening_migrates_nothing},
		{"open", a_newer_schema_is_refused},
		{"open", what_cannot_be_opened},
		{"batch", an_undone_item_leaves_the_others},
		{"batch", a_batch_is_there_as_a_whole_or_not},
		{"batch", a_failed_write_leaves_its_item_usable},
		{"batch", writes_can_be_refused},
		{"batch", settings_come_and_go},
		{"due", two_claimers_and_a_stale_fence, .times = 2},
		{"due", a_claim_is_undone_with_its_item, .times = 2},
		{"due", what_was_refused_waits_no_more},
		{"audit", a_whole_audit_is_whole},
		{"audit", a_changed_byte_is_found, .times = COUNT_OF(tampered)},
		{"audit", what_was_signed_is_held_to, .times = COUNT_OF(missigned)},
		{"audit", a_reader_reads_along},
		{"audit", audit_is_searched},
		{"runs", lines_of_old_runs_go},
		{"idempotency", one_answer_to_one_key},
		{"idempotency", a_purge_takes_slices},
		{"people", people},
		{"people", sessions_and_tokens},
		{"chat", history_and_threads},
		{"chat", unread_and_mentions},
		{"chat", reactions_once_each},
		{"search", search_catches_up},
		{"search", search_catches_up_in_many_channels},
		{"search", search_shows_what_one_may_see},
	};

	return unit_run_in("store", tests, COUNT_OF(tests), open_store, close_store);
}
