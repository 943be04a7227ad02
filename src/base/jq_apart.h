/* base/jq_apart.h -- a jq program in a process of its own, which can be ended.
 *
 * libjq cannot be interrupted: a program that never ends would keep its thread for ever. Here it has a second and 256 MiB for each
 * input, in a process of the same executable (argument JQ_APART_ARGUMENT) that has no environment, no file and no socket but the one
 * to us. It stays for the next input; one that was ended or has died is started anew. This costs some 15 microseconds an input and
 * 25 milliseconds a start. Used by one thread at a time, which waits.
 */
#pragma once
#include "base/json.h"

#define JQ_APART_ARGUMENT "--source-runner"
#define JQ_APART_STRIKES 3 /* inputs in a row, within a minute, that it did not get done: then it is put aside for a minute */

struct jq_apart;

/* prelude and text as of jq_program_new(), which must have taken them; they are copied. Starts nothing yet. */
struct jq_apart *jq_apart_new(struct str prelude, struct str text);
void jq_apart_free(struct jq_apart *p); /* ends the process; NULL is fine */

/* As jq_run(), and:
 *
 * ERR_INTERNAL     it took too long or too much memory, or crashed
 * ERR_UNAVAILABLE  it is put aside, or no process can be started */
MUST_USE bool jq_apart_run(struct jq_apart *p, struct arena *a, const struct json *input, size_t most, struct json **out, struct err *err);

/* The process behind it: what main() does with JQ_APART_ARGUMENT. Answers what main() is to. */
int jq_apart_main(void);
