#include "base/yaml.h"
#include "engine_fixture.h"
#include "unit.h"

static struct room room;

static void open_room(void)
{
	room_open(&room);
}

static void close_room(void)
{
	room_close(&room);
}

struct yaml_file {
	const char *yaml;
	struct buf out;
};

static bool run_file(struct work *w, void *context)
{
	struct yaml_file *f = context;
	struct json_out o = json_out(&f->out);
	const struct json *tree = yaml_parse(w->arena, str_of(f->yaml), "ops.yaml", &w->err);

	buf_init(&f->out, 1 * MIB);
	return tree && provision_run(w, tree, "ops.yaml", &o, &w->err);
}

static const char whole[] = "users:\n"
			    "- {name: ben, email: Ben@Example.com, role: admin, real_name: Ben B.}\n"
			    "- {name: 42}\n"
			    "channels:\n"
			    "- {name: '#payments', members: [ben, ann], topic: who pays}\n"
			    "- {name: secret, private: true}\n"
			    "sources:\n"
			    "- {name: prod, tool: alertmanager, channel: payments}\n"
			    "webhooks:\n"
			    "- {name: ci, channel: '#sre-alerts'}\n";

static bool check_whole(struct work *w, void *context)
{
	struct db *db = w->engine->db;
	int64_t ws = w->engine->workspace_id, id, ben;
	struct channel c;
	struct user u;

	(void)context;
	ck_assert(store_name_find(db, ws, "user", S("ben"), &ben, &w->err));
	ck_assert(store_user_find(db, w->arena, ws, ben, &u, &w->err));
	ck_str(u.email, "ben@example.com");
	ck_str(u.real_name, "Ben B.");
	ck_assert_int_eq(u.role, ROLE_ADMIN);
	ck_assert(store_name_find(db, ws, "user", S("42"), &id, &w->err));
	ck_assert(store_name_find(db, ws, "channel", S("payments"), &id, &w->err));
	ck_assert(store_channel_find(db, w->arena, id, &c, &w->err));
	ck_str(c.topic, "who pays");
	ck_assert(store_member_find(db, id, ben, NULL, &w->err));
	ck_assert(store_member_find(db, id, room.user_id, NULL, &w->err));
	ck_assert(store_name_find(db, ws, "channel", S("secret"), &id, &w->err));
	ck_assert(store_channel_find(db, w->arena, id, &c, &w->err));
	ck_assert_int_eq(c.kind, CHANNEL_PRIVATE);
	ck_assert(store_name_find(db, ws, "source", S("prod"), &id, &w->err));
	ck_assert(store_name_find(db, ws, "webhook", S("ci"), &id, &w->err));
	return true;
}

START_TEST(makes_all_and_twice_is_once)
{
	struct yaml_file first = {whole}, second = {whole};

	room_run(&room, run_file, &first);
	room_run(&room, check_whole, NULL);
	room_run(&room, run_file, &second);
	room_run(&room, check_whole, NULL);
	ck_assert_str_eq(first.out.p, second.out.p);
	buf_done(&first.out);
	buf_done(&second.out);
}
END_TEST

START_TEST(a_token_is_shown_once)
{
	struct yaml_file first = {"tokens: [{name: kit, user: ann, scopes: read}]"}, second = {first.yaml};

	room_run(&room, run_file, &first);
	room_run(&room, run_file, &second);
	ck_assert_ptr_nonnull(strstr(first.out.p, "\"token\":\"xox"));
	ck_assert_ptr_null(strstr(second.out.p, "\"token\":"));
	buf_done(&first.out);
	buf_done(&second.out);
}
END_TEST

/* Its tokens too; what comes from the daemon's key is shown every time. */
START_TEST(an_app_is_made_once)
{
	struct yaml_file first = {"apps: [{name: Deploy Bot, manifest: {settings: {socket_mode_enabled: true}}}]"}, second = {first.yaml};

	room_run(&room, run_file, &first);
	room_run(&room, run_file, &second);
	ck_assert_ptr_nonnull(strstr(first.out.p, "\"bot_token\":\"xoxb-"));
	ck_assert_ptr_nonnull(strstr(first.out.p, "\"app_token\":\"xapp-"));
	ck_assert_ptr_null(strstr(second.out.p, "_token\":\"x"));
	ck_assert_ptr_nonnull(strstr(second.out.p, "\"signing_secret\":\""));
	buf_done(&first.out);
	buf_done(&second.out);
}
END_TEST

/* However many # stand before a channel's name, it is the same channel the second time. */
START_TEST(a_name_with_two_hashes)
{
	struct yaml_file f = {"channels: [{name: '##payments'}]\nsources: [{name: x, tool: alertmanager, channel: "
			 "'##payments'}]"},
		    again = f;

	room_run(&room, run_file, &f);
	room_run(&room, run_file, &again);
	ck_assert_str_eq(f.out.p, again.out.p);
	buf_done(&f.out);
	buf_done(&again.out);
}
END_TEST

static bool check_auth(struct work *w, void *context)
{
	struct source s;
	int64_t id;

	ck_assert(store_name_find(w->engine->db, w->engine->workspace_id, "source", S("x"), &id, &w->err));
	ck_assert(store_source_find(w->engine->db, w->arena, w->engine->workspace_id, id, &s, &w->err));
	ck_assert_msg(!str_find(s.auth, S("correct"), NULL), STR_FMT, STR_ARG(s.auth));
	ck_assert_uint_eq(s.auth.n > 0, *(const char *)context);
	return true;
}

/* What is printed of it, and whether something is stored; each after the one before. */
static const struct {
	const char *auth, *printed;
	char stored;
} auths[] = {
	{"", NULL, 0},
	{", auth: hmac", "\"auth\":{\"hmac\":\"X-Hub-Signature-256\",\"prefix\":\"sha256=\",\"secret\":\"", 1},
	{"", "\"auth\":{\"hmac\":\"X-Hub-Signature-256\",\"prefix\":\"sha256=\",\"secret\":\"", 1},
	{", auth: {hmac: x-hub-signature-256, secret: correct horse}", "\"auth\":{\"hmac\":\"x-hub-signature-256\",\"prefix\":\"sha256=\"}", 1},
	{", auth: {sns: 'arn:aws:sns:eu-central-1:123456789012:alarms'}", "\"auth\":{\"sns\":\"arn:aws:sns:eu-central-1:123456789012:alarms\"}", 1},
	{", auth: {hmac: X-Other}", "\"auth\":{\"hmac\":\"X-Other\",\"secret\":\"", 1},
	{", auth: {hmac: X-Hub-Signature-256, prefix: '', secret: correct horse}", "\"auth\":{\"hmac\":\"X-Hub-Signature-256\"}", 1},
	{", auth: {header: X-Token}", "\"auth\":{\"header\":\"X-Token\",\"token\":\"", 1},
	{", auth: {header: X-Token, token: correct horse}", "\"auth\":{\"header\":\"X-Token\"}", 1},
	{", auth: {header: X-Token, token: 12345678}", "\"auth\":{\"header\":\"X-Token\"}", 1},
	{", auth: {basic: ann:correct horse}", "\"auth\":{\"basic\":\"ann\"}", 1},
	{", auth: none", NULL, 0},
};

START_TEST(how_requests_are_authenticated)
{
	for (size_t i = 0; i < COUNT_OF(auths); i++) {
		char yaml[300], stored = auths[i].stored;
		struct yaml_file f = {yaml}, again = {yaml};

		snprintf(yaml, sizeof yaml, "sources: [{name: x, tool: github, channel: general%s}]", auths[i].auth);
		room_run(&room, run_file, &f);
		room_run(&room, check_auth, &stored);
		room_run(&room, run_file, &again);
		ck_assert_str_eq(f.out.p, again.out.p);
		ck_assert_msg(auths[i].printed ? strstr(f.out.p, auths[i].printed) != NULL : !strstr(f.out.p, "\"auth\""), "%s: %s", yaml, f.out.p);
		ck_assert_ptr_null(strstr(f.out.p, "correct"));
		buf_done(&f.out);
		buf_done(&again.out);
	}
}
END_TEST

#define AUTH(text) "sources:\n- name: x\n  tool: gitlab\n  channel: general\n  auth: " text
#define AUTH_IS "ops.yaml: line 5: `auth` is {header: X-Name, token: ...}, {hmac: X-Name, prefix: ..., secret: ...}, {basic: user:password} or {sns: TOPIC}"

static const struct {
	const char *yaml, *why;
} refused[] = {
	{"- 1", "ops.yaml: line 1: this must be a mapping such as {name: x}"},
	{"people: []", "ops.yaml: line 1: unknown key `people`"},
	{"users:\n- name: a\n  shoe: 42", "ops.yaml: line 3: unknown key `shoe`"},
	{"users: [{name: a, 'name email': x}]", "ops.yaml: line 1: unknown key `name email`"},
	{"users: {name: a}", "ops.yaml: line 1: this must be a list"},
	{"users: [a]", "ops.yaml: line 1: this must be a mapping such as {name: x}"},
	{"users: [{email: a}]", "ops.yaml: line 1: `name` is missing"},
	{"users: [{name: Ann}]",
	 "ops.yaml: line 1: `Ann` is no user name: lower case letters, digits, . _ - (at most 60)"},
	{"users: [{name: a, role: king}]", "ops.yaml: line 1: `king` is no role: viewer, responder, operator or admin"},
	{"users: [{name: a, password: short}]", "ops.yaml: line 1: a password has 8 to 200 characters"},
	{"users: [{name: a, email: ann@example.com}]", "ops.yaml: line 1: the email ann@example.com exists already"},
	{"\n\nchannels: [{name: No Way}]", "ops.yaml: line 3: `No Way` is no channel name: lower case letters, digits, - _ (at most 80)"},
	{"channels: [{name: x, members: ann}]", "ops.yaml: line 1: `members` must be a list of user names"},
	{"channels: [{name: x, members: [zed]}]", "ops.yaml: line 1: there is no user `zed`"},
	{"sources: [{name: x, tool: alertmanager}]", "ops.yaml: line 1: `channel` is missing"},
	{"sources: [{name: x, tool: alertmanager, channel: y}]",
	 "ops.yaml: line 1: there is no channel `y`: name it under `channels`"},
	{"sources: [{name: x, tool: zabix, channel: general}]",
	 "ops.yaml: line 1: `tool: zabix` is not known; `opsroom source list` names those that are"},
	{AUTH("maybe"), "ops.yaml: line 5: `auth` is none, header, hmac, sns, {header: X-Name}, {hmac: X-Name}, {basic: user:password} or {sns: TOPIC}"},
	{AUTH("sns"), "ops.yaml: line 5: this tool's messages do not come by Amazon SNS"},
	{AUTH("{sns: alarms}"), "ops.yaml: line 5: `sns` is the ARN of the topic, as arn:aws:sns:eu-central-1:123456789012:alarms"},
	{AUTH("{sns: 'arn:aws:sns:x:1:y', secret: correct horse}"), AUTH_IS},
	{AUTH("hmac"), "ops.yaml: line 5: the tool's file does not say which header: auth: {hmac: X-Name}"},
	{AUTH("{}"), AUTH_IS},
	{AUTH("{header: A, hmac: B}"), AUTH_IS},
	{AUTH("{header: A, secret: correct horse}"), AUTH_IS},
	{AUTH("{basic: ann:correct horse, token: correct horse}"), AUTH_IS},
	{AUTH("{header: 'A B'}"), "ops.yaml: line 5: `A B` is no name of a header"},
	{AUTH("{basic: ann}"), "ops.yaml: line 5: `basic` is user:password"},
	{AUTH("{header: A, token: short}"), "ops.yaml: line 5: a token or secret has 8 to 200 characters"},
	{AUTH("{hmac: A, secret: }"), "ops.yaml: line 5: a token or secret has 8 to 200 characters"},
	{"tokens: [{name: x}]", "ops.yaml: line 1: `user` is missing"},
	{"tokens: [{name: x, user: ann, scopes: all}]",
	 "ops.yaml: line 1: `scopes: all` is not known: read, write or admin"},
	{"apps: [{name: x, manifest: []}]", "ops.yaml: line 1: /: a manifest is an object (JSON) or a mapping (YAML)"},
	{"apps: [{name: x, manifest: {features: {slash_commands: [{command: /ops, url: 'http://x'}]}}}]", "ops.yaml: line 1: the command /ops is opsroom's own"},
	{"apps: [{name: x, manifest: {features: {slash_commands: [{command: /a, url: 'http://x'}]}}},\n {name: y, manifest: {features: {slash_commands: [{command: /a, url: 'http://x'}]}}}]",
	 "ops.yaml: line 2: the command /a belongs to another app"},
};

START_TEST(says_file_and_line)
{
	struct yaml_file f = {refused[_i].yaml};
	struct err err = {0};

	ck_assert(!room_try(&room, run_file, &f, &err));
	ck_assert_str_eq(err.text, refused[_i].why);
	ck_assert_int_eq(err.code, strstr(err.text, "exists already") || strstr(err.text, "another app") ? ERR_CONFLICT : ERR_INVALID);
	buf_done(&f.out);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"provision", makes_all_and_twice_is_once},
		{"provision", a_token_is_shown_once},
		{"provision", an_app_is_made_once},
		{"provision", a_name_with_two_hashes},
		{"provision", how_requests_are_authenticated},
		{"refused", says_file_and_line, .times = COUNT_OF(refused)},
	};

	return unit_run_in("api/provision", tests, COUNT_OF(tests), open_room, close_room);
}
