/* chat/slack_parts.h -- the adapter to Slack in its parts; only for chat/slack*.c. All of it is the net thread's.
 *
 * slack.c        the row, health, what is sent there: one job an order
 * slack_calls.c  calls of the Web API, no faster than Slack allows
 * slack_links.c  Socket Mode: two connections, and a third before one of them ends
 * slack_hear.c   what is heard there and who people are
 */
#pragma once
#include "base/json.h"
#include "base/map.h"
#include "chat/chats.h"
#include "net/client.h"
#include "net/ws_out.h"
#include "ops/slack_heard.h"
#include "ops/slack_web.h"

#define SLACK_ANSWER_MAX (8 * MIB)
#define SLACK_CALL_WITHIN (10 * SECOND)
#define NEVER INT64_MAX

/* ---- calls ---- */

struct slack;
struct slack_answer {
	enum slack_outcome outcome;
	const struct json *body; /* NULL: none that could be read */
	struct str error;        /* Slack's word */
	span_ms wait;            /* SLACK_LATER: not before then; 0: nobody said */
	const struct client_answer *http; /* NULL: it never left */
	struct str why;          /* of what is not SLACK_OK */
	struct arena *arena;     /* in which all of it lies, until the callback returns */
};
typedef void slack_done(void *context, const struct slack_answer *answer);

struct slack_call {
	struct slack_call *next, *prev; /* of slack.calls */
	struct slack_call *behind;      /* in its lane */
	struct slack *slack;
	enum slack_method method;
	struct arena arena;
	struct str form;
	mono_ms until;                  /* the answer is wanted by then */
	bool sent, raw;
	slack_done *done;
	void *context;
};

/* The calls of one method: tokens come back at its rate; those that wait go in order. */
struct slack_lane {
	double tokens;
	mono_ms at, paused;
	struct slack_call *first, **last;
};

/* Asks, now or when the method's rate allows. done comes exactly once, never from inside, and not at all after slack_calls_end().
 * within: the time to its answer; what could not leave in it is SLACK_LATER. */
struct slack_call *slack_call(struct slack *s, enum slack_method m, const struct slack_args *args, span_ms within, slack_done *done, void *context);
/* Bytes to an address that Slack gave: an upload, a response_url. No token. Outcome SLACK_OK for 2xx, SLACK_LATER if nothing left, else SLACK_UNSURE. */
struct slack_call *slack_send_raw(struct slack *s, struct str url, struct str type, struct str body, span_ms within, slack_done *done, void *context);
static inline bool slack_call_is_once(const struct slack_call *c)
{
	return c->raw || slack_web_methods[c->method].once;
}
void slack_call_drop(struct slack_call *c); /* done does not come */
void slack_calls_start(struct slack *s);
void slack_calls_tend(struct slack *s, mono_ms now);
void slack_calls_end(struct slack *s);

/* ---- Socket Mode ---- */

#define SLACK_LINKS 2
struct slack_link {
	struct slack_link *next;
	struct slack *slack;
	struct ws_out *ws;
	bool greeted, leaving;
	mono_ms leave_by;
};
void slack_links_tend(struct slack *s, mono_ms now);
unsigned slack_links_ready(const struct slack *s);
void slack_links_end(struct slack *s);
void slack_link_ack(struct slack_link *l, struct str envelope);

/* ---- what is heard ---- */

/* One thing that was heard, until our own side has it. */
struct slack_in {
	struct slack_in *next, *prev;
	struct slack *slack;
	struct arena arena;
	struct slack_heard heard;
	struct slack_link *link;  /* where it is acknowledged; NULL: it is gone, or it came otherwise */
	struct str envelope;
	struct chat_call *call;   /* ... by HTTP; NULL: answered, or it came otherwise */
	mono_ms came;
	bool ordered;             /* an event: those before it go first */
	bool handed;              /* chat_heard() has it */
	bool pressing;            /* a person waits for the acknowledgement */
};
void slack_hear_frame(struct slack_link *l, const struct slack_frame *f, struct arena *a); /* takes the arena's content over */
void slack_hear_call(struct slack *s, struct chat_call *c);
void slack_hear_tend(struct slack *s, mono_ms now);
void slack_hear_link_gone(struct slack *s, const struct slack_link *l);
void slack_hear_end(struct slack *s);
/* The channels that the bot is in, and those that it shall be in; then slack_listed(). People come behind, page by page. */
void slack_list(struct slack *s);
void slack_listed(struct slack *s);
void slack_people_start(struct slack *s);

/* ---- all together ---- */

struct slack {
	struct chat *chat;
	struct http_client *http;
	uv_timer_t timer;
	mono_ms wake;
	bool closing, up, refused;
	/* auth.test */
	bool known, api_ok, beating, listing, listed;
	unsigned beats_missed;
	mono_ms beat_at;
	struct arena self_arena;
	struct slack_self self;
	struct str scopes;         /* "": Slack did not say */
	span_ms ahead;             /* so much its clock is before ours */
	bool no_customize;         /* it may not show another's name */
	/* calls */
	struct slack_lane lanes[SLACK_METHODS];
	struct slack_call *calls;
	/* Socket Mode */
	struct slack_link *links;
	struct slack_call *opening;
	mono_ms open_at;
	unsigned open_failures;
	/* heard */
	struct slack_in *in, *in_last; /* oldest first */
	struct slack_call *looking;    /* who the first is */
	struct map people;             /* by the hash of their id: struct slack_known */
	size_t people_count;
	struct slack_channel_list *channels;
	bool people_asked;
	/* sent */
	struct slack_job *jobs;
};

/* There is something to do then. */
void slack_wake(struct slack *s, mono_ms at);
/* Some call got no answer: is Slack there at all? */
void slack_doubt(struct slack *s);
/* Up or down may have changed. why: of a failure, if one is known. */
void slack_settle(struct slack *s, const char *why);
void slack_give_up(struct slack *s, const char *why); /* for good */
bool slack_may(const struct slack *s, const char *scope); /* as far as is known */
/* 1 s, 2 s, ... 60 s, of which up to a quarter is chance. */
span_ms slack_backoff(unsigned failures);
