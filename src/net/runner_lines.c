#include "net/runner_lines.h"

void lines_init(struct lines *l, size_t line_max)
{
	*l = (struct lines){.line_max = line_max};
	buf_init(&l->part, line_max + 1);
}

void lines_done(struct lines *l)
{
	buf_done(&l->part);
}

/* What is left of a line that ends, or does not yet. */
static void take_whole(struct lines *l, struct str piece, lines_taker *take, void *context)
{
	if (l->part.n) {
		buf_add(&l->part, piece);
		piece = buf_str(&l->part);
	}
	take(context, piece, false);
	buf_reset(&l->part);
}

static void take_cut(struct lines *l, struct str piece, lines_taker *take, void *context)
{
	size_t fits = l->line_max - l->part.n;

	buf_add(&l->part, str_n(piece.p, fits));
	take(context, buf_str(&l->part), true);
	buf_reset(&l->part);
	l->skipping = true;
	l->skipped_bytes += piece.n - fits;
}

static void feed_piece(struct lines *l, struct str piece, bool ends, lines_taker *take, void *context)
{
	if (l->skipping)
		l->skipped_bytes += piece.n;
	else if (piece.n > l->line_max - l->part.n)
		take_cut(l, piece, take, context);
	else if (ends)
		take_whole(l, piece, take, context);
	else
		buf_add(&l->part, piece);
	if (ends)
		l->skipping = false;
}

void lines_feed(struct lines *l, struct str bytes, lines_taker *take, void *context)
{
	while (bytes.n) {
		const char *feed = memchr(bytes.p, '\n', bytes.n);
		size_t n = feed ? (size_t)(feed - bytes.p) : bytes.n;

		feed_piece(l, str_n(bytes.p, n), feed, take, context);
		n += feed != NULL;
		bytes = str_n(bytes.p + n, bytes.n - n);
	}
}

void lines_end(struct lines *l, lines_taker *take, void *context)
{
	if (l->part.n)
		take_whole(l, S(""), take, context);
	l->skipping = false;
}

static bool whole_id(struct str text, int64_t *id)
{
	return str_to_int(text, id) && *id > 0;
}

bool served_parse(struct arena *a, struct str line, struct served *out)
{
	struct err err = {0};
	struct json *tree = json_parse(a, json_mend(a, line), JSON_STRICT, &err), *v;
	struct buf text;
	struct json_out o;

	if (!json_is(tree, JSON_OBJECT) || !whole_id(json_get_str(tree, "id"), &out->id))
		return false;
	*out = (struct served){.id = out->id};
	if ((v = json_get(tree, "line")) || (v = json_get(tree, "err"))) {
		out->what = json_get(tree, "line") ? SERVED_LINE : SERVED_ERR;
		out->text = json_str(v);
		return v->type == JSON_STR;
	}
	if ((v = json_get(tree, "event"))) {
		buf_init(&text, line.n * 6 + 16);
		o = json_out(&text);
		json_put(&o, v);
		out->what = SERVED_EVENT;
		out->text = buf_keep(a, &text);
		return v->type == JSON_OBJECT;
	}
	v = json_get(tree, "exit");
	out->what = SERVED_EXIT;
	out->code = json_is(v, JSON_INT) && v->i >= 0 && v->i <= 255 ? (int)v->i : 1;
	return v != NULL;
}

int64_t call_run(struct arena *a, struct str line)
{
	struct err err = {0};
	int64_t id;

	return whole_id(json_get_str(json_parse(a, json_mend(a, line), JSON_STRICT, &err), "run"), &id) ? id : 0;
}
