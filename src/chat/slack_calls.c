#include "chat/slack_parts.h"

#include "net/form.h"
#include "ops/app.h"

#define PAUSE_USUAL (30 * SECOND) /* a 429 that does not say how long */
#define CONNECT_SPARE 500         /* ms; less than that is no time to send anything */

/* ---- the rate ---- */

/* Who says in the chats file that the server takes more than Slack's one message a second gets all of it faster. */
static double a_ms(const struct slack *s, enum slack_method m)
{
	span_ms pace = s->chat->config->post_every;
	double faster = pace > 0 && pace < SECOND ? (double)SECOND / (double)pace : 1;

	return slack_web_methods[m].a_minute * faster / (double)MINUTE;
}

/* How long the next call of the method waits; 0: it takes its token. */
static span_ms lane_wait(struct slack *s, enum slack_method m, mono_ms now)
{
	struct slack_lane *l = &s->lanes[m];
	double rate = a_ms(s, m), most = rate * (double)MINUTE / 5;

	most = most < 1 ? 1 : most;
	l->tokens += (double)(now - l->at) * rate;
	l->tokens = l->tokens > most ? most : l->tokens;
	l->at = now;
	if (l->paused > now)
		return l->paused - now;
	if (l->tokens < 1)
		return (span_ms)((1 - l->tokens) / rate) + 1;
	l->tokens -= 1;
	return 0;
}

void slack_calls_start(struct slack *s)
{
	for (int m = 0; m < SLACK_METHODS; m++) {
		s->lanes[m].tokens = 1e9; /* as many as there can be */
		s->lanes[m].at = mono_now();
		s->lanes[m].last = &s->lanes[m].first;
	}
}

/* ---- one call ---- */

static struct slack_call *call_new(struct slack *s, enum slack_method m, span_ms within, slack_done *done, void *context)
{
	struct slack_call *c = mem_new(sizeof *c);

	c->slack = s;
	c->method = m;
	c->until = mono_now() + within;
	c->done = done;
	c->context = context;
	arena_init(&c->arena);
	c->next = s->calls;
	if (c->next)
		c->next->prev = c;
	s->calls = c;
	return c;
}

static void call_free(struct slack_call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->slack->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	arena_done(&c->arena);
	mem_free(c);
}

static void call_end(struct slack_call *c, struct slack_answer *a)
{
	a->arena = &c->arena;
	if (c->done)
		c->done(c->context, a);
	call_free(c);
}

static void lane_put_first(struct slack_call *c)
{
	struct slack_lane *l = &c->slack->lanes[c->method];

	c->sent = false;
	c->behind = l->first;
	l->first = c;
	if (!c->behind)
		l->last = &c->behind;
}

static struct slack_call *lane_take_first(struct slack_lane *l)
{
	struct slack_call *c = l->first;

	l->first = c->behind;
	if (!l->first)
		l->last = &l->first;
	c->behind = NULL;
	return c;
}

static void lane_leave(struct slack_call *c)
{
	struct slack_lane *l = &c->slack->lanes[c->method];
	struct slack_call **at = &l->first;

	while (*at && *at != c)
		at = &(*at)->behind;
	if (!*at)
		return;
	*at = c->behind;
	if (!*at)
		l->last = at;
}

void slack_call_drop(struct slack_call *c)
{
	if (!c)
		return;
	if (c->sent)
		http_client_cancel(c->slack->http, c);
	else
		lane_leave(c);
	call_free(c);
}

/* ---- answers ---- */

static void judge_broken(const struct client_answer *http, struct slack_answer *out)
{
	out->outcome = http->sent ? SLACK_UNSURE : SLACK_LATER;
	out->why = str_of(http->err.text);
}

static void judge(struct slack_call *c, const struct client_answer *http, struct slack_answer *out)
{
	struct err err = {0};

	*out = (struct slack_answer){.http = http};
	if (!http->reached) {
		judge_broken(http, out);
		return;
	}
	out->body = json_parse(&c->arena, http->body, JSON_LAST_KEY_WINS, &err);
	out->error = json_get_str(out->body, "error");
	if (http->status == 429) {
		out->outcome = SLACK_LATER;
		out->wait = http->retry_after >= 0 ? http->retry_after * SECOND : PAUSE_USUAL;
		out->wait = out->wait < SECOND ? SECOND : out->wait;
		out->why = S("Slack asks for a pause");
	} else if (out->body && json_get_bool(out->body, "ok", false)) {
		out->outcome = SLACK_OK;
	} else if (out->error.n) {
		out->outcome = slack_judge(c->method, out->error);
		out->why = slack_why(&c->arena, c->method, out->body);
	} else {
		/* A redirect, a page of something in between, a breakdown: nobody knows. */
		out->outcome = SLACK_UNSURE;
		out->why = arena_printf(&c->arena, "%s: status %d without an answer of Slack's", slack_web_methods[c->method].name, http->status);
	}
}

static void on_answer(void *context, const struct client_answer *http)
{
	struct slack_call *c = context;
	struct slack *s = c->slack;
	struct slack_answer a;

	judge(c, http, &a);
	if (http->reached && http->status == 429) {
		struct slack_lane *l = &s->lanes[c->method];

		l->paused = mono_now() + a.wait;
		slack_wake(s, l->paused);
		if (l->paused + CONNECT_SPARE < c->until) {
			lane_put_first(c);
			return;
		}
	}
	if (!http->reached || (!a.body && a.outcome == SLACK_UNSURE))
		slack_doubt(s);
	call_end(c, &a);
}

static void on_raw(void *context, const struct client_answer *http)
{
	struct slack_call *c = context;
	struct slack_answer a = {.http = http, .body = NULL};

	if (!http->reached)
		judge_broken(http, &a);
	else if (http->status / 100 != 2) {
		a.outcome = http->status == 429 ? SLACK_LATER : http->status / 100 == 4 ? SLACK_REFUSED : SLACK_UNSURE;
		a.wait = http->retry_after > 0 ? http->retry_after * SECOND : 0;
		a.why = arena_printf(&c->arena, "status %d", http->status);
	}
	call_end(c, &a);
}

/* ---- sending ---- */

static void send_now(struct slack_call *c, mono_ms now)
{
	struct slack *s = c->slack;
	const struct chat_config *config = s->chat->config;
	span_ms left = c->until - now;
	struct str token = c->method == SLACK_CONNECTIONS_OPEN ? config->app_token : config->token;
	struct str headers[] = {arena_printf(&c->arena, "Authorization: Bearer " STR_FMT, STR_ARG(token)), S("Content-Type: application/x-www-form-urlencoded"), S("Accept: application/json")};
	struct client_request r = {.method = "POST", .url = arena_printf(&c->arena, STR_FMT "%s", STR_ARG(config->url), slack_web_methods[c->method].name), .headers = headers,
				   .header_count = COUNT_OF(headers), .body = c->form, .deadline = left < SLACK_CALL_WITHIN ? left : SLACK_CALL_WITHIN,
				   .answer_max_bytes = SLACK_ANSWER_MAX, .ca_file = config->ca_file.n ? config->ca_file.p : NULL, .once = slack_web_methods[c->method].once};

	c->sent = true;
	http_client_send(s->http, &r, on_answer, c);
}

/* What cannot leave in its time says so at once: others may be able to do something with the time. */
static void lane_go(struct slack *s, enum slack_method m, mono_ms now)
{
	struct slack_lane *l = &s->lanes[m];

	while (l->first) {
		bool late = l->first->until - now < CONNECT_SPARE;
		span_ms wait = late ? 0 : lane_wait(s, m, now);

		if (late || now + wait + CONNECT_SPARE > l->first->until) {
			call_end(lane_take_first(l), &(struct slack_answer){.outcome = SLACK_LATER, .wait = wait, .why = S("Slack's rate for this method is used up")});
		} else if (!wait) {
			send_now(lane_take_first(l), now);
		} else {
			slack_wake(s, now + wait);
			return;
		}
	}
}

void slack_calls_tend(struct slack *s, mono_ms now)
{
	for (int m = 0; m < SLACK_METHODS && !s->closing; m++)
		lane_go(s, (enum slack_method)m, now);
}

static struct str form_of(struct arena *a, const struct slack_args *args)
{
	struct buf b;

	buf_init(&b, 4 * MIB);
	for (size_t i = 0; i < args->count; i++) {
		struct arena one; /* encoding may triple a large text */

		arena_init(&one);
		buf_printf(&b, "%s%s=", i ? "&" : "", args->list[i].key);
		buf_add(&b, percent_encode(&one, args->list[i].value));
		arena_done(&one);
	}
	return buf_keep(a, &b);
}

struct slack_call *slack_call(struct slack *s, enum slack_method m, const struct slack_args *args, span_ms within, slack_done *done, void *context)
{
	struct slack_call *c = call_new(s, m, within, done, context);

	c->form = form_of(&c->arena, args);
	*s->lanes[m].last = c;
	s->lanes[m].last = &c->behind;
	slack_wake(s, 0); /* not from inside: who asks may not be ready for the answer */
	return c;
}

struct slack_call *slack_send_raw(struct slack *s, struct str url, struct str type, struct str body, span_ms within, slack_done *done, void *context)
{
	struct slack_call *c = call_new(s, SLACK_METHODS, within, done, context);
	struct str headers[] = {arena_printf(&c->arena, "Content-Type: " STR_FMT, STR_ARG(type))};
	struct client_request r = {.method = "POST", .url = app_url_ok(url) ? url : S(""), .headers = headers, .header_count = COUNT_OF(headers), .body = body,
				   .deadline = within < SLACK_CALL_WITHIN ? within : SLACK_CALL_WITHIN, .answer_max_bytes = 64 * KIB,
				   .ca_file = s->chat->config->ca_file.n ? s->chat->config->ca_file.p : NULL, .once = true};

	c->sent = c->raw = true;
	http_client_send(s->http, &r, on_raw, c);
	return c;
}

void slack_calls_end(struct slack *s)
{
	while (s->calls)
		slack_call_drop(s->calls);
}
