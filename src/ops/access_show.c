/* The access file as it was understood, for people to look at. */
#include "ops/access_parts.h"

/* The roles of the set that no other of the set includes: those that the file names. */
static void put_roles(const struct access *a, struct json_out *o, const struct role_set *set)
{
	json_open(o, '[');
	for (size_t i = 0; i < a->role_count; i++) {
		bool top = role_set_has(set, i);

		for (size_t k = 0; top && k < a->role_count; k++)
			top = k == i || !role_set_has(set, k) || !role_set_has(&a->roles[k].has, i);
		if (top)
			json_put_str(o, a->roles[i].name);
	}
	json_close(o, ']');
}

static void put_targets(struct json_out *o, const struct target *t, size_t count)
{
	struct buf b;

	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		buf_init(&b, 1 * KIB);
		buf_printf(&b, STR_FMT ":" STR_FMT, STR_ARG(t[i].plugin), STR_ARG(t[i].path));
		json_put_str(o, buf_str(&b));
		buf_done(&b);
	}
	json_close(o, ']');
}

static void put_names(struct json_out *o, const struct str *names, size_t count)
{
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(o, names[i]);
	json_close(o, ']');
}

static void put_grants(const struct access *a, struct json_out *o, const char *kind, struct str to, const struct vec *grants)
{
	for (size_t i = 0; i < grants->count; i++) {
		const struct grant *g = &((const struct grant *)grants->items)[i];

		json_open(o, '{');
		json_add_str(o, kind, to);
		json_key(o, "roles");
		put_roles(a, o, &g->roles);
		if (g->channel.n)
			json_add_str(o, "channel", g->channel);
		if (g->until)
			json_add_wall(o, "until", g->until);
		json_close(o, '}');
	}
}

static void write_rules(const struct access *a, struct json_out *o)
{
	json_key(o, "rules");
	json_open(o, '[');
	for (size_t i = 0; i < a->rules.count; i++) {
		const struct rule *r = &((const struct rule *)a->rules.items)[i];

		json_open(o, '{');
		json_add_str(o, "rule", r->text);
		json_add_str(o, "from", r->from);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void write_roles(const struct access *a, struct json_out *o)
{
	json_key(o, "roles");
	json_open(o, '[');
	for (size_t i = 0; i < a->role_count; i++) {
		struct role_set others = a->roles[i].has;

		others.bits[i / 64] &= ~((uint64_t)1 << i % 64);
		json_open(o, '{');
		json_add_str(o, "name", a->roles[i].name);
		json_key(o, "perms");
		put_names(o, a->roles[i].perms, a->roles[i].perm_count);
		json_key(o, "includes");
		put_roles(a, o, &others);
		json_close(o, '}');
	}
	json_close(o, ']');
}

/* Groups with their members, grants, and who is on call by the file. The members come in no order. */
static void write_people(const struct access *a, struct json_out *o)
{
	void *at;

	json_key(o, "groups");
	json_open(o, '[');
	for (size_t i = 0; i < a->group_count; i++)
		json_put_str(o, a->groups[i].name);
	json_close(o, ']');
	json_key(o, "members");
	json_open(o, '[');
	for (size_t i = 0; map_next(&a->by_name, &i, &at);)
		for (const struct member *m = at; m; m = m->next) {
			json_open(o, '{');
			json_add_str(o, "name", m->name);
			json_key(o, "groups");
			json_open(o, '[');
			for (size_t k = 0; k < m->groups.count; k++)
				json_put_str(o, a->groups[((const size_t *)m->groups.items)[k]].name);
			json_close(o, ']');
			json_key(o, "on_call");
			put_names(o, m->teams.items, m->teams.count);
			json_close(o, '}');
		}
	json_close(o, ']');
	json_key(o, "grants");
	json_open(o, '[');
	for (size_t i = 0; i < a->group_count; i++)
		put_grants(a, o, "group", a->groups[i].name, &a->groups[i].grants);
	for (size_t i = 0; map_next(&a->by_name, &i, &at);)
		for (const struct member *m = at; m; m = m->next)
			put_grants(a, o, "user", m->name, &m->grants);
	json_close(o, ']');
}

static void write_places(const struct access *a, struct json_out *o)
{
	json_key(o, "channels");
	json_open(o, '[');
	for (size_t i = 0; i < a->channel_count; i++) {
		json_open(o, '{');
		json_add_str(o, "name", a->channels[i].name);
		json_add_str(o, "env", a->channels[i].env);
		if (a->channels[i].limited) {
			json_key(o, "only");
			put_targets(o, a->channels[i].only, a->channels[i].only_count);
		}
		json_add_str(o, "from", a->channels[i].from);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < a->limit_count; i++) {
		json_open(o, '{');
		json_key(o, "command");
		put_targets(o, &a->limits[i].target, 1);
		json_key(o, "channels");
		put_names(o, a->limits[i].channels, a->limits[i].channel_count);
		json_add_str(o, "from", a->limits[i].from);
		json_close(o, '}');
	}
	json_close(o, ']');
}

void access_write(const struct access *a, struct json_out *o)
{
	write_rules(a, o);
	write_roles(a, o);
	write_people(a, o);
	write_places(a, o);
}
