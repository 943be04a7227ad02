/* `opsroom routes`: where alerts go, asked of the daemon or of a file. Both answer with what routing_explain() writes. */
#include "cli/cli.h"
#include "ops/routing.h"

static bool ask_daemon(struct cli *c, const struct json **data, struct err *err)
{
	struct json *answer;

	if (!config_find(c, err) || !call(c, "POST", S("/v1/commands"), json_of(c, (const struct pair[]){{"exact", command_line(c, "route")}}, 1), &answer, err))
		return false;
	*data = json_get(answer, "data");
	if (!*data)
		err_set(err, ERR_UNAVAILABLE, "the server does not know its routes; is it older than this program?");
	return *data;
}

static bool ask_file(struct cli *c, const char *file, const struct json **data, struct err *err)
{
	struct str *words = arena_alloc(&c->arena, (c->arg_count + 1) * sizeof *words);
	struct routing *r = routing_read(str_of(file), err);
	struct labels labels;
	struct json_out o;
	struct buf b;

	for (unsigned i = 0; i < c->arg_count; i++)
		words[i] = str_of(c->args[i]);
	if (!r || !routing_read_labels(&c->arena, words, c->arg_count, &labels, err)) {
		routing_free(r);
		return false;
	}
	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	routing_explain(r, &c->arena, &labels, &o);
	json_close(&o, '}');
	routing_free(r);
	*data = json_parse(&c->arena, buf_keep(&c->arena, &b), JSON_STRICT, err);
	return *data;
}

/* The answer's list of routes, in the order of the tree. */
static bool ask(struct cli *c, const struct json **data, const struct json **routes, struct err *err)
{
	const char *file = option(c, "--file");

	if (!(file ? ask_file(c, file, data, err) : ask_daemon(c, data, err)))
		return false;
	*routes = json_get(*data, "routes");
	*routes = *routes ? (*routes)->child : NULL;
	return true;
}

/* As amtool prints them. */
static struct str receivers_of(struct cli *c, const struct json *routes)
{
	struct str s = {"", 0};

	for (const struct json *r = routes; r; r = r->next)
		if (json_get_bool(r, "taken", false))
			s = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(s), s.n ? "," : "",
					 STR_ARG(json_get_str(r, "receiver")));
	return s;
}

static struct str indented(struct cli *c, const struct json *route, struct str text)
{
	return arena_printf(&c->arena, "%*s" STR_FMT, 2 * (int)json_get_int(route, "depth", 0), "", STR_ARG(text));
}

static struct str line_of(struct cli *c, const struct json *route)
{
	int64_t line = json_get_int(route, "line", 0);

	return line ? arena_printf(&c->arena, "%lld", (long long)line) : S("");
}

static void print_why(struct cli *c, const struct json *routes)
{
	static const char *const heads[] = {"", "ROUTE", "RECEIVER", "LINE", "WHY"};
	struct table t;

	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *r = routes; r; r = r->next) {
		bool taken = json_get_bool(r, "taken", false);
		enum colour colour = taken ? GREEN : json_get_bool(r, "asked", false) ? PLAIN : DIM;
		const struct str cells[] = {taken ? S("->") : S(""), indented(c, r, json_get_str(r, "matchers")),
					    json_get_str(r, "receiver"), line_of(c, r), json_get_str(r, "why")};

		table_row(&t, cells, (const enum colour[]){colour, colour, colour, PLAIN, colour});
	}
	table_print(&t, "");
}

bool sub_routes_test(struct cli *c, struct err *err)
{
	const char *wanted = option(c, "--verify.receivers");
	const struct json *data, *routes;
	struct str receivers;

	if (!ask(c, &data, &routes, err))
		return false;
	receivers = receivers_of(c, routes);
	if (wanted && !str_is(receivers, wanted))
		c->exit_code = 1;
	if (c->json)
		return say_json(data);
	say_line(c, receivers);
	if (c->exit_code)
		fprintf(stderr, "opsroom: the receivers are not those that were expected: %s\n", wanted);
	putchar('\n');
	print_why(c, routes);
	if (json_get_str(data, "service").n)
		say_line(c, arena_printf(&c->arena, "\nservice: " STR_FMT, STR_ARG(json_get_str(data, "service"))));
	return true;
}

static struct str group_by_of(struct cli *c, const struct json *route)
{
	const struct json *list = json_get(route, "group_by");
	struct str s = {"", 0};

	if (!json_is(list, JSON_ARRAY))
		return S("by source");
	for (const struct json *v = list->child; v; v = v->next)
		s = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(s), s.n ? "," : "", STR_ARG(v->text));
	return s.n ? s : S("all in one");
}

static struct str times_of(struct cli *c, const struct json *route)
{
	return arena_printf(&c->arena, STR_FMT ", " STR_FMT ", " STR_FMT,
			    STR_ARG(span_write(&c->arena, json_get_int(route, "group_wait_ms", 0))),
			    STR_ARG(span_write(&c->arena, json_get_int(route, "group_interval_ms", 0))),
			    STR_ARG(span_write(&c->arena, json_get_int(route, "repeat_interval_ms", 0))));
}

bool sub_routes_show(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"ROUTE", "RECEIVER", "CHANNEL", "GROUPED", "WAIT, INTERVAL, REPEAT",
					    "LINE"};
	const struct json *data, *routes;
	struct table t;

	if (!ask(c, &data, &routes, err))
		return false;
	if (c->json)
		return say_json(data);
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *r = routes; r; r = r->next) {
		struct str channel = json_get_str(r, "channel"), name = indented(c, r, json_get_str(r, "matchers"));
		const struct str cells[] = {json_get_bool(r, "continue", false)
						    ? arena_printf(&c->arena, STR_FMT " (continue)", STR_ARG(name))
						    : name,
					    json_get_str(r, "receiver"),
					    channel.n ? arena_printf(&c->arena, "#" STR_FMT, STR_ARG(channel)) : S("-"),
					    group_by_of(c, r),
					    times_of(c, r),
					    line_of(c, r)};

		table_row(&t, cells, NULL);
	}
	table_print(&t, "");
	return true;
}
