/* What people do on IRC, handed in as what it means in our chat. */
#include "chat/irc_internal.h"

#include "base/crypt.h"
#include "ops/text.h"

#include <stdio.h>

#define ITEMS_MAX 10000  /* that wait for the store; the oldest goes then */
#define IN_FLIGHT_MAX 32
#define STORE_PAUSE (2 * SECOND)
#define HINT_EVERY (30 * SECOND) /* it costs a line of ours */
#define SELF "=self" /* the bot as a person: no nick or account can be called so */

struct irc_item {
	struct irc *irc;
	struct irc_item *next;
	struct arena arena;
	struct heard heard;
	bool in_flight;
};

/* ---- handing in ---- */

static void item_free(struct irc_item *i)
{
	arena_done(&i->arena);
	mem_free(i);
}

static void take_out(struct irc *c, struct irc_item *i)
{
	struct irc_item **at = &c->items;

	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	if (!*at)
		c->items_tail = at;
	c->item_count--;
}

static void hand_in(struct irc *c);

static void on_kept(void *context, bool kept)
{
	struct irc_item *i = context;
	struct irc *c = i->irc;

	i->in_flight = false;
	c->in_flight--;
	if (kept) {
		take_out(c, i);
		item_free(i);
	} else {
		c->hear_at = mono_now() + STORE_PAUSE; /* IRC sends nothing twice: we keep it */
	}
	hand_in(c);
}

static void hand_in(struct irc *c)
{
	if (mono_now() < c->hear_at)
		return;
	for (struct irc_item *i = c->items, *next; i && c->in_flight < IN_FLIGHT_MAX; i = next) {
		next = i->next;
		if (i->in_flight)
			continue;
		i->in_flight = true;
		c->in_flight++;
		chat_heard(c->chat, &i->heard, on_kept, i);
	}
}

void irc_hear_tick(struct irc *c)
{
	hand_in(c);
}

/* chat_heard() has copied what it has, and says nothing more. */
void irc_hear_end(struct irc *c)
{
	for (struct irc_item *i; (i = c->items);) {
		c->items = i->next;
		item_free(i);
	}
}

static struct irc_item *item_new(struct irc *c, enum heard_what what)
{
	struct irc_item *i = mem_new(sizeof *i);

	arena_init(&i->arena);
	i->irc = c;
	i->heard.what = what;
	return i;
}

static void hear(struct irc_item *i)
{
	struct irc *c = i->irc;

	if (c->item_count >= ITEMS_MAX && !c->items->in_flight) {
		struct irc_item *oldest = c->items;

		take_out(c, oldest);
		item_free(oldest);
	}
	*c->items_tail = i;
	c->items_tail = &i->next;
	c->item_count++;
	hand_in(c);
}

/* ---- who ---- */

/* Are accounts told so that they are right? Else nobody has one. */
static bool accounts_are_told(const struct irc *c)
{
	const unsigned both = IRC_EXTENDED_JOIN | IRC_ACCOUNT_NOTIFY;

	return (c->caps & IRC_ACCOUNT_TAG) || (c->caps & both) == both;
}

static const char *account_of(struct irc *c, struct str nick)
{
	const struct irc_person *who = accounts_are_told(c) ? irc_people_find(c->people, nick, mono_now()) : NULL;

	return who && who->account && str_is_utf8(str_of(who->account)) ? who->account : NULL;
}

/* account: NULL for none. */
static void put_person(struct irc *c, struct irc_item *i, struct str nick, const char *account)
{
	struct heard_person *p = &i->heard.person;
	struct str fold = irc_fold(&i->arena, &c->support, nick);

	p->name = arena_dup(&i->arena, nick);
	if (c->config->by_nick) {
		p->id = fold;
	} else if (account) {
		p->id = arena_dup(&i->arena, str_of(account));
	} else {
		p->id = arena_printf(&i->arena, "~" STR_FMT, STR_ARG(fold));
		p->unproven = true;
	}
}

void irc_hear_self(struct irc *c)
{
	struct irc_item *i = item_new(c, HEARD_PERSON);

	i->heard.person = (struct heard_person){.id = S(SELF), .name = arena_dup(&i->arena, str_of(c->nick)), .is_self = true, .is_bot = true};
	hear(i);
}

void irc_hear_person(struct irc *c, struct str nick)
{
	struct irc_item *i;

	if (irc_is_us(c, nick) || !str_is_utf8(nick) || (!c->config->by_nick && !account_of(c, nick)))
		return;
	i = item_new(c, HEARD_PERSON);
	put_person(c, i, nick, account_of(c, nick));
	hear(i);
}

struct str irc_nick_of(struct irc *c, struct arena *a, struct str id, struct str said)
{
	mono_ms now = mono_now();
	const struct irc_person *who = NULL;
	const char *account;

	if (str_is(id, SELF))
		return arena_dup(a, str_of(c->nick));
	if (c->config->by_nick) {
		who = irc_people_find(c->people, id, now);
	} else if (str_starts(id, S("~"))) {
		who = irc_people_find(c->people, str_n(id.p + 1, id.n - 1), now);
		if (who && who->account && accounts_are_told(c))
			who = NULL; /* somebody else, who can prove it */
	} else {
		account = said.n ? account_of(c, said) : NULL;
		who = account && str_is(id, account) ? irc_people_find(c->people, said, now) : irc_people_with(c->people, id, now);
	}
	return who ? arena_dup(a, str_of(who->nick)) : (struct str){0};
}

/* ---- where ---- */

static void put_channel(struct irc *c, struct irc_item *i, const struct irc_channel *ch)
{
	struct heard_channel *h = &i->heard.channel;
	struct str name = str_of(ch->name);

	(void)c;
	h->id = arena_dup(&i->arena, str_of(ch->id));
	h->name = arena_dup(&i->arena, str_starts(name, S("#")) ? str_n(name.p + 1, name.n - 1) : name);
	h->topic = arena_dup(&i->arena, str_of(ch->topic));
	h->is_private = ch->is_private;
}

void irc_hear_joined(struct irc *c, const struct irc_channel *ch, bool joined)
{
	struct irc_item *i = item_new(c, joined ? HEARD_JOINED : HEARD_LEFT);

	put_channel(c, i, ch);
	hear(i);
}

/* ---- what ---- */

static bool is_nick_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || (ch && strchr("[]\\`_^{|}-", ch));
}

/* Who is meant by a nick that stands here: their id if it is proven, else "". */
static struct str meant(struct irc *c, struct str nick)
{
	const struct irc_person *who = nick.n ? irc_people_find(c->people, nick, mono_now()) : NULL;

	if (!who || irc_is_us(c, nick))
		return S("");
	return str_of(c->config->by_nick ? who->fold : accounts_are_told(c) && who->account ? who->account : "");
}

/* As mrkdwn, with "alice: " at its beginning and each @alice as mentions. */
static struct str marked_up(struct irc *c, struct arena *a, struct str s)
{
	struct buf b;
	size_t i = 0;

	buf_init(&b, 8 * s.n + 1024);
	while (i < s.n) {
		bool at = s.p[i] == '@' && (i == 0 || !is_nick_char(s.p[i - 1]));
		struct str word = str_n(s.p + i + at, 0), id = S("");

		while (i + at + word.n < s.n && is_nick_char(word.p[word.n]))
			word.n++;
		if (at || (i == 0 && word.n < s.n && (s.p[word.n] == ':' || s.p[word.n] == ',')))
			id = meant(c, word);
		if (id.n)
			buf_printf(&b, "<@" STR_FMT ">", STR_ARG(id));
		else
			buf_add(&b, mrkdwn_escape(a, str_n(s.p + i, at + word.n ? at + word.n : 1)));
		i += at + word.n ? at + word.n : 1;
	}
	return buf_keep(a, &b);
}

static void put_text(struct irc *c, struct irc_item *i, struct str text, bool action)
{
	struct arena *a = &i->arena;
	struct irc_said said;

	text = irc_plain(a, text);
	if (action) {
		i->heard.text = arena_printf(a, "_" STR_FMT "_", STR_ARG(marked_up(c, a, str_trim(text))));
		return;
	}
	irc_said_read(&c->support, text, str_of(c->nick), &said);
	i->heard.number = said.number;
	i->heard.choice = said.choice;
	i->heard.text = marked_up(c, a, said.text);
	if (said.to_us)
		i->heard.text = arena_printf(a, "<@" SELF "> " STR_FMT, STR_ARG(i->heard.text));
}

static void put_ids(struct irc_item *i, const struct irc_line *l)
{
	struct arena *a = &i->arena;
	struct str id = irc_tag(a, l, "msgid"), root = irc_tag(a, l, "+draft/reply");
	uint8_t random[8];

	if (!root.n)
		root = irc_tag(a, l, "+reply");
	if (!id.n || !str_is_utf8(id)) {
		crypt_random(random, sizeof random);
		id = arena_printf(a, "irc-" STR_FMT, STR_ARG(crypt_hex(a, random, sizeof random)));
	}
	i->heard.message = arena_dup(a, id);
	i->heard.thread = str_is_utf8(root) ? arena_dup(a, root) : S("");
}

/* "\x01ACTION waves\x01"; other requests of the kind are nothing that is said. */
static bool read_action(struct str *text, bool *action)
{
	*action = false;
	if (!text->n || *text->p != '\x01')
		return true;
	*action = str_starts(*text, S("\x01" "ACTION "));
	if (!*action)
		return false;
	*text = str_n(text->p + 8, text->n - 8);
	if (str_ends(*text, S("\x01")))
		text->n--;
	return text->n > 0;
}

/* In a channel where we are, or to us. */
static bool put_place(struct irc *c, struct irc_item *i, const struct irc_line *l)
{
	struct str target = irc_param(l, 0);
	const struct irc_channel *ch = irc_channel_of(c, target);
	struct heard_channel *h = &i->heard.channel;

	if (ch && ch->joined) {
		put_channel(c, i, ch);
		return true;
	}
	if (!irc_is_us(c, target))
		return false; /* to the operators of a channel, to all of a server */
	h->id = arena_printf(&i->arena, "@" STR_FMT, STR_ARG(i->heard.person.id));
	h->name = i->heard.person.name;
	h->direct = h->is_private = true;
	return true;
}

/* Who said it: what a tag says of the account was so when it was said. */
static void put_sender(struct irc *c, struct irc_item *i, const struct irc_line *l)
{
	struct str account = irc_tag(&i->arena, l, "account");

	if (!(c->caps & IRC_ACCOUNT_TAG)) {
		if (!irc_is_past(l) && !irc_people_find(c->people, l->nick, mono_now()))
			irc_people_spoke(c->people, l->nick, S(""), mono_now());
		put_person(c, i, l->nick, irc_is_past(l) ? NULL : account_of(c, l->nick));
		return;
	}
	if (!irc_is_past(l))
		irc_people_spoke(c->people, l->nick, account.p ? account : S(""), mono_now());
	put_person(c, i, l->nick, irc_word_ok(account) && str_is_utf8(account) ? irc_fold(&i->arena, &c->support, account).p : NULL);
}

/* Who asks for something and cannot prove who they are gets no answer; now and then somebody is told why. */
static void hint(struct irc *c, const struct irc_item *i, bool asks)
{
	mono_ms now = mono_now();

	if (!asks || !i->heard.person.unproven || i->heard.person.is_bot || (c->hinted && now - c->hinted < HINT_EVERY))
		return;
	c->hinted = now;
	irc_soon(c, "NOTICE " STR_FMT " :I take that from people who are logged in to services alone: /msg NickServ IDENTIFY ...", STR_ARG(i->heard.person.name));
}

static void hear_message(struct irc *c, const struct irc_line *l, bool notice)
{
	struct str text = irc_param(l, 1);
	struct irc_item *i;
	bool action;

	/* Servers and services tell us much by notices, which is not for our chat. */
	if (!read_action(&text, &action) || (notice && irc_is_us(c, irc_param(l, 0))))
		return;
	i = item_new(c, HEARD_MESSAGE);
	put_sender(c, i, l);
	i->heard.person.is_bot = notice || irc_tag(&i->arena, l, "bot").p || irc_tag(&i->arena, l, "draft/bot").p;
	put_ids(i, l);
	put_text(c, i, text, action);
	i->heard.reply = i->heard.person.name;
	if (!i->heard.text.n || !put_place(c, i, l)) {
		item_free(i);
		return;
	}
	if (!irc_is_past(l))
		hint(c, i, i->heard.channel.direct || i->heard.choice || str_starts(i->heard.text, S("<@" SELF ">")));
	hear(i);
}

static void hear_topic(struct irc *c, const struct irc_line *l)
{
	struct irc_channel *ch = irc_channel_of(c, irc_param(l, 0));
	struct irc_item *i;

	if (!ch || !ch->joined)
		return;
	i = item_new(c, HEARD_TOPIC);
	put_channel(c, i, ch);
	put_sender(c, i, l);
	i->heard.name = marked_up(c, &i->arena, irc_plain(&i->arena, irc_param(l, 1)));
	hear(i);
}

void irc_hear_line(struct irc *c, const struct irc_line *l)
{
	/* A nick that is no UTF-8 is nobody whom our chat could name. */
	if (!l->nick.n || !l->user.n || !str_is_utf8(l->nick) || irc_is_us(c, l->nick))
		return;
	if (str_is(l->command, "TOPIC"))
		hear_topic(c, l);
	else
		hear_message(c, l, str_is(l->command, "NOTICE"));
}
