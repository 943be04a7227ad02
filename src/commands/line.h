/* commands/line.h -- a command line as people type it, cut into words.
 *
 * Words are parted by white space (no-break spaces too, which chat clients put in). '…' and "…" hold words together, \ takes
 * the next character as it is; typographic quotes count as plain ones. One line is one command or none.
 */
#pragma once
#include "base/mem.h"

#define LINE_MAX_BYTES 4000
#define LINE_MAX_WORDS 64

struct line {
	struct str words[LINE_MAX_WORDS];
	size_t count;
};

/* ERR_INVALID: an open quote, a control character, not UTF-8. ERR_TOO_BIG. An empty line has no words and is no error. */
MUST_USE bool line_parse(struct arena *a, struct str text, struct line *out, struct err *err);
/* What follows the first word, as it was typed: quotes and all, but typographic ones are plain. Of a line that line_parse() takes. */
struct str line_rest(struct arena *a, struct str text);
