/* daemon/config_trail.h -- the audit trail of the files that the daemon obeys: which was another than before, with the hashes of
 * both, and which was refused. Also what changed while nobody looked: the start compares with what was in force last. */
#pragma once
#include "daemon/daemon.h"

struct config_file {
	const char *what; /* "settings", "certificate", "key", "sources", "alerting", "access" */
	struct str path;  /* a file or a folder; "": there is none */
};
#define CONFIG_FILES 7
void config_files(const struct daemon *d, struct config_file out[CONFIG_FILES]);

/* At the start, before the work thread runs. */
MUST_USE bool config_note_start(struct daemon *d, struct err *err);
/* Net thread, after a file was read again. why: it was refused for that; NULL: it is in force. changed, waits: of the settings,
 * the names of those that changed, and of those that wait for a restart. */
void config_note(struct daemon *d, const char *what, const char *why, struct str changed, struct str waits);
