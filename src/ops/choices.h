/* ops/choices.h -- what can be pressed in a message, in a row: for chats that have no buttons, where people say "42.1" instead. */
#pragma once
#include "base/json.h"

#define CHOICES_MAX 99

struct choice {
	struct str text;          /* "Acknowledge" */
	struct str action, value; /* as they stand in the button */
};

/* The buttons of a message in their order: of its blocks, then of its attachments; those that only open an address are none. Of what has the
 * form of a body (an object with blocks and attachments) and of NULL. Views of the body; the list is the arena's. */
size_t choices_read(struct arena *a, const struct json *body, struct choice **out);
