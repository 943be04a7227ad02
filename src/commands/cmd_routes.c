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

	if (!routing_read_labels(call->work->arena, call->line.words + 1, call->line.count - 1, &labels, &call->err))
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
	struct str word = call->line.count > 1 ? call->line.words[1] : S("7d");
	span_ms span;

	if (!span_parse(word, &span) || span < HOUR || span > 366 * DAY) {
		err_set(&call->err, ERR_INVALID, "`" STR_FMT "` is no length of time: 1d, 7d, 4w (an hour to a year)", STR_ARG(str_clip(word, 60)));
		return false;
	}
	return alerts_noise(call->work, span, &o, &call->text, &call->err);
}
