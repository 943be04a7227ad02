/* The command line (commands/line.h): within its limits, every word can be written so that it reads back as itself. */
#include "commands/line.h"
#include "fuzz.h"

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 32 && !strchr("\t\n\r", s.p[i])) || s.p[i] == 127)
			return true;
	return false;
}

/* Each word again, a backslash before every character; an empty word as ''. */
static struct str written(struct arena *a, const struct line *line)
{
	struct str out;
	struct buf b;

	buf_init(&b, 1 * MIB);
	for (size_t i = 0; i < line->count; i++) {
		struct str w = line->words[i];

		buf_char(&b, i % 2 ? ' ' : '\t');
		if (!w.n)
			buf_add(&b, S("''"));
		for (size_t k = 0; k < w.n; k++) {
			if (((unsigned char)w.p[k] & 0xc0) != 0x80)
				buf_char(&b, '\\');
			buf_char(&b, w.p[k]);
		}
	}
	out = arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), again;
	struct line line, second;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (line_parse(&a, in, &line, &err)) {
		size_t n = 0;

		need(!err.code && in.n <= LINE_MAX_BYTES && line.count <= LINE_MAX_WORDS && str_is_utf8(in) &&
		     !has_control(in));
		for (size_t i = 0; i < line.count; i++) {
			n += touch(line.words[i]);
			need(str_is_utf8(line.words[i]));
		}
		need(n <= in.n);
		again = written(&a, &line);
		if (again.n <= LINE_MAX_BYTES) {
			need(line_parse(&a, again, &second, &err) && second.count == line.count);
			for (size_t i = 0; i < line.count; i++)
				need(str_eq(line.words[i], second.words[i]));
		}
	} else {
		need(err.code == ERR_INVALID || err.code == ERR_TOO_BIG);
		need(str_is_utf8(str_of(err.text)));
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
