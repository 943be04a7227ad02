/* ops/event.h -- what any tool says about the world, in one form: an event.
 *
 * A source's jq program picks candidates out of a body; here they become an event by the rules that are the same for all
 * tools: what counts as absent, how long a text may be, how times are read, which word is which severity. Pure.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"
#include "ops/alert.h"

#define EVENTS_PER_BODY 1000

enum event_status { EVENT_FIRING = 1, EVENT_RESOLVED, EVENT_INFO };

struct event {
	struct str source; /* the tool */
	enum event_status status;
	enum severity severity;
	struct str title;     /* one line, at most 250 characters; never empty */
	struct str summary;   /* lines parted by LF, at most 4,000 characters */
	struct str url;       /* http(s) or "" */
	struct str dedup_key; /* "TOOL:..." at most 200 bytes: the same for all events of one alert */
	struct labels labels; /* sorted by name, values not empty */
	wall_ms starts_at, ends_at; /* 0: the body does not say */
	bool acknowledged; /* a person has it, on the other side */
};
const char *event_status_name(enum event_status s);

/* Trims all texts of a tree, and makes those that say nothing null: blank ones, and placeholders that a tool has left
 * standing ($UPPER_CASE, {{...}}, {MACRO.NAME}, *UNKNOWN*). Changes the tree. */
void event_clean(struct json *tree);

/* A value as text, "" for one that is absent (null, a list, an object). Numbers as JSON writes them. */
struct str event_text(struct arena *a, const struct json *v);

/* ISO 8601 with or without a zone (UTC then), or seconds, milliseconds, microseconds or nanoseconds since 1970. 0: none of them. */
wall_ms event_time(struct arena *a, const struct json *v);

/* One answer of a source's program:
 *
 *     {"status":"firing|resolved|info" or "usual_status":V, "severity":V, "severity_else":V, "title":V, "summary":V, "url":V, "key":[part...],
 *      "labels":{...} or [{...}, ...], "tags":["name:value", ...] or "name:value, name, ...", "starts_at":V, "ends_at":V, "at":V, "acknowledged":true}
 *
 * usual_status: any of the words that tools have for it, in any case; none is firing, an unknown one info, and of what is info the
 * severity is info too if it says none. V is a value or a list of candidates: the first that is not absent counts. A severity that is no known word becomes
 * severity_else, or else a warning. Of several objects of labels the first that has a label counts for it; `tags` come after them, one
 * without a value is "true". `at` is the one
 * time of tools that send one: the end of what is resolved, the start of anything else. acknowledged, of what fires, says only
 * that: it opens nothing and changes no text. body and index stand in for a key that is absent. */
MUST_USE bool event_of(struct arena *a, struct str source, const struct json *draft, struct str body, size_t index, struct event *out, struct err *err);

/* As in the documentation of sources: {"source","status","severity","title","summary","url","dedup_key","labels","starts_at","ends_at"}. */
void event_write(struct json_out *o, const struct event *e);

/* Its labels with the two that routes, silences and dashboards go by, if the tool has not sent them: alertname (the title) and
 * severity. More than LABELS_MAX is left out: a tool can make a label of all that it knows. Views into the event. */
struct labels event_labels(struct arena *a, const struct event *e);
