#include "ops/text_table.h"

#define WRITTEN_MAX (256 * KIB)

static struct str one_line(struct arena *a, struct str s)
{
	struct str out;

	s = str_clip(s, TABLE_CELL_MAX);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ') {
			out = arena_dup(a, s);
			for (; i < out.n; i++)
				if ((unsigned char)out.p[i] < ' ')
					((char *)out.p)[i] = ' ';
			return out;
		}
	return s;
}

struct str table_cell(struct arena *a, const struct json *v)
{
	struct json_out o;
	struct buf b;

	if (!v || v->type == JSON_NULL)
		return S("");
	if (v->type < JSON_ARRAY)
		return one_line(a, v->text);
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_put(&o, v);
	return one_line(a, buf_keep(a, &b));
}

/* Characters, as far as bytes tell. */
static size_t width_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void put_row(struct buf *b, const struct str *cells, size_t columns, const size_t *widths)
{
	if (b->n)
		buf_char(b, '\n');
	for (size_t k = 0; k < columns; k++) {
		buf_add(b, cells[k]);
		for (size_t n = width_of(cells[k]); k + 1 < columns && n < widths[k] + 2; n++)
			buf_char(b, ' ');
	}
	while (b->n && b->p[b->n - 1] == ' ')
		b->n--;
}

struct str table_write(struct arena *a, const struct str *heads, size_t columns, const struct str *cells, size_t count)
{
	size_t widths[TABLE_COLUMNS_MAX];
	struct buf b;

	for (size_t k = 0; k < columns; k++) {
		widths[k] = width_of(heads[k]);
		for (size_t i = 0; i < count; i++)
			if (width_of(cells[i * columns + k]) > widths[k])
				widths[k] = width_of(cells[i * columns + k]);
	}
	buf_init(&b, WRITTEN_MAX);
	put_row(&b, heads, columns, widths);
	for (size_t i = 0; i < count; i++)
		put_row(&b, cells + i * columns, columns, widths);
	return buf_keep(a, &b);
}
