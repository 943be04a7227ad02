/* engine/alerts_internal.h -- alerts in memory; shared by the files alert*.c only. */
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

#define RESOLVE_AFTER (5 * MINUTE) /* Alertmanager's resolve_timeout: for alerts without endsAt, and after a restart */
#define KIND_ENDS "group_ends"     /* of timers */

/* ---- alert_memory.c ---- */

/* Keys of the maps. Never 0. */
uint64_t hash_text(uint64_t h, struct str s);
uint64_t group_hash(int64_t source_id, struct str group_key);
uint64_t alert_hash(uint64_t group_key_hash, uint64_t fingerprint);
uint64_t short_hash(struct str short_id);
void map_take_if(struct map *m, uint64_t key, const void *value); /* if that is what stands there */

struct group *group_new(struct alerts *al, const struct group_row *row);
/* A group leaves memory when it is resolved, told, and its source has ended. Its rows stay. */
void group_let_go(struct alerts *al, struct group *g);
void group_set_state(struct alerts *al, struct group *g, enum group_state to);
struct alert *alert_add(struct alerts *al, struct group *g, uint64_t fingerprint);
void alert_pack(struct alert *al, const struct labels *labels, const struct labels *annotations, struct str url);
void alert_set_firing(struct alerts *al, struct alert *a, bool firing);

/* What a delivery or the clock changes of one alert; many of one group are one row of alert_change. */
struct change {
	const struct alert_event *event;
	struct alert *alert; /* NULL: new */
	bool whole;          /* texts changed too */
};
/* The row's body; {NULL} if it would be larger than a row may be. */
struct str changes_write(struct arena *a, const struct change *changes, size_t count);

struct alert_texts {
	struct labels labels, annotations;
	struct str url;
};
void alert_view(struct arena *a, const struct alert *al, struct alert_texts *out);

/* ---- alerts.c ---- */

/* Writes what changed and the group's next state, then applies both and sees to it that people are told. */
MUST_USE bool group_change(struct work *w, struct group *g, const struct change *changes, size_t count, int64_t firing_after, bool fires);
/* A group whose alerts end by themselves has a timer; an earlier end brings it forward with a second one. */
MUST_USE bool group_mind_ends(struct work *w, struct group *g, wall_ms ends_at);

/* ---- alert_view.c ---- */

/* Brings g->sum up to date; its common labels. */
const struct labels *group_sum_up(struct group *g);

/* ---- alert_note.c ---- */

/* Sees to it that the channel is told, unless the very same was told within a day. */
MUST_USE bool note_tell(struct work *w, struct delivery *d, const struct event *e);
