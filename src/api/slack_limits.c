#include "api/slack_limits.h"

#include <inttypes.h>

#define SLOTS 4096
#define POST_BURST 5 /* "short bursts are allowed" */

struct slack_rates {
	struct {
		uint64_t key;
		double left; /* calls */
		wall_ms at;
	} slots[SLOTS];
};

/* Calls a minute; what is not named here is of tier 3. 0: a rule of its own (messages: post_every), or none. */
static const unsigned tiers[] = {0, 1, 20, 50, 100};
static const struct {
	const char *method;
	unsigned tier;
} methods[] = {
	{"api.test", 4}, {"auth.test", 0}, {"apps.connections.open", 1}, {"blocks.actions", 0}, {"bookmarks.add", 2}, {"bookmarks.edit", 2}, {"bookmarks.list", 2},
	{"bookmarks.remove", 2}, {"chat.command", 0}, {"chat.getPermalink", 0}, {"chat.postEphemeral", 4}, {"chat.postMessage", 0}, {"conversations.archive", 2},
	{"conversations.close", 2}, {"conversations.create", 2}, {"conversations.list", 2}, {"conversations.members", 4}, {"conversations.rename", 2},
	{"conversations.setPurpose", 2}, {"conversations.setTopic", 2}, {"conversations.unarchive", 2}, {"dnd.endDnd", 2}, {"dnd.endSnooze", 2}, {"dnd.setSnooze", 2},
	{"dnd.teamInfo", 2}, {"emoji.list", 2}, {"files.completeUploadExternal", 4}, {"files.getUploadURLExternal", 4}, {"files.info", 4}, {"pins.add", 2}, {"pins.list", 2},
	{"pins.remove", 2}, {"reactions.list", 2}, {"reactions.remove", 2}, {"rtm.connect", 1}, {"search.messages", 2}, {"stars.add", 2}, {"stars.remove", 2}, {"usergroups.create", 2},
	{"usergroups.disable", 2}, {"usergroups.enable", 2}, {"usergroups.list", 2}, {"usergroups.update", 2}, {"usergroups.users.list", 2}, {"usergroups.users.update", 2},
	{"users.info", 4}, {"users.list", 2}, {"users.profile.get", 4}, {"users.setPresence", 2}, {"views.open", 4}, {"views.publish", 4}, {"views.push", 4}, {"views.submit", 0}, {"views.update", 4},
};

static unsigned calls_a_minute(const char *method)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (strcmp(method, methods[i].method) == 0)
			return tiers[methods[i].tier];
	return tiers[3];
}

/* Takes one of `most` calls, of which one comes back in each `every`. */
static bool take(struct slack_call *c, uint64_t key, double most, double every, span_ms *wait)
{
	struct api *api = c->x->api;
	wall_ms now = c->w->now;
	size_t i = key % SLOTS;
	struct slack_rates *r = api->slack_rates ? api->slack_rates : (api->slack_rates = mem_new(sizeof *r));
	double *left = &r->slots[i].left;

	if (r->slots[i].key != key || r->slots[i].at > now) {
		r->slots[i].key = key;
		*left = most;
	} else {
		*left += (double)(now - r->slots[i].at) / every;
		*left = *left > most ? most : *left;
	}
	r->slots[i].at = now;
	/* Thirds add up to a little less than one: nobody is to wait for that. */
	*wait = *left >= 1 - 1e-6 ? 0 : (span_ms)((1 - *left) * every + 0.999);
	if (!*wait)
		*left -= 1;
	return !*wait;
}

static uint64_t key_of(const struct slack_call *c, struct str what)
{
	return hash_mix(fnv_add(FNV_START, what) ^ hash_mix((uint64_t)c->x->token.id));
}

bool slack_rate_method(struct slack_call *c, const struct slack_method *m, span_ms *wait)
{
	double a_minute = calls_a_minute(m->name) * (double)c->x->api->limits.slack_rates / 100;

	/* The console is ours, and a person is behind it. */
	if (!a_minute || !c->x->token.id)
		return true;
	return take(c, key_of(c, str_of(m->name)), a_minute < 1 ? 1 : a_minute, MINUTE / a_minute, wait);
}

bool slack_rate_post(struct slack_call *c, int64_t channel_id, span_ms *wait)
{
	span_ms every = c->x->api->limits.post_every;

	return !every || !c->x->token.id || take(c, key_of(c, arena_printf(c->w->arena, "post %" PRId64, channel_id)), POST_BURST, (double)every, wait);
}

void slack_rate_refuse(struct slack_call *c, span_ms wait)
{
	slack_error(c, "ratelimited");
	c->x->status = 429;
	buf_printf(&c->x->headers, "Retry-After: %lld\r\n", (long long)((wait + SECOND - 1) / SECOND));
}
