#include "engine/runs_calls.h"

#include "base/mask.h"
#include "engine/alerts.h"
#include "ops/text.h"
#include "ops/run.h"
#include "store/runs.h"

#include <inttypes.h>

#define KEY_MAX 190
#define VALUE_MAX (64 * KIB)
#define KEYS_MAX 10000
#define BYTES_MAX (16 * MIB)
#define SAY_MAX 3000
#define DEEPEST 3

struct call_item {
	struct work work; /* first */
	struct arena arena;
	int64_t run_id, call; /* call 0: nobody waits for the answer */
	struct str text;
	struct buf answer;
};

struct asked {
	struct work *w;
	const struct json *ask;
	const struct run *run;
	struct json_out *o;
	struct err *err;
};

/* ---- the plugin's memory ---- */

static bool read_key(struct asked *k, struct str *key)
{
	*key = json_get_str(k->ask, "key");
	if (key->n && key->n <= KEY_MAX)
		return true;
	err_set(k->err, ERR_INVALID, "key has 1 to %d bytes", KEY_MAX);
	return false;
}

static struct str json_text(struct arena *a, const struct json *v)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, VALUE_MAX + 1024);
	o = json_out(&b);
	if (v)
		json_put(&o, v);
	else
		json_put_null(&o);
	return b.failed ? (buf_done(&b), S("")) : buf_keep(a, &b);
}

static bool find_value(struct asked *k, struct str key, struct plugin_value *v)
{
	struct engine *e = k->w->engine;

	*v = (struct plugin_value){.value = S("null")};
	return store_value_find(e->db, k->w->arena, e->workspace_id, k->run->plugin, key, v, k->err) || !k->err->code;
}

/* What takes the place of something needs no room of its own. */
static bool has_room(struct asked *k, struct str key, size_t size)
{
	struct engine *e = k->w->engine;
	struct plugin_value was;
	int64_t count, bytes;

	if (!find_value(k, key, &was) || !store_value_count(e->db, e->workspace_id, k->run->plugin, &count, &bytes, k->err))
		return false;
	if (was.version) {
		count--;
		bytes -= (int64_t)was.value.n;
	}
	if (count < KEYS_MAX && bytes + (int64_t)size <= BYTES_MAX)
		return true;
	err_set(k->err, ERR_TOO_MANY, "the plugin's memory is full: %d keys, %d MiB", KEYS_MAX, BYTES_MAX / MIB);
	return false;
}

static bool put_value(struct asked *k, struct str key, struct str value, int64_t was)
{
	struct engine *e = k->w->engine;

	if (!value.n || value.n > VALUE_MAX) {
		err_set(k->err, ERR_TOO_BIG, "a value has %d KiB of JSON at most", VALUE_MAX / KIB);
		return false;
	}
	return has_room(k, key, value.n) && store_value_put(e->db, k->w->arena, e->workspace_id, k->run->plugin, key, value, was, k->w->now, k->err);
}

static bool answer_value(struct asked *k, struct str key)
{
	struct plugin_value v;

	if (!find_value(k, key, &v))
		return false;
	json_add_raw(k->o, "value", v.value);
	json_add_int(k->o, "version", v.version);
	return true;
}

static bool do_get(struct asked *k)
{
	struct str key;

	return read_key(k, &key) && answer_value(k, key);
}

static bool do_put(struct asked *k)
{
	struct plugin_value v;
	struct str key;

	if (!read_key(k, &key) || !put_value(k, key, json_text(k->w->arena, json_get(k->ask, "value")), json_get_int(k->ask, "version", -1)) || !find_value(k, key, &v))
		return false;
	json_add_int(k->o, "version", v.version);
	return true;
}

static bool do_incr(struct asked *k)
{
	struct plugin_value v;
	struct str key;
	int64_t n = 0, sum;

	if (!read_key(k, &key) || !find_value(k, key, &v))
		return false;
	if (!str_is(v.value, "null") && !str_to_int(v.value, &n)) {
		err_set(k->err, ERR_CONFLICT, "the value is no whole number");
		return false;
	}
	if (__builtin_add_overflow(n, json_get_int(k->ask, "by", 1), &sum)) {
		err_set(k->err, ERR_INVALID, "the sum is too large");
		return false;
	}
	return put_value(k, key, arena_printf(k->w->arena, "%" PRId64, sum), -1) && answer_value(k, key);
}

static bool do_drop(struct asked *k)
{
	struct str key;

	return read_key(k, &key) && store_value_drop(k->w->engine->db, k->w->engine->workspace_id, k->run->plugin, key, k->err);
}

static bool do_list(struct asked *k)
{
	struct engine *e = k->w->engine;
	int64_t limit = json_get_int(k->ask, "limit", 100);
	struct plugin_value *list;
	size_t count;

	if (!store_value_list(e->db, k->w->arena, e->workspace_id, k->run->plugin, json_get_str(k->ask, "after"), limit > 0 && limit <= 1000 ? (unsigned)limit : 100, &list, &count, k->err))
		return false;
	json_key(k->o, "keys");
	json_open(k->o, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(k->o, list[i].name);
	json_close(k->o, ']');
	return true;
}

/* ---- speaking, acting ---- */

static bool do_say(struct asked *k)
{
	struct str text = str_trim(json_get_str(k->ask, "text"));
	const struct run *r = k->run;

	if (!text.n || text.n > SAY_MAX) {
		err_set(k->err, ERR_INVALID, "text has 1 to %d bytes", SAY_MAX);
		return false;
	}
	if (!r->channel_id || r->dry_run) {
		err_set(k->err, ERR_CONFLICT, "this was not said in a channel");
		return false;
	}
	return note_reply(k->w, r->channel_id, r->thread_ts ? r->thread_ts : r->message_ts, mrkdwn_escape(k->w->arena, mask_text(k->w->arena, text)), k->err);
}

static bool do_run(struct asked *k)
{
	struct str text;
	bool ok;

	if (k->run->dry_run) {
		err_set(k->err, ERR_CONFLICT, "a dry run runs nothing");
		return false;
	}
	if (!k->w->engine->run_nested || str_is(k->run->via, "plugin 3")) {
		err_set(k->err, ERR_CONFLICT, "commands that run commands end here: %d deep is enough", DEEPEST);
		return false;
	}
	if (!k->w->engine->run_nested(k->w, k->run, json_get_str(k->ask, "line"), &ok, &text)) {
		*k->err = k->w->err;
		return false;
	}
	json_add_bool(k->o, "done", ok);
	json_add_str(k->o, "text", text);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct asked *k);
} verbs[] = {
	{"get", do_get}, {"put", do_put}, {"incr", do_incr}, {"drop", do_drop}, {"list", do_list}, {"say", do_say}, {"run", do_run},
};

/* ---- the item ---- */

void runs_answer_error(struct buf *answer, const struct err *err)
{
	struct json_out o;

	buf_reset(answer);
	o = json_out(answer);
	json_open(&o, '{');
	json_add_bool(&o, "ok", false);
	json_add_str(&o, "error", str_of(err_info(err->code)->name));
	json_add_str(&o, "detail", str_of(err->text));
	json_close(&o, '}');
}

static bool carry_out(struct work *w, int64_t run_id, struct str text, struct json_out *o, struct err *err)
{
	const struct json *ask = json_parse(w->arena, text, JSON_STRICT, err);
	struct str verb = json_get_str(ask, "do");
	struct run r;
	struct asked k = {.w = w, .ask = ask, .run = &r, .o = o, .err = err};

	if (!json_is(ask, JSON_OBJECT)) {
		if (!err->code)
			err_set(err, ERR_INVALID, "a call is one JSON object on a line");
		return false;
	}
	if (!store_run_find(w->engine->db, w->arena, run_id, &r, err)) {
		if (!err->code)
			err_set(err, ERR_NOT_FOUND, "the run is gone");
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (str_is(verb, verbs[i].name))
			return verbs[i].run(&k);
	err_set(err, ERR_INVALID, "`do` is get, put, incr, drop, list, say or run");
	return false;
}

bool runs_call_do(struct work *w, int64_t run_id, struct str text, struct buf *answer, struct err *err)
{
	struct json_out o;

	buf_init(answer, 1 * MIB);
	o = json_out(answer);
	json_open(&o, '{');
	json_add_bool(&o, "ok", true);
	if (!carry_out(w, run_id, text, &o, err))
		return false;
	json_close(&o, '}');
	if (answer->failed)
		err_set(err, ERR_TOO_BIG, "the answer is longer than 1 MiB");
	return !answer->failed;
}

static void call_run(struct work *w)
{
	struct call_item *it = (struct call_item *)w;
	struct err err = {0};

	w->failed = !runs_call_do(w, it->run_id, it->text, &it->answer, &err);
	if (w->failed)
		w->err = err;
}

static void call_done(struct work *w)
{
	struct call_item *it = (struct call_item *)w;

	if (w->failed)
		runs_answer_error(&it->answer, &w->err);
	if (it->call)
		runs_answer(w->engine, it->run_id, it->call, buf_str(&it->answer));
	buf_done(&it->answer);
	arena_done(&it->arena);
	mem_free(it);
}

static void submit(struct engine *e, int64_t run_id, int64_t call, struct str text)
{
	struct call_item *it = mem_new(sizeof *it);

	arena_init(&it->arena);
	it->run_id = run_id;
	it->call = call;
	it->text = arena_dup(&it->arena, text);
	it->work.arena = &it->arena;
	it->work.run = call_run;
	it->work.done = call_done;
	it->work.background = true;
	(void)!engine_submit(e, &it->work);
}

void runs_call(struct engine *e, int64_t run_id, int64_t call, struct str text)
{
	submit(e, run_id, call, text);
}

void runs_set(struct engine *e, int64_t run_id, struct str key, struct str value)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 256 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "do", S("put"));
	json_add_str(&o, "key", key);
	json_add_raw(&o, "value", value.n ? value : S("null"));
	json_close(&o, '}');
	submit(e, run_id, 0, buf_str(&b));
	buf_done(&b);
}
