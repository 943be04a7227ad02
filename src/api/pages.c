#include "api/pages.h"

#include "api/assets.h"
#include "api/deliveries.h"
#include "api/sns.h"
#include "store/journal.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define CSP                                                                                                                    \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " \
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\nCross-Origin-Opener-Policy: same-origin\r\n"

static void answer(struct api *api, struct http_request *r, int status, const char *type, struct str headers, struct str body)
{
	http_answer(api->server, r->conn, &(struct http_answer){.status = status, .content_type = type, .headers = headers, .body = body});
	http_request_free(r);
}

/* ---- the console's files ---- */

static const struct asset *asset_find(struct str path)
{
	if (path.n && path.p[0] == '/')
		path = str_n(path.p + 1, path.n - 1);
	for (size_t i = 0; i < asset_count; i++) {
		const char *name = assets[i].path[0] == '/' ? assets[i].path + 1 : assets[i].path;

		if (str_is(path, name))
			return &assets[i];
	}
	return NULL;
}

/* Addresses that the console itself understands. */
static bool is_page(struct str path)
{
	return str_is(path, "/") || str_is(path, "/setup") || str_is(path, "/login") || str_is(path, "/oauth/v2/authorize") || str_starts(path, S("/archives/"));
}

/* Is `coding` in an Accept-Encoding? "*" is not asked for by browsers and not heard here. RFC 9110 section 12.5.3. */
static bool accepts(struct str accept, const char *coding)
{
	struct str one, name, q;

	while (accept.n) {
		accept = str_cut(accept, ',', &one);
		q = str_trim(str_cut(one, ';', &name));
		if (!str_eq_nocase(str_trim(name), str_of(coding)))
			continue;
		if (str_starts(q, S("q=")) || str_starts(q, S("Q=")))
			for (q = str_n(q.p + 2, q.n - 2); q.n && (q.p[0] == '0' || q.p[0] == '.'); q = str_n(q.p + 1, q.n - 1))
				if (q.n == 1)
					return false; /* "q=0", "q=0.000" */
		return true;
	}
	return false;
}

/* If-None-Match: "*", or a list of tags, which may be marked as weak. RFC 9110 section 13.1.2. */
static bool is_known(struct str if_none_match, struct str etag)
{
	struct str one;

	if (str_is(str_trim(if_none_match), "*"))
		return true;
	while (if_none_match.n) {
		if_none_match = str_cut(if_none_match, ',', &one);
		one = str_trim(one);
		if (str_starts(one, S("W/")))
			one = str_n(one.p + 2, one.n - 2);
		if (str_eq(one, etag))
			return true;
	}
	return false;
}

static void answer_asset(struct api *api, struct http_request *r, const struct asset *as)
{
	struct str accept = http_header_get(r, "Accept-Encoding");
	const struct packed raw = {as->raw, as->raw_bytes}, *body = &raw;
	const char *coding = "";
	struct str etag, headers;

	if (as->brotli.bytes && accepts(accept, "br"))
		body = &as->brotli, coding = "br";
	else if (as->gzip.bytes && accepts(accept, "gzip"))
		body = &as->gzip, coding = "gzip";
	/* Other bytes, another strong tag: RFC 9110 section 8.8.3.3. */
	etag = arena_printf(&r->arena, "\"%s%s%s\"", as->etag, *coding ? "-" : "", coding);
	headers = arena_printf(&r->arena, "ETag: " STR_FMT "\r\nCache-Control: %s\r\nVary: Accept-Encoding\r\n%s%s%s" CSP, STR_ARG(etag),
			       as->immutable ? "public, max-age=31536000, immutable" : "no-cache", *coding ? "Content-Encoding: " : "", coding,
			       *coding ? "\r\n" : "");
	if (is_known(http_header_get(r, "If-None-Match"), etag))
		answer(api, r, 304, NULL, headers, S(""));
	else
		answer(api, r, 200, as->content_type, headers, str_n((const char *)body->bytes, body->n));
}

/* ---- health and metrics ---- */

static void metric(struct buf *b, const char *name, const char *type, const char *help, int64_t value)
{
	buf_printf(b, "# HELP opsroom_%s %s\n# TYPE opsroom_%s %s\nopsroom_%s %" PRId64 "\n", name, help, name, type, name, value);
}

static int64_t resident_bytes(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void put_http_metrics(struct api *api, struct buf *b)
{
	static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

	buf_add(b, S("# HELP opsroom_http_requests_total Requests answered, by class of status.\n# TYPE opsroom_http_requests_total counter\n"));
	for (int i = 0; i < 5; i++)
		buf_printf(b, "opsroom_http_requests_total{status=\"%s\"} %" PRIu64 "\n", classes[i], api->answered[i + 1]);
}

static void put_engine_metrics(const struct engine_counts *c, struct buf *b)
{
	metric(b, "work_items_total", "counter", "Work items that ran.", (int64_t)c->items);
	metric(b, "work_batches_total", "counter", "Group commits.", (int64_t)c->batches);
	metric(b, "work_batches_failed_total", "counter", "Group commits that failed; nothing of them was answered with yes.", (int64_t)c->failed_batches);
	metric(b, "work_queue_length", "gauge", "Work items waiting.", c->queued);
	metric(b, "work_refused_total", "counter", "Requests turned away because the queue was full.", (int64_t)c->refused);
	metric(b, "store_writable", "gauge", "1: the store takes what is written. 0: its disk is full or fails.", c->unwritable.code == ERR_NONE);
	metric(b, "store_writes_total", "counter", "Statements that wrote.", (int64_t)c->store.writes);
	metric(b, "alerts_received_total", "counter", "Alerts in deliveries.", (int64_t)c->alerts_received);
	metric(b, "alerts_changed_total", "counter", "Alerts that changed something.", (int64_t)c->alerts_changed);
	metric(b, "deliveries_refused_total", "counter", "Deliveries of sources that were turned away.", (int64_t)c->deliveries_refused);
	metric(b, "alerts_active", "gauge", "Alerts that fire now.", c->alerts_active);
	metric(b, "alert_groups_firing", "gauge", "Groups that fire and that nobody has acknowledged.", c->groups_firing);
	metric(b, "alert_groups_acknowledged", "gauge", "Groups that fire and that somebody has.", c->groups_acknowledged);
	metric(b, "outbox_waiting", "gauge", "Outgoing messages that have not left yet.", c->outbox_waiting);
	metric(b, "outbox_oldest_seconds", "gauge", "For how long the oldest of them has waited.", c->outbox_oldest ? (wall_now() - c->outbox_oldest) / 1000 : 0);
	metric(b, "outbox_sent_total", "counter", "Outgoing messages that left.", (int64_t)c->outbox_sent);
	metric(b, "outbox_retries_total", "counter", "Outgoing messages that failed and will be tried again.", (int64_t)c->outbox_retries);
	metric(b, "outbox_refused_total", "counter", "Outgoing messages refused for good.", (int64_t)c->outbox_refused);
	metric(b, "commands_total", "counter", "Commands that ran.", (int64_t)c->commands);
	metric(b, "chat_events_total", "counter", "Messages and events in channels.", (int64_t)c->messages);
	metric(b, "streams", "gauge", "Open streams (GET /stream).", c->streams);
}

static void answer_metrics(struct api *api, struct http_request *r)
{
	struct engine_counts c;
	struct server_counts s = server_count(api->server);
	struct buf b;

	engine_count(api->engine, &c);
	buf_init(&b, 64 * KIB);
	buf_printf(&b, "# HELP opsroom_build_info What runs.\n# TYPE opsroom_build_info gauge\nopsroom_build_info{version=\"" OPSROOM_VERSION "\"} 1\n");
	metric(&b, "start_time_seconds", "gauge", "When the daemon started, seconds since 1970.", api->engine->started / 1000);
	metric(&b, "resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
	metric(&b, "connections", "gauge", "Open connections.", s.connections);
	metric(&b, "websockets", "gauge", "Open WebSockets.", s.websockets);
	metric(&b, "slow_clients_total", "counter", "WebSocket clients cut off because they did not read.", (int64_t)s.slow_clients);
	put_http_metrics(api, &b);
	put_engine_metrics(&c, &b);
	answer(api, r, 200, "text/plain; version=0.0.4; charset=utf-8", S("Cache-Control: no-store\r\n"), buf_str(&b));
	buf_done(&b);
}

static void answer_health(struct api *api, struct http_request *r)
{
	answer(api, r, 200, "text/plain; charset=utf-8", S("Cache-Control: no-store\r\n"), S("OK"));
}

/* Ready is who can take work. Who cannot write takes none, though reads go on. */
static void answer_ready(struct api *api, struct http_request *r)
{
	struct engine_counts c;
	struct str text = S("OK");

	engine_count(api->engine, &c);
	if (!api->ready)
		text = S("not ready");
	else if (c.unwritable.code)
		text = arena_printf(&r->arena, "not ready: %s", c.unwritable.text);
	answer(api, r, api->ready && !c.unwritable.code ? 200 : 503, "text/plain; charset=utf-8", S("Cache-Control: no-store\r\n"), text);
}

const struct page pages[] = {
	{"/healthz", "/-/healthy", answer_health, "200 as long as the daemon answers at all."},
	{"/readyz", "/-/ready", answer_ready, "200 when it takes work; 503 before that, while it drains, and while its disk is full or fails."},
	{"/metrics", NULL, answer_metrics, "Metrics in Prometheus' text format."},
};
const size_t page_count = COUNT_OF(pages);

static const struct page *page_find(struct str path)
{
	for (size_t i = 0; i < page_count; i++)
		if (str_is(path, pages[i].path) || (pages[i].alias && str_is(path, pages[i].alias)))
			return &pages[i];
	return NULL;
}

bool pages_answer(struct api *api, struct http_request *r)
{
	const struct page *page = page_find(r->path);
	bool get = str_is(r->method, "GET") || str_is(r->method, "HEAD");
	const struct asset *as;

	if (!get || r->wants_websocket || str_starts(r->path, S("/api/")) || str_starts(r->path, S("/v1/")))
		return false;
	if (page) {
		page->answer(api, r);
	} else {
		as = asset_find(is_page(r->path) ? S("/index.html") : r->path);
		if (!as)
			return false;
		answer_asset(api, r, as);
	}
	return true;
}

/* ---- the room's own ---- */

struct api *api_new(struct engine *e, uv_loop_t *loop, const struct api_limits *limits)
{
	struct api *api = mem_new(sizeof *api);

	api->engine = e;
	api->loop = loop;
	api->limits = *limits;
	api->token_uses = token_uses_new();
	api->deliveries = deliveries_new(DELIVERIES_MAX_BYTES);
	return api;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	sns_free(api->sns);
	token_uses_free(api->token_uses);
	mem_free(api->logins);
	mem_free(api->slack_rates);
	deliveries_free(api->deliveries);
	mem_free(api);
}

void api_set_server(struct api *api, struct server *s)
{
	api->server = s;
}

void api_set_ready(struct api *api, bool ready)
{
	api->ready = ready;
}
