/* Reading the alerting file. */
#include "ops/routing.h"

#include "base/file.h"
#include "base/jq_apart.h"
#include "base/yaml.h"

#include <stdlib.h>

#define STORM_GROUPS 10
#define FLAP_CHANGES 4
#define SPAN_MAX (100 * 365 * DAY) /* Alertmanager's end at 292 years */

struct reader {
	struct routing *r;
	const char *file;
	struct err *err;
};

static bool wrong(struct reader *rd, const struct json *at, const char *fmt, struct str what)
{
	what = str_clip(what, 150);
	err_set(rd->err, ERR_INVALID, fmt, STR_ARG(what));
	err_prefix(rd->err, "%s: line %u: ", rd->file, at->line);
	return false;
}

static bool failed_at(struct reader *rd, const struct json *at)
{
	err_prefix(rd->err, "%s: line %u: ", rd->file, at->line);
	return false;
}

/* keys: with a space before and behind each. */
static bool known_keys(struct reader *rd, const struct json *item, const char *keys)
{
	if (item->type != JSON_OBJECT)
		return wrong(rd, item, "a mapping is wanted here, such as {name: x}" STR_FMT, S(""));
	for (const struct json *v = item->child; v; v = v->next) {
		struct str padded = arena_printf(&rd->r->arena, " " STR_FMT " ", STR_ARG(v->key));

		if (memchr(v->key.p, ' ', v->key.n) || !str_find(str_of(keys), padded, NULL))
			return wrong(rd, v, "unknown key `" STR_FMT "`", v->key);
	}
	return true;
}

/* A text; a number or word of YAML counts as its text. "" if it is not there. */
static bool read_text(struct reader *rd, const struct json *item, const char *key, size_t most, struct str *out)
{
	const struct json *v = json_get(item, key);

	*out = S("");
	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type >= JSON_ARRAY)
		return wrong(rd, v, "`" STR_FMT "` is a text", str_of(key));
	if (v->text.n > most)
		return wrong(rd, v, "`" STR_FMT "` is too long", str_of(key));
	*out = v->text;
	return true;
}

static bool read_name(struct reader *rd, const struct json *item, const char *of_what, struct str *out)
{
	return read_text(rd, item, "name", 190, out) && (out->n || wrong(rd, item, "missing name in " STR_FMT, str_of(of_what)));
}

static bool read_channel(struct reader *rd, const struct json *item, struct str *out)
{
	if (!read_text(rd, item, "channel", 80, out))
		return false;
	while (out->n && out->p[0] == '#')
		*out = str_n(out->p + 1, out->n - 1);
	return true;
}

static bool read_span(struct reader *rd, const struct json *item, const char *key, span_ms *out)
{
	const struct json *v = json_get(item, key);

	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type == JSON_INT && v->i == 0) { /* the one number that needs no unit */
		*out = 0;
		return true;
	}
	return (v->type < JSON_ARRAY && span_parse(v->text, out) && *out <= SPAN_MAX) || wrong(rd, v, "not a valid duration string: \"" STR_FMT "\"", v->text);
}

/* YAML 1.1's words, as Alertmanager's reader takes them; `continue: yes` that meant no would lose alerts. */
static bool read_bool(struct reader *rd, const struct json *item, const char *key, bool *out)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"};
	const struct json *v = json_get(item, key);

	*out = false;
	if (!v || v->type == JSON_NULL)
		return true;
	for (size_t i = 0; i < COUNT_OF(yes) && v->type < JSON_ARRAY; i++) {
		*out = str_is(v->text, yes[i]);
		if (*out || str_is(v->text, no[i]))
			return true;
	}
	return wrong(rd, v, "cannot unmarshal `" STR_FMT "` into bool", v->type < JSON_ARRAY ? v->text : S("..."));
}

static bool read_number(struct reader *rd, const struct json *item, const char *key, unsigned *out)
{
	const struct json *v = json_get(item, key);

	if (!v)
		return true;
	if (v->type != JSON_INT || v->i < 0 || v->i > 100000)
		return wrong(rd, v, "`" STR_FMT "` is a whole number up to 100000", str_of(key));
	*out = (unsigned)v->i;
	return true;
}

/* The list under a key; an absent one is empty. */
static bool list_of(struct reader *rd, const struct json *item, const char *key, const struct json **first, size_t *count)
{
	const struct json *v = json_get(item, key);

	*first = NULL;
	*count = 0;
	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type != JSON_ARRAY)
		return wrong(rd, v, "`" STR_FMT "` is a list", str_of(key));
	*first = v->child;
	*count = v->count;
	return true;
}

static bool read_texts(struct reader *rd, const struct json *item, const char *key, struct str **out, size_t *count)
{
	const struct json *v;
	size_t i = 0;

	if (!list_of(rd, item, key, &v, count))
		return false;
	*out = arena_alloc(&rd->r->arena, (*count + 1) * sizeof **out);
	for (; v; v = v->next) {
		if (v->type >= JSON_ARRAY)
			return wrong(rd, v, "`" STR_FMT "` is a list of texts", str_of(key));
		(*out)[i++] = v->text;
	}
	return true;
}

static bool read_labels(struct reader *rd, const struct json *item, const char *key, const char *why, struct str **out, size_t *count)
{
	if (!read_texts(rd, item, key, out, count))
		return false;
	if (*count > LABELS_MAX)
		return wrong(rd, json_get(item, key), "too many labels in `" STR_FMT "`", str_of(key));
	for (size_t i = 0; i < *count; i++)
		if (!label_name_ok((*out)[i]) && !(str_is((*out)[i], "...") && str_is(str_of(key), "group_by")))
			return wrong(rd, json_get(item, key), why, (*out)[i]);
	return true;
}

/* ---- matchers, in all the ways that Alertmanager takes ---- */

static bool add_matcher_list(struct reader *rd, const struct json *item, const char *key, struct matchers *m)
{
	const struct json *v = json_get(item, key);

	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type < JSON_ARRAY)
		return matchers_parse(&rd->r->arena, m, v->text, rd->err) || failed_at(rd, v);
	if (v->type != JSON_ARRAY)
		return wrong(rd, v, "`" STR_FMT "` is a list such as ['severity=\"critical\"', 'team=~\"db|web\"']", str_of(key));
	for (const struct json *one = v->child; one; one = one->next) {
		if (one->type >= JSON_ARRAY)
			return wrong(rd, one, "a matcher is a text such as 'severity=\"critical\"'" STR_FMT, S(""));
		if (!matchers_parse(&rd->r->arena, m, one->text, rd->err))
			return failed_at(rd, one);
	}
	return true;
}

/* The old forms `match: {a: b}` and `match_re`. */
static bool add_matcher_map(struct reader *rd, const struct json *item, const char *key, const char *op, struct matchers *m)
{
	const struct json *v = json_get(item, key);

	if (v && v->type != JSON_OBJECT && v->type != JSON_NULL)
		return wrong(rd, v, "`" STR_FMT "` is a mapping of labels to values", str_of(key));
	for (const struct json *one = v ? v->child : NULL; one; one = one->next) {
		struct label l = {one->key, one->type < JSON_ARRAY && one->type != JSON_NULL ? one->text : S("")};
		struct str pair = labels_text(&rd->r->arena, &(struct labels){&l, 1}); /* {name="value"} */
		struct str value = str_n(pair.p + l.name.n + 2, pair.n - l.name.n - 3);

		if (!label_name_ok(l.name))
			return wrong(rd, one, "invalid label name \"" STR_FMT "\"", l.name);
		if (!matchers_add(&rd->r->arena, m, arena_printf(&rd->r->arena, STR_FMT "%s" STR_FMT, STR_ARG(l.name), op, STR_ARG(value)), rd->err))
			return failed_at(rd, one);
	}
	return true;
}

static int by_matcher(const void *a, const void *b)
{
	const struct matcher *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	if (!order)
		order = str_cmp(x->value, y->value);
	return order ? order : (int)x->op - (int)y->op;
}

static bool read_matchers(struct reader *rd, const struct json *item, const char *list, const char *map, const char *map_re, struct matchers *m)
{
	if (!add_matcher_list(rd, item, list, m) || (map && !add_matcher_map(rd, item, map, "=", m)) || (map_re && !add_matcher_map(rd, item, map_re, "=~", m)))
		return false;
	if (m->count)
		qsort(m->items, m->count, sizeof *m->items, by_matcher);
	return true;
}

/* ---- receivers, intervals, services ---- */

static struct receiver *find_receiver(const struct routing *r, struct str name)
{
	struct receiver *x = r->receivers;

	while (x && !str_eq(x->name, name))
		x = x->next;
	return x;
}

static void add_receiver(struct routing *r, struct str name, struct str channel)
{
	struct receiver **at = &r->receivers, *made = arena_zero(&r->arena, sizeof *made);

	*made = (struct receiver){.name = name, .channel = channel};
	while (*at)
		at = &(*at)->next;
	*at = made;
}

static bool read_receivers(struct reader *rd, const struct json *tree)
{
	const struct json *v;
	size_t count;

	if (!list_of(rd, tree, "receivers", &v, &count))
		return false;
	for (; v; v = v->next) {
		struct str name, channel;

		if (!known_keys(rd, v, " name channel ") || !read_name(rd, v, "receiver", &name) || !read_channel(rd, v, &channel))
			return false;
		if (str_is(name, "source") || str_is(name, "service"))
			return wrong(rd, v, "the receiver `" STR_FMT "` is always there; choose another name", name);
		if (find_receiver(rd->r, name))
			return wrong(rd, v, "notification config name \"" STR_FMT "\" is not unique", name);
		if (!channel.n)
			return wrong(rd, v, "the receiver `" STR_FMT "` has no `channel`", name);
		add_receiver(rd->r, name, channel);
	}
	add_receiver(rd->r, S("source"), S(""));
	add_receiver(rd->r, S("service"), S(""));
	return true;
}

static struct time_interval *find_interval(const struct routing *r, struct str name)
{
	struct time_interval *t = r->intervals;

	while (t && !str_eq(t->name, name))
		t = t->next;
	return t;
}

static bool read_intervals(struct reader *rd, const struct json *tree, const char *key)
{
	const struct json *v;
	size_t count;

	if (!list_of(rd, tree, key, &v, &count))
		return false;
	for (; v; v = v->next) {
		struct time_interval *t = arena_zero(&rd->r->arena, sizeof *t);

		if (!known_keys(rd, v, " name time_intervals ") || !read_name(rd, v, "time interval", &t->name))
			return false;
		if (find_interval(rd->r, t->name))
			return wrong(rd, v, "time interval \"" STR_FMT "\" is not unique", t->name);
		if (!json_get(v, "time_intervals"))
			return wrong(rd, v, "the time interval `" STR_FMT "` has no `time_intervals`", t->name);
		t->interval = interval_new(json_get(v, "time_intervals"), rd->err);
		if (!t->interval) {
			err_prefix(rd->err, "%s: ", rd->file);
			return false;
		}
		t->next = rd->r->intervals;
		rd->r->intervals = t;
	}
	return true;
}

static bool read_links(struct reader *rd, const struct json *item, struct service *s)
{
	const struct json *v;

	if (!list_of(rd, item, "links", &v, &s->link_count))
		return false;
	if (s->link_count > 10)
		return wrong(rd, v, "more than 10 links" STR_FMT, S(""));
	s->links = arena_zero(&rd->r->arena, (s->link_count + 1) * sizeof *s->links);
	for (size_t i = 0; v; v = v->next, i++) {
		if (!known_keys(rd, v, " title url ") || !read_text(rd, v, "title", 60, &s->links[i].title) || !read_text(rd, v, "url", 2000, &s->links[i].url))
			return false;
		if (!s->links[i].title.n || !str_starts(s->links[i].url, S("http")))
			return wrong(rd, v, "a link has `title` and `url`" STR_FMT, S(""));
	}
	return true;
}

static bool read_services(struct reader *rd, const struct json *tree)
{
	struct service **at = &rd->r->services;
	const struct json *v;

	if (!list_of(rd, tree, "services", &v, &rd->r->service_count))
		return false;
	if (rd->r->service_count > SERVICES_MAX)
		return wrong(rd, v, "too many services" STR_FMT, S(""));
	for (; v; v = v->next) {
		struct service *s = arena_zero(&rd->r->arena, sizeof *s);

		*at = s; /* from here on routing_free() finds it */
		at = &s->next;
		if (!known_keys(rd, v, " name matchers team channel runbook policy links ") || !read_name(rd, v, "service", &s->name) ||
		    !read_matchers(rd, v, "matchers", NULL, NULL, &s->matchers) || !read_text(rd, v, "team", 80, &s->team) || !read_channel(rd, v, &s->channel) ||
		    !read_text(rd, v, "runbook", 2000, &s->runbook) || !read_text(rd, v, "policy", 80, &s->policy) || !read_links(rd, v, s))
			return false;
		if (!s->matchers.count)
			return wrong(rd, v, "the service `" STR_FMT "` has no `matchers`: it would be everybody's", s->name);
		for (const struct service *o = rd->r->services; o != s; o = o->next)
			if (str_eq(o->name, s->name))
				return wrong(rd, v, "the service `" STR_FMT "` is there twice", s->name);
	}
	return true;
}

static bool read_templates(struct reader *rd, const struct json *tree)
{
	struct message_template **at = &rd->r->templates;
	const struct json *v;
	size_t count;

	if (!list_of(rd, tree, "templates", &v, &count))
		return false;
	if (count > TEMPLATES_MAX)
		return wrong(rd, v, "too many templates" STR_FMT, S(""));
	for (; v; v = v->next) {
		struct message_template *t = arena_zero(&rd->r->arena, sizeof *t);
		const struct json *program = json_get(v, "program");

		*at = t; /* from here on routing_free() finds it */
		at = &t->next;
		t->line = v->line;
		if (!known_keys(rd, v, " matchers program ") || !read_matchers(rd, v, "matchers", NULL, NULL, &t->matchers))
			return false;
		if (!json_is(program, JSON_STR))
			return wrong(rd, v, "a template has `program`, a text in jq" STR_FMT, S(""));
		t->text = program->text;
		t->program = jq_program_new(S(""), t->text, rd->err);
		if (!t->program)
			return failed_at(rd, program);
	}
	return true;
}

/* ---- inhibition ---- */

static bool read_inhibition(struct reader *rd, const struct json *tree)
{
	static const char keys[] = " source_matchers source_match source_match_re target_matchers target_match target_match_re equal ";
	const struct json *v;
	size_t count;

	if (!list_of(rd, tree, "inhibit_rules", &v, &count))
		return false;
	if (count > INHIBIT_RULES_MAX)
		return wrong(rd, v, "too many inhibit_rules" STR_FMT, S(""));
	rd->r->inhibit_rules = arena_zero(&rd->r->arena, (count + 1) * sizeof *rd->r->inhibit_rules);
	for (; v; v = v->next) {
		struct inhibit_rule *rule = &rd->r->inhibit_rules[rd->r->inhibit_count++];

		if (!known_keys(rd, v, keys) || !read_matchers(rd, v, "source_matchers", "source_match", "source_match_re", &rule->source) ||
		    !read_matchers(rd, v, "target_matchers", "target_match", "target_match_re", &rule->target) ||
		    !read_labels(rd, v, "equal", "\"" STR_FMT "\" is not a valid label name", &rule->equal, &rule->equal_count))
			return false;
	}
	return true;
}

/* ---- the tree ---- */

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool read_group_by(struct reader *rd, const struct json *item, struct route *t)
{
	const struct json *v = json_get(item, "group_by");

	if (!v || v->type == JSON_NULL)
		return true;
	t->by_source = t->by_all = false;
	if (!read_labels(rd, item, "group_by", "invalid label name \"" STR_FMT "\" in group_by list", &t->group_by, &t->group_by_count))
		return false;
	if (t->group_by_count)
		qsort(t->group_by, t->group_by_count, sizeof *t->group_by, by_text);
	for (size_t i = 0; i < t->group_by_count; i++) {
		if (str_is(t->group_by[i], "..."))
			t->by_all = true;
		if (i && str_eq(t->group_by[i], t->group_by[i - 1]))
			return wrong(rd, v, "duplicated label \"" STR_FMT "\" in group_by", t->group_by[i]);
	}
	if (t->by_all && t->group_by_count > 1)
		return wrong(rd, v, "cannot have wildcard group_by (`...`) and other labels at the same time" STR_FMT, S(""));
	return true;
}

static bool read_interval_names(struct reader *rd, const struct json *item, const char *key, const struct time_interval ***out, size_t *count)
{
	struct str *names;

	if (!read_texts(rd, item, key, &names, count))
		return false;
	*out = arena_zero(&rd->r->arena, (*count + 1) * sizeof **out);
	for (size_t i = 0; i < *count; i++)
		if (!((*out)[i] = find_interval(rd->r, names[i])))
			return wrong(rd, json_get(item, key), "undefined time interval \"" STR_FMT "\" used in route", names[i]);
	return true;
}

static bool make_key(struct reader *rd, const struct json *item, struct route *t)
{
	struct routing *r = rd->r;
	bool fits;
	struct buf b;

	buf_init(&b, 8 * KIB);
	if (t->parent)
		buf_printf(&b, STR_FMT "/", STR_ARG(t->parent->key));
	buf_char(&b, '{');
	for (size_t i = 0; i < t->matchers.count; i++)
		buf_printf(&b, "%s" STR_FMT, i ? "," : "", STR_ARG(matcher_text(&r->arena, &t->matchers.items[i])));
	fits = buf_char(&b, '}');
	t->key = buf_keep(&r->arena, &b);
	return fits || wrong(rd, item, "the matchers of this route and of those above it are longer than 8 KiB" STR_FMT, S(""));
}

static bool read_timers(struct reader *rd, const struct json *item, struct route *t)
{
	if (!read_span(rd, item, "group_wait", &t->group_wait) || !read_span(rd, item, "group_interval", &t->group_interval) ||
	    !read_span(rd, item, "repeat_interval", &t->repeat_interval))
		return false;
	if (!t->group_interval)
		return wrong(rd, item, "group_interval cannot be zero" STR_FMT, S(""));
	if (!t->repeat_interval)
		return wrong(rd, item, "repeat_interval cannot be zero" STR_FMT, S(""));
	return t->repeat_interval >= SECOND || wrong(rd, item, "a repeat_interval of less than a second says nothing but noise" STR_FMT, S(""));
}

static bool read_receiver_of(struct reader *rd, const struct json *item, struct route *t)
{
	struct str name;

	if (!read_text(rd, item, "receiver", 190, &name))
		return false;
	if (!name.n)
		return t->receiver || wrong(rd, item, "root route must specify a default receiver" STR_FMT, S(""));
	t->receiver = find_receiver(rd->r, name);
	return t->receiver || wrong(rd, json_get(item, "receiver"), "undefined receiver \"" STR_FMT "\" used in route", name);
}

/* What only other routes than the root may have. */
static bool root_is_plain(struct reader *rd, const struct json *item)
{
	static const struct {
		const char *key, *why;
	} not_at_root[] = {
		{"matchers", "root route must not have any matchers"},
		{"match", "root route must not have any matchers"},
		{"match_re", "root route must not have any matchers"},
		{"mute_time_intervals", "root route must not have any mute time intervals"},
		{"active_time_intervals", "root route must not have any active time intervals"},
	};
	bool goes_on;

	for (size_t i = 0; i < COUNT_OF(not_at_root); i++) {
		const struct json *v = json_get(item, not_at_root[i].key);

		if (v && (v->count || v->type == JSON_STR))
			return wrong(rd, v, STR_FMT, str_of(not_at_root[i].why));
	}
	if (!read_bool(rd, item, "continue", &goes_on))
		return false;
	return !goes_on || wrong(rd, json_get(item, "continue"), "cannot have continue in root route" STR_FMT, S(""));
}

static bool read_route(struct reader *rd, const struct json *item, struct route *t);

static bool read_children(struct reader *rd, const struct json *item, struct route *parent)
{
	struct route **at = &parent->child;
	const struct json *v;
	size_t count;

	if (!list_of(rd, item, "routes", &v, &count))
		return false;
	for (; v; v = v->next) {
		struct route *t = arena_zero(&rd->r->arena, sizeof *t);

		if (++rd->r->route_count > ROUTES_MAX)
			return wrong(rd, v, "too many routes" STR_FMT, S(""));
		t->parent = parent;
		t->receiver = parent->receiver;
		t->by_source = parent->by_source;
		t->by_all = parent->by_all;
		t->group_by = parent->group_by;
		t->group_by_count = parent->group_by_count;
		t->group_wait = parent->group_wait;
		t->group_interval = parent->group_interval;
		t->repeat_interval = parent->repeat_interval;
		*at = t;
		at = &t->next;
		if (!read_route(rd, v, t))
			return false;
	}
	return true;
}

static bool read_route(struct reader *rd, const struct json *item, struct route *t)
{
	static const char keys[] = " receiver group_by group_wait group_interval repeat_interval matchers match match_re continue mute_time_intervals "
				   "active_time_intervals routes ";

	if (!known_keys(rd, item, keys) || (!t->parent && !root_is_plain(rd, item)))
		return false;
	t->line = item->line;
	if (!read_bool(rd, item, "continue", &t->goes_on) || !read_receiver_of(rd, item, t) || !read_group_by(rd, item, t) || !read_timers(rd, item, t) ||
	    !read_matchers(rd, item, "matchers", "match", "match_re", &t->matchers) ||
	    !read_interval_names(rd, item, "mute_time_intervals", &t->mute, &t->mute_count) ||
	    !read_interval_names(rd, item, "active_time_intervals", &t->active, &t->active_count))
		return false;
	return make_key(rd, item, t) && read_children(rd, item, t);
}

static bool read_root(struct reader *rd, const struct json *tree)
{
	struct route *root = arena_zero(&rd->r->arena, sizeof *root);
	const struct json *item = json_get(tree, "route");
	static const struct json nothing = {.type = JSON_OBJECT};

	root->receiver = find_receiver(rd->r, S("source"));
	root->by_source = true;
	root->group_interval = 10 * SECOND;
	root->repeat_interval = 4 * HOUR;
	rd->r->root = root;
	rd->r->route_count = 1;
	return read_route(rd, item ? item : &nothing, root);
}

/* ---- the file ---- */

static bool read_limits(struct reader *rd, const struct json *tree)
{
	const struct json *storm = json_get(tree, "storm"), *flapping = json_get(tree, "flapping");
	struct routing *r = rd->r;

	r->storm_groups = STORM_GROUPS;
	r->storm_within = MINUTE;
	r->flap_changes = FLAP_CHANGES;
	r->flap_within = HOUR;
	if (storm && (!known_keys(rd, storm, " groups within ") || !read_number(rd, storm, "groups", &r->storm_groups) || !read_span(rd, storm, "within", &r->storm_within)))
		return false;
	if (flapping && (!known_keys(rd, flapping, " changes within ") || !read_number(rd, flapping, "changes", &r->flap_changes) ||
			 !read_span(rd, flapping, "within", &r->flap_within)))
		return false;
	return true;
}

static bool read_tree(struct reader *rd, const struct json *tree)
{
	return known_keys(rd, tree, " route receivers inhibit_rules time_intervals mute_time_intervals services templates storm flapping ") && read_receivers(rd, tree) &&
	       read_intervals(rd, tree, "time_intervals") && read_intervals(rd, tree, "mute_time_intervals") && read_services(rd, tree) && read_templates(rd, tree) &&
	       read_inhibition(rd, tree) && read_limits(rd, tree) && read_root(rd, tree);
}

static struct routing *routing_new(const char *file)
{
	struct routing *r = mem_new(sizeof *r);

	arena_init(&r->arena);
	r->file = arena_dup(&r->arena, str_of(file));
	return r;
}

static struct routing *read_or_free(struct routing *r, const struct json *tree, struct err *err)
{
	struct reader rd = {.r = r, .file = r->file.p, .err = err};

	if (tree && read_tree(&rd, tree))
		return r;
	routing_free(r);
	return NULL;
}

struct routing *routing_parse(struct str yaml, const char *file, struct err *err)
{
	struct routing *r = routing_new(file);

	r->text = arena_dup(&r->arena, yaml);
	return read_or_free(r, yaml_parse(&r->arena, r->text, r->file.p, err), err);
}

struct routing *routing_of_tree(const struct json *tree, const char *file, struct err *err)
{
	return read_or_free(routing_new(file), tree, err);
}

struct routing *routing_read(struct str path, struct err *err)
{
	struct routing *r = NULL;
	struct arena a;
	struct str text;

	if (!path.n)
		return routing_parse(S(""), "", err);
	arena_init(&a);
	if (file_read(&a, arena_dup(&a, path).p, &text, err))
		r = routing_parse(text, arena_dup(&a, path).p, err);
	arena_done(&a);
	return r;
}

static void route_done(struct route *t)
{
	matchers_done(&t->matchers);
	for (struct route *c = t->child; c; c = c->next)
		route_done(c);
}

void routing_set_apart(struct routing *r)
{
	for (struct message_template *t = r->templates; t; t = t->next) {
		t->apart = jq_apart_new(S(""), t->text);
		jq_program_free(t->program);
		t->program = NULL;
	}
}

bool template_run(struct message_template *t, struct arena *a, const struct json *input, struct json **out, struct err *err)
{
	return t->apart ? jq_apart_run(t->apart, a, input, 1, out, err) : jq_run(t->program, a, input, 1, out, err);
}

void routing_free(struct routing *r)
{
	if (!r)
		return;
	if (r->root)
		route_done(r->root);
	for (struct time_interval *t = r->intervals; t; t = t->next)
		interval_free(t->interval);
	for (struct service *s = r->services; s; s = s->next)
		matchers_done(&s->matchers);
	for (struct message_template *t = r->templates; t; t = t->next) {
		matchers_done(&t->matchers);
		jq_program_free(t->program);
		jq_apart_free(t->apart);
	}
	for (size_t i = 0; i < r->inhibit_count; i++) {
		matchers_done(&r->inhibit_rules[i].source);
		matchers_done(&r->inhibit_rules[i].target);
	}
	arena_done(&r->arena);
	mem_free(r);
}
