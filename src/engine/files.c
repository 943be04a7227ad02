#include "engine/files.h"

#include "engine/app_events.h"
#include "engine/messages.h"
#include "ops/file_type.h"
#include "store/chat.h"

static bool refuse(struct err *err, enum err_code code, const char *name)
{
	err_set(err, code, "%s", name);
	return false;
}

bool files_seen(struct work *w, int64_t user_id, int64_t file_id, struct file **shares, size_t *count, struct err *err)
{
	struct engine *e = w->engine;
	enum upload_state state;
	struct file *all, alone;
	size_t found, n = 0;

	*count = 0;
	if (!store_file_shares(e->db, w->arena, file_id, &all, &found, err))
		return false;
	for (size_t i = 0; i < found; i++) {
		struct err none = {0};
		struct channel ch;

		if (chat_channel(w, user_id, id_write(w->arena, 'C', all[i].channel_id), &ch, &none))
			all[n++] = all[i];
	}
	if (!found && store_upload_find(e->db, w->arena, e->workspace_id, file_id, &alone, &state, err) && state == UPLOAD_PRIVATE && alone.user_id == user_id) {
		all = arena_alloc(w->arena, sizeof *all);
		all[n++] = alone;
	}
	*shares = all;
	*count = n;
	return err->code == ERR_NONE;
}

bool files_expect(struct work *w, struct file *f, struct err *err)
{
	f->id = engine_id(w);
	f->created = w->now;
	f->mimetype = str_of(file_type_of(f->name)->mimetype);
	return store_upload_add(w->engine->db, w->engine->workspace_id, f, err);
}

bool files_came(struct work *w, const struct file *f, struct err *err)
{
	return store_upload_came(w->engine->db, w->engine->workspace_id, f, err);
}

bool files_ready(struct work *w, int64_t user_id, int64_t file_id, struct file *out, struct err *err)
{
	enum upload_state state;

	if (store_upload_find(w->engine->db, w->arena, w->engine->workspace_id, file_id, out, &state, err) && state == UPLOAD_THERE && out->user_id == user_id)
		return true;
	return err->code == ERR_NONE && refuse(err, ERR_NOT_FOUND, "file_not_found");
}

static bool says_nothing(struct work *w, const struct message *m)
{
	struct err ignored = {0};
	struct file *left;
	size_t count;

	return !str_trim(m->text).n && m->body.n <= 2 && store_file_list(w->engine->db, w->arena, m->channel_id, m->ts, &left, &count, &ignored) && !count;
}

static bool take_from_message(struct work *w, const struct file *share, struct err *err)
{
	struct channel ch;
	struct message m;

	if (!store_channel_find(w->engine->db, w->arena, share->channel_id, &ch, err) || !store_message_find(w->engine->db, w->arena, ch.id, share->ts, &m, err) || m.deleted)
		return err->code == ERR_NONE;
	return says_nothing(w, &m) ? chat_delete_message(w, &ch, &m, err) : chat_tell_changed(w, &ch, &m, err);
}

bool files_delete(struct work *w, int64_t user_id, int64_t file_id, bool anyones, struct err *err)
{
	struct engine *e = w->engine;
	struct file *seen, *all;
	struct channel ch;
	size_t count, n;

	if (!files_seen(w, user_id, file_id, &seen, &count, err))
		return false;
	if (!count)
		return refuse(err, ERR_NOT_FOUND, "file_not_found");
	if (seen[0].user_id != user_id && !anyones)
		return refuse(err, ERR_FORBIDDEN, "cant_delete_file");
	if (!seen[0].channel_id)
		return store_upload_turn(e->db, e->workspace_id, file_id, UPLOAD_PRIVATE, UPLOAD_GONE, err);
	if (!store_file_shares(e->db, w->arena, file_id, &all, &n, err) || !store_file_delete(e->db, file_id, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!take_from_message(w, &all[i], err))
			return false;
	return store_channel_find(e->db, w->arena, all[0].channel_id, &ch, err) && apps_hear_file(w, &ch, file_id, user_id, "file_deleted", err);
}
