/* ops/plugin_request.h -- what a program gets of a call: argv, one JSON document on stdin, a few OPSROOM_ variables.
 *
 *     argv    the plugin's program, the command's path without the plugin's own name, each option as --name=value (a switch as
 *             --name), --dry-run, then -- and what is given by place. Defaults are filled in. So a program that exists is a plugin.
 *     stdin   {v, id, command, args, options, raw, user, room, thread, incident, dry_run, approvals, rows, deadline}
 *     env     OPSROOM_ID, _PLUGIN, _COMMAND, _USER, _ROOM, _INCIDENT, _DRY_RUN
 *
 * No secret is in any of them: argv is seen by all, and children inherit the environment. Pure; all is in the caller's arena.
 */
#pragma once
#include "ops/plugin.h"

#define PLUGIN_INPUT_MAX (8 * MIB)

struct plugin_approval {
	struct str by; /* the person's name */
	wall_ms at;
};

struct plugin_request {
	struct str id;        /* of the run; used once */
	const struct plugin_command *command;
	const struct typed_call *call;
	struct str raw;       /* the line as it was typed */
	struct str user_id, user, email; /* "U...", the name, "" */
	const struct str *groups;
	size_t group_count;
	struct str room_id, room; /* "C...", the channel's name without #; "": none */
	struct str thread;    /* ts; "" */
	struct str incident;  /* "INC-12"; "" */
	bool dry_run;
	const struct plugin_approval *approvals;
	size_t approval_count;
	struct str rows;      /* JSON list that came down the pipe; p NULL: nothing did */
	wall_ms deadline;     /* it is ended then */
};

struct plugin_input {
	struct str *argv;
	size_t argc;
	struct str document;  /* one line of JSON with its line feed */
	struct str *env;      /* "NAME=value" */
	size_t env_count;
};
/* ERR_TOO_BIG: the rows. */
MUST_USE bool plugin_request_write(struct arena *a, const struct plugin_request *r, struct plugin_input *out, struct err *err);
