#include "cli/cli.h"

#define PAGE 200

/* "2h" is two hours back from now; the rest is left for the server to read. */
static const char *time_of(struct cli *c, const char *given)
{
	char out[WALL_TEXT_SIZE];
	span_ms span;

	if (!given || !span_parse(str_of(given), &span))
		return given;
	return arena_dup(&c->arena, wall_write(out, wall_now() - span)).p;
}

static void add_record(struct cli *c, struct table *t, const struct json *r)
{
	struct str who = json_get_str(r, "actor_name"), result = json_get_str(r, "result");
	const struct json *detail = json_get(r, "detail");
	const struct str cells[] = {str_clip(json_get_str(r, "at"), 19),
				    who.n ? who : json_get_str(r, "actor"),
				    json_get_str(r, "action"),
				    json_get_str(r, "via"),
				    result,
				    detail ? detail->text : S("")};
	const enum colour colours[] = {DIM, BOLD, PLAIN, PLAIN, str_is(result, "ok") ? GREEN : RED, PLAIN};

	(void)c;
	table_row(t, cells, colours);
}

/* The server's word for where the next page begins; "" at the end. */
static struct str next_of(struct cli *c, const struct json *page)
{
	const struct json *next = json_get(page, "next");

	return json_is(next, JSON_STR)   ? arena_dup(&c->arena, next->text)
	       : json_is(next, JSON_INT) ? arena_dup(&c->arena, next->text)
					 : S("");
}

bool sub_audit_search(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"TIME (UTC)", "WHO", "ACTION", "VIA", "RESULT", "DETAIL"};
	struct str words = joined_args(c, 0), before = {NULL, 0};
	int64_t left = 50;
	struct table t;

	if (option(c, "--limit") && (!str_to_int(str_of(option(c, "--limit")), &left) || left < 1)) {
		err_set(err, ERR_INVALID, "--limit asks for a number from 1");
		return false;
	}
	table_init(&t, c, COUNT_OF(heads), heads);
	while (left > 0) {
		struct str limit = arena_printf(&c->arena, "%lld", (long long)(left < PAGE ? left : PAGE));
		const struct query q[] = {{"q", words.n ? words.p : NULL},
					  {"actor", option(c, "--actor")},
					  {"action", option(c, "--action")},
					  {"since", time_of(c, option(c, "--since"))},
					  {"until", time_of(c, option(c, "--until"))},
					  {"limit", limit.p},
					  {"before", before.p}};
		const struct json *records;
		struct json *page;

		if (!call(c, "GET", path_with(c, "/v1/audit", q, COUNT_OF(q)), S(""), &page, err))
			return false;
		if (c->json)
			say_json(page);
		records = json_get(page, "records");
		for (const struct json *r = records ? records->child : NULL; r; r = r->next, left--)
			add_record(c, &t, r);
		before = next_of(c, page);
		if (!before.n || !records || !records->count)
			break;
	}
	if (!c->json)
		table_print(&t, "Nothing.");
	return true;
}

bool sub_audit_verify(struct cli *c, struct err *err)
{
	struct json *v;
	const struct json *bad;

	if (!call(c, "GET", S("/v1/audit/verify"), S(""), &v, err))
		return false;
	c->exit_code = json_get_bool(v, "ok", false) ? 0 : 1;
	if (c->json)
		return say_json(v);
	if (!c->exit_code) {
		printf("Records: %lld, chains: %lld, all as they were written.\n",
		       (long long)json_get_int(v, "records", 0), (long long)json_get_int(v, "chains", 0));
		return true;
	}
	bad = json_get(v, "bad");
	for (const struct json *b = bad ? bad->child : NULL; b; b = b->next)
		say_line(c, arena_printf(&c->arena, "chain " STR_FMT ", record %lld: " STR_FMT,
					 STR_ARG(json_is(json_get(b, "home"), JSON_STR) ? json_get_str(b, "home")
						 : json_get(b, "home")                  ? json_get(b, "home")->text
											: S("?")),
					 (long long)json_get_int(b, "seq", 0), STR_ARG(json_get_str(b, "why"))));
	return true;
}
