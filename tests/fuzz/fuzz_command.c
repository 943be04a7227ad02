/* What people say to @srebot: any line, through the table of commands of a real engine with an alert in it. Answers are
 * UTF-8 and JSON, a refusal says why, the audit has it; only our own fault may fail the item. Every input is undone. */
#include "../unit/engine_fixture.h"
#include "commands/command.h"
#include "fuzz.h"
#include "store/aliases.h"
#include "store/journal.h"

static struct room room;

static void close_room(void)
{
	room_close(&room);
}

static bool alert_in(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("api"),
			     .channel_id = room.channel_id,
			     .body = S("[{\"labels\":{\"alertname\":\"DiskFull\",\"severity\":\"page\"}}]")};

	/* What begins with `x` goes through an alias. */
	struct alias x = {.workspace_id = w->engine->workspace_id, .name = S("x"), .line = S("alerts ${1:-all} | where title != \"$2\" | head $3"), .scope = ALIAS_USER, .owner_id = room.user_id};

	(void)context;
	return store_alias_put(w->engine->db, &x, &w->err) && alerts_receive_v2(w, &d);
}

static bool say(struct work *w, void *context)
{
	struct user ann = {
		.id = room.user_id, .workspace_id = w->engine->workspace_id, .name = S("ann"), .role = ROLE_RESPONDER};
	struct caller who = {.user = &ann, .scope = SCOPE_WRITE, .via = "slash", .channel_id = room.channel_id};
	struct audit_filter newest = {.limit = 1};
	struct audit_record *record;
	struct command_result r;
	struct err err = {0};
	size_t count;

	need(command_run(w, &who, *(struct str *)context, &r));
	need(r.ok == (r.err.code == ERR_NONE) && r.text.n > 0 && str_is_utf8(r.text));
	if (r.data.n)
		need(json_parse(w->arena, r.data, JSON_STRICT, &err) != NULL);
	need(store_audit_search(w->engine->db, w->arena, w->engine->workspace_id, &newest, &record, &count, &err) &&
	     count == 1);
	need(json_parse(w->arena, record->detail, JSON_STRICT, &err) != NULL);
	need((str_is(record->result, "ok") || str_is(record->result, "planned")) == r.ok);
	need(alerts_reload(w->engine, &err));
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0}, undone = {0};

	if (!room.e) {
		room_open(&room);
		room_run(&room, alert_in, NULL);
		atexit(close_room);
	}
	(void)room_try(&room, say, &in, &undone);
	need(alerts_reload(room.e, &err));
	free((char *)in.p);
	return 0;
}
