/* Whole deliveries into a real engine: the bytes of POST /hooks/alertmanager/KEY and POST /api/v2/alerts, several after each
 * other (parted by a NUL), time going on between them. What is told of the groups must be JSON; the memory must count right;
 * the rows must build the same memory again. Nothing is kept: every input is undone. */
#include "../unit/engine_fixture.h"
#include "engine/alerts_internal.h"
#include "fuzz.h"

static struct room room;

static void close_room(void)
{
	room_close(&room);
}

static void need_json(struct arena *a, struct str s)
{
	struct err err = {0};

	need(json_parse(a, s, JSON_STRICT, &err) != NULL);
}

static void check_group(struct work *w, struct group *g)
{
	struct chat_post post = {0};
	int64_t firing = 0;
	struct json_out o;
	struct buf b;

	for (size_t i = 0; i < g->count; i++) {
		firing += g->alerts[i]->firing;
		need(g->alerts[i]->group == g);
	}
	need(firing == g->firing);
	need(g->row.state != GROUP_RESOLVED ? firing > 0 : firing == 0 || g->row.held);
	need(str_is_utf8(g->row.title) && g->row.title.n && g->row.short_id.n >= 4);
	arena_init(&post.arena);
	need(alerts_render(w, g->row.id, &post));
	need_json(w->arena, post.body);
	need(str_is_utf8(post.text));
	arena_done(&post.arena);
	buf_init(&b, 64 * MIB);
	o = json_out(&b);
	alerts_write_group(w, &o, g, true);
	need_json(w->arena, buf_str(&b));
	buf_done(&b);
}

/* What must be the same after a restart. */
static uint64_t memory_sum(struct alerts *al, bool check, struct work *w)
{
	int64_t firing = 0, acknowledged = 0, active = 0;
	uint64_t sum = 0;
	void *value;

	for (size_t i = 0; map_next(&al->by_id, &i, &value);) {
		struct group *g = value;

		if (check)
			check_group(w, g);
		firing += g->row.state == GROUP_FIRING;
		acknowledged += g->row.state == GROUP_ACKNOWLEDGED;
		active += g->firing;
		sum += hash_mix((uint64_t)g->row.id ^ hash_mix((uint64_t)g->firing ^ (uint64_t)g->row.state << 32));
		for (size_t k = 0; k < g->count; k++) {
			const struct alert *a = g->alerts[k];

			sum += hash_mix(a->fingerprint ^ hash_mix((uint64_t)a->starts_at + a->firing) ^
					hash_mix(a->label_count + 1000ull * a->annotation_count));
		}
	}
	need(al->groups_firing == firing && al->groups_acknowledged == acknowledged && al->active == active);
	return sum;
}

static bool deliver_all(struct work *w, void *context)
{
	struct str rest = *(struct str *)context, body;
	struct err err = {0};
	uint64_t before;

	while (rest.n) {
		struct delivery d = {
			.source_id = 7, .source_name = S("fuzz"), .channel_id = room.channel_id, .http_status = 0};
		bool ok;

		rest = str_cut(rest, '\0', &body);
		d.body = body;
		err_clear(&w->err);
		ok = str_starts(str_trim(body), S("[")) ? alerts_receive_v2(w, &d) : alerts_receive_webhook(w, &d);
		if (!ok) { /* refused as a whole: the item would be undone */
			need(w->err.code && w->err.text[0]);
			if (w->err.code == ERR_INVALID || w->err.code == ERR_TOO_MANY)
				need(d.http_status >= 400 && d.http_status < 500);
			return false;
		}
		need(d.bad.n == 0 || str_is_utf8(d.bad));
		w->now += 1700;
	}
	before = memory_sum(w->engine->alerts, true, w);
	need(alerts_reload(w->engine, &err));
	need(memory_sum(w->engine->alerts, false, w) == before);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0}, undone = {0};

	if (!room.e) {
		room_open(&room);
	room.e->routing->storm_groups = 0; /* each group has a message of its own */
		atexit(close_room);
	}
	(void)room_try(&room, deliver_all, &in, &undone);
	need(alerts_reload(room.e, &err));
	need(room.e->alerts->by_id.count == 0);
	free((char *)in.p);
	return 0;
}
