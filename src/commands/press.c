#include "commands/press.h"

#include "commands/say.h"
#include "engine/blocks.h"
#include "engine/runs.h"
#include "engine/slack_json.h"

/* The buttons that are ours, and the commands that they are. */
static const struct button {
	const char *action_id, *command, *more;
	bool late; /* who presses one that is gone by now is told what became of it; the command knows */
	const char *title, *asks; /* what the person must say with it: a dialog asks for it */
} buttons[] = {
	{"alert.ack", "ack", ""},
	{"alert.resolve", "resolve", ""},
	{"alert.quiet", "silence", " 1h"},
	{"storm.ack", "ackstorm", ""},
	{"held.approve", "approve", "", true},
	{"held.deny", "deny", "", true, "Reject", "Why? Who asked is told."},
	{"held.confirm", "confirm", "", true},
	{"held.cancel", "cancel", "", true},
	{"held.review", "review", "", true},
	{"run.cancel", "job cancel", "", true},
};
#define PROGRAM_PREFIX "run.button." /* a button that a program made */

/* What a press says; NULL: the button is none of ours. */
static const struct button *button_of(struct str action_id)
{
	for (size_t i = 0; i < COUNT_OF(buttons); i++)
		if (str_is(action_id, buttons[i].action_id))
			return &buttons[i];
	return NULL;
}

static struct str button_line(struct arena *a, const struct button *button, struct str value, struct str said)
{
	struct buf b;

	buf_init(&b, 8 * KIB);
	buf_printf(&b, "%s " STR_FMT "%s", button->command, STR_ARG(value), button->more);
	if (said.n) {
		buf_add(&b, S(" -- "));
		line_write_value(&b, said);
	}
	return buf_keep(a, &b);
}

/* Its command is run as who pressed it, by the same rules as if they had said it. */
static struct str program_line(struct work *w, struct str action_id, struct str value)
{
	struct str number = str_n(action_id.p + strlen(PROGRAM_PREFIX), action_id.n - strlen(PROGRAM_PREFIX));
	int64_t id, index;

	return str_to_int(value, &id) && str_to_int(number, &index) && index >= 0 ? runs_button(w, id, (unsigned)index) : S("");
}

/* ---- dialogs ---- */

/* Asks for what must be said with it; comes back as press_dialog_read() has it (Slack, views.open). */
static struct str dialog(struct work *w, const struct button *button, const struct channel *c, const struct message *m, struct str value)
{
	struct arena *a = w->arena;
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("modal"));
	json_add_str(&o, "callback_id", str_of(button->action_id));
	json_add_str(&o, "private_metadata", arena_printf(a, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(channel_id_text(a, c)), STR_ARG(ts_text(a, m->ts)), STR_ARG(value)));
	json_key(&o, "title");
	block_text(&o, "plain_text", str_of(button->title));
	json_key(&o, "submit");
	block_text(&o, "plain_text", str_of(button->title));
	json_key(&o, "blocks");
	json_open(&o, '[');
	json_open(&o, '{');
	json_add_str(&o, "type", S("input"));
	json_add_str(&o, "block_id", S("said"));
	json_key(&o, "label");
	block_text(&o, "plain_text", str_of(button->asks));
	json_add_raw(&o, "element", S("{\"type\":\"plain_text_input\",\"action_id\":\"said\",\"multiline\":true,\"max_length\":1000}"));
	json_close(&o, '}');
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(a, &b);
}

bool press_dialog_read(const struct json *view, struct press_dialog *out)
{
	const struct json *values = json_get(json_get(view, "state"), "values");

	*out = (struct press_dialog){.action_id = json_get_str(view, "callback_id"), .said = str_clip(str_trim(json_get_str(json_get(json_get(values, "said"), "said"), "value")), 1000)};
	out->value = str_cut(str_cut(json_get_str(view, "private_metadata"), ' ', &out->channel), ' ', &out->ts);
	return json_is(view, JSON_OBJECT) && button_of(out->action_id) != NULL;
}

/* ---- pressing ---- */

static bool refuse(struct pressed *out, const char *error)
{
	out->error = error;
	return true;
}

static bool value_stands_in(struct work *w, const struct message *m, struct str value)
{
	return str_find(m->body, arena_printf(w->arena, "\"value\":\"" STR_FMT "\"", STR_ARG(value)), NULL);
}

static bool is_ours(struct work *w, const struct message *m, struct str value)
{
	int64_t id;

	return m->bot_id == w->engine->bot_id && str_to_int(value, &id);
}

static bool run(struct work *w, const struct caller *who, const struct channel *c, const struct message *m, const char *via, struct str line, struct pressed *out)
{
	struct caller caller = *who;
	struct command_result r;

	caller.via = via;
	caller.kind = LINE_CANONICAL;
	caller.channel_id = c->id;
	caller.thread_ts = m->thread_ts;
	if (!command_run(w, &caller, line, &r))
		return false;
	if (!r.ok || (str_is(str_of(via), "plugin button") && !r.told))
		say_to(w, c, who->user->id, r.text, m->thread_ts);
	if (r.ok)
		return true;
	out->detail = arena_dup(w->arena, str_of(r.err.text));
	return refuse(out, r.err.code == ERR_FORBIDDEN ? "not_allowed" : r.err.code == ERR_CONFLICT ? "already_done" : "action_failed");
}

bool press_button(struct work *w, const struct caller *caller, const struct channel *c, const struct message *m, struct str action_id, struct str value, struct str said,
		  struct pressed *out)
{
	bool of_program = str_starts(action_id, S(PROGRAM_PREFIX)), stands;
	const struct button *button = button_of(action_id);
	struct str line;

	*out = (struct pressed){0};
	if (!button && !of_program)
		return refuse(out, "unknown_action");
	stands = value_stands_in(w, m, value);
	if (!is_ours(w, m, value) || (!stands && !(button && button->late)))
		return refuse(out, "invalid_action");
	if (of_program) {
		line = program_line(w, action_id, value);
		return line.n ? run(w, caller, c, m, "plugin button", line, out) : refuse(out, "unknown_action");
	}
	if (button->asks && !said.n && stands) {
		out->view = dialog(w, button, c, m, value);
		return true;
	}
	return run(w, caller, c, m, "button", button_line(w->arena, button, value, said), out);
}
