/* ops/file_type.h -- what a file is, by its name and its first bytes. */
#pragma once
#include "base/str.h"

struct file_type {
	const char *ending;   /* "md", lower case */
	const char *word;     /* Slack's filetype: "markdown" */
	const char *mimetype; /* "text/markdown" */
};
/* By what stands behind the last dot, in any case; never NULL: what is not known is "binary", application/octet-stream. */
const struct file_type *file_type_of(struct str name);

/* Width and height of a PNG, GIF or JPEG. false: it is none, or it is cut off before it says so. */
bool picture_size(struct str bytes, int *width, int *height);
