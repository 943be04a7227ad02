/* The senders' side of paging services: who pages one of them pages us, by another base URL. The key that they would have
 * from there is the key of a source of ours; what a body means is said by the program of the source's tool. */
#include "api/pagers.h"

#include "api/hooks.h"
#include "base/crypt.h"

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
	o = x_json(x, f->status);
	json_open(&o, '{');
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
	o = x_json(x, 200);
	json_open(&o, '{');
	json_add_str(&o, "result", S("success"));
	json_add_str(&o, "entity_id", entity);
	json_close(&o, '}');
}
