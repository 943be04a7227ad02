/* Our messages as posts of Mattermost: blocks and attachments as message attachments with buttons, and views as dialogs
 * (developers.mattermost.com: message attachments, interactive messages, interactive dialogs). */
#include "ops/mattermost.h"

#define ACTIONS_MAX 25     /* of a post */
#define ATTACHMENTS_MAX 20
#define OPTIONS_MAX 100
#define NAME_MAX 75        /* of a button, bytes */
#define POST_MAX (256 * KIB)

/* A post while it is made: texts are gathered in `text` until a button comes, which ends an attachment. */
struct maker {
	struct arena *a;
	const struct mm_place *at;
	struct json_out out;   /* of the list of attachments */
	struct buf list;
	struct buf text, actions, fields;
	struct json_out action_out, field_out;
	struct str image, thumb, color, fallback;
	struct buf *top;       /* where the first texts go; NULL: into an attachment */
	unsigned action_count, attachment_count;
};

static struct str to_markdown(struct maker *m, struct str mrkdwn)
{
	return mm_markdown(m->a, mrkdwn, m->at->names);
}

/* {"type":"mrkdwn"|"plain_text","text":...}, or a text. */
static struct str text_of(struct maker *m, const struct json *v)
{
	struct str text = json_is(v, JSON_STR) ? v->text : json_get_str(v, "text");

	return str_is(json_get_str(v, "type"), "plain_text") ? mm_plain(m->a, text) : to_markdown(m, text);
}

static struct str plain(const struct json *v, size_t most)
{
	return str_clip(str_trim(json_is(v, JSON_STR) ? v->text : json_get_str(v, "text")), most);
}

static void add_paragraph(struct buf *b, struct str s)
{
	if (!s.n)
		return;
	if (b->n)
		buf_add(b, S("\n\n"));
	buf_add(b, s);
}

/* ---- attachments ---- */

static void write_attachment(struct maker *m)
{
	struct json_out *o = &m->out;

	json_open(o, '{');
	if (m->fallback.n)
		json_add_str(o, "fallback", m->fallback);
	if (m->color.n)
		json_add_str(o, "color", m->color);
	json_add_str(o, "text", buf_str(&m->text));
	if (m->image.n)
		json_add_str(o, "image_url", m->image);
	if (m->thumb.n)
		json_add_str(o, "thumb_url", m->thumb);
	if (m->fields.n)
		json_add_raw(o, "fields", arena_printf(m->a, "[" STR_FMT "]", STR_ARG(buf_str(&m->fields))));
	if (m->actions.n)
		json_add_raw(o, "actions", arena_printf(m->a, "[" STR_FMT "]", STR_ARG(buf_str(&m->actions))));
	json_close(o, '}');
	m->attachment_count++;
}

static void attachment_end(struct maker *m)
{
	if (m->top && !m->attachment_count) {
		add_paragraph(m->top, buf_str(&m->text));
		buf_reset(&m->text);
	}
	if ((m->text.n || m->actions.n || m->fields.n || m->image.n || m->thumb.n) && m->attachment_count < ATTACHMENTS_MAX)
		write_attachment(m);
	buf_reset(&m->text);
	buf_reset(&m->fields);
	buf_reset(&m->actions);
	m->field_out = json_out(&m->fields);
	m->action_out = json_out(&m->actions);
	m->image = m->thumb = S("");
}

/* ---- buttons and menus ---- */

static struct str proof(struct arena *a, const struct secret *key, const char *what, struct str one, struct str two, struct str three)
{
	uint8_t mac[32];

	crypt_hmac_sha256(key, arena_printf(a, "%s %zu:" STR_FMT " %zu:" STR_FMT " %zu:" STR_FMT, what, one.n, STR_ARG(one), two.n, STR_ARG(two), three.n, STR_ARG(three)), mac);
	return crypt_hex(a, mac, 16);
}

static void action_begin(struct maker *m, const struct json *element, const char *type, struct str name)
{
	struct json_out *o = &m->action_out;
	struct str style = json_get_str(element, "style");

	json_open(o, '{');
	json_add_str(o, "id", arena_printf(m->a, "a%u", ++m->action_count)); /* letters and digits alone: it is part of an address */
	json_add_str(o, "type", str_of(type));
	json_add_str(o, "name", name.n ? name : S("…"));
	if (str_is(style, "primary") || str_is(style, "danger"))
		json_add_str(o, "style", style);
}

/* choices: what may be chosen, one a line; "": it is a button. */
static void action_end(struct maker *m, struct str action, struct str value, struct str choices)
{
	struct json_out *o = &m->action_out;

	json_key(o, "integration");
	json_open(o, '{');
	json_add_str(o, "url", arena_printf(m->a, STR_FMT "actions", STR_ARG(m->at->calls)));
	json_key(o, "context");
	json_open(o, '{');
	json_add_str(o, "action", action);
	json_add_str(o, "value", value);
	if (choices.n)
		json_add_str(o, "choices", choices);
	json_add_str(o, "proof", proof(m->a, &m->at->key, choices.n ? "choice" : "press", m->at->channel, action, choices.n ? choices : value));
	json_close(o, '}');
	json_close(o, '}');
	json_close(o, '}');
}

static void add_link_line(struct maker *m, struct str label, struct str url)
{
	struct str link = to_markdown(m, arena_printf(m->a, "<" STR_FMT "|" STR_FMT ">", STR_ARG(url), STR_ARG(label)));

	if (m->text.n)
		buf_add(&m->text, str_ends(buf_str(&m->text), S(")")) ? S("  ·  ") : S("\n\n"));
	buf_add(&m->text, link);
}

static void add_button(struct maker *m, const struct json *element)
{
	struct str url = json_get_str(element, "url"), label = plain(json_get(element, "text"), NAME_MAX);

	if (url.n) {
		add_link_line(m, label, url);
		return;
	}
	if (!m->at->calls.n || m->action_count >= ACTIONS_MAX)
		return;
	action_begin(m, element, "button", label);
	action_end(m, json_get_str(element, "action_id"), json_get_str(element, "value"), S(""));
}

static void add_options(struct maker *m, const struct json *options, struct buf *choices)
{
	struct json_out *o = &m->action_out;
	unsigned n = 0;

	for (const struct json *v = json_is(options, JSON_ARRAY) ? options->child : NULL; v && n < OPTIONS_MAX; v = v->next) {
		struct str value = json_get_str(v, "value"), label = plain(json_get(v, "text"), NAME_MAX);

		if (!value.n || !label.n || memchr(value.p, '\n', value.n))
			continue;
		json_open(o, '{');
		json_add_str(o, "text", label);
		json_add_str(o, "value", value);
		json_close(o, '}');
		buf_add(choices, value);
		buf_char(choices, '\n');
		n++;
	}
}

static void add_menu(struct maker *m, const struct json *element)
{
	struct str label = plain(json_get(element, "placeholder"), NAME_MAX);
	const struct json *groups = json_get(element, "option_groups");
	struct buf choices;

	if (!m->at->calls.n || m->action_count >= ACTIONS_MAX)
		return;
	buf_init(&choices, 64 * KIB);
	action_begin(m, NULL, "select", label.n ? label : S("Choose"));
	json_key(&m->action_out, "options");
	json_open(&m->action_out, '[');
	add_options(m, json_get(element, "options"), &choices);
	for (const struct json *g = json_is(groups, JSON_ARRAY) ? groups->child : NULL; g; g = g->next)
		add_options(m, json_get(g, "options"), &choices);
	json_close(&m->action_out, ']');
	action_end(m, json_get_str(element, "action_id"), S(""), buf_keep(m->a, &choices));
}

static void add_element(struct maker *m, const struct json *element)
{
	struct str type = json_get_str(element, "type");

	if (str_is(type, "button"))
		add_button(m, element);
	else if (str_is(type, "static_select") || str_is(type, "overflow") || str_is(type, "radio_buttons"))
		add_menu(m, element);
	else if (str_is(type, "image") && !m->thumb.n)
		m->thumb = json_get_str(element, "image_url");
}

/* ---- rich text ---- */

static void add_rich(struct maker *m, struct buf *to, const struct json *v, int deep);

static void add_rich_children(struct maker *m, struct buf *to, const struct json *list, int deep, const char *before)
{
	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next) {
		buf_add(to, str_of(before));
		add_rich(m, to, v, deep + 1);
	}
}

/* As mrkdwn, which becomes Markdown like any other. */
static void add_rich_text(struct buf *to, const struct json *v)
{
	static const struct {
		const char *style, *mark;
	} styles[] = {{"bold", "*"}, {"italic", "_"}, {"strike", "~"}, {"code", "`"}};
	const struct json *style = json_get(v, "style");
	struct str text = json_get_str(v, "text");

	for (size_t i = 0; i < COUNT_OF(styles); i++)
		if (json_get_bool(style, styles[i].style, false))
			buf_add(to, str_of(styles[i].mark));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '&' || text.p[i] == '<' || text.p[i] == '>')
			buf_add(to, text.p[i] == '&' ? S("&amp;") : text.p[i] == '<' ? S("&lt;") : S("&gt;"));
		else
			buf_char(to, text.p[i]);
	for (size_t i = COUNT_OF(styles); i-- > 0;)
		if (json_get_bool(style, styles[i].style, false))
			buf_add(to, str_of(styles[i].mark));
}

static void add_rich(struct maker *m, struct buf *to, const struct json *v, int deep)
{
	struct str type = json_get_str(v, "type"), label = json_get_str(v, "text");
	const struct json *elements = json_get(v, "elements");

	if (deep > 8)
		return;
	if (str_is(type, "text"))
		add_rich_text(to, v);
	else if (str_is(type, "link"))
		buf_printf(to, "<" STR_FMT "%s" STR_FMT ">", STR_ARG(json_get_str(v, "url")), label.n ? "|" : "", STR_ARG(label));
	else if (str_is(type, "user"))
		buf_printf(to, "<@" STR_FMT ">", STR_ARG(json_get_str(v, "user_id")));
	else if (str_is(type, "channel"))
		buf_printf(to, "<#" STR_FMT ">", STR_ARG(json_get_str(v, "channel_id")));
	else if (str_is(type, "broadcast"))
		buf_printf(to, "<!" STR_FMT ">", STR_ARG(json_get_str(v, "range")));
	else if (str_is(type, "emoji"))
		buf_printf(to, ":" STR_FMT ":", STR_ARG(json_get_str(v, "name")));
	else if (str_is(type, "rich_text_list"))
		add_rich_children(m, to, elements, deep, "\n• ");
	else if (str_is(type, "rich_text_preformatted")) {
		buf_add(to, S("\n```\n"));
		add_rich_children(m, to, elements, deep, "");
		buf_add(to, S("\n```\n"));
	} else if (str_is(type, "rich_text_quote")) {
		buf_add(to, S("\n&gt; "));
		add_rich_children(m, to, elements, deep, "");
		buf_char(to, '\n');
	} else {
		add_rich_children(m, to, elements, deep, "");
	}
}

static struct str rich_text(struct maker *m, const struct json *block)
{
	struct buf b;

	buf_init(&b, POST_MAX);
	add_rich(m, &b, block, 0);
	return to_markdown(m, str_trim(buf_keep(m->a, &b)));
}

/* ---- blocks ---- */

static void add_fields(struct maker *m, const struct json *fields)
{
	for (const struct json *f = json_is(fields, JSON_ARRAY) ? fields->child : NULL; f; f = f->next) {
		json_open(&m->field_out, '{');
		json_add_bool(&m->field_out, "short", true);
		json_add_str(&m->field_out, "title", S(""));
		json_add_str(&m->field_out, "value", text_of(m, f));
		json_close(&m->field_out, '}');
	}
}

static struct str context_text(struct maker *m, const struct json *elements)
{
	struct buf b;

	buf_init(&b, POST_MAX);
	for (const struct json *v = json_is(elements, JSON_ARRAY) ? elements->child : NULL; v; v = v->next) {
		if (str_is(json_get_str(v, "type"), "image"))
			continue;
		if (b.n)
			buf_add(&b, S("  "));
		buf_add(&b, text_of(m, v));
	}
	return buf_keep(m->a, &b);
}

static void add_block(struct maker *m, const struct json *block)
{
	struct str type = json_get_str(block, "type");
	const struct json *elements = json_get(block, "elements");

	if (m->actions.n) /* what follows a button stands below it */
		attachment_end(m);
	if (str_is(type, "section")) {
		add_paragraph(&m->text, text_of(m, json_get(block, "text")));
		add_fields(m, json_get(block, "fields"));
		add_element(m, json_get(block, "accessory"));
	} else if (str_is(type, "header")) {
		add_paragraph(&m->text, arena_printf(m->a, "#### " STR_FMT, STR_ARG(text_of(m, json_get(block, "text")))));
	} else if (str_is(type, "context")) {
		add_paragraph(&m->text, context_text(m, elements));
	} else if (str_is(type, "divider")) {
		add_paragraph(&m->text, S("---"));
	} else if (str_is(type, "rich_text")) {
		add_paragraph(&m->text, rich_text(m, block));
	} else if (str_is(type, "markdown")) {
		add_paragraph(&m->text, json_get_str(block, "text"));
	} else if (str_is(type, "image")) {
		if (m->image.n)
			attachment_end(m);
		add_paragraph(&m->text, text_of(m, json_get(block, "title")));
		m->image = json_get_str(block, "image_url");
	} else if (str_is(type, "actions")) {
		for (const struct json *v = json_is(elements, JSON_ARRAY) ? elements->child : NULL; v; v = v->next)
			add_element(m, v);
	}
}

static bool add_blocks(struct maker *m, const struct json *blocks)
{
	if (!json_is(blocks, JSON_ARRAY) || !blocks->child)
		return false;
	for (const struct json *b = blocks->child; b; b = b->next)
		add_block(m, b);
	attachment_end(m);
	return true;
}

/* Legacy buttons of an attachment: name and value, as apps of Slack's first years send them. */
static void add_legacy(struct maker *m, const struct json *at)
{
	const struct json *fields = json_get(at, "fields");
	struct str title = json_get_str(at, "title"), url = json_get_str(at, "title_link");

	add_paragraph(&m->text, to_markdown(m, json_get_str(at, "pretext")));
	if (url.n && title.n)
		add_paragraph(&m->text, to_markdown(m, arena_printf(m->a, "*<" STR_FMT "|" STR_FMT ">*", STR_ARG(url), STR_ARG(title))));
	else if (title.n)
		add_paragraph(&m->text, arena_printf(m->a, "**" STR_FMT "**", STR_ARG(mm_plain(m->a, title))));
	add_paragraph(&m->text, to_markdown(m, json_get_str(at, "text")));
	for (const struct json *f = json_is(fields, JSON_ARRAY) ? fields->child : NULL; f; f = f->next) {
		json_open(&m->field_out, '{');
		json_add_bool(&m->field_out, "short", json_get_bool(f, "short", false));
		json_add_str(&m->field_out, "title", json_get_str(f, "title"));
		json_add_str(&m->field_out, "value", to_markdown(m, json_get(f, "value") ? json_get(f, "value")->text : S("")));
		json_close(&m->field_out, '}');
	}
	m->image = json_get_str(at, "image_url");
	m->thumb = json_get_str(at, "thumb_url");
	attachment_end(m);
}

static struct str color_of(struct arena *a, struct str color)
{
	bool hex = color.n == 6;

	for (size_t i = 0; hex && i < color.n; i++)
		hex = strchr("0123456789abcdefABCDEF", color.p[i]) && color.p[i];
	return hex ? arena_printf(a, "#" STR_FMT, STR_ARG(color)) : color;
}

/* As the console does: a text that is only what an attachment of blocks falls back to is not shown twice. */
static bool text_is_fallback(struct str text, const struct json *attachments)
{
	for (const struct json *at = json_is(attachments, JSON_ARRAY) ? attachments->child : NULL; at; at = at->next)
		if (json_get(at, "blocks") && str_eq(json_get_str(at, "fallback"), text))
			return true;
	return false;
}

static void maker_init(struct maker *m, struct arena *a, const struct mm_place *at)
{
	*m = (struct maker){.a = a, .at = at, .image = S(""), .thumb = S(""), .color = S(""), .fallback = S("")};
	buf_init(&m->list, POST_MAX);
	buf_init(&m->text, POST_MAX);
	buf_init(&m->actions, POST_MAX);
	buf_init(&m->fields, POST_MAX);
	m->out = json_out(&m->list);
	m->action_out = json_out(&m->actions);
	m->field_out = json_out(&m->fields);
}

static void maker_done(struct maker *m)
{
	buf_done(&m->list);
	buf_done(&m->text);
	buf_done(&m->actions);
	buf_done(&m->fields);
}

static void add_attachments(struct maker *m, const struct json *attachments)
{
	for (const struct json *one = json_is(attachments, JSON_ARRAY) ? attachments->child : NULL; one; one = one->next) {
		m->color = color_of(m->a, json_get_str(one, "color"));
		m->fallback = json_get_str(one, "fallback");
		if (!add_blocks(m, json_get(one, "blocks")))
			add_legacy(m, one);
	}
}

void mm_message_make(struct arena *a, const struct mm_place *at, struct str author, struct str text, struct str body, struct mm_message *out)
{
	struct err ignored = {0};
	const struct json *v = body.n ? json_parse(a, body, JSON_LAST_KEY_WINS, &ignored) : NULL, *attachments = json_get(v, "attachments");
	struct buf top;
	struct maker m;

	maker_init(&m, a, at);
	buf_init(&top, POST_MAX);
	m.top = &top;
	m.fallback = str_clip(text, 300);
	if (!add_blocks(&m, json_get(v, "blocks")) && !text_is_fallback(text, attachments))
		buf_add(&top, mm_markdown(a, text, at->names));
	m.top = NULL;
	add_attachments(&m, attachments);
	out->attachments = m.attachment_count && !m.list.failed ? arena_printf(a, "[" STR_FMT "]", STR_ARG(buf_str(&m.list))) : S("");
	out->text = top.n || out->attachments.n ? buf_keep(a, &top) : mm_markdown(a, text, at->names);
	if (author.n)
		out->text = arena_printf(a, "**" STR_FMT ":** " STR_FMT, STR_ARG(mm_plain(a, author)), STR_ARG(out->text));
	out->text = mm_clip(out->text, MM_TEXT_MAX);
	buf_done(&top);
	maker_done(&m);
}

/* ---- what is pressed ---- */

static bool is_choice(struct str choices, struct str value)
{
	while (choices.n) {
		struct str one;

		choices = str_cut(choices, '\n', &one);
		if (value.n && str_eq(one, value))
			return true;
	}
	return false;
}

bool mm_press_read(struct arena *a, const struct secret *key, struct str body, struct mm_press *out, struct err *err)
{
	const struct json *v = json_parse(a, body, JSON_LAST_KEY_WINS, err), *context = json_get(v, "context");
	struct str choices = json_get_str(context, "choices"), chosen = json_get_str(context, "selected_option"), said;

	if (!v)
		return false;
	*out = (struct mm_press){.channel_id = json_get_str(v, "channel_id"), .user_id = json_get_str(v, "user_id"), .user_name = json_get_str(v, "user_name"),
				 .post_id = json_get_str(v, "post_id"), .trigger = json_get_str(v, "trigger_id"), .action = json_get_str(context, "action"),
				 .value = choices.n ? chosen : json_get_str(context, "value")};
	said = proof(a, key, choices.n ? "choice" : "press", out->channel_id, out->action, choices.n ? choices : out->value);
	if (!str_eq_secret(said, json_get_str(context, "proof")) || (choices.n && !is_choice(choices, chosen)))
		err_set(err, ERR_FORBIDDEN, "this is no button of ours");
	else if (!mm_id_ok(out->channel_id) || !mm_id_ok(out->user_id) || !mm_id_ok(out->post_id))
		err_set(err, ERR_INVALID, "user, channel or message is missing");
	return err->code == ERR_NONE;
}

/* ---- dialogs ---- */

#define ELEMENTS_MAX 30

/* What is asked goes out with the dialog and comes back with it, since nothing is kept here: "TYPE BLOCK ACTION" a line. */
struct asking {
	struct arena *a;
	struct json_out *o;
	struct buf asked;
	unsigned count;
};

static bool is_plain_word(struct str s)
{
	return s.n && s.n <= 255 && !memchr(s.p, '\n', s.n) && !memchr(s.p, ' ', s.n);
}

static void ask_options(struct json_out *o, const struct json *options)
{
	json_key(o, "options");
	json_open(o, '[');
	for (const struct json *v = json_is(options, JSON_ARRAY) ? options->child : NULL; v; v = v->next) {
		json_open(o, '{');
		json_add_str(o, "text", plain(json_get(v, "text"), NAME_MAX));
		json_add_str(o, "value", json_get_str(v, "value"));
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void ask_text(struct json_out *o, const struct json *element)
{
	bool multiline = json_get_bool(element, "multiline", false);
	int64_t most = json_get_int(element, "max_length", 0), limit = multiline ? 3000 : 150;

	json_add_str(o, "type", multiline ? S("textarea") : S("text"));
	json_add_str(o, "default", str_clip(json_get_str(element, "initial_value"), (size_t)limit));
	json_add_int(o, "min_length", json_get_int(element, "min_length", 0));
	json_add_int(o, "max_length", most > 0 && most < limit ? most : limit);
}

static void ask_one(struct asking *ask, const struct json *block)
{
	const struct json *element = json_get(block, "element");
	struct str type = json_get_str(element, "type"), block_id = json_get_str(block, "block_id"), action_id = json_get_str(element, "action_id");
	bool chooses = str_is(type, "static_select") || str_is(type, "radio_buttons");
	struct json_out *o = ask->o;

	if ((!chooses && !str_is(type, "plain_text_input")) || !is_plain_word(block_id) || !is_plain_word(action_id) || ask->count >= ELEMENTS_MAX)
		return;
	json_open(o, '{');
	json_add_str(o, "display_name", plain(json_get(block, "label"), 24)); /* the server takes 24 characters */
	json_add_str(o, "name", arena_printf(ask->a, "e%u", ask->count++));
	json_add_str(o, "help_text", plain(json_get(block, "hint"), 150));
	json_add_str(o, "placeholder", plain(json_get(element, "placeholder"), 150));
	json_add_bool(o, "optional", json_get_bool(block, "optional", false));
	if (chooses) {
		json_add_str(o, "type", str_is(type, "radio_buttons") ? S("radio") : S("select"));
		json_add_str(o, "default", json_get_str(json_get(element, "initial_option"), "value"));
		ask_options(o, json_get(element, "options"));
	} else {
		ask_text(o, element);
	}
	json_close(o, '}');
	buf_printf(&ask->asked, STR_FMT " " STR_FMT " " STR_FMT "\n", STR_ARG(type), STR_ARG(block_id), STR_ARG(action_id));
}

/* What stands between the questions stands above them. */
static struct str introduction(struct arena *a, const struct mm_place *at, const struct json *blocks)
{
	struct maker m;
	struct buf top;

	maker_init(&m, a, at);
	buf_init(&top, 16 * KIB);
	m.top = &top;
	for (const struct json *b = blocks->child; b; b = b->next)
		if (!str_is(json_get_str(b, "type"), "input") && !str_is(json_get_str(b, "type"), "actions"))
			add_block(&m, b);
	attachment_end(&m);
	for (const struct json *b = blocks->child; b; b = b->next) { /* labels are cut there, so a long one is said in full here */
		const struct json *label = json_get(b, "label");

		if (str_is(json_get_str(b, "type"), "input") && json_get_str(label, "text").n > 24)
			add_paragraph(&top, mm_plain(a, json_get_str(label, "text")));
	}
	maker_done(&m);
	return buf_keep(a, &top);
}

/* PROOF\nUSER\nCALLBACK\nASKED…\n\nPRIVATE */
static struct str write_state(struct arena *a, const struct secret *key, struct str user_id, struct str callback, struct str asked, struct str private)
{
	struct str all = arena_printf(a, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(user_id), STR_ARG(callback), STR_ARG(asked), STR_ARG(private));

	return arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(proof(a, key, "dialog", all, S(""), S(""))), STR_ARG(all));
}

bool mm_dialog_make(struct arena *a, const struct mm_place *at, struct str user_id, struct str trigger, struct str view_text, struct str *out, struct err *err)
{
	const struct json *view = json_parse(a, view_text, JSON_LAST_KEY_WINS, err), *blocks = json_get(view, "blocks");
	struct str callback = json_get_str(view, "callback_id"), title = plain(json_get(view, "title"), 24), submit = plain(json_get(view, "submit"), 24);
	struct asking ask = {.a = a};
	struct json_out o;
	struct buf b;

	if (!view)
		return false;
	if (!json_is(blocks, JSON_ARRAY) || memchr(callback.p, '\n', callback.n)) {
		err_set(err, ERR_INVALID, "a view has blocks and a callback_id");
		return false;
	}
	buf_init(&b, POST_MAX);
	buf_init(&ask.asked, 32 * KIB);
	o = json_out(&b);
	ask.o = &o;
	json_open(&o, '{');
	json_add_str(&o, "trigger_id", trigger);
	json_add_str(&o, "url", arena_printf(a, STR_FMT "dialog", STR_ARG(at->calls)));
	json_key(&o, "dialog");
	json_open(&o, '{');
	json_add_str(&o, "callback_id", callback);
	json_add_str(&o, "title", title.n ? title : S("opsroom"));
	json_add_str(&o, "introduction_text", introduction(a, at, blocks));
	json_add_str(&o, "submit_label", submit.n ? submit : S("Submit"));
	json_add_bool(&o, "notify_on_cancel", false);
	json_key(&o, "elements");
	json_open(&o, '[');
	for (const struct json *block = blocks->child; block; block = block->next)
		if (str_is(json_get_str(block, "type"), "input"))
			ask_one(&ask, block);
	json_close(&o, ']');
	json_add_str(&o, "state", write_state(a, &at->key, user_id, callback, buf_keep(a, &ask.asked), json_get_str(view, "private_metadata")));
	json_close(&o, '}');
	json_close(&o, '}');
	*out = buf_keep(a, &b);
	return true;
}

static void write_value(struct json_out *o, struct str type, const struct json *given)
{
	struct str value = given ? given->text : S("");

	json_open(o, '{');
	json_add_str(o, "type", type);
	if (str_is(type, "plain_text_input")) {
		json_add_str(o, "value", value);
	} else {
		json_key(o, "selected_option");
		json_open(o, '{');
		json_add_str(o, "value", value);
		json_close(o, '}');
	}
	json_close(o, '}');
}

static bool is_text(const struct json *v)
{
	return v && v->type != JSON_NULL && v->type < JSON_ARRAY;
}

/* {"BLOCK":{"ACTION":{"type":…,"value":…}}} */
static void write_values(struct arena *a, struct json_out *o, struct str asked, const struct json *given)
{
	struct str line, type, block;

	json_key(o, "values");
	json_open(o, '{');
	for (unsigned i = 0; asked.n; i++) {
		const struct json *v = json_get(given, arena_printf(a, "e%u", i).p);

		asked = str_cut(asked, '\n', &line);
		line = str_cut(str_cut(line, ' ', &type), ' ', &block);
		json_key_str(o, block);
		json_open(o, '{');
		json_key_str(o, line);
		write_value(o, type, is_text(v) ? v : NULL);
		json_close(o, '}');
	}
	json_close(o, '}');
}

bool mm_dialog_read(struct arena *a, const struct secret *key, struct str body, struct mm_answer *out, struct err *err)
{
	const struct json *v = json_parse(a, body, JSON_LAST_KEY_WINS, err);
	struct str mac, user, callback, asked, private, rest = str_cut(json_get_str(v, "state"), '\n', &mac);
	struct json_out o;
	struct buf b;
	size_t end;

	if (!v)
		return false;
	*out = (struct mm_answer){.channel_id = json_get_str(v, "channel_id"), .user_id = json_get_str(v, "user_id"), .cancelled = json_get_bool(v, "cancelled", false)};
	if (!str_eq_secret(mac, proof(a, key, "dialog", rest, S(""), S("")))) {
		err_set(err, ERR_FORBIDDEN, "this is no dialog of ours");
		return false;
	}
	private = str_cut(str_cut(rest, '\n', &user), '\n', &callback);
	/* No line of what is asked is empty, so the first empty one ends it. */
	for (end = 0; end < private.n && private.p[end] != '\n'; end++)
		while (end < private.n && private.p[end] != '\n')
			end++;
	asked = str_n(private.p, end);
	private = end < private.n ? str_n(private.p + end + 1, private.n - end - 1) : S("");
	if (!mm_id_ok(out->user_id) || !str_eq(out->user_id, user)) {
		err_set(err, ERR_FORBIDDEN, "this dialog was opened for somebody else");
		return false;
	}
	buf_init(&b, POST_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "callback_id", callback);
	json_add_str(&o, "private_metadata", private);
	json_key(&o, "state");
	json_open(&o, '{');
	write_values(a, &o, asked, json_get(v, "submission"));
	json_close(&o, '}');
	json_close(&o, '}');
	out->view = buf_keep(a, &b);
	return true;
}
