/* commands/say.h -- what people say, and what comes of it: in whichever chat they said it. */
#pragma once
#include "commands/command.h"

/* What was posted may be a command: said to @srebot, in a direct message with it, or behind a !. Then it is put into the outbox of the
 * channel, in the same transaction. caller: who posted it; its channel and thread are the message's. */
MUST_USE bool say_posted(struct work *w, const struct caller *caller, const struct channel *c, const struct message *m, struct err *err);
/* A slash command of ours: runs, and is answered in the channel (from @srebot) or to who asked alone. false: *err, the item must fail. */
MUST_USE bool say_slash(struct work *w, const struct caller *caller, struct channel *c, struct str line, struct command_result *r, struct err *err);
/* @srebot says something to one person. */
void say_to(struct work *w, const struct channel *c, int64_t user_id, struct str text, int64_t thread_ts);
