/* `opsroom import`: the files of others as ours. */
#include "cli/cli.h"
#include "ops/import.h"

static void print_json(const struct import *in)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_bool(&o, "complete", !in->losses);
	json_key(&o, "remarks");
	json_open(&o, '[');
	for (const struct import_remark *r = in->remarks; r; r = r->next) {
		json_open(&o, '{');
		json_add_int(&o, "line", r->line);
		json_add_bool(&o, "loss", r->is_loss);
		json_add_str(&o, "text", r->text);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_add_str(&o, "yaml", in->yaml);
	json_close(&o, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
	buf_done(&b);
}

static void print_remarks(struct cli *c, const struct import *in)
{
	for (const struct import_remark *r = in->remarks; r; r = r->next)
		fprintf(stderr, "%s: line %u: %s" STR_FMT "\n", c->args[0], r->line,
			r->is_loss ? "" : "note: ", STR_ARG(safe_line(&c->arena, r->text)));
	if (in->losses)
		fprintf(stderr, "%s: %u thing%s could not be carried over\n", c->args[0], in->losses,
			in->losses == 1 ? "" : "s");
}

bool sub_import_alertmanager(struct cli *c, struct err *err)
{
	const char *channel = option(c, "--channel");
	struct import in;
	struct str text;

	if (!read_input(c, c->args[0], 1 * MIB, &text, err) ||
	    !import_alertmanager(&c->arena, text, strcmp(c->args[0], "-") == 0 ? "standard input" : c->args[0],
				 channel ? str_of(channel) : S("sre-alerts"), &in, err))
		return false;
	c->exit_code = in.losses ? 1 : 0;
	if (c->json) {
		print_json(&in);
		return true;
	}
	printf(STR_FMT, STR_ARG(in.yaml));
	print_remarks(c, &in);
	return true;
}
