/* IRC as a chat system: the connection, from its beginning to its end, and again (RFC 1459, RFC 2812, ircv3.net/irc). */
#include "chat/irc_internal.h"
#include "chat/table.h"

#include "base/crypt.h"

#include <stdio.h>

#define TICK (2 * SECOND)
#define PING_AFTER (8 * SECOND)      /* of silence */
#define SILENCE_MAX (20 * SECOND)
#define GREETING_MAX (30 * SECOND)
#define JOINING_MAX (10 * SECOND)    /* it is up then, though a channel has not answered */
#define STEADY (1 * MINUTE)          /* a connection that lasted so long was good: the next is tried at once */
#define AGAIN_MAX (1 * MINUTE)

bool irc_is_us(const struct irc *c, struct str nick)
{
	return irc_same(&c->support, nick, str_of(c->nick));
}

void irc_copy(char *to, size_t size, struct str s)
{
	s = str_clip(s, size - 1);
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

static void go_to(struct irc *c, enum irc_state state)
{
	c->state = state;
	c->since = mono_now();
}

bool irc_is_past(const struct irc_line *l)
{
	struct arena a;
	bool past;

	arena_init(&a);
	past = irc_tag(&a, l, "batch").p != NULL;
	arena_done(&a);
	return past;
}

/* ---- up ---- */

static void up_if_joined(struct irc *c)
{
	if (c->state != IRC_JOINING || (irc_joins_wait(c) && mono_now() - c->since < JOINING_MAX))
		return;
	go_to(c, IRC_UP);
	chat_up(c->chat);
}

/* The server's first words are over. */
static void welcomed(struct irc *c)
{
	if (c->state != IRC_GREETING)
		return;
	go_to(c, IRC_JOINING);
	c->ahead = mono_now(); /* servers count from here */
	if (c->support.bot_mode)
		irc_soon(c, "MODE %s +%c", c->nick, c->support.bot_mode);
	if (c->config->account.n && c->config->password.n && !c->logged_in)
		irc_soon(c, "PRIVMSG NickServ :IDENTIFY " STR_FMT " " STR_FMT, STR_ARG(c->config->account), STR_ARG(c->config->password));
	irc_hear_self(c);
	irc_join_due(c);
	up_if_joined(c);
}

/* ---- the connection's end ---- */

static void plan_again(struct irc *c);

static void disconnect(struct irc *c)
{
	dial_close(c->dial);
	c->dial = NULL;
	go_to(c, IRC_APART);
	buf_reset(&c->in);
	c->skipping = c->logged_in = c->plain_tried = false;
	c->mechanism = NULL;
	c->caps = c->offered = c->nick_tries = 0;
	c->mechanisms[0] = c->user[0] = c->host[0] = '\0';
	if (c->heard_at[0])
		memcpy(c->missed_from, c->heard_at, sizeof c->missed_from);
	irc_channels_lost(c);
}

void irc_lost(struct irc *c, const char *why)
{
	char reason[400];

	snprintf(reason, sizeof reason, "%s%s%s", why, c->why[0] ? "; the server says: " : "", c->why);
	if (c->state == IRC_UP && mono_now() - c->since > STEADY)
		c->tries = 0;
	disconnect(c);
	irc_send_reset(c, reason);
	chat_down(c->chat, reason);
	plan_again(c);
}

void irc_never(struct irc *c, const char *why)
{
	disconnect(c);
	irc_send_reset(c, why);
	chat_refused(c->chat, why);
}

/* ---- lines ---- */

static void on_numeric(struct irc *c, const struct irc_line *l)
{
	switch (l->numeric) {
	case 1:
		irc_copy(c->nick, sizeof c->nick, irc_param(l, 0));
		break;
	case 5:
		irc_support_read(&c->support, l);
		break;
	case 376: case 422:
		welcomed(c);
		break;
	case 396: /* our host, as others see it */
		irc_copy(c->host, sizeof c->host, irc_param(l, 1));
		break;
	case 465:
		irc_copy(c->why, sizeof c->why, irc_param(l, l->count - 1));
		break;
	default:
		irc_send_numeric(c, l);
	}
}

static bool is_ours(const struct irc *c, const struct irc_line *l)
{
	return l->nick.n && irc_is_us(c, l->nick);
}

static void on_said(struct irc *c, const struct irc_line *l)
{
	if (!is_ours(c, l))
		irc_hear_line(c, l);
	else if ((c->caps & IRC_ECHO) && !irc_is_past(l))
		irc_send_echo(c, l);
}

static void on_ping(struct irc *c, const struct irc_line *l)
{
	irc_now(c, "PONG :" STR_FMT, STR_ARG(irc_param(l, l->count - 1)));
}

static void on_pong(struct irc *c, const struct irc_line *l)
{
	irc_send_pong(c, irc_param(l, l->count - 1));
}

static void on_chghost(struct irc *c, const struct irc_line *l)
{
	if (!is_ours(c, l))
		return;
	irc_copy(c->user, sizeof c->user, irc_param(l, 0));
	irc_copy(c->host, sizeof c->host, irc_param(l, 1));
}

static void on_error(struct irc *c, const struct irc_line *l)
{
	struct arena a;

	arena_init(&a);
	irc_copy(c->why, sizeof c->why, irc_plain(&a, irc_param(l, 0)));
	arena_done(&a);
}

static const struct {
	const char *command;
	void (*on)(struct irc *c, const struct irc_line *l);
} commands[] = {
	{"PRIVMSG", on_said}, {"NOTICE", on_said}, {"PING", on_ping}, {"PONG", on_pong}, {"CHGHOST", on_chghost}, {"ERROR", on_error},
};

static void on_line(struct irc *c, struct str text)
{
	struct irc_line l;
	struct arena a;
	struct str at;

	if (!irc_line_parse(text, &l))
		return;
	arena_init(&a);
	at = irc_tag(&a, &l, "time");
	if (at.n && (c->caps & IRC_SERVER_TIME))
		irc_copy(c->heard_at, sizeof c->heard_at, irc_word_ok(at) ? at : S(""));
	arena_done(&a);
	if (!irc_login_line(c, &l) && !irc_channels_line(c, &l) && l.numeric)
		on_numeric(c, &l);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (str_is(l.command, commands[i].command))
			commands[i].on(c, &l);
	up_if_joined(c);
}

static struct str without_cr(struct str s)
{
	while (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static void on_bytes(void *context, struct str bytes)
{
	struct irc *c = context;

	c->last_byte = mono_now();
	c->pinged = 0;
	while (bytes.n && c->dial) { /* a line may have ended the connection */
		struct str line;
		bool whole = memchr(bytes.p, '\n', bytes.n) != NULL;

		bytes = str_cut(bytes, '\n', &line);
		if (!c->skipping)
			c->skipping = !buf_add(&c->in, line);
		if (!whole)
			break;
		if (!c->skipping)
			on_line(c, without_cr(buf_str(&c->in)));
		buf_reset(&c->in);
		c->skipping = false;
	}
}

static void on_open(void *context)
{
	struct irc *c = context;
	const struct chat_config *f = c->config;

	c->last_byte = mono_now();
	irc_now(c, "CAP LS 302");
	if (f->password.n && !f->account.n)
		irc_now(c, "PASS :" STR_FMT, STR_ARG(f->password));
	irc_now(c, "NICK %s", c->nick);
	irc_now(c, "USER opsroom 0 * :opsroom");
}

static void on_close(void *context, const char *why)
{
	irc_lost(context, why);
}

/* ---- connecting ---- */

/* HOST, HOST:PORT, [::1]:PORT */
static struct str host_of(struct str server, bool tls, int *port)
{
	size_t colon = server.n;
	int64_t n;

	while (colon && server.p[colon - 1] != ':' && server.p[colon - 1] != ']')
		colon--;
	*port = tls ? 6697 : 6667;
	if (!colon || server.p[colon - 1] != ':' || !str_to_int(str_n(server.p + colon, server.n - colon), &n))
		return server;
	*port = (int)n;
	return str_n(server.p, colon - 1);
}

static const char *path_or_null(struct str s)
{
	return s.n ? s.p : NULL; /* of the chats file: each ends in NUL */
}

static void connect_now(uv_timer_t *timer)
{
	struct irc *c = timer->data;
	const struct chat_config *f = c->config;
	struct dial_options o = {.tls = f->tls, .ca_file = path_or_null(f->ca_file), .certificate_file = path_or_null(f->certificate), .key_file = path_or_null(f->key_file)};
	struct dial_events e = {c, on_open, on_bytes, on_close};

	o.host = host_of(f->server, f->tls, &o.port);
	if (o.certificate_file && !o.key_file)
		o.key_file = o.certificate_file; /* both in one file */
	if (!f->tls)
		o.certificate_file = o.key_file = o.ca_file = NULL;
	irc_support_init(&c->support);
	go_to(c, IRC_GREETING);
	c->last_byte = c->since;
	c->pinged = 0;
	c->why[0] = '\0';
	irc_copy(c->nick, sizeof c->nick, f->nick);
	c->dial = dial_open(c->chat->loop, &o, &e);
}

/* 1 s, 2 s, 4 s ... a minute; each a little shorter by chance, so that not all come back at once. */
static void plan_again(struct irc *c)
{
	span_ms wait = SECOND << (c->tries < 6 ? c->tries : 6);
	uint16_t random;

	crypt_random(&random, sizeof random);
	c->tries++;
	wait = wait > AGAIN_MAX ? AGAIN_MAX : wait;
	wait -= wait / 4 * random / UINT16_MAX;
	uv_timer_start(&c->again, connect_now, (uint64_t)wait, 0);
}

static void on_tick(uv_timer_t *timer)
{
	struct irc *c = timer->data;
	mono_ms now = mono_now(), silent = now - c->last_byte;

	irc_hear_tick(c);
	if (!c->dial)
		return;
	if (c->state == IRC_GREETING && now - c->since > GREETING_MAX) {
		irc_lost(c, "the server does not welcome us");
		return;
	}
	if (c->state >= IRC_JOINING && silent > SILENCE_MAX) {
		irc_lost(c, "the server does not answer any more");
		return;
	}
	if (c->state >= IRC_JOINING && silent > PING_AFTER && !c->pinged) {
		c->pinged = now;
		irc_now(c, "PING :opsroom");
	}
	irc_send_tick(c);
	if (c->state >= IRC_JOINING) {
		irc_join_due(c);
		irc_nick_tick(c);
	}
	up_if_joined(c);
}

/* ---- the row ---- */

static void *irc_open(struct chat *chat, struct err *err)
{
	struct irc *c;
	int port;

	host_of(chat->config->server, chat->config->tls, &port);
	if (port < 1 || port > 65535 || !irc_word_ok(chat->config->nick) || chat->config->nick.n > 60) {
		err_set(err, ERR_INVALID, "`server` is HOST:PORT, `nick` a word of at most 60 letters");
		return NULL;
	}
	c = mem_new(sizeof *c);
	c->chat = chat;
	c->config = chat->config;
	buf_init(&c->in, IRC_READ_MAX);
	irc_support_init(&c->support);
	c->people = irc_people_new(&c->support);
	c->control_tail = &c->control;
	c->says_tail = &c->says;
	c->items_tail = &c->items;
	uv_timer_init(chat->loop, &c->tick);
	uv_timer_init(chat->loop, &c->pace);
	uv_timer_init(chat->loop, &c->again);
	c->tick.data = c->pace.data = c->again.data = c;
	c->timers = 3;
	irc_channels_want(c);
	uv_timer_start(&c->tick, on_tick, TICK, TICK);
	uv_timer_start(&c->again, connect_now, 0, 0);
	return c;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct irc *c = h->data;

	if (--c->timers)
		return;
	irc_channels_free(c);
	irc_people_free(c->people);
	buf_done(&c->in);
	mem_free(c);
}

static void irc_close(void *self)
{
	struct irc *c = self;

	c->closing = true;
	if (c->dial && c->state >= IRC_JOINING)
		irc_now(c, "QUIT :opsroom ends");
	disconnect(c);
	irc_send_reset(c, "opsroom ends");
	irc_hear_end(c);
	uv_close((uv_handle_t *)&c->tick, on_timer_closed);
	uv_close((uv_handle_t *)&c->pace, on_timer_closed);
	uv_close((uv_handle_t *)&c->again, on_timer_closed);
}

static void irc_send(void *self, struct chat_order *o)
{
	irc_send_order(self, o);
}

const struct chat_kind chat_irc = {
	.name = "irc",
	.can = CHAT_CAN_WHISPER | CHAT_CAN_TOPIC,
	.open = irc_open,
	.close = irc_close,
	.send = irc_send,
};
