/* engine/alerts.h -- the alerts that are open: taken in, kept, told, acknowledged, resolved.
 *
 * The present state lives in memory; every change of it is a row first (store/alerts.h), and the rows build it again at the
 * start. A repeat that changes nothing costs two hash look-ups and no write. Everything here is the work thread's.
 */
#pragma once
#include "engine/chat.h"
#include "ops/event.h"
#include "ops/matcher.h"
#include "store/alerts.h"

struct group; /* opaque: valid within the work item only */

MUST_USE bool alerts_reload(struct engine *e, struct err *err);
/* e->routing is another: alerts that are open stay in their groups, all else follows it. The old one may go then. */
MUST_USE bool alerts_use_routing(struct work *w);
void alerts_free(struct engine *e);
void alerts_count(struct engine *e, struct engine_counts *counts);

/* What a delivery did, for the answer and the log. */
struct delivery {
	int64_t source_id;    /* 0: Alertmanager's API without a key */
	struct str source_name, tool;
	int64_t channel_id;   /* the route's channel; 0: #sre-alerts, or #general where there is none */
	struct str body;
	struct json *json;    /* the body, if it was read already; NULL: not yet */
	int http_status;      /* on refusal: 400, 413, 415, 422 */
	struct str bad;       /* Alertmanager's sentence for members left out; "" */
	unsigned alerts, changed;
	const struct event *events; /* what a source's program made of the body; NULL: it was read by hand */
	size_t event_count;
};
/* POST /api/v2/alerts. false: refused as a whole; w->err and http_status say why. */
MUST_USE bool alerts_receive_v2(struct work *w, struct delivery *d);
/* POST /hooks/alertmanager/KEY. */
MUST_USE bool alerts_receive_webhook(struct work *w, struct delivery *d);

/* POST /hooks/TOOL/KEY: what a source's program made of a body. Alerts by their dedup key, each a group of its own; what is
 * only information is told once, as a message that nobody has to answer. Who acknowledges there acknowledges here. */
MUST_USE bool alerts_receive_events(struct work *w, struct delivery *d, const struct event *events, size_t count);

/* What its source calls the first alert of a group that fires; "" if none does. */
struct str alerts_dedup_key(struct work *w, const struct group *g);
/* Does its source say that it fires? Whatever people did with its group. */
bool alerts_fires(struct work *w, int64_t source_id, struct str dedup_key);
/* The open group of a source's dedup key. NULL: none. */
struct group *alerts_open_of(struct work *w, int64_t source_id, struct str dedup_key);

/* By short id, by long id, or by a title or alertname that only one open group has. ERR_NOT_FOUND, ERR_CONFLICT (several). */
struct group *alerts_find(struct work *w, struct str ref, struct err *err);
/* The short id of the open group whose message that is; "": none. */
struct str alerts_in_thread(struct work *w, int64_t channel_id, int64_t thread_ts);
/* user_id 0: the source says so. */
MUST_USE bool alerts_ack(struct work *w, struct group *g, int64_t user_id, struct err *err);
MUST_USE bool alerts_resolve(struct work *w, struct group *g, int64_t user_id, struct err *err);
const struct group_row *group_row(const struct group *g);
int64_t group_firing(const struct group *g);

/* For the outbox: fills the post from the group as it is now. false: there is nothing to tell. */
bool alerts_render(struct work *w, int64_t group_id, struct chat_post *post);
/* The message is out. */
MUST_USE bool alerts_told(struct work *w, int64_t group_id, int64_t message_ts);
void alerts_not_told(struct work *w, int64_t group_id);
struct due_row;
/* A row of the outbox could not be looked at; it is claimed until then. */
void alerts_put_off(struct work *w, const struct due_row *row, wall_ms due);
#define KIND_GROUP "alert_group" /* of outbox rows */
#define KIND_NOTE "note"
#define KIND_DETAIL "alert_detail"     /* what changed, in the thread of a group's message */
#define KIND_DIGEST "digest"
#define KIND_REMINDER "alert_reminder" /* that it still fires */
/* Says a sentence in a channel: mrkdwn. */
MUST_USE bool note_reply(struct work *w, int64_t channel_id, int64_t thread_ts, struct str text, struct err *err); /* in a thread */
/* To one person, whom the text mentions: in the channel (and thread) if they are in it, else as a direct message. Nothing if they are gone. */
MUST_USE bool note_person(struct work *w, int64_t user_id, int64_t channel_id, int64_t thread_ts, struct str text, struct err *err);
MUST_USE bool note_add(struct work *w, int64_t channel_id, struct str text, struct err *err);
bool note_render(struct work *w, const struct due_row *row, struct chat_post *post);
bool detail_render(struct work *w, const struct due_row *row, struct chat_post *post);
void detail_told(struct work *w, int64_t group_id, int64_t outbox_id);
bool digest_render(struct work *w, const struct due_row *row, struct chat_post *post);
MUST_USE bool digest_told(struct work *w, int64_t digest_id, int64_t message_ts);
void digest_not_told(struct work *w, int64_t digest_id);
/* Acknowledges all groups of a digest that still fire. *count: how many. ERR_NOT_FOUND, ERR_CONFLICT: none fires. */
MUST_USE bool digest_ack(struct work *w, int64_t digest_id, int64_t user_id, unsigned *count, struct err *err);
bool reminder_render(struct work *w, const struct due_row *row, struct chat_post *post);

/* Timers: a group whose alerts end by themselves; a flapping one that fell silent; the reminders of all groups. */
MUST_USE bool alerts_expire(struct work *w, int64_t group_id, wall_ms *again_at);
MUST_USE bool alerts_settle(struct work *w, int64_t group_id, wall_ms *again_at);
MUST_USE bool alerts_round(struct work *w, wall_ms *again_at);

/* ---- showing them ---- */
enum alerts_wanted { ALERTS_OPEN, ALERTS_FIRING, ALERTS_ACKNOWLEDGED, ALERTS_RESOLVED, ALERTS_ALL };
bool alerts_wanted_parse(struct str s, enum alerts_wanted *out);
/* A JSON list of groups as docs/api.md has them, newest first. */
MUST_USE bool alerts_write_groups(struct work *w, struct json_out *o, enum alerts_wanted wanted, unsigned limit, struct err *err);
/* One that is resolved and gone from memory, among the latest thousand, by its short or long id. false: none. */
bool alerts_write_past(struct work *w, struct json_out *o, struct str ref);
void alerts_write_group(struct work *w, struct json_out *o, struct group *g, bool members);
/* What a reader of Alertmanager's API wants to see. */
struct alerts_filter {
	const struct matchers *matchers; /* NULL: any */
	const struct regex *receiver;    /* NULL: any; it fits the whole name of one of the alert's receivers */
	bool active, silenced, inhibited; /* these are wanted too */
};
/* GET /api/v2/alerts: Alertmanager's gettable alerts, by fingerprint. ERR_INVALID: the matchers take too long. */
MUST_USE bool alerts_write_v2(struct work *w, struct json_out *o, const struct alerts_filter *filter, struct err *err);
/* GET /api/v2/alerts/groups: the same by groups, in the order of their labels. */
MUST_USE bool alerts_write_v2_groups(struct work *w, struct json_out *o, const struct alerts_filter *filter, struct err *err);
/* The channels that alerts go to, by name: the named one first (0: none), then the default, then those of the sources. */
MUST_USE bool alerts_receivers(struct work *w, int64_t first_channel_id, struct str **names, size_t *count, struct err *err);
/* Where alerts go that come without a source's key: #sre-alerts, or #general. false with ERR_NONE: there is neither. */
MUST_USE bool alerts_default_channel(struct work *w, int64_t *channel_id, struct err *err);
/* Where an alert with these labels would go, and whether it would be quiet now: an object as routing_write_taken() has it, with
 * silenced_by (uuids) and inhibited_by (a fingerprint). */
void alerts_write_would(struct work *w, struct json_out *o, const struct labels *labels, struct str source, struct str tool);
/* What the alert rules did in the last span, the most frequent first, with what to do about it: as JSON and as mrkdwn. */
MUST_USE bool alerts_noise(struct work *w, span_ms span, struct json_out *o, struct buf *text, struct err *err);
/* "*3 open*: ..." for chat; one line a group. */
struct str alerts_summary(struct work *w, enum alerts_wanted wanted, unsigned limit);
