/* tests/bench/access.c -- how long a decision takes with 1,000 commands and 1,000 rules of the access file beside the commands' own.
 *
 *     access      for three kinds of files prints `ACCESS KIND us=MEDIAN p99=US most=US could=US`, and
 *                 `LINE us=MEDIAN p99=US per_s=N`: from a typed line to its decision, with the first of them
 *
 * own: a rule for each command and some for all; plugin: globs of 20 plugins; all: each of the rules is asked about every command.
 * Of each command the fastest of 20 rounds counts, by the time that the thread had a core: others have it too. The 99th
 * percentile is over the commands. could: access_could(), asked of each command by help and completion.
 */
#include "base/yaml.h"
#include "ops/access.h"
#include "ops/grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COMMANDS 1000
#define RULES 1000
#define ROUNDS 20

static struct command_spec specs[COMMANDS];
static struct typed_call calls[COMMANDS];
static struct access_default defaults[COMMANDS];
static struct str envs[] = {S("dev"), S("prod")};
static struct param params[] = {
	{.name = S("app"), .type = PARAM_TEXT, .required = true},
	{.name = S("hosts"), .type = PARAM_TEXT, .repeat = true},
	{.name = S("env"), .type = PARAM_CHOICE, .choices = envs, .choice_count = 2, .option = true},
	{.name = S("wait"), .type = PARAM_SPAN, .option = true},
};
static struct value values[] = {{S("checkout"), 0, 0}, {S("web-1"), 0, 0}, {S("web-2"), 0, 0}, {S("prod"), 0, 0}, {S("90m"), 5400000, 0}};
static struct bound_param bound[] = {{&values[0], 1, false}, {&values[1], 2, false}, {&values[3], 1, false}, {&values[4], 1, false}};

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void make_commands(struct arena *a)
{
	for (int i = 0; i < COMMANDS; i++) {
		struct command_spec *s = &specs[i];

		*s = (struct command_spec){.plugin = arena_printf(a, "plugin%d", i % 20), .risk = RISK_CHANGE, .params = params, .param_count = COUNT_OF(params)};
		s->path = arena_printf(a, "thing%d start", i);
		s->words = s->path;
		calls[i] = (struct typed_call){.spec = s, .params = bound};
		defaults[i].text = arena_printf(a, "allow " STR_FMT ":" STR_FMT " need role operator", STR_ARG(s->plugin), STR_ARG(s->path));
		defaults[i].from = S("commands.def");
	}
}

static struct str rule_of(struct arena *a, const char *kind, int i)
{
	static const char *const forms[] = {
		"allow %s when opt.env != \"prod\" need perm deploy.run%d",
		"require %s when opt.env == \"prod\" and incident.severity not in [1] need approval 1 of group:release within 1%dm",
		"deny %s when any(arg.* ~ /^db-%d/)",
		"require %s when time in \"Fri 16:00-Mon 08:00 Europe/Paris\" and opt.wait > %dm need reason",
		"allow %s when room == \"#ops%d\" or \"web\" in groups need confirm",
	};
	struct str target = S("'*:*'");

	if (str_is(str_of(kind), "own") && i >= 20)
		target = arena_printf(a, "%.*s:%.*s", STR_ARG(specs[i].plugin), STR_ARG(specs[i].path));
	else
		target = str_is(str_of(kind), "plugin") ? arena_printf(a, "plugin%d:thing*", i % 20) : S("*:*");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return arena_printf(a, forms[i / 20 % COUNT_OF(forms)], target.p, i);
#pragma GCC diagnostic pop
}

static struct access *read_file(struct arena *a, const char *kind)
{
	struct err err = {0};
	struct access *made = NULL;
	struct json *tree;
	struct buf b;

	buf_init(&b, 1 * MIB);
	buf_add(&b, S("groups: {release: [ben], web: [cleo]}\nroles: {deployer: {perms: ['deploy.*']}}\ngrants: [{to: ann, roles: [deployer, operator]}]\nrules: |\n"));
	for (int i = 0; i < RULES; i++)
		buf_printf(&b, "  " STR_FMT "\n", STR_ARG(rule_of(a, kind, i)));
	tree = yaml_parse(a, buf_str(&b), "access.yaml", &err);
	if (tree)
		made = access_new(tree, "access.yaml", defaults, COMMANDS, &err);
	if (!made)
		fprintf(stderr, "%s\n", err.text);
	buf_done(&b);
	return made;
}

static int by_time(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void measure(const struct access *a, const char *kind)
{
	const struct access_facts f = {.user_id = 7, .user = S("ann"), .role = ROLE_VIEWER, .channel = S("ops"),
				       .now = 1772811000000, .env = S(""), .incident_state = S(""), .incident_role = S("")};
	int64_t best[COMMANDS], could = INT64_MAX, from;
	struct arena arena;
	struct verdict v;

	arena_init(&arena);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < COMMANDS; i++) {
			from = cpu_ns();
			access_decide(a, &arena, &calls[i], &f, &v);
			from = cpu_ns() - from;
			best[i] = round && best[i] < from ? best[i] : from;
			arena_reset(&arena);
		}
		from = cpu_ns();
		for (int i = 0; i < COMMANDS; i++)
			(void)access_could(a, &specs[i], &f);
		from = cpu_ns() - from;
		could = from < could ? from : could;
	}
	qsort(best, COMMANDS, sizeof *best, by_time);
	printf("ACCESS %s us=%.2f p99=%.2f most=%.2f could=%.2f\n", kind,
	       (double)best[COMMANDS / 2] / 1e3, (double)best[COMMANDS * 99 / 100] / 1e3, (double)best[COMMANDS - 1] / 1e3,
	       (double)could / 1e3 / COMMANDS);
	arena_done(&arena);
}

static bool no_name(void *context, struct str ref, struct value *out, struct err *err)
{
	(void)context;
	(void)out;
	err_set(err, ERR_NOT_FOUND, "there is no " STR_FMT, STR_ARG(ref));
	return false;
}

/* From the text to the verdict, as commands/run.c does it: words, command, values, rules. */
static void one_line(const struct command_set *set, const struct access *a, struct arena *arena, struct str text)
{
	const struct access_facts f = {.user_id = 7, .user = S("ann"), .role = ROLE_OPERATOR, .channel = S("ops"), .now = 1772811000000, .env = S(""), .incident_state = S(""), .incident_role = S("")};
	const struct bind_names names = {.user = no_name, .channel = no_name, .now = f.now};
	struct command_found found;
	struct typed_call call;
	struct pipeline pipe;
	struct err err = {0};
	struct verdict v;
	struct line line;

	if (!line_read(arena, text, LINE_TYPED, &line, &err) || !line_split(&line, &pipe, &err))
		abort();
	command_set_find(set, pipe.stages[0].tokens, pipe.stages[0].count, &found);
	if (!found.spec || !call_bind(arena, found.spec, pipe.stages[0].tokens + found.words, pipe.stages[0].count - found.words, &names, &line, &call, &err))
		abort();
	access_decide(a, arena, &call, &f, &v);
}

static void measure_lines(const struct access *a)
{
	struct command_set *set = command_set_new();
	int64_t best[COMMANDS], from, all = 0;
	struct str lines[COMMANDS];
	struct arena arena;
	struct err err = {0};

	arena_init(&arena);
	for (int i = 0; i < COMMANDS; i++) {
		lines[i] = arena_printf(command_set_arena(set), "thing%d start checkout web-1 \"web 2\" --env=prod --wait 90m", i);
		if (!command_set_add(set, &specs[i], &err))
			abort();
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < COMMANDS; i++) {
			from = cpu_ns();
			one_line(set, a, &arena, lines[i]);
			from = cpu_ns() - from;
			best[i] = round && best[i] < from ? best[i] : from;
			arena_reset(&arena);
		}
	for (int i = 0; i < COMMANDS; i++)
		all += best[i];
	qsort(best, COMMANDS, sizeof *best, by_time);
	printf("LINE us=%.2f p99=%.2f per_s=%.0f\n", (double)best[COMMANDS / 2] / 1e3, (double)best[COMMANDS * 99 / 100] / 1e3, 1e9 * COMMANDS / (double)all);
	arena_done(&arena);
	command_set_free(set);
}

int main(void)
{
	static const char *const kinds[] = {"own", "plugin", "all"};
	struct arena a;

	arena_init(&a);
	make_commands(&a);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct access *made = read_file(&a, kinds[i]);

		if (!made)
			return 1;
		measure(made, kinds[i]);
		if (i == 0)
			measure_lines(made);
		access_free(made);
	}
	arena_done(&a);
	return 0;
}
