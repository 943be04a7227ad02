#include "commands/rows.h"

#include "base/regex.h"
#include "ops/text_table.h"

#include <math.h>
#include <stdlib.h>

#define JOINED_MAX (32 * KIB)

/* ---- reading ---- */

bool rows_read(struct arena *a, struct str data, struct rows_list *out, struct err *err)
{
	const struct json *tree = data.n ? json_parse(a, data, JSON_LAST_KEY_WINS, err) : NULL, *list = tree;
	struct vec v = {0};

	if (err->code)
		return false;
	for (const struct json *m = json_is(tree, JSON_OBJECT) ? tree->child : NULL; m && list == tree; m = m->next)
		if (m->type == JSON_ARRAY)
			list = m;
	if (!list || list->type < JSON_ARRAY) {
		err_set(err, ERR_INVALID, "what stands before the | answers with no rows");
		return false;
	}
	if (list->type == JSON_OBJECT)
		*(const struct json **)vec_push(a, &v, sizeof list) = list;
	else
		for (const struct json *r = list->child; r; r = r->next)
			if (r->type == JSON_OBJECT)
				*(const struct json **)vec_push(a, &v, sizeof r) = r;
	*out = (struct rows_list){v.items, v.count};
	if (v.count > ROWS_MAX)
		err_set(err, ERR_TOO_BIG, "more than %d rows", ROWS_MAX);
	return !err->code;
}

static const struct json *field_of(const struct json *row, struct str field)
{
	struct str head;

	for (const struct json *m = row->child; m; m = m->next)
		if (str_eq(m->key, field))
			return m;
	field = str_cut(field, '.', &head);
	if (!field.n)
		return NULL;
	for (const struct json *m = row->child; m; m = m->next)
		if (str_eq(m->key, head) && m->type == JSON_OBJECT)
			return field_of(m, field);
	return NULL;
}

static struct str value_text(struct arena *a, const struct json *v)
{
	struct json_out o;
	struct buf b;

	if (!v || v->type == JSON_NULL)
		return S("");
	if (v->type < JSON_ARRAY)
		return v->text;
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_put(&o, v);
	return buf_keep(a, &b);
}

bool rows_field(struct arena *a, const struct json *row, struct str field, struct str *out)
{
	const struct json *v = field_of(row, field);

	*out = value_text(a, v);
	return v != NULL;
}

/* ---- comparing ---- */

static bool is_number(struct str s, double *out)
{
	char text[64], *end;

	if (!s.n || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*out = strtod(text, &end);
	return !*end && isfinite(*out);
}

/* Numbers by their size, other texts by their letters. */
static int compare(struct str x, struct str y)
{
	double a, b;

	if (is_number(x, &a) && is_number(y, &b))
		return a < b ? -1 : a > b;
	return str_cmp(x, y);
}

enum op { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_FITS, OP_FITS_NOT };
static const char *const ops[] = {[OP_EQ] = "==", [OP_NE] = "!=", [OP_LE] = "<=", [OP_GE] = ">=", [OP_LT] = "<", [OP_GT] = ">", [OP_FITS] = "~", [OP_FITS_NOT] = "!~"};

struct condition {
	struct str field, value;
	enum op op;
	struct regex *regex;
};

static bool holds(struct arena *a, const struct json *row, const struct condition *c)
{
	struct str v;
	int order;

	rows_field(a, row, c->field, &v);
	if (c->regex)
		return regex_matches(c->regex, v) == (c->op == OP_FITS);
	order = compare(v, c->value);
	return c->op == OP_EQ ? !order : c->op == OP_NE ? order : c->op == OP_LE ? order <= 0 : c->op == OP_GE ? order >= 0 : c->op == OP_LT ? order < 0 : order > 0;
}

/* ---- where ---- */

#define CONDITIONS_MAX 8

static bool wrong(const struct word **at, const struct word *t, struct err *err, const char *why)
{
	*at = t;
	err_set(err, ERR_INVALID, "%s", why);
	return false;
}

static bool read_op(struct str s, enum op *out)
{
	for (size_t i = 0; i < COUNT_OF(ops); i++)
		if (str_is(s, ops[i]) || (i == OP_EQ && str_is(s, "="))) {
			*out = (enum op)i;
			return true;
		}
	return false;
}

static bool read_condition(struct arena *a, const struct word *t, struct condition *c, const struct word **at, struct err *err)
{
	*c = (struct condition){.field = t[0].text, .value = t[2].text};
	if (!read_op(t[1].text, &c->op))
		return wrong(at, &t[1], err, "one of == != < <= > >= ~ !~ is wanted here");
	if (c->op >= OP_FITS)
		c->regex = regex_new(arena_printf(a, "(?s).*(?:" STR_FMT ").*", STR_ARG(c->value)), err);
	if (c->op >= OP_FITS && !c->regex)
		*at = &t[2];
	return !err->code;
}

static bool where(struct arena *a, const struct stage *s, struct rows_list *rows, const struct word **at, struct err *err)
{
	struct condition all[CONDITIONS_MAX];
	size_t n = 0, kept = 0;

	for (size_t i = 1; i < s->count && !err->code; i += 4) {
		if (i > 1 && !str_is(s->tokens[i - 1].text, "and"))
			wrong(at, &s->tokens[i - 1], err, "conditions are joined by `and`");
		else if (i + 2 >= s->count)
			wrong(at, &s->tokens[i], err, "say it so: where severity == critical");
		else if (n == CONDITIONS_MAX)
			wrong(at, &s->tokens[i], err, "that is more than 8 conditions");
		else if (read_condition(a, &s->tokens[i], &all[n], at, err))
			n++;
	}
	if (!n && !err->code)
		wrong(at, NULL, err, "say it so: where severity == critical");
	for (size_t i = 0; i < rows->count && !err->code; i++) {
		size_t k = 0;

		while (k < n && holds(a, rows->rows[i], &all[k]))
			k++;
		if (k == n)
			rows->rows[kept++] = rows->rows[i];
	}
	rows->count = kept;
	for (size_t k = 0; k < n; k++)
		regex_free(all[k].regex);
	return !err->code;
}

/* ---- sort, uniq, head, tail ---- */

struct sorted {
	struct str key;
	size_t at;
	const struct json *row;
};

static int by_key(const void *x, const void *y)
{
	const struct sorted *a = x, *b = y;
	int order = compare(a->key, b->key);

	return order ? order : a->at < b->at ? -1 : 1;
}

static bool sort(struct arena *a, const struct stage *s, struct rows_list *rows, const struct word **at, struct err *err)
{
	struct str field = s->count > 1 ? s->tokens[1].text : S("");
	bool down = field.n > 1 && field.p[0] == '-';
	struct sorted *all = arena_alloc(a, (rows->count + 1) * sizeof *all);

	if (!field.n || s->count > 2)
		return wrong(at, s->count > 2 ? &s->tokens[2] : NULL, err, "say it so: sort severity, or sort -started for the last first");
	if (down)
		field = str_n(field.p + 1, field.n - 1);
	for (size_t i = 0; i < rows->count; i++) {
		all[i] = (struct sorted){.at = i, .row = rows->rows[i]};
		rows_field(a, rows->rows[i], field, &all[i].key);
	}
	qsort(all, rows->count, sizeof *all, by_key);
	for (size_t i = 0; i < rows->count; i++)
		rows->rows[i] = all[down ? rows->count - 1 - i : i].row;
	return true;
}

/* The first of each value, of neighbours or not. */
static bool uniq(struct arena *a, const struct stage *s, struct rows_list *rows)
{
	struct sorted *all = arena_alloc(a, (rows->count + 1) * sizeof *all);
	bool *drop = arena_zero(a, rows->count + 1);
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		all[i] = (struct sorted){.at = i};
		if (s->count > 1)
			rows_field(a, rows->rows[i], s->tokens[1].text, &all[i].key);
		else
			all[i].key = value_text(a, rows->rows[i]);
	}
	qsort(all, rows->count, sizeof *all, by_key);
	for (size_t i = 1; i < rows->count; i++)
		drop[all[i].at] = compare(all[i].key, all[i - 1].key) == 0;
	for (size_t i = 0; i < rows->count; i++)
		if (!drop[i])
			rows->rows[kept++] = rows->rows[i];
	rows->count = kept;
	return true;
}

static bool head_or_tail(const struct stage *s, struct rows_list *rows, bool tail, const struct word **at, struct err *err)
{
	int64_t n = 10;

	if (s->count > 2 || (s->count == 2 && (!str_to_int(s->tokens[1].text, &n) || n < 0)))
		return wrong(at, &s->tokens[s->count - 1], err, "a number of rows is wanted here");
	if ((size_t)n < rows->count) {
		rows->rows += tail ? rows->count - (size_t)n : 0;
		rows->count = (size_t)n;
	}
	return true;
}

/* ---- select, count, join: other rows ---- */

static const struct json *made(struct arena *a, struct buf *b)
{
	struct err ignored = {0};

	return json_parse(a, buf_keep(a, b), JSON_LAST_KEY_WINS, &ignored);
}

static bool select_fields(struct arena *a, const struct stage *s, struct rows_list *rows, const struct word **at, struct err *err)
{
	if (s->count < 2)
		return wrong(at, NULL, err, "say which: select id title");
	for (size_t i = 0; i < rows->count; i++) {
		struct json_out o;
		struct buf b;

		buf_init(&b, 256 * KIB);
		o = json_out(&b);
		json_open(&o, '{');
		for (size_t k = 1; k < s->count; k++) {
			const struct json *v = field_of(rows->rows[i], s->tokens[k].text);

			json_key_str(&o, s->tokens[k].text);
			if (v)
				json_put(&o, v);
			else
				json_put_null(&o);
		}
		json_close(&o, '}');
		rows->rows[i] = made(a, &b);
		if (!rows->rows[i])
			return wrong(at, &s->tokens[1], err, "a row is too large");
	}
	return true;
}

static bool one_row(struct arena *a, struct rows_list *rows, const char *key, struct str raw)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_raw(&o, key, raw);
	json_close(&o, '}');
	rows->rows = arena_alloc(a, sizeof *rows->rows);
	rows->rows[0] = made(a, &b);
	rows->count = 1;
	return rows->rows[0] != NULL;
}

static bool join(struct arena *a, const struct stage *s, struct rows_list *rows, struct str *shown, const struct word **at, struct err *err)
{
	struct str separator = s->count > 2 ? s->tokens[2].text : S(", "), v;
	struct buf b;

	if (s->count < 2 || s->count > 3)
		return wrong(at, NULL, err, "say it so: join id, or join id \" \"");
	buf_init(&b, JOINED_MAX);
	for (size_t i = 0; i < rows->count; i++)
		if (rows_field(a, rows->rows[i], s->tokens[1].text, &v))
			buf_printf(&b, STR_FMT STR_FMT, STR_ARG(b.n ? separator : S("")), STR_ARG(v));
	*shown = buf_keep(a, &b);
	rows->count = 0;
	return true;
}

/* ---- showing ---- */

static size_t columns_of(const struct rows_list *rows, struct str *names)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->count && i < 100; i++)
		for (const struct json *m = rows->rows[i]->child; m; m = m->next) {
			size_t k = 0;

			while (k < n && !str_eq(names[k], m->key))
				k++;
			if (k == n && n < TABLE_COLUMNS_MAX && m->type < JSON_ARRAY)
				names[n++] = m->key;
		}
	return n;
}

static const struct json *column_of(const struct json *row, struct str name)
{
	const struct json *m = row->child;

	while (m && !str_eq(m->key, name))
		m = m->next;
	return m;
}

struct str rows_table(struct arena *a, const struct rows_list *rows)
{
	struct str names[TABLE_COLUMNS_MAX], *cells;
	size_t n = columns_of(rows, names);

	if (!rows->count)
		return S("nothing");
	cells = arena_alloc(a, (rows->count * n + 1) * sizeof *cells);
	for (size_t i = 0; i < rows->count; i++)
		for (size_t k = 0; k < n; k++)
			cells[i * n + k] = table_cell(a, column_of(rows->rows[i], names[k]));
	return table_write(a, names, n, cells, rows->count);
}

struct str rows_json(struct arena *a, const struct rows_list *rows)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * MIB);
	o = json_out(&b);
	json_open(&o, '[');
	for (size_t i = 0; i < rows->count; i++)
		json_put(&o, rows->rows[i]);
	json_close(&o, ']');
	return buf_keep(a, &b);
}

/* RFC 4180; what a spreadsheet would reckon as a formula is made text. */
static void put_csv(struct buf *b, struct str s)
{
	bool quote = s.n && strchr("=+-@", s.p[0]);

	for (size_t i = 0; i < s.n && !quote; i++)
		quote = strchr("\",\r\n", s.p[i]) != NULL;
	if (quote)
		buf_char(b, '"');
	if (s.n && strchr("=+@", s.p[0]))
		buf_char(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(b, '"');
		buf_char(b, s.p[i]);
	}
	if (quote)
		buf_char(b, '"');
}

static struct str rows_csv(struct arena *a, const struct rows_list *rows)
{
	struct str names[TABLE_COLUMNS_MAX];
	size_t n = columns_of(rows, names);
	struct buf b;

	buf_init(&b, 1 * MIB);
	for (size_t i = 0; i <= rows->count; i++) {
		for (size_t k = 0; k < n; k++) {
			struct str v = names[k];

			if (i)
				rows_field(a, rows->rows[i - 1], names[k], &v);
			if (k)
				buf_char(&b, ',');
			put_csv(&b, v);
		}
		buf_add(&b, S("\r\n"));
	}
	return buf_keep(a, &b);
}

/* ---- the table of filters ---- */

enum filter { FILTER_WHERE, FILTER_SELECT, FILTER_SORT, FILTER_HEAD, FILTER_TAIL, FILTER_COUNT, FILTER_UNIQ, FILTER_JOIN, FILTER_TABLE, FILTER_JSON, FILTER_CSV, FILTERS };
static const struct row_filter filters[] = {
	[FILTER_WHERE] = {"where", "FIELD OP VALUE and …", "Keep the rows that fit; OP is == != < <= > >= ~ !~"},
	[FILTER_SELECT] = {"select", "FIELD …", "Keep these fields"},
	[FILTER_SORT] = {"sort", "[-]FIELD", "In the order of a field, with - the other way"},
	[FILTER_HEAD] = {"head", "[N]", "The first rows"},
	[FILTER_TAIL] = {"tail", "[N]", "The last rows"},
	[FILTER_COUNT] = {"count", "", "How many rows there are"},
	[FILTER_UNIQ] = {"uniq", "[FIELD]", "Each row, or each value of a field, once"},
	[FILTER_JOIN] = {"join", "FIELD [SEPARATOR]", "The values of a field in one line"},
	[FILTER_TABLE] = {"table", "", "Show the rows as a table"},
	[FILTER_JSON] = {"json", "", "Show the rows as JSON"},
	[FILTER_CSV] = {"csv", "", "Show the rows as CSV"},
};

const struct row_filter *rows_filter_at(size_t i)
{
	return i < FILTERS ? &filters[i] : NULL;
}

static enum filter filter_of(struct str word)
{
	enum filter i = 0;

	while (i < FILTERS && !str_is(word, filters[i].name))
		i++;
	return i;
}

bool rows_is_filter(struct str word)
{
	return filter_of(word) != FILTERS;
}

static bool show(struct rows_list *rows, struct str text, struct str *shown)
{
	*shown = text;
	rows->count = 0;
	return true;
}

bool rows_filter(struct arena *a, const struct stage *s, struct rows_list *rows, struct str *shown, const struct word **at, struct err *err)
{
	enum filter f = filter_of(s->tokens[0].text);

	*at = NULL;
	if ((f == FILTER_COUNT || f >= FILTER_TABLE) && s->count > 1)
		return wrong(at, &s->tokens[1], err, "nothing follows this");
	switch (f) {
	case FILTER_WHERE:
		return where(a, s, rows, at, err);
	case FILTER_SELECT:
		return select_fields(a, s, rows, at, err);
	case FILTER_SORT:
		return sort(a, s, rows, at, err);
	case FILTER_HEAD:
	case FILTER_TAIL:
		return head_or_tail(s, rows, f == FILTER_TAIL, at, err);
	case FILTER_COUNT:
		return one_row(a, rows, "count", arena_printf(a, "%zu", rows->count));
	case FILTER_UNIQ:
		return uniq(a, s, rows);
	case FILTER_JOIN:
		return join(a, s, rows, shown, at, err);
	case FILTER_TABLE:
		return show(rows, rows_table(a, rows), shown);
	case FILTER_JSON:
		return show(rows, rows_json(a, rows), shown);
	case FILTER_CSV:
		return show(rows, rows_csv(a, rows), shown);
	case FILTERS:
		break;
	}
	return wrong(at, &s->tokens[0], err, "that is no filter");
}
