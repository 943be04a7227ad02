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
