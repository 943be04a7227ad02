#include "commands/held.h"

#include "commands/plugin_go.h"
#include "commands/rulebook.h"
#include "engine/held.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/held.h"

#include <inttypes.h>

#define APPROVERS_TOLD 20

/* ---- what is left of the needs ---- */

struct left {
	struct access_need approvals[HELD_NEEDS_MAX];
	size_t approval_count;
	bool confirm;
	const struct access_need *reason, *mfa;
};

static bool approved(const struct call *call, const struct access_need *n)
{
	struct access_need had[HELD_NEEDS_MAX];
	struct err ignored = {0};
	bool confirmed;
	size_t count;

	if (!call->held || call->held->kind == HELD_CONFIRM || !held_read_needs(call->work->arena, call->held, had, &count, &confirmed, &ignored))
		return false;
	for (size_t i = 0; i < count; i++)
		if (str_eq(had[i].rule, n->rule) && had[i].approvers >= n->approvers)
			return true;
	return false;
}

static void what_is_left(const struct call *call, struct left *out)
{
	bool confirmed = call->held || call->caller->confirmed;

	memset(out, 0, sizeof *out);
	out->confirm = call->typed.spec->risk == RISK_DANGER && !confirmed;
	for (size_t i = 0; i < call->verdict.need_count; i++) {
		const struct access_need *n = &call->verdict.needs[i];

		if (n->kind == NEED_CONFIRM)
			out->confirm = !confirmed;
		else if (n->kind == NEED_REASON && !call->typed.flags.reason.n)
			out->reason = n;
		else if (n->kind == NEED_MFA && !call->held) /* it was fresh when it was asked for */
			out->mfa = n;
		else if (n->kind == NEED_APPROVAL && !approved(call, n) && out->approval_count < HELD_NEEDS_MAX)
			out->approvals[out->approval_count++] = *n;
	}
}

static bool ask_reason_or_factor(struct call *call, const struct left *left)
{
	struct arena *a = call->work->arena;

	if (left->reason)
		err_set(&call->err, ERR_INVALID, "this asks why: add --reason \"…\"");
	else if (left->mfa)
		err_set(&call->err, ERR_FORBIDDEN, "this asks for a second factor not older than " STR_FMT ": give your code in the console (Second factor, beside your name) or by `opsroom mfa stepup`, not here; then say it again",
			STR_ARG(span_write(a, left->mfa->age)));
	return call->err.code != ERR_NONE;
}

/* ---- who may approve ---- */

static void facts_of(struct work *w, const struct user *u, struct access_facts *out)
{
	*out = (struct access_facts){.user_id = u->id, .user = u->name, .role = u->role, .now = w->now};
}

static bool channel_of_need(struct work *w, const struct access_need *n, int64_t *out)
{
	struct err ignored = {0};
	struct str name = n->channel.n && n->channel.p[0] == '#' ? str_n(n->channel.p + 1, n->channel.n - 1) : n->channel;

	*out = 0;
	return !name.n || store_name_find(w->engine->db, w->engine->workspace_id, "channel", name, out, &ignored);
}

int64_t held_may_approve(struct work *w, const struct user *u, int64_t requester_id, const struct access_need *needs, size_t count)
{
	struct access_facts facts;
	int64_t mask = 0, channel_id;

	facts_of(w, u, &facts);
	for (size_t i = 0; i < count && !u->bot_id && !u->deleted; i++) {
		if (needs[i].not_requester && u->id == requester_id)
			continue;
		if (!channel_of_need(w, &needs[i], &channel_id) || (channel_id && !chat_is_member(w, channel_id, u->id)))
			continue;
		if (access_in_sets(w->engine->rulebook->access, needs[i].sets, needs[i].set_count, &facts))
			mask |= (int64_t)1 << i;
	}
	return mask;
}

struct approvers {
	int64_t ids[APPROVERS_TOLD];
	size_t count;
	unsigned per_need[HELD_NEEDS_MAX];
};

static bool find_approvers(struct work *w, int64_t requester_id, const struct access_need *needs, size_t count, struct approvers *out, struct err *err)
{
	struct user *users;
	size_t user_count;

	memset(out, 0, sizeof *out);
	if (!store_user_list(w->engine->db, w->arena, w->engine->workspace_id, 0, 5000, &users, &user_count, err))
		return false;
	for (size_t u = 0; u < user_count; u++) {
		int64_t mask = held_may_approve(w, &users[u], requester_id, needs, count);

		if (mask && out->count < APPROVERS_TOLD)
			out->ids[out->count++] = users[u].id;
		for (size_t i = 0; i < count; i++)
			out->per_need[i] += (mask >> i) & 1;
	}
	for (size_t i = 0; i < count; i++)
		if (out->per_need[i] < needs[i].approvers) {
			err_set(err, ERR_CONFLICT, "%u of " STR_FMT " would have to approve this, and there %s %u who could. The rule: " STR_FMT, needs[i].approvers,
				STR_ARG(need_sets_text(w->arena, &needs[i])), out->per_need[i] == 1 ? "is" : "are", out->per_need[i], STR_ARG(str_clip(needs[i].rule, 120)));
			return false;
		}
	return true;
}

static struct str mentions(struct arena *a, const struct approvers *who)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	for (size_t i = 0; i < who->count; i++)
		buf_printf(&b, "%s<@" STR_FMT ">", i ? " " : "", STR_ARG(id_write(a, 'U', who->ids[i])));
	return buf_keep(a, &b);
}

/* ---- where it is asked ---- */

static void add_channel(int64_t *list, size_t *count, int64_t id)
{
	for (size_t i = 0; i < *count; i++)
		if (list[i] == id)
			return;
	if (id && *count < APPROVERS_TOLD + HELD_NEEDS_MAX)
		list[(*count)++] = id;
}

/* Nobody else may read there. */
static bool is_dm(struct work *w, int64_t channel_id)
{
	struct err ignored = {0};
	struct channel c;

	return channel_id && store_channel_find(w->engine->db, w->arena, channel_id, &c, &ignored) && c.kind == CHANNEL_DM;
}

/* The channels that the rules name, and where it was said. Said nowhere, or in a direct message: to each who might approve. */
static bool channels_to_ask(struct call *call, const struct held *h, const struct left *left, const struct approvers *who, int64_t *list, size_t *count)
{
	struct work *w = call->work;
	const struct caller *caller = call->caller;
	size_t told;

	*count = 0;
	for (size_t i = 0; i < left->approval_count; i++) {
		int64_t id;

		if (channel_of_need(w, &left->approvals[i], &id))
			add_channel(list, count, id);
	}
	told = *count;
	if (caller->channel_id && chat_is_member(w, caller->channel_id, caller->user->id))
		add_channel(list, count, caller->channel_id);
	told += !is_dm(w, caller->channel_id) ? *count - told : 0;
	for (size_t i = 0; h->kind != HELD_CONFIRM && !told && i < who->count; i++) {
		struct channel dm;
		bool existed;

		if (!chat_open_dm(w, w->engine->bot_user_id, who->ids[i], &dm, &existed, &call->err))
			return false;
		add_channel(list, count, dm.id);
	}
	return true;
}

/* ---- asking ---- */

/* What is asked for: the call with all that stands behind it in its line. */
static struct str frozen(const struct call *call)
{
	struct arena *a = call->work->arena;
	struct str then = arena_dup(a, str_trim(call->then)), line = call_line(call, 0);
	bool place = str_starts(then, S(">")) || str_starts(then, S("*>"));

	for (size_t i = 0; i < then.n; i++)
		if (then.p[i] == '\n' || then.p[i] == '\r') /* a line feed parts calls */
			((char *)then.p)[i] = ' ';
	return then.n ? arena_printf(a, STR_FMT " %s" STR_FMT, STR_ARG(line), place ? "" : "| ", STR_ARG(then)) : line;
}

/* What it would do, where it can say so without doing it. */
static struct str preview_of(struct call *call)
{
	struct call dry = *call;
	struct str text = S("");

	if (!call->typed.spec->dry_run || !call->command)
		return text;
	buf_init(&dry.text, 64 * KIB);
	buf_init(&dry.data, 1 * MIB);
	dry.typed.flags.dry_run = true;
	err_clear(&dry.err);
	if (call->command->run(&dry))
		text = arena_dup(call->work->arena, buf_str(&dry.text));
	else
		call->err = dry.err; /* what cannot even be tried out is not asked for */
	call_done(&dry);
	return str_clip(text, HELD_PREVIEW_MAX);
}

static span_ms time_to_decide(const struct left *left)
{
	span_ms least = 0;

	for (size_t i = 0; i < left->approval_count; i++)
		if (left->approvals[i].within && (!least || left->approvals[i].within < least))
			least = left->approvals[i].within;
	return least ? least : HELD_APPROVAL_FOR;
}

/* What stands for the calls: their text, and the files that would run. */
static struct str hash_of(const struct call *call, struct str calls)
{
	struct arena *a = call->work->arena;

	return crypt_sha256_hex(a, arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(calls), STR_ARG(call->digest)));
}

static void fill(struct call *call, const struct left *left, struct str calls, struct held *h)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct json_out o;
	struct buf b;

	*h = (struct held){.kind = left->confirm ? HELD_CONFIRM : HELD_APPROVAL,
			   .user_id = who->user->id,
			   .channel_id = who->channel_id,
			   .thread_ts = who->thread_ts,
			   .via = str_of(who->via),
			   .scope = who->scope,
			   .line = call->raw,
			   .calls = calls,
			   .hash = hash_of(call, calls),
			   .reason = call->typed.flags.reason,
			   .rule = left->approval_count ? left->approvals[0].rule : call->verdict.rule,
			   .preview = S(""),
			   .approvers = S(""),
			   .why = S(""),
			   .outcome = S("")};
	h->expires = w->now + (left->confirm ? HELD_CONFIRM_FOR : time_to_decide(left));
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	held_write_needs(&o, left->approvals, left->confirm ? 0 : left->approval_count, true);
	h->needs = buf_keep(w->arena, &b);
}

static void answer(struct call *call, const struct held *h, size_t channels)
{
	struct json_out o;

	buf_reset(&call->text);
	buf_reset(&call->data);
	if (h->kind == HELD_CONFIRM)
		buf_printf(&call->text, ":warning: This is dangerous: `" STR_FMT "`. `confirm " STR_FMT "` runs it; say so within " STR_FMT ".",
			   STR_ARG(mrkdwn_escape(call->work->arena, str_clip(h->calls, 1000))), STR_ARG(h->code), STR_ARG(span_write(call->work->arena, HELD_CONFIRM_FOR)));
	else
		buf_printf(&call->text, ":raised_hand: *" STR_FMT "* waits for approval: " STR_FMT ".", STR_ARG(h->code), STR_ARG(h->approvers));
	call->waits = true;
	call->told = channels > 0; /* there is a message with buttons */
	o = json_out(&call->data);
	json_open(&o, '{');
	json_key(&o, "held");
	json_open(&o, '{');
	held_write(call->work, &o, h);
	json_close(&o, '}');
	json_close(&o, '}');
}

/* alone: it is one call, that of `call`; else a list, which has no preview. */
static bool hold(struct call *call, const struct left *left, struct str calls, bool alone)
{
	int64_t channels[APPROVERS_TOLD + HELD_NEEDS_MAX];
	const struct plugin_command *theirs = alone ? plugin_command_of(call->typed.spec) : NULL;
	struct approvers who = {.count = 0};
	size_t count;
	struct held h;

	fill(call, left, calls, &h);
	if (!left->confirm && !find_approvers(call->work, h.user_id, left->approvals, left->approval_count, &who, &call->err))
		return false;
	h.approvers = mentions(call->work->arena, &who);
	h.preview = alone ? preview_of(call) : S("");
	if (call->err.code || !channels_to_ask(call, &h, left, &who, channels, &count) || !held_add(call->work, &h, channels, count, &call->err))
		return false;
	call->home_id = h.id;
	call->waiting = h.code;
	answer(call, &h, count);
	if (theirs && call->typed.spec->dry_run) /* its preview comes when its dry run is over */
		plugin_preview(call, theirs, h.id);
	return false;
}

/* What came to it down a pipe is not kept. */
static bool is_without_rows(struct call *call, const struct left *left)
{
	if (!call->rows.p)
		return true;
	err_set(&call->err, ERR_CONFLICT, "`" STR_FMT "` asks for %s: no rows can wait with it, so say it without what stands before the |", STR_ARG(call->typed.spec->words),
		left->confirm ? "a confirmation" : "an approval");
	return false;
}

/* It was asked for before: then that still holds, or waits. true: it waits, and that is the answer. */
static bool waits_already(struct call *call, const struct left *left)
{
	struct work *w = call->work;
	struct held *h = arena_alloc(w->arena, sizeof *h), wanted;

	if (call->rows.p) /* that was asked for without them */
		return false;
	fill(call, left, frozen(call), &wanted);
	if (!store_held_same(w->engine->db, w->arena, w->engine->workspace_id, wanted.hash, wanted.user_id, w->now, h, &call->err) || h->kind != HELD_APPROVAL)
		return call->err.code != ERR_NONE;
	if (h->state != HELD_PENDING) {
		if (!call->held)
			call->held = h;
		return false;
	}
	call->waiting = h->code;
	answer(call, h, 0);
	buf_reset(&call->text);
	buf_printf(&call->text, ":raised_hand: You asked for the same already: *" STR_FMT "* waits for " STR_FMT ".", STR_ARG(h->code), STR_ARG(h->approvers));
	return true;
}

/* ---- break glass: at once, for those who hold the permission, loud, and looked at afterwards ---- */

static bool break_glass(struct call *call, const struct left *left)
{
	int64_t channels[APPROVERS_TOLD + HELD_NEEDS_MAX];
	struct work *w = call->work;
	struct held *h = arena_alloc(w->arena, sizeof *h);
	struct access_facts facts;
	struct approvers who;
	struct json_out o;
	struct buf b;
	size_t count;

	caller_facts(w, call->caller, &facts);
	if (!access_has_perm(w->engine->rulebook->access, S("break-glass"), &facts)) {
		err_set(&call->err, ERR_FORBIDDEN, "breaking the glass asks for the permission break-glass, which you do not have");
		return false;
	}
	if (!call->typed.flags.reason.n) {
		err_set(&call->err, ERR_INVALID, "breaking the glass asks why: add --reason \"…\"");
		return false;
	}
	fill(call, left, frozen(call), h);
	h->kind = HELD_BREAK_GLASS;
	h->state = HELD_RUNNING;
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	held_write_needs(&o, left->approvals, left->approval_count, true);
	h->needs = buf_keep(w->arena, &b);
	if (!find_approvers(w, h->user_id, left->approvals, left->approval_count, &who, &call->err)) {
		if (err_is_outage(call->err.code))
			return false;
		err_clear(&call->err); /* nobody is there who could: that is what the glass is for */
	}
	h->approvers = mentions(w->arena, &who);
	if (!channels_to_ask(call, h, left, &who, channels, &count) || !held_add(w, h, channels, count, &call->err))
		return false;
	call->held = h;
	call->home_id = h->id;
	return true;
}

void held_after(struct call *call)
{
	struct held *h = (struct held *)call->held;
	bool failed = call->err.code != ERR_NONE;
	struct err err = {0};

	if (!h || h->kind != HELD_BREAK_GLASS || err_is_outage(call->err.code) || call->runs_on)
		return;
	h->outcome = arena_dup(call->work->arena, str_clip(buf_str(&call->text), HELD_PREVIEW_MAX));
	if (!held_turn(call->work, h, failed ? HELD_ON_FAIL : HELD_ON_DONE, h->user_id, failed ? str_of(call->err.text) : S(""), &err))
		call->err = err;
}

/* ---- the needs ---- */

/* What was approved is what runs: the same call, of the same files. */
static bool is_what_was_approved(struct call *call)
{
	if (!call->held || call->held->kind != HELD_APPROVAL || str_eq(call->held->hash, hash_of(call, frozen(call))))
		return true;
	err_set(&call->err, ERR_CONFLICT, "`" STR_FMT "` is another by now than was approved; ask again", STR_ARG(call->typed.spec->words));
	return false;
}

bool held_ready(struct call *call)
{
	struct left left;

	what_is_left(call, &left);
	if (!is_what_was_approved(call) || ask_reason_or_factor(call, &left))
		return false;
	if (left.approval_count && call->typed.flags.break_glass && !call->held)
		return break_glass(call, &left);
	if (left.approval_count && !left.confirm && (!call->held || call->held->kind == HELD_CONFIRM)) {
		if (waits_already(call, &left))
			return false;
		what_is_left(call, &left);
	}
	if (!left.confirm && !left.approval_count)
		return true;
	if (call->held && call->held->kind == HELD_APPROVAL) {
		err_set(&call->err, ERR_CONFLICT, "the rules ask for more by now than was approved; ask again");
		return false;
	}
	return is_without_rows(call, &left) && hold(call, &left, frozen(call), true);
}

bool held_ready_to_plan(struct call *call, struct str line)
{
	struct left left;

	what_is_left(call, &left);
	left.approval_count = 0;
	return !ask_reason_or_factor(call, &left) && (!left.confirm || hold(call, &left, line, true));
}

bool held_ready_list(struct call *answer_call, struct call *calls, size_t count)
{
	struct left left, all = {.confirm = false};
	struct buf b;

	buf_init(&b, 64 * KIB);
	for (size_t i = 0; i < count && !answer_call->err.code; i++) {
		const struct call_flags *f = &calls[i].typed.flags;

		if (f->help || f->explain || f->dry_run) /* nothing will happen */
			continue;
		what_is_left(&calls[i], &left);
		if (ask_reason_or_factor(&calls[i], &left))
			answer_call->err = calls[i].err;
		else if (left.approval_count)
			err_set(&answer_call->err, ERR_CONFLICT, "`" STR_FMT "` asks for an approval; run it by itself, not from a pipe", STR_ARG(calls[i].typed.spec->words));
		if (left.confirm && !all.confirm) {
			answer_call->verdict = calls[i].verdict;
			answer_call->digest = calls[i].digest;
		}
		all.confirm |= left.confirm;
		buf_printf(&b, "%s" STR_FMT, i ? "\n" : "", STR_ARG(call_line(&calls[i], 0)));
	}
	if (all.confirm && !answer_call->err.code && answer_call->then.n)
		err_set(&answer_call->err, ERR_CONFLICT, "these calls ask for a confirmation: nothing can follow them in the line");
	if (all.confirm && !answer_call->err.code)
		(void)hold(answer_call, &all, buf_keep(answer_call->work->arena, &b), false);
	else
		buf_done(&b);
	return !all.confirm && !answer_call->err.code;
}

/* ---- it was approved: it runs ---- */

static bool requester(struct work *w, const struct held *h, struct user *u, struct err *why)
{
	struct err err = {0};

	if (store_user_find(w->engine->db, w->arena, w->engine->workspace_id, h->user_id, u, &err) && !u->deleted)
		return true;
	err_set(why, ERR_NOT_FOUND, "who asked for it is gone");
	return false;
}

/* Each call of it, one after the other; the first that fails ends it. */
static bool run_calls(struct work *w, struct held *h, const struct caller *caller, struct buf *text, bool *runs_on, struct err *why)
{
	struct str rest = h->calls, one;

	*runs_on = false;
	while (rest.n && !why->code) {
		struct command_result r;

		rest = str_cut(rest, '\n', &one);
		if (!command_run_held(w, caller, h, one, &r))
			return false;
		*runs_on |= r.runs_on;
		buf_printf(text, "%s" STR_FMT, text->n ? "\n" : "", STR_ARG(r.ok ? r.text : S("")));
		if (!r.ok)
			*why = r.err;
	}
	return true;
}

bool held_run(struct work *w, int64_t held_id, struct err *err)
{
	struct caller caller = {.kind = LINE_CANONICAL};
	struct err why = {0};
	struct buf text;
	struct held h;
	struct user u;
	bool runs_on;

	if (!store_held_find(w->engine->db, w->arena, held_id, &h, err))
		return err->code == ERR_NONE;
	if (h.state != HELD_APPROVED)
		return true;
	if (!requester(w, &h, &u, &why))
		return held_turn(w, &h, HELD_ON_FAIL, 0, str_of(why.text), err);
	if (!held_turn(w, &h, HELD_ON_RUN, 0, S(""), err))
		return false;
	caller.user = &u;
	caller.scope = (enum scope)h.scope;
	caller.via = h.via.p;
	caller.channel_id = h.channel_id;
	caller.thread_ts = h.thread_ts;
	buf_init(&text, 256 * KIB);
	if (!run_calls(w, &h, &caller, &text, &runs_on, &why)) {
		buf_done(&text);
		*err = w->err;
		return false;
	}
	h.outcome = str_clip(buf_keep(w->arena, &text), HELD_PREVIEW_MAX);
	if (runs_on && !why.code) /* a program is at it: its end is told by who runs it */
		return true;
	return held_turn(w, &h, why.code ? HELD_ON_FAIL : HELD_ON_DONE, 0, str_of(why.text), err);
}
