/* The chats file: what is read, and what is refused with the line where it stands. */
#include "ops/chats.h"
#include "unit.h"

static struct err err;

static struct chats *read(const char *text)
{
	err = (struct err){0};
	return chats_parse(str_of(text), "chats.yaml", &err);
}

START_TEST(reads_three_systems)
{
	struct chats *c = read("chats:\n"
			       "  slack: {system: slack, token_file: a, app_token_file: b, channels: joined, role: responder, mail: ['@ann', ben]}\n"
			       "  own-irc: {system: irc, server: 'irc.example.org:6697', nick: ops, channels: ['#ops', {here: web, there: '#web-prod', make: true}], post_every: 500ms, people: {alice_: '@alice', Bob: bob}}\n"
			       "  mm: {system: mattermost, url: 'https://mm.example.org', token_file: t, command_token_file: c, team: ops, by_email: false}\n");
	const struct chat_config *irc;

	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_uint_eq(c->count, 3);
	ck_assert(c->list[0].joined && c->list[0].role == ROLE_RESPONDER && c->list[0].by_email && str_is(c->list[0].url, "https://slack.com/api/"));
	ck_assert(c->list[0].mail_count == 2 && str_is(c->list[0].mail[0], "ann") && str_is(c->list[0].mail[1], "ben"));
	irc = chats_find(c, S("own-irc"));
	ck_assert(irc && irc->tls && str_is(irc->nick, "ops") && irc->post_every == 500 && irc->role == ROLE_VIEWER && irc->channel_count == 2);
	ck_assert(irc->people_count == 2 && str_is(irc->people[0].there, "alice_") && str_is(irc->people[0].here, "alice") && str_is(irc->people[1].there, "Bob"));
	ck_assert(str_is(irc->channels[0].here, "ops") && str_is(irc->channels[0].there, "ops") && !irc->channels[0].make);
	ck_assert(str_is(irc->channels[1].here, "web") && str_is(irc->channels[1].there, "web-prod") && irc->channels[1].make);
	ck_assert(str_is(c->list[2].url, "https://mm.example.org/") && str_is(c->list[2].command_token, "c") && !c->list[2].by_email && !chats_find(c, S("libera")));
	chats_free(c);
}
END_TEST

START_TEST(an_empty_file_has_none)
{
	struct chats *c = read("");

	ck_assert(c && c->count == 0);
	chats_free(c);
}
END_TEST

static const struct {
	const char *text, *says;
} wrong[] = {
	{"chat: {}", "chats.yaml: line 1: unknown key `chat`"},
	{"chats:\n  x: {system: icq}", "chats.yaml: line 2: `system` is one of slack, irc, mattermost"},
	{"chats:\n  x: {}", "`system` is one of"},
	{"chats:\n  X: {system: irc, server: 'a:1'}", "a chat's name has a-z"},
	{"chats:\n  x:\n    system: irc\n    server: a:1\n    url: https://a", "chats.yaml: line 5: a chat of this system has no key `url`"},
	{"chats:\n  x: {system: irc}", "`server` is missing"},
	{"chats:\n  x: {system: slack, token_file: a}", "either app_token_file (Socket Mode) or signing_secret_file"},
	{"chats:\n  x: {system: mattermost, url: 'http://mm.example.org', token_file: t, team: x}", "`url` begins with https://"},
	{"chats:\n  x: {system: irc, server: 'a:1', tls: maybe}", "`tls` is true or false"},
	{"chats:\n  x: {system: irc, server: 'a:1', role: admin}", "`role` is viewer, responder or operator"},
	{"chats:\n  x: {system: irc, server: 'a:1', people: [a]}", "`people` is a mapping of up to 10000 people"},
	{"chats:\n  x: {system: irc, server: 'a:1', people: {a: {}}}", "a person's name here is wanted behind `a`"},
	{"chats:\n  x: {system: irc, server: 'a:1', post_every: 2h}", "`post_every` is a span of up to a minute"},
	{"chats:\n  x: {system: irc, server: 'a:1', channels: all}", "`channels` is a list"},
	{"chats:\n  x: {system: irc, server: 'a:1', channels: [{her: a}]}", "unknown key `her`"},
	{"chats:\n  x: {system: irc, server: 'a:1', channels: [{there: a}]}", "a channel is a name"},
	{"chats:\n  x: {system: irc, server: 'a:1', mail: [1]}", "a person's name is wanted"},
	{"chats: [a]", "is a mapping of up to 16 chats"},
};

START_TEST(refuses_with_the_line)
{
	struct chats *c = read(wrong[_i].text);

	ck_assert_msg(c == NULL && strstr(err.text, wrong[_i].says), "%s: %s", wrong[_i].text, err.text);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"chats", reads_three_systems, 0},
		{"chats", an_empty_file_has_none, 0},
		{"chats", refuses_with_the_line, COUNT_OF(wrong)},
	};

	return unit_run("ops_chats", tests, COUNT_OF(tests));
}
