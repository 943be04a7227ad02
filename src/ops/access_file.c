/* Reading the access file. */
#include "base/crypt.h"
#include "ops/access_parts.h"
#include "ops/grammar.h"

#define TEXT_MAX (1 * MIB)
#define ENTRIES_MAX 10000 /* of a list or a mapping */
#define NAMES_MAX 1000
#define READY_ROLES ((size_t)ROLE_ADMIN)

struct reader {
	struct access *a;
	struct str file;
	size_t text_bytes; /* of rules */
	struct err *err;
};

static bool wrong(struct reader *rd, const struct json *at, const char *fmt, struct str what)
{
	what = str_clip(what, 150);
	err_set(rd->err, ERR_INVALID, fmt, STR_ARG(what));
	err_prefix(rd->err, STR_FMT ": line %u: ", STR_ARG(rd->file), at->line);
	return false;
}

static bool failed_at(struct reader *rd, const struct json *at)
{
	err_prefix(rd->err, STR_FMT ": line %u: ", STR_ARG(rd->file), at->line);
	return false;
}

static struct str from_line(struct reader *rd, uint32_t line)
{
	return arena_printf(&rd->a->arena, STR_FMT ":%u", STR_ARG(rd->file), line);
}

/* ---- entries ---- */

/* The members of the mapping under a key; an absent one has none. */
static bool mapping_of(struct reader *rd, const struct json *item, const char *key, size_t most, const struct json **first, size_t *count)
{
	const struct json *v = json_get(item, key);

	*first = NULL;
	*count = 0;
	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type != JSON_OBJECT)
		return wrong(rd, v, "`" STR_FMT "` is a mapping: a name, and what it has", str_of(key));
	if (v->count > most)
		return wrong(rd, v, "too many entries in `" STR_FMT "`", str_of(key));
	*first = v->child;
	*count = v->count;
	return true;
}

static bool known_keys(struct reader *rd, const struct json *item, const char *const *keys, size_t count)
{
	struct str all = S("");

	if (item->type == JSON_NULL)
		return true;
	if (item->type != JSON_OBJECT)
		return wrong(rd, item, "a mapping is wanted here, such as {perms: [deploy.run]}" STR_FMT, S(""));
	for (size_t i = 0; i < count; i++)
		all = arena_printf(&rd->a->arena, STR_FMT "%s%s", STR_ARG(all), i ? ", " : "", keys[i]);
	for (const struct json *v = item->child; v; v = v->next) {
		size_t i = 0;

		while (i < count && !str_is(v->key, keys[i]))
			i++;
		if (i == count)
			return wrong(rd, v, STR_FMT, arena_printf(&rd->a->arena, "unknown key `" STR_FMT "`; known are " STR_FMT, STR_ARG(str_clip(v->key, 40)), STR_ARG(all)));
	}
	return true;
}
#define KNOWN_KEYS(rd, item, ...) known_keys(rd, item, (const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__})))

/* A name of people's choosing, kept. mark: '@' or '#' that may stand before it. */
static bool read_name(struct reader *rd, const struct json *at, struct str s, char mark, struct str *out)
{
	if (mark && s.n && s.p[0] == mark)
		s = str_n(s.p + 1, s.n - 1);
	if (!s.n)
		return wrong(rd, at, "an empty name" STR_FMT, S(""));
	if (s.n > ACCESS_NAME_MAX)
		return wrong(rd, at, "`" STR_FMT "` is longer than 80 bytes", s);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == '"')
			return wrong(rd, at, "a name with a quote or a control character" STR_FMT, S(""));
	*out = arena_dup(&rd->a->arena, s);
	return true;
}

/* A list of names, or one name. */
static bool read_names(struct reader *rd, const struct json *v, const char *what, char mark, struct str **out, size_t *count)
{
	size_t i = 0;

	*out = NULL;
	*count = 0;
	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type == JSON_OBJECT || (v->type == JSON_ARRAY && v->count > ENTRIES_MAX))
		return wrong(rd, v, "`" STR_FMT "` is a list of names", str_of(what));
	*count = v->type == JSON_ARRAY ? v->count : 1;
	*out = arena_zero(&rd->a->arena, (*count + 1) * sizeof **out);
	if (v->type != JSON_ARRAY)
		return read_name(rd, v, v->text, mark, *out);
	for (const struct json *m = v->child; m; m = m->next)
		if (m->type >= JSON_ARRAY || m->type == JSON_NULL)
			return wrong(rd, m, "`" STR_FMT "` is a list of names; one with `#` stands in quotes", str_of(what));
		else if (!read_name(rd, m, m->text, mark, &(*out)[i++]))
			return false;
	return true;
}

static bool read_targets(struct reader *rd, const struct json *item, const char *key, struct target **out, size_t *count)
{
	const struct json *at = json_get(item, key);
	struct str *texts;

	if (!read_names(rd, at, key, 0, &texts, count))
		return false;
	*out = arena_zero(&rd->a->arena, (*count + 1) * sizeof **out);
	for (size_t i = 0; i < *count; i++)
		if (!target_parse(rd->a, texts[i], &(*out)[i], rd->err))
			return failed_at(rd, at);
	return true;
}

/* ---- roles ---- */

static void role_set_add(struct role_set *to, const struct role_set *from)
{
	for (size_t i = 0; i < COUNT_OF(to->bits); i++)
		to->bits[i] |= from->bits[i];
}

static void role_set_put(struct role_set *s, size_t role)
{
	s->bits[role / 64] |= 1ull << role % 64;
}

size_t role_find(const struct access *a, struct str name)
{
	for (size_t i = 0; i < a->role_count; i++)
		if (str_eq(a->roles[i].name, name))
			return i;
	return ROLE_UNKNOWN;
}

static bool need_role(struct reader *rd, const struct json *at, struct str name, size_t *out)
{
	struct str names[ROLES_MAX], near;

	*out = role_find(rd->a, name);
	if (*out != ROLE_UNKNOWN)
		return true;
	for (size_t i = 0; i < rd->a->role_count; i++)
		names[i] = rd->a->roles[i].name;
	near = nearest_word(name, names, rd->a->role_count);
	if (near.n)
		return wrong(rd, at, STR_FMT, arena_printf(&rd->a->arena, "there is no role `" STR_FMT "`; did you mean `" STR_FMT "`?",
							 STR_ARG(str_clip(name, 40)), STR_ARG(near)));
	return wrong(rd, at, "there is no role `" STR_FMT "`", name);
}

/* viewer < responder < operator < admin: each has the one before. */
static void add_ready_roles(struct access *a)
{
	a->roles = arena_zero(&a->arena, ROLES_MAX * sizeof *a->roles);
	for (size_t i = 0; i < READY_ROLES; i++) {
		a->roles[i].name = str_of(role_name((enum role)(i + 1)));
		if (i)
			role_set_put(&a->roles[i].has, i - 1);
	}
	a->roles[READY_ROLES - 1].perms = arena_zero(&a->arena, sizeof(struct str));
	a->roles[READY_ROLES - 1].perms[0] = S("*");
	a->roles[READY_ROLES - 1].perm_count = 1;
	a->role_count = READY_ROLES;
}

static bool read_role(struct reader *rd, const struct json *item, struct role_def *r)
{
	struct str *perms, *includes, *all;
	size_t count, role;

	if (!KNOWN_KEYS(rd, item, "perms", "includes") || !read_names(rd, json_get(item, "perms"), "perms", 0, &perms, &count))
		return false;
	all = arena_zero(&rd->a->arena, (r->perm_count + count + 1) * sizeof *all);
	if (r->perm_count)
		memcpy(all, r->perms, r->perm_count * sizeof *all);
	if (count)
		memcpy(all + r->perm_count, perms, count * sizeof *all);
	r->perms = all;
	r->perm_count += count;
	if (!read_names(rd, json_get(item, "includes"), "includes", 0, &includes, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!need_role(rd, json_get(item, "includes"), includes[i], &role))
			return false;
		role_set_put(&r->has, role);
	}
	return true;
}

/* What the included include. Warshall's way; a role that comes back to itself is a mistake. */
static bool close_roles(struct reader *rd, const struct json *at)
{
	struct access *a = rd->a;

	for (size_t k = 0; k < a->role_count; k++)
		for (size_t i = 0; i < a->role_count; i++)
			if (role_set_has(&a->roles[i].has, k))
				role_set_add(&a->roles[i].has, &a->roles[k].has);
	for (size_t i = 0; i < a->role_count; i++) {
		if (role_set_has(&a->roles[i].has, i))
			return wrong(rd, at, "the role `" STR_FMT "` includes itself, by way of others", a->roles[i].name);
		role_set_put(&a->roles[i].has, i);
	}
	return true;
}

static bool read_roles(struct reader *rd, const struct json *tree)
{
	const struct json *first, nowhere = {0};
	struct access *a = rd->a;
	size_t count;

	add_ready_roles(a);
	if (!mapping_of(rd, tree, "roles", ROLES_MAX - READY_ROLES, &first, &count))
		return false;
	for (const struct json *v = first; v; v = v->next) {
		struct str name;

		if (!read_name(rd, v, v->key, 0, &name))
			return false;
		if (str_starts(name, INCIDENT_ROLE))
			return wrong(rd, v, "`" STR_FMT "`: roles of incidents are given in the incident; choose another name", name);
		if (role_find(a, name) == ROLE_UNKNOWN)
			a->roles[a->role_count++].name = name;
	}
	for (const struct json *v = first; v; v = v->next)
		if (!read_role(rd, v, &a->roles[role_find(a, v->key)]))
			return false;
	return close_roles(rd, first ? first : &nowhere);
}

/* ---- people ---- */

struct member *member_find(const struct access *a, struct str name)
{
	struct member *m = map_get(&a->by_name, fnv_add(FNV_START, name));

	while (m && !str_eq(m->name, name))
		m = m->next;
	return m;
}

static struct member *need_member(struct access *a, struct str name)
{
	struct member *m = member_find(a, name);
	uint64_t hash = fnv_add(FNV_START, name);

	if (m)
		return m;
	m = arena_zero(&a->arena, sizeof *m);
	m->name = name;
	m->next = map_get(&a->by_name, hash);
	map_put(&a->by_name, hash, m);
	return m;
}

size_t group_find(const struct access *a, struct str name)
{
	for (size_t i = 0; i < a->group_count; i++)
		if (str_eq(a->groups[i].name, name))
			return i;
	return SIZE_MAX;
}

static bool read_groups(struct reader *rd, const struct json *tree)
{
	struct access *a = rd->a;
	const struct json *v;
	struct str *names;
	size_t count;

	if (!mapping_of(rd, tree, "groups", NAMES_MAX, &v, &count))
		return false;
	a->groups = arena_zero(&a->arena, (count + 1) * sizeof *a->groups);
	for (; v; v = v->next) {
		size_t group = a->group_count++;

		if (!read_name(rd, v, v->key, 0, &a->groups[group].name) || !read_names(rd, v, "a group", '@', &names, &count))
			return false;
		for (size_t i = 0; i < count; i++) {
			struct member *m = need_member(a, names[i]);

			if (!m->groups.count || ((size_t *)m->groups.items)[m->groups.count - 1] != group)
				*(size_t *)vec_push(&a->arena, &m->groups, sizeof group) = group;
		}
	}
	return true;
}

static bool read_on_call(struct reader *rd, const struct json *tree)
{
	struct access *a = rd->a;
	const struct json *v;
	struct str *names, team;
	size_t count;

	if (!mapping_of(rd, tree, "on_call", NAMES_MAX, &v, &count))
		return false;
	for (; v; v = v->next) {
		if (!read_name(rd, v, v->key, 0, &team) || !read_names(rd, v, "a team", '@', &names, &count))
			return false;
		for (size_t i = 0; i < count; i++)
			*(struct str *)vec_push(&a->arena, &need_member(a, names[i])->teams, sizeof team) = team;
	}
	return true;
}

/* to: ann, user:ann, group:release */
static bool read_grant_to(struct reader *rd, const struct json *item, struct vec **grants)
{
	const struct json *to = json_get(item, "to");
	struct str name;
	size_t group;

	if (!to || to->type >= JSON_ARRAY || to->type == JSON_NULL)
		return wrong(rd, item, "a grant has `to`: the name of a person, or group:NAME" STR_FMT, S(""));
	if (str_starts(to->text, S("group:"))) {
		group = group_find(rd->a, str_n(to->text.p + 6, to->text.n - 6));
		if (group == SIZE_MAX)
			return wrong(rd, to, "there is no group `" STR_FMT "`", str_n(to->text.p + 6, to->text.n - 6));
		*grants = &rd->a->groups[group].grants;
		return true;
	}
	name = str_starts(to->text, S("user:")) ? str_n(to->text.p + 5, to->text.n - 5) : to->text;
	if (memchr(name.p, ':', name.n))
		return wrong(rd, to, "`" STR_FMT "`: a grant is to a person or to group:NAME", to->text);
	if (!read_name(rd, to, name, '@', &name))
		return false;
	*grants = &need_member(rd->a, name)->grants;
	return true;
}

static bool read_grant(struct reader *rd, const struct json *item)
{
	const struct json *in = json_get(item, "in"), *until = json_get(item, "until");
	struct grant g = {.channel = S("")};
	struct vec *grants;
	struct str *roles;
	size_t count, role;

	if (!KNOWN_KEYS(rd, item, "to", "roles", "in", "until") || !read_grant_to(rd, item, &grants) ||
	    !read_names(rd, json_get(item, "roles"), "roles", 0, &roles, &count))
		return false;
	if (!count)
		return wrong(rd, item, "a grant has `roles`: a list of them" STR_FMT, S(""));
	for (size_t i = 0; i < count; i++) {
		if (!need_role(rd, json_get(item, "roles"), roles[i], &role))
			return false;
		role_set_add(&g.roles, &rd->a->roles[role].has);
	}
	/* `in:` without quotes is null, because what follows # is a comment: it must not become "everywhere". */
	if (in && (in->type >= JSON_ARRAY || in->type == JSON_NULL))
		return wrong(rd, in, "`in` is a channel in quotes: \"#payments\"" STR_FMT, S(""));
	if (in && !read_name(rd, in, in->text, '#', &g.channel))
		return false;
	if (until && (until->type >= JSON_ARRAY || !wall_parse(until->text, &g.until) || !g.until))
		return wrong(rd, until, "`until` is a time such as 2026-12-01T00:00:00Z" STR_FMT, S(""));
	*(struct grant *)vec_push(&rd->a->arena, grants, sizeof g) = g;
	return true;
}

static bool read_grants(struct reader *rd, const struct json *tree)
{
	const struct json *v = json_get(tree, "grants");

	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type != JSON_ARRAY || v->count > ENTRIES_MAX)
		return wrong(rd, v, "`grants` is a list of {to: ann, roles: [operator]}, 10,000 at most" STR_FMT, S(""));
	for (v = v->child; v; v = v->next)
		if (v->type != JSON_OBJECT ? !wrong(rd, v, "a grant is a mapping: {to: ann, roles: [operator]}" STR_FMT, S("")) : !read_grant(rd, v))
			return false;
	return true;
}

/* ---- limits of channels and commands ---- */

static bool read_channels(struct reader *rd, const struct json *tree)
{
	struct access *a = rd->a;
	const struct json *v;
	size_t count;

	if (!mapping_of(rd, tree, "channels", NAMES_MAX, &v, &count))
		return false;
	a->channels = arena_zero(&a->arena, (count + 1) * sizeof *a->channels);
	for (; v; v = v->next) {
		struct channel_rule *c = &a->channels[a->channel_count];
		const struct json *env = json_get(v, "env");

		if (!KNOWN_KEYS(rd, v, "env", "only") || !read_name(rd, v, v->key, '#', &c->name) || !read_targets(rd, v, "only", &c->only, &c->only_count))
			return false;
		for (size_t i = 0; i < a->channel_count; i++)
			if (str_eq(a->channels[i].name, c->name))
				return wrong(rd, v, "the channel `" STR_FMT "` is there twice", c->name);
		if (env && (env->type >= JSON_ARRAY || env->type == JSON_NULL))
			return wrong(rd, env, "`env` is a text" STR_FMT, S(""));
		if (env && !read_name(rd, env, env->text, 0, &c->env))
			return false;
		c->limited = json_get(v, "only") != NULL;
		if (json_is(json_get(v, "only"), JSON_NULL))
			return wrong(rd, v, "`only` is empty; [] lets no command be run in " STR_FMT, c->name);
		c->from = from_line(rd, v->line);
		a->channel_count++;
	}
	return true;
}

static bool read_commands(struct reader *rd, const struct json *tree)
{
	struct access *a = rd->a;
	const struct json *v;
	size_t count;

	if (!mapping_of(rd, tree, "commands", NAMES_MAX, &v, &count))
		return false;
	a->limits = arena_zero(&a->arena, (count + 1) * sizeof *a->limits);
	for (; v; v = v->next) {
		struct command_limit *l = &a->limits[a->limit_count++];

		if (!KNOWN_KEYS(rd, v, "channels") || !read_names(rd, json_get(v, "channels"), "channels", '#', &l->channels, &l->channel_count))
			return false;
		if (!json_get(v, "channels") || json_is(json_get(v, "channels"), JSON_NULL))
			return wrong(rd, v, "`" STR_FMT "` has no `channels`: the list of those where it may be run", v->key);
		if (!target_parse(a, v->key, &l->target, rd->err))
			return failed_at(rd, v);
		l->from = from_line(rd, v->line);
	}
	return true;
}

/* ---- rules ---- */

uint64_t target_key(struct str plugin, struct str path)
{
	return fnv_add(fnv_byte(fnv_add(FNV_START, plugin), 0), path);
}

/* Where a decision finds it: under its command, under its plugin if the path is a glob, else among those for any plugin. */
static void add_to_index(struct access *a, const struct rule *r, uint32_t index)
{
	struct vec *list = &a->anywhere;
	uint64_t key;

	if (!glob_is(r->target.path) ? !glob_is(r->target.plugin) || str_is(r->target.plugin, "*") : !glob_is(r->target.plugin)) {
		key = target_key(r->target.plugin, glob_is(r->target.path) ? S("*") : r->target.path);
		list = map_get(&a->by_target, key);
		if (!list) {
			list = arena_zero(&a->arena, sizeof *list);
			map_put(&a->by_target, key, list);
		}
	}
	*(uint32_t *)vec_push(&a->arena, list, sizeof index) = index;
}

static void add_rule(struct access *a, const struct rule *r)
{
	add_to_index(a, r, (uint32_t)a->rules.count);
	*(struct rule *)vec_push(&a->arena, &a->rules, sizeof *r) = *r;
}

static bool read_rule(struct reader *rd, const struct json *at, struct str text, uint32_t line)
{
	struct rule r;

	if (rd->a->rules.count == ACCESS_RULES_MAX)
		return wrong(rd, at, "more than 10,000 rules" STR_FMT, S(""));
	if (!rule_parse(rd->a, text, line, true, &r, rd->err)) {
		err_prefix(rd->err, STR_FMT ": ", STR_ARG(rd->file));
		return false;
	}
	r.from = from_line(rd, line);
	add_rule(rd->a, &r);
	return true;
}

static bool is_indented(struct str line)
{
	return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* Nothing, or a comment at the beginning of the line. */
static bool says_nothing(struct str line)
{
	struct str s = str_trim(line);

	return !s.n || s.p[0] == '#';
}

/* A rule begins at the beginning of a line; lines that are indented go on with it. */
static bool read_rules_of(struct reader *rd, const struct json *v)
{
	struct str rest = v->text, line, begin = S("");
	uint32_t number = v->line, began = 0;

	rd->text_bytes += rest.n;
	if (rd->text_bytes > TEXT_MAX)
		return wrong(rd, v, "more than 1 MiB of rules" STR_FMT, S(""));
	if (memchr(rest.p, '\n', rest.n))
		number++; /* of a block, `|` has the line before its text */
	for (; rest.n; number++) {
		struct str here = rest;

		rest = str_cut(rest, '\n', &line);
		if (says_nothing(line) || (began && is_indented(line)))
			continue;
		if (began && !read_rule(rd, v, str_n(begin.p, (size_t)(here.p - begin.p)), began))
			return false;
		begin = here;
		began = number;
	}
	return !began || read_rule(rd, v, str_n(begin.p, (size_t)(v->text.p + v->text.n - begin.p)), began);
}

static bool read_rules(struct reader *rd, const struct json *tree)
{
	const struct json *v = json_get(tree, "rules");

	if (!v || v->type == JSON_NULL)
		return true;
	if (v->type == JSON_STR)
		return read_rules_of(rd, v);
	if (v->type != JSON_ARRAY)
		return wrong(rd, v, "`rules` is a list of texts, or one text with a rule a line" STR_FMT, S(""));
	for (v = v->child; v; v = v->next)
		if (v->type != JSON_STR ? !wrong(rd, v, "a rule is a text; put it in quotes" STR_FMT, S("")) : !read_rules_of(rd, v))
			return false;
	return true;
}

static bool read_defaults(struct reader *rd, const struct access_default *defaults, size_t count)
{
	struct rule r;

	for (size_t i = 0; i < count; i++) {
		/* A command may speak of a group or role that this team has not; then nobody is in it. */
		if (!rule_parse(rd->a, defaults[i].text, 0, false, &r, rd->err)) {
			err_prefix(rd->err, STR_FMT ": ", STR_ARG(str_clip(defaults[i].from, 150)));
			return false;
		}
		r.from = arena_dup(&rd->a->arena, defaults[i].from);
		add_rule(rd->a, &r);
	}
	return true;
}

/* ---- the file ---- */

static bool read_tree(struct reader *rd, const struct json *tree)
{
	return (!tree || KNOWN_KEYS(rd, tree, "roles", "groups", "grants", "on_call", "channels", "commands", "rules")) && read_roles(rd, tree) && read_groups(rd, tree) &&
	       read_grants(rd, tree) && read_on_call(rd, tree) && read_channels(rd, tree) && read_commands(rd, tree) && read_rules(rd, tree);
}

struct access *access_new(const struct json *tree, const char *file, const struct access_default *defaults, size_t count, struct err *err)
{
	struct access *a = mem_new(sizeof *a);
	struct reader rd = {.a = a, .err = err};

	arena_init(&a->arena);
	rd.file = arena_dup(&a->arena, str_of(file));
	if (read_tree(&rd, tree) && read_defaults(&rd, defaults, count))
		return a;
	access_free(a);
	return NULL;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->regexes.count; i++)
		regex_free(((struct shared_regex *)a->regexes.items)[i].regex);
	for (size_t i = 0; i < a->zones.count; i++)
		zone_free(((struct shared_zone *)a->zones.items)[i].zone);
	map_done(&a->by_name);
	map_done(&a->by_target);
	arena_done(&a->arena);
	mem_free(a);
}
