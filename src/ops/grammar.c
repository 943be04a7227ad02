/* Reading a line: repair, words, pipes, aliases. What the words mean is bound in grammar_bind.c. */
#include "ops/grammar.h"

#include "base/crypt.h"
#include "base/map.h"
#include "ops/text.h"

/* ---- repair ---- */

/* What phones and word processors make of the characters that were meant. */
static const struct {
	const char *typed;
	char meant;
} repairs[] = {
	{"\xe2\x80\x9c", '"'}, {"\xe2\x80\x9d", '"'}, {"\xe2\x80\x9e", '"'}, {"\xe2\x80\x98", '\''},
	{"\xe2\x80\x99", '\''}, {"\xc2\xa0", ' '},    {"\xe2\x80\xaf", ' '}, {"\xe2\x80\x8b", ' '},
};
static const char em_dash[] = "\xe2\x80\x94", en_dash[] = "\xe2\x80\x93";

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A dash that begins a word stands for the two that were typed. */
static size_t repair_dash(struct str rest, struct buf *b)
{
	bool dash = str_starts(rest, str_of(em_dash)) || str_starts(rest, str_of(en_dash));

	if (!dash || (b->n && !is_space(b->p[b->n - 1])) || rest.n < 4 || is_space(rest.p[3]))
		return 0;
	buf_add(b, S("--"));
	return 3;
}

static size_t repair_one(struct str rest, struct buf *b)
{
	size_t n = repair_dash(rest, b);

	if (n)
		return n;
	for (size_t i = 0; i < COUNT_OF(repairs); i++)
		if (str_starts(rest, str_of(repairs[i].typed))) {
			buf_char(b, repairs[i].meant);
			return strlen(repairs[i].typed);
		}
	buf_char(b, rest.p[0]);
	return 1;
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static struct str repaired(struct arena *a, struct str raw)
{
	struct buf b;

	if (is_ascii(raw)) /* all that is repaired is not */
		return raw;
	buf_init(&b, 2 * LINE_MAX_BYTES);
	while (raw.n) {
		size_t n = repair_one(raw, &b);

		raw = str_n(raw.p + n, raw.n - n);
	}
	return buf_keep(a, &b);
}

/* "<https://x|label>" is its address, "<#C1|ops>" #ops; <@U1> stays: a name could be another's by now. */
static struct str sequence_text(struct arena *a, struct str inside)
{
	struct str target, label = str_cut(inside, '|', &target);

	if (target.n && target.p[0] == '@')
		return arena_printf(a, "<" STR_FMT ">", STR_ARG(target));
	if (target.n && target.p[0] == '#')
		return label.n ? arena_printf(a, "#" STR_FMT, STR_ARG(label)) : arena_printf(a, "<" STR_FMT ">", STR_ARG(target));
	if (str_starts(target, S("mailto:")))
		return str_n(target.p + 7, target.n - 7);
	if (target.n && target.p[0] == '!')
		return arena_printf(a, "@" STR_FMT, STR_ARG(str_n(target.p + 1, target.n - 1)));
	return target;
}

static bool is_sequence(struct str s, struct str *inside)
{
	static const char *const starts[] = {"@", "#", "!", "http://", "https://", "mailto:"};
	const char *end = s.n > 1 && s.p[0] == '<' ? memchr(s.p, '>', s.n) : NULL;

	if (!end)
		return false;
	*inside = str_n(s.p + 1, (size_t)(end - s.p) - 1);
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (str_starts(*inside, str_of(starts[i])) && !memchr(inside->p, ' ', inside->n))
			return true;
	return false;
}

static struct str without_markup(struct arena *a, struct str s)
{
	static const struct {
		struct str escape;
		char c;
	} escapes[] = {{S("&lt;"), '<'}, {S("&gt;"), '>'}, {S("&amp;"), '&'}};
	struct str inside;
	struct buf b;

	buf_init(&b, 2 * LINE_MAX_BYTES);
	while (s.n) {
		size_t n = 1, i = 0;

		while (i < COUNT_OF(escapes) && !str_starts(s, escapes[i].escape))
			i++;
		if (i < COUNT_OF(escapes)) {
			buf_char(&b, escapes[i].c);
			n = escapes[i].escape.n;
		} else if (is_sequence(s, &inside)) {
			buf_add(&b, sequence_text(a, inside));
			n = inside.n + 2;
		} else {
			buf_char(&b, s.p[0]);
		}
		s = str_n(s.p + n, s.n - n);
	}
	return buf_keep(a, &b);
}

/* ---- words ---- */

struct cutter {
	struct line *line;
	struct str text;
	size_t at;
	char *out; /* where the words are put */
	size_t n;
};

static bool open_quote(struct cutter *c, size_t at, char quote, struct err *err)
{
	c->line->fault_at = at;
	err_set(err, ERR_INVALID, "a quote (%c) is open to the end of the line", quote);
	return false;
}

/* ' begins a value; within a word it is an apostrophe. */
static bool opens_quote(const struct cutter *c, size_t start)
{
	char ch = c->text.p[c->at], before = c->at > start ? c->text.p[c->at - 1] : ' ';

	return ch == '"' || (ch == '\'' && (c->at == start || strchr("=({[,~:\"", before)));
}

static void take_escape(struct cutter *c, char quote)
{
	char next = c->text.p[++c->at];

	if (quote && next == 'n')
		c->out[c->n++] = '\n';
	else if (quote && next == 't')
		c->out[c->n++] = '\t';
	else {
		if (quote && next != '"' && next != '\\')
			c->out[c->n++] = '\\';
		c->out[c->n++] = next;
	}
}

static bool take_word(struct cutter *c, struct word *t, struct err *err)
{
	size_t start = c->at, from = c->n, quote_at = 0;
	char quote = 0;

	t->quoted = strchr("\"'", c->text.p[start]) != NULL;
	for (; c->at < c->text.n; c->at++) {
		char ch = c->text.p[c->at];

		if (ch == '\\' && quote != '\'' && c->at + 1 < c->text.n) {
			take_escape(c, quote);
		} else if (quote ? ch == quote : opens_quote(c, start)) {
			quote_at = c->at;
			quote = quote ? 0 : ch;
		} else if (!quote && is_space(ch)) {
			break;
		} else {
			c->out[c->n++] = ch;
		}
	}
	if (quote)
		return open_quote(c, quote_at, quote, err);
	*t = (struct word){.text = str_n(c->out + from, c->n - from), .at = start, .end = c->at, .quoted = t->quoted};
	return true;
}

/* ```code``` is one value, line feeds and quotes and all. */
static bool take_fence(struct cutter *c, struct word *t)
{
	struct str rest = str_n(c->text.p + c->at, c->text.n - c->at), inside;
	size_t end;

	if (!str_starts(rest, S("```")) || !str_find(str_n(rest.p + 3, rest.n - 3), S("```"), &end))
		return false;
	inside = str_n(rest.p + 3, end);
	if (inside.n && inside.p[0] == '\n')
		inside = str_n(inside.p + 1, inside.n - 1);
	memcpy(c->out + c->n, inside.p, inside.n);
	*t = (struct word){.text = str_n(c->out + c->n, inside.n), .at = c->at, .end = c->at + end + 6, .quoted = true};
	c->n += inside.n;
	c->at = t->end;
	return true;
}

static bool cut_words(struct arena *a, struct line *line, struct err *err)
{
	struct cutter c = {.line = line, .text = line->text, .out = arena_alloc(a, line->text.n + 1)};
	struct vec v = {0};

	for (;;) {
		struct word t;

		while (c.at < c.text.n && is_space(c.text.p[c.at]))
			c.at++;
		if (c.at >= c.text.n)
			break;
		if (v.count == LINE_MAX_WORDS) {
			err_set(err, ERR_TOO_BIG, "more than %d words in one command", LINE_MAX_WORDS);
			return false;
		}
		if (!take_fence(&c, &t) && !take_word(&c, &t, err))
			return false;
		*(struct word *)vec_push(a, &v, sizeof t) = t;
	}
	line->tokens = v.items;
	line->count = v.count;
	return true;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && !is_space(s.p[i])) || s.p[i] == 127)
			return true;
	return false;
}

bool line_read(struct arena *a, struct str raw, enum line_kind kind, struct line *out, struct err *err)
{
	*out = (struct line){.text = S(""), .fault_at = SIZE_MAX};
	if (raw.n > LINE_MAX_BYTES) {
		err_set(err, ERR_TOO_BIG, "the command line is longer than %d bytes", LINE_MAX_BYTES);
		return false;
	}
	if (!str_is_utf8(raw)) {
		err_set(err, ERR_INVALID, "the command line is not UTF-8 text");
		return false;
	}
	if (has_control(raw)) {
		err_set(err, ERR_INVALID, "the command line has a control character in it");
		return false;
	}
	out->text = kind == LINE_CANONICAL ? raw : repaired(a, kind == LINE_CHAT ? without_markup(a, raw) : raw);
	return cut_words(a, out, err);
}

struct str line_point(struct arena *a, const struct line *line)
{
	size_t from, to, column = 0;

	if (line->fault_at > line->text.n)
		return S("");
	for (from = line->fault_at; from && line->text.p[from - 1] != '\n'; from--)
		column += ((unsigned char)line->text.p[from - 1] & 0xc0) != 0x80;
	for (to = line->fault_at; to < line->text.n && line->text.p[to] != '\n'; to++)
		;
	return arena_printf(a, "%.*s\n%*s^", (int)(to - from), line->text.p + from, (int)column, "");
}

static bool is_bare(struct str v)
{
	for (size_t i = 0; i < v.n; i++)
		if (is_space(v.p[i]) || strchr("\"'\\`", v.p[i]))
			return false;
	return v.n && !strchr("-$<>", v.p[0]) && !str_is(v, "|") && !str_is(v, "*>");
}

void line_write_value(struct buf *b, struct str value)
{
	if (is_bare(value)) {
		buf_add(b, value);
		return;
	}
	buf_char(b, '"');
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\n' || c == '\t') {
			buf_add(b, c == '\n' ? S("\\n") : S("\\t"));
			continue;
		}
		if (c == '"' || c == '\\')
			buf_char(b, '\\');
		buf_char(b, c);
	}
	buf_char(b, '"');
}

void line_write_word(struct buf *b, struct str word)
{
	struct str name, value = str_cut(word, '=', &name);
	bool option = name.n > 1 && name.p[0] == '-' && name.n < 64 && !memchr(name.p, ' ', name.n) && !memchr(name.p, '"', name.n);

	if (str_is(word, "|") || str_is(word, ">") || str_is(word, "*>")) {
		buf_add(b, word);
		return;
	}
	if (!option) {
		line_write_value(b, word);
		return;
	}
	buf_add(b, name);
	if (name.n < word.n) {
		buf_char(b, '=');
		line_write_value(b, value);
	}
}

/* ---- pipes ---- */

static bool token_is(const struct word *t, const char *text)
{
	return !t->quoted && str_is(t->text, text);
}

static bool is_dest(const struct word *t)
{
	struct str s = t->text;

	return !t->quoted && (str_is(s, "here") || str_is(s, "me") || str_is(s, "incident") || (s.n > 1 && (s.p[0] == '#' || s.p[0] == '@')) || str_starts(s, S("<@")) ||
			      str_starts(s, S("<#")));
}

static bool fault(struct line *line, const struct word *t, struct err *err, const char *why)
{
	line->fault_at = t ? t->at : line->text.n;
	err_set(err, ERR_INVALID, "%s", why);
	return false;
}

/* Where "> here" or "*> #a #b" begins at the end of the tokens; `count`: it does not. In "up > 0" it does not. */
static size_t redirect_at(const struct line *line)
{
	size_t i = line->count;

	while (i && is_dest(&line->tokens[i - 1]))
		i--;
	if (i && i < line->count && (token_is(&line->tokens[i - 1], ">") || token_is(&line->tokens[i - 1], "*>")))
		return i - 1;
	return line->count;
}

static bool take_dests(struct line *line, size_t at, struct pipeline *out, struct err *err)
{
	size_t most = line->count > at && token_is(&line->tokens[at], ">") ? 1 : DESTS_MAX;

	for (size_t i = at + 1; i < line->count; i++) {
		if (out->dest_count == most)
			return fault(line, &line->tokens[i], err, most == 1 ? "> takes one place; *> takes several" : "that is too many places");
		out->dests[out->dest_count++] = line->tokens[i].text;
	}
	return true;
}

bool line_split(struct line *line, struct pipeline *out, struct err *err)
{
	size_t end = redirect_at(line), from = 0;

	memset(out, 0, sizeof *out);
	if (!line->count)
		return true;
	if (!take_dests(line, end, out, err))
		return false;
	if (!end) /* "> here" alone, behind a program that is over */
		return true;
	for (size_t i = 0; i <= end; i++) {
		if (i < end && !token_is(&line->tokens[i], "|"))
			continue;
		if (i == from)
			return fault(line, i < line->count ? &line->tokens[i] : NULL, err, "there is nothing between the pipes");
		if (out->count == STAGES_MAX)
			return fault(line, &line->tokens[from], err, "a line has at most 8 commands, one behind each |");
		out->stages[out->count++] = (struct stage){line->tokens + from, i - from};
		from = i + 1;
	}
	return true;
}

/* ---- the commands there are ---- */

struct named {               /* all with the same words */
	struct named *next;
	const struct command_spec *spec;
};

struct command_set {
	struct arena arena;
	struct vec specs;    /* const struct command_spec * */
	struct map by_words, by_full_name; /* hash of "deploy start", of "deploy:start" -> struct named */
};

struct command_set *command_set_new(void)
{
	struct command_set *set = mem_new(sizeof *set);

	arena_init(&set->arena);
	return set;
}

void command_set_free(struct command_set *set)
{
	if (!set)
		return;
	map_done(&set->by_words);
	map_done(&set->by_full_name);
	arena_done(&set->arena);
	mem_free(set);
}

struct arena *command_set_arena(struct command_set *set)
{
	return &set->arena;
}

size_t command_set_count(const struct command_set *set)
{
	return set->specs.count;
}

const struct command_spec *command_set_at(const struct command_set *set, size_t i)
{
	return ((const struct command_spec **)set->specs.items)[i];
}

static uint64_t lower_add(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = fnv_byte(h, (uint8_t)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
	return h;
}

static uint64_t full_name_hash(struct str plugin, struct str path)
{
	return hash_mix(lower_add(fnv_byte(lower_add(FNV_START, plugin), ':'), path));
}

static void put_named(struct command_set *set, struct map *map, uint64_t hash, const struct command_spec *spec)
{
	struct named *n = arena_alloc(&set->arena, sizeof *n);

	*n = (struct named){map_get(map, hash), spec};
	map_put(map, hash, n);
}

bool command_set_add(struct command_set *set, const struct command_spec *spec, struct err *err)
{
	uint64_t hash = hash_mix(lower_add(FNV_START, spec->words));

	for (const struct named *n = map_get(&set->by_words, hash); n; n = n->next)
		if (str_eq_nocase(n->spec->words, spec->words) && (str_is(n->spec->plugin, "core") || str_eq(n->spec->plugin, spec->plugin))) {
			err_set(err, ERR_CONFLICT, "there is a command `" STR_FMT "` of " STR_FMT " already", STR_ARG(spec->words), STR_ARG(n->spec->plugin));
			return false;
		}
	put_named(set, &set->by_words, hash, spec);
	put_named(set, &set->by_full_name, full_name_hash(spec->plugin, spec->path), spec);
	*(const struct command_spec **)vec_push(&set->arena, &set->specs, sizeof spec) = spec;
	return true;
}

/* All of a chain that really have the words: hashes can meet. */
static void take_named(const struct named *n, struct str words, struct command_found *out)
{
	for (; n; n = n->next)
		if (str_eq_nocase(n->spec->words, words) && out->other_count < COUNT_OF(out->others))
			out->others[out->other_count++] = n->spec;
	if (out->other_count == 1)
		out->spec = out->others[0];
}

/* "deploy:start" or "deploy:scale up": the plugin stands before the colon. */
static void find_full(const struct command_set *set, struct str text, struct command_found *out)
{
	struct str plugin, path = str_cut(text, ':', &plugin);

	for (const struct named *n = map_get(&set->by_full_name, full_name_hash(plugin, path)); n; n = n->next)
		if (str_eq_nocase(n->spec->plugin, plugin) && str_eq_nocase(n->spec->path, path))
			out->spec = n->spec;
}

static void find_words(const struct command_set *set, struct str text, struct command_found *out)
{
	if (memchr(text.p, ':', text.n))
		find_full(set, text, out);
	if (!out->spec)
		take_named(map_get(&set->by_words, hash_mix(lower_add(FNV_START, text))), text, out);
}

void command_set_find(const struct command_set *set, const struct word *tokens, size_t count, struct command_found *out)
{
	char joined[256];
	size_t ends[PATH_WORDS_MAX], words = 0, n = 0;

	memset(out, 0, sizeof *out);
	for (; words < count && words < PATH_WORDS_MAX; words++) {
		struct str w = tokens[words].text;

		if (n + w.n + 1 > sizeof joined)
			break;
		if (words)
			joined[n++] = ' ';
		memcpy(joined + n, w.p, w.n);
		n += w.n;
		ends[words] = n;
	}
	while (words && !out->spec && !out->other_count) {
		find_words(set, str_n(joined, ends[words - 1]), out);
		out->words = words--;
	}
}

const struct command_spec *command_set_named(const struct command_set *set, struct str words)
{
	struct command_found found = {0};

	find_words(set, words, &found);
	return found.spec;
}

struct str nearest_word(struct str word, const struct str *candidates, size_t count)
{
	struct str near = S("");
	unsigned best = word.n < 4 ? 2 : 3; /* two changes make any three letters of any other */

	for (size_t i = 0; i < count; i++) {
		unsigned d = str_distance(word, candidates[i]);

		if (d < best) {
			best = d;
			near = candidates[i];
		}
	}
	return near;
}

/* ---- aliases ---- */

struct expansion {
	struct buf out;
	const struct word *args;
	size_t count;
	bool used[LINE_MAX_WORDS];
};

static bool put_arg(struct expansion *e, size_t i)
{
	if (i >= e->count)
		return false;
	e->used[i] = true;
	line_write_value(&e->out, e->args[i].text);
	return true;
}

/* $1 ${2} ${2:-x}; the answer is how much of the text it takes, 0: it is none. */
static size_t expand_one(struct expansion *e, struct str s, struct str *missing)
{
	bool braces = s.n > 3 && s.p[1] == '{';
	char digit = s.n > 1 ? s.p[braces ? 2 : 1] : 0;
	const char *end = braces ? memchr(s.p, '}', s.n) : NULL;
	struct str otherwise = S("");

	if (digit < '1' || digit > '9' || (braces && !end))
		return 0;
	if (end && s.p[3] == ':' && s.p[4] == '-')
		otherwise = str_n(s.p + 5, (size_t)(end - s.p) - 5);
	else if (end && end != s.p + 3)
		return 0;
	if (!put_arg(e, (size_t)(digit - '1')) && otherwise.n)
		line_write_value(&e->out, otherwise);
	else if ((size_t)(digit - '1') >= e->count && !otherwise.n)
		*missing = str_n(s.p, end ? (size_t)(end - s.p) + 1 : 2);
	return end ? (size_t)(end - s.p) + 1 : 2;
}

static void put_rest(struct expansion *e, bool all)
{
	bool first = true;

	for (size_t i = 0; i < e->count; i++) {
		if (e->used[i])
			continue;
		if (!first || !all)
			buf_char(&e->out, ' ');
		first = false;
		if (e->args[i].quoted)
			line_write_value(&e->out, e->args[i].text);
		else
			line_write_word(&e->out, e->args[i].text);
		e->used[i] = true;
	}
}

bool alias_expand(struct arena *a, struct str text, const struct word *args, size_t count, struct str *out, struct err *err)
{
	struct expansion e = {.args = args, .count = count < LINE_MAX_WORDS ? count : LINE_MAX_WORDS};
	struct str missing = S("");

	buf_init(&e.out, LINE_MAX_BYTES);
	while (text.n) {
		size_t n = text.p[0] == '$' ? expand_one(&e, text, &missing) : 0;

		if (!n && str_starts(text, S("$@"))) {
			put_rest(&e, true);
			n = 2;
		} else if (!n) {
			buf_char(&e.out, text.p[0]);
			n = 1;
		}
		text = str_n(text.p + n, text.n - n);
	}
	put_rest(&e, false);
	if (missing.n)
		err_set(err, ERR_INVALID, "the alias wants more: " STR_FMT " is missing", STR_ARG(missing));
	else if (e.out.failed)
		err_set(err, ERR_TOO_BIG, "what the alias stands for is longer than %d bytes", LINE_MAX_BYTES);
	*out = buf_keep(a, &e.out);
	return !err->code;
}
