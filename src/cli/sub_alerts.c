#include "cli/cli.h"

bool sub_status(struct cli *c, struct err *err)
{
	struct json *v;
	const struct json *alerts, *outbox;

	if (!call(c, "GET", S("/v1/status"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	alerts = json_get(v, "alerts");
	outbox = json_get(v, "outbox");
	say_line(c, arena_printf(&c->arena, "server    " STR_FMT ", opsroomd " STR_FMT ", up " STR_FMT, STR_ARG(c->url),
				 STR_ARG(json_get_str(v, "version")),
				 STR_ARG(span_write(&c->arena, json_get_int(v, "uptime_ms", 0)))));
	say(c, PLAIN, S("alerts    "));
	say(c, json_get_int(alerts, "firing", 0) ? RED : GREEN,
	    arena_printf(&c->arena, "%lld firing", (long long)json_get_int(alerts, "firing", 0)));
	printf(", %lld acknowledged\n", (long long)json_get_int(alerts, "acknowledged", 0));
	printf("outbox    %lld waiting", (long long)json_get_int(outbox, "waiting", 0));
	if (json_get_int(outbox, "waiting", 0))
		say(c, PLAIN,
		    arena_printf(&c->arena, ", the oldest for " STR_FMT,
				 STR_ARG(span_write(&c->arena, json_get_int(outbox, "oldest_ms", 0)))));
	putchar('\n');
	if (json_get(v, "clients"))
		printf("clients   %lld\n", (long long)json_get_int(v, "clients", 0));
	return true;
}

static enum colour severity_colour(struct str severity)
{
	return str_is(severity, "critical")  ? RED
	       : str_is(severity, "error")   ? RED
	       : str_is(severity, "warning") ? YELLOW
					     : PLAIN;
}

static enum colour state_colour(struct str state)
{
	return str_is(state, "firing")         ? RED
	       : str_is(state, "acknowledged") ? YELLOW
	       : str_is(state, "resolved")     ? GREEN
					       : PLAIN;
}

/* Who has it, or ended it. */
static struct str who_of(const struct json *group)
{
	struct str name = json_get_str(group, "resolved_by_name");

	if (!name.n)
		name = json_get_str(group, "acked_by_name");
	return name.n ? name : json_get_str(group, "acked_by");
}

bool sub_alerts(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"ALERT", "STATE", "SEVERITY", "SINCE", "FIRING", "WHO", "TITLE"};
	const struct query q[] = {{"state", option(c, "--state")}, {"limit", option(c, "--limit")}};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", path_with(c, "/v1/alerts", q, COUNT_OF(q)), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	table_init(&t, c, COUNT_OF(heads), heads);
	list = json_get(v, "alerts");
	for (const struct json *g = list ? list->child : NULL; g; g = g->next) {
		struct str state = json_get_str(g, "state"), severity = json_get_str(g, "severity");
		const struct str cells[] = {json_get_str(g, "id"),
					    state,
					    severity,
					    age_of(c, json_get_str(g, "since")),
					    arena_printf(&c->arena, "%lld", (long long)json_get_int(g, "firing", 0)),
					    who_of(g),
					    json_get_str(g, "title")};
		const enum colour colours[] = {
			BOLD, state_colour(state), severity_colour(severity), PLAIN, PLAIN, PLAIN, PLAIN};

		table_row(&t, cells, colours);
	}
	table_print(&t, "No alerts.");
	return true;
}

/* "a=1 b=2" */
static struct str labels_of(struct cli *c, const struct json *labels)
{
	struct str s = {"", 0};

	for (const struct json *v = labels ? labels->child : NULL; v; v = v->next)
		s = arena_printf(&c->arena, STR_FMT "%s" STR_FMT "=" STR_FMT, STR_ARG(s), s.n ? " " : "",
				 STR_ARG(v->key), STR_ARG(json_str(v)));
	return s;
}

static void say_field(struct cli *c, const char *name, struct str value)
{
	if (value.n)
		say_line(c, arena_printf(&c->arena, "%-10s" STR_FMT, name, STR_ARG(safe_line(&c->arena, value))));
}

bool sub_alert(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"STATUS", "SINCE", "LABELS"};
	const struct json *members;
	struct table t;
	struct json *g;

	if (!call(c, "GET", path_to(c, "/v1/alerts/", c->args[0]), S(""), &g, err))
		return false;
	if (c->json)
		return say_json(g);
	say(c, BOLD, safe_line(&c->arena, json_get_str(g, "title")));
	putchar('\n');
	say_field(c, "alert", json_get_str(g, "id"));
	say_field(c, "state", json_get_str(g, "state"));
	say_field(c, "severity", json_get_str(g, "severity"));
	say_field(c, "since", json_get_str(g, "since"));
	say_field(c, "who", who_of(g));
	say_field(c, "source", json_get_str(g, "source"));
	say_field(c, "labels", labels_of(c, json_get(g, "labels")));
	say_field(c, "url", json_get_str(g, "url"));
	table_init(&t, c, COUNT_OF(heads), heads);
	members = json_get(g, "members");
	for (const struct json *m = members ? members->child : NULL; m; m = m->next) {
		struct str status = json_get_str(m, "status");
		const enum colour colours[] = {state_colour(status), PLAIN, PLAIN};

		table_row(&t,
			  (const struct str[]){status, age_of(c, json_get_str(m, "starts_at")),
					       labels_of(c, json_get(m, "labels"))},
			  colours);
	}
	putchar('\n');
	table_print(&t, "No members.");
	return true;
}

static bool for_each_alert(struct cli *c, const char *verb, struct err *err)
{
	for (unsigned i = 0; i < c->arg_count; i++) {
		struct str id = str_of(c->args[i]);

		if (!id.n || strcspn(id.p, " \t\r\n") != id.n) {
			err_set(err, ERR_INVALID, "'%.100s' is not the name of an alert", id.p);
			return false;
		}
		if (!run_line(c, "exact", arena_printf(&c->arena, "%s " STR_FMT, verb, STR_ARG(id)), str_n(NULL, 0), err))
			return false;
	}
	return true;
}

bool sub_ack(struct cli *c, struct err *err)
{
	return for_each_alert(c, "ack", err);
}

bool sub_resolve(struct cli *c, struct err *err)
{
	return for_each_alert(c, "resolve", err);
}
