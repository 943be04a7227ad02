/* What apps hear of beside messages: channels, people and their groups, files, homes. docs.slack.dev, Events. */
#include "engine/app_events_internal.h"
#include "engine/apps.h"
#include "engine/slack_json.h"
#include "ops/text.h"

/* Of private channels the same is called otherwise. */
static const char *type_for(const struct channel *c, const char *type)
{
	static const char *const names[][2] = {{"channel_rename", "group_rename"}, {"channel_archive", "group_archive"}, {"channel_unarchive", "group_unarchive"}, {"channel_left", "group_left"}};

	for (size_t i = 0; c->kind == CHANNEL_PRIVATE && i < COUNT_OF(names); i++)
		if (strcmp(type, names[i][0]) == 0)
			return names[i][1];
	return type;
}

static void write_channel(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;
	const struct channel *c = n->channel;

	json_add_str(o, "type", str_of(n->type));
	if (str_is(n->name, "im_created"))
		json_add_str(o, "user", id_write(a, 'U', n->user_id));
	json_key(o, "channel");
	if (!n->name.n) {
		json_put_str(o, channel_id_text(a, c));
		json_add_str(o, n->only_user ? "actor_id" : "user", id_write(a, 'U', n->user_id));
	} else {
		json_open(o, '{');
		json_add_str(o, "id", channel_id_text(a, c));
		json_add_bool(o, c->kind == CHANNEL_DM ? "is_im" : "is_channel", true);
		if (c->kind != CHANNEL_DM) {
			json_add_str(o, "name", c->name);
			json_add_str(o, "name_normalized", c->name);
		}
		json_add_int(o, "created", c->created / 1000);
		json_add_str(o, "creator", id_write(a, 'U', c->creator_id));
		json_add_str(o, "context_team_id", id_write(a, 'T', c->workspace_id));
		json_close(o, '}');
	}
	json_add_str(o, "event_ts", ts_text(a, news_ts(n->w)));
}

bool apps_hear_channel(struct work *w, const struct channel *c, int64_t user_id, const char *type, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = c->kind != CHANNEL_PUBLIC, .write = write_channel, .type = type_for(c, type), .user_id = user_id};

	if (!strcmp(type, "channel_created") || !strcmp(type, "channel_rename") || !strcmp(type, "im_created"))
		n.name = str_of(type); /* with the whole channel */
	return news_tell(&n, n.type);
}

bool apps_hear_left(struct work *w, const struct channel *c, int64_t user_id, int64_t actor_id, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .only_user = user_id, .write = write_channel, .type = type_for(c, "channel_left"), .user_id = actor_id};

	return news_tell(&n, n.type);
}

static void write_person(const struct news *n, struct json_out *o)
{
	json_add_str(o, "type", str_of(n->type));
	json_key(o, "user");
	write_user_object(n->w, o, n->user, false);
	json_add_int(o, "cache_ts", n->w->now / 1000);
	json_add_str(o, "event_ts", ts_text(n->w->arena, news_ts(n->w)));
}

bool apps_hear_user(struct work *w, const struct user *u, const char *type, struct err *err)
{
	struct news n = {.w = w, .err = err, .write = write_person, .type = type, .user = u};

	return news_tell(&n, type);
}


bool apps_hear_written(struct work *w, const char *type, struct str event, int64_t only_user, struct err *err)
{
	struct news n = {.w = w, .err = err, .only_user = only_user, .written = event, .type = type};

	return news_tell(&n, type);
}

/* ---- files ---- */

static void write_file_event(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;
	struct str id = id_write(a, 'F', n->other_id);

	json_add_str(o, "type", str_of(n->type));
	json_add_str(o, "file_id", id);
	if (n->channel)
		json_add_str(o, "channel_id", channel_id_text(a, n->channel));
	if (strcmp(n->type, "file_deleted")) {
		json_add_str(o, "user_id", id_write(a, 'U', n->user_id));
		json_key(o, "file");
		json_open(o, '{');
		json_add_str(o, "id", id);
		json_close(o, '}');
	}
	json_add_str(o, "event_ts", ts_text(a, news_ts(n->w)));
}

bool apps_hear_file(struct work *w, const struct channel *c, int64_t file_id, int64_t user_id, const char *type, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .only_user = c ? 0 : user_id, .write = write_file_event, .type = type, .user_id = user_id, .other_id = file_id};

	return news_tell(&n, type);
}

/* ---- homes ---- */

static void write_home(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;

	json_add_str(o, "type", S("app_home_opened"));
	json_add_str(o, "user", id_write(a, 'U', n->user_id));
	json_add_str(o, "channel", channel_id_text(a, n->channel));
	json_add_str(o, "tab", str_of(n->type));
	if (n->name.n)
		json_add_raw(o, "view", n->name);
	json_add_str(o, "event_ts", ts_text(a, news_ts(n->w)));
}

bool apps_hear_home(struct work *w, int64_t app_id, const struct channel *dm, int64_t user_id, bool home, struct str view, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = dm, .members_only = true, .only_app = app_id, .write = write_home, .type = home ? "home" : "messages", .user_id = user_id, .name = view};

	return news_tell(&n, "app_home_opened");
}

/* ---- links ---- */

#define LINKS_MAX 20 /* of a message */

/* The next address in mrkdwn, bare or in <...|label>; "": none is left. */
static struct str next_link(struct str *text)
{
	size_t at, n;

	while (str_find(*text, S("http"), &at)) {
		struct str url = str_n(text->p + at, text->n - at);

		for (n = 0; n < url.n && !strchr(" \t\n<>|\"", url.p[n]); n++)
			;
		*text = str_n(url.p + n, url.n - n);
		url.n = n;
		if (app_url_ok(url))
			return url;
		if (!n)
			break;
	}
	*text = S("");
	return S("");
}

static struct str domain_of(struct arena *a, struct str url)
{
	struct str host;

	str_cut(str_n(url.p + (str_starts(url, S("https")) ? 8 : 7), url.n - (str_starts(url, S("https")) ? 8 : 7)), '/', &host);
	str_cut(host, ':', &host);
	return arena_lower(a, host);
}

static bool is_of(const struct app_manifest *m, struct str domain)
{
	for (size_t i = 0; i < m->unfurl_domain_count; i++) {
		struct str d = m->unfurl_domains[i];

		if (str_eq(domain, d) || (domain.n > d.n && domain.p[domain.n - d.n - 1] == '.' && str_eq(str_n(domain.p + domain.n - d.n, d.n), d)))
			return true;
	}
	return false;
}

/* The event for one app; "": no link is of its domains. */
static struct str links_event(const struct news *n, const struct app_manifest *m)
{
	struct arena *a = n->w->arena;
	struct str text = n->message->text, url;
	unsigned count = 0;
	struct json_out o;
	struct buf b;

	buf_init(&b, 256 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("link_shared"));
	json_add_str(&o, "user", id_write(a, 'U', n->message->user_id));
	json_add_str(&o, "channel", channel_id_text(a, n->channel));
	json_add_str(&o, "message_ts", ts_text(a, n->message->ts));
	if (n->message->thread_ts)
		json_add_str(&o, "thread_ts", ts_text(a, n->message->thread_ts));
	json_add_bool(&o, "is_bot_user_member", true);
	json_key(&o, "links");
	json_open(&o, '[');
	while (count < LINKS_MAX && (url = next_link(&text)).n) {
		struct str domain = domain_of(a, url);

		if (!is_of(m, domain))
			continue;
		count++;
		json_open(&o, '{');
		json_add_str(&o, "domain", domain);
		json_add_str(&o, "url", mrkdwn_plain(a, url));
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_add_str(&o, "event_ts", ts_text(a, news_ts(n->w)));
	json_close(&o, '}');
	return count ? buf_keep(a, &b) : (buf_done(&b), S(""));
}

bool news_links(struct news *n)
{
	struct work *w = n->w;
	struct app_hearer *all;
	struct app app;
	size_t count;

	if (!str_find(n->message->text, S("://"), NULL) || !n->message->user_id)
		return true;
	if (!store_app_hearers(w->engine->db, w->arena, w->engine->workspace_id, S("link_shared"), &all, &count, n->err))
		return false;
	n->subscription = "link_shared";
	n->not_app = n->message->bot_id;
	for (size_t i = 0; i < count; i++) {
		struct app_manifest m;

		if (all[i].for_people || !news_heard(n, &all[i]) || !store_app_find(w->engine->db, w->arena, w->engine->workspace_id, all[i].app_id, &app, n->err))
			continue;
		m = app_manifest_of(w->arena, &app);
		n->written = links_event(n, &m);
		if (n->written.n && !news_add(n, &all[i]))
			return false;
	}
	return n->err->code == ERR_NONE;
}
