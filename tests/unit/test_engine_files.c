/* Files of messages: bytes before rows, rows with messages, and what is swept. */
#include "engine/file_bytes.h"
#include "engine/files.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "store/files.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct room r;

struct posted {
	int64_t file_id, ts;
};

static int64_t put_bytes(struct work *w, struct str bytes)
{
	int64_t id = engine_id(w);

	return file_bytes_put(w->arena, r.dir, id, bytes, &w->err) ? id : 0;
}

static bool post_file(struct work *w, void *context)
{
	struct posted *p = context;
	struct file f = {.id = p->file_id = put_bytes(w, S("bytes")), .name = S("a b.png"), .title = S("A"), .mimetype = S("image/png"), .size_bytes = 5, .width = 8, .height = 3};
	struct message m = {.user_id = r.user_id, .files = &f, .file_count = 1};
	struct channel c;

	if (!f.id || !store_channel_find(w->engine->db, w->arena, r.channel_id, &c, &w->err) || !chat_post_message(w, &c, &m, &w->err))
		return false;
	p->ts = m.ts;
	return true;
}

static bool delete_message(struct work *w, void *context)
{
	struct posted *p = context;
	struct message m;
	struct channel c;

	return store_channel_find(w->engine->db, w->arena, r.channel_id, &c, &w->err) &&
	       store_message_find(w->engine->db, w->arena, c.id, p->ts, &m, &w->err) && chat_delete_message(w, &c, &m, &w->err);
}

static bool orphan(struct work *w, void *context)
{
	return (*(int64_t *)context = put_bytes(w, S("nobody's"))) != 0;
}

static bool files_one(struct work *w, int64_t id, struct file *out)
{
	struct file *all;
	size_t count;

	if (!store_file_shares(w->engine->db, w->arena, id, &all, &count, &w->err) || !count)
		return false;
	*out = all[0];
	return true;
}

static bool sweep(struct work *w, void *context)
{
	return file_bytes_sweep(w, context, &w->err);
}

static void sweep_now(void)
{
	bool more;

	room_run(&r, sweep, &more);
	ck_assert(!more);
}

static bool has_bytes(int64_t id)
{
	struct arena a;
	struct buf b;
	struct err err = {0};
	bool ok;

	arena_init(&a);
	buf_init(&b, MIB);
	ok = file_bytes_get(&a, r.dir, id, &b, &err);
	ck_assert(ok || err.code == ERR_NOT_FOUND);
	buf_done(&b);
	arena_done(&a);
	return ok;
}

static bool find_one(struct work *w, void *context)
{
	const struct posted *p = context;
	struct file f, *all;
	size_t count;

	ck_assert(files_one(w, p->file_id, &f));
	ck_assert_int_eq(f.channel_id, r.channel_id);
	ck_assert_int_eq(f.ts, p->ts);
	ck_assert_int_eq(f.user_id, r.user_id);
	ck_str(f.name, "a b.png");
	ck_str(f.title, "A");
	ck_str(f.mimetype, "image/png");
	ck_assert_int_eq(f.size_bytes, 5);
	ck_assert_int_eq(f.width, 8);
	ck_assert_int_eq(f.height, 3);
	ck_assert_int_eq(f.created, ROOM_START);
	ck_assert(store_file_list(w->engine->db, w->arena, f.channel_id, f.ts, &all, &count, &w->err));
	ck_assert_uint_eq(count, 1);
	ck_assert(store_file_known(w->engine->db, f.id));
	return true;
}

static bool find_none(struct work *w, void *context)
{
	const struct posted *p = context;
	struct file f, *all;
	size_t count;

	ck_assert(!files_one(w, p->file_id, &f));
	ck_assert_int_eq(w->err.code, ERR_NONE);
	ck_assert(store_file_list(w->engine->db, w->arena, r.channel_id, p->ts, &all, &count, &w->err));
	ck_assert_uint_eq(count, 0);
	return true;
}

static bool is_forgotten(struct work *w, void *context)
{
	ck_assert(!store_file_known(w->engine->db, ((const struct posted *)context)->file_id));
	return true;
}

START_TEST(a_message_brings_a_file)
{
	struct posted p;

	room_run(&r, post_file, &p);
	room_run(&r, find_one, &p);
	ck_assert(has_bytes(p.file_id));
	room_later(2 * DAY);
	sweep_now();
	ck_assert(has_bytes(p.file_id));
}
END_TEST

START_TEST(a_deleted_message_takes_its_file_along)
{
	struct posted p;

	room_run(&r, post_file, &p);
	room_run(&r, delete_message, &p);
	room_run(&r, find_none, &p);
	sweep_now();
	ck_assert(!has_bytes(p.file_id));
	room_run(&r, is_forgotten, &p);
	sweep_now();
}
END_TEST

START_TEST(bytes_without_a_row_go_after_an_hour)
{
	int64_t id;
	struct posted p;

	room_run(&r, orphan, &id);
	room_run(&r, post_file, &p);
	sweep_now();
	ck_assert(has_bytes(id));
	room_later(HOUR + 2);
	sweep_now();
	ck_assert(!has_bytes(id));
	ck_assert(has_bytes(p.file_id));
}
END_TEST

START_TEST(bytes_of_days_ago_are_found_too)
{
	struct stat st;
	char path[200];
	int64_t id;

	sweep_now();
	room_run(&r, orphan, &id);
	room_later(9 * DAY);
	sweep_now();
	ck_assert(!has_bytes(id));
	snprintf(path, sizeof path, "%s/files/2026-03-02", r.dir);
	ck_assert_int_ne(stat(path, &st), 0); /* the day's folder is gone too */
}
END_TEST

/* A daemon that is killed between open and rename. */
START_TEST(half_written_bytes_go_too)
{
	struct stat st;
	char path[200];
	struct arena a;
	int64_t id;

	arena_init(&a);
	room_run(&r, orphan, &id);
	snprintf(path, sizeof path, "%s/files/2026-03-02/%s.4711", r.dir, id_write(&a, 'F', id).p);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	room_later(2 * HOUR);
	sweep_now();
	ck_assert_int_ne(stat(path, &st), 0);
	arena_done(&a);
}
END_TEST

struct upload {
	int64_t id;
	enum upload_state until;
};

static bool bring(struct work *w, void *context)
{
	struct upload *u = context;
	struct file f = {.user_id = r.user_id, .name = S("a.txt"), .title = S("a"), .size_bytes = 1};

	if (!files_expect(w, &f, &w->err) || !file_bytes_put(w->arena, r.dir, u->id = f.id, S("x"), &w->err) || !files_came(w, &f, &w->err))
		return false;
	return u->until == UPLOAD_THERE || store_upload_keep(w->engine->db, w->engine->workspace_id, &f, &w->err);
}

static bool take_away(struct work *w, void *context)
{
	struct upload *u = context;

	return files_delete(w, r.user_id, u->id, false, &w->err);
}

/* One that nobody completed goes after an hour, one that is its owner's stays until they delete it. */
START_TEST(uploads_go_when_they_are_over)
{
	struct upload left = {.until = UPLOAD_THERE}, kept = {.until = UPLOAD_PRIVATE};

	room_run(&r, bring, &left);
	room_run(&r, bring, &kept);
	room_later(HOUR - 1);
	sweep_now();
	ck_assert(has_bytes(left.id) && has_bytes(kept.id));
	room_later(3 * HOUR);
	sweep_now();
	ck_assert(!has_bytes(left.id) && has_bytes(kept.id));
	room_run(&r, take_away, &kept);
	sweep_now();
	ck_assert(!has_bytes(kept.id));
}
END_TEST

START_TEST(too_many_bytes_are_refused)
{
	struct err err = {0};
	struct arena a;
	struct str large;

	arena_init(&a);
	large = str_n(arena_zero(&a, FILE_MAX_BYTES + 1), FILE_MAX_BYTES + 1);
	ck_assert(!file_bytes_put(&a, r.dir, 1, large, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	err_clear(&err);
	ck_assert(!file_bytes_put(&a, "/nowhere", 1, S("x"), &err));
	ck_assert_int_eq(err.code, ERR_FULL);
	arena_done(&a);
}
END_TEST

static void begin(void)
{
	room_open(&r);
}

static void end(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s/files", r.dir);
	ck_assert_int_eq(system(command), 0);
	room_close(&r);
}

int main(void)
{
	const struct unit_test tests[] = {
		{"files", a_message_brings_a_file},	    {"files", a_deleted_message_takes_its_file_along},
		{"files", bytes_without_a_row_go_after_an_hour}, {"files", bytes_of_days_ago_are_found_too},
		{"files", half_written_bytes_go_too},	    {"files", too_many_bytes_are_refused},
		{"files", uploads_go_when_they_are_over},
	};

	return unit_run_in("engine/files", tests, COUNT_OF(tests), begin, end);
}
