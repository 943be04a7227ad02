#include "commands/cmd.h"
#include "engine/graph.h"
#include "engine/messages.h"
#include "ops/promql.h"
#include "ops/text.h"

static bool refuse(struct call *call, enum err_code code, const char *why)
{
	err_set(&call->err, code, "%s", why);
	return false;
}

/* "up{job='x'} 6h" without "6h". The time in "x offset 5m" is PromQL's. */
static struct str take_time(struct str rest, struct str *time)
{
	struct str before = rest, tail;
	span_ms ignored;

	*time = S("");
	while (before.n && !strchr(" \t\r\n", before.p[before.n - 1]))
		before.n--;
	tail = str_n(rest.p + before.n, rest.n - before.n);
	before = str_trim(before);
	if (!before.n || !span_parse(tail, &ignored) || (before.n >= 6 && str_eq_nocase(str_n(before.p + before.n - 6, 6), S("offset"))))
		return rest;
	*time = tail;
	return before;
}

/* Quotes or backticks around the whole are not the expression's. */
static struct str read_expr(struct call *call, struct str *time)
{
	struct str rest = str_trim(take_time(call_text(call, "expression"), time));

	if (rest.n > 2 && strchr("`\"'", rest.p[0]) && memchr(rest.p + 1, rest.p[0], rest.n - 1) == rest.p + rest.n - 1)
		rest = str_n(rest.p + 1, rest.n - 2);
	return str_trim(rest);
}

static bool read_span(struct call *call, struct str time, span_ms *span)
{
	*span = GRAPH_SPAN_USUAL;
	if (!time.n || (span_parse(time, span) && *span >= GRAPH_SPAN_LEAST && *span <= GRAPH_SPAN_MOST))
		return true;
	err_set(&call->err, ERR_INVALID, "the time is from 5m to 30d, such as 6h; not `" STR_FMT "`", STR_ARG(str_clip(time, 40)));
	return false;
}

bool cmd_graph(struct call *call)
{
	const struct caller *who = call->caller;
	struct work *w = call->work;
	struct graph_ask ask = {.channel_id = who->channel_id, .thread_ts = who->thread_ts, .user_id = who->user->id};
	struct str time;

	if (!w->engine->config.prometheus_url.n)
		return refuse(call, ERR_CONFLICT, "opsroom does not know where Prometheus is: an admin has to set prometheus_url");
	if (!who->channel_id)
		return refuse(call, ERR_INVALID, "a graph is posted into a channel: say it in one");
	/* It makes a message, which everybody sees. */
	if (who->scope < SCOPE_WRITE)
		return refuse(call, ERR_FORBIDDEN, "`graph` needs a token with the scope write; this one may only read");
	if (!chat_is_member(w, who->channel_id, who->user->id))
		return refuse(call, ERR_FORBIDDEN, "you are not in this channel; join it first");
	ask.expr = read_expr(call, &time);
	if (!read_span(call, time, &ask.span))
		return false;
	if (!ask.expr.n || ask.expr.n > PROMQL_MAX_BYTES)
		return refuse(call, ERR_INVALID, "say what to draw, such as `graph up 6h`");
	if (!graph_ask(w, &ask, &call->err))
		return false;
	buf_printf(&call->text, "Drawing the last " STR_FMT " of `" STR_FMT "` …", STR_ARG(span_write(w->arena, ask.span)),
		   STR_ARG(mrkdwn_escape(w->arena, str_clip(ask.expr, 300))));
	return true;
}
