/* engine/slack_json.h -- people, channels and messages as Slack's objects (slack.dev: objects; the fields that matter). */
#pragma once
#include "base/json.h"
#include "engine/engine.h"

/* A message to a few people is a private channel of a name that no other may have. */
#define GROUP_DM_PREFIX "mpdm-"
bool channel_is_group_dm(const struct channel *c);
struct str channel_id_text(struct arena *a, const struct channel *c);
void write_profile_object(struct work *w, struct json_out *o, const struct user *u, bool with_email);
void write_user_object(struct work *w, struct json_out *o, const struct user *u, bool with_email);
/* member: the asker's. num_members < 0: left out. */
void write_channel_object(struct work *w, struct json_out *o, const struct channel *c, bool is_member, int64_t num_members);
/* A message as history shows it; reads its reactions and thread if it has them. */
void write_message_object(struct work *w, struct json_out *o, const struct message *m);
/* The members of a message without its braces, for events that add their own. */
void write_message_members(struct work *w, struct json_out *o, const struct message *m);
/* A file with where it is shared, as files.info shows it: the rows of store_file_shares(), at least one. */
void write_file_shared(struct work *w, struct json_out *o, const struct file *shares, size_t count);
struct str permalink(struct work *w, const struct channel *c, const struct message *m);
/* A pinned message, as pins.list has it. */
struct pin;
void write_pin(struct work *w, struct json_out *o, const struct channel *c, const struct pin *p, const struct message *m);
/* One event of a channel's sequence, as /stream frames carry it: {"type":"event","channel":...,"seq":...,"event":{...}}. */
struct str message_frame(struct work *w, const struct channel *c, const struct message *m);
struct str event_frame(struct work *w, const struct channel *c, const struct channel_event *e);
