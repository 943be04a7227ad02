/* engine/people.h -- people of the workspace: how one comes to be. */
#pragma once
#include "engine/engine.h"

/* A name people log in by: lower case letters, digits, . _ -, up to 60. */
bool person_name_ok(struct str name);
/* Makes an account: fills id, times, and what is missing of its names; everybody's pages and apps are told. ERR_CONFLICT: name or e-mail is taken. */
MUST_USE bool person_make(struct work *w, struct user *u, struct err *err);
/* Joins them to #general and #sre-alerts, if those are there. */
MUST_USE bool person_join_first(struct work *w, int64_t user_id, struct err *err);
/* Everybody's pages show them as they are now. */
void person_tell(struct work *w, const struct user *u);
