#include "cli/cli.h"

bool names_get(struct cli *c, struct names *out, struct err *err)
{
	struct json *boot;

	if (!call(c, "GET", S("/v1/boot"), S(""), &boot, err))
		return false;
	out->boot = boot;
	return true;
}

static const struct json *by_id(const struct names *n, const char *list, struct str id)
{
	const struct json *all = n ? json_get(n->boot, list) : NULL;

	for (const struct json *v = all ? all->child : NULL; v; v = v->next)
		if (str_eq(json_get_str(v, "id"), id))
			return v;
	return NULL;
}

struct str user_name(const struct names *n, struct str user_id)
{
	const struct json *user = by_id(n, "users", user_id);

	return user ? json_get_str(user, "name") : user_id;
}

struct str channel_name(const struct names *n, struct str channel_id)
{
	const struct json *channel = by_id(n, "channels", channel_id);

	if (!channel)
		return channel_id;
	return json_get_bool(channel, "is_im", false) ? user_name(n, json_get_str(channel, "user"))
						      : json_get_str(channel, "name");
}

const struct json *channel_find(const struct names *n, struct str wanted, struct err *err)
{
	const struct json *all = json_get(n->boot, "channels");
	bool person = str_starts(wanted, S("@"));
	struct str name = person || str_starts(wanted, S("#")) ? str_n(wanted.p + 1, wanted.n - 1) : wanted;

	for (const struct json *v = all ? all->child : NULL; v; v = v->next) {
		if (str_eq(json_get_str(v, "id"), wanted))
			return v;
		if (json_get_bool(v, "is_im", false)
			    ? person && str_eq_nocase(user_name(n, json_get_str(v, "user")), name)
			    : !person && str_eq_nocase(json_get_str(v, "name"), name))
			return v;
	}
	err_set(err, ERR_NOT_FOUND,
		person ? "there is no conversation with @" STR_FMT
		       : "there is no channel #" STR_FMT " that you may see",
		STR_ARG(str_clip(name, 100)));
	return NULL;
}

static void add_plain(struct buf *b, struct str s)
{
	static const struct {
		struct str from;
		char to;
	} entities[] = {{{"&amp;", 5}, '&'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}};

	while (s.n) {
		size_t n = 1;
		char out = s.p[0];

		for (size_t i = 0; i < COUNT_OF(entities); i++)
			if (str_starts(s, entities[i].from)) {
				n = entities[i].from.n;
				out = entities[i].to;
			}
		buf_char(b, out);
		s = str_n(s.p + n, s.n - n);
	}
}

/* What stands between < and >: "@U1", "#C1|name", "!here", "https://...|text" */
static void add_reference(struct buf *b, const struct names *n, struct str inside)
{
	struct str target, label = str_cut(inside, '|', &target);
	struct str rest = target.n ? str_n(target.p + 1, target.n - 1) : target;
	char kind = target.n ? target.p[0] : 0;

	if (kind == '@' || kind == '#') {
		buf_char(b, kind);
		add_plain(b, label.n ? label : kind == '@' ? user_name(n, rest) : channel_name(n, rest));
	} else if (kind == '!') {
		if (!label.n)
			buf_char(b, '@');
		add_plain(b, label.n ? label : rest);
	} else {
		add_plain(b, label.n ? label : target);
		if (label.n && !str_eq(label, target)) {
			buf_add(b, S(" ("));
			add_plain(b, target);
			buf_char(b, ')');
		}
	}
}

struct str plain_of(struct cli *c, const struct names *n, struct str s)
{
	struct buf b;

	buf_init(&b, 16 * MIB);
	while (s.n) {
		struct str before, inside, rest = str_cut(s, '<', &before);

		add_plain(&b, before);
		if (before.n == s.n)
			break;
		s = str_cut(rest, '>', &inside);
		if (inside.n == rest.n) { /* no '>': then it is a mere sign */
			buf_char(&b, '<');
			s = rest;
			continue;
		}
		add_reference(&b, n, inside);
	}
	return buf_keep(&c->arena, &b);
}
