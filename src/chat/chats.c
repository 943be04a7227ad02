/* The chats of the chats file on the net thread: opened, closed, swapped; orders go to their adapters, and how these stand goes to the work thread. */
#include "chat/chats.h"

#include "base/log.h"
#include "chat/heard.h"
#include "chat/table.h"
#include "engine/links.h"

#include <stdio.h>

struct chats_running {
	struct engine *engine;
	uv_loop_t *loop;
	struct chats_open {
		struct chats *config;     /* owned. NULL: there is none */
		struct chat *list;
		struct chat_known *known; /* what the work thread has */
		size_t count;
	} now, before;            /* what was open, until the work thread has let go of it */
	struct chats *wanted;     /* what is to be open instead; owned. NULL: nothing else */
	bool busy;                /* the work thread is taking them */
	bool closed;
};

/* ---- how a chat stands: an item that was lost with its batch before it ran goes again, and what it does in memory stays however the store
 * stands. ---- */

struct state_item {
	struct work work;
	struct arena arena;
	struct str chat;
	bool up, ran;
	char why[200];
};

static void state_run(struct work *w)
{
	struct state_item *item = (struct state_item *)w;

	item->ran = true;
	w->failed = !links_up(w, item->chat, item->up, item->why, &w->err);
}

static void state_done(struct work *w)
{
	struct state_item *item = (struct state_item *)w;

	if (!item->ran && !w->engine->chats_running->closed && engine_submit(w->engine, w))
		return;
	arena_done(&item->arena);
	mem_free(item);
}

static void tell_state(struct chat *c)
{
	struct state_item *item = mem_new(sizeof *item);

	arena_init(&item->arena);
	item->chat = arena_dup(&item->arena, c->config->name);
	item->up = c->up;
	memcpy(item->why, c->why, sizeof item->why);
	item->work.arena = &item->arena;
	item->work.run = state_run;
	item->work.done = state_done;
	item->work.background = true;
	(void)!engine_submit(c->engine, &item->work);
}

void chat_up(struct chat *c)
{
	if (c->up)
		return;
	c->up = true;
	c->why[0] = '\0';
	log_info(EV_CHAT_UP, F_STR("chat", c->config->name));
	tell_state(c);
}

/* true: it is not what was said last. */
static bool is_down(struct chat *c, const char *why)
{
	bool news = c->up || strncmp(c->why, why, sizeof c->why - 1) != 0;

	c->up = false;
	if (!news)
		return false;
	snprintf(c->why, sizeof c->why, "%s", why);
	tell_state(c);
	return true;
}

void chat_down(struct chat *c, const char *why)
{
	if (is_down(c, why))
		log_warn(EV_CHAT_DOWN, F_STR("chat", c->config->name), F_TXT("why", c->why));
}

void chat_refused(struct chat *c, const char *why)
{
	if (is_down(c, why))
		log_error(EV_CHAT_REFUSED, F_STR("chat", c->config->name), F_TXT("why", c->why));
}

/* ---- orders and calls ---- */

static struct chat *find(struct engine *e, struct str name)
{
	struct chats_running *r = e->chats_running;

	for (size_t i = 0; r && i < r->now.count; i++)
		if (str_eq(r->now.list[i].config->name, name))
			return &r->now.list[i];
	return NULL;
}

static void on_order(struct chat_order *o)
{
	struct chat *c = find(o->engine, o->chat);

	if (c && c->adapter && c->up)
		c->kind->send(c->adapter, o);
	else
		chat_told(o, POST_RETRY, S(""), true, 0, S("the chat is not connected"));
}

static bool on_call(struct chat_call *call)
{
	struct chat *c = find(call->engine, call->chat);

	if (!c || !c->adapter || !c->kind->call)
		return false;
	c->kind->call(c->adapter, call);
	return true;
}

/* ---- opening and closing: the work thread knows of a chat before it opens, and lets go of it before it is freed. It goes from the old to the
 * new in one item: what is said in a linked channel between the two would else be told nowhere. ---- */

struct use_item {
	struct work work;
	struct arena arena;
	struct chats_running *running;
	bool ran;
};

static void advance(struct chats_running *r);

static void use_run(struct work *w)
{
	struct use_item *item = (struct use_item *)w;
	const struct chats_running *r = item->running;

	item->ran = true;
	w->failed = !links_use(w, r->now.known, r->now.count, &w->err);
}

static void open_all(struct chats_running *r)
{
	for (size_t i = 0; i < r->now.count; i++) {
		struct chat *c = &r->now.list[i];
		struct err err = {0};

		c->adapter = c->kind->open(c, &err);
		if (!c->adapter)
			chat_refused(c, err.text);
	}
}

static void close_all(struct chats_running *r)
{
	for (size_t i = 0; i < r->now.count; i++) {
		struct chat *c = &r->now.list[i];

		heard_forget(c);
		if (c->adapter)
			c->kind->close(c->adapter);
		c->adapter = NULL;
	}
}

static void forget(struct chats_open *o)
{
	chats_free(o->config);
	mem_free(o->list);
	mem_free(o->known);
	*o = (struct chats_open){0};
}

static void use_done(struct work *w)
{
	struct use_item *item = (struct use_item *)w;
	struct chats_running *r = item->running;

	if (!item->ran && !r->closed && engine_submit(w->engine, w))
		return;
	if (w->failed)
		log_error(EV_CHATS, F_TXT("error", w->err.text));
	r->busy = false;
	if (item->ran) /* else the work thread still has them */
		forget(&r->before);
	if (!r->closed)
		open_all(r);
	arena_done(&item->arena);
	mem_free(item);
	advance(r);
}

static void use(struct chats_running *r)
{
	struct use_item *item = mem_new(sizeof *item);

	arena_init(&item->arena);
	item->running = r;
	item->work.arena = &item->arena;
	item->work.run = use_run;
	item->work.done = use_done;
	item->work.background = true;
	r->busy = true;
	(void)!engine_submit(r->engine, &item->work);
}

static void take(struct chats_running *r)
{
	struct chats *config = r->wanted;
	struct chats_open *o = &r->now;

	r->wanted = NULL;
	r->before = r->now;
	*o = (struct chats_open){.config = config};
	o->list = mem_new((config->count + 1) * sizeof *o->list);
	o->known = mem_new((config->count + 1) * sizeof *o->known);
	for (size_t i = 0; i < config->count; i++) {
		const struct chat_kind *kind = chat_kind_of(config->list[i].system);

		if (!kind)
			continue;
		o->list[o->count] = (struct chat){.engine = r->engine, .config = &config->list[i], .kind = kind, .loop = r->loop, .here = r->engine->workspace_name};
		o->known[o->count++] = (struct chat_known){&config->list[i], kind};
	}
}

static void advance(struct chats_running *r)
{
	if (r->busy || !r->wanted || r->closed)
		return;
	close_all(r);
	take(r);
	use(r);
}

void chats_open(struct engine *e, uv_loop_t *loop, struct chats *config)
{
	struct chats_running *r = e->chats_running;

	if (!r) {
		r = e->chats_running = mem_new(sizeof *r);
		r->engine = e;
		r->loop = loop;
		e->chat_order = on_order;
		e->chat_call = on_call;
	}
	chats_free(r->wanted);
	r->wanted = config;
	if (r->now.config && str_eq(r->now.config->digest, config->digest)) {
		chats_free(config);
		r->wanted = NULL;
	}
	advance(r);
}

void chats_close(struct engine *e)
{
	struct chats_running *r = e->chats_running;

	if (!r)
		return;
	r->closed = true;
	close_all(r);
}

void chats_running_free(struct chats_running *r)
{
	if (!r)
		return;
	chats_free(r->wanted);
	forget(&r->before);
	forget(&r->now);
	mem_free(r);
}
