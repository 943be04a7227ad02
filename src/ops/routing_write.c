/* The routing in Alertmanager's own words: what is in force, not the text that it was read from. */
#include "base/yaml.h"
#include "ops/routing.h"

/* 90 s as 1m30s: whole units, as both readers take them. */
static void put_span(struct buf *b, span_ms span)
{
	static const struct {
		span_ms unit;
		const char *name;
	} units[] = {{HOUR, "h"}, {MINUTE, "m"}, {SECOND, "s"}, {1, "ms"}};

	if (!span)
		buf_add(b, S("0s"));
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (span >= units[i].unit)
			buf_printf(b, "%lld%s", (long long)(span / units[i].unit), units[i].name);
		span %= units[i].unit;
	}
}

struct writer {
	struct buf *b;
	struct arena *arena;
};

static void put_texts(struct writer *w, const struct str *list, size_t count)
{
	buf_add(w->b, S(" ["));
	for (size_t i = 0; i < count; i++) {
		buf_add(w->b, i ? S(", ") : S(""));
		yaml_put_str(w->b, list[i]);
	}
	buf_add(w->b, S("]\n"));
}

static void put_matchers(struct writer *w, const struct matchers *m)
{
	struct str *texts = arena_alloc(w->arena, (m->count + 1) * sizeof *texts);

	for (size_t i = 0; i < m->count; i++)
		texts[i] = matcher_text(w->arena, &m->items[i]);
	put_texts(w, texts, m->count);
}

static void put_interval_names(struct writer *w, const struct time_interval **list, size_t count)
{
	struct str *names = arena_alloc(w->arena, (count + 1) * sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = list[i]->name;
	put_texts(w, names, count);
}

static void indent(struct writer *w, unsigned depth, const char *key)
{
	for (unsigned i = 0; i < depth; i++)
		buf_add(w->b, S("  "));
	buf_printf(w->b, "  %s:", key);
}

static void put_timer(struct writer *w, unsigned depth, const char *key, span_ms span, const span_ms *of_parent)
{
	if (of_parent && *of_parent == span)
		return;
	indent(w, depth, key);
	buf_char(w->b, ' ');
	put_span(w->b, span);
	buf_char(w->b, '\n');
}

static void put_group_by(struct writer *w, const struct route *t, unsigned depth)
{
	static const struct str alertname = {"alertname", 9};
	const struct route *p = t->parent;

	if (p && p->by_source == t->by_source && p->group_by == t->group_by)
		return;
	indent(w, depth, "group_by");
	if (t->by_source)
		put_texts(w, &alertname, 1);
	else
		put_texts(w, t->group_by, t->group_by_count);
}

/* Its members, the first of which stands where the pen is. */
static void put_route(struct writer *w, const struct route *t, unsigned depth)
{
	const struct route *p = t->parent;

	buf_add(w->b, S("receiver: "));
	yaml_put_str(w->b, t->receiver->name);
	buf_char(w->b, '\n');
	put_group_by(w, t, depth);
	if (t->matchers.count) {
		indent(w, depth, "matchers");
		put_matchers(w, &t->matchers);
	}
	if (t->goes_on) {
		indent(w, depth, "continue");
		buf_add(w->b, S(" true\n"));
	}
	if (t->mute_count) {
		indent(w, depth, "mute_time_intervals");
		put_interval_names(w, t->mute, t->mute_count);
	}
	if (t->active_count) {
		indent(w, depth, "active_time_intervals");
		put_interval_names(w, t->active, t->active_count);
	}
	put_timer(w, depth, "group_wait", t->group_wait, p ? &p->group_wait : NULL);
	put_timer(w, depth, "group_interval", t->group_interval, p ? &p->group_interval : NULL);
	put_timer(w, depth, "repeat_interval", t->repeat_interval, p ? &p->repeat_interval : NULL);
	if (t->child) {
		indent(w, depth, "routes");
		buf_char(w->b, '\n');
	}
	for (const struct route *c = t->child; c; c = c->next) {
		for (unsigned i = 0; i < depth; i++)
			buf_add(w->b, S("  "));
		buf_add(w->b, S("  - "));
		put_route(w, c, depth + 1);
	}
}

static void put_inhibition(struct writer *w, const struct routing *r)
{
	for (size_t i = 0; i < r->inhibit_count; i++) {
		const struct inhibit_rule *rule = &r->inhibit_rules[i];

		buf_add(w->b, i ? S("- source_matchers:") : S("inhibit_rules:\n- source_matchers:"));
		put_matchers(w, &rule->source);
		indent(w, 0, "target_matchers");
		put_matchers(w, &rule->target);
		indent(w, 0, "equal");
		put_texts(w, rule->equal, rule->equal_count);
	}
}

static bool is_used(const struct route *t, const struct receiver *x)
{
	for (const struct route *c = t->child; c; c = c->next)
		if (is_used(c, x))
			return true;
	return t->receiver == x;
}

/* `source` and `service` are there without being named: they stand here when a route names them. */
static void put_receivers(struct writer *w, const struct routing *r)
{
	buf_add(w->b, S("receivers:\n"));
	for (const struct receiver *x = r->receivers; x; x = x->next) {
		if (!x->channel.n && !is_used(r->root, x))
			continue;
		buf_add(w->b, S("- name: "));
		yaml_put_str(w->b, x->name);
		buf_char(w->b, '\n');
	}
}

static void put_intervals(struct writer *w, const struct routing *r)
{
	struct json_out o;

	for (const struct time_interval *t = r->intervals; t; t = t->next) {
		buf_add(w->b, t == r->intervals ? S("time_intervals:\n- name: ") : S("- name: "));
		yaml_put_str(w->b, t->name);
		buf_char(w->b, '\n');
		indent(w, 0, "time_intervals");
		buf_char(w->b, ' ');
		o = json_out(w->b); /* JSON is YAML */
		interval_write(&o, t->interval);
		buf_char(w->b, '\n');
	}
}

void routing_write_alertmanager(const struct routing *r, struct buf *to)
{
	struct arena a;
	struct writer w = {.b = to, .arena = &a};

	arena_init(&a);
	buf_add(to, S("route:\n  "));
	put_route(&w, r->root, 0);
	put_inhibition(&w, r);
	put_receivers(&w, r);
	put_intervals(&w, r);
	arena_done(&a);
}
