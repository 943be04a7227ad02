/* pins.*, bookmarks.*, stars.* and reactions.list: what people mark (docs.slack.dev, the methods of these names). */
#include "api/slack.h"
#include "engine/app_events.h"
#include "engine/blocks.h"
#include "engine/slack_json.h"
#include "store/chat.h"
#include "store/marks.h"

#define BOOKMARKS_MAX 100
#define TITLE_MAX 250
#define LINK_MAX 3000

/* ---- pins ---- */

static bool arg_item(struct slack_call *c, bool member, struct channel *ch, struct message *m)
{
	if (!arg_given(c, "timestamp")) {
		slack_error(c, "no_item_specified");
		return false;
	}
	return arg_channel(c, "channel", member, ch) && arg_message(c, ch, "timestamp", "message_not_found", m);
}

void slack_pins_add(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct message m;

	if (arg_item(c, true, &ch, &m) && !chat_pin(c->w, &ch, &m, c->me, &err))
		slack_failed(c, &err);
}

void slack_pins_remove(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct message m;

	if (arg_item(c, true, &ch, &m) && !chat_unpin(c->w, &ch, &m, c->me, &err))
		slack_failed(c, &err);
}

void slack_pins_list(struct slack_call *c)
{
	struct err err = {0};
	struct channel ch;
	struct message m;
	struct pin *all;
	size_t count;

	if (!arg_channel(c, "channel", false, &ch))
		return;
	if (!store_pin_list(c->w->engine->db, c->w->arena, ch.id, &all, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "items");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		if (store_message_find(c->w->engine->db, c->w->arena, ch.id, all[i].ts, &m, &err) && !m.deleted)
			write_pin(c->w, &c->out, &ch, &all[i], &m);
	json_close(&c->out, ']');
}

/* ---- bookmarks ---- */

static void put_bookmark(struct slack_call *c, const struct channel *ch, const struct bookmark *b)
{
	struct arena *a = c->w->arena;

	json_open(&c->out, '{');
	json_add_str(&c->out, "id", arena_printf(a, "Bk" STR_FMT, STR_ARG(id_write(a, '0', b->id))));
	json_add_str(&c->out, "channel_id", channel_id_text(a, ch));
	json_add_str(&c->out, "title", b->title);
	json_add_str(&c->out, "link", b->link);
	json_add_str(&c->out, "emoji", b->emoji);
	json_add_raw(&c->out, "icon_url", S("null"));
	json_add_str(&c->out, "type", S("link"));
	json_add_raw(&c->out, "entity_id", S("null"));
	json_add_int(&c->out, "date_created", b->created / 1000);
	json_add_int(&c->out, "date_updated", b->changed == b->created ? 0 : b->changed / 1000);
	json_add_str(&c->out, "rank", id_write(a, 'U', b->id));
	json_add_str(&c->out, "last_updated_by_user_id", id_write(a, 'U', b->changed_by));
	json_add_str(&c->out, "last_updated_by_team_id", id_write(a, 'T', ch->workspace_id));
	json_close(&c->out, '}');
}

static bool arg_bookmark(struct slack_call *c, struct channel *ch, struct bookmark *b)
{
	struct err err = {0};
	struct str text;
	int64_t id;

	if (!arg_channel(c, "channel_id", true, ch) || !arg_need(c, "bookmark_id", &text))
		return false;
	if (str_starts(text, S("Bk")) && id_parse(str_n(text.p + 2, text.n - 2), "0", &id) && store_bookmark_find(c->w->engine->db, c->w->arena, ch->id, id, b, &err))
		return true;
	slack_failed(c, err.code ? &err : &(struct err){ERR_NOT_FOUND, "not_found"});
	return false;
}

static bool read_bookmark(struct slack_call *c, struct bookmark *b)
{
	if (arg_given(c, "title"))
		b->title = str_clip(str_trim(arg(c, "title")), TITLE_MAX);
	if (arg_given(c, "link"))
		b->link = str_trim(arg(c, "link"));
	if (arg_given(c, "emoji"))
		b->emoji = str_clip(arg(c, "emoji"), 100);
	b->changed = c->w->now;
	b->changed_by = c->me;
	if (!b->title.n || b->link.n > LINK_MAX || !url_is_web(b->link)) {
		slack_error(c, b->title.n ? "invalid_link" : "invalid_arguments");
		return false;
	}
	return true;
}

static void answer_bookmark(struct slack_call *c, const struct channel *ch, const struct bookmark *b, bool stored, const struct err *err)
{
	if (!stored) {
		slack_failed(c, err);
		return;
	}
	json_key(&c->out, "bookmark");
	put_bookmark(c, ch, b);
}

void slack_bookmarks_add(struct slack_call *c)
{
	struct bookmark b = {.title = S(""), .link = S(""), .emoji = S("")}, *all;
	struct err err = {0};
	struct channel ch;
	struct str given;
	size_t count;

	if (!arg_channel(c, "channel_id", true, &ch) || !arg_need(c, "title", &given) || !arg_need(c, "type", &given) || !read_bookmark(c, &b))
		return;
	if (!str_is(arg(c, "type"), "link")) {
		slack_error(c, "invalid_bookmark_type");
		return;
	}
	if (!store_bookmark_list(c->w->engine->db, c->w->arena, ch.id, &all, &count, &err) || count >= BOOKMARKS_MAX) {
		slack_failed(c, err.code ? &err : &(struct err){ERR_TOO_MANY, "too_many_bookmarks"});
		return;
	}
	b.id = engine_id(c->w);
	b.channel_id = ch.id;
	b.created = c->w->now;
	answer_bookmark(c, &ch, &b, store_bookmark_add(c->w->engine->db, &b, &err), &err);
}

void slack_bookmarks_edit(struct slack_call *c)
{
	struct err err = {0};
	struct bookmark b;
	struct channel ch;

	if (arg_bookmark(c, &ch, &b) && read_bookmark(c, &b))
		answer_bookmark(c, &ch, &b, store_bookmark_set(c->w->engine->db, &b, &err), &err);
}

void slack_bookmarks_remove(struct slack_call *c)
{
	struct err err = {0};
	struct bookmark b;
	struct channel ch;

	if (arg_bookmark(c, &ch, &b) && !store_bookmark_drop(c->w->engine->db, ch.id, b.id, &err))
		slack_failed(c, &err);
}

void slack_bookmarks_list(struct slack_call *c)
{
	struct bookmark *all;
	struct err err = {0};
	struct channel ch;
	size_t count;

	if (!arg_channel(c, "channel_id", false, &ch))
		return;
	if (!store_bookmark_list(c->w->engine->db, c->w->arena, ch.id, &all, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "bookmarks");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		put_bookmark(c, &ch, &all[i]);
	json_close(&c->out, ']');
}

/* ---- what one marked for oneself, and where one reacted ---- */

/* What may no longer be read is left out, so a page can be short. */
static void put_marked(struct slack_call *c, const struct marked *all, size_t count, bool with_time)
{
	json_key(&c->out, "items");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++) {
		struct err ignored = {0};
		struct channel ch;
		struct message m;

		if (!chat_channel(c->w, c->me, id_write(c->w->arena, 'C', all[i].channel_id), &ch, &ignored) ||
		    (all[i].ts && (!store_message_find(c->w->engine->db, c->w->arena, ch.id, all[i].ts, &m, &ignored) || m.deleted)))
			continue;
		json_open(&c->out, '{');
		json_add_str(&c->out, "type", all[i].ts ? S("message") : ch.kind == CHANNEL_DM ? S("im") : S("channel"));
		json_add_str(&c->out, "channel", channel_id_text(c->w->arena, &ch));
		if (with_time)
			json_add_int(&c->out, "date_create", all[i].at / 1000);
		if (all[i].ts) {
			json_key(&c->out, "message");
			write_message_object(c->w, &c->out, &m);
		}
		json_close(&c->out, '}');
	}
	json_close(&c->out, ']');
}

typedef bool marked_list(struct db *db, struct arena *a, int64_t user_id, unsigned limit, unsigned skip, struct marked **out, size_t *count, int64_t *total, struct err *err);

static void list_marked(struct slack_call *c, int64_t user_id, marked_list *list, bool with_time)
{
	bool by_cursor = arg_given(c, "cursor") || arg_given(c, "limit");
	struct pages p = arg_pages(c, 100, 1000);
	unsigned skip = p.count * (p.page - 1);
	struct marked *all;
	struct err err = {0};
	int64_t after;
	size_t count;

	if (by_cursor) {
		if (!arg_page(c, 1000, &p.count, &after))
			return;
		skip = after < 0 || after > UINT32_MAX ? 0 : (unsigned)after;
	}
	if (!list(c->w->engine->db, c->w->arena, user_id, p.count, skip, &all, &count, &p.total, &err)) {
		slack_failed(c, &err);
		return;
	}
	put_marked(c, all, count, with_time);
	if (by_cursor)
		put_cursor(c, skip + p.count < p.total ? skip + p.count : 0);
	else
		put_paging(c, &p);
}

void slack_reactions_list(struct slack_call *c)
{
	struct user u = {.id = c->me};

	if (!arg(c, "user").n || arg_user(c, "user", &u))
		list_marked(c, u.id, store_reacted_list, false);
}

void slack_stars_list(struct slack_call *c)
{
	list_marked(c, c->me, store_star_list, true);
}

static bool tell_star(struct slack_call *c, const struct marked *it, const struct channel *ch, const struct message *m, const char *type, struct err *err)
{
	struct arena *a = c->w->arena;
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", str_of(type));
	json_add_str(&o, "user", id_write(a, 'U', c->me));
	json_key(&o, "item");
	json_open(&o, '{');
	json_add_str(&o, "type", m ? S("message") : ch->kind == CHANNEL_DM ? S("im") : S("channel"));
	json_add_str(&o, "channel", channel_id_text(a, ch));
	json_add_int(&o, "date_create", it->at / 1000);
	if (m) {
		json_key(&o, "message");
		write_message_object(c->w, &o, m);
	}
	json_close(&o, '}');
	json_add_str(&o, "event_ts", ts_text(a, c->w->now * 1000));
	json_close(&o, '}');
	return apps_hear_written(c->w, type, buf_keep(a, &b), c->me, err);
}

static void star(struct slack_call *c, bool add)
{
	struct marked it = {.at = c->w->now};
	struct err err = {0};
	struct channel ch;
	struct message m;

	if (!arg_given(c, "channel")) {
		slack_error(c, "no_item_specified");
		return;
	}
	if (!arg_channel(c, "channel", false, &ch) || (arg_given(c, "timestamp") && !arg_message(c, &ch, "timestamp", "message_not_found", &m)))
		return;
	it.channel_id = ch.id;
	it.ts = arg_given(c, "timestamp") ? m.ts : 0;
	if ((add ? store_star_add(c->w->engine->db, c->me, &it, &err) : store_star_drop(c->w->engine->db, c->me, ch.id, it.ts, &err)) &&
	    tell_star(c, &it, &ch, it.ts ? &m : NULL, add ? "star_added" : "star_removed", &err))
		return;
	slack_failed(c, err.code != ERR_CONFLICT && err.code != ERR_NOT_FOUND ? &err : add ? &(struct err){ERR_CONFLICT, "already_starred"} : &(struct err){ERR_NOT_FOUND, "not_starred"});
}

void slack_stars_add(struct slack_call *c)
{
	star(c, true);
}

void slack_stars_remove(struct slack_call *c)
{
	star(c, false);
}
