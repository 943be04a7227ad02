/* engine/messages_internal.h -- what messages.c and channels.c share; nobody else includes it. */
#pragma once
#include "engine/messages.h"

MUST_USE bool channel_record(struct work *w, struct channel *c, enum channel_event_kind kind, int64_t ref_ts, int64_t user_id, struct str detail, struct err *err);
/* A message that nobody said: what `user_id` did. */
MUST_USE bool channel_notice(struct work *w, struct channel *c, int64_t user_id, enum message_kind kind, struct str text, struct err *err);
MUST_USE bool channel_add_member(struct work *w, struct channel *c, int64_t user_id, struct err *err);
MUST_USE bool channel_check_name(struct str name, struct err *err);
/* A frame without a number, with the channel as boot has it; user_id 0: to all. */
void channel_publish(struct work *w, const struct channel *c, int64_t user_id, const char *type);
MUST_USE bool chat_refuse(struct err *err, enum err_code code, const char *name); /* false */
