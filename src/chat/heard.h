/* chat/heard.h -- what is heard in another chat system becomes what it is here: a message, a command, a press. Inside of chat/. */
#pragma once
#include "chat/chats.h"

/* The adapter closes: nobody waits for what it handed in any more. */
void heard_forget(struct chat *c);
