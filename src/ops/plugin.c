/* The manifest of a plugin. */
#include "base/crypt.h"
#include "ops/lock.h"
#include "ops/plugin_parts.h"

#include <fnmatch.h>

#define HELP_MAX 500
#define URL_MAX 2000

static const char *const carrier_names[] = {[PLUGIN_EXEC] = "exec", [PLUGIN_SERVE] = "serve", [PLUGIN_CONTAINER] = "container", [PLUGIN_RPC] = "rpc"};

const char *plugin_carrier_name(enum plugin_carrier carrier)
{
	return carrier_names[carrier];
}

/* ---- what is wrong, and where ---- */

static unsigned line_of(const struct plugin_reader *rd, const struct json *at)
{
	const char *p = at ? (at->key.n ? at->key.p : at->text.p) : NULL;
	unsigned line = 1;

	if (!p || p < rd->text.p || p > rd->text.p + rd->text.n)
		return 0; /* a text with escapes lies elsewhere */
	for (const char *c = rd->text.p; c < p; c++)
		line += *c == '\n';
	return line;
}

bool plugin_wrong(struct plugin_reader *rd, const struct json *at, const char *where, const char *fmt, struct str what)
{
	unsigned line = line_of(rd, at);

	err_set(rd->err, ERR_INVALID, fmt, STR_ARG(str_clip(what, 260)));
	if (*where)
		err_prefix(rd->err, "%s: ", where);
	if (line)
		err_prefix(rd->err, "%s: line %u: ", rd->file, line);
	else
		err_prefix(rd->err, "%s: ", rd->file);
	return false;
}

static struct arena *arena_of(struct plugin_reader *rd)
{
	return &rd->p->arena;
}

static const char *inside(struct plugin_reader *rd, const char *where, const char *key)
{
	return arena_printf(arena_of(rd), "%s%s%s", where, *where ? "." : "", key).p;
}

static const char *item_of(struct plugin_reader *rd, const char *where, const char *key, size_t i)
{
	return arena_printf(arena_of(rd), "%s%s%s[%zu]", where, *where ? "." : "", key, i).p;
}

/* keys: with a blank around each. */
static bool known_keys(struct plugin_reader *rd, const struct json *object, const char *where, const char *keys)
{
	struct str names[32], rest = str_of(keys), near;
	size_t count = 0;

	if (object->type != JSON_OBJECT)
		return plugin_wrong(rd, object, where, "an object is wanted here" STR_FMT, S(""));
	while (count < COUNT_OF(names) && str_word(&rest, &names[count]))
		count++;
	for (const struct json *m = object->child; m; m = m->next) {
		size_t i = 0;

		while (i < count && !str_eq(names[i], m->key))
			i++;
		if (i < count)
			continue;
		near = nearest_word(m->key, names, count);
		return near.n ? plugin_wrong(rd, m, where, STR_FMT,
					     arena_printf(arena_of(rd), "there is no key `" STR_FMT "`; did you mean `" STR_FMT "`?", STR_ARG(str_clip(m->key, 40)), STR_ARG(near)))
			      : plugin_wrong(rd, m, where, STR_FMT,
					     arena_printf(arena_of(rd), "there is no key `" STR_FMT "`; there are: " STR_FMT, STR_ARG(str_clip(m->key, 40)), STR_ARG(str_trim(str_of(keys)))));
	}
	return true;
}

/* ---- values ---- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return true;
}

static bool text_ok(struct plugin_reader *rd, const struct json *v, const char *where, size_t most)
{
	if (v->type != JSON_STR || !v->text.n)
		return plugin_wrong(rd, v, where, "a text is wanted here" STR_FMT, S(""));
	if (v->text.n > most)
		return plugin_wrong(rd, v, where, "the text is longer than " STR_FMT " bytes", arena_printf(arena_of(rd), "%zu", most));
	return is_plain(v->text) || plugin_wrong(rd, v, where, "the text has a line feed or another control character in it" STR_FMT, S(""));
}

bool plugin_text(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, size_t most, bool needed, struct str *out)
{
	const struct json *v = json_get(object, key);

	*out = S("");
	if (!v)
		return !needed || plugin_wrong(rd, object, where, "`" STR_FMT "` is missing", str_of(key));
	*out = json_str(v);
	return text_ok(rd, v, inside(rd, where, key), most);
}

static bool take_texts(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, size_t most, size_t most_bytes, struct str **out, size_t *count)
{
	const struct json *v = json_get(object, key);

	*count = 0;
	*out = NULL;
	if (!v)
		return true;
	where = inside(rd, where, key);
	if (v->type != JSON_ARRAY || v->count > most)
		return plugin_wrong(rd, v, where, "a list of at most " STR_FMT " texts is wanted here", arena_printf(arena_of(rd), "%zu", most));
	*out = arena_alloc(arena_of(rd), (v->count + 1) * sizeof **out);
	for (const struct json *m = v->child; m; m = m->next) {
		if (!text_ok(rd, m, where, most_bytes))
			return false;
		(*out)[(*count)++] = m->text;
	}
	return true;
}

static bool take_flag(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, bool *out)
{
	const struct json *v = json_get(object, key);

	*out = json_is(v, JSON_TRUE);
	return !v || v->type == JSON_TRUE || v->type == JSON_FALSE || plugin_wrong(rd, v, inside(rd, where, key), "true or false is wanted here" STR_FMT, S(""));
}

static bool take_number(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, int64_t from, int64_t to, int64_t otherwise, int64_t *out)
{
	const struct json *v = json_get(object, key);

	*out = v && v->type == JSON_INT ? v->i : otherwise;
	return !v || (v->type == JSON_INT && v->i >= from && v->i <= to) ||
	       plugin_wrong(rd, v, inside(rd, where, key), "a whole number from " STR_FMT " is wanted here", arena_printf(arena_of(rd), "%lld to %lld", (long long)from, (long long)to));
}

static bool take_span(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, span_ms from, span_ms to, span_ms otherwise, span_ms *out)
{
	const struct json *v = json_get(object, key);

	*out = otherwise;
	return !v || (v->type == JSON_STR && span_parse(v->text, out) && *out >= from && *out <= to) ||
	       plugin_wrong(rd, v, inside(rd, where, key), "a span of time is wanted here, such as \"90s\": " STR_FMT,
			    arena_printf(arena_of(rd), STR_FMT " to " STR_FMT, STR_ARG(span_write(arena_of(rd), from)), STR_ARG(span_write(arena_of(rd), to))));
}

/* "rows" alone. */
static bool take_rows(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, bool *out)
{
	const struct json *v = json_get(object, key);

	*out = v != NULL;
	return !v || str_is(json_str(v), "rows") || plugin_wrong(rd, v, inside(rd, where, key), "\"rows\" is all that can stand here" STR_FMT, S(""));
}

static bool all_in(struct str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && (!s.p[i] || !strchr(more, s.p[i])))
			return false;
	return true;
}

bool plugin_name_ok(struct str name)
{
	return name.n && name.n <= 40 && name.p[0] >= 'a' && name.p[0] <= 'z' && all_in(name, "-_") && !str_is(name, "core");
}

/* A number without leading zeros. */
static bool version_number(struct str s)
{
	int64_t n;

	return s.n <= 9 && str_to_int(s, &n) && n >= 0 && s.p[0] != '+' && (s.n == 1 || s.p[0] != '0');
}

static bool version_parts(struct str s)
{
	struct str one;

	for (bool more = true; more;) {
		more = memchr(s.p, '.', s.n) != NULL;
		s = str_cut(s, '.', &one);
		if (!one.n || !all_in(one, "-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			return false;
	}
	return true;
}

bool plugin_version_ok(struct str version)
{
	bool has_build = memchr(version.p, '+', version.n), has_pre;
	struct str core, pre, build = str_cut(version, '+', &core), major, minor, patch;

	if (!version.n || version.n > 60)
		return false;
	has_pre = memchr(core.p, '-', core.n);
	pre = str_cut(core, '-', &core);
	patch = str_cut(str_cut(core, '.', &major), '.', &minor);
	return version_number(major) && version_number(minor) && version_number(patch) && (!has_pre || version_parts(pre)) && (!has_build || version_parts(build));
}

bool plugin_words_ok(struct str words)
{
	struct str one;
	size_t count = 0;
	bool more = true;

	for (; more && count <= PATH_WORDS_MAX; count++) {
		more = memchr(words.p, ' ', words.n) != NULL;
		words = str_cut(words, ' ', &one);
		if (!one.n || one.n > 40 || !all_in(one, "-_") || strchr("-_", one.p[0]))
			return false;
	}
	return count <= PATH_WORDS_MAX;
}

static bool secret_name_ok(struct str s)
{
	return s.n <= 64 && all_in(s, "-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ") && s.p[0] != '.' && s.p[0] != '-';
}

/* ---- parameters ---- */

static bool take_choices(struct plugin_reader *rd, const struct json *item, const char *where, struct param *p)
{
	const char *key = json_get(item, "values") ? "values" : "choices";
	const struct json *type = json_get(item, "type");

	if (!json_get(item, key))
		return p->type != PARAM_CHOICE || plugin_wrong(rd, item, where, "a choice has `values`: [\"dev\", \"prod\"]" STR_FMT, S(""));
	if (json_get(item, "values") && json_get(item, "choices"))
		return plugin_wrong(rd, item, where, "`values` and `choices` are the same; one is enough" STR_FMT, S(""));
	if (type && p->type != PARAM_CHOICE)
		return plugin_wrong(rd, type, where, "`" STR_FMT "` is of type choice, or has no type at all", str_of(key));
	if (!take_texts(rd, item, where, key, 100, 100, &p->choices, &p->choice_count))
		return false;
	p->type = PARAM_CHOICE;
	return true;
}

static bool take_type(struct plugin_reader *rd, const struct json *item, const char *where, struct param *p)
{
	const struct json *v = json_get(item, "type");

	p->type = PARAM_TEXT;
	return !v || param_type_parse(json_str(v), &p->type) ||
	       plugin_wrong(rd, v, inside(rd, where, "type"), "`" STR_FMT "` is no type: text, int, float, bool, span, time, user, channel, alert, incident, choice", json_str(v));
}

/* As it would be typed. */
static bool take_default(struct plugin_reader *rd, const struct json *item, const char *where, struct param *p)
{
	const struct json *v = json_get(item, "default");

	if (!v)
		return true;
	if (v->type == JSON_STR ? !is_plain(v->text) : v->type != JSON_INT && v->type != JSON_REAL && v->type != JSON_TRUE && v->type != JSON_FALSE)
		return plugin_wrong(rd, v, inside(rd, where, "default"), "a text, a number, true or false is wanted here" STR_FMT, S(""));
	p->fallback = v->text;
	return true;
}

static bool take_short(struct plugin_reader *rd, const struct json *item, const char *where, struct param *p)
{
	const struct json *v = json_get(item, "short");

	p->letter = json_str(v).n ? json_str(v).p[0] : 0;
	return !v || json_str(v).n == 1 || plugin_wrong(rd, v, inside(rd, where, "short"), "one letter is wanted here, without its dash" STR_FMT, S(""));
}

static bool take_param(struct plugin_reader *rd, const struct json *item, const char *where, bool option, struct param *p)
{
	const char *keys = option ? " name short type values choices default repeat required help " : " name type required rest repeat values choices default help ";

	*p = (struct param){.option = option};
	return known_keys(rd, item, where, keys) && plugin_text(rd, item, where, "name", 40, true, &p->name) && take_type(rd, item, where, p) && take_choices(rd, item, where, p) &&
	       take_default(rd, item, where, p) && take_flag(rd, item, where, "required", &p->required) && take_flag(rd, item, where, "repeat", &p->repeat) &&
	       take_flag(rd, item, where, "rest", &p->rest) && take_short(rd, item, where, p) && plugin_text(rd, item, where, "help", HELP_MAX, false, &p->help);
}

static bool take_params(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, bool option, struct command_spec *spec)
{
	const struct json *list = json_get(object, key);
	size_t i = 0;

	if (!list)
		return true;
	if (list->type != JSON_ARRAY || spec->param_count + list->count > PARAMS_MAX)
		return plugin_wrong(rd, list, inside(rd, where, key), "a list is wanted here; " STR_FMT " args and options are the most", arena_printf(arena_of(rd), "%d", PARAMS_MAX));
	for (const struct json *m = list->child; m; m = m->next)
		if (!take_param(rd, m, item_of(rd, where, key, i++), option, &spec->params[spec->param_count++]))
			return false;
	return true;
}

/* ---- what a command must prove ---- */

static bool any_name(void *context, struct str ref, struct value *out, struct err *err)
{
	(void)context;
	(void)err;
	out->text = ref.n && (ref.p[0] == '@' || ref.p[0] == '#') ? str_n(ref.p + 1, ref.n - 1) : ref;
	return true;
}

/* Examples speak of people and channels that need not be there. */
static const struct bind_names names = {.user = any_name, .channel = any_name, .now = 1772416800000};

/* Nothing given: only the defaults are read. */
static bool defaults_fit(struct plugin_reader *rd, const struct json *at, const char *where, const struct command_spec *spec)
{
	struct param *params = arena_alloc(arena_of(rd), (spec->param_count + 1) * sizeof *params);
	struct command_spec alone = *spec;
	struct line line = {.text = S("")};
	struct typed_call call;
	struct err err = {0};

	for (size_t i = 0; i < spec->param_count; i++) {
		params[i] = spec->params[i];
		params[i].required = false;
	}
	alone.params = params;
	return call_bind(arena_of(rd), &alone, NULL, 0, &names, &line, &call, &err) || plugin_wrong(rd, at, where, "a default is wrong: " STR_FMT, str_of(err.text));
}

bool plugin_bind_example(struct arena *a, const struct command_set *set, const struct plugin_command *c, struct str text, struct typed_call *out, struct err *err)
{
	struct command_found found;
	struct pipeline pipe;
	struct line line;

	if (!line_read(a, text, LINE_TYPED, &line, err) || !line_split(&line, &pipe, err))
		return false;
	command_set_find(set, pipe.count ? pipe.stages[0].tokens : NULL, pipe.count ? pipe.stages[0].count : 0, &found);
	if (found.spec != &c->spec) {
		err_set(err, ERR_INVALID, "it is no call of `" STR_FMT "`", STR_ARG(c->spec.words));
		return false;
	}
	return call_bind(a, found.spec, pipe.stages[0].tokens + found.words, pipe.stages[0].count - found.words, &names, &line, out, err);
}

static bool examples_fit(struct plugin_reader *rd, const struct json *at, const char *where, const struct plugin_command *c)
{
	struct typed_call call;
	struct err err = {0};

	for (size_t i = 0; i < c->spec.example_count; i++)
		if (!plugin_bind_example(arena_of(rd), rd->set, c, c->spec.examples[i], &call, &err))
			return plugin_wrong(rd, at, item_of(rd, where, "examples", i), STR_FMT,
					    arena_printf(arena_of(rd), "`" STR_FMT "`: %s", STR_ARG(str_clip(c->spec.examples[i], 80)), err.text));
	return true;
}

static bool same_path(struct plugin_reader *rd, const struct plugin_command *c)
{
	for (size_t i = 0; i < rd->p->command_count; i++)
		if (str_eq(rd->p->commands[i]->spec.path, c->spec.path))
			return true;
	return false;
}

bool plugin_add_command(struct plugin_reader *rd, const struct json *at, const char *where, struct plugin_command *c)
{
	struct plugin *p = rd->p;
	struct err err = {0};

	c->owner = p;
	if (!spec_check(&c->spec, &err))
		return plugin_wrong(rd, at, where, STR_FMT, str_of(err.text));
	for (size_t i = 0; i < c->spec.param_count; i++)
		if (c->spec.params[i].option && spec_is_flag(c->spec.params[i].name))
			return plugin_wrong(rd, at, where, "every command takes --" STR_FMT " already; choose another name", c->spec.params[i].name);
	spec_write_usage(&p->arena, &c->spec);
	if (same_path(rd, c) || !command_set_add(rd->set, &c->spec, &err))
		return plugin_wrong(rd, at, where, "there is another command `" STR_FMT "`", c->spec.words);
	if (!defaults_fit(rd, at, where, &c->spec))
		return false;
	p->commands[p->command_count++] = c;
	return true;
}

/* ---- rules ---- */

/* `allow deploy:st* when ...`, `allow "deploy:scale up" ...`: what stands second. */
static struct str target_of(struct str rule)
{
	struct str word, rest = rule;

	str_word(&rest, &word);
	rest = str_trim(rest);
	if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\''))
		str_cut(str_n(rest.p + 1, rest.n - 1), rest.p[0], &word);
	else if (!str_word(&rest, &word))
		return S("");
	return word;
}

/* fnmatch() means by `*` what the access rules do; what else it knows is not let through. */
static bool target_fits(const struct plugin *p, const struct plugin_command *c, struct str rule)
{
	struct str plugin, path = str_cut(target_of(rule), ':', &plugin);
	struct arena a;
	bool fits;

	if (!str_eq(plugin, p->name) || !all_in(path, "-_.* "))
		return false;
	arena_init(&a);
	fits = fnmatch(arena_dup(&a, path).p, c->spec.path.p, 0) == 0 || fnmatch(arena_dup(&a, path).p, c->spec.words.p, 0) == 0;
	arena_done(&a);
	return fits;
}

static bool add_rules(struct plugin_reader *rd, const struct json *object, const char *where)
{
	struct plugin *p = rd->p;
	struct str *rules;
	size_t count;

	if (!take_texts(rd, object, where, "rules", PLUGIN_RULES_MAX, 2000, &rules, &count))
		return false;
	if (p->rule_count + count > PLUGIN_RULES_MAX)
		return plugin_wrong(rd, json_get(object, "rules"), where, "more than 500 rules" STR_FMT, S(""));
	for (size_t i = 0; i < count; i++) {
		struct access_default rule = {rules[i], p->file};
		struct err err = {0};
		struct access *a = access_new(NULL, rd->file, &rule, 1, &err);
		const char *at = item_of(rd, where, "rules", i), *said = strstr(err.text, ": ");

		access_free(a);
		if (!a)
			return plugin_wrong(rd, json_get(object, "rules"), at, STR_FMT, str_of(said ? said + 2 : err.text));
		p->rules[p->rule_count++] = rule;
	}
	return true;
}

/* Each rule is about a command of the plugin, and each command has one. */
static bool rules_fit(struct plugin_reader *rd)
{
	struct plugin *p = rd->p;

	for (size_t i = 0; i < p->rule_count; i++) {
		size_t k = 0;

		while (k < p->command_count && !target_fits(p, p->commands[k], p->rules[i].text))
			k++;
		if (k == p->command_count && (p->command_count || p->carrier != PLUGIN_RPC))
			return plugin_wrong(rd, NULL, "", "the rule `" STR_FMT "` is about no command of this plugin: its second word is NAME:COMMAND", p->rules[i].text);
	}
	for (size_t k = 0; k < p->command_count; k++) {
		size_t i = 0;

		while (i < p->rule_count && !target_fits(p, p->commands[k], p->rules[i].text))
			i++;
		if (i == p->rule_count)
			return plugin_wrong(rd, NULL, "", STR_FMT,
					    arena_printf(&p->arena, "`" STR_FMT "` has no rule, so nobody could run it. Add rules: [\"allow " STR_FMT ":" STR_FMT " need role operator\"]",
							 STR_ARG(p->commands[k]->spec.words), STR_ARG(p->name), STR_ARG(p->commands[k]->spec.path)));
	}
	return true;
}

/* ---- commands ---- */

static bool take_network(struct plugin_reader *rd, const struct json *item, const char *where, struct plugin_command *c)
{
	const struct json *v = json_get(item, "network");

	if (json_is(v, JSON_ARRAY))
		return plugin_wrong(rd, v, inside(rd, where, "network"),
				    "a list of hosts cannot be kept to: a name's addresses change, and what is allowed leads on to other hosts. \"none\" or \"host\"" STR_FMT, S(""));
	c->network = str_is(json_str(v), "host");
	return !v || c->network || str_is(json_str(v), "none") || plugin_wrong(rd, v, inside(rd, where, "network"), "\"none\" or \"host\" is wanted here" STR_FMT, S(""));
}

static bool take_risk(struct plugin_reader *rd, const struct json *item, const char *where, struct command_spec *spec)
{
	const struct json *v = json_get(item, "risk");

	return v ? risk_parse(json_str(v), &spec->risk) || plugin_wrong(rd, v, inside(rd, where, "risk"), "read, change or danger is wanted here" STR_FMT, S(""))
		 : plugin_wrong(rd, item, where, "`risk` is missing: read, change or danger" STR_FMT, S(""));
}

/* Whose lock it respects: a parameter's name, or a target that locks speak of. */
static bool take_lock(struct plugin_reader *rd, const struct json *item, const char *where, struct command_spec *spec)
{
	struct err why = {0};
	struct str target;

	if (!plugin_text(rd, item, where, "lock", LOCK_TARGET_MAX, false, &spec->lock))
		return false;
	return !spec->lock.n || lock_target_read(arena_of(rd), spec->lock, &target, &why) || plugin_wrong(rd, json_get(item, "lock"), inside(rd, where, "lock"), STR_FMT, str_of(why.text));
}

static bool take_secrets(struct plugin_reader *rd, const struct json *item, const char *where, struct plugin_command *c)
{
	if (!take_texts(rd, item, where, "secrets", PLUGIN_SECRETS_MAX, 64, &c->secrets, &c->secret_count))
		return false;
	for (size_t i = 0; i < c->secret_count; i++)
		if (!secret_name_ok(c->secrets[i]))
			return plugin_wrong(rd, json_get(item, "secrets"), inside(rd, where, "secrets"), "`" STR_FMT "` is no name of a secret: letters, digits, - _ .", c->secrets[i]);
	return true;
}

static bool take_limits(struct plugin_reader *rd, const struct json *item, const char *where, struct plugin_command *c)
{
	int64_t output, at_once;

	if (!take_span(rd, item, where, "timeout", SECOND, HOUR, 60 * SECOND, &c->timeout) ||
	    !take_number(rd, item, where, "max_output", 1024, PLUGIN_OUTPUT_MOST, PLUGIN_OUTPUT_MOST, &output) || !take_number(rd, item, where, "concurrency", 1, 64, 4, &at_once))
		return false;
	c->output_bytes = (size_t)output;
	c->concurrency = (unsigned)at_once;
	return true;
}

static bool take_words(struct plugin_reader *rd, const struct json *item, const char *where, struct plugin_command *c)
{
	struct str words;

	if (!plugin_text(rd, item, where, "path", 100, true, &words))
		return false;
	if (!plugin_words_ok(words))
		return plugin_wrong(rd, json_get(item, "path"), inside(rd, where, "path"), "`" STR_FMT "` is no command: one to three words of a-z, 0-9, - and _, with one blank between", words);
	spec_set_words(arena_of(rd), &c->spec, words);
	return true;
}

static bool take_command(struct plugin_reader *rd, const struct json *item, const char *where)
{
	struct plugin_command *c = arena_zero(arena_of(rd), sizeof *c);
	struct command_spec *spec = &c->spec;

	spec->plugin = rd->p->name;
	spec->params = arena_zero(arena_of(rd), PARAMS_MAX * sizeof *spec->params);
	if (!known_keys(rd, item, where, " path help args options risk lock dry_run idempotent timeout max_output concurrency network secrets produces consumes examples rules ") ||
	    !take_words(rd, item, where, c) || !plugin_text(rd, item, where, "help", HELP_MAX, true, &spec->summary) || !take_params(rd, item, where, "args", false, spec) ||
	    !take_params(rd, item, where, "options", true, spec) || !take_risk(rd, item, where, spec) || !take_lock(rd, item, where, spec) ||
	    !take_flag(rd, item, where, "dry_run", &spec->dry_run) ||
	    !take_flag(rd, item, where, "idempotent", &spec->idempotent) || !take_limits(rd, item, where, c) || !take_network(rd, item, where, c) || !take_secrets(rd, item, where, c) ||
	    !take_rows(rd, item, where, "produces", &c->gives_rows) || !take_rows(rd, item, where, "consumes", &c->takes_rows) ||
	    !take_texts(rd, item, where, "examples", PLUGIN_EXAMPLES_MAX, 500, &spec->examples, &spec->example_count) || !add_rules(rd, item, where))
		return false;
	if (!spec->example_count)
		return plugin_wrong(rd, item, where, "`examples` is missing: at least one line as people type it" STR_FMT, S(""));
	return plugin_add_command(rd, item, where, c);
}

static bool take_commands(struct plugin_reader *rd, const struct json *tree)
{
	const struct json *list = json_get(tree, "commands");
	size_t i = 0;

	if (!json_is(list, JSON_ARRAY) || !list->count || list->count > PLUGIN_COMMANDS_MAX)
		return plugin_wrong(rd, list ? list : tree, "commands", "a list of 1 to 200 commands is wanted here" STR_FMT, S(""));
	for (const struct json *m = list->child; m; m = m->next)
		if (!take_command(rd, m, item_of(rd, "", "commands", i++)))
			return false;
	i = 0; /* with all commands known: the longest path of words is the command */
	for (const struct json *m = list->child; m; m = m->next, i++)
		if (!examples_fit(rd, m, item_of(rd, "", "commands", i), rd->p->commands[i]))
			return false;
	return true;
}

/* ---- the whole ---- */

static bool take_carrier(struct plugin_reader *rd, const struct json *tree)
{
	struct str name;

	if (!plugin_text(rd, tree, "", "carrier", 20, false, &name))
		return false;
	for (size_t i = 0; i < COUNT_OF(carrier_names); i++)
		if (!name.n || str_is(name, carrier_names[i])) {
			rd->p->carrier = (enum plugin_carrier)i;
			return true;
		}
	return plugin_wrong(rd, json_get(tree, "carrier"), "carrier", "`" STR_FMT "` is none of exec, serve, container and rpc", name);
}

/* "./deploy" or ["python3", "deploy.py"] */
static bool take_program(struct plugin_reader *rd, const struct json *tree)
{
	const struct json *v = json_get(tree, "program");
	struct plugin *p = rd->p;
	struct str first;

	if (!v)
		return p->carrier == PLUGIN_CONTAINER || plugin_wrong(rd, tree, "", "`program` is missing: \"./NAME\", or a list such as [\"python3\", \"deploy.py\"]" STR_FMT, S(""));
	if (v->type == JSON_STR) {
		p->program = arena_alloc(arena_of(rd), sizeof *p->program);
		p->program[0] = v->text;
		p->program_count = 1;
		if (!text_ok(rd, v, "program", 500))
			return false;
		if (memchr(v->text.p, ' ', v->text.n))
			return plugin_wrong(rd, v, "program", "there is a blank in it; a program with arguments is a list: [\"python3\", \"deploy.py\"]" STR_FMT, S(""));
	} else if (!take_texts(rd, tree, "", "program", 32, 500, &p->program, &p->program_count)) {
		return false;
	}
	if (!p->program_count)
		return plugin_wrong(rd, v, "program", "the list is empty" STR_FMT, S(""));
	first = p->program[0];
	if (memchr(first.p, '/', first.n) && (!str_starts(first, S("./")) || str_find(first, S("/../"), NULL) || str_ends(first, S("/.."))))
		return plugin_wrong(rd, v, "program", "`" STR_FMT "` is not in the plugin's folder: write \"./NAME\", or a name alone, which is looked up in /usr/bin and /bin", first);
	return true;
}

/* Only what belongs to the carrier may be there. */
static bool carrier_keys(struct plugin_reader *rd, const struct json *tree)
{
	static const struct {
		const char *key;
		unsigned carriers;
	} keys[] = {{"program", 1 << PLUGIN_EXEC | 1 << PLUGIN_SERVE | 1 << PLUGIN_CONTAINER}, {"commands", 1 << PLUGIN_EXEC | 1 << PLUGIN_SERVE | 1 << PLUGIN_CONTAINER},
		    {"image", 1 << PLUGIN_CONTAINER}, {"url", 1 << PLUGIN_RPC}, {"key", 1 << PLUGIN_RPC}, {"key_id", 1 << PLUGIN_RPC}};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (json_get(tree, keys[i].key) && !(keys[i].carriers & 1u << rd->p->carrier))
			return plugin_wrong(rd, json_get(tree, keys[i].key), "", STR_FMT,
					    arena_printf(arena_of(rd), "`%s` means nothing with the carrier %s", keys[i].key, carrier_names[rd->p->carrier]));
	return true;
}

static bool take_image(struct plugin_reader *rd, const struct json *tree)
{
	struct plugin *p = rd->p;

	if (!plugin_text(rd, tree, "", "image", 300, p->carrier == PLUGIN_CONTAINER, &p->image))
		return false;
	return !p->image.n || (p->image.p[0] != '-' && !memchr(p->image.p, ' ', p->image.n)) || plugin_wrong(rd, json_get(tree, "image"), "image", "`" STR_FMT "` is no image", p->image);
}

/* https; http only to this very machine, where nobody stands between. */
static bool rpc_url_ok(struct str url)
{
	static const char *const near[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
	struct str rest;

	if (memchr(url.p, ' ', url.n) || memchr(url.p, '@', url.n) || memchr(url.p, '#', url.n))
		return false;
	for (size_t i = 0; i < COUNT_OF(near); i++)
		if (str_starts(url, str_of(near[i]))) {
			rest = str_n(url.p + strlen(near[i]), url.n - strlen(near[i]));
			return rest.n && (rest.p[0] == '/' || rest.p[0] == ':');
		}
	return str_starts(url, S("https://")) && url.n >= 10;
}

static bool take_rpc(struct plugin_reader *rd, const struct json *tree)
{
	struct plugin *p = rd->p;
	bool rpc = p->carrier == PLUGIN_RPC;

	if (!plugin_text(rd, tree, "", "url", URL_MAX, rpc, &p->url) || !plugin_text(rd, tree, "", "key", 64, rpc, &p->key) || !plugin_text(rd, tree, "", "key_id", 64, false, &p->key_id))
		return false;
	if (!rpc)
		return true;
	if (!rpc_url_ok(p->url))
		return plugin_wrong(rd, json_get(tree, "url"), "url", "an https:// address without a name and password is wanted here: the answers are not signed" STR_FMT, S(""));
	if (!secret_name_ok(p->key))
		return plugin_wrong(rd, json_get(tree, "key"), "key", "the name of a secret is wanted here, one that holds the private key" STR_FMT, S(""));
	if (!p->key_id.n)
		p->key_id = S("opsroom");
	return all_in(p->key_id, "-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ") || plugin_wrong(rd, json_get(tree, "key_id"), "key_id", "letters, digits, - _ . are all that can stand here" STR_FMT, S(""));
}

static bool take_head(struct plugin_reader *rd, const struct json *tree)
{
	const struct json *contract = json_get(tree, "contract");
	struct plugin *p = rd->p;

	if (!known_keys(rd, tree, "", " name version contract summary carrier program image url key key_id permissions rules commands ") || !plugin_text(rd, tree, "", "name", 200, true, &p->name) ||
	    !plugin_text(rd, tree, "", "version", 200, true, &p->version))
		return false;
	if (!plugin_name_ok(p->name))
		return plugin_wrong(rd, json_get(tree, "name"), "name", "`" STR_FMT "` is no name of a plugin: a letter, then up to 39 of a-z, 0-9, - and _; core is ours", p->name);
	if (!plugin_version_ok(p->version))
		return plugin_wrong(rd, json_get(tree, "version"), "version", "`" STR_FMT "` is no version such as 1.2.0 (semver.org)", p->version);
	if (!json_is(contract, JSON_INT) || contract->i != 1)
		return plugin_wrong(rd, contract ? contract : tree, "contract", "1 is wanted here: the contract that this opsroom speaks" STR_FMT, S(""));
	return plugin_text(rd, tree, "", "summary", HELP_MAX, true, &p->summary) && take_carrier(rd, tree) && carrier_keys(rd, tree) &&
	       take_texts(rd, tree, "", "permissions", 100, 80, &p->permissions, &p->permission_count);
}

static bool take_all(struct plugin_reader *rd, const struct json *tree)
{
	struct plugin *p = rd->p;

	p->rules = arena_alloc(&p->arena, PLUGIN_RULES_MAX * sizeof *p->rules);
	p->commands = arena_alloc(&p->arena, PLUGIN_COMMANDS_MAX * sizeof(struct plugin_command *));
	if (!take_head(rd, tree) || !take_image(rd, tree) || !take_rpc(rd, tree) || !add_rules(rd, tree, ""))
		return false;
	if (p->carrier != PLUGIN_RPC)
		return take_program(rd, tree) && take_commands(rd, tree) && rules_fit(rd);
	if (!p->rule_count)
		return plugin_wrong(rd, tree, "", "`rules` is missing, so nobody could run anything: [\"allow " STR_FMT ":* need role operator\"]", p->name);
	return plugin_read_listing(p, rd->set, rd->err) && rules_fit(rd);
}

static bool read_manifest(struct plugin *p, struct err *err)
{
	struct plugin_reader rd = {.p = p, .text = p->manifest, .file = p->file.p, .err = err};
	struct json *tree;
	bool ok;

	if (p->manifest.n > PLUGIN_MANIFEST_MAX || p->listing.n > PLUGIN_MANIFEST_MAX) {
		err_set(err, ERR_TOO_BIG, STR_FMT " is larger than 256 KiB", STR_ARG(p->file));
		return false;
	}
	tree = json_parse(&p->arena, p->manifest, JSON_STRICT, err);
	if (!tree) {
		err_prefix(err, STR_FMT ": ", STR_ARG(p->file));
		return false;
	}
	rd.set = command_set_new();
	ok = take_all(&rd, tree);
	command_set_free(rd.set);
	return ok;
}

struct plugin *plugin_parse(struct str text, struct str listing, const char *file, struct err *err)
{
	struct plugin *p = mem_new(sizeof *p);

	arena_init(&p->arena);
	p->file = arena_dup(&p->arena, str_of(file));
	p->manifest = arena_dup(&p->arena, text);
	p->listing = arena_dup(&p->arena, listing);
	p->manifest_digest = crypt_sha256_hex(&p->arena, p->manifest);
	p->folder = p->digest = p->error_response = S("");
	if (read_manifest(p, err))
		return p;
	plugin_free(p);
	return NULL;
}

struct plugin *plugin_again(const struct plugin *p)
{
	struct err err = {0};
	struct plugin *again = plugin_parse(p->manifest, p->listing, p->file.p, &err);

	if (!again)
		return NULL; /* it was read before, so it can be read */
	again->folder = arena_dup(&again->arena, p->folder);
	again->digest = arena_dup(&again->arena, p->digest);
	again->print = p->print;
	return again;
}

void plugin_free(struct plugin *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->command_count; i++)
		regex_free(p->commands[i]->regex);
	arena_done(&p->arena);
	mem_free(p);
}
