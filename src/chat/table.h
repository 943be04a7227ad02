/* chat/table.h -- the chat systems that opsroom speaks, one row each. The first is our own. */
#pragma once
#include "engine/chat.h"

extern const struct chat_kind chat_ours, chat_irc, chat_mattermost, chat_slack;
extern const struct chat_kind *const chat_kinds[]; /* ends with NULL */
const struct chat_kind *chat_kind_of(struct str system); /* NULL: there is none, or it is our own */
