/* store/apps.h -- rows of apps (ops/app.h), and of who hears of what. */
#pragma once
#include "ops/app.h"
#include "store/db.h"

#define APPS_MAX 200 /* in a workspace */

/* Takes the name of the app (directory kind "app"). ERR_CONFLICT. */
MUST_USE bool store_app_add(struct db *db, const struct app *app, struct err *err);
MUST_USE bool store_app_set(struct db *db, const struct app *app, struct err *err); /* its manifest; it gets events again */
MUST_USE bool store_app_failed(struct db *db, const struct app *app, struct err *err); /* failed and stopped */
bool store_app_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct app *out, struct err *err);
bool store_app_scopes(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct str *bot, struct str *user);
MUST_USE bool store_app_list(struct db *db, struct arena *a, int64_t workspace_id, struct app **out, size_t *count, struct err *err);
/* With its tokens, those of people too, its bot, its webhook, and the names that it took. */
MUST_USE bool store_app_drop(struct db *db, const struct app *app, struct str bot_name, wall_ms now, struct err *err);

/* What its manifest subscribes to and which commands are its own; what was before is forgotten. ERR_CONFLICT: a command is another app's. */
MUST_USE bool store_app_offers(struct db *db, const struct app *app, const struct app_manifest *before, const struct app_manifest *now, struct err *err);
struct app_hearer {
	int64_t app_id, user_id; /* its bot */
};
MUST_USE bool store_app_hearers(struct db *db, struct arena *a, int64_t workspace_id, struct str event, struct app_hearer **out, size_t *count, struct err *err);
bool store_app_by_command(struct db *db, struct arena *a, int64_t workspace_id, struct str command, struct app *out, struct err *err);
