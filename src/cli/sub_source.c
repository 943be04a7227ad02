#include "base/yaml.h"
#include "cli/cli.h"
#include "net/body.h"
#include "ops/source.h"

#define BODY_MAX (4 * MIB)

/* --sources DIR. *own: NULL without it. It lives as long as the process. */
static bool own_of(struct cli *c, struct source_folder **own, struct err *err)
{
	const char *dir = option(c, "--sources");

	*own = dir ? source_folder_read(str_of(dir), err) : NULL;
	return !dir || *own;
}

/* A tool's name, or a file of one's own. */
static struct source_kind *kind_of(struct cli *c, const char *name, struct err *err)
{
	struct source_folder *own;
	struct source_kind *k;
	struct json *tree;
	struct str text;

	if (!own_of(c, &own, err))
		return NULL;
	if ((k = source_find(own, str_of(name))))
		return k;
	if (!strchr(name, '.') && !strchr(name, '/')) {
		err_set(err, ERR_NOT_FOUND, "there is no source %s; `opsroom source list` names them, a file of your own is given by its name, a folder with --sources", name);
		return NULL;
	}
	if (!read_input(c, name, BODY_MAX, &text, err) || !(tree = yaml_parse(&c->arena, text, name, err)))
		return NULL;
	return source_kind_new(tree, name, err);
}

/* "Name: value" lines as the object that programs see. */
static struct json *headers_of(struct cli *c, const char *lines)
{
	struct json *object = arena_zero(&c->arena, sizeof *object), **tail = &object->child;
	struct str rest = str_of(lines), line, name;

	object->type = JSON_OBJECT;
	while (rest.n) {
		struct json *m = arena_zero(&c->arena, sizeof *m);

		rest = str_cut(rest, '\n', &line);
		m->type = JSON_STR;
		m->text = str_trim(str_cut(line, ':', &name));
		m->key = arena_lower(&c->arena, str_trim(name));
		*tail = m;
		tail = &m->next;
		object->count++;
	}
	return object;
}

static void print_events_json(const struct source_reading *r, const struct err *refused)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_bool(&o, "accept", !refused->code);
	if (refused->code)
		json_add_str(&o, "error", str_of(refused->text));
	json_key(&o, "events");
	json_open(&o, '[');
	for (size_t i = 0; i < r->count; i++)
		event_write(&o, &r->events[i]);
	json_close(&o, ']');
	if (r->confirm_url.n) {
		json_key(&o, "side_effect");
		json_open(&o, '{');
		json_add_str(&o, "sns_confirm", r->confirm_url);
		json_close(&o, '}');
	}
	json_close(&o, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
	buf_done(&b);
}

static void print_event(struct cli *c, const struct event *e)
{
	static const enum colour colours[] = {[EVENT_FIRING] = RED, [EVENT_RESOLVED] = GREEN, [EVENT_INFO] = DIM};
	char text[WALL_TEXT_SIZE];

	say(c, colours[e->status], str_of(event_status_name(e->status)));
	printf(" %s  ", severity_name(e->severity));
	say_line(c, e->title);
	if (e->summary.n)
		say_line(c, e->summary);
	printf("  key     " STR_FMT "\n", STR_ARG(safe_line(&c->arena, e->dedup_key)));
	if (e->url.n)
		printf("  url     " STR_FMT "\n", STR_ARG(safe_line(&c->arena, e->url)));
	if (e->labels.count)
		printf("  labels  " STR_FMT "\n", STR_ARG(safe_line(&c->arena, labels_text(&c->arena, &e->labels))));
	if (e->starts_at)
		printf("  starts  " STR_FMT "\n", STR_ARG(wall_write(text, e->starts_at)));
	if (e->ends_at)
		printf("  ends    " STR_FMT "\n", STR_ARG(wall_write(text, e->ends_at)));
}

bool sub_source_test(struct cli *c, struct err *err)
{
	const char *type = option(c, "--content-type"), *headers = option(c, "--header");
	const struct json *where = NULL;
	struct source_reading r = {0};
	struct err refused = {0};
	struct source_kind *k = kind_of(c, c->args[0], err);
	struct json *body = NULL;
	struct str raw;

	if (!k || !read_input(c, c->args[1], BODY_MAX, &raw, err) || !source_kind_compile(k, err))
		return false;
	if (!source_kind_takes(k, str_of(type ? type : "application/json")))
		err_set(&refused, ERR_UNSUPPORTED, "unsupported media type: %.100s", type ? type : "application/json");
	else
		body = body_parse(&c->arena, str_of(type ? type : "application/json"), raw, &refused);
	if (body && !source_read(k, &c->arena, body, headers ? headers_of(c, headers) : NULL, raw, &r, &refused))
		r.count = 0;
	c->exit_code = refused.code ? 1 : 0;
	if (c->json) {
		print_events_json(&r, &refused);
		return true;
	}
	if (r.count && !refused.code && !routed_find(c, r.events, r.count, source_kind_tool(k), &where, err))
		return false;
	if (refused.code)
		printf("refused: " STR_FMT "\n", STR_ARG(safe_line(&c->arena, str_of(refused.text))));
	else if (!r.count)
		puts("taken, and nothing follows from it");
	for (size_t i = 0; i < r.count; i++, where = where ? where->next : NULL) {
		print_event(c, &r.events[i]);
		if (where && r.events[i].status == EVENT_INFO)
			puts("  told    once, in the channel of its source");
		else if (where)
			routed_print(c, where);
	}
	return true;
}

/* The folder's, then the built-in ones that it does not replace. i counts through both; NULL: it is replaced. */
static const struct source_kind *listed(const struct source_folder *own, size_t i, bool *is_own)
{
	*is_own = i < source_folder_count(own);
	if (*is_own)
		return source_folder_at(own, i);
	i -= source_folder_count(own);
	return source_folder_find(own, source_builtin_name(i)) ? NULL : source_builtin(source_builtin_name(i));
}

static void list_json(const struct source_folder *own, size_t count)
{
	struct json_out o;
	struct buf b;
	bool is_own;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, "sources");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		const struct source_kind *k = listed(own, i, &is_own);

		if (!k)
			continue;
		json_open(&o, '{');
		json_add_str(&o, "tool", source_kind_tool(k));
		json_add_str(&o, "title", source_kind_title(k));
		if (is_own)
			json_add_str(&o, "file", source_kind_file(k));
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	puts(b.p);
	buf_done(&b);
}

static void list_table(struct cli *c, const struct source_folder *own, size_t count)
{
	static const char *const heads[] = {"TOOL", "NAME", "FILE"};
	struct table t;
	bool is_own;

	table_init(&t, c, own ? 3 : 2, heads);
	for (size_t i = 0; i < count; i++) {
		const struct source_kind *k = listed(own, i, &is_own);

		if (k)
			table_row(&t, (const struct str[]){source_kind_tool(k), source_kind_title(k), is_own ? source_kind_file(k) : S("-")}, NULL);
	}
	table_print(&t, "");
}

bool sub_source_list(struct cli *c, struct err *err)
{
	struct source_folder *own;
	size_t count;

	if (!own_of(c, &own, err))
		return false;
	count = source_folder_count(own) + source_builtin_count();
	if (c->json)
		list_json(own, count);
	else
		list_table(c, own, count);
	return true;
}

/* What the tool can send beside the key, and what the source then says. */
static void show_auth(const struct source_can *can)
{
	if (!can->header.n && !can->hmac.n && !can->basic && !can->sns)
		return;
	puts("\n## Beside the key\n\nThe tool can also show that it is itself. Say in the source what shall be asked for; the rest is refused (docs/sources.md):\n");
	if (can->hmac.n)
		printf("* `auth: hmac` — it signs the body with a secret (HMAC-SHA256 in the header `" STR_FMT "`)\n", STR_ARG(can->hmac));
	if (can->header.n)
		printf("* `auth: header` — it sends a token in the header `" STR_FMT "`\n", STR_ARG(can->header));
	if (can->sns)
		puts("* `auth: sns` — Amazon SNS signs each message, with a certificate; better `auth: {sns: ARN}`, which takes the messages of that topic alone");
	if (can->basic)
		puts("* `auth: {basic: \"user:password\"}` — it logs in with user and password");
}

bool sub_source_show(struct cli *c, struct err *err)
{
	const struct source_kind *k = kind_of(c, c->args[0], err);
	const char *dir = option(c, "--sources");
	struct str tool, setup;

	if (!k)
		return false;
	tool = source_kind_tool(k);
	setup = source_kind_setup(k);
	printf("# " STR_FMT "\n\n" STR_FMT "\n", STR_ARG(source_kind_title(k)), STR_ARG(str_trim(setup)));
	printf("\n## The address\n\n"
	       "Name the source in a file for `opsroomd provision`; it prints the URL, `…/hooks/" STR_FMT "/KEY`:\n\n"
	       "    sources: [{name: my-" STR_FMT ", tool: " STR_FMT ", channel: sre-alerts}]\n",
	       STR_ARG(tool), STR_ARG(tool), STR_ARG(tool));
	show_auth(source_kind_can(k));
	printf("\n## What a body becomes\n\n"
	       "    opsroom source test " STR_FMT " body.json%s%s\n\n"
	       "It changes nothing. What fires becomes an alert with a message of its own, which turns green when the tool\n"
	       "says that it is over; a repeat changes nothing. What is only information is told once.\n",
	       STR_ARG(tool), dir ? " --sources " : "", dir ? dir : "");
	return true;
}
