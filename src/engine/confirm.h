/* engine/confirm.h -- a subscription that asks to be confirmed by a call of an address. The call leaves through the outbox, tried again like a
 * message, and what became of it is told in the source's channel. Who calls is the room that knows the other side (engine->confirm).
 */
#pragma once
#include "engine/chat.h"

#define KIND_CONFIRM "confirm" /* of outbox rows */

MUST_USE bool confirm_add(struct work *w, int64_t channel_id, struct str source_name, struct str url, struct err *err);

/* For the outbox. post->text is the address, post->body what confirm_add() kept. */
struct due_row;
bool confirm_render(struct work *w, const struct due_row *row, struct chat_post *post);
MUST_USE bool confirm_told(struct work *w, const struct chat_post *post, int64_t message_ts);
void confirm_not_told(struct work *w, const struct chat_post *post);
void confirm_send(struct chat_post *post);
