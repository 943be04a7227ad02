/* Two threads, as everywhere: the runner's and the servers' events and what a program said so far are the net thread's (struct live); rows are the work
 * thread's. One item at a time goes over for each run, with all lines that came meanwhile; they are read only when they are stored. */
#include "engine/runs.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mask.h"
#include "engine/engine_internal.h"
#include "engine/runs_calls.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"
#include "store/runs.h"

#include <inttypes.h>

#define SHOWN_MAX 12000               /* of a run's message */
#define PENDING_MAX (8 * MIB)         /* lines of all runs that wait for the store: then programs wait */
#define STORE_AGAIN (SECOND / 2)

struct item;

struct kept_line {
	struct kept_line *next;
	int stream;
	bool event;
	bool read;                    /* the output has it already */
	struct str text;              /* cleaned and masked */
};

struct live {
	struct runs *runs;
	int64_t id;
	int64_t seq, bytes;
	struct plugin_output output;
	struct crypt_sha256_stream hash;
	struct arena arena;           /* of the lines that wait */
	struct kept_line *first, **last;
	bool storing, dirty, started, ended;
	struct item *stuck;           /* that the store did not take */
	wall_ms started_at;
	mono_ms told_at;
	char *again;                  /* the order's; NULL: it is not tried again */
	struct runner_end end;
	char reason[400];
};

struct runs {
	struct engine *engine;
	struct runs_options options;
	struct runner *runner;        /* NULL: no program ran yet */
	struct rpc_runs *rpc;         /* NULL: no server was called yet */
	struct map live;              /* id -> struct live */
	size_t pending_bytes;
	bool holding;
	uv_timer_t *timer;            /* for messages that fell behind, and for a store that takes nothing */
};

/* ---- net thread: lines wait for the store ---- */

static void step(struct live *l);

static void hold(struct runs *r)
{
	bool full = r->pending_bytes > PENDING_MAX;

	if (r->runner && full != r->holding)
		runner_hold(r->runner, full);
	r->holding = full;
}

static struct kept_line *add_line(struct live *l, int stream, bool event, struct str text)
{
	struct kept_line *k = arena_zero(&l->arena, sizeof *k);

	k->stream = stream;
	k->event = event;
	k->text = mask_text(&l->arena, output_clean(&l->arena, text));
	*l->last = k;
	l->last = &k->next;
	l->runs->pending_bytes += k->text.n + sizeof *k;
	hold(l->runs);
	return k;
}

static void on_line(void *context, int64_t id, const struct runner_line *line)
{
	struct runs *r = context;
	struct live *l = map_get(&r->live, (uint64_t)id);

	if (!l)
		return;
	(void)add_line(l, line->ours ? 3 : line->err ? 2 : 1, line->event, line->text);
	step(l);
}

static void on_started(void *context, int64_t id, int pid)
{
	struct live *l = map_get(&((struct runs *)context)->live, (uint64_t)id);

	(void)pid;
	if (!l)
		return;
	l->started = l->dirty = true;
	l->started_at = wall_now();
	step(l);
}

static void on_end(void *context, int64_t id, const struct runner_end *end)
{
	struct live *l = map_get(&((struct runs *)context)->live, (uint64_t)id);

	if (!l)
		return;
	l->ended = true;
	l->end = *end;
	snprintf(l->reason, sizeof l->reason, STR_FMT, STR_ARG(str_clip(end->reason, sizeof l->reason - 1)));
	l->end.reason = str_of(l->reason);
	step(l);
}

/* The whole of it is read at once; its text is logged line by line. */
static void on_rpc_answer(void *context, const struct rpc_order *order, int status, struct str body, span_ms wall)
{
	struct live *l = map_get(&((struct runs *)context)->live, (uint64_t)order->id);
	struct str result, line;

	if (!l)
		return;
	rpc_answer_read(order->error_response, mask_json(&l->arena, body), status, &l->output, &result);
	while (result.n) {
		result = str_cut(result, '\n', &line);
		add_line(l, 1, false, str_clip(line, OUTPUT_LINE_MAX))->read = true;
	}
	if (l->output.failed)
		add_line(l, 2, false, l->output.error_hint)->read = true;
	l->dirty = true;
	on_end(context, order->id, &(struct runner_end){.code = l->output.failed ? 1 : 0, .reason = S(""), .wall = wall});
}

static void on_log(void *context, struct str plugin, struct str text)
{
	(void)context;
	log_info(EV_PLUGIN, F_STR("plugin", plugin), F_STR("said", str_clip(text, 1000)));
}

static void on_call(void *context, int64_t id, int64_t call, struct str text)
{
	struct runs *r = context;

	runs_call(r->engine, id, call, text);
}

void runs_answer(struct engine *e, int64_t run_id, int64_t call, struct str text)
{
	if (e->runs && e->runs->runner)
		runner_answer(e->runs->runner, run_id, call, text);
}

static void live_free(struct live *l)
{
	map_take(&l->runs->live, (uint64_t)l->id);
	plugin_output_done(&l->output);
	arena_done(&l->arena);
	mem_free(l->again);
	mem_free(l);
}

/* ---- an item for the work thread ---- */

struct item {
	struct work work; /* first */
	struct arena arena;
	int64_t id;
	struct kept_line *lines;
	int64_t first_seq, line_count, byte_count;
	size_t held_bytes;
	wall_ms started_at;
	bool tells, ends;
	struct str shown, progress, buttons, rows, hash, error, again;
	struct runner_end end;
	bool said_error;
};

static void item_free(struct item *it)
{
	if (!it)
		return;
	arena_done(&it->arena);
	mem_free(it);
}

static bool store_lines(struct work *w, const struct item *it)
{
	int64_t seq = it->first_seq;

	for (const struct kept_line *k = it->lines; k; k = k->next)
		if (!store_run_line_add(w->engine->db, it->id, &(struct run_line){seq++, w->now, k->stream, k->text}, &w->err))
			return false;
	return true;
}

static bool tell(struct work *w, int64_t id)
{
	effect_wake(w);
	return store_outbox_waits(w->engine->db, id, KIND_RUN, S("")) || store_due_add(w->engine->db, DUE_OUTBOX, id, engine_id(w), w->now, KIND_RUN, S(""), &w->err);
}

/* A preview of a request is told by that. */
static bool is_told(const struct run *r)
{
	return r->channel_id && !(r->dry_run && r->held_id);
}

static enum run_state state_of(const struct item *it)
{
	const struct runner_end *e = &it->end;

	if (e->unknown)
		return RUN_UNKNOWN;
	if (e->cancelled)
		return RUN_CANCELLED;
	if (e->timed_out)
		return RUN_TIMED_OUT;
	return plugin_exit_find(e->code)->ok && !it->said_error ? RUN_DONE : RUN_FAILED;
}

static struct str why_of(struct work *w, const struct item *it, const struct run *r)
{
	if (r->state == RUN_DONE && !it->end.code)
		return S("");
	if (it->end.reason.n)
		return arena_dup(w->arena, it->end.reason);
	if (it->error.n)
		return it->error;
	return plugin_exit_say(w->arena, r->words, it->end.code);
}

/* It is over: what waits for it hears, its message says so. */
static bool over(struct work *w, struct run *r, struct str rows, struct err *err)
{
	r->ended = w->now;
	r->again_at = 0;
	r->progress = S("");
	return store_run_turn(w->engine->db, r, err) && store_run_shown(w->engine->db, r, err) && (!w->engine->run_ended || w->engine->run_ended(w, r, rows, err));
}

/* A while until the next try, if it is to be tried again; 0. */
static span_ms again_after(const struct item *it, const struct run *r)
{
	const struct runner_end *e = &it->end;

	return it->again.n && !r->dry_run && !e->unknown && !e->cancelled && !e->timed_out && plugin_exit_find(e->code)->again ? run_again_after(r->tries) : 0;
}

static bool wait_for(struct work *w, const struct item *it, struct run *r, span_ms span)
{
	struct db *db = w->engine->db;

	r->state = RUN_WAITING;
	r->tries++;
	r->again_at = w->now + span;
	r->why = r->progress = S("");
	return store_run_turn(db, r, &w->err) && store_run_shown(db, r, &w->err) && store_due_add(db, DUE_TIMER, r->id, engine_id(w), r->again_at, TIMER_RUN, it->again, &w->err);
}

static bool finish(struct work *w, const struct item *it, struct run *r)
{
	span_ms again = again_after(it, r);

	r->state = again ? RUN_WAITING : state_of(it);
	r->exit_code = it->end.code;
	r->why = why_of(w, it, r);
	r->output_hash = it->hash;
	r->lines = it->line_count;
	r->bytes = it->byte_count;
	log_info(EV_RUN, F_STR("run", r->code), F_STR("command", r->words), F_TXT("state", run_state_name(r->state)), F_INT("exit", r->exit_code), F_INT("ms", it->end.wall));
	return again ? wait_for(w, it, r, again) : over(w, r, it->rows, &w->err);
}

static void item_run(struct work *w)
{
	struct item *it = (struct item *)w;
	struct run r;

	w->failed = true;
	if (!store_lines(w, it))
		return;
	if (it->tells || it->ends) {
		if (!store_run_find(w->engine->db, w->arena, it->id, &r, &w->err))
			return;
		r.shown = it->shown;
		r.progress = it->progress;
		r.buttons = it->buttons;
		if (r.state == RUN_QUEUED && it->started_at) {
			r.state = RUN_RUNNING;
			if (!r.started)
				r.started = it->started_at;
			if (!store_run_turn(w->engine->db, &r, &w->err))
				return;
		}
		if (!(it->ends ? finish(w, it, &r) : store_run_shown(w->engine->db, &r, &w->err)) || (is_told(&r) && !tell(w, r.id)))
			return;
	}
	w->failed = false;
}

/* Net thread: what was stored is read. */
static void read_lines(struct live *l, const struct item *it)
{
	struct output_event event;

	for (const struct kept_line *k = it->lines; k; k = k->next) {
		crypt_sha256_add(&l->hash, k->text);
		crypt_sha256_add(&l->hash, S("\n"));
		if (k->stream == 2 || k->read)
			continue; /* the log has it; a failure shows its end */
		if (k->event)
			plugin_output_event(&l->output, k->text, &event);
		else
			plugin_output_line(&l->output, k->text, &event);
		if (event.kind == OUTPUT_SET)
			runs_set(l->runs->engine, l->id, event.name, event.text);
		l->dirty = true;
	}
}

static void on_timer(uv_timer_t *t);

static void item_done(struct work *w)
{
	struct item *it = (struct item *)w;
	struct runs *r = w->engine->runs;
	struct live *l = r ? map_get(&r->live, (uint64_t)it->id) : NULL;

	if (!l) { /* runs_free() */
		item_free(it);
		return;
	}
	if (w->failed && w->err.code == ERR_CONFLICT) /* it was ended from elsewhere */
		it->ends = true;
	else if (w->failed) { /* the store takes nothing: the same again a little later, lines and all */
		l->stuck = it;
		uv_timer_start(r->timer, on_timer, STORE_AGAIN, 0);
		return;
	}
	l->storing = false;
	r->pending_bytes -= it->held_bytes;
	hold(r);
	read_lines(l, it);
	if (it->ends) {
		live_free(l);
		engine_busy(r->engine, -1);
	} else {
		step(l);
	}
	item_free(it);
}

static struct str buttons_json(struct arena *a, const struct plugin_output *o)
{
	struct json_out out;
	struct buf b;

	if (!o->button_count)
		return S("");
	buf_init(&b, 64 * KIB);
	out = json_out(&b);
	json_open(&out, '[');
	for (size_t i = 0; i < o->button_count; i++) {
		json_open(&out, '{');
		json_add_str(&out, "label", o->buttons[i].label);
		json_add_str(&out, "command", o->buttons[i].command);
		json_close(&out, '}');
	}
	json_close(&out, ']');
	return buf_keep(a, &b);
}

static void take_snapshot(struct item *it, struct live *l)
{
	const struct plugin_output *o = &l->output;

	it->tells = true;
	it->shown = str_clip(plugin_output_text(o, &it->arena), SHOWN_MAX);
	it->buttons = buttons_json(&it->arena, o);
	it->progress = o->percent >= 0 || o->progress[0] ? arena_printf(&it->arena, "%s%s", o->percent >= 0 ? arena_printf(&it->arena, "%d %% ", o->percent).p : "", o->progress) : S("");
	l->dirty = false;
	l->told_at = mono_now();
}

static void take_end(struct item *it, struct live *l)
{
	struct crypt_sha256_stream hash = l->hash;

	it->ends = true;
	it->end = l->end;
	it->rows = plugin_output_rows(&l->output, &it->arena);
	it->said_error = l->output.failed;
	it->error = l->output.failed ? arena_printf(&it->arena, STR_FMT "%s" STR_FMT, STR_ARG(l->output.error_code), l->output.error_hint.n ? ": " : "", STR_ARG(l->output.error_hint)) : S("");
	it->hash = crypt_sha256_end(&hash, &it->arena);
	if (l->again)
		it->again = arena_dup(&it->arena, str_of(l->again));
}

/* Hands over what there is, if nothing of this run is under way. */
static void step(struct live *l)
{
	/* The end comes right behind its last lines: they are told together. */
	bool lines = l->first != NULL, due = l->dirty && !(l->ended && lines) && (l->ended || !l->told_at || mono_now() - l->told_at >= l->runs->options.tell_every);
	struct item *it;

	if (l->storing || (!lines && !due && !l->ended)) {
		if (!l->storing && l->dirty && !uv_is_active((uv_handle_t *)l->runs->timer))
			uv_timer_start(l->runs->timer, on_timer, (uint64_t)l->runs->options.tell_every, 0);
		return;
	}
	it = mem_new(sizeof *it);
	it->arena = l->arena;
	it->lines = l->first;
	arena_init(&l->arena);
	l->first = NULL;
	l->last = &l->first;
	it->id = l->id;
	it->first_seq = l->seq + 1;
	for (const struct kept_line *k = it->lines; k; k = k->next) {
		l->seq++;
		l->bytes += (int64_t)k->text.n + 1;
		it->held_bytes += k->text.n + sizeof *k;
	}
	it->line_count = l->seq;
	it->byte_count = l->bytes;
	it->started_at = l->started ? l->started_at : 0;
	it->shown = it->progress = it->buttons = it->rows = it->hash = it->error = it->again = S("");
	if (due || (l->ended && !lines))
		take_snapshot(it, l);
	if (l->ended && !lines) /* the last lines were read by now */
		take_end(it, l);
	it->work.arena = &it->arena;
	it->work.run = item_run;
	it->work.done = item_done;
	it->work.background = true;
	l->storing = true;
	(void)!engine_submit(l->runs->engine, &it->work);
}

static void on_timer(uv_timer_t *t)
{
	struct runs *r = t->data;
	size_t at = 0;
	void *value;

	while (map_next(&r->live, &at, &value)) {
		struct live *l = value;
		struct item *it = l->stuck;

		if (!it) {
			step(l);
			continue;
		}
		l->stuck = NULL;
		it->work.failed = false;
		err_clear(&it->work.err);
		(void)!engine_submit(r->engine, &it->work);
	}
}

/* ---- starting ---- */

void runs_new(struct engine *e, const struct runs_options *options)
{
	struct runs *r = mem_new(sizeof *r);

	r->engine = e;
	r->options = *options;
	if (!r->options.tell_every)
		r->options.tell_every = SECOND;
	e->runs = r;
}

static void timer_closed(uv_handle_t *h)
{
	mem_free(h);
}

void runs_free(struct engine *e)
{
	struct runs *r = e->runs;
	void *value;

	if (!r)
		return;
	runner_free(r->runner);
	rpc_runs_free(r->rpc);
	if (r->timer)
		uv_close((uv_handle_t *)r->timer, timer_closed);
	for (size_t at = 0; map_next(&r->live, &at, &value); at = 0) {
		item_free(((struct live *)value)->stuck);
		live_free(value);
		engine_busy(e, -1);
	}
	map_done(&r->live);
	mem_free(r);
	e->runs = NULL;
}

static void timer_ready(struct runs *r)
{
	if (r->timer)
		return;
	r->timer = mem_new(sizeof *r->timer);
	uv_timer_init(r->engine->loop->uv, r->timer);
	r->timer->data = r;
}

static bool program_start(struct runs *r, const struct runner_order *order, struct err *err)
{
	static const struct runner_events events = {.on_started = on_started, .on_line = on_line, .on_call = on_call, .on_end = on_end, .on_log = on_log};

	if (!r->runner && !(r->runner = runner_new(r->engine->loop->uv, &r->options.runner, &events, r))) {
		err_set(err, ERR_UNAVAILABLE, "the process that runs programs could not be started");
		return false;
	}
	return runner_start(r->runner, order, err);
}

static bool request_start(struct runs *r, const struct rpc_order *order, struct err *err)
{
	static const struct rpc_events events = {.on_started = on_started, .on_answer = on_rpc_answer, .on_end = on_end};

	if (!r->rpc)
		r->rpc = rpc_runs_new(r->engine->loop->uv, r->options.runner.at_once ? r->options.runner.at_once : 16, &events, r);
	return rpc_runs_start(r->rpc, order, err);
}

struct starting {
	struct engine *engine;
	const struct run_order *order;
	int64_t id, seq, bytes;
	struct crypt_sha256_stream hash;
};

static struct live *live_new(struct runs *r, const struct starting *s)
{
	struct live *l = mem_new(sizeof *l);

	l->runs = r;
	l->id = s->id;
	l->seq = s->seq;
	l->bytes = s->bytes;
	l->hash = s->hash;
	l->again = s->order->again.n ? mem_dup(s->order->again) : NULL;
	l->last = &l->first;
	arena_init(&l->arena);
	plugin_output_init(&l->output);
	map_put(&r->live, (uint64_t)l->id, l);
	return l;
}

/* After the commit, on the net thread. */
static void start_now(void *context)
{
	struct starting *s = context;
	struct runs *r = s->engine->runs;
	struct err err = {0};

	if (!r)
		return;
	engine_busy(s->engine, 1);
	timer_ready(r);
	(void)live_new(r, s);
	if (!(s->order->program.argc ? program_start(r, &s->order->program, &err) : request_start(r, &s->order->rpc, &err)))
		on_end(r, s->id, &(struct runner_end){.code = RUNNER_NO_START, .reason = str_of(err.text)});
}

static bool next_code(struct work *w, struct run *r, struct err *err)
{
	struct engine *e = w->engine;
	struct str last;
	int64_t n = 0;

	if (!store_setting_get(e->db, w->arena, e->workspace_id, "run_number", &last, err))
		return false;
	(void)str_to_int(last, &n);
	r->code = arena_printf(w->arena, "R-%" PRId64, n + 1);
	return store_setting_put(e->db, e->workspace_id, "run_number", arena_printf(w->arena, "%" PRId64, n + 1), err);
}

/* The hash goes on over what was said before. */
static bool hash_lines(struct work *w, const struct run *r, struct crypt_sha256_stream *hash, struct err *err)
{
	struct run_line *lines;
	size_t count = 0;

	crypt_sha256_begin(hash);
	for (int64_t after = 0; after < r->lines; after = lines[count - 1].seq) {
		if (!store_run_lines(w->engine->db, w->arena, r->id, after, 1000, &lines, &count, err))
			return false;
		if (!count)
			break;
		for (size_t i = 0; i < count; i++) {
			crypt_sha256_add(hash, lines[i].text);
			crypt_sha256_add(hash, S("\n"));
		}
	}
	return true;
}

static bool start(struct work *w, struct run *r, struct run_order *order, struct err *err)
{
	struct starting *s = arena_alloc(w->arena, sizeof *s);

	order->program.id = order->rpc.id = r->id;
	r->state = RUN_QUEUED;
	r->shown = r->progress = r->buttons = r->why = S("");
	*s = (struct starting){.engine = w->engine, .order = order, .id = r->id, .seq = r->lines, .bytes = r->bytes};
	effect_call(w, start_now, s);
	return hash_lines(w, r, &s->hash, err) && (!is_told(r) || tell(w, r->id));
}

bool runs_start(struct work *w, struct run *r, struct run_order *order, struct err *err)
{
	if (!w->engine->runs) {
		err_set(err, ERR_UNAVAILABLE, "programs do not run here");
		return false;
	}
	r->workspace_id = w->engine->workspace_id;
	r->created = w->now;
	r->output_hash = S("");
	return next_code(w, r, err) && start(w, r, order, err) && store_run_add(w->engine->db, r, err);
}

bool runs_start_again(struct work *w, struct run *r, struct run_order *order, struct err *err)
{
	r->again_at = 0;
	return start(w, r, order, err) && store_run_turn(w->engine->db, r, err) && store_run_shown(w->engine->db, r, err);
}

/* ---- cancelling, finding ---- */

struct cancelling {
	struct engine *engine;
	int64_t id;
};

static void cancel_now(void *context)
{
	struct cancelling *c = context;

	struct runs *r = c->engine->runs;

	if (r && !(r->runner && runner_cancel(r->runner, c->id)) && r->rpc)
		(void)!rpc_runs_cancel(r->rpc, c->id);
}

/* Nothing of it is under way. */
static bool end_waiting(struct work *w, struct run r, enum run_state state, struct str why, struct err *err)
{
	r.state = state;
	r.why = why;
	return over(w, &r, S("[]"), err) && (!is_told(&r) || tell(w, r.id));
}

bool runs_due(struct work *w, int64_t id, struct str again)
{
	struct err err = {0};
	struct run r;

	if (!store_run_find(w->engine->db, w->arena, id, &r, &w->err) || r.state != RUN_WAITING)
		return w->err.code == ERR_NONE;
	if (w->engine->run_again && w->engine->run_again(w, &r, again, &err))
		return true;
	if (err_is_outage(err.code)) {
		w->err = err;
		return false;
	}
	return end_waiting(w, r, RUN_FAILED, arena_printf(w->arena, "it was not tried again: %s", err.text), &w->err);
}

bool runs_cancel(struct work *w, const struct run *r, struct err *err)
{
	struct cancelling *c = arena_alloc(w->arena, sizeof *c);

	if (run_is_over(r->state)) {
		err_set(err, ERR_CONFLICT, STR_FMT " is over: %s", STR_ARG(r->code), run_state_name(r->state));
		return false;
	}
	if (r->state == RUN_WAITING)
		return store_timer_drop(w->engine->db, r->id, TIMER_RUN, err) && end_waiting(w, *r, RUN_CANCELLED, S(""), err);
	*c = (struct cancelling){w->engine, r->id};
	effect_call(w, cancel_now, c);
	return true;
}

bool runs_find(struct work *w, struct str ref, struct run *out, struct err *err)
{
	struct engine *e = w->engine;
	int64_t id;

	if (ref.n > 2 && ref.n < 24 && (ref.p[0] == 'R' || ref.p[0] == 'r') && ref.p[1] == '-' &&
	    store_run_by_code(e->db, w->arena, e->workspace_id, arena_printf(w->arena, "R" STR_FMT, STR_ARG(str_n(ref.p + 1, ref.n - 1))), out, err))
		return true;
	if (!err->code && str_to_int(ref, &id) && store_run_find(e->db, w->arena, id, out, err))
		return true;
	if (!err->code)
		err_set(err, ERR_NOT_FOUND, "there is no run `" STR_FMT "`; `jobs` lists them", STR_ARG(str_clip(ref, 40)));
	return false;
}

unsigned runs_under_way(struct engine *e)
{
	return e->runs ? (unsigned)e->runs->live.count : 0;
}

/* Nobody knows how far they came; they are not run again. */
bool runs_after_start(struct work *w, struct err *err)
{
	struct run_filter f = {.state = -1, .plugin = S(""), .limit = 1000};
	struct run *list;
	size_t count;

	do {
		if (!store_run_list(w->engine->db, w->arena, w->engine->workspace_id, &f, &list, &count, err))
			return false;
		for (size_t i = 0; i < count; i++) {
			f.before_id = list[i].id;
			if (list[i].state != RUN_WAITING && /* its timer is in the store */
			    !end_waiting(w, list[i], RUN_UNKNOWN, S("opsroom ended while it was under way; nobody knows how far it came, and it is not run again"), err))
				return false;
		}
	} while (count == f.limit);
	return true;
}
