#include "api/exchange.h"

#include "api/delivery_notes.h"
#include "api/pagers.h"
#include "api/pages.h"
#include "base/log.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>

#define READ_AHEAD_MAX (64 * KIB) /* more would hold up the other connections */
#define ANSWER_MAX (256 * MIB) /* all alerts of a storm fit; a page of anything else is far smaller */

/* ---- the handler's tools ---- */

struct json_out x_json(struct exchange *x, int status)
{
	x->status = status;
	x->content_type = "application/json; charset=utf-8";
	buf_reset(&x->body);
	return json_out(&x->body);
}

struct json_out x_object(struct exchange *x, int status)
{
	struct json_out o = x_json(x, status);

	json_open(&o, '{');
	return o;
}

void x_fail(struct exchange *x, enum err_code code, const char *fmt, ...)
{
	char text[sizeof x->err.text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(&x->err, code, "%s", text);
}

void x_text(struct exchange *x, int status, const char *text)
{
	x->status = status;
	x->content_type = "text/plain; charset=utf-8";
	buf_reset(&x->body);
	buf_add(&x->body, str_of(text));
}

struct json *x_body(struct exchange *x)
{
	struct json *body = json_parse(x_arena(x), x->request->body.n ? x->request->body : S("{}"), JSON_STRICT, &x->err);

	if (body && body->type != JSON_OBJECT) {
		x_fail(x, ERR_INVALID, "the body must be a JSON object");
		return NULL;
	}
	return body;
}

struct str x_query(struct exchange *x, const char *name)
{
	struct form form;
	struct err ignored = {0};

	return form_parse(x_arena(x), x->request->query, &form, &ignored) ? form_get(&form, name) : S("");
}

unsigned x_limit(struct exchange *x, unsigned usual, unsigned most)
{
	int64_t wanted;

	if (!str_to_int(x_query(x, "limit"), &wanted) || wanted < 1)
		return usual;
	return wanted > most ? most : (unsigned)wanted;
}

bool x_audit(struct exchange *x, int64_t actor_id, const char *action, struct str detail, const char *result)
{
	return audit_note(&x->work, x->work.engine->workspace_id, actor_id, action, x->by_cookie ? "console" : "api", detail, result, &x->err);
}

struct str x_from(struct exchange *x)
{
	return arena_printf(x_arena(x), "{\"from\":\"" STR_FMT "\"}", STR_ARG(x->request->remote));
}

/* ---- errors, as each kind of client expects them ---- */

static void write_problem(struct exchange *x)
{
	const struct err_info *info = err_info(x->err.code);
	int status = x->status >= 400 ? x->status : info->http_status;
	struct json_out o = x_json(x, status);

	x->content_type = "application/problem+json";
	json_open(&o, '{');
	json_add_str(&o, "type", S("about:blank"));
	json_add_str(&o, "title", str_of(info->title));
	json_add_int(&o, "status", status);
	json_add_str(&o, "detail", str_of(x->err.text));
	json_add_str(&o, "code", str_of(info->name));
	json_close(&o, '}');
	if (status == 503 || status == 507 || status == 429)
		buf_printf(&x->headers, "Retry-After: %lld\r\n", (long long)((x->retry_after ? x->retry_after : 2 * SECOND) / SECOND));
	if (status == 401)
		buf_add(&x->headers, S("WWW-Authenticate: Bearer\r\n"));
}

static void write_slack_error(struct exchange *x)
{
	struct json_out o;
	bool outage = err_is_outage(x->err.code);

	/* Slack's clients try again on 5xx: right for an outage, wrong for anything else. */
	o = x_json(x, outage ? 503 : 200);
	json_open(&o, '{');
	json_add_bool(&o, "ok", false);
	json_add_str(&o, "error", outage ? S("service_unavailable") : str_of(x->err.text));
	json_close(&o, '}');
	if (outage)
		buf_add(&x->headers, S("Retry-After: 2\r\n"));
}

static void write_webhook_error(struct exchange *x)
{
	if (err_is_outage(x->err.code))
		x_text(x, 503, "service_unavailable");
	else
		x_text(x, x->status >= 400 ? x->status : err_info(x->err.code)->http_status, x->err.text);
}

static void write_alertmanager_error(struct exchange *x)
{
	int status = x->status >= 400 ? x->status : err_info(x->err.code)->http_status;
	struct json_out o = x_json(x, status);

	x->content_type = "application/json";
	if (x->plain_json_error) {
		json_put_str(&o, str_of(x->err.text));
	} else {
		json_open(&o, '{');
		json_add_int(&o, "code", status == 422 ? 602 : status);
		json_add_str(&o, "message", str_of(x->err.text));
		json_close(&o, '}');
	}
	buf_char(&x->body, '\n');
	if (status == 401)
		buf_add(&x->headers, S("WWW-Authenticate: Basic realm=\"opsroom\"\r\n"));
	if (status >= 500)
		buf_add(&x->headers, S("Retry-After: 2\r\n"));
}

void x_write_error(struct exchange *x)
{
	static void (*const writers[])(struct exchange *) = {
		[DIALECT_OURS] = write_problem,
		[DIALECT_SLACK] = write_slack_error,
		[DIALECT_WEBHOOK] = write_webhook_error,
		[DIALECT_ALERTMANAGER] = write_alertmanager_error,
		[DIALECT_VICTOROPS] = victorops_write_error,
		[DIALECT_OPSGENIE] = opsgenie_write_error,
		[DIALECT_PAGERDUTY] = pagerduty_write_error,
	};

	writers[x->route->dialect](x);
}

/* ---- the same request twice ---- */

struct idempotency {
	struct str key, request_hash;
};

static bool idempotency_wanted(struct exchange *x, struct idempotency *id)
{
	struct str given = http_header_get(x->request, "Idempotency-Key");
	struct arena *a = x_arena(x);

	if (!(x->route->flags & ROUTE_IDEMPOTENT) || !given.n || (x->route->dialect == DIALECT_SLACK && !x->user.id))
		return false;
	if (given.n > 200) {
		x_fail(x, ERR_INVALID, "Idempotency-Key is longer than 200 characters");
		return false;
	}
	id->key = crypt_sha256_hex(a, arena_printf(a, "%" PRId64 " " STR_FMT " " STR_FMT, x->user.id, STR_ARG(x->request->path), STR_ARG(given)));
	id->request_hash = crypt_sha256_hex(a, x->request->body);
	return true;
}

/* The stored answer is `STATUS TYPE\nBODY`. true: the exchange is answered. */
static bool idempotency_answer(struct exchange *x, const struct idempotency *id)
{
	struct engine *e = x->work.engine;
	struct str stored, head, status, type, body;
	bool same;
	int64_t code;

	if (!store_idempotency_find(e->db, x_arena(x), e->workspace_id, id->key, id->request_hash, x->work.now, &same, &stored, &x->err))
		return false;
	if (!same) {
		x->status = 422;
		x_fail(x, ERR_CONFLICT, x->route->dialect == DIALECT_SLACK ? "idempotency_mismatch" : "this Idempotency-Key was used with another request");
		return true;
	}
	body = str_cut(stored, '\n', &head);
	type = str_cut(head, ' ', &status);
	x->status = str_to_int(status, &code) ? (int)code : 200;
	x->content_type = type.n ? arena_dup(x_arena(x), type).p : NULL;
	buf_reset(&x->body);
	buf_add(&x->body, body);
	buf_add(&x->headers, S("Idempotent-Replayed: true\r\n"));
	return true;
}

static bool idempotency_keep(struct exchange *x, const struct idempotency *id)
{
	struct engine *e = x->work.engine;
	struct str stored;

	if (x->err.code || x->status >= 400)
		return true;
	stored = arena_printf(x_arena(x), "%d %s\n" STR_FMT, x->status, x->content_type ? x->content_type : "", STR_ARG(buf_str(&x->body)));
	return store_idempotency_add(e->db, e->workspace_id, id->key, id->request_hash, stored, x->work.now + DAY, &x->err);
}

/* ---- on the work thread ---- */

static bool may(struct exchange *x)
{
	enum who who = x->route->who;

	if (who < WHO_PERSON)
		return true;
	if (!x->user.id)
		x_fail(x, ERR_UNAUTHENTICATED, "this needs a login or an API token");
	else if (who == WHO_ADMIN && (x->user.role < ROLE_ADMIN || x->caller.scope < SCOPE_ADMIN))
		x_fail(x, ERR_FORBIDDEN, "this needs the role admin%s", x->user.role < ROLE_ADMIN ? "" : " and a token with the scope admin");
	else if (who == WHO_WRITER && x->caller.scope < SCOPE_WRITE)
		x_fail(x, ERR_FORBIDDEN, "this token may only read; it needs the scope write");
	else if (who == WHO_RESPONDER && x->user.role < ROLE_RESPONDER)
		x_fail(x, ERR_FORBIDDEN, "this needs the role responder; yours is %s. An admin can change that", role_name(x->user.role));
	else if (who == WHO_RESPONDER && x->caller.scope < SCOPE_WRITE)
		x_fail(x, ERR_FORBIDDEN, "this token may only read; it needs the scope write");
	else if (who == WHO_OPERATOR && x->user.role < ROLE_OPERATOR)
		x_fail(x, ERR_FORBIDDEN, "this needs the role operator");
	else if (who == WHO_OPERATOR && x->caller.scope < SCOPE_WRITE && !str_is(x->request->method, "GET"))
		x_fail(x, ERR_FORBIDDEN, "this token may only read; it needs the scope write");
	return x->err.code == ERR_NONE;
}

/* What a call of the route needs at least; commands and Slack's methods say it themselves. */
static enum scope route_needs(const struct exchange *x)
{
	switch (x->route->who) {
	case WHO_ADMIN:
		return SCOPE_ADMIN;
	case WHO_WRITER:
	case WHO_RESPONDER:
		return SCOPE_WRITE;
	case WHO_OPERATOR:
		return str_is(x->request->method, "GET") ? SCOPE_READ : SCOPE_WRITE;
	default:
		return SCOPE_READ;
	}
}

/* Somebody whom we know asked for what they may not. */
static bool audit_refusal(struct exchange *x)
{
	struct json_out o;
	struct buf b;

	if (x->err.code != ERR_FORBIDDEN)
		return true;
	buf_init(&b, 32 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "call", arena_printf(x_arena(x), STR_FMT " " STR_FMT, STR_ARG(x->request->method), STR_ARG(str_clip(x->request->path, 200))));
	json_add_str(&o, "why", str_of(x->err.text));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return audit_note(&x->work, x->work.engine->workspace_id, x->user.id, "refused", x->by_cookie ? "console" : "api", buf_keep(x_arena(x), &b), "forbidden", &x->work.err);
}

void exchange_run(struct work *w)
{
	struct exchange *x = (struct exchange *)w;
	struct idempotency id;
	bool keep;

	if (!x->body.max) {
		buf_init(&x->body, ANSWER_MAX);
		buf_init(&x->headers, 8 * KIB);
	}
	x->finish = NULL;
	x->needed = route_needs(x);
	if (x->route->dialect == DIALECT_OURS)
		auth_identify(x, x->route->flags & ROUTE_QUERY_TOKEN ? x_query(x, "token") : S(""));
	else if (x->route->dialect == DIALECT_SLACK)
		slack_identify(x);
	if (x->route->dialect != DIALECT_OURS || may(x)) {
		keep = idempotency_wanted(x, &id);
		if (!x->err.code && !(keep && idempotency_answer(x, &id))) {
			(x->next_run ? x->next_run : x->route->run)(x);
			if (keep && !w->failed && !x->finish && !idempotency_keep(x, &id))
				w->failed = true;
		}
	} else if (!audit_refusal(x)) {
		x->err = w->err;
	}
	if (x->body.failed && !x->err.code) { /* cut JSON is worse than none */
		x->status = 422;
		x_fail(x, ERR_TOO_BIG, "the answer would have more than %u MiB; ask for less", ANSWER_MAX / MIB);
		w->failed = true;
	}
	token_note_use(x);
	if (w->failed && !x->err.code)
		x->err = w->err;
	if (x->err.code)
		w->failed = w->failed || err_is_outage(x->err.code);
	if (x->err.code)
		x_write_error(x);
	if (x->note.told)
		delivery_list(x);
}

/* ---- on the net thread ---- */

void exchange_free(struct exchange *x)
{
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request); /* the exchange lies in its arena */
}

static void exchange_done(struct work *w)
{
	struct exchange *x = (struct exchange *)w;

	/* The commit failed: what the handler wrote is not true. */
	if (w->err.code && !x->err.code) {
		x->err = w->err;
		x->finish = NULL;
		x->status = 0;
		buf_reset(&x->headers);
		x_write_error(x);
		if (x->note.id)
			delivery_undone(x);
	}
	if (x->finish && !x->err.code) {
		x->finish(x);
		return;
	}
	http_answer(x->api->server, x->request->conn,
		    &(struct http_answer){.status = x->status ? x->status : 200, .content_type = x->content_type, .headers = buf_str(&x->headers), .body = buf_str(&x->body)});
	exchange_free(x);
}

struct thinking {
	uv_work_t uv;
	struct exchange *exchange;
	void (*think)(struct exchange *x);
};

static void think_run(uv_work_t *uv)
{
	struct thinking *t = (struct thinking *)uv;

	t->think(t->exchange);
}

void x_go_on(struct exchange *x, void (*next_run)(struct exchange *x))
{
	x->next_run = next_run;
	if (engine_submit(x->api->engine, &x->work))
		return;
	buf_done(&x->body);
	buf_done(&x->headers);
	api_refuse(x->api, x->request, ERR_UNAVAILABLE, "too much is queued; try again in a moment");
}

static void think_done(uv_work_t *uv, int status)
{
	struct thinking *t = (struct thinking *)uv;
	struct exchange *x = t->exchange;

	(void)status;
	mem_free(t);
	engine_busy(x->api->engine, -1);
	x_go_on(x, x->next_run);
}

void x_think(struct exchange *x, void (*think)(struct exchange *x), void (*next_run)(struct exchange *x))
{
	struct thinking *t = mem_new(sizeof *t);

	t->exchange = x;
	t->think = think;
	x->next_run = next_run;
	engine_busy(x->api->engine, 1);
	uv_queue_work(x->api->loop, &t->uv, think_run, think_done);
}

static void read_with_store(struct exchange *x)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/opsroom.db", x->api->engine->config.data_dir);
	x->reader = db_open_reader(path, &x->err);
	if (x->reader)
		x->read(x);
	db_close(x->reader);
	x->reader = NULL;
}

static void answer_is_written(struct exchange *x)
{
	(void)x;
}

static void read_apart(struct exchange *x)
{
	x_think(x, read_with_store, answer_is_written);
}

void x_read_apart(struct exchange *x, void (*read)(struct exchange *x))
{
	x->read = read;
	x->finish = read_apart;
}

/* ---- finding the route ---- */

static bool route_matches(const struct http_route *r, struct str path, struct str *rest)
{
	struct str p = str_of(r->path);

	*rest = S("");
	if (!(r->flags & ROUTE_PREFIX))
		return str_eq(path, p);
	if (!str_starts(path, p))
		return false;
	*rest = str_n(path.p + p.n, path.n - p.n);
	return true;
}

const struct http_route *route_find(const struct http_request *r, struct str *rest, bool *other_method)
{
	*other_method = false;
	for (size_t i = 0; i < route_count; i++) {
		if (!route_matches(&routes[i], r->path, rest))
			continue;
		if (routes[i].method[0] == '*' || str_is(r->method, routes[i].method))
			return &routes[i];
		*other_method = true;
	}
	return NULL;
}

struct exchange *exchange_new(struct api *api, struct http_request *r, const struct http_route *route, struct str rest)
{
	struct exchange *x = arena_zero(&r->arena, sizeof *x);

	x->api = api;
	x->request = r;
	x->route = route;
	x->rest = rest;
	x->work.arena = &r->arena;
	return x;
}

void api_refuse(struct api *api, struct http_request *r, enum err_code code, const char *text)
{
	static const struct http_route plain = {.dialect = DIALECT_OURS};
	struct exchange *x = exchange_new(api, r, &plain, S(""));

	buf_init(&x->body, ANSWER_MAX);
	buf_init(&x->headers, 8 * KIB);
	if (code == ERR_UNSUPPORTED)
		x->status = 405;
	x_fail(x, code, "%s", text);
	x_write_error(x);
	http_answer(api->server, r->conn, &(struct http_answer){.status = x->status, .content_type = x->content_type, .headers = buf_str(&x->headers), .body = buf_str(&x->body)});
	exchange_free(x);
}

/* The work thread is everybody's; it mostly waits for the disk, and what can be done meanwhile is done here. Who sends what
 * is no JSON is told by the handler, which reads it again. */
static void read_ahead(struct exchange *x)
{
	struct err ignored = {0};

	if ((x->route->flags & ROUTE_JSON) && x->request->body.n && x->request->body.n <= READ_AHEAD_MAX)
		x->json = json_parse(x_arena(x), x->request->body, JSON_LAST_KEY_WINS, &ignored);
}

void api_on_request(void *context, struct http_request *r)
{
	struct api *api = context;
	const struct http_route *route;
	struct exchange *x;
	struct str rest;
	bool other_method;

	if (pages_answer(api, r))
		return;
	route = route_find(r, &rest, &other_method);
	if (!route) {
		api_refuse(api, r, other_method ? ERR_UNSUPPORTED : ERR_NOT_FOUND, other_method ? "this path does not take that method" : "there is nothing at this path");
		return;
	}
	x = exchange_new(api, r, route, rest);
	x->work.run = exchange_run;
	x->work.done = exchange_done;
	read_ahead(x);
	if (!engine_submit(api->engine, &x->work))
		api_refuse(api, r, ERR_UNAVAILABLE, "too much is queued; try again in a moment");
}

void api_on_answered(void *context, struct str method, struct str path, int status, int64_t us)
{
	struct api *api = context;

	api->answered[0]++;
	if (status >= 100 && status < 600)
		api->answered[status / 100]++;
	log_debug(EV_REQUEST, F_STR("method", method), F_STR("path", path), F_INT("status", status), F_INT("us", us));
}
