/* files.*: the upload in three steps, and what there is (docs.slack.dev, Working with files). */
#include "api/handlers.h"
#include "api/slack.h"
#include "engine/app_events.h"
#include "engine/file_bytes.h"
#include "engine/files.h"
#include "engine/messages.h"
#include "engine/slack_json.h"
#include "store/chat.h"

#define NAME_MAX_BYTES 255
#define TITLE_MAX_BYTES 1000
#define ALT_MAX 1000      /* files.getUploadURLExternal: alt_txt_too_large */
#define FILES_AT_ONCE 20
#define CHANNELS_AT_ONCE 20

/* ---- files.getUploadURLExternal ---- */

void slack_files_upload_url(struct slack_call *c)
{
	struct file f = {.user_id = c->me, .size_bytes = arg_int(c, "length", 0), .alt = arg_given(c, "alt_txt") ? arg(c, "alt_txt") : arg(c, "alt_text")};
	struct arena *a = c->w->arena;
	struct err err = {0};
	struct str ignored;

	if (!arg_need(c, "filename", &f.name) || !arg_need(c, "length", &ignored))
		return;
	f.name = str_clip(str_trim(f.name), NAME_MAX_BYTES);
	if (!f.name.n || f.size_bytes <= 0) {
		slack_error(c, "missing_argument");
		return;
	}
	if ((uint64_t)f.size_bytes > c->w->engine->config.upload_max || f.alt.n > ALT_MAX) {
		slack_error(c, f.alt.n > ALT_MAX ? "alt_txt_too_large" : "file_upload_size_restricted");
		return;
	}
	f.title = f.name;
	if (!files_expect(c->w, &f, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_add_str(&c->out, "upload_url", arena_printf(a, STR_FMT UPLOAD_PATH STR_FMT "/" STR_FMT, STR_ARG(c->w->engine->config.public_url), STR_ARG(id_write(a, 'F', f.id)),
							 STR_ARG(upload_key(c->w, f.id))));
	json_add_str(&c->out, "file_id", id_write(a, 'F', f.id));
}

/* ---- files.completeUploadExternal ---- */

static bool read_files(struct slack_call *c, struct file *files, size_t *count)
{
	const struct json *list = arg_json(c, "files");
	struct err err = {0};
	struct str given;
	int64_t id;

	*count = 0;
	if (!arg_need(c, "files", &given))
		return false;
	if (!json_is(list, JSON_ARRAY) || !list->count || list->count > FILES_AT_ONCE) {
		slack_error(c, "invalid_arguments");
		return false;
	}
	for (const struct json *v = list->child; v; v = v->next) {
		struct file *f = &files[*count];
		struct str title = str_trim(json_get_str(v, "title"));

		if (!id_parse(json_get_str(v, "id"), "F", &id) || !files_ready(c->w, c->me, id, f, &err)) {
			slack_failed(c, err.code ? &err : &(struct err){ERR_NOT_FOUND, "file_not_found"});
			return false;
		}
		for (size_t i = 0; i < *count; i++)
			if (files[i].id == id) {
				slack_error(c, "invalid_arguments");
				return false;
			}
		if (title.n)
			f->title = str_clip(title, TITLE_MAX_BYTES);
		++*count;
	}
	return true;
}

static bool read_channels(struct slack_call *c, struct channel *to, size_t *count)
{
	struct str refs = arg(c, "channel_id").n ? arg(c, "channel_id") : arg(c, "channels"), one;
	struct err err = {0};

	*count = 0;
	while (refs.n) {
		refs = str_cut(refs, ',', &one);
		if (*count == CHANNELS_AT_ONCE) {
			slack_error(c, "invalid_channel");
			return false;
		}
		if (!chat_channel(c->w, c->me, one, &to[*count], &err)) {
			slack_failed(c, &err);
			return false;
		}
		if (!chat_is_member(c->w, to[*count].id, c->me)) {
			slack_failed(c, &(struct err){ERR_FORBIDDEN, "not_in_channel"});
			return false;
		}
		++*count;
	}
	return true;
}

/* What is said with them: as in chat.postMessage, but that it may be nothing. */
static bool read_comment(struct slack_call *c, struct message *m)
{
	struct str comment = arg(c, "initial_comment"), details;
	const struct json *blocks = arg_json(c, "blocks");
	struct err err = {0};
	const char *error;
	struct json_out o;
	struct buf b;

	if (arg(c, "thread_ts").n && !ts_parse(arg(c, "thread_ts"), &m->thread_ts)) {
		slack_error(c, "invalid_thread_ts");
		return false;
	}
	if (!str_trim(comment).n && !blocks)
		return true;
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "text", comment);
	if (blocks) {
		json_key(&o, "blocks");
		json_put(&o, blocks);
	}
	json_close(&o, '}');
	if (slack_read_message(c->w, json_parse(c->w->arena, buf_keep(c->w->arena, &b), JSON_STRICT, &err), NULL, false, m, &error, &details))
		return true;
	slack_error(c, error);
	return false;
}

static bool keep_alone(struct slack_call *c, const struct file *files, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!store_upload_keep(c->w->engine->db, c->w->engine->workspace_id, &files[i], err))
			return false;
	return true;
}

static bool share(struct slack_call *c, struct channel *to, size_t channels, const struct message *said, struct file *files, size_t count, struct err *err)
{
	for (size_t i = 0; i < channels; i++) {
		struct message m = *said;

		m.files = files;
		m.file_count = count;
		if (!chat_post_message(c->w, &to[i], &m, err))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!store_upload_drop(c->w->engine->db, files[i].id, err))
			return false;
	return true;
}

static bool put_file(struct slack_call *c, int64_t id, struct err *err)
{
	struct file *shares;
	size_t count;

	if (!files_seen(c->w, c->me, id, &shares, &count, err) || !count)
		return false;
	write_file_shared(c->w, &c->out, shares, count);
	return true;
}

void slack_files_complete(struct slack_call *c)
{
	struct message said = {.user_id = c->me, .bot_id = c->x->user.bot_id, .kind = MESSAGE_FILES, .text = S(""), .body = S("")};
	struct channel *to = arena_alloc(c->w->arena, CHANNELS_AT_ONCE * sizeof *to);
	struct file *files = arena_alloc(c->w->arena, FILES_AT_ONCE * sizeof *files);
	struct err err = {0};
	size_t count, channels;

	if (!read_files(c, files, &count) || !read_channels(c, to, &channels) || !read_comment(c, &said))
		return;
	if (!(channels ? share(c, to, channels, &said, files, count, &err) : keep_alone(c, files, count, &err))) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "files");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		if (!put_file(c, files[i].id, &err) || !apps_hear_file(c->w, NULL, files[i].id, c->me, "file_created", &err)) {
			slack_failed(c, &err);
			return;
		}
	json_close(&c->out, ']');
}

/* ---- what there is ---- */

static bool arg_file(struct slack_call *c, struct file **shares, size_t *count)
{
	struct err err = {0};
	struct str text;
	int64_t id;

	if (!arg_need(c, "file", &text))
		return false;
	*count = 0;
	if (id_parse(text, "F", &id) && !files_seen(c->w, c->me, id, shares, count, &err)) {
		slack_failed(c, &err);
		return false;
	}
	if (!*count)
		slack_error(c, "file_not_found");
	return *count > 0;
}

void slack_files_info(struct slack_call *c)
{
	struct file *shares;
	size_t count;

	if (!arg_file(c, &shares, &count))
		return;
	json_key(&c->out, "file");
	write_file_shared(c->w, &c->out, shares, count);
	json_add_raw(&c->out, "comments", S("[]"));
	put_cursor(c, 0);
}

void slack_files_delete(struct slack_call *c)
{
	struct err err = {0};
	struct file *shares;
	size_t count;

	if (arg_file(c, &shares, &count) && !files_delete(c->w, c->me, shares[0].id, c->x->user.role == ROLE_ADMIN && c->x->caller.scope == SCOPE_ADMIN, &err))
		slack_failed(c, &err);
}

/* "images,pdfs": at most four patterns; a word that is not known finds nothing. */
static void read_types(struct str types, struct str out[4])
{
	static const struct {
		const char *word, *pattern;
	} known[] = {{"images", "image/%"}, {"pdfs", "application/pdf"}, {"zips", "application/%zip"}, {"snippets", "text/%"}, {"videos", "video/%"}, {"audio", "audio/%"}};
	struct str one;
	size_t n = 0;

	for (size_t i = 0; i < 4; i++)
		out[i] = S("");
	while (types.n && n < 4) {
		types = str_cut(types, ',', &one);
		if (str_is(str_trim(one), "all")) {
			out[0] = S("");
			return;
		}
		out[n] = S("none");
		for (size_t i = 0; i < COUNT_OF(known); i++)
			if (str_is(str_trim(one), known[i].word))
				out[n] = str_of(known[i].pattern);
		n++;
	}
}

static wall_ms arg_seconds(struct slack_call *c, const char *name)
{
	struct str whole;
	int64_t seconds;

	str_cut(arg(c, name), '.', &whole); /* a ts will do */
	return str_to_int(whole, &seconds) && seconds > 0 && seconds < INT64_MAX / SECOND ? seconds * SECOND : 0;
}

void slack_files_list(struct slack_call *c)
{
	struct engine *e = c->w->engine;
	struct file_filter f = {.workspace_id = e->workspace_id, .reader_id = c->me, .since = arg_seconds(c, "ts_from"), .until = arg_seconds(c, "ts_to")};
	struct pages p = arg_pages(c, 100, 1000);
	struct err err = {0};
	struct channel ch;
	struct user u;
	int64_t *ids;
	size_t count;

	read_types(arg(c, "types"), f.types);
	if ((arg(c, "channel").n && !arg_channel(c, "channel", false, &ch)) || (arg(c, "user").n && !arg_user(c, "user", &u)))
		return;
	f.channel_id = arg(c, "channel").n ? ch.id : 0;
	f.user_id = arg(c, "user").n ? u.id : 0;
	if (!store_file_seen(e->db, c->w->arena, &f, p.count, p.count * (p.page - 1), &ids, &count, &p.total, &err)) {
		slack_failed(c, &err);
		return;
	}
	json_key(&c->out, "files");
	json_open(&c->out, '[');
	for (size_t i = 0; i < count; i++)
		if (!put_file(c, ids[i], &err) && err.code) {
			slack_failed(c, &err);
			return;
		}
	json_close(&c->out, ']');
	put_paging(c, &p);
}
