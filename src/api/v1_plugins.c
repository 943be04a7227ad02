/* Our own API: plugins. What lies in their folder is looked at beside the loop; a change is in the audit before it is made, and answered
 * when it is in force. */
#include "api/handlers.h"
#include "commands/listings.h"
#include "commands/rulebook.h"

/* ---- what there is ---- */

struct plugins_seen {
	struct str dir;
	struct str *names;
	size_t count;
	struct plugin_enabled *enabled;
	struct str **versions;
	size_t *version_counts;
	struct err err;
};

static void look(struct exchange *x)
{
	struct plugins_seen *seen = x->context;
	struct arena *a = x_arena(x);
	struct err ignored = {0};

	if (!plugin_names(a, seen->dir, &seen->names, &seen->count, &seen->err))
		return;
	seen->enabled = arena_zero(a, (seen->count + 1) * sizeof *seen->enabled);
	seen->versions = arena_zero(a, (seen->count + 1) * sizeof *seen->versions);
	seen->version_counts = arena_zero(a, (seen->count + 1) * sizeof *seen->version_counts);
	for (size_t i = 0; i < seen->count; i++) {
		err_clear(&ignored); /* what is wrong is among the faults of the rulebook */
		if (!plugin_enabled_read(a, seen->dir, seen->names[i], &seen->enabled[i], &ignored) ||
		    !plugin_versions(a, seen->dir, seen->names[i], &seen->versions[i], &seen->version_counts[i], &ignored))
			continue;
	}
}

static void put_in_force(struct json_out *o, const struct plugin *p)
{
	json_add_str(o, "in_force", p->version);
	json_add_str(o, "digest", p->digest);
	json_add_str(o, "manifest_digest", p->manifest_digest);
	json_add_str(o, "carrier", str_of(plugin_carrier_name(p->carrier)));
	json_add_str(o, "summary", p->summary);
	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < p->command_count; i++)
		json_put_str(o, p->commands[i]->spec.words);
	json_close(o, ']');
}

/* Why it is not in force as it lies there; else what is wrong with its server. */
static struct str fault_of(const struct engine *e, struct str name)
{
	const struct rulebook *r = e->rulebook;

	for (size_t k = 0; k < r->fault_count; k++)
		if (str_eq(r->faults[k].name, name))
			return r->faults[k].why;
	return listings_fault(e, name);
}

static void put_plugin(struct json_out *o, const struct engine *e, const struct plugins_seen *seen, size_t i)
{
	const struct plugin *p = rulebook_plugin(e->rulebook, seen->names[i]);
	struct str fault = fault_of(e, seen->names[i]);

	json_open(o, '{');
	json_add_str(o, "name", seen->names[i]);
	json_add_str(o, "enabled", seen->enabled[i].version);
	json_add_str(o, "before", seen->enabled[i].before);
	json_key(o, "versions");
	json_open(o, '[');
	for (size_t k = 0; k < seen->version_counts[i]; k++)
		json_put_str(o, seen->versions[i][k]);
	json_close(o, ']');
	if (p)
		put_in_force(o, p);
	if (fault.n)
		json_add_str(o, "fault", fault);
	json_close(o, '}');
}

static void list(struct exchange *x)
{
	const struct plugins_seen *seen = x->context;
	struct json_out o;

	if (seen->err.code) {
		x->err = seen->err;
		return;
	}
	o = x_object(x, 200);
	json_add_str(&o, "dir", seen->dir);
	json_key(&o, "plugins");
	json_open(&o, '[');
	for (size_t i = 0; i < seen->count; i++)
		put_plugin(&o, x->work.engine, seen, i);
	json_close(&o, ']');
	json_close(&o, '}');
}

static void look_start(struct exchange *x)
{
	x_think(x, look, list);
}

static bool folder_of(struct exchange *x, struct str *out)
{
	*out = arena_dup(x_arena(x), x->work.engine->rulebook->plugins_dir);
	if (!out->n)
		x_fail(x, ERR_NOT_FOUND, "there is no folder of plugins: the setting plugins_dir names it, and SIGHUP reads the settings again");
	return out->n > 0;
}

void v1_plugins(struct exchange *x)
{
	struct plugins_seen *seen = arena_zero(x_arena(x), sizeof *seen);

	x->context = seen;
	if (folder_of(x, &seen->dir))
		x->finish = look_start;
}

/* ---- a change ---- */

struct plugin_changing {
	struct str dir, name, version;
	enum plugin_change change;
	const char *action; /* for the audit */
	struct plugin_enabled was, next;
	struct plugin *to;  /* owned, until the audit is written; NULL: it is disabled */
	struct err err;     /* of what was done beside the loop */
};

static struct str change_detail(struct exchange *x, const struct plugin_changing *c)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "plugin", c->name);
	json_add_str(&o, "version", c->next.version);
	json_add_str(&o, "digest", c->next.digest);
	if (c->to)
		json_add_str(&o, "manifest_digest", c->to->manifest_digest);
	json_add_str(&o, "was", c->was.version);
	json_add_str(&o, "was_digest", c->was.digest);
	json_add_str(&o, "from", x->request->remote);
	if (c->err.code)
		json_add_str(&o, "why", str_of(c->err.text));
	json_close(&o, '}');
	return buf_keep(x_arena(x), &b);
}

/* Work thread, the last: it is in force, or the fault says why not. */
static void answer(struct exchange *x)
{
	const struct rulebook *r = x->work.engine->rulebook;
	const struct plugin_changing *c = x->context;
	const struct plugin *p = rulebook_plugin(r, c->name);
	struct json_out o;

	for (size_t i = 0; i < r->fault_count; i++)
		if (str_eq(r->faults[i].name, c->name)) {
			x_fail(x, ERR_CONFLICT, STR_FMT, STR_ARG(r->faults[i].why));
			return;
		}
	if (c->next.version.n ? !p || !str_eq(p->digest, c->next.digest) : p != NULL) {
		x_fail(x, ERR_UNAVAILABLE, "the change is made, but something keeps it from being in force; the daemon's log says what");
		return;
	}
	o = x_object(x, 200);
	json_add_str(&o, "name", c->name);
	json_add_str(&o, "enabled", c->next.version);
	json_add_str(&o, "before", c->next.before);
	if (p)
		put_in_force(&o, p);
	json_close(&o, '}');
}

static void in_force(void *context)
{
	x_go_on(context, answer);
}

static void reload_start(struct exchange *x)
{
	x->api->reload(x->api->reload_context, in_force, x);
}

static void written(struct exchange *x)
{
	struct plugin_changing *c = x->context;

	if (!c->err.code) {
		x->finish = reload_start;
		return;
	}
	/* No outage of the store: the record that it failed must stay. */
	x_fail(x, ERR_CONFLICT, "%s", c->err.text);
	(void)!audit_note(&x->work, x->work.engine->workspace_id, x->user.id, c->action, x->by_cookie ? "console" : "api", change_detail(x, c), "failed", &x->work.err);
}

static void write_it(struct exchange *x)
{
	struct plugin_changing *c = x->context;

	(void)!plugin_enabled_write(x_arena(x), c->dir, c->name, &c->next, &c->err);
}

static void write_start(struct exchange *x)
{
	x_think(x, write_it, written);
}

static void planned(struct exchange *x)
{
	struct plugin_changing *c = x->context;

	if (c->err.code)
		x->err = c->err;
	else if ((!c->to || rulebook_fits(x->work.engine->rulebook, c->to, &x->err)) && x_audit(x, x->user.id, c->action, change_detail(x, c), "ok"))
		x->finish = write_start;
	plugin_free(c->to);
	c->to = NULL;
}

static void plan(struct exchange *x)
{
	struct plugin_changing *c = x->context;

	(void)!plugin_plan(x_arena(x), c->dir, c->name, c->change, c->version, &c->was, &c->next, &c->to, &c->err);
}

static void plan_start(struct exchange *x)
{
	x_think(x, plan, planned);
}

void v1_plugin_change(struct exchange *x)
{
	static const struct {
		const char *verb, *action;
		enum plugin_change change;
	} verbs[] = {{"enable", "plugin.enable", PLUGIN_ENABLE}, {"disable", "plugin.disable", PLUGIN_DISABLE}, {"rollback", "plugin.rollback", PLUGIN_ROLLBACK}};
	struct plugin_changing *c = arena_zero(x_arena(x), sizeof *c);
	struct json *body = x_body(x);
	struct str verb = str_cut(x->rest, '/', &c->name);
	size_t i = 0;

	if (!body)
		return;
	while (i < COUNT_OF(verbs) && !str_is(verb, verbs[i].verb))
		i++;
	if (i == COUNT_OF(verbs)) {
		x_fail(x, ERR_NOT_FOUND, "a plugin can be told to enable, disable or rollback: POST /v1/plugins/NAME/enable");
		return;
	}
	c->change = verbs[i].change;
	c->action = verbs[i].action;
	c->version = json_get_str(body, "version");
	x->context = c;
	if (folder_of(x, &c->dir))
		x->finish = plan_start;
}
