/* Who somebody is to the access file, and what is decided of a call. */
#include "ops/access.h"

#include "ops/access_parts.h"

#define WHY_MAX (2 * KIB)
#define SAID_MAX 3 /* ways to be allowed that a refusal names */

bool glob_fits(struct str glob, struct str text)
{
	size_t g = 0, t = 0, star = SIZE_MAX, from = 0;

	if (glob.n == 1 && glob.p[0] == '*') /* most of what is asked */
		return true;
	while (t < text.n) {
		if (g < glob.n && glob.p[g] == '*') {
			star = g++;
			from = t;
		} else if (g < glob.n && glob.p[g] == text.p[t]) {
			g++;
			t++;
		} else if (star != SIZE_MAX) { /* the last star takes one byte more */
			g = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (g < glob.n && glob.p[g] == '*')
		g++;
	return g == glob.n;
}

/* ---- people ---- */

static void take_grants(struct person *who, const struct vec *grants, const struct access_facts *f)
{
	for (size_t i = 0; i < grants->count; i++) {
		const struct grant *g = &((const struct grant *)grants->items)[i];

		if ((g->until && f->now >= g->until) || (g->channel.n && !str_eq(g->channel, f->channel)))
			continue;
		for (size_t k = 0; k < COUNT_OF(who->roles.bits); k++)
			who->roles.bits[k] |= g->roles.bits[k];
	}
}

static struct person person_of(const struct access *a, const struct access_facts *f)
{
	struct person who = {.name = f->user, .member = member_find(a, f->user)};

	if (f->role >= ROLE_VIEWER && f->role <= ROLE_ADMIN)
		who.roles = a->roles[f->role - 1].has;
	if (!who.member)
		return who;
	take_grants(&who, &who.member->grants, f);
	for (size_t i = 0; i < who.member->groups.count; i++)
		take_grants(&who, &a->groups[((const size_t *)who.member->groups.items)[i]].grants, f);
	return who;
}

static bool person_in_group(const struct person *who, size_t group)
{
	for (size_t i = 0; who->member && i < who->member->groups.count; i++)
		if (((const size_t *)who->member->groups.items)[i] == group)
			return true;
	return false;
}

static bool person_may(const struct access *a, const struct person *who, struct str perm)
{
	for (size_t i = 0; i < a->role_count; i++)
		for (size_t k = 0; role_set_has(&who->roles, i) && k < a->roles[i].perm_count; k++)
			if (glob_fits(a->roles[i].perms[k], perm))
				return true;
	return false;
}

static bool has_incident_role(const struct access_facts *f, struct str role)
{
	return f->has_incident && role.n && str_eq(f->incident_role, role);
}

bool person_on_call(const struct access *a, const struct person *who, const struct access_facts *f, struct str team)
{
	(void)a;
	for (size_t i = 0; who->member && i < who->member->teams.count; i++)
		if (str_eq(((const struct str *)who->member->teams.items)[i], team))
			return true;
	return f->on_call && f->on_call(f->context, team, f->user_id);
}

static bool person_has_role(const struct access *a, const struct person *who, const struct access_facts *f, struct str role)
{
	if (str_starts(role, INCIDENT_ROLE))
		return has_incident_role(f, str_n(role.p + INCIDENT_ROLE.n, role.n - INCIDENT_ROLE.n));
	return role_set_has(&who->roles, role_find(a, role));
}

bool access_has_role(const struct access *a, struct str role, const struct access_facts *facts)
{
	struct person who = person_of(a, facts);

	return person_has_role(a, &who, facts, role);
}

bool access_has_perm(const struct access *a, struct str perm, const struct access_facts *facts)
{
	struct person who = person_of(a, facts);

	return person_may(a, &who, perm);
}

bool access_in_sets(const struct access *a, const struct str *sets, size_t count, const struct access_facts *facts)
{
	struct person who = person_of(a, facts);

	for (size_t i = 0; i < count; i++) {
		struct str kind, name = str_cut(sets[i], ':', &kind);
		size_t group = str_is(kind, "group") ? group_find(a, name) : SIZE_MAX;

		if ((group != SIZE_MAX && person_in_group(&who, group)) || (str_is(kind, "role") && person_has_role(a, &who, facts, name)) ||
		    (str_is(kind, "user") && name.n && str_eq(name, facts->user)) || (str_is(kind, "oncall") && person_on_call(a, &who, facts, name)))
			return true;
	}
	return false;
}

static bool perm_seen(const struct access *a, const struct person *who, size_t role, size_t perm)
{
	for (size_t i = 0; i <= role; i++)
		for (size_t k = 0; role_set_has(&who->roles, i) && k < (i < role ? a->roles[i].perm_count : perm); k++)
			if (str_eq(a->roles[i].perms[k], a->roles[role].perms[perm]))
				return true;
	return false;
}

void access_write_person(const struct access *a, struct json_out *o, const struct access_facts *facts)
{
	struct person who = person_of(a, facts);

	json_key(o, "groups");
	json_open(o, '[');
	for (size_t i = 0; who.member && i < who.member->groups.count; i++)
		json_put_str(o, a->groups[((const size_t *)who.member->groups.items)[i]].name);
	json_close(o, ']');
	json_key(o, "roles");
	json_open(o, '[');
	for (size_t i = 0; i < a->role_count; i++)
		if (role_set_has(&who.roles, i))
			json_put_str(o, a->roles[i].name);
	json_close(o, ']');
	json_key(o, "perms");
	json_open(o, '[');
	for (size_t i = 0; i < a->role_count; i++)
		for (size_t k = 0; role_set_has(&who.roles, i) && k < a->roles[i].perm_count; k++)
			if (!perm_seen(a, &who, i, k))
				json_put_str(o, a->roles[i].perms[k]);
	json_close(o, ']');
}

/* ---- places ---- */

static const struct channel_rule *channel_find(const struct access *a, const struct access_facts *f)
{
	for (size_t i = 0; i < a->channel_count && f->channel.n && !f->dm; i++)
		if (str_eq(a->channels[i].name, f->channel))
			return &a->channels[i];
	return NULL;
}

struct str env_without_call(const struct access *a, const struct access_facts *f)
{
	const struct channel_rule *c = f->env.n ? NULL : channel_find(a, f);

	return c ? c->env : f->env;
}

struct str access_env(const struct access *a, const struct typed_call *call, const struct access_facts *facts)
{
	const struct bound_param *b = facts->env.n ? NULL : call_param(call, "env", NULL);

	return b && b->values[0].text.n ? b->values[0].text : env_without_call(a, facts);
}

static bool targets_fit(const struct target *t, size_t count, const struct command_spec *spec)
{
	for (size_t i = 0; i < count; i++)
		if (target_fits(&t[i], spec))
			return true;
	return false;
}

/* What keeps a command out of a channel: the channel's `only`, or the command's `channels`. */
struct limit {
	const struct channel_rule *channel;
	const struct command_limit *command;
};

static bool is_limited(const struct asking *q, struct limit *by)
{
	const struct channel_rule *c = channel_find(q->a, q->facts);

	*by = (struct limit){0};
	if (c && c->limited && !targets_fit(c->only, c->only_count, q->spec)) {
		by->channel = c;
		return true;
	}
	for (size_t i = 0; i < q->a->limit_count; i++) {
		const struct command_limit *l = &q->a->limits[i];
		bool inside = false;

		if (!target_fits(&l->target, q->spec))
			continue;
		for (size_t k = 0; k < l->channel_count && !q->facts->dm; k++)
			inside |= str_eq(l->channels[k], q->facts->channel);
		if (!inside) {
			by->command = l;
			return true;
		}
	}
	return false;
}

/* Both the sentence for the person and the text that stands for the rule. */
static struct str say_limit(struct arena *arena, const struct limit *by, struct str command, struct str *rule)
{
	struct str all = S("");

	if (by->channel) {
		for (size_t i = 0; i < by->channel->only_count && i < 10; i++)
			all = arena_printf(arena, STR_FMT "%s`" STR_FMT ":" STR_FMT "`", STR_ARG(all), i ? ", " : "", STR_ARG(by->channel->only[i].plugin),
					   STR_ARG(by->channel->only[i].path));
		*rule = arena_printf(arena, "channels: \"#" STR_FMT "\": only", STR_ARG(by->channel->name));
		if (!all.n)
			return arena_printf(arena, "no command can be run in #" STR_FMT, STR_ARG(by->channel->name));
		return arena_printf(arena, "`" STR_FMT "` cannot be run in #" STR_FMT ", only " STR_FMT, STR_ARG(command), STR_ARG(by->channel->name), STR_ARG(all));
	}
	for (size_t i = 0; i < by->command->channel_count && i < 10; i++)
		all = arena_printf(arena, STR_FMT "%s#" STR_FMT, STR_ARG(all), i ? ", " : "", STR_ARG(by->command->channels[i]));
	*rule = arena_printf(arena, "commands: \"" STR_FMT ":" STR_FMT "\": channels", STR_ARG(by->command->target.plugin), STR_ARG(by->command->target.path));
	return arena_printf(arena, all.n ? "`" STR_FMT "` can only be run in " STR_FMT : "`" STR_FMT "` can be run in no channel" STR_FMT, STR_ARG(command), STR_ARG(all));
}

/* ---- the rules of a command, in their order ---- */

#define LISTS 6
struct walk {
	const struct asking *q;
	const struct vec *lists[LISTS];
	size_t at[LISTS];
};

static struct walk walk_of(const struct asking *q)
{
	const struct map *m = &q->a->by_target;
	const struct command_spec *s = q->spec;
	bool same = str_eq(s->path, s->words);

	return (struct walk){.q = q,
			     .lists = {map_get(m, target_key(s->plugin, s->path)), map_get(m, target_key(S("*"), s->path)), map_get(m, target_key(s->plugin, S("*"))),
				       same ? NULL : map_get(m, target_key(s->plugin, s->words)), same ? NULL : map_get(m, target_key(S("*"), s->words)), &q->a->anywhere}};
}

static const struct rule *walk_next(struct walk *w)
{
	for (;;) {
		uint32_t first = UINT32_MAX;
		const struct rule *r;

		for (size_t i = 0; i < LISTS; i++)
			if (w->lists[i] && w->at[i] < w->lists[i]->count && ((const uint32_t *)w->lists[i]->items)[w->at[i]] < first)
				first = ((const uint32_t *)w->lists[i]->items)[w->at[i]];
		if (first == UINT32_MAX)
			return NULL;
		for (size_t i = 0; i < LISTS; i++)
			if (w->lists[i] && w->at[i] < w->lists[i]->count && ((const uint32_t *)w->lists[i]->items)[w->at[i]] == first)
				w->at[i]++;
		r = &((const struct rule *)w->q->a->rules.items)[first];
		if (target_fits(&r->target, w->q->spec))
			return r;
	}
}

/* What may come out of the condition. A rule whose condition makes no sense for the command closes: it denies, requires, and
 * does not allow. */
static unsigned outcomes(const struct asking *q, const struct rule *r)
{
	unsigned o = r->when ? expr_ask(q, r->when) : IS_TRUE;

	if (o & IS_BROKEN)
		o = (o & ~(unsigned)IS_BROKEN) | (r->effect == RULE_ALLOW ? IS_FALSE : IS_TRUE);
	return o;
}

static bool test_met(const struct asking *q, const struct test *t)
{
	switch (t->kind) {
	case TEST_PERM:
		return person_may(q->a, &q->who, t->name);
	case TEST_GROUP:
		return t->index != SIZE_MAX && person_in_group(&q->who, t->index);
	case TEST_ROLE:
		return role_set_has(&q->who.roles, t->index);
	case TEST_INCIDENT_ROLE:
		return has_incident_role(q->facts, t->name);
	}
	return false;
}

/* The first test that the person does not pass; NULL: all are passed. */
static const struct test *unmet(const struct asking *q, const struct rule *r)
{
	for (size_t i = 0; i < r->test_count; i++)
		if (!test_met(q, &r->tests[i]))
			return &r->tests[i];
	return NULL;
}

static struct str say_test_need(struct arena *arena, const struct test *t)
{
	static const char *const what[] = {
		[TEST_PERM] = "the permission ", [TEST_GROUP] = "the group ", [TEST_ROLE] = "the role ", [TEST_INCIDENT_ROLE] = "the incident's role "};

	return arena_printf(arena, "%s" STR_FMT, what[t->kind], STR_ARG(t->name));
}

/* ---- what is owed ---- */

static bool need_met(const struct asking *q, const struct access_need *n)
{
	if (n->kind == NEED_REASON)
		return q->call->flags.reason.n > 0;
	return n->kind == NEED_MFA && q->facts->mfa_at && q->facts->now - q->facts->mfa_at < n->age;
}

/* Approvals weigh most: somebody else has to act. */
static size_t weight(const struct asking *q, const struct rule *r)
{
	size_t sum = 0;

	for (size_t i = 0; i < r->need_count; i++)
		if (!need_met(q, &r->needs[i]))
			sum += r->needs[i].kind == NEED_APPROVAL ? 1000 : 1;
	return sum;
}

/* The caller's, to be held for longer than these rules may live. */
static struct access_need keep_need(struct arena *arena, const struct access_need *n)
{
	struct access_need kept = *n;

	kept.sets = arena_alloc(arena, (n->set_count + 1) * sizeof *kept.sets);
	for (size_t i = 0; i < n->set_count; i++)
		kept.sets[i] = arena_dup(arena, n->sets[i]);
	kept.channel = arena_dup(arena, n->channel);
	kept.rule = arena_dup(arena, n->rule);
	return kept;
}

static void add_needs(const struct asking *q, struct arena *arena, const struct rule *r, struct vec *out)
{
	for (size_t i = 0; i < r->need_count; i++) {
		const struct access_need *n = &r->needs[i];
		struct access_need *same = NULL;

		if (need_met(q, n))
			continue;
		for (size_t k = 0; k < out->count && n->kind != NEED_APPROVAL; k++)
			if (((struct access_need *)out->items)[k].kind == n->kind)
				same = &((struct access_need *)out->items)[k];
		if (!same) {
			*(struct access_need *)vec_push(arena, out, sizeof *n) = keep_need(arena, n);
		} else if (n->kind == NEED_MFA && n->age < same->age) {
			*same = keep_need(arena, n);
		}
	}
}

/* ---- the decision ---- */

/* "deploy start": as people type it. */
static struct str command_of(const struct command_spec *spec)
{
	return spec->words.n ? spec->words : spec->path;
}

/* "`ack` needs the role responder; yours is viewer. An admin can change that" */
static struct str say_needs(const struct asking *q, struct arena *arena, struct str needs, const struct test *only)
{
	struct str yours = only && only->kind == TEST_ROLE ? arena_printf(arena, "; yours is %s", role_name(q->facts->role)) : S("");

	return arena_printf(arena, "`" STR_FMT "` needs " STR_FMT STR_FMT "%s", STR_ARG(command_of(q->spec)), STR_ARG(needs), STR_ARG(yours),
			    only && only->kind == TEST_INCIDENT_ROLE ? "" : ". An admin can change that");
}

/* Nothing allows: what would, if the person had it; else why a rule that could does not fit. */
static struct str say_no(const struct asking *q, struct arena *arena)
{
	struct walk w = walk_of(q);
	struct str command = command_of(q->spec), needs = S(""), condition = S("");
	const struct test *lacks = NULL;
	size_t said = 0;

	for (const struct rule *r = walk_next(&w); r && said < SAID_MAX; r = walk_next(&w)) {
		struct str need;
		struct buf b;
		size_t at;

		if (r->effect != RULE_ALLOW)
			continue;
		if (outcomes(q, r) & IS_TRUE) {
			lacks = unmet(q, r);
			need = say_test_need(arena, lacks);
			if (!str_find(needs, need, &at))
				needs = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(needs), said++ ? " or " : "", STR_ARG(need));
		} else if (!condition.n) {
			buf_init(&b, WHY_MAX);
			expr_explain(q, r->when, arena, &b);
			condition = str_clip(buf_keep(arena, &b), 200);
		}
	}
	if (needs.n)
		return say_needs(q, arena, needs, said == 1 ? lacks : NULL);
	if (condition.n)
		return arena_printf(arena, "no rule allows `" STR_FMT "` so: " STR_FMT, STR_ARG(command), STR_ARG(condition));
	return arena_printf(arena, "no rule allows `" STR_FMT "`", STR_ARG(command));
}

static void decide(const struct asking *q, struct arena *arena, struct verdict *out)
{
	const struct rule *best = NULL, *lacking = NULL;
	struct str command = command_of(q->spec);
	struct walk w = walk_of(q);
	struct vec needs = {0};
	struct limit by;

	*out = (struct verdict){.rule = S(""), .why = S("")};
	if (is_limited(q, &by)) {
		out->why = say_limit(arena, &by, command, &out->rule);
		return;
	}
	for (const struct rule *r = walk_next(&w); r; r = walk_next(&w)) {
		if (!(outcomes(q, r) & IS_TRUE))
			continue;
		if (r->effect == RULE_DENY) {
			out->rule = arena_dup(arena, r->text);
			out->why = arena_printf(arena, "`" STR_FMT "` is forbidden by the rule `" STR_FMT "` (" STR_FMT ")", STR_ARG(command), STR_ARG(str_clip(r->text, 300)),
						STR_ARG(r->from));
			return;
		}
		if (unmet(q, r)) {
			if (r->effect == RULE_REQUIRE && !lacking)
				lacking = r;
		} else if (r->effect == RULE_REQUIRE) {
			add_needs(q, arena, r, &needs);
		} else if (!best || weight(q, r) < weight(q, best)) {
			best = r;
		}
	}
	if (lacking || !best) {
		out->rule = lacking ? arena_dup(arena, lacking->text) : S("");
		out->why = lacking ? say_needs(q, arena, say_test_need(arena, unmet(q, lacking)), unmet(q, lacking)) : say_no(q, arena);
		return;
	}
	add_needs(q, arena, best, &needs);
	out->allowed = true;
	out->rule = arena_dup(arena, best->text);
	out->needs = needs.items;
	out->need_count = needs.count;
}

static struct asking asking_of(const struct access *a, const struct command_spec *spec, const struct typed_call *call, const struct access_facts *facts)
{
	return (struct asking){.a = a, .spec = spec, .call = call, .facts = facts, .who = person_of(a, facts)};
}

void access_decide(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out)
{
	struct asking q = asking_of(a, call->spec, call, facts);

	decide(&q, arena, out);
}

bool access_could(const struct access *a, const struct command_spec *spec, const struct access_facts *facts)
{
	struct asking q = asking_of(a, spec, NULL, facts);
	struct walk w = walk_of(&q);
	bool allowed = false;
	struct limit by;

	if (is_limited(&q, &by))
		return false;
	for (const struct rule *r = walk_next(&w); r; r = walk_next(&w)) {
		unsigned o = outcomes(&q, r);

		if (r->effect == RULE_ALLOW)
			allowed |= o & IS_TRUE && !unmet(&q, r);
		else if (!(o & IS_FALSE) && (r->effect == RULE_DENY || unmet(&q, r)))
			return false;
	}
	return allowed;
}

/* ---- the same, told ---- */

static struct str say_rule(const struct asking *q, struct arena *arena, const struct rule *r)
{
	unsigned o = r->when ? expr_ask(q, r->when) : IS_TRUE;
	const struct test *lacks = unmet(q, r);
	struct buf b;

	buf_init(&b, WHY_MAX);
	buf_add(&b, o & IS_BROKEN ? S("cannot be answered") : o & IS_TRUE ? S("true") : S("false"));
	if (r->when) {
		buf_add(&b, S(": "));
		expr_explain(q, r->when, arena, &b);
	}
	if (o & IS_BROKEN)
		buf_add(&b, r->effect == RULE_ALLOW ? S("; so it does not allow") : r->effect == RULE_DENY ? S("; so it denies") : S("; so it requires"));
	if (lacks && outcomes(q, r) & IS_TRUE)
		buf_printf(&b, "; missing is " STR_FMT, STR_ARG(say_test_need(arena, lacks)));
	return buf_keep(arena, &b);
}

void access_explain(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out,
		    struct rule_trace **rules, size_t *count)
{
	struct asking q = asking_of(a, call->spec, call, facts);
	struct walk w = walk_of(&q);
	struct vec list = {0};
	struct limit by;

	decide(&q, arena, out);
	if (is_limited(&q, &by)) {
		struct rule_trace *t = vec_push(arena, &list, sizeof *t);

		t->why = say_limit(arena, &by, command_of(q.spec), &t->text);
		t->from = arena_dup(arena, by.channel ? by.channel->from : by.command->from);
		t->fits = true;
	}
	for (const struct rule *r = walk_next(&w); r; r = walk_next(&w))
		*(struct rule_trace *)vec_push(arena, &list, sizeof(struct rule_trace)) =
			(struct rule_trace){.text = arena_dup(arena, r->text), .from = arena_dup(arena, r->from), .fits = outcomes(&q, r) & IS_TRUE, .why = say_rule(&q, arena, r)};
	*rules = list.items;
	*count = list.count;
}
