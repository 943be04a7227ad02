/* engine/runs_calls.h -- what a program asks while it runs, over its socket: one JSON object a line in, one out.
 *
 *     {"do":"get","key":"k"}                    {"ok":true,"value":...,"version":3}; version 0: there is none, value null
 *     {"do":"put","key":"k","value":...}        {"ok":true,"version":4}; with "version" only if it has that now: else conflict
 *     {"do":"incr","key":"k","by":1}            {"ok":true,"value":5,"version":2}
 *     {"do":"drop","key":"k"}                   {"ok":true}
 *     {"do":"list","after":"","limit":100}      {"ok":true,"keys":["k"]}
 *     {"do":"say","text":"..."}                 posted where the run's message is, in its thread
 *     {"do":"run","line":"alerts | count"}      {"ok":true,"text":"..."}: a command, as who started the run; what starts a program in
 *                                               turn answers at once with its code; three deep
 *
 * An error is {"ok":false,"error":"conflict","detail":"a sentence"}. Keys: 1 to 190 bytes; a value: 64 KiB of JSON; a plugin: 10,000 keys, 16 MiB.
 */
#pragma once
#include "engine/engine.h"

/* Net thread. */
void runs_call(struct engine *e, int64_t run_id, int64_t call, struct str text);
/* A program that has no socket sets a value by an event of its output. */
/* runs.c: hands an answer to the program, if it is still there. */
void runs_answer(struct engine *e, int64_t run_id, int64_t call, struct str text);
/* Work thread: carries one call out. The answer is put into a new buffer. false: the item has to be undone, and *err is the answer. */
MUST_USE bool runs_call_do(struct work *w, int64_t run_id, struct str text, struct buf *answer, struct err *err);
void runs_answer_error(struct buf *answer, const struct err *err);
void runs_set(struct engine *e, int64_t run_id, struct str key, struct str value);
