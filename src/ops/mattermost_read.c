/* What Mattermost's API and WebSocket say. */
#include "ops/mattermost.h"

bool mm_id_ok(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!(id.p[i] >= 'a' && id.p[i] <= 'z') && !(id.p[i] >= '0' && id.p[i] <= '9'))
			return false;
	return id.n == 26;
}

static bool get_id(const struct json *v, const char *key, struct str *out)
{
	*out = json_get_str(v, key);
	return mm_id_ok(*out);
}

bool mm_user_read(struct arena *a, const struct json *v, struct mm_user *out)
{
	struct str first = json_get_str(v, "first_name"), last = json_get_str(v, "last_name"), nick = json_get_str(v, "nickname");

	*out = (struct mm_user){.username = json_get_str(v, "username"), .email = json_get_str(v, "email"), .is_bot = json_get_bool(v, "is_bot", false)};
	out->email_proven = json_get_str(v, "auth_service").n || json_get_bool(v, "email_verified", false);
	out->real_name = nick.n ? nick : first.n && last.n ? arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(first), STR_ARG(last)) : first.n ? first : last;
	return get_id(v, "id", &out->id) && out->username.n > 0;
}

bool mm_channel_read(const struct json *v, struct mm_channel *out)
{
	struct str type = json_get_str(v, "type");

	*out = (struct mm_channel){.name = json_get_str(v, "name"), .team_id = json_get_str(v, "team_id"), .topic = json_get_str(v, "header")};
	out->type = type.n == 1 ? *type.p : '\0';
	out->last_post = json_get_int(v, "last_post_at", 0);
	out->gone = json_get_int(v, "delete_at", 0) > 0;
	return get_id(v, "id", &out->id);
}

bool mm_post_read(const struct json *v, struct mm_post *out)
{
	const struct json *props = json_get(v, "props");

	*out = (struct mm_post){.message = json_get_str(v, "message"), .type = json_get_str(v, "type"), .root_id = json_get_str(v, "root_id")};
	out->created = json_get_int(v, "create_at", 0);
	out->updated = json_get_int(v, "update_at", 0);
	out->edited = json_get_int(v, "edit_at", 0);
	out->deleted = json_get_int(v, "delete_at", 0);
	out->pinned = json_get_bool(v, "is_pinned", false);
	out->key = json_get_str(props, MM_KEY);
	out->by_webhook = json_get_bool(props, "from_webhook", false);
	out->webhook = json_get_str(props, "override_username");
	out->header = json_get_str(props, "new_header");
	out->attachments = json_get(props, "attachments");
	out->metadata = json_get(v, "metadata");
	return get_id(v, "id", &out->id) && get_id(v, "channel_id", &out->channel_id) && get_id(v, "user_id", &out->user_id) && (!out->root_id.n || mm_id_ok(out->root_id));
}

struct mm_post *mm_posts_read(struct arena *a, const struct json *list, size_t *count)
{
	const struct json *order = json_get(list, "order"), *posts = json_get(list, "posts");
	size_t n = json_is(order, JSON_ARRAY) ? order->count : 0, at = n;
	struct mm_post *all = arena_zero(a, (n + 1) * sizeof *all);

	*count = 0;
	for (const struct json *id = n ? order->child : NULL; id; id = id->next) {
		const struct json *post = id->type == JSON_STR && mm_id_ok(id->text) ? json_get(posts, arena_dup(a, id->text).p) : NULL;

		if (mm_post_read(post, &all[at - 1])) {
			at--;
			(*count)++;
		}
	}
	return all + at;
}

bool mm_reaction_read(const struct json *v, struct mm_reaction *out)
{
	*out = (struct mm_reaction){.name = json_get_str(v, "emoji_name"), .at = json_get_int(v, "create_at", 0)};
	return get_id(v, "user_id", &out->user_id) && get_id(v, "post_id", &out->post_id) && out->name.n > 0;
}

/* Many are texts with JSON in them. */
static const struct json *inner(struct arena *a, const struct json *data, const char *key)
{
	const struct json *v = json_get(data, key);
	struct err ignored = {0};

	return json_is(v, JSON_STR) ? json_parse(a, v->text, JSON_LAST_KEY_WINS, &ignored) : v;
}

static bool read_reply(const struct json *v, struct mm_event *out)
{
	if (!json_get(v, "seq_reply"))
		return false;
	out->kind = MM_REPLY;
	out->seq = json_get_int(v, "seq_reply", 0);
	out->ok = str_is(json_get_str(v, "status"), "OK");
	out->error = json_get_str(json_get(v, "error"), "message");
	return true;
}

static const struct {
	const char *name;
	enum mm_event_kind kind;
} events[] = {
	{"hello", MM_HELLO},
	{"posted", MM_POSTED},
	{"post_edited", MM_EDITED},
	{"post_deleted", MM_DELETED},
	{"reaction_added", MM_REACTED},
	{"reaction_removed", MM_UNREACTED},
	{"channel_updated", MM_CHANNEL},
	{"channel_deleted", MM_CHANNEL_GONE},
	{"user_added", MM_CAME},
	{"direct_added", MM_CAME},
	{"user_removed", MM_WENT},
	{"user_updated", MM_USER},
};

/* Of who left, their own connections are told the channel, the channel is told who. */
static bool read_members(const struct json *data, const struct json *broadcast, struct mm_event *out)
{
	struct str channel = json_get_str(data, "channel_id"), user = json_get_str(data, "user_id");

	out->channel_id = channel.n ? channel : json_get_str(broadcast, "channel_id");
	out->user_id = user.n ? user : json_get_str(broadcast, "user_id");
	return mm_id_ok(out->channel_id) && (!out->user_id.n || mm_id_ok(out->user_id));
}

static bool read_data(struct arena *a, const struct json *v, struct mm_event *out)
{
	const struct json *data = json_get(v, "data"), *broadcast = json_get(v, "broadcast");
	struct str type = json_get_str(data, "channel_type");

	out->channel_type = type.n == 1 ? *type.p : '\0';
	out->channel_id = json_get_str(broadcast, "channel_id");
	switch (out->kind) {
	case MM_POSTED:
	case MM_EDITED:
	case MM_DELETED:
		return mm_post_read(inner(a, data, "post"), &out->post);
	case MM_REACTED:
	case MM_UNREACTED:
		return mm_reaction_read(inner(a, data, "reaction"), &out->reaction) && mm_id_ok(out->channel_id);
	case MM_CHANNEL:
		return mm_channel_read(inner(a, data, "channel"), &out->channel);
	case MM_CAME:
	case MM_WENT:
	case MM_CHANNEL_GONE:
		return read_members(data, broadcast, out);
	case MM_USER:
		return mm_user_read(a, inner(a, data, "user"), &out->user);
	default:
		return true;
	}
}

bool mm_event_read(struct arena *a, struct str text, struct mm_event *out, struct err *err)
{
	const struct json *v = json_parse(a, text, JSON_LAST_KEY_WINS, err);
	struct str name = json_get_str(v, "event");

	*out = (struct mm_event){.seq = json_get_int(v, "seq", -1)};
	if (!v)
		return false;
	if (v->type != JSON_OBJECT) {
		err_set(err, ERR_INVALID, "an event is a JSON object");
		return false;
	}
	if (read_reply(v, out))
		return true;
	for (size_t i = 0; i < COUNT_OF(events); i++)
		if (str_is(name, events[i].name))
			out->kind = events[i].kind;
	if (!read_data(a, v, out))
		out->kind = MM_OTHER; /* of a version that says it otherwise, or nothing that concerns us */
	return true;
}

struct str mm_error(struct arena *a, int status, struct str body)
{
	struct err ignored = {0};
	const struct json *v = body.n ? json_parse(a, body, JSON_LAST_KEY_WINS, &ignored) : NULL;
	struct str said = json_get_str(v, "message"), id = json_get_str(v, "id");

	if (!said.n)
		return arena_printf(a, "HTTP status %d", status);
	return arena_printf(a, STR_FMT " (%d, " STR_FMT ")", STR_ARG(str_clip(said, 200)), status, STR_ARG(str_clip(id, 100)));
}
