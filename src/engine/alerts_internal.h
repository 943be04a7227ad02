/* engine/alerts_internal.h -- alerts in memory; shared by alerts.c and alert_view.c only. */
#pragma once
#include "base/map.h"
#include "engine/alerts.h"

/* One alert. Its labels, annotations and url lie in one block: pairs of NUL-ended texts. */
struct alert {
	uint64_t fingerprint;
	uint64_t raw_labels, raw_content; /* hashes of the sender's bytes; 0: not seen since the start */
	struct group *group;
	wall_ms starts_at, ends_at;
	bool firing;
	uint8_t label_count, annotation_count;
	char *texts;
};

/* What the members that count (those that fire; all, when none does) have in common. It grows with each member that comes
 * and starts again, upto = 0, when one of them changes: a group of a hundred thousand is told every second. */
struct group_sum {
	size_t upto;               /* members looked at */
	const struct alert *first; /* NULL: none counts */
	wall_ms since;
	struct labels common;      /* views into first's texts; the list is owned */
};

struct group {
	struct group_row row; /* texts owned */
	struct alert **alerts;
	size_t count, room;
	int64_t firing;
	struct group_sum sum;
	uint64_t key_hash;
	int64_t outbox_id; /* 0: nothing waits to be told */
	bool sending;      /* its message is on the way */
	bool dirty;        /* changed since */
	wall_ms dirty_due; /* when the change is to be told */
	wall_ms told_at, outbox_due, timer_due; /* timer_due 0: no timer */
};

struct alerts {
	struct map by_key;   /* hash of source and group key -> the open group */
	struct map by_id;    /* home id -> group */
	struct map by_short; /* hash of the short id -> group */
	struct map by_alert; /* hash of source, group key and fingerprint -> alert */
	struct map by_raw;   /* hash of source, group key and the sender's label bytes -> alert */
	int64_t active, groups_firing, groups_acknowledged;
};

struct alert_texts {
	struct labels labels, annotations;
	struct str url;
};
void alert_view(struct arena *a, const struct alert *al, struct alert_texts *out);
/* Brings g->sum up to date; its common labels. */
const struct labels *group_sum_up(struct group *g);
