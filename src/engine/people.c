#include "engine/people.h"

#include "engine/app_events.h"
#include "engine/messages.h"
#include "store/chat.h"

bool person_name_ok(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return name.n > 0 && name.n <= 60;
}

void person_tell(struct work *w, const struct user *u)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "type", S("user_changed"));
	json_key(&o, "user");
	chat_write_boot_user(w, &o, u);
	json_close(&o, '}');
	effect_publish_all(w, arena_dup(w->arena, buf_str(&b)));
	buf_done(&b);
}

bool person_make(struct work *w, struct user *u, struct err *err)
{
	u->id = engine_id(w);
	u->workspace_id = w->engine->workspace_id;
	u->created = u->updated = w->now;
	if (!u->real_name.n)
		u->real_name = u->name;
	u->email = arena_lower(w->arena, u->email);
	if (!store_user_add(w->engine->db, u, err))
		return false;
	person_tell(w, u);
	return apps_hear_user(w, u, "team_join", err);
}

static bool join(struct work *w, int64_t user_id, const char *name, struct err *err)
{
	struct channel c;
	int64_t id;
	bool was;

	if (!store_name_find(w->engine->db, w->engine->workspace_id, "channel", str_of(name), &id, err))
		return err->code == ERR_NONE;
	return store_channel_find(w->engine->db, w->arena, id, &c, err) && chat_join(w, &c, user_id, 0, &was, err);
}

bool person_join_first(struct work *w, int64_t user_id, struct err *err)
{
	return join(w, user_id, "general", err) && join(w, user_id, "sre-alerts", err);
}
