/* store/aliases.h -- rows of aliases: words that stand for a command line. */
#pragma once
#include "base/time.h"
#include "store/db.h"

enum alias_scope { ALIAS_USER = 1, ALIAS_CHANNEL, ALIAS_SITE };

struct alias {
	int64_t workspace_id;
	struct str name, line;
	enum alias_scope scope;
	int64_t owner_id; /* the person, the channel, the workspace */
	int64_t created_by;
	wall_ms created;
};

MUST_USE bool store_alias_put(struct db *db, const struct alias *a, struct err *err); /* in the place of the owner's of that name */
MUST_USE bool store_alias_drop(struct db *db, const struct alias *a, struct err *err); /* by name and owner; ERR_NOT_FOUND */
/* The person's, else the channel's, else everybody's. false with ERR_NONE: there is none. */
bool store_alias_find(struct db *db, struct arena *a, int64_t workspace_id, struct str name, int64_t user_id, int64_t channel_id, struct alias *out, struct err *err);
/* Of all three, by name. channel_id 0: of no channel. */
MUST_USE bool store_alias_list(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, int64_t channel_id, struct alias **out, size_t *count, struct err *err);
