/* commands/rows.h -- what stands between pipes: rows of JSON objects, and the words that sift and show them.
 *
 *     where FIELD OP VALUE {and FIELD OP VALUE}    OP: == != < <= > >= ~ !~ (a regular expression)
 *     select FIELD ...   sort [-]FIELD   head [N]   tail [N]   count   uniq [FIELD]   join FIELD [SEPARATOR]
 *     table   json   csv                            how they are shown; a table if nothing is said
 *
 * A field may be a path: labels.team. Everything is in the caller's arena.
 */
#pragma once
#include "ops/grammar.h"

#define ROWS_MAX 10000

struct rows_list {
	const struct json **rows; /* objects */
	size_t count;
};

struct row_filter {
	const char *name, *args, *help;
};
const struct row_filter *rows_filter_at(size_t i); /* NULL: there are no more */
bool rows_is_filter(struct str word);
/* The rows in an answer: the list itself, the first list in it, or it as one row. ERR_INVALID: there are none; ERR_TOO_BIG. */
MUST_USE bool rows_read(struct arena *a, struct str data, struct rows_list *out, struct err *err);
/* One filter. If it shows the rows instead of passing them on, *shown is the text and the list is empty. *at is the token that is wrong. */
MUST_USE bool rows_filter(struct arena *a, const struct stage *stage, struct rows_list *rows, struct str *shown, const struct word **at, struct err *err);
struct str rows_table(struct arena *a, const struct rows_list *rows);
struct str rows_json(struct arena *a, const struct rows_list *rows);
/* A field's value as text; false: the row has none. */
bool rows_field(struct arena *a, const struct json *row, struct str field, struct str *out);
