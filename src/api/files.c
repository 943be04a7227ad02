/* GET /files/ID/NAME: the bytes of a file, for those who may read the message that brought it. */
#include "api/handlers.h"
#include "base/log.h"
#include "engine/file_bytes.h"
#include "engine/files.h"

/* What a browser may show by itself; anything else is saved. SVG is a program. */
static bool is_picture(struct str mimetype)
{
	static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};

	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_is(mimetype, types[i]))
			return true;
	return false;
}

/* RFC 6266: the plain name has only what every client reads alike, the other one is the name. */
static void put_disposition(struct exchange *x, const struct file *f, bool inline_)
{
	struct buf plain;

	buf_init(&plain, 300);
	for (size_t i = 0; i < f->name.n && i < 255; i++) {
		char c = f->name.p[i];

		buf_char(&plain, c > ' ' && c < 127 && c != '"' && c != '\\' && c != '%' && c != ';' ? c : '_');
	}
	buf_printf(&x->headers, "Content-Disposition: %s; filename=\"" STR_FMT "\"; filename*=UTF-8''" STR_FMT "\r\n", inline_ ? "inline" : "attachment",
		   STR_ARG(buf_str(&plain)), STR_ARG(percent_encode(x_arena(x), f->name)));
	buf_done(&plain);
}

/* On a thread of libuv's pool: a disk may be slow. */
static void read_bytes(struct exchange *x)
{
	const struct file *f = x->context;
	struct err why = {0};

	buf_reset(&x->body);
	if (file_bytes_get(x_arena(x), x->api->engine->config.data_dir, f->id, &x->body, &why))
		return;
	log_error(EV_FILE_UNREADABLE, F_TXT("error", why.text));
	x_fail(x, why.code, "the bytes of this file cannot be read");
}

static void bytes_read(struct exchange *x)
{
	const struct file *f = x->context;
	bool picture = is_picture(f->mimetype), download = str_find(x->rest, S("/download/"), NULL);

	if (x->err.code)
		return;
	x->status = 200;
	x->content_type = picture ? f->mimetype.p : "application/octet-stream";
	put_disposition(x, f, picture && !download);
	buf_add(&x->headers, S("Content-Security-Policy: default-src 'none'; sandbox\r\nCross-Origin-Resource-Policy: same-origin\r\n"
			       "Cache-Control: private, max-age=86400, immutable\r\n"));
}

static void start_reading(struct exchange *x)
{
	x_think(x, read_bytes, bytes_read);
}

/* Who may not read the channel is not told that there is such a file. */
void files_get(struct exchange *x)
{
	struct str id_text;
	struct file *f;
	size_t count;
	int64_t id;

	str_cut(x->rest, '/', &id_text);
	if (!id_parse(id_text, "F", &id) || !files_seen(&x->work, x->user.id, id, &f, &count, &x->err) || !count) {
		if (!x->err.code)
			x_fail(x, ERR_NOT_FOUND, "there is no such file");
		return;
	}
	x->context = f;
	x->finish = start_reading;
}
