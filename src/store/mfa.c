#include "store/mfa.h"

bool store_mfa_find(struct db *db, struct arena *a, int64_t workspace_id, int64_t user_id, struct mfa *out, struct err *err)
{
	struct rows rows = db_rows(db, Q_MFA_GET, B_INT(workspace_id), B_INT(user_id));
	bool found = rows_next(&rows);

	if (found)
		*out = (struct mfa){.workspace_id = workspace_id,
				    .user_id = user_id,
				    .sealed = arena_dup(a, rows_str(&rows, 0)),
				    .created = rows_int(&rows, 1),
				    .confirmed = rows_int(&rows, 2),
				    .last_step = rows_int(&rows, 3),
				    .wrong = (unsigned)rows_int(&rows, 4),
				    .wrong_since = rows_int(&rows, 5)};
	return rows_end(&rows, err) && found;
}

bool store_mfa_put(struct db *db, const struct mfa *m, struct err *err)
{
	return db_run(db, Q_MFA_DROP, err, B_INT(m->workspace_id), B_INT(m->user_id)) && db_run(db, Q_MFA_ADD, err, B_INT(m->workspace_id), B_INT(m->user_id), B_STR(m->sealed), B_INT(m->created),
												B_INT(m->confirmed), B_INT(m->last_step), B_INT(m->wrong), B_INT(m->wrong_since));
}

bool store_mfa_set(struct db *db, const struct mfa *m, struct err *err)
{
	return db_run(db, Q_MFA_SET, err, B_INT(m->confirmed), B_INT(m->last_step), B_INT(m->wrong), B_INT(m->wrong_since), B_INT(m->workspace_id), B_INT(m->user_id));
}

bool store_mfa_drop(struct db *db, int64_t workspace_id, int64_t user_id, struct err *err)
{
	return db_run(db, Q_MFA_DROP, err, B_INT(workspace_id), B_INT(user_id)) && db_run(db, Q_RECOVERY_DROP, err, B_INT(workspace_id), B_INT(user_id)) &&
	       db_run(db, Q_SESSION_MFA_DROP, err, B_INT(workspace_id), B_INT(user_id)) && db_run(db, Q_TOKEN_MFA_DROP, err, B_INT(workspace_id), B_INT(user_id));
}

bool store_recovery_add(struct db *db, int64_t workspace_id, int64_t user_id, struct str hash, struct err *err)
{
	return db_run(db, Q_RECOVERY_ADD, err, B_INT(workspace_id), B_INT(user_id), B_STR(hash));
}

bool store_recovery_use(struct db *db, int64_t workspace_id, int64_t user_id, struct str hash, wall_ms now, struct err *err)
{
	return db_run(db, Q_RECOVERY_USE, err, B_INT(now), B_INT(workspace_id), B_INT(user_id), B_STR(hash)) && db_changed(db);
}

int64_t store_recovery_left(struct db *db, int64_t workspace_id, int64_t user_id)
{
	struct rows rows = db_rows(db, Q_RECOVERY_LEFT, B_INT(workspace_id), B_INT(user_id));
	int64_t left = rows_next(&rows) ? rows_int(&rows, 0) : 0;
	struct err ignored = {0};

	return rows_end(&rows, &ignored) ? left : 0;
}

bool store_session_mfa(struct db *db, int64_t workspace_id, struct str hash, wall_ms at, struct err *err)
{
	return db_run(db, Q_SESSION_MFA, err, B_INT(at), B_INT(workspace_id), B_STR(hash));
}

bool store_token_mfa(struct db *db, int64_t workspace_id, int64_t token_id, wall_ms at, struct err *err)
{
	return db_run(db, Q_TOKEN_MFA, err, B_INT(at), B_INT(workspace_id), B_INT(token_id));
}
