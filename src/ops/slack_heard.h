/* ops/slack_heard.h -- what Slack tells an app: events, commands, presses, dialogs, and the frames of Socket Mode they come in.
 *
 * Pure. Everything comes from outside; what is not understood is nothing for us, never a fault. Texts are the tree's or the arena's.
 * Sources: docs.slack.dev, Events API, Socket Mode, Interactivity; Verifying requests from Slack.
 */
#pragma once
#include "base/json.h"

/* Who we are there: what we said ourselves is not heard. */
struct slack_self {
	struct str user_id, bot_id, team_id;
};

struct slack_person {
	struct str id;        /* U..., or B... of a bot that is no user */
	struct str name;      /* "": the directory must say */
	struct str real_name, email;
	bool is_bot, deleted;
};

struct slack_channel {
	struct str id, name, topic;
	bool is_private, direct;
	bool is_member, archived;
};

enum slack_heard_what {
	SLACK_HEARD_MESSAGE,
	SLACK_HEARD_CHANGED,
	SLACK_HEARD_DROPPED,
	SLACK_HEARD_REACTED,
	SLACK_HEARD_UNREACTED,
	SLACK_HEARD_PINNED,
	SLACK_HEARD_UNPINNED,
	SLACK_HEARD_TOPIC,
	SLACK_HEARD_PRESS,
	SLACK_HEARD_DIALOG,
	SLACK_HEARD_SLASH,
	SLACK_HEARD_JOINED, /* we are in the channel now */
	SLACK_HEARD_LEFT,
	SLACK_HEARD_RENAMED,
	SLACK_HEARD_PERSON,
};
struct slack_heard {
	enum slack_heard_what what;
	struct str event;           /* to know a repeat by; never a secret */
	struct slack_channel channel;
	struct slack_person person; /* id "": Slack does not say who */
	struct str message, thread;
	struct str text;
	struct str name;            /* of a reaction; a topic */
	struct str action, value;   /* of a button */
	struct str view;            /* JSON: the view of a view_submission */
	struct str reply;           /* slack_reply_read() */
};

/* false: nothing for us. payload: {"type": "event_callback", "event": {...}} */
bool slack_read_event(struct arena *a, const struct json *payload, const struct slack_self *self, struct slack_heard *out);
/* now: when it came, for the time that its answer may take. payload: the fields of the form as an object. */
bool slack_read_slash(struct arena *a, const struct json *payload, wall_ms now, struct slack_heard *out);
bool slack_read_interactive(struct arena *a, const struct json *payload, wall_ms now, struct slack_heard *out);
/* Of somebody of another workspace (Slack Connect) the address is left out: that workspace names it, and ours does not vouch for it. */
void slack_read_person(const struct json *user, const struct slack_self *self, struct slack_person *out);
void slack_read_channel(const struct json *channel, struct slack_channel *out);

/* How one may answer what a person did there, as one text without a line end. */
struct slack_reply {
	struct str url, trigger; /* "": none */
	wall_ms at;
};
#define SLACK_REPLY_LIFE (30 * MINUTE)
bool slack_reply_read(struct arena *a, struct str reply, struct slack_reply *out);

/* ---- Socket Mode ---- */
enum slack_frame_type { SLACK_FRAME_HELLO, SLACK_FRAME_DISCONNECT, SLACK_FRAME_EVENT, SLACK_FRAME_SLASH, SLACK_FRAME_INTERACTIVE, SLACK_FRAME_OTHER };
struct slack_frame {
	enum slack_frame_type type;
	struct str envelope;  /* "": nothing to acknowledge */
	struct str reason;    /* of a disconnect */
	const struct json *payload;
};
/* false: it is no JSON object. */
bool slack_read_frame(struct arena *a, struct str text, struct slack_frame *out);

/* ---- Events API ---- */
#define SLACK_SIGNATURE_LIFE (5 * MINUTE)
/* stamp, signature: X-Slack-Request-Timestamp and X-Slack-Signature; body: byte for byte. */
bool slack_signed(struct str secret, struct str stamp, struct str signature, struct str body, wall_ms now);
