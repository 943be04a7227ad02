#include "commands/explain.h"

#include "commands/rulebook.h"
#include "ops/approval.h"
#include "ops/text.h"

static struct str need_text(struct arena *a, const struct access_need *n)
{
	switch (n->kind) {
	case NEED_CONFIRM:
		return S("you confirm it");
	case NEED_REASON:
		return S("you give a --reason");
	case NEED_MFA:
		return arena_printf(a, "a second factor not older than " STR_FMT, STR_ARG(span_write(a, n->age)));
	case NEED_APPROVAL:
		break;
	}
	return arena_printf(a, "%u of " STR_FMT " approve it%s", n->approvers, STR_ARG(need_sets_text(a, n)), n->not_requester ? ", other than you" : "");
}

/* What must happen first; a dangerous command is confirmed whatever the rules say. */
static struct str *needs_of(struct arena *a, const struct command_spec *spec, const struct verdict *v, size_t *count)
{
	struct str *all = arena_alloc(a, (v->need_count + 1) * sizeof *all);
	bool confirm = false;

	for (*count = 0; *count < v->need_count; ++*count) {
		all[*count] = need_text(a, &v->needs[*count]);
		confirm |= v->needs[*count].kind == NEED_CONFIRM;
	}
	if (spec->risk == RISK_DANGER && !confirm && v->allowed)
		all[(*count)++] = S("you confirm it");
	return all;
}

static struct str needs_text(struct arena *a, const struct command_spec *spec, const struct verdict *v)
{
	struct str text = S(""), *needs;
	size_t count;

	needs = needs_of(a, spec, v, &count);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), i ? ", and " : ", once ", STR_ARG(needs[i]));
	return text;
}

struct str explain_outcome(struct arena *a, const struct command_spec *spec, const struct verdict *v)
{
	return v->allowed ? arena_printf(a, "yes" STR_FMT, STR_ARG(needs_text(a, spec, v))) : S("no");
}

static void write_json(struct arena *a, struct json_out *o, const struct typed_call *call, const struct verdict *v, const struct rule_trace *rules, size_t count)
{
	struct str *needs;
	size_t need_count;

	json_add_str(o, "call", call->canonical);
	json_add_bool(o, "allowed", v->allowed);
	json_add_str(o, "outcome", explain_outcome(a, call->spec, v));
	json_add_str(o, "rule", v->rule);
	json_add_str(o, "why", v->why);
	json_key(o, "needs");
	json_open(o, '[');
	needs = needs_of(a, call->spec, v, &need_count);
	for (size_t i = 0; i < need_count; i++)
		json_put_str(o, needs[i]);
	json_close(o, ']');
	json_key(o, "rules");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(o, '{');
		json_add_str(o, "rule", rules[i].text);
		json_add_str(o, "from", rules[i].from);
		json_add_bool(o, "fits", rules[i].fits);
		json_add_str(o, "why", rules[i].why);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void ask_rules(struct work *w, const struct caller *caller, const struct typed_call *call, struct verdict *v, struct rule_trace **rules, size_t *count)
{
	struct access_facts facts;

	caller_facts(w, caller, &facts);
	access_explain(w->engine->rulebook->access, w->arena, call, &facts, v, rules, count);
}

void explain_call(struct call *call)
{
	struct arena *a = call->work->arena;
	const struct verdict *v = &call->verdict;
	struct json_out o = json_out(&call->data);
	struct rule_trace *rules;
	size_t count;

	ask_rules(call->work, call->caller, &call->typed, &call->verdict, &rules, &count);
	buf_printf(&call->text, "`" STR_FMT "`\n%s" STR_FMT, STR_ARG(mrkdwn_escape(a, call->typed.canonical)), v->allowed ? "You may" : "You may not: ",
		   STR_ARG(v->allowed ? needs_text(a, call->typed.spec, v) : mrkdwn_escape(a, v->why)));
	buf_add(&call->text, S(". The rules:"));
	for (size_t i = 0; i < count; i++)
		buf_printf(&call->text, "\n%s `" STR_FMT "` (" STR_FMT ")  " STR_FMT, rules[i].fits ? ":white_check_mark:" : "·", STR_ARG(mrkdwn_escape(a, rules[i].text)),
			   STR_ARG(mrkdwn_escape(a, rules[i].from)), STR_ARG(mrkdwn_escape(a, rules[i].why)));
	json_open(&o, '{');
	write_json(a, &o, &call->typed, v, rules, count);
	json_close(&o, '}');
}

bool explain_line(struct work *w, const struct caller *caller, struct str line, struct json_out *o, struct err *err)
{
	struct typed_call call;
	struct rule_trace *rules;
	struct verdict v;
	size_t count;

	if (!command_read(w, caller, line, &call, err))
		return false;
	ask_rules(w, caller, &call, &v, &rules, &count);
	write_json(w->arena, o, &call, &v, rules, count);
	return true;
}

bool explain_change(struct work *w, const struct caller *caller, struct str canonical, wall_ms at, const struct access *then, struct explained *out)
{
	struct access_facts facts;
	struct typed_call call;
	struct err gone = {0};

	if (!command_read(w, caller, canonical, &call, &gone))
		return false;
	caller_facts(w, caller, &facts);
	facts.now = at;
	out->spec = call.spec;
	access_decide(w->engine->rulebook->access, w->arena, &call, &facts, &out->now);
	access_decide(then, w->arena, &call, &facts, &out->then);
	return true;
}
