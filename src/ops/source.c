#include "ops/source.h"

#include "base/file.h"
#include "base/jq.h"
#include "base/yaml.h"
#include "ops/source_files.h"

#include <stdio.h>

struct source_kind {
	struct str tool, title, setup, program, file; /* owned */
	int tool_line, program_line; /* of their keys in the file */
	bool lower_keys;
	struct source_can can; /* texts owned */
	struct jq_program *compiled;
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
	static const char *const keys[] = {"tool", "title", "setup", "auth", "keys", "program"};

	for (const struct json *m = tree->child; m; m = m->next) {
		size_t i = 0;

		while (i < COUNT_OF(keys) && !str_is(m->key, keys[i]))
			i++;
		if (i == COUNT_OF(keys) || (m->type != JSON_STR && !str_is(m->key, "auth"))) {
			err_set(err, ERR_INVALID, "%s: line %u: " STR_FMT, file, m->line,
				STR_ARG(i == COUNT_OF(keys) ? S("a source has tool, title, setup, auth, keys and program, nothing else") : S("a text is wanted here")));
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

struct source_kind *source_kind_new(const struct json *tree, const char *file, struct err *err)
{
	struct str tool = json_get_str(tree, "tool"), title = json_get_str(tree, "title"), program = json_get_str(tree, "program"),
		   keys = json_get_str(tree, "keys");
	struct source_can can;
	struct source_kind *k;

	if (!known_keys(tree, file, err))
		return NULL;
	if (!is_tool_name(tool) || !program.n) {
		err_set(err, ERR_INVALID, "%s: line %u: a source needs `tool` (a-z, 0-9, _ and -) and `program`", file,
			json_get(tree, "tool") ? json_get(tree, "tool")->line : 1);
		return NULL;
	}
	if (keys.n && !str_is(keys, "lower")) {
		err_set(err, ERR_INVALID, "%s: line %u: `keys` can be lower, or is left out", file, json_get(tree, "keys")->line);
		return NULL;
	}
	if (!read_can(json_get(tree, "auth"), file, &can, err))
		return NULL;
	k = mem_new(sizeof *k);
	k->can = (struct source_can){keep(can.header), keep(can.hmac), keep(can.prefix), can.basic, can.sns};
	k->lower_keys = keys.n > 0;
	k->tool = keep(tool);
	k->title = keep(title.n ? title : tool);
	k->setup = keep(json_get_str(tree, "setup"));
	k->program = keep(program);
	k->file = keep(str_of(file));
	k->tool_line = (int)json_get(tree, "tool")->line;
	k->program_line = (int)json_get(tree, "program")->line;
	return k;
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
	mem_free((void *)k->can.header.p);
	mem_free((void *)k->can.hmac.p);
	mem_free((void *)k->can.prefix.p);
	jq_program_free(k->compiled);
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

bool source_kind_compile(struct source_kind *k, struct err *err)
{
	struct buf text;

	if (k->compiled)
		return true;
	buf_init(&text, 2 * JQ_PROGRAM_MAX);
	buf_printf(&text, ".[1] as $headers | .[0] |\n" STR_FMT, STR_ARG(k->program));
	k->compiled = jq_program_new(source_prelude, buf_str(&text), err);
	buf_done(&text);
	if (!k->compiled)
		say_where(k, err);
	return k->compiled != NULL;
}

/* ---- reading a body ---- */

/* The names of an object's members, or of all objects of a list. jq 1.6 takes a microsecond for each letter. */
static void lower_keys(struct arena *a, struct json *v)
{
	for (struct json *m = v->child; m; m = m->next) {
		if (v->type == JSON_OBJECT)
			m->key = arena_lower(a, m->key);
		else if (v->type == JSON_ARRAY && m->type == JSON_OBJECT)
			lower_keys(a, m);
	}
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
	event_clean(body);
	if (k->lower_keys)
		lower_keys(a, body);
	body->next = &second;
	second.next = NULL;
	if (!jq_run(k->compiled, a, &both, EVENTS_PER_BODY, &drafts, err))
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
