#include "ops/plugin_output.h"

#include "ops/text_table.h"

#include "ops/text.h"

#include <stdio.h>

#define MAGIC "opsroom/1"
#define TABLE_ROWS_SHOWN 100
#define FILE_MAX (48 * KIB)

/* ---- cleaning ---- */

/* Bytes of the well-formed sequence at p; 0: it is none. */
static size_t sequence(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char from, to, second_from, second_to, bytes;
	} kinds[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		     {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		size_t bytes = kinds[i].bytes;

		if (p[0] < kinds[i].from || p[0] > kinds[i].to)
			continue;
		if (bytes > n || (bytes > 1 && (p[1] < kinds[i].second_from || p[1] > kinds[i].second_to)))
			return 0;
		for (size_t k = 2; k < bytes; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return bytes;
	}
	return 0;
}

/* ECMA-48: ESC [ ... final, ESC ] ... BEL or ESC \, and ESC with one more. */
static size_t escape_sequence(const unsigned char *p, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return 1;
	if (p[1] == '[') {
		while (i < n && p[i] >= 0x20 && p[i] <= 0x3f)
			i++;
		return i < n ? i + 1 : n;
	}
	if (p[1] == ']' || p[1] == 'P' || p[1] == '_' || p[1] == '^') {
		while (i < n && p[i] != 7 && !(p[i] == 27 && i + 1 < n && p[i + 1] == '\\'))
			i++;
		return i >= n ? n : p[i] == 7 ? i + 1 : i + 2;
	}
	return p[1] >= 0x20 && p[1] < 0x7f ? 2 : 1;
}

/* C0 but the tab, DEL, C1; marks that turn the direction of text, which can make it look like another. */
static bool is_hidden(const unsigned char *p, size_t bytes, bool lines)
{
	if (bytes == 1)
		return (p[0] < ' ' && p[0] != '\t' && !(lines && p[0] == '\n')) || p[0] == 127;
	if (bytes == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return bytes == 3 && p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

static struct str clean(struct arena *a, struct str s, bool lines)
{
	const unsigned char *p = (const unsigned char *)s.p;
	struct buf b;

	buf_init(&b, 3 * s.n + 1);
	for (size_t i = 0, n; i < s.n; i += n) {
		n = p[i] == 27 ? escape_sequence(p + i, s.n - i) : sequence(p + i, s.n - i);
		if (n == 0) {
			buf_add(&b, S("\xef\xbf\xbd"));
			n = 1;
		} else if (p[i] != 27 && !is_hidden(p + i, n, lines)) {
			buf_add(&b, str_n(s.p + i, n));
		}
	}
	return buf_keep(a, &b);
}

struct str output_clean(struct arena *a, struct str s)
{
	return clean(a, s, false);
}

/* A bar that is drawn over itself: what would be seen at the end. */
static struct str last_drawn(struct str line)
{
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	for (size_t i = line.n; i-- > 0;)
		if (line.p[i] == '\r')
			return str_n(line.p + i + 1, line.n - i - 1);
	return line;
}

/* ---- what is shown ---- */

static void show(struct plugin_output *o, struct str mrkdwn)
{
	size_t room = o->shown.n < OUTPUT_SHOWN_MAX ? OUTPUT_SHOWN_MAX - o->shown.n : 0, line = o->shown.n > 0;

	if (o->cut || mrkdwn.n + line > room) {
		o->cut = true;
		return;
	}
	if (line)
		buf_char(&o->shown, '\n');
	buf_add(&o->shown, mrkdwn);
}

void plugin_output_init(struct plugin_output *o)
{
	*o = (struct plugin_output){.percent = -1, .error_code = S(""), .error_hint = S("")};
	arena_init(&o->arena);
	arena_init(&o->line);
	buf_init(&o->shown, OUTPUT_SHOWN_MAX + 1);
	buf_init(&o->rows, OUTPUT_ROWS_BYTES);
}

void plugin_output_done(struct plugin_output *o)
{
	buf_done(&o->shown);
	buf_done(&o->rows);
	arena_done(&o->line);
	arena_done(&o->arena);
}

struct str plugin_output_text(const struct plugin_output *o, struct arena *a)
{
	struct str shown = buf_str(&o->shown);
	bool block = !o->events && memchr(shown.p, '\n', shown.n);

	if (!shown.n && !o->cut)
		return S("");
	return arena_printf(a, "%s" STR_FMT "%s%s", block ? "```\n" : "", STR_ARG(shown), block ? "\n```" : "", o->cut ? "\n_There is more; the run's log has it._" : "");
}

struct str plugin_output_rows(const struct plugin_output *o, struct arena *a)
{
	return arena_printf(a, "[" STR_FMT "]", STR_ARG(buf_str(&o->rows)));
}

/* ---- rows ---- */

static void clean_tree(struct arena *a, struct json *v)
{
	for (struct json *m = v->child; m; m = m->next)
		clean_tree(a, m);
	if (v->key.n)
		v->key = clean(a, v->key, false);
	if (v->type == JSON_STR)
		v->text = clean(a, v->text, true);
}

/* row: of a JSON object. */
static void add_row(struct plugin_output *o, struct str row)
{
	if (o->row_count == OUTPUT_ROWS_MAX || o->rows.n + row.n + 1 > OUTPUT_ROWS_BYTES) {
		o->cut = true;
		return;
	}
	if (o->row_count++)
		buf_char(&o->rows, ',');
	buf_add(&o->rows, row);
}

static bool take_row(struct plugin_output *o, struct json *v, struct arena *a)
{
	struct json_out out;
	struct buf b;

	if (v->type != JSON_OBJECT)
		return false;
	clean_tree(a, v);
	buf_init(&b, 4 * OUTPUT_LINE_MAX);
	out = json_out(&b);
	json_put(&out, v);
	if (!b.failed)
		add_row(o, buf_str(&b));
	buf_done(&b);
	return true;
}

/* ---- tables ---- */

static void row_of_table(struct plugin_output *o, const struct json *cols, const struct json *row)
{
	const struct json *v = row->child;
	struct json_out out;
	struct buf b;

	buf_init(&b, 4 * OUTPUT_LINE_MAX);
	out = json_out(&b);
	json_open(&out, '{');
	for (const struct json *c = cols->child; c && v; c = c->next, v = v->next) {
		json_key_str(&out, c->text);
		json_put(&out, v);
	}
	json_close(&out, '}');
	if (!b.failed)
		add_row(o, buf_str(&b));
	buf_done(&b);
}

static bool table_ok(const struct json *cols, const struct json *rows)
{
	bool ok = json_is(cols, JSON_ARRAY) && cols->count && cols->count <= TABLE_COLUMNS_MAX && json_is(rows, JSON_ARRAY);

	for (const struct json *c = ok ? cols->child : NULL; c && ok; c = c->next) {
		ok = c->type == JSON_STR && c->text.n;
		for (const struct json *d = cols->child; d != c && ok; d = d->next)
			ok = !str_eq(c->text, d->text);
	}
	for (const struct json *r = ok ? rows->child : NULL; r && ok; r = r->next)
		ok = r->type == JSON_ARRAY && r->count <= cols->count;
	return ok;
}

static void cells_of(struct arena *a, const struct json *row, struct str *cells, size_t columns)
{
	const struct json *v = row->child;

	for (size_t k = 0; k < columns; k++, v = v ? v->next : NULL)
		cells[k] = table_cell(a, v);
}

static bool take_table(struct plugin_output *o, struct json *v, struct arena *a)
{
	struct json *cols = json_get(v, "cols"), *rows = json_get(v, "rows");
	struct str heads[TABLE_COLUMNS_MAX], *cells, text;
	size_t shown, count = 0;

	if (!table_ok(cols, rows))
		return false;
	clean_tree(a, v);
	shown = rows->count < TABLE_ROWS_SHOWN ? rows->count : TABLE_ROWS_SHOWN;
	cells = arena_alloc(a, (shown * cols->count + 1) * sizeof *cells);
	cells_of(a, cols, heads, cols->count);
	for (const struct json *r = rows->child; r; r = r->next, count++) {
		row_of_table(o, cols, r);
		if (count < shown)
			cells_of(a, r, cells + count * cols->count, cols->count);
	}
	text = table_write(a, heads, cols->count, cells, shown);
	if (count > shown)
		text = arena_printf(a, STR_FMT "\n(%zu more)", STR_ARG(text), count - shown);
	show(o, arena_printf(a, "```\n" STR_FMT "\n```", STR_ARG(mrkdwn_code(a, text))));
	return true;
}

/* ---- events ---- */

static struct str kept(struct plugin_output *o, struct str s, size_t most)
{
	return arena_dup(&o->arena, str_clip(clean(&o->arena, s, false), most));
}

static bool take_text(struct plugin_output *o, struct json *v, struct arena *a, struct output_event *out)
{
	if (v->type != JSON_STR)
		return false;
	out->text = clean(a, v->text, true);
	show(o, mrkdwn_escape(a, out->text));
	return true;
}

static bool take_progress(struct plugin_output *o, const struct json *v, struct arena *a)
{
	const struct json *pct = json_get(v, "pct"), *msg = json_get(v, "msg");
	double d = json_is(pct, JSON_INT) ? (double)pct->i : json_is(pct, JSON_REAL) ? pct->d : -1;

	if (v->type != JSON_OBJECT || (pct && !(d >= 0 && d <= 100)) || (msg && msg->type != JSON_STR) || (!pct && !msg))
		return false;
	snprintf(o->progress, sizeof o->progress, STR_FMT, STR_ARG(str_clip(clean(a, json_str(msg), false), 200)));
	o->percent = pct ? (int)d : -1;
	return true;
}

static bool link_ok(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || strchr("<>|\"`\\", url.p[i]) || url.p[i] == 127)
			return false;
	return url.n <= 2000 && (str_starts(url, S("https://")) || str_starts(url, S("http://")));
}

static bool take_link(struct plugin_output *o, const struct json *v, struct arena *a)
{
	struct str url = v->type == JSON_STR ? v->text : json_get_str(v, "url"), title = str_clip(clean(a, json_get_str(v, "title"), false), 200);

	if (!link_ok(url))
		return false;
	url = mrkdwn_escape(a, clean(a, url, false));
	show(o, title.n ? arena_printf(a, "<" STR_FMT "|" STR_FMT ">", STR_ARG(url), STR_ARG(mrkdwn_escape(a, title))) : arena_printf(a, "<" STR_FMT ">", STR_ARG(url)));
	return true;
}

static bool take_button(struct plugin_output *o, const struct json *v)
{
	struct str label = json_get_str(v, "label"), command = json_get_str(v, "command");

	if (!label.n || !command.n || command.n > 2000 || o->button_count == OUTPUT_BUTTONS_MAX)
		return label.n && command.n && command.n <= 2000;
	o->buttons[o->button_count++] = (struct output_button){kept(o, label, 75), kept(o, command, 2000)};
	return true;
}

static bool take_error(struct plugin_output *o, const struct json *v)
{
	if (v->type != JSON_OBJECT && v->type != JSON_STR)
		return false;
	if (o->failed)
		return true; /* the first is the reason */
	o->failed = true;
	o->error_code = kept(o, json_get_str(v, "code"), 80);
	o->error_hint = kept(o, v->type == JSON_STR ? v->text : json_get_str(v, "hint"), 500);
	return true;
}

static bool take_file(const struct json *v, struct arena *a, struct output_event *out)
{
	struct str name = clean(a, json_get_str(v, "name"), false), text = json_get_str(v, "text");

	if (!name.n || name.n > 100 || memchr(name.p, '/', name.n) || !json_is(json_get(v, "text"), JSON_STR) || text.n > FILE_MAX)
		return false;
	out->name = name;
	out->text = text;
	return true;
}

static bool take_log(const struct json *v, struct arena *a, struct output_event *out)
{
	out->name = json_get(v, "level") ? json_get_str(v, "level") : S("info");
	out->text = clean(a, v->type == JSON_STR ? v->text : json_get_str(v, "msg"), false);
	return out->text.n && (str_is(out->name, "debug") || str_is(out->name, "info") || str_is(out->name, "warn") || str_is(out->name, "error"));
}

static bool take_note(const struct json *v, struct arena *a, struct output_event *out)
{
	out->text = str_clip(clean(a, v->type == JSON_STR ? v->text : json_get_str(v, "text"), true), 4000);
	return out->text.n > 0;
}

static bool take_set(const struct json *v, struct arena *a, struct output_event *out)
{
	const struct json *value = json_get(v, "value");
	struct json_out o;
	struct buf b;

	out->name = json_get_str(v, "key");
	if (!out->name.n || out->name.n > 200 || !value)
		return false;
	buf_init(&b, OUTPUT_LINE_MAX);
	o = json_out(&b);
	json_put(&o, value);
	out->text = buf_keep(a, &b);
	return true;
}

static bool take_event(struct plugin_output *o, struct json *e, struct arena *a, struct output_event *out)
{
	static const struct {
		const char *key;
		enum output_kind kind;
	} kinds[] = {{"text", OUTPUT_TEXT},     {"table", OUTPUT_TABLE}, {"row", OUTPUT_ROW},   {"progress", OUTPUT_PROGRESS}, {"link", OUTPUT_LINK}, {"button", OUTPUT_BUTTON},
		     {"error", OUTPUT_ERROR}, {"file", OUTPUT_FILE},   {"log", OUTPUT_LOG},   {"note", OUTPUT_NOTE},         {"set", OUTPUT_SET}};
	struct json *v = json_is(e, JSON_OBJECT) && e->count == 1 ? e->child : NULL;
	size_t i = 0;

	while (v && i < COUNT_OF(kinds) && !str_is(v->key, kinds[i].key))
		i++;
	if (!v || i == COUNT_OF(kinds))
		return false;
	out->kind = kinds[i].kind;
	switch (out->kind) {
	case OUTPUT_TEXT:
		return take_text(o, v, a, out);
	case OUTPUT_TABLE:
		return take_table(o, v, a);
	case OUTPUT_ROW:
		return take_row(o, v, a);
	case OUTPUT_PROGRESS:
		return take_progress(o, v, a);
	case OUTPUT_LINK:
		return take_link(o, v, a);
	case OUTPUT_BUTTON:
		return take_button(o, v);
	case OUTPUT_ERROR:
		return take_error(o, v);
	case OUTPUT_FILE:
		return take_file(v, a, out);
	case OUTPUT_LOG:
		return take_log(v, a, out);
	case OUTPUT_NOTE:
		return take_note(v, a, out);
	case OUTPUT_SET:
		return take_set(v, a, out);
	case OUTPUT_NOTHING:
		break;
	}
	return false;
}

static void plain(struct plugin_output *o, struct arena *a)
{
	struct str line = clean(a, last_drawn(o->now), false);

	if (line.n || o->shown.n)
		show(o, o->events ? mrkdwn_escape(a, line) : mrkdwn_code(a, line));
}

static void begin(struct plugin_output *o, struct str line, struct output_event *out)
{
	arena_reset(&o->line);
	o->now = str_clip(line, OUTPUT_LINE_MAX);
	*out = (struct output_event){.kind = OUTPUT_NOTHING, .name = S(""), .text = S("")};
	out->line = clean(&o->line, o->now, false);
}

static void read_event(struct plugin_output *o, struct output_event *out)
{
	struct err ignored = {0};
	struct json *e = json_parse(&o->line, o->now, JSON_LAST_KEY_WINS, &ignored);

	if (e && take_event(o, e, &o->line, out))
		return;
	out->kind = o->now.n ? OUTPUT_TEXT : OUTPUT_NOTHING;
	out->name = S("");
	out->text = out->line;
	o->odd_lines += o->now.n > 0;
	if (o->now.n)
		plain(o, &o->line);
}

void plugin_output_line(struct plugin_output *o, struct str line, struct output_event *out)
{
	bool first = !o->began;

	begin(o, line, out);
	o->began = true;
	if (first && str_is(line, MAGIC)) {
		o->events = true;
		return;
	}
	if (o->events) {
		read_event(o, out);
		return;
	}
	out->kind = OUTPUT_TEXT;
	out->text = out->line;
	plain(o, &o->line);
}

void plugin_output_event(struct plugin_output *o, struct str json, struct output_event *out)
{
	begin(o, json, out);
	o->began = o->events = true;
	read_event(o, out);
}

/* ---- how it ended ---- */

static const struct plugin_exit exits[] = {
	{0, "done", true, false, true, "is done"},
	{1, "failed", false, false, true, "failed"},
	{2, "usage", false, false, true, "was not understood by its program"},
	{3, "nothing", true, false, true, "had nothing to do"},
	{70, "crashed", false, false, true, "broke off: its program ended before it answered, and nobody knows how far it came"},
	{75, "later", false, true, true, "cannot be done now; try again later"},
	{77, "refused", false, false, true, "was refused by its program"},
	{124, "timed_out", false, false, true, "took too long and was ended"},
	{125, "no_start", false, false, false, "could not be started"},
	{126, "not_runnable", false, false, false, "could not be started: its program cannot be run"},
	{127, "not_found", false, false, false, "could not be started: its program is not there"},
	{-1, "signal", false, false, true, "was ended by a signal"},
	{-2, "failed", false, false, true, "failed"},
};

const struct plugin_exit *plugin_exit_find(int code)
{
	size_t i = 0;

	if (code > 128 && code < 128 + 65)
		code = -1;
	while (i + 1 < COUNT_OF(exits) && exits[i].code != code)
		i++;
	return &exits[i];
}

struct str plugin_exit_say(struct arena *a, struct str words, int code)
{
	const struct plugin_exit *e = plugin_exit_find(code);

	if (e->code == -1)
		return arena_printf(a, "`" STR_FMT "` %s (signal %d)", STR_ARG(words), e->words, code - 128);
	if (e->ok || code > 2)
		return arena_printf(a, "`" STR_FMT "` %s%s", STR_ARG(words), e->words, e->code == -2 ? arena_printf(a, " (exit code %d)", code).p : "");
	return arena_printf(a, "`" STR_FMT "` %s (exit code %d)", STR_ARG(words), e->words, code);
}
