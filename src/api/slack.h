/* api/slack.h -- Slack's Web API at /api/METHOD: one table of methods. Contract: docs.slack.dev, Web API. */
#pragma once
#include "api/exchange.h"
#include "engine/messages.h"

/* Arguments, however they came (JSON, form, multipart, query), as one JSON object; nested ones as text or as JSON. */
struct slack_call {
	struct exchange *x;
	struct work *w;
	const struct json *args;
	struct json_out out;   /* the answer's object, open behind "ok":true */
	int64_t me;
	/* for response_metadata, which is written behind the rest */
	struct str cursor;
	bool has_cursor;
	const char *warnings[4];
	unsigned warning_count;
};

struct slack_method {
	const char *name;
	enum scope needs;
	const char *scope_name; /* Slack's word for missing_scope */
	void (*run)(struct slack_call *c);
	const char *help; /* opsroom-api(7) */
};
extern const struct slack_method slack_methods[];
extern const size_t slack_method_count;

struct json_out slack_answer(struct exchange *x, bool ok); /* a new answer, open behind "ok" */
void slack_run(struct exchange *x); /* the route's handler */

struct str arg(const struct slack_call *c, const char *name);      /* text form of a scalar; "" if absent */
bool arg_given(const struct slack_call *c, const char *name);
/* A required one; false: invalid_arguments is answered. */
bool arg_need(struct slack_call *c, const char *name, struct str *out);
const struct json *arg_json(struct slack_call *c, const char *name); /* a list or object; NULL if absent or broken */
int64_t arg_int(const struct slack_call *c, const char *name, int64_t otherwise);
bool arg_bool(const struct slack_call *c, const char *name, bool otherwise);
/* The member "blocks". Every block gets an id, so that what is done or entered in it can be named. */
void slack_put_blocks(struct arena *a, struct json_out *o, const struct json *blocks);
void slack_error(struct slack_call *c, const char *error);
/* The answer is ok, but for this: "warning" and response_metadata.warnings. */
void slack_warn(struct slack_call *c, const char *warning);
/* channel argument -> channel; false: answered. member: not_in_channel unless they are in it. */
bool arg_channel(struct slack_call *c, const char *name, bool member, struct channel *out);
/* ts argument -> message in the channel; false: answered with `error`. */
bool arg_message(struct slack_call *c, const struct channel *ch, const char *name, const char *error, struct message *out);
bool arg_user(struct slack_call *c, const char *name, struct user *out);
/* "U1,U2": ids of people, without doubles. false: "user_not_found" or "too_many_users" is answered. */
bool arg_people(struct slack_call *c, const char *name, int64_t *ids, size_t most, size_t *count);
/* engine error (Slack's word) -> answer */
void slack_failed(struct slack_call *c, const struct err *err);
/* "limit" and "cursor" of lists: the id to go on after; false: invalid_cursor is answered. */
bool arg_page(struct slack_call *c, unsigned most, unsigned *limit, int64_t *after);
void put_cursor(struct slack_call *c, int64_t after); /* 0: the end */
/* "page" and "count" of older lists. */
struct pages {
	unsigned count, page; /* page: from 1 */
	int64_t total;        /* the method's to fill */
};
struct pages arg_pages(struct slack_call *c, unsigned usual, unsigned most);
void put_paging(struct slack_call *c, const struct pages *p);

/* slack_chat.c */
void slack_chat_post(struct slack_call *c);
void slack_chat_update(struct slack_call *c);
void slack_chat_delete(struct slack_call *c);
void slack_chat_ephemeral(struct slack_call *c);
void slack_chat_permalink(struct slack_call *c);
void slack_chat_command(struct slack_call *c);
void slack_blocks_actions(struct slack_call *c);
void slack_views_submit(struct slack_call *c);
void slack_reactions_add(struct slack_call *c);
void slack_reactions_remove(struct slack_call *c);
void slack_reactions_get(struct slack_call *c);
/* Reads text, blocks, attachments and looks into a message; also for incoming webhooks. before: of an update, NULL else.
 * false: the error's word in *error, details in *details. */
bool slack_read_message(struct work *w, const struct json *args, const struct message *before, bool may_rename, struct message *out, const char **error,
			struct str *details);

/* The same of this call; false: answered. */
bool slack_arg_message(struct slack_call *c, const struct message *before, bool may_rename, struct message *out);
bool arg_thread(struct slack_call *c, struct message *m); /* thread_ts, if it is given; false: answered */

/* slack_later.c, slack_search.c */
void slack_chat_schedule(struct slack_call *c);
void slack_chat_unschedule(struct slack_call *c);
void slack_chat_scheduled_list(struct slack_call *c);
void slack_chat_me(struct slack_call *c);
void slack_chat_unfurl(struct slack_call *c); /* slack_unfurl.c */
void slack_search_messages(struct slack_call *c);

/* slack_conversations.c */
void slack_conv_list(struct slack_call *c);
void slack_conv_info(struct slack_call *c);
void slack_conv_create(struct slack_call *c);
void slack_conv_join(struct slack_call *c);
void slack_conv_leave(struct slack_call *c);
void slack_conv_invite(struct slack_call *c);
void slack_conv_members(struct slack_call *c);
void slack_conv_history(struct slack_call *c);
void slack_conv_replies(struct slack_call *c);
void slack_conv_topic(struct slack_call *c);
void slack_conv_open(struct slack_call *c);
void slack_conv_mark(struct slack_call *c);
void slack_conv_purpose(struct slack_call *c);
void slack_conv_rename(struct slack_call *c);
void slack_conv_archive(struct slack_call *c);
void slack_conv_unarchive(struct slack_call *c);
void slack_conv_kick(struct slack_call *c);
void slack_conv_close(struct slack_call *c);
void slack_users_conversations(struct slack_call *c);

/* slack_apps.c */
void slack_apps_open(struct slack_call *c);
void slack_event_authorizations(struct slack_call *c);
void slack_home_open(struct slack_call *c);
void slack_manifest_create(struct slack_call *c);
void slack_manifest_delete(struct slack_call *c);
void slack_manifest_export(struct slack_call *c);
void slack_manifest_update(struct slack_call *c);
void slack_manifest_validate(struct slack_call *c);

/* rtm.c */
void slack_rtm_connect(struct slack_call *c);

/* oauth.c */
void slack_oauth_access(struct slack_call *c);

/* slack_people.c */
void slack_api_test(struct slack_call *c);
void slack_auth_test(struct slack_call *c);
void slack_auth_revoke(struct slack_call *c);
void slack_users_list(struct slack_call *c);
void slack_users_info(struct slack_call *c);
void slack_users_by_email(struct slack_call *c);
void slack_users_presence(struct slack_call *c);
void slack_bots_info(struct slack_call *c);
void slack_team_info(struct slack_call *c);
void slack_emoji_list(struct slack_call *c);

/* slack_files.c */
void slack_files_upload_url(struct slack_call *c);
void slack_files_complete(struct slack_call *c);
void slack_files_info(struct slack_call *c);
void slack_files_list(struct slack_call *c);
void slack_files_delete(struct slack_call *c);

/* slack_marks.c */
void slack_pins_add(struct slack_call *c);
void slack_pins_remove(struct slack_call *c);
void slack_pins_list(struct slack_call *c);
void slack_bookmarks_add(struct slack_call *c);
void slack_bookmarks_edit(struct slack_call *c);
void slack_bookmarks_remove(struct slack_call *c);
void slack_bookmarks_list(struct slack_call *c);
void slack_reactions_list(struct slack_call *c);
void slack_stars_add(struct slack_call *c);
void slack_stars_remove(struct slack_call *c);
void slack_stars_list(struct slack_call *c);

/* slack_profiles.c */
void slack_users_profile_get(struct slack_call *c);
void slack_users_profile_set(struct slack_call *c);
void slack_users_set_presence(struct slack_call *c);
void slack_dnd_info(struct slack_call *c);
void slack_dnd_team_info(struct slack_call *c);
void slack_dnd_set_snooze(struct slack_call *c);
void slack_dnd_end_snooze(struct slack_call *c);
void slack_dnd_end(struct slack_call *c);

/* slack_usergroups.c */
void slack_usergroups_create(struct slack_call *c);
void slack_usergroups_update(struct slack_call *c);
void slack_usergroups_disable(struct slack_call *c);
void slack_usergroups_enable(struct slack_call *c);
void slack_usergroups_list(struct slack_call *c);
void slack_usergroups_users_list(struct slack_call *c);
void slack_usergroups_users_update(struct slack_call *c);
