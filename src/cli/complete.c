/* What may stand at the end of a command line, for the completion of shells: a line each, the word, a tab, and what it is. ":file" and
 * ":dir" alone ask the shell for names of files. Subcommands and options are of the table; what a command of the chat takes is asked of the
 * daemon, briefly, and whatever goes wrong is silence. */
#include "cli/cli.h"

#define PATIENCE (2 * SECOND)
#define WORDS_MAX 256

struct completing {
	struct cli *c;
	struct str words[WORDS_MAX]; /* before the one that is completed */
	size_t count;
	struct str word, before;     /* that one, and what is printed before each proposal: --env= */
	bool bare;                   /* the shell cut at the =: print only what follows */
	bool asked;
	const struct json *boot;     /* NULL: the daemon does not answer */
};

static void propose(struct completing *p, struct str word, struct str help)
{
	struct arena *a = &p->c->arena;

	if (str_starts(word, p->word))
		printf(STR_FMT STR_FMT "\t" STR_FMT "\n", STR_ARG(p->before), STR_ARG(safe_line(a, word)), STR_ARG(str_clip(safe_line(a, help), 100)));
}

static const struct json *boot(struct completing *p)
{
	struct names names = {0};
	struct err ignored = {0};

	if (!p->asked && config_find(p->c, &ignored) && names_get(p->c, &names, &ignored))
		p->boot = names.boot;
	p->asked = true;
	return p->boot;
}

static const struct json *boot_list(struct completing *p, const char *key)
{
	const struct json *list = json_get(boot(p), key);

	return list ? list->child : NULL;
}

/* ---- values, by what they are ---- */

static void propose_rows(struct completing *p, struct str path, const char *list, const char *word, const char *help)
{
	struct err ignored = {0};
	struct json *answer;

	if (!boot(p) || !call(p->c, "GET", path, S(""), &answer, &ignored))
		return;
	for (const struct json *v = json_get(answer, list) ? json_get(answer, list)->child : NULL; v; v = v->next)
		propose(p, json_get_str(v, word), json_get_str(v, help));
}

/* "@" and "#" stand before the names only if they were typed: to shells they mean something. */
static void propose_names(struct completing *p, const char *list, const char *help, char mark)
{
	bool marked = p->word.n && p->word.p[0] == mark;

	for (const struct json *v = boot_list(p, list); v; v = v->next)
		if (!json_get_bool(v, "is_im", false))
			propose(p, arena_printf(&p->c->arena, "%.*s" STR_FMT, (int)marked, &mark, STR_ARG(json_get_str(v, "name"))), json_get_str(v, help));
}

/* By its name in the help: "FILE", "<channel>", and by a parameter's type. */
static void propose_kind(struct completing *p, struct str kind)
{
	static const char *const states[] = {"open", "firing", "acknowledged", "resolved", "all"};

	if (str_eq_nocase(kind, S("file")))
		printf(":file\n");
	else if (str_eq_nocase(kind, S("dir")))
		printf(":dir\n");
	else if (str_eq_nocase(kind, S("channel")))
		propose_names(p, "channels", "topic", '#');
	else if (str_eq_nocase(kind, S("user")))
		propose_names(p, "users", "real_name", '@');
	else if (str_eq_nocase(kind, S("alert")))
		propose_rows(p, S("/v1/alerts"), "alerts", "id", "title");
	else if (str_eq_nocase(kind, S("request")))
		propose_rows(p, S("/v1/approvals"), "approvals", "code", "calls");
	else if (str_eq_nocase(kind, S("state")))
		for (size_t i = 0; i < COUNT_OF(states); i++)
			propose(p, str_of(states[i]), S(""));
}

/* ---- a command of the chat ---- */

static size_t words_in(struct str text)
{
	struct str one;
	size_t n = 0;

	for (; text.n; n++)
		text = str_cut(text, ' ', &one);
	return n;
}

/* Are the first `count` words of the command these? *next: the word behind them, "" if there is none. */
static bool begins_with(struct str command, const struct str *words, size_t count, struct str *next)
{
	struct str rest = command;

	for (size_t i = 0; i < count; i++) {
		rest = str_cut(rest, ' ', next);
		if (!str_eq_nocase(*next, words[i]))
			return false;
	}
	str_cut(rest, ' ', next);
	return true;
}

/* Is there a row before `end` with the same words and the same next one? */
static bool seen_before(const struct json *first, const struct json *end, const struct str *words, size_t count, struct str next)
{
	struct str other;

	for (const struct json *v = first; v != end; v = v->next)
		if (begins_with(json_get_str(v, "name"), words, count, &other) && str_eq(other, next))
			return true;
	return false;
}

static void propose_commands(struct completing *p, const struct str *words, size_t count)
{
	const struct json *first = boot_list(p, "commands");
	struct str next;

	for (const struct json *v = first; v; v = v->next) {
		struct str name = json_get_str(v, "name");

		if (begins_with(name, words, count, &next) && next.n && !seen_before(first, v, words, count, next))
			propose(p, next, words_in(name) == count + 1 ? json_get_str(v, "help") : S(""));
	}
}

static const struct json *longest_command(struct completing *p, const struct str *words, size_t count)
{
	const struct json *best = NULL;
	struct str next;

	for (const struct json *v = boot_list(p, "commands"); v; v = v->next) {
		size_t n = words_in(json_get_str(v, "name"));

		if (n <= count && begins_with(json_get_str(v, "name"), words, n, &next) && (!best || n > words_in(json_get_str(best, "name"))))
			best = v;
	}
	return best;
}

/* The option that the word names: --env, --env=…, --no-force, -e. */
static const struct json *option_named(const struct json *list, struct str word)
{
	struct str name;

	if (word.n < 2 || word.p[0] != '-')
		return NULL;
	(void)str_cut(word, '=', &name);
	for (const struct json *v = list ? list->child : NULL; v; v = v->next) {
		struct str long_name = json_get_str(v, "name"), letter = json_get_str(v, "letter");

		if (!json_get_bool(v, "option", false))
			continue;
		if (name.n == 2 ? str_eq(letter, str_n(name.p + 1, 1)) : str_eq(long_name, str_n(name.p + 2, name.n - 2)))
			return v;
		if (str_starts(name, S("--no-")) && str_eq(long_name, str_n(name.p + 5, name.n - 5)))
			return v;
	}
	return NULL;
}

static const struct json *any_option(struct completing *p, const struct json *command, struct str word)
{
	const struct json *found = option_named(json_get(command, "params"), word);

	return found ? found : option_named(json_get(boot(p), "command_flags"), word);
}

static bool is_switch(const struct json *param)
{
	return str_is(json_get_str(param, "type"), "bool");
}

static void propose_param(struct completing *p, const struct json *param)
{
	const struct json *choices = json_get(param, "choices");

	for (const struct json *v = choices ? choices->child : NULL; v; v = v->next)
		propose(p, json_str(v), S(""));
	if (!choices)
		propose_kind(p, str_is(json_get_str(param, "name"), "request") ? S("request") : json_get_str(param, "type"));
}

static void propose_options(struct completing *p, const struct json *list, bool dry_run)
{
	for (const struct json *v = list ? list->child : NULL; v; v = v->next)
		if (json_get_bool(v, "option", false) && (dry_run || !str_is(json_get_str(v, "name"), "dry-run")))
			propose(p, arena_printf(&p->c->arena, "--" STR_FMT "%s", STR_ARG(json_get_str(v, "name")), is_switch(v) ? "" : "="), json_get_str(v, "help"));
}

/* The parameter at this place; the last one if it takes any number. */
static const struct json *place_at(const struct json *command, size_t place)
{
	const struct json *list = json_get(command, "params"), *last = NULL;

	for (const struct json *v = list ? list->child : NULL; v; v = v->next) {
		if (json_get_bool(v, "option", false))
			continue;
		if (!place--)
			return v;
		last = v;
	}
	return last && json_get_bool(last, "repeat", false) ? last : NULL;
}

/* words: behind those of the command. */
static void complete_call(struct completing *p, const struct json *command, const struct str *words, size_t count)
{
	const struct json *value_of = NULL, *o;
	struct str name, value = str_cut(p->word, '=', &name);
	bool ended = false;
	size_t places = 0;

	for (size_t i = 0; i < count; i++) {
		o = ended || value_of ? NULL : any_option(p, command, words[i]);
		if (!ended && !value_of && str_is(words[i], "--"))
			ended = true;
		else if (!value_of && !o)
			places++;
		value_of = o && !is_switch(o) && !str_find(words[i], S("="), NULL) ? o : NULL;
	}
	o = ended || value_of || name.n == p->word.n ? NULL : any_option(p, command, name);
	if (o) {
		p->before = p->bare ? S("") : arena_printf(&p->c->arena, STR_FMT "=", STR_ARG(name));
		p->word = value;
		propose_param(p, o);
	} else if (value_of) {
		propose_param(p, value_of);
	} else if (!ended && p->word.n && p->word.p[0] == '-') {
		propose_options(p, json_get(command, "params"), true);
		propose_options(p, json_get(boot(p), "command_flags"), json_get_bool(command, "dry_run", false));
	} else if (place_at(command, places)) {
		propose_param(p, place_at(command, places));
	}
}

/* The words of `opsroom run`. */
static void complete_line(struct completing *p, const struct str *words, size_t count)
{
	const struct json *command;
	size_t from = 0, own;

	for (size_t i = 0; i < count; i++)
		if (str_is(words[i], "|"))
			from = i + 1;
	for (const struct json *v = from && from == count ? boot_list(p, "command_filters") : NULL; v; v = v->next)
		propose(p, json_get_str(v, "name"), json_get_str(v, "help"));
	command = longest_command(p, words + from, count - from);
	if (!command) {
		propose_commands(p, words + from, count - from);
		return;
	}
	own = words_in(json_get_str(command, "name"));
	if (own == count - from)
		propose_commands(p, words + from, own); /* there may be longer ones */
	complete_call(p, command, words + from + own, count - from - own);
}

/* ---- our own subcommands ---- */

static void propose_table(struct completing *p, const struct cli_option *options, size_t max)
{
	for (size_t i = 0; i < max && options[i].name; i++)
		propose(p, str_of(options[i].name), str_of(options[i].help));
}

/* The first words, or the second ones behind `first`: each once. */
static void propose_subcommands(struct completing *p, struct str first)
{
	struct str last = S("");

	for (const struct subcommand *s = subcommands; s->name; s++) {
		struct str head, tail = str_cut(str_of(s->name), ' ', &head);
		struct str word = first.n ? tail : head;

		if (word.n && (!first.n || str_eq(head, first)) && !str_eq(word, last))
			propose(p, word, str_of(tail.n && !first.n ? "" : s->help));
		last = word;
	}
}

/* What the arguments are called in the help: "<channel> <text>", "[<alert>...]". */
static void propose_argument(struct completing *p, const struct subcommand *s, size_t place)
{
	struct str rest = str_of(s->arguments), one = S("");

	for (size_t i = 0; i <= place && rest.n; i++) {
		rest = str_cut(rest, ' ', &one);
		if (!rest.n && i < place && !str_find(one, S("..."), NULL))
			return;
	}
	while (one.n && strchr("[<", one.p[0]))
		one = str_n(one.p + 1, one.n - 1);
	while (one.n && strchr("].>", one.p[one.n - 1]))
		one.n--;
	if (str_is(one, "command"))
		propose_subcommands(p, S(""));
	else
		propose_kind(p, one);
}

static const char *value_name(const struct subcommand *s, struct str word)
{
	for (size_t i = 0; s && i < CLI_OPTIONS && s->options[i].name; i++)
		if (str_is(word, s->options[i].name))
			return s->options[i].value;
	for (size_t i = 0; global_options[i].name; i++)
		if (str_is(word, global_options[i].name))
			return global_options[i].value;
	return NULL;
}

/* The line so far. */
struct reading {
	const struct subcommand *sub;
	struct str head;      /* the first of two words, when the second is not there yet */
	size_t args, first;   /* how many arguments, and which word the first is */
	const char *value_of; /* the option before the word asks for this */
};

static void read_words(struct completing *p, struct reading *r)
{
	int used;

	*r = (struct reading){.head = S(""), .first = p->count};
	for (size_t i = 0; i < p->count; i++) {
		struct str w = p->words[i];
		bool text = r->args && r->sub->takes_text;

		if (w.n > 1 && w.p[0] == '-' && !text) {
			const char *value = value_name(r->sub, w), **place = cli_global(p->c, w.p);

			if (value && i + 1 == p->count)
				r->value_of = value;
			else if (value && ++i && place)
				*place = p->words[i].p;
		} else if (!r->sub) {
			r->sub = subcommand_find(w.p, i + 1 < p->count ? p->words[i + 1].p : NULL, &used);
			if (!r->sub) {
				r->head = w;
				return;
			}
			i += (size_t)used - 1;
		} else if (!r->args++) {
			r->first = i;
		}
	}
}

static void complete(struct completing *p)
{
	struct reading r;

	read_words(p, &r);
	if (r.value_of) {
		propose_kind(p, str_of(r.value_of));
	} else if (!r.sub && !r.head.n && !(p->word.n && p->word.p[0] == '-')) {
		propose_subcommands(p, S(""));
	} else if (r.sub && r.sub->run == sub_run && (r.args || !p->word.n || p->word.p[0] != '-')) {
		complete_line(p, p->words + r.first, p->count - r.first);
	} else if (p->word.n && p->word.p[0] == '-') {
		if (r.sub)
			propose_table(p, r.sub->options, CLI_OPTIONS);
		propose_table(p, global_options, 99);
	} else if (r.sub) {
		propose_argument(p, r.sub, r.args);
	} else {
		propose_subcommands(p, r.head);
	}
}

/* bash cuts --env=prod into three words: they are one again. Only what follows the last "=" is then printed. */
static bool take_words(struct completing *p, int count, char **words)
{
	bool glue = false, glued = false;

	for (int i = 0; i < count; i++) {
		bool equals = i && strcmp(words[i], "=") == 0;

		if (p->count == WORDS_MAX)
			return false;
		glued = glue || equals;
		if (glued)
			p->words[p->count - 1] = arena_printf(&p->c->arena, STR_FMT "%s", STR_ARG(p->words[p->count - 1]), words[i]);
		else
			p->words[p->count++] = str_of(words[i]);
		glue = equals;
	}
	if (!p->count)
		return false;
	p->word = p->words[--p->count];
	p->bare = glued;
	return true;
}

void print_proposals(struct cli *c, int count, char **words)
{
	struct completing p = {.c = c, .before = S("")};

	c->deadline = PATIENCE;
	c->json = false;
	if (take_words(&p, count, words))
		complete(&p);
}
