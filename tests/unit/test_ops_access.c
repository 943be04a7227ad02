/* Who may run what: the access file, the language of its rules, and what is decided. Calls are read by the grammar from lines. */
#include "base/yaml.h"
#include "ops/access.h"
#include "ops/grammar.h"
#include "unit.h"

#define NOW 1772811000000 /* 2026-03-06T15:30:00Z, a Friday; 16:30 in Paris */

static struct arena a;
static struct access *access_;
static struct command_set *set;
static struct access_facts facts;
static struct err err;

static bool a_user(void *context, struct str ref, struct value *out, struct err *e)
{
	(void)context;
	(void)e;
	out->text = ref.n && ref.p[0] == '@' ? str_n(ref.p + 1, ref.n - 1) : ref;
	out->number = 1;
	return true;
}

static bool a_channel(void *context, struct str ref, struct value *out, struct err *e)
{
	(void)context;
	(void)e;
	out->text = ref.n && ref.p[0] == '#' ? str_n(ref.p + 1, ref.n - 1) : ref;
	return true;
}

static void add(const char *plugin, const char *words, const char *usage, enum risk risk)
{
	struct command_spec *spec = arena_zero(command_set_arena(set), sizeof *spec);

	spec->plugin = str_of(plugin);
	spec->risk = risk;
	spec_set_words(command_set_arena(set), spec, str_of(words));
	ck_assert_msg(spec_read_usage(command_set_arena(set), str_of(usage), spec, &err), "%s", err.text);
	ck_assert_msg(command_set_add(set, spec, &err), "%s", err.text);
}

static void open_all(void)
{
	arena_init(&a);
	err = (struct err){0};
	access_ = NULL;
	set = command_set_new();
	add("core", "ack", "<alert:alert>", RISK_CHANGE);
	add("core", "silence", "<what:text> <how-long:span> [comment...]", RISK_CHANGE);
	add("core", "help", "[command...]", RISK_READ);
	add("deploy", "deploy start",
	    "<app> [hosts*] [-e|--env=dev|staging|prod] [-f|--force] [--tag*=text] [--count=int] [--ratio=float] [--to=channel] [--owner=user] [--wait=span] [--when=time]",
	    RISK_DANGER);
	add("deploy", "deploy status", "[app]", RISK_READ);
	add("scale", "scale", "<group> <n:int>", RISK_CHANGE);
	facts = (struct access_facts){.user_id = 7, .user = S("ann"), .role = ROLE_VIEWER, .channel = S("ops"), .now = NOW, .env = S(""), .incident_state = S(""),
				      .incident_role = S("")};
}

static void close_all(void)
{
	access_free(access_);
	command_set_free(set);
	arena_done(&a);
}

static struct access *read_with(const char *yaml, const struct access_default *defaults, size_t count)
{
	struct json *tree = yaml_parse(&a, str_of(yaml), "access.yaml", &err);

	access_free(access_);
	access_ = tree ? access_new(tree, "access.yaml", defaults, count, &err) : NULL;
	return access_;
}

static void must_read(const char *yaml)
{
	ck_assert_msg(read_with(yaml, NULL, 0), "%s", err.text);
}

static const struct typed_call *call(const char *text)
{
	const struct bind_names names = {.user = a_user, .channel = a_channel, .now = NOW};
	struct typed_call *c = arena_zero(&a, sizeof *c);
	struct command_found found;
	struct pipeline pipe;
	struct line line;

	ck_assert_msg(line_read(&a, str_of(text), LINE_TYPED, &line, &err) && line_split(&line, &pipe, &err), "%s: %s", text, err.text);
	command_set_find(set, pipe.stages[0].tokens, pipe.stages[0].count, &found);
	ck_assert_msg(found.spec, "%s", text);
	ck_assert_msg(call_bind(&a, found.spec, pipe.stages[0].tokens + found.words, pipe.stages[0].count - found.words, &names, &line, c, &err), "%s: %s", text, err.text);
	return c;
}

/* "yes: confirm, approval 1", or "no: why". */
static struct str decided(const char *text)
{
	static const char *const kinds[] = {"confirm", "reason", "mfa", "approval"};
	struct verdict v;
	struct str s;

	access_decide(access_, &a, call(text), &facts, &v);
	if (!v.allowed)
		return arena_printf(&a, "no: " STR_FMT, STR_ARG(v.why));
	s = S("yes");
	for (size_t i = 0; i < v.need_count; i++)
		s = v.needs[i].kind == NEED_APPROVAL
			    ? arena_printf(&a, STR_FMT "%s approval %u", STR_ARG(s), i ? "," : ":", v.needs[i].approvers)
			    : arena_printf(&a, STR_FMT "%s %s", STR_ARG(s), i ? "," : ":", kinds[v.needs[i].kind]);
	return s;
}

/* The trace of the nth rule: "fits: true: opt.env is "prod"". */
static struct str traced(const char *text, size_t n)
{
	struct rule_trace *rules;
	struct verdict v;
	size_t count;

	access_explain(access_, &a, call(text), &facts, &v, &rules, &count);
	if (n >= count)
		return S("none");
	return arena_printf(&a, "%s " STR_FMT, rules[n].fits ? "+" : "-", STR_ARG(rules[n].why));
}

static void read_rules(const char *rules)
{
	static const char head[] = "groups: {release: [ann, ben], web: [ann], empty: []}\n"
				   "roles: {deployer: {perms: [deploy.run, 'scale.*'], includes: [responder]}}\n"
				   "on_call: {payments: [ann]}\n"
				   "channels: {'#prod-ops': {env: prod}}\n"
				   "rules: |\n  ";
	struct str rest = str_of(rules), line;
	struct str text = S("");

	while (rest.n) {
		rest = str_cut(rest, '\n', &line);
		text = arena_printf(&a, STR_FMT STR_FMT "\n  ", STR_ARG(text), STR_ARG(line));
	}
	must_read(arena_printf(&a, "%s" STR_FMT, head, STR_ARG(text)).p);
}

/* ---- conditions ---- */

static const struct {
	const char *when, *line, *trace;
} conditions[] = {
	{"opt.env == \"prod\"", "deploy start web --env=prod", "+ true: opt.env is \"prod\""},
	{"opt.env == \"prod\"", "deploy start web --env=dev", "- false: opt.env is \"dev\""},
	{"opt.env == \"prod\"", "deploy start web", "- false: opt.env has no value"},
	{"opt.env != \"prod\"", "deploy start web", "+ true: opt.env has no value"},
	{"opt.env == \"prod\"", "ack 7", "- cannot be answered: core:ack has no parameter `env`; so it does not allow"},
	{"opt.evn == \"prod\"", "deploy start web", "- cannot be answered: deploy:start has no parameter `evn`, did you mean `env`?; so it does not allow"},
	{"opt.evn == \"prod\" or plugin == \"deploy\"", "deploy start web", "+ true: plugin is \"deploy\""},
	{"opt.evn == \"prod\" and plugin == \"core\"", "deploy start web", "- false: plugin is \"deploy\""},
	{"not opt.evn == \"prod\"", "deploy start web", "- cannot be answered: deploy:start has no parameter `evn`, did you mean `env`?; so it does not allow"},
	{"opt.count == \"3\"", "deploy start web --count=3", "- cannot be answered: `opt.count` is a number, `\"3\"` is a text; so it does not allow"},
	{"opt.count == 3", "deploy start web --count=3", "+ true: opt.count is 3"},
	{"opt.count > 2.5", "deploy start web --count=3", "+ true: opt.count is 3"},
	{"opt.ratio > 2", "deploy start web --ratio=2.5", "+ true: opt.ratio is 2.5"},
	{"opt.wait > 90m", "deploy start web --wait=2h", "+ true: opt.wait is 2h"},
	{"opt.wait > 90", "deploy start web --wait=2h", "- cannot be answered: `opt.wait` is a span of time such as 90m, `90` is a number; so it does not allow"},
	{"opt.when < 4h", "deploy start web --when=2h", "+ true: opt.when is 2026-03-06T17:30:00.000Z"},
	{"opt.when < \"2026-03-06T16:00:00Z\"", "deploy start web --when=2h", "- false: opt.when is 2026-03-06T17:30:00.000Z"},
	{"opt.when < \"tomorrow\"", "deploy start web --when=2h", "- cannot be answered: `opt.when` is a time, to be compared with a span or a text such as \"2026-12-01T00:00:00Z\"; so it does not allow"},
	{"opt.force", "deploy start web -f", "+ true: opt.force is true"},
	{"opt.force", "deploy start web", "- false: opt.force is false"},
	{"opt.force == false", "deploy start web", "+ true: opt.force is false"},
	{"opt.env", "deploy start web", "- cannot be answered: `opt.env` is a text, neither true nor false; so it does not allow"},
	{"opt.owner == user", "deploy start web --owner=@ann", "+ true: opt.owner is \"ann\", user is \"ann\""},
	{"opt.owner == \"@ann\"", "deploy start web --owner=@ann", "+ true: opt.owner is \"ann\""},
	{"opt.owner == @ann", "deploy start web --owner=@ann", "+ true: opt.owner is \"ann\""},
	{"opt.to == #ops", "deploy start web --to=#ops", "+ true: opt.to is \"#ops\""},
	{"opt.to == room", "deploy start web --to=#ops", "+ true: opt.to is \"#ops\", room is \"#ops\""},
	{"opt.tag == \"x\"", "deploy start web --tag=x", "- cannot be answered: `opt.tag` may have several values: any(...) or all(...); so it does not allow"},
	{"any(opt.tag == \"x\")", "deploy start web --tag=y --tag=x", "+ true: opt.tag are \"y\", \"x\""},
	{"all(opt.tag == \"x\")", "deploy start web --tag=y --tag=x", "- false: opt.tag are \"y\", \"x\""},
	{"all(opt.tag == \"x\")", "deploy start web", "- false: opt.tag is empty"},
	{"all(opt.tag != \"x\")", "deploy start web", "+ true: opt.tag is empty"},
	{"any(opt.tag != \"x\")", "deploy start web", "- false: opt.tag is empty"},
	{"any(arg.* ~ /^db-/)", "deploy start web db-1 web-1", "+ true: arg.* are \"web\", \"db-1\", \"web-1\""},
	{"all(arg.* !~ /^db-/)", "deploy start web web-2 web-1", "+ true: arg.* are \"web\", \"web-2\", \"web-1\""},
	{"\"db-1\" in arg.*", "deploy start web db-1 web-1", "+ true: arg.* are \"web\", \"db-1\", \"web-1\""},
	{"\"release\" in groups", "ack 7", "+ true: groups are \"release\", \"web\""},
	{"any(groups in [\"a\", \"web\"])", "ack 7", "+ true: groups are \"release\", \"web\""},
	{"any(roles == \"admin\")", "ack 7", "- false: roles are \"viewer\""},
	{"risk == \"danger\"", "deploy start web", "+ true: risk is danger"},
	{"risk >= \"change\"", "ack 7", "+ true: risk is change"},
	{"incident.severity in [1, 2]", "ack 7", "+ true: incident.severity is 2"},
	{"incident.severity not in [1]", "ack 7", "+ true: incident.severity is 2"},
	{"incident.role == \"commander\" and incident and incident.state == 'open'", "ack 7", "+ true: incident.role is \"commander\" and incident is true and incident.state is \"open\""},
	{"mfa < 15m", "ack 7", "+ true: mfa is 10 min"},
	{"oncall(payments)", "ack 7", "+ true: oncall(payments) is true"},
	{"oncall(\"db team\")", "ack 7", "- false: oncall(db team) is false"},
	{"time in \"Mon-Fri 09:00-17:00 Europe/Paris\"", "ack 7", "+ true: it is Fri 16:30 Europe/Paris"},
	{"time not in \"Mon-Fri 09:00-17:00\"", "ack 7", "- false: it is Fri 15:30 UTC"},
	{"room == \"#ops\" and dm == false", "ack 7", "+ true: room is \"#ops\" and dm is false"},
	{"env == \"prod\"", "deploy start web --env=prod", "+ true: env is \"prod\""},
	{"env == \"prod\"", "ack 7", "- false: env has no value"},
	{"user ~ /nn/", "ack 7", "+ true: user is \"ann\""},
	{"user ~ /^nn/", "ack 7", "- false: user is \"ann\""},
	{"opt.env < 'x'", "deploy start web", "- cannot be answered: `opt.env` is a text: there is no less and no more; so it does not allow"},
	{"opt.count in [1, 'two']", "deploy start x --count=1", "- cannot be answered: `opt.count` is a number, `'two'` is a text; so it does not allow"},
	{"arg.alert == '7'", "ack 7", "+ true: arg.alert is \"7\""},
	{"opt.how-long >= 1d", "silence x 2d because", "+ true: opt.how-long is 2d"},
	{"arg.comment ~ /because/", "silence x 2d because of", "+ true: arg.comment is \"because of\""},
	{"opt.b == opt.env", "deploy start x", "- cannot be answered: deploy:start has no parameter `b`; so it does not allow"},
	{"opt.env == opt.count", "deploy start x", "- cannot be answered: `opt.env` is a text, `opt.count` is a number; so it does not allow"},
	{"opt.env == arg.app", "deploy start prod --env=prod", "+ true: opt.env is \"prod\", arg.app is \"prod\""},
	{"opt.force != true", "deploy start web", "+ true: opt.force is false"},
	{"not dm and (risk == 'read' or not (env == 'x' or env == 'y'))", "ack 7", "+ true: dm is false and env has no value"},
	{"env == 'x' or env == 'y'", "ack 7", "- false: env has no value"},
	{"env == 'x' or true and false", "ack 7", "- false: env has no value and as it is written"},
	{"true or false and false", "ack 7", "+ true: as it is written"},
	{"not true or true", "ack 7", "+ true: as it is written"},
	{"true", "ack 7", "+ true: as it is written"},
	{"1 == 1.0 and -3 < 2 and 1h == 60m", "ack 7", "+ true: as it is written"},
	{"arg.host ~ /x/", "ack 7", "- cannot be answered: core:ack has no parameter `host`; so it does not allow"},
	{"opt.count ~ /^1/", "deploy start x --count=12", "+ true: opt.count is 12"},
	{"opt.env !~ /prod|live/", "deploy start x --env=dev", "+ true: opt.env is \"dev\""},
	{"opt.env !~ /prod/", "deploy start x", "+ true: opt.env has no value"},
	{"opt.env ~ /prod/", "deploy start x", "- false: opt.env has no value"},
	{"opt.env not in ['prod', 'live']", "deploy start x", "+ true: opt.env has no value"},
	{"opt.env in ['prod', 'live']", "deploy start x --env=prod", "+ true: opt.env is \"prod\""},
	{"user in opt.tag", "deploy start x --tag=bob --tag=ann", "+ true: user is \"ann\", opt.tag are \"bob\", \"ann\""},
	{"user not in opt.tag", "deploy start x", "+ true: user is \"ann\", opt.tag is empty"},
	{"user in opt.env", "deploy start x", "- false: user is \"ann\", opt.env has no value"},
	{"opt.env == opt.tag", "deploy start x", "- cannot be answered: `opt.tag` may have several values: say \"x\" in it; so it does not allow"},
	{"opt.ratio <= 2.50 and opt.ratio >= 2.5 and opt.ratio == 2.5", "deploy start x --ratio=2.5", "+ true: opt.ratio is 2.5"},
	{"opt.when > -1", "deploy start x --when=2h", "- cannot be answered: `opt.when` is a time, `-1` is a number; so it does not allow"},
	{"opt.wait == opt.when", "deploy start x --when=2h --wait=2h", "+ true: opt.wait is 2h, opt.when is 2026-03-06T17:30:00.000Z"},
	{"\"2026-03-06T16:00:00Z\" < opt.when", "deploy start x --when=2h", "+ true: opt.when is 2026-03-06T17:30:00.000Z"},
	{"4h > opt.when", "deploy start x --when=2h", "+ true: opt.when is 2026-03-06T17:30:00.000Z"},
	{"any(opt.env == 'dev')", "deploy start x --env=dev", "+ true: opt.env is \"dev\""},
	{"all(opt.env == 'dev')", "deploy start x", "- false: opt.env has no value"},
	{"room ~ /^ops$/ and room in ['#ops'] and \"ops\" == room", "ack 7", "+ true: room is \"#ops\""},
	{"command == \"start\" and plugin == \"deploy\"", "deploy start x", "+ true: command is \"start\" and plugin is \"deploy\""},
	{"user == \"a\\\"n\\\\n\\t\"", "ack 7", "- false: user is \"ann\""},
	{"user == 'a\\n'", "ack 7", "- false: user is \"ann\""},
	{"user ~ /a\\/b\\w/", "ack 7", "- false: user is \"ann\""},
	{"opt.count == 99999999999999999999", "deploy start x --count=3", "- false: opt.count is 3"},
	{"user == @ann need group web", "ack 7", "+ true: user is \"ann\""},
	{"user == @ann # who else", "ack 7", "+ true: user is \"ann\""},
	{"risk == opt.env", "deploy start x --env=prod", "- false: risk is danger, opt.env is \"prod\""},
	{"((((((((((((((((((((((((((((((((true))))))))))))))))))))))))))))))))", "ack 7", "+ true: as it is written"},
	{"not not not true", "ack 7", "- false: as it is written"},
};

START_TEST(are_answered)
{
	facts.has_incident = true;
	facts.incident_severity = 2;
	facts.incident_role = S("commander");
	facts.incident_state = S("open");
	facts.mfa_at = NOW - 10 * MINUTE;
	read_rules(arena_printf(&a, "allow *:* when %s", conditions[_i].when).p);
	ck_str(traced(conditions[_i].line, 0), conditions[_i].trace);
}
END_TEST

/* With nothing known: no incident, no second factor, no channel. */
static const struct {
	const char *when, *trace;
} absent[] = {
	{"incident", "- false: incident is false"},
	{"incident.severity == 2", "- false: incident.severity has no value"},
	{"incident.severity < 2", "- false: incident.severity has no value"},
	{"incident.severity != 2", "+ true: incident.severity has no value"},
	{"incident.severity not in [1, 2]", "+ true: incident.severity has no value"},
	{"incident.role == 'commander'", "- false: incident.role has no value"},
	{"incident.state !~ /open/", "+ true: incident.state has no value"},
	{"mfa < 15m", "- false: mfa has no value"},
	{"mfa > 15m", "- false: mfa has no value"},
	{"room == 'ops'", "- false: room has no value"},
	{"room != 'ops'", "+ true: room has no value"},
	{"dm", "+ true: dm is true"},
	{"env == env", "- false: env has no value, env has no value"},
	{"oncall(db)", "- false: oncall(db) is false"},
	{"any(groups == 'web')", "- false: groups is empty"},
};

START_TEST(know_what_is_not_there)
{
	facts.user = S("zoe");
	facts.dm = true;
	facts.channel = S("");
	facts.incident_severity = 2; /* of nothing */
	facts.incident_role = S("commander");
	read_rules(arena_printf(&a, "allow *:* when %s", absent[_i].when).p);
	ck_str(traced("ack 7", 0), absent[_i].trace);
}
END_TEST

static const struct {
	const char *rule, *why;
} wrong_rules[] = {
	{"allow *:* when groups == \"x\"", "16: `groups` is a list: say any(...) or all(...), or \"x\" in the list"},
	{"allow *:* when risk >= \"chnge\"", "16: there is no risk `chnge`; did you mean `change`?"},
	{"allow *:* when incident.severity not in [\"high\"]", "42: `incident.severity` is a number, `\"high\"` is a text"},
	{"allow *:* when mfa < 5", "16: `mfa` is a span of time such as 90m, `5` is a number"},
	{"allow *:* when time in \"Mon-Fri 09:00-17:00 Europe/Pariss\"", "24: there is no time zone `Europe/Pariss`"},
	{"allow *:* when user ~ /a(/", "23: error parsing regexp: missing closing ): `a(`"},
	{"allow *:* when user ~ 'x'", "23: an expression such as /^web-/ is wanted, not `'x'`"},
	{"allow *:* when usr == 'x'", "16: there is no value `usr`; did you mean `user`?"},
	{"allow *:* when opts.env == 'x'", "16: there is no value `opts.env`; did you mean `opt.env`?"},
	{"allow *:* when env == prod", "23: there is no value `prod`; a text stands in quotes, a parameter is opt.NAME or arg.NAME"},
	{"allow *:* when env = 'prod'", "20: `=` is written `==` here"},
	{"allow *:* when env == 'prod' && dm", "30: `&&` is written `and` here"},
	{"allow *:* when env == 'prod", "23: this text in quotes has no end"},
	{"allow *:* when (env == 'prod'", "30: `)` is wanted, not the end"},
	{"allow *:* when user", "16: `user` is neither true nor false: compare it with something"},
	{"allow *:* when anyy(groups == 'x')", "16: there is no value `anyy`; did you mean `any`?"},
	{"allow *:* when user < 'x'", "16: `user` is a text: there is no less and no more"},
	{"allow *:* when env in 'prod'", "23: `in` wants a list such as [\"a\", \"b\"], not `'prod'`"},
	{"allow *:* when env in [user]", "24: a list in brackets has plain values, not `user`"},
	{"allow *:* when dm > false", "16: `dm` is true or false: there is no less and no more"},
	{"allow *:* when 1 == 1h", "16: `1` is a number, `1h` is a span of time such as 90m"},
	{"allow *:* when time in \"Mon 9-17\"", "24: `9-17` where the end, or one time zone at the end, is wanted; hours are such as \"Mon-Fri 09:00-17:00 Europe/Paris\""},
	{"allow *:* when time == \"Mon\"", "21: `in \"Mon-Fri 09:00-17:00\"` is wanted, not `==`"},
	{"allow *:* when time in Mon", "24: a text such as \"Mon-Fri 09:00-17:00 Europe/Paris\" is wanted, not `Mon`"},
	{"allow *:* when any(groups)", "26: a comparison is wanted, not `)`"},
	{"allow *:* when any groups == 'x'", "20: `(` is wanted, not `groups`"},
	{"allow *:* when all(groups == 'x'", "33: `)` is wanted, not the end"},
	{"allow *:* when oncall payments", "23: `(` is wanted, not `payments`"},
	{"allow *:* when oncall()", "23: the name of a team is wanted, not `)`"},
	{"allow *:* when opt. == 1", "16: `opt.` names no parameter: it is opt.NAME, arg.NAME, or arg.* for all by their place"},
	{"allow *:* when opt.a* == 1", "16: `opt.a*` names no parameter: it is opt.NAME, arg.NAME, or arg.* for all by their place"},
	{"allow *:* when opt.* == 1", "16: `opt.*` names no parameter: it is opt.NAME, arg.NAME, or arg.* for all by their place"},
	{"allow *:* when env == 'x' env", "27: `and`, `or`, `need` or the end is wanted, not `env`"},
	{"allow *:* when env ==", "22: a value is wanted, not the end"},
	{"allow *:* when ", "15: a value is wanted, not the end"},
	{"allow *:* when and", "16: a value is wanted, not `and`"},
	{"allow *:* when env not 'x'", "24: `in` is wanted, not `'x'`"},
	{"allow *:* when mfa < 15x", "22: `15x` is neither a number nor a span of time such as 90m; a text stands in quotes"},
	{"allow *:* when mfa < 1.", "22: `1.` is neither a number nor a span of time such as 90m; a text stands in quotes"},
	{"allow *:* when env == \"a\\x\"", "25: in double quotes only \\\" \\\\ \\n \\t are known"},
	{"allow *:* when env == ;", "23: `;` means nothing here; a text stands in quotes"},
	{"allow *:* when user == @ann #ops", "29: `#ops` in the middle of a rule; a comment has a blank behind its `#`"},
	{"allow *:* when groups in ['x']", "16: `groups` is a list: say any(...) or all(...), or \"x\" in the list"},
	{"allow *:* when env == groups", "16: `groups` is a list: say \"x\" in the list, or any(list == ...)"},
	{"allow *:* when incident == 1", "16: `incident` is true or false, `1` is a number"},
	{"alow core:ack", "1: a rule begins with allow, deny or require; did you mean `allow`?"},
	{"may core:ack", "1: a rule begins with allow, deny or require, not with `may`"},
	{"allow", "6: plugin:command is wanted, such as deploy:*, not ``"},
	{"allow when dm", "7: plugin:command is wanted, such as deploy:*, not ``"},
	{"allow core:", "7: plugin:command is wanted, such as deploy:*, not `core:`"},
	{"allow :ack", "7: plugin:command is wanted, such as deploy:*, not `:ack`"},
	{"allow co re:ack", "7: `co re:ack` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence"},
	{"allow core:a$k", "7: `core:a$k` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence"},
	{"allow a:b:c", "7: `a:b:c` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence"},
	{"allow \"core:ack", "7: this text in quotes has no end"},
	{"deny core:ack need role admin", "15: a deny needs nothing: it says no"},
	{"require core:ack", "17: a require says what is needed: `require ... need ...`"},
	{"require core:ack when dm", "25: a require says what is needed: `require ... need ...`"},
	{"allow core:ack need", "20: perm, group, role, confirm, reason, mfa or approval is wanted, not the end"},
	{"allow core:ack need reson", "21: there is no need `reson`; did you mean `reason`?"},
	{"allow core:ack need perm", "25: the name of a permission is wanted, not the end"},
	{"allow core:ack need perm a.*", "26: `a.*`: what is needed is one permission, without `*`"},
	{"allow core:ack need role operater", "26: there is no role `operater`; did you mean `operator`?"},
	{"allow core:ack need group relase", "27: there is no group `relase`; did you mean `release`?"},
	{"allow core:ack need reason confirm", "28: `and` or the end is wanted, not `confirm`"},
	{"allow core:ack need reason or confirm", "28: `and` or the end is wanted, not `or`"},
	{"allow core:ack need mfa", "24: `<` is wanted, not the end"},
	{"allow core:ack need mfa > 5m", "25: `<` is wanted, not `>`"},
	{"allow core:ack need mfa < 5", "27: a span of time such as 15m is wanted, not `5`"},
	{"allow core:ack need mfa < 0s", "27: a span of time such as 15m is wanted, not `0s`"},
	{"allow core:ack need approval", "29: how many people approve, from 1 to 20, is wanted, not the end"},
	{"allow core:ack need approval 0 of user:ann", "30: how many people approve, from 1 to 20, is wanted, not `0`"},
	{"allow core:ack need approval 21 of user:ann", "30: how many people approve, from 1 to 20, is wanted, not `21`"},
	{"allow core:ack need approval 1.5 of user:ann", "30: how many people approve, from 1 to 20, is wanted, not `1.5`"},
	{"allow core:ack need approval 1 from user:ann", "32: `of` is wanted, not `from`"},
	{"allow core:ack need approval 1 of release", "35: `release` is no set of people: say group:NAME, role:NAME, user:NAME or oncall:TEAM"},
	{"allow core:ack need approval 1 of group:", "35: `group:` is no set of people: say group:NAME, role:NAME, user:NAME or oncall:TEAM"},
	{"allow core:ack need approval 1 of group:relaese", "35: there is no group `relaese`; did you mean `release`?"},
	{"allow core:ack need approval 1 of role:admn", "35: there is no role `admn`; did you mean `admin`?"},
	{"allow core:ack need approval 1 of [group:web", "45: `]` is wanted, not the end"},
	{"allow core:ack need approval 1 of []", "36: who approves, such as group:release, is wanted, not `]`"},
	{"allow core:ack need approval 1 of user:ann not ben", "48: `requester` is wanted, not `ben`"},
	{"allow core:ack need approval 1 of user:ann requester can", "54: `may` is wanted, not `can`"},
	{"allow core:ack need approval 1 of user:ann within soon", "51: a span of time such as 15m is wanted, not `soon`"},
	{"allow core:ack need approval 1 of user:ann in", "46: a channel (what follows `#` is a comment to YAML: put the rule in quotes) is wanted, not the end"},
	{"allow core:ack allow core:help", "7: `core:ack allow core:help` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence"},
	{"allow core:ack when dm deny core:help", "24: `deny` inside a rule: a new one begins at the beginning of its line"},
};

START_TEST(are_refused)
{
	struct str yaml = arena_printf(&a, "groups: {release: [ann], web: [ann]}\n\n\nrules: |\n  %s\n", wrong_rules[_i].rule);
	struct str column, why = str_cut(str_of(wrong_rules[_i].why), ':', &column); /* "7: x" is "column 7 of the text: x" */

	ck_assert_msg(!read_with(yaml.p, NULL, 0), "%s", wrong_rules[_i].rule);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, arena_printf(&a, "access.yaml: line 5: column " STR_FMT " of the text:" STR_FMT, STR_ARG(column), STR_ARG(why)).p);
}
END_TEST

/* ---- targets ---- */

static const struct {
	const char *target, *line;
	bool fits;
} targets[] = {
	{"core:ack", "ack 7", true},
	{"core:ack", "help", false},
	{"CORE:Ack", "ack 7", true},
	{"ack", "ack 7", true},
	{"*:ack", "ack 7", true},
	{"core:*", "ack 7", true},
	{"*:*", "ack 7", true},
	{"*", "ack 7", true},
	{"deploy:*", "ack 7", false},
	{"c*e:*k", "ack 7", true},
	{"c*e:*l", "ack 7", false},
	{"core:a", "ack 7", false},
	{"core:ac*", "ack 7", true},
	{"core:ack*", "ack 7", true},
	{"deploy:start", "deploy start x", true},
	{"deploy:deploy start", "deploy start x", true},
	{"deploy:deploy   start", "deploy start x", true},
	{"\"deploy:deploy start\"", "deploy start x", true},
	{"deploy start", "deploy start x", true},
	{"start", "deploy start x", true},
	{"deploy:st*t", "deploy start x", true},
	{"deploy:st*t", "deploy status", false},
	{"deploy:st*", "deploy status", true},
	{"deploy:deploy*", "deploy status", true},
	{"deploy:deploy s*a*s", "deploy status", true},
	{"scale:scale", "scale web 3", true},
	{"scale", "scale web 3", true},
};

START_TEST(fit)
{
	read_rules(arena_printf(&a, "allow %s", targets[_i].target).p);
	ck_str(traced(targets[_i].line, 0), targets[_i].fits ? "+ true" : "none");
	ck_assert(str_starts(decided(targets[_i].line), targets[_i].fits ? S("yes") : S("no")));
}
END_TEST

/* ---- decisions ---- */

static const struct {
	const char *rules, *line, *decided;
} decisions[] = {
	/* deny by default */
	{"", "ack 7", "no: no rule allows `ack`"},
	{"allow core:help", "ack 7", "no: no rule allows `ack`"},
	{"require core:ack need reason", "ack 7 --reason=x", "no: no rule allows `ack`"},
	/* a deny wins, wherever it stands */
	{"allow core:ack\ndeny core:*", "ack 7", "no: `ack` is forbidden by the rule `deny core:*` (access.yaml:7)"},
	{"deny core:*\nallow core:ack", "ack 7", "no: `ack` is forbidden by the rule `deny core:*` (access.yaml:6)"},
	{"allow core:ack\ndeny core:* when dm", "ack 7", "yes"},
	/* of several allows the one that asks for least */
	{"allow core:ack need approval 1 of group:release\nallow core:ack need confirm and reason", "ack 7", "yes: confirm, reason"},
	{"allow core:ack need confirm and reason\nallow core:ack need approval 1 of group:release", "ack 7", "yes: confirm, reason"},
	{"allow core:ack need confirm\nallow core:ack", "ack 7", "yes"},
	{"allow core:ack need confirm and reason\nallow core:ack need mfa < 5m", "ack 7", "yes: mfa"},
	{"allow core:ack need reason\nallow core:ack need confirm", "ack 7 --reason=x", "yes"}, /* given already: nothing is left of it */
	{"allow core:ack need role admin\nallow core:ack need confirm", "ack 7", "yes: confirm"},
	/* all requires */
	{"allow core:ack\nrequire core:* need confirm\nrequire *:ack need reason", "ack 7", "yes: confirm, reason"},
	{"allow core:ack need confirm\nrequire core:* need confirm", "ack 7", "yes: confirm"},
	{"allow core:ack\nrequire core:* when dm need confirm", "ack 7", "yes"},
	{"allow core:ack\nrequire core:* need approval 1 of group:release\nrequire *:ack need approval 2 of user:ben", "ack 7", "yes: approval 1, approval 2"},
	{"allow core:ack\nrequire core:* need approval 1 of group:release\nrequire *:ack need approval 1 of group:release", "ack 7", "yes: approval 1, approval 1"},
	{"allow core:ack\nrequire core:* need role operator", "ack 7", "no: `ack` needs the role operator; yours is viewer. An admin can change that"},
	{"allow core:ack\nrequire core:* need perm x.y and confirm", "ack 7", "no: `ack` needs the permission x.y. An admin can change that"},
	{"allow core:ack\nrequire core:* need role incident-commander", "ack 7", "no: `ack` needs the incident's role commander"},
	{"allow core:ack\nrequire core:* need role viewer and group release", "ack 7", "yes"},
	/* the tests of an allow */
	{"allow core:ack need role responder", "ack 7", "no: `ack` needs the role responder; yours is viewer. An admin can change that"},
	{"allow core:ack need role viewer", "ack 7", "yes"},
	{"allow core:ack need group release", "ack 7", "yes"},
	{"allow core:ack need group empty", "ack 7", "no: `ack` needs the group empty. An admin can change that"},
	{"allow core:ack need perm a.b\nallow core:ack need role admin\nallow core:ack need perm a.b", "ack 7",
	 "no: `ack` needs the permission a.b or the role admin. An admin can change that"},
	{"allow core:ack when dm need role admin", "ack 7", "no: no rule allows `ack` so: dm is false"},
	{"allow deploy:* when opt.env != 'prod'", "deploy start x --env=prod", "no: no rule allows `deploy start` so: opt.env is \"prod\""},
	/* what cannot be answered closes */
	{"allow core:ack when opt.evn == 'x'", "ack 7", "no: no rule allows `ack` so: core:ack has no parameter `evn`"},
	{"allow core:ack\ndeny core:ack when opt.evn == 'x'", "ack 7", "no: `ack` is forbidden by the rule `deny core:ack when opt.evn == 'x'` (access.yaml:7)"},
	{"allow core:ack\nrequire core:ack when opt.evn == 'x' need confirm", "ack 7", "yes: confirm"},
	{"allow core:ack\ndeny core:ack when not opt.evn == 'x'", "ack 7", "no: `ack` is forbidden by the rule `deny core:ack when not opt.evn == 'x'` (access.yaml:7)"},
	{"allow core:ack\ndeny *:* when plugin == 'deploy' and opt.env == 'x'", "ack 7", "yes"}, /* false whatever it were */
	/* d2 of the plan: break glass */
	{"allow core:* when any(groups == 'web') and not oncall(payments)\nallow core:* when oncall(payments) need reason", "ack 7", "yes: reason"},
};

START_TEST(are_made)
{
	read_rules(decisions[_i].rules);
	ck_str(decided(decisions[_i].line), decisions[_i].decided);
}
END_TEST

/* What a rule says must not depend on where an option stands, how it is quoted or abbreviated. */
static const char *const same[] = {"deploy start web --env=prod",       "deploy start --env=prod web",      "deploy start --env prod web", "deploy start web -e prod",
				   "deploy start web host --env prod",  "deploy start web env=prod",        "deploy start web --env='prod'", "deploy start -e prod -- web",
				   "deploy:start web -f --env=\"prod\"", "deploy start web --force -e prod"};

START_TEST(see_what_is_meant)
{
	read_rules("allow deploy:*\ndeny deploy:start when opt.env == 'prod'");
	ck_str(decided(same[_i]), "no: `deploy start` is forbidden by the rule `deny deploy:start when opt.env == 'prod'` (access.yaml:7)");
	ck_str(decided("deploy start prod --env=dev --tag=prod"), "yes");
}
END_TEST

START_TEST(may_be_met_already)
{
	read_rules("allow core:ack need mfa < 15m and reason\nrequire core:* need mfa < 1h\nrequire core:* need mfa < 5m");
	ck_str(decided("ack 7"), "yes: mfa, reason");
	facts.mfa_at = NOW - 4 * MINUTE;
	ck_str(decided("ack 7 --reason='disk is full'"), "yes");
	facts.mfa_at = NOW - 10 * MINUTE;
	ck_str(decided("ack 7"), "yes: mfa, reason");
	facts.mfa_at = NOW - 5 * MINUTE;
	ck_str(decided("ack 7 --reason=x"), "yes: mfa");
}
END_TEST

START_TEST(ask_for_approval)
{
	struct access_need *n;
	struct verdict v;

	read_rules("allow core:ack\nrequire core:ack need approval 2 of [group:release, 'role:operator', user:ben, @cleo, oncall:payments, role:incident-commander] "
		   "within 15m valid 1h in #ops and mfa < 5m\n"
		   "require core:ack need approval 1 of user:ben requester may in prod-ops\nrequire core:ack need mfa < 3m");
	access_decide(access_, &a, call("ack 7"), &facts, &v);
	ck_assert(v.allowed);
	ck_str(v.rule, "allow core:ack");
	ck_assert_uint_eq(v.need_count, 3);
	n = &v.needs[0];
	ck_assert_int_eq(n->kind, NEED_APPROVAL);
	ck_assert_uint_eq(n->approvers, 2);
	ck_assert_uint_eq(n->set_count, 6);
	ck_str(n->sets[0], "group:release");
	ck_str(n->sets[1], "role:operator");
	ck_str(n->sets[3], "user:cleo");
	ck_str(n->sets[5], "role:incident-commander");
	ck_assert(n->not_requester);
	ck_assert_int_eq(n->within, 15 * MINUTE);
	ck_assert_int_eq(n->valid, HOUR);
	ck_str(n->channel, "ops");
	ck_assert(str_starts(n->rule, S("require core:ack need approval 2 of [group:release")));
	ck_assert_int_eq(v.needs[1].kind, NEED_MFA);
	ck_assert_int_eq(v.needs[1].age, 3 * MINUTE); /* the stricter one */
	n = &v.needs[2];
	ck_assert(!n->not_requester);
	ck_str(n->channel, "prod-ops");
	ck_assert_int_eq(n->within, 0);
	ck_assert_int_eq(n->valid, 0);
}
END_TEST

/* ---- people ---- */

static void read_people(void)
{
	must_read("roles:\n"
		  "  deployer: {perms: [deploy.run, 'scale.*'], includes: responder}\n"
		  "  lead: {includes: [deployer, operator], perms: [deploy.run, lead.x]}\n"
		  "  responder: {perms: [notes.write]}\n"
		  "  nothing:\n"
		  "groups: {release: ['@ann', ben, ben], all: [ann, cleo], empty: []}\n"
		  "grants:\n"
		  "  - {to: '@ann', roles: [deployer], in: '#payments', until: 2026-03-06T15:30:00.001Z}\n"
		  "  - {to: group:all, roles: lead, until: '2026-03-06T15:30:00Z'}\n"
		  "  - {to: user:cleo, roles: [nothing, operator]}\n"
		  "  - {to: group:empty, roles: [admin]}\n"
		  "on_call: {payments: [ann, '@ben']}\n");
}

static const char *person(const char *name, enum role role)
{
	struct json_out o;
	struct buf b;

	facts.user = str_of(name);
	facts.role = role;
	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	access_write_person(access_, &o, &facts);
	json_close(&o, '}');
	return buf_keep(&a, &b).p;
}

START_TEST(have_roles)
{
	read_people();
	ck_assert_str_eq(person("zoe", ROLE_VIEWER), "{\"groups\":[],\"roles\":[\"viewer\"],\"perms\":[]}");
	ck_assert_str_eq(person("zoe", 0), "{\"groups\":[],\"roles\":[],\"perms\":[]}");
	ck_assert_str_eq(person("zoe", ROLE_ADMIN),
			 "{\"groups\":[],\"roles\":[\"viewer\",\"responder\",\"operator\",\"admin\"],\"perms\":[\"notes.write\",\"*\"]}");
	/* the grant of all is over at this very moment; ann's holds in another channel */
	ck_assert_str_eq(person("ann", ROLE_VIEWER), "{\"groups\":[\"release\",\"all\"],\"roles\":[\"viewer\"],\"perms\":[]}");
	facts.now -= 1;
	ck_assert_str_eq(person("ann", ROLE_VIEWER), "{\"groups\":[\"release\",\"all\"],\"roles\":[\"viewer\",\"responder\",\"operator\",\"deployer\",\"lead\"],"
						     "\"perms\":[\"notes.write\",\"deploy.run\",\"scale.*\",\"lead.x\"]}");
	facts.now += 1;
	facts.channel = S("payments");
	ck_assert_str_eq(person("ann", ROLE_VIEWER),
			 "{\"groups\":[\"release\",\"all\"],\"roles\":[\"viewer\",\"responder\",\"deployer\"],\"perms\":[\"notes.write\",\"deploy.run\",\"scale.*\"]}");
	facts.now += 1;
	ck_assert_str_eq(person("ann", ROLE_VIEWER), "{\"groups\":[\"release\",\"all\"],\"roles\":[\"viewer\"],\"perms\":[]}");
	ck_assert_str_eq(person("ben", ROLE_VIEWER), "{\"groups\":[\"release\"],\"roles\":[\"viewer\"],\"perms\":[]}");
	ck_assert_str_eq(person("cleo", ROLE_VIEWER),
			 "{\"groups\":[\"all\"],\"roles\":[\"viewer\",\"responder\",\"operator\",\"nothing\"],\"perms\":[\"notes.write\"]}");
}
END_TEST

START_TEST(are_asked_for_a_role)
{
	read_people();
	facts.role = ROLE_OPERATOR;
	ck_assert(access_has_role(access_, S("viewer"), &facts));
	ck_assert(access_has_role(access_, S("operator"), &facts));
	ck_assert(!access_has_role(access_, S("admin"), &facts));
	ck_assert(!access_has_role(access_, S("deployer"), &facts));
	ck_assert(!access_has_role(access_, S("nobody"), &facts));
	ck_assert(!access_has_role(access_, S(""), &facts));
	facts.channel = S("payments");
	ck_assert(access_has_role(access_, S("deployer"), &facts));
	ck_assert(!access_has_role(access_, S("incident-commander"), &facts));
	facts.incident_role = S("commander");
	ck_assert(!access_has_role(access_, S("incident-commander"), &facts)); /* of no incident */
	facts.has_incident = true;
	ck_assert(access_has_role(access_, S("incident-commander"), &facts));
	ck_assert(!access_has_role(access_, S("incident-scribe"), &facts));
	ck_assert(!access_has_role(access_, S("incident-"), &facts));
}
END_TEST

static bool is_on_call(void *context, struct str team, int64_t user_id)
{
	(void)context;
	return str_is(team, "db") && user_id == 7;
}

START_TEST(are_in_sets)
{
	struct str sets[] = {S("group:release"), S("role:responder"), S("user:zoe"), S("oncall:payments"), S("oncall:db"),
			     S("role:incident-commander"), S("group:none"), S("ann"), S("user:")};
	const bool ann[] = {true, false, false, true, true, false, false, false, false};

	read_people();
	facts.on_call = is_on_call;
	for (size_t i = 0; i < COUNT_OF(sets); i++)
		ck_assert_msg(access_in_sets(access_, &sets[i], 1, &facts) == ann[i], STR_FMT, STR_ARG(sets[i]));
	ck_assert(access_in_sets(access_, sets + 1, 3, &facts));
	ck_assert(!access_in_sets(access_, sets, 0, &facts));
	facts.user = S("zoe");
	facts.user_id = 8;
	facts.role = ROLE_RESPONDER;
	ck_assert(!access_in_sets(access_, sets, 1, &facts));
	ck_assert(access_in_sets(access_, sets + 1, 1, &facts));
	ck_assert(access_in_sets(access_, sets + 2, 1, &facts));
	ck_assert(!access_in_sets(access_, sets + 3, 2, &facts));
}
END_TEST

START_TEST(may_by_permission)
{
	read_rules("allow core:ack need perm deploy.run\nallow core:help need perm scale.up.now\nallow scale:* need perm scales");
	ck_str(decided("ack 7"), "no: `ack` needs the permission deploy.run. An admin can change that");
	must_read("roles: {deployer: {perms: [deploy.run, 'scale.*']}}\ngrants: [{to: ann, roles: [deployer]}]\n"
		  "rules: [allow core:ack need perm deploy.run, allow core:help need perm scale.up.now, allow scale:* need perm scales]");
	ck_str(decided("ack 7"), "yes");
	ck_str(decided("help"), "yes");
	ck_str(decided("scale x 1"), "no: `scale` needs the permission scales. An admin can change that");
	ck_assert(access_has_perm(access_, S("scale.up"), &facts));
	ck_assert(!access_has_perm(access_, S("scales"), &facts));
	facts.user = S("zoe");
	ck_assert(!access_has_perm(access_, S("scale.up"), &facts));
	facts.role = ROLE_ADMIN; /* has "*" */
	ck_str(decided("scale x 1"), "yes");
}
END_TEST

/* ---- places ---- */

START_TEST(limit_commands)
{
	must_read("channels: {'#prod-ops': {only: ['deploy:*', core:ack]}, quiet: {only: []}}\n"
		  "commands: {'deploy:*': {channels: ['#prod-ops', ops]}, 'deploy:status': {channels: ['ops']}, scale: {channels: []}}\n"
		  "rules: [allow *:*]");
	ck_str(decided("ack 7"), "yes");
	ck_str(decided("deploy start x"), "yes");
	ck_str(decided("deploy status"), "yes");
	ck_str(decided("scale x 1"), "no: `scale` can be run in no channel");
	facts.channel = S("prod-ops");
	ck_str(decided("ack 7"), "yes");
	ck_str(decided("deploy start x"), "yes");
	ck_str(decided("deploy status"), "no: `deploy status` can only be run in #ops");
	ck_str(decided("help"), "no: `help` cannot be run in #prod-ops, only `deploy:*`, `core:ack`");
	ck_str(traced("help", 0), "+ `help` cannot be run in #prod-ops, only `deploy:*`, `core:ack`");
	facts.channel = S("quiet");
	ck_str(decided("help"), "no: no command can be run in #quiet");
	facts.channel = S("general");
	ck_str(decided("help"), "yes");
	ck_str(decided("deploy start x"), "no: `deploy start` can only be run in #prod-ops, #ops");
	facts.channel = S("ops");
	facts.dm = true;
	ck_str(decided("deploy start x"), "no: `deploy start` can only be run in #prod-ops, #ops");
	facts.channel = S("");
	facts.dm = false;
	ck_str(decided("deploy start x"), "no: `deploy start` can only be run in #prod-ops, #ops");
	ck_str(decided("help"), "yes");
}
END_TEST

START_TEST(have_an_environment)
{
	must_read("channels: {'#prod-ops': {env: prod}}");
	ck_str(access_env(access_, call("ack 7"), &facts), "");
	facts.channel = S("prod-ops");
	ck_str(access_env(access_, call("ack 7"), &facts), "prod");
	ck_str(access_env(access_, call("deploy start x"), &facts), "prod");
	ck_str(access_env(access_, call("deploy start x --env=dev"), &facts), "dev");
	facts.env = S("staging");
	ck_str(access_env(access_, call("deploy start x --env=dev"), &facts), "staging");
	facts.env = S("");
	facts.dm = true;
	ck_str(access_env(access_, call("ack 7"), &facts), "");
}
END_TEST

/* ---- what could be run ---- */

static const struct {
	const char *rules, *command;
	bool could;
} coulds[] = {
	{"", "ack", false},
	{"allow core:ack", "ack", true},
	{"allow core:ack need role admin", "ack", false},
	{"allow core:ack need approval 1 of user:ben", "ack", true},
	{"allow core:ack when dm", "ack", false},
	{"allow core:ack\ndeny core:ack", "ack", false},
	{"allow core:ack\ndeny core:ack when not dm", "ack", false},
	{"allow core:ack\ndeny core:ack when dm", "ack", true},
	{"allow core:ack\nrequire core:ack need role admin", "ack", false},
	{"allow core:ack\nrequire core:ack need confirm", "ack", true},
	{"allow core:ack\nrequire core:ack when dm need role admin", "ack", true},
	/* arguments may be anything */
	{"allow deploy:start when opt.env == 'dev'", "deploy start", true},
	{"allow deploy:start\ndeny deploy:start when opt.env == 'prod'", "deploy start", true},
	{"allow deploy:start\ndeny deploy:start when opt.env == 'prod' or user == 'ann'", "deploy start", false},
	{"allow deploy:start when opt.env == 'dev' and dm", "deploy start", false},
	{"allow deploy:start when not (opt.env == 'dev' and not dm)", "deploy start", true},
	{"allow deploy:start when any(arg.* == 'x')", "deploy start", true},
	{"allow deploy:start when env == 'dev'", "deploy start", true},
	{"allow deploy:status when env == 'dev'", "deploy status", false},
	{"allow deploy:start\nrequire deploy:start when opt.env == 'prod' need role admin", "deploy start", true},
	/* what cannot be answered closes */
	{"allow deploy:start when opt.evn == 'dev'", "deploy start", false},
	{"allow deploy:start\ndeny deploy:start when opt.evn == 'dev'", "deploy start", false},
	{"allow deploy:start when opt.evn == 'dev' or opt.env == 'dev'", "deploy start", true},
};

START_TEST(are_known_without_arguments)
{
	read_rules(coulds[_i].rules);
	ck_assert_msg(access_could(access_, command_set_named(set, str_of(coulds[_i].command)), &facts) == coulds[_i].could, "%s", coulds[_i].rules);
}
END_TEST

START_TEST(cannot_be_where_they_are_not)
{
	must_read("channels: {quiet: {only: []}}\nrules: [allow *:*]");
	ck_assert(access_could(access_, command_set_named(set, S("ack")), &facts));
	facts.channel = S("quiet");
	ck_assert(!access_could(access_, command_set_named(set, S("ack")), &facts));
}
END_TEST

/* ---- the file ---- */

static const struct {
	const char *yaml, *why;
} wrong_files[] = {
	{"rule: x", "line 1: unknown key `rule`; known are roles, groups, grants, on_call, channels, commands, rules"},
	{"[]", "line 1: a mapping is wanted here, such as {perms: [deploy.run]}"},
	{"roles: []", "line 1: `roles` is a mapping: a name, and what it has"},
	{"roles:\n  x: {perm: [a]}", "line 2: unknown key `perm`; known are perms, includes"},
	{"roles:\n  x: {includes: [operater]}", "line 2: there is no role `operater`; did you mean `operator`?"},
	{"roles:\n  x: {includes: [xylophone]}", "line 2: there is no role `xylophone`"},
	{"roles:\n  x: {includes: [y]}\n  y: {includes: [x]}", "line 2: the role `x` includes itself, by way of others"},
	{"roles:\n  x: {includes: [x]}", "line 2: the role `x` includes itself, by way of others"},
	{"roles:\n  viewer: {includes: [admin]}", "line 2: the role `viewer` includes itself, by way of others"},
	{"roles:\n  incident-lead: {}", "line 2: `incident-lead`: roles of incidents are given in the incident; choose another name"},
	{"roles: {x: {perms: {a: b}}}", "line 1: `perms` is a list of names"},
	{"roles: {x: {perms: [[a]]}}", "line 1: `perms` is a list of names; one with `#` stands in quotes"},
	{"groups: {x: {a: b}}", "line 1: `a group` is a list of names"},
	{"groups: {x: ['']}", "line 1: an empty name"},
	{"groups: {x: [\"a\\nb\"]}", "line 1: a name with a quote or a control character"},
	{"grants: {}", "line 1: `grants` is a list of {to: ann, roles: [operator]}, 10,000 at most"},
	{"grants: [ann]", "line 1: a grant is a mapping: {to: ann, roles: [operator]}"},
	{"grants: [{roles: [admin]}]", "line 1: a grant has `to`: the name of a person, or group:NAME"},
	{"grants:\n- {to: ann}", "line 2: a grant has `roles`: a list of them"},
	{"grants:\n- {to: ann, roles: [amdin]}", "line 2: there is no role `amdin`; did you mean `admin`?"},
	{"grants:\n- {to: group:x, roles: [admin]}", "line 2: there is no group `x`"},
	{"grants:\n- {to: role:x, roles: [admin]}", "line 2: `role:x`: a grant is to a person or to group:NAME"},
	{"grants:\n- {to: ann, roles: [admin], on: x}", "line 2: unknown key `on`; known are to, roles, in, until"},
	{"grants:\n- to: ann\n  roles: [admin]\n  in: #payments\n", "line 4: `in` is a channel in quotes: \"#payments\""},
	{"grants:\n- to: ann\n  roles: [admin]\n  until: tomorrow\n", "line 4: `until` is a time such as 2026-12-01T00:00:00Z"},
	{"grants:\n- to: ann\n  roles: [admin]\n  until:\n", "line 4: `until` is a time such as 2026-12-01T00:00:00Z"},
	{"channels: {x: {onyl: []}}", "line 1: unknown key `onyl`; known are env, only"},
	{"channels: {x: {only: }}", "line 1: `only` is empty; [] lets no command be run in x"},
	{"channels: {x: {only: ['a:b:c']}}", "line 1: `a:b:c` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence"},
	{"channels: {x: {env: [a]}}", "line 1: `env` is a text"},
	{"channels: {x: {}, '#x': {}}", "line 1: the channel `x` is there twice"},
	{"commands: {'x:y': {}}", "line 1: `x:y` has no `channels`: the list of those where it may be run"},
	{"commands: {'x:': {channels: [a]}}", "line 1: plugin:command is wanted, such as deploy:*, not `x:`"},
	{"commands: {x: {only: [a]}}", "line 1: unknown key `only`; known are channels"},
	{"rules: {}", "line 1: `rules` is a list of texts, or one text with a rule a line"},
	{"rules: [1]", "line 1: a rule is a text; put it in quotes"},
	/* lines of a block, and of a rule that goes on */
	{"rules: |\n  # ok\n  allow core:ack\n\n  allow core:help when\n    dm and\n    user == 1\n", "line 7: column 3 of the text: `user` is a text, `1` is a number"},
	{"rules:\n- allow core:ack\n- alow core:ack\n", "line 3: column 1 of the text: a rule begins with allow, deny or require; did you mean `allow`?"},
	{"rules:\n- allow core:ack\n- |\n  allow core:ack\n  alow core:ack\n", "line 5: column 1 of the text: a rule begins with allow, deny or require; did you mean `allow`?"},
	{"rules:\n- require core:ack need approval 1 of user:ann in #ops\n",
	 "line 2: column 48 of the text: a channel (what follows `#` is a comment to YAML: put the rule in quotes) is wanted, not the end"},
};

START_TEST(is_refused)
{
	ck_assert_msg(!read_with(wrong_files[_i].yaml, NULL, 0), "%s", wrong_files[_i].yaml);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_str_eq(err.text, arena_printf(&a, "access.yaml: %s", wrong_files[_i].why).p);
}
END_TEST

START_TEST(may_be_empty)
{
	must_read("");
	ck_str(decided("ack 7"), "no: no rule allows `ack`");
	must_read("roles:\ngroups:\ngrants:\non_call:\nchannels:\ncommands:\nrules:\n");
	must_read("rules: ''");
	must_read("rules: |\n  # nothing\n\n");
	access_free(access_);
	access_ = access_new(NULL, "access.yaml", NULL, 0, &err);
	ck_assert(access_);
	ck_str(decided("ack 7"), "no: no rule allows `ack`");
}
END_TEST

START_TEST(has_rules_in_lines)
{
	struct rule_trace *rules;
	struct verdict v;
	size_t count;

	must_read("rules: |\n"
		  "  # the first\n"
		  "  allow core:ack   # break glass\n"
		  "    when dm   # goes on\n"
		  "\n"
		  "  # in between, and even\n"
		  "    or user\t== 'a  #b'\n"
		  "    need reason\n"
		  "  deny core:ack when user ~ /x #\\/ y/\n"
		  "  require core:* need approval 1 of user:ann in #ops # comment\n");
	access_explain(access_, &a, call("ack 7"), &facts, &v, &rules, &count);
	ck_assert_uint_eq(count, 3);
	ck_str(rules[0].text, "allow core:ack when dm or user == 'a  #b' need reason");
	ck_str(rules[0].from, "access.yaml:3");
	ck_str(rules[1].text, "deny core:ack when user ~ /x #\\/ y/");
	ck_str(rules[1].from, "access.yaml:9");
	ck_str(rules[2].text, "require core:* need approval 1 of user:ann in #ops");
	ck_str(rules[2].from, "access.yaml:10");
	ck_str(rules[2].why, "true");
}
END_TEST

/* In the order of the file, though they are found under the command, the plugin and everything. */
START_TEST(keeps_the_order)
{
	static const struct access_default defaults[] = {{S("allow core:ack need role responder"), S("commands.def")},
							 {S("allow deploy:start need group nobody"), S("plugins/deploy/plugin.json")}};
	const char *const texts[] = {"allow *:ack need role admin", "deny core:ack when dm", "require c*:* need reason", "allow ack need role admin", "allow core:* when dm",
				     "allow core:ack need role responder"};
	struct rule_trace *rules;
	struct verdict v;
	size_t count;

	ck_assert(read_with("rules: ['allow *:ack need role admin', 'allow deploy:*', 'deny core:ack when dm', 'require c*:* need reason', "
			    "'allow ack need role admin', 'allow core:* when dm']",
			    defaults, COUNT_OF(defaults)));
	access_explain(access_, &a, call("ack 7"), &facts, &v, &rules, &count);
	ck_assert_uint_eq(count, COUNT_OF(texts));
	for (size_t i = 0; i < count; i++)
		ck_str(rules[i].text, texts[i]);
	ck_str(rules[5].from, "commands.def");
	ck_str(rules[5].why, "true; missing is the role responder");
	ck_assert(rules[5].fits);
	facts.role = ROLE_RESPONDER;
	ck_str(decided("ack 7"), "yes: reason");
}
END_TEST

START_TEST(takes_defaults)
{
	static const struct access_default good[] = {{S("allow core:ack need role responder"), S("commands.def")},
							 {S("allow deploy:start need group nobody"), S("plugins/deploy/plugin.json")}};
	static const struct access_default bad[] = {{S("allow core:ack need role"), S("plugins/x/plugin.json")}};

	access_ = access_new(NULL, "", good, COUNT_OF(good), &err);
	ck_assert_msg(access_, "%s", err.text);
	ck_str(decided("ack 7"), "no: `ack` needs the role responder; yours is viewer. An admin can change that");
	facts.role = ROLE_OPERATOR;
	ck_str(decided("ack 7"), "yes");
	ck_str(decided("deploy start x"), "no: `deploy start` needs the group nobody. An admin can change that");
	ck_assert(!access_new(NULL, "", bad, 1, &err));
	ck_assert_str_eq(err.text, "plugins/x/plugin.json: column 25 of the rule: the name of a role is wanted, not the end");
}
END_TEST

START_TEST(has_limits)
{
	struct buf b;
	char name[82];

	memset(name, 'x', 81);
	name[81] = '\0';
	ck_assert(!read_with(arena_printf(&a, "groups: {%s: [ann]}", name).p, NULL, 0));
	ck_assert(strstr(err.text, "is longer than 80 bytes"));
	err_clear(&err);
	name[80] = '\0';
	must_read(arena_printf(&a, "groups: {%s: [ann]}\nrules: [allow core:ack need group %s]", name, name).p);
	ck_str(decided("ack 7"), "yes");
	buf_init(&b, 4 * MIB);
	buf_add(&b, S("rules: |\n"));
	for (int i = 0; i < 10000; i++)
		buf_add(&b, S("  allow core:ack\n"));
	must_read(b.p);
	buf_add(&b, S("  allow core:ack\n"));
	ck_assert(!read_with(b.p, NULL, 0));
	ck_assert_str_eq(err.text, "access.yaml: line 1: more than 10,000 rules");
	err_clear(&err);
	buf_reset(&b);
	buf_add(&b, S("rules: |\n"));
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "  allow core:ack when user == '%04000d'\n", 1);
	ck_assert(!read_with(b.p, NULL, 0));
	ck_assert_str_eq(err.text, "access.yaml: line 1: more than 1 MiB of rules");
	err_clear(&err);
	buf_reset(&b);
	buf_printf(&b, "rules: [allow core:ack when user == '%05000d']\n", 1);
	ck_assert(!read_with(b.p, NULL, 0));
	ck_assert_str_eq(err.text, "access.yaml: line 1: column 1 of the text: a rule of more than 4 KiB");
	err_clear(&err);
	buf_reset(&b);
	buf_add(&b, S("rules: |\n"));
	for (int i = 0; i < 1001; i++)
		buf_printf(&b, "  allow core:ack when user ~ /%d/\n", i);
	ck_assert(!read_with(b.p, NULL, 0));
	ck_assert(strstr(err.text, "line 1002: column 28 of the text: more than 1000 different /expressions/"));
	buf_done(&b);
}
END_TEST

static struct str read_whole(const char *name)
{
	char *text = arena_zero(&a, 64 * KIB);
	FILE *f = fopen(name, "r");
	size_t n;

	ck_assert_msg(f, "%s", name);
	n = fread(text, 1, 64 * KIB - 1, f);
	fclose(f);
	return str_n(text, n);
}

START_TEST(is_as_documented)
{
	struct str text = read_whole(OPSROOM_SOURCE "/docs/access.md"), line, rules = S("");
	size_t begin, end, count = 0;

	ck_assert(str_find(text, S("```yaml\n"), &begin));
	ck_assert(str_find(text, S("```\n\n| key"), &end));
	must_read(arena_dup(&a, str_n(text.p + begin + 8, end - begin - 8)).p);
	while (text.n) {
		text = str_cut(text, '\n', &line);
		if ((str_starts(line, S("    allow ")) || str_starts(line, S("    deny ")) || str_starts(line, S("    require "))) && !str_find(line, S(" | "), NULL)) {
			rules = arena_printf(&a, STR_FMT STR_FMT "\n", STR_ARG(rules), STR_ARG(str_trim(line)));
			count++;
		}
	}
	ck_assert_uint_eq(count, 5);
	read_rules(rules.p);
}
END_TEST

/* The example that opsroom brings along. */
START_TEST(is_as_the_example)
{
	must_read(read_whole(OPSROOM_SOURCE "/etc/access.yaml").p);
	facts.now -= HOUR;
	ck_str(decided("deploy start web --env=dev"), "yes");
	ck_str(decided("deploy start web --env=prod"), "yes: approval 1, reason, confirm");
	facts.now += HOUR; /* 16:30 in Paris on a Friday: too late */
	ck_str(decided("deploy start web --env=prod --reason='fix'"), "yes: approval 1, approval 2, confirm");
	facts.has_incident = true;
	facts.incident_severity = 1;
	facts.incident_role = S("commander");
	facts.now -= 2 * HOUR;
	ck_str(decided("deploy start web --env=prod"), "yes: confirm");
	facts.user = S("zoe");
	ck_str(decided("deploy start web --env=prod"), "yes: confirm, reason");
	facts.dm = true;
	ck_str(decided("deploy start web --env=dev"), "no: `deploy start` is forbidden by the rule `deny *:* when dm and risk == \"danger\"` (access.yaml:47)");
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"conditions", are_answered, COUNT_OF(conditions)},
		{"conditions", know_what_is_not_there, COUNT_OF(absent)},
		{"conditions", see_what_is_meant, COUNT_OF(same)},
		{"rules", are_refused, COUNT_OF(wrong_rules)},
		{"rules", fit, COUNT_OF(targets)},
		{"decisions", are_made, COUNT_OF(decisions)},
		{"decisions", may_be_met_already, 0},
		{"decisions", ask_for_approval, 0},
		{"people", have_roles, 0},
		{"people", are_asked_for_a_role, 0},
		{"people", are_in_sets, 0},
		{"people", may_by_permission, 0},
		{"places", limit_commands, 0},
		{"places", have_an_environment, 0},
		{"commands", are_known_without_arguments, COUNT_OF(coulds)},
		{"commands", cannot_be_where_they_are_not, 0},
		{"file", is_refused, COUNT_OF(wrong_files)},
		{"file", may_be_empty, 0},
		{"file", has_rules_in_lines, 0},
		{"file", keeps_the_order, 0},
		{"file", takes_defaults, 0},
		{"file", has_limits, 0},
		{"file", is_as_documented, 0},
		{"file", is_as_the_example, 0},
	};

	return unit_run_in("ops_access", tests, COUNT_OF(tests), open_all, close_all);
}
