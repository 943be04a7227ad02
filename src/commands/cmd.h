/* commands/cmd.h -- what the rows of commands.def run. */
#pragma once
#include "commands/command.h"
#include "commands/rows.h"

/* How many a list has: all of them for what stands behind a pipe, else as many as people read. */
static inline unsigned rows_wanted(const struct call *call, unsigned to_read)
{
	return call->then.n ? ROWS_MAX : to_read;
}

bool cmd_help(struct call *call);
bool cmd_status(struct call *call);
bool cmd_alerts(struct call *call);
bool cmd_ack(struct call *call);
bool cmd_ackstorm(struct call *call);
bool cmd_resolve(struct call *call);
bool cmd_silence(struct call *call);
bool cmd_unsilence(struct call *call);
bool cmd_silences(struct call *call);
bool cmd_maintenance(struct call *call);
bool cmd_route(struct call *call);
bool cmd_noise(struct call *call);
bool cmd_graph(struct call *call);
bool cmd_whoami(struct call *call);
bool cmd_approve(struct call *call);
bool cmd_deny(struct call *call);
bool cmd_confirm(struct call *call);
bool cmd_cancel(struct call *call);
bool cmd_review(struct call *call);
bool cmd_approvals(struct call *call);
bool cmd_lock(struct call *call);
bool cmd_unlock(struct call *call);
bool cmd_locks(struct call *call);
bool cmd_chats(struct call *call);
bool cmd_plans(struct call *call);
bool cmd_unplan(struct call *call);
bool cmd_alias(struct call *call);
bool cmd_unalias(struct call *call);
bool cmd_aliases(struct call *call);
bool cmd_jobs(struct call *call);
bool cmd_job_log(struct call *call);
bool cmd_job_cancel(struct call *call);
