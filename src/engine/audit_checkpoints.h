/* engine/audit_checkpoints.h -- signs the audit trail: CHECKPOINT_EVERY after something new, and at the end. */
#pragma once
#include "engine/engine.h"

#define KIND_CHECKPOINT "audit_checkpoint"
#define CHECKPOINT_EVERY (5 * MINUTE)

/* The timer. */
MUST_USE bool checkpoint_run(struct work *w, wall_ms *again_at);
/* After an item: if it wrote into the audit trail and no timer waits, one does. */
MUST_USE bool checkpoint_arm(struct work *w, uint64_t audits_before);
/* At the start, when the workspace is known. */
void checkpoint_start(struct engine *e);
/* At the end, with no thread at work. */
void checkpoint_at_stop(struct engine *e);
