/* ops/alert.h -- what an alert is, how alerts are named and grouped, and what may happen to a group of them.
 *
 * Rules only: no clock, no store, nothing kept. An alert_event is what a source said about one alert at one moment; its
 * texts are views into the work's memory.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"

#define LABELS_MAX 64 /* of one alert, and as many annotations */

struct label {
	struct str name, value;
};
struct labels {
	struct label *items; /* sorted by name, no name twice, no empty value */
	size_t count;
};
bool label_name_ok(struct str name); /* [a-zA-Z_][a-zA-Z0-9_]* */
struct str labels_get(const struct labels *l, const char *name); /* "" if absent */
bool labels_same(const struct labels *a, const struct labels *b);
void labels_sort(struct labels *l); /* by name, for who puts one together */
/* From a JSON object of texts. LABELS_DROP_EMPTY: an empty value counts as absent (labels; annotations keep theirs).
 * LABELS_ANY_SCALAR: numbers and booleans are taken as their text. ERR_INVALID names the member; over LABELS_MAX members: ERR_TOO_MANY. */
enum labels_flags { LABELS_DROP_EMPTY = 1, LABELS_ANY_SCALAR = 2 };
MUST_USE bool labels_parse(struct arena *a, const struct json *object, unsigned flags, struct labels *out, struct err *err);
void labels_write(struct json_out *o, const struct labels *l); /* as a JSON object */
/* Alertmanager's: FNV-1a 64 over name, 0xff, value, 0xff of the labels in order. */
uint64_t labels_fingerprint(const struct labels *l);
/* `{a="b", c="d"}` */
struct str labels_text(struct arena *a, const struct labels *l);

enum severity { SEVERITY_INFO = 1, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_CRITICAL };
const char *severity_name(enum severity s);
/* The words that tools use ("page", "p1", "high" ...); unknown or "": `otherwise`. */
enum severity severity_or(struct str word, enum severity otherwise);
enum severity severity_of(struct str word); /* otherwise: warning */
const char *severity_color(enum severity s); /* "#a30200" */

struct alert_event {
	uint64_t fingerprint;
	bool firing;
	wall_ms starts_at; /* never 0 */
	wall_ms ends_at;   /* firing: when it ends by itself unless it is said again; 0: never. resolved: when it ended */
	struct labels labels, annotations;
	struct str url; /* the generator's */
	enum severity severity; /* 0: what the labels say */
};
enum severity alert_event_severity(const struct alert_event *e);
struct str alert_title(struct arena *a, const struct labels *labels, const struct labels *annotations);
enum severity alert_severity(const struct labels *labels);

/* A group's state, what can happen to it, and what follows: a table that the manual prints. */
enum group_state { GROUP_FIRING = 1, GROUP_ACKNOWLEDGED = 2, GROUP_RESOLVED = 3 };
enum group_event { GROUP_EV_FIRES, GROUP_EV_CHANGES, GROUP_EV_ALL_RESOLVED, GROUP_EV_ACK, GROUP_EV_RESOLVE, GROUP_EVENTS };
enum group_effect {
	GROUP_FX_TELL_NOW = 1,   /* the message must show it at once */
	GROUP_FX_TELL_SOON = 2,  /* the message follows, at most once a second */
	GROUP_FX_SET_ACK = 4,    /* who acknowledged and when */
	GROUP_FX_SET_RESOLVED = 8,
	GROUP_FX_HOLD = 16,      /* keeps quiet until the source itself says that it ended */
};
struct group_rule {
	enum group_state from;
	enum group_event event;
	enum group_state to;
	unsigned effects;
};
extern const struct group_rule group_rules[];
extern const size_t group_rule_count;
const struct group_rule *group_rule_find(enum group_state from, enum group_event event); /* NULL: refused */
const char *group_state_name(enum group_state s);
const char *group_event_name(enum group_event e);

/* ---- Alertmanager's two dialects: POST /api/v2/alerts and webhook version 4 (and 3) ---- */

#define ALERTS_PER_DELIVERY 10000

enum alert_read {
	ALERT_TAKEN,
	ALERT_BAD,    /* this member is left out, the others are taken; err says why */
	ALERT_REFUSED /* the whole delivery is refused: err, and *status is the HTTP status (400, 422) */
};
/* One member of POST /api/v2/alerts, the index-th. resolve_after: for one without endsAt. */
enum alert_read alert_read_v2(struct arena *a, const struct json *member, size_t index, wall_ms now, span_ms resolve_after, struct alert_event *out, int *status,
			      struct err *err);
/* One member of a webhook's `alerts`; body_status is the body's own. Never refuses the whole. */
enum alert_read alert_read_webhook(struct arena *a, const struct json *member, struct str body_status, wall_ms now, struct alert_event *out, struct err *err);
