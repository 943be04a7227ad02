/* cli/plugin_try.h -- runs the examples of a plugin, in the sandbox that opsroomd uses, where that can do no harm. */
#pragma once
#include "cli/cli.h"
#include "ops/plugin.h"

/* Those of commands whose risk is read, and with --dry-run of those that have one; but not of those that want secrets, nor of rpc. A line
 * for each on standard output. *bad: how many ended otherwise than with 0 or 3. false: nothing can be run. */
MUST_USE bool plugin_try(struct cli *c, const struct plugin *p, unsigned *bad, struct err *err);
