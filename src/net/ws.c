#include "net/server_internal.h"
#include "net/ws_handshake.h"

/* ---- a connection's WebSocket ---- */

static void put_frame(struct conn *c, struct ws_frame *f)
{
	conn_put(c, str_n(f->bytes, f->n), f);
}

/* Our close frame, and then only the peer's is awaited, for a while. */
static void say_close(struct conn *c, int code, struct str reason)
{
	struct ws_frame *f = frame_close_new(code, reason);

	conn_set_state(c, CONN_WS_CLOSING);
	put_frame(c, f);
	ws_frame_release(f);
}

bool ws_accept(struct server *s, conn_id id, const char *extra_headers, void *user)
{
	struct conn *c = conn_find(s, id);
	char accept[WS_ACCEPT_SIZE];
	struct buf head;

	if (!c || c->state != CONN_PENDING || !c->in->ws_key[0])
		return false;
	ws_accept_write(c->in->ws_key, accept);
	buf_init(&head, 16 * KIB);
	buf_printf(&head,
		   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Accept: %s\r\n%s\r\n",
		   accept, extra_headers ? extra_headers : "");
	conn_answered(c, 101);
	c->user = user;
	c->is_ws = true;
	conn_counts(c)->websockets++;
	conn_set_state(c, CONN_WS);
	c->pinged = c->heard = c->since;
	conn_put(c, buf_str(&head), NULL);
	buf_done(&head);
	if (conn_is_draining(c) && c->state == CONN_WS)
		say_close(c, 1001, S("restart"));
	conn_resume_later(c);
	return true; /* also when it broke meanwhile: on_ws_closed() tells */
}

/* A client that does not read must not cost memory, and nobody waits for it. It comes back and resumes. */
void ws_cut_slow(struct conn *c)
{
	conn_counts(c)->slow_clients++;
	conn_drop_queued(c);
	say_close(c, 1013, S("slow: resume"));
}

void ws_send(struct server *s, conn_id id, struct ws_frame *f)
{
	struct conn *c = conn_find(s, id);

	if (!c || c->state != CONN_WS)
		return;
	if (c->out && conn_unsent(c) + f->n > conn_limits(c)->ws_unsent_bytes)
		ws_cut_slow(c);
	else
		put_frame(c, f);
}

void ws_close(struct server *s, conn_id id, int code, struct str reason)
{
	struct conn *c = conn_find(s, id);

	if (c && c->state == CONN_WS)
		say_close(c, code, reason);
}

static void on_message(void *owner, struct str text)
{
	struct conn *c = owner;
	const struct server_events *e = conn_events(c);

	if (c->state == CONN_WS && e->on_ws_message)
		e->on_ws_message(e->context, c->id, c->user, text);
}

static void on_put(void *owner, struct str bytes)
{
	struct conn *c = owner;

	if (c->state != CONN_WS) /* our close frame was the last that we may send */
		return;
	if (c->out && conn_unsent(c) + bytes.n > conn_limits(c)->ws_unsent_bytes)
		ws_cut_slow(c);
	else
		conn_put(c, bytes, NULL);
}

void ws_take(struct conn *c, struct str bytes)
{
	static const struct ws_sink sink = {on_message, on_put};

	switch (ws_in_feed(&c->ws, conn_ws_spare(c), conn_limits(c)->ws_frame_bytes, &sink, c, bytes)) {
	case WS_GO_ON:
		break;
	case WS_BROKEN:
		c->unread = true;
		/* fall through */
	case WS_CLOSED:
		conn_end(c);
		break;
	}
}

static const char ping[2] = {(char)0x89, 0};

void ws_ping(struct server *s, conn_id id)
{
	struct conn *c = conn_find(s, id);

	if (c && c->state == CONN_WS)
		on_put(c, str_n(ping, sizeof ping));
}

void ws_sweep(struct conn *c, mono_ms now)
{
	span_ms every = conn_limits(c)->ws_ping_every;

	if (now - c->heard > 2 * every) {
		conn_close(c);
	} else if (now - c->pinged >= every) {
		c->pinged = now;
		on_put(c, str_n(ping, sizeof ping));
	}
}
