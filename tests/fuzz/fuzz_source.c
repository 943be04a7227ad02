/* A webhook's body through its tool's program: the low bits of the first byte choose the tool, the highest one a form. An event
 * that comes out keeps the promises of ops/event.h and can be written; what does not come out has a reason. */
#include "net/body.h"
#include "ops/source.h"

#include "fuzz.h"

static const char *const tools[] = {"jira", "sentry", "otel", "spinnaker", "uptimerobot", "pagerduty_events", "checkmk", "servicenow"};

/* A program keeps its stack by a pointer behind its end, where the leak sanitizer does not look. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static size_t characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

static void check_event(const struct event *e)
{
	need(e->title.n && characters(e->title) <= 250 && str_is_utf8(e->title) && !memchr(e->title.p, '\n', e->title.n));
	need(characters(e->summary) <= 4000 && str_is_utf8(e->summary));
	need(!e->url.n || strncasecmp(e->url.p, "http", 4) == 0);
	need(e->dedup_key.n && e->dedup_key.n <= 200 && str_is_utf8(e->dedup_key));
	need(e->status >= EVENT_FIRING && e->status <= EVENT_INFO && e->severity >= SEVERITY_INFO && e->severity <= SEVERITY_CRITICAL);
	need(e->status == EVENT_RESOLVED || !e->ends_at);
	for (size_t i = 0; i < e->labels.count; i++) {
		need(e->labels.items[i].name.n && e->labels.items[i].value.n && str_is_utf8(e->labels.items[i].value));
		need(i == 0 || str_cmp(e->labels.items[i - 1].name, e->labels.items[i].name) < 0);
	}
}

static void check_written(struct arena *a, const struct event *e)
{
	struct err err = {0};
	struct json_out o;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	o = json_out(&b);
	event_write(&o, e);
	need(json_parse(a, buf_str(&b), JSON_STRICT, &err));
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_kind *k;
	struct source_reading r;
	struct err err = {0};
	struct json *body;
	struct arena a;
	struct str in;

	if (size < 1)
		return 0;
	k = source_builtin(str_of(tools[data[0] % COUNT_OF(tools)]));
	need(k);
	in = own_copy(data + 1, size - 1);
	arena_init(&a);
	body = body_parse(&a, data[0] & 0x80 ? S("application/x-www-form-urlencoded") : S("application/json"), in, &err);
	if (body && source_read(k, &a, body, NULL, in, &r, &err)) {
		for (size_t i = 0; i < r.count; i++) {
			check_event(&r.events[i]);
			check_written(&a, &r.events[i]);
		}
	} else {
		need(err.code == ERR_INVALID || err.code == ERR_TOO_BIG || err.code == ERR_TOO_MANY);
		need(err.text[0]);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
