#include "ops/command_spec.h"

static const char *const type_names[] = {
	[PARAM_TEXT] = "text",       [PARAM_INT] = "int",         [PARAM_REAL] = "float",   [PARAM_BOOL] = "bool",         [PARAM_SPAN] = "span",     [PARAM_TIME] = "time",
	[PARAM_USER] = "user",       [PARAM_CHANNEL] = "channel", [PARAM_ALERT] = "alert",  [PARAM_INCIDENT] = "incident", [PARAM_CHOICE] = "choice",
};
static const char *const risk_names[] = {[RISK_READ] = "read", [RISK_CHANGE] = "change", [RISK_DANGER] = "danger"};

const char *param_type_name(enum param_type type)
{
	return type_names[type];
}

bool param_type_parse(struct str s, enum param_type *out)
{
	for (size_t i = 0; i < COUNT_OF(type_names); i++)
		if (str_is(s, type_names[i])) {
			*out = (enum param_type)i;
			return true;
		}
	return false;
}

const char *risk_name(enum risk risk)
{
	return risk_names[risk];
}

bool risk_parse(struct str s, enum risk *out)
{
	for (size_t i = 0; i < COUNT_OF(risk_names); i++)
		if (str_is(s, risk_names[i])) {
			*out = (enum risk)i;
			return true;
		}
	return false;
}

void spec_set_words(struct arena *a, struct command_spec *spec, struct str words)
{
	struct str first, after;

	spec->words = arena_dup(a, words);
	after = str_cut(spec->words, ' ', &first);
	spec->path = after.n && str_eq(first, spec->plugin) ? after : spec->words;
}

const struct bound_param *call_param(const struct typed_call *call, const char *name, const struct param **param)
{
	for (size_t i = 0; i < call->spec->param_count; i++)
		if (str_is(call->spec->params[i].name, name)) {
			if (param)
				*param = &call->spec->params[i];
			return call->params[i].count ? &call->params[i] : NULL;
		}
	return NULL;
}

/* ---- usage: text to params ---- */

static void take_choices(struct arena *a, struct str text, struct param *p)
{
	struct vec v = {0};
	struct str one;

	while (text.n) {
		text = str_cut(text, '|', &one);
		*(struct str *)vec_push(a, &v, sizeof one) = one;
	}
	p->type = PARAM_CHOICE;
	p->choices = v.items;
	p->choice_count = v.count;
}

static bool take_type(struct arena *a, struct str text, struct param *p, struct err *err)
{
	if (param_type_parse(text, &p->type) && p->type != PARAM_CHOICE)
		return true;
	if (!memchr(text.p, '|', text.n)) {
		err_set(err, ERR_INVALID, "`" STR_FMT "` is no type: text, int, float, bool, span, time, user, channel, alert, incident, or choices such as a|b",
			STR_ARG(str_clip(text, 40)));
		return false;
	}
	take_choices(a, text, p);
	return true;
}

/* "-e|--env=dev|prod", "--force", "how-long:span", "comment..." */
static bool read_param(struct arena *a, struct str text, bool required, struct param *p, struct err *err)
{
	struct str type;

	*p = (struct param){.required = required};
	if (text.n > 3 && text.p[0] == '-' && text.p[1] != '-' && text.p[2] == '|') {
		p->letter = text.p[1];
		text = str_n(text.p + 3, text.n - 3);
	}
	p->option = str_starts(text, S("--"));
	type = str_cut(text, p->option ? '=' : ':', &p->name);
	if (p->option) {
		p->name = str_n(p->name.p + 2, p->name.n - 2);
		if (!type.n)
			p->type = PARAM_BOOL;
	}
	if (str_ends(p->name, S("..."))) {
		p->rest = true;
		p->name.n -= 3;
	} else if (str_ends(p->name, S("*"))) {
		p->repeat = true;
		p->name.n -= 1;
	}
	return !type.n || take_type(a, type, p, err);
}

static struct str bracketed(struct str *rest, bool *required)
{
	struct str word, trimmed = str_trim(*rest);
	char end;

	if (!trimmed.n || (trimmed.p[0] != '<' && trimmed.p[0] != '['))
		return S("");
	*required = trimmed.p[0] == '<';
	end = *required ? '>' : ']';
	*rest = str_cut(str_n(trimmed.p + 1, trimmed.n - 1), end, &word);
	return word;
}

bool spec_read_usage(struct arena *a, struct str text, struct command_spec *spec, struct err *err)
{
	struct vec v = {0};
	struct str one;
	bool required;

	while ((one = bracketed(&text, &required)).n) {
		if (str_is(one, "--dry-run"))
			spec->dry_run = true;
		else if (!read_param(a, one, required, vec_push(a, &v, sizeof(struct param)), err))
			return false;
	}
	if (str_trim(text).n) {
		err_set(err, ERR_INVALID, "`" STR_FMT "` is no parameter: <x>, [x] or [--x]", STR_ARG(str_clip(str_trim(text), 60)));
		return false;
	}
	spec->params = v.items;
	spec->param_count = v.count;
	spec_write_usage(a, spec);
	return true;
}

static void write_choices(struct buf *b, const struct param *p)
{
	for (size_t i = 0; i < p->choice_count; i++)
		buf_printf(b, "%s" STR_FMT, i ? "|" : "", STR_ARG(p->choices[i]));
}

static void write_param(struct buf *b, const struct param *p)
{
	if (b->n)
		buf_char(b, ' ');
	buf_char(b, p->required ? '<' : '[');
	if (p->letter)
		buf_printf(b, "-%c|", p->letter);
	if (p->option)
		buf_add(b, S("--"));
	if (p->option || !p->choice_count)
		buf_add(b, p->name);
	if (p->option && p->type != PARAM_BOOL)
		buf_char(b, '=');
	if (p->choice_count)
		write_choices(b, p);
	else if (p->option && p->type != PARAM_BOOL)
		buf_add(b, str_of(p->type == PARAM_TEXT ? "…" : type_names[p->type]));
	if (p->rest || p->repeat)
		buf_add(b, S("..."));
	buf_char(b, p->required ? '>' : ']');
}

void spec_write_usage(struct arena *a, struct command_spec *spec)
{
	struct buf b;

	buf_init(&b, 8 * KIB);
	for (size_t i = 0; i < spec->param_count; i++)
		write_param(&b, &spec->params[i]);
	if (spec->dry_run)
		buf_printf(&b, "%s[--dry-run]", b.n ? " " : "");
	spec->usage = buf_keep(a, &b);
}

/* ---- what the grammar can bind ---- */

static bool name_ok(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!(name.p[i] >= 'a' && name.p[i] <= 'z') && !(i && ((name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-' || name.p[i] == '_')))
			return false;
	return name.n > 0 && name.n <= 40;
}

static bool twice(const struct command_spec *spec, size_t i)
{
	const struct param *p = &spec->params[i];

	for (size_t k = 0; k < i; k++)
		if (str_eq(spec->params[k].name, p->name) || (p->letter && spec->params[k].letter == p->letter))
			return true;
	return false;
}

static bool check_param(const struct command_spec *spec, size_t i, struct err *err)
{
	const struct param *p = &spec->params[i], *before = i ? p - 1 : NULL;
	const char *wrong = NULL;

	if (!name_ok(p->name))
		wrong = "is no name: lower case letters, digits, - and _, a letter first";
	else if (twice(spec, i))
		wrong = "has the name or the letter of another";
	else if (p->letter && !((p->letter | 32) >= 'a' && (p->letter | 32) <= 'z'))
		wrong = "has no letter as its short form";
	else if (p->type == PARAM_CHOICE && !p->choice_count)
		wrong = "is a choice of nothing";
	else if (!p->option && before && before->option)
		wrong = "stands behind an option; those by place come first";
	else if (!p->option && before && (before->rest || before->repeat))
		wrong = "can never be reached: the one before takes all that follows";
	else if (!p->option && p->required && before && !before->required)
		wrong = "must be there, and the one before need not";
	else if (p->option && p->rest)
		wrong = "is an option and cannot take the rest of the line";
	else if (!p->option && p->type == PARAM_BOOL)
		wrong = "is a bool; that can only be an option";
	if (wrong)
		err_set(err, ERR_INVALID, "`" STR_FMT "` %s", STR_ARG(str_clip(p->name, 60)), wrong);
	return !wrong;
}

bool spec_check(const struct command_spec *spec, struct err *err)
{
	if (spec->param_count > PARAMS_MAX) {
		err_set(err, ERR_INVALID, "more than %d parameters", PARAMS_MAX);
		return false;
	}
	for (size_t i = 0; i < spec->param_count; i++)
		if (!check_param(spec, i, err))
			return false;
	return true;
}
