#include "cli/cli.h"
#include "ops/audit_chain.h"

#include <errno.h>
#include <stdlib.h>

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
					  {"result", option(c, "--result")},
					  {"via", option(c, "--via")},
					  {"channel", option(c, "--channel")},
					  {"rule", option(c, "--rule")},
					  {"from", option(c, "--from")},
					  {"id", option(c, "--id")},
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

/* ---- is it whole? ---- */

static bool verify_at_daemon(struct cli *c, struct err *err)
{
	struct json *v;
	const struct json *bad;

	c->deadline = HOUR; /* it reads all there is */
	if (!config_find(c, err) || !call(c, "GET", S("/v1/audit/verify"), S(""), &v, err))
		return false;
	c->exit_code = json_get_bool(v, "ok", false) ? 0 : 1;
	if (c->json)
		return say_json(v);
	if (!c->exit_code) {
		printf("Records: %lld, chains: %lld, all as they were written. Signed: %lld, checkpoints: %lld.\n",
		       (long long)json_get_int(v, "records", 0), (long long)json_get_int(v, "chains", 0), (long long)json_get_int(v, "signed", 0),
		       (long long)json_get_int(v, "checkpoints", 0));
		return true;
	}
	bad = json_get(v, "bad");
	for (const struct json *b = bad ? bad->child : NULL; b; b = b->next)
		say_line(c, json_get(b, "checkpoint")
				    ? arena_printf(&c->arena, "checkpoint %lld: " STR_FMT, (long long)json_get_int(b, "checkpoint", 0), STR_ARG(json_get_str(b, "why")))
				    : arena_printf(&c->arena, "chain " STR_FMT ", record %lld: " STR_FMT, STR_ARG(json_get_str(b, "home")),
						   (long long)json_get_int(b, "seq", 0), STR_ARG(json_get_str(b, "why"))));
	return true;
}

static bool read_lines(const char *name, struct audit_verifier *v, struct err *err)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", name, strerror(errno));
		return false;
	}
	while ((n = getline(&line, &room, f)) > 0 && n <= (ssize_t)AUDIT_LINE_MAX)
		audit_verify_line(v, str_n(line, (size_t)n - (line[n - 1] == '\n'))); /* a last line that is cut does not end as one does */
	if (n > 0)
		err_set(err, ERR_TOO_BIG, "%s has a line of more than %u bytes: it is no export", name, AUDIT_LINE_MAX);
	else if (ferror(f))
		err_set(err, ERR_INVALID, "%s cannot be read: %s", name, strerror(errno));
	free(line);
	if (f != stdin)
		fclose(f);
	return err->code == ERR_NONE;
}

static void say_verdict(struct cli *c, const struct audit_verdict *v)
{
	char at[WALL_TEXT_SIZE];

	for (int64_t i = 0; i < v->faults && i < 100; i++) {
		const struct audit_fault *f = &v->list[i];

		printf("line %lld: ", (long long)f->line);
		if (f->home_id)
			printf("chain %lld, record %lld: ", (long long)f->home_id, (long long)f->seq);
		else if (f->seq)
			printf("checkpoint %lld: ", (long long)f->seq);
		say_line(c, f->why);
	}
	if (v->faults > 100)
		printf("and %lld more\n", (long long)v->faults - 100);
	if (v->faults == 0)
		printf("Records: %lld, chains: %lld, all as they were written. Signed: %lld, checkpoints: %lld.\n", (long long)v->records, (long long)v->chains,
		       (long long)v->covered, (long long)v->checkpoints);
	if (v->last_no)
		printf("The last checkpoint is %lld of " STR_FMT ", hash " STR_FMT ".\n", (long long)v->last_no, STR_ARG(wall_write(at, v->last_at)), STR_ARG(v->last_hash));
	else
		printf("There is no checkpoint: nobody signed this.\n");
}

static void verdict_json(const struct audit_verdict *v)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_bool(&o, "ok", v->faults == 0);
	json_add_int(&o, "records", v->records);
	json_add_int(&o, "chains", v->chains);
	json_add_int(&o, "checkpoints", v->checkpoints);
	json_add_int(&o, "signed", v->covered);
	json_add_int(&o, "faults", v->faults);
	json_key(&o, "bad");
	json_open(&o, '[');
	for (int64_t i = 0; i < v->faults && i < AUDIT_FAULTS_MAX; i++) {
		json_open(&o, '{');
		json_add_int(&o, "line", v->list[i].line);
		json_add_str(&o, "why", v->list[i].why);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
	printf("%s\n", b.p);
	buf_done(&b);
}

bool sub_audit_verify(struct cli *c, struct err *err)
{
	struct str key = str_trim(str_of(option(c, "--key")));
	uint8_t public_key[CRYPT_PUBLIC_KEY];
	struct audit_verdict verdict;
	struct audit_verifier *v;
	bool ok = true;

	if (!c->arg_count)
		return verify_at_daemon(c, err);
	if (!crypt_unhex(key, public_key, sizeof public_key)) {
		err_set(err, ERR_INVALID, key.n ? "--key has 64 digits, as opsroom audit key prints them" : "a file is checked with --key: opsroom audit key prints it");
		return false;
	}
	v = audit_verifier_new(public_key, option(c, "--part") != NULL);
	for (unsigned i = 0; i < c->arg_count && ok; i++)
		ok = read_lines(c->args[i], v, err);
	audit_verify_end(v, false, &verdict);
	c->exit_code = verdict.faults ? 1 : 0;
	if (ok && c->json)
		verdict_json(&verdict);
	else if (ok)
		say_verdict(c, &verdict);
	audit_verifier_free(v);
	return ok;
}

bool sub_audit_key(struct cli *c, struct err *err)
{
	struct json *v;

	if (!call(c, "GET", S("/v1/audit/key"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, json_get_str(v, "key"));
	return true;
}

/* ---- to keep it elsewhere ---- */

/* From where the next page goes on, by what this one has; false: there was no record in it. */
static bool export_cursor(struct cli *c, struct str page, struct str *after, struct str *checkpoint)
{
	struct str line, record = {NULL, 0}, statement = {NULL, 0};
	size_t at;

	while (page.n) {
		page = str_cut(page, '\n', &line);
		if (str_starts(line, S("{\"checkpoint\":")))
			str_cut(str_n(line.p + 14, line.n - 14), ',', &statement);
		else if (str_find(line, S(",\"id\":\""), &at))
			str_cut(str_n(line.p + at + 7, line.n - at - 7), '"', &record);
	}
	if (record.p)
		*after = arena_dup(&c->arena, record);
	if (statement.p)
		*checkpoint = arena_dup(&c->arena, statement);
	return record.p != NULL;
}

bool sub_audit_export(struct cli *c, struct err *err)
{
	const char *since = time_of(c, option(c, "--since")), *until = time_of(c, option(c, "--until")), *first = option(c, "--after");
	struct str after = first ? str_of(first) : (struct str){NULL, 0}, checkpoint = {NULL, 0};
	bool ok, more = true;
	struct buf page;

	buf_init(&page, ANSWER_MAX);
	do {
		const struct query q[] = {{"after", after.p}, {"checkpoint", checkpoint.p}, {"since", since}, {"until", until}, {"limit", "5000"}};

		ok = call_lines(c, path_with(c, "/v1/audit/export", q, COUNT_OF(q)), &page, err);
		if (ok && page.n && fwrite(page.p, 1, page.n, stdout) != page.n) {
			err_set(err, ERR_FULL, "the output cannot be written: %s", strerror(errno));
			ok = false;
		}
		more = ok && export_cursor(c, buf_str(&page), &after, &checkpoint);
	} while (more);
	if (ok && fflush(stdout) != 0)
		err_set(err, ERR_FULL, "the output cannot be written: %s", strerror(errno));
	buf_done(&page);
	return err->code == ERR_NONE;
}
