#include "api/delivery_notes.h"

#include "api/handlers.h"
#include "api/pages.h"
#include "store/chat.h"

#define EVENTS_SHOWN 20
#define EVENTS_MAX (32 * KIB)

/* ---- what became of it ---- */

static void put_event(struct exchange *x, struct json_out *o, int64_t source_id, const struct event *e)
{
	struct group *g = alerts_open_of(&x->work, source_id, e->dedup_key);

	json_open(o, '{');
	json_add_str(o, "status", e->acknowledged ? S("acknowledged") : str_of(event_status_name(e->status)));
	json_add_str(o, "severity", str_of(severity_name(e->severity)));
	json_add_str(o, "title", e->title);
	json_add_str(o, "dedup_key", e->dedup_key);
	if (g)
		json_add_str(o, "alert", group_row(g)->short_id);
	json_close(o, '}');
}

static struct str events_write(struct exchange *x)
{
	const struct delivery_note *n = &x->note;
	struct json_out o;
	struct buf b;

	if (!n->events)
		return S("");
	buf_init(&b, EVENTS_MAX);
	o = json_out(&b);
	json_open(&o, '[');
	for (size_t i = 0; i < n->event_count && i < EVENTS_SHOWN; i++)
		put_event(x, &o, n->source_id, &n->events[i]);
	json_close(&o, ']');
	if (b.failed) /* cut JSON is worse than none */
		buf_reset(&b);
	return buf_keep(x_arena(x), &b);
}

void delivery_taken(struct exchange *x, const struct delivery *d)
{
	struct delivery_note *n = &x->note;

	n->told = true;
	n->alerts = d->alerts;
	n->changed = d->changed;
	n->why = d->bad;
	n->events = d->events;
	n->event_count = d->event_count;
}

/* ---- into the list ---- */

/* What must not be shown is masked before anything is kept. */
static void mask(struct exchange *x, struct seen_delivery *s)
{
	const struct http_request *r = x->request;
	const struct delivery_note *n = &x->note;
	struct arena *a = x_arena(x);

	if (n->replay) {
		s->replay_of = n->replay->id;
		s->replay_by = x->user.name;
		s->path = n->replay->path;
		s->query = n->replay->query;
		s->headers = n->replay->headers;
		return;
	}
	s->path = delivery_path(a, r->path, str_of(x->route->path), str_of(x->route->arguments), n->key);
	s->query = delivery_query(a, r->query, n->key);
	s->headers = delivery_headers(a, r, n->auth);
}

void delivery_list(struct exchange *x)
{
	const struct http_request *r = x->request;
	struct delivery_note *n = &x->note;
	struct seen_delivery s = {.source_id = n->source_id,
				  .at = x->work.now,
				  .status = x->status ? x->status : 200,
				  .alerts = n->alerts,
				  .changed = n->changed,
				  .why = n->why.n ? n->why : str_of(x->err.text),
				  .from = r->remote,
				  .method = r->method,
				  .route = n->unread ? NULL : x->route,
				  .body_bytes = r->body.n,
				  .unproven = n->unproven,
				  .same = delivery_same(r->path, r->query, r->body),
				  .body = r->body,
				  .key = n->key};

	n->id = n->replay ? 0 : deliveries_again(x->api->deliveries, &s);
	if (n->id)
		return;
	s.id = n->id = engine_id(&x->work);
	s.events = x->err.code ? S("") : events_write(x);
	mask(x, &s);
	deliveries_add(x->api->deliveries, &s);
}

/* ---- the commit failed ---- */

struct undone {
	struct work work;
	struct arena arena;
	struct api *api;
	int64_t id;
	int status;
	struct str why;
};

static void undone_run(struct work *w)
{
	struct undone *u = (struct undone *)w;

	deliveries_correct(u->api->deliveries, u->id, u->status, u->why);
}

static void undone_done(struct work *w)
{
	struct undone *u = (struct undone *)w;

	arena_done(&u->arena);
	mem_free(u);
}

void delivery_undone(struct exchange *x)
{
	const struct err *why = x->err.code ? &x->err : &x->work.err;
	struct undone *u = mem_new(sizeof *u);

	u->work.run = undone_run;
	u->work.done = undone_done;
	u->work.background = true;
	u->work.arena = &u->arena;
	u->api = x->api;
	u->id = x->note.id;
	u->status = x->status >= 400 ? x->status : err_info(why->code)->http_status;
	u->why = arena_dup(&u->arena, str_of(why->text));
	if (!engine_submit(x->api->engine, &u->work))
		undone_done(&u->work);
}

/* ---- refused by the server, before it became an exchange ---- */

/* The key, as far as a head can show it. */
static struct str key_in_path(struct str rest, struct str arguments)
{
	struct str part, name;

	while (arguments.n) {
		arguments = str_cut(arguments, '/', &name);
		rest = str_cut(rest, '/', &part);
		if (str_is(name, "KEY"))
			return part;
	}
	return S("");
}

static struct str key_of(struct exchange *x)
{
	struct str auth = http_header_get(x->request, "Authorization"), word, user;
	struct str key = key_in_path(x->rest, str_of(x->route->arguments));

	if (key.n || bearer_parse(auth, &key) || basic_parse(x_arena(x), auth, &user, &key))
		return key;
	key = str_trim(str_cut(auth, ' ', &word));
	return str_eq_nocase(word, S("GenieKey")) ? key : x_query(x, "token");
}

static void refused_run(struct work *w)
{
	struct exchange *x = (struct exchange *)w;
	struct source s = {.name = S("?")};
	struct engine *e = w->engine;
	struct err ignored = {0};

	x->note.key = key_of(x);
	if (x->note.key.n && x->note.key.n <= 200 &&
	    store_source_by_key(e->db, x_arena(x), e->workspace_id, auth_hash(x_arena(x), x->note.key), &s, &ignored)) {
		x->note.source_id = s.id;
		x->note.auth = s.auth;
	}
	x->note.unread = true;
	hook_refused(x, s.name);
	delivery_list(x);
}

static void refused_done(struct work *w)
{
	exchange_free((struct exchange *)w);
}

void api_on_refused(void *context, struct http_request *r, int status, const char *detail)
{
	struct api *api = context;
	const struct http_route *route;
	struct exchange *x;
	struct str rest;
	bool ignored;

	route = route_find(r, &rest, &ignored);
	if (!route || !(route->flags & ROUTE_SOURCE) || str_is(r->method, "GET")) {
		http_request_free(r);
		return;
	}
	x = exchange_new(api, r, route, rest);
	x->status = status;
	err_set(&x->err, err_of_http_status(status), "%s", detail);
	x->work.run = refused_run;
	x->work.done = refused_done;
	if (!engine_submit(api->engine, &x->work))
		exchange_free(x);
}
