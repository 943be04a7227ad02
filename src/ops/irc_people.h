/* ops/irc_people.h -- who is in our channels on IRC, by nick, and which account of services each has. In memory, pure.
 *
 * Somebody is known while they share a channel with us, since only then are we told when they change their nick, log out or leave; who spoke
 * to us without is known for a short while. So no message for an account goes to somebody who took the nick later.
 */
#pragma once
#include "base/time.h"
#include "ops/irc_line.h"

#define IRC_PEOPLE_MAX 20000           /* others are not known */
#define IRC_STRANGER_KNOWN (2 * MINUTE)

struct irc_person {
	char *nick;        /* as they write it */
	char *fold;        /* irc_fold() of it */
	char *account;     /* irc_fold() of the account; NULL: none, or not known */
	unsigned channels; /* so many are shared with us */
	mono_ms until;     /* without one: known so long */
};

struct irc_people;
/* support: the caller's; lives as long. */
struct irc_people *irc_people_new(const struct irc_support *support);
void irc_people_free(struct irc_people *p); /* NULL is fine */

void irc_people_join(struct irc_people *p, struct str channel, struct str nick);
void irc_people_part(struct irc_people *p, struct str channel, struct str nick);
void irc_people_leave(struct irc_people *p, struct str channel); /* we left it */
void irc_people_quit(struct irc_people *p, struct str nick);
void irc_people_rename(struct irc_people *p, struct str nick, struct str to);
/* account "", "*" or "0": none. true: it is another one than before, and there is one. */
bool irc_people_account(struct irc_people *p, struct str nick, struct str account);
/* They spoke to us: known from now on, if they were not. */
void irc_people_spoke(struct irc_people *p, struct str nick, struct str account, mono_ms now);
/* NULL: nobody known. Lives until the next call that changes something. */
const struct irc_person *irc_people_find(const struct irc_people *p, struct str nick, mono_ms now);
const struct irc_person *irc_people_with(const struct irc_people *p, struct str account, mono_ms now); /* account: folded */
