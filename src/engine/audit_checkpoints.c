#include "engine/audit_checkpoints.h"

#include "base/log.h"
#include "engine/engine_internal.h"
#include "store/audit.h"
#include "store/journal.h"

static bool make(struct work *w, struct audit_checkpoint *made)
{
	struct engine *e = w->engine;

	if (!store_audit_checkpoint(e->db, w->arena, e->workspace_id, w->now, &e->audit_seed, made, &w->err))
		return false;
	if (made->no)
		log_info(EV_AUDIT_CHECKPOINT, F_INT("no", made->no), F_INT("records", made->records), F_STR("hash", made->hash));
	return true;
}

bool checkpoint_run(struct work *w, wall_ms *again_at)
{
	struct audit_checkpoint made;

	if (!make(w, &made))
		return false;
	/* A trail that was never signed is signed in slices, so that nobody waits. */
	if (made.no && made.last_id < store_audit_last(w->engine->db, w->engine->workspace_id))
		*again_at = w->now;
	else
		w->engine->loop->checkpoint_waits = false;
	return true;
}

bool checkpoint_arm(struct work *w, uint64_t audits_before)
{
	struct engine *e = w->engine;

	if (e->loop->checkpoint_waits || db_count(e->db).audits == audits_before || !e->workspace_id)
		return true;
	effect_wake(w);
	e->loop->checkpoint_waits = store_due_add(e->db, DUE_TIMER, e->workspace_id, engine_id(w), w->now + CHECKPOINT_EVERY, KIND_CHECKPOINT, S(""), &w->err);
	return e->loop->checkpoint_waits;
}

void checkpoint_start(struct engine *e)
{
	e->loop->checkpoint_waits = store_timer_waits(e->db, e->workspace_id, KIND_CHECKPOINT);
	id_after(&e->ids, store_audit_last(e->db, e->workspace_id), wall_now());
}

static void stop_run(struct work *w, void *context)
{
	struct audit_checkpoint made;

	(void)context;
	do
		w->failed = !make(w, &made);
	while (!w->failed && made.no);
}

void checkpoint_at_stop(struct engine *e)
{
	struct err err = {0};

	if (e->workspace_id && !store_is_sick(e) && !engine_run_once(e, stop_run, NULL, &err))
		log_warn(EV_STORE_FAILED, F_TXT("error", err.text)); /* the next start signs it */
}
