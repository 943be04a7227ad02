#include "commands/plugin_go.h"

#include "base/mask.h"
#include "commands/rulebook.h"
#include "engine/alerts.h"
#include "engine/held.h"
#include "engine/messages.h"
#include "engine/runs.h"
#include "ops/plugin_request.h"
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

static bool request_of(struct call *call, const struct plugin_command *c, int64_t id, bool dry, struct plugin_input *in)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct err ignored = {0};
	struct channel ch = {.name = S("")};
	span_ms time = call->typed.flags.timeout && call->typed.flags.timeout < c->timeout ? call->typed.flags.timeout : c->timeout;
	struct plugin_request q = {.id = arena_printf(w->arena, "%" PRId64, id),
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
				   .deadline = w->now + time};

	if (who->channel_id && store_channel_find(w->engine->db, w->arena, who->channel_id, &ch, &ignored)) {
		q.room_id = id_write(w->arena, ch.kind == CHANNEL_DM ? 'D' : 'C', ch.id);
		q.room = ch.kind == CHANNEL_DM ? S("") : ch.name;
		q.thread = who->thread_ts ? ts_text(w->arena, who->thread_ts) : S("");
	}
	return read_approvals(call, &q) && plugin_request_write(w->arena, &q, in, &call->err);
}

struct secret plugin_secret_key(const struct engine *e)
{
	struct secret key;

	crypt_hmac_sha256(&e->key, S("secrets of plugins"), key.bytes);
	return key;
}

/* Of all layers the nearest to who asks: site, plugin, channel, user. */
static bool secrets_of(struct call *call, const struct plugin_command *c, struct runner_order *order)
{
	struct work *w = call->work;
	struct secret key = plugin_secret_key(w->engine);
	struct runner_secret *all = arena_alloc(w->arena, (c->secret_count + 1) * sizeof *all);
	struct plugin_secret *list;
	size_t count;

	if (!c->secret_count)
		return true;
	if (!store_secret_list(w->engine->db, w->arena, w->engine->workspace_id, c->owner->name, &list, &count, &call->err))
		return false;
	for (size_t i = 0; i < c->secret_count; i++) {
		struct str found = {NULL, 0};

		for (size_t k = 0; k < count; k++) {
			const struct plugin_secret *s = &list[k];
			bool ours = s->layer <= SECRET_PLUGIN || (s->layer == SECRET_CHANNEL ? s->layer_id == call->caller->channel_id : s->layer_id == call->caller->user->id);

			if (ours && str_eq(s->name, c->secrets[i]) && !crypt_open(w->arena, &key, s->sealed, &found))
				continue;
		}
		if (!found.p) {
			err_set(&call->err, ERR_CONFLICT, "the secret `" STR_FMT "` is not set: an admin says `opsroom secret set " STR_FMT " " STR_FMT "`", STR_ARG(c->secrets[i]),
				STR_ARG(c->owner->name), STR_ARG(c->secrets[i]));
			return false;
		}
		(void)mask_add(found); /* from here on it is taken out of all that is kept or shown */
		all[order->secret_count++] = (struct runner_secret){c->secrets[i], found};
	}
	order->secrets = all;
	return true;
}

static bool make_order(struct call *call, const struct plugin_command *c, int64_t id, bool dry, struct runner_order *order)
{
	const struct plugin *p = c->owner;
	struct plugin_input in;

	if (!request_of(call, c, id, dry, &in))
		return false;
	*order = (struct runner_order){.id = id,
				       .plugin = p->name,
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
	order->limits.time = call->typed.flags.timeout && call->typed.flags.timeout < c->timeout ? call->typed.flags.timeout : c->timeout;
	order->limits.output_bytes = c->output_bytes;
	order->limits.at_once = c->concurrency;
	return secrets_of(call, c, order);
}

/* ---- starting ---- */

static bool start(struct call *call, const struct plugin_command *c, bool dry, int64_t held_id, struct run *r)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct runner_order *order = arena_alloc(w->arena, sizeof *order);

	if (c->owner->carrier == PLUGIN_RPC) {
		err_set(&call->err, ERR_UNSUPPORTED, "plugins of the carrier rpc are read and checked, but not called yet");
		return false;
	}
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
	return plugin_unchanged(c->owner, &call->err) && make_order(call, c, r->id, dry, order) && runs_start(w, r, order, &call->err);
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
