/* Asking the tree of routes. */
#include "ops/routing.h"

#include "ops/text.h"

struct labels routing_labels(struct arena *a, const struct labels *labels, struct str source, struct str tool)
{
	struct labels out = {arena_alloc(a, (labels->count + 2) * sizeof *out.items), labels->count};

	if (labels->count)
		memcpy(out.items, labels->items, labels->count * sizeof *out.items);
	if (source.n)
		out.items[out.count++] = (struct label){S("__source__"), source};
	if (tool.n)
		out.items[out.count++] = (struct label){S("__tool__"), tool};
	labels_sort(&out);
	return out;
}

bool routing_read_labels(struct arena *a, const struct str *words, size_t count, struct labels *out, struct err *err)
{
	struct matchers m = {0};
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++)
		ok = matchers_parse(a, &m, words[i], err);
	*out = (struct labels){arena_alloc(a, (m.count + 1) * sizeof *out->items), 0};
	for (size_t i = 0; i < m.count && ok; i++) {
		ok = m.items[i].op == MATCHER_EQUAL;
		if (!ok)
			err_set(err, ERR_INVALID, "a label has one value: " STR_FMT "=value", STR_ARG(str_clip(m.items[i].name, 60)));
		out->items[out->count++] = (struct label){m.items[i].name, m.items[i].value};
	}
	matchers_done(&m);
	labels_sort(out);
	return ok;
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

enum asked { ASKED, NOT_BELOW, NOT_AFTER }; /* of the route itself; else of one above or before it */

static struct str why_of(struct explainer *x, const struct route *t, enum asked asked, const struct matcher *misfit)
{
	struct str value;

	if (asked == NOT_BELOW)
		return S("not asked: the route above it does not match");
	if (asked == NOT_AFTER)
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

static bool explain_route(struct explainer *x, const struct route *t, unsigned depth, enum asked asked)
{
	const struct matcher *misfit = asked == ASKED ? first_misfit(&t->matchers, x->labels) : NULL;
	bool matched = asked == ASKED && !misfit;
	enum asked below = matched ? ASKED : asked == ASKED ? NOT_BELOW : asked;
	struct json_out *o = x->o;

	json_open(o, '{');
	json_add_int(o, "depth", depth);
	json_add_str(o, "matchers", own_matchers(t));
	json_add_str(o, "receiver", t->receiver->name);
	if (t->receiver->channel.n)
		json_add_str(o, "channel", t->receiver->channel);
	json_add_int(o, "line", t->line);
	json_add_bool(o, "asked", asked == ASKED);
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
		if (explain_route(x, c, depth + 1, below) && !c->goes_on)
			below = NOT_AFTER;
	return matched;
}

void routing_explain(const struct routing *r, struct arena *a, const struct labels *labels, struct json_out *o)
{
	struct explainer x = {.arena = a, .labels = labels, .o = o};
	const struct service *s = routing_service(r, labels);

	x.taken_count = routing_match(r, a, labels, &x.taken);
	json_key(o, "routes");
	json_open(o, '[');
	explain_route(&x, r->root, 0, ASKED);
	json_close(o, ']');
	if (s)
		json_add_str(o, "service", s->name);
}

/* ---- where to ---- */

static void put_muted(struct json_out *o, const struct route *t, wall_ms now)
{
	struct str name;
	wall_ms until;

	if (!route_is_muted(t, now, &until, &name))
		return;
	json_key(o, "muted");
	json_open(o, '{');
	json_add_str(o, "by", name);
	if (until)
		json_add_wall(o, "until", until);
	json_close(o, '}');
}

static void put_taken(const struct routing *r, struct arena *a, const struct labels *labels, const struct route *t, wall_ms now, struct json_out *o)
{
	const struct service *s = str_is(t->receiver->name, "service") ? routing_service(r, labels) : NULL;
	struct str channel = s && s->channel.n ? s->channel : t->receiver->channel;
	struct labels by;

	json_open(o, '{');
	json_add_str(o, "receiver", t->receiver->name);
	if (channel.n)
		json_add_str(o, "channel", channel);
	json_add_str(o, "route", t->key);
	if (!t->by_source) {
		by = route_group_labels(a, t, labels);
		json_add_str(o, "group_key", arena_printf(a, STR_FMT ":" STR_FMT "%s" STR_FMT, STR_ARG(t->key), STR_ARG(s ? s->name : S("")), s ? "/" : "", STR_ARG(labels_text(a, &by))));
	}
	json_add_int(o, "line", t->line);
	put_muted(o, t, now);
	json_close(o, '}');
}

void routing_write_taken(const struct routing *r, struct arena *a, const struct labels *labels, wall_ms now, struct json_out *o)
{
	const struct service *s = routing_service(r, labels);
	const struct route **taken;
	size_t count = routing_match(r, a, labels, &taken);

	json_key(o, "routes");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		put_taken(r, a, labels, taken[i], now, o);
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

static void explain_line(struct explainer *x, struct buf *b, const struct route *t, unsigned depth, enum asked asked, const struct matcher *misfit)
{
	bool taken = is_taken(x, t);

	buf_printf(b, "%s", b->n ? "\n" : "");
	for (unsigned i = 0; i < depth; i++)
		buf_add(b, S("    "));
	buf_printf(b, "%s `" STR_FMT "`", taken ? ":arrow_right:" : "·", STR_ARG(mrkdwn_escape(x->arena, own_matchers(t))));
	if (taken) {
		buf_printf(b, " *" STR_FMT "*", STR_ARG(t->receiver->name));
		put_grouping(b, t);
	}
	if (t->line)
		buf_printf(b, "  (line %u: " STR_FMT ")", t->line, STR_ARG(mrkdwn_escape(x->arena, why_of(x, t, asked, misfit))));
}

static bool explain_lines(struct explainer *x, struct buf *b, const struct route *t, unsigned depth, enum asked asked)
{
	const struct matcher *misfit = asked == ASKED ? first_misfit(&t->matchers, x->labels) : NULL;
	bool matched = asked == ASKED && !misfit;
	enum asked below = ASKED;

	explain_line(x, b, t, depth, asked, misfit);
	for (const struct route *c = matched ? t->child : NULL; c; c = c->next)
		if (explain_lines(x, b, c, depth + 1, below) && !c->goes_on)
			below = NOT_AFTER;
	return matched;
}

struct str routing_explain_text(const struct routing *r, struct arena *a, const struct labels *labels)
{
	struct explainer x = {.arena = a, .labels = labels};
	const struct service *s = routing_service(r, labels);
	struct buf b;

	buf_init(&b, 60 * KIB);
	x.taken_count = routing_match(r, a, labels, &x.taken);
	explain_lines(&x, &b, r->root, 0, ASKED);
	if (s)
		buf_printf(&b, "\nservice *" STR_FMT "*%s" STR_FMT, STR_ARG(s->name), s->team.n ? " of " : "", STR_ARG(s->team));
	return buf_keep(a, &b);
}
