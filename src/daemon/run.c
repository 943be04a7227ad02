/* The daemon while it runs: the address is opened, signals are obeyed, everything is stopped in order. */
#include "api/handlers.h"
#include "api/mail.h"
#include "api/sns.h"
#include "base/log.h"
#include "chat/chats.h"
#include "daemon/config_trail.h"
#include "daemon/daemon.h"
#include "daemon/data_dir.h"
#include "daemon/notify.h"
#include "engine/audit_syslog.h"
#include "commands/listings.h"
#include "engine/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- limits ---- */

static struct server_limits net_limits(const struct settings *s)
{
	return (struct server_limits){
		.head_bytes = s->head_max,
		.body_bytes = s->body_max,
		.large_path = UPLOAD_PATH,
		.large_bytes = s->upload_max + 64 * KIB, /* the frame of a multipart body */
		.connections = s->connections_max,
		.connections_per_address = s->connections_per_address_max,
		.head_deadline = s->head_deadline,
		.body_deadline = s->body_deadline,
		.idle_deadline = s->idle_deadline,
		.ws_frame_bytes = s->stream_message_max,
		.ws_unsent_bytes = s->stream_unsent_max,
		.ws_ping_every = s->stream_ping_every,
	};
}

static struct api_limits api_limits(const struct settings *s)
{
	return (struct api_limits){
		.session_life = s->session_life,
		.login_failures_max = s->login_failures_max,
		.login_failures_span = s->login_failures_span,
		.unfurls = s->unfurls != 0,
		.slack_rates = s->slack_rates,
		.post_every = s->post_every,
		.stream_replay_max = s->stream_replay_max,
	};
}

/* A connection is a file. Shells and old systems give a process 1024 of them unless it asks. */
static void ask_for_files(const struct settings *s)
{
	rlim_t wanted = (rlim_t)s->connections_max + 100;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= wanted)
		return;
	r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur < wanted)
		log_warn(EV_FEW_FILES, F_INT("files", r.rlim_cur), F_INT("connections_max", s->connections_max));
}

/* ---- the reload ---- */

struct config_swap {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	struct str prometheus_url;
	span_ms alert_graphs;
	size_t upload_max;
	struct mail_server mail;
};

/* Work thread. Memory only: a commit that fails does not undo it. */
static void swap_run(struct work *w)
{
	const struct config_swap *s = (const struct config_swap *)w;

	w->engine->config.prometheus_url = s->prometheus_url;
	w->engine->config.alert_graphs = s->alert_graphs;
	w->engine->config.upload_max = s->upload_max;
	w->engine->config.mail = s->mail;
}

static void swap_done(struct work *w)
{
	struct config_swap *s = (struct config_swap *)w;

	arena_done(&s->arena);
	mem_free(s);
}

/* What work items read is changed by one of them. */
static void tell_work_thread(struct daemon *d)
{
	struct config_swap *s = mem_new(sizeof *s);

	arena_init(&s->arena);
	s->prometheus_url = d->settings.prometheus_url; /* in the daemon's arena: a reload leaves it there */
	s->alert_graphs = d->settings.alert_graphs;
	s->upload_max = d->settings.upload_max;
	s->mail = daemon_mail_server(d);
	s->work.arena = &s->arena;
	s->work.run = swap_run;
	s->work.done = swap_done;
	s->work.background = true; /* so it is never refused */
	(void)!engine_submit(d->engine, &s->work);
}

static bool read_settings_again(struct daemon *d, struct buf *changed, struct buf *waits, struct err *err)
{
	struct server_limits limits;
	struct settings fresh;
	struct arena arena;
	bool ok;

	arena_init(&arena);
	ok = settings_read(&arena, d->config_file, &d->given, &fresh, err);
	if (ok)
		settings_reload(&d->arena, &d->settings, &fresh, changed, waits);
	arena_done(&arena);
	if (!ok)
		return false;
	limits = net_limits(&d->settings);
	server_set_limits(d->server, &limits);
	d->engine->config.queue_max = d->settings.queue_max;
	tell_work_thread(d);
	audit_syslog_use(d->engine, d->settings.audit_syslog);
	log_set_level(d->settings.log_level);
	ask_for_files(&d->settings);
	return true;
}

/* What was wrong leaves in force what was. */
static void read_chats_again(struct daemon *d)
{
	struct err err = {0};
	struct chats *chats = chats_read(d->settings.chats, &err);

	if (!chats)
		log_error(EV_CHATS, F_STR("file", d->settings.chats), F_TXT("error", err.text));
	else if (d->settings.chats.n)
		log_info(EV_CHATS, F_STR("file", d->settings.chats), F_INT("chats", (int64_t)chats->count));
	if (d->settings.chats.n)
		config_note(d, "chats", chats ? NULL : err.text, S(""), S(""));
	if (chats && (chats->count || d->engine->chats_running))
		chats_open(d->engine, &d->loop, chats);
	else
		chats_free(chats);
}

/* Certificates, settings and sources fail apart: a wrong line in one file must not keep an old certificate in use. */
static void reload(struct daemon *d)
{
	struct buf changed, waits;
	struct err err = {0};
	char state[100];

	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, mono_us());
	notify(state);
	buf_init(&changed, 4 * KIB);
	buf_init(&waits, 4 * KIB);
	if (d->tls && !tls_context_reload(d->tls, &err))
		log_error(EV_RELOAD, F_TXT("error", err.text));
	if (d->tls) {
		config_note(d, "certificate", err.code ? err.text : NULL, S(""), S(""));
		config_note(d, "key", err.code ? err.text : NULL, S(""), S(""));
	}
	err_clear(&err);
	if (!read_settings_again(d, &changed, &waits, &err))
		log_error(EV_RELOAD, F_TXT("error", err.text));
	else if (waits.n)
		log_warn(EV_RELOAD, F_STR("changed", buf_str(&changed)), F_STR("restart", buf_str(&waits)));
	else
		log_info(EV_RELOAD, F_STR("changed", buf_str(&changed)));
	config_note(d, "settings", err.code ? err.text : NULL, str_trim(buf_str(&changed)), str_trim(buf_str(&waits)));
	buf_done(&changed);
	buf_done(&waits);
	read_chats_again(d);
	daemon_read_rules(d);
}

/* ---- signals ---- */

static void on_drained(void *context)
{
	struct daemon *d = context;

	if (--d->drains == 0)
		uv_stop(&d->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP) {
		if (!d->draining)
			reload(d);
	} else if (d->draining) {
		uv_stop(&d->loop); /* asked twice: whoever asks does not want to wait */
	} else {
		d->draining = true;
		notify("STOPPING=1");
		api_set_ready(d->api, false);
		log_info(EV_DRAIN, F_INT("connections", server_count(d->server).connections));
		d->drains = 1 + (d->smtp != NULL);
		if (d->smtp)
			smtp_server_drain(d->smtp, d->settings.drain_deadline, on_drained, d);
		server_drain(d->server, d->settings.drain_deadline, on_drained, d);
	}
}

static void watch_signals(struct daemon *d)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
}

/* ---- starting ---- */

/* What the SMTP server calls itself: the host of public_url, else the machine's name. */
static struct str mail_host(struct daemon *d)
{
	struct str host, rest = d->settings.public_url;
	char name[256] = "";
	size_t at;

	if (str_find(rest, S("://"), &at)) {
		str_cut(str_n(rest.p + at + 3, rest.n - at - 3), '/', &host);
		return host;
	}
	gethostname(name, sizeof name - 1);
	return name[0] ? arena_dup(&d->arena, str_of(name)) : S("opsroom");
}

static bool open_smtp(struct daemon *d, struct err *err)
{
	struct smtp_events events = {.context = d->api, .on_recipient = mail_on_recipient, .on_message = mail_on_message};
	struct smtp_server_limits limits = smtp_default_limits;
	struct str host;
	int port;

	if (!d->settings.smtp_listen.n)
		return true;
	limits.connections = d->settings.smtp_connections_max;
	d->smtp = smtp_server_new(&d->loop, &limits, &events, d->tls, mail_host(d));
	d->api->smtp = d->smtp;
	if (!listen_parse(d->settings.smtp_listen, &host, &port) || !smtp_server_listen(d->smtp, host, &port, err))
		return false;
	d->smtp_url = arena_printf(&d->arena, memchr(host.p, ':', host.n) ? "smtp://[" STR_FMT "]:%d" : "smtp://" STR_FMT ":%d", STR_ARG(host), port);
	return true;
}

static bool open_net(struct daemon *d, struct err *err)
{
	struct server_events events = {.on_request = api_on_request,
				       .on_ws_message = api_on_ws_message,
				       .on_ws_closed = api_on_ws_closed,
				       .on_refused = api_on_refused,
				       .on_answered = api_on_answered};
	const struct settings *s = &d->settings;
	struct server_limits limits = net_limits(s);
	struct api_limits ours = api_limits(s);
	struct str host;
	int port;

	if (s->tls_certificate.n && !(d->tls = tls_context_new(s->tls_certificate.p, s->tls_key.p, err)))
		return false;
	d->api = api_new(d->engine, &d->loop, &ours);
	d->api->reload = daemon_read_rules_for;
	d->api->reload_context = d;
	events.context = d->api;
	d->api->sns = sns_new(d->engine, &d->loop, s->sns_endpoint, s->sns_endpoint.n && s->sns_ca.n ? s->sns_ca.p : NULL);
	d->server = server_new(&d->loop, &limits, &events);
	api_set_server(d->api, d->server);
	engine_set_server(d->engine, d->server);
	if (!listen_parse(s->listen, &host, &port) || !server_listen(d->server, host, &port, d->tls, err))
		return false;
	d->url = daemon_url(d, host, port);
	/* Our own certificate is made out to the public name. */
	d->local_url = d->tls ? d->url : daemon_local_url(d, host, port);
	d->engine->config.public_url = d->url;
	d->engine->config.open_alert_api = (str_starts(host, S("127.")) || str_is(host, "::1")) && !s->public_url.n;
	return open_smtp(d, err);
}

/* Programs of plugins: what was under way when the last daemon ended has an unknown outcome. */
static void runs_begin(struct work *w, void *context)
{
	(void)context;
	w->failed = !runs_after_start(w, &w->err) || !listings_now(w, &w->err);
}

static void listings_reread(void *daemon)
{
	daemon_read_rules(daemon);
}

static bool open_runs(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct runs_options options = {.runner = {.at_once = s->runs_max, .sandbox_off = s->unsandboxed != 0}};

	if (s->plugins_dir.n && !(options.runner.folders = realpath(s->plugins_dir.p, NULL))) {
		err_set(err, ERR_NOT_FOUND, "plugins_dir: " STR_FMT ": %s", STR_ARG(s->plugins_dir), strerror(errno));
		return false;
	}
	runs_new(d->engine, &options);
	(void)listings_new(d->engine, &d->loop, listings_reread, d);
	return engine_run_once(d->engine, runs_begin, NULL, err);
}

static bool announce(struct daemon *d, struct err *err)
{
	if (!data_write(&d->arena, d->settings.data, "daemon.url", d->local_url, 0644, err))
		return false;
	printf("opsroom: listening on " STR_FMT "\n", STR_ARG(d->url));
	if (d->smtp)
		printf("opsroom: taking mail on " STR_FMT "\n", STR_ARG(d->smtp_url));
	if (d->setup_token.n)
		printf("opsroom: make the first admin at " STR_FMT "/setup#" STR_FMT "\n", STR_ARG(d->url),
		       STR_ARG(d->setup_token));
	fflush(stdout);
	log_info(EV_START, F_STR("url", d->url), F_INT("ms", mono_now() - d->began));
	return true;
}

int daemon_run(struct daemon *d, struct err *err)
{
	struct chats *chats;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a disk that is full, not the end */
	uv_loop_init(&d->loop);
	log_set_level(d->settings.log_level);
	ask_for_files(&d->settings);
	watch_signals(d); /* before anything is announced: whoever reads it may signal at once */
	if (!(chats = chats_read(d->settings.chats, err)) || !data_lock(&d->arena, d->settings.data, err) || !daemon_open(d, err) || !config_note_start(d, err) || !open_net(d, err) || !open_runs(d, err) ||
	    !engine_start(d->engine, err) || !announce(d, err))
		return err_info(err->code)->exit_code;
	audit_syslog_use(d->engine, d->settings.audit_syslog);
	if (chats->count)
		chats_open(d->engine, &d->loop, chats);
	else
		chats_free(chats);
	if (!d->settings.mail_server.n)
		log_info(EV_MAIL_OFF, F_TXT("why", "mail_server is not set"));
	api_set_ready(d->api, true);
	notify("READY=1");
	uv_run(&d->loop, UV_RUN_DEFAULT);
	chats_close(d->engine);
	uv_run(&d->loop, UV_RUN_NOWAIT); /* so that what they say last leaves */
	engine_stop(d->engine);
	chats_running_free(d->engine->chats_running);
	log_info(EV_STOP, F_TXT("reason", "signal"));
	return 0;
}
