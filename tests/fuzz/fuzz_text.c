/* ops/text.h: mrkdwn. Escaping is undone exactly, tidying twice is tidying once, and what is tidy has no bare < or >. */
#include "fuzz.h"
#include "ops/search.h"
#include "ops/text.h"

static void on_user(void *context, struct str id)
{
	const struct str *in = context;

	need(id.p >= in->p && id.p + id.n <= in->p + in->n);
	touch(id);
}

/* What goes to FTS5 is phrases in quotes, NOT and blanks; every quote is one of ours. */
static void search(struct arena *a, struct str in)
{
	struct search s;
	size_t quotes = 0;

	search_parse(a, in, &s);
	for (size_t i = 0; i < s.match.n; i++) {
		quotes += s.match.p[i] == '"';
		need(quotes % 2 || strchr("\" NOT", s.match.p[i]));
	}
	need(quotes % 2 == 0);
	touch(s.in);
	touch(s.from);
}

/* The raw text of a tidy one has < only where a control sequence begins, which ends on the same line. */
static void check_tidy(struct str s)
{
	bool inside = false;

	for (size_t i = 0; i < s.n; i++) {
		need(s.p[i] != '<' || !inside);
		need(s.p[i] != '>' || inside);
		need(s.p[i] != '\n' || !inside);
		inside = s.p[i] == '<' || (inside && s.p[i] != '>');
	}
	need(!inside);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), tidy, plain;
	struct arena a;

	arena_init(&a);
	need(str_eq(mrkdwn_plain(&a, mrkdwn_escape(&a, in)), in));
	tidy = mrkdwn_tidy(&a, in);
	check_tidy(tidy);
	need(str_eq(mrkdwn_tidy(&a, tidy), tidy));
	plain = mrkdwn_plain(&a, in);
	need(touch(plain) <= in.n);
	if (str_is_utf8(in))
		need(str_is_utf8(tidy) && str_is_utf8(plain));
	need(mrkdwn_mentions(in, on_user, &in) == mrkdwn_mentions(in, NULL, NULL));
	mrkdwn_mentions(tidy, on_user, &tidy);
	search(&a, in);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
