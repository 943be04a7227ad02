/* The condition of a rule, asked about a call. Of the call only the values that were read by their types are looked at. */
#include "ops/access_parts.h"
#include "ops/grammar.h"

/* ---- kinds ---- */

static const char *kind_name(enum kind k)
{
	static const char *const names[] = {
		[KIND_TEXT] = "a text", [KIND_NUMBER] = "a number", [KIND_SPAN] = "a span of time such as 90m", [KIND_TIME] = "a time",
		[KIND_BOOL] = "true or false", [KIND_RISK] = "a risk"};

	return names[k];
}

/* A time is compared with a text such as "2026-12-01T00:00:00Z", or with a span: from now. */
static bool kinds_fit(enum kind l, enum kind r)
{
	return l == r || (l == KIND_RISK && r == KIND_TEXT) || (l == KIND_TIME && (r == KIND_TEXT || r == KIND_SPAN));
}

static bool wants_order(enum op op)
{
	return op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
}

static bool has_order(enum kind l, enum kind r)
{
	return l == KIND_TIME || r == KIND_TIME || (l != KIND_BOOL && l != KIND_TEXT && r != KIND_TEXT);
}

struct str kinds_differ(struct arena *a, enum op op, struct str left, enum kind l, struct str right, enum kind r)
{
	if (l == KIND_ANY || r == KIND_ANY)
		return S("");
	if (!kinds_fit(l, r) && !kinds_fit(r, l))
		return arena_printf(a, "`" STR_FMT "` is %s, `" STR_FMT "` is %s", STR_ARG(str_clip(left, 60)), kind_name(l), STR_ARG(str_clip(right, 60)), kind_name(r));
	if (wants_order(op) && !has_order(l, r))
		return arena_printf(a, "`" STR_FMT "` is %s: there is no less and no more", STR_ARG(str_clip(left, 60)), kind_name(l));
	return S("");
}

static enum kind kind_of_param(enum param_type type)
{
	switch (type) {
	case PARAM_INT:
	case PARAM_REAL:
		return KIND_NUMBER;
	case PARAM_BOOL:
		return KIND_BOOL;
	case PARAM_SPAN:
		return KIND_SPAN;
	case PARAM_TIME:
		return KIND_TIME;
	default:
		return KIND_TEXT;
	}
}

/* ---- values ---- */

static struct scalar text_of(struct str s)
{
	return (struct scalar){.kind = s.n ? KIND_TEXT : KIND_ABSENT, .text = s};
}

static struct scalar bool_of(bool b)
{
	return (struct scalar){.kind = KIND_BOOL, .number = b, .text = b ? S("true") : S("false")};
}

/* Asked several times for each rule: the first letter is looked at before memcmp() is called. */
static size_t param_index(const struct command_spec *spec, struct str name)
{
	for (size_t i = 0; i < spec->param_count; i++)
		if (spec->params[i].name.n == name.n && spec->params[i].name.p[0] == name.p[0] && str_eq(spec->params[i].name, name))
			return i;
	return SIZE_MAX;
}

static struct scalar scalar_of(const struct param *p, const struct value *v)
{
	return (struct scalar){
		.kind = kind_of_param(p->type),
		.whole = p->type == PARAM_INT,
		.mark = p->type == PARAM_USER ? '@' : p->type == PARAM_CHANNEL ? '#' : 0,
		.text = v->text,
		.number = v->number,
		.real = v->real,
	};
}

/* arg.*: all values by place, as texts. */
static size_t place_count(const struct asking *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->spec->param_count; i++)
		n += q->spec->params[i].option ? 0 : q->call->params[i].count;
	return n;
}

static struct scalar place_at(const struct asking *q, size_t n)
{
	struct scalar s = {.kind = KIND_ABSENT};

	for (size_t i = 0; i < q->spec->param_count; i++) {
		const struct bound_param *b = &q->call->params[i];

		if (q->spec->params[i].option)
			continue;
		if (n < b->count) {
			s = scalar_of(&q->spec->params[i], &b->values[n]);
			s.kind = KIND_TEXT;
			break;
		}
		n -= b->count;
	}
	return s;
}

static size_t role_count(const struct role_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(s->bits); i++)
		n += (size_t)__builtin_popcountll(s->bits[i]);
	return n;
}

static struct str role_at(const struct asking *q, size_t n)
{
	for (size_t i = 0; i < q->a->role_count; i++)
		if (role_set_has(&q->who.roles, i) && n-- == 0)
			return q->a->roles[i].name;
	return S("");
}

static struct scalar field_value(const struct asking *q, const struct operand *o)
{
	const struct access_facts *f = q->facts;
	struct scalar s = {.kind = KIND_ABSENT};

	switch (o->field) {
	case FIELD_USER:
		return text_of(f->user);
	case FIELD_ROOM:
		return text_of(f->dm ? S("") : f->channel);
	case FIELD_DM:
		return bool_of(f->dm);
	case FIELD_ENV:
		return text_of(q->call ? access_env(q->a, q->call, f) : env_without_call(q->a, f));
	case FIELD_RISK:
		return (struct scalar){.kind = KIND_RISK, .number = q->spec->risk, .text = str_of(risk_name(q->spec->risk))};
	case FIELD_PLUGIN:
		return text_of(q->spec->plugin);
	case FIELD_COMMAND:
		return text_of(q->spec->path);
	case FIELD_INCIDENT:
		return bool_of(f->has_incident);
	case FIELD_SEVERITY:
		if (f->has_incident)
			s = (struct scalar){.kind = KIND_NUMBER, .whole = true, .number = f->incident_severity, .real = (double)f->incident_severity};
		return s;
	case FIELD_INCIDENT_ROLE:
		return text_of(f->has_incident ? f->incident_role : S(""));
	case FIELD_STATE:
		return text_of(f->has_incident ? f->incident_state : S(""));
	case FIELD_MFA:
		if (f->mfa_at)
			s = (struct scalar){.kind = KIND_SPAN, .number = f->now - f->mfa_at};
		return s;
	case FIELD_GROUPS:
	case FIELD_ROLES:
		break; /* lists: value_at() */
	}
	return s;
}

/* A switch that is not there is off: --force was not said, so opt.force is false. */
static bool is_silent_no(const struct asking *q, size_t param)
{
	return q->spec->params[param].type == PARAM_BOOL && !q->spec->params[param].repeat && !q->call->params[param].count;
}

static size_t value_count(const struct asking *q, const struct operand *o)
{
	if (o->of == OF_LITERAL)
		return 1;
	if (o->of == OF_PLACES)
		return place_count(q);
	if (o->of == OF_PARAM) {
		size_t i = param_index(q->spec, o->name);

		return q->call->params[i].count + is_silent_no(q, i);
	}
	if (o->of == OF_FIELD && o->field == FIELD_GROUPS)
		return q->who.member ? q->who.member->groups.count : 0;
	if (o->of == OF_FIELD && o->field == FIELD_ROLES)
		return role_count(&q->who.roles);
	return 1;
}

/* n: less than value_count(), or 0: then it may be absent. */
static struct scalar value_at(const struct asking *q, const struct operand *o, size_t n)
{
	struct scalar s = {.kind = KIND_ABSENT};

	if (o->of == OF_LITERAL)
		return o->literal;
	if (o->of == OF_ONCALL)
		return bool_of(person_on_call(q->a, &q->who, q->facts, o->name));
	if (o->of == OF_PLACES)
		return place_at(q, n);
	if (o->of == OF_PARAM) {
		size_t i = param_index(q->spec, o->name);

		if (n >= q->call->params[i].count && !is_silent_no(q, i))
			return s;
		return is_silent_no(q, i) ? bool_of(false) : scalar_of(&q->spec->params[i], &q->call->params[i].values[n]);
	}
	if (o->list && n >= value_count(q, o))
		return s;
	if (o->field == FIELD_GROUPS)
		return text_of(q->a->groups[((size_t *)q->who.member->groups.items)[n]].name);
	s = o->field == FIELD_ROLES ? text_of(role_at(q, n)) : field_value(q, o);
	s.mark = o->mark;
	return s;
}

/* ---- what an operand is for this command ---- */

struct shape {
	enum kind kind; /* KIND_ANY: the command has no such parameter */
	bool list;
	bool open;      /* depends on arguments that are not known */
};

static struct shape shape_of(const struct asking *q, const struct operand *o)
{
	struct shape s = {.kind = o->kind, .list = o->list};
	size_t i;

	if (o->of == OF_PLACES)
		s.open = !q->call;
	if (o->of == OF_FIELD && o->field == FIELD_ENV)
		s.open = !q->call && !q->facts->env.n && param_index(q->spec, S("env")) != SIZE_MAX;
	if (o->of != OF_PARAM)
		return s;
	i = param_index(q->spec, o->name);
	s.open = !q->call;
	if (i != SIZE_MAX) {
		s.kind = kind_of_param(q->spec->params[i].type);
		s.list = q->spec->params[i].repeat;
	}
	return s;
}

static bool is_in(enum op op)
{
	return op == OP_IN || op == OP_NOT_IN;
}

/* Why a test makes no sense for this command. "": it does. */
static bool shapes_fit(const struct asking *q, const struct expr *e, bool *open)
{
	struct shape l = shape_of(q, &e->left);

	*open = l.open;
	if (l.kind == KIND_ANY || (l.list && e->quantifier == FOR_ONE) || (e->op == OP_TRUE && l.kind != KIND_BOOL))
		return false;
	for (size_t i = 0; i < e->right_count; i++) {
		struct shape r = shape_of(q, &e->right[i]);

		*open |= r.open;
		if (r.kind == KIND_ANY || (r.list && !is_in(e->op)) || (!kinds_fit(l.kind, r.kind) && !kinds_fit(r.kind, l.kind)))
			return false;
		if (wants_order(e->op) && !has_order(l.kind, r.kind))
			return false;
	}
	return true;
}

/* ---- comparing ---- */

static bool says_not(enum op op)
{
	return op == OP_NE || op == OP_NOT_IN || op == OP_FITS_NOT;
}

static enum outcome outcome_of(bool b)
{
	return b ? IS_TRUE : IS_FALSE;
}

static struct str without(struct str s, char mark)
{
	return mark && s.n && s.p[0] == mark ? str_n(s.p + 1, s.n - 1) : s;
}

/* 0: equal, else less than 0 or more. false: they cannot be compared. */
static bool order(const struct asking *q, const struct scalar *l, const struct scalar *r, int *out)
{
	char mark = l->mark ? l->mark : r->mark;
	int64_t a = l->number, b = r->number;

	if (l->kind != KIND_TIME && r->kind == KIND_TIME) {
		bool ok = order(q, r, l, out);

		*out = -*out;
		return ok;
	}
	if (l->kind == KIND_TEXT || r->kind == KIND_TEXT) {
		if (l->kind == KIND_TIME) {
			if (!wall_parse(r->text, &b))
				return false;
		} else {
			*out = str_cmp(without(l->text, mark), without(r->text, mark));
			return true;
		}
	}
	if (l->kind == KIND_TIME && r->kind == KIND_SPAN)
		a -= q->facts->now;
	if (l->kind == KIND_NUMBER && !(l->whole && r->whole))
		*out = l->real < r->real ? -1 : l->real > r->real;
	else
		*out = a < b ? -1 : a > b;
	return true;
}

static enum outcome compare(const struct asking *q, enum op op, const struct scalar *l, const struct scalar *r)
{
	int o;

	if (l->kind == KIND_ABSENT || r->kind == KIND_ABSENT)
		return outcome_of(says_not(op));
	if (!order(q, l, r, &o))
		return IS_BROKEN;
	return outcome_of(op == OP_EQ ? o == 0 : op == OP_NE ? o != 0 : op == OP_LT ? o < 0 : op == OP_LE ? o <= 0 : op == OP_GT ? o > 0 : o >= 0);
}

static enum outcome is_among(const struct asking *q, const struct expr *e, const struct scalar *l)
{
	bool broken = false;

	if (l->kind == KIND_ABSENT)
		return IS_FALSE;
	for (size_t i = 0; i < e->right_count; i++)
		for (size_t n = 0, count = value_count(q, &e->right[i]); n < count; n++) {
			struct scalar r = value_at(q, &e->right[i], n);
			enum outcome o = compare(q, OP_EQ, l, &r);

			if (o == IS_TRUE)
				return IS_TRUE;
			broken |= o == IS_BROKEN;
		}
	return broken ? IS_BROKEN : IS_FALSE;
}

static enum outcome opposite(enum outcome o)
{
	return o == IS_BROKEN ? o : o == IS_TRUE ? IS_FALSE : IS_TRUE;
}

static enum outcome test_one(const struct asking *q, const struct expr *e, const struct scalar *l)
{
	struct scalar r;

	switch (e->op) {
	case OP_TRUE:
		return outcome_of(l->kind == KIND_BOOL && l->number);
	case OP_IN:
		return is_among(q, e, l);
	case OP_NOT_IN:
		return opposite(is_among(q, e, l));
	case OP_FITS:
		return outcome_of(l->kind != KIND_ABSENT && regex_matches(e->regex, l->text));
	case OP_FITS_NOT:
		return outcome_of(l->kind == KIND_ABSENT || !regex_matches(e->regex, l->text));
	default:
		r = value_at(q, e->right, 0);
		return compare(q, e->op, l, &r);
	}
}

/* any() of nothing is false; all() of nothing is what an absent value is, lest a command that means everything when nothing is
 * named be allowed by what was said of each name. */
static enum outcome test_values(const struct asking *q, const struct expr *e)
{
	size_t count = e->quantifier == FOR_ONE ? 1 : value_count(q, &e->left);
	enum outcome decided = e->quantifier == FOR_ALL ? IS_FALSE : IS_TRUE;
	bool broken = false;

	if (!count && e->quantifier == FOR_ALL)
		return outcome_of(says_not(e->op));
	for (size_t i = 0; i < count; i++) {
		struct scalar l = value_at(q, &e->left, i);
		enum outcome o = test_one(q, e, &l);

		if (o == decided)
			return o;
		broken |= o == IS_BROKEN;
	}
	return broken ? IS_BROKEN : opposite(decided);
}

static unsigned ask_test(const struct asking *q, const struct expr *e)
{
	bool open;

	if (!shapes_fit(q, e, &open))
		return IS_BROKEN;
	return open ? IS_TRUE | IS_FALSE : test_values(q, e);
}

/* ---- or, and, not: with a third value that yields to what decides without it ---- */

static unsigned not_of(unsigned o)
{
	return (o & IS_BROKEN) | (o & IS_TRUE ? IS_FALSE : 0u) | (o & IS_FALSE ? IS_TRUE : 0u);
}

static unsigned and_of(unsigned a, unsigned b)
{
	unsigned out = (a | b) & IS_FALSE;

	if (a & IS_TRUE && b & IS_TRUE)
		out |= IS_TRUE;
	if ((a & IS_BROKEN && b & (IS_TRUE | IS_BROKEN)) || (b & IS_BROKEN && a & IS_TRUE))
		out |= IS_BROKEN;
	return out;
}

unsigned expr_ask(const struct asking *q, const struct expr *e)
{
	unsigned all = IS_TRUE;

	switch (e->kind) {
	case EXPR_TEST:
		return ask_test(q, e);
	case EXPR_TIME:
		return outcome_of(week_holds(&e->week, q->facts->now));
	case EXPR_NOT:
		return not_of(expr_ask(q, e->child));
	case EXPR_AND:
		for (const struct expr *c = e->child; c && all != IS_FALSE; c = c->next)
			all = and_of(all, expr_ask(q, c));
		return all;
	case EXPR_OR: /* not (not a and not b) */
		for (const struct expr *c = e->child; c && all != IS_FALSE; c = c->next)
			all = and_of(all, not_of(expr_ask(q, c)));
		return not_of(all);
	}
	return IS_BROKEN;
}

/* ---- in words ---- */

static void say_scalar(struct buf *b, struct arena *a, const struct scalar *s)
{
	char at[WALL_TEXT_SIZE];

	if (s->kind == KIND_TEXT)
		buf_printf(b, "\"%s" STR_FMT "\"", s->mark == '#' ? "#" : "", STR_ARG(str_clip(without(s->text, s->mark), 100)));
	else if (s->kind == KIND_SPAN)
		buf_add(b, s->text.n ? s->text : span_write(a, s->number));
	else if (s->kind == KIND_TIME)
		buf_add(b, wall_write(at, s->number));
	else if (s->kind == KIND_NUMBER && s->whole)
		buf_printf(b, "%lld", (long long)s->number);
	else if (s->kind == KIND_NUMBER)
		buf_printf(b, "%g", s->real);
	else
		buf_add(b, s->text);
}

/* opt.env is "dev"; opt.env has no value; groups are "release", "web" */
static void say_values(const struct asking *q, const struct operand *o, struct arena *a, struct buf *b)
{
	bool list = shape_of(q, o).list;
	size_t count = value_count(q, o), shown = count < 10 ? count : 10;
	struct scalar s;

	buf_add(b, o->text);
	if (list && !count) {
		buf_add(b, S(" is empty"));
		return;
	}
	s = value_at(q, o, 0);
	if (s.kind == KIND_ABSENT) {
		buf_add(b, S(" has no value"));
		return;
	}
	buf_add(b, list ? S(" are ") : S(" is "));
	for (size_t i = 0; i < shown; i++) {
		s = value_at(q, o, i);
		if (i)
			buf_add(b, S(", "));
		say_scalar(b, a, &s);
	}
	if (shown < count)
		buf_printf(b, " and %zu more", count - shown);
}

static void say_unknown_param(const struct asking *q, const struct operand *o, struct buf *b)
{
	struct str names[PARAMS_MAX], near;
	size_t count = q->spec->param_count < PARAMS_MAX ? q->spec->param_count : PARAMS_MAX;

	for (size_t i = 0; i < count; i++)
		names[i] = q->spec->params[i].name;
	near = nearest_word(o->name, names, count);
	buf_printf(b, STR_FMT ":" STR_FMT " has no parameter `" STR_FMT "`", STR_ARG(q->spec->plugin), STR_ARG(q->spec->path), STR_ARG(o->name));
	if (near.n)
		buf_printf(b, ", did you mean `" STR_FMT "`?", STR_ARG(near));
}

static void say_broken(const struct asking *q, const struct expr *e, struct arena *a, struct buf *b)
{
	struct shape l = shape_of(q, &e->left);

	if (l.kind == KIND_ANY) {
		say_unknown_param(q, &e->left, b);
		return;
	}
	if (l.list && e->quantifier == FOR_ONE) {
		buf_printf(b, "`" STR_FMT "` may have several values: any(...) or all(...)", STR_ARG(e->left.text));
		return;
	}
	if (e->op == OP_TRUE) {
		buf_printf(b, "`" STR_FMT "` is %s, neither true nor false", STR_ARG(e->left.text), kind_name(l.kind));
		return;
	}
	for (size_t i = 0; i < e->right_count; i++) {
		struct shape r = shape_of(q, &e->right[i]);
		struct str why = S("");

		if (r.kind == KIND_ANY) {
			say_unknown_param(q, &e->right[i], b);
			return;
		}
		if (r.list && !is_in(e->op))
			why = arena_printf(a, "`" STR_FMT "` may have several values: say \"x\" in it", STR_ARG(e->right[i].text));
		else
			why = kinds_differ(a, e->op, e->left.text, l.kind, e->right[i].text, r.kind);
		if (why.n) {
			buf_add(b, why);
			return;
		}
	}
	buf_printf(b, "`" STR_FMT "` is a time, to be compared with a span or a text such as \"2026-12-01T00:00:00Z\"",
		   STR_ARG(l.kind == KIND_TIME ? e->left.text : e->right->text));
}

static void say_test(const struct asking *q, const struct expr *e, struct arena *a, struct buf *b)
{
	if (ask_test(q, e) == IS_BROKEN) {
		say_broken(q, e, a, b);
		return;
	}
	if (e->left.of != OF_LITERAL)
		say_values(q, &e->left, a, b);
	else if (!e->right_count || e->right->of == OF_LITERAL)
		buf_add(b, S("as it is written")); /* true, or 1 == 1 */
	if (e->right_count && e->right->of != OF_LITERAL) { /* then it is the only one */
		buf_add(b, e->left.of == OF_LITERAL ? S("") : S(", "));
		say_values(q, e->right, a, b);
	}
}

/* Of several, those that decided: all, if they had to agree; else the first that did. What was said is not said again. */
static void say_chain(const struct asking *q, const struct expr *e, struct arena *a, struct buf *b)
{
	unsigned outcome = expr_ask(q, e);
	bool all = outcome == (e->kind == EXPR_AND ? IS_TRUE : IS_FALSE);
	size_t begin = b->n, end, at;

	for (const struct expr *c = e->child; c; c = c->next) {
		if (!all && expr_ask(q, c) != outcome)
			continue;
		end = b->n;
		buf_add(b, end > begin ? S(" and ") : S(""));
		at = b->n;
		expr_explain(q, c, a, b);
		if (b->n == at || str_find(str_n(b->p + begin, end - begin), str_n(b->p + at, b->n - at), NULL))
			b->n = end;
		if (!all)
			return;
	}
}

void expr_explain(const struct asking *q, const struct expr *e, struct arena *arena, struct buf *out)
{
	switch (e->kind) {
	case EXPR_TEST:
		say_test(q, e, arena, out);
		break;
	case EXPR_TIME:
		buf_printf(out, "it is " STR_FMT, STR_ARG(week_reading(&e->week, arena, q->facts->now)));
		break;
	case EXPR_NOT:
		expr_explain(q, e->child, arena, out);
		break;
	case EXPR_AND:
	case EXPR_OR:
		say_chain(q, e, arena, out);
		break;
	}
}
