/* engine/housekeeping.h -- once an hour: expired idempotency keys go, the bytes of files that nobody has, and the lines of old runs. */
#pragma once
#include "engine/engine.h"

bool housekeeping_run(struct work *w, wall_ms *again_at);
/* At the start: makes its timer if there is none. */
MUST_USE bool housekeeping_start(struct work *w);
