#include "commands/plugin_go.h"

#include "base/mask.h"
#include "commands/rulebook.h"
#include "engine/alerts.h"
#include "engine/held.h"
#include "engine/messages.h"
#include "engine/runs.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/held.h"
#include "store/runs.h"

#include <inttypes.h>

#define SHOWN_MAX 12000 /* of a run's message, as in engine/runs.c */

/* ---- what the program gets ---- */

static bool read_approvals(struct call *call, struct plugin_request *q)
{
	struct work *w = call->work;
	struct held_vote *votes;
	struct plugin_approval *all;
	size_t count;

	if (!call->held || call->held->kind != HELD_APPROVAL)
		return true;
	if (!store_held_votes(w->engine->db, w->arena, call->held->id, &votes, &count, &call->err))
		return false;
	all = arena_alloc(w->arena, (count + 1) * sizeof *all);
	for (size_t i = 0; i < count; i++) {
		struct err ignored = {0};
		struct user u = {.name = S("")};

		(void)store_user_find(w->engine->db, w->arena, w->engine->workspace_id, votes[i].user_id, &u, &ignored);
		all[i] = (struct plugin_approval){u.name, votes[i].at};
	}
	q->approvals = all;
	q->approval_count = count;
	return true;
}

static span_ms time_of(const struct call *call, const struct plugin_command *c)
{
	return call->typed.flags.timeout && call->typed.flags.timeout < c->timeout ? call->typed.flags.timeout : c->timeout;
}

static bool request_of(struct call *call, const struct plugin_command *c, int64_t id, bool dry, struct plugin_request *q)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct err ignored = {0};
	struct channel ch = {.name = S("")};

	*q = (struct plugin_request){.id = arena_printf(w->arena, "%" PRId64, id),
				     .command = c,
				     .call = &call->typed,
				     .raw = call->raw,
				     .user_id = id_write(w->arena, 'U', who->user->id),
				     .user = who->user->name,
				     .email = who->user->email,
				     .room_id = S(""),
				     .room = S(""),
				     .thread = S(""),
				     .incident = call->typed.flags.incident,
				     .dry_run = dry,
				     .rows = call->rows,
				     .deadline = w->now + time_of(call, c)};
	if (who->channel_id && store_channel_find(w->engine->db, w->arena, who->channel_id, &ch, &ignored)) {
		q->room_id = id_write(w->arena, ch.kind == CHANNEL_DM ? 'D' : 'C', ch.id);
		q->room = ch.kind == CHANNEL_DM ? S("") : ch.name;
		q->thread = who->thread_ts ? ts_text(w->arena, who->thread_ts) : S("");
	}
	return read_approvals(call, q);
}

struct secret plugin_secret_key(const struct engine *e)
{
	struct secret key;

	crypt_hmac_sha256(&e->key, S("secrets of plugins"), key.bytes);
	return key;
}

bool plugin_secret(struct work *w, struct str plugin, struct str name, int64_t channel_id, int64_t user_id, struct str *out, struct err *err)
{
	struct secret key = plugin_secret_key(w->engine);
	struct plugin_secret *list;
	size_t count;

	*out = (struct str){NULL, 0};
	if (!store_secret_list(w->engine->db, w->arena, w->engine->workspace_id, plugin, &list, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct plugin_secret *s = &list[i];
		bool ours = s->layer <= SECRET_PLUGIN || s->layer_id == (s->layer == SECRET_CHANNEL ? channel_id : user_id);

		if (ours && str_eq(s->name, name))
			(void)!crypt_open(w->arena, &key, s->sealed, out);
	}
	if (!out->p) {
		err_set(err, ERR_CONFLICT, "the secret `" STR_FMT "` is not set: an admin says `opsroom secret set " STR_FMT " " STR_FMT "`", STR_ARG(name), STR_ARG(plugin), STR_ARG(name));
		return false;
	}
	(void)mask_add(*out);
	return true;
}

static bool secrets_of(struct call *call, const struct plugin_command *c, struct runner_order *order)
{
	struct runner_secret *all = arena_alloc(call->work->arena, (c->secret_count + 1) * sizeof *all);

	order->secrets = all;
	for (; order->secret_count < c->secret_count; order->secret_count++) {
		struct runner_secret *s = &all[order->secret_count];

		s->name = c->secrets[order->secret_count];
		if (!plugin_secret(call->work, c->owner->name, s->name, call->caller->channel_id, call->caller->user->id, &s->content, &call->err))
			return false;
	}
	return true;
}

static bool program_order(struct call *call, const struct plugin_command *c, const struct plugin_request *q, struct runner_order *order)
{
	const struct plugin *p = c->owner;
	struct plugin_input in;

	if (!plugin_request_write(call->work->arena, q, &in, &call->err))
		return false;
	*order = (struct runner_order){.plugin = p->name,
				       .argv = in.argv,
				       .argc = in.argc,
				       .folder = p->folder.n && p->carrier != PLUGIN_CONTAINER ? arena_dup(call->work->arena, p->folder).p : NULL,
				       .env = in.env,
				       .env_count = in.env_count,
				       .input = in.document,
				       .serve = p->carrier == PLUGIN_SERVE ? p->digest : S(""),
				       .image = p->carrier == PLUGIN_CONTAINER ? p->image : S(""),
				       .network = c->network,
				       .callback = true,
				       .limits = runner_default_limits};
	order->limits.time = time_of(call, c);
	order->limits.output_bytes = c->output_bytes;
	order->limits.at_once = c->concurrency;
	return secrets_of(call, c, order);
}

/* All in the work's arena: another rulebook may be in force when it starts. */
static bool rpc_order(struct call *call, const struct plugin_command *c, const struct plugin_request *q, struct rpc_order *order)
{
	struct arena *a = call->work->arena;
	const struct plugin *p = c->owner;

	*order = (struct rpc_order){.plugin = arena_dup(a, p->name),
				    .url = rpc_call_url(a, c),
				    .body = rpc_call_body(a, q),
				    .key_id = arena_dup(a, p->key_id),
				    .error_response = arena_dup(a, p->error_response),
				    .time = time_of(call, c),
				    .at_once = c->concurrency};
	return plugin_secret(call->work, p->name, p->key, call->caller->channel_id, call->caller->user->id, &order->key, &call->err);
}

/* The call as a line, and behind a line feed the rows that it got. */
static struct str again_of(struct call *call)
{
	struct str line = call_line(call, LINE_WITH_REASON);

	return call->rows.p ? arena_printf(call->work->arena, STR_FMT "\n" STR_FMT, STR_ARG(line), STR_ARG(call->rows)) : line;
}

static struct run_order *make_order(struct call *call, const struct plugin_command *c, int64_t id, bool dry)
{
	struct run_order *order = arena_zero(call->work->arena, sizeof *order);
	struct plugin_request q;
	bool ok;

	if (!request_of(call, c, id, dry, &q))
		return NULL;
	ok = c->owner->carrier == PLUGIN_RPC ? rpc_order(call, c, &q, &order->rpc) : program_order(call, c, &q, &order->program);
	order->again = c->spec.idempotent ? again_of(call) : S("");
	return ok ? order : NULL;
}

/* ---- starting ---- */

static bool start(struct call *call, const struct plugin_command *c, bool dry, int64_t held_id, struct run *r)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct run_order *order;

	*r = (struct run){.id = engine_id(w),
			  .user_id = who->user->id,
			  .channel_id = who->channel_id,
			  .thread_ts = who->thread_ts,
			  .via = str_of(who->via),
			  .scope = who->scope,
			  .plugin = c->owner->name,
			  .version = c->owner->version,
			  .digest = c->owner->digest,
			  .words = c->spec.words,
			  .call = call->typed.canonical,
			  .line = call->raw,
			  .reason = call->typed.flags.reason,
			  .then = call->then,
			  .held_id = held_id,
			  .dry_run = dry};
	return plugin_unchanged(c->owner, &call->err) && (order = make_order(call, c, r->id, dry)) && runs_start(w, r, order, &call->err);
}

void plugin_go(struct call *call, const struct plugin_command *c)
{
	struct json_out o = json_out(&call->data);
	struct run r;

	if (!start(call, c, call->typed.flags.dry_run, call->held && call->held->kind != HELD_CONFIRM ? call->held->id : call->held ? call->held->id : 0, &r))
		return;
	call->runs_on = true;
	call->told = call->caller->channel_id != 0;
	call->home_id = r.id;
	call->run = r.code;
	buf_printf(&call->text, ":gear: *" STR_FMT "* `" STR_FMT "` is running. `job cancel " STR_FMT "` ends it.", STR_ARG(r.code), STR_ARG(mrkdwn_escape(call->work->arena, r.words)), STR_ARG(r.code));
	json_open(&o, '{');
	json_key(&o, "run");
	json_open(&o, '{');
	runs_write(call->work, &o, &r);
	json_close(&o, '}');
	json_close(&o, '}');
}

void plugin_preview(struct call *call, const struct plugin_command *c, int64_t held_id)
{
	struct call dry = *call;
	struct err err = {0};
	struct run r;

	dry.typed.flags.dry_run = true;
	dry.held = NULL;
	dry.then = S("");
	err_clear(&dry.err);
	if (start(&dry, c, true, held_id, &r))
		return;
	if (err_is_outage(dry.err.code))
		call->err = dry.err;
	else if (!store_held_preview(call->work->engine->db, held_id, arena_printf(call->work->arena, "There is no preview: %s.", dry.err.text), &err))
		call->err = err;
}

/* ---- the end ---- */

static struct str ended_detail(struct work *w, const struct run *r)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "run", r->code);
	json_add_str(&o, "call", r->call);
	json_add_str(&o, "plugin", arena_printf(w->arena, STR_FMT " " STR_FMT, STR_ARG(r->plugin), STR_ARG(r->version)));
	json_add_str(&o, "digest", r->digest);
	json_add_int(&o, "exit", r->exit_code);
	json_add_int(&o, "us", r->started ? (r->ended - r->started) * 1000 : 0);
	json_add_int(&o, "lines", r->lines);
	json_add_str(&o, "output", r->output_hash);
	if (r->channel_id)
		json_add_str(&o, "channel", id_write(w->arena, 'C', r->channel_id));
	if (r->why.n)
		json_add_str(&o, "why", r->why);
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

static bool tell_held(struct work *w, const struct run *r, struct err *err)
{
	struct held h;
	bool ok = r->state == RUN_DONE;

	if (!store_held_find(w->engine->db, w->arena, r->held_id, &h, err))
		return err->code == ERR_NONE;
	if (r->dry_run) {
		h.preview = str_clip(r->shown.n ? r->shown : r->why, HELD_PREVIEW_MAX);
		return store_held_preview(w->engine->db, h.id, h.preview, err) && held_tell(w, &h, err);
	}
	if (h.state != HELD_RUNNING)
		return true;
	h.outcome = str_clip(r->shown, HELD_PREVIEW_MAX);
	return held_turn(w, &h, ok ? HELD_ON_DONE : HELD_ON_FAIL, 0, ok ? S("") : r->why, err);
}

static bool owner_of(struct work *w, const struct run *r, struct user *u, struct caller *caller, struct err *err)
{
	if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, r->user_id, u, err) || u->deleted)
		return false;
	*caller = (struct caller){.user = u, .scope = (enum scope)r->scope, .via = r->via.p, .kind = LINE_CANONICAL, .channel_id = r->channel_id, .thread_ts = r->thread_ts};
	return true;
}

/* What stands behind it in the pipe: its answer takes the place of the program's. */
static bool go_on(struct work *w, const struct run *r, struct str rows, struct err *err)
{
	struct command_result result;
	struct caller caller;
	struct run shown = *r;
	struct user u;

	if (!owner_of(w, r, &u, &caller, err))
		return err->code == ERR_NONE;
	if (!command_run_then(w, &caller, &(struct ran){rows, r->shown}, r->then, &result)) {
		*err = w->err;
		return false;
	}
	shown.shown = str_clip(result.text, SHOWN_MAX);
	return store_run_shown(w->engine->db, &shown, err);
}

bool plugin_ended(struct work *w, const struct run *r, struct str rows, struct err *err)
{
	const char *action = arena_printf(w->arena, STR_FMT " end", STR_ARG(r->plugin)).p;

	if (!r->dry_run || !r->held_id) {
		if (!audit_note(w, r->id, r->user_id, action, r->via.p, ended_detail(w, r), run_state_name(r->state), err))
			return false;
		if (r->then.n && r->state == RUN_DONE && !go_on(w, r, rows, err))
			return false;
	}
	return !r->held_id || tell_held(w, r, err);
}

/* ---- once more ---- */

/* The line as it stands now: the same plugin, who started it may still run it, and nobody else has its target. */
static bool read_again(struct call *call, const struct run *r, struct str line)
{
	const struct plugin_command *c;

	if (!command_read(call->work, call->caller, line, &call->typed, &call->err))
		return false;
	c = plugin_command_of(call->typed.spec);
	if (!c || !str_eq(c->owner->digest, r->digest)) {
		err_set(&call->err, ERR_CONFLICT, "the plugin was changed meanwhile");
		return false;
	}
	call->digest = c->owner->digest;
	return call_may(call) && call_let(call, &call->err) && plugin_unchanged(c->owner, &call->err);
}

static bool go_again(struct call *call, struct run *r, struct str again)
{
	struct work *w = call->work;
	struct run_order *order;
	struct held held;
	struct str line;

	if (r->held_id) {
		if (!store_held_find(w->engine->db, w->arena, r->held_id, &held, &call->err)) {
			if (!call->err.code)
				err_set(&call->err, ERR_NOT_FOUND, "the request that was approved is gone");
			return false;
		}
		call->held = &held;
	}
	call->rows = str_cut(again, '\n', &line);
	if (line.n == again.n)
		call->rows = (struct str){NULL, 0};
	call->raw = r->line;
	return read_again(call, r, line) && (order = make_order(call, plugin_command_of(call->typed.spec), r->id, false)) && runs_start_again(w, r, order, &call->err);
}

bool plugin_try_again(struct work *w, struct run *r, struct str again, struct err *err)
{
	struct caller caller;
	struct call call;
	struct user u;
	bool ok;

	if (!owner_of(w, r, &u, &caller, err)) {
		if (!err->code)
			err_set(err, ERR_NOT_FOUND, "who started it is gone");
		return false;
	}
	call_init(&call, w, &caller);
	ok = go_again(&call, r, again);
	*err = call.err;
	call_done(&call);
	return ok;
}

/* ---- asked by a program ---- */

bool plugin_nested(struct work *w, const struct run *r, struct str line, bool *ok, struct str *text)
{
	struct command_result result;
	struct caller caller;
	struct err err = {0};
	struct user u;

	*ok = false;
	if (!owner_of(w, r, &u, &caller, &err)) {
		w->err = err;
		*text = S("who started the run is gone");
		return !err.code;
	}
	caller.kind = LINE_TYPED;
	caller.via = str_is(r->via, "plugin 2") ? "plugin 3" : str_is(r->via, "plugin") ? "plugin 2" : "plugin";
	if (!command_run(w, &caller, line, &result))
		return false;
	*ok = result.ok;
	*text = result.text;
	return true;
}

bool run_visible(struct work *w, const struct run *r, const struct user *u)
{
	return r->user_id == u->id || u->role >= ROLE_OPERATOR || chat_may_read(w, r->channel_id, u->id);
}
