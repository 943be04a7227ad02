#include "ops/text.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static const struct {
	const char *sent, *tidy, *plain;
} texts[] = {
	{"", "", ""},
	{"nothing special", "nothing special", "nothing special"},
	{"a & b < c > d", "a &amp; b &lt; c &gt; d", "a & b < c > d"},
	{"a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;", "a & b <c>"},
	{"&amp;lt;", "&amp;lt;", "&lt;"}, /* undone once */
	{"&am; &#60; &nbsp;", "&amp;am; &amp;#60; &amp;nbsp;", "&am; &#60; &nbsp;"},
	{"<@U1> <#C1|ops> <!here>", "<@U1> <#C1|ops> <!here>", "@U1 ops @here"},
	{"<!subteam^S1|@sre> <!date^1^{date}|then>", "<!subteam^S1|@sre> <!date^1^{date}|then>", "@sre then"},
	{"<https://x.example/?a=1&b=2|see>", "<https://x.example/?a=1&b=2|see>", "see"},
	{"<http://x.example>", "<http://x.example>", "http://x.example"},
	{"<mailto:a@example.com|mail>", "<mailto:a@example.com|mail>", "mail"},
	{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"},
	{"<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;", "<javascript:alert(1)|x>"},
	{"<@U1", "&lt;@U1", "<@U1"},
	{"<@U1<@U2>", "&lt;@U1<@U2>", "<@U1@U2"},
	{"<@U1\n>", "&lt;@U1\n&gt;", "<@U1\n>"},
	{"<@>", "&lt;@&gt;", "<@>"},
	{"<!here|>", "<!here|>", "@here"},
	{"x <@U1> y > z", "x <@U1> y &gt; z", "x @U1 y > z"},
};

START_TEST(tidy_and_plain)
{
	struct str sent = str_of(texts[_i].sent);

	ck_str(mrkdwn_tidy(&a, sent), texts[_i].tidy);
	ck_str(mrkdwn_tidy(&a, mrkdwn_tidy(&a, sent)), texts[_i].tidy);
	ck_str(mrkdwn_plain(&a, sent), texts[_i].plain);
	ck_str(mrkdwn_plain(&a, mrkdwn_escape(&a, sent)), texts[_i].sent);
}
END_TEST

START_TEST(escape_leaves_nothing_to_act_on)
{
	ck_str(mrkdwn_escape(&a, S("<!channel> & <@U1>")), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
	ck_str(mrkdwn_escape(&a, S("&amp;")), "&amp;amp;");
	ck_str(mrkdwn_escape(&a, S("ünï")), "ünï");
}
END_TEST

struct seen {
	char text[200];
};

static void on_user(void *context, struct str id)
{
	struct seen *s = context;

	strncat(s->text, id.p, id.n);
	strcat(s->text, ";");
}

static const struct {
	const char *text, *users;
	bool everybody;
} mentions[] = {
	{"", "", false},
	{"@U1 <@>", "", false},
	{"<@U1> hello <@U2|ben>", "U1;U2;", false},
	{"<@U1><@U1>", "U1;U1;", false},
	{"<!here>", "", true},
	{"<!channel|@channel> <@W9>", "W9;", true},
	{"<!everyone>", "", true},
	{"<!hereafter> <!subteam^S1> <!subteam^S2|@ops> <#C1>", "S1;S2;", false},
	{"&lt;@U1&gt; &lt;!here&gt;", "", false},
	{"<@U1\n> <!here", "", false},
	{"<https://x.example/<@U1>", "U1;", false},
};

START_TEST(who_is_mentioned)
{
	struct seen seen = {{0}};

	ck_assert_int_eq(mrkdwn_mentions(str_of(mentions[_i].text), on_user, &seen), mentions[_i].everybody);
	ck_assert_str_eq(seen.text, mentions[_i].users);
	ck_assert_int_eq(mrkdwn_mentions(str_of(mentions[_i].text), NULL, NULL), mentions[_i].everybody);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"mrkdwn", tidy_and_plain, .times = COUNT_OF(texts)},
		{"mrkdwn", escape_leaves_nothing_to_act_on},
		{"mentions", who_is_mentioned, .times = COUNT_OF(mentions)},
	};

	return unit_run_in("ops/text", tests, COUNT_OF(tests), open_arena, close_arena);
}
