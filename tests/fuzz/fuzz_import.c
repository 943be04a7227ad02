/* An alertmanager.yml: what is imported is an alerting file that is taken, with as many routes; what is refused has a reason. */
#include "fuzz.h"
#include "ops/import.h"
#include "ops/routing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0};
	struct import out;
	struct arena a;

	arena_init(&a);
	if (import_alertmanager(&a, in, "alertmanager.yml", S("#ops"), &out, &err)) {
		struct routing *r = routing_parse(out.yaml, "alerting.yaml", &err);

		if (!r)
			fprintf(stderr, "%s\n" STR_FMT, err.text, STR_ARG(out.yaml));
		need(r);
		for (const struct import_remark *m = out.remarks; m; m = m->next) {
			need(m->text.n && !memchr(m->text.p, '\n', m->text.n));
			need(!m->next || m->line <= m->next->line);
		}
		routing_free(r);
	} else {
		need(err.code && err.text[0]);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
