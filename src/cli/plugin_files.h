/* cli/plugin_files.h -- what `opsroom plugin new` writes. NAME stands for the plugin's name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct plugin_lang {
	const char *name;    /* "sh" */
	const char *program; /* of the manifest, as JSON */
	const char *file;    /* its program */
	const char *text;
};
extern const struct plugin_lang plugin_langs[];
extern const size_t plugin_lang_count;
extern const char plugin_manifest_text[]; /* PROGRAM stands for the program */
extern const char plugin_test_text[];     /* COMMAND stands for how it is run */
