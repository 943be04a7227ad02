#include "ops/run.h"

static const char *const names[] = {
	[RUN_QUEUED] = "queued", [RUN_RUNNING] = "running",     [RUN_WAITING] = "waiting", [RUN_DONE] = "done",           [RUN_FAILED] = "failed",
	[RUN_TIMED_OUT] = "timed_out", [RUN_CANCELLED] = "cancelled", [RUN_UNKNOWN] = "unknown",
};

const char *run_state_name(enum run_state s)
{
	return names[s];
}

bool run_state_parse(struct str text, enum run_state *out)
{
	for (size_t i = RUN_QUEUED; i < COUNT_OF(names); i++)
		if (str_is(text, names[i])) {
			*out = (enum run_state)i;
			return true;
		}
	return false;
}

span_ms run_again_after(int tries)
{
	static const span_ms waits[RUN_TRIES_MAX] = {10 * SECOND, MINUTE, 5 * MINUTE};

	return tries < RUN_TRIES_MAX ? waits[tries] : 0;
}
