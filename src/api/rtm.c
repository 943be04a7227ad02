/* Slack's RTM API for older bots: rtm.connect answers a WebSocket on which events come bare, and where a bot says things. It is a stream (api/stream.c) with
 * other words: what was missed while it was away is not told. Contract: docs.slack.dev, Legacy: RTM API.
 *
 * The address is good once, within a minute; what it is good for is kept under its hash. Whatever is said on the connection is asked of the token anew. */
#include "api/slack.h"
#include "api/socket.h"
#include "commands/say.h"
#include "engine/apps.h"
#include "store/journal.h"

#include <inttypes.h>

#define TICKET_LIFE MINUTE

void slack_rtm_connect(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct str ticket = crypt_word(c->w->arena, 40), team = id_write(c->w->arena, 'T', e->workspace_id);
	struct err err = {0};

	if (!c->x->token.id) {
		slack_error(c, "not_allowed_token_type");
		return;
	}
	if (!store_idempotency_add(e->db, e->workspace_id, crypt_sha256_hex(c->w->arena, ticket), S("rtm"), c->x->token_hash, c->w->now + TICKET_LIFE, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "url", arena_printf(c->w->arena, STR_FMT "/rtm/?ticket=" STR_FMT, STR_ARG(socket_base(c->w)), STR_ARG(ticket)));
	json_key(&c->out, "team");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", team);
	json_add_str(&c->out, "name", e->workspace_name);
	json_add_str(&c->out, "domain", e->workspace_name);
	json_close(&c->out, '}');
	json_key(&c->out, "self");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", id_write(c->w->arena, 'U', c->me));
	json_add_str(&c->out, "name", c->x->user.name);
	json_close(&c->out, '}');
}

static void accept_rtm(struct exchange *x)
{
	struct socket *s = mem_new(sizeof *s);

	s->api = x->api;
	s->conn = x->request->conn;
	s->user_id = x->user.id;
	s->rtm_token = str_n(mem_dup(x->token_hash), x->token_hash.n);
	if (ws_accept(x->api->server, s->conn, "", s))
		stream_begin(s, S("{}"));
	else
		socket_free(s);
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request);
}

void rtm_route(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str ticket = x_query(x, "ticket");
	struct err err = {0};
	bool same = false;

	if (!x->request->wants_websocket)
		x_fail(x, ERR_INVALID, "this is a WebSocket: send an Upgrade request");
	else if (!ticket.n || !store_idempotency_find(e->db, x_arena(x), e->workspace_id, crypt_sha256_hex(x_arena(x), ticket), S("rtm"), x->work.now, &same, &x->token_hash, &err) || !same ||
		 !app_word_use(&x->work, arena_printf(x_arena(x), "rtm:" STR_FMT, STR_ARG(ticket)), TICKET_LIFE, &err) || !auth_token_may(&x->work, x->token_hash, SCOPE_READ, "rtm:stream", &x->user, &x->caller))
		x_fail(x, ERR_FORBIDDEN, "the ticket is used up or too old: call rtm.connect again");
	else
		x->finish = accept_rtm;
}

/* ---- what is said on it ---- */

struct saying {
	struct work work;
	struct arena arena;
	struct api *api;
	conn_id conn;
	struct str token;
	const struct json *said;
	struct str answer;
};

static void answer(struct saying *s, bool ok, const char *error, const struct message *m)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 256 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_bool(&o, "ok", ok);
	json_add_int(&o, "reply_to", json_get_int(s->said, "id", 0));
	if (ok) {
		json_add_str(&o, "ts", ts_text(&s->arena, m->ts));
		json_add_str(&o, "text", m->text);
	} else {
		json_key(&o, "error");
		json_open(&o, '{');
		json_add_int(&o, "code", 2);
		json_add_str(&o, "msg", str_of(error));
		json_close(&o, '}');
	}
	json_close(&o, '}');
	s->answer = buf_keep(&s->arena, &b);
}

static bool post(struct work *w, struct saying *s, struct message *m, const char **error, struct err *err)
{
	struct str details, thread = json_get_str(s->said, "thread_ts");
	struct caller caller = {0};
	struct channel ch;
	struct user u;

	if (!auth_token_may(w, s->token, SCOPE_WRITE, "chat:write", &u, &caller)) {
		*error = "missing_scope";
		return false;
	}
	*m = (struct message){.user_id = u.id, .bot_id = u.bot_id};
	if (!chat_channel(w, u.id, json_get_str(s->said, "channel"), &ch, err))
		return false;
	if (!chat_is_member(w, ch.id, u.id) || (thread.n && !ts_parse(thread, &m->thread_ts))) {
		*error = thread.n ? "thread_not_found" : "not_in_channel";
		return false;
	}
	return slack_read_message(w, s->said, NULL, false, m, error, &details) && chat_post_message(w, &ch, m, err) && say_posted(w, &caller, &ch, m, err);
}

static void say_run(struct work *w)
{
	struct saying *s = (struct saying *)w;
	const char *error = NULL;
	struct err err = {0};
	struct message m;

	w->failed = !post(w, s, &m, &error, &err);
	answer(s, !w->failed, error ? error : err.text, &m);
	if (err_is_outage(err.code))
		w->err = err;
}

static void send_text(struct api *api, conn_id conn, struct str json)
{
	struct ws_frame *f = ws_frame_new(json);

	ws_send(api->server, conn, f);
	ws_frame_release(f);
}

static void say_done(struct work *w)
{
	struct saying *s = (struct saying *)w;

	if (w->err.code)
		answer(s, false, "service_unavailable", NULL);
	send_text(s->api, s->conn, s->answer);
	arena_done(&s->arena);
	mem_free(s);
}

static void say(struct socket *s, struct str text)
{
	struct saying *work = mem_new(sizeof *work);
	struct err ignored = {0};

	work->work = (struct work){.run = say_run, .done = say_done, .arena = &work->arena};
	work->api = s->api;
	work->conn = s->conn;
	work->token = arena_dup(&work->arena, s->rtm_token);
	work->said = json_parse(&work->arena, arena_dup(&work->arena, text), JSON_LAST_KEY_WINS, &ignored);
	if (!engine_submit(s->api->engine, &work->work)) {
		work->work.err.code = ERR_UNAVAILABLE;
		say_done(&work->work);
	}
}

/* {"id":1,"type":"message","channel","text"} is answered with its id as reply_to, once it is on disk. */
void rtm_message(struct socket *s, struct str text)
{
	struct err ignored = {0};
	const struct json *m;
	struct arena a;
	struct str type;

	arena_init(&a);
	m = json_parse(&a, text, JSON_LAST_KEY_WINS, &ignored);
	type = json_get_str(m, "type");
	if (!json_is(m, JSON_OBJECT))
		ws_close(s->api->server, s->conn, 1007, S("a message must be a JSON object"));
	else if (str_is(type, "ping"))
		send_text(s->api, s->conn, arena_printf(&a, "{\"type\":\"pong\",\"reply_to\":%" PRId64 "}", json_get_int(m, "id", 0)));
	else if (str_is(type, "message"))
		say(s, text);
	else
		stream_message(s, m);
	arena_done(&a);
}
