/* ops/text.h -- text as Slack writes it: the three escapes, mentions, plain form (docs.slack.dev, Formatting text). */
#pragma once
#include "base/time.h"

/* & < > escaped; for text of others that goes into mrkdwn. */
struct str mrkdwn_escape(struct arena *a, struct str s);
/* The same for what stands between ``` and ```: nothing in it ends the block. */
struct str mrkdwn_code(struct arena *a, struct str s);
/* What a person sent: bare & < > are escaped, escapes and control sequences (<@U1>, <!here>, <#C1>, <https://…|label>) stay. */
struct str mrkdwn_tidy(struct arena *a, struct str s);
/* For people who see no markup: control sequences become their labels, escapes are undone. */
struct str mrkdwn_plain(struct arena *a, struct str s);
/* "<@U…>": shown as the person's name, who hears of it. */
struct str mrkdwn_user(struct arena *a, int64_t user_id);
/* The ids in <@U…> and <!subteam^S…>: calls back for each; true for <!here>, <!channel>, <!everyone>. */
bool mrkdwn_mentions(struct str s, void (*on_user)(void *context, struct str id), void *context);
/* Every control sequence with others in its place: `on` gets what stands between < and | or >, and the label ("" without one), and writes what
 * shall stand there; false: it stays. Also of JSON, whose texts hold them as they are. */
struct str mrkdwn_rewrite(struct arena *a, struct str s, bool (*on)(void *context, struct str target, struct str label, struct buf *to), void *context);
/* The part-th piece of a text too long for one message, each of at most `most` bytes (at least 100); cut between lines or words, never in a
 * control sequence; a block of code that is cut is closed, and opened again in the next. p NULL: there are not so many. */
struct str mrkdwn_part(struct arena *a, struct str s, size_t most, int part);

/* A time that Slack shows in the reader's own zone; others see UTC. With seconds or to the minute. */
struct str mrkdwn_date(struct arena *a, wall_ms at, bool seconds);
