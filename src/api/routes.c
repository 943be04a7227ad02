#include "api/handlers.h"
#include "api/pagers.h"
#include "api/slack.h"

/* method, path, what follows it, dialect, who may, flags, what runs, help. The first row that fits is taken. */
const struct http_route routes[] = {
	{"POST", "/api/v2/generic/incoming", "?token=KEY", DIALECT_WEBHOOK, WHO_KEY, ROUTE_SOURCE, goalert_incoming,
	 "GoAlert's generic API: the token is the key of a source of the tool goalert. 204, or what became of it for who accepts JSON."},
	{"*", "/api/v2/", "alerts | alerts/groups | receivers | silences | status", DIALECT_ALERTMANAGER, WHO_KEY, ROUTE_PREFIX | ROUTE_JSON | ROUTE_SOURCE, hook_v2,
	 "Alertmanager's API v2: POST alerts, GET all of them, with its filters. On loopback without public_url no key is needed."},
	{"*", "/am/", "KEY/api/v2/...", DIALECT_ALERTMANAGER, WHO_KEY, ROUTE_PREFIX | ROUTE_JSON | ROUTE_SOURCE, hook_v2,
	 "The same with a source's key in the path, for clients that can set only a prefix."},
	{"POST", "/hooks/", "TOOL/KEY", DIALECT_OURS, WHO_KEY, ROUTE_PREFIX | ROUTE_IDEMPOTENT | ROUTE_JSON | ROUTE_SOURCE, hook_tool,
	 "A tool's webhook, see `opsroom source list`. Answers how many alerts came and how many changed something."},
	{"GET", "/hooks/", "...", DIALECT_OURS, WHO_ANYBODY, ROUTE_PREFIX, hook_what_is_this,
	 "Says what the address of a webhook is, for whoever opens it in a browser."},
	{"POST", "/v2/enqueue", "", DIALECT_PAGERDUTY, WHO_KEY, ROUTE_JSON | ROUTE_SOURCE, pagerduty_event,
	 "PagerDuty's Events API v2: routing_key is the key of a source of the tool pagerduty_events. Answers the dedup_key."},
	{"POST", "/v2/change/enqueue", "", DIALECT_PAGERDUTY, WHO_KEY, ROUTE_JSON | ROUTE_SOURCE, pagerduty_change, "PagerDuty's change events: told once, as news."},
	{"POST", "/generic/2010-04-15/create_event.json", "", DIALECT_PAGERDUTY, WHO_KEY, ROUTE_JSON | ROUTE_SOURCE, pagerduty_event_v1,
	 "PagerDuty's Events API v1: the same with service_key and incident_key."},
	{"*", "/v2/alerts", "[/ID/close | /ID/acknowledge | /requests/ID]", DIALECT_OPSGENIE, WHO_KEY, ROUTE_PREFIX | ROUTE_JSON | ROUTE_SOURCE, opsgenie_alerts,
	 "Opsgenie's Alert API: POST alerts, close and acknowledge them, GET what became of a request. The API key is the key of a source of the tool opsgenie_api."},
	{"POST", "/integrations/generic/20131114/alert/", "KEY/ROUTING", DIALECT_VICTOROPS, WHO_KEY, ROUTE_PREFIX | ROUTE_JSON | ROUTE_SOURCE, victorops_alert,
	 "Splunk On-Call's (VictorOps') REST endpoint: KEY is the key of a source of the tool victorops."},
	{"POST", "/services/", "T.../B.../KEY", DIALECT_WEBHOOK, WHO_KEY, ROUTE_PREFIX | ROUTE_IDEMPOTENT, hook_incoming,
	 "Slack's incoming webhooks: a message for the webhook's channel, or another public one that it names."},
	{"POST", "/api/", "METHOD", DIALECT_SLACK, WHO_METHOD, ROUTE_PREFIX | ROUTE_IDEMPOTENT, slack_run,
	 "Slack's Web API, see below. Arguments as JSON, form, multipart or query."},
	{"GET", "/api/", "METHOD?...", DIALECT_SLACK, WHO_METHOD, ROUTE_PREFIX, slack_run, "The same, with the arguments in the query."},
	{"GET", "/stream", "", DIALECT_OURS, WHO_PERSON, ROUTE_QUERY_TOKEN, stream_route,
	 "A WebSocket: everything that happens in one's channels, in order, without a gap over reconnects and restarts."},
	{"GET", "/files/", "ID/NAME | ID/download/NAME", DIALECT_OURS, WHO_PERSON, ROUTE_PREFIX | ROUTE_LOADED, files_get,
	 "The bytes of a file that a message brought (url_private), for those who may read its channel."},
	{"GET", "/v1/setup", "?token=", DIALECT_OURS, WHO_ANYBODY, 0, v1_setup_get, "Is the one-time link good?"},
	{"POST", "/v1/setup", "", DIALECT_OURS, WHO_ANYBODY, 0, v1_setup,
	 "Makes the first admin. Needs the token of the one-time link; impossible once there is an admin."},
	{"POST", "/v1/login", "", DIALECT_OURS, WHO_ANYBODY, 0, v1_login, "Logs in with name or email and password: sets the session cookie."},
	{"POST", "/v1/logout", "", DIALECT_OURS, WHO_PERSON, 0, v1_logout, "Ends the session."},
	{"GET", "/v1/me", "", DIALECT_OURS, WHO_PERSON, 0, v1_me, "Who am I?"},
	{"GET", "/v1/boot", "", DIALECT_OURS, WHO_PERSON, 0, v1_boot, "What the console starts with: channels, people, commands."},
	{"POST", "/v1/commands", "", DIALECT_OURS, WHO_PERSON, ROUTE_IDEMPOTENT, v1_commands,
	 "Runs one command line; each command asks for its own role."},
	{"GET", "/v1/alerts", "?state=&limit=", DIALECT_OURS, WHO_PERSON, 0, v1_alerts, "Groups of alerts, newest first."},
	{"GET", "/v1/alerts/", "ID", DIALECT_OURS, WHO_PERSON, ROUTE_PREFIX, v1_alert, "One group with its members."},
	{"GET", "/v1/sources", "", DIALECT_OURS, WHO_PERSON, 0, v1_sources, "The sources, with what came from each since the start, and the last that was refused."},
	{"GET", "/v1/sources/", "NAME/deliveries", DIALECT_OURS, WHO_PERSON, ROUTE_PREFIX, v1_deliveries,
	 "The last 50 deliveries of a source, newest first, without their bodies."},
	{"GET", "/v1/deliveries/", "ID", DIALECT_OURS, WHO_OPERATOR, ROUTE_PREFIX, v1_delivery, "One delivery with its headers and its body."},
	{"POST", "/v1/deliveries/", "ID/replay", DIALECT_OURS, WHO_OPERATOR, ROUTE_PREFIX, v1_delivery_replay,
	 "Takes a delivery in once more, as if its tool sent it now. Answers what it did."},
	{"POST", "/v1/alerts/test", "", DIALECT_OURS, WHO_PERSON, 0, v1_alerts_test,
	 "Where alerts with these labels would go, and whether they would be quiet now; changes nothing."},
	{"GET", "/v1/status", "", DIALECT_OURS, WHO_PERSON, 0, v1_status, "How things stand: version, alerts, outbox, store."},
	{"GET", "/v1/tokens", "", DIALECT_OURS, WHO_PERSON, 0, v1_tokens, "One's API tokens with their last use; an admin sees all."},
	{"POST", "/v1/tokens", "", DIALECT_OURS, WHO_WRITER, 0, v1_token_new, "Makes an API token, shown this once."},
	{"DELETE", "/v1/tokens/", "ID", DIALECT_OURS, WHO_WRITER, ROUTE_PREFIX, v1_token_revoke, "Revokes a token."},
	{"GET", "/v1/audit", "?q=&actor=&action=&since=&until=&limit=&before=", DIALECT_OURS, WHO_ADMIN, 0, v1_audit,
	 "Searches the audit trail, newest first."},
	{"GET", "/v1/audit/verify", "", DIALECT_OURS, WHO_ADMIN, 0, v1_audit_verify, "Reckons every hash of the audit trail anew."},
	{"POST", "/v1/provision", "", DIALECT_OURS, WHO_ADMIN, 0, v1_provision, "Makes what a YAML file names, see opsroomd(8)."},
	{"GET", "/v1/search", "?q=&channel=&limit=", DIALECT_OURS, WHO_PERSON, 0, v1_search, "Finds messages that the asker may read."},
	{"POST", "/v1/advance", "", DIALECT_OURS, WHO_ADMIN, 0, v1_advance,
	 "Moves a virtual clock (--clock, for tests); answers when everything due has happened."},
};
const size_t route_count = COUNT_OF(routes);

const char *who_text(enum who who)
{
	static const char *const texts[] = {
		[WHO_ANYBODY] = "Anybody.",
		[WHO_KEY] = "Whoever has the key.",
		[WHO_METHOD] = "As the method says.",
		[WHO_PERSON] = "Whoever is logged in or has an API token.",
		[WHO_WRITER] = "Whoever is logged in or has an API token with the scope write.",
		[WHO_OPERATOR] = "Operators; to change something, with a session or a token with the scope write.",
		[WHO_ADMIN] = "Admins, with a session or a token with the scope admin.",
	};

	return texts[who];
}
