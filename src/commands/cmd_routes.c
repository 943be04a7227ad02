/* Where an alert would go, and which rules make noise. */
#include "commands/cmd.h"
#include "engine/alerts.h"
#include "ops/routing.h"
#include "ops/text.h"

/* ---- route ---- */

bool cmd_route(struct call *call)
{
	const struct routing *r = call->work->engine->routing;
	struct json_out o = json_out(&call->data);
	struct labels labels;
	struct str *given;
	size_t count = call_texts(call, "labels", &given);

	if (!routing_read_labels(call->work->arena, given, count, &labels, &call->err))
		return false;
	json_open(&o, '{');
	routing_explain(r, call->work->arena, &labels, &o);
	json_close(&o, '}');
	buf_add(&call->text, routing_explain_text(r, call->work->arena, &labels));
	return true;
}

/* ---- noise ---- */

bool cmd_noise(struct call *call)
{
	struct json_out o = json_out(&call->data);
	span_ms span = call_number(call, "how-long", 7 * DAY);

	if (span < HOUR || span > 366 * DAY) {
		err_set(&call->err, ERR_INVALID, "the time is from an hour to a year: 1d, 7d, 4w");
		return false;
	}
	return alerts_noise(call->work, span, &o, &call->text, &call->err);
}
