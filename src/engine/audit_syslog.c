#include "engine/audit_syslog.h"

#include "base/log.h"
#include "engine/engine_internal.h"
#include "net/syslog.h"
#include "store/audit.h"
#include "store/chat.h"

#define PAGE 200              /* records of a batch */
#define PAGE_BYTES (4 * MIB)
#define KEEP_EVERY (5 * SECOND)
#define RETRY_FIRST SECOND
#define RETRY_MOST MINUTE
#define CURSOR "audit_syslog" /* the setting: "RECORD CHECKPOINT" */

struct audit_syslog {
	struct engine *engine;
	struct syslog *to; /* NULL: nowhere */
	char *address;
	uv_timer_t retry;
	span_ms wait;          /* before the next try; 0: the last went well */
	bool reading, is_sending; /* an item, a batch is under way */
	uint64_t seen;         /* what was written when the last item was made */
	bool known;            /* `sent` was read */
	struct audit_cursor sent, kept, sending;
	mono_ms kept_at;
};

struct page {
	struct work work; /* first: the engine hands it back */
	struct arena arena;
	struct audit_syslog *a;
	const struct syslog *to; /* another one meanwhile: the page is dropped */
	bool known, keep;
	struct audit_cursor from, to_cursor;
	struct buf messages;
	struct vec ends;
};

/* ---- work thread ---- */

static struct audit_cursor cursor_parse(struct str text)
{
	struct audit_cursor c = {0};
	struct str id, no = str_cut(text, ' ', &id);

	if (!str_to_int(id, &c.id) || !str_to_int(no, &c.checkpoint))
		return (struct audit_cursor){0};
	return c;
}

static bool keep(struct work *w, struct audit_cursor c)
{
	return store_setting_put(w->engine->db, w->engine->workspace_id, CURSOR, arena_printf(w->arena, "%lld %lld", (long long)c.id, (long long)c.checkpoint), &w->err);
}

static bool on_line(void *context, const struct audit_record *r, const struct audit_checkpoint *c)
{
	struct page *p = context;
	struct buf line;

	buf_init(&line, 8 * AUDIT_LINE_MAX);
	if (r)
		audit_record_line(&line, r);
	else
		audit_checkpoint_line(&line, c);
	syslog_message(&p->messages, r && !str_is(r->result, "ok"), r ? r->at : c->at, r ? r->action : S("audit.checkpoint"), str_trim(buf_str(&line)));
	*(size_t *)vec_push(p->work.arena, &p->ends, sizeof(size_t)) = p->messages.n;
	buf_done(&line);
	return p->messages.n < PAGE_BYTES;
}

static void page_run(struct work *w)
{
	struct page *p = (struct page *)w;
	struct engine *e = w->engine;
	struct str text;

	if (!p->known && store_setting_get(e->db, w->arena, e->workspace_id, CURSOR, &text, &w->err))
		p->from = cursor_parse(text);
	else if (p->keep && !keep(w, p->from))
		err_clear(&w->err); /* it is kept later; what is sent twice meanwhile is no harm */
	p->to_cursor = p->from;
	buf_init(&p->messages, 64 * MIB);
	w->failed = w->err.code || !store_audit_walk(e->db, w->arena, e->workspace_id, &p->to_cursor, INT64_MAX, PAGE, on_line, p, &w->err);
}

/* ---- net thread ---- */

static void look(struct audit_syslog *a);

static void try_later(struct audit_syslog *a);

static void page_done(struct work *w)
{
	struct page *p = (struct page *)w;
	struct audit_syslog *a = p->a;
	bool good = !w->failed && a->to && a->to == p->to;

	if (!w->failed && p->keep) {
		a->kept = p->from;
		a->kept_at = mono_now();
	}
	if (!w->failed && !a->known) {
		a->known = true;
		a->sent = a->kept = p->from;
	}
	a->reading = false;
	if (good && p->ends.count) {
		a->is_sending = true;
		a->sending = p->to_cursor;
		syslog_send(a->to, &p->messages, p->ends.items, p->ends.count);
	} else {
		buf_done(&p->messages);
	}
	if (w->failed)
		try_later(a);
	else if (good && !p->ends.count)
		a->wait = 0;
	arena_done(&p->arena);
	mem_free(p);
	look(a);
}

static bool is_ahead(const struct audit_syslog *a)
{
	return a->sent.id != a->kept.id || a->sent.checkpoint != a->kept.checkpoint;
}

static void next_page(struct audit_syslog *a)
{
	struct page *p = mem_new(sizeof *p);

	arena_init(&p->arena);
	p->a = a;
	p->to = a->to;
	p->known = a->known;
	p->from = a->sent;
	p->keep = a->known && is_ahead(a) && mono_now() - a->kept_at >= KEEP_EVERY;
	p->work.arena = &p->arena;
	p->work.run = page_run;
	p->work.done = page_done;
	p->work.background = true;
	a->reading = true;
	(void)!engine_submit(a->engine, &p->work);
}

static uint64_t written(struct engine *e)
{
	struct engine_counts counts;

	engine_count(e, &counts);
	return counts.store.audits + counts.store.checkpoints + 1;
}

/* If there may be something new. */
static void look(struct audit_syslog *a)
{
	uint64_t now;

	if (!a->to || a->reading || a->is_sending || a->wait)
		return;
	now = written(a->engine);
	if (now == a->seen)
		return;
	a->seen = now;
	next_page(a);
}

static void on_retry(uv_timer_t *timer)
{
	struct audit_syslog *a = timer->data;

	if (a->to && !a->reading && !a->is_sending)
		next_page(a);
}

static void try_later(struct audit_syslog *a)
{
	a->wait = !a->wait ? RETRY_FIRST : a->wait * 2 > RETRY_MOST ? RETRY_MOST : a->wait * 2;
	uv_timer_start(&a->retry, on_retry, (uint64_t)a->wait, 0);
}

static void on_sent(void *context, const char *why)
{
	struct audit_syslog *a = context;

	a->is_sending = false;
	if (why) {
		if (!a->wait)
			log_warn(EV_AUDIT_SYSLOG, F_TXT("to", a->address), F_TXT("error", why));
		try_later(a);
		return;
	}
	if (a->wait)
		log_info(EV_AUDIT_SYSLOG, F_TXT("to", a->address));
	a->wait = 0;
	a->sent = a->sending;
	next_page(a); /* until there is nothing left */
}

void audit_syslog_look(struct engine *e)
{
	if (e->audit_syslog)
		look(e->audit_syslog);
}

void audit_syslog_use(struct engine *e, struct str address)
{
	struct audit_syslog *a = e->audit_syslog;

	if (!a && !address.n)
		return;
	if (!a) {
		a = e->audit_syslog = mem_new(sizeof *a);
		a->engine = e;
		uv_timer_init(e->loop->uv, &a->retry);
		a->retry.data = a;
		uv_unref((uv_handle_t *)&a->retry);
	}
	if (a->address && str_is(address, a->address))
		return;
	if (a->to) {
		syslog_free(a->to);
		a->to = NULL;
		a->is_sending = false; /* it went with it */
	}
	mem_free(a->address);
	a->address = mem_dup(address);
	a->to = address.n ? syslog_new(e->loop->uv, address, on_sent, a) : NULL;
	a->wait = 0;
	a->seen = 0;
	uv_timer_stop(&a->retry);
	look(a);
}

void audit_syslog_stop(struct engine *e)
{
	struct audit_syslog *a = e->audit_syslog;

	if (!a)
		return;
	syslog_free(a->to);
	a->to = NULL;
	uv_timer_stop(&a->retry);
	uv_close((uv_handle_t *)&a->retry, NULL);
}

static void keep_run(struct work *w, void *context)
{
	const struct audit_syslog *a = context;

	w->failed = !keep(w, a->sent);
}

void audit_syslog_keep(struct engine *e)
{
	struct audit_syslog *a = e->audit_syslog;
	struct err ignored = {0};

	if (!a)
		return;
	if (a->known && is_ahead(a) && !engine_run_once(e, keep_run, a, &ignored))
		log_debug(EV_AUDIT_SYSLOG, F_TXT("error", ignored.text));
}

void audit_syslog_free(struct engine *e)
{
	if (!e->audit_syslog)
		return;
	mem_free(e->audit_syslog->address);
	mem_free(e->audit_syslog);
}
