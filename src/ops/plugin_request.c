#include "ops/plugin_request.h"

#define ENV_MAX 8

/* ---- argv ---- */

static void add_word(struct arena *a, struct vec *v, struct str s)
{
	*(struct str *)vec_push(a, v, sizeof s) = arena_dup(a, s);
}

/* The words of the command that follow the plugin's name; "deploy" of the plugin deploy has none. */
static void add_path(struct arena *a, struct vec *v, const struct command_spec *spec)
{
	struct str rest = str_eq(spec->words, spec->plugin) ? S("") : spec->path, word;

	while (str_word(&rest, &word))
		add_word(a, v, word);
}

static void add_option(struct arena *a, struct vec *v, const struct param *p, const struct value *value)
{
	if (p->type != PARAM_BOOL)
		add_word(a, v, arena_printf(a, "--" STR_FMT "=" STR_FMT, STR_ARG(p->name), STR_ARG(value->text)));
	else if (value->number)
		add_word(a, v, arena_printf(a, "--" STR_FMT, STR_ARG(p->name)));
	else if (str_is(p->fallback, "true")) /* else not saying it is the same, and more programs understand that */
		add_word(a, v, arena_printf(a, "--no-" STR_FMT, STR_ARG(p->name)));
}

static void add_params(struct arena *a, struct vec *v, const struct typed_call *call, bool options)
{
	bool dashes = options;

	for (size_t i = 0; i < call->spec->param_count; i++) {
		const struct param *p = &call->spec->params[i];

		for (size_t k = 0; p->option == options && k < call->params[i].count; k++) {
			if (!dashes)
				add_word(a, v, S("--"));
			dashes = true;
			if (options)
				add_option(a, v, p, &call->params[i].values[k]);
			else
				add_word(a, v, call->params[i].values[k].text);
		}
	}
}

static void write_argv(struct arena *a, const struct plugin_request *r, struct plugin_input *out)
{
	const struct plugin *p = r->command->owner;
	struct vec v = {0};

	for (size_t i = 0; i < p->program_count; i++)
		add_word(a, &v, p->program[i]);
	add_path(a, &v, &r->command->spec);
	if (r->dry_run)
		add_word(a, &v, S("--dry-run"));
	add_params(a, &v, r->call, true);
	add_params(a, &v, r->call, false);
	out->argv = v.items;
	out->argc = v.count;
}

/* ---- the document ---- */

static void put_value(struct json_out *o, const struct param *p, const struct value *v)
{
	if (p->type == PARAM_INT)
		json_put_int(o, v->number);
	else if (p->type == PARAM_REAL)
		json_put_real(o, v->real);
	else if (p->type == PARAM_BOOL)
		json_put_bool(o, v->number != 0);
	else
		json_put_str(o, v->text);
}

/* Each that has a value; of those that repeat always a list. */
static void put_params(struct json_out *o, const char *key, const struct typed_call *call, bool options)
{
	json_key(o, key);
	json_open(o, '{');
	for (size_t i = 0; i < call->spec->param_count; i++) {
		const struct param *p = &call->spec->params[i];
		const struct bound_param *b = &call->params[i];

		if (p->option != options || (!b->count && !p->repeat))
			continue;
		json_key_str(o, p->name);
		if (p->repeat)
			json_open(o, '[');
		for (size_t k = 0; k < b->count; k++)
			put_value(o, p, &b->values[k]);
		if (p->repeat)
			json_close(o, ']');
	}
	json_close(o, '}');
}

static void put_or_null(struct json_out *o, const char *key, struct str s)
{
	json_key(o, key);
	if (s.n)
		json_put_str(o, s);
	else
		json_put_null(o);
}

static void put_user(struct json_out *o, const struct plugin_request *r)
{
	json_key(o, "user");
	json_open(o, '{');
	json_add_str(o, "id", r->user_id);
	json_add_str(o, "name", r->user);
	put_or_null(o, "email", r->email);
	json_key(o, "groups");
	json_open(o, '[');
	for (size_t i = 0; i < r->group_count; i++)
		json_put_str(o, r->groups[i]);
	json_close(o, ']');
	json_close(o, '}');
}

static void put_room(struct json_out *o, const struct plugin_request *r)
{
	json_key(o, "room");
	if (!r->room_id.n) {
		json_put_null(o);
		return;
	}
	json_open(o, '{');
	json_add_str(o, "id", r->room_id);
	json_add_str(o, "name", r->room);
	json_close(o, '}');
}

static void put_approvals(struct json_out *o, const struct plugin_request *r)
{
	json_key(o, "approvals");
	json_open(o, '[');
	for (size_t i = 0; i < r->approval_count; i++) {
		json_open(o, '{');
		json_add_str(o, "by", r->approvals[i].by);
		json_add_wall(o, "at", r->approvals[i].at);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static bool write_document(struct arena *a, const struct plugin_request *r, struct plugin_input *out, struct err *err)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, PLUGIN_INPUT_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "v", 1);
	json_add_str(&o, "id", r->id);
	json_add_str(&o, "command", r->command->spec.words);
	put_params(&o, "args", r->call, false);
	put_params(&o, "options", r->call, true);
	json_add_str(&o, "raw", r->raw);
	put_user(&o, r);
	put_room(&o, r);
	put_or_null(&o, "thread", r->thread);
	put_or_null(&o, "incident", r->incident);
	json_add_bool(&o, "dry_run", r->dry_run);
	put_approvals(&o, r);
	json_add_raw(&o, "rows", r->rows.n ? r->rows : S("[]"));
	json_add_wall(&o, "deadline", r->deadline);
	json_close(&o, '}');
	buf_char(&b, '\n');
	if (b.failed)
		err_set(err, ERR_TOO_BIG, "more than 8 MiB of rows for `" STR_FMT "`: put a `head` before it", STR_ARG(r->command->spec.words));
	out->document = buf_keep(a, &b);
	return err->code == ERR_NONE;
}

/* ---- the environment ---- */

static void add_env(struct arena *a, struct plugin_input *out, const char *name, struct str value)
{
	out->env[out->env_count++] = arena_printf(a, "OPSROOM_%s=" STR_FMT, name, STR_ARG(value));
}

static void write_env(struct arena *a, const struct plugin_request *r, struct plugin_input *out)
{
	out->env = arena_alloc(a, ENV_MAX * sizeof *out->env);
	out->env_count = 0;
	add_env(a, out, "ID", r->id);
	add_env(a, out, "PLUGIN", r->command->spec.plugin);
	add_env(a, out, "COMMAND", r->command->spec.words);
	add_env(a, out, "USER", r->user);
	add_env(a, out, "ROOM", r->room);
	add_env(a, out, "INCIDENT", r->incident);
	add_env(a, out, "DRY_RUN", r->dry_run ? S("1") : S("0"));
}

bool plugin_request_write(struct arena *a, const struct plugin_request *r, struct plugin_input *out, struct err *err)
{
	write_argv(a, r, out);
	write_env(a, r, out);
	return write_document(a, r, out, err);
}
