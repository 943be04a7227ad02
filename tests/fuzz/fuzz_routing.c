/* The alerting file. What is taken routes every label set somewhere, explains it, and is read again from Alertmanager's YAML. */
#include "base/yaml.h"
#include "fuzz.h"
#include "ops/routing.h"

/* libjq loses a word where a template's program is no jq. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static void ask(const struct routing *r, struct arena *a)
{
	static struct label items[] = {{S("__source__"), S("prod")},
				       {S("alertname"), S("X")},
				       {S("severity"), S("page")},
				       {S("team"), S("db")}};
	struct labels labels = {items, COUNT_OF(items)};
	const struct route **taken;
	size_t count = routing_match(r, a, &labels, &taken);
	struct json_out o;
	struct str name;
	wall_ms until;
	struct buf b;

	need(count > 0);
	buf_init(&b, 16 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	routing_explain(r, a, &labels, &o);
	json_close(&o, '}');
	need(b.failed || json_parse(a, buf_str(&b), JSON_STRICT, NULL));
	buf_reset(&b);
	o = json_out(&b);
	json_open(&o, '{');
	routing_write_taken(r, a, &labels, 1700000000000, &o);
	json_close(&o, '}');
	need(json_parse(a, buf_str(&b), JSON_STRICT, NULL));
	buf_done(&b);
	touch(routing_explain_text(r, a, &labels));
	for (size_t i = 0; i < count; i++) {
		struct labels by = route_group_labels(a, taken[i], &labels);
		struct str key =
			arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(taken[i]->key), STR_ARG(labels_text(a, &by)));

		need(routing_find(r, key, taken[i]->receiver->name) != NULL);
		(void)route_is_muted(taken[i], 1700000000000, &until, &name);
		touch(name);
	}
}

/* What is written for Alertmanager, read by ourselves: all but the receivers, which have no channel there. */
static void read_again(const struct routing *r, struct arena *a)
{
	struct str text, head, tail;
	struct err err = {0};
	struct routing *again;
	size_t at;
	struct buf b;

	buf_init(&b, 16 * MIB);
	routing_write_alertmanager(r, &b);
	need(!b.failed);
	text = buf_keep(a, &b);
	need(str_find(text, S("\nreceivers:\n"), &at));
	head = str_n(text.p, at + 1);
	tail = str_n(text.p + at, text.n - at);
	tail = str_find(tail, S("\ntime_intervals:\n"), &at) ? str_n(tail.p + at + 1, tail.n - at - 1) : S("");
	buf_init(&b, 16 * MIB);
	buf_printf(&b, STR_FMT "receivers:\n", STR_ARG(head));
	for (const struct receiver *x = r->receivers; x; x = x->next)
		if (x->channel.n) {
			buf_add(&b, S("- channel: c\n  name: "));
			yaml_put_str(&b, x->name);
			buf_char(&b, '\n');
		}
	buf_add(&b, tail);
	text = buf_keep(a, &b);
	again = routing_parse(text, "again", &err);
	if (!again)
		fprintf(stderr, "%s\n" STR_FMT, err.text, STR_ARG(text));
	need(again && again->route_count == r->route_count && again->inhibit_count == r->inhibit_count);
	routing_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0};
	struct routing *r = routing_parse(in, "alerting.yaml", &err);
	struct arena a;

	arena_init(&a);
	if (r) {
		ask(r, &a);
		read_again(r, &a);
	} else {
		need(err.code && err.text[0]);
	}
	routing_free(r);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
