/* ops/slack_web.h -- the part of Slack's Web API that we call: its methods, their arguments, and what an answer means (docs.slack.dev: Web API).
 *
 * Pure: nothing is sent here (chat/slack_calls.c does). Arguments are fields of a form, objects among them as JSON text; every method takes that.
 */
#pragma once
#include "base/json.h"

enum slack_method {
	SLACK_AUTH_TEST,
	SLACK_CONNECTIONS_OPEN,
	SLACK_POST,
	SLACK_POST_EPHEMERAL,
	SLACK_UPDATE,
	SLACK_DELETE,
	SLACK_LIST,
	SLACK_INFO,
	SLACK_HISTORY,
	SLACK_REPLIES,
	SLACK_JOIN,
	SLACK_CREATE,
	SLACK_OPEN,
	SLACK_SET_TOPIC,
	SLACK_FILE_URL,
	SLACK_FILE_DONE,
	SLACK_FILE_INFO,
	SLACK_PIN,
	SLACK_UNPIN,
	SLACK_REACT,
	SLACK_UNREACT,
	SLACK_USERS,
	SLACK_USER,
	SLACK_OURS, /* users.conversations: the channels that the bot is in */
	SLACK_VIEW_OPEN,
	SLACK_METHODS
};
struct slack_method_info {
	const char *name;
	unsigned a_minute; /* calls that Slack allows: its tiers are 1, 20, 50 and 100 (docs.slack.dev: Rate limits) */
	bool once;         /* what it does twice is there twice: it must not be sent again unseen */
};
extern const struct slack_method_info slack_web_methods[SLACK_METHODS];

struct slack_args {
	struct slack_arg {
		const char *key;
		struct str value;
	} list[16];
	size_t count;
};
void slack_arg(struct slack_args *args, const char *key, struct str value); /* "" is an argument too */

/* What is said. body: a JSON object with blocks and attachments; "": none. */
struct slack_say {
	struct str channel, thread, text, body;
	struct str author;  /* "": the bot itself */
	bool may_customize; /* the author stands where names do; else at the beginning of the text */
	bool broadcast;
	struct str key;     /* kept with the message: slack_find_key() finds it */
};
void slack_say_args(struct arena *a, struct slack_args *args, const struct slack_say *s);
/* ts: of the message. Blocks and attachments that the body has not go. */
void slack_change_args(struct arena *a, struct slack_args *args, const struct slack_say *s, struct str ts);
/* To one person. */
void slack_whisper_args(struct arena *a, struct slack_args *args, const struct slack_say *s, struct str person);
/* Files that were brought become one message with a comment. ids, titles: of each. */
void slack_files_args(struct arena *a, struct slack_args *args, const struct slack_say *s, const struct str *ids, const struct str *titles, size_t count);
/* The same as slack_whisper_args(), for a response_url. */
struct str slack_respond_body(struct arena *a, const struct slack_say *s);

/* "1700000000.000100" of that time */
struct str slack_ts(struct arena *a, wall_ms at);
/* Which message of history or replies has the key? "": none. */
struct str slack_find_key(const struct json *messages, struct str key);
/* The message that files.completeUploadExternal or files.info says the file was shared with in the channel; "": not yet. file: one object. */
struct str slack_file_shared(const struct json *file, struct str channel);

/* ---- answers ---- */
enum slack_outcome {
	SLACK_OK,      /* done, or it was so already */
	SLACK_LATER,   /* surely not done; try again */
	SLACK_UNSURE,  /* it may be done */
	SLACK_OUTSIDE, /* the bot must be in the channel first */
	SLACK_REFUSED, /* never */
	SLACK_ENDED,   /* the token is good for nothing any more */
};
/* error: of an answer with "ok": false. */
enum slack_outcome slack_judge(enum slack_method m, struct str error);
/* A sentence for people and the log: what is wrong and what to do about it. answer: as it came. Never the arguments. */
struct str slack_why(struct arena *a, enum slack_method m, const struct json *answer);
