/* Alertmanager's API v2, for Prometheus, amtool, Grafana and whatever else speaks to an Alertmanager. */
#include "api/delivery_notes.h"
#include "api/handlers.h"
#include "base/log.h"
#include "engine/alerts.h"
#include "engine/heartbeats.h"
#include "engine/silences.h"
#include "ops/routing.h"

/* The key of a source: behind /am/, as a bearer token, or as basic authentication's password. */
static bool v2_source(struct exchange *x, struct source *out)
{
	struct str auth = http_header_get(x->request, "Authorization"), user, key = S("");

	*out = (struct source){.name = S("api")};
	if (str_starts(x->request->path, S("/am/")))
		str_cut(str_n(x->request->path.p + 4, x->request->path.n - 4), '/', &key);
	else if (!bearer_parse(auth, &key) && !basic_parse(x_arena(x), auth, &user, &key))
		key = S("");
	if (key.n || x->note.replay)
		return hook_source(x, key, out);
	if (x->work.engine->config.open_alert_api) {
		x->note.source_id = DELIVERIES_OPEN_API;
		return true;
	}
	out->name = S("?");
	x_fail(x, ERR_UNAUTHENTICATED,
	       "a source's key is needed: as bearer token, as password, or as /am/KEY before the path");
	return false;
}

static bool v2_content_type(struct exchange *x)
{
	struct str type = http_header_get(x->request, "Content-Type");

	if (content_type_is(type, "application/json"))
		return true;
	if (!type.n)
		type = S("application/octet-stream");
	x->status = 415;
	x_fail(x, ERR_UNSUPPORTED, "unsupported media type \"" STR_FMT "\", only [application/json] are allowed",
	       STR_ARG(str_clip(type, 100)));
	return false;
}

static void v2_post(struct exchange *x)
{
	struct delivery d = {.body = x->request->body, .json = x->json};
	struct source s;

	if (!v2_source(x, &s)) {
		hook_refused(x, s.name);
		return;
	}
	if (!v2_content_type(x)) {
		hook_refused(x, s.name);
		return;
	}
	if (!d.body.n) {
		x->status = 422;
		x_fail(x, ERR_INVALID, "alerts in body is required");
		hook_refused(x, s.name);
		return;
	}
	d.source_id = s.id;
	d.source_name = s.name;
	d.tool = s.tool;
	d.channel_id = s.channel_id;
	if ((!x->note.replay && !heartbeat_heard(&x->work, s.id)) || !alerts_receive_v2(&x->work, &d)) {
		x->status = hook_is_theirs(x->work.err.code) ? d.http_status : 0;
		x->err = x->work.err;
		x->work.failed = true;
		hook_refused(x, s.name);
		return;
	}
	delivery_taken(x, &d);
	if (d.bad.n) { /* the good ones are stored; the sender is told of the bad */
		struct json_out o = x_json(x, 400);

		log_warn(EV_DELIVERY_REFUSED, F_STR("source", s.name), F_STR("from", x->request->remote),
			 F_STR("why", d.bad));
		x->content_type = "application/json";
		json_put_str(&o, d.bad);
		buf_char(&x->body, '\n');
		return;
	}
	x->status = 200;
}

/* ---- reading: filters, alerts, groups, receivers ---- */

struct v2_query {
	struct source source; /* who asks */
	struct matchers matchers;
	struct regex *receiver;
	struct alerts_filter filter;
};

/* The last of that name, as Alertmanager takes it; "" if there is none. */
static struct str last_of(const struct form *form, const char *name)
{
	for (size_t i = form->count; i > 0; i--)
		if (str_is(form->fields[i - 1].name, name))
			return form->fields[i - 1].value;
	return S("");
}

/* What is no word for true is false, and no error. */
static bool flag_of(struct arena *a, const struct form *form, const char *name)
{
	static const char *const yes[] = {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"};
	struct str value = arena_lower(a, last_of(form, name));

	for (size_t i = 0; i < COUNT_OF(yes); i++)
		if (str_is(value, yes[i]))
			return true;
	return value.n == 0;
}

static bool query_read(struct exchange *x, struct v2_query *q)
{
	struct arena *a = x_arena(x);
	struct str receiver;
	struct form form;

	if (!form_parse(a, x->request->query, &form, &x->err))
		return false;
	for (size_t i = 0; i < form.count; i++)
		if (str_is(form.fields[i].name, "filter") && !matchers_add(a, &q->matchers, form.fields[i].value, &x->err))
			return false;
	receiver = last_of(&form, "receiver");
	if (receiver.n && !(q->receiver = regex_new(receiver, &x->err))) {
		err_prefix(&x->err, "failed to parse receiver param: ");
		return false;
	}
	q->filter = (struct alerts_filter){.matchers = &q->matchers, .receiver = q->receiver, .active = flag_of(a, &form, "active"),
					  .silenced = flag_of(a, &form, "silenced"), .inhibited = flag_of(a, &form, "inhibited")};
	return true;
}

static void query_done(struct v2_query *q)
{
	matchers_done(&q->matchers);
	regex_free(q->receiver);
}

static struct json_out v2_json(struct exchange *x)
{
	struct json_out o = x_json(x, 200);

	x->content_type = "application/json";
	return o;
}

/* Who may ask, and for what. query_done() is owed in either case. */
static bool v2_asked(struct exchange *x, struct v2_query *q)
{
	*q = (struct v2_query){0};
	if (!v2_source(x, &q->source))
		return false;
	if (query_read(x, q))
		return true;
	x->status = 400;
	x->plain_json_error = true;
	return false;
}

static void v2_list(struct exchange *x, bool (*write)(struct work *, struct json_out *, const struct alerts_filter *, struct err *))
{
	struct v2_query q;

	if (v2_asked(x, &q)) {
		struct json_out o = v2_json(x);

		if (!write(&x->work, &o, &q.filter, &x->err)) {
			x->status = 400;
			x->plain_json_error = true;
		}
		buf_char(&x->body, '\n');
	}
	query_done(&q);
}

static void v2_get(struct exchange *x)
{
	v2_list(x, alerts_write_v2);
}

static void v2_groups(struct exchange *x)
{
	v2_list(x, alerts_write_v2_groups);
}

static bool v2_names(struct exchange *x, struct str **names, size_t *count)
{
	struct source s;

	return v2_source(x, &s) && alerts_receivers(&x->work, s.channel_id, names, count, &x->err);
}

static void v2_receivers(struct exchange *x)
{
	struct str *names;
	struct json_out o;
	size_t count;

	if (!v2_names(x, &names, &count))
		return;
	o = v2_json(x);
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(&o, '{');
		json_add_str(&o, "name", names[i]);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	buf_char(&x->body, '\n');
}

/* Without an alerting file: the routing from where the asker stands, a source sends to one channel. */
static struct str v2_config(struct arena *a, const struct str *names, size_t count)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	buf_add(&b, S("route:\n  receiver: "));
	json_put_str(&o, count ? names[0] : S("opsroom"));
	buf_add(&b, S("\n  group_by: [alertname]\nreceivers:\n"));
	for (size_t i = 0; i < count || i == 0; i++) {
		buf_add(&b, S("- name: "));
		o = json_out(&b); /* a JSON text is a YAML text */
		json_put_str(&o, count ? names[i] : S("opsroom"));
		buf_char(&b, '\n');
	}
	return buf_keep(a, &b);
}

static struct str v2_routing(struct exchange *x)
{
	struct buf b;

	buf_init(&b, 4 * MIB);
	routing_write_alertmanager(x->work.engine->routing, &b);
	return buf_keep(x_arena(x), &b);
}

/* amtool asks for the status before every command, and reads the routes from it. */
static void v2_status(struct exchange *x)
{
	struct str *names;
	struct json_out o;
	size_t count;

	if (!v2_names(x, &names, &count))
		return;
	o = v2_json(x);
	json_open(&o, '{');
	json_add_raw(&o, "cluster", S("{\"status\":\"disabled\",\"peers\":[]}"));
	json_key(&o, "config");
	json_open(&o, '{');
	json_add_str(&o, "original", x->work.engine->routing->text.n ? v2_routing(x) : v2_config(x_arena(x), names, count));
	json_close(&o, '}');
	json_add_wall(&o, "uptime", x->work.engine->started);
	json_add_raw(&o, "versionInfo",
		     S("{\"version\":\"" OPSROOM_VERSION "\",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"opsroom\",\"buildDate\":\"\",\"goVersion\":\"\"}"));
	json_close(&o, '}');
	buf_char(&x->body, '\n');
}

/* ---- silences ---- */

static void v2_silences(struct exchange *x)
{
	struct v2_query q;

	if (v2_asked(x, &q)) {
		struct json_out o = v2_json(x);

		silences_write_v2(&x->work, &o, q.matchers.count ? &q.matchers : NULL);
		buf_char(&x->body, '\n');
	}
	query_done(&q);
}

/* What Alertmanager's generated code says of a body that is not of the schema: an object with its own code. */
static bool v2_wrong(struct exchange *x, int status, int code, const char *fmt, struct str what)
{
	struct str why = arena_printf(x_arena(x), fmt, STR_ARG(what));
	struct json_out o = v2_json(x);

	x->status = status;
	json_open(&o, '{');
	json_add_int(&o, "code", code);
	json_add_str(&o, "message", why);
	json_close(&o, '}');
	buf_char(&x->body, '\n');
	return false;
}

static bool v2_failed(struct exchange *x)
{
	x->status = x->err.code == ERR_NOT_FOUND ? 404 : err_is_outage(x->err.code) ? 0 : 400;
	x->plain_json_error = x->status != 0;
	x->work.failed = true;
	return false;
}

static bool need_member(struct exchange *x, const struct json *body, const char *name, const char *where)
{
	const struct json *v = json_get(body, name);

	return (v && v->type != JSON_NULL) || v2_wrong(x, 422, 602, STR_FMT " in body is required", arena_printf(x_arena(x), "%s%s", where, name));
}

/* Go's word for what it found where it wanted something else. */
static const char *go_type(const struct json *v)
{
	static const char *const names[] = {"null", "bool", "bool", "number", "number", "string", "array", "object"};

	return names[v->type];
}

/* field: with the name of Go's struct, as its JSON reader says it. An absent member and null are of any type. */
static bool is_of_type(struct exchange *x, const struct json *v, const char *type, const char *field, const char *go)
{
	if (!v || v->type == JSON_NULL || strcmp(go_type(v), type) == 0)
		return true;
	return v2_wrong(x, 400, 400, "parsing silence body from \"\" failed, because json: cannot unmarshal " STR_FMT,
			arena_printf(x_arena(x), "%s into Go struct field %s of type %s", go_type(v), field, go));
}

static bool are_of_types(struct exchange *x, const struct json *body)
{
	static const struct {
		const char *key, *field;
	} texts[] = {{"id", ".id"}, {"comment", "Silence.comment"}, {"createdBy", "Silence.createdBy"}, {"endsAt", "Silence.endsAt"}, {"startsAt", "Silence.startsAt"}},
	  of_matcher[] = {{"name", "Matcher.matchers.name"}, {"value", "Matcher.matchers.value"}}, flags[] = {{"isRegex", "Matcher.matchers.isRegex"}, {"isEqual", "Matcher.matchers.isEqual"}};
	const struct json *list = json_get(body, "matchers");

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!is_of_type(x, json_get(body, texts[i].key), "string", texts[i].field, "string"))
			return false;
	if (!is_of_type(x, list, "array", "Silence.matchers", "models.Matchers"))
		return false;
	for (const struct json *m = list ? list->child : NULL; m; m = m->next) {
		if (!is_of_type(x, m, "object", "Silence.matchers", "models.Matcher"))
			return false;
		for (size_t i = 0; i < COUNT_OF(of_matcher); i++)
			if (!is_of_type(x, json_get(m, of_matcher[i].key), "string", of_matcher[i].field, "string") ||
			    !is_of_type(x, json_get(m, flags[i].key), "bool", flags[i].field, "bool"))
				return false;
	}
	return true;
}

/* "" is Go's zero time. */
static bool read_when(struct exchange *x, const struct json *body, const char *name, wall_ms *out)
{
	struct str text = json_get_str(body, name);

	*out = 0;
	return !text.n || wall_parse(text, out) || v2_wrong(x, 400, 400, "parsing silence body from \"\" failed, because " STR_FMT " is not a time (RFC 3339)", str_of(name));
}

static bool read_matchers(struct exchange *x, const struct json *list, struct matchers *out)
{
	size_t i = 0;

	if (!list->count)
		return v2_wrong(x, 422, 612, STR_FMT " in body should have at least 1 items", S("matchers"));
	for (const struct json *m = list->child; m; m = m->next, i++) {
		const char *where = arena_printf(x_arena(x), "matchers.%zu.", i).p;

		if (!need_member(x, m, "isRegex", where) || !need_member(x, m, "name", where) || !need_member(x, m, "value", where))
			return false;
	}
	return silence_read_matchers(x_arena(x), list, out, &x->err) || v2_failed(x);
}

static bool read_silence(struct exchange *x, const struct json *body, struct silence *s)
{
	static const char *const wanted[] = {"comment", "createdBy", "endsAt", "matchers", "startsAt"};

	if (!are_of_types(x, body))
		return false;
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (!need_member(x, body, wanted[i], ""))
			return false;
	s->uuid = json_get_str(body, "id");
	s->comment = json_get_str(body, "comment");
	s->created_by = json_get_str(body, "createdBy");
	return read_when(x, body, "startsAt", &s->starts) && read_when(x, body, "endsAt", &s->ends) && read_matchers(x, json_get(body, "matchers"), &s->matchers);
}

/* Who it was is what the key says: a source. */
static bool audit_silence(struct exchange *x, const char *action, struct str uuid)
{
	struct str detail = arena_printf(x_arena(x), "{\"silence\":\"" STR_FMT "\",\"from\":\"" STR_FMT "\"}", STR_ARG(uuid), STR_ARG(x->request->remote));

	return x_audit(x, 0, action, detail, "ok");
}

static void put_silence(struct exchange *x, const struct json *body, struct silence *s)
{
	struct json_out o;
	struct str uuid;

	if (!read_silence(x, body, s))
		return;
	if (!silences_put(&x->work, s, &uuid, &x->err) || !audit_silence(x, "silence.put", uuid)) {
		v2_failed(x);
		return;
	}
	o = v2_json(x);
	json_open(&o, '{');
	json_add_str(&o, "silenceID", uuid);
	json_close(&o, '}');
	buf_char(&x->body, '\n');
}

static void v2_silence_new(struct exchange *x)
{
	struct silence s = {0};
	struct source source;
	struct json *body;

	if (!v2_source(x, &source) || !v2_content_type(x))
		return;
	if (!x->request->body.n) {
		v2_wrong(x, 422, 602, STR_FMT " in body is required", S("silence"));
		return;
	}
	body = x->json ? x->json : json_parse(x_arena(x), x->request->body, JSON_LAST_KEY_WINS, &x->err);
	if (!json_is(body, JSON_OBJECT) && !json_is(body, JSON_NULL)) {
		struct str why = arena_dup(x_arena(x), body ? arena_printf(x_arena(x), "json: cannot unmarshal %s into Go value of type models.PostableSilence", go_type(body))
							    : str_of(x->err.text));

		err_clear(&x->err);
		v2_wrong(x, 400, 400, "parsing silence body from \"\" failed, because " STR_FMT, why);
		return;
	}
	s.channel_id = source.channel_id;
	put_silence(x, body, &s);
	matchers_done(&s.matchers);
}

/* 8-4-4-4-12 hex digits; the dashes may be missing. */
static bool is_uuid(struct str s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20) && s.p[i - 1] != '-')
			continue;
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
		digits++;
	}
	return digits == 32;
}

/* The one that the path names. NULL: answered. */
static const struct silence *v2_silence_named(struct exchange *x)
{
	struct str id = str_cut(x->rest, '/', &(struct str){0});
	const struct silence *s;
	struct source source;

	if (!v2_source(x, &source))
		return NULL;
	if (!is_uuid(id)) {
		v2_wrong(x, 422, 601, "silenceID in path must be of type uuid: \"" STR_FMT "\"", str_clip(id, 100));
		return NULL;
	}
	s = silences_find(&x->work, arena_lower(x_arena(x), id));
	if (!s)
		x->status = 404; /* with an empty body, as Alertmanager */
	return s;
}

static void v2_silence(struct exchange *x)
{
	const struct silence *s = v2_silence_named(x);

	if (s) {
		struct json_out o = v2_json(x);

		silence_write_v2(&x->work, &o, s);
		buf_char(&x->body, '\n');
	}
}

static void v2_silence_drop(struct exchange *x)
{
	const struct silence *s = v2_silence_named(x);

	if (!s)
		return;
	x->status = 200;
	if (!silences_expire(&x->work, s, S("the API"), &x->err) || !audit_silence(x, "silence.expire", s->uuid))
		v2_failed(x);
}

/* ---- the calls ---- */

/* The methods of a path stand together. `*` is one more part of the path. */
static const struct v2_call {
	const char *method, *path;
	void (*run)(struct exchange *x);
} calls[] = {
	{"GET", "alerts", v2_get},
	{"POST", "alerts", v2_post},
	{"GET", "alerts/groups", v2_groups},
	{"GET", "receivers", v2_receivers},
	{"GET", "status", v2_status},
	{"GET", "silences", v2_silences},
	{"POST", "silences", v2_silence_new},
	{"DELETE", "silence/*", v2_silence_drop},
	{"GET", "silence/*", v2_silence},
};

static bool call_fits(const struct v2_call *call, struct str path)
{
	struct str wanted = str_of(call->path);
	size_t ignored;

	if (!str_ends(wanted, S("*")))
		return str_eq(path, wanted);
	wanted.n--;
	return str_starts(path, wanted) && path.n > wanted.n && !str_find(str_n(path.p + wanted.n, path.n - wanted.n), S("/"), &ignored);
}

/* /am/KEY/api/v2/... */
static bool cut_key(struct exchange *x, struct str *path)
{
	struct str key;

	if (!str_starts(x->request->path, S("/am/")))
		return true;
	*path = str_cut(*path, '/', &key);
	if (!str_starts(*path, S("api/v2/"))) {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "path " STR_FMT " was not found", STR_ARG(str_clip(x->request->path, 100)));
		return false;
	}
	*path = str_n(path->p + 7, path->n - 7);
	return true;
}

void hook_v2(struct exchange *x)
{
	struct str asked = x->rest, path, method = x->request->method, others = S("");

	if (!cut_key(x, &asked))
		return;
	path = asked;
	if (path.n && path.p[path.n - 1] == '/')
		path.n--;
	x->rest = path;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		if (!call_fits(&calls[i], path))
			continue;
		if (str_is(method, calls[i].method)) {
			calls[i].run(x);
			return;
		}
		others = arena_printf(x_arena(x), STR_FMT "%s%s", STR_ARG(others), others.n ? "," : "", calls[i].method);
	}
	if (others.n) {
		x->status = 405;
		buf_printf(&x->headers, "Allow: " STR_FMT "\r\n", STR_ARG(others));
		x_fail(x, ERR_UNSUPPORTED, "method " STR_FMT " is not allowed, but [" STR_FMT "] are", STR_ARG(str_clip(method, 20)), STR_ARG(others));
	} else {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "path /api/v2/" STR_FMT " was not found", STR_ARG(str_clip(asked, 100)));
	}
}
