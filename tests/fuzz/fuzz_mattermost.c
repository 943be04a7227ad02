/* ops/mattermost.h: events, posts, texts both ways, bodies as attachments, presses and dialogs. What is made is JSON again; nothing that was not
 * made by us is a press. */
#include "fuzz.h"
#include "ops/mattermost.h"

#define SOMEBODY "aaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct str knows(void *context, struct str what)
{
	(void)context;
	return what.n && what.n % 2 ? S("known") : S("");
}

static const struct mm_names names = {NULL, knows, knows, knows, knows};
static const struct mm_place place = {.names = &names, .key = {{7}}, .channel = {SOMEBODY, 26}, .calls = {"https://ops.example/chats/mm/", 29}};

static void texts(struct arena *a, struct str in)
{
	struct str out = mm_markdown(a, in, &names), back = mm_mrkdwn(a, in, &names);

	need(touch(mm_plain(a, in)) <= 2 * in.n);
	if (!str_is_utf8(in))
		return;
	need(str_is_utf8(out) && str_is_utf8(back));
	for (size_t i = 0; i < back.n; i++) /* no control sequence but ours */
		need(back.p[i] != '<' || (i + 1 < back.n && strchr("@#!h", back.p[i + 1])));
}

static void events(struct arena *a, struct str in)
{
	struct mm_event e;
	struct err err = {0};

	if (!mm_event_read(a, in, &e, &err)) {
		need(err.code != ERR_NONE);
		return;
	}
	if (e.kind == MM_POSTED || e.kind == MM_EDITED || e.kind == MM_DELETED) {
		need(mm_id_ok(e.post.id) && mm_id_ok(e.post.user_id) && mm_id_ok(e.post.channel_id));
		touch(mm_post_text(a, &e.post, S("https://mm.example/x"), &names));
	}
	touch(e.error);
	touch(e.user.real_name);
}

static void messages(struct arena *a, struct str in)
{
	struct mm_message m;
	struct err err = {0};

	mm_message_make(a, &place, S("al"), S("text"), in, &m);
	need(m.text.n > 0);
	if (m.attachments.n)
		need(json_parse(a, m.attachments, JSON_STRICT, &err) != NULL);
}

static void dialogs(struct arena *a, struct str in)
{
	struct mm_press press;
	struct mm_answer answer;
	struct err err = {0}, again = {0}, third = {0};
	struct str out;

	need(!mm_press_read(a, &place.key, in, &press, &err) && err.code);
	if (mm_dialog_make(a, &place, S(SOMEBODY), S("t"), in, &out, &again))
		need(json_parse(a, out, JSON_STRICT, &again) != NULL);
	need(!mm_dialog_read(a, &place.key, in, &answer, &third));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct arena a;

	arena_init(&a);
	texts(&a, in);
	events(&a, in);
	messages(&a, in);
	dialogs(&a, in);
	touch(mm_error(&a, 500, in));
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
