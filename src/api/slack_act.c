#include "api/slack_act.h"

#include "api/apps.h"
#include "engine/app_send.h"
#include "engine/slack_json.h"
#include "net/form.h"
#include "store/apps.h"
#include "store/chat.h"

#include <inttypes.h>

/* ---- signed words: triggers and response_urls ---- */

/* NUMBERS-RANDOM-MAC */
static struct str sign(struct work *w, const char *what, int64_t app_id, struct str said)
{
	uint8_t mac[32];

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "%s:%" PRId64 ":" STR_FMT, what, app_id, STR_ARG(said)), mac);
	return crypt_hex(w->arena, mac, 16);
}

static struct str signed_word(struct work *w, const char *what, int64_t app_id, struct str numbers)
{
	struct str said = arena_printf(w->arena, STR_FMT "-" STR_FMT, STR_ARG(numbers), STR_ARG(crypt_word(w->arena, 10)));

	return arena_printf(w->arena, STR_FMT "-" STR_FMT, STR_ARG(said), STR_ARG(sign(w, what, app_id, said)));
}

static bool signed_ok(struct work *w, const char *what, int64_t app_id, struct str text)
{
	struct str numbers, word, mac = str_cut(str_cut(text, '-', &numbers), '-', &word);

	return mac.n && mac.n < text.n && str_eq_secret(mac, sign(w, what, app_id, str_n(text.p, text.n - mac.n - 1)));
}

/* The numbers at its beginning, with dots; false: it has not so many. */
static bool numbers_of(struct str text, int64_t *out, size_t count)
{
	struct str head, one;

	str_cut(text, '-', &head);
	for (size_t i = 0; i < count; i++) {
		head = str_cut(head, '.', &one);
		if (!str_to_int(one, &out[i]))
			return false;
	}
	return head.n == 0;
}

struct str trigger_new(struct work *w, int64_t app_id, int64_t user_id, int64_t view_id)
{
	return signed_word(w, "trigger", app_id, arena_printf(w->arena, "%" PRId64 ".%" PRId64 ".%" PRId64, w->now, user_id, view_id));
}

bool trigger_take(struct work *w, int64_t app_id, struct str text, struct trigger *out, const char **error, struct err *err)
{
	int64_t n[3];

	*error = "invalid_trigger_id";
	if (!signed_ok(w, "trigger", app_id, text) || !numbers_of(text, n, COUNT_OF(n)))
		return false;
	*error = "expired_trigger_id";
	if (w->now - n[0] > TRIGGER_LIFE)
		return false;
	*error = "exchanged_trigger_id";
	*out = (struct trigger){.user_id = n[1], .view_id = n[2]};
	return app_word_use(w, text, MINUTE, err);
}

bool act_word_read(struct work *w, const char *what, struct str text, int64_t *numbers, size_t count)
{
	return numbers_of(text, numbers, count) && signed_ok(w, what, numbers[0], text);
}

static struct str response_url(struct work *w, int64_t app_id, const struct channel *ch, int64_t user_id, int64_t message_ts, int64_t thread_ts)
{
	struct str numbers = arena_printf(w->arena, "%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64, app_id, ch->id, user_id, message_ts, thread_ts, w->now);

	return arena_printf(w->arena, STR_FMT "/actions/" STR_FMT "/" STR_FMT, STR_ARG(w->engine->config.public_url), STR_ARG(id_write(w->arena, 'T', w->engine->workspace_id)),
			    STR_ARG(signed_word(w, "response", app_id, numbers)));
}

/* ---- to the app and back ---- */

struct doing {
	struct app app;
	struct app_order order;
	struct channel channel;
	int64_t message_ts, thread_ts;
	struct app_view view;
	enum app_answer answer;
	struct str text;
	void (*after)(struct slack_call *c, struct doing *d); /* NULL: to be taken is all */
};

static void after(struct exchange *x)
{
	struct slack_call c = {.x = x, .w = &x->work, .args = x->slack_args, .me = x->user.id, .out = slack_answer(x, true)};
	struct doing *d = x->context;

	x->needed = SCOPE_WRITE;
	if (d->answer != APP_TOOK) {
		slack_error(&c, d->answer == APP_ABSENT ? "app_unreachable" : "operation_timeout");
		json_add_str(&c.out, "detail", arena_printf(x_arena(x), d->answer == APP_ABSENT ? "the app " STR_FMT " is not connected" : "the app " STR_FMT " did not answer within 3 seconds", STR_ARG(d->app.name)));
	} else if (d->after) {
		d->after(&c, d);
	}
	if (!x->err.code)
		json_close(&c.out, '}');
}

static void on_answer(void *context, const struct app_result *r)
{
	struct exchange *x = context;
	struct doing *d = x->context;

	d->answer = r->answer;
	d->text = arena_dup(x_arena(x), r->text);
	x_go_on(x, after);
}

static void hand_over(struct exchange *x)
{
	const struct doing *d = x->context;

	app_send(x->api->engine, &d->order, on_answer, x);
}

static void go(struct slack_call *c, struct doing *d)
{
	c->x->context = d;
	c->x->finish = hand_over;
}

static struct doing *doing_new(struct slack_call *c, const struct app *app, const char *type)
{
	struct doing *d = arena_zero(c->w->arena, sizeof *d);

	d->app = *app;
	d->order = (struct app_order){.app_id = app->id, .type = type, .wants_answer = true, .secret = app_signing_secret(c->w, app->id), .token = app_verification_token(c->w, app->id)};
	return d;
}

/* What a token that may only look cannot do. */
static bool may_act(struct slack_call *c)
{
	if (c->x->app_id || c->x->caller.scope >= SCOPE_WRITE)
		return true;
	slack_error(c, "missing_scope");
	json_add_str(&c->out, "needed", S("chat:write"));
	return false;
}

/* ---- what payloads have in common ---- */

struct payload {
	struct buf buf;
	struct json_out o;
};

static void payload_begin(struct slack_call *c, struct payload *p, const struct app *app, const char *type, int64_t view_id)
{
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;
	struct str team = id_write(a, 'T', e->workspace_id);

	buf_init(&p->buf, 2 * MIB);
	p->o = json_out(&p->buf);
	json_open(&p->o, '{');
	json_add_str(&p->o, "type", str_of(type));
	json_key(&p->o, "team");
	json_open(&p->o, '{');
	json_add_str(&p->o, "id", team);
	json_add_str(&p->o, "domain", e->workspace_name);
	json_close(&p->o, '}');
	json_key(&p->o, "user");
	json_open(&p->o, '{');
	json_add_str(&p->o, "id", id_write(a, 'U', c->me));
	json_add_str(&p->o, "username", c->x->user.name);
	json_add_str(&p->o, "name", c->x->user.name);
	json_add_str(&p->o, "team_id", team);
	json_close(&p->o, '}');
	json_add_str(&p->o, "api_app_id", id_write(a, 'A', app->id));
	json_add_str(&p->o, "token", app_verification_token(c->w, app->id));
	json_add_str(&p->o, "trigger_id", trigger_new(c->w, app->id, c->me, view_id));
	json_add_bool(&p->o, "is_enterprise_install", false);
	json_key(&p->o, "enterprise");
	json_put_null(&p->o);
}

static void payload_end(struct slack_call *c, struct payload *p, struct doing *d, bool options)
{
	struct app_manifest m = app_manifest_of(c->w->arena, &d->app);

	json_close(&p->o, '}');
	d->order.payload = buf_keep(c->w->arena, &p->buf);
	d->order.form = arena_printf(c->w->arena, "payload=" STR_FMT, STR_ARG(percent_encode(c->w->arena, d->order.payload)));
	d->order.url = m.socket_mode ? S("") : options ? m.options_url : m.actions_url;
	go(c, d);
}

static void put_channel(struct slack_call *c, struct json_out *o, const struct channel *ch)
{
	json_key(o, "channel");
	json_open(o, '{');
	json_add_str(o, "id", channel_id_text(c->w->arena, ch));
	json_add_str(o, "name", ch->kind == CHANNEL_DM ? S("directmessage") : ch->name);
	json_close(o, '}');
}

static void put_message_container(struct slack_call *c, struct json_out *o, const struct channel *ch, const struct message *m, bool ephemeral)
{
	struct arena *a = c->w->arena;

	json_key(o, "container");
	json_open(o, '{');
	json_add_str(o, "type", S("message"));
	json_add_str(o, "message_ts", ts_text(a, m->ts));
	json_add_str(o, "channel_id", channel_id_text(a, ch));
	json_add_bool(o, "is_ephemeral", ephemeral);
	if (m->thread_ts)
		json_add_str(o, "thread_ts", ts_text(a, m->thread_ts));
	json_close(o, '}');
}

static void put_message(struct slack_call *c, struct json_out *o, const struct message *m)
{
	json_key(o, "message");
	write_message_object(c->w, o, m);
}

/* ---- what an app answers ---- */

static const struct json *plain(struct arena *a, struct str text)
{
	struct err ignored = {0};
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "text", str_clip(text, 40000));
	json_close(&o, '}');
	return json_parse(a, buf_keep(a, &b), JSON_STRICT, &ignored);
}

/* Plain text, or JSON {response_type, text, blocks}; nothing: it was heard, and that is all. */
static void after_command(struct slack_call *c, struct doing *d)
{
	struct err err = {0}, ignored = {0};
	struct str text = str_trim(d->text);
	const struct json *said = text.n && text.p[0] == '{' ? json_parse(c->w->arena, text, JSON_LAST_KEY_WINS, &ignored) : NULL;
	const char *error = NULL;
	bool for_all;

	if (!text.n)
		return;
	if (!said)
		said = plain(c->w->arena, text);
	for_all = str_is(json_get_str(said, "response_type"), "in_channel");
	if (!response_say(c->w, &(struct response){.app = d->app, .channel = d->channel, .user_id = c->me, .thread_ts = d->thread_ts}, said, for_all, &error, &err) && err.code) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "response");
	json_open(&c->out, '{');
	json_add_str(&c->out, "response_type", for_all ? S("in_channel") : S("ephemeral"));
	json_add_str(&c->out, "text", json_get_str(said, "text"));
	json_close(&c->out, '}');
}

/* ---- commands ---- */

static void put_field(struct buf *form, struct json_out *o, struct arena *a, const char *name, struct str value)
{
	buf_printf(form, "%s%s=" STR_FMT, form->n ? "&" : "", name, STR_ARG(percent_encode(a, value)));
	json_add_str(o, name, value);
}

void act_command(struct slack_call *c, const struct app *app, const struct channel *ch, int64_t thread_ts, struct str command, struct str text)
{
	struct doing *d = doing_new(c, app, "slash_commands");
	struct app_manifest m = app_manifest_of(c->w->arena, app);
	const struct app_command *known = app_command_find(&m, command);
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;
	struct buf form, json;
	struct json_out o;

	if (!may_act(c))
		return;
	buf_init(&form, 1 * MIB);
	buf_init(&json, 1 * MIB);
	o = json_out(&json);
	json_open(&o, '{');
	put_field(&form, &o, a, "token", app_verification_token(c->w, app->id));
	put_field(&form, &o, a, "team_id", id_write(a, 'T', e->workspace_id));
	put_field(&form, &o, a, "team_domain", e->workspace_name);
	put_field(&form, &o, a, "channel_id", channel_id_text(a, ch));
	put_field(&form, &o, a, "channel_name", ch->kind == CHANNEL_DM ? S("directmessage") : ch->name);
	put_field(&form, &o, a, "user_id", id_write(a, 'U', c->me));
	put_field(&form, &o, a, "user_name", c->x->user.name);
	put_field(&form, &o, a, "command", command);
	put_field(&form, &o, a, "text", text);
	put_field(&form, &o, a, "api_app_id", id_write(a, 'A', app->id));
	put_field(&form, &o, a, "is_enterprise_install", S("false"));
	put_field(&form, &o, a, "response_url", response_url(c->w, app->id, ch, c->me, 0, thread_ts));
	put_field(&form, &o, a, "trigger_id", trigger_new(c->w, app->id, c->me, 0));
	json_close(&o, '}');
	d->order.form = buf_keep(a, &form);
	d->order.payload = buf_keep(a, &json);
	d->order.url = m.socket_mode || !known ? S("") : known->url;
	d->channel = *ch;
	d->thread_ts = thread_ts;
	d->after = after_command;
	go(c, d);
}

/* ---- buttons and menus ---- */

static const struct json *element_in(const struct json *block, struct str action_id)
{
	const struct json *elements = json_get(block, "elements"), *one[] = {json_get(block, "accessory"), json_get(block, "element")};

	for (size_t i = 0; i < COUNT_OF(one); i++)
		if (one[i] && str_eq(json_get_str(one[i], "action_id"), action_id))
			return one[i];
	for (const struct json *e = json_is(elements, JSON_ARRAY) ? elements->child : NULL; e; e = e->next)
		if (str_eq(json_get_str(e, "action_id"), action_id))
			return e;
	return NULL;
}

/* What the client says that was pressed must stand there. block_id "": the first that has it. */
static const struct json *find_element(const struct json *body, struct str block_id, struct str action_id, const struct json **block)
{
	const struct json *lists[2] = {json_get(body, "blocks"), json_get(body, "attachments")};
	const struct json *e;

	for (const struct json *b = json_is(lists[0], JSON_ARRAY) ? lists[0]->child : NULL; b; b = b->next)
		if ((!block_id.n || str_eq(json_get_str(b, "block_id"), block_id)) && (e = element_in(b, action_id))) {
			*block = b;
			return e;
		}
	for (const struct json *at = json_is(lists[1], JSON_ARRAY) ? lists[1]->child : NULL; at; at = at->next)
		if (json_get(at, "blocks") && (e = find_element(at, block_id, action_id, block)))
			return e;
	return NULL;
}

static void put_action(struct slack_call *c, struct json_out *o, const struct json *block, const struct json *element, const struct json *said)
{
	static const char *const stored[] = {"text", "style", "placeholder"};
	struct str type = json_get_str(element, "type");
	bool button = str_is(type, "button");

	json_open(o, '{');
	json_add_str(o, "type", type);
	json_add_str(o, "action_id", json_get_str(element, "action_id"));
	json_add_str(o, "block_id", json_get_str(block, "block_id"));
	for (size_t i = 0; i < COUNT_OF(stored); i++)
		if (json_get(element, stored[i])) {
			json_key(o, stored[i]);
			json_put(o, json_get(element, stored[i]));
		}
	if (button && json_get(element, "value"))
		json_add_str(o, "value", json_get_str(element, "value"));
	for (const struct json *v = button ? NULL : said->child; v; v = v->next)
		if (str_starts(v->key, S("selected_")) || str_is(v->key, "value")) {
			json_key_str(o, v->key);
			json_put(o, v);
		}
	json_add_str(o, "action_ts", ts_text(c->w->arena, c->w->now * 1000));
	json_close(o, '}');
}

static bool put_actions(struct slack_call *c, struct json_out *o, struct str body, const struct json *actions)
{
	struct err ignored = {0};
	const struct json *tree = json_parse(c->w->arena, body, JSON_LAST_KEY_WINS, &ignored), *block;

	json_key(o, "actions");
	json_open(o, '[');
	for (const struct json *a = actions->child; a; a = a->next) {
		const struct json *element = find_element(tree, json_get_str(a, "block_id"), json_get_str(a, "action_id"), &block);

		if (!element || !json_get_str(a, "action_id").n)
			return false;
		put_action(c, o, block, element, a);
	}
	json_close(o, ']');
	return true;
}

static void put_state(struct slack_call *c, struct json_out *o)
{
	const struct json *values = json_get(arg_json(c, "state"), "values");

	json_key(o, "state");
	json_open(o, '{');
	json_key(o, "values");
	if (json_is(values, JSON_OBJECT))
		json_put(o, values);
	else
		json_put_raw(o, S("{}"));
	json_close(o, '}');
}

/* ---- buttons and menus of attachments, the old way (interactive_message) ---- */

/* Is this among what a menu offers? What the app or the workspace knows is not written in the message. */
static bool offers(const struct json *options, struct str value)
{
	for (const struct json *o = json_is(options, JSON_ARRAY) ? options->child : NULL; o; o = o->next)
		if (str_eq(json_get_str(o, "value"), value) || offers(json_get(o, "options"), value))
			return true;
	return false;
}

static struct str chosen(const struct json *said)
{
	const struct json *list = json_get(said, "selected_options");

	return list && list->child ? json_get_str(list->child, "value") : json_get_str(json_get(said, "selected_option"), "value");
}

static bool is_pressed(const struct json *action, const struct json *said, struct str name)
{
	struct str value = chosen(said), source = json_get_str(action, "data_source");

	if (!str_eq(json_get_str(action, "name"), name))
		return false;
	if (!str_is(json_get_str(action, "type"), "select"))
		return str_eq(json_get_str(action, "value"), json_get_str(said, "value"));
	return value.n && ((source.n && !str_is(source, "static")) || offers(json_get(action, "options"), value) || offers(json_get(action, "option_groups"), value));
}

static const struct json *find_attachment(const struct json *body, const struct json *said, const struct json **action)
{
	const struct json *list = json_get(body, "attachments"), *actions;
	struct str name = json_get_str(said, "name").n ? json_get_str(said, "name") : json_get_str(said, "action_id");
	int64_t id = json_get_int(said, "attachment_id", 0);

	for (const struct json *at = json_is(list, JSON_ARRAY) ? list->child : NULL; at; at = at->next) {
		actions = json_get(at, "actions");
		if (!json_get_str(at, "callback_id").n || (id && json_get_int(at, "id", 0) != id))
			continue;
		for (*action = json_is(actions, JSON_ARRAY) ? actions->child : NULL; *action; *action = (*action)->next)
			if (is_pressed(*action, said, name))
				return at;
	}
	return NULL;
}

static void put_attachment_action(struct json_out *o, const struct json *action, const struct json *said)
{
	bool menu = str_is(json_get_str(action, "type"), "select");

	json_key(o, "actions");
	json_open(o, '[');
	json_open(o, '{');
	json_add_str(o, "name", json_get_str(action, "name"));
	json_add_str(o, "type", menu ? S("select") : S("button"));
	if (!menu)
		json_add_str(o, "value", json_get_str(action, "value"));
	if (menu) {
		json_key(o, "selected_options");
		json_open(o, '[');
		json_open(o, '{');
		json_add_str(o, "value", chosen(said));
		json_close(o, '}');
		json_close(o, ']');
	}
	json_close(o, '}');
	json_close(o, ']');
}

/* What the app answers takes the message's place, unless it says otherwise. */
static void after_attachment(struct slack_call *c, struct doing *d)
{
	struct response r = {.app = d->app, .channel = d->channel, .user_id = c->me, .message_ts = d->message_ts, .thread_ts = d->thread_ts};
	struct err err = {0}, ignored = {0};
	struct str text = str_trim(d->text);
	const struct json *said = !text.n ? NULL : text.p[0] == '{' ? json_parse(c->w->arena, text, JSON_LAST_KEY_WINS, &ignored) : plain(c->w->arena, text);
	const char *error = NULL;

	if (!json_is(said, JSON_OBJECT) || !said->count)
		return;
	if (!respond(c->w, &r, said, !str_is(json_get_str(said, "response_type"), "ephemeral"), &error, &err) && err.code)
		slack_failed(c, &err);
}

/* false: it is no such button. */
static bool act_on_attachment(struct slack_call *c, struct doing *d, const struct channel *ch, const struct message *m, bool ephemeral, const struct json *said)
{
	struct err ignored = {0};
	const struct json *tree = json_parse(c->w->arena, m->body, JSON_LAST_KEY_WINS, &ignored), *action, *attachment = find_attachment(tree, said, &action);
	struct payload p;

	if (!attachment)
		return false;
	payload_begin(c, &p, &d->app, "interactive_message", 0);
	put_attachment_action(&p.o, action, said);
	json_add_str(&p.o, "callback_id", json_get_str(attachment, "callback_id"));
	put_channel(c, &p.o, ch);
	json_add_str(&p.o, "action_ts", ts_text(c->w->arena, c->w->now * 1000));
	json_add_str(&p.o, "message_ts", ts_text(c->w->arena, m->ts));
	json_add_str(&p.o, "attachment_id", arena_printf(c->w->arena, "%" PRId64, json_get_int(attachment, "id", 1)));
	json_add_bool(&p.o, "is_app_unfurl", false);
	if (!ephemeral) {
		json_key(&p.o, "original_message");
		write_message_object(c->w, &p.o, m);
	}
	json_add_str(&p.o, "response_url", response_url(c->w, d->app.id, ch, c->me, m->ts, m->thread_ts));
	d->channel = *ch;
	d->message_ts = m->ts;
	d->thread_ts = m->thread_ts;
	d->after = after_attachment;
	payload_end(c, &p, d, false);
	return true;
}

/* The app of a bot, or of a webhook. */
static bool app_of(struct slack_call *c, int64_t bot_id, struct app *app)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	struct webhook hook;

	if (store_app_find(e->db, c->w->arena, e->workspace_id, bot_id, app, &err) ||
	    (store_webhook_find(e->db, c->w->arena, e->workspace_id, bot_id, &hook, &err) && hook.app_id && store_app_find(e->db, c->w->arena, e->workspace_id, hook.app_id, app, &err)))
		return may_act(c);
	slack_error(c, "unknown_action");
	return false;
}

bool act_find_ephemeral(struct slack_call *c, const struct json *container, struct channel *ch, struct message *m)
{
	struct err ignored = {0};
	int64_t ts;

	return chat_channel(c->w, c->me, json_get_str(container, "channel_id"), ch, &ignored) && ts_parse(json_get_str(container, "message_ts"), &ts) &&
	       store_ephemeral_find(c->w->engine->db, c->w->arena, ch->id, c->me, ts, m, &ignored);
}

static void put_message_of(struct slack_call *c, struct json_out *o, const struct channel *ch, const struct message *m, bool ephemeral)
{
	put_message_container(c, o, ch, m, ephemeral);
	put_channel(c, o, ch);
	if (!ephemeral)
		put_message(c, o, m);
}

void act_on_message(struct slack_call *c, const struct channel *ch, const struct message *m, bool ephemeral, const struct json *actions)
{
	struct payload p;
	struct doing *d;
	struct app app;

	if (!app_of(c, m->bot_id, &app))
		return;
	d = doing_new(c, &app, "interactive");
	if (actions->child && act_on_attachment(c, d, ch, m, ephemeral, actions->child))
		return;
	payload_begin(c, &p, &app, "block_actions", 0);
	put_message_of(c, &p.o, ch, m, ephemeral);
	put_state(c, &p.o);
	json_add_str(&p.o, "response_url", response_url(c->w, app.id, ch, c->me, m->ts, m->thread_ts));
	if (!put_actions(c, &p.o, m->body, actions)) {
		buf_done(&p.buf);
		slack_error(c, "invalid_action");
		return;
	}
	payload_end(c, &p, d, false);
}

/* ---- dialogs ---- */

/* A view of an app that was shown to who asks. */
static bool my_view(struct slack_call *c, struct str text, struct app_view *v, struct app *app)
{
	struct engine *e = c->w->engine;
	struct err err = {0};
	int64_t id;

	if (!id_parse(text, "V", &id) || !store_view_find(e->db, c->w->arena, e->workspace_id, id, v, &err) || v->user_id != c->me) {
		slack_error(c, "view_not_found");
		return false;
	}
	return app_of(c, v->app_id, app);
}

void act_on_view(struct slack_call *c, struct str view_id, const struct json *actions)
{
	struct app_view v;
	struct payload p;
	struct doing *d;
	struct app app;

	if (!my_view(c, view_id, &v, &app))
		return;
	d = doing_new(c, &app, "interactive");
	payload_begin(c, &p, &app, "block_actions", v.id);
	json_key(&p.o, "container");
	json_open(&p.o, '{');
	json_add_str(&p.o, "type", S("view"));
	json_add_str(&p.o, "view_id", id_write(c->w->arena, 'V', v.id));
	json_close(&p.o, '}');
	json_key(&p.o, "view");
	view_write(c->w, &p.o, &v, arg_json(c, "state"));
	if (!put_actions(c, &p.o, v.body, actions)) {
		buf_done(&p.buf);
		slack_error(c, "invalid_action");
		return;
	}
	payload_end(c, &p, d, false);
}

static void put_next_view(struct slack_call *c, const struct app_view *v)
{
	json_key(&c->out, "view");
	view_write(c->w, &c->out, v, NULL);
}

/* errors, update, push, clear; nothing: the view closes. */
static void after_submit(struct slack_call *c, struct doing *d)
{
	struct db *db = c->w->engine->db;
	struct err err = {0}, ignored = {0};
	const struct json *said = d->text.n ? json_parse(c->w->arena, d->text, JSON_LAST_KEY_WINS, &ignored) : NULL;
	struct str action = json_get_str(said, "response_action");
	struct app_view *v = &d->view, next = d->view;
	bool ok = true;

	if (str_is(action, "errors")) {
		json_add_str(&c->out, "response_action", action);
		json_key(&c->out, "errors");
		if (json_is(json_get(said, "errors"), JSON_OBJECT))
			json_put(&c->out, json_get(said, "errors"));
		else
			json_put_raw(&c->out, S("{}"));
	} else if (str_is(action, "update") || str_is(action, "push")) {
		bool push = str_is(action, "push");

		if (push) {
			next.id = engine_id(c->w);
			next.previous_id = v->id;
		}
		if (!view_read(c, json_get(said, "view"), &next))
			return;
		ok = push ? store_view_add(db, &next, &err) : store_view_set(db, &next, &err);
		json_add_str(&c->out, "response_action", action);
		put_next_view(c, &next);
	} else {
		ok = store_view_drop(db, v, str_is(action, "clear"), &err);
		json_add_str(&c->out, "response_action", str_is(action, "clear") ? action : S("close"));
	}
	if (!ok)
		slack_failed(c, &err);
}

void act_submit(struct slack_call *c, struct str view_id, const struct json *state)
{
	struct app_view v;
	struct payload p;
	struct doing *d;
	struct app app;

	if (!my_view(c, view_id, &v, &app))
		return;
	d = doing_new(c, &app, "interactive");
	d->view = v;
	d->after = after_submit;
	payload_begin(c, &p, &app, "view_submission", v.id);
	json_key(&p.o, "view");
	view_write(c->w, &p.o, &v, state);
	json_add_raw(&p.o, "response_urls", S("[]"));
	payload_end(c, &p, d, false);
}

/* A person closes one without sending it; the app hears of it if it asked to. */
void slack_views_close(struct slack_call *c)
{
	bool clear = arg_bool(c, "is_cleared", false);
	struct err err = {0};
	const struct json *body;
	struct app_view v;
	struct payload p;
	struct app app;

	if (!my_view(c, arg(c, "view_id"), &v, &app))
		return;
	if (!store_view_drop(c->w->engine->db, &v, clear, &err)) {
		slack_failed(c, &err);
		return;
	}
	body = json_parse(c->w->arena, v.body, JSON_LAST_KEY_WINS, &err);
	if (!json_get_bool(body, "notify_on_close", false))
		return;
	payload_begin(c, &p, &app, "view_closed", v.id);
	json_key(&p.o, "view");
	view_write(c->w, &p.o, &v, NULL);
	json_add_bool(&p.o, "is_cleared", clear);
	payload_end(c, &p, doing_new(c, &app, "interactive"), false);
}

/* ---- shortcuts, and menus that ask for their options ---- */

void slack_shortcuts_run(struct slack_call *c)
{
	const struct app_shortcut *s;
	struct app_manifest m;
	struct err err = {0};
	struct message about;
	struct channel ch;
	struct payload p;
	struct app app;

	if (!app_by_ref(c->w, arg(c, "app"), &app, &err)) {
		slack_error(c, "app_not_found");
		return;
	}
	m = app_manifest_of(c->w->arena, &app);
	if (!(s = app_shortcut_find(&m, arg(c, "callback_id")))) {
		slack_error(c, "shortcut_not_found");
		return;
	}
	if (!may_act(c) || (s->of_message && (!arg_channel(c, "channel", false, &ch) || !arg_message(c, &ch, "message_ts", "message_not_found", &about))))
		return;
	payload_begin(c, &p, &app, s->of_message ? "message_action" : "shortcut", 0);
	json_add_str(&p.o, "callback_id", s->callback_id);
	json_add_str(&p.o, "action_ts", ts_text(c->w->arena, c->w->now * 1000));
	if (s->of_message) {
		put_channel(c, &p.o, &ch);
		put_message(c, &p.o, &about);
		json_add_str(&p.o, "message_ts", ts_text(c->w->arena, about.ts));
		json_add_str(&p.o, "response_url", response_url(c->w, app.id, &ch, c->me, 0, about.thread_ts));
	}
	payload_end(c, &p, doing_new(c, &app, "interactive"), false);
}

static void after_suggestion(struct slack_call *c, struct doing *d)
{
	static const char *const keys[] = {"options", "option_groups"};
	struct err ignored = {0};
	const struct json *said = d->text.n ? json_parse(c->w->arena, d->text, JSON_LAST_KEY_WINS, &ignored) : NULL;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (json_is(json_get(said, keys[i]), JSON_ARRAY) && json_get(said, keys[i])->count <= 100) {
			json_key(&c->out, keys[i]);
			json_put(&c->out, json_get(said, keys[i]));
		}
}

void slack_blocks_suggestions(struct slack_call *c)
{
	const struct json *container = arg_json(c, "container"), *tree, *element, *block;
	bool of_view = str_is(json_get_str(container, "type"), "view"), ephemeral = false;
	struct err err = {0};
	struct channel ch;
	struct message m;
	struct app_view v;
	struct payload p;
	struct doing *d;
	struct app app;
	int64_t ts;

	if (of_view) {
		if (!my_view(c, json_get_str(container, "view_id"), &v, &app))
			return;
	} else if (json_get_bool(container, "is_ephemeral", false) && act_find_ephemeral(c, container, &ch, &m)) {
		ephemeral = true;
		if (!app_of(c, m.bot_id, &app))
			return;
	} else if (!chat_channel(c->w, c->me, json_get_str(container, "channel_id"), &ch, &err) || !ts_parse(json_get_str(container, "message_ts"), &ts) ||
		   !store_message_find(c->w->engine->db, c->w->arena, ch.id, ts, &m, &err) || m.deleted) {
		slack_error(c, "message_not_found");
		return;
	} else if (!app_of(c, m.bot_id, &app)) {
		return;
	}
	err_clear(&err);
	tree = json_parse(c->w->arena, of_view ? v.body : m.body, JSON_LAST_KEY_WINS, &err);
	if (!arg(c, "action_id").n || !(element = find_element(tree, arg(c, "block_id"), arg(c, "action_id"), &block))) {
		slack_error(c, "invalid_action");
		return;
	}
	d = doing_new(c, &app, "interactive");
	d->after = after_suggestion;
	payload_begin(c, &p, &app, "block_suggestion", of_view ? v.id : 0);
	json_add_str(&p.o, "action_id", json_get_str(element, "action_id"));
	json_add_str(&p.o, "block_id", json_get_str(block, "block_id"));
	json_add_str(&p.o, "value", str_clip(arg(c, "value"), 1000));
	if (of_view) {
		json_key(&p.o, "view");
		view_write(c->w, &p.o, &v, arg_json(c, "state"));
	} else {
		put_message_of(c, &p.o, &ch, &m, ephemeral);
	}
	payload_end(c, &p, d, true);
}
