/* ops/silence.h -- silences and maintenance windows: alerts that nobody is to be told of for a while.
 *
 * A silence is Alertmanager's (silence/silence.go): matchers, a beginning, an end, who made it and why. A maintenance window is
 * a silence with a name, which says at its end what is still open. Pure.
 */
#pragma once
#include "ops/matcher.h"

#define SILENCES_MAX 1000           /* that are not over */
#define SILENCE_KEPT (5 * DAY)      /* after its end, as Alertmanager's --data.retention */
#define SILENCE_TEXT_MAX 1000

enum silence_kind { SILENCE_PLAIN = 1, SILENCE_MAINTENANCE };
enum silence_state { SILENCE_PENDING, SILENCE_ACTIVE, SILENCE_EXPIRED };

struct silence {
	int64_t id;
	struct str uuid; /* 36 characters */
	enum silence_kind kind;
	enum silence_state acted; /* the state that was last acted on: alerts hushed, channel told */
	struct str name;          /* of a maintenance window */
	struct matchers matchers; /* whoever keeps the silence owns them */
	wall_ms starts, ends, updated;
	struct str created_by, comment;
	int64_t user_id;    /* 0: a program */
	int64_t channel_id; /* where its beginning and end are told; 0: where alerts go by default */
};

enum silence_state silence_state_at(const struct silence *s, wall_ms now);
const char *silence_state_name(enum silence_state s);

/* Alertmanager's list of {name, value, isRegex, isEqual}. The matchers' texts are in the arena; matchers_done() is owed in
 * either case. ERR_INVALID with its sentence. */
MUST_USE bool silence_read_matchers(struct arena *a, const struct json *list, struct matchers *out, struct err *err);
void silence_write_matchers(struct json_out *o, const struct matchers *m);

/* Silences see the labels of alerts. ERR_INVALID: one of the matchers is of a label that only routes see (__source__, __tool__). */
MUST_USE bool silence_sees(const struct matchers *m, struct err *err);

/* One that could be: it begins before it ends, its end is not over, and one of its matchers is negative or does not match the
 * empty string. ERR_INVALID with Alertmanager's sentence. */
MUST_USE bool silence_check(const struct silence *s, wall_ms now, struct err *err);
/* May `next` take the place of `old` under the same id? Otherwise the old one expires and next is a new one. */
bool silence_can_become(const struct silence *old, const struct silence *next, wall_ms now);

/* Have both the same matchers? In any order. */
bool matchers_same(const struct matchers *a, const struct matchers *b);
/* A silence is found by a filter if it has a matcher that is the same as each of the filter's. */
bool silence_has_matchers(const struct silence *s, const struct matchers *filter);

/* Alertmanager's order at `now`: active by end, pending by beginning, expired by the latest end. */
int silence_order(const struct silence *a, const struct silence *b, wall_ms now);

/* The matchers as one line: {a="b",c=~"d"}. */
struct str matchers_text(struct arena *a, const struct matchers *m);
