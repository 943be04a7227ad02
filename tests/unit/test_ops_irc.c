#include "ops/irc_people.h"
#include "ops/irc_text.h"
#include "unit.h"

static struct arena a;
static struct irc_support support;

static void open_all(void)
{
	arena_init(&a);
	irc_support_init(&support);
}

static void close_all(void)
{
	arena_done(&a);
}

static struct irc_line parsed(const char *z)
{
	struct irc_line l;

	ck_assert(irc_line_parse(str_of(z), &l));
	return l;
}

/* ---- lines ---- */

START_TEST(lines_are_read)
{
	struct irc_line l = parsed("@time=2026-03-02T02:15:00.000Z;msgid=ab\\:c\\sd\\\\;+x :ann!~a@host.example PRIVMSG  #ops :hi : there ");

	ck_str(l.nick, "ann");
	ck_str(l.user, "~a");
	ck_str(l.host, "host.example");
	ck_str(l.command, "PRIVMSG");
	ck_assert_uint_eq(l.count, 2);
	ck_str(l.params[0], "#ops");
	ck_str(l.params[1], "hi : there ");
	ck_str(irc_tag(&a, &l, "msgid"), "ab;c d\\");
	ck_str(irc_tag(&a, &l, "+x"), "");
	ck_assert_ptr_null(irc_tag(&a, &l, "id").p);
	ck_str(irc_tag_write(&a, S("ab;c d\\")), "ab\\:c\\sd\\\\");
	l = parsed(":irc.example 001 srebot :Welcome");
	ck_assert_int_eq(l.numeric, 1);
	ck_str(l.nick, "irc.example");
	ck_str(irc_param(&l, 7), "");
	l = parsed("PING x");
	ck_str(l.nick, "");
	l = parsed("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16");
	ck_assert_uint_eq(l.count, 15);
	ck_str(l.params[14], "15 16");
}
END_TEST

START_TEST(what_is_no_line_is_none)
{
	static const char *const bad[] = {"", "   ", ":only.a.prefix", "@tags", "@tags :prefix ", "JOIN #a\rQUIT", "JOIN #a\nQUIT"};
	struct irc_line l;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!irc_line_parse(str_of(bad[i]), &l), "%s", bad[i]);
	ck_assert(!irc_line_parse(str_n("PI\0NG", 5), &l));
}
END_TEST

START_TEST(the_server_says_how_names_compare)
{
	struct irc_line l = parsed(":s 005 me CHANTYPES=#+ WHOX BOT=B NICKLEN=9 :are supported");

	irc_support_read(&support, &l);
	ck_assert(support.whox && support.bot_mode == 'B' && support.nick_max == 9);
	ck_assert(irc_is_channel(&support, S("+x")) && !irc_is_channel(&support, S("&x")) && !irc_is_channel(&support, S("")));
	ck_assert(irc_same(&support, S("Ann[x]^"), S("aNN{X}~")));
	l = parsed(":s 005 me CASEMAPPING=ascii :are supported");
	irc_support_read(&support, &l);
	ck_assert(!irc_same(&support, S("ann[]"), S("ann{}")) && irc_same(&support, S("ANN"), S("ann")));
	ck_str(irc_fold(&a, &support, S("Ann[]")), "ann[]");
}
END_TEST

START_TEST(bytes_become_text)
{
	ck_str(irc_utf8(&a, S("gr\xfc\xdf dich")), "grüß dich");
	ck_str(irc_utf8(&a, S("grüß")), "grüß");
	ck_str(irc_plain(&a, S("\x02" "bold\x02 \x03" "4,12red\x03 \x04" "ff0000x\x1d\x1fy\x0f\t1\x03" "7,z")), "bold red xy 1,z");
	ck_str(irc_sasl_plain(&a, S("srebot"), S("secret")), "c3JlYm90AHNyZWJvdABzZWNyZXQ=");
	ck_assert(irc_word_ok(S("a:b")) && !irc_word_ok(S(":a")) && !irc_word_ok(S("")) && !irc_word_ok(S("a b")) && !irc_word_ok(S("a\rb")));
}
END_TEST

/* ---- people ---- */

#define account_of(p, nick) str_of(irc_people_find(p, S(nick), 0) ? irc_people_find(p, S(nick), 0)->account : "nobody")

START_TEST(people_are_known_while_they_share_a_channel)
{
	struct irc_people *p = irc_people_new(&support);

	irc_people_join(p, S("#ops"), S("Ann"));
	irc_people_join(p, S("#OPS"), S("ann"));
	irc_people_join(p, S("#dev"), S("ann"));
	ck_assert(irc_people_account(p, S("ANN"), S("Ann_A")));
	ck_assert(!irc_people_account(p, S("ann"), S("ann_a"))); /* no other */
	ck_str(account_of(p, "ann"), "ann_a");
	irc_people_part(p, S("#ops"), S("ann"));
	irc_people_part(p, S("#ops"), S("ann"));
	ck_assert_ptr_nonnull(irc_people_with(p, S("ann_a"), 0));
	irc_people_rename(p, S("ann"), S("ann|away"));
	ck_str(str_of(irc_people_with(p, S("ann_a"), 0)->nick), "ann|away");
	irc_people_leave(p, S("#dev")); /* nobody is seen any more */
	ck_assert_ptr_null(irc_people_find(p, S("ann|away"), 0));
	irc_people_free(p);
}
END_TEST

START_TEST(a_nick_that_went_is_nobody)
{
	struct irc_people *p = irc_people_new(&support);

	irc_people_join(p, S("#ops"), S("ann"));
	irc_people_account(p, S("ann"), S("ann"));
	irc_people_quit(p, S("ann"));
	irc_people_join(p, S("#ops"), S("ann")); /* somebody else */
	ck_assert_ptr_null(irc_people_with(p, S("ann"), 0));
	irc_people_account(p, S("ann"), S("x"));
	ck_assert(!irc_people_account(p, S("ann"), S("*"))); /* logged out */
	ck_assert_ptr_null(irc_people_with(p, S("x"), 0));
	irc_people_join(p, S("#ops"), S("ben"));
	irc_people_rename(p, S("ben"), S("ann"));
	ck_assert_ptr_null(irc_people_find(p, S("ben"), 0));
	irc_people_free(p);
}
END_TEST

START_TEST(who_spoke_without_a_channel_is_known_a_while)
{
	struct irc_people *p = irc_people_new(&support);
	char nick[16];

	irc_people_spoke(p, S("ann"), S("a"), 1000);
	ck_assert_ptr_nonnull(irc_people_with(p, S("a"), 1000 + IRC_STRANGER_KNOWN - 1));
	ck_assert_ptr_null(irc_people_with(p, S("a"), 1000 + IRC_STRANGER_KNOWN));
	for (int i = 0; i < IRC_PEOPLE_MAX; i++) {
		snprintf(nick, sizeof nick, "n%d", i);
		irc_people_spoke(p, str_of(nick), S(""), 2000);
	}
	irc_people_spoke(p, S("late"), S("b"), 3000);
	ck_assert_ptr_null(irc_people_with(p, S("b"), 3000)); /* full */
	irc_people_spoke(p, S("late"), S("b"), 5000 + IRC_STRANGER_KNOWN);
	ck_assert_ptr_nonnull(irc_people_with(p, S("b"), 5000 + IRC_STRANGER_KNOWN));
	irc_people_free(p);
}
END_TEST

/* ---- saying ---- */

static struct str nick_of(void *context, struct str id)
{
	(void)context;
	return str_is(id, "ann_a") ? S("ann") : S("");
}

static const struct {
	const char *mrkdwn, *irc;
} shown[] = {
	{"plain", "plain"},
	{"*High load* on _web1_, 2*3*4 a_b_c", "\x02High load\x02 on \x1dweb1\x1d, 2*3*4 a_b_c"},
	{"*a* *b", "\x02" "a\x02 *b"},
	{"* no * _ no _ ** __", "* no * _ no _ ** __"},
	{"*a `b* c` d*", "*a `b* c` d*"},
	{"<https://x.example/a?b=1&amp;c=2|the board> <https://x.example|x.example> <https://y.example>", "the board (https://x.example/a?b=1&c=2) https://x.example https://y.example"},
	{"<mailto:a@b.example|a@b.example>", "a@b.example"},
	{"<@ann_a> <@~ben> <@U1|cem> <#C1|dev> <##ops> <!here> <!date^1^x|02:15 UTC>", "ann @~ben cem dev #ops @here 02:15 UTC"},
	{"1 &lt; 2 &amp;&amp; 3 &gt; 2 &amp;lt; < 4", "1 < 2 && 3 > 2 &lt; < 4"},
	{"see ```a *b*\nc &lt;``` end", "see \na *b*\nc <\n end"},
	{"``` open", "\n open\n"},
	{":warning: 10:30:x:, :nothing: :x", "⚠ 10:30❌, :nothing: :x"},
	{"\x01" "ACTION\x01 a\tb\rc\x02", "ACTION a bc"},
	{"*<https://x.example|a*b>* c", "\x02" "a*b (https://x.example)\x02 c"},
};

START_TEST(mrkdwn_is_shown)
{
	for (size_t i = 0; i < COUNT_OF(shown); i++)
		ck_str(irc_of_mrkdwn(&a, str_of(shown[i].mrkdwn), nick_of, NULL), shown[i].irc);
	ck_str(irc_of_mrkdwn(&a, S("<@ann_a>"), NULL, NULL), "@ann_a");
}
END_TEST

START_TEST(buttons_are_numbered_choices)
{
	struct err err = {0};
	struct json *body = json_parse(&a, S("{\"attachments\":[{\"blocks\":[{\"type\":\"actions\",\"elements\":["
					     "{\"type\":\"button\",\"action_id\":\"q\",\"text\":{\"type\":\"plain_text\",\"text\":\"Quiet 1h\"}}]}]}],"
					     "\"blocks\":[{\"type\":\"section\",\"accessory\":{\"type\":\"button\",\"action_id\":\"a\",\"value\":\"7\",\"text\":{\"text\":\"Acknowledge\"}}},"
					     "{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"url\":\"https://x\",\"text\":{\"text\":\"Open\"}},"
					     "{\"type\":\"static_select\"},{\"type\":\"button\",\"action_id\":\"r\",\"text\":{\"text\":\"Resolve\"}}]}]}"), JSON_STRICT, &err);
	struct irc_saying s = {.number = 42, .text = S("High load on web1")};
	struct choice *choices;
	struct str lines[IRC_LINES_MAX];

	s.choice_count = choices_read(&a, body, &choices);
	s.choices = choices;
	ck_assert_uint_eq(s.choice_count, 3);
	ck_str(choices[0].action, "a");
	ck_str(choices[0].value, "7");
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 1);
	ck_str(lines[0], "[42] High load on web1 - 42.1 Acknowledge, 42.2 Resolve, 42.3 Quiet 1h");
	s.text = S("High load\n\non web1");
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 3);
	ck_str(lines[0], "[42] High load");
	ck_str(lines[2], "42.1 Acknowledge, 42.2 Resolve, 42.3 Quiet 1h");
	s.number = 0;
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 2);
	ck_assert_uint_eq(choices_read(&a, NULL, &choices), 0);
}
END_TEST

START_TEST(prefixes_say_who_and_where)
{
	struct irc_saying s = {.author = S("al\nice"), .text = S("one\ntwo")};
	struct str lines[IRC_LINES_MAX];

	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 2);
	ck_str(lines[0], "<al ice> one");
	ck_str(lines[1], "<al ice> two"); /* nobody writes a line that seems ours */
	s = (struct irc_saying){.author = S("alice"), .in_thread = true, .thread_number = 42, .text = S("on it\nnow")};
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 2);
	ck_str(lines[0], "[42] ↳ alice: on it");
	ck_str(lines[1], "↳ alice: now");
	s.thread_number = 0;
	s.thread_text = S("first words of the root, of which there are many");
	irc_say(&a, &s, 400, lines);
	ck_str(lines[0], "↳ “first words of the root, of which there…” alice: on it");
	s = (struct irc_saying){.text = S(""), .files = (struct str[]){S("graph.png https://x.example/f")}, .file_count = 1, .again = true};
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 1);
	ck_str(lines[0], "(perhaps said before) graph.png https://x.example/f");
	s = (struct irc_saying){.text = S("\n \n"), .number = 7};
	ck_assert_uint_eq(irc_say(&a, &s, 400, lines), 1);
	ck_str(lines[0], "[7]");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct irc_saying s = {.more = S("https://x.example/p1"), .author = S("alice")};
	struct str lines[IRC_LINES_MAX];
	struct buf b;
	size_t n;

	buf_init(&b, 64 * KIB);
	buf_add(&b, S("\x02"));
	for (int i = 0; i < 60; i++)
		buf_add(&b, S("grüße "));
	buf_add(&b, S("\x02"));
	s.text = buf_str(&b);
	n = irc_say(&a, &s, 120, lines);
	ck_assert_uint_eq(n, 5);
	for (size_t i = 0; i < n; i++) {
		ck_assert(lines[i].n <= 120 && str_is_utf8(lines[i]) && str_starts(lines[i], S("<alice> \x02gr")));
		ck_assert_int_ne(lines[i].p[lines[i].n - 1], ' ');
	}
	for (int i = 0; i < 6; i++)
		buf_add(&b, arena_dup(&a, buf_str(&b)));
	s.text = buf_str(&b);
	ck_assert_uint_eq(irc_say(&a, &s, 120, lines), IRC_LINES_MAX);
	ck_str(lines[IRC_LINES_MAX - 1], "<alice> … more: https://x.example/p1");
	s.number = 3;
	s.choices = &(struct choice){.text = S("Yes")};
	s.choice_count = 1;
	ck_assert_uint_eq(irc_say(&a, &s, 120, lines), IRC_LINES_MAX);
	ck_str(lines[IRC_LINES_MAX - 2], "<alice> … more: https://x.example/p1");
	ck_str(lines[IRC_LINES_MAX - 1], "<alice> 3.1 Yes");
	s.text = S("1\n2\n3\n4\n5\n6\n7\n8");
	s.number = 0;
	ck_assert_uint_eq(irc_say(&a, &s, 120, lines), 8);
	ck_str(lines[7], "<alice> 8");
	buf_done(&b);
}
END_TEST

/* ---- hearing ---- */

static const struct {
	const char *said, *text;
	int number, choice;
	bool to_us;
} heard[] = {
	{"good morning", "good morning", 0, 0},
	{"!ack 12", "!ack 12", 0, 0},
	{"srebot: ack 12", "ack 12", 0, 0, true},
	{" SREbot,ack 12 ", "ack 12", 0, 0, true},
	{"@srebot ack 12", "ack 12", 0, 0, true},
	{"srebot: !ack 12", "ack 12", 0, 0, true},
	{"srebot ack 12", "srebot ack 12", 0, 0},
	{"srebot2: ack 12", "srebot2: ack 12", 0, 0},
	{"srebot:", "srebot:", 0, 0},
	{"42.1", "42.1", 42, 1},
	{"!42.1", "!42.1", 42, 1},
	{"srebot: 42.2", "srebot: 42.2", 42, 2, true},
	{"42.1 is the load", "42.1 is the load", 0, 0},
	{"42.0", "42.0", 0, 0},
	{"0.1", "0.1", 0, 0},
	{"42.100", "42.100", 0, 0},
	{"9999999999999999999.1", "9999999999999999999.1", 0, 0},
	{"42: on it", "on it", 42, 0},
	{"[42] on it", "on it", 42, 0},
	{"[42]on it", "on it", 42, 0},
	{"10:30 then", "10:30 then", 0, 0},
	{"42:", "42:", 0, 0},
	{"[42] ", "[42]", 0, 0},
	{"!", "!", 0, 0},
	{"", "", 0, 0},
};

START_TEST(lines_are_understood)
{
	struct irc_said said;

	for (size_t i = 0; i < COUNT_OF(heard); i++) {
		irc_said_read(&support, str_of(heard[i].said), S("srebot"), &said);
		ck_str(said.text, heard[i].text);
		ck_assert_msg(said.number == heard[i].number && said.choice == heard[i].choice && said.to_us == heard[i].to_us, "%s", heard[i].said);
	}
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"lines", lines_are_read, 0},
		{"lines", what_is_no_line_is_none, 0},
		{"lines", the_server_says_how_names_compare, 0},
		{"lines", bytes_become_text, 0},
		{"people", people_are_known_while_they_share_a_channel, 0},
		{"people", a_nick_that_went_is_nobody, 0},
		{"people", who_spoke_without_a_channel_is_known_a_while, 0},
		{"saying", mrkdwn_is_shown, 0},
		{"saying", buttons_are_numbered_choices, 0},
		{"saying", prefixes_say_who_and_where, 0},
		{"saying", long_texts_are_cut, 0},
		{"hearing", lines_are_understood, 0},
	};

	return unit_run_in("ops_irc", tests, COUNT_OF(tests), open_all, close_all);
}
