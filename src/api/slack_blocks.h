/* api/slack_blocks.h -- is this Block Kit? Types, what must be there, and lengths (Slack, Block Kit reference).
 *
 * Reads only. What a rich_text, table, video or file block holds is not looked into: the console shows what it knows of it.
 */
#pragma once
#include "base/json.h"

/* blocks: an array, of at most `most`. at: where it lies, "/blocks", "/view/blocks".
 * false: *detail, in the arena, says what is wrong and where, in Slack's words: "must be ... [json-pointer:/blocks/0/text/text]". */
MUST_USE bool slack_blocks_check(struct arena *a, const struct json *blocks, size_t most, struct str at, struct str *detail);

size_t slack_characters(struct str s); /* lengths are in characters at Slack, not in bytes */
