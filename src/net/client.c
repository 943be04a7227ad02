#include "net/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>

#define CONNECT_DEADLINE (10 * SECOND)
#define HEADERS_MAX (16 * KIB)

static void global_start(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
}

void curl_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_start);
}

/* ---- one call, in the daemon or in the CLI ---- */

struct call {
	struct call *next, *prev; /* under way */
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *url, *body;
	size_t body_n;
	struct buf *answer, own_answer, head;
	bool too_big, no_retry;
	int64_t retry_after;
	char cookie[sizeof(((struct client_answer *)0)->cookie)];
	char why[CURL_ERROR_SIZE];
	span_ms deadline;
	void (*on_answer)(void *context, const struct client_answer *answer);
	void *context;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *user)
{
	struct call *c = user;

	if (buf_add(c->answer, str_n(bytes, size * n)))
		return size * n;
	c->too_big = true;
	return 0;
}

static void take_cookie(struct call *c, struct str line)
{
	struct str pair;

	if (c->cookie[0] || line.n < 11 || !str_eq_nocase(str_n(line.p, 11), S("set-cookie:")))
		return;
	str_cut(str_n(line.p + 11, line.n - 11), ';', &pair);
	pair = str_trim(pair);
	if (pair.n < sizeof c->cookie)
		memcpy(c->cookie, pair.p, pair.n);
}

/* Retry-After is seconds or a date (RFC 9110 section 10.2.3). */
static size_t on_header(char *bytes, size_t size, size_t n, void *user)
{
	static const char name[] = "retry-after:";
	struct str line = str_trim(str_n(bytes, size * n));
	struct call *c = user;
	int64_t seconds;
	char text[64];

	(void)buf_add(&c->head, str_n(bytes, size * n)); /* what is too much is left out */
	take_cookie(c, line);
	if (line.n >= 17 && str_eq_nocase(str_n(line.p, 17), S("x-slack-no-retry:")))
		c->no_retry = str_is(str_trim(str_n(line.p + 17, line.n - 17)), "1");
	if (line.n < sizeof name || line.n - (sizeof name - 1) >= sizeof text ||
	    !str_eq_nocase(str_n(line.p, sizeof name - 1), S("retry-after:")))
		return size * n;
	line = str_trim(str_n(line.p + sizeof name - 1, line.n - (sizeof name - 1)));
	if (!str_to_int(line, &seconds)) {
		snprintf(text, sizeof text, STR_FMT, STR_ARG(line));
		seconds = (int64_t)curl_getdate(text, NULL);
		if (seconds < 0)
			return size * n;
		seconds -= (int64_t)time(NULL);
	}
	c->retry_after = seconds > 0 ? seconds : 0;
	return size * n;
}

/* A line end in a header would start another one. */
static bool is_one_line(struct str s)
{
	return !memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, '\0', s.n);
}

static bool request_is_sound(const struct client_request *r, struct err *err)
{
	if (!r->url.n || !is_one_line(r->url)) {
		err_set(err, ERR_INVALID, "the URL is empty or has a line end");
		return false;
	}
	for (size_t i = 0; i < r->header_count; i++)
		if (!is_one_line(r->headers[i])) {
			err_set(err, ERR_INVALID, "a header of the request has a line end");
			return false;
		}
	return true;
}

static void set_method(struct call *c, const char *method)
{
	bool is_get = strcmp(method, "GET") == 0, is_head = strcmp(method, "HEAD") == 0;

	if (is_head) {
		curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (c->body_n || !is_get) {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body ? c->body : "");
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_n);
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
	}
}

static void set_headers(struct call *c, const struct client_request *r)
{
	bool typed = false;

	for (size_t i = 0; i < r->header_count; i++) {
		char *line = mem_dup(r->headers[i]);

		typed |= r->headers[i].n > 13 && str_eq_nocase(str_n(line, 13), S("content-type:"));
		c->headers = curl_slist_append(c->headers, line);
		mem_free(line);
	}
	c->headers = curl_slist_append(c->headers, "Expect:"); /* a round trip that nobody needs */
	if (!typed)
		c->headers = curl_slist_append(c->headers, "Content-Type:"); /* curl would say it is a form */
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static struct call *call_new(const struct client_request *r, struct buf *answer)
{
	struct call *c = mem_new(sizeof *c);
	span_ms connect = r->deadline < CONNECT_DEADLINE ? r->deadline : CONNECT_DEADLINE;

	curl_start();
	c->easy = curl_easy_init();
	c->url = mem_dup(r->url);
	c->body = r->body.n ? mem_dup(r->body) : NULL;
	c->body_n = r->body.n;
	c->retry_after = -1;
	c->deadline = r->deadline;
	buf_init(&c->own_answer, r->answer_max_bytes);
	buf_init(&c->head, HEADERS_MAX);
	c->answer = answer ? answer : &c->own_answer;
	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
	curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* HTTP/2 streams of libcurl 7.88 fail now and then under load; 1.1 does not */
	curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)r->deadline);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
	curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "opsroom/" OPSROOM_VERSION);
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	if (r->once)
		curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
	if (r->ca_file)
		curl_easy_setopt(c->easy, CURLOPT_CAINFO, r->ca_file);
	set_method(c, r->method);
	set_headers(c, r);
	return c;
}

static void call_free(struct call *c)
{
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	buf_done(&c->own_answer);
	buf_done(&c->head);
	mem_free(c->url);
	mem_free(c->body);
	mem_free(c);
}

static void explain(const struct call *c, CURLcode code, size_t max_bytes, struct err *err)
{
	if (c->too_big)
		err_set(err, ERR_TOO_BIG, "the answer is longer than %zu bytes", max_bytes);
	else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		err_set(err, ERR_INVALID, "the URL is not http:// or https://");
	else if (code == CURLE_OPERATION_TIMEDOUT)
		err_set(err, ERR_UNAVAILABLE, "no answer within %lld ms", (long long)c->deadline);
	else
		err_set(err, ERR_UNAVAILABLE, "%s", c->why[0] ? c->why : curl_easy_strerror(code));
}

static void read_answer(struct call *c, CURLcode code, struct client_answer *a)
{
	const char *type = NULL;
	long status = 0, sent = 0;

	*a = (struct client_answer){.retry_after = c->retry_after, .no_retry = c->no_retry};
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
	a->status = (int)status;
	memcpy(a->cookie, c->cookie, sizeof a->cookie);
	a->content_type = str_of(type);
	a->body = buf_str(c->answer);
	a->headers = buf_str(&c->head);
	a->reached = code == CURLE_OK;
	a->sent = sent > 0;
	a->timed_out = code == CURLE_OPERATION_TIMEDOUT;
	if (!a->reached)
		explain(c, code, c->answer->max, &a->err);
}

/* Type and headers go with the call: they are kept behind the body. */
static void keep_head(struct client_answer *a, struct buf *body)
{
	size_t n = a->content_type.n + a->headers.n;
	char *to = buf_room(body, n + 1);

	body->failed = false;
	if (to) {
		*to++ = '\0';
		if (a->content_type.n)
			memcpy(to, a->content_type.p, a->content_type.n);
		if (a->headers.n)
			memcpy(to + a->content_type.n, a->headers.p, a->headers.n);
	}
	a->content_type = to ? str_n(to, a->content_type.n) : S("");
	a->headers = to ? str_n(to + a->content_type.n, a->headers.n) : S("");
	a->body = buf_str(body);
}

struct str client_header(const struct client_answer *a, const char *name)
{
	struct str rest = a->headers, line, key;

	while (rest.n) {
		rest = str_cut(rest, '\n', &line);
		line = str_cut(line, ':', &key);
		if (str_eq_nocase(key, str_of(name)))
			return str_trim(line);
	}
	return S("");
}

wall_ms client_date(const struct client_answer *a)
{
	struct str date = client_header(a, "date");
	char text[64];
	time_t there;

	snprintf(text, sizeof text, STR_FMT, STR_ARG(date));
	there = date.n ? curl_getdate(text, NULL) : -1;
	return there > 0 ? (wall_ms)there * SECOND : 0;
}

bool http_call(const struct client_request *r, struct client_answer *answer, struct buf *body, struct err *err)
{
	struct call *c;

	*answer = (struct client_answer){.retry_after = -1};
	if (!request_is_sound(r, err))
		return false;
	if (body->max > r->answer_max_bytes)
		body->max = r->answer_max_bytes;
	c = call_new(r, body);
	read_answer(c, curl_easy_perform(c->easy), answer);
	keep_head(answer, body);
	call_free(c);
	if (!answer->reached)
		err_set(err, answer->err.code, "%s", answer->err.text);
	return answer->reached;
}

/* ---- many calls on the loop: curl's multi_socket interface ---- */

struct watched {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t socket;
};

struct http_client {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	unsigned at_once, running, waiting;
	struct call *calls;         /* under way */
	struct call *first, **last; /* waiting for a place */
	unsigned handles;
	bool freed;
};

static void client_end_if_done(struct http_client *c)
{
	if (c->freed && !c->handles)
		mem_free(c);
}

static void on_closed(uv_handle_t *h)
{
	struct watched *w = (struct watched *)h;
	struct http_client *c = w->client;

	mem_free(w);
	c->handles--;
	client_end_if_done(c);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct http_client *c = h->data;

	c->handles--;
	client_end_if_done(c);
}

static void call_start(struct call *c)
{
	struct http_client *client = c->client;

	c->prev = NULL;
	c->next = client->calls;
	if (c->next)
		c->next->prev = c;
	client->calls = c;
	client->running++;
	curl_multi_add_handle(client->multi, c->easy);
}

static void call_unlink(struct call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->client->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->client->running--;
}

static void start_waiting(struct http_client *client)
{
	while (client->first && client->running < client->at_once) {
		struct call *c = client->first;

		client->first = c->next;
		if (!client->first)
			client->last = &client->first;
		client->waiting--;
		call_start(c);
	}
}

static void call_done(struct call *c, CURLcode code)
{
	struct client_answer answer;

	read_answer(c, code, &answer);
	curl_multi_remove_handle(c->client->multi, c->easy);
	call_unlink(c);
	c->on_answer(c->context, &answer);
	call_free(c);
}

/* An answer's callback may free the client. */
static void take_done(struct http_client *client)
{
	CURLMsg *m;
	int left;

	client->handles++;
	while (!client->freed && (m = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = m->data.result;
		char *private = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		call_done((struct call *)private, code);
	}
	if (!client->freed)
		start_waiting(client);
	client->handles--;
	client_end_if_done(client);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	struct watched *w = (struct watched *)p;
	struct http_client *c = w->client;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(c->multi, w->socket, flags, &running);
	take_done(c);
}

static void on_timeout(uv_timer_t *t)
{
	struct http_client *c = t->data;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_done(c);
}

static int on_want_timer(CURLM *multi, long ms, void *user)
{
	struct http_client *c = user;

	(void)multi;
	if (c->freed)
		return 0;
	if (ms < 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timeout, (uint64_t)ms, 0);
	return 0;
}

static int on_want_socket(CURL *easy, curl_socket_t s, int what, void *user, void *socket_user)
{
	struct http_client *c = user;
	struct watched *w = socket_user;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			uv_poll_stop(&w->poll);
			uv_close((uv_handle_t *)&w->poll, on_closed);
			curl_multi_assign(c->multi, s, NULL);
		}
		return 0;
	}
	if (!w) {
		w = mem_new(sizeof *w);
		w->client = c;
		w->socket = s;
		if (uv_poll_init_socket(c->loop, &w->poll, s)) {
			mem_free(w);
			return -1;
		}
		c->handles++;
		curl_multi_assign(c->multi, s, w);
	}
	uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
		      on_poll);
	return 0;
}

struct http_client *http_client_new(uv_loop_t *loop, unsigned at_once)
{
	struct http_client *c = mem_new(sizeof *c);

	c->loop = loop;
	c->at_once = at_once ? at_once : 1;
	c->last = &c->first;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->handles = 1;
	return c;
}

/* With the first request: libcurl and its OpenSSL take 2.5 MB that many a daemon never needs. */
static void client_start(struct http_client *c)
{
	if (c->multi || c->freed)
		return;
	curl_start();
	c->multi = curl_multi_init();
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->at_once);
}

static void call_abandon(struct call *c)
{
	struct client_answer answer = {.retry_after = -1, .body = S(""), .content_type = S("")};

	err_set(&answer.err, ERR_UNAVAILABLE, "the program is ending");
	c->on_answer(c->context, &answer);
	call_free(c);
}

void http_client_free(struct http_client *client)
{
	if (!client || client->freed)
		return;
	client->freed = true;
	while (client->calls) {
		struct call *c = client->calls;

		curl_multi_remove_handle(client->multi, c->easy);
		call_unlink(c);
		call_abandon(c);
	}
	while (client->first) {
		struct call *c = client->first;

		client->first = c->next;
		call_abandon(c);
	}
	if (client->multi)
		curl_multi_cleanup(client->multi);
	uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

void http_client_send(struct http_client *client, const struct client_request *r,
		      void (*on_answer)(void *context, const struct client_answer *answer), void *context)
{
	static const struct client_request nothing = {.method = "GET", .url = {"", 0}, .deadline = SECOND};
	struct err err = {0};
	struct call *c;

	client_start(client);
	c = call_new(request_is_sound(r, &err) ? r : &nothing, NULL); /* curl refuses the empty URL, later */
	c->client = client;
	c->on_answer = on_answer;
	c->context = context;
	if (client->freed) {
		call_abandon(c);
		return;
	}
	if (client->running < client->at_once) {
		call_start(c);
		return;
	}
	c->next = NULL;
	*client->last = c;
	client->last = &c->next;
	client->waiting++;
}

static bool cancel_waiting(struct http_client *client, const void *context)
{
	bool found = false;

	for (struct call **at = &client->first; *at;) {
		struct call *c = *at;

		if (c->context != context) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		client->waiting--;
		call_free(c);
		found = true;
	}
	client->last = &client->first;
	while (*client->last)
		client->last = &(*client->last)->next;
	return found;
}

bool http_client_cancel(struct http_client *client, const void *context)
{
	bool found = cancel_waiting(client, context);
	struct call *next;

	for (struct call *c = client->calls; c; c = next) {
		next = c->next;
		if (c->context != context)
			continue;
		curl_multi_remove_handle(client->multi, c->easy);
		call_unlink(c);
		call_free(c);
		found = true;
	}
	start_waiting(client);
	return found;
}

unsigned http_client_busy(const struct http_client *c)
{
	return c->running + c->waiting;
}
