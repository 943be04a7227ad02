#include "ops/silence.h"

enum silence_state silence_state_at(const struct silence *s, wall_ms now)
{
	if (now < s->starts)
		return SILENCE_PENDING;
	return now < s->ends ? SILENCE_ACTIVE : SILENCE_EXPIRED;
}

const char *silence_state_name(enum silence_state s)
{
	static const char *const names[] = {"pending", "active", "expired"};

	return names[s];
}

/* ---- matchers ---- */

static bool read_one(struct arena *a, const struct json *v, size_t index, struct matchers *out, struct err *err)
{
	bool regex = json_get_bool(v, "isRegex", false), equal = json_get_bool(v, "isEqual", true);
	struct label l = {json_get_str(v, "name"), json_get_str(v, "value")};
	struct str pair;

	if (!label_name_ok(l.name)) {
		l.name = str_clip(l.name, 100);
		err_set(err, ERR_INVALID, "silence invalid: invalid label matcher %zu: invalid label name \"" STR_FMT "\"", index, STR_ARG(l.name));
		return false;
	}
	if (l.value.n > SILENCE_TEXT_MAX) {
		err_set(err, ERR_TOO_BIG, "silence invalid: the value of matcher %zu is longer than %d bytes", index, SILENCE_TEXT_MAX);
		return false;
	}
	if (regex && !regex_check(l.value, err)) {
		l.value = str_clip(l.value, 100);
		err_prefix(err, "silence invalid: invalid label matcher %zu: invalid regular expression \"" STR_FMT "\": ", index, STR_ARG(l.value));
		return false;
	}
	pair = labels_text(a, &(struct labels){&l, 1}); /* {name="value"} */
	pair = str_n(pair.p + l.name.n + 2, pair.n - l.name.n - 3);
	if (matchers_add(a, out, arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(l.name), matcher_op_text((enum matcher_op)(2 * regex + !equal)), STR_ARG(pair)), err))
		return true;
	err_prefix(err, "silence invalid: invalid label matcher %zu: ", index);
	return false;
}

bool silence_read_matchers(struct arena *a, const struct json *list, struct matchers *out, struct err *err)
{
	size_t i = 0;

	for (const struct json *v = list ? list->child : NULL; v; v = v->next)
		if (!read_one(a, v, i++, out, err))
			return false;
	return true;
}

void silence_write_matchers(struct json_out *o, const struct matchers *m)
{
	json_open(o, '[');
	for (size_t i = 0; i < m->count; i++) {
		enum matcher_op op = m->items[i].op;

		json_open(o, '{');
		json_add_bool(o, "isEqual", op == MATCHER_EQUAL || op == MATCHER_REGEX);
		json_add_bool(o, "isRegex", op == MATCHER_REGEX || op == MATCHER_NOT_REGEX);
		json_add_str(o, "name", m->items[i].name);
		json_add_str(o, "value", m->items[i].value);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static bool one_same(const struct matcher *x, const struct matcher *y)
{
	return x->op == y->op && str_eq(x->name, y->name) && str_eq(x->value, y->value);
}

static bool has_matcher(const struct matchers *m, const struct matcher *one)
{
	for (size_t i = 0; i < m->count; i++)
		if (one_same(&m->items[i], one))
			return true;
	return false;
}

static bool has_all(const struct matchers *m, const struct matchers *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!has_matcher(m, &wanted->items[i]))
			return false;
	return true;
}

bool matchers_same(const struct matchers *a, const struct matchers *b)
{
	return a->count == b->count && has_all(a, b) && has_all(b, a);
}

bool silence_has_matchers(const struct silence *s, const struct matchers *filter)
{
	return has_all(&s->matchers, filter);
}

bool silence_sees(const struct matchers *m, struct err *err)
{
	for (size_t i = 0; i < m->count; i++)
		if (str_starts(m->items[i].name, S("__"))) {
			err_set(err, ERR_INVALID, "`" STR_FMT "` is seen by routes alone: silence by a label that the alerts have", STR_ARG(str_clip(m->items[i].name, 60)));
			return false;
		}
	return true;
}

struct str matchers_text(struct arena *a, const struct matchers *m)
{
	struct buf b;

	buf_init(&b, 100 * KIB);
	buf_char(&b, '{');
	for (size_t i = 0; i < m->count; i++)
		buf_printf(&b, "%s" STR_FMT, i ? "," : "", STR_ARG(matcher_text(a, &m->items[i])));
	buf_char(&b, '}');
	return buf_keep(a, &b);
}

/* ---- rules ---- */

/* A negative matcher counts as one that says something, though it fits a label that is not there: so it is with Alertmanager
 * (matchesEmpty), and severity!="critical" alone is a silence that people make. */
static bool says_nothing(const struct matcher *m)
{
	return (m->op == MATCHER_EQUAL || m->op == MATCHER_REGEX) && matcher_fits(m, S(""));
}

bool silence_check(const struct silence *s, wall_ms now, struct err *err)
{
	bool nothing = true;

	for (size_t i = 0; i < s->matchers.count; i++)
		nothing = nothing && says_nothing(&s->matchers.items[i]);
	if (s->ends <= s->starts)
		err_set(err, ERR_INVALID, "Failed to create silence: start time must be before end time");
	else if (s->ends < now)
		err_set(err, ERR_INVALID, "Failed to create silence: end time can't be in the past");
	else if (nothing)
		err_set(err, ERR_INVALID, "silence invalid: at least one matcher must not match the empty string");
	else if (s->comment.n > SILENCE_TEXT_MAX || s->created_by.n > 190 || s->name.n > 190)
		err_set(err, ERR_TOO_BIG, "silence invalid: a comment has at most %d bytes, a name 190", SILENCE_TEXT_MAX);
	return err->code == ERR_NONE;
}

bool silence_can_become(const struct silence *old, const struct silence *next, wall_ms now)
{
	if (!matchers_same(&old->matchers, &next->matchers))
		return false;
	switch (silence_state_at(old, now)) {
	case SILENCE_ACTIVE:
		return old->starts / SECOND == next->starts / SECOND && next->ends >= now;
	case SILENCE_PENDING:
		return next->starts >= now;
	default:
		return false;
	}
}

int silence_order(const struct silence *a, const struct silence *b, wall_ms now)
{
	static const int rank[] = {[SILENCE_ACTIVE] = 0, [SILENCE_PENDING] = 1, [SILENCE_EXPIRED] = 2};
	enum silence_state x = silence_state_at(a, now), y = silence_state_at(b, now);
	wall_ms p = x == SILENCE_PENDING ? a->starts : a->ends, q = y == SILENCE_PENDING ? b->starts : b->ends;

	if (x != y)
		return rank[x] < rank[y] ? -1 : 1;
	if (p != q)
		return (p < q) == (x != SILENCE_EXPIRED) ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}
