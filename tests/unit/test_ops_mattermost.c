/* Mattermost: what it says is read, our messages become posts, what is pressed is proven. */
#include "ops/mattermost.h"
#include "unit.h"

#define ALICE "aaaaaaaaaaaaaaaaaaaaaaaaa1"
#define BEN "bbbbbbbbbbbbbbbbbbbbbbbbb2"
#define OPS "ccccccccccccccccccccccccc3"
#define POST "ppppppppppppppppppppppppp4"

static struct arena arena;
static struct err err;

static void open(void)
{
	struct err ignored = {0};

	ck_assert(crypt_start(&ignored));
	arena_init(&arena);
	err = (struct err){0};
}

static void close(void)
{
	arena_done(&arena);
}

static struct str pick(struct str given, const char *one, const char *is, const char *other, const char *is_then)
{
	return str_is(given, one) ? str_of(is) : str_is(given, other) ? str_of(is_then) : S("");
}

static struct str user_name(void *context, struct str id)
{
	(void)context;
	return pick(id, ALICE, "alice", BEN, "ben.o");
}

static struct str user_id(void *context, struct str name)
{
	(void)context;
	return pick(name, "alice", ALICE, "ben.o", BEN);
}

static struct str channel_name(void *context, struct str id)
{
	(void)context;
	return pick(id, OPS, "ops", "", "");
}

static struct str channel_id(void *context, struct str name)
{
	(void)context;
	return pick(name, "ops", OPS, "-", "");
}

static const struct mm_names names = {NULL, user_name, user_id, channel_name, channel_id};

static const struct {
	const char *mrkdwn, *markdown;
} out[] = {
	{"plain", "plain"},
	{"*bold* and _it_ and ~gone~", "**bold** and _it_ and ~~gone~~"},
	{"*_both_*", "**_both_**"},
	{"2 * 3 * 4 and snake_case_name", "2 \\* 3 \\* 4 and snake_case_name"},
	{"a &lt;b&gt; &amp; c", "a <b> & c"},
	{"`x &lt; *y*` _z_", "`x < *y*` _z_"},
	{"```\nint *p;\n```", "```\nint *p;\n```"},
	{"see ```a*b``` now", "see \n```\na*b\n```\n now"},
	{"<https://a.example/x_y_z|the *log*>", "[the *log*](https://a.example/x_y_z)"},
	{"<https://a.example/(1)?a=1&amp;b=2|[x]>", "[\\[x\\]](https://a.example/%281%29?a=1&b=2)"},
	{"<https://a.example/_x_>", "https://a.example/_x_"},
	{"https://a.example/_x_ ok", "https://a.example/_x_ ok"},
	{"<mailto:a@b.example|write>", "[write](mailto:a@b.example)"},
	{"<@" ALICE "> in <#" OPS ">", "@alice in ~ops"},
	{"<@unknown|Carol> <#other|web>", "Carol web"},
	{"<!here> <!channel> <!everyone> <!subteam^S1|@sre>", "@here @channel @all @sre"},
	{"<!date^1700000000^{date}|yesterday>", "yesterday"},
	{"@all of them, @Channel", "@\xe2\x80\x8b" "all of them, @\xe2\x80\x8b" "Channel"},
	{"me@all.example", "me@all.example"},
	{"# not a heading", "\\# not a heading"},
	{"&gt; quoted", "> quoted"},
	{"[FIRING:1] disk", "[FIRING:1] disk"},
	{"[a](b)", "\\[a](b)"},
	{"C:\\*", "C:\\\\\\*"},
	{"line\n*two*", "line\n**two**"},
	{"*open\nend*", "\\*open\nend\\*"},
	{"<b", "<b"},
	{"caf\xc3\xa9 *\xc3\xa9t\xc3\xa9*", "caf\xc3\xa9 **\xc3\xa9t\xc3\xa9**"},
};

START_TEST(mrkdwn_becomes_markdown)
{
	ck_str(mm_markdown(&arena, str_of(out[_i].mrkdwn), &names), out[_i].markdown);
}
END_TEST

static const struct {
	const char *markdown, *mrkdwn;
} in[] = {
	{"plain", "plain"},
	{"**bold** and *it* and _it_ and ~~gone~~", "*bold* and _it_ and _it_ and ~gone~"},
	{"__bold__ ***both***", "*bold* *_both_*"},
	{"**a *b* c**", "*a _b_ c*"},
	{"*a **b** c*", "_a *b* c_"},
	{"snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"},
	{"\\*not bold\\*", "*not bold*"},
	{"a <b> & c", "a &lt;b&gt; &amp; c"},
	{"`x < *y*`", "`x &lt; *y*`"},
	{"```c\nint *p;\n```\nafter", "```\nint *p;\n```\nafter"},
	{"~~~\nx\n~~~", "```\nx\n```"},
	{"```\nnever closed", "```\nnever closed\n```"},
	{"[the log](https://a.example/x \"t\")", "<https://a.example/x|the log>"},
	{"[a](javascript:alert)", "[a](javascript:alert)"},
	{"![pic](https://a.example/p.png =100x50)", "<https://a.example/p.png|pic>"},
	{"<https://a.example/?a=1&b=2>", "<https://a.example/?a=1&amp;b=2>"},
	{"https://a.example/_x_ ok", "https://a.example/_x_ ok"},
	{"# Head **line** #\ntext", "*Head **line***\ntext"},
	{"- one\n- two\n  * three", "\xe2\x80\xa2 one\n\xe2\x80\xa2 two\n  \xe2\x80\xa2 three"},
	{"> quoted", "&gt; quoted"},
	{"@alice: see ~ops.", "<@" ALICE ">: see <#" OPS ">."},
	{"hi @ben.o. and @nobody", "hi <@" BEN ">. and @nobody"},
	{"@here @all @channel", "<!here> <!everyone> <!channel>"},
	{"a@alice.example", "a@alice.example"},
	{"<!channel> <@U1>", "&lt;!channel&gt; &lt;@U1&gt;"}, /* what looks like a control sequence of ours is none */
};

START_TEST(markdown_becomes_mrkdwn)
{
	ck_str(mm_mrkdwn(&arena, str_of(in[_i].markdown), &names), in[_i].mrkdwn);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	char *text = malloc(60001);
	struct str got;

	memset(text, 'x', 60000);
	text[60000] = '\0';
	got = mm_markdown(&arena, str_n(text, 60000), &names);
	ck_assert_uint_eq(got.n, MM_TEXT_MAX);
	free(text);
}
END_TEST

/* Marks that are never closed must not cost the square of their number. */
START_TEST(nothing_is_slow)
{
	static const char *const pieces[] = {"*a ", "[a", "<a", "`", "_a ", "```", "**a ", "~a ", "[a](", "@a.a.a"};
	size_t n = strlen(pieces[_i]);
	char *text = malloc(256 * KIB);

	for (size_t i = 0; i + n <= 256 * KIB; i += n)
		memcpy(text + i, pieces[_i], n);
	mm_markdown(&arena, str_n(text, 256 * KIB / n * n), &names);
	mm_mrkdwn(&arena, str_n(text, 256 * KIB / n * n), &names);
	free(text);
}
END_TEST

/* ---- what it says ---- */

static struct mm_event event(const char *text)
{
	struct mm_event e;

	ck_assert_msg(mm_event_read(&arena, str_of(text), &e, &err), "%s", err.text);
	return e;
}

START_TEST(reads_what_was_posted)
{
	struct mm_event e = event("{\"event\":\"posted\",\"data\":{\"channel_display_name\":\"Ops\",\"channel_name\":\"ops\",\"channel_type\":\"O\",\"sender_name\":\"@alice\","
				  "\"post\":\"{\\\"id\\\":\\\"" POST "\\\",\\\"create_at\\\":1700000000000,\\\"update_at\\\":1700000000001,\\\"edit_at\\\":0,\\\"delete_at\\\":0,"
				  "\\\"user_id\\\":\\\"" ALICE "\\\",\\\"channel_id\\\":\\\"" OPS "\\\",\\\"root_id\\\":\\\"\\\",\\\"message\\\":\\\"hi **all**\\\",\\\"type\\\":\\\"\\\","
				  "\\\"props\\\":{\\\"opsroom_key\\\":\\\"opsroom:1:2\\\",\\\"attachments\\\":[{\\\"title\\\":\\\"Build\\\",\\\"text\\\":\\\"*ok*\\\",\\\"fields\\\":[{\\\"title\\\":\\\"n\\\",\\\"value\\\":7}]}]},"
				  "\\\"metadata\\\":{\\\"files\\\":[{\\\"id\\\":\\\"x\\\",\\\"name\\\":\\\"a<b>.png\\\"}]}}\"},"
				  "\"broadcast\":{\"channel_id\":\"" OPS "\"},\"seq\":7}");

	ck_assert(e.kind == MM_POSTED && e.seq == 7 && e.channel_type == 'O');
	ck_str(e.post.id, POST);
	ck_str(e.post.key, "opsroom:1:2");
	ck_assert(e.post.created == 1700000000000 && e.post.updated == 1700000000001 && !e.post.deleted);
	ck_str(mm_post_text(&arena, &e.post, S("https://mm.example/pl/1"), &names),
	       "hi *all*\n*Build*\n_ok_\n*n:* 7\n:paperclip: <https://mm.example/pl/1|a&lt;b&gt;.png>");
}
END_TEST

START_TEST(reads_other_events)
{
	struct mm_event e = event("{\"event\":\"reaction_added\",\"data\":{\"reaction\":\"{\\\"user_id\\\":\\\"" ALICE "\\\",\\\"post_id\\\":\\\"" POST
				  "\\\",\\\"emoji_name\\\":\\\"eyes\\\",\\\"create_at\\\":5}\"},\"broadcast\":{\"channel_id\":\"" OPS "\"},\"seq\":1}");

	ck_assert(e.kind == MM_REACTED && e.reaction.at == 5);
	ck_str(e.reaction.name, "eyes");
	ck_str(e.channel_id, OPS);
	e = event("{\"status\":\"OK\",\"seq_reply\":3}");
	ck_assert(e.kind == MM_REPLY && e.seq == 3 && e.ok);
	e = event("{\"status\":\"FAIL\",\"seq_reply\":1,\"error\":{\"message\":\"no token\"}}");
	ck_assert(e.kind == MM_REPLY && !e.ok);
	ck_str(e.error, "no token");
	e = event("{\"event\":\"user_removed\",\"data\":{\"channel_id\":\"" OPS "\",\"remover_id\":\"" BEN "\"},\"broadcast\":{\"user_id\":\"" ALICE "\"}}");
	ck_assert(e.kind == MM_WENT);
	ck_str(e.user_id, ALICE);
	ck_str(e.channel_id, OPS);
	e = event("{\"event\":\"user_updated\",\"data\":{\"user\":{\"id\":\"" BEN "\",\"username\":\"ben.o\",\"first_name\":\"Ben\",\"last_name\":\"O\"}}}");
	ck_assert(e.kind == MM_USER);
	ck_str(e.user.real_name, "Ben O");
	e = event("{\"event\":\"channel_updated\",\"data\":{\"channel\":\"{\\\"id\\\":\\\"" OPS "\\\",\\\"name\\\":\\\"ops\\\",\\\"type\\\":\\\"P\\\",\\\"header\\\":\\\"up\\\"}\"}}");
	ck_assert(e.kind == MM_CHANNEL && e.channel.type == 'P');
	ck_str(e.channel.topic, "up");
	ck_assert(event("{\"event\":\"typing\"}").kind == MM_OTHER);
	ck_assert(event("{\"event\":\"posted\",\"data\":{\"post\":\"{\"}}").kind == MM_OTHER);
	ck_assert(event("{\"event\":\"posted\",\"data\":{\"post\":{\"id\":\"../../x\"}}}").kind == MM_OTHER);
	ck_assert(!mm_event_read(&arena, S("[]"), &e, &err));
}
END_TEST

START_TEST(reads_a_list_oldest_first)
{
	struct json *v = json_parse(&arena,
				    S("{\"order\":[\"" POST "\",\"" OPS "\",\"nope\"],\"posts\":{\"" POST "\":{\"id\":\"" POST "\",\"channel_id\":\"" OPS "\",\"user_id\":\"" BEN "\"},"
				      "\"" OPS "\":{\"id\":\"" OPS "\",\"channel_id\":\"" OPS "\",\"user_id\":\"" BEN "\"}}}"),
				    JSON_STRICT, &err);
	size_t count;
	struct mm_post *p = mm_posts_read(&arena, v, &count);

	ck_assert_uint_eq(count, 2);
	ck_str(p[0].id, OPS);
	ck_str(p[1].id, POST);
}
END_TEST

/* ---- our messages ---- */

static struct mm_place place = {.names = &names, .key = {{1, 2, 3}}, .channel = {OPS, 26}, .calls = {"https://ops.example/chats/mm/", 29}};

static struct mm_message make(const char *author, const char *text, const char *body)
{
	struct mm_message m;

	mm_message_make(&arena, &place, str_of(author), str_of(text), str_of(body), &m);
	return m;
}

static const struct json *attachments_of(const struct mm_message *m)
{
	struct json *v = json_parse(&arena, m->attachments, JSON_STRICT, &err);

	ck_assert_msg(v != NULL, "%s", err.text);
	return v;
}

START_TEST(text_alone)
{
	struct mm_message m = make("al*ce", "*hi* <@" BEN ">", "");

	ck_str(m.text, "**al\\*ce:** **hi** @ben.o");
	ck_str(m.attachments, "");
}
END_TEST

#define ALERT                                                                                                                                                            \
	"{\"attachments\":[{\"id\":1,\"color\":\"2eb886\",\"fallback\":\"[FIRING:1] disk\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"*disk*\"}},"       \
	"{\"type\":\"actions\",\"block_id\":\"alert\",\"elements\":[{\"type\":\"button\",\"action_id\":\"alert.ack\",\"text\":{\"type\":\"plain_text\",\"text\":\"Acknowledge\"},"       \
	"\"value\":\"42\",\"style\":\"primary\"},{\"type\":\"button\",\"action_id\":\"alert.runbook\",\"text\":{\"type\":\"plain_text\",\"text\":\"Runbook\"},"                        \
	"\"url\":\"https://wiki.example/disk\"}]},{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"alert `k7f3`\"}]}]}]}"

START_TEST(an_alert_has_buttons)
{
	struct mm_message m = make("", "[FIRING:1] disk", ALERT);
	const struct json *list = attachments_of(&m), *first = list->child, *action, *context;

	ck_str(m.text, "");
	ck_assert_uint_eq(list->count, 2);
	ck_str(json_get_str(first, "color"), "#2eb886");
	ck_str(json_get_str(first, "text"), "**disk**\n\n[Runbook](https://wiki.example/disk)");
	action = json_get(first, "actions")->child;
	ck_assert(action && !action->next);
	ck_str(json_get_str(action, "id"), "a1");
	ck_str(json_get_str(action, "name"), "Acknowledge");
	ck_str(json_get_str(json_get(action, "integration"), "url"), "https://ops.example/chats/mm/actions");
	context = json_get(json_get(action, "integration"), "context");
	ck_str(json_get_str(context, "action"), "alert.ack");
	ck_str(json_get_str(context, "value"), "42");
	ck_str(json_get_str(first->next, "text"), "alert `k7f3`");
}
END_TEST

START_TEST(without_an_address_there_are_no_buttons)
{
	struct mm_place nowhere = place;
	struct mm_message m;

	nowhere.calls = S("");
	mm_message_make(&arena, &nowhere, S(""), S("t"), S(ALERT), &m);
	ck_assert(!json_get(attachments_of(&m)->child, "actions"));
}
END_TEST

START_TEST(blocks_take_the_place_of_the_text)
{
	struct mm_message m = make("", "fallback",
				   "{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"Dep*oy\"}},{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"go?\"},"
				   "\"accessory\":{\"type\":\"static_select\",\"action_id\":\"pick\",\"placeholder\":{\"type\":\"plain_text\",\"text\":\"Where\"},\"options\":["
				   "{\"text\":{\"type\":\"plain_text\",\"text\":\"Prod\"},\"value\":\"prod\"},{\"text\":{\"type\":\"plain_text\",\"text\":\"Test\"},\"value\":\"test\"}]}},"
				   "{\"type\":\"divider\"},{\"type\":\"rich_text\",\"elements\":[{\"type\":\"rich_text_section\",\"elements\":[{\"type\":\"text\",\"text\":\"x<y\",\"style\":{\"bold\":true}},"
				   "{\"type\":\"user\",\"user_id\":\"" ALICE "\"}]}]}]}");
	const struct json *first = attachments_of(&m)->child, *action = json_get(first, "actions")->child;

	ck_str(m.text, "#### Dep\\*oy\n\ngo?");
	ck_str(json_get_str(action, "type"), "select");
	ck_str(json_get_str(action, "name"), "Where");
	ck_assert_uint_eq(json_get(action, "options")->count, 2);
	ck_str(json_get_str(first->next, "text"), "---\n\n**x<y**@alice");
}
END_TEST

/* ---- what is pressed ---- */

static struct str pressed(const struct mm_message *m, const char *chosen, const char *channel, const char *value)
{
	const struct json *action = json_get(attachments_of(m)->child, "actions")->child, *context = json_get(json_get(action, "integration"), "context");
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "user_id", S(ALICE));
	json_add_str(&o, "user_name", S("alice"));
	json_add_str(&o, "channel_id", str_of(channel));
	json_add_str(&o, "post_id", S(POST));
	json_add_str(&o, "trigger_id", S("dHJpZ2dlcg=="));
	json_key(&o, "context");
	json_open(&o, '{');
	for (const struct json *v = context->child; v; v = v->next)
		json_add_str(&o, arena_dup(&arena, v->key).p, str_is(v->key, "value") && value ? str_of(value) : v->text);
	if (chosen)
		json_add_str(&o, "selected_option", str_of(chosen));
	json_close(&o, '}');
	json_close(&o, '}');
	return buf_keep(&arena, &b);
}

START_TEST(a_press_is_proven)
{
	struct mm_message m = make("", "[FIRING:1] disk", ALERT);
	struct secret other = {{9}};
	struct mm_press p;

	ck_assert_msg(mm_press_read(&arena, &place.key, pressed(&m, NULL, OPS, NULL), &p, &err), "%s", err.text);
	ck_str(p.action, "alert.ack");
	ck_str(p.value, "42");
	ck_str(p.user_id, ALICE);
	ck_str(p.trigger, "dHJpZ2dlcg==");
	ck_assert(!mm_press_read(&arena, &place.key, pressed(&m, NULL, OPS, "43"), &p, &err));
	ck_assert_int_eq(err.code, ERR_FORBIDDEN);
	err = (struct err){0};
	ck_assert(!mm_press_read(&arena, &place.key, pressed(&m, NULL, BEN, NULL), &p, &err));
	err = (struct err){0};
	ck_assert(!mm_press_read(&arena, &other, pressed(&m, NULL, OPS, NULL), &p, &err));
	err = (struct err){0};
	ck_assert(!mm_press_read(&arena, &place.key, S("{}"), &p, &err));
}
END_TEST

START_TEST(a_choice_is_one_of_those_given)
{
	struct mm_message m = make("", "t",
				   "{\"blocks\":[{\"type\":\"actions\",\"elements\":[{\"type\":\"static_select\",\"action_id\":\"pick\",\"options\":["
				   "{\"text\":{\"type\":\"plain_text\",\"text\":\"Prod\"},\"value\":\"prod\"},{\"text\":{\"type\":\"plain_text\",\"text\":\"Test\"},\"value\":\"test\"}]}]}]}");
	struct mm_press p;

	ck_assert_msg(mm_press_read(&arena, &place.key, pressed(&m, "test", OPS, NULL), &p, &err), "%s", err.text);
	ck_str(p.action, "pick");
	ck_str(p.value, "test");
	ck_assert(!mm_press_read(&arena, &place.key, pressed(&m, "all", OPS, NULL), &p, &err));
	err = (struct err){0};
	ck_assert(!mm_press_read(&arena, &place.key, pressed(&m, NULL, OPS, NULL), &p, &err));
}
END_TEST

/* ---- dialogs ---- */

#define VIEW                                                                                                                                                                     \
	"{\"type\":\"modal\",\"callback_id\":\"held.deny\",\"private_metadata\":\"C1 2 3\\nx\",\"title\":{\"type\":\"plain_text\",\"text\":\"Deny\"},\"blocks\":["                     \
	"{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"*why*\"}},{\"type\":\"input\",\"block_id\":\"said\",\"label\":{\"type\":\"plain_text\",\"text\":\"Reason\"},"     \
	"\"element\":{\"type\":\"plain_text_input\",\"action_id\":\"text\",\"multiline\":true,\"max_length\":1000}},{\"type\":\"input\",\"block_id\":\"env\","                           \
	"\"label\":{\"type\":\"plain_text\",\"text\":\"Where\"},\"element\":{\"type\":\"static_select\",\"action_id\":\"pick\",\"options\":[{\"text\":{\"type\":\"plain_text\","         \
	"\"text\":\"Prod\"},\"value\":\"prod\"}]}}]}"

static struct str submitted(const char *user, struct str state)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("dialog_submission"));
	json_add_str(&o, "user_id", str_of(user));
	json_add_str(&o, "channel_id", S(OPS));
	json_add_str(&o, "state", state);
	json_add_raw(&o, "submission", S("{\"e0\":\"too \\\"late\\\"\",\"e1\":\"prod\"}"));
	json_close(&o, '}');
	return buf_keep(&arena, &b);
}

START_TEST(a_dialog_asks_and_is_answered)
{
	struct str text, state;
	const struct json *v, *d;
	struct mm_answer answer;

	ck_assert(mm_dialog_make(&arena, &place, S(ALICE), S("trig"), S(VIEW), &text, &err));
	v = json_parse(&arena, text, JSON_STRICT, &err);
	d = json_get(v, "dialog");
	ck_str(json_get_str(v, "url"), "https://ops.example/chats/mm/dialog");
	ck_str(json_get_str(v, "trigger_id"), "trig");
	ck_str(json_get_str(d, "introduction_text"), "**why**");
	ck_assert_uint_eq(json_get(d, "elements")->count, 2);
	ck_str(json_get_str(json_get(d, "elements")->child, "type"), "textarea");
	ck_assert_int_eq(json_get_int(json_get(d, "elements")->child, "max_length", 0), 1000);
	state = json_get_str(d, "state");
	ck_assert_msg(mm_dialog_read(&arena, &place.key, submitted(ALICE, state), &answer, &err), "%s", err.text);
	ck_str(answer.view, "{\"callback_id\":\"held.deny\",\"private_metadata\":\"C1 2 3\\nx\",\"state\":{\"values\":{"
			    "\"said\":{\"text\":{\"type\":\"plain_text_input\",\"value\":\"too \\\"late\\\"\"}},\"env\":{\"pick\":{\"type\":\"static_select\",\"selected_option\":{\"value\":\"prod\"}}}}}}");
	ck_assert(!mm_dialog_read(&arena, &place.key, submitted(BEN, state), &answer, &err));
	ck_assert_int_eq(err.code, ERR_FORBIDDEN);
	err = (struct err){0};
	ck_assert(!mm_dialog_read(&arena, &place.key, submitted(ALICE, S("x\ny")), &answer, &err));
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"text", mrkdwn_becomes_markdown, COUNT_OF(out)},
		{"text", markdown_becomes_mrkdwn, COUNT_OF(in)},
		{"text", a_long_text_is_cut, 0},
		{"text", nothing_is_slow, 10},
		{"read", reads_what_was_posted, 0},
		{"read", reads_other_events, 0},
		{"read", reads_a_list_oldest_first, 0},
		{"message", text_alone, 0},
		{"message", an_alert_has_buttons, 0},
		{"message", without_an_address_there_are_no_buttons, 0},
		{"message", blocks_take_the_place_of_the_text, 0},
		{"press", a_press_is_proven, 0},
		{"press", a_choice_is_one_of_those_given, 0},
		{"dialog", a_dialog_asks_and_is_answered, 0},
	};

	return unit_run_in("ops/mattermost", tests, COUNT_OF(tests), open, close);
}
