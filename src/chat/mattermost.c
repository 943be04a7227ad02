/* Mattermost: its API v4 with the token of a bot, and its WebSocket (api.mattermost.com).
 *
 * Connecting is a row of calls, one after the other: who am I, which team, then the WebSocket, and once it has said hello, the channels,
 * the people, and what was missed. Whatever fails ends all of it, and it begins again. */
#include "chat/mattermost_parts.h"

#include "base/log.h"
#include "net/form.h"

#include <stdio.h>

#define PING_EVERY (3 * SECOND) /* two without an answer, and it is away: within 9 s */
#define TICK 500 /* ms */
#define AGAIN_FIRST SECOND
#define AGAIN_MOST (60 * SECOND)
#define AT_ONCE 8
#define PAGE 200

/* ---- calls ---- */

void mm_ask(struct mattermost *m, const char *method, struct str path, struct str body, span_ms within, void (*done)(void *context, const struct client_answer *a), void *context)
{
	struct arena a;
	bool bytes = str_starts(path, S("files?"));
	struct str headers[] = {m->bearer, bytes ? S("Content-Type: application/octet-stream") : S("Content-Type: application/json"), S("Accept: application/json")};
	struct client_request r = {.method = method, .headers = headers, .header_count = COUNT_OF(headers), .body = body, .deadline = within, .answer_max_bytes = MM_ANSWER_MAX,
				   .ca_file = m->chat->config->ca_file.n ? m->chat->config->ca_file.p : NULL};

	arena_init(&a);
	r.url = arena_printf(&a, STR_FMT STR_FMT, STR_ARG(m->api), STR_ARG(path));
	http_client_send(m->http, &r, done, context);
	arena_done(&a);
}

static void on_step(void *context, const struct client_answer *a)
{
	struct mattermost *m = context;
	void (*step)(struct mattermost *m, const struct client_answer *a) = m->step;

	m->step = NULL;
	if (step && !m->closing)
		step(m, a);
}

void mm_step(struct mattermost *m, struct str path, struct str body, void (*step)(struct mattermost *m, const struct client_answer *a))
{
	m->step = step;
	mm_ask(m, body.n ? "POST" : "GET", path, body, MM_CALL_WITHIN, on_step, m);
}

const struct json *mm_body(struct arena *a, const struct client_answer *answer)
{
	struct err ignored = {0};

	return answer->reached && answer->status / 100 == 2 ? json_parse(a, answer->body, JSON_LAST_KEY_WINS, &ignored) : NULL;
}

void mm_why(struct arena *a, const struct client_answer *answer, const char *what, struct err *why)
{
	err_clear(why);
	if (!answer->reached)
		err_set(why, ERR_UNAVAILABLE, "%s: %s", what, answer->err.text);
	else if (answer->status / 100 == 2)
		err_set(why, ERR_UNAVAILABLE, "%s: the answer is none of Mattermost's API", what);
	else
		err_set(why, err_of_http_status(answer->status), "%s: " STR_FMT, what, STR_ARG(mm_error(a, answer->status, answer->body)));
}

/* ---- staying connected ---- */

/* 1 s, 2 s ... 60 s, of which up to a quarter is chance: not everybody comes back at once. */
static span_ms again_in(unsigned failures)
{
	span_ms wait = failures > 6 ? AGAIN_MOST : AGAIN_FIRST << failures;
	uint8_t chance;

	crypt_random(&chance, 1);
	wait = wait > AGAIN_MOST ? AGAIN_MOST : wait;
	return wait - wait / 4 * chance / 255;
}

static void disconnect(struct mattermost *m, int code)
{
	http_client_cancel(m->http, m);
	m->step = NULL;
	ws_out_close(m->ws, code);
	m->ws = NULL;
	m->up = m->people_wait = false;
	mm_hear_drop(m);
	arena_reset(&m->arena);
}

static void fail_for(struct mattermost *m, const char *why, span_ms wait)
{
	char said[sizeof(((struct err *)0)->text)];

	if (m->closing || m->connect_at)
		return;
	snprintf(said, sizeof said, "%s", why); /* it may lie in the arena that ends now */
	disconnect(m, 1001);
	m->connect_at = mono_now() + wait;
	m->failures++;
	chat_down(m->chat, said);
}

void mm_fail(struct mattermost *m, const char *why)
{
	fail_for(m, why, again_in(m->failures));
}

static void fail_step(struct mattermost *m, const struct client_answer *a, const char *what)
{
	struct err why = {0};
	span_ms wait = again_in(m->failures);

	mm_why(&m->arena, a, what, &why);
	if (a->reached && a->status == 429 && a->retry_after * SECOND > wait)
		wait = a->retry_after * SECOND;
	fail_for(m, why.text, wait);
}

/* ---- the steps ---- */

static void next_channel(struct mattermost *m);

static void keep_config_channel(struct mattermost *m, const struct client_answer *a)
{
	const struct chat_channel *wanted = &m->chat->config->channels[m->config_at++];
	const struct json *v = mm_body(&m->arena, a);
	struct mm_channel c;
	struct err why = {0};

	if (mm_channel_read(v, &c) && !c.gone) {
		mm_learn_channel(m, &c, true);
	} else {
		mm_why(&m->arena, a, "it cannot be joined or made", &why);
		log_warn(EV_CHAT_CHANNEL, F_STR("chat", m->chat->config->name), F_STR("channel", wanted->there), F_TXT("why", why.text));
	}
	next_channel(m);
}

static void make_channel(struct mattermost *m, struct str name)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "team_id", str_of(m->team));
	json_add_str(&o, "name", name);
	json_add_str(&o, "display_name", name);
	json_add_str(&o, "type", S("O"));
	json_close(&o, '}');
	mm_step(m, S("channels"), buf_str(&b), keep_config_channel);
	buf_done(&b);
}


static void on_joined(struct mattermost *m, const struct client_answer *a)
{
	const struct chat_channel *wanted = &m->chat->config->channels[m->config_at];

	if (mm_body(&m->arena, a)) { /* asked again: now as one of its members */
		mm_step(m, arena_printf(&m->arena, "teams/%s/channels/name/" STR_FMT, m->team, STR_ARG(percent_encode(&m->arena, wanted->there))), S(""), keep_config_channel);
		return;
	}
	keep_config_channel(m, a);
}

static void on_config_channel(struct mattermost *m, const struct client_answer *a)
{
	const struct chat_channel *wanted = &m->chat->config->channels[m->config_at];
	struct mm_channel c;

	if (a->reached && a->status == 404 && wanted->make) {
		make_channel(m, wanted->there);
		return;
	}
	if (!mm_channel_read(mm_body(&m->arena, a), &c)) {
		keep_config_channel(m, a);
		return;
	}
	mm_step(m, arena_printf(&m->arena, "channels/" STR_FMT "/members", STR_ARG(c.id)), arena_printf(&m->arena, "{\"user_id\":\"%s\"}", m->me), on_joined);
}

static bool is_known(const struct mattermost *m, struct str there)
{
	void *value;

	for (size_t i = 0; map_next(&m->channels, &i, &value);) {
		const struct mm_channel *c = &((struct mm_known_channel *)value)->channel;

		if (str_eq(c->name, there) || str_eq(c->id, there))
			return true;
	}
	return false;
}

static void next_people(struct mattermost *m);

/* The channels of the file that the bot is not in: it joins them, or makes them. */
static void next_channel(struct mattermost *m)
{
	const struct chat_config *config = m->chat->config;

	while (m->config_at < config->channel_count && is_known(m, config->channels[m->config_at].there))
		m->config_at++;
	if (m->config_at == config->channel_count) {
		next_people(m);
		return;
	}
	mm_step(m, arena_printf(&m->arena, "teams/%s/channels/name/" STR_FMT, m->team, STR_ARG(percent_encode(&m->arena, config->channels[m->config_at].there))), S(""),
		on_config_channel);
}

static void on_people(struct mattermost *m, const struct client_answer *a)
{
	const struct json *list;
	struct mm_user u;
	struct arena page;

	arena_init(&page);
	list = mm_body(&page, a);
	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next)
		if (mm_user_read(&page, v, &u))
			mm_learn_user(m, &u);
	if (json_is(list, JSON_ARRAY)) {
		m->people_known = list->count < PAGE || ++m->page * PAGE >= MM_PEOPLE_MAX;
		next_people(m);
	} else {
		fail_step(m, a, "the people of the team cannot be read");
	}
	arena_done(&page);
}

void mm_people_kept(struct mattermost *m)
{
	if (m->people_pending || !m->people_wait)
		return;
	m->people_wait = false;
	next_people(m);
}

static void next_people(struct mattermost *m)
{
	if (m->people_pending) {
		m->people_wait = true;
		return;
	}
	if (!m->people_known) {
		mm_step(m, arena_printf(&m->arena, "users?in_team=%s&active=true&page=%zu&per_page=%d", m->team, m->page, PAGE), S(""), on_people);
		return;
	}
	mm_is_up(m);
	mm_read_missed(m);
}

void mm_is_up(struct mattermost *m)
{
	m->up = true;
	m->failures = 0;
	chat_up(m->chat);
}

static void on_channels(struct mattermost *m, const struct client_answer *a)
{
	const struct json *list = mm_body(&m->arena, a);
	struct mm_channel c;

	if (!json_is(list, JSON_ARRAY)) {
		fail_step(m, a, "the bot's channels cannot be read");
		return;
	}
	mm_forget_channels(m, list);
	for (const struct json *v = list->child; v; v = v->next)
		if (mm_channel_read(v, &c) && !c.gone)
			mm_learn_channel(m, &c, true);
	m->config_at = m->page = 0;
	next_channel(m);
}

/* ---- the WebSocket ---- */

static void say(struct mattermost *m, const char *action, struct str data)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "seq", ++m->seq);
	json_add_str(&o, "action", str_of(action));
	if (data.n)
		json_add_raw(&o, "data", data);
	json_close(&o, '}');
	ws_out_send_text(m->ws, buf_str(&b));
	buf_done(&b);
}

static void on_open(void *context)
{
	struct mattermost *m = context;
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "token", m->chat->config->token);
	json_close(&o, '}');
	m->seq = m->next_event = 0;
	m->unanswered = 0;
	m->ping_at = mono_now() + PING_EVERY;
	say(m, "authentication_challenge", buf_str(&b));
	buf_done(&b);
}

static void on_text(void *context, struct str text)
{
	struct mattermost *m = context;
	struct mm_event e;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	m->unanswered = 0;
	if (!mm_event_read(&a, text, &e, &err))
		mm_fail(m, "what comes by the WebSocket is not Mattermost's");
	else if (e.kind == MM_REPLY && !e.ok)
		mm_fail(m, "the WebSocket refuses the token");
	else if (e.kind != MM_REPLY && e.seq != m->next_event++)
		mm_fail(m, "an event is missing");
	else if (e.kind == MM_HELLO && !m->up && !m->step)
		mm_step(m, arena_printf(&m->arena, "users/me/teams/%s/channels", m->team), S(""), on_channels);
	else if (e.kind != MM_OTHER && e.kind != MM_REPLY && e.kind != MM_HELLO)
		mm_on_text(m, text);
	arena_done(&a);
}

static void on_close(void *context, int code, const char *why)
{
	struct mattermost *m = context;

	(void)code;
	mm_fail(m, arena_printf(&m->arena, "the WebSocket: %s", why).p);
}

static void open_socket(struct mattermost *m)
{
	struct str url = str_n(m->api.p + 4, m->api.n - 4); /* behind "http" */
	struct ws_out_options options = {.silence_max = 3 * PING_EVERY + SECOND, .message_max_bytes = MM_ANSWER_MAX,
					 .ca_file = m->chat->config->ca_file.n ? m->chat->config->ca_file.p : NULL};
	struct ws_out_events events = {.context = m, .on_open = on_open, .on_text = on_text, .on_close = on_close};

	m->ws = ws_out_open(m->chat->loop, arena_printf(&m->arena, "ws" STR_FMT "websocket", STR_ARG(url)), &options, &events);
}

/* ---- who am I, and where ---- */

static bool keep_id(char out[27], const struct json *v)
{
	struct str id = json_get_str(v, "id");

	if (!mm_id_ok(id))
		return false;
	memcpy(out, id.p, 26);
	return true;
}

static void on_team(struct mattermost *m, const struct client_answer *a)
{
	const struct json *v = mm_body(&m->arena, a);

	if (!keep_id(m->team, v))
		fail_step(m, a, "the team of the chats file cannot be read; add the bot to it (team menu, Invite people)");
	else
		open_socket(m);
}

/* Where addresses are not verified anybody can give themselves an admin's. */
static void on_config(struct mattermost *m, const struct client_answer *a)
{
	m->emails_proven = json_get_bool(mm_body(&m->arena, a), "RequireEmailVerification", false);
	mm_step(m, arena_printf(&m->arena, "teams/name/" STR_FMT, STR_ARG(percent_encode(&m->arena, m->chat->config->team))), S(""), on_team);
}

static void on_me(struct mattermost *m, const struct client_answer *a)
{
	const struct json *v = mm_body(&m->arena, a);
	struct mm_user u;

	if (a->reached && a->status == 401) {
		m->refused = true;
		disconnect(m, 1001);
		chat_refused(m->chat, "the token is not valid (401): make a new one for the bot, and put it into token_file");
	} else if (!keep_id(m->me, v) || !mm_user_read(&m->arena, v, &u)) {
		fail_step(m, a, "the server does not say who the bot is");
	} else {
		mm_learn_user(m, &u);
		mm_step(m, S("config/client?format=old"), S(""), on_config);
	}
}

static void go_connect(struct mattermost *m)
{
	m->connect_at = 0;
	mm_step(m, S("users/me"), S(""), on_me);
}

static void ping(struct mattermost *m, mono_ms now)
{
	m->ping_at = now + PING_EVERY;
	if (m->unanswered++ >= 2)
		mm_fail(m, "the server does not answer");
	else
		say(m, "ping", S(""));
}

static void on_tick(uv_timer_t *t)
{
	struct mattermost *m = t->data;
	mono_ms now = mono_now();

	if (m->refused)
		return;
	if (m->connect_at && now >= m->connect_at)
		go_connect(m);
	else if (m->ws && m->seq && now >= m->ping_at)
		ping(m, now);
	mm_hear_tick(m, now);
}

/* ---- the row ---- */

void mm_release(struct mattermost *m)
{
	if (--m->holds)
		return;
	mm_forget_all(m);
	arena_done(&m->arena);
	mem_free((char *)m->api.p);
	mem_free((char *)m->bearer.p);
	mem_free((char *)m->calls.p);
	mem_free(m);
}

static void on_timer_closed(uv_handle_t *h)
{
	mm_release(h->data);
}

static bool is_here(struct str url)
{
	return str_starts(url, S("http://127.0.0.1")) || str_starts(url, S("http://localhost")) || str_starts(url, S("http://[::1]"));
}

/* Nobody else reaches an address of this machine alone: then there are no buttons that only fail. */
static struct str calls_of(struct arena *a, struct str base, const struct chat_config *config)
{
	return base.n && (!is_here(base) || is_here(config->url)) ? arena_printf(a, STR_FMT "/chats/" STR_FMT "/", STR_ARG(base), STR_ARG(config->name)) : S("");
}

static void *mattermost_open(struct chat *chat, struct err *err)
{
	const struct chat_config *config = chat->config;
	struct mattermost *m = mem_new(sizeof *m);
	struct arena a;

	(void)err;
	arena_init(&a);
	arena_init(&m->arena);
	m->chat = chat;
	m->api = str_of(mem_dup(arena_printf(&a, STR_FMT "api/v4/", STR_ARG(config->url))));
	m->bearer = str_of(mem_dup(arena_printf(&a, "Authorization: Bearer " STR_FMT, STR_ARG(config->token))));
	m->calls = str_of(mem_dup(calls_of(&a, chat->engine->config.public_url, config)));
	crypt_hmac_sha256(&chat->engine->key, arena_printf(&a, "mattermost:" STR_FMT, STR_ARG(config->name)), m->key.bytes);
	arena_done(&a);
	m->names = mm_names_of(m);
	m->http = http_client_new(chat->loop, AT_ONCE);
	m->holds = 1;
	uv_timer_init(chat->loop, &m->timer);
	m->timer.data = m;
	uv_timer_start(&m->timer, on_tick, TICK, TICK);
	mm_hear_start(m);
	go_connect(m);
	return m;
}

static void mattermost_close(void *self)
{
	struct mattermost *m = self;

	m->closing = true;
	mm_send_end(m);
	mm_calls_end(m);
	mm_hear_end(m);
	disconnect(m, 1000);
	http_client_free(m->http);
	uv_close((uv_handle_t *)&m->timer, on_timer_closed);
}

const struct chat_kind chat_mattermost = {
	.name = "mattermost",
	.can = CHAT_CAN_THREADS | CHAT_CAN_BUTTONS | CHAT_CAN_EDIT | CHAT_CAN_WHISPER | CHAT_CAN_FILES | CHAT_CAN_REACT | CHAT_CAN_DROP | CHAT_CAN_PIN | CHAT_CAN_TOPIC | CHAT_CAN_ASK,
	.text_max = 7500, /* as Markdown it may be twice as long, and the author stands before it: MM_TEXT_MAX holds all */
	.open = mattermost_open,
	.close = mattermost_close,
	.send = mm_send,
	.call = mm_call,
};
