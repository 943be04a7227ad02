#include "cli/cli.h"

static enum colour status_colour(int64_t status)
{
	return status < 400 ? GREEN : RED;
}

static struct str ago(struct cli *c, struct str rfc3339)
{
	struct str age = age_of(c, rfc3339);

	return age.n ? arena_printf(&c->arena, STR_FMT " ago", STR_ARG(age)) : S("-");
}

static struct str number(struct cli *c, const struct json *of, const char *key)
{
	return arena_printf(&c->arena, "%lld", (long long)json_get_int(of, key, 0));
}

/* ---- all sources, or the deliveries of one ---- */

static bool list_sources(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"SOURCE", "TOOL", "RECEIVED", "REFUSED", "LAST", "LAST REFUSAL"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", S("/v1/sources"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	table_init(&t, c, COUNT_OF(heads), heads);
	list = json_get(v, "sources");
	for (const struct json *s = list ? list->child : NULL; s; s = s->next) {
		bool refused = json_get_int(s, "refused", 0) > 0;
		const struct str cells[] = {json_get_str(s, "name"),
					    json_get_str(s, "tool"),
					    number(c, s, "received"),
					    number(c, s, "refused"),
					    ago(c, json_get_str(s, "last_at")),
					    json_get_str(json_get(s, "last_error"), "text")};
		const enum colour colours[] = {BOLD, PLAIN, PLAIN, refused ? RED : PLAIN, PLAIN, PLAIN};

		table_row(&t, cells, colours);
	}
	table_print(&t, "No sources.");
	return true;
}

static struct str result_of(struct cli *c, const struct json *d)
{
	struct str error = json_get_str(d, "error");
	int64_t alerts = json_get_int(d, "alerts", 0), changed = json_get_int(d, "changed", 0);

	if (error.n)
		return error;
	return arena_printf(&c->arena, "%lld alert%s, %s", (long long)alerts, alerts == 1 ? "" : "s",
			    changed ? arena_printf(&c->arena, "%lld changed something", (long long)changed).p
				    : "nothing changed");
}

static bool list_deliveries(struct cli *c, const char *source, struct err *err)
{
	static const char *const heads[] = {"DELIVERY", "LAST", "TIMES", "STATUS", "FROM", "BYTES", "RESULT"};
	struct str path = arena_printf(&c->arena, STR_FMT "/deliveries", STR_ARG(path_to(c, "/v1/sources/", source)));
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", path, S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	table_init(&t, c, COUNT_OF(heads), heads);
	list = json_get(v, "deliveries");
	for (const struct json *d = list ? list->child : NULL; d; d = d->next) {
		const struct str cells[] = {json_get_str(d, "id"),   ago(c, json_get_str(d, "last_at")),
					    number(c, d, "times"),   number(c, d, "status"),
					    json_get_str(d, "from"), number(c, d, "body_bytes"),
					    result_of(c, d)};
		const enum colour colours[] = {BOLD,  PLAIN, PLAIN, status_colour(json_get_int(d, "status", 0)),
					       PLAIN, PLAIN, PLAIN};

		table_row(&t, cells, colours);
	}
	table_print(&t, "Nothing came since the daemon started.");
	return true;
}

bool sub_source_deliveries(struct cli *c, struct err *err)
{
	return c->arg_count ? list_deliveries(c, c->args[0], err) : list_sources(c, err);
}

/* ---- one delivery ---- */

static void say_events(struct cli *c, const struct json *events)
{
	for (const struct json *e = events ? events->child : NULL; e; e = e->next)
		say_line(c, arena_printf(&c->arena, "became    " STR_FMT " " STR_FMT ": " STR_FMT "%s" STR_FMT,
					 STR_ARG(safe_line(&c->arena, json_get_str(e, "status"))),
					 STR_ARG(safe_line(&c->arena, json_get_str(e, "severity"))),
					 STR_ARG(safe_line(&c->arena, json_get_str(e, "title"))),
					 json_get_str(e, "alert").n ? ", alert " : "",
					 STR_ARG(safe_line(&c->arena, json_get_str(e, "alert")))));
}

bool sub_source_delivery(struct cli *c, struct err *err)
{
	const struct json *headers;
	struct json *v;

	if (!call(c, "GET", path_to(c, "/v1/deliveries/", c->args[0]), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, arena_printf(&c->arena, "source    " STR_FMT "\ncame      " STR_FMT ", from " STR_FMT,
				 STR_ARG(json_get_str(v, "source")), STR_ARG(json_get_str(v, "at")),
				 STR_ARG(json_get_str(v, "from"))));
	say(c, PLAIN, S("result    "));
	say(c, status_colour(json_get_int(v, "status", 0)), number(c, v, "status"));
	say_line(c, arena_printf(&c->arena, " " STR_FMT, STR_ARG(result_of(c, v))));
	say_events(c, json_get(v, "events"));
	say_line(c, arena_printf(&c->arena, "\n" STR_FMT " " STR_FMT "%s" STR_FMT, STR_ARG(json_get_str(v, "method")),
				 STR_ARG(json_get_str(v, "path")), json_get_str(v, "query").n ? "?" : "",
				 STR_ARG(json_get_str(v, "query"))));
	headers = json_get(v, "headers");
	for (const struct json *h = headers ? headers->child : NULL; h; h = h->next)
		say_line(c, arena_printf(&c->arena, STR_FMT ": " STR_FMT, STR_ARG(json_get_str(h, "name")),
					 STR_ARG(json_get_str(h, "value"))));
	putchar('\n');
	say_line(c, json_get_str(v, "body"));
	if (json_get_bool(v, "cut", false))
		printf("(cut: it had %lld bytes)\n", (long long)json_get_int(v, "body_bytes", 0));
	if (json_get_bool(v, "gone", false))
		puts("(the body is not kept any more)");
	return true;
}

bool sub_source_replay(struct cli *c, struct err *err)
{
	struct str path =
		arena_printf(&c->arena, STR_FMT "/replay", STR_ARG(path_to(c, "/v1/deliveries/", c->args[0])));
	struct json *v;

	if (!call(c, "POST", path, S(""), &v, err))
		return false;
	c->exit_code = json_get_bool(v, "ok", false) ? 0 : 1;
	if (c->json)
		return say_json(v);
	say(c, c->exit_code ? RED : GREEN, c->exit_code ? S("Refused") : S("Taken"));
	say_line(c, arena_printf(&c->arena, " (%lld): " STR_FMT, (long long)json_get_int(v, "status", 0),
				 STR_ARG(result_of(c, v))));
	return true;
}
