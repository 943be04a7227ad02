/* net/syslog.h -- sends messages to a syslog receiver: unix:/dev/log (a datagram socket), udp:HOST:PORT, tcp:HOST:PORT.
 *
 * RFC 5424; on TCP with octet counting (RFC 6587, section 3.4.1). Syslog answers nothing. A batch counts as sent when the receiver's
 * kernel has it: a datagram when it was taken, bytes of TCP when they were acknowledged. Everything on one loop's thread.
 */
#pragma once
#include "base/time.h"

#include <uv.h>

struct syslog;

/* ERR_INVALID. */
MUST_USE bool syslog_address_ok(struct str address, struct err *err);
/* on_sent comes once for each batch; why NULL: it was sent. */
struct syslog *syslog_new(uv_loop_t *loop, struct str address, void (*on_sent)(void *context, const char *why), void *context);
void syslog_free(struct syslog *s); /* a batch under way is dropped; on_sent comes no more. NULL is fine */

/* One message: facility 13 (log audit). The msg_id is cut to what RFC 5424 allows. */
void syslog_message(struct buf *to, bool is_notice, wall_ms at, struct str msg_id, struct str text);
/* Takes the batch over. messages: each behind the other; ends: where each ends. No other batch may be under way. */
void syslog_send(struct syslog *s, struct buf *messages, const size_t *ends, size_t count);
