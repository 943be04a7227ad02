/* Alertmanager's API v2, for Prometheus, amtool, Grafana and whatever else speaks to an Alertmanager. */
#include "api/handlers.h"
#include "base/log.h"
#include "engine/alerts.h"

/* The key of a source: behind /am/, as a bearer token, or as basic authentication's password. */
static bool v2_source(struct exchange *x, struct source *out)
{
	struct str auth = http_header_get(x->request, "Authorization"), user, key = S("");

	*out = (struct source){.name = S("api")};
	if (str_starts(x->request->path, S("/am/")))
		str_cut(str_n(x->request->path.p + 4, x->request->path.n - 4), '/', &key);
	else if (!bearer_parse(auth, &key) && !basic_parse(x_arena(x), auth, &user, &key))
		key = S("");
	if (key.n)
		return hook_source(x, key, out);
	if (x->work.engine->config.open_alert_api)
		return true;
	x_fail(x, ERR_UNAUTHENTICATED,
	       "a source's key is needed: as bearer token, as password, or as /am/KEY before the path");
	return false;
}

static bool v2_content_type(struct exchange *x)
{
	struct str type = http_header_get(x->request, "Content-Type");

	if (content_type_is(type, "application/json"))
		return true;
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
		hook_refused(x, S("?"));
		return;
	}
	if (!v2_content_type(x)) {
		hook_refused(x, s.name);
		return;
	}
	d.source_id = s.id;
	d.source_name = s.name;
	d.channel_id = s.channel_id;
	if (!alerts_receive_v2(&x->work, &d)) {
		x->status = hook_is_theirs(x->work.err.code) ? d.http_status : 0;
		x->err = x->work.err;
		x->work.failed = true;
		hook_refused(x, s.name);
		return;
	}
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

static void v2_get(struct exchange *x)
{
	struct source s;
	struct json_out o;

	if (!v2_source(x, &s))
		return;
	o = x_json(x, 200);
	x->content_type = "application/json";
	alerts_write_v2(&x->work, &o);
	buf_char(&x->body, '\n');
}

/* amtool asks for the status before every command. */
static void v2_status(struct exchange *x)
{
	struct source s;
	struct json_out o;
	char text[WALL_TEXT_SIZE];

	if (!v2_source(x, &s))
		return;
	o = x_json(x, 200);
	x->content_type = "application/json";
	json_open(&o, '{');
	json_add_raw(&o, "cluster", S("{\"status\":\"disabled\",\"peers\":[]}"));
	json_add_raw(&o, "config",
		     S("{\"original\":\"route:\\n  receiver: opsroom\\n  group_by: [alertname]\\nreceivers:\\n- name: "
		       "opsroom\\n\"}"));
	json_add_str(&o, "uptime", wall_write(text, x->work.engine->started));
	json_add_raw(&o, "versionInfo",
		     S("{\"version\":\"" OPSROOM_VERSION "\",\"revision\":\"\",\"branch\":\"\",\"buildUser\":"
							 "\"opsroom\",\"buildDate\":\"\",\"goVersion\":\"\"}"));
	json_close(&o, '}');
	buf_char(&x->body, '\n');
}

void hook_v2(struct exchange *x)
{
	struct str path = x->rest, method = x->request->method;

	if (str_starts(x->request->path, S("/am/"))) { /* KEY/api/v2/... */
		struct str key;

		path = str_cut(path, '/', &key);
		if (!str_starts(path, S("api/v2/"))) {
			x->status = 404;
			x_fail(x, ERR_NOT_FOUND, "path " STR_FMT " was not found",
			       STR_ARG(str_clip(x->request->path, 100)));
			return;
		}
		path = str_n(path.p + 7, path.n - 7);
	}
	if (str_is(path, "alerts") && str_is(method, "POST")) {
		v2_post(x);
	} else if (str_is(path, "alerts") && str_is(method, "GET")) {
		v2_get(x);
	} else if (str_is(path, "status") && str_is(method, "GET")) {
		v2_status(x);
	} else if (str_is(path, "alerts")) {
		x->status = 405;
		x_fail(x, ERR_UNSUPPORTED, "method " STR_FMT " is not allowed, but [GET,POST] are",
		       STR_ARG(str_clip(method, 20)));
	} else {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "path /api/v2/" STR_FMT " was not found", STR_ARG(str_clip(path, 100)));
	}
}
