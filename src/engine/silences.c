#include "engine/silences.h"

#include "base/log.h"
#include "engine/alerts_internal.h"
#include "ops/text.h"
#include "store/journal.h"
#include "store/silences.h"

#include <stdlib.h>

#define STILL_OPEN_SHOWN 10
#define TITLES_SHOWN 20

/* ---- in memory ---- */

static struct silence_kept *kept_new(const struct silence *s, struct err *err)
{
	struct silence_kept *k = mem_new(sizeof *k);
	bool ok = true;

	arena_init(&k->arena);
	k->s = *s;
	k->s.uuid = arena_dup(&k->arena, s->uuid);
	k->s.name = arena_dup(&k->arena, s->name);
	k->s.created_by = arena_dup(&k->arena, s->created_by);
	k->s.comment = arena_dup(&k->arena, s->comment);
	k->s.matchers = (struct matchers){0};
	for (size_t i = 0; i < s->matchers.count && ok; i++)
		ok = matchers_add(&k->arena, &k->s.matchers, matcher_text(&k->arena, &s->matchers.items[i]), err);
	return k;
}

static void kept_free(struct silence_kept *k)
{
	matchers_done(&k->s.matchers);
	arena_done(&k->arena);
	mem_free(k);
}

static void keep(struct alerts *al, struct silence_kept *k)
{
	if (al->silence_count == al->silence_room) {
		al->silence_room = al->silence_room ? 2 * al->silence_room : 16;
		al->silences = mem_grow(al->silences, al->silence_room * sizeof *al->silences);
	}
	al->silences[al->silence_count++] = k;
}

void silences_clear(struct alerts *al)
{
	for (size_t i = 0; i < al->silence_count; i++)
		kept_free(al->silences[i]);
	mem_free(al->silences);
	al->silences = NULL;
	al->silence_count = al->silence_room = 0;
}

bool silences_load(struct engine *e, struct arena *a, wall_ms now, struct err *err)
{
	struct silence *list = NULL;
	size_t count = 0;
	bool ok = store_silence_list(e->db, a, e->workspace_id, now - SILENCE_KEPT, 100000, &list, &count, err);

	silences_clear(e->alerts);
	for (size_t i = 0; i < count; i++) {
		if (ok)
			keep(e->alerts, kept_new(&list[i], err));
		matchers_done(&list[i].matchers);
	}
	return ok && err->code == ERR_NONE;
}

void silences_carry_over(struct alerts *al, const struct alerts *old)
{
	size_t k = 0;

	for (size_t i = 0; i < al->silence_count; i++) { /* both are in the order of their ids */
		while (k < old->silence_count && old->silences[k]->s.id < al->silences[i]->s.id)
			k++;
		if (k < old->silence_count && old->silences[k]->s.id == al->silences[i]->s.id)
			al->silences[i]->hushed = old->silences[k]->hushed;
	}
}

const struct silence *silences_next(const struct alerts *al, const struct alert *a, size_t *at)
{
	while (*at < al->silence_count) {
		const struct silence *s = &al->silences[(*at)++]->s;

		if (s->acted == SILENCE_ACTIVE && alert_fits(&s->matchers, a))
			return s;
	}
	return NULL;
}

bool silences_hush(const struct alerts *al, const struct alert *a)
{
	size_t at = 0;

	return silences_next(al, a, &at) != NULL;
}

void silences_count(struct alerts *al, const struct alert *a)
{
	for (size_t i = 0; i < al->silence_count; i++)
		if (al->silences[i]->s.acted == SILENCE_ACTIVE && alert_fits(&al->silences[i]->s.matchers, a))
			al->silences[i]->hushed++;
}

static struct silence_kept *kept_of(struct alerts *al, int64_t id)
{
	for (size_t i = 0; i < al->silence_count; i++)
		if (al->silences[i]->s.id == id)
			return al->silences[i];
	return NULL;
}

const struct silence *silences_find(struct work *w, struct str uuid)
{
	const struct alerts *al = w->engine->alerts;
	const struct silence *found = NULL;

	for (size_t i = 0; i < al->silence_count && uuid.n >= 8; i++) {
		const struct silence *s = &al->silences[i]->s;

		if (!str_starts(s->uuid, uuid))
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

/* ---- what it means for alerts ---- */

/* Does it fit one of the twins that fires? The first may have ended, in a group that waits for its others. */
static bool fits_a_twin(const struct matchers *m, const struct alert *first)
{
	const struct alert *a = first;

	do
		if (a->firing && alert_fits(m, a))
			return true;
	while ((a = a->twin) != first);
	return false;
}

/* Each firing alert that it fits: once, however many groups it is in. */
static void each_fitting(struct alerts *al, const struct matchers *m, void (*call)(void *context, struct alert *a), void *context)
{
	void *value;

	for (size_t i = 0; map_next(&al->by_alert, &i, &value);)
		if (fits_a_twin(m, value))
			call(context, value);
}

static void requiet_one(void *context, struct alert *first)
{
	struct alert *a = first;

	do
		alert_requiet(context, a);
	while ((a = a->twin) != first);
}

struct preview {
	unsigned alerts, groups;
	struct map seen;
};

static void preview_one(void *context, struct alert *first)
{
	struct preview *p = context;
	struct alert *a = first;

	p->alerts++;
	do {
		if (!a->firing)
			continue;
		p->groups += !map_get(&p->seen, (uint64_t)a->group->row.id);
		map_put(&p->seen, (uint64_t)a->group->row.id, a->group);
	} while ((a = a->twin) != first);
}

void silences_preview(struct work *w, const struct matchers *m, unsigned *alerts, unsigned *groups)
{
	struct preview p = {0};

	each_fitting(w->engine->alerts, m, preview_one, &p);
	map_done(&p.seen);
	*alerts = p.alerts;
	*groups = p.groups;
}

struct titles {
	struct work *w;
	struct json_out *o;
	struct map seen;
	unsigned count;
};

static void title_one(void *context, struct alert *first)
{
	struct titles *t = context;
	struct alert *a = first;

	do {
		if (t->count == TITLES_SHOWN || map_get(&t->seen, (uint64_t)a->group->row.id))
			continue;
		map_put(&t->seen, (uint64_t)a->group->row.id, a->group);
		json_put_str(t->o, group_title_now(t->w->arena, a->group));
		t->count++;
	} while ((a = a->twin) != first);
}

void silences_write_preview(struct work *w, struct json_out *o, const struct matchers *m)
{
	struct titles t = {.w = w, .o = o};
	unsigned alerts, groups;

	silences_preview(w, m, &alerts, &groups);
	json_add_int(o, "alerts", alerts);
	json_add_int(o, "groups", groups);
	json_key(o, "titles");
	json_open(o, '[');
	each_fitting(w->engine->alerts, m, title_one, &t);
	json_close(o, ']');
	map_done(&t.seen);
}

/* ---- telling ---- */

static const char *word_of(const struct silence *s)
{
	return s->kind == SILENCE_MAINTENANCE ? "Maintenance" : "Silence";
}

static struct str what_of(struct arena *a, const struct silence *s)
{
	struct str name = s->name.n ? arena_printf(a, " *" STR_FMT "*", STR_ARG(mrkdwn_escape(a, s->name))) : S("");

	return arena_printf(a, "%s" STR_FMT " `" STR_FMT "` on `" STR_FMT "`", word_of(s), STR_ARG(name), STR_ARG(str_clip(s->uuid, 8)),
			    STR_ARG(mrkdwn_escape(a, str_clip(matchers_text(a, &s->matchers), 500))));
}

static struct str why_of(struct arena *a, const struct silence *s)
{
	struct str by = s->user_id ? mrkdwn_user(a, s->user_id) : mrkdwn_escape(a, s->created_by);

	return arena_printf(a, "%s" STR_FMT "%s" STR_FMT, by.n ? " by " : "", STR_ARG(by), s->comment.n ? ": " : "", STR_ARG(mrkdwn_escape(a, str_clip(s->comment, 300))));
}

struct still_open {
	struct work *w;
	struct buf text;
	struct map seen;
	unsigned groups;
};

static void still_open_one(void *context, struct alert *first)
{
	struct still_open *s = context;
	struct alert *a = first;

	do {
		struct group *g = a->group;

		if (!a->firing || g->row.state == GROUP_RESOLVED || map_get(&s->seen, (uint64_t)g->row.id))
			continue;
		map_put(&s->seen, (uint64_t)g->row.id, g);
		if (s->groups++ < STILL_OPEN_SHOWN)
			buf_printf(&s->text, "\n• `" STR_FMT "` " STR_FMT, STR_ARG(g->row.short_id), STR_ARG(mrkdwn_escape(s->w->arena, group_title_now(s->w->arena, g))));
	} while ((a = a->twin) != first);
}

static struct str still_open_text(struct work *w, const struct silence *s)
{
	struct still_open open = {.w = w};
	struct str text;

	buf_init(&open.text, 8 * KIB);
	each_fitting(w->engine->alerts, &s->matchers, still_open_one, &open);
	if (!open.groups)
		buf_add(&open.text, S(" Nothing of it is open."));
	else if (open.groups > STILL_OPEN_SHOWN)
		buf_printf(&open.text, "\n… and %u more", open.groups - STILL_OPEN_SHOWN);
	map_done(&open.seen);
	text = buf_keep(w->arena, &open.text);
	return open.groups ? arena_printf(w->arena, " Still open:" STR_FMT, STR_ARG(text)) : text;
}

static bool tell(struct work *w, const struct silence *s, struct str text)
{
	int64_t channel_id = s->channel_id;
	struct err none = {0};

	if (!channel_id && !alerts_default_channel(w, &channel_id, &none))
		return none.code == ERR_NONE;
	return note_add(w, channel_id, text, &w->err);
}

static bool tell_begins(struct work *w, struct silence_kept *k)
{
	const struct silence *s = &k->s;
	struct arena *a = w->arena;
	unsigned alerts, groups;

	silences_preview(w, &s->matchers, &alerts, &groups);
	k->hushed += alerts;
	return tell(w, s, arena_printf(a, ":no_bell: " STR_FMT " until " STR_FMT STR_FMT ". It keeps %u alert%s quiet now.", STR_ARG(what_of(a, s)),
				       STR_ARG(mrkdwn_date(a, s->ends, false)), STR_ARG(why_of(a, s)), alerts, alerts == 1 ? "" : "s"));
}

static bool tell_ends(struct work *w, const struct silence_kept *k, struct str who)
{
	struct arena *a = w->arena;
	struct str held = k->hushed ? arena_printf(a, " It kept %lld alert%s quiet.", (long long)k->hushed, k->hushed == 1 ? "" : "s") : S("");

	return tell(w, &k->s, arena_printf(a, ":bell: " STR_FMT " %s" STR_FMT "." STR_FMT STR_FMT, STR_ARG(what_of(a, &k->s)), who.n ? "was ended by " : "is over",
					   STR_ARG(who), STR_ARG(held), STR_ARG(still_open_text(w, &k->s))));
}

/* ---- acting ---- */

/* Consoles that show silences read them anew. */
static void publish_changed(struct work *w)
{
	effect_publish_all(w, S("{\"type\":\"silences_changed\"}"));
}

/* Its state is another than was acted on: alerts are hushed or heard again, and the channel is told. */
static bool act(struct work *w, struct silence_kept *k, struct str who)
{
	struct alerts *al = w->engine->alerts;
	enum silence_state before = k->s.acted, now = silence_state_at(&k->s, w->now);

	if (before == now)
		return true;
	work_touched_memory(w);
	publish_changed(w);
	k->s.acted = now;
	each_fitting(al, &k->s.matchers, requiet_one, al);
	if (!store_silence_set(w->engine->db, w->engine->workspace_id, &k->s, &w->err))
		return false;
	log_info(EV_SILENCE, F_STR("silence", k->s.uuid), F_TXT("state", silence_state_name(now)));
	if (now == SILENCE_ACTIVE && !tell_begins(w, k))
		return false;
	if (now == SILENCE_EXPIRED && before == SILENCE_ACTIVE && !tell_ends(w, k, who))
		return false;
	return alerts_tell_touched(w);
}

#define WARN_BEFORE (15 * MINUTE)
#define WARN_FROM HOUR /* whoever silences for less knows when it ends */

/* When people are told that it will end; 0: they are not. */
static wall_ms warn_at(const struct silence *s)
{
	return s->ends - s->starts > WARN_FROM ? s->ends - WARN_BEFORE : 0;
}

static wall_ms next_turn(const struct silence *s, wall_ms now)
{
	switch (silence_state_at(s, now)) {
	case SILENCE_PENDING:
		return s->starts;
	case SILENCE_ACTIVE:
		return warn_at(s) > now ? warn_at(s) : s->ends;
	default:
		return 0;
	}
}

/* Its end will be heard: what it keeps quiet still fires. */
static bool warn(struct work *w, struct silence_kept *k)
{
	struct arena *a = w->arena;
	unsigned alerts, groups;

	if (k->warned || !warn_at(&k->s) || w->now < warn_at(&k->s) || silence_state_at(&k->s, w->now) != SILENCE_ACTIVE)
		return true;
	work_touched_memory(w);
	k->warned = true;
	silences_preview(w, &k->s.matchers, &alerts, &groups);
	return !alerts || tell(w, &k->s, arena_printf(a, ":hourglass: " STR_FMT STR_FMT " ends in " STR_FMT " and keeps %u alert%s quiet.", STR_ARG(what_of(a, &k->s)),
						      STR_ARG(why_of(a, &k->s)), STR_ARG(span_write(a, k->s.ends - w->now)), alerts, alerts == 1 ? "" : "s"));
}

static bool add_timer(struct work *w, const struct silence *s)
{
	wall_ms due = next_turn(s, w->now);

	effect_wake(w);
	publish_changed(w);
	return !due || store_due_add(w->engine->db, DUE_TIMER, s->id, engine_id(w), due, KIND_SILENCE, S(""), &w->err);
}

bool silences_turn(struct work *w, int64_t silence_id, wall_ms *again_at)
{
	struct silence_kept *k = kept_of(w->engine->alerts, silence_id);

	*again_at = 0;
	if (!k)
		return true;
	*again_at = next_turn(&k->s, w->now);
	return act(w, k, S("")) && warn(w, k);
}

static bool hand_on(struct work *w, struct err *err, bool ok)
{
	if (!ok && w->err.code && err != &w->err)
		*err = w->err;
	return ok;
}

bool silences_expire(struct work *w, const struct silence *s, struct str who, struct err *err)
{
	struct silence_kept *k = kept_of(w->engine->alerts, s->id);

	if (!k || silence_state_at(&k->s, w->now) == SILENCE_EXPIRED)
		return true;
	work_touched_memory(w);
	if (k->s.starts > w->now)
		k->s.starts = w->now;
	k->s.ends = k->s.updated = w->now;
	return hand_on(w, err, act(w, k, who));
}

bool silences_forget(struct work *w)
{
	struct alerts *al = w->engine->alerts;
	size_t kept = 0;

	work_touched_memory(w);
	for (size_t i = 0; i < al->silence_count; i++)
		if (al->silences[i]->s.ends > w->now - SILENCE_KEPT)
			al->silences[kept++] = al->silences[i];
		else
			kept_free(al->silences[i]);
	al->silence_count = kept;
	return store_silence_drop(w->engine->db, w->engine->workspace_id, w->now - SILENCE_KEPT, &w->err);
}

/* ---- making ---- */

static struct str uuid_new(struct arena *a)
{
	uint8_t b[16];

	crypt_random(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562, version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	return arena_printf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
			    b[11], b[12], b[13], b[14], b[15]);
}

static bool change(struct work *w, struct silence_kept *k, const struct silence *next, struct err *err)
{
	struct silence_kept *made;
	struct alerts *al = w->engine->alerts;
	struct silence s = *next;

	s.id = k->s.id;
	s.uuid = k->s.uuid;
	s.acted = k->s.acted;
	s.kind = k->s.kind;
	s.channel_id = k->s.channel_id;
	s.updated = w->now;
	work_touched_memory(w);
	made = kept_new(&s, err);
	made->hushed = k->hushed;
	for (size_t i = 0; i < al->silence_count; i++)
		if (al->silences[i] == k)
			al->silences[i] = made;
	kept_free(k);
	return !err->code && hand_on(w, err, store_silence_set(w->engine->db, w->engine->workspace_id, &made->s, &w->err) && add_timer(w, &made->s) && act(w, made, S("")));
}

static bool make(struct work *w, const struct silence *next, struct str *uuid, struct err *err)
{
	struct engine *e = w->engine;
	struct silence_kept *k;
	struct silence s = *next;
	size_t open = 0;

	for (size_t i = 0; i < e->alerts->silence_count; i++)
		open += silence_state_at(&e->alerts->silences[i]->s, w->now) != SILENCE_EXPIRED;
	if (open >= SILENCES_MAX) {
		err_set(err, ERR_TOO_MANY, "there are %d silences already; expire some", SILENCES_MAX);
		return false;
	}
	s.id = engine_id(w);
	s.uuid = *uuid = uuid_new(w->arena);
	s.acted = SILENCE_PENDING;
	s.updated = w->now;
	s.kind = s.kind ? s.kind : SILENCE_PLAIN;
	work_touched_memory(w);
	k = kept_new(&s, err);
	keep(e->alerts, k);
	return !err->code && hand_on(w, err, store_silence_add(e->db, w->arena, e->workspace_id, &k->s, &w->err) && add_timer(w, &k->s) && act(w, k, S("")));
}

bool silences_put(struct work *w, const struct silence *draft, struct str *uuid, struct err *err)
{
	const struct silence *old = draft->uuid.n ? silences_find(w, draft->uuid) : NULL;
	struct silence next = *draft;

	if (draft->uuid.n && (!old || draft->uuid.n != old->uuid.n)) {
		err_set(err, ERR_NOT_FOUND, "silence not found");
		return false;
	}
	if (old && silence_can_become(old, &next, w->now)) {
		*uuid = arena_dup(w->arena, old->uuid);
		if (silence_state_at(old, w->now) == SILENCE_ACTIVE)
			next.starts = old->starts;
		return silence_check(&next, w->now, err) && change(w, kept_of(w->engine->alerts, old->id), &next, err);
	}
	if (!silence_check(&next, w->now, err))
		return false;
	if (next.starts < w->now)
		next.starts = w->now;
	if (next.ends <= next.starts) /* this very millisecond: it would begin when it is over */
		next.ends = next.starts + 1;
	if (old) {
		next.kind = old->kind;
		next.channel_id = old->channel_id;
	}
	return (!old || silences_expire(w, old, S(""), err)) && make(w, &next, uuid, err);
}

bool silences_for_group(struct work *w, struct group *g, struct matchers *out, struct err *err)
{
	struct labels l;
	bool ok = true;

	group_labels(w->arena, g, &l);
	if (!l.count)
		l = *group_sum_up(g);
	for (size_t i = 0; i < l.count && ok; i++) {
		struct str pair = labels_text(w->arena, &(struct labels){&l.items[i], 1}); /* {name="value"} */

		ok = matchers_add(w->arena, out, str_n(pair.p + 1, pair.n - 2), err);
	}
	if (ok && !out->count)
		err_set(err, ERR_CONFLICT, "the alerts of this group have no label in common to silence them by");
	return ok && out->count > 0;
}

/* ---- showing ---- */

static void put_v2(struct work *w, struct json_out *o, const struct silence *s)
{
	json_add_str(o, "id", s->uuid);
	json_key(o, "status");
	json_open(o, '{');
	json_add_str(o, "state", str_of(silence_state_name(silence_state_at(s, w->now))));
	json_close(o, '}');
	json_add_wall(o, "updatedAt", s->updated);
	json_add_str(o, "comment", s->comment);
	json_add_str(o, "createdBy", s->created_by);
	json_add_wall(o, "endsAt", s->ends);
	json_key(o, "matchers");
	silence_write_matchers(o, &s->matchers);
	json_add_wall(o, "startsAt", s->starts);
}

void silence_write_v2(struct work *w, struct json_out *o, const struct silence *s)
{
	json_open(o, '{');
	put_v2(w, o, s);
	json_close(o, '}');
}

static wall_ms order_now; /* qsort has no context; the work thread is one */

static int by_order(const void *a, const void *b)
{
	return silence_order(&(*(struct silence_kept *const *)a)->s, &(*(struct silence_kept *const *)b)->s, order_now);
}

static struct silence_kept **in_order(struct work *w)
{
	const struct alerts *al = w->engine->alerts;
	struct silence_kept **list = arena_alloc(w->arena, (al->silence_count + 1) * sizeof *list);

	order_now = w->now;
	if (al->silence_count) {
		memcpy(list, al->silences, al->silence_count * sizeof *list);
		qsort(list, al->silence_count, sizeof *list, by_order);
	}
	return list;
}

void silences_write_v2(struct work *w, struct json_out *o, const struct matchers *filter)
{
	struct silence_kept **list = in_order(w);

	json_open(o, '[');
	for (size_t i = 0; i < w->engine->alerts->silence_count; i++)
		if (!filter || silence_has_matchers(&list[i]->s, filter))
			silence_write_v2(w, o, &list[i]->s);
	json_close(o, ']');
}

void silence_write(struct work *w, struct json_out *o, const struct silence *s)
{
	const struct silence_kept *k = kept_of(w->engine->alerts, s->id);
	unsigned alerts = 0, groups;

	if (silence_state_at(s, w->now) != SILENCE_EXPIRED)
		silences_preview(w, &s->matchers, &alerts, &groups);
	json_open(o, '{');
	json_add_str(o, "kind", s->kind == SILENCE_MAINTENANCE ? S("maintenance") : S("silence"));
	if (s->name.n)
		json_add_str(o, "name", s->name);
	put_v2(w, o, s);
	json_add_str(o, "text", matchers_text(w->arena, &s->matchers));
	json_add_int(o, "alerts", alerts);
	json_add_int(o, "hushed", k ? k->hushed : 0);
	json_close(o, '}');
}

void silences_write(struct work *w, struct json_out *o, enum silence_kind kind, bool all)
{
	struct silence_kept **list = in_order(w);

	json_open(o, '[');
	for (size_t i = 0; i < w->engine->alerts->silence_count; i++)
		if ((!kind || list[i]->s.kind == kind) && (all || silence_state_at(&list[i]->s, w->now) != SILENCE_EXPIRED))
			silence_write(w, o, &list[i]->s);
	json_close(o, ']');
}

static void summary_line(struct work *w, struct buf *b, const struct silence *s)
{
	bool pending = silence_state_at(s, w->now) == SILENCE_PENDING;
	struct arena *a = w->arena;
	unsigned alerts, groups;

	silences_preview(w, &s->matchers, &alerts, &groups);
	buf_printf(b, "\n%s " STR_FMT " %s " STR_FMT STR_FMT, pending ? ":hourglass:" : ":no_bell:", STR_ARG(what_of(a, s)), pending ? "begins" : "until",
		   STR_ARG(mrkdwn_date(a, pending ? s->starts : s->ends, false)), STR_ARG(why_of(a, s)));
	if (alerts)
		buf_printf(b, "  ·  %u alert%s", alerts, alerts == 1 ? "" : "s");
}

struct str silences_summary(struct work *w, enum silence_kind kind)
{
	struct silence_kept **list = in_order(w);
	struct buf b;

	buf_init(&b, 30 * KIB);
	for (size_t i = 0; i < w->engine->alerts->silence_count; i++)
		if ((!kind || list[i]->s.kind == kind) && silence_state_at(&list[i]->s, w->now) != SILENCE_EXPIRED)
			summary_line(w, &b, &list[i]->s);
	return str_trim(buf_keep(w->arena, &b));
}
