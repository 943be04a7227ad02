/* commands/rulebook.h -- the commands there are and who may run them, as one: read from commands.def, the plugins and the access file.
 *
 * Immutable; a reload makes another and swaps it between two work items. Any thread may read one; the work thread's is engine->rulebook.
 */
#pragma once
#include "ops/access.h"
#include "ops/grammar.h"

struct rulebook {
	struct command_set *commands;
	struct access *access;
};

/* path: the access file; "": none, then commands ask for the roles of commands.def and nothing else. Errors name file and line. */
MUST_USE struct rulebook *rulebook_read(struct str path, struct err *err);
void rulebook_free(struct rulebook *r); /* NULL is fine */
