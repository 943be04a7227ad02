/* base/jq.h -- programs in the jq language (libjq, jq(1)), from a tree to values.
 *
 * A program sees its input and nothing else: those that name the environment, files, more input, the clock or the outside
 * (env, $ENV, input, import, modulemeta, now, debug, halt ...) are refused when they are made. Used by one thread at a time.
 */
#pragma once
#include "base/json.h"

#define JQ_PROGRAM_MAX (64 * KIB)

struct jq_program;

/* prelude: definitions that the program may use, "" or ending in a semicolon. Compiling takes tens of milliseconds.
 *
 * ERR_INVALID  it does not compile, or names what is not allowed; with the line in `text`
 * ERR_TOO_BIG  over JQ_PROGRAM_MAX */
MUST_USE struct jq_program *jq_program_new(struct str prelude, struct str text, struct err *err);
void jq_program_free(struct jq_program *p); /* NULL is fine */

/* Runs it once. *out: what it answers, as a list by `next`, in the arena; NULL: nothing.
 *
 * Whole numbers beyond 2^53 reach the program as texts, so that ids stay what they are. In `out` whole numbers are
 * JSON_INT, and the text of every number is as jq writes it.
 *
 * ERR_INVALID  the program failed; the text is what it said with error(...)
 * ERR_TOO_MANY it answers more than `most` values */
MUST_USE bool jq_run(struct jq_program *p, struct arena *a, const struct json *input, size_t most, struct json **out, struct err *err);
