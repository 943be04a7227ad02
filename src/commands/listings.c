#include "commands/listings.h"

#include "base/log.h"
#include "commands/plugin_go.h"
#include "commands/rulebook.h"
#include "engine/runs.h"
#include "net/client.h"
#include "ops/plugin_rpc.h"
#include "store/journal.h"

#include <stdio.h>

#define ASK_EVERY (10 * SECOND)
#define ASK_AT_LEAST_EVERY (60 * MINUTE)
#define DEADLINE (10 * SECOND)
#define LOST_AFTER MINUTE /* what was asked and never answered: its commit failed */
#define AT_ONCE 8

/* What the work thread knows of one server. */
struct listing {
	char name[48];
	span_ms wait;       /* 0: it was not asked yet */
	wall_ms next, lost; /* lost: not 0 while a question is under way */
	enum { WELL, SILENT, WRONG } state;
	char why[300];
};

struct listings {
	struct engine *engine;
	void (*reread)(void *context);
	void *context;
	uv_loop_t *loop;
	struct http_client *client; /* the net thread's; NULL: nothing was asked yet */
	bool unwritable;            /* the net thread's: said already */
	struct listing known[PLUGINS_MAX];
	size_t count;
};

/* A question, then its answer: one item. */
struct asked {
	struct work work; /* first */
	struct arena arena;
	struct listings *listings;
	struct str name, dir, url, headers[4];
	struct str body;    /* of the answer */
	bool good, changed;
	struct err err;
	uv_work_t uv;
};

/* ---- what is known ---- */

static struct listing *known(struct listings *l, struct str name)
{
	struct listing *one;

	for (size_t i = 0; i < l->count; i++)
		if (str_is(name, l->known[i].name))
			return &l->known[i];
	one = &l->known[l->count < PLUGINS_MAX ? l->count++ : 0]; /* so many plugins there are at most; who is gone makes room */
	*one = (struct listing){.wait = 0};
	snprintf(one->name, sizeof one->name, STR_FMT, STR_ARG(name));
	return one;
}

static void failed(struct listing *one, int state, const char *why, wall_ms now)
{
	if ((int)one->state != state)
		log_error(EV_LISTING, F_TXT("plugin", one->name), F_TXT("error", why));
	one->state = state;
	snprintf(one->why, sizeof one->why, "%s", why);
	one->wait = one->wait ? one->wait * 3 / 2 : ASK_EVERY;
	if (one->wait > ASK_AT_LEAST_EVERY)
		one->wait = ASK_AT_LEAST_EVERY;
	one->next = now + one->wait;
}

static void well(struct listing *one, wall_ms now)
{
	if (one->state != WELL)
		log_info(EV_LISTING, F_TXT("plugin", one->name), F_TXT("state", "answers again"));
	one->state = WELL;
	one->wait = ASK_EVERY;
	one->next = now + one->wait;
}

struct str listings_fault(const struct engine *e, struct str plugin)
{
	const struct listings *l = e->listings;

	for (size_t i = 0; l && i < l->count; i++)
		if (str_is(plugin, l->known[i].name) && l->known[i].state != WELL)
			return str_of(l->known[i].why);
	return S("");
}

/* ---- the answer ---- */

static void asked_free(struct asked *q)
{
	arena_done(&q->arena);
	mem_free(q);
}

static void over(struct asked *q)
{
	engine_busy(q->listings->engine, -1);
	asked_free(q);
}

/* Would the plugin be taken with it? */
static bool is_good(struct work *w, const struct plugin *p, struct str listing, struct err *err)
{
	struct plugin *next = plugin_parse(p->manifest, listing, p->file.p, err);
	bool good = next && rulebook_fits(w->engine->rulebook, next, err);

	plugin_free(next);
	return good;
}

static void answer_run(struct work *w)
{
	struct asked *q = (struct asked *)w;
	const struct plugin *p = rulebook_plugin(w->engine->rulebook, q->name);
	struct listing *one = known(q->listings, q->name);
	bool came = q->good;

	one->lost = 0;
	if (!p || p->carrier != PLUGIN_RPC)
		return;
	if (q->good && !str_eq(q->body, p->listing)) {
		q->good = is_good(w, p, q->body, &q->err);
		q->changed = q->good;
		q->dir = arena_dup(&q->arena, w->engine->rulebook->plugins_dir);
	}
	if (q->good)
		well(one, w->now);
	else
		failed(one, came ? WRONG : SILENT, q->err.text, w->now);
}

static void write_run(uv_work_t *uv)
{
	struct asked *q = uv->data;

	(void)!plugin_listing_write(&q->arena, q->dir, q->name, q->body, &q->err);
}

static void write_done(uv_work_t *uv, int status)
{
	struct asked *q = uv->data;

	(void)status;
	if (q->err.code && !q->listings->unwritable)
		log_error(EV_LISTING, F_STR("plugin", q->name), F_TXT("error", q->err.text));
	if (!q->err.code) {
		log_info(EV_LISTING, F_STR("plugin", q->name), F_TXT("state", "changed"));
		q->listings->reread(q->listings->context);
	}
	q->listings->unwritable = q->err.code != ERR_NONE;
	over(q);
}

static void answer_done(struct work *w)
{
	struct asked *q = (struct asked *)w;

	if (w->failed || !q->changed) {
		over(q);
		return;
	}
	q->uv.data = q;
	uv_queue_work(q->listings->loop, &q->uv, write_run, write_done);
}

static void on_answer(void *context, const struct client_answer *a)
{
	struct asked *q = context;

	q->good = a->reached && a->status == 200 && a->body.n;
	if (!a->reached)
		q->err = a->err;
	else if (!q->good)
		err_set(&q->err, ERR_UNAVAILABLE, "the server answered with the status %d%s", a->status, a->body.n ? "" : " and nothing");
	q->body = arena_dup(&q->arena, a->body);
	q->work.arena = &q->arena;
	q->work.run = answer_run;
	q->work.done = answer_done;
	q->work.background = true;
	(void)!engine_submit(q->listings->engine, &q->work);
}

/* ---- the question ---- */

/* After the commit, on the net thread. */
static void send_now(void *context)
{
	const struct asked *order = context;
	struct listings *l = order->listings;
	struct asked *q = mem_new(sizeof *q);
	struct client_request r = {.method = "GET",
				   .url = order->url,
				   .headers = (struct str *)order->headers,
				   .header_count = COUNT_OF(order->headers),
				   .deadline = DEADLINE,
				   .answer_max_bytes = PLUGIN_MANIFEST_MAX};

	arena_init(&q->arena);
	q->listings = l;
	q->name = arena_dup(&q->arena, order->name);
	if (!l->client)
		l->client = http_client_new(l->loop, AT_ONCE);
	engine_busy(l->engine, 1);
	http_client_send(l->client, &r, on_answer, q);
}

static bool ask(struct work *w, struct listings *l, const struct plugin *p, struct err *err)
{
	struct asked *q = arena_zero(w->arena, sizeof *q);
	struct rpc_headers h;
	struct str key;

	if (!plugin_secret(w, p->name, p->key, 0, 0, &key, err) || !rpc_sign(w->arena, key, p->key_id, p->url, crypt_word(w->arena, 32), w->now, S(""), &h, err))
		return false;
	q->listings = l;
	q->name = arena_dup(w->arena, p->name);
	q->url = arena_dup(w->arena, p->url);
	q->headers[0] = h.nonce;
	q->headers[1] = h.timestamp;
	q->headers[2] = h.signature;
	q->headers[3] = S("Accept: application/json");
	effect_call(w, send_now, q);
	return true;
}

bool listings_ask(struct work *w, wall_ms *again_at)
{
	const struct rulebook *r = w->engine->rulebook;
	struct listings *l = w->engine->listings;

	for (size_t i = 0; l && i < r->plugin_count; i++) {
		const struct plugin *p = r->plugins[i];
		struct listing *one;
		struct err err = {0};

		if (p->carrier != PLUGIN_RPC)
			continue;
		*again_at = w->now + ASK_EVERY;
		one = known(l, p->name);
		if (one->next > w->now || one->lost > w->now)
			continue;
		if (ask(w, l, p, &err))
			one->lost = w->now + LOST_AFTER;
		else
			failed(one, WRONG, err.text, w->now);
	}
	return true;
}

bool listings_now(struct work *w, struct err *err)
{
	const struct rulebook *r = w->engine->rulebook;
	struct listings *l = w->engine->listings;
	bool any = false;

	for (size_t i = 0; l && i < l->count; i++) {
		l->known[i].next = 0;
		l->known[i].wait = 0;
	}
	for (size_t i = 0; i < r->plugin_count; i++)
		any |= r->plugins[i]->carrier == PLUGIN_RPC;
	effect_wake(w);
	return store_timer_drop(w->engine->db, w->engine->workspace_id, TIMER_LISTINGS, err) &&
	       (!any || store_due_add(w->engine->db, DUE_TIMER, w->engine->workspace_id, engine_id(w), w->now, TIMER_LISTINGS, S(""), err));
}

struct listings *listings_new(struct engine *e, uv_loop_t *loop, void (*reread)(void *context), void *context)
{
	struct listings *l = mem_new(sizeof *l);

	l->engine = e;
	l->loop = loop;
	l->reread = reread;
	l->context = context;
	e->listings = l;
	e->listings_due = listings_ask;
	return l;
}

void listings_free(struct listings *l)
{
	if (!l)
		return;
	http_client_free(l->client);
	l->engine->listings = NULL;
	mem_free(l);
}
