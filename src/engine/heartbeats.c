#include "engine/heartbeats.h"

#include "base/map.h"
#include "engine/alerts.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

struct beat {
	int64_t source_id;
	char *name;
	span_ms every;
	wall_ms heard;
};

struct heartbeats {
	struct map by_source;
};

static struct beat *beat_of(struct engine *e, int64_t source_id)
{
	return e->heartbeats ? map_get(&e->heartbeats->by_source, (uint64_t)source_id) : NULL;
}

static void beat_free(struct beat *b)
{
	mem_free(b->name);
	mem_free(b);
}

static void beat_put(struct map *beats, const struct source *s, wall_ms heard)
{
	struct beat *b = map_get(beats, (uint64_t)s->id);

	if (!s->heartbeat) {
		if (b)
			beat_free(map_take(beats, (uint64_t)s->id));
		return;
	}
	if (!b) {
		b = mem_new(sizeof *b);
		b->source_id = s->id;
		b->name = mem_dup(s->name);
		map_put(beats, (uint64_t)s->id, b);
	}
	if (b->every != s->heartbeat) /* said again it is no call */
		b->heard = heard;
	b->every = s->heartbeat;
}

static void beats_clear(struct map *beats)
{
	void *b;

	for (size_t i = 0; map_next(beats, &i, &b);)
		beat_free(b);
	map_done(beats);
}

bool heartbeats_load(struct engine *e, struct err *err)
{
	struct map beats = {0};
	struct source *list;
	struct arena a;
	size_t count;
	bool ok;

	if (!e->heartbeats)
		e->heartbeats = mem_new(sizeof *e->heartbeats);
	arena_init(&a);
	ok = store_source_list(e->db, &a, e->workspace_id, &list, &count, err);
	for (size_t i = 0; i < count && ok; i++) {
		const struct beat *before = beat_of(e, list[i].id);

		beat_put(&beats, &list[i], before ? before->heard : wall_now());
	}
	arena_done(&a);
	if (ok) {
		beats_clear(&e->heartbeats->by_source);
		e->heartbeats->by_source = beats;
	}
	return ok;
}

void heartbeats_free(struct engine *e)
{
	if (!e->heartbeats)
		return;
	beats_clear(&e->heartbeats->by_source);
	mem_free(e->heartbeats);
	e->heartbeats = NULL;
}

/* ---- late, and heard again ---- */

static struct str key_of(struct arena *a, const struct beat *b)
{
	return arena_printf(a, "heartbeat:%s", b->name);
}

/* Its alert fires. Asked of the alerts, so that it is so after a restart and after what was undone. */
static bool is_late(struct work *w, const struct beat *b)
{
	return alerts_fires(w, b->source_id, key_of(w->arena, b));
}

static bool say(struct work *w, const struct source *s, const struct beat *b, enum event_status status)
{
	struct arena *a = w->arena;
	char at[WALL_TEXT_SIZE];
	struct label labels[] = {{S("alertname"), S("Heartbeat")}, {S("heartbeat"), s->name}};
	struct delivery d = {.source_id = s->id, .source_name = s->name, .tool = s->tool, .channel_id = s->channel_id};
	struct event e = {.source = s->tool, .status = status, .severity = SEVERITY_CRITICAL, .dedup_key = key_of(a, b), .labels = {labels, COUNT_OF(labels)}};

	e.starts_at = status == EVENT_FIRING ? b->heard + b->every : 0; /* the same each time: resolved by hand, it stays quiet */
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
	bool same;

	work_touched_memory(w);
	if (b && !s->heartbeat && is_late(w, b) && !say(w, s, b, EVENT_RESOLVED)) {
		if (err != &w->err)
			*err = w->err;
		return false;
	}
	same = b ? b->every == s->heartbeat : !s->heartbeat;
	if (w->engine->heartbeats)
		beat_put(&w->engine->heartbeats->by_source, s, w->now);
	if (same && (!s->heartbeat || store_timer_waits(w->engine->db, s->id, KIND_HEARTBEAT)))
		return true;
	effect_wake(w);
	if (!store_timer_drop(w->engine->db, s->id, KIND_HEARTBEAT, err)) /* it may stand a month ahead */
		return false;
	return !s->heartbeat || store_due_add(w->engine->db, DUE_TIMER, s->id, engine_id(w), w->now + s->heartbeat, KIND_HEARTBEAT, S(""), err);
}

bool heartbeat_heard(struct work *w, int64_t source_id)
{
	struct beat *b = beat_of(w->engine, source_id);
	struct source s;

	if (!b)
		return true;
	if (is_late(w, b) && find_source(w, source_id, &s) && !say(w, &s, b, EVENT_RESOLVED))
		return false;
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
	return say(w, &s, b, EVENT_FIRING);
}
