/* Commands as people say them: the table, who may, what is answered, what the audit has. */
#include "commands/mention.h"
#include "commands/rulebook.h"
#include "engine/messages.h"
#include "engine_fixture.h"
#include "store/journal.h"
#include "unit.h"

static struct room room;
static struct err err;

static bool deliver(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("api"), .channel_id = room.channel_id, .body = str_of(context)};

	return alerts_receive_v2(w, &d);
}

static void open_room(void)
{
	room_open(&room);
	room_run(&room, deliver, "[{\"labels\":{\"alertname\":\"DiskFull\",\"severity\":\"page\",\"host\":\"<db>\"}}]");
}

static void close_room(void)
{
	room_close(&room);
}

struct said {
	const char *line;
	enum role role;
	enum scope scope;
	int64_t channel_id;
	bool ok;
	enum err_code code;
	char text[16000], data[16000], audit_action[40], audit_result[40];
	int64_t audit_home;
};

static bool run(struct work *w, void *context)
{
	struct said *s = context;
	struct user u = {
		.id = room.user_id, .workspace_id = w->engine->workspace_id, .name = S("ann"), .role = s->role};
	struct caller who = {.user = &u, .scope = s->scope, .via = "slash", .channel_id = s->channel_id};
	struct audit_filter newest = {.limit = 1};
	struct audit_record *record;
	struct command_result r;
	size_t count;

	ck_assert(command_run(w, &who, str_of(s->line), &r));
	s->ok = r.ok;
	s->code = r.err.code;
	snprintf(s->text, sizeof s->text, STR_FMT, STR_ARG(r.text));
	snprintf(s->data, sizeof s->data, STR_FMT, STR_ARG(r.data));
	ck_assert(store_audit_search(w->engine->db, w->arena, w->engine->workspace_id, &newest, &record, &count,
				     &w->err));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(record->actor_id, room.user_id);
	snprintf(s->audit_action, sizeof s->audit_action, STR_FMT, STR_ARG(record->action));
	snprintf(s->audit_result, sizeof s->audit_result, STR_FMT, STR_ARG(record->result));
	s->audit_home = record->home_id;
	return true;
}

static struct said say_as(const char *line, enum role role, enum scope scope)
{
	struct said s = {.line = line, .role = role, .scope = scope, .channel_id = room.channel_id};

	room_run(&room, run, &s);
	ck_assert_int_eq(s.ok, strcmp(s.audit_result, "ok") == 0 || strcmp(s.audit_result, "planned") == 0);
	return s;
}

static struct said say(const char *line)
{
	return say_as(line, ROLE_RESPONDER, SCOPE_WRITE);
}

/* ---- the table ---- */

START_TEST(the_table_is_whole)
{
	ck_assert_uint_ge(command_count, 6);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		ck_assert(c->run && *c->help && c->help[strlen(c->help) - 1] == '.');
		ck_assert(c->needs >= ROLE_VIEWER && c->needs <= ROLE_ADMIN);
		ck_assert_ptr_eq(command_set_named(room.e->rulebook->commands, str_of(c->name))->runs, c); /* no name twice */
	}
	ck_assert_ptr_nonnull(command_set_named(room.e->rulebook->commands, S("ACK")));
	ck_assert_ptr_null(command_set_named(room.e->rulebook->commands, S("")));
	ck_assert(command_is_prefix(S("/srebot")) && command_is_prefix(S("/ops")) && !command_is_prefix(S("/other")));
}
END_TEST

/* Each command of the table can be asked for help, and refuses too few and too many words by itself. */
START_TEST(every_command)
{
	const struct command *c = &commands[_i];
	char line[200];
	struct said s;

	snprintf(line, sizeof line, "help %s", c->name);
	s = say_as(line, ROLE_VIEWER, SCOPE_READ);
	ck_assert(s.ok && strstr(s.text, c->help) && strstr(s.text, role_name(c->needs)));
	snprintf(line, sizeof line, "%s 1 1h 1 1 1 1 1 1 1", c->name);
	s = say_as(line, ROLE_ADMIN, SCOPE_ADMIN);
	if (!strstr(c->usage, "...") && !strchr(c->usage, '*') && !strchr(c->usage, ':')) {
		ck_assert_int_eq(s.code, ERR_INVALID);
		ck_assert_ptr_nonnull(strstr(s.text, "that is too much. Usage: `"));
		ck_assert_str_eq(s.audit_result, "invalid");
	}
	ck_assert_str_eq(s.audit_action, c->name);
	s = say_as(c->name, ROLE_ADMIN, SCOPE_ADMIN);
	if (strchr(c->usage, '<'))
		ck_assert_ptr_nonnull(strstr(s.text, " is missing. Usage: `"));
	else
		ck_assert_msg(s.ok, "%s", s.text);
	if (c->needs > ROLE_VIEWER) {
		s = say_as(c->name, c->needs - 1, SCOPE_ADMIN);
		ck_assert_int_eq(s.code, ERR_FORBIDDEN);
		s = say_as(c->name, ROLE_ADMIN, SCOPE_READ);
		ck_assert_int_eq(s.code, ERR_FORBIDDEN);
		ck_assert_ptr_nonnull(strstr(s.text, "needs a token with the scope write; this one may only read"));
	}
}
END_TEST

/* ---- what waits ---- */

static void with_rules(const char *text)
{
	char path[128];
	struct rulebook *next;
	FILE *f;

	snprintf(path, sizeof path, "%s/access.yaml", room.dir);
	f = fopen(path, "w");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	next = rulebook_read(&(struct rulebook_from){.access = str_of(path), .plugins_dir = S("")}, &err);
	ck_assert_msg(next != NULL, "%s", err.text);
	rulebook_free(room.e->rulebook);
	room.e->rulebook = next;
	unlink(path);
}

/* Its timer may come late: after a restart, or when the disk was full. */
START_TEST(nothing_is_confirmed_after_its_time)
{
	struct said s = {.line = "ack DiskFull", .role = ROLE_RESPONDER, .scope = SCOPE_WRITE, .channel_id = room.channel_id};
	char line[40];

	with_rules("rules: |\n  require core:ack need confirm\n");
	room_run(&room, run, &s);
	ck_assert_str_eq(s.audit_result, "held");
	snprintf(line, sizeof line, "confirm %.4s", strstr(s.data, "\"code\":\"") + 8);
	clock_set(wall_now() + 2 * MINUTE);
	s = say(line);
	ck_assert_int_eq(s.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(s.text, "has expired: say it again"));
}
END_TEST

/* ---- what is answered ---- */

START_TEST(help_shows_what_one_may)
{
	struct said viewer = say_as("help", ROLE_VIEWER, SCOPE_READ), responder = say(""); /* nothing said: help */

	ck_assert(viewer.ok && strstr(viewer.text, "`/srebot status`") && !strstr(viewer.text, "/srebot ack"));
	ck_assert(responder.ok && strstr(responder.text, "`/srebot ack &lt;alert&gt;`"));
	ck_assert_str_eq(responder.audit_action, "help");
	ck_assert_ptr_nonnull(strstr(say("help ackk").text, "there is no command `ackk`"));
}
END_TEST

static const struct {
	const char *line, *text;
	enum err_code code;
} refused[] = {
	{"akc x", ":warning: there is no command `akc`. Did you mean `ack`?", ERR_NOT_FOUND},
	{"Statsu", ":warning: there is no command `Statsu`. Did you mean `status`?", ERR_NOT_FOUND},
	{"reboot now", ":warning: there is no command `reboot`. `help` lists what there is.", ERR_NOT_FOUND},
	{"ack nothing", ":warning: there is no open alert nothing; `alerts` lists them.", ERR_NOT_FOUND},
	{"ack 'x", ":warning: a quote (') is open to the end of the line.\n```\nack 'x\n    ^\n```", ERR_INVALID},
	{"alerts angry", ":warning: `angry` is no choice for <state>: firing, acknowledged, resolved or all.\n```\nalerts angry\n       ^\n```", ERR_INVALID},
};

START_TEST(refusals_say_why)
{
	struct said s = say(refused[_i].line);

	ck_assert_str_eq(s.text, refused[_i].text);
	ck_assert_int_eq(s.code, refused[_i].code);
	ck_assert_int_eq(s.audit_home, room.channel_id); /* no alert was named: it was a decision of the channel */
}
END_TEST

START_TEST(a_missing_role_is_named)
{
	ck_assert_str_eq(say_as("ack DiskFull", ROLE_VIEWER, SCOPE_WRITE).text,
			 ":warning: `ack` needs the role responder; yours is viewer. An admin can change that.");
}
END_TEST

START_TEST(ack_and_resolve)
{
	struct said s = say("ack diskfull");

	ck_assert(s.ok && strstr(s.text, " acknowledged `") && strstr(s.text, "*DiskFull*"));
	ck_assert_ptr_nonnull(strstr(s.data, "\"state\":\"acknowledged\""));
	ck_assert_int_ne(s.audit_home, room.channel_id); /* the group is its home */
	s = say("ack DiskFull");
	ck_assert_int_eq(s.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(s.text, "you acknowledged alert "));
	s = say("resolve DiskFull");
	ck_assert(s.ok && strstr(s.data, "\"state\":\"resolved\""));
	s = say("alerts");
	ck_assert_str_eq(s.text, ":large_green_circle: No open alerts.");
	ck_assert_str_eq(s.data, "[]");
	ck_assert_ptr_nonnull(strstr(say("alerts resolved").data, "DiskFull"));
}
END_TEST

START_TEST(two_of_one_name_are_asked_about)
{
	struct said s;

	room_run(&room, deliver, "[{\"labels\":{\"alertname\":\"diskfull\"}}]");
	s = say("ack DISKFULL");
	ck_assert_int_eq(s.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(s.text, "several open alerts are called DISKFULL; say which by its id"));
}
END_TEST

START_TEST(status_and_whoami)
{
	struct said s = say("status");

	ck_assert_ptr_nonnull(strstr(s.text, "*1 open alert*"));
	ck_assert_ptr_nonnull(strstr(s.text, "1 message waiting to leave"));
	ck_assert_ptr_nonnull(strstr(s.data, "\"firing\":1"));
	s = say("whoami");
	ck_assert_ptr_nonnull(strstr(s.text, "(ann), role *responder*. You may: `help` `status`"));
}
END_TEST

/* ---- locks ---- */

static int deployed;

static bool deploy(struct call *call)
{
	deployed++;
	buf_printf(&call->text, "%s", call->typed.flags.dry_run ? "Would deploy." : "Deployed.");
	return true;
}

/* A command as a plugin brings it. */
static void add_plugin(const char *words, const char *usage, enum risk risk, const char *lock)
{
	static const struct command runs = {.run = deploy};
	struct command_set *set = room.e->rulebook->commands;
	struct arena *a = command_set_arena(set);
	struct command_spec *spec = arena_zero(a, sizeof *spec);

	*spec = (struct command_spec){.plugin = S("deploy"), .summary = S("Deploys."), .risk = risk, .lock = str_of(lock), .runs = &runs};
	spec_set_words(a, spec, str_of(words));
	ck_assert(spec_read_usage(a, str_of(usage), spec, &err) && command_set_add(set, spec, &err));
}

static void open_access(const char *rules[], size_t count)
{
	struct access_default all[8] = {{S("allow *:* need role viewer"), S("test")}};

	for (size_t i = 0; i < count; i++)
		all[i + 1] = (struct access_default){str_of(rules[i]), S("test")};
	access_free(room.e->rulebook->access);
	room.e->rulebook->access = access_new(NULL, "test", all, count + 1, &err);
	ck_assert_ptr_nonnull(room.e->rulebook->access);
}

static int64_t bens_id;

static bool add_ben(struct work *w, void *context)
{
	struct user ben = {.name = S("ben"), .email = S("ben@example.com"), .role = ROLE_RESPONDER};

	(void)context;
	if (!provision_user(w, &ben, &w->err))
		return false;
	bens_id = ben.id;
	return true;
}

static bool run_as_ben(struct work *w, void *context)
{
	struct user ben = {.id = bens_id, .workspace_id = w->engine->workspace_id, .name = S("ben"), .role = ROLE_RESPONDER};
	struct caller who = {.user = &ben, .scope = SCOPE_WRITE, .via = "slash", .channel_id = room.channel_id};
	struct command_result r;

	ck_assert(command_run(w, &who, str_of(context), &r));
	ck_assert_msg(r.ok, STR_FMT, STR_ARG(r.text));
	return true;
}

START_TEST(a_locked_target_is_respected)
{
	struct said s;

	add_plugin("deploy start", "<target> [--dry-run]", RISK_CHANGE, "");
	add_plugin("deploy app", "<app>", RISK_CHANGE, "app");
	add_plugin("deploy all", "", RISK_CHANGE, "web-prod");
	add_plugin("deploy show", "<target>", RISK_READ, "");
	open_access(NULL, 0);
	room_run(&room, add_ben, NULL);
	room_run(&room, run_as_ben, "lock Web-Prod --for 45m release under way");
	deployed = 0;
	s = say("deploy start web-prod");
	ck_assert_int_eq(s.code, ERR_CONFLICT);
	ck_assert_str_eq(s.text, ":warning: web-prod is locked by ben until 03:00 UTC: release under way. `lock web-prod --queue`.");
	ck_assert_int_eq(say("deploy app WEB-prod").code, ERR_CONFLICT);
	ck_assert_int_eq(say("deploy all").code, ERR_CONFLICT);
	ck_assert_int_eq(deployed, 0);
	ck_assert(say("deploy start web-test").ok && say("deploy show web-prod").ok); /* another; and to look changes nothing */
	ck_assert_int_eq(deployed, 2);
	s = say("deploy start web-prod --dry-run");
	ck_assert_str_eq(s.text, "Would deploy.\n:lock: web-prod is locked by ben until 03:00 UTC: release under way. `lock web-prod --queue`.");
	ck_assert_ptr_nonnull(strstr(say("deploy start web-prod --explain").text, ":lock: web-prod is locked by ben"));
	room_run(&room, run_as_ben, "deploy start web-prod"); /* whose it is may */
	ck_assert(say("lock web-prod --steal the release hangs").ok && say("deploy start web-prod").ok);
}
END_TEST

/* ---- aliases ---- */

static const struct {
	const char *line, *text;
	enum err_code code;
} no_aliases[] = {
	{"alias ack alerts", "`ack` is taken by `ack`: an alias may not hide it", ERR_CONFLICT},
	{"alias Deploy alerts", "`deploy` is taken by `deploy start`: an alias may not hide it", ERR_CONFLICT},
	{"alias core alerts", "an alias may not hide it", ERR_CONFLICT},
	{"alias head alerts", "`head` is taken by `head`: an alias may not hide it", ERR_CONFLICT},
	{"alias 'two words' alerts", "`two words` is no name for an alias", ERR_INVALID},
	{"alias 1st alerts", "`1st` is no name for an alias", ERR_INVALID},
	{"alias x nothing of this", "an alias stands for a command, and `nothing` is none", ERR_INVALID},
	{"alias x \"alerts | nothing\"", "an alias stands for a command, and `nothing` is none", ERR_INVALID},
	{"alias x \"alerts | \"", "there is nothing between the pipes", ERR_INVALID},
	{"alias x ''", "say what it stands for", ERR_INVALID},
	{"alias x alerts --channel", "an alias of a channel needs the role operator", ERR_FORBIDDEN},
	{"alias x alerts --site", "an alias for everybody needs the role admin", ERR_FORBIDDEN},
	{"alias x alerts --site --channel", "either --channel or --site", ERR_INVALID},
	{"unalias x", "there is no alias `x`", ERR_NOT_FOUND},
};

START_TEST(an_alias_is_refused)
{
	struct said s;

	add_plugin("deploy start", "<target> [--dry-run]", RISK_CHANGE, "");
	s = say(no_aliases[_i].line);
	ck_assert_msg(strstr(s.text, no_aliases[_i].text), "%s", s.text);
	ck_assert_int_eq(s.code, no_aliases[_i].code);
	ck_assert_str_eq(say("aliases").data, "[]");
}
END_TEST

START_TEST(an_alias_stands_for_a_line)
{
	struct said s;

	room_run(&room, deliver, "[{\"labels\":{\"alertname\":\"Slow\",\"severity\":\"warning\"}}]");
	s = say("alias Titles \"alerts ${1:-firing} | select title\"");
	ck_assert_str_eq(s.text, "`titles` stands for `alerts ${1:-firing} | select title` (yours).");
	ck_assert_str_eq(say("titles").text, "```\ntitle\nSlow\nDiskFull\n```");
	s = say("TITLES all | sort title | head 1"); /* the rest of the line goes on behind it */
	ck_assert_str_eq(s.text, "```\ntitle\nDiskFull\n```");
	ck_assert_str_eq(s.audit_action, "alerts");
	ck_assert_ptr_nonnull(strstr(say("titles nonsense").text, "`nonsense` is no choice"));
	ck_assert_ptr_nonnull(strstr(say("titels").text, "Did you mean `titles`?"));
	ck_assert_ptr_nonnull(strstr(say("help").text, "*Aliases*: `titles` for `alerts"));
	ck_assert_ptr_nonnull(strstr(say("help titles").text, "`titles` is an alias (yours) for `alerts"));

	ck_assert(say_as("alias titles status --channel", ROLE_OPERATOR, SCOPE_WRITE).ok);
	ck_assert(say_as("alias titles whoami --site", ROLE_ADMIN, SCOPE_WRITE).ok);
	ck_assert_str_eq(say("titles").audit_action, "alerts");
	ck_assert(say("unalias titles").ok);
	ck_assert_str_eq(say("titles").audit_action, "status");
	ck_assert(say_as("unalias titles --channel", ROLE_OPERATOR, SCOPE_WRITE).ok);
	ck_assert_str_eq(say("titles").audit_action, "whoami");

	ck_assert(say("alias now ack $1").ok);
	ck_assert_ptr_nonnull(strstr(say("now").text, "the alias wants more: $1 is missing"));
	ck_assert_ptr_nonnull(strstr(say("now 'DiskFull | resolve Slow'").text, "there is no open alert DiskFull | resolve Slow")); /* a value is a value */
	ck_assert(say("now DiskFull").ok);
	ck_assert_int_eq(say("alias again now DiskFull").code, ERR_INVALID); /* an alias is expanded once */
	add_plugin("now", "<target>", RISK_READ, ""); /* a command that comes later wins */
	open_access(NULL, 0);
	ck_assert_str_eq(say("now x").audit_action, "deploy:now");
}
END_TEST

/* ---- planned calls ---- */

START_TEST(a_call_is_planned)
{
	struct said s;
	char code[20];

	s = say("lock web --at 1h --reason 'a \"b\"' for a while");
	ck_assert_msg(s.ok && strstr(s.text, "*P-1*"), "%s", s.text);
	ck_assert_str_eq(s.audit_result, "planned");
	ck_assert_ptr_nonnull(strstr(s.data, "\"line\":\"core:lock --reason=\\\"a \\\\\\\"b\\\\\\\"\\\" -- web \\\"for a while\\\"\""));
	ck_assert_ptr_nonnull(strstr(say("locks").text, "Nothing is locked."));
	ck_assert_int_eq(say_as("alerts --every 1h", ROLE_VIEWER, SCOPE_READ).code, ERR_FORBIDDEN);
	ck_assert_int_eq(say("lock web --at 1h --break-glass --reason x y").code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(say("alerts --every 1h --help").text, "Lists the open alerts"));
	for (int i = 2; i <= 100; i++) {
		s = say("alerts --every 1h");
		snprintf(code, sizeof code, "*P-%d*", i);
		ck_assert_msg(strstr(s.text, code), "%s", s.text);
	}
	s = say("alerts --every 1h");
	ck_assert_int_eq(s.code, ERR_TOO_MANY);
	ck_assert(say("unplan p-7").ok && say("alerts --every 1h").ok);
	ck_assert_ptr_nonnull(strstr(say("plans").text, "and 80 more."));
}
END_TEST

/* ---- pipes ---- */

START_TEST(rows_go_down_the_pipe)
{
	struct said s;

	room_run(&room, deliver, "[{\"labels\":{\"alertname\":\"Slow\",\"severity\":\"warning\"}}]");
	s = say("alerts | where severity == warning | select title");
	ck_assert_str_eq(s.text, "```\ntitle\nSlow\n```");
	ck_assert_str_eq(s.data, "[{\"title\":\"Slow\"}]");
	ck_assert_str_eq(say("alerts | sort title | join title ' and '").text, "```\nDiskFull and Slow\n```");
	ck_assert_str_eq(say("alerts | count").data, "[{\"count\":2}]");
	for (int i = 0; i < 25; i++) { /* more than a list shows */
		char body[100];

		snprintf(body, sizeof body, "[{\"labels\":{\"alertname\":\"Many%d\",\"severity\":\"info\"}}]", i);
		room_run(&room, deliver, body);
	}
	ck_assert_str_eq(say("alerts | where severity == info | count").data, "[{\"count\":25}]");
	ck_assert(say("alerts | where severity == info | resolve $id").ok);
	s = say("alerts | where title ~ ^Disk | ack $id");
	ck_assert(s.ok && strstr(s.text, " acknowledged `") && strstr(s.text, "*DiskFull*") && !strstr(s.text, "Slow"));
	s = say("alerts | ack $id"); /* one of them is acknowledged already: the other is done all the same */
	ck_assert(s.ok && strstr(s.text, ":warning: you acknowledged alert ") && strstr(s.text, "*Slow*"));
	s = say("alerts | where");
	ck_assert_str_eq(s.text, ":warning: say it so: where severity == critical.");
	s = say("alerts | where severity = critical or x");
	ck_assert(strstr(s.text, "conditions are joined by `and`"));
	s = say("alerts | where title ~ ^Disk or x"); /* with an expression that was read already */
	ck_assert(strstr(s.text, "conditions are joined by `and`"));
	s = say("alerts | ack $colour");
	ck_assert_str_eq(s.text, ":warning: a row has no field `colour`.\n```\nalerts | ack $colour\n             ^\n```");
	ck_assert(strstr(say("alerts | ack $id | count").text, "a command with a $field is the last of its line"));
	ck_assert(strstr(say("alerts | status").text, "`status` takes nothing from a pipe"));
	ck_assert_int_eq(say_as("alerts | ack $id", ROLE_VIEWER, SCOPE_WRITE).code, ERR_FORBIDDEN);
}
END_TEST

/* ---- said to @srebot ---- */

struct mention {
	char payload[300];
	bool ran;
	int64_t root_ts;
	size_t messages;
};

static bool mention(struct work *w, void *context)
{
	struct mention *m = context;
	struct message *messages;

	m->ran = mention_run(w, str_of(m->payload), &w->err);
	return m->ran &&
	       store_messages_since(w->engine->db, w->arena, room.channel_id, 0, 100, &messages, &m->messages, &w->err);
}

static bool post_root(struct work *w, void *context)
{
	struct mention *m = context;
	struct message root = {.user_id = room.user_id, .text = S("look")};
	struct channel c;

	if (!store_channel_find(w->engine->db, w->arena, room.channel_id, &c, &w->err) ||
	    !chat_post_message(w, &c, &root, &w->err))
		return false;
	m->root_ts = root.ts;
	return true;
}

static bool delete_root(struct work *w, void *context)
{
	struct mention *m = context;
	struct message root;
	struct channel c;

	return store_channel_find(w->engine->db, w->arena, room.channel_id, &c, &w->err) &&
	       store_message_find(w->engine->db, w->arena, c.id, m->root_ts, &root, &w->err) &&
	       chat_delete_message(w, &c, &root, &w->err);
}

static void mention_payload(struct mention *m, int64_t user_id, int64_t thread_ts)
{
	snprintf(m->payload, sizeof m->payload,
		 "{\"user\":%lld,\"channel\":%lld,\"ts\":1,\"thread_ts\":%lld,\"scope\":2,\"line\":\"ack DiskFull\"}",
		 (long long)user_id, (long long)room.channel_id, (long long)thread_ts);
}

START_TEST(a_mention_is_answered_where_it_was_said)
{
	struct mention m = {{0}};
	size_t before;

	room_run(&room, post_root, &m);
	mention_payload(&m, room.user_id, m.root_ts);
	room_run(&room, mention, &m);
	before = m.messages;
	mention_payload(&m, room.user_id, 0);
	room_run(&room, mention, &m); /* refused, and answered so */
	ck_assert_uint_eq(m.messages, before + 1);
}
END_TEST

/* Its thread is gone before it ran: it has run, and is not tried for ever. */
START_TEST(a_mention_whose_thread_is_gone)
{
	struct mention m = {{0}};

	room_run(&room, post_root, &m);
	room_run(&room, delete_root, &m);
	mention_payload(&m, room.user_id, m.root_ts);
	room_run(&room, mention, &m);
	ck_assert(m.ran);
	ck_assert_ptr_nonnull(strstr(say("ack DiskFull").text, "you acknowledged alert"));
}
END_TEST

START_TEST(a_mention_of_nobody)
{
	struct mention m = {{0}};

	mention_payload(&m, 12345, 0);
	room_run(&room, mention, &m);
	ck_assert(m.ran);
	strcpy(m.payload, "{");
	ck_assert(!room_try(&room, mention, &m, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"table", the_table_is_whole},
		{"table", every_command, .times = (int)command_count},
		{"held", nothing_is_confirmed_after_its_time},
		{"said", help_shows_what_one_may},
		{"said", refusals_say_why, .times = COUNT_OF(refused)},
		{"said", a_missing_role_is_named},
		{"said", ack_and_resolve},
		{"said", two_of_one_name_are_asked_about},
		{"said", status_and_whoami},
		{"locks", a_locked_target_is_respected},
		{"aliases", an_alias_is_refused, .times = COUNT_OF(no_aliases)},
		{"aliases", an_alias_stands_for_a_line},
		{"plans", a_call_is_planned},
		{"pipes", rows_go_down_the_pipe},
		{"mention", a_mention_is_answered_where_it_was_said},
		{"mention", a_mention_whose_thread_is_gone},
		{"mention", a_mention_of_nobody},
	};

	return unit_run_in("commands", tests, COUNT_OF(tests), open_room, close_room);
}
