/* ops/import.h -- an alertmanager.yml as our alerting file.
 *
 * Routes, inhibition and time intervals are carried over as they stand, in their order; what Alertmanager assumes and we do not is
 * written out (group_wait 30s, group_interval 5m, repeat_interval 4h, group_by []). A receiver becomes a name and the channel of its
 * first slack_configs. The rest is told in remarks, with lines of the original, and where it needs a hand also as `# opsroom: ...`
 * in what is written. No value of a setting that could be a secret is in either. Pure.
 *
 * Two things are put in other words: a receiver without any configuration, with which Alertmanager throws alerts away, becomes routes
 * that an interval mutes for ever; a receiver named `source` or `service`, which are ours, gets another name.
 */
#pragma once
#include "base/mem.h"

struct import_remark {
	struct import_remark *next;
	unsigned line; /* of the original; 0: none */
	bool is_loss;  /* something is not carried over; else it is only worth knowing */
	struct str text;
};

struct import {
	struct str yaml;               /* routing_parse() takes it */
	struct import_remark *remarks; /* in the order of their lines */
	unsigned losses;
};

/* The format of 0.25, with the receivers of later versions known by name; old match and match_re, merge keys (<<). channel: for
 * receivers that have none; without #. Everything of *out is in the arena.
 *
 * ERR_INVALID, ERR_TOO_BIG: it is none; worded as Alertmanager does, with file and line. */
MUST_USE bool import_alertmanager(struct arena *a, struct str text, const char *file, struct str channel,
				  struct import *out, struct err *err);
