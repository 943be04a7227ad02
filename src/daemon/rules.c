/* What a team writes beside the settings -- its own sources, the alerting file, the access file, the plugins -- read again while the daemon runs. Compiling
 * takes tens of milliseconds a source, so a thread of libuv's pool does it; the work thread, whose they are, gets each as a whole and
 * gives the old one back. What is wrong leaves in force what was. */
#include "base/log.h"
#include "daemon/config_trail.h"
#include "commands/listings.h"
#include "commands/rulebook.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "engine/alerts.h"
#include "ops/routing.h"
#include "ops/source.h"

struct rules_read {
	uv_work_t uv;
	struct daemon *daemon;
	struct str sources_dir, alerting;
	struct rulebook_from rulebook_from;
	struct source_folder *sources; /* NULL: one of them is wrong */
	struct routing *routing;       /* NULL: it is wrong */
	struct rulebook *rulebook;     /* NULL: the access file is wrong */
	struct err sources_err, routing_err, rulebook_err;
};

struct rules_swap {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	struct daemon *daemon;
	struct source_folder *sources; /* the new one, NULL: none; after the swap the old one */
	struct routing *routing;
	struct rulebook *rulebook;
};

/* Who waits for what lies there now to be in force. */
struct rules_waiter {
	struct rules_waiter *next;
	void (*done)(void *context);
	void *context;
};

static void tell_waiters(struct daemon *d)
{
	struct rules_waiter *w = d->rules_waiters, *next;

	d->rules_waiters = NULL;
	for (; w; w = next) {
		next = w->next;
		w->done(w->context);
		mem_free(w);
	}
}

static void read_is_over(struct daemon *d)
{
	d->reading_rules = false;
	if (!d->read_rules_again)
		tell_waiters(d);
	if (!d->draining)
		notify("READY=1");
	if (d->read_rules_again)
		daemon_read_rules(d);
}

/* Work thread. Memory only: a commit that fails does not undo it. */
static void swap_run(struct work *w)
{
	struct rules_swap *s = (struct rules_swap *)w;
	struct source_folder *sources = w->engine->sources;
	struct routing *routing = w->engine->routing;
	struct rulebook *rulebook = w->engine->rulebook;

	if (s->rulebook) {
		w->engine->rulebook = s->rulebook;
		s->rulebook = rulebook;
		w->failed = !listings_now(w, &w->err);
	}
	if (s->sources) {
		w->engine->sources = s->sources;
		s->sources = sources;
	}
	if (s->routing) {
		w->engine->routing = s->routing;
		s->routing = routing;
		w->failed |= !alerts_use_routing(w);
	}
}

static void swap_done(struct work *w)
{
	struct rules_swap *s = (struct rules_swap *)w;
	struct daemon *d = s->daemon;

	source_folder_free(s->sources);
	routing_free(s->routing);
	rulebook_free(s->rulebook);
	arena_done(&s->arena);
	mem_free(s);
	read_is_over(d);
}

static void swap_start(struct daemon *d, const struct rules_read *r)
{
	struct rules_swap *s = mem_new(sizeof *s);

	arena_init(&s->arena);
	s->daemon = d;
	s->sources = r->sources;
	s->routing = r->routing;
	s->rulebook = r->rulebook;
	s->work.arena = &s->arena;
	s->work.run = swap_run;
	s->work.done = swap_done;
	s->work.background = true; /* so it is never refused */
	(void)!engine_submit(d->engine, &s->work);
}

static void read_run(uv_work_t *uv)
{
	struct rules_read *r = uv->data;

	r->sources = source_folder_read(r->sources_dir, &r->sources_err);
	if (r->sources)
		source_folder_set_apart(r->sources);
	r->routing = routing_read(r->alerting, &r->routing_err);
	if (r->routing)
		routing_set_apart(r->routing);
	r->rulebook = rulebook_read(&r->rulebook_from, &r->rulebook_err);
}

void daemon_say_plugins(struct daemon *d, const struct rulebook *r)
{
	struct buf names;
	size_t count = 0;

	buf_init(&names, 16 * KIB);
	for (size_t i = 0; i < r->plugin_count; i++) {
		buf_printf(&names, "%s" STR_FMT " " STR_FMT, i ? ", " : "", STR_ARG(r->plugins[i]->name), STR_ARG(r->plugins[i]->version));
		count += r->plugins[i]->command_count;
	}
	if (r->plugins_dir.n || d->has_plugins)
		log_info(EV_PLUGINS, F_STR("dir", r->plugins_dir), F_STR("plugins", buf_str(&names)), F_INT("commands", (int64_t)count));
	for (size_t i = 0; i < r->fault_count; i++)
		log_error(EV_PLUGIN_FAULT, F_STR("plugin", r->faults[i].name), F_STR("kept", r->faults[i].kept.n ? r->faults[i].kept : S("none")), F_STR("error", r->faults[i].why));
	d->has_plugins = r->plugins_dir.n > 0;
	buf_done(&names);
}

/* Of what is there, and of what has just been given up. */
static void say(const struct rules_read *r)
{
	const struct daemon *d = r->daemon;

	if (!r->sources)
		log_error(EV_SOURCES, F_STR("dir", r->sources_dir), F_TXT("error", r->sources_err.text));
	else if (r->sources_dir.n || d->has_sources)
		log_info(EV_SOURCES, F_STR("dir", r->sources_dir), F_INT("sources", (int64_t)source_folder_count(r->sources)));
	if (!r->routing)
		log_error(EV_ROUTING, F_STR("file", r->alerting), F_TXT("error", r->routing_err.text));
	else if (r->alerting.n || d->has_alerting)
		log_info(EV_ROUTING, F_STR("file", r->alerting), F_INT("routes", r->routing->route_count));
	if (!r->rulebook)
		log_error(EV_ACCESS, F_STR("file", r->rulebook_from.access), F_TXT("error", r->rulebook_err.text));
	else if (r->rulebook_from.access.n || d->has_access)
		log_info(EV_ACCESS, F_STR("file", r->rulebook_from.access), F_INT("commands", (int64_t)command_set_count(r->rulebook->commands)));
	if (r->rulebook && (r->rulebook_from.plugins_dir.n || d->has_plugins))
		daemon_say_plugins(r->daemon, r->rulebook);
}

static void read_done(uv_work_t *uv, int status)
{
	struct rules_read *r = uv->data;
	struct daemon *d = r->daemon;

	(void)status;
	say(r);
	config_note(d, "sources", r->sources ? NULL : r->sources_err.text, S(""), S(""));
	config_note(d, "alerting", r->routing ? NULL : r->routing_err.text, S(""), S(""));
	config_note(d, "access", r->rulebook ? NULL : r->rulebook_err.text, S(""), S(""));
	d->has_sources = r->sources_dir.n > 0;
	d->has_alerting = r->alerting.n > 0;
	d->has_access = r->rulebook_from.access.n > 0;
	d->has_plugins = r->rulebook_from.plugins_dir.n > 0;
	if (r->sources || r->routing || r->rulebook)
		swap_start(d, r);
	else
		read_is_over(d);
	engine_busy(d->engine, -1);
	mem_free(r);
}

void daemon_read_rules(struct daemon *d)
{
	struct rules_read *r;

	d->read_rules_again = d->reading_rules;
	if (d->reading_rules)
		return;
	if (!d->settings.sources_dir.n && !d->settings.alerting.n && !d->settings.access.n && !d->settings.plugins_dir.n && !d->has_sources && !d->has_alerting && !d->has_access &&
	    !d->has_plugins) {
		notify("READY=1");
		tell_waiters(d);
		return;
	}
	r = mem_new(sizeof *r);
	r->uv.data = r;
	r->daemon = d;
	r->sources_dir = d->settings.sources_dir; /* in the daemon's arena: a reload leaves it there */
	r->alerting = d->settings.alerting;
	/* Nobody swaps the rulebook while this is under way. */
	r->rulebook_from = (struct rulebook_from){.access = d->settings.access, .plugins_dir = d->settings.plugins_dir, .before = d->engine->rulebook};
	d->reading_rules = true;
	engine_busy(d->engine, 1);
	uv_queue_work(&d->loop, &r->uv, read_run, read_done);
}

void daemon_read_rules_for(void *daemon, void (*done)(void *context), void *context)
{
	struct daemon *d = daemon;
	struct rules_waiter *w = mem_new(sizeof *w);

	*w = (struct rules_waiter){d->rules_waiters, done, context};
	d->rules_waiters = w;
	daemon_read_rules(d);
}
