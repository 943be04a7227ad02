#include "net/ws_out.h"
#include "net/dial.h"
#include "net/ws_frames.h"
#include "net/ws_handshake.h"

#include <stdio.h>
#include <wslay/wslay.h>

#define HANDSHAKE_DEADLINE (10 * SECOND)
#define PING_EVERY (10 * SECOND)
#define MESSAGE_MAX (16 * MIB)
#define UNSENT_MAX (4 * MIB)
#define ASK_MAX (64 * KIB)
#define LOST WSLAY_CODE_ABNORMAL_CLOSURE

enum state {
	SHAKING, /* from the look-up of the name to the end of the handshake */
	OPEN,
	ENDED, /* on_close is due or was called */
	GONE,  /* the owner has gone */
};

struct ws_out {
	struct ws_out_events events;
	enum state state;
	struct dial *dial;
	struct buf ask, answer; /* of the handshake */
	char key[WS_KEY_SIZE];
	struct ws_in in;
	struct ws_rx *spare;
	uv_timer_t timer;
	mono_ms deadline, heard, pinged;
	span_ms ping_every, silence_max;
	size_t message_max;
	int code;
	char reason[128]; /* the server's words at its close */
	char why[640];
};

static void on_timer(uv_timer_t *timer);

/* ---- the end ---- */

static void wait_until(struct ws_out *w, mono_ms at)
{
	mono_ms left = at - mono_now();

	uv_timer_start(&w->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

static void hang_up(struct ws_out *w)
{
	dial_close(w->dial);
	w->dial = NULL;
}

/* on_close comes from the timer, so never inside a call. */
static void PRINTF_LIKE(3, 4) end(struct ws_out *w, int code, const char *fmt, ...)
{
	va_list ap;

	if (w->state >= ENDED)
		return;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof w->why, fmt, ap);
	va_end(ap);
	w->code = code;
	w->state = ENDED;
	hang_up(w);
	wait_until(w, mono_now());
}

static void on_timer_closed(uv_handle_t *h)
{
	struct ws_out *w = h->data;

	ws_in_done(&w->in);
	ws_rx_free(w->spare);
	buf_done(&w->ask);
	buf_done(&w->answer);
	mem_free(w);
}

/* ---- frames ---- */

static void send_frame(struct ws_out *w, unsigned opcode, struct str payload)
{
	struct buf frame;

	if (w->state != OPEN)
		return;
	buf_init(&frame, payload.n + 64);
	ws_masked_write(&frame, opcode, payload);
	dial_send(w->dial, buf_str(&frame));
	buf_done(&frame);
}

void ws_out_send_text(struct ws_out *w, struct str text)
{
	send_frame(w, WSLAY_TEXT_FRAME, text);
}

void ws_out_ping(struct ws_out *w)
{
	send_frame(w, WSLAY_PING, S(""));
}

static void on_message(void *owner, struct str text)
{
	struct ws_out *w = owner;

	if (w->state == OPEN)
		w->events.on_text(w->events.context, text);
}

static void on_put(void *owner, struct str bytes)
{
	struct ws_out *w = owner;

	if (w->state == OPEN)
		dial_send(w->dial, bytes);
}

/* The step that follows decides; the words are kept for it. */
static void on_ended(void *owner, int code, struct str reason)
{
	struct ws_out *w = owner;

	if (w->state != OPEN)
		return;
	w->code = code;
	snprintf(w->reason, sizeof w->reason, STR_FMT, STR_ARG(reason));
}

static void tell_broken(struct ws_out *w)
{
	if (w->code == WSLAY_CODE_MESSAGE_TOO_BIG)
		end(w, w->code, "a message of the server is longer than %zu bytes", w->message_max);
	else if (w->code == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA)
		end(w, w->code, "a message of the server is not UTF-8");
	else
		end(w, w->code, "the server broke the protocol of WebSockets");
}

static void take_frames(struct ws_out *w, struct str bytes)
{
	static const struct ws_sink sink = {on_message, on_put, on_ended};
	enum ws_step step = ws_in_feed(&w->in, &w->spare, w->message_max, &sink, w, bytes);

	if (w->state != OPEN)
		return;
	if (step == WS_CLOSED)
		end(w, w->code, "the server closed the connection (%d%s%s)", w->code, w->reason[0] ? ": " : "", w->reason);
	else if (step == WS_BROKEN)
		tell_broken(w);
}

/* ---- the handshake ---- */

static void opened(struct ws_out *w)
{
	buf_done(&w->answer);
	w->state = OPEN;
	w->pinged = w->heard;
	wait_until(w, w->heard);
	w->events.on_open(w->events.context);
}

/* What follows the head are frames already. */
static void take_answer(struct ws_out *w, struct str bytes)
{
	size_t before = w->answer.n, room = WS_ANSWER_MAX - before, n;
	struct err err = {0};
	int status;

	buf_add(&w->answer, str_n(bytes.p, bytes.n < room ? bytes.n : room));
	if (!str_find(buf_str(&w->answer), S("\r\n\r\n"), &n)) {
		if (w->answer.n == WS_ANSWER_MAX)
			end(w, LOST, "the server answers with too long a head");
		return;
	}
	if (!ws_answer_ok(str_n(w->answer.p, n + 2), w->key, &status, &err)) {
		end(w, status && status != 101 ? status : LOST, "%s", err.text);
		return;
	}
	n += 4 - before;
	opened(w);
	if (n < bytes.n)
		take_frames(w, str_n(bytes.p + n, bytes.n - n));
}

static void on_dial_open(void *context)
{
	struct ws_out *w = context;

	dial_send(w->dial, buf_str(&w->ask));
	buf_done(&w->ask);
}

static void on_dial_bytes(void *context, struct str bytes)
{
	struct ws_out *w = context;

	w->heard = mono_now();
	if (w->state == SHAKING)
		take_answer(w, bytes);
	else
		take_frames(w, bytes);
}

static void on_dial_close(void *context, const char *why)
{
	end(context, LOST, "%s", why);
}

/* ---- time ---- */

static void beat(struct ws_out *w)
{
	mono_ms now = mono_now(), silent_at = w->heard + w->silence_max;

	if (now >= silent_at) {
		end(w, LOST, "nothing came from the server for %.1f s", (double)(now - w->heard) / SECOND);
		return;
	}
	if (now >= w->pinged + w->ping_every) {
		w->pinged = now;
		ws_out_ping(w);
	}
	wait_until(w, w->pinged + w->ping_every < silent_at ? w->pinged + w->ping_every : silent_at);
}

static void on_timer(uv_timer_t *timer)
{
	struct ws_out *w = timer->data;

	if (w->state == ENDED)
		w->events.on_close(w->events.context, w->code, w->why);
	else if (w->state == OPEN)
		beat(w);
	else if (mono_now() < w->deadline) /* the loop's clock was behind */
		wait_until(w, w->deadline);
	else
		end(w, LOST, "no WebSocket was opened in time");
}

/* ---- opening and closing ---- */

static void begin(struct ws_out *w, struct str url, const struct ws_out_options *o, span_ms deadline)
{
	struct dial_events events = {w, on_dial_open, on_dial_bytes, on_dial_close};
	struct dial_options to = {.ca_file = o->ca_file, .deadline = deadline};
	struct ws_target t;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (ws_url_parse(&a, url, &t, &err) && ws_ask_write(&w->ask, &t, o->headers, o->header_count, w->key, &err)) {
		to.host = t.host;
		to.port = t.port;
		to.tls = t.tls;
		to.unsent_max_bytes = o->unsent_max_bytes ? o->unsent_max_bytes : UNSENT_MAX;
		wait_until(w, w->deadline);
		w->dial = dial_open(w->timer.loop, &to, &events);
	} else {
		end(w, LOST, "%s", err.text);
	}
	arena_done(&a);
}

struct ws_out *ws_out_open(uv_loop_t *loop, struct str url, const struct ws_out_options *options, const struct ws_out_events *events)
{
	static const struct ws_out_options defaults = {0};
	const struct ws_out_options *o = options ? options : &defaults;
	span_ms deadline = o->handshake_deadline ? o->handshake_deadline : HANDSHAKE_DEADLINE;
	struct ws_out *w = mem_new(sizeof *w);

	w->events = *events;
	w->in.client = true;
	w->deadline = mono_now() + deadline;
	w->ping_every = o->ping_every ? o->ping_every : PING_EVERY;
	w->silence_max = o->silence_max ? o->silence_max : 3 * w->ping_every;
	w->message_max = o->message_max_bytes ? o->message_max_bytes : MESSAGE_MAX;
	buf_init(&w->ask, ASK_MAX);
	buf_init(&w->answer, WS_ANSWER_MAX);
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	begin(w, url, o, deadline);
	return w;
}

/* Our end of the stream closes behind the close frame; dial_close() then waits a moment for the other side's. */
void ws_out_close(struct ws_out *w, int code)
{
	struct buf frame;

	if (!w)
		return;
	if (w->state == OPEN) {
		buf_init(&frame, 1 * KIB);
		ws_masked_close_write(&frame, code, S(""));
		dial_send(w->dial, buf_str(&frame));
		buf_done(&frame);
	}
	w->state = GONE;
	hang_up(w);
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
