/* The access file. What is taken decides some calls and explains them; what it could allow without arguments is no less than what it
 * allows with them. */
#include "base/yaml.h"
#include "fuzz.h"
#include "ops/access.h"

static struct str envs[] = {S("dev"), S("prod")};
static struct param params[] = {
	{.name = S("app"), .type = PARAM_TEXT, .required = true},
	{.name = S("hosts"), .type = PARAM_TEXT, .repeat = true},
	{.name = S("env"), .type = PARAM_CHOICE, .choices = envs, .choice_count = 2, .option = true},
	{.name = S("force"), .type = PARAM_BOOL, .option = true},
	{.name = S("count"), .type = PARAM_INT, .option = true},
	{.name = S("wait"), .type = PARAM_SPAN, .option = true},
	{.name = S("at"), .type = PARAM_TIME, .option = true},
	{.name = S("owner"), .type = PARAM_USER, .option = true},
};
static const struct command_spec specs[] = {
	{.plugin = S("core"), .words = S("ack"), .path = S("ack")},
	{.plugin = S("deploy"), .words = S("deploy start"), .path = S("start"), .risk = RISK_DANGER, .params = params, .param_count = COUNT_OF(params)},
};
static struct value values[] = {{S("web"), 0, 0},
				{S("prod"), 0, 0},
				{S("true"), 1, 0},
				{S("3"), 3, 3},
				{S("90m"), 5400000, 0},
				{S("2026-03-06T17:30:00Z"), 1772818200000, 0},
				{S("ann"), 7, 0}};

static struct verdict last; /* in the arena, so it outlives the rules */

static void ask(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *f)
{
	struct rule_trace *rules;
	struct verdict v, again;
	size_t count;

	access_decide(a, arena, call, f, &v);
	need(v.allowed ? !v.why.n && v.rule.n : v.why.n > 0 && !v.need_count);
	need(!v.allowed || access_could(a, call->spec, f));
	access_explain(a, arena, call, f, &again, &rules, &count);
	need(again.allowed == v.allowed && again.need_count == v.need_count && str_eq(again.why, v.why));
	for (size_t i = 0; i < count; i++)
		need(touch(rules[i].text) && touch(rules[i].why) && touch(rules[i].from));
	for (size_t i = 0; i < v.need_count; i++) {
		touch(v.needs[i].rule);
		need(v.needs[i].kind != NEED_APPROVAL || (v.needs[i].approvers && v.needs[i].set_count));
		(void)access_in_sets(a, v.needs[i].sets, v.needs[i].set_count, f);
	}
	touch(access_env(a, call, f));
	last = v;
}

static void ask_all(const struct access *a, struct arena *arena, const struct access_facts *f)
{
	struct bound_param bound[COUNT_OF(params)] = {{0}};
	struct typed_call call = {.spec = &specs[0], .params = bound};
	struct json_out o;
	struct buf b;

	ask(a, arena, &call, f);
	call.spec = &specs[1];
	bound[0] = (struct bound_param){.values = values, .count = 1};
	ask(a, arena, &call, f);
	bound[1] = (struct bound_param){.values = values, .count = 2};
	for (size_t i = 2; i < COUNT_OF(params); i++)
		bound[i] = (struct bound_param){.values = &values[i - 1], .count = 1};
	ask(a, arena, &call, f);
	call.flags.reason = S("why");
	ask(a, arena, &call, f);
	buf_init(&b, 16 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	access_write_person(a, &o, f);
	json_close(&o, '}');
	need(json_parse(arena, buf_str(&b), JSON_STRICT, NULL));
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct access_facts f = {.user_id = 7, .user = S("ann"), .role = ROLE_RESPONDER, .channel = S("ops"),
				 .now = 1772811000000, .env = S(""), .incident_state = S(""), .incident_role = S("")};
	static const struct access_default defaults[] = {{S("allow core:ack need role responder"), S("commands.def")},
							 {S("allow deploy:* need perm deploy.run"), S("plugin.json")}};
	struct str in = own_copy(data, size);
	struct access *a = NULL;
	struct err err = {0};
	struct json *tree;
	struct arena arena;

	arena_init(&arena);
	tree = yaml_parse(&arena, in, "access.yaml", &err);
	if (tree)
		a = access_new(tree, "access.yaml", defaults, COUNT_OF(defaults), &err);
	if (a) {
		ask_all(a, &arena, &f);
		f = (struct access_facts){.user_id = 8, .user = S("zoe"), .role = ROLE_ADMIN, .channel = S(""), .dm = true,
					  .now = 1772811000000, .mfa_at = 1772810900000, .env = S("prod"),
					  .has_incident = true, .incident_severity = 1, .incident_state = S("open"), .incident_role = S("commander")};
		ask_all(a, &arena, &f);
	} else {
		need(err.code && err.text[0]);
	}
	access_free(a);
	if (a) {
		touch(last.rule);
		for (size_t i = 0; i < last.need_count; i++)
			touch(last.needs[i].kind == NEED_APPROVAL ? last.needs[i].sets[0] : last.needs[i].rule);
	}
	arena_done(&arena);
	free((char *)in.p);
	return 0;
}
