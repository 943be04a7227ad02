/* From a link's queue to an order, and from its answer back: one thing after the other, as it is then. */
#include "engine/links_internal.h"

#include "base/log.h"
#include "engine/blocks.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/files.h"
#include "store/journal.h"

#include <inttypes.h>

#define LOOK_AHEAD 64
#define REST_WHILE_AWAY (5 * MINUTE) /* links_up() hurries it */
#define THREAD_TEXT_MAX 60
#define LINE_TEXT_MAX 1000 /* bytes; what is longer is told alone, as a whole */
#define REFUSED_EVERY HOUR
#define LATE (30 * SECOND) /* what waited less for a chat that was away is not marked */

/* What an order does; kept until it is answered. */
struct link_doing {
	struct chat_todo todo[LOOK_AHEAD]; /* more than one: gathered */
	size_t count;
	int64_t channel_id, head;
	wall_ms sent;
};

struct chat_order *link_order_new(struct work *w, struct str chat, enum chat_verb verb)
{
	struct chat_order *o = mem_new(sizeof *o);

	arena_init(&o->arena);
	o->engine = w->engine;
	o->chat = arena_dup(&o->arena, chat);
	o->verb = verb;
	return o;
}

static void order_free(struct chat_order *o)
{
	arena_done(&o->arena);
	mem_free(o);
}

/* ---- what is said ---- */

struct making {
	struct work *w;
	struct link_slot *slot;
	struct channel channel;
	struct chat_order *order;
	struct link_doing *doing;
	wall_ms late; /* not 0: it was said then, while the chat was away */
};

static struct str author_of(struct making *k, const struct message *m)
{
	struct work *w = k->w;
	struct err ignored = {0};
	const struct json *body = m->body.n ? json_parse(w->arena, m->body, JSON_LAST_KEY_WINS, &ignored) : NULL;
	struct str name = json_get_str(body, "username");
	struct user u;

	if (name.n || message_is_by_bot(w, m))
		return name;
	if (!store_user_find(w->engine->db, w->arena, w->engine->workspace_id, m->user_id, &u, &ignored))
		return S("somebody");
	return u.real_name.n ? u.real_name : u.name;
}

static struct str clock_text(struct arena *a, wall_ms at)
{
	char text[WALL_TEXT_SIZE];

	return arena_dup(a, str_n(wall_write(text, at).p + 11, 5));
}

static struct str late_mark(struct making *k)
{
	return arena_printf(k->w->arena, "_said at %.5s UTC, while " STR_FMT " was away_", clock_text(k->w->arena, k->late).p, STR_ARG(k->slot->row.chat));
}

/* A message of blocks says it in one more of them, at the end. */
static struct str marked_body(struct making *k, struct str body)
{
	struct err ignored = {0};
	const struct json *tree = json_parse(k->w->arena, body, JSON_LAST_KEY_WINS, &ignored), *blocks = json_get(tree, "blocks");
	struct json_out o;
	struct buf b;

	if (!json_is(tree, JSON_OBJECT) || (blocks && blocks->count >= 50))
		return body;
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	for (const struct json *v = tree->child; v; v = v->next)
		if (!str_is(v->key, "blocks")) {
			json_key_str(&o, v->key);
			json_put(&o, v);
		}
	json_key(&o, "blocks");
	json_open(&o, '[');
	for (const struct json *v = blocks ? blocks->child : NULL; v; v = v->next)
		json_put(&o, v);
	block_context(&o, late_mark(k));
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(k->w->arena, &b);
}

static bool find_message(struct making *k, int64_t ts, struct message *m)
{
	struct err ignored = {0};

	return store_message_find(k->w->engine->db, k->w->arena, k->channel.id, ts, m, &ignored) && !m->deleted;
}

/* The root there; a message from before the link has none: its words stand for it. */
static void put_thread(struct making *k, const struct message *m)
{
	struct chat_order *o = k->order;
	struct err ignored = {0};
	struct chat_copy *copies;
	struct message root;
	size_t count = 0;

	if (!m->thread_ts)
		return;
	if (store_copy_list(k->w->engine->db, k->w->arena, k->slot->row.id, m->thread_ts, &copies, &count, &ignored) && count) {
		o->thread = arena_dup(&o->arena, copies[0].remote);
		o->thread_number = copies[0].number;
	}
	o->broadcast = m->kind == MESSAGE_BROADCAST;
	if (find_message(k, m->thread_ts, &root))
		o->thread_text = arena_dup(&o->arena, str_clip(str_trim(mrkdwn_plain(k->w->arena, link_text_out(k->w, &k->slot->row, root.text))), THREAD_TEXT_MAX));
}

/* Buttons that cannot be pressed, threads that cannot be opened: people name the message by a number. */
static bool needs_number(struct making *k, const struct message *m)
{
	unsigned can = k->slot->chat->known.kind->can;

	return message_is_by_bot(k->w, m) && !m->thread_ts && !((can & CHAT_CAN_BUTTONS) && (can & CHAT_CAN_THREADS)) && m->body.n > 2;
}

static void put_text(struct making *k, const struct message *m, int part)
{
	struct work *w = k->w;
	struct chat_order *o = k->order;
	bool plain = m->body.n <= 2;
	struct str text = m->text, body = plain ? S("") : m->body;

	if (plain && k->slot->chat->known.kind->text_max)
		text = mrkdwn_part(w->arena, text, k->slot->chat->known.kind->text_max, part);
	text = link_text_out(w, &k->slot->row, text);
	if (m->thread_ts && !o->thread.n && (k->slot->chat->known.kind->can & CHAT_CAN_THREADS) && o->verb == CHAT_SAY)
		text = arena_printf(w->arena, "\xe2\x86\xb3 _" STR_FMT "_\n" STR_FMT, STR_ARG(mrkdwn_escape(w->arena, o->thread_text)), STR_ARG(text));
	if (k->late && (plain || !(k->slot->chat->known.kind->can & CHAT_CAN_BUTTONS))) /* chats without buttons show the text alone */
		text = arena_printf(w->arena, STR_FMT "\n" STR_FMT, STR_ARG(text), STR_ARG(late_mark(k)));
	if (!plain)
		body = link_text_out(w, &k->slot->row, k->late ? marked_body(k, body) : body);
	o->text = arena_dup(&o->arena, text);
	o->body = arena_dup(&o->arena, body);
	o->author = arena_dup(&o->arena, author_of(k, m));
	k->doing->head = link_head(k->w, m);
}

static bool put_files(struct making *k, const struct message *m)
{
	return !m->has_files || store_file_list(k->w->engine->db, &k->order->arena, k->channel.id, m->ts, &k->order->files, &k->order->file_count, &k->w->err);
}

static bool make_say(struct making *k, const struct chat_todo *t)
{
	struct chat_order *o = k->order;
	struct message m;

	if (!find_message(k, t->ts, &m))
		return false;
	put_thread(k, &m);
	put_text(k, &m, t->part);
	o->link = arena_dup(&o->arena, permalink(k->w, &k->channel, &m));
	if (needs_number(k, &m))
		o->number = k->slot->row.number + 1;
	return o->text.p && (t->part || put_files(k, &m));
}

static bool copy_of(struct making *k, const struct chat_todo *t, struct chat_copy *out)
{
	struct chat_copy *copies;
	size_t count = 0;

	if (!store_copy_list(k->w->engine->db, k->w->arena, k->slot->row.id, t->ts, &copies, &count, &k->w->err) || (size_t)t->part >= count || copies[t->part].gathered)
		return false;
	*out = copies[t->part];
	k->order->message = arena_dup(&k->order->arena, out->remote);
	k->order->number = out->number;
	return true;
}

static bool make_change(struct making *k, const struct chat_todo *t)
{
	struct chat_copy copy;
	struct message m;

	if (!copy_of(k, t, &copy) || !find_message(k, t->ts, &m))
		return false;
	k->late = 0;
	put_thread(k, &m);
	put_text(k, &m, t->part);
	if (!k->order->text.p)
		k->order->text = S("\xe2\x80\xa6"); /* it became shorter: nothing is left of this part */
	return true;
}

static bool make_mark(struct making *k, const struct chat_todo *t)
{
	struct chat_copy copy;

	k->order->text = arena_dup(&k->order->arena, t->detail);
	return copy_of(k, t, &copy);
}

static bool make_topic(struct making *k, const struct chat_todo *t)
{
	(void)t;
	k->order->text = arena_dup(&k->order->arena, link_text_out(k->w, &k->slot->row, k->channel.topic));
	return true;
}

static bool (*const makers[])(struct making *k, const struct chat_todo *t) = {
	[CHAT_SAY] = make_say,   [CHAT_CHANGE] = make_change, [CHAT_DROP] = make_mark,  [CHAT_REACT] = make_mark, [CHAT_UNREACT] = make_mark,
	[CHAT_PIN] = make_mark, [CHAT_UNPIN] = make_mark,     [CHAT_SET_TOPIC] = make_topic,
};

/* ---- much that was said while the chat was away ---- */

static bool was_away(const struct link_slot *s, const struct chat_todo *t)
{
	const struct linked_chat *c = s->chat;

	return c->away_until && t->said >= c->away_since && t->said < c->away_until && c->away_until - t->said > LATE;
}

/* What people said, without files or buttons; each becomes a line. */
static bool gathers(struct making *k, const struct chat_todo *t, struct message *m)
{
	return t->verb == CHAT_SAY && !t->tried && was_away(k->slot, t) && find_message(k, t->ts, m) && m->body.n <= 2 && !m->has_files && t->part == 0 && m->text.n <= LINE_TEXT_MAX;
}

/* So many left in one message, of which nobody knows whether it arrived: they are tried again as one, by the key of the first. */
static size_t tried_as_one(const struct chat_todo *todo, size_t count)
{
	size_t n = 0;

	while (n < count && todo[n].tried && todo[n].tried == todo[0].tried && todo[n].verb == CHAT_SAY)
		n++;
	return n > 1 ? n : 0;
}

static struct str gathered_line(struct making *k, const struct chat_todo *t, const struct message *m)
{
	struct work *w = k->w;

	return arena_printf(w->arena, "%.5s %s*" STR_FMT "*: " STR_FMT "\n", clock_text(w->arena, t->said).p, m->thread_ts ? "\xe2\x86\xb3 " : "", STR_ARG(mrkdwn_escape(w->arena, author_of(k, m))),
			    STR_ARG(link_text_out(w, &k->slot->row, str_clip(m->text, LINE_TEXT_MAX))));
}

static bool gather(struct making *k, const struct chat_todo *todo, size_t count)
{
	const struct linked_chat *c = k->slot->chat;
	size_t most = c->known.kind->text_max ? c->known.kind->text_max : 4000, again = tried_as_one(todo, count);
	struct message m;
	struct buf b;

	k->slot->gathering = was_away(k->slot, &todo[0]) &&
			     (k->slot->gathering || store_todo_count(k->w->engine->db, k->slot->row.id, c->away_since, c->away_until, LINK_GATHER + 1) > LINK_GATHER);
	if (!k->slot->gathering && !again)
		return false;
	buf_init(&b, most);
	buf_printf(&b, "_said while " STR_FMT " was away (times are UTC):_\n", STR_ARG(k->slot->row.chat));
	for (size_t i = 0; i < (again ? again : count); i++) {
		struct str line = S("");

		if (again ? find_message(k, todo[i].ts, &m) : gathers(k, &todo[i], &m))
			line = gathered_line(k, &todo[i], &m);
		else if (!again)
			break;
		if (b.n + line.n > most)
			break;
		buf_add(&b, line);
		k->doing->todo[k->doing->count++] = todo[i];
	}
	if (k->doing->count < 2) {
		k->doing->count = 0;
		buf_done(&b);
		return false;
	}
	k->order->text = arena_dup(&k->order->arena, str_trim(buf_str(&b)));
	buf_done(&b);
	return true;
}

/* ---- rendering ---- */

static bool make(struct making *k, const struct chat_todo *todo, size_t count)
{
	struct chat_order *o = link_order_new(k->w, k->slot->row.chat, (enum chat_verb)todo->verb);

	k->order = o;
	k->doing = o->doing = arena_zero(&o->arena, sizeof *o->doing);
	k->doing->channel_id = k->channel.id;
	k->doing->sent = k->w->now;
	k->late = was_away(k->slot, todo) ? todo->said : 0;
	o->channel = arena_dup(&o->arena, k->slot->row.remote);
	o->said = todo->said;
	o->tried = todo->tried;
	o->key = arena_printf(&o->arena, "opsroom:%" PRId64 ":%" PRId64, k->slot->row.id, todo->id);
	if (gather(k, todo, count))
		return true;
	k->doing->todo[0] = *todo;
	k->doing->count = 1;
	if ((size_t)todo->verb < COUNT_OF(makers) && makers[todo->verb] && makers[todo->verb](k, todo))
		return true;
	order_free(o);
	k->order = NULL;
	return false;
}

/* The next thing that is still true; what is not is dropped. */
static struct chat_order *next_order(struct work *w, struct link_slot *s)
{
	struct making k = {.w = w, .slot = s};
	struct db *db = w->engine->db;
	struct chat_todo *todo;
	size_t count, at = 0;

	if (!store_todo_head(db, w->arena, s->row.id, LOOK_AHEAD, &todo, &count, &w->err) || !count)
		return NULL;
	if (!store_channel_find(db, w->arena, s->row.channel_id, &k.channel, &w->err))
		return NULL;
	while (at < count && !make(&k, &todo[at], count - at)) {
		if (w->err.code || !store_todo_done(db, &todo[at++], &w->err))
			return NULL;
	}
	for (size_t i = 0; k.order && i < k.doing->count; i++) {
		struct chat_todo *t = &k.doing->todo[i];

		if (!t->tried)
			t->tried = w->now;
		if (!store_todo_tried(db, t, &w->err)) {
			order_free(k.order);
			return NULL;
		}
	}
	return k.order;
}

bool link_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct link_slot *s = link_slot_of(w, row->home_id);
	struct chat_order *o;

	if (!s)
		return false;
	work_touched_memory(w);
	if (!s->chat || !s->chat->up || s->row.next > w->now) {
		post->later_at = s->chat && s->chat->up ? s->row.next : w->now + REST_WHILE_AWAY;
		return false;
	}
	o = next_order(w, s);
	if (!o) {
		w->failed = w->err.code != ERR_NONE;
		s->queued = false;
		if (!w->failed && store_todo_count(w->engine->db, s->row.id, 0, INT64_MAX, 1))
			w->failed = !link_queue(w, s, &w->err); /* LOOK_AHEAD of them were past */
		return false;
	}
	o->post = post;
	post->making = o;
	return true;
}

/* ---- leaving and coming back; the net thread's ---- */

static void leave(void *order)
{
	struct chat_order *o = order;

	if (o->engine->chat_order)
		o->engine->chat_order(o);
	else
		chat_told(o, POST_RETRY, S(""), true, 0, S("no other chats are open"));
}

void link_send(struct chat_post *post)
{
	leave(post->making);
}

void link_order_leaves(struct work *w, struct chat_order *o)
{
	effect_call(w, leave, o);
}

void chat_told(struct chat_order *o, enum post_result result, struct str id, bool untaken, wall_ms retry_at, struct str why)
{
	struct chat_post *post = o->post;

	if (!post) {
		if (result != POST_DONE)
			log_warn(EV_CHAT_UNTOLD, F_STR("chat", o->chat), F_STR("why", why));
		order_free(o);
		return;
	}
	o->told = arena_dup(&o->arena, id);
	o->untaken = untaken;
	chat_posted(post, result, 0, retry_at, why);
}

/* ---- the answer ---- */

/* More waits: no sooner than the chat allows, counted from when this left. */
static bool go_on(struct work *w, struct link_slot *s, const struct link_doing *doing, bool told)
{
	const struct linked_chat *c = s->chat;
	span_ms pace = !told || !c ? 0 : c->known.config->post_every ? c->known.config->post_every : c->known.kind->pace;

	s->row.next = doing->sent + pace;
	s->queued = false;
	return store_link_turn(w->engine->db, &s->row, &w->err) && (!store_todo_count(w->engine->db, s->row.id, 0, INT64_MAX, 1) || link_queue(w, s, &w->err));
}

static bool keep_copy(struct work *w, struct link_slot *s, const struct chat_order *o, const struct chat_todo *t)
{
	struct chat_copy copy = {.link_id = s->row.id, .ts = t->ts, .part = t->part, .remote = o->told, .number = o->number, .gathered = o->doing->count > 1, .head = o->doing->head};
	struct err twice = {0};

	if (t->verb == CHAT_DROP)
		return t->part > 0 || store_copy_drop(w->engine->db, s->row.id, t->ts, &w->err);
	if (t->verb == CHAT_CHANGE)
		return store_copy_head(w->engine->db, &copy, &w->err);
	if (t->verb != CHAT_SAY || store_copy_add(w->engine->db, &copy, &twice) || twice.code == ERR_CONFLICT)
		return true;
	w->err = twice;
	return false;
}

bool link_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	struct chat_order *o = post->making;
	struct link_slot *s = link_slot_of(w, post->home_id);
	bool ok = true;

	(void)message_ts;
	for (size_t i = 0; ok && s && i < o->doing->count; i++)
		ok = store_todo_done(w->engine->db, &o->doing->todo[i], &w->err) && keep_copy(w, s, o, &o->doing->todo[i]);
	work_touched_memory(w);
	if (s && o->verb == CHAT_SAY && o->number > s->row.number)
		s->row.number = o->number;
	return ok && (!s || go_on(w, s, o->doing, true));
}

void link_again(struct work *w, const struct chat_post *post)
{
	const struct chat_order *o = post->making;

	for (size_t i = 0; o->untaken && i < o->doing->count; i++) {
		struct chat_todo t = o->doing->todo[i];

		t.tried = o->tried; /* as it was before this try */
		w->failed |= !store_todo_tried(w->engine->db, &t, &w->err);
	}
}

/* It will never be taken: people here see why, now and then. */
static bool say_refused(struct work *w, struct link_slot *s, struct str why)
{
	if (s->refused_at && w->now - s->refused_at < REFUSED_EVERY)
		return true;
	s->refused_at = w->now;
	return link_note(w, s, arena_printf(w->arena, ":warning: #" STR_FMT " of " STR_FMT " was not told of a message: " STR_FMT, STR_ARG(s->row.remote_name), STR_ARG(s->row.chat),
					  STR_ARG(mrkdwn_escape(w->arena, why))));
}

void link_not_told(struct work *w, const struct chat_post *post)
{
	const struct chat_order *o = post->making;
	struct link_slot *s = link_slot_of(w, post->home_id);

	work_touched_memory(w);
	for (size_t i = 0; i < o->doing->count; i++)
		w->failed |= !store_todo_done(w->engine->db, &o->doing->todo[i], &w->err);
	w->failed |= s && (!go_on(w, s, o->doing, false) || !say_refused(w, s, post->why));
}

void link_post_free(struct chat_post *post)
{
	if (post->making)
		order_free(post->making);
}
