/* commands/rulebook.h -- the commands there are and who may run them, as one: read from commands.def, the plugins and the access file.
 *
 * Immutable; a reload makes another and swaps it between two work items. Any thread may read one; the work thread's is engine->rulebook.
 */
#pragma once
#include "ops/access.h"
#include "ops/grammar.h"
#include "ops/plugin.h"

/* A plugin that could not be taken as it lies there. */
struct plugin_fault {
	struct str name;
	struct str kept; /* the version that stays in force in its place; "": it has no commands */
	struct str why;  /* names file, line and place */
};

struct rulebook {
	struct arena arena;
	struct command_set *commands;
	struct access *access;
	struct str plugins_dir;   /* "": there is none */
	struct plugin **plugins;  /* those in force, by name */
	size_t plugin_count;
	struct plugin_fault *faults;
	size_t fault_count;
};

struct rulebook_from {
	struct str access;      /* the access file; "": none, then commands ask for the roles that they bring along and nothing else */
	struct str plugins_dir; /* "": no plugins */
	const struct rulebook *before; /* what is in force now; NULL: nothing */
};
/* A wrong access file is an error that names file and line. A wrong plugin takes nothing else away: it is among the faults, and if one of its
 * versions is in force, that stays. Its commands run only while its files are those that were enabled (plugin_unchanged()). */
MUST_USE struct rulebook *rulebook_read(const struct rulebook_from *from, struct err *err);
void rulebook_free(struct rulebook *r); /* NULL is fine */

/* Other access rules for the same commands: `text` is that of an access file, `file` names it in errors; "": none. The caller frees it. */
MUST_USE struct access *rulebook_access(const struct rulebook *r, struct str file, struct str text, struct err *err);
const struct plugin *rulebook_plugin(const struct rulebook *r, struct str name); /* NULL: it is not in force */
/* Would the plugin's commands stand in the way of ours, or of another plugin? ERR_CONFLICT. */
MUST_USE bool rulebook_fits(const struct rulebook *r, const struct plugin *p, struct err *err);
