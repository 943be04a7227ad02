/* One bound call: what the rules say of it, what must happen first, and the run itself. */
#include "commands/explain.h"
#include "commands/held.h"
#include "commands/plans.h"
#include "commands/plugin_go.h"
#include "commands/rulebook.h"

#include "engine/locks.h"
#include "ops/text.h"
#include "store/journal.h"

void call_init(struct call *call, struct work *w, const struct caller *caller)
{
	*call = (struct call){.work = w, .caller = caller, .raw = S(""), .digest = S(""), .then = S(""), .waiting = S(""), .planned = S(""), .alias = S(""), .run = S(""), .home_id = caller->channel_id ? caller->channel_id : w->engine->workspace_id};
	buf_init(&call->text, 256 * KIB);
	buf_init(&call->data, 4 * MIB);
}

void call_done(struct call *call)
{
	buf_done(&call->text);
	buf_done(&call->data);
}

/* ---- the rules ---- */

static void decide(struct call *call)
{
	struct access_facts facts;

	caller_facts(call->work, call->caller, &facts);
	access_decide(call->work->engine->rulebook->access, call->work->arena, &call->typed, &facts, &call->verdict);
}

bool call_may(struct call *call)
{
	const struct command_spec *spec = call->typed.spec;

	decide(call);
	if (!call->verdict.allowed)
		err_set(&call->err, ERR_FORBIDDEN, STR_FMT, STR_ARG(call->verdict.why));
	else if (spec->risk != RISK_READ && !call->typed.flags.dry_run && call->caller->scope < SCOPE_WRITE)
		err_set(&call->err, ERR_FORBIDDEN, "`" STR_FMT "` needs a token with the scope write; this one may only read", STR_ARG(spec->words));
	return !call->err.code;
}

bool caller_could(struct work *w, const struct caller *caller, const struct command_spec *spec)
{
	struct access_facts facts;

	caller_facts(w, caller, &facts);
	return access_could(w->engine->rulebook->access, spec, &facts);
}

/* ---- the audit ---- */

static void add_if(struct json_out *o, const char *key, struct str v)
{
	if (v.n)
		json_add_str(o, key, v);
}

static struct str audit_detail(struct call *call, struct str raw, int64_t began_us)
{
	struct arena *a = call->work->arena;
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "line", str_clip(raw, 1000));
	add_if(&o, "alias", call->alias);
	add_if(&o, "call", call->typed.spec ? call->typed.canonical : S(""));
	add_if(&o, "rule", call->verdict.rule);
	add_if(&o, "reason", call->typed.flags.reason);
	add_if(&o, "plan", call->planned.n ? call->planned : call->caller->plan);
	add_if(&o, "run", call->run);
	add_if(&o, "approval", call->held ? call->held->code : call->waiting);
	if (call->caller->channel_id)
		json_add_str(&o, "channel", id_write(a, 'C', call->caller->channel_id));
	add_if(&o, "from", call->caller->remote);
	if (call->err.code)
		json_add_str(&o, "why", str_of(call->err.text));
	json_add_int(&o, "us", mono_us() - began_us);
	if (call->text.n)
		json_add_str(&o, "output", crypt_sha256_hex(a, buf_str(&call->text)));
	json_close(&o, '}');
	return buf_keep(a, &b);
}

bool call_audit(struct call *call, struct str raw, int64_t began_us)
{
	const struct command_spec *spec = call->typed.spec;
	struct str action = !spec ? S("unknown") : str_is(spec->plugin, "core") ? spec->words : arena_printf(call->work->arena, STR_FMT ":" STR_FMT, STR_ARG(spec->plugin), STR_ARG(spec->path));

	return audit_note(call->work, call->home_id, call->caller->user->id, arena_dup(call->work->arena, action).p, call->caller->via, audit_detail(call, raw, began_us),
			  call->err.code ? err_info(call->err.code)->name : call->waits ? "held" : call->planned.n ? "planned" : call->runs_on ? "started" : "ok", &call->work->err);
}

/* ---- locks ---- */

bool call_let(struct call *call, struct err *err)
{
	struct str *targets;
	size_t count = call->typed.spec->risk == RISK_READ ? 0 : lock_targets_of(call->work->arena, &call->typed, &targets);

	for (size_t i = 0; i < count; i++)
		if (!locks_let(call->work, targets[i], call->caller->user->id, err))
			return false;
	return true;
}

/* What is only tried out, or explained, just says so. */
static void mention_lock(struct call *call)
{
	struct err locked = {0};

	if (!call_let(call, &locked))
		buf_printf(&call->text, "%s:lock: %s.", call->text.n ? "\n" : "", locked.text);
}

/* ---- running ---- */

void call_go(struct call *call)
{
	const struct command_spec *spec = call->typed.spec;
	const struct plugin_command *theirs = plugin_command_of(spec);

	if (call->typed.flags.help) {
		buf_add(&call->text, command_help(call->work, call->caller, spec));
		return;
	}
	if (call->typed.flags.explain) {
		explain_call(call);
		mention_lock(call);
		return;
	}
	if (!call_may(call))
		return;
	call->command = theirs ? NULL : spec->runs;
	if (!call->typed.flags.dry_run && plan_wanted(call)) {
		plan_call(call);
		return;
	}
	if (!call->typed.flags.dry_run && (!call_let(call, &call->err) || !held_ready(call)))
		return;
	if (theirs)
		plugin_go(call, theirs);
	else if (!call->command->run(call) && !call->err.code)
		err_set(&call->err, ERR_INTERNAL, "`" STR_FMT "` failed without saying why", STR_ARG(spec->words));
	if (call->typed.flags.dry_run && !call->err.code)
		mention_lock(call);
	held_after(call);
}
