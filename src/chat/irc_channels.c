/* The bot's channels on IRC, and who is in them. */
#include "chat/irc_internal.h"

#include "base/log.h"
#include "ops/text.h"

#include <stdio.h>

#define JOIN_PAUSE (10 * SECOND) /* after a kick or a refusal; doubled each time */
#define JOIN_PAUSE_MAX (10 * MINUTE)
#define CHANNELS_MAX 1000
#define HISTORY_LINES 100

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

void irc_channels_free(struct irc *c)
{
	for (struct irc_channel *ch; (ch = c->channels);) {
		c->channels = ch->next;
		mem_free(ch->name);
		mem_free(ch->id);
		mem_free(ch->topic);
		mem_free((char *)ch->why.p);
		mem_free(ch);
	}
}

void irc_channels_lost(struct irc *c)
{
	for (struct irc_channel *ch = c->channels; ch; ch = ch->next) {
		ch->joined = ch->asked = ch->told = false;
		ch->join_at = 0;
		ch->pause = 0;
	}
	irc_people_free(c->people);
	c->people = irc_people_new(&c->support);
}

bool irc_joins_wait(const struct irc *c)
{
	bool waiting = false;

	for (const struct irc_channel *ch = c->channels; ch; ch = ch->next)
		waiting |= ch->asked;
	return waiting;
}

/* The chats file has a channel without its #; one of another kind stands with its mark. */
void irc_channels_want(struct irc *c)
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
void irc_join_due(struct irc *c)
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
	irc_copy(c->user, sizeof c->user, l->user);
	irc_copy(c->host, sizeof c->host, l->host);
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
	irc_nick_freed(c, l->nick);
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
	irc_join_due(c);
}

static void on_nick(struct irc *c, const struct irc_line *l)
{
	struct str to = irc_param(l, 0);

	if (irc_is_us(c, l->nick)) {
		irc_copy(c->nick, sizeof c->nick, to);
	} else {
		irc_people_rename(c->people, l->nick, to);
		irc_hear_person(c, to);
	}
	irc_nick_freed(c, l->nick);
}

/* ---- lines ---- */

static void on_topic_line(struct irc *c, const struct irc_line *l)
{
	on_topic(c, irc_param(l, 0), irc_param(l, 1));
	if (!irc_is_us(c, l->nick))
		irc_hear_line(c, l);
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

static const struct {
	const char *command;
	void (*on)(struct irc *c, const struct irc_line *l);
} commands[] = {
	{"JOIN", on_join}, {"PART", on_part_line}, {"KICK", on_kick}, {"QUIT", on_quit}, {"NICK", on_nick}, {"TOPIC", on_topic_line}, {"INVITE", on_invite},
	{"ACCOUNT", on_account_line},
};

static bool on_numeric(struct irc *c, const struct irc_line *l)
{
	switch (l->numeric) {
	case 332:
		on_topic(c, irc_param(l, 1), irc_param(l, 2));
		return true;
	case 353:
		on_names(c, l);
		return true;
	case 366:
		on_names_end(c, l);
		return true;
	case 354: /* us 152 nick account */
		if (str_is(irc_param(l, 1), "152"))
			on_account(c, irc_param(l, 2), irc_param(l, 3));
		return true;
	default:
		return join_refused(c, l);
	}
}

bool irc_channels_line(struct irc *c, const struct irc_line *l)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (str_is(l->command, commands[i].command)) {
			commands[i].on(c, l);
			return true;
		}
	return l->numeric && on_numeric(c, l);
}
