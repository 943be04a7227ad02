/* Where the events of `opsroom source test` would be routed: asked of a file, or of a daemon if one can be found. */
#include "cli/cli.h"
#include "ops/routing.h"

static struct str ask_file(struct cli *c, const char *file, const struct event *events, size_t count, struct str source,
			   struct str tool, struct err *err)
{
	struct routing *r = routing_read(str_of(file), err);
	struct json_out o;
	struct buf b;

	if (!r)
		return S("");
	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_key(&o, "alerts");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		struct labels labels = event_labels(&c->arena, &events[i]);

		labels = routing_labels(&c->arena, &labels, source, tool);
		json_open(&o, '{');
		routing_write_taken(r, &c->arena, &labels, wall_now(), &o);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	routing_free(r);
	return buf_keep(&c->arena, &b);
}

static struct str request_of(struct cli *c, const struct event *events, size_t count, struct str source,
			     struct str tool)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "source", source);
	json_add_str(&o, "tool", tool);
	json_key(&o, "alerts");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		struct labels labels = event_labels(&c->arena, &events[i]);

		json_open(&o, '{');
		json_key(&o, "labels");
		labels_write(&o, &labels);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(&c->arena, &b);
}

bool routed_find(struct cli *c, const struct event *events, size_t count, struct str tool, const struct json **out,
		 struct err *err)
{
	const char *file = option(c, "--alerting"), *source = option(c, "--source");
	struct json *answer = NULL;
	struct err why = {0};

	*out = NULL;
	if (count > ROUTED_MAX)
		count = ROUTED_MAX;
	if (file) {
		struct str text = ask_file(c, file, events, count, str_of(source), tool, err);

		if (!text.n)
			return false;
		answer = json_parse(&c->arena, text, JSON_STRICT, err);
	} else if (config_find(c, &why) && !call(c, "POST", S("/v1/alerts/test"),
						 request_of(c, events, count, str_of(source), tool), &answer, &why)) {
		fprintf(stderr, "opsroom: where it would be routed is not known: " STR_FMT "\n",
			STR_ARG(safe_line(&c->arena, str_of(why.text))));
		answer = NULL;
	}
	if (json_get(answer, "alerts"))
		*out = json_get(answer, "alerts")->child;
	return err->code == ERR_NONE;
}

static void print_one(struct cli *c, const struct json *route)
{
	const struct json *muted = json_get(route, "muted");
	struct str channel = json_get_str(route, "channel"), key = json_get_str(route, "group_key"),
		   until = json_get_str(muted, "until");

	printf("  route   " STR_FMT "\n", STR_ARG(safe_line(&c->arena, json_get_str(route, "route"))));
	printf("  told    " STR_FMT ", " STR_FMT "\n", STR_ARG(safe_line(&c->arena, json_get_str(route, "receiver"))),
	       STR_ARG(channel.n ? safe_line(&c->arena, arena_printf(&c->arena, "#" STR_FMT, STR_ARG(channel)))
				 : S("the channel of its source")));
	printf("  group   " STR_FMT "\n", STR_ARG(key.n ? safe_line(&c->arena, key) : S("as its source groups")));
	if (muted)
		printf("  quiet   muted by " STR_FMT "%s" STR_FMT "\n",
		       STR_ARG(safe_line(&c->arena, json_get_str(muted, "by"))), until.n ? " until " : "",
		       STR_ARG(until));
}

void routed_print(struct cli *c, const struct json *where)
{
	const struct json *routes = json_get(where, "routes"), *silences = json_get(where, "silenced_by");

	for (const struct json *r = routes ? routes->child : NULL; r; r = r->next)
		print_one(c, r);
	if (json_get_str(where, "service").n)
		printf("  service " STR_FMT "\n", STR_ARG(safe_line(&c->arena, json_get_str(where, "service"))));
	for (const struct json *s = silences ? silences->child : NULL; s; s = s->next)
		printf("  quiet   silenced by " STR_FMT "\n", STR_ARG(safe_line(&c->arena, json_str(s))));
	if (json_get_str(where, "inhibited_by").n)
		printf("  quiet   inhibited by the alert " STR_FMT "\n",
		       STR_ARG(safe_line(&c->arena, json_get_str(where, "inhibited_by"))));
}
