#include "ops/source.h"

#include "base/jq.h"
#include "base/yaml.h"
#include "ops/source_files.h"

#include <stdlib.h>

struct source_kind {
	struct str tool, title, setup, program, file; /* owned */
	int program_line; /* where the program begins in its file */
	bool lower_keys;
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
	static const char *const keys[] = {"tool", "title", "setup", "keys", "program"};

	for (const struct json *m = tree->child; m; m = m->next) {
		size_t i = 0;

		while (i < COUNT_OF(keys) && !str_is(m->key, keys[i]))
			i++;
		if (i == COUNT_OF(keys) || m->type != JSON_STR) {
			err_set(err, ERR_INVALID, "%s: line %u: " STR_FMT, file, m->line,
				STR_ARG(i == COUNT_OF(keys) ? S("a source has tool, title, setup, keys and program, nothing else") : S("a text is wanted here")));
			return false;
		}
	}
	return true;
}

struct source_kind *source_kind_new(const struct json *tree, const char *file, struct err *err)
{
	struct str tool = json_get_str(tree, "tool"), title = json_get_str(tree, "title"), program = json_get_str(tree, "program"),
		   keys = json_get_str(tree, "keys");
	struct source_kind *k;

	if (!known_keys(tree, file, err))
		return NULL;
	if (!is_tool_name(tool) || !program.n) {
		err_set(err, ERR_INVALID, "%s: a source needs `tool` (a-z, 0-9, _ and -) and `program`", file);
		return NULL;
	}
	if (keys.n && !str_is(keys, "lower")) {
		err_set(err, ERR_INVALID, "%s: line %u: `keys` can be lower, or is left out", file, json_get(tree, "keys")->line);
		return NULL;
	}
	k = mem_new(sizeof *k);
	k->lower_keys = keys.n > 0;
	k->tool = keep(tool);
	k->title = keep(title.n ? title : tool);
	k->setup = keep(json_get_str(tree, "setup"));
	k->program = keep(program);
	k->file = keep(str_of(file));
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
		err_prefix(err, STR_FMT ": the program (from line %d on): ", STR_ARG(k->file), k->program_line);
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
