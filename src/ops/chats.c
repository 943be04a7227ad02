#include "ops/chats.h"

#include "base/crypt.h"
#include "base/file.h"
#include "base/yaml.h"

#include <stddef.h>

#define TEXT_MAX 500
#define SECRET_MAX 4096
#define MAIL_MAX 100
#define PEOPLE_MAX 10000

struct reader {
	struct chats *c;
	const char *file;
	struct err *err;
};

static bool wrong(struct reader *rd, const struct json *at, const char *fmt, struct str what)
{
	what = str_clip(what, 150);
	err_set(rd->err, ERR_INVALID, fmt, STR_ARG(what));
	err_prefix(rd->err, "%s: line %u: ", rd->file, at->line);
	return false;
}

/* ---- the keys of one chat ---- */

enum option_kind { OPTION_TEXT, OPTION_SWITCH, OPTION_SPAN, OPTION_ROLE, OPTION_CHANNELS, OPTION_NAMES, OPTION_PEOPLE };

#define AT(field) offsetof(struct chat_config, field)
static const struct option {
	const char *key;
	const char *systems; /* "": all */
	enum option_kind kind;
	size_t at; /* in struct chat_config */
} options[] = {
	{"system", "", OPTION_TEXT, AT(system)},
	{"channels", "", OPTION_CHANNELS, 0},
	{"role", "", OPTION_ROLE, AT(role)},
	{"post_every", "", OPTION_SPAN, AT(post_every)},
	{"mail", "", OPTION_NAMES, 0},
	{"ca_file", "", OPTION_TEXT, AT(ca_file)},
	{"url", "slack mattermost", OPTION_TEXT, AT(url)},
	{"token_file", "slack mattermost", OPTION_TEXT, AT(token)},
	{"by_email", "slack mattermost", OPTION_SWITCH, AT(by_email)},
	{"app_token_file", "slack", OPTION_TEXT, AT(app_token)},
	{"signing_secret_file", "slack", OPTION_TEXT, AT(signing_secret)},
	{"team", "mattermost", OPTION_TEXT, AT(team)},
	{"command_token_file", "mattermost", OPTION_TEXT, AT(command_token)},
	{"server", "irc", OPTION_TEXT, AT(server)},
	{"tls", "irc", OPTION_SWITCH, AT(tls)},
	{"nick", "irc", OPTION_TEXT, AT(nick)},
	{"account", "irc", OPTION_TEXT, AT(account)},
	{"password_file", "irc", OPTION_TEXT, AT(password)},
	{"certificate", "irc", OPTION_TEXT, AT(certificate)},
	{"key_file", "irc", OPTION_TEXT, AT(key_file)},
	{"by_nick", "irc", OPTION_SWITCH, AT(by_nick)},
	{"people", "irc", OPTION_PEOPLE, 0},
};

/* Files that hold a secret. */
static const struct {
	const char *key;
	size_t at;
} secrets[] = {
	{"token_file", AT(token)},
	{"app_token_file", AT(app_token)},
	{"signing_secret_file", AT(signing_secret)},
	{"command_token_file", AT(command_token)},
	{"password_file", AT(password)},
};

static const struct {
	const char *name;
	struct chat_config usual;
	const char *needs[3]; /* keys that must be there */
} systems[] = {
	{"slack", {.url = {"https://slack.com/api/", 22}, .by_email = true}, {"token_file"}},
	{"irc", {.tls = true, .nick = {"srebot", 6}}, {"server"}},
	{"mattermost", {.by_email = true}, {"url", "token_file", "team"}},
};

static struct str system_names(struct arena *a)
{
	struct str all = S("");

	for (size_t i = 0; i < COUNT_OF(systems); i++)
		all = arena_printf(a, STR_FMT "%s%s", STR_ARG(all), i ? ", " : "", systems[i].name);
	return all;
}

static const struct option *option_of(struct str system, struct str key)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (str_is(key, options[i].key) && (!*options[i].systems || str_find(str_of(options[i].systems), system, NULL)))
			return &options[i];
	return NULL;
}

static bool read_text(struct reader *rd, const struct json *v, struct str *out)
{
	if (v->type >= JSON_ARRAY || v->type == JSON_NULL)
		return wrong(rd, v, "`" STR_FMT "` is a text", v->key);
	if (!v->text.n || v->text.n > TEXT_MAX || str_find(v->text, S("\n"), NULL))
		return wrong(rd, v, "`" STR_FMT "` is a line of 1 to 500 bytes", v->key);
	*out = arena_dup(&rd->c->arena, v->text);
	return true;
}

/* ---- channels and people ---- */

static struct str without_mark(struct str s, char mark)
{
	return s.n && s.p[0] == mark ? str_n(s.p + 1, s.n - 1) : s;
}

/* "ops", or {here: ops, there: prod-ops, make: true} */
static bool read_channel(struct reader *rd, const struct json *v, struct chat_channel *out)
{
	struct arena *a = &rd->c->arena;

	if (v->type == JSON_STR) {
		out->here = out->there = arena_dup(a, without_mark(v->text, '#'));
	} else if (v->type == JSON_OBJECT) {
		for (const struct json *m = v->child; m; m = m->next)
			if (!str_is(m->key, "here") && !str_is(m->key, "there") && !str_is(m->key, "make"))
				return wrong(rd, m, "unknown key `" STR_FMT "`; a channel has here, there and make", m->key);
		out->here = arena_dup(a, without_mark(json_get_str(v, "here"), '#'));
		out->there = json_get(v, "there") ? arena_dup(a, without_mark(json_get_str(v, "there"), '#')) : out->here;
		out->make = json_get_bool(v, "make", false);
	}
	if (!out->here.n || !out->there.n || out->here.n > 80 || out->there.n > 100)
		return wrong(rd, v, "a channel is a name, or {here: ops, there: prod-ops}; one with # stands in quotes" STR_FMT, S(""));
	return true;
}

static bool read_channels(struct reader *rd, const struct json *v, struct chat_config *out)
{
	size_t i = 0;

	out->joined = v->type == JSON_STR && str_is(v->text, "joined");
	if (out->joined)
		return true;
	if (v->type != JSON_ARRAY || v->count > CHAT_CHANNELS_MAX)
		return wrong(rd, v, "`" STR_FMT "` is a list of up to 1000 channels, or the word joined", v->key);
	out->channels = arena_zero(&rd->c->arena, (v->count + 1) * sizeof *out->channels);
	out->channel_count = v->count;
	for (const struct json *m = v->child; m; m = m->next)
		if (!read_channel(rd, m, &out->channels[i++]))
			return false;
	return true;
}

static bool read_names(struct reader *rd, const struct json *v, struct chat_config *out)
{
	if (v->type != JSON_ARRAY || v->count > MAIL_MAX)
		return wrong(rd, v, "`" STR_FMT "` is a list of up to 100 people's names", v->key);
	out->mail = arena_zero(&rd->c->arena, (v->count + 1) * sizeof *out->mail);
	for (const struct json *m = v->child; m; m = m->next) {
		if (m->type != JSON_STR || !m->text.n || m->text.n > 80)
			return wrong(rd, m, "a person's name is wanted here" STR_FMT, S(""));
		out->mail[out->mail_count++] = arena_dup(&rd->c->arena, without_mark(m->text, '@'));
	}
	return true;
}

/* {alice_irc: alice} */
static bool read_people(struct reader *rd, const struct json *v, struct chat_config *out)
{
	if (v->type != JSON_OBJECT || v->count > PEOPLE_MAX)
		return wrong(rd, v, "`" STR_FMT "` is a mapping of up to 10000 people: what they are called there, and here", v->key);
	out->people = arena_zero(&rd->c->arena, (v->count + 1) * sizeof *out->people);
	for (const struct json *m = v->child; m; m = m->next) {
		if (m->type != JSON_STR || !m->text.n || m->text.n > 80 || !m->key.n || m->key.n > 80)
			return wrong(rd, m, "a person's name here is wanted behind `" STR_FMT "`", m->key);
		out->people[out->people_count++] = (struct chat_same){arena_dup(&rd->c->arena, m->key), arena_dup(&rd->c->arena, without_mark(m->text, '@'))};
	}
	return true;
}

/* ---- one chat ---- */

static bool read_option(struct reader *rd, const struct json *v, const struct option *o, struct chat_config *out)
{
	void *field = (char *)out + o->at;

	switch (o->kind) {
	case OPTION_TEXT:
		return read_text(rd, v, field);
	case OPTION_SWITCH:
		*(bool *)field = v->type == JSON_TRUE;
		return v->type == JSON_TRUE || v->type == JSON_FALSE || wrong(rd, v, "`" STR_FMT "` is true or false", v->key);
	case OPTION_SPAN:
		return (v->type < JSON_ARRAY && span_parse(v->text, field) && *(span_ms *)field <= MINUTE) || wrong(rd, v, "`" STR_FMT "` is a span of up to a minute, such as 1s", v->key);
	case OPTION_ROLE:
		return (v->type == JSON_STR && role_parse(v->text, field) && *(enum role *)field < ROLE_ADMIN) || wrong(rd, v, "`" STR_FMT "` is viewer, responder or operator", v->key);
	case OPTION_CHANNELS:
		return read_channels(rd, v, out);
	case OPTION_NAMES:
		return read_names(rd, v, out);
	case OPTION_PEOPLE:
		return read_people(rd, v, out);
	}
	return false;
}

static bool name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= 40;
}

static bool url_ok(struct str url)
{
	static const char *const ok[] = {"https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"};

	for (size_t i = 0; i < COUNT_OF(ok); i++)
		if (str_starts(url, str_of(ok[i])))
			return true;
	return false;
}

static bool fits_together(struct reader *rd, const struct json *item, struct chat_config *out)
{
	if (out->url.n && !url_ok(out->url))
		return wrong(rd, item, "`url` begins with https://; http:// is for this machine alone" STR_FMT, S(""));
	if (out->url.n && out->url.p[out->url.n - 1] != '/')
		out->url = arena_printf(&rd->c->arena, STR_FMT "/", STR_ARG(out->url));
	if (str_is(out->system, "slack") && !out->app_token.n && !out->signing_secret.n)
		return wrong(rd, item, "either app_token_file (Socket Mode) or signing_secret_file (Events API) is wanted" STR_FMT, S(""));
	return true;
}

static bool read_chat(struct reader *rd, const struct json *item, struct chat_config *out)
{
	const struct json *system = json_get(item, "system");
	size_t s = 0;

	if (!name_ok(item->key))
		return wrong(rd, item, "a chat's name has a-z, 0-9 and -, up to 40 of them; not `" STR_FMT "`", item->key);
	while (s < COUNT_OF(systems) && !str_is(json_str(system), systems[s].name))
		s++;
	if (item->type != JSON_OBJECT || s == COUNT_OF(systems))
		return wrong(rd, system ? system : item, "`system` is one of " STR_FMT, system_names(&rd->c->arena));
	*out = systems[s].usual;
	out->name = arena_dup(&rd->c->arena, item->key);
	out->role = ROLE_VIEWER;
	for (const struct json *v = item->child; v; v = v->next) {
		const struct option *o = option_of(system->text, v->key);

		if (!o)
			return wrong(rd, v, "a chat of this system has no key `" STR_FMT "`", v->key);
		if (!read_option(rd, v, o, out))
			return false;
	}
	for (size_t i = 0; i < COUNT_OF(systems[s].needs) && systems[s].needs[i]; i++)
		if (!json_get(item, systems[s].needs[i]))
			return wrong(rd, item, "`" STR_FMT "` is missing", str_of(systems[s].needs[i]));
	return fits_together(rd, item, out);
}

static bool read_all(struct reader *rd, const struct json *tree)
{
	const struct json *list = json_get(tree, "chats");

	if (tree->type != JSON_OBJECT)
		return wrong(rd, tree, "the file is a mapping with `chats:`" STR_FMT, S(""));
	for (const struct json *v = tree->child; v; v = v->next)
		if (!str_is(v->key, "chats"))
			return wrong(rd, v, "unknown key `" STR_FMT "`; the file has `chats:`", v->key);
	if (!list || list->type == JSON_NULL)
		return true;
	if (list->type != JSON_OBJECT || list->count > CHATS_MAX)
		return wrong(rd, list, "`" STR_FMT "` is a mapping of up to 16 chats: a name, and what it has", list->key);
	rd->c->list = arena_zero(&rd->c->arena, (list->count + 1) * sizeof *rd->c->list);
	for (const struct json *v = list->child; v; v = v->next)
		if (!read_chat(rd, v, &rd->c->list[rd->c->count++]))
			return false;
	return true;
}

struct chats *chats_parse(struct str text, const char *name, struct err *err)
{
	struct chats *c = mem_new(sizeof *c);
	struct reader rd = {c, name, err};
	struct json *tree;
	struct arena a;

	arena_init(&a);
	arena_init(&c->arena);
	tree = yaml_parse(&a, text, name, err);
	if (!tree || !read_all(&rd, tree)) {
		chats_free(c);
		c = NULL;
	}
	arena_done(&a);
	return c;
}

/* ---- secrets ---- */

static struct str beside(struct arena *a, struct str path, struct str name)
{
	size_t n = path.n;

	while (n && path.p[n - 1] != '/')
		n--;
	return name.p[0] == '/' ? name : arena_printf(a, "%.*s" STR_FMT, (int)n, path.p, STR_ARG(name));
}

static bool read_secrets(struct chats *c, struct str path, struct chat_config *config, struct err *err)
{
	struct str *files[] = {&config->ca_file, &config->certificate, &config->key_file};

	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		struct str *s = (struct str *)((char *)config + secrets[i].at);

		if (!s->n)
			continue;
		if (!file_read(&c->arena, arena_dup(&c->arena, beside(&c->arena, path, *s)).p, s, err)) {
			err_prefix(err, STR_FMT ": chat " STR_FMT ": %s: ", STR_ARG(path), STR_ARG(config->name), secrets[i].key);
			return false;
		}
		*s = str_trim(*s);
		if (!s->n || s->n > SECRET_MAX || str_find(*s, S("\n"), NULL)) {
			err_set(err, ERR_INVALID, STR_FMT ": chat " STR_FMT ": the file of %s holds one line", STR_ARG(path), STR_ARG(config->name), secrets[i].key);
			return false;
		}
	}
	for (size_t i = 0; i < COUNT_OF(files); i++)
		if (files[i]->n)
			*files[i] = arena_dup(&c->arena, beside(&c->arena, path, *files[i]));
	return true;
}

static struct str digest_of(struct chats *c, struct str text)
{
	struct crypt_sha256_stream s;

	crypt_sha256_begin(&s);
	crypt_sha256_add(&s, text);
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < COUNT_OF(secrets); k++)
			crypt_sha256_add(&s, *(struct str *)((char *)&c->list[i] + secrets[k].at));
	return crypt_sha256_end(&s, &c->arena);
}

struct chats *chats_read(struct str path, struct err *err)
{
	struct chats *c = NULL;
	struct arena a;
	struct str text;

	if (!path.n)
		return chats_parse(S(""), "", err);
	arena_init(&a);
	if (file_read(&a, arena_dup(&a, path).p, &text, err))
		c = chats_parse(text, arena_dup(&a, path).p, err);
	for (size_t i = 0; c && i < c->count; i++)
		if (!read_secrets(c, path, &c->list[i], err)) {
			chats_free(c);
			c = NULL;
		}
	if (c)
		c->digest = digest_of(c, text);
	arena_done(&a);
	return c;
}

void chats_free(struct chats *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	mem_free(c);
}

const struct chat_config *chats_find(const struct chats *c, struct str name)
{
	for (size_t i = 0; c && i < c->count; i++)
		if (str_eq(c->list[i].name, name))
			return &c->list[i];
	return NULL;
}
