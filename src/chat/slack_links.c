#include "chat/slack_parts.h"

#define PING_EVERY (2 * SECOND)
#define SILENCE_MAX (5 * SECOND)
#define LEAVE_WITHIN (10 * SECOND) /* what is under way on a connection that ends may still be acknowledged there */
#define HELLO_WITHIN (10 * SECOND)

static unsigned links_staying(const struct slack *s)
{
	unsigned n = 0;

	for (const struct slack_link *l = s->links; l; l = l->next)
		n += !l->leaving;
	return n;
}

unsigned slack_links_ready(const struct slack *s)
{
	unsigned n = 0;

	for (const struct slack_link *l = s->links; l; l = l->next)
		n += l->greeted;
	return n;
}

static bool has_work(const struct slack_link *l)
{
	for (const struct slack_in *in = l->slack->in; in; in = in->next)
		if (in->link == l)
			return true;
	return false;
}

static void link_end(struct slack_link *l, int code)
{
	struct slack_link **at = &l->slack->links;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	slack_hear_link_gone(l->slack, l);
	ws_out_close(l->ws, code);
	mem_free(l);
}

static void try_later(struct slack *s)
{
	s->open_at = mono_now() + slack_backoff(s->open_failures++);
	slack_wake(s, s->open_at);
}

/* The connection shall end; the next one comes first, if it still can. */
static void link_leave(struct slack_link *l)
{
	if (l->leaving)
		return;
	l->leaving = true;
	l->leave_by = mono_now() + LEAVE_WITHIN;
	slack_wake(l->slack, l->leave_by);
}

static void on_disconnect(struct slack_link *l, struct str reason)
{
	struct slack *s = l->slack;

	link_leave(l);
	if (str_is(reason, "too_many_websockets") || str_is(reason, "link_disabled"))
		try_later(s);
	slack_wake(s, 0);
}

static void on_open(void *context)
{
	(void)context; /* Slack speaks first: hello */
}

static void on_text(void *context, struct str text)
{
	struct slack_link *l = context;
	struct slack *s = l->slack;
	struct slack_frame f;
	struct arena a;

	arena_init(&a);
	if (slack_read_frame(&a, arena_dup(&a, text), &f)) {
		if (f.type == SLACK_FRAME_HELLO) {
			l->greeted = true;
			s->open_failures = 0;
			slack_wake(s, 0); /* one that leaves may end now */
			slack_settle(s, NULL);
		} else if (f.type == SLACK_FRAME_DISCONNECT) {
			on_disconnect(l, f.reason);
		} else if (f.envelope.n) {
			slack_hear_frame(l, &f, &a);
		}
	}
	arena_done(&a);
}

static void on_close(void *context, int code, const char *why)
{
	struct slack_link *l = context;
	struct slack *s = l->slack;
	bool wanted = !l->leaving;
	struct arena a;

	(void)code;
	arena_init(&a);
	why = arena_printf(&a, "Socket Mode: %s", why).p;
	if (wanted && !l->greeted)
		try_later(s);
	link_end(l, 1000);
	slack_wake(s, 0);
	slack_settle(s, why);
	arena_done(&a);
}

static void connect_to(struct slack *s, struct str url)
{
	static const struct ws_out_options usual = {.handshake_deadline = HELLO_WITHIN, .ping_every = PING_EVERY, .silence_max = SILENCE_MAX, .message_max_bytes = 4 * MIB};
	struct slack_link *l = mem_new(sizeof *l);
	struct ws_out_options options = usual;
	struct ws_out_events events = {.context = l, .on_open = on_open, .on_text = on_text, .on_close = on_close};

	options.ca_file = s->chat->config->ca_file.n ? s->chat->config->ca_file.p : NULL;
	l->slack = s;
	l->leave_by = mono_now() + 2 * HELLO_WITHIN; /* a connection that never says hello */
	l->next = s->links;
	s->links = l;
	slack_wake(s, l->leave_by);
	l->ws = ws_out_open(s->chat->loop, url, &options, &events);
}

static void on_url(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	struct str url = json_get_str(answer->body, "url");

	s->opening = NULL;
	if (answer->outcome == SLACK_OK && (str_starts(url, S("wss://")) || str_starts(url, S("ws://")))) {
		s->open_at = 0;
		connect_to(s, url);
	} else if (answer->outcome == SLACK_ENDED || str_is(answer->error, "not_allowed_token_type")) {
		slack_give_up(s, arena_printf(answer->arena, "the app-level token: " STR_FMT, STR_ARG(answer->why)).p);
	} else {
		try_later(s);
		if (answer->wait && mono_now() + answer->wait > s->open_at)
			s->open_at = mono_now() + answer->wait;
		slack_settle(s, answer->why.n ? arena_dup(answer->arena, answer->why).p : "apps.connections.open gave no address");
	}
	slack_wake(s, 0);
}

/* One that leaves ends when its work is done and another one stands, or its time is over. */
static void links_leave(struct slack *s, mono_ms now)
{
	unsigned staying = 0;

	for (const struct slack_link *l = s->links; l; l = l->next)
		staying += l->greeted && !l->leaving;
	for (struct slack_link *l = s->links, *next; l; l = next) {
		next = l->next;
		if (l->leaving ? now >= l->leave_by || (staying && !has_work(l)) : !l->greeted && now >= l->leave_by) {
			if (!l->leaving)
				try_later(s);
			link_end(l, 1000);
			slack_settle(s, "Socket Mode: the connection ended");
		} else if (l->leaving || !l->greeted) {
			slack_wake(s, l->leave_by);
		}
	}
}

void slack_links_tend(struct slack *s, mono_ms now)
{
	if (!s->chat->config->app_token.n || s->refused || !s->known)
		return;
	links_leave(s, now);
	if (s->opening || links_staying(s) >= SLACK_LINKS)
		return;
	if (now < s->open_at)
		slack_wake(s, s->open_at);
	else
		s->opening = slack_call(s, SLACK_CONNECTIONS_OPEN, &(struct slack_args){0}, 2 * MINUTE, on_url, s);
}

void slack_link_ack(struct slack_link *l, struct str envelope)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "envelope_id", envelope);
	json_close(&o, '}');
	ws_out_send_text(l->ws, buf_str(&b));
	buf_done(&b);
	if (l->leaving)
		slack_wake(l->slack, 0);
}

void slack_links_end(struct slack *s)
{
	while (s->links)
		link_end(s->links, 1000);
}
