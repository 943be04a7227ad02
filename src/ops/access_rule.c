/* The text of a rule: `allow deploy:* when opt.env != "prod" need perm deploy.run`. */
#include "base/crypt.h"
#include "ops/access_parts.h"
#include "ops/grammar.h"

#include <stdlib.h>

#define RULE_BYTES_MAX (4 * KIB)
#define DEPTH_MAX 32
#define APPROVERS_MAX 20
#define SETS_MAX 16

enum lexeme { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_SPAN, TOKEN_REGEX, TOKEN_MARK, TOKEN_SIGN };

struct parser {
	struct access *a;
	struct str source;
	size_t at;         /* behind the token */
	enum lexeme token;
	size_t begin;      /* of the token */
	struct str text;   /* the token as it stands there */
	struct scalar value; /* of a text, number or span */
	bool in_target;    /* words are whatever stands between blanks */
	bool names;
	bool failed;
	uint32_t line;
	unsigned depth;
	struct buf clean;
	struct err *err;
};

/* ---- words ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Names of people, groups and permissions may have other letters than ours. */
static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || (c && strchr("_.:*-", c)) || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char look(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->source.n ? p->source.p[p->at + ahead] : '\0';
}

/* The first reason stays. The answer is false, so that it can be returned. */
static bool wrong_at(struct parser *p, size_t at, const char *fmt, struct str what)
{
	uint32_t line = p->line;
	size_t column = 1;

	if (p->failed)
		return false;
	p->failed = true;
	err_set(p->err, ERR_INVALID, fmt, STR_ARG(str_clip(what, 120)));
	for (size_t i = 0; i < at && i < p->source.n; i++) {
		column = p->source.p[i] == '\n' ? 1 : column + 1;
		line += p->source.p[i] == '\n';
	}
	if (p->line)
		err_prefix(p->err, "line %u: column %zu of the text: ", line, column);
	else
		err_prefix(p->err, "column %zu of the rule: ", column);
	return false;
}

static bool wrong(struct parser *p, const char *fmt, struct str what)
{
	return wrong_at(p, p->begin, fmt, what);
}

/* What the parser wanted, and what it found. */
static bool wanted(struct parser *p, const char *what)
{
	struct str found = p->token == TOKEN_END ? S("the end") : arena_printf(&p->a->arena, "`" STR_FMT "`", STR_ARG(str_clip(p->text, 80)));

	return wrong(p, STR_FMT, arena_printf(&p->a->arena, "%s is wanted, not " STR_FMT, what, STR_ARG(found)));
}

/* "there is no group `relase`; did you mean `release`?" */
static bool unknown(struct parser *p, size_t at, const char *what, struct str word, const struct str *names, size_t count)
{
	struct str near = nearest_word(word, names, count);
	struct str hint = near.n ? arena_printf(&p->a->arena, "; did you mean `" STR_FMT "`?", STR_ARG(near)) : S("");

	return wrong_at(p, at, STR_FMT, arena_printf(&p->a->arena, "there is no %s `" STR_FMT "`" STR_FMT, what, STR_ARG(str_clip(word, 40)), STR_ARG(hint)));
}

/* `#` begins a comment before a blank, and at the beginning of a line; else it is a channel's. */
static bool at_comment(const struct parser *p)
{
	size_t i = p->at;

	if (look(p, 0) != '#')
		return false;
	if (!look(p, 1) || is_blank(look(p, 1)))
		return true;
	while (i && (p->source.p[i - 1] == ' ' || p->source.p[i - 1] == '\t'))
		i--;
	return i && p->source.p[i - 1] == '\n';
}

static void skip_blanks(struct parser *p)
{
	for (;;) {
		while (p->at < p->source.n && is_blank(p->source.p[p->at]))
			p->at++;
		if (!at_comment(p))
			return;
		while (p->at < p->source.n && p->source.p[p->at] != '\n')
			p->at++;
	}
}

/* Up to the closing quote, or the slash of an expression. Single quotes and slashes know no escape but that of themselves in the latter. */
static void lex_quoted(struct parser *p, enum lexeme token)
{
	char quote = look(p, 0);
	struct buf b;

	buf_init(&b, RULE_BYTES_MAX);
	p->at++;
	while (p->at < p->source.n && look(p, 0) != quote) {
		char c = look(p, 0), next = look(p, 1);

		if (c == '\\' && quote == '"') {
			if (!next || !strchr("\"\\nt", next)) {
				wrong_at(p, p->at, "in double quotes only \\\" \\\\ \\n \\t are known" STR_FMT, S(""));
				break;
			}
			c = next == 'n' ? '\n' : next == 't' ? '\t' : next;
			p->at++;
		} else if (c == '\\' && quote == '/' && next) {
			if (next != '/')
				buf_char(&b, c);
			c = next;
			p->at++;
		}
		buf_char(&b, c);
		p->at++;
	}
	if (look(p, 0) != quote)
		wrong(p, STR_FMT " has no end", quote == '/' ? S("this /expression/") : S("this text in quotes"));
	p->at += p->at < p->source.n;
	p->token = token;
	p->value = (struct scalar){.kind = KIND_TEXT, .text = buf_keep(&p->a->arena, &b)};
}

static void lex_number(struct parser *p)
{
	struct str s;
	char *end;

	while (is_digit(look(p, 0)) || is_word_char(look(p, 0)))
		p->at++;
	s = str_n(p->source.p + p->begin, p->at - p->begin);
	p->value = (struct scalar){.text = s};
	if (span_parse(s, &p->value.number)) {
		p->token = TOKEN_SPAN;
		p->value.kind = KIND_SPAN;
		return;
	}
	p->token = TOKEN_NUMBER;
	p->value.kind = KIND_NUMBER;
	p->value.whole = str_to_int(s, &p->value.number);
	p->value.real = strtod(arena_dup(&p->a->arena, s).p, &end);
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.' && !(s.p[i] == '-' && i == 0))
			*end = 'x';
	if (*end || s.p[s.n - 1] == '.')
		wrong(p, "`" STR_FMT "` is neither a number nor a span of time such as 90m; a text stands in quotes", s);
}

static void lex_sign(struct parser *p)
{
	static const char *const signs[] = {"==", "!=", "<=", ">=", "!~", "<", ">", "~", "(", ")", "[", "]", ","};
	static const struct {
		const char *sign, *say;
	} others[] = {{"=", "=="}, {"&&", "and"}, {"||", "or"}, {"!", "not"}};
	struct str rest = str_n(p->source.p + p->at, p->source.n - p->at);

	p->token = TOKEN_SIGN;
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (str_starts(rest, str_of(signs[i]))) {
			p->at += strlen(signs[i]);
			return;
		}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (str_starts(rest, str_of(others[i].sign))) {
			wrong(p, STR_FMT, arena_printf(&p->a->arena, "`%s` is written `%s` here", others[i].sign, others[i].say));
			return;
		}
	wrong(p, "`" STR_FMT "` means nothing here; a text stands in quotes", str_n(rest.p, rest.n > 0));
	p->at++;
}

static void lex_word(struct parser *p)
{
	while (p->at < p->source.n && (p->in_target ? !is_blank(look(p, 0)) : is_word_char(look(p, 0))))
		p->at++;
	p->token = TOKEN_WORD;
}

/* Writes the token down for struct rule.text as well. */
static void next(struct parser *p)
{
	bool regex = p->token == TOKEN_SIGN && (str_is(p->text, "~") || str_is(p->text, "!~"));
	size_t before = p->at;
	char c;

	skip_blanks(p);
	p->begin = p->at;
	p->token = TOKEN_END;
	p->text = S("");
	if (p->failed || p->at >= p->source.n)
		return;
	if (p->at > before && p->clean.n)
		buf_char(&p->clean, ' ');
	c = look(p, 0);
	if (c == '"' || c == '\'' || (c == '/' && regex))
		lex_quoted(p, c == '/' ? TOKEN_REGEX : TOKEN_TEXT);
	else if (p->in_target)
		lex_word(p);
	else if (is_digit(c) || (c == '-' && is_digit(look(p, 1))))
		lex_number(p);
	else if ((c == '#' || c == '@') && is_word_char(look(p, 1))) {
		p->at++;
		lex_word(p);
		p->token = TOKEN_MARK;
	} else if (is_word_char(c))
		lex_word(p);
	else
		lex_sign(p);
	p->text = str_n(p->source.p + p->begin, p->at - p->begin);
	buf_add(&p->clean, p->text);
	if (p->failed)
		p->token = TOKEN_END;
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token == TOKEN_WORD && str_is(p->text, word);
}

static bool take_word(struct parser *p, const char *word)
{
	if (!is_word(p, word))
		return false;
	next(p);
	return true;
}

static bool is_sign(const struct parser *p, const char *sign)
{
	return p->token == TOKEN_SIGN && str_is(p->text, sign);
}

static bool take_sign(struct parser *p, const char *sign)
{
	if (!is_sign(p, sign))
		return false;
	next(p);
	return true;
}

static bool need_sign(struct parser *p, const char *sign)
{
	return take_sign(p, sign) || wanted(p, arena_printf(&p->a->arena, "`%s`", sign).p);
}

/* A name with or without quotes. */
static bool take_name(struct parser *p, const char *what, struct str *out)
{
	*out = p->token == TOKEN_TEXT ? p->value.text : p->text;
	if ((p->token != TOKEN_WORD && p->token != TOKEN_TEXT) || !out->n)
		return wanted(p, what);
	if (out->n > ACCESS_NAME_MAX)
		return wrong(p, "a name of more than 80 bytes" STR_FMT, S(""));
	*out = arena_dup(&p->a->arena, *out);
	next(p);
	return !p->failed;
}

static bool take_span(struct parser *p, span_ms *out)
{
	*out = p->value.number;
	if (p->token != TOKEN_SPAN || *out <= 0)
		return wanted(p, "a span of time such as 15m");
	next(p);
	return true;
}

/* ---- the target ---- */

bool glob_is(struct str s)
{
	return s.n && memchr(s.p, '*', s.n);
}

static bool target_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || (c && strchr("*_.- ", c)) || (unsigned char)c >= 0x80;
}

bool target_parse(struct access *a, struct str text, struct target *out, struct err *err)
{
	struct str plugin, path = str_cut(arena_lower(&a->arena, text), ':', &plugin);

	if (!memchr(text.p, ':', text.n)) {
		path = plugin;
		plugin = S("*");
	}
	*out = (struct target){str_trim(plugin), str_trim(path)};
	for (size_t i = 0; i < out->path.n + out->plugin.n; i++) {
		char c = i < out->path.n ? out->path.p[i] : out->plugin.p[i - out->path.n];

		if (!target_char_ok(c) || (c == ' ' && i >= out->path.n)) {
			err_set(err, ERR_INVALID, "`" STR_FMT "` is no command: it is plugin:command, such as deploy:*, `*:*` or core:silence", STR_ARG(str_clip(text, 80)));
			return false;
		}
	}
	if (out->plugin.n && out->path.n && text.n <= 3 * ACCESS_NAME_MAX)
		return true;
	err_set(err, ERR_INVALID, "plugin:command is wanted, such as deploy:*, not `" STR_FMT "`", STR_ARG(str_clip(text, 80)));
	return false;
}

static bool parse_target(struct parser *p, struct target *out)
{
	size_t begin = p->begin;
	struct err why = {0};
	struct str text = S("");

	if (p->token == TOKEN_TEXT) {
		text = p->value.text;
		next(p);
	} else {
		for (; p->token == TOKEN_WORD && !is_word(p, "when") && !is_word(p, "need"); next(p))
			text = arena_printf(&p->a->arena, STR_FMT "%s" STR_FMT, STR_ARG(text), text.n ? " " : "", STR_ARG(p->text));
	}
	p->in_target = false;
	if (p->failed)
		return false;
	if (!memchr(text.p, '\0', text.n) && target_parse(p->a, text, out, &why))
		return true;
	return wrong_at(p, begin, STR_FMT, str_of(why.text));
}

/* ---- values ---- */

static const struct {
	const char *name;
	enum kind kind;
	bool list;
	char mark;
} fields[] = {
	[FIELD_USER] = {"user", KIND_TEXT, false, '@'},
	[FIELD_GROUPS] = {"groups", KIND_TEXT, true, 0},
	[FIELD_ROLES] = {"roles", KIND_TEXT, true, 0},
	[FIELD_ROOM] = {"room", KIND_TEXT, false, '#'},
	[FIELD_DM] = {"dm", KIND_BOOL, false, 0},
	[FIELD_ENV] = {"env", KIND_TEXT, false, 0},
	[FIELD_RISK] = {"risk", KIND_RISK, false, 0},
	[FIELD_PLUGIN] = {"plugin", KIND_TEXT, false, 0},
	[FIELD_COMMAND] = {"command", KIND_TEXT, false, 0},
	[FIELD_INCIDENT] = {"incident", KIND_BOOL, false, 0},
	[FIELD_SEVERITY] = {"incident.severity", KIND_NUMBER, false, 0},
	[FIELD_INCIDENT_ROLE] = {"incident.role", KIND_TEXT, false, 0},
	[FIELD_STATE] = {"incident.state", KIND_TEXT, false, 0},
	[FIELD_MFA] = {"mfa", KIND_SPAN, false, 0},
};

/* What is no value by itself, but may be meant. */
static const char *const other_words[] = {"oncall", "time", "any", "all", "not", "true", "false", "arg.NAME", "opt.NAME"};

static bool unknown_value(struct parser *p)
{
	struct str names[COUNT_OF(fields) + COUNT_OF(other_words)], head, rest = str_cut(p->text, '.', &head);
	size_t count = 0;

	if (rest.n && (str_distance(head, S("opt")) == 1 || str_distance(head, S("arg")) == 1)) {
		struct str near = str_distance(head, S("opt")) == 1 ? S("opt") : S("arg");

		return wrong(p, STR_FMT, arena_printf(&p->a->arena, "there is no value `" STR_FMT "`; did you mean `" STR_FMT "." STR_FMT "`?", STR_ARG(str_clip(p->text, 40)),
						       STR_ARG(near), STR_ARG(str_clip(rest, 40))));
	}
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		names[count++] = str_of(fields[i].name);
	for (size_t i = 0; i < COUNT_OF(other_words); i++)
		names[count++] = str_of(other_words[i]);
	if (nearest_word(p->text, names, count).n)
		return unknown(p, p->begin, "value", p->text, names, count);
	return wrong(p, "there is no value `" STR_FMT "`; a text stands in quotes, a parameter is opt.NAME or arg.NAME", p->text);
}

static bool parse_param(struct parser *p, struct operand *o)
{
	o->name = arena_dup(&p->a->arena, str_n(p->text.p + 4, p->text.n - 4));
	o->of = OF_PARAM;
	if (str_is(p->text, "arg.*")) {
		o->of = OF_PLACES;
		o->kind = KIND_TEXT;
		o->list = true;
	} else if (!o->name.n || o->name.n > ACCESS_NAME_MAX || glob_is(o->name) || memchr(o->name.p, ':', o->name.n)) {
		return wrong(p, "`" STR_FMT "` names no parameter: it is opt.NAME, arg.NAME, or arg.* for all by their place", p->text);
	}
	next(p);
	return !p->failed;
}

static bool parse_on_call(struct parser *p, struct operand *o)
{
	o->of = OF_ONCALL;
	o->kind = KIND_BOOL;
	next(p);
	if (!need_sign(p, "(") || !take_name(p, "the name of a team", &o->name) || !need_sign(p, ")"))
		return false;
	o->text = arena_printf(&p->a->arena, "oncall(" STR_FMT ")", STR_ARG(o->name));
	return true;
}

static bool parse_literal(struct parser *p, struct operand *o)
{
	o->literal = p->value;
	if (p->token == TOKEN_WORD)
		o->literal = (struct scalar){.kind = KIND_BOOL, .text = p->text, .number = str_is(p->text, "true")};
	else if (p->token == TOKEN_MARK)
		o->literal = (struct scalar){.kind = KIND_TEXT, .text = p->text};
	o->literal.text = arena_dup(&p->a->arena, o->literal.text);
	o->kind = o->literal.kind;
	next(p);
	return !p->failed;
}

static bool parse_operand(struct parser *p, struct operand *o)
{
	*o = (struct operand){.of = OF_LITERAL, .text = arena_dup(&p->a->arena, p->text)};
	if (p->token == TOKEN_TEXT || p->token == TOKEN_NUMBER || p->token == TOKEN_SPAN || p->token == TOKEN_MARK || is_word(p, "true") || is_word(p, "false"))
		return parse_literal(p, o);
	if (p->token != TOKEN_WORD || is_word(p, "and") || is_word(p, "or") || is_word(p, "need") || is_word(p, "in") || is_word(p, "not"))
		return wanted(p, "a value");
	if (is_word(p, "oncall"))
		return parse_on_call(p, o);
	if (str_starts(p->text, S("opt.")) || str_starts(p->text, S("arg.")))
		return parse_param(p, o);
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (is_word(p, fields[i].name)) {
			o->of = OF_FIELD;
			o->field = (enum field)i;
			o->kind = fields[i].kind;
			o->list = fields[i].list;
			o->mark = fields[i].mark;
			next(p);
			return !p->failed;
		}
	return unknown_value(p);
}

/* ---- tests ---- */

/* A risk is compared by its rank, so a text beside it becomes one. */
static bool rank(struct parser *p, size_t at, const struct operand *other, struct operand *o)
{
	struct str names[RISK_DANGER + 1];
	enum risk risk;

	if (other->kind != KIND_RISK || o->of != OF_LITERAL || o->kind != KIND_TEXT)
		return true;
	if (!risk_parse(o->literal.text, &risk)) {
		for (unsigned i = 0; i <= RISK_DANGER; i++)
			names[i] = str_of(risk_name((enum risk)i));
		return unknown(p, at, "risk", o->literal.text, names, COUNT_OF(names));
	}
	o->kind = o->literal.kind = KIND_RISK;
	o->literal.number = risk;
	return true;
}

static bool check_pair(struct parser *p, size_t at, enum op op, struct operand *left, struct operand *right)
{
	struct str why;

	if (!rank(p, at, right, left) || !rank(p, at, left, right))
		return false;
	why = kinds_differ(&p->a->arena, op, left->text, left->kind, right->text, right->kind);
	return !why.n || wrong_at(p, at, STR_FMT, why);
}

static bool parse_set(struct parser *p, struct expr *e)
{
	struct vec list = {0};
	size_t at = p->begin;

	if (!take_sign(p, "[")) {
		e->right = arena_zero(&p->a->arena, sizeof *e->right);
		e->right_count = 1;
		if (!parse_operand(p, e->right))
			return false;
		if (!e->right->list && e->right->of != OF_PARAM)
			return wrong_at(p, at, "`in` wants a list such as [\"a\", \"b\"], not `" STR_FMT "`", e->right->text);
		return check_pair(p, at, e->op, &e->left, e->right);
	}
	do {
		struct operand *o = vec_push(&p->a->arena, &list, sizeof *o);

		at = p->begin;
		if (!parse_operand(p, o))
			return false;
		if (o->of != OF_LITERAL)
			return wrong_at(p, at, "a list in brackets has plain values, not `" STR_FMT "`", o->text);
		if (!check_pair(p, at, OP_EQ, &e->left, o))
			return false;
	} while (take_sign(p, ","));
	e->right = list.items;
	e->right_count = list.count;
	return need_sign(p, "]");
}

static const struct regex *shared_regex(struct parser *p, struct str pattern)
{
	struct shared_regex *all = p->a->regexes.items, *made;
	struct err why = {0};
	struct regex *r;

	for (size_t i = 0; i < p->a->regexes.count; i++)
		if (str_eq(all[i].pattern, pattern))
			return all[i].regex;
	if (p->a->regexes.count == ACCESS_REGEXES_MAX) {
		wrong(p, "more than 1000 different /expressions/" STR_FMT, S(""));
		return NULL;
	}
	/* regex_new() wants the whole text to fit; a rule's expression may fit anywhere in it. */
	r = regex_check(pattern, &why) ? regex_new(arena_printf(&p->a->arena, "(?s:.*)(?:" STR_FMT ")(?s:.*)", STR_ARG(pattern)), &why) : NULL;
	if (!r) {
		wrong(p, STR_FMT, str_of(why.text));
		return NULL;
	}
	made = vec_push(&p->a->arena, &p->a->regexes, sizeof *made);
	*made = (struct shared_regex){pattern, r};
	return r;
}

static bool parse_regex(struct parser *p, struct expr *e)
{
	if (p->token != TOKEN_REGEX)
		return wanted(p, "an expression such as /^web-/");
	if (e->left.kind != KIND_TEXT && e->left.kind != KIND_ANY && e->left.kind != KIND_RISK)
		return wrong_at(p, p->begin, "`" STR_FMT "` is no text that an expression could fit", e->left.text);
	e->regex = shared_regex(p, p->value.text);
	next(p);
	return !p->failed;
}

static bool take_op(struct parser *p, enum op *op)
{
	static const struct {
		const char *sign;
		enum op op;
	} signs[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<", OP_LT}, {"<=", OP_LE}, {">", OP_GT}, {">=", OP_GE}, {"~", OP_FITS}, {"!~", OP_FITS_NOT}};

	*op = OP_TRUE;
	for (size_t i = 0; i < COUNT_OF(signs); i++)
		if (take_sign(p, signs[i].sign)) {
			*op = signs[i].op;
			return true;
		}
	if (take_word(p, "in")) {
		*op = OP_IN;
	} else if (take_word(p, "not")) {
		*op = OP_NOT_IN;
		return take_word(p, "in") || wanted(p, "`in`");
	}
	return !p->failed;
}

/* What follows the value on the left. */
static bool parse_comparison(struct parser *p, size_t at, struct expr *e)
{
	if (!take_op(p, &e->op))
		return false;
	if (e->left.list && e->quantifier == FOR_ONE)
		return wrong_at(p, at, "`" STR_FMT "` is a list: say any(...) or all(...), or \"x\" in the list", e->left.text);
	if (e->op == OP_TRUE) {
		if (e->quantifier != FOR_ONE)
			return wanted(p, "a comparison");
		return e->left.kind == KIND_BOOL || e->left.kind == KIND_ANY ||
		       wrong_at(p, at, "`" STR_FMT "` is neither true nor false: compare it with something", e->left.text);
	}
	if (e->op == OP_IN || e->op == OP_NOT_IN)
		return parse_set(p, e);
	if (e->op == OP_FITS || e->op == OP_FITS_NOT)
		return parse_regex(p, e);
	e->right = arena_zero(&p->a->arena, sizeof *e->right);
	e->right_count = 1;
	if (!parse_operand(p, e->right))
		return false;
	if (e->right->list)
		return wrong_at(p, at, "`" STR_FMT "` is a list: say \"x\" in the list, or any(list == ...)", e->right->text);
	return check_pair(p, at, e->op, &e->left, e->right);
}

static const struct zone *shared_zone(struct parser *p, struct str name)
{
	struct shared_zone *all = p->a->zones.items, *made;
	struct err why = {0};
	struct zone *z;

	for (size_t i = 0; i < p->a->zones.count; i++)
		if (str_eq(all[i].name, name))
			return all[i].zone;
	z = zone_load(name, &why);
	if (!z) {
		wrong(p, STR_FMT, str_of(why.text));
		return NULL;
	}
	made = vec_push(&p->a->arena, &p->a->zones, sizeof *made);
	*made = (struct shared_zone){name, z};
	return z;
}

static struct expr *new_expr(struct parser *p, enum expr_kind kind, struct expr *child)
{
	struct expr *e = arena_zero(&p->a->arena, sizeof *e);

	e->kind = kind;
	e->child = child;
	return e;
}

/* time [not] in "Mon-Fri 09:00-17:00 Europe/Paris" */
static struct expr *parse_time(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_TIME, NULL);
	bool outside = take_word(p, "not");
	struct err why = {0};

	if (!take_word(p, "in"))
		wanted(p, "`in \"Mon-Fri 09:00-17:00\"`");
	else if (p->token != TOKEN_TEXT)
		wanted(p, "a text such as \"Mon-Fri 09:00-17:00 Europe/Paris\"");
	else if (!week_parse(&p->a->arena, p->value.text, &e->week, &why))
		wrong(p, STR_FMT, str_of(why.text));
	else if (e->week.zone_name.n)
		e->week.zone = shared_zone(p, e->week.zone_name);
	next(p);
	return outside ? new_expr(p, EXPR_NOT, e) : e;
}

static struct expr *parse_test(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_TEST, NULL);
	size_t at = p->begin;

	if (take_word(p, "time"))
		return parse_time(p);
	if (take_word(p, "any"))
		e->quantifier = FOR_ANY;
	else if (take_word(p, "all"))
		e->quantifier = FOR_ALL;
	if (e->quantifier == FOR_ONE) {
		if (parse_operand(p, &e->left))
			parse_comparison(p, at, e);
	} else if (need_sign(p, "(") && parse_operand(p, &e->left) && parse_comparison(p, at, e)) {
		need_sign(p, ")");
	}
	return e;
}

/* ---- or, and, not ---- */

static struct expr *parse_or(struct parser *p);

static struct expr *parse_not(struct parser *p)
{
	struct expr *e;

	if (++p->depth > DEPTH_MAX + 1)
		wrong(p, "more than 32 brackets in each other" STR_FMT, S(""));
	if (take_word(p, "not")) {
		e = new_expr(p, EXPR_NOT, p->failed ? NULL : parse_not(p));
	} else if (take_sign(p, "(")) {
		e = p->failed ? NULL : parse_or(p);
		need_sign(p, ")");
	} else {
		e = parse_test(p);
	}
	p->depth--;
	return e;
}

static struct expr *parse_chain(struct parser *p, enum expr_kind kind, const char *word, struct expr *(*parse)(struct parser *))
{
	struct expr *first = parse(p), *last = first;

	while (!p->failed && take_word(p, word))
		last = last->next = parse(p);
	return p->failed || last == first ? first : new_expr(p, kind, first);
}

static struct expr *parse_and(struct parser *p)
{
	return parse_chain(p, EXPR_AND, "and", parse_not);
}

static struct expr *parse_or(struct parser *p)
{
	return parse_chain(p, EXPR_OR, "or", parse_and);
}

/* ---- needs ---- */

static bool unknown_role(struct parser *p, size_t at, struct str name)
{
	struct str *names = arena_alloc(&p->a->arena, p->a->role_count * sizeof *names);

	for (size_t i = 0; i < p->a->role_count; i++)
		names[i] = p->a->roles[i].name;
	return unknown(p, at, "role", name, names, p->a->role_count);
}

static bool unknown_group(struct parser *p, size_t at, struct str name)
{
	struct str *names = arena_alloc(&p->a->arena, (p->a->group_count + 1) * sizeof *names);

	for (size_t i = 0; i < p->a->group_count; i++)
		names[i] = p->a->groups[i].name;
	return unknown(p, at, "group", name, names, p->a->group_count);
}

static bool parse_test_need(struct parser *p, enum test_kind kind, struct vec *tests)
{
	struct test *t = vec_push(&p->a->arena, tests, sizeof *t);
	static const char *const what[] = {"the name of a permission", "the name of a group", "the name of a role"};
	size_t at = p->begin;

	t->kind = kind;
	if (!take_name(p, what[kind], &t->name))
		return false;
	if (kind == TEST_PERM)
		return !glob_is(t->name) || wrong_at(p, at, "`" STR_FMT "`: what is needed is one permission, without `*`", t->name);
	if (kind == TEST_GROUP) {
		t->index = group_find(p->a, t->name);
		return t->index != SIZE_MAX || !p->names || unknown_group(p, at, t->name);
	}
	if (str_starts(t->name, INCIDENT_ROLE)) {
		t->kind = TEST_INCIDENT_ROLE;
		t->name = str_n(t->name.p + INCIDENT_ROLE.n, t->name.n - INCIDENT_ROLE.n);
		return true;
	}
	t->index = role_find(p->a, t->name);
	return t->index != ROLE_UNKNOWN || !p->names || unknown_role(p, at, t->name);
}

static bool parse_approver_set(struct parser *p, struct vec *sets)
{
	struct str *set = vec_push(&p->a->arena, sets, sizeof *set), kind, name;
	size_t at = p->begin;

	if (sets->count > SETS_MAX)
		return wrong(p, "more than 16 sets in one approval" STR_FMT, S(""));
	if (p->token == TOKEN_MARK && p->text.p[0] == '@') {
		*set = arena_printf(&p->a->arena, "user:" STR_FMT, STR_ARG(str_n(p->text.p + 1, p->text.n - 1)));
		next(p);
		return !p->failed;
	}
	if (!take_name(p, "who approves, such as group:release,", set))
		return false;
	name = str_cut(*set, ':', &kind);
	if (!name.n || !(str_is(kind, "group") || str_is(kind, "role") || str_is(kind, "user") || str_is(kind, "oncall")))
		return wrong_at(p, at, "`" STR_FMT "` is no set of people: say group:NAME, role:NAME, user:NAME or oncall:TEAM", *set);
	if (!p->names)
		return true;
	if (str_is(kind, "group") && group_find(p->a, name) == SIZE_MAX)
		return unknown_group(p, at, name);
	if (str_is(kind, "role") && !str_starts(name, INCIDENT_ROLE) && role_find(p->a, name) == ROLE_UNKNOWN)
		return unknown_role(p, at, name);
	return true;
}

static bool parse_sets(struct parser *p, struct access_need *n)
{
	struct vec sets = {0};
	bool many = take_sign(p, "[");

	do {
		if (!parse_approver_set(p, &sets))
			return false;
	} while (many && take_sign(p, ","));
	n->sets = sets.items;
	n->set_count = sets.count;
	return !many || need_sign(p, "]");
}

/* #ops, ops, "#ops" */
static bool parse_room(struct parser *p, struct str *out)
{
	if (p->token == TOKEN_MARK && p->text.p[0] == '#') {
		*out = arena_dup(&p->a->arena, str_n(p->text.p + 1, p->text.n - 1));
		next(p);
		return !p->failed;
	}
	if (p->token == TOKEN_END)
		return wanted(p, "a channel (what follows `#` is a comment to YAML: put the rule in quotes)");
	if (!take_name(p, "a channel", out))
		return false;
	if (str_starts(*out, S("#")))
		*out = str_n(out->p + 1, out->n - 1);
	return out->n || wanted(p, "a channel");
}

/* `not requester`, `within 15m`, ... in any order. */
static bool parse_approval_words(struct parser *p, struct access_need *n)
{
	n->not_requester = true;
	for (;;) {
		bool ok = true;

		if (take_word(p, "not"))
			ok = take_word(p, "requester") || wanted(p, "`requester`");
		else if (take_word(p, "requester")) {
			ok = take_word(p, "may") || wanted(p, "`may`");
			n->not_requester = false;
		} else if (take_word(p, "within"))
			ok = take_span(p, &n->within);
		else if (take_word(p, "valid"))
			ok = take_span(p, &n->valid);
		else if (take_word(p, "in"))
			ok = parse_room(p, &n->channel);
		else
			return !p->failed;
		if (!ok)
			return false;
	}
}

static bool parse_approval(struct parser *p, struct access_need *n)
{
	if (p->token != TOKEN_NUMBER || !p->value.whole || p->value.number < 1 || p->value.number > APPROVERS_MAX)
		return wanted(p, "how many people approve, from 1 to 20,");
	n->approvers = (unsigned)p->value.number;
	next(p);
	if (!take_word(p, "of"))
		return wanted(p, "`of`");
	return parse_sets(p, n) && parse_approval_words(p, n);
}

static bool parse_mfa(struct parser *p, struct access_need *n)
{
	return need_sign(p, "<") && take_span(p, &n->age);
}

static bool parse_need(struct parser *p, struct vec *tests, struct vec *needs)
{
	static const struct str names[] = {S("perm"), S("group"), S("role"), S("confirm"), S("reason"), S("mfa"), S("approval")};
	struct access_need *n;
	size_t i = 0;

	while (i < COUNT_OF(names) && !(p->token == TOKEN_WORD && str_eq(p->text, names[i])))
		i++;
	if (i == COUNT_OF(names))
		return p->token == TOKEN_WORD ? unknown(p, p->begin, "need", p->text, names, COUNT_OF(names)) : wanted(p, "perm, group, role, confirm, reason, mfa or approval");
	next(p);
	if (i <= TEST_ROLE)
		return parse_test_need(p, (enum test_kind)i, tests);
	n = vec_push(&p->a->arena, needs, sizeof *n);
	n->kind = i == 3 ? NEED_CONFIRM : i == 4 ? NEED_REASON : i == 5 ? NEED_MFA : NEED_APPROVAL;
	n->channel = S("");
	return n->kind == NEED_MFA ? parse_mfa(p, n) : n->kind == NEED_APPROVAL ? parse_approval(p, n) : !p->failed;
}

static bool parse_needs(struct parser *p, struct rule *r)
{
	struct vec tests = {0}, needs = {0};

	if (r->effect == RULE_DENY)
		return wrong(p, "a deny needs nothing: it says no" STR_FMT, S(""));
	next(p);
	do {
		if (!parse_need(p, &tests, &needs))
			return false;
	} while (take_word(p, "and"));
	r->tests = tests.items;
	r->test_count = tests.count;
	r->needs = needs.items;
	r->need_count = needs.count;
	return !p->failed;
}

/* ---- the rule ---- */

static bool parse_effect(struct parser *p, struct rule *r)
{
	static const struct str effects[] = {[RULE_ALLOW] = S("allow"), [RULE_DENY] = S("deny"), [RULE_REQUIRE] = S("require")};
	struct str near;

	for (size_t i = 0; i < COUNT_OF(effects); i++)
		if (p->token == TOKEN_WORD && str_eq(p->text, effects[i])) {
			r->effect = (enum effect)i;
			p->in_target = true;
			next(p);
			return !p->failed;
		}
	near = nearest_word(p->text, effects, COUNT_OF(effects));
	if (near.n)
		return wrong(p, "a rule begins with allow, deny or require; did you mean `" STR_FMT "`?", near);
	return wrong(p, "a rule begins with allow, deny or require, not with `" STR_FMT "`", p->text);
}

static bool parse_rule(struct parser *p, struct rule *r)
{
	next(p);
	if (p->failed || !parse_effect(p, r) || !parse_target(p, &r->target))
		return false;
	if (take_word(p, "when"))
		r->when = parse_or(p);
	if (p->failed || (is_word(p, "need") && !parse_needs(p, r)))
		return false;
	if (is_word(p, "allow") || is_word(p, "deny") || is_word(p, "require"))
		return wrong(p, "`" STR_FMT "` inside a rule: a new one begins at the beginning of its line", p->text);
	if (p->token == TOKEN_MARK)
		return wrong(p, "`" STR_FMT "` in the middle of a rule; a comment has a blank behind its `#`", p->text);
	if (p->token != TOKEN_END)
		return wanted(p, r->test_count + r->need_count ? "`and` or the end" : r->when ? "`and`, `or`, `need` or the end" : "`when`, `need` or the end");
	if (r->effect == RULE_REQUIRE && !r->test_count && !r->need_count)
		return wrong(p, "a require says what is needed: `require ... need ...`" STR_FMT, S(""));
	return !p->failed;
}

bool rule_parse(struct access *a, struct str source, uint32_t line, bool names, struct rule *out, struct err *err)
{
	struct parser p = {.a = a, .source = source, .line = line, .names = names, .err = err};
	bool ok;

	*out = (struct rule){0};
	while (p.source.n && is_blank(p.source.p[p.source.n - 1])) /* so that what is missing at the end is missing there */
		p.source.n--;
	if (p.source.n > RULE_BYTES_MAX)
		return wrong(&p, "a rule of more than 4 KiB" STR_FMT, S(""));
	buf_init(&p.clean, 2 * RULE_BYTES_MAX);
	ok = parse_rule(&p, out);
	out->text = buf_keep(&a->arena, &p.clean);
	for (size_t i = 0; i < out->need_count; i++)
		out->needs[i].rule = out->text;
	return ok && !p.failed;
}
