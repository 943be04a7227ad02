/* api/exchange.h -- one HTTP request on its way through the work thread, and the table of routes.
 *
 * The net thread makes it, the work thread runs its handler, the net thread sends what the handler wrote. A handler writes
 * its answer into the exchange, or fails with x->err; the dialect of its route turns an error into what that client expects.
 */
#pragma once
#include "base/json.h"
#include "base/map.h"
#include "commands/command.h"
#include "engine/engine.h"
#include "net/form.h"

enum dialect {
	DIALECT_OURS,         /* RFC 9457 problem+json */
	DIALECT_SLACK,        /* {"ok":false,"error":...}, HTTP 200 */
	DIALECT_WEBHOOK,      /* Slack's incoming webhooks: a word as plain text */
	DIALECT_ALERTMANAGER, /* {"code":...,"message":...} or a JSON string */
	DIALECT_VICTOROPS,    /* {"result":"failure","message":...} */
	DIALECT_OPSGENIE,     /* {"message":...,"took":...,"requestId":...} */
	DIALECT_PAGERDUTY,    /* {"status":"invalid event","message":...,"errors":[...]} */
};

struct exchange;
struct api;

/* Who may call. Checked before the handler runs, but for those whose key only the handler can read. */
enum who {
	WHO_ANYBODY,
	WHO_KEY,    /* the key of a source or webhook, in the address or a header: the handler checks it */
	WHO_METHOD, /* what slack_methods[] says */
	WHO_PERSON, /* logged in, or an API token of any scope */
	WHO_WRITER, /* the token must have the scope write */
	WHO_RESPONDER, /* the role responder, and a token with the scope write */
	WHO_OPERATOR, /* the role operator; to change something, and a token with the scope write */
	WHO_ADMIN,  /* the role admin, and a token with the scope admin */
};
const char *who_text(enum who who); /* for the manual */

enum route_flags {
	ROUTE_PREFIX = 1,      /* path is a prefix: the rest is x->rest */
	ROUTE_IDEMPOTENT = 2,  /* obeys Idempotency-Key */
	ROUTE_JSON = 8,        /* the body is read as JSON while it waits for the work thread: x->json */
	ROUTE_QUERY_TOKEN = 4, /* ?token= counts too, for clients that cannot set headers */
	ROUTE_LOADED = 16,     /* pages load it by themselves, as <img> does: the session's cookie counts without X-Opsroom */
	ROUTE_SOURCE = 32,     /* sources send here: what is refused before it gets here is listed with their deliveries */
};

struct http_route {
	const char *method; /* "*": any */
	const char *path;
	const char *arguments; /* what follows the path or the question mark, for the manual */
	enum dialect dialect;
	enum who who;
	unsigned flags;
	void (*run)(struct exchange *x);
	const char *help; /* opsroom-api(7) */
};
extern const struct http_route routes[];
extern const size_t route_count;

/* What the handler of a delivery tells of it, for the lists of deliveries (api/delivery_notes.h). */
struct delivery_note {
	bool told;         /* it was taken in or refused: it is a delivery */
	bool unread;       /* it was refused before there was a body */
	bool unproven;     /* it lacks the signature, token or password that its source asks for */
	int64_t source_id; /* or DELIVERIES_UNKNOWN, DELIVERIES_OPEN_API */
	int64_t id;        /* under which it is listed */
	struct str key;    /* as it was sent */
	struct str auth;   /* source.auth */
	struct str why;    /* if there is more to say than x->err */
	const struct event *events; /* what a source's program made of the body; NULL: it was read by hand */
	size_t event_count;
	unsigned alerts, changed;
	const struct seen_delivery *replay; /* this is sent once more by a person: whose it is is known */
};

struct exchange {
	struct work work; /* first: the engine hands it back */
	struct api *api;
	struct http_request *request;
	const struct http_route *route;
	struct str rest;        /* of the path, behind a prefix route */
	struct json *json;      /* ROUTE_JSON; NULL: it is large, or not JSON */
	/* who asks; user.id 0: nobody */
	struct user user;
	struct caller caller;
	bool by_cookie;
	struct str token_hash;  /* of the token that was shown */
	struct token token;     /* that was shown; id 0: none. It need not be good: then user.id is 0 */
	int64_t app_id;         /* the token is an app's; 0: it is not */
	bool app_level;         /* ... and good for Socket Mode alone (xapp-) */
	struct str app_scopes;  /* ... and may this, in Slack's words */
	enum scope needed;      /* what the call really needed of it, as far as is known */
	const char *auth_problem; /* Slack's word for what is wrong with the token */
	/* the answer */
	int status;
	const char *content_type;
	struct buf body;
	struct buf headers;
	struct err err;
	span_ms retry_after;     /* of a refusal; 0: two seconds */
	bool plain_json_error;   /* Alertmanager: the error is a JSON string */
	bool unreadable;         /* PagerDuty: the body is no JSON object */
	struct delivery_note note;
	/* Slack's API: what slack_identify() read */
	const struct json *slack_args;
	const char *slack_problem; /* NULL: the arguments are good */
	/* after the commit, on the net thread, instead of answering */
	void (*finish)(struct exchange *x);
	void (*next_run)(struct exchange *x); /* a second pass through the work thread, instead of the route's handler */
	void *context;
	void (*read)(struct exchange *x); /* x_read_apart() */
	struct db *reader;
};
/* From finish(): does slow sums (Argon2id) on a thread of libuv's pool, then runs next_run() on the work thread. */
void x_think(struct exchange *x, void (*think)(struct exchange *x), void (*next_run)(struct exchange *x));
/* From finish() or later, on the net thread: runs next_run() on the work thread. */
void x_go_on(struct exchange *x, void (*next_run)(struct exchange *x));
/* For a handler that reads much: read() writes the answer on a thread of libuv's pool, with the store open for reading in x->reader. */
void x_read_apart(struct exchange *x, void (*read)(struct exchange *x));

/* The handler's tools. */
static inline struct arena *x_arena(struct exchange *x)
{
	return x->work.arena;
}
struct json_out x_json(struct exchange *x, int status); /* begins a JSON answer */
struct json_out x_object(struct exchange *x, int status); /* the same, with its brace open */
void x_fail(struct exchange *x, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void x_text(struct exchange *x, int status, const char *text);
/* The body as a JSON object; NULL with x->err set. */
struct json *x_body(struct exchange *x);
struct str x_query(struct exchange *x, const char *name); /* "" if absent */
unsigned x_limit(struct exchange *x, unsigned usual, unsigned most); /* ?limit= */
/* A record of the audit trail, in the same transaction. */
MUST_USE bool x_audit(struct exchange *x, int64_t actor_id, const char *action, struct str detail, const char *result);
struct str x_from(struct exchange *x); /* the detail {"from":ADDRESS} */

/* api/auth.c: fills the caller from bearer token, cookie or `token`. Never fails: who is unknown stays user.id 0. */
void auth_identify(struct exchange *x, struct str token_argument);
/* api/slack.c: the same for Slack's API, where the token may be among the arguments. */
void slack_identify(struct exchange *x);
enum scope scope_of(struct str scopes); /* of a token's row */
/* Is the token of this hash good, and may it this? Then *u and *caller are its person. For what comes later than its request. */
bool auth_token_may(struct work *w, struct str hash, enum scope needs, const char *scope_name, struct user *u, struct caller *caller);
/* api/token_use.c: keeps when, from where and for what the token was last used, and has the audit trail say where it came from. */
void token_note_use(struct exchange *x);
struct token_uses *token_uses_new(void);
void token_uses_free(struct token_uses *u);
/* Logs the person in: sets the cookie. */
MUST_USE bool auth_log_in(struct exchange *x, const struct user *u);
void auth_log_out(struct exchange *x);
/* A second factor was given with this session or token: kept with it. */
MUST_USE bool auth_step_up(struct exchange *x);
/* Makes an API token; *secret is shown once. */
MUST_USE bool auth_make_token(struct work *w, const struct user *u, struct str name, struct str scopes, struct token *out, struct str *secret, struct err *err);
/* Keys in URLs come from the daemon's own key, so that they can be shown again though only their hash is stored. */
struct str auth_source_key(struct work *w, int64_t source_id);
struct str auth_source_secret(struct work *w, int64_t source_id); /* what its tool signs with, if nobody names another */
struct str auth_webhook_key(struct work *w, int64_t webhook_id);
struct str auth_grant_token(struct work *w, bool bots, int64_t token_id); /* of an app, by OAuth: who comes again has the same */
struct str auth_hash(struct arena *a, struct str secret);
MUST_USE bool auth_know_keys(struct work *w); /* at the start: those of all sources are masked from now on */

struct api_limits {
	span_ms session_life;
	unsigned login_failures_max; /* of an address, and for a name, within login_failures_span */
	span_ms login_failures_span;
	bool unfurls;         /* chat.unfurl may change what others said */
	unsigned slack_rates; /* in percent of Slack's; 0: any number of calls */
	span_ms post_every;   /* messages of a token to one channel; 0: any number */
	unsigned stream_replay_max; /* events of one channel that a stream that comes back is told; past it: reset */
};

/* The error as the client of this route expects it: status and body of the answer. */
void x_write_error(struct exchange *x);
/* The route of a request; *rest is what follows a prefix. NULL: none, *other_method: but another method has one. */
const struct http_route *route_find(const struct http_request *r, struct str *rest, bool *other_method);

/* The rooms' entry: the daemon makes one and hands every request to it. */
struct api *api_new(struct engine *e, uv_loop_t *loop, const struct api_limits *limits);
void api_free(struct api *api);
void api_set_server(struct api *api, struct server *s);
void api_on_request(void *api, struct http_request *r);
void api_on_ws_message(void *api, conn_id conn, void *user, struct str text);
void api_on_ws_closed(void *api, conn_id conn, void *user);
void api_on_refused(void *api, struct http_request *r, int status, const char *detail);
void api_on_answered(void *api, struct str method, struct str path, int status, int64_t us);
void api_set_ready(struct api *api, bool ready);

/* Work thread: runs an exchange with its route. For those that come another way than api_on_request(). */
void exchange_run(struct work *w);
/* For a request that it takes over, with it in its arena; run and done are set by who submits it. */
struct exchange *exchange_new(struct api *api, struct http_request *r, const struct http_route *route, struct str rest);

struct api {
	struct engine *engine;
	struct api_limits limits;
	struct server *server;
	struct sns *sns;
	struct smtp_server *smtp; /* NULL: no mail comes in */
	uv_loop_t *loop;
	bool ready;
	uint64_t answered[6]; /* by status class; [0] all */
	struct login_guard *logins;
	struct token_uses *token_uses;
	struct slack_rates *slack_rates; /* the work thread's */
	struct deliveries *deliveries; /* the work thread's */
	/* Net thread: reads again what a team wrote beside the settings; done() is called on the net thread when it is in force. */
	void (*reload)(void *context, void (*done)(void *context), void *for_whom);
	void *reload_context;
};
