/* An SMTP session (net/smtp.h): however its bytes are cut into pieces, the same replies and messages come out; replies are whole lines; no
 * message holds a bare CR or a line of which a dot alone was taken for its end. The first byte says how to cut, and what is answered. */
#include "net/smtp.h"

#include "fuzz.h"

static const struct smtp_limits limits = {.message_bytes = 600, .kept_bytes = 400, .mistakes = 8};

static void check_message(const struct smtp_in *in)
{
	need(in->to_count > 0 && in->to_count <= SMTP_RECIPIENTS_MAX);
	need(in->message.n <= limits.kept_bytes && in->message_n <= limits.message_bytes && !in->message.failed);
	for (unsigned i = 0; i < in->to_count; i++)
		need(in->to[i].n > 0 && in->to[i].n <= 64);
	for (size_t i = 0; i < in->message.n; i++)
		need(in->message.p[i] != '\r' || i + 1 == in->message.n || in->message.p[i + 1] == '\n');
}

static void check_replies(struct str out)
{
	struct str line;

	while (out.n) {
		size_t at;

		need(str_find(out, S("\r\n"), &at) && at >= 4);
		line = str_n(out.p, at);
		for (size_t i = 0; i < line.n; i++)
			need(i < 3 ? line.p[i] >= '0' && line.p[i] <= '9' : line.p[i] >= ' ' && line.p[i] <= '~');
		out = str_n(out.p + at + 2, out.n - at - 2);
	}
}

/* Appends to *out all that was answered, and the messages. */
static void run(struct str all, size_t piece, uint8_t how, struct buf *out)
{
	enum smtp_step step = SMTP_MORE;
	struct buf messages;
	struct smtp_in in;

	smtp_in_init(&in, &limits, S("here"), how & 0x40);
	buf_init(&messages, SIZE_MAX / 4);
	smtp_in_greet(&in, out);
	while (all.n && step != SMTP_END) {
		struct str own = own_copy((const uint8_t *)all.p, all.n < piece ? all.n : piece), part = own;

		all = str_n(all.p + part.n, all.n - part.n);
		while (part.n && step != SMTP_END) {
			step = smtp_in_feed(&in, &part, out);
			if (step == SMTP_RECIPIENT) {
				need(in.asked.n > 0);
				step = smtp_in_recipient(&in, (enum smtp_verdict)((uint8_t)in.asked.p[0] % 3), out);
			} else if (step == SMTP_MESSAGE) {
				check_message(&in);
				buf_add(&messages, buf_str(&in.message));
				step = smtp_in_message(&in, (enum smtp_verdict)(how >> 4 & 1), buf_str(&messages), out);
			} else if (step == SMTP_TLS) {
				smtp_in_secured(&in);
				step = SMTP_MORE;
			} else {
				need(step == SMTP_END || !part.n);
			}
		}
		free((char *)own.p);
	}
	check_replies(buf_str(out));
	buf_add(out, buf_str(&messages));
	buf_done(&messages);
	smtp_in_done(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, pieces;
	struct str all;

	if (size < 1)
		return 0;
	all = str_n((const char *)data + 1, size - 1);
	buf_init(&whole, SIZE_MAX / 4);
	buf_init(&pieces, SIZE_MAX / 4);
	run(all, SIZE_MAX, data[0], &whole);
	run(all, (data[0] & 0x0f) + 1, data[0], &pieces);
	need(str_eq(buf_str(&whole), buf_str(&pieces)));
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
