/* What a program asks by its socket, one line: the answer is one JSON object, a refusal says why, and only our own fault may be an outage. Every
 * input is undone. */
#include "../unit/engine_fixture.h"
#include "engine/runs_calls.h"
#include "fuzz.h"
#include "store/runs.h"

static struct room room;
static int64_t run_id;

static void close_room(void)
{
	room_close(&room);
}

static bool add_run(struct work *w, void *context)
{
	struct str no = S("");
	struct run r = {.id = engine_id(w), .workspace_id = w->engine->workspace_id, .code = S("R-1"), .state = RUN_RUNNING, .user_id = room.user_id, .channel_id = room.channel_id,
			.via = S("cli"), .plugin = S("kit"), .version = S("1.0.0"), .digest = no, .words = S("kit x"), .call = S("kit:x"), .line = S("kit x"), .reason = no, .then = no,
			.why = no, .shown = no, .progress = no, .buttons = no, .output_hash = no};

	(void)context;
	run_id = r.id;
	return store_run_add(w->engine->db, &r, &w->err) && store_value_put(w->engine->db, w->arena, r.workspace_id, S("kit"), S("k"), S("5"), -1, w->now, &w->err);
}

static bool nested(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text)
{
	(void)w;
	(void)r;
	*ok = line.n % 2;
	*text = line;
	return true;
}

static bool ask(struct work *w, void *context)
{
	struct err err = {0}, ignored = {0};
	struct json *answer;
	struct buf b;
	bool ok = runs_call_do(w, run_id, *(struct str *)context, &b, &err);

	need(ok == (err.code == ERR_NONE) && !err_is_outage(err.code));
	if (!ok)
		runs_answer_error(&b, &err);
	need(str_is_utf8(buf_str(&b)) && !memchr(b.p, '\n', b.n));
	answer = json_parse(w->arena, buf_str(&b), JSON_STRICT, &ignored);
	need(json_is(answer, JSON_OBJECT) && json_get_bool(answer, "ok", !ok) == ok);
	need(ok || (json_get_str(answer, "error").n && json_get_str(answer, "detail").n));
	buf_done(&b);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err undone = {0};

	if (!room.e) {
		room_open(&room);
		room.e->run_nested = nested;
		room_run(&room, add_run, NULL);
		atexit(close_room);
	}
	(void)room_try(&room, ask, &in, &undone);
	free((char *)in.p);
	return 0;
}
