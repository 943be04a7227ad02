/* Which alert rules make noise. */
#include "engine/alerts.h"
#include "ops/text.h"

#include <inttypes.h>

#define RULES_SHOWN 15
#define SHORT_LIVED (5 * MINUTE)
#define OFTEN 5 /* a rule that fired less often needs no advice */

/* What is worth saying of a rule; "" if nothing is. */
static struct str advice(const struct noise_row *r)
{
	int64_t answered = r->acked + r->by_hand + r->talked;

	if (r->groups < OFTEN)
		return S("");
	if (!answered && r->short_lived * 2 > r->groups)
		return S("nobody answers it and it ends by itself: give it a longer `for`, or drop it");
	if (!answered)
		return S("nobody answers it: silence it, lower its severity or drop it");
	if (r->short_lived * 2 > r->groups)
		return S("most end by themselves within 5 minutes: give it a longer `for`");
	if (r->acked * 2 > r->groups)
		return S("people answer it again and again: its cause wants mending");
	return S("");
}

static void put_row(struct json_out *o, const struct noise_row *r)
{
	json_open(o, '{');
	json_add_str(o, "rule", r->rule);
	json_add_int(o, "fired", r->groups);
	json_add_int(o, "acknowledged", r->acked);
	json_add_int(o, "resolved_by_hand", r->by_hand);
	json_add_int(o, "discussed", r->talked);
	json_add_int(o, "short_lived", r->short_lived);
	json_add_wall(o, "last", r->last);
	json_add_str(o, "advice", advice(r));
	json_close(o, '}');
}

static void say_row(struct arena *a, struct buf *b, const struct noise_row *r)
{
	struct str what = advice(r);

	buf_printf(b, "\n• *" STR_FMT "* fired %" PRId64 "×: %" PRId64 " acknowledged, %" PRId64 " resolved by hand, %" PRId64 " discussed, %" PRId64 " over within 5 min",
		   STR_ARG(mrkdwn_escape(a, r->rule)), r->groups, r->acked, r->by_hand, r->talked, r->short_lived);
	if (what.n)
		buf_printf(b, "\n    :bulb: " STR_FMT, STR_ARG(what));
}

bool alerts_noise(struct work *w, span_ms span, struct json_out *o, struct buf *text, struct err *err)
{
	struct noise_row *rows;
	size_t count;

	if (!store_noise(w->engine->db, w->arena, w->engine->workspace_id, id_first(w->now - span), SHORT_LIVED, 1000, &rows, &count, err))
		return false;
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		put_row(o, &rows[i]);
	json_close(o, ']');
	if (!count)
		buf_printf(text, "No alert in the last " STR_FMT ".", STR_ARG(span_write(w->arena, span)));
	else
		buf_printf(text, "*%zu alert rule%s* in the last " STR_FMT ", the most frequent first:", count, count == 1 ? "" : "s", STR_ARG(span_write(w->arena, span)));
	for (size_t i = 0; i < count && i < RULES_SHOWN; i++)
		say_row(w->arena, text, &rows[i]);
	return true;
}
