#include "engine/housekeeping.h"
#include "engine/silences.h"

#include "engine/file_bytes.h"
#include "store/alerts.h"
#include "store/app_views.h"
#include "store/journal.h"
#include "store/runs.h"

#define RUNS_AT_ONCE 5 /* up to 8 MiB of lines each */

bool housekeeping_run(struct work *w, wall_ms *again_at)
{
	unsigned purged, dropped;
	bool more;

	if (!store_idempotency_purge(w->engine->db, w->arena, w->now, &purged, &w->err) || !file_bytes_sweep(w, &more, &w->err))
		return false;
	if (!store_service_change_purge(w->engine->db, w->now - 30 * DAY, &w->err) || !silences_forget(w))
		return false;
	if (!store_run_lines_purge(w->engine->db, w->arena, w->now - w->engine->config.runs_keep, RUNS_AT_ONCE, &dropped, &w->err))
		return false;
	if (!store_views_purge(w->engine->db, w->now - APP_VIEW_LIFE, &w->err))
		return false;
	*again_at = purged || more || dropped == RUNS_AT_ONCE ? w->now + SECOND : w->now + HOUR;
	return true;
}

bool housekeeping_start(struct work *w)
{
	if (store_timer_waits(w->engine->db, w->engine->workspace_id, "housekeeping"))
		return true;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, w->engine->workspace_id, engine_id(w), w->now + HOUR, "housekeeping", S(""), &w->err);
}
