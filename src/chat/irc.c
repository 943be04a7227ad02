/* IRC as a chat system: the connection, its greeting, channels and nicks (RFC 1459, RFC 2812, ircv3.net/irc). */
#include "chat/irc_internal.h"
#include "chat/table.h"

#include "base/crypt.h"
#include "base/log.h"
#include "ops/text.h"

#include <stdio.h>

#define TICK (2 * SECOND)
#define PING_AFTER (8 * SECOND)      /* of silence */
#define SILENCE_MAX (20 * SECOND)
#define GREETING_MAX (30 * SECOND)
#define JOINING_MAX (10 * SECOND)    /* it is up then, though a channel has not answered */
#define NICK_EVERY (30 * SECOND)     /* to ask for our nick when somebody has it */
#define STEADY (1 * MINUTE)          /* a connection that lasted so long was good: the next is tried at once */
#define AGAIN_MAX (1 * MINUTE)
#define JOIN_PAUSE (10 * SECOND)     /* after a kick or a refusal; doubled each time */
#define JOIN_PAUSE_MAX (10 * MINUTE)
#define CHANNELS_MAX 1000
#define HISTORY_LINES 100
#define SASL_PIECE 400               /* ircv3.net/specs/extensions/sasl-3.1 */

bool irc_is_us(const struct irc *c, struct str nick)
{
	return irc_same(&c->support, nick, str_of(c->nick));
}

static void copy(char *to, size_t size, struct str s)
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

/* ---- channels ---- */

struct irc_channel *irc_channel_of(struct irc *c, struct str name)
{
	for (struct irc_channel *ch = c->channels; ch; ch = ch->next)
		if (irc_same(&c->support, str_of(ch->name), name))
			return ch;
	return NULL;
}

static struct irc_channel *channel_add(struct irc *c, struct str name)
{
	struct irc_channel *ch = mem_new(sizeof *ch), **at = &c->channels;
	struct arena a;

	arena_init(&a);
	ch->name = mem_dup(name);
	ch->id = mem_dup(irc_fold(&a, &c->support, name));
	ch->topic = mem_dup(S(""));
	arena_done(&a);
	while (*at)
		at = &(*at)->next;
	return *at = ch;
}

static void channel_free(struct irc_channel *ch)
{
	mem_free(ch->name);
	mem_free(ch->id);
	mem_free(ch->topic);
	mem_free((char *)ch->why.p);
	mem_free(ch);
}

/* The chats file has a channel without its #; one of another kind stands with its mark. */
static void want_channels(struct irc *c)
{
	char name[200];

	for (size_t i = 0; i < c->config->channel_count; i++) {
		struct str there = c->config->channels[i].there;

		snprintf(name, sizeof name, "%s" STR_FMT, strchr("&+!", *there.p) ? "" : "#", STR_ARG(there));
		if (!irc_channel_of(c, str_of(name)) && irc_word_ok(str_of(name)) && !strchr(name, ','))
			channel_add(c, str_of(name))->wanted = true;
	}
}

/* JOIN takes several, in a line of 512 bytes. */
static void join_due(struct irc *c)
{
	mono_ms now = mono_now();
	struct buf b;

	buf_init(&b, IRC_LINE_MAX);
	for (struct irc_channel *ch = c->channels; ch; ch = ch->next) {
		if (!ch->wanted || ch->joined || ch->asked || ch->join_at > now)
			continue;
		if (b.n + strlen(ch->name) > 400) {
			irc_soon(c, "JOIN %s", b.p);
			buf_reset(&b);
		}
		buf_printf(&b, "%s%s", b.n ? "," : "", ch->name);
		ch->asked = true;
	}
	if (b.n)
		irc_soon(c, "JOIN %s", b.p);
	buf_done(&b);
}

static void join_later(struct irc_channel *ch)
{
	ch->asked = false;
	ch->pause = !ch->pause ? JOIN_PAUSE : 2 * ch->pause < JOIN_PAUSE_MAX ? 2 * ch->pause : JOIN_PAUSE_MAX;
	ch->join_at = mono_now() + ch->pause;
}

static void out_of(struct irc *c, struct irc_channel *ch)
{
	if (!ch->joined)
		return;
	ch->joined = false;
	irc_people_leave(c->people, str_of(ch->name));
	if (!ch->wanted)
		irc_hear_joined(c, ch, false); /* the others it comes back to; what is said meanwhile waits */
	join_later(ch);
}

/* Why a channel does not let us in (RFC 2812 section 5.2; 477, 489 and 520 are others'). */
static const struct {
	int numeric;
	const char *why;
} join_refusals[] = {
	{403, "there is no such channel, and none can be made"},
	{405, "the bot is in as many channels as the server allows"},
	{437, "the channel is not available now"},
	{471, "it is full"},
	{473, "it is by invitation only: invite the bot, or put it on the list of those who may come (+I)"},
	{474, "the bot is banned there"},
	{475, "it has a key, which opsroom cannot give: let the bot in by its account or by invitation"},
	{476, "the server does not take its name"},
	{477, "it takes registered nicks alone: the bot needs an account"},
	{479, "the server does not take its name"},
	{489, "it takes connections over TLS alone"},
	{520, "it is for operators of the server"},
};

static bool join_refused(struct irc *c, const struct irc_line *l)
{
	struct irc_channel *ch = irc_channel_of(c, irc_param(l, 1));

	for (size_t i = 0; ch && ch->asked && i < COUNT_OF(join_refusals); i++) {
		if (join_refusals[i].numeric != l->numeric)
			continue;
		if (!str_is(ch->why, join_refusals[i].why))
			log_warn(EV_CHAT_CHANNEL, F_STR("chat", c->config->name), F_TXT("channel", ch->name), F_TXT("why", join_refusals[i].why));
		mem_free((char *)ch->why.p);
		ch->why = str_of(mem_dup(str_of(join_refusals[i].why)));
		join_later(ch);
		return true;
	}
	return false;
}

/* ---- up ---- */

static void up_if_joined(struct irc *c)
{
	bool waiting = false;

	for (const struct irc_channel *ch = c->channels; ch; ch = ch->next)
		waiting |= ch->asked;
	if (c->state != IRC_JOINING || (waiting && mono_now() - c->since < JOINING_MAX))
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
	join_due(c);
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
	for (struct irc_channel *ch = c->channels; ch; ch = ch->next) {
		ch->joined = ch->asked = ch->told = false;
		ch->join_at = 0;
		ch->pause = 0;
	}
	irc_people_free(c->people);
	c->people = irc_people_new(&c->support);
}

static void lost(struct irc *c, const char *why)
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

static void never(struct irc *c, const char *why)
{
	disconnect(c);
	irc_send_reset(c, why);
	chat_refused(c->chat, why);
}

/* ---- capabilities and login ---- */

static const struct {
	const char *name;
	enum irc_cap cap;
} caps[] = {
	{"sasl", IRC_SASL},
	{"message-tags", IRC_TAGS},
	{"account-tag", IRC_ACCOUNT_TAG},
	{"account-notify", IRC_ACCOUNT_NOTIFY},
	{"extended-join", IRC_EXTENDED_JOIN},
	{"server-time", IRC_SERVER_TIME},
	{"echo-message", IRC_ECHO},
	{"multi-prefix", IRC_MULTI_PREFIX},
	{"chghost", IRC_CHGHOST},
	{"batch", IRC_BATCH},
	{"draft/chathistory", IRC_HISTORY},
};

static unsigned cap_of(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(caps); i++)
		if (str_is(name, caps[i].name))
			return caps[i].cap;
	return 0;
}

static bool wants_login(const struct irc *c)
{
	return c->config->certificate.n || (c->config->account.n && c->config->password.n);
}

static void request_caps(struct irc *c)
{
	unsigned wanted = c->offered & ~c->caps & ~(wants_login(c) && !c->logged_in ? 0u : (unsigned)IRC_SASL);
	char list[300] = "";
	size_t n = 0;

	if ((c->offered & (IRC_BATCH | IRC_SERVER_TIME | IRC_TAGS)) != (IRC_BATCH | IRC_SERVER_TIME | IRC_TAGS))
		wanted &= ~(unsigned)IRC_HISTORY;
	for (size_t i = 0; i < COUNT_OF(caps); i++)
		if (wanted & caps[i].cap)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? " " : "", caps[i].name);
	if (n)
		irc_now(c, "CAP REQ :%s", list);
	else if (c->state == IRC_GREETING)
		irc_now(c, "CAP END");
}

static bool has_mechanism(const struct irc *c, const char *name)
{
	return !c->mechanisms[0] || str_find(str_of(c->mechanisms), str_of(name), NULL);
}

static void login(struct irc *c)
{
	bool external = c->config->certificate.n && c->config->tls && !c->plain_tried && has_mechanism(c, "EXTERNAL");

	c->mechanism = external ? "EXTERNAL" : c->config->password.n && has_mechanism(c, "PLAIN") ? "PLAIN" : NULL;
	c->plain_tried |= !external;
	if (c->mechanism)
		irc_now(c, "AUTHENTICATE %s", c->mechanism);
	else if (c->state == IRC_GREETING)
		irc_now(c, "CAP END");
}

static void login_ended(struct irc *c)
{
	c->mechanism = NULL;
	if (c->state == IRC_GREETING)
		irc_now(c, "CAP END");
}

static void on_authenticate(struct irc *c, const struct irc_line *l)
{
	struct arena a;
	struct str text;

	if (!c->mechanism || !str_is(irc_param(l, 0), "+"))
		return;
	arena_init(&a);
	if (str_is(str_of(c->mechanism), "EXTERNAL"))
		text = crypt_base64(&a, c->config->account);
	else
		text = irc_sasl_plain(&a, c->config->account, c->config->password);
	for (; text.n >= SASL_PIECE; text = str_n(text.p + SASL_PIECE, text.n - SASL_PIECE))
		irc_now(c, "AUTHENTICATE %.*s", SASL_PIECE, text.p);
	irc_now(c, "AUTHENTICATE " STR_FMT, STR_ARG(text.n ? text : S("+")));
	arena_done(&a);
}

static void login_failed(struct irc *c)
{
	if (!c->mechanism)
		return;
	if (!c->plain_tried && c->config->account.n && c->config->password.n) {
		c->plain_tried = true;
		login(c);
		return;
	}
	never(c, c->plain_tried && c->config->password.n ? "services do not take the account with this password" : "services do not know the certificate");
}

/* CAP * LS * :more to come; CAP * LS :the last */
static void on_cap(struct irc *c, const struct irc_line *l)
{
	struct str what = irc_param(l, 1), list = irc_param(l, l->count - 1), word;
	bool more = str_is(irc_param(l, 2), "*") && l->count > 3;

	while (str_word(&list, &word)) {
		bool off = str_starts(word, S("-"));
		struct str name, value = str_cut(off ? str_n(word.p + 1, word.n - 1) : word, '=', &name);
		unsigned cap = cap_of(name);

		if (str_is(what, "LS") || str_is(what, "NEW"))
			c->offered |= cap;
		else if (str_is(what, "ACK") && !off)
			c->caps |= cap;
		else if (str_is(what, "DEL"))
			c->caps &= ~cap, c->offered &= ~cap;
		if (cap == IRC_SASL && value.n)
			copy(c->mechanisms, sizeof c->mechanisms, value);
	}
	if (more)
		return;
	if (str_is(what, "LS") || str_is(what, "NEW"))
		request_caps(c);
	else if (str_is(what, "ACK") && (c->caps & IRC_SASL) && !c->logged_in && !c->mechanism)
		login(c);
	else if ((str_is(what, "ACK") || str_is(what, "NAK")) && c->state == IRC_GREETING)
		irc_now(c, "CAP END");
}

/* ---- nicks ---- */

static void ask_nick(struct irc *c)
{
	c->nick_tried = mono_now();
	irc_soon(c, "NICK " STR_FMT, STR_ARG(c->config->nick));
}

static bool has_nick(const struct irc *c)
{
	struct str wanted = c->config->nick;

	if (c->support.nick_max && wanted.n > c->support.nick_max)
		wanted.n = c->support.nick_max;
	return irc_same(&c->support, str_of(c->nick), wanted);
}

/* Whoever has our nick gives it up. */
static void nick_freed(struct irc *c, struct str nick)
{
	if (c->state >= IRC_JOINING && !has_nick(c) && irc_same(&c->support, nick, c->config->nick))
		ask_nick(c);
}

/* srebot, srebot_, srebot__; then numbers, at its end cut for servers with short nicks. */
static void nick_taken(struct irc *c)
{
	struct str nick = c->config->nick;
	unsigned char random;
	unsigned tries;

	if (c->state != IRC_GREETING)
		return; /* we have one, and ask again later */
	tries = ++c->nick_tries;
	crypt_random(&random, 1);
	if (tries <= 2)
		snprintf(c->nick, sizeof c->nick, STR_FMT "%.*s", STR_ARG(nick), (int)tries, "__");
	else
		snprintf(c->nick, sizeof c->nick, STR_FMT "%03u", STR_ARG(str_clip(nick, 6)), random);
	if (tries > 8)
		lost(c, "all nicks like ours are taken");
	else
		irc_now(c, "NICK %s", c->nick);
}

static void on_nick(struct irc *c, const struct irc_line *l)
{
	struct str to = irc_param(l, 0);

	if (irc_is_us(c, l->nick)) {
		copy(c->nick, sizeof c->nick, to);
	} else {
		irc_people_rename(c->people, l->nick, to);
		irc_hear_person(c, to);
	}
	nick_freed(c, l->nick);
}

/* ---- who is where ---- */

static void we_joined(struct irc *c, const struct irc_line *l)
{
	struct str name = irc_param(l, 0);
	struct irc_channel *ch = irc_channel_of(c, name);
	size_t count = 0;

	for (const struct irc_channel *each = c->channels; each; each = each->next)
		count++;
	if (!ch && (count >= CHANNELS_MAX || !str_is_utf8(name)))
		return;
	if (!ch)
		ch = channel_add(c, name);
	copy(c->user, sizeof c->user, l->user);
	copy(c->host, sizeof c->host, l->host);
	ch->joined = true;
	ch->told = false;
	mem_free((char *)ch->why.p);
	ch->why = (struct str){0};
	mem_free(ch->topic);
	ch->topic = mem_dup(S(""));
}

static void on_join(struct irc *c, const struct irc_line *l)
{
	struct str channel = irc_param(l, 0);

	if (irc_is_us(c, l->nick)) {
		we_joined(c, l);
		return;
	}
	irc_people_join(c->people, channel, l->nick);
	if ((c->caps & IRC_EXTENDED_JOIN) && irc_people_account(c->people, l->nick, irc_param(l, 1)))
		irc_hear_person(c, l->nick);
	else if (c->config->by_nick)
		irc_hear_person(c, l->nick);
}

static void on_part(struct irc *c, struct str channel, struct str nick)
{
	struct irc_channel *ch = irc_channel_of(c, channel);

	if (ch && irc_is_us(c, nick))
		out_of(c, ch);
	else
		irc_people_part(c->people, channel, nick);
}

static void on_quit(struct irc *c, const struct irc_line *l)
{
	irc_people_quit(c->people, l->nick);
	nick_freed(c, l->nick);
}

static void on_account(struct irc *c, struct str nick, struct str account)
{
	if (irc_people_account(c->people, nick, account))
		irc_hear_person(c, nick);
}

/* 353: us = #ops :@ann +ben cem */
static void on_names(struct irc *c, const struct irc_line *l)
{
	struct irc_channel *ch = irc_channel_of(c, irc_param(l, 2));
	struct str list = irc_param(l, 3), word;

	if (!ch || !ch->joined)
		return;
	ch->is_private = !str_is(irc_param(l, 1), "=");
	while (str_word(&list, &word)) {
		while (word.n && strchr("~&@%+!", *word.p))
			word = str_n(word.p + 1, word.n - 1);
		str_cut(word, '!', &word);
		if (!word.n || irc_is_us(c, word))
			continue;
		irc_people_join(c->people, irc_param(l, 2), word);
		if (c->config->by_nick)
			irc_hear_person(c, word);
	}
}

/* 366: all about a channel that we just joined has been told. */
static void on_names_end(struct irc *c, const struct irc_line *l)
{
	struct irc_channel *ch = irc_channel_of(c, irc_param(l, 1));

	if (!ch || !ch->joined || ch->told)
		return;
	ch->told = true;
	ch->asked = false;
	ch->pause = 0;
	irc_hear_joined(c, ch, true);
	if (c->support.whox && (c->caps & (IRC_ACCOUNT_TAG | IRC_ACCOUNT_NOTIFY)))
		irc_soon(c, "WHO %s %%tna,152", ch->name);
	if ((c->caps & IRC_HISTORY) && c->missed_from[0])
		irc_soon(c, "CHATHISTORY AFTER %s timestamp=%s %d", ch->name, c->missed_from, HISTORY_LINES);
	up_if_joined(c);
}

static void on_topic(struct irc *c, struct str channel, struct str topic)
{
	struct irc_channel *ch = irc_channel_of(c, channel);
	struct arena a;

	if (!ch)
		return;
	arena_init(&a);
	mem_free(ch->topic);
	ch->topic = mem_dup(mrkdwn_escape(&a, irc_plain(&a, topic)));
	arena_done(&a);
}

static void on_invite(struct irc *c, const struct irc_line *l)
{
	struct irc_channel *ch = irc_channel_of(c, irc_param(l, 1));

	if (!ch || !irc_is_us(c, irc_param(l, 0)))
		return;
	ch->join_at = 0;
	join_due(c);
}

/* ---- lines ---- */

static void on_numeric(struct irc *c, const struct irc_line *l)
{
	switch (l->numeric) {
	case 1:
		copy(c->nick, sizeof c->nick, irc_param(l, 0));
		break;
	case 5:
		irc_support_read(&c->support, l);
		break;
	case 376: case 422:
		welcomed(c);
		break;
	case 332:
		on_topic(c, irc_param(l, 1), irc_param(l, 2));
		break;
	case 353:
		on_names(c, l);
		break;
	case 366:
		on_names_end(c, l);
		break;
	case 354: /* us 152 nick account */
		if (str_is(irc_param(l, 1), "152"))
			on_account(c, irc_param(l, 2), irc_param(l, 3));
		break;
	case 396: /* our host, as others see it */
		copy(c->host, sizeof c->host, irc_param(l, 1));
		break;
	case 432: /* a nick that the server does not take at all */
		if (c->state == IRC_GREETING)
			lost(c, "the server does not take our nick");
		break;
	case 433: case 436:
		nick_taken(c);
		break;
	case 437: /* of a nick or a channel */
		if (c->state == IRC_GREETING)
			nick_taken(c);
		else if (!join_refused(c, l))
			irc_send_numeric(c, l);
		break;
	case 464:
		never(c, "the server does not take the password");
		break;
	case 465:
		copy(c->why, sizeof c->why, irc_param(l, l->count - 1));
		break;
	case 900:
		c->logged_in = true;
		break;
	case 901:
		c->logged_in = false;
		break;
	case 903: case 906: case 907:
		login_ended(c);
		break;
	case 902: case 904: case 905:
		login_failed(c);
		break;
	default:
		if (!join_refused(c, l))
			irc_send_numeric(c, l);
	}
	up_if_joined(c);
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

static void on_topic_line(struct irc *c, const struct irc_line *l)
{
	on_topic(c, irc_param(l, 0), irc_param(l, 1));
	if (!is_ours(c, l))
		irc_hear_line(c, l);
}

static void on_ping(struct irc *c, const struct irc_line *l)
{
	irc_now(c, "PONG :" STR_FMT, STR_ARG(irc_param(l, l->count - 1)));
}

static void on_pong(struct irc *c, const struct irc_line *l)
{
	irc_send_pong(c, irc_param(l, l->count - 1));
}

static void on_kick(struct irc *c, const struct irc_line *l)
{
	on_part(c, irc_param(l, 0), irc_param(l, 1));
}

static void on_part_line(struct irc *c, const struct irc_line *l)
{
	on_part(c, irc_param(l, 0), l->nick);
}

static void on_account_line(struct irc *c, const struct irc_line *l)
{
	on_account(c, l->nick, irc_param(l, 0));
}

static void on_chghost(struct irc *c, const struct irc_line *l)
{
	if (!is_ours(c, l))
		return;
	copy(c->user, sizeof c->user, irc_param(l, 0));
	copy(c->host, sizeof c->host, irc_param(l, 1));
}

static void on_error(struct irc *c, const struct irc_line *l)
{
	struct arena a;

	arena_init(&a);
	copy(c->why, sizeof c->why, irc_plain(&a, irc_param(l, 0)));
	arena_done(&a);
}

static const struct {
	const char *command;
	void (*on)(struct irc *c, const struct irc_line *l);
} commands[] = {
	{"PRIVMSG", on_said}, {"NOTICE", on_said}, {"PING", on_ping}, {"PONG", on_pong}, {"JOIN", on_join}, {"PART", on_part_line},
	{"KICK", on_kick}, {"QUIT", on_quit}, {"NICK", on_nick}, {"TOPIC", on_topic_line}, {"INVITE", on_invite}, {"ACCOUNT", on_account_line},
	{"CHGHOST", on_chghost}, {"CAP", on_cap}, {"AUTHENTICATE", on_authenticate}, {"ERROR", on_error},
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
		copy(c->heard_at, sizeof c->heard_at, irc_word_ok(at) ? at : S(""));
	arena_done(&a);
	if (l.numeric) {
		on_numeric(c, &l);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (str_is(l.command, commands[i].command)) {
			commands[i].on(c, &l);
			return;
		}
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
	lost(context, why);
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
	copy(c->nick, sizeof c->nick, f->nick);
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
		lost(c, "the server does not welcome us");
		return;
	}
	if (c->state >= IRC_JOINING && silent > SILENCE_MAX) {
		lost(c, "the server does not answer any more");
		return;
	}
	if (c->state >= IRC_JOINING && silent > PING_AFTER && !c->pinged) {
		c->pinged = now;
		irc_now(c, "PING :opsroom");
	}
	irc_send_tick(c);
	if (c->state >= IRC_JOINING) {
		join_due(c);
		if (!has_nick(c) && now - c->nick_tried > NICK_EVERY)
			ask_nick(c);
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
	want_channels(c);
	uv_timer_start(&c->tick, on_tick, TICK, TICK);
	uv_timer_start(&c->again, connect_now, 0, 0);
	return c;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct irc *c = h->data;

	if (--c->timers)
		return;
	for (struct irc_channel *ch; (ch = c->channels);) {
		c->channels = ch->next;
		channel_free(ch);
	}
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
