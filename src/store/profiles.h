/* store/profiles.h -- rows of what people tell of themselves, and of the groups that they are in. */
#pragma once
#include "ops/model.h"
#include "store/db.h"

struct profile {
	struct str display_name, title, phone, status_text, status_emoji;
	wall_ms status_until, snooze_until; /* 0: without an end; not snoozing */
	bool away;
};
/* All empty if there is none. */
MUST_USE bool store_profile_get(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct profile *out, struct err *err);
MUST_USE bool store_profile_put(struct db *db, int64_t workspace_id, int64_t user_id, const struct profile *p, struct err *err);

struct usergroup {
	int64_t id, workspace_id;
	struct str name, handle, about, channels;
	int64_t created_by, changed_by;
	wall_ms created, changed, deleted; /* deleted 0: it is in use */
};
/* Takes its handle. ERR_CONFLICT: it is taken. */
MUST_USE bool store_usergroup_add(struct db *db, const struct usergroup *g, struct err *err);
MUST_USE bool store_usergroup_set(struct db *db, const struct usergroup *g, struct str old_handle, struct err *err); /* the same */
bool store_usergroup_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t id, struct usergroup *out, struct err *err);
MUST_USE bool store_usergroup_list(struct db *db, struct arena *a, int64_t workspace_id, struct usergroup **out, size_t *count, struct err *err);
MUST_USE bool store_usergroup_members(struct db *db, struct arena *a, int64_t id, int64_t **out, size_t *count, struct err *err);
MUST_USE bool store_usergroup_fill(struct db *db, int64_t id, const int64_t *users, size_t count, struct err *err); /* those alone */
