/* What is called at POST /chats/NAME/: buttons, dialogs, the slash command. */
#include "chat/mattermost_parts.h"

#include "net/form.h"

/* A call until it is answered. */
struct mm_held {
	struct mm_held *next, **before;
	struct mattermost *m;
	struct chat_call *call;    /* NULL: answered */
	struct heard heard;
	struct str user_id, name;  /* who did it, and what they are called if the call says so */
	struct arena arena;
};

static void held_answer(struct mm_held *h, int status, struct str body)
{
	struct chat_call *c = h->call;

	h->call = NULL;
	if (c)
		c->answer(c, status, "application/json", body);
}

static void held_free(struct mm_held *h)
{
	if (h->before) {
		*h->before = h->next;
		if (h->next)
			h->next->before = h->before;
	}
	arena_done(&h->arena);
	mem_free(h);
}

static struct str whisper_json(struct arena *a, enum heard_what what, struct str text)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (what == HEARD_SLASH) {
		json_add_str(&o, "response_type", S("ephemeral"));
		json_add_str(&o, "text", text);
	} else {
		json_add_str(&o, what == HEARD_DIALOG ? "error" : "ephemeral_text", text);
	}
	json_close(&o, '}');
	return buf_keep(a, &b);
}

static void on_held_kept(void *context, bool kept)
{
	struct mm_held *h = context;

	held_answer(h, 200, kept ? S("{}") : whisper_json(&h->arena, h->heard.what, S("opsroom takes nothing in at the moment. Please try again.")));
	held_free(h);
}

static void held_tell(struct mm_held *h)
{
	struct mattermost *m = h->m;
	const struct mm_known_user *u = mm_user_of(m, h->user_id);
	const struct mm_known_channel *c = mm_channel_of(m, h->heard.channel.id);

	h->heard.person = u ? mm_person_of(m, &u->user) : (struct heard_person){.id = h->user_id, .name = h->name.n ? h->name : h->user_id};
	if (c)
		h->heard.channel = mm_heard_channel(&c->channel);
	chat_heard(m->chat, &h->heard, on_held_kept, h);
}

static void on_held_user(void *context, const struct client_answer *answer)
{
	struct mm_held *h = context;
	struct mm_user u;

	if (mm_user_read(&h->arena, mm_body(&h->arena, answer), &u))
		mm_learn_user(h->m, &u);
	held_tell(h);
}

static bool read_press(struct mm_held *h, struct str body, struct err *err)
{
	struct mm_press p;

	if (!mm_press_read(&h->arena, &h->m->key, body, &p, err))
		return false;
	h->heard = (struct heard){.what = HEARD_PRESS, .event = p.trigger, .message = p.post_id, .action = p.action, .value = p.value, .reply = p.trigger};
	h->heard.channel.id = p.channel_id;
	h->user_id = p.user_id;
	h->name = p.user_name;
	return true;
}

static bool read_dialog(struct mm_held *h, struct str body, struct err *err)
{
	struct mm_answer d;

	if (!mm_dialog_read(&h->arena, &h->m->key, body, &d, err))
		return false;
	h->heard = (struct heard){.what = HEARD_DIALOG, .view = d.view};
	h->heard.channel.id = d.channel_id;
	h->user_id = d.user_id;
	return true;
}

/* The form of a custom slash command; its token is its proof. */
static bool read_command(struct mm_held *h, struct str body, struct err *err)
{
	const struct chat_config *config = h->m->chat->config;
	struct form f;
	struct str trigger;

	if (!form_parse(&h->arena, body, &f, err))
		return false;
	if (!config->command_token.n || !str_eq_secret(form_get(&f, "token"), config->command_token)) {
		err_set(err, ERR_FORBIDDEN, "the token is not that of command_token_file");
		return false;
	}
	trigger = form_get(&f, "trigger_id");
	h->heard = (struct heard){.what = HEARD_SLASH, .event = trigger, .text = mm_mrkdwn(&h->arena, str_trim(form_get(&f, "text")), &h->m->names)};
	h->heard.reply = arena_printf(&h->arena, STR_FMT " " STR_FMT, STR_ARG(trigger), STR_ARG(form_get(&f, "response_url")));
	h->heard.channel.id = form_get(&f, "channel_id");
	h->user_id = form_get(&f, "user_id");
	h->name = form_get(&f, "user_name");
	if (mm_id_ok(h->user_id) && mm_id_ok(h->heard.channel.id))
		return true;
	err_set(err, ERR_INVALID, "user or channel is missing");
	return false;
}

void mm_call(void *self, struct chat_call *c)
{
	struct mattermost *m = self;
	struct mm_held *h = mem_new(sizeof *h);
	struct err err = {0};
	bool ok;

	arena_init(&h->arena);
	h->m = m;
	h->call = c;
	if (str_is(c->rest, "actions"))
		ok = read_press(h, arena_dup(&h->arena, c->request->body), &err);
	else if (str_is(c->rest, "dialog"))
		ok = read_dialog(h, arena_dup(&h->arena, c->request->body), &err);
	else if (str_is(c->rest, "command"))
		ok = read_command(h, arena_dup(&h->arena, c->request->body), &err);
	else
		ok = (err_set(&err, ERR_NOT_FOUND, "Mattermost calls actions, dialog and command"), false);
	if (!ok || m->refused) {
		struct str why = arena_dup(&h->arena, ok ? S("the bot's token is not valid") : str_of(err.text));

		held_answer(h, ok ? 503 : err_info(err.code)->http_status, why);
		held_free(h);
		return;
	}
	h->next = m->held;
	h->before = &m->held;
	if (h->next)
		h->next->before = &h->next;
	m->held = h;
	if (mm_user_of(m, h->user_id))
		held_tell(h);
	else
		mm_ask(m, "GET", arena_printf(&h->arena, "users/" STR_FMT, STR_ARG(h->user_id)), S(""), 2 * SECOND, on_held_user, h);
}

/* From here on chat_heard() answers nothing any more. */
void mm_calls_end(struct mattermost *m)
{
	while (m->held) {
		http_client_cancel(m->http, m->held);
		held_answer(m->held, 503, whisper_json(&m->held->arena, m->held->heard.what, S("opsroom is being stopped.")));
		held_free(m->held);
	}
}
