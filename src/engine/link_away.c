/* When another chat system is away: people are told where the talk goes on, and told again when it is back. */
#include "engine/links_internal.h"

#include "base/crypt.h"
#include "base/log.h"
#include "engine/alerts.h"
#include "engine/mail.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define AWAY_AFTER (15 * SECOND) /* adapters notice within 10 s that nothing comes any more */

/* The home of what concerns one chat as a whole. */
static int64_t home_of(struct str chat)
{
	uint8_t hash[32];
	int64_t home;

	crypt_sha256(chat, hash);
	memcpy(&home, hash, sizeof home);
	return home & INT64_MAX;
}

bool link_away_arm(struct work *w, const struct linked_chat *c, struct err *err)
{
	struct str name = c->known.config->name;
	int64_t home = home_of(name);

	if (store_timer_waits(w->engine->db, home, TIMER_CHAT_AWAY))
		return true;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_TIMER, home, engine_id(w), w->now + AWAY_AFTER, TIMER_CHAT_AWAY, name, err);
}

static struct str span_text(struct arena *a, span_ms span)
{
	return span < 2 * MINUTE ? arena_printf(a, "%" PRId64 " seconds", span / SECOND) : span < 2 * HOUR ? arena_printf(a, "%" PRId64 " minutes", span / MINUTE) : arena_printf(a, "%" PRId64 " hours", span / HOUR);
}

/* In each of its channels here, by @srebot; it is not told there. */
static bool tell_channels(struct work *w, const struct linked_chat *c, bool back)
{
	struct links *l = w->engine->links;
	struct str name = c->known.config->name;

	for (size_t i = 0; i < l->count; i++) {
		const struct link_slot *s = &l->slots[i];
		int64_t waiting;
		struct str text;

		if (s->chat != c || s->row.direct)
			continue;
		waiting = store_todo_count(w->engine->db, s->row.id, 0, INT64_MAX, 1000);
		if (!back)
			text = arena_printf(w->arena, ":electric_plug: " STR_FMT " has not answered since %s. This channel goes on here; what is said meanwhile is told there when it is back.",
					    STR_ARG(name), mrkdwn_date(w->arena, c->away_since, false).p);
		else
			text = arena_printf(w->arena, ":white_check_mark: " STR_FMT " is back after " STR_FMT "%s.", STR_ARG(name), STR_ARG(span_text(w->arena, c->away_until - c->away_since)),
					    waiting ? ": what was said here meanwhile is on its way there" : "");
		if (!link_note(w, s, text))
			return false;
	}
	return true;
}

static bool tell_by_mail(struct work *w, const struct linked_chat *c)
{
	const struct chat_config *config = c->known.config;
	struct engine *e = w->engine;
	int64_t id;

	for (size_t i = 0; i < config->mail_count; i++) {
		struct str text = arena_printf(w->arena,
					       STR_FMT " has not answered since %s.\n\nThe channels go on in opsroom under the same names: " STR_FMT
					       "\n\nWhat is said there meanwhile is told in " STR_FMT " when it is back.\n",
					       STR_ARG(config->name), mrkdwn_plain(w->arena, mrkdwn_date(w->arena, c->away_since, false)).p, STR_ARG(e->config.public_url), STR_ARG(config->name));

		if (store_name_find(e->db, e->workspace_id, "user", config->mail[i], &id, &w->err)) {
			if (!mail_put(w, id, arena_printf(w->arena, STR_FMT " does not answer: go on in opsroom", STR_ARG(config->name)), text, &w->err))
				return false;
		} else if (w->err.code) {
			return false;
		}
	}
	return true;
}

/* It was down for a while: is it still? */
bool link_away_due(struct work *w, struct str chat)
{
	struct linked_chat *c = linked_chat_of(w, chat);

	if (!c || c->up || (c->away_since && !c->away_until))
		return true;
	work_touched_memory(w);
	log_warn(EV_CHAT_AWAY, F_STR("chat", chat), F_INT("ms", w->now - c->down_since));
	return links_away(w, chat, c->down_since, 0, &w->err) && tell_channels(w, c, false) && tell_by_mail(w, c);
}

bool link_came_back(struct work *w, struct linked_chat *c, struct err *err)
{
	struct str name = c->known.config->name;

	if (!store_timer_drop(w->engine->db, home_of(name), TIMER_CHAT_AWAY, err))
		return false;
	if (!c->away_since || c->away_until)
		return true;
	if (links_away(w, name, c->away_since, w->now, err) && tell_channels(w, c, true))
		return true;
	*err = w->err;
	return false;
}
