/* store/alerts.h -- rows of alert groups and of what changed in them. */
#pragma once
#include "ops/alert.h"
#include "store/db.h"

struct group_row {
	int64_t id, workspace_id, source_id, channel_id;
	struct str group_key, short_id, title, external_url;
	enum group_state state;
	enum severity severity;
	wall_ms opened, changed;
	int64_t acked_by, resolved_by; /* users; 0: nobody, the source */
	wall_ms acked, resolved;
	bool held;          /* resolved by hand while the source still fires */
	int64_t message_ts; /* its message in the channel; 0: not told yet */
	struct str receiver; /* of the alerting file */
	wall_ms noticed;     /* when people were last told by a message of its own, which a change of one is not */
	bool flapping;       /* one of its alerts comes and goes: its end waits until it keeps still */
	int64_t digest_id;   /* the digest that tells of it; 0: it has a message of its own */
	struct str rule;     /* the alert rule: alertname, or else the first title */
};

MUST_USE bool store_group_add(struct db *db, const struct group_row *g, struct err *err);
MUST_USE bool store_group_set(struct db *db, const struct group_row *g, struct err *err);
MUST_USE bool store_group_told(struct db *db, int64_t id, int64_t message_ts, wall_ms noticed, struct err *err);
bool store_group_find(struct db *db, struct arena *a, int64_t id, struct group_row *out, struct err *err);
/* Those that live in memory: firing, acknowledged, held. */
MUST_USE bool store_group_open(struct db *db, struct arena *a, int64_t workspace_id, struct group_row **out, size_t *count, struct err *err);
MUST_USE bool store_group_recent(struct db *db, struct arena *a, int64_t workspace_id, unsigned limit, struct group_row **out, size_t *count, struct err *err);

/* What changed together, as JSON written and read by the engine. */
MUST_USE bool store_change_add(struct db *db, int64_t group_id, int64_t change_id, wall_ms at, struct str body, struct err *err);
struct change_row {
	int64_t id;
	wall_ms at;
	struct str body;
};
MUST_USE bool store_change_list(struct db *db, struct arena *a, int64_t group_id, struct change_row **out, size_t *count, struct err *err);
/* From one on, that one with them. */
MUST_USE bool store_change_list_from(struct db *db, struct arena *a, int64_t group_id, int64_t change_id, unsigned limit, struct change_row **out, size_t *count, struct err *err);
MUST_USE bool store_change_drop_before(struct db *db, int64_t group_id, int64_t change_id, struct err *err);

struct digest_row {
	int64_t id, channel_id, message_ts, total;
	wall_ms opened;
};
MUST_USE bool store_group_digest(struct db *db, int64_t group_id, int64_t digest_id, struct err *err);
MUST_USE bool store_digest_add(struct db *db, int64_t workspace_id, const struct digest_row *d, struct err *err);
MUST_USE bool store_digest_set(struct db *db, const struct digest_row *d, bool open, struct err *err);
MUST_USE bool store_digest_list(struct db *db, struct arena *a, int64_t workspace_id, struct digest_row **out, size_t *count, struct err *err); /* open ones */

/* What was deployed or changed, by service; the newest first. */
struct service_change {
	wall_ms at;
	struct str title, url, source;
};
MUST_USE bool store_service_change_add(struct db *db, int64_t workspace_id, int64_t id, struct str service, const struct service_change *c, struct err *err);
MUST_USE bool store_service_change_last(struct db *db, struct arena *a, int64_t workspace_id, struct str service, wall_ms since, unsigned limit, struct service_change **out,
					size_t *count, struct err *err);
MUST_USE bool store_service_change_purge(struct db *db, wall_ms before, struct err *err);

/* What one alert rule did since a group's id: groups, and how many of them were acknowledged, resolved by hand, and ended by
 * themselves in less than short_under with nobody answering. The most frequent first. */
struct noise_row {
	struct str rule;
	int64_t groups, acked, by_hand, short_lived;
	wall_ms last;
	int64_t talked; /* groups in whose thread a person wrote */
};
MUST_USE bool store_noise(struct db *db, struct arena *a, int64_t workspace_id, int64_t since_id, span_ms short_under, unsigned limit, struct noise_row **out, size_t *count,
			  struct err *err);
