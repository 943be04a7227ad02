#include "cli/cli.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#define ALERTS 3

struct demo {
	struct cli *c;
	struct str hook; /* where an Alertmanager would post */
	const char *channel;
	struct str id;      /* of the alert that came out of it */
	bool fast, listens; /* somebody sits at the keyboard */
	wall_ms started[ALERTS];
};

static const struct {
	const char *instance, *summary;
} parts[ALERTS] = {
	{"web-1", "Checkout takes 4.2 s at the 99th percentile, 0.3 s is normal"},
	{"web-2", "Checkout takes 3.9 s at the 99th percentile, 0.3 s is normal"},
	{"web-3", "Checkout takes 5.1 s at the 99th percentile, 0.3 s is normal"},
};

static void tell(struct demo *d, enum colour colour, struct str text)
{
	if (d->c->json)
		return;
	say(d->c, colour, text);
	putchar('\n');
	fflush(stdout);
}

/* Waits so many seconds, or until Enter. */
static void pause_for(struct demo *d, int seconds)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[256];

	if (d->fast)
		return;
	if (poll(&in, d->listens ? 1 : 0, seconds * 1000) > 0 && !fgets(line, sizeof line, stdin))
		d->listens = false;
}

static bool make_source(struct demo *d, struct err *err)
{
	struct cli *c = d->c;
	const struct json *sources;
	struct json *v;
	struct str yaml = arena_printf(&c->arena,
				       "channels: [{name: %s}]\n"
				       "sources: [{name: demo, tool: alertmanager, channel: %s}]\n",
				       d->channel, d->channel);

	if (strspn(d->channel, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(d->channel)) {
		err_set(err, ERR_INVALID, "'%.80s' is not the name of a channel", d->channel);
		return false;
	}
	if (!call_yaml(c, S("/v1/provision"), yaml, &v, err))
		return false;
	sources = json_get(v, "sources");
	d->hook = json_get_str(json_get(sources, "demo"), "url");
	if (d->hook.n)
		return true;
	err_set(err, ERR_CONFLICT, "the server did not say where the source demo is reached");
	return false;
}

static void put_alert(struct demo *d, struct json_out *o, int i, bool over)
{
	char out[WALL_TEXT_SIZE];

	json_open(o, '{');
	json_add_str(o, "status", over ? S("resolved") : S("firing"));
	json_key(o, "labels");
	json_open(o, '{');
	json_add_str(o, "alertname", S("CheckoutSlow"));
	json_add_str(o, "severity", S("critical"));
	json_add_str(o, "service", S("checkout"));
	json_add_str(o, "instance", str_of(parts[i].instance));
	json_close(o, '}');
	json_key(o, "annotations");
	json_open(o, '{');
	json_add_str(o, "summary", str_of(parts[i].summary));
	json_add_str(o, "description",
		     S("People wait at the till. A story of opsroom demo: nothing is really broken."));
	json_close(o, '}');
	json_add_str(o, "startsAt", wall_write(out, d->started[i]));
	json_add_str(o, "endsAt", over ? wall_write(out, wall_now()) : S("0001-01-01T00:00:00Z"));
	json_add_str(o, "generatorURL", S("http://prometheus.example/graph?g0.expr=checkout_seconds"));
	json_add_str(o, "fingerprint", arena_printf(&d->c->arena, "de30c0ffee00000%d", i));
	json_close(o, '}');
}

/* What Alertmanager posts (webhook version 4) when the first `count` of our alerts fire, or are over. */
static bool deliver(struct demo *d, int count, bool over, struct err *err)
{
	struct buf b;
	struct json_out o = json_out(&b);
	struct str labels = S("{\"alertname\":\"CheckoutSlow\",\"service\":\"checkout\"}");
	bool ok;

	buf_init(&b, MIB);
	json_open(&o, '{');
	json_add_str(&o, "version", S("4"));
	json_add_str(&o, "groupKey", S("{}:{alertname=\"CheckoutSlow\", service=\"checkout\"}"));
	json_add_int(&o, "truncatedAlerts", 0);
	json_add_str(&o, "status", over ? S("resolved") : S("firing"));
	json_add_str(&o, "receiver", S("opsroom"));
	json_add_str(&o, "externalURL", S("http://alertmanager.example"));
	json_add_raw(&o, "groupLabels", labels);
	json_add_raw(&o, "commonLabels",
		     S("{\"alertname\":\"CheckoutSlow\",\"service\":\"checkout\",\"severity\":\"critical\"}"));
	json_add_raw(&o, "commonAnnotations", S("{}"));
	json_key(&o, "alerts");
	json_open(&o, '[');
	for (int i = 0; i < count; i++)
		put_alert(d, &o, i, over);
	json_close(&o, ']');
	json_close(&o, '}');
	ok = call_hook(d->c, d->hook, buf_str(&b), err);
	buf_done(&b);
	return ok;
}

/* Ours among the alerts: by its id once that is known, by what we sent before. NULL and *err: it is not there. */
static const struct json *our_alert(struct demo *d, const char *state, struct err *err)
{
	const struct json *list;
	struct json *v;

	if (!call(d->c, "GET", path_with(d->c, "/v1/alerts", (const struct query[]){{"state", state}}, 1), S(""), &v,
		  err))
		return NULL;
	list = json_get(v, "alerts");
	for (const struct json *g = list ? list->child : NULL; g; g = g->next)
		if (d->id.n ? str_eq(json_get_str(g, "id"), d->id)
			    : str_is(json_get_str(json_get(g, "labels"), "alertname"), "CheckoutSlow") &&
				      str_is(json_get_str(g, "source"), "demo"))
			return g;
	err_set(err, ERR_NOT_FOUND, "the demo's alert did not come out as an alert");
	return NULL;
}

static bool fire(struct demo *d, struct err *err)
{
	struct cli *c = d->c;
	const struct json *alert;

	d->started[0] = wall_now();
	if (!deliver(d, 1, false, err))
		return false;
	alert = our_alert(d, "open", err);
	if (!alert)
		return false;
	d->id = safe_line(&c->arena, json_get_str(alert, "id"));
	tell(d, BOLD,
	     arena_printf(&c->arena, "1. CheckoutSlow fires: alert " STR_FMT " stands in #%s.", STR_ARG(d->id),
			  d->channel));
	tell(d, PLAIN,
	     arena_printf(&c->arena, "   Look: " STR_FMT "/    press Acknowledge there, or run: opsroom ack " STR_FMT,
			  STR_ARG(c->url), STR_ARG(d->id)));
	pause_for(d, 5);
	for (int i = 1; i < ALERTS; i++)
		d->started[i] = wall_now();
	if (!deliver(d, ALERTS, false, err))
		return false;
	tell(d, BOLD, S("2. Two more instances join. It is still one message, and one alert."));
	return true;
}

static bool recover(struct demo *d, struct err *err)
{
	struct cli *c = d->c;
	const struct json *alert;
	struct str who;

	tell(d, PLAIN,
	     d->fast      ? S("   It recovers at once.")
	     : d->listens ? S("   Press Enter here to let it recover (it does by itself after a minute).")
			  : S("   It recovers in a minute."));
	pause_for(d, 60);
	if (!deliver(d, ALERTS, true, err))
		return false;
	alert = our_alert(d, "all", err);
	if (!alert)
		return false;
	if (c->json)
		return say_json(alert);
	who = safe_line(&c->arena, json_get_str(alert, "acked_by_name"));
	tell(d, BOLD,
	     arena_printf(&c->arena, "3. All three are well again: alert " STR_FMT " is " STR_FMT ".", STR_ARG(d->id),
			  STR_ARG(safe_line(&c->arena, json_get_str(alert, "state")))));
	tell(d, PLAIN,
	     who.n ? arena_printf(&c->arena, "   " STR_FMT " had it. opsroom audit search shows who did what.",
				  STR_ARG(who))
		   : S("   Nobody had acknowledged it. opsroom audit search shows who does what."));
	return true;
}

bool sub_demo(struct cli *c, struct err *err)
{
	struct demo d = {
		.c = c, .channel = "sre-alerts", .fast = option(c, "--fast") != NULL, .listens = isatty(STDIN_FILENO)};

	if (option(c, "--channel"))
		d.channel = option(c, "--channel");
	if (d.channel[0] == '#')
		d.channel++;
	return make_source(&d, err) && fire(&d, err) && recover(&d, err);
}
