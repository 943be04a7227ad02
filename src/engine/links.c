/* Links in memory and in the store, and what happens in a channel on its way into their queues. */
#include "engine/links_internal.h"

#include "base/crypt.h"
#include "engine/messages.h"
#include "ops/choices.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- memory ---- */

static struct linked_chat *chat_of(struct links *l, struct str name)
{
	for (size_t i = 0; i < l->chat_count; i++)
		if (str_eq(l->chats[i].known.config->name, name))
			return &l->chats[i];
	return NULL;
}

static void put_slot(struct links *l, struct link_slot *s)
{
	s->next = map_get(&l->by_channel, (uint64_t)s->row.channel_id);
	map_put(&l->by_channel, (uint64_t)s->row.channel_id, s);
	map_put(&l->by_id, (uint64_t)s->row.id, s);
}

/* Which of them have an outbox row. */
static bool read_queued(struct engine *e, struct links *l, struct err *err)
{
	struct outbox_key *keys;
	size_t count;

	if (!store_outbox_of_kind(e->db, &l->arena, KIND_LINK, &keys, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct link_slot *s = map_get(&l->by_id, (uint64_t)keys[i].home_id);

		if (s)
			s->queued = true;
	}
	return true;
}

bool links_reload(struct engine *e, struct err *err)
{
	struct links *l = e->links;
	struct chat_link *rows;
	size_t count;

	if (!l)
		return true;
	map_done(&l->by_channel);
	map_done(&l->by_id);
	arena_reset(&l->arena);
	l->count = 0;
	if (!store_link_list(e->db, &l->arena, e->workspace_id, &rows, &count, err))
		return false;
	l->slots = arena_zero(&l->arena, (count + 1) * sizeof *l->slots);
	for (l->count = 0; l->count < count; l->count++) {
		struct link_slot *s = &l->slots[l->count];

		s->row = rows[l->count];
		s->chat = chat_of(l, s->row.chat);
		put_slot(l, s);
	}
	return read_queued(e, l, err);
}

static struct str away_setting(struct work *w, struct str chat)
{
	return arena_printf(w->arena, "chat_away:" STR_FMT, STR_ARG(chat));
}

static bool read_away(struct work *w, struct linked_chat *c, struct err *err)
{
	struct engine *e = w->engine;
	struct str since, until;

	if (!store_setting_get(e->db, w->arena, e->workspace_id, away_setting(w, c->known.config->name).p, &since, err))
		return false;
	until = str_cut(since, ' ', &since);
	(void)(str_to_int(since, &c->away_since) && str_to_int(until, &c->away_until));
	return true;
}

/* Whatever the store says, memory knows the new chats: the caller frees the old ones. */
static void take_chats(struct links *l, const struct chat_known *known, size_t count, wall_ms now)
{
	mem_free(l->chats);
	l->chats = mem_new((count + 1) * sizeof *l->chats);
	l->chat_count = count;
	for (size_t i = 0; i < count; i++) {
		l->chats[i].known = known[i];
		l->chats[i].down_since = now;
	}
	for (size_t i = 0; i < l->count; i++)
		l->slots[i].chat = chat_of(l, l->slots[i].row.chat);
}

/* chat NULL: of all. */
static bool queue_what_waits(struct work *w, const struct linked_chat *chat, struct err *err)
{
	struct links *l = w->engine->links;

	for (size_t i = 0; i < l->count; i++) {
		struct link_slot *s = &l->slots[i];

		if (s->chat && (!chat || s->chat == chat) && store_todo_count(w->engine->db, s->row.id, 0, INT64_MAX, 1) && !link_queue(w, s, err))
			return false;
	}
	return true;
}

/* By its id or name there, or by its name here: a channel that is called otherwise on one side now is still meant. */
static bool is_in_file(struct work *w, const struct link_slot *s, bool *is, struct err *err)
{
	const struct chat_config *config = s->chat->known.config;
	struct channel c;

	*is = config->joined || s->row.direct;
	if (*is)
		return true;
	if (!store_channel_find(w->engine->db, w->arena, s->row.channel_id, &c, err))
		return err->code == ERR_NONE;
	for (size_t i = 0; i < config->channel_count && !*is; i++)
		*is = str_eq(config->channels[i].here, c.name) || str_eq(config->channels[i].there, s->row.remote) || str_eq_nocase(config->channels[i].there, s->row.remote_name);
	return true;
}

/* What the chats file does not name any more is not linked any more. */
static bool end_unnamed(struct work *w, struct err *err)
{
	struct links *l = w->engine->links;
	bool is;

	for (size_t i = 0; i < l->count;) {
		struct link_slot *s = &l->slots[i];

		if (s->chat && !is_in_file(w, s, &is, err))
			return false;
		if (!s->chat || is)
			i++;
		else if (!link_end(w, &s->row, err)) /* the rows are others now: the next stands in its place */
			return false;
	}
	return true;
}

bool links_use(struct work *w, const struct chat_known *known, size_t count, struct err *err)
{
	struct engine *e = w->engine;
	struct links *l = e->links;

	if (!l && !count)
		return true;
	if (!l) {
		l = e->links = mem_new(sizeof *l);
		arena_init(&l->arena);
	}
	take_chats(l, known, count, w->now);
	for (size_t i = 0; i < count; i++)
		if (!read_away(w, &l->chats[i], err) || !link_away_arm(w, &l->chats[i], err))
			return false;
	return links_reload(e, err) && end_unnamed(w, err) && queue_what_waits(w, NULL, err); /* what waited while its chat was not configured */
}

void links_free(struct links *l)
{
	if (!l)
		return;
	map_done(&l->by_channel);
	map_done(&l->by_id);
	arena_done(&l->arena);
	mem_free(l->chats);
	mem_free(l);
}

struct linked_chat *linked_chat_of(struct work *w, struct str name)
{
	return w->engine->links ? chat_of(w->engine->links, name) : NULL;
}

struct link_slot *link_slot_of(struct work *w, int64_t link_id)
{
	struct links *l = w->engine->links;

	return l ? map_get(&l->by_id, (uint64_t)link_id) : NULL;
}

static struct link_slot *first_of(struct work *w, int64_t channel_id)
{
	struct links *l = w->engine->links;

	return l ? map_get(&l->by_channel, (uint64_t)channel_id) : NULL;
}

const struct chat_link *link_by_id(struct work *w, int64_t link_id)
{
	const struct link_slot *s = link_slot_of(w, link_id);

	return s ? &s->row : NULL;
}

const struct chat_link *link_by_remote(struct work *w, struct str chat, struct str remote)
{
	struct links *l = w->engine->links;

	for (size_t i = 0; l && i < l->count; i++)
		if (str_eq(l->slots[i].row.remote, remote) && str_eq(l->slots[i].row.chat, chat))
			return &l->slots[i].row;
	return NULL;
}

size_t links_count(struct work *w)
{
	return w->engine->links ? w->engine->links->count : 0;
}

const struct chat_link *links_at(struct work *w, size_t i)
{
	return &w->engine->links->slots[i].row;
}

bool links_chat(struct work *w, size_t i, struct chat_standing *out)
{
	const struct links *l = w->engine->links;
	const struct linked_chat *c;

	if (!l || i >= l->chat_count)
		return false;
	c = &l->chats[i];
	*out = (struct chat_standing){c->known.config, c->up, !c->up && c->away_since && !c->away_until, c->up ? 0 : c->down_since, c->up ? "" : c->why};
	return true;
}

int64_t link_waiting(struct work *w, const struct chat_link *l)
{
	return store_todo_count(w->engine->db, l->id, 0, INT64_MAX, 100000);
}

bool link_add(struct work *w, struct chat_link *l, struct err *err)
{
	l->id = engine_id(w);
	l->workspace_id = w->engine->workspace_id;
	work_touched_memory(w);
	return store_link_add(w->engine->db, l, err) && links_reload(w->engine, err);
}

bool link_end(struct work *w, const struct chat_link *l, struct err *err)
{
	work_touched_memory(w);
	return store_link_drop(w->engine->db, l, err) && links_reload(w->engine, err);
}

bool link_renamed(struct work *w, const struct chat_link *l, struct str name, struct err *err)
{
	struct chat_link named = *l;

	if (!name.n || str_eq(l->remote_name, name)) /* "": it is not known now */
		return true;
	named.remote_name = name;
	work_touched_memory(w);
	return store_link_name(w->engine->db, &named, err) && links_reload(w->engine, err);
}

/* ---- up and away ---- */

bool links_up(struct work *w, struct str chat, bool up, const char *why, struct err *err)
{
	struct links *l = w->engine->links;
	struct linked_chat *c = linked_chat_of(w, chat);

	if (c)
		snprintf(c->why, sizeof c->why, "%s", why);
	if (!c || c->up == up)
		return true;
	work_touched_memory(w);
	c->up = up;
	effect_wake(w);
	if (!up) {
		c->down_since = w->now;
		return link_away_arm(w, c, err);
	}
	if (!link_came_back(w, c, err))
		return false;
	for (size_t i = 0; i < l->count; i++)
		if (l->slots[i].chat == c && l->slots[i].queued && !store_outbox_hurry(w->engine->db, l->slots[i].row.id, KIND_LINK, w->now, err))
			return false;
	return queue_what_waits(w, c, err);
}

bool links_away(struct work *w, struct str chat, wall_ms since, wall_ms until, struct err *err)
{
	struct engine *e = w->engine;
	struct linked_chat *c = linked_chat_of(w, chat);

	if (!c)
		return true;
	c->away_since = since;
	c->away_until = until;
	return store_setting_put(e->db, e->workspace_id, away_setting(w, chat).p, arena_printf(w->arena, "%" PRId64 " %" PRId64, since, until), err);
}

bool link_note(struct work *w, const struct link_slot *s, struct str text)
{
	struct message m = {.user_id = w->engine->bot_user_id, .bot_id = w->engine->bot_id, .text = text};
	struct channel c;
	bool ok;

	if (!store_channel_find(w->engine->db, w->arena, s->row.channel_id, &c, &w->err) || c.archived)
		return w->err.code == ERR_NONE;
	w->told_by = s->row.id;
	ok = chat_post_message(w, &c, &m, &w->err);
	w->told_by = 0;
	return ok;
}

/* ---- queues ---- */

bool message_is_by_bot(const struct work *w, const struct message *m)
{
	return m->bot_id == w->engine->bot_id;
}

int64_t link_head(struct work *w, const struct message *m)
{
	struct err ignored = {0};
	struct choice *choices;
	size_t count = choices_read(w->arena, m->body.n ? json_parse(w->arena, m->body, JSON_LAST_KEY_WINS, &ignored) : NULL, &choices);
	struct str line;
	uint8_t hash[32];
	int64_t head;

	str_cut(m->text, '\n', &line);
	for (size_t i = 0; i < count; i++)
		line = arena_printf(w->arena, STR_FMT "\n" STR_FMT, STR_ARG(line), STR_ARG(choices[i].text));
	crypt_sha256(line, hash);
	memcpy(&head, hash, sizeof head);
	return head;
}

bool link_queue(struct work *w, struct link_slot *s, struct err *err)
{
	wall_ms due = s->row.next > w->now ? s->row.next : w->now;

	if (s->queued)
		return true;
	work_touched_memory(w);
	s->queued = true;
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, s->row.id, engine_id(w), due, KIND_LINK, S(""), err);
}

static bool add(struct work *w, struct link_slot *s, const struct chat_todo *what, struct err *err)
{
	struct chat_todo t = *what;

	t.link_id = s->row.id;
	t.id = engine_id(w);
	t.said = w->now;
	return store_todo_add(w->engine->db, &t, err) && link_queue(w, s, err);
}

/* For each link that is to be told: not the one in which it was heard, nor those of chats that are not there any more. */
static bool each(struct work *w, int64_t channel_id, bool (*tell)(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err),
		 const struct chat_todo *t, const struct message *m, struct err *err)
{
	for (struct link_slot *s = first_of(w, channel_id); s; s = s->next)
		if (s->chat && s->row.id != w->told_by && !tell(w, s, t, m, err))
			return false;
	return true;
}

/* Does one wait that was never tried? It is told as things are then. */
static bool waits(struct work *w, const struct link_slot *s, int64_t ts, int verb, struct str detail, struct chat_todo *which)
{
	struct chat_todo *all;
	struct err ignored = {0};
	size_t count;

	if (!store_todo_of(w->engine->db, w->arena, s->row.id, ts, verb, &all, &count, &ignored))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!all[i].tried && str_eq(all[i].detail, detail)) {
			*which = all[i];
			return true;
		}
	return false;
}

static bool stands_there(struct work *w, const struct link_slot *s, int64_t ts, struct chat_copy **copies, size_t *count, struct err *err)
{
	return store_copy_list(w->engine->db, w->arena, s->row.id, ts, copies, count, err) && *count > 0;
}

static int parts_of(struct work *w, const struct link_slot *s, const struct message *m)
{
	size_t most = s->chat->known.kind->text_max;
	int n = 1;

	while (most && m->body.n <= 2 && mrkdwn_part(w->arena, m->text, most, n).p)
		n++;
	return n;
}

static bool say_parts(struct work *w, struct link_slot *s, const struct message *m, int from, struct err *err)
{
	int parts = parts_of(w, s, m);

	for (int i = from; i < parts; i++)
		if (!add(w, s, &(struct chat_todo){.ts = m->ts, .part = i, .verb = CHAT_SAY}, err))
			return false;
	return true;
}

static bool tell_said(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err)
{
	(void)t;
	return say_parts(w, s, m, 0, err);
}

/* What @srebot says to one person alone reaches them in their own chat too. */
static bool link_direct(struct work *w, const struct channel *c, struct err *err)
{
	int64_t bot = w->engine->bot_user_id, person = c->creator_id == bot ? c->peer_id : c->creator_id;
	struct links *l = w->engine->links;
	struct chat_person p;

	if (!l || c->kind != CHANNEL_DM || (c->creator_id != bot && c->peer_id != bot) || first_of(w, c->id))
		return true;
	for (size_t i = 0; i < l->chat_count; i++) {
		struct chat_link link = {.chat = l->chats[i].known.config->name, .channel_id = c->id, .direct = true};

		if (store_person_of(w->engine->db, w->arena, w->engine->workspace_id, link.chat, person, &p, err)) {
			link.remote = arena_printf(w->arena, "@" STR_FMT, STR_ARG(p.remote));
			link.remote_name = p.name;
			if (!link_add(w, &link, err))
				return false;
		} else if (err->code) {
			return false;
		}
	}
	return true;
}

bool links_said(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	if (message_is_by_bot(w, m) && !link_direct(w, c, err))
		return false;
	return message_is_notice(m->kind) || each(w, c->id, tell_said, NULL, m, err);
}

static bool tell_changed(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err)
{
	struct chat_copy *copies;
	struct chat_todo waiting;
	size_t count;

	(void)t;
	if (waits(w, s, m->ts, CHAT_SAY, S(""), &waiting) || waits(w, s, m->ts, CHAT_CHANGE, S(""), &waiting))
		return true;
	if (!stands_there(w, s, m->ts, &copies, &count, err))
		return err->code == ERR_NONE;
	if (copies[0].gathered)
		return true;
	if (!(s->chat->known.kind->can & CHAT_CAN_EDIT))
		return !message_is_by_bot(w, m) || copies[0].head == link_head(w, m) || add(w, s, &(struct chat_todo){.ts = m->ts, .verb = CHAT_CHANGE}, err);
	for (size_t i = 0; i < count; i++)
		if (!add(w, s, &(struct chat_todo){.ts = m->ts, .part = (int)i, .verb = CHAT_CHANGE}, err))
			return false;
	return say_parts(w, s, m, (int)count, err);
}

bool links_changed(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	return each(w, c->id, tell_changed, NULL, m, err);
}

static bool tell_dropped(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err)
{
	static const int pointless[] = {CHAT_SAY, CHAT_CHANGE};
	struct chat_copy *copies;
	struct chat_todo waiting;
	size_t count;

	(void)t;
	for (size_t i = 0; i < COUNT_OF(pointless); i++)
		while (waits(w, s, m->ts, pointless[i], S(""), &waiting))
			if (!store_todo_done(w->engine->db, &waiting, err))
				return false;
	if (!stands_there(w, s, m->ts, &copies, &count, err))
		return err->code == ERR_NONE;
	/* The first part goes last: then nothing is known of the message there any more. */
	for (size_t i = count; i-- > 0 && !copies[i].gathered && (s->chat->known.kind->can & CHAT_CAN_DROP);)
		if (!add(w, s, &(struct chat_todo){.ts = m->ts, .part = (int)i, .verb = CHAT_DROP}, err))
			return false;
	return true;
}

bool links_dropped(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	return each(w, c->id, tell_dropped, NULL, m, err);
}

/* What undoes what still waits is nothing. */
static bool tell_mark(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err)
{
	static const int opposite[] = {[CHAT_REACT] = CHAT_UNREACT, [CHAT_UNREACT] = CHAT_REACT, [CHAT_PIN] = CHAT_UNPIN, [CHAT_UNPIN] = CHAT_PIN};
	unsigned needs = t->verb == CHAT_REACT || t->verb == CHAT_UNREACT ? CHAT_CAN_REACT : CHAT_CAN_PIN;
	struct chat_todo waiting;

	(void)m;
	if (!(s->chat->known.kind->can & needs) || waits(w, s, t->ts, t->verb, t->detail, &waiting))
		return true;
	if (waits(w, s, t->ts, opposite[t->verb], t->detail, &waiting))
		return store_todo_done(w->engine->db, &waiting, err);
	return add(w, s, t, err);
}

/* There one bot stands for all people here: its mark stays as long as one of them has it. */
bool links_reacted(struct work *w, const struct channel *c, const struct message *m, struct str name, bool on, struct err *err)
{
	struct reaction *all;
	size_t count;

	if (!first_of(w, c->id))
		return true;
	if (!on && !store_reaction_list(w->engine->db, w->arena, c->id, m->ts, &all, &count, err))
		return false;
	for (size_t i = 0; !on && i < count; i++)
		if (str_eq(all[i].name, name))
			return true;
	return each(w, c->id, tell_mark, &(struct chat_todo){.ts = m->ts, .verb = on ? CHAT_REACT : CHAT_UNREACT, .detail = name}, m, err);
}

bool links_pinned(struct work *w, const struct channel *c, const struct message *m, bool on, struct err *err)
{
	return each(w, c->id, tell_mark, &(struct chat_todo){.ts = m->ts, .verb = on ? CHAT_PIN : CHAT_UNPIN}, m, err);
}

static bool tell_topic(struct work *w, struct link_slot *s, const struct chat_todo *t, const struct message *m, struct err *err)
{
	struct chat_todo waiting;

	(void)m;
	return !(s->chat->known.kind->can & CHAT_CAN_TOPIC) || waits(w, s, 0, CHAT_SET_TOPIC, S(""), &waiting) || add(w, s, t, err);
}

bool links_topic(struct work *w, const struct channel *c, struct err *err)
{
	return each(w, c->id, tell_topic, &(struct chat_todo){.verb = CHAT_SET_TOPIC}, NULL, err);
}

bool links_heard_first(struct work *w, struct str key)
{
	struct engine *e = w->engine;
	struct str hashed = crypt_sha256_hex(w->arena, key), before;
	bool same;

	if (store_idempotency_find(e->db, w->arena, e->workspace_id, hashed, S("heard"), w->now, &same, &before, &w->err) || w->err.code)
		return false;
	return store_idempotency_add(e->db, e->workspace_id, hashed, S("heard"), S(""), w->now + DAY, &w->err);
}

/* ---- to one person ---- */

static struct str thread_there(struct work *w, const struct link_slot *s, int64_t ts)
{
	struct chat_copy *copies;
	struct err ignored = {0};
	size_t count;

	return ts && store_copy_list(w->engine->db, w->arena, s->row.id, ts, &copies, &count, &ignored) && count ? copies[0].remote : S("");
}

static void whisper(struct work *w, const struct asked *to, struct str text, struct str thread, int64_t user_id)
{
	struct chat_order *o = link_order_new(w, to->chat, CHAT_WHISPER);

	o->channel = arena_dup(&o->arena, to->channel);
	o->person = arena_dup(&o->arena, to->person);
	o->reply = arena_dup(&o->arena, to->reply);
	o->text = arena_dup(&o->arena, text);
	o->thread = arena_dup(&o->arena, thread);
	o->user_id = user_id;
	link_order_leaves(w, o);
}

/* Who did something there hears there of it; who sits in front of our own chat, in ours. */
void links_whisper(struct work *w, const struct channel *c, int64_t user_id, const struct message *m)
{
	const struct asked *asked = w->asked;
	struct err ignored = {0};
	struct chat_person p;

	if (asked && !asked->link_id)
		whisper(w, asked, mrkdwn_plain(w->arena, m->text), S(""), user_id);
	for (struct link_slot *s = first_of(w, c->id); s; s = s->next) {
		struct asked to = {s->row.id, s->row.chat, s->row.remote, S(""), S("")};

		if (!s->chat || !s->chat->up || (asked ? s->row.id != asked->link_id : engine_present(w->engine, user_id)))
			continue;
		if (!asked && !store_person_of(w->engine->db, w->arena, w->engine->workspace_id, s->row.chat, user_id, &p, &ignored))
			continue;
		to.person = asked ? asked->person : p.remote;
		to.reply = asked ? asked->reply : S("");
		whisper(w, &to, link_text_out(w, &s->row, m->text), thread_there(w, s, m->thread_ts), user_id);
	}
}

bool links_ask(struct work *w, struct str view)
{
	const struct asked *a = w->asked;
	const struct linked_chat *c = a ? linked_chat_of(w, a->chat) : NULL;
	struct chat_order *o;

	if (!c || !(c->known.kind->can & CHAT_CAN_ASK) || !a->reply.n)
		return false;
	o = link_order_new(w, a->chat, CHAT_ASK);
	o->channel = arena_dup(&o->arena, a->channel);
	o->person = arena_dup(&o->arena, a->person);
	o->reply = arena_dup(&o->arena, a->reply);
	o->body = arena_dup(&o->arena, view);
	link_order_leaves(w, o);
	return true;
}

/* ---- names of people and channels ---- */

struct names {
	struct work *w;
	const struct chat_link *link;
};

static bool person_out(const struct names *n, struct str id, struct buf *to)
{
	struct engine *e = n->w->engine;
	struct err ignored = {0};
	struct chat_person p;
	struct user u;
	int64_t user_id;

	if (!id_parse(id, "UW", &user_id))
		return false;
	if (store_person_of(e->db, n->w->arena, e->workspace_id, n->link->chat, user_id, &p, &ignored))
		buf_printf(to, "<@" STR_FMT ">", STR_ARG(p.remote));
	else if (store_user_find(e->db, n->w->arena, e->workspace_id, user_id, &u, &ignored))
		buf_printf(to, "@" STR_FMT, STR_ARG(u.name));
	else
		return false;
	return true;
}

static bool channel_out(const struct names *n, struct str id, struct str label, struct buf *to)
{
	struct err ignored = {0};
	struct channel c;
	int64_t channel_id;

	if (!id_parse(id, "C", &channel_id))
		return false;
	for (const struct link_slot *s = first_of(n->w, channel_id); s; s = s->next)
		if (str_eq(s->row.chat, n->link->chat)) {
			buf_printf(to, "<#" STR_FMT ">", STR_ARG(s->row.remote));
			return true;
		}
	if (store_channel_find(n->w->engine->db, n->w->arena, channel_id, &c, &ignored) && c.kind == CHANNEL_PUBLIC)
		label = c.name;
	buf_printf(to, "#" STR_FMT, STR_ARG(label.n ? label : S("private")));
	return true;
}

static bool on_out(void *context, struct str target, struct str label, struct buf *to)
{
	const struct names *n = context;

	if (target.n > 1 && target.p[0] == '@')
		return person_out(n, str_n(target.p + 1, target.n - 1), to);
	if (target.n > 1 && target.p[0] == '#')
		return channel_out(n, str_n(target.p + 1, target.n - 1), label, to);
	if (str_starts(target, S("!subteam^"))) {
		buf_printf(to, "@" STR_FMT, STR_ARG(label.n ? label : S("group")));
		return true;
	}
	return false;
}

struct str link_text_out(struct work *w, const struct chat_link *l, struct str text)
{
	struct names n = {w, l};

	return mrkdwn_rewrite(w->arena, text, on_out, &n);
}

static bool on_in(void *context, struct str target, struct str label, struct buf *to)
{
	const struct names *n = context;
	struct engine *e = n->w->engine;
	struct str id = target.n > 1 ? str_n(target.p + 1, target.n - 1) : S("");
	const struct chat_link *l;
	struct err ignored = {0};
	struct chat_person p;

	if (id.n && target.p[0] == '@') {
		if (store_person_find(e->db, n->w->arena, e->workspace_id, n->link->chat, id, &p, &ignored))
			buf_add(to, mrkdwn_user(n->w->arena, p.user_id));
		else
			buf_printf(to, "@" STR_FMT, STR_ARG(label.n ? label : id));
		return true;
	}
	if (id.n && target.p[0] == '#') {
		l = link_by_remote(n->w, n->link->chat, id);
		if (l)
			buf_printf(to, "<#" STR_FMT ">", STR_ARG(id_write(n->w->arena, 'C', l->channel_id)));
		else
			buf_printf(to, "#" STR_FMT, STR_ARG(label.n ? label : id));
		return true;
	}
	if (id.n && target.p[0] == '!' && !str_is(id, "here") && !str_is(id, "channel") && !str_is(id, "everyone") && !str_starts(id, S("date^"))) {
		buf_printf(to, "@" STR_FMT, STR_ARG(label.n ? label : S("group")));
		return true;
	}
	return false;
}

struct str link_text_in(struct work *w, const struct chat_link *l, struct str text)
{
	struct names n = {w, l};

	return mrkdwn_rewrite(w->arena, mrkdwn_tidy(w->arena, text), on_in, &n);
}
