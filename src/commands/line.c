#include "commands/line.h"

/* What phones and word processors make of the characters that were meant. */
static const struct {
	const char *typed;
	char meant;
} repairs[] = {
	{"\xe2\x80\x9c", '"'}, {"\xe2\x80\x9d", '"'}, {"\xe2\x80\x9e", '"'}, {"\xe2\x80\x98", '\''},
	{"\xe2\x80\x99", '\''}, {"\xc2\xa0", ' '},    {"\xe2\x80\xaf", ' '},
};

static char repaired(struct str rest, size_t *n)
{
	for (size_t i = 0; i < COUNT_OF(repairs); i++)
		if (str_starts(rest, str_of(repairs[i].typed))) {
			*n = strlen(repairs[i].typed);
			return repairs[i].meant;
		}
	*n = 1;
	return rest.p[0];
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && !is_space(s.p[i])) || s.p[i] == 127)
			return true;
	return false;
}

struct cutter {
	struct str text;
	size_t at;
	char *out; /* where the word is put */
	size_t n;
};

static bool take_word(struct cutter *c, struct str *word, struct err *err)
{
	char quote = 0;
	size_t n, start = c->n;

	for (; c->at < c->text.n; c->at += n) {
		char ch = repaired(str_n(c->text.p + c->at, c->text.n - c->at), &n);

		if (ch == '\\' && quote != '\'' && c->at + 1 < c->text.n) {
			c->at++;
			n = 1;
			c->out[c->n++] = c->text.p[c->at];
		} else if (quote ? ch == quote : (ch == '"' || ch == '\'')) {
			quote = quote ? 0 : ch;
		} else if (!quote && is_space(ch)) {
			break;
		} else {
			c->out[c->n++] = ch;
		}
	}
	if (quote) {
		err_set(err, ERR_INVALID, "a quote (%c) is open to the end of the line", quote);
		return false;
	}
	*word = str_n(c->out + start, c->n - start);
	return true;
}

bool line_parse(struct arena *a, struct str text, struct line *out, struct err *err)
{
	struct cutter c = {.text = text};

	out->count = 0;
	if (text.n > LINE_MAX_BYTES) {
		err_set(err, ERR_TOO_BIG, "the command line is longer than %d bytes", LINE_MAX_BYTES);
		return false;
	}
	if (!str_is_utf8(text)) {
		err_set(err, ERR_INVALID, "the command line is not UTF-8 text");
		return false;
	}
	if (has_control(text)) {
		err_set(err, ERR_INVALID, "the command line has a control character in it");
		return false;
	}
	c.out = arena_alloc(a, text.n + 1);
	for (;;) {
		size_t n;

		while (c.at < text.n && is_space(repaired(str_n(text.p + c.at, text.n - c.at), &n)))
			c.at += n;
		if (c.at >= text.n)
			return true;
		if (out->count == LINE_MAX_WORDS) {
			err_set(err, ERR_TOO_BIG, "more than %d words in one command", LINE_MAX_WORDS);
			return false;
		}
		if (!take_word(&c, &out->words[out->count++], err))
			return false;
	}
}

struct str line_rest(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0, length, at = 0;
	struct str rest, word;

	for (; at < text.n; at += length)
		out[n++] = repaired(str_n(text.p + at, text.n - at), &length);
	rest = str_n(out, n);
	(void)str_word(&rest, &word);
	return str_trim(rest);
}
