/* users.profile.*, users.setPresence, dnd.*: what people tell of themselves. Nothing of it keeps an alert from anybody. */
#include "api/slack.h"
#include "engine/app_events.h"
#include "engine/slack_json.h"
#include "store/chat.h"
#include "store/profiles.h"

#define STATUS_MAX 100 /* users.profile.set: too_long */
#define SNOOZE_MOST (24 * 60)

static bool profile_of(struct slack_call *c, int64_t user_id, struct profile *p)
{
	struct err err = {0};

	if (store_profile_get(c->w->engine->db, c->w->arena, c->w->engine->workspace_id, user_id, p, &err))
		return true;
	slack_failed(c, &err);
	return false;
}

static bool keep_profile(struct slack_call *c, const struct profile *p)
{
	struct err err = {0};

	if (store_profile_put(c->w->engine->db, c->w->engine->workspace_id, c->me, p, &err))
		return true;
	slack_failed(c, &err);
	return false;
}

static void tell_user_change(struct slack_call *c)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("user_change"));
	json_key(&o, "user");
	write_user_object(c->w, &o, &c->x->user, false);
	json_add_str(&o, "event_ts", ts_text(c->w->arena, c->w->now * 1000));
	json_close(&o, '}');
	effect_publish_all(c->w, buf_keep(c->w->arena, &b));
}

/* ---- users.profile ---- */

static void put_profile(struct slack_call *c, const struct user *u)
{
	json_key(&c->out, "profile");
	write_profile_object(c->w, &c->out, u, true);
}

void slack_users_profile_get(struct slack_call *c)
{
	struct user u = c->x->user;

	if (!arg(c, "user").n || arg_user(c, "user", &u))
		put_profile(c, &u);
}

static bool is_text(const struct json *v, struct str *out, size_t most)
{
	if (!json_is(v, JSON_STR) || v->text.n > most)
		return false;
	*out = v->text;
	return true;
}

/* One field; what is not ours to keep (pictures, names of speech) is passed over. */
static const char *set_field(struct slack_call *c, struct profile *p, struct user *u, struct str name, const struct json *v)
{
	static const char *const too_long = "too_long";

	if (str_is(name, "status_text"))
		return is_text(v, &p->status_text, STATUS_MAX * 4) ? NULL : too_long;
	if (str_is(name, "status_emoji"))
		return is_text(v, &p->status_emoji, 100) ? NULL : "profile_status_set_failed_not_valid_emoji";
	if (str_is(name, "display_name"))
		return is_text(v, &p->display_name, 80) ? NULL : too_long;
	if (str_is(name, "title"))
		return is_text(v, &p->title, 250) ? NULL : too_long;
	if (str_is(name, "phone"))
		return is_text(v, &p->phone, 100) ? NULL : too_long;
	if (str_is(name, "real_name"))
		return is_text(v, &u->real_name, 120) && str_trim(u->real_name).n ? NULL : "invalid_profile";
	if (str_is(name, "status_expiration")) {
		int64_t at = v->type == JSON_INT ? v->i : -1;

		if (at < 0 || at > INT64_MAX / SECOND || (at && at * SECOND <= c->w->now))
			return "invalid_profile";
		p->status_until = at * SECOND;
	}
	return NULL;
}

/* `profile` as JSON, or one field by `name` and `value`. */
static const char *read_profile(struct slack_call *c, struct profile *p, struct user *u)
{
	const struct json *all = arg_json(c, "profile");
	struct json one = {.type = JSON_STR, .text = arg(c, "value")};
	const char *problem = NULL;
	bool status = false, until = false;

	if (arg(c, "name").n && !all) {
		if (str_is(arg(c, "name"), "status_expiration")) {
			one.type = JSON_INT;
			one.i = arg_int(c, "value", -1);
		}
		return set_field(c, p, u, arg(c, "name"), &one);
	}
	if (!json_is(all, JSON_OBJECT))
		return "invalid_profile";
	for (const struct json *v = all->child; v && !problem; v = v->next) {
		problem = set_field(c, p, u, v->key, v);
		status = status || str_is(v->key, "status_text") || str_is(v->key, "status_emoji");
		until = until || str_is(v->key, "status_expiration");
	}
	if (status && !until) /* another status does not end with the one before */
		p->status_until = 0;
	return problem;
}

void slack_users_profile_set(struct slack_call *c)
{
	struct user *u = &c->x->user, him;
	struct str old = u->real_name;
	struct err err = {0};
	const char *problem;
	struct profile p;

	if (arg(c, "user").n && !arg_user(c, "user", &him))
		return;
	if (arg(c, "user").n && him.id != c->me) {
		slack_error(c, "cannot_update_admin_user");
		return;
	}
	if (!profile_of(c, c->me, &p))
		return;
	problem = read_profile(c, &p, u);
	if (problem) {
		slack_error(c, problem);
		return;
	}
	if (!str_eq(old, u->real_name) && !store_user_set(c->w->engine->db, u, c->w->now, &err)) {
		slack_failed(c, &err);
		return;
	}
	if (!keep_profile(c, &p))
		return;
	if (!apps_hear_user(c->w, u, "user_change", &err)) {
		slack_failed(c, &err);
		return;
	}
	tell_user_change(c);
	put_profile(c, u);
}

void slack_users_set_presence(struct slack_call *c)
{
	struct profile p;
	struct str presence;

	if (!arg_need(c, "presence", &presence) || !profile_of(c, c->me, &p))
		return;
	if (!str_is(presence, "auto") && !str_is(presence, "away")) {
		slack_error(c, "invalid_presence");
		return;
	}
	p.away = str_is(presence, "away");
	(void)keep_profile(c, &p);
}

/* ---- do not disturb ---- */

/* There are no quiet hours here, only snoozing; 1 is Slack's own "never". */
static void put_dnd(struct slack_call *c, const struct profile *p)
{
	bool snoozing = p->snooze_until > c->w->now;

	json_add_bool(&c->out, "dnd_enabled", snoozing);
	json_add_int(&c->out, "next_dnd_start_ts", 1);
	json_add_int(&c->out, "next_dnd_end_ts", 1);
	json_add_bool(&c->out, "snooze_enabled", snoozing);
	if (snoozing) {
		json_add_int(&c->out, "snooze_endtime", p->snooze_until / 1000);
		json_add_int(&c->out, "snooze_remaining", (p->snooze_until - c->w->now) / 1000);
	}
}

static void tell_dnd(struct slack_call *c, const struct profile *p)
{
	struct str id = id_write(c->w->arena, 'U', c->me);
	bool snoozing = p->snooze_until > c->w->now;
	struct err err = {0};
	struct str event =
		arena_printf(c->w->arena,
			     "{\"type\":\"dnd_updated_user\",\"user\":\"" STR_FMT
			     "\",\"dnd_status\":{\"dnd_enabled\":%s,\"next_dnd_start_ts\":1,\"next_dnd_end_ts\":%lld},\"event_ts\":\"" STR_FMT "\"}",
			     STR_ARG(id), snoozing ? "true" : "false", (long long)(snoozing ? p->snooze_until / 1000 : 1), STR_ARG(ts_text(c->w->arena, c->w->now * 1000)));

	effect_publish_all(c->w, event);
	if (!apps_hear_written(c->w, "dnd_updated_user", event, 0, &err))
		slack_failed(c, &err);
}

void slack_dnd_info(struct slack_call *c)
{
	struct user u = c->x->user;
	struct profile p;

	if ((!arg(c, "user").n || arg_user(c, "user", &u)) && profile_of(c, u.id, &p))
		put_dnd(c, &p);
}

void slack_dnd_team_info(struct slack_call *c)
{
	struct str users, one;
	struct profile p;

	if (!arg_need(c, "users", &users))
		return;
	json_key(&c->out, "users");
	json_open(&c->out, '{');
	for (unsigned i = 0; i < 50 && users.n; i++) {
		int64_t id;

		users = str_cut(users, ',', &one);
		if (!id_parse(str_trim(one), "UW", &id))
			continue;
		if (!profile_of(c, id, &p))
			return;
		json_key_str(&c->out, id_write(c->w->arena, 'U', id));
		json_open(&c->out, '{');
		json_add_bool(&c->out, "dnd_enabled", p.snooze_until > c->w->now);
		json_add_int(&c->out, "next_dnd_start_ts", 1);
		json_add_int(&c->out, "next_dnd_end_ts", p.snooze_until > c->w->now ? p.snooze_until / 1000 : 1);
		json_close(&c->out, '}');
	}
	json_close(&c->out, '}');
}

void slack_dnd_set_snooze(struct slack_call *c)
{
	int64_t minutes = arg_int(c, "num_minutes", 0);
	struct profile p;
	struct str given;

	if (!arg_need(c, "num_minutes", &given) || !profile_of(c, c->me, &p))
		return;
	if (minutes < 1 || minutes > SNOOZE_MOST) {
		slack_error(c, minutes < 1 ? "missing_duration" : "too_long");
		return;
	}
	p.snooze_until = c->w->now + minutes * MINUTE;
	if (!keep_profile(c, &p))
		return;
	tell_dnd(c, &p);
	json_add_bool(&c->out, "snooze_enabled", true);
	json_add_int(&c->out, "snooze_endtime", p.snooze_until / 1000);
	json_add_int(&c->out, "snooze_remaining", minutes * 60);
}

static void end_snooze(struct slack_call *c, bool must)
{
	struct profile p;

	if (!profile_of(c, c->me, &p))
		return;
	if (must && p.snooze_until <= c->w->now) {
		slack_error(c, "snooze_not_active");
		return;
	}
	p.snooze_until = 0;
	if (!keep_profile(c, &p))
		return;
	tell_dnd(c, &p);
	if (must)
		put_dnd(c, &p);
}

void slack_dnd_end_snooze(struct slack_call *c)
{
	end_snooze(c, true);
}

void slack_dnd_end(struct slack_call *c)
{
	end_snooze(c, false);
}
