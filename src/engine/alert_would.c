/* Where an alert would go that has not come. */
#include "engine/alerts_internal.h"

#include <inttypes.h>

static void put_silences(const struct alerts *al, const struct labels *labels, struct json_out *o)
{
	json_key(o, "silenced_by");
	json_open(o, '[');
	for (size_t i = 0; i < al->silence_count; i++) {
		const struct silence *s = &al->silences[i]->s;

		if (s->acted == SILENCE_ACTIVE && matchers_fit(&s->matchers, labels))
			json_put_str(o, s->uuid);
	}
	json_close(o, ']');
}

void alerts_write_would(struct work *w, struct json_out *o, const struct labels *labels, struct str source,
			struct str tool)
{
	const struct routing *r = w->engine->routing;
	struct labels with = routing_labels(w->arena, labels, source, tool);
	const struct alert *by = inhibit_would(w->engine->alerts, r, labels);

	json_open(o, '{');
	routing_write_taken(r, w->arena, &with, w->now, o);
	put_silences(w->engine->alerts, labels, o);
	if (by)
		json_add_str(o, "inhibited_by", arena_printf(w->arena, "%016" PRIx64, by->fingerprint));
	json_close(o, '}');
}
