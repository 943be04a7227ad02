/* The command line (ops/grammar.h): what was typed, what is understood, and what a person is told who mistyped. */
#include "ops/grammar.h"
#include "unit.h"

static struct arena a;
static struct command_set *set;

static bool a_user(void *context, struct str ref, struct value *out, struct err *err)
{
	(void)context;
	if (str_is(ref, "<@U1>") || str_is(ref, "@ann") || str_is(ref, "ann")) {
		out->text = S("ann");
		out->number = 1;
		return true;
	}
	err_set(err, ERR_NOT_FOUND, "there is nobody called `" STR_FMT "`", STR_ARG(ref));
	return false;
}

static bool a_channel(void *context, struct str ref, struct value *out, struct err *err)
{
	(void)context;
	(void)err;
	out->text = ref.n && ref.p[0] == '#' ? str_n(ref.p + 1, ref.n - 1) : ref;
	return true;
}

static const struct bind_names names = {.user = a_user, .channel = a_channel, .now = 1772416800000};

static void add(const char *plugin, const char *words, const char *usage)
{
	struct command_spec *spec = arena_zero(command_set_arena(set), sizeof *spec);
	struct err err = {0};

	spec->plugin = str_of(plugin);
	spec_set_words(command_set_arena(set), spec, str_of(words));
	ck_assert_msg(spec_read_usage(command_set_arena(set), str_of(usage), spec, &err), "%s", err.text);
	ck_assert_msg(spec_check(spec, &err), "%s", err.text);
	ck_assert_msg(command_set_add(set, spec, &err), "%s", err.text);
}

static void open_all(void)
{
	arena_init(&a);
	set = command_set_new();
	add("core", "ack", "<alert:alert>");
	add("core", "silence", "<what:alert> <how-long:span> [comment...] [--dry-run]");
	add("core", "page", "<who:user> <message...> [--ack-within=span]");
	add("core", "route", "[labels*]");
	add("deploy", "deploy", "[what]");
	add("deploy", "deploy start", "<app> [-e|--env=dev|staging|prod] [-f|--force] [--tag*=text] [--count=int] [--ratio=float] [--to=channel] [--when=time] [--dry-run]");
	add("one", "scale", "<group> <n:int>");
	add("two", "scale", "<group> <n:int>");
}

static void close_all(void)
{
	command_set_free(set);
	arena_done(&a);
}

/* Reads and binds a line of one command; the answer is the canonical text, or the error. */
static const char *read_as(const char *text, enum line_kind kind, struct typed_call *call)
{
	struct command_found found;
	struct pipeline pipe;
	struct line line;
	struct err err = {0};

	if (line_read(&a, str_of(text), kind, &line, &err) && line_split(&line, &pipe, &err)) {
		command_set_find(set, pipe.stages[0].tokens, pipe.stages[0].count, &found);
		if (!found.spec)
			return found.other_count ? "several" : "none";
		if (call_bind(&a, found.spec, pipe.stages[0].tokens + found.words, pipe.stages[0].count - found.words, &names, &line, call, &err))
			return call->canonical.p;
	}
	if (line.fault_at != SIZE_MAX)
		return arena_printf(&a, "%s @%zu", err.text, line.fault_at).p;
	return arena_printf(&a, "%s", err.text).p;
}

static const struct {
	const char *typed, *canonical;
} lines[] = {
	{"ack k7f3", "core:ack -- k7f3"},
	{"ACK  k7f3 ", "core:ack -- k7f3"},
	{"ack --help", "core:ack --help"},
	{"ack", "alert is missing. Usage: `ack <alert>`"},
	{"ack a b", "that is too much. Usage: `ack <alert>` @6"},
	{"ack 'two words'", "core:ack -- \"two words\""},
	{"ack \"a\\\"b\\\\c\\n\"", "core:ack -- \"a\\\"b\\\\c\\n\""},
	{"ack \"\\d\"", "core:ack -- \"\\\\d\""},
	{"ack 'x", "a quote (') is open to the end of the line @4"},
	{"ack \"x y", "a quote (\") is open to the end of the line @4"},
	{"ack two\\ words", "core:ack -- \"two words\""},
	/* the rest needs no quotes */
	{"silence k7f3 2h don't call, it's planned", "core:silence -- k7f3 2h \"don't call, it's planned\""},
	{"silence k7f3 2h \"known\"", "core:silence -- k7f3 2h known"},
	{"silence k7f3 2h say \"x\"  twice", "core:silence -- k7f3 2h \"say \\\"x\\\"  twice\""},
	{"silence k7f3 --dry-run 2h a b", "core:silence --dry-run -- k7f3 2h \"a b\""},
	{"silence k7f3 2h a --dry-run b", "core:silence --dry-run -- k7f3 2h \"a b\""},
	{"silence k7f3 2h -- --foo broke", "core:silence -- k7f3 2h \"--foo broke\""},
	{"silence k7f3 2h --foo broke", "`silence` has no option `--foo`. If it is text, put -- before it @16"},
	{"silence k7f3 120", "`120` is no span for <how-long>: 30m, 2h, 1d, 1w @13"},
	{"silence team=db,severity=~\"warn|crit\" 2h", "core:silence -- team=db,severity=~warn|crit 2h"},
	{"ack k7f3 --dry-run", "`ack` cannot be tried out: it has no --dry-run @9"},
	{"page ann has the restore finished?", "core:page -- @ann \"has the restore finished?\""},
	{"page @ann x --ack-within 5m", "core:page --ack-within=5m -- @ann x"},
	{"page zoe x", "there is nobody called `zoe` @5"},
	{"route team=db host='a b'", "core:route -- team=db \"host=a b\""},
	/* the longest path; options anywhere */
	{"deploy web", "deploy:deploy -- web"},
	{"deploy start web", "deploy:start -- web"},
	{"deploy:start web", "deploy:start -- web"},
	{"Deploy Start --env=prod web -f", "deploy:start --env=prod --force -- web"},
	{"deploy start -e prod web --no-force", "deploy:start --env=prod --no-force -- web"},
	{"deploy start env=prod app=web", "deploy:start --env=prod -- web"},
	{"deploy start web env:prod", "that is too much. Usage: `deploy start <app> [-e|--env=dev|staging|prod] [-f|--force] [--tag=…...] [--count=int] [--ratio=float] [--to=channel] [--when=time] [--dry-run]` @17"},
	{"deploy start http://x/a?b=c", "deploy:start -- http://x/a?b=c"},
	{"deploy start web --tag a --tag=b", "deploy:start --tag=a --tag=b -- web"},
	{"deploy start web --evn=prod", "`deploy start` has no option `--evn`. Did you mean `--env`? @17"},
	{"deploy start web --env=prdo", "`prdo` is no choice for --env: dev, staging or prod. Did you mean `prod`? @17"},
	{"deploy start web --env dev --env dev", "`--env` stands there twice @27"},
	{"deploy start web --force --no-force", "`--force` stands there twice @25"},
	{"deploy start web --env", "`--env` wants a value @17"},
	{"deploy start web --env --force", "`--env` wants a value @17"},
	{"deploy start web --count=3x", "`3x` is no int for --count: a whole number @17"},
	{"deploy start web --count=-3 --ratio=0.5", "deploy:start --count=\"-3\" --ratio=0.5 -- web"},
	{"deploy start web --ratio=inf", "`inf` is no float for --ratio: a number @17"},
	{"deploy start web --to #ops", "deploy:start --to=#ops -- web"},
	{"deploy start web --when 30m", "deploy:start --when=2026-03-02T02:30:00.000Z -- web"},
	{"deploy start web --incident 12", "`12` is no incident for --incident: INC-12 @17"},
	{"scale web 3", "several"},
	{"one:scale web 3", "one:scale -- web 3"},
	{"frobnicate", "none"},
	/* what phones and chat clients make of it */
	{"ack \xe2\x80\x9ctwo words\xe2\x80\x9d", "core:ack -- \"two words\""},
	{"ack\xc2\xa0k7f3", "core:ack -- k7f3"},
	{"deploy start web \xe2\x80\x94" "env prod", "deploy:start --env=prod -- web"},
	{"ack ```\nx \"y\n```", "core:ack -- \"x \\\"y\\n\""},
};

START_TEST(one_meaning)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct typed_call call, again;
		const char *got = read_as(lines[i].typed, LINE_TYPED, &call);

		ck_assert_msg(!strcmp(got, lines[i].canonical), "%s\n is %s\n not %s", lines[i].typed, got, lines[i].canonical);
		if (strchr(lines[i].canonical, ':') && str_find(str_of(got), S(" -- "), NULL))
			ck_assert_str_eq(read_as(got, LINE_CANONICAL, &again), got);
	}
}
END_TEST

START_TEST(chat_markup)
{
	struct typed_call call;

	ck_assert_str_eq(read_as("page <@U1> look at <https://x/a|this> &lt;now&gt;", LINE_CHAT, &call), "core:page -- @ann \"look at https://x/a <now>\"");
	ck_assert_str_eq(read_as("deploy start web --to <#C1|ops>", LINE_CHAT, &call), "deploy:start --to=#ops -- web");
	ck_assert_str_eq(read_as("ack a&lt;b", LINE_TYPED, &call), "core:ack -- a&lt;b");
}
END_TEST

START_TEST(values_and_flags)
{
	struct typed_call call;
	const struct bound_param *p;
	const struct param *param;

	read_as("deploy start web --count=42 --reason 'a b' --every 1d --timeout=5m --incident inc-7 --explain --tag x --tag y", LINE_TYPED, &call);
	p = call_param(&call, "count", &param);
	ck_assert(p && p->values[0].number == 42 && param->type == PARAM_INT);
	p = call_param(&call, "tag", NULL);
	ck_assert(p && p->count == 2);
	ck_str(p->values[1].text, "y");
	ck_assert(!call_param(&call, "env", NULL));
	ck_str(call.flags.reason, "a b");
	ck_str(call.flags.incident, "INC-7");
	ck_assert(call.flags.explain && call.flags.every == DAY && call.flags.timeout == 5 * MINUTE && !call.flags.dry_run);
}
END_TEST

static const struct {
	const char *text;
	size_t stages, dests;
	const char *error;
} pipes[] = {
	{"", 0, 0, NULL},
	{"alerts", 1, 0, NULL},
	{"alerts | where state == firing | head 5", 3, 0, NULL},
	{"alerts a|b '|' \"x | y\"", 1, 0, NULL},
	{"alerts | table > #ops", 2, 1, NULL},
	{"alerts *> #ops @ann here", 1, 3, NULL},
	{"graph up > 0", 1, 0, NULL},
	{"graph up > here", 1, 1, NULL},
	{"> #ops", 0, 1, NULL}, /* behind a program that is over */
	{"alerts > #a #b", 0, 0, "> takes one place; *> takes several"},
	{"alerts | | head", 0, 0, "there is nothing between the pipes"},
	{"| head", 0, 0, "there is nothing between the pipes"},
	{"alerts |", 0, 0, "there is nothing between the pipes"},
	{"a | a | a | a | a | a | a | a | a", 0, 0, "a line has at most 8 commands, one behind each |"},
};

START_TEST(pipes_and_places)
{
	for (size_t i = 0; i < COUNT_OF(pipes); i++) {
		struct err err = {0};
		struct pipeline p;
		struct line line;

		ck_assert(line_read(&a, str_of(pipes[i].text), LINE_TYPED, &line, &err));
		if (pipes[i].error) {
			ck_assert_msg(!line_split(&line, &p, &err), "%s", pipes[i].text);
			ck_assert_str_eq(err.text, pipes[i].error);
			continue;
		}
		ck_assert_msg(line_split(&line, &p, &err), "%s: %s", pipes[i].text, err.text);
		ck_assert_msg(p.count == pipes[i].stages && p.dest_count == pipes[i].dests, "%s: %zu, %zu", pipes[i].text, p.count, p.dest_count);
	}
}
END_TEST

START_TEST(points_at_the_fault)
{
	struct typed_call call;
	struct line line;
	struct err err = {0};

	(void)call;
	ck_assert(!line_read(&a, S("ack \xc3\xa4 'x"), LINE_TYPED, &line, &err));
	ck_str(line_point(&a, &line), "ack \xc3\xa4 'x\n      ^");
}
END_TEST

static const struct {
	const char *alias, *args, *out;
} aliases[] = {
	{"deploy start $1 --env=prod", "web", "deploy start web --env=prod"},
	{"deploy start $1 --env=${2:-dev}", "web", "deploy start web --env=dev"},
	{"deploy start $1 --env=${2:-dev}", "web prod", "deploy start web --env=prod"},
	{"silence $1 1h $@", "k7f3 it is known", "silence k7f3 1h it is known"},
	{"ack", "k7f3", "ack k7f3"},
	{"deploy start web", "--env=prod --force", "deploy start web --env=prod --force"},
	{"ack $1", "'a | b'", "ack \"a | b\""},
	{"ack $1", "'--force'", "ack \"--force\""},
	{"ack $1", "", "the alias wants more: $1 is missing"},
	{"graph rate(x[5m]) $", "", "graph rate(x[5m]) $"},
};

START_TEST(aliases_stand_for_text)
{
	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		struct err err = {0};
		struct line line;
		struct str out;
		bool ok;

		ck_assert(line_read(&a, str_of(aliases[i].args), LINE_TYPED, &line, &err));
		ok = alias_expand(&a, str_of(aliases[i].alias), line.tokens, line.count, &out, &err);
		ck_assert_str_eq(ok ? out.p : err.text, aliases[i].out);
	}
}
END_TEST

static const struct {
	const char *usage, *error;
} wrong_usages[] = {
	{"<a> x", "`x` is no parameter: <x>, [x] or [--x]"},
	{"[a] <b>", "`b` must be there, and the one before need not"},
	{"[a...] [b]", "`b` can never be reached: the one before takes all that follows"},
	{"[--a] <b>", "`b` stands behind an option; those by place come first"},
	{"<a> <a>", "`a` has the name or the letter of another"},
	{"<A>", "`A` is no name: lower case letters, digits, - and _, a letter first"},
	{"<a:wrd>", "`wrd` is no type: text, int, float, bool, span, time, user, channel, alert, incident, or choices such as a|b"},
};

START_TEST(usages_are_checked)
{
	for (size_t i = 0; i < COUNT_OF(wrong_usages); i++) {
		struct command_spec spec = {.plugin = S("x"), .words = S("x"), .path = S("x")};
		struct err err = {0};

		ck_assert_msg(!spec_read_usage(&a, str_of(wrong_usages[i].usage), &spec, &err) || !spec_check(&spec, &err), "%s", wrong_usages[i].usage);
		ck_assert_str_eq(err.text, wrong_usages[i].error);
	}
}
END_TEST

START_TEST(ours_cannot_be_hidden)
{
	struct command_spec spec = {.plugin = S("mine"), .words = S("ack"), .path = S("ack")};
	struct err err = {0};

	ck_assert(!command_set_add(set, &spec, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"lines", one_meaning},        {"lines", chat_markup},         {"lines", values_and_flags},
		{"pipes", pipes_and_places},   {"lines", points_at_the_fault}, {"aliases", aliases_stand_for_text},
		{"usages", usages_are_checked}, {"usages", ours_cannot_be_hidden},
	};

	return unit_run_in("ops/grammar", tests, COUNT_OF(tests), open_all, close_all);
}
