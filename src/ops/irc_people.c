#include "ops/irc_people.h"

#include "base/crypt.h"
#include "base/map.h"

struct channel {
	char *fold;
	struct map members; /* by the hash of the folded nick; person_at() */
	struct channel *next;
};

struct irc_people {
	const struct irc_support *support;
	struct map all;
	struct channel *channels;
	struct arena scratch; /* of one call */
};

struct irc_people *irc_people_new(const struct irc_support *support)
{
	struct irc_people *p = mem_new(sizeof *p);

	p->support = support;
	arena_init(&p->scratch);
	return p;
}

static uint64_t key_of(struct str fold)
{
	return fnv_add(FNV_START, fold);
}

static struct str folded(struct irc_people *p, struct str name)
{
	arena_reset(&p->scratch);
	return irc_fold(&p->scratch, p->support, name);
}

/* Nicks are other people's choice, and may be chosen for their hash: the name decides. */
static struct irc_person *person_at(const struct irc_people *p, struct str fold)
{
	struct irc_person *who = map_get(&p->all, key_of(fold));

	return who && str_is(fold, who->fold) ? who : NULL;
}

static struct channel *channel_at(const struct irc_people *p, struct str fold)
{
	struct channel *c = p->channels;

	while (c && !str_is(fold, c->fold))
		c = c->next;
	return c;
}

static void person_free(struct irc_person *who)
{
	mem_free(who->nick);
	mem_free(who->fold);
	mem_free(who->account);
	mem_free(who);
}

static void forget(struct irc_people *p, struct irc_person *who)
{
	uint64_t key = key_of(str_of(who->fold));

	for (struct channel *c = p->channels; c; c = c->next)
		if (map_get(&c->members, key) == who)
			map_take(&c->members, key);
	map_take(&p->all, key);
	person_free(who);
}

static struct irc_person *person_add(struct irc_people *p, struct str nick, struct str fold)
{
	struct irc_person *who = map_get(&p->all, key_of(fold));

	if (who && !str_is(fold, who->fold)) {
		forget(p, who);
		who = NULL;
	}
	if (who || p->all.count >= IRC_PEOPLE_MAX)
		return who;
	who = mem_new(sizeof *who);
	who->nick = mem_dup(nick);
	who->fold = mem_dup(fold);
	map_put(&p->all, key_of(fold), who);
	return who;
}

void irc_people_join(struct irc_people *p, struct str channel, struct str nick)
{
	struct str fold = folded(p, nick);
	struct irc_person *who = person_add(p, nick, fold);
	struct channel *c;

	if (!who)
		return;
	fold = folded(p, channel);
	c = channel_at(p, fold);
	if (!c) {
		c = mem_new(sizeof *c);
		c->fold = mem_dup(fold);
		c->next = p->channels;
		p->channels = c;
	}
	if (map_get(&c->members, key_of(str_of(who->fold))) == who)
		return;
	map_put(&c->members, key_of(str_of(who->fold)), who);
	who->channels++;
}

static void left(struct irc_people *p, struct irc_person *who)
{
	if (--who->channels == 0)
		forget(p, who);
}

void irc_people_part(struct irc_people *p, struct str channel, struct str nick)
{
	struct channel *c = channel_at(p, folded(p, channel));
	struct str fold = folded(p, nick);
	struct irc_person *who = person_at(p, fold);

	if (c && who && map_get(&c->members, key_of(fold)) == who) {
		map_take(&c->members, key_of(fold));
		left(p, who);
	}
}

static void channel_free(struct channel *c)
{
	map_done(&c->members);
	mem_free(c->fold);
	mem_free(c);
}

void irc_people_leave(struct irc_people *p, struct str channel)
{
	struct str fold = folded(p, channel);
	struct channel **at = &p->channels, *c;
	size_t i = 0;
	void *who;

	while (*at && !str_is(fold, (*at)->fold))
		at = &(*at)->next;
	c = *at;
	if (!c)
		return;
	*at = c->next; /* it is out of the list before anybody is forgotten: nothing is taken from its map meanwhile */
	while (map_next(&c->members, &i, &who))
		left(p, who);
	channel_free(c);
}

void irc_people_quit(struct irc_people *p, struct str nick)
{
	struct irc_person *who = person_at(p, folded(p, nick));

	if (who)
		forget(p, who);
}

void irc_people_rename(struct irc_people *p, struct str nick, struct str to)
{
	struct irc_person *who = person_at(p, folded(p, nick)), *other;
	uint64_t was, is;
	struct str fold;

	if (!who)
		return;
	was = key_of(str_of(who->fold));
	fold = folded(p, to);
	is = key_of(fold);
	other = map_get(&p->all, is);
	if (other && other != who)
		forget(p, other); /* only we thought that they were still there */
	map_take(&p->all, was);
	map_put(&p->all, is, who);
	for (struct channel *c = p->channels; c; c = c->next)
		if (map_get(&c->members, was) == who) {
			map_take(&c->members, was);
			map_put(&c->members, is, who);
		}
	mem_free(who->nick);
	mem_free(who->fold);
	who->nick = mem_dup(to);
	who->fold = mem_dup(fold);
}

bool irc_people_account(struct irc_people *p, struct str nick, struct str account)
{
	struct irc_person *who = person_at(p, folded(p, nick));
	bool none = !account.n || str_is(account, "*") || str_is(account, "0");
	struct str fold;

	if (!who)
		return false;
	fold = folded(p, account);
	if (!none && who->account && str_is(fold, who->account))
		return false;
	mem_free(who->account);
	who->account = none ? NULL : mem_dup(fold);
	return !none;
}

/* Makes room: those who share no channel, and whose time is over. */
static void forget_strangers(struct irc_people *p, mono_ms now)
{
	struct irc_person *gone[1000];
	size_t n = 0, i = 0;
	void *value;

	while (n < COUNT_OF(gone) && map_next(&p->all, &i, &value)) {
		struct irc_person *who = value;

		if (!who->channels && who->until <= now)
			gone[n++] = who;
	}
	while (n)
		forget(p, gone[--n]);
}

void irc_people_spoke(struct irc_people *p, struct str nick, struct str account, mono_ms now)
{
	struct irc_person *who;

	if (p->all.count >= IRC_PEOPLE_MAX)
		forget_strangers(p, now);
	who = person_add(p, nick, folded(p, nick));
	if (!who)
		return;
	who->until = now + IRC_STRANGER_KNOWN;
	(void)irc_people_account(p, nick, account);
}

static bool is_known(const struct irc_person *who, mono_ms now)
{
	return who->channels || who->until > now;
}

const struct irc_person *irc_people_find(const struct irc_people *p, struct str nick, mono_ms now)
{
	const struct irc_person *who = person_at(p, folded((struct irc_people *)p, nick));

	return who && is_known(who, now) ? who : NULL;
}

const struct irc_person *irc_people_with(const struct irc_people *p, struct str account, mono_ms now)
{
	const struct irc_person *found = NULL;
	size_t i = 0;
	void *value;

	while (map_next(&p->all, &i, &value)) {
		const struct irc_person *who = value;

		/* Of several the one who spoke last. */
		if (who->account && str_is(account, who->account) && is_known(who, now) && (!found || who->until > found->until))
			found = who;
	}
	return found;
}

void irc_people_free(struct irc_people *p)
{
	size_t i = 0;
	void *who;

	if (!p)
		return;
	while (map_next(&p->all, &i, &who))
		person_free(who);
	map_done(&p->all);
	for (struct channel *c; (c = p->channels);) {
		p->channels = c->next;
		channel_free(c);
	}
	arena_done(&p->scratch);
	mem_free(p);
}
