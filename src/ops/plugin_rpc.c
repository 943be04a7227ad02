/* Chatops RPC v3: the listing of a server as commands, calls and answers. */
#include "ops/plugin_rpc.h"

#include "base/crypt.h"
#include "ops/plugin_parts.h"
#include "ops/text.h"

#include <stdio.h>

#define METHODS_MAX PLUGIN_COMMANDS_MAX

/* ---- signing ---- */

struct str rpc_signed_text(struct arena *a, struct str url, struct str nonce, struct str timestamp, struct str body)
{
	return arena_printf(a, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(url), STR_ARG(nonce), STR_ARG(timestamp), STR_ARG(body));
}

bool rpc_sign(struct arena *a, struct str pem, struct str key_id, struct str url, struct str nonce, wall_ms now, struct str body, struct rpc_headers *out, struct err *err)
{
	char written[WALL_TEXT_SIZE];
	struct str second, signature;

	str_cut(wall_write(written, now), '.', &second);
	second = arena_printf(a, STR_FMT "Z", STR_ARG(second));
	if (!crypt_rsa_sign(a, pem, rpc_signed_text(a, url, nonce, second, body), &signature, err))
		return false;
	out->nonce = arena_printf(a, "Chatops-Nonce: " STR_FMT, STR_ARG(nonce));
	out->timestamp = arena_printf(a, "Chatops-Timestamp: " STR_FMT, STR_ARG(second));
	out->signature = arena_printf(a, "Chatops-Signature: Signature keyid=" STR_FMT ",signature=" STR_FMT, STR_ARG(key_id), STR_ARG(signature));
	return true;
}

/* ---- the listing ---- */

/* A path below the listing's own: nothing that leads elsewhere. */
static bool path_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') && !(s.p[i] >= '0' && s.p[i] <= '9') && !strchr("-_./~", s.p[i]))
			return false;
	return s.n && s.n <= 500 && s.p[0] != '/' && !str_find(s, S(".."), NULL) && !str_find(s, S("//"), NULL);
}

/* What every command takes cannot be the name of an option: "reason" becomes reason_. */
static struct str option_name(struct arena *a, struct str remote)
{
	struct str name = arena_lower(a, remote);

	return spec_is_flag(name) ? arena_printf(a, STR_FMT "_", STR_ARG(name)) : name;
}

static bool take_params(struct plugin_reader *rd, const struct json *m, const char *where, struct plugin_command *c)
{
	const struct json *list = json_get(m, "params");
	struct command_spec *spec = &c->spec;
	struct arena *a = &rd->p->arena;

	if (!list || list->type == JSON_NULL)
		return true;
	if (list->type != JSON_ARRAY || list->count > PARAMS_MAX)
		return plugin_wrong(rd, list, where, "`params` is a list of at most 32 names" STR_FMT, S(""));
	spec->params = arena_zero(a, (list->count + 1) * sizeof *spec->params);
	c->remote = arena_alloc(a, (list->count + 1) * sizeof *c->remote);
	for (const struct json *v = list->child; v; v = v->next) {
		if (v->type != JSON_STR || !v->text.n || v->text.n > 38)
			return plugin_wrong(rd, list, where, "`params` is a list of names" STR_FMT, S(""));
		c->remote[spec->param_count] = v->text;
		spec->params[spec->param_count++] = (struct param){.name = option_name(a, v->text), .type = PARAM_TEXT, .option = true};
	}
	return true;
}

static struct str help_of(struct arena *a, const struct plugin *p, struct str method, struct str help)
{
	struct str line, rest = str_trim(help);

	str_cut(rest, '\n', &line);
	line = str_clip(output_clean(a, line), 500);
	return line.n ? line : arena_printf(a, "The method " STR_FMT " of " STR_FMT ".", STR_ARG(method), STR_ARG(p->url));
}

static bool take_regex(struct plugin_reader *rd, const struct json *m, const char *where, struct plugin_command *c)
{
	struct str pattern = json_get_str(m, "regex");
	struct err err = {0};

	if (!pattern.n)
		return true;
	if (pattern.n > 2000)
		return plugin_wrong(rd, m, where, "`regex` is longer than 2000 bytes" STR_FMT, S(""));
	c->regex = regex_new_named(pattern, &err);
	return c->regex || plugin_wrong(rd, m, where, "`regex`: " STR_FMT, str_of(err.text));
}

static bool take_method(struct plugin_reader *rd, const struct json *m, const char *where)
{
	struct arena *a = &rd->p->arena;
	struct plugin_command *c = arena_zero(a, sizeof *c);
	struct str words = arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(rd->p->name), STR_ARG(arena_lower(a, m->key)));

	if (m->type != JSON_OBJECT || !plugin_words_ok(words))
		return plugin_wrong(rd, m, where, "a method's name is of letters, digits, - and _, and it is an object" STR_FMT, S(""));
	c->method = m->key;
	c->path = json_get_str(m, "path");
	if (!path_ok(c->path))
		return plugin_wrong(rd, m, where, "`path` is a path below that of the listing, without .." STR_FMT, S(""));
	c->timeout = 150 * SECOND; /* as its reference client waits */
	c->output_bytes = PLUGIN_OUTPUT_MOST;
	c->concurrency = 4;
	c->network = true;
	c->spec.plugin = rd->p->name;
	c->spec.risk = RISK_CHANGE; /* a listing does not say */
	spec_set_words(a, &c->spec, words);
	c->spec.summary = help_of(a, rd->p, m->key, json_get_str(m, "help"));
	c->spec.examples = arena_alloc(a, sizeof *c->spec.examples);
	c->spec.examples[0] = c->spec.words;
	c->spec.example_count = 1;
	if (!take_params(rd, m, where, c) || !take_regex(rd, m, where, c))
		return false;
	if (plugin_add_command(rd, m, where, c))
		return true;
	regex_free(c->regex); /* it is not the plugin's yet */
	return false;
}

bool plugin_read_listing(struct plugin *p, struct command_set *set, struct err *err)
{
	struct plugin_reader rd = {.p = p, .text = p->listing, .file = "listing.json", .set = set, .err = err};
	const struct json *tree, *methods;

	if (!p->listing.n)
		return true;
	tree = json_parse(&p->arena, p->listing, JSON_LAST_KEY_WINS, err);
	if (!tree) {
		err_prefix(err, "listing.json: ");
		return false;
	}
	methods = json_get(tree, "methods");
	if (json_get_int(tree, "version", 3) != 3)
		return plugin_wrong(&rd, json_get(tree, "version"), "version", "3 is the version of Chatops RPC that is understood" STR_FMT, S(""));
	if (!json_is(methods, JSON_OBJECT) || methods->count > METHODS_MAX)
		return plugin_wrong(&rd, methods, "methods", "an object of at most 200 methods is wanted here" STR_FMT, S(""));
	p->error_response = str_clip(output_clean(&p->arena, json_get_str(tree, "error_response")), 500);
	for (const struct json *m = methods->child; m; m = m->next)
		if (!take_method(&rd, m, arena_printf(&p->arena, "methods." STR_FMT, STR_ARG(str_clip(m->key, 40))).p))
			return false;
	return true;
}

/* ---- calling ---- */

struct str rpc_call_url(struct arena *a, const struct plugin_command *c)
{
	struct str url = c->owner->url;

	return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(url), str_ends(url, S("/")) ? "" : "/", STR_ARG(c->path));
}

struct str rpc_call_body(struct arena *a, const struct plugin_request *r)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "user", r->user);
	json_add_str(&o, "mention_slug", r->user_id);
	json_add_str(&o, "message_id", r->id);
	json_add_str(&o, "room_id", r->room.n ? r->room : S("direct"));
	json_add_str(&o, "method", r->command->method);
	json_key(&o, "params");
	json_open(&o, '{');
	for (size_t i = 0; i < r->call->spec->param_count; i++)
		if (r->call->params[i].count && r->call->params[i].values[0].text.n) { /* "Parameters that are empty or null should not be passed" */
			json_key_str(&o, r->command->remote[i]);
			json_put_str(&o, r->call->params[i].values[0].text);
		}
	json_close(&o, '}');
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* ---- what came back ---- */

static void put_event(struct plugin_output *out, const char *kind, const struct json *value)
{
	struct output_event ignored;
	struct json_out o;
	struct buf b;

	buf_init(&b, OUTPUT_LINE_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, kind);
	json_put(&o, value);
	json_close(&o, '}');
	if (!b.failed)
		plugin_output_event(out, buf_str(&b), &ignored);
	buf_done(&b);
}

/* Line by line: one long text would be over the limit of a line. */
static void put_result(struct plugin_output *out, struct str result)
{
	struct json text = {.type = JSON_STR};

	while (result.n) {
		result = str_cut(result, '\n', &text.text);
		put_event(out, "text", &text);
	}
}

static void fail(struct plugin_output *out, struct str error_response, struct str message, int status)
{
	out->failed = true;
	out->error_code = arena_printf(&out->arena, "http %d", status);
	out->error_hint = str_clip(output_clean(&out->arena, message.n ? message : error_response.n ? error_response : S("the server did not say why")), 500);
}

/* A title without a link is a line of its own; a link that is none of the web is nothing. */
static void put_link(struct plugin_output *out, struct str url, struct str title)
{
	bool web = (str_starts(url, S("https://")) || str_starts(url, S("http://"))) && url.n <= 2000;
	struct json text = {.type = JSON_STR, .text = title};
	struct output_event ignored;
	struct json_out o;
	struct buf b;

	if (!web) {
		if (title.n && !url.n)
			put_event(out, "text", &text);
		return;
	}
	buf_init(&b, OUTPUT_LINE_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, "link");
	json_open(&o, '{');
	json_add_str(&o, "url", url);
	json_add_str(&o, "title", str_clip(title, 200));
	json_close(&o, '}');
	json_close(&o, '}');
	if (!b.failed)
		plugin_output_event(out, buf_str(&b), &ignored);
	buf_done(&b);
}

void rpc_answer_read(struct str error_response, struct str body, int http_status, struct plugin_output *out, struct str *result)
{
	struct err ignored = {0};
	const struct json *tree, *error;
	struct arena a;

	arena_init(&a);
	*result = S("");
	out->events = out->began = true;
	tree = json_parse(&a, str_n(body.p, body.n <= RPC_ANSWER_MAX ? body.n : 0), JSON_LAST_KEY_WINS, &ignored);
	error = json_get(tree, "error");
	if (error && error->type != JSON_NULL) {
		fail(out, error_response, error->type == JSON_STR ? error->text : json_get_str(error, "message"), http_status);
	} else if (http_status < 200 || http_status > 299 || !json_is(json_get(tree, "result"), JSON_STR)) {
		fail(out, error_response, S(""), http_status);
	} else {
		put_link(out, json_get_str(tree, "title_link"), json_get_str(tree, "title"));
		*result = arena_dup(&out->arena, json_get_str(tree, "result"));
		put_result(out, *result);
		if (json_get_str(tree, "image_url").n)
			put_link(out, json_get_str(tree, "image_url"), S("Image"));
		for (const struct json *b = json_is(json_get(tree, "buttons"), JSON_ARRAY) ? json_get(tree, "buttons")->child : NULL; b; b = b->next)
			put_event(out, "button", b);
	}
	arena_done(&a);
}

/* ---- what was typed, by a method's regex ---- */

struct matching {
	const struct plugin_command *c;
	struct buf line;
};

static void take_group(void *context, struct str name, struct str value)
{
	struct matching *m = context;

	for (size_t i = 0; value.n && i < m->c->spec.param_count; i++)
		if (str_eq(m->c->remote[i], name)) {
			buf_printf(&m->line, " --" STR_FMT "=", STR_ARG(m->c->spec.params[i].name));
			line_write_value(&m->line, value);
		}
}

struct str rpc_match(struct arena *a, const struct plugin *p, struct str text)
{
	for (size_t i = 0; i < p->command_count; i++) {
		struct matching m = {.c = p->commands[i]};

		buf_init(&m.line, 4 * LINE_MAX_BYTES);
		buf_printf(&m.line, STR_FMT ":" STR_FMT, STR_ARG(p->name), STR_ARG(m.c->spec.path));
		if (m.c->regex && text.n <= LINE_MAX_BYTES && regex_groups(m.c->regex, text, take_group, &m))
			return buf_keep(a, &m.line);
		buf_done(&m.line);
	}
	return S("");
}
