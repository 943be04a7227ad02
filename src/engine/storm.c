/* Storms: when very many groups come to a channel at once, one message tells of all of them, and changes as they do. */
#include "engine/alerts_internal.h"
#include "engine/blocks.h"
#include "base/log.h"
#include "ops/text.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdlib.h>

#define TELL_EVERY SECOND
#define GROUPS_SHOWN 12

/* How many groups are new in a channel, lately. */
struct pulse {
	wall_ms since;
	unsigned count;
	int64_t digest_id; /* 0: there is no storm */
	wall_ms last;      /* when it last took one in */
};

struct digest {
	struct digest_row row;
	struct group **groups; /* that are in memory, in the order of their coming */
	size_t count, room;
	int64_t outbox_id, outbox_fence;
	bool sending, dirty, has_turn;
	bool over; /* all of it is resolved and told: its row only waits until the storm may not go on any more */
	wall_ms told_at, outbox_due, noticed; /* noticed: people were last reminded; 0: not yet, as far as is known */
};

/* ---- in memory ---- */

static struct digest *digest_new(struct alerts *al, const struct digest_row *row)
{
	struct digest *d = mem_new(sizeof *d);

	d->row = *row;
	map_put(&al->digests, (uint64_t)row->id, d);
	return d;
}

static void digest_add(struct digest *d, struct group *g)
{
	if (d->count == d->room) {
		d->room = d->room ? 2 * d->room : 16;
		d->groups = mem_grow(d->groups, d->room * sizeof *d->groups);
	}
	d->groups[d->count++] = g;
}

void digest_forget(struct alerts *al, struct group *g)
{
	struct digest *d = g->row.digest_id ? map_get(&al->digests, (uint64_t)g->row.digest_id) : NULL;

	for (size_t i = 0; d && i < d->count; i++)
		if (d->groups[i] == g) {
			memmove(&d->groups[i], &d->groups[i + 1], (d->count - i - 1) * sizeof *d->groups);
			d->count--;
			return;
		}
}

int64_t digest_message(const struct alerts *al, int64_t digest_id)
{
	const struct digest *d = map_get(&al->digests, (uint64_t)digest_id);

	return d ? d->row.message_ts : 0;
}

static void digest_free(struct alerts *al, struct digest *d)
{
	map_take(&al->digests, (uint64_t)d->row.id);
	mem_free(d->groups);
	mem_free(d);
}

static void pulses_clear(struct alerts *al)
{
	void *value;

	for (size_t i = 0; map_next(&al->pulses, &i, &value);)
		mem_free(value);
	map_done(&al->pulses);
}

void digests_clear(struct alerts *al)
{
	void *value;

	for (size_t i = 0; map_next(&al->digests, &i, &value); i--)
		digest_free(al, value);
	map_done(&al->digests);
	pulses_clear(al);
}

static struct pulse *pulse_of(struct alerts *al, int64_t channel_id)
{
	struct pulse *p = map_get(&al->pulses, (uint64_t)channel_id);

	if (!p) {
		p = mem_new(sizeof *p);
		map_put(&al->pulses, (uint64_t)channel_id, p);
	}
	return p;
}

/* A storm goes on over a restart, if it was still going on. */
static void pulse_resume(struct alerts *al, const struct digest *d)
{
	struct pulse *p = pulse_of(al, d->row.channel_id);
	wall_ms last = d->count ? d->groups[d->count - 1]->row.opened : d->row.opened;

	if (last < p->last)
		return;
	p->digest_id = d->row.id;
	p->last = last;
}

static int by_id(const void *a, const void *b)
{
	int64_t x = (*(struct group *const *)a)->row.id, y = (*(struct group *const *)b)->row.id;

	return x < y ? -1 : x > y;
}

bool digests_load(struct engine *e, struct arena *a, struct err *err)
{
	struct alerts *al = e->alerts;
	struct digest_row *rows;
	struct outbox_key *keys;
	struct digest *d;
	void *value;
	size_t count;

	if (!store_digest_list(e->db, a, e->workspace_id, &rows, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		digest_new(al, &rows[i]);
	for (size_t i = 0; map_next(&al->by_id, &i, &value);)
		if ((d = map_get(&al->digests, (uint64_t)((struct group *)value)->row.digest_id)))
			digest_add(d, value);
	for (size_t i = 0; map_next(&al->digests, &i, &value);) {
		d = value;
		if (d->count)
			qsort(d->groups, d->count, sizeof *d->groups, by_id);
		pulse_resume(al, d);
	}
	if (!store_outbox_of_kind(e->db, a, KIND_DIGEST, &keys, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((d = map_get(&al->digests, (uint64_t)keys[i].home_id))) {
			d->outbox_id = keys[i].id;
			d->outbox_fence = keys[i].fence;
			d->outbox_due = keys[i].due;
		}
	return true;
}

void storms_carry_over(struct alerts *al, struct alerts *old)
{
	void *value;

	for (size_t i = 0; map_next(&old->digests, &i, &value);) {
		const struct digest *was = value;
		struct digest *d = map_get(&al->digests, (uint64_t)was->row.id);

		if (!d)
			continue;
		d->told_at = was->told_at;
		d->noticed = was->noticed;
		if (d->outbox_id && d->outbox_id == was->outbox_id) {
			d->has_turn = was->has_turn;
			d->sending = was->sending;
			d->dirty = was->dirty;
			d->over = was->over;
		}
	}
	pulses_clear(al);
	al->pulses = old->pulses;
	old->pulses = (struct map){0};
}

/* ---- is it a storm? ---- */

/* Counts a new group in: once, however often its message has to be tried. */
static bool is_storm(const struct routing *r, struct pulse *p, struct group *g, wall_ms now)
{
	bool counted = g->counted;

	g->counted = true;
	if (!r->storm_groups)
		return false;
	if (p->digest_id && p->last + r->storm_within > now) {
		p->last = now;
		return true;
	}
	p->digest_id = 0;
	if (now >= p->since + r->storm_within) {
		p->since = now;
		p->count = 0;
	}
	p->last = now;
	p->count += !counted;
	return p->count > r->storm_groups;
}

static bool open_digest(struct work *w, struct pulse *p, int64_t channel_id)
{
	struct digest_row row = {.id = engine_id(w), .channel_id = channel_id, .opened = w->now};

	p->digest_id = row.id;
	digest_new(w->engine->alerts, &row);
	log_warn(EV_STORM, F_INT("channel", channel_id), F_INT("digest", row.id));
	return store_digest_add(w->engine->db, w->engine->workspace_id, &row, &w->err);
}

bool storm_takes(struct work *w, struct group *g, bool *taken)
{
	struct alerts *al = w->engine->alerts;
	struct pulse *p = pulse_of(al, g->row.channel_id);
	struct digest *d;

	*taken = is_storm(w->engine->routing, p, g, w->now);
	if (!*taken)
		return true;
	if (!map_get(&al->digests, (uint64_t)p->digest_id) && !open_digest(w, p, g->row.channel_id))
		return false;
	d = map_get(&al->digests, (uint64_t)p->digest_id);
	g->row.digest_id = d->row.id;
	d->row.total++;
	digest_add(d, g);
	return store_group_digest(w->engine->db, g->row.id, d->row.id, &w->err) && store_digest_set(w->engine->db, &d->row, true, &w->err) && digest_tell(w, d->row.id, false);
}

/* ---- telling ---- */

bool digest_tell(struct work *w, int64_t digest_id, bool at_once)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)digest_id);
	wall_ms due = at_once || !d || d->told_at + TELL_EVERY < w->now ? w->now : d->told_at + TELL_EVERY;

	if (!d)
		return true;
	work_touched_memory(w);
	d->over = false;
	if (d->sending) {
		d->dirty = true;
		return true;
	}
	if (d->outbox_id && (d->has_turn || d->outbox_due <= due))
		return true;
	effect_wake(w);
	d->outbox_due = due;
	if (d->outbox_id) {
		struct due_row row = {.home_id = d->row.id, .id = d->outbox_id, .fence = d->outbox_fence};

		return store_due_later(w->engine->db, DUE_OUTBOX, &row, due, &w->err);
	}
	d->outbox_id = engine_id(w);
	d->outbox_fence = 0;
	return store_due_add(w->engine->db, DUE_OUTBOX, d->row.id, d->outbox_id, due, KIND_DIGEST, S(""), &w->err);
}

struct digest_counts {
	int64_t firing, acknowledged, resolved;
	enum severity severity;
};

static struct digest_counts count_groups(const struct digest *d)
{
	struct digest_counts c = {.severity = SEVERITY_INFO};

	for (size_t i = 0; i < d->count; i++) {
		const struct group *g = d->groups[i];

		c.firing += g->row.state == GROUP_FIRING;
		c.acknowledged += g->row.state == GROUP_ACKNOWLEDGED;
		if (g->row.state != GROUP_RESOLVED && g->row.severity > c.severity)
			c.severity = g->row.severity;
	}
	c.resolved = d->row.total - c.firing - c.acknowledged;
	return c;
}

/* The worst first, then the oldest. */
static int by_weight(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;

	if (x->row.state != y->row.state)
		return x->row.state < y->row.state ? -1 : 1;
	if (x->row.severity != y->row.severity)
		return x->row.severity > y->row.severity ? -1 : 1;
	return by_id(a, b);
}

static struct str groups_text(struct arena *a, const struct digest *d)
{
	struct group **list = arena_alloc(a, (d->count + 1) * sizeof *list);
	size_t open = 0;
	struct buf b;

	for (size_t i = 0; i < d->count; i++)
		if (d->groups[i]->row.state != GROUP_RESOLVED)
			list[open++] = d->groups[i];
	if (open)
		qsort(list, open, sizeof *list, by_weight);
	buf_init(&b, 2900);
	for (size_t i = 0; i < open && i < GROUPS_SHOWN; i++)
		buf_printf(&b, "%s%s `" STR_FMT "` " STR_FMT "  %s%s", i ? "\n" : "", group_emoji(list[i]), STR_ARG(list[i]->row.short_id),
			   STR_ARG(mrkdwn_escape(a, str_clip(group_title_now(a, list[i]), 120))), severity_name(list[i]->row.severity), list[i]->loud ? "" : "  :no_bell:");
	if (open > GROUPS_SHOWN)
		buf_printf(&b, "\n… and %zu more: `alerts` lists them", open - GROUPS_SHOWN);
	return buf_keep(a, &b);
}

static struct str counts_text(struct arena *a, const struct digest *d, const struct digest_counts *c)
{
	return arena_printf(a, "%" PRId64 " firing, %" PRId64 " acknowledged, %" PRId64 " resolved of %" PRId64, c->firing, c->acknowledged, c->resolved, d->row.total);
}

static void put_ack_all(struct arena *a, struct json_out *o, const struct digest *d)
{
	block_actions_open(o, "storm");
	block_button(o, "Acknowledge all", "storm.ack", arena_printf(a, "%" PRId64, d->row.id), "primary");
	block_actions_close(o);
}

static struct str digest_body(struct arena *a, const struct digest *d, const struct digest_counts *c, struct str fallback)
{
	bool open = c->firing + c->acknowledged > 0;
	struct str groups = groups_text(a, d);
	struct json_out o;
	struct buf b;

	buf_init(&b, 100 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	block_attachment_open(&o, open ? str_of(severity_color(c->severity) + 1) : S("2eb886"), fallback);
	block_section(&o, arena_printf(a, "%s *%" PRId64 " alert groups at once*\n" STR_FMT, open ? ":cyclone:" : ":large_green_circle:", d->row.total, STR_ARG(counts_text(a, d, c))));
	if (groups.n)
		block_section(&o, groups);
	if (c->firing)
		put_ack_all(a, &o, d);
	block_attachment_close(&o);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* All of it is resolved and told: it will not change any more. Its channel may have the next storm. */
static bool digest_close(struct work *w, struct digest *d)
{
	struct alerts *al = w->engine->alerts;
	struct pulse *p = map_get(&al->pulses, (uint64_t)d->row.channel_id);

	if (!store_digest_set(w->engine->db, &d->row, false, &w->err))
		return false;
	if (p && p->digest_id == d->row.id)
		p->digest_id = 0;
	digest_free(al, d);
	return true;
}

/* It is told. What is over waits for those that may still come to it. */
static bool digest_end(struct work *w, struct digest *d)
{
	const struct pulse *p = map_get(&w->engine->alerts->pulses, (uint64_t)d->row.channel_id);
	struct digest_counts c = count_groups(d);
	wall_ms until = p && p->digest_id == d->row.id ? p->last + w->engine->routing->storm_within : 0;

	if (c.firing + c.acknowledged > 0)
		return store_digest_set(w->engine->db, &d->row, true, &w->err);
	if (until <= w->now)
		return digest_close(w, d);
	d->over = true;
	d->outbox_id = engine_id(w);
	d->outbox_fence = 0;
	d->outbox_due = until;
	effect_wake(w);
	return store_digest_set(w->engine->db, &d->row, true, &w->err) &&
	       store_due_add(w->engine->db, DUE_OUTBOX, d->row.id, d->outbox_id, until, KIND_DIGEST, S(""), &w->err);
}

bool digest_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)row->home_id);
	struct arena *a = &post->arena;
	struct digest_counts c;

	if (!d)
		return false;
	work_touched_memory(w);
	if (d->over) {
		w->failed = !digest_close(w, d);
		return false;
	}
	d->outbox_fence = post->fence;
	d->has_turn = !post_has_turn(w, post, d->row.channel_id);
	if (d->has_turn) {
		d->outbox_due = post->later_at;
		return false;
	}
	d->sending = true;
	d->dirty = false;
	c = count_groups(d);
	post->channel_id = d->row.channel_id;
	post->message_ts = d->row.message_ts;
	post->text = arena_printf(a, "[STORM] " STR_FMT, STR_ARG(counts_text(a, d, &c)));
	post->body = digest_body(a, d, &c, post->text);
	return true;
}

bool digest_told(struct work *w, int64_t digest_id, int64_t message_ts)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)digest_id);

	if (!d)
		return true;
	work_touched_memory(w);
	if (!d->row.message_ts && !alerts_remind_at(w, w->now + w->engine->routing->root->repeat_interval))
		return false;
	d->row.message_ts = message_ts;
	d->told_at = w->now;
	d->sending = false;
	d->outbox_id = 0;
	if (d->dirty)
		return store_digest_set(w->engine->db, &d->row, true, &w->err) && digest_tell(w, d->row.id, false);
	return digest_end(w, d);
}

void digest_put_off(struct work *w, const struct due_row *row, wall_ms due)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)row->home_id);

	if (!d || d->outbox_id != row->id)
		return;
	work_touched_memory(w);
	d->outbox_fence = row->fence;
	d->outbox_due = due;
}

void digest_not_told(struct work *w, int64_t digest_id)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)digest_id);

	if (!d)
		return;
	work_touched_memory(w);
	d->sending = d->dirty = false;
	d->outbox_id = 0;
}

/* ---- reminders ---- */

static int64_t unanswered(const struct digest *d)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->groups[i]->row.state == GROUP_FIRING && d->groups[i]->loud > 0;
	return n;
}

bool storms_remind(struct work *w, wall_ms *next)
{
	span_ms every = w->engine->routing->root->repeat_interval;
	void *value;

	for (size_t i = 0; map_next(&w->engine->alerts->digests, &i, &value);) {
		struct digest *d = value;
		wall_ms due = (d->noticed ? d->noticed : d->row.opened) + every;

		if (!d->row.message_ts || !unanswered(d))
			continue;
		if (due <= w->now) {
			work_touched_memory(w);
			effect_wake(w);
			d->noticed = w->now;
			due = w->now + every;
			if (!store_due_add(w->engine->db, DUE_OUTBOX, d->row.id, engine_id(w), w->now, KIND_REMINDER, S(""), &w->err))
				return false;
		}
		*next = !*next || due < *next ? due : *next;
	}
	return true;
}

bool storm_reminder_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)row->home_id);
	int64_t left = d ? unanswered(d) : 0;

	if (!left || !d->row.message_ts || !post_has_turn(w, post, d->row.channel_id))
		return false;
	post->channel_id = d->row.channel_id;
	post->thread_ts = d->row.message_ts;
	post->broadcast = true;
	post->text = arena_printf(&post->arena, ":repeat: of *%" PRId64 " alert groups at once* %" PRId64 " still fire%s after " STR_FMT ", and nobody has acknowledged %s", d->row.total,
				  left, left == 1 ? "s" : "", STR_ARG(span_write(&post->arena, w->now - d->row.opened)), left == 1 ? "it" : "them");
	return true;
}

/* ---- people ---- */

bool digest_ack(struct work *w, int64_t digest_id, int64_t user_id, unsigned *count, struct err *err)
{
	struct digest *d = map_get(&w->engine->alerts->digests, (uint64_t)digest_id);

	*count = 0;
	if (!d) {
		err_set(err, ERR_NOT_FOUND, "this storm is over");
		return false;
	}
	for (size_t i = 0; i < d->count; i++)
		if (d->groups[i]->row.state == GROUP_FIRING) {
			if (!alerts_ack(w, d->groups[i], user_id, err))
				return false;
			(*count)++;
		}
	if (!*count)
		err_set(err, ERR_CONFLICT, "nothing of this storm fires any more");
	return *count > 0;
}
