/* net/runner_lines.h -- bytes that programs write, as lines; and what a serving program's lines say. Pure. */
#pragma once
#include "base/json.h"

/* Cuts a stream of bytes at line feeds. */
struct lines {
	struct buf part; /* of the line that is not yet whole */
	size_t line_max;
	bool skipping;   /* the rest of a line that was too long */
	uint64_t skipped_bytes;
};
typedef void lines_taker(void *context, struct str line, bool cut);

void lines_init(struct lines *l, size_t line_max);
void lines_done(struct lines *l);
/* take() for each line, without its line feed: a view that is valid during the call. One that is over line_max comes at once, cut to that;
 * what follows of it is skipped and counted. */
void lines_feed(struct lines *l, struct str bytes, lines_taker *take, void *context);
void lines_end(struct lines *l, lines_taker *take, void *context); /* a last line without line feed */

/* What a line of a serving program says (net/runner.h). */
struct served {
	int64_t id;
	enum { SERVED_LINE, SERVED_ERR, SERVED_EVENT, SERVED_EXIT } what;
	struct str text;
	int code;
};
/* false: it is no such line. The texts live in the arena or in the line. */
bool served_parse(struct arena *a, struct str line, struct served *out);
/* The run that a call names by "run"; 0: none. */
int64_t call_run(struct arena *a, struct str line);
