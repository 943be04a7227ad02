/* api/slack_limits.h -- how often a token may call a method of Slack's API, by Slack's tiers (docs.slack.dev, Rate limits).
 *
 * A bucket for each token and method that fills evenly and holds a minute's worth, so bursts pass. The buckets are a table of fixed
 * size: two that fall on one slot take it from each other, which is generous, never strict. The work thread's.
 */
#pragma once
#include "api/slack.h"

/* false: it is too often by now; *wait says how long it takes until it is not. */
bool slack_rate_method(struct slack_call *c, const struct slack_method *m, span_ms *wait);
/* The same for messages to one channel (post_every). */
bool slack_rate_post(struct slack_call *c, int64_t channel_id, span_ms *wait);
/* 429 with Retry-After, as Slack's. */
void slack_rate_refuse(struct slack_call *c, span_ms wait);
