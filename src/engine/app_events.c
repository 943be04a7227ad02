#include "engine/app_events_internal.h"

#include "base/log.h"
#include "engine/app_send.h"
#include "engine/apps.h"
#include "engine/engine_internal.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "ops/text.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define PAYLOAD_MAX (4 * MIB)

/* ---- one event for one app ---- */

static void put_head(struct work *w, struct json_out *o, const struct app_hearer *h)
{
	struct str team = id_write(w->arena, 'T', w->engine->workspace_id);

	json_add_str(o, "token", app_verification_token(w, h->app_id));
	json_add_str(o, "team_id", team);
	json_add_str(o, "api_app_id", id_write(w->arena, 'A', h->app_id));
}

void app_put_authorization(struct work *w, struct json_out *o, const struct app_hearer *h)
{
	json_open(o, '{');
	json_key(o, "enterprise_id");
	json_put_null(o);
	json_add_str(o, "team_id", id_write(w->arena, 'T', w->engine->workspace_id));
	json_add_str(o, "user_id", id_write(w->arena, 'U', h->user_id));
	json_add_bool(o, "is_bot", !h->for_people);
	json_add_bool(o, "is_enterprise_install", false);
	json_close(o, '}');
}

/* What says of whom an event is (apps.event.authorizations.list): "4-APP.CHANNEL.USER.MEMBERS.EVENT-MAC". */
static struct str context_mac(struct work *w, struct str said)
{
	uint8_t mac[32];

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "event-context:" STR_FMT, STR_ARG(said)), mac);
	return crypt_hex(w->arena, mac, 8);
}

static struct str context_of(const struct news *n, const struct app_hearer *h)
{
	struct str said = arena_printf(n->w->arena, "%" PRId64 ".%" PRId64 ".%" PRId64 ".%d.%s", h->app_id, n->channel ? n->channel->id : 0, n->only_user, n->members_only, n->subscription);

	return arena_printf(n->w->arena, "4-" STR_FMT "-" STR_FMT, STR_ARG(said), STR_ARG(context_mac(n->w, said)));
}

/* "RETRY REASON\n" and what is sent. */
static struct str payload(const struct news *n, const struct app_hearer *h, int64_t id)
{
	struct work *w = n->w;
	struct str number = id_write(w->arena, 'E', id);
	struct json_out o;
	struct buf b;

	buf_init(&b, PAYLOAD_MAX);
	buf_add(&b, S("0 -\n"));
	o = json_out(&b);
	json_open(&o, '{');
	put_head(w, &o, h);
	json_add_str(&o, "context_team_id", id_write(w->arena, 'T', w->engine->workspace_id));
	json_key(&o, "context_enterprise_id");
	json_put_null(&o);
	json_key(&o, "event");
	if (n->written.n) {
		json_put_raw(&o, n->written);
	} else {
		json_open(&o, '{');
		n->write(n, &o);
		json_close(&o, '}');
	}
	json_add_str(&o, "type", S("event_callback"));
	json_add_str(&o, "event_id", arena_printf(w->arena, "Ev" STR_FMT, STR_ARG(str_n(number.p + 1, number.n - 1))));
	json_add_int(&o, "event_time", w->now / 1000);
	json_key(&o, "authorizations");
	json_open(&o, '[');
	app_put_authorization(w, &o, h);
	json_close(&o, ']');
	json_add_bool(&o, "is_ext_shared_channel", false);
	json_add_str(&o, "event_context", context_of(n, h));
	json_close(&o, '}');
	return b.failed ? (buf_done(&b), S("")) : buf_keep(w->arena, &b);
}

static struct str too_many(struct work *w, const struct app_hearer *h)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	buf_add(&b, S("0 -\n"));
	o = json_out(&b);
	json_open(&o, '{');
	put_head(w, &o, h);
	json_add_str(&o, "type", S("app_rate_limited"));
	json_add_int(&o, "minute_rate_limited", w->now / MINUTE * 60);
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

struct app_room {
	int64_t left;     /* so many at least may still wait for the app */
	wall_ms full_until;
};

/* How many more may wait: takes one. Counting thousands for each message would be what messages take most of their time for, so
 * they are counted when there may be no room, and of an app that is full once a second. */
static int64_t take_room(struct work *w, int64_t app_id)
{
	struct map *rooms = &w->engine->loop->app_rooms;
	struct app_room *r = map_get(rooms, (uint64_t)app_id);

	if (!r)
		map_put(rooms, (uint64_t)app_id, r = mem_new(sizeof *r));
	if (r->left <= 1 && w->now >= r->full_until) {
		r->left = APP_EVENTS_WAITING_MAX - store_outbox_count(w->engine->db, app_id, KIND_APP_EVENT, APP_EVENTS_WAITING_MAX);
		r->full_until = r->left > 1 ? 0 : w->now + SECOND;
	}
	return r->left > 0 ? r->left-- : 0;
}

bool news_add(const struct news *n, const struct app_hearer *h)
{
	struct work *w = n->w;
	int64_t room = take_room(w, h->app_id), id = engine_id(w);
	struct str text;

	if (!room)
		return true;
	text = room == 1 ? too_many(w, h) : payload(n, h, id);
	effect_wake(w);
	return !text.n || store_due_add(w->engine->db, DUE_OUTBOX, h->app_id, id, w->now, KIND_APP_EVENT, text, n->err);
}

static bool sees(const struct news *n, int64_t user_id)
{
	if (n->only_user)
		return user_id == n->only_user;
	return !n->channel || !n->members_only || chat_is_member(n->w, n->channel->id, user_id);
}

/* Somebody who lets the app hear this for them, and may see it: *h becomes theirs. */
static bool lets_hear(const struct news *n, struct app_hearer *h)
{
	struct engine *e = n->w->engine;
	struct str bot, user, needed = app_event_scope(str_of(n->subscription));
	struct app_grant *all;
	int64_t bot_user;
	size_t count;

	if (!needed.n || !store_app_scopes(e->db, n->w->arena, e->workspace_id, h->app_id, &bot_user, &bot, &user) || !app_scope_has(user, needed) ||
	    !store_grant_list(e->db, n->w->arena, e->workspace_id, h->app_id, &all, &count, n->err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (all[i].user_id != bot_user && (!all[i].scopes.n || app_scope_has(all[i].scopes, needed)) && sees(n, all[i].user_id)) {
			h->user_id = all[i].user_id;
			return true;
		}
	return false;
}

bool news_heard(const struct news *n, struct app_hearer *h)
{
	if (h->app_id == n->not_app || (n->only_app && h->app_id != n->only_app))
		return false;
	return h->for_people ? lets_hear(n, h) : sees(n, h->user_id);
}

/* To all who subscribe to it; an app hears it once. */
bool news_tell(struct news *n, const char *subscription)
{
	struct work *w = n->w;
	struct app_hearer *all;
	int64_t told = 0;
	size_t count;

	n->subscription = subscription;
	if (!store_app_hearers(w->engine->db, w->arena, w->engine->workspace_id, str_of(subscription), &all, &count, n->err))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (all[i].app_id == told || !news_heard(n, &all[i]))
			continue;
		told = all[i].app_id;
		if (!news_add(n, &all[i]))
			return false;
	}
	return n->err->code == ERR_NONE;
}

/* ---- whose an event is ---- */

bool apps_event_of(struct work *w, int64_t app_id, struct str context, struct app_hearer **out, size_t *count, struct err *err)
{
	struct engine *e = w->engine;
	struct str head, said, mac, part[5], bot, user, needed;
	struct news n = {.w = w, .err = err};
	struct app_grant *all;
	struct channel ch;
	int64_t number[4], bot_user;
	struct vec v = {0};

	mac = str_cut(str_cut(context, '-', &head), '-', &said);
	if (!str_is(head, "4") || !str_eq_secret(mac, context_mac(w, said)))
		return false;
	for (int i = 0; i < 5; i++)
		said = i < 4 ? str_cut(said, '.', &part[i]) : (part[4] = said);
	for (int i = 0; i < 4; i++)
		if (!str_to_int(part[i], &number[i]))
			return false;
	needed = app_event_scope(part[4]);
	if (number[0] != app_id || !store_app_scopes(e->db, w->arena, e->workspace_id, app_id, &bot_user, &bot, &user) || (number[1] && !store_channel_find(e->db, w->arena, number[1], &ch, err)) ||
	    !store_grant_list(e->db, w->arena, e->workspace_id, app_id, &all, count, err))
		return false;
	n.channel = number[1] ? &ch : NULL;
	n.only_user = number[2];
	n.members_only = number[3] != 0;
	if (sees(&n, bot_user))
		*(struct app_hearer *)vec_push(w->arena, &v, sizeof **out) = (struct app_hearer){app_id, bot_user, false};
	for (size_t i = 0; i < *count; i++)
		if (all[i].user_id != bot_user && (i == 0 || all[i].user_id != all[i - 1].user_id) && (!all[i].scopes.n || app_scope_has(all[i].scopes, needed)) && sees(&n, all[i].user_id))
			*(struct app_hearer *)vec_push(w->arena, &v, sizeof **out) = (struct app_hearer){app_id, all[i].user_id, true};
	*out = v.items;
	*count = v.count;
	return true;
}

/* ---- messages ---- */

static const char *message_subscription(const struct channel *c)
{
	if (c->kind == CHANNEL_PRIVATE)
		return channel_is_group_dm(c) ? "message.mpim" : "message.groups";
	return c->kind == CHANNEL_PUBLIC ? "message.channels" : "message.im";
}

static void put_where(const struct news *n, struct json_out *o, int64_t event_ts)
{
	json_add_str(o, "channel", channel_id_text(n->w->arena, n->channel));
	json_add_str(o, "event_ts", ts_text(n->w->arena, event_ts));
}

static void put_kind(const struct news *n, struct json_out *o)
{
	json_add_str(o, "channel_type", n->channel->kind == CHANNEL_PUBLIC ? S("channel") : n->channel->kind == CHANNEL_DM ? S("im") : channel_is_group_dm(n->channel) ? S("mpim") : S("group"));
}

static void write_said(const struct news *n, struct json_out *o)
{
	write_message_members(n->w, o, n->message);
	put_where(n, o, n->message->ts);
	put_kind(n, o);
}

static void write_mention(const struct news *n, struct json_out *o)
{
	const struct message *m = n->message;
	struct arena *a = n->w->arena;
	struct err ignored = {0};
	const struct json *blocks = json_get(m->body.n ? json_parse(a, m->body, JSON_LAST_KEY_WINS, &ignored) : NULL, "blocks");

	json_add_str(o, "type", S("app_mention"));
	json_add_str(o, "user", id_write(a, 'U', m->user_id));
	json_add_str(o, "text", m->text);
	json_add_str(o, "ts", ts_text(a, m->ts));
	if (m->thread_ts)
		json_add_str(o, "thread_ts", ts_text(a, m->thread_ts));
	json_add_str(o, "team", id_write(a, 'T', n->w->engine->workspace_id));
	if (blocks) {
		json_key(o, "blocks");
		json_put(o, blocks);
	}
	put_where(n, o, m->ts);
}

struct named {
	struct str ids[32];
	size_t count;
};

static void on_named(void *context, struct str id)
{
	struct named *named = context;

	if (named->count < COUNT_OF(named->ids))
		named->ids[named->count++] = id;
}

static bool is_named(const struct named *named, struct str id)
{
	for (size_t i = 0; i < named->count; i++)
		if (str_eq(named->ids[i], id))
			return true;
	return false;
}

static bool tell_mentioned(struct news *n)
{
	struct work *w = n->w;
	struct named named = {.count = 0};
	struct app_hearer *all;
	size_t count;

	(void)mrkdwn_mentions(n->message->text, on_named, &named);
	if (!named.count || n->channel->kind == CHANNEL_DM || !n->message->user_id)
		return true;
	if (!store_app_hearers(w->engine->db, w->arena, w->engine->workspace_id, S("app_mention"), &all, &count, n->err))
		return false;
	n->write = write_mention;
	n->subscription = "app_mention";
	n->not_app = n->message->bot_id;
	for (size_t i = 0; i < count; i++)
		if (is_named(&named, id_write(w->arena, 'U', all[i].user_id)) && !all[i].for_people && news_heard(n, &all[i]) && !news_add(n, &all[i]))
			return false;
	return true;
}

bool apps_hear_message(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_said, .message = m};
	bool notice = m->kind == MESSAGE_JOIN || m->kind == MESSAGE_LEAVE || m->kind == MESSAGE_TOPIC;

	return news_tell(&n, message_subscription(c)) && (notice || (tell_mentioned(&n) && news_links(&n)));
}

static void write_changed(const struct news *n, struct json_out *o)
{
	json_add_str(o, "type", S("message"));
	json_add_str(o, "subtype", str_of(n->type));
	json_add_bool(o, "hidden", true);
	if (n->message) {
		json_key(o, "message");
		write_message_object(n->w, o, n->message);
	} else {
		json_add_str(o, "deleted_ts", ts_text(n->w->arena, n->before->ts));
	}
	json_key(o, "previous_message");
	write_message_object(n->w, o, n->before);
	json_add_str(o, "ts", ts_text(n->w->arena, news_ts(n->w)));
	put_where(n, o, news_ts(n->w));
	put_kind(n, o);
}

bool apps_hear_changed(struct work *w, const struct channel *c, const struct message *before, const struct message *m, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_changed, .type = "message_changed", .message = m, .before = before};

	return news_tell(&n, message_subscription(c));
}

bool apps_hear_deleted(struct work *w, const struct channel *c, const struct message *m, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_changed, .type = "message_deleted", .before = m};

	return news_tell(&n, message_subscription(c));
}

/* ---- the others ---- */

static void write_reaction(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;

	json_add_str(o, "type", str_of(n->type));
	json_add_str(o, "user", id_write(a, 'U', n->user_id));
	json_add_str(o, "reaction", n->name);
	if (n->message->user_id)
		json_add_str(o, "item_user", id_write(a, 'U', n->message->user_id));
	json_key(o, "item");
	json_open(o, '{');
	json_add_str(o, "type", S("message"));
	json_add_str(o, "channel", channel_id_text(a, n->channel));
	json_add_str(o, "ts", ts_text(a, n->message->ts));
	json_close(o, '}');
	json_add_str(o, "event_ts", ts_text(a, news_ts(n->w)));
}

bool apps_hear_reaction(struct work *w, const struct channel *c, const struct message *m, int64_t user_id, struct str name, bool added, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_reaction, .type = added ? "reaction_added" : "reaction_removed",
			 .message = m, .user_id = user_id, .name = name};

	return news_tell(&n, n.type);
}

static void write_pinned_event(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;

	json_add_str(o, "type", str_of(n->type));
	json_add_str(o, "user", id_write(a, 'U', n->user_id));
	json_add_str(o, "channel_id", channel_id_text(a, n->channel));
	json_key(o, "item");
	json_open(o, '{');
	json_add_str(o, "type", S("message"));
	json_add_str(o, "channel", channel_id_text(a, n->channel));
	json_key(o, "message");
	write_message_object(n->w, o, n->message);
	json_close(o, '}');
	if (n->message->user_id)
		json_add_str(o, "item_user", id_write(a, 'U', n->message->user_id));
	json_add_str(o, "event_ts", ts_text(a, news_ts(n->w)));
}

bool apps_hear_pin(struct work *w, const struct channel *c, const struct message *m, int64_t user_id, bool added, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_pinned_event, .type = added ? "pin_added" : "pin_removed", .message = m, .user_id = user_id};

	return news_tell(&n, n.type);
}

static void write_member(const struct news *n, struct json_out *o)
{
	struct arena *a = n->w->arena;

	json_add_str(o, "type", str_of(n->type));
	json_add_str(o, "user", id_write(a, 'U', n->user_id));
	json_add_str(o, "channel_type", n->channel->kind == CHANNEL_PUBLIC ? S("C") : S("G"));
	json_add_str(o, "team", id_write(a, 'T', n->w->engine->workspace_id));
	if (n->other_id && n->other_id != n->user_id)
		json_add_str(o, "inviter", id_write(a, 'U', n->other_id));
	put_where(n, o, news_ts(n->w));
}

bool apps_hear_member(struct work *w, const struct channel *c, int64_t user_id, int64_t inviter_id, bool joined, struct err *err)
{
	struct news n = {.w = w, .err = err, .channel = c, .members_only = true, .write = write_member, .type = joined ? "member_joined_channel" : "member_left_channel",
			 .user_id = user_id, .other_id = inviter_id};

	return news_tell(&n, n.type);
}

/* ---- out of the outbox ---- */

static const span_ms again_after[] = {0, MINUTE, 5 * MINUTE}; /* Events API: three retries */

bool apps_hurry(struct work *w, int64_t app_id, struct err *err)
{
	effect_wake(w);
	return store_outbox_hurry(w->engine->db, app_id, KIND_APP_EVENT, w->now, err);
}

struct sending {
	struct app_order order;
};

bool app_event_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct arena *a = &post->arena;
	struct str head, body = str_cut(post->payload, '\n', &head), retry;
	struct app_manifest m;
	struct app app;
	struct sending *s;
	int64_t tries;

	if (!store_app_find(w->engine->db, w->arena, w->engine->workspace_id, row->home_id, &app, &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return false;
	}
	if (app.stopped || w->now - id_time(row->id) > APP_EVENT_LIFE)
		return false; /* nobody came for it */
	m = app_manifest_of(w->arena, &app);
	s = arena_zero(a, sizeof *s);
	s->order = (struct app_order){.app_id = app.id, .type = "events_api", .payload = body, .url = m.socket_mode ? S("") : arena_dup(a, m.events_url),
				      .secret = arena_dup(a, app_signing_secret(w, app.id)), .token = arena_dup(a, app_verification_token(w, app.id))};
	s->order.reason = str_cut(head, ' ', &retry);
	s->order.retry = str_to_int(retry, &tries) ? (int)tries : 0;
	if (!s->order.retry)
		s->order.reason = S("");
	post->adapter = s;
	return true;
}

/* It goes on waiting: for a connection, or for its next try. */
static void on_sent(void *context, const struct app_result *r)
{
	struct chat_post *post = context;
	const struct sending *s = post->adapter;
	int retry = s->order.retry;

	if (r->answer == APP_TOOK) {
		chat_posted(post, POST_DONE, 0, 0, S(""));
	} else if (r->answer == APP_ABSENT) {
		chat_posted(post, POST_RETRY, 0, wall_now() + APP_EVENT_LIFE, r->text);
	} else if (r->answer == APP_BROKE) {
		chat_posted(post, POST_RETRY, 0, wall_now(), r->text);
	} else if (r->no_retry || retry >= (int)COUNT_OF(again_after)) {
		chat_posted(post, POST_DONE, 1, 0, r->text);
	} else {
		post->kept = arena_printf(&post->arena, "%d " STR_FMT "\n" STR_FMT, retry + 1, STR_ARG(r->text), STR_ARG(s->order.payload));
		chat_posted(post, POST_RETRY, 0, wall_now() + again_after[retry], r->text);
	}
}

void app_event_send(struct chat_post *post)
{
	const struct sending *s = post->adapter;

	app_send(post->engine, &s->order, on_sent, post);
}

/* Of so many events not one was taken: the app is not there any more. `opsroom app update` lets it hear again. */
bool app_event_told(struct work *w, const struct chat_post *post, int64_t gave_up)
{
	static const struct app_manifest deaf;
	struct app app;

	if (!store_app_find(w->engine->db, w->arena, w->engine->workspace_id, post->home_id, &app, &w->err))
		return w->err.code == ERR_NONE;
	if (!gave_up && !app.failed)
		return true;
	app.failed = gave_up ? app.failed + 1 : 0;
	if (app.failed >= APP_STOPPED_AFTER && !app.stopped) {
		app.stopped = w->now;
		log_error(EV_APP_STOPPED, F_STR("app", app.name));
		if (!store_app_offers(w->engine->db, &app, NULL, &deaf, &w->err) || !apps_hurry(w, app.id, &w->err)) /* nothing more comes, what waits is dropped */
			return false;
	}
	return store_app_failed(w->engine->db, &app, &w->err);
}
