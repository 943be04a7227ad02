#include "store/apps.h"

#include "store/chat.h"

#include <inttypes.h>
#include <stdio.h>

static struct app app_read(struct rows *r, struct arena *a)
{
	return (struct app){.id = rows_int(r, 0),
			    .workspace_id = rows_int(r, 1),
			    .user_id = rows_int(r, 2),
			    .owner_id = rows_int(r, 3),
			    .webhook_id = rows_int(r, 4),
			    .name = arena_dup(a, rows_str(r, 5)),
			    .manifest = arena_dup(a, rows_str(r, 6)),
			    .bot_scopes = arena_dup(a, rows_str(r, 7)),
			    .user_scopes = arena_dup(a, rows_str(r, 8)),
			    .created = rows_int(r, 9),
			    .changed = rows_int(r, 10),
			    .failed = rows_int(r, 11),
			    .stopped = rows_int(r, 12)};
}

bool store_app_add(struct db *db, const struct app *app, struct err *err)
{
	return store_name_take(db, app->workspace_id, "app", app->name, app->id, err) &&
	       db_run(db, Q_APP_ADD, err, B_INT(app->id), B_INT(app->workspace_id), B_INT(app->user_id), B_INT(app->owner_id), B_INT(app->webhook_id), B_STR(app->name),
		      B_STR(app->manifest), B_STR(app->bot_scopes), B_STR(app->user_scopes), B_INT(app->created), B_INT(app->changed));
}

bool store_app_set(struct db *db, const struct app *app, struct err *err)
{
	return db_run(db, Q_APP_SET, err, B_STR(app->manifest), B_STR(app->bot_scopes), B_STR(app->user_scopes), B_INT(app->changed), B_INT(app->workspace_id), B_INT(app->id));
}

bool store_app_failed(struct db *db, const struct app *app, struct err *err)
{
	return db_run(db, Q_APP_FAILED, err, B_INT(app->failed), B_INT(app->stopped), B_INT(app->workspace_id), B_INT(app->id));
}

bool store_app_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct app *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_APP_GET, B_INT(workspace_id), B_INT(app_id));
	bool found = rows_next(&rows);

	if (found)
		*out = app_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_app_scopes(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, int64_t *bot_user, struct str *bot, struct str *user)
{
	struct rows rows = db_rows(db, Q_APP_SCOPES, B_INT(workspace_id), B_INT(app_id));
	bool found = rows_next(&rows);
	struct err ignored = {0};

	if (found) {
		*bot = arena_dup(a, rows_str(&rows, 0));
		*user = arena_dup(a, rows_str(&rows, 1));
		*bot_user = rows_int(&rows, 2);
	}
	return rows_end_one(&rows, found, &ignored);
}

bool store_app_list(struct db *db, struct arena *a, int64_t workspace_id, struct app **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_APP_LIST, B_INT(workspace_id), B_INT(APPS_MAX));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct app *)vec_push(a, &v, sizeof(struct app)) = app_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

static bool name_drop(struct db *db, int64_t workspace_id, const char *kind, struct str name, struct err *err)
{
	return db_run(db, Q_DIRECTORY_DROP, err, B_INT(workspace_id), B_STR(str_of(kind)), B_STR(name));
}

bool store_app_drop(struct db *db, const struct app *app, struct str bot_name, wall_ms now, struct err *err)
{
	static const struct app_manifest nothing;
	char scopes[40], granted[40];

	snprintf(scopes, sizeof scopes, "app:user:%" PRId64, app->id);
	snprintf(granted, sizeof granted, "app:grant:%" PRId64, app->id);
	return store_app_offers(db, app, NULL, &nothing, err) && name_drop(db, app->workspace_id, "app", app->name, err) &&
	       name_drop(db, app->workspace_id, "user", bot_name, err) && name_drop(db, app->workspace_id, "webhook", app->name, err) &&
	       db_run(db, Q_WEBHOOK_DROP, err, B_INT(now), B_INT(app->workspace_id), B_INT(app->webhook_id)) &&
	       db_run(db, Q_USER_TOKENS_END, err, B_INT(now), B_INT(app->workspace_id), B_INT(app->user_id), B_STR(str_of(scopes)), B_STR(str_of(granted))) &&
	       db_run(db, Q_GRANT_APP_DROP, err, B_INT(app->workspace_id), B_INT(app->id)) && db_run(db, Q_WEBHOOK_APP_DROP, err, B_INT(now), B_INT(app->workspace_id), B_INT(app->id)) &&
	       db_run(db, Q_USER_DROP, err, B_INT(now), B_INT(app->workspace_id), B_INT(app->user_id)) && db_run(db, Q_VIEW_APP_DROP, err, B_INT(app->workspace_id), B_INT(app->id)) &&
	       db_run(db, Q_APP_DROP, err, B_INT(app->workspace_id), B_INT(app->id));
}

static bool take_command(struct db *db, const struct app *app, struct str command, struct err *err)
{
	struct err why = {0};

	if (store_name_take(db, app->workspace_id, "app_command", command, app->id, &why))
		return true;
	err_set(err, why.code, why.code == ERR_CONFLICT ? "the command " STR_FMT " belongs to another app" : "the command " STR_FMT " cannot be kept", STR_ARG(command));
	return false;
}

#define FOR_PEOPLE "~" /* before the name of what is heard on their behalf; sorts behind every name */

static bool hear(struct db *db, const struct app *app, struct str event, struct err *err)
{
	struct err why = {0};

	if (db_run(db, Q_APP_HEARS, &why, B_INT(app->workspace_id), B_STR(event), B_INT(app->id), B_INT(app->user_id)) || why.code == ERR_CONFLICT)
		return true; /* the same event named twice is heard once */
	*err = why;
	return false;
}

bool store_app_offers(struct db *db, const struct app *app, const struct app_manifest *before, const struct app_manifest *now, struct err *err)
{
	for (size_t i = 0; before && i < before->command_count; i++)
		if (!name_drop(db, app->workspace_id, "app_command", before->commands[i].command, err))
			return false;
	for (size_t i = 0; i < now->command_count; i++)
		if (!take_command(db, app, now->commands[i].command, err))
			return false;
	if (!db_run(db, Q_APP_DEAF, err, B_INT(app->workspace_id), B_INT(app->id)))
		return false;
	for (size_t i = 0; i < now->event_count; i++)
		if (!hear(db, app, now->events[i], err))
			return false;
	for (size_t i = 0; i < now->user_event_count; i++) {
		char name[64];

		snprintf(name, sizeof name, FOR_PEOPLE STR_FMT, STR_ARG(now->user_events[i]));
		if (!hear(db, app, str_of(name), err))
			return false;
	}
	return true;
}

bool store_app_hearers(struct db *db, struct arena *a, int64_t workspace_id, struct str event, struct app_hearer **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_APP_HEARERS, B_INT(workspace_id), B_STR(event), B_STR(arena_printf(a, FOR_PEOPLE STR_FMT, STR_ARG(event))));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct app_hearer *)vec_push(a, &v, sizeof(struct app_hearer)) =
			(struct app_hearer){rows_int(&rows, 0), rows_int(&rows, 1), str_starts(rows_str(&rows, 2), S(FOR_PEOPLE))};
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_app_by_command(struct db *db, struct arena *a, int64_t workspace_id, struct str command, struct app *out, struct err *err)
{
	int64_t id;

	return store_name_find(db, workspace_id, "app_command", command, &id, err) && store_app_find(db, a, workspace_id, id, out, err);
}

/* ---- who lets it act for them ---- */

static struct app_grant grant_read(struct rows *r, struct arena *a)
{
	return (struct app_grant){rows_int(r, 0), rows_int(r, 1), rows_int(r, 2), arena_dup(a, rows_str(r, 3))};
}

bool store_grant_add(struct db *db, int64_t workspace_id, const struct app_grant *g, wall_ms now, struct err *err)
{
	return db_run(db, Q_GRANT_ADD, err, B_INT(workspace_id), B_INT(g->app_id), B_INT(g->user_id), B_INT(g->token_id), B_STR(g->scopes), B_INT(now));
}

bool store_grant_set(struct db *db, int64_t workspace_id, const struct app_grant *g, struct err *err)
{
	return db_run(db, Q_GRANT_SET, err, B_STR(g->scopes), B_INT(workspace_id), B_INT(g->app_id), B_INT(g->user_id), B_INT(g->token_id));
}

bool store_grant_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t token_id, struct app_grant *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_GRANT_GET, B_INT(workspace_id), B_INT(token_id));
	bool found = rows_next(&rows);

	if (found)
		*out = grant_read(&rows, a);
	return rows_end_one(&rows, found, err);
}

bool store_grant_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t app_id, struct app_grant **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_GRANT_LIST, B_INT(workspace_id), B_INT(app_id), B_INT(GRANTS_MAX));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct app_grant *)vec_push(a, &v, sizeof(struct app_grant)) = grant_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

bool store_app_webhook(struct db *db, const struct app *app, struct webhook *w, wall_ms now, struct err *err)
{
	char name[60];

	snprintf(name, sizeof name, "%" PRId64 ":%" PRId64, app->id, w->channel_id);
	if (!w->name.n && store_name_find(db, app->workspace_id, "webhook", str_of(name), &w->id, err))
		return true;
	w->name = w->name.n ? w->name : str_of(name);
	return !err->code && store_webhook_add(db, w, now, err) && db_run(db, Q_WEBHOOK_OF_APP, err, B_INT(app->id), B_STR(app->name), B_INT(app->workspace_id), B_INT(w->id));
}
