#include "engine/blocks.h"

bool url_is_web(struct str s)
{
	return (str_starts(s, S("http://")) || str_starts(s, S("https://"))) && s.n <= 3000 && !memchr(s.p, '>', s.n) && !memchr(s.p, '|', s.n) &&
	       !memchr(s.p, ' ', s.n);
}

void block_text(struct json_out *o, const char *type, struct str text)
{
	json_open(o, '{');
	json_add_str(o, "type", str_of(type));
	json_add_str(o, "text", text);
	json_close(o, '}');
}

void block_section(struct json_out *o, struct str text)
{
	json_open(o, '{');
	json_add_str(o, "type", S("section"));
	json_key(o, "text");
	block_text(o, "mrkdwn", text);
	json_close(o, '}');
}

void block_context(struct json_out *o, struct str text)
{
	json_open(o, '{');
	json_add_str(o, "type", S("context"));
	json_key(o, "elements");
	json_open(o, '[');
	block_text(o, "mrkdwn", text);
	json_close(o, ']');
	json_close(o, '}');
}

void block_attachment_open(struct json_out *o, struct str color, struct str fallback)
{
	json_key(o, "attachments");
	json_open(o, '[');
	json_open(o, '{');
	json_add_int(o, "id", 1);
	json_add_str(o, "color", color);
	json_add_str(o, "fallback", fallback);
	json_key(o, "blocks");
	json_open(o, '[');
}

void block_attachment_close(struct json_out *o)
{
	json_close(o, ']');
	json_close(o, '}');
	json_close(o, ']');
}

void block_actions_open(struct json_out *o, const char *id)
{
	json_open(o, '{');
	json_add_str(o, "type", S("actions"));
	if (id)
		json_add_str(o, "block_id", str_of(id));
	json_key(o, "elements");
	json_open(o, '[');
}

void block_actions_close(struct json_out *o)
{
	json_close(o, ']');
	json_close(o, '}');
}

void block_button(struct json_out *o, const char *text, const char *action, struct str value, const char *style)
{
	json_open(o, '{');
	json_add_str(o, "type", S("button"));
	json_add_str(o, "action_id", str_of(action));
	json_key(o, "text");
	block_text(o, "plain_text", str_of(text));
	json_add_str(o, "value", value);
	if (style)
		json_add_str(o, "style", str_of(style));
	json_close(o, '}');
}

void block_link(struct json_out *o, const char *text, const char *action, struct str url)
{
	if (!url_is_web(url))
		return;
	json_open(o, '{');
	json_add_str(o, "type", S("button"));
	json_add_str(o, "action_id", str_of(action));
	json_key(o, "text");
	block_text(o, "plain_text", str_of(text));
	json_add_str(o, "url", url);
	json_close(o, '}');
}
