#include "engine/mail.h"

#include "base/json.h"
#include "engine/audit.h"
#include "engine/engine_internal.h"
#include "net/mail_out.h"
#include "store/chat.h"
#include "store/journal.h"

#include <inttypes.h>

#define TRY_FOR DAY

/* One mail on its way; lies in its post's arena. */
struct outgoing {
	struct mail_server server;
	struct mail_message message;
	int64_t user_id;
};

static bool can_get_mail(struct work *w, struct arena *a, int64_t user_id, struct user *u, struct err *err)
{
	return store_user_find(w->engine->db, a, w->engine->workspace_id, user_id, u, err) && u->email.n && !u->bot_id && !u->deleted;
}

bool mail_put(struct work *w, int64_t user_id, struct str subject, struct str text, struct err *err)
{
	struct json_out o;
	struct buf b;
	struct user u;

	if (!w->engine->config.mail.url.n || !can_get_mail(w, w->arena, user_id, &u, err))
		return err->code == ERR_NONE;
	buf_init(&b, 8 * MAIL_OUT_TEXT_MOST);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_int(&o, "user", user_id);
	json_add_str(&o, "subject", str_clip(subject, MAIL_SUBJECT_MOST));
	json_add_str(&o, "text", str_clip(text, MAIL_OUT_TEXT_MOST));
	json_close(&o, '}');
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, user_id, engine_id(w), w->now, KIND_MAIL, buf_keep(w->arena, &b), err);
}

struct mail_message mail_begin(struct work *w, struct arena *a, struct str to, int64_t id)
{
	return (struct mail_message){.to = arena_dup(a, to),
				     .from_name = arena_dup(a, w->engine->workspace_name),
				     .id = arena_printf(a, "opsroom.%" PRId64 ".%" PRId64, w->engine->workspace_id, id),
				     .date = id_time(id)}; /* when it was decided: a repeat is the same to the byte */
}

bool mail_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct arena *a = &post->arena;
	const struct json *p = json_parse(a, post->payload, JSON_STRICT, &w->err);
	struct outgoing *out = arena_zero(a, sizeof *out);
	struct user u;

	out->user_id = json_get_int(p, "user", 0);
	if (!p || !can_get_mail(w, a, out->user_id, &u, &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return false; /* gone since, or without an address */
	}
	out->server = w->engine->config.mail; /* its texts live as long as the daemon */
	out->message = mail_begin(w, a, u.email, row->id);
	out->message.subject = json_get_str(p, "subject");
	out->message.text = json_get_str(p, "text");
	post->making = out;
	return true;
}

static void on_answer(void *context, const struct mail_answer *answer)
{
	struct chat_post *post = context;
	const struct outgoing *out = post->making;
	bool over = wall_now() > out->message.date + TRY_FOR;
	enum post_result result = answer->verdict == MAIL_DONE ? POST_DONE : answer->verdict == MAIL_RETRY && !over ? POST_RETRY : POST_REFUSED;

	chat_posted(post, result, 0, 0, arena_printf(&post->arena, "mail to " STR_FMT ": %s", STR_ARG(out->message.to), answer->words));
}

void mail_leave(struct chat_post *post)
{
	struct engine *e = post->engine;
	const struct outgoing *out = post->making;

	if (!e->mail)
		e->mail = mail_out_new(e->loop->uv);
	if (out->server.url.n)
		mail_out_send(e->mail, &out->server, &out->message, on_answer, post);
	else
		on_answer(post, &(struct mail_answer){.verdict = MAIL_REFUSED, .words = "there is no mail_server any more"});
}

void mail_not_told(struct work *w, const struct chat_post *post)
{
	const struct outgoing *out = post->making;
	struct err ignored = {0};
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "user", id_write(w->arena, 'U', out->user_id));
	json_add_str(&o, "subject", out->message.subject);
	json_add_str(&o, "why", post->why);
	json_close(&o, '}');
	(void)!audit_note(w, w->engine->workspace_id, 0, "mail.refused", "outbox", buf_keep(w->arena, &b), "failed", &ignored);
}

void mails_stop(struct engine *e)
{
	struct mail_out *o = e->mail;

	e->mail = NULL;
	mail_out_free(o);
}
