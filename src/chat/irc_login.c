/* The first words with an IRC server: capabilities, login to services (SASL), and our nick. */
#include "chat/irc_internal.h"

#include "base/crypt.h"

#include <stdio.h>

#define NICK_EVERY (30 * SECOND) /* to ask for our nick when somebody has it */
#define SASL_PIECE 400           /* ircv3.net/specs/extensions/sasl-3.1 */

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
	irc_never(c, c->plain_tried && c->config->password.n ? "services do not take the account with this password" : "services do not know the certificate");
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
			irc_copy(c->mechanisms, sizeof c->mechanisms, value);
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
void irc_nick_freed(struct irc *c, struct str nick)
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
		irc_lost(c, "all nicks like ours are taken");
	else
		irc_now(c, "NICK %s", c->nick);
}

void irc_nick_tick(struct irc *c)
{
	if (!has_nick(c) && mono_now() - c->nick_tried > NICK_EVERY)
		ask_nick(c);
}

/* ---- lines ---- */

bool irc_login_line(struct irc *c, const struct irc_line *l)
{
	if (str_is(l->command, "CAP"))
		on_cap(c, l);
	else if (str_is(l->command, "AUTHENTICATE"))
		on_authenticate(c, l);
	switch (l->numeric) {
	case 432: /* a nick that the server does not take at all */
		if (c->state == IRC_GREETING)
			irc_lost(c, "the server does not take our nick");
		return true;
	case 433: case 436:
		nick_taken(c);
		return true;
	case 437: /* of a nick; later it is of a channel */
		if (c->state == IRC_GREETING)
			nick_taken(c);
		return c->state < IRC_JOINING;
	case 464:
		irc_never(c, "the server does not take the password");
		return true;
	case 900:
		c->logged_in = true;
		return true;
	case 901:
		c->logged_in = false;
		return true;
	case 903: case 906: case 907:
		login_ended(c);
		return true;
	case 902: case 904: case 905:
		login_failed(c);
		return true;
	default:
		return str_is(l->command, "CAP") || str_is(l->command, "AUTHENTICATE");
	}
}
