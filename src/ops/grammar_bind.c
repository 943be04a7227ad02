/* Binding: which word is which parameter, and its value by its type. */
#include "ops/grammar.h"

#include <math.h>
#include <stdlib.h>

struct binder {
	struct arena *arena;
	const struct command_spec *spec;
	const struct bind_names *names;
	struct line *line;
	struct typed_call *call;
	struct vec values[PARAMS_MAX]; /* struct value */
	const struct word **places;   /* the words that are no options */
	size_t place_count;
	struct err *err;
};

/* ---- flags: what every command takes ---- */

enum flag { FLAG_HELP, FLAG_DRY_RUN, FLAG_EXPLAIN, FLAG_JSON, FLAG_BREAK_GLASS, FLAG_REASON, FLAG_INCIDENT, FLAG_AT, FLAG_EVERY, FLAG_TIMEOUT };
static const struct {
	const char *name;
	enum param_type type;
	const char *help; /* NULL: not proposed */
} flags[] = {
	[FLAG_HELP] = {"help", PARAM_BOOL, "What the command does and takes"},
	[FLAG_DRY_RUN] = {"dry-run", PARAM_BOOL, "Only say what it would do"},
	[FLAG_EXPLAIN] = {"explain", PARAM_BOOL, "What would run, and what each access rule says"},
	[FLAG_JSON] = {"json", PARAM_BOOL, "The answer as JSON"},
	[FLAG_BREAK_GLASS] = {"break-glass", PARAM_BOOL, "Run at once what would have to be approved; it is reported"},
	[FLAG_REASON] = {"reason", PARAM_TEXT, "Why it is done"},
	[FLAG_INCIDENT] = {"incident", PARAM_INCIDENT, NULL},
	[FLAG_AT] = {"at", PARAM_TIME, "When to run it: a time, or 30m from now"},
	[FLAG_EVERY] = {"every", PARAM_SPAN, "Run it again and again: 1h, 1d"},
	[FLAG_TIMEOUT] = {"timeout", PARAM_SPAN, "End its program after so long"},
};

bool spec_is_flag(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (str_is(name, flags[i].name))
			return true;
	return false;
}

bool line_flag(size_t i, struct param *out)
{
	if (i >= COUNT_OF(flags))
		return false;
	*out = (struct param){.name = str_of(flags[i].name), .type = flags[i].type, .help = str_of(flags[i].help ? flags[i].help : ""), .option = true};
	return true;
}

static bool fail_at(struct binder *b, const struct word *t, const char *why, struct str what)
{
	b->line->fault_at = t ? t->at : SIZE_MAX;
	err_set(b->err, ERR_INVALID, why, STR_ARG(str_clip(what, 60)));
	return false;
}

static bool set_flag(struct binder *b, const struct word *t, enum flag flag, const struct value *v)
{
	struct call_flags *f = &b->call->flags;
	bool *bools[] = {&f->help, &f->dry_run, &f->explain, &f->json, &f->break_glass};

	if (flags[flag].type == PARAM_BOOL)
		*bools[flag] = v->number != 0;
	else if (flag == FLAG_REASON)
		f->reason = v->text;
	else if (flag == FLAG_INCIDENT)
		f->incident = v->text;
	else if (flag == FLAG_AT)
		f->at = v->number;
	else
		*(flag == FLAG_EVERY ? &f->every : &f->timeout) = v->number;
	if (flag == FLAG_DRY_RUN && v->number && !b->spec->dry_run)
		return fail_at(b, t, "`" STR_FMT "` cannot be tried out: it has no --dry-run", b->spec->words);
	return true;
}

/* ---- values ---- */

static bool no_value(struct binder *b, const struct word *t, const struct param *p, struct str text, const char *wanted)
{
	b->line->fault_at = t ? t->at : SIZE_MAX;
	err_set(b->err, ERR_INVALID, "`" STR_FMT "` is no %s for %s" STR_FMT "%s", STR_ARG(str_clip(text, 60)), param_type_name(p->type), p->option ? "--" : "<", STR_ARG(p->name),
		p->option ? "" : ">");
	if (*wanted && strlen(b->err->text) + strlen(wanted) + 3 < sizeof b->err->text) {
		strcat(b->err->text, ": ");
		strcat(b->err->text, wanted);
	}
	return false;
}

static bool read_choice(struct binder *b, const struct word *t, const struct param *p, struct str text, struct value *v)
{
	struct str near;
	struct buf list;

	for (size_t i = 0; i < p->choice_count; i++)
		if (str_eq_nocase(text, p->choices[i])) {
			v->text = p->choices[i];
			return true;
		}
	near = nearest_word(text, p->choices, p->choice_count);
	buf_init(&list, 4 * KIB);
	for (size_t i = 0; i < p->choice_count; i++)
		buf_printf(&list, "%s" STR_FMT, !i ? "" : i + 1 == p->choice_count ? " or " : ", ", STR_ARG(p->choices[i]));
	if (near.n)
		buf_printf(&list, ". Did you mean `" STR_FMT "`?", STR_ARG(near));
	no_value(b, t, p, text, str_clip(buf_str(&list), 200).n < list.n ? "" : buf_str(&list).p);
	buf_done(&list);
	return false;
}

static bool read_real(struct arena *a, struct str text, double *out)
{
	char *end;

	if (!text.n || text.n > 60 || strchr(" \t+", text.p[0]))
		return false;
	*out = strtod(arena_dup(a, text).p, &end);
	return !*end && isfinite(*out);
}

static bool read_bool(struct str text, int64_t *out)
{
	static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};

	for (size_t i = 0; i < COUNT_OF(yes); i++)
		if (str_eq_nocase(text, str_of(yes[i])) || str_eq_nocase(text, str_of(no[i]))) {
			*out = str_eq_nocase(text, str_of(yes[i]));
			return true;
		}
	return false;
}

/* INC-12: a bare number could be anything. */
static bool read_incident(struct binder *b, struct str text, struct value *v)
{
	if (text.n < 5 || !str_eq_nocase(str_n(text.p, 4), S("INC-")) || !str_to_int(str_n(text.p + 4, text.n - 4), &v->number) || v->number <= 0)
		return false;
	v->text = arena_printf(b->arena, "INC-%lld", (long long)v->number);
	return true;
}

static bool read_time(struct binder *b, struct str text, struct value *v)
{
	char written[WALL_TEXT_SIZE];
	span_ms from_now;

	if (span_parse(text, &from_now) && !str_to_int(text, &v->number))
		v->number = b->names->now + from_now;
	else if (!wall_parse(text, &v->number))
		return false;
	v->text = arena_dup(b->arena, wall_write(written, v->number));
	return true;
}

static bool read_name(struct binder *b, const struct word *t, const struct param *p, struct str text, struct value *v)
{
	bool ok = p->type == PARAM_USER ? b->names->user(b->names->context, text, v, b->err) : b->names->channel(b->names->context, text, v, b->err);

	if (!ok && t)
		b->line->fault_at = t->at;
	return ok;
}

static bool read_value(struct binder *b, const struct word *t, const struct param *p, struct str text, struct value *v)
{
	*v = (struct value){.text = text};
	switch (p->type) {
	case PARAM_TEXT:
	case PARAM_ALERT:
		return true;
	case PARAM_INT:
		if (!str_to_int(text, &v->number))
			return no_value(b, t, p, text, "a whole number");
		v->real = (double)v->number;
		return true;
	case PARAM_REAL:
		return read_real(b->arena, text, &v->real) || no_value(b, t, p, text, "a number");
	case PARAM_BOOL:
		if (!read_bool(text, &v->number))
			return no_value(b, t, p, text, "yes or no");
		v->text = v->number ? S("true") : S("false");
		return true;
	case PARAM_SPAN:
		return (span_parse(text, &v->number) && !str_to_int(text, &(int64_t){0})) || no_value(b, t, p, text, "30m, 2h, 1d, 1w");
	case PARAM_TIME:
		return read_time(b, text, v) || no_value(b, t, p, text, "2026-03-02T03:00:00Z, or 30m from now");
	case PARAM_INCIDENT:
		return read_incident(b, text, v) || no_value(b, t, p, text, "INC-12");
	case PARAM_USER:
	case PARAM_CHANNEL:
		return read_name(b, t, p, text, v);
	case PARAM_CHOICE:
		return read_choice(b, t, p, text, v);
	}
	return false;
}

static bool add_value(struct binder *b, const struct word *t, const struct param *p, struct str text)
{
	struct vec *v = &b->values[p - b->spec->params];
	struct value value;

	if (v->count && !p->repeat)
		return fail_at(b, t, p->option ? "`--" STR_FMT "` stands there twice" : "<" STR_FMT "> is given twice", p->name);
	if (!read_value(b, t, p, text, &value))
		return false;
	*(struct value *)vec_push(b->arena, v, sizeof value) = value;
	return true;
}

/* ---- options ---- */

static const struct param *find_param(const struct command_spec *spec, struct str name, bool option)
{
	for (size_t i = 0; i < spec->param_count; i++)
		if (spec->params[i].option == option && str_eq(spec->params[i].name, name))
			return &spec->params[i];
	return NULL;
}

static const struct param *find_letter(const struct command_spec *spec, char letter)
{
	for (size_t i = 0; i < spec->param_count; i++)
		if (letter && spec->params[i].letter == letter)
			return &spec->params[i];
	return NULL;
}

static bool unknown_option(struct binder *b, const struct word *t, struct str name)
{
	struct str names[PARAMS_MAX + COUNT_OF(flags)], near;
	size_t n = 0;

	for (size_t i = 0; i < b->spec->param_count; i++)
		if (b->spec->params[i].option)
			names[n++] = b->spec->params[i].name;
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		names[n++] = str_of(flags[i].name);
	near = nearest_word(name, names, n);
	b->line->fault_at = t->at;
	if (near.n)
		err_set(b->err, ERR_INVALID, "`" STR_FMT "` has no option `--" STR_FMT "`. Did you mean `--" STR_FMT "`?", STR_ARG(b->spec->words), STR_ARG(str_clip(name, 60)), STR_ARG(near));
	else
		err_set(b->err, ERR_INVALID, "`" STR_FMT "` has no option `--" STR_FMT "`. If it is text, put -- before it", STR_ARG(b->spec->words), STR_ARG(str_clip(name, 60)));
	return false;
}

/* Reads the value of an option that has none yet: the next word. */
static bool next_value(struct binder *b, const struct word *tokens, size_t count, size_t *at, struct str name, struct str *value)
{
	const struct word *t = &tokens[*at];

	if (*at + 1 >= count || (!tokens[*at + 1].quoted && str_starts(tokens[*at + 1].text, S("--"))))
		return fail_at(b, t, "`--" STR_FMT "` wants a value", name);
	*value = tokens[++*at].text;
	return true;
}

static bool take_flag(struct binder *b, const struct word *tokens, size_t count, size_t *at, struct str name, struct str value, bool has_value, bool *taken)
{
	const struct word *t = &tokens[*at];
	struct value v;

	*taken = false;
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		struct param p = {.name = str_of(flags[i].name), .type = flags[i].type, .option = true};

		if (!str_is(name, flags[i].name))
			continue;
		*taken = true;
		if (p.type == PARAM_BOOL && !has_value)
			value = S("true");
		else if (!has_value && !next_value(b, tokens, count, at, name, &value))
			return false;
		return read_value(b, t, &p, value, &v) && set_flag(b, t, (enum flag)i, &v);
	}
	return true;
}

/* "--name", "--name=value", "--no-name" */
static bool take_option(struct binder *b, const struct word *tokens, size_t count, size_t *at)
{
	const struct word *t = &tokens[*at];
	struct str name, value = str_cut(str_n(t->text.p + 2, t->text.n - 2), '=', &name);
	bool has_value = name.n + 2 < t->text.n, taken;
	const struct param *p = find_param(b->spec, name, true);

	if (!p && str_starts(name, S("no-")) && !has_value) {
		p = find_param(b->spec, str_n(name.p + 3, name.n - 3), true);
		if (p && p->type == PARAM_BOOL)
			return add_value(b, t, p, S("false"));
		p = NULL;
	}
	if (!p)
		return take_flag(b, tokens, count, at, name, value, has_value, &taken) && (taken || unknown_option(b, t, name));
	if (p->type == PARAM_BOOL && !has_value)
		value = S("true");
	else if (!has_value && !next_value(b, tokens, count, at, name, &value))
		return false;
	return add_value(b, t, p, value);
}

/* "-e", "-e prod" */
static bool take_letter(struct binder *b, const struct word *tokens, size_t count, size_t *at, const struct param *p)
{
	struct str value = S("true");
	const struct word *t = &tokens[*at];

	return (p->type == PARAM_BOOL || next_value(b, tokens, count, at, p->name, &value)) && add_value(b, t, p, value);
}

/* "name=value", where the name is one of the command's. */
static const struct param *declared(const struct binder *b, const struct word *t, struct str *value)
{
	const struct param *p;
	struct str name;

	if (t->quoted || !memchr(t->text.p, '=', t->text.n))
		return NULL;
	*value = str_cut(t->text, '=', &name);
	p = find_param(b->spec, name, true);
	return p ? p : find_param(b->spec, name, false);
}

static bool take_tokens(struct binder *b, const struct word *tokens, size_t count)
{
	bool places_only = false;

	for (size_t i = 0; i < count; i++) {
		const struct word *t = &tokens[i];
		bool dashes = !places_only && !t->quoted && str_starts(t->text, S("--"));
		const struct param *p = !places_only && !t->quoted && t->text.n == 2 && t->text.p[0] == '-' ? find_letter(b->spec, t->text.p[1]) : NULL;
		struct str value;

		if (dashes && t->text.n == 2)
			places_only = true;
		else if (dashes ? !take_option(b, tokens, count, &i) : p ? !take_letter(b, tokens, count, &i, p) : false)
			return false;
		else if (!dashes && !p && !places_only && (p = declared(b, t, &value)) && !add_value(b, t, p, value))
			return false;
		else if (!dashes && !p)
			b->places[b->place_count++] = t;
	}
	return true;
}

/* ---- places ---- */

/* As it was typed, without the options that stand between; one quoted word is what is in the quotes. */
static struct str rest_text(struct binder *b, size_t from)
{
	struct buf out;

	if (from + 1 == b->place_count && b->places[from]->quoted)
		return b->places[from]->text;
	buf_init(&out, 2 * LINE_MAX_BYTES);
	for (size_t i = from; i < b->place_count; i++) {
		const struct word *t = b->places[i], *before = i > from ? b->places[i - 1] : NULL;

		if (before && before + 1 == t)
			buf_add(&out, str_n(b->line->text.p + before->end, t->at - before->end));
		else if (before)
			buf_char(&out, ' ');
		buf_add(&out, str_n(b->line->text.p + t->at, t->end - t->at));
	}
	return buf_keep(b->arena, &out);
}

static bool usage_error(struct binder *b, const struct word *t, const char *what, struct str which)
{
	b->line->fault_at = t ? t->at : SIZE_MAX;
	err_set(b->err, ERR_INVALID, "%s" STR_FMT "%s. Usage: `" STR_FMT "%s" STR_FMT "`", what, STR_ARG(which), which.n ? " is missing" : "", STR_ARG(b->spec->words),
		b->spec->usage.n ? " " : "", STR_ARG(b->spec->usage));
	return false;
}

static bool take_places(struct binder *b)
{
	size_t at = 0;

	for (size_t i = 0; i < b->spec->param_count && at < b->place_count; i++) {
		const struct param *p = &b->spec->params[i];

		if (p->option || b->values[i].count)
			continue;
		if (p->rest) {
			if (!add_value(b, b->places[at], p, rest_text(b, at)))
				return false;
			at = b->place_count;
		}
		while (at < b->place_count && !p->rest) {
			if (!add_value(b, b->places[at], p, b->places[at]->text))
				return false;
			at++;
			if (!p->repeat)
				break;
		}
	}
	return at == b->place_count || usage_error(b, b->places[at], "that is too much", S(""));
}

static bool fill_in(struct binder *b)
{
	for (size_t i = 0; i < b->spec->param_count; i++) {
		const struct param *p = &b->spec->params[i];

		if (!b->values[i].count && p->fallback.p) {
			if (!add_value(b, NULL, p, p->fallback))
				return false;
			b->call->params[i].defaulted = true;
		}
		if (!b->values[i].count && p->required)
			return usage_error(b, NULL, p->option ? "--" : "", p->name);
		b->call->params[i].values = b->values[i].items;
		b->call->params[i].count = b->values[i].count;
	}
	return true;
}

/* ---- the canonical text ---- */

static void write_param(struct buf *out, const struct param *p, const struct bound_param *bound)
{
	for (size_t k = 0; k < bound->count; k++) {
		const struct value *v = &bound->values[k];

		buf_char(out, ' ');
		if (p->option && p->type == PARAM_BOOL) {
			buf_printf(out, "--%s" STR_FMT, v->number ? "" : "no-", STR_ARG(p->name));
			continue;
		}
		if (p->option)
			buf_printf(out, "--" STR_FMT "=", STR_ARG(p->name));
		if (p->type == PARAM_USER || p->type == PARAM_CHANNEL)
			buf_char(out, p->type == PARAM_USER ? '@' : '#');
		line_write_value(out, v->text);
	}
}

static void write_canonical(struct binder *b)
{
	const struct command_spec *spec = b->spec;
	struct buf out;
	bool dashes = false;

	buf_init(&out, 32 * KIB);
	buf_printf(&out, STR_FMT ":" STR_FMT "%s", STR_ARG(spec->plugin), STR_ARG(spec->path), b->call->flags.dry_run ? " --dry-run" : "");
	for (size_t i = 0; i < spec->param_count; i++)
		if (spec->params[i].option)
			write_param(&out, &spec->params[i], &b->call->params[i]);
	for (size_t i = 0; i < spec->param_count; i++) {
		if (spec->params[i].option || !b->call->params[i].count)
			continue;
		if (!dashes)
			buf_add(&out, S(" --"));
		dashes = true;
		write_param(&out, &spec->params[i], &b->call->params[i]);
	}
	b->call->canonical = buf_keep(b->arena, &out);
}

bool call_bind(struct arena *a, const struct command_spec *spec, const struct word *tokens, size_t count, const struct bind_names *names, struct line *line,
	       struct typed_call *out, struct err *err)
{
	struct binder b = {.arena = a, .spec = spec, .names = names, .line = line, .call = out, .err = err};

	memset(out, 0, sizeof *out);
	out->spec = spec;
	out->flags.reason = out->flags.incident = out->canonical = S("");
	out->params = arena_zero(a, (spec->param_count + 1) * sizeof *out->params);
	b.places = arena_alloc(a, (count + 1) * sizeof *b.places);
	if (!take_tokens(&b, tokens, count))
		return false;
	if (out->flags.help) {
		out->canonical = arena_printf(a, STR_FMT ":" STR_FMT " --help", STR_ARG(spec->plugin), STR_ARG(spec->path));
		return true;
	}
	if (!take_places(&b) || !fill_in(&b)) {
		memset(out->params, 0, spec->param_count * sizeof *out->params);
		return false;
	}
	write_canonical(&b);
	return true;
}
