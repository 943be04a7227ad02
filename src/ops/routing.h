/* ops/routing.h -- where an alert goes: the tree of routes, who receives, what inhibits what, services.
 *
 * One YAML file (the setting `alerting`) in the words of alertmanager.yml where it has them:
 *
 *     route: {receiver: NAME, group_by: [LABEL...], group_wait: SPAN, group_interval: SPAN, repeat_interval: SPAN,
 *             matchers: [...], continue: BOOL, mute_time_intervals: [NAME...], active_time_intervals: [NAME...], routes: [...]}
 *     receivers: [{name: NAME, channel: "#CHANNEL"}]
 *     inhibit_rules: [{source_matchers: [...], target_matchers: [...], equal: [LABEL...]}]
 *     time_intervals: [{name: NAME, time_intervals: [...]}]
 *     services: [{name: NAME, matchers: [...], team, channel, runbook, policy, links: [{title, url}]}]
 *     templates: [{matchers: [...], program: JQ}]
 *     storm: {groups: N, within: SPAN}
 *     flapping: {changes: N, within: SPAN}
 *
 * Semantics of Alertmanager (dispatch/route.go, inhibit/inhibit.go), except that group_by left out everywhere leaves the
 * grouping to the source, and that two receivers are always there: `source`, the channel of the source, and `service`, the
 * channel of the alert's service. Pure: nothing here knows a clock, and what is made does not change.
 */
#pragma once
#include "base/jq.h"
#include "ops/interval.h"
#include "ops/matcher.h"

#define ROUTES_MAX 1000
#define SERVICES_MAX 1000
#define TEMPLATES_MAX 64
#define INHIBIT_RULES_MAX 256

struct receiver {
	struct str name;
	struct str channel; /* without #; "": what its name says, `source` or `service` */
	struct receiver *next;
};

struct time_interval {
	struct str name;
	struct interval *interval;
	struct time_interval *next;
};

struct route {
	struct route *parent, *child, *next;
	unsigned line;
	struct str key; /* Alertmanager's: {}/{team="chat"} */
	struct matchers matchers;
	const struct receiver *receiver;
	bool goes_on;   /* continue: true */
	bool by_source; /* group_by is said nowhere: as the source groups */
	bool by_all;    /* group_by: ['...'] */
	struct str *group_by; /* sorted */
	size_t group_by_count;
	span_ms group_wait, group_interval, repeat_interval;
	const struct time_interval **mute, **active;
	size_t mute_count, active_count;
};

struct inhibit_rule {
	struct matchers source, target;
	struct str *equal;
	size_t equal_count;
};

struct service_link {
	struct str title, url;
};
struct service {
	struct str name, team, channel, runbook, policy; /* "" where not said */
	struct matchers matchers;
	struct service_link *links;
	size_t link_count;
	struct service *next;
};

/* How a group is worded: the first whose matchers fit. A jq program (base/jq.h) from what alert_template.c gives it to a text, or to
 * {title, text}. */
struct message_template {
	unsigned line;
	struct matchers matchers;
	struct str text;
	struct jq_program *program;
	struct jq_apart *apart; /* instead of it */
	struct message_template *next;
};

struct routing {
	struct arena arena;
	struct str file, text; /* where it was read from, and what stood there; "" and "" for the built-in one */
	struct route *root;
	unsigned route_count;
	struct receiver *receivers;
	struct time_interval *intervals;
	struct inhibit_rule *inhibit_rules;
	size_t inhibit_count;
	struct service *services;
	size_t service_count;
	struct message_template *templates;
	unsigned storm_groups;  /* so many new groups of one channel ... */
	span_ms storm_within;   /* ... in this time are a storm */
	unsigned flap_changes;  /* an alert that begins to fire so often ... */
	span_ms flap_within;    /* ... in this time is flapping; 0: never */
};

/* ERR_INVALID names file and line. */
MUST_USE struct routing *routing_parse(struct str yaml, const char *file, struct err *err);
/* The same from a tree that is read already; it must live as long as what is made. No text is kept. */
MUST_USE struct routing *routing_of_tree(const struct json *tree, const char *file, struct err *err);
/* The same from a file. "": the built-in one, in which everything goes where its source says. */
MUST_USE struct routing *routing_read(struct str path, struct err *err);
void routing_free(struct routing *r); /* NULL is fine */
/* Once, before it is used: templates then run in processes of their own, with a limit in time and memory (base/jq_apart.h). The
 * executable must know JQ_APART_ARGUMENT. */
void routing_set_apart(struct routing *r);
/* *out: the first value that a template answers; NULL: none. */
MUST_USE bool template_run(struct message_template *t, struct arena *a, const struct json *input, struct json **out, struct err *err);

/* Labels as people write them, a=b, each word one or a list of them. ERR_INVALID: another sign than =. */
MUST_USE bool routing_read_labels(struct arena *a, const struct str *words, size_t count, struct labels *out, struct err *err);

/* Labels that only matchers of routes and services see: __source__ (its name) and __tool__. */
struct labels routing_labels(struct arena *a, const struct labels *labels, struct str source, struct str tool);

/* The routes that labels take, in their order; at least one. */
size_t routing_match(const struct routing *r, struct arena *a, const struct labels *labels, const struct route ***out);
/* The first that fits; NULL: none. */
const struct service *routing_service(const struct routing *r, const struct labels *labels);
/* The route whose key the key of a group begins with, and who receives there. NULL: the file has changed since. */
const struct route *routing_find(const struct routing *r, struct str group_key, struct str receiver);

/* Alertmanager's group labels of a route that is not by_source. */
struct labels route_group_labels(struct arena *a, const struct route *route, const struct labels *labels);

/* Silent at this moment, by its intervals? *until: when that may change (0: not foreseen); *name: which interval. */
bool route_is_muted(const struct route *route, wall_ms at, wall_ms *until, struct str *name);

/* What was asked of each route, and what followed, as members of the object that `o` is in: "routes" in the order of the file,
 * each with depth, matchers, receiver, line, asked, matched, taken, why and its timers; and "service". The labels are with
 * those of routing_labels(). */
void routing_explain(const struct routing *r, struct arena *a, const struct labels *labels, struct json_out *o);
/* Where an alert with these labels goes, as members of the object that `o` is in: "routes", those that it takes, each with receiver,
 * channel (none: that of its source), route, group_key (none: grouped as its source does), line and, if an interval keeps it quiet
 * at `now`, muted: {by, until}; and "service". */
void routing_write_taken(const struct routing *r, struct arena *a, const struct labels *labels, wall_ms now, struct json_out *o);
/* routing_explain() as lines of mrkdwn: a tree, the taken routes marked. */
struct str routing_explain_text(const struct routing *r, struct arena *a, const struct labels *labels);

/* The routing as an alertmanager.yml that Alertmanager's own reader takes (amtool config show, config routes): receivers by
 * name alone, group_by [alertname] where the source groups, without services, storm and flapping. */
void routing_write_alertmanager(const struct routing *r, struct buf *to);
