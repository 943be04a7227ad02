/* POST /upload/v1/ID/KEY: the bytes of a file that files.getUploadURLExternal named. The address itself is the authority, as Slack's is. */
#include "api/handlers.h"
#include "base/log.h"
#include "engine/file_bytes.h"
#include "engine/files.h"
#include "ops/file_type.h"

#include <inttypes.h>

struct str upload_key(struct work *w, int64_t file_id)
{
	uint8_t mac[32];

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "upload:%" PRId64, file_id), mac);
	return crypt_base32(w->arena, mac, sizeof mac);
}

struct coming {
	struct file file;
	size_t most; /* upload_max, which is the work thread's */
	struct err err; /* of its bytes; not x->err, which would end the exchange before the row says so */
};

/* The first file of a form, whatever its field is called; anything else is the file itself, whatever its type says: Python's SDK
 * calls all that it sends a form. */
static bool find_bytes(struct exchange *x, struct str *bytes, struct err *err)
{
	struct str type = http_header_get(x->request, "Content-Type");
	struct form form;

	*bytes = x->request->body;
	if (!content_type_is(type, "multipart/form-data"))
		return true;
	if (!form_parse_multipart(x_arena(x), type, x->request->body, &form, err))
		return false;
	for (size_t i = 0; i < form.count; i++)
		if (form.fields[i].file_name.p) {
			*bytes = form.fields[i].value;
			return true;
		}
	err_set(err, ERR_INVALID, "the form has no file");
	return false;
}

/* On a thread of libuv's pool: a disk may be slow. */
static void keep_bytes(struct exchange *x)
{
	struct coming *up = x->context;
	struct file *f = &up->file;
	struct str bytes;

	if (!find_bytes(x, &bytes, &up->err))
		return;
	if (!bytes.n)
		err_set(&up->err, ERR_INVALID, "the file is empty");
	else if (bytes.n > up->most)
		err_set(&up->err, ERR_TOO_BIG, "the file is larger than upload_max");
	else if (file_bytes_put(x_arena(x), x->work.engine->config.data_dir, f->id, bytes, &up->err))
		(void)picture_size(bytes, &f->width, &f->height);
	f->size_bytes = (int64_t)bytes.n;
}

static void bytes_kept(struct exchange *x)
{
	struct coming *up = x->context;
	struct engine *e = x->work.engine;

	if (!up->err.code) {
		if (files_came(&x->work, &up->file, &x->err))
			x_text(x, 200, arena_printf(x_arena(x), "OK - %" PRId64, up->file.size_bytes).p);
	} else if (store_upload_turn(e->db, e->workspace_id, up->file.id, UPLOAD_COMING, UPLOAD_OPEN, &x->err)) { /* whoever sent it may try again */
		x->err = up->err;
	}
}

static void start_keeping(struct exchange *x)
{
	x_think(x, keep_bytes, bytes_kept);
}

void upload_post(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct coming *up = arena_zero(x_arena(x), sizeof *up);
	enum upload_state state;
	struct str id_text, key = str_cut(x->rest, '/', &id_text);
	int64_t id;

	if (!id_parse(id_text, "F", &id) || !str_eq_secret(key, upload_key(&x->work, id)) ||
	    !store_upload_find(e->db, x_arena(x), e->workspace_id, id, &up->file, &state, &x->err) || state > UPLOAD_THERE) {
		if (!x->err.code)
			x_fail(x, ERR_NOT_FOUND, "there is no such upload");
		return;
	}
	if (state == UPLOAD_THERE) { /* once more, because the answer got lost */
		x_text(x, 200, arena_printf(x_arena(x), "OK - %" PRId64, up->file.size_bytes).p);
	} else if (state == UPLOAD_COMING) {
		x_fail(x, ERR_CONFLICT, "this file is being uploaded already");
	} else if (store_upload_turn(e->db, e->workspace_id, id, UPLOAD_OPEN, UPLOAD_COMING, &x->err)) {
		up->most = e->config.upload_max;
		x->context = up;
		x->finish = start_keeping;
	}
}
