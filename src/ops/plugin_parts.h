/* ops/plugin_parts.h -- what reads a plugin's JSON. For ops/plugin*.c alone:
 *
 *     plugin.c        reads the manifest
 *     plugin_rpc.c    reads the listing of a Chatops RPC server as commands
 *     plugin_files.c  the files, their digest, the folder of plugins
 */
#pragma once
#include "base/regex.h"
#include "ops/grammar.h"
#include "ops/plugin.h"

struct plugin_reader {
	struct plugin *p;
	struct str text;   /* what is read: for line numbers */
	const char *file;
	struct command_set *set; /* the plugin's own commands */
	struct err *err;
};

/* The answer is false, so that it can be returned. at: where it stands; where: as people would say it, "commands[0].help". */
bool plugin_wrong(struct plugin_reader *rd, const struct json *at, const char *where, const char *fmt, struct str what);
/* Text without control characters, 1 to `most` bytes. NULL for at is fine if it need not be there. */
MUST_USE bool plugin_text(struct plugin_reader *rd, const struct json *object, const char *where, const char *key, size_t most, bool needed, struct str *out);
/* What every command must have; puts it into the plugin. */
MUST_USE bool plugin_add_command(struct plugin_reader *rd, const struct json *at, const char *where, struct plugin_command *c);
bool plugin_words_ok(struct str words);

/* plugin_rpc.c: p->listing as commands. */
MUST_USE bool plugin_read_listing(struct plugin *p, struct command_set *set, struct err *err);
