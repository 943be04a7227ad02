/* mrkdwn and Mattermost's Markdown. Both are read once from left to right; what could be emphasis looks for its end on its own line. */
#include "ops/mattermost.h"

#include "ops/text.h"

#define DEEPEST 4       /* emphasis in emphasis */
#define EMPHASIS_MAX 1000 /* bytes that it spans: looking for an end that is not there stays cheap */
#define NAME_MAX 64
#define CONTROL_MAX 4000

struct writer {
	struct arena *arena;
	struct buf *to;
	const struct mm_names *names;
	int deep;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str from(struct str s, size_t at)
{
	return str_n(s.p + at, s.n - at);
}

static size_t run_of(struct str s, char c)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == c)
		n++;
	return n;
}

static size_t line_end(struct str s)
{
	const char *end = memchr(s.p, '\n', s.n);

	return end ? (size_t)(end - s.p) : s.n;
}

/* The end of a web address that stands in a text. */
static size_t url_length(struct str s)
{
	size_t n = 0;

	if (!str_starts(s, S("http://")) && !str_starts(s, S("https://")))
		return 0;
	while (n < s.n && !is_space(s.p[n]) && s.p[n] != '<' && s.p[n] != '>' && s.p[n] != '|')
		n++;
	while (n && strchr(".,;:!?)]'\"", s.p[n - 1]))
		n--;
	return n;
}

static void add_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '&' || s.p[i] == '<' || s.p[i] == '>')
			buf_add(b, s.p[i] == '&' ? S("&amp;") : s.p[i] == '<' ? S("&lt;") : S("&gt;"));
		else
			buf_char(b, s.p[i]);
}

/* ---- mrkdwn to Markdown ---- */

static const struct {
	struct str escape;
	char is;
} escapes[] = {{{"&amp;", 5}, '&'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}};

static size_t unescape(struct str s, char *c)
{
	for (size_t i = 0; i < COUNT_OF(escapes); i++)
		if (str_starts(s, escapes[i].escape)) {
			*c = escapes[i].is;
			return escapes[i].escape.n;
		}
	*c = *s.p;
	return 1;
}

static void add_unescaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		char c;

		i += unescape(from(s, i), &c);
		buf_char(b, c);
	}
}

static bool at_line_start(const struct buf *b)
{
	return !b->n || b->p[b->n - 1] == '\n';
}

/* The place of the mark that ends what s[0] begins, or 0. Slack's rule: marks touch what they enclose, and no letter outside. */
static size_t mrkdwn_end(struct str s, char before)
{
	char mark = *s.p;

	if (s.n < 3 || is_word(before) || before == mark || is_space(s.p[1]) || s.p[1] == mark)
		return 0;
	for (size_t i = 2; i < s.n && i < EMPHASIS_MAX && s.p[i] != '\n'; i++)
		if (s.p[i] == mark && !is_space(s.p[i - 1]) && (i + 1 == s.n || (!is_word(s.p[i + 1]) && s.p[i + 1] != mark)))
			return i;
	return 0;
}

/* What Markdown would take for markup, and mrkdwn does not. */
static bool needs_backslash(struct str s, const struct buf *b, char before)
{
	struct str rest = from(s, 1);
	size_t at;

	switch (*s.p) {
	case '*':
	case '`':
		return true;
	case '_':
		return !is_word(before) || !rest.n || !is_word(*rest.p);
	case '~':
		return before == '~' || (rest.n && *rest.p == '~');
	case '#':
		return at_line_start(b);
	case '\\':
		return rest.n && strchr("\\`*_{}[]()#+-.!~|<>", *rest.p);
	case '[':
		return str_find(str_clip(rest, EMPHASIS_MAX), S("]("), &at) && at < line_end(rest);
	default:
		return false;
	}
}

static void add_name(struct writer *w, char mark, struct str name, struct str otherwise)
{
	if (name.n) {
		buf_char(w->to, mark);
		buf_add(w->to, name);
	} else {
		add_unescaped(w->to, otherwise);
	}
}

/* [label](url): a bracket in a label would end it, a parenthesis in an address too. */
static void add_link(struct buf *b, struct str url, struct str label)
{
	buf_char(b, '[');
	for (size_t i = 0; i < label.n;) {
		char c;

		i += unescape(from(label, i), &c);
		if (c == '[' || c == ']' || c == '\\')
			buf_char(b, '\\');
		buf_char(b, c == '\n' ? ' ' : c);
	}
	buf_add(b, S("]("));
	for (size_t i = 0; i < url.n;) {
		char c;

		i += unescape(from(url, i), &c);
		if (c == '(' || c == ')')
			buf_add(b, c == '(' ? S("%28") : S("%29"));
		else
			buf_char(b, c);
	}
	buf_char(b, ')');
}

static void add_control(struct writer *w, struct str inner)
{
	struct str target, label = str_cut(inner, '|', &target), what = from(target, 1);

	switch (*target.p) {
	case '@':
		add_name(w, '@', w->names->user_name(w->names->context, what), label.n ? label : what);
		break;
	case '#':
		add_name(w, '~', w->names->channel_name(w->names->context, what), label.n ? label : what);
		break;
	case '!':
		if (str_is(what, "here") || str_is(what, "channel"))
			add_name(w, '@', what, S(""));
		else if (str_is(what, "everyone"))
			buf_add(w->to, S("@all"));
		else
			add_unescaped(w->to, label.n ? label : what);
		break;
	default:
		if (label.n)
			add_link(w->to, target, label);
		else
			add_unescaped(w->to, str_starts(target, S("mailto:")) ? from(target, 7) : target);
	}
}

/* <...> as ops/text.c reads it: it ends on its line. */
static size_t control_length(struct str s)
{
	const char *end = memchr(s.p, '>', s.n < CONTROL_MAX ? s.n : CONTROL_MAX);
	struct str rest = from(s, 1);
	size_t n = end ? (size_t)(end - s.p) + 1 : 0;

	if (n < 4 || memchr(s.p, '\n', n) || memchr(rest.p, '<', n - 1))
		return 0;
	if (strchr("@#!", *rest.p) || str_starts(rest, S("http://")) || str_starts(rest, S("https://")) || str_starts(rest, S("mailto:")))
		return n;
	return 0;
}

static size_t add_code(struct writer *w, struct str s)
{
	struct str fence = S("```"), inner;
	size_t end;

	if (!str_starts(s, fence)) {
		if (!str_find(str_n(s.p + 1, line_end(s) - 1), S("`"), &end) || !end)
			return 0;
		buf_char(w->to, '`');
		add_unescaped(w->to, str_n(s.p + 1, end));
		buf_char(w->to, '`');
		return end + 2;
	}
	if (!str_find(from(s, 3), fence, &end) || !end)
		return 0;
	inner = str_n(s.p + 3, end);
	if (inner.p[0] == '\n')
		inner = from(inner, 1);
	if (!at_line_start(w->to))
		buf_char(w->to, '\n');
	buf_add(w->to, S("```\n"));
	add_unescaped(w->to, inner);
	if (!str_ends(inner, S("\n")) && inner.n)
		buf_char(w->to, '\n');
	buf_add(w->to, fence);
	end += 6;
	if (end < s.n && s.p[end] != '\n')
		buf_char(w->to, '\n');
	return end;
}

/* A broken bell: @all of somebody who may not ring. */
static bool rings(struct str s, char before)
{
	static const char *const bells[] = {"@all", "@channel", "@here"};

	for (size_t i = 0; i < COUNT_OF(bells); i++) {
		struct str bell = str_of(bells[i]);

		if (s.n >= bell.n && str_eq_nocase(str_n(s.p, bell.n), bell))
			return !is_word(before) && (s.n == bell.n || !is_word(s.p[bell.n]));
	}
	return false;
}

static void markdown(struct writer *w, struct str s, char before);

static size_t add_emphasis(struct writer *w, struct str s, char before)
{
	struct str mark = *s.p == '*' ? S("**") : *s.p == '~' ? S("~~") : S("_");
	size_t end = w->deep < DEEPEST ? mrkdwn_end(s, before) : 0;

	if (!end)
		return 0;
	buf_add(w->to, mark);
	w->deep++;
	markdown(w, str_n(s.p + 1, end - 1), *s.p);
	w->deep--;
	buf_add(w->to, mark);
	return end + 1;
}

static void markdown(struct writer *w, struct str s, char before)
{
	for (size_t i = 0; i < s.n;) {
		struct str rest = from(s, i);
		size_t n = 0;
		char c = *rest.p;

		if (c == '<' && (n = control_length(rest)))
			add_control(w, str_n(rest.p + 1, n - 2));
		else if (c == '`')
			n = add_code(w, rest);
		else if (c == '*' || c == '_' || c == '~')
			n = add_emphasis(w, rest, before);
		else if (c == 'h' && !is_word(before) && (n = url_length(rest)))
			add_unescaped(w->to, str_n(rest.p, n));
		if (!n) {
			if (needs_backslash(rest, w->to, before))
				buf_char(w->to, '\\');
			n = unescape(rest, &c);
			buf_char(w->to, c);
			if (c == '@' && rings(rest, before))
				buf_add(w->to, S("\xe2\x80\x8b"));
		}
		i += n;
		before = s.p[i - 1];
	}
}

struct str mm_clip(struct str s, size_t most)
{
	size_t runes = 0;

	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80 && runes++ == most)
			return str_n(s.p, i);
	return s;
}

struct str mm_markdown(struct arena *a, struct str mrkdwn, const struct mm_names *names)
{
	struct buf b;
	struct writer w = {.arena = a, .to = &b, .names = names};

	buf_init(&b, 4 * MIB);
	markdown(&w, str_clip(mrkdwn, 256 * KIB), '\n');
	return mm_clip(buf_keep(a, &b), MM_TEXT_MAX);
}

struct str mm_plain(struct arena *a, struct str s)
{
	struct buf b;

	buf_init(&b, 2 * s.n + 16);
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\`*_[]#~|<>", s.p[i]) && s.p[i])
			buf_char(&b, '\\');
		buf_char(&b, s.p[i] == '\n' ? ' ' : s.p[i]);
	}
	return buf_keep(a, &b);
}

/* ---- Markdown to mrkdwn ---- */

static void mrkdwn(struct writer *w, struct str s, char before);

/* ``` or ~~~ at the beginning of a line, to the same or the end; the language behind the first is left out. */
static size_t add_fence(struct writer *w, struct str s)
{
	size_t marks = run_of(s, *s.p), at = line_end(s), end;

	if (marks < 3)
		return 0;
	for (end = at < s.n ? at + 1 : s.n; end < s.n; end += line_end(from(s, end)) + 1) {
		struct str line = from(s, end);

		if (run_of(line, *s.p) >= marks)
			break;
	}
	end = end < s.n ? end : s.n;
	buf_add(w->to, S("```\n"));
	if (at + 1 < end)
		add_escaped(w->to, str_n(s.p + at + 1, end - at - 1));
	if (!at_line_start(w->to))
		buf_char(w->to, '\n');
	buf_add(w->to, S("```"));
	return end < s.n ? end + line_end(from(s, end)) : end;
}

/* `code`, ``co`de``, and ```code``` in a line. */
static size_t add_code_span(struct writer *w, struct str s)
{
	size_t marks = run_of(s, '`');

	for (size_t i = marks; i < s.n && i < 8 * KIB;) {
		size_t n = run_of(from(s, i), '`');

		if (n == marks) {
			struct str mark = marks >= 3 ? S("```") : S("`");

			buf_add(w->to, mark);
			add_escaped(w->to, str_n(s.p + marks, i - marks));
			buf_add(w->to, mark);
			return i + marks;
		}
		i += n ? n : 1;
	}
	return 0;
}

/* The place where a bracket that s begins with is closed, on its line; 0: nowhere. */
static size_t bracket_end(struct str s, char open, char close)
{
	int deep = 0;

	for (size_t i = 0; i < s.n && i < EMPHASIS_MAX && s.p[i] != '\n'; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == open)
			deep++;
		else if (s.p[i] == close && --deep == 0)
			return i;
	}
	return 0;
}

/* [label](url "title"), ![alt](url =100x50) */
static size_t add_markdown_link(struct writer *w, struct str s)
{
	size_t skip = *s.p == '!', end, close;
	struct str label, url;

	end = skip < s.n && s.p[skip] == '[' ? bracket_end(from(s, skip), '[', ']') : 0;
	if (!end || skip + end + 1 >= s.n || s.p[skip + end + 1] != '(')
		return 0;
	close = bracket_end(from(s, skip + end + 1), '(', ')');
	if (!close)
		return 0;
	label = str_n(s.p + skip + 1, end - 1);
	url = str_trim(str_n(s.p + skip + end + 2, close - 1));
	str_cut(url, ' ', &url);
	if (!url_length(url) || memchr(url.p, '>', url.n) || memchr(url.p, '|', url.n) || memchr(url.p, '<', url.n))
		return 0;
	buf_char(w->to, '<');
	add_escaped(w->to, url);
	if (label.n && !memchr(label.p, '|', label.n)) {
		buf_char(w->to, '|');
		add_escaped(w->to, label);
	}
	buf_char(w->to, '>');
	return skip + end + 1 + close + 1;
}

/* Where the emphasis of `marks` marks that s begins with ends; 0: nowhere. */
static size_t markdown_end(struct str s, size_t marks, char before)
{
	char mark = *s.p;

	if (s.n <= 2 * marks || is_space(s.p[marks]) || (mark == '_' && is_word(before)))
		return 0;
	for (size_t i = marks + 1; i < s.n && i < EMPHASIS_MAX && s.p[i] != '\n'; i++) {
		size_t n = run_of(from(s, i), mark);

		if (s.p[i] == '\\')
			i++;
		else if ((n == marks || n == 3) && n >= marks && !is_space(s.p[i - 1]) && (mark != '_' || i + n >= s.n || !is_word(s.p[i + n])))
			return i + n - marks;
		else if (n)
			i += n - 1;
	}
	return 0;
}

static size_t add_markdown_emphasis(struct writer *w, struct str s, char before)
{
	static const char *const opening[] = {"", "_", "*", "*_"}, *const closing[] = {"", "_", "*", "_*"};
	size_t n = run_of(s, *s.p), end;

	if (w->deep >= DEEPEST || n > 3 || (*s.p == '~' && n != 2))
		return 0;
	end = markdown_end(s, n, before);
	if (!end)
		return 0;
	buf_add(w->to, *s.p == '~' ? S("~") : str_of(opening[n]));
	w->deep++;
	mrkdwn(w, str_n(s.p + n, end - n), *s.p);
	w->deep--;
	buf_add(w->to, *s.p == '~' ? S("~") : str_of(closing[n]));
	return end + n;
}

/* @name, ~channel: the longest that is known, since a name may be followed by a dot. */
static size_t add_mention(struct writer *w, struct str s)
{
	struct str (*find)(void *, struct str) = *s.p == '@' ? w->names->user_id : w->names->channel_id;
	size_t n = 1;

	while (n < s.n && n < NAME_MAX && (((unsigned char)s.p[n] < 0x80 && is_word(s.p[n])) || strchr("._-", s.p[n])) && s.p[n])
		n++;
	for (; n > 1; n--) {
		struct str name = arena_lower(w->arena, str_n(s.p + 1, n - 1)), id;

		if (*s.p == '@' && (str_is(name, "all") || str_is(name, "channel") || str_is(name, "here"))) {
			buf_printf(w->to, "<!%s>", str_is(name, "all") ? "everyone" : name.p);
			return n;
		}
		id = find(w->names->context, name);
		if (id.n) {
			buf_printf(w->to, "<%c" STR_FMT ">", *s.p == '@' ? '@' : '#', STR_ARG(id));
			return n;
		}
		if (is_word(s.p[n - 1]))
			break;
	}
	return 0;
}

/* What the beginning of a line says: a heading's marks, a list's, a quote's. The length of what was taken. */
static size_t add_line_start(struct writer *w, struct str s, bool *heading)
{
	size_t blanks = run_of(s, ' '), marks;
	struct str rest = from(s, blanks);

	*heading = false;
	if (!rest.n)
		return 0;
	marks = run_of(rest, '#');
	if (marks && marks <= 6 && blanks < 4 && marks < rest.n && rest.p[marks] == ' ') {
		*heading = true;
		return blanks + marks + 1;
	}
	if (strchr("*-+", *rest.p) && rest.n > 1 && rest.p[1] == ' ' && !str_starts(rest, S("- - "))) {
		buf_add(w->to, str_n(s.p, blanks));
		buf_add(w->to, S("• "));
		return blanks + 2;
	}
	return 0;
}

/* A heading's line is bold as a whole. */
static size_t add_heading(struct writer *w, struct str s)
{
	struct str line = str_trim(str_n(s.p, line_end(s)));

	while (line.n && line.p[line.n - 1] == '#')
		line.n--;
	line = str_trim(line);
	if (line.n) {
		buf_char(w->to, '*');
		w->deep = DEEPEST; /* nothing bold in it: mrkdwn knows no such thing */
		mrkdwn(w, line, ' ');
		w->deep = 0;
		buf_char(w->to, '*');
	}
	return line_end(s);
}

static size_t add_markup(struct writer *w, struct str s, char before)
{
	size_t n;

	switch (*s.p) {
	case '\\':
		if (s.n < 2 || !strchr("\\`*_{}[]()#+-.!~|<>@:", s.p[1]) || !s.p[1])
			return 0;
		add_escaped(w->to, str_n(s.p + 1, 1));
		return 2;
	case '`':
		return add_code_span(w, s);
	case '[':
	case '!':
		return add_markdown_link(w, s);
	case '<':
		n = s.n > 1 ? url_length(from(s, 1)) : 0;
		if (!n || n + 1 >= s.n || s.p[n + 1] != '>')
			return 0;
		buf_char(w->to, '<');
		add_escaped(w->to, str_n(s.p + 1, n));
		buf_char(w->to, '>');
		return n + 2;
	case 'h':
		n = is_word(before) ? 0 : url_length(s);
		add_escaped(w->to, str_n(s.p, n));
		return n;
	case '@':
		return is_word(before) ? 0 : add_mention(w, s);
	case '~':
		if (s.n < 2 || s.p[1] != '~')
			return is_word(before) ? 0 : add_mention(w, s);
		return add_markdown_emphasis(w, s, before);
	case '*':
	case '_':
		return add_markdown_emphasis(w, s, before);
	default:
		return 0;
	}
}

static void mrkdwn(struct writer *w, struct str s, char before)
{
	for (size_t i = 0; i < s.n;) {
		struct str rest = from(s, i);
		bool start = before == '\n' && !w->deep, heading = false;
		size_t n = start ? add_line_start(w, rest, &heading) : 0;

		if (heading)
			n += add_heading(w, from(rest, n));
		else if (start && !n && (*rest.p == '`' || *rest.p == '~'))
			n = add_fence(w, rest);
		if (!n)
			n = add_markup(w, rest, before);
		if (!n) {
			n = *rest.p == '`' || *rest.p == '*' || *rest.p == '_' || *rest.p == '~' ? run_of(rest, *rest.p) : 1;
			add_escaped(w->to, str_n(rest.p, n));
		}
		i += n;
		before = s.p[i - 1];
	}
}

struct str mm_mrkdwn(struct arena *a, struct str markdown, const struct mm_names *names)
{
	struct buf b;
	struct writer w = {.arena = a, .to = &b, .names = names};

	buf_init(&b, 4 * MIB);
	mrkdwn(&w, str_clip(markdown, 256 * KIB), '\n');
	return buf_keep(a, &b);
}

/* ---- what a post says ---- */

static void add_line(struct buf *b, struct str s)
{
	if (!s.n)
		return;
	if (b->n)
		buf_char(b, '\n');
	buf_add(b, s);
}

/* As other programs post: each attachment its pretext, its title, its text and its fields. */
static void add_attachment(struct writer *w, const struct json *at)
{
	struct str title = json_get_str(at, "title"), url = json_get_str(at, "title_link"), text = json_get_str(at, "text"), pretext = json_get_str(at, "pretext");
	struct arena *a = w->arena;

	add_line(w->to, mm_mrkdwn(a, pretext, w->names));
	if (title.n && url_length(url) == url.n && url.n)
		add_line(w->to, arena_printf(a, "<" STR_FMT "|" STR_FMT ">", STR_ARG(mrkdwn_escape(a, url)), STR_ARG(mrkdwn_escape(a, title))));
	else if (title.n)
		add_line(w->to, arena_printf(a, "*" STR_FMT "*", STR_ARG(mrkdwn_escape(a, title))));
	add_line(w->to, mm_mrkdwn(a, text, w->names));
	for (const struct json *f = json_is(json_get(at, "fields"), JSON_ARRAY) ? json_get(at, "fields")->child : NULL; f; f = f->next)
		add_line(w->to, arena_printf(a, "*" STR_FMT ":* " STR_FMT, STR_ARG(mrkdwn_escape(a, json_get_str(f, "title"))),
					     STR_ARG(mm_mrkdwn(a, json_get(f, "value") ? json_get(f, "value")->text : S(""), w->names))));
	if (!pretext.n && !title.n && !text.n)
		add_line(w->to, mm_mrkdwn(a, json_get_str(at, "fallback"), w->names));
}

struct str mm_post_text(struct arena *a, const struct mm_post *p, struct str link, const struct mm_names *names)
{
	const struct json *files = json_get(p->metadata, "files");
	struct buf b;
	struct writer w = {.arena = a, .to = &b, .names = names};

	buf_init(&b, 4 * MIB);
	add_line(&b, mm_mrkdwn(a, p->message, names));
	for (const struct json *at = json_is(p->attachments, JSON_ARRAY) ? p->attachments->child : NULL; at; at = at->next)
		add_attachment(&w, at);
	for (const struct json *f = json_is(files, JSON_ARRAY) ? files->child : NULL; f; f = f->next)
		add_line(&b, arena_printf(a, ":paperclip: <" STR_FMT "|" STR_FMT ">", STR_ARG(link), STR_ARG(mrkdwn_escape(a, json_get_str(f, "name")))));
	return buf_keep(a, &b);
}
