#include "ops/search.h"

#define QUERY_MAX (4 * KIB)

static void add_phrase(struct buf *b, const char *before, struct str phrase)
{
	buf_printf(b, "%s\"", before);
	for (size_t i = 0; i < phrase.n; i++)
		if (phrase.p[i] != '"' && phrase.p[i] != '\0')
			buf_char(b, phrase.p[i]);
	buf_char(b, '"');
}

/* A phrase of FTS5 that has no letter or digit finds nothing at all. */
static bool has_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 128)
			return true;
	}
	return false;
}

static bool day_of(struct arena *a, struct str value, wall_ms *day)
{
	return value.n == 10 && wall_parse(arena_printf(a, STR_FMT "T00:00:00Z", STR_ARG(value)), day);
}

static void limit_days(struct search *s, wall_ms since, wall_ms until)
{
	if (since > s->since)
		s->since = since;
	if (until && (!s->until || until < s->until))
		s->until = until;
}

static bool read_day(struct arena *a, struct search *s, struct str name, struct str value)
{
	wall_ms day;

	if (!str_is(name, "before") && !str_is(name, "after") && !str_is(name, "on"))
		return false;
	if (!day_of(a, value, &day))
		s->nothing = true;
	else if (str_is(name, "before"))
		limit_days(s, 0, day);
	else if (str_is(name, "after"))
		limit_days(s, day + DAY, 0);
	else
		limit_days(s, day, day + DAY);
	return true;
}

/* "#ops", "@ann", "<@U1>", "<#C1|ops>", or bare */
static struct str bare(struct str value)
{
	struct str head;

	if (value.n > 1 && value.p[0] == '<' && value.p[value.n - 1] == '>')
		value = str_n(value.p + 1, value.n - 2);
	str_cut(value, '|', &head);
	return head.n && (head.p[0] == '#' || head.p[0] == '@') ? str_n(head.p + 1, head.n - 1) : head;
}

static bool read_modifier(struct arena *a, struct search *s, struct str word)
{
	struct str name, value = str_cut(word, ':', &name);

	if (!value.n)
		return false;
	if (str_is(name, "in"))
		s->in = bare(value);
	else if (str_is(name, "from"))
		s->from = bare(value);
	else if (str_is(name, "has"))
		*(str_is(value, "link") ? &s->has_link : &s->nothing) = true;
	else
		return read_day(a, s, name, value);
	return true;
}

/* The next word, or a phrase in quotes, with its sign. */
static bool next_part(struct str *rest, struct str *part, bool *minus, bool *quoted)
{
	size_t end;

	*rest = str_trim(*rest);
	*minus = rest->n > 1 && rest->p[0] == '-';
	if (*minus)
		*rest = str_n(rest->p + 1, rest->n - 1);
	*quoted = rest->n && rest->p[0] == '"';
	if (!*quoted)
		return str_word(rest, part);
	*rest = str_n(rest->p + 1, rest->n - 1);
	if (!str_find(*rest, S("\""), &end))
		end = rest->n;
	*part = str_n(rest->p, end);
	*rest = end < rest->n ? str_n(rest->p + end + 1, rest->n - end - 1) : S("");
	return true;
}

void search_parse(struct arena *a, struct str text, struct search *out)
{
	struct buf yes, no;
	struct str rest = str_clip(text, QUERY_MAX), part;
	bool minus, quoted;

	*out = (struct search){.in = S(""), .from = S("")};
	buf_init(&yes, 4 * QUERY_MAX);
	buf_init(&no, 4 * QUERY_MAX);
	while (next_part(&rest, &part, &minus, &quoted)) {
		if (!minus && !quoted && read_modifier(a, out, part))
			continue;
		if (!has_word(part))
			continue;
		if (minus)
			add_phrase(&no, " NOT ", part);
		else
			add_phrase(&yes, yes.n ? " " : "", part);
	}
	out->match = yes.n ? arena_printf(a, STR_FMT STR_FMT, STR_ARG(buf_str(&yes)), STR_ARG(buf_str(&no))) : S("");
	buf_done(&yes);
	buf_done(&no);
}
