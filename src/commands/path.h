/* commands/path.h -- the way of one line, from text to answer: inside of commands/. */
#pragma once
#include "commands/command.h"

/* Asks the rules alone: fills call->verdict; false: call->err says why not. */
bool call_may(struct call *call);
/* What changes a target that somebody else has does not run: *err says who. */
bool call_let(struct call *call, struct err *err);
/* Decides and carries out one bound call: rules, --help, --explain, what must be held back, the command itself. Its answer is in
 * call->text and call->data, or call->err says why not. */
void call_go(struct call *call);
/* One record: the call, or what was no call (action "unknown"). raw: as it was typed. */
MUST_USE bool call_audit(struct call *call, struct str raw, int64_t began_us);

/* The canonical call with what was said beside it, --incident and --timeout, so that it can be run again as it was meant. In the work's arena. */
enum { LINE_WITH_REASON = 1, LINE_WITH_TIMES = 2 };
struct str call_line(const struct call *call, int with);

/* A new call of who asks; text and data are owned until call_done(). */
void call_init(struct call *call, struct work *w, const struct caller *caller);
void call_done(struct call *call);

/* Reads a line of one command without running it: for asking the rules. ERR_INVALID, ERR_NOT_FOUND. */
MUST_USE bool command_read(struct work *w, const struct caller *caller, struct str line, struct typed_call *out, struct err *err);

/* What a command's --help says. */
struct str command_help(struct work *w, const struct caller *caller, const struct command_spec *spec);
/* "There is no command x. Did you mean y?": of those that the person may run here. */
void command_unknown(struct work *w, const struct caller *caller, const struct str *words, size_t count, struct err *err);
