/* What comes over IRC and what goes there (ops/irc_line.h, ops/irc_text.h, ops/irc_people.h): no line that is made breaks off or is too long,
 * tags come back as they were, and who is known is who joined. The first byte chooses. */
#include "ops/irc_people.h"
#include "ops/irc_text.h"

#include "fuzz.h"

static struct irc_support support;

static void check_line(struct arena *a, struct str in)
{
	struct irc_line l;

	if (!irc_line_parse(in, &l))
		return;
	need(l.command.n && l.count <= IRC_PARAMS_MAX && !memchr(l.command.p, ' ', l.command.n));
	touch(l.nick), touch(l.user), touch(l.host), touch(l.tags);
	for (size_t i = 0; i < l.count; i++) {
		touch(l.params[i]);
		need(i + 1 == l.count || (l.params[i].n && !memchr(l.params[i].p, ' ', l.params[i].n)));
	}
	touch(irc_tag(a, &l, "msgid"));
	irc_support_read(&support, &l);
}

static void check_tag(struct arena *a, struct str in)
{
	struct irc_line l = {.tags = arena_printf(a, "a;k=" STR_FMT, STR_ARG(irc_tag_write(a, in)))};

	if (!memchr(in.p, '\0', in.n))
		need(str_eq(irc_tag(a, &l, "k"), in));
}

static struct str nick_of(void *context, struct str id)
{
	(void)context;
	return id.n % 2 ? S("somebody") : S("");
}

static void check_saying(struct arena *a, struct str in)
{
	struct str text = irc_utf8(a, in), shown = irc_of_mrkdwn(a, text, nick_of, NULL), lines[IRC_LINES_MAX];
	struct choice choices[3] = {{.text = S("Yes")}, {.text = str_clip(text, 60)}, {.text = S("No")}};
	struct irc_saying s = {.text = shown, .number = in.n % 3 ? 42 : 0, .author = str_clip(text, in.n % 70), .in_thread = in.n % 2, .thread_number = in.n % 5 ? 0 : 7,
			       .thread_text = text, .choices = choices, .choice_count = in.n % 4, .more = S("https://x.example/")};
	size_t room = 100 + in.n % 400, n;

	need(str_is_utf8(text) && str_is_utf8(shown));
	n = irc_say(a, &s, room, lines);
	need(n >= 1 && n <= IRC_LINES_MAX);
	for (size_t i = 0; i < n; i++) {
		need(lines[i].n <= room && str_is_utf8(lines[i]));
		need(!memchr(lines[i].p, '\n', lines[i].n) && !memchr(lines[i].p, '\r', lines[i].n) && !memchr(lines[i].p, '\x01', lines[i].n));
	}
}

static void check_hearing(struct arena *a, struct str in)
{
	struct irc_said said;
	struct str plain = irc_plain(a, in);

	need(str_is_utf8(plain) && !memchr(plain.p, '\x02', plain.n) && !memchr(plain.p, '\n', plain.n));
	irc_said_read(&support, plain, S("srebot"), &said);
	touch(said.text);
	need(!said.choice || said.number);
	need(said.number >= 0 && said.choice >= 0 && said.choice <= CHOICES_MAX);
}

/* Four bytes a step: what happens, who, where, to what. */
static void check_people(struct str in)
{
	static const struct str names[] = {{"ann", 3}, {"Ben", 3}, {"c[]", 3}, {"C{}", 3}, {"#ops", 4}};
	struct irc_people *p = irc_people_new(&support);

	for (; in.n >= 4; in = str_n(in.p + 4, in.n - 4)) {
		struct str who = names[(uint8_t)in.p[1] % 4], to = names[(uint8_t)in.p[3] % 4], where = (uint8_t)in.p[2] % 2 ? S("#a") : S("#b");
		const struct irc_person *seen;

		switch ((uint8_t)in.p[0] % 7) {
		case 0: irc_people_join(p, where, who); break;
		case 1: irc_people_part(p, where, who); break;
		case 2: irc_people_leave(p, where); break;
		case 3: irc_people_quit(p, who); break;
		case 4: irc_people_rename(p, who, to); break;
		case 5: (void)irc_people_account(p, who, to); break;
		default: irc_people_spoke(p, who, to, 1000);
		}
		seen = irc_people_find(p, who, 1000);
		need(!seen || irc_same(&support, str_of(seen->nick), who));
		need(!seen || seen->channels <= 2);
		(void)irc_people_with(p, to, 1000);
	}
	irc_people_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct str in;

	if (size < 1 || size > 64 * KIB)
		return 0;
	irc_support_init(&support);
	in = own_copy(data + 1, size - 1);
	arena_init(&a);
	switch (data[0] % 5) {
	case 0: check_line(&a, in); break;
	case 1: check_tag(&a, in); break;
	case 2: check_saying(&a, in); break;
	case 3: check_hearing(&a, in); break;
	default: check_people(in);
	}
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
