/* api/slack_act.h -- what a person does with an app: a command, a button, a dialog, a shortcut. It goes to the app while the person waits,
 * at most three seconds. Contract: docs.slack.dev, Interactivity. */
#pragma once
#include "api/slack.h"
#include "engine/apps.h"
#include "store/app_views.h"

/* triggers and response_url (api/slack_act.c): signed, so that nothing of them is stored until they are used. */
struct trigger {
	int64_t user_id, view_id; /* view_id 0: not from a dialog */
};
#define TRIGGER_LIFE (3 * SECOND)
struct str trigger_new(struct work *w, int64_t app_id, int64_t user_id, int64_t view_id);
/* false: *error is Slack's word. It is used up. */
bool trigger_take(struct work *w, int64_t app_id, struct str text, struct trigger *out, const char **error, struct err *err);

/* The view as Slack answers it; state: of a submission, NULL else. */
void view_write(struct work *w, struct json_out *o, const struct app_view *v, const struct json *state);
/* Checks a view's JSON and makes it the body of *v, with a new hash. false: answered. kind "modal" or "home". */
bool view_read(struct slack_call *c, const struct json *view, struct app_view *v);
/* The person's pages are told: view_opened, view_changed, view_closed. */
void view_publish(struct work *w, const struct app_view *v, const char *type);

/* A message for who asks alone, by the container of what they pressed. Nothing is answered if there is none. */
bool act_find_ephemeral(struct slack_call *c, const struct json *container, struct channel *ch, struct message *m);

/* What an app says to something that a person did. */
struct response {
	struct app app;
	struct channel channel;
	int64_t user_id, message_ts, thread_ts; /* message_ts: of what they pressed; 0: nothing */
};
/* As its bot, or for one person alone. false: *error is Slack's word, or err. */
MUST_USE bool response_say(struct work *w, struct response *r, const struct json *said, bool for_all, const char **error, struct err *err);
/* The same, or it changes or deletes what was pressed, as `said` says; replaces: if it does not say. */
MUST_USE bool respond(struct work *w, struct response *r, const struct json *said, bool replaces, const char **error, struct err *err);
/* The numbers of a signed word of the app of the first of them. */
bool act_word_read(struct work *w, const char *what, struct str text, int64_t *numbers, size_t count);

/* Each answers later, or has answered with an error. */
void act_command(struct slack_call *c, const struct app *app, const struct channel *ch, int64_t thread_ts, struct str command, struct str text);
void act_on_message(struct slack_call *c, const struct channel *ch, const struct message *m, bool ephemeral, const struct json *actions);
void act_on_view(struct slack_call *c, struct str view_id, const struct json *actions);
void act_submit(struct slack_call *c, struct str view_id, const struct json *state);

void slack_views_open(struct slack_call *c);
void slack_views_push(struct slack_call *c);
void slack_views_update(struct slack_call *c);
void slack_views_publish(struct slack_call *c);
void slack_views_close(struct slack_call *c);
void slack_shortcuts_run(struct slack_call *c);
void slack_blocks_suggestions(struct slack_call *c);
void response_url_post(struct exchange *x); /* POST /actions/ */
