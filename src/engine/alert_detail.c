/* What the thread of a group's message is told: who joined, who left, that it goes on. */
#include "engine/alerts_internal.h"
#include "store/journal.h"
#include "ops/text.h"

#include <inttypes.h>

#define CHANGES_READ 500
#define LINES_SHOWN 8

/* ---- what happened since ---- */

struct news {
	struct work *w;
	struct group *g;
	struct map seen;
	struct vec joined, left; /* struct alert * */
};

static struct alert *alert_of_change(struct news *n, const struct json *c)
{
	int64_t index = json_get_int(c, "n", -1);
	const struct alerts *al = n->w->engine->alerts;
	uint64_t fingerprint;

	if (index >= 0)
		return (size_t)index < n->g->count ? n->g->alerts[index] : NULL;
	if (!hex64(json_get_str(c, "f"), &fingerprint))
		return NULL;
	return alert_in(map_get(&al->by_alert, alert_identity(json_get_int(c, "o", 0), json_get_str(c, "k"), fingerprint)), n->g);
}

/* Each alert once, as it is now. */
static void add_change(struct news *n, const struct json *c)
{
	struct alert *a = alert_of_change(n, c);
	bool begins = json_get_bool(c, "g", false), ends = !json_get_bool(c, "s", true);
	struct vec *list = a && a->firing ? &n->joined : &n->left;

	if (!a || !(begins || ends) || (a->firing && !alert_is_loud(a)) || map_get(&n->seen, a->identity))
		return;
	map_put(&n->seen, a->identity, a);
	*(struct alert **)vec_push(n->w->arena, list, sizeof a) = a;
}

static bool read_news(struct news *n, int64_t from)
{
	struct change_row *rows;
	size_t count;

	if (!store_change_list_from(n->w->engine->db, n->w->arena, n->g->row.id, from, CHANGES_READ, &rows, &count, &n->w->err))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct json *list = json_parse(n->w->arena, rows[i].body, JSON_STRICT, &n->w->err);

		for (const struct json *c = list ? list->child : NULL; c; c = c->next)
			add_change(n, c);
	}
	return n->w->err.code == ERR_NONE;
}

/* ---- saying it ---- */

static void put_list(struct news *n, struct buf *b, const struct vec *list, const char *head)
{
	struct alert *const *alerts = list->items;

	if (!list->count)
		return;
	buf_printf(b, "%s%s", b->n ? "\n" : "", head);
	for (size_t i = 0; i < list->count && i < LINES_SHOWN; i++)
		buf_printf(b, "\n• " STR_FMT, STR_ARG(alert_line(n->w->arena, alerts[i], group_sum_up(n->g))));
	if (list->count > LINES_SHOWN)
		buf_printf(b, "\n… and %zu more", list->count - LINES_SHOWN);
}

static struct str resolved_text(struct arena *a, const struct group *g)
{
	struct str who = g->row.acked_by ? arena_printf(a, "  <@" STR_FMT ">", STR_ARG(id_write(a, 'U', g->row.acked_by))) : S("");

	return arena_printf(a, ":large_green_circle: *Resolved* after " STR_FMT STR_FMT, STR_ARG(span_write(a, g->row.resolved - g->row.opened)), STR_ARG(who));
}

static struct str news_text(struct news *n)
{
	struct arena *a = n->w->arena;
	struct buf b;

	buf_init(&b, 12 * KIB);
	put_list(n, &b, &n->joined, arena_printf(a, ":red_circle: *%zu more firing*", n->joined.count).p);
	if (n->g->row.state == GROUP_RESOLVED)
		buf_printf(&b, "%s" STR_FMT, b.n ? "\n" : "", STR_ARG(resolved_text(a, n->g)));
	else
		put_list(n, &b, &n->left, arena_printf(a, ":large_green_circle: *%zu resolved*", n->left.count).p);
	return buf_keep(a, &b);
}

bool detail_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct news n = {.w = w, .g = map_get(&w->engine->alerts->by_id, (uint64_t)row->home_id)};
	int64_t from = 0;
	bool ok;

	if (!n.g || !n.g->row.message_ts || !str_to_int(row->payload, &from))
		return false;
	ok = read_news(&n, from);
	map_done(&n.seen);
	if (!ok || (!n.joined.count && !n.left.count)) {
		err_clear(&w->err); /* it is only news */
		detail_told(w, row->home_id, row->id);
		return false;
	}
	if (!post_has_turn(w, post, n.g->row.channel_id))
		return false;
	if (n.g->detail_id == row->id) { /* what changes from here on is the next one's */
		work_touched_memory(w);
		n.g->detail_id = 0;
	}
	post->channel_id = n.g->row.channel_id;
	post->thread_ts = n.g->row.message_ts;
	post->text = arena_dup(&post->arena, news_text(&n));
	return true;
}

bool reminder_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct group *g = map_get(&w->engine->alerts->by_id, (uint64_t)row->home_id);
	struct arena *a = &post->arena;
	wall_ms until;

	if (!g)
		return storm_reminder_render(w, row, post);
	if (g->row.state != GROUP_FIRING || !g->row.message_ts || group_is_quiet(g, w->now, &until))
		return false;
	if (!post_has_turn(w, post, g->row.channel_id))
		return false;
	post->channel_id = g->row.channel_id;
	post->thread_ts = g->row.message_ts;
	post->broadcast = true;
	post->text = arena_printf(a, ":repeat: *" STR_FMT "* still fires after " STR_FMT ", and nobody has acknowledged it: %" PRId64 " alert%s", STR_ARG(mrkdwn_escape(a, group_title_now(a, g))),
				  STR_ARG(span_write(a, w->now - g->row.opened)), g->loud, g->loud == 1 ? "" : "s");
	return true;
}
