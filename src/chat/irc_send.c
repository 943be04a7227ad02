/* What leaves for IRC: paced as servers want it, and answered when the server has surely taken it. */
#include "chat/irc_internal.h"

#include "base/crypt.h"
#include "net/form.h"
#include "ops/id.h"

#include <inttypes.h>
#include <stdio.h>

/* RFC 1459 section 8.10, and what ngircd and InspIRCd let pass: a line costs 2 s, and 10 s may be had ahead. The chats file may say
 * post_every, for a server that lets the bot do more. */
#define LINE_COST (2 * SECOND)
#define AHEAD_MAX (10 * SECOND)
#define WAIT_MAX (18 * SECOND)  /* an order that would wait longer is given back */
#define ORDER_MAX (24 * SECOND) /* engine/chat.h: an answer comes within 25 s */
#define WHISPER_WAIT (1 * MINUTE) /* nobody says a whisper again: it may wait */
#define ECHO_MAX (4 * SECOND)   /* without an echo for so long: the server is asked what it did */
#define NOT_THERE (30 * SECOND)

struct irc_control {
	struct irc_control *next;
	char text[];
};

/* An order in hand. It is in its order's arena. */
struct irc_say {
	struct irc_say *next;
	struct chat_order *order;
	struct str target;        /* the channel or nick its lines go to */
	struct str lines[IRC_LINES_MAX];
	size_t count, sent, answered; /* answered: echoed or refused */
	bool echoes;              /* each line comes back to us */
	unsigned ping;            /* a PING behind its last line; 0: none yet */
	char id[128];             /* what the server calls its first line */
	char refused[200];
	mono_ms since, last_sent;
};

/* ---- lines ---- */

static span_ms line_cost(const struct irc *c)
{
	return c->config->post_every ? c->config->post_every : LINE_COST;
}

static void send_line(struct irc *c, struct str text)
{
	mono_ms now = mono_now();
	char line[IRC_READ_MAX];
	int n = snprintf(line, sizeof line, STR_FMT "\r\n", STR_ARG(text));

	if (!c->dial || n < 0 || (size_t)n >= sizeof line)
		return;
	c->ahead = (c->ahead > now ? c->ahead : now) + line_cost(c);
	dial_send(c->dial, str_n(line, (size_t)n));
}

static struct str line_text(char *out, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(out, size, fmt, ap);

	return str_n(out, n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1);
}

void irc_now(struct irc *c, const char *fmt, ...)
{
	char text[IRC_LINE_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	send_line(c, line_text(text, sizeof text - 2, fmt, ap));
	va_end(ap);
}

static void pump(struct irc *c);

void irc_soon(struct irc *c, const char *fmt, ...)
{
	char text[IRC_LINE_MAX + 1];
	struct irc_control *k;
	struct str line;
	va_list ap;

	va_start(ap, fmt);
	line = line_text(text, sizeof text - 2, fmt, ap);
	va_end(ap);
	k = mem_new(sizeof *k + line.n + 1);
	memcpy(k->text, line.p, line.n);
	*c->control_tail = k;
	c->control_tail = &k->next;
	pump(c);
}

/* ---- answers ---- */

static void take_out(struct irc *c, struct irc_say *s)
{
	struct irc_say **at = &c->says;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (!*at)
		c->says_tail = at;
}

static void told(struct irc *c, struct irc_say *s, enum post_result result, bool untaken, wall_ms retry_at, const char *why)
{
	struct chat_order *o = s->order;
	uint8_t random[8];
	char reason[240];
	struct str id;

	snprintf(reason, sizeof reason, "%s", why); /* s goes with its order */
	if (!s->id[0]) { /* IRC has no name for it: one of ours */
		crypt_random(random, sizeof random);
		snprintf(s->id, sizeof s->id, "irc-");
		crypt_hex_write(s->id + 4, random, sizeof random);
	}
	id = result == POST_DONE ? arena_dup(&o->arena, str_of(s->id)) : S("");
	take_out(c, s);
	chat_told(o, result, id, untaken, retry_at, str_of(reason));
}

/* Is all known of what became of it? */
static void finish(struct irc *c, struct irc_say *s)
{
	if (s->refused[0])
		told(c, s, POST_REFUSED, false, 0, s->refused);
	else
		told(c, s, POST_DONE, false, 0, "");
}

static void ask(struct irc *c, struct irc_say *s)
{
	s->ping = ++c->pings;
	irc_now(c, "PING :opsroom-%u", s->ping);
}

static void send_next(struct irc *c, struct irc_say *s)
{
	send_line(c, s->lines[s->sent++]);
	s->last_sent = mono_now();
	if (s->sent == s->count && !s->echoes)
		ask(c, s);
}

static struct irc_say *next_say(const struct irc *c)
{
	struct irc_say *s = c->says;

	while (s && s->sent == s->count)
		s = s->next;
	return s;
}

/* Sends what may leave now, and comes back for the rest. */
static void pump(struct irc *c)
{
	struct irc_say *s = NULL;
	mono_ms wait;

	while (c->dial && (c->control || (s = next_say(c)))) {
		struct irc_control *k = c->control;

		wait = c->ahead - mono_now() - AHEAD_MAX;
		if (wait > 0) {
			uv_timer_start(&c->pace, irc_on_pace, (uint64_t)wait, 0);
			return;
		}
		if (!k) {
			send_next(c, s);
			continue;
		}
		c->control = k->next;
		if (!c->control)
			c->control_tail = &c->control;
		send_line(c, str_of(k->text));
		mem_free(k);
	}
}

void irc_on_pace(uv_timer_t *timer)
{
	pump(timer->data);
}

/* How long until a new order of so many lines has left. */
static span_ms wait_for(const struct irc *c, size_t lines)
{
	mono_ms now = mono_now(), ahead = c->ahead > now ? c->ahead - now : 0;

	for (const struct irc_control *k = c->control; k; k = k->next)
		lines++;
	for (const struct irc_say *s = c->says; s; s = s->next)
		lines += s->count - s->sent + (s->sent < s->count && !s->echoes);
	ahead += (span_ms)lines * line_cost(c) - AHEAD_MAX;
	return ahead > 0 ? ahead : 0;
}

/* ---- orders ---- */

static void refuse(struct chat_order *o, const char *why)
{
	chat_told(o, POST_REFUSED, S(""), false, 0, str_of(why));
}

static void later(struct chat_order *o, span_ms in, const char *why)
{
	chat_told(o, POST_RETRY, S(""), true, wall_now() + in, str_of(why));
}

struct naming {
	struct irc *irc;
	struct arena *a;
};

static struct str on_nick(void *context, struct str id)
{
	struct naming *n = context;
	struct str nick = irc_nick_of(n->irc, n->a, id, S(""));

	return nick.p ? nick : S("");
}

static struct str shown(struct irc *c, struct arena *a, struct str mrkdwn)
{
	struct naming n = {c, a};

	return irc_of_mrkdwn(a, mrkdwn, on_nick, &n);
}

static struct str *file_lines(struct arena *a, const struct chat_order *o)
{
	struct str *all = arena_zero(a, (o->file_count + 1) * sizeof *all), base = o->engine->config.public_url;

	for (size_t i = 0; i < o->file_count; i++) {
		const struct file *f = &o->files[i];

		all[i] = arena_printf(a, STR_FMT ": " STR_FMT "/files/" STR_FMT "/" STR_FMT, STR_ARG(f->title.n ? f->title : f->name), STR_ARG(base), STR_ARG(id_write(a, 'F', f->id)),
				      STR_ARG(percent_encode(a, f->name)));
	}
	return all;
}

/* What is left of 512 bytes when the server has put our own name before it (RFC 2812 section 2.3). */
static size_t room(const struct irc *c, const char *command, struct str target)
{
	size_t nick = strlen(c->nick), wanted = c->config->nick.n, user = strlen(c->user), host = strlen(c->host);
	size_t used = 1 + (nick > wanted ? nick : wanted) + 1 + (user ? user : 11) + 1 + (host ? host : 64) + 1 + strlen(command) + 1 + target.n + 2 + 2;

	return used + 100 < IRC_LINE_MAX ? IRC_LINE_MAX - used : 100;
}

static void compose(struct irc *c, struct irc_say *s, const char *command, struct irc_saying *what)
{
	struct chat_order *o = s->order;
	struct arena *a = &o->arena;
	struct str tag = S("");

	what->more = o->link;
	s->count = irc_say(a, what, room(c, command, s->target), s->lines);
	/* Clients that know threads show it as a reply (ircv3.net, reply client tag). */
	if ((c->caps & IRC_TAGS) && o->thread.n && !str_starts(o->thread, S("irc-")))
		tag = arena_printf(a, "@+draft/reply=" STR_FMT " ", STR_ARG(irc_tag_write(a, o->thread)));
	for (size_t i = 0; i < s->count; i++)
		s->lines[i] = arena_printf(a, STR_FMT "%s " STR_FMT " :" STR_FMT, STR_ARG(tag), command, STR_ARG(s->target), STR_ARG(s->lines[i]));
}

static struct str first_line(struct str text)
{
	struct str line;

	str_cut(str_trim(text), '\n', &line);
	return line;
}

static void put_choices(struct irc_saying *what, struct chat_order *o)
{
	struct err ignored = {0};
	struct choice *choices = NULL;

	what->choice_count = choices_read(&o->arena, o->body.n ? json_parse(&o->arena, o->body, JSON_LAST_KEY_WINS, &ignored) : NULL, &choices);
	what->choices = choices;
}

static void make_say(struct irc *c, struct irc_say *s)
{
	struct chat_order *o = s->order;
	struct arena *a = &o->arena;
	struct irc_saying what = {.number = o->number, .author = o->author, .in_thread = o->thread.n || o->thread_number || o->thread_text.n,
				  .thread_number = o->thread_number, .thread_text = o->thread_text, .text = shown(c, a, o->text), .again = o->tried != 0};

	put_choices(&what, o);
	what.files = file_lines(a, o);
	what.file_count = o->file_count;
	compose(c, s, o->verb == CHAT_WHISPER ? "NOTICE" : "PRIVMSG", &what);
}

/* A change of one of our messages: what it says now, in one line. */
static void make_change(struct irc *c, struct irc_say *s)
{
	struct chat_order *o = s->order;
	struct irc_saying what = {.number = o->number, .author = o->author, .text = first_line(shown(c, &o->arena, o->text))};

	put_choices(&what, o);
	compose(c, s, "PRIVMSG", &what);
}

static void make_topic(struct irc *c, struct irc_say *s)
{
	struct arena *a = &s->order->arena;
	struct str topic = first_line(irc_of_mrkdwn(a, s->order->text, NULL, NULL));

	s->lines[s->count++] = arena_printf(a, "TOPIC " STR_FMT " :" STR_FMT, STR_ARG(s->target), STR_ARG(str_clip(topic, room(c, "TOPIC", s->target))));
}

static span_ms until_joined(const struct irc_channel *ch)
{
	span_ms wait = ch && ch->wanted ? ch->join_at - mono_now() : NOT_THERE;

	return (wait > 0 ? wait : 0) + 3 * SECOND;
}

/* false: it was answered, since it has nowhere to go now. */
static bool find_target(struct irc *c, struct irc_say *s)
{
	struct chat_order *o = s->order;
	bool direct = o->verb == CHAT_WHISPER || str_starts(o->channel, S("@"));
	struct str id = o->verb == CHAT_WHISPER ? o->person : str_n(o->channel.p + 1, o->channel.n - 1);
	struct irc_channel *ch;

	if (!direct) {
		ch = irc_channel_of(c, o->channel);
		if (ch && ch->joined)
			s->target = arena_dup(&o->arena, str_of(ch->name));
		else
			later(o, until_joined(ch), "the bot is not in that channel");
		return ch && ch->joined;
	}
	s->target = irc_nick_of(c, &o->arena, id, o->reply);
	if (s->target.p)
		return true;
	/* Who is proven will be the same when they come back; a nick may be somebody else's then. */
	if (o->verb == CHAT_WHISPER || str_starts(id, S("~")))
		refuse(o, "nobody of that name is there");
	else
		later(o, NOT_THERE, "nobody of that account is there");
	return false;
}

static bool make(struct irc *c, struct irc_say *s)
{
	struct chat_order *o = s->order;

	switch (o->verb) {
	case CHAT_SAY:
	case CHAT_WHISPER:
		make_say(c, s);
		break;
	case CHAT_CHANGE:
		make_change(c, s);
		break;
	case CHAT_SET_TOPIC:
		make_topic(c, s);
		break;
	default:
		refuse(o, "IRC cannot do that");
		return false;
	}
	s->echoes = (c->caps & IRC_ECHO) && o->verb != CHAT_SET_TOPIC;
	return true;
}

void irc_send_order(struct irc *c, struct chat_order *o)
{
	struct irc_say *s = arena_zero(&o->arena, sizeof *s);
	span_ms wait;

	s->order = o;
	s->since = mono_now();
	if (c->state != IRC_UP) {
		later(o, SECOND, "there is no connection");
		return;
	}
	if (!find_target(c, s) || !make(c, s))
		return;
	wait = wait_for(c, s->count + !s->echoes);
	if (wait > (o->verb == CHAT_WHISPER ? WHISPER_WAIT : WAIT_MAX)) {
		later(o, wait - WAIT_MAX / 2, "what waits is as much as the server takes");
		return;
	}
	*c->says_tail = s;
	c->says_tail = &s->next;
	pump(c);
}

/* ---- what the server made of it ---- */

/* The oldest line to that target of which nothing is known yet. */
static struct irc_say *waiting_for(struct irc *c, struct str target)
{
	for (struct irc_say *s = c->says; s; s = s->next)
		if (s->answered < s->sent && irc_same(&c->support, s->target, target))
			return s;
	return NULL;
}

static void answered(struct irc *c, struct irc_say *s)
{
	s->answered++;
	if (s->echoes && s->answered == s->count)
		finish(c, s);
}

void irc_send_echo(struct irc *c, const struct irc_line *l)
{
	struct irc_say *s = waiting_for(c, irc_param(l, 0));
	struct arena a;
	struct str id;

	if (!s || !s->echoes)
		return;
	arena_init(&a);
	id = irc_tag(&a, l, "msgid");
	if (!s->answered && id.n && id.n < sizeof s->id && str_is_utf8(id))
		memcpy(s->id, id.p, id.n);
	arena_done(&a);
	answered(c, s);
}

/* Numerics that name who or what a line could not go to (RFC 2812 section 5.2, and what servers added). */
static const struct {
	int numeric;
	bool later; /* it may well go later */
	const char *why;
} refusals[] = {
	{401, true, "nobody of that nick is there"},
	{403, true, "there is no such channel"},
	{404, false, "the channel takes nothing from the bot (moderated, or a ban): give the bot a voice there"},
	{407, false, "the server takes that nick for many"},
	{415, false, "the server does not take that address"},
	{437, true, "the channel is not available now"},
	{442, true, "the bot is not in that channel"},
	{477, false, "the channel takes messages of registered nicks alone: the bot needs an account"},
	{482, false, "the bot is no operator of that channel"},
	{489, false, "the channel takes messages over TLS alone"},
	{531, false, "that person takes no messages from the bot"},
	{716, false, "that person takes no messages from the bot"},
};

void irc_send_numeric(struct irc *c, const struct irc_line *l)
{
	struct irc_say *s = waiting_for(c, irc_param(l, 1));
	size_t i = 0;

	while (i < COUNT_OF(refusals) && refusals[i].numeric != l->numeric)
		i++;
	if (!s || i == COUNT_OF(refusals))
		return;
	if (refusals[i].later && s->order->verb != CHAT_WHISPER && s->answered == 0) {
		told(c, s, POST_RETRY, true, wall_now() + NOT_THERE, refusals[i].why);
		return;
	}
	snprintf(s->refused, sizeof s->refused, "%s", refusals[i].why);
	answered(c, s);
}

void irc_send_pong(struct irc *c, struct str token)
{
	struct str rest = str_starts(token, S("opsroom-")) ? str_n(token.p + 8, token.n - 8) : S("");
	int64_t ping;

	if (!str_to_int(rest, &ping))
		return;
	for (struct irc_say *s = c->says; s; s = s->next)
		if (s->ping == (unsigned)ping) {
			/* It has read all before the PING, and would have given it back. */
			if (s->echoes && (c->caps & IRC_ECHO) && s->answered < s->count && !s->refused[0])
				snprintf(s->refused, sizeof s->refused, "the server took it and did not pass it on");
			finish(c, s);
			return;
		}
}

void irc_send_tick(struct irc *c)
{
	mono_ms now = mono_now();

	for (struct irc_say *s = c->says, *next; s; s = next) {
		next = s->next;
		if (now - s->since > ORDER_MAX + (s->order->verb == CHAT_WHISPER ? WHISPER_WAIT : 0))
			told(c, s, POST_RETRY, s->sent == 0, wall_now() + SECOND, "the server did not answer in time");
		else if (s->echoes && !s->ping && s->sent == s->count && now - s->last_sent > ECHO_MAX)
			ask(c, s);
	}
}

void irc_send_reset(struct irc *c, const char *why)
{
	while (c->says)
		told(c, c->says, POST_RETRY, c->says->sent == 0, 0, why);
	for (struct irc_control *k; (k = c->control);) {
		c->control = k->next;
		mem_free(k);
	}
	c->control_tail = &c->control;
	c->ahead = 0;
	if (!c->closing)
		uv_timer_stop(&c->pace);
}
