#include "api/slack_blocks.h"

#include <inttypes.h>

#define ID_MAX 255 /* block_id, action_id */

/* Where something lies; each on the stack of who looks into it. */
struct place {
	const struct place *up;
	const char *name; /* NULL: a member of a list */
	size_t index;
};

struct checker {
	struct arena *arena;
	struct str at; /* where the blocks lie */
	struct str detail;
};

enum shape { TEXT, PLAIN, STRING, LIST };

/* What a block or an element holds. `of` NULL: any. needed: it must be there, and for texts not be empty. */
static const struct member {
	const char *of, *name;
	enum shape shape;
	unsigned most;
	bool needed;
} members[] = {
	{"section", "text", TEXT, 3000, false},
	{"section", "fields", LIST, 10, false},
	{"header", "text", PLAIN, 150, true},
	{"context", "elements", LIST, 10, true},
	{"actions", "elements", LIST, 25, true},
	{"input", "label", PLAIN, 2000, true},
	{"input", "hint", PLAIN, 2000, false},
	{"markdown", "text", STRING, 12000, true},
	{"button", "text", PLAIN, 75, true},
	{"button", "value", STRING, 2000, false},
	{"button", "url", STRING, 3000, false},
	{"overflow", "options", LIST, 5, false},
	{"option", "text", TEXT, 75, true},
	{"option", "value", STRING, 75, false},
	{"option", "url", STRING, 3000, false},
	{"group", "label", PLAIN, 75, true},
	{"confirm", "title", PLAIN, 100, false},
	{"confirm", "text", TEXT, 300, false},
	{"confirm", "confirm", PLAIN, 30, false},
	{"confirm", "deny", PLAIN, 30, false},
	{NULL, "placeholder", PLAIN, 150, false},
	{NULL, "options", LIST, 100, false},
	{NULL, "option_groups", LIST, 100, false},
	{NULL, "block_id", STRING, ID_MAX, false},
	{NULL, "action_id", STRING, ID_MAX, false},
};

static const char *const block_types[] = {"section", "divider", "header", "context", "actions", "image", "input", "rich_text", "markdown", "table", "video", "file"};
static const char *const element_types[] = {
	"button", "overflow", "image", "static_select", "external_select", "users_select", "conversations_select", "channels_select", "multi_static_select",
	"multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select", "datepicker", "timepicker", "datetimepicker", "checkboxes",
	"radio_buttons", "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input", "workflow_button",
};
static const char *const text_types[] = {"mrkdwn", "plain_text"};

size_t slack_characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) /* bytes that begin one */
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* ---- saying what is wrong ---- */

static void put_place(struct buf *b, const struct place *p)
{
	if (!p)
		return;
	put_place(b, p->up);
	if (p->name)
		buf_printf(b, "/%s", p->name);
	else
		buf_printf(b, "/%zu", p->index);
}

static bool wrong(struct checker *k, const struct place *p, struct str what)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	buf_printf(&b, STR_FMT " [json-pointer:" STR_FMT, STR_ARG(what), STR_ARG(k->at));
	put_place(&b, p);
	buf_printf(&b, "]");
	k->detail = buf_keep(k->arena, &b);
	return false;
}

static bool missing(struct checker *k, const struct place *p, const char *name)
{
	return wrong(k, p, arena_printf(k->arena, "missing required field: %s", name));
}

static bool one_of(struct checker *k, const struct json *v, const struct place *p, const char *const *types, size_t count)
{
	struct str type = json_get_str(v, "type");

	if (!json_is(v, JSON_OBJECT) || !type.n)
		return missing(k, p, "type");
	for (size_t i = 0; i < count; i++)
		if (str_is(type, types[i]))
			return true;
	return wrong(k, &(struct place){p, "type", 0}, arena_printf(k->arena, "unsupported type: " STR_FMT, STR_ARG(str_clip(type, 60))));
}

/* ---- what a block holds ---- */

static bool string_ok(struct checker *k, struct str s, const struct place *p, unsigned most, bool needed)
{
	if (needed && !s.n)
		return wrong(k, p, S("must be more than 0 characters"));
	return slack_characters(s) <= most || wrong(k, p, arena_printf(k->arena, "must be less than %u characters", most + 1));
}

static bool text_ok(struct checker *k, const struct json *v, const struct place *p, unsigned most, bool plain)
{
	size_t first = plain ? 1 : 0;

	return one_of(k, v, p, text_types + first, COUNT_OF(text_types) - first) && string_ok(k, json_get_str(v, "text"), &(struct place){p, "text", 0}, most, true);
}

static bool member_ok(struct checker *k, const struct json *in, const struct place *p, const struct member *m)
{
	const struct json *v = json_get(in, m->name);
	const struct place here = {p, m->name, 0};

	if (!v || v->type == JSON_NULL)
		return !m->needed || missing(k, p, m->name);
	switch (m->shape) {
	case TEXT:
	case PLAIN:
		return text_ok(k, v, &here, m->most, m->shape == PLAIN);
	case STRING:
		return string_ok(k, json_str(v), &here, m->most, m->needed);
	case LIST:
		if (v->type != JSON_ARRAY)
			return wrong(k, &here, S("must be an array"));
		if (!v->count)
			return wrong(k, &here, S("no less than 1 items allowed"));
		return v->count <= m->most || wrong(k, &here, arena_printf(k->arena, "no more than %u items allowed", m->most));
	}
	return true;
}

static bool members_ok(struct checker *k, const struct json *in, const struct place *p, struct str type)
{
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if ((!members[i].of || str_is(type, members[i].of)) && !member_ok(k, in, p, &members[i]))
			return false;
	return true;
}

static bool options_ok(struct checker *k, const struct json *in, const struct place *p)
{
	const struct json *list = json_get(in, "options");
	const struct place there = {p, "options", 0};
	size_t i = 0;

	for (const struct json *o = list ? list->child : NULL; o; o = o->next)
		if (!members_ok(k, o, &(struct place){&there, NULL, i++}, S("option")))
			return false;
	return true;
}

static bool element_ok(struct checker *k, const struct json *e, const struct place *p)
{
	const struct json *confirm = json_get(e, "confirm"), *groups = json_get(e, "option_groups");
	const struct place in_groups = {p, "option_groups", 0};
	size_t i = 0;

	if (!one_of(k, e, p, element_types, COUNT_OF(element_types)) || !members_ok(k, e, p, json_get_str(e, "type")) || !options_ok(k, e, p))
		return false;
	for (const struct json *g = groups ? groups->child : NULL; g; g = g->next) {
		const struct place here = {&in_groups, NULL, i++};

		if (!members_ok(k, g, &here, S("group")) || !options_ok(k, g, &here))
			return false;
	}
	return !json_is(confirm, JSON_OBJECT) || members_ok(k, confirm, &(struct place){p, "confirm", 0}, S("confirm"));
}

/* What stands in the list `name` of a block: fields are texts, a context has texts and images, actions have elements. */
static bool list_ok(struct checker *k, const struct json *block, const struct place *p, const char *name)
{
	const struct json *list = json_get(block, name);
	struct str type = json_get_str(block, "type");
	const struct place there = {p, name, 0};
	size_t i = 0;

	for (const struct json *v = list ? list->child : NULL; v; v = v->next) {
		const struct place here = {&there, NULL, i++};

		if (str_is(type, "actions") ? !element_ok(k, v, &here) : !str_is(json_get_str(v, "type"), "image") && !text_ok(k, v, &here, 2000, false))
			return false;
	}
	return true;
}

static bool block_ok(struct checker *k, const struct json *b, const struct place *p)
{
	struct str type = json_get_str(b, "type");
	const struct json *accessory = json_get(b, "accessory"), *element = json_get(b, "element");

	if (!one_of(k, b, p, block_types, COUNT_OF(block_types)) || !members_ok(k, b, p, type))
		return false;
	if (str_is(type, "section")) {
		if (!json_get(b, "text") && !json_get(b, "fields"))
			return wrong(k, p, S("either text or fields must be there"));
		return list_ok(k, b, p, "fields") && (!json_is(accessory, JSON_OBJECT) || element_ok(k, accessory, &(struct place){p, "accessory", 0}));
	}
	if (str_is(type, "input"))
		return element ? element_ok(k, element, &(struct place){p, "element", 0}) : missing(k, p, "element");
	return (!str_is(type, "context") && !str_is(type, "actions")) || list_ok(k, b, p, "elements");
}

bool slack_blocks_check(struct arena *a, const struct json *blocks, size_t most, struct str at, struct str *detail)
{
	struct checker k = {.arena = a, .at = at};
	bool ok = blocks->count <= most || wrong(&k, NULL, arena_printf(a, "no more than %zu items allowed", most));
	size_t i = 0;

	for (const struct json *b = blocks->child; ok && b; b = b->next)
		ok = block_ok(&k, b, &(struct place){NULL, NULL, i++});
	*detail = k.detail;
	return ok;
}
