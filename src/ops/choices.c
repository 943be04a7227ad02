#include "ops/choices.h"

static void add_button(struct arena *a, struct vec *v, const struct json *e)
{
	struct choice *c;

	if (!str_is(json_get_str(e, "type"), "button") || json_get_str(e, "url").n || v->count == CHOICES_MAX)
		return;
	c = vec_push(a, v, sizeof *c);
	c->text = json_get_str(json_get(e, "text"), "text");
	c->action = json_get_str(e, "action_id");
	c->value = json_get_str(e, "value");
}

static void add_blocks(struct arena *a, struct vec *v, const struct json *blocks)
{
	for (const struct json *b = json_is(blocks, JSON_ARRAY) ? blocks->child : NULL; b; b = b->next) {
		const struct json *elements = json_get(b, "elements");

		add_button(a, v, json_get(b, "accessory"));
		if (str_is(json_get_str(b, "type"), "actions") && json_is(elements, JSON_ARRAY))
			for (const struct json *e = elements->child; e; e = e->next)
				add_button(a, v, e);
	}
}

size_t choices_read(struct arena *a, const struct json *body, struct choice **out)
{
	const struct json *attachments = json_get(body, "attachments");
	struct vec v = {0};

	add_blocks(a, &v, json_get(body, "blocks"));
	for (const struct json *t = json_is(attachments, JSON_ARRAY) ? attachments->child : NULL; t; t = t->next)
		add_blocks(a, &v, json_get(t, "blocks"));
	*out = v.items;
	return v.count;
}
