/* Inhibition: an alert that fires keeps others quiet (Alertmanager, inhibit/inhibit.go).
 *
 * A rule and the values of its `equal` labels make a bucket. Alerts that match the rule's source or target side are tied to
 * it; the bucket counts the sources, so whether an alert is inhibited is a look at its buckets, and only the targets of a
 * bucket whose count begins or ends are looked at again. */
#include "engine/alerts_internal.h"

enum side { SIDE_SOURCE = 1, SIDE_TARGET = 2 };

struct bucket {
	uint64_t key;
	unsigned sources; /* that are no targets themselves */
	unsigned both;    /* sources and targets in one: they inhibit no one of their kind */
	struct tie *ties;
};

struct tie {
	struct alert *alert;
	struct bucket *bucket;
	struct tie *next_of_alert;
	struct tie *next, **at; /* in the bucket */
	unsigned sides;
};

static uint64_t bucket_key(size_t index, const struct inhibit_rule *rule, const struct alert *a)
{
	uint64_t key = hash_mix(index + 1);

	for (size_t i = 0; i < rule->equal_count; i++)
		key = hash_text(key, alert_label(a, rule->equal[i].p));
	return key | 1;
}

static bool tie_holds(const struct tie *t)
{
	return (t->sides & SIDE_TARGET) && (t->bucket->sources > 0 || (t->bucket->both > 0 && !(t->sides & SIDE_SOURCE)));
}

bool inhibit_holds(const struct alert *a)
{
	for (const struct tie *t = a->ties; t; t = t->next_of_alert)
		if (tie_holds(t))
			return true;
	return false;
}

const struct alert *inhibit_by(const struct alert *a)
{
	for (const struct tie *t = a->ties; t; t = t->next_of_alert)
		for (const struct tie *s = tie_holds(t) ? t->bucket->ties : NULL; s; s = s->next)
			if ((s->sides & SIDE_SOURCE) && s != t && (!(s->sides & SIDE_TARGET) || !(t->sides & SIDE_SOURCE)))
				return s->alert;
	return NULL;
}

const struct alert *inhibit_would(const struct alerts *al, const struct routing *r, const struct labels *labels)
{
	for (size_t i = 0; i < r->inhibit_count; i++) {
		const struct inhibit_rule *rule = &r->inhibit_rules[i];
		uint64_t key = hash_mix(i + 1);
		const struct bucket *b;
		bool is_source;

		if (!matchers_fit(&rule->target, labels))
			continue;
		for (size_t k = 0; k < rule->equal_count; k++)
			key = hash_text(key, labels_get(labels, rule->equal[k].p));
		is_source = matchers_fit(&rule->source, labels);
		b = map_get(&al->buckets, key | 1);
		for (const struct tie *t = b ? b->ties : NULL; t; t = t->next)
			if ((t->sides & SIDE_SOURCE) && (!(t->sides & SIDE_TARGET) || !is_source))
				return t->alert;
	}
	return NULL;
}

/* The first source came, or the last went. */
static void look_at_targets(struct alerts *al, const struct bucket *b)
{
	for (const struct tie *t = b->ties; t; t = t->next)
		if (t->sides & SIDE_TARGET)
			alert_requiet(al, t->alert);
}

static unsigned *count_of(struct bucket *b, unsigned sides)
{
	return sides & SIDE_TARGET ? &b->both : &b->sources;
}

static void tie_new(struct alerts *al, struct alert *a, uint64_t key, unsigned sides)
{
	struct bucket *b = map_get(&al->buckets, key);
	struct tie *t = mem_new(sizeof *t);

	if (!b) {
		b = mem_new(sizeof *b);
		b->key = key;
		map_put(&al->buckets, key, b);
	}
	*t = (struct tie){.alert = a, .bucket = b, .next_of_alert = a->ties, .next = b->ties, .at = &b->ties, .sides = sides};
	if (b->ties)
		b->ties->at = &t->next;
	b->ties = t;
	a->ties = t;
	if ((sides & SIDE_SOURCE) && ++*count_of(b, sides) == 1)
		look_at_targets(al, b);
}

void inhibit_tie(struct alerts *al, const struct routing *r, struct alert *a)
{
	for (size_t i = 0; i < r->inhibit_count; i++) {
		const struct inhibit_rule *rule = &r->inhibit_rules[i];
		unsigned sides = (alert_fits(&rule->source, a) ? SIDE_SOURCE : 0) | (alert_fits(&rule->target, a) ? SIDE_TARGET : 0);

		if (sides)
			tie_new(al, a, bucket_key(i, rule, a), sides);
	}
}

static void tie_free(struct alerts *al, struct tie *t)
{
	struct bucket *b = t->bucket;

	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	if ((t->sides & SIDE_SOURCE) && --*count_of(b, t->sides) == 0)
		look_at_targets(al, b);
	if (!b->ties) {
		map_take(&al->buckets, b->key);
		mem_free(b);
	}
	mem_free(t);
}

void inhibit_untie(struct alerts *al, struct alert *a)
{
	while (a->ties) {
		struct tie *t = a->ties;

		a->ties = t->next_of_alert;
		tie_free(al, t);
	}
}

void inhibit_clear(struct alerts *al)
{
	map_done(&al->buckets);
}
