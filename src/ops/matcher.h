/* ops/matcher.h -- does an alert fit? `severity="critical"`, `team=~"db|web"`, as Alertmanager writes it.
 *
 * The classic syntax of Alertmanager (pkg/labels/parse.go, tried against 0.25): NAME, one of = != =~ !~, VALUE. A value may
 * stand bare or in double quotes; \" \n \\ are escapes, any other backslash is itself. A label that an alert does not have
 * is "". A regular expression matches the whole value (base/regex.h).
 */
#pragma once
#include "base/regex.h"
#include "ops/alert.h"

enum matcher_op { MATCHER_EQUAL, MATCHER_NOT_EQUAL, MATCHER_REGEX, MATCHER_NOT_REGEX };

struct matcher {
	enum matcher_op op;
	struct str name, value; /* in the arena of the parser; they end in NUL */
	struct regex *regex;    /* owned; NULL for = and != */
};
struct matchers {
	struct matcher *items; /* in the arena */
	size_t count, room;
};
#define MATCHERS_MAX 64

/* One matcher, put behind those that are there. ERR_INVALID with Alertmanager's sentence, ERR_TOO_MANY over MATCHERS_MAX;
 * what was there before stays, and matchers_done() is owed in either case. */
MUST_USE bool matchers_add(struct arena *a, struct matchers *m, struct str text, struct err *err);
/* A list with or without braces: `{a="b", c!~"d.*"}`; a comma behind the last is fine, an empty list is one. */
MUST_USE bool matchers_parse(struct arena *a, struct matchers *m, struct str text, struct err *err);
void matchers_done(struct matchers *m); /* gives back the expressions */

bool matcher_fits(const struct matcher *m, struct str value);
bool matchers_fit(const struct matchers *m, const struct labels *l); /* all of them; an empty list fits everything */

const char *matcher_op_text(enum matcher_op op);                   /* "=~" */
struct str matcher_text(struct arena *a, const struct matcher *m); /* NAME OP "VALUE", to be read again as the same */
