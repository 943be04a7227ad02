/* engine/app_send.h -- one thing for an app, by Socket Mode or to its address, answered once. Contract: docs.slack.dev, Socket Mode and
 * Verifying requests from Slack.
 *
 * All of it is the net thread's. Nothing here is durable: events come from the outbox (engine/app_events.c), and what a person did waits
 * for its answer.
 */
#pragma once
#include "engine/engine.h"

#define APP_ANSWER_WITHIN (3 * SECOND)
#define APP_LINKS_MAX 10 /* connections of one app */

struct app_order {
	int64_t app_id;
	const char *type;   /* "events_api", "slash_commands", "interactive" */
	bool wants_answer;  /* what the app says with its yes counts */
	struct str url;     /* where to without a connection; "": nowhere */
	struct str secret;  /* signs what goes there */
	struct str token;   /* its verification token */
	struct str payload; /* JSON */
	struct str form;    /* over HTTP the body is this form; "": it is the payload. Events are then sent one after the other. */
	int retry;          /* 1..: it was tried before */
	struct str reason;  /* ... and this was why it failed */
};

enum app_answer {
	APP_TOOK,   /* text: what it said with it, JSON or plain; "" for nothing */
	APP_FAILED, /* text: Slack's word, "http_timeout" ... */
	APP_ABSENT, /* no connection, and no address */
	APP_BROKE,  /* the connection went away meanwhile */
};

struct app_result {
	enum app_answer answer;
	struct str text;  /* valid during the call */
	bool is_json;     /* of APP_TOOK over HTTP */
	bool no_retry;    /* of APP_FAILED: the app wants it not again */
};

/* Copies what it needs. done() comes exactly once, perhaps before this returns. */
void app_send(struct engine *e, const struct app_order *o, void (*done)(void *context, const struct app_result *r), void *context);

/* Socket Mode: an accepted WebSocket of an app. It hears nothing before its hello, which may also be that there are too many. A hello may
 * end the connection, and the link with it. */
struct app_link;
struct app_link *app_link_open(struct engine *e, conn_id conn, int64_t app_id);
void app_link_hello(struct app_link *l);
void app_link_message(struct app_link *l, struct str text);
void app_link_close(struct app_link *l);
/* The app is gone: its connections are told and closed. */
void app_links_end(struct engine *e, int64_t app_id);

void app_senders_stop(struct engine *e); /* before the work thread ends */
void app_senders_free(struct engine *e);
