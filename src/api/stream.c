/* GET /stream: everything that happens in one's channels, in order, without a gap and without a double.
 *
 * The opening item reads what is missing while no other item runs; what is committed before it was published before, what
 * comes after it is published after. So the stream begins, on the net thread, exactly where the reading ended. */
#include "api/handlers.h"
#include "api/socket.h"
#include "engine/app_send.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "store/chat.h"

#include <stdio.h>

void socket_free(struct socket *s)
{
	if (s->link)
		app_link_close(s->link);
	stream_close(s->api->engine, s->stream);
	mem_free((void *)s->rtm_token.p);
	mem_free(s);
}

/* ---- accepting ---- */

static void accept_socket(struct exchange *x)
{
	struct socket *s = mem_new(sizeof *s);

	s->api = x->api;
	s->conn = x->request->conn;
	s->user_id = x->user.id;
	if (!ws_accept(x->api->server, s->conn, "", s))
		mem_free(s);
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request);
}

void stream_route(struct exchange *x)
{
	if (!x->request->wants_websocket)
		x_fail(x, ERR_INVALID, "this is a WebSocket: send an Upgrade request");
	else
		x->finish = accept_socket;
}

/* ---- opening: what is missing, then live ---- */

struct opening {
	struct work work;
	struct arena arena;
	struct socket *socket;
	struct json *wanted; /* {"C...": seq} */
	struct vec frames;   /* struct str */
	int64_t *channels;
	size_t count;
};

static void add_frame(struct opening *op, struct str frame)
{
	*(struct str *)vec_push(&op->arena, &op->frames, sizeof(struct str)) = frame;
}

static void add_reset(struct opening *op, const struct channel *c)
{
	add_frame(op, arena_printf(&op->arena, "{\"type\":\"reset\",\"channel\":\"" STR_FMT "\",\"seq\":%lld}", STR_ARG(channel_id_text(&op->arena, c)),
				   (long long)c->last_seq));
}

/* Messages and events of one channel behind `seq`, in the order of their numbers. */
static bool replay_channel(struct opening *op, const struct channel *c, int64_t seq)
{
	struct work *w = &op->work;
	unsigned most = op->socket->api->limits.stream_replay_max;
	struct message *m;
	struct channel_event *e;
	size_t nm, ne, i = 0, k = 0;

	if (seq >= c->last_seq) {
		if (seq > c->last_seq) /* a number that was never given: the client is of another store */
			add_reset(op, c);
		return true;
	}
	if (seq < 0 || c->last_seq - seq > most) {
		add_reset(op, c);
		return true;
	}
	if (!store_messages_since(w->engine->db, w->arena, c->id, seq, most, &m, &nm, &w->err) ||
	    !store_events_since(w->engine->db, w->arena, c->id, seq, most, &e, &ne, &w->err))
		return false;
	while (i < nm || k < ne) {
		bool message = i < nm && (k >= ne || m[i].seq < e[k].seq);

		if (message && m[i].deleted) {
			struct channel_event gone = {.channel_id = c->id, .seq = m[i].seq, .kind = EVENT_DELETED, .ref_ts = m[i].ts};

			add_frame(op, event_frame(w, c, &gone));
			i++;
		} else if (message) {
			add_frame(op, message_frame(w, c, &m[i++]));
		} else {
			add_frame(op, event_frame(w, c, &e[k++]));
		}
	}
	return true;
}

static struct str hello(struct opening *op, const struct channel *all, size_t count)
{
	struct buf b;
	struct json_out o;

	if (op->socket->rtm_token.n)
		return S("{\"type\":\"hello\"}");
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("hello"));
	json_add_str(&o, "user", id_write(&op->arena, 'U', op->socket->user_id));
	json_key(&o, "channels");
	json_open(&o, '{');
	for (size_t i = 0; i < count; i++) {
		json_key_str(&o, channel_id_text(&op->arena, &all[i]));
		json_put_int(&o, all[i].last_seq);
	}
	json_close(&o, '}');
	json_close(&o, '}');
	return buf_keep(&op->arena, &b);
}

static void open_run(struct work *w)
{
	struct opening *op = (struct opening *)w;
	struct membership *mine;
	struct channel *all;
	size_t count, n = 0;

	w->failed = true;
	if (!store_memberships(w->engine->db, w->arena, op->socket->user_id, &mine, &count, &w->err))
		return;
	all = arena_alloc(w->arena, (count + 1) * sizeof *all);
	op->channels = arena_alloc(w->arena, (count + 1) * sizeof *op->channels);
	for (size_t i = 0; i < count; i++)
		if (store_channel_find(w->engine->db, w->arena, mine[i].channel_id, &all[n], &w->err))
			op->channels[n++] = mine[i].channel_id;
	op->count = n;
	add_frame(op, hello(op, all, n));
	for (size_t i = 0; i < n; i++) {
		const struct json *seq = json_get(op->wanted, channel_id_text(w->arena, &all[i]).p);

		if (json_is(seq, JSON_INT) && !replay_channel(op, &all[i], seq->i))
			return;
	}
	w->failed = false;
}

static void open_done(struct work *w)
{
	struct opening *op = (struct opening *)w;
	struct socket *s = op->socket;
	struct api *api = s->api;

	s->opening = false;
	if (s->closed) {
		socket_free(s);
	} else if (w->failed) {
		ws_close(api->server, s->conn, 1013, S("the store cannot be read; come back"));
	} else {
		s->stream = stream_open(api->engine, s->conn, s->user_id, op->channels, op->count);
		if (s->rtm_token.n)
			stream_bare(s->stream);
		for (size_t i = 0; i < op->frames.count; i++) {
			struct ws_frame *f = ws_frame_new(((struct str *)op->frames.items)[i]);

			ws_send(api->server, s->conn, f);
			ws_frame_release(f);
		}
	}
	arena_done(&op->arena);
	mem_free(op);
}

void stream_begin(struct socket *s, struct str text)
{
	struct opening *op = mem_new(sizeof *op);
	struct err err = {0};
	struct json *message;

	message = json_parse(&op->arena, arena_dup(&op->arena, text), JSON_STRICT, &err);
	op->socket = s;
	op->wanted = json_get(message, "channels");
	op->work.arena = &op->arena;
	op->work.run = open_run;
	op->work.done = open_done;
	s->opening = true;
	if (!engine_submit(s->api->engine, &op->work)) {
		s->opening = false;
		arena_done(&op->arena);
		mem_free(op);
		ws_close(s->api->server, s->conn, 1013, S("too much is queued; come back"));
	}
}

/* ---- what clients say ---- */

static void say(struct socket *s, struct str json)
{
	struct ws_frame *f = ws_frame_new(json);

	ws_send(s->api->server, s->conn, f);
	ws_frame_release(f);
}

static void on_typing(struct socket *s, struct arena *a, struct str channel)
{
	int64_t id;

	if (id_parse(channel, "CD", &id) && stream_has_channel(s->stream, id))
		stream_publish_channel(s->api->engine, id,
				       arena_printf(a, "{\"type\":\"typing\",\"channel\":\"" STR_FMT "\",\"user\":\"" STR_FMT "\"}", STR_ARG(channel),
						    STR_ARG(id_write(a, 'U', s->user_id))));
}

static void refuse(struct socket *s, struct arena *a, const char *to, const char *code, const char *why)
{
	say(s, arena_printf(a, "{\"type\":\"error\",\"reply_to\":\"%s\",\"error\":{\"code\":\"%s\",\"msg\":\"%s\"}}", to, code, why));
}

/* {"type":"presence_sub","ids":["U..."]}, as Slack's RTM API has it: this list from now on, not the one before. */
static void on_presence_sub(struct socket *s, struct arena *a, const struct json *ids)
{
	int64_t *list;
	size_t count = 0;

	if (!s->stream)
		return refuse(s, a, "presence_sub", "too_early", "send resume first, and wait for hello");
	if (!json_is(ids, JSON_ARRAY))
		return refuse(s, a, "presence_sub", "invalid_ids", "ids must be a list of people's ids");
	if (ids->count > STREAM_WATCH_MAX)
		return refuse(s, a, "presence_sub", "too_many_ids", arena_printf(a, "at most %d people can be watched on one stream; what was watched before still is", STREAM_WATCH_MAX).p);
	list = arena_alloc(a, (ids->count + 1) * sizeof *list);
	for (const struct json *id = ids->child; id; id = id->next)
		if (!id_parse(json_str(id), "UW", &list[count++]))
			return refuse(s, a, "presence_sub", "invalid_ids", "ids must be a list of people's ids");
	stream_watch(s->api->engine, s->stream, list, count);
}

void stream_message(struct socket *s, const struct json *m)
{
	struct str type = json_get_str(m, "type");
	struct arena a;

	arena_init(&a);
	if (str_is(type, "typing") && s->stream)
		on_typing(s, &a, json_get_str(m, "channel"));
	else if (str_is(type, "presence_sub"))
		on_presence_sub(s, &a, json_get(m, "ids"));
	arena_done(&a);
}

void api_on_ws_message(void *context, conn_id conn, void *user, struct str text)
{
	struct socket *s = user;
	struct err err = {0};
	struct arena a;
	struct json *m;
	struct str type;

	(void)context;
	if (s->link) {
		app_link_message(s->link, text);
		return;
	}
	if (s->rtm_token.n) {
		rtm_message(s, text);
		return;
	}
	arena_init(&a);
	m = json_parse(&a, text, JSON_STRICT, &err);
	type = json_get_str(m, "type");
	if (!m)
		ws_close(s->api->server, conn, 1007, S("a message must be JSON"));
	else if (str_is(type, "resume") && !s->stream && !s->opening)
		stream_begin(s, text);
	else if (str_is(type, "ping"))
		say(s, arena_printf(&a, "{\"type\":\"pong\",\"id\":%lld}", (long long)json_get_int(m, "id", 0)));
	else
		stream_message(s, m);
	arena_done(&a);
}

void api_on_ws_closed(void *context, conn_id conn, void *user)
{
	struct socket *s = user;

	(void)context;
	(void)conn;
	if (s->opening)
		s->closed = true; /* open_done() frees it */
	else
		socket_free(s);
}
