#include "cli/cli.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* One code point of well-formed UTF-8 at s.p; 0 and *n = 1 if it is none. */
static uint32_t code_point(struct str s, size_t *n)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t want = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	*n = 1;
	if (p[0] < 0x80)
		return p[0];
	if (want > s.n || !str_is_utf8(str_n(s.p, want)))
		return 0;
	c = p[0] & (0xffu >> (want + 1));
	for (size_t i = 1; i < want; i++)
		c = c << 6 | (p[i] & 0x3f);
	*n = want;
	return c;
}

/* Controls of a terminal (C0, DEL, C1), and what turns the direction of writing around so that a line reads as another. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static struct str safe(struct arena *a, struct str s, bool lines)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	while (s.n) {
		size_t n;
		uint32_t c = code_point(s, &n);

		if (c == 0 && s.p[0])
			buf_add(&b, S("\xef\xbf\xbd"));
		else if (c == '\t')
			buf_char(&b, lines ? '\t' : ' ');
		else if (c == '\n')
			buf_add(&b, lines ? S("\n") : S(" | "));
		else if (c == '\r' && s.n > 1 && s.p[1] == '\n')
			; /* as a mere line end */
		else if (is_control(c))
			buf_printf(&b, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		else
			buf_add(&b, str_n(s.p, n));
		s = str_n(s.p + n, s.n - n);
	}
	return buf_keep(a, &b);
}

struct str safe_line(struct arena *a, struct str s)
{
	return safe(a, s, false);
}

struct str safe_lines(struct arena *a, struct str s)
{
	return safe(a, s, true);
}

/* Unicode's East Asian Width in the coarse: good enough to keep columns straight. */
static size_t width_of(uint32_t c)
{
	if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f))
		return 0;
	if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
	    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd))
		return 2;
	return 1;
}

size_t text_width(struct str s)
{
	size_t width = 0;

	while (s.n) {
		size_t n;

		width += width_of(code_point(s, &n));
		s = str_n(s.p + n, s.n - n);
	}
	return width;
}

/* The longest beginning that is no wider. */
static struct str clip_width(struct str s, size_t max)
{
	size_t width = 0, at = 0;

	while (at < s.n) {
		size_t n, w = width_of(code_point(str_n(s.p + at, s.n - at), &n));

		if (width + w > max)
			break;
		width += w;
		at += n;
	}
	return str_n(s.p, at);
}

void say(struct cli *c, enum colour colour, struct str s)
{
	static const char *const codes[] = {"", "1", "2", "31", "33", "32"};

	if (c->colour && colour)
		printf("\x1b[%sm" STR_FMT "\x1b[0m", codes[colour], STR_ARG(s));
	else
		printf(STR_FMT, STR_ARG(s));
}

void say_line(struct cli *c, struct str foreign)
{
	struct str s = safe_lines(&c->arena, foreign);

	printf(STR_FMT "%s", STR_ARG(s), str_ends(s, S("\n")) ? "" : "\n");
}

/* JSON hides C0 already; DEL and C1 stand only inside texts, where an escape means the same. */
bool say_json(const struct json *v)
{
	struct str s = v->text;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;

		if (c == 0x7f)
			fputs("\\u007f", stdout);
		else if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
			printf("\\u%04x", (unsigned)s.p[++i] & 0xff);
		else
			putchar(c);
	}
	putchar('\n');
	return true;
}

/* ---- tables ---- */

struct table_row {
	struct table_row *next;
	struct str cells[TABLE_COLUMNS];
	enum colour colours[TABLE_COLUMNS];
};

void table_init(struct table *t, struct cli *c, unsigned columns, const char *const *heads)
{
	struct str cells[TABLE_COLUMNS];
	enum colour colours[TABLE_COLUMNS];

	*t = (struct table){.c = c, .columns = columns};
	t->last = &t->first;
	for (unsigned i = 0; i < columns; i++) {
		cells[i] = str_of(heads[i]);
		colours[i] = DIM;
	}
	table_row(t, cells, colours);
}

void table_row(struct table *t, const struct str *cells, const enum colour *colours)
{
	struct table_row *row = arena_zero(&t->c->arena, sizeof *row);

	for (unsigned i = 0; i < t->columns; i++) {
		row->cells[i] = safe_line(&t->c->arena, cells[i]);
		row->colours[i] = colours ? colours[i] : PLAIN;
	}
	*t->last = row;
	t->last = &row->next;
}

static size_t terminal_width(void)
{
	struct winsize w;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : SIZE_MAX;
}

static void print_row(const struct table *t, const struct table_row *row, const size_t *widths, size_t line)
{
	size_t at = 0, gap = 0; /* spaces are printed when something follows them */

	for (unsigned i = 0; i < t->columns; i++) {
		struct str cell = row->cells[i];

		if (i + 1 == t->columns && line > at + 20) /* the last column is cut rather than wrapped */
			cell = clip_width(cell, line - at);
		if (cell.n) {
			printf("%*s", (int)gap, "");
			say(t->c, row->colours[i], cell);
			gap = 0;
		}
		gap += widths[i] - text_width(cell) + 2;
		at += widths[i] + 2;
	}
	putchar('\n');
}

void table_print(struct table *t, const char *if_empty)
{
	size_t widths[TABLE_COLUMNS] = {0}, line = terminal_width();

	if (!t->first->next) {
		printf("%s\n", if_empty);
		return;
	}
	for (const struct table_row *row = t->first; row; row = row->next)
		for (unsigned i = 0; i < t->columns; i++) {
			size_t width = text_width(row->cells[i]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
	for (const struct table_row *row = t->first; row; row = row->next)
		print_row(t, row, widths, line);
}

struct str age_of(struct cli *c, struct str rfc3339)
{
	wall_ms at;

	if (!wall_parse(rfc3339, &at))
		return S("");
	return span_write(&c->arena, wall_now() - at);
}
