/* Deploy locks, for pipelines to look at. To lock and unlock is a command like any other: POST /v1/commands. */
#include "api/handlers.h"
#include "engine/locks.h"

void v1_locks(struct exchange *x)
{
	struct str target = x_query(x, "target");
	struct json_out o;

	if (target.n && !lock_target_read(x_arena(x), target, &target, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "locks");
	if (locks_write(&x->work, &o, target, &x->err))
		json_close(&o, '}');
}
