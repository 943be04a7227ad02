/* commands/mention.h -- a command that was said to @srebot: run from the outbox, answered in the channel. */
#pragma once
#include "commands/command.h"

bool mention_run(struct work *w, struct str payload, struct err *err);
