#include "ops/promql.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SERIES_BYTES_MAX (128 * KIB) /* of one: 240 points are some 8 KiB */
#define NAME_MAX 300

/* ---- looking at expressions ---- */

enum token { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_OPERATOR, TOKEN_BRACKET, TOKEN_OTHER };

struct scan {
	struct str rest;
	struct str text; /* the token */
	int depth;       /* of brackets, before the token */
	bool broken;     /* a comment, or a text without its end: no guess */
};

/* strchr() finds the NUL too. */
static bool is_any(char c, const char *of)
{
	return c && strchr(of, c);
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/* The length of a quoted text with its quotes; 0: it has no end. */
static size_t quoted_length(struct str s)
{
	char quote = s.p[0];

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == quote)
			return i + 1;
		if (s.p[i] == '\\' && quote != '`')
			i++;
	}
	return 0;
}

static size_t operator_length(struct str s)
{
	static const char *const operators[] = {"==", "!=", ">=", "<=", "=~", "!~", ">", "<",
						"+",  "-",  "*",  "/",  "%",  "^",  "=", "@"};

	for (size_t i = 0; i < COUNT_OF(operators); i++)
		if (str_starts(s, str_of(operators[i])))
			return strlen(operators[i]);
	return 0;
}

static enum token take(struct scan *s, size_t n, enum token kind)
{
	s->text = str_n(s->rest.p, n);
	s->rest = str_n(s->rest.p + n, s->rest.n - n);
	return kind;
}

static enum token next_token(struct scan *s)
{
	size_t n = 0;
	char c;

	s->rest = str_trim(s->rest);
	if (!s->rest.n)
		return TOKEN_END;
	c = s->rest.p[0];
	if (c == '"' || c == '\'' || c == '`')
		n = quoted_length(s->rest);
	if (n)
		return take(s, n, TOKEN_OTHER);
	if (c == '"' || c == '\'' || c == '`' || c == '#') {
		s->broken = true;
		return TOKEN_END;
	}
	while (n < s->rest.n && (is_word_char(s->rest.p[n]) || (s->rest.p[n] == '.' && c >= '0' && c <= '9')))
		n++;
	if (n)
		return take(s, n, c >= '0' && c <= '9' ? TOKEN_NUMBER : TOKEN_WORD);
	s->depth += is_any(c, "([{");
	s->depth -= is_any(c, ")]}");
	if (is_any(c, "([{)]}"))
		return take(s, 1, TOKEN_BRACKET);
	n = operator_length(s->rest);
	return n ? take(s, n, TOKEN_OPERATOR) : take(s, 1, TOKEN_OTHER);
}

static bool is_comparison(struct str op)
{
	return str_is(op, "==") || str_is(op, "!=") || str_is(op, ">") || str_is(op, "<") || str_is(op, ">=") ||
	       str_is(op, "<=");
}

static bool is_set_operator(struct str word)
{
	return str_eq_nocase(word, S("and")) || str_eq_nocase(word, S("or")) || str_eq_nocase(word, S("unless"));
}

static bool number_parse(struct str s, double *out)
{
	char text[64], *end;

	if (!s.n || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*out = strtod(text, &end);
	return *end == '\0';
}

/* "(x > 1)" is "x > 1", but "(x) > (1)" is not "x) > (1". */
static struct str without_brackets(struct str expr)
{
	expr = str_trim(expr);
	while (expr.n >= 2 && expr.p[0] == '(' && expr.p[expr.n - 1] == ')') {
		struct scan s = {.rest = str_n(expr.p, expr.n - 1)};

		(void)next_token(&s);
		while (s.depth > 0 && next_token(&s) != TOKEN_END)
			;
		if (s.depth != 1 || s.broken)
			break;
		expr = str_trim(str_n(expr.p + 1, expr.n - 2));
	}
	return expr;
}

bool promql_split(struct str expr, struct str *left, double *limit)
{
	struct str inner = without_brackets(expr), right = S(""), before = S("");
	struct scan s = {.rest = inner};
	enum token t;
	double number;

	*left = expr;
	while ((t = next_token(&s)) != TOKEN_END) {
		if (s.depth > 0)
			continue;
		if (s.depth < 0 || (t == TOKEN_WORD && is_set_operator(s.text)))
			return false;
		if (t != TOKEN_OPERATOR || !is_comparison(s.text))
			continue;
		if (right.n)
			return false;
		before = str_trim(str_n(inner.p, (size_t)(s.text.p - inner.p)));
		right = str_trim(s.rest);
	}
	if (s.broken || s.depth || !before.n || number_parse(before, &number) || !number_parse(right, limit) ||
	    !isfinite(*limit))
		return false;
	*left = before;
	return true;
}

/* ---- units ---- */

static bool is_one_of(struct str word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

/* Whatever goes in, what comes out is a number of things. */
static bool counts(struct str word)
{
	static const char *const list[] = {"count",
					   "count_values",
					   "count_over_time",
					   "changes",
					   "resets",
					   "absent",
					   "absent_over_time",
					   "timestamp",
					   "group",
					   "stdvar",
					   "stdvar_over_time",
					   "present_over_time",
					   "sgn",
					   "ln",
					   "log2",
					   "log10",
					   "exp",
					   "deg",
					   "rad",
					   "bool"};

	return is_one_of(word, list, COUNT_OF(list));
}

static bool is_rate(struct str word)
{
	static const char *const list[] = {"rate", "irate", "deriv"};

	return is_one_of(word, list, COUNT_OF(list));
}

static struct str without_end(struct str s, struct str end)
{
	return str_ends(s, end) ? str_n(s.p, s.n - end.n) : s;
}

static enum plot_unit unit_of_name(struct str name, bool per_second)
{
	struct str base = without_end(without_end(without_end(name, S("_total")), S("_bucket")), S("_sum"));

	if (str_ends(base, S("_bytes")))
		return per_second ? PLOT_BYTES_PER_SECOND : PLOT_BYTES;
	/* A histogram's rate goes into histogram_quantile(), which gives what was measured. */
	if (str_ends(base, S("_seconds")))
		return per_second && !str_ends(name, S("_bucket")) ? PLOT_PLAIN : PLOT_SECONDS;
	if (str_ends(base, S("_ratio")))
		return per_second ? PLOT_PLAIN : PLOT_RATIO;
	if (str_ends(base, S("_percent")) || str_ends(base, S("_percentage")))
		return per_second ? PLOT_PLAIN : PLOT_PERCENT;
	return PLOT_PLAIN;
}

/* A moment, not a length of time. */
static bool is_moment(struct str name)
{
	return str_find(name, S("timestamp"), NULL) || str_ends(name, S("_start_time_seconds")) ||
	       str_ends(name, S("_expiry_seconds"));
}

enum plot_unit promql_unit(struct str expr)
{
	struct scan s = {.rest = expr};
	enum plot_unit unit = PLOT_PLAIN, one;
	bool per_second = false, quantile = false, bucket = false;
	int in_braces = 0;
	enum token t;

	while ((t = next_token(&s)) != TOKEN_END) {
		if (t == TOKEN_BRACKET && is_any(s.text.p[0], "{}"))
			in_braces = s.text.p[0] == '{';
		if (in_braces)
			continue;
		if (t == TOKEN_OPERATOR && !is_comparison(s.text) && !str_is(s.text, "@"))
			return PLOT_PLAIN;
		if (t != TOKEN_WORD)
			continue;
		if (counts(s.text) || is_moment(s.text))
			return PLOT_PLAIN;
		per_second = per_second || is_rate(s.text);
		quantile = quantile || str_is(s.text, "histogram_quantile");
		bucket = bucket || str_ends(s.text, S("_bucket"));
		one = unit_of_name(s.text, per_second);
		unit = one ? one : unit;
	}
	if (s.broken || (bucket && !quantile)) /* buckets themselves count */
		return PLOT_PLAIN;
	return quantile && unit == PLOT_BYTES_PER_SECOND ? PLOT_BYTES : unit;
}

/* ---- answers: cut into their parts as text, so that only what is drawn is read ---- */

static size_t skip_space(struct str s, size_t at)
{
	while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t' || s.p[at] == '\n' || s.p[at] == '\r'))
		at++;
	return at;
}

/* Where the JSON value that begins at `at` ends; 0: it has no end. Its inside is not looked at. */
static size_t skip_value(struct str s, size_t at)
{
	size_t depth = 0, n;

	if (at < s.n && !is_any(s.p[at], "\"{[")) {
		while (at < s.n && !is_any(s.p[at], ",]} \t\r\n"))
			at++;
		return at;
	}
	while (at < s.n) {
		if (s.p[at] == '"') {
			n = quoted_length(str_n(s.p + at, s.n - at));
			if (!n)
				return 0;
			at += n;
		} else {
			depth += s.p[at] == '{' || s.p[at] == '[';
			depth -= s.p[at] == '}' || s.p[at] == ']';
			at++;
		}
		if (!depth)
			return at;
	}
	return 0;
}

/* The next member of an object or element of a list, whose text is s; *at is 1 at first. key.n 0 in a list. false: no more, or
 * it is broken: then *at is 0. */
static bool next_member(struct str s, size_t *at, struct str *key, struct str *value)
{
	size_t from = skip_space(s, *at), end;

	*key = S("");
	if (from < s.n && s.p[from] == ',')
		from = skip_space(s, from + 1);
	if (from < s.n && (s.p[from] == '}' || s.p[from] == ']'))
		return false;
	*at = 0;
	end = skip_value(s, from);
	if (end <= from)
		return false;
	if (s.p[0] == '{') {
		*key = str_n(s.p + from, end - from);
		from = skip_space(s, end);
		if (from >= s.n || s.p[from] != ':')
			return false;
		from = skip_space(s, from + 1);
		end = skip_value(s, from);
		if (end <= from)
			return false;
	}
	*value = str_n(s.p + from, end - from);
	*at = end;
	return true;
}

/* The member of that name, quotes included; "" if it is not there. */
static struct str member(struct str object, const char *quoted_name)
{
	struct str key, value;
	size_t at = 1;

	while (object.n && object.p[0] == '{' && next_member(object, &at, &key, &value))
		if (str_is(key, quoted_name))
			return value;
	return S("");
}

static bool is_no_answer(struct err *err)
{
	err_clear(err);
	err_set(err, ERR_INVALID, "that is no answer of Prometheus");
	return false;
}

static struct str text_of(struct arena *a, struct str json)
{
	struct err ignored = {0};

	return json.n && json.n < 64 * KIB ? json_str(json_parse(a, json, JSON_LAST_KEY_WINS, &ignored)) : S("");
}

/* ---- one series ---- */

static bool point_read(const struct json *pair, struct plot_point *out)
{
	const struct json *at = json_is(pair, JSON_ARRAY) ? pair->child : NULL;
	double seconds;

	if (!at || !at->next || (at->type != JSON_INT && at->type != JSON_REAL) || at->next->type != JSON_STR)
		return false;
	seconds = at->type == JSON_INT ? (double)at->i : at->d;
	if (!(fabs(seconds) < 1e12) || !number_parse(at->next->text, &out->value))
		return false;
	out->at = (wall_ms)llround(seconds * 1000);
	return true;
}

/* *metric: its labels, for the name. */
static bool series_read(struct arena *a, struct str text, struct plot_series *out, const struct json **metric)
{
	struct err ignored = {0};
	const struct json *series =
				  text.n <= SERIES_BYTES_MAX ? json_parse(a, text, JSON_LAST_KEY_WINS, &ignored) : NULL,
			  *values = json_get(series, "values");
	struct plot_point *points;

	*metric = json_get(series, "metric");
	if (!json_is(*metric, JSON_OBJECT) || (values && values->type != JSON_ARRAY))
		return false;
	*out = (struct plot_series){.name = S("")};
	if (!values)
		return true; /* native histograms have none that could be drawn */
	out->points = points = arena_alloc(a, (values->count + 1) * sizeof *points);
	for (const struct json *v = values->child; v; v = v->next)
		if (!point_read(v, &points[out->count++]))
			return false;
	return true;
}

/* Does the label say the same in all? */
static bool is_shared(const struct json *label, const struct json *const *metrics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct json *other = metrics[i]->child;

		while (other && !str_eq(other->key, label->key))
			other = other->next;
		if (!other || !str_eq(json_str(other), json_str(label)))
			return false;
	}
	return count > 1;
}

/* name{label="value", ...}; "" without any. */
static struct str series_name(struct arena *a, size_t which, const struct json *const *metrics, size_t count)
{
	struct buf b;
	size_t labels = 0;

	buf_init(&b, NAME_MAX);
	for (const struct json *l = metrics[which]->child; l; l = l->next)
		if (str_is(l->key, "__name__") && !is_shared(l, metrics, count))
			buf_add(&b, str_clip(json_str(l), 150));
	for (const struct json *l = metrics[which]->child; l && !b.failed; l = l->next)
		if (!str_is(l->key, "__name__") && !is_shared(l, metrics, count))
			buf_printf(&b, "%s" STR_FMT "=\"" STR_FMT "\"", labels++ ? ", " : "{",
				   STR_ARG(str_clip(l->key, 60)), STR_ARG(str_clip(json_str(l), 120)));
	if (labels)
		buf_add(&b, S("}"));
	return buf_keep(a, &b);
}

static bool result_read(struct arena *a, struct str result, struct promql_answer *out, struct err *err)
{
	const struct json *metrics[PLOT_SERIES_MAX];
	struct str key, value;
	size_t at = 1;

	out->series = arena_zero(a, PLOT_SERIES_MAX * sizeof *out->series);
	while (next_member(result, &at, &key, &value)) {
		if (out->count < PLOT_SERIES_MAX &&
		    !series_read(a, value, &out->series[out->count], &metrics[out->count]))
			return is_no_answer(err);
		out->count += out->count < PLOT_SERIES_MAX;
		out->total++;
	}
	for (size_t i = 0; i < out->count; i++)
		out->series[i].name = series_name(a, i, metrics, out->count);
	return at || is_no_answer(err);
}

bool promql_answer_read(struct arena *a, struct str json, struct promql_answer *out, struct err *err)
{
	struct str status, data, result, why;

	*out = (struct promql_answer){0};
	json = str_trim(json);
	status = text_of(a, member(json, "\"status\""));
	if (str_is(status, "error")) {
		why = text_of(a, member(json, "\"error\""));
		err_set(err, ERR_CONFLICT, STR_FMT, STR_ARG(str_clip(why.n ? why : S("it gives no reason"), 300)));
		return false;
	}
	data = member(json, "\"data\"");
	result = member(data, "\"result\"");
	if (!str_is(status, "success") || !str_is(text_of(a, member(data, "\"resultType\"")), "matrix") || !result.n ||
	    result.p[0] != '[')
		return is_no_answer(err);
	return result_read(a, result, out, err);
}
