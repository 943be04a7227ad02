#include "api/mail.h"

#include "api/delivery_notes.h"
#include "api/handlers.h"
#include "api/pages.h"
#include "base/log.h"
#include "store/chat.h"

/* ---- is it a recipient? ---- */

struct recipient_item {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	struct api *api;
	smtp_id conn;
	struct str key, remote;
	bool known;
};

/* What asks for a signature or a token beside the key cannot be told by mail. */
static void recipient_run(struct work *w)
{
	struct recipient_item *item = (struct recipient_item *)w;
	struct engine *e = w->engine;
	struct source s = {.name = S("?"), .auth = S("")};

	item->known =
		store_source_by_key(e->db, w->arena, e->workspace_id, auth_hash(w->arena, item->key), &s, &w->err) &&
		!s.auth.n;
	w->failed = w->err.code != ERR_NONE;
	if (item->known || w->failed)
		return;
	engine_counters(e)->deliveries_refused++;
	log_warn(EV_DELIVERY_REFUSED, F_STR("source", s.name), F_STR("from", item->remote),
		 F_TXT("why", s.auth.n ? "this source asks for more than its key, which mail cannot have"
				       : "no source has the key that the mail is for"));
}

static void recipient_done(struct work *w)
{
	struct recipient_item *item = (struct recipient_item *)w;

	smtp_answer_recipient(item->api->smtp, item->conn,
			      w->failed     ? SMTP_LATER
			      : item->known ? SMTP_TAKEN
					    : SMTP_REFUSED);
	arena_done(&item->arena);
	mem_free(item);
}

void mail_on_recipient(void *context, smtp_id conn, struct str key, struct str remote)
{
	struct recipient_item *item = mem_new(sizeof *item);

	arena_init(&item->arena);
	item->api = context;
	item->conn = conn;
	item->key = arena_dup(&item->arena, key);
	item->remote = arena_dup(&item->arena, remote);
	item->work.arena = &item->arena;
	item->work.run = recipient_run;
	item->work.done = recipient_done;
	if (engine_submit(item->api->engine, &item->work))
		return;
	smtp_answer_recipient(item->api->smtp, conn, SMTP_LATER);
	arena_done(&item->arena);
	mem_free(item);
}

/* ---- a message ---- */

/* One after the other. If a later one fails, the sender sends all of it again: what was taken before is then a repeat. */
struct mail_item {
	struct api *api;
	smtp_id conn;
	struct arena arena;
	struct str *keys;
	unsigned count, next;
	struct str bytes, remote;
	bool secure;
};

static void mail_answer(struct mail_item *m, enum smtp_verdict v, struct str why)
{
	smtp_answer_message(m->api->smtp, m->conn, v, why);
	arena_done(&m->arena);
	mem_free(m);
}

/* The source says which tool reads it; from there on it is that tool's webhook. */
static void mail_hook(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str key = x->rest;
	struct source s;

	if (!store_source_by_key(e->db, x_arena(x), e->workspace_id, auth_hash(x_arena(x), key), &s, &x->err)) {
		if (!x->err.code)
			x_fail(x, ERR_NOT_FOUND, "there is no such recipient");
		return;
	}
	if (s.auth.n) { /* since the recipient was asked for */
		x_fail(x, ERR_NOT_FOUND, "there is no such recipient");
		return;
	}
	x->rest = arena_printf(x_arena(x), STR_FMT "/" STR_FMT, STR_ARG(s.tool), STR_ARG(key));
	x->request->path = arena_printf(x_arena(x), "/hooks/" STR_FMT, STR_ARG(x->rest)); /* as it is listed, and sent once more */
	hook_tool(x);
}

static void mail_next(struct mail_item *m);

static void mail_done(struct work *w)
{
	struct exchange *x = (struct exchange *)w;
	struct mail_item *m = x->context;
	struct err err = x->err.code ? x->err : w->err;

	if (w->err.code && !x->err.code && x->note.id)
		delivery_undone(x);
	exchange_free(x);
	if (!err.code)
		mail_next(m);
	else
		mail_answer(m,
			    hook_is_theirs(err.code) || err.code == ERR_NOT_FOUND || err.code == ERR_UNAUTHENTICATED
				    ? SMTP_REFUSED
				    : SMTP_LATER,
			    str_of(err.text));
}

static struct exchange *mail_exchange(struct mail_item *m, struct str key)
{
	static const struct http_route route = {
		.method = "POST", .path = "/hooks/", .arguments = "TOOL/KEY", .dialect = DIALECT_OURS, .who = WHO_KEY, .run = mail_hook};
	struct http_request *r = http_request_new();
	struct exchange *x = exchange_new(m->api, r, &route, key);

	r->method = S("POST");
	r->target = r->path = S("/hooks/");
	r->query = S("");
	r->body = m->bytes;
	r->headers = arena_zero(&r->arena, sizeof *r->headers);
	r->headers[r->header_count++] = (struct http_header){S("Content-Type"), S("message/rfc822")};
	r->remote = m->remote;
	r->secure = m->secure;
	r->came_us = mono_us();
	r->came = r->came_us / 1000;
	x->context = m;
	x->work.run = exchange_run;
	x->work.done = mail_done;
	return x;
}

static void mail_next(struct mail_item *m)
{
	struct exchange *x;

	if (m->next == m->count) {
		mail_answer(m, SMTP_TAKEN, S(""));
		return;
	}
	x = mail_exchange(m, m->keys[m->next++]);
	if (engine_submit(m->api->engine, &x->work))
		return;
	http_request_free(x->request);
	mail_answer(m, SMTP_LATER, S(""));
}

void mail_on_message(void *context, smtp_id conn, const struct smtp_mail *mail)
{
	struct mail_item *m = mem_new(sizeof *m);

	arena_init(&m->arena);
	m->api = context;
	m->conn = conn;
	m->bytes = arena_dup(&m->arena, mail->bytes);
	m->remote = arena_dup(&m->arena, mail->remote);
	m->secure = mail->secure;
	m->count = mail->to_count;
	m->keys = arena_alloc(&m->arena, m->count * sizeof *m->keys);
	for (unsigned i = 0; i < m->count; i++)
		m->keys[i] = arena_dup(&m->arena, mail->to[i]);
	mail_next(m);
}
