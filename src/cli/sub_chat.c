#include "cli/cli.h"

#define TEXT_MAX (1 * MIB)

bool sub_channels(struct cli *c, struct err *err)
{
	static const char *const heads[] = {"CHANNEL", "ID", "PEOPLE", "UNREAD", "TOPIC"};
	struct names names;
	const struct json *list;
	struct table t;

	if (!names_get(c, &names, err))
		return false;
	list = json_get(names.boot, "channels");
	if (c->json)
		return say_json(list);
	table_init(&t, c, COUNT_OF(heads), heads);
	for (const struct json *v = list ? list->child : NULL; v; v = v->next) {
		struct str id = json_get_str(v, "id");
		long long unread = (long long)json_get_int(v, "unread", 0);
		bool member = json_get_bool(v, "is_member", false), im = json_get_bool(v, "is_im", false);
		const struct str cells[] = {
			arena_printf(&c->arena, "%s" STR_FMT, im ? "@" : "#", STR_ARG(channel_name(&names, id))), id,
			arena_printf(&c->arena, "%lld", (long long)json_get_int(v, "num_members", 0)),
			member ? arena_printf(&c->arena, "%lld", unread) : S("-"), json_get_str(v, "topic")};
		const enum colour colours[] = {member ? BOLD : DIM, DIM, PLAIN, unread ? YELLOW : PLAIN, PLAIN};

		table_row(&t, cells, colours);
	}
	table_print(&t, "No channels.");
	return true;
}

static bool read_stdin(struct cli *c, struct str *out, struct err *err)
{
	struct buf b;
	char *to;
	bool ok;

	buf_init(&b, TEXT_MAX);
	while ((to = buf_room(&b, 4096))) {
		size_t n = fread(to, 1, 4096, stdin);

		b.n += n;
		if (n < 4096)
			break;
	}
	ok = !b.failed && !ferror(stdin);
	if (!ok)
		err_set(err, b.failed ? ERR_TOO_BIG : ERR_INVALID, "standard input is too long or cannot be read");
	*out = arena_dup(&c->arena, str_n(b.p ? b.p : "", b.n));
	buf_done(&b);
	while (str_ends(*out, S("\n")))
		out->n--;
	return ok;
}

/* & < > mean something in a message; here they are meant as they stand. */
static struct str escaped(struct cli *c, struct str s)
{
	struct buf b;

	buf_init(&b, 8 * TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '&')
			buf_add(&b, S("&amp;"));
		else if (s.p[i] == '<')
			buf_add(&b, S("&lt;"));
		else if (s.p[i] == '>')
			buf_add(&b, S("&gt;"));
		else
			buf_char(&b, s.p[i]);
	}
	return buf_keep(&c->arena, &b);
}

/* The id of a person by name; NULL pointer: there is none. */
static struct str user_id_of(const struct names *n, struct str name)
{
	const struct json *users = json_get(n->boot, "users");

	for (const struct json *u = users ? users->child : NULL; u; u = u->next)
		if (str_eq_nocase(json_get_str(u, "name"), name))
			return json_get_str(u, "id");
	return str_n(NULL, 0);
}

/* The channel's id; a conversation with a person is opened if there was none. */
static bool find_place(struct cli *c, struct str wanted, struct str *id, struct err *err)
{
	struct names names;
	struct json *opened;
	const struct json *channel;
	struct str user;

	if (!names_get(c, &names, err))
		return false;
	user = str_starts(wanted, S("@")) ? user_id_of(&names, str_n(wanted.p + 1, wanted.n - 1)) : str_n(NULL, 0);
	if (user.p) {
		if (!call_slack(c, "conversations.open", json_of(c, (const struct pair[]){{"users", user}}, 1), &opened,
				err))
			return false;
		*id = json_get_str(json_get(opened, "channel"), "id");
		return true;
	}
	channel = channel_find(&names, wanted, err);
	if (channel)
		*id = json_get_str(channel, "id");
	return channel != NULL;
}

bool sub_post(struct cli *c, struct err *err)
{
	struct str text = joined_args(c, 1), channel, thread = str_n(NULL, 0);
	struct json *v;

	if (str_is(text, "-") && !read_stdin(c, &text, err))
		return false;
	if (!str_trim(text).n) {
		err_set(err, ERR_INVALID, "there is no text to post");
		return false;
	}
	if (option(c, "--thread"))
		thread = str_of(option(c, "--thread"));
	if (!option(c, "--raw"))
		text = escaped(c, text);
	if (!find_place(c, str_of(c->args[0]), &channel, err))
		return false;
	if (!call_slack(
		    c, "chat.postMessage",
		    json_of(c, (const struct pair[]){{"channel", channel}, {"text", text}, {"thread_ts", thread}}, 3),
		    &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, json_get_str(v, "ts"));
	return true;
}
