#include "ops/app.h"

#include <inttypes.h>

#define URL_MAX 3000 /* Slack's for links */
#define TEXT_MAX 2000

struct reader {
	struct arena *arena;
	struct err *err;
};

static bool bad(struct reader *r, const char *where, const char *what)
{
	err_set(r->err, ERR_INVALID, "%s: %s", where, what);
	return false;
}

static bool bad_item(struct reader *r, const char *where, size_t index, const char *below, const char *what)
{
	err_set(r->err, ERR_INVALID, "%s/%zu%s: %s", where, index, below, what);
	return false;
}

/* ---- words ---- */

bool app_url_ok(struct str url)
{
	if (url.n > URL_MAX || !(str_starts(url, S("http://")) || str_starts(url, S("https://"))))
		return false;
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 127)
			return false;
	return url.n > (str_starts(url, S("https://")) ? 8u : 7u);
}

static bool is_word(struct str s, const char *more, size_t most)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(more, c)))
			return false;
	}
	return s.n > 0 && s.n <= most;
}

bool app_command_ok(struct str command)
{
	return command.n > 1 && command.p[0] == '/' && is_word(str_n(command.p + 1, command.n - 1), "-_", 31);
}

static bool list_has(struct str list, struct str word)
{
	struct str one;

	while (list.n) {
		list = str_cut(list, ',', &one);
		if (str_eq(one, word))
			return true;
	}
	return false;
}

static bool list_has_of(struct str list, const char *family, struct str what)
{
	struct str one, kind;

	while (list.n) {
		struct str rest;

		list = str_cut(list, ',', &one);
		rest = str_cut(one, ':', &kind);
		if (str_is(kind, family) && str_eq(rest, what))
			return true;
	}
	return false;
}

bool app_scope_has(struct str scopes, struct str needed)
{
	static const char *const kinds[] = {"channels", "groups", "im", "mpim"};
	struct str kind, what = str_cut(needed, ':', &kind);

	if (!needed.n || list_has(scopes, needed))
		return true;
	for (size_t i = 0; str_is(kind, "channels") && i < COUNT_OF(kinds); i++)
		if (list_has_of(scopes, kinds[i], what) || (str_is(what, "manage") && (list_has_of(scopes, kinds[i], S("write")) || list_has_of(scopes, kinds[i], S("manage")))))
			return true;
	return false;
}

/* Those of `all` that are in `other`, or those that are not. */
static struct str pick(struct arena *a, struct str all, struct str other, bool in)
{
	struct str one;
	struct buf b;

	buf_init(&b, 64 * KIB);
	while (all.n) {
		all = str_cut(all, ',', &one);
		if (one.n && list_has(other, one) == in && !list_has(buf_str(&b), one))
			buf_printf(&b, "%s" STR_FMT, b.n ? "," : "", STR_ARG(one));
	}
	return buf_keep(a, &b);
}

struct str app_scopes_read(struct arena *a, struct str text)
{
	struct buf b;

	buf_init(&b, 64 * KIB);
	for (size_t i = 0; i < text.n; i++)
		buf_char(&b, text.p[i] == ' ' ? ',' : text.p[i]);
	return pick(a, buf_keep(a, &b), S(""), false);
}

struct str app_scopes_both(struct arena *a, struct str one, struct str other)
{
	return pick(a, one, other, true);
}

struct str app_scopes_without(struct arena *a, struct str all, struct str less)
{
	return pick(a, all, less, false);
}

struct str app_event_scope(struct str event)
{
	static const char *const scopes[][2] = {
		{"message.channels", "channels:history"}, {"message.groups", "groups:history"}, {"message.im", "im:history"}, {"message.mpim", "mpim:history"}, {"reaction_", "reactions:read"},
		{"pin_", "pins:read"}, {"star_", "stars:read"}, {"file_", "files:read"}, {"subteam_", "usergroups:read"}, {"team_join", "users:read"}, {"user_change", "users:read"},
		{"dnd_", "dnd:read"}, {"emoji_changed", "emoji:read"}, {"channel_", "channels:read"}, {"group_", "groups:read"}, {"im_", "im:read"}, {"member_", "channels:read"},
	};

	for (size_t i = 0; i < COUNT_OF(scopes); i++)
		if (str_starts(event, str_of(scopes[i][0])))
			return str_of(scopes[i][1]);
	return S("");
}

struct str app_user_name(struct arena *a, struct str name)
{
	struct buf b;

	buf_init(&b, 60);
	name = str_trim(name);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z')
			buf_char(&b, (char)(c + 32));
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_')
			buf_char(&b, c);
		else if (b.n && b.p[b.n - 1] != '-')
			buf_char(&b, '-');
	}
	while (b.n && b.p[b.n - 1] == '-')
		b.n--;
	return buf_keep(a, &b);
}

/* ---- reading ---- */

static bool text_at(struct reader *r, const struct json *in, const char *key, const char *where, struct str *out)
{
	const struct json *v = json_get(in, key);

	*out = json_str(v);
	if (v && v->type != JSON_NULL && v->type != JSON_STR)
		return bad(r, where, "must be a text");
	return out->n <= TEXT_MAX || bad(r, where, "must be at most 2000 bytes");
}

static bool url_at(struct reader *r, const struct json *in, const char *key, const char *where, struct str *out)
{
	const struct json *v = json_get(in, key);

	*out = json_str(v);
	if (!v || v->type == JSON_NULL || (v->type == JSON_STR && !v->text.n))
		return true;
	return (v->type == JSON_STR && app_url_ok(*out)) || bad(r, where, "must be an address that begins with http:// or https://");
}

static bool list_at(struct reader *r, const struct json *in, const char *key, const char *where, size_t most, const struct json **out)
{
	const struct json *v = json_get(in, key);

	*out = v && v->type != JSON_NULL ? v : NULL;
	if (*out && v->type != JSON_ARRAY)
		return bad(r, where, "must be a list");
	return !*out || v->count <= most || bad(r, where, "has too many items");
}

static bool object_at(struct reader *r, const struct json *in, const char *key, const char *where, const struct json **out)
{
	const struct json *v = json_get(in, key);

	*out = v && v->type != JSON_NULL ? v : NULL;
	return !*out || v->type == JSON_OBJECT || bad(r, where, "must be an object");
}

static bool read_scopes(struct reader *r, const struct json *in, const char *key, const char *where, struct str *out)
{
	const struct json *list;
	struct buf b;
	size_t i = 0;

	*out = S("");
	if (!list_at(r, in, key, where, APP_SCOPES_MAX, &list))
		return false;
	buf_init(&b, 16 * KIB);
	for (const struct json *v = list ? list->child : NULL; v; v = v->next, i++) {
		if (!is_word(json_str(v), ":._-", 80)) {
			buf_done(&b);
			return bad_item(r, where, i, "", "must be a scope such as chat:write");
		}
		buf_printf(&b, "%s" STR_FMT, b.n ? "," : "", STR_ARG(v->text));
	}
	*out = buf_keep(r->arena, &b);
	return true;
}

static bool read_events(struct reader *r, const struct json *subscriptions, const char *key, const char *where, struct str **events, size_t *count)
{
	const struct json *list;

	if (!list_at(r, subscriptions, key, where, APP_EVENTS_MAX, &list) || !list)
		return r->err->code == ERR_NONE;
	*events = arena_alloc(r->arena, (list->count + 1) * sizeof **events);
	for (const struct json *v = list->child; v; v = v->next) {
		if (!is_word(json_str(v), "_.", 59))
			return bad_item(r, where, *count, "", "must be the name of an event such as message.channels");
		(*events)[(*count)++] = v->text;
	}
	return true;
}

static bool read_command(struct reader *r, const struct json *v, size_t i, bool socket_mode, struct app_command *c)
{
	static const char where[] = "/features/slash_commands";

	*c = (struct app_command){json_get_str(v, "command"), json_get_str(v, "url"), json_get_str(v, "description"), json_get_str(v, "usage_hint")};
	if (!app_command_ok(c->command))
		return bad_item(r, where, i, "/command", "must be a slash and a word: lower case letters, digits, - and _, at most 32");
	if (c->url.n ? !app_url_ok(c->url) : !socket_mode)
		return bad_item(r, where, i, "/url", "must be an address that begins with http:// or https://; only with settings.socket_mode_enabled none is needed");
	if (c->description.n > TEXT_MAX || c->usage_hint.n > TEXT_MAX)
		return bad_item(r, where, i, "", "has a text of over 2000 bytes");
	return true;
}

static bool read_commands(struct reader *r, const struct json *features, struct app_manifest *m)
{
	const struct json *list;

	if (!list_at(r, features, "slash_commands", "/features/slash_commands", APP_COMMANDS_MAX, &list) || !list)
		return r->err->code == ERR_NONE;
	m->commands = arena_alloc(r->arena, (list->count + 1) * sizeof *m->commands);
	for (const struct json *v = list->child; v; v = v->next) {
		if (!read_command(r, v, m->command_count, m->socket_mode, &m->commands[m->command_count]))
			return false;
		if (app_command_find(m, m->commands[m->command_count].command))
			return bad_item(r, "/features/slash_commands", m->command_count, "/command", "is there twice");
		m->command_count++;
	}
	return true;
}

static bool read_shortcuts(struct reader *r, const struct json *features, struct app_manifest *m)
{
	static const char where[] = "/features/shortcuts";
	const struct json *list;

	if (!list_at(r, features, "shortcuts", where, APP_SHORTCUTS_MAX, &list) || !list)
		return r->err->code == ERR_NONE;
	m->shortcuts = arena_alloc(r->arena, (list->count + 1) * sizeof *m->shortcuts);
	for (const struct json *v = list->child; v; v = v->next) {
		struct str type = json_get_str(v, "type");
		struct app_shortcut s = {json_get_str(v, "callback_id"), json_get_str(v, "name"), json_get_str(v, "description"), str_is(type, "message")};

		if (!s.callback_id.n || s.callback_id.n > 255 || !s.name.n || s.name.n > 255 || s.description.n > TEXT_MAX)
			return bad_item(r, where, m->shortcut_count, "", "needs a name and a callback_id, each of at most 255 bytes");
		if (!s.of_message && !str_is(type, "global"))
			return bad_item(r, where, m->shortcut_count, "/type", "must be message or global");
		m->shortcuts[m->shortcut_count++] = s;
	}
	return true;
}

static bool read_redirects(struct reader *r, const struct json *oauth, struct app_manifest *m)
{
	static const char where[] = "/oauth_config/redirect_urls";
	const struct json *list;

	if (!list_at(r, oauth, "redirect_urls", where, 100, &list) || !list)
		return r->err->code == ERR_NONE;
	m->redirects = arena_alloc(r->arena, (list->count + 1) * sizeof *m->redirects);
	for (const struct json *v = list->child; v; v = v->next) {
		if (!app_url_ok(json_str(v)))
			return bad_item(r, where, m->redirect_count, "", "must be an address that begins with http:// or https://");
		m->redirects[m->redirect_count++] = v->text;
	}
	return true;
}

static bool read_unfurls(struct reader *r, const struct json *features, struct app_manifest *m)
{
	static const char where[] = "/features/unfurl_domains";
	const struct json *list;

	if (!list_at(r, features, "unfurl_domains", where, 20, &list) || !list)
		return r->err->code == ERR_NONE;
	m->unfurl_domains = arena_alloc(r->arena, (list->count + 1) * sizeof *m->unfurl_domains);
	for (const struct json *v = list->child; v; v = v->next) {
		if (!is_word(json_str(v), ".-", 255))
			return bad_item(r, where, m->unfurl_domain_count, "", "must be a domain in lower case such as wiki.example.com");
		m->unfurl_domains[m->unfurl_domain_count++] = v->text;
	}
	return true;
}

static bool read_settings(struct reader *r, const struct json *tree, struct app_manifest *m)
{
	const struct json *settings, *subscriptions, *interactivity;

	if (!object_at(r, tree, "settings", "/settings", &settings) || !object_at(r, settings, "event_subscriptions", "/settings/event_subscriptions", &subscriptions) ||
	    !object_at(r, settings, "interactivity", "/settings/interactivity", &interactivity))
		return false;
	m->socket_mode = json_get_bool(settings, "socket_mode_enabled", false);
	m->interactive = json_get_bool(interactivity, "is_enabled", false);
	return url_at(r, subscriptions, "request_url", "/settings/event_subscriptions/request_url", &m->events_url) &&
	       url_at(r, interactivity, "request_url", "/settings/interactivity/request_url", &m->actions_url) &&
	       url_at(r, interactivity, "message_menu_options_url", "/settings/interactivity/message_menu_options_url", &m->options_url) &&
	       read_events(r, subscriptions, "bot_events", "/settings/event_subscriptions/bot_events", &m->events, &m->event_count) &&
	       read_events(r, subscriptions, "user_events", "/settings/event_subscriptions/user_events", &m->user_events, &m->user_event_count);
}

bool app_manifest_read(struct arena *a, const struct json *tree, struct app_manifest *out, struct err *err)
{
	struct reader r = {a, err};
	const struct json *display, *features, *oauth, *scopes, *bot;

	*out = (struct app_manifest){0};
	if (!json_is(tree, JSON_OBJECT))
		return bad(&r, "/", "a manifest is an object (JSON) or a mapping (YAML)");
	if (!object_at(&r, tree, "display_information", "/display_information", &display) || !object_at(&r, tree, "features", "/features", &features) ||
	    !object_at(&r, features, "bot_user", "/features/bot_user", &bot) || !object_at(&r, tree, "oauth_config", "/oauth_config", &oauth) ||
	    !object_at(&r, oauth, "scopes", "/oauth_config/scopes", &scopes))
		return false;
	return text_at(&r, display, "name", "/display_information/name", &out->name) && text_at(&r, display, "description", "/display_information/description", &out->description) &&
	       text_at(&r, bot, "display_name", "/features/bot_user/display_name", &out->bot_name) &&
	       read_scopes(&r, scopes, "bot", "/oauth_config/scopes/bot", &out->bot_scopes) && read_scopes(&r, scopes, "user", "/oauth_config/scopes/user", &out->user_scopes) &&
	       read_settings(&r, tree, out) && read_commands(&r, features, out) && read_shortcuts(&r, features, out) && read_redirects(&r, oauth, out) && read_unfurls(&r, features, out);
}

const struct app_command *app_command_find(const struct app_manifest *m, struct str command)
{
	for (size_t i = 0; i < m->command_count; i++)
		if (str_eq(m->commands[i].command, command))
			return &m->commands[i];
	return NULL;
}

const struct app_shortcut *app_shortcut_find(const struct app_manifest *m, struct str callback_id)
{
	for (size_t i = 0; i < m->shortcut_count; i++)
		if (str_eq(m->shortcuts[i].callback_id, callback_id))
			return &m->shortcuts[i];
	return NULL;
}
