/* The two readers of ops/alert.h: Alertmanager's webhook and its API v2, the body chosen by its shape as the routes do.
 * Whatever is taken must be a whole alert: sorted labels, none twice, none empty, that read back as they were written. */
#include "fuzz.h"
#include "ops/alert.h"

#define NOW ((wall_ms)1772417700000)

static void check_labels(struct arena *a, const struct labels *l, bool may_be_empty)
{
	struct labels again;
	struct err err = {0};
	struct json_out o;
	struct buf b;

	need(l->count <= 64);
	for (size_t i = 0; i < l->count; i++) {
		touch(l->items[i].name);
		need(touch(l->items[i].value) > 0 || may_be_empty);
		need(i == 0 || str_cmp(l->items[i - 1].name, l->items[i].name) < 0);
	}
	buf_init(&b, 32 * MIB);
	o = json_out(&b);
	labels_write(&o, l);
	need(labels_parse(a, json_parse(a, buf_str(&b), JSON_STRICT, &err), 0, &again, &err));
	need(labels_same(l, &again) && labels_fingerprint(l) == labels_fingerprint(&again));
	touch(labels_text(a, l));
	buf_done(&b);
}

static void check_event(struct arena *a, const struct alert_event *ev)
{
	struct str title = alert_title(a, &ev->labels, &ev->annotations);

	check_labels(a, &ev->labels, false);
	check_labels(a, &ev->annotations, true);
	need(touch(title) > 0 && str_is_utf8(title));
	need(ev->starts_at > 0 && ev->ends_at >= 0);
	need(ev->firing || ev->ends_at > 0);
	need(alert_severity(&ev->labels) >= SEVERITY_INFO && alert_severity(&ev->labels) <= SEVERITY_CRITICAL);
	touch(ev->url);
}

static void read_webhook(struct arena *a, const struct json *body)
{
	const struct json *list = json_get(body, "alerts");

	for (const struct json *m = json_is(list, JSON_ARRAY) ? list->child : NULL; m; m = m->next) {
		struct alert_event ev;
		struct err err = {0};

		if (alert_read_webhook(a, m, json_get_str(body, "status"), NOW, &ev, &err) == ALERT_TAKEN)
			check_event(a, &ev);
		else
			need(err.code && err.text[0]);
	}
}

static void read_v2(struct arena *a, const struct json *list)
{
	size_t index = 0;

	for (const struct json *m = list->child; m; m = m->next, index++) {
		struct alert_event ev;
		struct err err = {0};
		int status = 0;
		enum alert_read got = alert_read_v2(a, m, index, NOW, 5 * MINUTE, &ev, &status, &err);

		if (got == ALERT_TAKEN) {
			check_event(a, &ev);
			need(ev.labels.count > 0 && ev.fingerprint == labels_fingerprint(&ev.labels));
			need(ev.firing == (ev.ends_at > NOW));
		} else {
			need(err.code && err.text[0]);
			need(got == ALERT_BAD || status == 400 || status == 422);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0};
	struct arena a;
	const struct json *body;

	arena_init(&a);
	body = json_parse(&a, in, JSON_LAST_KEY_WINS, &err);
	if (json_is(body, JSON_ARRAY))
		read_v2(&a, body);
	else if (body)
		read_webhook(&a, body);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
