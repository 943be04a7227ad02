#include "ops/plan.h"

bool plan_first(wall_ms at, span_ms every, wall_ms now, bool late_ok, wall_ms *first, struct err *err)
{
	*first = at ? at : now + every;
	if (every && every < PLAN_EVERY_LEAST)
		err_set(err, ERR_INVALID, "--every is a minute at least");
	else if (every > PLAN_AHEAD_MOST || *first - now > PLAN_AHEAD_MOST)
		err_set(err, ERR_INVALID, "that is more than a year ahead");
	else if (*first < now && !late_ok)
		err_set(err, ERR_INVALID, "the time of --at has passed already");
	else if (*first < now)
		*first = now;
	return !err->code;
}

void plan_turn_at(wall_ms next, span_ms every, wall_ms now, struct plan_turn *out)
{
	int64_t passed = every ? (now - next) / every : 0;
	wall_ms last = next + passed * every;

	out->late = now - last;
	out->run = out->late < PLAN_LATE_MOST;
	out->missed = passed + !out->run;
	out->next = every ? last + every : 0;
}
