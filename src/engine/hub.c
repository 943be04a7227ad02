/* Who listens: the streams of people by channel, by person, and by whom they watch. All of it is the net thread's. */
#include "base/json.h"
#include "engine/engine_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Messages that leave in one piece: as they are, and without our wrapping. */
struct telling {
	struct buf whole, bare;
};

struct stream_list {
	struct stream **items;
	size_t count, room;
	struct telling *gathered; /* of a channel: what is to leave; NULL: nothing */
	struct stream_list *next_gathered;
};

#define GATHERED_MOST (64 * KIB)

struct stream {
	conn_id conn;
	int64_t user_id;
	int64_t *channels;
	size_t count;
	bool bare; /* events without our wrapping */
	int64_t *watched; /* people, sorted */
	size_t watched_count;
};

static struct stream_list *list_of(struct map *m, int64_t key)
{
	struct stream_list *l = map_get(m, (uint64_t)key);

	if (!l) {
		l = mem_new(sizeof *l);
		map_put(m, (uint64_t)key, l);
	}
	return l;
}

static void list_add(struct map *m, int64_t key, struct stream *s)
{
	struct stream_list *l = list_of(m, key);

	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 4;
		l->items = mem_grow(l->items, l->room * sizeof *l->items);
	}
	l->items[l->count++] = s;
}

static void list_drop(struct map *m, int64_t key, const struct stream *s)
{
	struct stream_list *l = map_get(m, (uint64_t)key);

	for (size_t i = 0; l && i < l->count; i++)
		if (l->items[i] == s) {
			l->items[i] = l->items[--l->count];
			break;
		}
	if (l && !l->count) {
		map_take(m, (uint64_t)key);
		mem_free(l->items);
		mem_free(l);
	}
}

/* What engine/slack_json.c wraps: {"type":"event","channel":"C","seq":1,"event":{...}}. */
static struct str unwrapped(struct str json)
{
	size_t at;

	if (!str_starts(json, S("{\"type\":\"event\",")) || !str_find(json, S(",\"event\":{"), &at))
		return json;
	return str_n(json.p + at + 9, json.n - at - 10);
}

static void telling_init(struct telling *t)
{
	buf_init(&t->whole, SIZE_MAX / 2);
	buf_init(&t->bare, SIZE_MAX / 2);
}

static void telling_done(struct telling *t)
{
	buf_done(&t->whole);
	buf_done(&t->bare);
}

static void telling_add(struct telling *t, struct str json)
{
	ws_message_write(&t->whole, json);
	ws_message_write(&t->bare, unwrapped(json));
}

/* A send may close a connection and so change the list; going backwards, nobody is missed. */
static void tell(struct engine *e, const struct stream_list *l, const struct telling *t)
{
	struct ws_frame *whole = ws_frame_of(&t->whole), *bare = NULL;

	for (size_t i = l->count; i-- > 0;) {
		if (i >= l->count)
			continue;
		if (l->items[i]->bare && !bare)
			bare = ws_frame_of(&t->bare);
		ws_send(e->loop->server, l->items[i]->conn, l->items[i]->bare ? bare : whole);
	}
	ws_frame_release(whole);
	ws_frame_release(bare);
}

static void tell_all(struct engine *e, const struct stream_list *l, struct str json)
{
	struct telling t;

	if (!l || !l->count)
		return;
	telling_init(&t);
	telling_add(&t, json);
	tell(e, l, &t);
	telling_done(&t);
}

/* What a batch says in a channel leaves at its end in one piece: for a thousand who listen, a write each instead of one a message.
 * Before anything that could be told in the wrong order hub_flush() is called. */
static void gather(struct engine *e, int64_t channel_id, struct str json)
{
	struct stream_list *l = map_get(&e->loop->by_channel, (uint64_t)channel_id);

	if (!l)
		return;
	if (!l->gathered) {
		l->gathered = mem_new(sizeof *l->gathered);
		telling_init(l->gathered);
		l->next_gathered = e->loop->gathered;
		e->loop->gathered = l;
	}
	telling_add(l->gathered, json);
	if (l->gathered->whole.n > GATHERED_MOST)
		hub_flush(e);
}

void hub_flush(struct engine *e)
{
	struct stream_list *l;

	while ((l = e->loop->gathered)) {
		struct telling *t = l->gathered;

		e->loop->gathered = l->next_gathered;
		l->gathered = NULL;
		tell(e, l, t);
		telling_done(t);
		mem_free(t);
	}
}

void stream_bare(struct stream *s)
{
	s->bare = true;
}

bool stream_has_channel(const struct stream *s, int64_t channel_id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->channels[i] == channel_id)
			return true;
	return false;
}

static void stream_join(struct engine *e, struct stream *s, int64_t channel_id)
{
	if (stream_has_channel(s, channel_id))
		return;
	s->channels = mem_grow(s->channels, (s->count + 1) * sizeof *s->channels);
	s->channels[s->count++] = channel_id;
	list_add(&e->loop->by_channel, channel_id, s);
}

static void stream_leave(struct engine *e, struct stream *s, int64_t channel_id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->channels[i] == channel_id) {
			s->channels[i] = s->channels[--s->count];
			list_drop(&e->loop->by_channel, channel_id, s);
			return;
		}
}

/* How many streams a person has, for all threads to see; the first and the last are told to those who watch. */
static void count_presence(struct engine *e, int64_t user_id, int delta)
{
	struct loop_state *l = e->loop;
	struct arena a;
	intptr_t now;

	pthread_mutex_lock(&l->lock);
	now = (intptr_t)map_get(&l->present, (uint64_t)user_id) + delta;
	if (now > 0)
		map_put(&l->present, (uint64_t)user_id, (void *)now);
	else
		map_take(&l->present, (uint64_t)user_id);
	pthread_mutex_unlock(&l->lock);
	if (now > 1 || (now == 1 && delta < 0))
		return;
	arena_init(&a);
	tell_all(e, map_get(&l->by_watched, (uint64_t)user_id),
		 arena_printf(&a, "{\"type\":\"presence\",\"user\":\"" STR_FMT "\",\"presence\":\"%s\"}", STR_ARG(id_write(&a, 'U', user_id)), now ? "active" : "away"));
	arena_done(&a);
}

bool engine_present(struct engine *e, int64_t user_id)
{
	bool present;

	pthread_mutex_lock(&e->loop->lock);
	present = map_get(&e->loop->present, (uint64_t)user_id) != NULL;
	pthread_mutex_unlock(&e->loop->lock);
	return present;
}

struct stream *stream_open(struct engine *e, conn_id conn, int64_t user_id, const int64_t *channels, size_t count)
{
	struct stream *s = mem_new(sizeof *s);

	hub_flush(e); /* what was said before is not for this one */
	s->conn = conn;
	s->user_id = user_id;
	s->channels = mem_grow(NULL, count * sizeof *s->channels);
	for (size_t i = 0; i < count; i++) {
		s->channels[s->count++] = channels[i];
		list_add(&e->loop->by_channel, channels[i], s);
	}
	list_add(&e->loop->by_user, user_id, s);
	e->loop->streams++;
	count_presence(e, user_id, 1);
	return s;
}

void stream_close(struct engine *e, struct stream *s)
{
	if (!s)
		return;
	hub_flush(e);
	for (size_t i = 0; i < s->count; i++)
		list_drop(&e->loop->by_channel, s->channels[i], s);
	for (size_t i = 0; i < s->watched_count; i++)
		list_drop(&e->loop->by_watched, s->watched[i], s);
	list_drop(&e->loop->by_user, s->user_id, s);
	e->loop->streams--;
	count_presence(e, s->user_id, -1);
	mem_free(s->channels);
	mem_free(s->watched);
	mem_free(s);
}

/* ---- whose presence a stream is told ---- */

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static size_t sort_unique(int64_t *ids, size_t count)
{
	size_t n = 0;

	if (count)
		qsort(ids, count, sizeof *ids, by_number);
	for (size_t i = 0; i < count; i++)
		if (!n || ids[n - 1] != ids[i])
			ids[n++] = ids[i];
	return n;
}

/* One frame with those of `ids` who are (not) here. */
static void tell_presence(struct engine *e, conn_id conn, const int64_t *ids, size_t count, bool active)
{
	struct ws_frame *f;
	struct json_out o;
	struct arena a;
	struct buf b;
	size_t told = 0;

	arena_init(&a);
	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("presence"));
	json_add_str(&o, "presence", active ? S("active") : S("away"));
	json_key(&o, "users");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		if (engine_present(e, ids[i]) == active) {
			json_put_str(&o, id_write(&a, 'U', ids[i]));
			told++;
		}
	json_close(&o, ']');
	json_close(&o, '}');
	if (told) {
		f = ws_frame_new(buf_str(&b));
		ws_send(e->loop->server, conn, f);
		ws_frame_release(f);
	}
	buf_done(&b);
	arena_done(&a);
}

void stream_watch(struct engine *e, struct stream *s, int64_t *ids, size_t count)
{
	int64_t *old = s->watched, *added;
	size_t old_count = s->watched_count, added_count = 0, i = 0, k = 0;
	conn_id conn = s->conn;

	assert(count <= STREAM_WATCH_MAX);
	count = sort_unique(ids, count);
	added = mem_new((count + 1) * sizeof *added);
	while (i < old_count || k < count) {
		if (k == count || (i < old_count && old[i] < ids[k])) {
			list_drop(&e->loop->by_watched, old[i++], s);
		} else if (i == old_count || ids[k] < old[i]) {
			list_add(&e->loop->by_watched, ids[k], s);
			added[added_count++] = ids[k++];
		} else {
			i++;
			k++;
		}
	}
	s->watched = mem_new((count + 1) * sizeof *s->watched);
	s->watched_count = count;
	if (count)
		memcpy(s->watched, ids, count * sizeof *ids);
	mem_free(old);
	/* A send may end the stream: nothing of it is used from here on. */
	tell_presence(e, conn, added, added_count, true);
	tell_presence(e, conn, added, added_count, false);
	mem_free(added);
}

int64_t stream_user(const struct stream *s)
{
	return s->user_id;
}

unsigned streams_of_user(struct engine *e, int64_t user_id)
{
	struct stream_list *l = map_get(&e->loop->by_user, (uint64_t)user_id);

	return l ? (unsigned)l->count : 0;
}

void stream_publish_channel(struct engine *e, int64_t channel_id, struct str json)
{
	tell_all(e, map_get(&e->loop->by_channel, (uint64_t)channel_id), json);
}

void stream_publish_all(struct engine *e, struct str json)
{
	struct ws_frame *f = ws_frame_new(json);
	void *value;

	for (size_t i = 0; map_next(&e->loop->by_user, &i, &value);) {
		struct stream_list *l = value;

		for (size_t k = l->count; k-- > 0;)
			ws_send(e->loop->server, l->items[k]->conn, f);
	}
	ws_frame_release(f);
}

void hub_apply(struct engine *e, const struct effect *fx)
{
	struct loop_state *l = e->loop;
	struct stream_list *mine;

	if (fx->kind != FX_PUBLISH_CHANNEL && fx->kind != FX_CALL)
		hub_flush(e);
	switch (fx->kind) {
	case FX_PUBLISH_CHANNEL:
		gather(e, fx->a, fx->json);
		break;
	case FX_PUBLISH_USER:
		tell_all(e, map_get(&l->by_user, (uint64_t)fx->a), fx->json);
		break;
	case FX_PUBLISH_ALL:
		stream_publish_all(e, fx->json);
		break;
	case FX_JOIN:
	case FX_LEAVE:
		mine = map_get(&l->by_user, (uint64_t)fx->a);
		for (size_t i = 0; mine && i < mine->count; i++)
			(fx->kind == FX_JOIN ? stream_join : stream_leave)(e, mine->items[i], fx->b);
		break;
	case FX_CALL:
		fx->call(fx->context);
		break;
	}
}

static void lists_free(struct map *m)
{
	void *value;

	for (size_t i = 0; map_next(m, &i, &value);) {
		mem_free(((struct stream_list *)value)->items);
		mem_free(value);
	}
	map_done(m);
}

void hub_free(struct engine *e)
{
	lists_free(&e->loop->by_channel);
	lists_free(&e->loop->by_user);
	lists_free(&e->loop->by_watched);
	map_done(&e->loop->present);
}
