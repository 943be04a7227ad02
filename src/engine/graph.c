#include "engine/graph.h"

#include "base/json.h"
#include "engine/engine_internal.h"
#include "engine/file_bytes.h"
#include "net/client.h"
#include "net/form.h"
#include "ops/promql.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define POINTS 240                /* over the whole time: a pixel has not room for more than a third of one */
#define DEADLINE (10 * SECOND)    /* of a fetch; with drawing far below an outbox row's lease */
#define THEIR_DEADLINE "9s"       /* so that Prometheus can say itself that it took too long */
#define ANSWER_MAX (8 * MIB)
#define AT_ONCE 4
#define UNDER_WAY_MAX 20          /* more wait in the outbox */
#define TRY_FOR (2 * MINUTE)
#define EXPR_SHOWN 300

/* One graph on its way; lies in its post's arena. */
struct graph {
	uv_work_t uv;
	struct chat_post *post;
	struct str expr;      /* what is drawn */
	bool has_limit;
	double limit;
	span_ms span;
	wall_ms to;
	struct str url, who;  /* who "": an alert */
	struct file file;
	/* the answer */
	int status;
	char *body;           /* owned */
	size_t body_n;
	bool empty;
	struct err err;
};

/* ---- asking ---- */

static bool ask(struct work *w, int64_t home_id, const struct graph_ask *ask, struct err *err)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "channel", ask->channel_id);
	json_add_int(&o, "thread_ts", ask->thread_ts);
	json_add_int(&o, "user", ask->user_id);
	json_add_int(&o, "span_ms", ask->span);
	json_add_str(&o, "expr", ask->expr);
	json_close(&o, '}');
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, home_id, engine_id(w), w->now, KIND_GRAPH, buf_keep(w->arena, &b), err);
}

bool graph_ask(struct work *w, const struct graph_ask *wanted, struct err *err)
{
	return ask(w, wanted->channel_id, wanted, err);
}

/* http://HOST:PORT/graph?g0.expr=up+%3D%3D+0&g0.tab=1 */
static struct str expr_of_url(struct arena *a, struct str url)
{
	struct str head, query = str_cut(url, '?', &head);
	struct err ignored = {0};
	struct form f;

	str_cut(query, '#', &query);
	return query.n && form_parse(a, query, &f, &ignored) ? str_trim(form_get(&f, "g0.expr")) : S("");
}

bool graph_ask_of_alert(struct work *w, int64_t home_id, int64_t channel_id, int64_t thread_ts, struct str generator_url, bool *asked, struct err *err)
{
	const struct engine_config *config = &w->engine->config;
	struct graph_ask wanted = {.channel_id = channel_id, .thread_ts = thread_ts, .span = config->alert_graphs};

	wanted.expr = expr_of_url(w->arena, generator_url);
	*asked = config->prometheus_url.n && wanted.span && wanted.expr.n && wanted.expr.n <= PROMQL_MAX_BYTES && str_is_utf8(wanted.expr);
	return !*asked || ask(w, home_id, &wanted, err);
}

/* ---- what the message says ---- */

/* As code, if nothing in it ends the code. */
static struct str expr_text(struct arena *a, struct str expr)
{
	struct str shown = str_clip(expr, EXPR_SHOWN), escaped = mrkdwn_escape(a, shown);
	const char *mark = memchr(shown.p, '`', shown.n) || memchr(shown.p, '\n', shown.n) ? "" : "`";

	return arena_printf(a, "%s" STR_FMT "%s%s", mark, STR_ARG(escaped), mark, shown.n < expr.n ? "…" : "");
}

static struct str caption(const struct graph *g)
{
	struct arena *a = &g->post->arena;
	struct str text = arena_printf(a, STR_FMT "  ·  the last " STR_FMT, STR_ARG(expr_text(a, g->expr)), STR_ARG(span_write(a, g->span)));

	if (g->who.n)
		return arena_printf(a, STR_FMT "  ·  for " STR_FMT, STR_ARG(text), STR_ARG(mrkdwn_escape(a, g->who)));
	if (g->has_limit)
		return arena_printf(a, STR_FMT "  ·  the alert compares it with %g", STR_ARG(text), g->limit);
	return text;
}

static void say(struct graph *g, struct str why)
{
	struct arena *a = &g->post->arena;

	g->post->text = arena_printf(a, ":warning: No graph of " STR_FMT ": " STR_FMT, STR_ARG(expr_text(a, g->expr)), STR_ARG(mrkdwn_escape(a, why)));
	chat_post_now(g->post);
}

/* It may be better in a moment: 1, 2, 4 ... seconds later the outbox brings it again, until two minutes are over. */
static void again_or_say(struct graph *g, struct str why)
{
	struct chat_post *post = g->post;
	span_ms wait = SECOND << (post->attempts < 8 ? post->attempts - 1 : 7);
	wall_ms at = wall_now() + wait;

	if (at <= id_time(post->outbox_id) + TRY_FOR || !post->engine->loop->running)
		chat_posted(post, POST_RETRY, 0, at, why);
	else
		say(g, why);
}

/* ---- fetching ---- */

static void put_parameter(struct arena *a, struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s%s=" STR_FMT, b->n ? "&" : "", name, STR_ARG(percent_encode(a, value)));
}

static struct str seconds(struct arena *a, int64_t ms)
{
	return arena_printf(a, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

static span_ms step_of(const struct graph *g)
{
	return g->span / POINTS > SECOND ? g->span / POINTS : SECOND;
}

static struct str request_body(struct graph *g)
{
	struct arena *a = &g->post->arena;
	struct buf b;

	buf_init(&b, 64 * KIB);
	put_parameter(a, &b, "query", g->expr);
	put_parameter(a, &b, "start", seconds(a, g->to - g->span));
	put_parameter(a, &b, "end", seconds(a, g->to));
	put_parameter(a, &b, "step", seconds(a, step_of(g)));
	put_parameter(a, &b, "timeout", S(THEIR_DEADLINE));
	return buf_keep(a, &b);
}

static void draw(uv_work_t *uv);
static void drawn(uv_work_t *uv, int status);

static void on_answer(void *context, const struct client_answer *answer)
{
	struct graph *g = context;
	struct arena *a = &g->post->arena;

	if (!answer->reached && answer->err.code == ERR_TOO_BIG) {
		say(g, arena_printf(a, "Prometheus' answer has more than %u MiB; ask for fewer series", ANSWER_MAX / MIB));
		return;
	}
	if (!answer->reached) {
		again_or_say(g, arena_printf(a, "Prometheus does not answer (%s)", answer->err.text));
		return;
	}
	g->status = answer->status;
	g->body = mem_dup(answer->body);
	g->body_n = answer->body.n;
	g->uv.data = g;
	uv_queue_work(g->post->engine->loop->uv, &g->uv, draw, drawn);
}

void graph_send(struct chat_post *post)
{
	struct engine *e = post->engine;
	struct graph *g = post->making;
	struct str type = S("Content-Type: application/x-www-form-urlencoded");
	struct client_request request = {.method = "POST", .headers = &type, .header_count = 1, .deadline = DEADLINE, .answer_max_bytes = ANSWER_MAX};

	if (!e->prometheus)
		e->prometheus = http_client_new(e->loop->uv, AT_ONCE);
	if (http_client_busy(e->prometheus) >= UNDER_WAY_MAX) {
		again_or_say(g, S("too many graphs were asked for at once"));
		return;
	}
	request.url = arena_printf(&post->arena, STR_FMT "/api/v1/query_range", STR_ARG(g->url));
	request.body = request_body(g);
	http_client_send(e->prometheus, &request, on_answer, g);
}

void graphs_stop(struct engine *e)
{
	struct http_client *c = e->prometheus;

	e->prometheus = NULL;
	http_client_free(c);
}

/* ---- drawing, on a thread of the pool: reading 8 MiB and packing a PNG would hold up every connection ---- */

static bool draw_png(struct graph *g, const struct promql_answer *answer, struct buf *png)
{
	struct arena *a = &g->post->arena;
	struct plot p = {.title = g->expr,
			 .note = arena_printf(a, "last " STR_FMT ", UTC", STR_ARG(span_write(a, g->span))),
			 .from = g->to - g->span,
			 .to = g->to,
			 .step = step_of(g),
			 .unit = promql_unit(g->expr),
			 .has_limit = g->has_limit,
			 .limit = g->limit,
			 .series = answer->series,
			 .count = answer->count,
			 .total = answer->total};

	for (size_t i = 0; i < answer->count; i++)
		if (!answer->series[i].name.n)
			answer->series[i].name = g->expr;
	return plot_draw(&p, png, &g->err);
}

static void draw(uv_work_t *uv)
{
	struct graph *g = uv->data;
	struct arena *a = &g->post->arena;
	struct promql_answer answer;
	struct buf png;

	if (!promql_answer_read(a, str_n(g->body, g->body_n), &answer, &g->err))
		return;
	g->empty = !answer.count;
	if (g->empty)
		return;
	buf_init(&png, PLOT_BYTES_MAX);
	g->file.size_bytes = draw_png(g, &answer, &png) ? (int64_t)png.n : 0;
	if (g->file.size_bytes)
		(void)!file_bytes_put(a, g->post->engine->config.data_dir, g->file.id, buf_str(&png), &g->err);
	buf_done(&png);
}

/* Prometheus gave no answer that could be read. */
static void explain(struct graph *g)
{
	struct arena *a = &g->post->arena;

	if (g->err.code == ERR_CONFLICT)
		say(g, arena_printf(a, "Prometheus says: %s", g->err.text));
	else if (g->err.code == ERR_FULL)
		chat_posted(g->post, POST_RETRY, 0, 0, str_of(g->err.text));
	else if (g->err.code == ERR_INTERNAL)
		say(g, str_of(g->err.text));
	else if (g->status >= 500 || g->status == 429)
		again_or_say(g, arena_printf(a, "Prometheus does not answer (status %d)", g->status));
	else if (g->status == 401 || g->status == 403)
		say(g, arena_printf(a, "Prometheus does not let opsroom in (status %d); see prometheus_url", g->status));
	else
		say(g, arena_printf(a, "what is at prometheus_url is no Prometheus (status %d)", g->status));
}

static void drawn(uv_work_t *uv, int status)
{
	struct graph *g = uv->data;

	(void)status;
	mem_free(g->body);
	g->body = NULL;
	if (g->err.code) {
		explain(g);
		return;
	}
	if (g->empty) {
		say(g, arena_printf(&g->post->arena, "it has no data in the last " STR_FMT, STR_ARG(span_write(&g->post->arena, g->span))));
		return;
	}
	g->post->text = caption(g);
	g->post->files = &g->file;
	g->post->file_count = 1;
	chat_post_now(g->post);
}

/* ---- the outbox's row ---- */

bool graph_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct arena *a = &post->arena;
	const struct json *p = json_parse(a, arena_dup(a, row->payload), JSON_STRICT, &w->err);
	struct graph *g = arena_zero(a, sizeof *g);
	struct engine *e = w->engine;
	struct str wanted = json_get_str(p, "expr");
	int64_t user_id = json_get_int(p, "user", 0);
	struct err ignored = {0};
	struct user u;

	if (!p || !e->config.prometheus_url.n)
		return false; /* switched off since */
	post->making = g;
	post->channel_id = json_get_int(p, "channel", 0);
	post->thread_ts = json_get_int(p, "thread_ts", 0);
	if (!post_has_turn(w, post, post->channel_id))
		return false;
	g->post = post;
	g->url = arena_dup(a, e->config.prometheus_url);
	g->span = json_get_int(p, "span_ms", GRAPH_SPAN_USUAL);
	g->to = id_time(row->id); /* what was asked for, however late it comes */
	g->expr = wanted;
	if (user_id && store_user_find(e->db, a, e->workspace_id, user_id, &u, &ignored))
		g->who = u.name;
	else if (!user_id) /* a person gets what they typed */
		g->has_limit = promql_split(wanted, &g->expr, &g->limit);
	g->file = (struct file){.id = engine_id(w), .name = S("graph.png"), .mimetype = S("image/png"), .width = PLOT_WIDTH, .height = PLOT_HEIGHT};
	g->file.title = arena_printf(a, "Graph of " STR_FMT ", the last " STR_FMT, STR_ARG(str_clip(g->expr, EXPR_SHOWN)), STR_ARG(span_write(a, g->span)));
	return true;
}
