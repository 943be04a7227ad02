/* Where an alert would go, and which rules make noise. */
#include "commands/cmd.h"
#include "engine/alerts.h"
#include "ops/routing.h"
#include "ops/text.h"

/* ---- route ---- */

static bool read_labels(struct call *call, struct labels *out)
{
	struct matchers m = {0};
	bool ok = true;

	*out = (struct labels){arena_alloc(call->work->arena, LINE_MAX_WORDS * sizeof *out->items), 0};
	for (size_t i = 1; i < call->line.count && ok; i++)
		ok = matchers_parse(call->work->arena, &m, call->line.words[i], &call->err);
	for (size_t i = 0; i < m.count && ok; i++) {
		if (m.items[i].op != MATCHER_EQUAL) {
			err_set(&call->err, ERR_INVALID, "a label has one value: " STR_FMT "=value", STR_ARG(str_clip(m.items[i].name, 60)));
			ok = false;
		}
		out->items[out->count++] = (struct label){m.items[i].name, m.items[i].value};
	}
	matchers_done(&m);
	*out = routing_labels(call->work->arena, out, S(""), S(""));
	return ok;
}

bool cmd_route(struct call *call)
{
	const struct routing *r = call->work->engine->routing;
	struct json_out o = json_out(&call->data);
	struct labels labels;

	if (!read_labels(call, &labels))
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
