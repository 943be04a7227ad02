/* ops/promql.h -- what a graph needs to know of Prometheus: of its expressions a little, of its answers all that is drawn.
 *
 * Pure. The expressions are not parsed: Prometheus does that, and says what is wrong. Here they are only looked at, and what is
 * not plain is left as it is. Both come from outside; nothing here recurses.
 */
#pragma once
#include "ops/plot.h"

#define PROMQL_MAX_BYTES 4000 /* of an expression */

/* An alert's expression is mostly "something > a number". Drawn is the something, all the time and not only while the alert
 * fires, and the number is a line across. false: it is not of that kind; *left is then the whole. */
bool promql_split(struct str expr, struct str *left, double *limit);

/* What the values are, by the name of the metric, as Prometheus' naming advice has it (..._seconds, ..._bytes, ..._ratio):
 * PLOT_PLAIN wherever something is reckoned with them that may change it. */
enum plot_unit promql_unit(struct str expr);

/* The answer to GET or POST /api/v1/query_range. */
struct promql_answer {
	struct plot_series *series; /* the first PLOT_SERIES_MAX; names have the labels in which they differ */
	size_t count;
	size_t total; /* how many there are */
};
/* Everything is in the arena or in `json`, which must live as long. It is not read whole into a tree: 8 MiB would become a
 * hundred. ERR_CONFLICT: Prometheus says no, err->text is why, in its own words. ERR_INVALID: that is no answer of Prometheus. */
MUST_USE bool promql_answer_read(struct arena *a, struct str json, struct promql_answer *out, struct err *err);
