/* The manual pages of opsroomd, printed from the tables that it runs by. */
#include "api/pages.h"
#include "api/slack.h"
#include "base/roff.h"
#include "daemon/daemon.h"
#include "ops/alert.h"

#define PRINTED_BY "opsroomd --manual"

static void terms(FILE *to, size_t count, const char *const (*rows)[2])
{
	for (size_t i = 0; i < count; i++)
		roff_item(to, rows[i][0], NULL, rows[i][1]);
}

/* ---- opsroomd(8) ---- */

static void print_options(FILE *to)
{
	struct arena a;

	arena_init(&a);
	roff_section(to, "OPTIONS");
	roff_text(to, "As --name value or --name=value.");
	for (const struct daemon_option *o = daemon_options; o->name; o++)
		roff_item(to, o->name, o->value, o->help);
	roff_paragraph(to);
	roff_text(to,
		  "Every setting is an option, which wins over the file. What they mean stands in opsroom.yaml(5).");
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings_table[i];

		roff_item(to, settings_option_name(&a, s).p, settings_value_name(s),
			  s->standard[0] ? arena_printf(&a, "%s; default %s.", s->range, s->standard).p
					 : arena_printf(&a, "%s.", s->range).p);
	}
	arena_done(&a);
}

static void print_daemon(FILE *to)
{
	static const char *const signals[][2] = {
		{"SIGTERM, SIGINT",
		 "Takes no new connections, lets requests under way finish (drain_deadline), commits, ends. Streams "
		 "are told to come back. A second one ends it at once; what was answered is on disk all the same."},
		{"SIGHUP", "Reads the settings and the certificate again. What is wrong with them is logged, and the "
			   "old ones stay. Settings "
			   "that wait for the next start are named in the log line daemon.reload."},
	};
	static const char *const files[][2] = {
		{"DIR/opsroom.db, opsroom.db-wal, opsroom.db-shm",
		 "The store: all that opsroom knows. SQLite in WAL mode."},
		{"DIR/secret.key", "The keys of sources and webhooks are made from it. It belongs to the store: "
				   "without it their addresses are lost."},
		{"DIR/audit.key", "Signs the audit trail. opsroom audit key prints the public key that belongs to it."},
		{"DIR/admin.token", "An API token of the user local-admin, made at the first start, for opsroom(1) on "
				    "this machine. Only its owner can read it."},
		{"DIR/daemon.url", "Where the daemon listens, for opsroom(1)."},
		{"DIR/lock", "Locked while a daemon runs."},
		{"/etc/opsroom/opsroom.yaml", "Where the systemd unit looks for settings."},
	};
	static const char *const environment[][2] = {
		{"NOTIFY_SOCKET", "Set by systemd: READY=1, RELOADING=1 and STOPPING=1 are sent there."},
	};
	static const char *const see_also[] = {"opsroom(1)", "opsroom.yaml(5)", "opsroom-api(7)", "opsroom-log(7)",
					       NULL};

	roff_page(to, "opsroomd", 8, "the operations room of a site-reliability team", PRINTED_BY);
	roff_section(to, "SYNOPSIS");
	fputs(".B opsroomd\n[\\fIOPTION\\fR...]\n.br\n.B opsroomd provision\n[\\fIOPTION\\fR...] \\fIFILE.yaml\\fR\n",
	      to);
	roff_section(to, "DESCRIPTION");
	roff_text(to, "opsroomd takes alerts from monitoring, tells each group of them as one message of its built-in "
		      "chat, and carries out what "
		      "people answer. It serves the chat (with Slack's Web API), the console for browsers, "
		      "Alertmanager's API and its own on one address.");
	roff_paragraph(to);
	roff_text(to, "Without any settings it listens on 127.0.0.1:8065 and keeps its data in ./var. It stays in the "
		      "foreground, logs to standard "
		      "error (opsroom-log(7)), and prints on standard output where it listens and, as long as there is "
		      "no admin, a link to make the first "
		      "one. The link is made anew at every start.");
	roff_paragraph(to);
	roff_text(to, "An answer means that it is on disk.");
	print_options(to);
	roff_section(to, "PROVISION");
	roff_text(to, "opsroomd provision makes what a YAML file names, and prints ids, addresses and the secrets that "
		      "it made as JSON. It works on a data "
		      "directory that nobody uses, and through the daemon that uses it. Doing it twice changes "
		      "nothing. Either all of the file is made "
		      "or nothing; errors name the line.");
	roff_example(to, "users: [{name: ann, email: ann@example.com, password: \"...\", role: admin}]\n"
			 "channels: [{name: sre-alerts, members: [ann], private: false, topic: \"\"}]\n"
			 "sources: [{name: prod, tool: alertmanager, channel: sre-alerts}]\n"
			 "webhooks: [{name: ci, channel: sre-alerts}]\n"
			 "tokens: [{name: kit, user: ann, scopes: write}]");
	roff_paragraph(to);
	roff_text(to, "Roles are viewer, responder, operator and admin; scopes are read, write and admin.");
	roff_section(to, "SIGNALS");
	terms(to, COUNT_OF(signals), signals);
	roff_section(to, "FILES");
	roff_text(to, "DIR is the setting data.");
	terms(to, COUNT_OF(files), files);
	roff_section(to, "ENVIRONMENT");
	terms(to, COUNT_OF(environment), environment);
	roff_exit_codes(to, NULL);
	roff_see_also(to, see_also);
}

/* ---- opsroom.yaml(5) ---- */

static void print_setting(FILE *to, struct arena *a, const struct setting *s)
{
	struct str from, rest = str_cut(str_of(s->range), '.', &from);

	roff_term(to, s->name, settings_value_name(s));
	roff_text(to, s->help);
	fputs(".br\n", to);
	roff_text(to, s->type < SETTING_SIZE
			      ? arena_printf(a, "Allowed: %s.", s->range).p
			      : arena_printf(a, "Allowed: " STR_FMT " to %s.", STR_ARG(from), rest.p + 1).p);
	roff_text(to, s->standard[0] ? arena_printf(a, "Default: %s.", s->standard).p : "Default: none.");
	roff_text(to, s->reload ? "SIGHUP is enough." : "Needs a restart.");
}

static void print_yaml(FILE *to)
{
	static const char *const types[][2] = {
		{"SIZE", "Bytes: a number, with K, M or G behind it for 1024, 1024*1024 and so on."},
		{"SPAN", "A time: 250ms, 10s, 5m, 1h30m, 30d."},
		{"COUNT", "A whole number."},
		{"LEVEL", "debug, info, warn or error."},
		{"PATH", "A file or directory; not absolute, it is looked for where the daemon was started."},
	};
	static const char *const see_also[] = {"opsroomd(8)", NULL};
	struct arena a;

	arena_init(&a);
	roff_page(to, "opsroom.yaml", 5, "settings of opsroomd", PRINTED_BY);
	roff_section(to, "DESCRIPTION");
	roff_text(to, "A YAML file, given by opsroomd --config FILE, with one setting a line. None is needed. A name "
		      "that is not known, a value out of "
		      "range and a name twice are errors, which say the line and what is allowed. Every setting is "
		      "also an option of opsroomd(8), which "
		      "wins: log_level is --log-level.");
	roff_paragraph(to);
	roff_text(to, "Check a change before it counts, then let the daemon read it:");
	roff_example(to, "opsroomd --check --config /etc/opsroom/opsroom.yaml\nsystemctl reload opsroom");
	roff_section(to, "VALUES");
	terms(to, COUNT_OF(types), types);
	roff_section(to, "SETTINGS");
	for (size_t i = 0; i < SETTINGS; i++)
		print_setting(to, &a, &settings_table[i]);
	roff_section(to, "EXAMPLE");
	roff_example(to, "listen: 0.0.0.0:8065\ndata: /var/lib/opsroom\npublic_url: https://ops.example.com\n"
			 "tls_certificate: /etc/opsroom/tls.crt\ntls_key: /etc/opsroom/tls.key");
	roff_see_also(to, see_also);
	arena_done(&a);
}

/* ---- opsroom-api(7) ---- */

static const char *scope_text(enum scope scope)
{
	return scope == SCOPE_READ ? "read" : scope == SCOPE_WRITE ? "write" : "admin";
}

static void print_routes(FILE *to, struct arena *a)
{
	roff_section(to, "CALLS");
	roff_text(to, "(once) marks calls that obey Idempotency-Key.");
	for (size_t i = 0; i < route_count; i++) {
		const struct http_route *r = &routes[i];

		roff_term(to, arena_printf(a, "%s %s", r->method[0] == '*' ? "GET, POST" : r->method, r->path).p,
			  r->arguments[0] ? r->arguments : NULL);
		roff_text(to, r->help);
		roff_text(to, arena_printf(a, "Who may: %s%s", who_text(r->who),
					   r->flags & ROUTE_IDEMPOTENT ? " (once)" : "")
				      .p);
	}
	for (size_t i = 0; i < page_count; i++) {
		roff_term(to,
			  arena_printf(a, "GET %s%s%s", pages[i].path, pages[i].alias ? ", " : "",
				       pages[i].alias ? pages[i].alias : "")
				  .p,
			  NULL);
		roff_text(to, pages[i].help);
		roff_text(to, arena_printf(a, "Who may: %s", who_text(WHO_ANYBODY)).p);
	}
	roff_paragraph(to);
	roff_text(to, "Every other path is the console.");
}

static void print_methods(FILE *to, struct arena *a)
{
	roff_section(to, "SLACK'S METHODS");
	roff_text(to, "At /api/METHOD, as Slack's reference describes them. Each asks for a scope: read, write or "
		      "admin, or the one of Slack's that stands "
		      "behind it. What is not listed answers unknown_method.");
	for (size_t i = 0; i < slack_method_count; i++) {
		const struct slack_method *m = &slack_methods[i];

		roff_term(to, m->name, NULL);
		roff_text(to, m->help);
		if (!m->needs)
			roff_text(to, "Who may: anybody.");
		else
			roff_text(to,
				  arena_printf(a, "Scope: %s%s%s%s.", scope_text(m->needs),
					       m->scope_name[0] ? " (" : "", m->scope_name, m->scope_name[0] ? ")" : "")
					  .p);
	}
}

static void print_states(FILE *to, struct arena *a)
{
	roff_section(to, "STATES OF AN ALERT");
	roff_text(to, "A group of alerts is in one of these states. What is not listed is refused (conflict).");
	for (size_t i = 0; i < group_rule_count; i++) {
		const struct group_rule *r = &group_rules[i];

		roff_item(to, arena_printf(a, "%s: %s", group_state_name(r->from), group_event_name(r->event)).p, NULL,
			  r->to == r->from ? "Stays." : arena_printf(a, "It is %s.", group_state_name(r->to)).p);
	}
}

static void print_errors(FILE *to, struct arena *a)
{
	roff_section(to, "ERRORS");
	roff_text(to, "/v1 and /hooks answer application/problem+json (RFC 9457) with type, title, status, detail and "
		      "one of these as code:");
	for (int code = 1; code < ERR_CODES; code++) {
		const struct err_info *info = err_info((enum err_code)code);

		roff_item(to, info->name, NULL, arena_printf(a, "%d %s.", info->http_status, info->title).p);
	}
	roff_paragraph(to);
	roff_text(to, "503, 507 and 429 carry Retry-After. /api answers {\"ok\":false,\"error\":WORD} with status 200 "
		      "as Slack does, but 503 when the store "
		      "cannot be written; /services a word as plain text; /api/v2 as Alertmanager does.");
}

static void print_api(FILE *to)
{
	static const char *const see_also[] = {"opsroomd(8)", "opsroom(1)", NULL};
	struct arena a;

	arena_init(&a);
	roff_page(to, "opsroom-api", 7, "the HTTP API of opsroomd", PRINTED_BY);
	roff_section(to, "DESCRIPTION");
	roff_text(to, "One address speaks Slack's Web API and incoming webhooks, Alertmanager's webhook and API v2, "
		      "and opsroom's own API at /v1 with the "
		      "stream of events at /stream. Bodies and answers are described in docs/api.md.");
	roff_section(to, "WHO ASKS");
	roff_text(to, "An API token as Authorization: Bearer TOKEN; Slack's methods also take it as the argument "
		      "token. Or the session cookie of the console, "
		      "whose requests must also carry X-Opsroom: console. Sources and webhooks have keys instead, "
		      "which stand in their addresses.");
	roff_paragraph(to);
	roff_text(to, "A token has the scope read, write or admin, each with all of the one before. What its user may "
		      "not do, it may not either.");
	roff_section(to, "ONCE");
	roff_text(to, "A request with Idempotency-Key (up to 200 characters) is carried out once: for 24 hours the "
		      "same key with the same body is answered as the "
		      "first time, with Idempotent-Replayed: true; with another body it is refused with 422.");
	print_routes(to, &a);
	print_methods(to, &a);
	print_states(to, &a);
	print_errors(to, &a);
	roff_see_also(to, see_also);
	arena_done(&a);
}

/* ---- opsroom-log(7) ---- */

static void print_log(FILE *to)
{
	static const char *const see_also[] = {"opsroomd(8)", "opsroom.yaml(5)", "journalctl(1)", NULL};
	struct arena a;

	arena_init(&a);
	roff_page(to, "opsroom-log", 7, "what opsroomd logs", PRINTED_BY);
	roff_section(to, "DESCRIPTION");
	roff_text(to, "One line an event, on standard error: the time in UTC, the level, the name of the event, its "
		      "fields as name=value. A value with spaces, "
		      "quotes or control characters stands in quotes, with \\x1b for such a character.");
	roff_example(to, "2026-03-02T02:15:00.000Z info login.ok user=ann from=192.0.2.7");
	roff_paragraph(to);
	roff_text(to, "The setting log_level says what is logged; SIGHUP changes it without a restart. Secrets are not "
		      "logged. Who did what to an alert stands in "
		      "the audit trail (opsroom audit search), not here.");
	roff_section(to, "EVENTS");
	for (int i = 0; i < LOG_EVENTS; i++) {
		const struct log_event_info *e = log_event_info((enum log_event)i);

		roff_term(to, e->name, NULL);
		roff_text(to, e->help);
		roff_text(to, arena_printf(&a, "Fields: %s.", e->fields).p);
	}
	roff_see_also(to, see_also);
	arena_done(&a);
}

bool manual_print(FILE *to, const char *page)
{
	static const struct {
		const char *name;
		void (*print)(FILE *to);
	} all[] = {
		{"opsroomd.8", print_daemon},
		{"opsroom.yaml.5", print_yaml},
		{"opsroom-api.7", print_api},
		{"opsroom-log.7", print_log},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (str_is(str_of(page), all[i].name)) {
			all[i].print(to);
			return true;
		}
	return false;
}
