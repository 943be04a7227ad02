/* engine/blocks.h -- the few pieces of Block Kit that our own messages are made of (Slack, Block Kit reference). */
#pragma once
#include "base/json.h"

bool url_is_web(struct str url); /* http(s), and nothing in it that ends a link in mrkdwn */

void block_text(struct json_out *o, const char *type, struct str text); /* type: "mrkdwn", "plain_text" */
void block_section(struct json_out *o, struct str mrkdwn);
void block_context(struct json_out *o, struct str mrkdwn);
/* "attachments": with one, whose blocks stand between the two. color: without its #. */
void block_attachment_open(struct json_out *o, struct str color, struct str fallback);
void block_attachment_close(struct json_out *o);
/* An actions block, whose buttons stand between the two. id: NULL for none. */
void block_actions_open(struct json_out *o, const char *id);
void block_actions_close(struct json_out *o);
/* style: "primary", "danger", or NULL */
void block_button(struct json_out *o, const char *text, const char *action, struct str value, const char *style);
void block_link(struct json_out *o, const char *text, const char *action, struct str url); /* nothing if it is no web address */
