/* What Slack says and takes: events, presses, frames, signatures; arguments, answers, the manifest. Samples as docs.slack.dev shows them. */
#include "base/crypt.h"
#include "ops/app.h"
#include "ops/slack_app.h"
#include "ops/slack_heard.h"
#include "ops/slack_web.h"
#include "unit.h"

#define NOW 1700000000000

static struct arena a;
static struct err err;
static struct slack_heard h;
static const struct slack_self self = {{"U0BOT", 5}, {"B0BOT", 5}, {"T1", 2}};

static void open(void)
{
	ck_assert(crypt_start(&err));
	arena_init(&a);
}

static void close(void)
{
	arena_done(&a);
}

static const struct json *tree(struct str text)
{
	const struct json *v = json_parse(&a, arena_dup(&a, text), JSON_LAST_KEY_WINS, &err);

	ck_assert_msg(v != NULL, "%s", err.text);
	return v;
}

static bool event(const char *json)
{
	return slack_read_event(&a, tree(arena_printf(&a, "{\"type\":\"event_callback\",\"event_id\":\"Ev1\",\"event\":%s}", json)), &self, &h);
}

/* ---- events ---- */

START_TEST(a_message_is_heard)
{
	ck_assert(event("{\"type\":\"message\",\"user\":\"U1\",\"text\":\"a &lt; b <@U0BOT>\",\"ts\":\"1.000002\",\"channel\":\"C1\",\"channel_type\":\"channel\",\"client_msg_id\":\"x\"}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_MESSAGE);
	ck_str(h.event, "Ev1");
	ck_str(h.text, "a &lt; b <@U0BOT>");
	ck_str(h.message, "1.000002");
	ck_str(h.thread, "");
	ck_str(h.channel.id, "C1");
	ck_assert(!h.person.is_bot && !h.channel.direct && !h.channel.is_private);
	ck_assert(event("{\"type\":\"message\",\"user\":\"U1\",\"text\":\"re\",\"ts\":\"2.0\",\"thread_ts\":\"1.0\",\"channel\":\"D1\",\"channel_type\":\"im\"}"));
	ck_str(h.thread, "1.0");
	ck_assert(h.channel.direct);
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"thread_broadcast\",\"user\":\"U1\",\"text\":\"x\",\"ts\":\"2.0\",\"thread_ts\":\"1.0\",\"channel\":\"G1\"}"));
	ck_assert(h.channel.is_private);
}
END_TEST

START_TEST(files_are_links)
{
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"file_share\",\"user\":\"U1\",\"text\":\"see\",\"ts\":\"1.0\",\"channel\":\"C1\",\"files\":[{\"name\":\"a.png\",\"title\":\"A <1>\","
			"\"permalink\":\"https://x.slack.com/files/U1/F1/a.png\"},{\"name\":\"b\"}]}"));
	ck_str(h.text, "see\n<https://x.slack.com/files/U1/F1/a.png|A &lt;1&gt;>\nb");
}
END_TEST

START_TEST(another_apps_message_is_a_bots)
{
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"bot_message\",\"bot_id\":\"B2\",\"username\":\"ci\",\"text\":\"\",\"ts\":\"1.0\",\"channel\":\"C1\",\"attachments\":[{\"fallback\":\"red\"},{\"text\":\"more\"}]}"));
	ck_assert(h.person.is_bot);
	ck_str(h.person.id, "B2");
	ck_str(h.person.name, "ci");
	ck_str(h.text, "red\nmore");
}
END_TEST

START_TEST(a_change_of_the_text_is_one)
{
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"message_changed\",\"hidden\":true,\"channel\":\"C1\",\"ts\":\"3.0\",\"message\":{\"user\":\"U1\",\"text\":\"new\",\"ts\":\"1.0\"},"
			"\"previous_message\":{\"user\":\"U1\",\"text\":\"old\",\"ts\":\"1.0\"}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_CHANGED);
	ck_str(h.message, "1.0");
	ck_str(h.text, "new");
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"message_deleted\",\"hidden\":true,\"channel\":\"C1\",\"deleted_ts\":\"1.0\",\"previous_message\":{\"user\":\"U1\",\"ts\":\"1.0\"}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_DROPPED);
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"message_changed\",\"channel\":\"C1\",\"message\":{\"user\":\"U1\",\"subtype\":\"tombstone\",\"text\":\"gone\",\"ts\":\"1.0\"}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_DROPPED);
}
END_TEST

START_TEST(what_others_do_is_heard)
{
	ck_assert(event("{\"type\":\"reaction_removed\",\"user\":\"U1\",\"reaction\":\"eyes\",\"item_user\":\"U2\",\"item\":{\"type\":\"message\",\"channel\":\"C1\",\"ts\":\"1.0\"}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_UNREACTED);
	ck_str(h.name, "eyes");
	ck_assert(event("{\"type\":\"pin_added\",\"user\":\"U1\",\"channel_id\":\"C1\",\"item\":{\"type\":\"message\",\"channel\":\"C1\",\"message\":{\"ts\":\"1.0\"}}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_PINNED);
	ck_str(h.message, "1.0");
	ck_assert(event("{\"type\":\"message\",\"subtype\":\"channel_topic\",\"user\":\"U1\",\"topic\":\"all is well\",\"text\":\"set the topic\",\"ts\":\"1.0\",\"channel\":\"C1\"}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_TOPIC);
	ck_str(h.name, "all is well");
	ck_assert(event("{\"type\":\"channel_rename\",\"channel\":{\"id\":\"C1\",\"name\":\"new-name\",\"created\":1}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_RENAMED);
	ck_assert(event("{\"type\":\"member_joined_channel\",\"user\":\"U0BOT\",\"channel\":\"C1\",\"channel_type\":\"C\"}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_JOINED);
	ck_assert(event("{\"type\":\"group_left\",\"channel\":\"G1\"}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_LEFT);
	ck_assert(event("{\"type\":\"user_change\",\"user\":{\"id\":\"U1\",\"name\":\"alice\",\"is_bot\":false,\"profile\":{\"real_name\":\"Alice A\",\"email\":\"a@example.com\"}}}"));
	ck_assert_int_eq(h.what, SLACK_HEARD_PERSON);
	ck_str(h.person.real_name, "Alice A");
	ck_str(h.person.email, "a@example.com");
	ck_assert(event("{\"type\":\"user_change\",\"user\":{\"id\":\"U1\",\"team_id\":\"T1\",\"name\":\"alice\",\"profile\":{\"email\":\"a@example.com\"}}}"));
	ck_str(h.person.email, "a@example.com");
}
END_TEST

START_TEST(another_workspace_vouches_for_nobody)
{
	ck_assert(event("{\"type\":\"user_change\",\"user\":{\"id\":\"U1\",\"team_id\":\"T2\",\"name\":\"alice\",\"profile\":{\"email\":\"a@example.com\"}}}"));
	ck_str(h.person.email, "");
	ck_assert(event("{\"type\":\"user_change\",\"user\":{\"id\":\"U1\",\"is_stranger\":true,\"name\":\"alice\",\"profile\":{\"email\":\"a@example.com\"}}}"));
	ck_str(h.person.email, "");
}
END_TEST

static const char *const nothing[] = {
	/* our own */
	"{\"type\":\"message\",\"user\":\"U0BOT\",\"text\":\"x\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"message\",\"subtype\":\"bot_message\",\"bot_id\":\"B0BOT\",\"username\":\"alice\",\"text\":\"x\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"message\",\"subtype\":\"message_changed\",\"channel\":\"C1\",\"message\":{\"user\":\"U0BOT\",\"text\":\"n\",\"ts\":\"1.0\"},\"previous_message\":{\"text\":\"o\"}}",
	"{\"type\":\"message\",\"subtype\":\"message_deleted\",\"channel\":\"C1\",\"deleted_ts\":\"1.0\",\"previous_message\":{\"bot_id\":\"B0BOT\",\"ts\":\"1.0\"}}",
	"{\"type\":\"message\",\"subtype\":\"channel_topic\",\"user\":\"U0BOT\",\"topic\":\"x\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"reaction_added\",\"user\":\"U0BOT\",\"reaction\":\"eyes\",\"item\":{\"type\":\"message\",\"channel\":\"C1\",\"ts\":\"1.0\"}}",
	"{\"type\":\"pin_added\",\"user\":\"U0BOT\",\"channel_id\":\"C1\",\"item\":{\"message\":{\"ts\":\"1.0\"}}}",
	/* others' coming and going, links that unfold, the second telling of a mention, what is not for us */
	"{\"type\":\"member_joined_channel\",\"user\":\"U1\",\"channel\":\"C1\"}",
	"{\"type\":\"message\",\"subtype\":\"channel_join\",\"user\":\"U1\",\"text\":\"<@U1> has joined the channel\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"message\",\"subtype\":\"message_changed\",\"channel\":\"C1\",\"message\":{\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1.0\",\"attachments\":[{\"fallback\":\"a page\"}]},"
	"\"previous_message\":{\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1.0\"}}",
	"{\"type\":\"app_mention\",\"user\":\"U1\",\"text\":\"<@U0BOT> x\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"reaction_added\",\"user\":\"U1\",\"reaction\":\"eyes\",\"item\":{\"type\":\"file\",\"file\":\"F1\"}}",
	"{\"type\":\"user_change\",\"user\":{\"id\":\"U1\",\"name\":\"gone\",\"deleted\":true}}",
	"{\"type\":\"message\",\"user\":\"U1\",\"text\":\"\",\"ts\":\"1.0\",\"channel\":\"C1\"}",
	"{\"type\":\"message\",\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1.0\"}",
	"{\"type\":\"error\"}",
	"{}",
	"7",
};

START_TEST(the_rest_is_nothing)
{
	ck_assert_msg(!event(nothing[_i]), "%s", nothing[_i]);
}
END_TEST

/* ---- what people do ---- */

#define PRESS                                                                                                                                                                         \
	"{\"type\":\"block_actions\",\"user\":{\"id\":\"U1\",\"username\":\"alice\",\"name\":\"alice\"},\"container\":{\"type\":\"message\",\"message_ts\":\"2.0\",\"channel_id\":\"C1\","          \
	"\"thread_ts\":\"1.0\"},\"trigger_id\":\"1.2.abc\",\"channel\":{\"id\":\"C1\",\"name\":\"ops\"},\"response_url\":\"https://hooks.slack.com/actions/T/1/x\",\"actions\":[%s]}"

START_TEST(a_press_is_heard)
{
	struct slack_reply r;

	ck_assert(slack_read_interactive(&a, tree(arena_printf(&a, PRESS, "{\"type\":\"button\",\"action_id\":\"ack\",\"value\":\"42\"}")), NOW, &h));
	ck_assert_int_eq(h.what, SLACK_HEARD_PRESS);
	ck_str(h.action, "ack");
	ck_str(h.value, "42");
	ck_str(h.message, "2.0");
	ck_str(h.thread, "1.0");
	ck_str(h.person.name, "alice");
	ck_assert_msg(h.event.n && !str_find(h.event, S("abc"), NULL), "the trigger is a secret");
	ck_assert(slack_reply_read(&a, h.reply, &r) && r.at == NOW);
	ck_str(r.url, "https://hooks.slack.com/actions/T/1/x");
	ck_str(r.trigger, "1.2.abc");
	ck_assert(slack_read_interactive(&a, tree(arena_printf(&a, PRESS, "{\"type\":\"static_select\",\"action_id\":\"m\",\"selected_option\":{\"value\":\"two\"}}")), NOW, &h));
	ck_str(h.value, "two");
	ck_assert(!slack_read_interactive(&a, tree(arena_printf(&a, PRESS, "")), NOW, &h));
}
END_TEST

START_TEST(a_command_and_a_dialog_are_heard)
{
	ck_assert(slack_read_slash(&a, tree(S("{\"command\":\"/srebot\",\"text\":\"ack 42\",\"channel_id\":\"C1\",\"channel_name\":\"ops\",\"user_id\":\"U1\",\"user_name\":\"alice\","
					     "\"response_url\":\"https://x\",\"trigger_id\":\"t\"}")),
				   NOW, &h));
	ck_assert_int_eq(h.what, SLACK_HEARD_SLASH);
	ck_str(h.text, "ack 42");
	ck_str(h.channel.name, "ops");
	ck_assert(slack_read_interactive(&a, tree(S("{\"type\":\"view_submission\",\"user\":{\"id\":\"U1\"},\"trigger_id\":\"t\",\"view\":{\"callback_id\":\"c\",\"state\":{\"values\":{}}}}")), NOW, &h));
	ck_assert_int_eq(h.what, SLACK_HEARD_DIALOG);
	ck_str(h.view, "{\"callback_id\":\"c\",\"state\":{\"values\":{}}}");
	ck_assert(!slack_read_interactive(&a, tree(S("{\"type\":\"shortcut\",\"user\":{\"id\":\"U1\"},\"callback_id\":\"c\"}")), NOW, &h));
}
END_TEST

START_TEST(frames_are_read)
{
	struct slack_frame f;

	ck_assert(slack_read_frame(&a, S("{\"type\":\"hello\",\"num_connections\":1}"), &f) && f.type == SLACK_FRAME_HELLO && !f.envelope.n);
	ck_assert(slack_read_frame(&a, S("{\"type\":\"disconnect\",\"reason\":\"warning\"}"), &f) && f.type == SLACK_FRAME_DISCONNECT);
	ck_str(f.reason, "warning");
	ck_assert(slack_read_frame(&a, S("{\"envelope_id\":\"e-1\",\"type\":\"events_api\",\"payload\":{\"event\":{}}}"), &f) && f.type == SLACK_FRAME_EVENT && f.payload);
	ck_str(f.envelope, "e-1");
	ck_assert(slack_read_frame(&a, S("{\"envelope_id\":\"e-2\",\"type\":\"news\"}"), &f) && f.type == SLACK_FRAME_OTHER && f.envelope.n);
	ck_assert(!slack_read_frame(&a, S("[1]"), &f) && !slack_read_frame(&a, S("{ no"), &f));
}
END_TEST

/* The sample of Slack's own page (docs.slack.dev: Verifying requests from Slack). */
START_TEST(signatures_are_checked)
{
	struct str secret = S("8f742231b10e8888abcd99yyyzzz85a5"), stamp = S("1531420618"), mac = S("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
	struct str body = S("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect"
			    "&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c");
	wall_ms then = 1531420618000;

	ck_assert(slack_signed(secret, stamp, mac, body, then));
	ck_assert(slack_signed(secret, stamp, mac, body, then + 300000) && slack_signed(secret, stamp, mac, body, then - 300000));
	ck_assert(!slack_signed(secret, stamp, mac, body, then + 300001) && !slack_signed(secret, stamp, mac, body, then - 300001));
	ck_assert(!slack_signed(secret, stamp, mac, str_n(body.p, body.n - 1), then) && !slack_signed(S("other"), stamp, mac, body, then) && !slack_signed(S(""), stamp, mac, body, then));
	ck_assert(!slack_signed(secret, S("1531420619"), mac, body, then) && !slack_signed(secret, S("soon"), mac, body, then) && !slack_signed(secret, S(""), mac, body, then));
	ck_assert(!slack_signed(secret, stamp, str_n(mac.p + 3, mac.n - 3), body, then) && !slack_signed(secret, stamp, S("v0="), body, then) && !slack_signed(secret, stamp, S(""), body, then));
}
END_TEST

/* ---- what we say ---- */

static struct str arg_of(const struct slack_args *args, const char *key)
{
	for (size_t i = 0; i < args->count; i++)
		if (strcmp(args->list[i].key, key) == 0)
			return args->list[i].value;
	return (struct str){0};
}

static const struct slack_say say = {.channel = {"C1", 2}, .text = {"hi", 2}, .author = {"al<ice", 6}, .key = {"opsroom:1:2", 11},
				     .body = {"{\"attachments\":[{\"color\":\"a30200\"}],\"blocks\":[]}", 48}};

START_TEST(a_message_has_its_arguments)
{
	struct slack_args args = {0}, change = {0};
	struct slack_say s = say;

	s.thread = S("1.0");
	s.broadcast = s.may_customize = true;
	slack_say_args(&a, &args, &s);
	ck_str(arg_of(&args, "channel"), "C1");
	ck_str(arg_of(&args, "text"), "hi");
	ck_str(arg_of(&args, "username"), "al<ice");
	ck_str(arg_of(&args, "attachments"), "[{\"color\":\"a30200\"}]");
	ck_assert(!arg_of(&args, "blocks").p);
	ck_str(arg_of(&args, "thread_ts"), "1.0");
	ck_str(arg_of(&args, "reply_broadcast"), "true");
	ck_str(arg_of(&args, "unfurl_links"), "false");
	ck_str(arg_of(&args, "metadata"), "{\"event_type\":\"opsroom_message\",\"event_payload\":{\"key\":\"opsroom:1:2\"}}");
	s.may_customize = false;
	slack_change_args(&a, &change, &s, S("2.0"));
	ck_str(arg_of(&change, "text"), "*al&lt;ice:* hi");
	ck_str(arg_of(&change, "blocks"), "[]");
	ck_str(arg_of(&change, "ts"), "2.0");
	ck_assert(!arg_of(&change, "username").p && !arg_of(&change, "metadata").p && !arg_of(&change, "thread_ts").p);
}
END_TEST

START_TEST(files_come_with_their_key)
{
	struct str ids[] = {S("F1"), S("F2")}, titles[] = {S("a \"b\".txt"), S("c")};
	struct slack_args args = {0};

	slack_files_args(&a, &args, &say, ids, titles, 2);
	ck_str(arg_of(&args, "files"), "[{\"id\":\"F1\",\"title\":\"a \\\"b\\\".txt\"},{\"id\":\"F2\",\"title\":\"c\"}]");
	ck_str(arg_of(&args, "channel_id"), "C1");
	ck_str(arg_of(&args, "blocks"), "[{\"type\":\"section\",\"block_id\":\"opsroom:1:2\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"*al&lt;ice:* hi\"}}]");
	ck_str(slack_file_shared(tree(S("{\"shares\":{\"private\":{\"C1\":[{\"ts\":\"5.0\"}]}}}")), S("C1")), "5.0");
	ck_str(slack_file_shared(tree(S("{\"shares\":{\"public\":{\"C2\":[{\"ts\":\"5.0\"}]}}}")), S("C1")), "");
}
END_TEST

START_TEST(a_key_is_found_again)
{
	const struct json *m = tree(S("[{\"ts\":\"3.0\",\"text\":\"x\"},{\"ts\":\"2.0\",\"metadata\":{\"event_type\":\"opsroom_message\",\"event_payload\":{\"key\":\"opsroom:1:2\"}}},"
				      "{\"ts\":\"1.0\",\"blocks\":[{\"block_id\":\"opsroom:1:3\"}]},{\"ts\":\"0.5\",\"metadata\":{\"event_type\":\"other\",\"event_payload\":{\"key\":\"opsroom:9:9\"}}}]"));

	ck_str(slack_find_key(m, S("opsroom:1:2")), "2.0");
	ck_str(slack_find_key(m, S("opsroom:1:3")), "1.0");
	ck_str(slack_find_key(m, S("opsroom:9:9")), "");
	ck_str(slack_find_key(NULL, S("x")), "");
	ck_str(slack_ts(&a, 1700000000123), "1700000000.123000");
}
END_TEST

START_TEST(answers_are_judged)
{
	ck_assert_int_eq(slack_judge(SLACK_REACT, S("already_reacted")), SLACK_OK);
	ck_assert_int_eq(slack_judge(SLACK_DELETE, S("message_not_found")), SLACK_OK);
	ck_assert_int_eq(slack_judge(SLACK_UPDATE, S("message_not_found")), SLACK_REFUSED);
	ck_assert_int_eq(slack_judge(SLACK_POST, S("not_in_channel")), SLACK_OUTSIDE);
	ck_assert_int_eq(slack_judge(SLACK_POST, S("token_revoked")), SLACK_ENDED);
	ck_assert_int_eq(slack_judge(SLACK_POST, S("ratelimited")), SLACK_LATER);
	ck_assert_int_eq(slack_judge(SLACK_POST, S("fatal_error")), SLACK_UNSURE);
	ck_assert_int_eq(slack_judge(SLACK_POST, S("invalid_blocks")), SLACK_REFUSED);
	ck_str(slack_why(&a, SLACK_POST, tree(S("{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"chat:write\"}"))),
	       "chat.postMessage: the app lacks chat:write: add it under OAuth & Permissions and install the app again");
	ck_str(slack_why(&a, SLACK_POST, tree(S("{\"ok\":false,\"error\":\"invalid_blocks\",\"response_metadata\":{\"messages\":[\"[ERROR] no more than 50 items allowed\"]}}"))),
	       "chat.postMessage: invalid_blocks: [ERROR] no more than 50 items allowed");
}
END_TEST

/* ---- the manifest ---- */

START_TEST(our_manifest_is_one)
{
	struct str urls[] = {S(""), S("https://ops.example.com/chats/slack/events")};

	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct app_manifest m;

		ck_assert_msg(app_manifest_read(&a, tree(slack_manifest(&a, S("srebot \"x\\"), S("/srebot"), urls[i])), &m, &err), "%s", err.text);
		ck_str(m.name, "srebot \"x\\");
		ck_assert(m.socket_mode == (i == 0) && m.interactive && m.event_count > 10 && app_command_find(&m, S("/srebot")));
		ck_assert(app_scope_has(m.bot_scopes, S("chat:write.customize")) && str_eq(m.events_url, urls[i]) && str_eq(m.actions_url, urls[i]));
	}
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"heard", a_message_is_heard, 0},
		{"heard", files_are_links, 0},
		{"heard", another_apps_message_is_a_bots, 0},
		{"heard", a_change_of_the_text_is_one, 0},
		{"heard", what_others_do_is_heard, 0},
		{"heard", another_workspace_vouches_for_nobody, 0},
		{"heard", the_rest_is_nothing, COUNT_OF(nothing)},
		{"heard", a_press_is_heard, 0},
		{"heard", a_command_and_a_dialog_are_heard, 0},
		{"heard", frames_are_read, 0},
		{"heard", signatures_are_checked, 0},
		{"web", a_message_has_its_arguments, 0},
		{"web", files_come_with_their_key, 0},
		{"web", a_key_is_found_again, 0},
		{"web", answers_are_judged, 0},
		{"app", our_manifest_is_one, 0},
	};

	return unit_run_in("ops/slack", tests, COUNT_OF(tests), open, close);
}
