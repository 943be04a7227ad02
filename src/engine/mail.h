/* engine/mail.h -- mail to people: through the outbox like any message, by the mail server of the settings.
 *
 * Tried again until the server takes it or refuses it, for a day; then the log and the audit trail say why it did not leave. Each try
 * carries the same Message-ID, so that a repeat can be recognised.
 */
#pragma once
#include "engine/chat.h"

#define KIND_MAIL "mail" /* of outbox rows */

struct due_row;
struct mail_message;

/* Work thread. One mail to one person, text/plain. Nothing, and true: there is no mail_server, or the person has no address, is a bot
 * or is gone. */
MUST_USE bool mail_put(struct work *w, int64_t user_id, struct str subject, struct str text, struct err *err);
/* What mail_put() would send; the caller adds address, id and text. */
struct mail_message mail_begin(struct work *w, struct arena *a, struct str to, int64_t id);

/* For the outbox (due.c). */
bool mail_render(struct work *w, const struct due_row *row, struct chat_post *post);
void mail_not_told(struct work *w, const struct chat_post *post);
void mail_leave(struct chat_post *post);
/* Net thread, at the end: what is under way goes back into the outbox. */
void mails_stop(struct engine *e);
