#include "net/ws_frames.h"
#include "base/crypt.h"
#include "net/server.h"

#include <stdlib.h>
#include <wslay/wslay.h>

/* ---- frames ---- */

struct ws_frame *frame_new(struct str bytes)
{
	struct ws_frame *f = mem_grow(NULL, sizeof *f + bytes.n);

	f->refs = 1;
	f->n = (uint32_t)bytes.n;
	if (bytes.n)
		memcpy(f->bytes, bytes.p, bytes.n);
	return f;
}

struct ws_frame *frame_hold(struct ws_frame *f)
{
	f->refs++;
	return f;
}

void ws_frame_release(struct ws_frame *f)
{
	if (f && --f->refs == 0)
		mem_free(f);
}

/* The header of an unmasked, unfragmented frame (RFC 6455 section 5.2); the answer is its length. */
static size_t head_write(uint8_t h[10], unsigned opcode, size_t payload_bytes)
{
	h[0] = (uint8_t)(0x80 | opcode);
	if (payload_bytes < 126) {
		h[1] = (uint8_t)payload_bytes;
		return 2;
	}
	if (payload_bytes < 65536) {
		h[1] = 126;
		h[2] = (uint8_t)(payload_bytes >> 8);
		h[3] = (uint8_t)payload_bytes;
		return 4;
	}
	h[1] = 127;
	for (int i = 0; i < 8; i++)
		h[2 + i] = (uint8_t)((uint64_t)payload_bytes >> (56 - 8 * i));
	return 10;
}

static struct ws_frame *frame_build(unsigned opcode, struct str payload)
{
	struct ws_frame *f = mem_grow(NULL, sizeof *f + payload.n + 10);
	size_t n = head_write((uint8_t *)f->bytes, opcode, payload.n);

	if (payload.n)
		memcpy(f->bytes + n, payload.p, payload.n);
	f->refs = 1;
	f->n = (uint32_t)(n + payload.n);
	return f;
}

struct ws_frame *ws_frame_new(struct str text)
{
	return frame_build(WSLAY_TEXT_FRAME, text);
}

void ws_message_write(struct buf *to, struct str text)
{
	uint8_t head[10];

	buf_add(to, str_n((const char *)head, head_write(head, WSLAY_TEXT_FRAME, text.n)));
	buf_add(to, text);
}

struct ws_frame *ws_frame_of(const struct buf *messages)
{
	return frame_new(buf_str(messages));
}

#define CONTROL_MAX 125 /* bytes of payload, section 5.5 */

static struct str close_payload(char out[CONTROL_MAX], int code, struct str reason)
{
	reason = str_clip(reason, CONTROL_MAX - 2);
	out[0] = (char)(code >> 8);
	out[1] = (char)code;
	if (reason.n)
		memcpy(out + 2, reason.p, reason.n);
	return str_n(out, reason.n + 2);
}

struct ws_frame *frame_close_new(int code, struct str reason)
{
	char payload[CONTROL_MAX];

	return frame_build(WSLAY_CONNECTION_CLOSE, close_payload(payload, code, reason));
}

void ws_masked_write(struct buf *to, unsigned opcode, struct str payload)
{
	uint8_t head[14], mask[4];
	size_t n = head_write(head, opcode, payload.n);
	char *at;

	head[1] |= 0x80;
	crypt_random(mask, sizeof mask);
	memcpy(head + n, mask, sizeof mask);
	buf_add(to, str_n((const char *)head, n + sizeof mask));
	at = buf_room(to, payload.n);
	if (!at)
		return;
	for (size_t i = 0; i < payload.n; i++)
		at[i] = (char)(payload.p[i] ^ mask[i % 4]);
	to->n += payload.n;
}

void ws_masked_close_write(struct buf *to, int code, struct str reason)
{
	char payload[CONTROL_MAX];

	ws_masked_write(to, WSLAY_CONNECTION_CLOSE, close_payload(payload, code, reason));
}

/* ---- receiving ---- */

/* wslay's context and the bytes that it may read now. */
struct ws_rx {
	wslay_event_context_ptr ctx;
	const struct ws_sink *sink;
	void *owner;
	struct str at;
	bool client;
	uint8_t control_n;
	uint8_t reason_n;
	char control[14 + CONTROL_MAX]; /* a control frame that comes in pieces */
	char reason[CONTROL_MAX];       /* of the peer's close frame */
};

static ssize_t on_wslay_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t n, int flags, void *user)
{
	struct ws_rx *rx = user;

	(void)flags;
	if (!rx->at.n) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (n > rx->at.n)
		n = rx->at.n;
	memcpy(to, rx->at.p, n);
	rx->at.p += n;
	rx->at.n -= n;
	return (ssize_t)n;
}

static ssize_t on_wslay_send(wslay_event_context_ptr ctx, const uint8_t *bytes, size_t n, int flags, void *user)
{
	struct ws_rx *rx = user;

	(void)ctx;
	(void)flags;
	rx->sink->put(rx->owner, str_n((const char *)bytes, n));
	return (ssize_t)n;
}

static int on_wslay_mask(wslay_event_context_ptr ctx, uint8_t *to, size_t n, void *user)
{
	(void)ctx;
	(void)user;
	crypt_random(to, n);
	return 0;
}

static void on_wslay_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *user)
{
	static const char why[] = "text only";
	struct ws_rx *rx = user;

	if (m->opcode == WSLAY_TEXT_FRAME) {
		rx->sink->message(rx->owner, str_n(m->msg ? (const char *)m->msg : "", m->msg_length));
	} else if (m->opcode == WSLAY_CONNECTION_CLOSE && m->msg_length > 2) { /* the code stands before the words */
		rx->reason_n = (uint8_t)(m->msg_length - 2);
		memcpy(rx->reason, m->msg + 2, rx->reason_n);
	} else if (m->opcode == WSLAY_BINARY_FRAME && !rx->client) {
		wslay_event_queue_close(ctx, WSLAY_CODE_UNSUPPORTED_DATA, (const uint8_t *)why, sizeof why - 1);
		wslay_event_shutdown_read(ctx);
	}
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = on_wslay_recv,
	.send_callback = on_wslay_send,
	.on_msg_recv_callback = on_wslay_message,
	.genmask_callback = on_wslay_mask,
};

static struct ws_rx *rx_new(bool client, size_t max_bytes)
{
	struct ws_rx *rx = mem_new(sizeof *rx);

	rx->client = client;
	if (client ? wslay_event_context_client_init(&rx->ctx, &callbacks, rx) : wslay_event_context_server_init(&rx->ctx, &callbacks, rx))
		abort();
	wslay_event_config_set_max_recv_msg_length(rx->ctx, max_bytes);
	return rx;
}

void ws_rx_free(struct ws_rx *rx)
{
	if (!rx)
		return;
	wslay_event_context_free(rx->ctx);
	mem_free(rx);
}

void ws_in_done(struct ws_in *w)
{
	ws_rx_free(w->rx);
	memset(w, 0, sizeof *w);
}

/* How long the header is, as far as its first bytes tell. */
static size_t header_bytes(const struct ws_in *w)
{
	size_t n = 2;

	if (w->head_n < 2)
		return n;
	if ((w->head[1] & 0x7f) == 126)
		n += 2;
	else if ((w->head[1] & 0x7f) == 127)
		n += 8;
	return n + (w->head[1] & 0x80 ? 4 : 0);
}

static uint64_t header_payload(const struct ws_in *w)
{
	uint64_t n = w->head[1] & 0x7f;
	unsigned bytes = n == 126 ? 2 : n == 127 ? 8 : 0;

	if (bytes)
		n = 0;
	for (unsigned i = 0; i < bytes; i++)
		n = n << 8 | w->head[2 + i];
	return n;
}

/* Collects the header of the next frame. We look at it ourselves only to know where frames end. */
static bool take_header(struct ws_in *w, struct str *bytes)
{
	while (bytes->n && w->head_n < header_bytes(w)) {
		w->head[w->head_n++] = (uint8_t)*bytes->p++;
		bytes->n--;
	}
	return w->head_n == header_bytes(w);
}

/* What wslay lets pass: a control frame in fragments, and a close frame with half a code (RFC 6455 sections 5.5, 5.5.1). */
static bool is_broken_header(const struct ws_in *w)
{
	bool control = w->head[0] & 0x08, fin = w->head[0] & 0x80;

	return (control && !fin) || ((w->head[0] & 0x0f) == WSLAY_CONNECTION_CLOSE && w->payload_left == 1);
}

static void tell_end(const struct ws_sink *sink, void *owner, int code, struct str reason)
{
	if (sink->ended)
		sink->ended(owner, code, reason);
}

static enum ws_step refuse_frame(const struct ws_in *w, const struct ws_sink *sink, void *owner)
{
	struct ws_frame *f = frame_close_new(WSLAY_CODE_PROTOCOL_ERROR, S(""));
	struct buf masked;

	buf_init(&masked, 1 * KIB);
	if (w->client)
		ws_masked_close_write(&masked, WSLAY_CODE_PROTOCOL_ERROR, S(""));
	sink->put(owner, w->client ? buf_str(&masked) : str_n(f->bytes, f->n));
	buf_done(&masked);
	ws_frame_release(f);
	tell_end(sink, owner, WSLAY_CODE_PROTOCOL_ERROR, S(""));
	return WS_BROKEN;
}

static enum ws_step rx_give(struct ws_rx *rx, struct str bytes)
{
	int failed;

	rx->at = bytes;
	failed = wslay_event_recv(rx->ctx);
	if (wslay_event_want_write(rx->ctx))
		failed |= wslay_event_send(rx->ctx);
	if (wslay_event_get_close_received(rx->ctx) && wslay_event_get_close_sent(rx->ctx) && !failed) {
		tell_end(rx->sink, rx->owner, wslay_event_get_status_code_received(rx->ctx), str_n(rx->reason, rx->reason_n));
		return WS_CLOSED;
	}
	if (failed || wslay_event_get_close_sent(rx->ctx) || rx->at.n) {
		tell_end(rx->sink, rx->owner, wslay_event_get_status_code_sent(rx->ctx), S(""));
		return WS_BROKEN;
	}
	return WS_GO_ON;
}

/* wslay checks the reason of a close frame right only when it gets the frame at once. */
static enum ws_step rx_gather(struct ws_rx *rx, struct str bytes, bool whole)
{
	struct str all;

	memcpy(rx->control + rx->control_n, bytes.p, bytes.n);
	rx->control_n += (uint8_t)bytes.n;
	if (!whole)
		return WS_GO_ON;
	all = str_n(rx->control, rx->control_n);
	rx->control_n = 0;
	return rx_give(rx, all);
}

static enum ws_step give_piece(struct ws_in *w, struct str bytes)
{
	bool control = w->head[0] & 0x08;

	/* wslay refuses a control frame that is too long by its header */
	return control && w->payload_total <= 125 ? rx_gather(w->rx, bytes, !w->payload_left) : rx_give(w->rx, bytes);
}

/* A frame is whole. Between messages wslay remembers nothing, so its context can serve anybody's next one. */
static void frame_ended(struct ws_in *w, struct ws_rx **spare)
{
	bool control = w->head[0] & 0x08, fin = w->head[0] & 0x80;

	w->head_n = 0;
	if (!control)
		w->fragmented = !fin;
	if (w->fragmented)
		return;
	if (*spare)
		ws_rx_free(w->rx);
	else
		*spare = w->rx;
	w->rx = NULL;
}

static struct ws_rx *rx_borrow(struct ws_in *w, struct ws_rx **spare, size_t max_bytes)
{
	if (!w->rx) {
		w->rx = *spare ? *spare : rx_new(w->client, max_bytes);
		*spare = NULL;
	}
	return w->rx;
}

enum ws_step ws_in_feed(struct ws_in *w, struct ws_rx **spare, size_t max_bytes, const struct ws_sink *sink,
			void *owner, struct str bytes)
{
	enum ws_step step = WS_GO_ON;

	while (bytes.n && step == WS_GO_ON) {
		struct ws_rx *rx;
		size_t n;

		if (!w->payload_left) {
			if (!take_header(w, &bytes))
				return WS_GO_ON;
			w->payload_left = w->payload_total = header_payload(w);
			rx = rx_borrow(w, spare, max_bytes);
			rx->sink = sink;
			rx->owner = owner;
			step = is_broken_header(w) ? refuse_frame(w, sink, owner)
						   : give_piece(w, str_n((const char *)w->head, w->head_n));
		}
		if (step == WS_GO_ON && w->payload_left && bytes.n) {
			n = w->payload_left < bytes.n ? (size_t)w->payload_left : bytes.n;
			w->payload_left -= n;
			step = give_piece(w, str_n(bytes.p, n));
			bytes.p += n;
			bytes.n -= n;
		}
		if (step == WS_GO_ON && !w->payload_left)
			frame_ended(w, spare);
	}
	if (step != WS_GO_ON)
		ws_in_done(w);
	return step;
}
