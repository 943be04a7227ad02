/* What Slack sends: whatever comes, it is something for us with its parts, or nothing. */
#include "base/crypt.h"
#include "fuzz.h"
#include "ops/slack_heard.h"
#include "ops/slack_web.h"

static const struct slack_self self = {{"U0BOT", 5}, {"B0BOT", 5}, {"T1", 2}};

static void check(struct arena *a, const struct slack_heard *h)
{
	struct slack_reply r;

	touch(h->text);
	touch(h->view);
	touch(h->value);
	need(h->event.n <= 100);
	if (h->what != SLACK_HEARD_PERSON && h->what != SLACK_HEARD_DIALOG)
		need(h->channel.id.n);
	if (h->what <= SLACK_HEARD_UNPINNED || h->what == SLACK_HEARD_PRESS)
		need(h->message.n);
	if (h->what <= SLACK_HEARD_CHANGED)
		need(h->text.n);
	need(!str_eq(h->person.id, self.user_id) || h->what >= SLACK_HEARD_PRESS);
	if (h->reply.n)
		need(slack_reply_read(a, h->reply, &r) && r.at == 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct str in = own_copy(data, size);
	struct slack_heard h;
	struct slack_reply r;
	struct slack_frame f;
	const struct json *v;
	struct err err = {0};
	struct arena a;

	if (!started)
		need(crypt_start(&err));
	started = true;
	arena_init(&a);
	if (slack_read_frame(&a, in, &f)) {
		if (slack_read_event(&a, f.payload, &self, &h))
			check(&a, &h);
		if (slack_read_slash(&a, f.payload, 5, &h))
			check(&a, &h);
		if (slack_read_interactive(&a, f.payload, 5, &h))
			check(&a, &h);
	}
	v = json_parse(&a, in, JSON_LAST_KEY_WINS, &err);
	for (int m = 0; m < SLACK_METHODS; m++) {
		touch(slack_why(&a, (enum slack_method)m, v));
		(void)slack_judge((enum slack_method)m, json_get_str(v, "error"));
	}
	touch(slack_find_key(json_get(v, "messages"), S("opsroom:1:2")));
	touch(slack_file_shared(json_get(v, "file"), S("C1")));
	slack_reply_read(&a, in, &r);
	need(!slack_signed(S("secret"), in, in, in, 5));
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
