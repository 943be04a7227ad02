/* net/ws_frames.h -- WebSocket frames (RFC 6455 section 5): messages from bytes, and bytes to send. Knows no sockets. By wslay.
 */
#pragma once
#include "base/mem.h"

/* The frame that is coming in. wslay's context (9 KB) hangs on it only while a message is under way. */
struct ws_in {
	struct ws_rx *rx;
	uint64_t payload_total, payload_left;
	uint8_t head[14];
	uint8_t head_n;
	bool fragmented; /* a data message waits for its next fragment */
	bool client;     /* ours is the client's side: what comes has no mask, what goes has one; binary messages are ignored */
};

struct ws_sink {
	void (*message)(void *owner, struct str text);
	void (*put)(void *owner, struct str bytes); /* an answer of the protocol itself: pong, close */
	/* Before WS_CLOSED and WS_BROKEN. code: the peer's (1005: it named none), or ours. May be NULL. */
	void (*ended)(void *owner, int code, struct str reason);
};

enum ws_step {
	WS_GO_ON,
	WS_CLOSED, /* the peer sent a close frame; it was answered */
	WS_BROKEN, /* the peer broke the protocol or a limit; a close frame was put */
};

/* *spare keeps one wslay context between messages; the caller ends it with ws_rx_free(). */
enum ws_step ws_in_feed(struct ws_in *w, struct ws_rx **spare, size_t max_bytes, const struct ws_sink *sink,
			void *owner, struct str bytes);
void ws_in_done(struct ws_in *w);
void ws_rx_free(struct ws_rx *rx);

/* Bytes that several senders share. */
struct ws_frame {
	unsigned refs;
	uint32_t n;
	char bytes[];
};
struct ws_frame *frame_new(struct str bytes); /* raw bytes, no WebSocket header */
struct ws_frame *frame_hold(struct ws_frame *f);
struct ws_frame *frame_close_new(int code, struct str reason);

/* What a client sends: one whole frame, masked with random bytes (section 5.3). opcode: WSLAY_TEXT_FRAME and its like. */
void ws_masked_write(struct buf *to, unsigned opcode, struct str payload);
void ws_masked_close_write(struct buf *to, int code, struct str reason);
