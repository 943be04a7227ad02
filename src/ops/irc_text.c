#include "ops/irc_text.h"

#include <inttypes.h>

#define BOLD '\x02'
#define ITALIC '\x1d'
#define REPLY "\xe2\x86\xb3 " /* an arrow: downwards, then rightwards */
#define ROOT_CHARS 40
#define NUMBER_MAX 999999999

/* ---- mrkdwn to IRC ---- */

/* The names of emoji that @srebot says, and a few of people's; others stay as they are written. */
static const char *const emoji[][2] = {
	{"warning", "⚠"}, {"white_check_mark", "✅"}, {"large_green_circle", "🟢"}, {"red_circle", "🔴"}, {"large_orange_circle", "🟠"}, {"large_yellow_circle", "🟡"},
	{"large_blue_circle", "🔵"}, {"hourglass", "⌛"}, {"hourglass_flowing_sand", "⏳"}, {"unlock", "🔓"}, {"lock", "🔒"}, {"raised_hand", "✋"}, {"wastebasket", "🗑"},
	{"no_bell", "🔕"}, {"bell", "🔔"}, {"gear", "⚙"}, {"eyes", "👀"}, {"alarm_clock", "⏰"}, {"x", "❌"}, {"repeat", "🔁"}, {"no_entry", "⛔"}, {"mute", "🔇"},
	{"rotating_light", "🚨"}, {"rocket", "🚀"}, {"recycle", "♻"}, {"point_right", "👉"}, {"paperclip", "📎"}, {"package", "📦"}, {"ocean", "🌊"}, {"key", "🔑"},
	{"grey_question", "❔"}, {"electric_plug", "🔌"}, {"cyclone", "🌀"}, {"bulb", "💡"}, {"arrow_right", "➡"}, {"fire", "🔥"}, {"tada", "🎉"}, {"+1", "👍"},
	{"-1", "👎"}, {"heart", "❤"}, {"pray", "🙏"}, {"joy", "😂"}, {"slightly_smiling_face", "🙂"}, {"thinking_face", "🤔"},
};

/* ":name:" at s; *n: its length. NULL: it is none that is known. */
static const char *emoji_at(struct str s, size_t *n)
{
	for (size_t i = 0; i < COUNT_OF(emoji); i++) {
		*n = strlen(emoji[i][0]) + 2;
		if (s.n >= *n && s.p[*n - 1] == ':' && memcmp(s.p + 1, emoji[i][0], *n - 2) == 0)
			return emoji[i][1];
	}
	return NULL;
}

struct writer {
	struct buf out;
	struct str (*nick)(void *context, struct str id);
	void *context;
};

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

static void add_char(struct writer *w, char c)
{
	if (c == '\t')
		c = ' ';
	if (!is_control(c))
		buf_char(&w->out, c);
}

static void add_text(struct writer *w, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		add_char(w, s.p[i]);
}

/* & < > are escaped in mrkdwn; *n: how much of s that was. */
static char unescaped(struct str s, size_t *n)
{
	static const struct {
		struct str name;
		char c;
	} escapes[] = {{{"&amp;", 5}, '&'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}};

	for (size_t i = 0; i < COUNT_OF(escapes); i++)
		if (str_starts(s, escapes[i].name)) {
			*n = escapes[i].name.n;
			return escapes[i].c;
		}
	*n = 1;
	return *s.p;
}

static void add_unescaped(struct writer *w, struct str s)
{
	for (size_t n; s.n; s = str_n(s.p + n, s.n - n))
		add_char(w, unescaped(s, &n));
}

static bool is_address(struct str target)
{
	return str_starts(target, S("http://")) || str_starts(target, S("https://")) || str_starts(target, S("mailto:"));
}

/* What stands between < and >. */
static void add_control(struct writer *w, struct str inner)
{
	struct str target, label = str_cut(inner, '|', &target), shown;
	size_t at;

	if (is_address(target)) {
		shown = str_starts(target, S("mailto:")) ? str_n(target.p + 7, target.n - 7) : target;
		if (label.n && !str_find(shown, label, &at)) {
			add_unescaped(w, label);
			add_text(w, S(" ("));
			add_unescaped(w, shown);
			add_text(w, S(")"));
		} else {
			add_unescaped(w, shown);
		}
	} else if (*target.p == '@' && w->nick && (shown = w->nick(w->context, str_n(target.p + 1, target.n - 1))).n) {
		add_text(w, shown);
	} else if (label.n) {
		add_unescaped(w, label);
	} else if (*target.p == '!') {
		add_text(w, S("@"));
		add_text(w, str_n(target.p + 1, target.n - 1));
	} else {
		add_text(w, *target.p == '#' ? str_n(target.p + 1, target.n - 1) : target);
	}
}

/* Length of a control sequence at s, with its < and >; 0: there is none. */
static size_t control_length(struct str s)
{
	struct str inner;

	if (s.n < 4 || *s.p != '<' || !(strchr("@#!", s.p[1]) || is_address(str_n(s.p + 1, s.n - 1))))
		return 0;
	str_cut(s, '>', &inner);
	return inner.n < s.n && !memchr(inner.p + 1, '<', inner.n - 1) && !memchr(inner.p, '\n', inner.n) ? inner.n + 1 : 0;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* *bold* and _italics_: the mark at s.p[i] opens a span that ends in this line. Answers where its end stands, 0: it does not. */
static size_t span_end(struct str s, size_t i)
{
	char mark = s.p[i];

	if ((i && (is_word_char(s.p[i - 1]) || s.p[i - 1] == mark)) || i + 2 >= s.n || s.p[i + 1] == ' ' || s.p[i + 1] == mark)
		return 0;
	for (size_t j = i + 1; j < s.n && s.p[j] != '\n' && s.p[j] != '`'; j++)
		if (s.p[j] == mark && s.p[j - 1] != ' ' && j > i + 1 && (j + 1 == s.n || !(is_word_char(s.p[j + 1]) || s.p[j + 1] == mark)))
			return j;
	return 0;
}

/* A block of code at s[i] as lines of their own; answers what follows it. */
static size_t add_fence(struct writer *w, struct str s, size_t i)
{
	struct str rest = str_n(s.p + i + 3, s.n - i - 3);
	size_t at, n = str_find(rest, S("```"), &at) ? at : rest.n;

	buf_char(&w->out, '\n');
	add_unescaped(w, str_n(rest.p, n));
	buf_char(&w->out, '\n');
	return i + 3 + n + (n < rest.n ? 3 : 0);
}

static size_t add_code(struct writer *w, struct str s, size_t i)
{
	size_t n = 1;

	while (i + n < s.n && s.p[i + n] != '`' && s.p[i + n] != '\n')
		n++;
	n += i + n < s.n && s.p[i + n] == '`';
	add_unescaped(w, str_n(s.p + i, n));
	return i + n;
}

static void add_mrkdwn(struct writer *w, struct str s)
{
	size_t bold_end = 0, italic_end = 0, i = 0, n;

	while (i < s.n) {
		struct str rest = str_n(s.p + i, s.n - i);
		const char *picture = *rest.p == ':' ? emoji_at(rest, &n) : NULL;
		size_t *end = *rest.p == '*' ? &bold_end : *rest.p == '_' ? &italic_end : NULL;

		if (str_starts(rest, S("```"))) {
			i = add_fence(w, s, i);
		} else if (*rest.p == '`') {
			i = add_code(w, s, i);
		} else if (picture) {
			buf_add(&w->out, str_of(picture));
			i += n;
		} else if ((n = control_length(rest))) {
			add_control(w, str_n(rest.p + 1, n - 2));
			i += n;
		} else if (end && ((*end && *end == i) || (!*end && (*end = span_end(s, i))))) {
			buf_char(&w->out, *rest.p == '*' ? BOLD : ITALIC);
			if (*end == i)
				*end = 0;
			i++;
		} else {
			add_char(w, unescaped(rest, &n));
			i += n;
		}
		if (bold_end && bold_end < i) /* a link or code has swallowed its end */
			bold_end = 0, buf_char(&w->out, BOLD);
		if (italic_end && italic_end < i)
			italic_end = 0, buf_char(&w->out, ITALIC);
	}
}

struct str irc_of_mrkdwn(struct arena *a, struct str text, struct str (*nick)(void *context, struct str id), void *context)
{
	struct writer w = {.nick = nick, .context = context};

	buf_init(&w.out, 4 * text.n + 64 * KIB);
	add_mrkdwn(&w, text);
	return buf_keep(a, &w.out);
}

/* ---- IRC to plain text ---- */

static size_t digits(struct str s, size_t i, size_t most)
{
	size_t n = 0;

	while (n < most && i + n < s.n && s.p[i + n] >= '0' && s.p[i + n] <= '9')
		n++;
	return n;
}

/* "\x03" "4,12" (mIRC's colours): what follows the mark. */
static size_t colour_length(struct str s, size_t i)
{
	size_t n = digits(s, i, 2), more;

	if (!n || i + n >= s.n || s.p[i + n] != ',')
		return n;
	more = digits(s, i + n + 1, 2);
	return more ? n + 1 + more : n;
}

static size_t hex_colour_length(struct str s, size_t i)
{
	size_t n = 0;

	while (n < 6 && i + n < s.n && s.p[i + n] && strchr("0123456789abcdefABCDEF", s.p[i + n]))
		n++;
	return n == 6 ? 6 : 0;
}

struct str irc_plain(struct arena *a, struct str text)
{
	struct buf b;

	text = irc_utf8(a, text);
	buf_init(&b, text.n);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\x03')
			i += colour_length(text, i + 1);
		else if (c == '\x04')
			i += hex_colour_length(text, i + 1);
		else if (c == '\t')
			buf_char(&b, ' ');
		else if (!is_control(c) && c != '\n')
			buf_char(&b, c);
	}
	return buf_keep(a, &b);
}

/* ---- saying ---- */

static struct str right_trim(struct str s)
{
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* Of others, in one of our lines: nothing in it ends the line, or looks like one of ours. */
static struct str one_line(struct arena *a, struct str s, size_t most_bytes)
{
	struct buf b;
	struct str short_one = s.n > most_bytes ? right_trim(str_clip(s, most_bytes)) : s;

	buf_init(&b, short_one.n + 4);
	for (size_t i = 0; i < short_one.n; i++)
		buf_char(&b, is_control(short_one.p[i]) || short_one.p[i] == '\n' || short_one.p[i] == '\t' ? ' ' : short_one.p[i]);
	if (short_one.n < s.n)
		buf_add(&b, S("\xe2\x80\xa6"));
	return str_trim(buf_keep(a, &b));
}

/* What stands before the first line (first), or before each other, so that nobody takes a person's second line for ours. */
static struct str prefix_of(struct arena *a, const struct irc_saying *s, bool first)
{
	struct str author = one_line(a, s->author, 60), out = S("");

	if (first && s->in_thread && s->thread_number)
		out = arena_printf(a, "[%" PRId64 "] ", s->thread_number);
	if (s->in_thread)
		out = arena_printf(a, STR_FMT REPLY, STR_ARG(out));
	if (first && s->in_thread && !s->thread_number && s->thread_text.n)
		out = arena_printf(a, STR_FMT "\xe2\x80\x9c" STR_FMT "\xe2\x80\x9d ", STR_ARG(out), STR_ARG(one_line(a, s->thread_text, ROOT_CHARS)));
	if (first && s->again)
		out = arena_printf(a, STR_FMT "(perhaps said before) ", STR_ARG(out));
	if (first && s->number)
		out = arena_printf(a, STR_FMT "[%" PRId64 "] ", STR_ARG(out), s->number);
	if (author.n)
		out = arena_printf(a, s->in_thread ? STR_FMT STR_FMT ": " : STR_FMT "<" STR_FMT "> ", STR_ARG(out), STR_ARG(author));
	return out;
}

/* How much of s a line of `most` bytes takes: up to a space if one is not too far back, never half a letter. */
static size_t cut(struct str s, size_t most)
{
	size_t n = str_clip(s, most).n;

	if (n == s.n)
		return n;
	for (size_t i = n; i > n / 2; i--)
		if (s.p[i] == ' ')
			return i;
	return n ? n : most;
}

struct lines {
	struct arena *a;
	const struct irc_saying *s;
	size_t room, count, most;
	struct str *at;
	bool bold, italic; /* open where the last line ended: IRC ends all at the end of a line */
	bool cut_off;      /* there was more than `most` */
};

static void add_line(struct lines *l, struct str text)
{
	if (l->count < l->most)
		l->at[l->count++] = text;
	else
		l->cut_off = true;
}

static void count_marks(struct lines *l, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		l->bold ^= s.p[i] == BOLD;
		l->italic ^= s.p[i] == ITALIC;
	}
}

/* One line of the text, in as many as it needs. */
static void add_lines(struct lines *l, struct str line)
{
	while (line.n && !l->cut_off) {
		struct str prefix = prefix_of(l->a, l->s, l->count == 0);
		size_t marks = (size_t)l->bold + l->italic, room = prefix.n + marks + 40 < l->room ? l->room - prefix.n - marks : 40, n = cut(line, room);
		struct str piece = str_n(line.p, n);

		add_line(l, str_clip(arena_printf(l->a, STR_FMT "%s%s" STR_FMT, STR_ARG(prefix), l->bold ? "\x02" : "", l->italic ? "\x1d" : "", STR_ARG(piece)), l->room));
		count_marks(l, piece);
		line = str_n(line.p + n, line.n - n);
		if (line.n && *line.p == ' ')
			line = str_n(line.p + 1, line.n - 1);
	}
}

static void add_all(struct lines *l, struct str text)
{
	while (text.n) {
		struct str line;

		text = str_cut(text, '\n', &line);
		l->bold = l->italic = false;
		add_lines(l, right_trim(line));
	}
}

static struct str choices_text(struct arena *a, const struct irc_saying *s)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	for (size_t i = 0; s->number && i < s->choice_count; i++)
		buf_printf(&b, "%s%" PRId64 ".%zu " STR_FMT, i ? ", " : "", s->number, i + 1, STR_ARG(one_line(a, s->choices[i].text, 75)));
	return buf_keep(a, &b);
}

/* In place of the last line that fits. */
static void add_more(struct lines *l)
{
	l->count--;
	l->cut_off = l->bold = l->italic = false;
	add_lines(l, l->s->more.n ? arena_printf(l->a, "\xe2\x80\xa6 more: " STR_FMT, STR_ARG(l->s->more)) : S("\xe2\x80\xa6 more in opsroom"));
}

static void add_choices(struct lines *l, struct str choices)
{
	struct str *last = &l->at[l->count ? l->count - 1 : 0];

	if (l->count == 1 && last->n + 3 + choices.n <= l->room) {
		*last = arena_printf(l->a, STR_FMT " - " STR_FMT, STR_ARG(*last), STR_ARG(choices));
		return;
	}
	l->most++;
	l->cut_off = l->bold = l->italic = false;
	/* What does not fit into one line is left out at a comma: the numbers that are shown are right. */
	if (choices.n + 40 > l->room) {
		choices = str_clip(choices, l->room - 40);
		while (choices.n && choices.p[choices.n - 1] != ',')
			choices.n--;
	}
	add_lines(l, choices);
}

size_t irc_say(struct arena *a, const struct irc_saying *s, size_t room_bytes, struct str lines[IRC_LINES_MAX])
{
	struct str choices = choices_text(a, s);
	struct lines l = {.a = a, .s = s, .room = room_bytes, .at = lines};

	l.most = IRC_LINES_MAX - (choices.n > 0);
	add_all(&l, s->text);
	for (size_t i = 0; i < s->file_count; i++)
		add_all(&l, one_line(a, s->files[i], 1000));
	if (!l.count)
		add_line(&l, right_trim(prefix_of(a, s, true)));
	if (l.cut_off)
		add_more(&l);
	if (choices.n)
		add_choices(&l, choices);
	return l.count;
}

/* ---- hearing ---- */

static bool number_at(struct str s, size_t *n, int64_t *out)
{
	*n = digits(s, 0, 10);
	return *n && str_to_int(str_n(s.p, *n), out) && *out > 0 && *out <= NUMBER_MAX;
}

/* "42.1" and nothing else. */
static bool is_choice(struct str s, struct irc_said *out)
{
	int64_t number, choice;
	size_t n;

	if (!number_at(s, &n, &number) || n >= s.n || s.p[n] != '.' || !str_to_int(str_n(s.p + n + 1, s.n - n - 1), &choice) || choice < 1 || choice > CHOICES_MAX)
		return false;
	out->number = number;
	out->choice = (int)choice;
	return true;
}

/* "42: text", "[42] text" */
static bool is_reply(struct str s, struct irc_said *out)
{
	struct str inner = *s.p == '[' ? str_n(s.p + 1, s.n - 1) : s, rest;
	int64_t number;
	size_t n;

	if (!number_at(inner, &n, &number) || n >= inner.n || inner.p[n] != (*s.p == '[' ? ']' : ':'))
		return false;
	rest = str_n(inner.p + n + 1, inner.n - n - 1);
	if (*s.p != '[' && rest.n && *rest.p != ' ')
		return false; /* 10:30 */
	rest = str_trim(rest);
	if (!rest.n)
		return false;
	out->text = rest;
	out->number = number;
	return true;
}

/* "srebot: ", "SREBOT, ", "@srebot " */
static bool is_to_us(const struct irc_support *support, struct str s, struct str nick, struct str *rest)
{
	bool at = s.n && *s.p == '@';

	if (at)
		s = str_n(s.p + 1, s.n - 1);
	if (!nick.n || s.n <= nick.n || !irc_same(support, str_n(s.p, nick.n), nick))
		return false;
	s = str_n(s.p + nick.n, s.n - nick.n);
	if (*s.p != ':' && *s.p != ',' && !(at && *s.p == ' '))
		return false;
	*rest = str_trim(str_n(s.p + 1, s.n - 1));
	return rest->n > 0;
}

void irc_said_read(const struct irc_support *support, struct str text, struct str nick, struct irc_said *out)
{
	struct str rest = str_trim(text), inner;
	bool called;

	*out = (struct irc_said){.text = rest};
	out->to_us = is_to_us(support, rest, nick, &rest);
	called = rest.n > 1 && *rest.p == '!';
	inner = called ? str_n(rest.p + 1, rest.n - 1) : rest;
	if (!rest.n || is_choice(inner, out) || (!out->to_us && !called && is_reply(rest, out)))
		return;
	out->text = out->to_us ? inner : rest;
}
