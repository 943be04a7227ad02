/* Our own API: the sources, what came from them, and sending that once more. */
#include "api/delivery_notes.h"
#include "api/handlers.h"
#include "api/pages.h"
#include "store/chat.h"

#include <inttypes.h>

#define ANSWER_SHOWN (64 * KIB)
#define ALERTS_SHOWN 20

/* ---- whose ---- */

/* What stands for a source where there is none. */
static const struct {
	int64_t id;
	struct str name;
} lists[] = {{DELIVERIES_OPEN_API, {"api", 3}}, {DELIVERIES_UNKNOWN, {"-", 1}}};

static bool list_find(struct exchange *x, struct str name, int64_t *id)
{
	struct engine *e = x->work.engine;

	if (store_name_find(e->db, e->workspace_id, "source", name, id, &x->err))
		return true;
	for (size_t i = 0; i < COUNT_OF(lists) && !x->err.code; i++) {
		*id = lists[i].id;
		if (str_eq(name, lists[i].name))
			return true;
	}
	if (!x->err.code)
		x_fail(x, ERR_NOT_FOUND, "there is no source " STR_FMT, STR_ARG(str_clip(name, 60)));
	return false;
}

/* The source of a list, or what stands for one. */
static struct source source_of(struct exchange *x, int64_t id)
{
	struct engine *e = x->work.engine;
	struct source s = {.id = id};
	struct err ignored = {0};

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (lists[i].id == id)
			s.name = lists[i].name;
	if (id == DELIVERIES_OPEN_API)
		s.tool = S("alertmanager");
	if (id > 0 && !store_source_find(e->db, x_arena(x), e->workspace_id, id, &s, &ignored))
		s.name = S("-");
	return s;
}

static void add_time(struct json_out *o, const char *key, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	if (at)
		json_add_str(o, key, wall_write(text, at));
}

static void add_id(struct exchange *x, struct json_out *o, const char *key, int64_t id)
{
	if (id)
		json_add_str(o, key, arena_printf(x_arena(x), "%" PRId64, id));
}

static void put_source(struct exchange *x, struct json_out *o, const struct source *s)
{
	static const char *const ways[] = {"hmac", "header", "basic", "sns"};
	const struct delivery_counts *c = deliveries_counts(x->api->deliveries, s->id);
	struct err ignored = {0};
	const struct json *auth = s->auth.n ? json_parse(x_arena(x), s->auth, JSON_STRICT, &ignored) : NULL;

	json_open(o, '{');
	json_add_str(o, "name", s->name);
	json_add_str(o, "tool", s->tool);
	if (s->channel_id)
		json_add_str(o, "channel", id_write(x_arena(x), 'C', s->channel_id));
	json_key(o, "auth");
	json_open(o, '[');
	if (s->id > 0)
		json_put_str(o, S("key"));
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (json_get(auth, ways[i]))
			json_put_str(o, str_of(ways[i]));
	json_close(o, ']');
	json_add_int(o, "received", (int64_t)c->received);
	json_add_int(o, "refused", (int64_t)c->refused);
	add_time(o, "last_at", c->last_at);
	if (c->last_error_at) {
		json_key(o, "last_error");
		json_open(o, '{');
		add_time(o, "at", c->last_error_at);
		json_add_int(o, "status", c->last_error_status);
		json_add_str(o, "text", str_of(c->last_error));
		json_close(o, '}');
	}
	json_close(o, '}');
}

void v1_sources(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct source *all;
	struct json_out o;
	size_t count;

	if (!store_source_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return;
	o = x_object(x, 200);
	add_time(&o, "since", e->started);
	json_key(&o, "sources");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++)
		put_source(x, &o, &all[i]);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct source s = source_of(x, lists[i].id);

		if (deliveries_counts(x->api->deliveries, s.id)->received)
			put_source(x, &o, &s);
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

/* ---- deliveries ---- */

/* Why one cannot be sent once more; NULL: it can. */
static const char *why_no_replay(const struct seen_delivery *s)
{
	if (!s->route)
		return "it was refused before its body was read";
	if (s->source_id == DELIVERIES_UNKNOWN)
		return "it came without the key of a source, so nobody knows whose it is";
	if (s->unproven)
		return "its signature, token or password was missing or wrong, so nobody knows who sent it; have the "
		       "tool send it again";
	if (s->gone)
		return "its body is not kept any more: newer ones needed the room";
	return delivery_is_cut(s) ? "only the first 256 KiB of its body are kept" : NULL;
}

static void put_delivery(struct exchange *x, struct json_out *o, const struct seen_delivery *s)
{
	const char *no_replay = why_no_replay(s);

	add_id(x, o, "id", s->id);
	add_time(o, "at", s->at);
	add_time(o, "last_at", s->last_at);
	json_add_int(o, "times", s->times);
	json_add_int(o, "status", s->status);
	if (s->why.n)
		json_add_str(o, "error", s->why);
	json_add_int(o, "alerts", s->alerts);
	json_add_int(o, "changed", s->changed);
	json_add_str(o, "from", s->from);
	json_add_str(o, "method", s->method);
	json_add_str(o, "path", s->path);
	json_add_int(o, "body_bytes", (int64_t)s->body_bytes);
	add_id(x, o, "replay_of", s->replay_of);
	if (s->replay_by.n)
		json_add_str(o, "replay_by", s->replay_by);
	json_add_bool(o, "can_replay", !no_replay);
	if (no_replay)
		json_add_str(o, "no_replay", str_of(no_replay));
}

void v1_deliveries(struct exchange *x)
{
	const struct seen_delivery *all[DELIVERIES_PER_SOURCE];
	struct str end = S("/deliveries"), name = x->rest;
	struct json_out o;
	size_t count;
	int64_t id;

	if (!str_ends(name, end)) {
		x_fail(x, ERR_NOT_FOUND, "ask for /v1/sources/NAME/deliveries");
		return;
	}
	name.n -= end.n;
	if (!list_find(x, name, &id))
		return;
	count = deliveries_list(x->api->deliveries, id, all);
	o = x_object(x, 200);
	json_add_str(&o, "source", name);
	json_key(&o, "deliveries");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&o, '{');
		put_delivery(x, &o, all[i]);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

/* ---- one of them ---- */

static const struct seen_delivery *delivery_get(struct exchange *x, struct str id)
{
	const struct seen_delivery *s = NULL;
	int64_t number;

	if (str_to_int(id, &number))
		s = deliveries_find(x->api->deliveries, number);
	if (!s)
		x_fail(x, ERR_NOT_FOUND,
		       "there is no delivery " STR_FMT
		       " (any more): the last %d of each source are kept, until a restart",
		       STR_ARG(str_clip(id, 40)), DELIVERIES_PER_SOURCE);
	return s;
}

static void put_headers(struct json_out *o, struct str headers)
{
	struct str line, name, value;

	json_key(o, "headers");
	json_open(o, '[');
	while (headers.n) {
		headers = str_cut(headers, '\n', &line);
		json_open(o, '{');
		value = str_trim(str_cut(line, ':', &name));
		json_add_str(o, "name", name);
		json_add_str(o, "value", value);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void put_alert(struct exchange *x, struct json_out *o, const struct alert_event *ev)
{
	json_open(o, '{');
	json_add_str(o, "status", ev->firing ? S("firing") : S("resolved"));
	json_add_str(o, "severity", str_of(severity_name(alert_event_severity(ev))));
	json_add_str(o, "title", alert_title(x_arena(x), &ev->labels, &ev->annotations));
	json_close(o, '}');
}

/* Alertmanager's two forms come by the thousand and are read by hand: what they say is read again for whoever looks. */
static void put_alerts(struct exchange *x, struct json_out *o, const struct seen_delivery *s)
{
	struct err ignored = {0};
	const struct json *body = json_parse(x_arena(x), s->body, JSON_LAST_KEY_WINS, &ignored);
	const struct json *list = json_is(body, JSON_ARRAY) ? body : json_get(body, "alerts");
	struct str status = json_get_str(body, "status");
	size_t index = 0;

	json_open(o, '[');
	for (const struct json *m = list ? list->child : NULL; m && index < ALERTS_SHOWN; m = m->next, index++) {
		struct alert_event ev;
		struct err bad = {0};
		int http_status;

		if ((list == body ? alert_read_v2(x_arena(x), m, index, s->at, MINUTE, &ev, &http_status, &bad)
				  : alert_read_webhook(x_arena(x), m, status, s->at, &ev, &bad)) == ALERT_TAKEN)
			put_alert(x, o, &ev);
	}
	json_close(o, ']');
}

void v1_delivery(struct exchange *x)
{
	const struct seen_delivery *s = delivery_get(x, x->rest);
	struct source source;
	struct json_out o;

	if (!s)
		return;
	source = source_of(x, s->source_id);
	o = x_object(x, 200);
	put_delivery(x, &o, s);
	json_add_str(&o, "source", source.name);
	json_add_str(&o, "tool", source.tool);
	json_add_str(&o, "query", s->query);
	put_headers(&o, s->headers);
	json_key(&o, "body");
	delivery_body_write(&o, x_arena(x), s);
	json_add_bool(&o, "cut", delivery_is_cut(s));
	json_add_bool(&o, "gone", s->gone);
	json_key(&o, "events");
	if (s->events.n)
		json_put_raw(&o, s->events);
	else if (s->status < 400 && !s->gone && str_is(source.tool, "alertmanager"))
		put_alerts(x, &o, s);
	else
		json_put_raw(&o, S("[]"));
	json_close(&o, '}');
}

/* ---- once more ---- */

/* What it did, for the answer and the audit. */
struct replay {
	struct str source;
	int64_t of, id; /* id: what it is listed as now */
	int status;
	struct str why, answer;
	unsigned alerts, changed;
};

/* A copy for the length of the work: what is listed meanwhile may push the kept one out. */
static struct seen_delivery *delivery_copy(struct arena *a, const struct seen_delivery *s)
{
	struct seen_delivery *copy = arena_alloc(a, sizeof *copy);
	struct str *texts[] = {&copy->why,   &copy->from,    &copy->method, &copy->path, &copy->replay_by,
			       &copy->query, &copy->headers, &copy->body,   &copy->key,  &copy->events};

	*copy = *s;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		*texts[i] = arena_dup(a, *texts[i]);
	return copy;
}

static struct http_request *request_of(struct exchange *x, const struct seen_delivery *s)
{
	struct http_request *r = arena_alloc(x_arena(x), sizeof *r);
	struct str rest = s->headers, line, name;
	struct vec headers = {0};

	*r = *x->request;
	r->method = s->method;
	r->path = s->path;
	r->query = s->query;
	r->body = s->body;
	while (rest.n) {
		struct http_header *h = vec_push(x_arena(x), &headers, sizeof *h);

		rest = str_cut(rest, '\n', &line);
		h->value = str_trim(str_cut(line, ':', &name));
		h->name = name;
	}
	r->headers = headers.items;
	r->header_count = headers.count;
	return r;
}

/* Runs the handler of the delivery as a part of this work item: its effects are this item's, and so is its failure. What came
 * by mail goes to the webhook that it is listed as. */
static void replay_run(struct exchange *x, const struct seen_delivery *s, struct replay *out)
{
	struct exchange inner = {.work = x->work,
				 .api = x->api,
				 .user = x->user,
				 .request = request_of(x, s),
				 .note = {.replay = s, .source_id = s->source_id}};
	bool ignored;

	inner.route = route_find(inner.request, &inner.rest, &ignored);
	if (!inner.route)
		inner.route = s->route;
	buf_init(&inner.body, ANSWER_SHOWN);
	buf_init(&inner.headers, 8 * KIB);
	inner.route->run(&inner);
	if (inner.work.failed && !inner.err.code)
		inner.err = inner.work.err;
	if (inner.err.code)
		x_write_error(&inner);
	delivery_list(&inner);
	x->work.effects_tail = inner.work.effects_tail;
	x->work.failed = inner.work.failed || inner.err.code;
	x->note.id = inner.note.id;
	*out = (struct replay){.source = source_of(x, s->source_id).name,
			       .of = s->id,
			       .id = inner.note.id,
			       .status = inner.status ? inner.status : 200,
			       .why = arena_dup(x_arena(x), inner.note.why.n ? inner.note.why : str_of(inner.err.text)),
			       .answer = arena_dup(x_arena(x), buf_str(&inner.body)),
			       .alerts = inner.note.alerts,
			       .changed = inner.note.changed};
	if (err_is_outage(inner.err.code))
		x->err = inner.err;
	buf_done(&inner.body);
	buf_done(&inner.headers);
}

static void replay_answer(struct exchange *x)
{
	const struct replay *r = x->context;
	bool ok = r->status < 400;
	struct str detail =
		arena_printf(x_arena(x), "{\"delivery\":\"%" PRId64 "\",\"status\":%d,\"source\":", r->of, r->status);
	struct json_out o = x_json(x, 200);

	json_put_str(&o, r->source);
	detail = arena_printf(x_arena(x), STR_FMT STR_FMT "}", STR_ARG(detail), STR_ARG(buf_str(&x->body)));
	if (!x_audit(x, x->user.id, "delivery.replay", detail, ok ? "ok" : "refused")) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_add_bool(&o, "ok", ok);
	json_add_int(&o, "status", r->status);
	if (r->why.n)
		json_add_str(&o, "error", r->why);
	json_add_int(&o, "alerts", r->alerts);
	json_add_int(&o, "changed", r->changed);
	add_id(x, &o, "delivery", r->id);
	json_add_str(&o, "answer", r->answer);
	json_close(&o, '}');
}

/* A refusal undoes what the item wrote; that it was tried is written by a second one. */
static void replay_refused(struct exchange *x)
{
	x->next_run = replay_answer;
	if (!engine_submit(x->api->engine, &x->work))
		api_refuse(x->api, x->request, ERR_UNAVAILABLE, "too much is queued; try again in a moment");
}

void v1_delivery_replay(struct exchange *x)
{
	struct str end = S("/replay"), id = x->rest;
	const struct seen_delivery *s;
	const char *why_not;

	if (!str_ends(id, end)) {
		x_fail(x, ERR_NOT_FOUND, "ask for /v1/deliveries/ID/replay");
		return;
	}
	id.n -= end.n;
	if (!(s = delivery_get(x, id)))
		return;
	if ((why_not = why_no_replay(s))) {
		x_fail(x, ERR_CONFLICT, "this delivery cannot be sent once more: %s", why_not);
		return;
	}
	x->context = arena_alloc(x_arena(x), sizeof(struct replay));
	replay_run(x, delivery_copy(x_arena(x), s), x->context);
	if (x->err.code)
		return;
	if (x->work.failed)
		x->finish = replay_refused;
	else
		replay_answer(x);
}
