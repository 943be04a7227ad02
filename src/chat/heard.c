#include "chat/heard.h"

#include "base/log.h"
#include "commands/press.h"
#include "commands/say.h"
#include "engine/links.h"
#include "engine/messages.h"
#include "engine/people.h"
#include "engine/slack_json.h"
#include "ops/choices.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>

#define TEXT_MAX 40000
#define NAME_TRIES 50

struct heard_item {
	struct work work;
	struct arena arena;
	struct heard_item *next, **before; /* of the chat's; before NULL: it is not in its list any more */
	const struct chat_config *config;  /* copied: a reload may free the chats file meanwhile */
	struct chat_config copy;
	unsigned can;
	struct heard h;
	struct asked asked;
	struct user who;                   /* work thread: who it was, if known[...] */
	bool is_known;                     /* ... by an account here */
	void (*done)(void *context, bool kept);
	void *context;
};

/* ---- people ---- */

/* "Alice Smith" -> "alice.smith" */
static struct str plain_name(struct arena *a, struct str s)
{
	struct buf b;

	buf_init(&b, 64);
	for (size_t i = 0; i < s.n && b.n < 40; i++) {
		char c = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';

		if (ok || (c == ' ' && b.n))
			buf_char(&b, ok ? c : '.');
	}
	if (!b.n)
		buf_add(&b, S("somebody"));
	return buf_keep(a, &b);
}

/* The first of alice, alice-slack, alice-slack2 ... that nobody has. */
static bool free_name(struct work *w, const struct chat_config *config, struct str wanted, struct str *out)
{
	struct engine *e = w->engine;
	struct err err = {0};
	int64_t id;

	*out = plain_name(w->arena, wanted);
	for (int i = 1; i <= NAME_TRIES; i++) {
		if (!store_name_find(e->db, e->workspace_id, "user", *out, &id, &err))
			return err.code == ERR_NONE;
		*out = i == 1 ? arena_printf(w->arena, STR_FMT "-%.15s", STR_ARG(plain_name(w->arena, wanted)), config->name.p)
			      : arena_printf(w->arena, STR_FMT "-%.15s%d", STR_ARG(plain_name(w->arena, wanted)), config->name.p, i);
	}
	return false;
}

static bool make_person(struct work *w, const struct chat_config *config, const struct heard_person *p, struct user *out)
{
	struct err taken = {0};
	int64_t other;

	*out = (struct user){.real_name = p->real_name.n ? p->real_name : p->name, .role = config->role};
	if (p->email.n && config->by_email && !store_name_find(w->engine->db, w->engine->workspace_id, "email", arena_lower(w->arena, p->email), &other, &taken))
		out->email = p->email;
	if (!free_name(w, config, p->name.n ? p->name : p->id, &out->name)) {
		err_set(&w->err, ERR_CONFLICT, "no free name for " STR_FMT, STR_ARG(p->name));
		return false;
	}
	return person_make(w, out, &w->err);
}

/* An account that the chat system vouches for by its e-mail address. */
static bool person_by_email(struct work *w, const struct chat_config *config, const struct heard_person *p, struct user *out)
{
	struct engine *e = w->engine;
	int64_t id;

	return config->by_email && p->email.n && store_name_find(e->db, e->workspace_id, "email", arena_lower(w->arena, p->email), &id, &w->err) &&
	       store_user_find(e->db, w->arena, e->workspace_id, id, out, &w->err) && !out->deleted && !out->bot_id;
}

/* The chats file says who that is. */
static bool person_by_file(struct work *w, const struct chat_config *config, struct user *out)
{
	struct engine *e = w->engine;
	int64_t id;

	if (config->people_count && store_name_find(e->db, e->workspace_id, "user", config->people->here, &id, &w->err) &&
	    store_user_find(e->db, w->arena, e->workspace_id, id, out, &w->err) && !out->deleted && !out->bot_id)
		return true;
	*out = (struct user){0};
	return false;
}

/* Who is somebody else here from now on has another direct message with @srebot: the next thing that is said there makes its link. */
static bool end_direct(struct work *w, const struct chat_config *config, const struct heard_person *p)
{
	const struct chat_link *l = link_by_remote(w, config->name, arena_printf(w->arena, "@" STR_FMT, STR_ARG(p->id)));

	return !l || link_end(w, l, &w->err);
}

/* Who that is here; somebody new who does something (`makes`) gets an account. false: w->err, or nobody: a bot, or one who could be anybody. */
static bool find_person(struct work *w, const struct chat_config *config, const struct heard_person *p, bool makes, struct user *out)
{
	struct engine *e = w->engine;
	struct chat_person known = {config->name, p->id, 0, p->name}, was = {0};

	if (!p->id.n || (p->is_bot && !p->is_self) || p->unproven)
		return false;
	if (p->is_self) {
		known.user_id = e->bot_user_id;
		(void)!store_person_put(e->db, e->workspace_id, &known, &w->err);
		return false;
	}
	if (!store_person_find(e->db, w->arena, e->workspace_id, config->name, p->id, &was, &w->err) && w->err.code)
		return false;
	if (!person_by_file(w, config, out) && !w->err.code && was.user_id) {
		if (!store_user_find(e->db, w->arena, e->workspace_id, was.user_id, out, &w->err) || out->deleted || out->bot_id)
			return false;
		known.user_id = was.user_id;
		return !p->name.n || store_person_put(e->db, e->workspace_id, &known, &w->err);
	}
	if (w->err.code || (!out->id && !person_by_email(w, config, p, out) && (w->err.code || !makes || !make_person(w, config, p, out))))
		return false;
	known.user_id = out->id;
	return store_person_put(e->db, e->workspace_id, &known, &w->err) && (!was.user_id || was.user_id == out->id || end_direct(w, config, p));
}

static struct caller caller_of(const struct heard_item *item, const struct channel *c, int64_t thread_ts, const char *via)
{
	return (struct caller){.user = &item->who, .scope = SCOPE_WRITE, .via = via, .kind = LINE_CHAT, .channel_id = c->id, .thread_ts = thread_ts, .remote = item->config->name};
}

/* ---- channels ---- */

/* What the link of the channel has as its id there: of a direct message, who it is with, so that one can be begun from here too. */
static struct str remote_of(struct work *w, const struct heard_item *item)
{
	return item->h.channel.direct ? arena_printf(w->arena, "@" STR_FMT, STR_ARG(item->h.person.id)) : item->h.channel.id;
}

static bool add_link(struct work *w, const struct heard_item *item, int64_t channel_id)
{
	const struct heard_channel *there = &item->h.channel;
	struct chat_link l = {.chat = item->config->name, .remote = remote_of(w, item), .remote_name = there->direct ? item->h.person.name : there->name, .channel_id = channel_id, .direct = there->direct};

	return link_add(w, &l, &w->err);
}

/* What the file says is here called so; "": it is not to be linked. */
static struct str name_here(const struct chat_config *config, const struct heard_channel *c, bool *named)
{
	*named = false;
	for (size_t i = 0; i < config->channel_count; i++)
		if (str_eq(config->channels[i].there, c->id) || str_eq_nocase(config->channels[i].there, c->name)) {
			*named = true;
			return config->channels[i].here;
		}
	return config->joined ? c->name : S("");
}

/* A channel there of which only some know does not become one here that all can read, nor the other way, unless the file names it. */
static bool find_or_make_channel(struct work *w, const struct heard_channel *there, struct str here, bool named, struct channel *out)
{
	enum channel_kind kind = there->is_private ? CHANNEL_PRIVATE : CHANNEL_PUBLIC;
	struct err why = {0};

	if (chat_channel(w, 0, arena_printf(w->arena, "#" STR_FMT, STR_ARG(here)), out, &why))
		return !out->archived && (named || (out->kind == CHANNEL_PUBLIC && kind == CHANNEL_PUBLIC));
	return why.code == ERR_NOT_FOUND && chat_create_channel(w, w->engine->bot_user_id, plain_name(w->arena, here), kind, out, &w->err);
}

static bool joined(struct work *w, struct heard_item *item)
{
	const struct heard_channel *there = &item->h.channel;
	const struct chat_link *l = link_by_remote(w, item->config->name, there->id);
	struct str here;
	struct channel c;
	bool named;

	if (l)
		return link_renamed(w, l, there->name, &w->err);
	here = name_here(item->config, there, &named);
	if (!here.n || there->direct || !find_or_make_channel(w, there, here, named, &c))
		return w->err.code == ERR_NONE;
	return add_link(w, item, c.id);
}

static bool left(struct work *w, struct heard_item *item)
{
	const struct chat_link *l = link_by_remote(w, item->config->name, item->h.channel.id);
	struct message m = {.user_id = w->engine->bot_user_id, .bot_id = w->engine->bot_id};
	struct channel c;
	bool quiet;

	if (!l || !store_channel_find(w->engine->db, w->arena, l->channel_id, &c, &w->err))
		return w->err.code == ERR_NONE;
	quiet = c.archived || l->direct;
	m.text = arena_printf(w->arena, "This channel is not linked to #" STR_FMT " of " STR_FMT " any more: @srebot is not in it.", STR_ARG(l->remote_name), STR_ARG(l->chat));
	return link_end(w, l, &w->err) && (quiet || chat_post_message(w, &c, &m, &w->err)); /* the link's row is gone */
}

static bool renamed(struct work *w, struct heard_item *item)
{
	const struct chat_link *l = link_by_remote(w, item->config->name, item->h.channel.id);

	return !l || link_renamed(w, l, item->h.channel.name, &w->err);
}

/* A direct message with the bot there is one with @srebot here. */
static bool direct_link(struct work *w, struct heard_item *item, struct channel *c)
{
	bool existed;

	return item->is_known && chat_open_dm(w, w->engine->bot_user_id, item->who.id, c, &existed, &w->err);
}

/* The link of what was heard, and its channel here. false: there is none, or w->err. A link's rows move when one is made: it is copied. */
static bool find_link(struct work *w, struct heard_item *item, struct chat_link *out, struct channel *c)
{
	const struct chat_link *l = link_by_remote(w, item->config->name, remote_of(w, item));

	if (!l && item->h.channel.direct && direct_link(w, item, c) && add_link(w, item, c->id))
		l = link_by_remote(w, item->config->name, remote_of(w, item));
	if (!l || !store_channel_find(w->engine->db, w->arena, l->channel_id, c, &w->err))
		return false;
	*out = *l;
	out->remote = arena_dup(w->arena, l->remote);
	out->chat = arena_dup(w->arena, l->chat);
	item->asked.link_id = l->id;
	return true;
}

/* Who speaks in a channel there is in it: here too. */
static bool take_in(struct work *w, const struct heard_item *item, struct channel *c)
{
	return !item->is_known || chat_is_member(w, c->id, item->who.id) || chat_take_in(w, c, item->who.id, &w->err);
}

/* ---- messages ---- */

/* The message that has this id there. */
static bool find_copy(struct work *w, const struct chat_link *l, struct str remote, struct chat_copy *copy, struct message *m)
{
	return remote.n && store_copy_by_remote(w->engine->db, w->arena, l->id, remote, copy, &w->err) &&
	       store_message_find(w->engine->db, w->arena, l->channel_id, copy->ts, m, &w->err) && !m->deleted;
}

static struct str with_name(struct work *w, struct str name)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "username", str_clip(name, 80));
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

static void put_author(struct work *w, const struct heard_item *item, struct message *m)
{
	const struct heard_person *p = &item->h.person;

	m->user_id = item->is_known ? item->who.id : w->engine->bot_user_id;
	if (item->is_known)
		return;
	m->bot_id = w->engine->bot_id;
	m->kind = MESSAGE_BOT;
	m->body = with_name(w, arena_printf(w->arena, STR_FMT " (" STR_FMT ")", STR_ARG(p->real_name.n ? p->real_name : p->name.n ? p->name : p->id), STR_ARG(item->config->name)));
}

static bool press(struct work *w, struct heard_item *item, struct channel *c, const struct message *m, struct str action, struct str value, struct str said);

static struct str choices_text(struct work *w, int64_t number, const struct choice *choices, size_t count)
{
	struct str all = S("");

	for (size_t i = 0; i < count; i++)
		all = arena_printf(w->arena, STR_FMT "%s%" PRId64 ".%zu " STR_FMT, STR_ARG(all), i ? ", " : "", number, i + 1, STR_ARG(mrkdwn_escape(w->arena, choices[i].text)));
	return all;
}

/* "42.1": the first button of the message that is called 42 there, as it was told there: what changed since is not pressed by mistake. */
static bool choose(struct work *w, struct heard_item *item, struct channel *c, const struct chat_copy *copy)
{
	struct err ignored = {0};
	struct choice *choices;
	struct message m;
	size_t count;

	if (!store_message_find(w->engine->db, w->arena, c->id, copy->ts, &m, &w->err) || m.deleted)
		return w->err.code == ERR_NONE;
	count = choices_read(w->arena, json_parse(w->arena, m.body, JSON_LAST_KEY_WINS, &ignored), &choices);
	if ((size_t)item->h.choice <= count && copy->head == link_head(w, &m))
		return press(w, item, c, &m, choices[item->h.choice - 1].action, choices[item->h.choice - 1].value, S(""));
	say_to(w, c, item->who.id, count ? arena_printf(w->arena, "Message %" PRId64 " has other choices now: " STR_FMT, item->h.number, STR_ARG(choices_text(w, item->h.number, choices, count)))
					 : arena_printf(w->arena, "Message %" PRId64 " has no choices now.", item->h.number), 0);
	return true;
}

static bool said(struct work *w, struct heard_item *item)
{
	struct message m = {0}, root;
	struct chat_copy copy, thread;
	struct chat_link l;
	struct channel c;
	bool ok;

	if (!find_link(w, item, &l, &c) || !take_in(w, item, &c))
		return w->err.code == ERR_NONE;
	if (store_copy_by_remote(w->engine->db, w->arena, l.id, item->h.message, &copy, &w->err) || w->err.code)
		return w->err.code == ERR_NONE; /* it was heard before */
	if (item->h.number && store_copy_by_number(w->engine->db, w->arena, l.id, item->h.number, &thread, &w->err)) {
		if (item->h.choice > 0 && item->is_known)
			return choose(w, item, &c, &thread);
		m.thread_ts = thread.ts;
	} else if (!w->err.code && find_copy(w, &l, item->h.thread, &thread, &root)) {
		m.thread_ts = thread.ts;
	}
	if (w->err.code || c.archived)
		return w->err.code == ERR_NONE;
	m.text = link_text_in(w, &l, str_clip(item->h.text, TEXT_MAX));
	if (item->h.number && !item->h.choice && !m.thread_ts) /* a number that names no message is a part of what was said */
		m.text = arena_printf(w->arena, "%" PRId64 ": " STR_FMT, item->h.number, STR_ARG(m.text));
	put_author(w, item, &m);
	if (!str_trim(m.text).n)
		return true;
	w->told_by = l.id;
	ok = chat_post_message(w, &c, &m, &w->err);
	w->told_by = 0;
	copy = (struct chat_copy){.link_id = l.id, .ts = m.ts, .remote = item->h.message};
	if (!ok || !store_copy_add(w->engine->db, &copy, &w->err))
		return false;
	if (item->is_known) {
		struct caller caller = caller_of(item, &c, m.thread_ts, "mention");

		return say_posted(w, &caller, &c, &m, &w->err);
	}
	return true;
}

/* Only who said it there may change it here. */
static bool was_theirs(const struct heard_item *item, const struct message *m)
{
	return item->is_known && m->user_id == item->who.id;
}

static bool changed(struct work *w, struct heard_item *item)
{
	struct chat_copy copy;
	struct chat_link l;
	struct channel c;
	struct message m;
	bool ok;

	if (!find_link(w, item, &l, &c) || !find_copy(w, &l, item->h.message, &copy, &m) || !was_theirs(item, &m) || c.archived)
		return w->err.code == ERR_NONE;
	m.text = link_text_in(w, &l, str_clip(item->h.text, TEXT_MAX));
	if (!str_trim(m.text).n)
		return true;
	w->told_by = l.id;
	ok = chat_change_message(w, &c, &m, item->who.id, &w->err);
	w->told_by = 0;
	return ok;
}

/* Taken away there by whoever may: what was said there goes here too, what our bot said there for somebody is not changed there any more. */
static bool dropped(struct work *w, struct heard_item *item)
{
	struct chat_copy copy;
	struct chat_link l;
	struct channel c;
	struct message m;
	bool ok = true;

	if (!find_link(w, item, &l, &c) || !find_copy(w, &l, item->h.message, &copy, &m))
		return w->err.code == ERR_NONE;
	w->told_by = l.id;
	if (!item->h.person.is_self && !m.bot_id && store_person_of(w->engine->db, w->arena, w->engine->workspace_id, item->config->name, m.user_id, &(struct chat_person){0}, &w->err))
		ok = chat_delete_message(w, &c, &m, &w->err);
	w->told_by = 0;
	return ok && !w->err.code && store_copy_drop(w->engine->db, l.id, copy.ts, &w->err);
}

/* Marks that are there already, or not, are as they should be. */
static bool is_no_matter(struct work *w, bool ok)
{
	if (!ok && err_is_outage(w->err.code))
		return false;
	err_clear(&w->err);
	return true;
}

/* A pin of which nobody says whose it is is @srebot's. */
static bool marked(struct work *w, struct heard_item *item)
{
	bool pins = item->h.what == HEARD_PINNED || item->h.what == HEARD_UNPINNED, nobodys = pins && !item->h.person.id.n;
	int64_t by = nobodys ? w->engine->bot_user_id : item->who.id;
	struct chat_copy copy;
	struct chat_link l;
	struct channel c;
	struct message m;
	bool ok;

	if (!find_link(w, item, &l, &c) || (!item->is_known && !nobodys) || !find_copy(w, &l, item->h.message, &copy, &m))
		return w->err.code == ERR_NONE;
	w->told_by = l.id;
	if (!pins)
		ok = chat_react(w, &c, &m, by, item->h.name, item->h.what == HEARD_REACTED, &w->err);
	else if (item->h.what == HEARD_PINNED)
		ok = chat_pin(w, &c, &m, by, &w->err);
	else
		ok = chat_unpin(w, &c, &m, by, &w->err);
	w->told_by = 0;
	return is_no_matter(w, ok);
}

static bool topic(struct work *w, struct heard_item *item)
{
	struct chat_link l;
	struct channel c;
	bool ok;

	if (!find_link(w, item, &l, &c) || l.direct || str_eq(c.topic, item->h.name))
		return w->err.code == ERR_NONE;
	w->told_by = l.id;
	ok = chat_set_topic(w, &c, item->is_known ? item->who.id : w->engine->bot_user_id, item->h.name, &w->err);
	w->told_by = 0;
	return is_no_matter(w, ok);
}

/* ---- what people do ---- */

static struct str refusal(const struct pressed *p)
{
	if (p->detail.n)
		return S(""); /* they were told */
	return str_is(str_of(p->error), "invalid_action") ? S("That is not so any more: the message has changed since.") : S("That button is not @srebot's: it works in opsroom alone.");
}

/* What must be said with it is asked for in a dialog; where there is none, with the command. */
static bool press(struct work *w, struct heard_item *item, struct channel *c, const struct message *m, struct str action, struct str value, struct str text)
{
	struct caller caller = caller_of(item, c, m->thread_ts, "button");
	struct pressed p;

	if (!press_button(w, &caller, c, m, action, value, text, &p))
		return false;
	if (p.view.n && !links_ask(w, p.view))
		say_to(w, c, item->who.id, S("Say why with the command: the message names it, as in `deny A-17 -- not during the sale`."), m->thread_ts);
	if (p.error && refusal(&p).n)
		say_to(w, c, item->who.id, refusal(&p), m->thread_ts);
	return true;
}

static bool pressed(struct work *w, struct heard_item *item)
{
	struct chat_copy copy;
	struct chat_link l;
	struct channel c;
	struct message m;

	if (!find_link(w, item, &l, &c) || !item->is_known || !find_copy(w, &l, item->h.message, &copy, &m) || !take_in(w, item, &c))
		return w->err.code == ERR_NONE;
	return press(w, item, &c, &m, item->h.action, item->h.value, S(""));
}

static bool answered(struct work *w, struct heard_item *item)
{
	struct err ignored = {0};
	struct press_dialog d;
	struct channel c;
	struct message m;
	int64_t ts;

	if (!item->is_known || !press_dialog_read(json_parse(w->arena, item->h.view, JSON_LAST_KEY_WINS, &ignored), &d) || !d.said.n)
		return true;
	if (!chat_channel(w, item->who.id, d.channel, &c, &w->err) || !ts_parse(d.ts, &ts) || !store_message_find(w->engine->db, w->arena, c.id, ts, &m, &w->err) || m.deleted)
		return is_no_matter(w, false);
	return press(w, item, &c, &m, d.action_id, d.value, d.said);
}

/* In a channel that is not linked it is as if it was said to @srebot alone. */
static bool slash(struct work *w, struct heard_item *item)
{
	struct command_result r;
	struct caller caller;
	struct chat_link l;
	struct channel c;
	bool linked = find_link(w, item, &l, &c), existed;

	if (w->err.code || !item->is_known)
		return w->err.code == ERR_NONE;
	if (!linked && !chat_open_dm(w, w->engine->bot_user_id, item->who.id, &c, &existed, &w->err))
		return false;
	if (!take_in(w, item, &c))
		return false;
	caller = caller_of(item, &c, 0, "slash");
	if (!say_slash(w, &caller, &c, item->h.text, &r, &w->err))
		return false;
	if (!linked && r.ok && r.in_channel)
		say_to(w, &c, item->who.id, r.text, 0);
	return true;
}

static bool person(struct work *w, struct heard_item *item)
{
	(void)w;
	(void)item;
	return true; /* find_person() did it */
}

/* ---- the item ---- */

static bool (*const handlers[])(struct work *w, struct heard_item *item) = {
	[HEARD_MESSAGE] = said,   [HEARD_CHANGED] = changed, [HEARD_DROPPED] = dropped, [HEARD_REACTED] = marked, [HEARD_UNREACTED] = marked,
	[HEARD_PINNED] = marked, [HEARD_UNPINNED] = marked, [HEARD_TOPIC] = topic,     [HEARD_PRESS] = pressed, [HEARD_DIALOG] = answered,
	[HEARD_SLASH] = slash,    [HEARD_JOINED] = joined,   [HEARD_LEFT] = left,       [HEARD_RENAMED] = renamed, [HEARD_PERSON] = person,
};

static bool heard_before(struct work *w, const struct heard_item *item)
{
	struct str key;

	if (!item->h.event.n)
		return false;
	key = arena_printf(w->arena, "heard:" STR_FMT ":" STR_FMT, STR_ARG(item->config->name), STR_ARG(item->h.event));
	return !links_heard_first(w, key);
}

static void run(struct work *w)
{
	struct heard_item *item = (struct heard_item *)w;

	w->asked = &item->asked;
	if (!heard_before(w, item) && !w->err.code) {
		item->is_known = find_person(w, item->config, &item->h.person, item->h.what != HEARD_PERSON, &item->who);
		if (!w->err.code)
			(void)handlers[item->h.what](w, item);
	}
	w->failed = w->err.code != ERR_NONE;
}

static void unlist(struct heard_item *item)
{
	if (!item->before)
		return;
	*item->before = item->next;
	if (item->next)
		item->next->before = item->before;
	item->before = NULL;
}

/* What can never be done is done with: to hear it again would not help. */
static void done(struct work *w)
{
	struct heard_item *item = (struct heard_item *)w;
	bool kept = !w->failed || !err_is_outage(w->err.code);

	if (w->failed)
		log_warn(EV_CHAT_UNHEARD, F_STR("chat", item->config->name), F_TXT("why", w->err.text));
	unlist(item);
	if (item->done)
		item->done(item->context, kept);
	arena_done(&item->arena);
	mem_free(item);
}

static void keep(struct arena *a, struct str *s)
{
	*s = s->p ? arena_dup(a, *s) : S("");
}

static void copy_heard(struct heard_item *item, const struct heard *from)
{
	struct heard *h = &item->h;
	struct str *texts[] = {&h->event, &h->channel.id, &h->channel.name, &h->channel.topic, &h->person.id, &h->person.name, &h->person.real_name, &h->person.email,
			       &h->message, &h->thread, &h->text, &h->name, &h->action, &h->value, &h->view, &h->reply};

	*h = *from;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		keep(&item->arena, texts[i]);
}

/* Of the people in the file the one who is heard. */
static void copy_person(struct heard_item *item, const struct chat_config *c)
{
	for (size_t i = 0; i < c->people_count && !item->copy.people; i++)
		if (str_eq_nocase(c->people[i].there, item->h.person.id)) {
			item->copy.people = arena_zero(&item->arena, sizeof *item->copy.people);
			item->copy.people->here = arena_dup(&item->arena, c->people[i].here);
			item->copy.people_count = 1;
		}
}

static void copy_config(struct heard_item *item, const struct chat_config *c)
{
	struct chat_channel *channels = arena_zero(&item->arena, (c->channel_count + 1) * sizeof *channels);

	item->copy = (struct chat_config){.name = arena_dup(&item->arena, c->name), .role = c->role, .by_email = c->by_email, .by_nick = c->by_nick, .joined = c->joined,
					  .channels = channels, .channel_count = c->channel_count};
	for (size_t i = 0; i < c->channel_count; i++)
		channels[i] = (struct chat_channel){arena_dup(&item->arena, c->channels[i].here), arena_dup(&item->arena, c->channels[i].there), c->channels[i].make};
	copy_person(item, c);
	item->config = &item->copy;
}

void chat_heard(struct chat *c, const struct heard *h, void (*on_done)(void *context, bool kept), void *context)
{
	struct heard_item *item = mem_new(sizeof *item);

	arena_init(&item->arena);
	copy_heard(item, h);
	copy_config(item, c->config);
	item->asked = (struct asked){0, item->copy.name, item->h.channel.id, item->h.person.id, item->h.reply};
	item->done = on_done;
	item->context = context;
	item->work.arena = &item->arena;
	item->work.run = run;
	item->work.done = done;
	item->work.background = true;
	item->next = c->hearing;
	if (item->next)
		item->next->before = &item->next;
	item->before = &c->hearing;
	c->hearing = item;
	(void)!engine_submit(c->engine, &item->work);
}

void heard_forget(struct chat *c)
{
	while (c->hearing) {
		c->hearing->done = NULL;
		unlist(c->hearing);
	}
}
