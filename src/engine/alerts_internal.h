/* engine/alerts_internal.h -- alerts in memory; shared by the files alert*.c only. */
#pragma once
#include "base/map.h"
#include "engine/alerts.h"
#include "ops/routing.h"
#include "ops/silence.h"

/* One alert in one group. What several routes take is there several times, as twins. Its labels, annotations and url lie in one
 * block: pairs of NUL-ended texts. */
struct alert {
	uint64_t fingerprint;
	uint64_t identity; /* of its source's: dedupe goes by it */
	uint64_t raw_labels, raw_content; /* hashes of the sender's bytes; 0: not seen since the start */
	struct group *group;
	struct alert *twin; /* the same alert in another group; a ring, itself if it is alone */
	struct tie *ties;   /* what it has to do with inhibition (inhibit.c) */
	wall_ms starts_at, ends_at;
	uint32_t index;     /* in its group: it stays what it is */
	uint32_t flaps_since; /* seconds since 2024: when it was first seen to begin, lately */
	uint8_t flaps;        /* how often it has begun to fire since then */
	bool firing;
	uint8_t quiet; /* of enum quiet: nobody is to be told of it */
	uint8_t label_count, annotation_count;
	char *texts;
};

enum quiet { QUIET_SILENCED = 1, QUIET_INHIBITED = 2 };
static inline bool alert_is_loud(const struct alert *a)
{
	return a->firing && !a->quiet;
}

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
	const struct route *route; /* NULL: the alerting file does not have it any more */
	struct alert **alerts;
	size_t count, room;
	int64_t firing, loud; /* loud: firing, and neither silenced nor inhibited */
	struct group_sum sum;
	uint64_t key_hash;
	int64_t outbox_id; /* 0: nothing waits to be told */
	int64_t outbox_fence; /* of its row; sending raises it */
	bool sending;      /* its message is on the way */
	bool has_turn;     /* its row waits for its channel's turn and is not brought forward */
	bool counted;      /* its coming was counted (storm.c) */
	bool dirty;        /* changed since */
	bool touched;      /* in alerts.touched */
	struct group *next_touched;
	wall_ms dirty_due; /* when the change is to be told */
	wall_ms hold_until; /* not told before */
	wall_ms told_at, outbox_due, timer_due; /* timer_due 0: no timer */
	int64_t detail_id; /* the outbox row that will tell its thread what changes still; 0: none */
	int64_t details;   /* all that are on the way there */
	wall_ms detail_at; /* when the thread was last told */
};

struct alerts {
	struct map by_key;   /* hash of receiver and group key -> the open group */
	struct map by_id;    /* home id -> group */
	struct map by_short; /* hash of the short id -> group */
	struct map by_alert; /* identity -> alert, one of the twins */
	struct map by_raw;   /* hash of source, group key and the sender's label bytes -> alert */
	struct map flapped[2]; /* identity -> flaps of an alert that is gone, packed; the young and the old */
	struct map buckets;  /* of inhibition */
	struct silence_kept **silences; /* those that are not forgotten yet; by their ids */
	size_t silence_count, silence_room;
	struct map digests;    /* id -> struct digest */
	struct map pulses;     /* channel id -> how many groups are new in it (storm.c) */
	bool clearing;         /* touching is off */
	struct group *touched; /* what happened elsewhere changed how they are to be told */
	wall_ms round_due;     /* of the timer that looks after reminders; 0: there is none */
	int64_t active, groups_firing, groups_acknowledged;
};

#define RESOLVE_AFTER (5 * MINUTE) /* Alertmanager's resolve_timeout: for alerts without endsAt, and after a restart */
#define KIND_ENDS "group_ends"     /* of timers */
#define KIND_SETTLE "group_settle"
#define KIND_SILENCE "silence"
#define KIND_ROUND "alert_round"

/* ---- alert_memory.c ---- */

/* Keys of the maps. Never 0. */
uint64_t hash_text(uint64_t h, struct str s);
uint64_t group_hash(struct str receiver, struct str group_key);
/* sender_key: what the source tells its alerts apart by, beside the fingerprint: an upstream group, a dedup key; "" for API v2. */
uint64_t alert_identity(int64_t source_id, struct str sender_key, uint64_t fingerprint);
uint64_t short_hash(struct str short_id);
void map_take_if(struct map *m, uint64_t key, const void *value); /* if that is what stands there */

struct group *group_new(struct alerts *al, const struct group_row *row);
/* A group leaves memory when it is resolved, told, and its source has ended. Its rows stay. */
void group_let_go(struct alerts *al, struct group *g);
void group_set_state(struct alerts *al, struct group *g, enum group_state to);
struct alert *alert_add(struct alerts *al, struct group *g, uint64_t identity, uint64_t fingerprint);
/* The twin that is in this group. NULL: none. first may be NULL. */
struct alert *alert_in(struct alert *first, const struct group *g);
struct alert *alert_firing(struct alert *first); /* The first twin that fires. NULL: none. */
void alert_pack(struct alert *al, const struct labels *labels, const struct labels *annotations, struct str url, struct str sender_key);
/* How often it has begun to fire lately, this time with them. a NULL: one that is new under this identity. */
unsigned alert_flaps(const struct alerts *al, const struct routing *r, const struct alert *a, uint64_t identity, wall_ms now, uint32_t *since);
void alert_set(struct alerts *al, struct alert *a, bool firing, uint8_t quiet);
void alert_requiet(struct alerts *al, struct alert *a); /* asks silences and inhibition anew; touches its group if that changes it */
/* The value of a label, read in place; "" if it is not there. */
struct str alert_label(const struct alert *a, const char *name);
bool alert_fits(const struct matchers *m, const struct alert *a);
/* Someone else's doing changed how a group is to be told; alerts_tell_touched() sees to it. */
void group_touch(struct alerts *al, struct group *g);

/* What a delivery or the clock changes of one alert; many of one group are one row of alert_change. */
struct change {
	const struct alert_event *event;
	struct alert *alert; /* NULL: new */
	bool whole;          /* texts changed too */
	int64_t source_id;   /* with the next: who sent it; part of a whole change */
	struct str sender_key;
};
/* The row's body; {NULL} if it would be larger than a row may be. */
struct str changes_write(struct arena *a, const struct change *changes, size_t count);

bool hex64(struct str s, uint64_t *out);

struct alert_texts {
	struct labels labels, annotations;
	struct str url, sender_key;
};
void alert_view(struct arena *a, const struct alert *al, struct alert_texts *out);

/* ---- alerts.c ---- */

/* Writes what changed and the group's next state, then applies both and sees to it that people are told. */
MUST_USE bool group_change(struct work *w, struct group *g, const struct change *changes, size_t count, int64_t firing_after, bool fires);
/* A group whose alerts end by themselves has a timer; an earlier end brings it forward with a second one. */
MUST_USE bool group_mind_ends(struct work *w, struct group *g, wall_ms ends_at);

/* ---- alert_tell.c ---- */

/* Sees to it that the group's message will show its present state. effects: of enum group_effect. */
MUST_USE bool group_tell(struct work *w, struct group *g, unsigned effects, struct err *err);
/* What changed is told in the thread of a message that is there: at once, and then at most every group_interval. */
MUST_USE bool group_detail(struct work *w, struct group *g, int64_t change_id);
/* Tells the groups that were touched by what happened elsewhere: a silence ended, what inhibited them is over. */
MUST_USE bool alerts_tell_touched(struct work *w);
MUST_USE bool alerts_mind_reminders(struct work *w);
/* The one timer that looks after all reminders stands at the soonest. */
MUST_USE bool alerts_remind_at(struct work *w, wall_ms due);
/* Is nobody to be told of it for now: all of it silenced or inhibited, or its route is mute? *until: when to look again, 0: when
 * something happens. */
bool group_is_quiet(const struct group *g, wall_ms now, wall_ms *until);

/* ---- inhibit.c ---- */

void inhibit_tie(struct alerts *al, const struct routing *r, struct alert *a); /* it fires, with new labels maybe */
void inhibit_untie(struct alerts *al, struct alert *a);
void inhibit_clear(struct alerts *al); /* when no alert is tied */
bool inhibit_holds(const struct alert *a); /* is it inhibited now? */
/* An alert that inhibits it. NULL: none. */
const struct alert *inhibit_by(const struct alert *a);

/* ---- storm.c ---- */

/* A group is to be told for the first time: does a digest tell of it? It is then that one's. */
MUST_USE bool storm_takes(struct work *w, struct group *g, bool *taken);
/* A group of a digest changed: the digest's message will show it. */
MUST_USE bool digest_tell(struct work *w, int64_t digest_id, bool at_once);
/* Those that nobody has answered are said again; *next: when to look again, if that is sooner. */
MUST_USE bool storms_remind(struct work *w, wall_ms *next);
bool storm_reminder_render(struct work *w, const struct due_row *row, struct chat_post *post);
void digest_put_off(struct work *w, const struct due_row *row, wall_ms due);
MUST_USE bool digests_load(struct engine *e, struct arena *a, struct err *err);
void digests_clear(struct alerts *al);
int64_t digest_message(const struct alerts *al, int64_t digest_id); /* 0: not told yet, or over */
void storms_carry_over(struct alerts *al, struct alerts *old); /* after a reload */
void digest_forget(struct alerts *al, struct group *g); /* it leaves memory */

/* One that would inhibit an alert with these labels. NULL: none. */
const struct alert *inhibit_would(const struct alerts *al, const struct routing *r, const struct labels *labels);

/* ---- silences.c ---- */

struct silence_kept {
	struct silence s; /* its texts are in the arena */
	struct arena arena;
	bool warned;      /* that it will end */
	int64_t hushed;   /* alerts that it kept quiet, since the start of the daemon */
};

bool silences_hush(const struct alerts *al, const struct alert *a); /* does an active one fit it? */
/* The next that does, from *at on; for (size_t at = 0; (s = silences_next(al, a, &at));) */
const struct silence *silences_next(const struct alerts *al, const struct alert *a, size_t *at);
void silences_count(struct alerts *al, const struct alert *a); /* it began to fire */
MUST_USE bool silences_load(struct engine *e, struct arena *a, wall_ms now, struct err *err);
void silences_clear(struct alerts *al);
void silences_carry_over(struct alerts *al, const struct alerts *old); /* after a reload */

/* ---- alert_view.c ---- */

/* Brings g->sum up to date; its common labels. */
const struct labels *group_sum_up(struct group *g);
bool counts_for_common(const struct group *g, const struct alert *a); /* it fires, or none does */
size_t members_counting(const struct group *g);
/* The first member that counts: its links and annotations stand for the group. */
void group_lead(struct arena *a, const struct group *g, struct alert_texts *out);
/* One alert is called by its summary; several by their name. */
struct str group_title(struct arena *a, const struct group *g, const struct labels *common);
struct str user_mention(struct arena *a, int64_t user_id);
struct str group_acker(struct arena *a, const struct group_row *r); /* who acknowledged, as mrkdwn */
struct str source_name(struct work *w, int64_t source_id); /* "" for what came without a source */

/* ---- alert_template.c ---- */

/* A template's words, as mrkdwn. false: there is none for it; or it failed, and *why says so. */
bool template_words(struct work *w, struct arena *a, struct group *g, struct str *title, struct str *text, struct str *why);
/* Labels of the leading alert, with those that only routes see. */
struct labels group_route_labels(struct work *w, struct group *g);
/* The service of a group. NULL: none. */
const struct service *group_service(struct work *w, struct group *g);

/* ---- alert_message.c ---- */

/* One member as a line of mrkdwn, without the labels that all have in common. */
struct str alert_line(struct arena *a, const struct alert *alert, const struct labels *common);
const char *group_emoji(const struct group *g);
struct str group_title_now(struct arena *a, struct group *g);
/* What the group is made by; what its members have in common where its key does not say. Valid until the group changes. */
void group_labels(struct arena *a, struct group *g, struct labels *out);

/* ---- alert_note.c ---- */

/* Sees to it that the channel is told, unless the very same was told within a day. */
MUST_USE bool note_tell(struct work *w, struct delivery *d, const struct event *e);
