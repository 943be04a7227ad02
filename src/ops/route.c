/* Asking the tree of routes. */
#include "ops/routing.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

struct labels routing_labels(struct arena *a, const struct labels *labels, struct str source, struct str tool)
{
	struct labels out = {arena_alloc(a, (labels->count + 2) * sizeof *out.items), labels->count};

	if (labels->count)
		memcpy(out.items, labels->items, labels->count * sizeof *out.items);
	if (source.n)
		out.items[out.count++] = (struct label){S("__source__"), source};
	if (tool.n)
		out.items[out.count++] = (struct label){S("__tool__"), tool};
	if (out.count)
		qsort(out.items, out.count, sizeof *out.items, by_name);
	return out;
}

/* ---- matching ---- */

struct walk {
	struct arena *arena;
	const struct labels *labels;
	struct vec taken; /* const struct route * */
};

/* Depth first: the children in their order, until one fits that does not go on; if none fits, the route itself. */
static bool walk_route(struct walk *w, const struct route *t)
{
	size_t before = w->taken.count;

	if (!matchers_fit(&t->matchers, w->labels))
		return false;
	for (const struct route *c = t->child; c; c = c->next)
		if (walk_route(w, c) && !c->goes_on)
			break;
	if (w->taken.count == before)
		*(const struct route **)vec_push(w->arena, &w->taken, sizeof t) = t;
	return true;
}

size_t routing_match(const struct routing *r, struct arena *a, const struct labels *labels, const struct route ***out)
{
	struct walk w = {.arena = a, .labels = labels};

	walk_route(&w, r->root);
	*out = w.taken.items;
	return w.taken.count;
}

const struct service *routing_service(const struct routing *r, const struct labels *labels)
{
	for (const struct service *s = r->services; s; s = s->next)
		if (matchers_fit(&s->matchers, labels))
			return s;
	return NULL;
}

/* The longest key that fits: values of matchers can hold anything. */
static const struct route *find_route(const struct route *t, struct str key, struct str receiver)
{
	const struct route *found = NULL;

	if (!str_starts(key, t->key))
		return NULL;
	for (const struct route *c = t->child; c && !found; c = c->next)
		found = find_route(c, key, receiver);
	if (!found && key.n > t->key.n && key.p[t->key.n] == ':' && str_eq(t->receiver->name, receiver))
		found = t;
	return found;
}

const struct route *routing_find(const struct routing *r, struct str group_key, struct str receiver)
{
	return find_route(r->root, group_key, receiver);
}

struct labels route_group_labels(struct arena *a, const struct route *route, const struct labels *labels)
{
	struct labels out = {arena_alloc(a, (labels->count + 1) * sizeof *out.items), 0};

	for (size_t i = 0, k = 0; i < labels->count; i++) { /* both are sorted */
		while (k < route->group_by_count && str_cmp(route->group_by[k], labels->items[i].name) < 0)
			k++;
		if (route->by_all || (k < route->group_by_count && str_eq(route->group_by[k], labels->items[i].name)))
			out.items[out.count++] = labels->items[i];
	}
	return out;
}

/* ---- intervals ---- */

static wall_ms sooner(wall_ms a, wall_ms b)
{
	return !a || (b && b < a) ? b : a;
}

bool route_is_muted(const struct route *route, wall_ms at, wall_ms *until, struct str *name)
{
	bool active = route->active_count == 0, muted = false;

	*until = 0;
	*name = S("");
	for (size_t i = 0; i < route->mute_count; i++) {
		*until = sooner(*until, interval_turns(route->mute[i]->interval, at));
		if (!muted && interval_holds(route->mute[i]->interval, at)) {
			muted = true;
			*name = route->mute[i]->name;
		}
	}
	for (size_t i = 0; i < route->active_count; i++) {
		*until = sooner(*until, interval_turns(route->active[i]->interval, at));
		active = active || interval_holds(route->active[i]->interval, at);
	}
	if (!active && !muted)
		*name = route->active[0]->name;
	return muted || !active;
}

/* ---- explaining ---- */

static const struct matcher *first_misfit(const struct matchers *m, const struct labels *l)
{
	for (size_t i = 0; i < m->count; i++)
		if (!matcher_fits(&m->items[i], labels_get(l, m->items[i].name.p)))
			return &m->items[i];
	return NULL;
}

struct explainer {
	struct arena *arena;
	const struct labels *labels;
	struct json_out *o;
	const struct route **taken;
	size_t taken_count;
};

static bool is_taken(const struct explainer *x, const struct route *t)
{
	for (size_t i = 0; i < x->taken_count; i++)
		if (x->taken[i] == t)
			return true;
	return false;
}

static struct str why_of(struct explainer *x, const struct route *t, bool asked, const struct matcher *misfit)
{
	struct str value;

	if (!asked)
		return S("not asked: a route before it was taken and does not continue");
	if (!misfit && is_taken(x, t))
		return t->child ? S("it matches, and none of its routes does") : S("it matches");
	if (!misfit)
		return S("it matches; a route below it is taken");
	value = labels_get(x->labels, misfit->name.p);
	if (!value.n)
		return arena_printf(x->arena, STR_FMT " does not fit: there is no label " STR_FMT, STR_ARG(matcher_text(x->arena, misfit)), STR_ARG(misfit->name));
	return arena_printf(x->arena, STR_FMT " does not fit: it is \"" STR_FMT "\"", STR_ARG(matcher_text(x->arena, misfit)), STR_ARG(str_clip(value, 200)));
}

static void put_group_by(struct json_out *o, const struct route *t)
{
	json_key(o, "group_by");
	if (t->by_source) {
		json_put_null(o);
		return;
	}
	json_open(o, '[');
	for (size_t i = 0; i < t->group_by_count; i++)
		json_put_str(o, t->group_by[i]);
	json_close(o, ']');
}

static void put_names(struct json_out *o, const char *key, const struct time_interval **list, size_t count)
{
	if (!count)
		return;
	json_key(o, key);
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(o, list[i]->name);
	json_close(o, ']');
}

static struct str own_matchers(const struct route *t)
{
	return t->parent ? str_n(t->key.p + t->parent->key.n + 1, t->key.n - t->parent->key.n - 1) : t->key;
}

static bool explain_route(struct explainer *x, const struct route *t, unsigned depth, bool asked)
{
	const struct matcher *misfit = asked ? first_misfit(&t->matchers, x->labels) : NULL;
	bool matched = asked && !misfit, ask_child = matched;
	struct json_out *o = x->o;

	json_open(o, '{');
	json_add_int(o, "depth", depth);
	json_add_str(o, "matchers", own_matchers(t));
	json_add_str(o, "receiver", t->receiver->name);
	json_add_int(o, "line", t->line);
	json_add_bool(o, "asked", asked);
	json_add_bool(o, "matched", matched);
	json_add_bool(o, "taken", is_taken(x, t));
	json_add_bool(o, "continue", t->goes_on);
	json_add_str(o, "why", why_of(x, t, asked, misfit));
	put_group_by(o, t);
	json_add_int(o, "group_wait_ms", t->group_wait);
	json_add_int(o, "group_interval_ms", t->group_interval);
	json_add_int(o, "repeat_interval_ms", t->repeat_interval);
	put_names(o, "mute_time_intervals", t->mute, t->mute_count);
	put_names(o, "active_time_intervals", t->active, t->active_count);
	json_close(o, '}');
	for (const struct route *c = t->child; c; c = c->next)
		if (explain_route(x, c, depth + 1, ask_child) && !c->goes_on)
			ask_child = false;
	return matched;
}

void routing_explain(const struct routing *r, struct arena *a, const struct labels *labels, struct json_out *o)
{
	struct explainer x = {.arena = a, .labels = labels, .o = o};
	const struct service *s = routing_service(r, labels);

	x.taken_count = routing_match(r, a, labels, &x.taken);
	json_key(o, "routes");
	json_open(o, '[');
	explain_route(&x, r->root, 0, true);
	json_close(o, ']');
	if (s)
		json_add_str(o, "service", s->name);
}

/* ---- the same for people ---- */

static void put_grouping(struct buf *b, const struct route *t)
{
	if (t->by_source) {
		buf_add(b, S("  grouped as the source groups"));
		return;
	}
	buf_add(b, S("  group_by: ["));
	for (size_t i = 0; i < t->group_by_count; i++)
		buf_printf(b, "%s" STR_FMT, i ? ", " : "", STR_ARG(t->group_by[i]));
	buf_char(b, ']');
}

static void explain_line(struct explainer *x, struct buf *b, const struct route *t, unsigned depth, bool asked, const struct matcher *misfit)
{
	bool taken = is_taken(x, t);

	buf_printf(b, "%s", b->n ? "\n" : "");
	for (unsigned i = 0; i < depth; i++)
		buf_add(b, S("    "));
	buf_printf(b, "%s `" STR_FMT "`", taken ? ":arrow_right:" : "·", STR_ARG(own_matchers(t)));
	if (taken) {
		buf_printf(b, " *" STR_FMT "*", STR_ARG(t->receiver->name));
		put_grouping(b, t);
	}
	if (t->line)
		buf_printf(b, "  (line %u: " STR_FMT ")", t->line, STR_ARG(why_of(x, t, asked, misfit)));
}

static bool explain_lines(struct explainer *x, struct buf *b, const struct route *t, unsigned depth, bool asked)
{
	const struct matcher *misfit = asked ? first_misfit(&t->matchers, x->labels) : NULL;
	bool matched = asked && !misfit, ask_child = matched;

	explain_line(x, b, t, depth, asked, misfit);
	for (const struct route *c = matched ? t->child : NULL; c; c = c->next)
		if (explain_lines(x, b, c, depth + 1, ask_child) && !c->goes_on)
			ask_child = false;
	return matched;
}

struct str routing_explain_text(const struct routing *r, struct arena *a, const struct labels *labels)
{
	struct explainer x = {.arena = a, .labels = labels};
	const struct service *s = routing_service(r, labels);
	struct buf b;

	buf_init(&b, 60 * KIB);
	x.taken_count = routing_match(r, a, labels, &x.taken);
	explain_lines(&x, &b, r->root, 0, true);
	if (s)
		buf_printf(&b, "\nservice *" STR_FMT "*%s" STR_FMT, STR_ARG(s->name), s->team.n ? " of " : "", STR_ARG(s->team));
	return buf_keep(a, &b);
}
