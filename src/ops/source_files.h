/* ops/source_files.h -- the files of integrations/ as they lie in the program; made by tools/embed_sources.mjs. */
#pragma once
#include "base/str.h"

#define SOURCE_FILES_MAX 256

struct source_file {
	const char *tool;
	const unsigned char *text;
	size_t size;
};
extern const struct source_file source_files[]; /* by name */
extern const size_t source_file_count;
extern const struct str source_prelude;
