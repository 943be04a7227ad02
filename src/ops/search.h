/* ops/search.h -- what a person looks for: words, "phrases", -words, and Slack's modifiers (in:, from:, before:, after:, on:, has:link). */
#pragma once
#include "base/time.h"

struct search {
	struct str match;     /* for FTS5; "": no word to look for */
	struct str in, from;  /* as written, without #, @, < and >; "": anywhere, anybody */
	wall_ms since, until; /* until: not that moment itself; 0: any */
	bool has_link;
	bool nothing;         /* a modifier of it can never be true: a day that is none, another `has:` */
};
/* Never fails: what is no modifier is a word. Words of it are never FTS5 syntax. */
void search_parse(struct arena *a, struct str text, struct search *out);
