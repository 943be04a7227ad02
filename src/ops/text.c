#include "ops/text.h"

#include "ops/id.h"

#include "base/json.h"

static void add_escaped(struct buf *b, char c)
{
	if (c == '&')
		buf_add(b, S("&amp;"));
	else if (c == '<')
		buf_add(b, S("&lt;"));
	else if (c == '>')
		buf_add(b, S("&gt;"));
	else
		buf_char(b, c);
}

static struct str finish(struct arena *a, struct buf *b)
{
	struct str out = arena_dup(a, buf_str(b));

	buf_done(b);
	return out;
}

static bool needs_care(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '&' || s.p[i] == '<' || s.p[i] == '>')
			return true;
	return false;
}

struct str mrkdwn_escape(struct arena *a, struct str s)
{
	struct buf b;

	if (!needs_care(s))
		return s;
	buf_init(&b, 5 * s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		add_escaped(&b, s.p[i]);
	return finish(a, &b);
}

/* Length of the control sequence <...> at s, 0 if there is none: it begins as one and ends before a line does. */
static size_t control_length(struct str s)
{
	struct str rest = str_n(s.p + 1, s.n - 1);
	bool is_control;

	if (s.n < 4)
		return 0;
	is_control = rest.p[0] == '@' || rest.p[0] == '#' || rest.p[0] == '!' || str_starts(rest, S("http://")) || str_starts(rest, S("https://")) ||
		     str_starts(rest, S("mailto:"));
	for (size_t i = 1; is_control && i < s.n; i++) {
		if (s.p[i] == '>')
			return i + 1;
		if (s.p[i] == '<' || s.p[i] == '\n')
			return 0;
	}
	return 0;
}

static bool is_escape(struct str s)
{
	return str_starts(s, S("&amp;")) || str_starts(s, S("&lt;")) || str_starts(s, S("&gt;"));
}

struct str mrkdwn_tidy(struct arena *a, struct str s)
{
	struct buf b;
	size_t i = 0;

	if (!needs_care(s))
		return s;
	buf_init(&b, 5 * s.n + 1);
	while (i < s.n) {
		struct str rest = str_n(s.p + i, s.n - i);
		size_t n = s.p[i] == '<' ? control_length(rest) : s.p[i] == '&' && is_escape(rest) ? 1 : 0;

		if (n)
			buf_add(&b, str_n(rest.p, n));
		else
			add_escaped(&b, s.p[i]);
		i += n ? n : 1;
	}
	return finish(a, &b);
}

static void add_plain_control(struct buf *b, struct str inner)
{
	struct str target, label = str_cut(inner, '|', &target);

	if (label.n)
		buf_add(b, label);
	else if (target.n && target.p[0] == '!')
		buf_printf(b, "@" STR_FMT, (int)target.n - 1, target.p + 1);
	else
		buf_add(b, target);
}

struct str mrkdwn_plain(struct arena *a, struct str s)
{
	struct buf b;
	size_t i = 0;

	if (!needs_care(s))
		return s;
	buf_init(&b, 2 * s.n + 16);
	while (i < s.n) {
		struct str rest = str_n(s.p + i, s.n - i);
		size_t n = s.p[i] == '<' ? control_length(rest) : 0;

		if (n)
			add_plain_control(&b, str_n(rest.p + 1, n - 2));
		else if (str_starts(rest, S("&amp;")))
			n = buf_char(&b, '&') ? 5 : 5;
		else if (str_starts(rest, S("&lt;")))
			n = buf_char(&b, '<') ? 4 : 4;
		else if (str_starts(rest, S("&gt;")))
			n = buf_char(&b, '>') ? 4 : 4;
		else
			buf_char(&b, s.p[i]);
		i += n ? n : 1;
	}
	return finish(a, &b);
}

bool mrkdwn_mentions(struct str s, void (*on_user)(void *context, struct str id), void *context)
{
	bool everybody = false;

	for (size_t i = 0; i < s.n; i++) {
		size_t n = s.p[i] == '<' ? control_length(str_n(s.p + i, s.n - i)) : 0;
		struct str target, inner;

		if (!n)
			continue;
		inner = str_n(s.p + i + 1, n - 2);
		str_cut(inner, '|', &target);
		if (target.p[0] == '@' && on_user)
			on_user(context, str_n(target.p + 1, target.n - 1));
		else if (on_user && str_starts(target, S("!subteam^")))
			on_user(context, str_n(target.p + 9, target.n - 9));
		everybody = everybody || str_is(target, "!here") || str_is(target, "!channel") || str_is(target, "!everyone");
		i += n - 1;
	}
	return everybody;
}

struct str mrkdwn_date(struct arena *a, wall_ms at, bool seconds)
{
	char text[WALL_TEXT_SIZE];
	struct str iso = wall_write(text, at); /* 2026-03-02T02:15:00.000Z */

	return arena_printf(a, "<!date^%lld^{date_short_pretty} {%s}|%.10s %.*s UTC>", (long long)(at / SECOND), seconds ? "time_secs" : "time", iso.p, seconds ? 8 : 5,
			    iso.p + 11);
}

struct str mrkdwn_user(struct arena *a, int64_t user_id)
{
	return arena_printf(a, "<@" STR_FMT ">", STR_ARG(id_write(a, 'U', user_id)));
}

struct str mrkdwn_code(struct arena *a, struct str s)
{
	struct buf b;
	size_t at;

	s = mrkdwn_escape(a, s);
	buf_init(&b, 3 * s.n + 1);
	for (; str_find(s, S("```"), &at); s = str_n(s.p + at + 2, s.n - at - 2)) {
		buf_add(&b, str_n(s.p, at + 2));
		buf_add(&b, S("\xe2\x80\x8b"));
	}
	buf_add(&b, s);
	return buf_keep(a, &b);
}

struct str mrkdwn_rewrite(struct arena *a, struct str s, bool (*on)(void *context, struct str target, struct str label, struct buf *to), void *context)
{
	struct buf b;
	size_t i = 0;

	if (!needs_care(s))
		return s;
	buf_init(&b, 8 * s.n + 1024);
	while (i < s.n) {
		size_t n = s.p[i] == '<' ? control_length(str_n(s.p + i, s.n - i)) : 0;
		struct str target, label;

		if (n)
			label = str_cut(str_n(s.p + i + 1, n - 2), '|', &target);
		if (!n || !on(context, target, label, &b))
			buf_add(&b, str_n(s.p + i, n ? n : 1));
		i += n ? n : 1;
	}
	return finish(a, &b);
}

#define FENCE "```"

/* Where a piece that begins here ends: behind a line, else behind a word, else between letters. *fenced: is the place in a block of code? */
static size_t piece_end(struct str s, size_t most, bool *fenced)
{
	size_t line = 0, word = 0, any = 0, i = 0;
	bool in = *fenced, at_line = in, at_word = in, at_any = in;

	while (i < s.n) {
		struct str rest = str_n(s.p + i, s.n - i);
		size_t n = str_starts(rest, S(FENCE)) ? 3 : *rest.p == '<' && !in ? control_length(rest) : 0;

		in ^= n == 3 && *rest.p == '`';
		for (n = n ? n : 1; i + n < s.n && ((unsigned char)s.p[i + n] & 0xc0) == 0x80;)
			n++;
		if (i + n > most)
			break;
		i += n;
		any = i, at_any = in;
		if (s.p[i - 1] == ' ')
			word = i, at_word = in;
		else if (s.p[i - 1] == '\n')
			line = i, at_line = in;
	}
	*fenced = i == s.n ? in : line ? at_line : word ? at_word : at_any;
	return i == s.n ? i : line ? line : word ? word : any ? any : s.n < most ? s.n : most;
}

struct str mrkdwn_part(struct arena *a, struct str s, size_t most, int part)
{
	bool open = false;

	if (s.n <= most)
		return part ? (struct str){0} : s;
	for (int i = 0; s.n; i++) {
		bool was_open = open;
		size_t n = piece_end(s, most - 2 * sizeof FENCE, &open);

		if (i == part)
			return arena_printf(a, "%s%.*s%s", was_open ? FENCE "\n" : "", (int)n, s.p, open ? "\n" FENCE : "");
		s = str_n(s.p + n, s.n - n);
	}
	return (struct str){0};
}
