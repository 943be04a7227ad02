/* `opsroom rule`: what the access rules decide, and what another file would. */
#include "cli/cli.h"

#include "base/yaml.h"
#include "ops/access.h"

#define FILE_MAX (2 * MIB)

/* ---- rule test ---- */

static void print_rules(struct cli *c, const struct json *rules)
{
	static const char *const heads[] = {"", "RULE", "FROM", "WHY"};
	struct table t;

	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *r = rules ? rules->child : NULL; r; r = r->next) {
		bool fits = json_get_bool(r, "fits", false);

		table_row(&t, (const struct str[]){fits ? S("*") : S(""), json_get_str(r, "rule"), json_get_str(r, "from"), json_get_str(r, "why")},
			  (const enum colour[]){GREEN, fits ? PLAIN : DIM, DIM, fits ? PLAIN : DIM});
	}
	table_print(&t, "There is no rule for it.");
}

bool sub_rule_test(struct cli *c, struct err *err)
{
	const char *as = option(c, "--as"), *in = option(c, "--in");
	const struct pair pairs[] = {{"line", str_of(c->args[0])}, {"as", as ? str_of(as) : (struct str){NULL, 0}}, {"in", in ? str_of(in) : (struct str){NULL, 0}}};
	struct json *v;
	bool allowed;

	if (!call(c, "POST", S("/v1/access/test"), json_of(c, pairs, COUNT_OF(pairs)), &v, err))
		return false;
	allowed = json_get_bool(v, "allowed", false);
	c->exit_code = !allowed;
	if (c->json)
		return say_json(v);
	say_line(c, json_get_str(v, "call"));
	say(c, allowed ? GREEN : RED, safe_line(&c->arena, json_get_str(v, "outcome")));
	say_line(c, allowed ? S("") : arena_printf(&c->arena, ": " STR_FMT, STR_ARG(json_get_str(v, "why"))));
	printf("\n");
	print_rules(c, json_get(v, "rules"));
	return true;
}

/* ---- rule check ---- */

static bool is_sound(struct cli *c, const char *file, struct str text, struct err *err)
{
	struct json *tree = yaml_parse(&c->arena, text, file, err);
	struct access *a = tree ? access_new(tree, file, NULL, 0, err) : NULL;

	access_free(a);
	return a;
}

struct changes {
	struct table table;
	int64_t calls, changed;
};

static bool same_change(const struct json *a, const struct json *b)
{
	static const char *const keys[] = {"user", "channel", "call", "was", "becomes"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!str_eq(json_get_str(a, keys[i]), json_get_str(b, keys[i])))
			return false;
	return true;
}

/* Each kind of change once: the newest of a page stands for all that are the same. */
static void take_changes(struct cli *c, struct changes *all, const struct json *list)
{
	for (const struct json *v = list ? list->child : NULL; v; v = v->next) {
		const struct json *w = list->child;
		struct str channel = json_get_str(v, "channel");
		int64_t times = 0;

		all->changed++;
		while (w != v && !same_change(w, v))
			w = w->next;
		if (w != v)
			continue;
		for (; w; w = w->next)
			times += same_change(w, v);
		table_row(&all->table,
			  (const struct str[]){arena_printf(&c->arena, "%lld", (long long)times), json_get_str(v, "user"), channel.n ? arena_printf(&c->arena, "#" STR_FMT, STR_ARG(channel)) : S(""),
					       json_get_str(v, "call"), json_get_str(v, "was"), json_get_str(v, "becomes"), json_get_str(v, "rule")},
			  NULL);
	}
}

static bool ask_changes(struct cli *c, const char *file, struct str text, struct changes *all, struct err *err)
{
	struct str before = {NULL, 0};
	struct json *v;

	do {
		const struct pair pairs[] = {{"file", str_of(file)}, {"text", text}, {"before", before}};

		if (!call(c, "POST", S("/v1/access/check"), json_of(c, pairs, COUNT_OF(pairs)), &v, err))
			return false;
		if (c->json)
			say_json(v);
		all->calls += json_get_int(v, "calls", 0);
		take_changes(c, all, json_get(v, "changes"));
		before = json_get_str(v, "next");
	} while (before.n);
	return true;
}

bool sub_rule_check(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"TIMES", "USER", "CHANNEL", "CALL", "NOW", "WITH THE FILE", "BY"};
	const char *file = c->args[0];
	struct changes all = {0};
	struct err unasked = {0};
	struct str text;

	if (!read_input(c, file, FILE_MAX, &text, err) || !is_sound(c, file, text, err))
		return false;
	if (!c->json)
		printf("%s is sound.\n", file);
	if (option(c, "--offline"))
		return true;
	table_init(&all.table, c, COUNT_OF(heads), heads);
	if (!config_find(c, &unasked) || !ask_changes(c, file, text, &all, &unasked)) {
		fprintf(stderr, "opsroom: what it would change is not known: " STR_FMT "\n", STR_ARG(safe_line(&c->arena, str_of(unasked.text))));
		return true;
	}
	if (c->json)
		return true;
	printf("%lld of %lld calls of the last 30 days would be decided otherwise.\n", (long long)all.changed, (long long)all.calls);
	if (all.changed)
		table_print(&all.table, "");
	return true;
}
