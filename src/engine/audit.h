/* engine/audit.h -- records of the audit trail for what is no command: logins, tokens, settings, what time did. */
#pragma once
#include "engine/engine.h"

/* Work thread. actor_id 0: nobody asked. via: "console", "api", "timer" ... detail: a JSON object. */
MUST_USE bool audit_note(struct work *w, int64_t home_id, int64_t actor_id, const char *action, const char *via, struct str detail, const char *result, struct err *err);
