#include "base/jq.h"

#include <ctype.h>
#include <inttypes.h>
#include <jq.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT_MOST 9007199254740992 /* 2^53: every whole number up to here is a double */

struct jq_program {
	jq_state *jq;
	char said[256]; /* the compiler's first complaint */
};

/* ---- what a program may not name ---- */

static const char *const forbidden[] = {"env", "input", "inputs", "input_filename", "input_line_number", "debug", "stderr", "halt", "halt_error",
					"import", "include", "modulemeta", "get_search_list", "now", "localtime", "strflocaltime", "$ENV", "$__prog_args"};

static bool is_name_part(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name at `at`, with its $ if it has one. */
static struct str name_at(struct str text, size_t at)
{
	size_t end = at + (text.p[at] == '$');

	while (end < text.n && is_name_part(text.p[end]))
		end++;
	return str_n(text.p + at, end - at);
}

/* A $ alone too: jq takes `$ ENV` for $ENV. */
static bool is_forbidden(struct str name)
{
	if (str_is(name, "$"))
		return true;
	for (size_t i = 0; i < COUNT_OF(forbidden); i++)
		if (str_is(name, forbidden[i]))
			return true;
	return false;
}

/* A field (.env) or a key of an object ({env: 1}) is no use of the word. A slice (.[env:]) is, and a variable always. */
static bool is_field_or_key(struct str text, size_t at, size_t end, char bracket)
{
	while (end < text.n && (text.p[end] == ' ' || text.p[end] == '\n'))
		end++;
	if (text.p[at] == '$')
		return false;
	return (at > 0 && text.p[at - 1] == '.') || (bracket == '{' && end < text.n && text.p[end] == ':');
}

/* The brackets that are open; a '"' is a text that is interrupted by \( . */
struct brackets {
	char open[256];
	size_t n;
};

static bool bracket_open(struct brackets *b, char c)
{
	if (b->n == sizeof b->open)
		return false;
	b->open[b->n++] = c;
	return true;
}

static char bracket_close(struct brackets *b)
{
	return b->n ? b->open[--b->n] : '\0';
}

/* Texts are not looked into, but for what stands in \( ). Where the code goes on. */
static size_t skip_text(struct str text, size_t at, bool *interrupted)
{
	*interrupted = false;
	for (; at < text.n && text.p[at] != '"'; at++)
		if (text.p[at] == '\\' && ++at < text.n && text.p[at] == '(') {
			*interrupted = true;
			return at + 1;
		}
	return at + 1;
}

static int line_at(struct str text, size_t at)
{
	int line = 1;

	for (size_t i = 0; i < at && i < text.n; i++)
		line += text.p[i] == '\n';
	return line;
}

static bool check_names(struct str text, struct err *err)
{
	struct brackets b = {.n = 0};
	bool fits = true;
	size_t at = 0;

	while (at < text.n && fits) {
		char c = text.p[at], closed = c == ')' || c == ']' || c == '}' ? bracket_close(&b) : '\0';
		struct str name;

		if (c == '#') {
			while (at < text.n && text.p[at] != '\n')
				at++;
		} else if (c == '"' || closed == '"') {
			bool interrupted;

			at = skip_text(text, at + 1, &interrupted);
			fits = !interrupted || bracket_open(&b, '"');
		} else if (c == '$' || isalpha((unsigned char)c) || c == '_') {
			name = name_at(text, at);
			if (is_forbidden(name) && !is_field_or_key(text, at, at + name.n, b.n ? b.open[b.n - 1] : '\0')) {
				err_set(err, ERR_INVALID, "line %d: a program may not use " STR_FMT ": it sees its input and nothing else",
					line_at(text, at), STR_ARG(name));
				return false;
			}
			at += name.n;
		} else {
			if (c == '(' || c == '[' || c == '{')
				fits = bracket_open(&b, c);
			at++;
		}
	}
	if (!fits)
		err_set(err, ERR_INVALID, "line %d: brackets are nested too deep", line_at(text, at));
	return fits;
}

/* ---- compiling ---- */

/* "jq: error: ... at <top-level>, line 3:\n..." with lines counted from the prelude on; of several the first says why. */
static void on_complaint(void *context, jv message)
{
	struct jq_program *p = context;

	if (!p->said[0] && jv_get_kind(message) == JV_KIND_STRING)
		snprintf(p->said, sizeof p->said, "%s", jv_string_value(message));
	jv_free(message);
}

static int lines_of(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void explain(const struct jq_program *p, int prelude_lines, struct err *err)
{
	struct str said = str_of(p->said), first;
	const char *line = strstr(p->said, ", line ");
	int number = line ? atoi(line + 7) - prelude_lines : 1;

	str_cut(said, '\n', &first);
	if (str_starts(first, S("jq: error: ")))
		first = str_n(first.p + 11, first.n - 11);
	if (line && line < first.p + first.n)
		first.n = (size_t)(line - first.p);
	err_set(err, ERR_INVALID, "line %d: " STR_FMT, number > 0 ? number : 1, STR_ARG(first));
}

struct jq_program *jq_program_new(struct str prelude, struct str text, struct err *err)
{
	struct jq_program *p;
	struct buf whole;
	bool ok;

	if (text.n > JQ_PROGRAM_MAX || !check_names(text, err)) {
		if (text.n > JQ_PROGRAM_MAX)
			err_set(err, ERR_TOO_BIG, "a program may have at most %u bytes", JQ_PROGRAM_MAX);
		return NULL;
	}
	p = mem_new(sizeof *p);
	p->jq = jq_init();
	jq_set_error_cb(p->jq, on_complaint, p);
	buf_init(&whole, prelude.n + text.n + 100);
	buf_printf(&whole, STR_FMT "\n" STR_FMT "\n", STR_ARG(prelude), STR_ARG(text));
	ok = jq_compile_args(p->jq, whole.p, jv_object());
	buf_done(&whole);
	if (ok)
		return p;
	explain(p, lines_of(prelude) + 1, err);
	jq_program_free(p);
	return NULL;
}

void jq_program_free(struct jq_program *p)
{
	if (!p)
		return;
	jq_teardown(&p->jq);
	mem_free(p);
}

/* ---- values in ---- */

static jv to_jv(const struct json *v)
{
	jv made;

	switch (v ? v->type : JSON_NULL) {
	case JSON_NULL:
		return jv_null();
	case JSON_FALSE:
	case JSON_TRUE:
		return jv_bool(v->type == JSON_TRUE);
	case JSON_INT:
		if (v->i > EXACT_MOST || v->i < -EXACT_MOST)
			return jv_string_sized(v->text.p, (int)v->text.n);
		return jv_number((double)v->i);
	case JSON_REAL:
		return jv_number(v->d);
	case JSON_STR:
		return jv_string_sized(v->text.p, (int)v->text.n);
	case JSON_ARRAY:
		made = jv_array();
		for (const struct json *m = v->child; m; m = m->next)
			made = jv_array_append(made, to_jv(m));
		return made;
	}
	made = jv_object();
	for (const struct json *m = v->child; m; m = m->next)
		made = jv_object_set(made, jv_string_sized(m->key.p, (int)m->key.n), to_jv(m));
	return made;
}

/* ---- values out ---- */

/* Without U+0000, which no text of ours holds: a program can make one, of what it decodes. */
static struct str text_of(struct arena *a, jv string)
{
	size_t n = (size_t)jv_string_length_bytes(jv_copy(string)), kept = 0;
	const char *from = jv_string_value(string);
	char *to;

	if (!memchr(from, 0, n))
		return arena_dup(a, str_n(from, n));
	to = arena_alloc(a, n + 1);
	for (size_t i = 0; i < n; i++)
		if (from[i])
			to[kept++] = from[i];
	to[kept] = '\0';
	return str_n(to, kept);
}

/* Takes it over. */
static struct str text_out(struct arena *a, jv string)
{
	struct str s = text_of(a, string);

	jv_free(string);
	return s;
}

static struct json *from_jv(struct arena *a, jv v, unsigned depth);

static void list_from_jv(struct arena *a, jv v, struct json *to, unsigned depth)
{
	struct json **tail = &to->child;
	int n = jv_array_length(jv_copy(v));

	for (int i = 0; i < n; i++) {
		*tail = from_jv(a, jv_array_get(jv_copy(v), i), depth + 1);
		tail = &(*tail)->next;
		to->count++;
	}
}

static void object_from_jv(struct arena *a, jv v, struct json *to, unsigned depth)
{
	struct json **tail = &to->child;

	jv_object_foreach(v, key, member) {
		*tail = from_jv(a, member, depth + 1);
		(*tail)->key = text_out(a, key);
		tail = &(*tail)->next;
		to->count++;
	}
}

static void number_from_jv(struct arena *a, jv v, struct json *to)
{
	to->d = jv_number_value(v);
	if (to->d == floor(to->d) && fabs(to->d) <= EXACT_MOST) {
		to->type = JSON_INT;
		to->i = (int64_t)to->d;
		to->text = arena_printf(a, "%" PRId64, to->i);
	} else {
		to->type = JSON_REAL;
		to->text = text_out(a, jv_dump_string(jv_copy(v), 0));
	}
}

/* Takes v over. What lies deeper than a reader would take is left out. */
static struct json *from_jv(struct arena *a, jv v, unsigned depth)
{
	struct json *to = arena_zero(a, sizeof *to);
	jv_kind kind = depth > JSON_MAX_DEPTH ? JV_KIND_NULL : jv_get_kind(v);

	if (kind == JV_KIND_TRUE || kind == JV_KIND_FALSE) {
		to->type = kind == JV_KIND_TRUE ? JSON_TRUE : JSON_FALSE;
		to->text = kind == JV_KIND_TRUE ? S("true") : S("false");
	} else if (kind == JV_KIND_NUMBER) {
		number_from_jv(a, v, to);
	} else if (kind == JV_KIND_STRING) {
		to->type = JSON_STR;
		to->text = text_of(a, v);
	} else if (kind == JV_KIND_ARRAY) {
		to->type = JSON_ARRAY;
		list_from_jv(a, v, to, depth);
	} else if (kind == JV_KIND_OBJECT) {
		to->type = JSON_OBJECT;
		object_from_jv(a, v, to, depth);
	} else {
		to->text = S("null");
	}
	jv_free(v);
	return to;
}

/* ---- running ---- */

/* error("text") says the text; an error of jq's own, its message. */
static void tell_failure(jv invalid, struct err *err)
{
	jv why = jv_invalid_get_msg(invalid);

	if (jv_get_kind(why) == JV_KIND_STRING)
		err_set(err, ERR_INVALID, "%s", jv_string_value(why));
	else
		err_set(err, ERR_INVALID, "the program failed");
	jv_free(why);
}

bool jq_run(struct jq_program *p, struct arena *a, const struct json *input, size_t most, struct json **out, struct err *err)
{
	struct json **tail = out;
	jv v;

	*out = NULL;
	jq_start(p->jq, to_jv(input), 0);
	for (v = jq_next(p->jq); jv_is_valid(v); v = jq_next(p->jq)) {
		if (most-- == 0) {
			jv_free(v);
			err_set(err, ERR_TOO_MANY, "the program makes too many values of one body");
			return false;
		}
		*tail = from_jv(a, v, 0);
		tail = &(*tail)->next;
	}
	if (!jv_invalid_has_msg(jv_copy(v))) {
		jv_free(v);
		return true;
	}
	tell_failure(v, err);
	return false;
}
