/* commands/explain.h -- what the access rules say of a call, for people: --explain, the console, and `opsroom rule`. Nothing here runs anything. */
#pragma once
#include "commands/path.h"

/* --explain: the answer of a bound call becomes what would be decided of it, and what each rule says. */
void explain_call(struct call *call);
/* The same of a line, of whoever is the caller, as members of an open object: call, allowed, outcome, rule, why, needs, rules. One command, no
 * pipe. ERR_INVALID, ERR_NOT_FOUND. */
MUST_USE bool explain_line(struct work *w, const struct caller *caller, struct str line, struct json_out *o, struct err *err);

/* "yes", "no", "yes, once you confirm it": of what comes behind a verdict. */
struct str explain_outcome(struct arena *a, const struct command_spec *spec, const struct verdict *v);
/* What other rules would say of a canonical call that was made at `at`, beside those in force. false: it cannot be read any more. */
struct explained {
	const struct command_spec *spec;
	struct verdict now, then;
};
bool explain_change(struct work *w, const struct caller *caller, struct str canonical, wall_ms at, const struct access *then, struct explained *out);
