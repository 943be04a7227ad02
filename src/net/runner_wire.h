/* net/runner_wire.h -- what goes between the daemon and its runner: frames over a socket. Both ends are the same program on the same
 * machine, so numbers go as they are; sizes are checked all the same.
 */
#pragma once
#include "net/runner.h"

#define WIRE_FRAME_MAX (12 * MIB)

enum wire_kind {
	WIRE_HELLO = 1, /* to the runner, first: struct wire_hello */
	WIRE_ORDER,     /* wire_pack_order() */
	WIRE_CANCEL,
	WIRE_ANSWER,    /* number of the call, text */
	WIRE_STARTED,   /* from the runner: pid */
	WIRE_LINE,      /* the bytes themselves */
	WIRE_CALL,      /* number of the call, text */
	WIRE_END,       /* wire_pack_end() */
	WIRE_LOG,       /* plugin, text */
	WIRE_KINDS
};

enum wire_flag { WIRE_ERR = 1, WIRE_EVENT = 2, WIRE_CUT = 4, WIRE_OURS = 8, WIRE_TIMED_OUT = 16, WIRE_CANCELLED = 32 };

struct wire_head {
	uint32_t size_bytes; /* of what follows */
	uint16_t kind, flags;
	int64_t id;
};

struct wire {
	int fd;
	struct buf in, out;
	size_t taken, sent;
};

void wire_init(struct wire *w, int fd);
void wire_done(struct wire *w); /* closes */
void wire_add(struct wire *w, enum wire_kind kind, unsigned flags, int64_t id, struct str payload);
size_t wire_unsent(const struct wire *w);
MUST_USE bool wire_send(struct wire *w);    /* as much as goes without waiting; false: the other side is gone */
MUST_USE bool wire_receive(struct wire *w); /* as much as is there, up to a bound; false: the other side is gone */
/* The next whole frame; its payload is valid until the next wire_receive(). false: none yet, or *broken. */
bool wire_next(struct wire *w, struct wire_head *head, struct str *payload, bool *broken);

/* A payload is a row of numbers and texts. */
void pack_int(struct buf *b, int64_t v);
void pack_str(struct buf *b, struct str s);
struct unpack {
	struct str rest;
	bool failed;
};
int64_t unpack_int(struct unpack *u);
struct str unpack_str(struct unpack *u);
size_t unpack_count(struct unpack *u, size_t most);

/* Orders and ends as payloads. What is read lives in the payload, but for what must end in NUL: that is in the arena. */
void wire_pack_order(struct buf *b, const struct runner_order *o);
MUST_USE bool wire_unpack_order(struct arena *a, struct str payload, struct runner_order *out);
void wire_pack_end(struct buf *b, const struct runner_end *e);
MUST_USE bool wire_unpack_end(struct str payload, unsigned flags, struct runner_end *out);
