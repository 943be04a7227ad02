#include "engine/heartbeats.h"

#include "base/map.h"
#include "engine/alerts.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

struct beat {
	int64_t source_id;
	span_ms every;
	wall_ms heard;
	bool late;
};

struct heartbeats {
	struct map by_source;
};

static struct beat *beat_of(struct engine *e, int64_t source_id)
{
	return e->heartbeats ? map_get(&e->heartbeats->by_source, (uint64_t)source_id) : NULL;
}

static void beat_put(struct engine *e, int64_t source_id, span_ms every, wall_ms now)
{
	struct beat *b = beat_of(e, source_id);

	if (!every) {
		if (b)
			mem_free(map_take(&e->heartbeats->by_source, (uint64_t)source_id));
		return;
	}
	if (!b) {
		b = mem_new(sizeof *b);
		b->source_id = source_id;
		map_put(&e->heartbeats->by_source, (uint64_t)source_id, b);
	}
	if (b->every != every) /* said again it is no call */
		b->heard = now;
	b->every = every;
}

bool heartbeats_load(struct engine *e, struct err *err)
{
	struct source *list;
	struct arena a;
	size_t count;
	bool ok;

	if (!e->heartbeats)
		e->heartbeats = mem_new(sizeof *e->heartbeats);
	arena_init(&a);
	ok = store_source_list(e->db, &a, e->workspace_id, &list, &count, err);
	for (size_t i = 0; i < count && ok; i++)
		beat_put(e, list[i].id, list[i].heartbeat, wall_now());
	for (size_t i = 0; i < count && ok; i++)
		if (list[i].heartbeat)
			beat_of(e, list[i].id)->late = true; /* it may have been: its call then ends what is open */
	arena_done(&a);
	return ok;
}

void heartbeats_free(struct engine *e)
{
	void *b;

	if (!e->heartbeats)
		return;
	for (size_t i = 0; map_next(&e->heartbeats->by_source, &i, &b);)
		mem_free(b);
	map_done(&e->heartbeats->by_source);
	mem_free(e->heartbeats);
	e->heartbeats = NULL;
}

/* ---- late, and heard again ---- */

static struct str key_of(struct arena *a, const struct source *s)
{
	return arena_printf(a, "heartbeat:" STR_FMT, STR_ARG(s->name));
}

static bool say(struct work *w, const struct source *s, const struct beat *b, enum event_status status)
{
	struct arena *a = w->arena;
	char at[WALL_TEXT_SIZE];
	struct label labels[] = {{S("alertname"), S("Heartbeat")}, {S("heartbeat"), s->name}};
	struct delivery d = {.source_id = s->id, .source_name = s->name, .tool = s->tool, .channel_id = s->channel_id};
	struct event e = {.source = s->tool, .status = status, .severity = SEVERITY_CRITICAL, .dedup_key = key_of(a, s), .labels = {labels, COUNT_OF(labels)}};

	e.title = arena_printf(a, STR_FMT " has not called for " STR_FMT, STR_ARG(s->name), STR_ARG(span_write(a, w->now - b->heard)));
	e.summary = arena_printf(a, "It must call every " STR_FMT "; it last did, as far as is known, at " STR_FMT ".", STR_ARG(span_write(a, b->every)),
				 STR_ARG(wall_write(at, b->heard)));
	return alerts_receive_events(w, &d, &e, 1);
}

static bool find_source(struct work *w, int64_t source_id, struct source *s)
{
	return store_source_find(w->engine->db, w->arena, w->engine->workspace_id, source_id, s, &w->err);
}

bool heartbeat_set(struct work *w, const struct source *s, struct err *err)
{
	struct beat *b = beat_of(w->engine, s->id);

	if (b && b->late && !s->heartbeat && !say(w, s, b, EVENT_RESOLVED))
		return false;
	if (w->engine->heartbeats)
		beat_put(w->engine, s->id, s->heartbeat, w->now);
	if (!s->heartbeat || store_timer_waits(w->engine->db, s->id, KIND_HEARTBEAT))
		return true;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, s->id, engine_id(w), w->now + s->heartbeat, KIND_HEARTBEAT, S(""), err);
}

bool heartbeat_heard(struct work *w, int64_t source_id)
{
	struct beat *b = beat_of(w->engine, source_id);
	struct source s;

	if (!b)
		return true;
	if (b->late && find_source(w, source_id, &s) && !say(w, &s, b, EVENT_RESOLVED))
		return false;
	b->late = false;
	b->heard = w->now;
	return w->err.code == ERR_NONE;
}

bool heartbeat_check(struct work *w, int64_t source_id, wall_ms *again_at)
{
	struct beat *b = beat_of(w->engine, source_id);
	struct source s;

	*again_at = 0;
	if (!b || !find_source(w, source_id, &s))
		return w->err.code == ERR_NONE;
	*again_at = b->heard + b->every;
	if (*again_at > w->now)
		return true;
	*again_at = w->now + b->every;
	b->late = true;
	return say(w, &s, b, EVENT_FIRING);
}
