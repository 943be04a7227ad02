/* ops/text_table.h -- rows of JSON values as columns of text, for a code block. Everything is in the caller's arena. */
#pragma once
#include "base/json.h"

#define TABLE_COLUMNS_MAX 20
#define TABLE_CELL_MAX 60 /* bytes; the rest is left out */

/* A value on one line, clipped; NULL and null: "". */
struct str table_cell(struct arena *a, const struct json *v);
/* heads, then the cells row by row: count * columns of them. Two blanks between columns, none at a line's end. */
struct str table_write(struct arena *a, const struct str *heads, size_t columns, const struct str *cells, size_t count);
