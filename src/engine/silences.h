/* engine/silences.h -- silences and maintenance windows: made, changed, ended, told. The work thread's. */
#pragma once
#include "engine/alerts.h"
#include "ops/silence.h"

/* Makes one, or changes the one of draft->uuid. draft's matchers stay the caller's. Who may is the caller's business.
 *
 * ERR_NOT_FOUND  there is none of that uuid
 * ERR_INVALID    silence_check()
 * ERR_TOO_MANY   SILENCES_MAX are there that are not over */
MUST_USE bool silences_put(struct work *w, const struct silence *draft, struct str *uuid, struct err *err);
/* Ends it now. One that is over stays as it is. who: for the channel, mrkdwn; "" says nothing. */
MUST_USE bool silences_expire(struct work *w, const struct silence *s, struct str who, struct err *err);
/* By uuid, or by the first characters of one if no other begins so (8 at least). NULL: none. Valid within the work item. */
const struct silence *silences_find(struct work *w, struct str uuid);

/* How many firing alerts it fits now, and how many groups those are of. */
void silences_preview(struct work *w, const struct matchers *m, unsigned *alerts, unsigned *groups);
/* The same as members of the object that `o` is in: alerts, groups, and titles of the first 20 groups. */
void silences_write_preview(struct work *w, struct json_out *o, const struct matchers *m);
/* The matchers that a group's silence button makes: what its group labels say, or all its common labels. */
MUST_USE bool silences_for_group(struct work *w, struct group *g, struct matchers *out, struct err *err);

/* Alertmanager's gettable silences, in its order; with the filter's matchers, NULL: all. */
void silences_write_v2(struct work *w, struct json_out *o, const struct matchers *filter);
void silence_write_v2(struct work *w, struct json_out *o, const struct silence *s);
/* Ours: Alertmanager's with kind, name, text (its matchers), alerts (how many it keeps quiet now; 0 unless it is in force or to
 * come: then how many it would) and hushed (how many it kept quiet so far). */
void silence_write(struct work *w, struct json_out *o, const struct silence *s);
/* All of them, in Alertmanager's order. kind 0: both; expired ones only if `all`. */
void silences_write(struct work *w, struct json_out *o, enum silence_kind kind, bool all);
/* The same for chat, a line each. "" if there is none. */
struct str silences_summary(struct work *w, enum silence_kind kind);

/* Those that ended long ago leave store and memory. */
MUST_USE bool silences_forget(struct work *w);
/* The timer: one begins or ends. */
struct due_row;
MUST_USE bool silences_turn(struct work *w, int64_t silence_id, wall_ms *again_at);
