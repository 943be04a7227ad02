/* Runs of programs against a store that takes nothing for a while, a stop in the midst of them, what a program asks by its socket, whose secret
 * counts. The programs are real, without a sandbox, so that this runs anywhere. */
#include "base/crypt.h"
#include "commands/plugin_go.h"
#include "engine/runs.h"
#include "engine/runs_calls.h"
#include "engine_fixture.h"
#include "store/runs.h"
#include "unit.h"

#include <inttypes.h>

static struct room room;

/* ---- a store whose writes fail: the linker puts these before the store's own (tests/meson.build) ---- */

static _Atomic int writes_that_fail, commits_that_fail;

bool __real_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e);
bool __wrap_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e);
bool __real_db_commit(struct db *db, struct err *e);
bool __wrap_db_commit(struct db *db, struct err *e);

bool __wrap_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e)
{
	/* Lines alone, and each time a few further on: what was written of an item before is undone with it. */
	if (q == Q_RUN_LINE_ADD && writes_that_fail && binds[1].i % 7 == 0) {
		writes_that_fail--;
		err_set(e, ERR_FULL, "the disk is full, says the test");
		return false;
	}
	return __real_db_write(db, q, binds, count, e);
}

bool __wrap_db_commit(struct db *db, struct err *e)
{
	if (commits_that_fail && db_batch_wrote(db)) {
		commits_that_fail--;
		db_rollback(db);
		err_set(e, ERR_UNAVAILABLE, "the commit fails, says the test");
		return false;
	}
	return __real_db_commit(db, e);
}

/* ---- the world ---- */

static void post_nothing(struct chat_post *p)
{
	chat_posted(p, POST_DONE, p->message_ts ? p->message_ts : 1000, 0, S(""));
}

static const struct chat_kind quiet = {.name = "quiet", .can = CHAT_CAN_EDIT, .post = post_nothing};
static const struct chat_kind *const chats[] = {&quiet, NULL};

static void open_world(void)
{
	struct runs_options options = {.runner = {.sandbox_off = true}};

	room_open(&room);
	runs_new(room.e, &options);
}

static void close_world(void)
{
	runs_free(room.e);
	room_close(&room);
}

static struct run run_row(struct work *w)
{
	return (struct run){.id = engine_id(w),
			    .workspace_id = w->engine->workspace_id,
			    .code = S(""),
			    .user_id = room.user_id,
			    .via = S("cli"),
			    .scope = SCOPE_WRITE,
			    .plugin = S("kit"),
			    .version = S("1.0.0"),
			    .digest = S("d"),
			    .words = S("kit x"),
			    .call = S("kit:x"),
			    .line = S("kit x"),
			    .reason = S(""),
			    .then = S(""),
			    .why = S(""),
			    .shown = S(""),
			    .progress = S(""),
			    .buttons = S(""),
			    .output_hash = S("")};
}

struct started {
	const char *script;
	int64_t id;
};

static bool start_sh(struct work *w, void *context)
{
	struct started *s = context;
	struct run r = run_row(w);
	struct run_order *order = arena_zero(w->arena, sizeof *order);
	struct str *argv = arena_alloc(w->arena, 3 * sizeof *argv);

	argv[0] = S("sh");
	argv[1] = S("-c");
	argv[2] = str_of(s->script);
	order->program = (struct runner_order){.plugin = S("kit"), .argv = argv, .argc = 3, .limits = runner_default_limits};
	order->again = S("");
	s->id = r.id;
	return runs_start(w, &r, order, &w->err);
}

static int64_t start(const char *script)
{
	struct started s = {.script = script};
	struct err err = {0};

	ck_assert_msg(room_do(&room, start_sh, &s, &err), "%s", err.text);
	return s.id;
}

struct kept {
	int64_t id;
	struct run run;
	char hash[80];
	size_t lines;
	unsigned wanted; /* lines "line 0" and so on */
};

static bool look(struct work *w, void *context)
{
	struct kept *k = context;
	struct crypt_sha256_stream hash;
	struct run_line *lines;
	struct str said;

	ck_assert(store_run_find(w->engine->db, w->arena, k->id, &k->run, &w->err));
	ck_assert(store_run_lines(w->engine->db, w->arena, k->id, 0, 100000, &lines, &k->lines, &w->err));
	crypt_sha256_begin(&hash);
	for (size_t i = 0; i < k->lines; i++) {
		ck_assert_int_eq(lines[i].seq, (int64_t)i + 1);
		if (k->wanted)
			ck_assert_msg(str_eq(lines[i].text, arena_printf(w->arena, "line %zu", i)), "line %zu is '" STR_FMT "'", i, STR_ARG(lines[i].text));
		crypt_sha256_add(&hash, lines[i].text);
		crypt_sha256_add(&hash, S("\n"));
	}
	said = crypt_sha256_end(&hash, w->arena);
	ck_assert(!run_is_over(k->run.state) || !k->run.output_hash.n || str_eq(said, k->run.output_hash));
	return true;
}

static struct kept kept(int64_t id, unsigned wanted)
{
	struct kept k = {.id = id, .wanted = wanted};
	struct err err = {0};

	ck_assert(room_do(&room, look, &k, &err));
	return k;
}

/* ---- a store that takes nothing ---- */

START_TEST(no_line_is_lost_or_doubled_while_the_store_is_sick)
{
	struct kept k;
	int64_t id;

	room_threads(&room, chats, NULL);
	id = start("i=0; while [ $i -lt 3000 ]; do echo \"line $i\"; i=$((i+1)); done");
	if (_i)
		commits_that_fail = 2; /* the whole batch, and with it the store is sick for half a second */
	else
		writes_that_fail = 3;  /* the item alone, in its midst */
	while (runs_under_way(room.e))
		uv_run(&room.loop, UV_RUN_ONCE);
	ck_assert_int_eq(writes_that_fail + commits_that_fail, 0);
	k = kept(id, 3000);
	ck_assert_int_eq((int)k.run.state, RUN_DONE);
	ck_assert_uint_eq(k.lines, 3000);
	ck_assert_int_eq(k.run.lines, 3000);
}
END_TEST

/* ---- a stop in the midst ---- */

static bool after_start(struct work *w, void *context)
{
	(void)context;
	return runs_after_start(w, &w->err);
}

START_TEST(what_was_under_way_is_unknown_afterwards)
{
	struct err err = {0};
	int64_t ids[3];

	room_threads(&room, chats, NULL);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		ids[i] = start("while :; do echo a line; done");
	for (bool all = false; !all;) { /* each has said something, and items of theirs are on their way */
		all = true;
		uv_run(&room.loop, UV_RUN_ONCE);
		for (size_t i = 0; i < COUNT_OF(ids); i++)
			all &= kept(ids[i], 0).lines > 0;
	}
	ck_assert_uint_eq(runs_under_way(room.e), 3);
	runs_free(room.e);
	ck_assert_uint_eq(runs_under_way(room.e), 0);
	ck_assert(room_do(&room, after_start, NULL, &err));
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		ck_assert_int_eq((int)kept(ids[i], 0).run.state, RUN_UNKNOWN);
}
END_TEST

/* ---- what a program asks ---- */

static int64_t asking;        /* the run */
static struct run asking_as;

static bool add_run(struct work *w, void *context)
{
	struct run r = run_row(w);

	(void)context;
	asking = r.id;
	r.code = S("R-1");
	r.state = RUN_RUNNING;
	r.via = asking_as.via.n ? asking_as.via : r.via;
	r.dry_run = asking_as.dry_run;
	return store_run_add(w->engine->db, &r, &w->err);
}

struct asked {
	struct str line;
	char answer[2000];
};

static bool ask_it(struct work *w, void *context)
{
	struct asked *a = context;
	struct err err = {0};
	struct buf answer;
	bool ok = runs_call_do(w, asking, a->line, &answer, &err);

	if (!ok)
		runs_answer_error(&answer, &err);
	snprintf(a->answer, sizeof a->answer, STR_FMT, STR_ARG(str_clip(buf_str(&answer), sizeof a->answer - 1)));
	buf_done(&answer);
	w->err = err;
	return ok;
}

static const char *ask(struct str line)
{
	static struct asked a;
	struct err ignored = {0};

	a.line = line;
	(void)room_try(&room, ask_it, &a, &ignored);
	return a.answer;
}

#define says(line, answer) ck_assert_str_eq(ask(S(line)), answer)
#define refuses(line, error) ck_assert_msg(strncmp(ask(S(line)), "{\"ok\":false,\"error\":\"" error "\"", sizeof error + 21) == 0, "%s", ask(S(line)))

START_TEST(values_have_versions)
{
	room_run(&room, add_run, NULL);
	says("{\"do\":\"get\",\"key\":\"k\"}", "{\"ok\":true,\"value\":null,\"version\":0}");
	says("{\"do\":\"put\",\"key\":\"k\",\"value\":{\"a\":[1]},\"version\":0}", "{\"ok\":true,\"version\":1}");
	refuses("{\"do\":\"put\",\"key\":\"k\",\"value\":2,\"version\":0}", "conflict");
	says("{\"do\":\"put\",\"key\":\"k\",\"value\":2,\"version\":1}", "{\"ok\":true,\"version\":2}");
	refuses("{\"do\":\"put\",\"key\":\"k\",\"value\":3,\"version\":1}", "conflict");
	refuses("{\"do\":\"put\",\"key\":\"other\",\"value\":3,\"version\":7}", "conflict");
	says("{\"do\":\"put\",\"key\":\"k\",\"value\":5}", "{\"ok\":true,\"version\":3}");
	says("{\"do\":\"incr\",\"key\":\"k\",\"by\":-7}", "{\"ok\":true,\"value\":-2,\"version\":4}");
	says("{\"do\":\"incr\",\"key\":\"n\"}", "{\"ok\":true,\"value\":1,\"version\":1}");
	says("{\"do\":\"put\",\"key\":\"k\",\"value\":9223372036854775807}", "{\"ok\":true,\"version\":5}");
	refuses("{\"do\":\"incr\",\"key\":\"k\"}", "invalid");
	says("{\"do\":\"put\",\"key\":\"k\",\"value\":\"x\"}", "{\"ok\":true,\"version\":6}");
	refuses("{\"do\":\"incr\",\"key\":\"k\"}", "conflict");
	says("{\"do\":\"list\",\"limit\":1}", "{\"ok\":true,\"keys\":[\"k\"]}");
	says("{\"do\":\"list\",\"after\":\"k\"}", "{\"ok\":true,\"keys\":[\"n\"]}");
	says("{\"do\":\"drop\",\"key\":\"k\"}", "{\"ok\":true}");
	says("{\"do\":\"drop\",\"key\":\"k\"}", "{\"ok\":true}");
	says("{\"do\":\"get\",\"key\":\"k\"}", "{\"ok\":true,\"value\":null,\"version\":0}");
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	room_run(&room, add_run, NULL);
	refuses("", "invalid");
	refuses("[]", "invalid");
	refuses("{\"do\":\"get\",\"do\":\"get\"}", "invalid");
	refuses("{\"do\":\"fly\"}", "invalid");
	refuses("{\"do\":\"get\"}", "invalid");
	refuses("{\"do\":\"get\",\"key\":7}", "invalid");
	refuses("{\"do\":\"say\",\"text\":\" \"}", "invalid");
	refuses("{\"do\":\"say\",\"text\":\"x\"}", "conflict"); /* it was said nowhere */
	asking = 1;
	refuses("{\"do\":\"get\",\"key\":\"k\"}", "not_found");
}
END_TEST

static struct str put_of(struct buf *b, size_t key_bytes, size_t value_bytes)
{
	buf_init(b, 1 * MIB);
	buf_add(b, S("{\"do\":\"put\",\"key\":\""));
	while (key_bytes--)
		buf_char(b, 'k');
	buf_add(b, S("\",\"value\":\""));
	while (value_bytes--)
		buf_char(b, 'v');
	buf_add(b, S("\"}"));
	return buf_str(b);
}

START_TEST(a_key_and_a_value_have_their_size)
{
	static const struct {
		size_t key, value; /* of JSON: with its quotes */
		const char *answer;
	} sizes[] = {{0, 9, "{\"ok\":false,\"error\":\"invalid\""},
		     {190, 64 * KIB, "{\"ok\":true,"},
		     {191, 9, "{\"ok\":false,\"error\":\"invalid\""},
		     {1, 64 * KIB + 1, "{\"ok\":false,\"error\":\"too_big\""}};
	struct buf b;

	room_run(&room, add_run, NULL);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const char *answer = ask(put_of(&b, sizes[i].key, sizes[i].value - 2));

		ck_assert_msg(strncmp(answer, sizes[i].answer, strlen(sizes[i].answer)) == 0, "%zu: %s", i, answer);
		buf_done(&b);
	}
}
END_TEST

struct filling {
	size_t count, bytes;
};

static bool fill(struct work *w, void *context)
{
	const struct filling *f = context;
	char *value = arena_alloc(w->arena, f->bytes);

	memset(value, '7', f->bytes);
	for (size_t i = 0; i < f->count; i++)
		if (!store_value_put(w->engine->db, w->arena, w->engine->workspace_id, S("kit"), arena_printf(w->arena, "%zu", i), str_n(value, f->bytes), -1, w->now, &w->err))
			return false;
	return true;
}

START_TEST(a_memory_that_is_full_takes_what_is_in_it)
{
	struct filling many = {10000, 1}, large = {256, 64 * KIB};

	room_run(&room, add_run, NULL);
	room_run(&room, fill, _i ? &large : &many);
	refuses("{\"do\":\"put\",\"key\":\"new\",\"value\":1}", "too_many");
	says("{\"do\":\"put\",\"key\":\"9\",\"value\":8}", "{\"ok\":true,\"version\":2}");
	says("{\"do\":\"incr\",\"key\":\"9\"}", "{\"ok\":true,\"value\":9,\"version\":3}");
	says("{\"do\":\"drop\",\"key\":\"9\"}", "{\"ok\":true}");
	says("{\"do\":\"put\",\"key\":\"new\",\"value\":1}", "{\"ok\":true,\"version\":1}");
}
END_TEST

static bool nested(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text)
{
	(void)w;
	ck_assert_int_eq(r->id, asking);
	*ok = !str_is(line, "bad");
	*text = line;
	return true;
}

START_TEST(commands_run_commands_three_deep)
{
	static const char *const vias[] = {"cli", "plugin", "plugin 2"};

	for (size_t i = 0; i < COUNT_OF(vias); i++) {
		asking_as.via = str_of(vias[i]);
		room_run(&room, add_run, NULL);
		refuses("{\"do\":\"run\",\"line\":\"alerts\"}", "conflict");
		room.e->run_nested = nested;
		says("{\"do\":\"run\",\"line\":\"alerts\"}", "{\"ok\":true,\"done\":true,\"text\":\"alerts\"}");
		says("{\"do\":\"run\",\"line\":\"bad\"}", "{\"ok\":true,\"done\":false,\"text\":\"bad\"}");
		room.e->run_nested = NULL;
	}
	room.e->run_nested = nested;
	asking_as.via = S("plugin 3");
	room_run(&room, add_run, NULL);
	refuses("{\"do\":\"run\",\"line\":\"alerts\"}", "conflict");
	asking_as = (struct run){.via = S("cli"), .dry_run = true};
	room_run(&room, add_run, NULL);
	refuses("{\"do\":\"run\",\"line\":\"alerts\"}", "conflict");
}
END_TEST

/* ---- secrets ---- */

static bool add_secret(struct work *w, const char *plugin, enum secret_layer layer, int64_t layer_id, const char *value)
{
	struct secret key = plugin_secret_key(w->engine);
	struct plugin_secret s = {.plugin = str_of(plugin), .name = S("KEY"), .sealed = crypt_seal(w->arena, &key, str_of(value)), .layer = layer, .layer_id = layer_id, .changed_by = 1, .changed = 1};

	return store_secret_put(w->engine->db, w->engine->workspace_id, &s, &w->err);
}

#define secret_is(channel, user, value)                                                                                                    \
	do {                                                                                                                                    \
		struct str got_;                                                                                                                 \
		ck_assert_msg(plugin_secret(w, S("kit"), S("KEY"), channel, user, &got_, &w->err), "%s", w->err.text);                            \
		ck_str(got_, value);                                                                                                              \
	} while (0)

static bool nearest(struct work *w, void *context)
{
	struct str got;

	(void)context;
	ck_assert(!plugin_secret(w, S("kit"), S("KEY"), 5, 7, &got, &w->err));
	ck_assert_int_eq((int)w->err.code, ERR_CONFLICT);
	ck_assert_str_eq(w->err.text, "the secret `KEY` is not set: an admin says `opsroom secret set kit KEY`");
	err_clear(&w->err);
	ck_assert(add_secret(w, "kit", SECRET_USER, 7, "of the user"));
	secret_is(5, 7, "of the user");
	ck_assert(!plugin_secret(w, S("kit"), S("KEY"), 5, 8, &got, &w->err)); /* somebody else's */
	ck_assert(!plugin_secret(w, S("kit"), S("KEY"), 7, 0, &got, &(struct err){0}));
	err_clear(&w->err);
	ck_assert(add_secret(w, "", SECRET_SITE, 0, "of the site") && add_secret(w, "other", SECRET_PLUGIN, 0, "of another"));
	secret_is(5, 8, "of the site");
	ck_assert(add_secret(w, "kit", SECRET_PLUGIN, 0, "of the plugin"));
	secret_is(5, 8, "of the plugin");
	secret_is(0, 0, "of the plugin");
	ck_assert(add_secret(w, "kit", SECRET_CHANNEL, 5, "of the channel"));
	secret_is(5, 8, "of the channel");
	secret_is(6, 8, "of the plugin");
	secret_is(8, 5, "of the plugin"); /* a channel is no person */
	secret_is(5, 7, "of the user");
	return true;
}

START_TEST(the_nearest_secret_counts)
{
	room_run(&room, nearest, NULL);
}
END_TEST

int main(int argc, char **argv)
{
	const struct unit_test tests[] = {
		{"store", no_line_is_lost_or_doubled_while_the_store_is_sick, 2},
		{"stop", what_was_under_way_is_unknown_afterwards},
		{"asks", values_have_versions},
		{"asks", what_makes_no_sense_is_refused},
		{"asks", a_key_and_a_value_have_their_size},
		{"asks", a_memory_that_is_full_takes_what_is_in_it, 2},
		{"asks", commands_run_commands_three_deep},
		{"secrets", the_nearest_secret_counts},
	};

	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main();
	return unit_run_in("engine/runs", tests, COUNT_OF(tests), open_world, close_world);
}
