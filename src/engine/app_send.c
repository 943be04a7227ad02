#include "engine/app_send.h"

#include "engine/apps.h"
#include "engine/engine_internal.h"
#include "net/client.h"

#include <stdio.h>

#define LINK_LIFE (4 * HOUR)  /* then it is asked to come again */
#define LINK_LEAVES (10 * SECOND)
#define PING_EVERY (5 * SECOND) /* slack-go leaves when none came for 30 s */
#define SWEEP_EVERY 250         /* ms */
#define HTTP_AT_ONCE 32
#define ANSWER_MAX (1 * MIB)
#define HELD_MOST (20 * SECOND) /* an event behind slow ones goes back to the outbox before its lease is over */

struct call {
	struct call *next, *prev;
	struct arena arena;
	struct app_order order;
	struct engine *engine;
	struct app_link *link; /* over which it went; NULL: HTTP */
	struct str envelope;
	struct app_line *line;
	mono_ms since;
	struct str challenge;  /* it asks whether the address is the app's */
	void (*done)(void *context, const struct app_result *r);
	void *context;
};

struct app_link {
	struct app_link *next;
	struct app_line *line;
	conn_id conn;
	wall_ms opened;
	bool greeted;
	mono_ms pinged, leaving; /* leaving: it was asked to come again, since then it gets nothing */
};

/* What is known of one app. */
struct app_line {
	struct engine *engine;
	int64_t app_id;
	struct app_link *links;
	unsigned count, turn;
	struct call *first, **last; /* events that wait for the one before them (HTTP) */
	bool busy;
	uint64_t verified; /* the address that answered our challenge */
};

struct app_senders {
	struct map lines;
	struct call *sent, *sent_last; /* over links, oldest first */
	struct http_client *http;
	uv_timer_t timer;
	bool ticking, timer_made, stopped;
	unsigned links;
};

static void send_http(struct call *c);
static void tick(struct engine *e);

static struct app_senders *senders(struct engine *e)
{
	if (!e->apps)
		e->apps = mem_new(sizeof *e->apps);
	return e->apps;
}

static struct app_line *line_of(struct engine *e, int64_t app_id)
{
	struct app_senders *s = senders(e);
	struct app_line *l = map_get(&s->lines, (uint64_t)app_id);

	if (l)
		return l;
	l = mem_new(sizeof *l);
	l->engine = e;
	l->app_id = app_id;
	l->last = &l->first;
	map_put(&s->lines, (uint64_t)app_id, l);
	return l;
}

static void call_end(struct call *c, const struct app_result *r)
{
	struct engine *e = c->engine;

	c->done(c->context, r);
	arena_done(&c->arena);
	mem_free(c);
	engine_busy(e, -1);
}

static void call_fails(struct call *c, enum app_answer answer, const char *why)
{
	call_end(c, &(struct app_result){.answer = answer, .text = str_of(why)});
}

/* ---- Socket Mode ---- */

static void sent_add(struct app_senders *s, struct call *c)
{
	c->prev = s->sent_last;
	c->next = NULL;
	if (c->prev)
		c->prev->next = c;
	else
		s->sent = c;
	s->sent_last = c;
}

static void sent_take(struct app_senders *s, struct call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		s->sent = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		s->sent_last = c->prev;
}

/* It may end the connection, and the link with it: nothing of the link is used behind it. */
static void say(struct app_link *l, struct str json)
{
	struct ws_frame *f = ws_frame_new(json);

	ws_send(l->line->engine->loop->server, l->conn, f);
	ws_frame_release(f);
}

static void say_disconnect(struct app_link *l, const char *reason)
{
	struct arena a;

	l->leaving = mono_now();
	arena_init(&a);
	say(l, arena_printf(&a, "{\"type\":\"disconnect\",\"reason\":\"%s\",\"debug_info\":{\"host\":\"opsroom\"}}", reason));
	arena_done(&a);
}

/* Connections take turns. */
static struct app_link *link_for(struct app_line *line)
{
	struct app_link *best = NULL;
	unsigned usable = 0, pick;

	for (struct app_link *l = line->links; l; l = l->next)
		usable += l->greeted && !l->leaving;
	if (!usable)
		return NULL;
	pick = line->turn++ % usable;
	for (struct app_link *l = line->links; l && !best; l = l->next)
		if (l->greeted && !l->leaving && pick-- == 0)
			best = l;
	return best;
}

static struct str envelope_id(struct arena *a)
{
	uint8_t r[16];
	char h[33];

	crypt_random(r, sizeof r);
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	crypt_hex_write(h, r, sizeof r);
	return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16, h + 20);
}

static void send_link(struct call *c, struct app_link *l)
{
	const struct app_order *o = &c->order;
	struct json_out out;
	struct buf b;

	c->link = l;
	c->since = mono_now();
	c->envelope = envelope_id(&c->arena);
	buf_init(&b, 4 * MIB);
	out = json_out(&b);
	json_open(&out, '{');
	json_add_str(&out, "envelope_id", c->envelope);
	json_add_raw(&out, "payload", o->payload);
	json_add_str(&out, "type", str_of(o->type));
	json_add_bool(&out, "accepts_response_payload", o->wants_answer);
	if (!o->wants_answer) {
		json_add_int(&out, "retry_attempt", o->retry);
		json_add_str(&out, "retry_reason", str_is(o->reason, "http_timeout") ? S("timeout") : o->reason);
	}
	json_close(&out, '}');
	sent_add(senders(c->engine), c); /* before it is sent: a client that is cut off takes it back */
	say(l, buf_str(&b));
	buf_done(&b);
}

/* {"envelope_id":..., "payload":{...}}; an empty payload is none. */
void app_link_message(struct app_link *l, struct str text)
{
	struct app_senders *s = senders(l->line->engine);
	const struct json *m, *payload;
	struct err ignored = {0};
	struct call *c = NULL;
	struct json_out o;
	struct arena a;
	struct str id;
	struct buf b;

	arena_init(&a);
	m = json_parse(&a, text, JSON_LAST_KEY_WINS, &ignored);
	id = json_get_str(m, "envelope_id");
	for (c = id.n ? s->sent : NULL; c && !(c->link->line == l->line && str_eq(c->envelope, id)); c = c->next)
		;
	payload = json_get(m, "payload");
	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	if (c && payload && payload->type == JSON_OBJECT && payload->count)
		json_put(&o, payload);
	if (c) {
		sent_take(s, c);
		call_end(c, &(struct app_result){.answer = APP_TOOK, .text = buf_str(&b), .is_json = true});
	}
	buf_done(&b);
	arena_done(&a);
}

struct app_link *app_link_open(struct engine *e, conn_id conn, int64_t app_id)
{
	struct app_line *line = line_of(e, app_id);
	struct app_link *l = mem_new(sizeof *l);

	l->line = line;
	l->conn = conn;
	l->opened = wall_now();
	l->pinged = mono_now();
	l->next = line->links;
	line->links = l;
	senders(e)->links++;
	line->count++;
	tick(e);
	return l;
}

void app_link_hello(struct app_link *l)
{
	struct app_line *line = l->line;
	struct arena a;

	if (line->count > APP_LINKS_MAX) {
		say_disconnect(l, "too_many_websockets");
		return;
	}
	l->greeted = true;
	arena_init(&a);
	say(l, arena_printf(&a,
			    "{\"type\":\"hello\",\"num_connections\":%u,\"debug_info\":{\"host\":\"opsroom\",\"build_number\":1,\"approximate_connection_time\":%lld},"
			    "\"connection_info\":{\"app_id\":\"" STR_FMT "\"}}",
			    line->count, (long long)(LINK_LIFE / SECOND), STR_ARG(id_write(&a, 'A', line->app_id))));
	arena_done(&a);
}

void app_link_close(struct app_link *l)
{
	struct app_line *line = l->line;
	struct app_senders *s = senders(line->engine);
	struct app_link **at = &line->links;
	struct call *next;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	line->count--;
	s->links--;
	for (struct call *c = s->sent; c; c = next) {
		next = c->next;
		if (c->link != l)
			continue;
		sent_take(s, c);
		call_fails(c, APP_BROKE, "connection_failed");
		next = s->sent; /* what ended may have sent and ended others */
	}
	mem_free(l);
}

void app_links_end(struct engine *e, int64_t app_id)
{
	struct app_line *line = e->apps ? map_get(&e->apps->lines, (uint64_t)app_id) : NULL;

	for (struct app_link *l = line ? line->links : NULL, *next; l; l = next) {
		next = l->next;
		if (!l->leaving)
			say_disconnect(l, "link_disabled");
	}
}

/* ---- over HTTP ---- */

static struct str signature(struct arena *a, struct str secret, struct str stamp, struct str body)
{
	uint8_t mac[32];
	struct buf b;

	buf_init(&b, 8 * MIB);
	buf_printf(&b, "v0:" STR_FMT ":", STR_ARG(stamp));
	buf_add(&b, body);
	crypt_hmac_sha256_text(secret, buf_str(&b), mac);
	buf_done(&b);
	return crypt_hex(a, mac, sizeof mac);
}

static bool answers_challenge(struct call *c, struct str body)
{
	struct err ignored = {0};
	const struct json *v = json_parse(&c->arena, body, JSON_LAST_KEY_WINS, &ignored);

	return str_eq(str_trim(body), c->challenge) || str_eq(json_get_str(v, "challenge"), c->challenge);
}

/* The next event of the app; one that waited long goes back, for its row will be somebody else's soon. */
static void line_go_on(struct app_line *line)
{
	struct call *c = line->first;

	line->busy = false;
	if (!c)
		return;
	line->first = c->next;
	if (!line->first)
		line->last = &line->first;
	if (mono_now() - c->since > HELD_MOST) {
		call_fails(c, APP_BROKE, "held");
		line_go_on(line);
	} else {
		line->busy = true;
		send_http(c);
	}
}

static struct app_result judge(const struct client_answer *a)
{
	struct str type;

	if (!a->reached)
		return (struct app_result){.answer = APP_FAILED, .text = str_find(str_of(a->err.text), S("no answer within"), NULL) ? S("http_timeout")
									 : str_find(str_of(a->err.text), S("SSL"), NULL)    ? S("ssl_error")
									 : a->err.code == ERR_TOO_BIG			       ? S("http_error")
															       : S("connection_failed")};
	if (a->status / 100 != 2)
		return (struct app_result){.answer = APP_FAILED, .text = a->status / 100 == 3 ? S("too_many_redirects") : S("http_error"), .no_retry = a->no_retry};
	str_cut(a->content_type, ';', &type);
	return (struct app_result){.answer = APP_TOOK, .text = a->body, .is_json = str_eq_nocase(str_trim(type), S("application/json"))};
}

static void on_http(void *context, const struct client_answer *answer)
{
	struct call *c = context;
	struct app_line *line = c->line;
	struct app_result r = judge(answer);

	if (c->challenge.n && r.answer == APP_TOOK) {
		if (answers_challenge(c, answer->body)) {
			line->verified = fnv_add(FNV_START, c->order.url);
			c->challenge = S("");
			send_http(c);
			return;
		}
		r = (struct app_result){.answer = APP_FAILED, .text = S("http_error")};
	}
	call_end(c, &r);
	if (line) /* it was an event: the next one's turn */
		line_go_on(line);
}

static void send_http(struct call *c)
{
	const struct app_order *o = &c->order;
	struct arena *a = &c->arena;
	struct app_senders *s = senders(c->engine);
	struct str stamp = arena_printf(a, "%lld", (long long)(wall_now() / 1000)), body = o->form.n ? o->form : o->payload, headers[6];
	struct client_request r = {.method = "POST", .url = o->url, .headers = headers, .deadline = APP_ANSWER_WITHIN, .answer_max_bytes = ANSWER_MAX};

	if (c->line && c->line->verified != fnv_add(FNV_START, o->url)) {
		c->challenge = crypt_word(a, 40);
		body = arena_printf(a, "{\"token\":\"" STR_FMT "\",\"challenge\":\"" STR_FMT "\",\"type\":\"url_verification\"}", STR_ARG(o->token), STR_ARG(c->challenge));
	}
	r.body = body;
	/* Bolt compares the type as a whole */
	headers[r.header_count++] = o->form.n ? S("Content-Type: application/x-www-form-urlencoded") : S("Content-Type: application/json");
	headers[r.header_count++] = S("Accept: */*");
	headers[r.header_count++] = arena_printf(a, "X-Slack-Request-Timestamp: " STR_FMT, STR_ARG(stamp));
	headers[r.header_count++] = arena_printf(a, "X-Slack-Signature: v0=" STR_FMT, STR_ARG(signature(a, o->secret, stamp, body)));
	if (o->retry && !c->challenge.n) {
		headers[r.header_count++] = arena_printf(a, "X-Slack-Retry-Num: %d", o->retry);
		headers[r.header_count++] = arena_printf(a, "X-Slack-Retry-Reason: " STR_FMT, STR_ARG(o->reason));
	}
	if (!s->http)
		s->http = http_client_new(c->engine->loop->uv, HTTP_AT_ONCE);
	http_client_send(s->http, &r, on_http, c);
}

/* Events of an app go one after the other, so that they come in their order; what a person waits for goes at once. */
static void queue_http(struct call *c)
{
	bool event = !c->order.form.n;

	c->since = mono_now();
	if (!event) {
		send_http(c);
		return;
	}
	c->line = line_of(c->engine, c->order.app_id);
	if (!c->line->busy) {
		c->line->busy = true;
		send_http(c);
		return;
	}
	c->next = NULL;
	*c->line->last = c;
	c->line->last = &c->next;
}

/* ---- the clock ---- */

static void sweep_line(struct engine *e, struct app_line *line, mono_ms now)
{
	for (struct app_link *l = line->links, *next; l; l = next) {
		next = l->next;
		if (!l->leaving && wall_now() - l->opened >= LINK_LIFE) {
			say_disconnect(l, "refresh_requested");
		} else if (l->leaving && now - l->leaving >= LINK_LEAVES) {
			ws_close(e->loop->server, l->conn, 1000, S("bye"));
		} else if (now - l->pinged >= PING_EVERY) {
			l->pinged = now;
			ws_ping(e->loop->server, l->conn);
		}
	}
}

static void on_sweep(uv_timer_t *t)
{
	struct engine *e = t->data;
	struct app_senders *s = e->apps;
	mono_ms now = mono_now();
	void *line;

	for (size_t i = 0; map_next(&s->lines, &i, &line);)
		sweep_line(e, line, now);
	while (s->sent && now - s->sent->since >= APP_ANSWER_WITHIN) {
		struct call *c = s->sent;

		sent_take(s, c);
		call_fails(c, APP_FAILED, "http_timeout");
	}
	if (!s->sent && !s->links) {
		uv_timer_stop(t);
		s->ticking = false;
	}
}

static void tick(struct engine *e)
{
	struct app_senders *s = senders(e);

	if (s->ticking || s->stopped)
		return;
	if (!s->timer_made)
		uv_timer_init(e->loop->uv, &s->timer);
	s->timer_made = s->ticking = true;
	s->timer.data = e;
	uv_timer_start(&s->timer, on_sweep, SWEEP_EVERY, SWEEP_EVERY);
}

/* ---- sending ---- */

static void keep(struct call *c, const struct app_order *o)
{
	struct arena *a = &c->arena;

	c->order = *o;
	c->order.url = arena_dup(a, o->url);
	c->order.secret = arena_dup(a, o->secret);
	c->order.token = arena_dup(a, o->token);
	c->order.payload = arena_dup(a, o->payload);
	c->order.form = arena_dup(a, o->form);
	c->order.reason = arena_dup(a, o->reason);
}

void app_send(struct engine *e, const struct app_order *o, void (*done)(void *context, const struct app_result *r), void *context)
{
	struct app_senders *s = senders(e);
	struct app_link *l = s->stopped ? NULL : link_for(line_of(e, o->app_id));
	struct call *c = mem_new(sizeof *c);

	c->engine = e;
	c->done = done;
	c->context = context;
	keep(c, o);
	engine_busy(e, 1);
	tick(e);
	if (l)
		send_link(c, l);
	else if (o->url.n && !s->stopped)
		queue_http(c);
	else
		call_fails(c, APP_ABSENT, "connection_failed");
}

/* ---- the end ---- */

void app_senders_stop(struct engine *e)
{
	struct app_senders *s = e->apps;
	struct http_client *http;
	void *line;

	if (!s)
		return;
	s->stopped = true;
	while (s->sent) {
		struct call *c = s->sent;

		sent_take(s, c);
		call_fails(c, APP_BROKE, "connection_failed");
	}
	for (size_t i = 0; map_next(&s->lines, &i, &line);)
		while (((struct app_line *)line)->first) {
			struct call *c = ((struct app_line *)line)->first;

			((struct app_line *)line)->first = c->next;
			call_fails(c, APP_BROKE, "connection_failed");
		}
	http = s->http;
	s->http = NULL;
	http_client_free(http);
	if (s->timer_made)
		uv_close((uv_handle_t *)&s->timer, NULL);
}

void app_senders_free(struct engine *e)
{
	struct app_senders *s = e->apps;
	void *line;

	if (!s)
		return;
	for (size_t i = 0; map_next(&s->lines, &i, &line);)
		mem_free(line);
	map_done(&s->lines);
	e->apps = NULL;
	mem_free(s);
}
