/* search.messages (docs.slack.dev): by words and modifiers, over what the asker may read. */
#include "api/slack.h"
#include "engine/slack_json.h"
#include "ops/search.h"
#include "store/chat.h"

#define COUNT_MAX 100

/* in: and from: -> ids. false: they name nobody, so nothing is found. */
static bool resolve(struct slack_call *c, const struct search *s, struct search_filter *f)
{
	struct engine *e = c->w->engine;
	struct err ignored = {0};
	struct channel ch;

	if (s->in.n) {
		if (!chat_channel(c->w, c->me, s->in, &ch, &ignored))
			return false;
		f->channel_id = ch.id;
	}
	if (s->from.n && str_is(s->from, "me"))
		f->user_id = c->me;
	else if (s->from.n && !id_parse(s->from, "UW", &f->user_id) &&
		 !store_name_find(e->db, e->workspace_id, "user", arena_lower(c->w->arena, s->from), &f->user_id, &ignored))
		return false;
	return !s->nothing;
}

static void put_channel(struct slack_call *c, const struct channel *ch)
{
	json_key(&c->out, "channel");
	json_open(&c->out, '{');
	json_add_str(&c->out, "id", channel_id_text(c->w->arena, ch));
	json_add_str(&c->out, "name", ch->kind == CHANNEL_DM ? id_write(c->w->arena, 'U', ch->creator_id == c->me ? ch->peer_id : ch->creator_id) : ch->name);
	json_add_bool(&c->out, "is_channel", ch->kind != CHANNEL_DM);
	json_add_bool(&c->out, "is_group", false);
	json_add_bool(&c->out, "is_im", ch->kind == CHANNEL_DM);
	json_add_bool(&c->out, "is_mpim", channel_is_group_dm(ch));
	json_add_bool(&c->out, "is_private", ch->kind != CHANNEL_PUBLIC);
	json_add_bool(&c->out, "is_shared", false);
	json_add_bool(&c->out, "is_org_shared", false);
	json_add_bool(&c->out, "is_ext_shared", false);
	json_add_raw(&c->out, "pending_shared", S("[]"));
	json_close(&c->out, '}');
}

static void put_match(struct slack_call *c, const struct search_hit *hit)
{
	struct engine *e = c->w->engine;
	struct arena *a = c->w->arena;
	struct user u = {.name = S("")};
	struct err ignored = {0};
	struct channel ch;
	struct message m;

	if (!store_channel_find(e->db, a, hit->channel_id, &ch, &ignored) || !store_message_find(e->db, a, hit->channel_id, hit->ts, &m, &ignored))
		return;
	if (m.user_id)
		(void)store_user_find(e->db, a, e->workspace_id, m.user_id, &u, &ignored);
	json_open(&c->out, '{');
	json_add_str(&c->out, "iid", id_write(a, 'M', m.id));
	json_add_str(&c->out, "team", id_write(a, 'T', e->workspace_id));
	put_channel(c, &ch);
	json_add_str(&c->out, "type", ch.kind == CHANNEL_DM ? S("im") : S("message"));
	json_add_str(&c->out, "user", m.user_id ? id_write(a, 'U', m.user_id) : S(""));
	json_add_str(&c->out, "username", u.name);
	json_add_str(&c->out, "ts", ts_text(a, m.ts));
	if (m.body.n > 2)
		json_put_raw(&c->out, str_n(m.body.p + 1, m.body.n - 2));
	json_add_str(&c->out, "text", arg_bool(c, "highlight", false) && hit->snippet.n ? hit->snippet : m.text);
	json_add_str(&c->out, "permalink", permalink(c->w, &ch, &m));
	json_close(&c->out, '}');
}

static void put_pagination(struct slack_call *c, const struct pages *p, size_t found)
{
	int64_t before = (int64_t)p->count * (p->page - 1);

	json_add_int(&c->out, "total", p->total);
	json_key(&c->out, "pagination");
	json_open(&c->out, '{');
	json_add_int(&c->out, "total_count", p->total);
	json_add_int(&c->out, "page", p->page);
	json_add_int(&c->out, "per_page", p->count);
	json_add_int(&c->out, "page_count", (p->total + p->count - 1) / p->count);
	json_add_int(&c->out, "first", found ? before + 1 : 0);
	json_add_int(&c->out, "last", found ? before + (int64_t)found : 0);
	json_close(&c->out, '}');
	put_paging(c, p);
}

static enum search_order order_of(struct slack_call *c)
{
	bool by_time = str_is(arg(c, "sort"), "timestamp"), up = str_is(arg(c, "sort_dir"), "asc");

	return by_time ? (up ? SEARCH_OLDEST : SEARCH_NEWEST) : (up ? SEARCH_WORST : SEARCH_BEST);
}

static bool find(struct slack_call *c, const struct search *s, struct pages *p, struct search_hit **hits, size_t *count, struct err *err)
{
	struct search_filter f = {.reader_id = c->me, .match = s->match, .since = s->since, .until = s->until, .has_link = s->has_link, .order = order_of(c)};
	struct db *db = c->w->engine->db;
	unsigned indexed = 1;

	*count = 0;
	if (!resolve(c, s, &f) || (!f.match.n && !f.channel_id))
		return true;
	/* The index runs behind; whoever searches sees all the same. */
	for (int i = 0; i < 20 && indexed; i++)
		if (!store_search_index(db, c->w->arena, 200, &indexed, err))
			return false;
	return store_search_messages(db, c->w->arena, &f, p->count, p->count * (p->page - 1), hits, count, &p->total, err);
}

void slack_search_messages(struct slack_call *c)
{
	struct pages p = arg_pages(c, 20, COUNT_MAX);
	struct search_hit *hits;
	struct err err = {0};
	struct search s;
	size_t count;

	if (c->x->user.bot_id) {
		slack_error(c, "not_allowed_token_type");
		return;
	}
	if (!str_trim(arg(c, "query")).n) {
		slack_error(c, "No query passed");
		return;
	}
	search_parse(c->w->arena, arg(c, "query"), &s);
	if (!find(c, &s, &p, &hits, &count, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "query", arg(c, "query"));
	json_key(&c->out, "messages");
	json_open(&c->out, '{');
	put_pagination(c, &p, count);
	json_key(&c->out, "matches");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		put_match(c, &hits[i]);
	json_close(&c->out, ']');
	json_close(&c->out, '}');
}
