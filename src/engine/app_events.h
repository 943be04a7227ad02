/* engine/app_events.h -- what apps hear of: events become rows of the outbox in the transaction of what happened, and leave at least once.
 *
 * An app hears of what its manifest subscribes to; of a channel only if its bot is in it. Rows leave in their order; one that failed is
 * tried again at once, after 1 and after 5 minutes. While an app has no connection its events wait, for an hour at most.
 */
#pragma once
#include "engine/chat.h"
#include "ops/app.h"

#define KIND_APP_EVENT "app_event"
#define APP_EVENTS_WAITING_MAX 5000 /* of one app; of what comes then, it is told app_rate_limited, and nothing else */
#define APP_EVENT_LIFE HOUR
#define APP_STOPPED_AFTER 100       /* events given up one after the other */

MUST_USE bool apps_hear_message(struct work *w, const struct channel *c, const struct message *m, struct err *err);
MUST_USE bool apps_hear_changed(struct work *w, const struct channel *c, const struct message *before, const struct message *m, struct err *err);
MUST_USE bool apps_hear_deleted(struct work *w, const struct channel *c, const struct message *m, struct err *err);
MUST_USE bool apps_hear_reaction(struct work *w, const struct channel *c, const struct message *m, int64_t user_id, struct str name, bool added, struct err *err);
MUST_USE bool apps_hear_pin(struct work *w, const struct channel *c, const struct message *m, int64_t user_id, bool added, struct err *err);
MUST_USE bool apps_hear_member(struct work *w, const struct channel *c, int64_t user_id, int64_t inviter_id, bool joined, struct err *err);
/* "channel_created", "channel_rename", "channel_archive", "im_created" ...; of public channels everybody who subscribes hears, of others members
 * alone, of private ones as group_rename and so on. */
MUST_USE bool apps_hear_channel(struct work *w, const struct channel *c, int64_t user_id, const char *type, struct err *err);
MUST_USE bool apps_hear_left(struct work *w, const struct channel *c, int64_t user_id, int64_t actor_id, struct err *err); /* channel_left: whoever left */
MUST_USE bool apps_hear_user(struct work *w, const struct user *u, const char *type, struct err *err); /* "team_join", "user_change" */
/* An event that is JSON already, {"type":TYPE,...}. only_user: the person whose alone it is; 0: everybody's. */
MUST_USE bool apps_hear_written(struct work *w, const char *type, struct str event, int64_t only_user, struct err *err);
/* "file_created", "file_shared", "file_public", "file_deleted"; c NULL: it is its owner's alone. */
MUST_USE bool apps_hear_file(struct work *w, const struct channel *c, int64_t file_id, int64_t user_id, const char *type, struct err *err);
/* Somebody looks at the app's home or at what they and it say to each other. view: its home as JSON; "": it has none. */
MUST_USE bool apps_hear_home(struct work *w, int64_t app_id, const struct channel *dm, int64_t user_id, bool home, struct str view, struct err *err);

/* Whose an event is, by its event_context: the app's bot and those who let it hear for them, if they may see it. false without err: no context of its. */
struct app_hearer;
void app_put_authorization(struct work *w, struct json_out *o, const struct app_hearer *h);
MUST_USE bool apps_event_of(struct work *w, int64_t app_id, struct str context, struct app_hearer **out, size_t *count, struct err *err);

/* The app has a connection: what waits leaves. */
MUST_USE bool apps_hurry(struct work *w, int64_t app_id, struct err *err);

/* For the outbox. */
struct due_row;
bool app_event_render(struct work *w, const struct due_row *row, struct chat_post *post);
MUST_USE bool app_event_told(struct work *w, const struct chat_post *post, int64_t gave_up);
void app_event_send(struct chat_post *post);
