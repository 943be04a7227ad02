/* commands/aliases.h -- words that stand for a line: one's own, a channel's, everybody's, looked up in that order.
 *
 * A word is an alias only where no command has it, so none can hide a command; one is expanded once. What $1 and its kin become says
 * alias_expand() in ops/grammar.h.
 */
#pragma once
#include "commands/command.h"
#include "store/aliases.h"

#define ALIASES_OF_ONE_MAX 100
#define ALIAS_LINE_MAX 1000

/* A name and a line that may stand under it, in lower case: ERR_INVALID, ERR_CONFLICT. */
MUST_USE bool alias_check(struct work *w, struct str *name, struct str line, struct err *err);
/* What the caller's word stands for. false with ERR_NONE: it is none. */
bool alias_find(struct work *w, const struct caller *caller, struct str word, struct alias *out, struct err *err);
/* The caller's, the channel's and everybody's; what is hidden by a nearer one of the same name is left out. An empty list if they cannot be read. */
void alias_list(struct work *w, const struct caller *caller, struct alias **out, size_t *count);
const char *alias_whose(enum alias_scope scope); /* "yours", "this channel's", "everybody's" */
