/* store/apps.h -- rows of apps (ops/app.h), and of who hears of what. */
#pragma once
#include "ops/app.h"
#include "ops/model.h"
#include "store/db.h"

#define APPS_MAX 200 /* in a workspace */

/* Takes the name of the app (directory kind "app"). ERR_CONFLICT. */
MUST_USE bool store_app_add(struct db *db, const struct app *app, struct err *err);
MUST_USE bool store_app_set(struct db *db, const struct app *app, struct err *err); /* its manifest; it gets events again */
MUST_USE bool store_app_failed(struct db *db, const struct app *app, struct err *err); /* failed and stopped */
bool store_app_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct app *out, struct err *err);
bool store_app_scopes(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, int64_t *bot_user, struct str *bot, struct str *user);
MUST_USE bool store_app_list(struct db *db, struct arena *a, int64_t workspace_id, struct app **out, size_t *count, struct err *err);
/* With its tokens, those of people too, its bot, its webhook, and the names that it took. */
MUST_USE bool store_app_drop(struct db *db, const struct app *app, struct str bot_name, wall_ms now, struct err *err);

/* Who lets it act for them, by which token; its bot is among them once somebody came by OAuth. */
#define GRANTS_MAX 1000 /* of an app */
struct app_grant {
	int64_t app_id, user_id, token_id;
	struct str scopes; /* these; "": all that the app may */
};
MUST_USE bool store_grant_add(struct db *db, int64_t workspace_id, const struct app_grant *g, wall_ms now, struct err *err);
MUST_USE bool store_grant_set(struct db *db, int64_t workspace_id, const struct app_grant *g, struct err *err); /* its scopes */
bool store_grant_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t token_id, struct app_grant *out, struct err *err);
MUST_USE bool store_grant_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct app_grant **out, size_t *count, struct err *err);
/* A webhook of its own, called as the app. Without a name it is the one that OAuth gives for its channel, and found again. */
MUST_USE bool store_app_webhook(struct db *db, const struct app *app, struct webhook *w, wall_ms now, struct err *err);

/* What its manifest subscribes to and which commands are its own; what was before is forgotten. ERR_CONFLICT: a command is another app's. */
MUST_USE bool store_app_offers(struct db *db, const struct app *app, const struct app_manifest *before, const struct app_manifest *now, struct err *err);
struct app_hearer {
	int64_t app_id, user_id; /* its bot */
	bool for_people;         /* on behalf of who lets it (user_events) */
};
/* In the order of apps; what an app hears itself before what it hears for others. */
MUST_USE bool store_app_hearers(struct db *db, struct arena *a, int64_t workspace_id, struct str event, struct app_hearer **out, size_t *count, struct err *err);
bool store_app_by_command(struct db *db, struct arena *a, int64_t workspace_id, struct str command, struct app *out, struct err *err);
