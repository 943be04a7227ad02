/* commands/cmd.h -- what the rows of commands.def run. */
#pragma once
#include "commands/command.h"

bool cmd_help(struct call *call);
bool cmd_status(struct call *call);
bool cmd_alerts(struct call *call);
bool cmd_ack(struct call *call);
bool cmd_resolve(struct call *call);
bool cmd_whoami(struct call *call);
