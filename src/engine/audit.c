#include "engine/audit.h"

#include "store/audit.h"

bool audit_note(struct work *w, int64_t home_id, int64_t actor_id, const char *action, const char *via, struct str detail, const char *result, struct err *err)
{
	struct audit_record r = {.home_id = home_id,
				 .id = engine_id(w),
				 .workspace_id = w->engine->workspace_id,
				 .actor_id = actor_id,
				 .at = w->now,
				 .action = str_of(action),
				 .via = str_of(via),
				 .detail = detail,
				 .result = str_of(result)};

	return store_audit_add(w->engine->db, w->arena, &r, err);
}
