#include "ops/source.h"

#include "base/file.h"
#include "base/jq.h"
#include "base/jq_apart.h"
#include "base/yaml.h"
#include "ops/source_files.h"

#include <stdio.h>
#include <stdlib.h>

#define SEALS 512

struct source_kind {
	struct str tool, title, setup, program, file; /* owned */
	int tool_line, program_line; /* of their keys in the file */
	bool lower_keys, plain_keys;
	struct str key_prefix; /* owned: taken off the names of members */
	bool only_named, otlp_values;
	struct str types; /* owned: content types, a space behind each; "": any */
	struct str *names; /* only_named: the words of the program, sorted, views into it */
	size_t name_count;
	bool may_be_name[SEALS]; /* by their seal(): most members are refused by one look */
	struct str members,
		more[8]; /* owned, and what it keeps beside the names, as beginnings or (whole) with all that is in them */
	bool more_whole[8];
	size_t more_count;
	struct source_can can; /* texts owned */
	struct jq_program *compiled;
	struct jq_apart *apart; /* instead of it */
};

static struct str keep(struct str s)
{
	return (struct str){mem_dup(s), s.n};
}

static bool is_tool_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= 40;
}

static bool known_keys(const struct json *tree, const char *file, struct err *err)
{
	static const char *const keys[] = {"tool", "title", "setup", "auth", "keys", "members", "values", "content_types", "program"};

	for (const struct json *m = tree->child; m; m = m->next) {
		size_t i = 0;

		while (i < COUNT_OF(keys) && !str_is(m->key, keys[i]))
			i++;
		if (i == COUNT_OF(keys) || (m->type != JSON_STR && !str_is(m->key, "auth") && !str_is(m->key, "content_types"))) {
			err_set(err, ERR_INVALID, "%s: line %u: " STR_FMT, file, m->line,
				STR_ARG(i == COUNT_OF(keys) ? S("a source has tool, title, setup, auth, content_types, "
								"keys, members, values and program, nothing else")
							    : S("a text is wanted here")));
			return false;
		}
	}
	return true;
}

bool source_header_ok(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!(name.p[i] >= 'a' && name.p[i] <= 'z') && !(name.p[i] >= 'A' && name.p[i] <= 'Z') &&
		    !(name.p[i] >= '0' && name.p[i] <= '9') && name.p[i] != '-')
			return false;
	return name.n > 0 && name.n <= 80;
}

/* Views into the tree. */
static bool read_can(const struct json *auth, const char *file, struct source_can *out, struct err *err)
{
	bool ok = !auth || auth->type == JSON_OBJECT;

	*out = (struct source_can){0};
	for (const struct json *m = ok && auth ? auth->child : NULL; m && ok; m = m->next) {
		struct str *at = str_is(m->key, "header") ? &out->header : str_is(m->key, "hmac") ? &out->hmac : NULL;

		if (at) {
			*at = json_str(m);
			ok = source_header_ok(*at);
		} else if (str_is(m->key, "prefix")) {
			out->prefix = json_str(m);
			ok = out->prefix.n > 0 && out->prefix.n <= 40;
		} else {
			out->basic = out->basic || str_is(m->key, "basic");
			out->sns = out->sns || str_is(m->key, "sns");
			ok = (str_is(m->key, "basic") || str_is(m->key, "sns")) && m->type == JSON_TRUE;
		}
	}
	if (ok && (out->hmac.n || !out->prefix.n))
		return true;
	err_set(err, ERR_INVALID, "%s: line %u: `auth` has header: NAME, hmac: NAME with a prefix: TEXT, basic: true, sns: true", file, auth->line);
	return false;
}

/* ---- the names that a program has ---- */

static bool is_word(char c)
{
	static const bool words[256] = {['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true};

	return words[(uint8_t)c];
}

static size_t seal(struct str s)
{
	return s.n ? (s.n * 67 + (uint8_t)s.p[0] * 5 + (uint8_t)s.p[s.n - 1] * 31) % SEALS : 0;
}

static int by_text(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* All words of its text, whatever they are there: too many do no harm. */
static void find_names(struct source_kind *k)
{
	struct str text = k->program;
	size_t words = 0;

	for (size_t i = 0; i < text.n; i++)
		words += is_word(text.p[i]) && (i == 0 || !is_word(text.p[i - 1]));
	k->names = mem_new((words + 1) * sizeof *k->names);
	for (size_t i = 0, end; i < text.n; i = end + 1) {
		for (end = i; end < text.n && is_word(text.p[end]); end++)
			;
		if (end == i)
			continue;
		k->names[k->name_count] = str_n(text.p + i, end - i);
		k->may_be_name[seal(k->names[k->name_count++])] = true;
	}
	qsort(k->names, k->name_count, sizeof *k->names, by_text);
}

static bool is_kept_more(const struct source_kind *k, struct str key)
{
	for (size_t i = 0; i < k->more_count; i++)
		if (str_starts(key, k->more[i]) && (!k->more_whole[i] || key.n == k->more[i].n))
			return true;
	return false;
}

static bool is_kept_whole(const struct source_kind *k, struct str key)
{
	for (size_t i = 0; i < k->more_count; i++)
		if (k->more_whole[i] && str_eq(key, k->more[i]))
			return true;
	return false;
}

static bool is_named(const struct source_kind *k, struct str key)
{
	if (k->may_be_name[seal(key)] && bsearch(&key, k->names, k->name_count, sizeof key, by_text))
		return true;
	if (k->more_count && is_kept_more(k, key))
		return true;
	for (size_t i = 0; i < key.n; i++)
		if (!is_word(key.p[i])) /* "build-status" */
			return str_find(k->program, key, NULL);
	return false;
}

static bool read_types(struct source_kind *k, const struct json *list)
{
	struct buf b;
	bool ok = !list || list->type == JSON_ARRAY;

	buf_init(&b, 1 * KIB);
	for (const struct json *v = ok && list ? list->child : NULL; v && ok; v = v->next)
		ok = memchr(json_str(v).p, '/', json_str(v).n) && buf_printf(&b, STR_FMT " ", STR_ARG(json_str(v)));
	k->types = keep(buf_str(&b));
	buf_done(&b);
	return ok;
}

bool source_kind_takes(const struct source_kind *k, struct str content_type)
{
	struct str one, rest = k->types, sent;

	str_cut(content_type, ';', &sent);
	sent = str_trim(sent);
	while (rest.n) {
		rest = str_cut(rest, ' ', &one);
		if (str_eq_nocase(one, sent))
			return true;
	}
	return k->types.n == 0;
}

static bool read_keys(struct source_kind *k, struct str keys)
{
	struct str word, rest = str_cut(keys, ' ', &word);

	k->plain_keys = str_is(word, "plain");
	k->lower_keys = k->plain_keys || str_is(word, "lower");
	if (k->lower_keys && rest.n)
		rest = str_cut(rest, ' ', &word);
	else if (k->lower_keys)
		return true;
	if (str_is(word, "without"))
		k->key_prefix = keep(rest);
	return !keys.n || k->key_prefix.n;
}

/* "named PREFIX* NAME.* ..." */
static bool read_members(struct source_kind *k, struct str members)
{
	struct str word, rest = str_cut(members, ' ', &word);

	k->members = keep(rest);
	k->only_named = str_is(word, "named");
	for (rest = k->members; rest.n; k->more_count++) {
		rest = str_cut(rest, ' ', &word);
		if (k->more_count == COUNT_OF(k->more) || !str_ends(word, S("*")))
			return false;
		word.n--;
		k->more_whole[k->more_count] = str_ends(word, S("."));
		word.n -= k->more_whole[k->more_count];
		k->more[k->more_count] = word;
	}
	if (k->only_named)
		find_names(k);
	return k->only_named || !members.n;
}

struct source_kind *source_kind_new(const struct json *tree, const char *file, struct err *err)
{
	struct str tool = json_get_str(tree, "tool"), title = json_get_str(tree, "title"),
		   program = json_get_str(tree, "program");
	struct source_can can;
	struct source_kind *k;

	if (!known_keys(tree, file, err))
		return NULL;
	if (!is_tool_name(tool) || !program.n) {
		err_set(err, ERR_INVALID, "%s: line %u: a source needs `tool` (a-z, 0-9, _ and -) and `program`", file,
			json_get(tree, "tool") ? json_get(tree, "tool")->line : 1);
		return NULL;
	}
	if (!read_can(json_get(tree, "auth"), file, &can, err))
		return NULL;
	k = mem_new(sizeof *k);
	k->can = (struct source_can){keep(can.header), keep(can.hmac), keep(can.prefix), can.basic, can.sns};
	k->otlp_values = str_is(json_get_str(tree, "values"), "otlp");
	k->tool = keep(tool);
	k->title = keep(title.n ? title : tool);
	k->setup = keep(json_get_str(tree, "setup"));
	k->program = keep(program);
	k->file = keep(str_of(file));
	k->tool_line = (int)json_get(tree, "tool")->line;
	k->program_line = (int)json_get(tree, "program")->line;
	if (!read_keys(k, json_get_str(tree, "keys")))
		err_set(err, ERR_INVALID,
			"%s: line %u: `keys` can be lower or plain, and without PREFIX, or is left out", file,
			json_get(tree, "keys")->line);
	else if (!read_members(k, json_get_str(tree, "members")))
		err_set(err, ERR_INVALID,
			"%s: line %u: `members` can be named, with more as PREFIX* and NAME.* behind it, or is left "
			"out",
			file, json_get(tree, "members")->line);
	else if (!read_types(k, json_get(tree, "content_types")))
		err_set(err, ERR_INVALID, "%s: line %u: `content_types` is a list such as [application/json]", file,
			json_get(tree, "content_types")->line);
	else if (json_get(tree, "values") && !k->otlp_values)
		err_set(err, ERR_INVALID, "%s: line %u: `values` can be otlp, or is left out", file,
			json_get(tree, "values")->line);
	else
		return k;
	source_kind_free(k);
	return NULL;
}

void source_kind_free(struct source_kind *k)
{
	if (!k)
		return;
	mem_free((void *)k->tool.p);
	mem_free((void *)k->title.p);
	mem_free((void *)k->setup.p);
	mem_free((void *)k->program.p);
	mem_free((void *)k->file.p);
	mem_free((void *)k->key_prefix.p);
	mem_free((void *)k->types.p);
	mem_free((void *)k->members.p);
	mem_free(k->names);
	mem_free((void *)k->can.header.p);
	mem_free((void *)k->can.hmac.p);
	mem_free((void *)k->can.prefix.p);
	jq_program_free(k->compiled);
	jq_apart_free(k->apart);
	mem_free(k);
}

struct str source_kind_tool(const struct source_kind *k)
{
	return k->tool;
}

struct str source_kind_title(const struct source_kind *k)
{
	return k->title;
}

struct str source_kind_setup(const struct source_kind *k)
{
	return k->setup;
}

const struct source_can *source_kind_can(const struct source_kind *k)
{
	return &k->can;
}

struct str source_kind_file(const struct source_kind *k)
{
	return k->file;
}

/* "line 3: ..." of the program becomes the line of the file. One line stands before the program; the text of a block begins
 * below its key. */
static void say_where(const struct source_kind *k, struct err *err)
{
	struct str said = str_of(err->text), number, rest;
	char why[sizeof err->text];
	int below = memchr(k->program.p, '\n', k->program.n) != NULL;
	int64_t line;
	enum err_code code = err->code;

	if (!str_starts(said, S("line "))) {
		err_prefix(err, STR_FMT ": line %d: ", STR_ARG(k->file), k->program_line);
		return;
	}
	rest = str_cut(str_n(said.p + 5, said.n - 5), ':', &number);
	if (!str_to_int(number, &line))
		line = 2;
	snprintf(why, sizeof why, STR_FMT, STR_ARG(str_trim(rest)));
	err_clear(err);
	err_set(err, code, STR_FMT ": line %d: %s", STR_ARG(k->file), k->program_line + below + (line > 2 ? (int)line - 2 : 0), why);
}

static bool wants_headers(const struct source_kind *k)
{
	return str_find(k->program, S("$headers"), NULL);
}

static struct buf whole_program(const struct source_kind *k)
{
	struct buf text;

	buf_init(&text, 2 * JQ_PROGRAM_MAX);
	buf_printf(&text, "%s\n" STR_FMT, wants_headers(k) ? ".[1] as $headers | .[0] |" : "", STR_ARG(k->program));
	return text;
}

bool source_kind_compile(struct source_kind *k, struct err *err)
{
	struct buf text;

	if (k->compiled || k->apart)
		return true;
	text = whole_program(k);
	k->compiled = jq_program_new(source_prelude, buf_str(&text), err);
	buf_done(&text);
	if (!k->compiled)
		say_where(k, err);
	return k->compiled != NULL;
}

/* ---- reading a body ---- */

/* The text is the caller's own: EVENT.NAME has become event.name, and becomes event_name. */
static struct str plain_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.')
			((char *)s.p)[i] = '_';
	return s;
}

/* The names of an object's members, or of all objects of a list. jq 1.6 takes a microsecond for each letter. */
static void lower_keys(struct arena *a, struct json *v, bool plain)
{
	for (struct json *m = v->child; m; m = m->next) {
		if (v->type == JSON_OBJECT)
			m->key = plain ? plain_name(arena_lower(a, m->key)) : arena_lower(a, m->key);
		else if (v->type == JSON_ARRAY && m->type == JSON_OBJECT)
			lower_keys(a, m, plain);
	}
}

static void cut_keys(struct json *v, struct str prefix)
{
	for (struct json *m = v->type == JSON_OBJECT ? v->child : NULL; m; m = m->next)
		if (str_starts(m->key, prefix))
			m->key = str_n(m->key.p + prefix.n, m->key.n - prefix.n);
}

/* Half a microsecond for each member that libjq need not take over: GitHub sends five hundred and a program looks at twenty. */
static void leave_named(const struct source_kind *k, struct json *v)
{
	struct json **at = &v->child;

	while (*at) {
		if (v->type == JSON_OBJECT && !is_named(k, (*at)->key)) {
			*at = (*at)->next;
			v->count--;
			continue;
		}
		if ((*at)->child && !(v->type == JSON_OBJECT && is_kept_whole(k, (*at)->key)))
			leave_named(k, *at);
		at = &(*at)->next;
	}
}

/* {"stringValue": "x"}, {"intValue": "1"}, {"arrayValue": {"values": [...]}} ... become what they hold. A map stays what it is. */
static void open_value(struct json *v)
{
	static const char *const names[] = {"stringValue", "intValue", "doubleValue", "boolValue"};
	const struct json *in = json_get(json_get(v, "arrayValue"), "values");
	struct json was = *v;

	for (size_t i = 0; i < COUNT_OF(names) && !in; i++)
		in = json_get(v, names[i]);
	if (!in)
		return;
	*v = *in;
	v->key = was.key;
	v->key_hash = was.key_hash;
	v->next = was.next;
}

/* [{"key", "value"}, ...] becomes an object. */
static void open_pairs(struct json *list)
{
	struct json **at = &list->child;
	const struct json *first = list->child;

	if (json_is(json_get(first, "key"), JSON_STR) && json_get(first, "value"))
		list->type = JSON_OBJECT;
	while (list->type == JSON_OBJECT && *at) {
		struct json *pair = *at, *key = json_get(pair, "key"), *value = json_get(pair, "value");

		if (!json_is(key, JSON_STR) || !value) {
			*at = pair->next;
			list->count--;
			continue;
		}
		value->key = key->text;
		value->next = pair->next;
		*at = value;
		at = &value->next;
	}
}

static void open_otlp(struct json *v)
{
	for (struct json *m = v->child; m; m = m->next)
		open_otlp(m);
	if (v->type == JSON_OBJECT)
		open_value(v);
	else if (v->type == JSON_ARRAY)
		open_pairs(v);
}

static void prepare(struct source_kind *k, struct arena *a, struct json *body)
{
	if (k->lower_keys)
		lower_keys(a, body, k->plain_keys);
	if (k->key_prefix.n)
		cut_keys(body, k->key_prefix);
	if (k->only_named)
		leave_named(k, body);
	if (k->otlp_values)
		open_otlp(body);
	event_clean(body);
}

static bool run(struct source_kind *k, struct arena *a, const struct json *input, struct json **drafts, struct err *err)
{
	if (!k->apart)
		return jq_run(k->compiled, a, input, EVENTS_PER_BODY, drafts, err);
	if (jq_apart_run(k->apart, a, input, EVENTS_PER_BODY, drafts, err))
		return true;
	if (err->code == ERR_INTERNAL || err->code == ERR_UNAVAILABLE)
		err_prefix(err, STR_FMT ": ", STR_ARG(k->file));
	return false;
}

bool source_read(struct source_kind *k, struct arena *a, struct json *body, const struct json *headers, struct str raw,
		 struct source_reading *out, struct err *err)
{
	struct json both = {.type = JSON_ARRAY, .count = 2, .child = body}, none = {.type = JSON_OBJECT}, second = headers ? *headers : none;
	struct json *drafts;
	size_t most = 0;

	*out = (struct source_reading){.confirm_url = S("")};
	if (!source_kind_compile(k, err))
		return false;
	prepare(k, a, body);
	body->next = &second;
	second.next = NULL;
	if (!run(k, a, wants_headers(k) ? &both : body, &drafts, err))
		return false;
	for (const struct json *d = drafts; d; d = d->next)
		most++;
	out->events = arena_alloc(a, (most + 1) * sizeof *out->events);
	for (const struct json *d = drafts; d; d = d->next) {
		struct str confirm = json_get_str(d, "sns_confirm");

		if (confirm.n)
			out->confirm_url = confirm;
		else if (!event_of(a, k->tool, d, raw, out->count, &out->events[out->count], err))
			return false;
		else
			out->count++;
	}
	return true;
}

/* ---- the built-in ones ---- */

static struct source_kind *builtin_made[SOURCE_FILES_MAX];

size_t source_builtin_count(void)
{
	return source_file_count;
}

struct str source_builtin_name(size_t i)
{
	return str_of(source_files[i].tool);
}

static struct source_kind *builtin_make(const struct source_file *f)
{
	struct err err = {0};
	struct arena a;
	struct json *tree;
	struct source_kind *k = NULL;

	arena_init(&a);
	tree = yaml_parse(&a, str_n((const char *)f->text, f->size), f->tool, &err);
	if (tree)
		k = source_kind_new(tree, f->tool, &err);
	arena_done(&a);
	return k;
}

struct source_kind *source_builtin(struct str tool)
{
	for (size_t i = 0; i < source_file_count; i++)
		if (str_is(tool, source_files[i].tool)) {
			if (!builtin_made[i])
				builtin_made[i] = builtin_make(&source_files[i]);
			return builtin_made[i];
		}
	return NULL;
}

/* ---- a team's own ---- */

struct source_folder {
	size_t count;
	struct source_kind *kinds[];
};

static struct source_kind *kind_of_file(struct arena *a, const char *path, struct err *err)
{
	struct source_kind *k;
	struct json *tree;
	struct str text;

	if (!file_read(a, path, &text, err) || !(tree = yaml_parse(a, text, path, err)))
		return NULL;
	k = source_kind_new(tree, path, err);
	if (k && source_kind_compile(k, err))
		return k;
	source_kind_free(k);
	return NULL;
}

static bool folder_take(struct source_folder *f, struct source_kind *k, struct err *err)
{
	const struct source_kind *other = source_folder_find(f, k->tool);

	if (other)
		err_set(err, ERR_INVALID, STR_FMT ": line %d: `tool: " STR_FMT "` is that of " STR_FMT " too", STR_ARG(k->file), k->tool_line, STR_ARG(k->tool),
			STR_ARG(other->file));
	f->kinds[f->count++] = k;
	return !other;
}

struct source_folder *source_folder_read(struct str dir, struct err *err)
{
	struct source_folder *f = NULL;
	struct str *names = NULL, path;
	size_t count = 0;
	struct arena a;
	bool ok = true;

	arena_init(&a);
	path = arena_dup(&a, dir);
	if (!dir.n || file_names(&a, path.p, ".yaml", &names, &count, err))
		f = mem_new(sizeof *f + count * sizeof(struct source_kind *));
	for (size_t i = 0; f && ok && i < count; i++) {
		struct source_kind *k = kind_of_file(&a, arena_printf(&a, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(names[i])).p, err);

		ok = k && folder_take(f, k, err);
	}
	arena_done(&a);
	if (ok)
		return f;
	source_folder_free(f);
	return NULL;
}

void source_folder_free(struct source_folder *f)
{
	for (size_t i = 0; f && i < f->count; i++)
		source_kind_free(f->kinds[i]);
	mem_free(f);
}

void source_folder_set_apart(struct source_folder *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct source_kind *k = f->kinds[i];
		struct buf text = whole_program(k);

		k->apart = jq_apart_new(source_prelude, buf_str(&text));
		buf_done(&text);
		jq_program_free(k->compiled);
		k->compiled = NULL;
	}
}

size_t source_folder_count(const struct source_folder *f)
{
	return f ? f->count : 0;
}

struct source_kind *source_folder_at(const struct source_folder *f, size_t i)
{
	return f->kinds[i];
}

struct source_kind *source_folder_find(const struct source_folder *f, struct str tool)
{
	for (size_t i = 0; i < source_folder_count(f); i++)
		if (str_eq(f->kinds[i]->tool, tool))
			return f->kinds[i];
	return NULL;
}

struct source_kind *source_find(const struct source_folder *own, struct str tool)
{
	struct source_kind *k = source_folder_find(own, tool);

	return k ? k : source_builtin(tool);
}
