/* engine/audit_syslog.h -- the audit trail, as it is written, to a syslog receiver (net/syslog.h): each record and each checkpoint
 * once it is committed, in order, as the line of an export. At least once: how far it was sent stands in the store, behind what
 * was sent, so after a crash some come again. A receiver that is down gets all of it later, and nobody waits for it.
 */
#pragma once
#include "engine/engine.h"

/* Net thread, once the engine runs: sends there from now on; "": nowhere. What was sent before stays sent. */
void audit_syslog_use(struct engine *e, struct str address);
/* Net thread, after each batch. */
void audit_syslog_look(struct engine *e);
/* Net thread, before the work thread ends; and with no thread at work, to keep how far it was sent. */
void audit_syslog_stop(struct engine *e);
void audit_syslog_keep(struct engine *e);
void audit_syslog_free(struct engine *e);
