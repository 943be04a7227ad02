#include "cli/cli.h"

static struct str create_request(struct cli *c)
{
	struct buf b;
	struct json_out o = json_out(&b);
	struct str scope, rest = str_of(option(c, "--scopes"));

	buf_init(&b, 64 * KIB);
	json_open(&o, '{');
	json_add_str(&o, "name", str_of(c->args[0]));
	if (option(c, "--user"))
		json_add_str(&o, "user", str_of(option(c, "--user")));
	if (rest.n) {
		json_key(&o, "scopes");
		json_open(&o, '[');
		while (rest.n) {
			rest = str_cut(rest, ',', &scope);
			json_put_str(&o, str_trim(scope));
		}
		json_close(&o, ']');
	}
	json_close(&o, '}');
	return buf_keep(&c->arena, &b);
}

bool sub_token_create(struct cli *c, struct err *err)
{
	struct json *v;

	if (!call(c, "POST", S("/v1/tokens"), create_request(c), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, json_get_str(v, "token"));
	fprintf(stderr, "opsroom: token " STR_FMT "; it is shown this once\n",
		STR_ARG(safe_line(&c->arena, json_get_str(v, "id"))));
	return true;
}

static struct str scopes_of(struct cli *c, const struct json *scopes)
{
	struct str s = json_str(scopes);

	if (!json_is(scopes, JSON_ARRAY))
		return s;
	for (const struct json *v = scopes->child; v; v = v->next)
		s = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(s), s.n ? "," : "", STR_ARG(json_str(v)));
	return s;
}

bool sub_token_list(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"ID", "NAME", "USER", "SCOPES", "CREATED", "LAST USED", "FROM"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", S("/v1/tokens"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	list = json_get(v, "tokens");
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *k = list ? list->child : NULL; k; k = k->next) {
		struct str used = age_of(c, json_get_str(k, "last_used")), made = age_of(c, json_get_str(k, "created"));
		const struct str cells[] = {json_get_str(k, "id"),
					    json_get_str(k, "name"),
					    json_get_str(k, "user"),
					    scopes_of(c, json_get(k, "scopes")),
					    made.n ? arena_printf(&c->arena, STR_FMT " ago", STR_ARG(made)) : S("-"),
					    used.n ? arena_printf(&c->arena, STR_FMT " ago", STR_ARG(used))
						   : S("never"),
					    json_get_str(k, "last_from")};

		table_row(&t, cells, NULL);
	}
	table_print(&t, "No tokens.");
	return true;
}

bool sub_token_report(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"ID", "NAME", "USER", "SCOPE", "NEEDED", "LAST USED", "FROM", "ADVICE"};
	const struct json *list;
	struct table t;
	struct json *v;

	if (!call(c, "GET", S("/v1/tokens/report"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	list = json_get(v, "tokens");
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *k = list ? list->child : NULL; k; k = k->next) {
		struct str used = age_of(c, json_get_str(k, "last_used")), needed = json_get_str(k, "needed");
		const struct str cells[] = {json_get_str(k, "id"),
					    json_get_str(k, "name"),
					    json_get_str(k, "user"),
					    json_get_str(k, "scope"),
					    needed.n ? needed : S("-"),
					    used.n ? arena_printf(&c->arena, STR_FMT " ago", STR_ARG(used)) : S("never"),
					    json_get_str(k, "last_from"),
					    json_get_str(k, "advice")};
		const enum colour colours[] = {PLAIN, BOLD, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, json_get_int(k, "badness", 0) >= 4 ? RED : json_get_int(k, "badness", 0) ? YELLOW : PLAIN};

		table_row(&t, cells, colours);
	}
	table_print(&t, "No tokens.");
	return true;
}

bool sub_token_revoke(struct cli *c, struct err *err)
{
	struct json *v;

	if (!call(c, "DELETE", path_to(c, "/v1/tokens/", c->args[0]), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	printf("Revoked.\n");
	return true;
}
