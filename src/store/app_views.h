/* store/app_views.h -- rows of what apps show to somebody: modals and home pages. */
#pragma once
#include "ops/app.h"
#include "ops/model.h"
#include "store/db.h"

enum app_view_kind { APP_VIEW_MODAL = 1, APP_VIEW_HOME };
#define APP_VIEW_LIFE DAY /* of a modal that nobody closes */

struct app_view {
	int64_t id, workspace_id, app_id, user_id;
	enum app_view_kind kind;
	int64_t root_id, previous_id; /* of a stack of modals; previous_id 0: the first */
	struct str external_id, hash;
	struct str body; /* the view as the app gave it, a JSON object */
	wall_ms changed;
};

/* Messages for one person alone with something to press: *m has channel_id, ts, bot_id, thread_ts, text, body. */
#define EPHEMERAL_LIFE DAY
MUST_USE bool store_ephemeral_add(struct db *db, int64_t user_id, const struct message *m, wall_ms now, struct err *err); /* ERR_CONFLICT: there is one of this ts */
MUST_USE bool store_ephemeral_set(struct db *db, int64_t user_id, const struct message *m, struct err *err);
bool store_ephemeral_find(struct db *db, struct arena *a, int64_t channel_id, int64_t user_id, int64_t ts, struct message *out, struct err *err);
MUST_USE bool store_ephemeral_drop(struct db *db, int64_t channel_id, int64_t user_id, int64_t ts, struct err *err);

MUST_USE bool store_view_add(struct db *db, const struct app_view *v, struct err *err);
MUST_USE bool store_view_set(struct db *db, const struct app_view *v, struct err *err); /* external_id, hash, body */
bool store_view_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t view_id, struct app_view *out, struct err *err);
bool store_view_by_external(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct str external_id, struct app_view *out, struct err *err);
bool store_view_home(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, int64_t user_id, struct app_view *out, struct err *err);
int64_t store_view_stack(struct db *db, const struct app_view *v); /* how many stand on its root, with it */
MUST_USE bool store_view_drop(struct db *db, const struct app_view *v, bool whole_stack, struct err *err);
MUST_USE bool store_views_purge(struct db *db, wall_ms before, struct err *err); /* modals, and messages for one person */
