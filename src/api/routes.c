#include "api/handlers.h"
#include "api/slack.h"

/* The first row that fits is taken. */
const struct route routes[] = {
	{"*", "/api/v2/", DIALECT_ALERTMANAGER, ROUTE_PREFIX, hook_v2, "Alertmanager's API v2: alerts, status."},
	{"*", "/am/", DIALECT_ALERTMANAGER, ROUTE_PREFIX, hook_v2, "The same with a source's key before it: /am/KEY/api/v2/alerts."},
	{"POST", "/hooks/alertmanager/", DIALECT_OURS, ROUTE_PREFIX | ROUTE_OPEN | ROUTE_IDEMPOTENT, hook_alertmanager, "Alertmanager's webhook, version 4."},
	{"GET", "/hooks/", DIALECT_OURS, ROUTE_PREFIX | ROUTE_OPEN, hook_what_is_this, "Says what a webhook's address is."},
	{"POST", "/services/", DIALECT_WEBHOOK, ROUTE_PREFIX | ROUTE_IDEMPOTENT, hook_incoming, "Slack's incoming webhooks: T.../B.../KEY."},
	{"POST", "/api/", DIALECT_SLACK, ROUTE_PREFIX | ROUTE_IDEMPOTENT, slack_run, "Slack's Web API."},
	{"GET", "/api/", DIALECT_SLACK, ROUTE_PREFIX, slack_run, "The same, arguments in the query."},
	{"GET", "/stream", DIALECT_OURS, ROUTE_OPEN, stream_route, "WebSocket: everything that happens in one's channels, in order."},
	{"GET", "/v1/setup", DIALECT_OURS, ROUTE_OPEN, v1_setup_get, "Is the one-time link good?"},
	{"POST", "/v1/setup", DIALECT_OURS, ROUTE_OPEN, v1_setup, "Makes the first admin."},
	{"POST", "/v1/login", DIALECT_OURS, ROUTE_OPEN, v1_login, "Logs in: sets the session cookie."},
	{"POST", "/v1/logout", DIALECT_OURS, 0, v1_logout, "Ends the session."},
	{"GET", "/v1/me", DIALECT_OURS, 0, v1_me, "Who am I?"},
	{"GET", "/v1/boot", DIALECT_OURS, 0, v1_boot, "What the console starts with."},
	{"POST", "/v1/commands", DIALECT_OURS, ROUTE_IDEMPOTENT, v1_commands, "Runs one command line."},
	{"GET", "/v1/alerts", DIALECT_OURS, 0, v1_alerts, "Groups of alerts, newest first."},
	{"GET", "/v1/alerts/", DIALECT_OURS, ROUTE_PREFIX, v1_alert, "One group with its members."},
	{"GET", "/v1/status", DIALECT_OURS, 0, v1_status, "How things stand."},
	{"GET", "/v1/tokens", DIALECT_OURS, 0, v1_tokens, "API tokens with their last use."},
	{"POST", "/v1/tokens", DIALECT_OURS, ROUTE_WRITE, v1_token_new, "Makes an API token, shown once."},
	{"DELETE", "/v1/tokens/", DIALECT_OURS, ROUTE_PREFIX | ROUTE_WRITE, v1_token_revoke, "Revokes a token."},
	{"GET", "/v1/audit", DIALECT_OURS, ROUTE_ADMIN, v1_audit, "Searches the audit trail."},
	{"GET", "/v1/audit/verify", DIALECT_OURS, ROUTE_ADMIN, v1_audit_verify, "Reckons every hash of the audit trail anew."},
	{"POST", "/v1/provision", DIALECT_OURS, ROUTE_ADMIN, v1_provision, "Makes what a YAML file names."},
	{"GET", "/v1/search", DIALECT_OURS, 0, v1_search, "Finds messages."},
	{"POST", "/v1/advance", DIALECT_OURS, ROUTE_ADMIN, v1_advance, "Moves a virtual clock (tests)."},
};
const size_t route_count = COUNT_OF(routes);
