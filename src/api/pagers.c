/* The senders' side of paging services: who pages one of them pages us, by another base URL. The key that they would have
 * from there is the key of a source of ours; what a body means is said by the program of the source's tool. */
#include "api/pagers.h"

#include "api/hooks.h"
#include "base/crypt.h"
#include "net/body.h"
#include "store/journal.h"

#include <inttypes.h>

/* ---- trees ---- */

/* The body as an object, whatever its content type says. NULL: x->work.err. */
static struct json *read_object(struct exchange *x)
{
	struct str text = x->request->body;
	struct json *body = x->json ? x->json : json_parse(x_arena(x), json_mend(x_arena(x), text), JSON_LAST_KEY_WINS, &x->work.err);

	if (body && body->type != JSON_OBJECT) {
		err_set(&x->work.err, ERR_INVALID, "the body is not an object");
		return NULL;
	}
	return body;
}

static void set_text(struct arena *a, struct json *object, const char *key, struct str text)
{
	struct json *m = json_get(object, key), *next;

	if (!m) {
		m = arena_zero(a, sizeof *m);
		m->next = object->child;
		object->child = m;
		object->count++;
	}
	next = m->next;
	*m = (struct json){.type = JSON_STR, .key = str_of(key), .text = text, .next = next};
}

/* A key for what comes without one. The same bytes get the same: a sender whose answer was lost sends them again. */
static struct str key_of_body(struct exchange *x)
{
	return str_clip(crypt_sha256_hex(x_arena(x), x->request->body), 32);
}

static struct str text_of(struct arena *a, const struct json *object, const char *key)
{
	return event_text(a, json_get(object, key));
}

/* What a JSON error has to say besides its members: its status, and when to come again. */
static struct json_out error_json(struct exchange *x)
{
	bool outage = err_is_outage(x->err.code);

	if (outage)
		buf_add(&x->headers, S("Retry-After: 2\r\n"));
	return x_json(x, outage ? 503 : x->status >= 400 ? x->status : err_info(x->err.code)->http_status);
}

/* Nobody's delivery yet: the body tells whose it is, or it cannot be read. */
static void refuse_unreadable(struct exchange *x, struct delivery *d)
{
	if (!d->source_name.n)
		d->source_name = S("?");
	d->http_status = x->work.err.code == ERR_TOO_BIG ? 413 : 400;
	hook_end(x, d, false);
}

/* ---- PagerDuty: Events API v2, change events, Events API v1 ---- */

void pagerduty_write_error(struct exchange *x)
{
	bool outage = err_is_outage(x->err.code);
	struct json_out o = error_json(x);

	json_open(&o, '{');
	json_add_str(&o, "status", outage ? S("internal error") : x->unreadable ? S("Unrecognized object") : S("invalid event"));
	json_add_str(&o, "message", outage ? S("Try again later") : x->unreadable ? S("Event object format is unrecognized") : S("Event object is invalid"));
	json_key(&o, "errors");
	json_open(&o, '[');
	json_put_str(&o, str_of(x->err.text));
	json_close(&o, ']');
	json_close(&o, '}');
}

/* How one of PagerDuty's three ways to send an event names things. */
struct pagerduty_form {
	const char *routing_key, *action, *dedup_key;
	int status;
	const char *done;
};

static void pagerduty_take(struct exchange *x, const struct pagerduty_form *f)
{
	struct arena *a = x_arena(x);
	struct delivery d = {.body = x->request->body, .http_status = 400};
	struct json *body = read_object(x);
	struct source_kind *kind;
	struct source_reading r;
	struct str dedup_key;
	struct json_out o;

	if (!body) {
		x->unreadable = true;
		refuse_unreadable(x, &d);
		return;
	}
	kind = hook_begin(x, str_trim(text_of(a, body, f->routing_key)), S("pagerduty_events"), &d);
	if (!kind) {
		x->status = 400; /* senders try again on 403 (v1), 429 and 5xx, and a wrong key does not become right by that */
		return;
	}
	if (!f->action)
		set_text(a, body, "event_action", S("change"));
	dedup_key = f->dedup_key ? text_of(a, body, f->dedup_key) : S("");
	if (f->dedup_key && !str_trim(dedup_key).n && str_is(str_trim(text_of(a, body, f->action)), "trigger"))
		set_text(a, body, f->dedup_key, dedup_key = key_of_body(x));
	if (!hook_end(x, &d, hook_read(x, kind, &d, body, &r) && alerts_receive_events(&x->work, &d, r.events, r.count)))
		return;
	o = x_object(x, f->status);
	json_add_str(&o, "status", S("success"));
	json_add_str(&o, "message", str_of(f->done));
	if (f->dedup_key)
		json_add_str(&o, f->dedup_key, dedup_key);
	json_close(&o, '}');
}

void pagerduty_event(struct exchange *x)
{
	pagerduty_take(x, &(struct pagerduty_form){"routing_key", "event_action", "dedup_key", 202, "Event processed"});
}

void pagerduty_change(struct exchange *x)
{
	pagerduty_take(x, &(struct pagerduty_form){"routing_key", NULL, NULL, 202, "Change event processed"});
}

void pagerduty_event_v1(struct exchange *x)
{
	pagerduty_take(x, &(struct pagerduty_form){"service_key", "event_type", "incident_key", 200, "Event processed"});
}

/* ---- Opsgenie: the Alert API ---- */

#define OPSGENIE_REQUEST_LIFE DAY /* how long one may ask what became of a request */

static struct str opsgenie_request_id(struct arena *a)
{
	uint8_t random[16];
	struct str hex;

	crypt_random(random, sizeof random);
	hex = crypt_hex(a, random, sizeof random);
	return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12, hex.p + 16, hex.p + 20);
}

static void opsgenie_end(struct json_out *o, struct str request_id)
{
	json_add_raw(o, "took", S("0.0"));
	json_add_str(o, "requestId", request_id);
	json_close(o, '}');
}

void opsgenie_write_error(struct exchange *x)
{
	struct json_out o = error_json(x);

	json_open(&o, '{');
	json_add_str(&o, "message", str_of(x->err.text));
	opsgenie_end(&o, opsgenie_request_id(x_arena(x)));
}

struct opsgenie_action {
	const char *name, *called, *done;
};

/* What a request was about: its alert, which may be gone when it is asked for. */
struct opsgenie_request {
	const struct opsgenie_action *action;
	struct str id, alias;
	int64_t source_id, group_id; /* group_id 0: there is no such alert */
};

static struct str opsgenie_request_key(struct arena *a, int64_t source_id, struct str request_id)
{
	return crypt_sha256_hex(a, arena_printf(a, "opsgenie %" PRId64 " " STR_FMT, source_id, STR_ARG(request_id)));
}

/* It is processed already when it is answered; clients ask for it all the same. */
static bool opsgenie_keep(struct exchange *x, const struct opsgenie_request *q)
{
	struct engine *e = x->work.engine;
	struct arena *a = x_arena(x);
	char text[WALL_TEXT_SIZE];
	struct json_out o;
	struct buf b;
	bool ok;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_bool(&o, "success", q->group_id != 0);
	json_add_str(&o, "action", str_of(q->action->called));
	json_add_str(&o, "processedAt", wall_write(text, x->work.now));
	json_add_str(&o, "integrationId", arena_printf(a, "%" PRId64, q->source_id));
	json_add_bool(&o, "isSuccess", q->group_id != 0);
	json_add_str(&o, "status", q->group_id ? str_of(q->action->done) : S("Alert does not exist"));
	json_add_str(&o, "alertId", q->group_id ? arena_printf(a, "%" PRId64, q->group_id) : S(""));
	json_add_str(&o, "alias", q->alias);
	json_close(&o, '}');
	ok = store_idempotency_add(e->db, e->workspace_id, opsgenie_request_key(a, q->source_id, q->id), S(""), buf_str(&b), x->work.now + OPSGENIE_REQUEST_LIFE, &x->work.err);
	buf_done(&b);
	return ok;
}

/* The open group of an id or a tiny id of this source. NULL: none. */
static struct group *opsgenie_find(struct exchange *x, int64_t source_id, struct str id)
{
	struct err ignored = {0};
	struct group *g = alerts_find(&x->work, id, &ignored);
	const struct group_row *row = g ? group_row(g) : NULL;
	bool named = row && (str_eq_nocase(row->short_id, id) || str_eq(arena_printf(x_arena(x), "%" PRId64, row->id), id));

	return named && row->source_id == source_id && row->state != GROUP_RESOLVED ? g : NULL;
}

/* id "": the alert is made, or what has its alias is meant. */
static bool opsgenie_take(struct exchange *x, struct source_kind *kind, struct delivery *d, struct json *body, struct str id, struct opsgenie_request *q)
{
	struct arena *a = x_arena(x);
	struct str type = x_query(x, "identifierType");
	struct source_reading r;
	struct group *g;

	if (id.n)
		set_text(a, body, "alias", id);
	set_text(a, body, "action", str_of(q->action->name));
	q->alias = str_clip(text_of(a, body, "alias"), 512);
	if (!hook_read(x, kind, d, body, &r) || !r.count) {
		d->http_status = d->http_status == 400 ? 422 : d->http_status;
		return false;
	}
	if (id.n && !str_is(type, "alias")) {
		if (!(g = opsgenie_find(x, d->source_id, id)))
			return true;
		r.events[0].dedup_key = arena_dup(a, alerts_dedup_key(&x->work, g));
		q->alias = S("");
	}
	g = alerts_open_of(&x->work, d->source_id, r.events[0].dedup_key);
	q->group_id = g ? group_row(g)->id : 0;
	if (!alerts_receive_events(&x->work, d, r.events, r.count))
		return false;
	g = alerts_open_of(&x->work, d->source_id, r.events[0].dedup_key);
	q->group_id = g ? group_row(g)->id : q->group_id;
	return true;
}

static void opsgenie_act(struct exchange *x, struct source_kind *kind, struct delivery *d, const struct opsgenie_action *action, struct str id)
{
	struct opsgenie_request q = {.action = action, .id = opsgenie_request_id(x_arena(x)), .source_id = d->source_id, .alias = S("")};
	struct json *body = x->request->body.n || !id.n ? read_object(x) : json_parse(x_arena(x), S("{}"), JSON_STRICT, &x->work.err);
	struct json_out o;

	if (!body) {
		refuse_unreadable(x, d);
		return;
	}
	if (!hook_end(x, d, opsgenie_take(x, kind, d, body, id, &q) && opsgenie_keep(x, &q)))
		return;
	o = x_object(x, 202);
	json_add_str(&o, "result", S("Request will be processed"));
	opsgenie_end(&o, q.id);
}

static void opsgenie_request_status(struct exchange *x, int64_t source_id, struct str id)
{
	struct engine *e = x->work.engine;
	struct str stored;
	struct json_out o;
	bool same;

	if (!store_idempotency_find(e->db, x_arena(x), e->workspace_id, opsgenie_request_key(x_arena(x), source_id, id), S(""), x->work.now, &same, &stored, &x->err)) {
		if (!x->err.code)
			x_fail(x, ERR_NOT_FOUND, "Request not found. It might not be processed, yet.");
		return;
	}
	o = x_object(x, 200);
	json_add_raw(&o, "data", stored);
	opsgenie_end(&o, id);
}

void opsgenie_alerts(struct exchange *x)
{
	static const struct opsgenie_action create = {"create", "Create", "Created alert"};
	static const struct opsgenie_action others[] = {{"close", "Close", "Closed alert"}, {"acknowledge", "Acknowledge", "Acknowledged alert"}};
	struct str path = x->rest, auth = http_header_get(x->request, "Authorization"), word, key = str_trim(str_cut(auth, ' ', &word));
	bool is_post = str_is(x->request->method, "POST");
	struct delivery d = {.body = x->request->body};
	struct source_kind *kind;

	if (!(kind = hook_begin(x, str_eq_nocase(word, S("GenieKey")) ? key : S(""), S("opsgenie_api"), &d)))
		return;
	if (path.n && path.p[path.n - 1] == '/') /* its npm package ends all paths so */
		path.n--;
	if (is_post && !path.n) {
		opsgenie_act(x, kind, &d, &create, S(""));
		return;
	}
	if (str_is(x->request->method, "GET") && str_starts(path, S("/requests/"))) {
		opsgenie_request_status(x, d.source_id, str_n(path.p + 10, path.n - 10));
		return;
	}
	for (size_t i = 0; is_post && i < COUNT_OF(others); i++) {
		struct str end = arena_printf(x_arena(x), "/%s", others[i].name);

		if (path.n > end.n + 1 && path.p[0] == '/' && str_ends(path, end)) {
			opsgenie_act(x, kind, &d, &others[i], str_n(path.p + 1, path.n - end.n - 1));
			return;
		}
	}
	x_fail(x, ERR_NOT_FOUND, "this part of Opsgenie's API is not there: POST /v2/alerts, /v2/alerts/ID/close and /v2/alerts/ID/acknowledge are");
}

/* ---- Splunk On-Call (VictorOps): POST /integrations/generic/20131114/alert/KEY/ROUTING ---- */

void victorops_write_error(struct exchange *x)
{
	struct json_out o = error_json(x);

	json_open(&o, '{');
	json_add_str(&o, "result", S("failure"));
	json_add_str(&o, "message", str_of(x->err.text));
	json_close(&o, '}');
}

void victorops_alert(struct exchange *x)
{
	struct arena *a = x_arena(x);
	struct delivery d = {.body = x->request->body};
	struct source_kind *kind;
	struct source_reading r;
	struct str key, entity;
	struct json_out o;
	struct json *body;

	str_cut(x->rest, '/', &key); /* what follows names a team over there */
	if (!(kind = hook_begin(x, key, S("victorops"), &d)))
		return;
	if (!(body = read_object(x))) {
		refuse_unreadable(x, &d);
		return;
	}
	entity = text_of(a, body, "entity_id");
	if (!str_trim(entity).n) {
		if (!str_trim(text_of(a, body, "entity_display_name")).n)
			set_text(a, body, "entity_display_name", text_of(a, body, "state_message"));
		set_text(a, body, "entity_id", entity = key_of_body(x));
	}
	if (!hook_end(x, &d, hook_read(x, kind, &d, body, &r) && alerts_receive_events(&x->work, &d, r.events, r.count)))
		return;
	o = x_object(x, 200);
	json_add_str(&o, "result", S("success"));
	json_add_str(&o, "entity_id", entity);
	json_close(&o, '}');
}

/* ---- GoAlert: POST /api/v2/generic/incoming?token=KEY ---- */

/* The fields of the query, under those of the body. NULL: x->work.err. */
static struct json *goalert_fields(struct exchange *x)
{
	const struct http_request *r = x->request;
	struct arena *a = x_arena(x);
	struct json *fields = r->body.n ? body_parse(a, http_header_get(r, "Content-Type"), r->body, &x->work.err) : arena_zero(a, sizeof *fields);
	struct err ignored = {0};
	struct form query;

	if (!r->body.n)
		fields->type = JSON_OBJECT;
	if (!fields)
		return NULL;
	if (fields->type != JSON_OBJECT) {
		err_set(&x->work.err, ERR_INVALID, "the body is not an object");
		return NULL;
	}
	if (!form_parse(a, r->query, &query, &ignored))
		return fields;
	for (size_t i = 0; i < query.count; i++) {
		const char *name = arena_dup(a, json_mend(a, query.fields[i].name)).p;

		if (!json_get(fields, name))
			set_text(a, fields, name, json_mend(a, query.fields[i].value));
	}
	return fields;
}

void goalert_incoming(struct exchange *x)
{
	struct arena *a = x_arena(x);
	struct delivery d = {.body = x->request->body};
	struct str token = x_query(x, "token"), dedup_key;
	struct source_kind *kind;
	struct source_reading r;
	struct group *before, *g;
	struct json *fields;
	struct json_out o;

	if (!token.n && !bearer_parse(http_header_get(x->request, "Authorization"), &token))
		token = S("");
	if (!(kind = hook_begin(x, token, S("goalert"), &d)))
		return;
	if (!(fields = goalert_fields(x))) {
		refuse_unreadable(x, &d);
		return;
	}
	if (!hook_read(x, kind, &d, fields, &r)) {
		hook_end(x, &d, false);
		return;
	}
	dedup_key = r.count ? r.events[0].dedup_key : S("");
	before = alerts_open_of(&x->work, d.source_id, dedup_key);
	if (!hook_end(x, &d, alerts_receive_events(&x->work, &d, r.events, r.count)))
		return;
	x->status = 204;
	g = alerts_open_of(&x->work, d.source_id, dedup_key);
	if (!g || !str_find(http_header_get(x->request, "Accept"), S("application/json"), NULL))
		return;
	o = x_object(x, 200);
	json_add_int(&o, "AlertID", group_row(g)->id);
	json_add_str(&o, "ServiceID", arena_printf(a, "%" PRId64, d.source_id));
	json_add_bool(&o, "IsNew", !before);
	json_close(&o, '}');
}
