#include "api/slack.h"
#include "api/slack_blocks.h"
#include "engine/slack_json.h"
#include "store/chat.h"
#include "store/marks.h"

static void put_channel(struct slack_call *c, const struct channel *ch, bool with_members)
{
	json_key(&c->out, "channel");
	write_channel_object(c->w, &c->out, ch, chat_is_member(c->w, ch->id, c->me), with_members ? store_member_count(c->w->engine->db, ch->id) : -1);
}

static bool wants_type(struct str types, const struct channel *ch)
{
	const char *mine = channel_is_group_dm(ch) ? "mpim" : ch->kind == CHANNEL_PUBLIC ? "public_channel" : ch->kind == CHANNEL_PRIVATE ? "private_channel" : "im";
	struct str one;

	while (types.n) {
		types = str_cut(types, ',', &one);
		if (str_is(str_trim(one), mine))
			return true;
	}
	return false;
}

static bool types_ok(struct str types)
{
	struct str one;

	while (types.n) {
		types = str_cut(types, ',', &one);
		one = str_trim(one);
		if (!str_is(one, "public_channel") && !str_is(one, "private_channel") && !str_is(one, "im") && !str_is(one, "mpim"))
			return false;
	}
	return true;
}

void slack_conv_list(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct str types = arg_given(c, "types") ? arg(c, "types") : S("public_channel");
	bool no_archived = arg_bool(c, "exclude_archived", false);
	struct err err = {0};
	struct channel *all;
	unsigned limit;
	int64_t after;
	size_t count;

	if (!arg_page(c, 1000, &limit, &after))
		return;
	if (!types_ok(types)) {
		slack_error(c, "invalid_types");
		return;
	}
	if (!store_channel_list(e->db, c->w->arena, e->workspace_id, after, limit, &all, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "channels");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++) {
		bool member = chat_is_member(c->w, all[i].id, c->me);

		if (wants_type(types, &all[i]) && (member || all[i].kind == CHANNEL_PUBLIC) && !(no_archived && all[i].archived))
			write_channel_object(c->w, &c->out, &all[i], member, store_member_count(e->db, all[i].id));
	}
	json_close(&c->out, ']');
	put_cursor(c, count == limit ? all[count - 1].id : 0);
}

void slack_conv_info(struct slack_call *c)
{
	struct channel ch;

	if (arg_channel(c, "channel", false, &ch))
		put_channel(c, &ch, arg_bool(c, "include_num_members", false));
}

void slack_conv_create(struct slack_call *c)
{
	enum channel_kind kind = arg_bool(c, "is_private", false) ? CHANNEL_PRIVATE : CHANNEL_PUBLIC;
	struct err err = {0};
	struct channel ch;
	struct str name;

	if (!arg_need(c, "name", &name))
		return;
	if (chat_create_channel(c->w, c->me, name, kind, &ch, &err))
		put_channel(c, &ch, false);
	else
		slack_failed(c, &err);
}

void slack_conv_join(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	bool was;

	if (!arg_channel(c, "channel", false, &ch))
		return;
	if (ch.kind != CHANNEL_PUBLIC) {
		slack_error(c, "method_not_supported_for_channel_type");
		return;
	}
	if (ch.archived) { /* also for who is in it */
		slack_error(c, "is_archived");
		return;
	}
	if (!chat_join(c->w, &ch, c->me, c->me, &was, &err)) {
		slack_failed(c, &err);
		return;
	}
	put_channel(c, &ch, false);
	if (was)
		slack_warn(c, "already_in_channel");
}

void slack_conv_leave(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;

	if (arg_channel(c, "channel", false, &ch) && !chat_leave(c->w, &ch, c->me, &err))
		slack_failed(c, &err);
}

static bool invite_one(struct slack_call *c, struct channel *ch, struct str ref, bool alone)
{
	struct err err = {0};
	struct user u;
	int64_t id;
	bool was;

	if (!id_parse(str_trim(ref), "UW", &id) || !store_user_find(c->w->engine->db, c->w->arena, c->w->engine->workspace_id, id, &u, &err)) {
		slack_failed(c, &(struct err){ERR_NOT_FOUND, "user_not_found"});
		return false;
	}
	if (id == c->me) {
		slack_failed(c, &(struct err){ERR_INVALID, "cant_invite_self"});
		return false;
	}
	if (!chat_join(c->w, ch, id, c->me, &was, &err)) {
		slack_failed(c, &err);
		return false;
	}
	if (was && alone) {
		slack_failed(c, &(struct err){ERR_CONFLICT, "already_in_channel"});
		return false;
	}
	return true;
}

void slack_conv_invite(struct slack_call *c)
{
	struct channel ch;
	struct str users, one;
	bool alone;

	if (!arg_channel(c, "channel", true, &ch) || !arg_need(c, "users", &users))
		return;
	if (!str_trim(users).n) {
		slack_error(c, "no_user");
		return;
	}
	alone = !memchr(users.p, ',', users.n);
	while (users.n) {
		users = str_cut(users, ',', &one);
		if (!invite_one(c, &ch, one, alone))
			return;
	}
	put_channel(c, &ch, false);
}

void slack_conv_members(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	int64_t *members, after;
	unsigned limit;
	size_t count;

	if (!arg_channel(c, "channel", false, &ch) || !arg_page(c, 1000, &limit, &after))
		return;
	if (!store_member_list(c->w->engine->db, c->w->arena, ch.id, after, limit, &members, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "members");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		json_put_str(&c->out, id_write(c->w->arena, 'U', members[i]));
	json_close(&c->out, ']');
	put_cursor(c, count == limit ? members[count - 1] : 0);
}

/* ---- history ---- */

struct range {
	int64_t oldest, latest;
	unsigned limit;
	int64_t cursor;
};

static bool arg_ts(struct slack_call *c, const char *name, const char *error, int64_t *out)
{
	struct str text = arg(c, name);

	if (!text.n || ts_parse(text, out))
		return true;
	slack_error(c, error);
	return false;
}

static bool arg_range(struct slack_call *c, struct range *r)
{
	bool inclusive = arg_bool(c, "inclusive", false);

	*r = (struct range){.latest = INT64_MAX};
	if (!arg_ts(c, "oldest", "invalid_ts_oldest", &r->oldest) || !arg_ts(c, "latest", "invalid_ts_latest", &r->latest) ||
	    !arg_page(c, 999, &r->limit, &r->cursor))
		return false;
	if (!inclusive && arg(c, "oldest").n)
		r->oldest++;
	if (!inclusive && arg(c, "latest").n)
		r->latest--;
	return true;
}

/* Public channels may be read before one joins, as in Slack's own clients. */
static bool arg_readable(struct slack_call *c, struct channel *ch)
{
	if (!arg_channel(c, "channel", false, ch))
		return false;
	if (ch->kind == CHANNEL_PUBLIC || chat_is_member(c->w, ch->id, c->me))
		return true;
	slack_error(c, "not_in_channel");
	return false;
}

static void put_messages(struct slack_call *c, const struct message *list, size_t count, bool more)
{
	json_key(&c->out, "messages");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		write_message_object(c->w, &c->out, &list[i]);
	json_close(&c->out, ']');
	json_add_bool(&c->out, "has_more", more);
}

void slack_conv_history(struct slack_call *c)
{
	struct err err = {0};
	struct message *list;
	struct channel ch;
	struct range r;
	size_t count;
	bool more;

	if (!arg_readable(c, &ch) || !arg_range(c, &r))
		return;
	if (r.cursor && r.cursor - 1 < r.latest)
		r.latest = r.cursor - 1;
	if (!store_history(c->w->engine->db, c->w->arena, ch.id, r.oldest, r.latest, r.limit + 1, &list, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	more = count > r.limit;
	count -= more;
	put_messages(c, list, count, more);
	json_add_int(&c->out, "pin_count", store_pin_count(c->w->engine->db, ch.id));
	json_add_int(&c->out, "last_seq", ch.last_seq); /* ours: where a stream goes on from */
	put_cursor(c, more ? list[count - 1].ts : 0);
}

void slack_conv_replies(struct slack_call *c)
{
	struct err err = {0};
	struct message root, *list, *all;
	struct channel ch;
	struct range r;
	size_t count, n = 0;
	bool more;

	if (!arg_readable(c, &ch) || !arg_range(c, &r) || !arg_message(c, &ch, "ts", "thread_not_found", &root))
		return;
	if (root.thread_ts && !store_message_find(c->w->engine->db, c->w->arena, ch.id, root.thread_ts, &root, &err)) {
		slack_error(c, "thread_not_found");
		return;
	}
	if (r.cursor >= r.oldest && r.cursor)
		r.oldest = r.cursor + 1;
	if (!store_thread(c->w->engine->db, c->w->arena, ch.id, root.ts, r.oldest, r.latest, r.limit + 1, &list, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	more = count > r.limit;
	count -= more;
	all = arena_alloc(c->w->arena, (count + 1) * sizeof *all);
	if (!r.cursor)
		all[n++] = root;
	for (size_t i = 0; i < count; i++)
		all[n++] = list[i];
	put_messages(c, all, n, more);
	put_cursor(c, more ? list[count - 1].ts : 0);
}

/* A topic or a purpose; false: answered. */
static bool is_short(struct slack_call *c, struct str words)
{
	if (slack_characters(words) <= 250)
		return true;
	slack_error(c, "too_long");
	return false;
}

void slack_conv_topic(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct str topic;

	if (!arg_channel(c, "channel", true, &ch) || !arg_need(c, "topic", &topic) || !is_short(c, topic))
		return;
	if (!chat_set_topic(c->w, &ch, c->me, topic, &err)) {
		slack_failed(c, &err);
		return;
	}
	put_channel(c, &ch, false);
	json_add_str(&c->out, "topic", ch.topic);
}

static void put_opened(struct slack_call *c, const struct channel *ch, bool existed)
{
	if (existed) {
		json_add_bool(&c->out, "no_op", true);
		json_add_bool(&c->out, "already_open", true);
	}
	json_key(&c->out, "channel");
	if (arg_bool(c, "return_im", false)) {
		write_channel_object(c->w, &c->out, ch, true, -1);
		return;
	}
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", channel_id_text(c->w->arena, ch));
	json_close(&c->out, '}');
}

/* Two to eight others, and who asks. */
static void open_group(struct slack_call *c)
{
	int64_t people[10];
	struct err err = {0};
	struct channel ch;
	bool existed, me = false;
	size_t count;

	if (!arg_people(c, "users", people, 9, &count))
		return;
	for (size_t i = 0; i < count; i++)
		me = me || people[i] == c->me;
	if (!me)
		people[count++] = c->me;
	if (count < 3 ? chat_open_dm(c->w, c->me, people[0] == c->me ? people[1] : people[0], &ch, &existed, &err)
		      : chat_open_group(c->w, c->me, people, count, &ch, &existed, &err))
		put_opened(c, &ch, existed);
	else
		slack_failed(c, &err);
}

void slack_conv_open(struct slack_call *c)
{
	struct str users = arg(c, "users");
	struct err err = {0};
	struct channel ch;
	int64_t peer;
	bool existed = true;

	if (arg(c, "channel").n) {
		if (arg_channel(c, "channel", true, &ch))
			put_opened(c, &ch, true);
		return;
	}
	if (!users.n) {
		slack_error(c, "users_list_not_supplied");
		return;
	}
	if (memchr(users.p, ',', users.n)) {
		open_group(c);
		return;
	}
	if (!id_parse(str_trim(users), "UW", &peer)) {
		slack_error(c, "user_not_found");
		return;
	}
	if (chat_open_dm(c->w, c->me, peer, &ch, &existed, &err))
		put_opened(c, &ch, existed);
	else
		slack_failed(c, &err);
}

void slack_conv_mark(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct str text;
	int64_t ts;

	if (!arg_channel(c, "channel", true, &ch) || !arg_need(c, "ts", &text))
		return;
	if (!ts_parse(text, &ts)) {
		slack_error(c, "invalid_timestamp");
		return;
	}
	if (!chat_mark(c->w, &ch, c->me, ts, &err))
		slack_failed(c, &err);
}

void slack_conv_purpose(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct str purpose;

	if (!arg_channel(c, "channel", true, &ch) || !arg_need(c, "purpose", &purpose) || !is_short(c, purpose))
		return;
	if (!chat_set_purpose(c->w, &ch, c->me, purpose, &err)) {
		slack_failed(c, &err);
		return;
	}
	put_channel(c, &ch, false);
	json_add_str(&c->out, "purpose", ch.purpose);
}

/* Who made it, and operators. */
static bool arg_mine(struct slack_call *c, struct channel *ch)
{
	if (!arg_channel(c, "channel", false, ch))
		return false;
	if (ch->creator_id == c->me || c->x->user.role >= ROLE_OPERATOR)
		return true;
	slack_error(c, "not_authorized");
	return false;
}

void slack_conv_rename(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct str name;

	if (!arg_need(c, "name", &name) || !arg_mine(c, &ch))
		return;
	if (chat_rename(c->w, &ch, c->me, name, &err))
		put_channel(c, &ch, false);
	else
		slack_failed(c, &err);
}

void slack_conv_archive(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;

	if (arg_mine(c, &ch) && !chat_archive(c->w, &ch, c->me, &err))
		slack_failed(c, &err);
}

void slack_conv_unarchive(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;

	if (arg_mine(c, &ch) && !chat_unarchive(c->w, &ch, c->me, &err))
		slack_failed(c, &err);
}

void slack_conv_kick(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct user u;

	if (!arg_channel(c, "channel", true, &ch) || !arg_user(c, "user", &u))
		return;
	if (ch.creator_id != c->me && c->x->user.role < ROLE_OPERATOR)
		slack_error(c, "restricted_action");
	else if (!chat_kick(c->w, &ch, u.id, c->me, &err))
		slack_failed(c, &err);
}

/* A direct message cannot be put away here: it stays where it is, and Slack's clients are told that nothing had to be done. */
void slack_conv_close(struct slack_call *c)
{
	struct channel ch;

	if (!arg_channel(c, "channel", true, &ch))
		return;
	if (ch.kind != CHANNEL_DM && !channel_is_group_dm(&ch)) {
		slack_error(c, "method_not_supported_for_channel_type");
		return;
	}
	json_add_bool(&c->out, "no_op", true);
	json_add_bool(&c->out, "already_closed", true);
}

/* Of oneself all; of others what one may see too. */
void slack_users_conversations(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct str types = arg_given(c, "types") ? arg(c, "types") : S("public_channel");
	struct user u = c->x->user;
	struct err err = {0};
	int64_t *ids, after;
	unsigned limit;
	size_t count;

	if ((arg(c, "user").n && !arg_user(c, "user", &u)) || !arg_page(c, 999, &limit, &after))
		return;
	if (!types_ok(types)) {
		slack_error(c, "invalid_types");
		return;
	}
	if (!store_channels_of(e->db, c->w->arena, u.id, after, limit, &ids, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "channels");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++) {
		struct err none = {0};
		struct channel ch;

		if (chat_channel(c->w, c->me, id_write(c->w->arena, 'C', ids[i]), &ch, &none) && wants_type(types, &ch) && !(ch.archived && arg_bool(c, "exclude_archived", false)))
			write_channel_object(c->w, &c->out, &ch, chat_is_member(c->w, ch.id, c->me), -1);
	}
	json_close(&c->out, ']');
	put_cursor(c, count == limit ? ids[count - 1] : 0);
}
